/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/images.h"
#include "base/moment.h"
#include "engine/container_users.h"
#include "engine/image_content.h"
#include "engine/image_entry.h"
#include "engine/image_event.h"
#include "engine/image_filter.h"
#include "spec/reference.h"
#include "store/layers.h"
#include "store/lease.h"
#include "store/sweep.h"

/* ---- lists --------------------------------------------------------------------------- */

/* The order in which they were put, which an image with two names has twice, is kept among those of one age. */
struct listed {
	struct images_entry entry;
	size_t place;
};

static int compare_age(const void *a, const void *b)
{
	const struct listed *one = a, *other = b;

	if (one->entry.created_s != other->entry.created_s)
		return one->entry.created_s > other->entry.created_s ? -1 : 1;
	return one->place < other->place ? -1 : 1;
}

static int make_filter(struct arena *arena, const struct store *store, const struct images_list_request *request, struct image_filter *ret,
		       struct error *err)
{
	time_t now = time(NULL);
	int r = 0;

	*ret = (struct image_filter){ .references = NULL };
	for (size_t i = 0; r == 0 && request->filters && request->filters[i]; i++)
		r = image_filter_add(ret, arena, store, request->filters[i], now, err);
	return r;
}

/* What is asked for as an operand counts besides the filters. */
static bool is_asked_for(struct arena *arena, const struct images_list_request *request, const struct store *store, const struct image *image)
{
	struct image_filter operand = { .references = NULL };

	if (!request->reference)
		return true;
	image_filter_add_reference(&operand, arena, request->reference);
	return image_filter_passes(&operand, store, image);
}

static int count_containers(struct arena *arena, const struct directories *directories, struct listed *listed, size_t count, struct error *err)
{
	struct container_users users;
	int r = container_users_list(arena, directories, &users, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		listed[i].entry.container_count = container_users_count(&users, listed[i].entry.id);
	return r;
}

/* What cannot be read has none. */
static void read_labels(struct arena *arena, const struct store *store, const struct image *image, struct images_entry *entry)
{
	struct image_documents documents = { .manifest = NULL };

	if (image_content_read(store, arena, image, &documents, NULL) < 0 || !documents.config)
		return;
	entry->labels = documents.config->execution.labels;
	entry->label_count = documents.config->execution.label_count;
}

int images_list(struct arena *arena, const struct images_list_request *request, struct images_entry **ret, size_t *ret_count, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	struct image_filter filter;
	struct image *images = NULL;
	struct images_entry *entries;
	struct listed *listed;
	size_t count = 0, passed = 0;
	int r = store_open(request->directories->images, &store, err);

	if (r == 0)
		r = make_filter(arena, &store, request, &filter, err);
	if (r == 0)
		r = image_list(&store, arena, &images, &count, err);
	if (r < 0)
		return r;
	listed = arena_alloc(arena, count + 1, sizeof *listed);
	for (size_t i = 0; i < count; i++) {
		if (!image_filter_passes(&filter, &store, &images[i]) || !is_asked_for(arena, request, &store, &images[i]) ||
		    image_entry_is_shadow(arena, images, count, &images[i]))
			continue;
		listed[passed] = (struct listed){ image_entry_make(arena, &images[i]), i };
		if (request->reads_labels)
			read_labels(arena, &store, &images[i], &listed[passed].entry);
		passed++;
	}
	if (request->counts_containers)
		r = count_containers(arena, request->directories, listed, passed, err);
	if (r < 0)
		return r;
	qsort(listed, passed, sizeof *listed, compare_age);
	entries = arena_alloc(arena, passed + 1, sizeof *entries);
	for (size_t i = 0; i < passed; i++)
		entries[i] = listed[i].entry;
	*ret = entries;
	*ret_count = passed;
	return 0;
}

/* ---- details --------------------------------------------------------------------------- */

/* Sorts the names of the image into those with a tag and those by digest; each repository has the target's. */
static void collect_names(struct arena *arena, const struct image *images, size_t count, const struct image *image, struct images_details *ret)
{
	size_t tags = 0, digests = 0;

	ret->tags = arena_alloc(arena, count + 1, sizeof *ret->tags);
	ret->digests = arena_alloc(arena, count + 1, sizeof *ret->digests);
	for (size_t i = 0; i < count; i++) {
		struct spec_reference name;
		const char *repository, *digest;
		bool known = false;

		if (!str_equal(images[i].id, image->id) || !images[i].name || spec_reference_parse(arena, images[i].name, &name, NULL) < 0)
			continue;
		repository = spec_reference_familiar_repository(arena, &name);
		if (name.tag)
			ret->tags[tags++] = arena_printf(arena, "%s:%s", repository, name.tag);
		digest = arena_printf(arena, "%s@%s", repository, images[i].target);
		for (size_t j = 0; j < digests; j++)
			known = known || str_equal(ret->digests[j], digest);
		if (!known)
			ret->digests[digests++] = digest;
	}
}

static int collect_layers(struct arena *arena, const struct store *store, const struct image *image, struct images_details *ret, struct error *err)
{
	char **chain_ids = NULL;
	size_t count = 0;
	int r = layer_stack(store, arena, image->top_layer, &chain_ids, &count, err);

	if (r < 0)
		return error_wrap(err, "the image '%.200s' is not complete", image->name ? image->name : image->id);
	ret->layers = arena_alloc(arena, count + 1, sizeof *ret->layers);
	for (size_t i = 0; i < count; i++)
		ret->layers[i] = layer_path(arena, store, chain_ids[i]);
	return 0;
}

int images_inspect(struct arena *arena, const struct directories *directories, const char *text, struct images_details *ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	struct images_details details = { .tags = NULL };
	struct image_documents documents = { .manifest = NULL };
	struct image *images = NULL, image;
	size_t count = 0;
	int r = store_open(directories->images, &store, err);

	if (r == 0)
		r = image_find(&store, arena, text, &image, err);
	if (r == 0)
		r = image_list(&store, arena, &images, &count, err);
	if (r == 0)
		r = image_content_read(&store, arena, &image, &documents, err);
	if (r == 0)
		r = collect_layers(arena, &store, &image, &details, err);
	if (r < 0)
		return r;
	details.entry = image_entry_make(arena, &image);
	details.manifest = documents.manifest;
	details.manifest_digest = image.manifest;
	details.config = documents.config;
	collect_names(arena, images, count, &image, &details);
	*ret = details;
	return 0;
}

/* ---- history ---------------------------------------------------------------------------- */

/* The sizes of the layers, the base first. A missing one has none. */
static uint64_t *read_sizes(struct arena *arena, const struct store *store, const char *top, size_t count)
{
	uint64_t *sizes = arena_alloc(arena, count + 1, sizeof *sizes);

	while (top && count > 0) {
		struct spec_layer layer;

		if (layer_read(store, arena, top, &layer, NULL) < 0)
			break;
		sizes[--count] = layer.size;
		top = layer.parent;
	}
	return sizes;
}

static int64_t seconds_of(const char *moment)
{
	struct timespec time = { .tv_sec = 0 };

	if (!moment || moment_parse(moment, &time) < 0 || time.tv_sec < 0)
		return 0;
	return time.tv_sec;
}

/* CONFIG's history, turned around; each step that is not empty has the next layer. */
static struct images_step *make_steps(struct arena *arena, const struct store *store, const struct image *image, const struct spec_image_config *config)
{
	uint64_t *sizes = read_sizes(arena, store, image->top_layer, config->diff_id_count);
	struct images_step *steps = arena_alloc(arena, config->history_count + 1, sizeof *steps);
	size_t layer = 0;

	for (size_t i = 0; i < config->history_count; i++) {
		const struct spec_history *history = &config->history[i];
		struct images_step *step = &steps[config->history_count - 1 - i];

		step->history = history;
		step->created_s = seconds_of(history->created);
		if (!history->empty_layer && layer < config->diff_id_count)
			step->size = sizes[layer++];
	}
	if (config->history_count)
		steps[0].id = image->id;
	return steps;
}

int images_history(struct arena *arena, const struct directories *directories, const char *text, struct images_step **ret, size_t *ret_count,
	struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	struct image_documents documents = { .manifest = NULL };
	struct image image;
	int r = store_open(directories->images, &store, err);

	if (r == 0)
		r = image_find(&store, arena, text, &image, err);
	if (r == 0)
		r = image_content_read(&store, arena, &image, &documents, err);
	if (r < 0)
		return r;
	if (!documents.config)
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is an artifact, no image: it has no history", text);
	*ret = make_steps(arena, &store, &image, documents.config);
	*ret_count = documents.config->history_count;
	return 0;
}

/* ---- names -------------------------------------------------------------------------------- */

static int parse_new_name(struct arena *arena, const char *text, char **ret, struct error *err)
{
	struct spec_reference reference;
	int r = spec_reference_parse(arena, text, &reference, err);

	if (r < 0)
		return r;
	if (reference.digest)
		return error_set(err, ERROR_INVALID, 0, "cannot name an image '%.200s': a digest belongs to its content", text);
	spec_reference_add_default_tag(&reference);
	*ret = spec_reference_text(arena, &reference);
	return 0;
}

struct leasing {
	struct lease *lease;
	struct error *err;
};

static int add_to_lease(void *context, const char *digest, bool is_layer _unused_)
{
	const struct leasing *leasing = context;

	return lease_add(leasing->lease, digest, leasing->err);
}

int images_tag(const struct directories *directories, const char *source, const char *target, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	struct leasing leasing = { &lease, err };
	struct image image;
	char *name = NULL;
	int r = parse_new_name(arena, target, &name, err);

	if (r == 0)
		r = store_open(directories->images, &store, err);
	if (r == 0)
		r = store_sweep_debris(&store, SWEEP_PARTIAL_AGE_S, err);
	if (r == 0)
		r = image_find(&store, arena, source, &image, err);
	if (r == 0)
		r = lease_begin(&store, &lease, err);
	if (r == 0)
		r = image_content_visit(&store, &image, add_to_lease, &leasing);
	/* Its last name may have gone before the lease had it all. */
	if (r == 0)
		r = image_find(&store, arena, source, &image, err);
	if (r < 0)
		return r;
	image.name = name;
	r = image_put(&store, &image, err);
	if (r == 0)
		image_event_add(directories, "tag", image.id, image_entry_familiar(arena, &image));
	return r;
}
