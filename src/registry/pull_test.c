/* SPDX-License-Identifier: Apache-2.0 */
/* Against a server that knows a blob for each digest of a letter, "sha256:aaaa…", but not for "f", and breaks off each first answer. */
#include "registry/pull.h"
#include "registry/test_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define BLOB_BYTES 30000u
#define PIECE_BYTES 9000u

static struct {
	unsigned under_way, most; /* answers being given at the same time */
	unsigned asked;
} * shared;

static struct test_server server;

static char letter_of(const char *path)
{
	const char *digest = strstr(path, "sha256:");

	return digest ? digest[7] : '?';
}

static bool serve(int fd, const char *request, const char *path)
{
	const char *range = strcasestr(request, "\r\nRange: bytes=");
	size_t first = range ? strtoul(range + 15, NULL, 10) : 0, left = BLOB_BYTES - first;
	char bytes[BLOB_BYTES], header[128] = "";
	unsigned now;

	memset(bytes, letter_of(path), sizeof bytes);
	if (!strstr(path, "/blobs/") || letter_of(path) == 'f')
		return answer_text(fd, "404 Not Found", "", ""), true;
	__atomic_add_fetch(&shared->asked, 1, __ATOMIC_SEQ_CST);
	now = __atomic_add_fetch(&shared->under_way, 1, __ATOMIC_SEQ_CST);
	if (now > shared->most)
		shared->most = now;
	usleep(50 * 1000);
	__atomic_sub_fetch(&shared->under_way, 1, __ATOMIC_SEQ_CST);
	if (first)
		snprintf(header, sizeof header, "Content-Range: bytes %zu-%u/%u\r\n", first, BLOB_BYTES - 1, BLOB_BYTES);
	answer(fd, first ? "206 Partial Content" : "200 OK", header, bytes + first, left, first ? left : PIECE_BYTES);
	return first > 0;
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("SSL_CERT_FILE"); /* a bundle takes long to read, for each connection */
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (test_server_listen(&server) < 0)
		return -1;
	test_server_start(&server, serve);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_server_stop(&server);
	return 0;
}

struct fixture {
	struct http *http;
	struct registries_config *config;
	struct client_options options;
	struct client *client;
	struct error err;
	struct client_blob_request requests[8];
	struct buf got[8];
	char digests[8][80];
	unsigned verified;
};

static int keep(void *context, const void *bytes, size_t length, struct error *err)
{
	(void)err;
	buf_add(context, bytes, length);
	return 0;
}

static int verify(void *context, struct error *err)
{
	struct fixture *f = context;

	(void)err;
	f->verified++;
	return 0;
}

static void prepare(struct fixture *f)
{
	static const struct http_options quick = { .retry_limit = 2, .backoff_ms = 1 };
	static const char *const nowhere[] = { NULL };
	char host[32];

	*f = (struct fixture){ 0 };
	memset(shared, 0, sizeof *shared);
	snprintf(host, sizeof host, "127.0.0.1:%d", server.port);
	assert_int_equal(http_new(&quick, &f->http, NULL), 0);
	assert_int_equal(registries_config_decode("registries.json", "", 0, &f->config, NULL), 0);
	f->options.endpoint = (struct endpoint_options){ .http = f->http, .certificate_directories = nowhere };
	f->options.config = f->config;
	assert_int_equal(client_open(&f->options, host, "r", CLIENT_PULL, &f->client, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(f->requests); i++) {
		strcpy(f->digests[i], "sha256:");
		memset(f->digests[i] + 7, "0123456789abcdef"[i], 64);
		f->requests[i] = (struct client_blob_request){
			.digest = f->digests[i], .size = BLOB_BYTES, .sink = keep, .sink_context = &f->got[i], .verify = verify, .verify_context = f
		};
	}
}

static void finish(struct fixture *f)
{
	client_free(f->client);
	http_free(f->http);
	registries_config_free(f->config);
	for (size_t i = 0; i < ARRAY_SIZE(f->got); i++)
		buf_done(&f->got[i]);
}

static void test_all(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f);
	f.requests[6].offset = 20000; /* partly there */
	f.requests[7].offset = BLOB_BYTES;
	assert_int_equal(pull_blobs(f.client, f.requests, 8, 3, &f.err), 0);
	assert_int_equal(f.verified, 8);
	assert_in_range(shared->most, 2, 3);
	assert_int_equal(shared->asked, 13); /* six in two pieces, one in one, one not at all */
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(f.got[i].length, BLOB_BYTES - f.requests[i].offset);
		for (size_t k = 0; k < f.got[i].length; k++)
			if (f.got[i].data[k] != f.digests[i][7])
				fail_msg("blob %zu is mixed up at %zu", i, k);
	}
	assert_int_equal(pull_blobs(f.client, f.requests, 0, 0, &f.err), 0);
	finish(&f);
}

static void test_one_fails(void **state)
{
	_cleanup_free_ char *message = NULL;
	struct fixture f;

	(void)state;
	prepare(&f);
	memset(f.digests[1] + 7, 'f', 64);
	message = str_printf("the registry '127.0.0.1:%d' does not have the blob '%s'", server.port, f.digests[1]);
	assert_int_equal(pull_blobs(f.client, f.requests, 8, 2, &f.err), -ENOENT);
	assert_int_equal(f.err.kind, ERROR_NOT_FOUND);
	assert_string_equal(f.err.message, message);
	assert_int_equal(f.got[7].length, 0);
	/* What came goes on from there. */
	assert_true(f.got[0].length <= BLOB_BYTES);
	f.requests[0].offset = f.got[0].length;
	assert_int_equal(pull_blobs(f.client, f.requests, 1, 2, &f.err), 0);
	assert_int_equal(f.got[0].length, BLOB_BYTES);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_one_fails),
	};

	return cmocka_run_group_tests_name("registry/pull", tests, set_up, tear_down);
}
