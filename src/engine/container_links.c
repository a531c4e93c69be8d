/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_links.h"
#include "engine/container.h"
#include "engine/container_network.h"

/* What it has in that network while it runs; NULL: nothing. */
static char **addresses_of(struct arena *arena, const struct container_record *other, const char *network_id)
{
	const struct spec_network_plan *plan = NULL;

	if (!other->is_supervised || container_network_read(arena, other, &plan, NULL) < 0 || !plan)
		return NULL;
	for (size_t i = 0; i < plan->link_count; i++)
		if (str_equal(plan->links[i].network_id, network_id))
			return plan->links[i].addresses;
	return NULL;
}

/* TEXT is "ID:ALIAS". */
static struct container_link find_link(struct arena *arena, const struct directories *directories, const char *network_id, const char *text)
{
	_cleanup_container_record_ struct container_record other = { .fd = -EBADF };
	const char *colon = strchr(text, ':');
	const char *id = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : text, *alias = colon ? colon + 1 : text;

	if (container_record_open(arena, directories, id, &other, NULL) < 0)
		return (struct container_link){ .names = alias };
	return (struct container_link){ .names = arena_printf(arena, "%s %s %.12s", alias, other.container->name, other.container->id),
		.addresses = addresses_of(arena, &other, network_id) };
}

size_t container_links_find(struct arena *arena, const struct directories *directories, const struct spec_host_config *host, struct container_link **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < host->endpoint_count; i++)
		count += host->endpoints[i].links ? strv_length(host->endpoints[i].links) : 0;
	*ret = arena_alloc(arena, count + 1, sizeof **ret);
	count = 0;
	for (size_t i = 0; i < host->endpoint_count; i++)
		for (char **link = host->endpoints[i].links; link && *link; link++)
			(*ret)[count++] = find_link(arena, directories, host->endpoints[i].network_id, *link);
	return count;
}
