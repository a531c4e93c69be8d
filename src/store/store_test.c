/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"
#include "store/lease.h"
#include "store/lock.h"
#include "store/shell_test.h"

#include <fcntl.h>
#include <sys/wait.h>

static struct store open_scratch(void)
{
	_cleanup_free_ char *path = str_printf("%s/a/store", shell_scratch);
	struct store store = STORE_INIT;
	struct error err = ERROR_INIT;

	if (store_open(path, &store, &err) < 0)
		fail_msg("%s", err.message);
	return store;
}

/* What is made, and that a second opening changes none of it. */
static void test_layout(void **state _unused_)
{
	static const char listing[] = "cd a/store && find . -mindepth 1 -printf '%y %m %P\\n' | LC_ALL=C sort -k3 && cat oci-layout format";
	_cleanup_free_ char *first = NULL, *second = NULL;

	for (int i = 0; i < 2; i++) {
		_cleanup_store_ struct store store = open_scratch();

		*(i ? &second : &first) = shell(listing);
	}
	assert_string_equal(first, "d 700 blobs\nd 700 blobs/sha256\nd 700 blobs/sha512\nf 600 format\nf 600 index.json\nd 700 layers\n"
				   "d 700 leases\nd 700 locks\nf 600 oci-layout\nd 700 partial\nd 700 staging\n"
				   "{\"imageLayoutVersion\":\"1.0.0\"}1\n");
	assert_string_equal(first, second);
}

/* Another version's store is left as it is; the rest of a half-made one is made. */
static void test_other_states(void **state _unused_)
{
	_cleanup_free_ char *path = str_printf("%s/s", shell_scratch);
	struct store store = STORE_INIT;
	struct error err = ERROR_INIT;
	_cleanup_free_ char *message = str_printf("the store '%s' has format 2 of a newer version, this one reads up to 1", path);

	shell_run("mkdir s && echo 2 >s/format");
	assert_int_equal(store_open(path, &store, &err), -EINVAL);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_string_equal(err.message, message);
	shell_expect("ls s", "format\n");
	shell_run("echo x >s/format");
	assert_true(store_open(path, &store, &err) < 0);
	shell_run("rm s/format; mkdir s/blobs; printf '{\"manifests\":[]}' >s/index.json");
	assert_int_equal(store_open(path, &store, &err), 0);
	shell_expect("cat s/index.json", "{\"manifests\":[]}");
	store_close(&store);
	shell_run("rm -r s/blobs; ln -s /tmp s/blobs");
	assert_true(store_open(path, &store, &err) < 0);
	assert_non_null(strstr(err.message, "cannot open 'blobs' of the store"));
}

/* Runs BODY in a child that ends without cleaning up; its exit status. */
static int in_child(int (*body)(const struct store *), const struct store *store)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(body(store));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int take_mine(const struct store *store)
{
	int fd = -EBADF;

	return -lock_own_file(store->partial_fd, "mine", &fd);
}

/* What a process has locked is its own while it lives, and abandoned afterwards. */
static void test_own_file(void **state _unused_)
{
	_cleanup_store_ struct store store = open_scratch();
	int fd = -EBADF, other = -EBADF;

	assert_int_equal(lock_abandoned(store.partial_fd, "mine", &other), -ENOENT);
	assert_int_equal(in_child(take_mine, &store), 0);
	assert_int_equal(lock_own_file(store.partial_fd, "mine", &fd), 0);
	assert_int_equal(in_child(take_mine, &store), EBUSY);
	assert_int_equal(lock_abandoned(store.partial_fd, "mine", &other), -EBUSY);
	/* Another file of that name is another's. */
	assert_int_equal(unlinkat(store.partial_fd, "mine", 0), 0);
	assert_int_equal(in_child(take_mine, &store), 0);
	assert_int_equal(lock_abandoned(store.partial_fd, "mine", &other), 0);
	close(other);
	close(fd);
}

static int leave_lease(const struct store *store)
{
	struct lease lease = LEASE_INIT;

	return lease_begin(store, &lease, NULL) < 0 || lease_add(&lease, "sha256:dead", NULL) < 0;
}

/* A lease counts while its owner lives; one whose owner died is removed. */
static void test_leases(void **state _unused_)
{
	_cleanup_store_ struct store store = open_scratch();
	_cleanup_lease_ struct lease lease = LEASE_INIT, second = LEASE_INIT;
	_cleanup_buf_ struct buf digests = BUF_INIT, after = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(in_child(leave_lease, &store), 0);
	shell_expect("ls a/store/leases | wc -l", "1\n");
	assert_int_equal(lease_begin(&store, &lease, &err), 0);
	assert_int_equal(lease_begin(&store, &second, &err), 0);
	assert_int_equal(lease_add(&lease, "sha256:a", &err), 0);
	assert_int_equal(lease_add(&lease, "sha256:b", &err), 0);
	assert_int_equal(lease_collect(&store, &digests), 0);
	assert_string_equal(digests.data, "sha256:a\nsha256:b\n");
	shell_expect("ls a/store/leases | wc -l", "2\n");
	lease_end(&lease);
	lease_end(&second);
	assert_int_equal(lease_collect(&store, &after), 0);
	assert_int_equal(after.length, 0);
	shell_expect("ls a/store/leases", "");
}

static int add_to_lease(const struct store *store)
{
	_cleanup_lease_ struct lease lease = LEASE_INIT;

	alarm(1); /* ends it by the signal if the lock is held */
	return lease_begin(store, &lease, NULL) < 0 || lease_add(&lease, "sha256:a", NULL) < 0;
}

/* A lease does not grow while content is being removed. */
static void test_lease_waits_for_removal(void **state _unused_)
{
	_cleanup_store_ struct store store = open_scratch();
	int lock = -EBADF, status = 0;
	pid_t pid;

	assert_int_equal(in_child(add_to_lease, &store), 0);
	assert_int_equal(lock_exclusive(&store, STORE_LOCK_CONTENT, &lock), 0);
	pid = fork();
	if (pid == 0)
		_exit(add_to_lease(&store));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	close(lock);
	assert_int_equal(lock_shared(&store, STORE_LOCK_CONTENT, &lock), 0);
	assert_int_equal(in_child(add_to_lease, &store), 0);
	close(lock);
}

#define HIGH_FD 200 /* that nothing else is */

/* What another process adds to a lease lasts as long as that, not as long as the process. */
static int join_lease(const struct store *store)
{
	struct lease joined = LEASE_INIT;
	int r = lease_join(store, HIGH_FD, &joined, NULL);

	if (r == 0)
		r = lease_add(&joined, "sha256:made", NULL);
	lease_end(&joined);
	return r < 0;
}

static void test_joined_lease(void **state _unused_)
{
	_cleanup_store_ struct store store = open_scratch();
	_cleanup_lease_ struct lease lease = LEASE_INIT;
	_cleanup_buf_ struct buf digests = BUF_INIT, after = BUF_INIT;

	assert_int_equal(lease_begin(&store, &lease, NULL), 0);
	assert_int_equal(dup2(lease.fd, HIGH_FD), HIGH_FD);
	assert_int_equal(lease_add(&lease, "sha256:a", NULL), 0);
	assert_int_equal(in_child(join_lease, &store), 0);
	close(HIGH_FD);
	assert_int_equal(lease_add(&lease, "sha256:b", NULL), 0);
	assert_int_equal(lease_collect(&store, &digests), 0);
	assert_string_equal(digests.data, "sha256:a\nsha256:made\nsha256:b\n");
	lease_end(&lease);
	assert_int_equal(lease_collect(&store, &after), 0);
	assert_int_equal(after.length, 0);
	assert_int_equal(lease_join(&store, HIGH_FD, &lease, NULL), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_layout),   shell_test(test_other_states), shell_test(test_own_file),
		shell_test(test_leases), shell_test(test_lease_waits_for_removal),
		shell_test(test_joined_lease), shell_test(test_lease_waits_for_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
