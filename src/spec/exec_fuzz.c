/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a client asks to be executed, and as what is remembered of it. What is accepted is read again from what is written of it. */
#include "spec/exec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_exec(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_exec *exec = NULL, *again = NULL;
	struct error err = ERROR_INIT;

	if (spec_exec_decode(arena, text, size, &exec, &err) < 0) {
		if (!err.message[0])
			abort();
		return;
	}
	spec_exec_encode(exec, &out);
	if (spec_exec_decode(arena, out.data, out.length, &again, NULL) < 0 || !again->args[0] || !str_equal(exec->args[0], again->args[0]) ||
	    exec->width != again->width || exec->height != again->height)
		abort();
}

static void check_run(struct arena *arena, const char *text, size_t size)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_exec_run *run = NULL, *again = NULL;

	if (spec_exec_run_decode(arena, text, size, &run, NULL) < 0)
		return;
	spec_exec_run_encode(run, &out);
	if (spec_exec_run_decode(arena, out.data, out.length, &again, NULL) < 0 || run->has_ended != again->has_ended || run->exit_code != again->exit_code)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	check_exec(arena, (const char *)data, size);
	check_run(arena, (const char *)data, size);
	return 0;
}
