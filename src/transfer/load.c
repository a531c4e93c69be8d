/* SPDX-License-Identifier: Apache-2.0 */
/* load: the images of an archive come into the store. */
#include "base/json.h"
#include "transfer/archive_source.h"
#include "transfer/confine.h"
#include "transfer/platform.h"
#include "transfer/session.h"

struct load_request {
	const char *input, *platform, *only;
	bool is_nameless;
};

static const struct option_entry load_entries[] = {
	{ "input", 'i', OPTION_STRING, OPTION_FILE, offsetof(struct load_request, input), "FILE|DIR", "the archive; default: the standard input" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct load_request, platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "only", 0, OPTION_STRING, 0, offsetof(struct load_request, only), "TAG|DIGEST", "of several images the one that is called so" },
	{ "nameless", 0, OPTION_FLAG, 0, offsetof(struct load_request, is_nameless), NULL, "the images get no names" },
	{ 0 },
};

struct load {
	const struct transfer_globals *globals;
	const struct store *store;
	const struct archive_source *source;
	struct spec_platform platform;
	bool is_strict, is_nameless;
	struct arena *arena;
};

static void report_image(struct json_writer *w, const struct archive_image *image, const struct ingest_report *report)
{
	json_write_open(w, NULL, '{');
	json_write_open(w, "names", '[');
	for (char **name = image->names; *name; name++)
		json_write_string(w, NULL, *name);
	json_write_close(w, ']');
	json_write_string(w, "id", report->id);
	json_write_string(w, "digest", report->target);
	json_write_string(w, "platform", report->platform);
	json_write_uint(w, "size", report->size);
	json_write_bool(w, "isNew", report->is_new);
	json_write_close(w, '}');
}

/* Whether it is what --only calls TEXT: all of a name, its tag, or the name of the layout's annotation, which is a tag by itself. */
static bool is_called(const struct archive_image *image, const char *text)
{
	if (!text || str_equal(image->digest, text))
		return true;
	for (char **name = image->names; *name; name++) {
		const char *last = strrchr(*name, '/') ? strrchr(*name, '/') + 1 : *name, *tag = strchr(last, ':');
		size_t length = tag ? (size_t)(tag - last) : strlen(last);

		if (str_equal(*name, text) || (tag && str_equal(tag + 1, text)))
			return true;
		if (tag && str_equal(tag, ":latest") && strlen(text) == length && strncmp(last, text, length) == 0)
			return true;
	}
	return false;
}

static int load_image(const struct load *load, const struct archive_image *image, struct json_writer *w, struct error *err)
{
	static char *no_names[] = { NULL };
	const struct ingest_request request = {
		.reference = image->digest,
		.title = image->title,
		.names = load->is_nameless ? no_names : image->names,
		.platform = &load->platform,
		.properties = (image->is_whole ? INGEST_ALL_PLATFORMS : 0) | (load->is_strict ? INGEST_STRICT_PLATFORM : 0),
		.progress = session_progress(load->globals),
	};
	struct ingest_report report;
	int r = ingest_image(load->store, &load->source->source, &request, load->arena, &report, err);

	if (r < 0) {
		session_hint_full(err);
		return error_wrap(err, "cannot load '%.300s' from '%.300s'", image->title, load->source->archive.name);
	}
	report_image(w, image, &report);
	return 0;
}

static int run_load(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct load_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_archive_source_ struct archive_source source = { .archive = ARCHIVE_INIT, .spool_fd = -EBADF };
	struct load load = { .globals = call->globals, .store = &store, .source = &source, .is_strict = request->platform,
		.is_nameless = request->is_nameless, .arena = arena };
	struct json_writer w = { .out = out };
	int r = platform_choose(arena, request->platform, &load.platform, err);

	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &store.fd, .writable_count = 1 });
	r = archive_source_open(&store, request->input, &source, err);
	if (r < 0) {
		session_hint_full(err);
		return r;
	}
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "images", '[');
	for (size_t i = 0; r == 0 && i < source.count; i++)
		if (is_called(&source.images[i], request->only))
			r = load_image(&load, &source.images[i], &w, err);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return r;
}

const struct command transfer_load = {
	.command = {
		.name = "load",
		.summary = "load the images of an archive",
		.description = "Brings the images of a docker archive or an OCI image layout, compressed or not, or unpacked to a directory, into the "
			"store, each with its names, and prints what they are as JSON. An image that is refused leaves the store as it was.",
		.entries = load_entries,
	},
	.request_size = sizeof(struct load_request),
	.run = run_load,
};
