/* SPDX-License-Identifier: Apache-2.0 */
/* What rules of others mean for published ports, in words. Only nf_tables is read, iptables-nft's among it. */
#ifndef BIVY_NET_FIREWALL_EXPLAIN_H
#define BIVY_NET_FIREWALL_EXPLAIN_H

#include "base/error.h"
#include "base/memory.h"

/*
 * Base chains of others that would stop what is forwarded to or from BRIDGE: a policy of drop or a chain that ends in one, without a
 * rule that accepts before. Lines for people ("table ip filter, chain FORWARD (docker): policy drop, for what goes to br-web; to allow it: …"),
 * in ARENA, or NULL: none was found.
 */
int firewall_explain_forward(struct arena *arena, const char *bridge, char ***ret_lines, struct error *err) _must_check_;

/* Base chains of others that protect the host's own ports, and that published ones do not pass: the same. */
int firewall_explain_bypassed(struct arena *arena, char ***ret_lines, struct error *err) _must_check_;

/*
 * Base chains of others that would stop what containers on BRIDGE ask the host itself, where their name server is: the same. Of one whose
 * table has a rule about what comes from BRIDGE nothing is said: somebody has thought of it.
 */
int firewall_explain_questions(struct arena *arena, const char *bridge, char ***ret_lines, struct error *err) _must_check_;

#endif
