/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registries_config.h"

#include "base/file.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <strings.h>

#define MIRROR_LIMIT 16

struct place {
	const char *location;
	unsigned properties;
};

struct entry {
	const char *prefix;
	struct place own;
	bool blocked;
	struct place *mirrors;
	size_t mirror_count;
};

struct registries_config {
	struct arena *arena;
	char *name;
	struct entry *entries;
	size_t count;
};

/* ---- reading ------------------------------------------------------------------ */

/* Where in the document something is wrong. */
struct spot {
	struct registries_config *config;
	char text[64]; /* "registries[2].mirrors[0]" */
	struct error *err;
};

static int fail(const struct spot *spot, const char *member, const char *what)
{
	return error_set(spot->err, ERROR_INVALID, 0, "%s: %s%s%s%s%s", spot->config->name, spot->text, *spot->text && *member ? "." : "", member,
			 *spot->text || *member ? ": " : "", what);
}

/* A host or the beginning of one's repositories: what can stand in front of a name. */
static bool is_location(const char *text)
{
	if (!*text || *text == '/' || text[strlen(text) - 1] == '/' || strstr(text, "//") || strstr(text, ".."))
		return false;
	for (; *text; text++)
		if (!(*text >= '0' && *text <= '9') && !(*text >= 'a' && *text <= 'z') && !(*text >= 'A' && *text <= 'Z') && !strchr("-._:/[]", *text))
			return false;
	return true;
}

static bool is_prefix(const char *text)
{
	return is_location(str_starts_with(text, "*.") ? text + 2 : text);
}

static int read_text(const struct spot *spot, const struct json *object, const char *name, bool (*check)(const char *text), const char **ret)
{
	const struct json *member = json_member(object, name);

	if (!member || member->type == JSON_NULL)
		return 0;
	if (member->type != JSON_STRING)
		return fail(spot, name, "expected string");
	if (!check(member->text))
		return fail(spot, name, "expected a host, with parts of a repository's name behind it or none");
	*ret = member->text;
	return 0;
}

static int read_flag(const struct spot *spot, const struct json *object, const char *name, unsigned flag, unsigned *flags)
{
	const struct json *member = json_member(object, name);

	if (!member || member->type == JSON_NULL)
		return 0;
	if (member->type != JSON_BOOL)
		return fail(spot, name, "expected boolean");
	*flags |= member->boolean ? flag : 0;
	return 0;
}

/* A word that is misspelt would leave a registry unblocked: no other members than these. */
static int check_members(const struct spot *spot, const struct json *object, const char *const *names)
{
	if (object->type != JSON_OBJECT)
		return fail(spot, "", "expected object");
	for (const struct json *m = object->first; m; m = m->next) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], m->key) != 0)
			i++;
		if (!names[i])
			return fail(spot, m->key, "unknown member");
	}
	return 0;
}

static int read_mirror(const struct spot *spot, const struct json *object, struct place *mirror)
{
	static const char *const names[] = { "location", "insecure", "digestOnly", NULL };
	int r = check_members(spot, object, names);

	mirror->properties = REGISTRIES_MIRROR;
	if (r == 0)
		r = read_text(spot, object, "location", is_location, &mirror->location);
	if (r == 0)
		r = read_flag(spot, object, "insecure", REGISTRIES_INSECURE, &mirror->properties);
	if (r == 0)
		r = read_flag(spot, object, "digestOnly", REGISTRIES_DIGEST_ONLY, &mirror->properties);
	return r == 0 && !mirror->location ? fail(spot, "location", "missing") : r;
}

static int read_mirrors(const struct spot *spot, const struct json *list, struct entry *entry)
{
	struct spot here = *spot;

	if (!list || list->type == JSON_NULL)
		return 0;
	if (list->type != JSON_ARRAY || list->length > MIRROR_LIMIT)
		return fail(spot, "mirrors", "expected array of 16 mirrors at most");
	entry->mirrors = arena_alloc(spot->config->arena, list->length + 1, sizeof *entry->mirrors);
	for (const struct json *m = list->first; m; m = m->next) {
		int r;

		snprintf(here.text, sizeof here.text, "%.40s.mirrors[%zu]", spot->text, entry->mirror_count);
		r = read_mirror(&here, m, &entry->mirrors[entry->mirror_count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_entry(const struct spot *spot, const struct json *object, struct entry *entry)
{
	static const char *const names[] = { "prefix", "location", "insecure", "blocked", "mirrors", NULL };
	unsigned blocked = 0;
	int r = check_members(spot, object, names);

	if (r == 0)
		r = read_text(spot, object, "prefix", is_prefix, &entry->prefix);
	if (r == 0)
		r = read_text(spot, object, "location", is_location, &entry->own.location);
	if (r == 0)
		r = read_flag(spot, object, "insecure", REGISTRIES_INSECURE, &entry->own.properties);
	if (r == 0)
		r = read_flag(spot, object, "blocked", 1, &blocked);
	if (r == 0)
		r = read_mirrors(spot, json_member(object, "mirrors"), entry);
	if (r < 0)
		return r;
	entry->blocked = blocked;
	if (!entry->prefix)
		return fail(spot, "prefix", "missing");
	if (*entry->prefix == '*' && (entry->own.location || entry->mirror_count))
		return fail(spot, "prefix", "one with \"*.\" can be insecure or blocked, and no more");
	return 0;
}

static int read_entries(struct registries_config *config, const struct json *root, struct error *err)
{
	static const char *const names[] = { "registries", NULL };
	struct spot spot = { .config = config, .err = err };
	const struct json *list;
	int r = check_members(&spot, root, names);

	list = r == 0 ? json_member(root, "registries") : NULL;
	if (!list)
		return r;
	if (list->type != JSON_ARRAY)
		return fail(&spot, "registries", "expected array");
	config->entries = arena_alloc(config->arena, list->length + 1, sizeof *config->entries);
	for (const struct json *e = list->first; e; e = e->next) {
		snprintf(spot.text, sizeof spot.text, "registries[%zu]", config->count);
		r = read_entry(&spot, e, &config->entries[config->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

void registries_config_free(struct registries_config *config)
{
	if (!config)
		return;
	arena_free(config->arena);
	free(config->name);
	free(config);
}

int registries_config_decode(const char *name, const char *text, size_t length, struct registries_config **ret, struct error *err)
{
	_cleanup_registries_config_ struct registries_config *config = memory_new(1, sizeof *config);
	struct json *root = NULL;
	size_t i = 0;
	int r = 0;

	config->arena = arena_new();
	config->name = str_dup(name);
	while (i < length && text[i] && strchr(" \t\r\n", text[i]))
		i++;
	if (i < length) {
		r = json_parse(config->arena, text, length, &root, err);
		if (r < 0)
			return error_wrap(err, "%s", name);
		r = read_entries(config, root, err);
	}
	if (r == 0)
		*ret = TAKE_PTR(config);
	return r;
}

int registries_config_read(const char *path, struct registries_config **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, REGISTRIES_CONFIG_BYTES_LIMIT, &text);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return error_errno(err, -r, "cannot read '%s'", path);
	return registries_config_decode(path, text.data, text.length, ret, err);
}

/* ---- asking -------------------------------------------------------------------- */

bool registries_host_is_loopback(const char *host)
{
	_cleanup_free_ char *name = str_dup(host);
	struct in_addr address;
	char *colon;

	if (str_equal(host, "[::1]") || str_starts_with(host, "[::1]:"))
		return true;
	colon = strchr(name, ':');
	if (colon)
		*colon = '\0';
	if (str_equal(name, "localhost"))
		return true;
	return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* How much of NAME the prefix covers: its bytes, or 0 for none. Hosts have no case, and repositories no upper one. */
static size_t cover(const char *prefix, const char *name)
{
	size_t length = strlen(prefix), host;

	if (str_starts_with(prefix, "*.")) {
		host = strcspn(name, ":/");
		length--; /* of ".example.com" */
		return host > length && strncasecmp(name + host - length, prefix + 1, length) == 0 ? host : 0;
	}
	if (strncasecmp(prefix, name, length) != 0)
		return 0;
	return !name[length] || name[length] == '/' ? length : 0;
}

static const struct entry *find_entry(const struct registries_config *config, const char *name, size_t *ret_covered)
{
	const struct entry *best = NULL;

	for (size_t i = 0; i < config->count; i++) {
		const struct entry *entry = &config->entries[i];
		size_t covered = cover(entry->prefix, name);

		if (covered && (!best || strlen(entry->prefix) > strlen(best->prefix))) {
			best = entry;
			*ret_covered = covered;
		}
	}
	return best;
}

/* NAME's place, with LOCATION (if any) in place of the bytes covered. */
static struct registries_endpoint make_endpoint(struct arena *arena, const struct place *place, const char *name, size_t covered)
{
	struct registries_endpoint endpoint = { .properties = place->properties };
	char *slash;

	endpoint.host = place->location ? arena_printf(arena, "%s%s", place->location, name + covered) : arena_strdup(arena, name);
	slash = strchr(endpoint.host, '/');
	if (slash) {
		*slash = '\0';
		endpoint.repository = slash + 1;
	}
	if (registries_host_is_loopback(endpoint.host))
		endpoint.properties |= REGISTRIES_LOOPBACK;
	return endpoint;
}

int registries_config_resolve(const struct registries_config *config, struct arena *arena, const char *host, const char *repository,
			      struct registries_endpoint **ret, size_t *ret_count, struct error *err)
{
	const char *name = repository ? arena_printf(arena, "%s/%s", host, repository) : host;
	struct registries_endpoint *list = arena_alloc(arena, MIRROR_LIMIT + 1, sizeof *list);
	const struct entry *entry;
	struct place itself = { 0 };
	size_t covered = 0, count = 0;

	entry = find_entry(config, name, &covered);
	if (entry && entry->blocked) {
		error_set(err, ERROR_DENIED, EPERM, "the registry '%s' is blocked", name);
		error_hint(err, "the entry \"%s\" of %s does it", entry->prefix, config->name);
		return -EPERM;
	}
	for (size_t i = 0; entry && i < entry->mirror_count; i++)
		list[count++] = make_endpoint(arena, &entry->mirrors[i], name, covered);
	list[count++] = make_endpoint(arena, entry ? &entry->own : &itself, name, covered);
	*ret = list;
	*ret_count = count;
	return 0;
}
