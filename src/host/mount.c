/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount.h"

#include "base/narration.h"
#include "base/str.h"
#include "host/syscalls.h"

#include <ctype.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#define FSCONFIG_RECONFIGURE 7
#define FSPICK_CLOEXEC_ 1
#define FSPICK_EMPTY_PATH_ 8

/* fsconfig(2) takes keys and values of at most this many bytes, NUL included. */
#define FSCONFIG_LIMIT 256

/* ---- flags ---------------------------------------------------------------- */

uint64_t mount_attributes_of_flags(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		uint64_t attribute;
	} table[] = {
		{ MS_RDONLY,      MOUNT_ATTR_RDONLY },
		{ MS_NOSUID,      MOUNT_ATTR_NOSUID },
		{ MS_NODEV,       MOUNT_ATTR_NODEV },
		{ MS_NOEXEC,      MOUNT_ATTR_NOEXEC },
		{ MS_NODIRATIME,  MOUNT_ATTR_NODIRATIME },
		{ MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	uint64_t attributes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (flags & table[i].flag)
			attributes |= table[i].attribute;
	/* One value of three, not bits; relatime is 0 and what mount(2) does by default. */
	if (flags & MS_STRICTATIME)
		attributes |= MOUNT_ATTR_STRICTATIME;
	else if (flags & MS_NOATIME)
		attributes |= MOUNT_ATTR_NOATIME;
	return attributes;
}

/*
 * File systems whose one instance in a namespace is shared by all its mounts:
 * read-only is then said of the mount alone, else one container's "ro" would
 * bind the others.
 */
static bool is_shared_instance(const char *type)
{
	static const char *const types[] = { "cgroup", "cgroup2", "devpts", "mqueue", "proc", "sysfs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_equal(type, types[i]))
			return true;
	return false;
}

static const char *words_of(uint64_t attributes, char *ret, size_t size)
{
	static const struct narration_flag flags[] = {
		{ MOUNT_ATTR_RDONLY, "MOUNT_ATTR_RDONLY" }, { MOUNT_ATTR_NOSUID, "MOUNT_ATTR_NOSUID" }, { MOUNT_ATTR_NODEV, "MOUNT_ATTR_NODEV" },
		{ MOUNT_ATTR_NOEXEC, "MOUNT_ATTR_NOEXEC" }, { MOUNT_ATTR_NOATIME, "MOUNT_ATTR_NOATIME" },
		{ MOUNT_ATTR_STRICTATIME, "MOUNT_ATTR_STRICTATIME" }, { MOUNT_ATTR_NODIRATIME, "MOUNT_ATTR_NODIRATIME" },
		{ MOUNT_ATTR_IDMAP, "MOUNT_ATTR_IDMAP" }, { MOUNT_ATTR_NOSYMFOLLOW, "MOUNT_ATTR_NOSYMFOLLOW" },
	};

	return narration_flags(attributes, flags, ARRAY_SIZE(flags), ret, size);
}

static const char *propagation_words(unsigned long propagation, char *ret, size_t size)
{
	static const struct narration_flag flags[] = {
		{ MS_REC, "MS_REC" }, { MS_SHARED, "MS_SHARED" }, { MS_SLAVE, "MS_SLAVE" }, { MS_PRIVATE, "MS_PRIVATE" }, { MS_UNBINDABLE, "MS_UNBINDABLE" },
	};

	return narration_flags(propagation, flags, ARRAY_SIZE(flags), ret, size);
}

/* ---- options of file systems ---------------------------------------------------- */

/* What the kernel wrote into the context's log, "e tmpfs: Unknown parameter 'x'", as the error. */
static int refused(int fs_fd, int code, struct error *err)
{
	char line[512], reason[512] = "";
	ssize_t length;

	while ((length = read(fs_fd, line, sizeof line - 1)) > 0) {
		line[length] = '\0';
		if (line[0] == 'e' && line[1] == ' ')
			snprintf(reason, sizeof reason, "%s", str_trim_end(line + 2));
	}
	if (reason[0])
		return error_errno(err, code, "%s", reason);
	error_set(err, error_kind_of_errno(code), 0, "%s", error_words(code));
	if (err)
		err->code = code;
	return -code;
}

/* Whether each option fits into a call of fsconfig(2). */
static bool options_fit(const struct mount_request *request)
{
	size_t length = 0;

	if (request->source && strlen(request->source) >= FSCONFIG_LIMIT)
		return false;
	for (const char *p = request->data ? request->data : ""; *p; p++) {
		length = *p == ',' ? 0 : length + 1;
		if (length >= FSCONFIG_LIMIT)
			return false;
	}
	return true;
}

/* One option in *TEXT, which is changed; *TEXT moves on. A comma in quotes (SELinux contexts) or after a backslash (overlay) is no end. */
static char *next_option(char **text)
{
	char *start = *text, *p = start;
	bool quoted = false;

	if (!start || !*start)
		return NULL;
	for (; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && p[1])
			p++;
		else if (*p == ',' && !quoted)
			break;
	}
	*text = *p ? p + 1 : p;
	*p = '\0';
	return start;
}

static char *unquote(char *value)
{
	size_t length = strlen(value);

	if (length < 2 || value[0] != '"' || value[length - 1] != '"')
		return value;
	value[length - 1] = '\0';
	return value + 1;
}

static int set_data(int fs_fd, const char *data)
{
	_cleanup_free_ char *long_copy = NULL;
	char copy[256], *rest = copy, *option;

	/* On the stack if it fits: after clone the first use of the heap costs many page faults. */
	if (!data || snprintf(copy, sizeof copy, "%s", data) >= (int)sizeof copy)
		rest = long_copy = str_dup(data);
	while ((option = next_option(&rest))) {
		char *equals = strchr(option, '=');
		int r;

		if (!*option)
			continue;
		if (equals) {
			*equals = '\0';
			r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, option, unquote(equals + 1), 0);
		} else {
			r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, option, NULL, 0);
		}
		if (r < 0)
			return -errno;
	}
	return 0;
}

/* MS_* that belong to the file system and not to the mount, by their names in fsconfig(2). */
static int set_superblock_flags(int fs_fd, const struct mount_request *request)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} table[] = {
		{ MS_RDONLY,      "ro" },
		{ MS_SYNCHRONOUS, "sync" },
		{ MS_DIRSYNC,     "dirsync" },
		{ MS_LAZYTIME,    "lazytime" },
		{ MS_MANDLOCK,    "mand" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!(request->flags & table[i].flag) || (table[i].flag == MS_RDONLY && is_shared_instance(request->type)))
			continue;
		if (sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, table[i].name, NULL, 0) < 0)
			return -errno;
	}
	return 0;
}

static int configure(int fs_fd, const struct mount_request *request, unsigned command)
{
	int r;

	if (request->source && sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, "source", request->source, 0) < 0)
		return -errno;
	r = set_superblock_flags(fs_fd, request);
	if (r < 0)
		return r;
	r = set_data(fs_fd, request->data);
	if (r < 0)
		return r;
	return sys_fsconfig(fs_fd, command, NULL, NULL, 0) < 0 ? -errno : 0;
}

/* ---- new mounts -------------------------------------------------------------------- */

/*
 * COMPAT: values longer than FSCONFIG_LIMIT (many lower directories of an
 * overlay) only mount(2) takes, and it takes a path. "/" is one that is always
 * there; the walk to "/.." then ends on top of what is mounted on the root,
 * which "/" alone does not.
 */
static int mount_by_path(const struct mount_request *request, int *ret_fd, struct error *err)
{
	int fd, code;

	if (mount(request->source ? request->source : "none", "/", request->type, request->flags, request->data) < 0)
		return refused(-EBADF, errno, err);
	fd = sys_open_tree(AT_FDCWD, "/..", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	code = errno;
	if (umount2("/..", MNT_DETACH) < 0) {
		code = errno;
		close_and_forget(&fd);
	}
	if (fd < 0)
		return refused(-EBADF, code, err);
	*ret_fd = fd;
	return 0;
}

int mount_new_filesystem(const struct mount_request *request, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fs_fd = -EBADF;
	int fd, r;

	if (!options_fit(request))
		return mount_by_path(request, ret_fd, err);
	fs_fd = sys_fsopen(request->type, FSOPEN_CLOEXEC);
	if (fs_fd < 0 && errno == ENODEV)
		return error_set(err, ERROR_UNSUPPORTED, 0, "this kernel has no file system '%s'", request->type), -ENODEV;
	if (fs_fd < 0)
		return refused(-EBADF, errno, err);
	r = configure(fs_fd, request, SYS_FSCONFIG_CREATE);
	if (r < 0)
		return refused(fs_fd, -r, err);
	fd = sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)mount_attributes_of_flags(request->flags));
	if (fd < 0)
		return refused(fs_fd, errno, err);
	if (narration_is_on()) {
		char flags[160];

		narrate("fsopen(\"%s\"), fsconfig(%s), fsmount(%s)", request->type, request->data ? request->data : "",
			words_of(mount_attributes_of_flags(request->flags), flags, sizeof flags));
	}
	*ret_fd = fd;
	return 0;
}

int mount_remount(int mount_fd, const struct mount_request *request, unsigned long clear_flags, struct error *err)
{
	struct mount_attributes attributes = {
		.set = mount_attributes_of_flags(request->flags),
		.clear = mount_attributes_of_flags(clear_flags),
	};
	int r;

	if (!(request->flags & MS_BIND)) {
		_cleanup_close_ int fs_fd = (int)syscall(SYS_fspick, mount_fd, "", FSPICK_CLOEXEC_ | FSPICK_EMPTY_PATH_);

		if (fs_fd < 0)
			return refused(-EBADF, errno, err);
		if ((clear_flags & MS_RDONLY) && sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_FLAG, "rw", NULL, 0) < 0)
			return refused(fs_fd, errno, err);
		r = configure(fs_fd, &(struct mount_request){ .type = request->type, .flags = request->flags, .data = request->data },
			FSCONFIG_RECONFIGURE);
		if (r < 0)
			return refused(fs_fd, -r, err);
	}
	r = mount_set_attributes(mount_fd, &attributes);
	return r < 0 ? refused(-EBADF, -r, err) : 0;
}

int mount_clone_tree(int dirfd, const char *path, bool recursive, int *ret_fd)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd;

	if (recursive)
		flags |= AT_RECURSIVE;
	if (!*path)
		flags |= AT_EMPTY_PATH;
	fd = sys_open_tree(dirfd, path, flags);
	if (fd < 0)
		return -errno;
	if (*path)
		narrate("open_tree(\"%s\", OPEN_TREE_CLONE%s)", path, recursive ? "|AT_RECURSIVE" : "");
	*ret_fd = fd;
	return 0;
}

int mount_set_attributes(int mount_fd, const struct mount_attributes *attributes)
{
	struct sys_mount_attr attr = {
		.attr_set = attributes->set,
		.attr_clr = attributes->clear,
		.propagation = attributes->propagation,
		.userns_fd = (attributes->set & MOUNT_ATTR_IDMAP) ? (uint64_t)attributes->userns_fd : 0,
	};

	/* The kernel wants the whole field cleared when a value of it is set. */
	if ((attr.attr_set | attr.attr_clr) & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | (attributes->recursive ? AT_RECURSIVE : 0), &attr) < 0)
		return -errno;
	if (narration_is_on()) {
		char set[160], clear[160], propagation[64];

		narrate("mount_setattr(%sset %s, clear %s, propagation %s)", attributes->recursive ? "AT_RECURSIVE, " : "",
			words_of(attr.attr_set, set, sizeof set), words_of(attr.attr_clr, clear, sizeof clear),
			propagation_words(attr.propagation, propagation, sizeof propagation));
	}
	return 0;
}

/* ---- attaching -------------------------------------------------------------------------- */

int mount_attach(int mount_fd, int target_fd)
{
	return mount_attach_at(mount_fd, target_fd, "");
}

int mount_attach_at(int mount_fd, int target_fd, const char *name)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*name ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
	struct stat ours, theirs;
	int code;

	if (sys_move_mount(mount_fd, "", target_fd, name, flags) == 0)
		return 0;
	code = errno;
	if (code == EINVAL && fstat(mount_fd, &ours) == 0 && fstatat(target_fd, name, &theirs, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(ours.st_mode) != S_ISDIR(theirs.st_mode))
		return -ENOTDIR;
	return -code;
}

int mount_set_propagation(const char *path, unsigned long flags)
{
	char words[64];

	if (mount(NULL, path, NULL, flags, NULL) < 0)
		return -errno;
	narrate("mount(NULL, \"%s\", NULL, %s, NULL)", path, propagation_words(flags, words, sizeof words));
	return 0;
}

bool mount_is_root_at(int dirfd, const char *name)
{
	struct sys_statx file = { .mask = 0 };

	return syscall(SYS_statx, dirfd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &file) == 0 &&
	       file.attributes & SYS_ATTRIBUTE_MOUNT_ROOT;
}

int mount_detach_at(int dirfd, const char *name)
{
	_cleanup_free_ char *path = str_printf("/proc/self/fd/%d/%s", dirfd, name);

	/* One may lie on the other. */
	while (mount_is_root_at(dirfd, name))
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return -errno;
	return 0;
}
