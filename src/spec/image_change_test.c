/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_change.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What the instructions, NULL-terminated, make of an empty configuration. */
static void expect(const char *const *list, const char *wanted)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_image_config config = { .diff_ids = arena_alloc(arena, 1, sizeof(char *)) };
	struct error err = ERROR_INIT;

	for (; *list; list++)
		if (spec_image_change_apply(arena, *list, &config.execution, &err) < 0)
			fail_msg("%s", err.message);
	spec_image_config_encode(&config, &out);
	out.data[out.length - strlen(",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}")] = '\0';
	assert_string_equal(out.data + strlen("{\"config\":"), wanted);
}

#define EXPECT(wanted, ...) expect((const char *const[]){ __VA_ARGS__, NULL }, wanted)

static void test_commands(void **state _unused_)
{
	EXPECT("{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo $HOME | cat\"]}", "CMD echo $HOME | cat");
	EXPECT("{\"Cmd\":[\"a\",\"b c\"]}", "cmd [\"a\", \"b c\"]");
	EXPECT("{\"Cmd\":[\"sh\"]}", "CMD=[\"sh\"]");
	EXPECT("{\"Entrypoint\":[\"/x\"],\"Cmd\":[\"/bin/sh\",\"-c\",\"[ -f x ]\"]}", "CMD [\"first\"]", "ENTRYPOINT [\"/x\"]", " CMD  [ -f x ] ");
	EXPECT("{\"Cmd\":[]}", "CMD []");
}

static void test_pairs(void **state _unused_)
{
	EXPECT("{\"Env\":[\"A=1\",\"B=two words\",\"C=\",\"D=\\\"$x\\\\\",\"E=a=b\"]}", "ENV A=0 B=\"two words\" C= D='\"$x\\'", "ENV A=1", "ENV E=a=b");
	EXPECT("{\"Env\":[\"A=the rest of the line\"]}", "ENV A the rest of the line");
	EXPECT("{\"Env\":[\"A=x y$z\"]}", "ENV A=x\\ y\\$z");
	EXPECT("{\"Labels\":{\"a.b\":\"1\",\"c\":\"d e\"}}", "LABEL a.b=0", "LABEL a.b=1 \"c\"=\"d e\"");
}

static void test_the_rest(void **state _unused_)
{
	EXPECT("{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"8000/tcp\":{},\"8001/tcp\":{}}}", "EXPOSE 80 53/udp 8000-8001", "EXPOSE 80/tcp");
	EXPECT("{\"User\":\"a:b\",\"StopSignal\":\"SIGRTMIN+3\"}", "USER a:b", "STOPSIGNAL SIGRTMIN+3");
	EXPECT("{\"Volumes\":{\"/a\":{},\"/b c\":{},\"/d\":{}}}", "VOLUME /a \"/b c\"", "VOLUME [\"/d\", \"/a\"]");
	EXPECT("{\"WorkingDir\":\"/a/c\"}", "WORKDIR /a//b", "WORKDIR ../c/.");
	EXPECT("{\"WorkingDir\":\"/\"}", "WORKDIR /a", "WORKDIR ../../..");
	EXPECT("{\"WorkingDir\":\"/x\"}", "WORKDIR x");
	EXPECT("{\"OnBuild\":[\"RUN make\",\"COPY . /\"]}", "ONBUILD RUN make", "ONBUILD COPY . /");
	EXPECT("{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"true || false\"],\"Interval\":30000000000,\"Timeout\":1500000000,\"Retries\":3}}",
		"HEALTHCHECK --interval=30s --timeout=1.5s --retries=3 CMD true || false");
	EXPECT("{\"Healthcheck\":{\"Test\":[\"CMD\",\"a\",\"b\"],\"StartPeriod\":60000000000,\"StartInterval\":1000000000}}",
		"HEALTHCHECK --start-period=1m --start-interval=1s CMD [\"a\",\"b\"]");
	EXPECT("{\"Healthcheck\":{\"Test\":[\"NONE\"]}}", "HEALTHCHECK NONE");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "", "expected CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR" },
		{ "RUN make", "expected CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR" },
		{ "CMD", "nothing follows the instruction" },
		{ "ENV A", "expected NAME=VALUE" },
		{ "ENV A=1 B", "expected NAME=VALUE" },
		{ "ENV =1", "a name is empty" },
		{ "ENV A=\"b", "a quotation mark without its other" },
		{ "ENV PATH=$PATH:/x", "variables are not replaced here; '\\$' stands for the character" },
		{ "EXPOSE http", "expected a port such as 80, 53/udp or 8000-8010/tcp" },
		{ "EXPOSE 0", "expected a port such as 80, 53/udp or 8000-8010/tcp" },
		{ "EXPOSE 65536", "expected a port such as 80, 53/udp or 8000-8010/tcp" },
		{ "EXPOSE 9-8", "expected a port such as 80, 53/udp or 8000-8010/tcp" },
		{ "EXPOSE 80/icmp", "expected the protocol tcp, udp or sctp" },
		{ "EXPOSE 1-65535", "more than 1000 ports" },
		{ "VOLUME data", "expected an absolute path" },
		{ "USER a b", "expected one word" },
		{ "STOPSIGNAL 65", "expected a signal such as SIGTERM or 15" },
		{ "STOPSIGNAL ./x", "expected a signal such as SIGTERM or 15" },
		{ "ONBUILD from scratch", "that instruction cannot be triggered" },
		{ "HEALTHCHECK true", "expected NONE, or CMD and a command" },
		{ "HEALTHCHECK CMD", "a command is missing behind CMD" },
		{ "HEALTHCHECK --interval=soon CMD true", "expected a length of time such as 1m30s, a millisecond at least" },
		{ "HEALTHCHECK --often=1s CMD true", "expected --interval, --timeout, --start-period, --start-interval or --retries" },
		{ "HEALTHCHECK --retries=-1 CMD true", "expected a number of retries" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *wanted = str_printf("invalid change '%s': %s", cases[i][0], cases[i][1]);
		struct spec_execution execution = { 0 };
		struct error err = ERROR_INIT;

		assert_int_equal(spec_image_change_apply(arena, cases[i][0], &execution, &err), -EINVAL);
		assert_string_equal(err.message, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
