/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_route.h"

#include "base/str.h"
#include "host/netlink_link.h"
#include "host/netlink_route.h"
#include "host/nftables_rule.h"

#include <linux/netfilter/nf_tables_compat.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static const struct nftables_chain incoming = { "prerouting", "filter", NFTABLES_PREROUTING, NFTABLES_MANGLE },
				   outgoing = { "output", "filter", NFTABLES_OUTPUT, NFTABLES_MANGLE };
static const uint32_t mark = FORWARDER_MARK;

static void write_mark(struct nftables_rule *rule)
{
	nftables_rule_value(rule, &mark, sizeof mark, 0);
	nftables_rule_set_mark(rule, 0);
	nftables_rule_end(rule);
}

static void write_for_sockets(struct netlink_batch *batch)
{
	const uint8_t yes = 1;
	struct nftables_rule rule;

	nftables_add_chain(batch, FORWARDER_TABLE, &incoming);
	nftables_rule_begin(&rule, batch, FORWARDER_TABLE, incoming.name);
	/* Whoever looks at connections gets whole packets (nf_defrag_ipv4): only the first of fragments says which socket it is for. */
	nftables_rule_ct(&rule, NFT_CT_STATE, 0);
	nftables_rule_socket(&rule, NFT_SOCKET_TRANSPARENT, 0);
	nftables_rule_equals(&rule, 0, &yes, sizeof yes);
	write_mark(&rule);
}

/* What leaves this host from an address that is another's is from a transparent socket. */
static void write_for_connections(struct netlink_batch *batch)
{
	const uint32_t local = RTN_LOCAL;
	const uint8_t reply = 1; /* IP_CT_DIR_REPLY */
	struct nftables_rule rule;

	nftables_add_chain(batch, FORWARDER_TABLE, &outgoing);
	nftables_rule_begin(&rule, batch, FORWARDER_TABLE, outgoing.name);
	nftables_rule_source_kind(&rule, 0);
	nftables_rule_differs(&rule, 0, &local, sizeof local);
	nftables_rule_value(&rule, &mark, sizeof mark, 0);
	nftables_rule_set_connection_mark(&rule, 0);
	nftables_rule_end(&rule);
	nftables_add_chain(batch, FORWARDER_TABLE, &incoming);
	nftables_rule_begin(&rule, batch, FORWARDER_TABLE, incoming.name);
	nftables_rule_ct(&rule, NFT_CT_DIRECTION, 0);
	nftables_rule_equals(&rule, 0, &reply, sizeof reply);
	nftables_rule_ct(&rule, NFT_CT_MARK, 0);
	nftables_rule_equals(&rule, 0, &mark, sizeof mark);
	write_mark(&rule);
}

static void (*const write_rules[FORWARDER_ANSWERS_COUNT])(struct netlink_batch *batch) = {
	[FORWARDER_OF_SOCKETS]     = write_for_sockets,
	[FORWARDER_OF_CONNECTIONS] = write_for_connections,
};

/* In place of the one that there may be: whole or not at all. */
static int make_table(enum forwarder_answers answers)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (r < 0)
		return r;
	nftables_begin(&batch, 0);
	nftables_add_table(&batch, FORWARDER_TABLE);
	nftables_delete_table(&batch, FORWARDER_TABLE);
	nftables_add_table(&batch, FORWARDER_TABLE);
	write_rules[answers](&batch);
	return nftables_commit(&batch, fd);
}

/* One message at a time: the first that fails would hide what becomes of the rest. */
static int add_routes(int fd, int loopback, int family)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int r;

	netlink_batch_add_mark_rule(&batch, family, FORWARDER_MARK, FORWARDER_ROUTES, FORWARDER_PRIORITY);
	r = netlink_batch_send(&batch, fd, NULL);
	if (r < 0 && r != -EEXIST)
		return r;
	netlink_batch_add_local_route(&batch, family, loopback, FORWARDER_ROUTES);
	r = netlink_batch_send(&batch, fd, NULL);
	return r == -EEXIST ? 0 : r;
}

static int make_routes(void)
{
	_cleanup_close_ int fd = -EBADF;
	int loopback, r = netlink_open(&fd);

	if (r == 0)
		r = netlink_set_loopback_up();
	if (r == 0)
		r = netlink_get_index(fd, "lo", &loopback);
	if (r == 0)
		r = add_routes(fd, loopback, AF_INET);
	if (r < 0)
		return r;
	r = add_routes(fd, loopback, AF_INET6);
	return r == -EAFNOSUPPORT || r == -EOPNOTSUPP || r == -EACCES ? 0 : r; /* ipv6.disable, net.ipv6.conf.all.disable_ipv6 */
}

int forwarder_route_make_for(enum forwarder_answers answers, struct error *err)
{
	int r = make_table(answers);

	if (r < 0) {
		error_errno(err, -r, "cannot make the table 'inet " FORWARDER_TABLE "' of the firewall");
		error_hint(err, "published ports of ordinary users need nf_tables in the kernel with nft_socket, or with nft_ct and nft_fib_inet: modprobe nft_socket");
		return r;
	}
	r = make_routes();
	return r < 0 ? error_errno(err, -r, "cannot make the routes of published ports") : 0;
}

int forwarder_route_make(struct error *err)
{
	int r = forwarder_route_make_for(FORWARDER_OF_SOCKETS, NULL);

	return r < 0 ? forwarder_route_make_for(FORWARDER_OF_CONNECTIONS, err) : 0;
}

static int find_rule(void *context, const struct nlmsghdr *message)
{
	*(bool *)context |= str_equal(nftables_text(nftables_attribute(message, NFTA_RULE_TABLE)), FORWARDER_TABLE);
	return 0;
}

int forwarder_route_ensure(struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	bool has_rules = false;

	if (nftables_open(&fd) == 0 && nftables_dump(fd, NFT_MSG_GETRULE, NFTABLES_INET, FORWARDER_TABLE, NULL, find_rule, &has_rules) == 0 && has_rules)
		return 0;
	return forwarder_route_make(err);
}
