/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resource_backup.h"

#include "base/log.h"

#define SAVED_FILE_LIMIT (1u << 20)

/* What one step's file held. */
struct saved {
	const char *file; /* the one of the step's two that exists; NULL: neither */
	char *text;
};

struct resource_backup {
	const struct resource_plan *plan;
	struct saved *saved; /* one for each step */
};

static struct saved save_step(const struct resource_step *step, const struct cgroup_set *set)
{
	const struct cgroup_group *group = &set->groups[step->group];
	struct saved saved = { 0 };

	if (step->kind != RESOURCE_WRITE)
		return saved;
	if (cgroup_read(group, step->file, SAVED_FILE_LIMIT, &saved.text) == 0)
		saved.file = step->file;
	else if (step->other_file && cgroup_read(group, step->other_file, SAVED_FILE_LIMIT, &saved.text) == 0)
		saved.file = step->other_file;
	return saved;
}

/* The line of a table that starts with the first word of LIKE, or NULL; free(). */
static char *find_line(const char *table, const char *like)
{
	size_t length = strcspn(like, " ");

	for (const char *at = table; *at;) {
		size_t line = strcspn(at, "\n");

		if (strncmp(at, like, length) == 0 && at[length] == ' ') {
			char *copy = str_dup(at);

			copy[line] = '\0';
			return copy;
		}
		at += line + (at[line] == '\n');
	}
	return NULL;
}

/* What takes an entry out of a table that did not have it. */
static const char *no_entry(const char *file, bool is_v2)
{
	if (strcmp(file, "io.max") == 0)
		return "rbps=max wbps=max riops=max wiops=max";
	if (strcmp(file, "rdma.max") == 0)
		return "hca_handle=max hca_object=max";
	return is_v2 ? "default" : "0";
}

/* The value that brings back what SAVED holds; free(). */
static char *restoring_value(const struct resource_step *step, const struct saved *saved, bool is_v2)
{
	const char *value = step->value;
	char *line;

	if (step->flags & RESOURCE_ONE_OF_MANY) {
		line = find_line(saved->text, value);
		return line ? line : str_printf("%.*s %s", (int)strcspn(value, " "), value, no_entry(saved->file, is_v2));
	}
	if (strcmp(saved->file, "memory.oom_control") == 0) /* "oom_kill_disable 0", and more */
		return str_dup(strstr(saved->text, "oom_kill_disable 1") ? "1" : "0");
	line = find_line(saved->text, "default");
	if (line)
		return line;
	/* An empty list is written as an empty line: no bytes at all would not reach the kernel. */
	return str_dup(saved->text[0] ? saved->text : "\n");
}

static int restore_step(const struct resource_step *step, const struct saved *saved, const struct cgroup_set *set)
{
	const struct cgroup_group *group = &set->groups[step->group];
	_cleanup_free_ char *value = restoring_value(step, saved, group->is_v2);

	return cgroup_write(group, saved->file, value);
}

/* Puts the rules of the record back. */
static void restore_devices(const struct spec_resources *old, const struct cgroup_set *set)
{
	_cleanup_resource_plan_ struct resource_plan plan = RESOURCE_PLAN_INIT;
	struct spec_resources only = { .devices = old->devices, .device_count = old->device_count };
	struct error err = ERROR_INIT;

	int r;

	/* Without the flag for updates an empty list is a list; but only differences are to be written. */
	r = resources_plan(&only, NULL, set, 0, &plan, &err);
	for (size_t i = 0; r == 0 && i < plan.count; i++)
		plan.steps[i].flags |= RESOURCE_DELTA;
	if (r == 0)
		r = resources_apply(&plan, set, &err);
	if (r < 0)
		log_warning("cannot bring device rules back: %s", err.message);
}

/*
 * Last first, and what is refused once more afterwards: two limits that bound
 * each other go back in one order or the other.
 */
void resource_backup_restore(struct resource_backup *backup, const struct spec_resources *old, const struct cgroup_set *set)
{
	const struct resource_plan *plan = backup->plan;

	for (int round = 0; round < 2; round++)
		for (size_t i = plan->count; i-- > 0;) {
			struct saved *saved = &backup->saved[i];
			int r = saved->file ? restore_step(&plan->steps[i], saved, set) : 0;

			if (r == 0)
				saved->file = NULL;
			else if (round)
				log_warning("cannot bring '%s' back: %s", saved->file, error_words(-r));
		}
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].kind == RESOURCE_DEVICES)
			restore_devices(old, set);
}

struct resource_backup *resource_backup_take(const struct resource_plan *plan, const struct cgroup_set *set)
{
	struct resource_backup *backup = memory_new(1, sizeof *backup);

	backup->plan = plan;
	backup->saved = memory_new(plan->count + 1, sizeof *backup->saved);
	for (size_t i = 0; i < plan->count; i++)
		backup->saved[i] = save_step(&plan->steps[i], set);
	return backup;
}

void resource_backup_free(struct resource_backup *backup)
{
	if (!backup)
		return;
	for (size_t i = 0; i < backup->plan->count; i++)
		free(backup->saved[i].text);
	free(backup->saved);
	free(backup);
}
