/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container: our own columns out of procfs, or those of ps(1). */
#include "engine/stats.h"

#include "base/file.h"
#include "engine/process_info.h"
#include "host/beneath.h"
#include "runtime/passwd.h"
#include "runtime/ps_program.h"
#include "runtime/verbs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define FILE_LIMIT (1u << 20)
#define COMMAND_LIMIT (64u << 10)
#define TICKS_PER_SECOND 100

struct table {
	struct arena *arena;
	char ***rows;
	size_t count, room;
};

static void add_row(struct table *table, char **cells)
{
	if (table->count + 2 > table->room) {
		char ***larger;

		table->room = table->room * 2 + 16;
		larger = arena_alloc(table->arena, table->room, sizeof *larger);
		if (table->count)
			memcpy(larger, table->rows, table->count * sizeof *larger);
		table->rows = larger;
	}
	table->rows[table->count++] = cells;
	table->rows[table->count] = NULL;
}

/* ---- our own columns ------------------------------------------------------------------- */

static const char *const titles[] = { "USER", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD" };

struct lister {
	struct table *table;
	const struct container_record *record;
	int root_fd; /* of the container, for the names of its users; or -EBADF */
	time_t now, booted;
};

/* As the container calls it: by its own ids, and the names it has for them. */
static const char *user_name(const struct lister *lister, uint32_t uid)
{
	const struct spec_container_state *state = lister->record->state;
	bool is_inside = state->id_size && uid >= state->id_base && uid - state->id_base < state->id_size;
	uint32_t own = is_inside ? uid - state->id_base : uid;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *name = NULL;
	struct stat st;

	if ((is_inside || !state->id_size) && lister->root_fd >= 0 &&
	    beneath_open(lister->root_fd, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    passwd_find(fd, own, &name, NULL) == 0 && name)
		return arena_strdup(lister->table->arena, name);
	return arena_printf(lister->table->arena, "%" PRIu32, own);
}

static int read_process_file(pid_t pid, const char *file, size_t limit, struct buf *out)
{
	char path[64];
	int r;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	r = file_read_at(AT_FDCWD, path, limit, out);
	/* More of it is not shown. */
	return r == -EFBIG && out->length ? 0 : r;
}

/* -ESRCH for one that has ended meanwhile. */
static int read_process(struct arena *arena, pid_t pid, struct process_info *ret)
{
	_cleanup_buf_ struct buf stat = BUF_INIT, status = BUF_INIT, cmdline = BUF_INIT;

	if (read_process_file(pid, "stat", FILE_LIMIT, &stat) < 0 || read_process_file(pid, "status", FILE_LIMIT, &status) < 0 ||
	    read_process_file(pid, "cmdline", COMMAND_LIMIT, &cmdline) < 0 || !stat.data || !status.data)
		return -ESRCH;
	return process_info_parse(arena, stat.data, status.data, cmdline.data ? cmdline.data : "", cmdline.length, ret);
}

/* In percent of one CPU since it started, as ps has it. */
static unsigned usage(const struct lister *lister, const struct process_info *info)
{
	time_t age = lister->now - lister->booted - (time_t)(info->start_ticks / TICKS_PER_SECOND);

	return age > 0 ? (unsigned)(info->cpu_ticks * 100 / TICKS_PER_SECOND / (uint64_t)age) : 0;
}

static void list_process(const struct lister *lister, pid_t pid)
{
	struct arena *arena = lister->table->arena;
	struct process_info info;
	char **cells;
	size_t i = 0;

	if (read_process(arena, pid, &info) < 0)
		return;
	cells = arena_alloc(arena, ARRAY_SIZE(titles) + 1, sizeof *cells);
	cells[i++] = (char *)user_name(lister, info.uid);
	cells[i++] = arena_printf(arena, "%" PRId64, info.pid);
	cells[i++] = arena_printf(arena, "%" PRId64, info.parent);
	cells[i++] = arena_printf(arena, "%u", usage(lister, &info));
	cells[i++] = (char *)process_info_start(arena, lister->booted + (time_t)(info.start_ticks / TICKS_PER_SECOND), lister->now);
	cells[i++] = (char *)process_info_terminal(arena, info.terminal);
	cells[i++] = (char *)process_info_time(arena, info.cpu_ticks);
	cells[i++] = (char *)info.command;
	add_row(lister->table, cells);
}

static time_t boot_time(time_t now)
{
	struct timespec up = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &up);
	return now - up.tv_sec;
}

static int open_root(int64_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -EBADF : fd;
}

static void list_processes(struct table *table, const struct container_record *record, const pid_t *pids, size_t count)
{
	struct lister lister = { .table = table, .record = record, .root_fd = open_root(record->state->pid), .now = time(NULL) };
	char **cells = arena_alloc(table->arena, ARRAY_SIZE(titles) + 1, sizeof *cells);

	lister.booted = boot_time(lister.now);
	memcpy(cells, titles, sizeof titles);
	add_row(table, cells);
	for (size_t i = 0; i < count; i++)
		list_process(&lister, pids[i]);
	close_and_forget(&lister.root_fd);
}

/* ---- ps(1)'s ------------------------------------------------------------------------------- */

/* The first line decides how many cells there are; the last one is the rest of its line. */
static void add_line(struct table *table, const char *line, size_t length, size_t columns)
{
	char **cells = arena_alloc(table->arena, columns + 1, sizeof *cells);

	for (size_t i = 0; i < columns; i++) {
		size_t blanks = strspn(line, " \t"), cell;

		blanks = blanks < length ? blanks : length;
		line += blanks;
		length -= blanks;
		cell = i + 1 == columns ? length : strcspn(line, " \t\n");
		cell = cell < length ? cell : length;
		cells[i] = arena_strndup(table->arena, line, cell);
		line += cell;
		length -= cell;
	}
	add_row(table, cells);
}

static size_t count_words(const char *line, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += !strchr(" \t", line[i]) && (i == 0 || strchr(" \t", line[i - 1]));
	return count;
}

static void add_lines(struct table *table, const char *text)
{
	size_t columns = count_words(text, strcspn(text, "\n"));

	while (*text) {
		size_t length = strcspn(text, "\n");

		add_line(table, text, length, columns);
		text += length + (text[length] == '\n');
	}
}

/*
 * ps shows processes of our own terminal alone, if it is not told of which: so
 * it is, unless it does not know how, or ARGS already say it.
 */
static int ask_ps(char *const *args, const pid_t *pids, size_t count, struct buf *out, struct error *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT;
	size_t length = strv_length(args);
	_cleanup_free_ char **all = memory_new(length + 3, sizeof *all);

	for (size_t i = 0; i < count; i++)
		buf_printf(&list, "%s%d", i ? "," : "-q", (int)pids[i]);
	if (count) {
		memcpy(all, args, length * sizeof *all);
		all[length] = list.data;
		if (ps_program_run(all, pids, count, out, NULL) == 0)
			return 0;
		out->length = 0;
	}
	return ps_program_run(args, pids, count, out, err);
}

/* ------------------------------------------------------------------------------------------------ */

int container_top(struct arena *arena, const struct directories *directories, const char *container, char *const *args, struct top_table *ret,
	struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	const struct runtime runtime = { .root = arena_printf(arena, "%s/runtime", directories->run_root) };
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ pid_t *pids = NULL;
	struct table table = { .arena = arena };
	size_t count = 0;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r < 0)
		return r;
	if (!record.is_supervised || record.state->pid == 0)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", container);
	r = runtime_ps(&runtime, record.container->id, &pids, &count, err);
	if (r == 0 && args)
		r = ask_ps(args, pids, count, &text, err);
	if (r < 0)
		return r;
	if (args)
		add_lines(&table, text.data ? text.data : "");
	else
		list_processes(&table, &record, pids, count);
	ret->rows = table.rows;
	return 0;
}
