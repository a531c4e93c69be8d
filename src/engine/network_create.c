/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/moment.h"
#include "engine/container_names.h"
#include "engine/home.h"
#include "engine/network_addresses.h"
#include "engine/network_event.h"
#include "engine/network_files.h"
#include "engine/network_options.h"
#include "net/parent.h"
#include "spec/config.h"

#include <arpa/inet.h>
#include <sys/random.h>
#include <sys/stat.h>

#define ULA ".ula"
#define INTERFACE_PREFIX "bv-" /* and twelve digits of the id: as long as a name may be */
#define SERVER_LIMIT 16

/* What `--network` takes for something else. */
static const char *const reserved_names[] = { "host", "none", "default", "container", "ns", "private" };

/* ---- the request alone ---------------------------------------------------------------- */

static int check_name(const char *name, struct error *err)
{
	if (!network_name_is_valid(name)) {
		error_set(err, ERROR_INVALID, 0, "invalid network name '%.280s'", name);
		error_hint(err, "a name has letters, digits, '_', '.' and '-', the first a letter or digit");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(reserved_names); i++)
		if (str_equal(reserved_names[i], name))
			return error_set(err, ERROR_INVALID, 0, "a network cannot be called '%s': the word means something else", name);
	return 0;
}

static int check_servers(const struct spec_network *network, struct error *err)
{
	struct net_subnet address;

	if (strv_length(network->dns) > SERVER_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "more than %d name servers", SERVER_LIMIT);
	for (char **server = network->dns; server && *server; server++) {
		if (strchr(*server, '/') || net_address_parse(*server, &address, err) < 0)
			return error_set(err, ERROR_INVALID, 0, "the name server '%.100s' is not an address", *server);
	}
	return 0;
}

/* A kernel without IP version 6 (ipv6.disable=1) has no such directory; who asked for a subnet of it gets an error later. */
static bool host_has_ipv6(void)
{
	struct stat status;

	return stat("/proc/sys/net/ipv6", &status) == 0;
}

static int complete(struct arena *arena, struct spec_network *network, struct error *err)
{
	_cleanup_buf_ struct buf created = BUF_INIT;
	struct timespec now;
	const char *id = NULL;
	int r = check_name(network->name, err);

	if (r == 0 && network->interface && !spec_interface_name_is_valid(network->interface))
		r = error_set(err, ERROR_INVALID, 0, "'%.100s' is not a name for an interface", network->interface);
	if (r == 0)
		r = network_options_apply(arena, network, err);
	network->ipv6 = network->ipv6 && host_has_ipv6();
	if (r == 0)
		r = network_addresses_check(arena, network, err);
	if (r == 0)
		r = check_servers(network, err);
	if (r == 0)
		r = container_id_make(arena, &id, err);
	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	moment_add(&now, &created);
	network->id = (char *)id;
	network->created = arena_strdup(arena, created.data);
	if (!network->interface && str_equal(network->driver, "bridge"))
		network->interface = arena_printf(arena, INTERFACE_PREFIX "%.12s", id);
	return 0;
}

/* ---- the others --------------------------------------------------------------------------- */

/* This host's prefix of IP version 6, chosen if that has not been done: RFC 4193, section 3.2, with bits of the kernel's chance. */
static int read_ula(int networks_fd, struct net_subnet *ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct net_subnet ula = { .family = AF_INET6, .prefix = 48, .address = { 0xfd } };
	char written[INET6_ADDRSTRLEN + 4];
	int r = file_read_regular_at(networks_fd, ULA, INET6_ADDRSTRLEN + 8, &text);

	if (r == 0 && net_subnet_parse(str_trim_end(text.data ? text.data : (char[]){ "" }), ret, NULL) == 0 && ret->family == AF_INET6)
		return 0;
	if (getrandom(ula.address + 1, 5, 0) != 5)
		return error_errno(err, errno, "cannot get random bytes");
	net_subnet_format(&ula, true, written);
	r = file_replace_at(networks_fd, ULA, written, strlen(written), 0600);
	if (r < 0)
		return error_errno(err, -r, "cannot write the prefix of this host's networks");
	*ret = ula;
	return 0;
}

struct used_call {
	struct net_used_subnet *list;
	size_t count;
	struct error *err;
};

static int call_subnets_used(void *context)
{
	struct used_call *call = context;

	return net_subnets_used(&call->list, &call->count, call->err);
}

/* What the host has routes to, and an ordinary user's home: there they also tell of a network whose record cannot be read. */
static int read_used(struct net_used_subnet **ret, size_t *ret_count, struct error *err)
{
	struct used_call outside = { .err = err }, inside = { .err = err };
	int r = call_subnets_used(&outside);

	if (r == 0 && home_exists())
		r = home_call(call_subnets_used, &inside, err);
	if (r < 0) {
		free(outside.list);
		return r;
	}
	outside.list = memory_resize(outside.list, outside.count + inside.count + 1, sizeof *outside.list);
	if (inside.count)
		memcpy(outside.list + outside.count, inside.list, inside.count * sizeof *inside.list);
	free(inside.list);
	*ret = outside.list;
	*ret_count = outside.count + inside.count;
	return 0;
}

/* Subnets of the networks that there are, in front of those of the host. */
static int add_used(const struct spec_network *const *list, size_t count, struct net_used_subnet **used, size_t *used_count, size_t *ret_others,
	struct error *err)
{
	size_t others = 0;
	struct net_used_subnet *all;

	for (size_t i = 0; i < count; i++)
		others += list[i]->subnet_count;
	all = memory_new(others + *used_count, sizeof *all);
	others = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < list[i]->subnet_count; j++) {
			int r = net_subnet_parse(list[i]->subnets[j].subnet, &all[others].subnet, err);

			if (r < 0) {
				free(all);
				return error_wrap(err, "the network '%s'", list[i]->name);
			}
			snprintf(all[others++].owner, sizeof all->owner, "the network '%.48s'", list[i]->name);
		}
	}
	if (*used_count)
		memcpy(all + others, *used, *used_count * sizeof *all);
	free(*used);
	*used = all;
	*used_count += others;
	*ret_others = others;
	return 0;
}

/* Of one name there is one bridge. */
static int check_interface(const struct spec_network *network, const struct spec_network *const *list, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (network->interface && str_equal(network->driver, "bridge") && str_equal(list[i]->interface, network->interface))
			return error_set(err, ERROR_CONFLICT, 0, "the interface '%s' is that of the network '%s'", network->interface, list[i]->name);
	return 0;
}

static int choose_addresses(struct arena *arena, int networks_fd, struct spec_network *network, const struct spec_network *const *list, size_t count,
	struct error *err)
{
	_cleanup_free_ struct net_used_subnet *used = NULL;
	size_t used_count = 0, others = 0;
	struct net_subnet ula = { 0 };
	int r = network->ipv6 ? read_ula(networks_fd, &ula, err) : 0;

	if (r == 0)
		r = read_used(&used, &used_count, err);
	if (r == 0)
		r = add_used(list, count, &used, &used_count, &others, err);
	return r < 0 ? r : network_addresses_choose(arena, network, &ula, used, used_count, others, err);
}

/* ---- the parent of macvlan and ipvlan --------------------------------------------------------- */

/* Without one it is the link of the host's default route, as Podman takes it. */
static int check_parent(struct arena *arena, struct spec_network *network, struct error *err)
{
	char *parent = NULL;
	int r = 0;

	if (str_equal(network->driver, "bridge"))
		return 0;
	if (home_exists()) {
		error_set(err, ERROR_DENIED, 0, "cannot make a network of %s: the host's links are root's", network->driver);
		error_hint(err, "an ordinary user has networks of the driver bridge");
		return -EPERM;
	}
	if (network->interface)
		return net_parent_check(network->interface, err);
	r = net_parent_default(&parent, err);
	if (r < 0)
		return r;
	network->interface = arena_strdup(arena, parent);
	free(parent);
	return 0;
}

/* ---- making it ------------------------------------------------------------------------------- */

static int refuse_taken(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, 0, "a network named '%s' exists already", name);
	error_hint(err, "'bivy network rm %s' removes it", name);
	return -EEXIST;
}

int network_create(struct arena *arena, const struct directories *directories, const struct spec_network *request, const struct spec_network **ret,
	struct error *err)
{
	struct spec_network *network = arena_alloc(arena, 1, sizeof *network);
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	const struct spec_network **list = NULL;
	size_t count = 0;
	int r;

	*network = *request;
	r = complete(arena, network, err);
	if (r == 0)
		r = check_parent(arena, network, err);
	if (r == 0)
		r = network_lock_all(directories, &fd, &lock_fd, err);
	if (r == 0)
		r = network_read_all(arena, directories, &list, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (str_equal(list[i]->name, network->name))
			return refuse_taken(network->name, err);
	if (r == 0)
		r = check_interface(network, list, count, err);
	if (r == 0)
		r = choose_addresses(arena, fd, network, list, count, err);
	if (r == 0)
		r = network_write_record(fd, network, err);
	if (r < 0)
		return r == -EEXIST ? refuse_taken(network->name, err) : r;
	/* The default one is as if it had been there always. */
	if (!network_is_predefined(network))
		network_event_add(directories, network, "create", NULL);
	*ret = network;
	return 0;
}
