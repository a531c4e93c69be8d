/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's errors in docker's words, which scripts and clients look for. Pure. */
#ifndef BIVY_API_WORDS_H
#define BIVY_API_WORDS_H

#include "base/error.h"

/*
 * Gives ERROR docker's words, and the kind that its status comes of, if it has
 * some for what is meant. Hints that tell of bivy's command line go.
 */
void api_words_translate(struct error *error);

#endif
