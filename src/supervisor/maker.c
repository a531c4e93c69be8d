/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/maker.h"
#include "supervisor/loop.h"
#include "base/file.h"
#include "base/log.h"
#include "base/narration.h"
#include "host/pidfd.h"
#include "host/syscalls.h"
#include "runtime/stats.h"
#include "supervisor/first_process.h"
#include "supervisor/life_start.h"
#include "supervisor/log_file.h"
#include "supervisor/membership.h"
#include "supervisor/session_start.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

/* ---- notices ---------------------------------------------------------------------------- */

/* False: there is no room, and it is sent when there is. */
static bool send_pending(struct maker *maker)
{
	if (maker->has_pending && deed_notice_send(maker->notices, &maker->pending) == -EAGAIN)
		return false;
	maker->has_pending = false; /* or nobody is there to hear it */
	return true;
}

static void look_for_oom(struct maker *maker, struct deed_notice *notice)
{
	struct cgroup_group *group = &maker->memory;
	const struct cgroup_set set = { .groups = group, .count = 1 };
	uint64_t limit = 0;

	if (group->fd < 0)
		return;
	notice->oom_killed = stats_oom_kills(&set) > 0;
	if (notice->oom_killed && cgroup_read_u64(group, group->is_v2 ? "memory.max" : "memory.limit_in_bytes", &limit) == 0 && limit <= INT64_MAX)
		notice->oom_limit = (int64_t)limit;
	close_and_forget(&group->fd);
}

/* All that its processes ask fails from now on; one that is frozen dies when it thaws. */
static void end_unheard(struct maker *maker)
{
	if (maker->pidfd < 0)
		return;
	ignore_result(sys_pidfd_send_signal(maker->pidfd, SIGKILL)); /* it may just have ended */
	ignore_result(runtime_resume(&maker->runtime, maker->what->id, NULL)); /* it mostly is not */
}

/* What belongs to the container's process, which has ended. */
static void end_first(struct maker *maker, struct deed_notice *notice)
{
	look_for_oom(maker, notice);
	close_and_forget(&maker->pidfd);
	maker->first = 0;
	learner_end(&maker->learner); /* whoever hears of the end looks at once what was learned */
}

/* Each child is told of, also starters and orphans: the keeper knows which they are. */
static void reap(struct maker *maker)
{
	bool has_ended = false;
	int status;
	pid_t pid;

	while (send_pending(maker) && ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR))) {
		if (pid < 0)
			continue;
		if (pid == maker->keeper) {
			maker->keeper = 0;
			maker->keeper_status = status;
			continue;
		}
		maker->pending = (struct deed_notice){ .type = DEED_ENDED, .pid = pid, .status = status };
		maker->has_pending = true;
		if (pid == maker->first) {
			end_first(maker, &maker->pending);
			has_ended = true;
		} else if (learner_take_end(&maker->learner, pid, status)) {
			end_unheard(maker);
		}
	}
	if (has_ended) /* and the keeper knows it */
		life_start_end(maker);
}

static void take_signals(struct maker *maker)
{
	const struct deed_notice stops = { .type = DEED_HOST_STOPS };
	struct signalfd_siginfo signal;

	while (read(maker->signal_fd, &signal, sizeof signal) == sizeof signal)
		maker->host_stops |= signal.ssi_signo == SIGTERM;
	if (maker->host_stops && deed_notice_send(maker->notices, &stops) != -EAGAIN)
		maker->host_stops = false;
}

/* What this half has to warn of is among the container's warnings, too. */
static void tell_warning(void *context, enum log_level level, const char *text)
{
	const struct maker *maker = context;
	struct deed_notice notice = { .type = DEED_WARNING };

	if (level > LOG_LEVEL_WARNING)
		return;
	snprintf(notice.text, sizeof notice.text, "%s", text);
	ignore_result(deed_notice_send(maker->notices, &notice)); /* it is in the log */
}

/* ---- deeds that have an answer ------------------------------------------------------------ */

/* 0, or a negative errno with *ERR filled; RET has what comes along. */
typedef int do_and_answer(struct maker *maker, const struct deed_packet *packet, struct deed_answer *ret, struct error *err);

static int do_nothing(struct maker *maker _unused_, const struct deed_packet *packet _unused_, struct deed_answer *ret _unused_, struct error *err _unused_)
{
	return 0;
}

/* Whoever asked to be told has seen the start; a pipe of theirs is to end. */
static void stop_telling(void)
{
	int fd = narration_fd();

	narration_open(-1);
	close_and_forget(&fd);
}

static int do_start(struct maker *maker, const struct deed_packet *packet, struct deed_answer *ret, struct error *err)
{
	const int32_t *size = packet->deed.numbers;
	int r;

	if (maker->first || maker->is_closed)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' runs already", maker->name);
	r = life_start_process(maker, (uint32_t)size[0], (uint32_t)size[1], ret, err);
	for (int fd = 3; !maker->was_started && fd < 3 + maker->request->preserve_fds; fd++)
		close(fd);
	maker->was_started = true;
	stop_telling();
	return r;
}

static int do_signal(struct maker *maker, const struct deed_packet *packet, struct deed_answer *ret, struct error *err)
{
	int number = packet->deed.numbers[0];

	if (maker->pidfd < 0)
		return 0; /* that it has ended is on its way */
	if (!maker->what->init && first_process_is_spared(maker->first, number)) {
		ret->number = 1;
		number = SIGKILL;
	}
	if (sys_pidfd_send_signal(maker->pidfd, number) < 0 && errno != ESRCH)
		return error_errno(err, errno, "cannot signal container '%s'", maker->name);
	return 0;
}

static int do_pause(struct maker *maker, const struct deed_packet *packet _unused_, struct deed_answer *ret _unused_, struct error *err)
{
	return runtime_pause(&maker->runtime, maker->what->id, err);
}

static int do_resume(struct maker *maker, const struct deed_packet *packet _unused_, struct deed_answer *ret _unused_, struct error *err)
{
	return runtime_resume(&maker->runtime, maker->what->id, err);
}

static int tell_whether_gone(struct maker *maker, const struct deed_packet *packet _unused_, struct deed_answer *ret, struct error *err _unused_)
{
	ret->number = maker->pidfd < 0 || pidfd_wait_gone(maker->pidfd, 0) == 0;
	return 0;
}

static int do_remove(struct maker *maker, const struct deed_packet *packet, struct deed_answer *ret _unused_, struct error *err)
{
	int r = life_start_remove(maker, err);

	/* Its layers are not to be mounted anew before; for good: close_all(). */
	if (packet->deed.numbers[0])
		close_and_forget(&maker->mount_fd);
	return r;
}

static int close_all(struct maker *maker, const struct deed_packet *packet, struct deed_answer *ret _unused_, struct error *err _unused_)
{
	if (maker->was_started)
		membership_release(maker, packet->deed.numbers[0]); /* while the lock says that the addresses are in use */
	ignore_result(unlinkat(maker->bundle_fd, SPEC_SUPERVISION_SOCKET, 0)); /* the bundle may have been removed by force */
	/* Who starts it again, or removes it, waits for the lock; but a client that cleans up for our end, and the kernel takes its time for the mount. */
	if (!packet->deed.numbers[0])
		close_and_forget(&maker->mount_fd);
	close_and_forget(&maker->lock_fd);
	maker->is_closed = true;
	return 0;
}

static do_and_answer *const answered[] = {
	[DEED_NOTHING] = do_nothing,
	[DEED_START] = do_start,
	[DEED_SIGNAL] = do_signal,
	[DEED_PAUSE] = do_pause,
	[DEED_RESUME] = do_resume,
	[DEED_IS_GONE] = tell_whether_gone,
	[DEED_REMOVE] = do_remove,
	[DEED_CLOSE] = close_all,
};

/* ---- deeds without an answer ----------------------------------------------------------------- */

typedef void do_silently(struct maker *maker, const struct deed_packet *packet);

static void do_exec(struct maker *maker, const struct deed_packet *packet)
{
	const struct session_start start = {
		.runtime = &maker->runtime,
		.id = maker->what->id,
		.null_fd = maker->null_fd,
		.text = packet->text,
		.length = packet->length,
		.fds = packet->fds,
		.count = packet->count,
	};

	if (packet->count > 0)
		session_start(&start);
}

static void do_signal_fd(struct maker *maker _unused_, const struct deed_packet *packet)
{
	if (packet->count == 1)
		ignore_result(sys_pidfd_send_signal(packet->fds[0], packet->deed.numbers[0])); /* it may just have ended */
}

/* Its number is nobody else's before it is reaped, which only we do. */
static void kill_session(struct maker *maker _unused_, const struct deed_packet *packet)
{
	pid_t pid = packet->deed.numbers[0];
	siginfo_t info;

	if (pid > 1 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && getsid(pid) == pid)
		ignore_result(kill(-pid, SIGKILL)); /* it may just have ended */
}

static void write_state(int dirfd, const void *text, size_t length)
{
	int r = file_replace_at(dirfd, SPEC_SUPERVISION_STATE, text, length, 0600);

	if (r < 0)
		log_warning("cannot write '%s': %s, ignoring", SPEC_SUPERVISION_STATE, error_words(-r));
}

void maker_write_state(const struct maker *maker, const void *text, size_t length)
{
	write_state(maker->bundle_fd, text, length);
}

static void write_bundle_state(struct maker *maker, const struct deed_packet *packet)
{
	maker_write_state(maker, packet->text, packet->length);
}

static void write_record_state(struct maker *maker, const struct deed_packet *packet)
{
	_cleanup_close_ int fd = openat(AT_FDCWD, maker->what->record, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		write_state(fd, packet->text, packet->length);
	else if (errno != ENOENT) /* removed meanwhile, by force */
		log_warning("cannot open '%s': %s, ignoring", maker->what->record, error_words(errno));
}

static void add_event(struct maker *maker, const struct deed_packet *packet)
{
	const char *path = maker->what->events_path;
	_cleanup_close_ int fd = path ? openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -EBADF;

	if (path && (fd < 0 || fd_write_all(fd, packet->text, packet->length) < 0))
		log_warning("cannot write '%s': %s, ignoring", path, error_words(errno));
}

static void take_name(struct maker *maker, const struct deed_packet *packet)
{
	free(maker->name);
	maker->name = str_dup(packet->text);
}

static void remember_networks(struct maker *maker, const struct deed_packet *packet _unused_)
{
	membership_remember(maker);
}

static void finish_networks(struct maker *maker, const struct deed_packet *packet _unused_)
{
	membership_finish(maker);
}

/* Names are those of files in the one directory of logs, and nothing else that a program would take for an option. */
static bool is_name(const char *name)
{
	return *name && *name != '-' && *name != '.' && !strchr(name, '/');
}

static void compress(struct maker *maker, const struct deed_packet *packet)
{
	struct log_file_names names = { .list = NULL };
	const char *format = packet->text, *end = packet->text + packet->length, *name = format + strlen(format) + 1;
	_cleanup_free_ char **list = memory_new(packet->length + 1, sizeof *list);

	names.list = list;
	for (; name < end && is_name(name); name += strlen(name) + 1)
		list[names.count++] = (char *)name;
	if (packet->count == 1 && name >= end && maker->what->transfer && maker->what->log_path)
		log_file_compress(maker->what->transfer, format, maker->what->log_path, packet->fds[0], &names);
}

static void forget(struct maker *maker, const struct deed_packet *packet _unused_)
{
	life_start_forget(maker);
	if (maker->request->trim)
		maker->request->trim();
}

static do_silently *const silent[] = {
	[DEED_EXEC] = do_exec,
	[DEED_SIGNAL_FD] = do_signal_fd,
	[DEED_KILL_SESSION] = kill_session,
	[DEED_WRITE_STATE] = write_bundle_state,
	[DEED_WRITE_RECORD] = write_record_state,
	[DEED_ADD_EVENT] = add_event,
	[DEED_RENAME] = take_name,
	[DEED_REMEMBER] = remember_networks,
	[DEED_FINISH] = finish_networks,
	[DEED_COMPRESS] = compress,
	[DEED_FORGET] = forget,
};

/* ---- the loop ------------------------------------------------------------------------------------ */

static int answer(struct maker *maker, const struct deed_packet *packet)
{
	struct deed_answer answer = { .number = 0 };
	struct error err = ERROR_INIT;
	int r = answered[packet->deed.type](maker, packet, &answer, &err);

	if (r < 0) {
		answer.result = r;
		answer.error = err;
	}
	r = deed_answer_send(maker->deeds, &answer);
	for (size_t i = 0; i < answer.count; i++)
		close(answer.fds[i]);
	return r;
}

/* One deed; -EPIPE when there are no more. */
static int serve(struct maker *maker)
{
	_cleanup_deed_packet_ struct deed_packet packet = DEED_PACKET_INIT;
	int r = deed_receive(maker->deeds, &packet);

	if (r < 0)
		return r;
	if (deed_is_answered(packet.deed.type))
		return answer(maker, &packet);
	silent[packet.deed.type](maker, &packet);
	return 0;
}

static int wait_and_serve(struct maker *maker)
{
	struct pollfd polls[] = {
		{ .fd = maker->deeds, .events = POLLIN },
		{ .fd = maker->signal_fd, .events = POLLIN },
		{ .fd = maker->has_pending || maker->host_stops ? maker->notices : -1, .events = POLLOUT },
	};

	if (poll(polls, ARRAY_SIZE(polls), -1) < 0) {
		/* As in loop_run(): it passes. */
		if (errno == ENOMEM)
			ignore_result(nanosleep(&(struct timespec){ .tv_nsec = MEMORY_PATIENCE_NS }, NULL)); /* sooner does not matter */
		return errno == EINTR || errno == ENOMEM ? 0 : -errno;
	}
	if (polls[1].revents)
		take_signals(maker);
	if (polls[1].revents || polls[2].revents)
		reap(maker);
	return polls[0].revents ? serve(maker) : 0;
}

/* It has said that it is done, or it cannot do any more. */
static int wait_for_keeper(struct maker *maker)
{
	while (maker->keeper && waitpid(maker->keeper, &maker->keeper_status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(maker->keeper_status) ? WEXITSTATUS(maker->keeper_status) : -1;
}

int maker_run(struct maker *maker, struct error *err)
{
	int r;

	log_copy(tell_warning, maker);
	life_start_plan(maker);
	do
		r = wait_and_serve(maker);
	while (r == 0);
	log_copy(NULL, NULL);
	if (r < 0 && r != -EPIPE)
		return error_errno(err, -r, "cannot serve container '%s'", maker->name);
	if (!maker->is_closed || wait_for_keeper(maker) != 0)
		return error_set(err, ERROR_INTERNAL, 0, "the part of the supervisor that serves container '%s' has ended", maker->name);
	return 0;
}
