/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/build_settings.h"
#include "base/moment.h"
#include "base/quantity.h"
#include "spec/decode.h"

#define DAY_S (24 * 60 * 60)
#define SPACE " \t\r\n"

/* As BuildKit, which keeps a tenth of the disk, and what was of use within 60 days. */
struct spec_build_settings spec_build_settings_default(void)
{
	return (struct spec_build_settings){ .collects = true, .unused_s = 60 * DAY_S, .maximum = { .is_percent = true, .percent = 10 },
		.minimum_free = { .is_percent = true, .percent = 1 }, .reserved = { .bytes = 512u << 20 } };
}

/* ---- amounts -------------------------------------------------------------------------- */

int spec_build_amount_parse(const char *text, struct spec_build_amount *ret)
{
	size_t digits = strspn(text, "0123456789");
	struct spec_build_amount amount = { .bytes = 0 };

	if (digits > 0 && digits <= 3 && str_equal(text + digits, "%")) {
		amount.is_percent = true;
		amount.percent = (unsigned)strtoul(text, NULL, 10);
		if (amount.percent > 100)
			return -EINVAL;
	} else if (quantity_parse_size(text, &amount.bytes) < 0) {
		return -EINVAL;
	}
	*ret = amount;
	return 0;
}

uint64_t spec_build_amount_of(const struct spec_build_amount *amount, uint64_t total_bytes)
{
	return amount->is_percent ? total_bytes / 100 * amount->percent : amount->bytes;
}

/* ---- the file --------------------------------------------------------------------------- */

enum setting { SETTING_UNUSED, SETTING_MAXIMUM, SETTING_FREE, SETTING_RESERVED, SETTING_GC };

static const struct field collection_fields[] = {
	FIELD(BOOL, struct spec_build_settings, collects, "enabled"),
	FIELD_BY(SETTING_UNUSED, "unusedFor", 0),
	FIELD_BY(SETTING_MAXIMUM, "maxUsedSpace", 0),
	FIELD_BY(SETTING_FREE, "minFreeSpace", 0),
	FIELD_BY(SETTING_RESERVED, "reservedSpace", 0),
};

static const struct field fields[] = { FIELD_BY(SETTING_GC, "gc", 0) };

static int decode_unused(const struct decoder *d, const struct json *value, int64_t *ret)
{
	char *text = NULL;
	int64_t ns = 0;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r == 0 && (duration_parse(text, &ns) < 0 || ns < 0))
		return decode_fail(d, value, "'%.100s' is no length of time such as '1440h'", text);
	*ret = ns / 1000000000;
	return r;
}

static int decode_amount(const struct decoder *d, const struct json *value, struct spec_build_amount *ret)
{
	char *text = NULL;
	int r;

	if (value->type == JSON_UINT) {
		*ret = (struct spec_build_amount){ .bytes = value->unsigned_integer };
		return 0;
	}
	r = decode_string(d, value, SPEC_STRING_LIMIT, &text);
	if (r == 0 && spec_build_amount_parse(text, ret) < 0)
		return decode_fail(d, value, "'%.100s' is no size such as '20GB', nor a part of the disk such as '10%%'", text);
	return r;
}

static int refuse_unknown(const struct decoder *d, const struct json *value, const struct field *known, size_t count)
{
	int r = decode_expect(d, value, JSON_OBJECT);

	for (const struct json *member = r == 0 ? value->first : NULL; member; member = member->next) {
		size_t i = 0;

		while (i < count && !str_equal(known[i].name, member->key))
			i++;
		if (i == count)
			return decode_fail(d, member, "there is no such setting");
	}
	return r;
}

static int decode_setting(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_build_settings *settings = object;
	int r;

	switch (id) {
	case SETTING_UNUSED:
		return decode_unused(d, value, &settings->unused_s);
	case SETTING_MAXIMUM:
		return decode_amount(d, value, &settings->maximum);
	case SETTING_FREE:
		return decode_amount(d, value, &settings->minimum_free);
	case SETTING_RESERVED:
		return decode_amount(d, value, &settings->reserved);
	default:
		r = refuse_unknown(d, value, collection_fields, ARRAY_SIZE(collection_fields));
		return r < 0 ? r : decode_fields(d, value, collection_fields, ARRAY_SIZE(collection_fields), object, decode_setting);
	}
}

static bool is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(SPACE, text[i]) || !text[i])
			return false;
	return true;
}

int spec_build_settings_decode(const char *name, const char *text, size_t length, struct spec_build_settings *ret, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct decoder d = { .arena = arena, .name = name, .prefix = "", .err = err };
	struct spec_build_settings settings = spec_build_settings_default();
	int r = 0;

	if (!is_blank(text, length) && (r = decode_open(&d, text, length)) == 0)
		r = decode_expect(&d, d.root, JSON_OBJECT);
	if (r < 0)
		return r; /* it names the file */
	if (d.root)
		r = refuse_unknown(&d, d.root, fields, ARRAY_SIZE(fields));
	if (r == 0 && d.root)
		r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), &settings, decode_setting);
	if (r < 0)
		return error_wrap(err, "%.300s", name);
	*ret = settings;
	return 0;
}
