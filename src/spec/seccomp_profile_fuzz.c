/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused says why; what is accepted has names in every rule. */
#include "spec/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct spec_seccomp_facts facts = { .capabilities = 5, .machine = "amd64", .architecture = "SCMP_ARCH_X86_64",
		.kernel_major = 6, .kernel_minor = 1 };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_seccomp *seccomp = NULL;
	struct error err = ERROR_INIT;

	if (spec_seccomp_profile_decode(arena, (const char *)data, size, &facts, &seccomp, &err) < 0) {
		if (seccomp || err.kind == ERROR_NONE || !err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (!seccomp->rules[i].names || !seccomp->rules[i].names[0])
			abort();
	return 0;
}
