/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netns_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

/* As a process's own: the engine's calls were not written for less. */
#define STACK (8u << 20)

struct visit {
	int (*call)(void *context);
	void *context;
	sigset_t mask; /* the caller's */
	int result;
};

/* Of this process. Who waits for a semaphore has given the rest to who posts it. */
static struct {
	pid_t process; /* 0: there is no thread; another one's: that was left behind by fork(2) */
	int netns_fd, entered;
	struct visit *visit;
	sem_t is_asked, is_done;
} thread;

/* Whether this thread is the one, or a child of its. */
static _Thread_local bool is_there;

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}

static void block_signals(sigset_t *ret_before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

static void *live(void *unused _unused_)
{
	int r = setns(thread.netns_fd, CLONE_NEWNET) < 0 ? -errno : 0;

	is_there = true;
	thread.entered = r;
	sem_post(&thread.is_done);
	if (r < 0)
		return NULL;
	for (;;) {
		struct visit *visit;

		wait_for(&thread.is_asked);
		visit = thread.visit;
		pthread_sigmask(SIG_SETMASK, &visit->mask, NULL);
		visit->result = visit->call(visit->context);
		block_signals(NULL);
		sem_post(&thread.is_done);
	}
}

static int create(void)
{
	pthread_attr_t attributes;
	pthread_t id;
	sigset_t before;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	/* It begins with the mask of who makes it. */
	block_signals(&before);
	r = pthread_attr_setstacksize(&attributes, STACK);
	if (r == 0)
		r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (r == 0)
		r = pthread_create(&id, &attributes, live, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

static int ensure_thread(int netns_fd)
{
	int r;

	if (thread.process == getpid())
		return 0;
	thread.process = 0;
	thread.netns_fd = netns_fd;
	if (sem_init(&thread.is_asked, 0, 0) < 0 || sem_init(&thread.is_done, 0, 0) < 0)
		return -errno;
	r = create();
	if (r < 0)
		return r;
	wait_for(&thread.is_done);
	if (thread.entered < 0)
		return thread.entered;
	thread.process = getpid();
	return 0;
}

int netns_thread_call(int netns_fd, int (*call)(void *context), void *context, int *ret_result)
{
	struct visit visit = { .call = call, .context = context };
	int r;

	if (is_there) {
		*ret_result = call(context);
		return 0;
	}
	r = ensure_thread(netns_fd);
	if (r < 0)
		return r;
	pthread_sigmask(SIG_SETMASK, NULL, &visit.mask);
	thread.visit = &visit;
	sem_post(&thread.is_asked);
	wait_for(&thread.is_done);
	*ret_result = visit.result;
	return 0;
}
