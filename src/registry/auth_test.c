/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals are made up; the place that gives tokens is a server whose last request can be looked at. */
#include "registry/auth.h"
#include "registry/test_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SEEN_BYTES 8192

static struct test_server server;
static char *seen; /* the last request; empty: none */

static bool serve(int fd, const char *request, const char *path)
{
	snprintf(seen, SEEN_BYTES, "%s", request);
	if (str_starts_with(path, "/deny"))
		answer_text(fd, "401 Unauthorized", "", "{\"details\":\"incorrect password\"}");
	else if (str_starts_with(path, "/junk"))
		answer_text(fd, "200 OK", "", "{\"token\":\"a\\nb\"}");
	else if (str_starts_with(path, "/ill"))
		answer_text(fd, "404 Not Found", "", "");
	else if (str_starts_with(path, "/offline"))
		answer_text(fd, "200 OK", "", "{\"token\":\"t\",\"refresh_token\":\"identity\"}");
	else
		answer_text(fd, "200 OK", "", "{\"token\":\"t1\",\"expires_in\":300}");
	return true;
}

static int set_up(void **state)
{
	(void)state;
	seen = mmap(NULL, SEEN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
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
	struct http_peer peer;
	struct credentials credentials;
	struct auth_options options;
	struct auth *auth;
	struct error err;
	char *header;
};

static void prepare(struct fixture *f, const char *username, const char *password)
{
	static const struct http_options quick = { .retry_limit = 1 };

	*f = (struct fixture){ .peer = { .properties = HTTP_PEER_PLAIN } };
	assert_int_equal(http_new(&quick, &f->http, NULL), 0);
	f->credentials.username = str_dup(username);
	f->credentials.password = str_dup(password);
	f->options = (struct auth_options){
		.http = f->http, .peer = &f->peer, .origin = "http://r.example:80", .name = "r.example", .credentials = &f->credentials
	};
	f->auth = auth_new(&f->options);
	seen[0] = '\0';
}

static void finish(struct fixture *f)
{
	free(f->header);
	auth_free(f->auth);
	credentials_done(&f->credentials);
	http_free(f->http);
}

/* The result for a refusal with this challenge; "%d" is the server's port. */
static int answer_to(struct fixture *f, const char *scope, const char *format)
{
	struct http_response refusal = { .status = 401 };
	char challenge[512];
	int r;

	snprintf(challenge, sizeof challenge, format, server.port);
	refusal.headers[HTTP_AUTHENTICATE] = challenge;
	free(TAKE_PTR(f->header));
	f->err = ERROR_INIT;
	r = auth_answer(f->auth, scope, &refusal, &f->header, &f->err);
	assert_true(r == 0 || (f->err.kind != ERROR_NONE && !f->header));
	return r;
}

#define BEARER "Bearer realm=\"http://127.0.0.1:%d/token\",service=\"the service\""

static void test_anonymous(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, NULL, NULL);
	assert_null(auth_known(f.auth, "repository:a/b:pull"));
	assert_int_equal(answer_to(&f, "repository:a/b:pull", BEARER), 0);
	assert_string_equal(f.header, "Bearer t1");
	assert_non_null(strstr(seen, "GET /token?service=the%20service&scope=repository%3Aa%2Fb%3Apull HTTP/1.1\r\n"));
	assert_null(strstr(seen, "Authorization"));
	assert_string_equal(auth_known(f.auth, "repository:a/b:pull"), "Bearer t1");
	assert_null(auth_known(f.auth, "repository:a/c:pull"));
	/* A fresh one that is refused is not fetched again. */
	seen[0] = '\0';
	assert_int_equal(answer_to(&f, "repository:a/b:pull", BEARER), 0);
	assert_null(f.header);
	assert_string_equal(seen, "");
	finish(&f);
}

static void test_scopes(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, NULL, NULL);
	assert_int_equal(answer_to(&f, "repository:a:pull,push repository:b:pull", BEARER ",scope=\"repository:b:pull\""), 0);
	assert_non_null(strstr(seen, "&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull HTTP"));
	assert_int_equal(answer_to(&f, "repository:c:pull", BEARER ",scope=\"registry:catalog:*\""), 0);
	assert_non_null(strstr(seen, "&scope=repository%3Ac%3Apull&scope=registry%3Acatalog%3A%2A HTTP"));
	assert_int_equal(answer_to(&f, "", BEARER), 0);
	assert_non_null(strstr(seen, "GET /token?service=the%20service HTTP"));
	finish(&f);
}

static void test_password(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, "u&x", "p:w");
	assert_int_equal(answer_to(&f, "s", BEARER), 0);
	assert_non_null(strstr(seen, "GET /token?account=u%26x&service="));
	assert_non_null(strstr(seen, "\r\nAuthorization: Basic dSZ4OnA6dw==\r\n"));
	assert_null(auth_identity_token(f.auth));
	finish(&f);
}

static void test_identity_token(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, NULL, NULL);
	f.credentials.identity_token = str_dup("id+en");
	assert_int_equal(answer_to(&f, "a b", BEARER), 0);
	assert_string_equal(f.header, "Bearer t1");
	assert_non_null(strstr(seen, "POST /token HTTP/1.1\r\n"));
	assert_non_null(strstr(seen, "\r\n\r\ngrant_type=refresh_token&refresh_token=id%2Ben&client_id=bivy&service=the%20service&scope=a%20b"));
	assert_null(strstr(seen, "Authorization"));
	finish(&f);
}

static void test_asking_for_an_identity_token(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, "u", "p");
	auth_free(f.auth);
	f.options.offline = true;
	f.auth = auth_new(&f.options);
	assert_int_equal(answer_to(&f, "", "Bearer realm=\"http://127.0.0.1:%d/offline?x=1\""), 0);
	assert_non_null(strstr(seen, "GET /offline?x=1&account=u&offline_token=true&client_id=bivy HTTP"));
	assert_string_equal(auth_identity_token(f.auth), "identity");
	finish(&f);
}

static void test_given_token(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, NULL, NULL);
	f.credentials.registry_token = str_dup("raw\"");
	assert_int_equal(answer_to(&f, "s", BEARER), 0);
	assert_string_equal(f.header, "Bearer raw\"");
	assert_string_equal(seen, "");
	finish(&f);
}

static void test_basic(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, "u", NULL);
	assert_int_equal(answer_to(&f, "s", "Basic realm=\"%d\""), 0);
	assert_string_equal(f.header, "Basic dTo=");
	assert_string_equal(auth_known(f.auth, "any"), "Basic dTo=");
	assert_int_equal(answer_to(&f, "s", "Basic realm=\"%d\""), 0);
	assert_null(f.header);
	finish(&f);
	prepare(&f, NULL, NULL);
	assert_int_equal(answer_to(&f, "s", "Basic realm=\"%d\""), 0);
	assert_null(f.header);
	assert_int_equal(answer_to(&f, "s", "Negotiate, Digest realm=\"%d\""), 0);
	assert_null(f.header);
	finish(&f);
}

static void assert_refused(const char *username, const char *challenge, enum error_kind kind, const char *message)
{
	_cleanup_free_ char *expected = str_printf(message, server.port);
	struct fixture f;

	prepare(&f, username, "p");
	assert_true(answer_to(&f, "s", challenge) < 0);
	assert_int_equal(f.err.kind, kind);
	assert_string_equal(f.err.message, expected);
	finish(&f);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("u", "Bearer realm=\"http://127.0.0.1:%d/deny\"", ERROR_DENIED,
		       "the registry 'r.example' does not accept the login of 'u': incorrect password");
	assert_refused(NULL, "Bearer realm=\"http://127.0.0.1:%d/deny\"", ERROR_DENIED,
		       "the registry 'r.example' does not accept anybody without a login: incorrect password");
	assert_refused("u", "Bearer realm=\"http://127.0.0.1:%d/junk\"", ERROR_INVALID,
		       "cannot get a token for the registry 'r.example': the token has characters that cannot be sent");
	assert_refused("u", "Bearer realm=\"http://127.0.0.1:%d/ill\"", ERROR_UNAVAILABLE,
		       "cannot get a token for the registry 'r.example': 'http://127.0.0.1:%d/ill' answers with status 404");
	assert_refused("u", "Bearer service=\"%d\"", ERROR_INVALID, "the registry 'r.example' wants a token, and does not say where to get it");
	assert_refused("u", "Bearer realm=\"file:///%d\"", ERROR_INVALID,
		       "the registry 'r.example' names a place for tokens that is no address: 'file:///%d'");
	assert_refused("u", "Bearer \"%d", ERROR_INVALID,
		       "cannot understand what the registry 'r.example' asks for: WWW-Authenticate: byte 8: expected a scheme");
}

/* An encrypted registry cannot have its users' passwords sent around in the clear. */
static void test_place_without_encryption(void **state)
{
	_cleanup_free_ char *message = str_printf("the registry 'r.example' wants its login sent to 'http://127.0.0.1:%d', which is not encrypted: "
						  "operation not permitted",
						  server.port);
	struct fixture f;

	(void)state;
	prepare(&f, "u", "p");
	auth_free(f.auth);
	f.options.origin = "https://r.example:443";
	f.auth = auth_new(&f.options);
	assert_int_equal(answer_to(&f, "s", BEARER), -EPERM);
	assert_string_equal(f.err.message, message);
	assert_string_equal(seen, "");
	finish(&f);
	/* Nor does it leave this host in the clear because the registry is on it. */
	prepare(&f, "u", "p");
	assert_int_equal(answer_to(&f, "s", "Bearer realm=\"http://no-such-name.invalid/%d\""), -EPERM);
	assert_string_equal(f.err.message, "the registry 'r.example' wants its login sent to 'http://no-such-name.invalid:80', which is not "
					   "encrypted: operation not permitted");
	/* One that is named insecure may do as it likes. */
	f.peer.properties |= HTTP_PEER_UNVERIFIED;
	assert_true(answer_to(&f, "s", "Bearer realm=\"http://no-such-name.invalid/%d\"") < 0);
	assert_string_equal(f.err.message, "cannot find the address of 'http://no-such-name.invalid:80'");
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_identity_token),
		cmocka_unit_test(test_asking_for_an_identity_token),
		cmocka_unit_test(test_given_token),
		cmocka_unit_test(test_basic),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_place_without_encryption),
	};

	return cmocka_run_group_tests_name("registry/auth", tests, set_up, tear_down);
}
