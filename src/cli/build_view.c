/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build_view.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/build_view_raw.h"
#include "base/human.h"
#include "base/printable.h"
#include "engine/terminal.h"

#include <limits.h>

#define REDRAW_MS 80
#define LINE_LIMIT 4096 /* bytes of a line of output */
#define NOBODY ((size_t)-1)

/* ---- text ---------------------------------------------------------------------------------- */

/* LENGTH bytes without what would move the cursor or change how a terminal looks. */
static void add_clean(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0, control; i < length; i++) {
		if (text[i] == '\033') { /* a sequence of the terminal's goes as a whole: ESC [ … letter */
			size_t end = i + 1 < length && text[i + 1] == '[' ? i + 2 : i + 1;

			while (end < length && end > i + 1 && (unsigned char)text[end] < 0x40)
				end++;
			i = end < length ? end : length - 1;
		} else if (text[i] == '\t') {
			buf_add_char(out, ' ');
		} else if ((control = printable_control_length(text + i, length - i)) > 0) {
			i += control - 1;
		} else {
			buf_add_char(out, text[i]);
		}
	}
}

/* Adds TEXT in at most COLUMNS columns; letters of several bytes count as one. */
static void add_cut(struct buf *out, const char *text, size_t columns)
{
	size_t column = 0;

	for (const char *at = text; *at; at++) {
		bool begins = ((unsigned char)*at & 0xc0) != 0x80;

		if (begins && column++ == columns)
			return;
		buf_add_char(out, *at);
	}
}

/* Columns that TEXT takes. */
static size_t width_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static void add_seconds(struct buf *out, int64_t ms)
{
	buf_printf(out, "%lld.%llds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
}

/* ---- steps ------------------------------------------------------------------------------------ */

static struct build_view_vertex *add_vertex(struct build_view *view, const struct build_event *event)
{
	char *title;

	if (view->count == view->capacity) {
		view->capacity = view->capacity * 2 + 32;
		view->vertices = memory_resize(view->vertices, view->capacity, sizeof *view->vertices);
	}
	title = str_dup(event->title ? event->title : "");
	view->vertices[view->count] = (struct build_view_vertex){ .title = title };
	printable_replace(title, strlen(title), "", ' ');
	return &view->vertices[view->count++];
}

static void keep_line(struct build_view_vertex *vertex)
{
	char **place = &vertex->lines[vertex->line_count++ % BUILD_VIEW_KEPT];

	free(*place);
	*place = str_dup(vertex->line.data ? vertex->line.data : "");
	vertex->line.length = 0;
	if (vertex->line.data)
		vertex->line.data[0] = '\0';
}

static void end_vertex(struct build_view_vertex *vertex, enum build_view_state state, const struct build_view_place *place)
{
	if (vertex->state == BUILD_VIEW_WAITING)
		vertex->begun_ms = place->now_ms;
	vertex->state = state;
	vertex->ended_ms = place->now_ms;
	if (vertex->line.length)
		keep_line(vertex);
}

/* ---- line by line ------------------------------------------------------------------------------- */

/* What belongs to another step than what came last stands apart from it. */
static void begin_block(struct build_view *view, size_t number, struct buf *out)
{
	if (view->last == number)
		return;
	if (view->last != NOBODY)
		buf_add_char(out, '\n');
	buf_printf(out, "#%zu %s\n", number + 1, view->vertices[number].title);
	view->last = number;
}

static void add_plain_log(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out)
{
	struct build_view_vertex *vertex = &view->vertices[event->vertex];

	for (size_t i = 0; i < event->length; i++) {
		const char c = event->text[i];

		if (c != '\n' && vertex->line.length < LINE_LIMIT) {
			buf_add_char(&vertex->line, c);
			continue;
		}
		begin_block(view, event->vertex, out);
		buf_printf(out, "#%zu ", event->vertex + 1);
		buf_printf(out, "%lld.%03lld ", (long long)((place->now_ms - vertex->begun_ms) / 1000), (long long)((place->now_ms - vertex->begun_ms) % 1000));
		buf_add(out, vertex->line.data ? vertex->line.data : "", vertex->line.length);
		buf_add_char(out, '\n');
		keep_line(vertex);
		if (c != '\n')
			buf_add_char(&vertex->line, c);
	}
}

static void end_plain(struct build_view *view, size_t number, const char *word, struct buf *out)
{
	const struct build_view_vertex *vertex = &view->vertices[number];

	begin_block(view, number, out);
	buf_printf(out, "#%zu %s", number + 1, word);
	if (vertex->state == BUILD_VIEW_DONE) {
		buf_add_char(out, ' ');
		add_seconds(out, vertex->ended_ms - vertex->begun_ms);
	}
	buf_add_char(out, '\n');
}

static void take_plain(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out)
{
	switch (event->kind) {
	case BUILD_STARTED:
		begin_block(view, event->vertex, out);
		break;
	case BUILD_LOG:
		add_plain_log(view, event, place, out);
		break;
	case BUILD_CACHED:
		end_plain(view, event->vertex, "CACHED", out);
		break;
	case BUILD_DONE:
		end_plain(view, event->vertex, "DONE", out);
		break;
	case BUILD_FAILED:
		if (view->vertices[event->vertex].line.length)
			add_plain_log(view, &(struct build_event){ .vertex = event->vertex, .text = "\n", .length = 1 }, place, out);
		end_plain(view, event->vertex, event->error ? event->error->message : "ERROR", out);
		break;
	case BUILD_CANCELED:
		end_plain(view, event->vertex, "CANCELED", out);
		break;
	case BUILD_STATUS:
		if ((event->total && event->current < event->total) || event->in_files)
			break;
		begin_block(view, event->vertex, out);
		buf_printf(out, "#%zu %s\n", event->vertex + 1, event->text);
		break;
	case BUILD_PLANNED:
	case BUILD_WARNING:
	case BUILD_TICK:
		break;
	}
}

/* ---- the tree -------------------------------------------------------------------------------------- */

static void add_row(struct buf *out, const char *left, const char *right, unsigned columns)
{
	size_t room = columns > width_of(right) + 2 ? columns - width_of(right) - 2 : 0, used = width_of(left);

	add_cut(out, left, room);
	for (size_t i = used < room ? used : room; i < room + 1; i++)
		buf_add_char(out, ' ');
	buf_printf(out, "%s\033[K\n", right);
}

static void add_color(const struct build_view *view, const char *sequence, struct buf *out)
{
	if (view->colors)
		buf_add_text(out, sequence);
}

static void add_state(const struct build_view *view, const struct build_view_vertex *vertex, const struct build_view_place *place, struct buf *out)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	const char *word = vertex->state == BUILD_VIEW_CACHED ? "CACHED " : vertex->state == BUILD_VIEW_FAILED ? "ERROR " :
		vertex->state == BUILD_VIEW_CANCELED ? "CANCELED " : "";

	buf_printf(&left, " => %s%s", word, vertex->title);
	buf_add_text(&right, "");
	if (vertex->state != BUILD_VIEW_WAITING)
		add_seconds(&right, (vertex->ended_ms ? vertex->ended_ms : place->now_ms) - vertex->begun_ms);
	if (vertex->state == BUILD_VIEW_FAILED)
		add_color(view, "\033[31m", out);
	else if (vertex->state == BUILD_VIEW_WAITING)
		add_color(view, "\033[2m", out);
	else if (vertex->state != BUILD_VIEW_RUNNING)
		add_color(view, "\033[34m", out);
	add_row(out, left.data, right.data, place->columns);
	add_color(view, "\033[m", out);
	buf_done(&left);
	buf_done(&right);
}

/* Lines beneath a step: what a transfer says, and the last that it has printed. */
static unsigned lines_beneath(const struct build_view_vertex *vertex)
{
	if (vertex->state != BUILD_VIEW_RUNNING)
		return 0;
	return (vertex->status != NULL) + (unsigned)(vertex->line_count < BUILD_VIEW_LINES ? vertex->line_count : BUILD_VIEW_LINES);
}

static void add_line_beneath(const struct build_view *view, const char *prefix, const char *text, const struct build_view_place *place, struct buf *out)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_add_text(&line, prefix);
	add_clean(&line, text, strlen(text));
	add_color(view, "\033[2m", out);
	add_row(out, line.data, "", place->columns);
	add_color(view, "\033[m", out);
}

/* At most ROOM of them, the last. Returns how many. */
static unsigned add_beneath(const struct build_view *view, const struct build_view_vertex *vertex, unsigned room, const struct build_view_place *place,
	struct buf *out)
{
	unsigned all = lines_beneath(vertex), count = all < room ? all : room;
	unsigned logs = count < all || !vertex->status ? count : count - 1;

	if (count == 0)
		return 0;
	if (logs < count)
		add_line_beneath(view, " => => ", vertex->status, place, out);
	for (size_t i = vertex->line_count - logs; i < vertex->line_count; i++)
		add_line_beneath(view, " => => # ", vertex->lines[i % BUILD_VIEW_KEPT], place, out);
	return count;
}

static bool is_over(const struct build_view_vertex *vertex)
{
	return vertex->state != BUILD_VIEW_WAITING && vertex->state != BUILD_VIEW_RUNNING;
}

static void add_heading(const struct build_view *view, const struct build_view_place *place, bool is_last, struct buf *out)
{
	struct buf left = BUF_INIT;
	size_t done = 0, failed = 0;

	for (size_t i = 0; i < view->count; i++) {
		done += view->vertices[i].state == BUILD_VIEW_DONE || view->vertices[i].state == BUILD_VIEW_CACHED;
		failed += view->vertices[i].state == BUILD_VIEW_FAILED;
	}
	buf_printf(&left, "[+] Building ");
	add_seconds(&left, place->now_ms - view->begun_ms);
	buf_printf(&left, " (%zu/%zu)%s", done, view->count, failed ? " ERROR" : is_last ? " FINISHED" : "");
	add_row(out, left.data, "", place->columns);
	buf_done(&left);
}

/* What of the tree does not fit into LIMIT lines: so many steps that are over, and then that wait. */
static void count_hidden(const struct build_view *view, size_t limit, size_t *ret_over, size_t *ret_waiting)
{
	size_t needed = 1, over = 0, hidden;

	for (size_t i = 0; i < view->count; i++) {
		needed += 1 + lines_beneath(&view->vertices[i]);
		over += is_over(&view->vertices[i]);
	}
	hidden = needed > limit ? needed - limit : 0;
	*ret_over = hidden < over ? hidden : over;
	*ret_waiting = hidden - *ret_over;
}

/* Whether one of those is meant. */
static bool take_hidden(enum build_view_state state, size_t *over, size_t *waiting)
{
	size_t *count = state == BUILD_VIEW_WAITING ? waiting : over;

	if (state == BUILD_VIEW_RUNNING || *count == 0)
		return false;
	(*count)--;
	return true;
}

/* Of ROOM lines below step NUMBER those that later steps do not need to be seen running. */
static unsigned room_beneath(const struct build_view *view, size_t number, unsigned room)
{
	for (size_t i = number + 1; i < view->count && room > 0; i++)
		room -= view->vertices[i].state == BUILD_VIEW_RUNNING;
	return room;
}

/* What was drawn is drawn anew; of more than the terminal has room for, those that are over go first, and then those that wait. */
static void draw(struct build_view *view, const struct build_view_place *place, bool is_last, struct buf *out)
{
	/* The cursor stands below it, and can go up no further than the terminal's first row. */
	unsigned limit = is_last ? UINT_MAX : place->rows > 2 ? place->rows - 1 : 1, shown = 1;
	size_t over = 0, waiting = 0;

	if (view->shown)
		buf_printf(out, "\033[%uA", view->shown);
	buf_add_text(out, "\r");
	add_heading(view, place, is_last, out);
	if (!is_last)
		count_hidden(view, limit, &over, &waiting);
	for (size_t i = 0; i < view->count && shown < limit; i++) {
		const struct build_view_vertex *vertex = &view->vertices[i];

		if (take_hidden(vertex->state, &over, &waiting))
			continue;
		add_state(view, vertex, place, out);
		shown++;
		shown += add_beneath(view, vertex, room_beneath(view, i, limit - shown), place, out);
	}
	buf_add_text(out, "\033[J");
	view->shown = shown;
	view->drawn_ms = place->now_ms;
}

static void keep_output(struct build_view *view, const struct build_event *event)
{
	struct build_view_vertex *vertex = &view->vertices[event->vertex];

	for (size_t i = 0; i < event->length; i++) {
		char c = event->text[i];

		if (c == '\n' || vertex->line.length >= LINE_LIMIT)
			keep_line(vertex);
		else if (c == '\r' && i + 1 < event->length && event->text[i + 1] != '\n')
			vertex->line.length = 0;
		if (c != '\n' && c != '\r')
			buf_add_char(&vertex->line, c);
	}
}

/* ---- both ---------------------------------------------------------------------------------------------- */

/* Kept for the end, where it is read. */
static void keep_warning(struct build_view *view, const struct build_event *event)
{
	const struct lint_rule *rule = lint_rules;

	while (event->rule && rule->name && !str_equal(rule->name, event->rule))
		rule++;
	view->warnings++;
	buf_printf(&view->notes, " - %s%s", event->rule ? event->rule : "", event->rule ? ": " : "");
	add_clean(&view->notes, event->text, strlen(event->text));
	if (event->mark.line)
		buf_printf(&view->notes, " (line %u)", event->mark.line);
	buf_add_char(&view->notes, '\n');
	if (event->rule && rule->name && rule->url)
		buf_printf(&view->notes, "   %s\n", rule->url);
}

static void add_warnings(const struct build_view *view, struct buf *out)
{
	if (view->warnings && view->progress != BUILD_PROGRESS_QUIET)
		buf_printf(out, "\n%zu warning%s:\n%s", view->warnings, view->warnings == 1 ? "" : "s", view->notes.data);
}

/* "copying 12 of 20000 files", "0123456789ab writing 1.2MB / 40MB". */
static char *status_of(const struct build_event *event)
{
	_cleanup_free_ char *current = human_size(event->current, 3), *total = human_size(event->total, 3);

	if (event->total && event->in_files)
		return str_printf("%s %llu of %llu files", event->text, (unsigned long long)event->current, (unsigned long long)event->total);
	if (event->total)
		return str_printf("%s %s / %s", event->text, current, total);
	return event->current ? str_printf("%s %s", event->text, current) : str_dup(event->text);
}

static void note(struct build_view *view, const struct build_event *event, const struct build_view_place *place)
{
	struct build_view_vertex *vertex = event->vertex < view->count ? &view->vertices[event->vertex] : NULL;

	if (event->kind == BUILD_PLANNED)
		add_vertex(view, event);
	if (!vertex)
		return;
	if (event->kind == BUILD_STARTED) {
		vertex->state = BUILD_VIEW_RUNNING;
		vertex->begun_ms = place->now_ms;
	} else if (event->kind == BUILD_STATUS) {
		free(vertex->status);
		vertex->status = status_of(event);
	} else if (event->kind == BUILD_CACHED) {
		end_vertex(vertex, BUILD_VIEW_CACHED, place);
	} else if (event->kind == BUILD_DONE) {
		end_vertex(vertex, BUILD_VIEW_DONE, place);
	}
}

static void note_end(struct build_view *view, const struct build_event *event, const struct build_view_place *place)
{
	if (event->vertex >= view->count)
		return;
	if (event->kind == BUILD_FAILED)
		end_vertex(&view->vertices[event->vertex], BUILD_VIEW_FAILED, place);
	else if (event->kind == BUILD_CANCELED)
		end_vertex(&view->vertices[event->vertex], BUILD_VIEW_CANCELED, place);
}

void build_view_take(struct build_view *view, const struct build_event *event, const struct build_view_place *place, struct buf *out)
{
	bool is_steady = event->kind == BUILD_LOG || event->kind == BUILD_STATUS || event->kind == BUILD_TICK;

	view->is_paused = false;
	if (event->kind == BUILD_WARNING && view->progress != BUILD_PROGRESS_RAW) {
		keep_warning(view, event);
		return;
	}
	if (event->kind != BUILD_PLANNED && event->kind != BUILD_TICK && event->kind != BUILD_WARNING && event->vertex >= view->count)
		return;
	note(view, event, place);
	if (view->progress == BUILD_PROGRESS_PLAIN)
		take_plain(view, event, place, out);
	else if (event->kind == BUILD_LOG)
		keep_output(view, event);
	note_end(view, event, place);
	if (view->progress == BUILD_PROGRESS_RAW)
		build_view_raw_take(view, event, place, out);
	if (view->progress == BUILD_PROGRESS_TTY && event->kind != BUILD_PLANNED && (!is_steady || place->now_ms - view->drawn_ms >= REDRAW_MS))
		draw(view, place, false, out);
}

/* What the tree has not shown of a step that failed. */
static void add_failure(const struct build_view_vertex *vertex, struct buf *out)
{
	size_t first = vertex->line_count > BUILD_VIEW_KEPT ? vertex->line_count - BUILD_VIEW_KEPT : 0;

	if (vertex->state != BUILD_VIEW_FAILED || vertex->line_count == 0)
		return;
	buf_printf(out, "------\n > %s:\n", vertex->title);
	for (size_t i = first; i < vertex->line_count; i++) {
		const char *line = vertex->lines[i % BUILD_VIEW_KEPT];

		add_clean(out, line, strlen(line));
		buf_add_char(out, '\n');
	}
	buf_add_text(out, "------\n");
}

void build_view_rest(struct build_view *view, const struct build_view_place *place, struct buf *out)
{
	if (view->progress == BUILD_PROGRESS_TTY && view->count && !view->is_paused)
		draw(view, place, true, out);
	for (size_t i = 0; i < view->count && !view->is_paused && (view->progress == BUILD_PROGRESS_TTY || view->progress == BUILD_PROGRESS_QUIET); i++)
		add_failure(&view->vertices[i], out);
	add_warnings(view, out);
	view->warnings = 0;
	buf_done(&view->notes);
	view->is_paused = true;
	view->shown = 0;
	view->last = NOBODY;
}

void build_view_finish(struct build_view *view, const struct build_view_place *place, struct buf *out)
{
	build_view_rest(view, place, out);
	for (size_t i = 0; i < view->count; i++) {
		for (size_t n = 0; n < BUILD_VIEW_KEPT; n++)
			free(view->vertices[i].lines[n]);
		buf_done(&view->vertices[i].line);
		free(view->vertices[i].title);
		free(view->vertices[i].status);
		free(view->vertices[i].digest);
		free(view->vertices[i].inputs);
	}
	free(view->vertices);
	view->vertices = NULL;
	view->count = view->capacity = 0;
}

/* ---- on a descriptor ---------------------------------------------------------------------------------------- */

static struct build_view_place place_now(const struct build_view *view)
{
	struct build_view_place place = { .columns = 80, .rows = 24, .now_ms = clock_monotonic_ms(), .wall_ns = clock_wall_ns() };

	if (view->progress == BUILD_PROGRESS_TTY)
		terminal_size(view->fd, &place.columns, &place.rows);
	return place;
}

void build_view_begin(struct build_view *view, int fd, enum build_progress progress)
{
	unsigned columns, rows;

	*view = (struct build_view){ .fd = fd, .progress = progress, .last = NOBODY, .begun_ms = clock_monotonic_ms() };
	view->colors = str_is_empty(getenv("NO_COLOR"));
	if (progress == BUILD_PROGRESS_AUTO)
		view->progress = terminal_size(fd, &columns, &rows) ? BUILD_PROGRESS_TTY : BUILD_PROGRESS_PLAIN;
}

void build_view_tell(void *context, const struct build_event *event)
{
	struct build_view *view = context;
	const struct build_view_place place = place_now(view);
	_cleanup_buf_ struct buf out = BUF_INIT;

	build_view_take(view, event, &place, &out);
	/* Nobody who reads it need be there. */
	if (out.length)
		ignore_result(fd_write_all(view->fd, out.data, out.length));
}

void build_view_pause(struct build_view *view)
{
	const struct build_view_place place = place_now(view);
	_cleanup_buf_ struct buf out = BUF_INIT;

	build_view_rest(view, &place, &out);
	if (out.length)
		ignore_result(fd_write_all(view->fd, out.data, out.length));
}

void build_view_end(struct build_view *view)
{
	const struct build_view_place place = place_now(view);
	_cleanup_buf_ struct buf out = BUF_INIT;

	build_view_finish(view, &place, &out);
	if (out.length)
		ignore_result(fd_write_all(view->fd, out.data, out.length));
}
