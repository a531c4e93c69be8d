/* SPDX-License-Identifier: Apache-2.0 */
/* From what the options of `run` and `create` say to a request for a container. */
#include "cli/create_options.h"
#include "cli/value_env.h"
#include "spec/value_mount.h"
#include "cli/value_network.h"
#include "cli/value_port.h"
#include "cli/value_word.h"
#include "spec/net_limit.h"

#include <strings.h>

#define AT(member) offsetof(struct create_request, member)

/* What has been decoded so far. */
struct decoder {
	struct arena *arena;
	const struct create_place *place;
	struct error *err;
	struct spec_container container;
	struct value_strings env, exposed, hosts, security_options;
	struct value_pairs labels, annotations, sysctls, log_options, storage_options, cgroup_conf;
	struct value_ports ports;
};

/* ---- options that are repeated --------------------------------------------------------- */

static int add_attach(struct decoder *d, const char *text)
{
	struct spec_container_config *config = &d->container.config;
	static const char *const words[] = { "stdin", "stdout", "stderr", NULL };
	bool *const flags[] = { &config->attach_stdin, &config->attach_stdout, &config->attach_stderr };

	config->has_attach_stdin = config->has_attach_stdout = config->has_attach_stderr = true;
	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*flags[i] = true;
			return 0;
		}
	}
	return value_check_word(text, words, d->err);
}

static int add_env(struct decoder *d, const char *text)
{
	return value_env_add(d->arena, text, d->place->environment, &d->env, d->err);
}

static int add_env_file(struct decoder *d, const char *text)
{
	return value_env_add_file(d->arena, text, d->place->environment, &d->env, d->err);
}

static int add_label(struct decoder *d, const char *text)
{
	return value_label_add(d->arena, text, &d->labels, d->err);
}

static int add_label_file(struct decoder *d, const char *text)
{
	return value_label_add_file(d->arena, text, &d->labels, d->err);
}

static int add_annotation(struct decoder *d, const char *text)
{
	return value_label_add(d->arena, text, &d->annotations, d->err);
}

static int add_sysctl(struct decoder *d, const char *text)
{
	return value_pair_add(d->arena, text, &d->sysctls, d->err);
}

static int add_log_option(struct decoder *d, const char *text)
{
	return value_pair_add(d->arena, text, &d->log_options, d->err);
}

static int add_storage_option(struct decoder *d, const char *text)
{
	return value_pair_add(d->arena, text, &d->storage_options, d->err);
}

static int add_cgroup_conf(struct decoder *d, const char *text)
{
	return value_pair_add(d->arena, text, &d->cgroup_conf, d->err);
}

/* Two mounts on one place would hide each other. */
static int add_mount(struct decoder *d, const struct spec_container_mount *mount)
{
	struct spec_host_config *host = &d->container.host;

	for (size_t i = 0; i < host->mount_count; i++)
		if (str_equal(host->mounts[i].target, mount->target))
			return error_set(d->err, ERROR_INVALID, 0, "there is another mount on '%s'", mount->target);
	host->mounts = value_list_grow(d->arena, host->mounts, host->mount_count, sizeof *host->mounts);
	host->mounts[host->mount_count++] = *mount;
	return 0;
}

static int add_volume(struct decoder *d, const char *text)
{
	struct spec_container_mount mount;
	int r = value_volume_parse(d->arena, text, d->place->directory, &mount, d->err);

	return r < 0 ? r : add_mount(d, &mount);
}

static int add_long_mount(struct decoder *d, const char *text)
{
	struct spec_container_mount mount;
	int r = value_mount_parse(d->arena, text, d->place->directory, &mount, d->err);

	return r < 0 ? r : add_mount(d, &mount);
}

static int add_tmpfs(struct decoder *d, const char *text)
{
	struct spec_container_mount mount;
	int r = value_tmpfs_parse(d->arena, text, &mount, d->err);

	return r < 0 ? r : add_mount(d, &mount);
}

static int add_port(struct decoder *d, const char *text)
{
	return value_port_add(d->arena, text, &d->ports, d->err);
}

static int add_exposed(struct decoder *d, const char *text)
{
	return value_expose_add(d->arena, text, &d->exposed, d->err);
}

static int add_device(struct decoder *d, const char *text)
{
	struct spec_host_config *host = &d->container.host;

	host->devices = value_list_grow(d->arena, host->devices, host->device_count, sizeof *host->devices);
	return value_device_parse(d->arena, text, &host->devices[host->device_count++], d->err);
}

static int add_ulimit(struct decoder *d, const char *text)
{
	struct spec_host_config *host = &d->container.host;

	host->ulimits = value_list_grow(d->arena, host->ulimits, host->ulimit_count, sizeof *host->ulimits);
	return value_ulimit_parse(d->arena, text, &host->ulimits[host->ulimit_count++], d->err);
}

static int add_host(struct decoder *d, const char *text)
{
	char *host = NULL;
	int r = value_host_parse(d->arena, text, &host, d->err);

	if (r == 0)
		value_strings_add(d->arena, &d->hosts, host);
	return r;
}

static int add_security_option(struct decoder *d, const char *text)
{
	char *option = NULL;
	int r = value_security_option_parse(d->arena, text, d->place->directory, &option, d->err);

	if (r == 0 && option)
		value_strings_add(d->arena, &d->security_options, option);
	return r;
}

static int add_network(struct decoder *d, const char *text)
{
	struct spec_host_config *host = &d->container.host;
	struct spec_container_endpoint *endpoint;
	int r;

	if (host->network_mode || (host->endpoint_count && value_network_is_mode(text)))
		return error_set(d->err, ERROR_INVALID, 0, "'%.100s' excludes any other network", host->network_mode ? host->network_mode : text);
	if (value_network_is_mode(text)) {
		host->network_mode = arena_strdup(d->arena, text);
		return 0;
	}
	host->endpoints = value_list_grow(d->arena, host->endpoints, host->endpoint_count, sizeof *host->endpoints);
	endpoint = &host->endpoints[host->endpoint_count];
	r = value_network_parse(d->arena, text, endpoint, d->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < host->endpoint_count; i++)
		if (str_equal(host->endpoints[i].network, endpoint->network))
			return error_set(d->err, ERROR_INVALID, 0, "it is given twice");
	host->endpoint_count++;
	return 0;
}

static int check_dns(const char *text, struct error *err)
{
	return value_address_check(text, err);
}

static int check_descriptor(const char *text, struct error *err)
{
	uint64_t number;

	if (str_to_u64(text, 10, &number) < 0 || number < 3 || number > INT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "expected a descriptor's number, 3 or more");
	return 0;
}

static int check_not_empty(const char *text, struct error *err)
{
	return *text ? 0 : error_set(err, ERROR_INVALID, 0, "expected a name");
}

/* .add makes something of each use, .check looks at what is stored as it is. In the order in which they count: later ones replace earlier. */
static const struct repeated_option {
	const char *name;
	size_t offset; /* of the list in the request */
	int (*add)(struct decoder *d, const char *text);
	int (*check)(const char *text, struct error *err);
} repeated_options[] = {
	{ "attach", AT(attach), add_attach, NULL },
	{ "env-file", AT(env_files), add_env_file, NULL },
	{ "env", AT(env), add_env, NULL },
	{ "label-file", AT(label_files), add_label_file, NULL },
	{ "label", AT(labels), add_label, NULL },
	{ "annotation", AT(annotations), add_annotation, NULL },
	{ "sysctl", AT(sysctls), add_sysctl, NULL },
	{ "log-opt", AT(log_options), add_log_option, NULL },
	{ "storage-opt", AT(storage_options), add_storage_option, NULL },
	{ "cgroup-conf", AT(cgroup_conf), add_cgroup_conf, NULL },
	{ "volume", AT(volumes), add_volume, NULL },
	{ "mount", AT(mounts), add_long_mount, NULL },
	{ "tmpfs", AT(tmpfs), add_tmpfs, NULL },
	{ "publish", AT(publish), add_port, NULL },
	{ "expose", AT(expose), add_exposed, NULL },
	{ "device", AT(devices), add_device, NULL },
	{ "ulimit", AT(ulimits), add_ulimit, NULL },
	{ "add-host", AT(hosts), add_host, NULL },
	{ "security-opt", AT(security_options), add_security_option, NULL },
	{ "network", AT(networks), add_network, NULL },
	{ "dns", AT(resources.host.dns), NULL, check_dns },
	{ "cap-add", AT(resources.host.cap_add), NULL, value_capability_check },
	{ "cap-drop", AT(resources.host.cap_drop), NULL, value_capability_check },
	{ "uidmap", AT(resources.host.uid_map), NULL, value_id_map_check },
	{ "gidmap", AT(resources.host.gid_map), NULL, value_id_map_check },
	{ "time-offset", AT(resources.host.time_offset), NULL, value_time_offset_check },
	{ "device-cgroup-rule", AT(resources.host.device_cgroup_rules), NULL, value_device_rule_check },
	{ "preserve-fd", AT(resources.host.preserve_fd), NULL, check_descriptor },
	{ "group-add", AT(resources.host.group_add), NULL, check_not_empty },
	{ "volumes-from", AT(resources.host.volumes_from), NULL, check_not_empty },
	{ "requires", AT(resources.host.requires), NULL, check_not_empty },
	{ "secret", AT(config.secrets), NULL, check_not_empty },
};

static int decode_repeated(struct decoder *d, const struct create_request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(repeated_options); i++) {
		const struct repeated_option *option = &repeated_options[i];
		char **list = *(char **const *)((const char *)request + option->offset);

		for (; list && *list; list++) {
			int r = option->add ? option->add(d, *list) : option->check(*list, d->err);

			if (r < 0)
				return error_wrap(d->err, "invalid value '%s' for --%s", *list, option->name);
		}
	}
	return 0;
}

/* ---- options that are given once --------------------------------------------------------- */

static int check_pid(const char *text, struct error *err)
{
	static const char *const words[] = { "private", "host", NULL };

	return value_namespace_check(text, words, err);
}

static int check_ipc(const char *text, struct error *err)
{
	static const char *const words[] = { "private", "shareable", "none", "host", NULL };

	return value_namespace_check(text, words, err);
}

static int check_net_limit(const char *text, struct error *err)
{
	struct spec_net_limit limit;

	return spec_net_limit_parse(text, &limit, err);
}

static const char *const pulls[] = { "always", "missing", "never", "newer", NULL };
static const char *const cgroups_words[] = { "enabled", "disabled", "no-conmon", "split", NULL };
static const char *const log_drivers[] = { "local", "json-file", "journald", "none", "passthrough", NULL };
static const char *const local[] = { "local", NULL };
static const char *const isolations[] = { "default", NULL };
static const char *const runtimes[] = { "bivy-runtime", NULL };

/* "" is the same as not given. */
static const struct single_option {
	const char *name;
	size_t offset;
	const char *const *words;
	int (*check)(const char *text, struct error *err);
} single_options[] = {
	{ "name", AT(name), NULL, NULL },
	{ "pull", AT(pull), pulls, NULL },
	{ "platform", AT(platform), NULL, NULL },
	{ "ip", AT(address), NULL, NULL },
	{ "ip6", AT(address6), NULL, NULL },
	{ "mac-address", AT(mac_address), NULL, NULL },
	{ "net-limit", AT(resources.host.net_limit), NULL, check_net_limit },
	{ "workdir", AT(config.working_directory), NULL, NULL },
	{ "user", AT(config.user), NULL, NULL },
	{ "hostname", AT(config.hostname), NULL, value_host_name_check },
	{ "domainname", AT(config.domainname), NULL, value_host_name_check },
	{ "tz", AT(config.timezone), NULL, NULL },
	{ "stop-signal", AT(config.stop_signal), NULL, value_signal_check },
	{ "log-driver", AT(resources.host.log_driver), log_drivers, NULL },
	{ "cidfile", AT(resources.host.id_file), NULL, NULL },
	{ "userns", AT(resources.host.user_namespace), NULL, value_user_namespace_check },
	{ "pid", AT(resources.host.pid_mode), NULL, check_pid },
	{ "ipc", AT(resources.host.ipc_mode), NULL, check_ipc },
	{ "uts", AT(resources.host.uts_mode), NULL, check_pid },
	{ "cgroupns", AT(resources.host.cgroup_namespace), NULL, check_pid },
	{ "cgroups", AT(resources.host.cgroups), cgroups_words, NULL },
	{ "cgroup-parent", AT(resources.host.cgroup_parent), NULL, NULL },
	{ "volume-driver", AT(volume_driver), local, NULL },
	{ "isolation", AT(resources.host.isolation), isolations, NULL },
	{ "runtime", AT(resources.host.runtime), runtimes, NULL },
	{ "personality", AT(resources.host.personality), NULL, NULL },
	{ "rdt-class", AT(resources.host.rdt_class), NULL, NULL },
};

static int check_single(struct create_request *request, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(single_options); i++) {
		const struct single_option *option = &single_options[i];
		const char **text = (const char **)((char *)request + option->offset);
		int r = 0;

		if (str_is_empty(*text)) {
			*text = NULL;
			continue;
		}
		if (option->check)
			r = option->check(*text, err);
		else if (option->words)
			r = value_check_word(*text, option->words, err);
		if (r < 0)
			return error_wrap(err, "invalid value '%s' for --%s", *text, option->name);
	}
	return 0;
}

/* What docker knows and nothing here can honour. */
static int refuse_unsupported(const struct create_request *request, struct error *err)
{
	if (request->windows_text)
		return error_set(err, ERROR_UNSUPPORTED, 0, "--cpu-count, --cpu-percent, --io-maxbandwidth and --io-maxiops are for Windows");
	return 0;
}

/* ---- networks --------------------------------------------------------------------------- */

/* What is said of an endpoint without naming its network is about the first one. */
static int decode_endpoint(struct decoder *d, const struct create_request *request)
{
	const struct value_endpoint more = { .ipv4 = request->address, .ipv6 = request->address6, .mac = request->mac_address,
		.link_local = request->link_local_addresses, .aliases = request->network_aliases, .links = request->links };
	const struct {
		const char *option;
		bool is_given;
	} options[] = {
		{ "ip", request->address != NULL },
		{ "ip6", request->address6 != NULL },
		{ "link", request->links != NULL },
		{ "link-local-ip", request->link_local_addresses != NULL },
		{ "mac-address", request->mac_address != NULL },
		{ "network-alias", request->network_aliases != NULL },
		{ "net-limit", request->resources.host.net_limit != NULL },
	};
	struct spec_host_config *host = &d->container.host;
	const char *given = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		given = !given && options[i].is_given ? options[i].option : given;
	if (given && host->network_mode)
		return error_set(d->err, ERROR_INVALID, 0, "--%s is of no use with --network %.100s", given, host->network_mode);
	if (given && !host->endpoint_count) {
		host->endpoints = arena_alloc(d->arena, 2, sizeof *host->endpoints);
		host->endpoint_count = 1;
	}
	if (host->endpoint_count)
		host->network_mode = host->endpoints[0].network;
	return given ? value_endpoint_add(d->arena, &more, &host->endpoints[0], d->err) : 0;
}

/* ---- what options have to do with each other ------------------------------------------------ */

/* Whether a mode of a namespace is that of the host or of somebody else. */
static bool is_shared(const char *mode)
{
	return mode && !str_equal(mode, "private") && !str_equal(mode, "none");
}

static int check_together(const struct create_request *request, const struct spec_container *container, struct error *err)
{
	const struct spec_host_config *host = &container->host;
	const struct {
		bool is;
		const char *message;
	} conflicts[] = {
		{ request->detach && request->attach, "--detach and --attach exclude each other" },
		{ request->detach && request->detach_keys, "--detach and --detach-keys exclude each other" },
		{ host->auto_remove && host->restart_policy && !str_equal(host->restart_policy, "no"), "--rm and --restart exclude each other" },
		{ request->detach && request->remove_image, "--rmi is of no use with --detach: nobody is there to remove the image at the end" },
		{ request->replace && !container->name, "--replace is of no use without --name" },
		{ host->learn && host->profile_file, "--learn and --profile exclude each other" },
		{ host->user_namespace && (host->uid_map || host->gid_map), "--userns excludes --uidmap and --gidmap" },
		{ is_shared(host->uts_mode) && container->config.hostname, "--hostname is of no use with a --uts that is shared" },
		{ request->no_health_check && (container->config.health_check || container->config.startup_check),
		  "--no-healthcheck excludes all of --health-…" },
		{ request->rootfs && (request->pull || request->platform), "--rootfs, which is no image, excludes --pull and --platform" },
		{ host->no_hosts && host->extra_hosts, "--no-hosts and --add-host exclude each other" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++)
		if (conflicts[i].is)
			return error_set(err, ERROR_INVALID, 0, "%s", conflicts[i].message);
	return 0;
}

/* ---- the parts -------------------------------------------------------------------------------- */

/* The texts of an array of JSON, or the TEXT alone; none for "". */
static int decode_entrypoint(struct decoder *d, const char *text)
{
	struct value_strings list = { 0 };

	if (text && str_starts_with(text, "[\"")) {
		struct value_health array = { .command = text };
		struct spec_health_check *check;

		/* The same array as a health check's command, which begins with a word of its own. */
		if (value_health_make(d->arena, &array, &check, d->err) < 0)
			return error_wrap(d->err, "invalid value '%s' for --entrypoint", text);
		d->container.config.entrypoint = check->test + 1;
		return 0;
	}
	if (text && *text)
		value_strings_add(d->arena, &list, arena_strdup(d->arena, text));
	else if (text)
		list.items = arena_alloc(d->arena, 1, sizeof *list.items);
	d->container.config.entrypoint = list.items;
	return 0;
}

/* Docker's rules: all that is said, or without a word the output, and the input if it is kept open. */
static void decide_streams(struct decoder *d, const struct create_request *request)
{
	struct spec_container_config *config = &d->container.config;

	if (request->detach)
		config->has_attach_stdin = config->has_attach_stdout = config->has_attach_stderr = true;
	else if (!request->attach) {
		config->has_attach_stdin = config->has_attach_stdout = config->has_attach_stderr = true;
		config->attach_stdin = config->open_stdin;
		config->attach_stdout = config->attach_stderr = true;
	}
	config->stdin_once = config->open_stdin && config->attach_stdin;
}

static int decode_health(struct decoder *d, const struct create_request *request)
{
	struct spec_container_config *config = &d->container.config;

	if (value_health_make(d->arena, &request->health, &config->health_check, d->err) < 0)
		return error_wrap(d->err, "invalid value '%s' for --health-cmd", request->health.command);
	if (value_health_make(d->arena, &request->startup_health, &config->startup_check, d->err) < 0)
		return error_wrap(d->err, "invalid value '%s' for --health-startup-cmd", request->startup_health.command);
	if (config->startup_check && !config->startup_check->test)
		return error_set(d->err, ERROR_INVALID, 0, "--health-startup-… is of no use without --health-startup-cmd");
	config->no_health_check = request->no_health_check;
	return 0;
}

/* The image or the directory, and the command. */
static int decode_operands(struct decoder *d, const struct create_request *request, char **operands)
{
	struct spec_container *container = &d->container;
	const char *what = operands[0];
	size_t length = strlen(what);

	if (!*what)
		return error_set(d->err, ERROR_INVALID, 0, request->rootfs ? "the name of the directory is empty" : "the name of the image is empty");
	if (operands[1])
		container->config.command = operands + 1;
	if (!request->rootfs) {
		container->config.image = operands[0];
		return 0;
	}
	container->host.rootfs_overlay = length > 2 && str_equal(what + length - 2, ":O");
	if (container->host.rootfs_overlay)
		what = arena_strndup(d->arena, what, length - 2);
	container->host.rootfs_path = value_clean_path(d->arena, d->place->directory, what);
	return 0;
}

static void decode_numbers(struct decoder *d, const struct create_request *request)
{
	struct spec_container_config *config = &d->container.config;
	struct spec_host_config *host = &d->container.host;

	config->has_umask = request->umask != UINT32_MAX;
	config->umask = config->has_umask ? request->umask : 0;
	config->has_stop_timeout = request->stop_timeout_s != RESOURCE_NOT_GIVEN;
	config->stop_timeout_s = config->has_stop_timeout ? request->stop_timeout_s : 0;
	host->has_oom_score = request->oom_score != RESOURCE_NOT_GIVEN;
	host->oom_score = host->has_oom_score ? request->oom_score : 0;
	host->has_init = request->init.is_given;
	host->init = request->init.value;
	host->auto_remove = host->auto_remove || request->remove_image;
}

/* Files of the host by where they are. */
static void decode_profiles(struct decoder *d)
{
	struct spec_host_config *host = &d->container.host;

	if (host->learn)
		host->learn = value_clean_path(d->arena, d->place->directory, host->learn);
	if (host->profile_file)
		host->profile_file = value_clean_path(d->arena, d->place->directory, host->profile_file);
}

/* Hands the lists that have grown over. */
static void store_lists(struct decoder *d)
{
	struct spec_container_config *config = &d->container.config;
	struct spec_host_config *host = &d->container.host;

	config->env = d->env.items;
	config->exposed_ports = d->exposed.items;
	config->labels = d->labels.items;
	config->label_count = d->labels.count;
	host->extra_hosts = d->hosts.items;
	host->security_options = d->security_options.items;
	host->annotations = d->annotations.items;
	host->annotation_count = d->annotations.count;
	host->sysctls = d->sysctls.items;
	host->sysctl_count = d->sysctls.count;
	host->log_options = d->log_options.items;
	host->log_option_count = d->log_options.count;
	host->storage_options = d->storage_options.items;
	host->storage_option_count = d->storage_options.count;
	host->cgroup_conf = d->cgroup_conf.items;
	host->cgroup_conf_count = d->cgroup_conf.count;
	host->ports = d->ports.items;
	host->port_count = d->ports.count;
}

int create_decode(struct arena *arena, const struct create_request *request, char **operands, const struct create_place *place,
		  struct spec_container *ret, const char **ret_warning, struct error *err)
{
	struct decoder d = { .arena = arena, .place = place, .err = err };
	struct create_request own = *request;
	int r = check_single(&own, err);

	if (r == 0)
		r = refuse_unsupported(&own, err);
	if (r == 0)
		r = resource_decode(arena, &own.resources, &d.container.host, ret_warning, err);
	if (r < 0)
		return r;
	d.container.config = own.config;
	d.container.name = own.name ? arena_strdup(arena, own.name) : NULL;
	for (char *const *variable = place->environment; own.resources.host.env_host && *variable; variable++)
		if (**variable != '=' && value_env_add(arena, *variable, place->environment, &d.env, err) < 0)
			return -EINVAL;
	decode_numbers(&d, &own);
	decode_profiles(&d);
	r = decode_repeated(&d, &own);
	if (r == 0)
		r = decode_endpoint(&d, &own);
	if (r == 0)
		r = decode_entrypoint(&d, own.entrypoint);
	if (r == 0)
		r = decode_health(&d, &own);
	if (r == 0)
		r = decode_operands(&d, &own, operands);
	if (r < 0)
		return r;
	decide_streams(&d, &own);
	store_lists(&d);
	r = check_together(&own, &d.container, err);
	if (r == 0)
		*ret = d.container;
	return r;
}
