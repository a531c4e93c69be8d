/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth first, with the names still to visit on a stack and one descriptor that
 * moves down by name and up by "..": kernfs keeps the parent of a directory
 * even when it was removed, and cgroup directories cannot be moved elsewhere.
 */
#include "host/cgroup_tree.h"

#include "base/memory.h"
#include "base/str.h"

#include <fcntl.h>

/* A level on the way down: where its names start on the stack, and which one we are in. */
struct level {
	size_t first_name;
	char *current;
};

struct walk {
	char **names;
	size_t name_count, name_capacity;
	struct level *levels;
	size_t depth, level_capacity;
	int fd;
};

static void push_name(struct walk *walk, const char *name)
{
	if (walk->name_count == walk->name_capacity) {
		walk->name_capacity = walk->name_capacity ? 2 * walk->name_capacity : 16;
		walk->names = memory_resize(walk->names, walk->name_capacity, sizeof *walk->names);
	}
	walk->names[walk->name_count++] = str_dup(name);
}

static void push_level(struct walk *walk)
{
	if (walk->depth == walk->level_capacity) {
		walk->level_capacity = walk->level_capacity ? 2 * walk->level_capacity : 16;
		walk->levels = memory_resize(walk->levels, walk->level_capacity, sizeof *walk->levels);
	}
	walk->levels[walk->depth++] = (struct level){ .first_name = walk->name_count };
}

/* Puts the names of the directories in walk->fd on the stack, as a new level. */
static int list_children(struct walk *walk)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = openat(walk->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	push_level(walk);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		int saved = errno;

		close(fd);
		return -saved;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			push_name(walk, entry->d_name);
	return 0;
}

static int visit_group(struct walk *walk, const struct cgroup_tree_visitor *visitor)
{
	int r = visitor->enter ? visitor->enter(walk->fd, visitor->context) : 0;

	return r ? r : list_children(walk);
}

/* Goes to the next child of the deepest level, or up one level. */
static int step(struct walk *walk, const struct cgroup_tree_visitor *visitor)
{
	struct level *level = &walk->levels[walk->depth - 1];
	int fd;

	if (walk->name_count > level->first_name) {
		_cleanup_free_ char *name = walk->names[--walk->name_count];

		fd = openat(walk->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT ? 0 : -errno;
		level->current = TAKE_PTR(name);
		close(walk->fd);
		walk->fd = fd;
		return visit_group(walk, visitor);
	}
	if (--walk->depth == 0)
		return 0;
	level--;
	fd = openat(walk->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(walk->fd);
	walk->fd = fd;

	_cleanup_free_ char *left = TAKE_PTR(level->current);

	return visitor->leave ? visitor->leave(walk->fd, left, visitor->context) : 0;
}

int cgroup_tree_walk(int fd, const struct cgroup_tree_visitor *visitor)
{
	struct walk walk = { .fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	int r;

	if (walk.fd < 0)
		return -errno;
	r = visit_group(&walk, visitor);
	while (r == 0 && walk.depth)
		r = step(&walk, visitor);

	for (size_t i = 0; i < walk.name_count; i++)
		free(walk.names[i]);
	for (size_t i = 0; i < walk.depth; i++)
		free(walk.levels[i].current);
	free(walk.names);
	free(walk.levels);
	close_and_forget(&walk.fd);
	return r;
}
