/* SPDX-License-Identifier: Apache-2.0 */
/* Networks as people see them: docker's list and document. */
#include "engine/container.h"
#include "engine/network_files.h"
#include "engine/network_filter.h"
#include "engine/network_members.h"
#include "engine/network_resolver.h"
#include "spec/config.h"

#include <arpa/inet.h>

/* Those without a record. Ids, which nobody chose, are the same on every host. */
static const struct spec_network predefined[] = {
	{ .name = (char *)"host", .driver = (char *)"host", .id = (char *)"686f737400000000000000000000000000000000000000000000000000000000" },
	{ .name = (char *)"none", .driver = (char *)"null", .id = (char *)"6e6f6e6500000000000000000000000000000000000000000000000000000000" },
};

const struct spec_network *network_predefined(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(predefined); i++)
		if (str_equal(predefined[i].name, text))
			return &predefined[i];
	return NULL;
}

bool network_is_predefined(const struct spec_network *network)
{
	return str_equal(network->name, NETWORK_DEFAULT) || network_predefined(network->name);
}

char *network_endpoint_id(struct arena *arena, const char *container_id, const char *network_id)
{
	return arena_printf(arena, "%.32s%.32s", container_id, network_id);
}

/* ---- the list -------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct spec_network *const *)a)->name, (*(const struct spec_network *const *)b)->name);
}

int network_survey(struct arena *arena, const struct directories *directories, char *const *filters, const struct spec_network ***ret,
		   size_t *ret_count, struct error *err)
{
	_cleanup_network_filter_ struct network_filter filter = network_filter_begin(arena);
	const struct spec_network **all = NULL, **passed;
	struct network_users users = { NULL };
	size_t count = 0, kept = 0;
	int r = 0;

	for (; r == 0 && filters && *filters; filters++)
		r = network_filter_add(&filter, *filters, err);
	if (r == 0)
		r = network_list(arena, directories, &all, &count, err);
	network_resolvers_revive(directories);
	if (r == 0 && filter.asks_users)
		r = network_users_list(arena, directories, &users, err);
	if (r < 0)
		return r;
	passed = arena_alloc(arena, count + ARRAY_SIZE(predefined), sizeof *passed);
	for (size_t i = 0; i < count + ARRAY_SIZE(predefined); i++) {
		const struct spec_network *network = i < count ? all[i] : &predefined[i - count];

		if (network_filter_passes(&filter, network, network_users_find(&users, network)))
			passed[kept++] = network;
	}
	qsort(passed, kept, sizeof *passed, compare_names);
	*ret = passed;
	*ret_count = kept;
	return 0;
}

/* ---- one -------------------------------------------------------------------------------- */

struct inspection {
	const struct directories *directories;
	const struct spec_network *network;
	struct json_writer *writer;
};

static const char *find_address(char *const *addresses, bool is_ipv6)
{
	for (; addresses && *addresses; addresses++)
		if (!strchr(*addresses, ':') == !is_ipv6)
			return *addresses;
	return "";
}

static void write_member(struct inspection *inspection, const char *id, const struct spec_network_link *link)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct json_writer *w = inspection->writer;
	bool is_there = container_record_open(arena, inspection->directories, id, &record, NULL) == 0;

	json_write_open(w, id, '{');
	json_write_string(w, "Name", is_there ? record.container->name : "");
	json_write_string(w, "EndpointID", network_endpoint_id(arena, id, inspection->network->id));
	json_write_string(w, "MacAddress", link->mac ? link->mac : "");
	json_write_string(w, "IPv4Address", find_address(link->addresses, false));
	json_write_string(w, "IPv6Address", find_address(link->addresses, true));
	json_write_close(w, '}');
}

static int write_links(void *context, const char *id, const struct spec_network_plan *plan, struct error *err _unused_)
{
	struct inspection *inspection = context;

	for (size_t i = 0; i < plan->link_count; i++) {
		if (str_equal(plan->links[i].network_id, inspection->network->id)) {
			write_member(inspection, id, &plan->links[i]);
			return 0;
		}
	}
	return 0;
}

int network_inspect(const struct directories *directories, const char *text, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *network = network_predefined(text);
	struct json_writer w = { .out = out };
	int r = network ? 0 : network_find(arena, directories, text, &network, err);

	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	spec_network_write_inspect(&w, network);
	json_write_open(&w, "Containers", '{');
	network_resolvers_revive(directories);
	r = network_members_visit(arena, directories, write_links, &(struct inspection){ directories, network, &w }, err);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	return r;
}
