/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_import.h"
#include "base/file.h"
#include "engine/build_cache.h"
#include "engine/transfer.h"
#include "store/blobs.h"
#include "store/layers.h"

#include <sys/mman.h>

/* A record by one of its keys. */
struct entry {
	const char *key;
	const struct spec_build_cache_record *record;
};

struct place {
	struct spec_build_cache cache;
	struct entry *entries; /* sorted */
	size_t entry_count;
	bool is_out_of_use;
};

struct build_imports {
	struct place *places; /* as --cache-from */
	size_t count;
	char **barren;        /* diff ids of layers that cannot be had; NULL-terminated */
};

const char *build_imports_title(const struct build_cache_place *place)
{
	return str_equal(place->type, "local") ? place->directory : place->reference;
}

size_t build_imports_add_arguments(const struct build *build, const struct build_cache_place *place, const char **arguments, size_t count)
{
	struct transfer_registry registry = build->request->registry ? *build->request->registry : (struct transfer_registry){ .authfile = NULL };

	if (str_equal(place->type, "local")) {
		arguments[count++] = "--directory";
		arguments[count++] = place->directory;
		if (place->tag || place->digest) {
			arguments[count++] = place->digest ? "--digest" : "--tag";
			arguments[count++] = place->digest ? place->digest : place->tag;
		}
		return count;
	}
	arguments[count++] = "--registry";
	arguments[count++] = place->reference;
	registry.skips_verification |= place->is_insecure;
	return count + transfer_registry_add(build->arena, &registry, arguments + count);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static void list_entries(struct arena *arena, struct place *place)
{
	place->entries = arena_alloc(arena, place->cache.record_count * SPEC_BUILD_CACHE_KEYS + 1, sizeof *place->entries);
	for (size_t i = 0; i < place->cache.record_count; i++)
		for (char **key = place->cache.records[i].keys; *key; key++)
			place->entries[place->entry_count++] = (struct entry){ *key, &place->cache.records[i] };
	if (place->entry_count)
		qsort(place->entries, place->entry_count, sizeof *place->entries, compare_entries);
}

static int read_place(struct build *build, size_t number, size_t vertex, struct error *err)
{
	struct build_transfer transfer = { build, vertex };
	const char *arguments[BUILD_IMPORT_ARGUMENTS + 2] = { "cache-import" }, *text = NULL;
	const struct transfer_request request = { .directories = build->directories, .arguments = arguments, .tell = build_tell_transfer, .context = &transfer };
	struct place *place = &build->imports->places[number];
	int r;

	build_imports_add_arguments(build, &build->request->cache_from[number], arguments, 1);
	r = transfer_run(build->arena, &request, &text, err);
	if (r == 0)
		r = spec_build_cache_decode(build->arena, text, strlen(text), &place->cache, err);
	if (r == 0)
		list_entries(build->arena, place);
	return r;
}

void build_imports_open(struct build *build)
{
	const struct build_request *request = build->request;

	if (request->cache_from_count == 0 || request->no_cache)
		return;
	build->imports = arena_alloc(build->arena, 1, sizeof *build->imports);
	build->imports->places = arena_alloc(build->arena, request->cache_from_count, sizeof *build->imports->places);
	build->imports->count = request->cache_from_count;
	build->imports->barren = arena_alloc(build->arena, 1, sizeof *build->imports->barren);
	for (size_t i = 0; i < request->cache_from_count; i++) {
		const char *title = build_imports_title(&request->cache_from[i]);
		size_t vertex = build_add_vertex(build, arena_printf(build->arena, "importing cache manifest from %s", title), NULL, 0);
		struct error err = ERROR_INIT;

		build_tell(build, vertex, BUILD_STARTED);
		if (read_place(build, i, vertex, &err) < 0) {
			build->imports->places[i].is_out_of_use = true;
			build_warn(build, "cannot use the cache '%s': %s", title, err.message);
		}
		build_tell(build, vertex, BUILD_DONE);
	}
}

/* ---- finding ---------------------------------------------------------------------------------- */

static bool is_in_use(const struct build *build, size_t number)
{
	return !build->imports->places[number].is_out_of_use;
}

static const struct spec_build_cache_record *find_record(const struct build *build, const char *key)
{
	const struct entry wanted = { .key = key };

	for (size_t i = 0; i < build->imports->count; i++) {
		const struct place *place = &build->imports->places[i];
		const struct entry *found = is_in_use(build, i) && place->entry_count
			? bsearch(&wanted, place->entries, place->entry_count, sizeof wanted, compare_entries) : NULL;

		if (found && !strv_contains(build->imports->barren, found->record->diff_id))
			return found->record;
	}
	return NULL;
}

/* image-spec, config.md: "Layer ChainID". */
static const char *chain_id_of(struct arena *arena, const char *parent, const char *diff_id)
{
	char hex[SHA256_HEX_SIZE];
	const char *text = parent ? arena_printf(arena, "%s %s", parent, diff_id) : diff_id;

	if (!parent && str_starts_with(diff_id, "sha256:"))
		return diff_id;
	sha256_hex(text, strlen(text), hex);
	return arena_printf(arena, "sha256:%s", hex);
}

bool build_imports_find(struct build *build, const char *key, const char *parent, struct build_layer *ret)
{
	const struct spec_build_cache_record *record;
	struct build_import_blob blob;
	char hex[SHA256_HEX_SIZE];

	if (!build->imports)
		return false;
	sha256_hex(key, strlen(key), hex);
	record = find_record(build, hex);
	if (!record)
		return false;
	*ret = (struct build_layer){ .chain_id = chain_id_of(build->arena, parent, record->diff_id), .diff_id = record->diff_id, .created = record->created,
		.title = record->title, .content_key = record->keys[1], .is_remote = true };
	if (build_imports_find_blob(build, record->diff_id, &blob)) {
		ret->blob = blob.layer->digest;
		ret->media_type = blob.layer->media_type;
		ret->blob_size = blob.layer->size;
	}
	return true;
}

bool build_imports_find_blob(const struct build *build, const char *diff_id, struct build_import_blob *ret)
{
	for (size_t i = 0; build->imports && i < build->imports->count; i++) {
		const struct spec_build_cache *cache = &build->imports->places[i].cache;

		for (size_t n = 0; n < cache->layer_count && is_in_use(build, i); n++)
			if (cache->layers[n].digest && str_equal(cache->layers[n].diff_id, diff_id)) {
				*ret = (struct build_import_blob){ i, &cache->layers[n] };
				return true;
			}
	}
	return false;
}

bool build_imports_find_mount(const struct build *build, const char *id, struct build_import_blob *ret)
{
	for (size_t i = 0; build->imports && i < build->imports->count; i++) {
		const struct spec_build_cache *cache = &build->imports->places[i].cache;

		for (size_t n = 0; n < cache->mount_count && is_in_use(build, i); n++)
			if (str_equal(cache->mounts[n].id, id) && cache->layers[cache->mounts[n].layer].digest) {
				*ret = (struct build_import_blob){ i, &cache->layers[cache->mounts[n].layer] };
				return true;
			}
	}
	return false;
}

void build_imports_forget(struct build *build, const struct build_stale *stale, const struct error *why)
{
	size_t count = strv_length(build->imports->barren);
	char **larger;

	if (!stale->diff_id[0]) {
		build->imports->places[stale->place].is_out_of_use = true;
		build_warn(build, "cannot use the cache '%s': %s", build_imports_title(&build->request->cache_from[stale->place]), why->message);
		return;
	}
	larger = arena_alloc(build->arena, count + 2, sizeof *larger);
	memcpy(larger, build->imports->barren, count * sizeof *larger);
	larger[count] = arena_strdup(build->arena, stale->diff_id);
	build->imports->barren = larger;
}

/* ---- fetching -------------------------------------------------------------------------------------- */

/* A line for each that has come, in a step's output. */
static void print(void *context _unused_, const struct spec_transfer_event *event)
{
	if (event->kind == SPEC_TRANSFER_ITEM && event->phase == SPEC_TRANSFER_COMPLETE)
		dprintf(STDOUT_FILENO, "%s has come from a cache\n", event->item);
}

static int run_fetch(struct build *build, size_t place, const struct spec_build_fetch *work, size_t vertex, struct error *err)
{
	struct build_transfer transfer = { build, vertex };
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = memfd_create("fetch", MFD_CLOEXEC);
	const char *arguments[BUILD_IMPORT_ARGUMENTS + 6] = { "cache-fetch", "--work-fd" }, *answer = NULL;
	const int fds[] = { fd, build->lease.fd };
	const struct transfer_request request = { .directories = build->directories, .arguments = arguments, .fds = fds, .fd_count = ARRAY_SIZE(fds),
		.tell = vertex == BUILD_IMPORT_PRINTS ? print : build_tell_transfer, .context = &transfer };
	int r = fd < 0 ? -errno : 0;

	spec_build_fetch_encode(work, &text);
	if (r == 0)
		r = fd_write_all(fd, text.data, text.length);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot keep the work of bivy-transfer in memory");
	arguments[2] = arena_printf(build->arena, "%d", fd);
	arguments[3] = "--lease-fd";
	arguments[4] = arena_printf(build->arena, "%d", build->lease.fd);
	build_imports_add_arguments(build, &build->request->cache_from[place], arguments, 5);
	return transfer_run(build->arena, &request, &answer, err);
}

/* Those that have come by now are as others. */
static size_t hold_present(struct build *build, struct build_files *files, struct error *err, int *ret)
{
	size_t missing = 0;

	for (size_t i = 0; *ret == 0 && i < files->count; i++) {
		struct build_layer *layer = &files->layers[i];

		if (!layer->is_remote)
			continue;
		*ret = lease_add(&build->lease, layer->chain_id, err);
		if (*ret == 0 && layer->blob)
			*ret = lease_add(&build->lease, layer->blob, err);
		layer->is_remote = !layer_exists(&build->store, layer->chain_id);
		missing += layer->is_remote;
	}
	return missing;
}

/* The layers from the base up to, but for, the first that is missing and not at the place of the missing one before: *RET of them. */
static int list_chain(struct build *build, const struct build_files *files, struct spec_build_image_layer *list, size_t *ret, struct build_stale *stale)
{
	bool has_place = false;

	for (*ret = 0; *ret < files->count; ++*ret) {
		const struct build_layer *layer = &files->layers[*ret];
		struct build_import_blob blob;

		list[*ret] = (struct spec_build_image_layer){ .chain_id = (char *)layer->chain_id, .diff_id = (char *)layer->diff_id };
		if (!layer->is_remote)
			continue;
		if (!build_imports_find_blob(build, layer->diff_id, &blob)) {
			snprintf(stale->diff_id, sizeof stale->diff_id, "%s", layer->diff_id);
			return -ESTALE;
		}
		if (has_place && blob.place != stale->place)
			return 0;
		has_place = true;
		stale->place = blob.place;
		list[*ret].digest = blob.layer->digest;
		list[*ret].media_type = blob.layer->media_type;
		list[*ret].size = blob.layer->size;
	}
	return 0;
}

static int remember(struct build *build, const struct build_layer *layer, struct error *err)
{
	bool has_blob = layer->blob && blob_exists(&build->store, layer->blob, layer->blob_size);
	const struct spec_build_record record = { .key = (char *)layer->key, .description = (char *)layer->title, .created = (char *)layer->created,
		.chain_id = (char *)layer->chain_id, .diff_id = (char *)layer->diff_id, .content_key = (char *)layer->content_key,
		.blob = has_blob ? (char *)layer->blob : NULL, .blob_media_type = has_blob ? (char *)layer->media_type : NULL,
		.blob_size = has_blob ? layer->blob_size : 0 };

	return layer->key ? build_cache_put(build->directories, BUILD_CACHE_STEPS, &record, err) : 0;
}

static int fetch_some(struct build *build, struct build_files *files, size_t vertex, struct build_stale *stale, struct error *err)
{
	struct spec_build_fetch work = { .layers = arena_alloc(build->arena, files->count + 1, sizeof *work.layers) };
	int r = list_chain(build, files, work.layers, &work.layer_count, stale);

	if (r < 0)
		return error_set(err, ERROR_UNAVAILABLE, ESTALE, "the layer '%s' is in no cache", stale->diff_id);
	r = run_fetch(build, stale->place, &work, vertex, err);
	return r < 0 ? -ESTALE : 0;
}

bool build_imports_are_needed(const struct build_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->layers[i].is_remote)
			return true;
	return false;
}

int build_imports_fetch(struct build *build, struct build_files *files, size_t vertex, struct build_stale *stale, struct error *err)
{
	bool *was_remote = arena_alloc(build->arena, files->count + 1, sizeof *was_remote);
	size_t missing, before = SIZE_MAX;
	int r = 0;

	*stale = (struct build_stale){ .place = 0 };
	for (size_t i = 0; i < files->count; i++)
		was_remote[i] = files->layers[i].is_remote;
	while ((missing = hold_present(build, files, err, &r)) > 0 && r == 0) {
		/* What has come in vain once would do so again. */
		r = missing < before ? fetch_some(build, files, vertex, stale, err) : error_set(err, ERROR_UNAVAILABLE, ESTALE, "its layers do not stay in the store");
		r = missing < before ? r : -ESTALE;
		stale->is_stale = r == -ESTALE;
		before = missing;
	}
	for (size_t i = 0; r == 0 && i < files->count; i++)
		if (was_remote[i])
			r = remember(build, &files->layers[i], err);
	return r;
}

int build_imports_fetch_blobs(struct build *build, const struct build_import_blob *blobs, size_t count, const char *directory, size_t vertex,
	struct error *err)
{
	struct spec_build_fetch work = { .layers = arena_alloc(build->arena, count + 1, sizeof *work.layers), .layer_count = count,
		.blobs_only = !directory, .directory = (char *)directory };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct spec_build_cache_layer *layer = blobs[i].layer;

		work.layers[i] = (struct spec_build_image_layer){ .digest = layer->digest, .media_type = layer->media_type, .size = layer->size };
		r = lease_add(&build->lease, layer->digest, err);
	}
	return r < 0 || count == 0 ? r : run_fetch(build, blobs[0].place, &work, vertex, err);
}
