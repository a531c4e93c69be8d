/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_limits.h"

#include <inttypes.h>

/* ---- those that go together ------------------------------------------------------------ */

static int merge_memory(const struct spec_host_config *changes, bool has_memory_swap, struct spec_host_config *host, struct spec_host_config *limits,
	struct error *err)
{
	if (changes->memory)
		host->memory = changes->memory;
	if (changes->memory_swap || has_memory_swap)
		host->memory_swap = changes->memory_swap;
	if (host->memory_swap > 0 && host->memory > host->memory_swap) {
		error_set(err, ERROR_INVALID, 0, "a memory limit of %" PRId64 " bytes is above that of memory and swap together, %" PRId64, host->memory,
			host->memory_swap);
		error_hint(err, "--memory-swap changes that at the same time");
		return -EINVAL;
	}
	if (host->memory_swap > 0 && !host->memory)
		return error_set(err, ERROR_INVALID, 0, "--memory-swap needs a memory limit: --memory");
	if (changes->memory || changes->memory_swap || has_memory_swap) {
		limits->memory = host->memory;
		limits->memory_swap = host->memory_swap;
	}
	return 0;
}

/* --cpus is a quota in other words: the later of the two counts. */
static void merge_cpu_time(const struct spec_host_config *changes, struct spec_host_config *host, struct spec_host_config *limits)
{
	if (!changes->nano_cpus && !changes->cpu_quota && !changes->cpu_period)
		return;
	if (changes->nano_cpus) {
		host->nano_cpus = changes->nano_cpus;
		host->cpu_quota = host->cpu_period = 0;
	}
	if (changes->cpu_quota) {
		host->cpu_quota = changes->cpu_quota;
		host->nano_cpus = 0;
	}
	if (changes->cpu_period)
		host->cpu_period = changes->cpu_period;
	limits->nano_cpus = host->nano_cpus;
	limits->cpu_quota = host->cpu_quota;
	limits->cpu_period = host->cpu_period;
}

static int merge_restart_policy(const struct spec_host_config *changes, struct spec_host_config *host, struct error *err)
{
	if (!changes->restart_policy)
		return 0;
	if (host->auto_remove && !str_equal(changes->restart_policy, "no"))
		return error_set(err, ERROR_INVALID, 0, "a container that is removed when it ends (--rm) cannot be restarted");
	host->restart_policy = changes->restart_policy;
	host->restart_maximum = changes->restart_maximum;
	return 0;
}

/* ---- the others ---------------------------------------------------------------------------- */

#define TAKE(member)                                             \
	do {                                                     \
		if (changes->member)                             \
			host->member = limits->member = changes->member; \
	} while (0)

static void merge_flagged(const struct spec_host_config *changes, struct spec_host_config *host, struct spec_host_config *limits)
{
	if (changes->has_memory_swappiness) {
		host->has_memory_swappiness = limits->has_memory_swappiness = true;
		host->memory_swappiness = limits->memory_swappiness = changes->memory_swappiness;
	}
	if (changes->has_pids_limit) {
		host->has_pids_limit = limits->has_pids_limit = true;
		host->pids_limit = limits->pids_limit = changes->pids_limit;
	}
}

static void merge_rates(const struct spec_host_config *changes, struct spec_host_config *host, struct spec_host_config *limits)
{
	if (changes->blkio_weight_device_count) {
		host->blkio_weight_devices = limits->blkio_weight_devices = changes->blkio_weight_devices;
		host->blkio_weight_device_count = limits->blkio_weight_device_count = changes->blkio_weight_device_count;
	}
	for (size_t i = 0; i < THROTTLE_KIND_COUNT; i++) {
		if (!changes->blkio_rate_count[i])
			continue;
		host->blkio_rates[i] = limits->blkio_rates[i] = changes->blkio_rates[i];
		host->blkio_rate_count[i] = limits->blkio_rate_count[i] = changes->blkio_rate_count[i];
	}
}

int container_limits_merge(const struct spec_host_config *old, const struct spec_host_config *changes, bool has_memory_swap,
	struct spec_host_config *ret_host, struct spec_host_config *ret_limits, struct error *err)
{
	struct spec_host_config merged = *old, only = { .memory = 0 }, *host = &merged, *limits = &only;
	int r = merge_memory(changes, has_memory_swap, host, limits, err);

	if (r == 0)
		r = merge_restart_policy(changes, host, err);
	if (r < 0)
		return r;
	merge_cpu_time(changes, host, limits);
	merge_flagged(changes, host, limits);
	merge_rates(changes, host, limits);
	TAKE(memory_reservation);
	TAKE(cpu_shares);
	TAKE(cpu_realtime_period);
	TAKE(cpu_realtime_runtime);
	TAKE(cpuset_cpus);
	TAKE(cpuset_mems);
	TAKE(blkio_weight);
	*ret_host = merged;
	*ret_limits = only;
	return 0;
}

bool container_limits_are_given(const struct spec_host_config *limits)
{
	bool has_rates = limits->blkio_weight || limits->blkio_weight_device_count;

	for (size_t i = 0; i < THROTTLE_KIND_COUNT; i++)
		has_rates |= limits->blkio_rate_count[i] != 0;
	return has_rates || limits->memory || limits->memory_swap || limits->memory_reservation || limits->has_memory_swappiness || limits->nano_cpus ||
	       limits->cpu_quota || limits->cpu_period || limits->cpu_shares || limits->cpu_realtime_period || limits->cpu_realtime_runtime ||
	       limits->cpuset_cpus || limits->cpuset_mems || limits->has_pids_limit;
}
