/* SPDX-License-Identifier: Apache-2.0 */
#include "store/owner_view.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <string.h>

#define NOBODY 65534

uint32_t owner_view_id(const struct idmap_range *ranges, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= ranges[i].outside && id - ranges[i].outside < ranges[i].size)
			return ranges[i].inside + (id - ranges[i].outside);
	return NOBODY;
}

/* linux/posix_acl_xattr.h */
static void view_acl(const struct idmap *map, uint8_t *value, size_t length)
{
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entry;

	if (length < sizeof header)
		return;
	memcpy(&header, value, sizeof header);
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return;
	for (size_t at = sizeof header; at + sizeof entry <= length; at += sizeof entry) {
		memcpy(&entry, value + at, sizeof entry);
		if (le16toh(entry.e_tag) == ACL_USER)
			entry.e_id = htole32(owner_view_id(map->uids, map->uid_count, le32toh(entry.e_id)));
		else if (le16toh(entry.e_tag) == ACL_GROUP)
			entry.e_id = htole32(owner_view_id(map->gids, map->gid_count, le32toh(entry.e_id)));
		memcpy(value + at, &entry, sizeof entry);
	}
}

static size_t view_capabilities(const struct idmap *map, uint8_t *value, size_t length)
{
	struct vfs_ns_cap_data data;
	uint32_t magic, root;

	if (length != XATTR_CAPS_SZ_3)
		return length;
	memcpy(&data, value, sizeof data);
	magic = le32toh(data.magic_etc);
	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3)
		return length;
	root = owner_view_id(map->uids, map->uid_count, le32toh(data.rootid));
	if (root == 0) {
		data.magic_etc = htole32((magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2);
		length = XATTR_CAPS_SZ_2;
	}
	data.rootid = htole32(root);
	memcpy(value, &data, length);
	return length;
}

size_t owner_view_xattr(const struct idmap *map, const char *name, uint8_t *value, size_t length)
{
	if (str_equal(name, XATTR_NAME_POSIX_ACL_ACCESS) || str_equal(name, XATTR_NAME_POSIX_ACL_DEFAULT))
		view_acl(map, value, length);
	return str_equal(name, XATTR_NAME_CAPS) ? view_capabilities(map, value, length) : length;
}
