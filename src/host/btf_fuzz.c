/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as BTF: nothing is read beyond them. */
#include "host/btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t number = 0;

	ignore_result(btf_find(data, size, BTF_FUNCTION, "f", &number)); /* either will do */
	ignore_result(btf_find_member(data, size, "s", "m", &number)); /* likewise */
	return 0;
}
