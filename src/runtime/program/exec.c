/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container. */
#include "base/file.h"
#include "base/memory.h"
#include "runtime/program/program.h"
#include "runtime/program/report.h"
#include "runtime/program/values.h"

#include <fcntl.h>

struct exec_options {
	const char *process, *cwd, *user, *console_socket, *pid_file, *pidfd_socket, *process_label, *apparmor;
	char **env, **additional_gids, **caps, **cgroups;
	bool tty, detach, no_new_privs, ignore_paused;
	int64_t preserve_fds;
};

#define AT(member) offsetof(struct exec_options, member)
#define PRESERVE_FDS_LIMIT 65536
#define OWN_ERROR_STATUS 255 /* as runc's, so that it is not taken for the 1 of many commands */

static const struct option_entry entries[] = {
	{ "process", 'p', OPTION_STRING, OPTION_FILE, AT(process), "FILE", "take the process from this file, as config.json describes one" },
	{ "tty", 't', OPTION_FLAG, 0, AT(tty), NULL, "give it a terminal" },
	{ "env", 'e', OPTION_LIST, 0, AT(env), "NAME=VALUE", "add to the environment, or replace; may be repeated" },
	{ "cwd", 0, OPTION_STRING, 0, AT(cwd), "DIR", "its working directory in the container" },
	{ "user", 'u', OPTION_STRING, 0, AT(user), "UID[:GID]", "its ids in the container, as numbers" },
	{ "additional-gids", 'g', OPTION_LIST, 0, AT(additional_gids), "GID", "one more group, as a number; may be repeated" },
	{ "cap", 'c', OPTION_LIST, 0, AT(caps), "CAPABILITY", "one more capability, such as CAP_KILL; may be repeated" },
	{ "no-new-privs", 0, OPTION_FLAG, 0, AT(no_new_privs), NULL, "let it and its children gain no privileges" },
	{ "cgroup", 0, OPTION_LIST, 0, AT(cgroups), "[CONTROLLER,…:]PATH", "run it in this cgroup below the container's, which must exist; may be repeated" },
	{ "ignore-paused", 0, OPTION_FLAG, 0, AT(ignore_paused), NULL, "do not refuse a paused container: wait until it is resumed" },
	{ "detach", 'd', OPTION_FLAG, 0, AT(detach), NULL, "return once it runs" },
	{ "console-socket", 0, OPTION_STRING, OPTION_FILE, AT(console_socket), "SOCKET", "unix socket that is sent the terminal's master descriptor" },
	{ "pid-file", 0, OPTION_STRING, OPTION_FILE, AT(pid_file), "FILE", "write its process id to this file" },
	{ "pidfd-socket", 0, OPTION_STRING, OPTION_FILE, AT(pidfd_socket), "SOCKET", "unix socket that is sent a pidfd of it" },
	{ "preserve-fds", 0, OPTION_INT, 0, AT(preserve_fds), "N", "pass N more descriptors, from 3", 0, PRESERVE_FDS_LIMIT },
	{ "process-label", 0, OPTION_STRING, 0, AT(process_label), "LABEL", "its SELinux label" },
	{ "apparmor", 0, OPTION_STRING, 0, AT(apparmor), "PROFILE", "its AppArmor profile" },
	{ 0 },
};

/* What the request points to; lives as long as the program needs it. */
struct exec_parts {
	struct arena *arena;
	struct spec_process *process;
	uint32_t *gids;
	size_t gid_count;
};

static int read_process(struct exec_parts *parts, const char *path, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	r = spec_process_decode(parts->arena, text.data, text.length, &parts->process, err);
	return r < 0 ? error_wrap(err, "invalid process in '%s'", path) : 0;
}

static int parse_gids(struct exec_parts *parts, char *const *texts, struct error *err)
{
	parts->gids = arena_alloc(parts->arena, strv_length(texts) + 1, sizeof *parts->gids);
	for (; texts && *texts; texts++) {
		int r = value_parse_id(*texts, &parts->gids[parts->gid_count], err);

		if (r < 0)
			return error_wrap(err, "invalid value '%s' for --additional-gids", *texts);
		parts->gid_count++;
	}
	return 0;
}

static int run_exec_with(struct call *call, struct exec_parts *parts, struct error *err)
{
	const struct exec_options *options = call->request;
	struct exec_request request = {
		.id = call->operands[0],
		.process = parts->process,
		.args = parts->process ? NULL : call->operands + 1,
		.env = options->env,
		.cwd = options->cwd,
		.user = options->user,
		.additional_gids = parts->gids,
		.additional_gid_count = parts->gid_count,
		.capabilities = options->caps,
		.no_new_privileges = options->no_new_privs,
		.apparmor_profile = options->apparmor,
		.selinux_label = options->process_label,
		.cgroups = options->cgroups,
		.terminal = options->tty,
		.detach = options->detach,
		.ignore_paused = options->ignore_paused,
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.pidfd_socket = options->pidfd_socket,
		.preserve_fds = (int)options->preserve_fds,
	};
	int r = runtime_exec(call->runtime, &request, &call->status, err);

	/* That a command cannot be executed is told by 126 or 127 only where the command's status would be told too. */
	if (r < 0 && options->detach)
		err->exit_status = 0;
	return r;
}

static int run_exec(struct call *call, struct error *err)
{
	struct exec_options *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char **env = options->env, **gids = options->additional_gids, **caps = options->caps, **cgroups = options->cgroups;
	struct exec_parts parts = { .arena = arena };
	int r = report_make_room((int)options->preserve_fds, err);

	if (r == 0 && !options->process && call->operand_count < 2)
		r = error_set(err, ERROR_INVALID, 0, "'exec' needs a command to execute, or --process");
	if (r == 0 && options->process)
		r = read_process(&parts, options->process, err);
	if (r == 0)
		r = parse_gids(&parts, options->additional_gids, err);
	if (r == 0)
		r = run_exec_with(call, &parts, err);
	if (r < 0 && !err->exit_status)
		err->exit_status = OWN_ERROR_STATUS;
	return r;
}

const struct verb verb_exec = {
	.command = {
		.name = "exec",
		.operands = "ID COMMAND [ARGUMENT…]",
		.summary = "execute a command in a running container",
		.description = "The command gets the user, environment, directory, limits and privileges that the container's configuration "
			"gives its own command, changed by the options; or, with --process, all that the file says.\n\n"
			"The exit status is that of the command, 128+N if signal N ended it, 127 if the command was not found, 126 if it could not be "
			"executed, and 255 for any other error.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct exec_options),
	.properties = VERB_ENTERS_CONTAINER,
	.run = run_exec,
};
