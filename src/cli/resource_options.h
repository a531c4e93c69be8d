/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a container and its restart policy, as `run`, `create` and `update` have them. */
#ifndef BIVY_CLI_RESOURCE_OPTIONS_H
#define BIVY_CLI_RESOURCE_OPTIONS_H

#include "base/options.h"
#include "cli/value_limit.h"
#include "spec/container.h"

#define RESOURCE_NOT_GIVEN INT64_MIN

/* What the options fill; begins as RESOURCE_DEFAULTS. */
struct resource_request {
	struct spec_host_config host; /* what needs no more than to be stored */
	int64_t memory_swap, memory_swappiness, pids_limit;
	char **weight_devices, **rates[THROTTLE_KIND_COUNT];
	const char *restart, *kernel_memory;
};

#define RESOURCE_DEFAULTS \
	{ .memory_swap = RESOURCE_NOT_GIVEN, .memory_swappiness = RESOURCE_NOT_GIVEN, .pids_limit = RESOURCE_NOT_GIVEN }

#define RESOURCE_ENTRIES(type, member) \
	{ "memory", 'm', OPTION_CALLBACK, 0, offsetof(type, member.host.memory), "SIZE", "limit memory", .parse = value_memory_parse }, \
	{ "memory-reservation", 0, OPTION_CALLBACK, 0, offsetof(type, member.host.memory_reservation), "SIZE", \
		"when memory is short, take back what is above", .parse = value_memory_parse }, \
	{ "memory-swap", 0, OPTION_CALLBACK, 0, offsetof(type, member.memory_swap), "SIZE", "limit memory and swap together; -1: no limit", \
		.parse = value_memory_swap_parse }, \
	{ "memory-swappiness", 0, OPTION_INT, 0, offsetof(type, member.memory_swappiness), "N", "how readily memory is swapped, 0 to 100", -1, 100 }, \
	{ "kernel-memory", 0, OPTION_STRING, OPTION_HIDDEN, offsetof(type, member.kernel_memory), "SIZE", "counted as memory by now" }, \
	{ "cpus", 0, OPTION_CALLBACK, 0, offsetof(type, member.host.nano_cpus), "N", "limit the time of CPUs, such as 1.5", .parse = value_cpus_parse }, \
	{ "cpu-shares", 'c', OPTION_INT, 0, offsetof(type, member.host.cpu_shares), "N", "weight among others, 1024 is usual", 0, INT64_MAX }, \
	{ "cpu-period", 0, OPTION_INT, 0, offsetof(type, member.host.cpu_period), "US", "length of the period that --cpu-quota is of", 0, INT64_MAX }, \
	{ "cpu-quota", 0, OPTION_INT, 0, offsetof(type, member.host.cpu_quota), "US", "time of CPUs in each period", -1, INT64_MAX }, \
	{ "cpu-rt-period", 0, OPTION_INT, 0, offsetof(type, member.host.cpu_realtime_period), "US", "likewise, for real-time processes", 0, INT64_MAX }, \
	{ "cpu-rt-runtime", 0, OPTION_INT, 0, offsetof(type, member.host.cpu_realtime_runtime), "US", \
		"time for real-time processes in each period", 0, INT64_MAX }, \
	{ "cpuset-cpus", 0, OPTION_STRING, 0, offsetof(type, member.host.cpuset_cpus), "LIST", "CPUs that may be used, such as 0-3,5" }, \
	{ "cpuset-mems", 0, OPTION_STRING, 0, offsetof(type, member.host.cpuset_mems), "LIST", "memory nodes that may be used" }, \
	{ "pids-limit", 0, OPTION_INT, 0, offsetof(type, member.pids_limit), "N", "limit processes and threads, at first 2048; -1: no limit", -1, INT64_MAX }, \
	{ "blkio-weight", 0, OPTION_INT, 0, offsetof(type, member.host.blkio_weight), "N", "weight of its input and output, 10 to 1000", 0, 1000 }, \
	{ "blkio-weight-device", 0, OPTION_LIST, 0, offsetof(type, member.weight_devices), "DEVICE:N", "likewise, of one device" }, \
	{ "device-read-bps", 0, OPTION_LIST, 0, offsetof(type, member.rates[THROTTLE_READ_BPS]), "DEVICE:SIZE", "limit what is read in a second" }, \
	{ "device-write-bps", 0, OPTION_LIST, 0, offsetof(type, member.rates[THROTTLE_WRITE_BPS]), "DEVICE:SIZE", "limit what is written in a second" }, \
	{ "device-read-iops", 0, OPTION_LIST, 0, offsetof(type, member.rates[THROTTLE_READ_IOPS]), "DEVICE:N", "limit how often is read in a second" }, \
	{ "device-write-iops", 0, OPTION_LIST, 0, offsetof(type, member.rates[THROTTLE_WRITE_IOPS]), "DEVICE:N", \
		"limit how often is written in a second" }, \
	{ "restart", 0, OPTION_STRING, 0, offsetof(type, member.restart), "POLICY", \
		"when it is started again: no, on-failure[:TIMES], always, unless-stopped" }

/*
 * What they come to: *RET begins as REQUEST->host. Refuses what contradicts
 * itself. *RET_WARNING, NULL for none, is what was passed over.
 */
int resource_decode(struct arena *arena, const struct resource_request *request, struct spec_host_config *ret, const char **ret_warning, struct error *err)
	_must_check_;

#endif
