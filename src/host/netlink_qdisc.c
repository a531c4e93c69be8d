/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netlink_qdisc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#define BURST_PER_S 100          /* a burst is what goes through in the 100th part of a second … */
#define BURST_MINIMUM (32u << 10) /* … but at least so many bytes; packets that are several in one are split (tbf_segment()) … */
#define HEADERS 64               /* … and at least one that is not, with what its link writes before it: a larger one is dropped each time */
#define BURST_MAXIMUM (64u << 20)
#define QUEUE_PER_S 20           /* what waits is that of the 20th part */

static void begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, int index, uint32_t parent, uint32_t handle, const char *kind)
{
	const struct tcmsg message = { .tcm_family = AF_UNSPEC, .tcm_ifindex = index, .tcm_parent = parent, .tcm_handle = handle };

	netlink_batch_begin(batch, type, flags, &message, sizeof message);
	if (kind)
		netlink_batch_add_text(batch, TCA_KIND, kind);
}

static uint32_t within(uint64_t value, uint32_t minimum, uint32_t maximum)
{
	return value < minimum ? minimum : value > maximum ? maximum : (uint32_t)value;
}

void netlink_batch_set_rate(struct netlink_batch *batch, int index, uint64_t bits_per_s, uint32_t mtu)
{
	uint64_t rate = bits_per_s < 8 ? 1 : bits_per_s / 8;
	uint32_t burst = within(rate / BURST_PER_S, within(UINT64_C(0) + mtu + HEADERS, BURST_MINIMUM, BURST_MAXIMUM), BURST_MAXIMUM);
	struct tc_tbf_qopt options = {
		.rate = { .rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate, .linklayer = TC_LINKLAYER_ETHERNET },
		.limit = burst + within(rate / QUEUE_PER_S, BURST_MINIMUM, BURST_MAXIMUM),
	};
	size_t open;

	begin(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, TC_H_ROOT, TC_H_MAKE(1 << 16, 0), "tbf");
	open = netlink_batch_open(batch, TCA_OPTIONS);
	netlink_batch_add(batch, TCA_TBF_PARMS, &options, sizeof options);
	netlink_batch_add_u32(batch, TCA_TBF_BURST, burst);
	netlink_batch_add_u64(batch, TCA_TBF_RATE64, rate);
	netlink_batch_close(batch, open);
}

void netlink_batch_unset_rate(struct netlink_batch *batch, int index)
{
	begin(batch, RTM_DELQDISC, 0, index, TC_H_ROOT, 0, NULL);
}

static void add_redirection(struct netlink_batch *batch, int to)
{
	const struct tc_mirred options = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to };
	size_t list = netlink_batch_open(batch, TCA_U32_ACT), first = netlink_batch_open(batch, 1), parameters;

	netlink_batch_add_text(batch, TCA_ACT_KIND, "mirred");
	parameters = netlink_batch_open(batch, TCA_ACT_OPTIONS);
	netlink_batch_add(batch, TCA_MIRRED_PARMS, &options, sizeof options);
	netlink_batch_close(batch, parameters);
	netlink_batch_close(batch, first);
	netlink_batch_close(batch, list);
}

void netlink_batch_divert_input(struct netlink_batch *batch, int index, int to)
{
	const struct tc_u32_sel selector = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	uint8_t everything[sizeof selector + sizeof(struct tc_u32_key)] = { 0 }; /* a key whose mask is 0 is everything's */
	const struct tcmsg filter = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = index,
		.tcm_parent = TC_H_MAKE(TC_H_INGRESS, 0),
		.tcm_info = TC_H_MAKE(1u << 16, htons(ETH_P_ALL)),
	};
	size_t open;

	begin(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, index, TC_H_INGRESS, TC_H_MAKE(TC_H_INGRESS, 0), "ingress");
	netlink_batch_begin(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, &filter, sizeof filter);
	netlink_batch_add_text(batch, TCA_KIND, "u32");
	open = netlink_batch_open(batch, TCA_OPTIONS);
	memcpy(everything, &selector, sizeof selector);
	netlink_batch_add(batch, TCA_U32_SEL, everything, sizeof everything);
	add_redirection(batch, to);
	netlink_batch_close(batch, open);
}

void netlink_batch_keep_input(struct netlink_batch *batch, int index)
{
	begin(batch, RTM_DELQDISC, 0, index, TC_H_INGRESS, 0, NULL);
}
