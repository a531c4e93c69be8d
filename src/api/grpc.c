/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /grpc: a client that builds with BuildKit. bivy-grpc speaks with it, and
 * each of its calls arrives here as a socket of frames (spec/grpc_call.h). This
 * process waits for all of them in one loop and knows the builds, each of which
 * is a child process that says what happens; what needs no build is answered by
 * a child of its own.
 *
 *   Control.Solve      begins a build, and is answered at its end
 *   LLBBridge.Solve    says what is built, if that did not; answered at the end of that
 *   LLBBridge.Return   the client has what it wanted: Solve is answered
 *   Control.Status     what happens
 *
 * It ends with the connection, and all builds with it.
 */
#include "api/grpc_build.h"
#include "api/grpc_call.h"
#include "api/grpc_program.h"
#include "api/routes.h"
#include "base/file.h"
#include "base/log.h"
#include "host/fdpass.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CALLS 256
#define BUILDS 64
#define BLOCK (64u << 10)
#define HELD_LIMIT (1u << 20) /* bytes that wait for a client: what would be more is not read from the build */
#define IN_LIMIT (SPEC_GRPC_MESSAGE_LIMIT + SPEC_GRPC_HEAD_LIMIT + 4 * SPEC_GRPC_PREFIX)

enum role { ROLE_NONE, ROLE_SOLVE, ROLE_BRIDGE, ROLE_STATUS };

struct grpc_build;

struct grpc_call {
	int fd; /* -EBADF: free */
	struct buf in, out;
	size_t out_done;
	bool has_asked; /* all of it is there */
	bool is_answered; /* closed as soon as .out is */
	enum role role;
	char *ref; /* of the build */
};

struct grpc_build {
	struct arena *arena; /* NULL: free */
	char *ref;
	struct spec_buildkit_solve solve, bridge;
	bool has_solve, has_bridge, has_begun, has_ended, has_returned;
	pid_t pid;
	int fd;            /* of the child; -EBADF: none */
	struct buf in;     /* frames of the child's */
	struct buf held;   /* messages for whoever asks for the status first */
	bool was_asked;    /* somebody did */
	bool has_told_all; /* what comes is the result */
	struct buf result; /* frames that answer Solve */
	bool has_failed;
};

struct link {
	struct api_call *call;
	int calls; /* SOCK_SEQPACKET: where they come from */
	struct grpc_call list[CALLS];
	struct grpc_build builds[BUILDS];
};

/* ---- answers -------------------------------------------------------------------------------------- */

static void finish(struct grpc_call *call, const struct error *err)
{
	api_grpc_add_status(err, NULL, &call->out);
	call->is_answered = true;
}

static void refuse(struct grpc_call *call, enum error_kind kind, const char *text)
{
	struct error err = ERROR_INIT;

	error_set(&err, kind, 0, "%s", text);
	finish(call, &err);
}

static void close_call(struct grpc_call *call)
{
	close_and_forget(&call->fd);
	buf_done(&call->in);
	buf_done(&call->out);
	free(call->ref);
	*call = (struct grpc_call){ .fd = -EBADF };
}

/* ---- builds ------------------------------------------------------------------------------------------ */

static struct grpc_build *find_build(struct link *link, const char *ref)
{
	for (size_t i = 0; i < BUILDS; i++)
		if (link->builds[i].arena && str_equal(link->builds[i].ref, ref))
			return &link->builds[i];
	return NULL;
}

static void drop_build(struct grpc_build *build)
{
	arena_free(build->arena);
	close_and_forget(&build->fd);
	buf_done(&build->in);
	buf_done(&build->held);
	buf_done(&build->result);
	*build = (struct grpc_build){ .fd = -EBADF };
}

static bool is_needed(const struct link *link, const struct grpc_build *build)
{
	if (build->pid || !build->has_returned)
		return true;
	for (size_t i = 0; i < CALLS; i++)
		if (link->list[i].fd >= 0 && str_equal(link->list[i].ref, build->ref))
			return true;
	return false;
}

/* In the place of one that is over, if there is no other. */
static struct grpc_build *add_build(struct link *link, const char *ref)
{
	struct grpc_build *place = NULL;

	for (size_t i = 0; i < BUILDS && !(place && !place->arena); i++)
		if (!link->builds[i].arena || !is_needed(link, &link->builds[i]))
			place = &link->builds[i];
	if (!place)
		return NULL;
	if (place->arena)
		drop_build(place);
	place->arena = arena_new();
	place->ref = arena_strdup(place->arena, ref);
	place->fd = -EBADF;
	return place;
}

/* Clears away what it has on its way, as a build of the command line does. */
static void cancel(struct grpc_build *build)
{
	if (build->pid)
		kill(build->pid, SIGTERM);
}

static struct grpc_call *find_call(struct link *link, const struct grpc_build *build, enum role role)
{
	for (size_t i = 0; i < CALLS; i++)
		if (link->list[i].fd >= 0 && !link->list[i].is_answered && link->list[i].role == role && str_equal(link->list[i].ref, build->ref))
			return &link->list[i];
	return NULL;
}

/* Whether one that asks for the status is behind. */
static bool is_behind(const struct link *link, const struct grpc_build *build)
{
	for (size_t i = 0; i < CALLS; i++)
		if (link->list[i].fd >= 0 && link->list[i].role == ROLE_STATUS && str_equal(link->list[i].ref, build->ref) &&
		    link->list[i].out.length - link->list[i].out_done > HELD_LIMIT)
			return true;
	return !build->was_asked && build->held.length > HELD_LIMIT && !build->has_ended;
}

/* What is to be answered as things stand. */
static void settle(struct link *link, struct grpc_build *build)
{
	struct grpc_call *call;
	bool is_over = build->has_ended || (build->has_returned && !build->has_begun);

	if (!is_over)
		return;
	call = find_call(link, build, ROLE_BRIDGE);
	if (call) {
		_cleanup_buf_ struct buf result = BUF_INIT, reference = BUF_INIT, message = BUF_INIT;

		if (build->has_failed) {
			buf_add(&call->out, build->result.data, build->result.length);
			call->is_answered = true;
		} else {
			protobuf_write_text(&reference, 1, build->ref);
			protobuf_write_bytes(&result, 3, reference.data, reference.length);
			protobuf_write_bytes(&message, 3, result.data, result.length);
			api_grpc_add_message(&message, &call->out);
			finish(call, NULL);
		}
	}
	while ((call = find_call(link, build, ROLE_STATUS)))
		finish(call, NULL);
	call = find_call(link, build, ROLE_SOLVE);
	if (!call || (build->has_bridge && !build->has_returned && !build->has_failed))
		return;
	if (build->result.length == 0) { /* nothing was built */
		_cleanup_buf_ struct buf message = BUF_INIT;

		api_grpc_add_message(&message, &build->result);
		api_grpc_add_status(NULL, NULL, &build->result);
	}
	buf_add(&call->out, build->result.data, build->result.length);
	call->is_answered = true;
	build->has_returned = true;
}

_noreturn_ static void be_build(struct link *link, const struct grpc_build *build, int fd, pid_t parent)
{
	const struct api_grpc_build request = { .directories = link->call->directories, .solve = &build->solve, .bridge = build->has_bridge ? &build->bridge : NULL,
		.fd = fd };

	close(link->calls);
	for (size_t i = 0; i < CALLS; i++)
		close_and_forget(&link->list[i].fd);
	for (size_t i = 0; i < BUILDS; i++)
		close_and_forget(&link->builds[i].fd);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
		api_grpc_build(&request);
	_exit(0);
}

static int begin_build(struct link *link, struct grpc_build *build, struct error *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	build->pid = fork();
	if (build->pid == 0) {
		close(pair[0]);
		be_build(link, build, pair[1], parent);
	}
	close(pair[1]);
	if (build->pid < 0) {
		build->pid = 0;
		close(pair[0]);
		return error_errno(err, errno, "cannot make a process");
	}
	build->fd = pair[0];
	build->has_begun = true;
	return fcntl(build->fd, F_SETFL, O_NONBLOCK) < 0 ? error_errno(err, errno, "cannot use a socket") : 0;
}

/* As soon as it is known what is built. */
static void try_begin(struct link *link, struct grpc_build *build)
{
	struct error err = ERROR_INIT;

	if (build->has_begun || !build->has_solve || (str_is_empty(build->solve.frontend) && !build->solve.has_definition && !build->has_bridge))
		return;
	if (begin_build(link, build, &err) == 0)
		return;
	build->has_begun = build->has_ended = build->has_failed = true;
	api_grpc_add_status(&err, NULL, &build->result);
	settle(link, build);
}

/* ---- what builds say --------------------------------------------------------------------------------------- */

static void spread(struct link *link, struct grpc_build *build, const char *frame, size_t length)
{
	for (size_t i = 0; i < CALLS; i++)
		if (link->list[i].fd >= 0 && !link->list[i].is_answered && link->list[i].role == ROLE_STATUS && str_equal(link->list[i].ref, build->ref))
			buf_add(&link->list[i].out, frame, length);
	if (!build->was_asked)
		buf_add(&build->held, frame, length);
}

static void end_build(struct link *link, struct grpc_build *build, const char *status, size_t length, bool has_failed)
{
	build->has_ended = true;
	build->has_failed = has_failed;
	if (has_failed)
		build->result.length = 0;
	buf_add(&build->result, status, length);
	settle(link, build);
}

static void take_frame(struct link *link, struct grpc_build *build, enum spec_grpc_kind kind, const char *frame, size_t length)
{
	uint32_t code = SPEC_GRPC_INTERNAL;

	if (kind == SPEC_GRPC_STATUS && length >= SPEC_GRPC_PREFIX + sizeof code)
		memcpy(&code, frame + SPEC_GRPC_PREFIX, sizeof code);
	if (kind == SPEC_GRPC_STATUS)
		end_build(link, build, frame, length, code != SPEC_GRPC_OK);
	else if (kind == SPEC_GRPC_END)
		build->has_told_all = true;
	else if (build->has_told_all)
		buf_add(&build->result, frame, length);
	else
		spread(link, build, frame, length);
}

static void take_frames(struct link *link, struct grpc_build *build)
{
	size_t done = 0;

	while (!build->has_ended && build->in.length - done >= SPEC_GRPC_PREFIX) {
		const char *frame = build->in.data + done;
		enum spec_grpc_kind kind;
		uint32_t length;

		if (spec_grpc_prefix_decode((const unsigned char *)frame, &kind, &length) < 0 || build->in.length - done - SPEC_GRPC_PREFIX < length)
			break;
		take_frame(link, build, kind, frame, SPEC_GRPC_PREFIX + length);
		done += SPEC_GRPC_PREFIX + length;
	}
	if (done) {
		memmove(build->in.data, build->in.data + done, build->in.length - done);
		build->in.length -= done;
	}
}

static void take_build(struct link *link, struct grpc_build *build)
{
	static char block[BLOCK];
	ssize_t n = read(build->fd, block, sizeof block);
	struct error err = ERROR_INIT;
	_cleanup_buf_ struct buf status = BUF_INIT;

	if (n > 0) {
		buf_add(&build->in, block, (size_t)n);
		take_frames(link, build);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	close_and_forget(&build->fd);
	while (waitpid(build->pid, NULL, 0) < 0 && errno == EINTR)
		;
	build->pid = 0;
	if (build->has_ended)
		return;
	error_set(&err, ERROR_UNAVAILABLE, 0, "the build was ended");
	api_grpc_add_status(&err, NULL, &status);
	end_build(link, build, status.data, status.length, true);
}

/* ---- what clients ask -------------------------------------------------------------------------------------------- */

static void take_solve(struct link *link, struct grpc_call *call, const void *message, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_buildkit_solve solve;
	struct grpc_build *build;

	if (spec_buildkit_solve_decode(arena, message, length, &solve) < 0 || str_is_empty(solve.ref)) {
		refuse(call, ERROR_INVALID, "invalid request");
		return;
	}
	build = find_build(link, solve.ref);
	if (!build)
		build = add_build(link, solve.ref);
	if (!build || build->has_solve) {
		refuse(call, build ? ERROR_CONFLICT : ERROR_UNAVAILABLE, build ? "there is a build of that name" : "there are too many builds at once");
		return;
	}
	ignore_result(spec_buildkit_solve_decode(build->arena, message, length, &build->solve)); /* as before */
	build->has_solve = true;
	call->role = ROLE_SOLVE;
	call->ref = str_dup(build->ref);
	try_begin(link, build);
	settle(link, build);
}

/* The build that a call of the bridge belongs to; it may come before Control.Solve. */
static struct grpc_build *build_of(struct link *link, const struct spec_grpc_head *head)
{
	const char *ref = spec_grpc_metadata(head, "buildkit-controlapi-buildid");
	struct grpc_build *build = str_is_empty(ref) ? NULL : find_build(link, ref);

	return build || str_is_empty(ref) ? build : add_build(link, ref);
}

static void take_bridge(struct link *link, struct grpc_call *call, const struct spec_grpc_head *head, const void *message, size_t length)
{
	struct grpc_build *build = build_of(link, head);

	if (!build) {
		refuse(call, ERROR_INVALID, "the call belongs to no build");
		return;
	}
	if (build->has_begun || build->has_bridge) {
		refuse(call, ERROR_UNSUPPORTED, "a build makes one thing only");
		return;
	}
	if (spec_buildkit_bridge_solve_decode(build->arena, message, length, &build->bridge) < 0) {
		refuse(call, ERROR_INVALID, "invalid request");
		return;
	}
	build->has_bridge = true;
	call->role = ROLE_BRIDGE;
	call->ref = str_dup(build->ref);
	try_begin(link, build);
}

/* The client has what it wanted, or an error, which it says itself then. */
static void take_return(struct link *link, struct grpc_call *call, const struct spec_grpc_head *head, const void *message, size_t length)
{
	struct grpc_build *build = build_of(link, head);
	struct protobuf rest = PROTOBUF(message, length);
	struct protobuf_field field;
	_cleanup_buf_ struct buf nothing = BUF_INIT;

	api_grpc_add_message(&nothing, &call->out);
	finish(call, NULL);
	if (!build)
		return;
	while (protobuf_next(&rest, &field) > 0) {
		struct error err = ERROR_INIT;
		struct protobuf status = protobuf_message(&field);
		struct protobuf_field member;

		if (field.number != 2 || field.type != PROTOBUF_BYTES || build->has_ended)
			continue;
		error_set(&err, ERROR_UNAVAILABLE, 0, "the client has given up");
		while (protobuf_next(&status, &member) > 0)
			if (member.number == 2 && member.type == PROTOBUF_BYTES)
				error_set(&err, ERROR_INTERNAL, 0, "%.*s", (int)(member.length < 900 ? member.length : 900), (const char *)member.bytes);
		cancel(build);
		build->has_begun = build->has_ended = build->has_failed = true;
		api_grpc_add_status(&err, NULL, &build->result);
	}
	build->has_returned = true;
	settle(link, build);
}

static void take_status(struct link *link, struct grpc_call *call, const void *message, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct grpc_build *build;
	char *ref;

	if (spec_buildkit_ref_decode(arena, message, length, &ref) < 0 || str_is_empty(ref)) {
		refuse(call, ERROR_INVALID, "invalid request");
		return;
	}
	build = find_build(link, ref);
	if (!build)
		build = add_build(link, ref);
	if (!build) {
		refuse(call, ERROR_UNAVAILABLE, "there are too many builds at once");
		return;
	}
	call->role = ROLE_STATUS;
	call->ref = str_dup(ref);
	build->was_asked = true;
	if (build->held.length)
		buf_add(&call->out, build->held.data, build->held.length);
	buf_done(&build->held);
	settle(link, build);
}

/* By a child of its own: it may take a while. */
static void answer_apart(struct link *link, struct grpc_call *call, api_grpc_answer *answer, const struct api_grpc_question *question)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	pid_t pid = fork();

	if (pid < 0) {
		refuse(call, ERROR_UNAVAILABLE, "cannot make a process");
		return;
	}
	if (pid > 0) {
		close_call(call);
		return;
	}
	close(link->calls);
	for (size_t i = 0; i < BUILDS; i++)
		close_and_forget(&link->builds[i].fd);
	if (fcntl(call->fd, F_SETFL, 0) < 0)
		_exit(EXIT_FAILURE);
	if (answer(question, &out, &err) < 0) {
		out.length = 0;
		api_grpc_add_status(&err, NULL, &out);
	} else {
		api_grpc_add_status(NULL, NULL, &out);
	}
	ignore_result(fd_write_all(call->fd, out.data, out.length)); /* who has gone does not mind */
	_exit(0);
}

static void answer(struct link *link, struct grpc_call *call, const struct spec_grpc_head *head, const void *message, size_t length)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct api_grpc_question question = { .arena = arena, .directories = link->call->directories, .head = head, .message = message, .length = length };
	api_grpc_answer *found = api_grpc_find(head->method);
	const char *method = strrchr(head->method, '/');

	log_debug("grpc: %s", head->method);
	if (str_equal(head->method, "/moby.buildkit.v1.Control/Solve"))
		take_solve(link, call, message, length);
	else if (str_equal(head->method, "/moby.buildkit.v1.Control/Status"))
		take_status(link, call, message, length);
	else if (str_equal(head->method, "/moby.buildkit.v1.frontend.LLBBridge/Solve"))
		take_bridge(link, call, head, message, length);
	else if (str_equal(head->method, "/moby.buildkit.v1.frontend.LLBBridge/Return"))
		take_return(link, call, head, message, length);
	else if (found)
		answer_apart(link, call, found, &question);
	else
		refuse(call, ERROR_UNSUPPORTED, arena_printf(arena, "unknown method %.100s", method ? method + 1 : head->method));
}

/* HEAD, one MESSAGE, END: calls with more than one are none that is known. */
static void take_question(struct link *link, struct grpc_call *call)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_grpc_head head = { .method = NULL };
	const char *message = NULL;
	uint32_t message_length = 0;
	size_t done = 0;

	while (call->in.length - done >= SPEC_GRPC_PREFIX) {
		const char *frame = call->in.data + done;
		enum spec_grpc_kind kind;
		uint32_t length;

		if (spec_grpc_prefix_decode((const unsigned char *)frame, &kind, &length) < 0 || call->in.length > IN_LIMIT)
			return close_call(call);
		if (call->in.length - done - SPEC_GRPC_PREFIX < length)
			return;
		frame += SPEC_GRPC_PREFIX;
		if (kind == SPEC_GRPC_HEAD && spec_grpc_head_decode(arena, frame, length, &head) < 0)
			return close_call(call);
		if (kind == SPEC_GRPC_MESSAGE) {
			message = frame;
			message_length = length;
		}
		if (kind == SPEC_GRPC_END) {
			call->has_asked = true;
			break;
		}
		done += SPEC_GRPC_PREFIX + length;
	}
	if (!call->has_asked)
		return;
	if (!head.method)
		return close_call(call);
	answer(link, call, &head, message ? message : "", message_length);
}

/* ---- the loop -------------------------------------------------------------------------------------------------------- */

/* A client that takes a call back that was to be answered wants the build to end. */
static void lose_call(struct link *link, struct grpc_call *call)
{
	struct grpc_build *build = call->ref ? find_build(link, call->ref) : NULL;

	if (build && (call->role == ROLE_SOLVE || call->role == ROLE_BRIDGE) && !call->is_answered) {
		build->has_returned = true;
		cancel(build);
	}
	close_call(call);
}

static void take_call(struct link *link, struct grpc_call *call)
{
	static char block[BLOCK];
	ssize_t n = read(call->fd, block, sizeof block);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose_call(link, call);
		return;
	}
	if (call->has_asked)
		return; /* there is nothing more to say */
	buf_add(&call->in, block, (size_t)n);
	take_question(link, call);
}

static void write_call(struct link *link, struct grpc_call *call)
{
	while (call->out_done < call->out.length) {
		ssize_t n = send(call->fd, call->out.data + call->out_done, call->out.length - call->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			lose_call(link, call);
			return;
		}
		call->out_done += (size_t)n;
	}
	call->out.length = call->out_done = 0;
	if (call->is_answered)
		close_call(call);
}

/* 0: the connection is over. */
static int accept_call(struct link *link)
{
	char byte;
	size_t length;
	int fd, r = fdpass_receive_data(link->calls, &byte, sizeof byte, &length, &fd);

	if (r < 0)
		return 0;
	for (size_t i = 0; i < CALLS; i++) {
		if (link->list[i].fd >= 0)
			continue;
		if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
			link->list[i].fd = fd;
			return 1;
		}
		break;
	}
	close(fd);
	return 1;
}

static void reap(const struct link *link)
{
	siginfo_t info = { .si_pid = 0 };

	/* Children that build are waited for when they close their socket. */
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
		for (size_t i = 0; i < BUILDS; i++)
			if (link->builds[i].pid == info.si_pid)
				return;
		ignore_result(waitpid(info.si_pid, NULL, 0));
		info.si_pid = 0;
	}
}

static int serve_round(struct link *link)
{
	struct pollfd polls[1 + CALLS + BUILDS];

	polls[0] = (struct pollfd){ .fd = link->calls, .events = POLLIN };
	for (size_t i = 0; i < CALLS; i++)
		polls[1 + i] = (struct pollfd){ .fd = link->list[i].fd, .events = POLLIN | (link->list[i].out.length ? POLLOUT : 0) };
	for (size_t i = 0; i < BUILDS; i++) {
		struct grpc_build *build = &link->builds[i];

		polls[1 + CALLS + i] = (struct pollfd){ .fd = build->arena && !is_behind(link, build) ? build->fd : -1, .events = POLLIN };
	}
	if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
		return errno == EINTR;
	for (size_t i = 0; i < BUILDS; i++)
		if (polls[1 + CALLS + i].revents && link->builds[i].fd == polls[1 + CALLS + i].fd)
			take_build(link, &link->builds[i]);
	for (size_t i = 0; i < CALLS; i++) {
		if (polls[1 + i].revents & (POLLOUT | POLLERR))
			write_call(link, &link->list[i]);
		if (polls[1 + i].revents & (POLLIN | POLLHUP) && link->list[i].fd == polls[1 + i].fd)
			take_call(link, &link->list[i]);
	}
	reap(link);
	return polls[0].revents ? accept_call(link) : 1;
}

static void end(struct link *link)
{
	for (size_t i = 0; i < CALLS; i++)
		close_call(&link->list[i]);
	for (size_t i = 0; i < BUILDS; i++) {
		if (!link->builds[i].arena)
			continue;
		cancel(&link->builds[i]);
		close_and_forget(&link->builds[i].fd);
		while (link->builds[i].pid && waitpid(link->builds[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		drop_build(&link->builds[i]);
	}
}

int api_grpc(struct api_call *call, struct error *err)
{
	static struct link link;
	struct api_grpc_program program;
	int pair[2], r;

	link.call = call;
	for (size_t i = 0; i < CALLS; i++)
		link.list[i].fd = -EBADF;
	for (size_t i = 0; i < BUILDS; i++)
		link.builds[i].fd = -EBADF;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	link.calls = pair[0];
	r = api_grpc_start(call, API_GRPC_SERVE, pair[1], &program, err);
	close(pair[1]);
	while (r == 0 && serve_round(&link))
		;
	end(&link);
	close(link.calls);
	if (r < 0)
		return r;
	kill(program.pid, SIGKILL); /* it has nothing to undo */
	api_grpc_end(&program);
	return 0;
}
