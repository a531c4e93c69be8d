/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_usage.h"
#include "base/str.h"
#include "engine/container_users.h"
#include "engine/image_content.h"
#include "engine/image_entry.h"
#include "store/path_set.h"
#include "store/usage.h"

/* A blob or a layer on the disk, and who needs it. */
struct piece {
	const char *digest;
	bool is_layer; /* a base layer's chain id is the digest of its archive, too */
	uint64_t bytes;
	size_t users; /* images, by id */
	size_t last;  /* of them, counted from 1 */
};

struct pieces {
	struct arena *arena;
	struct piece *list;
	size_t count, capacity;
};

static void add_piece(void *context, const char *digest, bool is_layer, uint64_t bytes)
{
	struct pieces *pieces = context;

	if (pieces->count == pieces->capacity) {
		pieces->capacity = pieces->capacity * 2 + 64;
		pieces->list = memory_resize(pieces->list, pieces->capacity, sizeof *pieces->list);
	}
	pieces->list[pieces->count++] = (struct piece){ .digest = arena_strdup(pieces->arena, digest), .is_layer = is_layer, .bytes = bytes };
}

static int compare(const void *a, const void *b)
{
	const struct piece *one = a, *other = b;

	if (one->is_layer != other->is_layer)
		return one->is_layer ? 1 : -1;
	return strcmp(one->digest, other->digest);
}

static struct piece *find_piece(const struct pieces *pieces, const char *digest, bool is_layer)
{
	const struct piece wanted = { .digest = digest, .is_layer = is_layer };

	return pieces->count ? bsearch(&wanted, pieces->list, pieces->count, sizeof wanted, compare) : NULL;
}

/* What is asked of each piece of the image NUMBER: first who uses it, then, told by .usage, what that makes. */
struct count {
	const struct pieces *pieces;
	size_t number;
	struct image_usage *usage;
};

static int count_piece(void *context, const char *digest, bool is_layer)
{
	const struct count *count = context;
	struct piece *piece = find_piece(count->pieces, digest, is_layer);

	/* Put since the disk was measured, or counted already. */
	if (!piece || piece->last == count->number)
		return 0;
	piece->last = count->number;
	if (!count->usage)
		piece->users++;
	else if (piece->users > 1)
		count->usage->shared_bytes += piece->bytes;
	else
		count->usage->unique_bytes += piece->bytes;
	return 0;
}

/* All entries with the id of IMAGES[I], as one image. */
static int visit(const struct store *store, const struct image *images, size_t image_count, size_t i, struct count *count)
{
	int r = 0;

	for (size_t j = i; r == 0 && j < image_count; j++)
		if (str_equal(images[j].id, images[i].id))
			r = image_content_visit(store, &images[j], count_piece, count);
	return r;
}

static int compare_age(const void *a, const void *b)
{
	const struct image_usage *one = a, *other = b;

	if (one->entry.created_s != other->entry.created_s)
		return one->entry.created_s > other->entry.created_s ? -1 : 1;
	return strcmp(one->entry.id, other->entry.id);
}

/* Of the images of REPORT, which begin at FIRSTS. */
static void count_users(const struct container_users *users, const struct image *images, const size_t *firsts, struct image_usage_report *report)
{
	for (size_t i = 0; i < report->images; i++) {
		size_t containers = container_users_count(users, images[firsts[i]].id);

		report->active_images += containers > 0;
		if (report->each)
			report->each[i].containers = containers;
	}
}

static int divide(struct arena *arena, const struct store *store, const struct image *images, size_t count, const struct pieces *pieces,
		  const struct container_users *users, struct image_usage_report *report)
{
	_cleanup_path_set_ struct path_set *ids = path_set_new();
	size_t *firsts = arena_alloc(arena, count + 1, sizeof *firsts);
	int r = 0;

	for (size_t i = 0; i < count; i++)
		if (path_set_add(ids, images[i].id))
			firsts[report->images++] = i;
	for (size_t i = 0; pieces && r == 0 && i < report->images; i++)
		r = visit(store, images, count, firsts[i], &(struct count){ pieces, i + 1, NULL });
	if (!pieces || r < 0) {
		count_users(users, images, firsts, report);
		return r;
	}
	report->each = arena_alloc(arena, report->images + 1, sizeof *report->each);
	for (size_t i = 0; r == 0 && i < report->images; i++) {
		struct image_usage *usage = &report->each[report->each_count++];

		usage->entry = image_entry_make(arena, &images[firsts[i]]);
		r = visit(store, images, count, firsts[i], &(struct count){ pieces, report->images + i + 1, usage });
	}
	count_users(users, images, firsts, report);
	qsort(report->each, report->each_count, sizeof *report->each, compare_age);
	return r;
}

int image_usage_measure(struct arena *arena, const struct directories *directories, bool each, struct image_usage_report *ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	const struct store_roots roots = container_users_roots(directories), own = container_users_own_roots(directories);
	struct pieces pieces = { .arena = arena };
	const struct store_usage_question question = { .roots = &roots, .lasting = &own, .each = each ? add_piece : NULL, .context = &pieces };
	struct container_users users;
	struct image_usage_report report = { .images = 0 };
	struct store_usage usage;
	struct image *images = NULL;
	size_t count = 0;
	int r = store_open(directories->images, &store, err);

	if (r == 0)
		r = container_users_list(arena, directories, &users, err);
	if (r == 0)
		r = store_usage_visit(&store, &question, &usage, err);
	if (r == 0)
		r = image_list(&store, arena, &images, &count, err);
	if (r < 0) {
		free(pieces.list);
		return r;
	}
	if (pieces.count)
		qsort(pieces.list, pieces.count, sizeof *pieces.list, compare);
	report.content_bytes = usage.blob_bytes + usage.layer_bytes - usage.cached_bytes;
	report.cached_bytes = usage.cached_bytes;
	report.unfinished_bytes = usage.debris_bytes;
	report.other_bytes = usage.other_bytes;
	report.total_bytes = usage.total_bytes;
	report.orphan_bytes = usage.reclaimable_bytes;
	r = divide(arena, &store, images, count, each ? &pieces : NULL, &users, &report);
	free(pieces.list);
	report.unused_bytes = report.orphan_bytes;
	for (size_t i = 0; i < report.each_count; i++)
		if (!report.each[i].containers)
			report.unused_bytes += report.each[i].unique_bytes;
	/* All of it, if nothing needs any: what images share is nobody's alone. */
	if (!report.active_images)
		report.unused_bytes = report.content_bytes;
	if (r == 0)
		*ret = report;
	return r;
}
