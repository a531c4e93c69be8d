/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers are those of <linux/landlock.h>, of which Debian 12 has an early version. */
#include "host/landlock.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH 1
#define RULE_PORT 2

enum right {
	RIGHT_EXECUTE     = 1 << 0,
	RIGHT_WRITE_FILE  = 1 << 1,
	RIGHT_READ_FILE   = 1 << 2,
	RIGHTS_TO_READ    = 3 << 2,     /* and directories */
	RIGHT_REMOVE_DIR  = 1 << 4,
	RIGHT_REMOVE_FILE = 1 << 5,
	RIGHTS_TO_MAKE    = 0x7f << 6,  /* devices, directories, files, sockets, fifos, links */
	RIGHT_REFER       = 1 << 13,    /* ABI 2, Linux 5.19: to another directory */
	RIGHT_TRUNCATE    = 1 << 14,    /* ABI 3, 6.2 */
	RIGHT_IOCTL_DEVICE = 1 << 15,   /* ABI 5, 6.10 */
	RIGHTS_TO_REMOVE  = RIGHT_REMOVE_DIR | RIGHT_REMOVE_FILE,
};
/* ABI 4, 6.7 */
#define TCP_BIND 1
#define TCP_CONNECT 2
#define TCP_BIND_AND_CONNECT 3
#define SCOPE_SOCKETS_AND_SIGNALS 3 /* ABI 6, 6.12 */

struct ruleset {
	uint64_t files, tcp, scoped;
};

/* Packed, as the kernel has it. */
struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

/* The kernel takes the struct as long as it knows it: by ABI version. */
static struct ruleset ruleset_of(const struct landlock_rules *rules, long abi, size_t *ret_size)
{
	struct ruleset set = { .files = RIGHT_WRITE_FILE | RIGHTS_TO_REMOVE | RIGHTS_TO_MAKE };

	if (!rules->executes)
		set.files |= RIGHT_EXECUTE;
	if (rules->restricts_reading)
		set.files |= RIGHTS_TO_READ;
	if (abi >= 2)
		set.files |= RIGHT_REFER;
	if (abi >= 3)
		set.files |= RIGHT_TRUNCATE;
	if (abi >= 5)
		set.files |= RIGHT_IOCTL_DEVICE;
	if (!rules->connects)
		set.tcp = TCP_BIND_AND_CONNECT;
	if (!rules->executes)
		set.scoped = SCOPE_SOCKETS_AND_SIGNALS;
	*ret_size = abi < 4 ? sizeof set.files : abi < 6 ? 2 * sizeof set.files : sizeof set;
	return set;
}

static int allow(int ruleset_fd, const int *fds, size_t count, uint64_t rights)
{
	for (size_t i = 0; i < count; i++) {
		struct path_beneath rule = { .allowed = rights, .parent_fd = fds[i] };

		if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH_BENEATH, &rule, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Of what is no directory only what is about its content can be allowed. */
static int allow_file(int ruleset_fd, int fd, uint64_t rights)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return allow(ruleset_fd, &fd, 1, S_ISDIR(status.st_mode) ? rights : rights & (RIGHT_WRITE_FILE | RIGHT_READ_FILE | RIGHT_TRUNCATE));
}

int landlock_restrict(const struct landlock_rules *rules)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
	_cleanup_close_ int fd = -EBADF;
	struct ruleset set;
	size_t size;
	int r;

	if (abi < 0)
		return -errno;
	set = ruleset_of(rules, abi, &size);
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (fd < 0)
		return -errno;
	r = allow(fd, rules->writable, rules->writable_count, set.files & ~(uint64_t)RIGHT_EXECUTE);
	if (r == 0)
		r = allow(fd, rules->removable, rules->removable_count, RIGHTS_TO_REMOVE);
	for (size_t i = 0; r == 0 && rules->restricts_reading && i < rules->readable_count; i++)
		r = allow_file(fd, rules->readable[i], RIGHTS_TO_READ);
	if (r < 0)
		return r;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}

/* ---- others' limits -------------------------------------------------------------------- */

struct port {
	uint64_t allowed, port;
};

int landlock_version(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

static uint64_t rights_to_write(int abi)
{
	return RIGHT_WRITE_FILE | RIGHTS_TO_REMOVE | RIGHTS_TO_MAKE | (abi >= 2 ? RIGHT_REFER : 0) | (abi >= 3 ? RIGHT_TRUNCATE : 0);
}

static int allow_ports(int ruleset_fd, const uint16_t *ports, size_t count, uint64_t right)
{
	for (size_t i = 0; i < count; i++) {
		struct port rule = { .allowed = right, .port = ports[i] };

		if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &rule, 0) < 0)
			return -errno;
	}
	return 0;
}

int landlock_prepare(const struct landlock_limits *limits, int *ret_fd)
{
	int abi = landlock_version(), r = 0;
	_cleanup_close_ int fd = -EBADF;
	struct ruleset set = { .files = 0 };

	if (abi < 0)
		return abi;
	if (limits->limits_files)
		set.files = rights_to_write(abi);
	if (abi >= LANDLOCK_VERSION_OF_PORTS)
		set.tcp = (limits->limits_binds ? TCP_BIND : 0) | (limits->limits_connects ? TCP_CONNECT : 0);
	if (!set.files && !set.tcp) {
		*ret_fd = -EBADF;
		return 0;
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, abi < 4 ? sizeof set.files : 2 * sizeof set.files, 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && set.files && i < limits->file_count; i++)
		r = allow_file(fd, limits->files[i], set.files);
	if (r == 0 && (set.tcp & TCP_BIND))
		r = allow_ports(fd, limits->binds, limits->bind_count, TCP_BIND);
	if (r == 0 && (set.tcp & TCP_CONNECT))
		r = allow_ports(fd, limits->connects, limits->connect_count, TCP_CONNECT);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int landlock_enter(int fd)
{
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
