/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands of bivy-transfer share: the store that they work on, and whom they tell how far they are. */
#ifndef BIVY_TRANSFER_SESSION_H
#define BIVY_TRANSFER_SESSION_H

#include "spec/transfer_event.h"
#include "store/store.h"
#include "transfer/command.h"
#include "transfer/ingest.h"

/* The image store of `--root`, made if it is missing. */
int session_open_store(const struct transfer_globals *globals, struct store *ret, struct error *err) _must_check_;

/*
 * Writes EVENT to `--events`, if anybody wants to know; from any thread, a line
 * at a time. A negative errno when nobody reads there any more.
 */
int session_tell(const struct transfer_globals *globals, const struct spec_transfer_event *event, struct error *err) _must_check_;

/* The same as ingest.h wants it. *GLOBALS outlives it. */
struct ingest_progress session_progress(const struct transfer_globals *globals);

/* A line for people. Their not reading it is noticed with the next session_tell(). */
void session_tell_status(const struct transfer_globals *globals, const char *format, ...) _printf_(2, 3);
void session_tell_warning(const struct transfer_globals *globals, const char *format, ...) _printf_(2, 3);

/* Adds the way out to an error, if it is that the store's disk is full. */
void session_hint_full(struct error *err);

/* Tells of an error that ends the program; whether anybody wants to know (then it need not be told otherwise). */
bool session_tell_error(const struct transfer_globals *globals, const struct error *error);

/* The whole of a program whose commands take transfer_globals: NAME and SUMMARY are its own, LIST are its COUNT commands. Returns its exit status. */
int session_main(const char *name, const char *summary, const struct command *const *list, size_t count, int argc, char **argv);

#endif
