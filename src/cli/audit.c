/* SPDX-License-Identifier: Apache-2.0 */
/* audit: how well running containers are kept apart, and what loosens that. */
#include "engine/audit.h"

#include "base/json.h"
#include "base/memory.h"
#include "cli/command.h"

#include <stddef.h>

struct audit_request {
	bool all, rules;
	const char *format;
	int64_t fail_below;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct audit_request, all), NULL, "all containers that run" },
	{ "fail-below", 0, OPTION_INT, 0, offsetof(struct audit_request, fail_below), "SCORE", "fail if one has less", .minimum = 1, .maximum = 100 },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct audit_request, format), "text|json", "for people, or as JSON; default: text" },
	{ "rules", 0, OPTION_FLAG, 0, offsetof(struct audit_request, rules), NULL, "show what is looked for, and the points that it costs" },
	{ 0 },
};

/* ---- text ------------------------------------------------------------------------------ */

static void add_report(struct buf *out, const struct audit_report *report)
{
	buf_printf(out, "%s: %u of 100\n", report->name, report->score);
	for (size_t i = 0; i < report->count; i++) {
		const struct audit_finding *finding = &report->findings[i];
		bool is_first = i == 0 || finding[-1].rule != finding->rule;

		buf_printf(out, "%5.0d  %s%s%s (%s)\n", finding->points ? -(int)finding->points : 0, finding->rule->what, finding->object ? ": " : "",
			finding->object ? finding->object : "", finding->cause);
		/* One word of advice for all that the same helps with. */
		if (is_first)
			buf_printf(out, "       → %s\n", finding->rule->remedy);
	}
}

static void add_rules(struct buf *out)
{
	for (const struct audit_rule *rule = audit_rules; rule->name; rule++) {
		buf_printf(out, "%-17s %2u", rule->name, rule->points);
		if (rule->most > rule->points)
			buf_printf(out, " each, %2u at most", rule->most);
		else
			buf_printf(out, "%17s", "");
		buf_printf(out, "  %s\n", rule->what);
	}
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void write_finding(struct json_writer *w, const struct audit_finding *finding)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "rule", finding->rule->name);
	json_write_uint(w, "points", finding->points);
	json_write_string(w, "what", finding->rule->what);
	json_write_string(w, "object", finding->object);
	json_write_string(w, "cause", finding->cause);
	json_write_string(w, "remedy", finding->rule->remedy);
	json_write_close(w, '}');
}

static void add_json(struct buf *out, const struct audit_report *reports, size_t count)
{
	struct json_writer w = { .out = out, .indent = 2 };

	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_string(&w, "id", reports[i].id);
		json_write_string(&w, "name", reports[i].name);
		json_write_uint(&w, "score", reports[i].score);
		json_write_open(&w, "findings", '[');
		for (size_t k = 0; k < reports[i].count; k++)
			write_finding(&w, &reports[i].findings[k]);
		json_write_close(&w, ']');
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	buf_add_char(out, '\n');
}

/* ---- the command -------------------------------------------------------------------------- */

static int check(const struct audit_request *request, char *const *operands, struct error *err)
{
	if (request->format && !str_equal(request->format, "text") && !str_equal(request->format, "json"))
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --format: expected text or json", request->format);
	if (!request->rules && !request->all && !operands[0])
		return error_set(err, ERROR_INVALID, 0, "expected the name of a container, or --all");
	if (request->all && operands[0])
		return error_set(err, ERROR_INVALID, 0, "--all and names of containers exclude each other");
	return 0;
}

static int gather(struct arena *arena, const struct command_call *call, struct audit_report **ret, size_t *ret_count, struct error *err)
{
	const struct audit_request *request = call->request;
	struct directories directories;
	size_t count = strv_length(call->operands);
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && request->all)
		return audit_all(arena, &directories, ret, ret_count, err);
	*ret = arena_alloc(arena, count + 1, sizeof **ret);
	for (*ret_count = 0; r == 0 && *ret_count < count; *ret_count += r == 0)
		r = audit_container(arena, &directories, call->operands[*ret_count], *ret + *ret_count, err);
	return r;
}

static int fail_below(const struct audit_report *reports, size_t count, int64_t least, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if ((int64_t)reports[i].score < least)
			return error_set(err, ERROR_INVALID, 0, "container '%s' has %u points, less than %lld", reports[i].name, reports[i].score, (long long)least);
	return 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct audit_request *request = call->request;
	struct audit_report *reports = NULL;
	size_t count = 0;
	int r = check(request, call->operands, err);

	if (r == 0 && request->rules) {
		add_rules(out);
		return 0;
	}
	if (r == 0)
		r = gather(arena, call, &reports, &count, err);
	if (r < 0)
		return r;
	if (str_equal(request->format, "json"))
		add_json(out, reports, count);
	else
		for (size_t i = 0; i < count; i++) {
			buf_add_text(out, i ? "\n" : "");
			add_report(out, &reports[i]);
		}
	return fail_below(reports, count, request->fail_below, err);
}

const struct command cli_audit = {
	.command = {
		.name = "audit",
		.operands = "[CONTAINER…]",
		.summary = "score how well running containers are kept apart",
		.description = "Looks at what the kernel says of a running container: its namespaces, ids, capabilities, filter of system calls, mounts, devices "
			"and limits. Each thing that loosens its isolation, or could be tighter, costs points of 100, and is named with the option that it "
			"comes from and what helps. No number says that a container is safe; two of them say which is tighter, and why.",
		.entries = entries,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct audit_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
	.properties = COMMAND_KEEPS_OUTPUT,
};
