/* SPDX-License-Identifier: Apache-2.0 */
/* All that is known of a container, in the shape of docker's API. */
#include "base/json.h"
#include "engine/bundle_security.h"
#include "engine/container_network.h"
#include "engine/container_size.h"
#include "engine/containers.h"
#include "engine/supervisor.h"

#define NEVER "0001-01-01T00:00:00Z" /* as Go writes no time at all */

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	json_write_string(w, key, text ? text : "");
}

static void write_result(struct json_writer *w, const struct spec_health_result *result)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "Start", result->start ? result->start : NEVER);
	json_write_string(w, "End", result->end ? result->end : NEVER);
	json_write_int(w, "ExitCode", result->exit_code);
	write_text(w, "Output", result->output);
	json_write_close(w, '}');
}

static void write_health(struct json_writer *w, const struct spec_health_state *health)
{
	json_write_open(w, "Health", '{');
	json_write_string(w, "Status", spec_health_status_name(health->status));
	json_write_int(w, "FailingStreak", health->failing_streak);
	json_write_open(w, "Log", '[');
	for (size_t i = 0; i < health->log_count; i++)
		write_result(w, &health->log[i]);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

/* Docker's, then what it has no word for. */
static void write_state(struct json_writer *w, const struct spec_container_state *state)
{
	bool restarting = state->status == SPEC_CONTAINER_RESTARTING, paused = state->status == SPEC_CONTAINER_PAUSED;

	json_write_open(w, "State", '{');
	json_write_string(w, "Status", spec_container_status_name(state->status));
	json_write_bool(w, "Running", state->status == SPEC_CONTAINER_RUNNING || state->status == SPEC_CONTAINER_STOPPING || paused || restarting);
	json_write_bool(w, "Paused", paused);
	json_write_bool(w, "Restarting", restarting);
	json_write_bool(w, "OOMKilled", state->oom_killed);
	json_write_bool(w, "Dead", false);
	json_write_int(w, "Pid", state->pid);
	json_write_int(w, "ExitCode", state->exit_code);
	write_text(w, "Error", state->error);
	json_write_string(w, "StartedAt", state->started ? state->started : NEVER);
	json_write_string(w, "FinishedAt", state->finished ? state->finished : NEVER);
	if (state->health.status != SPEC_HEALTH_STATUS_NONE)
		write_health(w, &state->health);
	json_write_int(w, "OOMLimit", state->oom_limit);
	json_write_int(w, "Signal", state->signal);
	json_write_bool(w, "ManuallyStopped", state->manually_stopped);
	json_write_int(w, "SupervisorPid", state->supervisor_pid);
	json_write_int(w, "LogDropped", state->log_dropped);
	json_write_uint(w, "IDBase", state->id_base);
	json_write_uint(w, "IDSize", state->id_size);
	json_write_open(w, "Warnings", '[');
	for (char **warning = state->warnings; warning && *warning; warning++)
		json_write_string(w, NULL, *warning);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

/* The command line, parted as docker does: what is executed, and what it is given. */
static void write_command(struct json_writer *w, const struct spec_container_config *config)
{
	char **lists[] = { config->entrypoint, config->command };
	bool first = true;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (char **word = lists[i]; word && *word; word++) {
			json_write_string(w, first ? "Path" : NULL, *word);
			if (first)
				json_write_open(w, "Args", '[');
			first = false;
		}
	}
	if (first) {
		json_write_string(w, "Path", "");
		json_write_open(w, "Args", '[');
	}
	json_write_close(w, ']');
}

/* ---- mounts --------------------------------------------------------------------------- */

static const char *const mount_types[] = { [SPEC_MOUNT_BIND] = "bind", [SPEC_MOUNT_VOLUME] = "volume", [SPEC_MOUNT_TMPFS] = "tmpfs",
	[SPEC_MOUNT_IMAGE] = "image" };

/* As it was said; of a volume that may be shared docker says for SELinux that it is. */
static const char *mode_of(const struct spec_container_mount *mount)
{
	if (!str_is_empty(mount->short_options))
		return mount->short_options;
	return mount->kind == SPEC_MOUNT_VOLUME && !mount->implied ? "z" : "";
}

static void write_mount(struct json_writer *w, const struct container_record *record, const struct spec_container_mount *mount)
{
	_cleanup_free_ char *path = str_printf("%s/volumes/%s/_data", record->directories->root, mount->source ? mount->source : "");
	bool is_read_only = mount->read_only || (mount->kind == SPEC_MOUNT_IMAGE && !mount->overlay);

	json_write_open(w, NULL, '{');
	json_write_string(w, "Type", mount_types[mount->kind]);
	if (mount->kind == SPEC_MOUNT_VOLUME)
		write_text(w, "Name", mount->source);
	write_text(w, "Source", mount->kind == SPEC_MOUNT_VOLUME ? path : mount->source);
	write_text(w, "Destination", mount->target);
	if (mount->kind == SPEC_MOUNT_VOLUME)
		json_write_string(w, "Driver", "local");
	json_write_string(w, "Mode", mode_of(mount));
	json_write_bool(w, "RW", !is_read_only);
	write_text(w, "Propagation", mount->propagation || mount->kind != SPEC_MOUNT_BIND ? mount->propagation : "rprivate");
	json_write_close(w, '}');
}

void container_write_mounts(struct json_writer *w, const struct container_record *record)
{
	json_write_open(w, "Mounts", '[');
	for (size_t i = 0; i < record->container->host.mount_count; i++)
		if (record->container->host.mounts[i].kind != SPEC_MOUNT_TMPFS || !record->container->host.mounts[i].is_short) /* --tmpfs, as docker */
			write_mount(w, record, &record->container->host.mounts[i]);
	json_write_close(w, ']');
}

static void write_driver(struct json_writer *w, const struct container_record *record)
{
	_cleanup_free_ char *upper = str_printf("%s/root/upper", record->path), *work = str_printf("%s/root/work", record->path);

	json_write_open(w, "GraphDriver", '{');
	json_write_open(w, "Data", '{');
	json_write_string(w, "ID", record->container->id);
	json_write_string(w, "UpperDir", upper);
	json_write_string(w, "WorkDir", work);
	json_write_close(w, '}');
	json_write_string(w, "Name", "overlay");
	json_write_close(w, '}');
}

/* ---- what only runs -------------------------------------------------------------------- */

/* Its exec sessions: what they are called, or their numbers; null if there are none. */
static void write_sessions(struct json_writer *w, const struct container_record *record)
{
	_cleanup_close_ int socket = -EBADF;
	const struct spec_message request = { .request = SPEC_REQUEST_SESSIONS };
	struct spec_message *reply = NULL;
	bool open = false;

	if (record->is_supervised && supervisor_connect(record, &socket, NULL) == 0)
		ignore_result(supervisor_ask(record->arena, socket, &request, &reply, NULL)); /* it may just have ended */
	for (size_t i = 0; reply && i < reply->session_count; i++) {
		_cleanup_free_ char *number = str_printf("%lld", (long long)reply->sessions[i].number);

		if (!open)
			json_write_open(w, "ExecIDs", '[');
		open = true;
		json_write_string(w, NULL, reply->sessions[i].name ? reply->sessions[i].name : number);
	}
	if (open)
		json_write_close(w, ']');
	else
		json_write_null(w, "ExecIDs");
}

/* A file that is mounted in it while it runs. */
static void write_file_path(struct json_writer *w, const struct container_record *record, const char *key, const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", record->path, name);

	json_write_string(w, key, record->is_supervised ? path : "");
}

static void write_log_path(struct json_writer *w, const struct container_record *record)
{
	const char *driver = record->container->host.log_driver;
	_cleanup_free_ char *path = str_printf("%s/log", record->path);

	json_write_string(w, "LogPath", str_equal(driver, "local") || str_equal(driver, "json-file") ? path : "");
}

static int write_sizes(struct json_writer *w, const struct container_record *record, struct error *err)
{
	uint64_t written = 0, root = 0;
	int r = container_size(record, &written, &root);

	if (r < 0)
		return error_errno(err, -r, "cannot measure the container '%s'", record->container->name);
	json_write_uint(w, "SizeRw", written);
	json_write_uint(w, "SizeRootFs", root);
	return 0;
}

static int write_document(struct json_writer *w, const struct container_record *record, bool size, struct error *err)
{
	const struct spec_container *container = record->container;
	const struct spec_container_paths paths = bundle_security_paths(record->arena, &container->host);
	_cleanup_free_ char *name = str_printf("/%s", container->name);
	int r;

	json_write_open(w, NULL, '{');
	json_write_string(w, "Id", container->id);
	write_text(w, "Created", container->created);
	write_command(w, &container->config);
	write_state(w, record->state);
	write_text(w, "Image", container->image_id);
	write_text(w, "ImageName", container->image_name);
	write_file_path(w, record, "ResolvConfPath", "resolv.conf");
	write_file_path(w, record, "HostnamePath", "hostname");
	write_file_path(w, record, "HostsPath", "hosts");
	write_log_path(w, record);
	json_write_string(w, "Name", name);
	json_write_int(w, "RestartCount", record->state->restart_count);
	json_write_string(w, "Driver", "overlay");
	json_write_string(w, "Platform", "linux");
	json_write_string(w, "MountLabel", "");
	json_write_string(w, "ProcessLabel", "");
	json_write_string(w, "AppArmorProfile", "");
	write_sessions(w, record);
	write_driver(w, record);
	r = size ? write_sizes(w, record, err) : 0;
	container_write_mounts(w, record);
	spec_container_write_inspect(w, container, &paths);
	container_network_write_inspect(w, record);
	json_write_close(w, '}');
	return r;
}

int container_inspect(const struct directories *directories, const char *container, bool size, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct json_writer w = { .out = out };
	int r = container_record_open(arena, directories, container, &record, err);

	return r < 0 ? r : write_document(&w, &record, size, err);
}
