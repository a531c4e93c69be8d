/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_word.h"
#include "base/quantity.h"
#include "spec/names.h"

#include <arpa/inet.h>
#include <ctype.h>

/* ---- policies ------------------------------------------------------------------------- */

int value_restart_parse(struct arena *arena, const char *text, char **ret_policy, int64_t *ret_maximum, struct error *err)
{
	static const char *const policies[] = { "no", "always", "unless-stopped", "on-failure", NULL };
	const char *colon = strchr(text, ':');
	char *policy = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : arena_strdup(arena, text);
	int64_t maximum = 0;
	int r = value_check_word(policy, policies, err);

	if (r < 0)
		return r;
	if (colon && !str_equal(policy, "on-failure"))
		return error_set(err, ERROR_INVALID, 0, "only on-failure has a number of times");
	if (colon && (str_to_i64(colon + 1, 10, &maximum) < 0 || maximum < 0 || maximum > INT32_MAX))
		return error_set(err, ERROR_INVALID, 0, "expected on-failure:TIMES with a number, not '%s'", colon + 1);
	*ret_policy = policy;
	*ret_maximum = maximum;
	return 0;
}

/* ---- namespaces ------------------------------------------------------------------------- */

/* Whether TEXT is "container:NAME" or "ns:PATH": 1, 0, or an error for one that is neither in earnest. */
static int check_other_namespace(const char *text, struct error *err)
{
	if (str_starts_with(text, "container:"))
		return text[strlen("container:")] ? 1 : error_set(err, ERROR_INVALID, 0, "expected container:NAME");
	if (str_starts_with(text, "ns:"))
		return text[strlen("ns:")] == '/' ? 1 : error_set(err, ERROR_INVALID, 0, "expected ns:PATH with an absolute path");
	return 0;
}

int value_namespace_check(const char *text, const char *const *words, struct error *err)
{
	int r = check_other_namespace(text, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = value_check_word(text, words, err);
	return r < 0 ? error_wrap(err, "expected container:NAME, ns:PATH, or another") : 0;
}

int value_user_namespace_check(const char *text, struct error *err)
{
	static const char *const words[] = { "auto", "host", "keep-id", "nomap", "private", NULL };
	size_t length = strcspn(text, ":");

	/* What follows the colon is read by who makes the namespace. */
	if (text[length] && (str_starts_with(text, "auto:") || str_starts_with(text, "keep-id:")))
		return text[length + 1] ? 0 : error_set(err, ERROR_INVALID, 0, "there is nothing behind the colon");
	return value_namespace_check(text, words, err);
}

int value_id_map_check(const char *text, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	char *rest = copy, *part;
	int count = 0;

	while ((part = strsep(&rest, ":"))) {
		uint64_t number;

		if (++count > 3 || str_to_u64(part, 10, &number) < 0 || number > UINT32_MAX || (count == 3 && number == 0))
			count = 4;
	}
	if (count < 2 || count > 3)
		return error_set(err, ERROR_INVALID, 0, "expected INSIDE:OUTSIDE[:SIZE], numbers");
	return 0;
}

/* "5", "-1.25". */
static bool is_seconds(const char *text)
{
	size_t whole = strcspn(text, "."), fraction = text[whole] ? strlen(text + whole + 1) : 0;
	_cleanup_free_ char *number = str_printf("%.*s", (int)whole, text);
	int64_t seconds;

	return str_to_i64(number, 10, &seconds) == 0 && (!text[whole] || (fraction && strspn(text + whole + 1, "0123456789") == fraction));
}

int value_time_offset_check(const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : 0;
	bool known = (length == 9 && str_starts_with(text, "monotonic")) || (length == 8 && str_starts_with(text, "boottime"));

	if (!known || !is_seconds(equals + 1))
		return error_set(err, ERROR_INVALID, 0, "expected monotonic=SECONDS or boottime=SECONDS");
	return 0;
}

/* ---- security ------------------------------------------------------------------------------ */

int value_capability_check(const char *text, struct error *err)
{
	_cleanup_free_ char *name = NULL;
	const char *nearest;
	uint32_t number;

	if (strcasecmp(text, "all") == 0)
		return 0;
	name = str_printf("%s%s", strncasecmp(text, "CAP_", 4) == 0 ? "" : "CAP_", text);
	for (char *at = name; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	if (spec_name_value(SPEC_CAPABILITIES, name, strlen(name), &number))
		return 0;
	error_set(err, ERROR_INVALID, 0, "expected a capability of capabilities(7), or ALL");
	nearest = spec_name_nearest(SPEC_CAPABILITIES, name);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest + strlen("CAP_"));
	return -EINVAL;
}

static int parse_no_new_privileges(struct arena *arena, const char *value, char **ret, struct error *err)
{
	bool yes = true;
	int r = value_parse_bool(value, &yes, err);

	if (r == 0)
		*ret = yes ? arena_strdup(arena, "no-new-privileges") : NULL;
	return r;
}

int value_security_option_parse(struct arena *arena, const char *text, const char *directory, char **ret, struct error *err)
{
	static const char *const names[] = { "apparmor", "label", "mask", "no-new-privileges", "proc-opts", "seccomp", "systempaths", "unmask", NULL };
	size_t length = strcspn(text, "=:");
	char *name = arena_strndup(arena, text, length);
	const char *value = text[length] ? text + length + 1 : NULL;
	int r = value_check_word(name, names, err);

	if (r < 0)
		return r;
	if (str_equal(name, "no-new-privileges"))
		return parse_no_new_privileges(arena, value, ret, err);
	if (str_is_empty(value))
		return error_set(err, ERROR_INVALID, 0, "expected %s=VALUE", name);
	if (str_equal(name, "systempaths") && !str_equal(value, "unconfined"))
		return error_set(err, ERROR_INVALID, 0, "expected systempaths=unconfined");
	if (str_equal(name, "seccomp") && !str_equal(value, "unconfined") && !str_equal(value, "builtin") && !str_equal(value, "default"))
		value = value_clean_path(arena, directory, value);
	*ret = arena_printf(arena, "%s=%s", name, value);
	return 0;
}

int value_umask_parse(const char *text, void *target, struct error *err)
{
	uint64_t mask;

	if (str_to_u64(text, 8, &mask) < 0 || mask > 0777)
		return error_set(err, ERROR_INVALID, 0, "expected a mask in octal such as 022");
	*(uint32_t *)target = (uint32_t)mask;
	return 0;
}

int value_signal_check(const char *text, struct error *err)
{
	int number;

	if (quantity_parse_signal(text, &number) < 0 || number == 0)
		return error_set(err, ERROR_INVALID, 0, "expected a signal such as SIGTERM or 15");
	return 0;
}

/* ---- names and addresses ------------------------------------------------------------------- */

int value_address_check(const char *text, struct error *err)
{
	unsigned char binary[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, binary) != 1 && inet_pton(AF_INET6, text, binary) != 1)
		return error_set(err, ERROR_INVALID, 0, "expected an IP address");
	return 0;
}

int value_host_name_check(const char *text, struct error *err)
{
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t length = strlen(text);

	if (length > 64)
		return error_set(err, ERROR_INVALID, 0, "it is longer than 64 bytes");
	if (length == 0 || strspn(text, others) != length || !isalnum((unsigned char)text[0]) || !isalnum((unsigned char)text[length - 1]))
		return error_set(err, ERROR_INVALID, 0, "expected a host name of letters, digits, '-' and '.'");
	return 0;
}

int value_host_parse(struct arena *arena, const char *text, char **ret, struct error *err)
{
	size_t length = strcspn(text, "=:");
	char *name = arena_strndup(arena, text, length), *address = text[length] ? arena_strdup(arena, text + length + 1) : NULL;
	size_t end = address ? strlen(address) : 0;

	if (length == 0 || end == 0)
		return error_set(err, ERROR_INVALID, 0, "expected NAME:IP");
	if (strcspn(name, " \t\n#") != length)
		return error_set(err, ERROR_INVALID, 0, "'%s' is no name of a host", name);
	if (address[0] == '[' && address[end - 1] == ']') {
		address[end - 1] = '\0';
		address++;
	}
	if (!str_equal(address, "host-gateway") && value_address_check(address, err) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected an IP address behind the name, not '%s'", address);
	*ret = arena_printf(arena, "%s:%s", name, address);
	return 0;
}
