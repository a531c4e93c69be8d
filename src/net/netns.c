/* SPDX-License-Identifier: Apache-2.0 */
#include "net/netns.h"

#include <fcntl.h>
#include <sched.h>

int netns_enter(int netns_fd, struct netns_visit *ret, struct error *err)
{
	_cleanup_close_ int home = openat(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return error_errno(err, errno, "cannot open our own network namespace");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "cannot enter the container's network namespace");
	ret->home_fd = TAKE_FD(home);
	return 0;
}

int netns_leave(struct netns_visit *visit, struct error *err)
{
	if (visit->home_fd >= 0 && setns(visit->home_fd, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "cannot return from the container's network namespace");
	close_and_forget(&visit->home_fd);
	return 0;
}

void netns_visit_end(struct netns_visit *visit)
{
	/* Also once more, if it failed for want of memory: what has to be undone is not in there. */
	ignore_result(netns_leave(visit, NULL)); /* on the way out of a failure that is told */
	close_and_forget(&visit->home_fd);
}
