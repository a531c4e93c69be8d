/* SPDX-License-Identifier: Apache-2.0 */
#include "host/project_quota.h"
#include "host/syscalls.h"

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

/* Of struct if_dqblk: limits count such blocks (QIF_DQBLKSIZE). */
#define BLOCK_BYTES 1024

/* FS_QUOTA_PDQ_ENFD: limits of projects are kept, not only counted. */
#define LIMITS_ARE_KEPT (1 << 5)

static int call(int fd, unsigned command, uint32_t id, void *data)
{
	return syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), id, data) < 0 ? -errno : 0;
}

/* One command for all file systems: the kernel translates it (fs/quota/quota.c). */
bool project_quota_is_kept(int directory_fd)
{
	struct fs_quota_stat status = { .qs_version = FS_QSTAT_VERSION };

	return call(directory_fd, Q_XGETQSTAT, 0, &status) == 0 && status.qs_flags & LIMITS_ARE_KEPT;
}

static int set_limit(int directory_fd, uint32_t project, uint64_t limit_bytes)
{
	uint64_t blocks = limit_bytes / BLOCK_BYTES + (limit_bytes % BLOCK_BYTES != 0);
	struct if_dqblk limits = { .dqb_bhardlimit = blocks, .dqb_bsoftlimit = blocks, .dqb_valid = QIF_BLIMITS };

	return call(directory_fd, Q_SETQUOTA, project, &limits);
}

/* The limit first: no file is in the project before it has one. */
int project_quota_set(int directory_fd, uint32_t project, uint64_t limit_bytes)
{
	struct fsxattr attributes;
	int r = set_limit(directory_fd, project, limit_bytes);

	if (r < 0)
		return r;
	if (ioctl(directory_fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -errno;
	attributes.fsx_projid = project;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(directory_fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

int project_quota_clear(int directory_fd, uint32_t project)
{
	return set_limit(directory_fd, project, 0);
}

int project_quota_get(int directory_fd, uint32_t *ret)
{
	struct fsxattr attributes;

	if (ioctl(directory_fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -errno;
	*ret = attributes.fsx_projid;
	return 0;
}
