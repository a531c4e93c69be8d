/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An upload is a place at the registry, an URL that changes with every answer,
 * with a number of bytes in it. After a break the registry is asked how many it
 * has; if it does not know the place any more, a new one is begun.
 */
#include "registry/upload.h"
#include "registry/answer.h"

#include "base/log.h"

#include <time.h>

#define ATTEMPT_LIMIT 4 /* in a row without progress */

struct upload {
	struct client *client;
	const struct upload_request *request;
	char *place;        /* URL; NULL: none yet */
	uint64_t sent;      /* bytes that the registry has */
	uint64_t piece_bytes;
	uint64_t base;      /* of the piece under way */
	bool source_failed; /* our side: repeating is of no use */
	char *what;         /* for messages */
};

/* ---- one request ------------------------------------------------------------------------ */

/* The source of a piece, whose first byte is not the blob's. */
static ssize_t give_piece(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	struct upload *u = context;
	ssize_t n = u->request->source(u->request->source_context, bytes, length, u->base + offset, err);

	if (n <= 0)
		u->source_failed = true;
	return n;
}

static void tell_progress(void *context, uint64_t position)
{
	struct upload *u = context;

	u->request->progress(u->request->progress_context, u->base + position);
}

/* The bytes from u->sent on, LENGTH of them, become the body. */
static void set_body(struct upload *u, struct http_request *request, uint64_t length)
{
	u->base = u->sent;
	request->source = give_piece;
	request->source_context = u;
	request->source_length = length;
	if (u->request->progress) {
		request->progress = tell_progress;
		request->progress_context = u;
	}
}

/* Takes the new place and how much is there. */
static int take_place(struct upload *u, const struct http_response *response, struct error *err)
{
	const char *location = response->headers[HTTP_LOCATION], *least = response->headers[HTTP_MINIMUM_CHUNK];
	char *place = location ? http_resolve(response->url, location) : NULL;
	uint64_t bytes = 0;

	if (!place)
		return error_set(err, ERROR_INVALID, 0, "the registry '%s' does not say where %s is to be sent", client_endpoint(u->client)->place.host,
				 u->what);
	free(u->place);
	u->place = place;
	if (least && u->piece_bytes && str_to_u64(least, 10, &bytes) == 0 && bytes > u->piece_bytes)
		u->piece_bytes = bytes;
	return 0;
}

static char *place_with_digest(const struct upload *u)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s%sdigest=", u->place, strchr(u->place, '?') ? "&" : "?");
	http_escape(u->request->digest, &url);
	return buf_take(&url);
}

/* ---- the steps ------------------------------------------------------------------------------ */

/* "<repository>/blobs/uploads/", with what may spare us the upload. */
static char *path_to_begin(const struct upload *u)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s/blobs/uploads/", client_endpoint(u->client)->place.repository);
	if (u->request->mount_from) {
		buf_add_text(&path, "?mount=");
		http_escape(u->request->digest, &path);
		buf_add_text(&path, "&from=");
		http_escape(u->request->mount_from, &path);
	}
	return buf_take(&path);
}

/* A place for the blob; *RET_MOUNTED: there is no need for one any more. */
static int begin(struct upload *u, bool *ret_mounted, struct error *err)
{
	const char *from = u->request->mount_from, *own = client_scope(u->client);
	_cleanup_free_ char *scope = from ? str_printf("%s repository:%s:pull", own, from) : str_dup(own);
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	struct endpoint *e = client_endpoint(u->client);
	_cleanup_free_ char *path = path_to_begin(u);
	int r = endpoint_open_call(e, "POST", path, scope, &call, err);

	if (r < 0)
		return r;
	call.request.properties |= HTTP_REPEATABLE; /* a place that is not used goes away by itself */
	r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	*ret_mounted = response.status == 201;
	if (response.status == 201)
		return 0;
	if (response.status != 202)
		return endpoint_refuse(e, u->what, &response, err);
	u->sent = 0;
	return take_place(u, &response, err);
}

static int send_piece(struct upload *u, struct error *err)
{
	uint64_t left = u->request->size - u->sent, length = left < u->piece_bytes ? left : u->piece_bytes;
	_cleanup_free_ char *range = str_printf("Content-Range: %llu-%llu", (unsigned long long)u->sent, (unsigned long long)(u->sent + length - 1));
	const char *const headers[] = { "Content-Type: application/octet-stream", range, NULL };
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	struct endpoint *e = client_endpoint(u->client);
	int r = endpoint_open_call_at(e, "PATCH", u->place, client_scope(u->client), &call, err);

	if (r < 0)
		return r;
	call.request.headers = headers;
	set_body(u, &call.request, length);
	r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	if (response.status == 416) /* it has another number of bytes than we think */
		return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "the registry '%s' has lost a part of %s", e->place.host, u->what);
	if (response.status / 100 != 2)
		return endpoint_refuse(e, u->what, &response, err);
	u->sent += length;
	return take_place(u, &response, err);
}

/* The rest, or nothing, and the digest that all of it must have. */
static int complete(struct upload *u, struct error *err)
{
	static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
	_cleanup_free_ char *url = place_with_digest(u);
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	struct endpoint *e = client_endpoint(u->client);
	int r = endpoint_open_call_at(e, "PUT", url, client_scope(u->client), &call, err);

	if (r < 0)
		return r;
	call.request.headers = headers;
	set_body(u, &call.request, u->request->size - u->sent);
	r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	return response.status / 100 == 2 ? 0 : endpoint_refuse(e, u->what, &response, err);
}

static int send_all(struct upload *u, struct error *err)
{
	int r = 0;

	while (r == 0 && u->piece_bytes && u->request->size - u->sent > u->piece_bytes)
		r = send_piece(u, err);
	return r < 0 ? r : complete(u, err);
}

/* ---- after a break ------------------------------------------------------------------------------ */

/* How many bytes the place has; false if it is gone. */
static bool ask_place(struct upload *u)
{
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	struct endpoint *e = client_endpoint(u->client);
	uint64_t bytes = 0;

	if (!u->piece_bytes || endpoint_open_call_at(e, "GET", u->place, client_scope(u->client), &call, NULL) < 0
	    || endpoint_perform(&call, &response, NULL) < 0 || response.status / 100 != 2)
		return false;
	if (!response.headers[HTTP_RANGE] || answer_decode_range(response.headers[HTTP_RANGE], &bytes) < 0 || bytes > u->request->size)
		return false;
	if (response.headers[HTTP_LOCATION] && take_place(u, &response, NULL) < 0)
		return false;
	u->sent = bytes;
	return true;
}

/* Makes ready for another attempt; *RET_DONE: the last one had succeeded, only its answer was lost. */
static int recover(struct upload *u, bool *ret_done, struct error *err)
{
	int r = client_has_blob(u->client, u->request->digest, ret_done, NULL, err);

	if (r < 0 || *ret_done || ask_place(u))
		return r;
	return begin(u, ret_done, err);
}

static void pause_ms(int64_t ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	ignore_result(nanosleep(&time, NULL)); /* sooner is fine */
}

static int send_with_patience(struct upload *u, struct error *err)
{
	uint64_t best = 0;
	bool done = false;
	int r = 0;

	for (int attempt = 1;; attempt++) {
		struct error own = ERROR_INIT;

		if (attempt > 1)
			r = recover(u, &done, &own);
		if (r == 0 && !done)
			r = send_all(u, &own);
		if (r == 0)
			return 0;
		if (u->sent > best)
			attempt = 1;
		best = u->sent > best ? u->sent : best;
		if (u->source_failed || own.kind != ERROR_UNAVAILABLE || attempt >= ATTEMPT_LIMIT) {
			if (err)
				*err = own;
			return r;
		}
		log_info("upload: %s: %s, trying again", u->what, own.message);
		pause_ms(http_backoff_ms(client_endpoint(u->client)->options->http, (unsigned)attempt));
		r = 0;
	}
}

int upload_blob(struct client *client, const struct upload_request *request, enum upload_result *ret, struct error *err)
{
	_cleanup_free_ char *what = str_printf("the blob '%s'", request->digest);
	struct upload u = { .client = client, .request = request, .piece_bytes = request->piece_bytes, .what = what };
	bool present = false, mounted = false;
	int r = client_has_blob(client, request->digest, &present, NULL, err);

	if (r == 0 && !present)
		r = begin(&u, &mounted, err);
	if (r == 0 && !present && !mounted)
		r = send_with_patience(&u, err);
	free(u.place);
	if (r == 0)
		*ret = present ? UPLOAD_PRESENT : mounted ? UPLOAD_MOUNTED : UPLOAD_SENT;
	return r;
}
