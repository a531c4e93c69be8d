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
#include "engine/stats_target.h"

#include <fcntl.h>
#include <time.h>

#define STAT_LIMIT (1u << 20)
#define INTERVAL_MS 1000

/* A container that is looked at. */
struct target {
	char *id;
	struct stats_target open; /* while it runs */
	uint64_t cpu_ns;
	int64_t time_ns; /* of the sample before; 0: there is none of this run */
	bool seen;       /* in this round */
};

struct follower {
	const struct stats_request *request;
	struct target *targets;
	size_t count;
	struct stats_host host;
	/* Of the round. */
	struct stats_sample *samples;
	size_t sample_count, sample_room;
	struct arena *arena;
};

/* ---- one container --------------------------------------------------------------------- */

static void close_target(struct target *target)
{
	stats_target_close(&target->open);
	target->time_ns = 0;
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

	return file_read_at(AT_FDCWD, "/proc/stat", STAT_LIMIT, &text) < 0 ? 0 : stats_read_host_cpu(text.data);
}

static void measure(const struct follower *follower, struct target *target, const struct spec_container_state *state, struct stats_sample *sample)
{
	stats_target_measure(&follower->host, &target->open, sample);
	sample->host_cpu_ns = host_cpu_ns();
	sample->cpu_percent = target->time_ns ? stats_cpu_percent(target->cpu_ns, sample->cpu_ns, sample->time_ns - target->time_ns)
					      : stats_cpu_percent(0, sample->cpu_ns, running_ns(state));
	target->cpu_ns = sample->cpu_ns;
	target->time_ns = sample->time_ns;
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
	sample->running = stats_target_runs(record);
	if (!sample->running || target->open.pid != state->pid)
		close_target(target);
	if (!sample->running)
		return;
	/* It may have ended since its state was read. */
	if (!target->open.pid && stats_target_open(&follower->host, target->id, state->pid, &target->open, &err) < 0) {
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
	*target = (struct target){ .id = str_dup(id), .open = STATS_TARGET_INIT };
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

	if (follower->request->all || stats_target_runs(record))
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

static void follower_done(struct follower *follower)
{
	for (size_t i = 0; i < follower->count; i++)
		follower->targets[i].seen = false;
	forget_unseen(follower);
	free(follower->targets);
	free(follower->samples);
	stats_host_done(&follower->host);
}

int stats_follow(const struct stats_request *request, struct error *err)
{
	_cleanup_(follower_done) struct follower follower = { .request = request };
	unsigned interval_ms = request->interval_ms ? request->interval_ms : INTERVAL_MS;
	int64_t start_ns = clock_monotonic_ns();
	int r = has_names(request) ? add_named(&follower, err) : 0;

	stats_host_look(request->directories, &follower.host);
	while (r == 0) {
		r = look(&follower, err);
		if (r != 0 || request->once || (has_names(request) && follower.count == 0))
			break;
		wait_for_round(start_ns, interval_ms);
	}
	return r;
}
