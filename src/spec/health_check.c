/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/health_check.h"

static const struct field health_fields[] = {
	FIELD(STRINGS, struct spec_health_check, test, "Test"),
	FIELD(I64, struct spec_health_check, interval_ns, "Interval"),
	FIELD(I64, struct spec_health_check, timeout_ns, "Timeout"),
	FIELD(I64, struct spec_health_check, start_period_ns, "StartPeriod"),
	FIELD(I64, struct spec_health_check, start_interval_ns, "StartInterval"),
	FIELD(I64, struct spec_health_check, retries, "Retries"),
};

int decode_health_check(const struct decoder *d, const struct json *value, struct spec_health_check **ret)
{
	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, health_fields, ARRAY_SIZE(health_fields), *ret, NULL);
}

void encode_health_check(struct json_writer *w, const char *key, const struct spec_health_check *check, const struct json *source)
{
	if (!check)
		return;
	json_write_open(w, key, '{');
	encode_given_fields(w, health_fields, ARRAY_SIZE(health_fields), check);
	encode_unknown_fields(w, health_fields, ARRAY_SIZE(health_fields), source);
	json_write_close(w, '}');
}
