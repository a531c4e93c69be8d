/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: what of the host and of other engines is in the way of networks. */
#include "engine/doctor_subject.h"

#include "engine/network_files.h"
#include "engine/networks.h"
#include "net/firewall_explain.h"
#include "net/subnets.h"

#include <inttypes.h>
#include <netinet/in.h>

#define ALLOWS "; to allow it: " /* net/firewall_explain.h */

/* ---- the firewall ----------------------------------------------------------------------- */

/* What others stop of a bridge's, each with the line that lets it pass, if who made the rule has one. */
static void say_of_stopped(const struct doctor_subject *subject, char *const *lines, const char *what, struct doctor_outcome *out)
{
	for (; lines && *lines; lines++) {
		const char *way = strstr(*lines, ALLOWS);

		if (way)
			doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, way + strlen(ALLOWS)), "%s %.*s", what, (int)(way - *lines), *lines);
		else
			doctor_say(out, DOCTOR_WARNING, NULL, "%s %s", what, *lines);
	}
}

static void check_firewall(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	char **forwarded = NULL, **asked = NULL;
	struct error err = ERROR_INIT;

	if (!subject->is_live || subject->features.result[FEATURE_NF_TABLES] != 0)
		return;
	if (firewall_explain_forward(subject->arena, NETWORK_DEFAULT_INTERFACE, &forwarded, &err) < 0 ||
	    firewall_explain_questions(subject->arena, NETWORK_DEFAULT_INTERFACE, &asked, &err) < 0) {
		doctor_say(out, DOCTOR_NOTE, NULL, "%s", err.message);
		return;
	}
	say_of_stopped(subject, forwarded, "stops containers:", out);
	say_of_stopped(subject, asked, "stops questions to name servers:", out);
	if (!forwarded && !asked)
		doctor_say(out, DOCTOR_OK, NULL, "nobody else's rules stop what goes to containers or comes from them");
}

/* br_netfilter: what passes within a bridge goes through rules for what is forwarded; ip-sysctl of the kernel. */
static void check_bridge_filter(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	if (doctor_read_number(subject, "/proc/sys/net/bridge/bridge-nf-call-iptables") > 0)
		doctor_say(out, DOCTOR_NOTE, doctor_set_sysctl(subject, "net.bridge.bridge-nf-call-iptables", "0"),
			"rules of iptables hold for containers of the same network, too (net.bridge.bridge-nf-call-iptables): Kubernetes wants that, nobody else");
	else
		doctor_say(out, DOCTOR_OK, NULL, "containers of the same network reach each other past the firewall");
}

/* ---- port 53 ------------------------------------------------------------------------------- */

/* "  12: 00000000:0035 00000000:0000 07 …": proc_net_udp(5). All zeros is every address, of whichever version. */
static bool has_wildcard(const char *table, unsigned port)
{
	for (const char *line = strchr(table, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		char address[33];
		unsigned found;

		if (sscanf(line + 1, " %*u: %32[0-9A-Fa-f]:%x", address, &found) == 2 && found == port && strspn(address, "0") == strlen(address))
			return true;
	}
	return false;
}

static void check_name_servers(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const char *const tables[] = { "/proc/net/udp", "/proc/net/udp6" };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const char *table = doctor_read(subject, tables[i]);

		if (!table || !has_wildcard(table, 53))
			continue;
		if (doctor_exists(subject, "/etc/dnsmasq.d"))
			doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, "echo bind-dynamic >/etc/dnsmasq.d/bivy.conf && systemctl restart dnsmasq"),
				"something answers at port 53 of all addresses, dnsmasq perhaps: name servers of networks have no place");
		else
			doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, "ss -lunp sport = :53"),
				"something answers at port 53 of all addresses: name servers of networks have no place; the line says what, to be told to keep to its own");
		return;
	}
	doctor_say(out, DOCTOR_OK, NULL, "port 53 is free at the addresses of networks");
}

/* ---- others' addresses ------------------------------------------------------------------------ */

/* Bridges that other engines make, and what takes each away when nothing of theirs runs. */
static void check_other_engines(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct {
		const char *interface, *engine, *program;
	} bridges[] = {
		{ "docker0", "Docker", "dockerd" },
		{ "podman0", "Podman", "podman" },
		{ "cni-podman0", "Podman", "podman" },
		{ "cni0", "Kubernetes", "kubelet" },
		{ "lxcbr0", "LXC", "lxc-start" },
		{ "virbr0", "libvirt", "libvirtd" },
	};
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_SIZE(bridges); i++) {
		if (!doctor_exists(subject, arena_printf(subject->arena, "/sys/class/net/%s", bridges[i].interface)) || doctor_find_program(subject, bridges[i].program))
			continue;
		is_found = true;
		doctor_say_by_hand(out, DOCTOR_NOTE, doctor_as_root(subject, arena_printf(subject->arena, "ip link delete %s", bridges[i].interface)),
			"%s is left of %s, which is not installed: its addresses are given to no network", bridges[i].interface, bridges[i].engine);
	}
	if (!is_found)
		doctor_say(out, DOCTOR_OK, NULL, "no engine has left a bridge");
}

/* ---- subnets ------------------------------------------------------------------------------------ */

/* A user's bridges are in his home: what the host has of the same name is another's. */
static bool is_own_bridge(const struct doctor_subject *subject, const struct spec_network *network, const struct net_used_subnet *used)
{
	return subject->uid == 0 && str_equal(used->interface, network->interface);
}

static bool say_of_subnet(const struct doctor_subject *subject, const struct spec_network *network, const char *text, const struct net_used_subnet *used,
	size_t count, struct doctor_outcome *out)
{
	char other[INET6_ADDRSTRLEN + 4];
	struct net_subnet subnet;

	if (net_subnet_parse(text, &subnet, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!net_subnets_overlap(&subnet, &used[i].subnet) || is_own_bridge(subject, network, &used[i]))
			continue;
		net_subnet_format(&used[i].subnet, true, other);
		doctor_say_by_hand(out, DOCTOR_WARNING, doctor_own_line(subject, arena_printf(subject->arena, "network rm %s", network->name)),
			"the network '%s' has the subnet %s, which overlaps %s (%s): containers in it do not reach what is there; made anew, it gets another",
			network->name, text, used[i].owner, other);
		return true;
	}
	return false;
}

/* They were free when they were given; but hosts move, and routes come later. */
static void check_subnets(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	_cleanup_free_ struct net_used_subnet *used = NULL;
	const struct spec_network **list = NULL;
	size_t count = 0, used_count = 0;
	struct error err = ERROR_INIT;
	bool is_found = false;

	if (!subject->is_live)
		return;
	if (network_read_all(subject->arena, subject->directories, &list, &count, &err) < 0 || net_subnets_used(&used, &used_count, &err) < 0) {
		doctor_say(out, DOCTOR_NOTE, NULL, "%s", err.message);
		return;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; str_equal(list[i]->driver, "bridge") && k < list[i]->subnet_count; k++)
			is_found |= say_of_subnet(subject, list[i], list[i]->subnets[k].subnet, used, used_count, out);
	if (!is_found)
		doctor_say(out, DOCTOR_OK, NULL, "no network has addresses that are the host's or lead elsewhere from it");
}

static const struct doctor_check checks[] = {
	{ "firewall",      "rules of others stop containers' packets",             DOCTOR_ROOT, check_firewall },
	{ "bridge-filter", "containers of a network reach each other",             DOCTOR_ROOT, check_bridge_filter },
	{ "name-servers",  "each network has one, at port 53 of its own address",  DOCTOR_ROOT, check_name_servers },
	{ "subnets",       "addresses of networks are nobody else's",              DOCTOR_ALL,  check_subnets },
	{ "other-engines", "addresses and rules that others have left",            DOCTOR_ROOT, check_other_engines },
};

const struct doctor_group doctor_network = { "network", checks, ARRAY_SIZE(checks) };
