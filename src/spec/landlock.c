/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/landlock.h"

enum landlock_field { LANDLOCK_WRITABLE, LANDLOCK_BIND_PORTS, LANDLOCK_CONNECT_PORTS };

static int decode_writable(const struct decoder *d, const struct json *value, struct spec_landlock *landlock)
{
	int r = decode_strings(d, value, SPEC_STRING_LIMIT, &landlock->writable);
	const struct json *element = r < 0 ? NULL : value->first;

	for (char **path = landlock->writable; element; element = element->next, path++)
		if (**path != '/')
			return decode_fail(d, element, "'%.200s' is not an absolute path", *path);
	return r;
}

static int decode_port(const struct decoder *d, const struct json *value, void *element)
{
	uint64_t number = 0;
	int r = decode_uint(d, value, UINT16_MAX, &number);

	*(uint16_t *)element = (uint16_t)number;
	return r;
}

static int decode_landlock_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_landlock *landlock = object;

	switch ((enum landlock_field)id) {
	case LANDLOCK_WRITABLE:
		return decode_writable(d, value, landlock);
	case LANDLOCK_BIND_PORTS:
		landlock->has_bind_ports = true;
		return decode_list(d, value, JSON_ARRAY, sizeof *landlock->bind_ports, decode_port, &landlock->bind_ports, &landlock->bind_port_count);
	case LANDLOCK_CONNECT_PORTS:
		landlock->has_connect_ports = true;
		return decode_list(d, value, JSON_ARRAY, sizeof *landlock->connect_ports, decode_port, &landlock->connect_ports, &landlock->connect_port_count);
	}
	return -EINVAL;
}

int decode_landlock(const struct decoder *d, const struct json *value, struct spec_landlock **ret)
{
	static const struct field fields[] = {
		FIELD_BY(LANDLOCK_WRITABLE, "writable", 0),
		FIELD_BY(LANDLOCK_BIND_PORTS, "bindPorts", 0),
		FIELD_BY(LANDLOCK_CONNECT_PORTS, "connectPorts", 0),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_landlock_field);
}

static void encode_ports(struct json_writer *w, const char *key, const uint16_t *ports, size_t count)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		json_write_uint(w, NULL, ports[i]);
	json_write_close(w, ']');
}

void encode_landlock(struct json_writer *w, const char *key, const struct spec_landlock *landlock)
{
	if (!landlock)
		return;
	json_write_open(w, key, '{');
	if (landlock->writable)
		encode_strings(w, "writable", landlock->writable);
	if (landlock->has_bind_ports)
		encode_ports(w, "bindPorts", landlock->bind_ports, landlock->bind_port_count);
	if (landlock->has_connect_ports)
		encode_ports(w, "connectPorts", landlock->connect_ports, landlock->connect_port_count);
	json_write_close(w, '}');
}
