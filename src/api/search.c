/* SPDX-License-Identifier: Apache-2.0 */
/* GET /images/search: bivy-transfer asks the registry that the term names, or docker.io. */
#include "api/login.h"
#include "api/routes.h"
#include "engine/transfer.h"

#define ARGUMENTS 8
#define LIMIT 100

static int take_bool(const char *name, const char *value, bool *ret, struct error *err)
{
	if (!str_equal(value, "true") && !str_equal(value, "1") && !str_equal(value, "false") && !str_equal(value, "0"))
		return error_set(err, ERROR_INVALID, 0, "invalid filter '%s=[%.100s]'", name, value);
	*ret = str_equal(value, "true") || str_equal(value, "1");
	return 0;
}

/* One of "filters" as an option; NULL: it keeps everything. Nothing is automated any more. */
static int take_filter(struct api_call *call, const char *filter, const char **ret, bool *ret_nothing, struct error *err)
{
	const char *value = strchr(filter, '=');
	bool flag = false;
	uint64_t stars;
	int r;

	*ret = NULL;
	value = value ? value + 1 : "";
	if (str_starts_with(filter, "is-automated=")) {
		r = take_bool("is-automated", value, &flag, err);
		*ret_nothing |= flag;
		return r;
	}
	if (str_starts_with(filter, "is-official=")) {
		r = take_bool("is-official", value, &flag, err);
		*ret = flag ? "--official" : "--not-official";
		return r;
	}
	if (!str_starts_with(filter, "stars="))
		return error_set(err, ERROR_INVALID, 0, "invalid filter '%.*s'", (int)strcspn(filter, "="), filter);
	if (str_to_u64(value, 10, &stars) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid filter 'stars=[%.100s]'", value);
	*ret = arena_printf(call->arena, "--stars=%s", value);
	return 0;
}

static int add_filters(struct api_call *call, const char **arguments, size_t *count, bool *ret_nothing, struct error *err)
{
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	for (; r == 0 && filters && *filters && *count < ARGUMENTS - 4; filters++) {
		r = take_filter(call, *filters, &arguments[*count], ret_nothing, err);
		*count += r == 0 && arguments[*count];
	}
	return r;
}

/* Who the client says to be at the registry of TERM. */
static int open_login(struct api_call *call, const char *term, int *ret, struct error *err)
{
	const char *host = arena_strndup(call->arena, term, strcspn(term, "/"));
	bool is_named = strchr(term, '/') && (strpbrk(host, ".:") || str_equal(host, "localhost"));
	const struct spec_reference reference = { .domain = is_named ? (char *)host : (char *)SPEC_DEFAULT_DOMAIN };

	return api_login_open(call, &reference, ret, err);
}

int api_search(struct api_call *call, struct error *err)
{
	const char *arguments[ARGUMENTS + 1] = { "search" }, *term = api_target_value(&call->target, "term"), *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct transfer_request request = { .directories = call->directories, .arguments = arguments, .fds = &fd, .fd_count = 1 };
	size_t count = 1;
	int64_t limit = 0;
	bool nothing = false;
	int r = str_is_empty(term) ? error_set(err, ERROR_INVALID, 0, "the parameter 'term' is missing") : 0;

	if (r == 0)
		r = api_target_number(&call->target, "limit", 0, INT32_MAX, &limit, err);
	if (r == 0 && limit > LIMIT)
		r = error_set(err, ERROR_INVALID, 0, "limit %lld is outside the range of [1, %d]", (long long)limit, LIMIT);
	if (r == 0)
		r = add_filters(call, arguments, &count, &nothing, err);
	if (r == 0)
		r = open_login(call, term, &fd, err);
	if (r < 0)
		return r;
	if (limit)
		arguments[count++] = arena_printf(call->arena, "--limit=%lld", (long long)limit);
	arguments[count++] = arena_printf(call->arena, "--authfile=%s", api_login_path(call, fd));
	arguments[count++] = "--";
	arguments[count++] = term;
	if (!nothing)
		r = transfer_run(call->arena, &request, &text, err);
	if (r < 0)
		return r;
	buf_add_text(&document, nothing ? "[]" : text);
	str_trim_end(document.data);
	document.length = strlen(document.data);
	return api_reply_json(call, 200, &document, err);
}
