/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/mounts.h"
#include "spec/id_mappings.h"

#include <sys/mount.h>

enum mount_field { MOUNT_DESTINATION, MOUNT_OPTIONS, MOUNT_UID_MAPPINGS, MOUNT_GID_MAPPINGS };

/* A relative destination counts from the root of the container, as runtime-spec 1.0 had it. */
static int decode_destination(const struct decoder *d, const struct json *value, char **ret)
{
	int r = decode_string(d, value, SPEC_STRING_LIMIT, ret);

	if (r < 0)
		return r;
	if (!**ret)
		return decode_fail(d, value, "must not be empty");
	if (**ret != '/')
		*ret = arena_printf(d->arena, "/%s", *ret);
	return 0;
}

static int decode_options(const struct decoder *d, const struct json *value, struct spec_mount *mount)
{
	char **options = NULL;
	int r = decode_strings(d, value, SPEC_STRING_LIMIT, &options);

	if (r == 0)
		spec_mount_set_options(d->arena, mount, options);
	return r;
}

static int decode_mount_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_mount *mount = object;

	switch ((enum mount_field)id) {
	case MOUNT_DESTINATION:
		return decode_destination(d, value, &mount->destination);
	case MOUNT_OPTIONS:
		return decode_options(d, value, mount);
	case MOUNT_UID_MAPPINGS:
		return decode_id_mappings(d, value, &mount->uid_mappings, &mount->uid_mapping_count);
	case MOUNT_GID_MAPPINGS:
		return decode_id_mappings(d, value, &mount->gid_mappings, &mount->gid_mapping_count);
	}
	return -EINVAL;
}

static int check_mount(const struct decoder *d, const struct json *value, struct spec_mount *mount)
{
	if (str_equal(mount->type, "bind"))
		mount->set_flags |= MS_BIND;
	if ((mount->set_flags & MS_BIND) && !mount->source)
		return decode_fail_missing(d, value, "source");
	if (!(mount->set_flags & (MS_BIND | MS_REMOUNT)) && !mount->type)
		return decode_fail_missing(d, value, "type");
	if (mount->uid_mapping_count && !mount->gid_mapping_count)
		return decode_fail_member(d, value, "gidMappings", "missing, although there are uidMappings");
	if (mount->gid_mapping_count && !mount->uid_mapping_count)
		return decode_fail_member(d, value, "uidMappings", "missing, although there are gidMappings");
	if (mount->uid_mapping_count)
		mount->idmap = true;
	return 0;
}

static int decode_mount(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(MOUNT_DESTINATION, "destination", FIELD_REQUIRED),
		FIELD(STRING, struct spec_mount, type, "type"),
		FIELD(STRING, struct spec_mount, source, "source"),
		FIELD_BY(MOUNT_OPTIONS, "options", 0),
		FIELD_BY(MOUNT_UID_MAPPINGS, "uidMappings", 0),
		FIELD_BY(MOUNT_GID_MAPPINGS, "gidMappings", 0),
	};
	struct spec_mount *mount = element;
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), mount, decode_mount_field);

	if (r < 0)
		return r;
	if (!mount->options)
		mount->options = arena_alloc(d->arena, 1, sizeof *mount->options);
	return check_mount(d, value, mount);
}

int decode_mounts(const struct decoder *d, const struct json *value, struct spec_mount **ret, size_t *ret_count)
{
	return decode_list(d, value, JSON_ARRAY, sizeof **ret, decode_mount, ret, ret_count);
}
