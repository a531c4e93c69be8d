/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_mount.h"

#include "base/quantity.h"

#include <strings.h>

enum key {
	KEY_TYPE, KEY_FROM, KEY_SOURCE, KEY_TARGET, KEY_READ_ONLY, KEY_READ_WRITE, KEY_REQUIRED, KEY_SIZE, KEY_ID, KEY_SHARING, KEY_MODE, KEY_UID, KEY_GID, KEY_ENV,
};
#define KEY_COUNT (KEY_ENV + 1)

#define OF(kind) (1u << RUN_MOUNT_##kind)
#define OF_ALL ((1u << (RUN_MOUNT_SSH + 1)) - 1)

static const struct {
	const char *name;
	enum key key;
	unsigned kinds; /* that may have it */
	bool is_switch; /* no value is needed */
} keys[] = {
	{ "type",        KEY_TYPE,       OF_ALL },
	{ "from",        KEY_FROM,       OF_ALL & ~OF(SECRET) },
	{ "source",      KEY_SOURCE,     OF_ALL & ~OF(SSH) },
	{ "src",         KEY_SOURCE,     OF_ALL & ~OF(SSH) },
	{ "target",      KEY_TARGET,     OF_ALL },
	{ "dst",         KEY_TARGET,     OF_ALL },
	{ "destination", KEY_TARGET,     OF_ALL },
	{ "readonly",    KEY_READ_ONLY,  OF_ALL, true },
	{ "ro",          KEY_READ_ONLY,  OF_ALL, true },
	{ "readwrite",   KEY_READ_WRITE, OF_ALL, true },
	{ "rw",          KEY_READ_WRITE, OF_ALL, true },
	{ "required",    KEY_REQUIRED,   OF(SECRET) | OF(SSH), true },
	{ "size",        KEY_SIZE,       OF(TMPFS) },
	{ "id",          KEY_ID,         OF_ALL },
	{ "sharing",     KEY_SHARING,    OF(CACHE) },
	{ "mode",        KEY_MODE,       OF(CACHE) | OF(SECRET) | OF(SSH) },
	{ "uid",         KEY_UID,        OF(CACHE) | OF(SECRET) | OF(SSH) },
	{ "gid",         KEY_GID,        OF(CACHE) | OF(SECRET) | OF(SSH) },
	{ "env",         KEY_ENV,        OF(SECRET) },
};

static const char *const kind_names[] = { "bind", "cache", "tmpfs", "secret", "ssh" };
static const char *const sharing_names[] = { "shared", "private", "locked" };

struct part {
	const char *written; /* "ro", "target=/x"; NULL: not given */
	const char *name;    /* as written: "dst" */
	char *value;         /* NULL: without, or it has variables */
	bool is_open;        /* it has variables of which nothing is known yet */
};

struct parts {
	const struct instruction_context *c;
	struct part parts[KEY_COUNT];
	bool any_open;
};

char *instruction_mount_clean(struct arena *arena, const char *path)
{
	char *ret = arena_alloc(arena, strlen(path) + 2, 1), *to = ret;

	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0) {
			while (to > ret && *--to != '/')
				;
		} else if (length && !(length == 1 && *path == '.')) {
			*to++ = '/';
			memcpy(to, path, length);
			to += length;
		}
		path += length + (path[length] == '/');
	}
	if (to == ret)
		*to++ = '/';
	*to = '\0';
	return ret;
}

int instruction_mount_read_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" }, *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (str_equal(text, yes[i]) || str_equal(text, no[i])) {
			*ret = str_equal(text, yes[i]);
			return 0;
		}
	return -EINVAL;
}

/* ---- parts ---------------------------------------------------------------- */

static int fail_key(const struct instruction_context *c, const char *name)
{
	const char *names[ARRAY_SIZE(keys)];
	int r = instruction_fail(c, name, "a mount has no '%s'", name);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = keys[i].name;
	instruction_hint_nearest(c, name, names, ARRAY_SIZE(names));
	return r;
}

static char *lower(struct arena *arena, const char *text, size_t length)
{
	char *ret = arena_strndup(arena, text, length);

	for (char *at = ret; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + 'a' - 'A');
	return ret;
}

/* FROM decides about what is built before any variable is known. */
static int check_from(const struct instruction_context *c, const char *written, const char *value)
{
	const char *dollar = strchr(value, '$');
	int r;

	if (!dollar || !dollar[1])
		return 0;
	r = instruction_fail(c, written, "variables are not replaced in a mount's from");
	error_hint(c->err, "name a stage with FROM %s AS NAME, and use that name here", value);
	return r;
}

static int add_part(struct parts *p, char *written)
{
	const struct instruction_context *c = p->c;
	size_t length = strcspn(written, "="), i = 0;
	const char *name = lower(c->arena, written, length);
	struct part part = { written, name, written[length] ? written + length + 1 : NULL, false };
	int r = 0;

	while (i < ARRAY_SIZE(keys) && !str_equal(keys[i].name, name))
		i++;
	if (i == ARRAY_SIZE(keys))
		return fail_key(c, name);
	if (!part.value && !keys[i].is_switch)
		return instruction_fail(c, name, "'%s' of a mount takes a value", name);
	if (part.value && keys[i].key == KEY_FROM)
		r = check_from(c, written, part.value);
	else if (part.value && c->words)
		r = instruction_replace(c, &part.value);
	else if (part.value && strpbrk(part.value, "$'\"\\`"))
		part = (struct part){ written, name, NULL, true };
	p->any_open |= part.is_open;
	p->parts[keys[i].key] = part;
	return r;
}

/* The next value of a line of values parted by commas, as RFC 4180 has them: within double quotes a comma parts nothing, and two of them are one. */
static char *take_value(struct arena *arena, const char **at)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	bool quoted = **at == '"';

	if (quoted)
		++*at;
	for (; **at && (quoted || **at != ','); ++*at) {
		if (quoted && **at == '"') {
			quoted = (*at)[1] == '"';
			*at += quoted;
			if (!quoted)
				continue;
		}
		buf_add_char(&value, **at);
	}
	*at += **at == ',';
	return arena_strndup(arena, value.length ? value.data : "", value.length);
}

/* ---- their meaning ---------------------------------------------------------------- */

static int fail_value(const struct parts *p, const struct part *part, const char *expected)
{
	return instruction_fail(p->c, part->written, "'%s' of a mount is %s, not '%s'", part->name, expected, part->value);
}

/* One of NAMES; 0 if it is not given. */
static int read_name(const struct parts *p, enum key key, const char *what, const char *const *names, size_t count, unsigned *ret)
{
	const struct part *part = &p->parts[key];
	int r;

	*ret = 0;
	if (!part->value)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(names[i], part->value) == 0) {
			*ret = (unsigned)i;
			return 0;
		}
	r = instruction_fail(p->c, part->written, "no %s '%s'", what, part->value);
	if (!instruction_hint_nearest(p->c, part->value, names, count))
		error_hint(p->c->err, count == 3 ? "there are %s, %s and %s" : "there are %s, %s, %s, %s and %s", names[0], names[1], names[2], names[count - 2],
			names[count - 1]);
	return r;
}

static int check_kind(const struct parts *p, enum run_mount_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct part *part = &p->parts[keys[i].key];

		if (part->written && !(keys[i].kinds & 1u << kind))
			return instruction_fail(p->c, part->written, "a mount of type '%s' has no '%s'", kind_names[kind], part->name);
	}
	return 0;
}

static int read_number(const struct parts *p, enum key key, int base, const char *expected, bool *ret_given, uint32_t *ret)
{
	const struct part *part = &p->parts[key];
	uint64_t value;

	if (!part->value)
		return 0;
	if (strspn(part->value, "0123456789") != strlen(part->value) || str_to_u64(part->value, base, &value) < 0 || value > (key == KEY_MODE ? 07777 : UINT32_MAX))
		return fail_value(p, part, expected);
	*ret_given = true;
	*ret = (uint32_t)value;
	return 0;
}

static int read_switch(const struct parts *p, enum key key, bool *ret_given, bool *ret)
{
	const struct part *part = &p->parts[key];

	if (!part->written || part->is_open)
		return 0;
	*ret_given = *ret = true;
	if (part->value && instruction_mount_read_bool(part->value, ret) < 0)
		return fail_value(p, part, "true or false");
	return 0;
}

static int read_switches(const struct parts *p, struct run_mount *mount)
{
	bool writable = false, writable_given = false, required_given;
	int r = read_switch(p, KEY_READ_ONLY, &mount->has_read_only, &mount->read_only);

	if (r == 0)
		r = read_switch(p, KEY_READ_WRITE, &writable_given, &writable);
	if (r == 0)
		r = read_switch(p, KEY_REQUIRED, &required_given, &mount->required);
	if (writable_given) {
		mount->read_only = !writable;
		mount->has_read_only = true;
	}
	if (!mount->has_read_only)
		mount->read_only = mount->kind != RUN_MOUNT_CACHE && mount->kind != RUN_MOUNT_TMPFS;
	return r;
}

static int read_numbers(const struct parts *p, struct run_mount *mount)
{
	const struct part *size = &p->parts[KEY_SIZE];
	int r = 0;

	if (size->value && quantity_parse_size(size->value, &mount->size) < 0)
		r = fail_value(p, size, "a size");
	if (r == 0)
		r = read_number(p, KEY_MODE, 8, "an octal number up to 7777", &mount->has_mode, &mount->mode);
	if (r == 0)
		r = read_number(p, KEY_UID, 10, "a number", &mount->has_uid, &mount->uid);
	if (r == 0)
		r = read_number(p, KEY_GID, 10, "a number", &mount->has_gid, &mount->gid);
	return r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A secret is named by its id, its source, or by where it goes. */
static int read_secret(const struct parts *p, struct run_mount *mount)
{
	const char *source = p->parts[KEY_SOURCE].value;

	if (!str_is_empty(source) && mount->id)
		return instruction_fail(p->c, p->parts[KEY_SOURCE].written, "a secret has an id or a source, not both");
	if (!str_is_empty(source))
		mount->id = arena_strdup(p->c->arena, source);
	if (!mount->id && mount->target)
		mount->id = arena_strdup(p->c->arena, base_name(instruction_mount_clean(p->c->arena, mount->target)));
	if (str_is_empty(mount->id))
		return instruction_fail(p->c, p->parts[KEY_TYPE].written, "a secret has no id");
	if (mount->env && !*mount->env)
		mount->env = arena_strdup(p->c->arena, base_name(mount->id));
	return 0;
}

/* path.Clean() of what is written, which names a cache without an id. */
static char *clean_target(struct arena *arena, const char *target)
{
	char *clean = instruction_mount_clean(arena, target);

	return *target == '/' ? clean : clean[1] ? clean + 1 : arena_strdup(arena, ".");
}

/* What is filled in, and what can be wrong, when all is known. */
static int complete(const struct parts *p, struct run_mount *mount)
{
	struct arena *arena = p->c->arena;

	if (mount->target && !mount->target[strspn(mount->target, "/")])
		return instruction_fail(p->c, p->parts[KEY_TARGET].written, "a mount cannot be on '/'");
	if (mount->kind == RUN_MOUNT_SECRET)
		return read_secret(p, mount);
	if (mount->kind == RUN_MOUNT_SSH && !mount->id)
		mount->id = arena_strdup(arena, "default");
	if (mount->kind == RUN_MOUNT_CACHE && !mount->target)
		return instruction_fail(p->c, p->parts[KEY_TYPE].written, "a mount of type 'cache' has no target");
	if (mount->kind == RUN_MOUNT_CACHE && !mount->id)
		mount->id = clean_target(arena, mount->target);
	return 0;
}

static char *given(const struct parts *p, enum key key)
{
	char *value = p->parts[key].value;

	return str_is_empty(value) ? NULL : value;
}

static int read_parts(const struct parts *p, struct run_mount *mount)
{
	unsigned kind, sharing;
	int r = read_name(p, KEY_TYPE, "type of mounts", kind_names, ARRAY_SIZE(kind_names), &kind);

	if (r == 0)
		r = read_name(p, KEY_SHARING, "sharing of caches", sharing_names, ARRAY_SIZE(sharing_names), &sharing);
	if (r < 0)
		return r;
	*mount = (struct run_mount){ .kind = (enum run_mount_kind)kind, .sharing = (enum run_mount_sharing)sharing };
	mount->id = given(p, KEY_ID);
	mount->from = given(p, KEY_FROM);
	mount->target = given(p, KEY_TARGET);
	mount->env = p->parts[KEY_ENV].value;
	mount->source = instruction_mount_clean(p->c->arena, kind != RUN_MOUNT_SECRET && given(p, KEY_SOURCE) ? given(p, KEY_SOURCE) : "/");
	r = read_switches(p, mount);
	if (r == 0)
		r = read_numbers(p, mount);
	if (r == 0 && !p->parts[KEY_TYPE].is_open)
		r = check_kind(p, mount->kind);
	return r < 0 || p->any_open ? r : complete(p, mount);
}

int instruction_mount_read(const struct instruction_context *c, const char *value, struct run_mount *ret)
{
	struct parts p = { .c = c };

	if (!*value)
		return instruction_fail(c, "--mount", "flag '--mount' takes a value");
	while (*value) {
		int r = add_part(&p, take_value(c->arena, &value));

		if (r < 0)
			return r;
	}
	return read_parts(&p, ret);
}
