/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/supervise.h"
#include "base/file.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "host/pty.h"
#include "host/syscalls.h"
#include "runtime/notify.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define RELAY_BYTES 8192

enum { POLL_CHILD, POLL_SIGNAL, POLL_TERMINAL, POLL_INPUT, POLL_NOTIFY, POLL_COUNT };

struct relay {
	const struct supervision *supervision;
	struct pollfd polls[POLL_COUNT];
	struct termios old_mode;
	bool is_raw;
};

/* Everything but what tells of our own faults, and SIGPIPE, which nobody sends on purpose. */
static void fill_forwarded(sigset_t *set)
{
	static const int kept[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGTTIN, SIGTTOU };

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		sigdelset(set, kept[i]);
}

void supervise_block_signals(sigset_t *ret_old)
{
	sigset_t set;

	fill_forwarded(&set);
	sigprocmask(SIG_BLOCK, &set, ret_old);
}

/* Orphans that came to us as the subreaper; our own child is waited for by its descriptor. */
static void reap_orphans(int pidfd)
{
	siginfo_t child = { 0 };

	for (;;) {
		struct pollfd ours = { .fd = pidfd, .events = POLLIN };

		child.si_pid = 0;
		if (poll(&ours, 1, 0) > 0)
			return; /* it ended: the main loop takes its status; the others go to our own parent with us */
		if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) < 0 || child.si_pid == 0)
			return;
		if (poll(&ours, 1, 0) > 0)
			return;
		ignore_result(waitpid(child.si_pid, NULL, WNOHANG)); /* seen above, so it is there */
	}
}

static void take_signal(struct relay *relay)
{
	const struct supervision *supervision = relay->supervision;
	struct signalfd_siginfo signal;

	if (read(relay->polls[POLL_SIGNAL].fd, &signal, sizeof signal) != sizeof signal)
		return;
	if (signal.ssi_signo == SIGCHLD)
		reap_orphans(supervision->pidfd);
	else if (signal.ssi_signo == SIGWINCH && supervision->terminal >= 0)
		pty_copy_size(STDIN_FILENO, supervision->terminal);
	else if (signal.ssi_signo != SIGPIPE)
		ignore_result(sys_pidfd_send_signal(supervision->pidfd, (int)signal.ssi_signo)); /* it may just have ended */
}

/* Moves what is there from one descriptor to another; false at the end. */
static bool move_bytes(int from, int to)
{
	char block[RELAY_BYTES];
	ssize_t n = read(from, block, sizeof block);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && fd_write_all(to, block, (size_t)n) == 0;
}

static void step(struct relay *relay)
{
	const struct supervision *supervision = relay->supervision;

	if (relay->polls[POLL_SIGNAL].revents)
		take_signal(relay);
	if (relay->polls[POLL_TERMINAL].revents && !move_bytes(supervision->terminal, STDOUT_FILENO))
		relay->polls[POLL_TERMINAL].fd = -1;
	if (relay->polls[POLL_INPUT].revents && !move_bytes(STDIN_FILENO, supervision->terminal)) {
		/* The end of a file as a person would type it. */
		ignore_result(fd_write_all(supervision->terminal, "\x04", 1));
		relay->polls[POLL_INPUT].fd = -1;
	}
	if (relay->polls[POLL_NOTIFY].revents && notify_forward(supervision->notify_socket, supervision->notify_host) < 0)
		relay->polls[POLL_NOTIFY].fd = -1;
}

static void begin(struct relay *relay)
{
	const struct supervision *supervision = relay->supervision;

	if (supervision->terminal < 0)
		return;
	pty_copy_size(STDIN_FILENO, supervision->terminal);
	relay->is_raw = pty_make_raw(STDIN_FILENO, &relay->old_mode) == 0;
}

static void end(struct relay *relay)
{
	struct pollfd rest = { .fd = relay->polls[POLL_TERMINAL].fd, .events = POLLIN };

	/* What the program wrote last is still in the terminal. */
	while (rest.fd >= 0 && poll(&rest, 1, 0) > 0 && (rest.revents & POLLIN) && move_bytes(rest.fd, STDOUT_FILENO))
		;
	if (relay->is_raw)
		ignore_result(tcsetattr(STDIN_FILENO, TCSADRAIN, &relay->old_mode)); /* the terminal is gone: nothing to restore */
}

int supervise(const struct supervision *supervision, int *ret_status, struct error *err)
{
	struct relay relay = { .supervision = supervision };
	_cleanup_close_ int signals = -EBADF;
	sigset_t set;
	int r;

	fill_forwarded(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return error_errno(err, errno, "cannot make a signalfd");
	relay.polls[POLL_CHILD] = (struct pollfd){ .fd = supervision->pidfd, .events = POLLIN };
	relay.polls[POLL_SIGNAL] = (struct pollfd){ .fd = signals, .events = POLLIN };
	relay.polls[POLL_TERMINAL] = (struct pollfd){ .fd = supervision->terminal, .events = POLLIN };
	relay.polls[POLL_INPUT] = (struct pollfd){ .fd = supervision->terminal >= 0 ? STDIN_FILENO : -1, .events = POLLIN };
	relay.polls[POLL_NOTIFY] = (struct pollfd){ .fd = supervision->notify_socket, .events = POLLIN };
	begin(&relay);
	for (;;) {
		int n = poll(relay.polls, POLL_COUNT, -1);

		if (n < 0 && errno != EINTR) {
			r = -errno;
			break;
		}
		if (n > 0)
			step(&relay);
		if (n > 0 && relay.polls[POLL_CHILD].revents) {
			r = pidfd_wait(supervision->pidfd, ret_status);
			break;
		}
	}
	end(&relay);
	return r < 0 ? error_errno(err, -r, "cannot wait for the container's process") : 0;
}
