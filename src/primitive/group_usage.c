/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/group_usage.h"

#include "base/clock.h"
#include "base/human.h"
#include "engine/stats_read.h"
#include "engine/stats_target.h"
#include "host/cgroup_reading.h"
#include "primitive/group.h"

#include <inttypes.h>
#include <time.h>

#define FIRST_WINDOW_MS 100
#define PAGE_ROUNDING 65536 /* version 1 writes "no limit" as the highest number of whole pages */

/* ---- settings ---------------------------------------------------------------------- */

struct reader {
	struct arena *arena;
	const struct cgroup_set *set;
	struct stats_sample sample;
	struct group_setting *settings;
	size_t count;
};

#define SETTINGS_LIMIT 16

/* Adds what FILE of the group with CONTROLLER holds; VALUE is made of its text by the caller. */
static void add_setting(struct reader *r, const struct cgroup_group *group, const char *name, const char *file, const char *value, const char *usage)
{
	_cleanup_free_ char *path = cgroup_file_path(group, file);

	if (r->count < SETTINGS_LIMIT)
		r->settings[r->count++] = (struct group_setting){ .name = name, .value = value, .usage = usage, .file = arena_strdup(r->arena, path) };
}

static const char *size_text(struct arena *arena, uint64_t bytes)
{
	_cleanup_free_ char *text = human_memory(bytes);

	return arena_strdup(arena, text);
}

/* A limit of bytes, either version's. */
static const char *limit_text(struct arena *arena, const char *text)
{
	uint64_t bytes = 0;

	if (str_equal(text, "max") || str_to_u64(text, 10, &bytes) < 0 || bytes >= INT64_MAX - PAGE_ROUNDING)
		return "none";
	return size_text(arena, bytes);
}

static const char *seconds_text(struct arena *arena, uint64_t ns)
{
	return arena_printf(arena, "%" PRIu64 ".%03" PRIu64 "s", ns / 1000000000, ns / 1000000 % 1000);
}

/* Of version 2 "50000 100000", of version 1 the two numbers. */
static const char *cpus_text(struct arena *arena, const char *quota, const char *period)
{
	uint64_t quota_us = 0, period_us = 0;

	if (!quota || !period || str_to_u64(quota, 10, &quota_us) < 0 || str_to_u64(period, 10, &period_us) < 0 || !period_us)
		return "none";
	return arena_printf(arena, "%" PRIu64 ".%02" PRIu64 " CPUs", quota_us / period_us, quota_us % period_us * 100 / period_us);
}

static void read_cpu(struct reader *r)
{
	const struct cgroup_group *group = cgroup_set_find(r->set, CGROUP_CPU);
	const char *file = group && group->is_v2 ? "cpu.max" : "cpu.cfs_quota_us";
	_cleanup_free_ char *quota = cgroup_reading_text(group, file), *period = cgroup_reading_text(group, "cpu.cfs_period_us");
	_cleanup_free_ char *weight = cgroup_reading_text(group, group && group->is_v2 ? "cpu.weight" : "cpu.shares");
	char *blank = quota ? strchr(quota, ' ') : NULL;
	uint64_t shares = 0;
	const char *usage = arena_printf(r->arena, "%s used", seconds_text(r->arena, r->sample.cpu_ns));

	if (r->sample.periods)
		usage = arena_printf(r->arena, "%s, held up in %" PRIu64 " of %" PRIu64 " periods", usage, r->sample.throttled_periods, r->sample.periods);
	if (blank)
		*blank = '\0';
	if (quota)
		add_setting(r, group, "cpu maximum", file, cpus_text(r->arena, quota, blank ? blank + 1 : period), usage);
	if (weight && group->is_v2)
		add_setting(r, group, "cpu weight", "cpu.weight", arena_strdup(r->arena, weight), NULL);
	else if (weight && str_to_u64(weight, 10, &shares) == 0)
		add_setting(r, group, "cpu weight", "cpu.shares",
			arena_printf(r->arena, "%" PRIu64 " (%" PRIu64 " shares)", group_limits_weight(shares), shares), NULL);
}

static void read_cpuset(struct reader *r)
{
	const struct cgroup_group *group = cgroup_set_find(r->set, CGROUP_CPUSET);
	static const struct {
		const char *name, *file, *effective_v1, *effective_v2;
	} lists[] = {
		{ "cpus", "cpuset.cpus", "cpuset.effective_cpus", "cpuset.cpus.effective" },
		{ "memory nodes", "cpuset.mems", "cpuset.effective_mems", "cpuset.mems.effective" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *text = cgroup_reading_text(group, lists[i].file);
		_cleanup_free_ char *effective = cgroup_reading_text(group, group && group->is_v2 ? lists[i].effective_v2 : lists[i].effective_v1);

		if (text)
			add_setting(r, group, lists[i].name, lists[i].file, *text ? arena_strdup(r->arena, text) : "as above it",
				effective ? arena_printf(r->arena, "%s may be used", effective) : NULL);
	}
}

static const char *memory_usage(struct reader *r)
{
	const struct stats_sample *s = &r->sample;
	const char *text = arena_printf(r->arena, "%s, %s of it file cache", size_text(r->arena, s->memory_usage), size_text(r->arena, s->memory_cache));

	if (s->memory_maximum)
		text = arena_printf(r->arena, "%s; at most %s", text, size_text(r->arena, s->memory_maximum));
	if (s->oom_kills)
		text = arena_printf(r->arena, "%s; %" PRIu64 " killed for want of it", text, s->oom_kills);
	return text;
}

static void read_memory(struct reader *r)
{
	static const struct {
		const char *name, *v1, *v2;
	} limits[] = {
		{ "memory maximum", "memory.limit_in_bytes", "memory.max" },
		{ "memory high", NULL, "memory.high" },
		{ "memory reservation", "memory.soft_limit_in_bytes", "memory.low" },
		{ "memory and swap", "memory.memsw.limit_in_bytes", NULL },
		{ "swap maximum", NULL, "memory.swap.max" },
	};
	const struct cgroup_group *group = cgroup_set_find(r->set, CGROUP_MEMORY);

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const char *file = group && group->is_v2 ? limits[i].v2 : limits[i].v1;
		_cleanup_free_ char *text = file ? cgroup_reading_text(group, file) : NULL;

		if (text)
			add_setting(r, group, limits[i].name, file, limit_text(r->arena, text),
				i == 0 ? memory_usage(r) : strstr(limits[i].name, "swap") ? arena_printf(r->arena, "%s of swap", size_text(r->arena, r->sample.swap)) : NULL);
	}
}

static void read_pids(struct reader *r)
{
	const struct cgroup_group *group = cgroup_set_find(r->set, CGROUP_PIDS);
	_cleanup_free_ char *text = cgroup_reading_text(group, "pids.max");

	if (text)
		add_setting(r, group, "pids", "pids.max", str_equal(text, "max") ? "none" : arena_strdup(r->arena, text),
			arena_printf(r->arena, "%" PRIu64, r->sample.pids));
}

static void read_io(struct reader *r)
{
	static const char *const weights[] = { "io.weight", "io.bfq.weight", "blkio.bfq.weight", "blkio.weight" };
	const struct cgroup_group *group = cgroup_set_find(r->set, CGROUP_IO);
	_cleanup_free_ char *read = human_memory(r->sample.read_bytes), *written = human_memory(r->sample.write_bytes);
	const char *usage = arena_printf(r->arena, "%s read, %s written", read, written);

	for (size_t i = 0; i < ARRAY_SIZE(weights); i++) {
		_cleanup_free_ char *text = cgroup_reading_text(group, weights[i]);

		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		add_setting(r, group, "io weight", weights[i], arena_strdup(r->arena, str_starts_with(text, "default ") ? text + strlen("default ") : text), usage);
		usage = NULL;
	}
	if (group && usage)
		add_setting(r, group, "io", group->is_v2 ? "io.stat" : "blkio.throttle.io_service_bytes", NULL, usage);
}

static void read_pressure(struct reader *r)
{
	const struct {
		const char *name, *file;
		const struct stats_pressure *pressure;
	} kinds[] = {
		{ "cpu pressure", "cpu.pressure", &r->sample.cpu_pressure },
		{ "memory pressure", "memory.pressure", &r->sample.memory_pressure },
		{ "io pressure", "io.pressure", &r->sample.io_pressure },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].pressure->known)
			add_setting(r, cgroup_set_v2(r->set), kinds[i].name, kinds[i].file, NULL,
				arena_printf(r->arena, "%.2f%% of the last 10s some waited, %.2f%% all", kinds[i].pressure->some_avg10, kinds[i].pressure->full_avg10));
}

static void sample_group(const struct cgroup_set *set, struct stats_sample *sample)
{
	struct stats_host host;

	stats_host_measure(&host);
	sample->running = true;
	sample->time_ns = clock_monotonic_ns();
	stats_read_groups(set, host.memory, host.cpus, sample);
}

int group_usage_read(struct arena *arena, const char *name, struct group_setting **ret, size_t *ret_count, struct error *err)
{
	static void (*const parts[])(struct reader *) = { read_cpu, read_cpuset, read_memory, read_pids, read_io, read_pressure };
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	struct reader reader = { .arena = arena, .set = &set, .settings = arena_alloc(arena, SETTINGS_LIMIT, sizeof *reader.settings) };
	int r = group_open(name, &set, err);

	if (r < 0)
		return r;
	sample_group(&set, &reader.sample);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i](&reader);
	*ret = reader.settings;
	*ret_count = reader.count;
	return 0;
}

/* ---- watching ------------------------------------------------------------------------ */

/* What was used up to the round before, by name. */
struct past {
	char *name;
	uint64_t cpu_ns;
	int64_t time_ns;
};

struct watcher {
	const struct group_watch_request *request;
	struct past *past;
	size_t past_count;
};

static const struct past *find_past(const struct watcher *watcher, const char *name)
{
	for (size_t i = 0; i < watcher->past_count; i++)
		if (str_equal(watcher->past[i].name, name))
			return &watcher->past[i];
	return NULL;
}

static void forget(struct watcher *watcher)
{
	for (size_t i = 0; i < watcher->past_count; i++)
		free(watcher->past[i].name);
	free(watcher->past);
	watcher->past = NULL;
	watcher->past_count = 0;
}

static void remember(struct watcher *watcher, const struct stats_sample *samples, size_t count)
{
	forget(watcher);
	watcher->past = memory_new(count + 1, sizeof *watcher->past);
	for (size_t i = 0; i < count; i++)
		watcher->past[watcher->past_count++] = (struct past){ str_dup(samples[i].name), samples[i].cpu_ns, samples[i].time_ns };
}

static int sample_named(const struct watcher *watcher, const char *name, struct stats_sample *sample, struct error *err)
{
	_cleanup_cgroup_set_ struct cgroup_set set = CGROUP_SET_INIT;
	const struct past *past = find_past(watcher, name);
	int r = group_open(name, &set, err);

	if (r < 0)
		return r;
	*sample = (struct stats_sample){ .id = name, .name = name };
	sample_group(&set, sample);
	if (past)
		sample->cpu_percent = stats_cpu_percent(past->cpu_ns, sample->cpu_ns, sample->time_ns - past->time_ns);
	return 0;
}

/* NULL-terminated, in the arena. */
static int list_names(struct arena *arena, const struct group_watch_request *request, char *const **ret, struct error *err)
{
	struct group_entry *entries;
	size_t count;
	char **names;
	int r;

	*ret = request->names;
	if (*request->names)
		return 0;
	r = group_list(arena, &entries, &count, err);
	if (r < 0)
		return r;
	names = arena_alloc(arena, count + 1, sizeof *names);
	for (size_t i = 0; i < count; i++)
		names[i] = (char *)entries[i].name;
	*ret = names;
	return 0;
}

static int make_round(struct watcher *watcher, bool is_first, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct stats_sample *samples;
	char *const *names;
	size_t count = 0;
	int r = list_names(arena, watcher->request, &names, err);

	if (r < 0)
		return r;
	samples = arena_alloc(arena, strv_length(names) + 1, sizeof *samples);
	for (; *names; names++) {
		struct error missing = ERROR_INIT;

		r = sample_named(watcher, *names, &samples[count], &missing);
		if (r == 0)
			count++;
		else if (missing.kind != ERROR_NOT_FOUND || (is_first && *watcher->request->names)) {
			if (err)
				*err = missing;
			return r;
		}
	}
	r = is_first ? 0 : watcher->request->each(watcher->request->context, samples, count);
	remember(watcher, samples, count);
	return r;
}

static void pause_ms(unsigned ms)
{
	struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

int group_usage_watch(const struct group_watch_request *request, struct error *err)
{
	struct watcher watcher = { .request = request };
	int r = make_round(&watcher, true, err);

	for (uint64_t round = 0; r == 0 && (request->rounds == 0 || round < request->rounds); round++) {
		pause_ms(round ? request->interval_ms : FIRST_WINDOW_MS);
		r = make_round(&watcher, false, err);
	}
	forget(&watcher);
	return r;
}
