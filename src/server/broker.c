/* SPDX-License-Identifier: Apache-2.0 */
#include "server/broker.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/program.h"
#include "host/fdpass.h"
#include "server/readers.h"
#include "spec/http_call.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WORKER_LIMIT 4096 /* requests at once */

static const struct program program_http = {
	.name = "bivy-http",
	.variable = "BIVY_HTTP",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "speaks HTTP for bivy-server",
};

struct broker;

/* One bivy-http, and what its clients may do. */
struct front {
	struct broker *broker;
	const struct listen_sockets *sockets; /* that it serves; without any it is not started */
	enum api_permission permission;
	bool has_tls;
	int64_t idle_s;
	int socket; /* to it */
	pid_t pid;
	struct readers readers; /* for its clients' requests alone: they have its permission */
};

enum { FRONT_API, FRONT_METRICS, FRONTS };

struct broker {
	const struct broker_request *request;
	struct front fronts[FRONTS];
	int signals, counts_fd; /* signalfd(2); what they count, memfd_create(2) */
	struct spec_http_counts *counts;
	size_t workers;
	sigset_t old_mask;
	bool ends;
};

/* ---- bivy-http ---------------------------------------------------------------------------------- */

/* Certificates and keys, for one that has them. */
static size_t add_tls(const struct front *front, const char **arguments)
{
	const struct broker_request *request = front->broker->request;
	const char *const tls[][2] = { { "--tlscert", request->tls_certificate }, { "--tlskey", request->tls_key }, { "--tlscacert", request->tls_authority } };
	size_t count = 0;

	for (size_t i = 0; front->has_tls && i < ARRAY_SIZE(tls); i++) {
		if (!tls[i][1])
			continue;
		arguments[count++] = tls[i][0];
		arguments[count++] = tls[i][1];
	}
	return count;
}

/* In the child; what it listens on is open at the same numbers. */
_noreturn_ static void execute_front(const struct front *front, const char *path, int theirs, pid_t parent)
{
	const struct listen_sockets *sockets = front->sockets;
	const struct broker *broker = front->broker;
	char numbers[LISTEN_LIMIT + 3][16];
	const char *arguments[LISTEN_LIMIT + 20] = { path, "serve", "--broker", numbers[0], "--idle-timeout", numbers[1], "--counts", numbers[2] };
	size_t count = 8;

	snprintf(numbers[0], sizeof numbers[0], "%d", theirs);
	snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)front->idle_s);
	snprintf(numbers[2], sizeof numbers[2], "%d", broker->counts_fd);
	if (broker->request->debug)
		arguments[count++] = "--debug";
	count += add_tls(front, arguments + count);
	for (size_t i = 0; i < sockets->count; i++) {
		snprintf(numbers[i + 3], sizeof numbers[i + 3], "%d", sockets->fds[i]);
		arguments[count++] = numbers[i + 3];
		ignore_result(fcntl(sockets->fds[i], F_SETFD, 0)); /* it would say so itself */
	}
	ignore_result(fcntl(theirs, F_SETFD, 0));
	ignore_result(fcntl(broker->counts_fd, F_SETFD, 0));
	sigprocmask(SIG_SETMASK, &broker->old_mask, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
		execv(path, (char *const *)arguments);
	log_error("cannot execute '%s': %s", path, error_words(errno));
	_exit(127);
}

static int start_front(struct front *front, struct error *err)
{
	_cleanup_close_ int theirs = -EBADF;
	char path[PATH_MAX];
	pid_t parent = getpid();
	int pair[2], r = program_find(&program_http, path, err);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	front->socket = pair[0];
	theirs = pair[1];
	front->pid = fork();
	if (front->pid < 0)
		return error_errno(err, errno, "cannot start '%s'", path);
	if (front->pid == 0)
		execute_front(front, path, theirs, parent);
	return 0;
}

static int open_counts(struct broker *broker, struct error *err)
{
	void *memory;

	broker->counts_fd = memfd_create("bivy-http-counts", MFD_CLOEXEC);
	if (broker->counts_fd < 0 || ftruncate(broker->counts_fd, sizeof *broker->counts) < 0)
		return error_errno(err, errno, "cannot make memory for counters");
	memory = mmap(NULL, sizeof *broker->counts, PROT_READ | PROT_WRITE, MAP_SHARED, broker->counts_fd, 0);
	if (memory == MAP_FAILED)
		return error_errno(err, errno, "cannot make memory for counters");
	broker->counts = memory;
	broker->counts->since_ns = clock_wall_ns();
	return 0;
}

/* ---- requests --------------------------------------------------------------------------------------- */

/* In a child: what is the broker's own is not its. */
static void leave(void *context)
{
	const struct broker *broker = context;

	for (size_t i = 0; i < FRONTS; i++) {
		const struct front *front = &broker->fronts[i];

		for (size_t j = 0; j < front->sockets->count; j++)
			close(front->sockets->fds[j]);
		for (size_t j = 0; j < READERS; j++)
			if (front->readers.list[j].socket >= 0)
				close(front->readers.list[j].socket);
		if (front->socket >= 0)
			close(front->socket);
	}
	close(broker->counts_fd);
	close(broker->signals);
	sigprocmask(SIG_SETMASK, &broker->old_mask, NULL);
}

/* A process for one request, and then its end. */
static void start_worker(struct broker *broker, const struct api_work *work)
{
	pid_t pid;

	/* Whoever asked finds the call closed, and answers that. */
	if (broker->workers >= WORKER_LIMIT) {
		log_warning("a request is refused: %d are the most at once", WORKER_LIMIT);
		return;
	}
	pid = fork();
	if (pid == 0) {
		leave(broker);
		api_work(work);
		_exit(0);
	}
	if (pid < 0)
		log_warning("a request is refused: cannot start a process: %s", error_words(errno));
	else
		broker->workers++;
}

static int take_request(struct front *front, struct error *err)
{
	static char packet[SPEC_HTTP_REQUEST_LIMIT];
	_cleanup_close_ int socket = -EBADF;
	struct broker *broker = front->broker;
	struct api_work work = { .directories = broker->request->directories, .permission = front->permission, .packet = packet, .http = broker->counts };
	int r = fdpass_receive_data(front->socket, packet, sizeof packet, &work.length, &socket);

	if (r == -EPIPE || r == -ECONNRESET)
		return 0; /* it has ended, which its parent is told */
	if (r < 0)
		return error_errno(err, -r, "cannot read what bivy-http asks for");
	work.socket = socket;
	if (!api_is_short(packet, work.length) || readers_give(&front->readers, &work) < 0)
		start_worker(broker, &work);
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

static int judge_front(struct front *front, int status, struct error *err)
{
	close_and_forget(&front->socket);
	front->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		front->broker->ends = true; /* it was idle long enough */
		return 0;
	}
	if (WIFEXITED(status))
		return error_set(err, ERROR_INTERNAL, 0, "bivy-http ended with status %d", WEXITSTATUS(status));
	log_error("bivy-http was ended by signal %d and is started again", WTERMSIG(status));
	return start_front(front, err);
}

static int reap_one(struct broker *broker, pid_t pid, int status, struct error *err)
{
	for (size_t i = 0; i < FRONTS; i++) {
		if (pid == broker->fronts[i].pid)
			return judge_front(&broker->fronts[i], status, err);
		if (readers_reap(&broker->fronts[i].readers, pid))
			return 0;
	}
	if (broker->workers > 0)
		broker->workers--;
	return 0;
}

static int reap(struct broker *broker, struct error *err)
{
	int status, r = 0;
	pid_t pid;

	while (r == 0 && ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)))
		r = reap_one(broker, pid, status, err);
	return r;
}

static int take_signal(struct broker *broker, struct error *err)
{
	struct signalfd_siginfo info;

	if (read(broker->signals, &info, sizeof info) != sizeof info)
		return 0;
	if (info.ssi_signo == SIGCHLD)
		return reap(broker, err);
	broker->ends = true;
	return 0;
}

/* What is waited for of a front, and of all. */
enum { FRONT_POLL, FRONT_POLL_READERS, FRONT_POLLS = FRONT_POLL_READERS + READERS };
enum { POLL_SIGNALS, POLL_FRONTS, POLLS = POLL_FRONTS + FRONTS * FRONT_POLLS };

static int take_front(struct front *front, const struct pollfd *polls, struct error *err)
{
	readers_take(&front->readers, &polls[FRONT_POLL_READERS]);
	if (front->socket != polls[FRONT_POLL].fd || !polls[FRONT_POLL].revents)
		return 0;
	if (polls[FRONT_POLL].revents & POLLIN)
		return take_request(front, err);
	close_and_forget(&front->socket); /* SIGCHLD says the rest */
	return 0;
}

static int take_events(struct broker *broker, const struct pollfd *polls, struct error *err)
{
	int r = polls[POLL_SIGNALS].revents ? take_signal(broker, err) : 0;

	for (size_t i = 0; r == 0 && i < FRONTS; i++)
		r = take_front(&broker->fronts[i], &polls[POLL_FRONTS + i * FRONT_POLLS], err);
	return r;
}

/* How long nothing has to be done by itself, in ms; -1: forever. */
static int next_timeout(struct broker *broker)
{
	int next_ms = -1;

	for (size_t i = 0; i < FRONTS; i++) {
		int ms = readers_expire(&broker->fronts[i].readers);

		if (ms >= 0 && (next_ms < 0 || ms < next_ms))
			next_ms = ms;
	}
	return next_ms;
}

static int loop(struct broker *broker, struct error *err)
{
	int r = 0;

	while (r == 0 && !broker->ends) {
		struct pollfd polls[POLLS] = { [POLL_SIGNALS] = { .fd = broker->signals, .events = POLLIN } };
		int timeout_ms = next_timeout(broker);

		for (size_t i = 0; i < FRONTS; i++) {
			struct pollfd *own = &polls[POLL_FRONTS + i * FRONT_POLLS];

			own[FRONT_POLL] = (struct pollfd){ .fd = broker->fronts[i].socket, .events = POLLIN };
			readers_poll(&broker->fronts[i].readers, &own[FRONT_POLL_READERS]);
		}
		if (poll(polls, POLLS, timeout_ms) >= 0)
			r = take_events(broker, polls, err);
		else if (errno != EINTR)
			r = error_errno(err, errno, "cannot wait for requests");
	}
	return r;
}

static int open_signals(struct broker *broker, struct error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, &broker->old_mask);
	broker->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return broker->signals < 0 ? error_errno(err, errno, "cannot wait for signals") : 0;
}

static struct front make_front(struct broker *broker, const struct listen_sockets *sockets, enum api_permission permission)
{
	struct front front = { .broker = broker, .sockets = sockets, .permission = permission, .socket = -EBADF, .readers = READERS_INIT };

	front.readers.leave = leave;
	front.readers.context = broker;
	return front;
}

int broker_run(const struct broker_request *request, struct error *err)
{
	struct broker broker = { .request = request, .signals = -EBADF, .counts_fd = -EBADF };
	int r = open_signals(&broker, err);

	broker.fronts[FRONT_API] = make_front(&broker, request->sockets, request->permission);
	broker.fronts[FRONT_API].has_tls = true;
	broker.fronts[FRONT_API].idle_s = request->idle_s;
	broker.fronts[FRONT_METRICS] = make_front(&broker, request->metrics, API_METRICS);
	if (r == 0)
		r = open_counts(&broker, err);
	for (size_t i = 0; r == 0 && i < FRONTS; i++)
		if (broker.fronts[i].sockets->count > 0)
			r = start_front(&broker.fronts[i], err);
	if (r == 0)
		r = loop(&broker, err);
	for (size_t i = 0; i < FRONTS; i++) {
		readers_end(&broker.fronts[i].readers);
		close_and_forget(&broker.fronts[i].socket); /* for bivy-http the end, too */
	}
	close_and_forget(&broker.signals);
	close_and_forget(&broker.counts_fd);
	return r;
}
