/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_members.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/container.h"
#include "engine/container_names.h"
#include "engine/network_resolver.h"
#include "net/journal.h"
#include "spec/supervision.h"

#include <fcntl.h>
#include <sys/file.h>

/* ---- those that run ------------------------------------------------------------------ */

/* Whether somebody holds the lock on PATH, or may: what he has would be taken from him. We have it, shared, for an instant. */
static bool is_locked(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? errno != ENOENT : flock(fd, LOCK_SH | LOCK_NB) < 0;
}

bool network_member_is_supervised(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = str_printf("%s/containers/%s/" SPEC_SUPERVISION_LOCK, directories->run_root, id);

	return is_locked(path);
}

bool network_member_is_alive(void *context, const char *id)
{
	const struct directories *directories = context;
	_cleanup_free_ char *record = str_printf("%s/containers/%s", directories->root, id);
	_cleanup_free_ char *prepared = str_printf("%s/containers/.new-%s", directories->root, id); /* seat.h */
	bool is_alive = false;

	if (network_resolver_owns(directories, id, &is_alive))
		return is_alive;
	return container_id_is_valid(id) && (network_member_is_supervised(directories, id) || is_locked(record) || is_locked(prepared));
}

struct visit {
	struct arena *arena;
	const struct directories *directories;
	network_members_each *each;
	void *context;
	struct error *err;
	int fd; /* RUN_ROOT/containers */
};

static int visit_entry(void *context, const char *name)
{
	struct visit *visit = context;
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;

	if (!container_id_is_valid(name))
		return 0;
	if (net_journal_read(visit->arena, visit->fd, name, &plan, &err) < 0) {
		/* Who takes away what nobody has is not to take it from one whose journal could not be read just now. */
		if (err.code > 0) {
			*visit->err = err;
			return -err.code;
		}
		log_warning("the container '%.12s': %s, ignoring", name, err.message);
		return 0;
	}
	if (!plan)
		return 0; /* it has no network, or is no more */
	if (!network_member_is_alive((void *)visit->directories, name))
		return 0;
	return visit->each(visit->context, name, plan, visit->err);
}

int network_members_visit(struct arena *arena, const struct directories *directories, network_members_each *each, void *context, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/containers", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct error said = ERROR_INIT;
	struct visit visit = { arena, directories, each, context, &said, fd };
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot open '%s'", path);
	r = file_each_name(fd, visit_entry, &visit);
	if (r < 0 && said.kind == ERROR_NONE)
		return error_errno(err, -r, "cannot read '%s'", path);
	if (r < 0 && err)
		*err = said;
	return r;
}

/* ---- all of them ------------------------------------------------------------------------- */

struct listing_users {
	struct arena *arena;
	struct network_users users;
	size_t capacity;
};

static void add_user(struct listing_users *listing, const struct network_user *user)
{
	struct network_users *users = &listing->users;

	if (users->count == listing->capacity) {
		struct network_user *larger = arena_alloc(listing->arena, listing->capacity * 2 + 16, sizeof *larger);

		if (users->count)
			memcpy(larger, users->list, users->count * sizeof *larger);
		users->list = larger;
		listing->capacity = listing->capacity * 2 + 16;
	}
	users->list[users->count++] = *user;
}

/* In the arena of the list: the record's is cleared behind it. */
static const char *keep(struct listing_users *listing, const char *text)
{
	return text ? arena_strdup(listing->arena, text) : NULL;
}

static int list_record(void *context, struct container_record *record, struct error *err _unused_)
{
	struct listing_users *listing = context;
	const struct spec_container *container = record->container;
	struct network_user user;

	for (size_t i = 0; i < container->host.endpoint_count; i++) {
		const struct spec_container_endpoint *endpoint = &container->host.endpoints[i];

		user = (struct network_user){ keep(listing, endpoint->network_id), keep(listing, endpoint->network), keep(listing, container->id),
					      keep(listing, container->name) };
		add_user(listing, &user);
	}
	return 0;
}

int network_users_list(struct arena *arena, const struct directories *directories, struct network_users *ret, struct error *err)
{
	struct listing_users listing = { .arena = arena };
	int r = container_record_visit_read(arena, directories, list_record, &listing, err);

	if (r == 0)
		*ret = listing.users;
	return r;
}

bool network_user_is_of(const struct network_user *user, const struct spec_network *network)
{
	return user->network_id ? str_equal(user->network_id, network->id) : str_equal(user->network, network->name);
}

const struct network_user *network_users_find(const struct network_users *users, const struct spec_network *network)
{
	for (size_t i = 0; i < users->count; i++)
		if (network_user_is_of(&users->list[i], network))
			return &users->list[i];
	return NULL;
}
