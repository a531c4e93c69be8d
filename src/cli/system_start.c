/* SPDX-License-Identifier: Apache-2.0 */
/* system start: what should run does, after a boot. */
#include "cli/command.h"
#include "engine/boot.h"
#include "engine/containers.h"

#include <inttypes.h>

struct start_request {
	bool install, uninstall;
};

static const struct option_entry entries[] = {
	{ "install", 0, OPTION_FLAG, 0, offsetof(struct start_request, install), NULL, "have this called at each boot, and start nothing now" },
	{ "uninstall", 0, OPTION_FLAG, 0, offsetof(struct start_request, uninstall), NULL, "have it called no more" },
	{ 0 },
};

static void tell(void *context _unused_, const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

static int arrange(struct arena *arena, const struct directories *directories, const struct start_request *request, struct error *err)
{
	struct boot_host host;
	struct boot_plan plan;
	int r;

	if (request->install && request->uninstall)
		return error_set(err, ERROR_INVALID, 0, "--install and --uninstall exclude each other");
	r = boot_host_take(arena, &host, err);
	if (r < 0)
		return r;
	plan = boot_plan_make(arena, &host, directories);
	r = request->install ? boot_install(&plan, tell, NULL, err) : boot_remove(&plan, tell, NULL, err);
	close(host.fd);
	return r;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct start_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int64_t failed = 0;
	bool arranges = request->install || request->uninstall;
	int r = arranges ? cli_directories_outside(call, arena, &directories, err) : cli_directories(call, arena, &directories, err);

	if (r == 0 && arranges)
		return arrange(arena, &directories, request, err);
	if (r == 0)
		r = container_start_all(&directories, cli_warn, NULL, &failed, err);
	if (r == 0 && failed)
		r = error_set(err, ERROR_INTERNAL, 0, "%" PRId64 " containers could not be started", failed);
	return r;
}

const struct command cli_system_start = {
	.command = {
		.name = "system start",
		.summary = "start what should run, after a boot",
		.description = "Starts the containers that their restart policy brings back, those that others require first, and removes what the end of the host "
			"left of others. What runs already is left alone.\n\n"
			"With --install it is called at each boot: by systemd (of the host for root; of the user for others, who linger from then on, so that nobody has to log in), "
			"by OpenRC, or by cron. What that takes is printed while it is done.",
		.entries = entries,
	},
	.request_size = sizeof(struct start_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
