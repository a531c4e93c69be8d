/* SPDX-License-Identifier: Apache-2.0 */
/* volume create, rm, prune, export, import, snapshot, clone: what makes and changes volumes. */
#include "cli/each.h"
#include "base/human.h"
#include "cli/value_env.h"
#include "engine/volumes.h"

const struct command cli_volume = {
	.command = {
		.name = "volume",
		.operands = "COMMAND",
		.summary = "work with volumes",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

/* ---- create ----------------------------------------------------------------------------- */

struct create_request {
	char **labels, **options;
	const char *driver, *name;
	bool ignore; /* Podman's; as if it was always given */
};

static const struct option_entry create_entries[] = {
	{ "driver", 'd', OPTION_STRING, 0, offsetof(struct create_request, driver), "local", "what keeps it; there is no other" },
	{ "ignore", 0, OPTION_FLAG, OPTION_HIDDEN, offsetof(struct create_request, ignore), NULL, "no error if there is one of that name" },
	{ "label", 0, OPTION_LIST, 0, offsetof(struct create_request, labels), "NAME[=VALUE]", "a label; may be repeated" },
	{ "name", 0, OPTION_STRING, OPTION_HIDDEN, offsetof(struct create_request, name), "NAME", "its name" },
	{ "opt", 'o', OPTION_LIST, 0, offsetof(struct create_request, options), "NAME=VALUE",
		"size=BYTES that it may have; or what is mounted for it: type, device, o; may be repeated" },
	{ 0 },
};

static int decode(struct arena *arena, const struct command_call *call, struct spec_volume *ret, struct error *err)
{
	const struct create_request *request = call->request;
	struct value_pairs labels = { NULL, 0 }, options = { NULL, 0 };
	int r = 0;

	if (request->driver && !str_equal(request->driver, "local"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "there is no volume driver '%.100s', only 'local'", request->driver);
	for (char **label = request->labels; r == 0 && label && *label; label++)
		r = value_label_add(arena, *label, &labels, err);
	for (char **option = request->options; r == 0 && option && *option; option++)
		r = value_pair_add(arena, *option, &options, err);
	*ret = (struct spec_volume){ .name = call->operands[0] ? call->operands[0] : (char *)request->name, .labels = labels.items,
		.label_count = labels.count, .options = options.items, .option_count = options.count };
	return r;
}

static int run_create(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct spec_volume volume;
	const char *name = NULL;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = decode(arena, call, &volume, err);
	if (r == 0)
		r = volume_create(arena, &directories, &volume, &name, err);
	if (r == 0)
		buf_printf(out, "%s\n", name);
	return r;
}

const struct command cli_volume_create = {
	.command = {
		.name = "volume create",
		.operands = "[VOLUME]",
		.summary = "make a volume",
		.description = "Makes a volume and prints its name; without one it gets a name of 64 digits and is a nameless one, which 'volume prune' removes.\n\n"
			"--opt size=10g limits what it takes: by a project quota, where the file system keeps those (ext4 and xfs mounted with prjquota), else "
			"it is a file of that size with a file system of its own, which takes up only what is written. --opt o=uid=1000,gid=1000 makes it "
			"somebody's.\n\n"
			"--opt type=nfs --opt device=:/srv --opt o=addr=10.0.0.1,rw and the like are mounted when a container has the volume first, with "
			"type=tmpfs in memory; --opt type=none --opt o=bind --opt device=/srv/data is that directory. What is mounted stays so until the "
			"last container that has the volume is removed.",
		.entries = create_entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct create_request),
	.run = run_create,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- rm ------------------------------------------------------------------------------------ */

struct rm_request {
	bool force;
};

static const struct option_entry rm_entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct rm_request, force), NULL, "even if its record is damaged; a volume that is not there is no error" },
	{ 0 },
};

static int remove_one(const struct command_call *call, const struct directories *directories, const char *name, struct buf *out, struct error *err)
{
	const struct rm_request *request = call->request;
	int r = volume_remove(directories, name, request->force ? VOLUME_REMOVE_FORCE : 0, err);

	if (r == 0)
		buf_printf(out, "%s\n", name);
	return r;
}

static int run_rm(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, remove_one, out, err);
}

const struct command cli_volume_rm = {
	.command = {
		.name = "volume rm",
		.operands = "VOLUME…",
		.summary = "remove volumes with all that is in them",
		.description = "Removes volumes with all that is in them. One that a container has, running or not, stays, and the container is named.",
		.entries = rm_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct rm_request),
	.run = run_rm,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- prune ----------------------------------------------------------------------------------- */

struct prune_request {
	bool all, force;
	char **filters;
};

static const struct option_entry prune_entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct prune_request, all), NULL, "also volumes that have names" },
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only volumes that are so: all, label, label!, until; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ 0 },
};

static void print_pruned(const struct volume_prune_report *report, struct buf *out)
{
	_cleanup_free_ char *freed = human_size(report->freed_bytes, 4);

	if (report->names[0])
		buf_add_text(out, "Deleted Volumes:\n");
	for (char **name = report->names; *name; name++)
		buf_printf(out, "%s\n", *name);
	if (report->names[0])
		buf_add_char(out, '\n');
	buf_printf(out, "Total reclaimed space: %s\n", freed);
}

static int run_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct volume_prune_report report;
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && !request->force)
		r = cli_confirm(request->all ? "WARNING! This will remove all volumes not used by at least one container."
					     : "WARNING! This will remove anonymous local volumes not used by at least one container.",
				"the removal of volumes", err);
	if (r == 0)
		r = volume_prune(arena, &directories, request->filters, request->all, &report, err);
	if (r == 0)
		print_pruned(&report, out);
	return r;
}

const struct command cli_volume_prune = {
	.command = {
		.name = "volume prune",
		.summary = "remove volumes that no container has",
		.description = "Removes volumes that no container has, running or not: those that were made without a name, or all. Asks first.",
		.entries = prune_entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_prune,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- export and import ------------------------------------------------------------------------- */

struct export_request {
	const char *output;
};

static const struct option_entry export_entries[] = {
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct export_request, output), "FILE", "where it goes; default: the standard output" },
	{ 0 },
};

static int run_export(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct export_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && !request->output && isatty(STDOUT_FILENO)) {
		error_set(err, ERROR_INVALID, 0, "the archive would be written to the terminal");
		error_hint(err, "--output names a file");
		return -EINVAL;
	}
	return r < 0 ? r : volume_export(&directories, call->operands[0], request->output, err);
}

const struct command cli_volume_export = {
	.command = {
		.name = "volume export",
		.operands = "VOLUME",
		.summary = "write the files of a volume as an archive",
		.description = "Writes all files of a volume as one tar archive.",
		.entries = export_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct export_request),
	.run = run_export,
	.exit_status = CLI_EXIT_FAILURE,
};

static int run_import(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : volume_import(&directories, call->operands[0], call->operands[1], err);
}

static const struct option_entry no_entries[] = { { 0 } };

const struct command cli_volume_import = {
	.command = {
		.name = "volume import",
		.operands = "VOLUME FILE|-",
		.summary = "add the files of an archive to a volume",
		.description = "Adds the files of a tar archive, compressed or not, to a volume, with their owners; those of the same name are replaced.",
		.entries = no_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.run = run_import,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- snapshot and clone --------------------------------------------------------------------------- */

struct copy_request {
	bool no_pause;
};

static const struct option_entry copy_entries[] = {
	{ "no-pause", 0, OPTION_FLAG, 0, offsetof(struct copy_request, no_pause), NULL, "containers that have it go on meanwhile" },
	{ 0 },
};

static int copy(const struct command_call *call, unsigned flags, struct buf *out, struct error *err)
{
	const struct copy_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	const char *name = NULL;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = volume_copy(arena, &directories, call->operands[0], call->operands[1], flags | (request->no_pause ? VOLUME_COPY_NO_PAUSE : 0), &name, err);
	if (r == 0)
		buf_printf(out, "%s\n", name);
	return r;
}

static int run_snapshot(const struct command_call *call, struct buf *out, struct error *err)
{
	return copy(call, VOLUME_COPY_READ_ONLY, out, err);
}

const struct command cli_volume_snapshot = {
	.command = {
		.name = "volume snapshot",
		.operands = "VOLUME [SNAPSHOT]",
		.summary = "keep what is in a volume now",
		.description = "Makes a volume that has what is in another one now, and that containers can only read; prints its name, which is that of "
			"the other and the moment, if none is given. 'volume clone' makes one of it that can be written to. Where the file system can, both "
			"share their content until it is changed. Containers that have the volume stand still meanwhile.",
		.entries = copy_entries,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct copy_request),
	.run = run_snapshot,
	.exit_status = CLI_EXIT_FAILURE,
};

static int run_clone(const struct command_call *call, struct buf *out, struct error *err)
{
	return copy(call, 0, out, err);
}

const struct command cli_volume_clone = {
	.command = {
		.name = "volume clone",
		.operands = "VOLUME NEW",
		.summary = "make a volume with what is in another",
		.description = "Makes a volume that has what is in another one, or in a snapshot, now, with its labels and its limit. Where the file system "
			"can, both share their content until it is changed. Containers that have the volume stand still meanwhile.",
		.entries = copy_entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct copy_request),
	.run = run_clone,
	.exit_status = CLI_EXIT_FAILURE,
};
