/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record is one line of JSON. "format" comes first and counts changes that
 * an older reader would misunderstand; members may be added without one.
 */
#include "spec/state.h"
#include "spec/decode.h"


static const struct field state_fields[] = {
	FIELD_MUST(STRING, struct spec_state, id, "id"),
	FIELD_MUST(STRING, struct spec_state, bundle, "bundle"),
	FIELD(STRING, struct spec_state, rootfs, "rootfs"),
	FIELD(STRING, struct spec_state, created, "created"),
	FIELD(U32, struct spec_state, owner, "owner"),
	FIELD(I64, struct spec_state, init_pid, "initPid"),
	FIELD(U64, struct spec_state, init_start, "initStart"),
	FIELD(BOOL, struct spec_state, rootless, "rootless"),
	FIELD(BOOL, struct spec_state, no_new_keyring, "noNewKeyring"),
	FIELD(BOOL, struct spec_state, user_namespace, "userNamespace"),
	FIELD(STRING, struct spec_state, intel_rdt_path, "intelRdtPath"),
	FIELD(BOOL, struct spec_state, intel_rdt_made, "intelRdtMade"),
	FIELD(STRINGS, struct spec_state, namespaces, "namespaces"),
	FIELD_BY(0, "groups", 0),
	FIELD_BY(1, "annotations", 0),
};

static const struct field group_fields[] = {
	FIELD_MUST(STRING, struct spec_state_group, hierarchy, "hierarchy"),
	FIELD_MUST(STRING, struct spec_state_group, path, "path"),
	FIELD(BOOL, struct spec_state_group, made, "made"),
};

static int decode_group(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_state_group *group = element;
	int r = decode_fields(d, value, group_fields, ARRAY_SIZE(group_fields), group, NULL);

	if (r == 0 && (!group->hierarchy || !group->path))
		return decode_fail(d, value, "hierarchy and path must not be empty");
	return r;
}

static int decode_state_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_state *state = object;

	if (id == 0)
		return decode_list(d, value, JSON_ARRAY, sizeof *state->groups, decode_group, &state->groups, &state->group_count);
	return decode_pairs(d, value, SPEC_CONFIG_LIMIT, &state->annotations, &state->annotation_count);
}

/* Looked at before anything else: a newer record may have any shape. */
static int check_format(const struct decoder *d)
{
	const struct json *value = json_member(d->root, "format");
	uint64_t format = 0;
	int r = decode_expect(d, d->root, JSON_OBJECT);

	if (r < 0)
		return r;
	if (!value)
		return decode_fail_missing(d, d->root, "format");
	r = decode_uint(d, value, UINT64_MAX, &format);
	if (r < 0)
		return r;
	if (format > SPEC_STATE_FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "state.json has format %llu of a newer version, this one reads up to %d",
				 (unsigned long long)format, SPEC_STATE_FORMAT);
	return 0;
}

int spec_state_decode(struct arena *arena, const char *text, size_t length, struct spec_state **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "state.json", .prefix = "", .err = err };
	struct spec_state *state = arena_alloc(arena, 1, sizeof *state);
	int r = decode_open(&d, text, length);

	if (r < 0)
		return r;
	r = check_format(&d);
	if (r < 0)
		return r;
	r = decode_fields(&d, d.root, state_fields, ARRAY_SIZE(state_fields), state, decode_state_field);
	if (r < 0)
		return r;
	if (!state->id)
		return decode_fail_member(&d, d.root, "id", "must not be empty");
	if (!state->bundle)
		return decode_fail_member(&d, d.root, "bundle", "must not be empty");
	*ret = state;
	return 0;
}

void spec_state_encode(const struct spec_state *state, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", SPEC_STATE_FORMAT);
	encode_fields(&w, state_fields, ARRAY_SIZE(state_fields), state);
	json_write_open(&w, "groups", '[');
	for (size_t i = 0; i < state->group_count; i++) {
		json_write_open(&w, NULL, '{');
		encode_fields(&w, group_fields, ARRAY_SIZE(group_fields), &state->groups[i]);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	encode_pairs(&w, "annotations", state->annotations, state->annotation_count);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

void spec_oci_state_write(struct json_writer *w, const char *key, const struct spec_oci_state *state)
{
	json_write_open(w, key, '{');
	json_write_string(w, "ociVersion", SPEC_OCI_VERSION);
	json_write_string(w, "id", state->id);
	json_write_string(w, "status", state->status);
	if (state->pid)
		json_write_int(w, "pid", state->pid);
	json_write_string(w, "bundle", state->bundle);
	if (state->annotation_count)
		encode_pairs(w, "annotations", state->annotations, state->annotation_count);
	json_write_close(w, '}');
}
