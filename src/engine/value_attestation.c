/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/value_attestation.h"
#include "spec/value_list.h"

static int set(const struct spec_pair *pair, struct build_attestation *attestation, bool *is_disabled, struct error *err)
{
	static const char *const keys[] = { "type", "mode", "version", "builder-id", "reproducible", "inline-only", "disabled", NULL };
	static const char *const modes[] = { "min", "max", NULL }, *const versions[] = { "v0.2", "v1", NULL };
	const char *value = pair->value ? pair->value : "";

	if (str_equal(pair->key, "type"))
		attestation->type = pair->value;
	else if (str_equal(pair->key, "mode"))
		return value_check_word(attestation->mode = value, modes, err);
	else if (str_equal(pair->key, "version"))
		return value_check_word(attestation->version = value, versions, err);
	else if (str_equal(pair->key, "builder-id"))
		attestation->builder_id = value;
	else if (str_equal(pair->key, "reproducible"))
		return value_parse_bool(pair->value, &attestation->is_reproducible, err);
	else if (str_equal(pair->key, "inline-only"))
		return value_parse_bool(pair->value, &attestation->is_inline_only, err);
	else if (str_equal(pair->key, "disabled"))
		return value_parse_bool(pair->value, is_disabled, err);
	else if (str_equal(pair->key, "generator"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "no scanner in an image is run: what the databases of packages list is what there is");
	else
		return value_refuse_key(pair->key, keys, err);
	return 0;
}

int value_attestation_parse(struct arena *arena, const char *text, const char *type, struct build_attestation *ret, bool *ret_wanted, struct error *err)
{
	static const char *const types[] = { "provenance", "sbom", NULL };
	struct build_attestation attestation = { .type = type };
	bool is_wanted = true, is_disabled = false;
	struct value_strings parts;
	int r = value_split_quoted(arena, text, &parts, err);

	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		const struct spec_pair pair = value_split_pair(arena, parts.items[i]);

		if (type && !pair.value && parts.count == 1)
			r = value_parse_bool(pair.key, &is_wanted, err);
		else
			r = set(&pair, &attestation, &is_disabled, err);
	}
	if (r == 0)
		r = value_check_word(attestation.type ? attestation.type : "", types, err);
	if (r < 0)
		return r;
	*ret = attestation;
	*ret_wanted = is_wanted && !is_disabled;
	return 0;
}
