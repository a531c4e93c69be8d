/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_agent.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/agent_filter.h"
#include "engine/build_client.h"
#include "engine/conduit.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <fcntl.h>
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
