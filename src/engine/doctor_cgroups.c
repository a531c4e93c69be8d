/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: where limits come from, and who may set them; cgroups(7). */
#include "engine/doctor_subject.h"

#define DELEGATE_FILE "/etc/systemd/system/user@.service.d/bivy.conf"

/* What limits of docker's options need; a user wants them delegated. */
static const struct {
	enum cgroup_controller controller;
	const char *name, *needed_for;
	enum doctor_verdict verdict; /* without it */
} wanted[] = {
	{ CGROUP_MEMORY, "memory", "--memory",      DOCTOR_WARNING },
	{ CGROUP_PIDS,   "pids",   "--pids-limit",  DOCTOR_WARNING },
	{ CGROUP_CPU,    "cpu",    "--cpus",        DOCTOR_WARNING },
	{ CGROUP_CPUSET, "cpuset", "--cpuset-cpus", DOCTOR_NOTE },
	{ CGROUP_IO,     "io",     "--blkio-weight", DOCTOR_NOTE },
};

static void check_hierarchy(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct cgroup_world *world = &subject->cgroups;
	const struct cgroup_hierarchy *v2 = cgroup_world_v2(world);

	if (world->count == 0)
		doctor_say(out, DOCTOR_ERROR, doctor_as_root(subject, "mount -t cgroup2 cgroup2 /sys/fs/cgroup"), "no cgroup hierarchy is mounted");
	else if (cgroup_world_has_v1(world))
		doctor_say(out, DOCTOR_OK, NULL, v2 ? "version 1 and cgroup2 beside each other" : "version 1");
	else
		doctor_say(out, DOCTOR_OK, NULL, "cgroup2");
	for (size_t i = 0; i < world->count; i++)
		if (world->hierarchies[i].is_read_only && world->hierarchies[i].controllers)
			doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, arena_printf(subject->arena, "mount -o remount,rw %s", world->hierarchies[i].mount)),
				"%s is read-only: no limits", world->hierarchies[i].mount);
}

static void check_controllers(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	bool is_missing = false;

	if (subject->cgroups.count == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (cgroup_world_find(&subject->cgroups, wanted[i].controller))
			continue;
		is_missing = true;
		if (wanted[i].controller == CGROUP_MEMORY)
			doctor_say(out, wanted[i].verdict, NULL, "the kernel offers no controller memory, for --memory: boot with cgroup_enable=memory on its command line");
		else
			doctor_say(out, wanted[i].verdict, NULL, "the kernel offers no controller %s, for %s", wanted[i].name, wanted[i].needed_for);
	}
	if (!is_missing)
		doctor_say(out, DOCTOR_OK, NULL, "memory, pids, cpu, cpuset and io");
}

/* ---- delegation to users --------------------------------------------------------------- */

static const char *join(struct arena *arena, const char *mount, const char *path)
{
	return str_equal(path, "/") ? mount : arena_printf(arena, "%s%s", mount, path);
}

/* Whether the user may make groups in the directory. */
static bool is_delegated(const struct doctor_subject *subject, const char *group)
{
	struct stat status;

	return doctor_stat(subject, group, &status) && status.st_uid == subject->uid && (status.st_mode & 0300) == 0300;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
			return true;
	return false;
}

/* Which of those that are wanted GROUP has not, parted by blanks; "" for none. */
static const char *missing_in(const struct doctor_subject *subject, const char *group)
{
	const char *has = doctor_read(subject, arena_printf(subject->arena, "%s/cgroup.controllers", group));
	_cleanup_buf_ struct buf missing = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!has_word(has, wanted[i].name))
			buf_printf(&missing, "%s%s", missing.length ? " " : "", wanted[i].name);
	return missing.data ? arena_strdup(subject->arena, missing.data) : "";
}

/* systemd gives users memory and pids alone by itself; user@.service(5). */
static const char *delegate_by_systemd(const struct doctor_subject *subject)
{
	return doctor_as_root(subject,
		"mkdir -p /etc/systemd/system/user@.service.d && printf \"[Service]\\nDelegate=cpu cpuset io memory pids\\n\" >" DELEGATE_FILE
		" && systemctl daemon-reload");
}

/* Those of the hierarchy that are wanted; of version 1 without cpuset, whose new groups have no processors and take nobody. */
static unsigned wanted_of(const struct cgroup_hierarchy *hierarchy)
{
	unsigned controllers = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		controllers |= hierarchy->controllers & CGROUP_BIT(wanted[i].controller);
	return hierarchy->is_v2 ? controllers : controllers & ~CGROUP_BIT(CGROUP_CPUSET);
}

/*
 * A group of the user's own in each hierarchy that limits, with the shell that
 * the line is typed in moved there; what it starts is in it, too. In cgroup2
 * that is one group deeper, as processes and groups with controllers exclude
 * each other in one (cgroups(7), "no internal processes").
 */
static void add_delegation(const struct doctor_subject *subject, const struct cgroup_hierarchy *hierarchy, const char *shell, struct buf *line)
{
	const char *user = doctor_user(subject), *group = arena_printf(subject->arena, "%s/%s", hierarchy->mount, user);
	const unsigned controllers = wanted_of(hierarchy);

	if (!controllers)
		return;
	if (line->length)
		buf_add_text(line, " && ");
	for (size_t i = 0; hierarchy->is_v2 && i < ARRAY_SIZE(wanted); i++)
		if (controllers & CGROUP_BIT(wanted[i].controller))
			buf_printf(line, "echo +%s >%s/cgroup.subtree_control && ", wanted[i].name, hierarchy->mount);
	buf_printf(line, "mkdir -p %s%s && chown -R %s %s && echo %s >%s%s/cgroup.procs", group, hierarchy->is_v2 ? "/shell" : "", user, group, shell, group,
		hierarchy->is_v2 ? "/shell" : "");
}

static const char *delegate_by_hand(const struct doctor_subject *subject)
{
	const char *by = doctor_find_program(subject, "sudo") ? "sudo" : doctor_find_program(subject, "doas") ? "doas" : NULL;
	_cleanup_buf_ struct buf line = BUF_INIT;

	/* The number of the shell that the line is typed in comes as $0: sh takes that from behind its command. */
	for (size_t i = 0; i < subject->cgroups.count; i++)
		add_delegation(subject, &subject->cgroups.hierarchies[i], by ? "$0" : "\\$0", &line);
	if (!line.length)
		return NULL;
	return by ? arena_printf(subject->arena, "%s sh -c '%s' $$", by, line.data) : arena_printf(subject->arena, "su -c \"sh -c '%s' $$\"", line.data);
}

static void check_own_group(const struct doctor_subject *subject, const char *group, const char *manager, struct doctor_outcome *out)
{
	const char *missing;

	if (is_delegated(subject, group)) {
		missing = missing_in(subject, group);
		if (!*missing)
			doctor_say(out, DOCTOR_OK, NULL, "%s is ours, with all controllers", group);
		else if (doctor_has_systemd(subject))
			doctor_say(out, DOCTOR_WARNING, delegate_by_systemd(subject), "%s is ours, but without %s; after this, log in again", group, missing);
		else
			doctor_say_by_hand(out, DOCTOR_WARNING, delegate_by_hand(subject), "%s is ours, but without %s", group, missing);
		return;
	}
	if (doctor_has_systemd(subject) && is_delegated(subject, manager)) {
		missing = missing_in(subject, manager);
		if (*missing)
			doctor_say(out, DOCTOR_WARNING, delegate_by_systemd(subject), "%s has no %s; after this, log in again", manager, missing);
		doctor_say_by_hand(out, DOCTOR_WARNING, "systemd-run --user --scope -p Delegate=yes $SHELL",
			"the group of this login, %s, is not ours: limits hold for what is started by the user's systemd", group);
		return;
	}
	if (doctor_has_systemd(subject))
		doctor_say(out, DOCTOR_WARNING, delegate_by_systemd(subject), "no group is ours, so containers have no limits; after this, log in again");
	else
		doctor_say_by_hand(out, DOCTOR_WARNING, delegate_by_hand(subject), "no group is ours, so containers have no limits");
}

static void check_delegation(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct cgroup_hierarchy *v2 = cgroup_world_v2(&subject->cgroups), *memory = cgroup_world_find(&subject->cgroups, CGROUP_MEMORY);

	if (subject->cgroups.count == 0)
		return;
	if (memory && !memory->is_v2) {
		/* cgroups(7): a controller of version 1 cannot be delegated safely by who runs sessions, so systemd does not. */
		if (is_delegated(subject, join(subject->arena, memory->mount, memory->own_path)))
			doctor_say(out, DOCTOR_OK, NULL, "%s%s is ours", memory->mount, memory->own_path);
		else if (doctor_has_systemd(subject))
			doctor_say_by_hand(out, DOCTOR_WARNING, delegate_by_hand(subject),
				"controllers are version 1's, which systemd gives to no user: boot with systemd.unified_cgroup_hierarchy=1, or have limits in this shell");
		else
			doctor_say_by_hand(out, DOCTOR_WARNING, delegate_by_hand(subject), "no group is ours, so containers have no limits");
	} else if (v2) {
		check_own_group(subject, join(subject->arena, v2->mount, v2->own_path),
			arena_printf(subject->arena, "%s/user.slice/user-%u.slice/user@%u.service", v2->mount, subject->uid, subject->uid), out);
	}
}

static const struct doctor_check checks[] = {
	{ "hierarchy",   "limits and numbers of containers",                  DOCTOR_ALL,  check_hierarchy },
	{ "controllers", "--memory, --pids-limit, --cpus and the like",       DOCTOR_ALL,  check_controllers },
	{ "delegation",  "limits for containers of users",                    DOCTOR_USER, check_delegation },
};

const struct doctor_group doctor_cgroups = { "cgroups", checks, ARRAY_SIZE(checks) };
