/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of its own functions and structs, in /sys/kernel/btf/vmlinux: Documentation/bpf/btf.rst.
 * Pure functions over its bytes, which are believed no more than others.
 */
#ifndef BIVY_HOST_BTF_H
#define BIVY_HOST_BTF_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

#define BTF_LIMIT (64u << 20) /* bytes */

enum btf_kind {
	BTF_STRUCT = 4,
	BTF_TYPEDEF = 8,
	BTF_FUNCTION = 12,
};

/* The id of the first of that kind and name. -ENOENT without one; -EBADMSG if the bytes are no BTF of this machine's byte order. */
int btf_find(const void *bytes, size_t size, enum btf_kind kind, const char *name, uint32_t *ret_id) _must_check_;

/* Where MEMBER of the struct NAME begins, in bytes. -ENOENT if there is none at the struct's own level. */
int btf_find_member(const void *bytes, size_t size, const char *name, const char *member, uint32_t *ret_offset) _must_check_;

#endif
