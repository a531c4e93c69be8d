/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: which ids containers can have; user_namespaces(7), subuid(5). */
#include "engine/doctor_subject.h"
#include "engine/id_range.h"
#include "spec/subid_table.h"

#include <inttypes.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#define WANTED_IDS 65536u /* images have users up to nobody, 65534 */
#define FIRST_FREE 100000u /* SUB_UID_MIN of login.defs(5) */
#define LAST_FREE ID_RANGE_FIRST

static struct spec_subid_table read_ids(const struct doctor_subject *subject, const char *path)
{
	const char *text = doctor_read(subject, path);

	return text ? spec_subid_table_parse(subject->arena, text, strlen(text)) : (struct spec_subid_table){ .entries = NULL };
}

/* Both files. */
struct files {
	struct spec_subid_table uids, gids;
};

static struct files read_files(const struct doctor_subject *subject)
{
	return (struct files){ .uids = read_ids(subject, "/etc/subuid"), .gids = read_ids(subject, "/etc/subgid") };
}

/* A range that nobody has, in the files that NEED one; NULL if there is none left. */
static const char *add_range(const struct doctor_subject *subject, const struct files *files, bool needs_uids, bool needs_gids)
{
	const uint32_t first = spec_subid_table_free(&files->uids, &files->gids, FIRST_FREE, LAST_FREE, WANTED_IDS);
	const uint32_t last = first + WANTED_IDS - 1;
	const char *user = doctor_user(subject);
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!first)
		return NULL;
	if (doctor_find_program(subject, "usermod") && subject->user) {
		buf_add_text(&line, "usermod");
		if (needs_uids)
			buf_printf(&line, " --add-subuids %" PRIu32 "-%" PRIu32, first, last);
		if (needs_gids)
			buf_printf(&line, " --add-subgids %" PRIu32 "-%" PRIu32, first, last);
		buf_printf(&line, " %s", user);
	} else {
		/* Without the programs of shadow, as in Alpine. */
		if (needs_uids)
			buf_printf(&line, "echo %s:%" PRIu32 ":%u >>/etc/subuid", user, first, WANTED_IDS);
		if (needs_gids)
			buf_printf(&line, "%secho %s:%" PRIu32 ":%u >>/etc/subgid", needs_uids ? " && " : "", user, first, WANTED_IDS);
	}
	return doctor_as_root(subject, line.data);
}

/* Ranges come from elsewhere, so that the files say nothing: nsswitch.conf(5), "subid". */
static const char *other_source(const struct doctor_subject *subject)
{
	const char *text = doctor_read(subject, "/etc/nsswitch.conf"), *line, *value;

	if (!text)
		return NULL;
	line = str_starts_with(text, "subid:") ? text : strstr(text, "\nsubid:");
	if (!line)
		return NULL;
	value = strchr(line, ':') + 1;
	value += strspn(value, " \t");
	value = arena_strndup(subject->arena, value, strcspn(value, " \t\n#"));
	return !*value || str_equal(value, "files") ? NULL : value;
}

static void say_of_count(const struct doctor_subject *subject, const struct files *files, uint64_t uids, uint64_t gids, struct doctor_outcome *out)
{
	const char *fix = add_range(subject, files, uids < WANTED_IDS, gids < WANTED_IDS);

	if (uids == 0 || gids == 0)
		doctor_say(out, DOCTOR_WARNING, fix, "%s has no ids in %s: containers have one user alone, and many images do not run", doctor_user(subject),
			uids ? "/etc/subgid" : gids ? "/etc/subuid" : "/etc/subuid and /etc/subgid");
	else
		doctor_say(out, DOCTOR_WARNING, fix, "%s has %" PRIu64 " users and %" PRIu64 " groups for containers: images may have more, up to %u", doctor_user(subject),
			uids, gids, WANTED_IDS);
}

static void check_subordinate(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct spec_subid_owner owner = { .name = subject->user, .uid = subject->uid };
	const char *elsewhere = other_source(subject);
	const struct files files = read_files(subject);
	const uint64_t uids = spec_subid_table_count(&files.uids, &owner), gids = spec_subid_table_count(&files.gids, &owner);

	if (elsewhere)
		doctor_say(out, DOCTOR_NOTE, NULL, "ranges come from '%s' (/etc/nsswitch.conf), which is not looked at: getsubids %s tells of them", elsewhere,
			doctor_user(subject));
	else if (uids < WANTED_IDS || gids < WANTED_IDS)
		say_of_count(subject, &files, uids, gids, out);
	else
		doctor_say(out, DOCTOR_OK, NULL, "%s has %" PRIu64 " users and %" PRIu64 " groups for containers", doctor_user(subject), uids, gids);
}

/* ---- ranges that meet ------------------------------------------------------------------- */

/* The line that takes RANGE from who has it by FILE. */
static const char *remove_range(const struct doctor_subject *subject, const struct spec_subid_entry *range, bool is_gids)
{
	return doctor_as_root(subject, arena_printf(subject->arena, "usermod --del-sub%cids %" PRIu32 "-%" PRIu32 " %s", is_gids ? 'g' : 'u', range->ids.first,
		range->ids.first + range->ids.count - 1, range->owner));
}

static bool say_of_shared(const struct doctor_subject *subject, const struct spec_subid_table *ids, const char *file, struct doctor_outcome *out)
{
	const struct spec_subid_owner owner = { .name = subject->user, .uid = subject->uid };
	const struct spec_subid_entry *other = NULL, *own = spec_subid_table_shared(ids, &owner, &other);

	if (!own)
		return false;
	doctor_say_by_hand(out, DOCTOR_ERROR, remove_range(subject, own, str_equal(file, "/etc/subgid")),
		"%s: ids of ours from %" PRIu32 " on are %.64s's, too: containers of one can do to those of the other what they like", file, own->ids.first, other->owner);
	return true;
}

/* Others' ranges in the part that containers of root have. */
static bool say_of_reserved(const struct doctor_subject *subject, const struct spec_subid_table *ids, const char *file, struct doctor_outcome *out)
{
	static const struct spec_subid reserved = { ID_RANGE_FIRST, ID_RANGE_COUNT * ID_RANGE_SIZE };
	bool is_found = false;

	for (size_t i = 0; i < ids->count && !is_found; i++) {
		const struct spec_subid_entry *range = &ids->entries[i];

		is_found = spec_subid_meet(&range->ids, &reserved);
		if (is_found)
			doctor_say_by_hand(out, DOCTOR_WARNING, remove_range(subject, range, str_equal(file, "/etc/subgid")),
				"%s: %.64s has ids from %" PRIu32 " on, which containers of root are given: from %u, %u of them", file, range->owner, range->ids.first,
				ID_RANGE_FIRST, ID_RANGE_COUNT * ID_RANGE_SIZE);
	}
	return is_found;
}

static bool say_of_wrong_line(const struct doctor_subject *subject, const struct spec_subid_table *ids, const char *file, struct doctor_outcome *out)
{
	if (!ids->wrong_line)
		return false;
	doctor_say_by_hand(out, DOCTOR_NOTE, doctor_as_root(subject, arena_printf(subject->arena, "sed -i %zud %s", ids->wrong_line, file)),
		"%s: line %zu is no OWNER:FIRST:COUNT, and counts for nothing", file, ids->wrong_line);
	return true;
}

static void check_overlaps(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const struct files files = read_files(subject);
	const struct {
		const struct spec_subid_table *ids;
		const char *path;
	} both[] = { { &files.uids, "/etc/subuid" }, { &files.gids, "/etc/subgid" } };
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		is_found |= say_of_shared(subject, both[i].ids, both[i].path, out);
		is_found |= say_of_reserved(subject, both[i].ids, both[i].path, out);
		is_found |= say_of_wrong_line(subject, both[i].ids, both[i].path, out);
	}
	if (!is_found)
		doctor_say(out, DOCTOR_OK, NULL, "no range is somebody else's as well");
}

/* ---- who writes the maps ------------------------------------------------------------------ */

/* A program with more privilege than its caller: the setuid bit, or a capability in the file. */
static bool gives_privilege(const struct doctor_subject *subject, const char *path)
{
	_cleanup_free_ char *name = str_printf("/proc/self/fd/%d%s", subject->host_fd, path);
	struct stat status;
	char capability[64];

	if (doctor_stat(subject, path, &status) && (status.st_mode & S_ISUID) && (status.st_uid == 0 || !subject->is_live))
		return true;
	return getxattr(name, "security.capability", capability, sizeof capability) > 0;
}

static bool is_nosuid(const struct doctor_subject *subject, const char *path)
{
	_cleanup_free_ char *name = str_printf("/proc/self/fd/%d%s", subject->host_fd, path);
	struct statvfs fs;

	return subject->is_live && statvfs(name, &fs) == 0 && (fs.f_flag & ST_NOSUID);
}

static void check_helpers(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const char *const names[] = { "newuidmap", "newgidmap" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = doctor_find_program(subject, names[i]);

		if (!path)
			return; /* the packages' check says so */
		if (!gives_privilege(subject, path)) {
			doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, arena_printf(subject->arena, "chmod u+s %s", path)),
				"%s is neither setuid root nor has capabilities: it can write no map", path);
			return;
		}
		if (is_nosuid(subject, path)) {
			doctor_say(out, DOCTOR_WARNING, NULL, "%s lies on a file system that is mounted nosuid: it can write no map", path);
			return;
		}
	}
	if (subject->has_no_new_privileges)
		doctor_say(out, DOCTOR_WARNING, NULL, "this process may gain no privileges (no_new_privs), so newuidmap cannot help it: use a shell that is not confined so");
	else
		doctor_say(out, DOCTOR_OK, NULL, "newuidmap and newgidmap can write maps");
}

static const struct doctor_check checks[] = {
	{ "subordinate", "the users in containers of ordinary users",              DOCTOR_USER, check_subordinate },
	{ "overlaps",    "no two users' containers share ids",                     DOCTOR_ALL,  check_overlaps },
	{ "helpers",     "the programs that give users the ids of /etc/subuid",    DOCTOR_USER, check_helpers },
};

const struct doctor_group doctor_ids = { "ids", checks, ARRAY_SIZE(checks) };
