/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a supervisor:
 *
 *   1. supervise.json is read, the lock taken, the socket bound
 *   2. it becomes two: the maker, with its id and its privileges (maker.h), and
 *      the keeper, its child, which has all that comes below
 *   3. rounds of the loop: clients, notices, streams, moments
 *   4. the container has ended for good: the last state is in the record, what
 *      the runtime made is removed, the socket and the lock are gone
 *   5. who waits for that is told; the one that cleans up does so
 *   6. the exit command, if it did not, in the maker's place
 *
 * A supervisor that is killed leaves a lock that nobody holds, which tells
 * everybody else that the rest is to be swept.
 */
#include "supervisor/supervisor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/narration.h"
#include "base/timing.h"
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/supervise.h"
#include "supervisor/clients.h"
#include "supervisor/deeds.h"
#include "supervisor/life.h"
#include "supervisor/life_start.h"
#include "supervisor/maker.h"
#include "supervisor/membership.h"
#include "supervisor/notes.h"
#include "supervisor/notices.h"
#include "supervisor/packets.h"
#include "supervisor/sessions.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

/* ---- 1. opening --------------------------------------------------------------------- */

/* What both halves have in common until they part. */
struct supervisor {
	struct maker maker;
	struct keeper keeper;
};

static void init(struct supervisor *supervisor, const struct supervisor_request *request)
{
	supervisor->maker = (struct maker){
		.request = request,
		.runtime = { .rootless = request->rootless },
		.bundle_fd = -EBADF, .lock_fd = -EBADF, .signal_fd = -EBADF, .null_fd = -EBADF,
		.root_fd = request->root_fd,
		.namespaces = { request->user_fd, request->network_fd },
		.deeds = -EBADF, .notices = -EBADF, .pidfd = -EBADF, .mount_fd = -EBADF, .memory = { .fd = -EBADF },
		.learner = LEARNER_NONE,
	};
	supervisor->keeper = (struct keeper){
		.request = request,
		.arena = arena_new(),
		.first = { .terminal = -EBADF, .slave = -EBADF, .in = -EBADF, .out = FLOW_INIT, .err = FLOW_INIT },
		.bundle_fd = -EBADF, .listen_fd = -EBADF, .deeds = -EBADF, .notices = -EBADF,
		.kill_at_ns = LOOP_NEVER, .timeout_at_ns = LOOP_NEVER, .restart_at_ns = LOOP_NEVER, .trim_at_ns = LOOP_NEVER,
		.give_up_at_ns = LOOP_NEVER,
	};
}

static int read_document(struct supervisor *supervisor, struct error *err)
{
	struct keeper *keeper = &supervisor->keeper;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, SPEC_SUPERVISION_LIMIT, &text);

	if (r == 0 && fstatat(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, &keeper->document, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_DOCUMENT);
	r = spec_supervision_decode(keeper->arena, text.data, text.length, &keeper->what, err);
	if (r < 0)
		return error_wrap(err, "invalid '%s/%s'", keeper->request->bundle, SPEC_SUPERVISION_DOCUMENT);
	supervisor->maker.what = keeper->what;
	supervisor->maker.name = str_dup(keeper_name(keeper));
	supervisor->maker.runtime.root = keeper->what->runtime_root;
	return 0;
}

static int take_lock(struct maker *maker, struct error *err)
{
	maker->lock_fd = openat(maker->bundle_fd, SPEC_SUPERVISION_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (maker->lock_fd < 0)
		return error_errno(err, errno, "cannot open '%s/%s'", maker->request->bundle, SPEC_SUPERVISION_LOCK);
	if (flock(maker->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_CONFLICT, 0, "container '%s' has a supervisor already", maker->name);
		return error_errno(err, errno, "cannot lock '%s/%s'", maker->request->bundle, SPEC_SUPERVISION_LOCK);
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

static int open_signals(struct maker *maker, struct error *err)
{
	sigset_t blocked;

	supervise_block_signals(NULL);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	maker->signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (maker->signal_fd < 0)
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
static int sweep(const struct maker *maker, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/%s", maker->runtime.root, maker->what->id);

	return access(path, F_OK) < 0 ? 0 : runtime_delete(&maker->runtime, maker->what->id, DELETE_FORCE, err);
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

static int open_all(struct supervisor *supervisor, struct error *err)
{
	struct keeper *keeper = &supervisor->keeper;
	struct maker *maker = &supervisor->maker;
	int r;

	keeper->bundle_fd = maker->bundle_fd = openat(AT_FDCWD, maker->request->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (maker->bundle_fd < 0)
		return error_errno(err, errno, "cannot use bundle '%s'", maker->request->bundle);
	maker->null_fd = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	if (maker->null_fd < 0)
		return error_errno(err, errno, "cannot open '/dev/null'");
	/* Neither the container's process nor what it starts is to hear of whoever started us. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_FDS");
	r = read_document(supervisor, err);
	if (r == 0)
		r = take_lock(maker, err);
	if (r == 0)
		r = sweep(maker, err);
	if (r == 0)
		r = open_signals(maker, err);
	if (r == 0)
		r = bind_socket(keeper, err);
	if (r < 0)
		return r;
	make_health(keeper);
	fill_state(keeper);
	return 0;
}

/* ---- 2. two processes ------------------------------------------------------------------- */

/* The keeper has what it keeps, and nothing else that was ever open: no lock, no mount, no descriptor of the container's. */
static int keep_descriptors(const struct keeper *keeper)
{
	const int kept[] = { log_fd(), keeper->request->socket, keeper->bundle_fd, keeper->listen_fd, keeper->deeds, keeper->notices };
	int first = STDERR_FILENO + 1;

	for (;;) {
		int next = INT_MAX;

		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (kept[i] >= first && kept[i] < next)
				next = kept[i];
		if (next > first && sys_close_range((unsigned)first, next == INT_MAX ? ~0u : (unsigned)next - 1, 0) < 0)
			return -errno;
		if (next == INT_MAX)
			return 0;
		first = next + 1;
	}
}

/* Child: it ends with its parent, and streams that are passed through to the container are not its own. */
static int become_keeper(const struct supervisor *supervisor, pid_t parent, struct error *err)
{
	int r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : getppid() != parent ? -ESRCH : 0;

	for (int fd = 0; r == 0 && fd < 3; fd++)
		if (fd != log_fd() && dup2(supervisor->maker.null_fd, fd) < 0)
			r = -errno;
	narration_open(-1);
	if (r == 0)
		r = keep_descriptors(&supervisor->keeper);
	return r < 0 ? error_errno(err, -r, "cannot serve container '%s'", supervisor->maker.name) : 0;
}

static int make_sockets(struct supervisor *supervisor, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a pair of sockets");
	supervisor->keeper.deeds = pair[0];
	supervisor->maker.deeds = pair[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a pair of sockets");
	supervisor->keeper.notices = pair[0];
	supervisor->maker.notices = pair[1];
	return 0;
}

/* ---- 3. rounds -------------------------------------------------------------------------- */

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
		loop_watch(&keeper->loop, keeper->notices, POLLIN, notices_take, keeper);
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

/* ---- 4. and 5. the end ------------------------------------------------------------------- */

static void close_shop(struct keeper *keeper)
{
	bool is_cleaned = keeper->what->exit_command && clients_is_cleaning(keeper); /* or the command does it, when the client is gone */
	const struct deed deed = { .type = DEED_CLOSE, .numbers = { is_cleaned } };
	struct error err = ERROR_INIT;

	keeper->state.supervisor_pid = 0;
	notices_settle(keeper);
	/* Whoever removes the record next has no use for it. */
	if (keeper->was_started && !is_cleaned)
		notes_write_record(keeper);
	keeper->log = log_close(keeper->log);
	close_and_forget(&keeper->listen_fd);
	if (deeds_ask(keeper, &deed, NULL, &err) < 0)
		log_warning("%s, ignoring", err.message);
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
		clients_tell_gone(keeper); /* who has asked only now */
	}
}

static void keeper_done(struct keeper *keeper)
{
	clients_done(keeper);
	sessions_done(keeper);
	life_done(keeper);
	keeper->log = log_close(keeper->log);
	keeper->health = health_free(keeper->health);
	loop_done(&keeper->loop);
	close_and_forget(&keeper->listen_fd);
	close_and_forget(&keeper->deeds);
	close_and_forget(&keeper->notices);
	warnings_done(&keeper->warnings);
	free(keeper->boot_id);
	free(keeper->new_name);
	arena_free(keeper->checks);
}

static int keep(struct keeper *keeper, struct error *err)
{
	int r;

	r = run_rounds(keeper, err);
	close_shop(keeper);
	clients_hear_last(keeper);
	clients_tell_gone(keeper);
	drop_idle_clients(keeper);
	deeds_do(keeper, &(const struct deed){ .type = DEED_FINISH }, NULL);
	wait_for_cleaner(keeper);
	return r;
}

/* Child. */
_noreturn_ static void run_keeper(struct supervisor *supervisor, pid_t parent)
{
	struct keeper *keeper = &supervisor->keeper;
	struct error err = ERROR_INIT;
	int r;

	close_and_forget(&supervisor->maker.deeds);
	close_and_forget(&supervisor->maker.notices);
	r = become_keeper(supervisor, parent, &err);
	clients_add(keeper, keeper->request->socket, true);
	if (r < 0)
		clients_send_error(keeper->clients, &err);
	else
		r = keep(keeper, &err);
	if (r < 0)
		log_error("%s", err.message);
	warnings_collect(NULL);
	keeper_done(keeper);
	arena_free(keeper->arena);
	free(supervisor->maker.name);
	_exit(r < 0);
}

/* ---- 6. the maker's end --------------------------------------------------------------------- */

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

/* Whether nobody prepares for the next container: to be found again by who does, who takes the lock. */
static bool is_pool_free(const struct maker *maker)
{
	_cleanup_free_ char *path = str_printf("%s/../" SPEC_POOL_LOCK, maker->runtime.root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0;
}

/* Only returns if there is nothing to execute, or it cannot be: the next container starts without. */
static void execute_pool_command(const struct maker *maker)
{
	char **command = maker->what->pool_command;
	sigset_t none;

	if (!command || !is_pool_free(maker))
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(command[0], command);
	log_warning("cannot execute '%s': %s, ignoring", command[0], error_words(errno));
}

static void maker_done(struct maker *maker)
{
	life_start_forget(maker);
	close_and_forget(&maker->mount_fd);
	close_and_forget(&maker->pidfd);
	if (maker->memory.fd >= 0)
		close_and_forget(&maker->memory.fd);
	close_and_forget(&maker->bundle_fd);
	close_and_forget(&maker->lock_fd);
	close_and_forget(&maker->signal_fd);
	close_and_forget(&maker->null_fd);
	close_and_forget(&maker->root_fd);
	close_and_forget(&maker->namespaces.user_fd);
	close_and_forget(&maker->namespaces.network_fd);
	close_and_forget(&maker->deeds);
	close_and_forget(&maker->notices);
	free(maker->name);
}

static int make(struct maker *maker, struct error *err)
{
	int r = maker_run(maker, err);

	if (r < 0)
		return r;
	container_remove_retired(&maker->runtime);
	membership_leave(maker);
	r = execute_exit_command(maker->what, err);
	if (r == 0)
		execute_pool_command(maker);
	return r;
}

static void write_first_state(struct supervisor *supervisor)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	notes_encode_state(&supervisor->keeper, &text);
	maker_write_state(&supervisor->maker, text.data, text.length);
}

/* Parent: what is the keeper's is open there. */
static int part(struct supervisor *supervisor, struct error *err)
{
	struct keeper *keeper = &supervisor->keeper;
	pid_t parent = getpid();
	int r = make_sockets(supervisor, err);

	if (r < 0)
		return r;
	write_first_state(supervisor);
	supervisor->maker.keeper = fork();
	if (supervisor->maker.keeper == 0)
		run_keeper(supervisor, parent);
	if (supervisor->maker.keeper < 0)
		return error_errno(err, errno, "cannot make a process");
	warnings_collect(NULL);
	close(keeper->request->socket);
	keeper_done(keeper);
	return 0;
}

/* There are not two processes yet, and somebody waits to hear of it. */
static void tell_failure(struct keeper *keeper, const struct error *err)
{
	clients_add(keeper, keeper->request->socket, true);
	clients_send_error(keeper->clients, err);
	keeper_done(keeper);
}

int supervisor_run(const struct supervisor_request *request, struct error *err)
{
	struct supervisor supervisor;
	int64_t since = timing_now();
	int r;

	init(&supervisor, request);
	warnings_collect(&supervisor.keeper.warnings);
	r = open_all(&supervisor, err);
	timing_phase("documents, lock, socket", since);
	since = timing_now();
	if (r == 0)
		r = part(&supervisor, err);
	timing_phase("fork the keeper", since);
	if (r < 0)
		tell_failure(&supervisor.keeper, err);
	else
		r = make(&supervisor.maker, err);
	warnings_collect(NULL);
	maker_done(&supervisor.maker);
	arena_free(supervisor.keeper.arena);
	return r;
}
