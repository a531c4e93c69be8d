/* SPDX-License-Identifier: Apache-2.0 */
#include "server/nobody.h"

#include <grp.h>
#include <sys/prctl.h>

#define NOBODY 65534

int nobody_become(struct error *err)
{
	int signal = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "cannot give up privileges");
	if (geteuid() != 0)
		return 0;
	if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
		return error_errno(err, errno, "cannot leave the file system");
	/* Changed ids clear it: PR_SET_PDEATHSIG(2const). */
	if (prctl(PR_GET_PDEATHSIG, &signal) < 0 || setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_PDEATHSIG, signal) < 0)
		return error_errno(err, errno, "cannot become nobody");
	return 0;
}
