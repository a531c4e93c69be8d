/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/transfer_report.h"
#include "spec/decode.h"

static const struct field image_fields[] = {
	FIELD(STRING, struct spec_transfer_image, name, "name"),
	FIELD(STRINGS, struct spec_transfer_image, names, "names"),
	FIELD(STRING, struct spec_transfer_image, tag, "tag"),
	FIELD(STRING, struct spec_transfer_image, id, "id"),
	FIELD(STRING, struct spec_transfer_image, digest, "digest"),
	FIELD(STRING, struct spec_transfer_image, platform, "platform"),
	FIELD(U64, struct spec_transfer_image, size, "size"),
	FIELD(U64, struct spec_transfer_image, fetched_bytes, "fetchedBytes"),
	FIELD(BOOL, struct spec_transfer_image, is_new, "isNew"),
};

static const struct field fault_fields[] = {
	FIELD(STRING, struct spec_transfer_fault, kind, "kind"),
	FIELD(STRING, struct spec_transfer_fault, digest, "digest"),
	FIELD(STRING, struct spec_transfer_fault, image, "image"),
	FIELD(BOOL, struct spec_transfer_fault, mended, "mended"),
};

enum report_field { REPORT_IMAGES, REPORT_TAGS, REPORT_FAULTS };

static const struct field report_fields[] = {
	FIELD_BY(REPORT_IMAGES, "images", 0),
	FIELD_BY(REPORT_TAGS, "tags", 0),
	FIELD_BY(REPORT_FAULTS, "faults", 0),
};

static int decode_image(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, image_fields, ARRAY_SIZE(image_fields), element, NULL);
}

static int decode_fault(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, fault_fields, ARRAY_SIZE(fault_fields), element, NULL);
}

/* A registry may have more tags than any other list may have elements. */
static int decode_tags(const struct decoder *d, const struct json *value, char ***ret)
{
	char **tags;
	size_t count = 0;
	int r = decode_expect(d, value, JSON_ARRAY);

	if (r < 0)
		return r;
	tags = arena_alloc(d->arena, value->length + 1, sizeof *tags);
	for (const struct json *element = value->first; r == 0 && element; element = element->next)
		r = decode_string(d, element, SPEC_STRING_LIMIT, &tags[count++]);
	*ret = tags;
	return r;
}

static int decode_report_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_transfer_report *report = object;

	switch ((enum report_field)id) {
	case REPORT_IMAGES:
		return decode_list(d, value, JSON_ARRAY, sizeof *report->images, decode_image, &report->images, &report->image_count);
	case REPORT_TAGS:
		return decode_tags(d, value, &report->tags);
	case REPORT_FAULTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *report->faults, decode_fault, &report->faults, &report->fault_count);
	}
	return -EINVAL;
}

int spec_transfer_report_decode(struct arena *arena, const char *text, size_t length, struct spec_transfer_report *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "report", .prefix = "", .err = err };
	struct spec_transfer_report report = { .images = NULL };
	int r;

	if (length > SPEC_TRANSFER_REPORT_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "report");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, report_fields, ARRAY_SIZE(report_fields), &report, decode_report_field);
	if (r == 0)
		r = decode_fields(&d, d.root, image_fields, ARRAY_SIZE(image_fields), &report.image, NULL);
	if (r == 0)
		*ret = report;
	return r;
}
