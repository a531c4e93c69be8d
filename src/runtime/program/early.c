/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry point of the static program, before the C library's: executes the
 * program again through a read-only mount of it (runtime/self.h) before the
 * first image has relocated itself, read options or touched its variables, all
 * of which the second one does anyway. That is a third of what starting costs.
 *
 * Only an advance: what fails here is tried again, and told of, by
 * self_reexec_sealed(). Nothing of the C library works yet (no thread pointer,
 * hence no errno; no relocated pointer), so the calls are bare and addresses
 * relative.
 */
#include "host/syscalls.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#if defined(__x86_64__)
__asm__(".text\n"
	".globl early_start\n"
	".hidden early_start\n"
	".type early_start, @function\n"
	"early_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	call early_reexec\n"
	"	xor %edx, %edx\n" /* the kernel passes no function to call at exit */
	"	jmp _start\n");

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
__asm__(".text\n"
	".globl early_start\n"
	".hidden early_start\n"
	".type early_start, %function\n"
	"early_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl early_reexec\n"
	"	mov x0, #0\n"
	"	mov x30, #0\n"
	"	b _start\n");

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#endif

#define FLAG_READ_ONLY 0x0001 /* ST_RDONLY of struct statfs's f_flags */

static bool is_word(const char *text, const char *word)
{
	while (*text && *text == *word)
		text++, word++;
	return *text == *word;
}

/* Whether the verb may enter a container. An option's value of the same name only costs what is saved otherwise. */
static bool may_enter_container(char **argv)
{
	for (size_t i = 1; argv[i]; i++)
		if (is_word(argv[i], "run") || is_word(argv[i], "create") || is_word(argv[i], "exec") || is_word(argv[i], "supervise"))
			return true;
	return false;
}

static bool is_view(long fd)
{
	struct sys_statx file = { 0 };
	struct statfs status = { 0 };

	return call6(SYS_statx, fd, (long)"", AT_EMPTY_PATH, 0, (long)&file, 0) == 0 && (file.attributes & SYS_ATTRIBUTE_MOUNT_ROOT) &&
	       call6(SYS_fstatfs, fd, (long)&status, 0, 0, 0, 0) == 0 && (status.f_flags & FLAG_READ_ONLY);
}

/* STACK as execve(2) leaves it: the number of arguments, they, NULL, the environment, NULL. */
__attribute__((used, visibility("hidden"))) void early_reexec(long *stack);
void early_reexec(long *stack)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1;
	long self, view;

	if (stack[0] < 1 || !may_enter_container(argv))
		return;
	self = call6(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (self < 0)
		return;
	view = is_view(self) ? -1 : call6(SYS_open_tree, self, (long)"", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH, 0, 0, 0);
	call6(SYS_close, self, 0, 0, 0, 0, 0);
	if (view < 0)
		return;
	if (call6(SYS_mount_setattr, view, (long)"", AT_EMPTY_PATH, (long)&attr, sizeof attr, 0) == 0)
		call6(SYS_execveat, view, (long)"", (long)argv, (long)env, AT_EMPTY_PATH, 0);
	call6(SYS_close, view, 0, 0, 0, 0, 0);
}
