/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_exchange.h"

#include "base/memory.h"

#include <dirent.h>
#include <openssl/x509.h>
#include <strings.h>

/* ---- what comes in --------------------------------------------------------------- */

static const char *const header_names[HTTP_HEADER_COUNT] = {
	[HTTP_AUTHENTICATE] = "WWW-Authenticate",
	[HTTP_CONTENT_LENGTH] = "Content-Length",
	[HTTP_CONTENT_RANGE] = "Content-Range",
	[HTTP_CONTENT_TYPE] = "Content-Type",
	[HTTP_DIGEST] = "Docker-Content-Digest",
	[HTTP_ETAG] = "ETag",
	[HTTP_LAST_MODIFIED] = "Last-Modified",
	[HTTP_LINK] = "Link",
	[HTTP_LOCATION] = "Location",
	[HTTP_MINIMUM_CHUNK] = "OCI-Chunk-Min-Length",
	[HTTP_FILTERS] = "OCI-Filters-Applied",
	[HTTP_RANGE] = "Range",
	[HTTP_RETRY_AFTER] = "Retry-After",
	[HTTP_SUBJECT] = "OCI-Subject",
};

void http_response_done(struct http_response *response)
{
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++)
		free(response->headers[i]);
	buf_done(&response->body);
	free(response->url);
	*response = (struct http_response){ 0 };
}

static void drop_response(struct http_exchange *x)
{
	http_response_done(&x->response);
	x->has_begun = false;
	x->skip = 0;
}

static void keep_header(struct http_response *response, enum http_header name, const char *value, size_t length)
{
	char **slot = &response->headers[name], *joined;

	if (*slot && name != HTTP_AUTHENTICATE)
		return;
	if (length + (*slot ? strlen(*slot) : 0) > HTTP_HEADER_BYTES_LIMIT)
		return;
	joined = *slot ? str_printf("%s, %.*s", *slot, (int)length, value) : str_printf("%.*s", (int)length, value);
	free(*slot);
	*slot = joined;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
	struct http_exchange *x = context;
	size_t length = size * count, name_length;
	const char *colon = memchr(line, ':', length);

	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* An answer begins, perhaps after a "100 Continue". */
		drop_response(x);
		return length;
	}
	if (!colon)
		return length;
	name_length = (size_t)(colon - line);
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++) {
		const char *value = colon + 1, *end = line + length;

		if (strlen(header_names[i]) != name_length || strncasecmp(header_names[i], line, name_length) != 0)
			continue;
		while (value < end && (*value == ' ' || *value == '\t'))
			value++;
		while (end > value && strchr(" \t\r\n", end[-1]) && end[-1])
			end--;
		keep_header(&x->response, i, value, (size_t)(end - value));
	}
	return length;
}

static int fail(struct http_exchange *x, enum error_kind kind, int code, const char *what)
{
	_cleanup_free_ char *origin = http_origin(x->url);

	error_set(&x->err, kind, 0, "'%s' %s", origin ? origin : x->url, what);
	x->failure = -code;
	return x->failure;
}

static int status_of(const struct http_exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

/* Where the body starts: at the byte asked for, or from the beginning where ranges are not known. */
static int begin_body(struct http_exchange *x)
{
	const char *range = x->response.headers[HTTP_CONTENT_RANGE];
	unsigned long long first = 0;

	x->has_begun = true;
	if (status_of(x) != 206) {
		x->skip = x->position;
		return 0;
	}
	if (!range || sscanf(range, "bytes %llu-", &first) != 1 || first != x->position)
		return fail(x, ERROR_INVALID, EPROTO, "answers with another part than was asked for");
	return 0;
}

static int take_good_bytes(struct http_exchange *x, const char *bytes, size_t length)
{
	size_t dropped;

	if (!x->has_begun && begin_body(x) < 0)
		return x->failure;
	dropped = length < x->skip ? length : (size_t)x->skip;
	x->skip -= dropped;
	bytes += dropped;
	length -= dropped;
	if (length == 0)
		return 0;
	if (length > x->request->limit_bytes || x->position > x->request->limit_bytes - length)
		return fail(x, ERROR_INVALID, EFBIG, "sends more than it should");
	x->failure = x->request->sink(x->request->sink_context, bytes, length, &x->err);
	if (x->failure < 0)
		return x->failure;
	x->position += length;
	if (x->request->progress)
		x->request->progress(x->request->progress_context, x->position);
	return 0;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct http_exchange *x = context;
	size_t length = size * count;
	bool good = status_of(x) / 100 == 2;

	if (good && x->request->sink_is_full && x->request->sink_is_full(x->request->sink_context)) {
		x->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (good && x->request->sink)
		return take_good_bytes(x, bytes, length) < 0 ? 0 : length;
	if (x->response.body.length + length > (good ? x->request->limit_bytes : HTTP_ERROR_BYTES_LIMIT)) {
		if (!good) /* the beginning of a refusal says enough */
			return length;
		fail(x, ERROR_INVALID, EFBIG, "sends more than it should");
		return 0;
	}
	buf_add(&x->response.body, bytes, length);
	return length;
}

/* ---- what goes out ---------------------------------------------------------------- */

static size_t give_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct http_exchange *x = context;
	const struct http_request *request = x->request;
	uint64_t left = request->source_length - x->sent, room = size * count;
	ssize_t n = (ssize_t)(left < room ? left : room);

	if (n == 0)
		return 0;
	if (request->body)
		memcpy(bytes, (const char *)request->body + x->sent, (size_t)n);
	else
		n = request->source(request->source_context, bytes, (size_t)n, x->sent, &x->err);
	if (n <= 0) {
		x->failure = n < 0 ? (int)n : error_set(&x->err, ERROR_INTERNAL, EIO, "what is to be sent ends before its size");
		return CURL_READFUNC_ABORT;
	}
	x->sent += (uint64_t)n;
	if (request->progress)
		request->progress(request->progress_context, x->sent);
	return (size_t)n;
}

/* A kept connection turned out to be closed: the body starts anew. */
static int seek_bytes(void *context, curl_off_t offset, int origin)
{
	struct http_exchange *x = context;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->request->source_length)
		return CURL_SEEKFUNC_FAIL;
	x->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- setting up --------------------------------------------------------------------- */

/* $http_proxy and its kin are libcurl's to read, but nobody's proxy leads to this host itself. */
static void set_proxy(struct http_exchange *x, const char *origin)
{
	const char *host = strstr(origin, "://") + 3;

	if (str_starts_with(host, "127.") || str_starts_with(host, "localhost:") || str_starts_with(host, "[::1]:"))
		curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "*");
}

/* Whether the directory is one of certificates named by their hashes ("5ed36f99.0"), as OpenSSL looks for them. */
static bool has_hashed_names(const char *directory)
{
	_cleanup_closedir_ DIR *stream = opendir(directory);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (strlen(entry->d_name) == 10 && strspn(entry->d_name, "0123456789abcdef") == 8 && str_equal(entry->d_name + 8, ".0"))
			return true;
	return false;
}

/* The system's directory of hashed certificates, or NULL if it has none. */
static const char *hashed_directory(void)
{
	static const char *directory;
	static bool is_known;

	if (!is_known && has_hashed_names(X509_get_default_cert_dir()))
		directory = X509_get_default_cert_dir();
	is_known = true;
	return directory;
}

/*
 * A directory of hashed certificates costs nothing to open; the bundle file
 * that libcurl reads by default costs 50 ms. Only where there is such a
 * directory the bundle is left out. The variables are OpenSSL's.
 */
static void set_authorities(struct http_exchange *x)
{
	const char *file = getenv("SSL_CERT_FILE"), *directory = getenv("SSL_CERT_DIR");

	if (str_is_empty(file) && str_is_empty(directory))
		directory = hashed_directory();
	if (!str_is_empty(directory))
		curl_easy_setopt(x->easy, CURLOPT_CAPATH, directory);
	if (!str_is_empty(directory) || !str_is_empty(file))
		curl_easy_setopt(x->easy, CURLOPT_CAINFO, str_is_empty(file) ? NULL : file);
	if (x->request->peer->authorities) {
		struct curl_blob blob = { .data = (void *)x->request->peer->authorities,
					  .len = strlen(x->request->peer->authorities),
					  .flags = CURL_BLOB_COPY };

		curl_easy_setopt(x->easy, CURLOPT_CAINFO_BLOB, &blob);
	}
}

static void set_peer(struct http_exchange *x)
{
	const struct http_peer *peer = x->request->peer;
	bool plain = peer->properties & HTTP_PEER_PLAIN, unverified = peer->properties & HTTP_PEER_UNVERIFIED;

	curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
	curl_easy_setopt(x->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYPEER, unverified ? 0L : 1L);
	curl_easy_setopt(x->easy, CURLOPT_SSL_VERIFYHOST, unverified ? 0L : 2L);
	if (!unverified)
		set_authorities(x);
	if (peer->client_certificate && !x->is_away) {
		curl_easy_setopt(x->easy, CURLOPT_SSLCERT, peer->client_certificate);
		curl_easy_setopt(x->easy, CURLOPT_SSLKEY, peer->client_key);
	}
}

static void set_limits(struct http_exchange *x)
{
	bool sends = x->request->source || x->request->body;

	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->options->connect_timeout_ms);
	curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(x->easy, CURLOPT_LOW_SPEED_TIME, (long)x->options->silence_timeout_s * (sends ? 3 : 1));
	curl_easy_setopt(x->easy, CURLOPT_BUFFERSIZE, 512L << 10);
	curl_easy_setopt(x->easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
}

static void add_header(struct http_exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->headers, line);

	if (list)
		x->headers = list;
}

static void set_headers(struct http_exchange *x)
{
	for (const char *const *line = x->request->headers; line && *line; line++)
		add_header(x, *line);
	if (x->authorization && !x->is_away) {
		_cleanup_free_ char *line = str_printf("Authorization: %s", x->authorization);

		add_header(x, line);
	}
	add_header(x, "Expect:"); /* we are let in already when a body is sent: no waiting for "100 Continue" */
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static void set_method(struct http_exchange *x)
{
	const struct http_request *request = x->request;

	if (strcmp(request->method, "HEAD") == 0) {
		curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
	} else if (request->source || request->body || strcmp(request->method, "GET") != 0) {
		if (strcmp(request->method, "DELETE") != 0) {
			curl_easy_setopt(x->easy, CURLOPT_UPLOAD, 1L);
			curl_easy_setopt(x->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->source_length);
		}
		curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	if (x->position) {
		_cleanup_free_ char *range = str_printf("%llu-", (unsigned long long)x->position);

		curl_easy_setopt(x->easy, CURLOPT_RANGE, range);
	}
}

static void set_callbacks(struct http_exchange *x)
{
	curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, seek_bytes);
	curl_easy_setopt(x->easy, CURLOPT_SEEKDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->curl_words);
}

int http_exchange_open(struct http_exchange *x, struct error *err)
{
	_cleanup_free_ char *origin = http_origin(x->url);

	drop_response(x);
	x->sent = 0;
	x->curl_words[0] = '\0';
	if (!origin)
		return error_set(err, ERROR_INVALID, 0, "'%.300s' is not an address that can be asked", x->url);
	if (!(x->request->peer->properties & HTTP_PEER_PLAIN) && str_starts_with(origin, "http:"))
		return error_set(err, ERROR_DENIED, EPERM, "'%s' would have to be asked without encryption", origin);
	x->easy = curl_easy_init();
	if (!x->easy)
		return error_set(err, ERROR_INTERNAL, ENOMEM, "cannot make a handle of libcurl");
	curl_easy_setopt(x->easy, CURLOPT_URL, x->url);
	curl_easy_setopt(x->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->easy, CURLOPT_SHARE, x->share);
	curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "bivy/" BIVY_VERSION);
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(x->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set_proxy(x, origin);
	set_limits(x);
	set_peer(x);
	set_method(x);
	set_headers(x);
	set_callbacks(x);
	return 0;
}

void http_exchange_resume(struct http_exchange *x)
{
	if (!x->is_paused || x->request->sink_is_full(x->request->sink_context))
		return;
	x->is_paused = false;
	ignore_result(curl_easy_pause(x->easy, CURLPAUSE_CONT)); /* what fails here fails the transfer */
}

void http_exchange_close(struct http_exchange *x)
{
	x->is_paused = false;
	if (x->easy) {
		x->response.status = status_of(x);
		free(x->response.url);
		x->response.url = str_dup(x->url);
		curl_easy_cleanup(x->easy);
	}
	x->easy = NULL;
	curl_slist_free_all(x->headers);
	x->headers = NULL;
}

void http_exchange_done(struct http_exchange *x)
{
	http_exchange_close(x);
	http_response_done(&x->response);
	free(x->url);
	free(x->authorization);
	x->url = x->authorization = NULL;
}

/* ---- what went wrong ------------------------------------------------------------------ */

static int fail_certificate(const struct http_exchange *x, const char *origin, struct error *err)
{
	const char *host = strstr(origin, "://") + 3;

	error_set(err, ERROR_DENIED, EACCES, "the certificate of '%s' does not verify", host);
	if (err)
		snprintf(err->message, sizeof err->message, "the certificate of '%s' does not verify: %s", host,
			 *x->curl_words ? x->curl_words : "no reason given");
	error_hint(err, "put the certificate of its authority (PEM) into /etc/bivy/certs.d/%s/ca.crt", host);
	return -EACCES;
}

/* What OpenSSL makes of an answer, or a closed connection, from somebody who takes its greeting for a bad request. */
static bool is_not_tls(const char *words)
{
	static const char *const signs[] = { "wrong version number", "packet length too long", "http request", "unexpected eof", "SSL_ERROR_SYSCALL" };

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(words, signs[i]))
			return true;
	return false;
}

static int fail_handshake(const struct http_exchange *x, const char *origin, struct error *err)
{
	error_set(err, ERROR_UNAVAILABLE, 0, "cannot agree on TLS with '%s': %s", origin, x->curl_words);
	if (!is_not_tls(x->curl_words))
		return -EPROTO;
	error_hint(err, "it seems to speak plain HTTP: if that is meant, name it as \"insecure\" in registries.json");
	return -EPROTONOSUPPORT;
}

int http_exchange_fail(const struct http_exchange *x, CURLcode code, struct error *err)
{
	_cleanup_free_ char *origin = http_origin(x->url);
	long os_code = 0;

	if (x->failure < 0) {
		if (err)
			*err = x->err;
		return x->failure;
	}
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		error_set(err, ERROR_UNAVAILABLE, 0, "cannot find the address of '%s'", origin);
		return -EHOSTUNREACH;
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os_code);
		return error_set(err, ERROR_UNAVAILABLE, os_code ? (int)os_code : EHOSTUNREACH, "cannot reach '%s'", origin);
	case CURLE_OPERATION_TIMEDOUT:
		return error_set(err, ERROR_UNAVAILABLE, ETIMEDOUT, "'%s' keeps silent", origin);
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail_certificate(x, origin, err);
	case CURLE_SSL_CONNECT_ERROR:
		return fail_handshake(x, origin, err);
	case CURLE_SSL_CERTPROBLEM:
		return error_set(err, ERROR_INVALID, 0, "cannot use the client certificate '%s': %s", x->request->peer->client_certificate,
				 x->curl_words);
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(err, ERROR_INVALID, 0, "cannot use the certificates of authorities for '%s': %s", origin, x->curl_words);
	default:
		return error_set(err, ERROR_UNAVAILABLE, EPROTO, "the connection to '%s' broke off (%s)", origin,
				 *x->curl_words ? x->curl_words : curl_easy_strerror(code));
	}
}
