/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against registries that lie, break off and send us elsewhere: two servers on
 * two loopback ports, of which the second is a mirror of the first or a
 * stranger. What they were asked can be read in memory that is shared with them.
 */
#include "registry/client.h"
#include "registry/test_server.h"
#include "registry/upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define LOG_BYTES 65536
#define BLOB_BYTES 20000u
#define HALF_BYTES 8000u

/* Of "hello" and of "". */
#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct {
	char log[2][LOG_BYTES]; /* "METHOD PATH[ authorization]\n" for each request that a server had */
	uint64_t uploaded;      /* bytes that an upload has */
	int breaks;             /* uploads still to be broken */
	bool lost;              /* uploads are forgotten when they break */
	bool committed;
} * shared;

static struct test_server servers[2];
static unsigned char blob[BLOB_BYTES];

/* ---- the registries ---------------------------------------------------------------- */

static void note(int server, const char *request, const char *path)
{
	const char *authorization = strstr(request, "\r\nAuthorization: ");
	size_t used = strlen(shared->log[server]);

	snprintf(shared->log[server] + used, LOG_BYTES - used, "%.*s %s%s%.*s\n", (int)strcspn(request, " "), request, path, authorization ? " " : "",
		 authorization ? (int)strcspn(authorization + 17, "\r") : 0, authorization ? authorization + 17 : "");
}

static uint64_t number_after(const char *request, const char *name)
{
	const char *at = strcasestr(request, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void answer_blob(int fd, const char *request, size_t limit)
{
	size_t first = number_after(request, "\r\nRange: bytes="), left = BLOB_BYTES - first;
	char header[128] = "";

	if (first)
		snprintf(header, sizeof header, "Content-Range: bytes %zu-%u/%u\r\n", first, BLOB_BYTES - 1, BLOB_BYTES);
	answer(fd, first ? "206 Partial Content" : "200 OK", header, blob + first, left, left < limit ? left : limit);
}

static void answer_with_place(int fd, const char *status, const char *location)
{
	char header[512];

	snprintf(header, sizeof header, "Location: %s\r\nRange: 0-%llu\r\n", location,
		 (unsigned long long)(shared->uploaded ? shared->uploaded - 1 : 0));
	answer_text(fd, status, header, "");
}

/* An upload whose place is PLACE: broken as often as shared->breaks says. */
static bool serve_upload(int fd, const char *request, const char *place)
{
	bool is_get = str_starts_with(request, "GET ");

	if (is_get && shared->lost)
		return answer_text(fd, "404 Not Found", "", ""), true;
	if (is_get)
		return answer_with_place(fd, "204 No Content", place), true;
	if (shared->breaks > 0 && (shared->uploaded || str_starts_with(request, "PUT "))) {
		shared->breaks--;
		return false;
	}
	if (str_starts_with(request, "PATCH ") && number_after(request, "\r\nContent-Range: ") != shared->uploaded)
		return answer_text(fd, "416 Range Not Satisfiable", "", ""), true;
	shared->uploaded += number_after(request, "\r\nContent-Length: ");
	if (str_starts_with(request, "PATCH "))
		return answer_with_place(fd, "202 Accepted", place), true;
	shared->committed = true;
	answer_text(fd, "201 Created", "", "");
	return true;
}

static bool serve_first(int fd, const char *request, const char *path)
{
	char text[256];

	note(0, request, path);
	if (str_starts_with(path, "/v2/secret/") && !strstr(request, "\r\nAuthorization: Bearer t\r\n")) {
		snprintf(text, sizeof text, "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s\"\r\n", servers[0].port);
		answer_text(fd, "401 Unauthorized", text, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who?\"}]}");
	} else if (str_starts_with(path, "/token")) {
		answer_text(fd, "200 OK", "", "{\"token\":\"t\"}");
	} else if (strstr(path, "/manifests/lie") || strstr(path, "/manifests/" EMPTY)) {
		answer_text(fd, "200 OK", "Docker-Content-Digest: " EMPTY "\r\n", "hello");
	} else if (strstr(path, "/manifests/odd")) {
		answer_text(fd, "200 OK", "Docker-Content-Digest: ../../x\r\n", "hello");
	} else if (strstr(path, "/manifests/")) {
		answer_text(fd, "200 OK", "Content-Type: a/b; charset=c\r\n", "hello");
	} else if (strstr(path, "/blobs/" EMPTY) && str_starts_with(request, "HEAD ")) {
		answer_text(fd, shared->committed ? "200 OK" : "404 Not Found", "", "");
	} else if (strstr(path, "/short/blobs/sha")) {
		answer(fd, "200 OK", "", blob, HALF_BYTES, HALF_BYTES);
	} else if (strstr(path, "/blobs/sha")) {
		answer_blob(fd, request, BLOB_BYTES);
	} else if (strstr(path, "/elsewhere/blobs/uploads/")) {
		snprintf(text, sizeof text, "http://127.0.0.1:%d/place", servers[1].port);
		shared->uploaded = 0;
		answer_with_place(fd, "202 Accepted", text);
	} else if (strstr(path, "/blobs/uploads/")) {
		shared->uploaded = 0;
		answer_with_place(fd, "202 Accepted", "/place?a=b");
	} else if (str_starts_with(path, "/place")) {
		return serve_upload(fd, request, "/place?a=b");
	} else if (str_starts_with(path, "/v2/secret/tags/list")) {
		snprintf(text, sizeof text, "Link: <http://127.0.0.1:%d/tags>; rel=\"next\"\r\n", servers[1].port);
		answer_text(fd, "200 OK", text, "{\"tags\":[\"a\"]}");
	} else if (strstr(path, "/tags/list?last=2")) {
		answer_text(fd, "200 OK", "", "{\"tags\":[\"3\"]}");
	} else if (strstr(path, "/tags/list")) {
		answer_text(fd, "200 OK", "Link: </v2/many/tags/list?last=2>; rel=\"next\"\r\n", "{\"tags\":[\"1\",\"2\"]}");
	} else if (strstr(path, "/referrers/")) {
		answer_text(fd, "200 OK", "Content-Type: application/vnd.oci.image.index.v1+json\r\nOCI-Filters-Applied: artifactType\r\n", "{}");
	} else {
		answer_text(fd, "404 Not Found", "", "");
	}
	return true;
}

/* A mirror that wants a login and breaks off each blob, and a stranger. */
static bool serve_second(int fd, const char *request, const char *path)
{
	note(1, request, path);
	if (strstr(path, "/blobs/"))
		return answer_blob(fd, request, number_after(request, "\r\nRange: bytes=") ? 0 : HALF_BYTES), false;
	if (str_starts_with(path, "/place"))
		return serve_upload(fd, request, "/place");
	if (str_starts_with(path, "/tags"))
		answer_text(fd, "200 OK", "", "{\"tags\":[\"b\"]}");
	else if (strstr(path, "/manifests/"))
		answer_text(fd, "401 Unauthorized", "WWW-Authenticate: Basic\r\n", "");
	else
		answer_text(fd, "404 Not Found", "", "");
	return true;
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("SSL_CERT_FILE"); /* a bundle takes long to read, for each connection */
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < BLOB_BYTES; i++)
		blob[i] = (unsigned char)('a' + i * 2654435761u % 26);
	if (test_server_listen(&servers[0]) < 0 || test_server_listen(&servers[1]) < 0)
		return -1;
	test_server_start(&servers[0], serve_first);
	test_server_start(&servers[1], serve_second);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_server_stop(&servers[0]);
	test_server_stop(&servers[1]);
	return 0;
}

/* ---- a client --------------------------------------------------------------------------- */

struct fixture {
	struct http *http;
	struct registries_config *config;
	struct credentials login;
	struct client_options options;
	struct client *client;
	struct error err;
	struct buf got;
	char host[32];
};

static void open_client(struct fixture *f, const char *repository, enum client_access access)
{
	client_free(TAKE_PTR(f->client));
	if (client_open(&f->options, f->host, repository, access, &f->client, &f->err) < 0)
		fail_msg("%s", f->err.message);
	memset(shared, 0, sizeof *shared);
}

static void prepare(struct fixture *f, const char *repository, const char *config_format)
{
	static const struct http_options quick = { .retry_limit = 2, .backoff_ms = 1 };
	static const char *const nowhere[] = { NULL };
	char config[512];

	*f = (struct fixture){ 0 };
	assert_int_equal(http_new(&quick, &f->http, NULL), 0);
	snprintf(f->host, sizeof f->host, "127.0.0.1:%d", servers[0].port);
	snprintf(config, sizeof config, config_format, servers[0].port, servers[1].port);
	assert_int_equal(registries_config_decode("registries.json", config, strlen(config), &f->config, &f->err), 0);
	f->login = (struct credentials){ .username = str_dup("u"), .password = str_dup("p") };
	f->options.endpoint = (struct endpoint_options){ .http = f->http, .certificate_directories = nowhere, .login = &f->login };
	f->options.config = f->config;
	open_client(f, repository, CLIENT_PULL);
}

static void finish(struct fixture *f)
{
	client_free(f->client);
	http_free(f->http);
	registries_config_free(f->config);
	credentials_done(&f->login);
	buf_done(&f->got);
}

static bool was_asked(int server, const char *line)
{
	return strstr(shared->log[server], line) != NULL;
}

static int keep(void *context, const void *bytes, size_t length, struct error *err)
{
	(void)err;
	buf_add(context, bytes, length);
	return 0;
}

static struct client_blob_request fetch_request(struct fixture *f)
{
	return (struct client_blob_request){ .digest = HELLO, .size = BLOB_BYTES, .sink = keep, .sink_context = &f->got };
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void test_manifest(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 }, by_digest = { 0 };
	struct fixture f;

	(void)state;
	prepare(&f, "a/b", "");
	assert_int_equal(client_get_manifest(f.client, "tag", &manifest, &f.err), 0);
	assert_string_equal(manifest.digest, HELLO);
	assert_string_equal(manifest.media_type, "a/b");
	assert_int_equal(manifest.size, 5);
	assert_int_equal(client_get_manifest(f.client, HELLO, &by_digest, &f.err), 0);
	assert_string_equal(by_digest.digest, HELLO);
	assert_true(was_asked(0, "GET /v2/a/b/manifests/tag\n"));
	finish(&f);
}

static void assert_manifest_refused(const char *reference, const char *format)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	_cleanup_free_ char *message = NULL;
	struct fixture f;

	prepare(&f, "a/b", "");
	message = str_printf(format, f.host);
	assert_true(client_get_manifest(f.client, reference, &manifest, &f.err) < 0);
	assert_int_equal(f.err.kind, ERROR_INVALID);
	assert_string_equal(f.err.message, message);
	assert_null(manifest.digest);
	finish(&f);
}

static void test_lying_about_manifests(void **state)
{
	(void)state;
	assert_manifest_refused(EMPTY, "the registry '%s' sends as manifest '" EMPTY "' what has the digest '" HELLO "': bad message");
	assert_manifest_refused("lie", "the registry '%s' sends as manifest '" EMPTY "' what has the digest '" HELLO "': bad message");
	assert_manifest_refused("odd", "the registry '%s' sends '../../x' for a digest");
}

static void test_token(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 }, again = { 0 };
	struct fixture f;

	(void)state;
	prepare(&f, "secret/x", "");
	assert_int_equal(client_get_manifest(f.client, "t", &manifest, &f.err), 0);
	assert_true(was_asked(0, "GET /token?account=u&service=s&scope=repository%3Asecret%2Fx%3Apull Basic dTpw\n"));
	assert_true(was_asked(0, "GET /v2/secret/x/manifests/t\n"));
	assert_true(was_asked(0, "GET /v2/secret/x/manifests/t Bearer t\n"));
	/* From now on it is known what to send. */
	memset(shared, 0, sizeof *shared);
	assert_int_equal(client_get_manifest(f.client, "u", &again, &f.err), 0);
	assert_string_equal(shared->log[0], "GET /v2/secret/x/manifests/u Bearer t\n");
	finish(&f);
}

static int refuse(void *context, struct error *err)
{
	(void)context;
	return error_set(err, ERROR_INVALID, EBADMSG, "not what it should be");
}

static void test_blob(void **state)
{
	struct client_blob_request request;
	struct fixture f;

	(void)state;
	prepare(&f, "a", "");
	request = fetch_request(&f);
	assert_int_equal(client_get_blob(f.client, &request, &f.err), 0);
	assert_int_equal(f.got.length, BLOB_BYTES);
	assert_memory_equal(f.got.data, blob, BLOB_BYTES);
	request.verify = refuse;
	request.offset = BLOB_BYTES;
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -EBADMSG);
	assert_string_equal(f.err.message, "not what it should be: bad message");
	request.offset = BLOB_BYTES + 1;
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -EINVAL);
	request.digest = "sha256:../../x";
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -EINVAL);
	finish(&f);
}

static void test_blob_of_another_size(void **state)
{
	struct client_blob_request request;
	_cleanup_free_ char *message = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, "short", "");
	request = fetch_request(&f);
	message = str_printf("the registry '%s' sends %u bytes of the blob '" HELLO "', which has %u: bad message", f.host, HALF_BYTES, BLOB_BYTES);
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -EBADMSG);
	assert_string_equal(f.err.message, message);
	open_client(&f, "a", CLIENT_PULL);
	request.size = 100;
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -EFBIG);
	finish(&f);
}

/* What the mirror leaves out comes from the registry; the login for the registry is not the mirror's. */
static void test_mirror_breaks(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct client_blob_request request;
	struct fixture f;

	(void)state;
	prepare(&f, "a", "{\"registries\":[{\"prefix\":\"127.0.0.1:%d\",\"mirrors\":[{\"location\":\"127.0.0.1:%d/m\"}]}]}");
	request = fetch_request(&f);
	assert_int_equal(client_get_manifest(f.client, "tag", &manifest, &f.err), 0);
	assert_true(was_asked(1, "GET /v2/m/a/manifests/tag\n"));
	assert_true(was_asked(0, "GET /v2/a/manifests/tag\n"));
	assert_int_equal(client_get_blob(f.client, &request, &f.err), 0);
	assert_int_equal(f.got.length, BLOB_BYTES);
	assert_memory_equal(f.got.data, blob, BLOB_BYTES);
	assert_true(was_asked(1, "GET /v2/m/a/blobs/" HELLO "\n"));
	assert_true(was_asked(0, "GET /v2/a/blobs/" HELLO "\n"));
	assert_false(was_asked(1, "Basic"));
	finish(&f);
}

static void test_mirror_for_digests_alone(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 }, by_digest = { 0 };
	struct fixture f;

	(void)state;
	prepare(&f, "a", "{\"registries\":[{\"prefix\":\"127.0.0.1:%d\",\"mirrors\":[{\"location\":\"127.0.0.1:%d\",\"digestOnly\":true}]}]}");
	assert_int_equal(client_get_manifest(f.client, "tag", &manifest, &f.err), 0);
	assert_string_equal(shared->log[1], "");
	assert_int_equal(client_get_manifest(f.client, HELLO, &by_digest, &f.err), 0);
	assert_true(was_asked(1, "GET /v2/a/manifests/" HELLO "\n"));
	finish(&f);
}

static void test_tags_in_pages(void **state)
{
	_cleanup_strv_ char **tags = NULL, **others = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, "many", "");
	assert_int_equal(client_list_tags(f.client, &tags, &f.err), 0);
	assert_int_equal(strv_length(tags), 3);
	assert_string_equal(tags[2], "3");
	/* The next page may be with a stranger, who does not see our token. */
	open_client(&f, "secret", CLIENT_PULL);
	assert_int_equal(client_list_tags(f.client, &others, &f.err), 0);
	assert_string_equal(others[1], "b");
	assert_true(was_asked(0, "GET /v2/secret/tags/list Bearer t\n"));
	assert_string_equal(shared->log[1], "GET /tags\n");
	finish(&f);
}

static void test_referrers(void **state)
{
	_cleanup_buf_ struct buf list = BUF_INIT;
	bool filtered = false;
	struct fixture f;

	(void)state;
	prepare(&f, "a", "");
	assert_int_equal(client_list_referrers(f.client, HELLO, "x/y+z", &list, &filtered, &f.err), 0);
	assert_string_equal(list.data, "{}");
	assert_true(filtered);
	assert_true(was_asked(0, "GET /v2/a/referrers/" HELLO "?artifactType=x%2Fy%2Bz\n"));
	finish(&f);
}

static ssize_t give(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	(void)context;
	(void)err;
	memcpy(bytes, blob + offset, length);
	return (ssize_t)length;
}

static const struct upload_request pieces = { .digest = EMPTY, .size = BLOB_BYTES, .source = give, .piece_bytes = HALF_BYTES };

static void assert_uploads(struct fixture *f, const struct upload_request *request)
{
	enum upload_result result = 99;

	if (upload_blob(f->client, request, &result, &f->err) < 0)
		fail_msg("%s", f->err.message);
	assert_int_equal(result, UPLOAD_SENT);
	assert_true(shared->committed);
	assert_int_equal(shared->uploaded, BLOB_BYTES);
}

static void test_upload_goes_on(void **state)
{
	struct upload_request whole = pieces;
	struct fixture f;

	(void)state;
	prepare(&f, "up", "");
	open_client(&f, "up", CLIENT_PUSH);
	shared->breaks = 2; /* one is libcurl's to get over, on a new connection */
	assert_uploads(&f, &pieces);
	assert_true(was_asked(0, "PATCH /place?a=b\n"));
	assert_true(was_asked(0, "GET /place?a=b\n"));
	assert_true(was_asked(0, "PUT /place?a=b&digest=sha256%3Ae3b0"));
	/* Without its place it starts anew. */
	open_client(&f, "up", CLIENT_PUSH);
	shared->breaks = 2;
	shared->lost = true;
	assert_uploads(&f, &pieces);
	open_client(&f, "up", CLIENT_PUSH);
	shared->breaks = 2;
	whole.piece_bytes = 0;
	assert_uploads(&f, &whole);
	finish(&f);
}

static void test_upload_gives_up(void **state)
{
	enum upload_result result;
	struct fixture f;

	(void)state;
	prepare(&f, "up", "");
	open_client(&f, "up", CLIENT_PUSH);
	shared->breaks = 100;
	assert_true(upload_blob(f.client, &pieces, &result, &f.err) < 0);
	assert_int_equal(f.err.kind, ERROR_UNAVAILABLE);
	assert_in_range(shared->breaks, 90, 97);
	assert_false(shared->committed);
	finish(&f);
}

/* The place of an upload may be with a stranger, who does not see our login. */
static void test_upload_elsewhere(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, "secret/elsewhere", "");
	open_client(&f, "secret/elsewhere", CLIENT_PUSH);
	assert_uploads(&f, &pieces);
	assert_true(was_asked(0, "POST /v2/secret/elsewhere/blobs/uploads/ Bearer t\n"));
	assert_true(was_asked(1, "PATCH /place\n"));
	assert_true(was_asked(1, "PUT /place?digest="));
	assert_false(was_asked(1, "Bearer"));
	finish(&f);
}

static void test_names(void **state)
{
	struct client *client = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, "a", "{\"registries\":[{\"prefix\":\"bad.example\",\"blocked\":true}]}");
	assert_int_equal(client_open(&f.options, "bad.example", "a", CLIENT_PULL, &client, &f.err), -EPERM);
	assert_int_equal(f.err.kind, ERROR_DENIED);
	assert_int_equal(client_open(&f.options, "u:p@h", "a", CLIENT_PULL, &client, &f.err), -EINVAL);
	assert_string_equal(f.err.message, "'u:p@h' is not the name of a registry");
	assert_null(client);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_lying_about_manifests),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_blob),
		cmocka_unit_test(test_blob_of_another_size),
		cmocka_unit_test(test_mirror_breaks),
		cmocka_unit_test(test_mirror_for_digests_alone),
		cmocka_unit_test(test_tags_in_pages),
		cmocka_unit_test(test_referrers),
		cmocka_unit_test(test_upload_goes_on),
		cmocka_unit_test(test_upload_gives_up),
		cmocka_unit_test(test_upload_elsewhere),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("registry/client", tests, set_up, tear_down);
}
