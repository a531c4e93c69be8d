/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_diff.h"

#include "base/memory.h"
#include "base/str.h"
#include "store/layer_name.h"
#include "store/owner_view.h"
#include "store/tar_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* A path that the kernel takes has no more levels. */
#define DEPTH_LIMIT (PATH_MAX / 2)
#define DATA_SIZE ((size_t)256 << 10)
/* ipc/mqueue.c; it is in no header. */
#define MQUEUE_MAGIC 0x19800202
/* Kernel limits: xattr(7). */
#define XATTR_NAMES_SIZE 65536
#define XATTR_VALUE_SIZE 65536

/* The first name of a file that has several. */
struct first_name {
	dev_t device;
	ino_t inode;
	const char *path;
};

struct differ {
	enum layer_diff_form form;
	const struct layer_diff_content *content; /* or NULL */
	const struct idmap *owners;               /* or NULL */
	struct tar_writer *writer;
	struct layer_diff_report report;
	dev_t device; /* where the tree is */
	struct buf path;
	uint8_t *data;
	char *xattr_names;
	uint8_t *xattr_value;

	struct arena *arena; /* of the first names */
	struct first_name *first_names; /* open addressing, a power of two */
	size_t first_size, first_count;
};

/* One file on its way into the archive. */
struct node {
	int parent_fd;
	const char *name;
	int fd; /* of any kind, O_PATH for what must not be opened */
	struct stat st;
	bool opaque;
	struct tar_entry entry;
	struct arena *arena;
};

static int walk(struct differ *d, int fd, unsigned depth, struct error *err);

/* ---- hard links ---------------------------------------------------------------------- */

static size_t find_first_name(const struct differ *d, dev_t device, ino_t inode)
{
	size_t slot = (size_t)((inode * 0x9e3779b97f4a7c15) >> 20) & (d->first_size - 1);

	while (d->first_names[slot].path && (d->first_names[slot].inode != inode || d->first_names[slot].device != device))
		slot = (slot + 1) & (d->first_size - 1);
	return slot;
}

static void grow_first_names(struct differ *d)
{
	struct first_name *old = d->first_names;
	size_t size = d->first_size;

	d->first_size = size ? 2 * size : 64;
	d->first_names = memory_new(d->first_size, sizeof *d->first_names);
	for (size_t i = 0; i < size; i++)
		if (old[i].path)
			d->first_names[find_first_name(d, old[i].device, old[i].inode)] = old[i];
	free(old);
}

/* The name that this file has in the archive already, or NULL: then it is to be known by its present one. */
static const char *first_name_of(struct differ *d, const struct stat *st)
{
	size_t slot;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	if (2 * d->first_count >= d->first_size)
		grow_first_names(d);
	slot = find_first_name(d, st->st_dev, st->st_ino);
	if (d->first_names[slot].path)
		return d->first_names[slot].path;
	d->first_names[slot] = (struct first_name){ st->st_dev, st->st_ino, arena_strdup(d->arena, d->path.data) };
	d->first_count++;
	return NULL;
}

/* ---- extended attributes ------------------------------------------------------------------ */

/* "trusted.overlay.NAME" or "user.overlay.NAME": NAME, else NULL. */
static const char *overlay_name(const char *name)
{
	static const char *const prefixes[] = { "trusted.overlay.", "user.overlay." };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts_with(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return NULL;
}

/* What overlay itself wrote is not the file's; some of it makes the file more, or less, than is there. */
static int judge_overlay_xattr(struct node *node, const char *name, const uint8_t *value, size_t length, struct error *err)
{
	if (strcmp(name, "redirect") == 0 || strcmp(name, "metacopy") == 0)
		return error_set(err, ERROR_UNSUPPORTED, 0, "overlay's attribute '%s' makes it depend on the layers below", name);
	if (strcmp(name, "opaque") == 0 && length == 1 && value[0] == 'y')
		node->opaque = true;
	return 0;
}

/* Labels that say something on this machine only. */
static bool is_local(const char *name)
{
	static const char *const names[] = { "security.selinux", "security.ima", "security.evm", "security.apparmor" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Not opened by O_PATH, which asks for a way through /proc. */
static bool is_readable(const struct node *node)
{
	return S_ISREG(node->st.st_mode) || S_ISDIR(node->st.st_mode);
}

/* Adds the attribute to the list of the entry, which has room. */
static int add_xattr(struct differ *d, struct node *node, const char *path, const char *name, struct tar_xattr *list, struct error *err)
{
	ssize_t length = is_readable(node) ? fgetxattr(node->fd, name, d->xattr_value, XATTR_VALUE_SIZE) : getxattr(path, name, d->xattr_value, XATTR_VALUE_SIZE);
	const char *of_overlay = overlay_name(name);
	uint8_t *value;

	if (length < 0)
		return errno == ENODATA ? 0 : error_errno(err, errno, "cannot read the extended attribute '%s'", name);
	if (of_overlay)
		return judge_overlay_xattr(node, of_overlay, d->xattr_value, (size_t)length, err);
	if (d->owners)
		length = (ssize_t)owner_view_xattr(d->owners, name, d->xattr_value, (size_t)length);
	value = arena_alloc(node->arena, (size_t)length, 1);
	memcpy(value, d->xattr_value, (size_t)length);
	list[node->entry.xattr_count++] = (struct tar_xattr){ arena_strdup(node->arena, name), value, (size_t)length };
	return 0;
}

static int read_xattrs(struct differ *d, struct node *node, struct error *err)
{
	char path[40];
	struct tar_xattr *list;
	size_t names = 0;
	ssize_t length;
	int r = 0;

	snprintf(path, sizeof path, "/proc/self/fd/%d", node->fd);
	length = is_readable(node) ? flistxattr(node->fd, d->xattr_names, XATTR_NAMES_SIZE) : listxattr(path, d->xattr_names, XATTR_NAMES_SIZE);
	if (length < 0)
		return errno == EOPNOTSUPP ? 0 : error_errno(err, errno, "cannot list its extended attributes");
	for (const char *name = d->xattr_names; name < d->xattr_names + length; name += strlen(name) + 1)
		names++;
	node->entry.xattrs = list = arena_alloc(node->arena, names, sizeof *list);
	for (const char *name = d->xattr_names; r >= 0 && name < d->xattr_names + length; name += strlen(name) + 1)
		if (!is_local(name))
			r = add_xattr(d, node, path, name, list, err);
	return r;
}

/* ---- members ---------------------------------------------------------------------------------- */

static int add(struct differ *d, const struct tar_entry *entry, struct error *err)
{
	d->report.members++;
	return tar_writer_add(d->writer, entry, err);
}

/* An empty file without a time, NAME in the directory: the mark of what is not there. */
static int add_mark(struct differ *d, const char *directory, const char *name, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s%s%s", directory, *directory ? "/" : "", name);
	struct tar_entry entry = { .type = TAR_FILE, .path = path };

	return add(d, &entry, err);
}

static int add_whiteout(struct differ *d, struct node *node, struct error *err)
{
	_cleanup_free_ char *name = str_printf(LAYER_WHITEOUT_PREFIX "%s", node->name), *directory = str_dup(d->path.data);
	char *slash = strrchr(directory, '/');

	*(slash ? slash : directory) = '\0';
	return add_mark(d, directory, name, err);
}

static int add_zeros(struct differ *d, uint64_t count, struct error *err)
{
	int r = 0;

	memset(d->data, 0, DATA_SIZE);
	for (; r >= 0 && count; count -= count < DATA_SIZE ? count : DATA_SIZE)
		r = tar_writer_data(d->writer, d->data, count < DATA_SIZE ? (size_t)count : DATA_SIZE, err);
	return r;
}

static int add_data(struct differ *d, struct node *node, struct error *err)
{
	uint64_t left = (uint64_t)node->st.st_size;

	while (left) {
		ssize_t n = read(node->fd, d->data, left < DATA_SIZE ? (size_t)left : DATA_SIZE);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot read it");
		if (n == 0 && d->form >= LAYER_DIFF_LIVE)
			return add_zeros(d, left, err);
		if (n == 0)
			return error_set(err, ERROR_CONFLICT, EBUSY, "it became shorter meanwhile");
		r = tar_writer_data(d->writer, d->data, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	d->report.bytes += (uint64_t)node->st.st_size;
	return 0;
}

static int add_file(struct differ *d, struct node *node, struct error *err)
{
	int r;

	node->entry.type = TAR_FILE;
	node->entry.size = (uint64_t)node->st.st_size;
	r = add(d, &node->entry, err);
	return r < 0 ? r : add_data(d, node, err);
}

static int add_symlink(struct differ *d, struct node *node, struct error *err)
{
	char *target = arena_alloc(node->arena, PATH_MAX + 1, 1);

	if (readlinkat(node->fd, "", target, PATH_MAX) < 0)
		return error_errno(err, errno, "cannot read the symbolic link");
	node->entry.type = TAR_SYMLINK;
	node->entry.target = target;
	return add(d, &node->entry, err);
}

/* A file system whose files are the kernel's own views. */
static bool is_kernels(int fd)
{
	static const uint64_t magics[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
		TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, MQUEUE_MAGIC, EFIVARFS_MAGIC, PSTOREFS_MAGIC };
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if ((uint64_t)st.f_type == magics[i])
			return true;
	return false;
}

/* Whether what is in the directory belongs into the archive. */
static bool is_entered(const struct differ *d, const struct node *node)
{
	return d->form == LAYER_DIFF_COPY ? !is_kernels(node->fd) : node->st.st_dev == d->device;
}

static int add_directory(struct differ *d, struct node *node, unsigned depth, struct error *err)
{
	int r;

	node->entry.type = TAR_DIRECTORY;
	r = add(d, &node->entry, err);
	if (r >= 0 && node->opaque && d->form == LAYER_DIFF_UPPER)
		r = add_mark(d, d->path.data, LAYER_OPAQUE_NAME, err);
	if (r < 0 || !is_entered(d, node))
		return r;
	return walk(d, node->fd, depth + 1, err);
}

static int add_special(struct differ *d, struct node *node, struct error *err)
{
	node->entry.type = S_ISFIFO(node->st.st_mode) ? TAR_FIFO : S_ISBLK(node->st.st_mode) ? TAR_BLOCK_DEVICE : TAR_CHARACTER_DEVICE;
	if (!S_ISFIFO(node->st.st_mode)) {
		node->entry.major = major(node->st.st_rdev);
		node->entry.minor = minor(node->st.st_rdev);
	}
	return add(d, &node->entry, err);
}

static bool is_whiteout(const struct differ *d, const struct stat *st)
{
	return d->form == LAYER_DIFF_UPPER && S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* Files and directories are opened to be read; the rest must only be looked at. A swap in between is noticed. */
static int open_node(struct node *node, struct error *err)
{
	struct stat now;
	int flags = S_ISREG(node->st.st_mode) ? O_RDONLY | O_NONBLOCK : S_ISDIR(node->st.st_mode) ? O_RDONLY | O_DIRECTORY : O_PATH;

	node->fd = openat(node->parent_fd, node->name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (node->fd < 0)
		return error_errno(err, errno, "cannot open it");
	if (fstat(node->fd, &now) < 0)
		return error_errno(err, errno, "cannot look at it");
	if ((now.st_mode & S_IFMT) != (node->st.st_mode & S_IFMT) || now.st_ino != node->st.st_ino || now.st_dev != node->st.st_dev)
		return error_set(err, ERROR_CONFLICT, EBUSY, "it was exchanged meanwhile");
	node->st = now;
	return 0;
}

static int add_by_type(struct differ *d, struct node *node, unsigned depth, struct error *err)
{
	switch (node->st.st_mode & S_IFMT) {
	case S_IFREG:
		return add_file(d, node, err);
	case S_IFDIR:
		return add_directory(d, node, depth, err);
	case S_IFLNK:
		return add_symlink(d, node, err);
	default:
		return add_special(d, node, err);
	}
}

/* Whether a file that could not be looked at, for CODE, may be left out: it is gone, or another has its name. */
static bool may_be_gone(const struct differ *d, int code)
{
	return (code == ENOENT && d->form >= LAYER_DIFF_MOUNT) || ((code == EBUSY || code == ELOOP || code == ENOTDIR) && d->form >= LAYER_DIFF_LIVE);
}

static void begin_entry(const struct differ *d, struct node *node)
{
	node->entry = (struct tar_entry){ .path = d->path.data, .mode = node->st.st_mode & 07777, .uid = node->st.st_uid, .gid = node->st.st_gid,
		.mtime = node->st.st_mtim };
	if (!d->owners)
		return;
	node->entry.uid = owner_view_id(d->owners->uids, d->owners->uid_count, node->st.st_uid);
	node->entry.gid = owner_view_id(d->owners->gids, d->owners->gid_count, node->st.st_gid);
}

static bool find_content(const struct differ *d, const struct stat *st, const void **ret)
{
	return d->content && S_ISREG(st->st_mode) && st->st_nlink == 1 && d->content->find(d->content->context, d->path.data, st, ret);
}

static int add_known(struct differ *d, struct node *node, const void *content, struct error *err)
{
	size_t size = (size_t)node->st.st_size;
	int r;

	begin_entry(d, node);
	node->entry.type = TAR_FILE;
	node->entry.size = size;
	r = add(d, &node->entry, err);
	d->report.bytes += size;
	return r == 0 && size ? tar_writer_data(d->writer, content, size, err) : r;
}

static int add_opened(struct differ *d, struct node *node, unsigned depth, struct error *err)
{
	struct error one = ERROR_INIT;
	int r = open_node(node, &one);
	const char *first;

	if (r < 0) {
		if (may_be_gone(d, -r))
			return 0;
		if (err)
			*err = one;
		return r;
	}
	begin_entry(d, node);
	r = read_xattrs(d, node, err);
	if (r < 0)
		return r;
	first = first_name_of(d, &node->st);
	if (first) {
		node->entry.type = TAR_HARD_LINK;
		node->entry.target = first;
		/* The first has said them. */
		node->entry.xattr_count = 0;
		return add(d, &node->entry, err);
	}
	return add_by_type(d, node, depth, err);
}

static int add_node(struct differ *d, int parent_fd, const char *name, unsigned depth, struct error *err)
{
	_cleanup_arena_ struct arena *arena = NULL;
	struct node node = { .parent_fd = parent_fd, .name = name, .fd = -EBADF };
	const void *content;
	int r;

	if (fstatat(parent_fd, name, &node.st, AT_SYMLINK_NOFOLLOW) < 0)
		return may_be_gone(d, errno) ? 0 : error_errno(err, errno, "cannot look at it");
	if (is_whiteout(d, &node.st))
		return add_whiteout(d, &node, err);
	if (d->form == LAYER_DIFF_UPPER && str_starts_with(name, LAYER_WHITEOUT_PREFIX))
		return error_set(err, ERROR_UNSUPPORTED, 0, "in a layer the name would stand for a removed file");
	if (S_ISSOCK(node.st.st_mode)) {
		d->report.sockets++;
		return 0;
	}
	if (node.st.st_dev != d->device && d->form < LAYER_DIFF_LIVE)
		return error_set(err, ERROR_UNSUPPORTED, 0, "another file system is mounted there");
	if (find_content(d, &node.st, &content))
		return add_known(d, &node, content, err);
	arena = node.arena = arena_new();
	r = add_opened(d, &node, depth, err);
	close_and_forget(&node.fd);
	return r;
}

/* ---- the tree --------------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the directory, sorted; NULL-terminated. */
static int list_names(int fd, char ***ret, struct error *err)
{
	_cleanup_strv_ char **names = memory_new(1, sizeof *names);
	_cleanup_closedir_ DIR *directory = NULL;
	size_t count = 0;
	struct dirent *entry;
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	directory = own_fd < 0 ? NULL : fdopendir(own_fd);
	if (!directory)
		return error_errno(err, errno, "cannot read the directory");
	while (errno = 0, (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* Doubled at each power of two, the end counted. */
		if ((count & (count + 1)) == 0)
			names = memory_resize(names, 2 * (count + 1), sizeof *names);
		names[count++] = str_dup(entry->d_name);
		names[count] = NULL;
	}
	if (errno)
		return error_errno(err, errno, "cannot read the directory");
	qsort(names, count, sizeof *names, compare_names);
	*ret = TAKE_PTR(names);
	return 0;
}

static int walk(struct differ *d, int fd, unsigned depth, struct error *err)
{
	_cleanup_strv_ char **names = NULL;
	size_t length = d->path.length;
	int r = depth > DEPTH_LIMIT ? error_set(err, ERROR_UNSUPPORTED, 0, "too many levels of directories") : list_names(fd, &names, err);

	for (size_t i = 0; r >= 0 && names[i]; i++) {
		d->path.length = length;
		if (length)
			buf_add_char(&d->path, '/');
		buf_add_text(&d->path, names[i]);
		r = add_node(d, fd, names[i], depth, err);
	}
	/* After a failure the path says where. */
	if (r >= 0) {
		d->path.length = length;
		d->path.data[length] = '\0';
	}
	return r;
}

static bool is_opaque_root(int fd)
{
	char value;

	return (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 || fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1) && value == 'y';
}

static int diff(struct differ *d, int directory_fd, struct error *err)
{
	struct stat st;
	int r = 0;

	buf_add_text(&d->path, "");
	if (fstat(directory_fd, &st) < 0)
		return error_errno(err, errno, "cannot look at the directory");
	d->device = st.st_dev;
	if (d->form == LAYER_DIFF_UPPER && is_opaque_root(directory_fd))
		r = add_mark(d, "", LAYER_OPAQUE_NAME, err);
	if (r >= 0)
		r = walk(d, directory_fd, 0, err);
	return r < 0 ? error_wrap(err, "cannot archive '%.300s'", d->path.data) : tar_writer_finish(d->writer, err);
}

/* NAME of PARENT_FD as TITLE; or, without one, what is in that directory. */
static int diff_entry(struct differ *d, int parent_fd, const char *name, const char *title, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (!*title) {
		fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? error_errno(err, errno, "cannot open the directory '%.300s'", name) : diff(d, fd, err);
	}
	buf_add_text(&d->path, title);
	r = add_node(d, parent_fd, name, 0, err);
	return r < 0 ? error_wrap(err, "cannot archive '%.300s'", d->path.data) : tar_writer_finish(d->writer, err);
}

/* Whose members that differ from one caller to another are set. NAME NULL: the directory FD itself. */
static int run(struct differ *d, int fd, const char *name, const char *title, struct sink sink, struct layer_diff_report *ret, struct error *err)
{
	_cleanup_tar_writer_ struct tar_writer *writer = tar_writer_new(sink);
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ uint8_t *data = memory_new(1, DATA_SIZE), *xattr_value = memory_new(1, XATTR_VALUE_SIZE);
	_cleanup_free_ char *xattr_names = memory_new(1, XATTR_NAMES_SIZE);
	int r;

	d->writer = writer;
	d->data = data;
	d->xattr_names = xattr_names;
	d->xattr_value = xattr_value;
	d->arena = arena;
	r = name ? diff_entry(d, fd, name, title, err) : diff(d, fd, err);
	free(d->first_names);
	buf_done(&d->path);
	if (r < 0)
		return r;
	*ret = d->report;
	return 0;
}

int layer_diff(int directory_fd, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret, struct error *err)
{
	return run(&(struct differ){ .form = form }, directory_fd, NULL, NULL, sink, ret, err);
}

int layer_diff_of_outsiders(int directory_fd, const struct idmap *owners, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret,
	struct error *err)
{
	return run(&(struct differ){ .form = form, .owners = owners }, directory_fd, NULL, NULL, sink, ret, err);
}

int layer_diff_upper(int directory_fd, const struct layer_diff_content *content, struct sink sink, struct layer_diff_report *ret, struct error *err)
{
	return run(&(struct differ){ .form = LAYER_DIFF_UPPER, .content = content }, directory_fd, NULL, NULL, sink, ret, err);
}

int layer_diff_entry(int parent_fd, const char *name, const char *title, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret,
	struct error *err)
{
	return run(&(struct differ){ .form = form }, parent_fd, name, title, sink, ret, err);
}
