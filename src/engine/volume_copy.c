/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a volume elsewhere: in an archive, which bivy-transfer, confined,
 * makes or reads; or in another volume.
 */
#include "base/log.h"
#include "engine/containers.h"
#include "engine/transfer.h"
#include "engine/volume_backing.h"
#include "engine/volume_record.h"
#include "engine/volumes.h"
#include "runtime/copy_up.h"

#include <fcntl.h>
#include <time.h>

/* ---- what is opened ----------------------------------------------------------------------- */

/* The volume, locked, and its files. */
struct files {
	struct volume_record record;
	int data_fd;
};

#define FILES_INIT ((struct files){ .record = { .fd = -EBADF }, .data_fd = -EBADF })

static int open_files(struct arena *arena, const struct directories *directories, const char *name, struct files *ret, struct error *err)
{
	int r = volume_record_open(arena, directories, name, &ret->record, err);
	const char *path;

	if (r == 0)
		r = volume_record_lock(&ret->record, err);
	if (r < 0)
		return r;
	r = volume_backing_open(ret->record.fd, ret->record.volume, err);
	if (r < 0)
		return error_wrap(err, "cannot use the volume '%s'", name);
	path = volume_backing_path(arena, ret->record.path, ret->record.volume);
	ret->data_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->data_fd < 0 ? error_errno(err, errno, "cannot open '%s'", path) : 0;
}

static void close_files(struct files *files)
{
	struct error told = ERROR_INIT;

	close_and_forget(&files->data_fd);
	if (files->record.fd >= 0 && files->record.volume && volume_record_release(&files->record, NULL, &told) < 0)
		log_warning("%s, ignoring", told.message);
	volume_record_close(&files->record);
}

/* ---- archives ------------------------------------------------------------------------------- */

int volume_export(const struct directories *directories, const char *name, const char *output, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(close_files) struct files files = FILES_INIT;
	const char *text = NULL, *arguments[4] = { "export-root" };
	int r = open_files(arena, directories, name, &files, err);

	if (r < 0)
		return r;
	arguments[1] = arena_printf(arena, "--root-fd=%d", files.data_fd);
	arguments[2] = output ? arena_printf(arena, "--output=%s", output) : NULL;
	return transfer_run(arena, &(struct transfer_request){ .directories = directories, .arguments = arguments, .gives_output = !output,
		.fds = &files.data_fd, .fd_count = 1 }, &text, err);
}

static int receive(struct arena *arena, const struct directories *directories, const struct files *files, struct error *err)
{
	const char *root = arena_printf(arena, "--root-fd=%d", files->data_fd);
	const char *const arguments[] = { "copy-files", root, "--path=/", "--to-container", "--archive", "--", "-", NULL };
	struct spec_transfer_report report = { .images = NULL };

	return transfer_run_for_report(arena, &(struct transfer_request){ .directories = directories, .arguments = arguments, .fds = &files->data_fd,
		.fd_count = 1 }, &report, err);
}

/* It is the standard input of who reads it. */
static int put_on_input(const char *input, int *ret_before, struct error *err)
{
	_cleanup_close_ int fd = open(input, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s'", input);
	*ret_before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return dup2(fd, STDIN_FILENO) < 0 ? error_errno(err, errno, "cannot read '%s'", input) : 0;
}

int volume_import(const struct directories *directories, const char *name, const char *input, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_(close_files) struct files files = FILES_INIT;
	_cleanup_close_ int before = -EBADF;
	int r = open_files(arena, directories, name, &files, err);

	if (r == 0 && volume_backing_is_read_only(files.record.volume))
		r = error_set(err, ERROR_CONFLICT, 0, "cannot write to the volume '%s': it is read-only", name);
	if (r == 0 && !str_equal(input, "-"))
		r = put_on_input(input, &before, err);
	if (r == 0)
		r = receive(arena, directories, &files, err);
	if (before >= 0)
		ignore_result(dup2(before, STDIN_FILENO)); /* cannot fail for descriptors that are open */
	return r;
}

/* ---- copies ----------------------------------------------------------------------------------- */

/* Containers that were paused, to go on in the end. */
struct pausing {
	struct arena *arena;
	const struct directories *directories;
	const char *volume;
	struct paused {
		const char *id;
		struct paused *next;
	} *paused;
};

static bool has_volume(const struct spec_container *container, const char *name)
{
	for (size_t i = 0; i < container->host.mount_count; i++)
		if (container->host.mounts[i].kind == SPEC_MOUNT_VOLUME && str_equal(container->host.mounts[i].source, name))
			return true;
	return false;
}

static int pause_one(void *context, struct container_record *record, struct error *err)
{
	struct pausing *pausing = context;
	struct paused *paused;
	struct error told = ERROR_INIT;

	if (!record->is_supervised || record->state->status != SPEC_CONTAINER_RUNNING || !has_volume(record->container, pausing->volume))
		return 0;
	if (container_pause(pausing->directories, record->container->id, &told) < 0) {
		/* It ended, or somebody else has paused it. */
		if (told.kind == ERROR_CONFLICT || told.kind == ERROR_NOT_FOUND)
			return 0;
		if (err)
			*err = told;
		return -EINVAL;
	}
	paused = arena_alloc(pausing->arena, 1, sizeof *paused);
	*paused = (struct paused){ arena_strdup(pausing->arena, record->container->id), pausing->paused };
	pausing->paused = paused;
	return 0;
}

static void go_on(struct pausing *pausing)
{
	for (struct paused *paused = pausing->paused; paused; paused = paused->next) {
		struct error told = ERROR_INIT;

		if (container_unpause(pausing->directories, paused->id, &told) < 0 && told.kind != ERROR_NOT_FOUND && told.kind != ERROR_CONFLICT)
			log_warning("%s, ignoring", told.message);
	}
	pausing->paused = NULL;
}

static int fill_copy(void *context, int data_fd, struct error *err)
{
	const struct files *files = context;

	return copy_up(files->data_fd, data_fd, COPY_UP_UID | COPY_UP_GID | COPY_UP_MODE, err);
}

static char *make_name(struct arena *arena, const char *source)
{
	struct tm tm;
	time_t now = time(NULL);

	gmtime_r(&now, &tm);
	return arena_printf(arena, "%.180s-%04d%02d%02d-%02d%02d%02d", source, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
}

/* Of what a copy lies on, only the limit is the source's: what was bound or mounted is not there twice. */
static struct spec_volume describe_copy(struct arena *arena, const struct spec_volume *source, const char *name, unsigned flags)
{
	struct spec_volume volume = *source;

	volume.name = (char *)name;
	volume.origin = source->name;
	volume.anonymous = false;
	volume.read_only = flags & VOLUME_COPY_READ_ONLY;
	volume.has_image = false;
	volume.project = 0;
	volume.options = NULL;
	volume.option_count = 0;
	if (spec_volume_option(source, "type") || spec_volume_option(source, "device"))
		volume.size = 0;
	if (!volume.size)
		return volume;
	volume.options = arena_alloc(arena, 1, sizeof *volume.options);
	volume.options[0] = (struct spec_pair){ (char *)"size", arena_printf(arena, "%llu", (unsigned long long)volume.size) };
	volume.option_count = 1;
	return volume;
}

static int copy(struct arena *arena, const struct directories *directories, struct files *files, const struct spec_volume *volume, struct error *err)
{
	bool made = false;
	int r = volume_record_make(arena, directories, volume, fill_copy, files, &made, err);

	if (r == 0 && !made)
		r = error_set(err, ERROR_CONFLICT, 0, "cannot make the volume '%s': there is one of that name", volume->name);
	return r;
}

int volume_copy(struct arena *arena, const struct directories *directories, const char *source, const char *target, unsigned flags,
	const char **ret_name, struct error *err)
{
	_cleanup_(close_files) struct files files = FILES_INIT;
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct pausing pausing = { .arena = arena, .directories = directories, .volume = source };
	const char *name = target ? target : make_name(arena, source);
	struct spec_volume volume;
	int r = volume_check_name(name, err);

	if (r == 0)
		r = open_files(arena, directories, source, &files, err);
	if (r < 0)
		return r;
	volume = describe_copy(arena, files.record.volume, name, flags);
	if (!(flags & VOLUME_COPY_NO_PAUSE))
		r = container_record_visit(scratch, directories, pause_one, &pausing, err);
	if (r == 0)
		r = copy(arena, directories, &files, &volume, err);
	go_on(&pausing);
	if (r == 0)
		*ret_name = name;
	return r;
}
