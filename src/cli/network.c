/* SPDX-License-Identifier: Apache-2.0 */
/* network ls, inspect, rm and prune. */
#include "engine/networks.h"
#include "cli/each.h"
#include "cli/inspect.h"
#include "cli/listing.h"
#include "spec/config.h"

const struct command cli_network = {
	.command = {
		.name = "network",
		.operands = "COMMAND",
		.summary = "work with networks",
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
};

/* ---- ls --------------------------------------------------------------------------- */

struct ls_request {
	char **filters;
	const char *format;
	bool whole, quiet;
};

static const struct option_entry ls_entries[] = {
	{ "filter", 'f', OPTION_LIST, 0, offsetof(struct ls_request, filters), "NAME=VALUE",
		"only networks that are so: dangling, driver, id, label, label!, name, scope, type, until; may be repeated" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct ls_request, format), "FORMAT", "table, json, or a template for each network" },
	{ "no-trunc", 0, OPTION_FLAG, 0, offsetof(struct ls_request, whole), NULL, "show whole ids" },
	{ "quiet", 'q', OPTION_FLAG, 0, offsetof(struct ls_request, quiet), NULL, "show only ids" },
	{ 0 },
};

static const struct listing_field ls_fields[] = {
	{ "CreatedAt", "CREATED AT" }, { "Driver", "DRIVER" }, { "ID", "NETWORK ID" }, { "IPv4", "IPV4" },	 { "IPv6", "IPV6" },
	{ "Internal", "INTERNAL" },    { "Labels", "LABELS" }, { "Name", "NAME" },     { "Scope", "SCOPE" }, { "Subnets", "SUBNETS" },
	{ NULL },
};

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

/* "a=1,b=2" */
static const char *join_labels(struct arena *arena, const struct spec_network *network)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < network->label_count; i++)
		buf_printf(&text, "%s%s=%s", i ? "," : "", network->labels[i].key, network->labels[i].value);
	return arena_strdup(arena, text.data ? text.data : "");
}

static const char *join_subnets(struct arena *arena, const struct spec_network *network)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < network->subnet_count; i++)
		buf_printf(&text, "%s%s", i ? "," : "", network->subnets[i].subnet);
	return arena_strdup(arena, text.data ? text.data : "");
}

static int add_row(struct listing *listing, struct arena *arena, const struct ls_request *request, const struct spec_network *network,
		   struct error *err)
{
	listing_set(listing, "CreatedAt", network->created ? network->created : "");
	listing_set(listing, "Driver", network->driver);
	listing_set(listing, "ID", request->whole ? network->id : arena_printf(arena, "%.12s", network->id));
	listing_set(listing, "IPv4", truth(!network->no_ipv4));
	listing_set(listing, "IPv6", truth(network->ipv6));
	listing_set(listing, "Internal", truth(network->internal));
	listing_set(listing, "Labels", join_labels(arena, network));
	listing_set(listing, "Name", network->name);
	listing_set(listing, "Scope", "local");
	listing_set(listing, "Subnets", join_subnets(arena, network));
	return listing_add_row(listing, err);
}

static int run_ls(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct ls_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_listing_ struct listing listing = LISTING_INIT;
	bool only_ids = request->quiet && (str_is_empty(request->format) || str_equal(request->format, "table"));
	const struct spec_network **list = NULL;
	struct directories directories;
	size_t count = 0;
	int r = cli_directories(call, arena, &directories, err);

	cli_tell_left_out();
	if (r == 0)
		r = network_survey(arena, &directories, request->filters, &list, &count, err);
	if (r == 0)
		r = listing_begin(&listing, ls_fields, only_ids ? "{{.ID}}" : request->format, "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_row(&listing, arena, request, list[i], err);
	if (r == 0)
		listing_finish(&listing, out);
	return r;
}

const struct command cli_network_ls = {
	.command = {
		.name = "network ls",
		.summary = "list networks",
		.description = "Lists the networks that containers can be members of.\n\n"
			"Fields for --format: .ID, .Name, .Driver, .Scope, .IPv4, .IPv6, .Internal, .Labels, .Subnets and .CreatedAt.",
		.entries = ls_entries,
	},
	.request_size = sizeof(struct ls_request),
	.run = run_ls,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- inspect ------------------------------------------------------------------------ */

struct inspect_request {
	const char *format;
	bool verbose; /* docker's, of swarms: nothing is left out without it */
};

static const struct option_entry inspect_entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct inspect_request, format), "FORMAT", "json, or a template for each network" },
	{ "verbose", 'v', OPTION_FLAG, OPTION_HIDDEN, offsetof(struct inspect_request, verbose), NULL, "as without it" },
	{ 0 },
};

static int run_inspect(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct inspect_request *request = call->request;

	return inspect_objects(call, INSPECT_NETWORK, false, request->format, out, err);
}

const struct command cli_network_inspect = {
	.command = {
		.name = "network inspect",
		.operands = "NETWORK…",
		.summary = "tell all about networks",
		.description = "Prints all that is known of networks as JSON, in docker's shape: subnets, options, and the containers that run in it.",
		.entries = inspect_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct inspect_request),
	.run = run_inspect,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- rm ------------------------------------------------------------------------------- */

struct rm_request {
	bool force;
};

static const struct option_entry rm_entries[] = {
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct rm_request, force), NULL,
		"remove the containers that use it, too; a network that is not there is no error" },
	{ 0 },
};

static int remove_one(const struct command_call *call, const struct directories *directories, const char *operand, struct buf *out, struct error *err)
{
	const struct rm_request *request = call->request;
	int r = network_remove(directories, operand, request->force ? NETWORK_REMOVE_FORCE : 0, err);

	if (r == 0)
		buf_printf(out, "%s\n", operand);
	return r;
}

static int run_rm(const struct command_call *call, struct buf *out, struct error *err)
{
	return cli_each(call, remove_one, out, err);
}

const struct command cli_network_rm = {
	.command = {
		.name = "network rm",
		.operands = "NETWORK…",
		.summary = "remove networks",
		.description = "Removes networks that no container uses, with their bridges and what the firewall has of them.",
		.entries = rm_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct rm_request),
	.run = run_rm,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};

/* ---- prune ------------------------------------------------------------------------------ */

struct prune_request {
	bool force;
	char **filters;
};

static const struct option_entry prune_entries[] = {
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only networks that are so: until, label, label!; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ 0 },
};

static void print_removed(void *context, const char *name)
{
	struct buf *out = context;

	buf_printf(out, "%s%s\n", out->length ? "" : "Deleted Networks:\n", name);
}

static int run_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	int r = 0;

	if (!request->force)
		r = cli_confirm("WARNING! This will remove all custom networks not used by at least one container.", "the removal of networks", err);
	if (r == 0)
		r = cli_directories(call, arena, &directories, err);
	if (r == 0)
		r = network_prune(&directories, request->filters, print_removed, out, err);
	if (out->length)
		buf_add_char(out, '\n');
	return r;
}

const struct command cli_network_prune = {
	.command = {
		.name = "network prune",
		.summary = "remove all networks that no container uses",
		.description = "Removes all networks but the predefined ones that no container is a member of, whether it runs or not. Asks first.",
		.entries = prune_entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_prune,
	.properties = COMMAND_KEEPS_OUTPUT,
	.exit_status = CLI_EXIT_FAILURE,
};
