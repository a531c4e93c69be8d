/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/log_options.h"
#include "base/quantity.h"
#include "base/template.h"

#define BIT(driver) (1u << (driver))
#define FILES (BIT(SPEC_LOG_LOCAL) | BIT(SPEC_LOG_JSON_FILE))
#define WITH_ATTRIBUTES (BIT(SPEC_LOG_JSON_FILE) | BIT(SPEC_LOG_JOURNALD))
#define ALL (FILES | WITH_ATTRIBUTES)

static const char *const driver_names[SPEC_LOG_DRIVER_COUNT] = {
	[SPEC_LOG_LOCAL] = "local",
	[SPEC_LOG_JSON_FILE] = "json-file",
	[SPEC_LOG_JOURNALD] = "journald",
	[SPEC_LOG_NONE] = "none",
	[SPEC_LOG_PASSTHROUGH] = "passthrough",
};

struct reading {
	struct spec_log_options *result;
	bool must_compress; /* it was asked for */
	bool has_buffer, does_not_block;
	struct error *err;
};

/* ---- values -------------------------------------------------------------------------- */

static int refuse(const struct reading *reading, const struct spec_pair *option, const char *expected)
{
	return error_set(reading->err, ERROR_INVALID, 0, "log option '%s=%s': expected %s", option->key, option->value, expected);
}

static int read_max_size(struct reading *reading, const struct spec_pair *option)
{
	uint64_t bytes = 0;

	if (!str_equal(option->value, "-1") && (quantity_parse_size(option->value, &bytes) < 0 || bytes == 0))
		return refuse(reading, option, "a size such as 10m, or -1 for no limit");
	reading->result->max_size = (int64_t)bytes;
	return 0;
}

static int read_max_file(struct reading *reading, const struct spec_pair *option)
{
	int64_t *files = &reading->result->max_files;

	if (str_to_i64(option->value, 10, files) < 0 || *files < 1 || *files > SPEC_LOG_FILES_LIMIT)
		return refuse(reading, option, "a number from 1 to 500");
	return 0;
}

static int read_compress(struct reading *reading, const struct spec_pair *option)
{
	reading->must_compress = str_equal(option->value, "true");
	if (!reading->must_compress && !str_equal(option->value, "false"))
		return refuse(reading, option, "true or false");
	reading->result->compress = reading->must_compress;
	return 0;
}

/* Files are written at once, which does not wait for anybody; a journal that does not keep up would have to be waited for. */
static int read_mode(struct reading *reading, const struct spec_pair *option)
{
	reading->does_not_block = str_equal(option->value, "non-blocking");
	if (reading->does_not_block)
		return 0;
	if (!str_equal(option->value, "blocking"))
		return refuse(reading, option, "blocking or non-blocking");
	if (reading->result->driver == SPEC_LOG_JOURNALD)
		return error_set(reading->err, ERROR_UNSUPPORTED, 0, "log option 'mode=blocking': a container never waits for the log driver 'journald'");
	return 0;
}

static int read_buffer(struct reading *reading, const struct spec_pair *option)
{
	uint64_t bytes;

	reading->has_buffer = true;
	return quantity_parse_size(option->value, &bytes) < 0 ? refuse(reading, option, "a size such as 4m") : 0;
}

static int read_tag(struct reading *reading, const struct spec_pair *option)
{
	_cleanup_buf_ struct buf tag = BUF_INIT;
	int r = spec_log_options_make_tag(option->value, "", "", "", &tag, reading->err);

	if (r < 0)
		return error_wrap(reading->err, "log option 'tag=%s'", option->value);
	reading->result->tag = option->value;
	return 0;
}

static int read_labels(struct reading *reading, const struct spec_pair *option)
{
	reading->result->labels = option->value;
	return 0;
}

static int read_env(struct reading *reading, const struct spec_pair *option)
{
	reading->result->env = option->value;
	return 0;
}

/* ---- the table ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned drivers; /* that know it */
	int (*read)(struct reading *reading, const struct spec_pair *option);
} known[] = {
	{ "max-size", FILES, read_max_size },
	{ "max-file", FILES, read_max_file },
	{ "compress", FILES, read_compress },
	{ "mode", ALL, read_mode },
	{ "max-buffer-size", ALL, read_buffer },
	{ "tag", WITH_ATTRIBUTES, read_tag },
	{ "labels", WITH_ATTRIBUTES, read_labels },
	{ "env", WITH_ATTRIBUTES, read_env },
};

static int refuse_unknown(const struct reading *reading, const char *name)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].drivers & BIT(reading->result->driver))
			buf_printf(&names, "%s%s", names.length ? ", " : "", known[i].name);
	error_set(reading->err, ERROR_INVALID, 0, "log driver '%s' has no option '%s'", driver_names[reading->result->driver], name);
	if (names.length)
		error_hint(reading->err, "it has %s", names.data);
	return -EINVAL;
}

static int read_option(struct reading *reading, const struct spec_pair *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((known[i].drivers & BIT(reading->result->driver)) && str_equal(known[i].name, option->key))
			return known[i].read(reading, option);
	return refuse_unknown(reading, option->key);
}

static int find_driver(const char *name, enum spec_log_driver *ret, struct error *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	for (int i = 0; i < SPEC_LOG_DRIVER_COUNT; i++) {
		if (str_equal(name, driver_names[i])) {
			*ret = (enum spec_log_driver)i;
			return 0;
		}
		buf_printf(&names, "%s%s", i ? ", " : "", driver_names[i]);
	}
	error_set(err, ERROR_INVALID, 0, "unknown log driver '%s'", name);
	error_hint(err, "there are %s", names.data);
	return -EINVAL;
}

/* What goes together, and what does not. */
static int check(const struct reading *reading)
{
	const struct spec_log_options *options = reading->result;

	if (reading->has_buffer && !reading->does_not_block)
		return error_set(reading->err, ERROR_INVALID, 0, "log option 'max-buffer-size' goes with 'mode=non-blocking' only");
	if (reading->must_compress && (options->max_size == 0 || options->max_files < 2))
		return error_set(reading->err, ERROR_INVALID, 0, "log option 'compress=true': there is never a file to compress with %s",
			options->max_size == 0 ? "'max-size=-1'" : "'max-file=1'");
	return 0;
}

int spec_log_options_read(const char *driver, const struct spec_pair *options, size_t count, struct spec_log_options *ret, struct error *err)
{
	struct spec_log_options result = { .max_size = SPEC_LOG_FILE_BYTES, .max_files = SPEC_LOG_FILES };
	struct reading reading = { .result = &result, .err = err };
	int r = find_driver(driver ? driver : driver_names[SPEC_LOG_LOCAL], &result.driver, err);

	result.compress = result.driver == SPEC_LOG_LOCAL;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = read_option(&reading, &options[i]);
	if (r == 0)
		r = check(&reading);
	if (r == 0)
		*ret = result;
	return r;
}

const char *spec_log_driver_name(enum spec_log_driver driver)
{
	return driver_names[driver];
}

bool spec_log_options_name(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, ",");

		if (word == length && memcmp(list, name, length) == 0)
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}

int spec_log_options_make_tag(const char *tag, const char *id, const char *name, const char *image_name, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct template *template = NULL;
	struct json *data;
	int r;

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ID", arena_printf(arena, "%.12s", id));
	json_write_string(&w, "FullID", id);
	json_write_string(&w, "Name", name);
	json_write_string(&w, "ImageName", image_name ? image_name : "");
	json_write_string(&w, "DaemonName", "bivy");
	json_write_close(&w, '}');
	r = json_parse(arena, document.data, document.length, &data, err);
	if (r == 0)
		r = template_parse(arena, tag, &template, err);
	return r < 0 ? r : template_run(template, data, NULL, out, err);
}
