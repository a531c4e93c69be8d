/* SPDX-License-Identifier: Apache-2.0 */
/* GET /images/json. */
#include "api/images_list.h"
#include "api/routes.h"
#include "api/write.h"
#include "engine/image_usage.h"

/* Versions since which something is said otherwise. */
#define SINCE_NO_NONE 43         /* lists of names are empty in place of "<none>:<none>" */
#define SINCE_NO_VIRTUAL_SIZE 44
#define SINCE_DESCRIPTOR 48

/* ---- one image, under all its names ----------------------------------------------------------- */

struct names {
	const char **tags, **digests; /* NULL-terminated */
};

static void add_once(const char **list, const char *text)
{
	for (; *list; list++)
		if (str_equal(*list, text))
			return;
	*list = text;
}

/* Of all ENTRIES with the id of the one AT. */
static struct names collect(struct arena *arena, const struct images_entry *entries, size_t count, size_t at)
{
	struct names names = { arena_alloc(arena, count + 2, sizeof *names.tags), arena_alloc(arena, count + 2, sizeof *names.digests) };

	for (size_t i = at; i < count; i++) {
		const struct images_entry *entry = &entries[i];

		if (!str_equal(entry->id, entries[at].id) || !entry->repository)
			continue;
		if (entry->tag)
			add_once(names.tags, arena_printf(arena, "%s:%s", entry->repository, entry->tag));
		add_once(names.digests, arena_printf(arena, "%s@%s", entry->repository, entry->target));
	}
	return names;
}

static void write_names(struct json_writer *w, const struct names *names, unsigned minor)
{
	static const char *const no_tags[] = { "<none>:<none>", NULL }, *const no_digests[] = { "<none>@<none>", NULL };
	bool is_nameless = !names->tags[0] && !names->digests[0] && minor < SINCE_NO_NONE;

	api_write_texts(w, "RepoDigests", is_nameless ? no_digests : names->digests);
	api_write_texts(w, "RepoTags", is_nameless ? no_tags : names->tags);
}

static void write_descriptor(struct json_writer *w, const struct images_entry *entry)
{
	json_write_open(w, "Descriptor", '{');
	json_write_string(w, "mediaType", entry->media_type);
	json_write_string(w, "digest", entry->target);
	json_write_uint(w, "size", entry->target_size);
	json_write_close(w, '}');
}

static void write_entry(struct json_writer *w, const struct images_entry *entry, const struct names *names, const struct api_images_style *style,
	int64_t shared)
{
	json_write_open(w, NULL, '{');
	json_write_int(w, "Containers", style->has_containers ? (int64_t)entry->container_count : -1);
	json_write_int(w, "Created", entry->created_s);
	json_write_string(w, "Id", entry->id);
	api_write_pairs_or_null(w, "Labels", entry->labels, entry->label_count);
	json_write_string(w, "ParentId", "");
	if (style->minor >= SINCE_DESCRIPTOR)
		write_descriptor(w, entry);
	write_names(w, names, style->minor);
	json_write_int(w, "SharedSize", shared);
	json_write_uint(w, "Size", entry->size);
	if (style->minor < SINCE_NO_VIRTUAL_SIZE)
		json_write_uint(w, "VirtualSize", entry->size);
	json_write_close(w, '}');
}

/* ---- all ---------------------------------------------------------------------------------------- */

void api_images_write(struct json_writer *w, const char *key, struct arena *arena, const struct images_entry *entries, size_t count,
	const struct api_images_style *style)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		struct names names;
		size_t first = 0;

		while (!str_equal(entries[first].id, entries[i].id))
			first++;
		if (first < i)
			continue;
		names = collect(arena, entries, count, i);
		write_entry(w, &entries[i], &names, style, style->shared ? (int64_t)style->shared[i] : -1);
	}
	json_write_close(w, ']');
}

/* What each of ENTRIES shares, as `system df` counts it. */
static int measure_shared(struct api_call *call, const struct images_entry *entries, size_t count, const uint64_t **ret, struct error *err)
{
	struct image_usage_report report;
	uint64_t *shared = arena_alloc(call->arena, count + 1, sizeof *shared);
	int r = image_usage_measure(call->arena, call->directories, true, &report, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < report.each_count; j++)
			if (str_equal(report.each[j].entry.id, entries[i].id))
				shared[i] = report.each[j].shared_bytes;
	*ret = shared;
	return 0;
}

int api_images_list(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	/* Of old clients; now it is among the filters. */
	const char *reference = call->target.minor < 41 ? api_target_value(&call->target, "filter") : NULL;
	struct images_list_request request = { .directories = call->directories, .reference = str_is_empty(reference) ? NULL : reference,
		.reads_labels = true };
	struct api_images_style style = { .minor = call->target.minor };
	struct images_entry *entries = NULL;
	char **filters = NULL;
	size_t count = 0;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	request.filters = filters;
	if (r == 0)
		r = images_list(call->arena, &request, &entries, &count, err);
	if (r == 0 && api_target_flag(&call->target, "shared-size", false))
		r = measure_shared(call, entries, count, &style.shared, err);
	if (r < 0)
		return r;
	api_images_write(&w, NULL, call->arena, entries, count, &style);
	return api_reply_json(call, 200, &document, err);
}
