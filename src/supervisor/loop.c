/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/loop.h"
#include "base/clock.h"
#include "base/memory.h"

#include <time.h>

struct loop_entry {
	loop_handler *handler;
	void *context;
};

void loop_done(struct loop *loop)
{
	free(loop->polls);
	free(loop->entries);
	*loop = (struct loop){ 0 };
}

void loop_begin(struct loop *loop)
{
	loop->count = 0;
	loop->due_ns = LOOP_NEVER;
}

void loop_watch(struct loop *loop, int fd, short events, loop_handler *handler, void *context)
{
	if (loop->count == loop->capacity) {
		loop->capacity = loop->capacity ? 2 * loop->capacity : 16;
		loop->polls = memory_resize(loop->polls, loop->capacity, sizeof *loop->polls);
		loop->entries = memory_resize(loop->entries, loop->capacity, sizeof *loop->entries);
	}
	loop->polls[loop->count] = (struct pollfd){ .fd = fd, .events = events };
	loop->entries[loop->count++] = (struct loop_entry){ .handler = handler, .context = context };
}

void loop_wake_at(struct loop *loop, int64_t moment_ns)
{
	if (moment_ns < loop->due_ns)
		loop->due_ns = moment_ns;
}

/* Rounded up, or the last millisecond would be spent asking again and again. */
static int timeout_ms(const struct loop *loop)
{
	int64_t left_ns;

	if (loop->due_ns == LOOP_NEVER)
		return -1;
	left_ns = loop->due_ns - loop_now_ns();
	if (left_ns <= 0)
		return 0;
	return left_ns > INT64_C(1000000) * INT32_MAX ? INT32_MAX : (int)((left_ns + 999999) / 1000000);
}

int loop_run(struct loop *loop)
{
	int n = poll(loop->polls, loop->count, timeout_ms(loop));

	/* The kernel had no memory for its own list, which passes: the container is not to end of that. */
	if (n < 0 && errno == ENOMEM)
		return nanosleep(&(struct timespec){ .tv_nsec = MEMORY_PATIENCE_NS }, NULL) < 0 && errno != EINTR ? -errno : 0;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (size_t i = 0; n > 0 && i < loop->count; i++) {
		if (!loop->polls[i].revents)
			continue;
		loop->entries[i].handler(loop->entries[i].context, loop->polls[i].revents);
		n--;
	}
	return 0;
}

int64_t loop_now_ns(void)
{
	return clock_monotonic_ns();
}

int64_t loop_wall_ns(void)
{
	return clock_wall_ns();
}
