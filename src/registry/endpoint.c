/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/endpoint.h"
#include "registry/answer.h"

#include "base/log.h"
#include "base/memory.h"

#define ANSWER_BYTES_LIMIT (16u << 20) /* of an answer that is no blob */

void endpoint_init(struct endpoint *endpoint, const struct endpoint_options *options, const struct registries_endpoint *place)
{
	*endpoint = (struct endpoint){ .options = options, .place = *place };
}

void endpoint_done(struct endpoint *endpoint)
{
	auth_free(endpoint->auth);
	certificates_done(&endpoint->certificates);
	credentials_done(&endpoint->credentials);
	free(endpoint->base);
	free(endpoint->origin);
	*endpoint = (struct endpoint){ 0 };
}

/* ---- getting ready ----------------------------------------------------------------- */

/* What is called docker.io is served elsewhere. */
static const char *served_by(const char *host)
{
	return str_equal(host, "docker.io") || str_equal(host, "index.docker.io") ? "registry-1.docker.io" : host;
}

/* The status of whatever answers there; 0 if it leads to where the scheme is another. */
static int probe(struct endpoint *e, const char *scheme, int *ret_status, struct error *err)
{
	_cleanup_free_ char *url = str_printf("%s://%s/v2/", scheme, served_by(e->place.host));
	_cleanup_http_response_ struct http_response response = { 0 };
	struct http_request request = { .method = "GET", .url = url, .peer = &e->peer, .limit_bytes = ANSWER_BYTES_LIMIT };
	int r = http_perform(e->options->http, &request, &response, err);

	if (r == 0)
		*ret_status = str_starts_with(response.url, scheme) && response.url[strlen(scheme)] == ':' ? response.status : 0;
	return r;
}

/*
 * TLS, unless plain HTTP is allowed and TLS is not to be had. A certificate
 * that does not verify is no reason to go on without one.
 *
 * On this host, where it is allowed and the usual thing, plain HTTP is tried
 * first: getting ready for TLS takes longer than all the rest of a question.
 * That gives nothing away: whoever has the port could say that it knows no TLS.
 * Servers that do know it answer a plain question with 400, or not at all.
 */
static int choose_scheme(struct endpoint *e, const char **ret, struct error *err)
{
	struct error https = ERROR_INIT;
	bool loopback_only = (e->place.properties & (REGISTRIES_LOOPBACK | REGISTRIES_INSECURE)) == REGISTRIES_LOOPBACK;
	int status = 0, r;

	*ret = "https";
	if (!(e->peer.properties & HTTP_PEER_PLAIN))
		return 0;
	if (loopback_only && probe(e, "http", &status, NULL) == 0 && status && status != 400) {
		*ret = "http";
		return 0;
	}
	r = probe(e, "https", &status, &https);
	if (r == 0)
		return 0;
	if (r == -ECONNREFUSED || r == -EPROTONOSUPPORT) {
		*ret = "http";
		log_debug("registry: %s without TLS: %s", e->place.host, https.message);
		return probe(e, "http", &status, err);
	}
	if (err)
		*err = https;
	return r;
}

static int read_credentials(struct endpoint *e, struct error *err)
{
	const struct credentials *given = e->place.properties & REGISTRIES_MIRROR ? NULL : e->options->login;

	if (!given)
		return credentials_find(e->options->login_files, e->place.host, e->place.repository, &e->credentials, err);
	e->credentials.username = str_dup(given->username);
	e->credentials.password = str_dup(given->password);
	e->credentials.identity_token = str_dup(given->identity_token);
	e->credentials.registry_token = str_dup(given->registry_token);
	return 0;
}

static void set_peer(struct endpoint *e)
{
	if (e->place.properties & REGISTRIES_INSECURE)
		e->peer.properties |= HTTP_PEER_PLAIN | HTTP_PEER_UNVERIFIED;
	if (e->place.properties & REGISTRIES_LOOPBACK)
		e->peer.properties |= HTTP_PEER_PLAIN;
	e->peer.authorities = e->certificates.authorities;
	e->peer.client_certificate = e->certificates.client_certificate;
	e->peer.client_key = e->certificates.client_key;
}

int endpoint_prepare(struct endpoint *e, struct error *err)
{
	struct auth_options auth = { .http = e->options->http, .name = e->place.host, .peer = &e->peer, .credentials = &e->credentials,
				     .offline = e->options->offline };
	const char *scheme = NULL;
	int r;

	if (e->auth)
		return 0;
	certificates_done(&e->certificates);
	credentials_done(&e->credentials);
	r = certificates_read(e->options->certificate_directories, e->place.host, &e->certificates, err);
	if (r == 0)
		r = read_credentials(e, err);
	if (r < 0)
		return r;
	set_peer(e);
	r = choose_scheme(e, &scheme, err);
	if (r < 0)
		return r;
	free(e->base);
	free(e->origin);
	e->base = str_printf("%s://%s", scheme, served_by(e->place.host));
	e->origin = http_origin(e->base);
	if (!e->origin)
		return error_set(err, ERROR_INVALID, 0, "'%s' is not the name of a registry", e->place.host);
	auth.origin = e->origin;
	e->auth = auth_new(&auth);
	return 0;
}

/* ---- calls ---------------------------------------------------------------------------- */

static int authorize(void *context, const struct http_response *refusal, char **ret, struct error *err)
{
	struct endpoint_call *call = context;

	return auth_answer(call->endpoint->auth, call->scope, refusal, ret, err);
}

static int open_call(struct endpoint *e, const char *method, char *url, const char *scope, struct endpoint_call *ret)
{
	_cleanup_free_ char *origin = http_origin(url);

	*ret = (struct endpoint_call){ .endpoint = e, .scope = str_dup(scope), .url = url };
	ret->request = (struct http_request){ .method = method, .url = url, .peer = &e->peer, .limit_bytes = ANSWER_BYTES_LIMIT };
	if (str_equal(method, "GET") || str_equal(method, "HEAD") || str_equal(method, "DELETE"))
		ret->request.properties = HTTP_REPEATABLE;
	if (str_equal(origin, e->origin)) {
		ret->request.authorization = auth_known(e->auth, ret->scope);
		ret->request.authorize = authorize;
	}
	return 0;
}

int endpoint_open_call(struct endpoint *e, const char *method, const char *path, const char *scope, struct endpoint_call *ret, struct error *err)
{
	int r = endpoint_prepare(e, err);

	return r < 0 ? r : open_call(e, method, str_printf("%s/v2/%s", e->base, path), scope, ret);
}

int endpoint_open_call_at(struct endpoint *e, const char *method, const char *url, const char *scope, struct endpoint_call *ret, struct error *err)
{
	int r = endpoint_prepare(e, err);

	return r < 0 ? r : open_call(e, method, str_dup(url), scope, ret);
}

void endpoint_call_done(struct endpoint_call *call)
{
	free(call->scope);
	free(call->url);
	*call = (struct endpoint_call){ 0 };
}

int endpoint_perform(struct endpoint_call *call, struct http_response *ret, struct error *err)
{
	call->request.authorize_context = call;
	return http_perform(call->endpoint->options->http, &call->request, ret, err);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static int refuse_denied(const struct endpoint *e, const char *what, const char *said, struct error *err)
{
	bool known = !credentials_are_empty(&e->credentials);

	error_set(err, ERROR_DENIED, 0, "the registry '%s' denies access to %s%s%s", e->place.host, what, said ? ": " : "", said ? said : "");
	if (known)
		error_hint(err, "it does not exist, or the login for '%s' is not allowed to; another one: `bivy login %s`", e->place.host, e->place.host);
	else
		error_hint(err, "it does not exist, or needs a login: `bivy login %s`", e->place.host);
	return -EACCES;
}

int endpoint_refuse(const struct endpoint *e, const char *what, const struct http_response *response, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *code, *message, *said;

	answer_decode_refusal(arena, response->body.data, response->body.length, &code, &message);
	said = message ? message : code;
	if (said && strlen(said) > 300)
		said = arena_strndup(arena, said, 300);
	switch (response->status) {
	case 404:
		error_set(err, ERROR_NOT_FOUND, 0, "the registry '%s' does not have %s", e->place.host, what);
		return -ENOENT;
	case 401:
	case 403:
		return refuse_denied(e, what, said, err);
	case 405:
		error_set(err, ERROR_UNSUPPORTED, 0, "the registry '%s' does not allow that for %s%s%s", e->place.host, what, said ? ": " : "",
			  said ? said : "");
		return -EOPNOTSUPP;
	case 429:
		error_set(err, ERROR_UNAVAILABLE, 0, "the registry '%s' has been asked too often%s%s", e->place.host, said ? ": " : "", said ? said : "");
		if (credentials_are_empty(&e->credentials))
			error_hint(err, "it may allow more after `bivy login %s`", e->place.host);
		return -EAGAIN;
	default:
		error_set(err, response->status >= 500 ? ERROR_UNAVAILABLE : ERROR_INVALID, 0, "the registry '%s' answers for %s with status %d%s%s",
			  e->place.host, what, response->status, said ? ": " : "", said ? said : "");
		return -EREMOTEIO;
	}
}
