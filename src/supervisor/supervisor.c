/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a supervisor:
 *
 *   1. supervise.json is read, the lock taken, the socket bound
 *   2. rounds of the loop: clients, signals, streams, moments
 *   3. the container has ended for good: the last state is in the record, what
 *      the runtime made is removed, the socket and the lock are gone
 *   4. who waits for that is told; the one that cleans up does so
 *   5. the exit command, if it did not
 *
 * A supervisor that is killed leaves a lock that nobody holds, which tells
 * everybody else that the rest is to be swept.
 */
#include "supervisor/supervisor.h"
#include "base/file.h"
#include "base/log.h"
#include "host/fdpass.h"
#include "runtime/supervise.h"
#include "supervisor/clients.h"
#include "supervisor/life.h"
#include "supervisor/membership.h"
#include "supervisor/notes.h"
#include "supervisor/packets.h"
#include "supervisor/sessions.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- 1. opening --------------------------------------------------------------------- */

static void init(struct keeper *keeper, const struct supervisor_request *request)
{
	*keeper = (struct keeper){
		.request = request,
		.runtime = { .rootless = request->rootless },
		.arena = arena_new(),
		.first = { .pidfd = -EBADF, .terminal = -EBADF, .slave = -EBADF, .in = -EBADF, .root_fd = -EBADF,
			   .out = FLOW_INIT, .err = FLOW_INIT, .memory = { .fd = -EBADF } },
		.learner = LEARNER_NONE,
		.bundle_fd = -EBADF, .lock_fd = -EBADF, .listen_fd = -EBADF, .signal_fd = -EBADF, .null_fd = -EBADF,
		.root_fd = request->root_fd,
		.kill_at_ns = LOOP_NEVER, .timeout_at_ns = LOOP_NEVER, .restart_at_ns = LOOP_NEVER, .trim_at_ns = LOOP_NEVER,
		.give_up_at_ns = LOOP_NEVER,
	};
}

static int read_document(struct keeper *keeper, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, SPEC_SUPERVISION_LIMIT, &text);

	if (r == 0 && fstatat(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, &keeper->document, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_DOCUMENT);
	r = spec_supervision_decode(keeper->arena, text.data, text.length, &keeper->what, err);
	if (r < 0)
		return error_wrap(err, "invalid '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_DOCUMENT);
	keeper->runtime.root = keeper->what->runtime_root;
	return 0;
}

static int take_lock(struct keeper *keeper, struct error *err)
{
	keeper->lock_fd = openat(keeper->bundle_fd, SPEC_SUPERVISION_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (keeper->lock_fd < 0)
		return error_errno(err, errno, "cannot open '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_LOCK);
	if (flock(keeper->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_CONFLICT, 0, "container '%s' has a supervisor already", keeper_name(keeper));
		return error_errno(err, errno, "cannot lock '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_LOCK);
	}
	return 0;
}

static int bind_socket(struct keeper *keeper, struct error *err)
{
	int r;

	if (unlinkat(keeper->bundle_fd, SPEC_SUPERVISION_SOCKET, 0) < 0 && errno != ENOENT)
		return error_errno(err, errno, "cannot remove '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_SOCKET);
	r = fdpass_bind_at(keeper->bundle_fd, SPEC_SUPERVISION_SOCKET, SOCK_SEQPACKET, &keeper->listen_fd);
	if (r < 0)
		return error_errno(err, -r, "cannot make the socket '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_SOCKET);
	ignore_result(fcntl(keeper->listen_fd, F_SETFL, O_NONBLOCK)); /* cannot fail for a descriptor that is open */
	return 0;
}

static int open_signals(struct keeper *keeper, struct error *err)
{
	sigset_t blocked;

	supervise_block_signals(NULL);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	keeper->signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper->signal_fd < 0)
		return error_errno(err, errno, "cannot make a signalfd");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become the subreaper");
	return 0;
}

static void fill_state(struct keeper *keeper)
{
	const struct spec_supervision *what = keeper->what;
	_cleanup_buf_ struct buf boot_id = BUF_INIT;

	if (file_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id) == 0)
		keeper->boot_id = str_dup(str_trim_end(boot_id.data));
	keeper->state = (struct spec_container_state){
		.status = SPEC_CONTAINER_STARTING,
		.supervisor_pid = getpid(),
		.restart_count = what->restart_count,
		.boot_id = keeper->boot_id,
		.id_base = what->id_base,
		.id_size = what->id_size,
	};
}

/* What a supervisor that was killed has left, its processes too: nobody else could be it, we have the lock. */
static int sweep(const struct keeper *keeper, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/%s", keeper->runtime.root, keeper->what->id);

	return access(path, F_OK) < 0 ? 0 : runtime_delete(&keeper->runtime, keeper->what->id, DELETE_FORCE, err);
}

static void make_health(struct keeper *keeper)
{
	const struct spec_supervision *what = keeper->what;
	struct health_config config = {
		.check = what->health_check,
		.startup_check = what->startup_check,
		.shell = what->shell,
		.startup_successes = what->startup_successes,
		.on_failure = what->health_on_failure,
	};

	if (what->health_check || what->startup_check)
		keeper->health = health_new(&config);
}

static int open_all(struct keeper *keeper, struct error *err)
{
	int r;

	keeper->bundle_fd = openat(AT_FDCWD, keeper->request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (keeper->bundle_fd < 0)
		return error_errno(err, errno, "cannot use bundle '%s'", keeper->request->bundle);
	keeper->null_fd = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	if (keeper->null_fd < 0)
		return error_errno(err, errno, "cannot open '/dev/null'");
	/* Neither the container's process nor what it starts is to hear of whoever started us. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	r = read_document(keeper, err);
	if (r == 0)
		r = take_lock(keeper, err);
	if (r == 0)
		r = sweep(keeper, err);
	if (r == 0)
		r = open_signals(keeper, err);
	if (r == 0)
		r = bind_socket(keeper, err);
	if (r < 0)
		return r;
	make_health(keeper);
	fill_state(keeper);
	notes_write_state(keeper);
	return 0;
}

/* ---- 2. rounds -------------------------------------------------------------------------- */

/* All that its processes ask fails from now on. */
static void end_unheard(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	if (keeper_is_running(keeper) && life_signal(keeper, SIGKILL, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

static void reap(struct keeper *keeper)
{
	int status;
	pid_t pid;

	/* Who is whose child must be known first. */
	sessions_take_started(keeper);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->first.pid && !keeper->first.has_ended)
			life_take_end(keeper, status);
		else if (learner_take_end(&keeper->learner, pid, status))
			end_unheard(keeper);
		else
			sessions_take_end(keeper, pid, status); /* or a starter, or an orphan: reaping is all it takes */
	}
}

/* The host ends, and its containers with it; whoever starts them again sees that it was not a person's wish. */
static void stop_for_host(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	keeper->host_stops = true;
	keeper->restarts_next = false;
	if (life_stop(keeper, 0, -2, &err) < 0)
		keeper->is_over = !keeper->first.pid;
}

static void take_signals(void *context, short events _unused_)
{
	struct keeper *keeper = context;
	struct signalfd_siginfo signal;

	while (read(keeper->signal_fd, &signal, sizeof signal) == sizeof signal) {
		if (signal.ssi_signo == SIGCHLD)
			reap(keeper);
		else if (signal.ssi_signo == SIGTERM)
			stop_for_host(keeper);
	}
}

/*
 * Only our own user and root get at the socket, unless a directory above it was
 * given to a container: through that its users reach what is theirs by the
 * mapping of the mount, but they are still others (unix(7), SO_PEERCRED).
 */
static bool may_ask(int socket)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t length = sizeof peer;

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static void accept_clients(void *context, short events _unused_)
{
	struct keeper *keeper = context;
	int socket;

	while ((socket = accept4(keeper->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (may_ask(socket))
			clients_add(keeper, socket, false);
		else
			close_and_forget(&socket);
	}
}

/* One that comes of this very writing waits for the next one. */
static void tell_warnings(struct keeper *keeper)
{
	if (keeper->warnings.has_news)
		notes_write_state(keeper);
	keeper->warnings.has_news = false;
}

static int run_rounds(struct keeper *keeper, struct error *err)
{
	int r = 0;

	while (!keeper->is_over) {
		loop_begin(&keeper->loop);
		loop_watch(&keeper->loop, keeper->signal_fd, POLLIN, take_signals, keeper);
		loop_watch(&keeper->loop, keeper->listen_fd, POLLIN, accept_clients, keeper);
		clients_watch(keeper);
		sessions_watch(keeper);
		life_watch(keeper);
		r = loop_run(&keeper->loop);
		if (r < 0)
			return error_errno(err, -r, "cannot wait for container '%s'", keeper_name(keeper));
		sessions_step(keeper);
		life_step(keeper);
		clients_step(keeper);
		tell_warnings(keeper);
	}
	return 0;
}

/* ---- 3. to 5. the end ------------------------------------------------------------------------- */

static void close_shop(struct keeper *keeper)
{
	bool is_cleaned = keeper->what->exit_command && clients_is_cleaning(keeper); /* or the command does it, when the client is gone */

	keeper->state.supervisor_pid = 0;
	/* Whoever removes the record next has no use for it. */
	if (keeper->was_started && !is_cleaned)
		notes_write_record(keeper);
	keeper->log = log_close(keeper->log);
	if (keeper->was_started)
		membership_release(keeper, is_cleaned); /* while the lock says that the addresses are in use */
	ignore_result(unlinkat(keeper->bundle_fd, SPEC_SUPERVISION_SOCKET, 0)); /* the bundle may have been removed by force */
	close_and_forget(&keeper->listen_fd);
	/* Who starts it again, or removes it, waits for the lock. */
	close_and_forget(&keeper->first.root_fd);
	close_and_forget(&keeper->lock_fd);
}

static void drop_idle_clients(struct keeper *keeper)
{
	for (struct client **slot = &keeper->clients, *client; (client = *slot);) {
		if (client->cleans) {
			slot = &client->next;
			continue;
		}
		*slot = client->next;
		flow_close(&client->in);
		close(client->socket);
		free(client);
	}
}

/* Its closing says that it is done, or dead. */
static void wait_for_cleaner(struct keeper *keeper)
{
	while (clients_is_cleaning(keeper)) {
		loop_begin(&keeper->loop);
		clients_watch(keeper);
		if (loop_run(&keeper->loop) < 0)
			return;
		clients_step(keeper);
	}
}

/* Only returns if there is nothing to execute. */
static int execute_exit_command(const struct spec_supervision *what, struct error *err)
{
	sigset_t none;

	if (!what->exit_command || access(what->record, F_OK) < 0)
		return 0;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(what->exit_command[0], what->exit_command);
	return error_errno(err, errno, "cannot execute '%s'", what->exit_command[0]);
}

static void done(struct keeper *keeper)
{
	clients_done(keeper);
	sessions_done(keeper);
	life_done(keeper);
	keeper->log = log_close(keeper->log);
	keeper->health = health_free(keeper->health);
	loop_done(&keeper->loop);
	close_and_forget(&keeper->bundle_fd);
	close_and_forget(&keeper->lock_fd);
	close_and_forget(&keeper->listen_fd);
	close_and_forget(&keeper->signal_fd);
	close_and_forget(&keeper->null_fd);
	close_and_forget(&keeper->root_fd);
	warnings_done(&keeper->warnings);
	free(keeper->boot_id);
	free(keeper->new_name);
	arena_free(keeper->checks);
	arena_free(keeper->arena);
}

static int run(struct keeper *keeper, struct error *err)
{
	int r = open_all(keeper, err);

	clients_add(keeper, keeper->request->socket, true);
	if (r < 0) {
		clients_send_error(keeper->clients, err);
		return r;
	}
	r = run_rounds(keeper, err);
	close_shop(keeper);
	clients_hear_last(keeper);
	clients_tell_gone(keeper);
	drop_idle_clients(keeper);
	membership_finish(keeper);
	wait_for_cleaner(keeper);
	membership_leave(keeper);
	return r == 0 ? execute_exit_command(keeper->what, err) : r;
}

int supervisor_run(const struct supervisor_request *request, struct error *err)
{
	struct keeper keeper;
	int r;

	init(&keeper, request);
	warnings_collect(&keeper.warnings);
	r = run(&keeper, err);
	warnings_collect(NULL);
	done(&keeper);
	return r;
}
