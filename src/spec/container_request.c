/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container_request.h"
#include "spec/container_config.h"
#include "spec/container_endpoint.h"
#include "spec/host_config.h"
#include "spec/value_mount.h"

/* The default network, by its names. */
#define NETWORK_BRIDGE "bridge"
#define NETWORK_UNSAID "default"

/* ---- the tree as docker reads it --------------------------------------------------------- */

static struct json *member(struct json *object, const char *name)
{
	return object && object->type == JSON_OBJECT ? (struct json *)json_member(object, name) : NULL;
}

/* As if it were not there. */
static void drop(struct json *object, const char *name)
{
	struct json *value = member(object, name);

	if (value)
		value->type = JSON_NULL;
}

static bool is_empty_list(const struct json *value)
{
	return value && value->type == JSON_ARRAY && value->length == 0;
}

/* Of a command: a text alone is a list of that; of none, nothing is said. */
static void settle_words(struct arena *arena, struct json *root, const char *name)
{
	struct json *value = member(root, name), *element;

	if (is_empty_list(value))
		value->type = JSON_NULL;
	if (!value || value->type != JSON_STRING)
		return;
	element = arena_alloc(arena, 1, sizeof *element);
	*element = *value;
	element->key = NULL;
	element->next = NULL;
	value->type = JSON_ARRAY;
	value->length = 1;
	value->first = element;
}

/* What a container's record has and no request may say, nor anybody else. */
static void drop_own(struct json *host)
{
	static const char *const names[] = { "PreserveFDs", "PreserveFD", "EnvHost", "ContainerIDFile" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		drop(host, names[i]);
}

/* ---- mounts -------------------------------------------------------------------------------- */

struct mounts {
	struct arena *arena;
	struct spec_host_config *host;
	struct error *err;
};

static int add_mount(struct mounts *mounts, const struct spec_container_mount *mount)
{
	struct spec_host_config *host = mounts->host;

	for (size_t i = 0; i < host->mount_count; i++)
		if (str_equal(host->mounts[i].target, mount->target))
			return error_set(mounts->err, ERROR_INVALID, 0, "Duplicate mount point: %.500s", mount->target);
	host->mounts = value_list_grow(mounts->arena, host->mounts, host->mount_count, sizeof *host->mounts);
	host->mounts[host->mount_count++] = *mount;
	return 0;
}

/* One of "Mounts", of which the decoder's tables have taken what the record has as well. */
static int settle_mount(struct mounts *mounts, struct json *value, const struct spec_container_mount *decoded)
{
	struct spec_container_mount mount = *decoded;
	const struct json *writable = json_member(value, "BindOptions");

	writable = writable && writable->type == JSON_OBJECT ? json_member(writable, "ReadOnlyNonRecursive") : NULL;
	mount.target = value_clean_path(mounts->arena, "/", mount.target);
	mount.anonymous = mount.kind == SPEC_MOUNT_VOLUME && !mount.source;
	mount.image_id = mount.image_manifest = mount.image_top_layer = mount.short_options = NULL;
	mount.is_short = mount.implied = false;
	if (mount.kind == SPEC_MOUNT_BIND) {
		if (mount.source[0] != '/')
			return error_set(mounts->err, ERROR_INVALID, 0, "invalid mount config for type \"bind\": invalid mount path: '%.300s' mount path must be absolute",
				mount.source);
		mount.source = value_clean_path(mounts->arena, "/", mount.source);
		mount.recursive_read_only = mount.read_only && !(writable && writable->type == JSON_BOOL && writable->boolean);
	} else if (mount.kind == SPEC_MOUNT_VOLUME && mount.source && !value_is_volume_name(mount.source)) {
		return error_set(mounts->err, ERROR_INVALID, 0, "invalid mount config for type \"volume\": \"%.300s\" includes invalid characters for a local volume name",
			mount.source);
	}
	return add_mount(mounts, &mount);
}

static int take_mounts(struct mounts *mounts, struct json *list)
{
	const struct spec_container_mount *decoded = mounts->host->mounts;
	int r = 0;

	mounts->host->mounts = NULL;
	mounts->host->mount_count = 0;
	for (struct json *value = list && list->type == JSON_ARRAY ? list->first : NULL; r == 0 && value; value = value->next)
		r = settle_mount(mounts, value, decoded++);
	return r;
}

/* "Binds": as -v has them, but that a path is absolute. */
static int take_binds(struct mounts *mounts, const struct decoder *d, struct json *list)
{
	char **binds = NULL;
	int r = !list || list->type == JSON_NULL ? 0 : decode_strings(d, list, SPEC_STRING_LIMIT, &binds);

	for (; r == 0 && binds && *binds; binds++) {
		struct spec_container_mount mount;

		r = value_volume_parse(mounts->arena, *binds, "/", &mount, mounts->err);
		if (r < 0)
			return error_wrap(mounts->err, "invalid volume specification: '%.300s'", *binds);
		r = add_mount(mounts, &mount);
	}
	return r;
}

/* "Tmpfs": from a path to its options. */
static int take_tmpfs(struct mounts *mounts, const struct decoder *d, struct json *map)
{
	struct spec_pair *pairs = NULL;
	size_t count = 0;
	int r = !map || map->type == JSON_NULL ? 0 : decode_pairs(d, map, SPEC_STRING_LIMIT, &pairs, &count);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct spec_container_mount mount;

		r = value_tmpfs_parse(mounts->arena, arena_printf(mounts->arena, "%s:%s", pairs[i].key, pairs[i].value), &mount, mounts->err);
		if (r == 0)
			r = add_mount(mounts, &mount);
	}
	return r;
}

/* ---- networks ------------------------------------------------------------------------------- */

static bool is_mode(const char *text)
{
	return str_equal(text, "none") || str_equal(text, "host") || str_starts_with(text, "container:") || str_starts_with(text, "ns:");
}

static bool is_default(const char *text)
{
	return str_is_empty(text) || str_equal(text, NETWORK_UNSAID) || str_equal(text, NETWORK_BRIDGE);
}

/* The endpoint of the network that is the mode comes first; it may not have been said. */
static void order_endpoints(struct arena *arena, struct spec_host_config *host, bool needs_one)
{
	struct spec_container_endpoint *list = arena_alloc(arena, host->endpoint_count + 1, sizeof *list);
	const char *mode = host->network_mode;
	size_t count = 1, found = host->endpoint_count;

	for (size_t i = 0; i < host->endpoint_count; i++) {
		const char *network = host->endpoints[i].network;

		if (found == host->endpoint_count && (str_equal(network, mode) || (is_default(network) && is_default(mode))))
			found = i;
		else
			list[count++] = host->endpoints[i];
	}
	if (found < host->endpoint_count)
		list[0] = host->endpoints[found];
	list[0].network = is_default(mode) ? NULL : (char *)mode;
	host->network_mode = list[0].network;
	if (host->endpoint_count == 0 && !needs_one && !host->network_mode)
		return;
	host->endpoints = list;
	host->endpoint_count = count;
}

/* "Links" of old, and the hardware address where it once was. */
static int add_to_endpoint(const struct decoder *d, struct json *links, char *mac, struct spec_host_config *host)
{
	char **list = NULL;
	int r = !links || links->type == JSON_NULL ? 0 : decode_strings(d, links, SPEC_STRING_LIMIT, &list);
	bool has_links = list && *list;

	if (r < 0)
		return r;
	if (is_mode(host->network_mode ? host->network_mode : "")) {
		host->endpoints = NULL;
		host->endpoint_count = 0;
		return 0;
	}
	order_endpoints(d->arena, host, has_links || mac);
	if (has_links)
		host->endpoints[0].links = list;
	if (mac && host->endpoint_count && !host->endpoints[0].mac)
		host->endpoints[0].mac = mac;
	return 0;
}

static int take_networks(const struct decoder *d, struct json *root, struct json *host_value, struct spec_host_config *host)
{
	struct json *networking = member(root, "NetworkingConfig"), *mac_value = member(root, "MacAddress"), *disabled = member(root, "NetworkDisabled");
	char *mac = NULL;
	int r = networking && networking->type != JSON_NULL ? decode_networking(d, networking, host) : 0;

	if (r == 0 && mac_value && mac_value->type != JSON_NULL)
		r = decode_string(d, mac_value, SPEC_STRING_LIMIT, &mac);
	if (r < 0)
		return r;
	if (disabled && disabled->type == JSON_BOOL && disabled->boolean)
		host->network_mode = (char *)"none";
	return add_to_endpoint(d, member(host_value, "Links"), str_is_empty(mac) ? NULL : mac, host);
}

/* ---- the rest of "HostConfig" ------------------------------------------------------------------ */

/* Paths of the kernel that nobody is to be kept from; or others besides. */
static void take_paths(struct arena *arena, struct json *host_value, struct spec_host_config *host)
{
	struct json *masked = member(host_value, "MaskedPaths"), *read_only = member(host_value, "ReadonlyPaths");
	size_t count = host->security_options ? strv_length(host->security_options) : 0;
	char **options = arena_alloc(arena, count + (masked && masked->type == JSON_ARRAY ? masked->length : 0) + 2, sizeof *options);

	if (count)
		memcpy(options, host->security_options, count * sizeof *options);
	if (is_empty_list(masked) && is_empty_list(read_only))
		options[count++] = arena_strdup(arena, "systempaths=unconfined");
	for (struct json *path = masked && masked->type == JSON_ARRAY ? masked->first : NULL; path; path = path->next)
		if (path->type == JSON_STRING && path->text[0] == '/')
			options[count++] = arena_printf(arena, "mask=%s", path->text);
	host->security_options = count ? options : NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (str_equal(text, *words))
			return true;
	return false;
}

/* The names that others have for what runs containers are all ours. */
static int check_runtime(struct spec_host_config *host, struct error *err)
{
	static const char *const known[] = { "bivy-runtime", "bivy", "runc", "io.containerd.runc.v2", NULL };

	if (host->runtime && !is_one_of(host->runtime, known))
		return error_set(err, ERROR_INVALID, 0, "unknown or invalid runtime name: %.200s", host->runtime);
	return 0;
}

static int check_restart(const struct spec_host_config *host, struct error *err)
{
	static const char *const policies[] = { "no", "always", "on-failure", "unless-stopped", NULL };
	const char *policy = host->restart_policy;

	if (policy && !is_one_of(policy, policies))
		return error_set(err, ERROR_INVALID, 0, "invalid restart policy: unknown policy '%.100s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
			policy);
	if (host->restart_maximum && !str_equal(policy, "on-failure"))
		return error_set(err, ERROR_INVALID, 0, "invalid restart policy: maximum retry count can only be used with 'on-failure'");
	if (host->restart_maximum < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid restart policy: maximum retry count cannot be negative");
	if (host->auto_remove && policy && !str_equal(policy, "no"))
		return error_set(err, ERROR_INVALID, 0, "can't create 'AutoRemove' container with restart policy");
	return 0;
}

static int check_log_driver(const struct spec_host_config *host, struct error *err)
{
	static const char *const drivers[] = { "local", "json-file", "journald", "none", "passthrough", NULL };

	if (!host->log_driver || is_one_of(host->log_driver, drivers))
		return 0;
	return error_set(err, ERROR_NOT_FOUND, 0, "error looking up logging plugin %.100s: plugin \"%.100s\" not found", host->log_driver, host->log_driver);
}

/* What is not here, and no member of a record. */
static int refuse_unsupported(struct json *host_value, struct error *err)
{
	const struct json *devices = member(host_value, "DeviceRequests");

	if (devices && devices->type == JSON_ARRAY && devices->length)
		return error_set(err, ERROR_UNSUPPORTED, 0, "could not select device driver: devices are given by path alone");
	return 0;
}

/* Numbers by which docker says that nothing is said. */
static void settle_numbers(struct spec_host_config *host)
{
	if (host->has_memory_swappiness && host->memory_swappiness == -1)
		host->has_memory_swappiness = false;
	if (host->has_pids_limit && host->pids_limit == 0)
		host->has_pids_limit = false;
	if (host->has_oom_score && host->oom_score == 0)
		host->has_oom_score = false;
}

static int decode_host(const struct decoder *d, struct json *root, struct spec_host_config *host)
{
	static struct json nothing = { .type = JSON_OBJECT };
	struct json *value = member(root, "HostConfig");
	struct mounts mounts = { .arena = d->arena, .host = host, .err = d->err };
	int r;

	if (!value || value->type == JSON_NULL)
		value = &nothing;
	r = refuse_unsupported(value, d->err);
	drop(value, "DeviceRequests");
	drop_own(value);
	if (r == 0)
		r = decode_host_config(d, value, host);
	if (r == 0)
		r = check_log_driver(host, d->err);
	if (r == 0)
		r = take_mounts(&mounts, member(value, "Mounts"));
	if (r == 0)
		r = take_binds(&mounts, d, member(value, "Binds"));
	if (r == 0)
		r = take_tmpfs(&mounts, d, member(value, "Tmpfs"));
	if (r == 0)
		r = take_networks(d, root, value, host);
	if (r == 0)
		r = check_runtime(host, d->err);
	if (r == 0)
		r = check_restart(host, d->err);
	take_paths(d->arena, value, host);
	settle_numbers(host);
	return r;
}

/* ---- "Config" ------------------------------------------------------------------------------------ */

/* "NAME" without '=' takes that variable of the image away. */
static void settle_env(struct arena *arena, struct spec_container_config *config)
{
	size_t count = config->env ? strv_length(config->env) : 0, kept = 0, gone = 0;
	char **unset = arena_alloc(arena, count + 1, sizeof *unset);

	for (size_t i = 0; i < count; i++) {
		if (strchr(config->env[i], '='))
			config->env[kept++] = config->env[i];
		else
			unset[gone++] = config->env[i];
	}
	if (config->env)
		config->env[kept] = NULL;
	if (gone)
		config->unset_env = unset;
}

/* One empty word is docker's way to say that there is to be no entry point. */
static void settle_entrypoint(struct arena *arena, struct spec_container_config *config)
{
	if (config->entrypoint && config->entrypoint[0] && !*config->entrypoint[0] && !config->entrypoint[1])
		config->entrypoint = arena_alloc(arena, 1, sizeof *config->entrypoint);
}

static void settle_health(struct spec_container_config *config)
{
	struct spec_health_check *check = config->health_check;

	if (check && check->test && !check->test[0])
		check->test = NULL;
	if (!check || !check->test || !str_equal(check->test[0], "NONE"))
		return;
	config->health_check = NULL;
	config->no_health_check = true;
}

static int decode_config(const struct decoder *d, struct json *root, struct spec_container_config *config)
{
	int r;

	settle_words(d->arena, root, "Cmd");
	settle_words(d->arena, root, "Entrypoint");
	settle_words(d->arena, root, "Shell");
	r = decode_container_config(d, root, config);
	if (r < 0)
		return r;
	settle_env(d->arena, config);
	settle_entrypoint(d->arena, config);
	settle_health(config);
	config->secrets = NULL; /* files of whoever calls */
	if (config->working_directory && config->working_directory[0] != '/')
		return error_set(d->err, ERROR_INVALID, 0, "the working directory '%.200s' is invalid, it needs to be an absolute path", config->working_directory);
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static int open_document(struct decoder *d, const char *text, size_t length)
{
	int r;

	if (length > SPEC_CONTAINER_LIMIT)
		return error_set(d->err, ERROR_INVALID, EFBIG, "container");
	r = decode_open(d, text, length);
	return r < 0 ? r : decode_expect(d, d->root, JSON_OBJECT);
}

/* Of volumes that have to be made. */
static int check_volume_driver(const struct spec_container *container, struct error *err)
{
	const char *driver = container->host.volume_driver;
	bool is_needed = container->config.volumes && *container->config.volumes;

	for (size_t i = 0; i < container->host.mount_count; i++)
		is_needed |= container->host.mounts[i].kind == SPEC_MOUNT_VOLUME;
	if (str_is_empty(driver) || str_equal(driver, "local") || !is_needed)
		return 0;
	return error_set(err, ERROR_NOT_FOUND, 0, "error looking up volume plugin %.100s: plugin \"%.100s\" not found", driver, driver);
}

int spec_container_request_decode(struct arena *arena, const char *text, size_t length, struct spec_container *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "container", .prefix = "", .err = err };
	struct spec_container container = { .id = NULL };
	struct json *root;
	int r = open_document(&d, text, length);

	if (r < 0)
		return r;
	root = (struct json *)d.root; /* nobody else has it */
	r = decode_config(&d, root, &container.config);
	if (r == 0)
		r = decode_host(&d, root, &container.host);
	if (r == 0)
		r = check_volume_driver(&container, err);
	if (r == 0)
		*ret = container;
	return r;
}

int spec_container_changes_decode(struct arena *arena, const char *text, size_t length, struct spec_host_config *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "update", .prefix = "", .err = err };
	struct spec_host_config host = { .memory = 0 };
	int r = open_document(&d, text, length);

	if (r < 0)
		return r;
	drop((struct json *)d.root, "DeviceRequests");
	r = decode_host_config(&d, d.root, &host);
	if (r == 0)
		r = check_restart(&host, err);
	settle_numbers(&host);
	if (r == 0)
		*ret = host;
	return r;
}
