/* SPDX-License-Identifier: Apache-2.0 */
/* import: the archive of a root file system becomes an image. */
#include "registry/http.h"
#include "spec/image_change.h"
#include "transfer/confine.h"
#include "transfer/new_image.h"
#include "transfer/platform.h"
#include "transfer/spool.h"

#include <fcntl.h>
#include <sys/stat.h>

/* No root file system is larger; a server without an end would fill the disk. */
#define DOWNLOAD_LIMIT ((uint64_t)1 << 40)

struct import_request {
	char **changes;
	const char *message, *platform;
};

static const struct option_entry import_entries[] = {
	{ "change", 'c', OPTION_LIST, 0, offsetof(struct import_request, changes), "INSTRUCTION", "how it is run, in a Dockerfile's words; may be repeated" },
	{ "message", 'm', OPTION_STRING, 0, offsetof(struct import_request, message), "TEXT", "comment of its history; default: where it came from" },
	{ "platform", 0, OPTION_STRING, 0, offsetof(struct import_request, platform), "OS/ARCH", "what it runs on; default: this machine's" },
	{ 0 },
};

/* ---- where it comes from --------------------------------------------------------- */

static bool is_url(const char *text)
{
	return str_starts_with(text, "http://") || str_starts_with(text, "https://");
}

static int take_bytes(void *context, const void *bytes, size_t length, struct error *err)
{
	return sink_write(sink_to_file(context), bytes, length, err);
}

/* Into the file FD. An address with http:// is one that the user wants plain. */
static int download(const char *url, int fd, struct error *err)
{
	_cleanup_http_ struct http *http = NULL;
	_cleanup_http_response_ struct http_response response = { .status = 0 };
	const struct http_peer peer = { .properties = str_starts_with(url, "http://") ? HTTP_PEER_PLAIN : 0 };
	const struct http_request request = { .method = "GET", .url = url, .peer = &peer, .properties = HTTP_REPEATABLE, .sink = take_bytes,
		.sink_context = &fd, .limit_bytes = DOWNLOAD_LIMIT };
	int r = http_new(&(struct http_options){ 0 }, &http, err);

	if (r == 0)
		r = http_perform(http, &request, &response, err);
	if (r < 0)
		return r;
	if (response.status / 100 == 2)
		return 0;
	return error_set(err, response.status == 404 ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE, 0, "the server answers with status %d", response.status);
}

static int open_standard_input(struct error *err)
{
	if (isatty(STDIN_FILENO)) {
		error_set(err, ERROR_INVALID, 0, "the standard input is a terminal");
		error_hint(err, "name a file, or redirect it");
		return -EINVAL;
	}
	return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* A file that can be read from its beginning, as often as need be. */
static int open_input(const struct store *store, const char *from, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, spool_fd = -EBADF;
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	struct stat status;
	uint64_t length;
	int r;

	if (is_url(from)) {
		r = spool_open(store, ret_fd, err);
		return r < 0 ? r : download(from, *ret_fd, err);
	}
	fd = str_equal(from, "-") ? open_standard_input(err) : open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -EINVAL)
		return fd;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(err, errno, "cannot open it");
	if (S_ISREG(status.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	file.fd = fd;
	r = spool_open(store, &spool_fd, err);
	if (r == 0)
		r = spool_add(spool_fd, stream_of_file(&file), &length, err);
	if (r == 0)
		*ret_fd = TAKE_FD(spool_fd);
	return r;
}

/* ------------------------------------------------------------------------------------ */

static int apply_changes(struct arena *arena, char *const *changes, struct spec_execution *execution, struct error *err)
{
	int r = 0;

	for (; r == 0 && changes && *changes; changes++)
		r = spec_image_change_apply(arena, *changes, execution, err);
	return r;
}

static int run_import(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct import_request *request = call->request;
	const char *from = call->operands[0], *name = call->operands[1];
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct spec_execution execution = { .user = NULL };
	struct spec_platform platform;
	char **names = arena_alloc(arena, 1, sizeof *names);
	struct new_image image = { .platform = &platform, .execution = &execution, .title = name ? name : from };
	struct ingest_report report;
	int r = platform_choose(arena, request->platform, &platform, err);

	if (r == 0)
		r = apply_changes(arena, request->changes, &execution, err);
	if (r == 0 && name)
		r = new_image_names(arena, name, &names, err);
	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &store.fd, .writable_count = 1, .properties = is_url(from) ? CONFINE_NETWORK : 0 });
	image.names = names;
	image.created = new_image_time(arena);
	image.comment = request->message ? arena_strdup(arena, request->message) : arena_printf(arena, "Imported from %s", from);
	r = open_input(&store, from, &fd, err);
	if (r == 0) {
		image.layer_fd = fd;
		r = new_image_put(call->globals, &store, &image, arena, &report, err);
	}
	if (r < 0) {
		session_hint_full(err);
		return error_wrap(err, "cannot import '%.400s'", str_equal(from, "-") ? "standard input" : from);
	}
	new_image_report(&image, &report, out);
	return 0;
}

const struct command transfer_import = {
	.command = {
		.name = "import",
		.operands = "FILE|URL|- [NAME]",
		.summary = "make an image of the archive of a root file system",
		.description = "Makes an image of one layer, which is the archive: tar, compressed or not, from a file, the standard input (-) or a "
			"web server, and prints what it is as JSON.",
		.entries = import_entries,
		.minimum_operands = 1,
		.maximum_operands = 2,
	},
	.request_size = sizeof(struct import_request),
	.run = run_import,
};
