/* SPDX-License-Identifier: Apache-2.0 */
/* What is archived, GNU tar and layer_apply() turn back into the same files; what overlay wrote becomes whiteouts. */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/layer_apply.h"
#include "store/layer_diff.h"

#include <fcntl.h>

static int open_scratch(const char *name, int flags)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		fail_msg("cannot open %s", path);
	return fd;
}

static int try_diff(const char *directory, const char *archive, enum layer_diff_form form, struct layer_diff_report *report, struct error *err)
{
	_cleanup_close_ int directory_fd = open_scratch(directory, O_RDONLY | O_DIRECTORY);
	_cleanup_close_ int archive_fd = open_scratch(archive, O_WRONLY | O_CREAT | O_TRUNC);

	return layer_diff(directory_fd, sink_to_file(&archive_fd), form, report, err);
}

static void diff(const char *directory, const char *archive, enum layer_diff_form form)
{
	struct layer_diff_report report;
	struct error err = ERROR_INIT;

	if (try_diff(directory, archive, form, &report, &err) < 0)
		fail_msg("%s", err.message);
}

static void apply(const char *archive, const char *directory, enum layer_form form)
{
	_cleanup_free_ char *command = str_printf("mkdir -p %s", directory);
	_cleanup_layer_report_ struct layer_report report = { 0 };
	_cleanup_close_ int archive_fd = -EBADF, directory_fd = -EBADF;
	struct stream_file file;
	struct error err = ERROR_INIT;
	int r;

	shell_run(command);
	archive_fd = open_scratch(archive, O_RDONLY);
	directory_fd = open_scratch(directory, O_RDONLY | O_DIRECTORY);
	file = (struct stream_file){ .fd = archive_fd };
	r = layer_apply(directory_fd, stream_of_file(&file), form, &LAYER_LIMITS, &report, &err);
	stream_file_done(&file);
	if (r < 0)
		fail_msg("%s", err.message);
}

static void test_round_trip(void **state)
{
	_cleanup_free_ char *expected = NULL, *by_tar = NULL, *by_us = NULL;

	(void)state;
	shell_need("getfattr");
	shell_need_root();
	shell_run("mkdir -p t/sub/deep t/sticky && printf hello >t/file && ln t/file t/sub/hard && ln -s /etc/x t/soft && ln t/soft t/sub/softhard && "
		"mkfifo t/fifo && mknod t/null c 1 3 && mknod t/disk b 259 7 && head -c 600000 /dev/urandom >t/sub/big && chown 3000000:7 t/sub/big && "
		"chmod 4755 t/file && chmod 1777 t/sticky && touch \"t/$(printf 'n%.0s' $(seq 255))\" && "
		"setfattr -n user.note -v text t/file && setfattr -n trusted.mark -v 0x00ff00 t/sub && setfattr -h -n trusted.link -v x t/soft && "
		"setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 t/sub/big && mkdir t/locked && chmod 0 t/locked && "
		"find t -depth -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +");
	diff("t", "one.tar", LAYER_DIFF_WHOLE);
	diff("t", "two.tar", LAYER_DIFF_UPPER);
	shell_run("cmp one.tar two.tar && mkdir a && tar x -C a -p --same-owner --numeric-owner --xattrs --xattrs-include='*' -f one.tar");
	apply("one.tar", "b", LAYER_FORM_OVERLAY);
	expected = shell_list_tree("t", "-mindepth 1");
	by_tar = shell_list_tree("a", "-mindepth 1");
	by_us = shell_list_tree("b", "-mindepth 1");
	assert_non_null(strstr(expected, "security.capability"));
	assert_string_equal(by_us, expected);
	assert_string_equal(by_tar, expected);
	/* The same tree, made in another order, is the same archive. */
	diff("b", "three.tar", LAYER_DIFF_WHOLE);
	shell_run("cmp one.tar three.tar");
}

static void test_order_and_sockets(void **state)
{
	struct layer_diff_report report;
	_cleanup_free_ char *found = NULL;

	(void)state;
	shell_need("python3");
	shell_run("mkdir -p t/b t/a.x t/a && touch t/b/f t/a/f t/a-f t/B && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"t/sock\")'");
	assert_int_equal(try_diff("t", "t.tar", LAYER_DIFF_UPPER, &report, NULL), 0);
	found = shell("tar tf t.tar");
	assert_string_equal(found, "B\na/\na/f\na-f\na.x/\nb/\nb/f\n");
	assert_int_equal(report.members, 7);
	assert_int_equal(report.sockets, 1);
}

/* What a container changes in an overlay mount, seen through the layer that it makes. */
static void test_changes_in_an_overlay(void **state)
{
	_cleanup_free_ char *expected = NULL, *found = NULL, *members = NULL;

	(void)state;
	shell_need_root();
	shell_run("mkdir -p lower/dir/sub lower/wiped lower/redone upper work m && echo 1 >lower/file && echo 2 >lower/gone && echo 3 >lower/dir/sub/f && "
		"echo 4 >lower/wiped/x && echo 5 >lower/redone/y && echo 6 >lower/dir/gone && find lower -exec touch -h -d @5 {} + && "
		"unshare -m sh -ec 'mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=off,metacopy=off none m; "
		"cd m; rm gone dir/gone; rm -r wiped; rm -r redone; mkdir redone; echo 7 >redone/z; echo 8 >>file; mkdir new; ln file new/hard; "
		"chmod 700 dir/sub; touch -d @9 redone/z redone new/hard new file dir/sub dir; cd ..; cp -a m merged' || true");
	shell_run("test -d merged || { echo '# missing: overlay on this file system' >&2; exit 77; }");
	diff("upper", "upper.tar", LAYER_DIFF_UPPER);
	diff("lower", "lower.tar", LAYER_DIFF_WHOLE);
	members = shell("tar tf upper.tar");
	assert_string_equal(members, "dir/\ndir/.wh.gone\ndir/sub/\nfile\n.wh.gone\nnew/\nnew/hard\nredone/\nredone/.wh..wh..opq\nredone/z\n.wh.wiped\n");
	apply("lower.tar", "flat", LAYER_FORM_FLAT);
	apply("upper.tar", "flat", LAYER_FORM_FLAT);
	expected = shell_list_tree("merged", "-mindepth 1");
	found = shell_list_tree("flat", "-mindepth 1");
	assert_string_equal(found, expected);
	/* And in overlay's form it is the upper directory again. */
	apply("upper.tar", "again", LAYER_FORM_OVERLAY);
	diff("again", "again.tar", LAYER_DIFF_UPPER);
	shell_run("cmp again.tar upper.tar");
}

static void expect_error(enum layer_diff_form form, const char *make, const char *message)
{
	struct layer_diff_report report;
	struct error err = ERROR_INIT;

	shell_run("rm -rf t && mkdir -p t/d");
	shell_run(make);
	assert_true(try_diff("t", "t.tar", form, &report, &err) < 0);
	assert_string_equal(err.message, message);
}

/* Writes to an archive, and changes the files once half of the big one is read. */
struct meddler {
	int fd;
	size_t written;
};

static int write_and_meddle(void *context, const void *bytes, size_t length, struct error *err)
{
	struct meddler *meddler = context;
	size_t before = meddler->written;

	meddler->written += length;
	if (before < 300000 && meddler->written >= 300000)
		shell_run("truncate -s 0 live/big && rm live/gone && rm -r live/removed && mv live/turned live/x && mkdir live/turned");
	return sink_write(sink_to_file(&meddler->fd), bytes, length, err);
}

static int diff_meddled(enum layer_diff_form form, const char *archive, struct error *err)
{
	_cleanup_close_ int directory_fd = -EBADF, archive_fd = open_scratch(archive, O_WRONLY | O_CREAT | O_TRUNC);
	struct meddler meddler = { .fd = archive_fd };
	struct layer_diff_report report;

	shell_run("rm -rf live && mkdir -p live/removed/sub && head -c 900000 /dev/zero | tr '\\0' x >live/big && echo >live/gone && echo >live/turned && "
		"echo 1 >live/zlast");
	directory_fd = open_scratch("live", O_RDONLY | O_DIRECTORY);
	return layer_diff(directory_fd, (struct sink){ write_and_meddle, &meddler }, form, &report, err);
}

static void test_live(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(diff_meddled(LAYER_DIFF_WHOLE, "live.tar", &err) < 0);
	assert_string_equal(err.message, "cannot archive 'big': it became shorter meanwhile: device or resource busy");
	err = ERROR_INIT;
	if (diff_meddled(LAYER_DIFF_LIVE, "live.tar", &err) < 0)
		fail_msg("%s", err.message);
	shell_run("tar tf live.tar | sort >names && printf 'big\\nturned/\\nzlast\\n' | cmp - names && tar xOf live.tar big | wc -c | grep -qx 900000 && "
		"tar xOf live.tar big | tail -c 10 | cmp -n 10 - /dev/zero");
}

static void test_errors(void **state)
{
	(void)state;
	expect_error(LAYER_DIFF_UPPER, "touch t/d/.wh.x", "cannot archive 'd/.wh.x': in a layer the name would stand for a removed file");
	shell_need("setfattr");
	shell_need_root();
	expect_error(LAYER_DIFF_UPPER, "setfattr -n trusted.overlay.redirect -v /x t/d",
		"cannot archive 'd': overlay's attribute 'redirect' makes it depend on the layers below");
	expect_error(LAYER_DIFF_UPPER, "touch t/f && setfattr -n trusted.overlay.metacopy t/f",
		"cannot archive 'f': overlay's attribute 'metacopy' makes it depend on the layers below");
}

/* Of "known" alone, and not what is in it. */
static bool find(void *context, const char *path, const struct stat *st, const void **ret)
{
	(*(int *)context)++;
	if (strcmp(path, "d/known") != 0)
		return false;
	assert_int_equal(st->st_size, 4);
	*ret = "ours";
	return true;
}

static void test_content_from_elsewhere(void **state)
{
	_cleanup_close_ int directory_fd = -EBADF, archive_fd = -EBADF;
	struct layer_diff_report report;
	struct error err = ERROR_INIT;
	int asked = 0;
	const struct layer_diff_content content = { find, &asked };

	(void)state;
	shell_run("mkdir -p t/d && printf file >t/d/known && printf read >t/d/other && printf hard >t/d/two && ln t/d/two t/d/names && ln -s x t/d/link && "
		"chmod 640 t/d/known && touch -d @5 t/d/known");
	directory_fd = open_scratch("t", O_RDONLY | O_DIRECTORY);
	archive_fd = open_scratch("a.tar", O_WRONLY | O_CREAT | O_TRUNC);
	if (layer_diff_upper(directory_fd, &content, sink_to_file(&archive_fd), &report, &err) < 0)
		fail_msg("%s", err.message);
	/* Those with one name are asked for. */
	assert_int_equal(asked, 2);
	assert_int_equal(report.bytes, 12);
	assert_int_equal(report.members, 6);
	shell_run("test $(tar xOf a.tar d/known) = ours && test $(tar xOf a.tar d/other) = read && "
		"TZ=UTC tar tvf a.tar d/known | grep -q '^-rw-r-----.* 4 1970-01-01 00:00 d/known$'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_round_trip),
		shell_test(test_order_and_sockets),
		shell_test(test_changes_in_an_overlay),
		shell_test(test_live),
		shell_test(test_content_from_elsewhere),
		shell_test(test_errors),
	};

	return cmocka_run_group_tests_name("layer_diff", tests, NULL, NULL);
}
