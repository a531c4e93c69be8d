/* SPDX-License-Identifier: Apache-2.0 */
#include "host/pty.h"

#include "host/syscalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cmocka.h>

static char root[] = "/tmp/bivy-pty-XXXXXX";
static int root_fd;

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root_fd < 0 || mkdirat(root_fd, "dev", 0755) < 0 || mkdirat(root_fd, "dev/pts", 0755) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlinkat(root_fd, "dev/pts/ptmx", 0);
	unlinkat(root_fd, "dev/pts", AT_REMOVEDIR);
	unlinkat(root_fd, "dev", AT_REMOVEDIR);
	close(root_fd);
	return rmdir(root);
}

/* The host's own root will do as one that has a devpts. */
static void open_pair(int *master, int *slave)
{
	_cleanup_close_ int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = pty_open(host, master, slave);

	if (r == -ENOENT || r == -ENODEV || r == -EACCES) {
		print_message("missing: a devpts on /dev/pts\n");
		skip();
	}
	assert_int_equal(r, 0);
}

static void test_pair(void **state)
{
	_cleanup_close_ int master = -EBADF, slave = -EBADF;
	struct termios old, now;
	char text[8] = "";

	(void)state;
	open_pair(&master, &slave);
	assert_true(isatty(slave));
	assert_int_equal(fcntl(master, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(slave, F_GETFD), FD_CLOEXEC);
	/* A fresh terminal turns a carriage return into a line; a raw one does not touch it. */
	assert_int_equal(pty_make_raw(slave, &old), 0);
	assert_true(old.c_lflag & ICANON);
	assert_int_equal(tcgetattr(slave, &now), 0);
	assert_false(now.c_lflag & (ICANON | ECHO | ISIG));
	assert_int_equal(write(master, "a\r\3", 3), 3);
	assert_int_equal(read(slave, text, sizeof text), 3);
	assert_memory_equal(text, "a\r\3", 3);
	assert_int_equal(tcsetattr(slave, TCSANOW, &old), 0);
	assert_int_equal(write(slave, "b", 1), 1);
	assert_int_equal(read(master, text, sizeof text), 1);
	assert_int_equal(text[0], 'b');
}

static void test_size(void **state)
{
	_cleanup_close_ int master = -EBADF, slave = -EBADF, other_master = -EBADF, other_slave = -EBADF;
	struct winsize size;

	(void)state;
	open_pair(&master, &slave);
	open_pair(&other_master, &other_slave);
	assert_int_equal(pty_set_size(master, 132, 43), 0);
	assert_int_equal(ioctl(slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_col, 132);
	assert_int_equal(size.ws_row, 43);
	pty_copy_size(slave, other_master);
	assert_int_equal(ioctl(other_slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_col, 132);
	assert_int_equal(size.ws_row, 43);
	/* From what is no terminal there is no size to take. */
	pty_copy_size(root_fd, other_master);
	assert_int_equal(ioctl(other_slave, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_col, 132);
}

static void test_no_terminal(void **state)
{
	struct termios old;

	(void)state;
	assert_int_equal(pty_make_raw(root_fd, &old), -ENOTTY);
	assert_int_equal(pty_set_size(root_fd, 1, 1), -ENOTTY);
}

/* What an image may put in the place of ptmx: nothing, a file, a link out, another device. */
static void test_impostors(void **state)
{
	int master = -77, slave = -77, fd;

	(void)state;
	assert_int_equal(pty_open(root_fd, &master, &slave), -ENOENT);
	fd = openat(root_fd, "dev/pts/ptmx", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pty_open(root_fd, &master, &slave), -ENODEV);
	assert_int_equal(unlinkat(root_fd, "dev/pts/ptmx", 0), 0);
	/* Absolute links are resolved inside the root, where there is no such file. */
	assert_int_equal(symlinkat("/dev/ptmx", root_fd, "dev/pts/ptmx"), 0);
	assert_int_equal(pty_open(root_fd, &master, &slave), -ENOENT);
	assert_int_equal(unlinkat(root_fd, "dev/pts/ptmx", 0), 0);
	assert_int_equal(symlinkat("../../../../../../dev/ptmx", root_fd, "dev/pts/ptmx"), 0);
	assert_int_equal(pty_open(root_fd, &master, &slave), -ENOENT);
	assert_int_equal(unlinkat(root_fd, "dev/pts/ptmx", 0), 0);
	assert_int_equal(master, -77);
	assert_int_equal(slave, -77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_no_terminal),
		cmocka_unit_test(test_impostors),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
