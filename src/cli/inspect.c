/* SPDX-License-Identifier: Apache-2.0 */
/* inspect, container inspect, image inspect, and what network and volume inspect share: all about objects, in docker's shape. */
#include "cli/inspect.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "engine/containers.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/volumes.h"

#include <inttypes.h>

/* Members whose own members have any name, in details and in labels of them. */
static const char *const maps[] = { "Labels", "Annotations", "Volumes", "ExposedPorts", "Networks", "Ports", "PortBindings", "Sysctls", "Tmpfs",
	"Containers", "Options", "AuxiliaryAddresses", NULL };

/* ---- configuration -------------------------------------------------------------------- */

/* In Go a list that was not given is null. */
static void write_list(struct json_writer *w, const char *key, char *const *list)
{
	if (!list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

static void write_texts(struct json_writer *w, const char *key, const char *const *list)
{
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

static void write_set(struct json_writer *w, const char *key, char *const *list)
{
	if (!list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '{');
	for (; *list; list++) {
		json_write_open(w, *list, '{');
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void write_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	if (!pairs) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '{');
	for (size_t i = 0; i < count; i++)
		json_write_string(w, pairs[i].key, pairs[i].value);
	json_write_close(w, '}');
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	json_write_string(w, key, text ? text : "");
}

static void write_health_check(struct json_writer *w, const struct spec_health_check *check)
{
	json_write_open(w, "Healthcheck", '{');
	write_list(w, "Test", check->test);
	json_write_int(w, "Interval", check->interval_ns);
	json_write_int(w, "Timeout", check->timeout_ns);
	json_write_int(w, "StartPeriod", check->start_period_ns);
	json_write_int(w, "StartInterval", check->start_interval_ns);
	json_write_int(w, "Retries", check->retries);
	json_write_close(w, '}');
}

static void write_execution(struct json_writer *w, const struct spec_execution *execution)
{
	json_write_open(w, "Config", '{');
	write_text(w, "User", execution->user);
	write_set(w, "ExposedPorts", execution->exposed_ports);
	write_list(w, "Env", execution->env);
	write_list(w, "Cmd", execution->command);
	if (execution->health_check)
		write_health_check(w, execution->health_check);
	write_set(w, "Volumes", execution->volumes);
	write_text(w, "WorkingDir", execution->working_directory);
	write_list(w, "Entrypoint", execution->entrypoint);
	write_list(w, "OnBuild", execution->on_build);
	write_pairs(w, "Labels", execution->labels, execution->label_count);
	write_text(w, "StopSignal", execution->stop_signal);
	if (execution->has_stop_timeout)
		json_write_int(w, "StopTimeout", execution->stop_timeout_s);
	if (execution->shell)
		write_list(w, "Shell", execution->shell);
	json_write_close(w, '}');
}

/* ---- details ------------------------------------------------------------------------------ */

static void write_layers(struct json_writer *w, const struct images_details *details)
{
	_cleanup_buf_ struct buf lower = BUF_INIT;

	json_write_open(w, "GraphDriver", '{');
	json_write_open(w, "Data", '{');
	for (const char **layer = details->layers; *layer; layer++)
		if (layer != details->layers)
			buf_printf(&lower, "%s%s", lower.length ? ":" : "", *layer);
	if (lower.length)
		json_write_string(w, "LowerDir", lower.data);
	if (details->layers[0])
		json_write_string(w, "UpperDir", details->layers[0]);
	json_write_close(w, '}');
	json_write_string(w, "Name", "overlay");
	json_write_close(w, '}');
	json_write_open(w, "RootFS", '{');
	json_write_string(w, "Type", "layers");
	write_list(w, "Layers", details->config->diff_ids);
	json_write_close(w, '}');
}

/* What images have and artifacts do not. */
static void write_image(struct json_writer *w, const struct images_details *details)
{
	const struct spec_image_config *config = details->config;
	const struct spec_history *last = config->history_count ? &config->history[config->history_count - 1] : NULL;

	write_text(w, "Comment", last ? last->comment : NULL);
	write_text(w, "Created", config->created);
	write_text(w, "Author", config->author);
	write_execution(w, &config->execution);
	write_text(w, "Architecture", config->platform.architecture);
	if (config->platform.variant)
		json_write_string(w, "Variant", config->platform.variant);
	write_text(w, "Os", config->platform.os);
	if (config->platform.os_version)
		json_write_string(w, "OsVersion", config->platform.os_version);
	json_write_uint(w, "Size", details->entry.size);
	write_layers(w, details);
}

static void write_descriptor(struct json_writer *w, const struct images_details *details)
{
	json_write_open(w, "Descriptor", '{');
	json_write_string(w, "mediaType", details->entry.media_type);
	json_write_string(w, "digest", details->entry.target);
	json_write_close(w, '}');
	json_write_open(w, "Manifest", '{');
	json_write_string(w, "Digest", details->manifest_digest);
	json_write_string(w, "MediaType", details->manifest->media_type);
	if (details->manifest->artifact_type)
		json_write_string(w, "ArtifactType", details->manifest->artifact_type);
	json_write_open(w, "Layers", '[');
	for (size_t i = 0; i < details->manifest->layer_count; i++)
		spec_descriptor_write(w, NULL, &details->manifest->layers[i]);
	json_write_close(w, ']');
	write_pairs(w, "Annotations", details->manifest->annotations, details->manifest->annotation_count);
	json_write_close(w, '}');
}

static void write_details(struct json_writer *w, const struct images_details *details)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "Id", details->entry.id);
	write_texts(w, "RepoTags", details->tags);
	write_texts(w, "RepoDigests", details->digests);
	json_write_string(w, "Parent", "");
	if (details->config)
		write_image(w, details);
	write_descriptor(w, details);
	json_write_close(w, '}');
}

/* ---- output --------------------------------------------------------------------------------- */

int inspect_begin(struct inspection *inspection, const char *format, struct error *err)
{
	*inspection = (struct inspection){ .arena = arena_new(), .compact = str_equal(format, "json") };
	inspection->w = (struct json_writer){ .out = &inspection->text, .indent = inspection->compact ? 0 : 4 };
	if (!str_is_empty(format) && !inspection->compact)
		return template_parse(inspection->arena, listing_unescape(inspection->arena, format), &inspection->template, err);
	json_write_open(&inspection->w, NULL, '[');
	return 0;
}

int inspect_add(struct inspection *inspection, const char *document, size_t length, struct error *err)
{
	struct json *tree = NULL;
	int r = json_parse(inspection->arena, document, length, &tree, err);

	if (r < 0)
		return r;
	if (!inspection->template) {
		json_write_value(&inspection->w, NULL, tree);
		return 0;
	}
	r = template_run(inspection->template, tree, maps, &inspection->text, err);
	if (r == 0)
		buf_add_char(&inspection->text, '\n');
	return r;
}

void inspect_finish(struct inspection *inspection, struct buf *out)
{
	if (!inspection->template) {
		json_write_close(&inspection->w, ']');
		buf_add_char(&inspection->text, '\n');
	}
	buf_add(out, inspection->text.data ? inspection->text.data : "", inspection->text.length);
}

void inspect_done(struct inspection *inspection)
{
	if (inspection->arena)
		arena_free(inspection->arena);
	buf_done(&inspection->text);
	*inspection = INSPECTION_INIT;
}

static int add_image(struct inspection *inspection, const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct images_details details;
	int r = images_inspect(arena, directories, name, &details, err);

	if (r < 0)
		return r;
	write_details(&w, &details);
	return inspect_add(inspection, document.data, document.length, err);
}

static int add_container(struct inspection *inspection, const struct directories *directories, const char *name, bool size, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	int r = container_inspect(directories, name, size, &document, err);

	return r < 0 ? r : inspect_add(inspection, document.data, document.length, err);
}

static int add_network(struct inspection *inspection, const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	int r = network_inspect(directories, name, &document, err);

	return r < 0 ? r : inspect_add(inspection, document.data, document.length, err);
}

static int add_volume(struct inspection *inspection, const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	int r = volume_inspect(directories, name, &document, err);

	return r < 0 ? r : inspect_add(inspection, document.data, document.length, err);
}

/* Whether R says that there is no such object; what is no name of an image is none of one. */
static bool is_missing(int r, const struct error *err)
{
	return r < 0 && (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_INVALID);
}

/* A container, else an image, a network, a volume. */
static int add_any(struct inspection *inspection, const struct directories *directories, const char *name, bool size, struct error *err)
{
	int r = add_container(inspection, directories, name, size, err);

	if (r >= 0 || err->kind != ERROR_NOT_FOUND)
		return r;
	*err = ERROR_INIT;
	r = add_image(inspection, directories, name, err);
	if (is_missing(r, err)) {
		*err = ERROR_INIT;
		r = add_network(inspection, directories, name, err);
	}
	if (is_missing(r, err)) {
		*err = ERROR_INIT;
		r = add_volume(inspection, directories, name, err);
	}
	if (is_missing(r, err)) {
		*err = ERROR_INIT;
		error_set(err, ERROR_NOT_FOUND, 0, "no such object '%.280s'", name);
	}
	return r;
}

static int add_object(struct inspection *inspection, const struct directories *directories, const char *name, enum inspect_type type, bool size,
	struct error *err)
{
	switch (type) {
	case INSPECT_ANY:
		return add_any(inspection, directories, name, size, err);
	case INSPECT_CONTAINER:
		return add_container(inspection, directories, name, size, err);
	case INSPECT_IMAGE:
		return add_image(inspection, directories, name, err);
	case INSPECT_NETWORK:
		return add_network(inspection, directories, name, err);
	case INSPECT_VOLUME:
		return add_volume(inspection, directories, name, err);
	}
	return -EINVAL;
}

/* What is found is shown, whatever else is not. */
int inspect_objects(const struct command_call *call, enum inspect_type type, bool size, const char *format, struct buf *out, struct error *err)
{
	_cleanup_(inspect_done) struct inspection inspection = INSPECTION_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	bool failed = false;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = inspect_begin(&inspection, format, err);
	if (r < 0)
		return r;
	for (char **name = call->operands; *name; name++) {
		struct error one = ERROR_INIT;

		if (add_object(&inspection, &directories, *name, type, size, &one) == 0)
			continue;
		if (failed)
			commands_tell(&cli_commands, err);
		failed = true;
		*err = one;
	}
	inspect_finish(&inspection, out);
	return failed ? -EINVAL : 0;
}

int inspect_images(const struct command_call *call, const char *format, struct buf *out, struct error *err)
{
	return inspect_objects(call, INSPECT_IMAGE, false, format, out, err);
}

/* ---- the commands ------------------------------------------------------------------------------ */

struct inspect_request {
	const char *format;
	int type;
	bool size;
};

static int parse_type(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { [INSPECT_CONTAINER] = "container", [INSPECT_IMAGE] = "image", [INSPECT_NETWORK] = "network",
		[INSPECT_VOLUME] = "volume" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_equal(words[i], value)) {
			*(int *)target = (int)i;
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, 0, "expected container, image, network or volume");
}

static const struct option_entry entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct inspect_request, format), "FORMAT", "json, or a template for each object" },
	{ "size", 's', OPTION_FLAG, 0, offsetof(struct inspect_request, size), NULL, "measure what a container's files take" },
	{ "type", 0, OPTION_CALLBACK, 0, offsetof(struct inspect_request, type), "container|image|network|volume", "only objects of this type", .parse = parse_type },
	{ 0 },
};

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct inspect_request *request = call->request;

	return inspect_objects(call, (enum inspect_type)request->type, request->size, request->format, out, err);
}

const struct command cli_inspect = {
	.command = {
		.name = "inspect",
		.operands = "NAME…",
		.summary = "tell all about containers, images, networks and volumes",
		.description = "Prints all that is known of containers, or of images, networks or volumes where there is no such container, as JSON, in "
			"docker's shape. "
			"A container's State tells, besides what docker's does, of its supervisor: Warnings are the last ones of what it could not do, such "
			"as writing an event.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct inspect_request),
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};

static const struct inspect_request container_defaults = { .type = INSPECT_CONTAINER };

static const struct option_entry container_entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct inspect_request, format), "FORMAT", "json, or a template for each container" },
	{ "size", 's', OPTION_FLAG, 0, offsetof(struct inspect_request, size), NULL, "measure what its files take" },
	{ 0 },
};

const struct command cli_container_inspect = {
	.command = {
		.name = "container inspect",
		.operands = "CONTAINER…",
		.summary = "tell all about containers",
		.description = "Prints all that is known of containers as JSON, in docker's shape.",
		.entries = container_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct inspect_request),
	.defaults = &container_defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
