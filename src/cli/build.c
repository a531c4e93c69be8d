/* SPDX-License-Identifier: Apache-2.0 */
/* build: an image of a Dockerfile. */
#include "base/file.h"
#include "base/json.h"
#include "cli/build_view.h"
#include "cli/command.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

/* ---- what came out ---------------------------------------------------------------------------- */

static int write_file(const char *path, const char *text, size_t length, struct error *err)
{
	int r = file_replace_at(AT_FDCWD, path, text, length, 0644);

	return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}

/* "buildx.build.provenance", of several platforms with "/linux/amd64" behind it. */
static void write_provenance(struct json_writer *w, const struct build_report *report)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < report->provenance_count; i++) {
		const char *text = report->provenance[i].value, *key = "buildx.build.provenance";
		struct json *value = NULL;

		if (report->provenance_count > 1)
			key = arena_printf(arena, "%s/%s", key, report->provenance[i].key);
		if (json_parse(arena, text, strlen(text), &value, NULL) == 0)
			json_write_value(w, key, value);
	}
}

static void write_image_metadata(struct json_writer *w, const struct build_report *report)
{
	json_write_string(w, "containerimage.config.digest", report->image_id);
	json_write_open(w, "containerimage.descriptor", '{');
	json_write_string(w, "mediaType", report->media_type);
	json_write_string(w, "digest", report->digest);
	json_write_uint(w, "size", report->target_size);
	json_write_open(w, "annotations", '{');
	json_write_string(w, "config.digest", report->image_id);
	for (size_t i = 0; i < report->annotation_count; i++)
		json_write_string(w, report->annotations[i].key, report->annotations[i].value);
	json_write_close(w, '}');
	json_write_close(w, '}');
	json_write_string(w, "containerimage.digest", report->digest);
}

/* In the words of `docker buildx build --metadata-file`. */
static int write_metadata(const char *path, const struct build_report *report, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, names = BUF_INIT;
	struct json_writer w = { .out = &text, .indent = 2 };

	for (char **name = report->names; name && *name; name++)
		buf_printf(&names, "%s%s", names.length ? "," : "", *name);
	json_write_open(&w, NULL, '{');
	write_provenance(&w, report);
	if (report->digest)
		write_image_metadata(&w, report);
	if (names.length)
		json_write_string(&w, "image.name", names.data);
	json_write_close(&w, '}');
	buf_add_char(&text, '\n');
	return write_file(path, text.data, text.length, err);
}

static int write_files(const struct build_options *options, const struct build_report *report, struct error *err)
{
	int r = 0;

	if (options->id_file && report->image_id)
		r = write_file(options->id_file, report->image_id, strlen(report->image_id), err);
	if (r == 0 && options->metadata_file)
		r = write_metadata(options->metadata_file, report, err);
	return r;
}

/* Where in the file it went wrong, before the error itself is told. */
static void show_mark(const struct dockerfile *dockerfile, const struct dockerfile_mark *mark)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (!dockerfile || !mark->line)
		return;
	dockerfile_show_mark(dockerfile, mark, &out);
	if (out.length)
		ignore_result(fd_write_all(STDERR_FILENO, out.data, out.length));
}

/* The standard output is an archive's. */
static bool gives_archive(const struct build_request *request)
{
	for (size_t i = 0; i < request->output_count; i++)
		if (str_equal(request->outputs[i].destination, "-"))
			return true;
	return false;
}

/* ---- where a step has failed ---------------------------------------------------------------------- */

static void say(const char *format, ...) _printf_(1, 2);

static void say(const char *format, ...)
{
	char text[1400];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	ignore_result(fd_write_all(STDERR_FILENO, text, strlen(text)));
}

/* The first letter of a line that a person types; 0 without one. */
static char ask(const char *question)
{
	char line[64];
	ssize_t n;

	say("%s", question);
	n = read(STDIN_FILENO, line, sizeof line);
	return n > 0 && line[0] != '\n' ? line[0] : 0;
}

/* For struct build_request: CONTEXT is a struct build_view. */
static enum build_debug_choice choose(void *context, const struct build_debug_state *state)
{
	char answer;

	if (state->is_first) {
		build_view_pause(context);
		show_mark(state->dockerfile, &state->mark);
		say("%s\n\nThis is a shell where it failed, with the files, mounts and environment of the step; 'exit' leaves it.\n",
			state->error->message);
		return BUILD_DEBUG_SHELL;
	}
	if (state->error)
		say("%s\n", state->error->message);
	else if (state->last == BUILD_DEBUG_RETRY)
		say("The step ended with %lld.\n", (long long)state->exit_code);
	answer = ask("Retry the step on these files and go on from there (r), a shell again (s), or leave (Enter)? ");
	return answer == 'r' ? BUILD_DEBUG_RETRY : answer == 's' ? BUILD_DEBUG_SHELL : BUILD_DEBUG_LEAVE;
}

static int check_terminal(const struct build_options *options, struct error *err)
{
	if (!options->debug || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "--debug is for a person at a terminal");
}

/* ---- building ------------------------------------------------------------------------------------ */

static int build(struct arena *arena, const struct build_options *options, struct build_request *request, enum build_progress progress, struct buf *out,
	struct error *err)
{
	struct build_view view;
	struct build_report report = { .dockerfile = NULL };
	int r;

	r = check_terminal(options, err);
	if (r < 0)
		return r;
	build_view_begin(&view, STDERR_FILENO, progress);
	request->debug = options->debug ? choose : NULL;
	request->tell = build_view_tell;
	request->tell_context = &view;
	r = build_run(arena, request, &report, err);
	build_view_end(&view);
	if (r < 0) {
		show_mark(report.dockerfile, &report.mark);
		return r;
	}
	r = write_files(options, &report, err);
	if (r == 0 && options->quiet && report.image_id && !gives_archive(request))
		buf_printf(out, "%s\n", report.image_id);
	return r;
}

/* ---- looking only ------------------------------------------------------------------------------------ */

static void print_warning(const struct build_check_report *report, const struct dockerfile_warning *warning, struct buf *out)
{
	const struct lint_rule *rule = lint_rules;

	while (rule->name && !str_equal(rule->name, warning->rule))
		rule++;
	buf_printf(out, "\nWARNING: %s%s%s\n", warning->rule, rule->name ? " - " : "", rule->name ? rule->url : "");
	buf_printf(out, "%s\n", warning->text);
	if (warning->mark.line)
		buf_printf(out, "%s:%u\n", report->dockerfile->name, warning->mark.line);
	dockerfile_show_mark(report->dockerfile, &warning->mark, out);
}

static int check(struct arena *arena, const struct build_request *request, struct buf *out, struct error *err)
{
	struct build_check_report report = { .dockerfile = NULL };
	int r = build_check(arena, request, &report, err);

	if (r < 0) {
		show_mark(report.dockerfile, &report.mark);
		return r;
	}
	if (report.warning_count == 0) {
		buf_printf(out, "Check complete, no warnings found.\n");
		return 0;
	}
	buf_printf(out, "Check complete, %zu warning%s been found!\n", report.warning_count, report.warning_count == 1 ? " has" : "s have");
	for (size_t i = 0; i < report.warning_count; i++)
		print_warning(&report, &report.warnings[i], out);
	/* It is an error, and yet what was asked for. */
	ignore_result(fd_write_all(STDOUT_FILENO, out->data, out->length));
	out->length = 0;
	return error_set(err, ERROR_INVALID, 0, "%s: there are warnings", report.dockerfile->name);
}

static int targets(struct arena *arena, const struct build_request *request, struct buf *out, struct error *err)
{
	struct build_check_report report = { .dockerfile = NULL };
	int r = build_check(arena, request, &report, err);

	if (r < 0) {
		show_mark(report.dockerfile, &report.mark);
		return r;
	}
	buf_printf(out, "%-24s %s\n", "TARGET", "BASE");
	for (size_t i = 0; i < report.outline->stage_count; i++) {
		const struct outline_stage *stage = &report.outline->stages[i];
		const char *name = stage->name ? stage->name : arena_printf(arena, "%zu", stage->number);

		buf_printf(out, "%-24s %s%s\n", name, stage->from->image, i == report.outline->target ? "  (default)" : "");
	}
	return 0;
}

static int outline(struct arena *arena, const struct build_request *request, struct buf *out, struct error *err)
{
	struct build_check_report report = { .dockerfile = NULL };
	int r = build_check(arena, request, &report, err);

	if (r < 0) {
		show_mark(report.dockerfile, &report.mark);
		return r;
	}
	buf_printf(out, "%-24s %s\n", "BUILD ARG", "VALUE");
	for (char **argument = report.outline->arguments; argument && *argument; argument++) {
		const char *equals = strchr(*argument, '=');

		buf_printf(out, "%-24.*s %s\n", (int)(equals ? (size_t)(equals - *argument) : strlen(*argument)), *argument, equals ? equals + 1 : "");
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------------------ */

static int dispatch(struct arena *arena, const struct build_options *options, struct build_request *request, enum build_progress progress,
	struct buf *out, struct error *err)
{
	const char *call = options->check ? "check" : options->call ? options->call : "build";

	if (str_equal(call, "build"))
		return build(arena, options, request, progress, out, err);
	if (str_equal(call, "check"))
		return check(arena, request, out, err);
	if (str_equal(call, "targets"))
		return targets(arena, request, out, err);
	if (str_equal(call, "outline"))
		return outline(arena, request, out, err);
	return error_set(err, ERROR_INVALID, 0, "invalid value '%.50s' for --call: expected build, check, outline or targets", call);
}

static int decode_and_dispatch(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct build_options *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct build_request request;
	enum build_progress progress;
	char here[PATH_MAX];
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && !getcwd(here, sizeof here))
		r = error_errno(err, errno, "cannot tell the current directory");
	if (r == 0)
		r = build_decode(arena, options, call->operands[0], here, &request, &progress, err);
	if (r < 0)
		return r;
	request.directories = &directories;
	return dispatch(arena, options, &request, progress, out, err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct build_options *options = call->request;
	int r;

	cli_timing_begin(&options->timing);
	r = decode_and_dispatch(call, out, err);
	cli_timing_end(&options->timing);
	return r;
}

const struct command cli_build = {
	.command = {
		.name = "build",
		.operands = "CONTEXT",
		.summary = "build an image of a Dockerfile",
		.description = "Builds what the Dockerfile in the directory CONTEXT says: stages in parallel, steps that were done before not again. CONTEXT may "
			"also be a URL of an archive or a git repository (URL#REF:DIRECTORY), or - for an archive, or a Dockerfile alone, on the standard "
			"input. Steps run in containers as `run` has them, with a user namespace of their own.",
		.entries = build_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct build_options),
	.defaults = &build_option_defaults,
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
