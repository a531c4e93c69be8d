/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: what is stored and runs: what killed commands left, who waits for whom, what comes back after a boot, the clock. */
#include "engine/doctor_subject.h"

#include "base/file.h"
#include "base/moment.h"
#include "engine/boot.h"
#include "engine/build_debris.h"
#include "engine/container.h"
#include "engine/containers.h"
#include "host/lock_table.h"
#include "host/pidfd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/sysmacros.h>

#define OLDEST_MOMENT INT64_C(1735689600) /* 2025: this program is younger than that */
#define LONG_WAIT_S 60
#define COMMAND_SHOWN 80u /* bytes of a command line */
#define LOCKS_SHOWN 8u /* of those that somebody waits for */

/* ---- what killed commands left --------------------------------------------------------- */

struct leftovers {
	struct arena *arena;
	const char *first;
	size_t count;
};

static void note_leftover(void *context, const char *text)
{
	struct leftovers *left = context;

	if (left->count++ == 0)
		left->first = arena_strdup(left->arena, text);
}

static void check_leftovers(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	struct leftovers left = { .arena = subject->arena };
	struct error err = ERROR_INIT;
	int r;

	if (!doctor_exists(subject, subject->directories->root) || !subject->is_live)
		return;
	r = container_check(subject->directories, false, note_leftover, &left, &err);
	if (r == 0)
		r = build_debris_sweep(&(struct build_debris){ .directories = subject->directories, .dry_run = true, .found = note_leftover, .context = &left }, &err);
	if (r < 0)
		doctor_say(out, DOCTOR_WARNING, doctor_own_line(subject, "system check --repair"), "%s", err.message);
	else if (left.count)
		doctor_say(out, DOCTOR_WARNING, doctor_own_line(subject, "system check --repair"),
			"killed commands have left something (%zu): %s", left.count, left.first);
	else
		doctor_say(out, DOCTOR_OK, NULL, "nothing is left over; 'bivy system check' looks into images, too");
}

/* ---- containers, as the checks need them ------------------------------------------------- */

struct survey_sum {
	size_t count, with_policy, running;
	const char *first_with_policy; /* name */
	int64_t latest_start;          /* seconds since 1970 */
	struct arena *arena;
	char **ids, **names; /* of all, for locks */
};

static int add_record(void *context, struct container_record *record, struct error *err _unused_)
{
	struct survey_sum *sum = context;
	const char *policy = record->container->host.restart_policy;
	struct timespec started;

	sum->ids = strv_append(sum->arena, sum->ids, arena_strdup(sum->arena, record->container->id));
	sum->names = strv_append(sum->arena, sum->names, arena_strdup(sum->arena, record->container->name ? record->container->name : ""));
	sum->count++;
	sum->running += record->is_supervised;
	if (!str_is_empty(policy) && !str_equal(policy, "no") && sum->with_policy++ == 0)
		sum->first_with_policy = sum->names[sum->count - 1];
	if (record->state->started && moment_parse(record->state->started, &started) == 0 && started.tv_sec > sum->latest_start)
		sum->latest_start = started.tv_sec;
	return 0;
}

/* Damaged ones are left out; of a host without any it is all zeros. */
static struct survey_sum survey(const struct doctor_subject *subject)
{
	struct survey_sum sum = { .arena = subject->arena };

	if (container_record_survey(subject->directories, NULL, add_record, &sum, NULL) < 0)
		sum.count = 0;
	return sum;
}

/* ---- after a boot, and after a logout ------------------------------------------------------ */

static void check_boot(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct boot_host host = { .fd = subject->host_fd, .uid = subject->uid, .user = subject->user, .config_home = subject->config_home,
		.program = subject->program, .is_live = subject->is_live };
	const struct boot_plan plan = boot_plan_make(subject->arena, &host, subject->directories);
	const struct survey_sum sum = survey(subject);

	if (plan.is_installed)
		doctor_say(out, DOCTOR_OK, NULL, "%s starts what should run", plan.way);
	else if (!sum.with_policy)
		doctor_say(out, DOCTOR_OK, NULL, "no container has a restart policy, and nothing starts any at boot");
	else if (!plan.way)
		doctor_say(out, DOCTOR_WARNING, NULL, "containers have restart policies (%zu, such as %s), but nothing starts them at boot: have it call 'bivy system start'",
			sum.with_policy, sum.first_with_policy);
	else
		doctor_say(out, DOCTOR_WARNING, doctor_own_line(subject, "system start --install"), "containers have restart policies (%zu, such as %s), but nothing starts them at boot; %s can", sum.with_policy, sum.first_with_policy, plan.way);
}

/* At the last logout logind ends what is the user's, and removes /run/user/UID: logind.conf(5), KillUserProcesses; pam_systemd(8). */
static void check_linger(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct survey_sum sum = survey(subject);

	if (!doctor_has_systemd(subject) || !subject->user)
		return;
	if (doctor_exists(subject, arena_printf(subject->arena, "/var/lib/systemd/linger/%s", subject->user)))
		doctor_say(out, DOCTOR_OK, NULL, "what runs stays at logout");
	else
		doctor_say(out, sum.running || sum.with_policy ? DOCTOR_WARNING : DOCTOR_NOTE, "loginctl enable-linger",
			"at the last logout containers end (%zu run), and nothing starts them before a login", sum.running);
}

/* ---- who waits for whom --------------------------------------------------------------------- */

/* The command line of a process, blanks between the words; "" if it has ended. */
static const char *command_line(const struct doctor_subject *subject, pid_t pid)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];

	snprintf(path, sizeof path, "proc/%d/cmdline", (int)pid);
	if (pid <= 0 || file_read_at(subject->host_fd, path, 64u << 10, &text) < 0 || !text.data)
		return "";
	for (size_t i = 0; i + 1 < text.length; i++)
		text.data[i] = text.data[i] ? text.data[i] : ' ';
	return arena_strndup(subject->arena, text.data, strnlen(text.data, COMMAND_SHOWN));
}

/* How long it has been there, in seconds; 0 if that cannot be told. */
static int64_t age_of(const struct doctor_subject *subject, pid_t pid)
{
	struct timespec now;
	uint64_t start;

	if (!subject->is_live || pid <= 0 || pidfd_start_time(pid, &start) < 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 0;
	return now.tv_sec - (int64_t)(start / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* All locks of the host, and what was found of ours. */
struct locks {
	const struct doctor_subject *subject;
	struct doctor_outcome *out;
	struct lock_table table;
	struct survey_sum containers;
	const char *kind, *directory; /* that is looked through */
	const char *file;             /* in each of its entries, or NULL: the entries themselves */
	size_t held, waited_for;
};

static const char *name_of_object(const struct locks *locks, const char *entry)
{
	for (size_t i = 0; i < locks->containers.count; i++)
		if (str_equal(locks->containers.ids[i], entry))
			return locks->containers.names[i];
	return entry;
}

static bool is_of(const struct lock_table_entry *entry, const struct stat *status)
{
	return entry->is_whole && entry->inode == status->st_ino && entry->major == major(status->st_dev) && entry->minor == minor(status->st_dev);
}

static void say_of_waits(struct locks *locks, const char *name, const struct stat *status)
{
	const struct doctor_subject *subject = locks->subject;
	const struct lock_table_entry *holder = NULL, *waiter = NULL;
	size_t waiters = 0;
	int64_t age;

	for (size_t i = 0; i < locks->table.count; i++) {
		const struct lock_table_entry *entry = &locks->table.entries[i];

		if (!is_of(entry, status))
			continue;
		waiters += entry->is_waiting;
		if (entry->is_waiting)
			waiter = waiter ? waiter : entry;
		else
			holder = holder ? holder : entry;
	}
	locks->held += holder != NULL;
	if (!holder || !waiter || locks->waited_for++ >= LOCKS_SHOWN)
		return;
	age = age_of(subject, holder->pid);
	doctor_say_by_hand(locks->out, age >= LONG_WAIT_S ? DOCTOR_WARNING : DOCTOR_NOTE,
		age >= LONG_WAIT_S ? arena_printf(subject->arena, "kill %d", (int)holder->pid) : NULL,
		"%s %.80s: locked by process %d (%s) for %" PRId64 " s at most; %zu %s for it without a limit: process %d (%s)", locks->kind, name_of_object(locks, name),
		(int)holder->pid, command_line(subject, holder->pid), age, waiters, waiters == 1 ? "waits" : "wait", (int)waiter->pid, command_line(subject, waiter->pid));
}

static int look_at(void *context, const char *name)
{
	struct locks *locks = context;
	const char *path = arena_printf(locks->subject->arena, "%s/%s%s%s", locks->directory, name, locks->file ? "/" : "", locks->file ? locks->file : "");
	struct stat status;

	if (!str_equal(name, ".") && !str_equal(name, "..") && doctor_stat(locks->subject, path, &status))
		say_of_waits(locks, name, &status);
	return 0;
}

static void look_through(struct locks *locks, const char *kind, const char *directory, const char *file)
{
	_cleanup_close_ int fd = openat(locks->subject->host_fd, directory + strspn(directory, "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	locks->kind = kind;
	locks->directory = directory;
	locks->file = file;
	if (fd >= 0)
		ignore_result(file_each_name(fd, look_at, locks)); /* what cannot be read is passed over */
}

static void check_waits(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct directories *directories = subject->directories;
	struct locks locks = { .subject = subject, .out = out, .containers = survey(subject) };
	const char *text = doctor_read(subject, "/proc/locks");
	struct arena *arena = subject->arena;

	if (!text || !doctor_exists(subject, directories->root))
		return;
	locks.table = lock_table_parse(arena, text, strlen(text));
	look_through(&locks, "container", arena_printf(arena, "%s/containers", directories->root), NULL);
	look_through(&locks, "volume", arena_printf(arena, "%s/volumes", directories->root), NULL);
	look_through(&locks, "network", arena_printf(arena, "%s/networks", directories->run_root), "lock");
	look_through(&locks, "images'", arena_printf(arena, "%s/locks", directories->images), NULL);
	if (!locks.waited_for)
		doctor_say(out, DOCTOR_OK, NULL, "nobody waits for a lock (%zu are held)", locks.held);
}

/* ---- the clock --------------------------------------------------------------------------------- */

static const char *set_clock(const struct doctor_subject *subject)
{
	if (doctor_has_systemd(subject))
		return doctor_as_root(subject, "timedatectl set-ntp true");
	return doctor_find_program(subject, "chronyd") ? doctor_as_root(subject, "chronyd -q") : NULL;
}

static void check_clock(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct survey_sum sum = survey(subject);
	_cleanup_buf_ struct buf now = BUF_INIT;
	const struct timespec moment = { .tv_sec = subject->now };

	moment_add(&moment, &now);
	if (subject->now < OLDEST_MOMENT)
		doctor_say(out, DOCTOR_WARNING, set_clock(subject), "it is %s: certificates of registries are refused as not yet valid", now.data);
	else if (sum.latest_start > subject->now + 60)
		doctor_say(out, DOCTOR_NOTE, set_clock(subject), "it is %s, and a container was started later than that: the clock has been set back", now.data);
	else
		doctor_say(out, DOCTOR_OK, NULL, "it is %s", now.data);
}

static const struct doctor_check checks[] = {
	{ "leftovers", "what killed commands left is in nobody's way",            DOCTOR_ALL,  check_leftovers },
	{ "waits",     "who holds what others wait for",                          DOCTOR_ALL,  check_waits },
	{ "boot",      "containers with restart policies come back after a boot", DOCTOR_ALL,  check_boot },
	{ "linger",    "containers of users outlive their sessions",              DOCTOR_USER, check_linger },
	{ "clock",     "certificates, logs and restarts go by it",                DOCTOR_ALL,  check_clock },
};

const struct doctor_group doctor_state = { "state", checks, ARRAY_SIZE(checks) };
