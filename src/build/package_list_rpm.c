/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm's databases: headers of packages (rpm's docs/manual/format_header.md), as
 * values of a table or in slots of a file.
 */
#include "build/package_list.h"
#include "build/sqlite_table.h"
#include "base/str.h"

#include <stdlib.h>

#define TYPE_INT32 4
#define TYPE_STRING 6
#define TYPE_I18NSTRING 9
#define ENTRY 16 /* bytes */

enum { TAG_NAME = 1000, TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_EPOCH = 1003, TAG_VENDOR = 1011, TAG_LICENSE = 1014, TAG_ARCH = 1022 };

/* ---- one header -------------------------------------------------------------------------- */

struct header {
	const uint8_t *entries, *data;
	size_t entry_count, data_length;
};

static uint32_t get_big(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool open_header(const uint8_t *bytes, size_t length, struct header *ret)
{
	uint64_t entries = length >= 8 ? get_big(bytes) : UINT64_MAX, data = length >= 8 ? get_big(bytes + 4) : 0;

	if (length < 8 || 8 + entries * ENTRY + data > length)
		return false;
	*ret = (struct header){ bytes + 8, bytes + 8 + entries * ENTRY, (size_t)entries, (size_t)data };
	return true;
}

/* The value of the tag, if it is of that type and has room for SIZE bytes; or NULL. */
static const uint8_t *find_tag(const struct header *header, uint32_t tag, uint32_t type, size_t size)
{
	for (size_t i = 0; i < header->entry_count; i++) {
		const uint8_t *entry = header->entries + i * ENTRY;
		uint32_t offset = get_big(entry + 8);

		if (get_big(entry) == tag && get_big(entry + 4) == type && offset <= header->data_length && header->data_length - offset >= size)
			return header->data + offset;
	}
	return NULL;
}

static const char *find_string(struct arena *arena, const struct header *header, uint32_t tag)
{
	const uint8_t *value = find_tag(header, tag, TYPE_STRING, 1);
	const uint8_t *end;

	if (!value)
		value = find_tag(header, tag, TYPE_I18NSTRING, 1);
	end = value ? memchr(value, '\0', header->data_length - (size_t)(value - header->data)) : NULL;
	return end && end > value ? arena_strndup(arena, (const char *)value, (size_t)(end - value)) : NULL;
}

/* Keys that packages are signed with are listed like packages, and are none. */
static void take_header(struct package_list *list, const uint8_t *bytes, size_t length)
{
	struct package package = { .kind = "rpm", .is_organization = true };
	struct header header;
	const char *version, *release;
	const uint8_t *epoch;

	if (!open_header(bytes, length, &header))
		return;
	package.name = find_string(list->arena, &header, TAG_NAME);
	version = find_string(list->arena, &header, TAG_VERSION);
	release = find_string(list->arena, &header, TAG_RELEASE);
	if (!package.name || !version || str_equal(package.name, "gpg-pubkey"))
		return;
	package.version = release ? arena_printf(list->arena, "%s-%s", version, release) : version;
	epoch = find_tag(&header, TAG_EPOCH, TYPE_INT32, 4);
	package.epoch = epoch ? arena_printf(list->arena, "%u", get_big(epoch)) : NULL;
	package.architecture = find_string(list->arena, &header, TAG_ARCH);
	package.supplier = find_string(list->arena, &header, TAG_VENDOR);
	package.license = find_string(list->arena, &header, TAG_LICENSE);
	package_list_add(list, &package);
}

/* ---- SQLite ----------------------------------------------------------------------------------- */

/* "Packages": a number, the header. */
static int take_row(void *context, const struct sqlite_value values[SQLITE_VALUES])
{
	if (values[1].bytes)
		take_header(context, values[1].bytes, values[1].length);
	return 0;
}

int package_list_take_rpm_sqlite(struct package_list *list, const uint8_t *bytes, size_t length, struct error *err)
{
	return sqlite_table_read(bytes, length, "Packages", take_row, list, err);
}

/* ---- ndb ------------------------------------------------------------------------------------------ */

#define PAGE 4096u
#define HEAD 32u  /* bytes before the first slot */
#define SLOT 16u
#define BLOCK 16u /* that offsets count in */

static uint32_t get_little(const uint8_t *bytes)
{
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* "BlbS", the number of the package, a generation, how many bytes follow: *TAKEN, of all, are no more than there are. False: it is damaged. */
static bool take_blob(struct package_list *list, const uint8_t *bytes, size_t length, uint32_t package, uint64_t offset, uint64_t *taken)
{
	uint32_t size;

	if (offset > length || length - offset < 16 || memcmp(bytes + offset, "BlbS", 4) != 0 || get_little(bytes + offset + 4) != package)
		return false;
	size = get_little(bytes + offset + 12);
	if (size > length - offset - 16 || size > length - *taken)
		return false;
	*taken += size;
	take_header(list, bytes + offset + 16, size);
	return true;
}

int package_list_take_rpm_ndb(struct package_list *list, const uint8_t *bytes, size_t length, struct error *err)
{
	uint64_t end, taken = 0;

	if (length < PAGE || memcmp(bytes, "RpmP", 4) != 0 || get_little(bytes + 4) != 0)
		return error_set(err, ERROR_INVALID, 0, "it is no database of rpm");
	end = (uint64_t)get_little(bytes + 12) * PAGE;
	if (end > length)
		return error_set(err, ERROR_INVALID, 0, "the database of rpm is damaged");
	for (uint64_t at = HEAD; at + SLOT <= end; at += SLOT) {
		const uint8_t *slot = bytes + at;
		uint32_t package = get_little(slot + 4), block = get_little(slot + 8);

		if (memcmp(slot, "Slot", 4) != 0)
			return error_set(err, ERROR_INVALID, 0, "the database of rpm is damaged");
		if (block && !take_blob(list, bytes, length, package, (uint64_t)block * BLOCK, &taken))
			return error_set(err, ERROR_INVALID, 0, "the database of rpm is damaged");
	}
	return 0;
}
