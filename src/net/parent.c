/* SPDX-License-Identifier: Apache-2.0 */
#include "net/parent.h"
#include "base/str.h"
#include "host/route_dump.h"

#include <linux/rtnetlink.h>

int net_parent_check(const char *name, struct error *err)
{
	return if_nametoindex(name) ? 0 : error_set(err, ERROR_NOT_FOUND, 0, "the host has no interface '%.15s'", name);
}

int net_parent_default(char **ret, struct error *err)
{
	_cleanup_free_ struct route_destination *routes = NULL;
	size_t count = 0;
	int r = route_dump(&routes, &count);

	if (r < 0)
		return error_errno(err, -r, "cannot read the routes of the host");
	for (size_t i = 0; i < count; i++) {
		if (routes[i].prefix == 0 && routes[i].type == RTN_UNICAST && routes[i].interface_name[0]) {
			*ret = str_dup(routes[i].interface_name);
			return 0;
		}
	}
	error_set(err, ERROR_NOT_FOUND, 0, "the host has no default route, and no interface was named");
	error_hint(err, "'--opt parent=INTERFACE' names one");
	return -EINVAL;
}
