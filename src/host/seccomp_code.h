/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of a seccomp filter, classic BPF, written from the last to the
 * first: jumps only go forward, so every target is there before its jump. A
 * place is a number that stays valid; jumps of any distance are made to fit.
 */
#ifndef BIVY_HOST_SECCOMP_CODE_H
#define BIVY_HOST_SECCOMP_CODE_H

#include "host/seccomp.h"

#define SECCOMP_CODE_LIMIT 4096 /* BPF_MAXINSNS of the kernel */

struct seccomp_code {
	struct sock_filter *end;   /* behind the last instruction */
	unsigned count;            /* written so far, in front of end */
	bool is_full;              /* more than the limit was asked for: what is there is no program */
	uint32_t return_values[8]; /* the nearest return of some values, so that it is used again */
	unsigned return_places[8];
	unsigned return_count, next_return;
};

/* CODE writes into memory of SECCOMP_CODE_LIMIT instructions that ends at END. */
void seccomp_code_init(struct seccomp_code *code, struct sock_filter *end);

/* A return of the SECCOMP_RET_* VALUE: a new one, or one that is there. */
unsigned seccomp_code_return(struct seccomp_code *code, uint32_t value);

/* Loads the word at OFFSET of struct seccomp_data, and goes on at NEXT. */
unsigned seccomp_code_load(struct seccomp_code *code, uint32_t offset, unsigned next);

/* Compares the word loaded with VALUE by TEST (BPF_JEQ, BPF_JGT or BPF_JGE), and goes on at one of two places. */
unsigned seccomp_code_test(struct seccomp_code *code, uint16_t test, uint32_t value, unsigned if_true, unsigned if_false);

/* Tests an argument, its lower half only if IS_32BIT. */
unsigned seccomp_code_condition(struct seccomp_code *code, const struct seccomp_condition *condition, bool is_32bit, unsigned if_true, unsigned if_false);

#endif
