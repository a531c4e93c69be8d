/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: the directories that we keep things in, and the file systems that they lie on. */
#include "engine/doctor_subject.h"

#include "base/human.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/statvfs.h>

#define LITTLE_SPACE (UINT64_C(1) << 30) /* an image or two */
#define NO_SPACE (UINT64_C(64) << 20)
#define FEW_FILES 10000u /* a small distribution's */

/* PATH, or what of it is there already; "/" at last. */
static const char *existing(const struct doctor_subject *subject, const char *path)
{
	char *head = arena_strdup(subject->arena, path), *slash;

	while (!doctor_exists(subject, head) && (slash = strrchr(head, '/')))
		*slash = '\0';
	return *head ? head : "/";
}

/* ---- the volatile directory of users ------------------------------------------------------ */

/* Where there is one that nobody has told us of; or NULL. */
static const char *usual_runtime_directory(const struct doctor_subject *subject)
{
	const char *path = arena_printf(subject->arena, "/run/user/%u", subject->uid);
	struct stat status;

	return doctor_stat(subject, path, &status) && status.st_uid == subject->uid ? path : NULL;
}

static void say_of_no_runtime_directory(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *usual = usual_runtime_directory(subject);

	if (usual)
		doctor_say_by_hand(out, DOCTOR_WARNING, arena_printf(subject->arena, "export XDG_RUNTIME_DIR=%s", usual),
			"XDG_RUNTIME_DIR is not set, as after su or sudo: containers that other sessions have started are not seen");
	else if (doctor_has_systemd(subject))
		doctor_say(out, DOCTOR_WARNING, doctor_as_root(subject, arena_printf(subject->arena, "loginctl enable-linger %s", doctor_user(subject))),
			"XDG_RUNTIME_DIR is not set, and /run/user/%u is not there: state that a boot clears is kept in /tmp", subject->uid);
	else
		doctor_say(out, DOCTOR_NOTE, NULL, "XDG_RUNTIME_DIR is not set: state that a boot clears is kept in /tmp/bivy-%u", subject->uid);
}

static void check_runtime_directory(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *path = subject->runtime_directory;
	struct stat status;

	if (str_is_empty(path) || path[0] != '/')
		say_of_no_runtime_directory(subject, out);
	else if (!doctor_stat(subject, path, &status) || !S_ISDIR(status.st_mode))
		doctor_say(out, DOCTOR_ERROR, doctor_as_root(subject, arena_printf(subject->arena, "install -d -m 700 -o %s %s", doctor_user(subject), path)),
			"XDG_RUNTIME_DIR is %s, which is no directory", path);
	else if (status.st_uid != subject->uid)
		doctor_say_by_hand(out, DOCTOR_ERROR, arena_printf(subject->arena, "export XDG_RUNTIME_DIR=/run/user/%u", subject->uid),
			"XDG_RUNTIME_DIR is %s, which is user %u's, as after su", path, (unsigned)status.st_uid);
	else if ((status.st_mode & 0777) != 0700)
		doctor_say(out, DOCTOR_WARNING, arena_printf(subject->arena, "chmod 700 %s", path), "%s is open to others (mode %03o)", path,
			(unsigned)status.st_mode & 0777);
	else
		doctor_say(out, DOCTOR_OK, NULL, "%s", path);
}

/* ---- ownership --------------------------------------------------------------------------------- */

static void check_ownership(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *paths[] = { subject->directories->root, subject->directories->run_root };
	bool is_wrong = false;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *place = existing(subject, paths[i]), *quoted = doctor_quote(subject, place);
		bool is_whole = str_equal(place, paths[i]);
		struct stat status;

		if (!doctor_stat(subject, place, &status))
			continue;
		if (status.st_uid != subject->uid && (is_whole || !(subject->uid == 0 || (status.st_mode & 0002)))) {
			is_wrong = true;
			doctor_say(out, DOCTOR_ERROR, is_whole ? doctor_as_root(subject, arena_printf(subject->arena, "chown -h %s %s", doctor_user(subject), quoted)) : NULL,
				is_whole ? "%s is user %u's, not ours" : "%s is user %u's: nothing can be made in it", place, (unsigned)status.st_uid);
		} else if (is_whole && (status.st_mode & 0022)) {
			is_wrong = true;
			doctor_say(out, DOCTOR_ERROR, arena_printf(subject->arena, "chmod go-w %s", quoted), "others can write to %s (mode %03o)", place,
				(unsigned)status.st_mode & 0777);
		}
	}
	if (!is_wrong)
		doctor_say(out, DOCTOR_OK, NULL, "%s and %s are ours", paths[0], paths[1]);
}

/* ---- file systems -------------------------------------------------------------------------------- */

/* statfs(2), f_type, of those that overlay cannot write to: they have no extended attributes or no whiteouts, or revalidate names. */
static const struct {
	unsigned type;
	const char *name;
} without_overlay[] = {
	{ 0x6969,     "NFS" },
	{ 0x794c7630, "overlay" },
	{ 0xf15f,     "eCryptfs" },
	{ 0xff534d42, "CIFS" },
	{ 0xfe534d42, "SMB" },
	{ 0x01021997, "9p" },
	{ 0x4d44,     "FAT" },
	{ 0x2011bab0, "exFAT" },
	{ 0x5346544e, "NTFS" },
	{ 0x65735546, "FUSE" },
	{ 0x858458f6, "ramfs" },
};

static const char *name_without_overlay(const struct doctor_subject *subject, const char *path)
{
	_cleanup_free_ char *name = str_printf("/proc/self/fd/%d%s", subject->host_fd, path);
	struct statfs fs;

	if (statfs(name, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(without_overlay); i++)
		if ((unsigned)fs.f_type == without_overlay[i].type)
			return without_overlay[i].name;
	return NULL;
}

static void check_file_system(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *place = existing(subject, subject->directories->root), *name = name_without_overlay(subject, place);
	bool is_wrong = false;

	if (name) {
		is_wrong = true;
		doctor_say(out, DOCTOR_ERROR, NULL, "%s lies on %s, which overlay cannot write to: keep the root on a local file system with --root", place, name);
	}
	if (subject->idmapped < 0) {
		is_wrong = true;
		doctor_say(out, DOCTOR_WARNING, NULL, "%s lies on a file system that cannot be mounted with its owners mapped (%s): containers need --userns host", place,
			error_words(-subject->idmapped));
	}
	if (!is_wrong)
		doctor_say(out, DOCTOR_OK, NULL, subject->uid == 0 ? "overlay can write to that of %s, and its owners can be mapped" : "overlay can write to that of %s", place);
}

/* How the file system of the root is mounted. */
static void check_mount(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const struct {
		unsigned long flag;
		const char *name, *opposite, *effect;
		enum doctor_verdict verdict;
	} flags[] = {
		{ ST_RDONLY, "read-only", "rw",   "nothing can be stored",                        DOCTOR_ERROR },
		{ ST_NOEXEC, "noexec",    "exec", "no program of an image can be executed",        DOCTOR_ERROR },
		{ ST_NOSUID, "nosuid",    "suid", "setuid programs of images have no effect (sudo, ping)", DOCTOR_NOTE },
		{ ST_NODEV,  "nodev",     "dev",  "device nodes of images have no effect",         DOCTOR_OK },
	};
	const char *place = existing(subject, subject->directories->root);
	_cleanup_free_ char *name = str_printf("/proc/self/fd/%d%s", subject->host_fd, place);
	bool is_wrong = false;
	struct statvfs fs;

	if (!subject->is_live || statvfs(name, &fs) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *line = arena_printf(subject->arena, "mount -o remount,%s \"$(stat -c %%m %s)\"", flags[i].opposite, doctor_quote(subject, place));

		if (!(fs.f_flag & flags[i].flag) || flags[i].verdict == DOCTOR_OK)
			continue;
		is_wrong = true;
		doctor_say_by_hand(out, flags[i].verdict, doctor_as_root(subject, line), "%s is mounted %s: %s; /etc/fstab may say so, too", place, flags[i].name,
			flags[i].effect);
	}
	if (!is_wrong)
		doctor_say(out, DOCTOR_OK, NULL, "nothing is forbidden on %s", place);
}

static void check_space(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const char *place = existing(subject, subject->directories->root);
	_cleanup_free_ char *name = str_printf("/proc/self/fd/%d%s", subject->host_fd, place), *text = NULL;
	const char *prune = doctor_own_line(subject, "system prune");
	enum doctor_verdict verdict;
	uint64_t bytes, files;
	struct statvfs fs;

	if (statvfs(name, &fs) < 0)
		return;
	bytes = (uint64_t)(subject->uid == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
	/* btrfs and the like have no fixed number of files: 0 of 0. */
	files = fs.f_files ? (uint64_t)fs.f_favail : UINT64_MAX;
	verdict = bytes < NO_SPACE || files == 0 ? DOCTOR_ERROR : bytes < LITTLE_SPACE || files < FEW_FILES ? DOCTOR_WARNING : DOCTOR_OK;
	text = human_size(bytes, 4);
	if (files < FEW_FILES)
		doctor_say_by_hand(out, verdict, prune, "%s has room for %" PRIu64 " more files alone", place, files);
	else
		doctor_say_by_hand(out, verdict, verdict == DOCTOR_OK ? NULL : prune, "%s are free at %s", text, place);
}

static const struct doctor_check checks[] = {
	{ "runtime-directory", "state that a boot clears: XDG_RUNTIME_DIR",      DOCTOR_USER, check_runtime_directory },
	{ "ownership",         "nobody else changes images or records",         DOCTOR_ALL,  check_ownership },
	{ "file-system",       "images and containers lie there",               DOCTOR_ALL,  check_file_system },
	{ "mount",             "what its mount forbids, containers cannot do",  DOCTOR_ALL,  check_mount },
	{ "space",             "images take some",                              DOCTOR_ALL,  check_space },
};

const struct doctor_group doctor_places = { "places", checks, ARRAY_SIZE(checks) };
