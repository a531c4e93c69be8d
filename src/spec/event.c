/* SPDX-License-Identifier: Apache-2.0 */
/* The members are those of docker's /events; its older ones ("status", "id", "from") are not kept. */
#include "spec/event.h"
#include "spec/decode.h"

#define NS_PER_S INT64_C(1000000000)

/* As it stands in the document. */
struct document {
	char *type, *action;
	int64_t time_ns;
	const struct json *actor;
};

struct actor {
	char *id;
	struct spec_pair *attributes;
	size_t attribute_count;
};

static const struct field document_fields[] = {
	FIELD_MUST(STRING, struct document, type, "Type"),
	FIELD_MUST(STRING, struct document, action, "Action"),
	FIELD_BY(0, "Actor", FIELD_REQUIRED),
	FIELD_MUST(I64, struct document, time_ns, "timeNano"),
};

static const struct field actor_fields[] = {
	FIELD_MUST(STRING, struct actor, id, "ID"),
	FIELD_LIST(PAIRS, struct actor, attributes, attribute_count, "Attributes"),
};

static int keep_actor(const struct decoder *d _unused_, const struct json *value, void *object, unsigned id _unused_)
{
	((struct document *)object)->actor = value;
	return 0;
}

static int check(const struct decoder *d, const struct document *document, const struct actor *actor)
{
	if (!document->type)
		return decode_fail_member(d, d->root, "Type", "must not be empty");
	if (!document->action)
		return decode_fail_member(d, d->root, "Action", "must not be empty");
	if (document->time_ns < 0)
		return decode_fail_member(d, d->root, "timeNano", "is before 1970");
	/* What was pruned has no name. */
	return actor->id || str_equal(document->action, "prune") ? 0 : decode_fail_member(d, document->actor, "ID", "must not be empty");
}

int spec_event_decode(struct arena *arena, const char *text, size_t length, struct spec_event *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "event", .prefix = "", .err = err };
	struct document document = { 0 };
	struct actor actor = { 0 };
	int r;

	if (length > SPEC_EVENT_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "event");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, document_fields, ARRAY_SIZE(document_fields), &document, keep_actor);
	if (r == 0)
		r = decode_fields(&d, document.actor, actor_fields, ARRAY_SIZE(actor_fields), &actor, NULL);
	if (r == 0)
		r = check(&d, &document, &actor);
	if (r < 0)
		return r;
	*ret = (struct spec_event){ .type = document.type, .action = document.action, .id = actor.id ? actor.id : "", .attributes = actor.attributes,
		.attribute_count = actor.attribute_count, .time_ns = document.time_ns };
	return 0;
}

void spec_event_encode(const struct spec_event *event, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Type", event->type);
	json_write_string(&w, "Action", event->action);
	json_write_open(&w, "Actor", '{');
	json_write_string(&w, "ID", event->id);
	encode_pairs(&w, "Attributes", event->attributes, event->attribute_count);
	json_write_close(&w, '}');
	json_write_string(&w, "scope", "local");
	json_write_int(&w, "time", event->time_ns / NS_PER_S);
	json_write_int(&w, "timeNano", event->time_ns);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}
