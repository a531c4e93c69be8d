/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container_config.h"
#include "spec/health_check.h"

#define TEXT_LIMIT SPEC_CONTAINER_LIMIT /* of labels, as in images */

enum config_field {
	CONFIG_PORTS,
	CONFIG_ENV,
	CONFIG_ENTRYPOINT,
	CONFIG_COMMAND,
	CONFIG_VOLUMES,
	CONFIG_LABELS,
	CONFIG_HEALTH,
	CONFIG_STARTUP,
	CONFIG_HEALTH_ACTION,
	CONFIG_UMASK,
};

static const struct field config_fields[] = {
	FIELD(STRING, struct spec_container_config, hostname, "Hostname"),
	FIELD(STRING, struct spec_container_config, domainname, "Domainname"),
	FIELD(STRING, struct spec_container_config, user, "User"),
	FIELD_WITH(BOOL, struct spec_container_config, attach_stdin, has_attach_stdin, "AttachStdin"),
	FIELD_WITH(BOOL, struct spec_container_config, attach_stdout, has_attach_stdout, "AttachStdout"),
	FIELD_WITH(BOOL, struct spec_container_config, attach_stderr, has_attach_stderr, "AttachStderr"),
	FIELD_BY(CONFIG_PORTS, "ExposedPorts", 0),
	FIELD(BOOL, struct spec_container_config, tty, "Tty"),
	FIELD(BOOL, struct spec_container_config, open_stdin, "OpenStdin"),
	FIELD(BOOL, struct spec_container_config, stdin_once, "StdinOnce"),
	FIELD_BY(CONFIG_ENV, "Env", 0),
	FIELD_BY(CONFIG_COMMAND, "Cmd", 0),
	FIELD_BY(CONFIG_HEALTH, "Healthcheck", 0),
	FIELD(STRING, struct spec_container_config, image, "Image"),
	FIELD_BY(CONFIG_VOLUMES, "Volumes", 0),
	FIELD(STRING, struct spec_container_config, working_directory, "WorkingDir"),
	FIELD_BY(CONFIG_ENTRYPOINT, "Entrypoint", 0),
	FIELD_BY(CONFIG_LABELS, "Labels", 0),
	FIELD(STRING, struct spec_container_config, stop_signal, "StopSignal"),
	FIELD_WITH(I64, struct spec_container_config, stop_timeout_s, has_stop_timeout, "StopTimeout"),
	FIELD(STRINGS, struct spec_container_config, shell, "Shell"),
};

/* Podman's, and ours. */
static const struct field own_fields[] = {
	FIELD_BY(CONFIG_STARTUP, "StartupHealthCheck", 0),
	FIELD(I64, struct spec_container_config, startup_successes, "StartupSuccesses"),
	FIELD_BY(CONFIG_HEALTH_ACTION, "HealthcheckOnFailure", 0),
	FIELD(BOOL, struct spec_container_config, no_health_check, "NoHealthcheck"),
	FIELD(STRING, struct spec_container_config, timezone, "Timezone"),
	FIELD_BY(CONFIG_UMASK, "Umask", 0),
	FIELD(STRINGS, struct spec_container_config, unset_env, "UnsetEnv"),
	FIELD(BOOL, struct spec_container_config, unset_env_all, "UnsetEnvAll"),
	FIELD(I64, struct spec_container_config, timeout_s, "Timeout"),
	FIELD(STRING, struct spec_container_config, systemd, "SystemdMode"),
	FIELD(STRINGS, struct spec_container_config, secrets, "Secrets"),
};

static const char *const health_actions[] = {
	[SPEC_HEALTH_NONE] = "none",
	[SPEC_HEALTH_KILL] = "kill",
	[SPEC_HEALTH_RESTART] = "restart",
	[SPEC_HEALTH_STOP] = "stop",
};

static int decode_health_action(const struct decoder *d, const struct json *value, enum spec_health_action *ret)
{
	char *text = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(health_actions); i++)
		if (str_equal(text, health_actions[i])) {
			*ret = (enum spec_health_action)i;
			return 0;
		}
	return decode_fail(d, value, "'%.100s' is none of \"none\", \"kill\", \"restart\", \"stop\"", text);
}

/* Octal digits, as Podman writes it. */
static int decode_umask(const struct decoder *d, const struct json *value, struct spec_container_config *config)
{
	char *text = NULL;
	uint64_t number = 0;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	if (!*text || strspn(text, "01234567") != strlen(text) || str_to_u64(text, 8, &number) < 0 || number > 0777)
		return decode_fail(d, value, "'%.100s' is no octal number up to 0777", text);
	config->has_umask = true;
	config->umask = (uint32_t)number;
	return 0;
}

static int decode_config_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_container_config *config = object;

	switch ((enum config_field)id) {
	case CONFIG_PORTS:
		return decode_set(d, value, &config->exposed_ports);
	case CONFIG_ENV:
		return decode_strings(d, value, SPEC_ARGUMENT_LIMIT, &config->env);
	case CONFIG_ENTRYPOINT:
		return decode_strings(d, value, SPEC_ARGUMENT_LIMIT, &config->entrypoint);
	case CONFIG_COMMAND:
		return decode_strings(d, value, SPEC_ARGUMENT_LIMIT, &config->command);
	case CONFIG_VOLUMES:
		return decode_set(d, value, &config->volumes);
	case CONFIG_LABELS:
		return decode_pairs(d, value, TEXT_LIMIT, &config->labels, &config->label_count);
	case CONFIG_HEALTH:
		return decode_health_check(d, value, &config->health_check);
	case CONFIG_STARTUP:
		return decode_health_check(d, value, &config->startup_check);
	case CONFIG_HEALTH_ACTION:
		return decode_health_action(d, value, &config->health_on_failure);
	case CONFIG_UMASK:
		return decode_umask(d, value, config);
	}
	return -EINVAL;
}

int decode_container_config(const struct decoder *d, const struct json *value, struct spec_container_config *config)
{
	int r = decode_fields(d, value, config_fields, ARRAY_SIZE(config_fields), config, decode_config_field);

	return r < 0 ? r : decode_fields(d, value, own_fields, ARRAY_SIZE(own_fields), config, decode_config_field);
}

static void encode_umask(struct json_writer *w, const struct spec_container_config *config)
{
	_cleanup_free_ char *text = str_printf("%04o", config->umask);

	json_write_string(w, "Umask", text);
}

static void write_health(struct json_writer *w, const struct spec_container_config *config)
{
	encode_health_check(w, "Healthcheck", config->health_check, NULL);
	encode_health_check(w, "StartupHealthCheck", config->startup_check, NULL);
	if (config->health_on_failure != SPEC_HEALTH_NONE)
		json_write_string(w, "HealthcheckOnFailure", health_actions[config->health_on_failure]);
}

void encode_container_config(struct json_writer *w, const struct spec_container_config *config)
{
	encode_given_fields(w, config_fields, ARRAY_SIZE(config_fields), config);
	encode_given_fields(w, own_fields, ARRAY_SIZE(own_fields), config);
	if (config->exposed_ports)
		encode_set(w, "ExposedPorts", config->exposed_ports);
	if (config->env)
		encode_strings(w, "Env", config->env);
	if (config->entrypoint)
		encode_strings(w, "Entrypoint", config->entrypoint);
	if (config->command)
		encode_strings(w, "Cmd", config->command);
	if (config->volumes)
		encode_set(w, "Volumes", config->volumes);
	if (config->label_count)
		encode_pairs(w, "Labels", config->labels, config->label_count);
	write_health(w, config);
	if (config->has_umask)
		encode_umask(w, config);
}

/* ---- for inspect ------------------------------------------------------------------------- */

static void encode_strings_or_null(struct json_writer *w, const char *key, char *const *list)
{
	if (list)
		encode_strings(w, key, list);
	else
		json_write_null(w, key);
}

void encode_config_inspect(struct json_writer *w, const struct spec_container_config *given)
{
	struct spec_container_config config = *given;

	config.has_attach_stdin = config.has_attach_stdout = config.has_attach_stderr = true;
	encode_all_fields(w, config_fields, ARRAY_SIZE(config_fields), &config);
	encode_given_fields(w, own_fields, ARRAY_SIZE(own_fields), &config);
	if (config.exposed_ports)
		encode_set(w, "ExposedPorts", config.exposed_ports);
	encode_strings(w, "Env", config.env);
	encode_strings_or_null(w, "Cmd", config.command);
	encode_strings_or_null(w, "Entrypoint", config.entrypoint);
	if (config.volumes)
		encode_set(w, "Volumes", config.volumes);
	else
		json_write_null(w, "Volumes");
	json_write_null(w, "OnBuild");
	encode_pairs(w, "Labels", config.labels, config.label_count);
	write_health(w, &config);
	if (config.has_umask)
		encode_umask(w, &config);
}
