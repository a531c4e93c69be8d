/* SPDX-License-Identifier: Apache-2.0 */
/* What a program gives up before it reads the bytes of strangers. */
#ifndef BIVY_SERVER_NOBODY_H
#define BIVY_SERVER_NOBODY_H

#include "base/error.h"

/*
 * No privileges to gain; and of root: no files, no capabilities, nobody's ids.
 * What is open stays open. Dies with its parent, if PR_SET_PDEATHSIG was set
 * before, as before.
 */
int nobody_become(struct error *err) _must_check_;

#endif
