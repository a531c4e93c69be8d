/* SPDX-License-Identifier: Apache-2.0 */
/* port: which ports of the host lead to a container's. */
#include "engine/container.h"

#include "cli/command.h"

#define ANY_ADDRESS "0.0.0.0"

/* Whether PORT is the one called TEXT, "80/udp" or "80" for TCP. */
static bool is_called(struct arena *arena, const struct spec_container_port *port, const char *text)
{
	const char *name = arena_printf(arena, "%s/%s", port->port, port->protocol);

	return str_equal(name, strchr(text, '/') ? text : arena_printf(arena, "%s/tcp", text));
}

static void print(const struct spec_container_port *port, bool with_name, struct buf *out)
{
	const char *ip = port->host_ip ? port->host_ip : ANY_ADDRESS;
	bool is_v6 = strchr(ip, ':') && ip[0] != '[';

	if (with_name)
		buf_printf(out, "%s/%s -> ", port->port, port->protocol);
	buf_printf(out, "%s%s%s:%s\n", is_v6 ? "[" : "", ip, is_v6 ? "]" : "", port->host_port);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	const char *container = call->operands[0], *wanted = call->operands[1];
	struct directories directories;
	bool found = false;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = container_record_open(arena, &directories, container, &record, err);
	if (r < 0)
		return r;
	for (size_t i = 0; record.is_supervised && i < record.container->host.port_count; i++) {
		const struct spec_container_port *port = &record.container->host.ports[i];

		if (!port->host_port || (wanted && !is_called(arena, port, wanted)))
			continue;
		print(port, !wanted, out);
		found = true;
	}
	if (wanted && !found)
		return error_set(err, ERROR_NOT_FOUND, 0, "no public port '%s' of container '%s'", wanted, container);
	return 0;
}

const struct command cli_port = {
	.command = {
		.name = "port",
		.operands = "CONTAINER [PORT[/PROTOCOL]]",
		.summary = "show which ports of the host lead to a container",
		.description = "Lists the ports of a running container that are published, or where a single one of them is.",
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
