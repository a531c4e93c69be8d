/* SPDX-License-Identifier: Apache-2.0 */
/* update: limits, the restart policy, mounts, devices, published ports and networks of containers, while they run or not. */
#include "cli/command.h"
#include "cli/resource_options.h"
#include "cli/update_networks.h"
#include "spec/value_mount.h"
#include "engine/container_devices.h"
#include "engine/container_mounts.h"
#include "engine/containers.h"

#include <limits.h>

struct update_request {
	struct resource_request resources;
	char **mount_add, **mount_rm, **device_add, **device_rm;
	struct update_networks_request networks;
};

static const struct update_request defaults = { .resources = RESOURCE_DEFAULTS };

static const struct option_entry entries[] = {
	RESOURCE_ENTRIES(struct update_request, resources),
	{ "mount-add", 0, OPTION_LIST, 0, offsetof(struct update_request, mount_add), "MOUNT",
		"mount that, too, as --mount or --volume of 'run' has it; may be repeated" },
	{ "mount-rm", 0, OPTION_LIST, 0, offsetof(struct update_request, mount_rm), "TARGET", "take away what is mounted there; may be repeated" },
	{ "device-add", 0, OPTION_LIST, 0, offsetof(struct update_request, device_add), "HOST[:DEVICE][:rwm]", "give it a device of the host; may be repeated" },
	{ "device-rm", 0, OPTION_LIST, 0, offsetof(struct update_request, device_rm), "DEVICE", "take away what device is there; may be repeated" },
	UPDATE_NETWORKS_ENTRIES(struct update_request, networks),
	{ 0 },
};

/* Whether anything was asked for. */
static bool is_empty(const struct update_request *request)
{
	return memcmp(request, &defaults, sizeof *request) == 0;
}

/* In either of the forms that `run` has. */
static int parse_mount(struct arena *arena, const char *text, struct spec_container_mount *ret, struct error *err)
{
	char directory[PATH_MAX];
	int r;

	if (!getcwd(directory, sizeof directory))
		return error_errno(err, errno, "cannot tell the working directory");
	r = text[strcspn(text, "=:")] == '=' ? value_mount_parse(arena, text, directory, ret, err) : value_volume_parse(arena, text, directory, ret, err);
	return r < 0 ? error_wrap(err, "invalid --mount-add '%s'", text) : 0;
}

static int change_mounts(const struct update_request *request, struct arena *arena, const struct directories *directories, const char *container,
	struct error *err)
{
	const struct container_mount_request mount_request = { .directories = directories, .container = container, .warn = cli_warn };
	int r = 0;

	for (char **target = request->mount_rm; r == 0 && target && *target; target++)
		r = container_mount_remove(&mount_request, *target, err);
	for (char **text = request->mount_add; r == 0 && text && *text; text++) {
		struct spec_container_mount mount;

		r = parse_mount(arena, *text, &mount, err);
		if (r == 0)
			r = container_mount_add(&mount_request, &mount, err);
	}
	return r;
}

static int change_devices(const struct update_request *request, struct arena *arena, const struct directories *directories, const char *container,
	struct error *err)
{
	int r = 0;

	for (char **path = request->device_rm; r == 0 && path && *path; path++)
		r = container_device_remove(directories, container, *path, err);
	for (char **text = request->device_add; r == 0 && text && *text; text++) {
		struct spec_container_device device;

		if (value_device_parse(arena, *text, &device, err) < 0)
			return error_wrap(err, "invalid --device-add '%s'", *text);
		r = container_device_add(directories, container, &device, err);
	}
	return r;
}

/* Whether limits or the policy are among what is asked for. */
static bool asks_for_resources(const struct update_request *request)
{
	return memcmp(&request->resources, &defaults.resources, sizeof defaults.resources) != 0;
}

static int change(const struct update_request *request, struct arena *arena, const struct container_update_request *update, struct error *err)
{
	int r = asks_for_resources(request) ? container_update(update, err) : 0;

	if (r == 0)
		r = change_mounts(request, arena, update->directories, update->container, err);
	return r < 0 ? r : change_devices(request, arena, update->directories, update->container, err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct update_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct spec_host_config changes;
	struct update_networks networks = { .joined_count = 0 };
	const char *warning = NULL;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && is_empty(request))
		r = error_set(err, ERROR_INVALID, 0, "'update' needs an option that says what to change");
	if (r == 0)
		r = resource_decode(arena, &request->resources, &changes, &warning, err);
	if (r == 0)
		r = update_networks_decode(arena, &request->networks, &networks, err);
	if (r == 0 && warning)
		cli_warn(NULL, warning);
	for (char **container = call->operands; r == 0 && *container; container++) {
		r = change(request, arena, &(const struct container_update_request){ .directories = &directories, .container = *container, .changes = &changes,
			.has_memory_swap = request->resources.memory_swap != RESOURCE_NOT_GIVEN }, err);
		if (r == 0)
			r = update_networks_apply(&directories, *container, &networks, err);
		if (r == 0)
			buf_printf(out, "%s\n", *container);
	}
	return r;
}

const struct command cli_update = {
	.command = {
		.name = "update",
		.operands = "CONTAINER…",
		.summary = "change limits, mounts, devices, ports and networks of containers",
		.description = "Changes limits, the restart policy, mounts, devices, published ports and networks of containers, at once if they run. What is not said stays as it "
			"is.\n\n"
			"What is mounted is there when the container is started again, too. A process that uses what is taken away keeps it until it is done.\n\n"
			"What devices a container may use is a rule for their numbers, at once; its place is bound, or no longer.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct update_request),
	.defaults = &defaults,
	.run = run,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
