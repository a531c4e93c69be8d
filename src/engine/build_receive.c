/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_receive.h"
#include "base/file.h"
#include "engine/client_session.h"
#include "host/beneath.h"
#include "spec/file_packet.h"

#include <fcntl.h>
#include <sys/stat.h>

/* So few that asking never waits for an answer: the client does not read while it is not read from. */
#define ASKED_LIMIT 64
#define FILE_LIMIT (4u << 20)     /* of one context */
#define PATH_BYTES_LIMIT (1u << 30)
#define TELL_BYTES (1u << 20)
#define NS_PER_S 1000000000
#define PERMISSIONS 07777

struct file {
	char *path, *link;
	mode_t mode;
	int64_t time_ns;
	uint32_t id;
};

struct files {
	struct file *list;
	size_t count, capacity;
};

struct receiver {
	const struct build_receive *request;
	struct arena *arena;
	uint32_t next_id;    /* of the next STAT */
	size_t path_bytes;
	uint64_t bytes, told;
	struct files wanted; /* whose bytes are to be asked for, .first of them have been */
	size_t first;
	struct files links, directories;
	struct {
		int fd; /* -EBADF: free */
		const struct file *file;
	} asked[ASKED_LIMIT];
	size_t asked_count;
	bool all_told;       /* there are no more files */
};

static void add(struct files *files, const struct file *file)
{
	if (files->count == files->capacity) {
		files->capacity = files->capacity ? 2 * files->capacity : 64;
		files->list = memory_resize(files->list, files->capacity, sizeof *files->list);
	}
	files->list[files->count++] = *file;
}

static int fail(int r, const char *path, struct error *err)
{
	return error_errno(err, -r, "cannot make '%.500s' of the context", path);
}

/* The directory that PATH is in, which has come before. */
static int open_parent(const struct receiver *receiver, const char *path, int *ret, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? str_printf("%.*s", (int)(slash - path), path) : NULL;

	*ret_name = slash ? slash + 1 : path;
	return beneath_open(receiver->request->directory_fd, parent ? parent : "", O_PATH | O_DIRECTORY, BENEATH_NO_SYMLINKS, ret);
}

static void set_times(int fd, const char *name, int64_t time_ns)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time_ns / NS_PER_S, .tv_nsec = time_ns % NS_PER_S } };

	if (time_ns >= 0)
		ignore_result(utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW)); /* no digest has it */
}

/* ---- one file -------------------------------------------------------------------------------- */

/* What needs no bytes. */
static int make_other(struct receiver *receiver, const struct file *file)
{
	_cleanup_close_ int parent_fd = -EBADF;
	const char *name;
	int r = open_parent(receiver, file->path, &parent_fd, &name);

	if (r < 0)
		return r;
	if (S_ISDIR(file->mode)) {
		/* Its mode comes last: it may let nobody write. */
		if (mkdirat(parent_fd, name, 0700) < 0)
			return -errno;
		add(&receiver->directories, file);
		return 0;
	}
	if (S_ISLNK(file->mode))
		r = symlinkat(file->link, parent_fd, name);
	else
		r = mkfifoat(parent_fd, name, file->mode & PERMISSIONS);
	if (r < 0)
		return -errno;
	set_times(parent_fd, name, file->time_ns);
	return 0;
}

static int make_link(struct receiver *receiver, const struct file *file)
{
	_cleanup_close_ int parent_fd = -EBADF, from_fd = -EBADF;
	const char *name = NULL, *from = NULL;
	int r = open_parent(receiver, file->path, &parent_fd, &name);

	if (r == 0)
		r = open_parent(receiver, file->link, &from_fd, &from);
	if (r < 0)
		return r;
	return linkat(from_fd, from, parent_fd, name, 0) < 0 ? -errno : 0;
}

/* ---- bytes --------------------------------------------------------------------------------------- */

static int open_file(struct receiver *receiver, const struct file *file, int *ret)
{
	_cleanup_close_ int parent_fd = -EBADF;
	const char *name;
	int r = open_parent(receiver, file->path, &parent_fd, &name);

	if (r < 0)
		return r;
	*ret = openat(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *ret < 0 ? -errno : 0;
}

static int ask(struct receiver *receiver, struct error *err)
{
	for (size_t i = 0; i < ASKED_LIMIT && receiver->first < receiver->wanted.count; i++) {
		const struct file *file = &receiver->wanted.list[receiver->first];
		const struct spec_file_packet packet = { .type = SPEC_FILE_REQ, .id = file->id };
		_cleanup_buf_ struct buf message = BUF_INIT;
		int r;

		if (receiver->asked[i].fd >= 0)
			continue;
		r = open_file(receiver, file, &receiver->asked[i].fd);
		if (r < 0)
			return fail(r, file->path, err);
		receiver->asked[i].file = memcpy(arena_alloc(receiver->arena, 1, sizeof *file), file, sizeof *file);
		receiver->asked_count++;
		receiver->first++;
		spec_file_packet_encode(&packet, &message);
		r = client_call_send(receiver->request->call, message.data, message.length, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int end_file(struct receiver *receiver, size_t i, struct error *err)
{
	const struct file *file = receiver->asked[i].file;
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = file->time_ns / NS_PER_S, .tv_nsec = file->time_ns % NS_PER_S } };
	int fd = receiver->asked[i].fd, r = fchmod(fd, file->mode & PERMISSIONS) < 0 ? -errno : 0;

	if (file->time_ns >= 0)
		ignore_result(futimens(fd, times)); /* no digest has it */
	close_and_forget(&receiver->asked[i].fd);
	receiver->asked_count--;
	return r < 0 ? fail(r, file->path, err) : 0;
}

static int take_data(struct receiver *receiver, const struct spec_file_packet *packet, struct error *err)
{
	size_t i = 0;
	int r;

	while (i < ASKED_LIMIT && (receiver->asked[i].fd < 0 || receiver->asked[i].file->id != packet->id))
		i++;
	if (i == ASKED_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "the client sends a file that it was not asked for");
	if (packet->length == 0)
		return end_file(receiver, i, err);
	r = fd_write_all(receiver->asked[i].fd, packet->data, packet->length);
	receiver->bytes += packet->length;
	if (receiver->request->tell && receiver->bytes - receiver->told >= TELL_BYTES) {
		receiver->told = receiver->bytes;
		receiver->request->tell(receiver->request->context, receiver->bytes);
	}
	return r < 0 ? fail(r, receiver->asked[i].file->path, err) : 0;
}

/* ---- what the client tells --------------------------------------------------------------------------- */

static int take_stat(struct receiver *receiver, const struct spec_file_stat *stat, struct error *err)
{
	struct file file = { .path = arena_strdup(receiver->arena, stat->path), .mode = stat->mode, .time_ns = stat->time_ns, .id = receiver->next_id++,
		.link = stat->link ? arena_strdup(receiver->arena, stat->link) : NULL };
	int r = 0;

	receiver->path_bytes += strlen(stat->path) + (stat->link ? strlen(stat->link) : 0);
	if (receiver->all_told || receiver->next_id > FILE_LIMIT || receiver->path_bytes > PATH_BYTES_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "the client sends too many files");
	if (S_ISLNK(file.mode) && str_is_empty(file.link))
		return error_set(err, ERROR_INVALID, 0, "the client tells of a link '%.400s' that leads nowhere", file.path);
	if (S_ISREG(file.mode))
		add(file.link ? &receiver->links : &receiver->wanted, &file);
	else if (S_ISDIR(file.mode) || S_ISLNK(file.mode) || S_ISFIFO(file.mode))
		r = make_other(receiver, &file);
	return r < 0 ? fail(r, file.path, err) : 0;
}

static int finish_directory(const struct receiver *receiver, const struct file *file)
{
	_cleanup_close_ int parent_fd = -EBADF;
	const char *name;
	int r = open_parent(receiver, file->path, &parent_fd, &name);

	if (r < 0)
		return r;
	if (fchmodat(parent_fd, name, file->mode & PERMISSIONS, 0) < 0)
		return -errno;
	set_times(parent_fd, name, file->time_ns);
	return 0;
}

/* All files are there. */
static int finish(struct receiver *receiver, struct error *err)
{
	const struct spec_file_packet packet = { .type = SPEC_FILE_FIN };
	_cleanup_buf_ struct buf message = BUF_INIT;

	for (size_t i = 0; i < receiver->links.count; i++) {
		int r = make_link(receiver, &receiver->links.list[i]);

		if (r < 0)
			return fail(r, receiver->links.list[i].path, err);
	}
	/* What is in them has changed their times; those below come first. */
	for (size_t i = receiver->directories.count; i > 0; i--) {
		int r = finish_directory(receiver, &receiver->directories.list[i - 1]);

		if (r < 0)
			return fail(r, receiver->directories.list[i - 1].path, err);
	}
	spec_file_packet_encode(&packet, &message);
	return client_call_send(receiver->request->call, message.data, message.length, err);
}

/* 1: the client has said that it is the end, too. */
static int take_packet(struct receiver *receiver, const struct spec_file_packet *packet, struct error *err)
{
	bool was_told = receiver->all_told;
	size_t before = receiver->asked_count;
	int r = 0;

	switch (packet->type) {
	case SPEC_FILE_STAT:
		receiver->all_told |= !packet->has_stat;
		if (packet->has_stat)
			r = take_stat(receiver, &packet->stat, err);
		break;
	case SPEC_FILE_DATA:
		r = take_data(receiver, packet, err);
		break;
	case SPEC_FILE_ERR:
		return error_set(err, ERROR_INVALID, 0, "error from sender: %.*s", (int)(packet->length < 500 ? packet->length : 500), (const char *)packet->data);
	case SPEC_FILE_FIN:
		return 1;
	default:
		return error_errno(err, EBADMSG, "cannot understand the client");
	}
	if (r == 0)
		r = ask(receiver, err);
	if (r == 0 && receiver->all_told && receiver->asked_count == 0 && (!was_told || before > 0))
		r = finish(receiver, err);
	return r;
}

static int receive(struct receiver *receiver, struct error *err)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	int r = 0;

	while (r == 0) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct spec_file_packet packet;

		r = client_call_receive(receiver->request->call, &message, err);
		if (r == 0)
			return error_set(err, ERROR_UNAVAILABLE, 0, "the client has ended before its last file");
		if (r < 0)
			return r;
		r = spec_file_packet_decode(arena, message.data, message.length, &packet);
		r = r < 0 ? error_errno(err, -r, "cannot understand the client") : take_packet(receiver, &packet, err);
	}
	if (r < 0)
		return r;
	ignore_result(client_call_end(receiver->request->call, NULL)); /* it may have ended the call itself */
	r = client_call_receive(receiver->request->call, &message, err);
	return r > 0 ? error_set(err, ERROR_INVALID, 0, "the client sends more than its files") : r;
}

int build_receive(const struct build_receive *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct receiver receiver = { .request = request, .arena = arena };
	int r;

	for (size_t i = 0; i < ASKED_LIMIT; i++)
		receiver.asked[i].fd = -EBADF;
	r = receive(&receiver, err);
	for (size_t i = 0; i < ASKED_LIMIT; i++)
		close_and_forget(&receiver.asked[i].fd);
	if (r == 0 && request->tell)
		request->tell(request->context, receiver.bytes);
	free(receiver.wanted.list);
	free(receiver.links.list);
	free(receiver.directories.list);
	return r;
}
