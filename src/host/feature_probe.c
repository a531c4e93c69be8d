/* SPDX-License-Identifier: Apache-2.0 */
#include "host/feature_probe.h"

#include "base/file.h"
#include "host/idmap.h"
#include "host/mapped_directory.h"
#include "host/netlink_link.h"
#include "host/nftables_rule.h"
#include "host/procfs.h"
#include "host/syscalls.h"

#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#define LANDLOCK_ASKS_VERSION 1 /* LANDLOCK_CREATE_RULESET_VERSION */

#define SCRATCH "/tmp" /* covered by a file system of the child's own */

/* ---- calls, in this process ---------------------------------------------------------- */

/* Arguments that every kernel refuses that has the call: all but "no such call" says that it is there. */
static int has_call(long result)
{
	return result < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM) ? -errno : 0;
}

static int try_openat2(void)
{
	const struct sys_open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_close_ int fd = sys_openat2(AT_FDCWD, "/", &how);

	return fd < 0 ? -errno : 0;
}

static int try_pidfd(void)
{
	_cleanup_close_ int fd = sys_pidfd_open(getpid(), 0);

	return fd < 0 ? -errno : 0;
}

static int try_mounts_by_descriptor(void)
{
	_cleanup_close_ int fd = sys_open_tree(AT_FDCWD, "/", OPEN_TREE_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int try_mount_setattr(void)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = INT32_MAX };

	return has_call(sys_mount_setattr(AT_FDCWD, "/", 0, &attr)) == -ENOSYS ? -ENOSYS : 0;
}

static int try_seccomp_action(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

static void try_calls(struct features *features)
{
	int *result = features->result;

	result[FEATURE_OPENAT2] = try_openat2();
	result[FEATURE_CLONE3] = has_call(syscall(SYS_clone3, NULL, 0));
	result[FEATURE_PIDFD] = try_pidfd();
	result[FEATURE_CLOSE_RANGE] = sys_close_range(UINT32_MAX, UINT32_MAX, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
	result[FEATURE_MOUNTS_BY_DESCRIPTOR] = try_mounts_by_descriptor();
	result[FEATURE_MOUNT_SETATTR] = try_mount_setattr();
	result[FEATURE_LANDLOCK] = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASKS_VERSION) < 0 ? -errno : 0;
	result[FEATURE_SECCOMP] = try_seccomp_action(SECCOMP_RET_ERRNO);
	result[FEATURE_SECCOMP_NOTIFY] = try_seccomp_action(SECCOMP_RET_USER_NOTIF);
}

/* ---- namespaces, in the child ---------------------------------------------------------- */

/* One id of ours as root of the namespace that we have just made; user_namespaces(7). */
static int write_own_map(uid_t uid, gid_t gid)
{
	char text[48];
	int r;

	snprintf(text, sizeof text, "0 %u 1\n", (unsigned)uid);
	r = file_put_at(AT_FDCWD, "/proc/self/uid_map", text);
	if (r == 0)
		r = file_put_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	snprintf(text, sizeof text, "0 %u 1\n", (unsigned)gid);
	return r == 0 ? file_put_at(AT_FDCWD, "/proc/self/gid_map", text) : r;
}

/* A mount namespace, and in it a file system of our own on SCRATCH. */
static int make_mounts(unsigned flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = 0;

	if (unshare((int)flags) < 0)
		return -errno;
	if (flags & CLONE_NEWUSER)
		r = write_own_map(uid, gid);
	if (r < 0)
		return r;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("bivy", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") < 0)
		return -errno;
	return 0;
}

static int try_overlay(void)
{
	if (mkdir(SCRATCH "/a", 0755) < 0 || mkdir(SCRATCH "/b", 0755) < 0 || mkdir(SCRATCH "/merged", 0755) < 0)
		return -errno;
	return mount("overlay", SCRATCH "/merged", "overlay", MS_NOSUID | MS_NODEV, "lowerdir=" SCRATCH "/a:" SCRATCH "/b") < 0 ? -errno : 0;
}

/* The first process of a pid namespace, which alone may. */
static int try_procfs(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(mount("proc", SCRATCH, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno & 0xff : 0);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int try_namespace(int flag)
{
	return unshare(flag) < 0 ? -errno : 0;
}

/* ---- networks, in the child --------------------------------------------------------------- */

static int try_link(const struct netlink_new_link *link)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = netlink_open(&fd);

	if (r < 0)
		return r;
	netlink_add_link(&batch, link);
	return netlink_batch_send(&batch, fd, NULL);
}

static const struct nftables_chain filter_chain = { "filter", "filter", NFTABLES_PREROUTING, NFTABLES_MANGLE },
				   destination_chain = { "destination", "nat", NFTABLES_PREROUTING, NFTABLES_NAT_DESTINATION },
				   source_chain = { "source", "nat", NFTABLES_POSTROUTING, NFTABLES_NAT_SOURCE };

static void write_ct(struct nftables_rule *rule)
{
	nftables_rule_ct(rule, NFT_CT_STATE, 0);
}

static void write_fib(struct nftables_rule *rule)
{
	nftables_rule_destination_kind(rule, 0);
}

static void write_nat(struct nftables_rule *rule)
{
	static const uint8_t somewhere[4] = { 192, 0, 2, 1 };

	nftables_rule_value(rule, somewhere, sizeof somewhere, 0);
	nftables_rule_dnat(rule, NFTABLES_IPV4, 0, -1);
}

static void write_socket(struct nftables_rule *rule)
{
	nftables_rule_socket(rule, NFT_SOCKET_TRANSPARENT, 0);
}

/* A table with CHAIN, and if WRITE is given with such a rule in it. */
static int try_rule(const struct nftables_chain *chain, void (*write)(struct nftables_rule *rule))
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct nftables_rule rule;
	int r = nftables_open(&fd);

	if (r < 0)
		return r;
	nftables_begin(&batch, 0);
	nftables_add_table(&batch, "bivy");
	nftables_add_chain(&batch, "bivy", chain);
	if (write) {
		nftables_rule_begin(&rule, &batch, "bivy", chain->name);
		write(&rule);
		nftables_rule_end(&rule);
	}
	return nftables_commit(&batch, fd);
}

static void try_nf_tables(int *result)
{
	static const struct {
		enum feature feature;
		const struct nftables_chain *chain;
		void (*write)(struct nftables_rule *rule);
	} rules[] = {
		{ FEATURE_NFT_CT,     &filter_chain,      write_ct },
		{ FEATURE_NFT_FIB,    &filter_chain,      write_fib },
		{ FEATURE_NFT_NAT,    &destination_chain, write_nat },
		{ FEATURE_NFT_MASQ,   &source_chain,      nftables_rule_masquerade },
		{ FEATURE_NFT_SOCKET, &filter_chain,      write_socket },
	};

	result[FEATURE_NF_TABLES] = try_rule(&destination_chain, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rules) && result[FEATURE_NF_TABLES] == 0; i++)
		result[rules[i].feature] = try_rule(rules[i].chain, rules[i].write);
}

static int try_tun(void)
{
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (fd < 0)
		return -errno;
	return ioctl(fd, TUNSETIFF, &request) < 0 ? -errno : 0;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void try_networks(int *result)
{
	static const struct netlink_new_link peer = { .name = "bivy-b" };

	result[FEATURE_NETWORK_NAMESPACE] = try_namespace(CLONE_NEWNET);
	if (result[FEATURE_NETWORK_NAMESPACE] != 0)
		return;
	result[FEATURE_BRIDGE] = try_link(&(const struct netlink_new_link){ .kind = "bridge", .name = "bivy0" });
	result[FEATURE_VETH] = try_link(&(const struct netlink_new_link){ .kind = "veth", .name = "bivy-a", .peer = &peer });
	try_nf_tables(result);
	result[FEATURE_TUN] = try_tun();
}

/* What follows needs mounts of our own, in a user namespace or as the host's root. */
static void try_all(int *result, unsigned flags)
{
	int r = make_mounts(flags);

	if (flags & CLONE_NEWUSER)
		result[FEATURE_USER_NAMESPACE] = r;
	if (r < 0)
		return;
	result[FEATURE_OVERLAY] = try_overlay();
	result[FEATURE_CGROUP_NAMESPACE] = try_namespace(CLONE_NEWCGROUP);
	result[FEATURE_TIME_NAMESPACE] = try_namespace(CLONE_NEWTIME);
	try_networks(result);
	result[FEATURE_PROCFS] = try_procfs();
}

/* A child that writes to RESULT, which is shared with it. */
static int try_in_child(int *result, unsigned flags)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		try_all(result, flags);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int feature_probe(struct features *ret)
{
	struct features *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (shared == MAP_FAILED)
		return -errno;
	for (int i = 0; i < FEATURE_COUNT; i++)
		shared->result[i] = FEATURE_NOT_TRIED;
	try_calls(shared);
	r = try_in_child(shared->result, CLONE_NEWUSER | CLONE_NEWNS);
	if (r == 0 && shared->result[FEATURE_USER_NAMESPACE] != 0 && geteuid() == 0)
		r = try_in_child(shared->result, CLONE_NEWNS);
	if (r == 0)
		*ret = *shared;
	munmap(shared, sizeof *shared);
	return r;
}

int feature_probe_idmapped(const char *path)
{
	/* Ids that are nobody's, to show that it can be done; nothing is written. */
	static const struct idmap_range range = { .inside = 0, .outside = 0x20000000, .size = 65536 };
	const struct idmap map = { .uids = &range, .gids = &range, .uid_count = 1, .gid_count = 1 };
	_cleanup_close_ int procfs = -EBADF, fd = -EBADF;
	struct error err = ERROR_INIT;
	int r = procfs_open_root(&procfs);

	if (r < 0)
		return r;
	r = mapped_directory_open(procfs, path, &map, &fd, &err);
	return r < 0 && err.code ? -err.code : r;
}
