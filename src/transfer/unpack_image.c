/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-image: all layers of an image, one over the other, as one tree of files. */
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "spec/image_config.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/decompress.h"
#include "store/digest.h"
#include "store/images.h"
#include "store/layer_apply.h"
#include "store/lease.h"
#include "store/read_ahead.h"
#include "store/tree.h"
#include "transfer/confine.h"
#include "transfer/platform.h"
#include "transfer/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Digits of a digest that name a layer to people. */
#define SHOWN_DIGITS 12

struct unpack_request {
	const char *platform;
};

static const struct option_entry entries[] = {
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct unpack_request, platform), "PLATFORM", "of an image for several; default: the one that was pulled" },
	{ 0 },
};

/* ---- which manifest -------------------------------------------------------------- */

struct subject {
	const struct store *store;
	const char *title; /* what the user called it */
	struct lease lease;
	struct arena *arena;
	struct spec_manifest *manifest;
	const char *manifest_digest;
	struct spec_image_config *config;
	struct layer_report total; /* of all layers; .implied is unused */
};

static void subject_done(struct subject *subject)
{
	lease_end(&subject->lease);
	arena_free(subject->arena);
}

static int not_here(const struct subject *subject, const char *digest, struct error *err)
{
	int r = error_set(err, ERROR_NOT_FOUND, 0, "'%.200s' is not here in whole: '%s' is missing", subject->title, digest);

	error_hint(err, "pull or load it again; --all-platforms brings what other platforms need");
	return r;
}

/* A document of the image's, in *OUT; kept from a sweep from here on. */
static int read_document(struct subject *subject, const char *digest, size_t limit, struct buf *out, struct error *err)
{
	int r = lease_add(&subject->lease, digest, err);

	if (r < 0)
		return r;
	if (!blob_exists(subject->store, digest, UINT64_MAX))
		return not_here(subject, digest, err);
	r = blob_read(subject->store, digest, limit, out, err);
	if (r == 0 && !out->data)
		buf_add_text(out, "");
	return r;
}

/* The manifest for PLATFORM in the index that the image's name stands for. */
static int select_manifest(struct subject *subject, const struct image *image, const char *platform, const char **ret_digest, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_platform wanted;
	const struct spec_descriptor *chosen;
	struct spec_index *index = NULL;
	enum spec_media_kind kind;
	int r = platform_choose(subject->arena, platform, &wanted, err);

	if (r >= 0)
		r = read_document(subject, image->target, SPEC_MANIFEST_LIMIT, &text, err);
	if (r >= 0)
		r = spec_manifest_kind(text.data, text.length, image->media_type, &kind, err);
	if (r < 0)
		return r;
	if (kind != SPEC_MEDIA_INDEX) {
		*ret_digest = image->target; /* its configuration says for what */
		return 0;
	}
	r = spec_index_decode(subject->arena, text.data, text.length, &index, err);
	if (r < 0)
		return r;
	chosen = spec_index_select(index, &wanted);
	if (!chosen)
		return error_set(err, ERROR_NOT_FOUND, 0, "'%.200s' is not for %s but for %.300s", subject->title,
			spec_platform_text(subject->arena, &wanted), spec_index_platforms(subject->arena, index));
	*ret_digest = chosen->digest;
	return 0;
}

/* That the image without an index is for PLATFORM. */
static int check_platform(const struct subject *subject, const char *platform, struct error *err)
{
	struct spec_platform wanted, offered = spec_platform_normalize(subject->arena, &subject->config->platform);
	int r = platform_choose(subject->arena, platform, &wanted, err);

	if (r < 0 || spec_platform_rank(&wanted, &offered) != SPEC_PLATFORM_NO_MATCH)
		return r;
	return error_set(err, ERROR_NOT_FOUND, 0, "'%.200s' is not for %s but for %s", subject->title,
		spec_platform_text(subject->arena, &wanted), spec_platform_text(subject->arena, &offered));
}

static int read_manifest(struct subject *subject, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, config = BUF_INIT;
	int r = read_document(subject, subject->manifest_digest, SPEC_MANIFEST_LIMIT, &text, err);

	if (r >= 0)
		r = spec_manifest_decode(subject->arena, text.data, text.length, &subject->manifest, err);
	if (r >= 0 && !spec_manifest_is_image(subject->manifest))
		r = error_set(err, ERROR_INVALID, 0, "'%.200s' is no image but an artifact: it has no files", subject->title);
	if (r >= 0)
		r = read_document(subject, subject->manifest->config.digest, SPEC_IMAGE_CONFIG_LIMIT, &config, err);
	if (r >= 0)
		r = spec_image_config_decode(subject->arena, config.data, config.length, &subject->config, err);
	if (r >= 0 && subject->config->diff_id_count != subject->manifest->layer_count)
		r = error_set(err, ERROR_INVALID, 0, "the manifest '%s' has %zu layers, its configuration %zu", subject->manifest_digest,
			subject->manifest->layer_count, subject->config->diff_id_count);
	return r;
}

static int find_subject(struct subject *subject, const char *platform, struct error *err)
{
	struct image image;
	int r = lease_begin(subject->store, &subject->lease, err);

	if (r >= 0)
		r = image_find(subject->store, subject->arena, subject->title, &image, err);
	if (r < 0)
		return r;
	subject->manifest_digest = image.manifest;
	if (platform)
		r = select_manifest(subject, &image, platform, &subject->manifest_digest, err);
	if (r >= 0)
		r = read_manifest(subject, err);
	if (r >= 0 && platform)
		r = check_platform(subject, platform, err);
	/* Whatever becomes of the image's name meanwhile; then all are looked for, before a file is written. */
	for (size_t i = 0; r >= 0 && i < subject->manifest->layer_count; i++)
		r = lease_add(&subject->lease, subject->manifest->layers[i].digest, err);
	for (size_t i = 0; r >= 0 && i < subject->manifest->layer_count; i++)
		if (!blob_exists(subject->store, subject->manifest->layers[i].digest, subject->manifest->layers[i].size))
			r = not_here(subject, subject->manifest->layers[i].digest, err);
	return r;
}

/* ---- layers -------------------------------------------------------------------------- */

struct pipe {
	struct stream_file file;
	struct decompress *decompress;
	struct digest *digest;
	struct read_ahead *ahead; /* all of the above are its threads', until they have ended */
};

static void pipe_done(struct pipe *pipe)
{
	read_ahead_free(pipe->ahead);
	stream_file_done(&pipe->file);
	decompress_free(pipe->decompress);
	digest_free(pipe->digest);
	close_and_forget(&pipe->file.fd);
}

/* The bytes of a blob, decompressed, are digested as they come: what a disk has made of them is noticed. */
static int unpack_layer(struct subject *subject, size_t i, int directory_fd, struct error *err)
{
	const char *diff_id = subject->config->diff_ids[i], *digest = subject->manifest->layers[i].digest;
	_cleanup_(pipe_done) struct pipe pipe = { .file = { .fd = -EBADF }, .digest = digest_new(diff_id) };
	_cleanup_layer_report_ struct layer_report report = { 0 };
	char found[DIGEST_TEXT_SIZE];
	uint64_t size;
	int r;

	if (!pipe.digest)
		return error_set(err, ERROR_UNSUPPORTED, 0, "unknown algorithm of the digest '%s'", diff_id);
	r = blob_open(subject->store, digest, &pipe.file.fd, &size, err);
	if (r < 0)
		return r;
	pipe.decompress = decompress_new(stream_of_file(&pipe.file), &DECOMPRESS_LIMITS);
	pipe.ahead = read_ahead_new(decompress_stream(pipe.decompress), pipe.digest, NULL);
	r = layer_apply(directory_fd, read_ahead_stream(pipe.ahead), LAYER_FORM_FLAT, &LAYER_LIMITS, &report, err);
	if (r < 0)
		return error_wrap(err, "layer '%s'", digest);
	digest_finish(pipe.digest, found);
	if (!str_equal(found, diff_id)) {
		r = error_set(err, ERROR_INVALID, 0, "the layer '%s' has the diff id '%s', not '%s'", digest, found, diff_id);
		error_hint(err, "the store may be damaged: see `bivy system check`");
		return r;
	}
	subject->total.members += report.members;
	subject->total.bytes += report.bytes;
	subject->total.lost_xattrs += report.lost_xattrs;
	return 0;
}

static int tell(const struct subject *subject, const struct transfer_globals *globals, size_t i, enum spec_transfer_phase phase, struct error *err)
{
	const struct spec_descriptor *layer = &subject->manifest->layers[i];
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ITEM, .phase = phase, .total = layer->size,
					     .current = phase == SPEC_TRANSFER_COMPLETE ? layer->size : 0 };

	event.item = arena_strndup(subject->arena, spec_digest_encoded(layer->digest), SHOWN_DIGITS);
	return session_tell(globals, &event, err);
}

static int unpack_layers(struct subject *subject, const struct transfer_globals *globals, int directory_fd, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < subject->manifest->layer_count; i++) {
		r = tell(subject, globals, i, SPEC_TRANSFER_EXTRACTING, err);
		if (r >= 0)
			r = unpack_layer(subject, i, directory_fd, err);
		if (r >= 0)
			r = tell(subject, globals, i, SPEC_TRANSFER_COMPLETE, err);
	}
	return r;
}

/* ---- the directory ---------------------------------------------------------------------- */

struct place {
	const char *path;
	int fd, parent_fd;
	bool is_new;
};

static void place_done(struct place *place)
{
	close_and_forget(&place->fd);
	close_and_forget(&place->parent_fd);
}

static int see_entry(void *context _unused_, const char *name)
{
	return !str_equal(name, ".") && !str_equal(name, "..");
}

static int open_place(const char *path, struct place *place, struct error *err)
{
	int r;

	*place = (struct place){ path, -EBADF, -EBADF, mkdir(path, 0755) == 0 };
	if (!place->is_new && errno != EEXIST)
		return error_errno(err, errno, "cannot make the directory '%s'", path);
	place->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->fd >= 0)
		place->parent_fd = openat(place->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->fd < 0 || place->parent_fd < 0)
		return error_errno(err, errno, "cannot open the directory '%s'", path);
	r = file_each_name(place->fd, see_entry, NULL);
	if (r > 0)
		return error_set(err, ERROR_CONFLICT, ENOTEMPTY, "cannot unpack into '%s'", path);
	return r < 0 ? error_errno(err, -r, "cannot read the directory '%s'", path) : 0;
}

/* As it was: half an image is none. */
static void clear_place(struct place *place)
{
	_cleanup_path_set_ struct path_set *none = path_set_new();

	/* What cannot be removed is there to be seen. */
	ignore_result(tree_prune_at(place->fd, "", none));
	if (place->is_new)
		rmdir(place->path);
}

static void report(const struct subject *subject, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "manifest", subject->manifest_digest);
	json_write_string(&w, "id", subject->manifest->config.digest);
	json_write_uint(&w, "layers", subject->manifest->layer_count);
	json_write_uint(&w, "members", subject->total.members);
	json_write_uint(&w, "size", subject->total.bytes);
	json_write_uint(&w, "lostAttributes", subject->total.lost_xattrs);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct unpack_request *request = call->request;
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_(subject_done) struct subject subject = { .store = &store, .title = call->operands[0], .lease = LEASE_INIT, .arena = arena_new() };
	_cleanup_(place_done) struct place place = { .fd = -EBADF, .parent_fd = -EBADF };
	int r = session_open_store(call->globals, &store, err);

	if (r >= 0)
		r = find_subject(&subject, request->platform, err);
	if (r >= 0)
		r = open_place(call->operands[1], &place, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = (int[]){ store.fd, place.fd }, .writable_count = 2,
				       .removable = &place.parent_fd, .removable_count = 1 });
	r = unpack_layers(&subject, call->globals, place.fd, err);
	if (r < 0)
		clear_place(&place);
	else
		report(&subject, out);
	return r;
}

const struct command transfer_unpack_image = {
	.command = {
		.name = "unpack-image",
		.operands = "IMAGE DIRECTORY",
		.summary = "unpack all layers of an image, one over the other",
		.description = "Makes the image's root file system in the directory, which is empty or made, and prints what it was as JSON. After an error "
			"the directory is as it was before.",
		.entries = entries,
		.minimum_operands = 2,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct unpack_request),
	.run = run,
};
