/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_node.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "host/owner.h"
#include "store/acl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* ---- extended attributes ----------------------------------------------------------- */

/* A node is reached through its descriptor, of any kind: that works for links and devices too. */
struct node_path {
	char text[40];
};

static struct node_path path_of(int fd)
{
	struct node_path path;

	snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", fd);
	return path;
}

/* Labels of the machine where the archive was made say nothing here. */
static bool is_foreign(const char *name)
{
	static const char *const names[] = { "security.selinux", "security.ima", "security.evm", "security.apparmor" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool is_of_overlay(const char *name)
{
	return str_starts_with(name, "trusted.overlay.") || str_starts_with(name, "user.overlay.");
}

/* The file system has no such attributes; or only a more privileged process may set them. */
static bool may_be_lost(int code)
{
	return code == EOPNOTSUPP || code == EPERM;
}

static int set_xattr(int fd, const char *name, const void *value, size_t length, struct layer_losses *losses, struct error *err)
{
	if (setxattr(path_of(fd).text, name, value, length, 0) == 0)
		return 0;
	if (!may_be_lost(errno))
		return error_errno(err, errno, "cannot set the extended attribute '%s'", name);
	log_debug("the extended attribute '%s' is lost: %s", name, error_words(errno));
	losses->xattrs++;
	return 0;
}

static int set_acl(int fd, const char *name, const char *text, struct layer_losses *losses, struct error *err)
{
	_cleanup_buf_ struct buf value = BUF_INIT;
	int r;

	if (!text)
		return 0;
	r = acl_from_text(text, &value);
	if (r == -EINVAL)
		return error_set(err, ERROR_INVALID, 0, "a bad access control list '%s'", text);
	if (r == -ENOENT) {
		log_debug("an access control list is lost: '%s' has names without ids", text);
		losses->xattrs++;
		return 0;
	}
	return set_xattr(fd, name, value.data, value.length, losses, err);
}

static int set_xattrs(int fd, const struct tar_entry *entry, struct layer_losses *losses, struct error *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		int r;

		/* Such a file could show what lies elsewhere in the layers. */
		if (is_of_overlay(xattr->name))
			return error_set(err, ERROR_INVALID, 0, "the extended attribute '%s' belongs to overlay", xattr->name);
		if (is_foreign(xattr->name))
			continue;
		r = set_xattr(fd, xattr->name, xattr->value, xattr->length, losses, err);
		if (r < 0)
			return r;
	}
	return set_acl(fd, ACL_ACCESS_XATTR, entry->acl_access, losses, err);
}

/* ---- owner and times ------------------------------------------------------------------ */

static void times_of(const struct tar_entry *entry, struct timespec times[2])
{
	bool later = entry->has_atime && (entry->atime.tv_sec > entry->mtime.tv_sec ||
		(entry->atime.tv_sec == entry->mtime.tv_sec && entry->atime.tv_nsec > entry->mtime.tv_nsec));

	times[0] = later ? entry->atime : entry->mtime;
	times[1] = entry->mtime;
}

static bool needs_chown(const struct layer_place *place, const struct tar_entry *entry, const struct layer_owner *owner)
{
	return entry->uid != owner->uid || entry->gid != owner->gid || place->parent_gives_group;
}

static int chown_error(const struct tar_entry *entry, struct error *err)
{
	int code = errno;
	int r = error_errno(err, code, "cannot give it to %u:%u", entry->uid, entry->gid);

	if (code == EINVAL)
		error_hint(err, "this user namespace has no such id: it takes an entry in /etc/subuid and /etc/subgid that is large enough");
	return r;
}

/* ---- files -------------------------------------------------------------------------------- */

static int write_at(int fd, const uint8_t *bytes, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t n = pwrite(fd, bytes, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		length -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int write_data(int fd, const struct tar_entry *entry, struct tar_reader *reader, struct error *err)
{
	const uint8_t *bytes;
	uint64_t offset;
	size_t length;
	int r;

	for (;;) {
		r = tar_reader_data(reader, &bytes, &length, &offset, err);
		if (r < 0 || length == 0)
			break;
		r = entry->sparse ? write_at(fd, bytes, length, offset) : fd_write_all(fd, bytes, length);
		if (r < 0)
			return error_errno(err, -r, "cannot write");
	}
	if (r >= 0 && entry->sparse && ftruncate(fd, (off_t)entry->size) < 0)
		return error_errno(err, errno, "cannot make it %ju bytes long", (uintmax_t)entry->size);
	return r;
}

static int make_file(const struct layer_place *place, const struct tar_entry *entry, struct tar_reader *reader,
	const struct layer_owner *owner, struct layer_losses *losses, struct error *err)
{
	_cleanup_close_ int fd = openat(place->parent_fd, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, entry->mode & 0777);
	struct timespec times[2];
	int r;

	if (fd < 0)
		return error_errno(err, errno, "cannot make a file");
	r = write_data(fd, entry, reader, err);
	if (r < 0)
		return r;
	if (needs_chown(place, entry, owner) && owner_set(fd, entry->uid, entry->gid) < 0)
		return chown_error(entry, err);
	/* Writing and chown(2) take these bits, and capabilities, away. */
	if ((entry->mode & 07000) && fchmod(fd, entry->mode) < 0)
		return error_errno(err, errno, "cannot set the mode %04o", entry->mode);
	r = set_xattrs(fd, entry, losses, err);
	if (r < 0)
		return r;
	times_of(entry, times);
	return futimens(fd, times) < 0 ? error_errno(err, errno, "cannot set its times") : 0;
}

/* ---- links, devices, fifos -------------------------------------------------------------------- */

static int make_special(const struct layer_place *place, const struct tar_entry *entry)
{
	switch (entry->type) {
	case TAR_SYMLINK:
		return symlinkat(entry->target, place->parent_fd, place->name);
	case TAR_FIFO:
		return mknodat(place->parent_fd, place->name, S_IFIFO | (entry->mode & 0777), 0);
	default:
		return mknodat(place->parent_fd, place->name, (entry->type == TAR_BLOCK_DEVICE ? S_IFBLK : S_IFCHR) | (entry->mode & 0777),
			makedev(entry->major, entry->minor));
	}
}

static int set_special_xattrs(const struct layer_place *place, const struct tar_entry *entry, struct layer_losses *losses, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;

	if (!entry->xattr_count && !entry->acl_access)
		return 0;
	fd = openat(place->parent_fd, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_errno(err, errno, "cannot open it") : set_xattrs(fd, entry, losses, err);
}

static const char *special_words(const struct tar_entry *entry)
{
	return entry->type == TAR_SYMLINK ? "a symbolic link" : entry->type == TAR_FIFO ? "a fifo" : "a device";
}

static int make_other(const struct layer_place *place, const struct tar_entry *entry, const struct layer_owner *owner,
	struct layer_losses *losses, struct error *err)
{
	bool is_device = entry->type == TAR_CHARACTER_DEVICE || entry->type == TAR_BLOCK_DEVICE;
	struct timespec times[2];
	int r;

	/* Overlay takes it for the mark of a hidden file. */
	if (entry->type == TAR_CHARACTER_DEVICE && entry->major == 0 && entry->minor == 0)
		return error_set(err, ERROR_INVALID, 0, "a character device 0:0 is no device");
	if (make_special(place, entry) < 0) {
		r = error_errno(err, errno, "cannot make %s", special_words(entry));
		if (is_device && r == -EPERM)
			error_hint(err, "device nodes can be made by root of the host only");
		return r;
	}
	if (needs_chown(place, entry, owner) && owner_set_at(place->parent_fd, place->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return chown_error(entry, err);
	/* No link at this place: it has just been made. */
	if (entry->type != TAR_SYMLINK && (entry->mode & 07000) && fchmodat(place->parent_fd, place->name, entry->mode, 0) < 0)
		return error_errno(err, errno, "cannot set the mode %04o", entry->mode);
	r = set_special_xattrs(place, entry, losses, err);
	if (r < 0)
		return r;
	times_of(entry, times);
	if (utimensat(place->parent_fd, place->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot set its times");
	return 0;
}

int layer_node_make(const struct layer_place *place, const struct tar_entry *entry, struct tar_reader *reader,
	const struct layer_owner *owner, struct layer_losses *losses, struct error *err)
{
	if (entry->type == TAR_FILE)
		return make_file(place, entry, reader, owner, losses, err);
	return make_other(place, entry, owner, losses, err);
}

/* ---- directories --------------------------------------------------------------------------------- */

int layer_node_begin_directory(int directory_fd, const struct tar_entry *entry, struct layer_losses *losses, struct error *err)
{
	mode_t mode = (entry->mode & 0777) | 0700;
	struct stat st;

	if (fstat(directory_fd, &st) < 0)
		return error_errno(err, errno, "cannot look at it");
	if ((st.st_uid != entry->uid || st.st_gid != entry->gid) && owner_set_at(directory_fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) < 0)
		return chown_error(entry, err);
	if ((st.st_mode & 07777) != mode && chmod(path_of(directory_fd).text, mode) < 0)
		return error_errno(err, errno, "cannot set the mode %04o", mode);
	return set_xattrs(directory_fd, entry, losses, err);
}

struct layer_directory_end layer_node_directory_end(const struct tar_entry *entry)
{
	struct layer_directory_end end = { .mode = entry->mode, .acl_default = entry->acl_default };

	times_of(entry, end.times);
	return end;
}

int layer_node_finish_directory(int directory_fd, const struct layer_directory_end *end, struct layer_losses *losses, struct error *err)
{
	/* The rest of the mode stands; with an access control list the group's bits are its mask, so none is set twice. */
	bool unfinished = (end->mode & 07000) || (end->mode & 0700) != 0700;
	int r;

	if (unfinished && chmod(path_of(directory_fd).text, end->mode) < 0)
		return error_errno(err, errno, "cannot set the mode %04o", end->mode);
	r = set_acl(directory_fd, ACL_DEFAULT_XATTR, end->acl_default, losses, err);
	if (r < 0)
		return r;
	return utimensat(AT_FDCWD, path_of(directory_fd).text, end->times, 0) < 0 ? error_errno(err, errno, "cannot set its times") : 0;
}

int layer_node_set_opaque(int directory_fd, const char *name, struct error *err)
{
	if (setxattr(path_of(directory_fd).text, name, "y", 1, 0) == 0)
		return 0;
	return error_errno(err, errno, "cannot set '%s', by which overlay hides what is below", name);
}
