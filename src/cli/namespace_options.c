/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/namespace_options.h"

#include "primitive/unshare.h"

unsigned namespace_flag(const char *name)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (str_equal(namespace_kinds[i].name, name))
			return namespace_kinds[i].flag;
	return 0;
}

unsigned namespace_choice_flags(const struct namespace_choice *choice)
{
	const struct {
		const char *name;
		bool is_chosen;
	} kinds[] = {
		{ "cgroup", choice->cgroup }, { "ipc", choice->ipc }, { "mount", choice->mount }, { "net", choice->net }, { "pid", choice->pid },
		{ "time", choice->time }, { "user", choice->user }, { "uts", choice->uts },
	};
	unsigned flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (choice->all || kinds[i].is_chosen)
			flags |= namespace_flag(kinds[i].name);
	return flags;
}

char **cli_shell(struct arena *arena)
{
	const char *shell = getenv("SHELL");

	return strv_append(arena, NULL, arena_strdup(arena, str_is_empty(shell) ? "/bin/sh" : shell));
}
