/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/turns.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/random.h>
#include <unistd.h>

/* A turn lasts some 10 ms: of many who look, one soon finds that it is over; of few, each does. */
#define LOOK_LEAST_US 1000
#define LOOK_SPREAD_US 8192

static unsigned count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static bool try_one(int fd, unsigned number)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = number, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool try_all(int fd, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (try_one(fd, i))
			return true;
	return false;
}

/* Not all at the same moments. */
static unsigned some_time_us(void)
{
	uint16_t number = 0;

	ignore_result(getrandom(&number, sizeof number, GRND_NONBLOCK)); /* any number will do */
	return LOOK_LEAST_US + number % LOOK_SPREAD_US;
}

int turn_take_of(const struct directories *directories, unsigned count, unsigned patience_ms)
{
	_cleanup_free_ char *path = str_printf("%s/turns", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int64_t end_ms = clock_monotonic_ms() + patience_ms;

	/* Without a file, or where it cannot be locked, there are no turns. */
	while (fd >= 0 && !try_all(fd, count)) {
		if ((errno != EAGAIN && errno != EACCES) || clock_monotonic_ms() >= end_ms)
			return -EBADF;
		usleep(some_time_us());
	}
	return TAKE_FD(fd);
}

int turn_take(const struct directories *directories)
{
	return turn_take_of(directories, 2 * count_processors(), TURN_PATIENCE_MS);
}
