/* SPDX-License-Identifier: Apache-2.0 */
#include "host/conntrack.h"

#include "host/child_test.h"
#include "host/netlink_link.h"
#include "host/nftables_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE "test"

/* Flows are kept in mind once somebody asks for their state; 77 if the kernel does not do that. */
static int begin(void)
{
	const struct nftables_chain out = { .name = "out", .type = "filter", .hook = NFTABLES_OUTPUT, .priority = NFTABLES_FILTER };
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct nftables_rule rule;
	uint32_t generation;
	int fd = -EBADF, r = nftables_open(&fd);

	if (r == 0)
		r = nftables_generation(fd, &generation);
	if (r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP)
		SKIP("nf_tables");
	CHECK(r == 0 && netlink_set_loopback_up() == 0);
	nftables_begin(&batch, 0);
	nftables_add_table(&batch, TABLE);
	nftables_add_chain(&batch, TABLE, &out);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_ct(&rule, NFT_CT_STATE, 0);
	nftables_rule_has_bits(&rule, 0, 1);
	nftables_rule_verdict(&rule, NFTABLES_DROP, NULL);
	nftables_rule_end(&rule);
	r = nftables_commit(&batch, fd);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		SKIP("conntrack of nf_tables");
	CHECK(r == 0);
	return 0;
}

/* What there is, and which port is to be forgotten. */
struct choice {
	uint16_t port;
	size_t count;
	struct conntrack_flow flows[8];
};

static bool choose(void *context, const struct conntrack_flow *flow)
{
	struct choice *choice = context;

	if (choice->count < ARRAY_SIZE(choice->flows))
		choice->flows[choice->count] = *flow;
	choice->count++;
	return flow->port == choice->port;
}

static int forget(uint8_t protocol, uint16_t port, struct choice *ret)
{
	*ret = (struct choice){ .port = port };
	return conntrack_forget(protocol, choose, ret);
}

static const struct conntrack_flow *flow_to(const struct choice *choice, uint16_t port)
{
	for (size_t i = 0; i < choice->count && i < ARRAY_SIZE(choice->flows); i++)
		if (choice->flows[i].port == port)
			return &choice->flows[i];
	return NULL;
}

/* Sends from one new socket to another, both of FAMILY on loopback and of UDP; with ANSWER back, too. */
static int talk(int family, uint16_t port, bool answer)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six;
	socklen_t length = family == AF_INET ? sizeof four : sizeof six, source_length = sizeof(struct sockaddr_storage);
	_cleanup_close_ int service = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), client = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage source;
	char data;

	CHECK(service >= 0 && client >= 0 && bind(service, address, length) == 0);
	CHECK(sendto(client, "x", 1, 0, address, length) == 1);
	CHECK(recvfrom(service, &data, 1, MSG_DONTWAIT, (struct sockaddr *)&source, &source_length) == 1);
	CHECK(!answer || sendto(service, "y", 1, 0, (struct sockaddr *)&source, source_length) == 1);
	return 0;
}

static int flows(void)
{
	static const uint8_t four[4] = { 127, 0, 0, 1 }, six[16] = { [15] = 1 };
	const struct conntrack_flow *flow;
	struct choice choice;
	int r = begin();

	if (r)
		return r;
	r = forget(IPPROTO_UDP, 0, &choice);
	if (r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP)
		SKIP("ctnetlink");
	CHECK(r == 0 && choice.count == 0);
	CHECK(talk(AF_INET, 7, false) == 0 && talk(AF_INET, 8, true) == 0 && talk(AF_INET6, 9, false) == 0);
	CHECK(forget(IPPROTO_TCP, 7, &choice) == 0 && choice.count == 0);
	CHECK(forget(IPPROTO_UDP, 0, &choice) == 0 && choice.count == 3);
	flow = flow_to(&choice, 7);
	CHECK(flow && flow->family == AF_INET && !flow->is_answered);
	CHECK(memcmp(flow->destination, four, sizeof four) == 0 && memcmp(flow->answering, four, sizeof four) == 0);
	flow = flow_to(&choice, 8);
	CHECK(flow && flow->is_answered);
	flow = flow_to(&choice, 9);
	CHECK(flow && flow->family == AF_INET6 && !flow->is_answered);
	CHECK(memcmp(flow->destination, six, sizeof six) == 0 && memcmp(flow->answering, six, sizeof six) == 0);
	/* One is forgotten, the others are not. */
	CHECK(forget(IPPROTO_UDP, 7, &choice) == 0 && choice.count == 3);
	CHECK(forget(IPPROTO_UDP, 9, &choice) == 0 && choice.count == 2 && !flow_to(&choice, 7));
	CHECK(forget(IPPROTO_UDP, 0, &choice) == 0 && choice.count == 1 && flow_to(&choice, 8));
	return 0;
}

IN_CHILD(flows, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
