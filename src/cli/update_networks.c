/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/update_networks.h"
#include "cli/value_network.h"
#include "engine/container_network.h"
#include "spec/net_limit.h"

static int decode_ports(struct arena *arena, const char *option, char *const *texts, struct value_ports *ports, struct error *err)
{
	for (; texts && *texts; texts++)
		if (value_port_add(arena, *texts, ports, err) < 0)
			return error_wrap(err, "invalid value '%s' for --%s", *texts, option);
	return 0;
}

int update_networks_decode(struct arena *arena, const struct update_networks_request *request, struct update_networks *ret, struct error *err)
{
	struct update_networks changes = { .left = request->left, .limit = request->limit };
	struct spec_net_limit limit;
	int r = decode_ports(arena, "publish-add", request->published, &changes.published, err);

	if (r == 0)
		r = decode_ports(arena, "publish-rm", request->unpublished, &changes.unpublished, err);
	if (r == 0 && request->limit && spec_net_limit_parse(request->limit, &limit, err) < 0)
		r = error_wrap(err, "invalid value '%s' for --net-limit", request->limit);
	if (r < 0)
		return r;
	changes.joined = arena_alloc(arena, request->joined ? strv_length(request->joined) + 1 : 1, sizeof *changes.joined);
	for (char **text = request->joined; text && *text; text++)
		if (value_network_parse(arena, *text, &changes.joined[changes.joined_count++], err) < 0)
			return error_wrap(err, "invalid value '%s' for --network-add", *text);
	*ret = changes;
	return 0;
}

/* Old ones first: a port or an address may be taken over by a new one. */
int update_networks_apply(const struct directories *directories, const char *container, const struct update_networks *changes, struct error *err)
{
	int r = 0;

	if (changes->unpublished.count)
		r = container_network_unpublish(directories, container, changes->unpublished.items, changes->unpublished.count, err);
	for (char *const *network = changes->left; r == 0 && network && *network; network++)
		r = container_network_disconnect(directories, container, *network, false, err);
	for (size_t i = 0; r == 0 && i < changes->joined_count; i++)
		r = container_network_connect(directories, container, &changes->joined[i], err);
	if (r == 0 && changes->published.count)
		r = container_network_publish(directories, container, changes->published.items, changes->published.count, err);
	if (r == 0 && changes->limit)
		r = container_network_limit(directories, container, changes->limit, err);
	return r;
}
