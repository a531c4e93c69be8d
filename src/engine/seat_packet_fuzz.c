/* SPDX-License-Identifier: Apache-2.0 */
/* What is understood comes back the same once it was written; of what is not nothing is kept, and of a seat its refusal has a message. */
#include "engine/seat_packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct seat_question question, again;

	if (!seat_question_decode(arena, text, size, &question))
		return;
	seat_question_encode(&question, &first);
	if (!seat_question_decode(arena, first.data, first.length, &again) || again.type != question.type)
		abort();
	seat_question_encode(&again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
}

static void answer(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct seat seat = SEAT_NONE, again = SEAT_NONE;
	struct error err = ERROR_INIT;

	if (seat_decode(arena, text, size, &seat, &err) < 0) {
		if (seat.id || seat.plan || !err.message[0])
			abort();
		return;
	}
	seat_encode(&seat, &first);
	if (first.length > SEAT_PACKET_LIMIT)
		return; /* control characters take more room when they are written */
	if (seat_decode(arena, first.data, first.length, &again, &err) < 0)
		abort();
	seat_encode(&again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	ask(arena, (const char *)data, size);
	answer(arena, (const char *)data, size);
	return 0;
}
