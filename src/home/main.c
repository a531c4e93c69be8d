/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-home: holds the namespaces of an ordinary user's containers. bivy starts it. */
#include "base/commands.h"
#include "base/file.h"
#include "home/birth.h"
#include "spec/transfer_event.h"

struct home_globals {
	struct commands_globals common;
	const char *root;
	int64_t events; /* descriptor for what is told, or 0 */
};

static bool tell(const struct home_globals *globals, const struct spec_transfer_event *event)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!globals->events)
		return false;
	spec_transfer_event_encode(event, &line);
	return fd_write_all((int)globals->events, line.data, line.length) == 0;
}

static bool tell_error(const void *globals, const struct error *err)
{
	return tell(globals, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_ERROR, .error = *err });
}

static void warn(void *context, const char *text)
{
	if (!tell(context, &(struct spec_transfer_event){ .kind = SPEC_TRANSFER_WARNING, .text = text }))
		fprintf(stderr, "bivy-home: %s\n", text);
}

static int run_hold(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	return home_birth(call->operands[0], warn, (void *)call->globals, err);
}

static const struct command hold = {
	.command = { .name = "hold", .operands = "RUN-ROOT", .summary = "hold the namespaces of a user, in the background", .minimum_operands = 1, .maximum_operands = 1 },
	.run = run_hold,
};

static const struct command *const list[] = { &hold, &commands_version };

static const struct option_entry entries[] = {
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct home_globals, root), "DIR", "bivy's lasting state" },
	{ "events", 0, OPTION_INT, 0, offsetof(struct home_globals, events), "FD", "tell descriptor FD what happens, a JSON document per line",
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	COMMANDS_VERSION_ENTRY,
	{ 0 },
};

int main(int argc, char **argv)
{
	const struct commands own = {
		.program = { .name = "bivy-home", .summary = "an ordinary user's namespaces, for bivy", .entries = entries },
		.globals_size = sizeof(struct home_globals),
		.list = list,
		.count = ARRAY_SIZE(list),
		.tell = tell_error,
	};

	return commands_main_plain(&own, argc, argv);
}
