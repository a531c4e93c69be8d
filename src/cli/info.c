/* SPDX-License-Identifier: Apache-2.0 */
/* info: what this host offers to containers. */
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "engine/counts.h"
#include "engine/info.h"
#include "engine/pool.h"

#define LABEL_WIDTH 18
#define LINE_WIDTH 100

struct info_request {
	const char *format;
};

static const struct option_entry entries[] = {
	{ "format", 'f', OPTION_STRING, 0, offsetof(struct info_request, format), "FORMAT", "text, json, or a template; default: text" },
	{ 0 },
};

static const char *const mode_words[] = {
	[INFO_CGROUPS_NONE] = "none",
	[INFO_CGROUPS_V1] = "v1",
	[INFO_CGROUPS_V2] = "v2",
	[INFO_CGROUPS_HYBRID] = "hybrid",
};

/* ---- text ------------------------------------------------------------------------ */

static void add_label(struct buf *out, const char *label)
{
	buf_printf(out, "%-*s", LABEL_WIDTH, label);
}

static void add_line(struct buf *out, const char *label, const char *text)
{
	add_label(out, label);
	buf_printf(out, "%s\n", text ? text : "unknown");
}

static void add_words(struct buf *out, const char *label, const char *const *words)
{
	size_t column = LABEL_WIDTH;

	add_label(out, label);
	for (size_t i = 0; words[i]; i++) {
		if (i && column + 1 + strlen(words[i]) > LINE_WIDTH) {
			buf_printf(out, "\n%*s", LABEL_WIDTH, "");
			column = LABEL_WIDTH;
		} else if (i) {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add_text(out, words[i]);
		column += strlen(words[i]);
	}
	buf_add_char(out, '\n');
}

static void add_counts(struct buf *out, const struct counts *counts)
{
	add_label(out, "containers");
	buf_printf(out, "%zu (%zu running, %zu paused, %zu stopped)\n", counts->containers, counts->running, counts->paused, counts->stopped);
	add_label(out, "images");
	buf_printf(out, "%zu\n", counts->images);
}

static void add_pool(struct buf *out, const struct directories *directories)
{
	struct pool_report pool = { 0, 0 };

	if (directories->run_root)
		pool_look(directories, &pool);
	add_label(out, "prepared");
	buf_printf(out, "%u seat%s for containers of %u kind%s\n", pool.seats, pool.seats == 1 ? "" : "s", pool.kinds, pool.kinds == 1 ? "" : "s");
}

static void add_text(struct buf *out, const struct info_report *report, const struct counts *counts, const struct directories *directories)
{
	add_line(out, "version", BIVY_VERSION);
	add_line(out, "root", directories->root);
	add_line(out, "run root", directories->run_root);
	add_counts(out, counts);
	add_pool(out, directories);
	add_label(out, "kernel");
	buf_printf(out, "%s %s\n", report->kernel, report->machine);
	add_line(out, "cgroups", mode_words[report->cgroup_mode]);
	for (size_t i = 0; i < report->controller_count; i++) {
		const struct info_controller *controller = &report->controllers[i];

		buf_printf(out, "  %-*sv%d  %s\n", LABEL_WIDTH - 2, controller->name, controller->version, controller->mount);
	}
	add_words(out, "namespaces", report->namespaces);
	add_label(out, "user namespaces");
	if (report->user_namespace_limit)
		buf_printf(out, "for root only: see sysctl %s\n", report->user_namespace_limit);
	else
		buf_add_text(out, "for every user\n");
	add_line(out, "seccomp", !report->has_seccomp ? "no" : report->seccomp_actions ? report->seccomp_actions : "yes");
	add_line(out, "security modules", report->security_modules);
	add_line(out, "apparmor", report->has_apparmor ? "yes" : "no");
	add_line(out, "selinux", report->has_selinux ? "yes" : "no");
	add_line(out, "idmapped mounts", report->has_idmapped_mounts ? "yes" : "no");
	add_line(out, "overlay", report->has_overlay ? "yes" : "no");
	add_line(out, "pressure", report->has_pressure ? "yes" : "no");
	if (report->has_all_capabilities)
		add_line(out, "capabilities", "all");
	else if (report->capability_names[0])
		add_words(out, "capabilities", report->capability_names);
	else
		add_line(out, "capabilities", "none");
}

/* ---- JSON ------------------------------------------------------------------------- */

static void write_words(struct json_writer *w, const char *key, const char *const *words)
{
	json_write_open(w, key, '[');
	for (; *words; words++)
		json_write_string(w, NULL, *words);
	json_write_close(w, ']');
}

/* The names in TEXT, which SEPARATOR parts. */
static void write_split(struct json_writer *w, const char *key, const char *text, char separator)
{
	const char stop[2] = { separator, '\0' };

	json_write_open(w, key, '[');
	while (text && *text) {
		_cleanup_buf_ struct buf word = BUF_INIT;
		size_t length = strcspn(text, stop);

		buf_add(&word, text, length);
		json_write_string(w, NULL, word.data);
		text += length + (text[length] != '\0');
	}
	json_write_close(w, ']');
}

static void write_cgroups(struct json_writer *w, const struct info_report *report)
{
	json_write_open(w, "cgroups", '{');
	json_write_string(w, "mode", mode_words[report->cgroup_mode]);
	json_write_open(w, "controllers", '{');
	for (size_t i = 0; i < report->controller_count; i++) {
		json_write_open(w, report->controllers[i].name, '{');
		json_write_int(w, "version", report->controllers[i].version);
		json_write_string(w, "mount", report->controllers[i].mount);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_security(struct json_writer *w, const struct info_report *report)
{
	json_write_open(w, "seccomp", '{');
	json_write_bool(w, "enabled", report->has_seccomp);
	write_split(w, "actions", report->seccomp_actions, ' ');
	json_write_close(w, '}');
	write_split(w, "securityModules", report->security_modules, ',');
	json_write_bool(w, "apparmor", report->has_apparmor);
	json_write_bool(w, "selinux", report->has_selinux);
}

static void write_pool(struct json_writer *w, const struct directories *directories)
{
	struct pool_report pool = { 0, 0 };

	if (directories->run_root)
		pool_look(directories, &pool);
	json_write_open(w, "pool", '{');
	json_write_uint(w, "seats", pool.seats);
	json_write_uint(w, "kinds", pool.kinds);
	json_write_close(w, '}');
}

/* What docker's `info` has that is known here, by its names. */
static void write_docker(struct json_writer *w, const struct info_report *report, const struct counts *counts, const struct directories *directories)
{
	json_write_uint(w, "Containers", counts->containers);
	json_write_uint(w, "ContainersRunning", counts->running);
	json_write_uint(w, "ContainersPaused", counts->paused);
	json_write_uint(w, "ContainersStopped", counts->stopped);
	json_write_uint(w, "Images", counts->images);
	json_write_string(w, "Driver", "overlay");
	json_write_string(w, "LoggingDriver", "local");
	json_write_string(w, "CgroupDriver", "cgroupfs");
	json_write_string(w, "CgroupVersion", report->cgroup_mode == INFO_CGROUPS_V2 ? "2" : "1");
	json_write_string(w, "KernelVersion", report->kernel);
	json_write_string(w, "OSType", "linux");
	json_write_string(w, "Architecture", report->machine);
	json_write_string(w, "DockerRootDir", directories->root);
	json_write_string(w, "DefaultRuntime", "bivy-runtime");
	json_write_string(w, "ServerVersion", BIVY_VERSION);
}

static void add_json(struct buf *out, int indent, const struct info_report *report, const struct counts *counts, const struct directories *directories)
{
	struct json_writer w = { .out = out, .indent = indent };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "version", BIVY_VERSION);
	json_write_string(&w, "root", directories->root);
	json_write_string(&w, "runRoot", directories->run_root);
	write_pool(&w, directories);
	json_write_open(&w, "kernel", '{');
	json_write_string(&w, "release", report->kernel);
	json_write_string(&w, "machine", report->machine);
	json_write_close(&w, '}');
	write_cgroups(&w, report);
	write_words(&w, "namespaces", report->namespaces);
	json_write_open(&w, "userNamespaces", '{');
	json_write_bool(&w, "unprivileged", !report->user_namespace_limit);
	if (report->user_namespace_limit)
		json_write_string(&w, "limitedBy", report->user_namespace_limit);
	json_write_close(&w, '}');
	write_security(&w, report);
	json_write_bool(&w, "idmappedMounts", report->has_idmapped_mounts);
	json_write_bool(&w, "overlay", report->has_overlay);
	json_write_bool(&w, "pressure", report->has_pressure);
	write_words(&w, "capabilities", report->capability_names);
	write_docker(&w, report, counts, directories);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int add_by_template(struct arena *arena, const char *format, const struct buf *document, struct buf *out, struct error *err)
{
	struct template *template = NULL;
	struct json *tree = NULL;
	int r = template_parse(arena, listing_unescape(arena, format), &template, err);

	if (r == 0)
		r = json_parse(arena, document->data, document->length, &tree, err);
	if (r == 0)
		r = template_run(template, tree, NULL, out, err);
	buf_add_char(out, '\n');
	return r;
}

static int run_info(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct info_request *info = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories = { .root = NULL };
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct counts counts = { .containers = 0 };
	struct info_report report;
	int r = info_gather(arena, &report, err);

	if (r < 0)
		return r;
	/* One without a home is told about the host all the same. */
	if (cli_directories(call, arena, &directories, NULL) < 0)
		directories = (struct directories){ .root = NULL };
	else
		counts = counts_take(&directories);
	if (str_is_empty(info->format) || str_equal(info->format, "text"))
		add_text(out, &report, &counts, &directories);
	else if (str_equal(info->format, "json"))
		add_json(out, 2, &report, &counts, &directories);
	else {
		add_json(&document, 0, &report, &counts, &directories);
		r = add_by_template(arena, info->format, &document, out, err);
	}
	return r;
}

const struct command cli_info = {
	.command = {
		.name = "info",
		.summary = "show what this host offers to containers",
		.description = "Shows how many containers and images there are, the kernel, where each cgroup controller lives, and which means of isolation "
			"the kernel has. Nothing is changed, and no privilege is needed.",
		.entries = entries,
	},
	.request_size = sizeof(struct info_request),
	.run = run_info,
};
