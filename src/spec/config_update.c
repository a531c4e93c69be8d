/* SPDX-License-Identifier: Apache-2.0 */
/* Edits the tree of the document and writes it again; see config_update.h. */
#include "spec/config_update.h"

#include "base/json.h"

/* ---- editing a tree ------------------------------------------------------------- */

static struct json *find(struct json *object, const char *key)
{
	for (struct json *at = object->first; at; at = at->next)
		if (at->key && strcmp(at->key, key) == 0)
			return at;
	return NULL;
}

static struct json *append(struct arena *arena, struct json *list, const char *key)
{
	struct json *value = arena_alloc(arena, 1, sizeof *value), **end = &list->first;

	while (*end)
		end = &(*end)->next;
	*end = value;
	list->length++;
	value->key = key ? arena_strdup(arena, key) : NULL;
	return value;
}

/* The member KEY, made if it is missing; what it was before is lost if it had another type. */
static struct json *child(struct arena *arena, struct json *object, const char *key, enum json_type type)
{
	struct json *value = find(object, key);

	if (!value)
		value = append(arena, object, key);
	if (value->type != type)
		*value = (struct json){ .type = type, .key = value->key, .next = value->next };
	return value;
}

static void set_uint(struct arena *arena, struct json *object, const char *key, uint64_t number)
{
	child(arena, object, key, JSON_UINT)->unsigned_integer = number;
}

static void set_int(struct arena *arena, struct json *object, const char *key, int64_t number)
{
	if (number >= 0)
		set_uint(arena, object, key, (uint64_t)number);
	else
		child(arena, object, key, JSON_INT)->integer = number;
}

static void set_bool(struct arena *arena, struct json *object, const char *key, bool value)
{
	child(arena, object, key, JSON_BOOL)->boolean = value;
}

static void set_text(struct arena *arena, struct json *object, const char *key, const char *text)
{
	struct json *value = child(arena, object, key, JSON_STRING);

	value->text = arena_strdup(arena, text);
	value->length = (uint32_t)strlen(text);
}

static bool is_number(const struct json *value, int64_t number)
{
	return value && ((value->type == JSON_INT && value->integer == number) || (value->type == JSON_UINT && number >= 0 && value->unsigned_integer == (uint64_t)number));
}

static bool is_text(const struct json *value, const char *text)
{
	return value && value->type == JSON_STRING && strcmp(value->text, text) == 0;
}

/* The last element of LIST that is about this device (the last one counts), or a new one. */
static struct json *device_entry(struct arena *arena, struct json *list, int64_t major, int64_t minor)
{
	struct json *entry = NULL;

	for (struct json *at = list->first; at; at = at->next)
		if (at->type == JSON_OBJECT && is_number(find(at, "major"), major) && is_number(find(at, "minor"), minor))
			entry = at;
	if (!entry) {
		entry = append(arena, list, NULL);
		entry->type = JSON_OBJECT;
		set_int(arena, entry, "major", major);
		set_int(arena, entry, "minor", minor);
	}
	return entry;
}

/* The element whose member KEY is TEXT, or a new one. */
static struct json *named_entry(struct arena *arena, struct json *list, const char *key, const char *text)
{
	struct json *entry = NULL;

	for (struct json *at = list->first; at; at = at->next)
		if (at->type == JSON_OBJECT && is_text(find(at, key), text))
			entry = at;
	if (!entry) {
		entry = append(arena, list, NULL);
		entry->type = JSON_OBJECT;
		set_text(arena, entry, key, text);
	}
	return entry;
}

/* ---- the parts of linux.resources --------------------------------------------------- */

static void update_memory(struct arena *arena, struct json *resources, const struct spec_memory *m)
{
	struct json *o = child(arena, resources, "memory", JSON_OBJECT);

	if (m->has_limit)
		set_int(arena, o, "limit", m->limit);
	if (m->has_reservation)
		set_int(arena, o, "reservation", m->reservation);
	if (m->has_swap)
		set_int(arena, o, "swap", m->swap);
	else if (m->has_limit && m->limit == -1)
		set_int(arena, o, "swap", -1);
	if (m->has_kernel)
		set_int(arena, o, "kernel", m->kernel);
	if (m->has_kernel_tcp)
		set_int(arena, o, "kernelTCP", m->kernel_tcp);
	if (m->has_swappiness)
		set_uint(arena, o, "swappiness", m->swappiness);
	if (m->has_disable_oom_killer)
		set_bool(arena, o, "disableOOMKiller", m->disable_oom_killer);
	if (m->has_use_hierarchy)
		set_bool(arena, o, "useHierarchy", m->use_hierarchy);
	if (m->has_check_before_update)
		set_bool(arena, o, "checkBeforeUpdate", m->check_before_update);
}

static void update_cpu(struct arena *arena, struct json *resources, const struct spec_cpu *c)
{
	struct json *o = child(arena, resources, "cpu", JSON_OBJECT);

	if (c->has_shares)
		set_uint(arena, o, "shares", c->shares);
	if (c->has_quota)
		set_int(arena, o, "quota", c->quota);
	if (c->has_burst)
		set_uint(arena, o, "burst", c->burst);
	if (c->has_period)
		set_uint(arena, o, "period", c->period);
	if (c->has_realtime_runtime)
		set_int(arena, o, "realtimeRuntime", c->realtime_runtime);
	if (c->has_realtime_period)
		set_uint(arena, o, "realtimePeriod", c->realtime_period);
	if (c->has_idle)
		set_int(arena, o, "idle", c->idle);
	if (c->cpus)
		set_text(arena, o, "cpus", c->cpus);
	if (c->mems)
		set_text(arena, o, "mems", c->mems);
}

static void update_block_io(struct arena *arena, struct json *resources, const struct spec_block_io *b)
{
	static const char *const throttles[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = "throttleReadBpsDevice",
		[THROTTLE_WRITE_BPS] = "throttleWriteBpsDevice",
		[THROTTLE_READ_IOPS] = "throttleReadIOPSDevice",
		[THROTTLE_WRITE_IOPS] = "throttleWriteIOPSDevice",
	};
	struct json *o = child(arena, resources, "blockIO", JSON_OBJECT);

	if (b->has_weight)
		set_uint(arena, o, "weight", b->weight);
	if (b->has_leaf_weight)
		set_uint(arena, o, "leafWeight", b->leaf_weight);
	for (size_t i = 0; i < b->weight_device_count; i++) {
		const struct spec_weight_device *d = &b->weight_devices[i];
		struct json *entry = device_entry(arena, child(arena, o, "weightDevice", JSON_ARRAY), d->major, d->minor);

		if (d->has_weight)
			set_uint(arena, entry, "weight", d->weight);
		if (d->has_leaf_weight)
			set_uint(arena, entry, "leafWeight", d->leaf_weight);
	}
	for (int kind = 0; kind < THROTTLE_KIND_COUNT; kind++)
		for (size_t i = 0; i < b->throttle_count[kind]; i++) {
			const struct spec_throttle_device *d = &b->throttle[kind][i];

			set_uint(arena, device_entry(arena, child(arena, o, throttles[kind], JSON_ARRAY), d->major, d->minor), "rate", d->rate);
		}
}

static void update_network(struct arena *arena, struct json *resources, const struct spec_resources *r)
{
	struct json *o = child(arena, resources, "network", JSON_OBJECT);

	if (r->has_class_id)
		set_uint(arena, o, "classID", r->class_id);
	for (size_t i = 0; i < r->priority_count; i++) {
		struct json *list = child(arena, o, "priorities", JSON_ARRAY);

		set_uint(arena, named_entry(arena, list, "name", r->priorities[i].name), "priority", r->priorities[i].priority);
	}
}

static void update_rdma(struct arena *arena, struct json *resources, const struct spec_rdma *d)
{
	struct json *entry = child(arena, child(arena, resources, "rdma", JSON_OBJECT), d->device, JSON_OBJECT);

	if (d->has_handles)
		set_uint(arena, entry, "hcaHandles", d->handles);
	if (d->has_objects)
		set_uint(arena, entry, "hcaObjects", d->objects);
}

static void update_devices(struct arena *arena, struct json *resources, const struct spec_resources *r)
{
	struct json *list = child(arena, resources, "devices", JSON_ARRAY);

	list->first = NULL;
	list->length = 0;
	for (size_t i = 0; i < r->device_count; i++) {
		const struct spec_device_rule *rule = &r->devices[i];
		char type[2] = { rule->type }, access[4] = "", *end = access;
		uint8_t bits = rule->access ? rule->access : 7;
		struct json *entry = append(arena, list, NULL);

		entry->type = JSON_OBJECT;
		set_bool(arena, entry, "allow", rule->allow);
		set_text(arena, entry, "type", type);
		if (rule->major != SPEC_WILDCARD)
			set_int(arena, entry, "major", rule->major);
		if (rule->minor != SPEC_WILDCARD)
			set_int(arena, entry, "minor", rule->minor);
		if (bits & 1)
			*end++ = 'r';
		if (bits & 2)
			*end++ = 'w';
		if (bits & 4)
			*end++ = 'm';
		set_text(arena, entry, "access", access);
	}
}

static void update_resources(struct arena *arena, struct json *o, const struct spec_resources *r)
{
	if (r->device_count)
		update_devices(arena, o, r);
	if (r->memory)
		update_memory(arena, o, r->memory);
	if (r->cpu)
		update_cpu(arena, o, r->cpu);
	if (r->has_pids_limit)
		set_int(arena, child(arena, o, "pids", JSON_OBJECT), "limit", r->pids_limit);
	if (r->block_io)
		update_block_io(arena, o, r->block_io);
	for (size_t i = 0; i < r->hugepage_limit_count; i++) {
		const struct spec_hugepage_limit *h = &r->hugepage_limits[i];

		set_uint(arena, named_entry(arena, child(arena, o, "hugepageLimits", JSON_ARRAY), "pageSize", h->page_size), "limit", h->limit);
	}
	if (r->has_class_id || r->priority_count)
		update_network(arena, o, r);
	for (size_t i = 0; i < r->rdma_count; i++)
		update_rdma(arena, o, &r->rdma[i]);
	for (size_t i = 0; i < r->unified_count; i++)
		set_text(arena, child(arena, o, "unified", JSON_OBJECT), r->unified[i].key, r->unified[i].value);
}

int spec_config_update(const char *text, size_t length, const struct spec_resources *changes, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct json_writer writer = { .out = out };
	struct json *root = NULL;
	int r = json_parse(arena, text, length, &root, err);

	if (r < 0)
		return r;
	if (root->type != JSON_OBJECT)
		return error_set(err, ERROR_INVALID, 0, "expected object, found %s", json_type_name(root->type));
	update_resources(arena, child(arena, child(arena, root, "linux", JSON_OBJECT), "resources", JSON_OBJECT), changes);
	json_write_value(&writer, NULL, root);
	return 0;
}
