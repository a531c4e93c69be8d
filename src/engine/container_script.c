/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a start are made as for one, and read; they, the addresses
 * and the ids go again before the container does. Who is killed in between
 * leaves a container that was created, with a bundle that its next start, or
 * its removal, takes away.
 */
#include "engine/container_script.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/container_network.h"
#include "engine/containers.h"
#include "runtime/script.h"

#include <fcntl.h>
#include <sys/mount.h>

#define FILE_LIMIT (64u << 10) /* bytes of a file that a script has in it */

static int read_supervision(const struct container_record *record, struct arena *arena, struct spec_supervision **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/" SPEC_SUPERVISION_DOCUMENT, record->run_path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_SUPERVISION_LIMIT, &text);

	return r < 0 ? error_errno(err, -r, "cannot read '%s'", path) : spec_supervision_decode(arena, text.data, text.length, ret, err);
}

static int read_config(const struct container_record *record, struct arena *arena, struct spec_config **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/config.json", record->run_path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_CONFIG_LIMIT, &text);

	return r < 0 ? error_errno(err, -r, "cannot read '%s'", path) : spec_config_decode(arena, text.data, text.length, ret, err);
}

/* Whether the source is a volume that goes with the container. */
static bool is_anonymous(const struct container_record *record, const char *source)
{
	const struct spec_host_config *host = &record->container->host;

	for (size_t i = 0; i < host->mount_count; i++)
		if (host->mounts[i].kind == SPEC_MOUNT_VOLUME && host->mounts[i].anonymous && host->mounts[i].source && strstr(source, host->mounts[i].source))
			return true;
	return false;
}

/* What is bound from the container's own directories: files become a part of the script. */
static int collect_sources(const struct container_record *record, struct arena *arena, const struct spec_config *config, struct script_source *list,
	size_t *ret_count, struct error *err)
{
	_cleanup_free_ char *own = str_printf("%s/containers/%s/", record->directories->root, record->container->id);
	_cleanup_free_ char *volatile_ = str_printf("%s/", record->run_path);

	for (size_t i = 0; i < config->mount_count; i++) {
		const char *source = config->mounts[i].source;
		_cleanup_buf_ struct buf text = BUF_INIT;
		int r;

		if (!source || !(config->mounts[i].set_flags & MS_BIND))
			continue;
		if (is_anonymous(record, source)) {
			list[(*ret_count)++] = (struct script_source){ .path = source };
			continue;
		}
		if (!str_starts_with(source, own) && !str_starts_with(source, volatile_))
			continue;
		r = file_read_regular_at(AT_FDCWD, source, FILE_LIMIT, &text);
		if (r < 0)
			return error_errno(err, -r, "cannot put '%s' into a script", source);
		list[(*ret_count)++] = (struct script_source){ .path = source, .text = arena_strndup(arena, text.data ? text.data : "", text.length) };
	}
	return 0;
}

static int write_script(struct container_record *record, const struct bundle *bundle, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *root = str_printf("%s/runtime", record->directories->run_root);
	const struct runtime runtime = { .root = root };
	const struct create_request create = { .id = record->container->id, .bundle = record->run_path, .flags = CREATE_SUPERVISED,
		.has_root = bundle->root_fd >= 0, .root_fd = bundle->root_fd };
	struct script_request request = { .create = &create, .name = record->container->name };
	struct spec_supervision *what = NULL;
	struct spec_config *config = NULL;
	struct script_source *sources;
	int r = read_supervision(record, arena, &what, err);

	if (r == 0)
		r = read_config(record, arena, &config, err);
	if (r == 0)
		r = container_network_read(arena, record, &request.network, err);
	if (r == 0 && what->mount_count > 0)
		r = error_set(err, ERROR_UNSUPPORTED, 0, "mounts of images, and parts of volumes, cannot be made by a script");
	if (r < 0)
		return r;
	sources = arena_alloc(arena, config->mount_count + 1, sizeof *sources);
	r = collect_sources(record, arena, config, sources, &request.source_count, err);
	if (r < 0)
		return r;
	request.sources = sources;
	request.lowers = what->lowers;
	request.directory = what->directory;
	return runtime_script(&runtime, &request, out, err);
}

/* The record is locked. */
static int explain(struct container_record *record, void (*warn)(void *context, const char *text), struct buf *out, struct error *err)
{
	struct bundle bundle = BUNDLE_INIT;
	struct error later = ERROR_INIT;
	int r = bundle_make(record, NULL, warn, NULL, &bundle, err);

	if (r < 0)
		return r;
	r = write_script(record, &bundle, out, err);
	bundle_done(&bundle);
	if (container_network_release(record, &later) < 0 || bundle_remove(record, &later) < 0)
		log_warning("%s, ignoring", later.message);
	return r;
}

int container_script(const struct directories *directories, const char *container, void (*warn)(void *context, const char *text), struct buf *out,
	struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct error later = ERROR_INIT;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r == 0)
		r = container_record_lock(&record, err);
	if (r < 0)
		return r;
	r = explain(&record, warn, out, err);
	if (r < 0)
		error_wrap(err, "cannot write the container '%s' as a script", record.container->name);
	container_record_unlock(&record);
	if (container_remove(directories, record.container->id, CONTAINER_REMOVE_FORCE | CONTAINER_REMOVE_VOLUMES, &later) < 0)
		log_warning("%s, ignoring", later.message);
	return r;
}
