/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `bivy-transfer --events FD` tells while it works: one JSON document per
 * line. Who started it (`bivy`) reads them, draws the progress, and gets an
 * error back as it was.
 */
#ifndef BIVY_SPEC_TRANSFER_EVENT_H
#define BIVY_SPEC_TRANSFER_EVENT_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_TRANSFER_EVENT_LIMIT (64u << 20) /* bytes of a line: a list of tags may be long */

enum spec_transfer_event_kind {
	SPEC_TRANSFER_STATUS,  /* a line for people: "latest: pulling from library/debian" */
	SPEC_TRANSFER_WARNING, /* likewise, of something that they should know */
	SPEC_TRANSFER_ITEM,    /* how far one layer or blob is */
	SPEC_TRANSFER_ERROR,   /* the command failed; comes last */
	SPEC_TRANSFER_REPORT,  /* the command's report, where the standard output has something else */
	SPEC_TRANSFER_KINDS
};

/* What is done with an item right now, or was done with it in the end. */
enum spec_transfer_phase {
	SPEC_TRANSFER_WAITING,     /* nothing yet; maybe for another process that is at it */
	SPEC_TRANSFER_DOWNLOADING, /* its bytes come; a layer's are extracted at once */
	SPEC_TRANSFER_EXTRACTING,  /* all of its bytes are there (or were before) */
	SPEC_TRANSFER_READING,     /* from an archive */
	SPEC_TRANSFER_WRITING,     /* to an archive */
	SPEC_TRANSFER_UPLOADING,
	/* final ones */
	SPEC_TRANSFER_EXISTS,      /* it was there already, here or (push, copy) at the registry */
	SPEC_TRANSFER_COMPLETE,    /* done */
	SPEC_TRANSFER_MOUNTED,     /* the registry has taken it from its other repository .detail */
	SPEC_TRANSFER_SKIPPED,     /* it must not be distributed */
	SPEC_TRANSFER_PHASES
};

bool spec_transfer_phase_is_final(enum spec_transfer_phase phase);
/* "downloading". */
const char *spec_transfer_phase_word(enum spec_transfer_phase phase);

/*
 * Strings of a decoded one live in the arena given, without control characters:
 * they go to a terminal. Those of no meaning for the kind are NULL.
 */
struct spec_transfer_event {
	enum spec_transfer_event_kind kind;
	const char *text;   /* STATUS, WARNING */
	const char *item;   /* ITEM: twelve digits of its digest, the same for all events of one item */
	enum spec_transfer_phase phase; /* ITEM */
	uint64_t current, total;        /* ITEM: bytes; total 0: nobody knows */
	const char *detail; /* ITEM: more words, or NULL */
	struct error error; /* ERROR: kind, code, message, hint */
	const struct json *report; /* REPORT: any document */
};

/* Adds it as one line with its newline. */
void spec_transfer_event_encode(const struct spec_transfer_event *event, struct buf *out);

/* One line, with or without its newline. Members and kinds of later versions: unknown members are passed over, an unknown kind is ERROR_UNSUPPORTED. */
int spec_transfer_event_decode(struct arena *arena, const char *text, size_t length, struct spec_transfer_event *ret, struct error *err)
	_must_check_;

/* Bytes as they come from the descriptor, put together to lines. */
struct spec_transfer_events {
	struct buf pending;
	size_t start; /* of the first line that was not taken */
};

#define SPEC_TRANSFER_EVENTS_INIT ((struct spec_transfer_events){ .start = 0 })

/* Takes BYTES; ERROR_INVALID for a line that is too long. */
int spec_transfer_events_add(struct spec_transfer_events *events, const void *bytes, size_t length, struct error *err) _must_check_;
/* The next whole event into *RET: 1; 0: none is complete; or a negative errno, after which the next call takes the line behind. */
int spec_transfer_events_next(struct spec_transfer_events *events, struct arena *arena, struct spec_transfer_event *ret, struct error *err)
	_must_check_;
void spec_transfer_events_done(struct spec_transfer_events *events);

#define _cleanup_spec_transfer_events_ _cleanup_(spec_transfer_events_done)

#endif
