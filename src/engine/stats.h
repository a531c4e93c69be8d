/* SPDX-License-Identifier: Apache-2.0 */
/* What containers use of the host: from their control groups (v1, v2, hybrid), processes and links. */
#ifndef BIVY_ENGINE_STATS_H
#define BIVY_ENGINE_STATS_H

#include "engine/container.h"

struct stats_pressure {
	bool known;
	double some_avg10, full_avg10; /* percent of time */
	uint64_t some_us, full_us;     /* in all */
};

/* Of one block device, and of one link. */
struct stats_device {
	uint32_t major, minor;
	uint64_t read_bytes, write_bytes, read_operations, write_operations;
};

struct stats_link {
	char name[16]; /* as the container chose it: any bytes but blanks */
	uint64_t received_bytes, received_packets, receive_errors, receive_dropped;
	uint64_t sent_bytes, sent_packets, send_errors, send_dropped;
};

#define STATS_PARTS 64 /* so many devices, and links; the sums are of all */

struct stats_parts {
	struct stats_device devices[STATS_PARTS];
	size_t device_count;
	struct stats_link links[STATS_PARTS]; /* without the loopback */
	size_t link_count;
};

struct stats_sample {
	const char *id, *name;
	int64_t time_ns; /* CLOCK_MONOTONIC */
	bool running;    /* false: all below is 0 */
	uint64_t cpu_ns, cpu_user_ns, cpu_system_ns;
	uint64_t throttled_periods, periods, throttled_ns;
	uint32_t cpus;   /* that it may use */
	uint64_t host_cpu_ns; /* of all CPUs of the host, idle or not, since its start */
	uint64_t memory, memory_limit, memory_cache, swap; /* bytes; without reclaimable file cache, as docker; limit: or the host's memory */
	uint64_t memory_usage;      /* with all file cache */
	uint64_t memory_inactive;   /* file cache that .memory is without */
	uint64_t memory_anonymous;  /* that no file is behind */
	bool memory_is_v2;
	uint64_t memory_maximum;    /* most ever used, 0: unknown */
	uint64_t oom_kills;
	uint64_t pids, pids_limit;  /* limit 0: none */
	uint64_t read_bytes, write_bytes, read_operations, write_operations;
	uint64_t received_bytes, sent_bytes, received_packets, sent_packets, receive_errors, send_errors, receive_dropped, send_dropped;
	struct stats_parts *parts;  /* of whoever asks for them; else NULL: the sums alone */
	struct stats_pressure cpu_pressure, memory_pressure, io_pressure;
	double cpu_percent; /* since the sample before, of one CPU; of the first: since the start */
};

struct stats_request {
	const struct directories *directories;
	char *const *containers; /* NULL-terminated; none: all that run (with .all: all) */
	bool all, once;
	unsigned interval_ms;    /* 1000 */
	/* Called for each round with all samples; what is not 0 ends it and is returned. */
	int (*each)(void *context, const struct stats_sample *samples, size_t count);
	void *context;
};

int stats_follow(const struct stats_request *request, struct error *err) _must_check_;

/* Processes of a container, as ps(1) on the host would list them: ARGS go to ps, NULL-terminated, or NULL for our own columns. Rows of cells, the titles first. */
struct top_table {
	char ***rows; /* each NULL-terminated; the last is NULL; in the arena */
};
int container_top(struct arena *arena, const struct directories *directories, const char *container, char *const *args, struct top_table *ret, struct error *err)
	_must_check_;

#endif
