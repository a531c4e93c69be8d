/* SPDX-License-Identifier: Apache-2.0 */
#include "net/resolver.h"
#include "base/file.h"
#include "base/str.h"
#include "host/netlink_link.h"

#include "host/child_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

static char scratch[] = "/tmp/bivy-resolver-XXXXXX", names[64], directory[64];
static char *const no_servers[] = { NULL };
static char *const all_names[] = { names, NULL };
static char *const loopback[] = { (char *)"lo", NULL };
static char *const addresses[] = { (char *)"127.0.0.1", NULL };
static char *const both_addresses[] = { (char *)"127.0.0.1", (char *)"192.0.2.53", NULL };

static int set_up(void **state)
{
	(void)state;
	strcpy(scratch + strlen("/tmp/bivy-resolver-"), "XXXXXX");
	assert_non_null(mkdtemp(scratch));
	snprintf(names, sizeof names, "%s/networks/n/names", scratch);
	snprintf(directory, sizeof directory, "%s/resolvers/x", scratch);
	assert_int_equal(file_make_directories(names, 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_free_ char *command = str_printf("rm -rf %s", scratch);

	(void)state;
	assert_int_equal(net_resolver_stop(directory, NULL), 0);
	return system(command);
}

/* The answer for the address of NAME at SERVER; "none", or "code N" of an error. */
static const char *ask(const char *server, const char *name)
{
	static char text[64];
	uint8_t packet[512] = { 0, 7, 1, 0, 0, 1 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = 5 };
	size_t length = 12;
	ssize_t got;

	for (const char *at = name; *at; at += strcspn(at, ".") + (strchr(at, '.') != NULL)) {
		packet[length] = (uint8_t)strcspn(at, ".");
		memcpy(packet + length + 1, at, packet[length]);
		length += packet[length] + 1u;
	}
	packet[length + 2] = packet[length + 4] = 1; /* A, IN */
	inet_pton(AF_INET, server, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (sendto(fd, packet, length + 5, 0, (struct sockaddr *)&to, sizeof to) < 0 || (got = recv(fd, packet, sizeof packet, 0)) < 12)
		return "silence";
	if (packet[3] & 15)
		snprintf(text, sizeof text, "code %d", packet[3] & 15);
	else if (packet[7] == 0)
		return "none";
	else
		inet_ntop(AF_INET, packet + got - 4, text, sizeof text);
	return text;
}

/* Names appear a moment after they were written. */
static bool answers(const char *server, const char *name, const char *expected)
{
	for (int i = 0; i < 200; i++) {
		if (strcmp(ask(server, name), expected) == 0)
			return true;
		usleep(10000);
	}
	fprintf(stderr, "# %s is %s\n", name, ask(server, name));
	return false;
}

static bool has_dnsmasq(void)
{
	return access("/usr/sbin/dnsmasq", X_OK) == 0;
}

static const struct net_resolver plain = {
	.directory = directory, .names = all_names, .interfaces = loopback, .addresses = addresses, .servers = no_servers,
};

static bool put(const char *id, const char *address, const char *name, const char *alias)
{
	char *const list[] = { (char *)address, NULL }, *const words[] = { (char *)name, (char *)alias, NULL };

	return net_names_write(names, id, list, words, NULL) == 0;
}

static int of_names(void)
{
	if (!has_dnsmasq())
		SKIP("dnsmasq");
	CHECK(netlink_set_loopback_up() == 0);
	CHECK(put("a", "10.66.3.2/24", "web", "www"));
	CHECK(!net_resolver_is_running(directory));
	CHECK(net_resolver_start(&plain, NULL) == 0);
	CHECK(net_resolver_is_running(directory));
	CHECK(answers("127.0.0.1", "web", "10.66.3.2") && answers("127.0.0.1", "www", "10.66.3.2"));
	CHECK(answers("127.0.0.1", "db", "code 3"));
	/* Who comes, changes and goes is known without a restart. */
	CHECK(put("b", "10.66.3.3/24", "db", NULL) && answers("127.0.0.1", "db", "10.66.3.3"));
	CHECK(put("b", "10.66.3.4/24", "db2", NULL) && answers("127.0.0.1", "db2", "10.66.3.4") && answers("127.0.0.1", "db", "code 3"));
	CHECK(net_names_remove(names, "b") == 0 && answers("127.0.0.1", "db2", "code 3"));
	CHECK(net_names_remove(names, "b") == 0);
	/* With the last it ends, and the next finds another. */
	CHECK(net_resolver_is_running(directory) && net_names_remove(names, "a") == 0);
	CHECK(!net_resolver_is_running(directory) && access(directory, F_OK) < 0);
	CHECK(put("a", "10.66.3.2/24", "web", NULL) && net_resolver_start(&plain, NULL) == 0 && answers("127.0.0.1", "web", "10.66.3.2"));
	CHECK(net_resolver_stop(directory, NULL) == 0);
	CHECK(!net_resolver_is_running(directory) && access(directory, F_OK) < 0);
	CHECK(net_resolver_stop(directory, NULL) == 0);
	return 0;
}

/* One that is not everyone's ends with the last that asks it, whatever names there are. */
static int with_users(struct net_resolver *other)
{
	_cleanup_free_ char *users = net_resolver_users(directory);

	other->user = "one";
	CHECK(net_resolver_start(other, NULL) == 0);
	other->user = "two";
	CHECK(net_resolver_start(other, NULL) == 0 && answers("192.0.2.53", "web", "10.66.3.2"));
	CHECK(net_names_remove(users, "one") == 0 && net_resolver_is_running(directory));
	CHECK(net_names_remove(users, "two") == 0 && !net_resolver_is_running(directory) && access(directory, F_OK) < 0);
	CHECK(net_names_remove(users, "two") == 0);
	CHECK(net_resolver_start(other, NULL) == 0 && net_resolver_stop(directory, NULL) == 0 && access(directory, F_OK) < 0);
	return 0;
}

static uint64_t process_of(void)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *path = str_printf("%s/process", directory);
	uint64_t pid = 0;

	if (file_read_at(AT_FDCWD, path, 64, &text) == 0 && text.data) {
		text.data[strcspn(text.data, " ")] = '\0';
		ignore_result(str_to_u64(text.data, 10, &pid));
	}
	return pid;
}

static bool forget_process(void)
{
	_cleanup_free_ char *path = str_printf("%s/process", directory);

	return unlink(path) == 0;
}

/* As it does itself. */
static bool write_pid(pid_t pid)
{
	_cleanup_free_ char *path = str_printf("%s/pid", directory), *text = str_printf("%d\n", (int)pid);

	return file_replace_at(AT_FDCWD, path, text, strlen(text), 0644) == 0;
}

static int of_life(void)
{
	struct net_resolver other = plain;
	uint64_t first;

	if (!has_dnsmasq())
		SKIP("dnsmasq");
	CHECK(netlink_set_loopback_up() == 0 && put("a", "10.66.3.2/24", "web", NULL));
	CHECK(net_resolver_start(&plain, NULL) == 0);
	first = process_of();
	CHECK(first && net_resolver_start(&plain, NULL) == 0 && process_of() == first);
	/* Killed by whoever: the next start makes another. */
	CHECK(kill((pid_t)first, SIGKILL) == 0);
	while (net_resolver_is_running(directory))
		usleep(1000);
	CHECK(net_resolver_start(&plain, NULL) == 0 && process_of() != first && answers("127.0.0.1", "web", "10.66.3.2"));
	first = process_of();
	CHECK(net_resolver_revive(directory, NULL) == 0 && process_of() == first);
	/* Its starter was killed before it could note which one it is: it is found all the same. */
	CHECK(forget_process() && net_resolver_is_running(directory) && net_resolver_start(&plain, NULL) == 0 && process_of() == 0);
	CHECK(net_resolver_stop(directory, NULL) == 0 && access(directory, F_OK) < 0);
	/* But nobody is taken for it who is not. */
	CHECK(mkdir(directory, 0700) == 0 && write_pid(getppid()) && !net_resolver_is_running(directory));
	CHECK(net_resolver_start(&plain, NULL) == 0 && answers("127.0.0.1", "web", "10.66.3.2"));
	first = process_of();
	CHECK(kill((pid_t)first, SIGKILL) == 0);
	while (net_resolver_is_running(directory))
		usleep(1000);
	CHECK(net_resolver_revive(directory, NULL) == 0 && process_of() != first && answers("127.0.0.1", "web", "10.66.3.2"));
	CHECK(net_resolver_revive("/nowhere", NULL) == 0);
	/* Another configuration takes the place of the one that runs; an address of its own comes and goes with it. */
	first = process_of();
	other.addresses = both_addresses;
	other.own_address = both_addresses[1];
	CHECK(net_resolver_start(&other, NULL) == 0 && process_of() != first && answers("192.0.2.53", "web", "10.66.3.2"));
	CHECK(net_resolver_stop(directory, NULL) == 0);
	CHECK(system("[ -z \"$(ip addr show to 192.0.2.53 2>/dev/null)\" ]") == 0);
	return with_users(&other);
}

/* Nobody, without capabilities or ways to gain any, on a file system that is read-only; and not in our closed directory. */
static int of_confinement(void)
{
	_cleanup_free_ char *command = NULL;

	if (!has_dnsmasq())
		SKIP("dnsmasq");
	CHECK(netlink_set_loopback_up() == 0 && chmod(scratch, 0700) == 0 && put("a", "10.66.3.2/24", "web", NULL));
	CHECK(net_resolver_start(&plain, NULL) == 0 && answers("127.0.0.1", "web", "10.66.3.2"));
	command = str_printf("cd /proc/%d && grep -q '^CapPrm:.0*$' status && grep -q '^NoNewPrivs:.1$' status && ! grep -q '^Uid:.0' status && "
			     "grep -q ' / ro,' mountinfo && ! ls root/tmp | grep -q resolver",
			     (int)process_of());
	CHECK(system(command) == 0);
	return 0;
}

static int of_failures(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(53) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct net_resolver bad = plain;
	struct error err = ERROR_INIT;

	if (!has_dnsmasq())
		SKIP("dnsmasq");
	CHECK(netlink_set_loopback_up() == 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0);
	CHECK(net_resolver_start(&plain, &err) < 0 && err.kind == ERROR_CONFLICT && err.hint[0]);
	CHECK(strstr(err.message, "127.0.0.1") && strstr(err.message, "ddress already in use"));
	CHECK(!net_resolver_is_running(directory));
	bad.servers = (char *[]){ (char *)"192.0.2.1\nuser=root", NULL };
	CHECK(net_resolver_start(&bad, &err) < 0 && err.kind == ERROR_INVALID);
	return 0;
}

static void test_names(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_names);
}

static void test_life(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_life);
}

static void test_confinement(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_confinement);
}

static void test_failures(void **state)
{
	(void)state;
	run_in_child(CLONE_NEWNET, of_failures);
}

static void test_files(void **state)
{
	char *const list[] = { (char *)"10.66.3.2/24", (char *)"fd00::2/64", NULL }, *const words[] = { (char *)"web", (char *)"www", NULL };
	char *const bad[] = { (char *)"web\n6.6.6.6 bank", NULL };
	_cleanup_free_ char *path = str_printf("%s/a", names);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(net_names_write(names, "a", list, words, NULL), 0);
	assert_int_equal(file_read_at(AT_FDCWD, path, 1000, &text), 0);
	assert_string_equal(text.data, "10.66.3.2 web www\nfd00::2 web www\n");
	assert_true(net_names_write(names, "a", list, bad, &err) < 0);
	assert_string_equal(err.message, "'web?6.6.6.6 bank' cannot be the name of a host");
	assert_int_equal(net_names_remove(names, "a"), 0);
	assert_int_equal(net_names_remove("/nowhere", "a"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_files), TEST(test_names), TEST(test_life), TEST(test_confinement), TEST(test_failures) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
