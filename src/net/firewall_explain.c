/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Others' chains, read as a person would: which of them ends what comes to a bridge or from it. Only conditions on the bridge
 * itself are understood, and that a packet is one to a published port; every other condition may hold or not.
 */
#include "net/firewall_explain.h"

#include "base/file.h"
#include "host/nftables.h"
#include "net/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <net/if.h>
#include <string.h>

#define DEPTH 16       /* the kernel's NFT_JUMP_STACK_SIZE */
#define RULE_LIMIT 100000u
#define LEGACY_TABLES "/proc/net/ip_tables_names"

/* Which packets are followed. */
enum direction { TO_BRIDGE, FROM_BRIDGE };

enum match { NEVER, MAYBE, ALWAYS };

struct rule {
	char *table, *chain;
	enum match match[2]; /* by direction */
	int32_t verdict;     /* NFT_CONTINUE: it does nothing that matters */
	char *target;        /* chain of a jump or goto */
	bool names_bridge;   /* it is about what comes from there */
};

struct chain {
	char *table, *name;
	enum nftables_hook hook;
	bool is_base, drops; /* by its policy */
};

struct ruleset {
	struct arena *arena;
	const char *bridge;
	uint8_t family;
	struct chain *chains;
	struct rule *rules;
	size_t chain_count, rule_count;
};

/* ---- reading one rule ------------------------------------------------------------ */

/* What the expressions before have left in registers; one at a time is enough for what is understood. */
struct loaded {
	enum { NOTHING_KNOWN, INPUT_NAME, OUTPUT_NAME, STATUS } what;
	bool is_translated; /* STATUS, and only IPS_DST_NAT of it is left */
};

static void weaken(struct rule *rule, enum match to, enum match from)
{
	if (rule->match[TO_BRIDGE] > to)
		rule->match[TO_BRIDGE] = to;
	if (rule->match[FROM_BRIDGE] > from)
		rule->match[FROM_BRIDGE] = from;
}

/* The beginning of a name is compared for "br-*", the whole with its zeros for one. */
static bool is_bridge(const struct ruleset *set, const void *value, size_t length)
{
	char name[IF_NAMESIZE] = "";

	strncpy(name, set->bridge, sizeof name - 1);
	return length <= sizeof name && memcmp(value, name, length) == 0;
}

static void read_compare(const struct ruleset *set, struct rule *rule, const struct loaded *loaded, const struct nlattr *data)
{
	size_t length = 0;
	const void *value = nftables_payload(nftables_nested(nftables_nested(data, NFTA_CMP_DATA), NFTA_DATA_VALUE), &length);
	bool is_equal = nftables_u32(nftables_nested(data, NFTA_CMP_OP)) == NFT_CMP_EQ;
	enum match match;

	if (loaded->what == STATUS && loaded->is_translated && !is_equal) {
		weaken(rule, ALWAYS, MAYBE);
		return;
	}
	if ((loaded->what != INPUT_NAME && loaded->what != OUTPUT_NAME) || !value) {
		weaken(rule, MAYBE, MAYBE);
		return;
	}
	match = is_bridge(set, value, length) == is_equal ? ALWAYS : NEVER;
	rule->names_bridge |= loaded->what == INPUT_NAME && is_equal && match == ALWAYS;
	/* The interface on the other side is somebody else's: no bridge of ours, as far as one can know. */
	if (loaded->what == OUTPUT_NAME)
		weaken(rule, match, MAYBE);
	else
		weaken(rule, MAYBE, match);
}

static void read_bitwise(struct loaded *loaded, const struct nlattr *data)
{
	size_t length = 0;
	const void *mask = nftables_payload(nftables_nested(nftables_nested(data, NFTA_BITWISE_MASK), NFTA_DATA_VALUE), &length);
	uint32_t bits = 0;

	if (mask && length == sizeof bits)
		memcpy(&bits, mask, sizeof bits);
	loaded->is_translated = loaded->what == STATUS && bits == IPS_DST_NAT;
}

static void read_verdict(const struct ruleset *set, struct rule *rule, const struct nlattr *data)
{
	const struct nlattr *verdict = nftables_nested(nftables_nested(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
	const char *target = nftables_text(nftables_nested(verdict, NFTA_VERDICT_CHAIN));

	if (!verdict)
		return;
	rule->verdict = (int32_t)nftables_u32(nftables_nested(verdict, NFTA_VERDICT_CODE));
	rule->target = target ? arena_strdup(set->arena, target) : NULL;
}

static void read_expression(const struct ruleset *set, struct rule *rule, struct loaded *loaded, const struct nlattr *item)
{
	const char *name = nftables_text(nftables_nested(item, NFTA_EXPR_NAME));
	const struct nlattr *data = nftables_nested(item, NFTA_EXPR_DATA);

	if (str_equal(name, "meta")) {
		uint32_t key = nftables_u32(nftables_nested(data, NFTA_META_KEY));

		loaded->what = key == NFT_META_IIFNAME ? INPUT_NAME : key == NFT_META_OIFNAME ? OUTPUT_NAME : NOTHING_KNOWN;
	} else if (str_equal(name, "ct")) {
		loaded->what = nftables_u32(nftables_nested(data, NFTA_CT_KEY)) == NFT_CT_STATUS ? STATUS : NOTHING_KNOWN;
	} else if (str_equal(name, "bitwise")) {
		read_bitwise(loaded, data);
	} else if (str_equal(name, "cmp")) {
		read_compare(set, rule, loaded, data);
	} else if (str_equal(name, "immediate")) {
		read_verdict(set, rule, data);
	} else if (str_equal(name, "reject")) {
		rule->verdict = NFTABLES_DROP;
	} else if (str_equal(name, "target")) {
		/* Of iptables-nft. */
		if (str_equal(nftables_text(nftables_nested(data, NFTA_TARGET_NAME)), "REJECT"))
			rule->verdict = NFTABLES_DROP;
	} else if (!str_equal(name, "counter") && !str_equal(name, "log")) {
		loaded->what = NOTHING_KNOWN;
		weaken(rule, MAYBE, MAYBE);
	}
}

static int read_rule(void *context, const struct nlmsghdr *message)
{
	struct ruleset *set = context;
	const char *table = nftables_text(nftables_attribute(message, NFTA_RULE_TABLE));
	const char *chain = nftables_text(nftables_attribute(message, NFTA_RULE_CHAIN));
	const struct nlattr *list = nftables_attribute(message, NFTA_RULE_EXPRESSIONS), *item = NULL;
	struct rule rule = { .match = { ALWAYS, ALWAYS }, .verdict = NFT_CONTINUE };
	struct loaded loaded = { 0 };

	if (!table || !chain || set->rule_count == RULE_LIMIT)
		return 0;
	rule.table = arena_strdup(set->arena, table);
	rule.chain = arena_strdup(set->arena, chain);
	while ((item = nftables_next(list, item)))
		read_expression(set, &rule, &loaded, item);
	if (set->rule_count % 64 == 0)
		set->rules = memory_resize(set->rules, set->rule_count + 64, sizeof rule);
	set->rules[set->rule_count++] = rule;
	return 0;
}

static int read_chain(void *context, const struct nlmsghdr *message)
{
	struct ruleset *set = context;
	const char *table = nftables_text(nftables_attribute(message, NFTA_CHAIN_TABLE));
	const char *name = nftables_text(nftables_attribute(message, NFTA_CHAIN_NAME));
	const struct nlattr *hook = nftables_attribute(message, NFTA_CHAIN_HOOK), *policy = nftables_attribute(message, NFTA_CHAIN_POLICY);

	if (!table || !name || set->chain_count == RULE_LIMIT)
		return 0;
	if (set->chain_count % 64 == 0)
		set->chains = memory_resize(set->chains, set->chain_count + 64, sizeof *set->chains);
	set->chains[set->chain_count++] = (struct chain){
		.table = arena_strdup(set->arena, table),
		.name = arena_strdup(set->arena, name),
		.is_base = hook,
		.hook = nftables_u32(nftables_nested(hook, NFTA_HOOK_HOOKNUM)),
		.drops = policy && nftables_u32(policy) == NFTABLES_DROP,
	};
	return 0;
}

/* ---- following packets --------------------------------------------------------------- */

static bool chain_ends(const struct ruleset *set, const char *table, const char *name, enum direction direction, unsigned depth, int32_t *verdict);

/* Whether RULE ends the way of the packet for certain, and how. */
static bool rule_ends(const struct ruleset *set, const struct rule *rule, enum direction direction, unsigned depth, int32_t *verdict)
{
	int32_t inner;

	switch (rule->verdict) {
	case NFTABLES_DROP:
	case NFTABLES_ACCEPT:
		*verdict = rule->verdict;
		return rule->match[direction] == ALWAYS;
	case NFT_JUMP:
	case NFT_GOTO:
		if (rule->match[direction] == NEVER || !chain_ends(set, rule->table, rule->target, direction, depth + 1, &inner))
			return false;
		/* What ends there for certain ends here only if it comes there for certain. */
		*verdict = inner;
		return rule->match[direction] == ALWAYS;
	}
	return false;
}

static bool chain_ends(const struct ruleset *set, const char *table, const char *name, enum direction direction, unsigned depth, int32_t *verdict)
{
	if (depth > DEPTH)
		return false;
	for (size_t i = 0; i < set->rule_count; i++) {
		const struct rule *rule = &set->rules[i];

		if (!str_equal(rule->table, table) || !str_equal(rule->chain, name))
			continue;
		if (rule_ends(set, rule, direction, depth, verdict))
			return true;
		if (rule->match[direction] == ALWAYS && (rule->verdict == NFT_RETURN || rule->verdict == NFT_GOTO))
			return false;
	}
	return false;
}

static bool is_stopped(const struct ruleset *set, const struct chain *chain, enum direction direction)
{
	int32_t verdict;

	return chain_ends(set, chain->table, chain->name, direction, 0, &verdict) ? verdict == NFTABLES_DROP : chain->drops;
}

/* ---- words ------------------------------------------------------------------------------ */

/* Programs that make rules, by what they make, and how they are told to let a bridge's traffic pass. */
static const struct {
	const char *table, *chain; /* the one or the other is there */
	const char *name;
	const char *way; /* %1$s is the bridge */
	const char *question_way; /* the same for what it asks the host; NULL: they have no rules about that */
	bool forwards_only; /* its rules are about nothing else */
} makers[] = {
	{ "firewalld", NULL, "firewalld", "firewall-cmd --zone=trusted --add-interface=%1$s", "firewall-cmd --zone=trusted --add-interface=%1$s" },
	{ NULL, "ufw-before-forward", "ufw", "ufw route allow in on %1$s && ufw route allow out on %1$s", "ufw allow in on %1$s to any port 53" },
	{ NULL, "ufw6-before-forward", "ufw", "ufw route allow in on %1$s && ufw route allow out on %1$s", "ufw allow in on %1$s to any port 53" },
	{ NULL, "DOCKER-USER", "docker", "iptables -I DOCKER-USER -i %1$s -j ACCEPT && iptables -I DOCKER-USER -o %1$s -j ACCEPT", NULL, true },
};

static bool has_chain(const struct ruleset *set, const char *table, const char *name)
{
	for (size_t i = 0; i < set->chain_count; i++)
		if (str_equal(set->chains[i].table, table) && str_equal(set->chains[i].name, name))
			return true;
	return false;
}

/* The index of who made CHAIN, or the number of those that are known. */
static size_t find_maker(const struct ruleset *set, const struct chain *chain)
{
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		bool is_there = makers[i].table ? str_equal(makers[i].table, chain->table) : has_chain(set, chain->table, makers[i].chain);

		if (is_there && (chain->hook == NFTABLES_FORWARD || !makers[i].forwards_only))
			return i;
	}
	return ARRAY_SIZE(makers);
}

static const char *replace_name(struct arena *arena, const char *text, const char *name)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *at;

	while ((at = strstr(text, "%1$s"))) {
		buf_add(&out, text, (size_t)(at - text));
		buf_add_text(&out, name);
		text = at + strlen("%1$s");
	}
	buf_add_text(&out, text);
	return arena_strdup(arena, out.data);
}

static const char *family_word(uint8_t family)
{
	return family == NFTABLES_INET ? "inet" : family == NFTABLES_IPV4 ? "ip" : "ip6";
}

/* "table ip filter, chain FORWARD (docker): policy drop" */
static const char *describe(const struct ruleset *set, const struct chain *chain, bool by_policy)
{
	size_t maker = find_maker(set, chain);

	return arena_printf(set->arena, "table %s %s, chain %s%s%s%s: %s", family_word(set->family), chain->table, chain->name,
		maker < ARRAY_SIZE(makers) ? " (" : "", maker < ARRAY_SIZE(makers) ? makers[maker].name : "", maker < ARRAY_SIZE(makers) ? ")" : "",
		by_policy ? "policy drop" : "dropped by a rule");
}

/* Lines under construction. */
struct lines {
	struct arena *arena;
	char **lines;
	size_t count;
};

static void add_line(struct lines *lines, const char *text)
{
	char **longer = arena_alloc(lines->arena, lines->count + 2, sizeof *longer);

	if (lines->count > 0)
		memcpy(longer, lines->lines, lines->count * sizeof *longer);
	longer[lines->count++] = arena_strdup(lines->arena, text);
	lines->lines = longer;
}

static void explain_forward(const struct ruleset *set, const struct chain *chain, struct lines *lines)
{
	bool to = is_stopped(set, chain, TO_BRIDGE), from = is_stopped(set, chain, FROM_BRIDGE);
	size_t maker = find_maker(set, chain);
	const char *text;

	if (!to && !from)
		return;
	text = arena_printf(set->arena, "%s, for what goes %s %s", describe(set, chain, chain->drops), to && from ? "to and from" : to ? "to" : "out from",
		set->bridge);
	if (maker < ARRAY_SIZE(makers))
		text = arena_printf(set->arena, "%s; to allow it: %s", text, replace_name(set->arena, makers[maker].way, set->bridge));
	add_line(lines, text);
}

/* All that there is, of each family, to EACH base chain of HOOK that is not ours. */
static int explain(struct arena *arena, const char *bridge, enum nftables_hook hook,
	void (*each)(const struct ruleset *set, const struct chain *chain, struct lines *lines), struct lines *lines)
{
	static const uint8_t families[] = { NFTABLES_INET, NFTABLES_IPV4, NFTABLES_IPV6 };
	_cleanup_close_ int fd = -EBADF;
	int r = nftables_open(&fd);

	for (size_t f = 0; r == 0 && f < ARRAY_SIZE(families); f++) {
		struct ruleset set = { .arena = arena, .bridge = bridge, .family = families[f] };

		r = nftables_dump(fd, NFT_MSG_GETCHAIN, families[f], NULL, NULL, read_chain, &set);
		if (r == 0)
			r = nftables_dump(fd, NFT_MSG_GETRULE, families[f], NULL, NULL, read_rule, &set);
		for (size_t i = 0; r == 0 && i < set.chain_count; i++) {
			bool is_ours = families[f] == NFTABLES_INET && str_equal(set.chains[i].table, FIREWALL_TABLE);

			if (set.chains[i].is_base && set.chains[i].hook == hook && !is_ours)
				each(&set, &set.chains[i], lines);
		}
		free(set.chains);
		free(set.rules);
	}
	return r;
}

/* The older iptables has rules that nf_tables knows nothing of; reading them is another world. */
static void mention_legacy(struct lines *lines)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	if (file_read_at(AT_FDCWD, LEGACY_TABLES, 4096, &names) == 0 && names.data && strstr(names.data, "filter"))
		add_line(lines, "table filter of iptables-legacy: not looked at, see iptables-legacy -L FORWARD");
}

int firewall_explain_forward(struct arena *arena, const char *bridge, char ***ret_lines, struct error *err)
{
	struct lines lines = { .arena = arena };
	int r = explain(arena, bridge, NFTABLES_FORWARD, explain_forward, &lines);

	if (r < 0)
		return error_errno(err, -r, "cannot read the firewall's rules");
	mention_legacy(&lines);
	*ret_lines = lines.lines;
	return 0;
}

static void explain_input(const struct ruleset *set, const struct chain *chain, struct lines *lines)
{
	if (is_stopped(set, chain, TO_BRIDGE))
		add_line(lines, describe(set, chain, chain->drops));
}

int firewall_explain_bypassed(struct arena *arena, char ***ret_lines, struct error *err)
{
	struct lines lines = { .arena = arena };
	int r = explain(arena, "", NFTABLES_INPUT, explain_input, &lines);

	if (r < 0)
		return error_errno(err, -r, "cannot read the firewall's rules");
	*ret_lines = lines.lines;
	return 0;
}

static bool has_rule_about(const struct ruleset *set, const char *table)
{
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i].names_bridge && str_equal(set->rules[i].table, table))
			return true;
	return false;
}

static void explain_question(const struct ruleset *set, const struct chain *chain, struct lines *lines)
{
	size_t maker = find_maker(set, chain);
	const char *way = maker < ARRAY_SIZE(makers) ? makers[maker].question_way : NULL, *text;

	if (!is_stopped(set, chain, FROM_BRIDGE) || has_rule_about(set, chain->table))
		return;
	text = describe(set, chain, chain->drops);
	add_line(lines, way ? arena_printf(set->arena, "%s; to allow it: %s", text, replace_name(set->arena, way, set->bridge)) : text);
}

int firewall_explain_questions(struct arena *arena, const char *bridge, char ***ret_lines, struct error *err)
{
	struct lines lines = { .arena = arena };
	int r = explain(arena, bridge, NFTABLES_INPUT, explain_question, &lines);

	if (r < 0)
		return error_errno(err, -r, "cannot read the firewall's rules");
	*ret_lines = lines.lines;
	return 0;
}
