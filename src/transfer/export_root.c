/* SPDX-License-Identifier: Apache-2.0 */
/* export-root: the files of a container, which whoever starts us has opened, as one archive. */
#include "base/json.h"
#include "store/layer_diff.h"
#include "transfer/confine.h"
#include "transfer/output.h"
#include "transfer/owner_map.h"

struct export_root_request {
	int64_t root;
	const char *output;
	char **uids, **gids;
};

static const struct option_entry entries[] = {
	{ "root-fd", 0, OPTION_INT, 0, offsetof(struct export_root_request, root), "FD", "the directory, open", .minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct export_root_request, output), "FILE", "where it goes; default: the standard output" },
	OWNER_MAP_ENTRIES(struct export_root_request, uids, gids),
	{ 0 },
};

static void report(const struct output *output, const struct layer_diff_report *diff, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "output", output->path);
	json_write_uint(&w, "members", diff->members);
	json_write_uint(&w, "size", diff->bytes);
	json_write_uint(&w, "skippedSockets", diff->sockets);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct export_root_request *request = call->request;
	_cleanup_output_ struct output output = OUTPUT_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct idmap *owners = NULL;
	struct layer_diff_report diff;
	int r;

	if (!request->root)
		return error_set(err, ERROR_INVALID, 0, "--root-fd is missing");
	r = owner_map_parse(arena, request->uids, request->gids, &owners, err);
	if (r < 0)
		return r;
	r = output_open(request->output, OUTPUT_FILE, &output, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &output.parent_fd, .writable_count = output.parent_fd >= 0 });
	r = layer_diff_of_outsiders((int)request->root, owners, sink_to_file(&output.fd), LAYER_DIFF_LIVE, &diff, err);
	if (r < 0)
		return error_wrap(err, "cannot export to '%.300s'", output_name(&output));
	r = output_commit(&output, err);
	if (r < 0)
		return r;
	report(&output, &diff, &text);
	return output_report(&output, call->globals, &text, out, err);
}

const struct command transfer_export_root = {
	.command = {
		.name = "export-root",
		.summary = "write the files of a container as one archive",
		.description = "Writes what is in the directory, which is inherited open, as one tar archive. What was written is printed as JSON, or told as "
			"an event if the archive itself goes to the standard output.",
		.entries = entries,
	},
	.request_size = sizeof(struct export_root_request),
	.run = run,
};
