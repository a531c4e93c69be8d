/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/fetch.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/blobs.h"
#include "store/decompress.h"
#include "store/digest.h"
#include "store/read_ahead.h"

#include <time.h>

#define BLOCK_SIZE ((size_t)256 << 10)
#define WAIT_MS 50 /* between two looks at what another process is doing */

void fetch_result_done(struct fetch_result *result)
{
	layer_abort(&result->stage);
	layer_report_done(&result->report);
}

/* No room, no memory: the content has nothing to do with it. */
static bool is_of_this_machine(int code)
{
	static const int codes[] = { ENOSPC, EDQUOT, EROFS, EIO, ENOMEM, EMFILE, ENFILE, ECANCELED };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (code == codes[i])
			return true;
	return false;
}

/* ---- extracting ------------------------------------------------------------------ */

/* Extracts STREAM, which is compressed or not, into a stage of RESULT. Reads it to its end, unless it fails. */
static int extract(const struct fetch *fetch, struct stream stream, struct fetch_result *result, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new(fetch->diff_id);
	_cleanup_decompress_ struct decompress *decompress = decompress_new(stream, &DECOMPRESS_LIMITS);
	struct read_ahead *ahead;
	char text[DIGEST_TEXT_SIZE];
	int r;

	if (!digest)
		return error_set(err, ERROR_UNSUPPORTED, 0, "the diff id '%.200s' cannot be verified", fetch->diff_id);
	r = layer_begin(fetch->store, &result->stage, err);
	if (r < 0)
		return r;
	ahead = read_ahead_new(decompress_stream(decompress), digest, NULL);
	r = layer_apply(result->stage.diff_fd, read_ahead_stream(ahead), fetch->form, &LAYER_LIMITS, &result->report, err);
	read_ahead_free(ahead);
	if (r < 0)
		return r;
	digest_finish(digest, text);
	if (!str_equal(text, fetch->diff_id))
		return error_set(err, ERROR_INVALID, 0, "the layer in the blob '%s' has the diff id '%s', its configuration says '%s'",
				 fetch->blob->digest, text, fetch->diff_id);
	return 0;
}

/* ---- from the store ----------------------------------------------------------------- */

struct stored {
	const struct fetch *fetch;
	struct stream upstream;
	uint64_t position;
};

static int next_of_stored(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct stored *stored = context;
	int r;

	if (*stored->fetch->cancelled)
		return error_errno(err, ECANCELED, "cannot extract the layer");
	r = stream_next(stored->upstream, ret_bytes, ret_length, err);
	if (r < 0)
		return r;
	stored->position += *ret_length;
	return stored->fetch->progress(stored->fetch->context, SPEC_TRANSFER_EXTRACTING, stored->position, err);
}

/* The blob is there. One that is not what its name says is damaged. */
static int extract_stored(const struct fetch *fetch, struct fetch_result *result, struct error *err)
{
	_cleanup_stream_file_ struct stream_file file = { .fd = -EBADF };
	_cleanup_digest_ struct digest *digest = digest_new(fetch->blob->digest);
	struct digest_tap tap = { .upstream = stream_of_file(&file), .digest = digest };
	struct stored stored = { .fetch = fetch, .upstream = digest_stream(&tap) };
	struct stream stream = { next_of_stored, &stored };
	_cleanup_close_ int fd = -EBADF;
	char text[DIGEST_TEXT_SIZE];
	uint64_t size;
	int r = blob_open(fetch->store, fetch->blob->digest, &fd, &size, err);

	if (r < 0)
		return r;
	file.fd = fd;
	r = extract(fetch, stream, result, err);
	if (r == 0 || is_of_this_machine(err->code) || stream_drain(stream, NULL) < 0)
		return r;
	digest_finish(digest, text);
	if (str_equal(text, fetch->blob->digest))
		return r;
	r = error_set(err, ERROR_INTERNAL, EBADMSG, "the blob '%s' in the store is damaged", fetch->blob->digest);
	error_hint(err, "'bivy system check --repair' removes what is damaged");
	return r;
}

/* ---- from the source ------------------------------------------------------------------ */

/* One attempt to get all of the blob: a stream of what the file has, then of what the source gives, which is added to the file. */
struct attempt {
	const struct fetch *fetch;
	struct blob_writer *writer;
	struct source_blob blob;
	bool is_open;
	struct digest *digest;
	uint64_t position; /* bytes that have passed */
	uint64_t prefix;   /* of these many were in the file */
	uint8_t *block;    /* for those */
	bool failed;       /* to bring bytes: neither the image nor what extracts it is to blame */
	struct error err;  /* why */
};

static void close_attempt(struct attempt *attempt)
{
	if (attempt->is_open)
		attempt->fetch->source->ops->close_blob(attempt->fetch->source->context, &attempt->blob);
	digest_free(attempt->digest);
	free(attempt->block);
}

static int read_prefix(struct attempt *attempt, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	uint64_t left = attempt->prefix - attempt->position;
	ssize_t n;

	if (!attempt->block)
		attempt->block = memory_new(1, BLOCK_SIZE);
	do
		n = pread(attempt->writer->fd, attempt->block, left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE, (off_t)attempt->position);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return error_errno(err, n < 0 ? errno : EIO, "cannot read what there is of the blob '%s'", attempt->fetch->blob->digest);
	*ret_bytes = attempt->block;
	*ret_length = (size_t)n;
	return 0;
}

static int read_source(struct attempt *attempt, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	const struct spec_descriptor *blob = attempt->fetch->blob;
	int r = attempt->is_open ? stream_next(attempt->blob.stream, ret_bytes, ret_length, err) : 0;

	if (r < 0)
		return r;
	if (!attempt->is_open)
		*ret_length = 0;
	if (*ret_length == 0 ? attempt->position != blob->size : *ret_length > blob->size - attempt->position)
		return error_set(err, ERROR_INVALID, EBADMSG, "the blob '%s' has %s than its %llu bytes", blob->digest,
				 *ret_length ? "more" : "less", (unsigned long long)blob->size);
	r = fd_write_all(attempt->writer->fd, *ret_bytes, *ret_length);
	return r < 0 ? error_errno(err, -r, "cannot write the blob '%s'", blob->digest) : 0;
}

static int next_of_attempt(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct attempt *attempt = context;
	const struct fetch *fetch = attempt->fetch;
	struct error own = ERROR_INIT;
	int r;

	if (*fetch->cancelled)
		r = error_errno(&own, ECANCELED, "cannot fetch the blob");
	else if (attempt->position < attempt->prefix)
		r = read_prefix(attempt, ret_bytes, ret_length, &own);
	else
		r = read_source(attempt, ret_bytes, ret_length, &own);
	if (r == 0) {
		digest_add(attempt->digest, *ret_bytes, *ret_length);
		attempt->position += *ret_length;
		r = fetch->progress(fetch->context, *ret_length || !fetch->diff_id ? fetch->source->ops->phase : SPEC_TRANSFER_EXTRACTING,
				    attempt->position, &own);
	}
	if (r < 0) {
		attempt->failed = true;
		attempt->err = own;
		if (err)
			*err = own;
	}
	return r;
}

/* Opens the source where the file ends; or has the file begin anew, where that is of no use. */
static int open_attempt(struct attempt *attempt, struct error *err)
{
	const struct fetch *fetch = attempt->fetch;
	int r = 0;

	attempt->digest = digest_new(fetch->blob->digest);
	if (!attempt->digest)
		return error_set(err, ERROR_UNSUPPORTED, 0, "the digest '%.200s' cannot be verified", fetch->blob->digest);
	if (attempt->writer->length > fetch->blob->size)
		r = blob_restart(attempt->writer, err);
	if (r == 0 && attempt->writer->length < fetch->blob->size) {
		r = fetch->source->ops->open_blob(fetch->source->context, fetch->blob, attempt->writer->length, &attempt->blob, err);
		attempt->is_open = r == 0;
		attempt->failed = r < 0;
	}
	if (r == 0 && attempt->is_open && attempt->blob.offset != attempt->writer->length)
		r = blob_restart(attempt->writer, err);
	attempt->prefix = attempt->writer->length;
	return r;
}

static bool has_the_digest(struct attempt *attempt, char text[static DIGEST_TEXT_SIZE])
{
	digest_finish(attempt->digest, text);
	return str_equal(text, attempt->fetch->blob->digest);
}

/*
 * *RET_WRONG: what came has another digest, all of it being there. That is
 * found out too when something else was wrong with the content first.
 */
static int run_attempt(struct attempt *attempt, struct fetch_result *result, bool *ret_wrong, struct error *err)
{
	const struct fetch *fetch = attempt->fetch;
	struct stream stream = { next_of_attempt, attempt };
	char text[DIGEST_TEXT_SIZE];
	int r = open_attempt(attempt, err);

	if (r < 0)
		return r;
	r = fetch->diff_id ? extract(fetch, stream, result, err) : stream_drain(stream, err);
	/* What was being unpacked when the bytes ended does not matter. */
	if (r < 0 && attempt->failed)
		*err = attempt->err;
	if (r < 0 && (attempt->failed || is_of_this_machine(err->code) || stream_drain(stream, NULL) < 0))
		return r;
	*ret_wrong = !has_the_digest(attempt, text);
	if (*ret_wrong)
		r = error_set(err, ERROR_INVALID, EBADMSG, "what came as the blob '%s' has the digest '%s'", fetch->blob->digest, text);
	return r;
}

/* Whether to try once more after content that was wrong. */
static bool is_worth_it(const struct fetch *fetch, const struct attempt *attempt)
{
	/* It may be the part that was there. */
	if (attempt->prefix)
		return true;
	return fetch->source->ops->distrust && fetch->source->ops->distrust(fetch->source->context, fetch->blob->digest);
}

static bool is_of_use_later(const struct attempt *attempt, const struct error *err)
{
	if (err->code == ENOSPC || err->code == EDQUOT)
		return false;
	return attempt->failed ? err->code != EBADMSG : is_of_this_machine(err->code);
}

/* Fetches into WRITER, which it ends. */
static int fetch_into(const struct fetch *fetch, struct blob_writer *writer, struct fetch_result *result, struct error *err)
{
	bool again = true, keep = false;
	int r = 0;

	while (again) {
		struct attempt attempt = { .fetch = fetch, .writer = writer };
		bool wrong = false;

		fetch_result_done(result);
		r = run_attempt(&attempt, result, &wrong, err);
		result->fetched_bytes += attempt.position - (attempt.position < attempt.prefix ? attempt.position : attempt.prefix);
		again = r < 0 && wrong && is_worth_it(fetch, &attempt);
		keep = r < 0 && !wrong && is_of_use_later(&attempt, err);
		close_attempt(&attempt);
		if (!again)
			break;
		log_info("fetch: %s, trying once more", err->message);
		r = blob_restart(writer, err);
		again = r == 0;
	}
	if (r == 0)
		return blob_commit(writer, err);
	if (keep)
		blob_pause(writer);
	else
		blob_abort(writer);
	return r;
}

/* ---- whoever has it ---------------------------------------------------------------------- */

static int wait_for_other(const struct fetch *fetch, struct error *err)
{
	struct timespec time = { .tv_nsec = WAIT_MS * 1000000L };

	ignore_result(nanosleep(&time, NULL)); /* sooner is fine */
	if (*fetch->cancelled)
		return error_errno(err, ECANCELED, "cannot fetch the blob");
	return fetch->progress(fetch->context, SPEC_TRANSFER_WAITING, 0, err);
}

int fetch_blob(const struct fetch *fetch, struct fetch_result *ret, struct error *err)
{
	struct fetch_result result = FETCH_RESULT_INIT;
	struct error own = ERROR_INIT;
	int r = 0;

	while (r == 0) {
		_cleanup_blob_writer_ struct blob_writer writer = BLOB_WRITER_INIT;

		if (blob_exists(fetch->store, fetch->blob->digest, fetch->blob->size)) {
			result.is_made = fetch->diff_id && fetch->is_made(fetch->context);
			r = fetch->diff_id && !result.is_made ? extract_stored(fetch, &result, &own) : 0;
			break;
		}
		r = blob_begin(fetch->store, fetch->blob->digest, &writer, &own);
		if (r == 0 && !blob_exists(fetch->store, fetch->blob->digest, fetch->blob->size)) {
			r = fetch_into(fetch, &writer, &result, &own);
			break;
		}
		if (r == 0)
			blob_abort(&writer); /* another has put it there since we looked */
		else if (r == -EBUSY)
			r = wait_for_other(fetch, &own);
	}
	if (r < 0) {
		fetch_result_done(&result);
		if (err)
			*err = own;
		return r;
	}
	*ret = result;
	return 0;
}
