/* SPDX-License-Identifier: Apache-2.0 */
/* run: a container is made and started. */
#include "base/narration.h"
#include "base/role.h"
#include "cli/creation.h"
#include "engine/container_script.h"
#include "engine/containers.h"
#include "engine/seat.h"

#include <unistd.h>

/* A terminal inside without one outside would leave a person typing into nothing. */
static int check_terminal(const struct spec_container_config *config, struct error *err)
{
	if (!config->tty || !config->attach_stdin || isatty(STDIN_FILENO))
		return 0;
	error_set(err, ERROR_INVALID, 0, "the input device is not a TTY");
	error_hint(err, "--tty is for a person at a terminal: leave it out for pipes and files");
	return -EINVAL;
}

static int start(const struct command_call *call, const struct creation *creation, struct container_start_report *ret, struct error *err)
{
	const struct create_request *request = call->request;
	const struct spec_container_config *config = &creation->asked.config;
	const struct container_attachment attachment = {
		.in = config->attach_stdin,
		.out = config->attach_stdout,
		.err = config->attach_stderr,
		.detach_keys = request->detach_keys,
		.no_signal_proxy = !request->signal_proxy,
	};
	const struct container_start_request engine_request = {
		.directories = &creation->directories,
		.container = creation->id,
		.attachment = request->detach ? NULL : &attachment,
		.cleans = creation->asked.host.auto_remove,
		.removes_image = request->remove_image,
		.seat = creation->seat,
		.warn = cli_warn,
	};

	return container_start(&engine_request, ret, err);
}

static int make_and_start(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct create_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_start_report report = { .exit_code = 0 };
	_cleanup_seat_ struct seat seat = SEAT_NONE;
	struct creation creation;
	int64_t since = timing_now();
	int r = creation_decode(arena, call, &creation, err);

	timing_phase("options and directories", since);
	if (r == 0 && !request->detach)
		r = check_terminal(&creation.asked.config, err);
	if (r == 0) {
		creation.seat = request->explain ? NULL : &seat; /* who has it explained is to hear of each step */
		r = creation_make(arena, request, &creation, err);
	}
	if (r == 0 && str_equal(request->explain, "shell"))
		return container_script(&creation.directories, creation.id, cli_warn, out, err);
	if (r == 0)
		r = start(call, &creation, &report, err);
	if (r < 0)
		return r;
	if (request->detach)
		buf_printf(out, "%s\n", creation.id);
	else if (!report.detached)
		*call->status = (int)report.exit_code;
	return 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct create_request *request = call->request;
	int r;

	role_set(CLI_NAME);
	if (str_equal(request->explain, "steps"))
		narration_open(STDERR_FILENO);
	cli_timing_begin(&request->timing);
	r = make_and_start(call, out, err);
	cli_timing_end(&request->timing);
	return r;
}

const struct command cli_run = {
	.command = {
		.name = "run",
		.operands = "IMAGE [COMMAND [ARGUMENT…]]",
		.summary = "make a container of an image and start it",
		.description = "Makes a container of an image, which is pulled if it is not here, starts it, shows its output and exits with its exit status; with "
			"--detach it goes on in the background.\n\n"
			"A container has ids of users of its own (its root is nobody on the host), few capabilities, a filter of system calls, and no network "
			"but its own loopback. Each option that loosens that is shown by 'bivy inspect'.\n\n"
			"The command is the container's first process, as with others, and gets those of its children's children that are orphans. "
			"One that does not wait for children that it did not make, such as a server that was written to be no init, leaves a zombie of "
			"each until it ends itself: with --init a small program is first that reaps them. A signal that ends a process by default, such as "
			"the one of 'bivy stop', ends the first process too, though the kernel spares it: --init is not needed for that.\n\n"
			"A whole system with its own services is started by its init (/sbin/init, or any program with --systemd=always). Services that "
			"want mounts or namespaces of their own, as systemd's DynamicUser=, need --cap-add SYS_ADMIN: it counts in the container's user "
			"namespace alone, but opens more of the kernel to it, and without it systemd leaves out what it can of such settings.\n\n"
			"The exit status is 125 if bivy itself failed, 126 if the command cannot be executed, 127 if there is none of that name, 128 and the "
			"signal's number if a signal ended it, and else the command's own.",
		.entries = run_entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct create_request),
	.defaults = &create_defaults,
	.run = run,
};
