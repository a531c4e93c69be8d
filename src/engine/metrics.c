/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/metrics.h"
#include "base/file.h"
#include "engine/build.h"
#include "engine/container_usage.h"
#include "engine/counts.h"
#include "engine/image_usage.h"
#include "engine/metrics_containers.h"
#include "engine/tally.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#define LABELS(...) ((const struct openmetrics_label[]){ __VA_ARGS__, { NULL, NULL } })

static void write_one(struct openmetrics *m, const struct openmetrics_family *family, uint64_t value)
{
	openmetrics_begin(m, family);
	openmetrics_add(m, NULL, value);
}

/* ---- how much there is ---------------------------------------------------------------- */

static int count_name(void *context, const char *name)
{
	if (name[0] != '.')
		++*(size_t *)context;
	return 0;
}

/* Records in a directory of the root. */
static size_t count_records(const struct directories *directories, const char *kind)
{
	_cleanup_free_ char *path = str_printf("%s/%s", directories->root, kind);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;

	if (fd >= 0)
		ignore_result(file_each_name(fd, count_name, &count)); /* those that could be read */
	return count;
}

static void write_objects(const struct directories *directories, struct openmetrics *m)
{
	static const struct openmetrics_family images = { "bivy_images", OPENMETRICS_GAUGE, NULL, "Different images." };
	static const struct openmetrics_family networks = { "bivy_networks", OPENMETRICS_GAUGE, NULL, "Networks, without host and none." };
	static const struct openmetrics_family volumes = { "bivy_volumes", OPENMETRICS_GAUGE, NULL, "Volumes." };

	write_one(m, &images, counts_images(directories));
	write_one(m, &networks, count_records(directories, "networks"));
	write_one(m, &volumes, count_records(directories, "volumes"));
}

static void write_file_system(const struct directories *directories, struct openmetrics *m)
{
	static const struct openmetrics_family size = { "bivy_root_filesystem_size_bytes", OPENMETRICS_GAUGE, "bytes",
		"Size of the file system that the engine's lasting state is on." };
	static const struct openmetrics_family available = { "bivy_root_filesystem_available_bytes", OPENMETRICS_GAUGE, "bytes",
		"What is free there for those who are not root." };
	struct statvfs st;

	if (statvfs(directories->root, &st) < 0)
		return;
	write_one(m, &size, (uint64_t)st.f_blocks * st.f_frsize);
	write_one(m, &available, (uint64_t)st.f_bavail * st.f_frsize);
}

static int write_sizes(const struct directories *directories, struct openmetrics *m, struct error *err)
{
	static const struct openmetrics_family family = { "bivy_disk_usage_bytes", OPENMETRICS_GAUGE, "bytes",
		"What it takes on the disk, as the file system counts it; what images share counts once." };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct image_usage_report images;
	struct container_usage containers;
	struct build_cache_usage builds;
	int r = image_usage_measure(arena, directories, false, &images, err);

	if (r == 0)
		r = build_cache_measure(arena, directories, images.cached_bytes, &builds, err);
	if (r == 0)
		r = container_usage_measure(directories, &containers, err);
	if (r < 0)
		return r;
	openmetrics_begin(m, &family);
	openmetrics_add(m, LABELS({ "kind", "images" }), images.content_bytes);
	openmetrics_add(m, LABELS({ "kind", "containers" }), containers.bytes);
	openmetrics_add(m, LABELS({ "kind", "volumes" }), containers.volume_bytes);
	openmetrics_add(m, LABELS({ "kind", "build_cache" }), builds.bytes);
	openmetrics_add(m, LABELS({ "kind", "unfinished" }), images.unfinished_bytes);
	openmetrics_add(m, LABELS({ "kind", "bookkeeping" }), images.other_bytes);
	return 0;
}

/* ---- what was done ------------------------------------------------------------------------ */

static void write_times(struct openmetrics *m, const struct openmetrics_family *family, const struct spec_tally_times times[static SPEC_TALLY_RESULTS])
{
	static const char *const results[] = { [SPEC_TALLY_SUCCESS] = "success", [SPEC_TALLY_FAILURE] = "failure" };

	openmetrics_begin(m, family);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		openmetrics_add_histogram(m, LABELS({ "result", results[i] }),
			&(struct openmetrics_histogram){ .bounds_ms = spec_tally_bounds_ms, .buckets = times[i].buckets,
				.bound_count = SPEC_TALLY_BOUNDS, .sum_ns = times[i].sum_ns });
}

static void write_tally(const struct directories *directories, struct openmetrics *m)
{
	static const struct openmetrics_family pulls = { "bivy_pull_duration_seconds", OPENMETRICS_HISTOGRAM, "seconds", "How long pulls took." };
	static const struct openmetrics_family bytes = { "bivy_pulled_bytes", OPENMETRICS_COUNTER, "bytes", "Bytes of blobs that pulls brought from registries." };
	static const struct openmetrics_family builds = { "bivy_build_duration_seconds", OPENMETRICS_HISTOGRAM, "seconds", "How long builds took." };
	static const struct openmetrics_family steps = { "bivy_build_steps", OPENMETRICS_COUNTER, NULL, "Steps of builds that were done, by where their results came from." };
	const struct spec_tally tally = tally_read(directories);

	m->created_ns = tally.since_ns;
	write_times(m, &pulls, tally.pulls);
	write_one(m, &bytes, tally.pulled_bytes);
	write_times(m, &builds, tally.builds);
	openmetrics_begin(m, &steps);
	openmetrics_add(m, LABELS({ "result", "run" }), tally.steps_run);
	openmetrics_add(m, LABELS({ "result", "cached" }), tally.steps_cached);
}

static void write_http(const struct spec_http_counts *counts, struct openmetrics *m)
{
	static const struct openmetrics_family replies = { "bivy_http_requests", OPENMETRICS_COUNTER, NULL, "Requests that the server has begun to answer." };
	static const char *const codes[] = { NULL, "1xx", "2xx", "3xx", "4xx", "5xx" };

	if (!counts)
		return;
	m->created_ns = counts->since_ns;
	openmetrics_begin(m, &replies);
	for (size_t i = 1; i < ARRAY_SIZE(codes); i++)
		openmetrics_add(m, LABELS({ "code", codes[i] }), __atomic_load_n(&counts->replies[i], __ATOMIC_RELAXED));
}

/* ---- all -------------------------------------------------------------------------------------- */

int metrics_write(const struct metrics_request *request, struct buf *out, struct error *err)
{
	static const struct openmetrics_family build = { "bivy_build", OPENMETRICS_INFO, NULL, "The engine." };
	struct openmetrics m = OPENMETRICS_INIT(out, request->form);
	int r;

	openmetrics_begin(&m, &build);
	openmetrics_add(&m, LABELS({ "version", BIVY_VERSION }), 1);
	write_objects(request->directories, &m);
	write_file_system(request->directories, &m);
	r = request->size ? write_sizes(request->directories, &m, err) : 0;
	if (r == 0)
		r = metrics_containers_write(request, &m, err);
	if (r < 0)
		return r;
	write_tally(request->directories, &m);
	write_http(request->http, &m);
	openmetrics_end(&m);
	return 0;
}
