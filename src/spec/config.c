/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top of config.json, and the checks between its parts that need no
 * kernel. What a part says about itself alone is checked where it is decoded.
 */
#include "spec/config.h"
#include "spec/decode.h"
#include "spec/hooks.h"
#include "spec/linux.h"
#include "spec/mounts.h"
#include "spec/process.h"

#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const struct spec_namespace *spec_namespace_find(const struct spec_config *config, int flag)
{
	for (size_t i = 0; i < config->linux_.namespace_count; i++)
		if (config->linux_.namespaces[i].flag == flag)
			return &config->linux_.namespaces[i];
	return NULL;
}

/* ---- the top members -------------------------------------------------------------- */

enum config_field { CONFIG_VERSION, CONFIG_ROOT, CONFIG_MOUNTS, CONFIG_PROCESS, CONFIG_HOOKS, CONFIG_ANNOTATIONS, CONFIG_LINUX };

/* Semantic versions up to 1.x: drafts of 1.0 ("0.5.0-dev") differ in nothing that the decoder would not notice. */
static int decode_version(const struct decoder *d, const struct json *value, char **ret)
{
	size_t digits;
	char *text = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	digits = strspn(text, "0123456789");
	if (digits == 0 || text[digits] != '.' || text[digits + 1] < '0' || text[digits + 1] > '9')
		return decode_fail(d, value, "'%.40s' is no version", text);
	if (digits > 1 || *text > '1')
		return decode_fail(d, value, "version %.40s is not supported, only those up to 1.x are", text);
	*ret = text;
	return 0;
}

static int decode_root(const struct decoder *d, const struct json *value, struct spec_config *config)
{
	static const struct field fields[] = {
		FIELD_MUST(STRING, struct spec_config, root_path, "path"),
		FIELD(BOOL, struct spec_config, root_readonly, "readonly"),
	};
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), config, NULL);

	if (r == 0 && !config->root_path)
		return decode_fail_member(d, value, "path", "must not be empty");
	return r;
}

static int decode_config_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_config *config = object;

	switch ((enum config_field)id) {
	case CONFIG_VERSION:
		return decode_version(d, value, &config->oci_version);
	case CONFIG_ROOT:
		return decode_root(d, value, config);
	case CONFIG_MOUNTS:
		return decode_mounts(d, value, &config->mounts, &config->mount_count);
	case CONFIG_PROCESS:
		return decode_process(d, value, &config->process);
	case CONFIG_HOOKS:
		return decode_hooks(d, value, &config->hooks);
	case CONFIG_ANNOTATIONS: /* notes of others, of any length that the document has room for */
		return decode_pairs(d, value, SPEC_CONFIG_LIMIT, &config->annotations, &config->annotation_count);
	case CONFIG_LINUX:
		return decode_linux(d, value, &config->linux_);
	}
	return -EINVAL;
}

/* ---- checks between the parts ------------------------------------------------------- */

/* UTS names have 64 bytes (__NEW_UTS_LEN), and must not change the host's. */
static int check_uts_name(const struct decoder *d, const struct spec_config *config, const char *member, const char *name)
{
	if (!name)
		return 0;
	if (strlen(name) > 64)
		return decode_fail_member(d, d->root, member, "'%.80s' is longer than 64 bytes", name);
	if (!spec_namespace_find(config, CLONE_NEWUTS))
		return decode_fail_member(d, d->root, member, "needs a uts namespace in linux.namespaces");
	return 0;
}

/* A user namespace that is joined has its mappings; without one there is nothing to map, which other runtimes pass over too. */
static int check_mappings(const struct decoder *d, const struct json *linux_json, struct spec_config *config)
{
	const struct spec_namespace *user = spec_namespace_find(config, CLONE_NEWUSER);
	struct spec_linux *l = &config->linux_;

	if (!user) {
		l->uid_mappings = l->gid_mappings = NULL;
		l->uid_mapping_count = l->gid_mapping_count = 0;
		return 0;
	}
	if (user->path)
		return 0;
	if (l->uid_mapping_count == 0)
		return decode_fail_member(d, linux_json, "uidMappings", "missing, a new user namespace needs them");
	if (l->gid_mapping_count == 0)
		return decode_fail_member(d, linux_json, "gidMappings", "missing, a new user namespace needs them");
	return 0;
}

/* The offsets can be set only while no process is in the namespace: time_namespaces(7). */
static int check_time_offsets(const struct decoder *d, const struct json *linux_json, const struct spec_config *config)
{
	const struct spec_namespace *time = spec_namespace_find(config, CLONE_NEWTIME);

	if (!config->linux_.monotonic.given && !config->linux_.boottime.given)
		return 0;
	if (!time || time->path)
		return decode_fail_member(d, linux_json, "timeOffsets", "need a new time namespace in linux.namespaces");
	return 0;
}

/* Masks are mounts, and would be the host's. */
static int check_hidden_paths(const struct decoder *d, const struct json *linux_json, const struct spec_config *config)
{
	if (spec_namespace_find(config, CLONE_NEWNS))
		return 0;
	if (*config->linux_.masked_paths)
		return decode_fail_member(d, linux_json, "maskedPaths", "need a mount namespace in linux.namespaces");
	if (*config->linux_.readonly_paths)
		return decode_fail_member(d, linux_json, "readonlyPaths", "need a mount namespace in linux.namespaces");
	return 0;
}

static int check_idmapped_mounts(const struct decoder *d, const struct spec_config *config)
{
	const struct json *mounts = json_member(d->root, "mounts"), *mount = mounts ? mounts->first : NULL;

	if (spec_namespace_find(config, CLONE_NEWUSER))
		return 0;
	for (size_t i = 0; i < config->mount_count; i++, mount = mount->next)
		if (config->mounts[i].idmap && !config->mounts[i].uid_mapping_count)
			return decode_fail(d, mount, "'%s' has no mappings to be idmapped with, and there is no user namespace",
					   config->mounts[i].destination);
	return 0;
}

static int check_config(const struct decoder *d, struct spec_config *config)
{
	const struct json *linux_json = json_member(d->root, "linux");
	int r;

	r = check_uts_name(d, config, "hostname", config->hostname);
	if (r == 0)
		r = check_uts_name(d, config, "domainname", config->domainname);
	if (r == 0)
		r = check_mappings(d, linux_json, config);
	if (r == 0)
		r = check_time_offsets(d, linux_json, config);
	if (r == 0)
		r = check_hidden_paths(d, linux_json, config);
	if (r == 0)
		r = check_idmapped_mounts(d, config);
	return r;
}

/* ---- the whole ------------------------------------------------------------------------ */

static void fill_defaults(struct arena *arena, struct spec_linux *l)
{
	if (!l->masked_paths)
		l->masked_paths = arena_alloc(arena, 1, sizeof *l->masked_paths);
	if (!l->readonly_paths)
		l->readonly_paths = arena_alloc(arena, 1, sizeof *l->readonly_paths);
}

int spec_config_decode(struct arena *arena, const char *text, size_t length, struct spec_config **ret, struct error *err)
{
	static const struct field fields[] = {
		FIELD_BY(CONFIG_VERSION, "ociVersion", FIELD_REQUIRED),
		FIELD_BY(CONFIG_PROCESS, "process", 0),
		FIELD_BY(CONFIG_ROOT, "root", 0),
		FIELD(STRING, struct spec_config, hostname, "hostname"),
		FIELD(STRING, struct spec_config, domainname, "domainname"),
		FIELD_BY(CONFIG_MOUNTS, "mounts", 0),
		FIELD_BY(CONFIG_HOOKS, "hooks", 0),
		FIELD_BY(CONFIG_ANNOTATIONS, "annotations", 0),
		FIELD_BY(CONFIG_LINUX, "linux", 0),
	};
	struct decoder d = { .arena = arena, .name = "config.json", .prefix = "", .err = err };
	struct spec_config *config = arena_alloc(arena, 1, sizeof *config);
	int r;

	if (length > SPEC_CONFIG_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "config.json of %zu bytes", length);
	config->linux_.resources = arena_alloc(arena, 1, sizeof *config->linux_.resources);
	r = decode_open(&d, text, length);
	if (r < 0)
		return r;
	r = decode_fields(&d, d.root, fields, ARRAY_SIZE(fields), config, decode_config_field);
	if (r < 0)
		return r;
	fill_defaults(arena, &config->linux_);
	r = check_config(&d, config);
	if (r < 0)
		return r;
	*ret = config;
	return 0;
}
