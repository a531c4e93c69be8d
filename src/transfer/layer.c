/* SPDX-License-Identifier: Apache-2.0 */
/* unpack and pack: one layer between a stream of bytes and a directory. */
#include "base/json.h"
#include "store/compress.h"
#include "store/decompress.h"
#include "store/digest.h"
#include "store/layer_apply.h"
#include "store/layer_diff.h"
#include "store/read_ahead.h"
#include "transfer/command.h"
#include "transfer/confine.h"

#include <fcntl.h>

/* The algorithm of digests that nobody gave. */
#define ALGORITHM "sha256"

static int parse_word(const char *value, const char *const *words, size_t count, void *target, struct error *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if (str_equal(value, words[i])) {
			*(int *)target = (int)i;
			return 0;
		}
		buf_printf(&list, "%s%s", i ? i + 1 == count ? " or " : ", " : "", words[i]);
	}
	return error_set(err, ERROR_INVALID, 0, "expected %s", list.data);
}

static int open_directory(const char *path, int *ret, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "cannot open the directory '%s'", path);
	*ret = fd;
	return 0;
}

static int make_digest(const char *like, struct digest **ret, struct error *err)
{
	*ret = digest_new(like ? like : ALGORITHM);
	return *ret ? 0 : error_set(err, ERROR_UNSUPPORTED, 0, "unknown algorithm of the digest '%s'", like);
}

static int check_digest(const char *what, const char *expected, const char *found, struct error *err)
{
	if (!expected || str_equal(expected, found))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "the %s is not '%s' but '%s'", what, expected, found);
}

/* ---- unpack ------------------------------------------------------------------------- */

struct unpack_request {
	int form; /* enum layer_form */
	const char *digest, *diff_id;
};

static int parse_form(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { [LAYER_FORM_OVERLAY] = "overlay", [LAYER_FORM_OVERLAY_USER] = "overlay-user", [LAYER_FORM_FLAT] = "flat" };

	return parse_word(value, words, ARRAY_SIZE(words), target, err);
}

static const struct option_entry unpack_entries[] = {
	{ "form", 0, OPTION_CALLBACK, 0, offsetof(struct unpack_request, form), "overlay|overlay-user|flat",
		"how to hide what is removed; default: overlay", .parse = parse_form },
	{ "digest", 0, OPTION_STRING, 0, offsetof(struct unpack_request, digest), "DIGEST", "what the bytes must have" },
	{ "diff-id", 0, OPTION_STRING, 0, offsetof(struct unpack_request, diff_id), "DIGEST", "what the uncompressed bytes must have" },
	{ 0 },
};

struct unpack {
	struct stream_file file;
	struct digest *digest, *diff_id;
	struct digest_tap compressed, plain;
	struct decompress *decompress;
	struct read_ahead *ahead; /* all of the above are its threads', until they have ended */
	struct layer_report report;
};

static void unpack_done(struct unpack *unpack)
{
	read_ahead_free(unpack->ahead);
	stream_file_done(&unpack->file);
	digest_free(unpack->digest);
	digest_free(unpack->diff_id);
	decompress_free(unpack->decompress);
	layer_report_done(&unpack->report);
}

static void report_unpack(const struct unpack *unpack, const char *digest, const char *diff_id, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "digest", digest);
	json_write_uint(&w, "size", unpack->compressed.length);
	json_write_string(&w, "compression", decompress_format(unpack->decompress));
	json_write_string(&w, "diffID", diff_id);
	json_write_uint(&w, "unpackedSize", unpack->plain.length);
	json_write_uint(&w, "members", unpack->report.members);
	json_write_uint(&w, "lostAttributes", unpack->report.lost_xattrs);
	json_write_open(&w, "impliedDirectories", '[');
	for (char **path = unpack->report.implied; *path; path++)
		json_write_string(&w, NULL, *path);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int run_unpack(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct unpack_request *unpack_request = call->request;
	_cleanup_(unpack_done) struct unpack unpack = { .file = { .fd = STDIN_FILENO } };
	char digest[DIGEST_TEXT_SIZE], diff_id[DIGEST_TEXT_SIZE];
	_cleanup_close_ int fd = -EBADF;
	int r = open_directory(call->operands[0], &fd, err);

	if (r >= 0)
		r = make_digest(unpack_request->digest, &unpack.digest, err);
	if (r >= 0)
		r = make_digest(unpack_request->diff_id, &unpack.diff_id, err);
	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &fd, .writable_count = 1 });
	unpack.compressed = (struct digest_tap){ .upstream = stream_of_file(&unpack.file), .digest = unpack.digest };
	unpack.decompress = decompress_new(digest_stream(&unpack.compressed), &DECOMPRESS_LIMITS);
	unpack.plain = (struct digest_tap){ .upstream = decompress_stream(unpack.decompress) }; /* counts only */
	unpack.ahead = read_ahead_new(digest_stream(&unpack.plain), unpack.diff_id, &unpack.file);
	r = layer_apply(fd, read_ahead_stream(unpack.ahead), (enum layer_form)unpack_request->form, &LAYER_LIMITS, &unpack.report, err);
	if (r < 0)
		return r;
	digest_finish(unpack.digest, digest);
	digest_finish(unpack.diff_id, diff_id);
	r = check_digest("digest", unpack_request->digest, digest, err);
	if (r >= 0)
		r = check_digest("diff id", unpack_request->diff_id, diff_id, err);
	if (r >= 0)
		report_unpack(&unpack, digest, diff_id, out);
	return r;
}

const struct command transfer_unpack = {
	.command = {
		.name = "unpack",
		.operands = "DIRECTORY",
		.summary = "unpack the layer on the standard input",
		.description = "Unpacks a layer, compressed or not, into the directory, and prints what it was as JSON. After an error, a wrong digest "
			"included, the directory has a part of the layer and is to be removed.",
		.entries = unpack_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct unpack_request),
	.run = run_unpack,
};

/* ---- pack ----------------------------------------------------------------------------- */

struct pack_request {
	bool whole;
	int format; /* enum compress_format */
	const char *output;
};

static int parse_format(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { [COMPRESS_NONE] = "none", [COMPRESS_GZIP] = "gzip", [COMPRESS_ZSTD] = "zstd" };

	return parse_word(value, words, ARRAY_SIZE(words), target, err);
}

static const struct option_entry pack_entries[] = {
	{ "compress", 0, OPTION_CALLBACK, 0, offsetof(struct pack_request, format), "none|gzip|zstd", "how to compress; default: none",
		.parse = parse_format },
	{ "output", 'o', OPTION_STRING, OPTION_FILE, offsetof(struct pack_request, output), "FILE", "where the layer goes; must not exist" },
	{ "whole", 0, OPTION_FLAG, 0, offsetof(struct pack_request, whole), NULL, "take overlay's marks as the files that they are" },
	{ 0 },
};

static void report_pack(const struct layer_diff_report *report, const struct digest_sink *compressed, const struct digest_sink *plain, struct buf *out)
{
	struct json_writer w = { .out = out };
	char text[DIGEST_TEXT_SIZE];

	json_write_open(&w, NULL, '{');
	digest_finish(compressed->digest, text);
	json_write_string(&w, "digest", text);
	json_write_uint(&w, "size", compressed->length);
	digest_finish(plain->digest, text);
	json_write_string(&w, "diffID", text);
	json_write_uint(&w, "unpackedSize", plain->length);
	json_write_uint(&w, "members", report->members);
	json_write_uint(&w, "skippedSockets", report->sockets);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

static int pack(const struct pack_request *request, int directory_fd, int output_fd, struct buf *out, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new(ALGORITHM), *diff_id = digest_new(ALGORITHM);
	struct digest_sink compressed = { .downstream = sink_to_file(&output_fd), .digest = digest };
	_cleanup_compress_ struct compress *compress = compress_new(digest_sink(&compressed), (enum compress_format)request->format);
	struct digest_sink plain = { .downstream = compress_sink(compress), .digest = diff_id };
	struct layer_diff_report report;
	int r = layer_diff(directory_fd, digest_sink(&plain), request->whole ? LAYER_DIFF_WHOLE : LAYER_DIFF_UPPER, &report, err);

	if (r >= 0)
		r = compress_finish(compress, err);
	if (r >= 0)
		report_pack(&report, &compressed, &plain, out);
	return r;
}

/* The directory that the file lies in. */
static int open_parent(const char *path, int *ret, struct error *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? str_printf("%.*s", (int)(slash - path) + (slash == path), path) : str_dup(".");

	return open_directory(parent, ret, err);
}

static int run_pack(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct pack_request *pack_request = call->request;
	_cleanup_close_ int directory_fd = -EBADF, output_fd = -EBADF, parent_fd = -EBADF;
	int r;

	if (!pack_request->output)
		return error_set(err, ERROR_INVALID, 0, "--output is missing");
	r = open_directory(call->operands[0], &directory_fd, err);
	if (r >= 0)
		r = open_parent(pack_request->output, &parent_fd, err);
	if (r < 0)
		return r;
	output_fd = open(pack_request->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (output_fd < 0)
		return error_errno(err, errno, "cannot make '%s'", pack_request->output);
	confine(&(struct confinement){ .removable = &parent_fd, .removable_count = 1 });
	r = pack(pack_request, directory_fd, output_fd, out, err);
	/* Half a layer is none. */
	if (r < 0)
		unlink(pack_request->output);
	return r;
}

const struct command transfer_pack = {
	.command = {
		.name = "pack",
		.operands = "DIRECTORY",
		.summary = "make a layer of a directory",
		.description = "Writes what is in the directory, the upper one of an overlay mount, as a layer, and prints what it is as JSON.",
		.entries = pack_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct pack_request),
	.run = run_pack,
};
