/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container.h"
#include "spec/container_endpoint.h"
#include "spec/decode.h"
#include "spec/health_check.h"
#include "spec/host_config.h"
#include "spec/image_digest.h"

#define TEXT_LIMIT SPEC_CONTAINER_LIMIT /* of labels, as in images */

/* ---- Config ------------------------------------------------------------------------ */

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

static int decode_config(const struct decoder *d, const struct json *value, struct spec_container_config *config)
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

static void encode_config(struct json_writer *w, const struct spec_container_config *config)
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

/* ---- the whole ------------------------------------------------------------------------- */

enum container_field { CONTAINER_ID, CONTAINER_NAME, CONTAINER_IMAGE, CONTAINER_MANIFEST, CONTAINER_LAYER, CONTAINER_CONFIG, CONTAINER_HOST, CONTAINER_NETWORKING };

static const struct field container_fields[] = {
	FIELD_BY(CONTAINER_ID, "Id", 0),
	FIELD_BY(CONTAINER_NAME, "Name", 0),
	FIELD(STRING, struct spec_container, created, "Created"),
	FIELD_BY(CONTAINER_IMAGE, "Image", 0),
	FIELD_BY(CONTAINER_MANIFEST, "ImageManifest", 0),
	FIELD_BY(CONTAINER_LAYER, "ImageTopLayer", 0),
	FIELD(STRING, struct spec_container, image_platform, "ImagePlatform"),
	FIELD(STRING, struct spec_container, image_name, "ImageName"),
	FIELD_BY(CONTAINER_CONFIG, "Config", 0),
	FIELD_BY(CONTAINER_HOST, "HostConfig", 0),
	FIELD_BY(CONTAINER_NETWORKING, "NetworkingConfig", 0),
};

/* Ids become names of directories and cgroups. */
static int decode_id(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && (strlen(*ret) != 64 || strspn(*ret, "0123456789abcdef") != 64))
		return decode_fail(d, value, "'%.100s' is no id of 64 hexadecimal digits", *ret);
	return r;
}

/* So do names; which words they may be is who reserves them to say. */
static int decode_container_name(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && (!**ret || **ret == '.' || strchr(*ret, '/')))
		return decode_fail(d, value, "'%.100s' is no name of a container", *ret);
	return r;
}

static int decode_digest(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r == 0 && !spec_digest_is_valid(*ret))
		return decode_fail(d, value, "'%.100s' is no digest", *ret);
	return r;
}

static int decode_container_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_container *container = object;

	switch ((enum container_field)id) {
	case CONTAINER_ID:
		return decode_id(d, value, &container->id);
	case CONTAINER_NAME:
		return decode_container_name(d, value, &container->name);
	case CONTAINER_IMAGE:
		return decode_digest(d, value, &container->image_id);
	case CONTAINER_MANIFEST:
		return decode_digest(d, value, &container->image_manifest);
	case CONTAINER_LAYER:
		return decode_digest(d, value, &container->image_top_layer);
	case CONTAINER_CONFIG:
		return decode_config(d, value, &container->config);
	case CONTAINER_HOST:
		return decode_host_config(d, value, &container->host);
	case CONTAINER_NETWORKING:
		return decode_networking(d, value, &container->host);
	}
	return -EINVAL;
}

int spec_container_decode(struct arena *arena, const char *text, size_t length, struct spec_container **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "container", .prefix = "", .err = err };
	struct spec_container *container = arena_alloc(arena, 1, sizeof *container);
	int r;

	if (length > SPEC_CONTAINER_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "container");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, container_fields, ARRAY_SIZE(container_fields), container, decode_container_field);
	if (r < 0)
		return r;
	*ret = container;
	return 0;
}

static void write_given(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_write_string(w, key, text);
}

const char *spec_container_encode(const struct spec_container *container, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	write_given(&w, "Id", container->id);
	write_given(&w, "Name", container->name);
	encode_given_fields(&w, container_fields, ARRAY_SIZE(container_fields), container);
	write_given(&w, "Image", container->image_id);
	write_given(&w, "ImageManifest", container->image_manifest);
	write_given(&w, "ImageTopLayer", container->image_top_layer);
	json_write_open(&w, "Config", '{');
	encode_config(&w, &container->config);
	json_write_close(&w, '}');
	json_write_open(&w, "HostConfig", '{');
	encode_host_config(&w, &container->host);
	json_write_close(&w, '}');
	encode_networking(&w, &container->host);
	json_write_close(&w, '}');
	return w.invalid;
}

int spec_container_refuse_text(const char *text, struct error *err)
{
	_cleanup_free_ char *shown = text ? str_printf("%.100s", text) : NULL;

	if (!text)
		return 0;
	for (unsigned char *c = (unsigned char *)shown; *c; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';
	error_set(err, ERROR_INVALID, 0, "'%s' is no UTF-8, which is all that the description of a container can hold", shown);
	error_hint(err, "printf in a shell of the container makes any byte");
	return -EILSEQ;
}

/* ---- for inspect ------------------------------------------------------------------------- */

static void encode_strings_or_null(struct json_writer *w, const char *key, char *const *list)
{
	if (list)
		encode_strings(w, key, list);
	else
		json_write_null(w, key);
}

static void write_config_inspect(struct json_writer *w, const struct spec_container_config *given)
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

/* Docker's null: all is as the host has it. */
static void write_paths(struct json_writer *w, const char *key, char *const *paths)
{
	if (paths && *paths)
		encode_strings(w, key, paths);
	else
		json_write_null(w, key);
}

void spec_container_write_inspect(struct json_writer *w, const struct spec_container *container, const struct spec_container_paths *paths)
{
	json_write_open(w, "Config", '{');
	write_config_inspect(w, &container->config);
	json_write_close(w, '}');
	json_write_open(w, "HostConfig", '{');
	encode_host_inspect(w, &container->host);
	write_paths(w, "MaskedPaths", paths->masked);
	write_paths(w, "ReadonlyPaths", paths->read_only);
	json_write_close(w, '}');
}
