/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/script_text.h"

#include <string.h>

/* ---- links --------------------------------------------------------------------------- */

/* "10.66.0.1/20" of a gateway and of an address beside it. */
static void add_bridge_address(const struct script *script, const struct spec_network_link *link, const char *gateway, char mark)
{
	for (char **address = link->addresses; gateway && address && *address; address++)
		if (strchr(*address, mark) && strchr(*address, '/')) {
			buf_printf(script->out, "\tip address add %s%s dev '%s'\n", gateway, strchr(*address, '/'), link->parent);
			return;
		}
}

/* The network's bridge, where bivy has not made it already. */
static void add_bridge(const struct script *script, const struct spec_network_link *link)
{
	buf_printf(script->out, "if ! ip link show '%s' >/dev/null 2>&1; then  # the bridge of network '%s', if bivy has none now\n", link->parent, link->network);
	buf_printf(script->out, "\tip link add '%s' type bridge; links+=('%s')\n", link->parent, link->parent);
	add_bridge_address(script, link, link->bridge4, '.');
	add_bridge_address(script, link, link->bridge6, ':');
	buf_printf(script->out, "\tip link set '%s' up\nfi\n", link->parent);
}

static void add_link(const struct script *script, const struct spec_network_link *link)
{
	struct buf *out = script->out;

	if (link->kind == SPEC_LINK_VETH) {
		add_bridge(script, link);
		buf_printf(out, "ip link add '%s' type veth peer name '%s' netns \"$init\"; links+=('%s')\n", link->host_name, link->name, link->host_name);
		buf_printf(out, "ip link set '%s' master '%s' up\n", link->host_name, link->parent);
	} else {
		buf_printf(out, "ip link add link '%s' name '%s' netns \"$init\" type %s", link->parent, link->name,
			   link->kind == SPEC_LINK_MACVLAN ? "macvlan" : "ipvlan");
		if (link->mode)
			buf_printf(out, " mode %s", link->mode);
		buf_add_char(out, '\n');
	}
	buf_printf(out, "there=(nsenter --net=\"/proc/$init/ns/net\" ip)\n");
	if (link->mac)
		buf_printf(out, "\"${there[@]}\" link set '%s' address %s\n", link->name, link->mac);
	if (link->mtu)
		buf_printf(out, "\"${there[@]}\" link set '%s' mtu %u\n", link->name, link->mtu);
	for (char **address = link->addresses; address && *address; address++)
		buf_printf(out, "\"${there[@]}\" address add %s dev '%s'%s\n", *address, link->name, strchr(*address, ':') ? " nodad" : "");
	buf_printf(out, "\"${there[@]}\" link set '%s' up\n", link->name);
	if (link->gateway4)
		buf_printf(out, "\"${there[@]}\" route add default via %s dev '%s'\n", link->gateway4, link->name);
	if (link->gateway6)
		buf_printf(out, "\"${there[@]}\" -6 route add default via %s dev '%s'\n", link->gateway6, link->name);
}

/* ---- rules --------------------------------------------------------------------------- */

static void add_masquerade(const struct script *script, const struct spec_network_link *link, char mark, const char *family)
{
	for (char **address = link->addresses; address && *address; address++)
		if (strchr(*address, mark))
			buf_printf(script->out, "\t\t%s saddr %.*s oifname != \"%s\" masquerade\n", family, (int)strcspn(*address, "/"), *address, link->parent);
}

static void add_destination(const struct script *script, const struct spec_published_port *port, bool six)
{
	const char *address = six ? port->address6 : port->address4, *family = six ? "ip6" : "ip";
	bool host_is_six = port->host_ip && strchr(port->host_ip, ':');
	_cleanup_free_ char *last = port->count > 1 ? str_printf("-%u", port->host_port + port->count - 1) : NULL;

	if (!address || (port->host_ip && host_is_six != six))
		return;
	buf_add_text(script->out, "\t\t");
	if (port->host_ip)
		buf_printf(script->out, "%s daddr %s ", family, port->host_ip);
	buf_printf(script->out, "fib daddr type local meta nfproto %s %s dport %u%s dnat %s to ", six ? "ipv6" : "ipv4", port->protocol, port->host_port,
		   last ? last : "", family);
	buf_printf(script->out, six ? "[%s]:%u" : "%s:%u", address, port->port);
	if (last)
		buf_printf(script->out, "-%u", port->port + port->count - 1);
	buf_add_char(script->out, '\n');
}

static void add_port_chain(const struct script *script, const char *name, const char *hook)
{
	const struct spec_network_plan *network = script->request->network;

	buf_printf(script->out, "\tchain %s {\n\t\ttype nat hook %s priority -100\n", name, hook);
	for (size_t i = 0; i < network->port_count; i++) {
		add_destination(script, &network->ports[i], false);
		add_destination(script, &network->ports[i], true);
	}
	buf_add_text(script->out, "\t}\n");
}

static bool needs_rules(const struct spec_network_plan *network)
{
	bool needs = network->port_count > 0;

	for (size_t i = 0; i < network->link_count; i++)
		needs |= network->links[i].kind == SPEC_LINK_VETH && !network->links[i].internal;
	return needs;
}

static void add_rules(const struct script *script)
{
	const struct spec_network_plan *network = script->request->network;

	if (!needs_rules(network))
		return;
	buf_add_text(script->out, "echo 1 >/proc/sys/net/ipv4/ip_forward  # stays, as bivy leaves it\n"
				  "nft -f - <<RULES\ntable inet by_hand_$$ {\n\tchain out {\n\t\ttype nat hook postrouting priority srcnat\n");
	for (size_t i = 0; i < network->link_count; i++) {
		if (network->links[i].kind != SPEC_LINK_VETH || network->links[i].internal)
			continue;
		add_masquerade(script, &network->links[i], '.', "ip");
		add_masquerade(script, &network->links[i], ':', "ip6");
	}
	buf_add_text(script->out, "\t}\n");
	if (network->port_count) {
		add_port_chain(script, "in", "prerouting");
		add_port_chain(script, "local", "output");
	}
	buf_add_text(script->out, "}\nRULES\ntables+=(\"inet by_hand_$$\")\n");
}

void script_add_network(const struct script *script)
{
	const struct spec_network_plan *network = script->request->network;

	if (!network)
		return;
	buf_add_text(script->out, "\n# 7. its links, and the host's rules about them\n"
				  "until [ \"$(readlink \"/proc/$init/ns/net\")\" != \"$(readlink /proc/self/ns/net)\" ]; do kill -0 \"$init\"; sleep 0.01; done\n");
	for (size_t i = 0; i < network->link_count; i++)
		add_link(script, &network->links[i]);
	add_rules(script);
}
