/* SPDX-License-Identifier: Apache-2.0 */
#include "api/progress.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_lines(void **state _unused_)
{
	static const struct {
		enum api_progress_verb verb;
		struct spec_transfer_event event;
		const char *line;
	} cases[] = {
		{ API_PROGRESS_PULL, { .kind = SPEC_TRANSFER_STATUS, .text = "latest: Pulling from library/debian" },
		  "{\"status\":\"Pulling from library/debian\",\"id\":\"latest\"}\n" },
		{ API_PROGRESS_PULL, { .kind = SPEC_TRANSFER_ITEM, .item = "0a7e5b5dd4b2", .phase = SPEC_TRANSFER_DOWNLOADING, .current = 5, .total = 9 },
		  "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":9},\"id\":\"0a7e5b5dd4b2\"}\n" },
		{ API_PROGRESS_PULL, { .kind = SPEC_TRANSFER_ITEM, .item = "0a7e5b5dd4b2", .phase = SPEC_TRANSFER_COMPLETE, .current = 9, .total = 9 },
		  "{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"0a7e5b5dd4b2\"}\n" },
		{ API_PROGRESS_PUSH, { .kind = SPEC_TRANSFER_ITEM, .item = "0a7e5b5dd4b2", .phase = SPEC_TRANSFER_MOUNTED, .detail = "team/app" },
		  "{\"status\":\"Mounted from team/app\",\"progressDetail\":{},\"id\":\"0a7e5b5dd4b2\"}\n" },
		{ API_PROGRESS_PUSH, { .kind = SPEC_TRANSFER_STATUS, .text = "The push refers to repository [a]" },
		  "{\"status\":\"The push refers to repository [a]\"}\n" },
		{ API_PROGRESS_LOAD, { .kind = SPEC_TRANSFER_ITEM, .item = "0a7e5b5dd4b2", .phase = SPEC_TRANSFER_EXISTS }, "" },
		{ API_PROGRESS_PULL, { .kind = SPEC_TRANSFER_REPORT }, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf line = BUF_INIT;

		api_progress_encode(cases[i].verb, &cases[i].event, &line);
		assert_string_equal(line.data ? line.data : "", cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
