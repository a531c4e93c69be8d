/* SPDX-License-Identifier: Apache-2.0 */
/* save, load, import, export, image unpack: images and archives, and directories. */
#include "cli/transfer.h"
#include "engine/container_files.h"
#include "spec/reference.h"

/* ---- save ---------------------------------------------------------------------------- */

struct save_request {
	const char *output, *format, *compression;
};

static const struct option_entry save_entries[] = {
	{ "compress", 0, OPTION_STRING, 0, offsetof(struct save_request, compression), "none|gzip|zstd", "compress layers so; default: as they were pulled" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct save_request, format), "docker-archive|oci-archive|oci-dir",
		"what to write; default: docker-archive, which is an image layout, too" },
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct save_request, output), "FILE|DIR", "where it goes; default: the standard output" },
	{ 0 },
};

static int refuse_terminal(struct error *err)
{
	unsigned columns, rows;

	if (!terminal_size(STDOUT_FILENO, &columns, &rows))
		return 0;
	error_set(err, ERROR_INVALID, 0, "the archive would be written to the terminal");
	error_hint(err, "--output names a file");
	return -EINVAL;
}

static int run_save(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct save_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "save", PROGRESS_SAVE);
	struct spec_transfer_report report;
	int r = request->output ? 0 : refuse_terminal(err);

	if (r < 0)
		return r;
	transfer.gives_output = !request->output;
	cli_transfer_add_option(&transfer, "--compress", request->compression);
	cli_transfer_add_option(&transfer, "--format", request->format);
	cli_transfer_add_option(&transfer, "--output", request->output);
	cli_transfer_add_operands(&transfer, call);
	return cli_transfer_report(call, &transfer, &report, err);
}

const struct command cli_save = {
	.command = {
		.name = "save",
		.operands = "IMAGE…",
		.summary = "save images to an archive",
		.description = "Writes images into one archive, or an OCI image layout in a directory that is new or empty. A repository without a tag means "
			"all tags that are here. The bytes are the same for the same images.",
		.entries = save_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct save_request),
	.run = run_save,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- load ------------------------------------------------------------------------------ */

struct load_request {
	const char *input, *platform;
	bool quiet;
};

static const struct option_entry load_entries[] = {
	{ "input", 'i', OPTION_STRING, OPTION_FILE, offsetof(struct load_request, input), "FILE|DIR", "the archive; default: the standard input" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct load_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct load_request, quiet), NULL, "no progress" },
	{ 0 },
};

static void print_loaded(struct arena *arena, const struct spec_transfer_image *image, struct buf *out)
{
	if (!image->names || !image->names[0])
		buf_printf(out, "Loaded image ID: %s\n", image->id);
	for (char **name = image->names; name && *name; name++) {
		struct spec_reference reference;

		if (spec_reference_parse(arena, *name, &reference, NULL) == 0)
			buf_printf(out, "Loaded image: %s\n", spec_reference_familiar(arena, &reference));
	}
}

static int run_load(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct load_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "load", PROGRESS_LOAD);
	struct spec_transfer_report report;
	int r;

	transfer.quiet = request->quiet;
	cli_transfer_add_option(&transfer, "--input", request->input);
	cli_transfer_add_option(&transfer, "--platform", request->platform);
	r = cli_transfer_report(call, &transfer, &report, err);
	for (size_t i = 0; r == 0 && i < report.image_count; i++)
		print_loaded(arena, &report.images[i], out);
	return r;
}

const struct command cli_load = {
	.command = {
		.name = "load",
		.summary = "load the images of an archive",
		.description = "Brings the images of a docker archive or an OCI image layout, compressed or not, or unpacked to a directory, each with its "
			"names. An image that is refused leaves everything as it was.",
		.entries = load_entries,
	},
	.request_size = sizeof(struct load_request),
	.run = run_load,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- import ------------------------------------------------------------------------------ */

struct import_request {
	char **changes;
	const char *message, *platform;
};

static const struct option_entry import_entries[] = {
	{ "change", 'c', OPTION_LIST, 0, offsetof(struct import_request, changes), "INSTRUCTION", "how it is run, in a Dockerfile's words; may be repeated" },
	{ "message", 'm', OPTION_STRING, 0, offsetof(struct import_request, message), "TEXT", "comment of its history; default: where it came from" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct import_request, platform), "OS/ARCH", "what it runs on; default: this machine's" },
	{ 0 },
};

static int run_import(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct import_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "import", PROGRESS_LOAD);
	struct spec_transfer_report report;
	int r;

	transfer.quiet = true;
	for (char **change = request->changes; change && *change; change++)
		cli_transfer_add_option(&transfer, "--change", *change);
	cli_transfer_add_option(&transfer, "--message", request->message);
	cli_transfer_add_option(&transfer, "--platform", request->platform);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r == 0)
		buf_printf(out, "%s\n", report.image.id);
	return r;
}

const struct command cli_import = {
	.command = {
		.name = "import",
		.operands = "FILE|URL|- [NAME[:TAG]]",
		.summary = "make an image of the archive of a root file system",
		.description = "Makes an image of one layer, which is the archive: tar, compressed or not, from a file, the standard input (-) or a "
			"web server. Prints the image's id.",
		.entries = import_entries,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct import_request),
	.run = run_import,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- export ------------------------------------------------------------------------------- */

struct export_request {
	const char *output;
};

static const struct option_entry export_entries[] = {
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct export_request, output), "FILE", "where it goes; default: the standard output" },
	{ 0 },
};

static int export_image(const struct command_call *call, struct arena *arena, struct error *err)
{
	const struct export_request *request = call->request;
	struct cli_transfer transfer = cli_transfer_begin(arena, "export", PROGRESS_SAVE);
	struct spec_transfer_report report;
	int r;

	transfer.gives_output = !request->output;
	cli_transfer_add_option(&transfer, "--output", request->output);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND && str_starts_with(err->message, "no such image"))
		return error_set(err, ERROR_NOT_FOUND, 0, "no such container or image '%.280s'", call->operands[0]);
	return r;
}

static int run_export(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct export_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct directories directories;
	struct error one = ERROR_INIT;
	int r = request->output ? 0 : refuse_terminal(err);

	if (r == 0)
		r = cli_directories(call, arena, &directories, err);
	if (r < 0)
		return r;
	r = container_record_open(arena, &directories, call->operands[0], &record, &one);
	if (r == 0)
		return container_export(&directories, record.container->id, request->output, err);
	if (one.kind == ERROR_NOT_FOUND)
		return export_image(call, arena, err);
	*err = one;
	return r;
}

const struct command cli_export = {
	.command = {
		.name = "export",
		.operands = "CONTAINER|IMAGE",
		.summary = "write the root file system of a container or an image as one archive",
		.description = "Writes the root file system of a container, without what is mounted in it, as one tar archive; or that which a container "
			"of the image would see, the same for the same image. A container's name goes before an image's.",
		.entries = export_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct export_request),
	.run = run_export,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- unpack -------------------------------------------------------------------------------- */

struct unpack_request {
	const char *platform;
};

static const struct option_entry unpack_entries[] = {
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct unpack_request, platform), "OS/ARCH", "of an image for several; default: the one that was pulled" },
	{ 0 },
};

static int run_unpack(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct unpack_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "unpack-image", PROGRESS_UNPACK);
	struct spec_transfer_report report;

	cli_transfer_add_option(&transfer, "--platform", request->platform);
	cli_transfer_add_operands(&transfer, call);
	return cli_transfer_report(call, &transfer, &report, err);
}

const struct command cli_image_unpack = {
	.command = {
		.name = "image unpack",
		.operands = "IMAGE DIRECTORY",
		.summary = "unpack an image into a directory",
		.description = "Unpacks the layers of an image over each other into a directory that is new or empty: a root file system of its own.",
		.entries = unpack_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct unpack_request),
	.run = run_unpack,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- bootstrap ------------------------------------------------------------------------------- */

struct bootstrap_request {
	const char *architecture;
};

static const struct option_entry bootstrap_entries[] = {
	{ "arch", 0, OPTION_STRING, 0, offsetof(struct bootstrap_request, architecture), "ARCH", "for machines of that architecture; default: this one's" },
	{ 0 },
};

static int run_bootstrap(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct bootstrap_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "bootstrap", PROGRESS_LOAD);
	struct spec_transfer_report report;
	int r;

	cli_transfer_add_option(&transfer, "--arch", request->architecture);
	cli_transfer_add_operands(&transfer, call);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r == 0)
		buf_printf(out, "%s\n", report.image.name ? report.image.name : report.image.id);
	return r;
}

const struct command cli_image_bootstrap = {
	.command = {
		.name = "image bootstrap",
		.operands = "busybox|debian[:SUITE]",
		.summary = "make a base image from Debian's packages",
		.description = "Makes the image busybox:latest of the machine's own package busybox-static, or debian:SUITE with mmdebstrap; debian without "
			"a suite is the machine's own: images without a registry.",
		.entries = bootstrap_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct bootstrap_request),
	.run = run_bootstrap,
	.exit_status = CLI_EXIT_FAILURE,
};
