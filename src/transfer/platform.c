/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/platform.h"

#include <sys/utsname.h>

int platform_choose(struct arena *arena, const char *text, struct spec_platform *ret, struct error *err)
{
	struct spec_platform host;
	struct utsname names;

	if (uname(&names) < 0)
		return error_errno(err, errno, "cannot ask for the machine");
	host = spec_platform_of_machine(arena, names.machine);
	if (text)
		return spec_platform_parse(arena, text, &host, ret, err);
	*ret = host;
	return 0;
}
