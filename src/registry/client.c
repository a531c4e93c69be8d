/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"
#include "registry/answer.h"
#include "registry/referrers.h"

#include "base/log.h"
#include "base/memory.h"
#include "spec/image_digest.h"
#include "spec/media_type.h"
#include "spec/reference.h"

#include <openssl/evp.h>

#define TAG_PAGE_LIMIT 10000 /* answers that one list may come in */
#define REFERRERS_BYTES_LIMIT SPEC_MANIFEST_LIMIT

struct client {
	const struct client_options *options;
	struct arena *arena;
	struct endpoint *endpoints; /* the last is the registry itself */
	size_t count;
	char **scopes; /* of each */
};

/* ---- opening -------------------------------------------------------------------------- */

static const char *const actions[] = { [CLIENT_PULL] = "pull", [CLIENT_PUSH] = "pull,push", [CLIENT_DELETE] = "pull,delete" };

int client_open(const struct client_options *options, const char *host, const char *repository, enum client_access access, struct client **ret,
		struct error *err)
{
	_cleanup_client_ struct client *client = memory_new(1, sizeof *client);
	struct registries_endpoint *places = NULL;
	size_t count = 0;
	int r;

	client->options = options;
	client->arena = arena_new();
	if (!spec_reference_is_domain(host))
		return error_set(err, ERROR_INVALID, 0, "'%s' is not the name of a registry", host);
	r = registries_config_resolve(options->config, client->arena, host, repository, &places, &count, err);
	if (r < 0)
		return r;
	client->endpoints = arena_alloc(client->arena, count, sizeof *client->endpoints);
	client->scopes = arena_alloc(client->arena, count, sizeof *client->scopes);
	for (client->count = 0; client->count < count; client->count++) {
		struct registries_endpoint *place = &places[client->count];

		if (client->count == count - 1 && (options->properties & CLIENT_INSECURE))
			place->properties |= REGISTRIES_INSECURE;
		endpoint_init(&client->endpoints[client->count], &options->endpoint, place);
		client->scopes[client->count] = place->repository && repository
							? arena_printf(client->arena, "repository:%s:%s", place->repository, actions[access])
							: arena_strdup(client->arena, "");
	}
	*ret = TAKE_PTR(client);
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < client->count; i++)
		endpoint_done(&client->endpoints[i]);
	arena_free(client->arena);
	free(client);
}

struct endpoint *client_endpoint(struct client *client)
{
	return &client->endpoints[client->count - 1];
}

const char *client_scope(const struct client *client)
{
	return client->scopes[client->count - 1];
}

int client_ping(struct client *client, char **ret_identity_token, struct error *err)
{
	struct endpoint *e = client_endpoint(client);
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	int r = endpoint_open_call(e, "GET", "", client_scope(client), &call, err);

	if (r == 0)
		r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	if (response.status == 404)
		return error_set(err, ERROR_INVALID, 0, "'%s' is not a registry: it does not know /v2/", e->place.host);
	if (response.status != 200)
		return endpoint_refuse(e, "anybody", &response, err);
	*ret_identity_token = str_dup(auth_identity_token(e->auth));
	return 0;
}

/* ---- asking one after the other ---------------------------------------------------------- */

/* What is asked of "<repository>/<kind>/<reference>", whichever endpoint it is asked of. */
struct question {
	const char *method;
	const char *kind;      /* "manifests" */
	const char *reference; /* may have a query behind it */
	const char *const *headers;
	const char *what;      /* for refusals */
	uint64_t limit_bytes;  /* or 0 */
};

/* A refusal is an error, with the answer in *RET all the same; its status is 0 when there was no answer. */
static int ask(struct client *client, size_t index, const struct question *question, struct http_response *ret, struct error *err)
{
	struct endpoint *e = &client->endpoints[index];
	_cleanup_free_ char *path = str_printf("%s/%s/%s", e->place.repository, question->kind, question->reference);
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	int r = endpoint_open_call(e, question->method, path, client->scopes[index], &call, err);

	if (r < 0)
		return r;
	call.request.headers = question->headers;
	if (question->limit_bytes)
		call.request.limit_bytes = question->limit_bytes;
	r = endpoint_perform(&call, ret, err);
	if (r < 0 || ret->status / 100 == 2)
		return r;
	return endpoint_refuse(e, question->what, ret, err);
}

/* Whether the next mirror is to be asked after an error of this one. */
static bool goes_on(const struct client *client, size_t index, const struct error *err)
{
	if (index + 1 >= client->count)
		return false;
	log_info("mirror '%s': %s, asking the next one", client->endpoints[index].place.host, err->message);
	return err->kind != ERROR_NONE;
}

static bool is_asked(const struct client *client, size_t index, const char *reference)
{
	return !(client->endpoints[index].place.properties & REGISTRIES_DIGEST_ONLY) || spec_digest_is_valid(reference);
}

/* ---- manifests ------------------------------------------------------------------------------ */

void client_manifest_done(struct client_manifest *manifest)
{
	buf_done(&manifest->body);
	free(manifest->media_type);
	free(manifest->digest);
	*manifest = (struct client_manifest){ 0 };
}

/* "sha256:…" of the bytes; ALGORITHM is one of those that spec_digest_is_verifiable() lets through. */
static char *digest_bytes(const char *algorithm, const void *bytes, size_t length)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	const EVP_MD *method = EVP_get_digestbyname(algorithm);
	struct buf text = BUF_INIT;

	if (!method || EVP_Digest(bytes, length, hash, &size, method, NULL) != 1)
		return NULL;
	buf_printf(&text, "%s:", algorithm);
	for (unsigned int i = 0; i < size; i++)
		buf_printf(&text, "%02x", hash[i]);
	return buf_take(&text);
}

/* The digest of the body, by the algorithm of what it was asked for by or is said to have; it must be that one. */
static int verify_body(const struct endpoint *e, const char *reference, const char *said, struct client_manifest *manifest, struct error *err)
{
	const char *expected = spec_digest_is_valid(reference) ? reference : said;
	_cleanup_free_ char *algorithm = NULL;

	if (expected && !spec_digest_is_verifiable(expected))
		return error_set(err, ERROR_UNSUPPORTED, 0, "the digest '%.200s' cannot be verified", expected);
	algorithm = expected ? str_printf("%.*s", (int)spec_digest_algorithm_length(expected), expected) : str_dup("sha256");
	manifest->digest = digest_bytes(algorithm, manifest->body.length ? manifest->body.data : "", manifest->body.length);
	if (!manifest->digest)
		return error_set(err, ERROR_INTERNAL, 0, "cannot compute a %s digest", algorithm);
	if (expected && !str_equal(expected, manifest->digest))
		return error_set(err, ERROR_INVALID, EBADMSG, "the registry '%s' sends as manifest '%s' what has the digest '%s'", e->place.host, expected,
				 manifest->digest);
	return 0;
}

static char *accept_header(void)
{
	struct buf line = BUF_INIT;

	buf_add_text(&line, "Accept: ");
	for (size_t i = 0; spec_media_accepted[i]; i++)
		buf_printf(&line, "%s%s", i ? ", " : "", spec_media_accepted[i]);
	buf_add_text(&line, ", */*;q=0.1");
	return buf_take(&line);
}

/* "Content-Type" without its parameters. */
static char *media_type_of(const struct http_response *response)
{
	const char *type = response->headers[HTTP_CONTENT_TYPE];

	return type && *type ? str_printf("%.*s", (int)strcspn(type, "; \t"), type) : NULL;
}

static int take_manifest(const struct endpoint *e, const char *reference, struct http_response *response, bool head, struct client_manifest *ret,
			 struct error *err)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { .media_type = media_type_of(response) };
	const char *said = response->headers[HTTP_DIGEST], *length = response->headers[HTTP_CONTENT_LENGTH];
	int r = 0;

	if (said && !spec_digest_is_valid(said))
		return error_set(err, ERROR_INVALID, 0, "the registry '%s' sends '%.200s' for a digest", e->place.host, said);
	if (head) {
		if (length && str_to_u64(length, 10, &manifest.size) < 0)
			return error_set(err, ERROR_INVALID, 0, "the registry '%s' sends '%.100s' for a size", e->place.host, length);
		manifest.digest = str_dup(said);
	} else {
		manifest.body = response->body;
		response->body = BUF_INIT;
		manifest.size = manifest.body.length;
		r = verify_body(e, reference, said, &manifest, err);
	}
	if (r < 0)
		return r;
	*ret = manifest;
	manifest = (struct client_manifest){ 0 };
	return 0;
}

static int fetch_manifest(struct client *client, const char *method, const char *reference, struct client_manifest *ret, struct error *err)
{
	_cleanup_free_ char *accept = accept_header(), *what = str_printf("the manifest '%s'", reference);
	const char *const headers[] = { accept, NULL };
	struct question question = { .method = method, .kind = "manifests", .reference = reference, .headers = headers, .what = what,
				     .limit_bytes = SPEC_MANIFEST_LIMIT };
	struct error own = ERROR_INIT;
	int r = -ENOENT;

	for (size_t i = 0; i < client->count; i++) {
		_cleanup_http_response_ struct http_response response = { 0 };

		if (!is_asked(client, i, reference))
			continue;
		r = ask(client, i, &question, &response, &own);
		if (r == 0)
			r = take_manifest(&client->endpoints[i], reference, &response, str_equal(method, "HEAD"), ret, &own);
		if (r == 0 || !goes_on(client, i, &own))
			break;
	}
	if (r < 0 && err)
		*err = own;
	return r;
}

int client_get_manifest(struct client *client, const char *reference, struct client_manifest *ret, struct error *err)
{
	return fetch_manifest(client, "GET", reference, ret, err);
}

int client_head_manifest(struct client *client, const char *reference, struct client_manifest *ret, struct error *err)
{
	return fetch_manifest(client, "HEAD", reference, ret, err);
}

int client_put_manifest(struct client *client, const char *reference, const char *media_type, const void *bytes, size_t length, bool *ret_subject,
			struct error *err)
{
	struct endpoint *e = client_endpoint(client);
	_cleanup_free_ char *path = str_printf("%s/manifests/%s", e->place.repository, reference), *what = str_printf("the manifest '%s'", reference);
	_cleanup_free_ char *type = str_printf("Content-Type: %s", media_type);
	const char *const headers[] = { type, NULL };
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	int r = endpoint_open_call(e, "PUT", path, client_scope(client), &call, err);

	if (r < 0)
		return r;
	call.request.headers = headers;
	call.request.body = bytes;
	call.request.source_length = length;
	call.request.properties |= HTTP_REPEATABLE;
	r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	if (response.status / 100 != 2)
		return endpoint_refuse(e, what, &response, err);
	if (ret_subject)
		*ret_subject = response.headers[HTTP_SUBJECT] != NULL;
	return 0;
}

int client_delete_manifest(struct client *client, const char *reference, struct error *err)
{
	_cleanup_free_ char *what = str_printf("the manifest '%s'", reference);
	struct question question = { .method = "DELETE", .kind = "manifests", .reference = reference, .what = what };
	_cleanup_http_response_ struct http_response response = { 0 };

	return ask(client, client->count - 1, &question, &response, err);
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* One page of tags; *URL becomes that of the next one, or NULL. */
static int list_page(struct client *client, char **url, char ***list, size_t *count, struct error *err)
{
	struct endpoint *e = client_endpoint(client);
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	_cleanup_http_response_ struct http_response response = { 0 };
	_cleanup_free_ char *next = NULL, *what = str_printf("the tags of '%s'", e->place.repository);
	int r = endpoint_open_call_at(e, "GET", *url, client_scope(client), &call, err);

	if (r == 0)
		r = endpoint_perform(&call, &response, err);
	if (r < 0)
		return r;
	if (response.status != 200)
		return endpoint_refuse(e, what, &response, err);
	r = answer_decode_tags(response.body.data ? response.body.data : "", response.body.length, list, count, err);
	if (r < 0)
		return error_wrap(err, "cannot read the list of tags that the registry '%s' sends", e->place.host);
	next = response.headers[HTTP_LINK] ? answer_next_link(response.headers[HTTP_LINK]) : NULL;
	free(*url);
	*url = next ? http_resolve(response.url, next) : NULL;
	return 0;
}

int client_list_tags(struct client *client, char ***ret, struct error *err)
{
	_cleanup_strv_ char **list = memory_new(1, sizeof *list);
	struct endpoint *e = client_endpoint(client);
	_cleanup_free_ char *url = NULL;
	size_t count = 0, pages = 0;
	int r = endpoint_prepare(e, err);

	if (r < 0)
		return r;
	url = str_printf("%s/v2/%s/tags/list", e->base, e->place.repository);
	while (url) {
		if (++pages > TAG_PAGE_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "the registry '%s' sends a list of tags without end", e->place.host);
		r = list_page(client, &url, &list, &count, err);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(list);
	return 0;
}

#define INDEX "https://index.docker.io" /* of docker.io, whose registry has none of its own */

/* GET of URL; *RET is the answer, whatever its status. */
static int get(struct client *client, const char *url, const char *scope, struct http_response *ret, struct error *err)
{
	_cleanup_endpoint_call_ struct endpoint_call call = { 0 };
	int r = endpoint_open_call_at(client_endpoint(client), "GET", url, scope, &call, err);

	return r < 0 ? r : endpoint_perform(&call, ret, err);
}

static int search_catalog(struct client *client, struct arena *arena, const char *term, struct answer_found **ret, size_t *ret_count, struct error *err)
{
	struct endpoint *e = client_endpoint(client);
	_cleanup_http_response_ struct http_response response = { 0 };
	_cleanup_free_ char *url = str_printf("%s/v2/_catalog?n=%d", e->base, ANSWER_FOUND_LIMIT);
	int r = get(client, url, "registry:catalog:*", &response, err);

	if (r < 0)
		return r;
	if (response.status != 200)
		return endpoint_refuse(e, "its catalog", &response, err);
	return answer_decode_catalog(arena, response.body.data ? response.body.data : "", response.body.length, term, ret, ret_count, err);
}

int client_search(struct client *client, struct arena *arena, const char *term, unsigned count, struct answer_found **ret, size_t *ret_count,
		  struct error *err)
{
	struct endpoint *e = client_endpoint(client);
	_cleanup_http_response_ struct http_response response = { 0 };
	_cleanup_buf_ struct buf url = BUF_INIT;
	int r = endpoint_prepare(e, err);

	if (r < 0)
		return r;
	buf_printf(&url, "%s/v1/search?q=", str_equal(e->base, "https://registry-1.docker.io") ? INDEX : e->base);
	http_escape(term, &url);
	buf_printf(&url, "&n=%u", count);
	r = get(client, url.data, "", &response, err);
	if (r == 0 && response.status == 404)
		r = search_catalog(client, arena, term, ret, ret_count, err);
	else if (r == 0 && response.status != 200)
		r = endpoint_refuse(e, "a search", &response, err);
	else if (r == 0)
		r = answer_decode_search(arena, response.body.data ? response.body.data : "", response.body.length, ret, ret_count, err);
	if (r == 0 && *ret_count > count)
		*ret_count = count;
	return r;
}

/* The tag under which clients keep referrers where a registry does not: "sha256-…". */
static int list_referrers_by_tag(struct client *client, const char *digest, struct buf *ret, struct error *err)
{
	_cleanup_client_manifest_ struct client_manifest manifest = { 0 };
	_cleanup_free_ char *tag = referrers_tag(digest);
	int r = client_get_manifest(client, tag, &manifest, err);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		buf_add(ret, manifest.body.data, manifest.body.length);
	else
		buf_add_text(ret, "{\"schemaVersion\":2,\"mediaType\":\"" SPEC_OCI_INDEX "\",\"manifests\":[]}");
	return 0;
}

int client_list_referrers(struct client *client, const char *digest, const char *artifact_type, struct buf *ret, bool *ret_filtered,
			  struct error *err)
{
	static const char *const headers[] = { "Accept: " SPEC_OCI_INDEX, NULL };
	_cleanup_buf_ struct buf reference = BUF_INIT;
	_cleanup_free_ char *what = str_printf("the referrers of '%s'", digest);
	_cleanup_http_response_ struct http_response response = { 0 };
	struct question question = { .method = "GET", .kind = "referrers", .headers = headers, .what = what, .limit_bytes = REFERRERS_BYTES_LIMIT };
	_cleanup_free_ char *type = NULL;
	int r;

	if (!spec_digest_is_valid(digest))
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is not a digest", digest);
	buf_add_text(&reference, digest);
	if (artifact_type) {
		buf_add_text(&reference, "?artifactType=");
		http_escape(artifact_type, &reference);
	}
	question.reference = reference.data;
	*ret_filtered = false;
	r = ask(client, client->count - 1, &question, &response, err);
	if (r == 0)
		type = media_type_of(&response);
	/* "page not found" in other words: what does not know the question may answer 404, or 200 with anything. */
	if (response.status == 404 || (r == 0 && !str_equal(type, SPEC_OCI_INDEX)))
		return list_referrers_by_tag(client, digest, ret, err);
	if (r < 0)
		return r;
	*ret_filtered = response.headers[HTTP_FILTERS] && strstr(response.headers[HTTP_FILTERS], "artifactType");
	buf_add(ret, response.body.data, response.body.length);
	return 0;
}

/* ---- blobs ----------------------------------------------------------------------------------- */

struct client_blob {
	struct client *client;
	const struct client_blob_request *request;
	size_t index; /* of the endpoint that is asked */
	uint64_t position;
	bool is_unwanted; /* its sink failed: no mirror is of help */
	struct endpoint_call call;
	struct http_transfer *transfer; /* NULL: everything was there */
	struct error err;               /* why it could not start, if it could not */
};

static int pass_on(void *context, const void *bytes, size_t length, struct error *err)
{
	struct client_blob *blob = context;
	int r = blob->request->sink(blob->request->sink_context, bytes, length, err);

	if (r < 0)
		blob->is_unwanted = true;
	else
		blob->position += length;
	return r;
}

static bool is_full(void *context)
{
	const struct client_blob *blob = context;

	return blob->request->sink_is_full && blob->request->sink_is_full(blob->request->sink_context);
}

/* Asks the endpoint at hand for what is missing. */
static int start_transfer(struct client_blob *blob, struct error *err)
{
	struct endpoint *e = &blob->client->endpoints[blob->index];
	_cleanup_free_ char *path = str_printf("%s/blobs/%s", e->place.repository, blob->request->digest);
	struct http_request *request = &blob->call.request;
	int r = endpoint_open_call(e, "GET", path, blob->client->scopes[blob->index], &blob->call, err);

	if (r < 0)
		return r;
	request->authorize_context = &blob->call;
	request->sink = pass_on;
	request->sink_is_full = is_full;
	request->sink_context = blob;
	request->offset = blob->position;
	request->limit_bytes = blob->request->size;
	request->progress = blob->request->progress;
	request->progress_context = blob->request->progress_context;
	blob->transfer = http_start(e->options->http, request);
	return 0;
}

static void end_transfer(struct client_blob *blob)
{
	http_transfer_free(TAKE_PTR(blob->transfer));
	endpoint_call_done(&blob->call);
}

int client_start_blob(struct client *client, const struct client_blob_request *request, struct client_blob **ret, struct error *err)
{
	_cleanup_client_blob_ struct client_blob *blob = memory_new(1, sizeof *blob);

	if (!spec_digest_is_valid(request->digest))
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is not a digest", request->digest);
	if (request->offset > request->size)
		return error_set(err, ERROR_INVALID, 0, "more of the blob '%s' is there than its size", request->digest);
	blob->client = client;
	blob->request = request;
	blob->position = request->offset;
	blob->index = request->first_place < client->count ? request->first_place : client->count - 1;
	for (; blob->position < request->size; blob->index++) {
		int r = start_transfer(blob, &blob->err);

		if (r == 0)
			break;
		if (!goes_on(client, blob->index, &blob->err)) {
			if (err)
				*err = blob->err;
			return r;
		}
	}
	*ret = TAKE_PTR(blob);
	return 0;
}

size_t client_place_count(const struct client *client)
{
	return client->count;
}

void client_step(struct client *client, int timeout_ms)
{
	http_step(client->options->endpoint.http, timeout_ms);
}

bool client_blob_is_done(const struct client_blob *blob)
{
	return !blob->transfer || http_transfer_is_done(blob->transfer);
}

void client_blob_free(struct client_blob *blob)
{
	if (!blob)
		return;
	end_transfer(blob);
	free(blob);
}

/* What the endpoint at hand made of it. */
static int finish_transfer(struct client_blob *blob, struct error *err)
{
	struct endpoint *e = &blob->client->endpoints[blob->index];
	_cleanup_http_response_ struct http_response response = { 0 };
	_cleanup_free_ char *what = str_printf("the blob '%s'", blob->request->digest);
	int r = http_wait(e->options->http, blob->transfer, &response, err);

	if (r < 0)
		return r;
	if (response.status != 200 && response.status != 206)
		return endpoint_refuse(e, what, &response, err);
	if (blob->position != blob->request->size)
		return error_set(err, ERROR_INVALID, EBADMSG, "the registry '%s' sends %llu bytes of the blob '%s', which has %llu", e->place.host,
				 (unsigned long long)blob->position, blob->request->digest, (unsigned long long)blob->request->size);
	return 0;
}

static bool has_use_of_another(const struct client_blob *blob)
{
	return !blob->is_unwanted && blob->position < blob->request->size;
}

int client_settle_blob(struct client *client, struct client_blob *blob, struct error *err)
{
	struct error own = ERROR_INIT;
	int r;

	if (!blob->transfer)
		return 0;
	r = finish_transfer(blob, &own);
	end_transfer(blob);
	while (r < 0 && !blob->transfer && has_use_of_another(blob) && goes_on(client, blob->index, &own)) {
		blob->index++;
		r = start_transfer(blob, &own);
	}
	if (r < 0 && err)
		*err = own;
	return r < 0 ? r : blob->transfer != NULL;
}

int client_finish_blob(struct client *client, struct client_blob *blob, struct error *err)
{
	int r;

	do
		r = client_settle_blob(client, blob, err);
	while (r > 0);
	if (r < 0)
		return r;
	return blob->request->verify ? blob->request->verify(blob->request->verify_context, err) : 0;
}

int client_get_blob(struct client *client, const struct client_blob_request *request, struct error *err)
{
	_cleanup_client_blob_ struct client_blob *blob = NULL;
	int r = client_start_blob(client, request, &blob, err);

	return r < 0 ? r : client_finish_blob(client, blob, err);
}

int client_has_blob(struct client *client, const char *digest, bool *ret, uint64_t *ret_size, struct error *err)
{
	_cleanup_free_ char *what = str_printf("the blob '%s'", digest);
	struct question question = { .method = "HEAD", .kind = "blobs", .reference = digest, .what = what };
	_cleanup_http_response_ struct http_response response = { 0 };
	uint64_t size = 0;
	int r = ask(client, client->count - 1, &question, &response, err);

	if (r < 0 && response.status != 404)
		return r;
	if (r == 0 && ret_size && response.headers[HTTP_CONTENT_LENGTH] && str_to_u64(response.headers[HTTP_CONTENT_LENGTH], 10, &size) == 0)
		*ret_size = size;
	*ret = r == 0;
	return 0;
}
