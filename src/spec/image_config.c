/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_config.h"
#include "spec/decode.h"
#include "spec/health_check.h"
#include "spec/image_digest.h"

/* Build steps and labels can be longer than any other string. */
#define TEXT_LIMIT SPEC_IMAGE_CONFIG_LIMIT

/* ---- execution ----------------------------------------------------------------- */

enum execution_field { EXECUTION_PORTS, EXECUTION_ENV, EXECUTION_VOLUMES, EXECUTION_LABELS, EXECUTION_HEALTH, EXECUTION_ESCAPED };

static const struct field execution_fields[] = {
	FIELD(STRING, struct spec_execution, user, "User"),
	FIELD_BY(EXECUTION_PORTS, "ExposedPorts", 0),
	FIELD_BY(EXECUTION_ENV, "Env", 0),
	FIELD(STRINGS, struct spec_execution, entrypoint, "Entrypoint"),
	FIELD(STRINGS, struct spec_execution, command, "Cmd"),
	FIELD_BY(EXECUTION_VOLUMES, "Volumes", 0),
	FIELD(STRING, struct spec_execution, working_directory, "WorkingDir"),
	FIELD_BY(EXECUTION_LABELS, "Labels", 0),
	FIELD(STRING, struct spec_execution, stop_signal, "StopSignal"),
	FIELD_WITH(I64, struct spec_execution, stop_timeout_s, has_stop_timeout, "StopTimeout"),
	FIELD_BY(EXECUTION_HEALTH, "Healthcheck", 0),
	FIELD(STRINGS, struct spec_execution, shell, "Shell"),
	FIELD(STRINGS, struct spec_execution, on_build, "OnBuild"),
	FIELD_BY(EXECUTION_ESCAPED, "ArgsEscaped", 0),
};

static int decode_execution_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_execution *execution = object;

	switch ((enum execution_field)id) {
	case EXECUTION_PORTS:
		return decode_set(d, value, &execution->exposed_ports);
	case EXECUTION_ENV:
		return decode_strings(d, value, TEXT_LIMIT, &execution->env);
	case EXECUTION_VOLUMES:
		return decode_set(d, value, &execution->volumes);
	case EXECUTION_LABELS:
		return decode_pairs(d, value, TEXT_LIMIT, &execution->labels, &execution->label_count);
	case EXECUTION_HEALTH:
		return decode_health_check(d, value, &execution->health_check);
	case EXECUTION_ESCAPED:
		execution->args_escaped = value->type == JSON_BOOL && value->boolean;
		return 0;
	}
	return -EINVAL;
}

static void write_execution(struct json_writer *w, const struct spec_execution *execution)
{
	const struct json *health = execution->source ? json_member(execution->source, "Healthcheck") : NULL;

	json_write_open(w, "config", '{');
	encode_fields(w, execution_fields, ARRAY_SIZE(execution_fields), execution);
	if (execution->env)
		encode_strings(w, "Env", execution->env);
	if (execution->exposed_ports)
		encode_set(w, "ExposedPorts", execution->exposed_ports);
	if (execution->volumes)
		encode_set(w, "Volumes", execution->volumes);
	if (execution->labels)
		encode_pairs(w, "Labels", execution->labels, execution->label_count);
	encode_health_check(w, "Healthcheck", execution->health_check, health);
	if (execution->args_escaped)
		json_write_bool(w, "ArgsEscaped", true);
	encode_unknown_fields(w, execution_fields, ARRAY_SIZE(execution_fields), execution->source);
	json_write_close(w, '}');
}

/* ---- history and layers ---------------------------------------------------------- */

enum history_field { HISTORY_CREATED_BY, HISTORY_COMMENT, HISTORY_EMPTY };

static const struct field history_fields[] = {
	FIELD(STRING, struct spec_history, created, "created"),
	FIELD_BY(HISTORY_CREATED_BY, "created_by", 0),
	FIELD(STRING, struct spec_history, author, "author"),
	FIELD_BY(HISTORY_COMMENT, "comment", 0),
	FIELD_BY(HISTORY_EMPTY, "empty_layer", 0),
};

static int decode_history_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_history *history = object;
	int r;

	if (id != HISTORY_EMPTY)
		return decode_string(d, value, TEXT_LIMIT, id == HISTORY_COMMENT ? &history->comment : &history->created_by);
	r = decode_expect(d, value, JSON_BOOL);
	if (r == 0)
		history->empty_layer = value->boolean;
	return r;
}

static int decode_history(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, history_fields, ARRAY_SIZE(history_fields), element, decode_history_field);
}

static void write_history(struct json_writer *w, const struct spec_image_config *config)
{
	json_write_open(w, "history", '[');
	for (size_t i = 0; i < config->history_count; i++) {
		const struct spec_history *history = &config->history[i];

		json_write_open(w, NULL, '{');
		encode_fields(w, history_fields, ARRAY_SIZE(history_fields), history);
		if (!str_is_empty(history->created_by))
			json_write_string(w, "created_by", history->created_by);
		if (!str_is_empty(history->comment))
			json_write_string(w, "comment", history->comment);
		if (history->empty_layer)
			json_write_bool(w, "empty_layer", true);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

enum rootfs_field { ROOTFS_TYPE, ROOTFS_DIFF_IDS };

static const struct field rootfs_fields[] = {
	FIELD_BY(ROOTFS_TYPE, "type", 0),
	FIELD_BY(ROOTFS_DIFF_IDS, "diff_ids", FIELD_REQUIRED),
};

/* An element of diff_ids. */
static int decode_diff_id(const struct decoder *d, const struct json *value, void *element)
{
	char **diff_id = element;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, diff_id);

	if (r == 0 && !spec_digest_is_valid(*diff_id))
		return decode_fail(d, value, "'%.100s' is no digest", *diff_id);
	return r;
}

static int decode_diff_ids(const struct decoder *d, const struct json *value, struct spec_image_config *config)
{
	char **list = NULL;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *list, decode_diff_id, &list, &config->diff_id_count);

	if (r < 0)
		return r;
	config->diff_ids = arena_alloc(d->arena, config->diff_id_count + 1, sizeof *list);
	if (config->diff_id_count)
		memcpy(config->diff_ids, list, config->diff_id_count * sizeof *list);
	return 0;
}

static int decode_rootfs_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	char *type = NULL;
	int r;

	if (id == ROOTFS_DIFF_IDS)
		return decode_diff_ids(d, value, object);
	r = decode_string(d, value, SPEC_STRING_LIMIT, &type);
	if (r == 0 && !str_equal(type, "layers"))
		return decode_fail(d, value, "'%.100s' is not \"layers\"", type);
	return r;
}

static void write_rootfs(struct json_writer *w, const struct spec_image_config *config)
{
	const struct json *source = config->source ? json_member(config->source, "rootfs") : NULL;

	json_write_open(w, "rootfs", '{');
	json_write_string(w, "type", "layers");
	encode_strings(w, "diff_ids", config->diff_ids);
	encode_unknown_fields(w, rootfs_fields, ARRAY_SIZE(rootfs_fields), source);
	json_write_close(w, '}');
}

/* ---- the whole --------------------------------------------------------------------- */

enum config_field { CONFIG_EXECUTION, CONFIG_ROOTFS, CONFIG_HISTORY };

static const struct field config_fields[] = {
	FIELD(STRING, struct spec_image_config, created, "created"),
	FIELD(STRING, struct spec_image_config, author, "author"),
	FIELD(STRING, struct spec_image_config, platform.architecture, "architecture"),
	FIELD(STRING, struct spec_image_config, platform.variant, "variant"),
	FIELD(STRING, struct spec_image_config, platform.os, "os"),
	FIELD(STRING, struct spec_image_config, platform.os_version, "os.version"),
	FIELD(STRINGS, struct spec_image_config, platform.os_features, "os.features"),
	FIELD_BY(CONFIG_EXECUTION, "config", 0),
	FIELD_BY(CONFIG_ROOTFS, "rootfs", FIELD_REQUIRED),
	FIELD_BY(CONFIG_HISTORY, "history", 0),
};

static int decode_config_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_image_config *config = object;

	switch ((enum config_field)id) {
	case CONFIG_EXECUTION:
		config->execution.source = value;
		return decode_fields(d, value, execution_fields, ARRAY_SIZE(execution_fields), &config->execution, decode_execution_field);
	case CONFIG_ROOTFS:
		return decode_fields(d, value, rootfs_fields, ARRAY_SIZE(rootfs_fields), config, decode_rootfs_field);
	case CONFIG_HISTORY:
		return decode_list(d, value, JSON_ARRAY, sizeof *config->history, decode_history, &config->history, &config->history_count);
	}
	return -EINVAL;
}

int spec_image_config_decode(struct arena *arena, const char *text, size_t length, struct spec_image_config **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "image configuration", .prefix = "", .err = err };
	struct spec_image_config *config = arena_alloc(arena, 1, sizeof *config);
	int r;

	if (length > SPEC_IMAGE_CONFIG_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "image configuration");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, config_fields, ARRAY_SIZE(config_fields), config, decode_config_field);
	if (r < 0)
		return r;
	config->source = d.root;
	*ret = config;
	return 0;
}

void spec_image_config_encode(const struct spec_image_config *config, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_fields(&w, config_fields, ARRAY_SIZE(config_fields), config);
	write_execution(&w, &config->execution);
	write_rootfs(&w, config);
	if (config->history_count)
		write_history(&w, config);
	encode_unknown_fields(&w, config_fields, ARRAY_SIZE(config_fields), config->source);
	json_write_close(&w, '}');
}
