/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/capabilities.h"
#include "base/str.h"
#include "spec/names.h"

#include <ctype.h>
#include <linux/capability.h>

#define BIT(name) (UINT64_C(1) << CAP_##name)
#define NAME_LIMIT 64

uint64_t capabilities_default(void)
{
	return BIT(CHOWN) | BIT(DAC_OVERRIDE) | BIT(FOWNER) | BIT(FSETID) | BIT(KILL) | BIT(NET_BIND_SERVICE) | BIT(SETFCAP) | BIT(SETGID) |
	       BIT(SETPCAP) | BIT(SETUID) | BIT(SYS_CHROOT);
}

static bool is_all(const char *text)
{
	return strcasecmp(text, "all") == 0;
}

static int parse(const char *option, const char *text, uint64_t known, uint64_t *ret, struct error *err)
{
	char name[NAME_LIMIT];
	bool has_prefix = strncasecmp(text, "CAP_", 4) == 0;
	const char *nearest;
	uint32_t number = 0;

	snprintf(name, sizeof name, "%s%s", has_prefix ? "" : "CAP_", text);
	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (!spec_name_value(SPEC_CAPABILITIES, name, strlen(name), &number)) {
		error_set(err, ERROR_INVALID, 0, "%s: '%.60s' is no capability", option, text);
		nearest = spec_name_nearest(SPEC_CAPABILITIES, name);
		if (nearest)
			error_hint(err, "did you mean %s?", nearest);
		return -EINVAL;
	}
	if (!(known >> number & 1)) {
		error_errno(err, EPERM, "%s: cannot give %s", option, name);
		error_hint(err, "whoever calls bivy does not have it");
		return -EPERM;
	}
	*ret |= UINT64_C(1) << number;
	return 0;
}

/* All that LIST names; *RET_ALL if ALL is among it. */
static int parse_list(const char *option, char *const *list, uint64_t known, uint64_t *ret, bool *ret_all, struct error *err)
{
	for (size_t i = 0; list && list[i]; i++) {
		int r = 0;

		if (is_all(list[i]))
			*ret_all = true;
		else
			r = parse(option, list[i], known, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int capabilities_decide(char *const *add, char *const *drop, uint64_t known, uint64_t *ret, uint64_t *ret_added, struct error *err)
{
	uint64_t added = 0, dropped = 0, base = capabilities_default() & known;
	bool add_all = false, drop_all = false;
	int r = parse_list("--cap-add", add, known, &added, &add_all, err);

	if (r == 0)
		r = parse_list("--cap-drop", drop, UINT64_MAX, &dropped, &drop_all, err);
	if (r < 0)
		return r;
	if (add_all)
		*ret = known & ~dropped;
	else
		*ret = (drop_all ? 0 : base & ~dropped) | added;
	if (ret_added)
		*ret_added = add_all ? *ret : added;
	return 0;
}
