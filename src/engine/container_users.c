/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_users.h"
#include "base/file.h"
#include "engine/build_cache.h"
#include "engine/container.h"
#include "engine/container_names.h"

#include <fcntl.h>

/* ---- who uses which image ------------------------------------------------------------ */

struct collection {
	struct arena *arena;
	struct container_users users;
	size_t capacity;
};

static int collect(void *context, struct container_record *record, struct error *err _unused_)
{
	struct collection *collection = context;
	struct container_users *users = &collection->users;

	if (users->count == collection->capacity) {
		struct container_user *larger;

		collection->capacity = collection->capacity * 2 + 32;
		larger = arena_alloc(collection->arena, collection->capacity, sizeof *larger);
		if (users->count)
			memcpy(larger, users->list, users->count * sizeof *larger);
		users->list = larger;
	}
	users->list[users->count++] = (struct container_user){
		.image_id = record->container->image_id,
		.id = record->container->id,
		.name = record->container->name,
		.runs = record->is_supervised && record->state->status != SPEC_CONTAINER_EXITED,
	};
	return 0;
}

int container_users_list(struct arena *arena, const struct directories *directories, struct container_users *ret, struct error *err)
{
	struct collection collection = { .arena = arena };
	int r = container_record_visit(arena, directories, collect, &collection, err);

	if (r == 0)
		*ret = collection.users;
	return r;
}

int container_users_list_whole(struct arena *arena, const struct directories *directories, struct container_users *ret, struct error *err)
{
	struct collection collection = { .arena = arena };
	int r = container_record_visit_whole(arena, directories, collect, &collection, err);

	if (r == 0)
		*ret = collection.users;
	return r;
}

const struct container_user *container_users_find(const struct container_users *users, const char *image_id)
{
	const struct container_user *found = NULL;

	for (size_t i = 0; i < users->count; i++)
		if (users->list[i].image_id && str_equal(users->list[i].image_id, image_id) && (!found || users->list[i].runs))
			found = &users->list[i];
	return found;
}

size_t container_users_count(const struct container_users *users, const char *image_id)
{
	size_t count = 0;

	for (size_t i = 0; i < users->count; i++)
		count += users->list[i].image_id && str_equal(users->list[i].image_id, image_id);
	return count;
}

/* ---- what must stay ---------------------------------------------------------------------- */

struct roots {
	int fd; /* ROOT/containers */
	struct buf *digests;
	struct error *err;
};

/* Only what it was made of is read, not what it does. */
static int add_roots_of(void *context, const char *name)
{
	const struct roots *roots = context;
	_cleanup_arena_ struct arena *arena = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_container *container = NULL;
	int r;

	if (!container_id_is_valid(name))
		return 0;
	path = str_printf("%s/container.json", name);
	r = file_read_regular_at(roots->fd, path, SPEC_CONTAINER_LIMIT, &text);
	if (r == -ENOENT)
		return 0; /* it was removed meanwhile */
	if (r < 0)
		return error_errno(roots->err, -r, "cannot tell which image the container '%.12s' needs", name);
	arena = arena_new();
	r = spec_container_decode(arena, text.data, text.length, &container, roots->err);
	if (r < 0)
		return error_wrap(roots->err, "cannot tell which image the container '%.12s' needs", name);
	if (container->image_manifest)
		buf_printf(roots->digests, "%s\n", container->image_manifest);
	if (container->image_top_layer)
		buf_printf(roots->digests, "%s\n", container->image_top_layer);
	for (size_t i = 0; i < container->host.mount_count; i++) {
		const struct spec_container_mount *mount = &container->host.mounts[i];

		if (mount->image_manifest)
			buf_printf(roots->digests, "%s\n", mount->image_manifest);
		if (mount->image_top_layer)
			buf_printf(roots->digests, "%s\n", mount->image_top_layer);
	}
	return 0;
}

static int add_own_roots(void *context, struct buf *digests, struct error *err)
{
	const struct directories *directories = context;
	_cleanup_free_ char *path = str_printf("%s/containers", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error told = ERROR_INIT;
	struct roots roots = { fd, digests, &told };
	int r = fd < 0 ? -errno : file_each_name(fd, add_roots_of, &roots);

	if (r == 0 || (fd < 0 && r == -ENOENT))
		return 0;
	if (told.kind == ERROR_NONE)
		return error_errno(err, -r, "cannot read '%s'", path);
	error_hint(&told, "'bivy system check' tells of what is damaged, 'bivy rm --force' removes such containers");
	if (err)
		*err = told;
	return r;
}

static int add_roots(void *context, struct buf *digests, struct error *err)
{
	int r = add_own_roots(context, digests, err);

	return r < 0 ? r : build_cache_add_roots(context, digests, err);
}

struct store_roots container_users_roots(const struct directories *directories)
{
	return (struct store_roots){ .add = add_roots, .context = (void *)directories };
}

struct store_roots container_users_own_roots(const struct directories *directories)
{
	return (struct store_roots){ .add = add_own_roots, .context = (void *)directories };
}
