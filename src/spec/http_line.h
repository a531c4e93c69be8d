/* SPDX-License-Identifier: Apache-2.0 */
/* The line that an HTTP/1 request begins with (RFC 9112, 3). Pure. */
#ifndef BIVY_SPEC_HTTP_LINE_H
#define BIVY_SPEC_HTTP_LINE_H

#include <stddef.h>

#define SPEC_HTTP_METHOD_LIMIT 20 /* bytes */

/* NULL if BYTES are such a line, whatever follows, or can still become one; else what is wrong: "…", for a person. */
const char *spec_http_line_judge(const char *bytes, size_t length);

#endif
