/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and devices: sizes, fractions of CPUs, ulimits, rates of devices,
 * rules for devices. Those of one argument fit option_entry.parse: TARGET is
 * what is said for each.
 */
#ifndef BIVY_CLI_VALUE_LIMIT_H
#define BIVY_CLI_VALUE_LIMIT_H

#include "spec/value_list.h"
#include "spec/container.h"

/* "512m": int64_t, bytes; 0 is none. */
int value_memory_parse(const char *text, void *target, struct error *err) _must_check_;
/* Likewise; "-1" is no limit. */
int value_memory_swap_parse(const char *text, void *target, struct error *err) _must_check_;
/* "64m": uint64_t, above 0. */
int value_shm_size_parse(const char *text, void *target, struct error *err) _must_check_;
/* "1.5": int64_t, billionths of a CPU. */
int value_cpus_parse(const char *text, void *target, struct error *err) _must_check_;

/* "nofile=1024:2048", "core=-1", "nproc=unlimited". */
int value_ulimit_parse(struct arena *arena, const char *text, struct spec_container_ulimit *ret, struct error *err) _must_check_;

/* "/dev/sda:1mb" of bytes, "/dev/sda:1000" of operations, "/dev/sda:500" of weight from 10 to 1000. */
enum value_rate_kind { VALUE_RATE_BYTES, VALUE_RATE_OPERATIONS, VALUE_RATE_WEIGHT };
int value_rate_parse(struct arena *arena, const char *text, enum value_rate_kind kind, struct spec_container_rate *ret, struct error *err) _must_check_;
/* All TEXTS, NULL-terminated or NULL, of option --OPTION. *RET is NULL for none. */
int value_rates_parse(struct arena *arena, const char *option, enum value_rate_kind kind, char *const *texts, struct spec_container_rate **ret,
		      size_t *ret_count, struct error *err) _must_check_;
/* Likewise of --device-read-bps and its like. */
int value_throttles_parse(struct arena *arena, char **const texts[THROTTLE_KIND_COUNT], struct spec_container_rate *ret[THROTTLE_KIND_COUNT],
			  size_t ret_counts[THROTTLE_KIND_COUNT], struct error *err) _must_check_;

/* "HOST[:CONTAINER][:PERMISSIONS]". */
int value_device_parse(struct arena *arena, const char *text, struct spec_container_device *ret, struct error *err) _must_check_;

/* "c 42:* rmw": whether it is one. */
int value_device_rule_check(const char *text, struct error *err) _must_check_;

#endif
