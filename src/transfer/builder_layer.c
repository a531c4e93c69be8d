/* SPDX-License-Identifier: Apache-2.0 */
/* layer: what a step has left becomes a layer of the store. */
#include "spec/build_work.h"
#include "store/chain_id.h"
#include "store/layer_diff.h"
#include "store/lease.h"
#include "transfer/build_clone.h"
#include "transfer/build_merge.h"
#include "transfer/build_upper.h"
#include "transfer/build_work.h"
#include "transfer/confine.h"

#include <fcntl.h>
#include <sys/resource.h>

struct job {
	struct arena *arena;
	struct store store;
	struct lease lease;
	struct layer_stage stage;
	struct build_lower lower;
	struct spec_build_layer work;
	struct spec_build_layer_report report;
};

static void job_done(struct job *job)
{
	build_lower_close(&job->lower);
	layer_abort(&job->stage);
	lease_end(&job->lease);
	store_close(&job->store);
	arena_free(job->arena);
}

/* A tree of many levels, on many layers. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		ignore_result(setrlimit(RLIMIT_NOFILE, &limit)); /* most do without */
	}
}

/* The upper directory in place of the stage's, which is empty. */
static int take_upper(struct job *job, struct error *err)
{
	if (renameat(AT_FDCWD, job->work.upper, job->stage.fd, "diff") < 0)
		return error_errno(err, errno, "cannot take '%.400s' into the store", job->work.upper);
	close_and_forget(&job->stage.diff_fd);
	job->stage.diff_fd = openat(job->stage.fd, "diff", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return job->stage.diff_fd < 0 ? error_errno(err, errno, "cannot open the layer") : 0;
}

static int forget(void *context _unused_, const void *bytes _unused_, size_t length _unused_, struct error *err _unused_)
{
	return 0;
}

static int digest_layer(struct job *job, struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	struct digest_sink tap = { .downstream = { forget, NULL }, .digest = digest };
	struct layer_diff_report diff;
	char diff_id[DIGEST_TEXT_SIZE];
	int r = layer_diff(job->stage.diff_fd, digest_sink(&tap), LAYER_DIFF_UPPER, &diff, err);

	if (r < 0)
		return r;
	digest_finish(digest, diff_id);
	job->report.diff_id = arena_strdup(job->arena, diff_id);
	job->report.size = diff.bytes;
	job->report.members = diff.members;
	return 0;
}

static int prepare_upper(struct job *job, struct error *err)
{
	int fd = job->stage.diff_fd, r = build_upper_prune(fd, job->work.mountpoints, &job->lower, err);

	if (r == 0)
		r = build_upper_unmark(fd, &job->lower, err);
	if (r == 0 && job->work.rewrites_times && job->work.has_epoch)
		r = build_upper_clamp(fd, job->work.epoch, err);
	return r;
}

static int clone_layer(struct job *job, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct spec_layer record;
	int r = layer_read(&job->store, job->arena, job->work.clone, &record, err);

	if (r == 0)
		r = layer_open(&job->store, job->work.clone, &fd, err);
	if (r == 0)
		r = build_clone(fd, job->stage.diff_fd, &job->report.members, err);
	if (r < 0)
		return r;
	job->report.diff_id = record.diff_id;
	job->report.size = record.size;
	return 0;
}

static int merge_layers(struct job *job, struct error *err)
{
	int r = 0;

	for (char **chain_id = job->work.merge; r == 0 && *chain_id; chain_id++) {
		_cleanup_close_ int fd = -EBADF;

		r = lease_add(&job->lease, *chain_id, err);
		if (r == 0)
			r = layer_open(&job->store, *chain_id, &fd, err);
		if (r == 0)
			r = build_merge(fd, job->stage.diff_fd, &job->lower, err);
	}
	return r < 0 ? r : build_upper_unmark(job->stage.diff_fd, &job->lower, err);
}

static int commit_layer(struct job *job, struct error *err)
{
	const struct spec_layer record = { .diff_id = job->report.diff_id, .parent = job->work.parent, .size = job->report.size };
	char chain_id[DIGEST_TEXT_SIZE];
	int r;

	chain_id_compute(job->work.parent, job->report.diff_id, chain_id);
	job->report.chain_id = arena_strdup(job->arena, chain_id);
	r = lease_add(&job->lease, chain_id, err);
	return r < 0 ? r : layer_commit(&job->stage, chain_id, &record, err);
}

static int make_layer(struct job *job, struct error *err)
{
	int r = build_lower_open(&job->store, job->arena, job->work.parent, &job->lower, err);

	if (r == 0)
		r = job->work.clone ? clone_layer(job, err) : job->work.merge ? merge_layers(job, err) : prepare_upper(job, err);
	if (r == 0 && !job->work.clone)
		r = digest_layer(job, err);
	return r < 0 ? r : commit_layer(job, err);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new(), .store = STORE_INIT, .lease = LEASE_INIT, .stage = LAYER_STAGE_INIT };
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_layer_decode(job.arena, text.data, text.length, &job.work, err);
	if (r == 0)
		r = session_open_store(call->globals, &job.store, err);
	if (r == 0)
		r = build_work_lease(call, &job.store, &job.lease, err);
	if (r == 0)
		r = layer_begin(&job.store, &job.stage, err);
	if (r == 0 && job.work.upper)
		r = take_upper(&job, err);
	if (r < 0)
		return r;
	raise_descriptor_limit();
	umask(0);
	confine(&(struct confinement){ .writable = &job.store.fd, .writable_count = 1 });
	r = make_layer(&job, err);
	if (r == 0)
		spec_build_layer_report_encode(&job.report, out);
	else
		session_hint_full(err);
	return r;
}

const struct command build_layer_command = {
	.command = {
		.name = "layer",
		.summary = "make a layer of what a step has changed",
		.description = "Takes the upper directory of an overlay mount into the store as a layer, or makes a layer that is there once more for another "
			"parent, or one of several, and prints its ids as JSON.",
		.entries = build_work_entries,
	},
	.request_size = sizeof(struct build_work_request),
	.run = run,
};
