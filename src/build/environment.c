/* SPDX-License-Identifier: Apache-2.0 */
#include "build/environment.h"

#include "base/str.h"

static size_t find(const struct environment *environment, const char *name, size_t length)
{
	size_t i = 0;

	while (i < environment->count && (strncmp(environment->list[i], name, length) != 0 || environment->list[i][length] != '='))
		i++;
	return i;
}

static void set(struct arena *arena, struct environment *environment, size_t i, char *entry)
{
	if (i == environment->count) {
		if (environment->count + 1 >= environment->room) {
			size_t room = environment->room ? 2 * environment->room : 16;
			char **list = arena_alloc(arena, room, sizeof *list);

			for (size_t j = 0; j < environment->count; j++)
				list[j] = environment->list[j];
			environment->list = list;
			environment->room = room;
		}
		environment->list[++environment->count] = NULL;
	}
	environment->list[i] = entry;
}

void environment_set(struct arena *arena, struct environment *environment, const char *name, const char *value)
{
	set(arena, environment, find(environment, name, strlen(name)), arena_printf(arena, "%s=%s", name, value));
}

void environment_add(struct arena *arena, struct environment *environment, char *const *list)
{
	for (; list && *list; list++) {
		size_t length = strcspn(*list, "=");

		set(arena, environment, find(environment, *list, length), (*list)[length] ? *list : arena_printf(arena, "%s=", *list));
	}
}

struct environment environment_copy(struct arena *arena, const struct environment *environment)
{
	struct environment copy = { .count = environment->count, .room = environment->count + 16 };

	copy.list = arena_alloc(arena, copy.room, sizeof *copy.list);
	for (size_t i = 0; i < copy.count; i++)
		copy.list[i] = environment->list[i];
	return copy;
}
