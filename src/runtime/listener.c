/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The courier is a thread of the container's process, started right before the
 * filter is loaded for the calling thread only. It waits for the descriptor,
 * sends, says so and ends. The calling thread may make no system call in the
 * meantime, not even to wait: the filter decides about that now. So it spins,
 * for as long as one sendmsg(2) takes.
 */
#include "runtime/listener.h"

#include "base/json.h"
#include "host/fdpass.h"
#include "host/syscalls.h"

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define PATIENCE_S 10
#define COURIER_STACK (64 * 1024)
#define POLL_NS 20000

/* What parent and child share: the parent writes the text when it knows the pid. */
struct shared {
	size_t size;  /* of the mapping */
	size_t length; /* of the text; 0: not written yet */
	const struct spec_seccomp *seccomp;
	struct spec_oci_state state;
	char text[];
};

/* runtime-spec, runtime-linux.md "The Container Process State". */
static void write_message(const struct spec_seccomp *seccomp, const struct spec_oci_state *state, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ociVersion", SPEC_OCI_VERSION);
	json_write_open(&w, "fds", '[');
	json_write_string(&w, NULL, "seccompFd");
	json_write_close(&w, ']');
	json_write_int(&w, "pid", state->pid);
	if (seccomp->listener_metadata)
		json_write_string(&w, "metadata", seccomp->listener_metadata);
	spec_oci_state_write(&w, "state", state);
	json_write_close(&w, '}');
}

/* Room for the message with the longest of pids, the record of what it is made of in front. */
static struct shared *map_shared(const struct spec_seccomp *seccomp, const struct spec_oci_state *state)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_oci_state longest = *state;
	struct shared *shared;
	size_t size;

	longest.pid = INT32_MAX;
	write_message(seccomp, &longest, &text);
	size = sizeof *shared + text.length;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return NULL;
	*shared = (struct shared){ .size = size, .seccomp = seccomp, .state = *state };
	return shared;
}

int listener_connect(const struct spec_seccomp *seccomp, const struct seccomp_program *program, const struct spec_oci_state *state, struct listener *ret, struct error *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct listener listener = LISTENER_NONE;
	int r;

	if (!program->has_notify) {
		*ret = listener;
		return 0;
	}
	if (str_is_empty(seccomp->listener_path))
		return error_set(err, ERROR_INVALID, 0, "linux.seccomp.listenerPath: missing, although there is SCMP_ACT_NOTIFY");
	r = fdpass_connect(seccomp->listener_path, &listener.socket);
	if (r < 0)
		return error_errno(err, -r, "linux.seccomp.listenerPath: cannot connect to '%s'", seccomp->listener_path);
	if (setsockopt(listener.socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
		listener.memory = map_shared(seccomp, state);
	if (!listener.memory) {
		r = error_errno(err, errno, "linux.seccomp.listenerPath: cannot prepare the message for '%s'", seccomp->listener_path);
		listener_done(&listener);
		return r;
	}
	*ret = listener;
	return 0;
}

void listener_set_pid(struct listener *listener, pid_t pid)
{
	struct shared *shared = listener->memory;
	_cleanup_buf_ struct buf text = BUF_INIT;

	shared->state.pid = pid;
	write_message(shared->seccomp, &shared->state, &text);
	memcpy(shared->text, text.data, text.length);
	shared->length = text.length;
}

void listener_done(struct listener *listener)
{
	struct shared *shared = listener->memory;

	close_and_forget(&listener->socket);
	if (shared)
		munmap(shared, shared->size);
	*listener = LISTENER_NONE;
}

/* ---- the courier --------------------------------------------------------------- */

#define NOTHING_YET (-1)
#define NOTHING_EVER (-2)
#define UNDER_WAY 1

struct courier {
	const struct listener *listener;
	atomic_bool is_there;
	atomic_int descriptor; /* for the courier: the listener, or one of the above */
	atomic_int outcome;    /* for the other thread: 0, -errno, or UNDER_WAY */
};

/* All of the message, the descriptor with its first part. */
static int deliver(const struct listener *listener, int fd)
{
	const struct shared *shared = listener->memory;
	const char *rest = shared->text;
	size_t length = shared->length;
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct cmsghdr *head = (struct cmsghdr *)control;
	struct msghdr packet = { .msg_control = control, .msg_controllen = sizeof control };

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(head), &fd, sizeof fd);
	while (length > 0) {
		struct iovec part = { .iov_base = (void *)rest, .iov_len = length };
		ssize_t n;

		packet.msg_iov = &part;
		packet.msg_iovlen = 1;
		n = sendmsg(listener->socket, &packet, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		rest += n;
		length -= (size_t)n;
		packet.msg_control = NULL;
		packet.msg_controllen = 0;
	}
	return 0;
}

static void *carry(void *argument)
{
	struct courier *courier = argument;
	const struct timespec pause = { .tv_nsec = POLL_NS };
	int fd;

	atomic_store(&courier->is_there, true);
	while ((fd = atomic_load(&courier->descriptor)) == NOTHING_YET)
		nanosleep(&pause, NULL);
	/* The last word: the other thread may exec, or forget *courier, from then on. */
	atomic_store(&courier->outcome, fd == NOTHING_EVER ? -ECANCELED : deliver(courier->listener, fd));
	return NULL;
}

static int start_courier(struct courier *courier)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int code = pthread_attr_init(&attributes);

	if (code != 0)
		return -code;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, COURIER_STACK);
	code = pthread_create(&thread, &attributes, carry, courier);
	pthread_attr_destroy(&attributes);
	if (code != 0)
		return -code;
	while (!atomic_load(&courier->is_there))
		sched_yield();
	return 0;
}

static void spin(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

int listener_load(const struct listener *listener, const struct seccomp_program *program, struct error *err)
{
	struct courier courier = { .listener = listener, .descriptor = NOTHING_YET, .outcome = UNDER_WAY };
	int fd = NOTHING_EVER, loaded, outcome;
	int r = start_courier(&courier);

	if (r < 0)
		return error_errno(err, -r, "cannot start the thread that hands the seccomp listener on");
	loaded = seccomp_attach(program, &fd);
	/* No system calls from here on. */
	atomic_store(&courier.descriptor, loaded < 0 ? NOTHING_EVER : fd);
	while ((outcome = atomic_load(&courier.outcome)) == UNDER_WAY)
		spin();
	if (loaded < 0)
		return error_errno(err, -loaded, "cannot load the seccomp filter of %u instructions with its listener", program->length);
	if (outcome < 0)
		return error_errno(err, -outcome, "linux.seccomp.listenerPath: cannot hand the listener on");
	return 0;
}
