/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nftables.h"

#include "base/memory.h"
#include "host/child_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define TABLE "test"

static const struct nftables_set ports = { .name = "ports", .key = { NFTABLES_PROTOCOL, NFTABLES_PORT }, .data = { NFTABLES_IPV4_ADDRESS },
	.intervals = true };
static const struct nftables_set links = { .name = "links", .key = { NFTABLES_INTERFACE } };

/* A socket and a table with both sets; 77 without nf_tables. */
static int make(int *ret_fd)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	uint32_t generation;
	int r = nftables_open(ret_fd);

	if (r == -EPROTONOSUPPORT)
		SKIP("nfnetlink");
	CHECK(r == 0);
	r = nftables_generation(*ret_fd, &generation);
	if (r == -EINVAL || r == -EOPNOTSUPP)
		SKIP("nf_tables");
	CHECK(r == 0);
	nftables_begin(&batch, 0);
	nftables_add_table(&batch, TABLE);
	nftables_add_set(&batch, TABLE, &ports, 1);
	nftables_add_set(&batch, TABLE, &links, 2);
	CHECK(nftables_commit(&batch, *ret_fd) == 0 && batch.count == 0);
	return 0;
}

/* TCP ports FIRST to LAST lead to 10.0.0.HOST. */
static struct nftables_element range(uint16_t first, uint16_t last, uint8_t host, const char *comment)
{
	struct nftables_element e = { .key = { IPPROTO_TCP, 0, 0, 0, (uint8_t)(first >> 8), (uint8_t)first }, .key_length = 8,
		.end = { IPPROTO_TCP, 0, 0, 0, (uint8_t)(last >> 8), (uint8_t)last }, .end_length = 8, .data = { 10, 0, 0, host }, .data_length = 4, .comment = comment };

	return e;
}

static struct nftables_element link_named(const char *name)
{
	struct nftables_element e = { .key_length = 16 };

	snprintf((char *)e.key, 16, "%s", name);
	return e;
}

typedef void elements_change(struct netlink_batch *batch, const char *table, const char *set, const struct nftables_element *elements, size_t count);

/* A transaction of its own. */
static int change(int fd, elements_change *how, const char *set, const struct nftables_element *elements, size_t count)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	nftables_begin(&batch, 0);
	how(&batch, TABLE, set, elements, count);
	return nftables_commit(&batch, fd);
}

struct found {
	struct nftables_element elements[4];
	char comment[NFTABLES_COMMENT_SIZE]; /* the last one's */
	size_t count;
};

static int collect(void *context, const struct nftables_element *element)
{
	struct found *found = context;

	if (found->count < ARRAY_SIZE(found->elements))
		found->elements[found->count] = *element;
	found->count++;
	snprintf(found->comment, sizeof found->comment, "%s", element->comment);
	return 0;
}

static int stop(_unused_ void *context, _unused_ const struct nftables_element *element)
{
	return -ECANCELED;
}

static int elements(void)
{
	const struct nftables_element first = range(8000, 8999, 2, "a"), same = range(8000, 8999, 2, "b"), other = range(8000, 8999, 3, ""),
		overlapping = range(8500, 9500, 2, ""), none = range(1, 1, 2, "");
	struct found found = { .count = 0 };
	int fd = -EBADF, r = make(&fd);

	if (r)
		return r;
	CHECK(change(fd, nftables_add_elements, "ports", &first, 1) == 0);
	CHECK(change(fd, nftables_add_elements, "ports", &same, 1) == 0);
	CHECK(change(fd, nftables_add_elements, "ports", &other, 1) == -EEXIST);
	CHECK(change(fd, nftables_add_elements, "ports", &overlapping, 1) < 0);
	CHECK(change(fd, nftables_add_elements, "nothing", &first, 1) == -ENOENT);
	CHECK(nftables_read_elements(fd, TABLE, "ports", collect, &found) == 0 && found.count == 1);
	CHECK(found.elements[0].key_length == 8 && memcmp(found.elements[0].key, first.key, 8) == 0);
	CHECK(found.elements[0].end_length == 8 && memcmp(found.elements[0].end, first.end, 8) == 0);
	CHECK(found.elements[0].data_length == 4 && memcmp(found.elements[0].data, first.data, 4) == 0);
	CHECK(strcmp(found.comment, "a") == 0);
	CHECK(nftables_read_elements(fd, TABLE, "ports", stop, NULL) == -ECANCELED);
	CHECK(nftables_read_elements(fd, TABLE, "nothing", collect, &found) == -ENOENT);
	CHECK(change(fd, nftables_delete_elements, "ports", &none, 1) == -ENOENT);
	CHECK(change(fd, nftables_delete_elements, "ports", &first, 1) == 0);
	CHECK(change(fd, nftables_delete_elements, "ports", &first, 1) == -ENOENT);
	found.count = 0;
	CHECK(nftables_read_elements(fd, TABLE, "ports", collect, &found) == 0 && found.count == 0);
	return 0;
}

/* More than one message of elements, and more than one datagram of an answer. */
static int many(void)
{
	enum { COUNT = 3000 };
	_cleanup_free_ struct nftables_element *all = memory_new(COUNT, sizeof *all);
	struct found found = { .count = 0 };
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int fd = -EBADF, r = make(&fd);

	if (r)
		return r;
	for (size_t i = 0; i < COUNT; i++)
		all[i] = range((uint16_t)(2 * i + 1), (uint16_t)(2 * i + 2), (uint8_t)i, "port");
	CHECK(change(fd, nftables_add_elements, "ports", all, COUNT) == 0);
	CHECK(nftables_read_elements(fd, TABLE, "ports", collect, &found) == 0 && found.count == COUNT);
	nftables_begin(&batch, 0);
	nftables_flush_set(&batch, TABLE, "ports");
	nftables_flush_set(&batch, TABLE, "links");
	CHECK(nftables_commit(&batch, fd) == 0);
	found.count = 0;
	CHECK(nftables_read_elements(fd, TABLE, "ports", collect, &found) == 0 && found.count == 0);
	return 0;
}

static int single_elements(void)
{
	const struct nftables_element a = link_named("br-a"), b = link_named("br-b");
	int fd = -EBADF, r = make(&fd);

	if (r)
		return r;
	CHECK(change(fd, nftables_add_elements, "links", &a, 1) == 0);
	CHECK(change(fd, nftables_add_elements, "links", &a, 1) == 0);
	CHECK(nftables_find_element(fd, TABLE, "links", a.key, a.key_length) == 0);
	CHECK(nftables_find_element(fd, TABLE, "links", b.key, b.key_length) == -ENOENT);
	CHECK(nftables_find_element(fd, "nothing", "links", a.key, a.key_length) == -ENOENT);
	return 0;
}

/* Whole or nothing, and only on top of the rules that it was thought out for. */
static int transactions(void)
{
	const struct nftables_element a = link_named("br-a"), b = link_named("br-b");
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	uint32_t before = 0, after = 0;
	int fd = -EBADF, r = make(&fd);

	if (r)
		return r;
	CHECK(nftables_generation(fd, &before) == 0);
	nftables_begin(&batch, before);
	nftables_add_elements(&batch, TABLE, "links", &a, 1);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(nftables_generation(fd, &after) == 0 && after == before + 1);
	nftables_begin(&batch, before);
	nftables_add_elements(&batch, TABLE, "links", &b, 1);
	CHECK(nftables_commit(&batch, fd) == -ERESTART);
	nftables_begin(&batch, 0);
	nftables_add_elements(&batch, TABLE, "links", &b, 1);
	nftables_delete_table(&batch, "nothing");
	nftables_delete_table(&batch, "nothing either");
	CHECK(nftables_commit(&batch, fd) == -ENOENT);
	/* What failed is not heard of again. */
	CHECK(nftables_find_element(fd, TABLE, "links", b.key, b.key_length) == -ENOENT);
	CHECK(nftables_generation(fd, &before) == 0 && before == after);
	nftables_begin(&batch, 0);
	nftables_add_table(&batch, TABLE);
	nftables_delete_table(&batch, TABLE);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(nftables_find_element(fd, TABLE, "links", a.key, a.key_length) == -ENOENT);
	return 0;
}

static int read_chain(void *context, const struct nlmsghdr *message)
{
	const struct nlattr *hook = nftables_attribute(message, NFTA_CHAIN_HOOK);
	int *found = context;

	if (!str_equal(nftables_text(nftables_attribute(message, NFTA_CHAIN_TABLE)), TABLE))
		return 0;
	if (str_equal(nftables_text(nftables_attribute(message, NFTA_CHAIN_NAME)), "in"))
		*found += hook && nftables_u32(nftables_nested(hook, NFTA_HOOK_HOOKNUM)) == NFTABLES_INPUT &&
			(int32_t)nftables_u32(nftables_nested(hook, NFTA_HOOK_PRIORITY)) == NFTABLES_RAW &&
			str_equal(nftables_text(nftables_attribute(message, NFTA_CHAIN_TYPE)), "filter");
	if (str_equal(nftables_text(nftables_attribute(message, NFTA_CHAIN_NAME)), "more"))
		*found += hook == NULL;
	return 0;
}

static int chains(void)
{
	const struct nftables_chain in = { .name = "in", .type = "filter", .hook = NFTABLES_INPUT, .priority = NFTABLES_RAW }, more = { .name = "more" };
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int found = 0, fd = -EBADF, r = make(&fd);

	if (r)
		return r;
	nftables_begin(&batch, 0);
	nftables_add_chain(&batch, TABLE, &in);
	nftables_add_chain(&batch, TABLE, &more);
	nftables_add_chain(&batch, TABLE, &more);
	CHECK(nftables_commit(&batch, fd) == 0);
	CHECK(nftables_dump(fd, NFT_MSG_GETCHAIN, NFTABLES_INET, TABLE, NULL, read_chain, &found) == 0);
	CHECK(found == 2);
	return 0;
}

static void test_sizes(void **state)
{
	const enum nftables_type one[NFTABLES_FIELDS] = { NFTABLES_PORT }, two[NFTABLES_FIELDS] = { NFTABLES_PROTOCOL, NFTABLES_PORT },
		full[NFTABLES_FIELDS] = { NFTABLES_IPV6_ADDRESS, NFTABLES_INTERFACE, NFTABLES_MARK, NFTABLES_IPV4_ADDRESS }, none[NFTABLES_FIELDS] = { 0 };

	(void)state;
	assert_int_equal(nftables_fields_size(one), 2);
	assert_int_equal(nftables_fields_size(two), 8);
	assert_int_equal(nftables_fields_size(full), 40);
	assert_int_equal(nftables_fields_size(none), 0);
}

/* What a message may have: nothing, an attribute that is cut off, one without an end. */
static void test_attributes(void **state)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	const struct nfgenmsg body = { 0 };
	const struct nlattr *list, *item;
	struct nlmsghdr *message;
	size_t open, length = 0;

	(void)state;
	netlink_batch_begin(&batch, 1, 0, &body, sizeof body);
	nftables_add_u32(&batch, 1, 0x01020304);
	netlink_batch_add_text(&batch, 2, "text");
	netlink_batch_add(&batch, 3, "open", 4);
	open = netlink_batch_open(&batch, 4);
	netlink_batch_add_u8(&batch, 1, 7);
	nftables_add_u64(&batch, 1, 8);
	netlink_batch_close(&batch, open);
	message = (struct nlmsghdr *)batch.bytes.data;
	assert_int_equal(nftables_u32(nftables_attribute(message, 1)), 0x01020304);
	assert_string_equal(nftables_text(nftables_attribute(message, 2)), "text");
	assert_null(nftables_text(nftables_attribute(message, 3)));
	assert_null(nftables_attribute(message, 5));
	list = nftables_attribute(message, 4);
	item = nftables_next(list, NULL);
	assert_int_equal(*(const uint8_t *)nftables_payload(item, &length), 7);
	assert_int_equal(length, 1);
	assert_int_equal(nftables_u32(item), 0);
	item = nftables_next(list, item);
	assert_non_null(nftables_payload(item, &length));
	assert_int_equal(length, 8);
	assert_null(nftables_next(list, item));
	assert_ptr_equal(nftables_nested(list, 1), nftables_next(list, NULL));
	assert_null(nftables_nested(list, 2));
	/* Each end that a message can be cut off at. */
	for (message->nlmsg_len--; message->nlmsg_len > 0; message->nlmsg_len--)
		assert_null(nftables_attribute(message, 4));
	assert_null(nftables_attribute(message, 1));
	assert_null(nftables_nested(NULL, 1));
	assert_null(nftables_next(NULL, NULL));
	assert_null(nftables_payload(NULL, &length));
	assert_null(nftables_text(NULL));
	assert_int_equal(nftables_u32(NULL), 0);
}

IN_CHILD(elements, CLONE_NEWNET)
IN_CHILD(many, CLONE_NEWNET)
IN_CHILD(single_elements, CLONE_NEWNET)
IN_CHILD(transactions, CLONE_NEWNET)
IN_CHILD(chains, CLONE_NEWNET)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_single_elements),
		cmocka_unit_test(test_transactions),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
