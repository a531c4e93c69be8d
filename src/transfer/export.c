/* SPDX-License-Identifier: Apache-2.0 */
/* export: the root file system of an image as one archive. */
#include "base/json.h"
#include "host/overlay.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/decompress.h"
#include "store/layer_apply.h"
#include "store/layer_diff.h"
#include "store/layers.h"
#include "store/lease.h"
#include "store/read_ahead.h"
#include "store/root.h"
#include "transfer/output.h"

struct export_request {
	const char *output;
};

static const struct option_entry export_entries[] = {
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct export_request, output), "FILE", "where it goes; default: the standard output" },
	{ 0 },
};

struct export {
	const struct store *store;
	struct arena *arena;
	struct image image;
	struct lease lease;
	struct layer_stage stage; /* its diff/ is an empty directory, or gets the files */
	int root_fd;
};

static void export_done(struct export *export)
{
	close_and_forget(&export->root_fd);
	layer_abort(&export->stage);
	lease_end(&export->lease);
	arena_free(export->arena);
}

/* ---- the root file system ---------------------------------------------------------- */

/*
 * As a mount, which nobody else sees. The empty directory at its bottom has
 * overlay hide the marks of a single layer, too.
 */
static int mount_layers(struct export *export, struct error *err)
{
	struct overlay overlay;
	char **lowers;
	int r = root_of_image(export->store, export->arena, &export->image, &overlay, err);

	if (r < 0)
		return r;
	lowers = arena_alloc(export->arena, overlay.lower_count + 2, sizeof *lowers);
	for (size_t i = 0; i < overlay.lower_count; i++)
		lowers[i] = overlay.lowers[i];
	if (overlay.lower_count < OVERLAY_LOWER_LIMIT)
		lowers[overlay.lower_count++] = arena_printf(export->arena, "%s/staging/%s/diff", export->store->path, export->stage.name);
	overlay.lowers = lowers;
	return overlay_mount(-EBADF, &overlay, &export->root_fd, NULL, err);
}

static int unpack_layer(const struct export *export, const char *digest, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	_cleanup_decompress_ struct decompress *decompress = NULL;
	_cleanup_read_ahead_ struct read_ahead *ahead = NULL;
	_cleanup_layer_report_ struct layer_report report = { 0 };
	uint64_t size;
	int r = lease_add((struct lease *)&export->lease, digest, err);

	if (r == 0)
		r = blob_open(export->store, digest, &fd, &size, err);
	if (r < 0)
		return r;
	file.fd = fd;
	decompress = decompress_new(stream_of_file(&file), &DECOMPRESS_LIMITS);
	ahead = read_ahead_new(decompress_stream(decompress), NULL, NULL);
	return layer_apply(export->stage.diff_fd, read_ahead_stream(ahead), LAYER_FORM_FLAT, &LAYER_LIMITS, &report, err);
}

/* Where no such mount can be made: all layers once more, one over the other. */
static int unpack_layers(struct export *export, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_manifest *manifest = NULL;
	int r = blob_read(export->store, export->image.manifest, SPEC_MANIFEST_LIMIT, &text, err);

	if (r == 0)
		r = spec_manifest_decode(export->arena, text.data ? text.data : "", text.length, &manifest, err);
	for (size_t i = 0; r == 0 && i < manifest->layer_count; i++)
		r = unpack_layer(export, manifest->layers[i].digest, err);
	if (r == 0)
		export->root_fd = TAKE_FD(export->stage.diff_fd);
	return r;
}

static int open_root(struct export *export, const struct output *output, const char *name, struct error *err)
{
	int r = lease_begin(export->store, &export->lease, err);

	if (r == 0)
		r = image_find(export->store, export->arena, name, &export->image, err);
	if (r == 0 && !export->image.top_layer)
		return error_set(err, ERROR_INVALID, 0, "'%.280s' has no layers, and so no files", name);
	if (r == 0)
		r = lease_add(&export->lease, export->image.manifest, err);
	if (r == 0)
		r = lease_add(&export->lease, export->image.top_layer, err);
	if (r == 0)
		r = layer_begin(export->store, &export->stage, err);
	if (r < 0)
		return r;
	/* Overlay needs what is given up then. */
	r = mount_layers(export, NULL);
	output_confine(output, export->store);
	return r == 0 ? 0 : unpack_layers(export, err);
}

/* ---- the command -------------------------------------------------------------------- */

static void report(const struct export *export, const struct output *output, const struct layer_diff_report *diff, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "id", export->image.id);
	json_write_string(&w, "output", output->path);
	json_write_uint(&w, "members", diff->members);
	json_write_uint(&w, "size", diff->bytes);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int run_export(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct export_request *request = call->request;
	_cleanup_output_ struct output output = OUTPUT_INIT;
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_(export_done) struct export export = { .store = &store, .arena = arena_new(), .lease = LEASE_INIT, .stage = LAYER_STAGE_INIT, .root_fd = -EBADF };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct layer_diff_report diff;
	int r = output_open(request->output, OUTPUT_FILE, &output, err);

	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r == 0)
		r = open_root(&export, &output, call->operands[0], err);
	if (r < 0)
		return r;
	r = layer_diff(export.root_fd, sink_to_file(&output.fd), LAYER_DIFF_MOUNT, &diff, err);
	if (r < 0)
		return error_wrap(err, "cannot export to '%.300s'", output_name(&output));
	r = output_commit(&output, err);
	if (r < 0)
		return r;
	report(&export, &output, &diff, &text);
	return output_report(&output, call->globals, &text, out, err);
}

const struct command transfer_export = {
	.command = {
		.name = "export",
		.operands = "IMAGE",
		.summary = "write the root file system of an image as one archive",
		.description = "Writes what a container of the image would see as its root file system as one tar archive, the same for the same "
			"image. What was written is printed as JSON, or told as an event if the archive itself goes to the standard output.",
		.entries = export_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct export_request),
	.run = run_export,
};
