/* SPDX-License-Identifier: Apache-2.0 */
/* rmi, image rm: images go, one after the other; from here or from their registries. */
#include "cli/remote.h"
#include "engine/image_removal.h"

struct rmi_request {
	struct registry_request registry;
	bool force, no_prune, remote;
};

static const struct rmi_request defaults = { .registry.verifies = true };

static const struct option_entry entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct rmi_request, force), NULL,
		"remove by id what has several names; an image that is not there is no error" },
	{ "no-prune", 0, OPTION_FLAG, 0, offsetof(struct rmi_request, no_prune), NULL, "leave the layers until the next removal" },
	{ "remote", 0, OPTION_FLAG, 0, offsetof(struct rmi_request, remote), NULL, "delete images in their registries" },
	REGISTRY_ENTRIES(struct rmi_request, registry),
	{ 0 },
};

static int remove_one(const struct command_call *call, const char *image, struct buf *out, struct error *err)
{
	const struct rmi_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image_removal_report report;
	struct directories directories;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = image_removal_remove(arena, &(struct image_removal_request){ &directories, image, request->force, request->no_prune }, &report, err);
	if (r < 0)
		return r;
	for (const char **name = report.untagged; *name; name++)
		buf_printf(out, "Untagged: %s\n", *name);
	for (const char **digest = report.deleted; *digest; digest++)
		buf_printf(out, "Deleted: %s\n", *digest);
	return 0;
}

static int delete_one(const struct command_call *call, const char *image, struct buf *out, struct error *err)
{
	const struct rmi_request *request = call->request;
	int r = remote_delete(call, &request->registry, image, err);

	if (r == 0)
		buf_printf(out, "Deleted: %s\n", image);
	return r;
}

/* Each that fails is told of, the last one by the program's end. */
static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct rmi_request *request = call->request;
	bool failed = false;

	for (char **image = call->operands; *image; image++) {
		struct error one = ERROR_INIT;
		int r = request->remote ? delete_one(call, *image, out, &one) : remove_one(call, *image, out, &one);

		if (r == 0 || (one.kind == ERROR_NOT_FOUND && request->force))
			continue;
		if (failed)
			commands_tell(&cli_commands, err);
		failed = true;
		*err = one;
	}
	return failed ? -EINVAL : 0;
}

const struct command cli_rmi = {
	.command = {
		.name = "rmi",
		.operands = "IMAGE…",
		.summary = "remove images",
		.description = "Takes a name from an image; with its last name the image goes, and the layers that no other image needs. Given by its id, "
			"an image goes with its name, and with all of them after --force.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct rmi_request),
	.defaults = &defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
