/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the instructions of a Dockerfile, with and without variables known: what is wrong is said with its place. */
#include "build/instruction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_failure(const struct dockerfile *file, const struct dockerfile_mark *mark, const struct error *err)
{
	if (err->kind != ERROR_INVALID || strncmp(err->message, "D:", 2) != 0 || !mark->line || mark->line > file->line_count)
		abort();
	if (mark->column > strlen(file->lines[mark->line - 1]) + 1)
		abort();
}

static void check(const struct instruction *instruction)
{
	for (size_t i = 0; i < instruction->mount_count; i++) {
		const struct run_mount *mount = &instruction->mounts[i];

		if (mount->source[0] != '/' || strstr(mount->source, "/../") || (mount->target && !mount->target[0]))
			abort();
	}
	for (size_t i = 0; i < instruction->file_count; i++)
		if (strchr(instruction->files[i].name, '/') || !instruction->files[i].content)
			abort();
	for (size_t i = 0; i < instruction->pair_count; i++)
		if (!instruction->pairs[i].name[0])
			abort();
	if (instruction->health_check && !instruction->health_check->test[0])
		abort();
	if ((instruction->kind == INSTRUCTION_COPY || instruction->kind == INSTRUCTION_ADD) && !instruction->sources[0] && !instruction->file_count)
		abort();
}

static void run(struct arena *arena, const struct dockerfile *file, const struct dockerfile_instruction *source)
{
	char *environment[] = { "a=", "b=x", "PATH=/usr/bin", NULL };
	const struct words words = { .escape = file->escape, .environment = environment };
	struct instruction *parsed, *expanded;
	struct dockerfile_mark mark;
	struct error err = ERROR_INIT;

	if (instruction_parse(arena, file, source, &parsed, &mark, &err) < 0) {
		check_failure(file, &mark, &err);
		return;
	}
	check(parsed);
	if (instruction_expand(arena, file, parsed, &words, &expanded, &mark, &err) < 0)
		check_failure(file, &mark, &err);
	else
		check(expanded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file;
	struct dockerfile_mark mark;

	if (dockerfile_parse(arena, "D", (const char *)data, size, &file, &mark, NULL) < 0)
		return 0;
	for (size_t i = 0; i < file->instruction_count; i++)
		run(arena, file, &file->instructions[i]);
	return 0;
}
