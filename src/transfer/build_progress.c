/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_progress.h"

#include "base/clock.h"

#define EVERY_MS 200

void build_progress_begin(struct build_progress *progress, const struct transfer_globals *globals, const char *item, uint64_t total)
{
	progress->globals = globals;
	progress->item = item;
	progress->total = total;
	atomic_store(&progress->done, 0);
	atomic_store(&progress->told_ms, clock_monotonic_ms());
}

void build_progress_add(struct build_progress *progress, uint64_t amount)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ITEM, .phase = SPEC_TRANSFER_WRITING };
	int64_t now, told;

	if (!progress || !progress->globals)
		return;
	event.current = atomic_fetch_add(&progress->done, amount) + amount;
	now = clock_monotonic_ms();
	told = atomic_load(&progress->told_ms);
	if (now - told < EVERY_MS || !atomic_compare_exchange_strong(&progress->told_ms, &told, now))
		return;
	event.item = progress->item;
	event.total = progress->total;
	if (event.total && event.current >= event.total)
		return; /* as good as done: an archive has headers besides */
	ignore_result(session_tell(progress->globals, &event, NULL)); /* for people only */
}
