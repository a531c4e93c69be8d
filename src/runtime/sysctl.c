/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sysctl.h"

#include "base/str.h"
#include "host/procfs.h"

#include <sched.h>
#include <sys/stat.h>

#ifndef CLONE_NEWUTS
#define CLONE_NEWUTS 0x04000000
#endif

/* Parameters that the kernel keeps per namespace, see namespaces(7); "fs.mqueue." and "net." by prefix. */
static const char *const ipc_names[] = {
	"kernel/msgmax", "kernel/msgmnb",  "kernel/msgmni", "kernel/sem",
	"kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

/*
 * As sysctl(8): the first separator found says which one it is; the other kind
 * stands for itself ("net.ipv4.conf.eth0/1.forwarding" is of "eth0.1").
 */
int sysctl_path(const char *name, char *out, size_t size)
{
	size_t first = strcspn(name, "./");
	bool dots = name[first] != '/';
	size_t used;

	if (!name[first])
		return -EINVAL;
	used = (size_t)snprintf(out, size, "sys/%s", name);
	if (used >= size)
		return -ENAMETOOLONG;
	for (char *p = out + 4; dots && *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	/* No component may be empty, "." or "..". */
	for (const char *p = out; *p;) {
		size_t length = strcspn(p, "/");

		if (length == 0 || (length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
			return -EINVAL;
		p += length;
		if (*p == '/' && !*++p)
			return -EINVAL;
	}
	return 0;
}

/* Whether the container shares this kind of namespace with its creator. */
static bool is_shared(const struct spec_config *config, int flag, const char *own)
{
	const struct spec_namespace *ns = spec_namespace_find(config, flag);
	struct stat theirs, ours;

	if (!ns)
		return true;
	/* Joined by a path that leads to our own. */
	return ns->path && stat(ns->path, &theirs) == 0 && stat(own, &ours) == 0 && theirs.st_ino == ours.st_ino &&
	       theirs.st_dev == ours.st_dev;
}

static bool is_ipc_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ipc_names); i++)
		if (strcmp(name, ipc_names[i]) == 0)
			return true;
	return str_starts_with(name, "fs/mqueue/");
}

int sysctl_check(const struct spec_config *config, const char *name, struct error *err)
{
	char path[512];
	const char *inside = path + 4;

	if (sysctl_path(name, path, sizeof path) < 0)
		return error_set(err, ERROR_INVALID, 0, "linux.sysctl: '%s' is not the name of a kernel parameter", name);
	if (str_starts_with(inside, "net/")) {
		if (is_shared(config, CLONE_NEWNET, "/proc/self/ns/net"))
			return error_set(err, ERROR_INVALID, 0, "linux.sysctl: sysctl \"%s\" not allowed in host network namespace", name);
		return 0;
	}
	if (strcmp(inside, "kernel/hostname") == 0)
		return error_set(err, ERROR_INVALID, 0, "linux.sysctl: sysctl \"%s\" is not allowed as it conflicts with the OCI \"hostname\" field", name);
	if (strcmp(inside, "kernel/domainname") == 0 && !is_shared(config, CLONE_NEWUTS, "/proc/self/ns/uts"))
		return 0;
	if (is_ipc_name(inside) && !is_shared(config, CLONE_NEWIPC, "/proc/self/ns/ipc"))
		return 0;
	return error_set(err, ERROR_INVALID, 0, "linux.sysctl: sysctl \"%s\" is not in a separate kernel namespace", name);
}

int sysctl_write(int procfs_fd, const struct spec_pair *parameter, struct error *err)
{
	char path[512];
	int r = sysctl_path(parameter->key, path, sizeof path);

	if (r == 0)
		r = procfs_write(procfs_fd, path, parameter->value);
	if (r < 0)
		return error_errno(err, -r, "linux.sysctl: cannot set '%s' to '%s'", parameter->key, parameter->value);
	return 0;
}
