/* SPDX-License-Identifier: Apache-2.0 */
/* download: a file of a web server, unless it is known already. */
#include "build/remote.h"
#include "registry/http.h"
#include "spec/download.h"
#include "store/digest.h"
#include "transfer/authorization.h"
#include "transfer/confine.h"
#include "transfer/session.h"

#include <sys/stat.h>
#include <time.h>

#define DOWNLOAD_LIMIT ((uint64_t)1 << 40) /* bytes; a server without an end would fill the disk */
#define MARK_LIMIT 1024 /* bytes of an ETag or a date that is worth remembering */
#define ATTEMPTS 3
#define TELL_BYTES (1u << 20)

struct download_request {
	int64_t output, authorization;
	const char *etag;
};

static const struct option_entry entries[] = {
	{ "output-fd", 0, OPTION_INT, 0, offsetof(struct download_request, output), "FD", "the empty file that it becomes, open", .minimum = STDERR_FILENO + 1,
		.maximum = INT32_MAX },
	AUTHORIZATION_ENTRY(struct download_request, authorization),
	{ "etag", 0, OPTION_STRING, 0, offsetof(struct download_request, etag), "TEXT", "what is known of it has this ETag" },
	{ 0 },
};

struct download {
	const struct transfer_globals *globals;
	const char *url;
	int fd;
	struct digest *digest;
	uint64_t size, told, total;
};

static void tell(struct download *d)
{
	const struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ITEM, .item = d->url, .phase = SPEC_TRANSFER_DOWNLOADING, .current = d->size };

	d->told = d->size;
	ignore_result(session_tell(d->globals, &event, NULL)); /* for people only */
}

static int take_bytes(void *context, const void *bytes, size_t length, struct error *err)
{
	struct download *d = context;

	digest_add(d->digest, bytes, length);
	d->size += length;
	if (d->size - d->told >= TELL_BYTES)
		tell(d);
	return sink_write(sink_to_file(&d->fd), bytes, length, err);
}

/* From the beginning: a part of one version and the rest of another would be neither. */
static int begin(struct download *d, struct error *err)
{
	digest_free(d->digest);
	d->digest = digest_new("sha256");
	d->size = d->told = 0;
	if (ftruncate(d->fd, 0) < 0 || lseek(d->fd, 0, SEEK_SET) < 0)
		return error_errno(err, errno, "cannot write descriptor %d", d->fd);
	return 0;
}

/* Whether another attempt may go better. */
static bool is_passing(int r, const struct http_response *response)
{
	return r == -EPROTO || r == -ETIMEDOUT || (r == 0 && (response->status == 429 || (response->status >= 500 && response->status <= 504)));
}

static int perform(struct download *d, const struct http_request *request, struct http_response *response, struct error *err)
{
	_cleanup_http_ struct http *http = NULL;
	int r = http_new(&(struct http_options){ 0 }, &http, err);

	for (unsigned attempt = 1; r == 0; attempt++) {
		int64_t wait_ms;

		http_response_done(response);
		r = begin(d, err);
		if (r == 0)
			r = http_perform(http, request, response, err);
		if (attempt >= ATTEMPTS || !is_passing(r, response))
			break;
		wait_ms = http_backoff_ms(http, attempt);
		nanosleep(&(struct timespec){ .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 }, NULL);
		r = 0;
	}
	return r;
}

static int judge(const struct http_response *response, bool is_known, struct error *err)
{
	enum error_kind kind = ERROR_UNAVAILABLE;

	if (response->status / 100 == 2 || (is_known && response->status == 304))
		return 0;
	if (response->status == 404 || response->status == 410)
		kind = ERROR_NOT_FOUND;
	else if (response->status == 401 || response->status == 403)
		kind = ERROR_DENIED;
	return error_set(err, kind, 0, "the server answers with status %d", response->status);
}

/* Of the time that the server says, or of none: it is the same each time. */
static int set_time(const struct download *d, const char *modified, struct error *err)
{
	int64_t seconds = modified ? http_date_s(modified) : -1;
	const struct timespec times[] = { { .tv_sec = seconds > 0 ? seconds : 0 }, { .tv_sec = seconds > 0 ? seconds : 0 } };

	return futimens(d->fd, times) < 0 ? error_errno(err, errno, "cannot set the time of descriptor %d", d->fd) : 0;
}

static char *worth_keeping(char *header)
{
	return header && strlen(header) <= MARK_LIMIT ? header : NULL;
}

static int report(struct download *d, struct http_response *response, struct buf *out, struct error *err)
{
	char digest[DIGEST_TEXT_SIZE];
	struct spec_download report = { .url = (char *)d->url, .etag = worth_keeping(response->headers[HTTP_ETAG]),
		.modified = worth_keeping(response->headers[HTTP_LAST_MODIFIED]), .unchanged = response->status == 304 };

	if (!report.unchanged) {
		digest_finish(d->digest, digest);
		report.digest = digest;
		report.size = d->size;
	}
	spec_download_encode(&report, out);
	tell(d);
	return report.unchanged ? 0 : set_time(d, report.modified, err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct download_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct download d = { .globals = call->globals, .url = call->operands[0], .fd = (int)request->output };
	_cleanup_http_response_ struct http_response response = { .status = 0 };
	_cleanup_buf_ struct buf authorization = BUF_INIT;
	_cleanup_free_ char *etag = str_printf("If-None-Match: %s", request->etag ? request->etag : "");
	const char *headers[] = { "Accept-Encoding: identity", request->etag ? etag : NULL, NULL };
	/* An address with http:// is one that the user wants plain. */
	const struct http_peer peer = { .properties = str_starts_with(d.url, "http://") ? HTTP_PEER_PLAIN : 0 };
	struct http_request http = { .method = "GET", .url = d.url, .peer = &peer, .headers = headers, .sink = take_bytes, .sink_context = &d,
		.limit_bytes = DOWNLOAD_LIMIT };
	int r;

	if (!request->output)
		return error_set(err, ERROR_INVALID, 0, "--output-fd is missing");
	if (remote_shown(arena, d.url) != d.url)
		return error_set(err, ERROR_UNSUPPORTED, 0, "cannot get '%.600s': addresses with a user in them are not supported", remote_shown(arena, d.url));
	r = authorization_read(request->authorization, &authorization, err);
	if (r < 0)
		return r;
	http.authorization = authorization.length ? authorization.data : NULL;
	confine(&(struct confinement){ .properties = CONFINE_NETWORK });
	r = perform(&d, &http, &response, err);
	if (r == 0)
		r = judge(&response, request->etag, err);
	if (r == 0)
		r = report(&d, &response, out, err);
	digest_free(d.digest);
	return r < 0 ? error_wrap(err, "cannot get '%.600s'", d.url) : 0;
}

const struct command transfer_download = {
	.command = {
		.name = "download",
		.operands = "URL",
		.summary = "get a file of a web server",
		.description = "Writes the file to a descriptor, which gets the time that the server says, unless it is what was known, and prints what it is as JSON.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct download_request),
	.run = run,
};
