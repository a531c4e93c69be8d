/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All containers are looked at, one after the other, and then written, family
 * by family, as the format wants it. A container is told by its name, so that
 * one that is made anew under it goes on with the same series; what else it is
 * stands once, in bivy_container_info.
 */
#include "engine/metrics_containers.h"
#include "base/log.h"
#include "base/moment.h"
#include "engine/stats_target.h"

#include <fcntl.h>
#include <stdlib.h>

struct row {
	const char *id, *name, *image, *image_id, *project, *service;
	enum spec_container_status status;
	enum spec_health_status health;
	uint64_t failing_streak, restarts, cpus;
	uint64_t cpu_limit_ns; /* of each second; 0: none */
	int64_t exit_code, created_ns, started_ns, finished_ns; /* 0: never */
	struct stats_sample sample; /* with .parts, which are larger than all else, if it runs */
	const char **device_names;
};

struct table {
	const struct metrics_request *request;
	struct arena *arena;
	struct stats_host host;
	struct row **rows;
	size_t count, room;
};

/* ---- looking ------------------------------------------------------------------------ */

static int64_t moment_ns(const char *text)
{
	struct timespec moment;

	if (!text || moment_parse(text, &moment) < 0 || moment.tv_sec < 0)
		return 0;
	return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

static const char *label_of(const struct container_record *record, const char *key)
{
	const struct spec_container_config *config = &record->container->config;

	for (size_t i = 0; i < config->label_count; i++)
		if (str_equal(config->labels[i].key, key))
			return config->labels[i].value;
	return "";
}

static uint64_t cpu_limit_ns(const struct spec_host_config *host)
{
	if (host->nano_cpus > 0)
		return (uint64_t)host->nano_cpus;
	if (host->cpu_quota > 0)
		return (uint64_t)((double)host->cpu_quota / (double)(host->cpu_period > 0 ? host->cpu_period : 100000) * 1e9);
	return 0;
}

static struct row *add_row(struct table *table, const struct container_record *record)
{
	const struct spec_container *container = record->container;
	const struct spec_container_state *state = record->state;
	struct arena *arena = table->arena;
	struct row *row = arena_alloc(arena, 1, sizeof *row);

	if (table->count == table->room) {
		table->room = table->room * 2 + 64;
		table->rows = memory_resize(table->rows, table->room, sizeof *table->rows);
	}
	table->rows[table->count++] = row;
	*row = (struct row){
		.id = arena_strdup(arena, container->id),
		.name = arena_strdup(arena, container->name),
		.image = arena_strdup(arena, container->config.image ? container->config.image : ""),
		.image_id = arena_strdup(arena, container->image_id ? container->image_id : ""),
		.project = arena_strdup(arena, label_of(record, "com.docker.compose.project")),
		.service = arena_strdup(arena, label_of(record, "com.docker.compose.service")),
		.status = state->status,
		.health = state->health.status,
		.failing_streak = state->health.failing_streak > 0 ? (uint64_t)state->health.failing_streak : 0,
		.restarts = state->restart_count > 0 ? (uint64_t)state->restart_count : 0,
		.cpu_limit_ns = cpu_limit_ns(&container->host),
		.exit_code = state->exit_code,
		.created_ns = moment_ns(container->created),
		.started_ns = moment_ns(state->started),
		.finished_ns = moment_ns(state->finished),
	};
	return row;
}

static void measure(const struct table *table, const struct stats_target *target, struct row *row)
{
	struct stats_sample *sample = &row->sample;

	sample->running = true;
	sample->parts = arena_alloc(table->arena, 1, sizeof *sample->parts);
	stats_target_measure(&table->host, target, sample);
	row->cpus = sample->cpus;
	/* What stands in for there being no limit. */
	if (sample->memory_limit >= table->host.memory)
		sample->memory_limit = 0;
}

static int see_record(void *context, struct container_record *record, struct error *err _unused_)
{
	struct table *table = context;
	struct stats_target target = STATS_TARGET_INIT;
	struct row *row = add_row(table, record);
	struct error gone = ERROR_INIT;

	if (!stats_target_runs(record))
		return 0;
	/* It may have ended since its state was read. */
	if (stats_target_open(&table->host, row->id, record->state->pid, &target, &gone) < 0) {
		log_debug("%s, leaving its numbers out", gone.message);
		return 0;
	}
	measure(table, &target, row);
	stats_target_close(&target);
	return 0;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp((*(struct row *const *)a)->name, (*(struct row *const *)b)->name);
}

/* By name; of two with one name, as while one is renamed, there is one: a reader takes no two series with the same labels. */
static void sort_rows(struct table *table)
{
	size_t kept = 0;

	if (table->count > 0)
		qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
	for (size_t i = 0; i < table->count; i++)
		if (kept == 0 || !str_equal(table->rows[kept - 1]->name, table->rows[i]->name))
			table->rows[kept++] = table->rows[i];
	table->count = kept;
}

/* ---- what each is ---------------------------------------------------------------------- */

#define LABELS(...) ((const struct openmetrics_label[]){ __VA_ARGS__, { NULL, NULL } })

static void write_states(const struct table *table, struct openmetrics *m)
{
	static const struct openmetrics_family family = { "bivy_containers", OPENMETRICS_GAUGE, NULL, "Containers by state." };
	/* Those that a state is shown as; others are shown as one of these. */
	static const enum spec_container_status statuses[] = { SPEC_CONTAINER_CREATED, SPEC_CONTAINER_RUNNING, SPEC_CONTAINER_PAUSED,
		SPEC_CONTAINER_RESTARTING, SPEC_CONTAINER_EXITED, SPEC_CONTAINER_REMOVING };

	openmetrics_begin(m, &family);
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		const char *state = spec_container_status_name(statuses[i]);
		uint64_t count = 0;

		for (size_t j = 0; j < table->count; j++)
			count += str_equal(spec_container_status_name(table->rows[j]->status), state);
		openmetrics_add(m, LABELS({ "state", state }), count);
	}
}

static void write_info(const struct table *table, struct openmetrics *m)
{
	static const struct openmetrics_family info = { "bivy_container", OPENMETRICS_INFO, NULL, "What a container is." };
	static const struct openmetrics_family state = { "bivy_container_state", OPENMETRICS_GAUGE, NULL, "1 for the state that the container is in." };
	static const struct openmetrics_family health = { "bivy_container_health", OPENMETRICS_GAUGE, NULL,
		"1 for what the container's health check says, if it has one." };

	openmetrics_begin(m, &info);
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = table->rows[i];

		openmetrics_add(m, LABELS({ "name", row->name }, { "id", row->id }, { "image", row->image }, { "image_id", row->image_id },
			{ "compose_project", row->project }, { "compose_service", row->service }), 1);
	}
	openmetrics_begin(m, &state);
	for (size_t i = 0; i < table->count; i++)
		openmetrics_add(m, LABELS({ "name", table->rows[i]->name }, { "state", spec_container_status_name(table->rows[i]->status) }), 1);
	openmetrics_begin(m, &health);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i]->health != SPEC_HEALTH_STATUS_NONE)
			openmetrics_add(m, LABELS({ "name", table->rows[i]->name }, { "health", spec_health_status_name(table->rows[i]->health) }), 1);
}

static void write_exit_codes(const struct table *table, struct openmetrics *m)
{
	static const struct openmetrics_family family = { "bivy_container_exit_code", OPENMETRICS_GAUGE, NULL,
		"What the container ended with the last time; 128 and the signal's number for a signal." };

	openmetrics_begin(m, &family);
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i]->finished_ns && !table->rows[i]->sample.running)
			openmetrics_add_signed(m, LABELS({ "name", table->rows[i]->name }), table->rows[i]->exit_code);
}

/* ---- numbers of each --------------------------------------------------------------------- */

enum number_flag {
	NUMBER_IS_NS = 1 << 0,
	NUMBER_OF_ANY = 1 << 1,   /* running or not */
	NUMBER_IF_KNOWN = 1 << 2, /* 0 is none, or not to be had */
};

struct number {
	struct openmetrics_family family;
	size_t offset; /* of a uint64_t in a row */
	unsigned flags;
};

#define ROW(member) offsetof(struct row, member)
#define SAMPLE(member) offsetof(struct row, sample.member)

static const struct number numbers[] = {
	{ { "bivy_container_create_time_seconds", OPENMETRICS_GAUGE, "seconds", "When the container was created, since 1970." }, ROW(created_ns),
		NUMBER_IS_NS | NUMBER_OF_ANY | NUMBER_IF_KNOWN },
	{ { "bivy_container_start_time_seconds", OPENMETRICS_GAUGE, "seconds", "When the container was last started, since 1970." }, ROW(started_ns),
		NUMBER_IS_NS | NUMBER_OF_ANY | NUMBER_IF_KNOWN },
	{ { "bivy_container_restarts", OPENMETRICS_COUNTER, NULL, "How often its restart policy started the container again since a person did." },
		ROW(restarts), NUMBER_OF_ANY },
	{ { "bivy_container_health_failures", OPENMETRICS_GAUGE, NULL, "Health checks that failed in a row." }, ROW(failing_streak), NUMBER_IF_KNOWN },

	{ { "bivy_container_cpus", OPENMETRICS_GAUGE, NULL, "CPUs that the container may run on." }, ROW(cpus), 0 },
	{ { "bivy_container_cpu_limit", OPENMETRICS_GAUGE, NULL, "CPUs' time that the container may use, 1 being one CPU; absent: all of it." },
		ROW(cpu_limit_ns), NUMBER_IS_NS | NUMBER_IF_KNOWN },
	{ { "bivy_container_cpu_periods", OPENMETRICS_COUNTER, NULL, "Periods of the CPU limit in which the container wanted to run." }, SAMPLE(periods), 0 },
	{ { "bivy_container_cpu_throttled_periods", OPENMETRICS_COUNTER, NULL, "Those in which it was held back." }, SAMPLE(throttled_periods), 0 },
	{ { "bivy_container_cpu_throttled_seconds", OPENMETRICS_COUNTER, "seconds", "How long it was held back by the CPU limit." }, SAMPLE(throttled_ns),
		NUMBER_IS_NS },

	{ { "bivy_container_memory_usage_bytes", OPENMETRICS_GAUGE, "bytes", "Memory, with file cache." }, SAMPLE(memory_usage), NUMBER_IF_KNOWN },
	{ { "bivy_container_memory_working_set_bytes", OPENMETRICS_GAUGE, "bytes", "Memory without file cache that nobody has used for a while." },
		SAMPLE(memory), NUMBER_IF_KNOWN },
	{ { "bivy_container_memory_anonymous_bytes", OPENMETRICS_GAUGE, "bytes", "Memory that no file is behind." }, SAMPLE(memory_anonymous),
		NUMBER_IF_KNOWN },
	{ { "bivy_container_memory_cache_bytes", OPENMETRICS_GAUGE, "bytes", "Memory that caches files." }, SAMPLE(memory_cache), 0 },
	{ { "bivy_container_memory_swap_bytes", OPENMETRICS_GAUGE, "bytes", "What of its memory is swapped out." }, SAMPLE(swap), 0 },
	{ { "bivy_container_memory_peak_bytes", OPENMETRICS_GAUGE, "bytes", "Most memory, with file cache, since the start." }, SAMPLE(memory_maximum),
		NUMBER_IF_KNOWN },
	{ { "bivy_container_memory_limit_bytes", OPENMETRICS_GAUGE, "bytes", "Memory that it may use; absent: as much as there is." },
		SAMPLE(memory_limit), NUMBER_IF_KNOWN },
	{ { "bivy_container_memory_oom_kills", OPENMETRICS_COUNTER, NULL, "Processes that were killed as memory ran out." }, SAMPLE(oom_kills), 0 },

	{ { "bivy_container_pids", OPENMETRICS_GAUGE, NULL, "Processes and threads." }, SAMPLE(pids), NUMBER_IF_KNOWN },
	{ { "bivy_container_pids_limit", OPENMETRICS_GAUGE, NULL, "Processes and threads that there may be; absent: any number." }, SAMPLE(pids_limit),
		NUMBER_IF_KNOWN },
};

/* Counters of the kernel begin anew with each start. */
static void begin_row(struct openmetrics *m, const struct row *row)
{
	m->created_ns = row->started_ns;
}

static void write_number(const struct table *table, struct openmetrics *m, const struct number *number)
{
	openmetrics_begin(m, &number->family);
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = table->rows[i];
		uint64_t value;

		memcpy(&value, (const char *)row + number->offset, sizeof value);
		if ((!row->sample.running && !(number->flags & NUMBER_OF_ANY)) || (value == 0 && (number->flags & NUMBER_IF_KNOWN)))
			continue;
		begin_row(m, row);
		if (number->flags & NUMBER_OF_ANY)
			m->created_ns = row->created_ns;
		if (number->flags & NUMBER_IS_NS)
			openmetrics_add_ns(m, LABELS({ "name", row->name }), value);
		else
			openmetrics_add(m, LABELS({ "name", row->name }), value);
	}
}

static void write_cpu(const struct table *table, struct openmetrics *m)
{
	static const struct openmetrics_family family = { "bivy_container_cpu_seconds", OPENMETRICS_COUNTER, "seconds",
		"CPU time of the container's processes, and of the kernel for them." };

	openmetrics_begin(m, &family);
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = table->rows[i];

		if (!row->sample.running)
			continue;
		begin_row(m, row);
		openmetrics_add_ns(m, LABELS({ "name", row->name }, { "mode", "user" }), row->sample.cpu_user_ns);
		openmetrics_add_ns(m, LABELS({ "name", row->name }, { "mode", "system" }), row->sample.cpu_system_ns);
	}
}

/* ---- pressure ------------------------------------------------------------------------------ */

static void write_pressures(const struct table *table, struct openmetrics *m, bool full)
{
	static const struct openmetrics_family families[] = {
		{ "bivy_container_pressure_waiting_seconds", OPENMETRICS_COUNTER, "seconds", "How long some of the container's processes waited for it." },
		{ "bivy_container_pressure_stalled_seconds", OPENMETRICS_COUNTER, "seconds", "How long all of them did at once." },
	};
	static const struct {
		const char *resource;
		size_t offset;
	} resources[] = { { "cpu", SAMPLE(cpu_pressure) }, { "memory", SAMPLE(memory_pressure) }, { "io", SAMPLE(io_pressure) } };

	openmetrics_begin(m, &families[full]);
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = table->rows[i];

		begin_row(m, row);
		for (size_t j = 0; j < ARRAY_SIZE(resources); j++) {
			const struct stats_pressure *pressure = (const void *)((const char *)row + resources[j].offset);

			if (pressure->known)
				openmetrics_add_ns(m, LABELS({ "name", row->name }, { "resource", resources[j].resource }),
						   (full ? pressure->full_us : pressure->some_us) * 1000);
		}
	}
}

/* ---- devices and links ------------------------------------------------------------------------ */

struct part_number {
	struct openmetrics_family family;
	size_t offset; /* of a uint64_t in a device or link */
};

#define DEVICE(member) offsetof(struct stats_device, member)
#define LINK(member) offsetof(struct stats_link, member)

static const struct part_number device_numbers[] = {
	{ { "bivy_container_io_read_bytes", OPENMETRICS_COUNTER, "bytes", "Bytes that were read from a block device." }, DEVICE(read_bytes) },
	{ { "bivy_container_io_written_bytes", OPENMETRICS_COUNTER, "bytes", "Bytes that were written to a block device." }, DEVICE(write_bytes) },
	{ { "bivy_container_io_reads", OPENMETRICS_COUNTER, NULL, "Operations that read from a block device." }, DEVICE(read_operations) },
	{ { "bivy_container_io_writes", OPENMETRICS_COUNTER, NULL, "Operations that wrote to a block device." }, DEVICE(write_operations) },
};

static const struct part_number link_numbers[] = {
	{ { "bivy_container_network_receive_bytes", OPENMETRICS_COUNTER, "bytes", "Bytes that an interface received." }, LINK(received_bytes) },
	{ { "bivy_container_network_receive_packets", OPENMETRICS_COUNTER, NULL, "Packets that an interface received." }, LINK(received_packets) },
	{ { "bivy_container_network_receive_errors", OPENMETRICS_COUNTER, NULL, "Packets that were received wrong." }, LINK(receive_errors) },
	{ { "bivy_container_network_receive_dropped", OPENMETRICS_COUNTER, NULL, "Packets that were received and dropped." }, LINK(receive_dropped) },
	{ { "bivy_container_network_transmit_bytes", OPENMETRICS_COUNTER, "bytes", "Bytes that an interface sent." }, LINK(sent_bytes) },
	{ { "bivy_container_network_transmit_packets", OPENMETRICS_COUNTER, NULL, "Packets that an interface sent." }, LINK(sent_packets) },
	{ { "bivy_container_network_transmit_errors", OPENMETRICS_COUNTER, NULL, "Packets that could not be sent." }, LINK(send_errors) },
	{ { "bivy_container_network_transmit_dropped", OPENMETRICS_COUNTER, NULL, "Packets that were dropped before they were sent." }, LINK(send_dropped) },
};

static uint64_t part_value(const void *part, const struct part_number *number)
{
	uint64_t value;

	memcpy(&value, (const char *)part + number->offset, sizeof value);
	return value;
}

/* "sda", or "8:0" if the host does not know it. */
static const char *device_name(struct arena *arena, const struct stats_device *device)
{
	char *path = arena_printf(arena, "/sys/dev/block/%u:%u", device->major, device->minor), target[512];
	ssize_t length = readlink(path, target, sizeof target - 1);
	const char *slash;

	target[length > 0 ? length : 0] = '\0';
	slash = strrchr(target, '/');
	return slash ? arena_strdup(arena, slash + 1) : path + strlen("/sys/dev/block/");
}

static const struct stats_parts *parts_of(const struct row *row)
{
	static const struct stats_parts none;

	return row->sample.parts ? row->sample.parts : &none;
}

/* Finds the names of its devices, once for all families. */
static void name_devices(const struct table *table, struct row *row)
{
	const struct stats_parts *parts = parts_of(row);

	row->device_names = arena_alloc(table->arena, parts->device_count + 1, sizeof *row->device_names);
	for (size_t i = 0; i < parts->device_count; i++)
		row->device_names[i] = device_name(table->arena, &parts->devices[i]);
}

static void write_devices(const struct table *table, struct openmetrics *m)
{
	for (size_t i = 0; i < table->count; i++)
		name_devices(table, table->rows[i]);
	for (const struct part_number *number = device_numbers; number < device_numbers + ARRAY_SIZE(device_numbers); number++) {
		openmetrics_begin(m, &number->family);
		for (size_t i = 0; i < table->count; i++) {
			const struct row *row = table->rows[i];

			begin_row(m, row);
			for (size_t j = 0; j < parts_of(row)->device_count; j++)
				openmetrics_add(m, LABELS({ "name", row->name }, { "device", row->device_names[j] }), part_value(&parts_of(row)->devices[j], number));
		}
	}
}

static void write_links(const struct table *table, struct openmetrics *m)
{
	for (const struct part_number *number = link_numbers; number < link_numbers + ARRAY_SIZE(link_numbers); number++) {
		openmetrics_begin(m, &number->family);
		for (size_t i = 0; i < table->count; i++) {
			const struct row *row = table->rows[i];

			begin_row(m, row);
			for (size_t j = 0; j < parts_of(row)->link_count; j++)
				openmetrics_add(m, LABELS({ "name", row->name }, { "interface", parts_of(row)->links[j].name }),
						part_value(&parts_of(row)->links[j], number));
		}
	}
}

/* ---- all ------------------------------------------------------------------------------------------ */

static void write_all(const struct table *table, struct openmetrics *m)
{
	write_states(table, m);
	write_info(table, m);
	write_exit_codes(table, m);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		write_number(table, m, &numbers[i]);
	write_cpu(table, m);
	write_pressures(table, m, false);
	write_pressures(table, m, true);
	write_devices(table, m);
	write_links(table, m);
}

int metrics_containers_write(const struct metrics_request *request, struct openmetrics *m, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct table table = { .request = request, .arena = arena };
	int r;

	stats_host_look(request->directories, &table.host);
	r = container_record_survey(request->directories, request->cache, see_record, &table, err);
	if (r == 0) {
		sort_rows(&table);
		write_all(&table, m);
		m->created_ns = 0;
	}
	free(table.rows);
	stats_host_done(&table.host);
	return r;
}
