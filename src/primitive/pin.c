/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/pin.h"

#include "base/file.h"
#include "base/log.h"
#include "base/narration.h"
#include "base/random_name.h"
#include "engine/container_names.h"
#include "host/mount.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif

#define PLACE "pins"
#define LOCK "pins.lock"

static int check_name(const char *name, struct error *err)
{
	if (container_name_is_valid(name))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "'%.64s' is no name to keep namespaces by: expected letters, digits and \"_.-\", at least two, first a letter or digit",
		name);
}

static int rename_entry(int dirfd, const char *from, const char *to)
{
	return syscall(SYS_renameat2, dirfd, from, dirfd, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* ---- taking away ------------------------------------------------------------------- */

/*
 * The directory NAME with what is mounted in it; a part of it, if one was killed meanwhile. Mount namespaces that have copies of the mounts
 * lose them with the files that they are mounted on (since 3.18).
 */
static int remove_directory(int place_fd, const char *name)
{
	_cleanup_close_ int fd = openat(place_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		int r = mount_detach_at(fd, namespace_kinds[i].file);

		if (r == 0 && unlinkat(fd, namespace_kinds[i].file, 0) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return r;
	}
	return unlinkat(place_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int sweep_entry(void *context, const char *name)
{
	const int *place_fd = context;
	int r = *name == '.' && !str_equal(name, ".") && !str_equal(name, "..") ? remove_directory(*place_fd, name) : 0;

	if (r < 0)
		log_warning("cannot remove '%s', which a killed command left: %s, ignoring", name, error_words(-r));
	return 0;
}

static int see_entry(void *context _unused_, const char *name)
{
	return !str_equal(name, ".") && !str_equal(name, "..");
}

/* ---- the place ---------------------------------------------------------------------- */

static void unlock(struct pin *pin)
{
	/* Children may have it open, too. */
	if (pin->lock_fd >= 0)
		ignore_result(flock(pin->lock_fd, LOCK_UN)); /* cannot fail for a descriptor that is open */
	close_and_forget(&pin->place_fd);
	close_and_forget(&pin->run_fd);
	close_and_forget(&pin->lock_fd);
	free(pin->place);
	free(pin->stage);
	*pin = PIN_INIT;
}

/* The place goes with the last pin. */
static void leave(struct pin *pin)
{
	bool is_empty = pin->place_fd >= 0 && file_each_name(pin->place_fd, see_entry, NULL) == 0;

	close_and_forget(&pin->place_fd);
	if (is_empty)
		ignore_result(mount_detach_at(pin->run_fd, PLACE)); /* then it stays, which harms nobody */
	if (pin->run_fd >= 0)
		unlinkat(pin->run_fd, PLACE, AT_REMOVEDIR); /* as long as something is in it, or mounted on it, it cannot be */
	unlock(pin);
}

static int mount_place(int run_fd)
{
	_cleanup_close_ int mount_fd = -EBADF, place_fd = -EBADF;
	int r = 0;

	if (!mount_is_root_at(run_fd, PLACE)) {
		r = mount_clone_tree(run_fd, PLACE, false, &mount_fd);
		if (r == 0)
			r = mount_attach_at(mount_fd, run_fd, PLACE);
	}
	if (r < 0)
		return r;
	/* What is attached to a shared mount becomes one (mount_namespaces(7)); whoever did that may have been killed before this. */
	place_fd = openat(run_fd, PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return place_fd < 0 ? -errno : mount_set_attributes(place_fd, &(const struct mount_attributes){ .propagation = MS_PRIVATE });
}

static int take_lock(const struct pin *pin)
{
	while (flock(pin->lock_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int make_place(struct pin *pin)
{
	if (mkdirat(pin->run_fd, PLACE, 0700) < 0 && errno != EEXIST)
		return -errno;
	return mount_place(pin->run_fd);
}

/* The place with its lock, swept; made if MAKES, else .place_fd is -EBADF where there is none. */
static int enter_place(const struct directories *directories, bool makes, struct pin *ret, struct error *err)
{
	struct pin pin = PIN_INIT;
	int r = makes ? file_make_directories(directories->run_root, 0700) : 0;

	pin.place = str_printf("%s/" PLACE, directories->run_root);
	if (r == 0)
		pin.run_fd = open(directories->run_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && pin.run_fd >= 0)
		pin.lock_fd = openat(pin.run_fd, LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r == 0)
		r = pin.lock_fd < 0 ? -errno : take_lock(&pin);
	if (r == 0 && makes)
		r = make_place(&pin);
	if (r == 0)
		pin.place_fd = openat(pin.run_fd, PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r == 0 && pin.place_fd < 0)
		r = -errno;
	if (r == 0)
		r = file_each_name(pin.place_fd, sweep_entry, &pin.place_fd);
	if (r == 0 || (r == -ENOENT && !makes)) {
		*ret = pin;
		return 0;
	}
	error_errno(err, -r, makes ? "cannot keep namespaces in '%s'" : "cannot change '%s'", pin.place);
	if (r == -EPERM || r == -EACCES)
		error_hint(err, "a namespace is kept by a mount, which takes root, or a user and a mount namespace of one's own");
	leave(&pin);
	return r;
}

/* ---- making ---------------------------------------------------------------------------- */

static int make_stage(struct pin *pin)
{
	_cleanup_free_ char *random = random_name();

	if (!random)
		return -errno;
	pin->stage = str_printf(".%s", random);
	if (mkdirat(pin->place_fd, pin->stage, 0700) < 0)
		return -errno;
	pin->fd = openat(pin->place_fd, pin->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return pin->fd < 0 ? -errno : 0;
}

static int refuse_taken(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, 0, "namespaces are kept as '%s' already", name);
	error_hint(err, "`bivy ns --release %s` ends that", name);
	return -EEXIST;
}

int pin_begin(const struct directories *directories, const char *name, struct pin *ret, struct error *err)
{
	struct pin pin = PIN_INIT;
	int r = check_name(name, err);

	if (r == 0)
		r = enter_place(directories, true, &pin, err);
	if (r < 0)
		return r;
	pin.name = name;
	if (faccessat(pin.place_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		r = refuse_taken(name, err);
	} else {
		r = make_stage(&pin);
		if (r < 0)
			error_errno(err, -r, "cannot make a directory in '%s'", pin.place);
	}
	if (r < 0) {
		pin_abort(&pin);
		return r;
	}
	*ret = pin;
	return 0;
}

static int keep(const struct pin *pin, pid_t pid, const struct namespace_kind *kind)
{
	_cleanup_close_ int file_fd = openat(pin->fd, kind->file, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), mount_fd = -EBADF;
	char path[64];
	int r;

	if (file_fd < 0)
		return -errno;
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind->file);
	r = mount_clone_tree(AT_FDCWD, path, false, &mount_fd);
	if (r == 0)
		r = mount_attach_at(mount_fd, pin->fd, kind->file);
	if (r == 0)
		narrate("open_tree(\"%s\", OPEN_TREE_CLONE), move_mount(\"%s/%s/%s\")", path, pin->place, pin->name, kind->file);
	return r;
}

int pin_add(struct pin *pin, pid_t pid, unsigned flags, struct error *err)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		int r = flags & namespace_kinds[i].flag ? keep(pin, pid, &namespace_kinds[i]) : 0;

		if (r < 0)
			error_errno(err, -r, "cannot keep the %s namespace in '%s/%s'", namespace_kinds[i].name, pin->place, pin->name);
		if (r == -ELOOP)
			error_hint(err, "a mount namespace can be kept by mounts of one that is older");
		if (r < 0)
			return r;
	}
	return 0;
}

int pin_commit(struct pin *pin, struct error *err)
{
	int r = rename_entry(pin->place_fd, pin->stage, pin->name);

	if (r < 0) {
		error_errno(err, -r, "cannot keep namespaces in '%s/%s'", pin->place, pin->name);
		pin_abort(pin);
		return r;
	}
	close_and_forget(&pin->fd);
	unlock(pin);
	return 0;
}

void pin_abort(struct pin *pin)
{
	close_and_forget(&pin->fd);
	if (pin->stage)
		sweep_entry(&pin->place_fd, pin->stage);
	leave(pin);
}

int pin_release(const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_free_ char *random = random_name(), *gone = NULL;
	struct pin pin = PIN_INIT;
	int r = check_name(name, err);

	if (r == 0)
		r = enter_place(directories, false, &pin, err);
	if (r < 0)
		return r;
	gone = str_printf(".%s", random ? random : "gone");
	r = pin.place_fd < 0 ? -ENOENT : rename_entry(pin.place_fd, name, gone);
	if (r == 0)
		r = remove_directory(pin.place_fd, gone);
	if (r == -ENOENT)
		error_set(err, ERROR_NOT_FOUND, 0, "no namespaces are kept as '%s'", name);
	else if (r < 0)
		error_errno(err, -r, "cannot remove '%s/%s'", pin.place, name);
	leave(&pin);
	return r;
}

/* ---- entering --------------------------------------------------------------------------- */

void pinned_done(struct pinned *pinned)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (pinned->flags & namespace_kinds[i].flag)
			close_and_forget(&pinned->fds[i]);
	pinned->flags = 0;
}

/* The kind of the namespace FD, ioctl_ns(2); NAMESPACE_KINDS: it is none. */
static size_t kind_of(int fd)
{
	int flag = ioctl(fd, NS_GET_NSTYPE);
	size_t i = 0;

	while (i < NAMESPACE_KINDS && (flag <= 0 || namespace_kinds[i].flag != (unsigned)flag))
		i++;
	return i;
}

static int add_file(struct pinned *pinned, int dirfd, const char *file, const char *shown, struct error *err)
{
	_cleanup_close_ int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t kind;

	if (fd < 0)
		return error_errno(err, errno, "cannot open '%.200s'", shown);
	kind = kind_of(fd);
	if (kind == NAMESPACE_KINDS)
		return error_set(err, ERROR_INVALID, 0, "'%.200s' is no namespace", shown);
	pinned->fds[kind] = TAKE_FD(fd);
	pinned->flags |= namespace_kinds[kind].flag;
	return 0;
}

static int add_directory(struct pinned *pinned, int dirfd, const char *path, struct error *err)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		_cleanup_free_ char *shown = str_printf("%s/%s", path, namespace_kinds[i].file);
		int r = 0;

		if (faccessat(dirfd, namespace_kinds[i].file, F_OK, 0) == 0)
			r = add_file(pinned, dirfd, namespace_kinds[i].file, shown, err);
		if (r < 0)
			return r;
	}
	return pinned->flags ? 0 : error_set(err, ERROR_INVALID, 0, "no namespace is kept in '%.200s'", path);
}

int pinned_open(const struct directories *directories, const char *text, struct pinned *ret, struct error *err)
{
	bool is_path = strchr(text, '/');
	_cleanup_free_ char *path = is_path ? str_dup(text) : str_printf("%s/" PLACE "/%s", directories->run_root, text);
	_cleanup_close_ int fd = -EBADF;
	int r = is_path ? 0 : check_name(text, err);

	*ret = (struct pinned){ .flags = 0 };
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return add_directory(ret, fd, path, err);
	if (errno == ENOTDIR)
		return add_file(ret, AT_FDCWD, path, path, err);
	if (errno == ENOENT && !is_path)
		return error_set(err, ERROR_NOT_FOUND, 0, "no namespaces are kept as '%s'", text);
	return error_errno(err, errno, "cannot open '%.200s'", path);
}
