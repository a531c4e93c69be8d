/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/json. */
#include "api/containers_list.h"
#include "api/routes.h"
#include "engine/container_network.h"
#include "engine/container_text.h"
#include "engine/containers.h"

#include <limits.h>
#include <time.h>

struct list {
	struct arena *arena;
	unsigned minor;
	time_t now;
	struct buf row; /* for one after the other */
};

/* ---- ports ------------------------------------------------------------------------------------ */

static void write_port(struct json_writer *w, const char *ip, unsigned private, unsigned public, const char *protocol)
{
	json_write_open(w, NULL, '{');
	if (ip)
		json_write_string(w, "IP", ip);
	json_write_uint(w, "PrivatePort", private);
	if (ip)
		json_write_uint(w, "PublicPort", public);
	json_write_string(w, "Type", protocol);
	json_write_close(w, '}');
}

/* One of the range, for each address that it is reached at. */
static void write_published(struct json_writer *w, const struct spec_published_port *port, unsigned index)
{
	unsigned private = port->port + index, public = port->host_port + index;

	if (port->host_ip) {
		write_port(w, port->host_ip, private, public, port->protocol);
		return;
	}
	if (port->address4)
		write_port(w, "0.0.0.0", private, public, port->protocol);
	if (port->address6)
		write_port(w, "::", private, public, port->protocol);
}

static bool is_published(const struct container_entry *entry, uint64_t number, const char *protocol)
{
	for (size_t i = 0; i < entry->port_count; i++) {
		const struct spec_published_port *port = &entry->ports[i];

		if (number >= port->port && number - port->port < port->count && str_equal(port->protocol, protocol))
			return true;
	}
	return false;
}

/* "80/tcp" that is only exposed; of a stopped container docker tells of none. */
static void write_exposed(struct json_writer *w, const struct container_entry *entry, const char *text)
{
	const char *slash = strchr(text, '/'), *protocol = slash ? slash + 1 : "tcp";
	_cleanup_free_ char *number = str_printf("%.*s", (int)strcspn(text, "/"), text);
	uint64_t port;

	if (str_to_u64(number, 10, &port) == 0 && port <= 65535 && !is_published(entry, port, protocol))
		write_port(w, NULL, (unsigned)port, 0, protocol);
}

static void write_ports(struct json_writer *w, const struct container_entry *entry)
{
	json_write_open(w, "Ports", '[');
	for (size_t i = 0; i < entry->port_count; i++)
		for (unsigned index = 0; index < entry->ports[i].count; index++)
			write_published(w, &entry->ports[i], index);
	for (char **port = entry->container->config.exposed_ports; entry->state->pid > 0 && port && *port; port++)
		write_exposed(w, entry, *port);
	json_write_close(w, ']');
}

/* ---- one container ------------------------------------------------------------------------------- */

static void write_labels(struct json_writer *w, const struct spec_container *container)
{
	json_write_open(w, "Labels", '{');
	for (size_t i = 0; i < container->config.label_count; i++)
		json_write_string(w, container->config.labels[i].key, container->config.labels[i].value);
	json_write_close(w, '}');
}

static void write_host(struct json_writer *w, const struct spec_host_config *host)
{
	json_write_open(w, "HostConfig", '{');
	json_write_string(w, "NetworkMode", host->network_mode ? host->network_mode : "default");
	if (host->annotation_count) {
		json_write_open(w, "Annotations", '{');
		for (size_t i = 0; i < host->annotation_count; i++)
			json_write_string(w, host->annotations[i].key, host->annotations[i].value);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void write_health(struct json_writer *w, const struct spec_health_state *health)
{
	json_write_open(w, "Health", '{');
	json_write_string(w, "Status", spec_health_status_name(health->status));
	json_write_int(w, "FailingStreak", health->failing_streak);
	json_write_close(w, '}');
}

/* What is told before its status, which changes by itself; and behind it. */
static void write_head(struct json_writer *w, const struct container_entry *entry)
{
	const struct spec_container *container = entry->container;
	const char *image = container->config.image ? container->config.image : container->host.rootfs_path;

	json_write_open(w, NULL, '{');
	json_write_string(w, "Id", container->id);
	json_write_open(w, "Names", '[');
	json_write_string(w, NULL, arena_printf(entry->record->arena, "/%s", container->name));
	json_write_close(w, ']');
	json_write_string(w, "Image", image ? image : "");
	json_write_string(w, "ImageID", container->image_id ? container->image_id : "");
	json_write_string(w, "Command", container_text_words(entry->record->arena, container));
	json_write_int(w, "Created", entry->created_s);
	write_ports(w, entry);
	if (entry->has_size) {
		json_write_uint(w, "SizeRw", entry->size_rw);
		json_write_uint(w, "SizeRootFs", entry->size_root);
	}
	write_labels(w, container);
	json_write_string(w, "State", spec_container_status_name(entry->state->status));
}

static void write_tail(struct json_writer *w, const struct list *list, const struct container_entry *entry)
{
	if (list->minor >= 52)
		write_health(w, &entry->state->health);
	write_host(w, &entry->container->host);
	json_write_open(w, "NetworkSettings", '{');
	container_network_write_networks(w, entry->record);
	json_write_close(w, '}');
	container_write_mounts(w, entry->record);
	json_write_close(w, '}');
}

#define KEY_FIRST 1 /* what the note of a record has then */
#define KEY_HEALTH 2

/* The two halves; kept with the record, if that is kept. */
static void describe(struct list *list, const struct container_entry *entry, struct container_note *ret)
{
	struct container_note *note = entry->record->note;
	unsigned key = list->minor >= 52 ? KEY_HEALTH : KEY_FIRST;
	struct json_writer w = { .out = &list->row };
	size_t half;

	if (note && note->key == key && !entry->has_size) {
		*ret = *note;
		return;
	}
	list->row.length = 0;
	write_head(&w, entry);
	buf_add_char(&list->row, '\0');
	half = list->row.length;
	write_tail(&w, list, entry);
	ret->arena = note && !entry->has_size ? note->arena : entry->record->arena;
	ret->key = key;
	ret->texts[0] = arena_strdup(ret->arena, list->row.data);
	ret->texts[1] = arena_strdup(ret->arena, list->row.data + half);
	if (ret->arena != entry->record->arena)
		*note = *ret;
}

static int show(void *context, const struct container_entry *entry, const char **ret, struct error *err _unused_)
{
	struct list *list = context;
	struct container_note halves = { .arena = NULL };
	struct json_writer w = { .out = &list->row, .need_comma = true };

	describe(list, entry, &halves);
	list->row.length = 0;
	buf_add_text(&list->row, halves.texts[0]);
	json_write_string(&w, "Status", container_text_status(entry->record->arena, entry, list->now));
	buf_add_text(&list->row, halves.texts[1]);
	*ret = arena_strdup(list->arena, list->row.data);
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------------ */

int api_containers_encode(struct api_call *call, const struct container_list_request *request, struct buf *out, struct error *err)
{
	struct list list = { .arena = call->arena, .minor = call->target.minor, .now = time(NULL) };
	struct container_list_request shown = *request;
	const char **rows;
	size_t count;
	int r;

	shown.show = show;
	shown.context = &list;
	r = container_list(call->arena, &shown, &rows, &count, err);
	if (r < 0)
		return r;
	buf_add_char(out, '[');
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? "," : "", rows[i]);
	buf_add_char(out, ']');
	return 0;
}

int api_containers_list(struct api_call *call, struct error *err)
{
	struct container_list_request request = {
		.directories = call->directories,
		.cache = call->containers,
		.all = api_target_flag(&call->target, "all", false),
		.size = api_target_flag(&call->target, "size", false),
	};
	_cleanup_buf_ struct buf document = BUF_INIT;
	/* docker takes what is below 1 for all. */
	int r = api_target_number(&call->target, "limit", INT_MIN, INT_MAX, &request.last, err);

	if (request.last < 0)
		request.last = 0;
	if (r == 0)
		r = api_target_filters(call->arena, &call->target, &request.filters, err);
	if (r == 0)
		r = api_containers_encode(call, &request, &document, err);
	return r < 0 ? r : api_reply_json(call, 200, &document, err);
}
