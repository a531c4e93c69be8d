/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_options.h"
#include "base/options.h"
#include "spec/config.h"

#include <arpa/inet.h>

#define MTU_LOWEST 68     /* of IP version 4, RFC 791 */
#define MTU_LOWEST6 1280  /* of version 6, RFC 8200 */
#define MTU_HIGHEST 65535

static const char *const drivers[] = { "bridge", "macvlan", "ipvlan" };

enum driver { BRIDGE = 1 << 0, MACVLAN = 1 << 1, IPVLAN = 1 << 2, ANY = BRIDGE | MACVLAN | IPVLAN };

enum meaning {
	INTERFACE, /* the name of the bridge */
	PARENT,    /* the host's link that a macvlan or ipvlan is on */
	MODE,
	MTU,
	ADDRESS,   /* an address, for those who publish ports */
	IPV4,      /* a truth about the network's versions */
	IPV6,
	INTERNAL,
	SWITCH,    /* on or off, which who makes bridges and rules looks at */
	ALWAYS,    /* what cannot be otherwise here: only "true" is taken */
	NEVER,     /* likewise "false" */
	NAT,       /* likewise "nat" */
};

/* Both tools' names; what one of them has for a driver, it has here for that one. */
static const struct known_option {
	const char *name;
	unsigned drivers;
	enum meaning meaning;
} known[] = {
	{ "com.docker.network.bridge.name", BRIDGE, INTERFACE },
	{ SPEC_NETWORK_ICC, BRIDGE, SWITCH },
	{ SPEC_NETWORK_MASQUERADE, BRIDGE, SWITCH },
	{ "com.docker.network.bridge.gateway_mode_ipv4", BRIDGE, NAT },
	{ "com.docker.network.bridge.gateway_mode_ipv6", BRIDGE, NAT },
	{ "com.docker.network.bridge.host_binding_ipv4", BRIDGE, ADDRESS },
	{ "com.docker.network.bridge.inhibit_ipv4", BRIDGE, NEVER },
	{ "com.docker.network.driver.mtu", ANY, MTU },
	{ "com.docker.network.enable_ipv4", ANY, IPV4 },
	{ "com.docker.network.enable_ipv6", ANY, IPV6 },
	{ "com.docker.network.internal", ANY, INTERNAL },
	{ "isolate", BRIDGE, ALWAYS },
	{ "mtu", ANY, MTU },
	{ "parent", MACVLAN | IPVLAN, PARENT },
	{ "mode", MACVLAN | IPVLAN, MODE },
	{ "macvlan_mode", MACVLAN, MODE },
	{ "ipvlan_mode", IPVLAN, MODE },
};

static const struct {
	enum driver driver;
	const char *word;
} modes[] = {
	/* The first of a driver is its default, as docker's. */
	{ MACVLAN, "bridge" }, { MACVLAN, "private" }, { MACVLAN, "vepa" }, { MACVLAN, "passthru" },
	{ IPVLAN, "l2" },      { IPVLAN, "l3" },       { IPVLAN, "l3s" },
};

static const char *mode_list(enum driver driver)
{
	return driver == MACVLAN ? "bridge, private, vepa or passthru" : "l2, l3 or l3s";
}

/* ---- the driver ---------------------------------------------------------------------- */

static int find_driver(const char *name, enum driver *ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (str_equal(drivers[i], name)) {
			*ret = (enum driver)(1u << i);
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, 0, "there is no network driver '%.100s'", name);
	error_hint(err, "drivers are bridge, macvlan and ipvlan");
	return -EINVAL;
}

/* ---- values ----------------------------------------------------------------------------- */

static int refuse_value(const struct spec_pair *option, const char *expected, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "the option %s: expected %s, not '%.100s'", option->key, expected, option->value);
}

static int read_truth(const struct spec_pair *option, bool *ret, struct error *err)
{
	bool is_true = str_equal(option->value, "true") || str_equal(option->value, "1");

	if (!is_true && !str_equal(option->value, "false") && !str_equal(option->value, "0"))
		return refuse_value(option, "true or false", err);
	*ret = is_true;
	return 0;
}

/* What is always so here, and its contrary that nobody gets. */
static int require_truth(const struct spec_pair *option, bool wanted, struct error *err)
{
	bool is_true = false;
	int r;

	if (wanted && str_equal(option->key, "isolate") && str_equal(option->value, "strict"))
		return 0;
	r = read_truth(option, &is_true, err);
	if (r == 0 && is_true != wanted)
		r = error_set(err, ERROR_UNSUPPORTED, 0, "the option %s=%s is not supported", option->key, option->value);
	return r;
}

static int read_interface(const struct spec_pair *option, struct spec_network *network, struct error *err)
{
	if (!spec_interface_name_is_valid(option->value))
		return refuse_value(option, "the name of an interface", err);
	if (network->interface && !str_equal(network->interface, option->value))
		return error_set(err, ERROR_INVALID, 0, "the option %s=%s contradicts the interface '%s'", option->key, option->value, network->interface);
	network->interface = option->value;
	return 0;
}

static int read_mode(const struct spec_pair *option, enum driver driver, struct spec_network *network, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i].driver == driver && str_equal(modes[i].word, option->value)) {
			network->mode = option->value;
			return 0;
		}
	}
	return refuse_value(option, mode_list(driver), err);
}

static int read_mtu(const struct spec_pair *option, struct spec_network *network, struct error *err)
{
	uint64_t mtu = 0;

	if (str_to_u64(option->value, 10, &mtu) < 0 || mtu > MTU_HIGHEST || (mtu && mtu < MTU_LOWEST))
		return refuse_value(option, "a number of bytes from 68 to 65535", err);
	network->mtu = (uint32_t)mtu;
	return 0;
}

static int read_address(const struct spec_pair *option, struct error *err)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, option->value, address) != 1 && inet_pton(AF_INET6, option->value, address) != 1)
		return refuse_value(option, "an address", err);
	return 0;
}

static int read_value(const struct known_option *option, const struct spec_pair *pair, enum driver driver, struct spec_network *network,
	struct error *err)
{
	bool is_true = false;
	int r;

	switch (option->meaning) {
	case INTERFACE:
	case PARENT:
		return read_interface(pair, network, err);
	case MODE:
		return read_mode(pair, driver, network, err);
	case MTU:
		return read_mtu(pair, network, err);
	case ADDRESS:
		return read_address(pair, err);
	case IPV4:
		r = read_truth(pair, &is_true, err);
		network->no_ipv4 = r == 0 && !is_true;
		return r;
	case IPV6:
		return read_truth(pair, &network->ipv6, err);
	case INTERNAL:
		return read_truth(pair, &network->internal, err);
	case SWITCH:
		return read_truth(pair, &is_true, err);
	case ALWAYS:
	case NEVER:
		return require_truth(pair, option->meaning == ALWAYS, err);
	case NAT:
		return str_equal(pair->value, "nat") ? 0
			: error_set(err, ERROR_UNSUPPORTED, 0, "the option %s=%s is not supported", pair->key, pair->value);
	}
	return -EINVAL;
}

/* ---- all of them --------------------------------------------------------------------------- */

static int refuse_unknown(const struct spec_pair *pair, enum driver driver, const char *driver_name, struct error *err)
{
	const char *names[ARRAY_SIZE(known)], *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		names[i] = known[i].drivers & driver ? known[i].name : NULL;
	error_set(err, ERROR_INVALID, 0, "the driver %s has no option '%.100s'", driver_name, pair->key);
	nearest = options_nearest(pair->key, names, ARRAY_SIZE(names));
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static int apply_option(const struct spec_pair *pair, enum driver driver, struct spec_network *network, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((known[i].drivers & driver) && str_equal(known[i].name, pair->key))
			return read_value(&known[i], pair, driver, network, err);
	return refuse_unknown(pair, driver, network->driver, err);
}

static int check_mtu(const struct spec_network *network, struct error *err)
{
	if (network->ipv6 && network->mtu && network->mtu < MTU_LOWEST6)
		return error_set(err, ERROR_INVALID, 0, "an MTU of %u bytes is too small for IP version 6, which needs %d", network->mtu, MTU_LOWEST6);
	return 0;
}

int network_options_apply(struct arena *arena, struct spec_network *network, struct error *err)
{
	enum driver driver = BRIDGE;
	int r;

	if (!network->driver)
		network->driver = arena_strdup(arena, drivers[0]);
	r = find_driver(network->driver, &driver, err);
	for (size_t i = 0; r == 0 && i < network->option_count; i++)
		r = apply_option(&network->options[i], driver, network, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(modes) && !network->mode; i++)
		if (modes[i].driver == driver)
			network->mode = arena_strdup(arena, modes[i].word);
	return r < 0 ? r : check_mtu(network, err);
}
