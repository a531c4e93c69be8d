/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's errors in docker's words, which scripts and clients look for. Pure. */
#ifndef BIVY_API_WORDS_H
#define BIVY_API_WORDS_H

#include "base/error.h"

/* What containers are called: docker tells of some by their ids. */
struct api_words_names {
	const char *(*id_of)(void *context, const char *name); /* NULL: there is none */
	void *context;
};

/*
 * Gives ERROR docker's words, and the kind that its status comes of, if it has
 * some for what is meant. Hints that tell of bivy's command line go. NAMES may be
 * NULL: then containers are told of by name.
 */
void api_words_translate(struct error *error, const struct api_words_names *names);

#endif
