/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/life_begin.h"
#include "base/file.h"
#include "base/log.h"
#include "supervisor/confinement.h"
#include "supervisor/deeds.h"
#include "supervisor/log_file.h"

#include <fcntl.h>

/* ---- log -------------------------------------------------------------------------------------- */

/* Locked as it is, FD keeps anybody else from the files; their compressor inherits it. */
static void compress(void *context, const char *format, int fd, const struct log_file_names *names)
{
	const struct deed deed = { .type = DEED_COMPRESS };
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add(&text, format, strlen(format) + 1);
	for (size_t i = 0; i < names->count; i++)
		buf_add(&text, names->list[i], strlen(names->list[i]) + 1);
	deeds_do(context, &deed, &(const struct deed_luggage){ .text = text.data, .length = text.length, .fds = &fd, .count = 1 });
}

/* The environment of the container's process, in ARENA, if the log has any of it. */
static char **find_env(const struct keeper *keeper, struct arena *arena)
{
	const struct spec_supervision *what = keeper->what;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_config *config = NULL;
	bool is_named = false;

	for (size_t i = 0; i < what->log_option_count; i++)
		is_named |= str_equal(what->log_options[i].key, "env");
	if (!is_named || file_read_regular_at(keeper->bundle_fd, "config.json", SPEC_CONFIG_LIMIT, &text) < 0 ||
	    spec_config_decode(arena, text.data, text.length, &config, NULL) < 0)
		return NULL; /* what is wrong with it the start says */
	return config->process ? config->process->env : NULL;
}

static int open_log(struct keeper *keeper, struct error *err)
{
	const struct spec_supervision *what = keeper->what;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct log_request request = {
		.driver = what->log_driver,
		.path = what->log_path,
		.options = what->log_options,
		.option_count = what->log_option_count,
		.id = what->id,
		.name = what->name,
		.image_name = what->image_name,
		.labels = what->labels,
		.label_count = what->label_count,
		.compress = what->transfer ? compress : NULL,
		.compress_context = keeper,
	};

	if (keeper->log)
		return 0;
	request.env = find_env(keeper, arena);
	return log_new(&request, &keeper->log, err);
}

static void put_output(void *context, const void *bytes, size_t length)
{
	struct keeper *keeper = context;

	log_put(keeper->log, 1, bytes, length, loop_wall_ns());
}

static void put_error_output(void *context, const void *bytes, size_t length)
{
	struct keeper *keeper = context;

	log_put(keeper->log, 2, bytes, length, loop_wall_ns());
}

/* ---- the process ------------------------------------------------------------------------------ */

/* The terminal's other end comes along, if it could be opened: without, a moment in which nobody has it is its end. */
static void take_terminal(struct first *first, const struct deed_answer *answer)
{
	first->terminal = first->in = answer->fds[0];
	first->slave = answer->count > 1 ? answer->fds[1] : -EBADF;
	flow_open(&first->out, fcntl(first->terminal, F_DUPFD_CLOEXEC, 3));
}

static void take_streams(struct first *first, const struct deed_answer *answer, bool has_input)
{
	size_t used = 0;

	if (has_input && used < answer->count)
		first->in = answer->fds[used++];
	if (used < answer->count)
		flow_open(&first->out, answer->fds[used++]);
	if (used < answer->count)
		flow_open(&first->err, answer->fds[used++]);
}

/* What is ours of the process that runs now. */
static void take_over(struct keeper *keeper, const struct deed_answer *answer)
{
	struct first *first = &keeper->first;
	bool has_log = log_is_needed(keeper->log);

	first->pid = answer->number;
	first->since_ns = loop_now_ns();
	first->has_ended = first->is_noted = false;
	first->forced_signal = 0;
	first->out.tap = has_log ? put_output : NULL;
	first->err.tap = has_log ? put_error_output : NULL;
	first->out.context = first->err.context = keeper;
	first->in = -EBADF;
	if (keeper->what->terminal && answer->count > 0)
		take_terminal(first, answer);
	else
		take_streams(first, answer, keeper->what->open_stdin);
}

int life_begin(struct keeper *keeper, uint32_t width, uint32_t height, struct error *err)
{
	const struct deed deed = { .type = DEED_START, .numbers = { (int32_t)width, (int32_t)height } };
	struct deed_answer answer;
	int r = open_log(keeper, err);

	if (r == 0)
		r = deeds_begin(keeper, &deed, err);
	/* While the maker is at it. */
	if (r == 0 && !keeper->is_confined) {
		confinement_enter(keeper);
		keeper->is_confined = true;
	}
	if (r == 0)
		r = deeds_wait(keeper, &answer, err);
	if (r == 0)
		take_over(keeper, &answer);
	return r;
}
