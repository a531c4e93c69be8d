/* SPDX-License-Identifier: Apache-2.0 */
#include "host/nftables.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define TYPE(message) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (message)))
#define SEND_BUFFER (64 << 20)     /* a transaction is one datagram: 100 bytes a port */
#define ELEMENTS_IN_A_MESSAGE 200  /* they are one attribute, which has 64 KiB at most */
#define TYPE_BITS 6                /* nft(8): of concatenated types */
#define BYTE_ORDER_HOST 1          /* nft(8)'s words, in the user data of sets */
#define BYTE_ORDER_BIG 2
#define USERDATA_KEY_ORDER 0
#define USERDATA_DATA_ORDER 1
#define USERDATA_COMMENT 0

int nftables_open(int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int on = 1, size = SEND_BUFFER;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	/* A larger buffer matters to thousands of ports only, and shorter errors never. Root of a user namespace gets what net.core.wmem_max lets him. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		ignore_result(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
	ignore_result(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

size_t nftables_room(int fd)
{
	int size = 0;
	socklen_t length = sizeof size;

	return getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0 || size < 0 ? 0 : (size_t)size;
}

/* ---- transactions ---------------------------------------------------------- */

void nftables_add_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
	netlink_batch_add_u32(batch, type, htonl(value));
}

void nftables_add_u64(struct netlink_batch *batch, uint16_t type, uint64_t value)
{
	netlink_batch_add_u64(batch, type, htobe64(value));
}

static void begin_message(struct netlink_batch *batch, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg body = { .nfgen_family = family, .version = NFNETLINK_V0 };

	netlink_batch_begin(batch, TYPE(type), flags, &body, sizeof body);
}

static void begin_inet(struct netlink_batch *batch, uint16_t type, uint16_t flags)
{
	begin_message(batch, type, flags, NFTABLES_INET);
}

static void add_bracket(struct netlink_batch *batch, uint16_t type)
{
	struct nfgenmsg body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_batch_begin(batch, type, 0, &body, sizeof body);
}

void nftables_begin(struct netlink_batch *batch, uint32_t generation)
{
	add_bracket(batch, NFNL_MSG_BATCH_BEGIN);
	if (generation != 0)
		nftables_add_u32(batch, NFNL_BATCH_GENID, generation);
}

/* The failures that have been reported; those that were not asked for are all there is. */
static int first_failure(int fd)
{
	char data[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t length;

	while ((length = recv(fd, data, sizeof data, MSG_DONTWAIT)) >= 0 || errno == EINTR) {
		size_t rest = length > 0 ? (size_t)length : 0;

		for (struct nlmsghdr *m = (struct nlmsghdr *)data; NLMSG_OK(m, rest); m = NLMSG_NEXT(m, rest))
			if (m->nlmsg_type == NLMSG_ERROR && m->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) && *(int *)NLMSG_DATA(m) < 0)
				return *(int *)NLMSG_DATA(m);
	}
	return errno == EAGAIN ? 0 : -errno;
}

int nftables_commit(struct netlink_batch *batch, int fd)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t sent;
	int r;

	add_bracket(batch, NFNL_MSG_BATCH_END);
	do
		sent = sendto(fd, batch->bytes.data, batch->bytes.length, 0, (struct sockaddr *)&kernel, sizeof kernel);
	while (sent < 0 && errno == EINTR);
	r = sent < 0 ? -errno : 0;
	netlink_batch_done(batch);
	/* sendto() returns when the transaction is over: what there is to say has been said, netfilter/nfnetlink.c. */
	if (r == 0)
		r = first_failure(fd);
	while (r < 0 && first_failure(fd) < 0)
		; /* Others failed, too: the socket is to be used again. */
	return r;
}

/* ---- tables, chains, sets -------------------------------------------------------- */

void nftables_add_table(struct netlink_batch *batch, const char *table)
{
	begin_inet(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	netlink_batch_add_text(batch, NFTA_TABLE_NAME, table);
}

void nftables_delete_table(struct netlink_batch *batch, const char *table)
{
	begin_inet(batch, NFT_MSG_DELTABLE, 0);
	netlink_batch_add_text(batch, NFTA_TABLE_NAME, table);
}

void nftables_add_chain(struct netlink_batch *batch, const char *table, const struct nftables_chain *chain)
{
	size_t hook;

	begin_inet(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_batch_add_text(batch, NFTA_CHAIN_TABLE, table);
	netlink_batch_add_text(batch, NFTA_CHAIN_NAME, chain->name);
	if (!chain->type)
		return;
	hook = netlink_batch_open(batch, NFTA_CHAIN_HOOK);
	nftables_add_u32(batch, NFTA_HOOK_HOOKNUM, chain->hook);
	nftables_add_u32(batch, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	netlink_batch_close(batch, hook);
	nftables_add_u32(batch, NFTA_CHAIN_POLICY, NFTABLES_ACCEPT);
	netlink_batch_add_text(batch, NFTA_CHAIN_TYPE, chain->type);
}

static size_t field_size(enum nftables_type type)
{
	switch (type) {
	case NFTABLES_IPV4_ADDRESS:
	case NFTABLES_MARK:
		return 4;
	case NFTABLES_IPV6_ADDRESS:
	case NFTABLES_INTERFACE:
		return 16;
	case NFTABLES_MAC:
		return 6;
	case NFTABLES_PROTOCOL:
		return 1;
	case NFTABLES_PORT:
		return 2;
	}
	return 0;
}

static size_t field_count(const enum nftables_type *types)
{
	size_t n = 0;

	while (n < NFTABLES_FIELDS && types[n])
		n++;
	return n;
}

size_t nftables_fields_size(const enum nftables_type *types)
{
	size_t count = field_count(types), size = 0;

	for (size_t i = 0; i < count; i++)
		size += count == 1 ? field_size(types[i]) : NLA_ALIGN(field_size(types[i]));
	return size;
}

static uint32_t concatenated(const enum nftables_type *types)
{
	uint32_t result = 0;

	for (size_t i = 0, n = field_count(types); i < n; i++)
		result = result << TYPE_BITS | types[i];
	return result;
}

/* Where one field of a concatenation ends and the next begins: what sets of intervals need. */
static void add_description(struct netlink_batch *batch, const struct nftables_set *set)
{
	size_t description = netlink_batch_open(batch, NFTA_SET_DESC), concat = netlink_batch_open(batch, NFTA_SET_DESC_CONCAT);

	for (size_t i = 0, n = field_count(set->key); i < n; i++) {
		size_t field = netlink_batch_open(batch, NFTA_LIST_ELEM);

		nftables_add_u32(batch, NFTA_SET_FIELD_LEN, (uint32_t)field_size(set->key[i]));
		netlink_batch_close(batch, field);
	}
	netlink_batch_close(batch, concat);
	netlink_batch_close(batch, description);
}

/* For nft(8) alone, which shows bytes by it. */
static void add_byte_orders(struct netlink_batch *batch, const struct nftables_set *set)
{
	uint8_t bytes[2][6] = { { USERDATA_KEY_ORDER, sizeof(uint32_t) }, { USERDATA_DATA_ORDER, sizeof(uint32_t) } };
	bool is_host = set->key[0] == NFTABLES_INTERFACE || set->key[0] == NFTABLES_MARK;
	uint32_t key = is_host ? BYTE_ORDER_HOST : BYTE_ORDER_BIG, data = set->data[0] == NFTABLES_MARK ? BYTE_ORDER_HOST : BYTE_ORDER_BIG;

	memcpy(&bytes[0][2], &key, sizeof key);
	memcpy(&bytes[1][2], &data, sizeof data);
	netlink_batch_add(batch, NFTA_SET_USERDATA, bytes, set->data[0] ? sizeof bytes : sizeof bytes[0]);
}

void nftables_add_set(struct netlink_batch *batch, const char *table, const struct nftables_set *set, uint32_t id)
{
	uint32_t flags = (set->intervals ? NFT_SET_INTERVAL : 0) | (set->data[0] ? NFT_SET_MAP : 0);

	if (set->intervals && set->key[1])
		flags |= NFT_SET_CONCAT;
	begin_inet(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_batch_add_text(batch, NFTA_SET_TABLE, table);
	netlink_batch_add_text(batch, NFTA_SET_NAME, set->name);
	nftables_add_u32(batch, NFTA_SET_ID, id);
	nftables_add_u32(batch, NFTA_SET_FLAGS, flags);
	nftables_add_u32(batch, NFTA_SET_KEY_TYPE, concatenated(set->key));
	nftables_add_u32(batch, NFTA_SET_KEY_LEN, (uint32_t)nftables_fields_size(set->key));
	if (set->data[0]) {
		nftables_add_u32(batch, NFTA_SET_DATA_TYPE, concatenated(set->data));
		nftables_add_u32(batch, NFTA_SET_DATA_LEN, (uint32_t)nftables_fields_size(set->data));
	}
	if (flags & NFT_SET_CONCAT)
		add_description(batch, set);
	add_byte_orders(batch, set);
}

/* ---- elements ----------------------------------------------------------------------- */

static void add_value(struct netlink_batch *batch, uint16_t type, const void *value, size_t length)
{
	size_t open = netlink_batch_open(batch, type);

	netlink_batch_add(batch, NFTA_DATA_VALUE, value, length);
	netlink_batch_close(batch, open);
}

static void add_comment(struct netlink_batch *batch, const char *comment)
{
	uint8_t bytes[2 + NFTABLES_COMMENT_SIZE] = { USERDATA_COMMENT };
	size_t length = strlen(comment) + 1;

	bytes[1] = (uint8_t)length;
	memcpy(bytes + 2, comment, length);
	netlink_batch_add(batch, NFTA_SET_ELEM_USERDATA, bytes, 2 + length);
}

static void add_element(struct netlink_batch *batch, const struct nftables_element *element)
{
	size_t open = netlink_batch_open(batch, NFTA_LIST_ELEM);

	add_value(batch, NFTA_SET_ELEM_KEY, element->key, element->key_length);
	if (element->end_length)
		add_value(batch, NFTA_SET_ELEM_KEY_END, element->end, element->end_length);
	if (element->data_length)
		add_value(batch, NFTA_SET_ELEM_DATA, element->data, element->data_length);
	if (!str_is_empty(element->comment))
		add_comment(batch, element->comment);
	netlink_batch_close(batch, open);
}

static void begin_elements(struct netlink_batch *batch, uint16_t type, uint16_t flags, const char *table, const char *set)
{
	begin_inet(batch, type, flags);
	netlink_batch_add_text(batch, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_batch_add_text(batch, NFTA_SET_ELEM_LIST_SET, set);
}

static void change_elements(struct netlink_batch *batch, uint16_t type, const char *table, const char *set,
	const struct nftables_element *elements, size_t count)
{
	for (size_t done = 0; done < count; done += ELEMENTS_IN_A_MESSAGE) {
		size_t list;

		begin_elements(batch, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, table, set);
		list = netlink_batch_open(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (size_t i = done; i < count && i < done + ELEMENTS_IN_A_MESSAGE; i++)
			add_element(batch, &elements[i]);
		netlink_batch_close(batch, list);
	}
}

void nftables_add_elements(struct netlink_batch *batch, const char *table, const char *set, const struct nftables_element *elements, size_t count)
{
	change_elements(batch, NFT_MSG_NEWSETELEM, table, set, elements, count);
}

void nftables_delete_elements(struct netlink_batch *batch, const char *table, const char *set, const struct nftables_element *elements, size_t count)
{
	change_elements(batch, NFT_MSG_DELSETELEM, table, set, elements, count);
}

void nftables_flush_set(struct netlink_batch *batch, const char *table, const char *set)
{
	begin_elements(batch, NFT_MSG_DELSETELEM, 0, table, set);
}

/* ---- questions ------------------------------------------------------------------------- */

static int ignore_message(_unused_ void *context, _unused_ const struct nlmsghdr *message)
{
	return 0;
}

static int read_generation(void *context, const struct nlmsghdr *message)
{
	*(uint32_t *)context = nftables_u32(nftables_attribute(message, NFTA_GEN_ID));
	return 0;
}

int nftables_generation(int fd, uint32_t *ret)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	uint32_t generation = 0;
	int r;

	begin_message(&batch, NFT_MSG_GETGEN, 0, AF_UNSPEC);
	r = netlink_batch_ask(&batch, fd, read_generation, &generation);
	if (r == 0)
		*ret = generation;
	return r;
}

int nftables_find_element(int fd, const char *table, const char *set, const void *key, size_t length)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct nftables_element element = { .key_length = (uint8_t)length };
	size_t list;

	memcpy(element.key, key, length);
	begin_elements(&batch, NFT_MSG_GETSETELEM, 0, table, set);
	list = netlink_batch_open(&batch, NFTA_SET_ELEM_LIST_ELEMENTS);
	add_element(&batch, &element);
	netlink_batch_close(&batch, list);
	return netlink_batch_ask(&batch, fd, ignore_message, NULL);
}

struct element_reading {
	nftables_element_reader *reader;
	void *context;
};

static uint8_t copy_value(const struct nlattr *attribute, void *to, size_t size)
{
	size_t length = 0;
	const void *value = nftables_payload(nftables_nested(attribute, NFTA_DATA_VALUE), &length);

	if (!value || length > size)
		return 0;
	memcpy(to, value, length);
	return (uint8_t)length;
}

static void copy_comment(const struct nlattr *attribute, char to[static NFTABLES_COMMENT_SIZE])
{
	size_t length = 0;
	const uint8_t *bytes = nftables_payload(attribute, &length);

	to[0] = '\0';
	/* Of several things there the comment comes first, if there is one. */
	if (!bytes || length <= 2 || bytes[0] != USERDATA_COMMENT || bytes[1] > length - 2 || bytes[1] >= NFTABLES_COMMENT_SIZE)
		return;
	memcpy(to, bytes + 2, bytes[1]);
	to[bytes[1]] = '\0';
}

int nftables_each_element(const struct nlmsghdr *message, nftables_element_reader *reader, void *context)
{
	const struct nlattr *list = nftables_attribute(message, NFTA_SET_ELEM_LIST_ELEMENTS), *item = NULL;
	int r = 0;

	while (r >= 0 && (item = nftables_next(list, item))) {
		char comment[NFTABLES_COMMENT_SIZE];
		struct nftables_element element = { .comment = comment };

		element.key_length = copy_value(nftables_nested(item, NFTA_SET_ELEM_KEY), element.key, sizeof element.key);
		element.end_length = copy_value(nftables_nested(item, NFTA_SET_ELEM_KEY_END), element.end, sizeof element.end);
		element.data_length = copy_value(nftables_nested(item, NFTA_SET_ELEM_DATA), element.data, sizeof element.data);
		copy_comment(nftables_nested(item, NFTA_SET_ELEM_USERDATA), comment);
		r = reader(context, &element);
	}
	return r;
}

static int read_elements(void *context, const struct nlmsghdr *message)
{
	const struct element_reading *reading = context;

	return nftables_each_element(message, reading->reader, reading->context);
}

int nftables_read_elements(int fd, const char *table, const char *set, nftables_element_reader *reader, void *context)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct element_reading reading = { reader, context };

	begin_elements(&batch, NFT_MSG_GETSETELEM, NLM_F_DUMP, table, set);
	return netlink_batch_ask(&batch, fd, read_elements, &reading);
}

int nftables_dump(int fd, uint16_t type, uint8_t family, const char *table, const char *chain, netlink_reader *reader, void *context)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	begin_message(&batch, type, NLM_F_DUMP, family);
	if (table)
		netlink_batch_add_text(&batch, type == NFT_MSG_GETRULE ? NFTA_RULE_TABLE : NFTA_CHAIN_TABLE, table);
	if (chain)
		netlink_batch_add_text(&batch, type == NFT_MSG_GETRULE ? NFTA_RULE_CHAIN : NFTA_CHAIN_NAME, chain);
	return netlink_batch_ask(&batch, fd, reader, context);
}

/* ---- attributes --------------------------------------------------------------------------- */

/* The first at DATA if it is whole. */
static const struct nlattr *attribute_at(const char *data, const char *end)
{
	const struct nlattr *attribute = (const struct nlattr *)data;

	if (end - data < NLA_HDRLEN || attribute->nla_len < NLA_HDRLEN || attribute->nla_len > end - data)
		return NULL;
	return attribute;
}

static const struct nlattr *find(const char *data, const char *end, uint16_t type)
{
	const struct nlattr *attribute;

	while ((attribute = attribute_at(data, end)) && (attribute->nla_type & NLA_TYPE_MASK) != type) {
		if (end - data <= NLA_ALIGN(attribute->nla_len))
			return NULL;
		data += NLA_ALIGN(attribute->nla_len);
	}
	return attribute;
}

const struct nlattr *nftables_attribute(const struct nlmsghdr *message, uint16_t type)
{
	size_t fixed = NLMSG_SPACE(sizeof(struct nfgenmsg));

	if (message->nlmsg_len < fixed)
		return NULL;
	return find((const char *)message + fixed, (const char *)message + message->nlmsg_len, type);
}

const struct nlattr *nftables_nested(const struct nlattr *attribute, uint16_t type)
{
	if (!attribute)
		return NULL;
	return find((const char *)attribute + NLA_HDRLEN, (const char *)attribute + attribute->nla_len, type);
}

const struct nlattr *nftables_next(const struct nlattr *attribute, const struct nlattr *previous)
{
	const char *end;

	if (!attribute)
		return NULL;
	end = (const char *)attribute + attribute->nla_len;
	if (!previous)
		return attribute_at((const char *)attribute + NLA_HDRLEN, end);
	if (end - (const char *)previous <= NLA_ALIGN(previous->nla_len))
		return NULL;
	return attribute_at((const char *)previous + NLA_ALIGN(previous->nla_len), end);
}

const void *nftables_payload(const struct nlattr *attribute, size_t *ret_length)
{
	if (!attribute)
		return NULL;
	*ret_length = attribute->nla_len - (size_t)NLA_HDRLEN;
	return (const char *)attribute + NLA_HDRLEN;
}

uint32_t nftables_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;
	size_t length = 0;
	const void *data = nftables_payload(attribute, &length);

	if (!data || length < sizeof value)
		return 0;
	memcpy(&value, data, sizeof value);
	return ntohl(value);
}

const char *nftables_text(const struct nlattr *attribute)
{
	size_t length = 0;
	const char *text = nftables_payload(attribute, &length);

	return text && length > 0 && text[length - 1] == '\0' ? text : NULL;
}
