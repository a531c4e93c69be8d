/* SPDX-License-Identifier: Apache-2.0 */
/* supervise: what `bivy` starts for each container (supervisor/supervisor.h). */
#include "base/narration.h"
#include "base/role.h"
#include "base/timing.h"
#include "runtime/program/program.h"
#include "runtime/program/trim.h"
#include "supervisor/handover.h"

#include <fcntl.h>
#include <limits.h>

struct supervise_options {
	const char *bundle;
	int64_t socket, preserve_fds, timing_fd, explain_fd;
};

#define AT(member) offsetof(struct supervise_options, member)

static const struct option_entry entries[] = {
	{ "bundle", 0, OPTION_STRING, OPTION_DIRECTORY, AT(bundle), "DIR", "directory that holds config.json and supervise.json, or will when its descriptors come" },
	{ "socket", 0, OPTION_INT, 0, AT(socket), "FD", "descriptor of the connection to whoever starts the container", 0, INT_MAX },
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

static int run_supervise(struct call *call, struct error *err)
{
	const struct supervise_options *options = call->request;
	struct supervisor_request request = {
		.bundle = options->bundle,
		.socket = (int)options->socket,
		.root_fd = -EBADF,
		.user_fd = -EBADF,
		.network_fd = -EBADF,
		.preserve_fds = (int)options->preserve_fds,
		.rootless = call->runtime->rootless,
		.trim = trim_memory,
	};
	int r;

	role_set("supervisor");
	if (str_is_empty(options->bundle) || options->bundle[0] != '/')
		return error_set(err, ERROR_INVALID, 0, "'supervise' needs --bundle, an absolute directory");
	r = mark(options->socket, "--socket", err);
	if (r == 0 && options->explain_fd >= 0)
		r = mark(options->explain_fd, "--explain-fd", err);
	if (r == 0 && options->explain_fd >= 0)
		narration_open((int)options->explain_fd);
	if (r == 0 && options->timing_fd >= 0 && timing_join((int)options->timing_fd) < 0)
		r = error_set(err, ERROR_INVALID, 0, "invalid value '%lld' for --timing-fd: expected a table of timings", (long long)options->timing_fd);
	if (r == 0)
		r = handover_receive(&request, err);
	return r <= 0 ? r : supervisor_run(&request, err);
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
	.defaults = &(const struct supervise_options){ .socket = -1, .timing_fd = -1, .explain_fd = -1 },
	.properties = VERB_ENTERS_CONTAINER,
	.run = run_supervise,
};
