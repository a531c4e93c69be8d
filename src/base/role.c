/* SPDX-License-Identifier: Apache-2.0 */
#include "base/role.h"

static const char *role = "";

void role_set(const char *name)
{
	role = name;
}

const char *role_name(void)
{
	return role;
}
