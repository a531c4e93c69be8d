/* SPDX-License-Identifier: Apache-2.0 */
/* What a supervisor writes down: the container's state, and what happened. Failures are logged; nothing fails because of them. */
#ifndef BIVY_SUPERVISOR_NOTES_H
#define BIVY_SUPERVISOR_NOTES_H

#include "supervisor/keeper.h"

/* state.json in the volatile directory, which counts as long as we live. */
void notes_write_state(struct keeper *keeper);

/* What that would be, for who is not two processes yet: the maker writes it, before anybody is served. */
void notes_encode_state(struct keeper *keeper, struct buf *text);

/* state.json in the record, which counts afterwards. */
void notes_write_record(struct keeper *keeper);

/* An event of the container, with COUNT (NOTES_EXTRA at most) more attributes. */
#define NOTES_EXTRA 4
void notes_add_event_with(struct keeper *keeper, const char *action, const struct spec_pair *extra, size_t count);

/* KEY and VALUE are one more attribute, or NULL. */
void notes_add_event(struct keeper *keeper, const char *action, const char *key, const char *value);
void notes_add_number_event(struct keeper *keeper, const char *action, const char *key, int64_t value);

/* That its volumes were mounted ("mount") or are not any more ("unmount"); those that it has by now. */
void notes_add_volume_events(struct keeper *keeper, const char *action);

/* That it has come into its networks ("connect") or has left them ("disconnect"): those that its plan has by now. */
void notes_add_network_events(struct keeper *keeper, const char *action);

/* The time in RFC 3339, to be freed. */
char *notes_time(void);

#endif
