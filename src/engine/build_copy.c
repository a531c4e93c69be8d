/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_copy.h"
#include "engine/build_remote.h"
#include "engine/builder.h"
#include "host/overlay.h"
#include "store/root.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- trees ------------------------------------------------------------------------------ */

/* Directories of FILES for a mount; of nothing an empty one. */
static int find_lowers(struct build *build, const struct build_files *files, struct overlay *ret, struct error *err)
{
	const struct image image = { .name = (char *)"a stage", .top_layer = (char *)build_files_top(files) };
	char **lowers;
	const char *empty = NULL;
	int r;

	if (image.top_layer)
		return root_of_image(&build->store, build->arena, &image, ret, err);
	r = build_work_make(build, &empty, err);
	lowers = arena_alloc(build->arena, 2, sizeof *lowers);
	lowers[0] = (char *)empty;
	ret->lowers = lowers;
	ret->lower_count = 1;
	return r;
}

int build_open_files(struct build *build, const struct build_files *files, int *ret_fd, struct error *err)
{
	struct overlay overlay = { .lowers = NULL };
	int r = find_lowers(build, files, &overlay, err);

	return r < 0 ? r : overlay_mount(-EBADF, &overlay, ret_fd, NULL, err);
}

/* The tree that the step writes to: *RET_UPPER gets what it changes. With `--link` that is all there is. */
static int open_writable(const struct build_step *step, const char **ret_upper, int *ret_fd, struct error *err)
{
	struct build *build = step->build;
	struct overlay overlay = { .is_volatile = true };
	const char *directory = NULL;
	int r = build_work_make(build, &directory, err);

	if (r == 0 && !step->plan->instruction->link && build_files_top(&step->stage->files))
		r = find_lowers(build, &step->stage->files, &overlay, err);
	if (r < 0)
		return r;
	overlay.writable = directory;
	r = overlay_make_writable(&overlay, err);
	if (r == 0)
		r = overlay_mount(-EBADF, &overlay, ret_fd, NULL, err);
	*ret_upper = arena_printf(build->arena, "%s/upper", directory);
	return r;
}

/* ---- what is taken -------------------------------------------------------------------------- */

/* Without what says nothing: slashes first, ".", "..", which ends at the root. A "/./" may be a pivot. */
static char *clean_source(struct arena *arena, const char *source, bool keeps_pivot)
{
	char *text = arena_strdup(arena, source), *out = arena_alloc(arena, strlen(source) + 3, 1), *save = NULL;
	bool is_first = true;

	for (char *part = strtok_r(text, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		char *slash = strrchr(out, '/');

		if (str_equal(part, ".") && (is_first || !keeps_pivot))
			continue;
		is_first = false;
		if (str_equal(part, "..")) {
			*(slash ? slash : out) = '\0';
			continue;
		}
		if (*out)
			strcat(out, "/");
		strcat(out, part);
	}
	return *out ? out : arena_strdup(arena, ".");
}

static void set_context(struct spec_build_take *take, const struct build_context *context)
{
	take->is_context = true;
	take->ignore = context->ignore;
	take->ignore_name = context->ignore_name;
	take->index = (char *)context->index;
}

struct spec_build_take build_take_of(const struct build_step *step, int root_fd, const struct build_context *context)
{
	const struct instruction *instruction = step->plan->instruction;
	struct arena *arena = step->build->arena;
	size_t count = strv_length(instruction->sources), n = 0;
	struct spec_build_take take = { .root_fd = root_fd, .parents = instruction->parents, .excludes = instruction->excludes };

	take.sources = arena_alloc(arena, count + 1, sizeof *take.sources);
	for (size_t i = 0; i < count; i++)
		if (!build_remote_is(step->plan, i))
			take.sources[n++] = clean_source(arena, instruction->sources[i], instruction->parents);
	take.unpack = instruction->kind == INSTRUCTION_ADD && (!instruction->has_unpack || instruction->unpack);
	if (context)
		set_context(&take, context);
	return take;
}

/* ---- the work ---------------------------------------------------------------------------------- */

/* How many files are there by now. */
static void tell_copied(void *context, const struct spec_transfer_event *transfer)
{
	const struct build_transfer *what = context;
	const struct build_event event = { .kind = BUILD_STATUS, .vertex = what->vertex, .text = "copying", .current = transfer->current,
		.total = transfer->total, .in_files = true };

	if (transfer->kind == SPEC_TRANSFER_ITEM)
		build_tell_event(what->build, &event);
	else if (transfer->kind == SPEC_TRANSFER_WARNING)
		build_tell_transfer(context, transfer);
}

static int run_copy(struct build *build, size_t vertex, const struct spec_build_copy *work, struct spec_build_copy_report *ret, struct error *err)
{
	struct build_transfer transfer = { build, vertex };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int *fds = arena_alloc(build->arena, work->take_count + 1, sizeof *fds), r;
	struct builder_request request = { .directories = build->directories, .command = "copy", .work = &text, .fds = fds,
		.lease = work->layer ? &build->lease : NULL, .tell = tell_copied, .context = &transfer };
	const char *answer = NULL;

	for (size_t i = 0; i < work->take_count; i++)
		fds[request.fd_count++] = work->takes[i].root_fd;
	fds[request.fd_count++] = work->root_fd;
	spec_build_copy_encode(work, &text);
	r = builder_run(build->arena, &request, &answer, err);
	return r < 0 ? r : spec_build_copy_report_decode(build->arena, answer, strlen(answer), ret, err);
}

int build_copy_run(struct build *build, size_t vertex, const struct spec_build_copy *work, struct error *err)
{
	struct spec_build_copy_report report;

	return run_copy(build, vertex, work, &report, err);
}

static void set_epoch(const struct build *build, struct spec_build_copy *work)
{
	work->has_epoch = build->request->has_epoch;
	work->epoch = build->request->epoch;
}

static void add_files(const struct build_step *step, struct spec_build_copy *work)
{
	const struct instruction *instruction = step->plan->instruction;

	work->files = arena_alloc(step->build->arena, instruction->file_count + 1, sizeof *work->files);
	for (size_t i = 0; i < instruction->file_count; i++)
		work->files[work->file_count++] = (struct spec_build_file){ instruction->files[i].name, instruction->files[i].content };
}

/* The tree that the sources are of. Close *RET_FD, if it is *RET_OWN. */
static int open_origin(const struct build_step *step, int *ret_fd, int *ret_own, struct build_context **ret_context, struct error *err)
{
	const struct build_files *files = build_origin_files(step->stage->platform, &step->plan->origin);
	int r = 0;

	if (files) {
		r = build_open_files(step->build, files, ret_own, err);
		*ret_fd = *ret_own;
		return r;
	}
	*ret_context = build_origin_context(step->build, &step->plan->origin);
	*ret_fd = (*ret_context)->fd;
	return 0;
}

/* All are ours, the context's copied. */
static void close_takes(struct spec_build_copy *work)
{
	for (size_t i = 0; i < work->take_count; i++)
		close(work->takes[i].root_fd);
}

static int add_remote(const struct build_step *step, size_t source, struct spec_build_copy *work, struct error *err)
{
	const struct instruction *instruction = step->plan->instruction;
	struct spec_build_take *take = &work->takes[work->take_count];
	const char *name = NULL;
	int r = build_remote_open(step, source, &take->root_fd, &name, err);

	if (r < 0)
		return r;
	take->sources = arena_alloc(step->build->arena, 2, sizeof *take->sources);
	take->sources[0] = (char *)name;
	take->excludes = instruction->excludes;
	take->is_context = true;
	take->unpack = instruction->has_unpack && instruction->unpack;
	work->take_count++;
	return 0;
}

static int add_takes(const struct build_step *step, struct spec_build_copy *work, struct error *err)
{
	size_t count = strv_length(step->plan->instruction->sources);
	struct build_context *context = NULL;
	int from_fd = -EBADF, own_fd = -EBADF, r = 0;

	work->takes = arena_alloc(step->build->arena, count + 1, sizeof *work->takes);
	if (build_remote_count(step->plan) < count) {
		r = open_origin(step, &from_fd, &own_fd, &context, err);
		if (r < 0)
			return r;
		if (own_fd < 0)
			own_fd = fcntl(from_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (own_fd < 0)
			return error_errno(err, errno, "cannot open the context again");
		work->takes[work->take_count++] = build_take_of(step, own_fd, context);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		if (build_remote_is(step->plan, i))
			r = add_remote(step, i, work, err);
	return r;
}

/* What archives have in them is taken apart by a process that may not write to the store. */
static bool unpacks(const struct spec_build_copy *work)
{
	for (size_t i = 0; i < work->take_count; i++)
		if (work->takes[i].unpack)
			return true;
	return false;
}

static int copy(const struct build_step *step, struct spec_build_copy *work, struct spec_build_copy_report *ret, struct error *err)
{
	const struct instruction *instruction = step->plan->instruction;
	int r;

	work->destination = (char *)step->plan->destination;
	work->chown = instruction->chown;
	work->chmod = instruction->chmod;
	add_files(step, work);
	r = add_takes(step, work, err);
	if (unpacks(work))
		work->layer = NULL;
	if (r == 0)
		r = run_copy(step->build, step->vertex, work, ret, err);
	close_takes(work);
	return r;
}

static int make_directory(const struct build_step *step, struct spec_build_copy *work, struct spec_build_copy_report *ret, struct error *err)
{
	work->destination = (char *)step->plan->directory;
	work->directory_only = true;
	work->chown = str_is_empty(step->plan->user) ? NULL : (char *)step->plan->user;
	return run_copy(step->build, step->vertex, work, ret, err);
}

int build_step_copy(const struct build_step *step, struct spec_build_layer *layer, bool wants_digest, struct spec_build_copy_report *ret,
	struct error *err)
{
	_cleanup_close_ int to_fd = -EBADF;
	struct spec_build_copy work = { .layer = layer, .wants_digest = wants_digest };
	const char *upper = NULL;
	int r = open_writable(step, &upper, &to_fd, err);

	layer->upper = (char *)upper;
	work.root_fd = to_fd;
	set_epoch(step->build, &work);
	if (r == 0)
		r = step->plan->kind == PLAN_DIRECTORY ? make_directory(step, &work, ret, err) : copy(step, &work, ret, err);
	if (r < 0)
		return error_wrap(err, "%s:%u", step->build->dockerfile->name, step->plan->instruction->source->first_line);
	return 0;
}

/* ---- for mounts ------------------------------------------------------------------------------------ */

int build_copy_take(struct build *build, size_t vertex, struct spec_build_take *take, const char *destination, const char *to, struct error *err)
{
	_cleanup_close_ int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct spec_build_copy work = { .takes = take, .take_count = 1, .root_fd = to_fd, .destination = (char *)destination };

	return to_fd < 0 ? error_errno(err, errno, "cannot open '%s'", to) : build_copy_run(build, vertex, &work, err);
}

int build_copy_context(const struct build_step *step, struct build_context *context, const char *inside, const char **ret_path, struct error *err)
{
	char *sources[] = { (char *)inside, NULL };
	struct spec_build_take take = { .root_fd = context->fd, .sources = sources, .parents = true };
	int r = build_work_make(step->build, ret_path, err);

	set_context(&take, context);
	return r < 0 ? r : build_copy_take(step->build, step->vertex, &take, "/", *ret_path, err);
}

int build_copy_files(const struct build_step *step, const struct build_files *files, const char *path, const char *to, struct error *err)
{
	char *sources[] = { clean_source(step->build->arena, path, false), NULL };
	_cleanup_close_ int from_fd = -EBADF;
	struct spec_build_take take = { .sources = sources };
	int r = build_open_files(step->build, files, &from_fd, err);

	take.root_fd = from_fd;
	return r < 0 ? r : build_copy_take(step->build, step->vertex, &take, "/", to, err);
}
