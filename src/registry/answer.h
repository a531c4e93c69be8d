/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What registries and the places that give tokens answer, apart from content:
 * pure functions over bytes that strangers send.
 */
#ifndef BIVY_REGISTRY_ANSWER_H
#define BIVY_REGISTRY_ANSWER_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_TAG_LIMIT (1u << 20) /* tags of one repository */

/* A token for a while; strings live in the arena given. */
struct answer_token {
	const char *token;         /* never NULL: letters that can stand in a header */
	const char *refresh_token; /* what to ask for tokens with from now on, or NULL */
	uint64_t expires_s;        /* after this many seconds, counted from when it was asked for; at least 60 */
};

int answer_decode_token(struct arena *arena, const char *text, size_t length, struct answer_token *ret, struct error *err) _must_check_;

/* "tags" of a tags list: valid texts of tags, others being left out, added to the COUNT that *LIST has (NULL-terminated, strv_free()). */
int answer_decode_tags(const char *text, size_t length, char ***list, size_t *count, struct error *err) _must_check_;

/* A repository that a search has found; strings live in the arena given, none is NULL. */
struct answer_found {
	const char *name, *description;
	uint64_t stars;
	bool is_official;
};

#define ANSWER_FOUND_LIMIT 1000 /* of one answer: what is beyond is left out */

/* "results" of a search of an index; those without a name are left out. */
int answer_decode_search(struct arena *arena, const char *text, size_t length, struct answer_found **ret, size_t *ret_count, struct error *err)
	_must_check_;

/* "repositories" of a catalog whose names have TERM in them, whatever its case: ANSWER_FOUND_LIMIT of them at most. */
int answer_decode_catalog(struct arena *arena, const char *text, size_t length, const char *term, struct answer_found **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* What a registry says of why it refuses: the first error's "code" and "message"; NULL for what it does not say. */
void answer_decode_refusal(struct arena *arena, const char *text, size_t length, const char **ret_code, const char **ret_message);

/* The target of the "next" link of a Link header (RFC 8288), perhaps relative; NULL if there is none. Allocated. */
char *answer_next_link(const char *link);

/* "0-499" of an upload: 500 bytes are there. -EINVAL if it is not of that form. */
int answer_decode_range(const char *range, uint64_t *ret_bytes) _must_check_;

#endif
