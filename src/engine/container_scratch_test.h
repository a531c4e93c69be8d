/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests of the engine: records of containers in a scratch directory, without anything that runs. */
#ifndef BIVY_ENGINE_CONTAINER_SCRATCH_TEST_H
#define BIVY_ENGINE_CONTAINER_SCRATCH_TEST_H

#include "store/shell_test.h"

#include "base/file.h"
#include "engine/container.h"
#include "engine/container_names.h"
#include "spec/supervision.h"

#include <fcntl.h>
#include <sys/file.h>

#define SCRATCH_TEST(function) shell_test(function)

static char scratch_run[sizeof shell_scratch + 8], scratch_images[sizeof shell_scratch + 8];

static inline struct directories scratch_directories(void)
{
	snprintf(scratch_run, sizeof scratch_run, "%s/run", shell_scratch);
	snprintf(scratch_images, sizeof scratch_images, "%s/images", shell_scratch);
	return (struct directories){ .root = shell_scratch, .run_root = scratch_run, .images = scratch_images };
}

/* KEY, then zeros. */
static inline char *scratch_id(struct arena *arena, char key)
{
	return arena_printf(arena, "%c%063d", key, 0);
}

/* A record of this name and id, the rest as in BASE, or NULL; the name is not reserved. */
static inline void scratch_put_record(const char *name, char *id, const struct spec_container *base)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct directories directories = scratch_directories();
	struct spec_container container = base ? *base : (struct spec_container){ .id = NULL };
	char *path = arena_printf(arena, "%s/containers/%s", directories.root, id);

	container.id = id;
	container.name = (char *)name;
	if (!container.created)
		container.created = (char *)"2024-01-01T00:00:00Z";
	assert_int_equal(file_make_directories(path, 0700), 0);
	spec_container_encode(&container, &text);
	assert_int_equal(file_replace_at(AT_FDCWD, arena_printf(arena, "%s/container.json", path), text.data, text.length, 0600), 0);
}

/* The same with its name. */
static inline void scratch_put_id(const char *name, char *id, const struct spec_container *base)
{
	const struct directories directories = scratch_directories();
	struct error err = ERROR_INIT;

	scratch_put_record(name, id, base);
	if (container_name_reserve(&directories, name, id, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void scratch_put(const char *name, char key, const struct spec_container *base)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	scratch_put_id(name, scratch_id(arena, key), base);
}

/* Its lasting state, or the volatile one. */
static inline void scratch_put_state(char key, const struct spec_container_state *state, bool is_volatile)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct directories directories = scratch_directories();
	char *path = arena_printf(arena, "%s/containers/%s", is_volatile ? directories.run_root : directories.root, scratch_id(arena, key));

	spec_container_state_encode(state, &text);
	assert_int_equal(file_make_directories(path, 0700), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, arena_printf(arena, "%s/" SPEC_SUPERVISION_STATE, path), text.data, text.length, 0600), 0);
}

/* As its supervisor does; closing the lock is its death. */
static inline int scratch_supervise(char key)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories directories = scratch_directories();
	char *path = arena_printf(arena, "%s/containers/%s", directories.run_root, scratch_id(arena, key));
	int fd;

	assert_int_equal(file_make_directories(path, 0700), 0);
	fd = open(arena_printf(arena, "%s/" SPEC_SUPERVISION_LOCK, path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

static inline void scratch_remove_run(char key)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	shell_run(arena_printf(arena, "rm -rf run/containers/%s", scratch_id(arena, key)));
}

#endif
