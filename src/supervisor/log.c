/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/log.h"
#include "base/log.h"
#include "base/memory.h"
#include "supervisor/log_driver.h"

#define KEEP_BYTES (4u << 10) /* memory that is kept from line to line */

/* What of a stream is no whole line yet. */
struct stream {
	struct buf held;
	int64_t time_ns; /* when its last bytes came */
};

struct log {
	const struct log_driver *driver; /* NULL: nothing is kept */
	void *state;
	struct stream streams[2];
	int64_t dropped;
};

int log_new(const struct log_request *request, struct log **ret, struct error *err)
{
	struct spec_log_options options;
	struct log *log;
	int r = spec_log_options_read(request->driver, request->options, request->option_count, &options, err);

	if (r < 0)
		return r;
	log = memory_new(1, sizeof *log);
	log->driver = log_driver_of(options.driver);
	if (log->driver)
		r = log->driver->open(request, &options, &log->state, err);
	if (r < 0)
		free(log);
	else
		*ret = log;
	return r;
}

static void count_dropped(struct log *log, int64_t lost)
{
	if (lost == 0)
		return;
	if (log->dropped == 0)
		log_warning("lines of the container's output cannot be kept, and are dropped");
	log->dropped += lost;
}

static void flush_driver(struct log *log)
{
	if (log->driver && log->driver->flush)
		count_dropped(log, log->driver->flush(log->state));
}

struct log *log_close(struct log *log)
{
	if (!log)
		return NULL;
	for (int stream = 1; stream <= 2; stream++)
		log_flush(log, stream);
	if (log->driver)
		log->driver->close(log->state);
	for (size_t i = 0; i < ARRAY_SIZE(log->streams); i++)
		buf_done(&log->streams[i].held);
	free(log);
	return NULL;
}

bool log_is_needed(const struct log *log)
{
	return log && log->driver;
}

/* ---- lines ------------------------------------------------------------------------------- */

static void emit(struct log *log, int number, const char *text, size_t length, bool partial)
{
	const struct spec_log_record record = {
		.stream = number,
		.partial = partial,
		.time_ns = log->streams[number - 1].time_ns,
		.text = text,
		.length = (uint32_t)length,
	};

	count_dropped(log, log->driver->write(log->state, &record));
}

/* What is held, with LENGTH bytes of TEXT behind, goes out. */
static void emit_held(struct log *log, int number, const char *text, size_t length, bool partial)
{
	struct buf *held = &log->streams[number - 1].held;

	if (held->length == 0) {
		emit(log, number, text, length, partial);
		return;
	}
	buf_add(held, text, length);
	emit(log, number, held->data, held->length, partial);
	held->length = 0;
	if (held->capacity > KEEP_BYTES)
		buf_done(held);
}

/* LENGTH bytes without a newline; IS_END: one follows. */
static void take(struct log *log, int number, const char *text, size_t length, bool is_end)
{
	struct buf *held = &log->streams[number - 1].held;

	while (held->length + length > SPEC_LOG_TEXT_LIMIT) {
		size_t piece = SPEC_LOG_TEXT_LIMIT - held->length;

		emit_held(log, number, text, piece, true);
		text += piece;
		length -= piece;
	}
	if (is_end)
		emit_held(log, number, text, length, false);
	else
		buf_add(held, text, length);
}

void log_put(struct log *log, int stream, const void *bytes, size_t length, int64_t time_ns)
{
	const char *text = bytes;

	if (!log_is_needed(log))
		return;
	log->streams[stream - 1].time_ns = time_ns;
	while (length > 0) {
		const char *newline = memchr(text, '\n', length);
		size_t step = newline ? (size_t)(newline - text) : length;

		take(log, stream, text, step, newline);
		step += newline != NULL;
		text += step;
		length -= step;
	}
	flush_driver(log);
}

void log_flush(struct log *log, int stream)
{
	if (!log_is_needed(log))
		return;
	if (log->streams[stream - 1].held.length > 0)
		emit_held(log, stream, "", 0, true);
	flush_driver(log);
}

int64_t log_dropped(const struct log *log)
{
	return log ? log->dropped : 0;
}

void log_rename(struct log *log, const char *name)
{
	if (log && log->driver && log->driver->rename)
		log->driver->rename(log->state, name);
}
