/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall.h"

#include "base/memory.h"
#include "net/firewall_elements.h"
#include "net/firewall_state.h"

#include <errno.h>
#include <string.h>

#define PORT_SETS (FIREWALL_BIT(FIREWALL_PORTS4) | FIREWALL_BIT(FIREWALL_PORTS6) | FIREWALL_BIT(FIREWALL_MOVED4) | FIREWALL_BIT(FIREWALL_MOVED6))
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
	if (r == -ENOENT)
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot %s: somebody has removed the table 'inet " FIREWALL_TABLE "'", what);
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
	firewall_state_add_stamp(state, &batch);
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

	if (!state->has_table || state->has_stamp)
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
	firewall_state_add_stamp(&state, &batch);
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

/* Removes WANTED's elements, as far as they are there. */
static int remove_elements(const struct firewall_elements *wanted, unsigned sets, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	if (r == 0)
		r = firewall_state_change(fd, sets, think_to_remove, (void *)wanted);
	return r == 0 || is_missing(r) ? 0 : fail(err, r, "remove a network or ports from the firewall");
}

int firewall_remove_network(const struct spec_network *network, struct error *err)
{
	_cleanup_firewall_elements_ struct firewall_elements wanted = { 0 };
	int r = firewall_elements_add_network(&wanted, network, err);

	return r < 0 ? r : remove_elements(&wanted, NETWORK_SETS, err);
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

static void occupy(struct occupancy *occupancy, const struct nftables_element *element)
{
	struct firewall_range range = firewall_element_range(element);
	uint64_t **bits = &occupancy->bits[range.protocol];

	if (!*bits)
		*bits = memory_new(PORT_WORDS, sizeof **bits);
	for (unsigned port = range.first; port <= range.last; port++)
		(*bits)[port / 64] |= UINT64_C(1) << port % 64;
}

static bool is_occupied(const struct occupancy *occupancy, const struct nftables_element *element)
{
	struct firewall_range range = firewall_element_range(element);
	const uint64_t *bits = occupancy->bits[range.protocol];

	for (unsigned port = range.first; bits && port <= range.last; port++)
		if (bits[port / 64] & UINT64_C(1) << port % 64)
			return true;
	return false;
}

/* The sets of ports of one family. */
static const enum firewall_set families[2][2] = { { FIREWALL_PORTS4, FIREWALL_MOVED4 }, { FIREWALL_PORTS6, FIREWALL_MOVED6 } };

/* Whether something in LISTS, of one family, is in the way of ELEMENT. */
static bool find_owner(const enum firewall_set family[2], const struct firewall_elements *lists, const struct nftables_element *element,
	struct publication *publication)
{
	for (size_t i = 0; i < 2; i++) {
		const struct firewall_list *list = &lists->lists[family[i]];

		for (size_t k = 0; k < list->count; k++)
			if (firewall_elements_overlap(&list->elements[k], element)) {
				publication->owner_set = family[i];
				publication->owner = list->elements[k];
				return true;
			}
	}
	return false;
}

static bool has(const struct firewall_list *list, const struct nftables_element *element)
{
	for (size_t i = 0; i < list->count; i++)
		if (memcmp(&list->elements[i], element, sizeof *element) == 0)
			return true;
	return false;
}

/* Port number WHICH, in the sets of one family: -EADDRINUSE if others have it. */
static int think_of_port(struct publication *publication, size_t which, const enum firewall_set family[2], const struct firewall_state *state,
	struct occupancy *occupancy, struct firewall_change *change)
{
	for (size_t i = 0; i < 2; i++) {
		const struct firewall_list *list = &publication->ports[which].lists[family[i]];

		for (size_t k = 0; k < list->count; k++) {
			const struct nftables_element *element = &list->elements[k];

			if (is_occupied(occupancy, element)) {
				if (firewall_list_has(&state->content.lists[family[i]], element) || has(&change->add.lists[family[i]], element))
					continue;
				if (find_owner(family, &state->content, element, publication) ||
					find_owner(family, &change->add, element, publication)) {
					publication->taken = which;
					return -EADDRINUSE;
				}
			}
			occupy(occupancy, element);
			*firewall_list_add(&change->add.lists[family[i]]) = *element;
		}
	}
	return 0;
}

static int think_to_publish(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	struct publication *publication = context;
	int r = 0;

	for (size_t f = 0; r == 0 && f < ARRAY_SIZE(families); f++) {
		struct occupancy occupancy = { 0 };

		for (size_t i = 0; i < 2; i++)
			for (size_t k = 0; k < state->content.lists[families[f][i]].count; k++)
				occupy(&occupancy, &state->content.lists[families[f][i]].elements[k]);
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
	struct firewall_range range = firewall_element_range(&publication->owner);

	firewall_element_port(arena, publication->owner_set, &publication->owner, &owner);
	*ret_taken = publication->taken;
	*ret_owner = owner.address4 ? owner.address4 : owner.address6;
	return error_set(err, ERROR_CONFLICT, 0, "cannot publish port %u/%s: it leads to %s already",
		port->host_port > range.first ? port->host_port : range.first, port->protocol, *ret_owner);
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
	for (size_t i = 0; i < count; i++)
		firewall_elements_done(&publication.ports[i]);
	free(publication.ports);
	return r;
}

int firewall_unpublish(const struct spec_published_port *ports, size_t count, struct error *err)
{
	_cleanup_firewall_elements_ struct firewall_elements wanted = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = firewall_elements_add_port(&wanted, &ports[i], err);
	return r < 0 || count == 0 ? r : remove_elements(&wanted, PORT_SETS, err);
}

/* ---- what is there -------------------------------------------------------------------------------- */

static void read_ports(struct arena *arena, const struct firewall_state *state, struct firewall_content *content)
{
	static const enum firewall_set sets[] = { FIREWALL_PORTS4, FIREWALL_MOVED4, FIREWALL_PORTS6, FIREWALL_MOVED6 };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		count += state->content.lists[sets[i]].count;
	content->ports = arena_alloc(arena, count + 1, sizeof *content->ports);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		for (size_t k = 0; k < state->content.lists[sets[i]].count; k++)
			firewall_element_port(arena, sets[i], &state->content.lists[sets[i]].elements[k], &content->ports[content->port_count++]);
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
