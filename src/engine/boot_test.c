/* SPDX-License-Identifier: Apache-2.0 */
/* What would be done on hosts that are directories with files; nothing of it is done but files in the scratch directory. */
#include "engine/boot.h"

#include "store/shell_test.h"

#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct directories place = { .root = "/srv/it's 5%", .run_root = "/run/x", .images = "/srv/it's 5%/images" };

static void put(const char *path)
{
	_cleanup_free_ char *directory = str_printf("%s%s", shell_scratch, path), *file = str_dup(directory);

	*strrchr(directory, '/') = '\0';
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace_at(AT_FDCWD, file, "", 0, 0755), 0);
}

static struct boot_host host_of(unsigned uid)
{
	struct boot_host host = { .uid = uid, .user = uid ? "anna" : "root", .config_home = "/home/anna/.config", .program = "/usr/bin/bivy" };

	host.fd = open(shell_scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(host.fd >= 0);
	return host;
}

/* The plan of the host as it is now. */
static struct boot_plan plan_of(struct arena *arena, unsigned uid, const struct directories *directories)
{
	struct boot_host host = host_of(uid);
	struct boot_plan plan = boot_plan_make(arena, &host, directories);

	close(host.fd);
	return plan;
}

static void test_nothing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan = plan_of(arena, 0, &place);
	struct error err = ERROR_INIT;

	assert_null(plan.way);
	assert_false(plan.is_installed);
	assert_true(boot_install(&plan, NULL, NULL, &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.hint, "have whatever does that call 'bivy system start'");
}

static void test_systemd(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan;

	put("/run/systemd/system/x");
	plan = plan_of(arena, 0, &place);
	assert_string_equal(plan.way, "systemd");
	assert_string_equal(plan.name, "bivy-srv-it-s-5-");
	assert_string_equal(plan.install[0].path, "/etc/systemd/system/bivy-srv-it-s-5-.service");
	assert_non_null(strstr(plan.install[0].text, "\nExecStart=\"/usr/bin/bivy\" \"--root\" \"/srv/it's 5%%\" \"--run-root\" \"/run/x\" \"system\" \"start\"\n"));
	assert_non_null(strstr(plan.install[0].text, "\nKillMode=process\n"));
	assert_non_null(strstr(plan.install[0].text, "\nWantedBy=multi-user.target\n"));
	assert_string_equal(plan.install[1].line, "systemctl daemon-reload && systemctl enable bivy-srv-it-s-5-.service");
	assert_string_equal(plan.remove[0].line, "systemctl disable bivy-srv-it-s-5-.service");
	assert_true(plan.remove[1].path && !plan.remove[1].text);
	assert_false(plan.is_installed);
	put("/etc/systemd/system/multi-user.target.wants/bivy-srv-it-s-5-.service");
	assert_true(plan_of(arena, 0, &place).is_installed);
	/* One that came with a package is neither written nor removed. */
	put("/usr/lib/systemd/system/bivy-srv-it-s-5-.service");
	plan = plan_of(arena, 0, &place);
	assert_non_null(plan.install[0].line);
	assert_null(plan.install[1].path);
	assert_null(plan.remove[1].path);
}

static void test_user_systemd(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan;

	put("/run/systemd/system/x");
	plan = plan_of(arena, 1000, &place);
	assert_string_equal(plan.way, "systemd of the user");
	assert_string_equal(plan.install[0].path, "/home/anna/.config/systemd/user/bivy-srv-it-s-5-.service");
	assert_non_null(strstr(plan.install[0].text, "\nDelegate=yes\n"));
	assert_non_null(strstr(plan.install[0].text, "\nWantedBy=default.target\n"));
	assert_null(strstr(plan.install[0].text, "network-online")); /* a unit of the system's, which users' cannot wait for */
	assert_string_equal(plan.install[2].line, "loginctl enable-linger");
	put("/home/anna/.config/systemd/user/default.target.wants/bivy-srv-it-s-5-.service");
	assert_false(plan_of(arena, 1000, &place).is_installed); /* before a login nothing of the user's is started */
	put("/var/lib/systemd/linger/anna");
	assert_true(plan_of(arena, 1000, &place).is_installed);
}

static void test_openrc(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan;

	put("/run/openrc/x");
	plan = plan_of(arena, 0, &place);
	assert_string_equal(plan.way, "OpenRC");
	assert_int_equal(plan.install[0].mode, 0755);
	assert_non_null(strstr(plan.install[0].text, "\n\t'/usr/bin/bivy' '--root' '/srv/it'\\''s 5%' '--run-root' '/run/x' 'system' 'start'\n"));
	assert_string_equal(plan.install[1].line, "rc-update add bivy-srv-it-s-5- default");
	put("/etc/runlevels/default/bivy-srv-it-s-5-");
	assert_true(plan_of(arena, 0, &place).is_installed);
	/* Users have no services there. */
	assert_null(plan_of(arena, 1000, &place).way);
}

static void test_cron(void **state _unused_)
{
	static const struct directories plain = { .root = "/srv/a", .run_root = "/run/x", .images = "/srv/a/images" };
	static const char line[] = "5 5 * * * true\n@reboot '/usr/bin/bivy' '--root' '/srv/a' '--run-root' '/run/x' 'system' 'start' # bivy-srv-a: system start\n";

	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan;

	put("/usr/bin/crontab");
	assert_null(plan_of(arena, 1000, &place).way); /* with a '%' there is no line of cron's */
	plan = plan_of(arena, 1000, &plain);
	assert_string_equal(plan.way, "cron");
	assert_false(plan.is_installed);
	put("/var/spool/cron/crontabs/anna");
	assert_int_equal(file_replace_at(AT_FDCWD, arena_printf(arena, "%s/var/spool/cron/crontabs/anna", shell_scratch), line, strlen(line), 0600), 0);
	assert_true(plan_of(arena, 1000, &plain).is_installed);
}

/* As a shell and cron have it. */
static void test_cron_line(void **state _unused_)
{
	static const struct directories plain = { .root = "/srv/it's", .run_root = "/run/x", .images = "/srv/it's/images" };

	_cleanup_arena_ struct arena *arena = arena_new();
	struct boot_plan plan;
	const char *crontab = "crontab() { if [ \"$1\" = -l ]; then cat table; else cat >new && mv new table; fi; }; ";

	put("/usr/bin/crontab");
	plan = plan_of(arena, 1000, &plain);
	shell_run("echo '5 5 * * * true' >table");
	for (int i = 0; i < 2; i++)
		shell_run(arena_printf(arena, "%s%s", crontab, plan.install[0].line));
	shell_expect("cat table", "5 5 * * * true\n@reboot '/usr/bin/bivy' '--root' '/srv/it'\\''s' '--run-root' '/run/x' 'system' 'start' # bivy-srv-it-s: system start\n");
	shell_run(arena_printf(arena, "%s%s", crontab, plan.remove[0].line));
	shell_expect("cat table", "5 5 * * * true\n");
}

static void note(void *context, const char *text)
{
	buf_printf(context, "%s\n", text);
}

static void test_steps(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf told = BUF_INIT;
	char *path = arena_printf(arena, "%s/a/b", shell_scratch);
	struct boot_plan plan = {
		.way = "a test",
		.install = { { .path = path, .text = "x\n", .mode = 0755 }, { .line = "exit 3" }, { .line = "exit 4" } },
		.remove = { { .path = path }, { .path = path } },
	};
	struct error err = ERROR_INIT;
	struct stat status;

	assert_true(boot_install(&plan, note, &told, &err) < 0);
	assert_string_equal(err.message, "'exit 3' failed");
	assert_string_equal(told.data, arena_printf(arena, "writes %s\nexit 3\n", path));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0755);
	assert_int_equal(boot_remove(&plan, note, &told, &err), 0);
	assert_true(stat(path, &status) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_nothing), shell_test(test_systemd), shell_test(test_user_systemd), shell_test(test_openrc),
		shell_test(test_cron),    shell_test(test_cron_line), shell_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
