/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_network.h"
#include "spec/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#define ALIAS_LIMIT 253 /* bytes of a name: RFC 1035 */

bool value_network_is_mode(const char *text)
{
	return str_equal(text, "none") || str_equal(text, "host") || str_starts_with(text, "container:") || str_starts_with(text, "ns:");
}

/* ---- single values ------------------------------------------------------------------ */

static int set_address(struct arena *arena, int family, const char *text, char **ret, struct error *err)
{
	unsigned char binary[sizeof(struct in6_addr)];
	char canonical[INET6_ADDRSTRLEN];

	if (inet_pton(family, text, binary) != 1)
		return error_set(err, ERROR_INVALID, 0, "expected an address of IP version %d, not '%.100s'", family == AF_INET ? 4 : 6, text);
	if (*ret)
		return error_set(err, ERROR_INVALID, 0, "there is the address '%.50s' already", *ret);
	*ret = arena_strdup(arena, inet_ntop(family, binary, canonical, sizeof canonical));
	return 0;
}

/* Six bytes, of one machine: "02:42:ac:11:00:02", with dashes too. */
static int set_mac(struct arena *arena, const char *text, char **ret, struct error *err)
{
	char *mac = arena_strdup(arena, text);
	size_t length = strlen(mac);
	bool is_valid = length == 17;

	for (size_t i = 0; is_valid && i < length; i++) {
		mac[i] = mac[i] == '-' ? ':' : (char)tolower((unsigned char)mac[i]);
		is_valid = i % 3 == 2 ? mac[i] == ':' : isxdigit((unsigned char)mac[i]) != 0;
	}
	/* The lowest bit of the first byte is that of groups. */
	if (!is_valid || strchr("13579bdf", mac[1]) || str_equal(mac, "00:00:00:00:00:00"))
		return error_set(err, ERROR_INVALID, 0, "expected a hardware address such as 02:00:00:00:00:01, not '%.50s'", text);
	if (*ret)
		return error_set(err, ERROR_INVALID, 0, "there is the hardware address '%.50s' already", *ret);
	*ret = mac;
	return 0;
}

static int check_alias(const char *text, struct error *err)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && (!strchr("-._", text[i]) || i == 0))
			length = 0;
	if (!length || length > ALIAS_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "expected a name of letters, digits, '-', '_' and '.', not '%.100s'", text);
	return 0;
}

static char **add_text(struct arena *arena, char **list, char *text)
{
	size_t count = list ? strv_length(list) : 0;

	list = value_list_grow(arena, list, count, sizeof *list);
	list[count] = text;
	list[count + 1] = NULL;
	return list;
}

static int add_alias(struct arena *arena, const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	int r = check_alias(text, err);

	if (r == 0 && (!endpoint->aliases || !strv_contains(endpoint->aliases, text)))
		endpoint->aliases = add_text(arena, endpoint->aliases, arena_strdup(arena, text));
	return r;
}

static int add_link_local(struct arena *arena, const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	char *address = NULL;
	int r = set_address(arena, strchr(text, ':') ? AF_INET6 : AF_INET, text, &address, err);

	if (r == 0 && !str_starts_with(address, "169.254.") && !(str_starts_with(address, "fe8") || str_starts_with(address, "fe9") ||
	    str_starts_with(address, "fea") || str_starts_with(address, "feb")))
		return error_set(err, ERROR_INVALID, 0, "'%.50s' is no link-local address (169.254.0.0/16, fe80::/10)", address);
	if (r == 0)
		endpoint->link_local = add_text(arena, endpoint->link_local, address);
	return r;
}

/* "CONTAINER" or "CONTAINER:ALIAS"; always kept with an alias. */
static int add_link(struct arena *arena, const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	const char *colon = strchr(text, ':'), *name = text[0] == '/' ? text + 1 : text;
	const char *alias = colon ? colon + 1 : name;
	int r = 0;

	if (colon == name || !*name)
		return error_set(err, ERROR_INVALID, 0, "expected CONTAINER[:ALIAS]");
	r = check_alias(alias, err);
	if (r == 0)
		endpoint->links = add_text(arena, endpoint->links,
			arena_printf(arena, "%.*s:%s", colon ? (int)(colon - name) : (int)strlen(name), name, alias));
	return r;
}

static int add_option(struct arena *arena, const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return error_set(err, ERROR_INVALID, 0, "expected NAME=VALUE, not '%.100s'", text);
	endpoint->options = value_list_grow(arena, endpoint->options, endpoint->option_count, sizeof *endpoint->options);
	endpoint->options[endpoint->option_count++] = (struct spec_pair){ arena_strndup(arena, text, (size_t)(equals - text)), arena_strdup(arena, equals + 1) };
	return 0;
}

static int set_priority(const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	if (str_to_i64(text, 10, &endpoint->gateway_priority) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a number, not '%.50s'", text);
	return 0;
}

static int set_interface(struct arena *arena, const char *text, struct spec_container_endpoint *endpoint, struct error *err)
{
	if (!spec_interface_name_is_valid(text) || str_equal(text, "lo"))
		return error_set(err, ERROR_INVALID, 0, "'%.50s' is no name for an interface", text);
	if (endpoint->interface)
		return error_set(err, ERROR_INVALID, 0, "there is the name '%s' already", endpoint->interface);
	endpoint->interface = arena_strdup(arena, text);
	return 0;
}

/* ---- the long forms --------------------------------------------------------------------- */

enum key { KEY_NAME, KEY_ALIAS, KEY_IP, KEY_IP6, KEY_MAC, KEY_LINK_LOCAL, KEY_OPTION, KEY_PRIORITY, KEY_INTERFACE };

/* Docker's words and Podman's. */
static const struct {
	const char *word;
	enum key key;
} keys[] = {
	{ "name", KEY_NAME },
	{ "alias", KEY_ALIAS },
	{ "ip", KEY_IP },
	{ "ip6", KEY_IP6 },
	{ "mac", KEY_MAC },
	{ "mac-address", KEY_MAC },
	{ "link-local-ip", KEY_LINK_LOCAL },
	{ "driver-opt", KEY_OPTION },
	{ "gw-priority", KEY_PRIORITY },
	{ "interface_name", KEY_INTERFACE },
	{ "interface-name", KEY_INTERFACE },
};

static int add_value(struct arena *arena, enum key key, const char *value, struct spec_container_endpoint *endpoint, struct error *err)
{
	switch (key) {
	case KEY_NAME:
		if (endpoint->network)
			return error_set(err, ERROR_INVALID, 0, "there is the name '%s' already", endpoint->network);
		endpoint->network = arena_strdup(arena, value);
		return 0;
	case KEY_ALIAS:
		return add_alias(arena, value, endpoint, err);
	case KEY_IP: /* Podman's is of either version */
		return strchr(value, ':') ? set_address(arena, AF_INET6, value, &endpoint->ipv6, err) :
			set_address(arena, AF_INET, value, &endpoint->ipv4, err);
	case KEY_IP6:
		return set_address(arena, AF_INET6, value, &endpoint->ipv6, err);
	case KEY_MAC:
		return set_mac(arena, value, &endpoint->mac, err);
	case KEY_LINK_LOCAL:
		return add_link_local(arena, value, endpoint, err);
	case KEY_OPTION:
		return add_option(arena, value, endpoint, err);
	case KEY_PRIORITY:
		return set_priority(value, endpoint, err);
	case KEY_INTERFACE:
		return set_interface(arena, value, endpoint, err);
	}
	return -EINVAL;
}

static int add_part(struct arena *arena, const char *part, struct spec_container_endpoint *endpoint, struct error *err)
{
	const char *words[ARRAY_SIZE(keys) + 1] = { NULL };
	const char *equals = strchr(part, '=');
	const char *word = equals ? arena_strndup(arena, part, (size_t)(equals - part)) : part;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		words[i] = keys[i].word;
		if (equals && strcasecmp(keys[i].word, word) == 0)
			return add_value(arena, keys[i].key, equals + 1, endpoint, err);
	}
	if (!equals)
		return error_set(err, ERROR_INVALID, 0, "expected KEY=VALUE, not '%.100s'", part);
	return value_check_word(word, words, err);
}

int value_network_parse(struct arena *arena, const char *text, struct spec_container_endpoint *ret, struct error *err)
{
	struct spec_container_endpoint endpoint = { .network = NULL };
	const char *colon = strchr(text, ':'), *equals = strchr(text, '=');
	struct value_strings parts = { 0 };
	bool is_long = equals && (!colon || equals < colon);
	int r = 0;

	if (!is_long && *text) {
		endpoint.network = arena_strndup(arena, text, colon ? (size_t)(colon - text) : strlen(text));
		text = colon ? colon + 1 : "";
	}
	if (*text)
		r = value_split_quoted(arena, text, &parts, err);
	for (size_t i = 0; r == 0 && i < parts.count; i++)
		r = add_part(arena, parts.items[i], &endpoint, err);
	if (r == 0 && str_is_empty(endpoint.network))
		return error_set(err, ERROR_INVALID, 0, "expected the name of a network");
	if (r < 0)
		return r;
	if (str_equal(endpoint.network, "default") || str_equal(endpoint.network, "bridge"))
		endpoint.network = NULL;
	*ret = endpoint;
	return 0;
}

/* ---- single options ------------------------------------------------------------------------- */

static int fail_option(const char *option, const char *value, struct error *err)
{
	return error_wrap(err, "invalid value '%.200s' for --%s", value, option);
}

static int add_all(struct arena *arena, const char *option, enum key key, char *const *list, struct spec_container_endpoint *endpoint, struct error *err)
{
	for (; list && *list; list++)
		if (add_value(arena, key, *list, endpoint, err) < 0)
			return fail_option(option, *list, err);
	return 0;
}

int value_endpoint_add(struct arena *arena, const struct value_endpoint *more, struct spec_container_endpoint *endpoint, struct error *err)
{
	const struct {
		const char *option, *value;
		enum key key;
	} singles[] = {
		{ "ip6", more->ipv6, KEY_IP6 },
		{ "mac-address", more->mac, KEY_MAC },
		{ "gw-priority", more->priority, KEY_PRIORITY },
	};
	int r = 0;

	if (more->ipv4 && set_address(arena, AF_INET, more->ipv4, &endpoint->ipv4, err) < 0)
		return fail_option("ip", more->ipv4, err);
	for (size_t i = 0; i < ARRAY_SIZE(singles); i++)
		if (singles[i].value && add_value(arena, singles[i].key, singles[i].value, endpoint, err) < 0)
			return fail_option(singles[i].option, singles[i].value, err);
	for (char *const *link = more->links; link && *link; link++)
		if (add_link(arena, *link, endpoint, err) < 0)
			return fail_option("link", *link, err);
	r = add_all(arena, "link-local-ip", KEY_LINK_LOCAL, more->link_local, endpoint, err);
	if (r == 0)
		r = add_all(arena, "network-alias", KEY_ALIAS, more->aliases, endpoint, err);
	return r < 0 ? r : add_all(arena, "driver-opt", KEY_OPTION, more->options, endpoint, err);
}
