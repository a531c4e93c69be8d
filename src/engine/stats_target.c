/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stats_target.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/stats_read.h"
#include "host/pidfd.h"
#include "host/syscalls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#define LINKS_LIMIT (1u << 20) /* bytes of /proc/PID/net/dev */

void stats_host_measure(struct stats_host *ret)
{
	struct sysinfo info;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*ret = (struct stats_host){ .cpus = cpus > 0 ? (uint32_t)cpus : 1 };
	if (sysinfo(&info) == 0)
		ret->memory = (uint64_t)info.totalram * info.mem_unit;
}

void stats_host_look(const struct directories *directories, struct stats_host *ret)
{
	stats_host_measure(ret);
	ret->runtime.root = str_printf("%s/runtime", directories->run_root);
}

void stats_host_done(struct stats_host *host)
{
	free((char *)host->runtime.root);
}

bool stats_target_runs(const struct container_record *record)
{
	switch (record->state->status) {
	case SPEC_CONTAINER_RUNNING:
	case SPEC_CONTAINER_PAUSED:
	case SPEC_CONTAINER_STOPPING:
		return record->is_supervised && record->state->pid > 0;
	default:
		return false;
	}
}

int stats_target_open(const struct stats_host *host, const char *id, int64_t pid, struct stats_target *target, struct error *err)
{
	struct container container = CONTAINER_INIT;
	int r = container_load(&host->runtime, id, &container, err);

	if (r == 0)
		r = container_open_groups(&container, err);
	if (r < 0) {
		container_done(&container);
		return r;
	}
	target->container = container;
	target->pid = pid;
	target->pidfd = pidfd_open_same((pid_t)pid, container.state->init_start);
	return 0;
}

void stats_target_close(struct stats_target *target)
{
	if (target->pid)
		container_done(&target->container);
	close_and_forget(&target->pidfd);
	*target = STATS_TARGET_INIT;
}

/* Whether the process is in our own network namespace, whose links are not the container's. */
static bool shares_network(int64_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/%lld/ns/net", (long long)pid);
	return stat("/proc/self/ns/net", &ours) < 0 || stat(path, &theirs) < 0 || (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
}

static void read_links(const struct stats_target *target, struct stats_sample *sample)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[64];

	if (target->pidfd < 0 || shares_network(target->pid))
		return;
	snprintf(path, sizeof path, "/proc/%lld/net/dev", (long long)target->pid);
	if (file_read_at(AT_FDCWD, path, LINKS_LIMIT, &text) < 0)
		return;
	/* The number still was that process when the file was read. */
	if (sys_pidfd_send_signal(target->pidfd, 0) == 0)
		stats_read_links(text.data, sample);
}

void stats_target_measure(const struct stats_host *host, const struct stats_target *target, struct stats_sample *sample)
{
	stats_read_groups(&target->container.groups, host->memory, host->cpus, sample);
	sample->time_ns = clock_monotonic_ns();
	read_links(target, sample);
}
