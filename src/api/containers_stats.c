/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/{id}/stats. */
#include "api/routes.h"
#include "base/moment.h"
#include "engine/stats.h"

#include <time.h>

#define NO_TIME "0001-01-01T00:00:00Z"

struct view {
	struct api_call *call;
	struct error *err;
	bool streams, one_shot;
	struct stats_sample before; /* the one before; zeros: none */
	char time[48], time_before[48];
	bool has_before;
	int result;
};

/* ---- parts of a sample ------------------------------------------------------------------------ */

static void write_cpu(struct json_writer *w, const char *key, const struct stats_sample *sample, bool is_known)
{
	json_write_open(w, key, '{');
	json_write_open(w, "cpu_usage", '{');
	json_write_uint(w, "total_usage", sample->cpu_ns);
	json_write_uint(w, "usage_in_kernelmode", sample->cpu_system_ns);
	json_write_uint(w, "usage_in_usermode", sample->cpu_user_ns);
	json_write_close(w, '}');
	if (is_known) {
		json_write_uint(w, "system_cpu_usage", sample->host_cpu_ns);
		json_write_uint(w, "online_cpus", sample->cpus);
	}
	json_write_open(w, "throttling_data", '{');
	json_write_uint(w, "periods", sample->periods);
	json_write_uint(w, "throttled_periods", sample->throttled_periods);
	json_write_uint(w, "throttled_time", sample->throttled_ns);
	json_write_close(w, '}');
	json_write_close(w, '}');
}

/* What is called so depends on the version of control groups. */
static void write_memory(struct json_writer *w, const struct stats_sample *sample)
{
	json_write_open(w, "memory_stats", '{');
	if (sample->running) {
		json_write_uint(w, "usage", sample->memory + sample->memory_inactive);
		if (!sample->memory_is_v2)
			json_write_uint(w, "max_usage", sample->memory_maximum);
		json_write_open(w, "stats", '{');
		json_write_uint(w, sample->memory_is_v2 ? "file" : "total_cache", sample->memory_cache);
		json_write_uint(w, sample->memory_is_v2 ? "inactive_file" : "total_inactive_file", sample->memory_inactive);
		json_write_close(w, '}');
		json_write_uint(w, "limit", sample->memory_limit);
	}
	json_write_close(w, '}');
}

static void write_block_entry(struct json_writer *w, const char *operation, uint64_t value)
{
	json_write_open(w, NULL, '{');
	json_write_uint(w, "major", 0);
	json_write_uint(w, "minor", 0);
	json_write_string(w, "op", operation);
	json_write_uint(w, "value", value);
	json_write_close(w, '}');
}

/* Of all devices together. */
static void write_block_pair(struct json_writer *w, const char *key, uint64_t reads, uint64_t writes)
{
	json_write_open(w, key, '[');
	write_block_entry(w, "read", reads);
	write_block_entry(w, "write", writes);
	json_write_close(w, ']');
}

static void write_block(struct json_writer *w, const struct stats_sample *sample)
{
	static const char *const unknown[] = { "io_queue_recursive", "io_service_time_recursive", "io_wait_time_recursive", "io_merged_recursive",
		"io_time_recursive", "sectors_recursive" };

	json_write_open(w, "blkio_stats", '{');
	if (sample->running) {
		write_block_pair(w, "io_service_bytes_recursive", sample->read_bytes, sample->write_bytes);
		write_block_pair(w, "io_serviced_recursive", sample->read_operations, sample->write_operations);
	} else {
		json_write_null(w, "io_service_bytes_recursive");
		json_write_null(w, "io_serviced_recursive");
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		json_write_null(w, unknown[i]);
	json_write_close(w, '}');
}

/* Of all interfaces together. */
static void write_networks(struct json_writer *w, const struct stats_sample *sample)
{
	if (!sample->running)
		return;
	json_write_open(w, "networks", '{');
	json_write_open(w, "eth0", '{');
	json_write_uint(w, "rx_bytes", sample->received_bytes);
	json_write_uint(w, "rx_packets", sample->received_packets);
	json_write_uint(w, "rx_errors", sample->receive_errors);
	json_write_uint(w, "rx_dropped", sample->receive_dropped);
	json_write_uint(w, "tx_bytes", sample->sent_bytes);
	json_write_uint(w, "tx_packets", sample->sent_packets);
	json_write_uint(w, "tx_errors", sample->send_errors);
	json_write_uint(w, "tx_dropped", sample->send_dropped);
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static void write_pids(struct json_writer *w, const struct stats_sample *sample)
{
	json_write_open(w, "pids_stats", '{');
	if (sample->running) {
		json_write_uint(w, "current", sample->pids);
		json_write_uint(w, "limit", sample->pids_limit ? sample->pids_limit : UINT64_MAX);
	}
	json_write_close(w, '}');
}

static void write_sample(struct json_writer *w, const struct view *view, const struct stats_sample *sample)
{
	_cleanup_free_ char *name = str_printf("/%s", sample->name);

	json_write_open(w, NULL, '{');
	json_write_string(w, "name", name);
	json_write_string(w, "id", sample->id);
	json_write_string(w, "read", sample->running ? view->time : NO_TIME);
	json_write_string(w, "preread", view->has_before ? view->time_before : NO_TIME);
	write_pids(w, sample);
	write_block(w, sample);
	json_write_uint(w, "num_procs", 0); /* of Windows */
	json_write_open(w, "storage_stats", '{');
	json_write_close(w, '}');
	write_cpu(w, "cpu_stats", sample, sample->running);
	write_cpu(w, "precpu_stats", &view->before, view->has_before);
	write_memory(w, sample);
	write_networks(w, sample);
	json_write_close(w, '}');
}

/* ---- rounds --------------------------------------------------------------------------------------- */

static void take_time(char ret[static 48])
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	moment_add(&now, &text);
	snprintf(ret, 48, "%s", text.data);
}

static int send_sample(struct view *view, const struct stats_sample *sample)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };

	write_sample(&w, view, sample);
	if (!view->streams)
		return api_reply_json(view->call, 200, &document, view->err);
	buf_add_char(&document, '\n');
	return api_reply_add(view->call, document.data, document.length, view->err);
}

/* One that is asked for once is told of two, a second apart, unless it said that one will do. */
static int take(void *context, const struct stats_sample *samples, size_t count)
{
	struct view *view = context;
	bool is_wanted = view->streams || view->one_shot || view->has_before || (count > 0 && !samples[0].running);

	if (count == 0)
		return 1;
	take_time(view->time);
	if (is_wanted)
		view->result = send_sample(view, &samples[0]);
	view->before = samples[0];
	view->before.id = view->before.name = NULL; /* of the round */
	memcpy(view->time_before, view->time, sizeof view->time);
	view->has_before = samples[0].running;
	return view->result < 0 || (is_wanted && !view->streams);
}

int api_container_stats(struct api_call *call, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct view view = {
		.call = call,
		.err = err,
		.streams = api_target_flag(&call->target, "stream", true),
		.one_shot = api_target_flag(&call->target, "one-shot", false),
	};
	int r = container_record_open(call->arena, call->directories, call->names[0], &record, err);
	char *const names[] = { r < 0 ? NULL : record.container->id, NULL };
	const struct stats_request request = { .directories = call->directories, .containers = names, .each = take, .context = &view };

	if (r == 0 && view.streams && view.one_shot)
		return error_set(err, ERROR_INVALID, 0, "cannot have stream=true and one-shot=true");
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0 && view.streams)
		r = api_reply_open(call, 200, "application/json", err);
	if (r < 0)
		return r;
	r = stats_follow(&request, err);
	return r > 0 ? view.result : r;
}
