/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered without a build: what there is here, and what builds have left. */
#include "api/grpc_call.h"
#include "engine/build.h"
#include "spec/buildkit.h"
#include "spec/platform.h"
#include "spec/value_list.h"

#include <sys/utsname.h>

#define NS_PER_S 1000000000
#define VERSION_PACKAGE "bivy"

/* ---- frames ---------------------------------------------------------------------------------- */

void api_grpc_add_message(const struct buf *message, struct buf *out)
{
	ignore_result(spec_grpc_message_encode(message->data, message->length, out));
}

static uint32_t code_of(enum error_kind kind)
{
	static const uint32_t codes[] = { [ERROR_NOT_FOUND] = SPEC_GRPC_NOT_FOUND, [ERROR_CONFLICT] = SPEC_GRPC_ALREADY_EXISTS,
		[ERROR_INVALID] = SPEC_GRPC_INVALID_ARGUMENT, [ERROR_DENIED] = SPEC_GRPC_PERMISSION_DENIED, [ERROR_UNSUPPORTED] = SPEC_GRPC_UNIMPLEMENTED,
		[ERROR_BUSY] = SPEC_GRPC_FAILED_PRECONDITION, [ERROR_UNAVAILABLE] = SPEC_GRPC_UNAVAILABLE, [ERROR_INTERNAL] = SPEC_GRPC_UNKNOWN };

	return kind < ARRAY_SIZE(codes) && codes[kind] ? codes[kind] : SPEC_GRPC_UNKNOWN;
}

void api_grpc_add_status(const struct error *err, const struct buf *details, struct buf *out)
{
	_cleanup_free_ char *text = err ? str_printf("%s%s%s%s", err->message, err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "") : NULL;
	const struct spec_grpc_status status = { .code = err ? code_of(err->kind) : SPEC_GRPC_OK, .message = text,
		.details = details ? (const unsigned char *)details->data : NULL, .details_length = details ? details->length : 0 };

	if (spec_grpc_status_encode(&status, out) < 0)
		ignore_result(spec_grpc_status_encode(&(struct spec_grpc_status){ .code = status.code, .message = text }, out));
}

/* ---- workers --------------------------------------------------------------------------------------- */

static void write_platform(struct arena *arena, struct buf *out, uint32_t number)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct utsname names;
	struct spec_platform platform;

	if (uname(&names) < 0)
		return;
	platform = spec_platform_of_machine(arena, names.machine);
	protobuf_write_text(&text, 1, platform.architecture);
	protobuf_write_text(&text, 2, platform.os);
	protobuf_write_text(&text, 3, platform.variant);
	protobuf_write_bytes(out, number, text.data, text.length);
}

static void write_version(struct buf *out, uint32_t number)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	protobuf_write_text(&text, 1, VERSION_PACKAGE);
	protobuf_write_text(&text, 2, "v" BIVY_VERSION);
	protobuf_write_bytes(out, number, text.data, text.length);
}

/* The one that there is. That it has a snapshotter tells clients that images of several platforms, and archives, can be made. */
static void write_worker(struct arena *arena, struct buf *out, uint32_t number)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct utsname names;

	protobuf_write_text(&text, 1, "bivy");
	if (uname(&names) == 0)
		protobuf_write_pair(&text, 2, "org.mobyproject.buildkit.worker.hostname", names.nodename);
	protobuf_write_pair(&text, 2, "org.mobyproject.buildkit.worker.executor", "oci");
	protobuf_write_pair(&text, 2, "org.mobyproject.buildkit.worker.snapshotter", "overlayfs");
	write_platform(arena, &text, 3);
	write_version(&text, 5);
	protobuf_write_bytes(out, number, text.data, text.length);
}

static int answer_info(const struct api_grpc_question *question _unused_, struct buf *answer, struct error *err _unused_)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	write_version(&message, 1);
	api_grpc_add_message(&message, answer);
	return 0;
}

static int answer_workers(const struct api_grpc_question *question, struct buf *answer, struct error *err _unused_)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	write_worker(question->arena, &message, 1);
	api_grpc_add_message(&message, answer);
	return 0;
}

/* ---- what can be done ---------------------------------------------------------------------------------- */

static const char *const frontend_capabilities[] = { "solve.base", "solve.inlinereturn", "return", "returnmap", "proto.refarray", "reference.output",
	"gateway.solve.metadata", "importcaches", "frontend.caps", "gateway.warnings", NULL };

static const char *const llb_capabilities[] = { "source.image", "source.image.resolvemode", "source.local", "source.local.sessionid",
	"source.local.includepatterns", "source.local.excludepatterns", "source.git", "source.http", "exec.meta.base", "exec.meta.network", "exec.meta.security",
	"exec.meta.ulimit", "exec.meta.cgroup.parent", "exec.mount.bind", "exec.mount.cache", "exec.mount.cache.sharing", "exec.mount.tmpfs", "exec.mount.secret",
	"exec.mount.ssh", "exec.secretenv", "file.base", "constraints", "platform", "meta.ignorecache", "meta.description", "exporter.image.annotations",
	"exporter.image.attestations", "exporter.sourcedateepoch", "exporter.multiple", "gc.freespacefilter", NULL };

static void write_capabilities(const char *const *list, struct buf *out, uint32_t number)
{
	for (; *list; list++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		protobuf_write_text(&text, 1, *list);
		protobuf_write_uint(&text, 2, 1);
		protobuf_write_bytes(out, number, text.data, text.length);
	}
}

static int answer_ping(const struct api_grpc_question *question, struct buf *answer, struct error *err _unused_)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	write_capabilities(frontend_capabilities, &message, 1);
	write_capabilities(llb_capabilities, &message, 2);
	write_worker(question->arena, &message, 3);
	api_grpc_add_message(&message, answer);
	return 0;
}

/* ---- what builds have left ------------------------------------------------------------------------------- */

/* As containerd writes them: "NAME==VALUE,…", and "" says nothing. */
static char **translate_filters(struct arena *arena, char *const *filters)
{
	char **translated = NULL;

	for (; filters && *filters; filters++) {
		struct value_strings parts = value_split(arena, *filters, ',');

		for (size_t i = 0; i < parts.count; i++) {
			char *equals = strstr(parts.items[i], "==");

			if (equals)
				memmove(equals, equals + 1, strlen(equals));
			if (*parts.items[i])
				translated = strv_append(arena, translated, parts.items[i]);
		}
	}
	return translated;
}

static void write_entry(const struct build_cache_entry *entry, struct buf *out)
{
	protobuf_write_text(out, 1, entry->id);
	protobuf_write_uint(out, 2, entry->is_mutable);
	protobuf_write_uint(out, 3, entry->in_use);
	protobuf_write_uint(out, 4, entry->size);
	protobuf_write_time(out, 6, (entry->created_s ? entry->created_s : entry->used_s) * NS_PER_S);
	protobuf_write_time(out, 7, entry->used_s * NS_PER_S);
	protobuf_write_text(out, 9, entry->description);
	protobuf_write_text(out, 10, entry->kind);
	protobuf_write_uint(out, 11, entry->shared);
}

static int list_entries(const struct api_grpc_question *question, char *const *filters, struct build_cache_entry **ret, size_t *ret_count, struct error *err)
{
	return build_cache_list(question->arena, question->directories, translate_filters(question->arena, filters), ret, ret_count, err);
}

static int answer_usage(const struct api_grpc_question *question, struct buf *answer, struct error *err)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	struct spec_buildkit_prune request;
	struct build_cache_entry *entries = NULL;
	size_t count = 0;
	int r = spec_buildkit_prune_decode(question->arena, question->message, question->length, &request);

	if (r < 0)
		return error_errno(err, -r, "invalid request");
	r = list_entries(question, request.filters, &entries, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		_cleanup_buf_ struct buf record = BUF_INIT;

		write_entry(&entries[i], &record);
		protobuf_write_bytes(&message, 1, record.data, record.length);
	}
	if (r == 0)
		api_grpc_add_message(&message, answer);
	return r;
}

static uint64_t positive(int64_t bytes)
{
	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* A message for each that has gone. */
static int answer_prune(const struct api_grpc_question *question, struct buf *answer, struct error *err)
{
	struct spec_buildkit_prune asked;
	struct build_cache_prune_request request = { .directories = question->directories };
	struct build_cache_prune_report report = { .ids = NULL };
	struct build_cache_entry *entries = NULL;
	size_t count = 0;
	int r = spec_buildkit_prune_decode(question->arena, question->message, question->length, &asked);

	if (r < 0)
		return error_errno(err, -r, "invalid request");
	request.all = asked.all;
	request.filters = translate_filters(question->arena, asked.filters);
	request.reserved_bytes = positive(asked.reserved_bytes);
	request.max_used_bytes = positive(asked.max_used_bytes);
	request.min_free_bytes = positive(asked.min_free_bytes);
	if (asked.keep_ns > 0)
		request.filters = strv_append(question->arena, request.filters, arena_printf(question->arena, "unused-for=%llds", (long long)(asked.keep_ns / NS_PER_S)));
	r = build_cache_list(question->arena, question->directories, NULL, &entries, &count, err);
	if (r == 0)
		r = build_cache_prune(question->arena, &request, &report, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		_cleanup_buf_ struct buf record = BUF_INIT;

		if (!report.ids || !strv_contains(report.ids, entries[i].id))
			continue;
		write_entry(&entries[i], &record);
		api_grpc_add_message(&record, answer);
	}
	return r;
}

/* No history is kept: what was built is in the images. */
static int answer_nothing(const struct api_grpc_question *question _unused_, struct buf *answer _unused_, struct error *err _unused_)
{
	return 0;
}

static int answer_empty(const struct api_grpc_question *question _unused_, struct buf *answer, struct error *err _unused_)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	api_grpc_add_message(&message, answer);
	return 0;
}

/* grpc.health.v1: SERVING. */
static int answer_health(const struct api_grpc_question *question _unused_, struct buf *answer, struct error *err _unused_)
{
	_cleanup_buf_ struct buf message = BUF_INIT;

	protobuf_write_uint(&message, 1, 1);
	api_grpc_add_message(&message, answer);
	return 0;
}

static const struct {
	const char *method;
	api_grpc_answer *answer;
} answers[] = {
	{ "/grpc.health.v1.Health/Check", answer_health },
	{ "/moby.buildkit.v1.Control/DiskUsage", answer_usage },
	{ "/moby.buildkit.v1.Control/Info", answer_info },
	{ "/moby.buildkit.v1.Control/ListWorkers", answer_workers },
	{ "/moby.buildkit.v1.Control/ListenBuildHistory", answer_nothing },
	{ "/moby.buildkit.v1.Control/Prune", answer_prune },
	{ "/moby.buildkit.v1.Control/UpdateBuildHistory", answer_empty },
	{ "/moby.buildkit.v1.frontend.LLBBridge/Evaluate", answer_empty },
	{ "/moby.buildkit.v1.frontend.LLBBridge/Inputs", answer_empty },
	{ "/moby.buildkit.v1.frontend.LLBBridge/Ping", answer_ping },
	{ "/moby.buildkit.v1.frontend.LLBBridge/Warn", answer_empty },
};

api_grpc_answer *api_grpc_find(const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (str_equal(answers[i].method, method))
			return answers[i].answer;
	return NULL;
}
