/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_ping.h"
#include "base/str.h"
#include "spec/api_version.h"

#define PATH "/_ping"

/* What is behind "/v1.N", if N is one of ours; else TEXT itself. */
static const char *skip_version(const char *text)
{
	const char *digits = text + strlen("/v1.");
	unsigned minor = 0;

	if (!str_starts_with(text, "/v1."))
		return text;
	while (*digits >= '0' && *digits <= '9' && minor < 1000)
		minor = minor * 10 + (unsigned)(*digits++ - '0');
	return minor >= API_VERSION_LEAST && minor <= API_VERSION_KNOWN ? digits : text;
}

bool http_ping_is(const char *method, const char *target)
{
	const char *path = skip_version(target);
	size_t length = strlen(PATH);

	if (!str_equal(method, "GET") && !str_equal(method, "HEAD"))
		return false;
	return strncmp(path, PATH, length) == 0 && (path[length] == '\0' || path[length] == '?');
}

enum MHD_Result http_ping_answer(struct MHD_Connection *connection, const char *method)
{
	static const char *const headers[][2] = {
		API_COMMON_HEADERS,
		{ "Builder-Version", "2" }, /* BuildKit */
		{ "Cache-Control", "no-cache, no-store, must-revalidate" },
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ "Pragma", "no-cache" },
		{ "Swarm", "inactive" },
	};
	static char ok[] = "OK";
	struct MHD_Response *response = MHD_create_response_from_buffer(str_equal(method, "HEAD") ? 0 : strlen(ok), ok, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	result = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}
