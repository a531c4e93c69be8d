/* SPDX-License-Identifier: Apache-2.0 */
/* What forms of an answer a client takes (RFC 9110, 12.5.1). Pure. */
#ifndef BIVY_API_ACCEPT_H
#define BIVY_API_ACCEPT_H

/*
 * How much a client whose header Accept is TEXT (NULL: none, which takes
 * anything) wants the media type TYPE ("text/plain") with the parameter version
 * VERSION: from 1 to 1000, 0: not at all. The most specific of its ranges that
 * match counts; parameters other than version and q are no part of that. Case
 * does not count. What is no range is passed over.
 */
unsigned api_accept_quality(const char *text, const char *type, const char *version);

#endif
