/* SPDX-License-Identifier: Apache-2.0 */
#include "store/images.h"
#include "base/file.h"
#include "spec/image_digest.h"
#include "spec/image_index.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>

#define INDEX "index.json"
#define INDEX_NEW ".index.json.new"
#define INDEX_COPY ".index.json.copy"
#define INDEX_COPY_NEW ".index.json.copy.new"

/* An entry is some 15 values, of which json.h reads 2^18 in a document. */
#define IMAGE_LIMIT 15000

/* What an entry tells of its image besides the target. The size is written as a number. */
#define KEY_NAME SPEC_ANNOTATION_REF_NAME
#define KEY_CREATED SPEC_ANNOTATION_CREATED
#define KEY_MANIFEST "org.bivy.manifest"
#define KEY_ID "org.bivy.id"
#define KEY_TOP_LAYER "org.bivy.top-layer"
#define KEY_PLATFORM "org.bivy.platform"
#define KEY_SIZE "org.bivy.size"

static const struct {
	const char *key;
	size_t offset; /* of a char * in struct image */
} texts[] = {
	{ KEY_NAME, offsetof(struct image, name) },
	{ KEY_CREATED, offsetof(struct image, created) },
	{ KEY_MANIFEST, offsetof(struct image, manifest) },
	{ KEY_ID, offsetof(struct image, id) },
	{ KEY_TOP_LAYER, offsetof(struct image, top_layer) },
	{ KEY_PLATFORM, offsetof(struct image, platform) },
};

static char **text_of(struct image *image, size_t i)
{
	return (char **)(void *)((char *)image + texts[i].offset);
}

/* ---- index.json --------------------------------------------------------------- */

static int read_index(const struct store *store, struct arena *arena, struct spec_index **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(store->fd, INDEX, SPEC_INDEX_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s/" INDEX "'", store->path);
	r = spec_index_decode(arena, text.data ? text.data : "", text.length, ret, err);
	if (r < 0) {
		error_wrap(err, "cannot read '%s/" INDEX "'", store->path);
		error_hint(err, "`bivy system check --repair` puts its copy in its place");
	}
	return r;
}

/* The next writer, who has the lock as well, truncates what one that was killed has left. */
static int replace(const struct store *store, const char *scratch, const char *name, const struct buf *text, bool syncs)
{
	_cleanup_close_ int fd = openat(store->fd, scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text->data, text->length);
	if (r == 0 && syncs && fdatasync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(store->fd, scratch, store->fd, name) < 0)
		r = -errno;
	if (r < 0)
		ignore_result(unlinkat(store->fd, scratch, 0));
	return r;
}

/* Replaces the file by TEXT, on disk when this returns. */
static int replace_synced(const struct store *store, const struct buf *text)
{
	int r = replace(store, INDEX_NEW, INDEX, text, true);

	if (r == 0 && fsync(store->fd) < 0)
		r = -errno;
	/* For image_mend(). It is the file that counts. */
	if (r == 0)
		ignore_result(replace(store, INDEX_COPY_NEW, INDEX_COPY, text, false));
	return r;
}

static int write_index(const struct store *store, const struct spec_index *index, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_index_encode(index, &text);
	/* What could not be read again is not written. */
	r = text.length > SPEC_INDEX_LIMIT || index->manifest_count > IMAGE_LIMIT ? -EFBIG : replace_synced(store, &text);
	return r < 0 ? error_errno(err, -r, "cannot write '%s/" INDEX "'", store->path) : 0;
}

int image_mend(const struct store *store, bool *ret_mended, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int lock = -EBADF;
	struct spec_index *index = NULL;
	struct error damage = ERROR_INIT;
	int r = lock_exclusive(store, STORE_LOCK_INDEX, &lock);

	*ret_mended = false;
	if (r < 0)
		return error_errno(err, -r, "cannot lock the index of '%s'", store->path);
	if (read_index(store, arena, &index, &damage) == 0)
		return 0;
	if (file_read_regular_at(store->fd, INDEX_COPY, SPEC_INDEX_LIMIT, &text) < 0 ||
	    spec_index_decode(arena, text.data ? text.data : "", text.length, &index, NULL) < 0) {
		if (err)
			*err = damage;
		return -EBADMSG;
	}
	r = tree_remove_at(store->fd, INDEX); /* whatever it is */
	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot remove '%s/" INDEX "'", store->path);
	r = write_index(store, index, err);
	*ret_mended = r == 0;
	return r;
}

/* ---- entries --------------------------------------------------------------------- */

/* An entry of another program's has no annotations of ours: then the target is all that is known. */
static void read_entry(const struct spec_descriptor *entry, struct image *ret)
{
	const char *size = spec_descriptor_annotation(entry, KEY_SIZE);

	ret->media_type = entry->media_type;
	ret->target = entry->digest;
	ret->target_size = entry->size;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*text_of(ret, i) = (char *)spec_descriptor_annotation(entry, texts[i].key);
	if (!ret->manifest)
		ret->manifest = entry->digest;
	if (!ret->id)
		ret->id = entry->digest;
	if (!size || str_to_u64(size, 10, &ret->size) < 0)
		ret->size = 0;
}

static void write_entry(struct arena *arena, const struct image *image, struct spec_descriptor *ret)
{
	struct image copy = *image;
	struct spec_pair *pairs = arena_alloc(arena, ARRAY_SIZE(texts) + 1, sizeof *pairs);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (*text_of(&copy, i))
			pairs[count++] = (struct spec_pair){ arena_strdup(arena, texts[i].key), *text_of(&copy, i) };
	pairs[count++] = (struct spec_pair){ arena_strdup(arena, KEY_SIZE), arena_printf(arena, "%llu", (unsigned long long)image->size) };
	*ret = (struct spec_descriptor){ .media_type = image->media_type, .digest = image->target, .size = image->target_size,
					 .annotations = pairs, .annotation_count = count };
}

static const char *name_of(const struct spec_descriptor *entry)
{
	return spec_descriptor_annotation(entry, KEY_NAME);
}

static void remove_entry(struct spec_index *index, size_t i)
{
	index->manifest_count--;
	memmove(&index->manifests[i], &index->manifests[i + 1], (index->manifest_count - i) * sizeof *index->manifests);
}

static void add_entry(struct arena *arena, struct spec_index *index, const struct spec_descriptor *entry)
{
	struct spec_descriptor *larger = arena_alloc(arena, index->manifest_count + 1, sizeof *larger);

	if (index->manifest_count)
		memcpy(larger, index->manifests, index->manifest_count * sizeof *larger);
	larger[index->manifest_count++] = *entry;
	index->manifests = larger;
}

static bool has_target(const struct spec_index *index, const char *digest)
{
	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_equal(index->manifests[i].digest, digest))
			return true;
	return false;
}

/* ---- reading ----------------------------------------------------------------------- */

int image_list(const struct store *store, struct arena *arena, struct image **ret, size_t *ret_count, struct error *err)
{
	struct spec_index *index = NULL;
	struct image *images;
	int r = read_index(store, arena, &index, err);

	if (r < 0)
		return r;
	images = arena_alloc(arena, index->manifest_count + 1, sizeof *images);
	for (size_t i = 0; i < index->manifest_count; i++)
		read_entry(&index->manifests[i], &images[i]);
	*ret = images;
	*ret_count = index->manifest_count;
	return 0;
}

struct image_set {
	const struct image *images;
	size_t count;
};

/* By repository and digest; the tag, if there is one too, does not matter. */
static const struct image *find_by_digest(const struct image_set *set, struct arena *arena, const struct spec_reference *wanted)
{
	for (size_t i = 0; i < set->count; i++) {
		struct spec_reference reference;

		if (!str_equal(set->images[i].target, wanted->digest) && !str_equal(set->images[i].manifest, wanted->digest))
			continue;
		if (set->images[i].name && spec_reference_parse(arena, set->images[i].name, &reference, NULL) == 0 &&
		    spec_reference_same_repository(&reference, wanted))
			return &set->images[i];
	}
	return NULL;
}

static const struct image *find_by_name(const struct image_set *set, struct arena *arena, struct spec_reference *wanted)
{
	const char *name;

	if (wanted->digest)
		return find_by_digest(set, arena, wanted);
	spec_reference_add_default_tag(wanted);
	name = spec_reference_text(arena, wanted);
	for (size_t i = 0; i < set->count; i++)
		if (str_equal(set->images[i].name, name))
			return &set->images[i];
	return NULL;
}

/* The image whose id, or whose target, begins with the hexadecimal digits TEXT. */
static int find_by_id(const struct image_set *set, const char *text, const struct image **ret, struct error *err)
{
	const char *digits = str_starts_with(text, "sha256:") ? text + strlen("sha256:") : text;
	const struct image *found = NULL;

	if (!*digits || strlen(digits) > 64 || !spec_digest_is_hex(digits, strlen(digits)))
		return 0;
	for (size_t i = 0; i < set->count; i++) {
		const struct image *image = &set->images[i];

		if (!str_starts_with(spec_digest_encoded(image->id), digits) && !str_starts_with(spec_digest_encoded(image->target), digits))
			continue;
		if (found && !str_equal(found->id, image->id))
			return error_set(err, ERROR_CONFLICT, 0, "'%.100s' is the beginning of several images' ids", text);
		found = found ? found : image;
	}
	*ret = found;
	return 0;
}

int image_find(const struct store *store, struct arena *arena, const char *text, struct image *ret, struct error *err)
{
	struct spec_reference wanted;
	struct image *images = NULL;
	struct image_set set = { .count = 0 };
	const struct image *found = NULL;
	bool is_digest = str_starts_with(text, "sha256:") || spec_digest_is_hex(text, 64);
	int r = 0;

	if (!is_digest)
		r = spec_reference_parse(arena, text, &wanted, err);
	if (r == 0)
		r = image_list(store, arena, &images, &set.count, err);
	if (r < 0)
		return r;
	set.images = images;
	if (!is_digest)
		found = find_by_name(&set, arena, &wanted);
	if (!found)
		r = find_by_id(&set, text, &found, err);
	if (r < 0)
		return r;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, 0, "no such image '%.280s'", text);
	*ret = *found;
	return 0;
}

/* ---- changing ------------------------------------------------------------------------ */

static int lock_and_read(const struct store *store, struct arena *arena, int *ret_lock, struct spec_index **ret, struct error *err)
{
	int r = lock_exclusive(store, STORE_LOCK_INDEX, ret_lock);

	if (r < 0)
		return error_errno(err, -r, "cannot lock the images in '%s'", store->path);
	return read_index(store, arena, ret, err);
}

/* Takes the name away from the entry that has it; keeps the entry if it is the last one of another target. */
static void free_name(struct arena *arena, struct spec_index *index, const struct image *image)
{
	for (size_t i = 0; i < index->manifest_count; i++) {
		struct image old;

		if (!str_equal(name_of(&index->manifests[i]), image->name))
			continue;
		read_entry(&index->manifests[i], &old);
		remove_entry(index, i);
		if (!str_equal(old.target, image->target) && !has_target(index, old.target)) {
			struct spec_descriptor nameless;

			old.name = NULL;
			write_entry(arena, &old, &nameless);
			add_entry(arena, index, &nameless);
		}
		return;
	}
}

/* The nameless entry of a target is in the way of one with a name, or of the same again. */
static void remove_nameless(struct spec_index *index, const char *target)
{
	for (size_t i = 0; i < index->manifest_count; i++)
		if (str_equal(index->manifests[i].digest, target) && !name_of(&index->manifests[i]))
			remove_entry(index, i--);
}

int image_put(const struct store *store, const struct image *image, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int lock = -EBADF;
	struct spec_index *index = NULL;
	struct spec_descriptor entry;
	int r = store_sync(store);

	if (r < 0)
		return error_errno(err, -r, "cannot write the store '%s' to its disk", store->path);
	r = lock_and_read(store, arena, &lock, &index, err);
	if (r < 0)
		return r;
	if (image->name)
		free_name(arena, index, image);
	remove_nameless(index, image->target);
	if (image->name || !has_target(index, image->target)) {
		write_entry(arena, image, &entry);
		add_entry(arena, index, &entry);
	}
	return write_index(store, index, err);
}

int image_remove(const struct store *store, const struct image *image, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int lock = -EBADF;
	struct spec_index *index = NULL;
	int r = lock_and_read(store, arena, &lock, &index, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < index->manifest_count; i++) {
		if (!str_equal(index->manifests[i].digest, image->target) || !str_equal(name_of(&index->manifests[i]), image->name))
			continue;
		remove_entry(index, i);
		return write_index(store, index, err);
	}
	return error_set(err, ERROR_NOT_FOUND, 0, "no such image '%.280s'", image->name ? image->name : image->target);
}
