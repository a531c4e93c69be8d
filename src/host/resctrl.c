/* SPDX-License-Identifier: Apache-2.0 */
#include "host/resctrl.h"

#include "base/file.h"
#include "host/procfs.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif
#define TEXT_LIMIT (1u << 20)

/* ---- the file system --------------------------------------------------------------- */

const char *resctrl_find_mount(const struct mountinfo *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (str_equal(table->entries[i].type, "resctrl") && str_equal(table->entries[i].root, "/"))
			return table->entries[i].mount_point;
	return NULL;
}

/* The kernel registers it only where a processor can do something of it. */
static bool is_known(int procfs_fd)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;

	return procfs_open(procfs_fd, "filesystems", O_RDONLY, &fd) == 0 && fd_read_all(fd, TEXT_LIMIT, &text) == 0 && text.data &&
	       strstr(text.data, "\tresctrl\n");
}

int resctrl_open(char **ret_mount, int *ret_root_fd)
{
	_cleanup_close_ int procfs_fd = -EBADF, fd = -EBADF;
	_cleanup_mountinfo_ struct mountinfo table = { 0 };
	const char *mount;
	struct statfs fs;
	int r = procfs_open_host(&procfs_fd);

	if (r == 0)
		r = mountinfo_load(procfs_fd, &table);
	if (r < 0)
		return r;
	mount = resctrl_find_mount(&table);
	if (!mount)
		return is_known(procfs_fd) ? -ENOENT : -EOPNOTSUPP;
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	/* Something else may be mounted on top. */
	if (fs.f_type != RDTGROUP_SUPER_MAGIC)
		return -ENOENT;
	*ret_mount = str_dup(mount);
	*ret_root_fd = TAKE_FD(fd);
	return 0;
}

char *resctrl_last_status(int root_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(root_fd, "info/last_cmd_status", TEXT_LIMIT, &text) < 0 || !text.data || str_starts_with(text.data, "ok\n"))
		return str_dup("");
	return str_printf("%.*s", (int)strcspn(text.data, "\n"), text.data);
}

unsigned resctrl_bandwidth_step(int root_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(root_fd, "info/MB/bandwidth_gran", TEXT_LIMIT, &text) < 0 || !text.data)
		return 0;
	return (unsigned)strtoul(text.data, NULL, 10);
}

/* ---- classes ---------------------------------------------------------------------------- */

static int open_directory(int dirfd, const char *name, int *ret_fd)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int resctrl_open_class(int root_fd, const char *name, int *ret_class_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_directory(root_fd, str_equal(name, RESCTRL_DEFAULT) ? "." : name, &fd);

	if (r < 0)
		return r;
	/* "info" and "mon_groups" are directories, too. */
	if (faccessat(fd, "schemata", F_OK, 0) < 0)
		return -ENOTDIR;
	*ret_class_fd = TAKE_FD(fd);
	return 0;
}

int resctrl_make_class(int root_fd, const char *name)
{
	return mkdirat(root_fd, name, 0755) < 0 ? -errno : 0;
}

int resctrl_remove_class(int root_fd, const char *name)
{
	return unlinkat(root_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

bool resctrl_class_is_empty(int class_fd)
{
	_cleanup_close_ int fd = openat(class_fd, "tasks", O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 0;
}

int resctrl_enter(int class_fd, const char *monitor, pid_t pid)
{
	char text[16];
	int r;

	snprintf(text, sizeof text, "%d\n", (int)pid);
	r = file_put_at(class_fd, "tasks", text);
	if (r == 0 && monitor) {
		_cleanup_free_ char *path = str_printf("mon_groups/%s/tasks", monitor);

		r = file_put_at(class_fd, path, text);
	}
	return r;
}

/* ---- monitoring groups ---------------------------------------------------------------- */

int resctrl_make_monitor(int class_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_directory(class_fd, "mon_groups", &fd);

	if (r < 0)
		return r;
	return mkdirat(fd, name, 0755) < 0 ? -errno : 0;
}

int resctrl_remove_monitor(int class_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_directory(class_fd, "mon_groups", &fd);

	if (r == 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r == -ENOENT ? 0 : r;
}

bool resctrl_has_monitor(int class_fd, const char *name)
{
	_cleanup_close_ int fd = -EBADF;

	return open_directory(class_fd, "mon_groups", &fd) == 0 && faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- schemata ------------------------------------------------------------------------------ */

int resctrl_write_schema(int class_fd, const char *schema)
{
	_cleanup_free_ char *text = str_printf("%s\n", schema);

	return file_put_at(class_fd, "schemata", text);
}

int resctrl_read_schemata(int class_fd, struct buf *text)
{
	return file_read_at(class_fd, "schemata", TEXT_LIMIT, text);
}

/* A piece of a text. */
struct piece {
	const char *text;
	size_t length;
};

static struct piece trim(struct piece piece)
{
	while (piece.length && isspace((unsigned char)*piece.text))
		piece.text++, piece.length--;
	while (piece.length && isspace((unsigned char)piece.text[piece.length - 1]))
		piece.length--;
	return piece;
}

/* Cuts the next piece that ends at one of ENDS off *REST, without blanks around it; false at the end. */
static bool cut(struct piece *rest, const char *ends, struct piece *ret)
{
	size_t length = 0;

	if (rest->length == 0)
		return false;
	while (length < rest->length && !strchr(ends, rest->text[length]))
		length++;
	*ret = trim((struct piece){ rest->text, length });
	if (length < rest->length)
		length++;
	rest->text += length;
	rest->length -= length;
	return true;
}

static bool is_same(struct piece a, struct piece b)
{
	return a.length == b.length && strncasecmp(a.text, b.text, a.length) == 0;
}

/* The value of DOMAIN in the line of RESOURCE. */
static bool find_value(const char *schemata, struct piece resource, struct piece domain, struct piece *ret)
{
	struct piece lines = { schemata, strlen(schemata) }, line, name, entry, id;

	while (cut(&lines, "\n", &line)) {
		if (!cut(&line, ":", &name) || !is_same(name, resource))
			continue;
		while (cut(&line, ";", &entry))
			if (cut(&entry, "=", &id) && is_same(id, domain)) {
				*ret = trim(entry);
				return true;
			}
	}
	return false;
}

static struct piece drop_zeros(struct piece value)
{
	while (value.length > 1 && *value.text == '0')
		value.text++, value.length--;
	return value;
}

static unsigned long long number_of(struct piece value)
{
	char text[24];

	snprintf(text, sizeof text, "%.*s", (int)value.length, value.text);
	return strtoull(text, NULL, 10);
}

static bool is_value(struct piece resource, struct piece found, struct piece wanted, unsigned step)
{
	unsigned long long number;

	if (is_same(drop_zeros(found), drop_zeros(wanted)))
		return true;
	if (!step || !is_same(resource, (struct piece){ "MB", 2 }))
		return false;
	number = number_of(wanted);
	return (number + step - 1) / step * step == number_of(found);
}

bool resctrl_schemata_hold(const char *schemata, const char *schema, unsigned bandwidth_step)
{
	struct piece lines = { schema, strlen(schema) }, line, resource, entry, domain, found;

	while (cut(&lines, "\n", &line)) {
		if (line.length == 0)
			continue;
		if (!memchr(line.text, ':', line.length) || !cut(&line, ":", &resource))
			return false;
		while (cut(&line, ";", &entry))
			if (entry.length && (!cut(&entry, "=", &domain) || !find_value(schemata, resource, domain, &found) ||
					     !is_value(resource, found, trim(entry), bandwidth_step)))
				return false;
	}
	return true;
}
