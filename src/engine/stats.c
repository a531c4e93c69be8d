/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rounds of samples. What of a container is open stays open from one round to
 * the next, until it is started anew or gone.
 */
#include "engine/stats.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/moment.h"
#include "engine/stats_read.h"
#include "host/pidfd.h"
#include "host/syscalls.h"
#include "runtime/container.h"

#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>

#define LINKS_LIMIT (1u << 20)
#define INTERVAL_MS 1000

/* A container that is looked at. */
struct target {
	char *id;
	struct container container; /* open while .pid is not 0 */
	int64_t pid;
	int pidfd; /* of that process */
	uint64_t cpu_ns;
	int64_t time_ns; /* of the sample before; 0: there is none of this run */
	bool seen;       /* in this round */
};

struct follower {
	const struct stats_request *request;
	struct target *targets;
	size_t count;
	struct runtime runtime;
	uint64_t host_memory;
	uint32_t host_cpus;
	/* Of the round. */
	struct stats_sample *samples;
	size_t sample_count, sample_room;
	struct arena *arena;
};

/* ---- one container --------------------------------------------------------------------- */

static void close_target(struct target *target)
{
	if (target->pid)
		container_done(&target->container);
	close_and_forget(&target->pidfd);
	target->container = CONTAINER_INIT;
	target->pid = 0;
	target->time_ns = 0;
}

/* What belongs to the process PID, which is the container's first. */
static int open_target(const struct follower *follower, struct target *target, int64_t pid, struct error *err)
{
	struct container container = CONTAINER_INIT;
	int r = container_load(&follower->runtime, target->id, &container, err);

	if (r == 0)
		r = container_open_groups(&container, err);
	if (r < 0) {
		container_done(&container);
		return r;
	}
	target->container = container;
	target->pid = pid;
	target->pidfd = pidfd_open_same((pid_t)pid, container.state->init_start);
	return 0;
}

/* Whether the process is in our own network namespace, whose links are not the container's. */
static bool shares_network(int64_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/%lld/ns/net", (long long)pid);
	return stat("/proc/self/ns/net", &ours) < 0 || stat(path, &theirs) < 0 || (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
}

static void read_links(const struct target *target, struct stats_sample *sample)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];

	if (target->pidfd < 0 || shares_network(target->pid))
		return;
	snprintf(path, sizeof path, "/proc/%lld/net/dev", (long long)target->pid);
	if (file_read_at(AT_FDCWD, path, LINKS_LIMIT, &text) < 0)
		return;
	/* The number still was that process when the file was read. */
	if (sys_pidfd_send_signal(target->pidfd, 0) == 0)
		stats_read_links(text.data, sample);
}

static int64_t running_ns(const struct spec_container_state *state)
{
	struct timespec started;

	if (!state->started || moment_parse(state->started, &started) < 0)
		return 0;
	return clock_wall_ns() - ((int64_t)started.tv_sec * 1000000000 + started.tv_nsec);
}

static uint64_t host_cpu_ns(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(AT_FDCWD, "/proc/stat", LINKS_LIMIT, &text) < 0 ? 0 : stats_read_host_cpu(text.data);
}

static void measure(const struct follower *follower, struct target *target, const struct spec_container_state *state, struct stats_sample *sample)
{
	stats_read_groups(&target->container.groups, follower->host_memory, follower->host_cpus, sample);
	sample->time_ns = clock_monotonic_ns();
	sample->host_cpu_ns = host_cpu_ns();
	read_links(target, sample);
	sample->cpu_percent = target->time_ns ? stats_cpu_percent(target->cpu_ns, sample->cpu_ns, sample->time_ns - target->time_ns)
					      : stats_cpu_percent(0, sample->cpu_ns, running_ns(state));
	target->cpu_ns = sample->cpu_ns;
	target->time_ns = sample->time_ns;
}

static bool is_running(const struct container_record *record)
{
	switch (record->state->status) {
	case SPEC_CONTAINER_RUNNING:
	case SPEC_CONTAINER_PAUSED:
	case SPEC_CONTAINER_STOPPING:
		return record->is_supervised && record->state->pid > 0;
	default:
		return false;
	}
}

static struct stats_sample *add_sample(struct follower *follower)
{
	if (follower->sample_count == follower->sample_room) {
		follower->sample_room = follower->sample_room * 2 + 16;
		follower->samples = memory_resize(follower->samples, follower->sample_room, sizeof *follower->samples);
	}
	follower->samples[follower->sample_count] = (struct stats_sample){ 0 };
	return &follower->samples[follower->sample_count++];
}

static void take_sample(struct follower *follower, struct target *target, const struct container_record *record)
{
	struct stats_sample *sample = add_sample(follower);
	const struct spec_container_state *state = record->state;
	struct error err = ERROR_INIT;

	target->seen = true;
	sample->id = arena_strdup(follower->arena, record->container->id);
	sample->name = arena_strdup(follower->arena, record->container->name);
	sample->time_ns = clock_monotonic_ns();
	sample->running = is_running(record);
	if (!sample->running || target->pid != state->pid)
		close_target(target);
	if (!sample->running)
		return;
	/* It may have ended since its state was read. */
	if (!target->pid && open_target(follower, target, state->pid, &err) < 0) {
		log_debug("%s, leaving its numbers out", err.message);
		sample->running = false;
		return;
	}
	measure(follower, target, state, sample);
}

/* ---- which ----------------------------------------------------------------------------------- */

static struct target *find_target(struct follower *follower, const char *id)
{
	for (size_t i = 0; i < follower->count; i++)
		if (str_equal(follower->targets[i].id, id))
			return &follower->targets[i];
	return NULL;
}

static struct target *add_target(struct follower *follower, const char *id)
{
	struct target *target = find_target(follower, id);

	if (target)
		return target;
	follower->targets = memory_resize(follower->targets, follower->count + 1, sizeof *follower->targets);
	target = &follower->targets[follower->count++];
	*target = (struct target){ .id = str_dup(id), .container = CONTAINER_INIT, .pidfd = -EBADF };
	return target;
}

static void forget_unseen(struct follower *follower)
{
	size_t kept = 0;

	for (size_t i = 0; i < follower->count; i++) {
		struct target *target = &follower->targets[i];

		if (target->seen) {
			follower->targets[kept++] = *target;
			continue;
		}
		close_target(target);
		free(target->id);
	}
	follower->count = kept;
}

static int see_record(void *context, struct container_record *record, struct error *err _unused_)
{
	struct follower *follower = context;

	if (follower->request->all || is_running(record))
		take_sample(follower, add_target(follower, record->container->id), record);
	return 0;
}

/* The containers that were named, by their ids. Called once, so that a later one of that name is not taken for it. */
static int add_named(struct follower *follower, struct error *err)
{
	int r = 0;

	for (char *const *name = follower->request->containers; r == 0 && *name; name++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		_cleanup_container_record_ struct container_record record = { .fd = -EBADF };

		r = container_record_open(arena, follower->request->directories, *name, &record, err);
		if (r == 0)
			add_target(follower, record.container->id);
	}
	return r;
}

static int see_named(struct follower *follower, struct error *err)
{
	for (size_t i = 0; i < follower->count; i++) {
		_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
		struct target *target = &follower->targets[i];
		struct error one = ERROR_INIT;
		int r = container_record_open(follower->arena, follower->request->directories, target->id, &record, &one);

		if (r == 0) {
			take_sample(follower, target, &record);
		} else if (one.kind != ERROR_NOT_FOUND) { /* it was removed */
			if (err)
				*err = one;
			return r;
		}
	}
	return 0;
}

static bool has_names(const struct stats_request *request)
{
	return request->containers && request->containers[0];
}

/* ---- rounds ------------------------------------------------------------------------------------ */

static int look(struct follower *follower, struct error *err)
{
	const struct stats_request *request = follower->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	int r;

	follower->arena = arena;
	follower->sample_count = 0;
	for (size_t i = 0; i < follower->count; i++)
		follower->targets[i].seen = false;
	r = has_names(request) ? see_named(follower, err) : container_record_visit(arena, request->directories, see_record, follower, err);
	if (r < 0)
		return r;
	forget_unseen(follower);
	return request->each(request->context, follower->samples, follower->sample_count);
}

/* Until the next whole interval after START_NS, however long the round took. */
static void wait_for_round(int64_t start_ns, unsigned interval_ms)
{
	int64_t interval_ns = (int64_t)interval_ms * 1000000, next = clock_monotonic_ns() - start_ns;
	struct timespec until;

	next = start_ns + (next / interval_ns + 1) * interval_ns;
	until = (struct timespec){ .tv_sec = (time_t)(next / 1000000000), .tv_nsec = next % 1000000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void look_at_host(struct follower *follower)
{
	struct sysinfo info;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (sysinfo(&info) == 0)
		follower->host_memory = (uint64_t)info.totalram * info.mem_unit;
	follower->host_cpus = cpus > 0 ? (uint32_t)cpus : 1;
}

static void follower_done(struct follower *follower)
{
	for (size_t i = 0; i < follower->count; i++)
		follower->targets[i].seen = false;
	forget_unseen(follower);
	free(follower->targets);
	free(follower->samples);
	free((char *)follower->runtime.root);
}

int stats_follow(const struct stats_request *request, struct error *err)
{
	_cleanup_(follower_done) struct follower follower = { .request = request };
	unsigned interval_ms = request->interval_ms ? request->interval_ms : INTERVAL_MS;
	int64_t start_ns = clock_monotonic_ns();
	int r = has_names(request) ? add_named(&follower, err) : 0;

	follower.runtime.root = str_printf("%s/runtime", request->directories->run_root);
	look_at_host(&follower);
	while (r == 0) {
		r = look(&follower, err);
		if (r != 0 || request->once || (has_names(request) && follower.count == 0))
			break;
		wait_for_round(start_ns, interval_ms);
	}
	return r;
}
