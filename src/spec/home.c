/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/home.h"

#include "spec/decode.h"

/* As it is in the document. */
struct document {
	char *host_ip, *protocol, *code, *message, *hint;
	uint16_t port;
	int32_t number;
};

static const struct field fields[] = {
	FIELD(STRING, struct document, host_ip, "hostIp"),
	FIELD(STRING, struct document, protocol, "protocol"),
	FIELD(U16, struct document, port, "port"),
	FIELD_MUST(STRING, struct document, code, "code"),
	FIELD(I32, struct document, number, "errno"),
	FIELD_MUST(STRING, struct document, message, "message"),
	FIELD(STRING, struct document, hint, "hint"),
};

static int decode_failure(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_home_failure *failure = element;
	struct document document = { 0 };
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), &document, NULL);

	if (r < 0)
		return r;
	failure->host_ip = document.host_ip;
	failure->protocol = document.protocol;
	failure->port = document.port;
	error_restore(&failure->error, document.code, document.number, document.message, document.hint);
	return 0;
}

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_home_reply *reply = object;

	return decode_list(d, value, JSON_ARRAY, sizeof *reply->failures, decode_failure, &reply->failures, &reply->count);
}

int spec_home_reply_decode(struct arena *arena, const char *text, size_t length, struct spec_home_reply *ret, struct error *err)
{
	static const struct field members[] = { FIELD_BY(0, "failures", 0) };
	struct decoder d = { .arena = arena, .name = "reply", .prefix = "", .err = err };
	struct spec_home_reply reply = { 0 };
	int r;

	if (length > SPEC_HOME_REPLY)
		return error_set(err, ERROR_INVALID, EFBIG, "reply");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, members, ARRAY_SIZE(members), &reply, decode_own_field);
	if (r == 0)
		*ret = reply;
	return r;
}

static void encode_failure(struct json_writer *w, const struct spec_home_failure *failure)
{
	const struct document document = {
		.host_ip = failure->host_ip,
		.protocol = failure->protocol,
		.port = failure->port,
		.code = (char *)error_kind_word(failure->error.kind),
		.number = failure->error.code,
		.message = (char *)failure->error.message,
		.hint = failure->error.hint[0] ? (char *)failure->error.hint : NULL,
	};

	json_write_open(w, NULL, '{');
	encode_given_fields(w, fields, ARRAY_SIZE(fields), &document);
	json_write_close(w, '}');
}

void spec_home_reply_encode(const struct spec_home_reply *reply, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "failures", '[');
	for (size_t i = 0; i < reply->count && i < SPEC_HOME_FAILURES; i++)
		encode_failure(&w, &reply->failures[i]);
	json_write_close(&w, ']');
	json_write_close(&w, '}');
}
