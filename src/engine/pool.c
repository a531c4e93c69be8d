/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pool.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/container_new.h"
#include "engine/container_removal.h"
#include "engine/networks.h"
#include "engine/program.h"
#include "engine/seat_packet.h"
#include "host/executable_view.h"
#include "host/fdpass.h"
#include "host/user_namespace.h"
#include "spec/supervision.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#define SOCKET "pool.sock"
#define VARIABLE "BIVY_POOL"
#define TAKE_PATIENCE_MS 4    /* a start without takes about as long */
#define SPEAK_PATIENCE_MS 50  /* of who has connected */
#define LOOK_PATIENCE_MS 1000 /* it may be making a seat */
#define DROP_PATIENCE_MS 5000
#define REMOVER_MS 15         /* after which it may have ended */
#define QUIET_MS 15           /* after a seat was taken: its container starts meanwhile */

/* How many seats there are to be of a kind. */
static unsigned wanted_seats(void)
{
	const char *text = getenv(VARIABLE);
	uint64_t number = 1;

	if (!user_namespace_is_first() || (text && (str_equal(text, "off") || (*text && str_to_u64(text, 10, &number) < 0))))
		return 0;
	return number > POOL_SEATS ? POOL_SEATS : (unsigned)number;
}

#define PLACE_SIZE 96

/* Which network namespace the bridges are in, and where the control groups are, that we see: links and groups elsewhere would be no use. */
static void own_place(char place[static PLACE_SIZE])
{
	struct stat network = { 0 }, groups = { 0 };

	ignore_result(stat("/proc/self/ns/net", &network)); /* 0: none */
	ignore_result(stat("/sys/fs/cgroup", &groups));
	snprintf(place, PLACE_SIZE, "%llu/%llu/%llu", (unsigned long long)network.st_ino, (unsigned long long)groups.st_dev,
		(unsigned long long)groups.st_ino);
}

/* ---- asking ---------------------------------------------------------------------------- */

static void set_patience(int socket, unsigned milliseconds)
{
	const struct timeval time = { .tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000 };

	ignore_result(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time)); /* cannot fail for a socket */
	ignore_result(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
}

/* A connection on which that was asked, with FD, unless that is negative. -errno if there is nobody. */
static int ask_with(const struct directories *directories, const struct seat_question *question, int fd, unsigned patience_ms, int *ret_socket)
{
	_cleanup_free_ char *path = str_printf("%s/" SOCKET, directories->run_root);
	_cleanup_close_ int socket = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fdpass_connect_at(AT_FDCWD, path, SOCK_SEQPACKET, &socket);

	if (r < 0)
		return r;
	set_patience(socket, patience_ms);
	seat_question_encode(question, &text);
	r = fdpass_send_all(socket, &fd, fd >= 0, text.data, text.length);
	if (r == 0)
		*ret_socket = TAKE_FD(socket);
	return r;
}

static int ask(const struct directories *directories, const struct seat_question *question, unsigned patience_ms, int *ret_socket)
{
	return ask_with(directories, question, -EBADF, patience_ms, ret_socket);
}

/* That it is what it says it is, and ours alone. */
static bool is_sound(const struct directories *directories, const struct seat *seat)
{
	_cleanup_close_ int parent = -EBADF;

	return container_new_open_parent(directories, &parent, NULL) == 0 && container_new_is(parent, seat->id, seat->fds[SEAT_RECORD]);
}

/* What there would be for CONTAINER; false if nothing is to be prepared. */
static bool choose_kind(const struct spec_container *container, bool is_adopted, struct seat_kind *ret)
{
	if (wanted_seats() == 0 || !seat_kind_of(container, ret))
		return false;
	if (is_adopted)
		*ret = (struct seat_kind){ .network = ret->network };
	return true;
}

static bool take(struct arena *arena, const struct directories *directories, const struct spec_container *container, bool is_adopted, struct seat *ret)
{
	_cleanup_close_ int socket = -EBADF;
	struct seat_question question = { .type = SEAT_TAKE };
	char place[PLACE_SIZE];

	if (!choose_kind(container, is_adopted, &question.kind))
		return false;
	own_place(place);
	question.place = place;
	if (ask(directories, &question, TAKE_PATIENCE_MS, &socket) < 0 || seat_receive(arena, socket, ret, NULL) < 0)
		return false;
	if (is_sound(directories, ret))
		return true;
	seat_done(ret);
	return false;
}

bool pool_take(struct arena *arena, const struct directories *directories, const struct spec_container *container, struct seat *ret)
{
	return take(arena, directories, container, false, ret);
}

bool pool_adopt(struct arena *arena, const struct directories *directories, const struct spec_container *container, struct seat *ret)
{
	struct error err = ERROR_INIT;

	if (!take(arena, directories, container, true, ret))
		return false;
	if (seat_adopt(arena, directories, ret, container->id, &err) == 0)
		return true;
	log_debug("%s", err.message);
	return false;
}

char **pool_command(struct arena *arena, const struct directories *directories, const char *bivy, const struct spec_container *container, bool is_adopted)
{
	struct seat_kind kind;
	char **command;

	if (!choose_kind(container, is_adopted, &kind))
		return NULL;
	command = arena_alloc(arena, 12, sizeof *command);
	memcpy(command, (const char *[]){ bivy, "--root", directories->root, "--run-root", directories->run_root, "system", "pool", kind.network,
		kind.top_layer ? kind.top_layer : "-", kind.is_volatile ? "volatile" : "lasting", kind.has_groups ? "groups" : NULL, NULL }, 12 * sizeof *command);
	return command;
}

bool pool_finish_removal(const struct directories *directories, const char *name, int fd)
{
	const struct seat_question question = { .type = SEAT_FINISH, .name = name };
	_cleanup_close_ int socket = -EBADF;

	return wanted_seats() > 0 && ask_with(directories, &question, fd, TAKE_PATIENCE_MS, &socket) == 0;
}

void pool_look(const struct directories *directories, struct pool_report *ret)
{
	_cleanup_close_ int socket = -EBADF;
	struct pool_report report = { 0, 0 };

	*ret = report;
	if (ask(directories, &(const struct seat_question){ .type = SEAT_LOOK }, LOOK_PATIENCE_MS, &socket) == 0 && recv(socket, &report, sizeof report, 0) == (ssize_t)sizeof report)
		*ret = report;
}

void pool_drop(const struct directories *directories)
{
	_cleanup_close_ int socket = -EBADF;
	char byte;

	if (ask(directories, &(const struct seat_question){ .type = SEAT_DROP }, DROP_PATIENCE_MS, &socket) == 0)
		ignore_result(recv(socket, &byte, 1, 0)); /* its end, or that it takes too long */
}

void pool_execute(const struct directories *directories, char *const *command)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_POOL_LOCK, directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0)
		return;
	execv(command[0], command);
	log_warning("cannot execute '%s': %s, ignoring", command[0], error_words(errno));
}

/* ---- the process -------------------------------------------------------------------------- */

struct shelf {
	struct arena *arena; /* NULL: it is empty */
	struct seat seat;
	size_t kind;
};

/* A removal to be finished, with its lock. */
struct removal {
	char *name; /* NULL: none */
	int fd;
};

struct pool {
	const struct directories *directories;
	int lock_fd, listen_fd;
	int view_fd;     /* SEAT_VIEW */
	int last_client; /* who has asked for the end, and waits for it; or -EBADF */
	unsigned wanted;
	char place[PLACE_SIZE]; /* own_place() */
	struct arena *kinds_arena;
	struct {
		struct seat_kind kind; /* .network NULL: none */
		int64_t asked_ms;
		bool is_refused;    /* such a seat could not be made; it is tried again when it is asked for, */
		bool is_impossible; /* unless it never can */
	} kinds[POOL_KINDS];
	struct shelf shelves[POOL_SEATS];
	struct removal removals[POOL_REMOVALS]; /* the first ones */
	pid_t remover; /* begin_removals(); or 0 */
	int64_t asked_ms, taken_ms;
	bool is_over;
};

static volatile sig_atomic_t is_told_to_end;

static void end_by_signal(int number _unused_)
{
	is_told_to_end = true;
}

static void empty(struct shelf *shelf)
{
	arena_free(shelf->arena);
	shelf->arena = NULL;
}

static unsigned count_seats(const struct pool *pool, size_t kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < POOL_SEATS; i++)
		count += pool->shelves[i].arena && (kind == POOL_KINDS || pool->shelves[i].kind == kind);
	return count;
}

/* The place of KIND, which becomes that of the one that was asked for last, if it is none of them. */
static size_t find_kind(struct pool *pool, const struct seat_kind *kind)
{
	size_t oldest = 0;

	for (size_t i = 0; i < POOL_KINDS; i++) {
		const struct seat_kind *known = &pool->kinds[i].kind;

		if (known->network && str_equal(known->network, kind->network) && str_equal(known->top_layer, kind->top_layer) &&
		    known->is_volatile == kind->is_volatile && known->has_groups == kind->has_groups)
			return i;
		if (pool->kinds[i].asked_ms < pool->kinds[oldest].asked_ms)
			oldest = i;
	}
	for (size_t i = 0; i < POOL_SEATS; i++)
		if (pool->shelves[i].arena && pool->shelves[i].kind == oldest) {
			seat_undo(pool->directories, &pool->shelves[i].seat);
			empty(&pool->shelves[i]);
		}
	pool->kinds[oldest].kind = (struct seat_kind){ arena_strdup(pool->kinds_arena, kind->network),
		kind->top_layer ? arena_strdup(pool->kinds_arena, kind->top_layer) : NULL, kind->is_volatile, kind->has_groups };
	pool->kinds[oldest].is_refused = pool->kinds[oldest].is_impossible = false;
	return oldest;
}

/* One seat for the kind that lacks one and was asked for last; false if all have theirs. */
static bool make_one(struct pool *pool)
{
	struct shelf *shelf = NULL;
	size_t chosen = POOL_KINDS;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < POOL_SEATS && !shelf; i++)
		if (!pool->shelves[i].arena)
			shelf = &pool->shelves[i];
	for (size_t i = 0; i < POOL_KINDS; i++)
		if (pool->kinds[i].kind.network && !pool->kinds[i].is_refused && count_seats(pool, i) < pool->wanted &&
		    (chosen == POOL_KINDS || pool->kinds[i].asked_ms > pool->kinds[chosen].asked_ms))
			chosen = i;
	if (!shelf || chosen == POOL_KINDS)
		return false;
	shelf->arena = arena_new();
	shelf->seat = SEAT_NONE;
	shelf->kind = chosen;
	if (seat_make(shelf->arena, pool->directories, &pool->kinds[chosen].kind, &shelf->seat, &err) == 0) {
		shelf->seat.fds[SEAT_VIEW] = fcntl(pool->view_fd, F_DUPFD_CLOEXEC, 3);
	} else {
		log_debug("no seat: %s", err.message);
		pool->kinds[chosen].is_refused = true;
		pool->kinds[chosen].is_impossible = err.kind == ERROR_UNSUPPORTED;
		empty(shelf);
	}
	return true;
}

static void give(struct pool *pool, int client, const struct seat_kind *kind)
{
	size_t place = find_kind(pool, kind);

	pool->asked_ms = pool->taken_ms = pool->kinds[place].asked_ms = clock_monotonic_ms();
	pool->kinds[place].is_refused = pool->kinds[place].is_impossible;
	for (size_t i = 0; i < POOL_SEATS; i++) {
		struct shelf *shelf = &pool->shelves[i];

		if (!shelf->arena || shelf->kind != place)
			continue;
		if (seat_send(client, &shelf->seat) == 0) {
			seat_done(&shelf->seat);
			empty(shelf);
		}
		return;
	}
}

/* One question, and the descriptor that may come with it. */
static int receive(int client, char text[static SEAT_QUESTION_LIMIT], size_t *ret_length, int *ret_fd)
{
	int fds[FDPASS_LIMIT];
	size_t count = 0;
	int r = fdpass_receive_all(client, text, SEAT_QUESTION_LIMIT, ret_length, fds, &count);

	if (r < 0)
		return r;
	if (count == 1)
		*ret_fd = fds[0];
	for (size_t i = 0; count > 1 && i < count; i++)
		close(fds[i]);
	return 0;
}

/* They are somebody else's, or over. */
static void forget_removals(struct pool *pool)
{
	for (size_t i = 0; i < POOL_REMOVALS && pool->removals[i].name; i++) {
		close_and_forget(&pool->removals[i].fd);
		free(pool->removals[i].name);
		pool->removals[i].name = NULL;
	}
}

/* All that were taken on, one after the other; then there are none. */
static void finish_removals(struct pool *pool)
{
	for (size_t i = 0; i < POOL_REMOVALS && pool->removals[i].name; i++) {
		struct removal *removal = &pool->removals[i];
		struct error err = ERROR_INIT;

		if (container_removal_finish_locked(pool->directories, removal->name, removal->fd, &err) < 0)
			log_warning("%s, left", err.message);
	}
	forget_removals(pool);
}

/*
 * The same in a process of its own, as it may wait for the disk, and who asks for a seat is not to wait for that. It keeps nothing
 * of the seats. One at a time; what cannot be begun now is tried again.
 */
static void begin_removals(struct pool *pool)
{
	if (!pool->removals[0].name || pool->remover > 0)
		return;
	pool->remover = fork();
	if (pool->remover == 0) {
		close_and_forget(&pool->listen_fd);
		close_and_forget(&pool->lock_fd);
		for (size_t i = 0; i < POOL_SEATS; i++)
			if (pool->shelves[i].arena)
				seat_done(&pool->shelves[i].seat);
		finish_removals(pool);
		_exit(0);
	}
	if (pool->remover > 0)
		forget_removals(pool);
}

static void add_removal(struct pool *pool, const char *name, int fd)
{
	size_t i = 0;

	if (pool->removals[POOL_REMOVALS - 1].name)
		begin_removals(pool);
	if (pool->removals[POOL_REMOVALS - 1].name)
		finish_removals(pool);
	while (pool->removals[i].name)
		i++;
	pool->removals[i] = (struct removal){ str_dup(name), fd };
}

static void tell(const struct pool *pool, int client)
{
	struct pool_report report = { .seats = count_seats(pool, POOL_KINDS) };

	for (size_t i = 0; i < POOL_KINDS; i++)
		report.kinds += pool->kinds[i].kind.network != NULL;
	ignore_result(send(client, &report, sizeof report, MSG_NOSIGNAL)); /* who has gone needs no answer */
}

/* What is no question is not answered, nor is who sees other networks; a removal comes with its lock. */
static void answer(struct pool *pool, int client)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int fd = -EBADF;
	struct seat_question question;
	char text[SEAT_QUESTION_LIMIT];
	size_t length = 0;

	if (receive(client, text, &length, &fd) < 0 || !seat_question_decode(arena, text, length, &question))
		return;
	switch (question.type) {
	case SEAT_TAKE:
		if (str_equal(question.place, pool->place))
			give(pool, client, &question.kind);
		break;
	case SEAT_FINISH:
		if (fd >= 0)
			add_removal(pool, question.name, TAKE_FD(fd));
		break;
	case SEAT_LOOK:
		tell(pool, client);
		break;
	case SEAT_DROP:
		pool->is_over = true;
		pool->last_client = fcntl(client, F_DUPFD_CLOEXEC, 3);
	}
}

static void accept_one(struct pool *pool)
{
	_cleanup_close_ int client = accept4(pool->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	set_patience(client, SPEAK_PATIENCE_MS);
	answer(pool, client);
}

/* Until what is next to be done has its time. */
static int wait_ms(const struct pool *pool, bool is_full)
{
	int64_t now = clock_monotonic_ms(), end = pool->asked_ms + POOL_IDLE_MS;

	if (!is_full && pool->taken_ms + QUIET_MS < end)
		end = pool->taken_ms + QUIET_MS;
	if (pool->removals[0].name && now + REMOVER_MS < end)
		end = now + REMOVER_MS;
	return end <= now ? 0 : (int)(end - now);
}

/* Children of the supervisor's that we were, and the remover. */
static void reap(struct pool *pool)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == pool->remover)
			pool->remover = 0;
}

static void run_rounds(struct pool *pool)
{
	bool is_full = false;

	while (!pool->is_over && !is_told_to_end && clock_monotonic_ms() < pool->asked_ms + POOL_IDLE_MS) {
		struct pollfd polled = { .fd = pool->listen_fd, .events = POLLIN };
		int n = poll(&polled, 1, wait_ms(pool, is_full));

		reap(pool);
		if (n > 0) {
			accept_one(pool);
			is_full = false;
		} else if (n == 0 && clock_monotonic_ms() >= pool->taken_ms + QUIET_MS) {
			begin_removals(pool);
			is_full = is_full || !make_one(pool);
		} else if (n < 0 && errno != EINTR) {
			return;
		}
	}
}

/* 1 if it is another's. */
static int take_lock(struct pool *pool, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_POOL_LOCK, pool->directories->run_root);

	pool->lock_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (pool->lock_fd < 0)
		return error_errno(err, errno, "cannot open '%s'", path);
	if (flock(pool->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : error_errno(err, errno, "cannot lock '%s'", path);
}

/* Where it cannot be had through a mount of its own the program sees to that itself. */
static int open_view(struct pool *pool, struct error *err)
{
	char path[PATH_MAX];
	int r = program_find(&program_runtime, path, err);

	if (r == 0 && executable_view_open(AT_FDCWD, path, &pool->view_fd) < 0)
		pool->view_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r == 0 && pool->view_fd < 0)
		r = error_errno(err, errno, "cannot open '%s'", path);
	return r;
}

static int listen_there(struct pool *pool, struct error *err)
{
	_cleanup_close_ int fd = open(pool->directories->run_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	if (r == 0 && unlinkat(fd, SOCKET, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0)
		r = fdpass_bind_at(fd, SOCKET, SOCK_SEQPACKET, &pool->listen_fd);
	return r < 0 ? error_errno(err, -r, "cannot make the socket '%s/" SOCKET "'", pool->directories->run_root) : 0;
}

/* What nobody has taken is taken back, and who connected in the end hears that there is nobody. */
static void clear_away(struct pool *pool)
{
	_cleanup_free_ char *path = str_printf("%s/" SOCKET, pool->directories->run_root);
	struct error err = ERROR_INIT;

	ignore_result(unlink(path)); /* it may be gone with its directory */
	while (poll(&(struct pollfd){ .fd = pool->listen_fd, .events = POLLIN }, 1, 0) > 0)
		accept_one(pool);
	close_and_forget(&pool->listen_fd);
	finish_removals(pool);
	if (pool->remover > 0)
		waitpid(pool->remover, NULL, 0);
	for (size_t i = 0; i < POOL_SEATS; i++)
		if (pool->shelves[i].arena) {
			seat_undo(pool->directories, &pool->shelves[i].seat);
			empty(&pool->shelves[i]);
		}
	if (networks_take_down(pool->directories, &err) < 0)
		log_warning("%s, ignoring", err.message);
	arena_free(pool->kinds_arena);
	close_and_forget(&pool->view_fd);
	close_and_forget(&pool->lock_fd);
	close_and_forget(&pool->last_client);
}

int pool_serve(const struct directories *directories, const struct seat_kind *kind, struct error *err)
{
	struct pool pool = { .directories = directories, .lock_fd = -EBADF, .listen_fd = -EBADF, .view_fd = -EBADF, .last_client = -EBADF, .wanted = wanted_seats() };
	const struct sigaction ending = { .sa_handler = end_by_signal };
	int r = pool.wanted ? take_lock(&pool, err) : 1;

	if (r == 0)
		r = open_view(&pool, err);
	if (r == 0)
		r = listen_there(&pool, err);
	if (r != 0) {
		close_and_forget(&pool.view_fd);
		close_and_forget(&pool.lock_fd);
		return r < 0 ? r : 0;
	}
	sigaction(SIGTERM, &ending, NULL);
	sigaction(SIGINT, &ending, NULL);
	own_place(pool.place);
	container_removal_sweep(directories); /* what another one left that was killed */
	pool.kinds_arena = arena_new();
	pool.asked_ms = pool.taken_ms = clock_monotonic_ms();
	pool.kinds[find_kind(&pool, kind)].asked_ms = pool.asked_ms;
	run_rounds(&pool);
	clear_away(&pool);
	return 0;
}
