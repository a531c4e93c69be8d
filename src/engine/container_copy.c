/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp: bivy-transfer copies, with the container's root and user namespace handed
 * to it open. Of a running container it is the root that its processes see, with
 * all that is mounted there; of another one that on the disk, and what lies
 * in a volume or bound directory is looked for at its source.
 */
#include "engine/bundle.h"
#include "engine/container_event.h"
#include "engine/container_files.h"
#include "engine/container_root.h"
#include "engine/transfer.h"
#include "engine/volume_backing.h"
#include "engine/volume_record.h"
#include "host/beneath.h"
#include "host/pidfd.h"
#include "host/syscalls.h"
#include "runtime/container.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

struct place {
	int root_fd, userns_fd; /* -EBADF: it has none of its own */
	const char *path;       /* beneath the root */
};

static void place_done(struct place *place)
{
	close_and_forget(&place->root_fd);
	close_and_forget(&place->userns_fd);
}

/* ---- running --------------------------------------------------------------------------- */

/* A pidfd of the first process: its number alone might be somebody else's by now. */
static int open_process(const struct container_record *record, int *ret_pidfd, struct error *err)
{
	const struct runtime runtime = { .root = arena_printf(record->arena, "%s/runtime", record->directories->run_root) };
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int r = container_load(&runtime, record->container->id, &container, err);

	if (r < 0)
		return r;
	*ret_pidfd = pidfd_open_same((pid_t)record->state->pid, container.state->init_start);
	return *ret_pidfd < 0 ? error_set(err, ERROR_CONFLICT, 0, "container '%s' has just ended", record->container->name) : 0;
}

static int open_process_file(const struct container_record *record, const char *file, int flags, int *ret_fd, struct error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/%s", record->state->pid, file);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s' of container '%s'", path, record->container->name);
	*ret_fd = fd;
	return 0;
}

static bool is_own_namespace(int fd)
{
	struct stat ours, theirs;

	return stat("/proc/self/ns/user", &ours) == 0 && fstat(fd, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static int open_live(const struct container_record *record, struct place *place, struct error *err)
{
	_cleanup_close_ int pidfd = -EBADF;
	int r = open_process(record, &pidfd, err);

	if (r == 0)
		r = open_process_file(record, "root", O_PATH | O_DIRECTORY, &place->root_fd, err);
	if (r == 0)
		r = open_process_file(record, "ns/user", O_RDONLY, &place->userns_fd, err);
	if (r < 0)
		return r;
	if (is_own_namespace(place->userns_fd))
		close_and_forget(&place->userns_fd);
	if (sys_pidfd_send_signal(pidfd, 0) < 0)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' has just ended", record->container->name);
	return 0;
}

/* ---- not running -------------------------------------------------------------------------- */

/* What of PATH is behind TARGET, "/x" or "", if that is it or a directory above it; else NULL. */
static const char *path_behind(const char *path, const char *target)
{
	size_t length = strlen(target);

	return strncmp(path, target, length) == 0 && (path[length] == '/' || !path[length]) ? path + length : NULL;
}

static const struct spec_container_mount *find_mount(const struct container_record *record, const char *path, const char **ret_rest)
{
	const struct spec_host_config *host = &record->container->host;
	const struct spec_container_mount *found = NULL;

	for (size_t i = 0; i < host->mount_count; i++) {
		const char *rest = path_behind(path, host->mounts[i].target);

		if (!rest || (found && strlen(found->target) >= strlen(host->mounts[i].target)))
			continue;
		found = &host->mounts[i];
		*ret_rest = rest;
	}
	return found;
}

/* What is mounted for it stays so until the container is removed. */
static int open_volume(const struct container_record *record, const struct spec_container_mount *mount, struct volume_record *volume, const char **ret,
	struct error *err)
{
	int r = volume_record_open(record->arena, record->directories, mount->source, volume, err);

	if (r == 0)
		r = volume_record_lock(volume, err);
	if (r < 0)
		return r;
	*ret = volume_backing_path(record->arena, volume->path, volume->volume);
	r = volume_backing_open(volume->fd, volume->volume, err);
	return r < 0 ? error_wrap(err, "cannot use the volume '%s'", mount->source) : 0;
}

/* A subpath that is a file is not looked into. */
static int open_subpath(const char *source, const struct spec_container_mount *mount, struct place *place, struct error *err)
{
	_cleanup_close_ int fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : beneath_open(fd, mount->subpath, O_PATH | O_DIRECTORY, 0, &place->root_fd);

	return r < 0 ? error_errno(err, -r, "cannot open '%s' of '%s', which is mounted on '%s'", mount->subpath, mount->source, mount->target) : 0;
}

/* A mount of a file is a place in the directory that the file lies in. */
static int open_source(const struct container_record *record, const struct spec_container_mount *mount, struct place *place, struct error *err)
{
	_cleanup_volume_record_ struct volume_record volume = VOLUME_RECORD_INIT;
	const char *source = mount->source;
	struct stat st;
	int r = 0;

	if (mount->kind == SPEC_MOUNT_TMPFS || mount->kind == SPEC_MOUNT_IMAGE || mount->overlay || !mount->source)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running: what is in '%s' is %s only while it runs", record->container->name,
			mount->target, mount->kind == SPEC_MOUNT_TMPFS ? "in memory" : "there");
	if (mount->kind == SPEC_MOUNT_VOLUME)
		r = open_volume(record, mount, &volume, &source, err);
	if (r < 0)
		return r;
	if (mount->subpath)
		return open_subpath(source, mount, place, err);
	if (stat(source, &st) == 0 && !S_ISDIR(st.st_mode)) {
		const char *slash = strrchr(source, '/');

		place->path = arena_strdup(record->arena, slash + 1);
		source = arena_strndup(record->arena, source, (size_t)(slash - source) + (slash == source));
	}
	place->root_fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return place->root_fd < 0 ? error_errno(err, errno, "cannot open '%s', which is mounted on '%s'", source, mount->target) : 0;
}

static int open_on_disk(struct container_record *record, struct place *place, struct error *err)
{
	const char *rest = NULL;
	const struct spec_container_mount *mount = find_mount(record, place->path, &rest);

	if (!mount)
		return bundle_mount_root(record, &place->root_fd, err);
	place->path = *rest ? rest : "/";
	return open_source(record, mount, place, err);
}

/* ---------------------------------------------------------------------------------------------- */

/* Whoever is not running must not be started meanwhile: its upper directory serves one mount. */
static int open_place(struct container_record *record, struct place *place, struct error *err)
{
	int r;

	if (container_root_is_live(record))
		return open_live(record, place, err);
	r = container_record_lock(record, err);
	if (r < 0)
		return r;
	if (!container_root_is_live(record))
		return open_on_disk(record, place, err);
	container_record_unlock(record);
	return open_live(record, place, err);
}

/* What bivy-transfer is handed. */
struct hand {
	struct arena *arena;
	const char *arguments[16];
	size_t count;
	int fds[4];
	size_t fd_count;
};

static void hand_over(struct hand *hand, const char *option, int fd)
{
	if (fd < 0)
		return;
	hand->arguments[hand->count++] = arena_printf(hand->arena, "%s=%d", option, fd);
	hand->fds[hand->fd_count++] = fd;
}

static int run(const struct container_copy_request *request, struct arena *arena, const struct place *place, const struct place *other,
	struct spec_transfer_report *ret, struct error *err)
{
	struct hand hand = { .arena = arena, .arguments = { "copy-files", arena_printf(arena, "--path=%s", place->path) }, .count = 2 };
	const char **arguments = hand.arguments, *text = NULL;
	bool is_output = !request->to_container && !request->other && str_equal(request->local, "-");
	struct transfer_request transfer = { .directories = request->directories, .arguments = arguments, .fds = hand.fds, .gives_output = is_output };
	size_t count;

	hand_over(&hand, "--root-fd", place->root_fd);
	hand_over(&hand, "--userns-fd", place->userns_fd);
	hand_over(&hand, "--other-root-fd", other->root_fd);
	hand_over(&hand, "--other-userns-fd", other->userns_fd);
	transfer.fd_count = hand.fd_count;
	count = hand.count;
	if (request->to_container)
		arguments[count++] = "--to-container";
	if (request->archive)
		arguments[count++] = "--archive";
	if (request->follow)
		arguments[count++] = "--follow-link";
	if (request->overwrite_other_kind)
		arguments[count++] = "--overwrite";
	arguments[count++] = "--";
	arguments[count++] = other->path;
	*ret = (struct spec_transfer_report){ .images = NULL };
	return is_output ? transfer_run(arena, &transfer, &text, err) : transfer_run_for_report(arena, &transfer, ret, err);
}

/* A container and the place in it. */
struct party {
	struct container_record record;
	struct place place;
};

#define PARTY_INIT ((struct party){ .record = { .fd = -EBADF }, .place = { .root_fd = -EBADF, .userns_fd = -EBADF } })

static void party_done(struct party *party)
{
	place_done(&party->place);
	container_record_close(&party->record);
}

static int find_party(const struct container_copy_request *request, struct arena *arena, const char *container, const char *path, struct party *party,
	struct error *err)
{
	party->place.path = path[0] == '/' ? path : arena_printf(arena, "/%s", path);
	return container_record_open(arena, request->directories, container, &party->record, err);
}

/* Locks are taken in the order of ids (container.h, invariant 2). One that does not run has one root, which serves one mount. */
static int open_both(struct party *party, struct party *other, struct error *err)
{
	int order = strcmp(party->record.container->id, other->record.container->id);
	struct party *first = order < 0 ? party : other, *second = order < 0 ? other : party;
	int r;

	if (order == 0 && !container_root_is_live(&party->record)) {
		error_set(err, ERROR_CONFLICT, 0, "cannot copy within the container '%s': it is not running", party->record.container->name);
		error_hint(err, "start it, or copy by way of the host");
		return -EBUSY;
	}
	r = open_place(&first->record, &first->place, err);
	return r < 0 ? r : open_place(&second->record, &second->place, err);
}

/* In docker's words: files were read, and written. */
static void note_copy(const struct container_copy_request *request, const struct party *party, const struct party *other)
{
	const struct spec_container *reader = request->other ? other->record.container : request->to_container ? NULL : party->record.container;
	const struct spec_container *writer = request->other || request->to_container ? party->record.container : NULL;

	if (reader)
		container_event_add(request->directories, reader, "archive-path", NULL, 0);
	if (writer)
		container_event_add(request->directories, writer, "extract-to-dir", NULL, 0);
}

int container_copy(const struct container_copy_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(party_done) struct party party = PARTY_INIT, other = PARTY_INIT;
	struct spec_transfer_report report;
	int r = find_party(request, arena, request->container, request->path, &party, err);

	other.place.path = request->local;
	if (r == 0 && request->other)
		r = find_party(request, arena, request->other, request->local, &other, err);
	if (r < 0)
		return r;
	r = request->other ? open_both(&party, &other, err) : open_place(&party.record, &party.place, err);
	if (r == 0)
		r = run(request, arena, &party.place, &other.place, &report, err);
	if (r < 0)
		return r;
	note_copy(request, &party, &other);
	if (request->ret_bytes)
		*request->ret_bytes = report.image.size;
	return 0;
}

/* ---- a look at a place --------------------------------------------------------------------------- */

/* Where a link in DIRECTORY leads, from the root. */
static const char *absolute(struct arena *arena, const char *directory, const char *target)
{
	if (target[0] == '/')
		return arena_strdup(arena, target);
	return arena_printf(arena, "%s/%s", str_equal(directory, "/") ? "" : directory, target);
}

/* PATH in its directory and its last component; of "/" and what ends in a dot or slash the latter is ".". */
static void split_path(struct arena *arena, const char *path, const char **ret_directory, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash[1] ? slash + 1 : ".";
	*ret_directory = slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
	if (str_equal(*ret_name, "..")) {
		*ret_directory = path;
		*ret_name = ".";
	}
}

static int stat_place(struct arena *arena, const struct place *place, struct container_path_stat *ret)
{
	const char *directory, *name;
	_cleanup_close_ int fd = -EBADF;
	char target[PATH_MAX];
	ssize_t length;
	struct stat st;
	int r;

	split_path(arena, place->path, &directory, &name);
	r = beneath_open(place->root_fd, directory, O_PATH | O_DIRECTORY, 0, &fd);
	if (r < 0)
		return r;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret = (struct container_path_stat){ .size = (uint64_t)st.st_size, .mode = st.st_mode, .mtime_s = st.st_mtim.tv_sec,
		.mtime_ns = (uint32_t)st.st_mtim.tv_nsec, .link_target = "" };
	if (!S_ISLNK(st.st_mode))
		return 0;
	length = readlinkat(fd, name, target, sizeof target - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	ret->link_target = absolute(arena, directory, target);
	return 0;
}

/* "/a/b/" and "/a/b/." are called b. */
static const char *last_component(struct arena *arena, const char *path)
{
	char *copy = arena_strdup(arena, path), *slash;
	size_t length = strlen(copy);

	while (length > 1 && (copy[length - 1] == '/' || (copy[length - 1] == '.' && copy[length - 2] == '/')))
		copy[--length] = '\0';
	slash = strrchr(copy, '/');
	return slash && slash[1] ? slash + 1 : "/";
}

int container_stat(struct arena *arena, const struct directories *directories, const char *container, const char *path, struct container_path_stat *ret,
	struct error *err)
{
	const struct container_copy_request request = { .directories = directories };
	_cleanup_(party_done) struct party party = PARTY_INIT;
	int r = find_party(&request, arena, container, path, &party, err);

	if (r == 0)
		r = open_place(&party.record, &party.place, err);
	if (r < 0)
		return r;
	r = stat_place(arena, &party.place, ret);
	if (r == -ENOENT || r == -ENOTDIR)
		return error_set(err, ERROR_NOT_FOUND, 0, "Could not find the file %.300s in container %.100s", path, container);
	if (r < 0)
		return error_errno(err, -r, "cannot look at '%.300s' in container '%s'", path, party.record.container->name);
	ret->name = last_component(arena, path);
	return 0;
}
