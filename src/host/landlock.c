/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers are those of <linux/landlock.h>, of which Debian 12 has an early version. */
#include "host/landlock.h"

#include <stdint.h>
#include <sys/syscall.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH 1

enum right {
	RIGHT_EXECUTE     = 1 << 0,
	RIGHT_WRITE_FILE  = 1 << 1,
	RIGHTS_TO_READ    = 3 << 2,     /* files, directories */
	RIGHT_REMOVE_DIR  = 1 << 4,
	RIGHT_REMOVE_FILE = 1 << 5,
	RIGHTS_TO_MAKE    = 0x7f << 6,  /* devices, directories, files, sockets, fifos, links */
	RIGHT_REFER       = 1 << 13,    /* ABI 2, Linux 5.19: to another directory */
	RIGHT_TRUNCATE    = 1 << 14,    /* ABI 3, 6.2 */
	RIGHT_IOCTL_DEVICE = 1 << 15,   /* ABI 5, 6.10 */
	RIGHTS_TO_REMOVE  = RIGHT_REMOVE_DIR | RIGHT_REMOVE_FILE,
};
#define TCP_BIND_AND_CONNECT 3 /* ABI 4, 6.7 */
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
	if (r == 0 && rules->restricts_reading)
		r = allow(fd, rules->readable, rules->readable_count, RIGHTS_TO_READ);
	if (r < 0)
		return r;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
