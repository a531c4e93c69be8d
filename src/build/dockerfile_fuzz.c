/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Dockerfile: what is read lies within the file, and every place in it can be shown. */
#include "build/dockerfile.h"
#include "build/dockerfile_mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mark(const struct dockerfile *file, const struct dockerfile_mark *mark)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (mark->line > file->line_count)
		abort();
	dockerfile_show_mark(file, mark, &out);
	if (!mark->line != !out.length)
		abort();
	for (size_t i = 0; i < out.length; i++)
		if ((unsigned char)out.data[i] < 0x20 && out.data[i] != '\n')
			abort();
}

static void check_instruction(const struct dockerfile *file, const struct dockerfile_instruction *instruction)
{
	struct dockerfile_mark mark;

	if (!instruction->name[0] || !instruction->first_line || instruction->first_line > instruction->last_line || instruction->last_line > file->line_count)
		abort();
	if (instruction->mark.line != instruction->first_line || !instruction->mark.column)
		abort();
	check_mark(file, &instruction->mark);
	for (char **flag = instruction->flags; *flag; flag++) {
		if ((*flag)[0] != '-' || (*flag)[1] != '-' || !(*flag)[2])
			abort();
		mark = dockerfile_mark_text(file, instruction, *flag);
		check_mark(file, &mark);
	}
	for (size_t i = 0; i < instruction->heredoc_count; i++)
		if (!instruction->heredocs[i].name || strlen(instruction->heredocs[i].content) > strlen(instruction->heredocs[i].written))
			abort();
	if (instruction->triggered)
		check_instruction(file, instruction->triggered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	struct dockerfile *file;
	struct dockerfile_mark mark;
	int r = dockerfile_parse(arena, "D", (const char *)data, size, &file, &mark, &err);

	if (r < 0 && (err.kind != ERROR_INVALID || strncmp(err.message, "D:", 2) != 0))
		abort();
	if (!file)
		return 0;
	check_mark(file, &mark);
	if (r < 0)
		return 0;
	for (size_t i = 0; i < file->instruction_count; i++)
		check_instruction(file, &file->instructions[i]);
	return 0;
}
