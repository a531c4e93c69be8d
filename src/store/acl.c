/* SPDX-License-Identifier: Apache-2.0 */
#include "store/acl.h"

#include <stdint.h>
#include <stdlib.h>

#define ACL_VERSION 2
#define ACL_NO_ID UINT32_MAX
#define ENTRY_LIMIT 512

struct entry {
	uint16_t tag;
	uint16_t permissions;
	uint32_t id;
};

/* In the order of their numbers, which is the one that the kernel wants. */
enum { TAG_OWNER = 0x01, TAG_USER = 0x02, TAG_OWNING_GROUP = 0x04, TAG_GROUP = 0x08, TAG_MASK = 0x10, TAG_OTHER = 0x20 };

/* The text up to SEPARATOR or END; *TEXT moves behind the separator. */
static size_t next_field(const char **text, const char *end, const char **ret)
{
	const char *colon;

	*ret = *text;
	colon = memchr(*text, ':', (size_t)(end - *text));
	*text = colon ? colon + 1 : end;
	return (size_t)((colon ? colon : end) - *ret);
}

static bool field_is(const char *field, size_t length, const char *word)
{
	return (length == 1 && field[0] == word[0]) || (length == strlen(word) && memcmp(field, word, length) == 0);
}

static bool parse_id(const char *field, size_t length, uint32_t *ret)
{
	uint64_t id = 0;

	if (length == 0 || length > 10)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (field[i] < '0' || field[i] > '9')
			return false;
		id = id * 10 + (uint64_t)(field[i] - '0');
	}
	if (id >= ACL_NO_ID)
		return false;
	*ret = (uint32_t)id;
	return true;
}

static bool parse_permissions(const char *field, size_t length, uint16_t *ret)
{
	static const char letters[] = "rwx";
	uint16_t permissions = 0;

	if (length == 0 || length > 3)
		return false;
	for (size_t i = 0; i < length; i++) {
		const char *at = field[i] ? strchr(letters, field[i]) : NULL;

		if (at)
			permissions |= (uint16_t)(4 >> (at - letters));
		else if (field[i] != '-')
			return false;
	}
	*ret = permissions;
	return true;
}

static int parse_entry(const char *text, const char *end, struct entry *ret)
{
	const char *kind, *name, *permissions, *id;
	size_t kind_length, name_length, permissions_length, id_length;

	kind_length = next_field(&text, end, &kind);
	if (kind_length == strlen("default") && memcmp(kind, "default", kind_length) == 0)
		kind_length = next_field(&text, end, &kind);
	name_length = next_field(&text, end, &name);
	permissions_length = next_field(&text, end, &permissions);
	id_length = next_field(&text, end, &id);
	ret->id = ACL_NO_ID;
	if (!parse_permissions(permissions, permissions_length, &ret->permissions))
		return -EINVAL;
	if (field_is(kind, kind_length, "user"))
		ret->tag = name_length ? TAG_USER : TAG_OWNER;
	else if (field_is(kind, kind_length, "group"))
		ret->tag = name_length ? TAG_GROUP : TAG_OWNING_GROUP;
	else if (field_is(kind, kind_length, "mask"))
		ret->tag = TAG_MASK;
	else if (field_is(kind, kind_length, "other"))
		ret->tag = TAG_OTHER;
	else
		return -EINVAL;
	if (ret->tag != TAG_USER && ret->tag != TAG_GROUP)
		return 0;
	return parse_id(id, id_length, &ret->id) || parse_id(name, name_length, &ret->id) ? 0 : -ENOENT;
}

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *two = b;

	return one->tag != two->tag ? (int)one->tag - (int)two->tag : one->id < two->id ? -1 : one->id > two->id;
}

static void add_little_endian(struct buf *out, uint32_t number, unsigned bytes)
{
	for (; bytes; bytes--, number >>= 8)
		buf_add_char(out, (char)(number & 0xff));
}

int acl_from_text(const char *text, struct buf *out)
{
	struct entry entries[ENTRY_LIMIT];
	size_t count = 0;

	while (*text) {
		size_t length = strcspn(text, ",\n");

		if (length) {
			int r = count < ENTRY_LIMIT ? parse_entry(text, text + length, &entries[count++]) : -EINVAL;

			if (r < 0)
				return r;
		}
		text += length + (text[length] != '\0');
	}
	if (count == 0)
		return -EINVAL;
	qsort(entries, count, sizeof *entries, compare);
	add_little_endian(out, ACL_VERSION, 4);
	for (size_t i = 0; i < count; i++) {
		add_little_endian(out, entries[i].tag, 2);
		add_little_endian(out, entries[i].permissions, 2);
		add_little_endian(out, entries[i].id, 4);
	}
	return 0;
}
