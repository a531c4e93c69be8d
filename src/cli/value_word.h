/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that are words of a small language each: policies, namespaces, names
 * of capabilities, security options, addresses. What is made lives in the arena.
 */
#ifndef BIVY_CLI_VALUE_WORD_H
#define BIVY_CLI_VALUE_WORD_H

#include "spec/value_list.h"
#include "spec/container.h"

/* "no", "always", "unless-stopped", "on-failure[:TIMES]". */
int value_restart_parse(struct arena *arena, const char *text, char **ret_policy, int64_t *ret_maximum, struct error *err) _must_check_;

/* One of WORDS, NULL-terminated; "container:NAME" and "ns:PATH" too, with a PATH that is absolute. */
int value_namespace_check(const char *text, const char *const *words, struct error *err) _must_check_;

/* --userns: "auto[:OPTIONS]", "host", "keep-id[:OPTIONS]", "nomap", "private", "container:NAME", "ns:PATH". */
int value_user_namespace_check(const char *text, struct error *err) _must_check_;

/* "INSIDE:OUTSIDE[:SIZE]", numbers. */
int value_id_map_check(const char *text, struct error *err) _must_check_;

/* "net_admin", "CAP_NET_ADMIN", "all". */
int value_capability_check(const char *text, struct error *err) _must_check_;

/*
 * "seccomp=FILE", "no-new-privileges", …; the older ':' for '=' too. *RET is the
 * same with '=', and a path relative to DIRECTORY made absolute; NULL if it says
 * nothing ("no-new-privileges=false").
 */
int value_security_option_parse(struct arena *arena, const char *text, const char *directory, char **ret, struct error *err) _must_check_;

/* "NAME:IP" or "NAME=IP", the address in brackets or not, or "host-gateway": *RET is "NAME:IP". */
int value_host_parse(struct arena *arena, const char *text, char **ret, struct error *err) _must_check_;

/* An address of IP version 4 or 6. */
int value_address_check(const char *text, struct error *err) _must_check_;

/* Labels of RFC 1123, 64 bytes at most: the kernel keeps no more. */
int value_host_name_check(const char *text, struct error *err) _must_check_;

/* "022". TARGET: uint32_t; fits option_entry.parse. */
int value_umask_parse(const char *text, void *target, struct error *err) _must_check_;

/* A signal's name or number. */
int value_signal_check(const char *text, struct error *err) _must_check_;

/* "monotonic=SECONDS" or "boottime=SECONDS". */
int value_time_offset_check(const char *text, struct error *err) _must_check_;

#endif
