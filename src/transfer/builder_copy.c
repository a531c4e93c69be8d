/* SPDX-License-Identifier: Apache-2.0 */
/* copy: what COPY, ADD and WORKDIR do with files; and the layer that comes of it. */
#include "spec/build_work.h"
#include "transfer/build_digest.h"
#include "transfer/build_layer.h"
#include "transfer/build_mode.h"
#include "transfer/build_path.h"
#include "transfer/build_progress.h"
#include "transfer/build_statement.h"
#include "transfer/build_unpack.h"
#include "transfer/build_work.h"
#include "transfer/build_write.h"
#include "transfer/confine.h"

#include <fcntl.h>

struct job {
	struct arena *arena;
	struct store store;
	struct lease lease;
	struct build_layer layer;
	struct build_kept *kept;   /* or NULL */
	struct build_index *index; /* of the take that a digest is made of, or NULL */
	int index_fd;              /* the directory that it lies in */
	struct spec_build_copy work;
	struct build_target target;
	struct build_target_made made;
	const struct transfer_globals *globals;
	struct build_progress progress;
	struct build_written written;
	struct build_statement_files taken; /* that statements are about */
	char digest[DIGEST_TEXT_SIZE];
};

static void job_done(struct job *job)
{
	build_layer_done(&job->layer);
	build_kept_free(job->kept);
	lease_end(&job->lease);
	store_close(&job->store);
	build_index_free(job->index);
	close_and_forget(&job->index_fd);
	strv_free(job->made.paths);
	arena_free(job->arena);
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

static int make_digest(struct job *job, const struct spec_build_take *take, const struct build_taken *taken, struct error *err)
{
	uint64_t bytes;
	int r = build_digest(take, taken, job->index, build_work_threads(), job->digest, &bytes, err);

	if (r == 0)
		build_index_save(job->index);
	return r;
}

static int copy_take(struct job *job, const struct spec_build_take *take, bool wants_digest, struct error *err)
{
	_cleanup_build_taken_ struct build_taken taken = BUILD_TAKEN_INIT;
	struct build_write_notes notes = { .digests = wants_digest };
	int r = build_take(job->arena, take, &taken, err);

	build_progress_begin(&job->progress, job->globals, "files", taken.count);
	if (taken.source_count == 1)
		notes.kept = job->kept;
	for (size_t i = 0; r == 0 && i < taken.source_count; i++) {
		bool done = false;

		r = try_unpack(job, take, &taken, &taken.sources[i], &done, err);
		if (r == 0 && !done)
			r = build_write_source(&job->target, take, &taken, &taken.sources[i], &notes, &job->written, err);
	}
	if (r == 0 && job->work.statement_count)
		r = build_statement_add_files(job->arena, &job->taken, take, &taken, err);
	return r == 0 && wants_digest ? make_digest(job, take, &taken, err) : r;
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
		r = copy_take(job, &job->work.takes[i], i == 0 && job->work.wants_digest, err);
	for (size_t i = 0; r == 0 && i < job->work.file_count; i++)
		r = build_write_file(&job->target, &job->work.files[i], &job->written, err);
	for (size_t i = 0; r == 0 && i < job->work.statement_count; i++)
		r = write_statement(job, &job->work.statements[i], err);
	return r;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* What is made besides the files, while anything may be opened. */
static int open_all(struct job *job, const struct command_call *call, struct error *err)
{
	const struct spec_build_copy *work = &job->work;
	int r = 0;

	if (work->wants_digest && work->take_count) {
		job->index = build_index_open(work->takes[0].index);
		job->index_fd = build_work_open_above(work->takes[0].index);
	}
	if (!work->layer)
		return 0;
	/* Where nothing is written twice. */
	if (work->take_count == 1 && !work->file_count && !work->statement_count)
		job->layer.kept = job->kept = build_kept_new();
	r = session_open_store(call->globals, &job->store, err);
	if (r == 0)
		r = build_work_lease(call, &job->store, &job->lease, err);
	return r == 0 ? build_layer_begin(&job->layer, job->arena, &job->store, &job->lease, work->layer, err) : r;
}

/* An archive that is unpacked is not ours: the engine makes layers of such by a process of their own. */
static void give_up(const struct job *job)
{
	const int all[] = { job->work.root_fd, job->index_fd, job->store.fd, job->layer.above_fd };
	int writable[ARRAY_SIZE(all)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] >= 0)
			writable[count++] = all[i];
	confine(&(struct confinement){ .writable = writable, .writable_count = count });
}

static int do_all(struct job *job, struct spec_build_copy_report *report, struct error *err)
{
	int r = prepare(job, err);

	if (r == 0)
		r = copy_all(job, err);
	if (r == 0)
		r = build_target_finish(&job->target, err);
	if (r < 0)
		return r;
	*report = (struct spec_build_copy_report){ .entries = job->written.entries, .bytes = job->written.bytes,
		.digest = job->digest[0] ? job->digest : NULL };
	if (!job->work.layer)
		return 0;
	report->layer = arena_alloc(job->arena, 1, sizeof *report->layer);
	r = build_layer_make(&job->layer, report->layer, err);
	if (r < 0)
		session_hint_full(err);
	return r;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new(), .store = STORE_INIT, .lease = LEASE_INIT, .layer = BUILD_LAYER_INIT,
		.index_fd = -EBADF, .globals = call->globals };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_build_copy_report report;
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_copy_decode(job.arena, text.data, text.length, &job.work, err);
	if (r < 0)
		return r;
	r = open_all(&job, call, err);
	if (r < 0)
		return r;
	umask(0);
	give_up(&job);
	r = do_all(&job, &report, err);
	if (r == 0)
		spec_build_copy_report_encode(&report, out);
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
