/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 2 and 4 of primitive/launch.h. */
#include "primitive/enter_pinned.h"

#include "base/narration.h"
#include "engine/identity.h"
#include "primitive/launch.h"
#include "primitive/pin.h"

#include <fcntl.h>
#include <sched.h>

struct entry {
	const struct enter_request *request;
	const char *shown; /* the subject */
	struct arena *arena;
	struct pinned pinned;
	unsigned namespaces; /* those to be entered */
};

static int enter_one(const struct entry *entry, size_t kind, struct error *err)
{
	int r;

	if (setns(entry->pinned.fds[kind], (int)namespace_kinds[kind].flag) == 0) {
		narrate("setns(%s, %s)", entry->shown, namespace_kinds[kind].flag_name);
		return 0;
	}
	r = error_errno(err, errno, "cannot enter the %s namespace of '%.200s'", namespace_kinds[kind].name, entry->shown);
	if (r == -EPERM)
		error_hint(err, "that takes CAP_SYS_ADMIN in the user namespace that owns it");
	else if (r == -EINVAL && namespace_kinds[kind].flag == CLONE_NEWUSER)
		error_hint(err, "nobody enters the user namespace that he is in");
	return r;
}

/* Their order is that in which one gives the right to the next. */
static int arrange(void *context, struct error *err)
{
	const struct entry *entry = context;
	int r = 0;

	for (size_t i = 0; r == 0 && i < NAMESPACE_KINDS; i++)
		if (entry->namespaces & namespace_kinds[i].flag)
			r = enter_one(entry, i, err);
	return r;
}

static int become(const struct entry *entry, struct error *err)
{
	struct identity identity = { 0 };
	struct error own = ERROR_INIT;
	int r = 0;

	if (entry->request->user) {
		_cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		r = root_fd < 0 ? error_errno(err, errno, "cannot open '/'") : identity_find(entry->arena, root_fd, entry->request->user, NULL, &identity, err);
		return r < 0 ? r : identity_assume(&identity, err);
	}
	if (entry->namespaces & CLONE_NEWUSER)
		r = identity_assume(&identity, &own);
	/* Nobody is root there: it stays who it is. */
	if (r == 0 || r == -EINVAL)
		return 0;
	if (err)
		*err = own;
	return r;
}

static int prepare(void *context, struct error *err)
{
	return become(context, err);
}

static int choose(struct entry *entry, struct error *err)
{
	unsigned missing;

	entry->namespaces = entry->request->namespaces ? entry->request->namespaces : entry->pinned.flags;
	missing = entry->namespaces & ~entry->pinned.flags;
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (missing & namespace_kinds[i].flag)
			return error_set(err, ERROR_NOT_FOUND, 0, "'%.200s' has no %s namespace", entry->shown, namespace_kinds[i].name);
	return 0;
}

int enter_pinned_run(const struct enter_request *request, char *const *args, int *ret_status, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct entry entry = { .request = request, .shown = request->subject + strlen(ENTER_PINNED), .arena = arena };
	const struct launch launch = { .flags = LAUNCH_CLOSES, .arrange = arrange, .prepare = prepare, .context = &entry, .args = args };
	int r = pinned_open(request->directories, entry.shown, &entry.pinned, err);

	if (r == 0)
		r = choose(&entry, err);
	if (r == 0)
		r = launch_run(&launch, ret_status, err);
	pinned_done(&entry.pinned);
	return r;
}
