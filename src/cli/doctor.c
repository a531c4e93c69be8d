/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what is in the way of containers here, and the line that mends it. */
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "engine/doctor.h"

#define LINE_WIDTH 110u
#define VERDICT_WIDTH 9 /* "warning" and two blanks */

struct doctor_request {
	bool all, fix, yes, dry_run;
	const char *format;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct doctor_request, all), NULL, "show what is as it should be, too" },
	{ "dry-run", 0, OPTION_FLAG, 0, offsetof(struct doctor_request, dry_run), NULL, "with --fix: print the lines, and run none" },
	{ "fix", 0, OPTION_FLAG, 0, offsetof(struct doctor_request, fix), NULL, "ask for each line that mends a warning or an error, run it, and look again" },
	{ "format", 0, OPTION_STRING, 0, offsetof(struct doctor_request, format), "FORMAT", "text, json, or a template for the whole; default: text" },
	{ "yes", 'y', OPTION_FLAG, 0, offsetof(struct doctor_request, yes), NULL, "with --fix: do not ask" },
	{ 0 },
};

/* ---- text -------------------------------------------------------------------------- */

/* TEXT in lines of LINE_WIDTH at most, broken at blanks, all but the first begun with INDENT of them. */
static void add_wrapped(struct buf *out, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > LINE_WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, length);
		column += length;
		text += length + strspn(text + length, " ");
	}
	buf_add_char(out, '\n');
}

static bool is_shown(const struct doctor_finding *finding, bool all)
{
	return all || finding->verdict != DOCTOR_OK;
}

static size_t width_of_names(const struct doctor_report *report, bool all)
{
	size_t width = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		size_t length = strlen(finding->group) + 1 + strlen(finding->check);

		if (is_shown(finding, all) && length > width)
			width = length;
	}
	return width;
}

static void add_finding(struct buf *out, const struct doctor_finding *finding, size_t width)
{
	size_t indent = VERDICT_WIDTH + width + 2;

	buf_printf(out, "%-*s%s/%-*s", VERDICT_WIDTH, doctor_verdict_word(finding->verdict), finding->group,
		(int)(width + 2 - strlen(finding->group) - 1), finding->check);
	add_wrapped(out, finding->text, indent);
	/* A line to be pasted stays one. */
	if (finding->fix)
		buf_printf(out, "%*s%s%s\n", VERDICT_WIDTH, "", finding->is_by_hand ? "by hand: " : "fix: ", finding->fix);
}

static void add_sum(struct buf *out, const struct doctor_report *report, bool all)
{
	static const char *const plurals[] = { [DOCTOR_OK] = "fine", [DOCTOR_NOTE] = "notes", [DOCTOR_WARNING] = "warnings", [DOCTOR_ERROR] = "errors" };

	for (int verdict = DOCTOR_VERDICT_COUNT - 1; verdict >= 0; verdict--) {
		size_t count = report->verdicts[verdict];
		const char *word = count == 1 && verdict != DOCTOR_OK ? doctor_verdict_word((enum doctor_verdict)verdict) : plurals[verdict];

		buf_printf(out, "%zu %s%s", count, word, verdict ? ", " : "");
	}
	buf_printf(out, "%s\n", all || !report->verdicts[DOCTOR_OK] ? "" : "; --all shows all");
}

static void add_text(struct buf *out, const struct doctor_report *report, bool all)
{
	size_t width = width_of_names(report, all), shown = 0;

	for (size_t i = 0; i < report->count; i++)
		if (is_shown(&report->findings[i], all)) {
			add_finding(out, &report->findings[i], width);
			shown++;
		}
	if (shown)
		buf_add_char(out, '\n');
	add_sum(out, report, all);
}

/* ---- JSON ---------------------------------------------------------------------------- */

static void add_json(struct buf *out, int indent, const struct doctor_report *report)
{
	struct json_writer w = { .out = out, .indent = indent };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "findings", '[');
	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];

		json_write_open(&w, NULL, '{');
		json_write_string(&w, "group", finding->group);
		json_write_string(&w, "check", finding->check);
		json_write_string(&w, "purpose", finding->purpose);
		json_write_string(&w, "verdict", doctor_verdict_word(finding->verdict));
		json_write_string(&w, "finding", finding->text);
		json_write_string(&w, "fix", finding->fix);
		json_write_bool(&w, "byHand", finding->is_by_hand && finding->fix);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_open(&w, "counts", '{');
	for (int verdict = 0; verdict < DOCTOR_VERDICT_COUNT; verdict++)
		json_write_uint(&w, doctor_verdict_word((enum doctor_verdict)verdict), report->verdicts[verdict]);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int add_by_template(struct arena *arena, const char *format, const struct doctor_report *report, struct buf *out, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct template *template = NULL;
	struct json *tree = NULL;
	int r = template_parse(arena, listing_unescape(arena, format), &template, err);

	add_json(&document, 0, report);
	if (r == 0)
		r = json_parse(arena, document.data, document.length, &tree, err);
	if (r == 0)
		r = template_run(template, tree, NULL, out, err);
	buf_add_char(out, '\n');
	return r;
}

static int add_report(struct arena *arena, const struct doctor_request *request, const struct doctor_report *report, struct buf *out, struct error *err)
{
	if (str_equal(request->format, "json"))
		add_json(out, 2, report);
	else if (str_is_empty(request->format) || str_equal(request->format, "text"))
		add_text(out, report, request->all);
	else
		return add_by_template(arena, request->format, report, out, err);
	return 0;
}

/* ---- mending --------------------------------------------------------------------------- */

static bool is_to_mend(const struct doctor_finding *finding)
{
	return finding->fix && !finding->is_by_hand && finding->verdict >= DOCTOR_WARNING;
}

/* Of several findings with one line, the first has it. */
static bool is_repeated(const struct doctor_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_to_mend(&report->findings[i]) && str_equal(report->findings[i].fix, report->findings[index].fix))
			return true;
	return false;
}

static bool is_agreed(const struct doctor_request *request)
{
	char answer[16] = "";

	if (request->yes)
		return true;
	printf("run it? [y/N] ");
	fflush(stdout);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* One that fails is told of, and the others follow: what is not mended the second look shows. */
static size_t mend(const struct doctor_request *request, const struct doctor_report *report)
{
	size_t lines = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		struct error err = ERROR_INIT;

		if (!is_to_mend(finding) || is_repeated(report, i))
			continue;
		lines++;
		printf("%s/%s: %s\n  %s\n", finding->group, finding->check, finding->text, finding->fix);
		fflush(stdout);
		if (!request->dry_run && is_agreed(request) && doctor_fix(finding, &err) < 0)
			cli_warn(NULL, err.message);
	}
	return lines;
}

/* ---- the command --------------------------------------------------------------------------- */

static int check_request(const struct doctor_request *request, struct error *err)
{
	if ((request->dry_run || request->yes) && !request->fix)
		return error_set(err, ERROR_INVALID, 0, "--%s is for --fix", request->dry_run ? "dry-run" : "yes");
	if (request->fix && !str_is_empty(request->format) && !str_equal(request->format, "text"))
		return error_set(err, ERROR_INVALID, 0, "--fix talks to people: it takes no --format");
	return 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct doctor_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct doctor_report report = { .count = 0 };
	int r = check_request(request, err);

	if (r == 0)
		r = cli_directories_outside(call, arena, &directories, err);
	if (r == 0)
		r = doctor_examine(arena, &directories, call->operands[0], &report, err);
	if (r == 0 && request->fix && mend(request, &report) && !request->dry_run) {
		printf("\n");
		r = doctor_examine(arena, &directories, call->operands[0], &report, err);
	}
	if (r == 0 && !(request->fix && request->dry_run))
		r = add_report(arena, request, &report, out, err);
	if (r == 0)
		*call->status = report.verdicts[DOCTOR_WARNING] || report.verdicts[DOCTOR_ERROR] ? CLI_EXIT_FAILURE : 0;
	return r;
}

const struct command cli_doctor = {
	.command = {
		.name = "doctor",
		.operands = "[CHECK]",
		.summary = "find what is in the way of containers, and mend it",
		.description = "Checks the kernel, cgroups, ids, packages, places where things are kept, settings, the host's network and what is stored, as far as they matter "
			"to who asks, root or an ordinary user; changes nothing; and prints for each finding the line of shell that mends it. CHECK is the name of one check "
			"or of a group of them: kernel, cgroups, ids, packages, places, settings, network, state.\n\n"
			"An error keeps containers from running, a warning something that many need; a note is worth knowing. It exits with 0 if there is neither an error nor a "
			"warning, else with 1.\n\n"
			"With --fix each line that mends an error or a warning is shown, and run if the answer is yes; then all is looked at again. Lines that only help in the "
			"shell that they are typed in, or that decide something, are for a person: they are marked 'by hand'.",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct doctor_request),
	.run = run,
	.exit_status = CLI_EXIT_ERROR,
};
