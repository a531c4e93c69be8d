/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/network_request.h"
#include "spec/container_endpoint.h"
#include "spec/decode.h"

enum create_field { CREATE_IPV4, CREATE_ADDRESSES, CREATE_CONFIG_FROM };

static const struct field create_fields[] = {
	FIELD(STRING, struct spec_network_create, network.name, "Name"),
	FIELD(STRING, struct spec_network_create, network.driver, "Driver"),
	FIELD(STRING, struct spec_network_create, scope, "Scope"),
	FIELD_BY(CREATE_IPV4, "EnableIPv4", 0),
	FIELD(BOOL, struct spec_network_create, network.ipv6, "EnableIPv6"),
	FIELD_BY(CREATE_ADDRESSES, "IPAM", 0),
	FIELD(BOOL, struct spec_network_create, network.internal, "Internal"),
	FIELD(BOOL, struct spec_network_create, network.attachable, "Attachable"),
	FIELD(BOOL, struct spec_network_create, ingress, "Ingress"),
	FIELD(BOOL, struct spec_network_create, config_only, "ConfigOnly"),
	FIELD_BY(CREATE_CONFIG_FROM, "ConfigFrom", 0),
	FIELD_LIST(PAIRS, struct spec_network_create, network.options, network.option_count, "Options"),
	FIELD_LIST(PAIRS, struct spec_network_create, network.labels, network.label_count, "Labels"),
};

enum address_field { ADDRESS_CONFIG };

static const struct field address_fields[] = {
	FIELD(STRING, struct spec_network_create, address_driver, "Driver"),
	FIELD_LIST(PAIRS, struct spec_network_create, address_options, address_option_count, "Options"),
	FIELD_BY(ADDRESS_CONFIG, "Config", 0),
};

static const struct field subnet_fields[] = {
	FIELD(STRING, struct spec_network_subnet, subnet, "Subnet"),
	FIELD(STRING, struct spec_network_subnet, ip_range, "IPRange"),
	FIELD(STRING, struct spec_network_subnet, gateway, "Gateway"),
	FIELD_LIST(PAIRS, struct spec_network_subnet, auxiliary, auxiliary_count, "AuxiliaryAddresses"),
	/* As some clients, and docker's own list of it, have called it. */
	FIELD_LIST(PAIRS, struct spec_network_subnet, auxiliary, auxiliary_count, "AuxAddress"),
};

static const struct field config_from_fields[] = {
	FIELD(STRING, struct spec_network_create, config_from, "Network"),
};

/* ---- create ------------------------------------------------------------------------------ */

static int decode_subnet(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, subnet_fields, ARRAY_SIZE(subnet_fields), element, NULL);
}

/* One without anything in it, which some clients send, says nothing. */
static void drop_empty(struct spec_network *network)
{
	size_t kept = 0;

	for (size_t i = 0; i < network->subnet_count; i++)
		if (network->subnets[i].subnet || network->subnets[i].ip_range || network->subnets[i].gateway || network->subnets[i].auxiliary_count)
			network->subnets[kept++] = network->subnets[i];
	network->subnet_count = kept;
}

static int decode_config(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_network *network = &((struct spec_network_create *)object)->network;
	int r = decode_list(d, value, JSON_ARRAY, sizeof *network->subnets, decode_subnet, &network->subnets, &network->subnet_count);

	if (r == 0)
		drop_empty(network);
	for (size_t i = 0; r == 0 && i < network->subnet_count; i++)
		if (!network->subnets[i].subnet)
			r = decode_fail(d, value, "an address without the subnet that it is in");
	return r;
}

static int decode_create_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_network_create *create = object;
	int r = 0;

	switch ((enum create_field)id) {
	case CREATE_IPV4:
		r = decode_expect(d, value, JSON_BOOL);
		create->network.no_ipv4 = r == 0 && !value->boolean;
		return r;
	case CREATE_ADDRESSES:
		return decode_fields(d, value, address_fields, ARRAY_SIZE(address_fields), create, decode_config);
	case CREATE_CONFIG_FROM:
		return decode_fields(d, value, config_from_fields, ARRAY_SIZE(config_from_fields), create, NULL);
	}
	return r;
}

static int open_document(struct decoder *d, const char *text, size_t length)
{
	if (length > SPEC_NETWORK_REQUEST_LIMIT)
		return error_set(d->err, ERROR_INVALID, EFBIG, "%s", d->name);
	return decode_open(d, text, length);
}

int spec_network_create_decode(struct arena *arena, const char *text, size_t length, struct spec_network_create *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "network", .prefix = "", .err = err };
	struct spec_network_create create = { .scope = NULL };
	int r = open_document(&d, text, length);

	if (r == 0)
		r = decode_fields(&d, d.root, create_fields, ARRAY_SIZE(create_fields), &create, decode_create_field);
	if (r == 0)
		*ret = create;
	return r;
}

/* ---- members -------------------------------------------------------------------------------- */

enum member_field { MEMBER_ENDPOINT };

static const struct field member_fields[] = {
	FIELD(STRING, struct spec_network_member, container, "Container"),
	FIELD(BOOL, struct spec_network_member, force, "Force"),
	FIELD_BY(MEMBER_ENDPOINT, "EndpointConfig", 0),
};

static int decode_member_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_network_member *member = object;
	int r = decode_endpoint(d, value, &member->endpoint);

	member->endpoint.network = NULL;
	return r;
}

int spec_network_member_decode(struct arena *arena, const char *text, size_t length, struct spec_network_member *ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "request", .prefix = "", .err = err };
	struct spec_network_member member = { .container = NULL };
	int r = open_document(&d, text, length);

	if (r == 0)
		r = decode_fields(&d, d.root, member_fields, ARRAY_SIZE(member_fields), &member, decode_member_field);
	if (r == 0)
		*ret = member;
	return r;
}
