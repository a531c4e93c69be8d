/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the file: what is accepted gives places to ask whose hosts are no paths, or says that the name is blocked. */
#include "registry/registries_config.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const repositories[] = { "library/debian", "a", NULL };
	_cleanup_registries_config_ struct registries_config *config = NULL;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;

	if (registries_config_decode("f", (const char *)data, size, &config, &err) < 0) {
		if (config || err.kind != ERROR_INVALID || !err.message[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		struct registries_endpoint *list = NULL;
		size_t count = 0;

		if (registries_config_resolve(config, arena, "docker.io", repositories[i], &list, &count, &err) < 0) {
			if (err.kind != ERROR_DENIED)
				abort();
			continue;
		}
		if (count == 0)
			abort();
		for (size_t k = 0; k < count; k++)
			if (!*list[k].host || strpbrk(list[k].host, "/@?# \n"))
				abort();
	}
	return 0;
}
