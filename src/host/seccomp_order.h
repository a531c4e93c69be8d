/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several rules with conditions decides about a call for which more
 * than one holds. Profiles are written for libseccomp, which tries the more
 * particular one first, wherever it stands in the policy. Rules are compared
 * by their conditions, in the order of the arguments:
 *
 *   - one about a later argument comes before one about an earlier;
 *   - then equality, inequality and masks come before < and <=, those before
 *     > and >=;
 *   - then of < and <= the smaller value comes first, of all others the
 *     greater (of masks what is left of the value);
 *   - a value is compared by its upper half first, where arguments have one,
 *     and comparisons that only agree in that half, but in nothing else, are
 *     not compared further.
 *
 * What is undecided then, the order of the policy decides. Of rules with the
 * same conditions the first counts, which libseccomp would refuse.
 */
#ifndef BIVY_HOST_SECCOMP_ORDER_H
#define BIVY_HOST_SECCOMP_ORDER_H

#include "host/seccomp.h"

/* Rules in the order in which they are tried; without names. */
struct seccomp_order {
	struct seccomp_rule *rules; /* conditions are borrowed */
	size_t count, capacity;
};

/*
 * Puts RULE, the next one of the policy, into its place: as several rules if
 * conditions of it are about the same argument (host/seccomp.h). IS_32BIT: of
 * all values the lower half counts. More rules than fit into a filter are let
 * fall, so that what is left still does not fit. Undo: free(order->rules).
 */
void seccomp_order_add(struct seccomp_order *order, const struct seccomp_rule *rule, bool is_32bit);

#endif
