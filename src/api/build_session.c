/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /build with version=2: BuildKit as docker had it before buildx. The client
 * has a session (session.c) for its files, and reads what happens as BuildKit's
 * messages in a stream of JSON. What it asks is put as BuildKit's frontend has it.
 */
#include "api/grpc_build.h"
#include "api/progress.h"
#include "api/routes.h"
#include "base/base64.h"
#include "spec/build_parameters.h"

#define REMOTE_SESSION "client-session"
#define OUTPUT_LIMIT 16

struct question {
	struct api_call *call;
	struct spec_buildkit_solve solve;
};

static const char *value(const struct api_call *call, const char *name)
{
	const char *text = api_target_value(&call->target, name);

	return str_is_empty(text) ? NULL : text;
}

static void add(struct question *question, const char *key, const char *text)
{
	struct spec_buildkit_solve *solve = &question->solve;

	solve->options = memory_resize(solve->options, solve->option_count + 1, sizeof *solve->options);
	solve->options[solve->option_count++] = (struct spec_pair){ .key = (char *)key, .value = (char *)text };
}

/* Those that are the same but for their names. */
static void add_words(struct question *question)
{
	static const char *const words[][2] = { { "dockerfile", "filename" }, { "target", "target" }, { "platform", "platform" }, { "networkmode", "force-network-mode" },
		{ "shmsize", "shm-size" }, { "cgroupparent", "cgroup-parent" } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (value(question->call, words[i][0]) && !str_equal(value(question->call, words[i][0]), "0"))
			add(question, words[i][1], value(question->call, words[i][0]));
	if (api_target_flag(&question->call->target, "nocache", false))
		add(question, "no-cache", "");
	if (api_target_flag(&question->call->target, "pull", false))
		add(question, "image-resolve-mode", "pull");
}

/* "NAME:ADDRESS" of each, as one list. */
static void add_hosts(struct question *question)
{
	char **hosts = api_target_values(question->call->arena, &question->call->target, "extrahosts");
	char *list = NULL;

	for (; *hosts; hosts++) {
		char *colon = strchr(*hosts, ':');

		if (colon)
			*colon = '=';
		list = list ? arena_printf(question->call->arena, "%s,%s", list, *hosts) : *hosts;
	}
	if (list)
		add(question, "add-hosts", list);
}

static int add_pairs(struct question *question, struct error *err)
{
	struct arena *arena = question->call->arena;
	struct spec_pair *labels = NULL;
	char **arguments = NULL;
	size_t count = 0;
	int r = spec_build_arguments_decode(arena, value(question->call, "buildargs"), &arguments, err);

	if (r == 0)
		r = spec_build_pairs_decode(arena, "labels", value(question->call, "labels"), &labels, &count, err);
	for (; r == 0 && arguments && *arguments; arguments++) {
		char *equals = strchr(*arguments, '=');

		if (equals)
			add(question, arena_printf(arena, "build-arg:%.*s", (int)(equals - *arguments), *arguments), equals + 1);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		add(question, arena_printf(arena, "label:%s", labels[i].key), labels[i].value);
	return r;
}

static int add_limits(struct question *question, struct error *err)
{
	struct spec_container_ulimit *limits = NULL;
	size_t count = 0;
	char *list = NULL;
	int r = spec_build_ulimits_decode(question->call->arena, value(question->call, "ulimits"), &limits, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		list = arena_printf(question->call->arena, "%s%s%s=%lld:%lld", list ? list : "", list ? "," : "", limits[i].name, (long long)limits[i].soft,
			(long long)limits[i].hard);
	if (list)
		add(question, "ulimit", list);
	return r;
}

/* ---- outputs -------------------------------------------------------------------------------------- */

static int add_output(struct question *question, const struct json *member, struct error *err)
{
	struct spec_buildkit_entries *outputs = &question->solve.outputs;
	struct spec_buildkit_entry *entry = &outputs->list[outputs->count];
	const struct json *type = json_member(member, "Type"), *attributes = json_member(member, "Attrs");

	if (!type || type->type != JSON_STRING || outputs->count == OUTPUT_LIMIT || (attributes && attributes->type != JSON_OBJECT && attributes->type != JSON_NULL))
		return error_set(err, ERROR_INVALID, 0, "outputs: expected a list of Type and Attrs");
	entry->type = (char *)type->text;
	for (const struct json *pair = attributes && attributes->type == JSON_OBJECT ? attributes->first : NULL; pair; pair = pair->next) {
		if (pair->type != JSON_STRING)
			continue;
		entry->attributes = memory_resize(entry->attributes, entry->attribute_count + 1, sizeof *entry->attributes);
		entry->attributes[entry->attribute_count++] = (struct spec_pair){ .key = (char *)pair->key, .value = (char *)pair->text };
	}
	outputs->count++;
	return 0;
}

/* Without any it is an image, with these names. */
static int add_image(struct question *question)
{
	struct arena *arena = question->call->arena;
	struct spec_buildkit_entry *entry = &question->solve.outputs.list[question->solve.outputs.count++];
	char *names = NULL;

	for (char **tag = api_target_values(arena, &question->call->target, "t"); *tag; tag++)
		names = names ? arena_printf(arena, "%s,%s", names, *tag) : *tag;
	entry->type = (char *)"moby";
	if (!names)
		return 0;
	entry->attributes = memory_new(1, sizeof *entry->attributes);
	entry->attributes[entry->attribute_count++] = (struct spec_pair){ .key = (char *)"name", .value = names };
	return 0;
}

static int add_outputs(struct question *question, struct error *err)
{
	const char *text = value(question->call, "outputs");
	struct json *document = NULL;
	int r = 0;

	question->solve.outputs.list = arena_alloc(question->call->arena, OUTPUT_LIMIT + 1, sizeof *question->solve.outputs.list);
	if (text && json_parse(question->call->arena, text, strlen(text), &document, err) < 0)
		return error_wrap(err, "outputs");
	if (document && document->type == JSON_ARRAY)
		for (const struct json *member = document->first; r == 0 && member; member = member->next)
			r = add_output(question, member, err);
	return r < 0 || question->solve.outputs.count ? r : add_image(question);
}

static int ask(struct question *question, struct error *err)
{
	struct api_call *call = question->call;
	const char *remote = value(call, "remote"), *id = value(call, "buildid");
	int r;

	question->solve.ref = (char *)(id ? id : "");
	question->solve.session = (char *)(value(call, "session") ? value(call, "session") : "");
	question->solve.frontend = (char *)"dockerfile.v0";
	if (str_equal(remote, "upload-request"))
		return error_set(err, ERROR_UNSUPPORTED, 0, "a context of the standard input is for buildx, or DOCKER_BUILDKIT=0");
	if (remote && !str_equal(remote, REMOTE_SESSION))
		add(question, "context", remote);
	add_words(question);
	add_hosts(question);
	r = add_pairs(question, err);
	if (r == 0)
		r = add_limits(question, err);
	return r < 0 ? r : add_outputs(question, err);
}

static void release(struct question *question)
{
	for (size_t i = 0; i < question->solve.outputs.count; i++)
		free(question->solve.outputs.list[i].attributes);
	free(question->solve.options);
}

/* ---- what happens --------------------------------------------------------------------------------------- */

static void send_trace(void *context, const struct buf *message)
{
	_cleanup_buf_ struct buf line = BUF_INIT, text = BUF_INIT;
	struct json_writer w = { .out = &line };

	base64_encode(message->data, message->length, &text);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "id", "moby.buildkit.trace");
	json_write_string(&w, "aux", text.data);
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(context, &line);
}

static void tell_image(struct api_progress *progress, const char *id)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "id", "moby.image.id");
	json_write_open(&w, "aux", '{');
	json_write_string(&w, "ID", id);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(progress, &line);
}

int api_build_session(struct api_call *call, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_PULL);
	struct question question = { .call = call };
	struct build_report report = { .dockerfile = NULL };
	struct api_grpc_view view = { .send = send_trace, .context = &progress, .arena = call->arena, .report = &report };
	struct build_request request;
	int r = ask(&question, err);

	if (r == 0)
		r = api_grpc_build_decode(call->arena, &question.solve, NULL, &request, err);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0) {
		view.ref = question.solve.ref;
		request.directories = call->directories;
		request.tell = api_grpc_view_tell;
		request.tell_context = &view;
		r = build_run(call->arena, &request, &report, err);
		if (r < 0)
			api_grpc_word_failure(&report, err);
		else if (report.image_id)
			tell_image(&progress, report.image_id);
		if (r == 0 && report.image_id && api_target_flag(&call->target, "q", false))
			api_progress_stream(&progress, "%s\n", report.image_id);
		r = api_progress_end(&progress, r, err);
	}
	api_grpc_view_done(&view);
	release(&question);
	return r;
}

/* The build ends with the request that asked for it, which its client gives up besides. */
int api_build_cancel(struct api_call *call, struct error *err)
{
	return api_reply_empty(call, 200, err);
}
