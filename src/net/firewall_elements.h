/* SPDX-License-Identifier: Apache-2.0 */
/* From networks and ports to elements of our table's sets, and back. Pure. */
#ifndef BIVY_NET_FIREWALL_ELEMENTS_H
#define BIVY_NET_FIREWALL_ELEMENTS_H

#include "base/error.h"
#include "net/firewall_table.h"
#include "spec/network.h"
#include "spec/network_plan.h"

#include <stdbool.h>

struct firewall_list {
	struct nftables_element *elements;
	size_t count, capacity;
};

/* A list for each set of content; firewall_elements_done(). */
struct firewall_elements {
	struct firewall_list lists[FIREWALL_CONTENT_COUNT];
};

void firewall_elements_done(struct firewall_elements *elements);
#define _cleanup_firewall_elements_ _cleanup_(firewall_elements_done)

/* There is room for COUNT more. */
void firewall_list_reserve(struct firewall_list *list, size_t count);
struct nftables_element *firewall_list_add(struct firewall_list *list);
/* But for their comments. */
bool firewall_elements_equal(const struct nftables_element *a, const struct nftables_element *b);

/* By bytes; then firewall_list_has() can be asked. Comments do not count. */
void firewall_list_sort(struct firewall_list *list);
bool firewall_list_has(const struct firewall_list *list, const struct nftables_element *element);

/* A number of the list's content, whatever its order: that of two lists is the sum of theirs. */
uint64_t firewall_list_digest(enum firewall_set set, const struct firewall_list *list);

/* Adds a network's elements; ERROR_INVALID if a subnet or name is not one. */
int firewall_elements_add_network(struct firewall_elements *elements, const struct spec_network *network, struct error *err) _must_check_;

/* Adds those of one of a container's ports. ERROR_INVALID with what is wrong. */
int firewall_elements_add_port(struct firewall_elements *elements, const struct spec_published_port *port, struct error *err) _must_check_;

/* An element of the set SET, one of those with ports, in words; strings in ARENA. */
void firewall_element_port(struct arena *arena, enum firewall_set set, const struct nftables_element *element, struct spec_published_port *ret);

/* What an element of a set of ports is about: addresses and ports of the host, from … to. */
struct firewall_span {
	size_t size; /* bytes of an address */
	uint8_t first_address[16], last_address[16];
	uint8_t protocol;
	uint16_t first, last;
};
struct firewall_span firewall_element_span(enum firewall_set set, const struct nftables_element *element);

/* Whether both, of one family, have a port of an address in common. */
bool firewall_spans_overlap(const struct firewall_span *a, const struct firewall_span *b);

/* "tcp", "udp", "sctp" or NULL, and 0 for other words. */
const char *firewall_protocol_name(uint8_t protocol);
uint8_t firewall_protocol_number(const char *name);

#endif
