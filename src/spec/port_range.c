/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/port_range.h"
#include "base/str.h"

static int parse_port(const char *text, uint16_t *ret, struct error *err)
{
	uint64_t number;

	if (str_to_u64(text, 10, &number) < 0 || number == 0 || number > UINT16_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a port from 1 to 65535, not '%s'", text);
	*ret = (uint16_t)number;
	return 0;
}

int spec_port_range_parse(const char *text, struct spec_port_range *ret, struct error *err)
{
	const char *dash = strchr(text, '-');
	_cleanup_free_ char *first = dash ? str_printf("%.*s", (int)(dash - text), text) : NULL;
	struct spec_port_range range;
	int r = parse_port(first ? first : text, &range.first, err);

	range.last = range.first;
	if (r == 0 && dash)
		r = parse_port(dash + 1, &range.last, err);
	if (r == 0 && range.last < range.first)
		return error_set(err, ERROR_INVALID, 0, "the range '%s' ends before it begins", text);
	if (r == 0)
		*ret = range;
	return r;
}
