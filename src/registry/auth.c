/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth.h"
#include "registry/answer.h"
#include "registry/challenge.h"
#include "registry/registries_config.h"

#include "base/base64.h"
#include "base/memory.h"

#include <time.h>

#define TOKEN_ANSWER_LIMIT (1u << 20)
#define TOKEN_MARGIN_S 10 /* it has to last for the request that it is put into */
#define TOKEN_FRESH_S 5   /* refused that soon, another of the same kind will not do either */
#define CLIENT_ID "bivy"

struct token {
	struct token *next;
	char *scope;  /* as asked for by the caller */
	char *header; /* "Bearer …" */
	int64_t got_s, good_until_s;
};

struct auth {
	struct auth_options options;
	struct token *tokens;
	char *basic; /* "Basic …", once it was asked for */
	char *identity_token;
};

/* ---- what there is ------------------------------------------------------------------- */

struct auth *auth_new(const struct auth_options *options)
{
	struct auth *auth = memory_new(1, sizeof *auth);

	auth->options = *options;
	return auth;
}

static void free_token(struct token *token)
{
	free(token->scope);
	free(token->header);
	free(token);
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	while (auth->tokens) {
		struct token *token = auth->tokens;

		auth->tokens = token->next;
		free_token(token);
	}
	free(auth->basic);
	free(auth->identity_token);
	free(auth);
}

const char *auth_identity_token(const struct auth *auth)
{
	return auth->identity_token;
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now); /* tokens get old while the machine sleeps */
	return now.tv_sec;
}

static struct token *find_token(struct auth *auth, const char *scope)
{
	struct token *token = auth->tokens;

	while (token && !str_equal(token->scope, scope))
		token = token->next;
	return token;
}

static void drop_token(struct auth *auth, const char *scope)
{
	struct token **slot = &auth->tokens, *token;

	while (*slot && !str_equal((*slot)->scope, scope))
		slot = &(*slot)->next;
	token = *slot;
	if (!token)
		return;
	*slot = token->next;
	free_token(token);
}

const char *auth_known(struct auth *auth, const char *scope)
{
	const struct token *token = find_token(auth, scope);

	if (token && now_s() < token->good_until_s)
		return token->header;
	return auth->basic;
}

/* ---- basic ---------------------------------------------------------------------------- */

static char *make_basic(const char *username, const char *password)
{
	_cleanup_buf_ struct buf plain = BUF_INIT;
	struct buf header = BUF_INIT;

	buf_printf(&plain, "%s:%s", username, password ? password : "");
	buf_add_text(&header, "Basic ");
	base64_encode(plain.data, plain.length, &header);
	return buf_take(&header);
}

static int answer_basic(struct auth *auth, char **ret)
{
	const struct credentials *credentials = auth->options.credentials;

	/* Nothing to say, or it was said before and did not help. */
	if (auth->basic || !credentials->username)
		return 0;
	auth->basic = make_basic(credentials->username, credentials->password);
	*ret = str_dup(auth->basic);
	return 0;
}

/* ---- tokens ---------------------------------------------------------------------------- */

/* A request for a token, under construction. */
struct token_call {
	struct auth *auth;
	const char *realm;
	struct buf query; /* "a=b&c=d" */
	struct http_peer peer;
	char *authorization;
	bool is_post;
};

static void add_parameter(struct token_call *call, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(&call->query, "%s%s=", call->query.length ? "&" : "", name);
	http_escape(value, &call->query);
}

/* GET takes each scope by itself, POST all of them in one. What the server names and we did not think of comes too. */
static void add_scopes(struct token_call *call, const char *scope, const char *wanted)
{
	_cleanup_free_ char *both = NULL, *copy = NULL;
	char *state = NULL;

	if (wanted && !strstr(scope, wanted))
		both = *scope ? str_printf("%s %s", scope, wanted) : str_dup(wanted);
	if (call->is_post) {
		add_parameter(call, "scope", both ? both : scope);
		return;
	}
	copy = str_dup(both ? both : scope);
	for (char *one = strtok_r(copy, " ", &state); one; one = strtok_r(NULL, " ", &state))
		add_parameter(call, "scope", one);
}

static void build_call(struct token_call *call, const struct challenge *challenge, const char *scope)
{
	const struct credentials *credentials = call->auth->options.credentials;

	call->is_post = credentials->identity_token != NULL;
	if (call->is_post) {
		add_parameter(call, "grant_type", "refresh_token");
		add_parameter(call, "refresh_token", credentials->identity_token);
		add_parameter(call, "client_id", CLIENT_ID);
	} else if (credentials->username) {
		add_parameter(call, "account", credentials->username);
		call->authorization = make_basic(credentials->username, credentials->password);
	}
	if (!call->is_post && call->auth->options.offline) {
		add_parameter(call, "offline_token", "true");
		add_parameter(call, "client_id", CLIENT_ID);
	}
	add_parameter(call, "service", challenge->service);
	add_scopes(call, scope, challenge->scope);
}

/*
 * How to speak to the place of tokens: as to the registry if it is the same
 * origin, else without what identifies us to the registry; and encrypted if
 * the registry is.
 */
static int choose_peer(struct token_call *call, struct error *err)
{
	const struct auth_options *options = &call->auth->options;
	_cleanup_free_ char *origin = http_origin(call->realm);

	if (!origin)
		return error_set(err, ERROR_INVALID, 0, "the registry '%s' names a place for tokens that is no address: '%.200s'", options->name,
				 call->realm);
	call->peer = *options->peer;
	/* That a registry on this host may be plain does not let its login out of this host. */
	if (str_starts_with(options->origin, "https:")
	    || (!(call->peer.properties & HTTP_PEER_UNVERIFIED) && !registries_host_is_loopback(strstr(origin, "://") + 3)))
		call->peer.properties &= ~(unsigned)HTTP_PEER_PLAIN;
	if (str_starts_with(origin, "http:") && !(call->peer.properties & HTTP_PEER_PLAIN))
		return error_set(err, ERROR_DENIED, EPERM, "the registry '%s' wants its login sent to '%s', which is not encrypted", options->name,
				 origin);
	if (!str_equal(origin, options->origin))
		call->peer.client_certificate = call->peer.client_key = NULL;
	return 0;
}

static int send_call(const struct token_call *call, struct http_response *ret, struct error *err)
{
	static const char *const form[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
	_cleanup_free_ char *url = NULL;
	struct http_request request = { .method = "GET",
					.peer = &call->peer,
					.authorization = call->authorization,
					.properties = HTTP_REPEATABLE,
					.limit_bytes = TOKEN_ANSWER_LIMIT };

	if (call->is_post) {
		url = str_dup(call->realm);
		request.method = "POST";
		request.headers = form;
		request.body = call->query.data;
		request.source_length = call->query.length;
	} else {
		url = str_printf("%s%s%s", call->realm, strchr(call->realm, '?') ? "&" : "?", call->query.length ? call->query.data : "");
	}
	request.url = url;
	return http_perform(call->auth->options.http, &request, ret, err);
}

static int fail_call(const struct token_call *call, const struct http_response *response, struct error *err)
{
	const struct auth_options *options = &call->auth->options;
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *code, *message, *user = options->credentials->username;
	int status = response->status;

	answer_decode_refusal(arena, response->body.data, response->body.length, &code, &message);
	if (status == 401 || status == 403 || (call->is_post && status == 400)) {
		error_set(err, ERROR_DENIED, 0, "the registry '%s' does not accept %s%s%s%s%.200s", options->name, user ? "the login of '" : "",
			  user ? user : call->is_post ? "the identity token" : "anybody without a login", user ? "'" : "", message ? ": " : "",
			  message ? message : "");
		error_hint(err, "log in with `bivy login %s`", options->name);
		return -EACCES;
	}
	return error_set(err, ERROR_UNAVAILABLE, 0, "cannot get a token for the registry '%s': '%.200s' answers with status %d%s%.200s",
			 options->name, call->realm, status, message ? ": " : "", message ? message : "");
}

static void keep_token(struct auth *auth, const char *scope, const char *text, uint64_t expires_s, char **ret)
{
	struct token *token = memory_new(1, sizeof *token);

	drop_token(auth, scope);
	token->scope = str_dup(scope);
	token->header = str_printf("Bearer %s", text);
	token->got_s = now_s();
	token->good_until_s = token->got_s + (expires_s < INT32_MAX ? (int64_t)expires_s : INT32_MAX) - TOKEN_MARGIN_S;
	token->next = auth->tokens;
	auth->tokens = token;
	*ret = str_dup(token->header);
}

static int take_answer(struct auth *auth, const char *scope, const struct http_response *response, char **ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct answer_token answer = { 0 };
	int r = answer_decode_token(arena, response->body.data, response->body.length, &answer, err);

	if (r < 0)
		return error_wrap(err, "cannot get a token for the registry '%s'", auth->options.name);
	if (answer.refresh_token && !auth->identity_token)
		auth->identity_token = str_dup(answer.refresh_token);
	keep_token(auth, scope, answer.token, answer.expires_s, ret);
	return 0;
}

static int fetch_token(struct auth *auth, const struct challenge *challenge, const char *scope, char **ret, struct error *err)
{
	struct token_call call = { .auth = auth, .realm = challenge->realm };
	_cleanup_http_response_ struct http_response response = { 0 };
	int r = choose_peer(&call, err);

	if (r < 0)
		return r;
	build_call(&call, challenge, scope);
	r = send_call(&call, &response, err);
	if (r == 0)
		r = response.status == 200 ? take_answer(auth, scope, &response, ret, err) : fail_call(&call, &response, err);
	buf_done(&call.query);
	free(call.authorization);
	return r;
}

static int answer_bearer(struct auth *auth, const struct challenge *challenge, const char *scope, char **ret, struct error *err)
{
	const char *given = auth->options.credentials->registry_token;
	const struct token *token = find_token(auth, scope);

	if (token && now_s() - token->got_s < TOKEN_FRESH_S)
		return 0;
	if (given && strpbrk(given, " \t\r\n"))
		return error_set(err, ERROR_INVALID, 0, "the token for the registry '%s' in the login file has white space in it", auth->options.name);
	if (given) {
		keep_token(auth, scope, given, UINT64_MAX, ret);
		return 0;
	}
	if (!challenge->realm)
		return error_set(err, ERROR_INVALID, 0, "the registry '%s' wants a token, and does not say where to get it", auth->options.name);
	return fetch_token(auth, challenge, scope, ret, err);
}

/* ---- answering ---------------------------------------------------------------------------- */

static const struct challenge *find_challenge(const struct challenge *list, size_t count, enum challenge_scheme scheme)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].scheme == scheme)
			return &list[i];
	return NULL;
}

int auth_answer(struct auth *auth, const char *scope, const struct http_response *refusal, char **ret, struct error *err)
{
	const char *text = refusal->headers[HTTP_AUTHENTICATE];
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct challenge *bearer;
	struct challenge *list = NULL;
	size_t count = 0;
	int r;

	if (!text)
		return 0;
	r = challenge_parse(arena, text, strlen(text), &list, &count, err);
	if (r < 0)
		return error_wrap(err, "cannot understand what the registry '%s' asks for", auth->options.name);
	bearer = find_challenge(list, count, CHALLENGE_BEARER);
	if (bearer)
		return answer_bearer(auth, bearer, scope, ret, err);
	if (find_challenge(list, count, CHALLENGE_BASIC))
		return answer_basic(auth, ret);
	return 0;
}
