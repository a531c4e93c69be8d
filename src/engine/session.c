/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/session.h"
#include "base/file.h"
#include "engine/conduit.h"
#include "engine/supervisor.h"
#include "engine/wire.h"
#include "host/pty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

/* ---- signals -------------------------------------------------------------------------- */

/* Those of our own faults and of job control keep their effect; SIGPIPE and SIGURG nobody sends on purpose, SIGCHLD is about us. */
static bool is_passed_on(int number)
{
	static const int kept[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGCHLD, SIGPIPE, SIGURG, SIGWINCH,
				    SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT };

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == number)
			return false;
	return true;
}

static bool is_deadly(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM;
}

/* With a terminal the keys reach the process as bytes; a signal that comes then is meant for us. */
static bool passes_signals(const struct session *session)
{
	return !(session->terminal && session->attachment->in) && !session->attachment->no_signal_proxy;
}

/* What somebody had us ignore (nohup(1)) stays ignored; nobody does that to real-time signals. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return number < SIGRTMIN && number != SIGWINCH && sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void choose_signals(struct session *session)
{
	sigset_t possible;

	sigfillset(&possible); /* without those that the C library keeps for itself */
	sigemptyset(&session->watched);
	for (int number = 1; number < NSIG; number++) {
		bool wanted = passes_signals(session) ? is_passed_on(number) : session->terminal && is_deadly(number);

		if (session->terminal && (number == SIGWINCH || number == SIGCONT))
			wanted = true;
		if (wanted && sigismember(&possible, number) == 1 && !is_ignored(number))
			sigaddset(&session->watched, number);
	}
}

static void block_signals(struct session *session)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	choose_signals(session);
	sigprocmask(SIG_BLOCK, &session->watched, &session->old_mask);
	sigaction(SIGPIPE, &ignore, &session->old_pipe_action);
	session->blocks_signals = true;
}

/* ---- streams ------------------------------------------------------------------------------ */

int session_check(const struct container_attachment *attachment, bool terminal, struct error *err)
{
	struct detach_keys keys;
	int r = detach_keys_parse(attachment->detach_keys, &keys, err);

	if (r < 0)
		return r;
	if (!terminal || !attachment->in || attachment->wire || isatty(STDIN_FILENO))
		return 0;
	error_set(err, ERROR_INVALID, 0, "the input device is not a TTY");
	error_hint(err, "--tty is for a person at a terminal: leave it out for pipes and files");
	err->exit_status = 1;
	return -EINVAL;
}

static int open_stream(bool into, int *ret_ours, int *ret_theirs, struct error *err)
{
	int fds[2], ours;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	ours = fds[into];
	*ret_ours = ours;
	*ret_theirs = fds[!into];
	/* Our end alone: the other has an open file description of its own. */
	return fcntl(ours, F_SETFL, O_NONBLOCK) < 0 ? error_errno(err, errno, "cannot prepare a pipe") : 0;
}

int session_open(struct session *session, int theirs[3], size_t *ret_count, struct error *err)
{
	const struct container_attachment *attachment = session->attachment;
	size_t count = 0;
	int r = session_check(attachment, session->terminal, err);

	if (r == 0 && attachment->in)
		r = open_stream(true, &session->in, &theirs[count++], err);
	if (r == 0 && attachment->out)
		r = open_stream(false, &session->out, &theirs[count++], err);
	if (r == 0 && attachment->err && !session->terminal)
		r = open_stream(false, &session->err, &theirs[count++], err);
	if (r < 0) {
		while (count > 0)
			close_and_forget(&theirs[--count]);
		return r;
	}
	if (!attachment->wire)
		block_signals(session);
	*ret_count = count;
	return 0;
}

void session_size(const struct session *session, uint32_t *ret_width, uint32_t *ret_height)
{
	const struct container_wire *wire = session->attachment ? session->attachment->wire : NULL;
	struct winsize size = { .ws_col = 0 };

	if (wire) {
		*ret_width = wire->width;
		*ret_height = wire->height;
		return;
	}
	if (session->terminal)
		ignore_result(ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0); /* stays 0 */
	*ret_width = size.ws_col;
	*ret_height = size.ws_row;
}

int session_send(struct session *session, struct spec_message *message, const int *theirs, size_t count, struct error *err)
{
	message->in = session->in >= 0;
	message->out = session->out >= 0;
	message->err = session->err >= 0;
	session_size(session, &message->width, &message->height);
	return supervisor_send(session->socket, message, theirs, count, err);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

enum { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_COUNT };
enum { POLL_SOCKET, POLL_SIGNALS, POLL_STREAMS, POLL_COUNT = POLL_STREAMS + 2 * STREAM_COUNT };

struct relay {
	struct session *session;
	struct detach_keys keys;
	int signals;
	int outputs[STREAM_COUNT]; /* our standard streams opened anew, or -EBADF */
	struct conduit conduits[STREAM_COUNT];
	bool has_ended, is_gone, has_left; /* the process; the supervisor; the person */
	bool has_detached;                 /* the person, by the keys */
	int64_t exit_code;
	int write_error;      /* of our output, but a broken pipe */
	const char *write_stream;
	struct error *err;    /* of the process: it could not be executed */
	int result;
};

/* The request has a reply, which is not waited for: the process may just have ended. */
static void request(struct relay *relay, struct spec_message message)
{
	message.type = SPEC_MESSAGE_REQUEST;
	message.session = relay->session->number;
	ignore_result(supervisor_send(relay->session->socket, &message, NULL, 0, NULL));
}

static void pass_signal(struct relay *relay, int number)
{
	request(relay, (struct spec_message){ .request = SPEC_REQUEST_KILL, .signal = number });
}

static void pass_size(struct relay *relay)
{
	struct spec_message message = { .request = SPEC_REQUEST_RESIZE };

	session_size(relay->session, &message.width, &message.height);
	if (message.width > 0 && message.height > 0)
		request(relay, message);
}

static void make_raw(struct session *session)
{
	struct termios old;

	if (!session->terminal || !session->attachment->in || session->attachment->no_stdin_raw || pty_make_raw(STDIN_FILENO, &old) < 0)
		return;
	if (!session->is_raw)
		session->old_terminal = old;
	session->is_raw = true;
}

static void take_signal(struct relay *relay)
{
	struct session *session = relay->session;
	struct signalfd_siginfo signal;
	int number;

	if (read(relay->signals, &signal, sizeof signal) != sizeof signal)
		return;
	number = (int)signal.ssi_signo;
	if (number == SIGWINCH) {
		pass_size(relay);
	} else if (number == SIGCONT) { /* whoever stopped us has used the terminal since */
		make_raw(session);
		pass_size(relay);
	} else if (passes_signals(session)) {
		pass_signal(relay, session->attachment->kills && is_deadly(number) ? SIGKILL : number);
	} else {
		session->last_signal = number;
		relay->has_left = true;
	}
}

static void take_message(struct relay *relay)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_message *message = NULL;
	bool is_own;

	if (supervisor_receive_any(arena, relay->session->socket, -1, &message, NULL) < 0 || !message) {
		relay->is_gone = true;
		return;
	}
	is_own = relay->session->number == 0 ? message->type == SPEC_MESSAGE_EVENT_EXIT :
					       message->type == SPEC_MESSAGE_EVENT_SESSION_EXIT && message->session == relay->session->number;
	if (!is_own)
		return;
	relay->has_ended = true;
	relay->exit_code = message->exit_code;
	if (message->error.kind != ERROR_NONE) {
		if (!message->error.exit_status)
			message->error.exit_status = (int)message->exit_code;
		relay->result = supervisor_take_error(&message->error, relay->err);
	}
}

/* ---- bytes -------------------------------------------------------------------------------------- */

static int *our_end(struct session *session, size_t which)
{
	return which == STREAM_IN ? &session->in : which == STREAM_OUT ? &session->out : &session->err;
}

/* With nobody to read our output, it is as if the process wrote there itself. */
static void take_broken(struct relay *relay, size_t which, int code)
{
	if (which == STREAM_IN)
		return;
	if (code != EPIPE) {
		relay->write_error = code;
		relay->write_stream = which == STREAM_OUT ? "standard output" : "standard error";
	} else if (relay->session->is_ours) {
		pass_signal(relay, SIGPIPE);
	} else {
		relay->has_left = true;
	}
}

static void move(struct relay *relay, size_t which, const struct pollfd polls[static 2])
{
	struct conduit *conduit = &relay->conduits[which];
	enum conduit_outcome outcome;

	if (!conduit_is_ready(conduit, polls))
		return;
	outcome = conduit_move(conduit, polls);
	if (outcome == CONDUIT_GOES_ON)
		return;
	if (outcome == CONDUIT_BROKEN)
		take_broken(relay, which, conduit->error);
	if (outcome == CONDUIT_DETACHED)
		relay->has_left = relay->has_detached = true;
	conduit_close(conduit);
	close_and_forget(our_end(relay->session, which));
}

/*
 * Our standard stream opened anew where that can be done, so that it can be
 * made not to block: the flag of the one we have is shared with others.
 */
static int open_anew(int fd)
{
	struct stat status;
	char path[32];

	if (fstat(fd, &status) < 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)))
		return -EBADF;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void open_conduits(struct relay *relay)
{
	struct session *session = relay->session;
	static const int streams[STREAM_COUNT] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

	for (size_t i = 0; i < STREAM_COUNT; i++) {
		int ours = *our_end(session, i);

		relay->outputs[i] = -EBADF;
		if (ours < 0)
			continue;
		if (i == STREAM_IN) {
			conduit_open(&relay->conduits[i], STDIN_FILENO, ours, session->terminal && relay->keys.length > 0 ? &relay->keys : NULL);
			relay->conduits[i].watches_reader = true;
			continue;
		}
		relay->outputs[i] = open_anew(streams[i]);
		conduit_open(&relay->conduits[i], ours, relay->outputs[i] >= 0 ? relay->outputs[i] : streams[i], NULL);
	}
}

static bool is_done(const struct relay *relay)
{
	if (relay->has_left)
		return true;
	return (relay->has_ended || relay->is_gone) && !relay->conduits[STREAM_OUT].is_open && !relay->conduits[STREAM_ERR].is_open;
}

static int step(struct relay *relay)
{
	bool is_over = relay->has_ended || relay->is_gone;
	struct pollfd polls[POLL_COUNT] = {
		[POLL_SOCKET] = { .fd = is_over ? -1 : relay->session->socket, .events = POLLIN },
		[POLL_SIGNALS] = { .fd = relay->signals, .events = POLLIN },
	};

	if (is_over && relay->conduits[STREAM_IN].is_open)
		conduit_close(&relay->conduits[STREAM_IN]);
	for (size_t i = 0; i < STREAM_COUNT; i++)
		conduit_poll(&relay->conduits[i], &polls[POLL_STREAMS + 2 * i]);
	if (poll(polls, POLL_COUNT, -1) < 0)
		return errno == EINTR ? 0 : error_errno(relay->err, errno, "cannot wait for the container");
	if (polls[POLL_SIGNALS].revents)
		take_signal(relay);
	if (polls[POLL_SOCKET].revents)
		take_message(relay);
	for (size_t i = 0; i < STREAM_COUNT; i++)
		move(relay, i, &polls[POLL_STREAMS + 2 * i]);
	return 0;
}

static int judge(const struct relay *relay, struct container_start_report *ret)
{
	if (relay->result < 0)
		return relay->result;
	if (relay->write_error)
		return error_errno(relay->err, relay->write_error, "cannot write to the %s", relay->write_stream);
	ret->detached = relay->has_left;
	if (relay->has_left || relay->has_ended) {
		ret->exit_code = relay->has_left ? 0 : relay->exit_code;
		return 0;
	}
	error_set(relay->err, ERROR_UNAVAILABLE, 0, "the supervisor of the container has ended before it");
	return -EINVAL;
}

/* What comes next on the terminal, as a prompt, begins a line. */
static void end_line(const struct relay *relay)
{
	if (relay->has_detached && isatty(STDOUT_FILENO))
		ignore_result(write(STDOUT_FILENO, "\r\n", 2) < 0); /* it is for the eye */
}

int session_run(struct session *session, struct container_start_report *ret, struct error *err)
{
	struct relay relay = { .session = session, .err = err };
	int r;

	if (session->attachment->wire)
		return wire_run(session, ret, err);
	r = detach_keys_parse(session->attachment->detach_keys, &relay.keys, err);
	if (r < 0)
		return r;
	relay.signals = signalfd(-1, &session->watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (relay.signals < 0)
		return error_errno(err, errno, "cannot make a signalfd");
	open_conduits(&relay);
	make_raw(session);
	while (r == 0 && !is_done(&relay))
		r = step(&relay);
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		conduit_close(&relay.conduits[i]);
		close_and_forget(&relay.outputs[i]);
	}
	end_line(&relay);
	close_and_forget(&relay.signals);
	return r < 0 ? r : judge(&relay, ret);
}

void session_close(struct session *session)
{
	if (session->is_raw)
		ignore_result(tcsetattr(STDIN_FILENO, TCSADRAIN, &session->old_terminal)); /* the terminal is gone: nothing to restore */
	session->is_raw = false;
	close_and_forget(&session->in);
	close_and_forget(&session->out);
	close_and_forget(&session->err);
	if (!session->blocks_signals)
		return;
	session->blocks_signals = false;
	sigaction(SIGPIPE, &session->old_pipe_action, NULL);
	sigprocmask(SIG_SETMASK, &session->old_mask, NULL);
	if (session->last_signal)
		raise(session->last_signal);
	session->last_signal = 0;
}
