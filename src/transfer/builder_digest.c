/* SPDX-License-Identifier: Apache-2.0 */
/* digest: one text per take, of all that would arrive. */
#include "spec/build_work.h"
#include "transfer/build_digest.h"
#include "transfer/build_work.h"
#include "transfer/confine.h"

/* An index that several takes may share. */
struct opened {
	const char *path;
	struct build_index *index;
	int directory_fd; /* of its file */
};

struct job {
	struct arena *arena;
	struct spec_build_digest work;
	struct opened *opened; /* by take; shared ones have the .index of the first */
};

static void job_done(struct job *job)
{
	for (size_t i = 0; job->opened && i < job->work.take_count; i++) {
		if (job->opened[i].directory_fd >= 0)
			close(job->opened[i].directory_fd);
		if (job->opened[i].path)
			build_index_free(job->opened[i].index);
	}
	arena_free(job->arena);
}

static void open_indexes(struct job *job)
{
	job->opened = arena_alloc(job->arena, job->work.take_count + 1, sizeof *job->opened);
	for (size_t i = 0; i < job->work.take_count; i++) {
		const char *path = job->work.takes[i].index;
		size_t same = 0;

		while (same < i && !(path && str_equal(job->opened[same].path, path)))
			same++;
		if (same < i)
			job->opened[i] = (struct opened){ .index = job->opened[same].index, .directory_fd = -EBADF };
		else
			job->opened[i] = (struct opened){ path ? path : "", build_index_open(path), build_work_open_above(path) };
	}
}

/* What is read is the user's own; but names and patterns are not ours. */
static void give_up(const struct job *job)
{
	int *writable = arena_alloc(job->arena, job->work.take_count + 1, sizeof *writable);
	size_t count = 0;

	for (size_t i = 0; i < job->work.take_count; i++)
		if (job->opened[i].directory_fd >= 0)
			writable[count++] = job->opened[i].directory_fd;
	confine(&(struct confinement){ .writable = writable, .writable_count = count });
}

static void tell_unmatched(const struct transfer_globals *globals, const struct build_taken *taken)
{
	for (const char **written = taken->unmatched; written && *written; written++)
		session_tell_warning(globals, "nothing fits '%s'", *written);
}

static int digest_take(const struct job *job, size_t i, const struct transfer_globals *globals, struct spec_build_taken *ret, struct error *err)
{
	const struct spec_build_take *take = &job->work.takes[i];
	_cleanup_build_taken_ struct build_taken taken = BUILD_TAKEN_INIT;
	char digest[DIGEST_TEXT_SIZE];
	int r = build_take(job->arena, take, &taken, err);

	if (r == 0)
		r = build_digest(take, &taken, job->opened[i].index, build_work_threads(), digest, &ret->bytes, err);
	if (r < 0)
		return r;
	tell_unmatched(globals, &taken);
	ret->digest = arena_strdup(job->arena, digest);
	ret->entries = taken.count;
	return 0;
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new() };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_build_digest_report report = { .take_count = 0 };
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_digest_decode(job.arena, text.data, text.length, &job.work, err);
	if (r < 0)
		return r;
	open_indexes(&job);
	give_up(&job);
	report.take_count = job.work.take_count;
	report.takes = arena_alloc(job.arena, report.take_count + 1, sizeof *report.takes);
	for (size_t i = 0; r == 0 && i < job.work.take_count; i++)
		r = digest_take(&job, i, call->globals, &report.takes[i], err);
	for (size_t i = 0; r == 0 && i < job.work.take_count; i++)
		if (job.opened[i].path)
			build_index_save(job.opened[i].index);
	if (r == 0)
		spec_build_digest_report_encode(&report, out);
	return r;
}

const struct command build_digest_command = {
	.command = {
		.name = "digest",
		.summary = "make digests of what COPY would bring",
		.description = "Prints, as JSON, one digest for each take of its work: of names, kinds, modes, owners, extended attributes, bytes and links.",
		.entries = build_work_entries,
	},
	.request_size = sizeof(struct build_work_request),
	.run = run,
};
