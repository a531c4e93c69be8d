/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_supervision.h"
#include "base/quantity.h"
#include "engine/pool.h"
#include "engine/program.h"

#include <limits.h>
#include <signal.h>

#define STOP_TIMEOUT_S 10
#define SYSTEMD_STOP_SIGNAL 37 /* SIGRTMIN+3: systemd(1), "halt" */

static int find_stop_signal(const struct bundle_plan *plan, int64_t *ret, struct error *err)
{
	const char *text = plan->config->stop_signal;
	int number = plan->is_systemd ? SYSTEMD_STOP_SIGNAL : SIGTERM;

	if (!str_is_empty(text) && (quantity_parse_signal(text, &number) < 0 || number == 0))
		return error_set(err, ERROR_INVALID, 0, "there is no signal '%.50s' to stop the container with", text);
	*ret = number;
	return 0;
}

static const struct program program_bivy = {
	.name = "bivy",
	.variable = "BIVY_PROGRAM",
	.places = (const char *const[]){ "", "/../../bin", "/../bin", NULL },
	.purpose = "is the command line",
};

/* That has the command line: our own, whatever it is called now, if it is the one. */
static char *find_bivy(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	const char *name;

	path[length > 0 ? length : 0] = '\0';
	name = strrchr(path, '/');
	if (name && !str_starts_with(name, "/bivy-"))
		return arena_strdup(arena, path);
	return arena_strdup(arena, program_find(&program_bivy, path, NULL) < 0 ? program_bivy.name : path);
}

/* THEN: what it executes when that is done; or NULL. */
static char **make_exit_command(struct bundle_plan *plan, char **then)
{
	const struct directories *directories = plan->record->directories;
	char *const words[] = {
		find_bivy(plan->arena), (char *)"--root", (char *)directories->root, (char *)"--run-root", (char *)directories->run_root,
		(char *)"container", (char *)"cleanup", plan->container->id,
	};
	size_t count = then ? strv_length(then) : 0;
	char **command = arena_alloc(plan->arena, ARRAY_SIZE(words) + count + 1, sizeof *command);

	memcpy(command, words, sizeof words);
	if (then)
		memcpy(command + ARRAY_SIZE(words), then, count * sizeof *command);
	return command;
}

/* The program that compresses what a log driver has closed; without it logs stay as they are. */
static char *find_transfer(struct bundle_plan *plan)
{
	const char *driver = plan->host->log_driver;
	char path[PATH_MAX];

	if (driver && !str_equal(driver, "local") && !str_equal(driver, "json-file"))
		return NULL;
	return program_find(&program_transfer, path, NULL) < 0 ? NULL : arena_strdup(plan->arena, path);
}

static void add_root(struct bundle_plan *plan, struct spec_supervision *supervision)
{
	if (plan->has_overlay) {
		supervision->lowers = (char **)plan->overlay.lowers;
		supervision->writable = (char *)plan->overlay.writable;
		supervision->user_marks = plan->overlay.has_user_marks;
	}
	if (!plan->has_overlay && plan->ids.has_namespace)
		supervision->directory = plan->host->rootfs_path;
	supervision->uid_mappings = plan->ids.uids;
	supervision->uid_mapping_count = plan->ids.uid_count;
	supervision->gid_mappings = plan->ids.gids;
	supervision->gid_mapping_count = plan->ids.gid_count;
	supervision->id_base = plan->ids.base;
	supervision->id_size = plan->ids.size;
}

static void add_config(struct bundle_plan *plan, struct spec_supervision *supervision)
{
	const struct spec_container_config *config = plan->config;
	const struct spec_host_config *host = plan->host;

	supervision->terminal = config->tty;
	supervision->open_stdin = config->open_stdin;
	supervision->stdin_once = config->stdin_once;
	supervision->stop_timeout_s = config->has_stop_timeout ? config->stop_timeout_s : STOP_TIMEOUT_S;
	supervision->timeout_s = config->timeout_s;
	supervision->restart_policy = host->restart_policy;
	supervision->restart_maximum = host->restart_maximum;
	supervision->init = host->has_init && host->init;
	supervision->health_check = config->no_health_check ? NULL : config->health_check;
	supervision->startup_check = config->no_health_check ? NULL : config->startup_check;
	supervision->startup_successes = config->startup_successes;
	supervision->health_on_failure = config->health_on_failure;
	supervision->log_driver = host->log_driver;
	supervision->log_path = arena_printf(plan->arena, "%s/log", plan->record->path);
	supervision->log_options = host->log_options;
	supervision->log_option_count = host->log_option_count;
	supervision->labels = config->labels;
	supervision->label_count = config->label_count;
	supervision->shell = config->shell;
}

void bundle_add_supervised_volume(struct arena *arena, struct spec_supervision *supervision, const struct spec_container_mount *mount)
{
	struct spec_supervision_volume *volumes;

	if (mount->kind != SPEC_MOUNT_VOLUME)
		return;
	volumes = arena_alloc(arena, supervision->volume_count + 1, sizeof *volumes);
	if (supervision->volume_count)
		memcpy(volumes, supervision->volumes, supervision->volume_count * sizeof *volumes);
	volumes[supervision->volume_count++] = (struct spec_supervision_volume){
		.name = mount->source, .target = mount->target, .propagation = mount->propagation, .read_only = mount->read_only };
	supervision->volumes = volumes;
}

int bundle_write_supervision(struct bundle_plan *plan, struct error *err)
{
	const struct directories *directories = plan->record->directories;
	_cleanup_buf_ struct buf text = BUF_INIT;
	char **prepare = plan->seat ? pool_command(plan->arena, directories, find_bivy(plan->arena), plan->container, plan->seat->is_adopted) : NULL;
	struct spec_supervision supervision = {
		.id = plan->container->id,
		.name = plan->container->name,
		.runtime_root = arena_printf(plan->arena, "%s/runtime", directories->run_root),
		.record = (char *)plan->record->path,
		.image_name = plan->config->image ? plan->config->image : plan->container->image_name,
		.transfer = find_transfer(plan),
		.exit_command = plan->host->auto_remove ? make_exit_command(plan, prepare) : NULL,
		.pool_command = prepare,
		.learn = plan->host->learn,
		.events_path = arena_printf(plan->arena, "%s/events", directories->run_root),
	};
	int r = find_stop_signal(plan, &supervision.stop_signal, err);

	if (r < 0)
		return r;
	add_root(plan, &supervision);
	supervision.mounts = plan->given;
	supervision.mount_count = plan->given_count;
	for (size_t i = 0; i < plan->host->mount_count; i++)
		bundle_add_supervised_volume(plan->arena, &supervision, &plan->host->mounts[i]);
	add_config(plan, &supervision);
	spec_supervision_encode(&supervision, &text);
	if (text.length > SPEC_SUPERVISION_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "cannot write '%s/" SPEC_SUPERVISION_DOCUMENT "'", plan->record->run_path);
	return bundle_write_document(plan, SPEC_SUPERVISION_DOCUMENT, &text, err);
}
