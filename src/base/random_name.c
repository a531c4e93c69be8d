/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random_name.h"
#include "base/str.h"

#include <stdint.h>
#include <sys/random.h>

char *random_name(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return NULL;
	return str_printf("%016llx", (unsigned long long)number);
}
