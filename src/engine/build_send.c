/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_send.h"
#include "base/file.h"
#include "engine/client_session.h"
#include "host/beneath.h"
#include "spec/file_packet.h"
#include "spec/protobuf.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define FILE_SEND "/moby.filesync.v1.FileSend/DiffCopy"
#define BLOCK (256u << 10)
#define PACKET_BLOCK (32u << 10) /* as other senders have it */
#define DEPTH_LIMIT 256
#define NS_PER_S 1000000000

static int open_call(const struct build *build, size_t number, int *ret, struct error *err)
{
	struct spec_pair metadata[] = { { "buildkit-attachable-exporter-id", arena_printf(build->arena, "%zu", number) } };
	const struct spec_grpc_head head = { .method = (char *)FILE_SEND, .metadata = metadata, .count = ARRAY_SIZE(metadata) };

	return client_session_call(build->directories, build->request->session, &head, ret, err);
}

/* How the client ends the call. */
static int end_call(int call, struct error *err)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	int r;

	ignore_result(client_call_end(call, NULL)); /* a client that has ended it says so */
	while ((r = client_call_receive(call, &message, err)) > 0)
		;
	return r;
}

/* ---- an archive ----------------------------------------------------------------------------- */

static int send_bytes(int call, int fd, struct error *err)
{
	_cleanup_free_ char *block = memory_new(BLOCK, 1);
	int r = 0;

	while (r == 0) {
		_cleanup_buf_ struct buf message = BUF_INIT;
		ssize_t n = read(fd, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? error_errno(err, errno, "cannot read what was made") : 0;
		protobuf_write_bytes(&message, 1, block, (size_t)n);
		r = client_call_send(call, message.data, message.length, err);
	}
	return r;
}

int build_send_file(const struct build *build, size_t number, const char *path, struct error *err)
{
	_cleanup_close_ int call = -EBADF, fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error own = ERROR_INIT;
	int r = fd < 0 ? error_errno(err, errno, "cannot open '%s'", path) : open_call(build, number, &call, err);

	if (r < 0)
		return r;
	r = send_bytes(call, fd, &own);
	/* Why it takes no more the client says at the end. */
	if (end_call(call, err) < 0)
		return -EIO;
	if (r < 0 && err)
		*err = own;
	return r;
}

/* ---- files ------------------------------------------------------------------------------------- */

struct sender {
	int call, root_fd;
	struct arena *arena;
	char **paths; /* by number; NULL: none that has bytes */
	size_t count, capacity;
	uint32_t *asked; /* numbers that the client has asked for, in a ring that grows */
	size_t asked_count, asked_capacity;
	struct error *err;
};

static int send_packet(struct sender *sender, const struct spec_file_packet *packet)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	spec_file_packet_encode(packet, &message);
	return client_call_send(sender->call, message.data, message.length, sender->err);
}

static int note_asked(struct sender *sender, uint32_t id)
{
	if (id >= sender->count || !sender->paths[id])
		return error_set(sender->err, ERROR_INVALID, 0, "the client asks for a file that there is not");
	if (sender->asked_count == sender->count)
		return error_set(sender->err, ERROR_INVALID, 0, "the client asks for more files than there are");
	if (sender->asked_count == sender->asked_capacity) {
		sender->asked_capacity = sender->asked_capacity ? 2 * sender->asked_capacity : 64;
		sender->asked = memory_resize(sender->asked, sender->asked_capacity, sizeof *sender->asked);
	}
	sender->asked[sender->asked_count++] = id;
	return 0;
}

/* One packet of the client's. 1: it has all it wants. */
static int take_packet(struct sender *sender)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf message = BUF_INIT;
	struct spec_file_packet packet;
	int r = client_call_receive(sender->call, &message, sender->err);

	if (r == 0)
		return error_set(sender->err, ERROR_UNAVAILABLE, 0, "the client has ended before its last file");
	if (r < 0)
		return r;
	if (spec_file_packet_decode(arena, message.data, message.length, &packet) < 0)
		return error_errno(sender->err, EBADMSG, "cannot understand the client");
	if (packet.type == SPEC_FILE_FIN)
		return 1;
	if (packet.type == SPEC_FILE_ERR)
		return error_set(sender->err, ERROR_INVALID, 0, "error from receiver: %.*s", (int)(packet.length < 500 ? packet.length : 500), (const char *)packet.data);
	return packet.type == SPEC_FILE_REQ ? note_asked(sender, packet.id) : error_errno(sender->err, EBADMSG, "cannot understand the client");
}

/* What it asks meanwhile is read: while it is not it does not read either. */
static int take_waiting(struct sender *sender)
{
	struct pollfd wait = { .fd = sender->call, .events = POLLIN };
	int r = 0;

	while (r == 0 && poll(&wait, 1, 0) > 0)
		r = take_packet(sender);
	return r > 0 ? error_errno(sender->err, EBADMSG, "cannot understand the client") : r;
}

static int tell_file(struct sender *sender, int directory_fd, const char *name, const char *path, const struct stat *st)
{
	struct spec_file_packet packet = { .has_stat = true, .stat = { .path = (char *)path, .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid,
		.size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0, .time_ns = (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec } };
	char target[PATH_MAX];
	int r = take_waiting(sender);

	if (S_ISLNK(st->st_mode)) {
		ssize_t length = readlinkat(directory_fd, name, target, sizeof target - 1);

		if (length < 0)
			return error_errno(sender->err, errno, "cannot read the link '%s'", path);
		target[length] = '\0';
		packet.stat.link = target;
	}
	if (sender->count == sender->capacity) {
		sender->capacity = sender->capacity ? 2 * sender->capacity : 64;
		sender->paths = memory_resize(sender->paths, sender->capacity, sizeof *sender->paths);
	}
	sender->paths[sender->count++] = S_ISREG(st->st_mode) ? arena_strdup(sender->arena, path) : NULL;
	return r < 0 ? r : send_packet(sender, &packet);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	struct arena *arena;
	char **list;
	size_t count;
};

static int add_name(void *context, const char *name)
{
	struct names *names = context;

	if (str_equal(name, ".") || str_equal(name, ".."))
		return 0;
	names->list = strv_append(names->arena, names->list, arena_strdup(names->arena, name));
	names->count++;
	return 0;
}

/* All that is in DIRECTORY, called PREFIX, in the order of names, what is in a directory directly behind it. */
static int tell_directory(struct sender *sender, int directory_fd, const char *prefix, int depth)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct names names = { .arena = arena };
	int r = file_each_name(directory_fd, add_name, &names);

	if (r < 0 || depth > DEPTH_LIMIT)
		return error_errno(sender->err, r < 0 ? -r : ELOOP, "cannot read the directory '%s'", prefix);
	if (names.count)
		qsort(names.list, names.count, sizeof *names.list, by_name);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		const char *path = arena_printf(arena, "%s%s%s", prefix, *prefix ? "/" : "", names.list[i]);
		_cleanup_close_ int fd = -EBADF;
		struct stat st;

		if (fstatat(directory_fd, names.list[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(sender->err, errno, "cannot read '%s'", path);
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISFIFO(st.st_mode))
			continue;
		r = tell_file(sender, directory_fd, names.list[i], path, &st);
		if (r < 0 || !S_ISDIR(st.st_mode))
			continue;
		fd = openat(directory_fd, names.list[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? error_errno(sender->err, errno, "cannot read '%s'", path) : tell_directory(sender, fd, path, depth + 1);
	}
	return r;
}

static int send_file(struct sender *sender, uint32_t id)
{
	_cleanup_free_ char *block = memory_new(PACKET_BLOCK, 1);
	_cleanup_close_ int fd = -EBADF;
	struct spec_file_packet packet = { .type = SPEC_FILE_DATA, .id = id, .data = (unsigned char *)block };
	ssize_t n = 1;
	int r = beneath_open(sender->root_fd, sender->paths[id], O_RDONLY, BENEATH_NO_SYMLINKS, &fd);

	if (r < 0)
		return error_errno(sender->err, -r, "cannot open '%s'", sender->paths[id]);
	while (r == 0 && n != 0) {
		n = read(fd, block, PACKET_BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(sender->err, errno, "cannot read '%s'", sender->paths[id]);
		packet.length = (size_t)n; /* nothing is the end */
		r = take_waiting(sender);
		if (r == 0)
			r = send_packet(sender, &packet);
	}
	return r;
}

static int answer_requests(struct sender *sender)
{
	size_t done = 0;
	int r = 0;

	while (r == 0) {
		if (done < sender->asked_count)
			r = send_file(sender, sender->asked[done++]);
		else
			r = take_packet(sender);
	}
	return r < 0 ? r : send_packet(sender, &(struct spec_file_packet){ .type = SPEC_FILE_FIN });
}

int build_send_directory(const struct build *build, size_t number, const char *path, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int call = -EBADF, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sender sender = { .arena = arena, .root_fd = fd, .err = err };
	int r = fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", path) : open_call(build, number, &call, err);

	sender.call = call;
	if (r == 0)
		r = tell_directory(&sender, fd, "", 0);
	if (r == 0)
		r = send_packet(&sender, &(struct spec_file_packet){ .type = SPEC_FILE_STAT });
	if (r == 0)
		r = answer_requests(&sender);
	free(sender.paths);
	free(sender.asked);
	return r < 0 ? r : end_call(call, err);
}
