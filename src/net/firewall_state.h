/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our table as the kernel has it, and transactions upon it.
 *
 * What holds:
 *  1. A change is thought out for what was read, and is committed only if nobody changed any rule set meanwhile (nftables.h, generations);
 *     else it is thought out anew. So the kernel need not refuse overlapping ports, which its sets do only in part (nft_set_pipapo.c
 *     takes a range that encloses another).
 *  2. The set "generation" has the generation that our last change led to while the table is complete. Its comment has digests of the
 *     rules and of all elements, so that a change by others of anything else is told from one of ours. Older ones are left there by
 *     changes that delete nothing else: close(2) of a socket waits for what has been deleted (nf_tables_rcv_nl_event()), some milliseconds.
 *  3. A change keeps that promise only where it held before: what others broke stays to be noticed.
 */
#ifndef BIVY_NET_FIREWALL_STATE_H
#define BIVY_NET_FIREWALL_STATE_H

#include "net/firewall_elements.h"

struct firewall_state {
	uint32_t generation;
	bool has_table;       /* with all sets of ours */
	unsigned stamps;      /* invariant 2; 0: nobody has said yet that it is complete */
	uint32_t stamp_generation;
	uint64_t rules, elements; /* digests of then */
	struct firewall_elements content; /* of the sets asked for */
};

void firewall_state_done(struct firewall_state *state);
#define _cleanup_firewall_state_ _cleanup_(firewall_state_done)

/* A set of sets, for what is to be read. */
#define FIREWALL_BIT(set) (1u << (set))
#define FIREWALL_ALL (FIREWALL_BIT(FIREWALL_CONTENT_COUNT) - 1)

/* Consistent in itself: asked again until nobody changed it meanwhile. Lists are sorted. */
int firewall_state_read(int fd, unsigned sets, struct firewall_state *ret) _must_check_;

/* What is there now: digests, and how many rules. */
int firewall_state_digest_rules(int fd, uint64_t *ret_digest, unsigned *ret_count) _must_check_;
uint64_t firewall_state_digest_elements(const struct firewall_state *state);

/* Whether all is as we have left it, invariant 2: 0, or -ESTALE. */
int firewall_state_verify(int fd, const struct firewall_state *state) _must_check_;

/* Adds messages that write STATE's stamp for the generation after this one; FLUSH: older ones go. */
void firewall_state_add_stamp(const struct firewall_state *state, bool flush, struct netlink_batch *batch);

/* A change: what is in .remove is in the table, what is in .add is not; or all of the table is to go. */
struct firewall_change {
	struct firewall_elements remove, add;
	bool remove_table;
};

/*
 * Reads SETS, lets THINK fill a change, and commits it; again, with THINK called anew, as long as others come in between. THINK's
 * failure is returned. 0 without table if it must not be there (.has_table is false, the change empty), else -ENOENT.
 * A change that only adds or only removes and does not fit into one transaction (nftables_room()) is done in several, for each of which THINK
 * is called; if one of them fails, what those before it have added is taken back.
 */
typedef int firewall_think(void *context, const struct firewall_state *state, struct firewall_change *change);
int firewall_state_change(int fd, unsigned sets, firewall_think *think, void *context) _must_check_;

#endif
