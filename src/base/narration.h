/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the kernel, told as it is done, for `--explain`: a line for
 * each step, in the kernel's words. The descriptor is handed down to the
 * programs that take part, as base/timing.h's is, and shared by what they fork.
 *
 * Off, which is the rule, a line costs the test of an integer.
 */
#ifndef BIVY_BASE_NARRATION_H
#define BIVY_BASE_NARRATION_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines go to FD, which stays the caller's; -1: nowhere. */
void narration_open(int fd);
int narration_fd(void);
bool narration_is_on(void);

/*
 * One line, of at most 4095 bytes, behind the name of the process
 * (base/role.h), in one write(2); control characters in it become '?'. What
 * cannot be written is not told. Allocates nothing: for a child after clone, too.
 */
void narrate(const char *format, ...) _printf_(1, 2);

struct narration_flag {
	uint64_t bit;
	const char *name;
};

/* Writes the names of BITS to RET, "CLONE_NEWNS|CLONE_NEWPID", "0" for none; bits without a name as a number. Returns RET. */
const char *narration_flags(uint64_t bits, const struct narration_flag *flags, size_t count, char *ret, size_t size);

#endif
