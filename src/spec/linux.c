/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/linux.h"
#include "spec/id_mappings.h"
#include "spec/landlock.h"
#include "spec/resources.h"
#include "spec/seccomp.h"

#include <ctype.h>

/* ---- namespaces ------------------------------------------------------------------- */

static int decode_namespace_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_namespace *ns = object;
	uint32_t flag = 0;
	int r;

	if (id == 1) /* "" counts as not given */
		return value->type == JSON_STRING && !*value->text ? 0 : decode_absolute_path(d, value, &ns->path);
	r = decode_name(d, value, SPEC_NAMESPACES, &flag);
	ns->flag = (int)flag;
	ns->name = spec_name_of(SPEC_NAMESPACES, flag);
	return r;
}

static int decode_namespace(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(0, "type", FIELD_REQUIRED),
		FIELD_BY(1, "path", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_namespace_field);
}

static int decode_namespaces(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	int r = decode_list(d, value, JSON_ARRAY, sizeof *object->namespaces, decode_namespace, &object->namespaces, &object->namespace_count);
	const struct spec_namespace *ns = object->namespaces;
	unsigned seen = 0;

	if (r < 0)
		return r;
	for (const struct json *v = value->first; v; v = v->next, ns++) {
		if (seen & (unsigned)ns->flag)
			return decode_fail_member(d, v, "type", "the %s namespace is given twice", ns->name);
		seen |= (unsigned)ns->flag;
	}
	return 0;
}

static int decode_nanosecs(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_time_offset *offset = object;
	uint64_t number = 0;
	int r = decode_uint(d, value, 999999999, &number);

	ignore_result(id); /* the only such field */
	offset->nanosecs = (uint32_t)number;
	return r;
}

static int decode_time_offset(const struct decoder *d, const struct json *value, struct spec_time_offset *offset)
{
	static const struct field fields[] = {
		FIELD(I64, struct spec_time_offset, secs, "secs"),
		FIELD_BY(0, "nanosecs", 0),
	};

	offset->given = true;
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), offset, decode_nanosecs);
}

/* A map by clock: time_namespaces(7) knows these two, and a third cannot be passed over. */
static int decode_time_offsets(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	int r = decode_expect(d, value, JSON_OBJECT);

	for (const struct json *v = value->first; r == 0 && v; v = v->next) {
		if (str_equal(v->key, "monotonic"))
			r = decode_time_offset(d, v, &object->monotonic);
		else if (str_equal(v->key, "boottime"))
			r = decode_time_offset(d, v, &object->boottime);
		else
			r = decode_fail(d, v, "no such clock in a time namespace");
	}
	return r;
}

/* ---- devices --------------------------------------------------------------------------- */

enum device_field { DEVICE_PATH, DEVICE_TYPE, DEVICE_MAJOR, DEVICE_MINOR, DEVICE_MODE };

static int decode_device_type(const struct decoder *d, const struct json *value, struct spec_device *device)
{
	char *type = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &type);

	if (r < 0)
		return r;
	if (!*type || type[1] || !strchr("bcup", *type))
		return decode_fail(d, value, "'%.40s' is none of b, c, u and p", type);
	device->type = *type == 'u' ? 'c' : *type;
	return 0;
}

/* Some callers pass the type bits of st_mode along. */
static int decode_device_mode(const struct decoder *d, const struct json *value, struct spec_device *device)
{
	uint64_t mode = 0;
	int r = decode_uint(d, value, 0177777, &mode);

	device->mode = (uint32_t)mode & 07777;
	device->has_mode = true;
	return r;
}

static int decode_device_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_device *device = object;

	switch ((enum device_field)id) {
	case DEVICE_PATH:
		return decode_absolute_path(d, value, &device->path);
	case DEVICE_TYPE:
		return decode_device_type(d, value, device);
	case DEVICE_MAJOR:
		return decode_int(d, value, 0, (1 << 12) - 1, &device->major); /* MINORBITS of <linux/kdev_t.h> is 20 */
	case DEVICE_MINOR:
		return decode_int(d, value, 0, (1 << 20) - 1, &device->minor);
	case DEVICE_MODE:
		return decode_device_mode(d, value, device);
	}
	return -EINVAL;
}

static int decode_device(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(DEVICE_PATH, "path", FIELD_REQUIRED),
		FIELD_BY(DEVICE_TYPE, "type", FIELD_REQUIRED),
		FIELD_BY(DEVICE_MAJOR, "major", 0),
		FIELD_BY(DEVICE_MINOR, "minor", 0),
		FIELD_BY(DEVICE_MODE, "fileMode", 0),
		FIELD_WITH(U32, struct spec_device, uid, has_uid, "uid"),
		FIELD_WITH(U32, struct spec_device, gid, has_gid, "gid"),
	};
	struct spec_device *device = element;
	int r;

	device->mode = 0666;
	device->major = device->minor = -1;
	r = decode_fields(d, value, fields, ARRAY_SIZE(fields), device, decode_device_field);
	if (r < 0)
		return r;
	if (device->type == 'p') {
		device->major = device->minor = 0;
		return 0;
	}
	if (device->major < 0)
		return decode_fail_missing(d, value, "major");
	if (device->minor < 0)
		return decode_fail_missing(d, value, "minor");
	return 0;
}

/* What the kernel's dev_valid_name() says: 1 to 15 bytes, no '/', ':' or white space, not "." or "..". */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > 15 || str_equal(name, ".") || str_equal(name, ".."))
		return false;
	for (const char *c = name; *c; c++)
		if (*c == '/' || *c == ':' || isspace((unsigned char)*c))
			return false;
	return true;
}

static int decode_net_device(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD(STRING, struct spec_net_device, new_name, "name"),
	};
	struct spec_net_device *device = element;
	int r;

	device->name = (char *)value->key;
	if (!is_interface_name(device->name))
		return decode_fail(d, value, "no name of a network device");
	r = decode_fields(d, value, fields, ARRAY_SIZE(fields), device, NULL);
	if (r == 0 && device->new_name && !is_interface_name(device->new_name))
		return decode_fail_member(d, value, "name", "'%.40s' is no name of a network device", device->new_name);
	return r;
}

/* The name that the device gets inside. */
static const char *inner_name(const struct spec_net_device *device)
{
	return device->new_name ? device->new_name : device->name;
}

#define NET_DEVICE_LIMIT 1024

static int decode_net_devices(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	int r = decode_list(d, value, JSON_OBJECT, sizeof *object->net_devices, decode_net_device, &object->net_devices, &object->net_device_count);
	const struct json *v = value->first;

	if (r < 0)
		return r;
	if (object->net_device_count > NET_DEVICE_LIMIT)
		return decode_fail(d, value, "%zu devices are too many (%d at most)", object->net_device_count, NET_DEVICE_LIMIT);
	for (size_t i = 0; i < object->net_device_count; i++, v = v->next)
		for (size_t j = 0; j < i; j++)
			if (str_equal(inner_name(&object->net_devices[i]), inner_name(&object->net_devices[j])))
				return decode_fail(d, v, "a second device would be called '%s'", inner_name(&object->net_devices[i]));
	return 0;
}

/* ---- intelRdt, memory policy, personality --------------------------------------------------- */

static int decode_intel_rdt(const struct decoder *d, const struct json *value, struct spec_intel_rdt **ret)
{
	static const struct field fields[] = {
		FIELD(STRING, struct spec_intel_rdt, clos_id, "closID"),
		FIELD(STRINGS, struct spec_intel_rdt, schemata, "schemata"),
		FIELD(STRING, struct spec_intel_rdt, l3_cache_schema, "l3CacheSchema"),
		FIELD(STRING, struct spec_intel_rdt, mem_bw_schema, "memBwSchema"),
		FIELD(BOOL, struct spec_intel_rdt, enable_monitoring, "enableMonitoring"),
	};
	struct spec_intel_rdt *rdt = *ret = arena_alloc(d->arena, 1, sizeof *rdt);
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), rdt, NULL);

	if (r < 0)
		return r;
	/* It names a directory of /sys/fs/resctrl; "/" is the default class. */
	if (rdt->clos_id && ((strchr(rdt->clos_id, '/') && !str_equal(rdt->clos_id, "/")) || str_equal(rdt->clos_id, ".") || str_equal(rdt->clos_id, "..")))
		return decode_fail_member(d, value, "closID", "'%.64s' is no file name", rdt->clos_id);
	if (rdt->mem_bw_schema && (!str_starts_with(rdt->mem_bw_schema, "MB:") || strchr(rdt->mem_bw_schema, '\n')))
		return decode_fail_member(d, value, "memBwSchema", "'%.64s' is not one line that starts with MB:", rdt->mem_bw_schema);
	for (size_t i = 0; rdt->schemata && rdt->schemata[i]; i++)
		if (strchr(rdt->schemata[i], '\n'))
			return decode_fail_member(d, value, "schemata", "'%.64s' is not one line", rdt->schemata[i]);
	return 0;
}

enum policy_field { POLICY_MODE, POLICY_NODES, POLICY_FLAGS };

static int decode_policy_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_memory_policy *policy = object;
	uint32_t mode = 0;
	int r;

	switch ((enum policy_field)id) {
	case POLICY_MODE:
		r = decode_name(d, value, SPEC_MEMORY_MODES, &mode);
		policy->mode = (int)mode;
		return r;
	case POLICY_NODES:
		return decode_number_list(d, value, &policy->nodes);
	case POLICY_FLAGS:
		return decode_name_bits(d, value, SPEC_MEMORY_FLAGS, &policy->flags);
	}
	return -EINVAL;
}

/* What set_mempolicy(2) would answer with a bare EINVAL. */
static int check_policy(const struct decoder *d, const struct json *value, const struct spec_memory_policy *policy)
{
	const char *mode = spec_name_of(SPEC_MEMORY_MODES, (uint32_t)policy->mode);
	bool no_nodes = policy->mode == SPEC_MPOL_DEFAULT || policy->mode == SPEC_MPOL_LOCAL;
	uint32_t both = SPEC_MPOL_F_STATIC_NODES | SPEC_MPOL_F_RELATIVE_NODES;

	if (no_nodes && policy->nodes)
		return decode_fail_member(d, value, "nodes", "%s has no nodes", mode);
	if (no_nodes && policy->flags)
		return decode_fail_member(d, value, "flags", "%s has no flags", mode);
	if (!no_nodes && !policy->nodes && policy->mode != SPEC_MPOL_PREFERRED)
		return decode_fail_member(d, value, "nodes", "missing, %s needs them", mode);
	if ((policy->flags & both) == both)
		return decode_fail_member(d, value, "flags", "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

static int decode_memory_policy(const struct decoder *d, const struct json *value, struct spec_memory_policy **ret)
{
	static const struct field fields[] = {
		FIELD_BY(POLICY_MODE, "mode", FIELD_REQUIRED),
		FIELD_BY(POLICY_NODES, "nodes", 0),
		FIELD_BY(POLICY_FLAGS, "flags", 0),
	};
	int r;

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	r = decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_policy_field);
	if (r < 0)
		return r;
	return check_policy(d, value, *ret);
}

static int decode_personality_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_linux *linux_ = object;
	int r;

	if (id == 0)
		return decode_name(d, value, SPEC_PERSONALITIES, &linux_->personality);
	r = decode_expect(d, value, JSON_ARRAY);
	if (r == 0 && value->length) /* runtime-spec 1.3 names none */
		return decode_fail(d, value, "no flag is supported");
	return r;
}

static int decode_personality(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	static const struct field fields[] = {
		FIELD_BY(0, "domain", FIELD_REQUIRED),
		FIELD_BY(1, "flags", 0),
	};

	object->has_personality = true;
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), object, decode_personality_field);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

enum linux_field {
	LINUX_NAMESPACES,
	LINUX_UID_MAPPINGS,
	LINUX_GID_MAPPINGS,
	LINUX_TIME_OFFSETS,
	LINUX_DEVICES,
	LINUX_NET_DEVICES,
	LINUX_PROPAGATION,
	LINUX_RESOURCES,
	LINUX_SECCOMP,
	LINUX_INTEL_RDT,
	LINUX_PERSONALITY,
	LINUX_MEMORY_POLICY,
	LINUX_LANDLOCK,
};

static int decode_propagation(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	uint32_t flag = 0;
	int r;

	if (value->type == JSON_STRING && !*value->text)
		return 0;
	r = decode_name(d, value, SPEC_PROPAGATIONS, &flag);
	object->rootfs_propagation = flag;
	return r;
}

static int decode_linux_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_linux *linux_ = object;

	switch ((enum linux_field)id) {
	case LINUX_NAMESPACES:
		return decode_namespaces(d, value, linux_);
	case LINUX_UID_MAPPINGS:
		return decode_id_mappings(d, value, &linux_->uid_mappings, &linux_->uid_mapping_count);
	case LINUX_GID_MAPPINGS:
		return decode_id_mappings(d, value, &linux_->gid_mappings, &linux_->gid_mapping_count);
	case LINUX_TIME_OFFSETS:
		return decode_time_offsets(d, value, linux_);
	case LINUX_DEVICES:
		return decode_list(d, value, JSON_ARRAY, sizeof *linux_->devices, decode_device, &linux_->devices, &linux_->device_count);
	case LINUX_NET_DEVICES:
		return decode_net_devices(d, value, linux_);
	case LINUX_PROPAGATION:
		return decode_propagation(d, value, linux_);
	case LINUX_RESOURCES:
		return decode_resources(d, value, linux_->resources);
	case LINUX_SECCOMP:
		return decode_seccomp(d, value, &linux_->seccomp);
	case LINUX_INTEL_RDT:
		return decode_intel_rdt(d, value, &linux_->intel_rdt);
	case LINUX_PERSONALITY:
		return decode_personality(d, value, linux_);
	case LINUX_MEMORY_POLICY:
		return decode_memory_policy(d, value, &linux_->memory_policy);
	case LINUX_LANDLOCK:
		return decode_landlock(d, value, &linux_->landlock);
	}
	return -EINVAL;
}

int decode_linux(const struct decoder *d, const struct json *value, struct spec_linux *object)
{
	static const struct field fields[] = {
		FIELD_BY(LINUX_UID_MAPPINGS, "uidMappings", 0),
		FIELD_BY(LINUX_GID_MAPPINGS, "gidMappings", 0),
		FIELD_LIST(PAIRS, struct spec_linux, sysctl, sysctl_count, "sysctl"),
		FIELD_BY(LINUX_RESOURCES, "resources", 0),
		FIELD(STRING, struct spec_linux, cgroups_path, "cgroupsPath"),
		FIELD_BY(LINUX_NAMESPACES, "namespaces", 0),
		FIELD_BY(LINUX_DEVICES, "devices", 0),
		FIELD_BY(LINUX_NET_DEVICES, "netDevices", 0),
		FIELD_BY(LINUX_SECCOMP, "seccomp", 0),
		FIELD_BY(LINUX_PROPAGATION, "rootfsPropagation", 0),
		FIELD(STRINGS, struct spec_linux, masked_paths, "maskedPaths"),
		FIELD(STRINGS, struct spec_linux, readonly_paths, "readonlyPaths"),
		FIELD(STRING, struct spec_linux, mount_label, "mountLabel"),
		FIELD_BY(LINUX_INTEL_RDT, "intelRdt", 0),
		FIELD_BY(LINUX_MEMORY_POLICY, "memoryPolicy", 0),
		FIELD_BY(LINUX_PERSONALITY, "personality", 0),
		FIELD_BY(LINUX_TIME_OFFSETS, "timeOffsets", 0),
		FIELD_BY(LINUX_LANDLOCK, "landlock", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), object, decode_linux_field);
}
