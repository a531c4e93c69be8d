/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_merge.h"
#include "engine/networks.h"

/* ---- lists -------------------------------------------------------------------------- */

struct list {
	struct arena *arena;
	char **items;
	size_t count, capacity;
};

static void list_add(struct list *list, char *item)
{
	if (list->count + 1 >= list->capacity) {
		size_t capacity = list->capacity * 2 + 16;
		char **larger = arena_alloc(list->arena, capacity, sizeof *larger);

		if (list->count)
			memcpy(larger, list->items, list->count * sizeof *larger);
		list->items = larger;
		list->capacity = capacity;
	}
	list->items[list->count++] = item;
}

/* A and then what only B has; NULL if neither was given. */
static char **unite(struct arena *arena, char **a, char **b)
{
	struct list list = { .arena = arena };

	if (!a && !b)
		return NULL;
	for (; a && *a; a++)
		if (!list.items || !strv_contains(list.items, *a))
			list_add(&list, *a);
	for (; b && *b; b++)
		if (!list.items || !strv_contains(list.items, *b))
			list_add(&list, *b);
	return list.items ? list.items : arena_alloc(arena, 1, sizeof *list.items);
}

/* ---- variables ------------------------------------------------------------------------ */

static size_t key_length(const char *entry)
{
	return strcspn(entry, "=");
}

/* Whether a list has an entry, with a value or without, for the variable of ENTRY. */
static bool has_variable(char *const *entries, const char *entry)
{
	size_t length = key_length(entry);

	for (; entries && *entries; entries++)
		if (key_length(*entries) == length && strncmp(*entries, entry, length) == 0)
			return true;
	return false;
}

/* Of several values the last one holds. */
static void add_own(struct list *list, char *const *env)
{
	for (char *const *entry = env; entry && *entry; entry++)
		if (strchr(*entry, '=') && !has_variable(entry + 1, *entry))
			list_add(list, *entry);
}

static void add_missing(struct list *list, char *const *env, char *const *own, char *const *refused)
{
	for (; env && *env; env++)
		if (strchr(*env, '=') && !has_variable(own, *env) && !has_variable(refused, *env) && !has_variable(list->items, *env))
			list_add(list, *env);
}

static void merge_env(struct arena *arena, const struct spec_execution *image, char *const *environ_, struct spec_container *container)
{
	struct spec_container_config *config = &container->config;
	struct list list = { .arena = arena };

	add_own(&list, config->env);
	if (!config->unset_env_all)
		add_missing(&list, image->env, config->env, config->unset_env);
	if (container->host.env_host)
		add_missing(&list, environ_, config->env, config->unset_env);
	config->env = list.items ? list.items : arena_alloc(arena, 1, sizeof *list.items);
}

/* ---- labels, health ---------------------------------------------------------------------- */

static const struct spec_pair *find_pair(const struct spec_pair *pairs, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(pairs[i].key, key))
			return &pairs[i];
	return NULL;
}

static void merge_labels(struct arena *arena, const struct spec_execution *image, struct spec_container_config *config)
{
	struct spec_pair *labels = arena_alloc(arena, image->label_count + config->label_count + 1, sizeof *labels);
	size_t count = 0;

	for (size_t i = 0; i < image->label_count; i++)
		if (!find_pair(config->labels, config->label_count, image->labels[i].key))
			labels[count++] = image->labels[i];
	for (size_t i = 0; i < config->label_count; i++)
		if (!find_pair(config->labels + i + 1, config->label_count - i - 1, config->labels[i].key))
			labels[count++] = config->labels[i];
	config->labels = labels;
	config->label_count = count;
}

static void fill_number(int64_t *number, int64_t from)
{
	if (*number == 0)
		*number = from;
}

static bool is_none(const struct spec_health_check *check)
{
	return !check || !check->test || !check->test[0] || str_equal(check->test[0], "NONE");
}

/* Member by member; NULL where nothing says how to check. */
static struct spec_health_check *merge_check(struct arena *arena, const struct spec_health_check *image, const struct spec_health_check *asked)
{
	struct spec_health_check *check = arena_alloc(arena, 1, sizeof *check);

	if (asked)
		*check = *asked;
	if (image) {
		if (!check->test)
			check->test = image->test;
		fill_number(&check->interval_ns, image->interval_ns);
		fill_number(&check->timeout_ns, image->timeout_ns);
		fill_number(&check->start_period_ns, image->start_period_ns);
		fill_number(&check->start_interval_ns, image->start_interval_ns);
		fill_number(&check->retries, image->retries);
	}
	return is_none(check) ? NULL : check;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void merge_command(const struct spec_execution *image, struct spec_container_config *config)
{
	if (config->entrypoint)
		return;
	if (!config->command || !config->command[0])
		config->command = image->command;
	config->entrypoint = image->entrypoint;
}

static bool has_command(const struct spec_container_config *config)
{
	return (config->entrypoint && config->entrypoint[0] && *config->entrypoint[0]) || (config->command && config->command[0]);
}

static void merge_rest(struct arena *arena, const struct spec_execution *image, struct spec_container_config *config)
{
	if (!config->user)
		config->user = image->user;
	if (!config->working_directory)
		config->working_directory = image->working_directory;
	if (!config->stop_signal)
		config->stop_signal = image->stop_signal;
	if (!config->has_stop_timeout && image->has_stop_timeout) {
		config->has_stop_timeout = true;
		config->stop_timeout_s = image->stop_timeout_s;
	}
	if (!config->shell)
		config->shell = image->shell;
	config->exposed_ports = unite(arena, config->exposed_ports, image->exposed_ports);
	config->volumes = unite(arena, config->volumes, image->volumes);
	config->health_check = config->no_health_check ? NULL : merge_check(arena, image->health_check, config->health_check);
	config->startup_check = config->health_check ? merge_check(arena, NULL, config->startup_check) : NULL;
}

static void fill_defaults(struct spec_container *container)
{
	struct spec_host_config *host = &container->host;

	if (!host->network_mode)
		host->network_mode = (char *)NETWORK_DEFAULT;
	if (!host->restart_policy)
		host->restart_policy = (char *)"no";
	if (!host->log_driver)
		host->log_driver = (char *)"local";
}

int container_merge_execution(struct arena *arena, const struct spec_execution *image, char *const *environ_, struct spec_container *container,
	struct error *err)
{
	static const struct spec_execution nothing = { .user = NULL };
	struct spec_container_config *config = &container->config;

	if (!image)
		image = &nothing;
	merge_command(image, config);
	if (!has_command(config)) {
		error_set(err, ERROR_INVALID, 0, "no command given, and '%.280s' has none of its own",
			  config->image ? config->image : container->host.rootfs_path ? container->host.rootfs_path : "");
		error_hint(err, "name one behind it");
		return -EINVAL;
	}
	merge_env(arena, image, environ_, container);
	merge_labels(arena, image, config);
	merge_rest(arena, image, config);
	fill_defaults(container);
	return 0;
}

/* ---- mounts ------------------------------------------------------------------------------------ */

static bool is_mounted(const struct spec_container *container, const char *target)
{
	for (size_t i = 0; i < container->host.mount_count; i++)
		if (str_equal(container->host.mounts[i].target, target))
			return true;
	return false;
}

void container_merge_mounts(struct arena *arena, struct spec_container *container, const struct spec_container_mount *more, size_t count)
{
	struct spec_host_config *host = &container->host;
	struct spec_container_mount *mounts = arena_alloc(arena, host->mount_count + count + 1, sizeof *mounts);

	if (host->mount_count)
		memcpy(mounts, host->mounts, host->mount_count * sizeof *mounts);
	host->mounts = mounts;
	for (size_t i = 0; i < count; i++)
		if (!is_mounted(container, more[i].target))
			mounts[host->mount_count++] = more[i];
}

/* PATH with one slash between its parts and none at its end; NULL for one that is relative or leads upwards. */
static char *clean_path(struct arena *arena, const char *path)
{
	char *clean = arena_alloc(arena, strlen(path) + 2, 1), *end = clean;

	if (path[0] != '/')
		return NULL;
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0)
			return NULL;
		if (length && !(length == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, length);
			end += length;
		}
		path += length;
		path += strspn(path, "/");
	}
	return end == clean ? NULL : clean;
}

int container_merge_volumes(struct arena *arena, struct spec_container *container, struct error *err)
{
	char **volumes = container->config.volumes;

	for (; volumes && *volumes; volumes++) {
		struct spec_container_mount mount = { .kind = SPEC_MOUNT_VOLUME, .anonymous = true, .implied = true, .target = clean_path(arena, *volumes) };

		if (!mount.target)
			return error_set(err, ERROR_INVALID, 0, "invalid volume '%.280s': expected an absolute path, and not the root", *volumes);
		container_merge_mounts(arena, container, &mount, 1);
	}
	return 0;
}
