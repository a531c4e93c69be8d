/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/item.h"

#include "base/clock.h"
#include "spec/image_digest.h"


/* Between two events of an item in one phase; and if nothing moves: whoever listens may be gone, which is to be noticed. */
#define INTERVAL_MS 80
#define IDLE_INTERVAL_MS 1000
#define ID_DIGITS 12

int teller_tell(struct teller *teller, const struct spec_transfer_event *event, struct error *err)
{
	int r;

	if (!teller->progress.tell)
		return 0;
	pthread_mutex_lock(&teller->lock);
	r = teller->progress.tell(teller->progress.context, event, err);
	pthread_mutex_unlock(&teller->lock);
	return r;
}

void teller_done(struct teller *teller)
{
	pthread_mutex_destroy(&teller->lock);
}

struct item item_of(struct arena *arena, struct teller *teller, const char *digest, uint64_t total)
{
	return (struct item){ .teller = teller, .id = arena_printf(arena, "%.*s", ID_DIGITS, spec_digest_encoded(digest)), .total = total };
}

int item_tell(struct item *item, enum spec_transfer_phase phase, uint64_t current, const char *detail, struct error *err)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ITEM, .item = item->id, .phase = phase, .current = current, .total = item->total,
					     .detail = detail };
	int64_t now = clock_monotonic_ms(), interval = current == item->current ? IDLE_INTERVAL_MS : INTERVAL_MS;

	if (item->is_told && phase == item->phase && now - item->told_ms < interval)
		return 0;
	item->is_told = true;
	item->phase = phase;
	item->current = current;
	item->told_ms = now;
	return teller_tell(item->teller, &event, err);
}
