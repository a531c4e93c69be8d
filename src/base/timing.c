/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timing.h"
#include "base/clock.h"
#include "base/role.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A phase is whole once its .end_ns is not 0, which is written last. */
struct slot {
	char process[sizeof ((struct timing_phase *)0)->process];
	char name[sizeof ((struct timing_phase *)0)->name];
	int64_t begin_ns;
	_Atomic int64_t end_ns;
};

struct table {
	_Atomic uint32_t used; /* slots taken; more than there are if some were not kept */
	struct slot slots[TIMING_PHASES];
};

static struct table *table, *suspended;
static int table_fd = -1;

static int map(int fd)
{
	void *memory = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	table = memory;
	table_fd = fd;
	return 0;
}

int timing_begin(void)
{
	int fd = memfd_create("timing", MFD_CLOEXEC | MFD_ALLOW_SEALING), r = 0;

	if (fd < 0)
		return -errno;
	/* A process that makes it shorter would end the others by SIGBUS (mmap(2)). */
	if (ftruncate(fd, sizeof *table) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		r = -errno;
	if (r == 0)
		r = map(fd);
	if (r < 0)
		close(fd);
	return r;
}

int timing_join(int fd)
{
	struct stat info;
	int seals;

	if (fstat(fd, &info) < 0 || (seals = fcntl(fd, F_GET_SEALS)) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (info.st_size != sizeof *table || !(seals & F_SEAL_SHRINK))
		return -EINVAL;
	return map(fd);
}

int timing_fd(void)
{
	return table ? table_fd : -1;
}

void timing_suspend(void)
{
	suspended = table;
	table = NULL;
}

void timing_resume(void)
{
	table = suspended;
	suspended = NULL;
}

void timing_leave(void)
{
	if (!table)
		return;
	munmap(table, sizeof *table);
	close(table_fd);
	table = NULL;
	table_fd = -1;
}

int64_t timing_now(void)
{
	return table ? clock_monotonic_ns() : 0;
}

void timing_phase(const char *name, int64_t begin_ns)
{
	uint32_t index;
	struct slot *slot;

	if (!table || !begin_ns)
		return;
	index = atomic_fetch_add(&table->used, 1);
	if (index >= TIMING_PHASES) {
		atomic_store(&table->used, TIMING_PHASES); /* it does not come round */
		return;
	}
	slot = &table->slots[index];
	strncpy(slot->process, role_name(), sizeof slot->process - 1);
	strncpy(slot->name, name, sizeof slot->name - 1);
	slot->begin_ns = begin_ns;
	atomic_store(&slot->end_ns, clock_monotonic_ns());
}

/* TEXT is what any process may write to at this moment. */
static void take_text(char *ret, const char *text, size_t size)
{
	size_t length;

	memcpy(ret, text, size);
	ret[size - 1] = '\0';
	length = strlen(ret);
	for (size_t i = 0; i < length; i++)
		if (ret[i] < ' ' || ret[i] > '~')
			ret[i] = '?';
}

static int compare_begin(const void *a, const void *b)
{
	const struct timing_phase *one = a, *other = b;

	/* Of two that begin together the longer one has the other in it. */
	if (one->begin_ns == other->begin_ns)
		return (other->end_ns > one->end_ns) - (other->end_ns < one->end_ns);
	return (one->begin_ns > other->begin_ns) - (one->begin_ns < other->begin_ns);
}

size_t timing_read(struct timing_phase *ret, size_t capacity)
{
	uint32_t used = table ? atomic_load(&table->used) : 0;
	size_t count = 0;

	for (uint32_t i = 0; i < used && i < TIMING_PHASES && count < capacity; i++) {
		struct slot *slot = &table->slots[i];
		struct timing_phase *phase = &ret[count];

		phase->end_ns = atomic_load(&slot->end_ns);
		phase->begin_ns = slot->begin_ns;
		if (phase->begin_ns <= 0 || phase->end_ns < phase->begin_ns)
			continue;
		take_text(phase->process, slot->process, sizeof phase->process);
		take_text(phase->name, slot->name, sizeof phase->name);
		count++;
	}
	qsort(ret, count, sizeof *ret, compare_begin);
	return count;
}
