/* SPDX-License-Identifier: Apache-2.0 */
#include "host/netns_call.h"
#include "host/netlink_link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

/* As a process's own: the engine's calls were not written for less. */
#define STACK (8u << 20)

struct visit {
	int netns_fd; /* -EBADF: a new one */
	int (*call)(void *context);
	void *context;
	int entered, result;
};

static void *run(void *argument)
{
	struct visit *visit = argument;

	if ((visit->netns_fd >= 0 ? setns(visit->netns_fd, CLONE_NEWNET) : unshare(CLONE_NEWNET)) < 0)
		visit->entered = -errno;
	else
		visit->result = visit->call(visit->context);
	return NULL;
}

static int run_on_thread(struct visit *visit)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r = pthread_attr_init(&attributes);

	if (r == 0) {
		r = pthread_attr_setstacksize(&attributes, STACK);
		if (r == 0)
			r = pthread_create(&thread, &attributes, run, visit);
		pthread_attr_destroy(&attributes);
	}
	if (r != 0)
		return -r;
	r = pthread_join(thread, NULL);
	return r != 0 ? -r : visit->entered;
}

int netns_call(int netns_fd, int (*call)(void *context), void *context, int *ret_result)
{
	struct visit visit = { .netns_fd = netns_fd, .call = call, .context = context };
	int r = run_on_thread(&visit);

	if (r == 0)
		*ret_result = visit.result;
	return r;
}

static int open_own(void *context)
{
	int *ret_fd = context, r = netlink_set_loopback_up();

	if (r < 0)
		return r;
	*ret_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int netns_make(int *ret_fd)
{
	int fd = -EBADF;
	struct visit visit = { .netns_fd = -EBADF, .call = open_own, .context = &fd };
	int r = run_on_thread(&visit);

	if (r == 0)
		r = visit.result;
	if (r == 0)
		*ret_fd = fd;
	return r;
}
