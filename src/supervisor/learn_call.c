/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/learn_call.h"
#include "base/str.h"
#include "host/seccomp_arch.h"
#include "host/syscalls.h"
#include "supervisor/learn_path.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#define PAGE_BYTES 4096
#define PRIVILEGED_PORTS 1024

/* What a call does. */
enum action {
	NOTHING,
	OPENS,       /* a file, with flags */
	OPENS_BY_HOW, /* the flags are in memory: openat2(2) */
	MAKES_FILE,  /* creat(2) */
	MAKES,       /* a name in a directory, which is not there yet */
	REMOVES,     /* one that is there */
	LINKS,       /* from a directory to another, both of which Landlock asks for */
	CHANGES,     /* the content of a file by its name */
	BINDS,
	CONNECTS,
	SENDS,       /* perhaps to an address */
	SENDS_MESSAGE,
};

/* When a call takes its capability. */
enum need {
	NEVER,
	ALWAYS,
	FOR_DEVICES,  /* mknod(2): its mode */
	FOR_RAW,      /* socket(2) */
	FOR_BOUNDING, /* prctl(2) */
	FOR_LIMITS,   /* prlimit(2): a value to set */
	FOR_LOW_PORTS,
};

struct learn_kind {
	char name[20];
	uint8_t action;
	int8_t dirfd, path;      /* numbers of arguments; -1: there is none */
	int8_t flags;            /* or mode, or address */
	int8_t to_dirfd, to_path; /* of LINKS: the other name; of MAKES and others unused */
	uint8_t need;
	int8_t capability;
};

static const struct learn_kind kinds[] = {
	/* name               action        dirfd path flags to       need          capability */
	{ "open",             OPENS,        -1, 0, 1,  -1, -1,  NEVER, 0 },
	{ "openat",           OPENS,         0, 1, 2,  -1, -1,  NEVER, 0 },
	{ "openat2",          OPENS_BY_HOW,  0, 1, 2,  -1, -1,  NEVER, 0 },
	{ "creat",            MAKES_FILE,   -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "mkdir",            MAKES,        -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "mkdirat",          MAKES,         0, 1, -1, -1, -1,  NEVER, 0 },
	{ "mknod",            MAKES,        -1, 0, 1,  -1, -1,  FOR_DEVICES, CAP_MKNOD },
	{ "mknodat",          MAKES,         0, 1, 2,  -1, -1,  FOR_DEVICES, CAP_MKNOD },
	{ "symlink",          MAKES,        -1, 1, -1, -1, -1,  NEVER, 0 },
	{ "symlinkat",        MAKES,         1, 2, -1, -1, -1,  NEVER, 0 },
	{ "rmdir",            REMOVES,      -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "unlink",           REMOVES,      -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "unlinkat",         REMOVES,       0, 1, -1, -1, -1,  NEVER, 0 },
	{ "rename",           LINKS,        -1, 0, -1, -1, 1,   NEVER, 0 },
	{ "renameat",         LINKS,         0, 1, -1,  2, 3,   NEVER, 0 },
	{ "renameat2",        LINKS,         0, 1, -1,  2, 3,   NEVER, 0 },
	{ "link",             LINKS,        -1, 0, -1, -1, 1,   NEVER, 0 },
	{ "linkat",           LINKS,         0, 1, -1,  2, 3,   NEVER, 0 },
	{ "truncate",         CHANGES,      -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "truncate64",       CHANGES,      -1, 0, -1, -1, -1,  NEVER, 0 },
	{ "bind",             BINDS,        -1, -1, 1, -1, -1,  FOR_LOW_PORTS, CAP_NET_BIND_SERVICE },
	{ "connect",          CONNECTS,     -1, -1, 1, -1, -1,  NEVER, 0 },
	{ "sendto",           SENDS,        -1, -1, 4, -1, -1,  NEVER, 0 },
	{ "sendmsg",          SENDS_MESSAGE, -1, -1, 1, -1, -1, NEVER, 0 },
	{ "socket",           NOTHING,      -1, -1, -1, -1, -1, FOR_RAW, CAP_NET_RAW },
	{ "chown",            NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "chown32",          NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "lchown",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "lchown32",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "fchown",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "fchown32",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "fchownat",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_CHOWN },
	{ "setxattr",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETFCAP },
	{ "lsetxattr",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETFCAP },
	{ "fsetxattr",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETFCAP },
	{ "setuid",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setuid32",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setreuid",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setreuid32",       NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setresuid",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setresuid32",      NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setfsuid",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETUID },
	{ "setgid",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setgid32",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setregid",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setregid32",       NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setresgid",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setresgid32",      NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setfsgid",         NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setgroups",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "setgroups32",      NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETGID },
	{ "capset",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SETPCAP },
	{ "prctl",            NOTHING,      -1, -1, -1, -1, -1, FOR_BOUNDING, CAP_SETPCAP },
	{ "kill",             NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_KILL },
	{ "tkill",            NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_KILL },
	{ "pidfd_send_signal", NOTHING,     -1, -1, -1, -1, -1, ALWAYS, CAP_KILL },
	{ "rt_sigqueueinfo",  NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_KILL },
	{ "chroot",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SYS_CHROOT },
	{ "ptrace",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SYS_PTRACE },
	{ "reboot",           NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SYS_BOOT },
	{ "setrlimit",        NOTHING,      -1, -1, -1, -1, -1, ALWAYS, CAP_SYS_RESOURCE },
	{ "prlimit64",        NOTHING,      -1, -1, -1, -1, -1, FOR_LIMITS, CAP_SYS_RESOURCE },
};

/* ---- reading a process ------------------------------------------------------------------------ */

/* SIZE bytes at ADDRESS of the process, all or none. */
static bool read_memory(pid_t pid, uint64_t address, void *ret, size_t size)
{
	struct iovec ours = { ret, size }, theirs = { (void *)(uintptr_t)address, size };

	return address && process_vm_readv(pid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

/* A text, page by page: the page behind its end may not be there. */
static bool read_text(pid_t pid, uint64_t address, char ret[PATH_MAX])
{
	size_t length = 0;

	while (length < PATH_MAX) {
		size_t part = PAGE_BYTES - (address + length) % PAGE_BYTES;

		part = part > PATH_MAX - length ? PATH_MAX - length : part;
		if (!read_memory(pid, address + length, ret + length, part))
			return false;
		if (memchr(ret + length, '\0', part))
			return true;
		length += part;
	}
	return false;
}

/* What a descriptor of the process is: its type and protocol; false if it is no socket, or cannot be had. */
static bool look_at_socket(pid_t pid, int fd, int *ret_type)
{
	_cleanup_close_ int pidfd = -EBADF, socket = -EBADF;
	socklen_t length = sizeof *ret_type;
	char path[64], line[256];
	uint64_t leader = 0;
	FILE *file;

	/* Descriptors are those of the thread's process. */
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && !leader && fgets(line, sizeof line, file))
		if (str_starts_with(line, "Tgid:"))
			leader = strtoull(line + 5, NULL, 10);
	if (file)
		fclose(file);
	pidfd = leader ? sys_pidfd_open((pid_t)leader, 0) : -1;
	socket = pidfd >= 0 ? sys_pidfd_getfd(pidfd, fd) : -1;
	return socket >= 0 && getsockopt(socket, SOL_SOCKET, SO_TYPE, ret_type, &length) == 0;
}

/* ---- paths ------------------------------------------------------------------------------------------ */

struct call {
	struct learn *learn;
	const struct learn_kind *kind;
	const struct seccomp_data *data;
	pid_t pid;
};

static bool find_path(const struct call *call, int dirfd, int path, bool follow, struct learn_path *ret)
{
	char text[PATH_MAX];

	if (!read_text(call->pid, call->data->args[path], text) || !*text)
		return false;
	return learn_path_find(call->learn->root_fd, call->pid, dirfd < 0 ? AT_FDCWD : (int)call->data->args[dirfd], text, follow, ret) == 0;
}

static void add_opened(const struct call *call, uint64_t flags)
{
	bool creates = flags & O_CREAT, writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
	bool is_nameless = (flags & O_TMPFILE) == O_TMPFILE;
	struct learn_path found;

	if ((flags & O_PATH) || (!creates && !writes))
		return;
	if (!find_path(call, call->kind->dirfd, call->kind->path, !(flags & O_NOFOLLOW), &found))
		return;
	if (is_nameless && found.is_directory)
		spec_profile_add_write(call->learn->profile, found.path);
	else if (!found.exists && creates)
		spec_profile_add_write(call->learn->profile, found.directory);
	else if (found.exists && !found.is_directory && writes && !(creates && (flags & O_EXCL)))
		spec_profile_add_write(call->learn->profile, found.path);
}

static void add_opened_by_how(const struct call *call)
{
	struct sys_open_how how;

	if (read_memory(call->pid, call->data->args[call->kind->flags], &how, sizeof how))
		add_opened(call, how.flags);
}

/* A name, if it is there or not as it must be for the call to do something. */
static void add_name(const struct call *call, bool exists)
{
	struct learn_path found;

	if (find_path(call, call->kind->dirfd, call->kind->path, false, &found) && found.exists == exists)
		spec_profile_add_write(call->learn->profile, found.directory);
}

static void add_link(const struct call *call)
{
	struct learn_path from, to;

	if (!find_path(call, call->kind->dirfd, call->kind->path, false, &from) || !from.exists)
		return;
	if (!find_path(call, call->kind->to_dirfd, call->kind->to_path, false, &to))
		return;
	spec_profile_add_write(call->learn->profile, from.directory);
	spec_profile_add_write(call->learn->profile, to.directory);
}

static void add_changed(const struct call *call)
{
	struct learn_path found;

	if (find_path(call, call->kind->dirfd, call->kind->path, true, &found) && found.exists && !found.is_directory)
		spec_profile_add_write(call->learn->profile, found.path);
}

/* ---- sockets --------------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	char bytes[sizeof(struct sockaddr_un) + 1];
};

static bool read_address(pid_t pid, uint64_t at, uint64_t length, union address *ret)
{
	memset(ret, 0, sizeof *ret);
	if (length < sizeof(sa_family_t) || length > sizeof(struct sockaddr_storage))
		return false;
	return read_memory(pid, at, ret->bytes, length < sizeof ret->bytes - 1 ? length : sizeof ret->bytes - 1);
}

/* -1: it has none. */
static int port_of(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohs(address->in.sin_port);
	return address->any.sa_family == AF_INET6 ? ntohs(address->in6.sin6_port) : -1;
}

static void add_port(const struct call *call, struct spec_profile_ports *ports, const union address *address)
{
	int type = 0, port = port_of(address);

	if (port < 0 || !look_at_socket(call->pid, (int)call->data->args[0], &type) || (type != SOCK_STREAM && type != SOCK_DGRAM))
		return;
	/* connect(2) of a datagram socket to port 0 asks for an address alone, and of others for nothing. */
	if (port == 0 && ports == &call->learn->profile->connects)
		return;
	spec_profile_add_port(call->learn->profile, ports, (struct spec_profile_port){ .udp = type == SOCK_DGRAM, .port = port });
}

static void add_bound(const struct call *call)
{
	struct learn_path found;
	union address address;

	if (!read_address(call->pid, call->data->args[1], call->data->args[2], &address))
		return;
	add_port(call, &call->learn->profile->binds, &address);
	/* A path's socket is a name in a directory. */
	if (address.any.sa_family == AF_UNIX && address.un.sun_path[0] &&
	    learn_path_find(call->learn->root_fd, call->pid, AT_FDCWD, address.un.sun_path, false, &found) == 0 && !found.exists)
		spec_profile_add_write(call->learn->profile, found.directory);
}

static void add_connected(const struct call *call, uint64_t at, uint64_t length)
{
	union address address;

	if (at && read_address(call->pid, at, length, &address))
		add_port(call, &call->learn->profile->connects, &address);
}

static void add_message(const struct call *call, bool is_32bit)
{
	struct msghdr message;

	/* Of 32 bits it is another one, which is not looked into. */
	if (!is_32bit && read_memory(call->pid, call->data->args[call->kind->flags], &message, sizeof message))
		add_connected(call, (uintptr_t)message.msg_name, message.msg_namelen);
}

/* ---- capabilities ----------------------------------------------------------------------------------------------- */

static bool has_low_port(const struct call *call)
{
	union address address;
	int port;

	if (!read_address(call->pid, call->data->args[1], call->data->args[2], &address))
		return false;
	port = port_of(&address);
	return port > 0 && port < PRIVILEGED_PORTS;
}

static bool takes_capability(const struct call *call)
{
	const __u64 *args = call->data->args;

	switch ((enum need)call->kind->need) {
	case NEVER:
		return false;
	case ALWAYS:
		return true;
	case FOR_DEVICES:
		return S_ISCHR(args[call->kind->flags]) || S_ISBLK(args[call->kind->flags]);
	case FOR_RAW:
		return args[0] == AF_PACKET || (args[1] & 0xf) == SOCK_RAW;
	case FOR_BOUNDING:
		return args[0] == PR_CAPBSET_DROP || args[0] == PR_SET_SECUREBITS;
	case FOR_LIMITS:
		return args[2] != 0;
	case FOR_LOW_PORTS:
		return has_low_port(call);
	}
	return false;
}

uint64_t learn_call_untold(uint64_t bounding)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].need != NEVER)
			bounding &= ~(UINT64_C(1) << kinds[i].capability);
	return bounding;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

const struct learn_kind *learn_kind_of(int row)
{
	const char *name = seccomp_row_name(row);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_equal(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static void add_files(const struct call *call)
{
	switch ((enum action)call->kind->action) {
	case OPENS:
		add_opened(call, call->data->args[call->kind->flags]);
		break;
	case OPENS_BY_HOW:
		add_opened_by_how(call);
		break;
	case MAKES_FILE:
		add_opened(call, O_CREAT | O_WRONLY | O_TRUNC);
		break;
	case MAKES:
		add_name(call, false);
		break;
	case REMOVES:
		add_name(call, true);
		break;
	case LINKS:
		add_link(call);
		break;
	case CHANGES:
		add_changed(call);
		break;
	default:
		break;
	}
}

static void add_addresses(const struct call *call, bool is_32bit)
{
	switch ((enum action)call->kind->action) {
	case BINDS:
		add_bound(call);
		break;
	case CONNECTS:
		add_connected(call, call->data->args[1], call->data->args[2]);
		break;
	case SENDS:
		add_connected(call, call->data->args[4], call->data->args[5]);
		break;
	case SENDS_MESSAGE:
		add_message(call, is_32bit);
		break;
	default:
		break;
	}
}

void learn_call(struct learn *learn, const struct learn_kind *kind, const struct seccomp_data *data, pid_t pid, bool is_32bit)
{
	const struct call call = { learn, kind, data, pid };

	add_files(&call);
	add_addresses(&call, is_32bit);
	if (!learn->is_traced && takes_capability(&call) && (learn->bounding >> kind->capability & 1))
		spec_profile_add_capability(learn->profile, (unsigned)kind->capability, SPEC_PROFILE_CALLS_TELL);
}
