/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order matters: ids before the root, which is mapped by them; the root
 * before users, who are looked up in it; users before rights; all of it before
 * the documents, which are written last, so that a directory without them is
 * one that somebody was killed over.
 */
#include "engine/bundle.h"
#include "base/file.h"
#include "base/timing.h"
#include "engine/bundle_ids.h"
#include "engine/bundle_init.h"
#include "engine/bundle_mounts.h"
#include "engine/bundle_namespaces.h"
#include "engine/bundle_process.h"
#include "engine/bundle_resources.h"
#include "engine/bundle_root.h"
#include "engine/bundle_secrets.h"
#include "engine/bundle_security.h"
#include "engine/bundle_supervision.h"
#include "engine/log_journal.h"
#include "engine/bundle_systemd.h"
#include "engine/bundle_user_mounts.h"
#include "engine/container_network.h"
#include "engine/container_profile.h"
#include "engine/container_quota.h"
#include "spec/config_encode.h"
#include "spec/log_options.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/stat.h>

#define CONFIG "config.json"

/* ---- shared ---------------------------------------------------------------------------- */

void bundle_warn(const struct bundle_plan *plan, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (!plan->warn)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	plan->warn(plan->context, text);
}

char **bundle_split(struct arena *arena, const char *text, char separator)
{
	char *rest = arena_strdup(arena, text), *word, **list;
	const char separators[2] = { separator, '\0' };
	size_t count = 2;

	for (const char *c = text; *c; c++)
		count += *c == separator;
	list = arena_alloc(arena, count, sizeof *list);
	count = 0;
	while ((word = strsep(&rest, separators)))
		if (*word)
			list[count++] = word;
	return list;
}

int bundle_find_other(struct bundle_plan *plan, const char *option, const char *mode, const struct spec_container_state **ret_state, struct error *err)
{
	_cleanup_container_record_ struct container_record other = { .fd = -EBADF };
	const char *name = mode + strlen("container:");
	int r = container_record_open(plan->arena, plan->record->directories, name, &other, err);

	if (r < 0)
		return error_wrap(err, "%s", option);
	if (str_equal(other.container->id, plan->container->id))
		return error_set(err, ERROR_INVALID, 0, "%s: a container cannot join itself", option);
	if (!other.is_supervised || other.state->pid <= 0)
		return error_set(err, ERROR_CONFLICT, 0, "%s: cannot join the container '%.100s': it is not running", option, other.container->name);
	*ret_state = other.state;
	return 0;
}

/* ---- making ------------------------------------------------------------------------------ */

/* Anew: what is left of an earlier start goes. */
static int open_directory(struct bundle_plan *plan, struct error *err)
{
	const struct container_record *record = plan->record;
	int r = mkdir(record->run_path, 0700) < 0 ? -errno : 0;

	if (r == -ENOENT) {
		r = file_make_directories(record->run_path, 0700);
	} else if (r == -EEXIST) {
		r = bundle_remove(record, err);
		if (r < 0)
			return r;
		r = mkdir(record->run_path, 0700) < 0 ? -errno : 0;
	}
	if (r == 0)
		plan->run_fd = open(record->run_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && plan->run_fd < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot make the directory '%s'", record->run_path) : 0;
}

/* Without layers or mapping the path will do. */
static bool is_handed_over(const struct bundle_plan *plan)
{
	return plan->has_overlay || plan->ids.has_namespace;
}

/* The path of the root says something only with --rootfs; a mount is handed over by descriptor. */
static void add_root_path(struct bundle_plan *plan)
{
	plan->spec->oci_version = (char *)"1.2.0";
	plan->spec->root_path = is_handed_over(plan) ? (char *)"rootfs" : plan->host->rootfs_path;
	plan->spec->root_readonly = plan->host->read_only_root;
	plan->spec->annotations = plan->host->annotations;
	plan->spec->annotation_count = plan->host->annotation_count;
}

uint32_t bundle_outside_id(const struct spec_id_mapping *mappings, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].container_id && id - mappings[i].container_id < mappings[i].size)
			return mappings[i].host_id + (id - mappings[i].container_id);
	return count ? UINT32_MAX : id;
}

int bundle_write_document(const struct bundle_plan *plan, const char *name, const struct buf *text, struct error *err)
{
	_cleanup_close_ int fd = openat(plan->run_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text->data, text->length);

	return r < 0 ? error_errno(err, -r, "cannot write '%s/%s'", plan->record->run_path, name) : 0;
}

static int write_config(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_config_encode(plan->spec, &text);
	if (text.length > SPEC_CONFIG_LIMIT)
		return error_errno(err, EFBIG, "cannot write '%s/" CONFIG "'", plan->record->run_path);
	return bundle_write_document(plan, CONFIG, &text, err);
}

/* What needs no files of the container's. */
static int prepare(struct bundle_plan *plan, struct error *err)
{
	int64_t since = timing_now();
	int r = open_directory(plan, err);

	if (r == 0)
		r = bundle_take_ids(plan, err);
	timing_phase("directory and ids", since);
	since = timing_now();
	if (r == 0)
		r = bundle_plan_root(plan, err);
	if (r == 0)
		r = bundle_open_root(plan, err);
	timing_phase("mount the layers", since);
	if (r < 0)
		return r;
	add_root_path(plan);
	since = timing_now();
	r = bundle_add_namespaces(plan, err);
	if (r == 0)
		r = container_network_prepare(plan, &plan->network, err);
	timing_phase("plan the network", since);
	return r;
}

static int fill(struct bundle_plan *plan, struct error *err)
{
	int64_t since = timing_now();
	int r = bundle_add_process(plan, err);

	if (r == 0)
		bundle_add_default_mounts(plan);
	if (r == 0)
		r = bundle_add_user_mounts(plan, err);
	if (r == 0)
		r = bundle_add_init(plan, err);
	if (r == 0)
		r = bundle_add_files(plan, err);
	if (r == 0)
		r = bundle_add_secrets(plan, err);
	if (r == 0)
		r = bundle_add_resources(plan, err);
	if (r == 0)
		r = bundle_add_security(plan, err);
	if (r == 0)
		container_profile_add(plan);
	if (r == 0)
		r = write_config(plan, err);
	if (r == 0)
		r = bundle_write_supervision(plan, err);
	timing_phase("write the bundle", since);
	return r;
}

static void plan_done(struct bundle_plan *plan)
{
	close_and_forget(&plan->run_fd);
	close_and_forget(&plan->root_fd);
	close_and_forget(&plan->mapping_fd);
	close_and_forget(&plan->ids.range_fd);
}

static struct bundle_plan plan_init(const struct container_record *record)
{
	return (struct bundle_plan){
		.arena = record->arena,
		.record = record,
		.container = record->container,
		.config = &record->container->config,
		.host = &record->container->host,
		.run_fd = -EBADF,
		.root_fd = -EBADF,
		.mapping_fd = -EBADF,
		.ids = { .range_fd = -EBADF },
		.is_systemd = bundle_is_systemd(&record->container->config),
		.spec = arena_alloc(record->arena, 1, sizeof(struct spec_config)),
	};
}

/* An error from before the container's own program: docker's word for it, unless it has another. */
static int fail(struct error *err, int r)
{
	if (err && !err->exit_status)
		err->exit_status = 125;
	return r;
}

int bundle_make(struct container_record *record, struct seat *seat, void (*warn)(void *context, const char *text), void *context, struct bundle *ret, struct error *err)
{
	struct bundle_plan plan = plan_init(record);
	int r;

	plan.warn = warn;
	plan.context = context;
	plan.seat = seat;
	r = prepare(&plan, err);
	if (r == 0)
		r = fill(&plan, err);
	if (r == 0) {
		ret->root_fd = is_handed_over(&plan) ? TAKE_FD(plan.root_fd) : -EBADF;
		ret->id_range_fd = TAKE_FD(plan.ids.range_fd);
		ret->mapping_fd = TAKE_FD(plan.mapping_fd);
		if (seat) {
			ret->user_fd = TAKE_FD(seat->fds[SEAT_USER]);
			ret->network_fd = TAKE_FD(seat->fds[SEAT_NETWORK]);
			ret->has_groups = seat->has_groups;
		}
	} else if (plan.run_fd >= 0) {
		/* The error is already told. Of what is not released the plan tells, to who starts or removes it next. */
		if (container_network_release(record, NULL) >= 0)
			ignore_result(bundle_remove(record, NULL)); /* likewise */
	}
	plan_done(&plan);
	return r < 0 ? fail(err, r) : 0;
}

void bundle_done(struct bundle *bundle)
{
	close_and_forget(&bundle->root_fd);
	close_and_forget(&bundle->id_range_fd);
	close_and_forget(&bundle->mapping_fd);
	close_and_forget(&bundle->user_fd);
	close_and_forget(&bundle->network_fd);
}

int bundle_remove(const struct container_record *record, struct error *err)
{
	int r = tree_remove_at(AT_FDCWD, record->run_path);

	return r < 0 ? error_errno(err, -r, "cannot remove '%s'", record->run_path) : 0;
}

int bundle_mount_root(struct container_record *record, int *ret_fd, struct error *err)
{
	struct bundle_plan plan = plan_init(record);
	int r = bundle_plan_root(&plan, err);

	if (r == 0)
		r = bundle_open_root(&plan, err);
	if (r == 0)
		*ret_fd = TAKE_FD(plan.root_fd);
	plan_done(&plan);
	return r;
}

/* ---- later ---------------------------------------------------------------------------------- */

static void take_ids(struct bundle_plan *plan, const struct spec_supervision *supervision)
{
	plan->ids.has_namespace = spec_namespace_find(plan->spec, CLONE_NEWUSER) != NULL;
	plan->ids.uids = supervision->uid_mappings;
	plan->ids.uid_count = supervision->uid_mapping_count;
	plan->ids.gids = supervision->gid_mappings;
	plan->ids.gid_count = supervision->gid_mapping_count;
	plan->identity.uid = plan->spec->process ? plan->spec->process->user.uid : 0;
	plan->identity.gid = plan->spec->process ? plan->spec->process->user.gid : 0;
}

int bundle_add_mount_later(struct container_record *record, struct spec_config *config, struct spec_supervision *supervision,
	const struct spec_container_mount *mount, void (*warn)(void *context, const char *text), void *context, const struct spec_mount **ret_mount,
	const struct spec_supervision_mount **ret_given, struct error *err)
{
	struct bundle_plan plan = plan_init(record);
	int r;

	plan.warn = warn;
	plan.context = context;
	plan.spec = config;
	plan.mount_capacity = config->mount_count;
	plan.given = supervision->mounts;
	plan.given_count = supervision->mount_count;
	take_ids(&plan, supervision);
	r = bundle_plan_root(&plan, err);
	if (r == 0)
		r = bundle_add_user_mount(&plan, mount, err);
	if (r == 0) {
		*ret_mount = &config->mounts[config->mount_count - 1];
		*ret_given = plan.given_count > supervision->mount_count ? &plan.given[plan.given_count - 1] : NULL;
		supervision->mounts = plan.given;
		supervision->mount_count = plan.given_count;
	}
	plan_done(&plan);
	return r;
}

int bundle_add_device_later(struct container_record *record, struct spec_config *config, const struct spec_supervision *supervision,
	const struct spec_container_device *device, const struct spec_mount **ret_mount, struct error *err)
{
	struct bundle_plan plan = plan_init(record);
	int r = 0;

	plan.spec = config;
	plan.mount_capacity = config->mount_count;
	take_ids(&plan, supervision);
	plan.run_fd = open(record->run_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (plan.run_fd < 0)
		r = error_errno(err, errno, "cannot open '%s'", record->run_path);
	if (r == 0)
		r = bundle_bind_device(&plan, device, err);
	if (r == 0)
		*ret_mount = &config->mounts[config->mount_count - 1];
	plan_done(&plan);
	return r;
}

/* ---- checking ------------------------------------------------------------------------------ */

static int check_unsupported(const struct spec_host_config *host, struct error *err)
{
	uint64_t size;

	if (host->device_requests && host->device_requests[0])
		return error_set(err, ERROR_UNSUPPORTED, 0, "--gpus: devices are given one by one, with --device");
	if (!str_is_empty(host->cgroups) && !str_equal(host->cgroups, "enabled") && !str_equal(host->cgroups, "no-conmon"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "--cgroups: '%.50s': every container has groups of its own", host->cgroups);
	return container_quota_read(host, &size, err);
}

int bundle_check(const struct spec_container *container, void (*warn)(void *context, const char *text), void *context, struct error *err)
{
	struct spec_log_options log;
	int r = check_unsupported(&container->host, err);

	ignore_result(warn != NULL && context != NULL);
	if (r == 0)
		r = bundle_check_ids(&container->host, err);
	if (r == 0)
		r = bundle_check_namespaces(&container->host, err);
	if (r == 0)
		r = bundle_check_process(container, err);
	if (r == 0)
		r = bundle_check_mounts(container, err);
	if (r == 0)
		r = bundle_check_security(container, err);
	if (r == 0)
		r = container_profile_check(&container->host, err);
	if (r == 0)
		r = bundle_check_systemd(&container->config, err);
	if (r == 0)
		r = bundle_check_secrets(&container->config, err);
	if (r == 0)
		r = bundle_check_timezone(&container->config, err);
	if (r == 0)
		r = spec_log_options_read(container->host.log_driver, container->host.log_options, container->host.log_option_count, &log, err);
	if (r == 0 && log.driver == SPEC_LOG_JOURNALD)
		r = log_journal_check(err);
	return r < 0 ? fail(err, r) : 0;
}
