/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/identity.h"
#include "base/file.h"
#include "base/narration.h"
#include "host/beneath.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILE_LIMIT (4u << 20)
#define GROUP_LIMIT 1024 /* of one process */
#define ID_LIMIT (UINT32_MAX - 1) /* the last one stands for "none" */

/* ---- files ------------------------------------------------------------------------ */

/* The text of a file of the container's; a missing one has none. */
static int read_file(struct arena *arena, int root_fd, const char *path, char **ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat status;
	int r = beneath_open(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = arena_strdup(arena, "");
		return 0;
	}
	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r == 0 && !S_ISREG(status.st_mode))
		r = -ENXIO;
	if (r == 0)
		r = fd_read_all(fd, FILE_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s' of the container", path);
	*ret = arena_strndup(arena, text.data ? text.data : "", text.length);
	return 0;
}

/* Splits the next line off *REST, at its colons, into FIELDS, all of which are set; false at the end. */
static bool next_line(char **rest, char **fields, size_t count)
{
	static char nothing[1];
	char *line = strsep(rest, "\n");

	if (!line)
		return false;
	for (size_t i = 0; i < count; i++) {
		char *field = line ? strsep(&line, ":") : NULL;

		fields[i] = field ? field : nothing;
	}
	return true;
}

static bool is_number(const char *text, uint32_t *ret)
{
	uint64_t number = 0;

	if (*text < '0' || *text > '9' || str_to_u64(text, 10, &number) < 0 || number > ID_LIMIT)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* ---- users -------------------------------------------------------------------------- */

enum passwd_field { PASSWD_NAME, PASSWD_UID = 2, PASSWD_GID, PASSWD_HOME = 5, PASSWD_COUNT };

/* The first line of TEXT, which is cut up, that is of USER: of that name, else of that number. */
static bool find_user(char *text, const char *user, struct identity *identity)
{
	char *fields[PASSWD_COUNT];
	uint32_t wanted = 0, uid = 0, gid = 0;
	bool by_number = is_number(user, &wanted), found = false;

	while (next_line(&text, fields, PASSWD_COUNT)) {
		bool by_name = strcmp(fields[PASSWD_NAME], user) == 0;

		if (!*fields[PASSWD_NAME] || !is_number(fields[PASSWD_UID], &uid) || !is_number(fields[PASSWD_GID], &gid))
			continue;
		if (!by_name && (found || !by_number || uid != wanted))
			continue;
		found = true;
		identity->uid = uid;
		identity->gid = gid;
		identity->name = fields[PASSWD_NAME];
		identity->home = *fields[PASSWD_HOME] ? fields[PASSWD_HOME] : NULL;
		if (by_name)
			break;
	}
	return found;
}

static int look_up_user(struct arena *arena, int root_fd, const char *user, struct identity *identity, struct error *err)
{
	char *text = NULL;
	int r = read_file(arena, root_fd, "/etc/passwd", &text, err);

	if (r < 0)
		return r;
	if (find_user(text, user, identity) || is_number(user, &identity->uid))
		return 0;
	if (*user >= '0' && *user <= '9' && strspn(user, "0123456789") == strlen(user))
		return error_set(err, ERROR_INVALID, 0, "user '%.100s': ids end at %u", user, ID_LIMIT);
	error_set(err, ERROR_NOT_FOUND, 0, "no such user '%.100s' in /etc/passwd of the container", user);
	error_hint(err, "a number needs no entry there");
	return -ENOENT;
}

/* ---- groups --------------------------------------------------------------------------- */

enum group_field { GROUP_NAME, GROUP_GID = 2, GROUP_MEMBERS, GROUP_COUNT };

static void add_group(struct identity *identity, uint32_t gid)
{
	for (size_t i = 0; i < identity->group_count; i++)
		if (identity->groups[i] == gid)
			return;
	if (identity->group_count < GROUP_LIMIT)
		identity->groups[identity->group_count++] = gid;
}

static bool is_member(char *members, const char *name)
{
	char *member;

	while ((member = strsep(&members, ",")))
		if (strcmp(member, name) == 0)
			return true;
	return false;
}

static void add_memberships(struct arena *arena, const char *groups, struct identity *identity)
{
	char *text = arena_strdup(arena, groups), *fields[GROUP_COUNT];
	uint32_t gid = 0;

	while (next_line(&text, fields, GROUP_COUNT))
		if (is_number(fields[GROUP_GID], &gid) && is_member(fields[GROUP_MEMBERS], identity->name))
			add_group(identity, gid);
}

static int find_group(struct arena *arena, const char *groups, const char *group, uint32_t *ret, struct error *err)
{
	char *text = arena_strdup(arena, groups), *fields[GROUP_COUNT];
	uint32_t gid = 0;

	while (next_line(&text, fields, GROUP_COUNT))
		if (strcmp(fields[GROUP_NAME], group) == 0 && is_number(fields[GROUP_GID], &gid)) {
			*ret = gid;
			return 0;
		}
	if (is_number(group, ret))
		return 0;
	error_set(err, ERROR_NOT_FOUND, 0, "no such group '%.100s' in /etc/group of the container", group);
	error_hint(err, "a number needs no entry there");
	return -ENOENT;
}

static int add_extra(struct arena *arena, const char *groups, char *const *extra, struct identity *identity, struct error *err)
{
	for (size_t i = 0; extra && extra[i]; i++) {
		uint32_t gid = 0;
		int r = find_group(arena, groups, extra[i], &gid, err);

		if (r < 0)
			return r;
		add_group(identity, gid);
	}
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------- */

int identity_find(struct arena *arena, int root_fd, const char *user, char *const *extra, struct identity *ret, struct error *err)
{
	struct identity identity = { .groups = arena_alloc(arena, GROUP_LIMIT, sizeof *identity.groups) };
	const char *colon = user ? strchr(user, ':') : NULL, *group = colon ? colon + 1 : "";
	const char *name = colon ? arena_strndup(arena, user, (size_t)(colon - user)) : user;
	char *groups = NULL;
	int r = look_up_user(arena, root_fd, str_is_empty(name) ? "0" : name, &identity, err);

	if (r == 0)
		r = read_file(arena, root_fd, "/etc/group", &groups, err);
	if (r == 0 && *group)
		r = find_group(arena, groups, group, &identity.gid, err);
	if (r < 0)
		return r;
	if (!*group && identity.name)
		add_memberships(arena, groups, &identity);
	r = add_extra(arena, groups, extra, &identity, err);
	/* Its own is one of them, too: a file that denies its group something is not read by who gives up being of it (CVE-2022-36109). */
	add_group(&identity, identity.gid);
	if (r == 0)
		*ret = identity;
	return r;
}

int identity_assume(const struct identity *identity, struct error *err)
{
	if (sys_setgroups(identity->group_count, (const gid_t *)identity->groups) < 0 && errno != EPERM)
		return error_errno(err, errno, "cannot set the groups");
	if (sys_setresgid(identity->gid, identity->gid, identity->gid) < 0)
		return error_errno(err, errno, "cannot become group %u", identity->gid);
	if (sys_setresuid(identity->uid, identity->uid, identity->uid) < 0)
		return error_errno(err, errno, "cannot become user %u", identity->uid);
	narrate("setgroups(%zu), setresgid(%u), setresuid(%u)", identity->group_count, identity->gid, identity->uid);
	return 0;
}
