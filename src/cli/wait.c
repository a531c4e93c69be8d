/* SPDX-License-Identifier: Apache-2.0 */
/* wait: until something is true of containers. */
#include "cli/each.h"
#include "engine/containers.h"

#include <inttypes.h>

struct wait_request {
	int condition;
};

static int parse_condition(const char *value, void *target, struct error *err)
{
	static const struct {
		const char *word;
		enum container_wait_condition condition;
	} words[] = {
		{ "healthy", CONTAINER_HEALTHY }, { "next-exit", CONTAINER_NEXT_EXIT }, { "not-running", CONTAINER_NOT_RUNNING },
		{ "removed", CONTAINER_REMOVED }, { "running", CONTAINER_RUNNING_NOW }, { "stopped", CONTAINER_NOT_RUNNING }, { "exited", CONTAINER_NOT_RUNNING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_equal(words[i].word, value))
			continue;
		*(int *)target = (int)words[i].condition;
		return 0;
	}
	return error_set(err, ERROR_INVALID, 0, "expected healthy, next-exit, not-running, removed or running");
}

static const struct option_entry wait_entries[] = {
	{ "condition", 0, OPTION_CALLBACK, 0, offsetof(struct wait_request, condition), "not-running|next-exit|removed|healthy|running",
		"what is waited for; default: not-running", .parse = parse_condition },
	{ 0 },
};

static int wait_one(const struct command_call *call, const struct directories *directories, const char *container, struct buf *out, struct error *err)
{
	const struct wait_request *request = call->request;
	const struct container_wait_request waiting = { .directories = directories, .container = container,
		.condition = (enum container_wait_condition)request->condition };
	int64_t code = 0;
	int r = container_wait(&waiting, &code, err);

	if (r == 0)
		buf_printf(out, "%" PRId64 "\n", code);
	return r;
}

static int run_wait(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, wait_one, out, err);
}

const struct command cli_wait = {
	.command = {
		.name = "wait",
		.operands = "CONTAINER…",
		.summary = "wait for containers",
		.description = "Waits until a container has ended, or something else of it is true, and prints its exit code.",
		.entries = wait_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct wait_request),
	.run = run_wait,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
