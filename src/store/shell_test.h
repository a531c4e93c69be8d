/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests that compare with other programs: a scratch directory, and commands of a shell in it. */
#ifndef BIVY_STORE_SHELL_TEST_H
#define BIVY_STORE_SHELL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

static char shell_scratch[200];

/* Setup of a test: an empty directory, shell_scratch. */
static inline int shell_begin(void **state _unused_)
{
	const char *parent = getenv("TMPDIR");

	snprintf(shell_scratch, sizeof shell_scratch, "%s/bivy-store.XXXXXX", parent && strlen(parent) < 100 ? parent : "/tmp");
	return mkdtemp(shell_scratch) ? 0 : -1;
}

/* Runs COMMAND in the scratch directory; returns what it prints. Fails the test if the command does, and skips it at status 77. */
static inline char *shell(const char *command)
{
	_cleanup_free_ char *line = str_printf("cd '%s' && { %s\n}", shell_scratch, command);
	_cleanup_buf_ struct buf out = BUF_INIT;
	char block[4096];
	size_t n;
	FILE *pipe;
	int status;

	pipe = popen(line, "r");
	assert_non_null(pipe);
	while ((n = fread(block, 1, sizeof block, pipe)) > 0)
		buf_add(&out, block, n);
	status = pclose(pipe);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	if (status != 0)
		fail_msg("status %d of: %s", status, command);
	return buf_take(&out);
}

static inline void shell_run(const char *command)
{
	free(shell(command));
}

/* Skips the test without the program. */
static inline void shell_need(const char *program)
{
	_cleanup_free_ char *command = str_printf("command -v %s >/dev/null || { echo '# missing: %s' >&2; exit 77; }", program, program);

	shell_run(command);
}

static inline void shell_expect(const char *command, const char *wanted)
{
	_cleanup_free_ char *out = shell(command);

	assert_string_equal(out, wanted);
}

/* Skips the test of an ordinary user. */
static inline void shell_need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("# missing: root\n");
	skip();
}

/* Everything that an archive can say about the files in the directory NAME; WHICH restricts them as for find(1), or is "". */
static inline char *shell_list_tree(const char *name, const char *which)
{
	_cleanup_free_ char *command = str_printf("cd %s && find . %s -not -type d -printf '%%p %%y %%m %%U:%%G %%s %%T@ %%n %%l\\n' -o "
		"-printf '%%p %%y %%m %%U:%%G %%T@\\n' | LC_ALL=C sort && find . -type f -exec md5sum {} + | LC_ALL=C sort && "
		"find . \\( -type c -o -type b \\) -exec stat -c '%%n %%t:%%T' {} + | LC_ALL=C sort && "
		"find . %s | LC_ALL=C sort | xargs -d '\\n' getfattr -hd -m - --absolute-names 2>/dev/null || true", name, which, which);

	return shell(command);
}

static inline int shell_end(void **state _unused_)
{
	_cleanup_free_ char *command = str_printf("chmod -R u+rwX '%s' 2>/dev/null; rm -rf --one-file-system '%s'", shell_scratch, shell_scratch);

	return system(command);
}

#define shell_test(function) cmocka_unit_test_setup_teardown(function, shell_begin, shell_end)

#endif
