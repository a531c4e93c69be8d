/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: whether the store holds what it says. What can be made again here is
 * made again: layers from their blobs. What came from elsewhere and is damaged
 * has to come from there once more.
 */
#include "base/json.h"
#include "store/images.h"
#include "store/sweep.h"
#include "store/verify.h"
#include "transfer/confine.h"
#include "transfer/content_source.h"
#include "transfer/platform.h"
#include "transfer/session.h"

struct check_request {
	bool repair, leaves_unneeded;
};

static const struct option_entry check_entries[] = {
	{ "repair", 0, OPTION_FLAG, 0, offsetof(struct check_request, repair), NULL, "mend what can be mended, remove what nothing needs" },
	{ "no-sweep", 0, OPTION_FLAG, 0, offsetof(struct check_request, leaves_unneeded), NULL, "neither look for nor remove what nothing needs" },
	{ 0 },
};

/* As they are called in the report. */
enum fault_kind { FAULT_LIST_DAMAGED, FAULT_BLOB_DAMAGED, FAULT_LAYER_DAMAGED, FAULT_BLOB_MISSING, FAULT_LAYER_MISSING, FAULT_BLOB_ORPHAN, FAULT_LAYER_ORPHAN };

static const struct {
	enum fault_kind kind;
	const char *name, *words;
} fault_kinds[] = {
	{ FAULT_LIST_DAMAGED, "list-damaged", "the list of images is damaged" },
	{ FAULT_BLOB_DAMAGED, "blob-damaged", "the blob is damaged" },
	{ FAULT_LAYER_DAMAGED, "layer-damaged", "the layer is damaged" },
	{ FAULT_BLOB_MISSING, "blob-missing", "the blob is missing" },
	{ FAULT_LAYER_MISSING, "layer-missing", "the layer is missing" },
	{ FAULT_BLOB_ORPHAN, "blob-orphan", "nothing needs the blob" },
	{ FAULT_LAYER_ORPHAN, "layer-orphan", "nothing needs the layer" },
};

struct fault {
	enum fault_kind kind;
	const char *digest;
	const char *image; /* or NULL */
	bool is_mended;
	const char *why_not; /* or NULL */
};

struct check {
	const struct transfer_globals *globals;
	const struct store *store;
	bool repair;
	struct arena *arena;
	struct fault *faults;
	size_t count;
};

static void add_fault(struct check *check, enum fault_kind kind, const char *digest, const char *image, bool is_mended)
{
	/* Doubled at each power of two. */
	if ((check->count & (check->count - 1)) == 0)
		check->faults = memory_resize(check->faults, check->count ? 2 * check->count : 1, sizeof *check->faults);
	check->faults[check->count++] = (struct fault){ .kind = kind, .digest = arena_strdup(check->arena, digest),
		.image = image ? arena_strdup(check->arena, image) : NULL, .is_mended = is_mended };
	session_tell_status(check->globals, "%s: %s%s%s", digest, fault_kinds[kind].words, image ? ", of " : "", image ? image : "");
}

/* Damaged things were removed, which is all that can be done about them; what an image misses then is a fault of its own. */
static void take_fault(void *context, enum verify_fault fault, const char *digest, const char *image)
{
	static const enum fault_kind kinds[] = {
		[VERIFY_BLOB_DAMAGED] = FAULT_BLOB_DAMAGED, [VERIFY_LAYER_DAMAGED] = FAULT_LAYER_DAMAGED,
		[VERIFY_BLOB_MISSING] = FAULT_BLOB_MISSING, [VERIFY_LAYER_MISSING] = FAULT_LAYER_MISSING,
	};
	struct check *check = context;

	add_fault(check, kinds[fault], digest, image, check->repair && (fault == VERIFY_BLOB_DAMAGED || fault == VERIFY_LAYER_DAMAGED));
}

static void take_orphan(void *context, const char *digest, bool is_layer)
{
	struct check *check = context;

	add_fault(check, is_layer ? FAULT_LAYER_ORPHAN : FAULT_BLOB_ORPHAN, digest, NULL, check->repair);
}

/* ---- mending --------------------------------------------------------------------------- */

/* As if it came in once more, from nowhere: what is here is used, and layers that are not are extracted. */
static int ingest_again(const struct check *check, const struct image *image, struct error *err)
{
	_cleanup_content_source_ struct content_source nothing = content_source_begin(NULL);
	const struct image_source source = content_source(&nothing);
	char *names[] = { image->name, NULL };
	struct spec_platform platform;
	const struct ingest_request request = { .reference = image->target, .title = image->name ? image->name : image->target, .names = names,
		.platform = &platform, .progress = session_progress(check->globals) };
	struct ingest_report report;
	int r = platform_choose(check->arena, image->platform, &platform, err);

	return r < 0 ? r : ingest_image(check->store, &source, &request, check->arena, &report, err);
}

/* Of those without a name any may be meant. */
static bool needs_mending(const struct check *check, const struct image *image)
{
	for (size_t i = 0; i < check->count; i++)
		if (check->faults[i].kind == FAULT_LAYER_MISSING && str_equal(check->faults[i].image, image->name))
			return true;
	return false;
}

static void settle(struct check *check, const struct image *image, int r, const struct error *err)
{
	for (size_t i = 0; i < check->count; i++) {
		struct fault *fault = &check->faults[i];

		if (fault->kind != FAULT_LAYER_MISSING || !str_equal(fault->image, image->name))
			continue;
		if (r < 0)
			fault->why_not = arena_strdup(check->arena, err->message);
		fault->is_mended = !fault->why_not;
	}
}

static int mend_images(struct check *check, struct error *err)
{
	struct image *images = NULL;
	size_t count = 0;
	int r = image_list(check->store, check->arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct error why = ERROR_INIT;

		if (needs_mending(check, &images[i]))
			settle(check, &images[i], ingest_again(check, &images[i], &why), &why);
	}
	return r;
}

/* ---- the command -------------------------------------------------------------------------- */

/* With a manifest that cannot be read nobody knows what it needs: no error if there are FAULTS, which were told of. */
static int look_for_unneeded(struct check *check, size_t faults, struct error *err)
{
	const struct sweep sweep = { .removed = take_orphan, .context = check, .dry_run = !check->repair };
	struct sweep_report swept;
	struct error why = ERROR_INIT;
	int r = store_sweep(check->store, &sweep, &swept, &why);

	if (r < 0 && !faults) {
		*err = why;
		return r;
	}
	return 0;
}

static int mend_list(struct check *check, struct error *err)
{
	bool mended = false;
	int r = image_mend(check->store, &mended, err);

	if (mended)
		add_fault(check, FAULT_LIST_DAMAGED, "index.json", NULL, true);
	return r;
}

static int run_checks(struct check *check, const struct check_request *request, struct error *err)
{
	const struct verify verify = { .found = take_fault, .context = check, .repair = check->repair };
	size_t faults = 0;
	int r = check->repair ? mend_list(check, err) : 0;

	if (r == 0)
		r = store_verify(check->store, &verify, &faults, err);
	if (r == 0 && check->repair)
		r = mend_images(check, err);
	if (r == 0 && !request->leaves_unneeded)
		r = look_for_unneeded(check, faults, err);
	return r == 0 && check->repair ? store_sweep_debris(check->store, SWEEP_PARTIAL_AGE_S, err) : r;
}

static void report_fault(struct json_writer *w, const struct fault *fault)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "kind", fault_kinds[fault->kind].name);
	json_write_string(w, "digest", fault->digest);
	if (fault->image)
		json_write_string(w, "image", fault->image);
	json_write_bool(w, "mended", fault->is_mended);
	if (fault->why_not)
		json_write_string(w, "cause", fault->why_not);
	json_write_close(w, '}');
}

/* Orphans are no damage. Returns how many faults are. */
static size_t report(const struct check *check, struct buf *out)
{
	struct json_writer w = { .out = out };
	size_t left = 0;

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "faults", '[');
	for (size_t i = 0; i < check->count; i++) {
		report_fault(&w, &check->faults[i]);
		left += !check->faults[i].is_mended && check->faults[i].kind < FAULT_BLOB_ORPHAN;
	}
	json_write_close(&w, ']');
	json_write_uint(&w, "left", left);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return left;
}

static int run_check(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct check_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	struct check check = { .globals = call->globals, .store = &store, .repair = request->repair, .arena = arena };
	size_t left = 0;
	int r = session_open_store(call->globals, &store, err);

	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &store.fd, .writable_count = 1 });
	r = run_checks(&check, request, err);
	if (r == 0)
		left = report(&check, out);
	free(check.faults);
	if (r < 0 || !left)
		return r;
	error_set(err, ERROR_CONFLICT, 0, "the store '%.400s' is damaged: %zu fault%s %s", store.path, left, left == 1 ? "" : "s",
		request->repair ? "left" : "found");
	error_hint(err, request->repair ? "pull or load the images again that miss something" : "--repair mends what can be mended");
	return -EINVAL;
}

const struct command transfer_check = {
	.command = {
		.name = "check",
		.summary = "check the store, and mend it",
		.description = "Compares all blobs with their digests, and what each image needs with what is there, and prints what it finds as JSON. "
			"With --repair, what is damaged is removed, layers are extracted again from their blobs, and what nothing needs is "
			"removed, too. An error if damage is there, or left.",
		.entries = check_entries,
	},
	.request_size = sizeof(struct check_request),
	.run = run_check,
	.properties = COMMAND_KEEPS_OUTPUT,
};
