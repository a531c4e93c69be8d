/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the host: which are taken, by whom, and which are free. */
#ifndef BIVY_NET_PORTS_H
#define BIVY_NET_PORTS_H

#include "base/error.h"
#include "spec/network_plan.h"

/*
 * ERROR_CONFLICT if a process of the host listens on (tcp, sctp) or is bound to
 * (udp) one of PORTS, naming the port, the address and the process ("… is in use by nginx (process 812)"). One
 * dump of sockets for each protocol asked for (sock_diag(7)), however many ports there are.
 */
int net_ports_check(const struct spec_published_port *ports, size_t count, struct error *err) _must_check_;

/*
 * A port of the host for one of PROTOCOL at HOST_IP (NULL: all) within FIRST and LAST (both 0: the range of
 * net.ipv4.ip_local_port_range), that no process has, chosen by chance from ATTEMPT (0, 1, …) on; whether another
 * container has it firewall_publish() tells. ERROR_UNAVAILABLE: none is left.
 */
int net_ports_choose(const char *protocol, const char *host_ip, uint16_t first, uint16_t last, uint32_t count, unsigned attempt, uint16_t *ret,
	struct error *err) _must_check_;

#endif
