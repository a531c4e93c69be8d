/* SPDX-License-Identifier: Apache-2.0 */
#include "server/broker.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/program.h"
#include "host/fdpass.h"
#include "server/readers.h"
#include "spec/http_call.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

struct broker {
	const struct broker_request *request;
	int front, signals; /* the socket to bivy-http; signalfd(2) */
	pid_t front_pid;
	size_t workers;
	struct readers readers;
	sigset_t old_mask;
	bool ends;
};

/* ---- bivy-http ---------------------------------------------------------------------------------- */

/* In the child; what it listens on is open at the same numbers. */
_noreturn_ static void execute_front(const struct broker *broker, const char *path, int theirs, pid_t parent)
{
	const struct listen_sockets *sockets = broker->request->sockets;
	char numbers[LISTEN_LIMIT + 2][16];
	const char *const tls[][2] = { { "--tlscert", broker->request->tls_certificate }, { "--tlskey", broker->request->tls_key },
				       { "--tlscacert", broker->request->tls_authority } };
	const char *arguments[LISTEN_LIMIT + 16] = { path, "serve", "--broker", numbers[0], "--idle-timeout", numbers[1] };
	size_t count = 6;

	snprintf(numbers[0], sizeof numbers[0], "%d", theirs);
	snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)broker->request->idle_s);
	if (broker->request->debug)
		arguments[count++] = "--debug";
	for (size_t i = 0; i < ARRAY_SIZE(tls); i++) {
		if (!tls[i][1])
			continue;
		arguments[count++] = tls[i][0];
		arguments[count++] = tls[i][1];
	}
	for (size_t i = 0; i < sockets->count; i++) {
		snprintf(numbers[i + 2], sizeof numbers[i + 2], "%d", sockets->fds[i]);
		arguments[count++] = numbers[i + 2];
		ignore_result(fcntl(sockets->fds[i], F_SETFD, 0)); /* it would say so itself */
	}
	ignore_result(fcntl(theirs, F_SETFD, 0));
	sigprocmask(SIG_SETMASK, &broker->old_mask, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
		execv(path, (char *const *)arguments);
	log_error("cannot execute '%s': %s", path, error_words(errno));
	_exit(127);
}

static int start_front(struct broker *broker, struct error *err)
{
	_cleanup_close_ int theirs = -EBADF;
	char path[PATH_MAX];
	pid_t parent = getpid();
	int pair[2], r = program_find(&program_http, path, err);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	broker->front = pair[0];
	theirs = pair[1];
	broker->front_pid = fork();
	if (broker->front_pid < 0)
		return error_errno(err, errno, "cannot start '%s'", path);
	if (broker->front_pid == 0)
		execute_front(broker, path, theirs, parent);
	return 0;
}

/* ---- requests --------------------------------------------------------------------------------------- */

/* In a child: what is the broker's own is not its. */
static void leave(void *context)
{
	const struct broker *broker = context;

	for (size_t i = 0; i < broker->request->sockets->count; i++)
		close(broker->request->sockets->fds[i]);
	close(broker->front);
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
		readers_end(&broker->readers);
		api_work(work);
		_exit(0);
	}
	if (pid < 0)
		log_warning("a request is refused: cannot start a process: %s", error_words(errno));
	else
		broker->workers++;
}

static int take_request(struct broker *broker, struct error *err)
{
	static char packet[SPEC_HTTP_REQUEST_LIMIT];
	_cleanup_close_ int socket = -EBADF;
	struct api_work work = { .directories = broker->request->directories, .permission = broker->request->permission, .packet = packet };
	int r = fdpass_receive_data(broker->front, packet, sizeof packet, &work.length, &socket);

	if (r == -EPIPE || r == -ECONNRESET)
		return 0; /* it has ended, which its parent is told */
	if (r < 0)
		return error_errno(err, -r, "cannot read what bivy-http asks for");
	work.socket = socket;
	if (!api_is_short(packet, work.length) || readers_give(&broker->readers, &work) < 0)
		start_worker(broker, &work);
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

static int judge_front(struct broker *broker, int status, struct error *err)
{
	close_and_forget(&broker->front);
	broker->front_pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		broker->ends = true; /* it was idle long enough */
		return 0;
	}
	if (WIFEXITED(status))
		return error_set(err, ERROR_INTERNAL, 0, "bivy-http ended with status %d", WEXITSTATUS(status));
	log_error("bivy-http was ended by signal %d and is started again", WTERMSIG(status));
	return start_front(broker, err);
}

static int reap(struct broker *broker, struct error *err)
{
	int status, r = 0;
	pid_t pid;

	while (r == 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == broker->front_pid)
			r = judge_front(broker, status, err);
		else if (!readers_reap(&broker->readers, pid) && broker->workers > 0)
			broker->workers--;
	}
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

enum { POLL_SIGNALS, POLL_FRONT, POLL_READERS, POLLS = POLL_READERS + READERS };

static int take_events(struct broker *broker, const struct pollfd *polls, struct error *err)
{
	int r = polls[POLL_SIGNALS].revents ? take_signal(broker, err) : 0;

	readers_take(&broker->readers, &polls[POLL_READERS]);
	if (r < 0 || broker->front != polls[POLL_FRONT].fd || !polls[POLL_FRONT].revents)
		return r;
	if (polls[POLL_FRONT].revents & POLLIN)
		return take_request(broker, err);
	close_and_forget(&broker->front); /* SIGCHLD says the rest */
	return 0;
}

static int loop(struct broker *broker, struct error *err)
{
	int r = 0;

	while (r == 0 && !broker->ends) {
		struct pollfd polls[POLLS] = { [POLL_SIGNALS] = { .fd = broker->signals, .events = POLLIN },
					       [POLL_FRONT] = { .fd = broker->front, .events = POLLIN } };

		readers_poll(&broker->readers, &polls[POLL_READERS]);
		if (poll(polls, POLLS, readers_expire(&broker->readers)) >= 0)
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

int broker_run(const struct broker_request *request, struct error *err)
{
	struct broker broker = { .request = request, .front = -EBADF, .signals = -EBADF, .readers = READERS_INIT };
	int r = open_signals(&broker, err);

	broker.readers.leave = leave;
	broker.readers.context = &broker;

	if (r == 0)
		r = start_front(&broker, err);
	if (r == 0)
		r = loop(&broker, err);
	readers_end(&broker.readers);
	close_and_forget(&broker.front); /* for bivy-http the end, too */
	close_and_forget(&broker.signals);
	return r;
}
