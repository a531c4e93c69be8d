/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container_endpoint.h"

enum endpoint_field { ENDPOINT_ADDRESSES };

/* "EndpointSettings" of docker's API, and ours. */
static const struct field endpoint_fields[] = {
	FIELD_BY(ENDPOINT_ADDRESSES, "IPAMConfig", 0),
	FIELD(STRINGS, struct spec_container_endpoint, links, "Links"),
	FIELD(STRINGS, struct spec_container_endpoint, aliases, "Aliases"),
	FIELD(STRING, struct spec_container_endpoint, mac, "MacAddress"),
	FIELD_LIST(PAIRS, struct spec_container_endpoint, options, option_count, "DriverOpts"),
	FIELD(I64, struct spec_container_endpoint, gateway_priority, "GwPriority"),
	FIELD(STRING, struct spec_container_endpoint, network_id, "NetworkID"),
	FIELD(STRING, struct spec_container_endpoint, interface, "InterfaceName"),
};

static const struct field address_fields[] = {
	FIELD(STRING, struct spec_container_endpoint, ipv4, "IPv4Address"),
	FIELD(STRING, struct spec_container_endpoint, ipv6, "IPv6Address"),
	FIELD(STRINGS, struct spec_container_endpoint, link_local, "LinkLocalIPs"),
};

static int decode_endpoint_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	return decode_fields(d, value, address_fields, ARRAY_SIZE(address_fields), object, NULL);
}

int decode_endpoint(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_container_endpoint *endpoint = element;

	if (!*value->key)
		return decode_fail(d, value, "the name of the network is empty");
	endpoint->network = (char *)value->key;
	return value->type == JSON_NULL ? 0 : decode_fields(d, value, endpoint_fields, ARRAY_SIZE(endpoint_fields), endpoint, decode_endpoint_field);
}

int decode_networking(const struct decoder *d, const struct json *value, struct spec_host_config *host)
{
	const struct json *endpoints;
	int r = decode_expect(d, value, JSON_OBJECT);

	endpoints = r < 0 ? NULL : json_member(value, "EndpointsConfig");
	if (!endpoints || endpoints->type == JSON_NULL)
		return r;
	return decode_list(d, endpoints, JSON_OBJECT, sizeof *host->endpoints, decode_endpoint, &host->endpoints, &host->endpoint_count);
}

static void encode_endpoint(struct json_writer *w, const struct spec_container_endpoint *endpoint)
{
	json_write_open(w, endpoint->network, '{');
	encode_given_fields(w, endpoint_fields, ARRAY_SIZE(endpoint_fields), endpoint);
	if (endpoint->ipv4 || endpoint->ipv6 || endpoint->link_local) {
		json_write_open(w, "IPAMConfig", '{');
		encode_given_fields(w, address_fields, ARRAY_SIZE(address_fields), endpoint);
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

void encode_networking(struct json_writer *w, const struct spec_host_config *host)
{
	if (!host->endpoint_count)
		return;
	json_write_open(w, "NetworkingConfig", '{');
	json_write_open(w, "EndpointsConfig", '{');
	for (size_t i = 0; i < host->endpoint_count; i++)
		encode_endpoint(w, &host->endpoints[i]);
	json_write_close(w, '}');
	json_write_close(w, '}');
}
