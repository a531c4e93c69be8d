/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/value_mount.h"
#include "base/options.h"
#include "base/quantity.h"

#include <ctype.h>

/* Kinds of mounts, as sets. */
#define FOR_BIND (1u << SPEC_MOUNT_BIND)
#define FOR_VOLUME (1u << SPEC_MOUNT_VOLUME)
#define FOR_TMPFS (1u << SPEC_MOUNT_TMPFS)
#define FOR_IMAGE (1u << SPEC_MOUNT_IMAGE)
#define FOR_ALL (FOR_BIND | FOR_VOLUME | FOR_TMPFS | FOR_IMAGE)

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable", NULL };

bool value_is_volume_name(const char *text)
{
	if (!isalnum((unsigned char)text[0]) || !text[1])
		return false;
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

/* ---- what the forms share --------------------------------------------------------- */

static int set_target(struct arena *arena, const char *text, struct spec_container_mount *mount, struct error *err)
{
	if (*text != '/')
		return error_set(err, ERROR_INVALID, 0, "expected an absolute path in the container, not '%s'", text);
	mount->target = value_clean_path(arena, "/", text);
	if (str_equal(mount->target, "/"))
		return error_set(err, ERROR_INVALID, 0, "the container's root cannot be mounted over");
	return 0;
}

/* The source of a bind or volume. */
static int set_volume_name(struct arena *arena, const char *text, struct spec_container_mount *mount, struct error *err)
{
	if (!value_is_volume_name(text)) {
		error_set(err, ERROR_INVALID, 0, "'%s' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit", text);
		error_hint(err, "a path begins with / or with ./");
		return -EINVAL;
	}
	mount->source = arena_strdup(arena, text);
	return 0;
}

/* A bind that is read-only is so with all that is mounted below, unless something else was said. */
static void finish_bind(struct spec_container_mount *mount, bool writable_below)
{
	if (mount->kind == SPEC_MOUNT_BIND && mount->read_only)
		mount->recursive_read_only = !writable_below;
}

static int parse_size(const char *text, struct spec_container_mount *mount, struct error *err)
{
	if (quantity_parse_size(text, &mount->tmpfs_size) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a size such as 64m, not '%s'", text);
	mount->has_tmpfs_size = true;
	return 0;
}

static int parse_mode(const char *text, struct spec_container_mount *mount, struct error *err)
{
	uint64_t mode;

	if (str_to_u64(text, 8, &mode) < 0 || mode > 07777)
		return error_set(err, ERROR_INVALID, 0, "expected a mode in octal such as 1777, not '%s'", text);
	mount->tmpfs_mode = (uint32_t)mode;
	mount->has_tmpfs_mode = true;
	return 0;
}

/* ---- --volume ----------------------------------------------------------------------- */

/* What the last part of --volume may have, and for which kinds of mount. */
static const struct volume_word {
	const char *name;
	unsigned kinds;
} volume_words[] = {
	{ "ro", FOR_BIND | FOR_VOLUME },
	{ "rw", FOR_BIND | FOR_VOLUME },
	{ "idmap", FOR_BIND | FOR_VOLUME },
	{ "noidmap", FOR_BIND | FOR_VOLUME },
	{ "copy", FOR_VOLUME },
	{ "nocopy", FOR_VOLUME },
	{ "bind", FOR_BIND },
	{ "rbind", FOR_BIND },
	{ "private", FOR_BIND },
	{ "rprivate", FOR_BIND },
	{ "shared", FOR_BIND },
	{ "rshared", FOR_BIND },
	{ "slave", FOR_BIND },
	{ "rslave", FOR_BIND },
	{ "unbindable", FOR_BIND },
	{ "runbindable", FOR_BIND },
	{ "U", FOR_BIND | FOR_VOLUME },
	{ "O", FOR_BIND | FOR_VOLUME },
	/* Labels for a security module that is not here, and how other systems share files: as docker does, nothing comes of them. */
	{ "z", FOR_BIND | FOR_VOLUME },
	{ "Z", FOR_BIND | FOR_VOLUME },
	{ "cached", FOR_BIND },
	{ "consistent", FOR_BIND },
	{ "delegated", FOR_BIND },
};

static int check_volume_option(const char *word, enum spec_mount_kind kind, struct error *err)
{
	const char *names[ARRAY_SIZE(volume_words) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(volume_words); i++) {
		names[i] = volume_words[i].name;
		if (!str_equal(word, names[i]))
			continue;
		if (volume_words[i].kinds & 1u << kind)
			return 0;
		return error_set(err, ERROR_INVALID, 0, "option '%s' is not for a %s", word, kind == SPEC_MOUNT_VOLUME ? "volume" : "path");
	}
	ignore_result(value_check_word(word, names, err)); /* which it is not */
	return error_wrap(err, "option '%s'", word);
}

static int take_volume_option(char *word, struct spec_container_mount *mount, struct error *err)
{
	int r = check_volume_option(word, mount->kind, err);

	if (str_equal(word, "ro"))
		mount->read_only = true;
	else if (str_equal(word, "noidmap"))
		mount->no_idmap = true;
	else if (str_equal(word, "nocopy"))
		mount->no_copy = true;
	else if (str_equal(word, "bind"))
		mount->non_recursive = true;
	else if (str_equal(word, "U"))
		mount->chown = true;
	else if (str_equal(word, "O"))
		mount->overlay = true;
	for (size_t i = 0; propagations[i]; i++)
		if (str_equal(word, propagations[i]))
			mount->propagation = word;
	return r;
}

int value_volume_parse(struct arena *arena, const char *text, const char *directory, struct spec_container_mount *ret, struct error *err)
{
	struct value_strings parts = value_split(arena, text, ':'), options;
	struct spec_container_mount mount = { .kind = SPEC_MOUNT_VOLUME };
	int r;

	if (parts.count == 0 || parts.count > 3)
		return error_set(err, ERROR_INVALID, 0, "expected [SOURCE:]TARGET[:OPTIONS]");
	r = set_target(arena, parts.items[parts.count > 1], &mount, err);
	if (r < 0)
		return r;
	if (parts.count == 1) {
		mount.anonymous = mount.implied = true;
		*ret = mount;
		return 0;
	}
	if (parts.items[0][0] == '/' || parts.items[0][0] == '.') {
		mount.kind = SPEC_MOUNT_BIND;
		mount.source = value_clean_path(arena, directory, parts.items[0]);
		mount.create_source = true;
	} else {
		r = set_volume_name(arena, parts.items[0], &mount, err);
	}
	options = value_split(arena, parts.count == 3 ? parts.items[2] : "", ',');
	for (size_t i = 0; r == 0 && i < options.count; i++)
		r = take_volume_option(options.items[i], &mount, err);
	if (r < 0)
		return r;
	finish_bind(&mount, false);
	mount.is_short = true;
	mount.short_options = parts.count == 3 ? arena_strdup(arena, parts.items[2]) : NULL;
	*ret = mount;
	return 0;
}

/* ---- --tmpfs ------------------------------------------------------------------------- */

/* A word of mount(8) that tmpfs or any mount takes; those of a value end with '='. */
static bool is_tmpfs_option(const char *word)
{
	static const char *const words[] = { "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "atime", "noatime", "diratime",
		"nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime", "uid=", "gid=", "nr_inodes=", "nr_blocks=", "huge=", NULL };
	const char *equals = strchr(word, '=');

	for (size_t i = 0; words[i]; i++) {
		size_t length = strlen(words[i]);

		if (words[i][length - 1] == '=' ? equals && equals[1] && strncmp(word, words[i], length) == 0 : str_equal(word, words[i]))
			return true;
	}
	return false;
}

static int take_tmpfs_option(struct arena *arena, char *word, struct spec_container_mount *mount, struct value_strings *others, struct error *err)
{
	if (str_equal(word, "ro"))
		mount->read_only = true;
	else if (str_starts_with(word, "size="))
		return parse_size(word + strlen("size="), mount, err);
	else if (str_starts_with(word, "mode="))
		return parse_mode(word + strlen("mode="), mount, err);
	else if (is_tmpfs_option(word))
		value_strings_add(arena, others, word);
	else
		return error_set(err, ERROR_INVALID, 0, "'%s' is no option of a tmpfs", word);
	return 0;
}

int value_tmpfs_parse(struct arena *arena, const char *text, struct spec_container_mount *ret, struct error *err)
{
	struct spec_container_mount mount = { .kind = SPEC_MOUNT_TMPFS };
	size_t length = strcspn(text, ":");
	const char *said = text + length + (text[length] == ':');
	struct value_strings words = value_split(arena, said, ','), others = { 0 };
	int r = set_target(arena, arena_strndup(arena, text, length), &mount, err);

	for (size_t i = 0; r == 0 && i < words.count; i++)
		r = take_tmpfs_option(arena, words.items[i], &mount, &others, err);
	if (r < 0)
		return r;
	mount.options = others.items;
	mount.is_short = true;
	mount.short_options = *said ? arena_strdup(arena, said) : NULL;
	*ret = mount;
	return 0;
}

/* ---- --mount ------------------------------------------------------------------------- */

/* The mount as far as it was read. */
struct long_form {
	struct arena *arena;
	struct spec_container_mount mount;
	const char *source;
	bool writable_below; /* bind-recursive=writable */
	struct value_pairs options, labels; /* of the volume */
	struct error *err;
};

static int take_type(struct long_form *form, const char *value)
{
	static const char *const types[] = { [SPEC_MOUNT_BIND] = "bind", [SPEC_MOUNT_VOLUME] = "volume", [SPEC_MOUNT_TMPFS] = "tmpfs",
		[SPEC_MOUNT_IMAGE] = "image", NULL };
	int r = value_check_word(value, types, form->err);

	if (r < 0)
		return error_wrap(form->err, "type '%s'", value);
	for (size_t i = 0; types[i]; i++)
		if (str_equal(value, types[i]))
			form->mount.kind = (enum spec_mount_kind)i;
	return 0;
}

static int take_source(struct long_form *form, const char *value)
{
	form->source = value;
	return *value ? 0 : error_set(form->err, ERROR_INVALID, 0, "the source is empty");
}

static int take_target(struct long_form *form, const char *value)
{
	return set_target(form->arena, value, &form->mount, form->err);
}

static int take_read_only(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.read_only, form->err);
}

static int take_consistency(struct long_form *form, const char *value)
{
	static const char *const words[] = { "default", "consistent", "cached", "delegated", NULL };

	return value_check_word(value, words, form->err);
}

static int take_propagation(struct long_form *form, const char *value)
{
	form->mount.propagation = arena_strdup(form->arena, value);
	return value_check_word(value, propagations, form->err);
}

static int take_recursive(struct long_form *form, const char *value)
{
	static const char *const words[] = { "enabled", "disabled", "writable", "readonly", NULL };

	form->mount.non_recursive = str_equal(value, "disabled");
	form->writable_below = str_equal(value, "writable");
	return value_check_word(value, words, form->err);
}

static int take_non_recursive(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.non_recursive, form->err);
}

static int take_create_source(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.create_source, form->err);
}

static int take_idmap(struct long_form *form, const char *value)
{
	bool idmap = true;
	int r = value_parse_bool(value, &idmap, form->err);

	form->mount.no_idmap = !idmap;
	return r;
}

static int take_no_copy(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.no_copy, form->err);
}

static int take_chown(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.chown, form->err);
}

static int take_overlay(struct long_form *form, const char *value)
{
	return value_parse_bool(value, &form->mount.overlay, form->err);
}

static int take_volume_opt(struct long_form *form, const char *value)
{
	return value_pair_add(form->arena, value, &form->options, form->err);
}

static int take_volume_label(struct long_form *form, const char *value)
{
	return value_label_add(form->arena, value, &form->labels, form->err);
}

/* Labels of a security module that is not here: as docker does, nothing comes of them. */
static int take_relabel(struct long_form *form, const char *value)
{
	static const char *const words[] = { "shared", "private", NULL };

	return value_check_word(value, words, form->err);
}

static int take_driver(struct long_form *form, const char *value)
{
	return str_equal(value, "local") ? 0 : error_set(form->err, ERROR_UNSUPPORTED, 0, "there is no volume driver '%s', only 'local'", value);
}

static int take_subpath(struct long_form *form, const char *value)
{
	form->mount.subpath = value_clean_path(form->arena, "/", value) + 1;
	if (*value == '/' || !*form->mount.subpath)
		return error_set(form->err, ERROR_INVALID, 0, "expected a relative path within the volume, not '%s'", value);
	return 0;
}

static int take_tmpfs_size(struct long_form *form, const char *value)
{
	return parse_size(value, &form->mount, form->err);
}

static int take_tmpfs_mode(struct long_form *form, const char *value)
{
	return parse_mode(value, &form->mount, form->err);
}

static const struct long_key {
	const char *name;
	unsigned kinds;    /* of mounts, that have it */
	bool may_be_alone; /* without "=VALUE" */
	int (*take)(struct long_form *form, const char *value);
} long_keys[] = {
	{ "type", FOR_ALL, false, take_type },
	{ "source", FOR_BIND | FOR_VOLUME | FOR_IMAGE, false, take_source },
	{ "src", FOR_BIND | FOR_VOLUME | FOR_IMAGE, false, take_source },
	{ "target", FOR_ALL, false, take_target },
	{ "dst", FOR_ALL, false, take_target },
	{ "destination", FOR_ALL, false, take_target },
	{ "readonly", FOR_ALL, true, take_read_only },
	{ "ro", FOR_ALL, true, take_read_only },
	{ "consistency", FOR_ALL, false, take_consistency },
	{ "idmap", FOR_BIND | FOR_VOLUME, true, take_idmap },
	{ "chown", FOR_BIND | FOR_VOLUME, true, take_chown },
	{ "U", FOR_BIND | FOR_VOLUME, true, take_chown },
	{ "overlay", FOR_BIND | FOR_VOLUME, true, take_overlay },
	{ "rw", FOR_IMAGE, true, take_overlay },
	{ "readwrite", FOR_IMAGE, true, take_overlay },
	{ "relabel", FOR_BIND | FOR_VOLUME, false, take_relabel },
	{ "subpath", FOR_VOLUME | FOR_IMAGE, false, take_subpath },
	{ "image-subpath", FOR_IMAGE, false, take_subpath },
	{ "bind-propagation", FOR_BIND, false, take_propagation },
	{ "bind-recursive", FOR_BIND, false, take_recursive },
	{ "bind-nonrecursive", FOR_BIND, true, take_non_recursive },
	{ "bind-create-src", FOR_BIND, true, take_create_source },
	{ "volume-nocopy", FOR_VOLUME, true, take_no_copy },
	{ "volume-driver", FOR_VOLUME, false, take_driver },
	{ "volume-label", FOR_VOLUME, false, take_volume_label },
	{ "volume-opt", FOR_VOLUME, false, take_volume_opt },
	{ "volume-subpath", FOR_VOLUME, false, take_subpath },
	{ "tmpfs-size", FOR_TMPFS, false, take_tmpfs_size },
	{ "tmpfs-mode", FOR_TMPFS, false, take_tmpfs_mode },
};

static int refuse_key(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(long_keys)];
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(long_keys); i++)
		names[i] = long_keys[i].name;
	error_set(err, ERROR_INVALID, 0, "there is no key '%s' of a mount", name);
	nearest = options_nearest(name, names, ARRAY_SIZE(names));
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

/* One "KEY[=VALUE]", of which key *RET is. */
static int take_long_key(struct long_form *form, char *field, const struct long_key **ret)
{
	char *value = strchr(field, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(long_keys); i++) {
		if (!str_equal(field, long_keys[i].name))
			continue;
		if (!value && !long_keys[i].may_be_alone)
			return error_set(form->err, ERROR_INVALID, 0, "key '%s' needs a value", field);
		*ret = &long_keys[i];
		return long_keys[i].take(form, value);
	}
	return refuse_key(field, form->err);
}

/* When all keys are known. */
static int finish_long(struct long_form *form, const char *directory)
{
	struct spec_container_mount *mount = &form->mount;

	if (!mount->target)
		return error_set(form->err, ERROR_INVALID, 0, "expected a key 'target'");
	if (mount->kind == SPEC_MOUNT_BIND) {
		if (!form->source)
			return error_set(form->err, ERROR_INVALID, 0, "a bind needs a key 'source'");
		if (form->writable_below && !mount->read_only)
			return error_set(form->err, ERROR_INVALID, 0, "bind-recursive=writable is for what is read-only itself");
		mount->source = value_clean_path(form->arena, directory, form->source);
		finish_bind(mount, form->writable_below);
		return 0;
	}
	if (mount->kind == SPEC_MOUNT_IMAGE) {
		mount->source = form->source ? arena_strdup(form->arena, form->source) : NULL;
		return form->source ? 0 : error_set(form->err, ERROR_INVALID, 0, "an image needs a key 'source'");
	}
	mount->volume_options = form->options.items;
	mount->volume_option_count = form->options.count;
	mount->volume_labels = form->labels.items;
	mount->volume_label_count = form->labels.count;
	mount->anonymous = mount->kind == SPEC_MOUNT_VOLUME && !form->source;
	return form->source ? set_volume_name(form->arena, form->source, mount, form->err) : 0;
}

int value_mount_parse(struct arena *arena, const char *text, const char *directory, struct spec_container_mount *ret, struct error *err)
{
	static const char *const kinds[] = { [SPEC_MOUNT_BIND] = "bind", [SPEC_MOUNT_VOLUME] = "volume", [SPEC_MOUNT_TMPFS] = "tmpfs",
		[SPEC_MOUNT_IMAGE] = "image" };
	struct long_form form = { .arena = arena, .mount.kind = SPEC_MOUNT_VOLUME, .err = err };
	const struct long_key **keys;
	struct value_strings fields;
	int r = value_split_quoted(arena, text, &fields, err);

	if (r < 0)
		return r;
	keys = arena_alloc(arena, fields.count + 1, sizeof *keys);
	for (size_t i = 0; i < fields.count; i++) {
		r = take_long_key(&form, fields.items[i], &keys[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < fields.count; i++)
		if (!(keys[i]->kinds & 1u << form.mount.kind))
			return error_set(err, ERROR_INVALID, 0, "key '%s' is not for a %s", keys[i]->name, kinds[form.mount.kind]);
	r = finish_long(&form, directory);
	if (r == 0)
		*ret = form.mount;
	return r;
}
