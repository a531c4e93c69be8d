/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is kept as the tree that was read, and changes are made in the tree:
 * so whatever else it holds is written back. Only the shape of the members that
 * we use is checked when it is read; a login that is damaged matters to nobody
 * but those who ask for it.
 */
#include "registry/docker_config.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

struct docker_config {
	struct arena *arena;
	struct json *root;
	char *name;
};

/* ---- reading ------------------------------------------------------------------ */

void docker_config_free(struct docker_config *config)
{
	if (!config)
		return;
	arena_free(config->arena);
	free(config->name);
	free(config);
}

static struct json *new_value(struct arena *arena, const char *key, enum json_type type)
{
	struct json *value = arena_alloc(arena, 1, sizeof *value);

	value->key = key ? arena_strdup(arena, key) : NULL;
	value->type = type;
	return value;
}

static int check_shape(const struct docker_config *config, struct error *err)
{
	static const struct {
		const char *name;
		enum json_type type;
	} members[] = { { "auths", JSON_OBJECT }, { "credHelpers", JSON_OBJECT }, { "credsStore", JSON_STRING } };

	if (config->root->type != JSON_OBJECT)
		return error_set(err, ERROR_INVALID, 0, "%s: expected object, found %s", config->name, json_type_name(config->root->type));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct json *member = json_member(config->root, members[i].name);

		if (member && member->type != members[i].type && member->type != JSON_NULL)
			return error_set(err, ERROR_INVALID, 0, "%s: %s: expected %s, found %s", config->name, members[i].name,
					 json_type_name(members[i].type), json_type_name(member->type));
	}
	return 0;
}

int docker_config_decode(const char *name, const char *text, size_t length, struct docker_config **ret, struct error *err)
{
	_cleanup_docker_config_ struct docker_config *config = memory_new(1, sizeof *config);
	size_t i = 0;

	config->arena = arena_new();
	config->name = str_dup(name);
	while (i < length && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	if (i == length)
		config->root = new_value(config->arena, NULL, JSON_OBJECT);
	else if (json_parse(config->arena, text, length, &config->root, err) < 0)
		return error_wrap(err, "%s", name);
	if (check_shape(config, err) < 0)
		return -EINVAL;
	*ret = TAKE_PTR(config);
	return 0;
}

int docker_config_read(const char *path, struct docker_config **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, DOCKER_CONFIG_BYTES_LIMIT, &text);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return error_errno(err, -r, "cannot read the login file '%s'", path);
	return docker_config_decode(path, text.data, text.length, ret, err);
}

/* ---- writing ------------------------------------------------------------------ */

void docker_config_encode(const struct docker_config *config, struct buf *out)
{
	struct json_writer w = { .out = out, .indent = 4 };

	json_write_value(&w, NULL, config->root);
	buf_add_char(out, '\n');
}

int docker_config_write(const struct docker_config *config, const char *path, struct error *err)
{
	_cleanup_free_ char *target = realpath(path, NULL), *directory = str_dup(path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *slash = strrchr(directory, '/');
	int r = 0;

	if (slash && slash != directory) {
		*slash = '\0';
		r = file_make_directories(directory, 0700);
	}
	docker_config_encode(config, &text);
	if (r == 0)
		r = file_replace_at(AT_FDCWD, target ? target : path, text.data, text.length, 0600);
	if (r < 0)
		return error_errno(err, -r, "cannot write the login file '%s'", path);
	return 0;
}

/* ---- finding ------------------------------------------------------------------ */

const char *docker_config_key(const char *host)
{
	return str_equal(host, "docker.io") ? "https://index.docker.io/v1/" : host;
}

/* The text of a member, or NULL for none, an empty one, or one of another type. */
static const char *member_text(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);

	return member && member->type == JSON_STRING && *member->text ? member->text : NULL;
}

static bool is_docker_hub(const char *host, size_t length)
{
	static const char *const names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == length && memcmp(host, names[i], length) == 0)
			return true;
	return false;
}

/*
 * Whether KEY stands for HOST as a whole: the host itself, or what was written
 * when keys were URLs, "https://host/v1/". "host/team" is not such a key.
 */
static bool key_is_host(const char *key, const char *host)
{
	const char *start = strstr(key, "://"), *path;
	size_t length;

	start = start ? start + 3 : key;
	length = strcspn(start, "/");
	path = start + length;
	if (start == key && *path && !str_equal(path, "/") && !str_equal(path, "/v1") && !str_equal(path, "/v1/") && !str_equal(path, "/v2")
	    && !str_equal(path, "/v2/"))
		return false;
	if (str_equal(host, "docker.io"))
		return is_docker_hub(start, length);
	return strlen(host) == length && memcmp(start, host, length) == 0;
}

const char *docker_config_helper(const struct docker_config *config, const char *host)
{
	const struct json *helpers = json_member(config->root, "credHelpers");
	const char *helper = member_text(helpers, host);

	if (!helper)
		helper = member_text(helpers, docker_config_key(host));
	for (const struct json *h = helpers && helpers->type == JSON_OBJECT ? helpers->first : NULL; h && !helper; h = h->next)
		if (h->type == JSON_STRING && *h->text && key_is_host(h->key, host))
			helper = h->text;
	return helper ? helper : member_text(config->root, "credsStore");
}

bool docker_config_has_helpers(const struct docker_config *config)
{
	const struct json *helpers = json_member(config->root, "credHelpers");

	return (helpers && helpers->type == JSON_OBJECT && helpers->first) || member_text(config->root, "credsStore");
}

/* Whether there is anything to log in with: Docker leaves "{}" where a helper has the login. */
static bool has_login(const struct json *entry)
{
	return member_text(entry, "auth") || member_text(entry, "username") || member_text(entry, "identitytoken")
	       || member_text(entry, "registrytoken");
}

/* Podman's keys: the longest of host/a/b, host/a, host. */
static const struct json *find_by_path(const struct json *auths, const char *host, const char *repository)
{
	_cleanup_free_ char *path = repository ? str_printf("%s/%s", host, repository) : str_dup(host);

	for (;;) {
		const struct json *entry = json_member(auths, path);
		char *slash = strrchr(path, '/');

		if (entry && has_login(entry))
			return entry;
		if (!slash)
			return NULL;
		*slash = '\0';
	}
}

static const struct json *find_entry(const struct json *auths, const char *host, const char *repository)
{
	const struct json *entry = find_by_path(auths, host, repository);

	if (entry)
		return entry;
	entry = json_member(auths, docker_config_key(host));
	if (entry && has_login(entry))
		return entry;
	for (entry = auths && auths->type == JSON_OBJECT ? auths->first : NULL; entry; entry = entry->next)
		if (key_is_host(entry->key, host) && has_login(entry))
			return entry;
	return NULL;
}

/* "auth" is base64 of "name:password"; Docker pads it with NULs at times. */
static int decode_auth(const struct docker_config *config, const struct json *entry, struct docker_config_auth *auth, struct error *err)
{
	const char *encoded = member_text(entry, "auth");
	_cleanup_buf_ struct buf plain = BUF_INIT;
	char *text, *colon;

	if (!encoded)
		return 0;
	if (base64_decode(encoded, strlen(encoded), &plain) < 0)
		return error_set(err, ERROR_INVALID, 0, "%s: auths.%s.auth: not base64", config->name, entry->key);
	while (plain.length && !plain.data[plain.length - 1])
		plain.length--;
	text = arena_strndup(config->arena, plain.data, plain.length);
	colon = strchr(text, ':');
	if (!colon || strlen(text) != plain.length)
		return error_set(err, ERROR_INVALID, 0, "%s: auths.%s.auth: not a name and a password with a colon between them", config->name,
				 entry->key);
	*colon = '\0';
	auth->username = *text ? text : NULL;
	auth->password = colon[1] ? colon + 1 : NULL;
	return 0;
}

int docker_config_find(const struct docker_config *config, const char *host, const char *repository, struct docker_config_auth *ret,
		       struct error *err)
{
	const struct json *entry = find_entry(json_member(config->root, "auths"), host, repository);
	struct docker_config_auth auth = { 0 };
	int r;

	if (!entry) {
		*ret = auth;
		return 0;
	}
	auth.key = entry->key;
	auth.username = member_text(entry, "username");
	auth.password = member_text(entry, "password");
	auth.identity_token = member_text(entry, "identitytoken");
	auth.registry_token = member_text(entry, "registrytoken");
	r = decode_auth(config, entry, &auth, err);
	if (r < 0)
		return r;
	*ret = auth;
	return 0;
}

/* ---- changing ------------------------------------------------------------------ */

/* The member NAME of an object, made (or, if it is no TYPE, emptied) where needed. */
static struct json *make_member(struct docker_config *config, struct json *object, const char *name, enum json_type type)
{
	struct json **slot = &object->first;

	while (*slot && strcmp((*slot)->key, name) != 0)
		slot = &(*slot)->next;
	if (!*slot) {
		*slot = new_value(config->arena, name, type);
		object->length++;
	} else if ((*slot)->type != type) {
		(*slot)->type = type;
		(*slot)->first = NULL;
		(*slot)->length = 0;
	}
	return *slot;
}

static bool remove_member(struct json *object, const char *name)
{
	struct json **slot = &object->first;

	while (*slot && strcmp((*slot)->key, name) != 0)
		slot = &(*slot)->next;
	if (!*slot)
		return false;
	*slot = (*slot)->next;
	object->length--;
	return true;
}

static void put_text(struct docker_config *config, struct json *object, const char *name, const char *text)
{
	struct json *member;

	if (str_is_empty(text)) {
		remove_member(object, name);
		return;
	}
	member = make_member(config, object, name, JSON_STRING);
	member->text = arena_strdup(config->arena, text);
	member->length = (uint32_t)strlen(text);
}

void docker_config_set(struct docker_config *config, const struct docker_config_auth *auth)
{
	struct json *auths = make_member(config, config->root, "auths", JSON_OBJECT);
	struct json *entry = make_member(config, auths, auth->key, JSON_OBJECT);
	_cleanup_buf_ struct buf plain = BUF_INIT, encoded = BUF_INIT;

	if (auth->username || auth->password) {
		buf_printf(&plain, "%s:%s", auth->username ? auth->username : "", auth->password ? auth->password : "");
		base64_encode(plain.data, plain.length, &encoded);
	}
	remove_member(entry, "username");
	remove_member(entry, "password");
	put_text(config, entry, "auth", encoded.data);
	put_text(config, entry, "identitytoken", auth->identity_token);
	put_text(config, entry, "registrytoken", auth->registry_token);
}

bool docker_config_erase(struct docker_config *config, const char *host)
{
	struct json *auths = (struct json *)json_member(config->root, "auths");
	struct json **slot = auths && auths->type == JSON_OBJECT ? &auths->first : NULL;
	bool found = false;

	while (slot && *slot) {
		if (!key_is_host((*slot)->key, host)) {
			slot = &(*slot)->next;
			continue;
		}
		found = true;
		*slot = (*slot)->next;
		auths->length--;
	}
	return found;
}
