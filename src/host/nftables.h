/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf_tables of the kernel by netlink(7), raw: tables, chains and sets in
 * transactions, and questions about them. What rules are made of is in
 * nftables_rule.h. All tables are of the family "inet". All return 0 or -errno.
 *
 * A transaction is whole or nothing. The kernel counts them: the number of the
 * last is the generation of the rule set of a network namespace, and a
 * transaction that names the one it was thought out for is refused (-ERESTART) if
 * somebody else's came before.
 */
#ifndef BIVY_HOST_NFTABLES_H
#define BIVY_HOST_NFTABLES_H

#include "host/netlink.h"

#include <linux/netfilter/nf_tables.h>

/* Of linux/netfilter.h and linux/netfilter_ipv4.h, which musl's headers contradict. */
enum nftables_family { NFTABLES_ALL = 0, NFTABLES_INET = 1, NFTABLES_IPV4 = 2, NFTABLES_IPV6 = 10 };
enum nftables_hook { NFTABLES_PREROUTING, NFTABLES_INPUT, NFTABLES_FORWARD, NFTABLES_OUTPUT, NFTABLES_POSTROUTING };
enum nftables_verdict { NFTABLES_DROP, NFTABLES_ACCEPT };

/* Where the chains of a hook stand: nft(8), "Standard priority names". */
enum nftables_priority { NFTABLES_RAW = -300, NFTABLES_MANGLE = -150, NFTABLES_NAT_DESTINATION = -100, NFTABLES_FILTER = 0, NFTABLES_NAT_SOURCE = 100 };

/* A socket in the caller's network namespace. -EPROTONOSUPPORT: the kernel has no nfnetlink. */
int nftables_open(int *ret_fd) _must_check_;

/* How many bytes a transaction of that socket may have: few hundred thousand where nobody is root of the host. */
size_t nftables_room(int fd);
#define NFTABLES_ELEMENT_BYTES 128 /* the most that an element without comment takes of them */

/* The generation now. -EINVAL or -EOPNOTSUPP if the kernel has no nf_tables. */
int nftables_generation(int fd, uint32_t *ret) _must_check_;

/* Begins a transaction in an empty batch; GENERATION 0: whatever it is. */
void nftables_begin(struct netlink_batch *batch, uint32_t generation);

/* Ends and commits it; the failure of the first message that failed. The batch is empty afterwards. */
int nftables_commit(struct netlink_batch *batch, int fd) _must_check_;

/* What the kernel wants in network order. */
void nftables_add_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void nftables_add_u64(struct netlink_batch *batch, uint16_t type, uint64_t value);

/* There already is no error; not there to delete is -ENOENT. */
void nftables_add_table(struct netlink_batch *batch, const char *table);
void nftables_delete_table(struct netlink_batch *batch, const char *table);

struct nftables_chain {
	const char *name;
	const char *type; /* "filter", "nat"; NULL: no hook, rules jump there */
	enum nftables_hook hook;
	int32_t priority;
};
void nftables_add_chain(struct netlink_batch *batch, const char *table, const struct nftables_chain *chain);

/* The numbers that nft(8) knows types of data by. */
enum nftables_type {
	NFTABLES_IPV4_ADDRESS = 7,
	NFTABLES_IPV6_ADDRESS = 8,
	NFTABLES_MAC = 9,
	NFTABLES_PROTOCOL = 12,
	NFTABLES_PORT = 13,
	NFTABLES_MARK = 19,
	NFTABLES_INTERFACE = 41,
};

#define NFTABLES_FIELDS 4 /* the most that a key or data may have here */

struct nftables_set {
	const char *name;
	enum nftables_type key[NFTABLES_FIELDS];  /* until 0 */
	enum nftables_type data[NFTABLES_FIELDS]; /* a map; or none */
	bool intervals; /* elements may be ranges, of each field of the key */
};
/* ID: any number that no other set of the transaction has. */
void nftables_add_set(struct netlink_batch *batch, const char *table, const struct nftables_set *set, uint32_t id);

/* How many bytes the fields TYPES have together, each in a register of its own. */
size_t nftables_fields_size(const enum nftables_type *types);

#define NFTABLES_KEY_SIZE 32 /* bytes that a key or data may have here: two addresses of IP version 6, or two names of interfaces */
#define NFTABLES_COMMENT_SIZE 128

/* Fields follow each other, each padded to 4 bytes with zeros. There may be thousands: it is small. */
struct nftables_element {
	const char *comment; /* NULL: none; of what is read "" then, and there until the reader returns; less than NFTABLES_COMMENT_SIZE bytes */
	uint8_t key[NFTABLES_KEY_SIZE], end[NFTABLES_KEY_SIZE], data[NFTABLES_KEY_SIZE];
	uint8_t key_length, end_length, data_length; /* .end_length 0: no range; .data_length 0: no map */
};
/* To add: -EEXIST if there is one of that key with other data. To delete: -ENOENT. */
void nftables_add_elements(struct netlink_batch *batch, const char *table, const char *set, const struct nftables_element *elements, size_t count);
void nftables_delete_elements(struct netlink_batch *batch, const char *table, const char *set, const struct nftables_element *elements,
	size_t count);
/* All of them; none is no error. */
void nftables_flush_set(struct netlink_batch *batch, const char *table, const char *set);

/* Every element of SET to READER, whose negative result ends it. -ENOENT: no such table or set; -EINTR: it changed meanwhile, ask again. */
typedef int nftables_element_reader(void *context, const struct nftables_element *element);
int nftables_read_elements(int fd, const char *table, const char *set, nftables_element_reader *reader, void *context) _must_check_;

/* The same of one message of the answer; 0, or what READER returned. Pure. */
int nftables_each_element(const struct nlmsghdr *message, nftables_element_reader *reader, void *context) _must_check_;

/* Whether SET has an element with that key and without range: 0, -ENOENT. */
int nftables_find_element(int fd, const char *table, const char *set, const void *key, size_t length) _must_check_;

/* Every message of the answer to a question for TYPE (NFT_MSG_GETRULE, NFT_MSG_GETCHAIN) of FAMILY about TABLE, and if it is not NULL CHAIN. */
int nftables_dump(int fd, uint16_t type, uint8_t family, const char *table, const char *chain, netlink_reader *reader, void *context) _must_check_;

/* The attribute TYPE behind a message's fixed part, or in another one; NULL: there is none. */
const struct nlattr *nftables_attribute(const struct nlmsghdr *message, uint16_t type);
const struct nlattr *nftables_nested(const struct nlattr *attribute, uint16_t type);
/* The next in ATTRIBUTE behind PREVIOUS (NULL: the first). */
const struct nlattr *nftables_next(const struct nlattr *attribute, const struct nlattr *previous);
const void *nftables_payload(const struct nlattr *attribute, size_t *ret_length);
/* 0 for NULL and what is too short. */
uint32_t nftables_u32(const struct nlattr *attribute);
/* NULL for NULL and what is not terminated. */
const char *nftables_text(const struct nlattr *attribute);

#endif
