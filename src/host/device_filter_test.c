/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs are run by a small interpreter here, against the plain meaning of
 * the rules; and, as root, loaded into the kernel and tried on a process.
 */
#include "host/device_filter.h"

#include "host/cgroup_scratch_test.h"
#include "host/syscalls.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

/* ---- the interpreter ----------------------------------------------------------- */

static uint64_t interpret(const struct device_instruction *code, size_t count, const uint32_t context[3])
{
	uint64_t r[11] = { 0 };

	for (size_t at = 0; at < count; at++) {
		const struct device_instruction *i = &code[at];
		unsigned to = i->registers & 15;
		bool jump = false;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(i->registers >> 4, 1);
			r[to] = context[i->offset / 4];
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			r[to] &= (uint64_t)(int64_t)i->immediate;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			r[to] >>= i->immediate;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[to] = (uint64_t)(int64_t)i->immediate;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			jump = (uint32_t)r[to] != (uint32_t)i->immediate;
			break;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			jump = ((uint32_t)r[to] & (uint32_t)i->immediate) != 0;
			break;
		case BPF_JMP | BPF_JA:
			jump = true;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0];
		default:
			fail_msg("instruction %#x at %zu", i->code, at);
		}
		if (jump) {
			assert_true(i->offset >= 0);
			at += (size_t)i->offset;
		}
	}
	fail_msg("the program does not end");
	return 0;
}

/* What the rules say: each bit by the last rule that matches. */
static bool is_allowed(const struct device_rule *rules, size_t count, char type, uint32_t major, uint32_t minor, uint8_t access)
{
	for (uint8_t bit = 1; bit <= DEVICE_MAKE; bit <<= 1) {
		bool allowed = false;

		if (!(access & bit))
			continue;
		for (size_t i = 0; i < count; i++)
			if ((rules[i].type == 'a' || rules[i].type == type) && (rules[i].major < 0 || rules[i].major == major) &&
			    (rules[i].minor < 0 || rules[i].minor == minor) && (rules[i].access & bit))
				allowed = rules[i].allow;
		if (!allowed)
			return false;
	}
	return true;
}

static bool ask(const struct device_instruction *code, size_t count, char type, uint32_t major, uint32_t minor, uint8_t access)
{
	uint32_t kernel = (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0u) | (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
			  (access & DEVICE_MAKE ? BPF_DEVCG_ACC_MKNOD : 0u);
	uint32_t context[3] = { kernel << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor };

	return interpret(code, count, context) == 1;
}

/* Every type, access and a few numbers: the program and the rules agree. */
static void compare(const struct device_rule *rules, size_t rule_count)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 5, 4095, 0xffffffff };
	struct device_instruction *code = NULL;
	size_t count = 0;

	assert_int_equal(device_filter_compile(rules, rule_count, &code, &count), 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			for (uint8_t access = 1; access <= DEVICE_ACCESS_ALL; access++)
				for (const char *type = "bc"; *type; type++)
					assert_int_equal(ask(code, count, *type, numbers[i], numbers[j], access),
						is_allowed(rules, rule_count, *type, numbers[i], numbers[j], access));
	free(code);
}

static void test_single_rules(void **state)
{
	(void)state;
	compare(NULL, 0);
	for (int allow = 0; allow < 2; allow++)
		for (const char *type = "abc"; *type; type++)
			for (int numbers = 0; numbers < 4; numbers++)
				for (uint8_t access = 1; access <= DEVICE_ACCESS_ALL; access++) {
					struct device_rule rules[] = {
						{ !allow, 'a', DEVICE_WILDCARD, DEVICE_WILDCARD, DEVICE_ACCESS_ALL },
						{ allow, *type, numbers & 1 ? 1 : DEVICE_WILDCARD, numbers & 2 ? 3 : DEVICE_WILDCARD, access },
					};

					compare(rules, 2);
					compare(rules + 1, 1);
				}
}

static void test_random_lists(void **state)
{
	unsigned seed = 12345;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct device_rule rules[12];

		for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
			static const int64_t numbers[] = { DEVICE_WILDCARD, 0, 1, 3, 0xffffffff };

			rules[i] = (struct device_rule){
				.allow = rand_r(&seed) & 1,
				.type = "abc"[rand_r(&seed) % 3],
				.major = numbers[(unsigned)rand_r(&seed) % ARRAY_SIZE(numbers)],
				.minor = numbers[(unsigned)rand_r(&seed) % ARRAY_SIZE(numbers)],
				.access = (uint8_t)(1 + rand_r(&seed) % DEVICE_ACCESS_ALL),
			};
		}
		compare(rules, ARRAY_SIZE(rules));
	}
}

static void test_wrong_rules(void **state)
{
	static const struct device_rule wrong[] = {
		{ true, 'x', 1, 3, 7 }, { true, 0, 1, 3, 7 }, { true, 'c', 1, 3, 0 }, { true, 'c', 1, 3, 8 },
		{ true, 'c', -2, 3, 7 }, { true, 'c', 1, 0x100000000, 7 },
	};
	struct device_instruction *code = NULL;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(device_filter_compile(&wrong[i], 1, &code, &count), -EINVAL);
	assert_int_equal(device_filter_compile(wrong, 10001, &code, &count), -E2BIG);
	assert_null(code);
}

/* Rules before one that matches everything are not compiled. */
static void test_short_program(void **state)
{
	struct device_rule rules[100];
	struct device_instruction *code = NULL;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 99; i++)
		rules[i] = (struct device_rule){ true, 'c', 1, (int64_t)i, 7 };
	rules[99] = (struct device_rule){ false, 'a', DEVICE_WILDCARD, DEVICE_WILDCARD, 7 };
	assert_int_equal(device_filter_compile(rules, 100, &code, &count), 0);
	assert_true(count < 10);
	free(code);
}

/* ---- in the kernel ------------------------------------------------------------------ */

static int make_v2_group(char *path, size_t size)
{
	_cleanup_cgroup_world_ struct cgroup_world world = { 0 };
	const struct cgroup_hierarchy *v2;
	_cleanup_free_ char *name = NULL;
	int fd;

	assert_int_equal(cgroup_world_load(&world), 0);
	v2 = cgroup_world_v2(&world);
	if (geteuid() != 0 || !v2 || access(v2->mount, W_OK) < 0) {
		print_message("missing: root and cgroup2\n");
		skip();
	}
	name = cgroup_scratch_path(&world, getpid());
	snprintf(path, size, "%s%s", v2->mount, name);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void attach(int group, const struct device_rule *rules, size_t rule_count)
{
	struct device_instruction *code = NULL;
	size_t count = 0;

	assert_int_equal(device_filter_compile(rules, rule_count, &code, &count), 0);
	assert_int_equal(device_filter_attach(group, code, count), 0);
	free(code);
}

/* What a process of the group may open: bits 0 /dev/null for reading, 1 for writing, 2 /dev/zero. */
static int try_inside(int group)
{
	struct sys_clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)group };
	pid_t child = sys_clone3(&args);
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit((open("/dev/null", O_RDONLY) >= 0) | (open("/dev/null", O_WRONLY) >= 0) << 1 | (open("/dev/zero", O_RDONLY) >= 0) << 2);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static unsigned count_attached(int group)
{
	union bpf_attr attr = { 0 };
	uint32_t ids[64];

	attr.query.target_fd = (uint32_t)group;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr), 0);
	return attr.query.prog_cnt;
}

static void test_in_the_kernel(void **state)
{
	static const struct device_rule read_null[] = { { true, 'c', 1, 3, DEVICE_READ } };
	static const struct device_rule all_but_zero[] = { { true, 'a', -1, -1, DEVICE_ACCESS_ALL }, { false, 'c', 1, 5, DEVICE_READ } };
	struct device_rule many[500];
	char path[4096];
	_cleanup_close_ int group = make_v2_group(path, sizeof path);

	(void)state;
	attach(group, read_null, 1);
	assert_int_equal(try_inside(group), 1);
	attach(group, all_but_zero, 2);
	assert_int_equal(try_inside(group), 3);
	attach(group, NULL, 0);
	assert_int_equal(try_inside(group), 0);
	assert_int_equal(count_attached(group), 1);
	/* The kernel's verifier takes long lists too. */
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct device_rule){ i % 3 != 0, i % 2 ? 'c' : 'b', (int64_t)(i / 7), (int64_t)(i % 11), (uint8_t)(1 + i % 7) };
	many[499] = (struct device_rule){ true, 'c', 1, 5, DEVICE_ACCESS_ALL };
	attach(group, many, ARRAY_SIZE(many));
	assert_int_equal(try_inside(group) & 4, 4);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_rules),
		cmocka_unit_test(test_random_lists),
		cmocka_unit_test(test_wrong_rules),
		cmocka_unit_test(test_short_program),
		cmocka_unit_test(test_in_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
