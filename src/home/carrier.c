/* SPDX-License-Identifier: Apache-2.0 */
#include "home/carrier.h"

#include "base/clock.h"
#include "host/syscalls.h"
#include "net/forwarder.h"
#include "net/forwarder_confinement.h"
#include "net/forwarder_route.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define SHORT_MS 1000

/* Its two descriptors at the first places behind the streams, and none but those. */
static int keep_descriptors(int control, int network)
{
	int far_control = fcntl(control, F_DUPFD_CLOEXEC, 16), far_network = fcntl(network, F_DUPFD_CLOEXEC, 16);

	if (far_control < 0 || far_network < 0 || dup2(far_control, 3) < 0 || dup2(far_network, 4) < 0 || sys_close_range(5, ~0U, 0) < 0)
		return -errno;
	return 0;
}

_noreturn_ static void live_as_forwarder(int control, int network, pid_t parent)
{
	struct error err = ERROR_INIT;
	int r = keep_descriptors(control, network);

	if (r < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setns(4, CLONE_NEWNET) < 0)
		_exit(1);
	close(4);
	/* Kernels without what that takes carry ports all the same: their clients appear as the gateway. */
	r = forwarder_route_make(NULL);
	_exit(forwarder_run(3, r == 0, forwarder_confine, &err) < 0);
}

int home_carrier_start(struct home_carrier *carrier, int network_fd)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (carrier->control_fd >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		live_as_forwarder(ends[1], network_fd, parent);
	close(ends[1]);
	if (pid < 0) {
		int r = -errno;

		close(ends[0]);
		return r;
	}
	carrier->pid = pid;
	carrier->control_fd = ends[0];
	carrier->started_ms = clock_monotonic_ms();
	return 0;
}

void home_carrier_end(struct home_carrier *carrier)
{
	close_and_forget(&carrier->control_fd);
	if (carrier->pid > 0) {
		kill(carrier->pid, SIGKILL);
		while (waitpid(carrier->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	carrier->pid = 0;
}

bool home_carrier_was_short(const struct home_carrier *carrier)
{
	return clock_monotonic_ms() - carrier->started_ms < SHORT_MS;
}
