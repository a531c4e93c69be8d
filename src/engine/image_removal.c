/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_removal.h"
#include "base/str.h"
#include "engine/container_users.h"
#include "engine/events.h"
#include "engine/image_entry.h"
#include "engine/image_event.h"
#include "engine/image_filter.h"
#include "engine/pool.h"
#include "spec/reference.h"
#include "store/layers.h"
#include "store/path_set.h"
#include "store/sweep.h"
#include "store/usage.h"

/* A removal under way. */
struct removal {
	const struct store *store;
	const struct directories *directories;
	struct container_users users; /* containers, whose images stay */
	struct arena *arena;
	const struct image *images; /* as they were before it */
	size_t count;
	bool *chosen;               /* of each: whether it goes */
	struct path_set *layers;    /* that the sweep removed */
	struct image_removal_report report;
	size_t untagged_count, deleted_count, deleted_capacity;
	struct error *err;
};

static int begin(struct removal *removal, const struct store *store, const struct directories *directories, struct arena *arena, struct error *err)
{
	struct image *images = NULL;
	int r;

	pool_drop(directories);
	*removal = (struct removal){ .store = store, .directories = directories, .arena = arena, .err = err };
	r = image_list(store, arena, &images, &removal->count, err);
	if (r == 0)
		r = container_users_list_whole(arena, directories, &removal->users, err);
	if (r < 0)
		return r;
	removal->images = images;
	removal->chosen = arena_alloc(arena, removal->count + 1, sizeof *removal->chosen);
	removal->report.untagged = arena_alloc(arena, removal->count + 1, sizeof *removal->report.untagged);
	return 0;
}

static void add_deleted(struct removal *removal, const char *digest)
{
	struct image_removal_report *report = &removal->report;

	if (removal->deleted_count + 1 >= removal->deleted_capacity) {
		size_t capacity = removal->deleted_capacity * 2 + 16;
		const char **larger = arena_alloc(removal->arena, capacity, sizeof *larger);

		if (removal->deleted_count)
			memcpy(larger, report->deleted, removal->deleted_count * sizeof *larger);
		report->deleted = larger;
		removal->deleted_capacity = capacity;
	}
	report->deleted[removal->deleted_count++] = digest;
}

/* ---- choosing ----------------------------------------------------------------------- */

/* Whether TEXT is the image's name, not its id. */
static bool is_called(struct arena *arena, const struct image *image, const char *text)
{
	struct spec_reference wanted, name;

	if (!image->name || str_starts_with(text, "sha256:") || spec_reference_parse(arena, text, &wanted, NULL) < 0 ||
	    spec_reference_parse(arena, image->name, &name, NULL) < 0 || !spec_reference_same_repository(&wanted, &name))
		return false;
	if (wanted.digest)
		return str_equal(wanted.digest, image->target) || str_equal(wanted.digest, image->manifest);
	spec_reference_add_default_tag(&wanted);
	return str_equal(wanted.tag, name.tag);
}

/* The last tag of a repository takes the digest's name with it, under which nobody sees it otherwise. */
static void choose_shadows(struct removal *removal, const struct image *image)
{
	struct image *staying = arena_alloc(removal->arena, removal->count + 1, sizeof *staying);
	size_t count = 0;

	for (size_t i = 0; i < removal->count; i++)
		if (!removal->chosen[i])
			staying[count++] = removal->images[i];
	for (size_t i = 0; i < removal->count; i++)
		if (!removal->chosen[i] && str_equal(removal->images[i].target, image->target) &&
		    image_entry_is_shadow(removal->arena, removal->images, removal->count, &removal->images[i]) &&
		    !image_entry_is_shadow(removal->arena, staying, count, &removal->images[i]))
			removal->chosen[i] = true;
}

static int choose_by_id(struct removal *removal, const struct image_removal_request *request, const struct image *image)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < removal->count; i++) {
		const struct image *other = &removal->images[i];

		if (!str_equal(other->id, image->id))
			continue;
		removal->chosen[i] = true;
		if (other->name && !image_entry_is_shadow(removal->arena, removal->images, removal->count, other))
			buf_printf(&names, "%s%s", count++ ? ", " : "", image_entry_familiar(removal->arena, other));
	}
	if (count < 2 || request->force)
		return 0;
	error_set(removal->err, ERROR_CONFLICT, 0, "cannot remove the image '%.80s': it has several names: %.700s", request->image, names.data);
	error_hint(removal->err, "--force removes it with all of them");
	return -EINVAL;
}

static int choose(struct removal *removal, const struct image_removal_request *request)
{
	bool by_name = false;
	struct image image;
	int r = image_find(removal->store, removal->arena, request->image, &image, removal->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < removal->count; i++) {
		removal->chosen[i] = is_called(removal->arena, &removal->images[i], request->image);
		by_name = by_name || removal->chosen[i];
	}
	if (!by_name)
		return choose_by_id(removal, request, &image);
	choose_shadows(removal, &image);
	return 0;
}

/* ---- removing --------------------------------------------------------------------------- */

static void note_layer(void *context, const char *digest, bool is_layer)
{
	if (is_layer)
		path_set_add(context, digest);
}

static bool id_remains(const struct removal *removal, const char *id)
{
	for (size_t i = 0; i < removal->count; i++)
		if (!removal->chosen[i] && str_equal(removal->images[i].id, id))
			return true;
	return false;
}

/* An image stays that a container was made of; by force, what is not running is left with an image without a name. */
static int check_users(const struct removal *removal, const struct image_removal_request *request)
{
	for (size_t i = 0; i < removal->count; i++) {
		const struct image *image = &removal->images[i];
		const struct container_user *user = container_users_find(&removal->users, image->id);
		bool cannot = user && user->runs && !is_called(removal->arena, image, request->image);

		if (!removal->chosen[i] || !user || id_remains(removal, image->id) || (request->force && !cannot))
			continue;
		error_set(removal->err, ERROR_CONFLICT, 0, "cannot remove the image '%.280s': the %scontainer '%s' (%.12s) uses it", request->image,
			  user->runs ? "running " : "", user->name, user->id);
		error_hint(removal->err, cannot ? "remove that first" : "remove that first, or use --force");
		return -EBUSY;
	}
	return 0;
}

static void report_untagged(struct removal *removal, const struct image *image)
{
	const char *name = image_entry_familiar(removal->arena, image);

	removal->report.untagged[removal->untagged_count++] = name;
	image_event_add(removal->directories, "untag", image->id, name);
}

/* Names go first, whatever comes then: another process may have taken one away already. */
static int remove_names(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++) {
		struct error err = ERROR_INIT;

		if (!removal->chosen[i])
			continue;
		if (image_remove(removal->store, &removal->images[i], &err) < 0 && err.kind != ERROR_NOT_FOUND) {
			if (removal->err)
				*removal->err = err;
			return -EINVAL;
		}
		if (removal->images[i].name && !image_entry_is_shadow(removal->arena, removal->images, removal->count, &removal->images[i]))
			report_untagged(removal, &removal->images[i]);
	}
	return 0;
}

/* The layers of all images that go, before they are gone; one list for each image. */
static char ***list_layers(const struct removal *removal)
{
	char ***stacks = arena_alloc(removal->arena, removal->count + 1, sizeof *stacks);

	for (size_t i = 0; i < removal->count; i++) {
		size_t count = 0;

		/* A layer that is missing: then only the image's id is told of. */
		if (removal->chosen[i] &&
		    layer_stack(removal->store, removal->arena, removal->images[i].top_layer, &stacks[i], &count, NULL) < 0)
			stacks[i] = NULL;
	}
	return stacks;
}

static void report_deleted(struct removal *removal, char ***stacks)
{
	_cleanup_path_set_ struct path_set *told = path_set_new();

	for (size_t i = 0; i < removal->count; i++) {
		if (!removal->chosen[i] || id_remains(removal, removal->images[i].id) || !path_set_add(told, removal->images[i].id))
			continue;
		add_deleted(removal, removal->images[i].id);
		image_event_add(removal->directories, "delete", removal->images[i].id, removal->images[i].id);
		for (char **layer = stacks[i]; layer && *layer; layer++)
			if (path_set_has(removal->layers, *layer) && path_set_add(told, *layer))
				add_deleted(removal, *layer);
	}
}

/* All that is chosen goes. */
static int run(struct removal *removal, bool keep_content)
{
	_cleanup_path_set_ struct path_set *layers = path_set_new();
	const struct sweep sweep = { .roots = container_users_roots(removal->directories), .removed = note_layer, .context = layers };
	struct sweep_report swept;
	char ***stacks = list_layers(removal);
	int r = remove_names(removal);

	removal->layers = layers;
	if (r == 0 && !keep_content)
		r = store_sweep(removal->store, &sweep, &swept, removal->err);
	if (r == 0)
		report_deleted(removal, stacks);
	if (!removal->report.deleted)
		removal->report.deleted = arena_alloc(removal->arena, 1, sizeof *removal->report.deleted);
	return r;
}

int image_removal_remove(struct arena *arena, const struct image_removal_request *request, struct image_removal_report *ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	struct removal removal;
	int r = store_open(request->directories->images, &store, err);

	if (r == 0)
		r = begin(&removal, &store, request->directories, arena, err);
	if (r == 0)
		r = choose(&removal, request);
	if (r == 0)
		r = check_users(&removal, request);
	if (r == 0)
		r = run(&removal, request->keep_content);
	if (r == 0)
		r = store_sweep_debris(&store, SWEEP_PARTIAL_AGE_S, err);
	if (r == 0)
		*ret = removal.report;
	return r;
}

/* ---- pruning -------------------------------------------------------------------------------- */

static int choose_unneeded(struct removal *removal, const struct image_prune_request *request)
{
	struct image_filter filter = { .references = NULL };
	time_t now = time(NULL);
	int r = 0;

	for (size_t i = 0; r == 0 && request->filters && request->filters[i]; i++)
		r = image_filter_add(&filter, removal->arena, removal->store, request->filters[i], now, removal->err);
	if (r < 0)
		return r;
	/* As docker: "dangling=false" is another way to say all. */
	if (filter.dangling == DANGLING_ANY && !request->all)
		filter.dangling = DANGLING_ONLY;
	else if (filter.dangling == DANGLING_NOT)
		filter.dangling = DANGLING_ANY;
	for (size_t i = 0; i < removal->count; i++)
		removal->chosen[i] = image_filter_passes(&filter, removal->store, &removal->images[i]) &&
				     !container_users_find(&removal->users, removal->images[i].id);
	return 0;
}

/* What the store takes on its disk; 0 if that cannot be told. */
static uint64_t measure(const struct store *store)
{
	struct store_usage usage;

	/* What it takes does not depend on what is needed. */
	return store_usage(store, NULL, &usage, NULL) < 0 ? 0 : usage.total_bytes;
}

int image_removal_prune(struct arena *arena, const struct image_prune_request *request, struct image_removal_report *ret, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	uint64_t before, after;
	struct removal removal;
	int r = store_open(request->directories->images, &store, err);

	if (r == 0)
		r = begin(&removal, &store, request->directories, arena, err);
	if (r == 0)
		r = choose_unneeded(&removal, request);
	if (r < 0)
		return r;
	before = measure(&store);
	r = run(&removal, false);
	if (r == 0)
		r = store_sweep_debris(&store, request->debris ? 0 : SWEEP_PARTIAL_AGE_S, err);
	if (r < 0)
		return r;
	after = measure(&store);
	/* Others may write meanwhile. */
	removal.report.freed_bytes = before > after ? before - after : 0;
	events_add_prune(request->directories, "image", removal.report.freed_bytes);
	*ret = removal.report;
	return 0;
}

/* ---- what is left over ------------------------------------------------------------------- */

int image_removal_sweep(const struct directories *directories, bool dry_run, void (*found)(void *context, const char *digest, bool is_layer),
	void *context, struct error *err)
{
	_cleanup_store_ struct store store = STORE_INIT;
	const struct sweep sweep = { .roots = container_users_roots(directories), .removed = found, .context = context, .dry_run = dry_run };
	struct sweep_report swept;
	int r = store_open(directories->images, &store, err);

	return r < 0 ? r : store_sweep(&store, &sweep, &swept, err);
}
