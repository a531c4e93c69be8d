/* SPDX-License-Identifier: Apache-2.0 */
/* create and run: a bundle becomes a container. */
#include "runtime/program/program.h"
#include "runtime/program/report.h"

#include <fcntl.h>

struct create_options {
	const char *bundle, *console_socket, *pid_file, *pidfd_socket;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper, explain;
	int64_t preserve_fds;
};

#define AT(member) offsetof(struct create_options, member)
#define PRESERVE_FDS_LIMIT 65536

#define COMMON_ENTRIES                                                                                                        \
	{ "bundle", 'b', OPTION_STRING, OPTION_DIRECTORY, AT(bundle), "DIR",                                                  \
	  "directory that holds config.json; default: the working directory" },                                              \
	{ "console-socket", 0, OPTION_STRING, OPTION_FILE, AT(console_socket), "SOCKET",                                      \
	  "unix socket that is sent the terminal's master descriptor" },                                                     \
	{ "pid-file", 0, OPTION_STRING, OPTION_FILE, AT(pid_file), "FILE", "write the process id of the container's init to it" }, \
	{ "pidfd-socket", 0, OPTION_STRING, OPTION_FILE, AT(pidfd_socket), "SOCKET",                                          \
	  "unix socket that is sent a pidfd of the container's init" },                                                      \
	{ "no-pivot", 0, OPTION_FLAG, 0, AT(no_pivot), NULL, "move the root in place of pivot_root, for a host that runs from a ramdisk" }, \
	{ "no-new-keyring", 0, OPTION_FLAG, 0, AT(no_new_keyring), NULL, "keep the caller's session keyring" },               \
	{ "preserve-fds", 0, OPTION_INT, 0, AT(preserve_fds), "N",                                                            \
	  "pass N more descriptors, from 3 (and behind those of $LISTEN_FDS)", 0, PRESERVE_FDS_LIMIT },                       \
	{ "explain", 0, OPTION_FLAG, 0, AT(explain), NULL, "print what would be done, step by step, and do nothing" }

static const struct option_entry create_entries[] = {
	COMMON_ENTRIES,
	{ 0 },
};

static const struct option_entry run_entries[] = {
	COMMON_ENTRIES,
	{ "detach", 'd', OPTION_FLAG, 0, AT(detach), NULL, "return once the command runs" },
	{ "keep", 0, OPTION_FLAG, 0, AT(keep), NULL, "do not delete the container when it ends" },
	{ "no-subreaper", 0, OPTION_FLAG, 0, AT(no_subreaper), NULL, "do not adopt the container's orphans" },
	{ 0 },
};

static unsigned flags_of(const struct create_options *options)
{
	return (options->no_pivot ? CREATE_NO_PIVOT : 0) | (options->no_new_keyring ? CREATE_NO_NEW_KEYRING : 0) |
		(options->detach ? CREATE_DETACH : 0) | (options->keep ? CREATE_KEEP : 0) | (options->no_subreaper ? CREATE_NO_SUBREAPER : 0);
}

static struct create_request request_of(const struct call *call)
{
	const struct create_options *options = call->request;

	return (struct create_request){
		.id = call->operands[0],
		.bundle = options->bundle,
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.pidfd_socket = options->pidfd_socket,
		.flags = flags_of(options),
		.preserve_fds = (int)options->preserve_fds,
	};
}

static int explain(const struct call *call, const struct create_request *request, struct error *err)
{
	_cleanup_buf_ struct buf plan = BUF_INIT;
	int r = runtime_explain(call->runtime, request, &plan, err);

	return r < 0 ? r : program_print(&plan, err);
}

/* That a command cannot be executed is told by 126 or 127 only where the command's status would be told too. */
static int without_command_status(int r, struct error *err)
{
	if (r < 0)
		err->exit_status = 0;
	return r;
}

static int run_create(struct call *call, struct error *err)
{
	const struct create_options *options = call->request;
	struct create_request request = request_of(call);
	int r = report_make_room(request.preserve_fds, err);

	if (r < 0)
		return r;
	r = options->explain ? explain(call, &request, err) : runtime_create(call->runtime, &request, err);
	return without_command_status(r, err);
}

static int run_run(struct call *call, struct error *err)
{
	const struct create_options *options = call->request;
	struct create_request request = request_of(call);
	int r = report_make_room(request.preserve_fds, err);

	if (r < 0)
		return r;
	r = options->explain ? explain(call, &request, err) : runtime_run(call->runtime, &request, &call->status, err);
	return options->detach ? without_command_status(r, err) : r;
}

const struct verb verb_create = {
	.command = {
		.name = "create",
		.operands = "ID",
		.summary = "create a container",
		.description = "Makes the container that the bundle's config.json describes, up to the moment before its command is executed; "
			"'start' does that.\n\n"
			"ID is your name for it: letters, digits and '_', '+', '-', '.', unique in the state directory.",
		.entries = create_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct create_options),
	.properties = VERB_ENTERS_CONTAINER,
	.run = run_create,
};

const struct verb verb_run = {
	.command = {
		.name = "run",
		.operands = "ID",
		.summary = "create and start a container, and wait for it",
		.description = "Makes the container that the bundle's config.json describes, executes its command, forwards signals and the terminal "
			"to it, waits, and deletes the container.\n\n"
			"The exit status is that of the command, 128+N if signal N ended it, 127 if the command was not found, 126 if it could not be "
			"executed, and 1 for any other error.",
		.entries = run_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct create_options),
	.properties = VERB_ENTERS_CONTAINER,
	.run = run_run,
};
