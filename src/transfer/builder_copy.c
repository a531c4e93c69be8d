/* SPDX-License-Identifier: Apache-2.0 */
/* copy: what COPY, ADD and WORKDIR do with files. */
#include "spec/build_work.h"
#include "transfer/build_mode.h"
#include "transfer/build_path.h"
#include "transfer/build_progress.h"
#include "transfer/build_statement.h"
#include "transfer/build_unpack.h"
#include "transfer/build_work.h"
#include "transfer/build_write.h"
#include "transfer/confine.h"

#include <sys/resource.h>

struct job {
	struct arena *arena;
	struct spec_build_copy work;
	struct build_target target;
	struct build_target_made made;
	const struct transfer_globals *globals;
	struct build_progress progress;
	struct build_written written;
	struct build_statement_files taken; /* that statements are about */
};

/* Deep trees take a descriptor a level. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		ignore_result(setrlimit(RLIMIT_NOFILE, &limit)); /* most do without */
	}
}

static int prepare(struct job *job, struct error *err)
{
	const struct spec_build_copy *work = &job->work;
	mode_t mode;
	int r = 0;

	job->target = (struct build_target){ .root_fd = work->root_fd, .path = work->destination, .has_owner = work->chown, .chmod = work->chmod,
		.has_epoch = work->has_epoch, .epoch = work->epoch, .made = &job->made, .progress = &job->progress };
	if (work->chmod)
		r = build_mode_apply(work->chmod, 0, &mode, err);
	if (r == 0 && work->chown)
		r = build_owner_find(work->root_fd, work->chown, &job->target.owner, err);
	return r;
}

/* ADD: whether the source was an archive, and is unpacked. */
static int try_unpack(struct job *job, const struct spec_build_take *take, const struct build_taken *taken, const struct build_source *source,
	bool *ret_done, struct error *err)
{
	const struct build_found *found = &taken->list[source->start];
	_cleanup_close_ int fd = -EBADF;
	int r;

	*ret_done = false;
	if (!take->unpack || source->is_directory || !source->count || !S_ISREG(found->st.st_mode))
		return 0;
	r = build_found_open(take, found, -EBADF, &fd, err);
	if (r < 0 || !build_unpack_is_archive(fd))
		return r;
	*ret_done = true;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_errno(err, errno, "cannot read '%.400s' again", source->path);
	return build_unpack(&job->target, fd, source->path, &job->written, err);
}

static int copy_take(struct job *job, const struct spec_build_take *take, struct error *err)
{
	_cleanup_build_taken_ struct build_taken taken = BUILD_TAKEN_INIT;
	int r = build_take(job->arena, take, &taken, err);

	build_progress_begin(&job->progress, job->globals, "files", taken.count);
	for (size_t i = 0; r == 0 && i < taken.source_count; i++) {
		bool done = false;

		r = try_unpack(job, take, &taken, &taken.sources[i], &done, err);
		if (r == 0 && !done)
			r = build_write_source(&job->target, take, &taken, &taken.sources[i], build_work_threads(), &job->written, err);
	}
	return r == 0 && job->work.statement_count ? build_statement_add_files(job->arena, &job->taken, take, &taken, err) : r;
}

static int make_directory(const struct job *job, struct error *err)
{
	_cleanup_buf_ struct buf real = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = build_path_follow(job->target.root_fd, job->target.path, &real);

	return r < 0 ? error_errno(err, -r, "cannot make '%.400s'", job->target.path) : build_target_make_directory(&job->target, real.data, &fd, err);
}

static int write_statement(struct job *job, const struct spec_build_statement *statement, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = build_statement_make(job->arena, statement->type, statement->predicate, build_statement_write_files, &job->taken, &text, err);
	const struct spec_build_file file = { .name = statement->name, .content = text.data };

	return r < 0 ? r : build_write_file(&job->target, &file, &job->written, err);
}

static int copy_all(struct job *job, struct error *err)
{
	int r = job->work.directory_only ? make_directory(job, err) : 0;

	for (size_t i = 0; r == 0 && i < job->work.take_count; i++)
		r = copy_take(job, &job->work.takes[i], err);
	for (size_t i = 0; r == 0 && i < job->work.file_count; i++)
		r = build_write_file(&job->target, &job->work.files[i], &job->written, err);
	for (size_t i = 0; r == 0 && i < job->work.statement_count; i++)
		r = write_statement(job, &job->work.statements[i], err);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct job job = { .arena = arena, .globals = call->globals };
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_copy_decode(arena, text.data, text.length, &job.work, err);
	if (r < 0)
		return r;
	raise_descriptor_limit();
	umask(0);
	confine(&(struct confinement){ .writable = &job.work.root_fd, .writable_count = 1 });
	r = prepare(&job, err);
	if (r == 0)
		r = copy_all(&job, err);
	if (r == 0)
		r = build_target_finish(&job.target, err);
	strv_free(job.made.paths);
	if (r == 0)
		spec_build_copy_report_encode(&(struct spec_build_copy_report){ job.written.entries, job.written.bytes }, out);
	return r;
}

const struct command build_copy_command = {
	.command = {
		.name = "copy",
		.summary = "copy files into a tree",
		.description = "Copies what its work takes by the rules of COPY and ADD, and prints how much that was as JSON.",
		.entries = build_work_entries,
	},
	.request_size = sizeof(struct build_work_request),
	.run = run,
};
