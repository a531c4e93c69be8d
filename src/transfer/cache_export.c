/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache-export: a build cache of the store goes to a registry, or into a
 * directory that is an image layout: what that has under other tags stays, what
 * no tag reaches any more goes.
 */
#include "base/file.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "store/blobs.h"
#include "store/digest.h"
#include "store/path_set.h"
#include "transfer/cache_place.h"
#include "transfer/confine.h"
#include "transfer/platform.h"
#include "transfer/send.h"
#include "transfer/session.h"
#include "transfer/store_source.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

struct export_request {
	struct cache_place_request place;
};

static const struct option_entry entries[] = {
	CACHE_PLACE_ENTRIES(struct export_request, place),
	{ 0 },
};

struct export {
	const struct transfer_globals *globals;
	const struct cache_place_request *request;
	const char *content; /* digest of the manifest */
	struct arena *arena;
	struct store store;
	struct remote_world world;
	struct remote remote;
	bool has_remote;
	int directory_fd, blobs_fd; /* of the layout, and its blobs/sha256 */
};

static void export_done(struct export *export)
{
	if (export->has_remote)
		remote_close(&export->remote);
	remote_world_done(&export->world);
	close_and_forget(&export->blobs_fd);
	close_and_forget(&export->directory_fd);
	store_close(&export->store);
	arena_free(export->arena);
}

/* ---- a registry ----------------------------------------------------------------------------- */

static int send(struct export *export, struct error *err)
{
	const struct image_source source = store_source(&export->store);
	struct send_request request = { .reference = export->content, .properties = SEND_ALL_PLATFORMS, .progress = session_progress(export->globals) };
	struct spec_reference reference;
	struct spec_platform platform;
	struct send_report report;
	int r = spec_reference_parse(export->arena, export->request->registry, &reference, err);

	if (r == 0 && reference.digest)
		r = error_set(err, ERROR_INVALID, 0, "the digest of a new cache is what it comes out as, it cannot be its name");
	if (r == 0)
		r = platform_choose(export->arena, NULL, &platform, err);
	if (r == 0)
		r = remote_world_open(&export->request->remote, &export->world, err);
	if (r == 0)
		r = remote_open(&export->world, reference.domain, reference.path, CLIENT_PUSH, &export->remote, err);
	if (r < 0)
		return r;
	export->has_remote = true;
	spec_reference_add_default_tag(&reference);
	request.tag = reference.tag;
	request.platform = &platform;
	remote_world_confine(&export->world, -1);
	return send_image(&source, &export->remote, &request, export->arena, &report, err);
}

/* ---- a directory: blobs ----------------------------------------------------------------------- */

/* Bytes of the store into FD, verified on the way. */
static int copy_bytes(struct export *export, const char *digest, int fd, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	_cleanup_digest_ struct digest *computed = digest_new(digest);
	struct digest_tap tap = { .digest = computed };
	_cleanup_close_ int from_fd = -EBADF;
	char text[DIGEST_TEXT_SIZE];
	uint64_t size;
	int r = blob_open(&export->store, digest, &from_fd, &size, err);

	if (r < 0)
		return r;
	file.fd = from_fd;
	tap.upstream = stream_of_file(&file);
	r = stream_copy(digest_stream(&tap), sink_to_file(&fd), UINT64_MAX, NULL, err);
	if (r < 0)
		return r;
	digest_finish(computed, text);
	return str_equal(text, digest) ? 0 : error_set(err, ERROR_INVALID, 0, "the blob '%s' is damaged", digest);
}

/* Whole under its name, or not there: written under another one, which is locked meanwhile. */
static int write_blob(struct export *export, const char *digest, struct error *err)
{
	const char *name = spec_digest_encoded(digest), *partial = arena_printf(export->arena, ".%s", name);
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!str_starts_with(digest, "sha256:"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "the digest '%.200s' is none of SHA-256", digest);
	if (faccessat(export->blobs_fd, name, F_OK, 0) == 0)
		return 0;
	fd = openat(export->blobs_fd, partial, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fd_lock_exclusive(fd) < 0 || ftruncate(fd, 0) < 0)
		return error_errno(err, errno, "cannot write the blob '%s'", digest);
	if (faccessat(export->blobs_fd, name, F_OK, 0) == 0)
		return 0;
	r = copy_bytes(export, digest, fd, err);
	if (r == 0 && renameat(export->blobs_fd, partial, export->blobs_fd, name) < 0)
		r = error_errno(err, errno, "cannot write the blob '%s'", digest);
	return r;
}

static int read_manifest(struct export *export, int blobs_fd, const char *digest, struct spec_manifest **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (blobs_fd < 0)
		r = blob_read(&export->store, digest, SPEC_MANIFEST_LIMIT, &text, err);
	else if ((r = file_read_regular_at(blobs_fd, spec_digest_encoded(digest), SPEC_MANIFEST_LIMIT, &text)) < 0)
		r = error_errno(err, -r, "cannot read the manifest '%.200s'", digest);
	return r < 0 ? r : spec_manifest_decode(export->arena, text.data ? text.data : "", text.length, ret, err);
}

static int write_blobs(struct export *export, struct error *err)
{
	struct spec_manifest *manifest = NULL;
	int r = read_manifest(export, -EBADF, export->content, &manifest, err);

	if (r == 0)
		r = write_blob(export, manifest->config.digest, err);
	for (size_t i = 0; r == 0 && i < manifest->layer_count; i++)
		r = write_blob(export, manifest->layers[i].digest, err);
	return r < 0 ? r : write_blob(export, export->content, err);
}

/* ---- a directory: its index ---------------------------------------------------------------------- */

static int read_index(struct export *export, struct spec_index **ret, struct error *err)
{
	static char media_type[] = SPEC_OCI_INDEX;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(export->directory_fd, "index.json", SPEC_MANIFEST_LIMIT, &text);

	if (r == -ENOENT) {
		*ret = arena_alloc(export->arena, 1, sizeof **ret);
		(*ret)->media_type = media_type;
		return 0;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot read 'index.json'");
	r = spec_index_decode(export->arena, text.data ? text.data : "", text.length, ret, err);
	return r < 0 ? error_wrap(err, "cannot read 'index.json'") : 0;
}

/* Ours in place of what had its tag. */
static void put_entry(struct export *export, struct spec_index *index, uint64_t size)
{
	const char *tag = export->request->tag ? export->request->tag : CACHE_PLACE_TAG;
	struct spec_descriptor *list = arena_alloc(export->arena, index->manifest_count + 1, sizeof *list);
	struct spec_pair *annotation = arena_alloc(export->arena, 1, sizeof *annotation);
	size_t count = 0;

	for (size_t i = 0; i < index->manifest_count; i++)
		if (!str_equal(spec_descriptor_annotation(&index->manifests[i], SPEC_ANNOTATION_REF_NAME), tag))
			list[count++] = index->manifests[i];
	*annotation = (struct spec_pair){ (char *)SPEC_ANNOTATION_REF_NAME, (char *)tag };
	list[count++] = (struct spec_descriptor){ .media_type = (char *)SPEC_OCI_MANIFEST, .digest = (char *)export->content, .size = size,
		.annotations = annotation, .annotation_count = 1 };
	index->manifests = list;
	index->manifest_count = count;
}

static int write_index(struct export *export, const struct spec_index *index, struct error *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_replace_at(export->directory_fd, "oci-layout", layout, strlen(layout), 0644);

	spec_index_encode(index, &text);
	if (r == 0)
		r = file_replace_at(export->directory_fd, "index.json", text.data, text.length, 0644);
	return r < 0 ? error_errno(err, -r, "cannot write 'index.json'") : 0;
}

/* ---- a directory: what is of no use any more ---------------------------------------------------------- */

struct sweep {
	int fd;
	struct path_set *needed; /* names of blobs */
};

static int sweep_one(void *context, const char *name)
{
	const struct sweep *sweep = context;

	if (spec_digest_is_hex(name, strlen(name)) && !path_set_has(sweep->needed, name))
		ignore_result(unlinkat(sweep->fd, name, 0)); /* the next export tries again */
	return 0;
}

/* Nothing goes as long as there is something in the layout that is no manifest of blobs. */
static void sweep(struct export *export, const struct spec_index *index)
{
	_cleanup_path_set_ struct path_set *needed = path_set_new();
	struct sweep sweep = { export->blobs_fd, needed };

	for (size_t i = 0; i < index->manifest_count; i++) {
		struct spec_manifest *manifest = NULL;

		if (read_manifest(export, export->blobs_fd, index->manifests[i].digest, &manifest, NULL) < 0)
			return;
		path_set_add(needed, spec_digest_encoded(index->manifests[i].digest));
		path_set_add(needed, spec_digest_encoded(manifest->config.digest));
		for (size_t n = 0; n < manifest->layer_count; n++)
			path_set_add(needed, spec_digest_encoded(manifest->layers[n].digest));
	}
	ignore_result(file_each_name(export->blobs_fd, sweep_one, &sweep)); /* the next export tries again */
}

/* ---- a directory ----------------------------------------------------------------------------------------- */

static int open_directory(struct export *export, struct error *err)
{
	const char *path = export->request->directory, *blobs = arena_printf(export->arena, "%s/blobs/sha256", path);
	int r = file_make_directories(blobs, 0755);

	if (r == 0 && ((export->directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
			      (export->blobs_fd = open(blobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0))
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot make the directory '%s'", blobs) : 0;
}

/* One export at a time: the next takes up what this has written. */
static int write_directory(struct export *export, struct error *err)
{
	struct spec_index *index = NULL;
	struct stat status;
	int r = open_directory(export, err);

	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &export->directory_fd, .writable_count = 1 });
	if (fd_lock_exclusive(export->directory_fd) < 0)
		return error_errno(err, errno, "cannot lock '%s'", export->request->directory);
	r = read_index(export, &index, err);
	if (r == 0)
		r = write_blobs(export, err);
	if (r < 0)
		return r;
	if (fstatat(export->blobs_fd, spec_digest_encoded(export->content), &status, 0) < 0)
		return error_errno(err, errno, "cannot find the manifest '%s'", export->content);
	put_entry(export, index, (uint64_t)status.st_size);
	r = write_index(export, index, err);
	if (r == 0)
		sweep(export, index);
	return r;
}

/* ---- the command -------------------------------------------------------------------------------------------- */

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct export_request *request = call->request;
	_cleanup_(export_done) struct export export = { .globals = call->globals, .request = &request->place, .content = call->operands[0],
		.arena = arena_new(), .store = STORE_INIT, .directory_fd = -EBADF, .blobs_fd = -EBADF };
	int r = cache_place_check(&request->place, err);

	if (r == 0 && !spec_digest_is_verifiable(export.content))
		r = error_set(err, ERROR_INVALID, 0, "'%.200s' is no digest", export.content);
	if (r == 0)
		r = session_open_store(call->globals, &export.store, err);
	if (r == 0)
		r = request->place.registry ? send(&export, err) : write_directory(&export, err);
	if (r == 0)
		buf_add_text(out, "{}\n");
	return r;
}

const struct command transfer_cache_export = {
	.command = {
		.name = "cache-export",
		.operands = "DIGEST",
		.summary = "write a build cache to a registry or a directory",
		.description = "Sends the manifest DIGEST of the store, and all that it names, to a registry, or puts it into an image layout. Whoever calls has "
			"it in a lease.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct export_request),
	.run = run,
};
