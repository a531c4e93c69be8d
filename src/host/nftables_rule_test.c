/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by what becomes of packets: what is dropped on its way out fails to be sent, what is translated arrives elsewhere. */
#include "host/nftables_rule.h"

#include "host/child_test.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE "test"
#define DESTINATION_PORT 2 /* in the header of UDP */

static const struct nftables_chain out = { .name = "out", .type = "filter", .hook = NFTABLES_OUTPUT, .priority = NFTABLES_FILTER };
static const struct nftables_chain to = { .name = "to", .type = "nat", .hook = NFTABLES_OUTPUT, .priority = NFTABLES_NAT_DESTINATION };
static const struct nftables_chain from = { .name = "from", .type = "nat", .hook = NFTABLES_POSTROUTING, .priority = NFTABLES_NAT_SOURCE };
static const struct nftables_chain more = { .name = "more" };
static const struct nftables_set set = { .name = "set", .key = { NFTABLES_PORT } };
static const struct nftables_set map = { .name = "map", .key = { NFTABLES_PORT }, .data = { NFTABLES_IPV4_ADDRESS, NFTABLES_PORT } };

/* A transaction that makes the table, and is to be committed with the rules; 77 without nf_tables. */
static int begin(int *ret_fd, struct netlink_batch *batch)
{
	uint32_t generation;
	int r = nftables_open(ret_fd);

	if (r == 0)
		r = nftables_generation(*ret_fd, &generation);
	if (r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP)
		SKIP("nf_tables");
	CHECK(r == 0 && netlink_set_loopback_up() == 0);
	nftables_begin(batch, 0);
	nftables_add_table(batch, TABLE);
	nftables_add_set(batch, TABLE, &set, 1);
	nftables_add_set(batch, TABLE, &map, 2);
	nftables_add_chain(batch, TABLE, &out);
	nftables_add_chain(batch, TABLE, &more);
	return 0;
}

static void load_port(struct nftables_rule *rule, unsigned to_register)
{
	nftables_rule_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, DESTINATION_PORT, sizeof(uint16_t), to_register);
}

static void drop(struct nftables_rule *rule)
{
	nftables_rule_verdict(rule, NFTABLES_DROP, NULL);
	nftables_rule_end(rule);
}

/* Of UDP at ADDRESS. */
static struct sockaddr_in name(const char *address, uint16_t port)
{
	struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &result.sin_addr);
	return result;
}

/* 0 or -errno of sending a packet of 1 byte with MARK (0: none): -EPERM if it was dropped. */
static int send_marked(const char *address, uint16_t port, int mark)
{
	const struct sockaddr_in destination = name(address, port);
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0)
		return -errno;
	return sendto(fd, "x", 1, 0, (const struct sockaddr *)&destination, sizeof destination) == 1 ? 0 : -errno;
}

static int send_to(uint16_t port)
{
	return send_marked("127.0.0.1", port, 0);
}

/* From ADDRESS, whoever has it. */
static int send_from(const char *address)
{
	const struct sockaddr_in source = name(address, 0), destination = name("127.0.0.1", 9);
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on) < 0 || bind(fd, (const struct sockaddr *)&source, sizeof source) < 0)
		return -errno;
	return sendto(fd, "x", 1, 0, (const struct sockaddr *)&destination, sizeof destination) == 1 ? 0 : -errno;
}

static int comparisons(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const uint8_t udp = IPPROTO_UDP, tcp = IPPROTO_TCP;
	const uint16_t seven = htons(7), eight = htons(8);
	const uint32_t broadcast = RTN_BROADCAST;
	struct nftables_rule rule;
	int fd = -EBADF, r = begin(&fd, &batch);

	if (r)
		return r;
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_meta(&rule, NFT_META_L4PROTO, 0);
	nftables_rule_equals(&rule, 0, &udp, sizeof udp);
	load_port(&rule, 4);
	nftables_rule_equals(&rule, 4, &seven, sizeof seven);
	drop(&rule);
	/* One of them does not compare well: nothing comes of the rule. */
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_meta(&rule, NFT_META_L4PROTO, 0);
	nftables_rule_equals(&rule, 0, &tcp, sizeof tcp);
	load_port(&rule, 0);
	nftables_rule_equals(&rule, 0, &eight, sizeof eight);
	drop(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_meta(&rule, NFT_META_MARK, 0);
	nftables_rule_has_bits(&rule, 0, 0x12);
	drop(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_destination_kind(&rule, 0);
	nftables_rule_equals(&rule, 0, &broadcast, sizeof broadcast);
	drop(&rule);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(send_to(7) == -EPERM && send_to(8) == 0 && send_to(9) == 0);
	CHECK(send_marked("127.0.0.1", 9, 0x10) == -EPERM && send_marked("127.0.0.1", 9, 0x03) == -EPERM);
	CHECK(send_marked("127.0.0.1", 9, 0x01) == 0 && send_marked("127.0.0.1", 9, 0x20) == 0);
	CHECK(send_marked("127.255.255.255", 9, 0) == -EPERM);
	return 0;
}

/* A connection is marked by what leaves from an address of another, and known by that. */
static int foreign_sources(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const uint32_t local = RTN_LOCAL, mark = 0x51;
	struct nftables_rule rule;
	int fd = -EBADF, r = begin(&fd, &batch);

	if (r)
		return r;
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_source_kind(&rule, 0);
	nftables_rule_differs(&rule, 0, &local, sizeof local);
	nftables_rule_value(&rule, &mark, sizeof mark, 0);
	nftables_rule_set_connection_mark(&rule, 0);
	nftables_rule_end(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_ct(&rule, NFT_CT_MARK, 0);
	nftables_rule_equals(&rule, 0, &mark, sizeof mark);
	drop(&rule);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(send_from("127.0.0.1") == 0 && send_from("198.51.100.7") == -EPERM);
	return 0;
}

static int sets(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct nftables_element elements[] = { { .key = { 0, 7 }, .key_length = 2 }, { .key = { 0, 8 }, .key_length = 2 } };
	const uint32_t mark = 1;
	struct nftables_rule rule;
	int fd = -EBADF, r = begin(&fd, &batch);

	if (r)
		return r;
	nftables_add_elements(&batch, TABLE, "set", elements, 2);
	nftables_rule_begin(&rule, &batch, TABLE, "more");
	load_port(&rule, 0);
	nftables_rule_is_in(&rule, 0, "set", true);
	drop(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_meta(&rule, NFT_META_MARK, 0);
	nftables_rule_equals(&rule, 0, &mark, sizeof mark);
	nftables_rule_verdict(&rule, NFT_JUMP, "more");
	nftables_rule_end(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "out");
	nftables_rule_meta(&rule, NFT_META_MARK, 0);
	nftables_rule_has_bits(&rule, 0, 2);
	load_port(&rule, 0);
	nftables_rule_is_in(&rule, 0, "set", false);
	drop(&rule);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(send_marked("127.0.0.1", 7, 1) == -EPERM && send_marked("127.0.0.1", 8, 1) == -EPERM && send_marked("127.0.0.1", 9, 1) == 0);
	CHECK(send_marked("127.0.0.1", 7, 2) == 0 && send_marked("127.0.0.1", 9, 2) == -EPERM);
	CHECK(send_to(7) == 0 && send_to(9) == 0);
	return 0;
}

/* Binds *RET to ADDRESS, any port, which is in *RET_PORT as in a packet. */
static int bind_to(const char *address, int *ret, uint16_t *ret_port)
{
	struct sockaddr_in here = name(address, 0);
	socklen_t length = sizeof here;

	*ret = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(*ret >= 0 && bind(*ret, (struct sockaddr *)&here, sizeof here) == 0 && getsockname(*ret, (struct sockaddr *)&here, &length) == 0);
	*ret_port = here.sin_port;
	return 0;
}

static int translation(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct nftables_element element = { .key = { 0, 7 }, .key_length = 2, .data = { 127, 0, 0, 5 }, .data_length = 8 };
	const struct sockaddr_in destination = name("127.0.0.1", 7);
	struct sockaddr_in source = { 0 };
	socklen_t length = sizeof source;
	struct netlink_address address;
	struct nftables_rule rule;
	int fd = -EBADF, link_fd = -EBADF, service = -EBADF, client = -EBADF, r = begin(&fd, &batch);
	uint16_t port = 0, client_port = 0;
	char data;

	if (r)
		return r;
	CHECK(bind_to("127.0.0.5", &service, &port) == 0 && bind_to("127.0.0.9", &client, &client_port) == 0);
	/* Not of the host alone: else it would not be taken for a source. */
	CHECK(netlink_address_parse("192.0.2.1/32", &address) == 0 && netlink_open(&link_fd) == 0 && netlink_add_address(link_fd, 1, &address) == 0);
	memcpy(element.data + 4, &port, sizeof port);
	nftables_add_elements(&batch, TABLE, "map", &element, 1);
	nftables_add_chain(&batch, TABLE, &to);
	nftables_add_chain(&batch, TABLE, &from);
	nftables_rule_begin(&rule, &batch, TABLE, "to");
	load_port(&rule, 0);
	nftables_rule_map(&rule, 0, "map", 0);
	nftables_rule_dnat(&rule, NFTABLES_IPV4, 0, 1);
	nftables_rule_end(&rule);
	nftables_rule_begin(&rule, &batch, TABLE, "from");
	nftables_rule_ct(&rule, NFT_CT_STATUS, 0);
	nftables_rule_has_bits(&rule, 0, IPS_DST_NAT);
	nftables_rule_masquerade(&rule);
	nftables_rule_end(&rule);
	r = nftables_commit(&batch, fd);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		SKIP("address translation of nf_tables");
	CHECK(r == 0);
	CHECK(sendto(client, "x", 1, 0, (const struct sockaddr *)&destination, sizeof destination) == 1);
	CHECK(recvfrom(service, &data, 1, MSG_DONTWAIT, (struct sockaddr *)&source, &length) == 1 && data == 'x');
	CHECK(source.sin_addr.s_addr == name("192.0.2.1", 0).sin_addr.s_addr);
	CHECK(sendto(service, "y", 1, 0, (struct sockaddr *)&source, length) == 1);
	CHECK(recvfrom(client, &data, 1, MSG_DONTWAIT, (struct sockaddr *)&source, &length) == 1 && data == 'y');
	CHECK(source.sin_addr.s_addr == destination.sin_addr.s_addr && source.sin_port == destination.sin_port);
	/* What is in no map stays as it is. */
	CHECK(send_to(8) == 0 && recv(service, &data, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	return 0;
}

IN_CHILD(comparisons, CLONE_NEWNET)
IN_CHILD(foreign_sources, CLONE_NEWNET)
IN_CHILD(sets, CLONE_NEWNET)
IN_CHILD(translation, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_foreign_sources),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_translation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
