/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: numbers for Prometheus, without a server. */
#include "base/file.h"
#include "cli/command.h"
#include "engine/metrics.h"

#include <fcntl.h>

struct metrics_options {
	const char *output;
	enum openmetrics_form form;
	bool size;
};

static int parse_format(const char *value, void *target, struct error *err)
{
	enum openmetrics_form *form = target;

	if (str_equal(value, "text"))
		*form = OPENMETRICS_TEXT;
	else if (str_equal(value, "openmetrics"))
		*form = OPENMETRICS_1;
	else
		return error_set(err, ERROR_INVALID, 0, "expected text or openmetrics");
	return 0;
}

static const struct option_entry entries[] = {
	{ "format", 0, OPTION_CALLBACK, 0, offsetof(struct metrics_options, form), "text|openmetrics",
		"Prometheus's text format, which node_exporter takes, or OpenMetrics 1.0.0; default: text", .parse = parse_format },
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct metrics_options, output), "FILE", "replace this file, so that no reader sees half of it" },
	{ "size", 's', OPTION_FLAG, 0, offsetof(struct metrics_options, size), NULL, "tell what it all takes on the disk, too, which takes a while" },
	{ 0 },
};

/* Who may read the directory may read the numbers. */
#define OUTPUT_MODE 0644

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct metrics_options *options = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct directories directories;
	struct metrics_request request = { .directories = &directories, .form = options->form, .size = options->size };
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = metrics_write(&request, options->output ? &text : out, err);
	if (r < 0 || !options->output)
		return r;
	r = file_replace_at(AT_FDCWD, options->output, text.data, text.length, OUTPUT_MODE);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", options->output) : 0;
}

const struct command cli_metrics = {
	.command = {
		.name = "metrics",
		.summary = "print numbers about containers and the engine, for Prometheus",
		.description = "Prints what containers use of the host (CPU, memory, pressure, I/O, networks), their states, and what the engine has and has done, as "
			"Prometheus reads it; the same as a server has at /metrics (see bivy-serve(1)), but no server is needed: node_exporter collects files "
			"(--collector.textfile.directory), which --output writes.\n\n"
			"Containers are told by name; bivy_container_info has their ids and images. Pulls and builds are counted in the lasting state, by "
			"whoever does them.",
		.entries = entries,
	},
	.request_size = sizeof(struct metrics_options),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
