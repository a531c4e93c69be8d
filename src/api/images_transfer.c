/* SPDX-License-Identifier: Apache-2.0 */
/* Images come and go: POST /images/create, /images/NAME/push and /images/load, GET /images/get and /images/NAME/get. */
#include "api/login.h"
#include "api/progress.h"
#include "api/routes.h"
#include "engine/images.h"
#include "engine/transfer.h"
#include "spec/reference.h"

#include <inttypes.h>

#define ARGUMENT_LIMIT 300

/* A command of bivy-transfer. */
struct work {
	const char *arguments[ARGUMENT_LIMIT + 1];
	size_t count;
};

static void add(struct work *work, const char *argument)
{
	if (work->count < ARGUMENT_LIMIT)
		work->arguments[work->count++] = argument;
}

static void add_option(struct api_call *call, struct work *work, const char *name, const char *value)
{
	if (!str_is_empty(value))
		add(work, arena_printf(call->arena, "%s=%s", name, value));
}

/* FD: of logins, or -1. */
static int run(struct api_call *call, struct api_progress *progress, const struct work *work, int fd, struct spec_transfer_report *ret,
	struct error *err)
{
	const struct transfer_request request = { .directories = call->directories, .arguments = work->arguments, .fds = &fd, .fd_count = fd >= 0,
		.tell = api_progress_tell, .context = progress };

	return transfer_run_for_report(call->arena, &request, ret, err);
}

/* ---- pull ----------------------------------------------------------------------------------------- */

/* "NAME", "NAME:TAG" or "NAME@DIGEST"; TAG may be a digest, too. */
static const char *join_name(struct api_call *call, const char *name, const char *tag)
{
	size_t length = strlen(name);

	/* What an old client says that wants all tags. */
	if (length > 0 && name[length - 1] == ':')
		name = arena_strndup(call->arena, name, length - 1);
	if (str_is_empty(tag))
		return name;
	return arena_printf(call->arena, strchr(tag, ':') ? "%s@%s" : "%s:%s", name, tag);
}

static void tell_pulled(struct api_call *call, struct api_progress *progress, const struct spec_transfer_report *report, const char *name, bool all)
{
	bool is_new = false;

	for (size_t i = 0; i < report->image_count; i++) {
		struct spec_reference reference;

		is_new |= report->images[i].is_new;
		api_progress_status(progress, NULL, "Digest: %s", report->images[i].digest);
		if (!all && report->images[i].name && spec_reference_parse(call->arena, report->images[i].name, &reference, NULL) == 0)
			name = spec_reference_familiar(call->arena, &reference);
	}
	api_progress_status(progress, NULL, is_new ? "Status: Downloaded newer image for %s" : "Status: Image is up to date for %s", name);
}

static int pull(struct api_call *call, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_PULL);
	const char *name = join_name(call, api_target_value(&call->target, "fromImage"), api_target_value(&call->target, "tag"));
	struct work work = { .arguments = { "pull" }, .count = 1 };
	struct spec_transfer_report report = { .image_count = 0 };
	struct spec_reference reference;
	_cleanup_close_ int fd = -EBADF;
	bool all;
	int r = spec_reference_parse(call->arena, name, &reference, err);

	if (r == 0)
		r = api_login_open(call, &reference, &fd, err);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r < 0)
		return r;
	all = !reference.tag && !reference.digest;
	if (all)
		add(&work, "--all-tags");
	add_option(call, &work, "--platform", api_target_value(&call->target, "platform"));
	add_option(call, &work, "--authfile", api_login_path(call, fd));
	add(&work, "--");
	add(&work, name);
	r = run(call, &progress, &work, fd, &report, err);
	if (r == 0)
		tell_pulled(call, &progress, &report, spec_reference_familiar(call->arena, &reference), all);
	return api_progress_end(&progress, r, err);
}

/* ---- import ------------------------------------------------------------------------------------------ */

/* "NAME:TAG" of the parameters, NULL without a name. */
static const char *name_of(struct api_call *call)
{
	const char *repository = api_target_value(&call->target, "repo"), *tag = api_target_value(&call->target, "tag");

	if (str_is_empty(repository))
		return NULL;
	return str_is_empty(tag) ? repository : arena_printf(call->arena, "%s:%s", repository, tag);
}

static int import(struct api_call *call, const char *from, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_LOAD);
	const char *name = name_of(call), *platform = api_target_value(&call->target, "platform");
	struct work work = { .arguments = { "import" }, .count = 1 };
	struct spec_transfer_report report = { .image_count = 0 };
	int r;

	progress.is_quiet = true;
	for (char **change = api_target_values(call->arena, &call->target, "changes"); *change; change++)
		add_option(call, &work, "--change", *change);
	add_option(call, &work, "--message", api_target_value(&call->target, "message"));
	add_option(call, &work, "--platform", platform);
	add(&work, "--");
	add(&work, from);
	if (name)
		add(&work, name);
	r = api_call_body_is_input(call, err);
	if (r == 0)
		r = run(call, &progress, &work, -1, &report, err);
	if (r == 0)
		api_progress_status(&progress, NULL, "%s", report.image.id);
	return api_progress_end(&progress, r, err);
}

int api_image_create(struct api_call *call, struct error *err)
{
	const char *from = api_target_value(&call->target, "fromSrc");

	if (!str_is_empty(api_target_value(&call->target, "fromImage")))
		return pull(call, err);
	if (str_is_empty(from))
		return error_set(err, ERROR_INVALID, 0, "invalid reference format");
	/* Docker takes a name without a scheme for an address, too. */
	if (!str_equal(from, "-") && !str_starts_with(from, "http://") && !str_starts_with(from, "https://"))
		from = arena_printf(call->arena, "http://%s", from);
	return import(call, from, err);
}

/* ---- push ---------------------------------------------------------------------------------------------- */

static void tell_pushed(struct api_progress *progress, const struct spec_transfer_image *image)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct json_writer w = { .out = &line };

	api_progress_status(progress, NULL, "%s: digest: %s size: %" PRIu64, image->tag, image->digest, image->size);
	json_write_open(&w, NULL, '{');
	json_write_open(&w, "progressDetail", '{');
	json_write_close(&w, '}');
	json_write_open(&w, "aux", '{');
	json_write_string(&w, "Tag", image->tag);
	json_write_string(&w, "Digest", image->digest);
	json_write_uint(&w, "Size", image->size);
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	buf_add_char(&line, '\n');
	api_progress_add(progress, &line);
}

/* What is not here is told of in the stream, as docker does: REFERENCE, or any of its repository if it has no tag. */
static int refuse_missing(struct api_call *call, struct api_progress *progress, const struct spec_reference *reference, struct error *err)
{
	const char *repository = spec_reference_familiar_repository(call->arena, reference);
	struct images_list_request request = { .directories = call->directories, .reference = repository };
	struct images_details details;
	struct images_entry *entries;
	size_t count = 0;

	if (reference->tag && images_inspect(call->arena, call->directories, spec_reference_familiar(call->arena, reference), &details, NULL) == 0)
		return 0;
	if (images_list(call->arena, &request, &entries, &count, NULL) == 0 && count > 0 && !reference->tag)
		return 0;
	api_progress_status(progress, NULL, "The push refers to repository [%s]", repository);
	if (count > 0)
		return error_set(err, ERROR_NOT_FOUND, 0, "tag does not exist: %s", spec_reference_familiar(call->arena, reference));
	return error_set(err, ERROR_NOT_FOUND, 0, "An image does not exist locally with the tag: %s", repository);
}

int api_image_push(struct api_call *call, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_PUSH);
	const char *name = join_name(call, call->names[0], api_target_value(&call->target, "tag"));
	struct work work = { .arguments = { "push" }, .count = 1 };
	struct spec_transfer_report report = { .image_count = 0 };
	struct spec_reference reference;
	_cleanup_close_ int fd = -EBADF;
	int r = spec_reference_parse(call->arena, name, &reference, err);

	if (r == 0)
		r = api_login_open(call, &reference, &fd, err);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r < 0)
		return r;
	if (!reference.tag)
		add(&work, "--all-tags");
	add_option(call, &work, "--authfile", api_login_path(call, fd));
	add(&work, "--");
	add(&work, name);
	r = refuse_missing(call, &progress, &reference, err);
	if (r == 0)
		r = run(call, &progress, &work, fd, &report, err);
	for (size_t i = 0; r == 0 && i < report.image_count; i++)
		tell_pushed(&progress, &report.images[i]);
	return api_progress_end(&progress, r, err);
}

/* ---- archives --------------------------------------------------------------------------------------------- */

static void tell_loaded(struct api_call *call, struct api_progress *progress, const struct spec_transfer_image *image)
{
	if (!image->names || !image->names[0])
		api_progress_stream(progress, "Loaded image ID: %s\n", image->id);
	for (char **name = image->names; name && *name; name++) {
		struct spec_reference reference;

		if (spec_reference_parse(call->arena, *name, &reference, NULL) == 0)
			api_progress_stream(progress, "Loaded image: %s\n", spec_reference_familiar(call->arena, &reference));
	}
}

int api_images_load(struct api_call *call, struct error *err)
{
	_cleanup_api_progress_ struct api_progress progress = API_PROGRESS_INIT(call, API_PROGRESS_LOAD);
	struct work work = { .arguments = { "load" }, .count = 1 };
	struct spec_transfer_report report = { .image_count = 0 };
	int r;

	progress.is_quiet = api_target_flag(&call->target, "quiet", false);
	r = api_call_body_is_input(call, err);
	if (r == 0)
		r = run(call, &progress, &work, -1, &report, err);
	if (r < 0) /* docker has begun to answer before it reads */
		api_progress_begin(&progress);
	for (size_t i = 0; r == 0 && i < report.image_count; i++)
		tell_loaded(call, &progress, &report.images[i]);
	return api_progress_end(&progress, r, err);
}

/* All are there, or it is an error while one can still be told. */
static int check_names(struct api_call *call, char *const *names, struct error *err)
{
	int r = *names ? 0 : error_set(err, ERROR_INVALID, 0, "no image is named");

	for (; r == 0 && *names; names++) {
		struct images_details details;
		struct spec_reference reference;
		struct images_list_request request = { .directories = call->directories };
		struct images_entry *entries;
		size_t count = 0;

		r = images_inspect(call->arena, call->directories, *names, &details, err);
		if (r == 0 || spec_reference_parse(call->arena, *names, &reference, NULL) < 0 || reference.tag || reference.digest)
			continue;
		/* A repository without a tag: all its tags. */
		request.reference = *names;
		if (images_list(call->arena, &request, &entries, &count, NULL) == 0 && count > 0) {
			*err = ERROR_INIT;
			r = 0;
		}
	}
	return r;
}

static int save(struct api_call *call, char *const *names, struct error *err)
{
	struct work work = { .arguments = { "save", "--familiar-names", "--" }, .count = 3 };
	const struct transfer_request request = { .directories = call->directories, .arguments = work.arguments, .gives_output = true };
	struct spec_transfer_report report;
	int r = check_names(call, names, err);

	for (; *names; names++)
		add(&work, *names);
	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0)
		r = api_reply_open(call, 200, "application/x-tar", err);
	if (r == 0)
		r = api_call_output_is_reply(call, err);
	return r < 0 ? r : transfer_run_for_report(call->arena, &request, &report, err);
}

int api_image_save(struct api_call *call, struct error *err)
{
	return save(call, (char *[]){ (char *)call->names[0], NULL }, err);
}

int api_images_save(struct api_call *call, struct error *err)
{
	return save(call, api_target_values(call->arena, &call->target, "names"), err);
}
