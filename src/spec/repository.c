/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/repository.h"
#include "spec/decode.h"

static const struct field fields[] = {
	FIELD(STRING, struct spec_repository, commit, "commit"),
	FIELD(STRING, struct spec_repository, reference, "reference"),
};

void spec_repository_encode(const struct spec_repository *repository, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, fields, ARRAY_SIZE(fields), repository);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

int spec_repository_decode(struct arena *arena, const char *text, size_t length, struct spec_repository *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "repository", .prefix = "", .err = err };
	struct spec_repository repository = { .commit = NULL };
	int r;

	if (length > SPEC_REPOSITORY_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "repository");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &repository, NULL);
	if (r < 0)
		return r;
	if (!repository.commit || !repository.reference)
		return error_set(err, ERROR_INVALID, 0, "commit or reference: missing");
	length = strlen(repository.commit);
	if ((length != 40 && length != 64) || strspn(repository.commit, "0123456789abcdef") != length)
		return error_set(err, ERROR_INVALID, 0, "commit: '%s' is none", repository.commit);
	*ret = repository;
	return 0;
}
