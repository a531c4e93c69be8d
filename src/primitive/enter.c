/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/enter.h"

#include "base/file.h"
#include "base/narration.h"
#include "engine/audit_facts.h"
#include "engine/identity.h"
#include "host/cgroup.h"
#include "host/namespace_kind.h"
#include "host/procfs.h"
#include "primitive/enter_pinned.h"
#include "primitive/launch.h"
#include "runtime/self.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_LIMIT (1u << 20)
#define ARGUMENTS_LIMIT (4u << 20)

static char *const shell[] = { (char *)"/bin/sh", NULL };

struct entry {
	const struct enter_request *request;
	struct subject subject;
	unsigned namespaces;     /* those of the request that are not ours already */
	int root_fd, cwd_fd;     /* of the process */
	bool changes_user;
	struct identity identity; /* as its user namespace has it */
	struct cgroup_set groups;
};

/* ---- our own executable ----------------------------------------------------------- */

int enter_begin(struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	char **argv = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '/proc/self/cmdline'");
	for (size_t at = 0, count = 0; at < text.length; at += strlen(text.data + at) + 1, count++) {
		if (count % 64 == 0) {
			char **longer = arena_alloc(arena, count + 65, sizeof *longer);

			if (count)
				memcpy(longer, argv, count * sizeof *longer);
			argv = longer;
		}
		argv[count] = text.data + at;
	}
	return argv ? self_reexec_sealed(argv, err) : 0;
}

/* ---- what the process is in --------------------------------------------------------- */

static int read_file(const struct entry *entry, const char *file, struct buf *out, struct error *err)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)entry->subject.pid, file);
	r = file_read_at(AT_FDCWD, path, FILE_LIMIT, out);
	return r < 0 ? error_errno(err, -r, "cannot read '%s'", path) : 0;
}

static int find_namespaces(struct entry *entry, struct error *err)
{
	unsigned wanted = entry->request->namespaces;

	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		const struct namespace_kind *kind = &namespace_kinds[i];
		struct stat theirs, ours;
		char path[64];

		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)entry->subject.pid, kind->file);
		if (wanted && !(wanted & kind->flag))
			continue;
		if (stat(path, &theirs) < 0)
			return error_errno(err, errno, "cannot look at '%s'", path);
		snprintf(path, sizeof path, "/proc/self/ns/%s", kind->file);
		if (stat(path, &ours) < 0 || ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
			entry->namespaces |= kind->flag;
	}
	return 0;
}

static int open_directory(const struct entry *entry, const char *name, int *ret, struct error *err)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)entry->subject.pid, name);
	*ret = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? error_errno(err, errno, "cannot open '%s'", path) : 0;
}

/* The control groups of the process, in each hierarchy. */
static int open_groups(struct entry *entry, struct error *err)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	_cleanup_buf_ struct buf mounts = BUF_INIT, membership = BUF_INIT;
	_cleanup_free_ struct cgroup_place *places = NULL;
	const struct cgroup_group *failed = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", 16 * FILE_LIMIT, &mounts);

	if (r < 0)
		return error_errno(err, -r, "cannot read '/proc/self/mountinfo'");
	r = read_file(entry, "cgroup", &membership, err);
	if (r < 0)
		return r;
	r = cgroup_world_parse(mounts.data, membership.data, "", &world);
	if (r < 0)
		return error_errno(err, -r, "cannot find the control groups of process %d", (int)entry->subject.pid);
	places = memory_new(world.count + 1, sizeof *places);
	for (size_t i = 0; i < world.count; i++)
		places[i] = (struct cgroup_place){ .mount = world.hierarchies[i].mount, .path = world.hierarchies[i].own_path };
	r = cgroup_set_open_in(&world, places, world.count, &entry->groups, err);
	if (r == 0) {
		r = cgroup_set_prepare_entry(&entry->groups, 0, &failed);
		/* Who may not arrange processes there stays where he is, as with nsenter(1). */
		if (r == -EACCES || r == -EPERM || r == -EROFS) {
			cgroup_set_done(&entry->groups);
			r = 0;
		} else if (r < 0) {
			_cleanup_free_ char *path = cgroup_file_path(failed, NULL);

			error_errno(err, -r, "cannot open the processes of '%s'", path);
		}
	}
	return r;
}

/* ---- who it is ---------------------------------------------------------------------- */

/* The number number INDEX of a line of the file "status". */
static bool find_id(const char *status, const char *name, unsigned index, uint32_t *ret)
{
	const char *found = procfs_status_field(status, name);
	char *end;

	if (!found)
		return false;
	for (unsigned i = 0; i <= index; i++) {
		unsigned long number;

		found += strspn(found, " \t");
		number = strtoul(found, &end, 10);
		if (end == found || number > UINT32_MAX)
			return false;
		found = end;
		*ret = (uint32_t)number;
	}
	return true;
}

/* What /proc shows as we call it becomes what the process calls it. */
static int translate(const struct entry *entry, const char *map_file, uint32_t *id, struct error *err)
{
	_cleanup_buf_ struct buf map = BUF_INIT;
	uint32_t inside;
	int r;

	if (!(entry->namespaces & CLONE_NEWUSER))
		return 0;
	r = read_file(entry, map_file, &map, err);
	if (r < 0)
		return r;
	inside = audit_facts_inside_id(map.data ? map.data : "", *id);
	if (inside == UINT32_MAX)
		return error_set(err, ERROR_CONFLICT, 0, "cannot become who process %d is: id %u is nobody in its user namespace", (int)entry->subject.pid, *id);
	*id = inside;
	return 0;
}

/* Of the line "Groups:", which has a blank behind each. */
static int find_groups(struct arena *arena, struct entry *entry, const char *status, struct error *err)
{
	struct identity *identity = &entry->identity;
	const char *at = procfs_status_field(status, "Groups");
	size_t blanks = 0;

	if (!at)
		return 0;
	for (const char *c = at; *c && *c != '\n'; c++)
		blanks += *c == ' ';
	identity->groups = arena_alloc(arena, blanks + 1, sizeof *identity->groups);
	while (identity->group_count <= blanks) {
		char *end;
		uint32_t gid;
		int r;

		at += strspn(at, " \t");
		gid = (uint32_t)strtoul(at, &end, 10);
		if (end == at || *at == '\n')
			break;
		at = end;
		r = translate(entry, "gid_map", &gid, err);
		if (r < 0)
			return r;
		identity->groups[identity->group_count++] = gid;
	}
	return 0;
}

static int find_user(struct arena *arena, struct entry *entry, struct error *err)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	struct identity *identity = &entry->identity;
	int r;

	if (entry->request->user)
		return identity_find(arena, entry->root_fd, entry->request->user, NULL, identity, err);
	r = read_file(entry, "status", &status, err);
	if (r < 0)
		return r;
	if (!find_id(status.data, "Uid", 1, &identity->uid) || !find_id(status.data, "Gid", 1, &identity->gid))
		return error_set(err, ERROR_INTERNAL, 0, "cannot tell whose process %d is", (int)entry->subject.pid);
	r = translate(entry, "uid_map", &identity->uid, err);
	if (r == 0)
		r = translate(entry, "gid_map", &identity->gid, err);
	return r < 0 ? r : find_groups(arena, entry, status.data, err);
}

/* ---- in between ------------------------------------------------------------------------ */

static int enter_groups(struct entry *entry, struct error *err)
{
	size_t failed = 0;
	int r = cgroup_set_enter(&entry->groups, &failed);

	/* As above. A group of cgroup2 that hands controllers down takes nobody: EBUSY. */
	if (r < 0 && r != -EACCES && r != -EPERM && r != -EBUSY) {
		_cleanup_free_ char *path = cgroup_file_path(&entry->groups.groups[failed], NULL);

		return error_errno(err, -r, "cannot enter '%s'", path);
	}
	return 0;
}

static int arrange(void *context, struct error *err)
{
	struct entry *entry = context;
	_cleanup_free_ char *text = namespace_flags_text(entry->namespaces);
	int r = enter_groups(entry, err);

	if (r < 0)
		return r;
	if (entry->namespaces && setns(entry->subject.pidfd, (int)entry->namespaces) < 0) {
		r = error_errno(err, errno, "cannot enter namespaces of process %d: setns(%s)", (int)entry->subject.pid, text);
		if (r == -EPERM)
			error_hint(err, "that takes CAP_SYS_ADMIN in the user namespace that owns them");
		return r;
	}
	if (entry->namespaces)
		narrate("setns(pidfd of %d, %s)", (int)entry->subject.pid, text);
	return 0;
}

/* ---- the child --------------------------------------------------------------------------- */

static int change_root(const struct entry *entry, struct error *err)
{
	if (!(entry->namespaces & CLONE_NEWNS) && entry->request->namespaces)
		return 0;
	if (fchdir(entry->root_fd) < 0 || chroot(".") < 0)
		return error_errno(err, errno, "cannot change to the root of process %d", (int)entry->subject.pid);
	narrate("fchdir(/proc/%d/root), chroot(\".\")", (int)entry->subject.pid);
	if (fchdir(entry->cwd_fd) < 0)
		return error_errno(err, errno, "cannot change to the working directory of process %d", (int)entry->subject.pid);
	narrate("fchdir(/proc/%d/cwd)", (int)entry->subject.pid);
	return 0;
}

static int prepare(void *context, struct error *err)
{
	struct entry *entry = context;
	int r = change_root(entry, err);

	return r < 0 || !entry->changes_user ? r : identity_assume(&entry->identity, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int gather(struct arena *arena, struct entry *entry, struct error *err)
{
	const struct enter_request *request = entry->request;
	int r = find_namespaces(entry, err);

	if (r == 0)
		r = open_directory(entry, "root", &entry->root_fd, err);
	if (r == 0)
		r = open_directory(entry, "cwd", &entry->cwd_fd, err);
	entry->changes_user = !request->namespaces || request->user || (entry->namespaces & CLONE_NEWUSER);
	if (r == 0 && entry->changes_user)
		r = find_user(arena, entry, err);
	if (r == 0 && (!request->namespaces || (request->namespaces & CLONE_NEWCGROUP)))
		r = open_groups(entry, err);
	if (r == 0 && !subject_lives(&entry->subject))
		r = error_set(err, ERROR_CONFLICT, 0, "process %d has ended", (int)entry->subject.pid);
	return r;
}

int enter_run(const struct enter_request *request, int *ret_status, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct entry entry = { .request = request, .subject = SUBJECT_INIT, .root_fd = -EBADF, .cwd_fd = -EBADF };
	const struct launch launch = { .flags = LAUNCH_CLOSES, .arrange = arrange, .prepare = prepare, .context = &entry,
		.args = request->args ? request->args : shell };
	int r;

	if (str_starts_with(request->subject, ENTER_PINNED))
		return enter_pinned_run(request, launch.args, ret_status, err);
	r = subject_open(arena, request->directories, request->subject, &entry.subject, err);
	if (r == 0)
		r = gather(arena, &entry, err);
	if (r == 0)
		r = launch_run(&launch, ret_status, err);
	close_and_forget(&entry.root_fd);
	close_and_forget(&entry.cwd_fd);
	cgroup_set_done(&entry.groups);
	subject_close(&entry.subject);
	return r;
}
