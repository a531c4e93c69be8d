/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/client_session.h"
#include "base/file.h"
#include "host/fdpass.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define WAIT_STEP_MS 20
#define WAIT_STEPS 500 /* ten seconds */
#define STALE_S 60

static bool is_id(const char *id)
{
	size_t length = strlen(id);

	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
			return false;
	return length > 0 && length <= CLIENT_SESSION_ID_LIMIT;
}

static int check_id(const char *id, struct error *err)
{
	return is_id(id) ? 0 : error_set(err, ERROR_INVALID, 0, "'%.100s' is no id of a session", id);
}

static int open_directory(const struct directories *directories, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" CLIENT_SESSIONS, directories->run_root);
	int fd, r = file_make_directories(path, 0700);

	if (r < 0)
		return error_errno(err, -r, "cannot make the directory '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", path) : fd;
}

/* Whether nobody listens there; who is about to has made it a moment ago. */
static bool is_stale(int directory_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode) || time(NULL) - st.st_mtime < STALE_S)
		return false;
	return fdpass_connect_at(directory_fd, name, SOCK_STREAM, &fd) == -ECONNREFUSED;
}

/* file_visit_name: what a session that was killed has left. */
static int sweep(void *context, const char *name)
{
	int fd = *(int *)context;

	if (is_id(name) && is_stale(fd, name))
		ignore_result(unlinkat(fd, name, 0)); /* another may have done it */
	return 0;
}

int client_session_listen(const struct directories *directories, const char *id, int *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	fd = open_directory(directories, err);
	if (fd < 0)
		return fd;
	ignore_result(file_each_name(fd, sweep, &fd)); /* it only costs room */
	r = fdpass_bind_at(fd, id, SOCK_STREAM, ret);
	if (r == -EADDRINUSE)
		return error_set(err, ERROR_CONFLICT, 0, "there is a session '%s'", id);
	return r < 0 ? error_errno(err, -r, "cannot make the socket of the session '%s'", id) : 0;
}

void client_session_remove(const struct directories *directories, const char *id)
{
	int fd = open_directory(directories, NULL);

	if (fd < 0)
		return;
	ignore_result(unlinkat(fd, id, 0)); /* swept by the next one */
	close(fd);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int connect_to(const struct directories *directories, const char *id, int *ret, struct error *err)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000 };
	int fd = open_directory(directories, err), r = -ENOENT;

	if (fd < 0)
		return fd;
	for (int i = 0; (r == -ENOENT || r == -ECONNREFUSED) && i < WAIT_STEPS; i++) {
		if (i > 0)
			nanosleep(&step, NULL);
		r = fdpass_connect_at(fd, id, SOCK_STREAM, ret);
	}
	close(fd);
	return r < 0 ? error_set(err, ERROR_UNAVAILABLE, 0, "no active session for %s: context deadline exceeded", id) : 0;
}

static int send_bytes(int call, const void *bytes, size_t length, struct error *err)
{
	int r = fd_write_all(call, bytes, length);

	return r < 0 ? error_errno(err, -r, "cannot speak to the client") : 0;
}

int client_session_call(const struct directories *directories, const char *id, const struct spec_grpc_head *head, int *ret, struct error *err)
{
	_cleanup_buf_ struct buf frame = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = check_id(id, err);

	if (r == 0 && spec_grpc_head_encode(head, &frame) < 0)
		r = error_set(err, ERROR_INVALID, 0, "too much is asked of the client at once");
	if (r == 0)
		r = connect_to(directories, id, &fd, err);
	if (r == 0)
		r = send_bytes(fd, frame.data, frame.length, err);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

int client_call_send(int call, const void *message, size_t length, struct error *err)
{
	_cleanup_buf_ struct buf frame = BUF_INIT;

	if (spec_grpc_message_encode(message, length, &frame) < 0)
		return error_set(err, ERROR_INVALID, 0, "a message for the client is too large");
	return send_bytes(call, frame.data, frame.length, err);
}

int client_call_end(int call, struct error *err)
{
	_cleanup_buf_ struct buf frame = BUF_INIT;

	spec_grpc_prefix_encode(SPEC_GRPC_END, 0, &frame);
	return send_bytes(call, frame.data, frame.length, err);
}

static int read_count(int fd, void *bytes, size_t count)
{
	size_t done = 0;

	while (done < count) {
		ssize_t n = read(fd, (char *)bytes + done, count - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		done += (size_t)n;
	}
	return 0;
}

static int read_frame(int call, enum spec_grpc_kind *ret_kind, struct buf *ret)
{
	unsigned char prefix[SPEC_GRPC_PREFIX];
	uint32_t length = 0;
	int r = read_count(call, prefix, sizeof prefix);

	ret->length = 0;
	if (r == 0)
		r = spec_grpc_prefix_decode(prefix, ret_kind, &length);
	while (r == 0 && ret->length < length) {
		char block[16384];
		size_t count = length - ret->length < sizeof block ? length - ret->length : sizeof block;

		r = read_count(call, block, count);
		if (r == 0)
			buf_add(ret, block, count);
	}
	return r;
}

static enum error_kind kind_of(uint32_t code)
{
	switch (code) {
	case SPEC_GRPC_NOT_FOUND:
		return ERROR_NOT_FOUND;
	case SPEC_GRPC_UNIMPLEMENTED:
		return ERROR_UNSUPPORTED;
	case SPEC_GRPC_UNAVAILABLE:
	case SPEC_GRPC_CANCELED:
		return ERROR_UNAVAILABLE;
	case SPEC_GRPC_PERMISSION_DENIED:
		return ERROR_DENIED;
	default:
		return ERROR_INVALID;
	}
}

static int take_status(const struct buf *frame, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_grpc_status status;

	if (spec_grpc_status_decode(arena, frame->data, frame->length, &status) < 0)
		return error_errno(err, EBADMSG, "cannot understand the client");
	return status.code == SPEC_GRPC_OK ? 0 : error_set(err, kind_of(status.code), 0, "%s", status.message);
}

int client_call_receive(int call, struct buf *ret, struct error *err)
{
	enum spec_grpc_kind kind = SPEC_GRPC_END;
	int r = read_frame(call, &kind, ret);

	if (r < 0)
		return error_errno(err, -r, "the client has gone");
	if (kind == SPEC_GRPC_MESSAGE)
		return 1;
	return kind == SPEC_GRPC_STATUS ? take_status(ret, err) : error_errno(err, EBADMSG, "cannot understand the client");
}

int client_session_ask(const struct directories *directories, const char *id, const char *method, const struct buf *message, struct buf *ret,
	struct error *err)
{
	_cleanup_close_ int call = -EBADF;
	_cleanup_buf_ struct buf more = BUF_INIT;
	int r = client_session_call(directories, id, &(struct spec_grpc_head){ .method = (char *)method }, &call, err);

	if (r < 0)
		return r;
	/* A client may answer, and end the call, before it has heard all: then its answer says more than that it did. */
	if (client_call_send(call, message->data, message->length, NULL) == 0)
		ignore_result(client_call_end(call, NULL));
	r = client_call_receive(call, ret, err);
	if (r == 0)
		return error_set(err, ERROR_INVALID, 0, "the client has not answered");
	if (r > 0)
		r = client_call_receive(call, &more, err);
	return r > 0 ? error_set(err, ERROR_INVALID, 0, "the client answers more than once") : r;
}
