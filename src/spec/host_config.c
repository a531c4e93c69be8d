/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/host_config.h"

/* ---- mounts ---------------------------------------------------------------------- */

static const char *const mount_kinds[] = {
	[SPEC_MOUNT_BIND] = "bind",
	[SPEC_MOUNT_VOLUME] = "volume",
	[SPEC_MOUNT_TMPFS] = "tmpfs",
	[SPEC_MOUNT_IMAGE] = "image",
};

enum mount_field {
	MOUNT_KIND,
	MOUNT_BIND_OPTIONS,
	MOUNT_VOLUME_OPTIONS,
	MOUNT_TMPFS_OPTIONS,
	MOUNT_IMAGE_OPTIONS,
	MOUNT_TARGET,
	TMPFS_OPTIONS,
	VOLUME_DRIVER,
};

static const struct field mount_fields[] = {
	FIELD_BY(MOUNT_KIND, "Type", FIELD_REQUIRED),
	FIELD(STRING, struct spec_container_mount, source, "Source"),
	FIELD_BY(MOUNT_TARGET, "Target", FIELD_REQUIRED),
	FIELD(BOOL, struct spec_container_mount, read_only, "ReadOnly"),
	FIELD(BOOL, struct spec_container_mount, no_idmap, "NoIdmap"),
	FIELD(BOOL, struct spec_container_mount, anonymous, "Anonymous"),
	FIELD(BOOL, struct spec_container_mount, is_short, "Short"),
	FIELD(STRING, struct spec_container_mount, short_options, "ShortOptions"),
	FIELD(BOOL, struct spec_container_mount, implied, "Implied"),
	FIELD(BOOL, struct spec_container_mount, chown, "Chown"),
	FIELD(BOOL, struct spec_container_mount, overlay, "Overlay"),
	FIELD_BY(MOUNT_BIND_OPTIONS, "BindOptions", 0),
	FIELD_BY(MOUNT_VOLUME_OPTIONS, "VolumeOptions", 0),
	FIELD_BY(MOUNT_TMPFS_OPTIONS, "TmpfsOptions", 0),
	FIELD_BY(MOUNT_IMAGE_OPTIONS, "ImageOptions", 0),
};

static const struct field bind_fields[] = {
	FIELD(STRING, struct spec_container_mount, propagation, "Propagation"),
	FIELD(BOOL, struct spec_container_mount, non_recursive, "NonRecursive"),
	FIELD(BOOL, struct spec_container_mount, create_source, "CreateMountpoint"),
	FIELD(BOOL, struct spec_container_mount, recursive_read_only, "ReadOnlyForceRecursive"),
};

static const struct field volume_fields[] = {
	FIELD(BOOL, struct spec_container_mount, no_copy, "NoCopy"),
	FIELD_LIST(PAIRS, struct spec_container_mount, volume_labels, volume_label_count, "Labels"),
	FIELD(STRING, struct spec_container_mount, subpath, "Subpath"),
	FIELD_BY(VOLUME_DRIVER, "DriverConfig", 0),
};

static const struct field driver_fields[] = {
	FIELD_LIST(PAIRS, struct spec_container_mount, volume_options, volume_option_count, "Options"),
};

static const struct field image_fields[] = {
	FIELD(STRING, struct spec_container_mount, subpath, "Subpath"),
	FIELD(STRING, struct spec_container_mount, image_id, "ID"),
	FIELD(STRING, struct spec_container_mount, image_manifest, "Manifest"),
	FIELD(STRING, struct spec_container_mount, image_top_layer, "TopLayer"),
};

static const struct field tmpfs_fields[] = {
	FIELD_WITH(U64, struct spec_container_mount, tmpfs_size, has_tmpfs_size, "SizeBytes"),
	FIELD_WITH(U32, struct spec_container_mount, tmpfs_mode, has_tmpfs_mode, "Mode"),
	FIELD_BY(TMPFS_OPTIONS, "Options", 0),
};

static int decode_mount_kind(const struct decoder *d, const struct json *value, enum spec_mount_kind *ret)
{
	char *text = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(mount_kinds); i++)
		if (str_equal(text, mount_kinds[i])) {
			*ret = (enum spec_mount_kind)i;
			return 0;
		}
	return decode_fail(d, value, "'%.100s' is none of \"bind\", \"volume\", \"tmpfs\", \"image\"", text);
}

/* An option of tmpfs as the list of its name and perhaps its value, which is joined. */
static int decode_tmpfs_option(const struct decoder *d, const struct json *value, void *element)
{
	char **words = NULL;
	int r = decode_strings(d, value, SPEC_STRING_LIMIT, &words);
	size_t count = r < 0 ? 0 : strv_length(words);

	if (r < 0)
		return r;
	if (count < 1 || count > 2)
		return decode_fail(d, value, "expected a name and perhaps a value");
	*(char **)element = count == 1 ? words[0] : arena_printf(d->arena, "%s=%s", words[0], words[1]);
	return 0;
}

static int decode_tmpfs_options(const struct decoder *d, const struct json *value, struct spec_container_mount *mount)
{
	char **list = NULL;
	size_t count = 0;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *list, decode_tmpfs_option, &list, &count);

	if (r < 0)
		return r;
	mount->options = arena_alloc(d->arena, count + 1, sizeof *list);
	if (count)
		memcpy(mount->options, list, count * sizeof *list);
	return 0;
}

static int decode_mount_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_container_mount *mount = object;

	switch ((enum mount_field)id) {
	case MOUNT_KIND:
		return decode_mount_kind(d, value, &mount->kind);
	case MOUNT_TARGET:
		return decode_absolute_path(d, value, &mount->target);
	case MOUNT_BIND_OPTIONS:
		return decode_fields(d, value, bind_fields, ARRAY_SIZE(bind_fields), mount, NULL);
	case MOUNT_VOLUME_OPTIONS:
		return decode_fields(d, value, volume_fields, ARRAY_SIZE(volume_fields), mount, decode_mount_field);
	case VOLUME_DRIVER:
		return decode_fields(d, value, driver_fields, ARRAY_SIZE(driver_fields), mount, NULL);
	case MOUNT_IMAGE_OPTIONS:
		return decode_fields(d, value, image_fields, ARRAY_SIZE(image_fields), mount, NULL);
	case MOUNT_TMPFS_OPTIONS:
		return decode_fields(d, value, tmpfs_fields, ARRAY_SIZE(tmpfs_fields), mount, decode_mount_field);
	case TMPFS_OPTIONS:
		return decode_tmpfs_options(d, value, mount);
	}
	return -EINVAL;
}

static int decode_mount(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_container_mount *mount = element;
	int r = decode_fields(d, value, mount_fields, ARRAY_SIZE(mount_fields), mount, decode_mount_field);

	if (r == 0 && (mount->kind == SPEC_MOUNT_BIND || mount->kind == SPEC_MOUNT_IMAGE) && !mount->source)
		return decode_fail_missing(d, value, "Source");
	return r;
}

static void encode_tmpfs_options(struct json_writer *w, char *const *options)
{
	json_write_open(w, "Options", '[');
	for (size_t i = 0; options[i]; i++) {
		const char *equals = strchr(options[i], '=');
		_cleanup_free_ char *name = equals ? str_printf("%.*s", (int)(equals - options[i]), options[i]) : NULL;

		json_write_open(w, NULL, '[');
		json_write_string(w, NULL, name ? name : options[i]);
		if (equals)
			json_write_string(w, NULL, equals + 1);
		json_write_close(w, ']');
	}
	json_write_close(w, ']');
}

static void encode_volume_options(struct json_writer *w, const struct spec_container_mount *mount)
{
	json_write_open(w, "VolumeOptions", '{');
	encode_given_fields(w, volume_fields, ARRAY_SIZE(volume_fields), mount);
	if (mount->volume_options) {
		json_write_open(w, "DriverConfig", '{');
		encode_given_fields(w, driver_fields, ARRAY_SIZE(driver_fields), mount);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void encode_image_options(struct json_writer *w, const struct spec_container_mount *mount)
{
	json_write_open(w, "ImageOptions", '{');
	encode_given_fields(w, image_fields, ARRAY_SIZE(image_fields), mount);
	json_write_close(w, '}');
}

static void encode_mount(struct json_writer *w, const struct spec_container_mount *mount)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "Type", mount_kinds[mount->kind]);
	json_write_string(w, "Target", mount->target);
	encode_given_fields(w, mount_fields, ARRAY_SIZE(mount_fields), mount);
	if (mount->propagation || mount->non_recursive || mount->create_source || mount->recursive_read_only) {
		json_write_open(w, "BindOptions", '{');
		encode_given_fields(w, bind_fields, ARRAY_SIZE(bind_fields), mount);
		json_write_close(w, '}');
	}
	if (mount->kind == SPEC_MOUNT_IMAGE && (mount->subpath || mount->image_id || mount->image_top_layer))
		encode_image_options(w, mount);
	else if (mount->kind != SPEC_MOUNT_IMAGE && (mount->no_copy || mount->subpath || mount->volume_labels || mount->volume_options))
		encode_volume_options(w, mount);
	if (mount->has_tmpfs_size || mount->has_tmpfs_mode || mount->options) {
		json_write_open(w, "TmpfsOptions", '{');
		encode_given_fields(w, tmpfs_fields, ARRAY_SIZE(tmpfs_fields), mount);
		if (mount->options)
			encode_tmpfs_options(w, mount->options);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void encode_container_mounts(struct json_writer *w, const struct spec_host_config *host)
{
	json_write_open(w, "Mounts", '[');
	for (size_t i = 0; i < host->mount_count; i++)
		encode_mount(w, &host->mounts[i]);
	json_write_close(w, ']');
}

/* ---- ports ------------------------------------------------------------------------- */

static const struct field port_fields[] = {
	FIELD(STRING, struct spec_container_port, host_ip, "HostIp"),
	FIELD(STRING, struct spec_container_port, host_port, "HostPort"),
};

/* The bindings of one port, VALUE's key: "80/tcp". */
static int decode_bindings(const struct decoder *d, const struct json *value, struct spec_host_config *host)
{
	const char *slash = strchr(value->key, '/');
	struct spec_container_port *ports = host->ports + host->port_count;

	for (const struct json *v = value->first; v; v = v->next, ports++, host->port_count++) {
		int r = decode_fields(d, v, port_fields, ARRAY_SIZE(port_fields), ports, NULL);

		if (r < 0)
			return r;
		ports->port = arena_strndup(d->arena, value->key, slash ? (size_t)(slash - value->key) : strlen(value->key));
		ports->protocol = slash ? (char *)slash + 1 : arena_strdup(d->arena, "tcp");
	}
	return 0;
}

static int decode_ports(const struct decoder *d, const struct json *value, struct spec_host_config *host)
{
	size_t count = 0;
	int r = decode_expect(d, value, JSON_OBJECT);

	for (const struct json *v = r < 0 ? NULL : value->first; v; v = v->next) {
		r = v->type == JSON_NULL ? 0 : decode_expect(d, v, JSON_ARRAY);
		if (r < 0)
			return r;
		if (!*v->key || *v->key == '/')
			return decode_fail(d, v, "the name is no port");
		count += v->type == JSON_NULL ? 0 : v->length;
		if (count > SPEC_ARRAY_LIMIT)
			return decode_fail(d, value, "more than %u bindings", SPEC_ARRAY_LIMIT);
	}
	if (r < 0)
		return r;
	host->ports = count ? arena_alloc(d->arena, count, sizeof *host->ports) : NULL;
	host->port_count = 0;
	for (const struct json *v = value->first; v && r == 0; v = v->next)
		if (v->type == JSON_ARRAY)
			r = decode_bindings(d, v, host);
	return r;
}

static bool is_same_port(const struct spec_container_port *a, const struct spec_container_port *b)
{
	return str_equal(a->port, b->port) && str_equal(a->protocol, b->protocol);
}

#define PORT_GROUPS 4096

/* One of PORT_GROUPS that all bindings of PORT are in. */
static unsigned port_group(const struct spec_container_port *port)
{
	unsigned group = 0;

	for (const char *p = port->port; p && *p; p++)
		group = group * 31 + (unsigned char)*p;
	return group % PORT_GROUPS;
}

/*
 * All bindings of the port that number FIRST is of, unless an earlier one is of it, too. Where it is ALONE in its group no other is;
 * most are, and there may be thousands.
 */
static void encode_bindings(struct json_writer *w, const struct spec_host_config *host, size_t first, bool alone)
{
	const struct spec_container_port *port = &host->ports[first];
	_cleanup_free_ char *key = str_printf("%s/%s", port->port, port->protocol ? port->protocol : "tcp");

	for (size_t i = 0; !alone && i < first; i++)
		if (is_same_port(&host->ports[i], port))
			return;
	json_write_open(w, key, '[');
	for (size_t i = first; i < (alone ? first + 1 : host->port_count); i++)
		if (is_same_port(&host->ports[i], port)) {
			json_write_open(w, NULL, '{');
			json_write_string(w, "HostIp", host->ports[i].host_ip ? host->ports[i].host_ip : "");
			json_write_string(w, "HostPort", host->ports[i].host_port ? host->ports[i].host_port : "");
			json_write_close(w, '}');
		}
	json_write_close(w, ']');
}

static void encode_port_bindings(struct json_writer *w, const struct spec_host_config *host)
{
	_cleanup_free_ uint32_t *counts = host->port_count > 1 ? memory_new(PORT_GROUPS, sizeof *counts) : NULL;

	for (size_t i = 0; counts && i < host->port_count; i++)
		counts[port_group(&host->ports[i])]++;
	json_write_open(w, "PortBindings", '{');
	for (size_t i = 0; i < host->port_count; i++)
		encode_bindings(w, host, i, !counts || counts[port_group(&host->ports[i])] == 1);
	json_write_close(w, '}');
}

/* ---- devices, ulimits, rates ---------------------------------------------------------- */

static const struct field device_fields[] = {
	FIELD_MUST(STRING, struct spec_container_device, host, "PathOnHost"),
	FIELD(STRING, struct spec_container_device, container, "PathInContainer"),
	FIELD(STRING, struct spec_container_device, permissions, "CgroupPermissions"),
};

static const struct field ulimit_fields[] = {
	FIELD_MUST(STRING, struct spec_container_ulimit, name, "Name"),
	FIELD(I64, struct spec_container_ulimit, soft, "Soft"),
	FIELD(I64, struct spec_container_ulimit, hard, "Hard"),
};

static const struct field rate_fields[] = {
	FIELD_MUST(STRING, struct spec_container_rate, path, "Path"),
	FIELD(U64, struct spec_container_rate, rate, "Rate"),
};

static const struct field weight_fields[] = {
	FIELD_MUST(STRING, struct spec_container_rate, path, "Path"),
	FIELD(U64, struct spec_container_rate, rate, "Weight"),
};

/* Fills ELEMENT by FIELDS, the first of which is a string that must not be empty. */
static int decode_object(const struct decoder *d, const struct json *value, const struct field *fields, size_t count, void *element)
{
	int r = decode_fields(d, value, fields, count, element, NULL);

	if (r == 0 && !*(char **)(void *)((char *)element + fields[0].offset))
		return decode_fail_member(d, value, fields[0].name, "empty");
	return r;
}

static int decode_device(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_container_device *device = element;
	int r = decode_object(d, value, device_fields, ARRAY_SIZE(device_fields), device);

	if (r == 0 && !device->container)
		device->container = device->host;
	return r;
}

static int decode_ulimit(const struct decoder *d, const struct json *value, void *element)
{
	return decode_object(d, value, ulimit_fields, ARRAY_SIZE(ulimit_fields), element);
}

static int decode_rate(const struct decoder *d, const struct json *value, void *element)
{
	return decode_object(d, value, rate_fields, ARRAY_SIZE(rate_fields), element);
}

static int decode_weight(const struct decoder *d, const struct json *value, void *element)
{
	return decode_object(d, value, weight_fields, ARRAY_SIZE(weight_fields), element);
}

/* An array of the COUNT objects of SIZE bytes at ARRAY. */
static void encode_objects(struct json_writer *w, const char *key, const struct field *fields, size_t field_count, const void *array, size_t count,
			   size_t size)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		encode_fields(w, fields, field_count, (const char *)array + i * size);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_container_devices(struct json_writer *w, const struct spec_host_config *host)
{
	encode_objects(w, "Devices", device_fields, ARRAY_SIZE(device_fields), host->devices, host->device_count, sizeof *host->devices);
}

static void encode_container_ulimits(struct json_writer *w, const struct spec_host_config *host)
{
	encode_objects(w, "Ulimits", ulimit_fields, ARRAY_SIZE(ulimit_fields), host->ulimits, host->ulimit_count, sizeof *host->ulimits);
}

static void encode_blkio_weights(struct json_writer *w, const struct spec_host_config *host)
{
	encode_objects(w, "BlkioWeightDevice", weight_fields, ARRAY_SIZE(weight_fields), host->blkio_weight_devices, host->blkio_weight_device_count,
		       sizeof *host->blkio_weight_devices);
}

static void encode_blkio_rates(struct json_writer *w, const struct spec_host_config *host, enum spec_throttle_kind kind)
{
	static const char *const names[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = "BlkioDeviceReadBps",
		[THROTTLE_WRITE_BPS] = "BlkioDeviceWriteBps",
		[THROTTLE_READ_IOPS] = "BlkioDeviceReadIOps",
		[THROTTLE_WRITE_IOPS] = "BlkioDeviceWriteIOps",
	};

	encode_objects(w, names[kind], rate_fields, ARRAY_SIZE(rate_fields), host->blkio_rates[kind], host->blkio_rate_count[kind],
		       sizeof *host->blkio_rates[kind]);
}

/* ---- the whole ------------------------------------------------------------------------- */

enum host_field {
	HOST_MOUNTS,
	HOST_PORTS,
	HOST_RESTART,
	HOST_LOG,
	HOST_CONSOLE_SIZE,
	HOST_ID_MAPS,
	HOST_DEVICES,
	HOST_ULIMITS,
	HOST_WEIGHTS,
	HOST_PROFILE,
	HOST_RATES, /* and one for each kind */
};

static const struct field host_fields[] = {
	FIELD_BY(HOST_MOUNTS, "Mounts", 0),
	FIELD(STRINGS, struct spec_host_config, volumes_from, "VolumesFrom"),
	FIELD(STRING, struct spec_host_config, network_mode, "NetworkMode"),
	FIELD_BY(HOST_PORTS, "PortBindings", 0),
	FIELD(BOOL, struct spec_host_config, publish_all, "PublishAllPorts"),
	FIELD_BY(HOST_RESTART, "RestartPolicy", 0),
	FIELD(BOOL, struct spec_host_config, auto_remove, "AutoRemove"),
	FIELD(BOOL, struct spec_host_config, privileged, "Privileged"),
	FIELD(BOOL, struct spec_host_config, read_only_root, "ReadonlyRootfs"),
	FIELD(STRINGS, struct spec_host_config, cap_add, "CapAdd"),
	FIELD(STRINGS, struct spec_host_config, cap_drop, "CapDrop"),
	FIELD(STRINGS, struct spec_host_config, security_options, "SecurityOpt"),
	FIELD(STRING, struct spec_host_config, user_namespace, "UsernsMode"),
	FIELD(STRING, struct spec_host_config, pid_mode, "PidMode"),
	FIELD(STRING, struct spec_host_config, ipc_mode, "IpcMode"),
	FIELD(STRING, struct spec_host_config, uts_mode, "UTSMode"),
	FIELD(STRING, struct spec_host_config, cgroup_namespace, "CgroupnsMode"),
	FIELD(STRINGS, struct spec_host_config, group_add, "GroupAdd"),
	FIELD(STRINGS, struct spec_host_config, dns, "Dns"),
	FIELD(STRINGS, struct spec_host_config, dns_options, "DnsOptions"),
	FIELD(STRINGS, struct spec_host_config, dns_search, "DnsSearch"),
	FIELD(STRINGS, struct spec_host_config, extra_hosts, "ExtraHosts"),
	FIELD_LIST(PAIRS, struct spec_host_config, sysctls, sysctl_count, "Sysctls"),
	FIELD_LIST(PAIRS, struct spec_host_config, annotations, annotation_count, "Annotations"),
	FIELD_LIST(PAIRS, struct spec_host_config, storage_options, storage_option_count, "StorageOpt"),
	FIELD_BY(HOST_LOG, "LogConfig", 0),
	FIELD_BY(HOST_CONSOLE_SIZE, "ConsoleSize", 0),
	FIELD(STRING, struct spec_host_config, runtime, "Runtime"),
	FIELD(STRING, struct spec_host_config, volume_driver, "VolumeDriver"),
	FIELD(STRING, struct spec_host_config, isolation, "Isolation"),
	FIELD(U64, struct spec_host_config, shm_size, "ShmSize"),
	FIELD_WITH(I64, struct spec_host_config, oom_score, has_oom_score, "OomScoreAdj"),
	FIELD_WITH(BOOL, struct spec_host_config, init, has_init, "Init"),
	FIELD(STRING, struct spec_host_config, id_file, "ContainerIDFile"),
};

/* Podman's, and ours. */
static const struct field own_fields[] = {
	FIELD(BOOL, struct spec_host_config, read_only_tmpfs, "ReadOnlyTmpfs"),
	FIELD_BY(HOST_ID_MAPS, "IDMappings", 0),
	FIELD(STRINGS, struct spec_host_config, requires, "Requires"),
	FIELD(I64, struct spec_host_config, preserve_fds, "PreserveFDs"),
	FIELD(STRINGS, struct spec_host_config, preserve_fd, "PreserveFD"),
	FIELD(BOOL, struct spec_host_config, no_hosts, "NoHosts"),
	FIELD(STRING, struct spec_host_config, rootfs_path, "Rootfs"),
	FIELD(BOOL, struct spec_host_config, rootfs_overlay, "RootfsOverlay"),
	FIELD(STRINGS, struct spec_host_config, time_offset, "TimeOffsets"),
	FIELD(STRING, struct spec_host_config, personality, "Personality"),
	FIELD(BOOL, struct spec_host_config, env_host, "EnvHost"),
	FIELD(STRING, struct spec_host_config, cgroups, "Cgroups"),
	FIELD_LIST(PAIRS, struct spec_host_config, cgroup_conf, cgroup_conf_count, "CgroupConf"),
	FIELD(STRING, struct spec_host_config, rdt_class, "IntelRdtClosID"),
	FIELD(STRING, struct spec_host_config, net_limit, "NetLimit"),
	FIELD(STRING, struct spec_host_config, learn, "Learn"),
	FIELD(STRING, struct spec_host_config, profile_file, "ProfileFile"),
	FIELD_BY(HOST_PROFILE, "Profile", 0),
};

/* What docker calls Resources, members of the same object. */
static const struct field resource_fields[] = {
	FIELD(I64, struct spec_host_config, memory, "Memory"),
	FIELD(I64, struct spec_host_config, memory_reservation, "MemoryReservation"),
	FIELD(I64, struct spec_host_config, memory_swap, "MemorySwap"),
	FIELD_WITH(I64, struct spec_host_config, memory_swappiness, has_memory_swappiness, "MemorySwappiness"),
	FIELD(BOOL, struct spec_host_config, oom_kill_disable, "OomKillDisable"),
	FIELD(I64, struct spec_host_config, nano_cpus, "NanoCpus"),
	FIELD(I64, struct spec_host_config, cpu_shares, "CpuShares"),
	FIELD(I64, struct spec_host_config, cpu_period, "CpuPeriod"),
	FIELD(I64, struct spec_host_config, cpu_quota, "CpuQuota"),
	FIELD(I64, struct spec_host_config, cpu_realtime_period, "CpuRealtimePeriod"),
	FIELD(I64, struct spec_host_config, cpu_realtime_runtime, "CpuRealtimeRuntime"),
	FIELD(STRING, struct spec_host_config, cpuset_cpus, "CpusetCpus"),
	FIELD(STRING, struct spec_host_config, cpuset_mems, "CpusetMems"),
	FIELD_WITH(I64, struct spec_host_config, pids_limit, has_pids_limit, "PidsLimit"),
	FIELD(I64, struct spec_host_config, blkio_weight, "BlkioWeight"),
	FIELD_BY(HOST_WEIGHTS, "BlkioWeightDevice", 0),
	FIELD_BY(HOST_RATES + THROTTLE_READ_BPS, "BlkioDeviceReadBps", 0),
	FIELD_BY(HOST_RATES + THROTTLE_WRITE_BPS, "BlkioDeviceWriteBps", 0),
	FIELD_BY(HOST_RATES + THROTTLE_READ_IOPS, "BlkioDeviceReadIOps", 0),
	FIELD_BY(HOST_RATES + THROTTLE_WRITE_IOPS, "BlkioDeviceWriteIOps", 0),
	FIELD_BY(HOST_DEVICES, "Devices", 0),
	FIELD(STRINGS, struct spec_host_config, device_cgroup_rules, "DeviceCgroupRules"),
	FIELD(STRINGS, struct spec_host_config, device_requests, "DeviceRequests"),
	FIELD_BY(HOST_ULIMITS, "Ulimits", 0),
	FIELD(STRING, struct spec_host_config, cgroup_parent, "CgroupParent"),
};

static const struct field restart_fields[] = {
	FIELD(STRING, struct spec_host_config, restart_policy, "Name"),
	FIELD(I64, struct spec_host_config, restart_maximum, "MaximumRetryCount"),
};

static const struct field log_fields[] = {
	FIELD(STRING, struct spec_host_config, log_driver, "Type"),
	FIELD_LIST(PAIRS, struct spec_host_config, log_options, log_option_count, "Config"),
};

static const struct field id_map_fields[] = {
	FIELD(STRINGS, struct spec_host_config, uid_map, "UidMap"),
	FIELD(STRINGS, struct spec_host_config, gid_map, "GidMap"),
};

/* Rows, then columns; null and 0 say nothing. */
static int decode_console_size(const struct decoder *d, const struct json *value, struct spec_host_config *host)
{
	const struct json *width = value->type == JSON_ARRAY && value->length == 2 ? value->first->next : NULL;

	if (value->type == JSON_NULL)
		return 0;
	if (!width || value->first->type != JSON_UINT || width->type != JSON_UINT || value->first->unsigned_integer > UINT16_MAX ||
	    width->unsigned_integer > UINT16_MAX)
		return decode_fail(d, value, "expected two numbers up to %d", UINT16_MAX);
	host->console_height = (uint16_t)value->first->unsigned_integer;
	host->console_width = (uint16_t)width->unsigned_integer;
	return 0;
}

static void encode_console_size(struct json_writer *w, const struct spec_host_config *host)
{
	json_write_open(w, "ConsoleSize", '[');
	json_write_uint(w, NULL, host->console_height);
	json_write_uint(w, NULL, host->console_width);
	json_write_close(w, ']');
}

static int decode_host_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_host_config *host = object;

	switch (id) {
	case HOST_MOUNTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *host->mounts, decode_mount, &host->mounts, &host->mount_count);
	case HOST_PORTS:
		return decode_ports(d, value, host);
	case HOST_RESTART:
		return decode_fields(d, value, restart_fields, ARRAY_SIZE(restart_fields), host, NULL);
	case HOST_LOG:
		return decode_fields(d, value, log_fields, ARRAY_SIZE(log_fields), host, NULL);
	case HOST_CONSOLE_SIZE:
		return decode_console_size(d, value, host);
	case HOST_ID_MAPS:
		return decode_fields(d, value, id_map_fields, ARRAY_SIZE(id_map_fields), host, NULL);
	case HOST_DEVICES:
		return decode_list(d, value, JSON_ARRAY, sizeof *host->devices, decode_device, &host->devices, &host->device_count);
	case HOST_ULIMITS:
		return decode_list(d, value, JSON_ARRAY, sizeof *host->ulimits, decode_ulimit, &host->ulimits, &host->ulimit_count);
	case HOST_WEIGHTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *host->blkio_weight_devices, decode_weight, &host->blkio_weight_devices,
				   &host->blkio_weight_device_count);
	case HOST_PROFILE:
		return decode_profile(d, value, &host->profile);
	default:
		id -= HOST_RATES;
		return decode_list(d, value, JSON_ARRAY, sizeof *host->blkio_rates[id], decode_rate, &host->blkio_rates[id],
				   &host->blkio_rate_count[id]);
	}
}

int decode_host_config(const struct decoder *d, const struct json *value, struct spec_host_config *host)
{
	int r = decode_fields(d, value, host_fields, ARRAY_SIZE(host_fields), host, decode_host_field);

	if (r == 0)
		r = decode_fields(d, value, own_fields, ARRAY_SIZE(own_fields), host, decode_host_field);
	if (r == 0)
		r = decode_fields(d, value, resource_fields, ARRAY_SIZE(resource_fields), host, decode_host_field);
	return r;
}

static void encode_part(struct json_writer *w, const char *key, const struct field *fields, size_t count, const struct spec_host_config *host, bool all)
{
	json_write_open(w, key, '{');
	if (all)
		encode_all_fields(w, fields, count, host);
	else
		encode_given_fields(w, fields, count, host);
	json_write_close(w, '}');
}

static void encode_lists(struct json_writer *w, const struct spec_host_config *host)
{
	if (host->mount_count)
		encode_container_mounts(w, host);
	if (host->port_count)
		encode_port_bindings(w, host);
	if (host->device_count)
		encode_container_devices(w, host);
	if (host->ulimit_count)
		encode_container_ulimits(w, host);
	if (host->blkio_weight_device_count)
		encode_blkio_weights(w, host);
	for (enum spec_throttle_kind kind = 0; kind < THROTTLE_KIND_COUNT; kind++)
		if (host->blkio_rate_count[kind])
			encode_blkio_rates(w, host, kind);
}

void encode_host_config(struct json_writer *w, const struct spec_host_config *host)
{
	encode_given_fields(w, host_fields, ARRAY_SIZE(host_fields), host);
	encode_given_fields(w, own_fields, ARRAY_SIZE(own_fields), host);
	encode_given_fields(w, resource_fields, ARRAY_SIZE(resource_fields), host);
	if (host->restart_policy || host->restart_maximum)
		encode_part(w, "RestartPolicy", restart_fields, ARRAY_SIZE(restart_fields), host, false);
	if (host->log_driver || host->log_options)
		encode_part(w, "LogConfig", log_fields, ARRAY_SIZE(log_fields), host, false);
	if (host->console_height || host->console_width)
		encode_console_size(w, host);
	if (host->uid_map || host->gid_map)
		encode_part(w, "IDMappings", id_map_fields, ARRAY_SIZE(id_map_fields), host, false);
	if (host->profile)
		spec_profile_write(w, "Profile", host->profile);
	encode_lists(w, host);
}

/* ---- with all defaults ------------------------------------------------------------------- */

/* "SOURCE:TARGET[:OPTIONS]", as -v takes it. */
static void write_bind(struct json_writer *w, const struct spec_container_mount *mount)
{
	_cleanup_free_ char *text = str_printf("%s:%s%s%s", mount->source, mount->target, mount->short_options ? ":" : "",
		mount->short_options ? mount->short_options : "");

	json_write_string(w, NULL, text);
}

/* As --mount said it: the name of an anonymous volume is of its own making. */
static void write_mount(struct json_writer *w, const struct spec_container_mount *mount)
{
	struct spec_container_mount said = *mount;

	if (said.anonymous)
		said.source = NULL;
	said.anonymous = false;
	encode_mount(w, &said);
}

static void write_tmpfs(struct json_writer *w, const struct spec_container_mount *mount)
{
	json_write_string(w, mount->target, mount->short_options ? mount->short_options : "");
}

enum mount_form { FORM_NONE, FORM_BIND, FORM_TMPFS, FORM_MOUNT };

static enum mount_form form_of(const struct spec_container_mount *mount)
{
	if (mount->implied)
		return FORM_NONE;
	if (!mount->is_short)
		return FORM_MOUNT;
	return mount->kind == SPEC_MOUNT_TMPFS ? FORM_TMPFS : mount->source ? FORM_BIND : FORM_NONE;
}

/* Each where docker has what was said in that form; without any only the first is there. */
static void write_mounts(struct json_writer *w, const struct spec_host_config *host)
{
	static const struct {
		enum mount_form form;
		const char *key;
		char open, close;
		void (*write)(struct json_writer *w, const struct spec_container_mount *mount);
	} lists[] = {
		{ FORM_BIND,  "Binds",  '[', ']', write_bind },
		{ FORM_MOUNT, "Mounts", '[', ']', write_mount },
		{ FORM_TMPFS, "Tmpfs",  '{', '}', write_tmpfs },
	};

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		bool open = false;

		for (size_t i = 0; i < host->mount_count; i++) {
			if (form_of(&host->mounts[i]) != lists[k].form)
				continue;
			if (!open)
				json_write_open(w, lists[k].key, lists[k].open);
			open = true;
			lists[k].write(w, &host->mounts[i]);
		}
		if (open)
			json_write_close(w, lists[k].close);
		else if (lists[k].form == FORM_BIND)
			json_write_null(w, lists[k].key);
	}
}

/* What docker has for other systems and for what is no more: nobody can say anything else here. */
static void write_constants(struct json_writer *w)
{
	static const char *const numbers[] = { "CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth" };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		json_write_int(w, numbers[i], 0);
	json_write_string(w, "Cgroup", "");
	json_write_null(w, "Links"); /* those of a network are with its endpoint */
}

static void fill_defaults(struct spec_host_config *host)
{
	static char *nothing[1];

	if (!host->shm_size)
		host->shm_size = SPEC_CONTAINER_SHM_SIZE;
	host->network_mode = host->network_mode ? host->network_mode : (char *)"none";
	host->ipc_mode = host->ipc_mode ? host->ipc_mode : (char *)"private";
	host->cgroup_namespace = host->cgroup_namespace ? host->cgroup_namespace : (char *)"private";
	host->restart_policy = host->restart_policy ? host->restart_policy : (char *)"no";
	host->log_driver = host->log_driver ? host->log_driver : (char *)"local";
	host->runtime = host->runtime ? host->runtime : (char *)"bivy";
	host->dns = host->dns ? host->dns : nothing;
	host->dns_options = host->dns_options ? host->dns_options : nothing;
	host->dns_search = host->dns_search ? host->dns_search : nothing;
	host->has_oom_score = true; /* 0 if nobody said otherwise */
}

void encode_host_inspect(struct json_writer *w, const struct spec_host_config *given)
{
	struct spec_host_config host = *given;

	fill_defaults(&host);
	encode_all_fields(w, host_fields, ARRAY_SIZE(host_fields), &host);
	encode_all_fields(w, resource_fields, ARRAY_SIZE(resource_fields), &host);
	encode_given_fields(w, own_fields, ARRAY_SIZE(own_fields), &host);
	encode_part(w, "RestartPolicy", restart_fields, ARRAY_SIZE(restart_fields), &host, true);
	encode_part(w, "LogConfig", log_fields, ARRAY_SIZE(log_fields), &host, true);
	encode_console_size(w, &host);
	if (host.uid_map || host.gid_map)
		encode_part(w, "IDMappings", id_map_fields, ARRAY_SIZE(id_map_fields), &host, true);
	if (host.profile)
		spec_profile_write(w, "Profile", host.profile);
	write_mounts(w, &host);
	write_constants(w);
	encode_port_bindings(w, &host);
	encode_container_devices(w, &host);
	encode_container_ulimits(w, &host);
	encode_blkio_weights(w, &host);
	for (enum spec_throttle_kind kind = 0; kind < THROTTLE_KIND_COUNT; kind++)
		encode_blkio_rates(w, &host, kind);
}
