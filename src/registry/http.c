/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop, and what becomes of a transfer when an attempt of it has ended. A
 * transfer is in one of three states: RUNNING (libcurl has it), WAITING (for
 * its time to be tried again), DONE. conclude() is the only way out of RUNNING.
 *
 * Answering a refusal may perform requests from within conclude(): the loop is
 * entered again then, which is why ended attempts are taken from libcurl one at
 * a time, and why nothing is held across.
 */
#include "registry/http_exchange.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <sys/random.h>
#include <time.h>

enum transfer_state { TRANSFER_RUNNING, TRANSFER_WAITING, TRANSFER_DONE };

struct http_transfer {
	struct http *http;
	struct http_transfer *next;
	enum transfer_state state;
	struct http_exchange exchange;
	char *origin;            /* of the request */
	uint64_t last_position;  /* what the last attempt had reached */
	unsigned attempts;       /* in a row without progress */
	unsigned redirects;
	unsigned authorizations;
	int64_t due_ms;
	int result;
	struct error err;
};

struct http {
	CURLM *multi;
	CURLSH *share;
	struct http_options options;
	struct http_transfer *transfers;
	char **origins; /* that have answered */
};

#define ORIGIN_LIMIT 64
#define BACKOFF_LIMIT_MS 16000

/* ---- URLs --------------------------------------------------------------------------- */

typedef char *curl_text;
typedef CURLU *curl_url_handle;

static void cleanup_curl_text(curl_text *text)
{
	curl_free(*text);
}

DEFINE_CLEANUP(curl_url_handle, curl_url_cleanup)

char *http_origin(const char *url)
{
	_cleanup_(cleanup_curl_url_cleanup) CURLU *parts = curl_url();
	_cleanup_(cleanup_curl_text) char *scheme = NULL, *host = NULL, *port = NULL;

	if (!parts || curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK)
		return NULL;
	if (curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || (!str_equal(scheme, "http") && !str_equal(scheme, "https")))
		return NULL;
	if (curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK || curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	for (char *c = host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	return str_printf("%s://%s:%s", scheme, host, port);
}

char *http_resolve(const char *base, const char *location)
{
	_cleanup_(cleanup_curl_url_cleanup) CURLU *parts = curl_url();
	_cleanup_(cleanup_curl_text) char *url = NULL;

	if (!parts || curl_url_set(parts, CURLUPART_URL, base, CURLU_DISALLOW_USER) != CURLUE_OK
	    || curl_url_set(parts, CURLUPART_URL, location, CURLU_DISALLOW_USER | CURLU_URLENCODE) != CURLUE_OK
	    || curl_url_get(parts, CURLUPART_URL, &url, 0) != CURLUE_OK)
		return NULL;
	return str_dup(url);
}

int64_t http_date_s(const char *text)
{
	return curl_getdate(text, NULL);
}

void http_escape(const char *text, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c))
			buf_add_char(out, *text);
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* ---- the whole ------------------------------------------------------------------------ */

static void set_default(unsigned *option, unsigned value)
{
	if (!*option)
		*option = value;
}

int http_new(const struct http_options *options, struct http **ret, struct error *err)
{
	_cleanup_http_ struct http *http = memory_new(1, sizeof *http);

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_INTERNAL, 0, "cannot set up libcurl");
	if (options)
		http->options = *options;
	set_default(&http->options.connect_timeout_ms, 15000);
	set_default(&http->options.silence_timeout_s, 60);
	set_default(&http->options.retry_limit, 5);
	set_default(&http->options.backoff_ms, 500);
	set_default(&http->options.connections, 6);
	http->origins = memory_new(ORIGIN_LIMIT + 1, sizeof *http->origins);
	http->multi = curl_multi_init();
	http->share = curl_share_init();
	if (!http->multi || !http->share)
		return error_set(err, ERROR_INTERNAL, ENOMEM, "cannot set up libcurl");
	curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)http->options.connections);
	curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	*ret = TAKE_PTR(http);
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_multi_cleanup(http->multi);
	curl_share_cleanup(http->share);
	strv_free(http->origins);
	free(http);
}

/* ---- a transfer's states ---------------------------------------------------------------- */

static void finish(struct http_transfer *t, int result)
{
	t->state = TRANSFER_DONE;
	t->result = result;
}

static void run(struct http_transfer *t)
{
	int r = http_exchange_open(&t->exchange, &t->err);

	if (r < 0) {
		http_exchange_close(&t->exchange);
		finish(t, r);
		return;
	}
	curl_easy_setopt(t->exchange.easy, CURLOPT_PRIVATE, t);
	t->state = TRANSFER_RUNNING;
	if (curl_multi_add_handle(t->http->multi, t->exchange.easy) != CURLM_OK) {
		http_exchange_close(&t->exchange);
		finish(t, error_set(&t->err, ERROR_INTERNAL, ENOMEM, "cannot start a transfer"));
	}
}

struct http_transfer *http_start(struct http *http, const struct http_request *request)
{
	struct http_transfer *t = memory_new(1, sizeof *t);

	t->http = http;
	t->next = http->transfers;
	http->transfers = t;
	t->origin = http_origin(request->url);
	t->exchange.request = request;
	t->exchange.options = &http->options;
	t->exchange.share = http->share;
	t->exchange.url = str_dup(request->url);
	t->exchange.authorization = str_dup(request->authorization);
	t->exchange.position = t->last_position = request->offset;
	run(t);
	return t;
}

void http_transfer_free(struct http_transfer *t)
{
	struct http_transfer **slot;

	if (!t)
		return;
	for (slot = &t->http->transfers; *slot != t;)
		slot = &(*slot)->next;
	*slot = t->next;
	if (t->exchange.easy)
		curl_multi_remove_handle(t->http->multi, t->exchange.easy);
	http_exchange_done(&t->exchange);
	free(t->origin);
	free(t);
}

bool http_transfer_is_done(const struct http_transfer *t)
{
	return t->state == TRANSFER_DONE;
}

/* ---- after an attempt --------------------------------------------------------------------- */

static bool has_answered(const struct http *http, const char *origin)
{
	return strv_contains(http->origins, origin);
}

static void remember_origin(struct http *http, const char *url)
{
	_cleanup_free_ char *origin = http_origin(url);
	size_t count = strv_length(http->origins);

	if (origin && count < ORIGIN_LIMIT && !has_answered(http, origin))
		http->origins[count] = TAKE_PTR(origin);
}

int64_t http_backoff_ms(const struct http *http, unsigned repetition)
{
	int64_t wait = http->options.backoff_ms;
	uint16_t noise = 0;

	for (unsigned i = 1; i < repetition && wait < BACKOFF_LIMIT_MS; i++)
		wait *= 2;
	wait = wait < BACKOFF_LIMIT_MS ? wait : BACKOFF_LIMIT_MS;
	if (getrandom(&noise, sizeof noise, GRND_NONBLOCK) != (ssize_t)sizeof noise)
		noise = 0;
	return wait - wait * noise / 65536 / 4;
}

/* What the server says, else longer each time; -1: longer than anybody waits. */
static int64_t choose_wait_ms(const struct http_transfer *t)
{
	const char *after = t->exchange.response.headers[HTTP_RETRY_AFTER];
	uint64_t seconds = 0;
	time_t date;

	if (after && str_to_u64(after, 10, &seconds) == 0)
		return seconds > HTTP_RETRY_AFTER_LIMIT_MS / 1000 ? -1 : (int64_t)seconds * 1000;
	date = after ? curl_getdate(after, NULL) : -1;
	if (date > 0) {
		int64_t left = (int64_t)(date - time(NULL)) * 1000;

		return left > HTTP_RETRY_AFTER_LIMIT_MS ? -1 : left > 0 ? left : 0;
	}
	return http_backoff_ms(t->http, t->attempts);
}

/* Puts the transfer to sleep until it is tried again; false when it has been tried often enough, or is to wait too long. */
static bool try_again(struct http_transfer *t, const char *why)
{
	int64_t wait;

	if (t->exchange.position > t->last_position)
		t->attempts = 0;
	t->last_position = t->exchange.position;
	if (++t->attempts >= t->http->options.retry_limit)
		return false;
	wait = choose_wait_ms(t);
	if (wait < 0)
		return false;
	log_debug("http: %s: %s: again in %lld ms", t->origin ? t->origin : "?", why, (long long)wait);
	t->due_ms = clock_monotonic_ms() + wait;
	t->state = TRANSFER_WAITING;
	return true;
}

/* Whether another attempt may go better after libcurl's CODE. */
static bool is_passing(const struct http_transfer *t, CURLcode code)
{
	_cleanup_free_ char *origin = http_origin(t->exchange.url);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		/* A name with an error in it, or a registry that is not running: nobody wants to wait for that. */
		return origin && has_answered(t->http, origin);
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
		return t->exchange.request->properties & HTTP_REPEATABLE;
	default:
		return false;
	}
}

static void conclude_failure(struct http_transfer *t, CURLcode code)
{
	int r = http_exchange_fail(&t->exchange, code, &t->err);

	http_exchange_close(&t->exchange);
	if (t->exchange.failure == 0 && is_passing(t, code) && try_again(t, t->err.message))
		return;
	finish(t, r);
}

static bool is_redirect(const struct http_transfer *t)
{
	const struct http_exchange *x = &t->exchange;
	int status = x->response.status;

	return x->response.headers[HTTP_LOCATION] && (str_equal(x->request->method, "GET") || str_equal(x->request->method, "HEAD"))
	       && (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

static void follow(struct http_transfer *t)
{
	struct http_exchange *x = &t->exchange;
	_cleanup_free_ char *url = http_resolve(x->url, x->response.headers[HTTP_LOCATION]), *origin = url ? http_origin(url) : NULL;

	if (!origin || ++t->redirects > HTTP_REDIRECT_LIMIT) {
		finish(t, error_set(&t->err, ERROR_INVALID, 0, "'%s' redirects %s", t->origin,
				    origin ? "without end" : "to what is not an address"));
		return;
	}
	/* What was asked with encryption is not answered without. */
	if (str_starts_with(origin, "http:") && str_starts_with(x->url, "https:")) {
		finish(t, error_set(&t->err, ERROR_DENIED, EPERM, "'%s' redirects to '%s', which is not encrypted", t->origin, origin));
		return;
	}
	/* Once away, always away: a way back does not bring the authorization back. */
	x->is_away = x->is_away || !str_equal(origin, t->origin);
	free(x->url);
	x->url = TAKE_PTR(url);
	run(t);
}

/* An answer to a refusal, if there is one to give; else the refusal is the result. */
static void authorize(struct http_transfer *t)
{
	struct http_exchange *x = &t->exchange;
	char *authorization = NULL;
	int r;

	t->authorizations++;
	r = x->request->authorize(x->request->authorize_context, &x->response, &authorization, &t->err);
	if (r < 0 || !authorization) {
		finish(t, r);
		return;
	}
	free(x->authorization);
	x->authorization = authorization;
	run(t);
}

/* A redirected transfer that is to be tried again starts where it first did: signed addresses run out. */
static void return_home(struct http_transfer *t)
{
	free(t->exchange.url);
	t->exchange.url = str_dup(t->exchange.request->url);
	t->exchange.is_away = false;
	t->redirects = 0;
}

static bool is_later(const struct http_transfer *t)
{
	switch (t->exchange.response.status) {
	case 429:
	case 503:
		return true;
	case 408:
	case 500:
	case 502:
	case 504:
		return t->exchange.request->properties & HTTP_REPEATABLE;
	default:
		return false;
	}
}

static void conclude_answer(struct http_transfer *t)
{
	struct http_exchange *x = &t->exchange;

	http_exchange_close(x);
	remember_origin(t->http, x->url);
	if (is_redirect(t))
		return follow(t);
	if (x->response.status == 401 && x->request->authorize && !x->is_away && t->authorizations < 2)
		return authorize(t);
	if (is_later(t) && try_again(t, "the server says later"))
		return;
	finish(t, 0);
}

static void conclude(struct http_transfer *t, CURLcode code)
{
	curl_multi_remove_handle(t->http->multi, t->exchange.easy);
	if (code == CURLE_OK && t->exchange.failure == 0)
		conclude_answer(t);
	else
		conclude_failure(t, code);
	if (t->state == TRANSFER_WAITING && t->exchange.is_away)
		return_home(t);
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Starts what is due; how long until the next one is, at most LIMIT_MS. */
static int start_due(struct http *http, int limit_ms)
{
	int64_t now = clock_monotonic_ms();

	for (struct http_transfer *t = http->transfers; t; t = t->next) {
		if (t->state != TRANSFER_WAITING)
			continue;
		if (t->due_ms <= now) {
			run(t);
			limit_ms = 0;
		} else if (t->due_ms - now < limit_ms) {
			limit_ms = (int)(t->due_ms - now);
		}
	}
	return limit_ms;
}

static void resume_paused(struct http *http)
{
	for (struct http_transfer *t = http->transfers; t; t = t->next)
		if (t->state == TRANSFER_RUNNING)
			http_exchange_resume(&t->exchange);
}

void http_step(struct http *http, int timeout_ms)
{
	int running = 0, left = 0;
	bool ended = false;
	CURLMsg *message;

	timeout_ms = start_due(http, timeout_ms);
	resume_paused(http);
	curl_multi_perform(http->multi, &running);
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		conclude(t, code);
		ended = true;
	}
	if (!ended)
		curl_multi_poll(http->multi, NULL, 0, timeout_ms, NULL);
}

int http_wait(struct http *http, struct http_transfer *t, struct http_response *ret, struct error *err)
{
	while (t->state != TRANSFER_DONE)
		http_step(http, 1000);
	if (t->result < 0) {
		if (err)
			*err = t->err;
		return t->result;
	}
	*ret = t->exchange.response;
	t->exchange.response = (struct http_response){ 0 };
	return 0;
}

int http_perform(struct http *http, const struct http_request *request, struct http_response *ret, struct error *err)
{
	_cleanup_http_transfer_ struct http_transfer *t = http_start(http, request);

	return http_wait(http, t, ret, err);
}
