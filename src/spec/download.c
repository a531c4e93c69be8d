/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/download.h"
#include "spec/decode.h"

static const struct field fields[] = {
	FIELD(STRING, struct spec_download, url, "url"),
	FIELD(STRING, struct spec_download, etag, "etag"),
	FIELD(STRING, struct spec_download, modified, "modified"),
	FIELD(STRING, struct spec_download, digest, "digest"),
	FIELD(U64, struct spec_download, size, "size"),
	FIELD(BOOL, struct spec_download, unchanged, "unchanged"),
};

void spec_download_encode(const struct spec_download *download, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	encode_given_fields(&w, fields, ARRAY_SIZE(fields), download);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

int spec_download_decode(struct arena *arena, const char *text, size_t length, struct spec_download *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "download", .prefix = "", .err = err };
	int r;

	if (length > SPEC_DOWNLOAD_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "download");
	*ret = (struct spec_download){ .url = NULL };
	r = decode_open(&d, text, length);
	return r < 0 ? r : decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), ret, NULL);
}
