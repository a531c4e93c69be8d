/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's standard streams are ours for as long as it takes to clone it:
 * pipes are put on descriptors 0 to 2 before, and /dev/null after. With the log
 * driver "passthrough" they are ours throughout.
 */
#include "supervisor/life_start.h"
#include "base/file.h"
#include "base/timing.h"
#include "host/mapped_directory.h"
#include "host/overlay.h"
#include "host/procfs.h"
#include "host/pty.h"
#include "host/user_namespace.h"
#include "runtime/given_mount.h"
#include "runtime/run.h"
#include "supervisor/membership.h"

#include <fcntl.h>

struct given_mounts {
	struct create_mount *list;
	size_t count;
};

struct life_start {
	struct create_request request;
	struct plan plan;
	struct creation creation;
	/* What the request refers to, until the process is there. */
	struct arena *arena;
	const struct spec_network_plan *network;
	struct given_mounts mounts;
	int root_fd;
};

/* Our ends and the process's, of its standard streams. */
struct streams {
	int ours[3], theirs[3];
};

/* ---- streams ------------------------------------------------------------------------ */

static void streams_done(struct streams *streams)
{
	for (int i = 0; i < 3; i++) {
		close_and_forget(&streams->ours[i]);
		close_and_forget(&streams->theirs[i]);
	}
}

static bool passes_streams_through(const struct maker *maker)
{
	return str_equal(maker->what->log_driver, "passthrough");
}

static int make_streams(const struct maker *maker, struct streams *streams, struct error *err)
{
	for (int i = 0; i < 3; i++)
		streams->ours[i] = streams->theirs[i] = -EBADF;
	if (maker->what->terminal || passes_streams_through(maker))
		return 0;
	for (int i = maker->what->open_stdin ? 0 : 1; i < 3; i++) {
		int ends[2], mine = i == 0 ? 1 : 0;

		if (pipe2(ends, O_CLOEXEC) < 0) {
			int code = errno;

			streams_done(streams);
			return error_errno(err, code, "cannot make a pipe");
		}
		streams->ours[i] = ends[mine];
		streams->theirs[i] = ends[!mine];
	}
	return 0;
}

/* The process's streams onto ours; a stream that it has not got is /dev/null there already. */
static int put_on(const struct streams *streams, struct error *err)
{
	for (int i = 0; i < 3; i++)
		if (streams->theirs[i] >= 0 && dup2(streams->theirs[i], i) < 0)
			return error_errno(err, errno, "cannot set standard stream %d", i);
	return 0;
}

static void take_off(const struct maker *maker, const struct streams *streams)
{
	for (int i = 0; i < 3; i++)
		if (streams->theirs[i] >= 0)
			ignore_result(dup2(maker->null_fd, i)); /* cannot fail for descriptors that are open */
}

/* ---- the root --------------------------------------------------------------------------- */

static struct idmap_range *make_ranges(const struct spec_id_mapping *mappings, size_t count)
{
	struct idmap_range *ranges = memory_new(count, sizeof *ranges);

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct idmap_range){ .inside = mappings[i].container_id, .outside = mappings[i].host_id, .size = mappings[i].size };
	return ranges;
}

/* A mount serves one start: the next one mounts the layers anew. */
static int mount_root(const struct spec_supervision *what, int *ret_fd, struct error *err)
{
	_cleanup_free_ struct idmap_range *uids = make_ranges(what->uid_mappings, what->uid_mapping_count);
	_cleanup_free_ struct idmap_range *gids = make_ranges(what->gid_mappings, what->gid_mapping_count);
	struct idmap ids = { .uids = uids, .gids = gids, .uid_count = what->uid_mapping_count, .gid_count = what->gid_mapping_count };
	struct overlay overlay = {
		.lowers = what->lowers,
		.lower_count = strv_length(what->lowers),
		.writable = what->writable,
		.idmap = ids.uid_count && user_namespace_is_first() ? &ids : NULL,
		.has_user_marks = what->user_marks,
	};
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_host(&procfs);

	if (r < 0)
		return error_errno(err, -r, "cannot open '/proc'");
	return what->directory ? mapped_directory_open(procfs, what->directory, overlay.idmap, ret_fd, err) : overlay_mount(procfs, &overlay, ret_fd, NULL, err);
}

/* *RET_FD stays untouched if root.path of config.json is the root. */
static int open_root(struct maker *maker, int *ret_fd, struct error *err)
{
	const struct spec_supervision *what = maker->what;

	if (maker->root_fd >= 0) {
		*ret_fd = TAKE_FD(maker->root_fd);
		return 0;
	}
	if (what->directory || what->writable || (what->lowers && what->lowers[0]))
		return mount_root(what, ret_fd, err);
	return 0;
}

/* ---- further mounts -------------------------------------------------------------------------- */

static void given_mounts_done(struct given_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		close(mounts->list[i].fd);
	free(mounts->list);
	*mounts = (struct given_mounts){ NULL, 0 };
}

/* Those of a later start are what the document says by then: mounts come and go while the container runs. */
static int read_mounts(const struct maker *maker, struct arena *arena, const struct spec_supervision **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_supervision *what = NULL;
	int r;

	*ret = maker->what;
	if (!maker->was_started)
		return 0;
	r = file_read_regular_at(maker->bundle_fd, SPEC_SUPERVISION_DOCUMENT, SPEC_SUPERVISION_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read '" SPEC_SUPERVISION_DOCUMENT "'");
	r = spec_supervision_decode(arena, text.data, text.length, &what, err);
	if (r == 0)
		*ret = what;
	return r;
}

static int open_mounts(const struct maker *maker, struct arena *arena, struct given_mounts *ret, struct error *err)
{
	const struct spec_supervision *what = NULL;
	struct idmap ids = { .uids = NULL };
	int r = read_mounts(maker, arena, &what, err);

	if (r < 0)
		return r;
	ret->list = memory_new(what->mount_count + 1, sizeof *ret->list);
	ids.uids = make_ranges(what->uid_mappings, what->uid_mapping_count);
	ids.gids = make_ranges(what->gid_mappings, what->gid_mapping_count);
	ids.uid_count = what->uid_mapping_count;
	ids.gid_count = what->gid_mapping_count;
	for (; r == 0 && ret->count < what->mount_count; ret->count += r == 0) {
		struct create_mount *mount = &ret->list[ret->count];

		r = given_mount_open(&what->mounts[ret->count], ids.uid_count && user_namespace_is_first() ? &ids : NULL, what->user_marks, &mount->fd, err);
		mount->destination = what->mounts[ret->count].target;
	}
	free((void *)ids.uids);
	free((void *)ids.gids);
	return r;
}

/* ---- the process ------------------------------------------------------------------------------ */

static void keep_memory_group(struct maker *maker, const struct cgroup_set *groups)
{
	const struct cgroup_group *group = cgroup_set_find(groups, CGROUP_MEMORY);

	maker->memory = (struct cgroup_group){ .fd = -EBADF };
	if (!group || group->fd < 0)
		return;
	maker->memory.is_v2 = group->is_v2;
	maker->memory.controllers = group->controllers;
	maker->memory.fd = fcntl(group->fd, F_DUPFD_CLOEXEC, 3);
}

/* What is ours of the process that runs now, and what of it is the keeper's. */
static void take_over(struct maker *maker, struct streams *streams, int terminal, struct deed_answer *ret)
{
	struct creation *creation = &maker->start->creation;

	maker->first = creation->init.pid;
	maker->pidfd = TAKE_FD(creation->init.pidfd);
	keep_memory_group(maker, &creation->groups);
	*ret = (struct deed_answer){ .number = maker->first };
	if (terminal >= 0) {
		int slave = pty_open_peer(terminal); /* without: a moment without readers ends it */

		ret->fds[ret->count++] = terminal;
		if (slave >= 0)
			ret->fds[ret->count++] = slave;
	}
	for (int i = 0; i < 3; i++)
		if (streams->ours[i] >= 0)
			ret->fds[ret->count++] = TAKE_FD(streams->ours[i]);
}

/* ---- planning ---------------------------------------------------------------------------------- */

static void fill_request(struct maker *maker, struct life_start *start)
{
	bool has_namespaces = maker->namespaces.user_fd >= 0;

	start->request = (struct create_request){
		.id = maker->what->id,
		.bundle = maker->request->bundle,
		.flags = CREATE_SUPERVISED | (maker->request->has_groups && !maker->was_started ? CREATE_HAS_GROUPS : 0),
		.preserve_fds = maker->was_started ? 0 : maker->request->preserve_fds,
		.has_root = start->root_fd >= 0,
		.root_fd = start->root_fd,
		.mounts = start->mounts.list,
		.mount_count = start->mounts.count,
		.namespaces = has_namespaces ? &maker->namespaces : NULL,
		.prepare_network = start->network && !has_namespaces ? membership_attach : NULL,
		.network_context = (void *)start->network,
	};
}

static void release_parts(struct life_start *start)
{
	given_mounts_done(&start->mounts);
	arena_free(start->arena);
	start->arena = NULL;
	start->network = NULL;
}

/* Only looks, and opens. */
static int plan_start(struct maker *maker, struct life_start *start, struct error *err)
{
	int64_t since = timing_now();
	int r;

	*start = (struct life_start){ .arena = arena_new(), .root_fd = -EBADF };
	r = open_root(maker, &start->root_fd, err);
	if (r == 0)
		r = open_mounts(maker, start->arena, &start->mounts, err);
	timing_phase("open the mounts", since);
	since = timing_now();
	if (r == 0)
		r = membership_read(maker, start->arena, &start->network, err);
	if (r == 0) {
		fill_request(maker, start);
		r = plan_make(&maker->runtime, &start->request, &start->plan, err);
	}
	timing_phase("read and plan", since);
	if (r == 0)
		return 0;
	release_parts(start);
	if (maker->was_started)
		close_and_forget(&start->root_fd);
	else
		maker->root_fd = TAKE_FD(start->root_fd); /* it serves the next try */
	return r;
}

void life_start_plan(struct maker *maker)
{
	struct life_start *start = memory_new(1, sizeof *start);
	struct error err = ERROR_INIT;

	/* What fails fails again, for who asks for the start. */
	if (plan_start(maker, start, &err) == 0)
		maker->planned = TAKE_PTR(start);
	free(start);
}

static int take_plan(struct maker *maker, struct life_start **ret, struct error *err)
{
	_cleanup_free_ struct life_start *start = NULL;
	int r;

	if (maker->planned) {
		*ret = TAKE_PTR(maker->planned);
		return 0;
	}
	start = memory_new(1, sizeof *start);
	r = plan_start(maker, start, err);
	if (r == 0)
		*ret = TAKE_PTR(start);
	return r;
}

static void drop_plan(struct life_start *start)
{
	plan_done(&start->plan);
	release_parts(start);
	close_and_forget(&start->root_fd);
	free(start);
}

/* ---- starting ----------------------------------------------------------------------------------- */

int life_start_process(struct maker *maker, uint32_t width, uint32_t height, struct deed_answer *ret, struct error *err)
{
	const struct learner_request learns = { .profile = maker->what->learn, .bundle_fd = maker->bundle_fd, .null_fd = maker->null_fd };
	struct life_start *start = NULL;
	struct streams streams;
	int terminal = -EBADF, r = take_plan(maker, &start, err);

	if (r < 0)
		return r;
	start->request.console_width = width;
	start->request.console_height = height;
	plan_set_console_size(&start->plan);
	r = make_streams(maker, &streams, err);
	if (r < 0) {
		drop_plan(start);
		return r;
	}
	r = learner_start(&learns, &maker->learner, err);
	if (r == 0)
		r = put_on(&streams, err);
	if (r == 0)
		r = run_start(&maker->runtime, &start->plan, &start->creation, &terminal, err);
	take_off(maker, &streams);
	/* They serve one start: the next one has new ones. */
	close_and_forget(&maker->namespaces.user_fd);
	close_and_forget(&maker->namespaces.network_fd);
	if (r < 0)
		learner_drop(&maker->learner);
	if (r < 0 && start->network)
		membership_detach(maker);
	if (r < 0) {
		drop_plan(start);
	} else {
		start->request.namespaces = NULL;
		start->request.prepare_network = NULL; /* they were for this start alone */
		start->request.network_context = NULL;
		start->request.mounts = NULL;
		start->request.mount_count = 0;
		release_parts(start);
		maker->start = start;
		take_over(maker, &streams, terminal, ret);
		maker->mount_fd = TAKE_FD(start->root_fd);
	}
	streams_done(&streams);
	return r;
}

void life_start_forget(struct maker *maker)
{
	struct life_start *start = TAKE_PTR(maker->start);

	if (maker->planned)
		drop_plan(TAKE_PTR(maker->planned));
	if (!start)
		return;
	creation_done(&start->creation);
	plan_done(&start->plan);
	free(start);
}

void life_start_end(struct maker *maker)
{
	if (maker->start)
		creation_leave_groups(&maker->start->creation);
}

int life_start_remove(struct maker *maker, struct error *err)
{
	int r;

	if (!maker->start)
		return runtime_delete(&maker->runtime, maker->what->id, DELETE_FORCE, err);
	r = creation_remove(&maker->start->creation, err);
	life_start_forget(maker);
	return r;
}
