/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against a server of our own on two loopback ports, which are two origins. It
 * does what its paths are called; how often it was asked is counted in memory
 * that is shared with it.
 */
#include "registry/http.h"
#include "registry/test_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define BLOB_BYTES 65536u
#define PIECE_BYTES 10000u

static unsigned *asked; /* [0]: by all; [1]: for "later", [2]: for "break-once" */
static int ports[2];
static struct test_server servers[2];
static unsigned char blob[BLOB_BYTES], long_blob[8u << 20];

/* ---- the server ------------------------------------------------------------------- */

static size_t range_of(const char *request)
{
	const char *range = strcasestr(request, "\r\nRange: bytes=");
	unsigned long first = 0;

	return range && sscanf(range + strlen("\r\nRange: bytes="), "%lu-", &first) == 1 ? first : 0;
}

/* The blob from the byte asked for, of which at most LIMIT bytes really come. */
static void answer_blob(int fd, const char *request, size_t limit, size_t shift)
{
	size_t first = range_of(request), left = BLOB_BYTES - first;
	char header[128] = "";

	if (first)
		snprintf(header, sizeof header, "Content-Range: bytes %zu-%u/%u\r\n", first + shift, BLOB_BYTES - 1, BLOB_BYTES);
	answer(fd, first ? "206 Partial Content" : "200 OK", header, blob + first, left, left < limit ? left : limit);
}

static void answer_redirect(int fd, const char *format, int port)
{
	char header[256];

	snprintf(header, sizeof header, format, port);
	answer_text(fd, "307 Temporary Redirect", header, "");
}

/* Whether the connection goes on. */
static bool serve(int fd, const char *request, const char *path)
{
	__atomic_add_fetch(&asked[0], 1, __ATOMIC_SEQ_CST);
	if (str_equal(path, "/echo"))
		answer_text(fd, "200 OK", "X-A: b\r\nDocker-Content-Digest:  d \r\nContent-Type: t/x\r\n", request);
	else if (str_equal(path, "/blob"))
		answer_blob(fd, request, BLOB_BYTES, 0);
	else if (str_equal(path, "/long"))
		answer(fd, "200 OK", "", long_blob, sizeof long_blob, sizeof long_blob);
	else if (str_equal(path, "/break"))
		return answer_blob(fd, request, PIECE_BYTES, 0), false;
	else if (str_equal(path, "/break-once"))
		return answer(fd, "200 OK", "", blob, BLOB_BYTES, __atomic_fetch_add(&asked[2], 1, __ATOMIC_SEQ_CST) ? BLOB_BYTES : PIECE_BYTES), false;
	else if (str_equal(path, "/break-at-once"))
		return answer(fd, "200 OK", "", blob, BLOB_BYTES, 0), false;
	else if (str_equal(path, "/wrong-part"))
		answer_blob(fd, request, BLOB_BYTES, 1);
	else if (str_equal(path, "/away"))
		answer_redirect(fd, "Location: http://127.0.0.1:%d/echo\r\n", ports[1]);
	else if (str_equal(path, "/away-and-back"))
		answer_redirect(fd, "Location: http://127.0.0.1:%d/back\r\n", ports[1]);
	else if (str_equal(path, "/back"))
		answer_redirect(fd, "Location: http://127.0.0.1:%d/echo\r\n", ports[0]);
	else if (str_equal(path, "/near"))
		answer_redirect(fd, "Location: echo\r\n", 0);
	else if (str_equal(path, "/loop"))
		answer_redirect(fd, "Location: /loop\r\n", 0);
	else if (str_equal(path, "/to-file"))
		answer_redirect(fd, "Location: file:///etc/passwd\r\n", 0);
	else if (str_equal(path, "/with-user"))
		answer_redirect(fd, "Location: http://u:p@127.0.0.1:%d/echo\r\n", ports[1]);
	else if (str_equal(path, "/later") && __atomic_fetch_add(&asked[1], 1, __ATOMIC_SEQ_CST) == 0)
		answer_text(fd, "503 Service Unavailable", "Retry-After: 0\r\n", "");
	else if (str_equal(path, "/much-later"))
		answer_text(fd, "429 Too Many Requests", "Retry-After: 3600\r\n", "");
	else if (str_equal(path, "/broken"))
		answer_text(fd, "502 Bad Gateway", "", "");
	else if (str_equal(path, "/auth") && !strstr(request, "\r\nAuthorization: good\r\n"))
		answer_text(fd, "401 Unauthorized", "WWW-Authenticate: Basic\r\nWWW-Authenticate: Bearer realm=x\r\n", "no");
	else if (str_equal(path, "/nonsense"))
		return ignore_result(fd_write_all(fd, "\x16\x03nonsense\r\n\r\n", 14)), false;
	else if (str_equal(path, "/silent"))
		pause();
	else
		answer_text(fd, "200 OK", "", "fine");
	return true;
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("SSL_CERT_FILE"); /* a bundle takes long to read, for each connection */
	asked = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < BLOB_BYTES; i++)
		blob[i] = (unsigned char)(i * 2654435761u >> 13);
	for (int i = 0; i < 2; i++) {
		if (test_server_listen(&servers[i]) < 0)
			return -1;
		ports[i] = servers[i].port;
	}
	for (int i = 0; i < 2; i++)
		test_server_start(&servers[i], serve);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_server_stop(&servers[0]);
	test_server_stop(&servers[1]);
	return 0;
}

/* ---- the tests ---------------------------------------------------------------------- */

static const struct http_options quick = { .retry_limit = 3, .backoff_ms = 1, .silence_timeout_s = 30, .connect_timeout_ms = 10000 };
static const struct http_options impatient = { .retry_limit = 3, .backoff_ms = 1, .silence_timeout_s = 1, .connect_timeout_ms = 2000 };
static const struct http_peer plain = { .properties = HTTP_PEER_PLAIN };

struct call {
	struct http *http;
	struct http_request request;
	struct http_response response;
	struct error err;
	char *url;
	struct buf got;
};

static int keep(void *context, const void *bytes, size_t length, struct error *err)
{
	struct buf *got = context;

	(void)err;
	buf_add(got, bytes, length);
	return 0;
}

static void prepare_with(struct call *call, const char *path, const struct http_options *options)
{
	*call = (struct call){ 0 };
	assert_int_equal(http_new(options, &call->http, NULL), 0);
	call->url = str_printf("http://127.0.0.1:%d%s", ports[0], path);
	call->request = (struct http_request){ .method = "GET", .url = call->url, .peer = &plain, .properties = HTTP_REPEATABLE, .limit_bytes = 1 << 20 };
	asked[0] = 0;
}

static void prepare(struct call *call, const char *path)
{
	prepare_with(call, path, &quick);
}

static int perform(struct call *call)
{
	http_response_done(&call->response);
	return http_perform(call->http, &call->request, &call->response, &call->err);
}

static void finish(struct call *call)
{
	http_response_done(&call->response);
	buf_done(&call->got);
	free(call->url);
	http_free(call->http);
}

static void test_get(void **state)
{
	static const char *const headers[] = { "Accept: a/b", NULL };
	struct call call;

	(void)state;
	prepare(&call, "/echo");
	call.request.headers = headers;
	call.request.authorization = "mine";
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 200);
	assert_string_equal(call.response.headers[HTTP_DIGEST], "d");
	assert_string_equal(call.response.headers[HTTP_CONTENT_TYPE], "t/x");
	assert_null(call.response.headers[HTTP_LOCATION]);
	assert_string_equal(call.response.url, call.url);
	assert_non_null(strstr(call.response.body.data, "GET /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(call.response.body.data, "\r\nAccept: a/b\r\n"));
	assert_non_null(strstr(call.response.body.data, "\r\nAuthorization: mine\r\n"));
	assert_non_null(strstr(call.response.body.data, "\r\nUser-Agent: bivy/"));
	call.request.method = "HEAD";
	call.request.sink = NULL;
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.body.length, 0);
	assert_string_equal(call.response.headers[HTTP_DIGEST], "d");
	finish(&call);
}

static ssize_t give_letters(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	(void)context;
	(void)err;
	for (size_t i = 0; i < length; i++)
		((char *)bytes)[i] = (char)('a' + (offset + i) % 26);
	return (ssize_t)length;
}

static ssize_t give_nothing(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	(void)context;
	(void)bytes;
	(void)length;
	(void)offset;
	return error_errno(err, EIO, "cannot read it");
}

static void test_put(void **state)
{
	struct call call;

	(void)state;
	prepare(&call, "/echo");
	call.request.method = "PUT";
	call.request.body = "12345";
	call.request.source_length = 5;
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "PUT /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(call.response.body.data, "\r\n\r\n12345"));
	assert_null(strcasestr(call.response.body.data, "Expect:"));
	call.request.method = "POST";
	call.request.body = NULL;
	call.request.source_length = 0;
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "POST /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(call.response.body.data, "\r\nContent-Length: 0\r\n"));
	call.request.method = "PATCH";
	call.request.source = give_letters;
	call.request.source_length = 28;
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "\r\n\r\nabcdefghijklmnopqrstuvwxyzab"));
	call.request.source = give_nothing;
	assert_int_equal(perform(&call), -EIO);
	assert_string_equal(call.err.message, "cannot read it: input/output error");
	finish(&call);
}

static void assert_blob(const struct call *call, size_t first)
{
	assert_int_equal(call->got.length, BLOB_BYTES - first);
	assert_memory_equal(call->got.data, blob + first, BLOB_BYTES - first);
}

static void prepare_blob(struct call *call, const char *path)
{
	prepare(call, path);
	call->request.sink = keep;
	call->request.sink_context = &call->got;
	call->request.limit_bytes = BLOB_BYTES;
}

static void test_resume(void **state)
{
	struct call call;

	(void)state;
	prepare_blob(&call, "/break");
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 206);
	assert_blob(&call, 0);
	assert_int_equal(asked[0], 7); /* more than the limit of attempts: each made progress */
	finish(&call);
	prepare_blob(&call, "/break-once"); /* and then knows no ranges */
	assert_int_equal(perform(&call), 0);
	assert_blob(&call, 0);
	finish(&call);
	prepare_blob(&call, "/blob");
	call.request.offset = 60000;
	assert_int_equal(perform(&call), 0);
	assert_blob(&call, 60000);
	finish(&call);
}

static void test_resume_in_vain(void **state)
{
	struct call call;

	(void)state;
	prepare_blob(&call, "/break-at-once");
	assert_true(perform(&call) < 0);
	assert_int_equal(call.err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(call.err.message, " broke off ("));
	assert_int_equal(asked[0], 3);
	finish(&call);
	prepare_blob(&call, "/wrong-part");
	call.request.offset = 10;
	assert_int_equal(perform(&call), -EPROTO);
	assert_non_null(strstr(call.err.message, "answers with another part than was asked for"));
	assert_int_equal(call.got.length, 0);
	finish(&call);
}

static void test_too_much(void **state)
{
	struct call call;

	(void)state;
	prepare_blob(&call, "/blob");
	call.request.limit_bytes = BLOB_BYTES - 1;
	assert_int_equal(perform(&call), -EFBIG);
	assert_true(call.got.length < BLOB_BYTES);
	assert_non_null(strstr(call.err.message, "sends more than it should"));
	finish(&call);
	prepare(&call, "/blob");
	call.request.limit_bytes = 1000;
	assert_int_equal(perform(&call), -EFBIG);
	finish(&call);
}

static int refuse(void *context, const void *bytes, size_t length, struct error *err)
{
	(void)context;
	(void)bytes;
	(void)length;
	return error_errno(err, ENOSPC, "cannot keep it");
}

static void test_sink_fails(void **state)
{
	struct call call;

	(void)state;
	prepare_blob(&call, "/blob");
	call.request.sink = refuse;
	assert_int_equal(perform(&call), -ENOSPC);
	assert_string_equal(call.err.message, "cannot keep it: no space left on device");
	assert_int_equal(asked[0], 1);
	finish(&call);
}

static bool has_some(void *context)
{
	return ((const struct buf *)context)->length > 0;
}

/* A sink that is full gets nothing more, whatever the server sends, until it has room. */
static void test_sink_is_full(void **state)
{
	struct http_transfer *transfer;
	size_t total = 0, rounds = 0;
	struct call call;

	(void)state;
	prepare(&call, "/long");
	call.request.limit_bytes = sizeof long_blob;
	call.request.sink = keep;
	call.request.sink_is_full = has_some;
	call.request.sink_context = &call.got;
	transfer = http_start(call.http, &call.request);
	while (!http_transfer_is_done(transfer)) {
		http_step(call.http, 10);
		if (call.got.length == 0)
			continue;
		/* One piece of libcurl's. */
		assert_in_range(call.got.length, 1, 512u << 10);
		total += call.got.length;
		for (size_t before = call.got.length, i = 0; rounds == 0 && i < 5; i++) {
			http_step(call.http, 10);
			assert_int_equal(call.got.length, before);
		}
		call.got.length = 0;
		rounds++;
	}
	assert_int_equal(http_wait(call.http, transfer, &call.response, &call.err), 0);
	assert_int_equal(total + call.got.length, sizeof long_blob);
	assert_true(rounds > 10);
	http_transfer_free(transfer);
	finish(&call);
}

/* What another origin, or the way back from one, must not see. */
static void test_redirect_keeps_secrets(void **state)
{
	struct call call;

	(void)state;
	prepare(&call, "/away");
	call.request.authorization = "secret";
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "GET /echo"));
	assert_null(strstr(call.response.body.data, "secret"));
	finish(&call);
	prepare(&call, "/away-and-back");
	call.request.authorization = "secret";
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "GET /echo"));
	assert_null(strstr(call.response.body.data, "secret"));
	finish(&call);
	prepare(&call, "/near");
	call.request.authorization = "secret";
	assert_int_equal(perform(&call), 0);
	assert_non_null(strstr(call.response.body.data, "secret"));
	finish(&call);
}

static void assert_redirect_refused(const char *path, const char *message)
{
	struct call call;

	prepare(&call, path);
	assert_int_equal(perform(&call), -EINVAL);
	assert_non_null(strstr(call.err.message, message));
	finish(&call);
}

static void test_redirect_refused(void **state)
{
	(void)state;
	assert_redirect_refused("/loop", "redirects without end");
	assert_int_equal(asked[0], HTTP_REDIRECT_LIMIT + 1);
	assert_redirect_refused("/to-file", "redirects to what is not an address");
	assert_redirect_refused("/with-user", "redirects to what is not an address");
}

static void test_later(void **state)
{
	struct call call;

	(void)state;
	prepare(&call, "/later");
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 200);
	assert_int_equal(asked[0], 2);
	finish(&call);
	prepare(&call, "/much-later");
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 429);
	assert_int_equal(asked[0], 1);
	finish(&call);
	prepare(&call, "/broken");
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 502);
	assert_int_equal(asked[0], 3);
	call.request.properties = 0;
	assert_int_equal(perform(&call), 0);
	assert_int_equal(asked[0], 4);
	finish(&call);
}

/* Asks the server itself, as one who fetches a token does. */
static int let_in(void *context, const struct http_response *refusal, char **ret, struct error *err)
{
	struct call *call = context;
	_cleanup_http_response_ struct http_response token = { 0 };
	_cleanup_free_ char *url = str_printf("http://127.0.0.1:%d/token", ports[1]);
	struct http_request request = { .method = "GET", .url = url, .peer = &plain, .limit_bytes = 100 };
	int r;

	assert_int_equal(refusal->status, 401);
	assert_string_equal(refusal->headers[HTTP_AUTHENTICATE], "Basic, Bearer realm=x");
	r = http_perform(call->http, &request, &token, err);
	assert_int_equal(r, 0);
	*ret = str_dup(call->got.length ? "good" : "bad");
	buf_add_char(&call->got, '.');
	return 0;
}

static void test_authorize(void **state)
{
	struct call call;

	(void)state;
	prepare(&call, "/auth");
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 401);
	assert_string_equal(call.response.body.data, "no");
	call.request.authorize = let_in;
	call.request.authorize_context = &call;
	assert_int_equal(perform(&call), 0);
	assert_int_equal(call.response.status, 200);
	assert_string_equal(call.response.body.data, "fine");
	finish(&call);
}

static void test_many_at_once(void **state)
{
	struct http_transfer *transfers[8];
	struct buf got[8] = { BUF_INIT };
	struct http_request requests[8];
	struct call call;

	(void)state;
	prepare_blob(&call, "/break");
	for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
		requests[i] = call.request;
		requests[i].sink_context = &got[i];
		transfers[i] = http_start(call.http, &requests[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(transfers); i++) {
		struct http_response response = { 0 };

		assert_int_equal(http_wait(call.http, transfers[i], &response, &call.err), 0);
		assert_int_equal(got[i].length, BLOB_BYTES);
		assert_memory_equal(got[i].data, blob, BLOB_BYTES);
		http_response_done(&response);
		buf_done(&got[i]);
		http_transfer_free(transfers[i]);
	}
	finish(&call);
}

static void test_given_up_midway(void **state)
{
	struct call call;
	struct http_transfer *transfer;

	(void)state;
	prepare(&call, "/silent");
	transfer = http_start(call.http, &call.request);
	http_step(call.http, 10);
	http_step(call.http, 10);
	assert_false(http_transfer_is_done(transfer));
	http_transfer_free(transfer);
	finish(&call);
}

/* A label has 63 characters at most. */
#define TOO_LONG "no-such-name-no-such-name-no-such-name-no-such-name-no-such-name.invalid"

static void test_no_answer(void **state)
{
	_cleanup_free_ char *message = NULL;
	struct call call;

	(void)state;
	prepare_with(&call, "/silent", &impatient);
	call.request.properties = 0;
	assert_true(perform(&call) < 0);
	message = str_printf("'http://127.0.0.1:%d' keeps silent: connection timed out", ports[0]);
	assert_string_equal(call.err.message, message);
	finish(&call);
	prepare_with(&call, "/nonsense", &impatient);
	assert_true(perform(&call) < 0);
	assert_int_equal(call.err.kind, ERROR_UNAVAILABLE);
	finish(&call);
	prepare_with(&call, "/", &impatient);
	call.request.url = "http://127.0.0.1:1/";
	assert_true(perform(&call) < 0);
	assert_string_equal(call.err.message, "cannot reach 'http://127.0.0.1:1': connection refused");
	assert_int_equal(call.err.kind, ERROR_UNAVAILABLE);
	call.request.url = "http://" TOO_LONG "/"; /* no name server is asked, which may take its time */
	assert_true(perform(&call) < 0);
	assert_string_equal(call.err.message, "cannot find the address of 'http://" TOO_LONG ":80'");
	finish(&call);
}

/* Without TLS only where the peer says so, and with it the peer must have it. */
static void test_encryption(void **state)
{
	static const struct http_peer strict = { 0 };
	_cleanup_free_ char *secure = NULL;
	struct call call;

	(void)state;
	prepare(&call, "/");
	call.request.peer = &strict;
	assert_int_equal(perform(&call), -EPERM);
	assert_int_equal(call.err.kind, ERROR_DENIED);
	assert_int_equal(asked[0], 0);
	secure = str_printf("https://127.0.0.1:%d/nonsense", ports[0]);
	call.request.url = secure;
	assert_true(perform(&call) < 0);
	assert_non_null(strstr(call.err.message, "cannot agree on TLS with"));
	assert_string_equal(call.err.hint, "it seems to speak plain HTTP: if that is meant, name it as \"insecure\" in registries.json");
	call.request.url = "file:///etc/passwd";
	assert_int_equal(perform(&call), -EINVAL);
	assert_string_equal(call.err.message, "'file:///etc/passwd' is not an address that can be asked");
	finish(&call);
}

static void assert_text(char *text, const char *expected)
{
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	free(text);
}

static void test_urls(void **state)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	(void)state;
	assert_text(http_origin("https://Example.COM/a/b?c"), "https://example.com:443");
	assert_text(http_origin("http://h:5000"), "http://h:5000");
	assert_text(http_origin("http://[::1]:5000/v2/"), "http://[::1]:5000");
	assert_text(http_origin("https://u@h/"), NULL);
	assert_text(http_origin("ftp://h/"), NULL);
	assert_text(http_origin("h/x"), NULL);
	assert_text(http_origin(""), NULL);
	assert_text(http_resolve("https://h/v2/x/blobs/uploads/", "/v2/y?_state=a%3D"), "https://h/v2/y?_state=a%3D");
	assert_text(http_resolve("https://h/v2/x", "https://other:1/z"), "https://other:1/z");
	assert_text(http_resolve("https://h/v2/x", "y"), "https://h/v2/y");
	assert_text(http_resolve("https://h/v2/x", "https://u:p@h/"), NULL);
	http_escape("a b&c=/~é", &out);
	assert_string_equal(out.data, "a%20b%26c%3D%2F~%C3%A9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_in_vain),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_sink_is_full),
		cmocka_unit_test(test_redirect_keeps_secrets),
		cmocka_unit_test(test_redirect_refused),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_authorize),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_given_up_midway),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_encryption),
		cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests_name("registry/http", tests, set_up, tear_down);
}
