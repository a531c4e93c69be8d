/* SPDX-License-Identifier: Apache-2.0 */
#include "host/owner.h"
#include "host/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* An id that is not in the namespace is EINVAL to chown(2). */
static int forgive(int result)
{
	return result < 0 && errno == EINVAL && user_namespace_size() == 1 ? 0 : result;
}

int owner_set(int fd, uid_t uid, gid_t gid)
{
	return forgive(fchown(fd, uid, gid));
}

int owner_set_at(int directory_fd, const char *name, uid_t uid, gid_t gid, int flags)
{
	return forgive(fchownat(directory_fd, name, uid, gid, flags));
}
