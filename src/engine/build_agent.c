/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_agent.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/agent_filter.h"
#include "engine/build_client.h"
#include "engine/client_session.h"
#include "engine/conduit.h"
#include "host/fdpass.h"
#include "host/landlock.h"
#include "host/relinquish.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define CONNECTIONS 64 /* at a time; more wait */

enum { TO_AGENT, TO_STEP, WAYS };

struct connection {
	bool is_open;
	int step, agent;
	struct agent_filter filter;
	struct conduit ways[WAYS];
};

struct relay {
	const struct build_agent *agent;
	int listening, life;
	struct connection list[CONNECTIONS];
};

/* ---- connections ----------------------------------------------------------------------- */

static int connect_to(const struct build_agent *agent)
{
	int fd, r = agent->client ? build_client_connect_agent(agent->client, agent->id, &fd, NULL) : fdpass_connect(agent->path, &fd);

	if (r == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		r = -errno;
		close(fd);
	}
	return r < 0 ? r : fd;
}

static struct connection *find_place(struct relay *relay)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (!relay->list[i].is_open)
			return &relay->list[i];
	return NULL;
}

static void filter_request(void *filter, char *bytes, size_t length)
{
	agent_filter_pass(filter, bytes, length);
}

/* Without an agent that answers the step finds its connection closed. */
static void take_connection(struct relay *relay)
{
	struct connection *connection = find_place(relay);
	_cleanup_close_ int step = accept4(relay->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int agent = step < 0 ? -EBADF : connect_to(relay->agent);

	if (agent < 0)
		return;
	*connection = (struct connection){ .is_open = true, .step = TAKE_FD(step), .agent = agent };
	conduit_open(&connection->ways[TO_AGENT], connection->step, connection->agent, NULL);
	connection->ways[TO_AGENT].look = filter_request;
	connection->ways[TO_AGENT].look_context = &connection->filter;
	conduit_open(&connection->ways[TO_STEP], connection->agent, connection->step, NULL);
}

static void close_connection(struct connection *connection)
{
	for (size_t i = 0; i < WAYS; i++)
		conduit_close(&connection->ways[i]);
	close(connection->step);
	close(connection->agent);
	connection->is_open = false;
}

static void move(struct connection *connection, size_t way, const struct pollfd polls[static 2])
{
	struct conduit *conduit = &connection->ways[way];
	int to = conduit->to;
	enum conduit_outcome outcome;

	if (!connection->is_open || !conduit_is_ready(conduit, polls))
		return;
	outcome = conduit_move(conduit, polls);
	if (outcome == CONDUIT_GOES_ON)
		return;
	conduit_close(conduit);
	shutdown(to, SHUT_WR);
	if (outcome == CONDUIT_BROKEN || !connection->ways[!way].is_open)
		close_connection(connection);
}

/* ---- what it gives up --------------------------------------------------------------------- */

/* Sockets and descriptors that are open, those that it accepts, and the way to an agent: a name (client_session.h makes directories that are
 * there), a client's process for each connection. */
static char *const calls[] = {
	"read", "readv", "write", "writev", "close", "fcntl", "fcntl64", "fstat", "fstat64", "newfstatat", "fstatat64", "poll", "ppoll", "ppoll_time64",
	"accept", "accept4", "connect", "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "shutdown", "getsockopt", "open", "openat", "mkdir",
	"mkdirat", "fork", "wait4", "waitid", "set_robust_list", "rseq", "gettid", "getpid", "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect",
	"madvise", "futex", "futex_time64", "clock_gettime", "clock_gettime64", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "restart_syscall", "exit",
	"exit_group", NULL
};

static char *const socket_calls[] = { "socket", "socketpair", NULL };
static char *const clone_call[] = { "clone", NULL };

/* s390's clone(2) has the stack first. */
#ifdef __s390__
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

static const struct seccomp_condition is_unix = { 0, SECCOMP_IS_EQ, AF_UNIX, 0 };
static const struct seccomp_condition is_fork = { CLONE_FLAGS_ARGUMENT, SECCOMP_IS_MASKED_EQ, 0,
	~(uint64_t)(CSIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) };

static void note(const char *what, int result)
{
	if (result < 0)
		log_debug("cannot restrict %s: %s, going on", what, error_words(-result));
}

/* Nothing is written; what is read is where clients' sockets are. */
static int restrict_files(const struct build_agent *agent)
{
	_cleanup_free_ char *path = agent->client ? str_printf("%s/" CLIENT_SESSIONS, agent->client->directories->run_root) : NULL;
	_cleanup_close_ int fd = path ? open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -EBADF;

	return landlock_restrict(&(const struct landlock_rules){ .restricts_reading = true, .readable = &fd, .readable_count = fd >= 0 });
}

/* Steps are containers: what they ask is decoded here. Of capabilities that to connect to a socket of another user's is left. */
static void confine(const struct build_agent *agent)
{
	static const struct seccomp_rule rules[] = {
		{ calls, SECCOMP_RET_ALLOW, NULL, 0 },
		{ socket_calls, SECCOMP_RET_ALLOW, &is_unix, 1 },
		{ clone_call, SECCOMP_RET_ALLOW, &is_fork, 1 },
	};

	note("capabilities", relinquish_capabilities((uint64_t)1 << CAP_DAC_OVERRIDE));
	note("privileges", relinquish_privileges());
	note("files", restrict_files(agent));
	note("system calls", relinquish_calls(rules, ARRAY_SIZE(rules)));
}

/* ---- the process ------------------------------------------------------------------------- */

/* One round; false: nobody needs us any more. */
static bool serve(struct relay *relay)
{
	struct pollfd polls[2 + CONNECTIONS * WAYS * 2];

	polls[0] = (struct pollfd){ .fd = relay->life };
	polls[1] = (struct pollfd){ .fd = find_place(relay) ? relay->listening : -1, .events = POLLIN };
	for (size_t i = 0; i < CONNECTIONS * WAYS; i++)
		conduit_poll(&relay->list[i / WAYS].ways[i % WAYS], &polls[2 + 2 * i]);
	if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
		return errno == EINTR;
	if (polls[0].revents)
		return false;
	for (size_t i = 0; i < CONNECTIONS * WAYS; i++)
		move(&relay->list[i / WAYS], i % WAYS, &polls[2 + 2 * i]);
	if (polls[1].revents)
		take_connection(relay);
	return true;
}

/* Nothing else of the step's process, such as its output and its locks, may be held open. */
_noreturn_ static void be_relay(const struct build_agent *agent, int listening, int life)
{
	struct relay *relay;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		_exit(EXIT_FAILURE);
	/* The higher numbers first, so that none is put over one that is still to be moved. */
	listening = fcntl(listening, F_DUPFD_CLOEXEC, 10);
	life = fcntl(life, F_DUPFD_CLOEXEC, 10);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		ignore_result(dup2(null_fd, fd));
	if (listening < 0 || life < 0 || dup2(listening, 3) < 0 || dup2(life, 4) < 0 || sys_close_range(5, ~0U, 0) < 0)
		_exit(EXIT_FAILURE);
	signal(SIGPIPE, SIG_IGN);
	relay = memory_new(1, sizeof *relay);
	*relay = (struct relay){ .agent = agent, .listening = 3, .life = 4 };
	confine(agent);
	while (serve(relay))
		;
	_exit(0);
}

/* ---- starting it --------------------------------------------------------------------------- */

static int check_agent(const struct build_agent *agent, struct error *err)
{
	struct stat st;

	if (agent->client)
		return 0;
	if (stat(agent->path, &st) < 0)
		return error_errno(err, errno, "--ssh %s: cannot use '%s'", agent->id, agent->path);
	if (S_ISSOCK(st.st_mode))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "--ssh %s: '%s' is not the socket of an agent", agent->id, agent->path);
}

static int listen_at(const struct build_agent *agent, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	int r = fdpass_bind_at(AT_FDCWD, name, SOCK_STREAM, &fd);

	if (r == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0 && (chown(name, agent->uid, agent->gid) < 0 || chmod(name, agent->mode) < 0))
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

int build_agent_start(const struct build_agent *agent, const char *name, pid_t *ret_pid, int *ret_life, struct error *err)
{
	_cleanup_close_ int listening = -EBADF, theirs = -EBADF, ours = -EBADF;
	int life[2], r = check_agent(agent, err);
	pid_t pid;

	if (r < 0)
		return r;
	listening = listen_at(agent, name);
	if (listening < 0)
		return error_errno(err, -listening, "--ssh %s: cannot make the socket of a step", agent->id);
	if (pipe2(life, O_CLOEXEC) < 0)
		return error_errno(err, errno, "--ssh %s: cannot make a pipe", agent->id);
	theirs = life[0];
	ours = life[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "--ssh %s: cannot make a process", agent->id);
	if (pid == 0)
		be_relay(agent, listening, theirs);
	*ret_pid = pid;
	*ret_life = TAKE_FD(ours);
	return 0;
}
