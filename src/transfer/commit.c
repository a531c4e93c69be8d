/* SPDX-License-Identifier: Apache-2.0 */
/* commit: the files of a container, or what it changed of its image's, become an image. */
#include "base/file.h"
#include "spec/container.h"
#include "spec/image_change.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/compress.h"
#include "store/layer_diff.h"
#include "store/lease.h"
#include "transfer/confine.h"
#include "transfer/new_image.h"
#include "transfer/owner_map.h"
#include "transfer/platform.h"
#include "transfer/spool.h"

struct commit_request {
	int64_t record, upper, root;
	char **changes, **uids, **gids;
	const char *author, *message;
};

#define FD_ENTRY(name_, member, help_) \
	{ name_, 0, OPTION_INT, 0, offsetof(struct commit_request, member), "FD", help_, .minimum = STDERR_FILENO + 1, .maximum = INT32_MAX }

static const struct option_entry entries[] = {
	{ "author", 'a', OPTION_STRING, 0, offsetof(struct commit_request, author), "TEXT", "who made it" },
	{ "change", 'c', OPTION_LIST, 0, offsetof(struct commit_request, changes), "INSTRUCTION", "how it is run, in a Dockerfile's words; may be repeated" },
	{ "message", 'm', OPTION_STRING, 0, offsetof(struct commit_request, message), "TEXT", "comment of its history" },
	FD_ENTRY("record-fd", record, "the container's container.json, open"),
	FD_ENTRY("root-fd", root, "the directory with all of its files, open: an image of one layer"),
	FD_ENTRY("upper-fd", upper, "the directory with what it has changed, open: a layer more than its image has"),
	OWNER_MAP_ENTRIES(struct commit_request, uids, gids),
	{ 0 },
};

struct commit {
	const struct store *store;
	struct arena *arena;
	struct lease lease;
	struct spec_container *container;
	struct new_image_base base;
	const struct idmap *owners; /* NULL: files have the ids that they have */
};

static void commit_done(struct commit *commit)
{
	lease_end(&commit->lease);
	arena_free(commit->arena);
}

static int read_record(struct commit *commit, int fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fd_read_all(fd, SPEC_CONTAINER_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read the container's record");
	return spec_container_decode(commit->arena, text.data ? text.data : "", text.length, &commit->container, err);
}

/* ---- the image it was made of -------------------------------------------------------- */

static int read_base(struct commit *commit, struct error *err)
{
	_cleanup_buf_ struct buf manifest = BUF_INIT, config = BUF_INIT;
	const char *digest = commit->container->image_manifest;
	int r = lease_begin(commit->store, &commit->lease, err);

	if (r == 0)
		r = lease_add(&commit->lease, digest, err);
	if (r == 0)
		r = blob_read(commit->store, digest, SPEC_MANIFEST_LIMIT, &manifest, err);
	if (r == 0)
		r = spec_manifest_decode(commit->arena, manifest.data ? manifest.data : "", manifest.length, &commit->base.manifest, err);
	if (r == 0)
		r = blob_read(commit->store, commit->base.manifest->config.digest, SPEC_IMAGE_CONFIG_LIMIT, &config, err);
	if (r == 0)
		r = spec_image_config_decode(commit->arena, config.data ? config.data : "", config.length, &commit->base.config, err);
	return r < 0 ? error_wrap(err, "cannot use the image of the container") : 0;
}

/* How it is run: as the container was. What only an image can say is its image's. */
static struct spec_execution execution_of(struct commit *commit)
{
	static char *none[] = { (char *)"NONE", NULL };
	const struct spec_container_config *config = &commit->container->config;
	struct spec_execution execution = {
		.user = config->user,
		.exposed_ports = config->exposed_ports,
		.env = config->env,
		.entrypoint = config->entrypoint,
		.command = config->command,
		.volumes = config->volumes,
		.working_directory = config->working_directory,
		.labels = config->labels,
		.label_count = config->label_count,
		.stop_signal = config->stop_signal,
		.has_stop_timeout = config->has_stop_timeout,
		.stop_timeout_s = config->stop_timeout_s,
		.health_check = config->health_check,
		.shell = config->shell,
		.on_build = commit->base.config ? commit->base.config->execution.on_build : NULL,
	};

	if (config->no_health_check) {
		execution.health_check = arena_alloc(commit->arena, 1, sizeof *execution.health_check);
		execution.health_check->test = none;
	}
	return execution;
}

static char *join(struct arena *arena, char *const *words)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (; words && *words; words++)
		buf_printf(&text, "%s%s", text.length ? " " : "", *words);
	return text.length ? arena_strndup(arena, text.data, text.length) : NULL;
}

/* ---- its layer -------------------------------------------------------------------------- */

/* Of the directory FD, compressed, in the new file *RET_FD; -EBADF if there is nothing in it. */
static int make_layer(const struct commit *commit, int fd, enum layer_diff_form form, int *ret_fd, struct error *err)
{
	_cleanup_close_ int spool_fd = -EBADF;
	_cleanup_compress_ struct compress *compress = NULL;
	struct layer_diff_report report;
	int r = spool_open(commit->store, &spool_fd, err);

	if (r < 0)
		return r;
	compress = compress_new(sink_to_file(&spool_fd), COMPRESS_GZIP);
	r = layer_diff_of_outsiders(fd, commit->owners, compress_sink(compress), form, &report, err);
	if (r == 0)
		r = compress_finish(compress, err);
	if (r == 0 && report.members)
		*ret_fd = TAKE_FD(spool_fd);
	return r;
}

/* What a container has changed of nothing is all that it has. */
static int make_any_layer(const struct commit_request *request, const struct commit *commit, int *ret_fd, struct error *err)
{
	if (request->root)
		return make_layer(commit, (int)request->root, LAYER_DIFF_LIVE, ret_fd, err);
	if (request->upper)
		return make_layer(commit, (int)request->upper, LAYER_DIFF_UPPER, ret_fd, err);
	return 0;
}

/* ------------------------------------------------------------------------------------------ */

static int apply_changes(struct arena *arena, char *const *changes, struct spec_execution *execution, struct error *err)
{
	int r = 0;

	for (; r == 0 && changes && *changes; changes++)
		r = spec_image_change_apply(arena, *changes, execution, err);
	return r;
}

static int choose_platform(const struct commit *commit, struct spec_platform *ret, struct error *err)
{
	if (!commit->base.config)
		return platform_choose(commit->arena, NULL, ret, err);
	*ret = spec_platform_normalize(commit->arena, &commit->base.config->platform);
	return 0;
}

static int put(struct commit *commit, const struct commit_request *request, const struct command_call *call, struct buf *out, struct error *err)
{
	struct spec_execution execution = execution_of(commit);
	_cleanup_close_ int layer_fd = -EBADF;
	struct spec_platform platform;
	struct arena *arena = commit->arena;
	char **names = arena_alloc(arena, 1, sizeof *names);
	struct new_image image = { .platform = &platform, .execution = &execution, .title = commit->container->name, .created = new_image_time(arena),
		.created_by = join(arena, commit->container->config.command), .author = request->author ? arena_strdup(arena, request->author) : NULL,
		.comment = request->message ? arena_strdup(arena, request->message) : NULL };
	struct ingest_report report;
	int r = choose_platform(commit, &platform, err);

	if (r == 0)
		r = apply_changes(arena, request->changes, &execution, err);
	if (r == 0 && call->operands[0])
		r = new_image_names(arena, call->operands[0], &names, err);
	if (r == 0)
		r = make_any_layer(request, commit, &layer_fd, err);
	if (r < 0)
		return r;
	image.names = names;
	image.layer_fd = layer_fd;
	image.base = commit->base.manifest && !request->root ? &commit->base : NULL;
	r = new_image_put(call->globals, commit->store, &image, arena, &report, err);
	if (r == 0)
		new_image_report(&image, &report, out);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct commit_request *request = call->request;
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_(commit_done) struct commit commit = { .store = &store, .arena = arena_new(), .lease = LEASE_INIT };
	int r;

	if (!request->record)
		return error_set(err, ERROR_INVALID, 0, "--record-fd is missing");
	r = owner_map_parse(commit.arena, request->uids, request->gids, &commit.owners, err);
	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &store.fd, .writable_count = 1 });
	r = read_record(&commit, (int)request->record, err);
	if (r == 0 && commit.container->image_manifest)
		r = read_base(&commit, err);
	if (r == 0)
		r = put(&commit, request, call, out, err);
	if (r < 0) {
		session_hint_full(err);
		return error_wrap(err, "cannot commit the container '%.200s'", commit.container ? commit.container->name : "");
	}
	return 0;
}

const struct command transfer_commit = {
	.command = {
		.name = "commit",
		.operands = "[NAME]",
		.summary = "make an image of a container",
		.description = "Makes an image of what a container changed, on top of the image that it was made of, or of all of its files. Its record and "
			"its directories are inherited open. Prints what it is as JSON.",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct commit_request),
	.run = run,
};
