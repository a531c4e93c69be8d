/* SPDX-License-Identifier: Apache-2.0 */
#include "host/namespace_table.h"
#include "base/file.h"
#include "host/mountinfo.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define MOUNTINFO_LIMIT (16u << 20)
#define COMMAND_LIMIT 64
#define LINK_BYTES 64 /* more than "cgroup:[18446744073709551615]" */

static const char *const names[NAMESPACE_TYPES] = {
	[NAMESPACE_CGROUP] = "cgroup", [NAMESPACE_IPC] = "ipc", [NAMESPACE_MOUNT] = "mnt", [NAMESPACE_NET] = "net", [NAMESPACE_PID] = "pid",
	[NAMESPACE_TIME] = "time", [NAMESPACE_USER] = "user", [NAMESPACE_UTS] = "uts",
};

const char *namespace_type_name(enum namespace_type type)
{
	return names[type];
}

bool namespace_type_of(const char *name, enum namespace_type *ret)
{
	if (str_equal(name, "mount"))
		name = "mnt";
	if (str_equal(name, "network"))
		name = "net";
	for (int type = 0; type < NAMESPACE_TYPES; type++)
		if (str_equal(name, names[type])) {
			*ret = (enum namespace_type)type;
			return true;
		}
	return false;
}

bool namespace_parse(const char *text, enum namespace_type *ret_type, uint64_t *ret_number)
{
	const char *colon = strchr(text, ':');
	char name[16], number[24];
	size_t length;

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof name || colon[1] != '[')
		return false;
	memcpy(name, text, (size_t)(colon - text));
	name[colon - text] = '\0';
	length = strspn(colon + 2, "0123456789");
	if (length == 0 || length >= sizeof number || strcmp(colon + 2 + length, "]") != 0)
		return false;
	memcpy(number, colon + 2, length);
	number[length] = '\0';
	return namespace_type_of(name, ret_type) && str_equal(name, names[*ret_type]) && str_to_u64(number, 10, ret_number) == 0;
}

/* ---- the table that grows ---------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	int procfs;
	struct namespace_entry *entries;
	size_t count, capacity, hidden;
};

static struct namespace_entry *find(struct reading *reading, enum namespace_type type, uint64_t number)
{
	struct namespace_entry *entry;

	/* The last ones are what the process before was in, too. */
	for (size_t i = reading->count; i-- > 0;)
		if (reading->entries[i].type == type && reading->entries[i].number == number)
			return &reading->entries[i];
	if (reading->count == reading->capacity) {
		reading->capacity = 2 * reading->capacity + 64;
		reading->entries = memory_resize(reading->entries, reading->capacity, sizeof *reading->entries);
	}
	entry = &reading->entries[reading->count++];
	*entry = (struct namespace_entry){ .type = type, .number = number };
	return entry;
}

static void add_pid(struct reading *reading, struct namespace_entry *entry, pid_t pid)
{
	/* Grown by doubling, where the count is a power of two. */
	if ((entry->pid_count & (entry->pid_count - 1)) == 0) {
		pid_t *more = arena_alloc(reading->arena, entry->pid_count ? 2 * entry->pid_count : 1, sizeof *more);

		if (entry->pid_count)
			memcpy(more, entry->pids, entry->pid_count * sizeof *more);
		entry->pids = more;
	}
	entry->pids[entry->pid_count++] = pid;
}

static void add_pin(struct reading *reading, struct namespace_entry *entry, const struct namespace_pin *pin)
{
	if ((entry->pin_count & (entry->pin_count - 1)) == 0) {
		struct namespace_pin *more = arena_alloc(reading->arena, entry->pin_count ? 2 * entry->pin_count : 1, sizeof *more);

		if (entry->pin_count)
			memcpy(more, entry->pins, entry->pin_count * sizeof *more);
		entry->pins = more;
	}
	entry->pins[entry->pin_count++] = *pin;
}

/* ---- relations --------------------------------------------------------------------------------- */

/* The number of what an ioctl of ioctl_ns(2) opens; 0: it may not be seen. */
static uint64_t number_behind(int ns_fd, unsigned long request)
{
	_cleanup_close_ int fd = ioctl(ns_fd, request);
	struct stat info;

	return fd >= 0 && fstat(fd, &info) == 0 ? info.st_ino : 0;
}

static void relate(struct namespace_entry *entry, int dirfd, const char *path)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	if (entry->type != NAMESPACE_USER)
		entry->owner = number_behind(fd, NS_GET_USERNS);
	if (entry->type == NAMESPACE_USER || entry->type == NAMESPACE_PID)
		entry->parent = number_behind(fd, NS_GET_PARENT);
}

/* ---- processes ------------------------------------------------------------------------------------ */

static bool read_link(int dirfd, const char *path, char text[LINK_BYTES])
{
	ssize_t length = readlinkat(dirfd, path, text, LINK_BYTES - 1);

	if (length <= 0)
		return false;
	text[length] = '\0';
	return true;
}

static const char *read_command(struct reading *reading, int fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_at(fd, "comm", COMMAND_LIMIT, &text) == 0 ? arena_strdup(reading->arena, str_trim_end(text.data)) : NULL;
}

struct holder {
	struct reading *reading;
	int fd; /* its directory "fd" */
	pid_t pid;
};

static int look_at_descriptor(void *context, const char *name)
{
	const struct holder *holder = context;
	enum namespace_type type;
	char text[LINK_BYTES];
	uint64_t number;
	int64_t fd;

	if (str_to_i64(name, 10, &fd) < 0 || !read_link(holder->fd, name, text) || !namespace_parse(text, &type, &number))
		return 0;
	add_pin(holder->reading, find(holder->reading, type, number), &(const struct namespace_pin){ .pid = holder->pid, .fd = (int)fd });
	return 0;
}

/* Descriptors that are open to namespaces. */
static void look_at_descriptors(struct reading *reading, int fd, pid_t pid)
{
	_cleanup_close_ int dir = openat(fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct holder holder = { reading, dir, pid };

	if (dir >= 0)
		ignore_result(file_each_name(dir, look_at_descriptor, &holder)); /* it may just have ended */
}

/* Mounts of nsfs, once for each mount namespace. */
static void look_at_mounts(struct reading *reading, int fd, pid_t pid)
{
	_cleanup_(mountinfo_done) struct mountinfo table = { 0 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_at(fd, "mountinfo", MOUNTINFO_LIMIT, &text) < 0 || mountinfo_parse(text.data ? text.data : "", &table) < 0)
		return;
	for (size_t i = 0; i < table.count; i++) {
		enum namespace_type type;
		uint64_t number;

		if (!str_equal(table.entries[i].type, "nsfs") || !namespace_parse(table.entries[i].root, &type, &number))
			continue;
		add_pin(reading, find(reading, type, number),
			&(const struct namespace_pin){ .path = arena_strdup(reading->arena, table.entries[i].mount_point), .pid = pid, .fd = -EBADF });
	}
}

static int look_at(void *context, const char *name)
{
	struct reading *reading = context;
	_cleanup_close_ int fd = -EBADF;
	bool has_new_mounts = false, is_seen = false, is_denied = false;
	int64_t pid;

	if (*name < '0' || *name > '9' || str_to_i64(name, 10, &pid) < 0)
		return 0;
	fd = openat(reading->procfs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	for (int type = 0; type < NAMESPACE_TYPES; type++) {
		char path[16], text[LINK_BYTES];
		enum namespace_type found;
		struct namespace_entry *entry;
		uint64_t number;

		snprintf(path, sizeof path, "ns/%s", names[type]);
		if (!read_link(fd, path, text)) {
			is_denied |= errno == EACCES || errno == EPERM; /* else it ends, or the kernel has none of that type */
			continue;
		}
		if (!namespace_parse(text, &found, &number))
			continue;
		is_seen = true;
		entry = find(reading, found, number);
		if (entry->pid_count == 0) {
			entry->command = read_command(reading, fd);
			relate(entry, fd, path);
			has_new_mounts |= found == NAMESPACE_MOUNT;
		}
		add_pid(reading, entry, (pid_t)pid);
	}
	reading->hidden += !is_seen && is_denied;
	if (has_new_mounts)
		look_at_mounts(reading, fd, (pid_t)pid);
	if (is_seen)
		look_at_descriptors(reading, fd, (pid_t)pid);
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static int compare_pids(const void *a, const void *b)
{
	const pid_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static int compare_entries(const void *a, const void *b)
{
	const struct namespace_entry *one = a, *other = b;

	if (one->type != other->type)
		return one->type < other->type ? -1 : 1;
	return (one->number > other->number) - (one->number < other->number);
}

/* What nobody is in is asked through what keeps it. */
static void relate_pinned(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		struct namespace_entry *entry = &reading->entries[i];
		char path[64];

		for (size_t j = 0; entry->pid_count == 0 && !entry->owner && !entry->parent && j < entry->pin_count; j++) {
			if (entry->pins[j].path)
				continue;
			snprintf(path, sizeof path, "%d/fd/%d", (int)entry->pins[j].pid, entry->pins[j].fd);
			relate(entry, reading->procfs, path);
		}
	}
}

int namespace_table_read(struct arena *arena, int procfs_fd, struct namespace_table *ret)
{
	struct reading reading = { .arena = arena, .procfs = procfs_fd };
	int r = file_each_name(procfs_fd, look_at, &reading);

	if (r < 0) {
		free(reading.entries);
		return r;
	}
	relate_pinned(&reading);
	for (size_t i = 0; i < reading.count; i++)
		if (reading.entries[i].pid_count)
			qsort(reading.entries[i].pids, reading.entries[i].pid_count, sizeof *reading.entries[i].pids, compare_pids);
	ret->entries = arena_alloc(arena, reading.count + 1, sizeof *ret->entries);
	if (reading.count) {
		qsort(reading.entries, reading.count, sizeof *reading.entries, compare_entries);
		memcpy(ret->entries, reading.entries, reading.count * sizeof *ret->entries);
	}
	ret->count = reading.count;
	ret->hidden = reading.hidden;
	free(reading.entries);
	return 0;
}

const struct namespace_entry *namespace_table_find(const struct namespace_table *table, enum namespace_type type, pid_t pid)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct namespace_entry *entry = &table->entries[i];

		if (entry->type == type && entry->pid_count && bsearch(&pid, entry->pids, entry->pid_count, sizeof pid, compare_pids))
			return entry;
	}
	return NULL;
}
