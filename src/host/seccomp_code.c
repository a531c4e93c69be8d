/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place is the number of instructions from it to the end of the program. An
 * instruction that is written now is at count + 1, and jumps to a place by
 * leaving out what is in between. Conditional jumps reach 255 instructions
 * (8 bits): what is farther is reached by a copy of a return, or through a
 * long jump, written right behind.
 */
#include "host/seccomp_code.h"

#define REACH 253 /* two less than 255: the other target may need an instruction in between */

void seccomp_code_init(struct seccomp_code *code, struct sock_filter *end)
{
	*code = (struct seccomp_code){ .end = end };
}

static const struct sock_filter *instruction_at(const struct seccomp_code *code, unsigned place)
{
	return code->end - place;
}

static unsigned emit(struct seccomp_code *code, uint16_t operation, uint32_t value, unsigned jump_true, unsigned jump_false)
{
	if (code->count == SECCOMP_CODE_LIMIT) {
		code->is_full = true;
		return code->count;
	}
	code->count++;
	code->end[-(int)code->count] = (struct sock_filter){
		.code = operation,
		.jt = (uint8_t)jump_true,
		.jf = (uint8_t)jump_false,
		.k = value,
	};
	return code->count;
}

static unsigned emit_return(struct seccomp_code *code, uint32_t value)
{
	unsigned place = emit(code, BPF_RET | BPF_K, value, 0, 0);

	for (unsigned i = 0; i < code->return_count; i++)
		if (code->return_values[i] == value) {
			code->return_places[i] = place;
			return place;
		}
	/* A full table forgets the oldest: a value more is a return more. */
	code->return_values[code->next_return] = value;
	code->return_places[code->next_return] = place;
	if (code->return_count < ARRAY_SIZE(code->return_values))
		code->return_count++;
	code->next_return = (code->next_return + 1) % ARRAY_SIZE(code->return_values);
	return place;
}

unsigned seccomp_code_return(struct seccomp_code *code, uint32_t value)
{
	for (unsigned i = 0; i < code->return_count; i++)
		if (code->return_values[i] == value)
			return code->return_places[i];
	return emit_return(code, value);
}

/* A place that goes on at PLACE and is within reach of the next two instructions. */
static unsigned bring_near(struct seccomp_code *code, unsigned place)
{
	const struct sock_filter *target = instruction_at(code, place);

	if (code->count - place <= REACH)
		return place;
	if (target->code == (BPF_RET | BPF_K)) {
		unsigned near = seccomp_code_return(code, target->k);

		return code->count - near <= REACH ? near : emit_return(code, target->k);
	}
	return emit(code, BPF_JMP | BPF_JA, code->count - place, 0, 0);
}

unsigned seccomp_code_test(struct seccomp_code *code, uint16_t test, uint32_t value, unsigned if_true, unsigned if_false)
{
	unsigned near_true, near_false;

	if (if_true == if_false)
		return if_true;
	near_true = bring_near(code, if_true);
	near_false = bring_near(code, if_false);
	return emit(code, BPF_JMP | test | BPF_K, value, code->count - near_true, code->count - near_false);
}

/* Goes on at PLACE: nothing if it is the next instruction. */
static void go_to(struct seccomp_code *code, unsigned place)
{
	if (place != code->count)
		emit(code, BPF_JMP | BPF_JA, code->count - place, 0, 0);
}

unsigned seccomp_code_load(struct seccomp_code *code, uint32_t offset, unsigned next)
{
	go_to(code, next);
	return emit(code, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* ---- arguments ------------------------------------------------------------------ */

/* struct seccomp_data has 64-bit words in the machine's order. */
static uint32_t half_offset(unsigned argument, bool high)
{
	bool is_second = high == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	return (uint32_t)(offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + (is_second ? 4 : 0));
}

/* The half of an argument is VALUE, both under a mask. */
static unsigned test_equal(struct seccomp_code *code, uint32_t offset, uint32_t mask, uint32_t value, unsigned if_true, unsigned if_false)
{
	unsigned place;

	if (mask == 0)
		return if_true;
	place = seccomp_code_test(code, BPF_JEQ, value & mask, if_true, if_false);
	if (place == if_true)
		return place; /* both lead there */
	if (mask != UINT32_MAX) {
		go_to(code, place);
		place = emit(code, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	}
	return seccomp_code_load(code, offset, place);
}

static unsigned test_masked(struct seccomp_code *code, const struct seccomp_condition *c, uint64_t mask, bool is_32bit, unsigned if_true, unsigned if_false)
{
	unsigned place = test_equal(code, half_offset(c->argument, false), (uint32_t)mask, (uint32_t)c->value, if_true, if_false);

	if (is_32bit)
		return place;
	return test_equal(code, half_offset(c->argument, true), (uint32_t)(mask >> 32), (uint32_t)(c->value >> 32), place, if_false);
}

/* TEST is BPF_JGT or BPF_JGE: the lower halves decide where the upper are equal. */
static unsigned test_greater(struct seccomp_code *code, const struct seccomp_condition *c, uint16_t test, bool is_32bit, unsigned if_true, unsigned if_false)
{
	uint32_t high = (uint32_t)(c->value >> 32);
	unsigned place = seccomp_code_test(code, test, (uint32_t)c->value, if_true, if_false);

	if (place == if_true)
		return place; /* both lead there */
	place = seccomp_code_load(code, half_offset(c->argument, false), place);
	if (is_32bit)
		return place;
	place = seccomp_code_test(code, BPF_JEQ, high, place, if_false);
	place = seccomp_code_test(code, BPF_JGT, high, if_true, place);
	return seccomp_code_load(code, half_offset(c->argument, true), place);
}

unsigned seccomp_code_condition(struct seccomp_code *code, const struct seccomp_condition *c, bool is_32bit, unsigned if_true, unsigned if_false)
{
	switch (c->comparison) {
	case SECCOMP_IS_NE:
		return test_masked(code, c, UINT64_MAX, is_32bit, if_false, if_true);
	case SECCOMP_IS_EQ:
		return test_masked(code, c, UINT64_MAX, is_32bit, if_true, if_false);
	case SECCOMP_IS_MASKED_EQ:
		return test_masked(code, c, c->mask, is_32bit, if_true, if_false);
	case SECCOMP_IS_GT:
		return test_greater(code, c, BPF_JGT, is_32bit, if_true, if_false);
	case SECCOMP_IS_GE:
		return test_greater(code, c, BPF_JGE, is_32bit, if_true, if_false);
	case SECCOMP_IS_LE:
		return test_greater(code, c, BPF_JGT, is_32bit, if_false, if_true);
	case SECCOMP_IS_LT:
		return test_greater(code, c, BPF_JGE, is_32bit, if_false, if_true);
	}
	return if_false;
}
