/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_resolver.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/container_network_plan.h"
#include "engine/home.h"
#include "engine/network_files.h"
#include "engine/network_lease.h"
#include "net/firewall_explain.h"
#include "net/resolver.h"
#include "net/subnets.h"
#include "spec/home.h"

#include <arpa/inet.h>
#include <fcntl.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_LIMIT (256u << 10)
#define CONFIG_LIMIT (256u << 10)
#define OWNER_PREFIX "resolver-" /* of a lease; then the key */

/* ---- the host's ---------------------------------------------------------------------- */

static bool is_loopback(const char *text)
{
	static const struct net_subnet loopback4 = { .family = AF_INET, .prefix = 8, .address = { 127 } };
	static const struct net_subnet loopback6 = { .family = AF_INET6, .prefix = 128, .address = { [15] = 1 } };
	struct net_subnet address;

	return net_address_parse(text, &address, NULL) == 0 &&
	       (net_subnet_contains(&loopback4, &address) || net_subnet_contains(&loopback6, &address));
}

/* Whether there are name servers, and all of them are out of a container's reach. */
static bool host_forwards_only(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *lines, *line;
	size_t loopback = 0, others = 0;

	if (file_read_regular_at(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_LIMIT, &text) < 0 || !text.data)
		return false;
	lines = text.data;
	while ((line = strsep(&lines, "\n"))) {
		char *word = strsep(&line, " \t");

		if (!str_equal(word, "nameserver") || !line)
			continue;
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r")] = '\0';
		*(is_loopback(line) ? &loopback : &others) += 1;
	}
	return loopback > 0 && others == 0;
}

/* ---- which networks, and which server --------------------------------------------------- */

struct choice {
	struct arena *arena;
	const struct directories *directories;
	const struct spec_network **networks; /* with names, in the plan's order */
	size_t count;
	const struct spec_network *bridge; /* whose addresses it listens on: the first of those, or of all */
	char **servers;                    /* NULL: the host's; empty: none */
	bool is_own;                       /* not the usual one of .bridge: it has an address of its own */
};

static int choose_networks(struct choice *choice, const struct spec_network_plan *plan, struct error *err)
{
	choice->networks = arena_alloc(choice->arena, plan->link_count + 1, sizeof *choice->networks);
	for (size_t i = 0; i < plan->link_count; i++) {
		const struct spec_network *network = NULL;
		int r;

		/* Only on a bridge has the host an address that containers reach. */
		if (plan->links[i].kind != SPEC_LINK_VETH || !plan->links[i].network)
			continue;
		r = network_find(choice->arena, choice->directories, plan->links[i].network, &network, err);
		if (r < 0)
			return r;
		if (!network->no_dns)
			choice->networks[choice->count++] = network;
		if (!choice->bridge || (!network->no_dns && choice->count == 1))
			choice->bridge = network;
	}
	return 0;
}

/* Members of internal networks alone ask nobody outside. */
static void choose_servers(struct choice *choice, char *const *dns)
{
	bool is_internal = choice->count > 0;

	choice->servers = (char **)dns;
	for (size_t i = 0; i < choice->count; i++) {
		is_internal = is_internal && choice->networks[i]->internal;
		if (!choice->servers)
			choice->servers = choice->networks[i]->dns;
	}
	/* The host's may be where only the host is; the uplink of a home has one that asks them. */
	if (!choice->servers && home_exists()) {
		choice->servers = arena_alloc(choice->arena, 2, sizeof *choice->servers);
		choice->servers[0] = arena_strdup(choice->arena, SPEC_HOME_DNS4);
	}
	if (is_internal)
		choice->servers = arena_alloc(choice->arena, 1, sizeof *choice->servers);
	choice->is_own = choice->count > 1 || (choice->count == 1 && dns && !is_internal);
}

/* FNV-1a: names of directories that differ if what they are for does. */
static void add_hash(uint64_t *hash, const char *text)
{
	do {
		*hash = (*hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	} while (*text++);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(const struct spec_network *const *)a)->id, (*(const struct spec_network *const *)b)->id);
}

/* The order of networks makes no difference to what they know, but whose address it is does. */
static const char *make_key(const struct choice *choice)
{
	const struct spec_network **sorted = arena_alloc(choice->arena, choice->count + 1, sizeof *sorted);
	uint64_t hash = UINT64_C(14695981039346656037);

	if (!choice->is_own)
		return choice->bridge->id;
	memcpy(sorted, choice->networks, choice->count * sizeof *sorted);
	qsort(sorted, choice->count, sizeof *sorted, compare_ids);
	for (size_t i = 0; i < choice->count; i++)
		add_hash(&hash, sorted[i]->id);
	for (char **server = choice->servers; server && *server; server++)
		add_hash(&hash, *server);
	return arena_printf(choice->arena, "%.12s-%016llx", choice->bridge->id, (unsigned long long)hash);
}

/* ---- its addresses ------------------------------------------------------------------------- */

static char **gateways(struct arena *arena, const struct spec_network *network)
{
	char **list = arena_alloc(arena, network->subnet_count + 1, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->subnets[i].gateway)
			list[count++] = network->subnets[i].gateway;
	return list;
}

/* The address that it had, if nobody has taken it meanwhile, or another. */
static int lease_address(const struct choice *choice, const char *key, const char *directory, char **ret, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/address", directory), *owner = str_printf(OWNER_PREFIX "%s", key);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct network_lease lease = { NULL };
	int family = choice->bridge->no_ipv4 ? AF_INET6 : AF_INET, r = -ENOENT;
	char *wanted = NULL;

	if (file_read_regular_at(AT_FDCWD, path, 256, &text) == 0 && text.data && (wanted = strchr(str_trim_end(text.data), ' ')))
		r = network_lease_take(choice->arena, choice->directories, choice->bridge, family, wanted + 1, owner, &lease, NULL);
	if (r < 0)
		r = network_lease_take(choice->arena, choice->directories, choice->bridge, family, NULL, owner, &lease, err);
	if (r < 0)
		return r;
	if (!lease.address)
		return error_set(err, ERROR_INTERNAL, 0, "the network '%s' has no addresses", choice->bridge->name);
	lease.address[strcspn(lease.address, "/")] = '\0';
	*ret = lease.address;
	return 0;
}

static int lease_again(const struct choice *choice, const char *key, const char *address, struct error *err)
{
	_cleanup_free_ char *owner = str_printf(OWNER_PREFIX "%s", key);
	struct network_lease lease = { NULL };

	return network_lease_take(choice->arena, choice->directories, choice->bridge, strchr(address, ':') ? AF_INET6 : AF_INET, address, owner, &lease,
				  err);
}

/* ---- starting ---------------------------------------------------------------------------------- */

int network_names_directory(struct arena *arena, const struct directories *directories, const struct spec_network *network, char **ret,
	struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = network_open_leases(directories, network, &fd, err); /* makes both */

	if (r == 0)
		*ret = arena_printf(arena, "%s/names", network_run_path(arena, directories, network->id));
	return r;
}

static int list_names(const struct choice *choice, char ***ret, struct error *err)
{
	char **list = arena_alloc(choice->arena, choice->count + 1, sizeof *list);
	int r = 0;

	for (size_t i = 0; r == 0 && i < choice->count; i++)
		r = network_names_directory(choice->arena, choice->directories, choice->networks[i], &list[i], err);
	*ret = list;
	return r;
}

static char *path_of(const struct choice *choice, const char *key)
{
	return arena_printf(choice->arena, "%s/resolvers/%s", choice->directories->run_root, key);
}

/* Of a firewall that stops questions, a word at the first of them is enough. */
static void look_for_firewalls(const struct choice *choice, struct network_resolution *ret)
{
	if (firewall_explain_questions(choice->arena, choice->bridge->interface, &ret->stopped, NULL) < 0)
		ret->stopped = NULL;
	ret->network = choice->bridge->name;
}

static int start(const struct choice *choice, const char *user, struct network_resolution *ret, struct error *err)
{
	const char *key = make_key(choice);
	char *directory = path_of(choice, key);
	char *interfaces[] = { choice->bridge->interface, NULL }, **names = NULL, **addresses = gateways(choice->arena, choice->bridge);
	struct net_resolver resolver = { .directory = directory, .interfaces = interfaces, .servers = choice->servers, .resolv_conf = RESOLV_CONF,
		.user = user };
	bool was_running = net_resolver_is_running(directory);
	int r = list_names(choice, &names, err);

	if (r == 0 && choice->is_own) {
		addresses = arena_alloc(choice->arena, 2, sizeof *addresses);
		r = lease_address(choice, key, directory, &addresses[0], err);
		resolver.own_address = addresses[0];
	}
	resolver.names = names;
	resolver.addresses = addresses;
	if (r == 0)
		r = net_resolver_start(&resolver, err);
	/* Until it ran the address could have been taken for a dead one's. */
	if (r == 0 && choice->is_own && lease_again(choice, key, addresses[0], err) < 0) {
		ignore_result(net_resolver_stop(directory, NULL)); /* the next command tries again */
		r = -EINVAL;
	}
	if (r < 0) {
		_cleanup_free_ char *users = net_resolver_users(directory);

		if (choice->is_own)
			ignore_result(net_names_remove(users, user)); /* it goes with the network at the latest */
		return error_wrap(err, "the network '%s'", choice->bridge->name);
	}
	ret->servers = addresses;
	if (!was_running)
		look_for_firewalls(choice, ret);
	return 0;
}

static int prepare_there(struct arena *arena, const struct directories *directories, const struct spec_network_plan *plan, char *const *dns,
	struct network_resolution *ret, struct error *err)
{
	struct choice choice = { .arena = arena, .directories = directories };
	int r = choose_networks(&choice, plan, err);

	if (r < 0)
		return r;
	*ret = (struct network_resolution){ .servers = (char **)dns, .has_names = choice.count > 0 };
	choose_servers(&choice, dns);
	if (choice.count == 0 && (dns || !choice.bridge || choice.bridge->internal || !host_forwards_only()))
		return 0;
	return start(&choice, plan->id, ret, err);
}

struct prepare_there_call {
	struct arena *arena;
	const struct directories *directories;
	const struct spec_network_plan *plan;
	char *const *dns;
	struct network_resolution *ret;
	struct error *err;
};

static int call_prepare_there(void *context)
{
	const struct prepare_there_call *call = context;

	return prepare_there(call->arena, call->directories, call->plan, call->dns, call->ret, call->err);
}

int network_resolver_prepare(struct arena *arena, const struct directories *directories, const struct spec_network_plan *plan, char *const *dns,
	struct network_resolution *ret, struct error *err)
{
	struct prepare_there_call call = { arena, directories, plan, dns, ret, err };

	return home_call(call_prepare_there, &call, err);
}

int network_resolver_plan(struct arena *arena, const struct directories *directories, struct spec_network_plan *plan, char *const *dns,
	struct error *err)
{
	struct choice choice = { .arena = arena, .directories = directories };
	int r = choose_networks(&choice, plan, err);
	_cleanup_free_ char *users = NULL;
	char *path;

	if (r < 0)
		return r;
	choose_servers(&choice, dns);
	if (!choice.is_own)
		return 0;
	users = net_resolver_users(path_of(&choice, make_key(&choice)));
	path = arena_printf(arena, "%s/%s", users, plan->id);
	if (!plan->names || !strv_contains(plan->names, path))
		plan->names = container_network_add(arena, plan->names, path);
	return 0;
}

static int revive_one(void *context, const char *name)
{
	const struct directories *directories = context;
	_cleanup_free_ char *directory = str_printf("%s/resolvers/%s", directories->run_root, name);
	struct error err = ERROR_INIT;

	if (name[0] != '.' && !net_resolver_is_running(directory) && net_resolver_revive(directory, &err) < 0)
		log_warning("%s, ignoring", err.message);
	return 0;
}

void network_resolvers_revive(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/resolvers", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		ignore_result(file_each_name(fd, revive_one, (void *)directories)); /* those that could be read */
}

/* ---- the end -------------------------------------------------------------------------------------- */

struct stopping {
	const struct directories *directories;
	const struct spec_network *network;
	struct error *err;
	int fd; /* RUN_ROOT/resolvers */
};

/* Its configuration names the directories that it reads. */
static int stop_one(void *context, const char *name)
{
	struct stopping *stopping = context;
	_cleanup_free_ char *directory = str_printf("%s/resolvers/%s", stopping->directories->run_root, name);
	_cleanup_free_ char *config = str_printf("%s/config", name), *part = str_printf("/networks/%s/names", stopping->network->id);
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (name[0] == '.')
		return 0;
	if (!str_equal(name, stopping->network->id)) {
		if (file_read_regular_at(stopping->fd, config, CONFIG_LIMIT, &text) < 0 || !text.data || !strstr(text.data, part))
			return 0;
	}
	return net_resolver_stop(directory, stopping->err);
}

int network_resolvers_stop(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/resolvers", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct error said = ERROR_INIT;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot open '%s'", path);
	r = file_each_name(fd, stop_one, &(struct stopping){ directories, network, &said, fd });
	if (r < 0 && said.kind == ERROR_NONE)
		return error_errno(err, -r, "cannot read '%s'", path);
	if (r < 0 && err)
		*err = said;
	return r;
}

bool network_resolver_owns(const struct directories *directories, const char *owner, bool *ret_alive)
{
	_cleanup_free_ char *directory = NULL;

	if (!str_starts_with(owner, OWNER_PREFIX) || strchr(owner, '/'))
		return false;
	directory = str_printf("%s/resolvers/%s", directories->run_root, owner + strlen(OWNER_PREFIX));
	*ret_alive = net_resolver_is_running(directory);
	return true;
}
