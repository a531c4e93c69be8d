/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's process shares its table of descriptors with us until its exec
 * (CLONE_FILES), so that the listener, which the kernel gives to it, is ours
 * too, without a call that would ask. It tells the number in memory that both
 * share, for the same reason.
 */
#include "primitive/call_trace.h"

#include "base/file.h"
#include "base/json.h"
#include "host/caps.h"
#include "host/relinquish.h"
#include "host/seccomp.h"
#include "host/seccomp_arch.h"
#include "host/seccomp_listener.h"
#include "host/syscalls.h"
#include "spec/names.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define NUMBER_LIMIT 1024 /* of system calls */
#define ARCHITECTURE_LIMIT 4
#define UNKNOWN_LIMIT 64  /* numbers without a name */
#define PAUSE_NS 100000

extern char **environ;

/* ---- counting ------------------------------------------------------------------------ */

struct counts {
	uint32_t audit; /* 0: not used */
	uint64_t of[NUMBER_LIMIT];
};

struct unknown {
	uint32_t audit;
	int64_t number;
	uint64_t count;
};

struct counter {
	struct counts architectures[ARCHITECTURE_LIMIT];
	struct unknown unknown[UNKNOWN_LIMIT]; /* the last one stands for all that have no room */
	size_t unknown_count;
};

static void count_unknown(struct counter *counter, uint32_t audit, int64_t number)
{
	size_t i = 0;

	while (i < counter->unknown_count && (counter->unknown[i].audit != audit || counter->unknown[i].number != number))
		i++;
	if (i == UNKNOWN_LIMIT)
		i--;
	else if (i == counter->unknown_count)
		counter->unknown[counter->unknown_count++] = (struct unknown){ .audit = audit, .number = number };
	counter->unknown[i].count++;
}

static void count_call(struct counter *counter, const struct seccomp_data *data)
{
	uint32_t audit = data->arch, number = (uint32_t)data->nr;

	if (audit == AUDIT_ARCH_X86_64 && (number & SECCOMP_X32_BIT)) {
		audit = SECCOMP_ARCH_X32;
		number &= ~SECCOMP_X32_BIT;
	}
	for (size_t i = 0; number < NUMBER_LIMIT && i < ARCHITECTURE_LIMIT; i++) {
		struct counts *counts = &counter->architectures[i];

		if (!counts->audit)
			counts->audit = audit;
		if (counts->audit == audit) {
			counts->of[number]++;
			return;
		}
	}
	count_unknown(counter, audit, number);
}

/* ---- the report ------------------------------------------------------------------------ */

static void add_count(struct call_trace *trace, const char *name, const char *architecture, uint64_t count)
{
	trace->calls[trace->count++] = (struct call_count){ .name = name, .architecture = architecture, .count = count };
	trace->total += count;
}

static const char *name_of_number(struct arena *arena, int64_t number)
{
	return arena_printf(arena, "#%lld", (long long)number);
}

static void add_architecture(struct arena *arena, struct call_trace *trace, const struct counts *counts)
{
	const struct seccomp_arch *arch = seccomp_arch_find(counts->audit);
	const char *word = spec_name_of(SPEC_SECCOMP_ARCHITECTURES, counts->audit);
	const char **names = arena_alloc(arena, NUMBER_LIMIT, sizeof *names);

	for (const int16_t *row = arch ? seccomp_rows_by_number(arch) : (const int16_t[]){ -1 }; *row >= 0; row++) {
		int64_t number = seccomp_row_number(*row, arch) & ~(int64_t)(counts->audit == SECCOMP_ARCH_X32 ? SECCOMP_X32_BIT : 0);

		if (number >= 0 && number < NUMBER_LIMIT)
			names[number] = seccomp_row_name(*row);
	}
	for (int64_t number = 0; number < NUMBER_LIMIT; number++)
		if (counts->of[number])
			add_count(trace, names[number] ? names[number] : name_of_number(arena, number), word, counts->of[number]);
}

static int compare_counts(const void *a, const void *b)
{
	const struct call_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void report(struct arena *arena, const struct counter *counter, struct call_trace *ret)
{
	struct call_trace trace = { .calls = arena_alloc(arena, ARCHITECTURE_LIMIT * NUMBER_LIMIT + UNKNOWN_LIMIT, sizeof *trace.calls) };

	for (size_t i = 0; i < ARCHITECTURE_LIMIT && counter->architectures[i].audit; i++)
		add_architecture(arena, &trace, &counter->architectures[i]);
	for (size_t i = 0; i < counter->unknown_count; i++)
		add_count(&trace, name_of_number(arena, counter->unknown[i].number), spec_name_of(SPEC_SECCOMP_ARCHITECTURES, counter->unknown[i].audit),
			counter->unknown[i].count);
	if (trace.count)
		qsort(trace.calls, trace.count, sizeof *trace.calls, compare_counts);
	*ret = trace;
}

/* ---- the command -------------------------------------------------------------------------- */

/* What both see. */
struct shared {
	atomic_int listener; /* its number; -1: not yet */
	atomic_int error;    /* of what failed before the exec, or of it; 0: none */
	atomic_bool is_exec; /* of the exec */
};

/* The command as execvp(3) would find it, in the arena. */
static int find_program(struct arena *arena, const char *name, const char **ret)
{
	const char *path = getenv("PATH");
	char *rest = arena_strdup(arena, path ? path : "/usr/local/bin:/usr/bin:/bin"), *part;
	int seen = -ENOENT;

	if (strchr(name, '/')) {
		*ret = name;
		return 0;
	}
	while ((part = strsep(&rest, ":"))) {
		const char *candidate = arena_printf(arena, "%s/%s", *part ? part : ".", name);
		struct stat status;

		if (stat(candidate, &status) < 0 || !S_ISREG(status.st_mode))
			continue;
		if (access(candidate, X_OK) == 0) {
			*ret = candidate;
			return 0;
		}
		seen = -EACCES;
	}
	return seen;
}

static int fail_exec(const char *name, int code, struct error *err)
{
	int r = error_errno(err, code, "cannot execute '%s'", name);

	if (err)
		err->exit_status = code == ENOENT || code == ENOTDIR ? 127 : 126;
	return r;
}

static int load_filter(int *ret_listener)
{
	struct sock_filter ask = { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_USER_NOTIF };
	const struct seccomp_program program = { .filter = &ask, .length = 1, .has_notify = true,
		.flags = seccomp_has_flag(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0 };
	uint64_t permitted = 0;
	int r = caps_get_permitted(&permitted);

	if (r == 0 && !(permitted & (UINT64_C(1) << CAP_SYS_ADMIN)))
		r = relinquish_privileges();
	return r == 0 ? seccomp_attach(&program, ret_listener) : r;
}

/* From the filter on each call asks: until the exec there is none. */
static _noreturn_ void become(const char *program, char *const *args, const sigset_t *mask, struct shared *shared)
{
	int listener = -1, r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;

	sigprocmask(SIG_SETMASK, mask, NULL);
	if (r == 0)
		r = load_filter(&listener);
	if (r < 0) {
		atomic_store(&shared->error, -r);
		_exit(125);
	}
	atomic_store(&shared->listener, listener);
	execve(program, args, environ);
	atomic_store(&shared->is_exec, true);
	atomic_store(&shared->error, errno);
	_exit(127);
}

/* ---- answering -------------------------------------------------------------------------------- */

struct tracer {
	struct counter counter;
	pid_t pid;
	int listener, signals;
	bool has_ended;
	int status;
};

static void reap(struct tracer *tracer, int flags)
{
	int status;

	if (!tracer->has_ended && waitpid(tracer->pid, &status, flags) == tracer->pid) {
		tracer->has_ended = true;
		tracer->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

/* What a terminal sends it sends to the command as well. */
static void take_signal(struct tracer *tracer)
{
	struct signalfd_siginfo info;

	if (read(tracer->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(tracer, WNOHANG);
	else if (info.ssi_code != SI_KERNEL && !tracer->has_ended)
		kill(tracer->pid, (int)info.ssi_signo);
}

/* False if the listener is of no more use. */
static bool answer(struct tracer *tracer)
{
	struct seccomp_notif call;
	int r = seccomp_listener_receive(tracer->listener, &call);

	if (r < 0)
		return r == -ENOENT || r == -EINTR;
	count_call(&tracer->counter, &call.data);
	return seccomp_listener_let_through(tracer->listener, call.id) == 0;
}

/* Its end is that of all processes that have the filter. */
static void answer_all(struct tracer *tracer)
{
	struct pollfd polls[] = { { .fd = tracer->listener, .events = POLLIN }, { .fd = tracer->signals, .events = POLLIN } };

	for (;;) {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return;
		if (polls[1].revents & POLLIN)
			take_signal(tracer);
		if ((polls[0].revents & POLLIN) ? !answer(tracer) : polls[0].revents != 0)
			return;
	}
}

/* Waits for the filter, or the end of who did not get there. */
static void await_listener(struct tracer *tracer, struct shared *shared)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	while ((tracer->listener = atomic_load(&shared->listener)) < 0 && !tracer->has_ended) {
		reap(tracer, WNOHANG);
		nanosleep(&pause, NULL);
	}
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static int open_signals(sigset_t *ret_mask)
{
	static const int passed[] = { SIGCHLD, SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 };
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(&signals, passed[i]);
	sigprocmask(SIG_BLOCK, &signals, ret_mask);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int judge(const struct shared *shared, const char *name, struct error *err)
{
	int code = atomic_load(&shared->error);
	int r;

	if (code == 0)
		return 0;
	if (atomic_load(&shared->is_exec))
		return fail_exec(name, code, err);
	r = error_errno(err, code, "cannot load a filter that asks for each system call");
	if (code == EBUSY)
		error_hint(err, "somebody is asked already: one listener is the most that the kernel has for a process");
	return r;
}

static int trace(struct arena *arena, const char *program, char *const *args, struct shared *shared, struct call_trace *ret, int *ret_status, struct error *err)
{
	struct sys_clone_args clone = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	struct tracer *tracer = arena_alloc(arena, 1, sizeof *tracer);
	_cleanup_close_ int signals = -EBADF;
	sigset_t mask;
	int r;

	signals = open_signals(&mask);
	if (signals < 0)
		return error_errno(err, -signals, "cannot make a descriptor for signals");
	tracer->signals = signals;
	tracer->pid = sys_clone3(&clone);
	if (tracer->pid == 0)
		become(program, args, &mask, shared);
	if (tracer->pid < 0)
		return error_errno(err, errno, "cannot make a process");
	await_listener(tracer, shared);
	if (tracer->listener >= 0) {
		seccomp_listener_take_turns(tracer->listener);
		answer_all(tracer);
		close_and_forget(&tracer->listener);
	}
	reap(tracer, 0);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	r = judge(shared, args[0], err);
	if (r < 0)
		return r;
	report(arena, &tracer->counter, ret);
	*ret_status = tracer->status;
	return 0;
}

int call_trace_run(struct arena *arena, char *const *args, struct call_trace *ret, int *ret_status, struct error *err)
{
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *program = NULL;
	int r = find_program(arena, args[0], &program);

	if (r < 0)
		return fail_exec(args[0], -r, err);
	if (shared == MAP_FAILED)
		return error_errno(err, errno, "cannot map memory");
	atomic_store(&shared->listener, -1);
	r = trace(arena, program, args, shared, ret, ret_status, err);
	munmap(shared, sizeof *shared);
	return r;
}

/* ---- as a profile ------------------------------------------------------------------------------------ */

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* WORDS sorted, none twice. */
static void write_words(struct json_writer *w, const char *key, const char **words, size_t count)
{
	qsort(words, count, sizeof *words, compare_words);
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !str_equal(words[i], words[i - 1]))
			json_write_string(w, NULL, words[i]);
	json_write_close(w, ']');
}

void call_trace_add_profile(const struct call_trace *trace, struct buf *out)
{
	_cleanup_free_ const char **names = memory_new(trace->count + 1, sizeof *names), **architectures = memory_new(trace->count + 1, sizeof *architectures);
	struct json_writer w = { .out = out, .indent = 2 };
	size_t name_count = 0, architecture_count = 0;

	for (size_t i = 0; i < trace->count; i++) {
		if (trace->calls[i].name[0] != '#')
			names[name_count++] = trace->calls[i].name;
		if (trace->calls[i].architecture)
			architectures[architecture_count++] = trace->calls[i].architecture;
	}
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "defaultAction", "SCMP_ACT_ERRNO");
	json_write_uint(&w, "defaultErrnoRet", EPERM);
	write_words(&w, "architectures", architectures, architecture_count);
	json_write_open(&w, "syscalls", '[');
	if (name_count) {
		json_write_open(&w, NULL, '{');
		write_words(&w, "names", names, name_count);
		json_write_string(&w, "action", "SCMP_ACT_ALLOW");
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

int call_trace_write(const char *path, const struct buf *text, struct error *err)
{
	int r = file_replace_at(AT_FDCWD, path, text->data, text->length, 0644);

	return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}
