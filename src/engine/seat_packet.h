/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said over RUN/pool.sock (pool.h), a packet each: what is asked, and a
 * seat's answer but for its descriptors. Decoding is a pure function of the
 * bytes; what is none of it is refused whole.
 */
#ifndef BIVY_ENGINE_SEAT_PACKET_H
#define BIVY_ENGINE_SEAT_PACKET_H

#include "engine/seat.h"

#define SEAT_QUESTION_LIMIT 512
#define SEAT_PACKET_LIMIT (16u << 10) /* an id, numbers, and a plan of one link */

struct seat_question {
	enum { SEAT_TAKE, SEAT_FINISH, SEAT_LOOK, SEAT_DROP } type;
	struct seat_kind kind; /* TAKE */
	const char *place;     /* TAKE: where the asker sees networks and control groups; a word */
	const char *name;      /* FINISH: the entry of a removal, whose lock comes along; a word */
};

void seat_question_encode(const struct seat_question *question, struct buf *out);

/* *RET lives in the arena. */
bool seat_question_decode(struct arena *arena, const char *text, size_t length, struct seat_question *ret) _must_check_;

/* .fds are not looked at. */
void seat_encode(const struct seat *seat, struct buf *out);

/* All but .fds, which stay as they are, in the arena. */
int seat_decode(struct arena *arena, const char *text, size_t length, struct seat *ret, struct error *err) _must_check_;

#endif
