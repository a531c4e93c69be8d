/* SPDX-License-Identifier: Apache-2.0 */
/* POST /build, as clients without BuildKit ask for it: the context is the body. And POST /build/prune. */
#include "api/build_stream.h"
#include "api/routes.h"
#include "engine/build.h"
#include "engine/registry_logins.h"
#include "spec/build_parameters.h"
#include "spec/reference.h"

#include <limits.h>

struct building {
	struct api_call *call;
	struct build_request request;
	struct spec_host_config host;
	struct api_build_stream stream;
	bool is_watched; /* we end with the client */
};

/* A parameter that says something, or NULL. */
static const char *value(const struct api_call *call, const char *name)
{
	const char *text = api_target_value(&call->target, name);

	return str_is_empty(text) ? NULL : text;
}

/* ---- decoding ---------------------------------------------------------------------------------- */

static int decode_numbers(const struct api_call *call, struct spec_host_config *host, struct error *err)
{
	int64_t shm_size = 0;
	const struct {
		const char *name;
		int64_t low, *value;
	} numbers[] = {
		{ "memory", 0, &host->memory }, { "memswap", -1, &host->memory_swap }, { "cpushares", 0, &host->cpu_shares },
		{ "cpuperiod", 0, &host->cpu_period }, { "cpuquota", 0, &host->cpu_quota }, { "shmsize", 0, &shm_size },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
		r = api_target_number(&call->target, numbers[i].name, numbers[i].low, INT64_MAX, numbers[i].value, err);
	host->shm_size = (uint64_t)shm_size;
	return r;
}

/* Values that are given one by one, or with commas between them, or as docker-py's JSON. */
static char **list(struct api_call *call, const char *name)
{
	char **values = api_target_values(call->arena, &call->target, name), **all;
	size_t count = 0, room = 1;

	for (char **text = values; *text; text++)
		for (const char *c = *text; c; c = strchr(c + 1, ','))
			room++;
	all = arena_alloc(call->arena, room, sizeof *all);
	for (char **text = values; *text; text++) {
		for (const char *start = *text; *start;) {
			size_t length = strcspn(start, ",");

			if (length)
				all[count++] = arena_strndup(call->arena, start, length);
			start += length + (start[length] == ',');
		}
	}
	return count ? all : NULL;
}

static int decode_host(struct building *building, struct error *err)
{
	struct api_call *call = building->call;
	struct spec_host_config *host = &building->host;
	const char *network = value(call, "networkmode");
	int r = decode_numbers(call, host, err);

	if (r == 0)
		r = spec_build_ulimits_decode(call->arena, value(call, "ulimits"), &host->ulimits, &host->ulimit_count, err);
	host->network_mode = str_equal(network, "default") || str_equal(network, "bridge") ? NULL : (char *)network;
	host->cpuset_cpus = (char *)value(call, "cpusetcpus");
	host->cpuset_mems = (char *)value(call, "cpusetmems");
	host->cgroup_parent = (char *)value(call, "cgroupparent");
	host->extra_hosts = list(call, "extrahosts");
	host->security_options = list(call, "securityopt");
	return r;
}

static int check_tags(struct api_call *call, char *const *tags, struct error *err)
{
	int r = 0;

	for (; r == 0 && *tags; tags++) {
		struct spec_reference reference;

		r = spec_reference_parse(call->arena, *tags, &reference, err);
	}
	return r;
}

/* From elsewhere: never a directory of this host. */
static int decode_context(struct api_call *call, struct build_request *request, struct error *err)
{
	static const char *const schemes[] = { "http://", "https://", "git://", "github.com/", "git@" };
	const char *remote = value(call, "remote"), *file = value(call, "dockerfile");

	request->context = remote ? remote : "-";
	/* What is the default anyway: a context may also be a Dockerfile alone. */
	request->file = str_equal(file, "Dockerfile") ? NULL : file;
	for (size_t i = 0; remote && i < ARRAY_SIZE(schemes); i++)
		if (str_starts_with(remote, schemes[i]))
			remote = NULL;
	if (remote)
		return error_set(err, ERROR_INVALID, 0, "remote is not a URL that a context can come from: %.200s", remote);
	return 0;
}

static int decode(struct building *building, struct error *err)
{
	struct api_call *call = building->call;
	struct build_request *request = &building->request;
	int r;

	*request = (struct build_request){ .directories = call->directories, .target = value(call, "target"), .host = &building->host,
		.tags = api_target_values(call->arena, &call->target, "t"), .no_cache = api_target_flag(&call->target, "nocache", false),
		.pull = api_target_flag(&call->target, "pull", false) ? "always" : "missing", .squash = api_target_flag(&call->target, "squash", false),
		.platforms = list(call, "platform"), .tell_context = building };
	building->stream.is_quiet = api_target_flag(&call->target, "q", false);
	request->outputs = arena_alloc(call->arena, 1, sizeof *request->outputs);
	request->output_count = 1;
	r = decode_context(call, request, err);
	if (r == 0)
		r = check_tags(call, request->tags, err);
	if (r == 0)
		r = spec_build_arguments_decode(call->arena, value(call, "buildargs"), &request->arguments, err);
	if (r == 0)
		r = spec_build_pairs_decode(call->arena, "labels", value(call, "labels"), &request->labels, &request->label_count, err);
	return r < 0 ? r : decode_host(building, err);
}

/* X-Registry-Config: who to be where images are pulled from; of nobody without it. */
static int open_logins(struct api_call *call, int *ret, struct error *err)
{
	const char *header = api_call_header(call, "X-Registry-Config");
	struct spec_registry_login *logins = NULL;
	size_t count = 0;

	/* As docker: what cannot be read is no login. */
	if (header && spec_registry_logins_decode(call->arena, header, strlen(header), &logins, &count, NULL) < 0)
		count = 0;
	return registry_logins_open(logins, count, ret, err);
}

/* ---- what came out --------------------------------------------------------------------------------- */

/* The first event comes when the context has been read. */
static void tell(void *context, const struct build_event *event)
{
	struct building *building = context;

	if (!building->is_watched)
		ignore_result(api_call_ends_with_client(building->call, NULL)); /* else it goes on to its end */
	building->is_watched = true;
	api_build_stream_tell(&building->stream, event);
}

static void tell_image(struct api_progress *progress, const char *id)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "aux", '{');
	json_write_string(&w, "ID", id);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(progress, &line);
}

static void tell_result(struct building *building, const struct build_report *report)
{
	struct api_progress *progress = building->stream.progress;
	const char *colon = strchr(report->image_id, ':');

	if (building->stream.is_quiet) {
		api_progress_stream(progress, "%s\n", report->image_id);
		return;
	}
	tell_image(progress, report->image_id);
	api_progress_stream(progress, "Successfully built %.12s\n", colon ? colon + 1 : report->image_id);
	for (char **tag = building->request.tags; *tag; tag++) {
		struct spec_reference reference;

		if (spec_reference_parse(building->call->arena, *tag, &reference, NULL) < 0)
			continue;
		spec_reference_add_default_tag(&reference);
		api_progress_stream(progress, "Successfully tagged %s\n", spec_reference_familiar(building->call->arena, &reference));
	}
}

/* Of a command that failed, as docker says it. */
static void word_failure(const struct build_report *report, struct error *err)
{
	const char *command = report->failed_title ? strstr(report->failed_title, "] RUN ") : NULL;

	if (!command || !report->exit_code)
		return;
	command += strlen("] RUN ");
	error_set(err, err->kind, 0, "The command '%s%.700s' returned a non-zero code: %lld", command[0] == '[' ? "" : "/bin/sh -c ", command,
		(long long)report->exit_code);
	err->exit_status = (int)report->exit_code;
}

static int build_here(struct api_call *call, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_PULL);
	_cleanup_close_ int logins_fd = -EBADF;
	struct building building = { .call = call, .stream = { .progress = &progress } };
	struct build_report report = { .dockerfile = NULL };
	int r = decode(&building, err);

	if (r == 0)
		r = open_logins(call, &logins_fd, err);
	if (r == 0)
		r = api_call_body_is_input(call, err);
	if (r < 0)
		return r;
	building.stream.report = &report;
	building.stream.target = building.request.target;
	building.request.logins_fd = &logins_fd;
	building.request.tell = tell;
	r = build_run(call->arena, &building.request, &report, err);
	api_build_stream_end(&building.stream, r < 0);
	api_build_stream_done(&building.stream);
	if (r == 0)
		tell_result(&building, &report);
	else
		word_failure(&report, err);
	return api_progress_end(&progress, r, err);
}

int api_build(struct api_call *call, struct error *err)
{
	if (str_equal(value(call, "version"), "2"))
		return api_build_session(call, err);
	return build_here(call, err);
}

/* ---- prune -------------------------------------------------------------------------------------------- */

/* The limits of size, the older name of one of them included. */
static int decode_limits(const struct api_target *target, struct build_cache_prune_request *request, struct error *err)
{
	const struct {
		const char *name;
		uint64_t *target;
	} limits[] = { { "keep-storage", &request->reserved_bytes }, { "reserved-space", &request->reserved_bytes },
		       { "max-used-space", &request->max_used_bytes }, { "min-free-space", &request->min_free_bytes } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++) {
		int64_t bytes = (int64_t)*limits[i].target;

		r = api_target_number(target, limits[i].name, 0, INT64_MAX, &bytes, err);
		*limits[i].target = (uint64_t)bytes;
	}
	return r;
}

int api_build_prune(struct api_call *call, struct error *err)
{
	struct build_cache_prune_request request = { .directories = call->directories, .all = api_target_flag(&call->target, "all", false) };
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct build_cache_prune_report report = { .ids = NULL };
	char **filters = NULL;
	int r = api_target_filters(call->arena, &call->target, &filters, err);

	if (r == 0)
		r = decode_limits(&call->target, &request, err);
	request.filters = filters;
	if (r == 0)
		r = build_cache_prune(call->arena, &request, &report, err);
	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	if (report.ids && report.ids[0]) {
		json_write_open(&w, "CachesDeleted", '[');
		for (char **id = report.ids; *id; id++)
			json_write_string(&w, NULL, *id);
		json_write_close(&w, ']');
	} else {
		json_write_null(&w, "CachesDeleted");
	}
	json_write_uint(&w, "SpaceReclaimed", report.freed_bytes);
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
