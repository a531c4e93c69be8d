/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"
#include "api/origin.h"
#include "api/routes.h"
#include "api/words.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define HEAD_PATIENCE_MS 100 /* for a client that does not read */

int api_permission_parse(const char *text, enum api_permission *ret)
{
	static const char *const words[] = { [API_METRICS] = "metrics", [API_READ_ONLY] = "read-only", [API_CONTAINERS] = "containers", [API_ALL] = "all" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_equal(text, words[i])) {
			*ret = (enum api_permission)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- the request ------------------------------------------------------------------------ */

const char *api_call_header(const struct api_call *call, const char *name)
{
	return spec_http_header(call->request.headers, call->request.header_count, name);
}

/* Up to COUNT bytes, or the end; how many there were in all. A document is not waited for forever, however its bytes drip. */
static int64_t read_count(int fd, uint64_t count, struct buf *out)
{
	int64_t end_ms = clock_monotonic_ms() + API_BODY_MS;
	struct pollfd ask = { .fd = fd, .events = POLLIN };
	uint64_t done = 0;
	char block[4096];

	while (done < count) {
		int64_t left_ms = end_ms - clock_monotonic_ms();
		int ready = left_ms <= 0 ? 0 : poll(&ask, 1, (int)left_ms);
		ssize_t n = ready <= 0 ? 0 : read(fd, block, count - done < sizeof block ? (size_t)(count - done) : sizeof block);

		if ((ready < 0 || n < 0) && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready > 0 && n == 0)
			break;
		if (n > 0) {
			buf_add(out, block, (size_t)n);
			done += (uint64_t)n;
		}
	}
	return (int64_t)done;
}

static int read_body(struct api_call *call, struct buf *ret)
{
	bool has_length;
	uint64_t length;
	int64_t n;

	has_length = spec_http_wants_upgrade(call->request.headers, call->request.header_count, &length);
	if (has_length && length > API_BODY_LIMIT)
		return -EFBIG;
	n = read_count(call->socket, has_length ? length : API_BODY_LIMIT + 1, ret);
	if (n < 0)
		return (int)n;
	if (n > API_BODY_LIMIT)
		return -EFBIG;
	return has_length && (uint64_t)n < length ? -EPIPE : 0;
}

int api_call_body(struct api_call *call, struct buf *ret, struct error *err)
{
	int r = read_body(call, ret);

	if (r == -EFBIG)
		return error_set(err, ERROR_INVALID, 0, "the body of the request is too large");
	if (r == -ETIMEDOUT)
		return error_set(err, ERROR_INVALID, 0, "the body of the request did not come to its end in time");
	return r < 0 ? error_errno(err, -r, "cannot read the body of the request") : 0;
}

int api_call_document(struct api_call *call, struct json **ret, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	int r = api_call_body(call, &body, err);

	*ret = NULL;
	if (r < 0 || body.length == 0)
		return r;
	if (json_parse(call->arena, body.data, body.length, ret, err) < 0)
		return error_wrap(err, "the body of the request is no JSON");
	if ((*ret)->type == JSON_NULL)
		*ret = NULL;
	else if ((*ret)->type != JSON_OBJECT)
		return error_set(err, ERROR_INVALID, 0, "the body of the request is no JSON object");
	return 0;
}

/* ---- the reply ---------------------------------------------------------------------------- */

/* As much as there is room for; how much that was, or -errno. */
static ssize_t send_now(int fd, const char *bytes, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = send(fd, bytes + done, length - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? (ssize_t)done : -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* In a process that is nobody's child and has nothing else: its end is the client's. */
static int send_elsewhere(int fd, const char *bytes, size_t length)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		if (dup2(fd, STDIN_FILENO) == STDIN_FILENO && sys_close_range(STDERR_FILENO + 1, ~0u, 0) == 0)
			ignore_result(fd_write_all(STDIN_FILENO, bytes, length)); /* it may have gone */
		_exit(0);
	}
	ignore_result(waitpid(pid, NULL, 0)); /* it is there */
	return 0;
}

/* Who answers several requests does not wait for the client of one of them to read. */
static int send_all(struct api_call *call, const void *bytes, size_t length, struct error *err)
{
	ssize_t done = call->containers ? send_now(call->socket, bytes, length) : 0;
	int r = done < 0 ? (int)done : 0;

	if (r == 0 && !call->containers)
		r = fd_write_all(call->socket, bytes, length);
	else if (r == 0 && (size_t)done < length)
		r = send_elsewhere(call->socket, (const char *)bytes + done, length - (size_t)done);
	return r < 0 ? error_errno(err, -r, "cannot answer") : 0;
}

/* What every reply of dockerd's says, and HEADERS of this one, which end with a NULL key. */
static size_t gather_headers(struct spec_pair ret[static 16], const struct spec_pair *headers)
{
	static const char *const common[][2] = { API_COMMON_HEADERS };
	size_t count = 0;

	for (; count < ARRAY_SIZE(common); count++)
		ret[count] = (struct spec_pair){ .key = (char *)common[count][0], .value = (char *)common[count][1] };
	while (headers && headers->key && count < 16)
		ret[count++] = *headers++;
	return count;
}

static int send_reply(struct api_call *call, struct spec_http_reply reply, const struct spec_pair *headers, const void *body, size_t length,
	struct error *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_pair all[16];
	int r;

	reply.headers = all;
	reply.header_count = gather_headers(all, headers);
	r = spec_http_reply_encode(&reply, &out);

	if (r < 0)
		return error_errno(err, -r, "cannot answer");
	buf_add(&out, body, length);
	call->has_replied = true;
	return send_all(call, out.data, out.length, err);
}

static int send_whole(struct api_call *call, unsigned status, const char *content_type, const void *body, size_t length, struct error *err)
{
	const struct spec_pair headers[] = { { .key = content_type ? (char *)"Content-Type" : NULL, .value = (char *)content_type }, { NULL } };
	const struct spec_http_reply reply = { .status = status, .has_length = true, .length = length };

	return send_reply(call, reply, headers, body, length, err);
}

int api_reply_json(struct api_call *call, unsigned status, const struct buf *document, struct error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT;

	buf_add(&body, document->data, document->length);
	buf_add_char(&body, '\n');
	return send_whole(call, status, "application/json", body.data, body.length, err);
}

int api_reply_text(struct api_call *call, unsigned status, const char *content_type, const char *text, struct error *err)
{
	return send_whole(call, status, content_type, text, strlen(text), err);
}

int api_reply_empty(struct api_call *call, unsigned status, struct error *err)
{
	return send_whole(call, status, NULL, "", 0, err);
}

int api_reply_with(struct api_call *call, unsigned status, const struct spec_pair *headers, const void *body, size_t length, struct error *err)
{
	const struct spec_http_reply reply = { .status = status, .has_length = true, .length = length };

	return send_reply(call, reply, headers, body, length, err);
}

int api_reply_open(struct api_call *call, unsigned status, const char *content_type, struct error *err)
{
	const struct spec_pair headers[] = { { .key = (char *)"Content-Type", .value = (char *)content_type }, { NULL } };

	return send_reply(call, (struct spec_http_reply){ .status = status }, headers, "", 0, err);
}

int api_reply_open_with(struct api_call *call, unsigned status, const struct spec_pair *headers, struct error *err)
{
	return send_reply(call, (struct spec_http_reply){ .status = status }, headers, "", 0, err);
}

int api_reply_add(struct api_call *call, const void *bytes, size_t length, struct error *err)
{
	return send_all(call, bytes, length, err);
}

bool api_call_wants_upgrade(const struct api_call *call)
{
	uint64_t length;

	return spec_http_wants_upgrade(call->request.headers, call->request.header_count, &length);
}

int api_reply_upgrade(struct api_call *call, const struct spec_pair *headers, int *ret, struct buf *ret_said, struct error *err)
{
	uint32_t length = 0;
	size_t received;
	int fd, r = send_reply(call, (struct spec_http_reply){ .status = 101, .upgrades = true }, headers, "", 0, err);

	if (r < 0)
		return r;
	r = fdpass_receive_data(call->socket, &length, sizeof length, &received, &fd);
	if (r < 0)
		return error_errno(err, -r, "cannot take over the client's socket");
	if (received != sizeof length || length > SPEC_HTTP_REQUEST_LIMIT)
		r = -EBADMSG;
	if (r == 0)
		r = read_count(call->socket, length, ret_said) < 0 ? -EPIPE : 0;
	if (r < 0 || ret_said->length != length) {
		close(fd);
		return error_errno(err, r < 0 ? -r : EPIPE, "cannot take over the client's socket");
	}
	if (fcntl(fd, F_SETFL, 0) < 0) /* it waited for nothing so far */
		log_debug("the client's socket does not block: %s", error_words(errno));
	/* Some clients read the head into a buffer of which they know nothing any more once they read the stream: it must hold nothing else. */
	fdpass_wait_read(fd, HEAD_PATIENCE_MS);
	*ret = fd;
	return 0;
}

static unsigned status_of(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NOT_FOUND:
		return 404;
	case ERROR_CONFLICT:
	case ERROR_BUSY:
		return 409;
	case ERROR_INVALID:
		return 400;
	case ERROR_DENIED:
		return 403;
	case ERROR_UNSUPPORTED:
		return 501;
	case ERROR_UNAVAILABLE:
		return 503;
	default:
		return 500;
	}
}

static const char *id_of(void *context, const char *name)
{
	const struct api_call *call = context;
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };

	return container_record_open(call->arena, call->directories, name, &record, NULL) < 0 ? NULL : record.container->id;
}

void api_call_translate(const struct api_call *call, struct error *error)
{
	const struct api_words_names names = { .id_of = id_of, .context = (void *)call };

	api_words_translate(error, &names);
}

int api_reply_error(struct api_call *call, const struct error *told)
{
	struct error own = *told, *error = &own;
	_cleanup_buf_ struct buf document = BUF_INIT;
	_cleanup_free_ char *text = NULL;
	struct json_writer w = { .out = &document };

	api_call_translate(call, error);
	if (error->hint[0])
		text = str_printf("%s (%s)", error->message, error->hint);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "message", text ? text : error->message);
	json_write_close(&w, '}');
	return api_reply_json(call, status_of(error->kind), &document, NULL);
}

int api_call_body_is_input(struct api_call *call, struct error *err)
{
	return dup2(call->socket, STDIN_FILENO) < 0 ? error_errno(err, errno, "cannot read the body of the request") : 0;
}

int api_call_output_is_reply(struct api_call *call, struct error *err)
{
	return dup2(call->socket, STDOUT_FILENO) < 0 ? error_errno(err, errno, "cannot answer") : 0;
}

/* Real-time, so that it says what happened: room for more of the answer is no reason to end. */
#define CLIENT_SIGNAL (SIGRTMAX - 1)

static void end_with_client(int number _unused_, siginfo_t *info, void *context _unused_)
{
	if (info->si_code == POLL_HUP)
		_exit(0);
}

int api_call_ends_with_client(struct api_call *call, struct error *err)
{
	const struct sigaction action = { .sa_sigaction = end_with_client, .sa_flags = SA_SIGINFO | SA_RESTART };
	_cleanup_buf_ struct buf body = BUF_INIT;

	/* What is told when too many wait to be told; nothing is lost by it but the end of this process before it next writes. */
	signal(SIGIO, SIG_IGN);
	if (sigaction(CLIENT_SIGNAL, &action, NULL) < 0 || fcntl(call->socket, F_SETOWN, getpid()) < 0 ||
	    fcntl(call->socket, F_SETSIG, CLIENT_SIGNAL) < 0 || fcntl(call->socket, F_SETFL, O_ASYNC) < 0)
		return error_errno(err, errno, "cannot watch the client");
	/* It may have gone before: then this end is seen here. */
	return api_call_body(call, &body, err);
}

/* ---- from the head to the end ------------------------------------------------------------------ */

static int decode(struct api_call *call, const struct api_work *work, struct error *err)
{
	if (spec_http_request_decode(call->arena, work->packet, work->length, &call->request) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid head of a request");
	return api_target_decode(call->arena, call->request.target, &call->target, err);
}

/* A page of somebody else's that a browser on this host has open is not to work here, wherever it lets its requests seem to come from. */
static int check_origin(const struct api_call *call, struct error *err)
{
	const char *origin = api_call_header(call, "Origin");

	if (api_origin_is_allowed(origin, api_call_header(call, "Host")))
		return 0;
	return error_set(err, ERROR_DENIED, 0, "requests of pages from '%.200s' are not answered here", origin);
}

bool api_is_short(const void *packet, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct api_work work = { .packet = packet, .length = length };
	struct api_call call = { .arena = arena };

	return decode(&call, &work, NULL) == 0 && api_route_is_short(&call);
}

/* What has begun as a whole answer is not to end like one. */
static void break_off(const struct api_call *call)
{
	_cleanup_close_ int fd = eventfd(0, EFD_CLOEXEC); /* any will do, and this one opens nothing */

	if (fd >= 0)
		ignore_result(fdpass_send(call->socket, fd, "", 1)); /* the client may have gone, or has its socket to itself */
}

void api_work(const struct api_work *work)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct api_call call = { .arena = arena, .directories = work->directories, .containers = work->containers,
		.http = work->http, .socket = work->socket };
	struct error err = ERROR_INIT;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = decode(&call, work, &err);
	if (r == 0)
		r = check_origin(&call, &err);
	if (r == 0)
		r = api_route(&call, work->permission, &err);
	if (r < 0)
		log_debug("%s: %s", call.request.target ? call.request.target : "?", err.message);
	if (r < 0 && !call.has_replied)
		ignore_result(api_reply_error(&call, &err)); /* there is nobody else to tell */
	else if (r < 0)
		break_off(&call);
}
