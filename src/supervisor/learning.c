/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call waits until it is answered, so what it says of its arguments is looked
 * at while it does. Nothing is done here that could wait for the container
 * itself: its files are looked at by name, never opened.
 */
#include "supervisor/learning.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "host/cap_trace.h"
#include "host/fdpass.h"
#include "host/procfs.h"
#include "host/seccomp_arch.h"
#include "host/seccomp_listener.h"
#include "supervisor/learn_call.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define LISTENER_LIMIT 4096 /* processes of exec, at one time */
#define NUMBER_LIMIT 1024   /* of system calls */
#define ARCHITECTURE_LIMIT 4
#define PATIENCE_MS 2000    /* for processes that outlive the first one */

struct numbers {
	uint32_t audit; /* 0: not used */
	bool is_32bit;
	int16_t rows[NUMBER_LIMIT]; /* -1: no call has this number */
};

struct learning {
	struct arena *arena;
	struct learn learn;
	struct cap_trace trace;
	struct numbers numbers[ARCHITECTURE_LIMIT];
	const struct learn_kind **kinds; /* by row */
	bool *seen;                      /* by row */
	struct pollfd *polls;            /* control, listen, then the listeners */
	size_t count;
	bool has_begun, is_over, is_dropped;
};

/* ---- the container ------------------------------------------------------------------- */

static uint64_t read_bounding(pid_t pid)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];
	const char *found;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (file_read_at(AT_FDCWD, path, 65536, &text) < 0)
		return 0;
	found = procfs_status_field(text.data, "CapBnd");
	return found ? strtoull(found, NULL, 16) : 0;
}

/* Nothing is traced where it shares the pid namespace with others. */
static void trace_capabilities(struct learning *learning, pid_t pid)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
	if (stat(path, &theirs) < 0 || stat("/proc/self/ns/pid", &ours) < 0 || (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev))
		return;
	learning->learn.is_traced = cap_trace_start(&theirs, &learning->trace) == 0;
}

/* With its first call, while that waits. */
static void begin(struct learning *learning, pid_t pid)
{
	char path[64];

	learning->has_begun = true;
	learning->learn.bounding = read_bounding(pid);
	snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
	learning->learn.root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	trace_capabilities(learning, pid);
}

/* ---- calls -------------------------------------------------------------------------------- */

static void fill_numbers(struct numbers *numbers, const struct seccomp_arch *arch)
{
	numbers->audit = arch->audit;
	numbers->is_32bit = arch->is_32bit;
	memset(numbers->rows, -1, sizeof numbers->rows);
	for (const int16_t *row = seccomp_rows_by_number(arch); *row >= 0; row++) {
		int64_t number = seccomp_row_number(*row, arch);

		if (arch->audit == SECCOMP_ARCH_X32)
			number &= ~(int64_t)SECCOMP_X32_BIT;
		if (number >= 0 && number < NUMBER_LIMIT)
			numbers->rows[number] = *row;
	}
}

static const struct numbers *numbers_of(struct learning *learning, uint32_t audit)
{
	const struct seccomp_arch *arch;

	for (size_t i = 0; i < ARCHITECTURE_LIMIT; i++) {
		struct numbers *numbers = &learning->numbers[i];

		if (numbers->audit == audit)
			return numbers;
		if (numbers->audit)
			continue;
		arch = seccomp_arch_find(audit);
		if (!arch)
			return NULL;
		fill_numbers(numbers, arch);
		return numbers;
	}
	return NULL;
}

static void look_at(struct learning *learning, int fd, const struct seccomp_notif *call)
{
	uint32_t audit = call->data.arch, number = (uint32_t)call->data.nr;
	const struct numbers *numbers;
	int row;

	if (audit == AUDIT_ARCH_X86_64 && (number & SECCOMP_X32_BIT)) {
		audit = SECCOMP_ARCH_X32;
		number &= ~SECCOMP_X32_BIT;
	}
	numbers = numbers_of(learning, audit);
	row = numbers && number < NUMBER_LIMIT ? numbers->rows[number] : -1;
	if (row < 0)
		return;
	learning->seen[row] = true;
	if (learning->kinds[row] && seccomp_listener_waits(fd, call->id))
		learn_call(&learning->learn, learning->kinds[row], &call->data, (pid_t)call->pid, numbers->is_32bit);
}

/* False if the listener is of no more use. */
static bool answer(struct learning *learning, int fd)
{
	struct seccomp_notif call;
	int r = seccomp_listener_receive(fd, &call);

	if (r < 0)
		return r == -ENOENT || r == -EINTR;
	if (!learning->has_begun)
		begin(learning, (pid_t)call.pid);
	look_at(learning, fd, &call);
	return seccomp_listener_let_through(fd, call.id) == 0;
}

/* ---- listeners -------------------------------------------------------------------------------- */

static void add_listener(struct learning *learning, int listen_fd)
{
	_cleanup_close_ int connection = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	int fd = -EBADF;

	if (connection < 0 || learning->count >= LISTENER_LIMIT || fdpass_receive(connection, &fd) < 0)
		return;
	seccomp_listener_take_turns(fd);
	learning->polls = memory_resize(learning->polls, learning->count + 1, sizeof *learning->polls);
	learning->polls[learning->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void serve_listeners(struct learning *learning)
{
	for (size_t i = 2; i < learning->count; i++) {
		struct pollfd *poll = &learning->polls[i];

		if (!poll->revents)
			continue;
		/* Its end is that of all processes that had the filter. */
		if ((poll->revents & POLLIN) ? answer(learning, poll->fd) : false)
			continue;
		close(poll->fd);
		*poll = learning->polls[--learning->count];
		i--;
	}
}

static void read_control(struct learning *learning)
{
	char byte;

	learning->is_dropped |= read(learning->polls[0].fd, &byte, 1) == 1;
	learning->is_over = true;
	learning->polls[0].fd = -1;
	learning->polls[1].fd = -1;
}

static int run_rounds(struct learning *learning, struct error *err)
{
	int64_t end_ms = 0;

	while (!learning->is_dropped && (!learning->is_over || learning->count > 2)) {
		int64_t now_ms = clock_monotonic_ms();
		int timeout_ms = -1;

		if (learning->is_over) {
			end_ms = end_ms ? end_ms : now_ms + PATIENCE_MS;
			if (now_ms >= end_ms)
				return 0;
			timeout_ms = (int)(end_ms - now_ms);
		}
		if (poll(learning->polls, learning->count, timeout_ms) < 0) {
			if (errno == EINTR)
				continue;
			return error_errno(err, errno, "cannot wait for the container's system calls");
		}
		serve_listeners(learning);
		if (learning->polls[1].revents & POLLIN)
			add_listener(learning, learning->polls[1].fd);
		if (learning->polls[0].revents)
			read_control(learning);
	}
	return 0;
}

/* ---- the profile ------------------------------------------------------------------------------- */

static void add_capabilities(struct learning *learning)
{
	struct learn *learn = &learning->learn;
	uint64_t used = learn->is_traced ? cap_trace_seen(&learning->trace) & learn->bounding : learn_call_untold(learn->bounding);

	for (unsigned i = 0; i < SPEC_PROFILE_CAPABILITIES; i++)
		if (used >> i & 1)
			spec_profile_add_capability(learn->profile, i, learn->is_traced ? SPEC_PROFILE_KERNEL : SPEC_PROFILE_ASSUMED);
}

static void add_calls(struct learning *learning)
{
	for (int row = 0; row < seccomp_row_count(); row++)
		if (learning->seen[row])
			spec_profile_add_call(learning->learn.profile, seccomp_row_name(row));
}

/* What earlier runs have learned is added; a file that is empty, as mktemp(1) makes it, is none yet. */
static int add_earlier(struct learning *learning, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_profile *earlier = NULL;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_PROFILE_LIMIT, &text);

	if (r == -ENOENT || (r == 0 && text.length == 0))
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read the profile '%s'", path);
	r = spec_profile_decode(learning->arena, path, text.data, text.length, &earlier, err);
	if (r == 0)
		spec_profile_merge(learning->learn.profile, earlier);
	return r;
}

/* Of those that add to one profile at the same time, each waits for the other. */
static int lock_directory(const char *path, int *ret, struct error *err)
{
	_cleanup_free_ char *directory = str_dup(path);
	int fd;

	*(strrchr(directory, '/') + 1) = '\0';
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "cannot open '%s'", directory);
	*ret = fd;
	return flock(fd, LOCK_EX) < 0 ? error_errno(err, errno, "cannot lock '%s'", directory) : 0;
}

static int write_profile(struct learning *learning, const char *path, struct error *err)
{
	_cleanup_close_ int lock = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = lock_directory(path, &lock, err);

	add_calls(learning);
	add_capabilities(learning);
	learning->learn.profile->runs = 1;
	if (r == 0)
		r = add_earlier(learning, path, err);
	if (r < 0)
		return r;
	spec_profile_encode(learning->learn.profile, &text);
	r = file_replace_at(AT_FDCWD, path, text.data, text.length, 0644);
	return r < 0 ? error_errno(err, -r, "cannot write the profile '%s'", path) : 0;
}

int learning_run(const struct learning_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct learning learning = { .arena = arena, .learn = { .profile = spec_profile_new(arena), .root_fd = -EBADF }, .trace = CAP_TRACE_NONE };
	int rows = seccomp_row_count(), r;

	learning.kinds = arena_alloc(arena, (size_t)rows, sizeof *learning.kinds);
	learning.seen = arena_alloc(arena, (size_t)rows, sizeof *learning.seen);
	for (int row = 0; row < rows; row++)
		learning.kinds[row] = learn_kind_of(row);
	learning.polls = memory_new(2, sizeof *learning.polls);
	learning.polls[0] = (struct pollfd){ .fd = request->control_fd, .events = POLLIN };
	learning.polls[1] = (struct pollfd){ .fd = request->listen_fd, .events = POLLIN };
	learning.count = 2;
	r = run_rounds(&learning, err);
	if (r == 0 && learning.has_begun && !learning.is_dropped)
		r = write_profile(&learning, request->profile, err);
	for (size_t i = 2; i < learning.count; i++)
		close(learning.polls[i].fd);
	free(learning.polls);
	cap_trace_done(&learning.trace);
	close_and_forget(&learning.learn.root_fd);
	return r;
}
