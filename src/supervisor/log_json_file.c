/* SPDX-License-Identifier: Apache-2.0 */
/* The driver "json-file", in docker's format and with docker's names (spec/log_line.h). */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "spec/log_line.h"
#include "supervisor/log_driver.h"
#include "supervisor/log_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

struct json_file {
	char *path, *id;
	char *attributes; /* a JSON object, or NULL */
	int directory_fd;
	struct log_file file;
	log_compress *compress;
	void *compress_context;
	struct spec_log_options options; /* but the texts */
};

/* ---- rotation ------------------------------------------------------------------------------ */

static void remove_file(const struct json_file *json_file, int64_t number, bool is_compressed)
{
	char name[NAME_MAX + 1];

	spec_log_line_name(json_file->id, number, is_compressed, name);
	if (unlinkat(json_file->directory_fd, name, 0) < 0 && errno != ENOENT)
		log_warning("cannot remove the old log '%s/%s': %s", json_file->path, name, error_words(errno));
}

static void age_file(const struct json_file *json_file, int64_t number, bool is_compressed)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	spec_log_line_name(json_file->id, number, is_compressed, from);
	spec_log_line_name(json_file->id, number + 1, is_compressed, to);
	if (renameat(json_file->directory_fd, from, json_file->directory_fd, to) < 0 && errno != ENOENT)
		log_warning("cannot rename the log '%s/%s': %s", json_file->path, from, error_words(errno));
}

/* A rotation killed halfway leaves a gap, which the next one passes over. */
static void age_all(const struct json_file *json_file)
{
	for (int64_t number = json_file->options.max_files - 1; number > 0; number--) {
		if (number == json_file->options.max_files - 1) {
			remove_file(json_file, number, false);
			remove_file(json_file, number, true);
			continue;
		}
		age_file(json_file, number, false);
		age_file(json_file, number, true);
	}
	if (json_file->options.max_files == 1)
		remove_file(json_file, 0, false);
	else
		age_file(json_file, 0, false);
}

static int open_file(struct json_file *json_file)
{
	char name[NAME_MAX + 1];
	struct stat status;

	spec_log_line_name(json_file->id, 0, false, name);
	json_file->file.fd = openat(json_file->directory_fd, name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (json_file->file.fd < 0 || fstat(json_file->file.fd, &status) < 0)
		return -errno;
	json_file->file.size = status.st_size;
	return 0;
}

/*
 * Whether names may change now: not while the youngest of the old ones is
 * compressed, as that would be in vain. It takes less time than writing as much
 * again; if it does not, it does not hold up anything.
 */
static bool can_rotate(const struct json_file *json_file)
{
	char name[NAME_MAX + 1];

	if (!json_file->options.compress || json_file->file.is_torn || json_file->file.size / 2 >= json_file->options.max_size)
		return true;
	spec_log_line_name(json_file->id, 1, false, name);
	return !log_file_is_being_compressed(json_file->directory_fd, name);
}

/* All that is not compressed: also what an earlier process did not come to. */
static void compress(const struct json_file *json_file)
{
	_cleanup_log_file_names_ struct log_file_names names = { .list = NULL };

	for (int64_t age = json_file->options.max_files - 1; age > 0; age--) {
		char name[NAME_MAX + 1];

		spec_log_line_name(json_file->id, age, false, name);
		log_file_names_add(&names, json_file->directory_fd, name, NULL);
	}
	log_file_have_compressed(json_file->compress, json_file->compress_context, "gzip", json_file->file.fd, &names);
}

static int64_t rotate(struct json_file *json_file)
{
	int64_t lost = log_file_flush(&json_file->file);

	/* A compressed file takes the place of another at this very moment (bivy-transfer); with the next line, then. */
	if (flock(json_file->directory_fd, LOCK_EX | LOCK_NB) < 0)
		return lost;
	age_all(json_file);
	ignore_result(flock(json_file->directory_fd, LOCK_UN)); /* cannot fail for what was just locked */
	if (json_file->options.compress)
		compress(json_file);
	log_file_close(&json_file->file);
	ignore_result(open_file(json_file)); /* without one, lines are dropped, and it is tried again */
	return lost;
}

/* ---- the driver ------------------------------------------------------------------------------ */

static bool ends_well(const struct log_file *file)
{
	char last;

	return file->size == 0 || (pread(file->fd, &last, 1, file->size - 1) == 1 && last == '\n');
}

static int prepare(struct json_file *json_file)
{
	int r;

	if (json_file->file.fd >= 0)
		return 0;
	r = log_file_open_directory(json_file->path, &json_file->directory_fd);
	if (r == 0)
		r = open_file(json_file);
	if (r == 0 && !ends_well(&json_file->file))
		json_file->file.is_torn = true;
	return r;
}

static void add_attribute(void *context, const char *name, const char *value)
{
	json_write_string(context, name, value);
}

static int make_attributes(struct json_file *json_file, const struct log_request *request, const struct spec_log_options *options, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, tag = BUF_INIT;
	struct json_writer w = { .out = &text };
	int r = 0;

	json_write_open(&w, NULL, '{');
	if (!str_is_empty(options->tag))
		r = spec_log_options_make_tag(options->tag, request->id, request->name, request->image_name, &tag, err);
	if (r < 0)
		return r;
	if (tag.length)
		json_write_string(&w, "tag", tag.data);
	log_driver_each_attribute(request, options, add_attribute, &w);
	json_write_close(&w, '}');
	if (w.out->length > strlen("{}"))
		json_file->attributes = buf_take(&text);
	return 0;
}

static void close_json_file(void *state)
{
	struct json_file *json_file = state;

	log_file_close(&json_file->file);
	close_and_forget(&json_file->directory_fd);
	free(json_file->path);
	free(json_file->id);
	free(json_file->attributes);
	free(json_file);
}

static int open_json_file(const struct log_request *request, const struct spec_log_options *options, void **ret, struct error *err)
{
	struct json_file *json_file = memory_new(1, sizeof *json_file);
	int r;

	*json_file = (struct json_file){ .path = str_dup(request->path), .id = str_dup(request->id),
		.directory_fd = -EBADF, .file = LOG_FILE_INIT, .compress = request->compress, .compress_context = request->compress_context, .options = *options };
	r = make_attributes(json_file, request, options, err);
	if (r == 0) {
		r = prepare(json_file);
		r = log_file_is_for_want_of_room(r) ? 0 : r;
		if (r < 0)
			error_errno(err, -r, "cannot open the log '%s'", request->path);
	}
	if (r < 0)
		close_json_file(json_file);
	else
		*ret = json_file;
	return r;
}

static int64_t flush_json_file(void *state)
{
	struct json_file *json_file = state;

	return log_file_flush(&json_file->file);
}

static int64_t write_json_file(void *state, const struct spec_log_record *record)
{
	struct json_file *json_file = state;
	int64_t lost = 0;

	if (prepare(json_file) < 0)
		return 1;
	if (log_file_is_full(&json_file->file, json_file->options.max_size) && can_rotate(json_file))
		lost = rotate(json_file);
	if (json_file->file.fd < 0)
		return lost + 1;
	spec_log_line_encode(record, json_file->attributes, &json_file->file.pending);
	return lost + log_file_added(&json_file->file);
}

const struct log_driver log_driver_json_file = {
	.open = open_json_file,
	.write = write_json_file,
	.flush = flush_json_file,
	.close = close_json_file,
};
