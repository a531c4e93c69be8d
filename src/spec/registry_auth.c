/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/registry_auth.h"
#include "base/base64.h"
#include "spec/decode.h"

static const struct field fields[] = {
	FIELD(STRING, struct spec_registry_auth, username, "username"),
	FIELD(STRING, struct spec_registry_auth, password, "password"),
	FIELD(STRING, struct spec_registry_auth, auth, "auth"),
	FIELD(STRING, struct spec_registry_auth, identity_token, "identitytoken"),
	FIELD(STRING, struct spec_registry_auth, registry_token, "registrytoken"),
	FIELD(STRING, struct spec_registry_auth, server_address, "serveraddress"),
};

/* Either alphabet, with or without padding. */
static int decode_base64(const char *text, size_t length, struct buf *out)
{
	_cleanup_free_ char *usual = memory_new(length + 1, 1);

	for (size_t i = 0; i < length; i++)
		usual[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	return base64_decode(usual, length, out);
}

static int open_document(struct decoder *d, const char *text, size_t length)
{
	if (length > SPEC_REGISTRY_AUTH_LIMIT)
		return error_set(d->err, ERROR_INVALID, EFBIG, "%s", d->name);
	return decode_open(d, text, length);
}

int spec_registry_auth_parse(struct arena *arena, const char *text, size_t length, struct spec_registry_auth *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "login", .prefix = "", .err = err };
	struct spec_registry_auth auth = { NULL };
	int r = open_document(&d, text, length);

	if (r == 0 && d.root->type != JSON_NULL)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &auth, NULL);
	if (r == 0)
		*ret = auth;
	return r;
}

int spec_registry_auth_decode(struct arena *arena, const char *text, size_t length, struct spec_registry_auth *ret, struct error *err)
{
	_cleanup_buf_ struct buf json = BUF_INIT;

	if (length == 0) {
		*ret = (struct spec_registry_auth){ NULL };
		return 0;
	}
	if (length > 2 * SPEC_REGISTRY_AUTH_LIMIT || decode_base64(text, length, &json) < 0 || json.length == 0)
		return error_set(err, ERROR_INVALID, 0, "login: it is no base64");
	return spec_registry_auth_parse(arena, json.data, json.length, ret, err);
}

static int decode_login(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_registry_login *login = element;

	login->host = value->key;
	return value->type == JSON_NULL ? 0 : decode_fields(d, value, fields, ARRAY_SIZE(fields), &login->auth, NULL);
}

int spec_registry_logins_decode(struct arena *arena, const char *text, size_t length, struct spec_registry_login **ret, size_t *ret_count,
	struct error *err)
{
	struct decoder d = { .arena = arena, .name = "logins", .prefix = "", .err = err };
	_cleanup_buf_ struct buf json = BUF_INIT;
	int r;

	*ret = NULL;
	*ret_count = 0;
	if (length == 0)
		return 0;
	if (length > 2 * SPEC_REGISTRY_AUTH_LIMIT || decode_base64(text, length, &json) < 0 || json.length == 0)
		return error_set(err, ERROR_INVALID, 0, "logins: it is no base64");
	r = open_document(&d, json.data, json.length);
	if (r < 0 || d.root->type == JSON_NULL)
		return r;
	return decode_list(&d, d.root, JSON_OBJECT, sizeof **ret, decode_login, ret, ret_count);
}

/* What docker calls its own hub in such files. */
static const char *key_of(const char *host)
{
	return str_equal(host, "docker.io") ? "https://index.docker.io/v1/" : host;
}

void spec_registry_logins_encode(const struct spec_registry_login *logins, size_t count, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "auths", '{');
	for (size_t i = 0; i < count; i++) {
		json_write_open(&w, key_of(logins[i].host), '{');
		/* Without the address, which is the key. */
		encode_given_fields(&w, fields, ARRAY_SIZE(fields) - 1, &logins[i].auth);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
	json_write_close(&w, '}');
}
