/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall.h"
#include "base/narration.h"

#include "base/log.h"
#include "base/memory.h"
#include "host/conntrack.h"
#include "net/firewall_elements.h"
#include "net/firewall_state.h"
#include "net/subnets.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* The sets of ports of a family: nothing in one of them overlaps anything in another. */
#define SETS_OF_FAMILY 3
static const enum firewall_set families[2][SETS_OF_FAMILY] = {
	{ FIREWALL_PORTS4, FIREWALL_PORTS4_AT, FIREWALL_RANGES4 },
	{ FIREWALL_PORTS6, FIREWALL_PORTS6_AT, FIREWALL_RANGES6 },
};
#define PORT_SETS (FIREWALL_ALL & ~(FIREWALL_BIT(FIREWALL_PORTS4) - 1)) /* they come last */
#define NETWORK_SETS (FIREWALL_ALL & ~PORT_SETS)
#define ATTEMPTS 1000

/* ---- failures ------------------------------------------------------------------- */

/* Whether R is what a kernel without nf_tables, or without the parts that we need, says. */
static bool is_missing(int r)
{
	return r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP || r == -EINVAL;
}

static int fail(struct error *err, int r, const char *what)
{
	if (is_missing(r)) {
		error_set(err, ERROR_UNSUPPORTED, -r, "cannot %s", what);
		error_hint(err, "networks of containers need nf_tables in the kernel (CONFIG_NF_TABLES_INET, NFT_NAT, NFT_MASQ, NFT_FIB_INET, NFT_CT)");
		return r;
	}
	if (r == -ENOENT) {
		error_set(err, ERROR_UNAVAILABLE, 0, "cannot %s: somebody has removed the table 'inet " FIREWALL_TABLE "'", what);
		return r;
	}
	return error_errno(err, -r, "cannot %s", what);
}

static int open_socket(int *ret_fd, struct error *err)
{
	int r = nftables_open(ret_fd);

	return r < 0 ? fail(err, r, "open nf_tables") : 0;
}

/* ---- the table --------------------------------------------------------------------- */

/* The usual case. */
static bool is_current(int fd)
{
	uint32_t generation;

	return nftables_generation(fd, &generation) == 0 &&
		nftables_find_element(fd, FIREWALL_TABLE, firewall_sets[FIREWALL_GENERATION].name, &generation, sizeof generation) == 0;
}

/* Others have changed rule sets, but not ours: that need not be looked at again. */
static int renew_stamp(int fd, const struct firewall_state *state)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	nftables_begin(&batch, state->generation);
	firewall_state_add_stamp(state, false, &batch);
	return nftables_commit(&batch, fd);
}

static int make_table(int fd, const struct firewall_state *state)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	nftables_begin(&batch, state->generation);
	firewall_table_make(&batch);
	return nftables_commit(&batch, fd);
}

/* Somebody has made it anew, but not yet filled it. */
static int is_incomplete(int fd, const struct firewall_state *state)
{
	uint64_t digest;
	unsigned count = 0;
	int r;

	if (!state->has_table || state->stamps > 0)
		return 0;
	r = firewall_state_digest_rules(fd, &digest, &count);
	return r < 0 ? r : count == firewall_table_rule_count();
}

static int ensure(int fd, bool *ret_lost)
{
	_cleanup_firewall_state_ struct firewall_state state = { 0 };
	int r = firewall_state_read(fd, 0, &state);

	if (r < 0)
		return r;
	r = firewall_state_verify(fd, &state);
	*ret_lost = r == -ESTALE;
	if (r == 0)
		return renew_stamp(fd, &state);
	if (r != -ESTALE)
		return r;
	r = is_incomplete(fd, &state);
	if (r != 0)
		return r < 0 ? r : 0;
	return make_table(fd, &state);
}

int firewall_ensure(bool *ret_lost, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	bool lost = false;
	int r = open_socket(&fd, err);

	if (r < 0)
		return r;
	if (is_current(fd)) {
		*ret_lost = false;
		return 0;
	}
	r = -ERESTART;
	for (unsigned i = 0; (r == -ERESTART || r == -EINTR) && i < ATTEMPTS; i++)
		r = ensure(fd, &lost);
	if (r < 0)
		return fail(err, r, "make the table 'inet " FIREWALL_TABLE "' of the firewall");
	*ret_lost = lost;
	return 0;
}

static int mark_complete(int fd)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_firewall_state_ struct firewall_state state = { 0 };
	unsigned count;
	int r = firewall_state_read(fd, FIREWALL_ALL, &state);

	if (r == 0 && !state.has_table)
		r = -ENOENT;
	if (r == 0)
		r = firewall_state_digest_rules(fd, &state.rules, &count);
	if (r == 0 && count != firewall_table_rule_count())
		r = -ENOENT;
	if (r < 0)
		return r;
	state.elements = firewall_state_digest_elements(&state);
	nftables_begin(&batch, state.generation);
	firewall_state_add_stamp(&state, false, &batch);
	return nftables_commit(&batch, fd);
}

int firewall_mark_complete(struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_socket(&fd, err);

	if (r < 0)
		return r;
	r = -ERESTART;
	for (unsigned i = 0; (r == -ERESTART || r == -EINTR) && i < ATTEMPTS; i++)
		r = mark_complete(fd);
	return r < 0 ? fail(err, r, "complete the firewall") : 0;
}

int firewall_remove(struct error *err)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (r == 0) {
		nftables_begin(&batch, 0);
		nftables_delete_table(&batch, FIREWALL_TABLE);
		r = nftables_commit(&batch, fd);
	}
	return r == 0 || r == -ENOENT || is_missing(r) ? 0 : fail(err, r, "remove the table 'inet " FIREWALL_TABLE "'");
}

/* ---- networks ------------------------------------------------------------------------- */

/* Copies to OUT what of WANTED is in the table (IS_THERE) or is not. */
static void pick(const struct firewall_state *state, const struct firewall_elements *wanted, bool is_there, struct firewall_elements *out)
{
	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++) {
		const struct firewall_list *list = &wanted->lists[i];

		for (size_t k = 0; k < list->count; k++)
			if (firewall_list_has(&state->content.lists[i], &list->elements[k]) == is_there)
				*firewall_list_add(&out->lists[i]) = list->elements[k];
	}
}

static int think_to_add(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	pick(state, context, false, &change->add);
	return 0;
}

static int think_to_remove(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	pick(state, context, true, &change->remove);
	change->remove_table = change->remove.lists[FIREWALL_NETWORKS].count > 0 &&
		change->remove.lists[FIREWALL_NETWORKS].count == state->content.lists[FIREWALL_NETWORKS].count;
	return 0;
}

int firewall_add_network(const struct spec_network *network, struct error *err)
{
	_cleanup_firewall_elements_ struct firewall_elements wanted = { 0 };
	_cleanup_close_ int fd = -EBADF;
	int r = firewall_elements_add_network(&wanted, network, err);

	if (r == 0)
		r = open_socket(&fd, err);
	if (r < 0)
		return r;
	r = firewall_state_change(fd, NETWORK_SETS, think_to_add, &wanted);
	return r < 0 ? fail(err, r, "add a network to the firewall") : 0;
}

/* Removes elements, as far as they are there. */
static int remove_elements(unsigned sets, firewall_think *think, void *context, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (r == 0)
		r = firewall_state_change(fd, sets, think, context);
	return r == 0 || is_missing(r) ? 0 : fail(err, r, "remove a network or ports from the firewall");
}

int firewall_remove_network(const struct spec_network *network, struct error *err)
{
	_cleanup_firewall_elements_ struct firewall_elements wanted = { 0 };
	int r = firewall_elements_add_network(&wanted, network, err);

	return r < 0 ? r : remove_elements(NETWORK_SETS, think_to_remove, &wanted, err);
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* What is to be published: elements of each port, which is so found again. */
struct publication {
	struct firewall_elements *ports;
	size_t count;
	size_t taken;                     /* the port that cannot be, or .count */
	enum firewall_set owner_set;
	struct nftables_element owner;    /* of what is in its way */
};

#define PROTOCOLS 256
#define PORT_WORDS (65536 / 64)

/* Ports that are in use, whatever the address: what most questions end with. */
struct occupancy {
	uint64_t *bits[PROTOCOLS];
};

static void occupancy_done(struct occupancy *occupancy)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		free(occupancy->bits[i]);
}

static void occupy(struct occupancy *occupancy, const struct firewall_span *span)
{
	uint64_t **bits = &occupancy->bits[span->protocol];

	if (!*bits)
		*bits = memory_new(PORT_WORDS, sizeof **bits);
	for (unsigned port = span->first; port <= span->last; port++)
		(*bits)[port / 64] |= UINT64_C(1) << port % 64;
}

static bool is_occupied(const struct occupancy *occupancy, const struct firewall_span *span)
{
	const uint64_t *bits = occupancy->bits[span->protocol];

	for (unsigned port = span->first; bits && port <= span->last; port++)
		if (bits[port / 64] & UINT64_C(1) << port % 64)
			return true;
	return false;
}

/* Whether something in LISTS, of one family, is in the way. */
static bool find_owner(const enum firewall_set *family, const struct firewall_elements *lists, const struct firewall_span *span,
	struct publication *publication)
{
	for (size_t i = 0; i < SETS_OF_FAMILY; i++) {
		const struct firewall_list *list = &lists->lists[family[i]];

		for (size_t k = 0; k < list->count; k++) {
			struct firewall_span other = firewall_element_span(family[i], &list->elements[k]);

			if (firewall_spans_overlap(&other, span)) {
				publication->owner_set = family[i];
				publication->owner = list->elements[k];
				return true;
			}
		}
	}
	return false;
}

static bool has(const struct firewall_list *list, const struct nftables_element *element)
{
	for (size_t i = 0; i < list->count; i++)
		if (firewall_elements_equal(&list->elements[i], element))
			return true;
	return false;
}

/* An element of SET, one of FAMILY: -EADDRINUSE if others have any of it. */
static int think_of_element(struct publication *publication, const enum firewall_set *family, enum firewall_set set,
	const struct nftables_element *element, const struct firewall_state *state, struct occupancy *occupancy, struct firewall_change *change)
{
	struct firewall_span span = firewall_element_span(set, element);

	if (is_occupied(occupancy, &span)) {
		if (firewall_list_has(&state->content.lists[set], element) || has(&change->add.lists[set], element))
			return 0;
		if (find_owner(family, &state->content, &span, publication) || find_owner(family, &change->add, &span, publication))
			return -EADDRINUSE;
	}
	occupy(occupancy, &span);
	*firewall_list_add(&change->add.lists[set]) = *element;
	return 0;
}

/* Port number WHICH, as far as it is one of FAMILY. */
static int think_of_port(struct publication *publication, size_t which, const enum firewall_set *family, const struct firewall_state *state,
	struct occupancy *occupancy, struct firewall_change *change)
{
	int r = 0;

	for (size_t i = 0; i < SETS_OF_FAMILY; i++) {
		const struct firewall_list *list = &publication->ports[which].lists[family[i]];

		firewall_list_reserve(&change->add.lists[family[i]], list->count);
		for (size_t k = 0; r == 0 && k < list->count; k++)
			r = think_of_element(publication, family, family[i], &list->elements[k], state, occupancy, change);
	}
	if (r < 0)
		publication->taken = which;
	return r;
}

static void occupy_lists(const enum firewall_set *family, const struct firewall_elements *lists, struct occupancy *occupancy)
{
	for (size_t i = 0; i < SETS_OF_FAMILY; i++)
		for (size_t k = 0; k < lists->lists[family[i]].count; k++) {
			struct firewall_span span = firewall_element_span(family[i], &lists->lists[family[i]].elements[k]);

			occupy(occupancy, &span);
		}
}

static int think_to_publish(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	struct publication *publication = context;
	int r = 0;

	for (size_t f = 0; r == 0 && f < ARRAY_SIZE(families); f++) {
		struct occupancy occupancy = { 0 };

		occupy_lists(families[f], &state->content, &occupancy);
		for (size_t i = 0; r == 0 && i < publication->count; i++)
			r = think_of_port(publication, i, families[f], state, &occupancy, change);
		occupancy_done(&occupancy);
	}
	return r;
}

static int fail_taken(struct arena *arena, const struct publication *publication, const struct spec_published_port *ports, size_t *ret_taken,
	const char **ret_owner, struct error *err)
{
	const struct spec_published_port *port = &ports[publication->taken];
	struct spec_published_port owner;
	struct firewall_span span = firewall_element_span(publication->owner_set, &publication->owner);

	firewall_element_port(arena, publication->owner_set, &publication->owner, &owner);
	*ret_taken = publication->taken;
	*ret_owner = owner.address4 ? owner.address4 : owner.address6;
	return error_set(err, ERROR_CONFLICT, 0, "cannot publish port %u/%s: it leads to %s already",
		port->host_port > span.first ? port->host_port : span.first, port->protocol, *ret_owner);
}

/* ---- flows ------------------------------------------------------------------------------------ */

/* Ports whose flows of UDP are to be forgotten. */
struct flows {
	const struct spec_published_port *ports;
	size_t count;
	bool is_published; /* from now on; false: until now */
};

static bool is_address(const char *text, const uint8_t *address, int family)
{
	struct net_subnet parsed;

	return text && net_address_parse(text, &parsed, NULL) == 0 && parsed.family == family &&
		memcmp(parsed.address, address, family == AF_INET ? 4 : 16) == 0;
}

/*
 * A flow is translated as it was when it began, and lasts as long as packets come: a client that asked before the port was published, in
 * vain, or when it led to another container, would ask there for ever.
 */
static bool is_stale(void *context, const struct conntrack_flow *flow)
{
	const struct flows *flows = context;
	bool is_translated = memcmp(flow->destination, flow->answering, sizeof flow->destination) != 0;

	for (size_t i = 0; i < flows->count; i++) {
		const struct spec_published_port *port = &flows->ports[i];

		if (!str_equal(port->protocol, "udp") || flow->port < port->host_port || flow->port - port->host_port >= (int64_t)port->count)
			continue;
		if (flows->is_published ? !is_translated && !flow->is_answered :
			is_translated && is_address(flow->family == AF_INET ? port->address4 : port->address6, flow->answering, flow->family))
			return true;
	}
	return false;
}

static void forget_flows(const struct spec_published_port *ports, size_t count, bool is_published)
{
	struct flows flows = { ports, count, is_published };
	bool is_udp = false;
	int r;

	for (size_t i = 0; i < count; i++)
		is_udp = is_udp || str_equal(ports[i].protocol, "udp");
	/* The ports are as they should be all the same: a client that waits half a minute finds them so. */
	r = is_udp ? conntrack_forget(IPPROTO_UDP, is_stale, &flows) : 0;
	if (r < 0)
		log_debug("cannot forget flows to published ports: %s, ignoring", error_words(-r));
}

int firewall_publish(struct arena *arena, const struct spec_published_port *ports, size_t count, size_t *ret_taken, const char **ret_owner,
	struct error *err)
{
	struct publication publication = { .ports = memory_new(count ? count : 1, sizeof *publication.ports), .count = count, .taken = count };
	_cleanup_close_ int fd = -EBADF;
	int r = count > 0 ? open_socket(&fd, err) : 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = firewall_elements_add_port(&publication.ports[i], &ports[i], err);
	if (r == 0 && count > 0) {
		r = firewall_state_change(fd, PORT_SETS, think_to_publish, &publication);
		if (r == -EADDRINUSE)
			r = fail_taken(arena, &publication, ports, ret_taken, ret_owner, err);
		else if (r < 0)
			r = fail(err, r, "publish ports");
	}
	if (r == 0)
		forget_flows(ports, count, true);
	if (r == 0 && count > 0)
		narrate("nf_tables: %zu published port%s in the sets of table inet bivy", count, count == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++)
		firewall_elements_done(&publication.ports[i]);
	free(publication.ports);
	return r;
}

int firewall_unpublish(const struct spec_published_port *ports, size_t count, struct error *err)
{
	return firewall_reduce(ports, count, NULL, 0, err);
}

/* Elements that are to go, and that are to be. */
struct reduction {
	struct firewall_elements out, rest;
};

static void reduction_done(struct reduction *reduction)
{
	firewall_elements_done(&reduction->out);
	firewall_elements_done(&reduction->rest);
}

/* Of one set. */
static void reduce(const struct firewall_list *there, const struct firewall_list *out, const struct firewall_list *rest, struct firewall_list *ret_remove,
	struct firewall_list *ret_add)
{
	firewall_list_reserve(ret_remove, out->count);
	for (size_t i = 0; i < out->count; i++)
		if (firewall_list_has(there, &out->elements[i]) && !firewall_list_has(rest, &out->elements[i]))
			*firewall_list_add(ret_remove) = out->elements[i];
	for (size_t i = 0; i < rest->count; i++)
		if (!firewall_list_has(there, &rest->elements[i]))
			*firewall_list_add(ret_add) = rest->elements[i];
}

static int think_to_reduce(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	const struct reduction *reduction = context;

	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		reduce(&state->content.lists[i], &reduction->out.lists[i], &reduction->rest.lists[i], &change->remove.lists[i], &change->add.lists[i]);
	return 0;
}

int firewall_reduce(const struct spec_published_port *ports, size_t count, const struct spec_published_port *rest, size_t rest_count, struct error *err)
{
	_cleanup_(reduction_done) struct reduction reduction = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = firewall_elements_add_port(&reduction.out, &ports[i], err);
	for (size_t i = 0; r == 0 && i < rest_count; i++)
		r = firewall_elements_add_port(&reduction.rest, &rest[i], err);
	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		firewall_list_sort(&reduction.rest.lists[i]);
	if (r == 0 && count > 0)
		r = remove_elements(PORT_SETS, think_to_reduce, &reduction, err);
	if (r == 0)
		forget_flows(ports, count, false);
	return r;
}

/* ---- what is there -------------------------------------------------------------------------------- */

static void read_ports(struct arena *arena, const struct firewall_state *state, struct firewall_content *content)
{
	const struct firewall_list *lists = state->content.lists;
	size_t count = 0;

	for (unsigned set = FIREWALL_PORTS4; set < FIREWALL_CONTENT_COUNT; set++)
		count += lists[set].count;
	content->ports = arena_alloc(arena, count + 1, sizeof *content->ports);
	for (unsigned set = FIREWALL_PORTS4; set < FIREWALL_CONTENT_COUNT; set++)
		for (size_t k = 0; k < lists[set].count; k++)
			firewall_element_port(arena, set, &lists[set].elements[k], &content->ports[content->port_count++]);
}

int firewall_read(struct arena *arena, struct firewall_content *ret, struct error *err)
{
	_cleanup_firewall_state_ struct firewall_state state = { 0 };
	_cleanup_close_ int fd = -EBADF;
	struct firewall_content content = { 0 };
	const struct firewall_list *bridges = &state.content.lists[FIREWALL_NETWORKS];
	int r = open_socket(&fd, err);

	if (r < 0)
		return r;
	r = firewall_state_read(fd, FIREWALL_ALL, &state);
	if (r < 0)
		return fail(err, r, "read the table 'inet " FIREWALL_TABLE "'");
	content.bridges = arena_alloc(arena, bridges->count + 1, sizeof *content.bridges);
	for (size_t i = 0; i < bridges->count; i++)
		content.bridges[i] = arena_strndup(arena, (const char *)bridges->elements[i].key,
			strnlen((const char *)bridges->elements[i].key, bridges->elements[i].key_length));
	read_ports(arena, &state, &content);
	*ret = content;
	return 0;
}
