/* SPDX-License-Identifier: Apache-2.0 */
/* supervise: what `bivy` starts for each container (supervisor/supervisor.h). */
#include "base/narration.h"
#include "base/role.h"
#include "base/timing.h"
#include "runtime/program/program.h"
#include "runtime/program/trim.h"
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <limits.h>

struct supervise_options {
	const char *bundle;
	int64_t socket, root_fd, user_fd, network_fd, preserve_fds, timing_fd, explain_fd;
	char **hold_fds;
	bool has_groups;
};

#define AT(member) offsetof(struct supervise_options, member)

static const struct option_entry entries[] = {
	{ "bundle", 0, OPTION_STRING, OPTION_DIRECTORY, AT(bundle), "DIR", "directory that holds config.json and supervise.json" },
	{ "socket", 0, OPTION_INT, 0, AT(socket), "FD", "descriptor of the connection to whoever starts the container", 0, INT_MAX },
	{ "root-fd", 0, OPTION_INT, 0, AT(root_fd), "FD", "descriptor of a detached mount: the root of the first start", 0, INT_MAX },
	{ "user-fd", 0, OPTION_INT, 0, AT(user_fd), "FD", "descriptor of the user namespace of the first start, with --network-fd", 0, INT_MAX },
	{ "network-fd", 0, OPTION_INT, 0, AT(network_fd), "FD", "descriptor of its network namespace, where its links are already", 0, INT_MAX },
	{ "has-groups", 0, OPTION_FLAG, 0, AT(has_groups), NULL, "the control groups of the first start are made already" },
	{ "hold-fd", 0, OPTION_LIST, 0, AT(hold_fds), "FD", "a descriptor to be kept open as long as the container lives" },
	{ "timing-fd", 0, OPTION_INT, 0, AT(timing_fd), "FD", "descriptor of a table of timings: add those of the start", 0, INT_MAX },
	{ "explain-fd", 0, OPTION_INT, 0, AT(explain_fd), "FD", "descriptor that is told what is done for the first start", 0, INT_MAX },
	{ "preserve-fds", 0, OPTION_INT, 0, AT(preserve_fds), "N", "pass N more descriptors, from 3, at the first start", 0, 65536 },
	{ 0 },
};

/* What we inherited is not for those that we start. */
static int mark(int64_t fd, const char *option, struct error *err)
{
	if (fd < 0 || fd > INT_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return error_set(err, ERROR_INVALID, EBADF, "invalid value '%lld' for %s", (long long)fd, option);
	return 0;
}

static int mark_all(const struct supervise_options *options, struct error *err)
{
	int r = mark(options->socket, "--socket", err);

	if (r == 0 && options->root_fd >= 0)
		r = mark(options->root_fd, "--root-fd", err);
	if (r == 0 && (options->user_fd >= 0) != (options->network_fd >= 0))
		r = error_set(err, ERROR_INVALID, 0, "--user-fd and --network-fd belong together");
	if (r == 0 && options->user_fd >= 0)
		r = mark(options->user_fd, "--user-fd", err);
	if (r == 0 && options->network_fd >= 0)
		r = mark(options->network_fd, "--network-fd", err);
	for (char **text = options->hold_fds; r == 0 && text && *text; text++) {
		int64_t fd;

		r = str_to_i64(*text, 10, &fd);
		if (r < 0)
			return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --hold-fd: expected a descriptor", *text);
		r = mark(fd, "--hold-fd", err);
	}
	return r;
}

static int run_supervise(struct call *call, struct error *err)
{
	const struct supervise_options *options = call->request;
	_cleanup_free_ char **hold_fds = options->hold_fds;
	struct supervisor_request request = {
		.bundle = options->bundle,
		.socket = (int)options->socket,
		.root_fd = options->root_fd >= 0 ? (int)options->root_fd : -EBADF,
		.user_fd = options->user_fd >= 0 ? (int)options->user_fd : -EBADF,
		.network_fd = options->network_fd >= 0 ? (int)options->network_fd : -EBADF,
		.has_groups = options->has_groups,
		.preserve_fds = (int)options->preserve_fds,
		.rootless = call->runtime->rootless,
		.trim = trim_memory,
	};
	int r;

	role_set("supervisor");
	if (str_is_empty(options->bundle) || options->bundle[0] != '/')
		return error_set(err, ERROR_INVALID, 0, "'supervise' needs --bundle, an absolute directory");
	r = mark_all(options, err);
	if (r == 0 && options->explain_fd >= 0)
		r = mark(options->explain_fd, "--explain-fd", err);
	if (r == 0 && options->explain_fd >= 0)
		narration_open((int)options->explain_fd);
	if (r == 0 && options->timing_fd >= 0 && timing_join((int)options->timing_fd) < 0)
		r = error_set(err, ERROR_INVALID, 0, "invalid value '%lld' for --timing-fd: expected a table of timings", (long long)options->timing_fd);
	return r < 0 ? r : supervisor_run(&request, err);
}

const struct verb verb_supervise = {
	.command = {
		.name = "supervise",
		.operands = "",
		.summary = "stay with a container of bivy's",
		.entries = entries,
		.properties = OPTIONS_HIDDEN,
	},
	.request_size = sizeof(struct supervise_options),
	.defaults = &(const struct supervise_options){ .socket = -1, .root_fd = -1, .user_fd = -1, .network_fd = -1, .timing_fd = -1, .explain_fd = -1 },
	.properties = VERB_ENTERS_CONTAINER,
	.run = run_supervise,
};
