/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall.h"

#include "base/memory.h"
#include "host/child_test.h"
#include "host/nftables.h"
#include "net/firewall_elements.h"
#include "net/firewall_state.h"
#include "net/firewall_table.h"

#include <string.h>
#include <sys/socket.h>

static struct spec_network_subnet web_subnets[] = { { .subnet = "10.66.3.0/24" }, { .subnet = "fd12::/64" } };
static const struct spec_network web = { .name = "web", .interface = "br-web", .subnets = web_subnets, .subnet_count = 2 };
static const struct spec_network back = { .name = "back", .interface = "br-back", .internal = true };

/* A table with no elements, as the engine leaves it; 77 without nf_tables. */
static int make(void)
{
	struct error err = ERROR_INIT;
	bool lost = false;

	if (firewall_ensure(&lost, &err) < 0) {
		fprintf(stderr, "# %s\n", err.message);
		if (err.kind == ERROR_UNSUPPORTED)
			SKIP("nf_tables");
		return 1;
	}
	CHECK(lost && firewall_mark_complete(&err) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	return 0;
}

static int publish(struct arena *arena, const struct spec_published_port *ports, size_t count, size_t *taken, const char **owner, struct error *err)
{
	bool lost = true;
	int r = firewall_publish(arena, ports, count, taken, owner, err);

	/* A change of ours is known to be ours. */
	return firewall_ensure(&lost, NULL) == 0 && !lost ? r : -ENOTRECOVERABLE;
}

static int networks(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct firewall_content content;
	struct error err = ERROR_INIT;
	bool lost = true;
	int r = make();

	if (r != 0)
		return r;
	CHECK(firewall_add_network(&web, &err) == 0 && firewall_add_network(&back, &err) == 0);
	CHECK(firewall_add_network(&web, &err) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	CHECK(firewall_read(arena, &content, &err) == 0);
	CHECK(content.port_count == 0 && strv_length(content.bridges) == 2);
	CHECK(strv_contains(content.bridges, "br-web") && strv_contains(content.bridges, "br-back"));
	CHECK(firewall_remove_network(&web, &err) == 0 && firewall_remove_network(&web, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && strv_length(content.bridges) == 1);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	CHECK(firewall_remove(&err) == 0 && firewall_remove(&err) == 0);
	CHECK(firewall_remove_network(&web, &err) == 0);
	CHECK(firewall_add_network(&web, &err) < 0 && err.kind == ERROR_UNAVAILABLE);
	return 0;
}

static bool is_there(const struct firewall_content *content, const struct spec_published_port *port)
{
	for (size_t i = 0; i < content->port_count; i++) {
		const struct spec_published_port *p = &content->ports[i];

		if (str_equal(p->host_ip, port->host_ip) && str_equal(p->protocol, port->protocol) && p->host_port == port->host_port &&
			p->port == port->port && p->count == port->count && str_equal(p->address4, port->address4) &&
			str_equal(p->address6, port->address6))
			return true;
	}
	return false;
}

static int ports(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_published_port all[] = {
		{ NULL, "tcp", 1024, 1024, 60000, "10.66.3.2", "fd12::2" },
		{ "192.0.2.1", "udp", 53, 5353, 2, "10.66.3.2", "fd12::2" },
		{ "::", "tcp", 80, 8080, 1, "10.66.3.2", "fd12::2" },
	};
	/* Of the first two: port 1034 of the one is gone, and 54 of the other. */
	struct spec_published_port rest[] = {
		{ NULL, "tcp", 1024, 1024, 10, "10.66.3.2", "fd12::2" },
		{ NULL, "tcp", 1035, 1035, 59989, "10.66.3.2", "fd12::2" },
		{ "192.0.2.1", "udp", 53, 5353, 1, "10.66.3.2", "fd12::2" },
	};
	struct firewall_content content;
	struct error err = ERROR_INIT;
	const char *owner = NULL;
	size_t taken = 9;
	int r = make();

	if (r != 0)
		return r;
	CHECK(publish(arena, all, 3, &taken, &owner, &err) == 0);
	CHECK(publish(arena, all, 3, &taken, &owner, &err) == 0); /* just so */
	CHECK(firewall_read(arena, &content, &err) == 0);
	/* One element a family for 60,000 ports, one a port where the number changes. */
	CHECK(content.port_count == 5);
	CHECK(is_there(&content, &(struct spec_published_port){ NULL, "tcp", 1024, 1024, 60000, "10.66.3.2" }));
	CHECK(is_there(&content, &(struct spec_published_port){ NULL, "tcp", 1024, 1024, 60000, NULL, "fd12::2" }));
	CHECK(is_there(&content, &(struct spec_published_port){ "192.0.2.1", "udp", 54, 5354, 1, "10.66.3.2" }));
	CHECK(is_there(&content, &(struct spec_published_port){ NULL, "tcp", 80, 8080, 1, NULL, "fd12::2" }));
	CHECK(firewall_reduce(all, 2, rest, 3, &err) == 0 && firewall_reduce(all, 2, rest, 3, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 6);
	CHECK(is_there(&content, &(struct spec_published_port){ NULL, "tcp", 1024, 1024, 10, "10.66.3.2" }));
	CHECK(is_there(&content, &(struct spec_published_port){ NULL, "tcp", 1035, 1035, 59989, NULL, "fd12::2" }));
	CHECK(is_there(&content, &(struct spec_published_port){ "192.0.2.1", "udp", 53, 5353, 1, "10.66.3.2" }));
	CHECK(firewall_reduce(rest, 3, NULL, 0, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 1);
	CHECK(firewall_unpublish(&all[0], 1, &err) == 0 && firewall_unpublish(&all[0], 1, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 1);
	CHECK(firewall_unpublish(all, 3, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 0);
	return 0;
}

/* Of two that overlap in any way the second fails, and nothing of it is there. */
static int conflicts(void)
{
	static const struct {
		struct spec_published_port first, second;
		bool conflict;
	} table[] = {
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { NULL, "tcp", 80, 80, 1, "10.0.0.3" }, true },
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { NULL, "tcp", 80, 8080, 1, "10.0.0.3" }, true },
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { NULL, "udp", 80, 80, 1, "10.0.0.3" }, false },
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { NULL, "tcp", 1, 1, 65535, "10.0.0.3" }, true },
		{ { NULL, "tcp", 1, 1, 65535, "10.0.0.2" }, { NULL, "tcp", 80, 8080, 1, "10.0.0.3" }, true },
		{ { "127.0.0.1", "tcp", 80, 80, 1, "10.0.0.2" }, { NULL, "tcp", 80, 80, 1, "10.0.0.3" }, true },
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { "127.0.0.1", "tcp", 80, 80, 1, "10.0.0.3" }, true },
		{ { "127.0.0.1", "tcp", 70, 70, 20, "10.0.0.2" }, { "0.0.0.0", "tcp", 80, 81, 1, "10.0.0.3" }, true },
		{ { "127.0.0.1", "tcp", 80, 80, 1, "10.0.0.2" }, { "127.0.0.2", "tcp", 80, 80, 1, "10.0.0.3" }, false },
		{ { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { "::", "tcp", 80, 80, 1, "10.0.0.3", "fd12::3" }, false },
		{ { NULL, "tcp", 80, 80, 1, NULL, "fd12::2" }, { "::1", "tcp", 80, 80, 1, "10.0.0.3", "fd12::3" }, true },
		{ { NULL, "tcp", 80, 80, 10, "10.0.0.2" }, { NULL, "tcp", 90, 90, 10, "10.0.0.3" }, false },
		{ { NULL, "tcp", 80, 80, 10, "10.0.0.2" }, { NULL, "tcp", 89, 89, 10, "10.0.0.3" }, true },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	int r = make();

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(table); i++) {
		struct spec_published_port both[] = { { NULL, "sctp", 7, 7, 1, "10.0.0.3" }, table[i].second };
		struct firewall_content content;
		struct error err = ERROR_INIT;
		const char *owner = NULL;
		size_t taken = 9;

		CHECK(publish(arena, &table[i].first, 1, &taken, &owner, &err) == 0);
		r = publish(arena, both, 2, &taken, &owner, &err);
		fprintf(stderr, "# %zu: %s\n", i, err.message);
		CHECK((r < 0) == table[i].conflict);
		CHECK(firewall_read(arena, &content, &err) == 0);
		if (table[i].conflict) {
			CHECK(err.kind == ERROR_CONFLICT && taken == 1 && content.port_count == 1);
			CHECK(str_equal(owner, table[i].first.address4 ? table[i].first.address4 : table[i].first.address6));
		}
		CHECK(firewall_unpublish(both, 2, &err) == 0 && firewall_unpublish(&table[i].first, 1, &err) == 0);
		CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 0);
		r = 0;
	}
	return r;
}

static int words(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_published_port twice[] = { { NULL, "tcp", 80, 80, 1, "10.0.0.2" }, { "192.0.2.1", "tcp", 79, 70, 3, "10.0.0.2" } };
	struct spec_published_port bad[] = {
		{ NULL, "tcp", 0, 80, 1, "10.0.0.2" },
		{ NULL, "tcp", 80, 80, 65500, "10.0.0.2" },
		{ NULL, "icmp", 80, 80, 1, "10.0.0.2" },
		{ "nowhere", "tcp", 80, 80, 1, "10.0.0.2" },
		{ NULL, "tcp", 80, 80, 1, "fd12::2" },
	};
	struct error err = ERROR_INIT;
	const char *owner;
	size_t taken = 9;
	int r = make();

	if (r != 0)
		return r;
	/* Within one request, too. */
	CHECK(publish(arena, twice, 2, &taken, &owner, &err) < 0 && err.kind == ERROR_CONFLICT && taken == 1);
	CHECK(str_equal(err.message, "cannot publish port 80/tcp: it leads to 10.0.0.2 already"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err = ERROR_INIT;
		CHECK(publish(arena, &bad[i], 1, &taken, &owner, &err) < 0 && err.kind == ERROR_INVALID);
	}
	return 0;
}

/* ---- what others do ----------------------------------------------------------------- */

static int other_table(const char *name, bool add)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	nftables_begin(&batch, 0);
	if (add)
		nftables_add_table(&batch, name);
	else
		nftables_delete_table(&batch, name);
	return r < 0 ? r : nftables_commit(&batch, fd);
}

static int flush_set(enum firewall_set set)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	nftables_begin(&batch, 0);
	nftables_flush_set(&batch, FIREWALL_TABLE, firewall_sets[set].name);
	return r < 0 ? r : nftables_commit(&batch, fd);
}

static int flush_rules(void)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct { uint8_t family, version; uint16_t resource; } body = { NFTABLES_INET, 0, 0 };
	int r = nftables_open(&fd);

	nftables_begin(&batch, 0);
	netlink_batch_begin(&batch, 10 << 8 | NFT_MSG_DELRULE, 0, &body, sizeof body); /* 10: NFNL_SUBSYS_NFTABLES */
	netlink_batch_add_text(&batch, NFTA_RULE_TABLE, FIREWALL_TABLE);
	netlink_batch_add_text(&batch, NFTA_RULE_CHAIN, "inbound");
	return r < 0 ? r : nftables_commit(&batch, fd);
}

/* Lost once, and until somebody says that it is whole. */
static int check_lost(void)
{
	struct error err = ERROR_INIT;
	bool lost = false;

	CHECK(firewall_ensure(&lost, &err) == 0 && lost);
	CHECK(firewall_ensure(&lost, &err) == 0 && lost);
	CHECK(firewall_add_network(&web, &err) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && lost);
	CHECK(firewall_mark_complete(&err) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	return 0;
}

static int losses(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_published_port port = { NULL, "tcp", 80, 80, 1, "10.0.0.2" };
	struct firewall_content content;
	struct error err = ERROR_INIT;
	const char *owner;
	size_t taken;
	bool lost = true;
	int r = make();

	if (r != 0)
		return r;
	CHECK(firewall_add_network(&web, &err) == 0);
	/* Others' affairs are none of ours. */
	CHECK(other_table("others", true) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	CHECK(other_table("others", false) == 0);
	CHECK(publish(arena, &port, 1, &taken, &owner, &err) == 0);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 1);
	CHECK(flush_rules() == 0 && check_lost() == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 0 && strv_length(content.bridges) == 1);
	CHECK(flush_set(FIREWALL_NETWORKS) == 0);
	/* A change in between does not hide it. */
	CHECK(firewall_publish(arena, &port, 1, &taken, &owner, &err) == 0);
	CHECK(check_lost() == 0);
	CHECK(flush_set(FIREWALL_GENERATION) == 0 && check_lost() == 0);
	CHECK(other_table(FIREWALL_TABLE, false) == 0);
	CHECK(firewall_publish(arena, &port, 1, &taken, &owner, &err) < 0 && err.kind == ERROR_UNAVAILABLE);
	CHECK(firewall_unpublish(&port, 1, &err) == 0);
	CHECK(check_lost() == 0);
	return 0;
}

/* Two at once, each with 40 ports that the other wants as well: each port is one's, and no change is lost. */
static int races(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct firewall_content content;
	struct error err = ERROR_INIT;
	int status, won = 0;
	bool lost = true;
	pid_t pid;
	int r = make();

	if (r != 0)
		return r;
	pid = fork();
	for (unsigned i = 0; i < 40; i++) {
		struct spec_published_port port = { NULL, "tcp", (uint16_t)(1000 + i), 80, 1, pid == 0 ? "10.0.0.2" : "10.0.0.3" };
		const char *owner;
		size_t taken;

		r = firewall_publish(arena, &port, 1, &taken, &owner, &err);
		CHECK(r == 0 || err.kind == ERROR_CONFLICT);
		won += r == 0;
	}
	if (pid == 0)
		_exit(won);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK(WEXITSTATUS(status) + won == 40);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 40);
	CHECK(firewall_ensure(&lost, &err) == 0 && !lost);
	return 0;
}

/* Adds the elements of a port, and says at the third part that it cannot. */
struct reluctance {
	struct firewall_elements wanted;
	unsigned calls;
};

static int think_thrice(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	struct reluctance *reluctance = context;
	const struct firewall_list *list = &reluctance->wanted.lists[FIREWALL_PORTS4];

	if (++reluctance->calls == 3)
		return -EIO;
	for (size_t i = 0; i < list->count; i++)
		if (!firewall_list_has(&state->content.lists[FIREWALL_PORTS4], &list->elements[i]))
			*firewall_list_add(&change->add.lists[FIREWALL_PORTS4]) = list->elements[i];
	return 0;
}

/* Root of a user namespace has sockets that hold a part of this only, by net.core.wmem_max. */
static int many(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_published_port port = { NULL, "tcp", 20000, 10000, 20000, "10.0.0.2" }, late = { NULL, "tcp", 39000, 80, 1, "10.0.0.3" };
	struct reluctance reluctance = { .calls = 0 };
	struct firewall_content content;
	struct error err = ERROR_INIT;
	const char *owner;
	size_t taken;
	int r = make(), fd, size = 200000;

	if (r != 0)
		return r;
	CHECK(publish(arena, &port, 1, &taken, &owner, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 20000);
	CHECK(publish(arena, &late, 1, &taken, &owner, &err) < 0 && err.kind == ERROR_CONFLICT && strcmp(owner, "10.0.0.2") == 0);
	CHECK(firewall_unpublish(&port, 1, &err) == 0);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 0);
	/* What a part has added goes when another fails, and nothing else. */
	CHECK(publish(arena, &late, 1, &taken, &owner, &err) == 0 && firewall_elements_add_port(&reluctance.wanted, &port, &err) == 0);
	reluctance.wanted.lists[FIREWALL_PORTS4].count = 19000; /* but what .late has */
	CHECK(nftables_open(&fd) == 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0 && nftables_room(fd) < 19000 * 40);
	CHECK(firewall_state_change(fd, FIREWALL_ALL, think_thrice, &reluctance) == -EIO && reluctance.calls == 3);
	CHECK(firewall_read(arena, &content, &err) == 0 && content.port_count == 1);
	firewall_elements_done(&reluctance.wanted);
	close(fd);
	return 0;
}

static void test_many(_unused_ void **state)
{
	run_in_child(CLONE_NEWUSER | CLONE_NEWNET, many);
}

static void test_networks(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, networks);
}

static void test_ports(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, ports);
}

static void test_conflicts(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, conflicts);
}

static void test_words(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, words);
}

static void test_losses(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, losses);
}

static void test_races(_unused_ void **state)
{
	run_in_child(CLONE_NEWNET, races);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
