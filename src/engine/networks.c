/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks there are. */
#include "engine/networks.h"
#include "base/log.h"
#include "base/options.h"
#include "engine/container_names.h"
#include "engine/network_files.h"

#include <ctype.h>

#define NAME_LIMIT 200

bool network_name_is_valid(const char *text)
{
	if (!*text || strlen(text) > NAME_LIMIT || !isascii(text[0]) || !isalnum((unsigned char)text[0]))
		return false;
	for (const char *c = text; *c; c++)
		if (!isascii(*c) || (!isalnum((unsigned char)*c) && !strchr("_.-", *c)))
			return false;
	return true;
}

/* ---- the default one --------------------------------------------------------------------- */

static int make_default(struct arena *arena, const struct directories *directories, const struct spec_network **ret, struct error *err)
{
	static const struct spec_network request = {
		.name = (char *)NETWORK_DEFAULT, .interface = (char *)NETWORK_DEFAULT_INTERFACE, .ipv6 = true, .no_dns = true,
	};
	_cleanup_close_ int fd = -EBADF;
	int r = network_create(arena, directories, &request, ret, err);

	/* Somebody else was faster. */
	if (r < 0 && network_open_all(directories, &fd, NULL) == 0 && network_read_record(arena, fd, NETWORK_DEFAULT, ret, NULL) == 0)
		return 0;
	return r < 0 ? error_wrap(err, "cannot make the default network") : 0;
}

/* ---- one ------------------------------------------------------------------------------------ */

static int find_by_id(const struct spec_network *const *list, size_t count, const char *text, const struct spec_network **ret, struct error *err)
{
	const struct spec_network *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!str_starts_with(list[i]->id, text))
			continue;
		if (found) {
			error_set(err, ERROR_CONFLICT, 0, "several networks have ids that begin with '%s'", text);
			error_hint(err, "more digits of the id, or the name, say which");
			return -EINVAL;
		}
		found = list[i];
	}
	*ret = found;
	return found ? 0 : -ENOENT;
}

static int refuse_unknown(const struct spec_network *const *list, size_t count, const char *text, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char **names = arena_alloc(arena, count + 1, sizeof *names), *nearest;

	for (size_t i = 0; i < count; i++)
		names[i] = list[i]->name;
	error_set(err, ERROR_NOT_FOUND, 0, "no such network '%s'", text);
	nearest = options_nearest(text, names, count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static bool is_id_prefix(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= CONTAINER_ID_LENGTH && strspn(text, "0123456789abcdef") == length;
}

int network_find(struct arena *arena, const struct directories *directories, const char *text, const struct spec_network **ret, struct error *err)
{
	const struct spec_network **list = NULL;
	_cleanup_close_ int fd = -EBADF;
	size_t count = 0;
	int r = network_open_all(directories, &fd, err);

	if (r < 0)
		return r;
	r = network_name_is_valid(text) ? network_read_record(arena, fd, text, ret, err) : -ENOENT;
	if (r != -ENOENT && r != -ENOTDIR)
		return r;
	if (str_equal(text, NETWORK_DEFAULT))
		return make_default(arena, directories, ret, err);
	r = network_read_all(arena, directories, &list, &count, err);
	if (r < 0)
		return r;
	r = is_id_prefix(text) ? find_by_id(list, count, text, ret, err) : -ENOENT;
	return r == -ENOENT ? refuse_unknown(list, count, text, err) : r;
}

/* ---- all ---------------------------------------------------------------------------------------- */

int network_list(struct arena *arena, const struct directories *directories, const struct spec_network ***ret, size_t *ret_count, struct error *err)
{
	const struct spec_network *made = NULL;
	struct error failure = ERROR_INIT;
	int r = network_read_all(arena, directories, ret, ret_count, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < *ret_count; i++)
		if (str_equal((*ret)[i]->name, NETWORK_DEFAULT))
			return 0;
	/* A list says what there is, even where that one cannot be made. */
	if (make_default(arena, directories, &made, &failure) < 0) {
		/* A damaged one was told of. */
		if (failure.kind != ERROR_CONFLICT)
			log_warning("%s, ignoring", failure.message);
		return 0;
	}
	return network_read_all(arena, directories, ret, ret_count, err);
}
