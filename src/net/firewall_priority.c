/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall_priority.h"

#include "net/firewall.h"
#include "net/firewall_state.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <string.h>

/* The kernel's, whose order is not that of their numbers: 1 and 2 come after 0, which is everybody's (tc-prio(8), IEEE 802.1Q). */
static const uint32_t kernel_priorities[FIREWALL_PRIORITY_MAXIMUM + 1] = {
	[1] = TC_PRIO_FILLER,
	[2] = TC_PRIO_BULK,
	[3] = TC_PRIO_BULK,
	[4] = TC_PRIO_BESTEFFORT,
	[5] = TC_PRIO_INTERACTIVE_BULK,
	[6] = TC_PRIO_INTERACTIVE,
	[7] = TC_PRIO_CONTROL,
};

struct wish {
	const uint8_t *mac;
	uint32_t priority;
};

static int think(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	const struct wish *wish = context;
	const struct firewall_list *list = &state->content.lists[FIREWALL_PRIORITIES];
	struct nftables_element wanted = { .key_length = ETH_ALEN, .data_length = sizeof(uint32_t) };

	memcpy(wanted.key, wish->mac, ETH_ALEN);
	memcpy(wanted.data, &kernel_priorities[wish->priority], sizeof(uint32_t));
	for (size_t i = 0; i < list->count; i++) {
		if (memcmp(list->elements[i].key, wish->mac, ETH_ALEN) != 0)
			continue;
		if (wish->priority && memcmp(list->elements[i].data, wanted.data, sizeof(uint32_t)) == 0)
			return 0;
		*firewall_list_add(&change->remove.lists[FIREWALL_PRIORITIES]) = list->elements[i];
	}
	if (wish->priority)
		*firewall_list_add(&change->add.lists[FIREWALL_PRIORITIES]) = wanted;
	return 0;
}

int firewall_set_priority(const uint8_t *mac, uint32_t priority, struct error *err)
{
	struct wish wish = { mac, priority };
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (priority > FIREWALL_PRIORITY_MAXIMUM)
		return error_set(err, ERROR_INVALID, 0, "there is no priority %u", priority);
	if (r == 0)
		r = firewall_state_change(fd, FIREWALL_BIT(FIREWALL_PRIORITIES), think, &wish);
	if (r == 0 || (!priority && (r == -ENOENT || r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP)))
		return 0;
	if (r == -ENOENT)
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot set a priority: somebody has removed the table 'inet " FIREWALL_TABLE "'");
	return error_errno(err, -r, "cannot set a priority in the firewall");
}
