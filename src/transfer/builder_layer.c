/* SPDX-License-Identifier: Apache-2.0 */
/* layer: what a step has changed becomes a layer of the store. */
#include "spec/build_work.h"
#include "transfer/build_layer.h"
#include "transfer/build_work.h"
#include "transfer/confine.h"

struct job {
	struct arena *arena;
	struct store store;
	struct lease lease;
	struct build_layer layer;
	struct spec_build_layer work;
};

static void job_done(struct job *job)
{
	build_layer_done(&job->layer);
	lease_end(&job->lease);
	store_close(&job->store);
	arena_free(job->arena);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_(job_done) struct job job = { .arena = arena_new(), .store = STORE_INIT, .lease = LEASE_INIT, .layer = BUILD_LAYER_INIT };
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_build_layer_report report;
	int r = build_work_read(call, &text, err);

	if (r == 0)
		r = spec_build_layer_decode(job.arena, text.data, text.length, &job.work, err);
	if (r == 0)
		r = session_open_store(call->globals, &job.store, err);
	if (r == 0)
		r = build_work_lease(call, &job.store, &job.lease, err);
	if (r == 0)
		r = build_layer_begin(&job.layer, job.arena, &job.store, &job.lease, &job.work, err);
	if (r < 0)
		return r;
	umask(0);
	confine(&(struct confinement){ .writable = (const int[]){ job.store.fd, job.layer.above_fd }, .writable_count = job.work.upper ? 2 : 1 });
	r = build_layer_make(&job.layer, &report, err);
	if (r == 0)
		spec_build_layer_report_encode(&report, out);
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
