/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record is one line of JSON. "format" comes first and counts changes that
 * an older reader would misunderstand; members may be added without one.
 */
#include "spec/network.h"
#include "spec/config.h"
#include "spec/decode.h"

#define FORMAT 1
#define INTERFACE_LENGTH 15 /* IFNAMSIZ of netdevice(7), less the NUL */
#define ID_LENGTH 64

static const char *const drivers[] = { "bridge", "macvlan", "ipvlan" };

enum network_field { NETWORK_IPV4, NETWORK_IPAM };

static const struct field network_fields[] = {
	FIELD_MUST(STRING, struct spec_network, name, "Name"),
	FIELD_MUST(STRING, struct spec_network, id, "Id"),
	FIELD(STRING, struct spec_network, created, "Created"),
	FIELD_MUST(STRING, struct spec_network, driver, "Driver"),
	FIELD_BY(NETWORK_IPV4, "EnableIPv4", 0),
	FIELD(BOOL, struct spec_network, ipv6, "EnableIPv6"),
	FIELD_BY(NETWORK_IPAM, "IPAM", 0),
	FIELD(BOOL, struct spec_network, internal, "Internal"),
	FIELD(BOOL, struct spec_network, no_dns, "DisableDNS"),
	FIELD(BOOL, struct spec_network, attachable, "Attachable"),
	FIELD(STRING, struct spec_network, interface, "Interface"),
	FIELD(STRING, struct spec_network, mode, "Mode"),
	FIELD(U32, struct spec_network, mtu, "MTU"),
	FIELD(STRINGS, struct spec_network, dns, "DNS"),
	FIELD_LIST(PAIRS, struct spec_network, options, option_count, "Options"),
	FIELD_LIST(PAIRS, struct spec_network, labels, label_count, "Labels"),
};

/* As docker's document has them, and in its order. */
static const struct field subnet_fields[] = {
	FIELD_MUST(STRING, struct spec_network_subnet, subnet, "Subnet"),
	FIELD(STRING, struct spec_network_subnet, ip_range, "IPRange"),
	FIELD(STRING, struct spec_network_subnet, gateway, "Gateway"),
	FIELD_LIST(PAIRS, struct spec_network_subnet, auxiliary, auxiliary_count, "AuxiliaryAddresses"),
};

bool spec_interface_name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > INTERFACE_LENGTH || str_equal(name, ".") || str_equal(name, ".."))
		return false;
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || *c == '/' || *c == ':')
			return false;
	return true;
}

/* ---- decoding ------------------------------------------------------------------ */

static int decode_subnet(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, subnet_fields, ARRAY_SIZE(subnet_fields), element, NULL);
}

static int decode_ipam(const struct decoder *d, const struct json *value, struct spec_network *network)
{
	const struct json *config;
	int r = decode_expect(d, value, JSON_OBJECT);

	if (r < 0)
		return r;
	config = json_member(value, "Config");
	if (!config || config->type == JSON_NULL)
		return 0;
	return decode_list(d, config, JSON_ARRAY, sizeof *network->subnets, decode_subnet, &network->subnets, &network->subnet_count);
}

static int decode_own_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_network *network = object;
	int r;

	switch ((enum network_field)id) {
	case NETWORK_IPV4:
		r = decode_expect(d, value, JSON_BOOL);
		network->no_ipv4 = r == 0 && !value->boolean;
		return r;
	case NETWORK_IPAM:
		return decode_ipam(d, value, network);
	}
	return -EINVAL;
}

/* Looked at before anything else: a newer record may have any shape. */
static int check_format(const struct decoder *d)
{
	const struct json *value;
	uint64_t format = 0;
	int r = decode_expect(d, d->root, JSON_OBJECT);

	if (r < 0)
		return r;
	value = json_member(d->root, "format");
	if (!value)
		return decode_fail_missing(d, d->root, "format");
	r = decode_uint(d, value, UINT64_MAX, &format);
	if (r < 0)
		return r;
	if (format > FORMAT)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "network.json has format %llu of a newer version, this one reads up to %d",
				 (unsigned long long)format, FORMAT);
	return 0;
}

/* What becomes part of paths, and names of the kernel's. */
static int check_words(const struct decoder *d, const struct spec_network *network)
{
	bool is_known = false;

	if (strlen(network->id) != ID_LENGTH || strspn(network->id, "0123456789abcdef") != ID_LENGTH)
		return decode_fail_member(d, d->root, "Id", "'%.100s' is not an id of 64 hexadecimal digits", network->id);
	if (network->interface && !spec_interface_name_is_valid(network->interface))
		return decode_fail_member(d, d->root, "Interface", "'%.100s' is not a name for an interface", network->interface);
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		is_known = is_known || str_equal(drivers[i], network->driver);
	return is_known ? 0 : decode_fail_member(d, d->root, "Driver", "there is no driver '%.100s'", network->driver);
}

int spec_network_decode(struct arena *arena, const char *text, size_t length, struct spec_network **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "network.json", .prefix = "", .err = err };
	struct spec_network *network = arena_alloc(arena, 1, sizeof *network);
	int r;

	if (length > SPEC_NETWORK_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "network.json");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = check_format(&d);
	if (r == 0)
		r = decode_fields(&d, d.root, network_fields, ARRAY_SIZE(network_fields), network, decode_own_field);
	/* "" is not given. */
	if (r == 0 && (!network->id || !network->name || !network->driver))
		r = decode_fail_missing(&d, d.root, !network->id ? "Id" : network->name ? "Driver" : "Name");
	if (r == 0)
		r = check_words(&d, network);
	for (size_t i = 0; r == 0 && i < network->subnet_count; i++)
		if (!network->subnets[i].subnet)
			r = error_set(err, ERROR_INVALID, 0, "IPAM.Config[%zu].Subnet: missing", i);
	if (r < 0)
		return r;
	*ret = network;
	return 0;
}

/* ---- encoding -------------------------------------------------------------------- */

static void encode_subnets(struct json_writer *w, const struct spec_network *network)
{
	json_write_open(w, "Config", '[');
	for (size_t i = 0; i < network->subnet_count; i++) {
		json_write_open(w, NULL, '{');
		encode_fields(w, subnet_fields, ARRAY_SIZE(subnet_fields), &network->subnets[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

void spec_network_encode(const struct spec_network *network, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "format", FORMAT);
	encode_given_fields(&w, network_fields, ARRAY_SIZE(network_fields), network);
	if (network->no_ipv4)
		json_write_bool(&w, "EnableIPv4", false);
	if (network->subnet_count) {
		json_write_open(&w, "IPAM", '{');
		encode_subnets(&w, network);
		json_write_close(&w, '}');
	}
	json_write_close(&w, '}');
}

/* What docker's documents have, and these networks are not. */
static void write_constants(struct json_writer *w)
{
	json_write_bool(w, "Ingress", false);
	json_write_open(w, "ConfigFrom", '{');
	json_write_string(w, "Network", "");
	json_write_close(w, '}');
	json_write_bool(w, "ConfigOnly", false);
}

void spec_network_write_inspect(struct json_writer *w, const struct spec_network *network)
{
	json_write_string(w, "Name", network->name);
	json_write_string(w, "Id", network->id);
	/* Go reads a time there. */
	json_write_string(w, "Created", network->created ? network->created : "0001-01-01T00:00:00Z");
	json_write_string(w, "Scope", "local");
	json_write_string(w, "Driver", network->driver);
	json_write_bool(w, "EnableIPv4", !network->no_ipv4);
	json_write_bool(w, "EnableIPv6", network->ipv6);
	json_write_open(w, "IPAM", '{');
	json_write_string(w, "Driver", "default");
	json_write_null(w, "Options");
	encode_subnets(w, network);
	json_write_close(w, '}');
	json_write_bool(w, "Internal", network->internal);
	json_write_bool(w, "Attachable", network->attachable);
	write_constants(w);
	encode_pairs(w, "Options", network->options, network->option_count);
	encode_pairs(w, "Labels", network->labels, network->label_count);
	json_write_string(w, "Interface", network->interface ? network->interface : "");
	json_write_string(w, "Mode", network->mode ? network->mode : "");
	json_write_uint(w, "MTU", network->mtu);
	json_write_bool(w, "DisableDNS", network->no_dns);
	if (network->dns)
		encode_strings(w, "DNS", network->dns);
	else
		json_write_null(w, "DNS");
}

bool spec_network_is_off(const struct spec_network *network, const char *option)
{
	for (size_t i = 0; i < network->option_count; i++)
		if (str_equal(network->options[i].key, option))
			return str_equal(network->options[i].value, "false") || str_equal(network->options[i].value, "0");
	return false;
}
