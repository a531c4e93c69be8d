/* SPDX-License-Identifier: Apache-2.0 */
/* Values as Go's fmt prints them: the texts of an image's history are made so by the stock frontend, and ours are to be the same. */
#ifndef BIVY_BUILD_GO_TEXT_H
#define BIVY_BUILD_GO_TEXT_H

#include "base/str.h"

/* "%q" of a string: in quotes, with what does not print escaped. */
void go_text_quote(struct buf *out, const char *text);

/* "%q" of strings: ["a" "b"]; LIST NULL: []. */
void go_text_quote_list(struct buf *out, char *const *list);

/* "%v" of strings: [a b]. */
void go_text_list(struct buf *out, char *const *list);

/* "%q" of a number, which is taken for a character: '\x03'. */
void go_text_quote_character(struct buf *out, int64_t character);

/* "%v" of a duration: "1m30s", "1.5ms", "0s". */
void go_text_duration(struct buf *out, int64_t ns);

#endif
