/* SPDX-License-Identifier: Apache-2.0 */
#include "net/leases.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct fixture {
	char path[64];
	int fd;
	struct net_subnet subnet, range, gateway;
	const char *dead; /* or NULL: all are alive */
};

static struct net_subnet parse(const char *text)
{
	struct net_subnet subnet;

	assert_int_equal(net_address_parse(text, &subnet, NULL), 0);
	return subnet;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->path, "/tmp/bivy-leases-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	f->subnet = f->range = parse("10.66.3.0/29");
	f->gateway = parse("10.66.3.1");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	DIR *dir = fdopendir(f->fd);
	struct dirent *entry;

	while ((entry = readdir(dir)))
		ignore_result(unlinkat(dirfd(dir), entry->d_name, 0)); /* "." and ".." stay */
	closedir(dir);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static bool is_alive(void *context, const char *id)
{
	struct fixture *f = context;

	return !f->dead || !str_equal(id, f->dead);
}

/* What ID gets; the text of the error instead if it gets nothing. */
static const char *take(struct fixture *f, const char *id, const char *wanted)
{
	static char text[1024];
	_cleanup_free_ char *name = NULL;
	struct net_subnet address = wanted ? parse(wanted) : (struct net_subnet){ 0 }, ret = { 0 };
	struct error err = ERROR_INIT;

	if (net_lease_take(f->fd, &f->subnet, &f->range, &f->gateway, 1, wanted ? &address : NULL, id, is_alive, f, &ret, &name, &err) < 0) {
		snprintf(text, sizeof text, "%s", err.message);
		return text;
	}
	net_subnet_format(&ret, false, text);
	assert_string_equal(name, text);
	assert_int_equal(ret.prefix, f->subnet.prefix);
	return text;
}

static const char *owner(struct fixture *f, const char *name)
{
	static char text[64];
	ssize_t length = readlinkat(f->fd, name, text, sizeof text - 1);

	text[length < 0 ? 0 : length] = '\0';
	return text;
}

static void test_one_after_the_other(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f, "a", NULL), "10.66.3.2");
	assert_string_equal(owner(f, "10.66.3.2"), "a");
	assert_string_equal(take(f, "b", NULL), "10.66.3.3");
	assert_string_equal(take(f, "c", NULL), "10.66.3.4");
	assert_string_equal(take(f, "d", NULL), "10.66.3.5");
	assert_string_equal(take(f, "e", NULL), "10.66.3.6");
	assert_string_equal(take(f, "f", NULL), "all addresses of 10.66.3.0/29 are taken");
}

#define ID "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0"

/* An id that is long stands there shorter; one that was written as it is is read, too. */
static void test_long_ids(void **state)
{
	struct fixture *f = *state;
	char text[NET_LEASE_OWNER_LIMIT];

	assert_string_equal(take(f, ID, NULL), "10.66.3.2");
	assert_string_equal(owner(f, "10.66.3.2"), "=ABEiM0RVZneImaq7zN3u/w8eLTxLWml4h5altMPS4fA=");
	assert_true(net_lease_owner(f->fd, "10.66.3.2", text));
	assert_string_equal(text, ID);
	assert_string_equal(take(f, ID, "10.66.3.2"), "10.66.3.2");
	assert_int_equal(net_lease_release(f->fd, "10.66.3.2", ID), 0);
	assert_false(net_lease_owner(f->fd, "10.66.3.2", text));
	assert_int_equal(symlinkat(ID, f->fd, "10.66.3.3"), 0);
	assert_true(net_lease_owner(f->fd, "10.66.3.3", text));
	assert_string_equal(text, ID);
	assert_int_equal(net_lease_release(f->fd, "10.66.3.3", ID), 0);
	for (const char **bad = (const char *[]){ "=", "=!", "=AAAA", "=ABEiM0RVZneImaq7zN3u/w8eLTxLWml4h5altMPS4fA=AAAA", NULL }; *bad; bad++) {
		assert_int_equal(symlinkat(*bad, f->fd, "10.66.3.4"), 0);
		assert_false(net_lease_owner(f->fd, "10.66.3.4", text));
		assert_int_equal(unlinkat(f->fd, "10.66.3.4", 0), 0);
	}
}

/* What was given back is not the next that somebody gets, until all others have been. */
static void test_addresses_rest(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f, "a", NULL), "10.66.3.2");
	assert_int_equal(net_lease_release(f->fd, "10.66.3.2", "a"), 0);
	assert_string_equal(owner(f, "10.66.3.2"), "");
	assert_string_equal(take(f, "b", NULL), "10.66.3.3");
	assert_string_equal(take(f, "c", NULL), "10.66.3.4");
	assert_string_equal(take(f, "d", NULL), "10.66.3.5");
	assert_string_equal(take(f, "e", NULL), "10.66.3.6");
	assert_string_equal(take(f, "f", NULL), "10.66.3.2");
}

static void test_release(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f, "a", "10.66.3.4"), "10.66.3.4");
	assert_int_equal(net_lease_release(f->fd, "10.66.3.4", "b"), 0);
	assert_string_equal(owner(f, "10.66.3.4"), "a");
	assert_int_equal(net_lease_release(f->fd, "10.66.3.4", "a"), 0);
	assert_int_equal(net_lease_release(f->fd, "10.66.3.4", "a"), 0);
	assert_int_equal(net_lease_release(f->fd, "10.66.3.5", "a"), 0);
	assert_string_equal(owner(f, "10.66.3.4"), "");
}

static void test_wanted(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f, "a", "10.66.3.4"), "10.66.3.4");
	assert_string_equal(take(f, "a", "10.66.3.4"), "10.66.3.4");
	assert_string_equal(take(f, "b", "10.66.3.4"), "the address 10.66.3.4 is in use by the container a");
	assert_string_equal(take(f, "b", "10.66.3.1"), "the address 10.66.3.1 is in use by the network itself");
	assert_string_equal(take(f, "b", "10.66.3.0"), "the address 10.66.3.0 is that of the network 10.66.3.0/29 itself");
	assert_string_equal(take(f, "b", "10.66.3.7"), "the address 10.66.3.7 is that of the network 10.66.3.0/29 itself");
	assert_string_equal(take(f, "b", "10.66.3.8"), "the address 10.66.3.8 is not in the subnet 10.66.3.0/29");
	assert_string_equal(take(f, "b", "fd00::2"), "the address fd00::2 is not in the subnet 10.66.3.0/29");
}

/* A range is for those that ask for none; others may have what is outside. */
static void test_range(void **state)
{
	struct fixture *f = *state;

	f->range = parse("10.66.3.4/31");
	assert_string_equal(take(f, "a", NULL), "10.66.3.4");
	assert_string_equal(take(f, "b", "10.66.3.2"), "10.66.3.2");
	assert_string_equal(take(f, "c", NULL), "10.66.3.5");
	assert_string_equal(take(f, "d", NULL), "all addresses of 10.66.3.4/31 are taken");
	f->range = parse("10.66.3.4/30");
	assert_string_equal(take(f, "d", NULL), "10.66.3.6");
}

static void test_the_dead_have_nothing(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(take(f, "a", "10.66.3.4"), "10.66.3.4");
	f->dead = "a";
	assert_string_equal(take(f, "b", "10.66.3.4"), "10.66.3.4");
	assert_string_equal(owner(f, "10.66.3.4"), "b");
	/* The late release of the former owner takes nothing away. */
	assert_int_equal(net_lease_release(f->fd, "10.66.3.4", "a"), 0);
	assert_string_equal(owner(f, "10.66.3.4"), "b");
}

static void test_version_6(void **state)
{
	struct fixture *f = *state;

	f->subnet = f->range = parse("fd00::/64");
	f->gateway = parse("fd00::1");
	assert_string_equal(take(f, "a", NULL), "fd00::2");
	assert_string_equal(take(f, "b", "fd00::ffff:ffff:ffff:ffff"), "fd00::ffff:ffff:ffff:ffff");
	assert_string_equal(take(f, "c", NULL), "fd00::3");
	assert_string_equal(take(f, "c", "fd00::"), "the address fd00:: is that of the network fd00::/64 itself");
}

/* All of a plan: those of others stay, and what is gone with its network is no failure. */
static void test_paths(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *first = str_printf("%s/10.66.3.2", f->path), *other = str_printf("%s/10.66.3.3", f->path);
	char *const paths[] = { (char *)"/nowhere/10.66.3.9", first, other, NULL }, *const wrong[] = { (char *)"10.66.3.2", first, NULL };
	struct error err = ERROR_INIT;

	assert_string_equal(take(f, "a", NULL), "10.66.3.2");
	assert_string_equal(take(f, "b", NULL), "10.66.3.3");
	assert_int_equal(net_leases_release(paths, "a", &err), 0);
	assert_true(faccessat(f->fd, "10.66.3.2", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && faccessat(f->fd, "10.66.3.3", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	assert_int_equal(net_leases_release(paths, "a", &err), 0);
	assert_int_equal(net_leases_release(NULL, "a", &err), 0);
	assert_string_equal(take(f, "a", "10.66.3.2"), "10.66.3.2");
	assert_true(net_leases_release(wrong, "a", &err) < 0);
	assert_non_null(strstr(err.message, "cannot give the address '10.66.3.2' back"));
	assert_true(faccessat(f->fd, "10.66.3.2", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
}

static void test_giving(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *first = str_printf("%s/10.66.3.2", f->path), *second = str_printf("%s/10.66.3.3", f->path);
	char *const paths[] = { first, second, NULL }, *const wrong[] = { (char *)"/nowhere/10.66.3.9", NULL };
	static const char one[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char other[] = "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char owner[NET_LEASE_OWNER_LIMIT];

	assert_string_equal(take(f, one, NULL), "10.66.3.2");
	assert_string_equal(take(f, one, NULL), "10.66.3.3");
	assert_int_equal(net_leases_give(paths, one, other), 0);
	assert_true(net_lease_owner(f->fd, "10.66.3.2", owner));
	assert_string_equal(owner, other);
	assert_string_equal(take(f, other, "10.66.3.3"), "10.66.3.3");
	/* Another's is not given. */
	assert_int_equal(net_leases_give(paths, one, other), -ESTALE);
	assert_int_equal(net_leases_give(wrong, one, other), -ENOENT);
	assert_int_equal(net_leases_give(NULL, one, other), 0);
}

/* Two addresses, and both are hosts'. */
static void test_a_point_to_point_network(void **state)
{
	struct fixture *f = *state;

	f->subnet = f->range = parse("10.66.3.0/31");
	f->gateway = parse("10.66.3.0");
	assert_string_equal(take(f, "a", NULL), "10.66.3.1");
	assert_string_equal(take(f, "b", NULL), "all addresses of 10.66.3.0/31 are taken");
}

static void test_a_damaged_note_of_the_last(void **state)
{
	struct fixture *f = *state;
	int fd = openat(f->fd, ".last4", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write(fd, "10.66.3.6", 9) == 9);
	assert_string_equal(take(f, "a", NULL), "10.66.3.2");
	assert_int_equal(pwrite(fd, "no address", 10, 0), 10);
	assert_string_equal(take(f, "b", NULL), "10.66.3.3");
	close(fd);
}

/* Of many at once each gets one of its own. */
static void test_together(void **state)
{
	enum { PROCESSES = 8, EACH = 25 };
	struct fixture *f = *state;
	pid_t pids[PROCESSES];
	struct dirent *entry;
	int status, leases = 0;
	DIR *dir;

	f->subnet = f->range = parse("10.66.0.0/22");
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int j = 0; j < EACH; j++) {
				char id[32];

				snprintf(id, sizeof id, "%d-%d", i, j);
				if (take(f, id, NULL)[0] != '1')
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	dir = opendir(f->path);
	while ((entry = readdir(dir)))
		leases += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(leases, PROCESSES * EACH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_after_the_other), TEST(test_addresses_rest),	     TEST(test_release),
		TEST(test_wanted),		TEST(test_range),		     TEST(test_the_dead_have_nothing),
		TEST(test_version_6),		TEST(test_a_point_to_point_network), TEST(test_a_damaged_note_of_the_last),
		TEST(test_together),		TEST(test_paths),		     TEST(test_long_ids),
		TEST(test_giving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
