/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_entries.h"
#include "base/file.h"
#include "base/moment.h"
#include "engine/build_cache.h"
#include "engine/build_mount_cache.h"
#include "spec/download.h"
#include "spec/image_digest.h"
#include "spec/manifest.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/lease.h"
#include "store/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#define SUFFIX ".json"

/* While they are read. */
struct reading {
	struct build_entries *entries;
	struct path_set *shared; /* layers that images have */
	struct path_set *leased; /* layers that running commands need */
	int fd;                  /* of the directory that is listed */
	bool roughly;
};

static struct build_entry *add(struct build_entries *entries)
{
	if (entries->count == entries->capacity) {
		struct build_entry *larger;

		entries->capacity = entries->capacity * 2 + 64;
		larger = arena_alloc(entries->arena, entries->capacity, sizeof *larger);
		if (entries->count)
			memcpy(larger, entries->list, entries->count * sizeof *larger);
		entries->list = larger;
	}
	entries->list[entries->count] = (struct build_entry){ .chain_id = NULL };
	return &entries->list[entries->count++];
}

/* ---- who else has layers -------------------------------------------------------------------- */

/* Down to one that another image has, too, or that cannot be read. */
static void add_shared(struct reading *reading, const char *chain_id)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_layer layer;

	while (chain_id && path_set_add(reading->shared, chain_id)) {
		if (layer_read(&reading->entries->store, arena, chain_id, &layer, NULL) < 0)
			return;
		chain_id = layer.parent;
	}
}

static int find_shared(struct reading *reading, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(&reading->entries->store, arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		add_shared(reading, images[i].top_layer);
	return r;
}

static int find_leased(struct reading *reading, struct error *err)
{
	const struct store *store = &reading->entries->store;
	_cleanup_buf_ struct buf digests = BUF_INIT;
	_cleanup_close_ int lock = -EBADF;
	char *place = NULL;
	int r = lock_exclusive(store, STORE_LOCK_CONTENT, &lock);

	if (r == 0)
		r = lease_collect(store, &digests);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/leases'", store->path);
	for (char *digest = digests.data ? strtok_r(digests.data, "\n", &place) : NULL; digest; digest = strtok_r(NULL, "\n", &place))
		path_set_add(reading->leased, digest);
	return 0;
}

/* ---- steps ------------------------------------------------------------------------------------ */

static int64_t seconds_of(const char *text)
{
	struct timespec moment;

	return text && moment_parse(text, &moment) == 0 ? moment.tv_sec : 0;
}

/* Each record by itself at first. */
static int add_record(void *context, const char *id, int64_t used_s, const struct spec_build_record *record)
{
	struct reading *reading = context;
	struct arena *arena = reading->entries->arena;
	struct build_entry *entry = add(reading->entries);

	entry->shown = (struct build_cache_entry){ .id = arena_strdup(arena, id), .kind = BUILD_CACHE_STEP,
		.description = record->description ? arena_strdup(arena, record->description) : "", .created_s = seconds_of(record->created),
		.used_s = used_s };
	entry->chain_id = record->chain_id ? arena_strdup(arena, record->chain_id) : NULL;
	if (record->blob && blob_exists(&reading->entries->store, record->blob, record->blob_size))
		entry->blob_size = record->blob_size;
	return 0;
}

static int compare_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) : (one != NULL) - (other != NULL);
}

static int compare_layers(const void *a, const void *b)
{
	const struct build_entry *one = a, *other = b;
	int difference = compare_text(one->chain_id, other->chain_id);

	return difference ? difference : strcmp(one->shown.id, other->shown.id);
}

static void be_used(struct build_entry *entry, const struct build_entry *by)
{
	if (entry->shown.used_s < by->shown.used_s)
		entry->shown.used_s = by->shown.used_s;
}

/* What another record says of the same layer. */
static void join(struct build_entry *entry, const struct build_entry *more)
{
	if (entry->shown.used_s < more->shown.used_s)
		entry->shown.description = more->shown.description;
	be_used(entry, more);
	if (!entry->blob_size)
		entry->blob_size = more->blob_size;
}

/* Records of one layer become one entry, which is called as the first of them. */
static void join_records(struct build_entries *entries)
{
	char **ids = arena_alloc(entries->arena, 2 * entries->count + 1, sizeof *ids);
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++) {
		struct build_entry *last = kept ? &entries->list[kept - 1] : NULL, *entry = &entries->list[i];
		bool is_same = last && last->chain_id && compare_text(last->chain_id, entry->chain_id) == 0;

		if (is_same) {
			join(last, entry);
			ids--; /* over the NULL */
		} else {
			entry->records = ids;
			entries->list[kept++] = *entry;
		}
		*ids++ = (char *)entry->shown.id;
		*ids++ = NULL;
	}
	entries->count = kept;
}

static void measure_step(struct reading *reading, struct build_entry *entry)
{
	struct spec_layer layer;

	entry->is_useless = !entry->chain_id || layer_read(&reading->entries->store, reading->entries->arena, entry->chain_id, &layer, NULL) < 0;
	if (entry->is_useless)
		return;
	entry->parent = layer.parent;
	entry->shown.shared = path_set_has(reading->shared, entry->chain_id);
	/* The blob of an image's layer is the image's. */
	entry->shown.size = layer.size + (entry->shown.shared ? 0 : entry->blob_size);
	entry->shown.in_use = path_set_has(reading->leased, entry->chain_id);
}

static struct build_entry *find_layer(const struct build_entries *entries, const char *chain_id)
{
	const struct build_entry wanted = { .chain_id = chain_id };
	size_t low = 0, high = entries->count;

	while (chain_id && low < high) {
		size_t middle = low + (high - low) / 2;
		int difference = compare_text(entries->list[middle].chain_id, wanted.chain_id);

		if (difference == 0)
			return &entries->list[middle];
		if (difference < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Those that a layer lies on are as young as it is, or have it in use as well. */
static void bear(const struct build_entries *entries, struct build_entry *entry)
{
	struct build_entry *below = find_layer(entries, entry->parent);

	/* Only damage makes circles. */
	for (; below && entry->depth < SPEC_LAYER_LIMIT; below = find_layer(entries, below->parent)) {
		entry->depth++;
		be_used(below, entry);
		below->shown.in_use |= entry->shown.in_use;
	}
}

static int read_steps(struct reading *reading, struct error *err)
{
	struct build_entries *entries = reading->entries;
	int r = build_cache_visit(entries->directories, BUILD_CACHE_STEPS, add_record, reading);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/build/cache'", entries->directories->root);
	if (entries->count)
		qsort(entries->list, entries->count, sizeof *entries->list, compare_layers);
	join_records(entries);
	for (size_t i = 0; i < entries->count; i++)
		measure_step(reading, &entries->list[i]);
	for (size_t i = 0; i < entries->count; i++)
		bear(entries, &entries->list[i]);
	return 0;
}

/* ---- cache mounts, web servers, contexts ---------------------------------------------------------- */

static int add_mount(void *context, const char *name)
{
	const struct reading *reading = context;
	struct build_entries *entries = reading->entries;
	struct build_mount_cache cache;
	struct build_entry *entry;

	if (build_mount_cache_measure(reading->fd, name, reading->roughly, &cache) < 0)
		return 0; /* none, or it has gone just now */
	entry = add(entries);
	entry->shown = (struct build_cache_entry){ .id = arena_strdup(entries->arena, name), .kind = BUILD_CACHE_MOUNT,
		.description = arena_printf(entries->arena, "cache mount %s", name), .used_s = cache.used_s, .size = cache.bytes, .in_use = cache.in_use,
		.is_mutable = true };
	return 0;
}

/* "HEX.json" without what follows; false: it is called otherwise. */
static bool take_id(const char *name, const char *suffix, char ret[static BUILD_CACHE_ID_LENGTH + 1])
{
	if (strlen(name) != BUILD_CACHE_ID_LENGTH + strlen(suffix) || !str_equal(name + BUILD_CACHE_ID_LENGTH, suffix))
		return false;
	memcpy(ret, name, BUILD_CACHE_ID_LENGTH);
	ret[BUILD_CACHE_ID_LENGTH] = '\0';
	return spec_digest_is_hex(ret, BUILD_CACHE_ID_LENGTH);
}

static int add_download(void *context, const char *name)
{
	const struct reading *reading = context;
	struct build_entries *entries = reading->entries;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_download download = { .url = NULL };
	char id[BUILD_CACHE_ID_LENGTH + 1];
	struct build_entry *entry;
	struct stat status;

	if (!take_id(name, SUFFIX, id) || fstatat(reading->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	entry = add(entries);
	entry->shown = (struct build_cache_entry){ .id = arena_strdup(entries->arena, id), .kind = BUILD_CACHE_DOWNLOAD, .description = "",
		.used_s = status.st_mtim.tv_sec };
	entry->is_useless = file_read_whole_at(reading->fd, name, SPEC_DOWNLOAD_LIMIT, &text) < 0 ||
		spec_download_decode(entries->arena, text.data ? text.data : "", text.length, &download, NULL) < 0 || !download.digest ||
		!spec_digest_is_valid(download.digest);
	if (entry->is_useless)
		return 0;
	entry->shown.description = download.url ? download.url : "";
	entry->bytes = arena_printf(entries->arena, "%s-%s", id, spec_digest_encoded(download.digest));
	if (fstatat(reading->fd, entry->bytes, &status, AT_SYMLINK_NOFOLLOW) == 0)
		entry->shown.size = (uint64_t)status.st_size;
	else
		entry->is_useless = true;
	return 0;
}

static int add_context(void *context, const char *name)
{
	const struct reading *reading = context;
	struct build_entries *entries = reading->entries;
	char id[BUILD_CACHE_ID_LENGTH + 1];
	struct stat status;

	if (!take_id(name, "", id) || fstatat(reading->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	add(entries)->shown = (struct build_cache_entry){ .id = arena_strdup(entries->arena, id), .kind = BUILD_CACHE_CONTEXT,
		.description = "digests of a context's files", .used_s = status.st_mtim.tv_sec, .size = (uint64_t)status.st_size };
	return 0;
}

static int read_part(struct reading *reading, const char *part, file_visit_name *visit, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/build/%s", reading->entries->directories->root, part);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	reading->fd = fd;
	if (r == 0)
		r = file_each_name(fd, visit, reading);
	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot read '%s'", path) : 0;
}

/* ---- all ---------------------------------------------------------------------------------------------- */

static int compare_use(const void *a, const void *b)
{
	const struct build_entry *one = a, *other = b;

	if (one->is_useless != other->is_useless)
		return one->is_useless ? -1 : 1;
	if (one->shown.used_s != other->shown.used_s)
		return one->shown.used_s < other->shown.used_s ? -1 : 1;
	if (one->depth != other->depth)
		return one->depth > other->depth ? -1 : 1;
	return strcmp(one->shown.id, other->shown.id);
}

static int read_all(struct reading *reading, struct error *err)
{
	int r = find_shared(reading, err);

	if (r == 0)
		r = find_leased(reading, err);
	if (r == 0)
		r = read_steps(reading, err);
	if (r == 0)
		r = read_part(reading, "mounts", add_mount, err);
	if (r == 0)
		r = read_part(reading, "downloads", add_download, err);
	if (r == 0)
		r = read_part(reading, "index", add_context, err);
	return r;
}

int build_entries_read(struct arena *arena, const struct directories *directories, bool roughly, struct build_entries *ret, struct error *err)
{
	_cleanup_path_set_ struct path_set *shared = path_set_new(), *leased = path_set_new();
	struct build_entries entries = { .arena = arena, .directories = directories, .store = STORE_INIT };
	struct reading reading = { .entries = &entries, .shared = shared, .leased = leased, .roughly = roughly };
	int r = store_open(directories->images, &entries.store, err);

	if (r == 0)
		r = read_all(&reading, err);
	if (r < 0) {
		build_entries_done(&entries);
		return r;
	}
	if (entries.count)
		qsort(entries.list, entries.count, sizeof *entries.list, compare_use);
	*ret = entries;
	return 0;
}

void build_entries_done(struct build_entries *entries)
{
	store_close(&entries->store);
}

/* ---- taken away ------------------------------------------------------------------------------------------- */

static int remove_records(const struct build_entries *entries, const struct build_entry *entry)
{
	int r = 0;

	for (char **id = entry->records; r == 0 && *id; id++)
		r = build_cache_forget(entries->directories, BUILD_CACHE_STEPS, *id);
	return r;
}

/* None is no error. */
static int remove_file(const struct build_entries *entries, const char *part, const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/build/%s/%s", entries->directories->root, part, name);

	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The bytes first: a record of what is not there is of no use. */
static int remove_download(const struct build_entries *entries, const struct build_entry *entry)
{
	_cleanup_free_ char *record = str_printf("%s" SUFFIX, entry->shown.id);
	int r = entry->bytes ? remove_file(entries, "downloads", entry->bytes) : 0;

	return r < 0 ? r : remove_file(entries, "downloads", record);
}

int build_entry_remove(const struct build_entries *entries, const struct build_entry *entry, struct error *err)
{
	const char *kind = entry->shown.kind;
	int r;

	if (str_equal(kind, BUILD_CACHE_MOUNT))
		r = build_mount_cache_remove(entries->directories, entry->shown.id);
	else if (str_equal(kind, BUILD_CACHE_DOWNLOAD))
		r = remove_download(entries, entry);
	else if (str_equal(kind, BUILD_CACHE_CONTEXT))
		r = remove_file(entries, "index", entry->shown.id);
	else
		r = remove_records(entries, entry);
	if (r < 0)
		return error_errno(err, -r, "cannot remove '%s' of the build cache", entry->shown.id);
	return str_equal(kind, BUILD_CACHE_MOUNT) ? r : 1;
}
