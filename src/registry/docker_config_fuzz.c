/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a login file: what is accepted can be asked, changed and written, and reads back with what was set. */
#include "registry/docker_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_docker_config_ struct docker_config *config = NULL, *copy = NULL;
	struct docker_config_auth auth = { .key = "h:1", .username = "u", .password = "p:q" }, found = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (docker_config_decode("f", (const char *)data, size, &config, NULL) < 0)
		return 0;
	if (docker_config_find(config, "docker.io", "library/debian", &found, NULL) < 0 && found.key)
		abort();
	(void)docker_config_helper(config, "docker.io");
	docker_config_erase(config, "docker.io");
	docker_config_set(config, &auth);
	docker_config_encode(config, &text);
	if (docker_config_decode("f", text.data, text.length, &copy, NULL) < 0)
		abort();
	if (docker_config_find(copy, "h:1", NULL, &found, NULL) < 0 || !str_equal(found.password, "p:q") || !str_equal(found.username, "u"))
		abort();
	return 0;
}
