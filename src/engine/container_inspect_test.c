/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_scratch_test.h"
#include "engine/containers.h"

static void inspect(const char *name, struct buf *out)
{
	const struct directories directories = scratch_directories();
	struct error err = ERROR_INIT;

	if (container_inspect(&directories, name, false, out, &err) < 0)
		fail_msg("%s", err.message);
}

static void assert_says(const struct buf *document, const char *text)
{
	if (!strstr(document->data, text))
		fail_msg("%s is not in %s", text, document->data);
}

/* A single loosening is seen. */
static void test_paths(void **state _unused_)
{
	static char *options[] = { (char *)"unmask=/proc/acpi", (char *)"mask=/etc/shadow", NULL };
	const struct spec_container some = { .host = { .security_options = options } }, all = { .host = { .privileged = true } };
	_cleanup_buf_ struct buf document = BUF_INIT, other = BUF_INIT;

	scratch_put("some", 'a', &some);
	inspect("some", &document);
	assert_says(&document, "\"MaskedPaths\":[\"/proc/asound\",");
	assert_says(&document, "\"/etc/shadow\"]");
	assert_says(&document, "\"ReadonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]");
	scratch_put("all", 'b', &all);
	inspect("all", &other);
	assert_says(&other, "\"MaskedPaths\":null,\"ReadonlyPaths\":null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_paths),
	};

	return cmocka_run_group_tests_name("container_inspect", tests, NULL, NULL);
}
