/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_systemd.h"

int bundle_check_systemd(const struct spec_container_config *config, struct error *err)
{
	static const char *const values[] = { "true", "false", "always" };

	if (str_is_empty(config->systemd))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (str_equal(config->systemd, values[i]))
			return 0;
	return error_set(err, ERROR_INVALID, 0, "--systemd: '%.50s': expected true, false or always", config->systemd);
}

static bool is_init(const char *program)
{
	static const char *const inits[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < ARRAY_SIZE(inits); i++)
		if (str_equal(program, inits[i]))
			return true;
	return str_equal(slash ? slash + 1 : program, "systemd");
}

bool bundle_is_systemd(const struct spec_container_config *config)
{
	char *const *entrypoint = config->entrypoint, *const *command = config->command;
	const char *program = entrypoint && entrypoint[0] && *entrypoint[0] ? entrypoint[0] : command ? command[0] : NULL;

	if (str_equal(config->systemd, "always"))
		return true;
	return !str_equal(config->systemd, "false") && program && is_init(program);
}

void bundle_add_systemd_mounts(struct bundle_plan *plan)
{
	static const struct {
		const char *path, *options;
	} places[] = {
		{ "/run", "rw,nosuid,nodev,mode=755" },
		{ "/run/lock", "rw,nosuid,nodev,noexec,mode=1777" },
		{ "/tmp", "rw,nosuid,nodev,mode=1777" },
		{ "/var/log/journal", "rw,nosuid,nodev,noexec,mode=755" },
	};

	for (size_t i = 0; plan->is_systemd && i < ARRAY_SIZE(places); i++)
		bundle_add_mount(plan, places[i].path, "tmpfs", "tmpfs", places[i].options);
}
