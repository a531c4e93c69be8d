/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_limit.h"
#include "base/quantity.h"
#include "spec/names.h"

#include <ctype.h>

/* ---- numbers -------------------------------------------------------------------- */

static int parse_size(const char *text, uint64_t *ret, struct error *err)
{
	int r = quantity_parse_size(text, ret);

	if (r == -ERANGE)
		return error_set(err, ERROR_INVALID, 0, "the size is too large");
	return r < 0 ? error_set(err, ERROR_INVALID, 0, "expected a size such as 512m") : 0;
}

int value_memory_parse(const char *text, void *target, struct error *err)
{
	uint64_t bytes;
	int r = parse_size(text, &bytes, err);

	if (r == 0)
		*(int64_t *)target = (int64_t)bytes;
	return r;
}

int value_memory_swap_parse(const char *text, void *target, struct error *err)
{
	if (!str_equal(text, "-1"))
		return value_memory_parse(text, target, err);
	*(int64_t *)target = -1;
	return 0;
}

int value_shm_size_parse(const char *text, void *target, struct error *err)
{
	uint64_t bytes;
	int r = parse_size(text, &bytes, err);

	if (r < 0)
		return r;
	if (bytes == 0)
		return error_set(err, ERROR_INVALID, 0, "expected a size above 0");
	*(uint64_t *)target = bytes;
	return 0;
}

int value_cpus_parse(const char *text, void *target, struct error *err)
{
	uint64_t billionths;

	if (quantity_parse_decimal(text, 1000000000, &billionths) < 0 || billionths > INT64_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a number of CPUs such as 1.5");
	*(int64_t *)target = (int64_t)billionths;
	return 0;
}

/* ---- ulimits ---------------------------------------------------------------------- */

/* "nofile" as "RLIMIT_NOFILE". */
static bool is_rlimit(const char *name)
{
	_cleanup_free_ char *word = str_printf("RLIMIT_%s", name);
	uint32_t number;

	for (char *at = word; *at; at++) {
		if (isupper((unsigned char)*at) && at >= word + strlen("RLIMIT_"))
			return false;
		*at = (char)toupper((unsigned char)*at);
	}
	return spec_name_value(SPEC_RLIMITS, word, strlen(word), &number);
}

static int parse_ulimit_value(const char *text, int64_t *ret, struct error *err)
{
	if (str_equal(text, "unlimited")) {
		*ret = -1;
		return 0;
	}
	if (str_to_i64(text, 10, ret) < 0 || *ret < -1)
		return error_set(err, ERROR_INVALID, 0, "expected a number, or -1 for no limit, not '%s'", text);
	return 0;
}

int value_ulimit_parse(struct arena *arena, const char *text, struct spec_container_ulimit *ret, struct error *err)
{
	char *name = arena_strdup(arena, text), *soft = strchr(name, '='), *hard;
	struct spec_container_ulimit limit = { .name = name };
	int r;

	if (!soft)
		return error_set(err, ERROR_INVALID, 0, "expected NAME=SOFT[:HARD]");
	*soft++ = '\0';
	if (!is_rlimit(name))
		return error_set(err, ERROR_INVALID, 0, "there is no limit '%s': expected one of getrlimit(2) such as nofile", name);
	hard = strchr(soft, ':');
	if (hard)
		*hard++ = '\0';
	r = parse_ulimit_value(soft, &limit.soft, err);
	limit.hard = limit.soft;
	if (r == 0 && hard)
		r = parse_ulimit_value(hard, &limit.hard, err);
	if (r < 0)
		return r;
	if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard))
		return error_set(err, ERROR_INVALID, 0, "the soft limit is above the hard one");
	*ret = limit;
	return 0;
}

/* ---- devices ----------------------------------------------------------------------- */

int value_rate_parse(struct arena *arena, const char *text, enum value_rate_kind kind, struct spec_container_rate *ret, struct error *err)
{
	static const char *const expected[] = {
		[VALUE_RATE_BYTES] = "DEVICE:SIZE with a size such as 1mb",
		[VALUE_RATE_OPERATIONS] = "DEVICE:NUMBER",
		[VALUE_RATE_WEIGHT] = "DEVICE:WEIGHT with a weight from 10 to 1000",
	};
	const char *colon = strrchr(text, ':');
	struct spec_container_rate rate = { .rate = 0 };
	int r = -EINVAL;

	if (colon && *text == '/')
		r = kind == VALUE_RATE_BYTES ? quantity_parse_size(colon + 1, &rate.rate) : str_to_u64(colon + 1, 10, &rate.rate);
	if (r == 0 && kind == VALUE_RATE_WEIGHT && (rate.rate < 10 || rate.rate > 1000))
		r = -ERANGE;
	if (r < 0)
		return error_set(err, ERROR_INVALID, 0, "expected %s", expected[kind]);
	rate.path = arena_strndup(arena, text, (size_t)(colon - text));
	*ret = rate;
	return 0;
}

int value_rates_parse(struct arena *arena, const char *option, enum value_rate_kind kind, char *const *texts, struct spec_container_rate **ret,
		      size_t *ret_count, struct error *err)
{
	size_t count = texts ? strv_length(texts) : 0;
	struct spec_container_rate *rates = arena_alloc(arena, count + 1, sizeof *rates);

	for (size_t i = 0; i < count; i++)
		if (value_rate_parse(arena, texts[i], kind, &rates[i], err) < 0)
			return error_wrap(err, "invalid value '%s' for --%s", texts[i], option);
	*ret = count ? rates : NULL;
	*ret_count = count;
	return 0;
}

int value_throttles_parse(struct arena *arena, char **const texts[THROTTLE_KIND_COUNT], struct spec_container_rate *ret[THROTTLE_KIND_COUNT],
			  size_t ret_counts[THROTTLE_KIND_COUNT], struct error *err)
{
	static const struct {
		const char *option;
		enum value_rate_kind kind;
	} options[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = { "device-read-bps", VALUE_RATE_BYTES },
		[THROTTLE_WRITE_BPS] = { "device-write-bps", VALUE_RATE_BYTES },
		[THROTTLE_READ_IOPS] = { "device-read-iops", VALUE_RATE_OPERATIONS },
		[THROTTLE_WRITE_IOPS] = { "device-write-iops", VALUE_RATE_OPERATIONS },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < THROTTLE_KIND_COUNT; i++)
		r = value_rates_parse(arena, options[i].option, options[i].kind, texts[i], &ret[i], &ret_counts[i], err);
	return r;
}

static bool are_permissions(const char *text)
{
	return *text && strspn(text, "rwm") == strlen(text) && strlen(text) <= 3;
}

int value_device_parse(struct arena *arena, const char *text, struct spec_container_device *ret, struct error *err)
{
	static char all[] = "rwm";
	struct value_strings parts = value_split(arena, text, ':');
	struct spec_container_device device = { .permissions = all };

	if (parts.count == 0 || parts.count > 3)
		return error_set(err, ERROR_INVALID, 0, "expected HOST[:CONTAINER][:PERMISSIONS]");
	device.host = device.container = parts.items[0];
	if (parts.count == 2 && are_permissions(parts.items[1]))
		device.permissions = parts.items[1];
	else if (parts.count > 1)
		device.container = parts.items[1];
	if (parts.count == 3)
		device.permissions = parts.items[2];
	if (*device.host != '/') {
		error_set(err, ERROR_INVALID, 0, "expected the path of a device, not '%s'", device.host);
		if (strchr(device.host, '='))
			error_hint(err, "names of the Container Device Interface are not supported");
		return -EINVAL;
	}
	if (*device.container != '/')
		return error_set(err, ERROR_INVALID, 0, "expected a path in the container or permissions, not '%s'", device.container);
	if (!are_permissions(device.permissions))
		return error_set(err, ERROR_INVALID, 0, "expected permissions of r, w and m, not '%s'", device.permissions);
	*ret = device;
	return 0;
}

/* Moves *AT behind a number or '*'. */
static bool take_number(const char **at)
{
	size_t digits = strspn(*at, "0123456789");

	if (!digits && **at == '*')
		digits = 1;
	*at += digits;
	return digits > 0 && digits < 11;
}

int value_device_rule_check(const char *text, struct error *err)
{
	const char *at = text;

	if (*at && strchr("acb", *at) && at[1] == ' ') {
		at += 2;
		if (take_number(&at) && *at++ == ':' && take_number(&at) && *at++ == ' ' && are_permissions(at))
			return 0;
	}
	return error_set(err, ERROR_INVALID, 0, "expected \"TYPE MAJOR:MINOR PERMISSIONS\" such as \"c 42:* rwm\"");
}
