/* SPDX-License-Identifier: Apache-2.0 */
/* jail: a command with a directory for its root. */
#include "primitive/jail.h"

#include "base/memory.h"
#include "base/narration.h"
#include "cli/command.h"

struct jail_cli_request {
	bool dev, proc, read_only, no_network, explain;
	char **binds, **read_only_binds;
	const char *user, *seccomp, *workdir;
};

#define AT(member) offsetof(struct jail_cli_request, member)

static const struct option_entry entries[] = {
	{ "bind", 'b', OPTION_LIST, 0, AT(binds), "SOURCE[:TARGET]", "have a file or directory of the host's in it; may be repeated" },
	{ "bind-ro", 0, OPTION_LIST, 0, AT(read_only_binds), "SOURCE[:TARGET]", "likewise, read-only" },
	{ "dev", 0, OPTION_FLAG, 0, AT(dev), NULL, "have a /dev with null, zero, full, random, urandom, tty, pts and shm" },
	{ "explain", 0, OPTION_FLAG, 0, AT(explain), NULL, "print each step as it happens, in the kernel's words, on the standard error" },
	{ "no-network", 0, OPTION_FLAG, 0, AT(no_network), NULL, "have no network but loopback" },
	{ "proc", 0, OPTION_FLAG, 0, AT(proc), NULL, "have a /proc of its own processes, read-only" },
	{ "read-only", 'r', OPTION_FLAG, 0, AT(read_only), NULL, "nothing in the directory can be changed" },
	{ "seccomp", 0, OPTION_STRING, OPTION_FILE, AT(seccomp), "FILTER", "a filter of system calls: \"default\" is that of containers, else a file in Docker's form" },
	{ "user", 'u', OPTION_STRING, 0, AT(user), "USER[:GROUP]", "who it is: names of its own /etc/passwd, or numbers; default: 65534, or yourself if you are not root" },
	{ "workdir", 'w', OPTION_STRING, 0, AT(workdir), "DIR", "where it begins, in the directory; default: /" },
	{ 0 },
};

static int decode_binds(struct arena *arena, const char *option, char *const *texts, bool is_read_only, struct jail_request *request, struct error *err)
{
	size_t count = texts ? strv_length(texts) : 0;
	struct jail_bind *binds = arena_alloc(arena, request->bind_count + count + 1, sizeof *binds);

	if (request->bind_count)
		memcpy(binds, request->binds, request->bind_count * sizeof *binds);
	for (size_t i = 0; i < count; i++) {
		char *source = arena_strdup(arena, texts[i]), *target = strchr(source, ':');

		if (target)
			*target++ = '\0';
		else
			target = source;
		if (!*source || target[0] != '/')
			return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --%s: expected SOURCE:TARGET, or an absolute path that is both", texts[i], option);
		binds[request->bind_count++] = (struct jail_bind){ .source = source, .target = target, .is_read_only = is_read_only };
	}
	request->binds = binds;
	return 0;
}

static unsigned flags_of(const struct jail_cli_request *asked)
{
	return (asked->read_only ? JAIL_READ_ONLY : 0u) | (asked->dev ? JAIL_DEV : 0u) | (asked->proc ? JAIL_PROC : 0u) |
	       (asked->no_network ? JAIL_NO_NETWORK : 0u);
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	static char *const shell[] = { (char *)"/bin/sh", NULL };
	const struct jail_cli_request *asked = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct jail_request request = { .directory = call->operands[0], .user = asked->user, .workdir = asked->workdir, .flags = flags_of(asked),
		.filter = str_equal(asked->seccomp, "none") ? NULL : asked->seccomp,
		.args = call->operands[1] ? call->operands + 1 : shell };
	int r = decode_binds(arena, "bind", asked->binds, false, &request, err);

	if (r == 0)
		r = decode_binds(arena, "bind-ro", asked->read_only_binds, true, &request, err);
	if (asked->explain)
		narration_open(STDERR_FILENO);
	return r < 0 ? r : jail_run(&request, call->status, err);
}

const struct command cli_jail = {
	.command = {
		.name = "jail",
		.operands = "DIR [COMMAND [ARGUMENT…]]",
		.summary = "run a command with a directory for its root",
		.description = "chroot(8) as it should be done: the command, a shell if none is given, sees the directory as /, its own processes, and nothing of the "
			"host but the network; it has no descriptor but the standard streams, no group of the caller's, no capability, no way to gain one, and no way out.\n\n"
			"An ordinary user has a jail by a user namespace, in which he is the only one. Where there may be no mount namespace it is chroot(2) with all "
			"the rest of that: nothing can be mounted, and processes of the same user outside are within its reach. It limits no resources: `" CLI_NAME " cgroup exec` in front does.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct jail_cli_request),
	.run = run,
	.exit_status = CLI_EXIT_ERROR,
};
