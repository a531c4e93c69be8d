/* SPDX-License-Identifier: Apache-2.0 */
/* inspect, container inspect, image inspect, and what network and volume inspect share: all about objects, in docker's shape. */
#include "cli/inspect.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "engine/containers.h"
#include "engine/images.h"
#include "engine/kernel_view.h"
#include "engine/networks.h"
#include "engine/terminal.h"
#include "engine/volumes.h"

/* Members whose own members have any name, in details and in labels of them. */
static const char *const maps[] = { "Labels", "Annotations", "Volumes", "ExposedPorts", "Networks", "Ports", "PortBindings", "Sysctls", "Tmpfs",
	"Containers", "Options", "AuxiliaryAddresses", NULL };

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
	json_write_open(&w, NULL, '{');
	images_write_details(&w, &details, 0);
	json_write_close(&w, '}');
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
	bool size, kernel;
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
	{ "kernel", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, kernel), NULL, "draw what a running container is in the kernel's eyes" },
	{ "size", 's', OPTION_FLAG, 0, offsetof(struct inspect_request, size), NULL, "measure what a container's files take" },
	{ "type", 0, OPTION_CALLBACK, 0, offsetof(struct inspect_request, type), "container|image|network|volume", "only objects of this type", .parse = parse_type },
	{ 0 },
};

/* --kernel: trees, an empty line between two. */
static int draw_kernel_views(const struct command_call *call, const struct inspect_request *request, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r;

	if (request->format || request->size || (request->type != INSPECT_ANY && request->type != INSPECT_CONTAINER))
		return error_set(err, ERROR_INVALID, 0, "--kernel is for running containers alone, and has no format");
	r = cli_directories(call, arena, &directories, err);
	for (char **name = call->operands; r == 0 && *name; name++) {
		struct tree_node tree;

		r = kernel_view(arena, &directories, *name, &tree, err);
		if (r == 0 && out->length)
			buf_add_char(out, '\n');
		if (r == 0)
			tree_draw(&tree, terminal_is_utf8(), out);
	}
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct inspect_request *request = call->request;

	if (request->kernel)
		return draw_kernel_views(call, request, out, err);
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
			"as writing an event.\n\n"
			"With --kernel a tree is drawn of what the kernel has of a running container: its namespaces and who shares them, id maps, mounts with "
			"their peer groups, control groups with their files, capabilities, filter, links and rules.",
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
	{ "kernel", 0, OPTION_FLAG, 0, offsetof(struct inspect_request, kernel), NULL, "draw what a running container is in the kernel's eyes" },
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
