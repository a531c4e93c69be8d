/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, as the value of "Authorization", which comes over a descriptor: arguments are seen by all. */
#ifndef BIVY_TRANSFER_AUTHORIZATION_H
#define BIVY_TRANSFER_AUTHORIZATION_H

#include "base/error.h"
#include "base/options.h"
#include "base/str.h"

#define AUTHORIZATION_ENTRY(type, member) \
	{ "authorization-fd", 0, OPTION_INT, 0, offsetof(type, member), "FD", "what to show the server, the value of Authorization, open", \
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX }

/* All of FD, one line, into OUT; nothing if FD is 0, which it is not given. */
int authorization_read(int64_t fd, struct buf *out, struct error *err) _must_check_;

#endif
