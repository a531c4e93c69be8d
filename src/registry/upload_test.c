/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against docker-registry, if it is installed: one that is plain, and one with
 * TLS that wants a certificate of its clients and a password. What goes in must
 * come out.
 */
#include "registry/upload.h"

#include "base/file.h"
#include "base/memory.h"
#include "spec/media_type.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define BLOB_BYTES 300000u

static char directory[64];
static const char *missing; /* why these tests are skipped, or NULL */
static unsigned char blob[BLOB_BYTES];
static char *blob_digest;

struct server {
	int port;
	pid_t pid;
	char host[32];
};

static struct server plain, strict;

/* ---- the registries ---------------------------------------------------------------- */

static int run(const char *format, ...) _printf_(1, 2);
static int run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	return system(command);
}

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = str_printf("%s/%s", directory, name);

	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static bool answers(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* Starts one whose configuration has MORE in it; "http:" comes last. */
static int start(struct server *server, const char *name, const char *more)
{
	_cleanup_free_ char *config = NULL, *file = str_printf("%s.yml", name), *path = str_printf("%s/%s.yml", directory, name);

	server->port = free_port();
	snprintf(server->host, sizeof server->host, "127.0.0.1:%d", server->port);
	config = str_printf("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s/%s}\n  delete: {enabled: true}\n"
			    "http:\n  addr: 127.0.0.1:%d\n%s",
			    directory, name, server->port, more);
	put(file, config);
	server->pid = fork();
	if (server->pid == 0) {
		_cleanup_close_ int nowhere = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		execlp("docker-registry", "docker-registry", "serve", path, NULL);
		_exit(127);
	}
	for (int i = 0; i < 200 && !answers(server->port); i++)
		usleep(50 * 1000);
	return answers(server->port) ? 0 : -1;
}

static int start_strict(void)
{
	_cleanup_free_ char *more = NULL, *certs = NULL;

	if (run("cd %s && { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test "
		"-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem && htpasswd -Bbc -C 4 users u 'p:w'; } >out 2>&1",
		directory))
		return -1;
	more = str_printf("  tls:\n    certificate: %s/cert.pem\n    key: %s/key.pem\n    clientcas: [%s/cert.pem]\n"
			  "auth: {htpasswd: {realm: test, path: %s/users}}\n",
			  directory, directory, directory, directory);
	if (start(&strict, "strict", more) < 0)
		return -1;
	certs = str_printf("%s/certs/%s", directory, strict.host);
	return run("cd %s && mkdir -p %s half/%s && cp cert.pem %s/ca.crt && cp cert.pem %s/me.cert && cp key.pem %s/me.key && cp cert.pem half/%s/ca.crt",
		   directory, certs, strict.host, certs, certs, certs, strict.host);
}

static char *digest_of(const void *bytes, size_t length)
{
	unsigned char hash[32];
	struct buf text = BUF_INIT;

	assert_int_equal(EVP_Digest(bytes, length, hash, NULL, EVP_sha256(), NULL), 1);
	buf_add_text(&text, "sha256:");
	for (size_t i = 0; i < sizeof hash; i++)
		buf_printf(&text, "%02x", hash[i]);
	return buf_take(&text);
}

static int set_up(void **state)
{
	(void)state;
	unsetenv("SSL_CERT_FILE"); /* a bundle takes long to read, for each connection */
	if (run("{ command -v docker-registry && command -v htpasswd && command -v openssl; } >/dev/null 2>&1")) {
		missing = "needs docker-registry, htpasswd (apache2-utils) and openssl";
		print_message("# %s\n", missing);
		return 0;
	}
	for (unsigned i = 0; i < BLOB_BYTES; i++)
		blob[i] = (unsigned char)(i * 2654435761u >> 11);
	blob_digest = digest_of(blob, sizeof blob);
	strcpy(directory, "/tmp/bivy-registry-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	return start(&plain, "plain", "") < 0 || start_strict() ? -1 : 0;
}

static void stop(struct server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static int tear_down(void **state)
{
	(void)state;
	stop(&plain);
	stop(&strict);
	free(blob_digest);
	return *directory ? run("rm -rf %s", directory) : 0;
}

/* ---- a client --------------------------------------------------------------------------- */

struct fixture {
	struct http *http;
	struct registries_config *config;
	char *certificates;
	const char *directories[2];
	struct credentials login;
	struct client_options options;
	struct client *client;
	struct error err;
};

static void open_client(struct fixture *f, const char *host, const char *repository, enum client_access access)
{
	client_free(TAKE_PTR(f->client));
	if (client_open(&f->options, host, repository, access, &f->client, &f->err) < 0)
		fail_msg("%s", f->err.message);
}

static void prepare(struct fixture *f, const char *certificates, const char *password)
{
	static const struct http_options quick = { .retry_limit = 2, .backoff_ms = 1 };

	*f = (struct fixture){ 0 };
	if (missing)
		skip();
	assert_int_equal(http_new(&quick, &f->http, NULL), 0);
	assert_int_equal(registries_config_decode("registries.json", "", 0, &f->config, NULL), 0);
	f->certificates = str_printf("%s/%s", directory, certificates);
	f->directories[0] = f->certificates;
	f->login.username = password ? str_dup("u") : NULL;
	f->login.password = str_dup(password);
	f->options.endpoint.http = f->http;
	f->options.endpoint.certificate_directories = f->directories;
	f->options.endpoint.login = &f->login;
	f->options.config = f->config;
}

static void finish(struct fixture *f)
{
	client_free(f->client);
	http_free(f->http);
	registries_config_free(f->config);
	credentials_done(&f->login);
	free(f->certificates);
}

static ssize_t give(void *context, void *bytes, size_t length, uint64_t offset, struct error *err)
{
	(void)err;
	memcpy(bytes, (const char *)context + offset, length);
	return (ssize_t)length;
}

static int keep(void *context, const void *bytes, size_t length, struct error *err)
{
	(void)err;
	buf_add(context, bytes, length);
	return 0;
}

static enum upload_result upload(struct fixture *f, const struct upload_request *request)
{
	enum upload_result result = 99;

	if (upload_blob(f->client, request, &result, &f->err) < 0)
		fail_msg("%s", f->err.message);
	return result;
}

static struct upload_request request_for(const void *bytes, size_t length, const char *digest)
{
	return (struct upload_request){ .digest = digest, .size = length, .source = give, .source_context = (void *)bytes };
}

/* A manifest of the blob as layer and configuration, pushed under TAG; its digest. */
static char *push_manifest(struct fixture *f, const char *tag)
{
	_cleanup_free_ char *text = str_printf("{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_MANIFEST "\",\"config\":{\"mediaType\":\"" SPEC_OCI_CONFIG
					       "\",\"digest\":\"%s\",\"size\":%u},\"layers\":[],\"annotations\":{\"tag\":\"%s\"}}",
					       blob_digest, BLOB_BYTES, tag);

	if (client_put_manifest(f->client, tag, SPEC_OCI_MANIFEST, text, strlen(text), NULL, &f->err) < 0)
		fail_msg("%s", f->err.message);
	return digest_of(text, strlen(text));
}

static void assert_fetched(struct fixture *f, uint64_t offset)
{
	_cleanup_buf_ struct buf got = BUF_INIT;
	struct client_blob_request request = { .digest = blob_digest, .size = BLOB_BYTES, .offset = offset, .sink = keep, .sink_context = &got };

	if (client_get_blob(f->client, &request, &f->err) < 0)
		fail_msg("%s", f->err.message);
	assert_int_equal(got.length, BLOB_BYTES - offset);
	if (got.length)
		assert_memory_equal(got.data, blob + offset, got.length);
}

/* ---- the tests ------------------------------------------------------------------------------ */

static void test_blobs(void **state)
{
	struct upload_request request = request_for(blob, sizeof blob, blob_digest);
	struct fixture f;
	uint64_t size = 0;
	bool has = true;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "one/whole", CLIENT_PUSH);
	assert_int_equal(client_has_blob(f.client, blob_digest, &has, &size, &f.err), 0);
	assert_false(has);
	assert_int_equal(upload(&f, &request), UPLOAD_SENT);
	assert_int_equal(upload(&f, &request), UPLOAD_PRESENT);
	assert_int_equal(client_has_blob(f.client, blob_digest, &has, &size, &f.err), 0);
	assert_true(has);
	assert_int_equal(size, BLOB_BYTES);
	assert_fetched(&f, 0);
	assert_fetched(&f, 1234);
	assert_fetched(&f, BLOB_BYTES);
	open_client(&f, plain.host, "one/pieces", CLIENT_PUSH);
	request.piece_bytes = 65536;
	assert_int_equal(upload(&f, &request), UPLOAD_SENT);
	assert_fetched(&f, 0);
	open_client(&f, plain.host, "one/mounted", CLIENT_PUSH);
	request.mount_from = "one/whole";
	assert_int_equal(upload(&f, &request), UPLOAD_MOUNTED);
	assert_fetched(&f, 0);
	open_client(&f, plain.host, "one/not-mounted", CLIENT_PUSH);
	request.mount_from = "no/such";
	assert_int_equal(upload(&f, &request), UPLOAD_SENT);
	assert_fetched(&f, 0);
	finish(&f);
}

static void test_empty_blob(void **state)
{
	_cleanup_free_ char *digest = digest_of("", 0);
	struct upload_request request = request_for("", 0, digest);
	struct fixture f;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "empty", CLIENT_PUSH);
	assert_int_equal(upload(&f, &request), UPLOAD_SENT);
	finish(&f);
}

static void test_wrong_digest(void **state)
{
	static const char other[] = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
	struct upload_request request = request_for(blob, sizeof blob, other);
	enum upload_result result;
	struct fixture f;
	bool has = true;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "wrong", CLIENT_PUSH);
	assert_true(upload_blob(f.client, &request, &result, &f.err) < 0);
	assert_int_equal(f.err.kind, ERROR_INVALID);
	assert_non_null(strstr(f.err.message, "with status 400: provided digest did not match uploaded content"));
	assert_int_equal(client_has_blob(f.client, other, &has, NULL, NULL), 0);
	assert_false(has);
	finish(&f);
}

static void test_manifests(void **state)
{
	struct upload_request request = request_for(blob, sizeof blob, blob_digest);
	_cleanup_free_ char *first = NULL, *second = NULL;
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 }, head = { 0 }, same = { 0 };
	_cleanup_strv_ char **tags = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "man", CLIENT_PUSH);
	upload(&f, &request);
	first = push_manifest(&f, "v1");
	second = push_manifest(&f, "latest");
	assert_int_equal(client_get_manifest(f.client, "v1", &manifest, &f.err), 0);
	assert_string_equal(manifest.digest, first);
	assert_string_equal(manifest.media_type, SPEC_OCI_MANIFEST);
	assert_int_equal(client_get_manifest(f.client, first, &same, &f.err), 0);
	assert_string_equal(same.body.data, manifest.body.data);
	assert_int_equal(client_head_manifest(f.client, "latest", &head, &f.err), 0);
	assert_string_equal(head.digest, second);
	assert_int_equal(head.body.length, 0);
	assert_int_equal(client_list_tags(f.client, &tags, &f.err), 0);
	assert_int_equal(strv_length(tags), 2);
	assert_true(strv_contains(tags, "v1"));
	open_client(&f, plain.host, "man", CLIENT_DELETE);
	assert_int_equal(client_delete_manifest(f.client, first, &f.err), 0);
	client_manifest_done(&same);
	assert_int_equal(client_get_manifest(f.client, first, &same, &f.err), -ENOENT);
	finish(&f);
}

static void test_not_there(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct client_blob_request request = { .digest = blob_digest, .size = 10, .sink = keep };
	_cleanup_free_ char *message = NULL, *blob_message = NULL, *tags_message = NULL;
	char **tags = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "no/such", CLIENT_PULL);
	message = str_printf("the registry '%s' does not have the manifest 'latest'", plain.host);
	assert_int_equal(client_get_manifest(f.client, "latest", &manifest, &f.err), -ENOENT);
	assert_int_equal(f.err.kind, ERROR_NOT_FOUND);
	assert_string_equal(f.err.message, message);
	blob_message = str_printf("the registry '%s' does not have the blob '%s'", plain.host, blob_digest);
	assert_int_equal(client_get_blob(f.client, &request, &f.err), -ENOENT);
	assert_string_equal(f.err.message, blob_message);
	tags_message = str_printf("the registry '%s' does not have the tags of 'no/such'", plain.host);
	assert_int_equal(client_list_tags(f.client, &tags, &f.err), -ENOENT);
	assert_string_equal(f.err.message, tags_message);
	finish(&f);
}

/* This registry does not know referrers: what is under the tag for them counts. */
static void test_referrers(void **state)
{
	static const char list[] = "{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_INDEX "\",\"manifests\":[],\"annotations\":{\"a\":\"b\"}}";
	_cleanup_buf_ struct buf none = BUF_INIT, some = BUF_INIT;
	_cleanup_free_ char *tag = str_dup(blob_digest);
	struct fixture f;
	bool filtered = true;

	(void)state;
	prepare(&f, "certs", NULL);
	open_client(&f, plain.host, "ref", CLIENT_PUSH);
	assert_int_equal(client_list_referrers(f.client, blob_digest, "a/b", &none, &filtered, &f.err), 0);
	assert_string_equal(none.data, "{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_INDEX "\",\"manifests\":[]}");
	assert_false(filtered);
	tag[strlen("sha256")] = '-';
	assert_int_equal(client_put_manifest(f.client, tag, SPEC_OCI_INDEX, list, strlen(list), NULL, &f.err), 0);
	assert_int_equal(client_list_referrers(f.client, blob_digest, NULL, &some, &filtered, &f.err), 0);
	assert_string_equal(some.data, list);
	finish(&f);
}

static void test_strict(void **state)
{
	struct upload_request request = request_for(blob, sizeof blob, blob_digest);
	_cleanup_free_ char *digest = NULL, *token = NULL;
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct fixture f;

	(void)state;
	prepare(&f, "certs", "p:w");
	open_client(&f, strict.host, "a/b", CLIENT_PUSH);
	request.piece_bytes = 100000;
	assert_int_equal(upload(&f, &request), UPLOAD_SENT);
	digest = push_manifest(&f, "t");
	assert_int_equal(client_get_manifest(f.client, "t", &manifest, &f.err), 0);
	assert_string_equal(manifest.digest, digest);
	assert_fetched(&f, 0);
	assert_int_equal(client_ping(f.client, &token, &f.err), 0);
	assert_null(token);
	finish(&f);
}

static void assert_strict_refuses(const char *certificates, const char *password, enum error_kind kind, const char *message, const char *hint)
{
	_cleanup_free_ char *expected = str_printf(message, strict.host), *expected_hint = str_printf(hint, strict.host, strict.host);
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct fixture f;

	prepare(&f, certificates, password);
	open_client(&f, strict.host, "a/b", CLIENT_PULL);
	assert_true(client_get_manifest(f.client, "t", &manifest, &f.err) < 0);
	assert_string_equal(f.err.message, expected);
	assert_string_equal(f.err.hint, expected_hint);
	assert_int_equal(f.err.kind, kind);
	finish(&f);
}

static void test_strict_refuses(void **state)
{
	(void)state;
	assert_strict_refuses("none", "p:w", ERROR_DENIED,
			      "the certificate of '%s' does not verify: SSL certificate problem: self-signed certificate",
			      "put the certificate of its authority (PEM) into /etc/bivy/certs.d/%s/ca.crt");
	assert_strict_refuses("certs", NULL, ERROR_DENIED,
			      "the registry '%s' denies access to the manifest 't': authentication required",
			      "it does not exist, or needs a login: `bivy login %s`");
	assert_strict_refuses("certs", "wrong", ERROR_DENIED, "the registry '%s' denies access to the manifest 't': authentication required",
			      "it does not exist, or the login for '%s' is not allowed to; another one: `bivy login %s`");
}

static void test_strict_wants_a_certificate(void **state)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	struct fixture f;

	(void)state;
	prepare(&f, "half", "p:w");
	open_client(&f, strict.host, "a/b", CLIENT_PULL);
	assert_true(client_get_manifest(f.client, "t", &manifest, &f.err) < 0);
	assert_int_equal(f.err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(f.err.message, "bad certificate"));
	finish(&f);
}

static void test_several_at_once(void **state)
{
	struct upload_request request = request_for(blob, sizeof blob, blob_digest);
	struct client_blob *blobs[5] = { NULL };
	struct buf got[5] = { BUF_INIT };
	struct client_blob_request requests[5];
	struct fixture f;

	(void)state;
	prepare(&f, "certs", "p:w");
	open_client(&f, strict.host, "a/b", CLIENT_PUSH);
	upload(&f, &request);
	for (size_t i = 0; i < ARRAY_SIZE(blobs); i++) {
		requests[i] = (struct client_blob_request){ .digest = blob_digest, .size = BLOB_BYTES, .sink = keep, .sink_context = &got[i] };
		assert_int_equal(client_start_blob(f.client, &requests[i], &blobs[i], &f.err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(blobs); i++) {
		assert_int_equal(client_finish_blob(f.client, blobs[i], &f.err), 0);
		assert_int_equal(got[i].length, BLOB_BYTES);
		assert_memory_equal(got[i].data, blob, BLOB_BYTES);
		client_blob_free(blobs[i]);
		buf_done(&got[i]);
	}
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blobs),
		cmocka_unit_test(test_empty_blob),
		cmocka_unit_test(test_wrong_digest),
		cmocka_unit_test(test_manifests),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_referrers),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_strict_refuses),
		cmocka_unit_test(test_strict_wants_a_certificate),
		cmocka_unit_test(test_several_at_once),
	};

	return cmocka_run_group_tests_name("registry/upload", tests, set_up, tear_down);
}
