/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats_view.h"

#include "cli/command.h"
#include "base/human.h"
#include "cli/listing.h"

#include <inttypes.h>

#define LEVELS 8 /* of a block */
#define USUAL "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
struct stats_view_row {
	char *id;
	struct stats_history cpu, memory;
	uint64_t periods, throttled_periods; /* at the sample before */
	bool seen;
};

static const struct listing_field fields[] = {
	{ "BlockIO", "BLOCK I/O" }, { "CPUHistory", "CPU HISTORY" }, { "CPUPerc", "CPU %" }, { "Container", "CONTAINER" }, { "ID", "CONTAINER ID" },
	{ "MemHistory", "MEM HISTORY" }, { "MemMax", "MEM MAX" }, { "MemPerc", "MEM %" }, { "MemUsage", "MEM USAGE / LIMIT" }, { "Name", "NAME" },
	{ "NetIO", "NET I/O" }, { "OOMKills", "OOM KILLS" }, { "PIDs", "PIDS" }, { "Pressure", "PRESSURE CPU/MEM/IO" }, { "Swap", "SWAP" },
	{ "Throttled", "THROTTLED" }, { NULL },
};

/* With history, for narrower and narrower terminals: what says least, and what is wide, goes first. Widths without the name's. */
static const struct layout {
	unsigned width;
	const char *format;
} layouts[] = {
	{ 171, "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.MemHistory}}\t{{.Throttled}}\t{{.Pressure}}"
	       "\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}" },
	{ 149, "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.MemHistory}}\t{{.Throttled}}"
	       "\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}" },
	{ 130, "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.Throttled}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}" },
	{ 118, "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}" },
	{ 103, "{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}" },
	{ 85, "{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.PIDs}}" },
	{ 67, "{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.PIDs}}" },
	{ 0, "{{.Name}}\t{{.CPUPerc}}\t{{.CPUHistory}}\t{{.MemPerc}}\t{{.PIDs}}" },
};

/* ---- history ----------------------------------------------------------------------- */

void stats_history_add(struct stats_history *history, double value)
{
	history->values[history->count++ % STATS_HISTORY] = value < 0 ? 0 : value > 1 ? 1 : (float)value;
}

/* The lowest block is for what is more than nothing. */
static unsigned level_of(float value)
{
	unsigned level = (unsigned)(value * LEVELS + 0.5f);

	return level == 0 && value > 0 ? 1 : level;
}

void stats_history_draw(const struct stats_history *history, bool utf8, struct buf *out)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[] = { " ", ".", ".", ":", "-", "=", "+", "*", "#" };
	unsigned known = history->count < STATS_HISTORY ? history->count : STATS_HISTORY;

	for (unsigned i = known; i < STATS_HISTORY; i++)
		buf_add_char(out, ' ');
	for (unsigned i = known; i > 0; i--)
		buf_add_text(out, (utf8 ? blocks : letters)[level_of(history->values[(history->count - i) % STATS_HISTORY])]);
}

/* ---- rows --------------------------------------------------------------------------- */

static struct stats_view_row *find_row(struct stats_view *view, const char *id)
{
	for (size_t i = 0; i < view->count; i++)
		if (str_equal(view->rows[i].id, id))
			return &view->rows[i];
	view->rows = memory_resize(view->rows, view->count + 1, sizeof *view->rows);
	view->rows[view->count] = (struct stats_view_row){ .id = str_dup(id) };
	return &view->rows[view->count++];
}

/* Those of containers that were not in the round. */
static void forget_rows(struct stats_view *view)
{
	size_t kept = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (view->rows[i].seen)
			view->rows[kept++] = view->rows[i];
		else
			free(view->rows[i].id);
	}
	view->count = kept;
}

static const char *pair(struct arena *arena, uint64_t a, uint64_t b, char *format(uint64_t))
{
	_cleanup_free_ char *one = format(a), *other = format(b);

	return arena_printf(arena, "%s / %s", one, other);
}

static char *three_digits(uint64_t bytes)
{
	return human_size(bytes, 3);
}

static const char *single(struct arena *arena, uint64_t bytes)
{
	_cleanup_free_ char *text = human_memory(bytes);

	return arena_strdup(arena, text);
}

/* Of the periods since the sample before, or of all. */
static const char *throttled(struct arena *arena, const struct stats_view_row *row, const struct stats_sample *sample)
{
	bool goes_on = sample->periods > row->periods && sample->throttled_periods >= row->throttled_periods;
	uint64_t periods = goes_on ? sample->periods - row->periods : 0, count = goes_on ? sample->throttled_periods - row->throttled_periods : 0;

	return arena_printf(arena, "%.0f%%", periods ? (double)count * 100 / (double)periods : 0);
}

static const char *pressure(struct arena *arena, const struct stats_sample *sample)
{
	if (!sample->cpu_pressure.known && !sample->memory_pressure.known && !sample->io_pressure.known)
		return "--";
	return arena_printf(arena, "%.0f%% %.0f%% %.0f%%", sample->cpu_pressure.some_avg10, sample->memory_pressure.some_avg10,
		sample->io_pressure.some_avg10);
}

static const char *drawn(struct arena *arena, const struct stats_history *history, bool utf8)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	stats_history_draw(history, utf8, &text);
	return arena_strdup(arena, text.data);
}

static int add_row(struct stats_view *view, struct listing *listing, const struct stats_sample *sample, struct error *err)
{
	struct stats_view_row *row = find_row(view, sample->id);
	struct arena *arena = listing->arena;
	double memory = sample->memory_limit ? (double)sample->memory / (double)sample->memory_limit : 0;
	const char *id = view->whole_ids ? sample->id : arena_strndup(arena, sample->id, strnlen(sample->id, 12));

	row->seen = true;
	stats_history_add(&row->cpu, sample->cpus ? sample->cpu_percent / 100 / sample->cpus : 0);
	stats_history_add(&row->memory, memory);
	listing_set(listing, "BlockIO", pair(arena, sample->read_bytes, sample->write_bytes, three_digits));
	listing_set(listing, "CPUHistory", drawn(arena, &row->cpu, view->utf8));
	listing_set(listing, "CPUPerc", arena_printf(arena, "%.2f%%", sample->cpu_percent));
	listing_set(listing, "Container", id);
	listing_set(listing, "ID", id);
	listing_set(listing, "MemHistory", drawn(arena, &row->memory, view->utf8));
	listing_set(listing, "MemMax", single(arena, sample->memory_maximum));
	listing_set(listing, "MemPerc", arena_printf(arena, "%.2f%%", memory * 100));
	listing_set(listing, "MemUsage", pair(arena, sample->memory, sample->memory_limit, human_memory));
	listing_set(listing, "Name", sample->name);
	listing_set(listing, "NetIO", pair(arena, sample->received_bytes, sample->sent_bytes, three_digits));
	listing_set(listing, "OOMKills", arena_printf(arena, "%" PRIu64, sample->oom_kills));
	listing_set(listing, "PIDs", arena_printf(arena, "%" PRIu64, sample->pids));
	listing_set(listing, "Pressure", pressure(arena, sample));
	listing_set(listing, "Swap", single(arena, sample->swap));
	listing_set(listing, "Throttled", throttled(arena, row, sample));
	row->periods = sample->periods;
	row->throttled_periods = sample->throttled_periods;
	return listing_add_row(listing, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct stats_sample *const *)a)->name, (*(const struct stats_sample *const *)b)->name);
}

static const char *usual_format(const struct stats_view *view, const struct stats_sample *samples, size_t count)
{
	size_t name = strlen("NAME");
	const struct layout *layout = layouts;

	if (view->columns == 0)
		return USUAL;
	for (size_t i = 0; i < count; i++)
		name = strlen(samples[i].name) > name ? strlen(samples[i].name) : name;
	while (layout->width > 0 && layout->width + name > view->columns)
		layout++;
	return layout->format;
}

int stats_view_add(struct stats_view *view, const struct stats_sample *samples, size_t count, struct buf *out, struct error *err)
{
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	_cleanup_free_ const struct stats_sample **sorted = memory_new(count + 1, sizeof *sorted);
	int r = listing_begin(&listing, fields, view->format, usual_format(view, samples, count), err);

	for (size_t i = 0; i < count; i++)
		sorted[i] = &samples[i];
	qsort(sorted, count, sizeof *sorted, compare_names);
	for (size_t i = 0; i < view->count; i++)
		view->rows[i].seen = false;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(view, &listing, sorted[i], err);
	if (r < 0)
		return r;
	forget_rows(view);
	listing_finish(&listing, out);
	return 0;
}

void stats_view_done(struct stats_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->rows[i].id);
	free(view->rows);
}
