/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/human.h"
#include "base/printable.h"
#include "engine/terminal.h"


#define REDRAW_MS 100
#define BAR_LIMIT 50   /* columns, without its frame */
#define BAR_MINIMUM 10 /* none below */

static const char *const phase_words[SPEC_TRANSFER_PHASES] = {
	[SPEC_TRANSFER_WAITING] = "Waiting",
	[SPEC_TRANSFER_DOWNLOADING] = "Downloading",
	[SPEC_TRANSFER_EXTRACTING] = "Extracting",
	[SPEC_TRANSFER_READING] = "Reading",
	[SPEC_TRANSFER_WRITING] = "Writing",
	[SPEC_TRANSFER_UPLOADING] = "Pushing",
	[SPEC_TRANSFER_EXISTS] = "Already exists",
	[SPEC_TRANSFER_COMPLETE] = "Complete",
	[SPEC_TRANSFER_MOUNTED] = "Mounted from",
	[SPEC_TRANSFER_SKIPPED] = "Skipped foreign layer",
};

/* Where a verb has words of its own. */
static const char *const verb_words[][SPEC_TRANSFER_PHASES] = {
	[PROGRESS_PULL] = { [SPEC_TRANSFER_COMPLETE] = "Pull complete" },
	[PROGRESS_PUSH] = { [SPEC_TRANSFER_READING] = "Preparing", [SPEC_TRANSFER_EXISTS] = "Layer already exists", [SPEC_TRANSFER_COMPLETE] = "Pushed" },
	[PROGRESS_LOAD] = { [SPEC_TRANSFER_READING] = "Loading layer", [SPEC_TRANSFER_COMPLETE] = "Loaded" },
	[PROGRESS_SAVE] = { [SPEC_TRANSFER_WRITING] = "Saving layer", [SPEC_TRANSFER_COMPLETE] = "Saved" },
	[PROGRESS_UNPACK] = { [SPEC_TRANSFER_COMPLETE] = "Unpacked" },
};

static const char *word_of(enum progress_verb verb, enum spec_transfer_phase phase)
{
	return verb_words[verb][phase] ? verb_words[verb][phase] : phase_words[phase];
}

/* ---- one item ---------------------------------------------------------------------- */

/* TEXT without what would move the cursor. */
static void add_clean(struct buf *out, const char *text)
{
	printable_add(out, text, strlen(text));
}

/* "0a7e5b5dd4b2: Downloading", and where it came from. */
static void add_words(const struct progress *progress, const struct progress_item *item, struct buf *out)
{
	add_clean(out, item->name);
	buf_printf(out, ": %s", word_of(progress->verb, item->phase));
	if (item->detail) {
		buf_add_char(out, ' ');
		add_clean(out, item->detail);
	}
}

/* As wide as fits, with the numbers behind it. */
static void add_bar(const struct progress_item *item, unsigned columns, struct buf *out)
{
	_cleanup_free_ char *current = human_size(item->current, 4), *total = human_size(item->total, 4);
	unsigned numbers = (unsigned)(8 + 1 + strlen(total)), width, done;

	if (item->total == 0) {
		buf_printf(out, "  %8s", current);
		return;
	}
	width = columns > out->length + numbers + 5 ? columns - (unsigned)out->length - numbers - 5 : 0;
	width = width > BAR_LIMIT ? BAR_LIMIT : width;
	if (width >= BAR_MINIMUM) {
		done = item->current >= item->total ? width : (unsigned)((double)item->current / (double)item->total * width);
		buf_add_text(out, "  [");
		for (unsigned i = 0; i < width; i++)
			buf_add_char(out, i < done ? '=' : i == done ? '>' : ' ');
		buf_add_char(out, ']');
	}
	buf_printf(out, " %8s/%s", current, total);
}

static bool has_bar(const struct progress_item *item)
{
	return item->phase != SPEC_TRANSFER_WAITING && !spec_transfer_phase_is_final(item->phase) && (item->current || item->total);
}

/* A line of at most COLUMNS - 1, so that the cursor stays on it. All of it but the names' details is ASCII. */
static void draw_item(const struct progress *progress, const struct progress_item *item, unsigned columns, struct buf *out)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	add_words(progress, item, &line);
	if (has_bar(item))
		add_bar(item, columns - 1, &line);
	if (line.length > columns - 1)
		line.length = columns - 1;
	buf_add_text(out, "\r\x1b[2K");
	buf_add(out, line.data, line.length);
	buf_add_char(out, '\n');
}

/* ---- all of them ---------------------------------------------------------------------- */

static struct progress_item *find_item(struct progress *progress, const char *name)
{
	for (size_t i = 0; i < progress->count; i++)
		if (str_equal(progress->items[i].name, name))
			return &progress->items[i];
	if (progress->count == progress->capacity) {
		progress->capacity = progress->capacity * 2 + 16;
		progress->items = memory_resize(progress->items, progress->capacity, sizeof *progress->items);
	}
	progress->items[progress->count] = (struct progress_item){ .name = str_dup(name), .phase = SPEC_TRANSFER_PHASES };
	return &progress->items[progress->count++];
}

static void forget(struct progress *progress, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(progress->items[i].name);
		free(progress->items[i].detail);
	}
	progress->count -= count;
	if (progress->count)
		memmove(progress->items, progress->items + count, progress->count * sizeof *progress->items);
}

/* To the first column of the first line that is ours. */
static void go_up(struct progress *progress, struct buf *out)
{
	if (progress->shown)
		buf_printf(out, "\r\x1b[%uA", progress->shown);
	progress->shown = 0;
}

/* The finished items at the top need not be drawn again: what is above the others may scroll away. */
static void settle(struct progress *progress, unsigned columns, struct buf *out)
{
	size_t count = 0;

	while (count < progress->count && spec_transfer_phase_is_final(progress->items[count].phase))
		draw_item(progress, &progress->items[count++], columns, out);
	forget(progress, count);
}

/* Draws over what is shown. Where there are more items than rows, those below wait until there is room. */
static void draw(struct progress *progress, const struct progress_view *view, struct buf *out)
{
	size_t room = view->rows > 2 ? view->rows - 2 : 1, drawn;

	go_up(progress, out);
	if (progress->count > room)
		settle(progress, view->columns, out);
	drawn = progress->count > room ? room : progress->count;
	for (size_t i = 0; i < drawn; i++)
		draw_item(progress, &progress->items[i], view->columns, out);
	progress->shown = (unsigned)drawn;
	if (drawn < progress->count) {
		buf_printf(out, "\r\x1b[2K%zu more\n", progress->count - drawn);
		progress->shown++;
	}
	progress->drawn_ms = view->now_ms;
	progress->waits = false;
}

static bool all_final(const struct progress *progress)
{
	for (size_t i = 0; i < progress->count; i++)
		if (!spec_transfer_phase_is_final(progress->items[i].phase))
			return false;
	return true;
}

/* A line for people. What is finished stays above it, what is not goes on below. */
static void take_text(struct progress *progress, const char *text, const struct progress_view *view, struct buf *out)
{
	if (progress->redraws) {
		if (all_final(progress)) {
			go_up(progress, out);
			settle(progress, view->columns, out);
		} else {
			go_up(progress, out);
			buf_add_text(out, "\x1b[J");
		}
	}
	add_clean(out, text);
	buf_add_char(out, '\n');
	if (progress->redraws && progress->count)
		draw(progress, view, out);
}

static void take_item(struct progress *progress, const struct spec_transfer_event *event, const struct progress_view *view, struct buf *out)
{
	struct progress_item *item = find_item(progress, event->item);
	bool changes = item->phase != event->phase;

	item->phase = event->phase;
	item->current = event->current;
	item->total = event->total;
	if (event->detail && !str_equal(item->detail, event->detail)) {
		free(item->detail);
		item->detail = str_dup(event->detail);
	}
	if (progress->redraws) {
		progress->waits = true;
		if (changes || view->now_ms - progress->drawn_ms >= REDRAW_MS)
			draw(progress, view, out);
	} else if (changes) {
		add_words(progress, item, out);
		buf_add_char(out, '\n');
	}
}

void progress_take(struct progress *progress, const struct spec_transfer_event *event, const struct progress_view *view, struct buf *out)
{
	if (event->kind == SPEC_TRANSFER_ITEM)
		take_item(progress, event, view, out);
	else if (event->kind == SPEC_TRANSFER_STATUS || event->kind == SPEC_TRANSFER_WARNING)
		take_text(progress, event->text, view, out);
}

void progress_finish(struct progress *progress, const struct progress_view *view, struct buf *out)
{
	if (progress->redraws && progress->count) {
		go_up(progress, out);
		for (size_t i = 0; i < progress->count; i++)
			draw_item(progress, &progress->items[i], view->columns, out);
		buf_add_text(out, "\x1b[J");
	}
	forget(progress, progress->count);
	free(progress->items);
	progress->items = NULL;
	progress->capacity = 0;
}

/* ---- with clock and terminal -------------------------------------------------------------- */

static struct progress_view look(const struct progress *progress)
{
	struct progress_view view = { .columns = 80, .rows = 24 };

	view.now_ms = clock_monotonic_ms();
	if (progress->redraws)
		ignore_result(terminal_size(progress->fd, &view.columns, &view.rows)); /* as it was */
	if (view.columns < 20)
		view.columns = 20;
	return view;
}

/* Nobody looks any more if it cannot be written: the transfer goes on. */
static void show(struct progress *progress, const struct buf *out)
{
	if (out->length && fd_write_all(progress->fd, out->data, out->length) < 0)
		progress->fd = -1;
}

void progress_begin(struct progress *progress, int fd, enum progress_verb verb)
{
	unsigned columns, rows;

	*progress = (struct progress){ .fd = fd, .verb = verb, .redraws = fd >= 0 && terminal_size(fd, &columns, &rows) };
}

void progress_tell(void *context, const struct spec_transfer_event *event)
{
	struct progress *progress = context;
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct progress_view view;

	if (progress->fd < 0)
		return;
	view = look(progress);
	progress_take(progress, event, &view, &out);
	show(progress, &out);
}

void progress_end(struct progress *progress)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct progress_view view = look(progress);

	progress_finish(progress, &view, &out);
	if (progress->fd >= 0)
		show(progress, &out);
}
