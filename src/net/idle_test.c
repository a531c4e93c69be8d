/* SPDX-License-Identifier: Apache-2.0 */
#include "net/idle.h"

#include "base/file.h"
#include "host/child_test.h"
#include "net/bridge.h"
#include "net/firewall.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#define ID "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

static struct error err;
static char run[] = "/tmp/bivy-idle.XXXXXX";
static char networks[64], network_path[192];

static struct spec_network_subnet subnet = { .subnet = "10.66.3.0/24", .gateway = "10.66.3.1" };
static const struct spec_network web = {
	.id = (char *)ID, .name = (char *)"web", .driver = (char *)"bridge", .interface = (char *)"br-web", .subnets = &subnet, .subnet_count = 1,
};

static int make(const char *format, const char *name)
{
	_cleanup_free_ char *path = str_printf(format, network_path, name);

	return file_make_directories(path, 0700);
}

static bool has(const char *name)
{
	_cleanup_free_ char *path = str_printf("%s/%s", network_path, name);

	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int lease(const char *address, const char *owner)
{
	_cleanup_free_ char *path = str_printf("%s/leases/%s", network_path, address);

	return owner ? symlink(owner, path) : unlink(path);
}

static int take_lock(int operation)
{
	_cleanup_free_ char *path = str_printf("%s/lock", network_path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && flock(fd, operation) == 0 ? fd : -1;
}

static int bring_up(void)
{
	bool lost;

	CHECK(firewall_ensure(&lost, &err) == 0 && net_idle_note(network_path, &web, &err) == 0 && net_bridge_up(&web, &err) == 0);
	CHECK(net_bridge_is_up(&web) && has("up.json"));
	return 0;
}

static bool has_table(void)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct firewall_content content;

	return firewall_read(arena, &content, &err) == 0 && content.bridges && content.bridges[0];
}

static int begin(void)
{
	bool lost;

	CHECK(mkdtemp(run));
	snprintf(networks, sizeof networks, "%s/networks", run);
	snprintf(network_path, sizeof network_path, "%s/" ID, networks);
	/* Nothing there is nothing to be done. */
	CHECK(net_idle_take_down(networks, &err) == 0 && !net_idle_is_any_due(networks));
	CHECK(make("%s/%s", "leases") == 0);
	close(take_lock(LOCK_SH));
	if (firewall_ensure(&lost, &err) < 0) {
		CHECK(err.kind == ERROR_UNSUPPORTED);
		SKIP("nf_tables");
	}
	return firewall_remove(&err);
}

static int goes_with_the_last(void)
{
	CHECK(bring_up() == 0 && lease("10.66.3.2", "one") == 0 && lease("10.66.3.3", "two") == 0);
	CHECK(!net_idle_is_any_due(networks) && net_idle_take_down(networks, &err) == 0 && net_bridge_is_up(&web) && has_table());
	CHECK(lease("10.66.3.2", NULL) == 0 && net_idle_take_down(networks, &err) == 0 && net_bridge_is_up(&web));
	/* A name server is nobody. */
	CHECK(lease("10.66.3.3", NULL) == 0 && lease("10.66.3.9", "resolver-x") == 0 && net_idle_is_any_due(networks));
	CHECK(net_idle_take_down(networks, &err) == 0 && !net_bridge_is_up(&web) && !has_table() && !has("up.json"));
	CHECK(!net_idle_is_any_due(networks) && net_idle_take_down(networks, &err) == 0);
	return 0;
}

/* Who is about to become a member is waited for, and found. */
static int waits_for_who_comes(void)
{
	int fd, ends[2];
	pid_t pid;
	char byte;

	CHECK(bring_up() == 0 && pipe(ends) == 0 && (fd = take_lock(LOCK_SH)) >= 0);
	pid = fork();
	if (pid == 0) {
		close(fd); /* the description is the parent's, too: it stays locked */
		_exit(write(ends[1], "x", 1) == 1 && net_idle_take_down(networks, &err) == 0 ? 0 : 1);
	}
	CHECK(read(ends[0], &byte, 1) == 1);
	usleep(20000);
	CHECK(net_bridge_is_up(&web) && lease("10.66.3.2", "one") == 0 && flock(fd, LOCK_UN) == 0 && close(fd) == 0);
	CHECK(waitpid(pid, &fd, 0) == pid && WIFEXITED(fd) && WEXITSTATUS(fd) == 0);
	CHECK(net_bridge_is_up(&web) && has("up.json"));
	CHECK(lease("10.66.3.2", NULL) == 0 && net_idle_take_down(networks, &err) == 0 && !net_bridge_is_up(&web));
	return 0;
}

static int all(void)
{
	_cleanup_free_ char *command = NULL;
	int r = begin();

	if (r == 0)
		r = goes_with_the_last();
	if (r == 0)
		r = waits_for_who_comes();
	command = str_printf("rm -rf %s", run);
	return system(command) == 0 ? r : 1;
}

static void test_networks_go_with_their_last_member(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_networks_go_with_their_last_member) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
