/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/id_mappings.h"

#define MAPPING_LIMIT 340 /* lines of /proc/PID/uid_map, since 4.15 */

static int decode_mapping(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_MUST(U32, struct spec_id_mapping, container_id, "containerID"),
		FIELD_MUST(U32, struct spec_id_mapping, host_id, "hostID"),
		FIELD_MUST(U32, struct spec_id_mapping, size, "size"),
	};
	struct spec_id_mapping *mapping = element;
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), mapping, NULL);

	if (r < 0)
		return r;
	if (mapping->size == 0)
		return decode_fail_member(d, value, "size", "must not be 0");
	/* Id 4294967295 stands for "no id" and cannot be mapped. */
	if (mapping->size > UINT32_MAX - mapping->container_id || mapping->size > UINT32_MAX - mapping->host_id)
		return decode_fail_member(d, value, "size", "%u ids from %u and %u on reach beyond the last id", mapping->size,
					  mapping->container_id, mapping->host_id);
	return 0;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

int decode_id_mappings(const struct decoder *d, const struct json *value, struct spec_id_mapping **ret, size_t *ret_count)
{
	struct spec_id_mapping *mappings = NULL;
	const struct json *v = value->first;
	size_t count = 0;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *mappings, decode_mapping, &mappings, &count);

	if (r < 0)
		return r;
	if (count > MAPPING_LIMIT)
		return decode_fail(d, value, "%zu ranges are too many (%d at most)", count, MAPPING_LIMIT);
	for (size_t i = 0; i < count; i++, v = v->next) {
		for (size_t j = 0; j < i; j++) {
			const struct spec_id_mapping *a = &mappings[j], *b = &mappings[i];

			if (overlap(a->container_id, a->size, b->container_id, b->size) || overlap(a->host_id, a->size, b->host_id, b->size))
				return decode_fail(d, v, "overlaps range %zu", j);
		}
	}
	*ret = mappings;
	*ret_count = count;
	return 0;
}
