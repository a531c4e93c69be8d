/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/supervisor.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/narration.h"
#include "base/timing.h"
#include "engine/home.h"
#include "engine/program.h"
#include "host/executable_view.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FIRST_FD 3

/* ---- descriptors that the container gets from whoever starts it ------------------------- */

/* The number behind the last of them; FIRST_FD if there are none. */
static int preserved_end(const struct spec_host_config *host)
{
	int64_t end = FIRST_FD + host->preserve_fds;

	for (char **text = host->preserve_fd; text && *text; text++) {
		int64_t fd;

		if (str_to_i64(*text, 10, &fd) == 0 && fd >= end)
			end = fd + 1;
	}
	return (int)end;
}

static bool is_preserved(const struct spec_host_config *host, int fd)
{
	if (fd < FIRST_FD + host->preserve_fds)
		return true;
	for (char **text = host->preserve_fd; text && *text; text++) {
		int64_t number;

		if (str_to_i64(*text, 10, &number) == 0 && number == fd)
			return true;
	}
	return false;
}

/* What we opened ourselves is CLOEXEC, what we were given is not. */
static int check_preserved(const struct spec_host_config *host, struct error *err)
{
	for (int fd = FIRST_FD; fd < preserved_end(host); fd++) {
		int flags = is_preserved(host, fd) ? fcntl(fd, F_GETFD) : 0;

		if (flags < 0 || flags & FD_CLOEXEC) {
			error_set(err, ERROR_INVALID, 0, "cannot pass on descriptor %d: it is not open", fd);
			error_hint(err, "--preserve-fds=N takes 3 to N+2");
			return -EINVAL;
		}
	}
	return 0;
}

/* ---- starting ------------------------------------------------------------------------------ */

static int hear_last_words(int socket, struct error *err);

enum { LAUNCH_SOCKET, LAUNCH_TIMING, LAUNCH_EXPLAIN, LAUNCH_FDS };

static const char *const launch_options[LAUNCH_FDS] = { "--socket", "--timing-fd", "--explain-fd" };

struct launch {
	char program[PATH_MAX];
	const struct container_record *record;
	int view; /* of the program, or -EBADF */
	int fds[LAUNCH_FDS]; /* or -EBADF: the supervisor's end, timing_fd() and narration_fd() */
};

/*
 * Child: what is handed down gets numbers from END, the preserved ones keep
 * theirs, gaps among these are filled so that nothing else gets such a number,
 * and nothing more survives.
 */
static int sort_descriptors(struct launch *launch, int end)
{
	const struct spec_host_config *host = &launch->record->container->host;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int high = null < 0 ? -1 : fcntl(null, F_DUPFD_CLOEXEC, end);

	for (size_t i = 0; i < LAUNCH_FDS && high >= 0; i++)
		if (launch->fds[i] >= 0 && (launch->fds[i] = fcntl(launch->fds[i], F_DUPFD_CLOEXEC, end)) < 0)
			return -errno;
	if (launch->view >= 0)
		launch->view = fcntl(launch->view, F_DUPFD_CLOEXEC, end);
	if (high < 0 || sys_close_range((unsigned)end, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	for (int fd = str_equal(host->log_driver, "passthrough") ? FIRST_FD : 0; fd < end; fd++)
		if ((fd < FIRST_FD || !is_preserved(host, fd)) && dup2(high, fd) < 0)
			return -errno;
	return 0;
}

/* Child: as little as possible of who started it. */
static int leave_caller(void)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		sigaction(number, &usual, NULL); /* those that have none fail */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	return setsid() < 0 || chdir("/") < 0 ? -errno : 0;
}

/*
 * What the program would begin with by executing itself, for who may mount: it through a read-only mount that is attached nowhere
 * (runtime/self.h), VIEW if that is not negative. Returns where that cannot be had.
 */
static void execute_view(const char *program, int view, const char *const *arguments)
{
	if (view >= 0 || executable_view_make(AT_FDCWD, program, &view) == 0)
		syscall(SYS_execveat, view, "", arguments, environ, AT_EMPTY_PATH);
}

static int execute(struct launch *launch)
{
	const char *arguments[16] = { "bivy-runtime", "supervise", "--bundle", launch->record->run_path };
	int end = preserved_end(&launch->record->container->host), r = leave_caller();
	char numbers[LAUNCH_FDS][16], preserved[16];
	size_t count = 4;

	if (r == 0)
		r = sort_descriptors(launch, end);
	for (size_t i = 0; i < LAUNCH_FDS && r == 0; i++) {
		if (launch->fds[i] < 0)
			continue;
		if (fcntl(launch->fds[i], F_SETFD, 0) < 0)
			return -errno;
		snprintf(numbers[i], sizeof numbers[i], "%d", launch->fds[i]);
		arguments[count++] = launch_options[i];
		arguments[count++] = numbers[i];
	}
	if (end > FIRST_FD) {
		snprintf(preserved, sizeof preserved, "%d", end - FIRST_FD);
		arguments[count++] = "--preserve-fds";
		arguments[count++] = preserved;
	}
	if (r < 0)
		return r;
	execute_view(launch->program, launch->view, arguments);
	execv(launch->program, (char *const *)arguments);
	return -errno;
}

/* Child: its error comes out of the socket as the supervisor's would. */
_noreturn_ static void run_child(struct launch *launch)
{
	struct spec_message message = { .type = SPEC_MESSAGE_ERROR };
	int r = execute(launch);

	error_errno(&message.error, -r, "cannot execute '%s'", launch->program);
	ignore_result(supervisor_send(launch->fds[LAUNCH_SOCKET], &message, NULL, 0, NULL)); /* there is nobody else to tell */
	_exit(127);
}

/*
 * The child has our memory, and we wait, until it has executed the program or
 * ended: no page is copied. Of what it changes only LAUNCH is ours, who do not
 * look at it again.
 */
__attribute__((noinline)) static int spawn(void *context)
{
	pid_t pid = vfork();

	if (pid == 0)
		run_child(context);
	return pid < 0 ? -errno : 0;
}

/* Whether VIEW shows the program, still: it may have been replaced. */
static bool is_view_of(int view, const char *program)
{
	struct stat ours, theirs;

	return view >= 0 && fstat(view, &ours) == 0 && stat(program, &theirs) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

int supervisor_start(const struct container_record *record, int view, int *ret_socket, struct error *err)
{
	struct launch launch = { .record = record, .view = -EBADF, .fds = { -EBADF, timing_fd(), narration_fd() } };
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	int sockets[2], r = program_find(&program_runtime, launch.program, err);

	if (r == 0 && is_view_of(view, launch.program))
		launch.view = view;
	if (r == 0)
		r = check_preserved(&record->container->host, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_errno(err, errno, "cannot make a pair of sockets");
	ours = sockets[0];
	theirs = launch.fds[LAUNCH_SOCKET] = sockets[1];
	/* It makes links where the networks are; a container of the host's network has that from it. */
	r = str_equal(record->container->host.network_mode, "host") ? spawn(&launch) : home_call(spawn, &launch, err);
	if (r < 0)
		return error_errno(err, -r, "cannot start '%s'", launch.program);
	narrate("vfork(), execve(\"%s\", supervise --bundle %s)", launch.program, record->run_path);
	*ret_socket = TAKE_FD(ours);
	return 0;
}

int supervisor_hand_over(int socket, const struct bundle *bundle, struct error *err)
{
	const struct {
		char letter;
		int fd;
	} parts[] = {
		{ SPEC_HANDOVER_ROOT, bundle->root_fd }, { SPEC_HANDOVER_HOLD, bundle->id_range_fd }, { SPEC_HANDOVER_HOLD, bundle->mapping_fd },
		{ SPEC_HANDOVER_USER, bundle->user_fd }, { SPEC_HANDOVER_NETWORK, bundle->network_fd },
	};
	char text[ARRAY_SIZE(parts) + 2] = { SPEC_HANDOVER_BUNDLE };
	int fds[ARRAY_SIZE(parts)];
	size_t length = 1, count = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].fd < 0)
			continue;
		text[length++] = parts[i].letter;
		fds[count++] = parts[i].fd;
	}
	if (bundle->has_groups)
		text[length++] = SPEC_HANDOVER_GROUPS;
	r = fdpass_send_all(socket, fds, count, text, length);
	if (r == -EPIPE || r == -ECONNRESET)
		return hear_last_words(socket, err);
	return r < 0 ? error_errno(err, -r, "cannot hand the bundle over to the supervisor") : 0;
}

int supervisor_connect(const struct container_record *record, int *ret_socket, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_SUPERVISION_SOCKET, record->run_path);
	int r = fdpass_connect_at(AT_FDCWD, path, SOCK_SEQPACKET, ret_socket);

	if (r == -ENOENT || r == -ECONNREFUSED)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", record->container->name);
	return r < 0 ? error_errno(err, -r, "cannot connect to the supervisor of the container '%s'", record->container->name) : 0;
}

/* ---- talking ---------------------------------------------------------------------------------- */

static int say_gone(struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE, 0, "the supervisor of the container has ended");
}

int supervisor_send(int socket, const struct spec_message *message, const int *fds, size_t count, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = spec_container_refuse_text(spec_message_encode(message, &text), err);

	if (r < 0)
		return r;
	if (text.length > SPEC_SUPERVISION_PACKET || count > SPEC_SUPERVISION_FDS)
		return error_set(err, ERROR_INVALID, 0, "cannot ask the supervisor: a request of %zu bytes and %zu descriptors is too long", text.length, count);
	r = fdpass_send_all(socket, fds, count, text.data, text.length);
	if (r == -EPIPE || r == -ECONNRESET)
		return hear_last_words(socket, err);
	return r < 0 ? error_errno(err, -r, "cannot ask the supervisor") : 0;
}

/* 0 once there is something to receive. */
static int wait_for(int socket, int timeout_ms, struct error *err)
{
	struct pollfd polled = { .fd = socket, .events = POLLIN };
	int64_t end_ms = clock_monotonic_ms() + timeout_ms, rest_ms = timeout_ms;
	int n;

	while ((n = poll(&polled, 1, (int)rest_ms)) < 0 && errno == EINTR && timeout_ms >= 0) {
		rest_ms = end_ms - clock_monotonic_ms();
		if (rest_ms < 0)
			rest_ms = 0;
	}
	if (n < 0 && errno == EINTR)
		return wait_for(socket, timeout_ms, err);
	if (n < 0)
		return error_errno(err, errno, "cannot wait for the supervisor");
	return n == 0 ? error_set(err, ERROR_BUSY, ETIMEDOUT, "cannot hear the supervisor") : 0;
}

/*
 * As recv(2). One that ended with a request of ours unread has its last words in
 * the queue still: the first call tells of the reset (unix(7)), the next has them.
 */
static ssize_t receive_bytes(int socket, void *bytes, size_t length, int flags)
{
	bool was_reset = false;
	ssize_t n;

	for (;;) {
		n = recv(socket, bytes, length, flags);
		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || was_reset)))
			return n;
		was_reset |= errno == ECONNRESET;
	}
}

/* The next packet's bytes, added to TEXT; none at the end of the connection. */
static int receive_packet(int socket, struct buf *text, struct error *err)
{
	ssize_t n;

	/* Its length first: most are short, and memory for the longest is much. Descriptors that come along are dropped by the kernel. */
	n = receive_bytes(socket, NULL, 0, MSG_PEEK | MSG_TRUNC);
	if (n > (ssize_t)SPEC_SUPERVISION_PACKET)
		return error_set(err, ERROR_INVALID, 0, "the supervisor says too much");
	if (n > 0) {
		text->data = memory_new((size_t)n + 1, 1);
		text->capacity = (size_t)n + 1;
		n = receive_bytes(socket, text->data, (size_t)n, 0);
	}
	if (n < 0 && errno != ECONNRESET)
		return error_errno(err, errno, "cannot hear the supervisor");
	text->length = n > 0 ? (size_t)n : 0;
	return 0;
}

int supervisor_receive_any(struct arena *arena, int socket, int timeout_ms, struct spec_message **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = wait_for(socket, timeout_ms, err);

	if (r == 0)
		r = receive_packet(socket, &text, err);
	if (r < 0)
		return r;
	*ret = NULL;
	if (text.length == 0)
		return 0;
	r = spec_message_decode(arena, text.data, text.length, ret, err);
	return r < 0 ? error_wrap(err, "cannot understand the supervisor") : 0;
}

int supervisor_receive(struct arena *arena, int socket, int timeout_ms, struct spec_message **ret, struct error *err)
{
	struct spec_message *message = NULL;
	int r = supervisor_receive_any(arena, socket, timeout_ms, &message, err);

	if (r < 0)
		return r;
	if (message && message->type == SPEC_MESSAGE_ERROR)
		return supervisor_take_error(&message->error, err);
	*ret = message;
	return 0;
}

int supervisor_take_error(const struct error *told, struct error *err)
{
	if (err)
		*err = *told;
	return told->code > 0 ? -told->code : -EINVAL;
}

int supervisor_receive_reply(struct arena *arena, int socket, struct spec_message **ret, struct error *err)
{
	struct spec_message *message = NULL;
	int r;

	do
		r = supervisor_receive(arena, socket, -1, &message, err);
	while (r == 0 && message && message->type != SPEC_MESSAGE_REPLY);
	if (r == 0 && !message)
		r = say_gone(err);
	if (r == 0)
		*ret = message;
	return r;
}

/* It has ended before it heard us: perhaps with an error, which says more. */
static int hear_last_words(int socket, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *message = NULL;
	int r = supervisor_receive(arena, socket, 0, &message, err);

	return r < 0 ? r : say_gone(err);
}

int supervisor_ask(struct arena *arena, int socket, const struct spec_message *request, struct spec_message **ret, struct error *err)
{
	int r = supervisor_send(socket, request, NULL, 0, err);

	return r < 0 ? r : supervisor_receive_reply(arena, socket, ret, err);
}

int supervisor_serves(const struct container_record *record, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int socket = -EBADF;
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_SESSIONS };
	struct spec_message *reply = NULL;
	struct error told = ERROR_INIT;
	int r = supervisor_connect(record, &socket, &told);

	if (r == 0)
		r = supervisor_ask(arena, socket, &request, &reply, &told);
	if (r == 0)
		return 1;
	if (told.kind == ERROR_CONFLICT || told.kind == ERROR_UNAVAILABLE)
		return 0;
	if (err)
		*err = told;
	return r;
}
