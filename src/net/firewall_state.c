/* SPDX-License-Identifier: Apache-2.0 */
#include "net/firewall_state.h"

#include "net/firewall.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ATTEMPTS 2000 /* of a transaction, against others that come first */
#define PATIENCE 20   /* attempts before one waits a little in between */
#define STAMPS 32     /* that are left from before, at most */
#define SPARE 8192    /* bytes of a transaction that are not elements of the change */

void firewall_state_done(struct firewall_state *state)
{
	firewall_elements_done(&state->content);
}

/* ---- reading ----------------------------------------------------------------- */

struct list_reading {
	const struct nftables_set *set;
	struct firewall_list *list;
};

/* An element of other sizes than ours is of somebody else's set. */
static int read_element(void *context, const struct nftables_element *element)
{
	const struct list_reading *reading = context;
	struct nftables_element *copy;

	if (element->key_length != nftables_fields_size(reading->set->key) || element->data_length != nftables_fields_size(reading->set->data))
		return -EBADMSG;
	if (reading->set->intervals && element->end_length != element->key_length)
		return -EBADMSG;
	copy = firewall_list_add(reading->list);
	*copy = *element;
	copy->comment = NULL;
	return 0;
}

static int read_list(int fd, enum firewall_set set, struct firewall_list *list)
{
	struct list_reading reading = { &firewall_sets[set], list };
	int r = nftables_read_elements(fd, FIREWALL_TABLE, firewall_sets[set].name, read_element, &reading);

	firewall_list_sort(list);
	return r;
}

/* The latest counts; generations go round. */
static int read_stamp(void *context, const struct nftables_element *element)
{
	struct firewall_state *state = context;
	uint64_t rules, elements;
	uint32_t generation;

	if (element->key_length != sizeof generation || sscanf(element->comment, "rules %16" SCNx64 ", elements %16" SCNx64, &rules, &elements) != 2)
		return -EBADMSG;
	memcpy(&generation, element->key, sizeof generation);
	if (state->stamps == 0 || (int32_t)(generation - state->stamp_generation) > 0) {
		state->stamp_generation = generation;
		state->rules = rules;
		state->elements = elements;
	}
	state->stamps++;
	return 0;
}

static int read_once(int fd, unsigned sets, struct firewall_state *state)
{
	int r = nftables_generation(fd, &state->generation);

	if (r == 0)
		r = nftables_read_elements(fd, FIREWALL_TABLE, firewall_sets[FIREWALL_GENERATION].name, read_stamp, state);
	for (unsigned i = 0; r == 0 && i < FIREWALL_CONTENT_COUNT; i++)
		if (sets & FIREWALL_BIT(i))
			r = read_list(fd, i, &state->content.lists[i]);
	return r;
}

/* Our own rule sets are short: others' changes, each some microseconds, do not come for ever. */
static void wait_for_others(unsigned attempt)
{
	struct timespec pause = { .tv_nsec = 100000L * (long)(1 + attempt % 7) };

	if (attempt > PATIENCE)
		nanosleep(&pause, NULL);
}

int firewall_state_read(int fd, unsigned sets, struct firewall_state *ret)
{
	struct firewall_state state;
	uint32_t generation = 0;
	int r = -EINTR;

	for (unsigned i = 0; r == -EINTR && i < ATTEMPTS; i++) {
		wait_for_others(i);
		memset(&state, 0, sizeof state);
		r = read_once(fd, sets, &state);
		if (r == 0 || r == -ENOENT || r == -EBADMSG) {
			int q = nftables_generation(fd, &generation);

			state.has_table = r == 0;
			r = q == 0 && generation != state.generation ? -EINTR : q;
		}
		if (r < 0)
			firewall_state_done(&state);
	}
	if (r < 0)
		return r == -EINTR ? -EBUSY : r;
	*ret = state;
	return 0;
}

/* ---- digests -------------------------------------------------------------------- */

struct rules_reading {
	uint64_t digest;
	unsigned count;
};

static int digest_message(void *context, const struct nlmsghdr *message)
{
	struct rules_reading *reading = context;
	size_t fixed = NLMSG_SPACE(sizeof(struct nfgenmsg));
	const uint8_t *p = (const uint8_t *)message + fixed, *end = (const uint8_t *)message + message->nlmsg_len;

	/* NFTA_RULE_TABLE and NFTA_CHAIN_TABLE are one number: kernels pass over what a question for chains says. */
	if (!str_equal(nftables_text(nftables_attribute(message, NFTA_RULE_TABLE)), FIREWALL_TABLE))
		return 0;
	for (; p < end; p++)
		reading->digest = (reading->digest ^ *p) * 0x100000001b3;
	reading->count++;
	return 0;
}

int firewall_state_digest_rules(int fd, uint64_t *ret_digest, unsigned *ret_count)
{
	struct rules_reading reading = { .digest = 0xcbf29ce484222325 }, chains = { 0 };
	int r = nftables_dump(fd, NFT_MSG_GETRULE, NFTABLES_INET, FIREWALL_TABLE, NULL, digest_message, &reading);

	chains.digest = reading.digest;
	if (r == 0)
		r = nftables_dump(fd, NFT_MSG_GETCHAIN, NFTABLES_INET, FIREWALL_TABLE, NULL, digest_message, &chains);
	if (r < 0)
		return r;
	*ret_digest = chains.digest;
	*ret_count = reading.count;
	return 0;
}

uint64_t firewall_state_digest_elements(const struct firewall_state *state)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		sum += firewall_list_digest(i, &state->content.lists[i]);
	return sum;
}

int firewall_state_verify(int fd, const struct firewall_state *state)
{
	_cleanup_firewall_state_ struct firewall_state all = { 0 };
	uint64_t rules = 0;
	unsigned count = 0;
	int r;

	if (!state->has_table || state->stamps == 0)
		return -ESTALE;
	if (state->stamp_generation == state->generation)
		return 0;
	r = firewall_state_digest_rules(fd, &rules, &count);
	if (r == 0)
		r = firewall_state_read(fd, FIREWALL_ALL, &all);
	if (r < 0)
		return r;
	if (!all.has_table || rules != state->rules || firewall_state_digest_elements(&all) != state->elements)
		return -ESTALE;
	return all.generation == state->generation ? 0 : -EINTR;
}

/* ---- changing ------------------------------------------------------------------------ */

void firewall_state_add_stamp(const struct firewall_state *state, bool flush, struct netlink_batch *batch)
{
	const char *name = firewall_sets[FIREWALL_GENERATION].name;
	char comment[NFTABLES_COMMENT_SIZE];
	struct nftables_element element = { .key_length = sizeof(uint32_t), .comment = comment };
	uint32_t next = state->generation + 1 ? state->generation + 1 : 1; /* 0 is left out, nf_tables_api.c */

	memcpy(element.key, &next, sizeof next);
	snprintf(comment, sizeof comment, "rules %016" PRIx64 ", elements %016" PRIx64, state->rules, state->elements);
	if (state->stamps > 0 && (flush || state->stamps >= STAMPS))
		nftables_flush_set(batch, FIREWALL_TABLE, name);
	nftables_add_elements(batch, FIREWALL_TABLE, name, &element, 1);
}

static bool is_empty(const struct firewall_elements *elements)
{
	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		if (elements->lists[i].count > 0)
			return false;
	return true;
}

static void add_change(struct firewall_state *state, const struct firewall_change *change, struct netlink_batch *batch)
{
	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++) {
		const struct firewall_list *out = &change->remove.lists[i], *in = &change->add.lists[i];

		nftables_delete_elements(batch, FIREWALL_TABLE, firewall_sets[i].name, out->elements, out->count);
		nftables_add_elements(batch, FIREWALL_TABLE, firewall_sets[i].name, in->elements, in->count);
		state->elements += firewall_list_digest(i, in) - firewall_list_digest(i, out);
	}
}

static int remove_table(int fd, const struct firewall_state *state)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;

	nftables_begin(&batch, state->generation);
	nftables_delete_table(&batch, FIREWALL_TABLE);
	return nftables_commit(&batch, fd);
}

static int commit(int fd, struct firewall_state *state, const struct firewall_change *change)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	int verified;

	if (is_empty(&change->add) && is_empty(&change->remove))
		return 0;
	if (!state->has_table)
		return -ENOENT;
	if (change->remove_table)
		return remove_table(fd, state);
	verified = firewall_state_verify(fd, state);
	if (verified < 0 && verified != -ESTALE)
		return verified;
	nftables_begin(&batch, state->generation);
	add_change(state, change, &batch);
	if (verified == 0)
		firewall_state_add_stamp(state, !is_empty(&change->remove), &batch);
	return nftables_commit(&batch, fd);
}

/* ---- changes that are too large for one transaction ---------------------------------- */

static size_t count_elements(const struct firewall_elements *elements)
{
	size_t count = 0;

	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		count += elements->lists[i].count;
	return count;
}

/* The first LIMIT stay; whether that leaves some out. */
static bool cut(struct firewall_elements *elements, size_t limit)
{
	bool was_cut = count_elements(elements) > limit;

	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++) {
		struct firewall_list *list = &elements->lists[i];

		list->count = list->count < limit ? list->count : limit;
		limit -= list->count;
	}
	return was_cut;
}

/* What is taken out and what is put in its place belong together: such a change is never large. */
static bool cut_change(int fd, struct firewall_change *change)
{
	size_t room = nftables_room(fd), limit = room > SPARE ? (room - SPARE) / NFTABLES_ELEMENT_BYTES : 1;
	bool was_cut;

	if (change->remove_table || (!is_empty(&change->add) && !is_empty(&change->remove)))
		return false;
	was_cut = cut(&change->add, limit);
	return cut(&change->remove, limit) || was_cut;
}

static void note_added(struct firewall_elements *added, const struct firewall_elements *part)
{
	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		for (size_t k = 0; k < part->lists[i].count; k++)
			*firewall_list_add(&added->lists[i]) = part->lists[i].elements[k];
}

static int think_to_take_back(void *context, const struct firewall_state *state, struct firewall_change *change)
{
	const struct firewall_elements *added = context;

	for (unsigned i = 0; i < FIREWALL_CONTENT_COUNT; i++)
		for (size_t k = 0; k < added->lists[i].count; k++)
			if (firewall_list_has(&state->content.lists[i], &added->lists[i].elements[k]))
				*firewall_list_add(&change->remove.lists[i]) = added->lists[i].elements[k];
	return 0;
}

/* 1: a part is done. */
static int change_once(int fd, unsigned sets, firewall_think *think, void *context, struct firewall_elements *added)
{
	_cleanup_firewall_state_ struct firewall_state state = { 0 };
	struct firewall_change change = { 0 };
	int r = firewall_state_read(fd, sets, &state);
	bool was_cut = false;

	if (r == 0)
		r = think(context, &state, &change);
	if (r == 0) {
		was_cut = cut_change(fd, &change);
		r = commit(fd, &state, &change);
	}
	if (r == 0 && was_cut)
		note_added(added, &change.add);
	firewall_elements_done(&change.add);
	firewall_elements_done(&change.remove);
	return r == 0 && was_cut ? 1 : r;
}

int firewall_state_change(int fd, unsigned sets, firewall_think *think, void *context)
{
	_cleanup_firewall_elements_ struct firewall_elements added = { 0 };
	int r = -ERESTART;

	for (unsigned attempt = 0; (r == -ERESTART || r == -EINTR || r > 0) && attempt < ATTEMPTS;) {
		wait_for_others(attempt);
		r = change_once(fd, sets, think, context, &added);
		attempt = r > 0 ? 0 : attempt + 1;
	}
	if (r < 0 && !is_empty(&added))
		ignore_result(firewall_state_change(fd, sets, think_to_take_back, &added)); /* the first failure is told */
	return r == -ERESTART || r == -EINTR ? -EBUSY : r;
}
