/* SPDX-License-Identifier: Apache-2.0 */
/* search: repositories of a registry that have something to do with a word. */
#include "base/json.h"
#include "transfer/command.h"
#include "transfer/remote.h"

#define COUNT_DEFAULT 25 /* as docker has it */

struct search_request {
	struct remote_options remote;
	int64_t limit, stars;
	bool only_official, only_others;
};

static const struct option_entry search_entries[] = {
	REMOTE_ENTRIES(struct search_request, remote),
	{ "limit", 0, OPTION_INT, 0, offsetof(struct search_request, limit), "COUNT", "so many at most; default: 25", .minimum = 1, .maximum = 100 },
	{ "stars", 0, OPTION_INT, 0, offsetof(struct search_request, stars), "COUNT", "those that so many people like, or more", .maximum = INT64_MAX },
	{ "official", 0, OPTION_FLAG, 0, offsetof(struct search_request, only_official), NULL, "those of docker.io itself" },
	{ "not-official", 0, OPTION_FLAG, 0, offsetof(struct search_request, only_others), NULL, "all others" },
	{ 0 },
};

static bool is_wanted(const struct search_request *request, const struct answer_found *found)
{
	return found->stars >= (uint64_t)request->stars && (!request->only_official || found->is_official) && (!request->only_others || !found->is_official);
}

/* In docker's form; the host goes with the name, but that of docker.io. */
static void write_found(struct json_writer *w, const char *host, const struct answer_found *found)
{
	bool is_default = str_equal(host, SPEC_DEFAULT_DOMAIN);
	_cleanup_free_ char *name = str_printf("%s%s%s", is_default ? "" : host, is_default ? "" : "/", found->name);

	json_write_open(w, NULL, '{');
	json_write_string(w, "name", name);
	json_write_string(w, "description", found->description);
	json_write_uint(w, "star_count", found->stars);
	json_write_bool(w, "is_official", found->is_official);
	json_write_bool(w, "is_automated", false);
	json_write_close(w, '}');
}

/* "TERM" at docker.io, "HOST/TERM" elsewhere; HOST as in the name of an image. */
static const char *split_term(struct arena *arena, const char *operand, const char **ret_host)
{
	const char *slash = strchr(operand, '/'), *host = slash ? arena_strndup(arena, operand, (size_t)(slash - operand)) : NULL;

	*ret_host = SPEC_DEFAULT_DOMAIN;
	if (!host || (!strpbrk(host, ".:") && !str_equal(host, "localhost")))
		return operand;
	*ret_host = str_equal(host, "index.docker.io") ? SPEC_DEFAULT_DOMAIN : host;
	return slash + 1;
}

static int search(struct arena *arena, const struct search_request *request, const char *host, const char *term, struct answer_found **ret,
	size_t *ret_count, struct error *err)
{
	_cleanup_remote_world_ struct remote_world world = { .config = NULL };
	_cleanup_remote_ struct remote remote = { .host = NULL };
	struct remote_line *line = NULL;
	int r = remote_world_open(&request->remote, &world, err);

	if (r == 0)
		r = remote_open(&world, host, NULL, CLIENT_PULL, &remote, err);
	if (r < 0)
		return r;
	remote_world_confine(&world, -1);
	r = remote_call(&remote, &line, err);
	if (r < 0)
		return r;
	r = client_search(line->client, arena, term, request->limit ? (unsigned)request->limit : COUNT_DEFAULT, ret, ret_count, err);
	remote_hang_up(&remote, line);
	return r;
}

static int run_search(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct search_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct json_writer w = { .out = out };
	struct answer_found *found = NULL;
	const char *host, *term = split_term(arena, call->operands[0], &host);
	size_t count = 0;
	int r = search(arena, request, host, term, &found, &count, err);

	if (r < 0)
		return error_wrap(err, "cannot search '%s' for '%s'", host, term);
	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++)
		if (is_wanted(request, &found[i]))
			write_found(&w, host, &found[i]);
	json_write_close(&w, ']');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_search = {
	.command = {
		.name = "search",
		.operands = "[HOST/]TERM",
		.summary = "look for repositories of a registry",
		.entries = search_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct search_request),
	.run = run_search,
};
