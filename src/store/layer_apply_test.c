/* SPDX-License-Identifier: Apache-2.0 */
/* Against what GNU tar unpacks from the same archives, and against archives that want to do harm. */
#include "store/shell_test.h"

#include "base/file.h"
#include "store/layer_apply.h"
#include "store/layer_parents.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

static int open_scratch(const char *name, int flags)
{
	_cleanup_free_ char *path = str_printf("%s/%s", shell_scratch, name);
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		fail_msg("cannot open %s", path);
	return fd;
}

/* Applies ARCHIVE to the directory NAME of the scratch directory, which is made. */
static int apply_archive(const char *archive, const char *name, enum layer_form form, const struct layer_limits *limits,
	struct layer_report *report, struct error *err)
{
	_cleanup_close_ int scratch_fd = open_scratch("", O_RDONLY | O_DIRECTORY), archive_fd = -EBADF, directory_fd = -EBADF;
	_cleanup_stream_file_ struct stream_file file = { 0 };

	if (mkdirat(scratch_fd, name, 0755) == 0)
		assert_int_equal(fchmodat(scratch_fd, name, 0755, 0), 0);
	archive_fd = file.fd = open_scratch(archive, O_RDONLY);
	directory_fd = open_scratch(name, O_RDONLY | O_DIRECTORY);
	return layer_apply(directory_fd, stream_of_file(&file), form, limits, report, err);
}

/* The same of archive.tar. */
static int apply_to(const char *name, enum layer_form form, const struct layer_limits *limits, struct layer_report *report, struct error *err)
{
	return apply_archive("archive.tar", name, form, limits, report, err);
}

static void remove_scratch(const char *name)
{
	_cleanup_close_ int scratch_fd = open_scratch("", O_RDONLY | O_DIRECTORY);

	assert_int_equal(tree_remove_at(scratch_fd, name), 0);
}

static void apply(const char *name, enum layer_form form)
{
	_cleanup_layer_report_ struct layer_report report = { 0 };
	struct error err = ERROR_INIT;

	if (apply_to(name, form, &LAYER_LIMITS, &report, &err) < 0)
		fail_msg("%s", err.message);
}

/* PROGRAM (with its options) and we make the same of archive.tar. */
static void expect_same_as(const char *program)
{
	_cleanup_free_ char *command = str_printf("rm -rf a b; mkdir a && %s -x -C a -p --same-owner --numeric-owner -f archive.tar", program);
	_cleanup_free_ char *expected = NULL, *found = NULL;

	shell_run(command);
	apply("b", LAYER_FORM_OVERLAY);
	/* bsdtar leaves the time of the directory that it unpacks into. */
	if (str_starts_with(program, "bsdtar"))
		shell_run("touch -d @3 a b");
	expected = shell_list_tree("a", "");
	found = shell_list_tree("b", "");
	assert_non_null(strstr(found, "./"));
	assert_string_equal(found, expected);
}

#define MAKE_TREE "umask 022 && mkdir -p t/sub/deep t/sticky t/sgid t/locked && printf hello >t/file && ln t/file t/sub/hard && ln -s /etc/x t/soft && " \
	"ln -s nowhere t/sub/dangling && mkfifo t/fifo && head -c 300000 /dev/urandom >t/sub/big && : >t/empty && chmod 4755 t/file && " \
	"chmod 1777 t/sticky && printf y >t/sgid/f && chmod 0 t/empty && truncate -s 5000000 t/sparse && printf tail >>t/sparse && "

#define ROOT_TREE "mknod t/null c 1 3 && mknod t/disk b 259 7 && chown 3000000:2999999 t/sub/big && chown -h 7:8 t/soft t/null t/fifo && " \
	"chown 5:6 t/sgid && chmod 2770 t/sgid && chmod 000 t/locked && chown 1:2 t/file && chmod 6711 t/file && "

#define TIMES "find t -depth -exec touch -h -d '2001-02-03 04:05:06.123456789' {} + && touch -d @100000.25 t/empty && touch -d @1.5 t/sticky"

static void test_same_as_tar(void **state)
{
	static const char *const formats[] = { "gnu", "posix", "oldgnu" };

	(void)state;
	shell_need("getfattr");
	shell_need_root();
	shell_run(MAKE_TREE ROOT_TREE TIMES);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *command = str_printf("tar c --format=%s --sparse --numeric-owner -C t . >archive.tar", formats[i]);

		shell_run(command);
		expect_same_as("tar");
	}
}

static void test_same_as_tar_unprivileged(void **state)
{
	(void)state;
	shell_run(MAKE_TREE TIMES " && tar c --format=posix -C t . 2>/dev/null >archive.tar && rm -rf a && mkdir a && tar x -C a -p -f archive.tar");
	apply("b", LAYER_FORM_OVERLAY);
	_cleanup_free_ char *expected = shell_list_tree("a", ""), *found = shell_list_tree("b", "");

	assert_string_equal(found, expected);
}

static void test_archives_of_bsdtar(void **state)
{
	static const char *const formats[] = { "pax", "gnutar", "ustar" };

	(void)state;
	shell_need("getfattr");
	shell_need("bsdtar");
	shell_need_root();
	shell_run(MAKE_TREE ROOT_TREE TIMES " && chown 1:2 t/sub/big");
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_free_ char *command = str_printf("bsdtar -c -f archive.tar --format %s --numeric-owner -C t .", formats[i]);

		shell_run(command);
		expect_same_as("bsdtar");
	}
}

static void test_attributes(void **state)
{
	(void)state;
	shell_need("getfattr");
	shell_need("setfacl");
	shell_need_root();
	shell_run(MAKE_TREE
		"setfattr -n user.note -v text t/file && setfattr -n trusted.mark -v 0x00ff00 t/sub && setfattr -h -n trusted.link -v x t/soft && "
		"setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 t/sub/big && "
		"setfacl -m u:1000:rwx,g:77:r,m:rwx t/sub/big && setfacl -m u:5:rx -d -m u:6:rwx,g::rx,o::- t/sub/deep && "
		TIMES " && tar c --format=posix --xattrs --xattrs-include='*' --acls --numeric-owner --sort=name -C t . >archive.tar");
	expect_same_as("tar --xattrs --xattrs-include='*' --acls");
	_cleanup_free_ char *found = shell_list_tree("b", "");

	assert_non_null(strstr(found, "security.capability"));
	assert_non_null(strstr(found, "system.posix_acl_default"));
	assert_non_null(strstr(found, "trusted.link"));
}

#define PYTHON_FUNCTIONS "import tarfile, io, sys\n" \
	"def member(name, type=tarfile.REGTYPE, link='', data=b'', **fields):\n" \
	"    info = tarfile.TarInfo(name)\n" \
	"    info.type = type\n" \
	"    info.linkname = link\n" \
	"    info.size = len(data)\n" \
	"    for key, value in fields.items(): setattr(info, key, value)\n" \
	"    tar.addfile(info, io.BytesIO(data))\n" \
	"def d(name, **fields): member(name, tarfile.DIRTYPE, mode=fields.pop('mode', 0o755), **fields)\n" \
	"def s(name, link): member(name, tarfile.SYMTYPE, link)\n" \
	"def h(name, link): member(name, tarfile.LNKTYPE, link)\n" \
	"def f(name, data='', **fields): member(name, data=data.encode(), **fields)\n"

/* An archive by the functions above. */
#define PYTHON(body) "python3 - <<'END' >archive.tar\n" PYTHON_FUNCTIONS \
	"tar = tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=tarfile.PAX_FORMAT)\n" \
	body "\ntar.close()\nEND\n"

/* The names, types and contents that the directory has. */
static void expect_files(const char *name, const char *expected)
{
	_cleanup_free_ char *command = str_printf("cd %s && find . -mindepth 1 \\( -type f -printf '%%P=' -exec cat {} \\; -printf '\\n' \\) -o "
		"\\( -type l -printf '%%P->%%l\\n' \\) -o \\( -type c -printf '%%P:hidden\\n' \\) -o -mindepth 1 -printf '%%P\\n' | LC_ALL=C sort", name);
	_cleanup_free_ char *found = shell(command);

	assert_string_equal(found, expected);
}

/* Directories of NAME that are opaque, and hidden files are devices 0:0. */
static void expect_opaque(const char *name, const char *expected)
{
	_cleanup_free_ char *command = str_printf("cd %s && find . -type c | while read f; do [ $(stat -c %%t:%%T $f) = 0:0 ]; done && "
		"getfattr -R -m 'trusted.overlay' -d --absolute-names . | sed -n 's/^# file: //p; /^trusted/{/^trusted.overlay.opaque=\"y\"$/!p}' | LC_ALL=C sort",
		name);
	_cleanup_free_ char *found = shell(command);

	assert_string_equal(found, expected);
}

static const char lower_layer[] = PYTHON("d('dir'); d('dir/old'); f('dir/old/f', '1'); f('gone', '2'); f('file', '3'); d('wiped'); f('wiped/x', '4')\n"
	"d('replaced'); f('replaced/y', '5'); s('link', 'file'); f('both', '6'); d('late'); f('late/z', '7'); f('dir/stays', '8')\n"
	"d('turned'); f('turned/i', 'j')");
static const char upper_layer[] = PYTHON("f('.wh.gone'); d('wiped'); f('wiped/.wh..wh..opq'); f('wiped/new', 'a'); d('dir/'); f('dir/.wh.old')\n"
	"f('.wh.replaced'); d('replaced'); f('replaced/new', 'b'); f('both', 'c'); f('.wh.both')\n"
	"d('late'); f('late/own', 'd'); f('.wh.late'); f('.wh.link'); f('link', 'e'); f('.wh..wh.plnk'); f('.wh..wh.aufs/x'); f('.wh.absent')\n"
	"f('turned', 'k')");

static void test_whiteouts_for_overlay(void **state)
{
	(void)state;
	shell_need("python3");
	shell_need_root();
	shell_run(upper_layer);
	apply("upper", LAYER_FORM_OVERLAY);
	expect_files("upper", "absent:hidden\nboth=c\ndir\ndir/old:hidden\ngone:hidden\nlate\nlate/own=d\nlink=e\nreplaced\nreplaced/new=b\n"
		"turned=k\nwiped\nwiped/new=a\n");
	expect_opaque("upper", "./late\n./replaced\n./wiped\n");
}

static const char both_layers[] = "both=c\ndir\ndir/stays=8\nfile=3\nlate\nlate/own=d\nlink=e\nreplaced\nreplaced/new=b\nturned=k\nwiped\nwiped/new=a\n";

static void test_whiteouts_applied(void **state)
{
	(void)state;
	shell_need("python3");
	shell_run(lower_layer);
	apply("root", LAYER_FORM_FLAT);
	expect_files("root", "both=6\ndir\ndir/old\ndir/old/f=1\ndir/stays=8\nfile=3\ngone=2\nlate\nlate/z=7\nlink->file\nreplaced\nreplaced/y=5\n"
		"turned\nturned/i=j\nwiped\nwiped/x=4\n");
	shell_run(upper_layer);
	apply("root", LAYER_FORM_FLAT);
	expect_files("root", both_layers);
}

/* What comes and goes in a directory that the upper layer does not mention leaves its time as it was. */
static void test_times_of_lower_directories(void **state)
{
	(void)state;
	shell_need("python3");
	shell_run(PYTHON("for n in ('a', 'b', 'b/c', 'd', 'e', 'o'): d(n, mtime=100, mode=0o750)\nf('d/gone'); f('e/f', mtime=5); f('o/x'); d('.', mtime=99)"));
	apply("root", LAYER_FORM_FLAT);
	shell_run(PYTHON("f('a/new'); f('b/c/deep/new'); f('d/.wh.gone'); d('e', mtime=200, mode=0o700); f('e/f', '1'); f('o/.wh..wh..opq'); f('top')"));
	apply("root", LAYER_FORM_FLAT);
	shell_expect("cd root && stat -c '%n %Y %a' . a b b/c d e o", ". 99 755\na 100 750\nb 100 750\nb/c 100 750\nd 100 750\ne 200 700\no 100 750\n");
	shell_expect("cd root && [ $(stat -c %Y b/c/deep) -gt 1000 ] && find . -type f | LC_ALL=C sort", "./a/new\n./b/c/deep/new\n./e/f\n./top\n");
}

/* The kernel sees in an overlay mount of both layers what applying one over the other makes. */
static void test_overlay_agrees(void **state)
{
	(void)state;
	shell_need("python3");
	shell_need_root();
	shell_run("mkdir m && mount -t tmpfs none m && umount m || { echo '# missing: the right to mount' >&2; exit 77; }");
	shell_run(lower_layer);
	apply("lower", LAYER_FORM_OVERLAY);
	shell_run(upper_layer);
	apply("upper", LAYER_FORM_OVERLAY);
	shell_run("unshare -m sh -c 'mount -t overlay -o ro,lowerdir=upper:lower none m && cp -a m merged' || "
		"{ echo '# missing: overlay on this file system' >&2; exit 77; }");
	expect_files("merged", both_layers);
}

/* Several members of a name, members in an odd order, directories that nobody mentions. */
static void test_unusual_order(void **state)
{
	_cleanup_layer_report_ struct layer_report report = { 0 };
	struct error err = ERROR_INIT;

	(void)state;
	shell_need("python3");
	shell_run(PYTHON("f('a/b/c', '1'); d('a/b', mtime=5, mode=0o700); f('./x//y/', '2'); f('twice', '1'); f('twice', '2'); d('was'); f('was/in', '3')\n"
		"f('was', 'file'); f('will', '4'); d('will'); f('will/be', '5'); d('.', mtime=9, mode=0o711); d('re', mtime=1); d('re', mtime=2)\n"
		"h('hard', 'a/b/c'); s('soft', 'x'); h('hardsoft', './soft'); d('locked', mode=0); f('locked/f', '6'); d('links'); s('links', 'a/b')"));
	assert_int_equal(apply_to("root", LAYER_FORM_OVERLAY, &LAYER_LIMITS, &report, &err), 0);
	shell_run("[ $(stat -c %a root/locked) = 0 ] && chmod 755 root/locked");
	expect_files("root", "a\na/b\na/b/c=1\nhard=1\nhardsoft->x\nlinks->a/b\nlocked\nlocked/f=6\nre\nsoft->x\ntwice=2\nwas=file\nwill\nwill/be=5\n"
		"x\nx/y=2\n");
	shell_run("cd root && [ hard -ef a/b/c ] && [ $(stat -c %i soft) = $(stat -c %i hardsoft) ] && [ $(stat -c %a:%Y a/b) = 700:5 ] && "
		"[ $(stat -c %a:%Y .) = 711:9 ] && [ $(stat -c %Y re) = 2 ] && [ $(stat -c %a a) = 755 ]");
	assert_string_equal(report.implied[0], "a");
	assert_string_equal(report.implied[1], "x");
	assert_null(report.implied[2]);
	assert_int_equal(report.bytes, 12);
}

static void test_sparse_files_keep_their_holes(void **state)
{
	(void)state;
	shell_run("truncate -s 100000000 file && printf x | dd of=file bs=1 seek=50000000 conv=notrunc status=none && "
		"tar c --sparse --format=posix file >archive.tar");
	apply("root", LAYER_FORM_OVERLAY);
	shell_run("cmp file root/file && [ $(stat -c %s root/file) = 100000000 ] && [ $(stat -c %b root/file) -lt 1000 ]");
}

/* ---- archives that want to do harm --------------------------------------------------------------- */

static const struct {
	const char *members;
	const char *message;
} hostile[] = {
	{ "f('/etc/passwd', 'x')", "cannot unpack '/etc/passwd': an absolute name" },
	{ "f('../victim/f', 'x')", "cannot unpack '../victim/f': '..' in a name" },
	{ "d('a'); f('a/../../victim/f', 'x')", "'..' in a name" },
	{ "f('a/..', 'x')", "'..' in a name" },
	{ "s('l', '../victim'); f('l/f', 'x')", "cannot unpack 'l/f': 'l' on the way to it leads through a symbolic link" },
	{ "s('l', '/'); d('l/victim')", "leads through a symbolic link" },
	{ "s('l', '.'); d('l/l/l')", "leads through a symbolic link" },
	{ "d('d'); s('d/l', '../../victim'); f('d/l/deep/f', 'x')", "leads through a symbolic link" },
	{ "s('l', '../victim'); f('l/.wh.kept')", "leads through a symbolic link" },
	{ "s('l', '../victim'); f('l/.wh..wh..opq')", "leads through a symbolic link" },
	{ "h('l', '../victim/kept')", "cannot unpack 'l': a hard link to '../victim/kept': '..' in a name" },
	{ "h('l', '/etc/passwd')", "a hard link to '/etc/passwd': an absolute name" },
	{ "s('l', '../victim'); h('x', 'l/kept')", "a hard link to 'l/kept': too many levels of symbolic links" },
	{ "h('x', 'absent')", "a hard link to 'absent': no such file or directory" },
	{ "f('x'); h('x', 'x')", "a hard link to itself" },
	{ "d('d'); h('x', 'd')", "a hard link to 'd': operation not permitted" },
	{ "h('x', '.')", "a hard link to '.': that is no file" },
	{ "h('x', '.wh.y')", "a hard link to '.wh.y': that is no file" },
	{ "f('f', 'x'); f('f/g', 'y')", "cannot unpack 'f/g': 'f' on the way to it is no directory" },
	{ "f('.', 'x')", "the root is no directory" },
	{ "f('.wh.')", "a whiteout of nothing" },
	{ "f('a/.wh...')", "a whiteout of nothing" },
	{ "f('.wh.d/f')", "something inside a whiteout" },
	{ "member('c', tarfile.CHRTYPE, devmajor=0, devminor=0)", "a character device 0:0 is no device" },
	{ "f('f', pax_headers={'SCHILY.xattr.trusted.overlay.redirect': '/etc'})", "'trusted.overlay.redirect' belongs to overlay" },
	{ "d('d', pax_headers={'SCHILY.xattr.user.overlay.opaque': 'y'})", "'user.overlay.opaque' belongs to overlay" },
	{ "f('f', pax_headers={'SCHILY.acl.access': 'user::rwx,root'})", "a bad access control list" },
	{ "f('n' * 256)", "file name too long" },
	{ "f('/'.join(['n' * 200] * 21))", "a name of more than 4095 bytes" },
};

/* All archives by one process: hostile.0 and so on. */
static void make_hostile_archives(void)
{
	_cleanup_buf_ struct buf script = BUF_INIT;

	buf_add_text(&script, "python3 - <<'END'\n" PYTHON_FUNCTIONS);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		buf_printf(&script, "tar = tarfile.open('hostile.%zu', 'w', format=tarfile.PAX_FORMAT)\n%s\ntar.close()\n", i, hostile[i].members);
	buf_add_text(&script, "END");
	shell_run(script.data);
}

static void expect_refusal(size_t i, enum layer_form form)
{
	_cleanup_free_ char *archive = str_printf("hostile.%zu", i);
	_cleanup_layer_report_ struct layer_report report = { 0 };
	struct error err = ERROR_INIT;

	remove_scratch("root");
	if (apply_archive(archive, "root", form, &LAYER_LIMITS, &report, &err) >= 0)
		fail_msg("accepted: %s", hostile[i].members);
	if (!strstr(err.message, hostile[i].message) || !str_starts_with(err.message, "cannot unpack '"))
		fail_msg("expected '%s' in '%s'", hostile[i].message, err.message);
}

static void test_hostile_archives(void **state)
{
	static const enum layer_form forms[] = { LAYER_FORM_OVERLAY, LAYER_FORM_FLAT };

	(void)state;
	shell_need("python3");
	shell_need_root();
	shell_run("mkdir victim && printf kept >victim/kept && touch -d @1 victim/kept victim");
	make_hostile_archives();
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		for (size_t j = 0; j < ARRAY_SIZE(forms); j++)
			expect_refusal(i, forms[j]);
	shell_run("[ $(ls victim) = kept ] && [ $(cat victim/kept) = kept ] && [ $(stat -c %Y:%h victim/kept) = 1:1 ] && [ $(stat -c %Y victim) = 1 ]");
}

/* Links of a lower layer, when layers are applied over each other. */
static void test_links_of_lower_layers(void **state)
{
	static const struct {
		const char *archive, *message;
	} cases[] = {
		{ "upper.0", "cannot unpack 'l/f': 'l' on the way to it leads through a symbolic link" },
		{ "upper.1", "cannot unpack 'l/.wh.kept': 'l' on the way to it leads through a symbolic link" },
		{ "upper.2", "cannot unpack 'x': a hard link to 'l/kept': too many levels of symbolic links" },
		{ "upper.3", "cannot unpack 'd/up/f': 'd/up' on the way to it leads through a symbolic link" },
	};
	struct error err = ERROR_INIT;

	(void)state;
	shell_need("python3");
	shell_run("mkdir victim && printf kept >victim/kept && touch -d @1 victim/kept victim");
	shell_run(PYTHON("s('l', '../victim'); d('d'); s('d/up', '../../victim'); s('file', '../victim/kept')"));
	apply("root", LAYER_FORM_FLAT);
	shell_run("python3 - <<'END'\n" PYTHON_FUNCTIONS
		"for i, name in enumerate(('l/f', 'l/.wh.kept', 'x', 'd/up/f', 'file')):\n"
		"    tar = tarfile.open(f'upper.{i}', 'w', format=tarfile.PAX_FORMAT)\n"
		"    h(name, 'l/kept') if name == 'x' else f(name, 'y')\n"
		"    tar.close()\nEND");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_layer_report_ struct layer_report report = { 0 };

		assert_true(apply_archive(cases[i].archive, "root", LAYER_FORM_FLAT, &LAYER_LIMITS, &report, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
	}
	/* A file takes the place of a link, not of what that leads to. */
	_cleanup_layer_report_ struct layer_report report = { 0 };

	assert_int_equal(apply_archive("upper.4", "root", LAYER_FORM_FLAT, &LAYER_LIMITS, &report, &err), 0);
	shell_expect("cat root/file victim/kept; ls victim; stat -c %Y:%h victim/kept; stat -c %Y victim", "ykeptkept\n1:1\n1\n");
}

static void test_limits(void **state)
{
	static const struct {
		struct layer_limits limits;
		const char *message;
	} cases[] = {
		{ { .members = 2, .bytes = 100, .name_bytes = 1000 }, "cannot unpack 'c/': the layer has more than 2 members" },
		{ { .members = 9, .bytes = 5, .name_bytes = 1000 }, "cannot unpack 'b': the files of the layer have more than 5 bytes" },
		{ { .members = 9, .bytes = 100, .name_bytes = 20 }, "cannot unpack 'c/': the layer has too many directories" },
	};

	(void)state;
	shell_need("python3");
	shell_run(PYTHON("f('a', '123'); f('b', '456'); d('c')"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_layer_report_ struct layer_report report = { 0 };
		struct error err = ERROR_INIT;

		remove_scratch("root");
		assert_true(apply_to("root", LAYER_FORM_OVERLAY, &cases[i].limits, &report, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
	}
}

/* Without root, devices are refused with the reason. */
static void test_devices_need_root(void **state)
{
	_cleanup_layer_report_ struct layer_report report = { 0 };
	struct error err = ERROR_INIT;
	int r;

	(void)state;
	shell_need("python3");
	shell_need_root();
	shell_run(PYTHON("member('null', tarfile.CHRTYPE, devmajor=1, devminor=3)") "chmod 755 . && chmod 644 archive.tar && install -d -o 65534 root");
	assert_int_equal(seteuid(65534), 0);
	r = apply_to("root", LAYER_FORM_OVERLAY, &LAYER_LIMITS, &report, &err);
	assert_int_equal(seteuid(0), 0);
	assert_true(r < 0);
	assert_string_equal(err.message, "cannot unpack 'null': cannot make a device: operation not permitted");
	assert_string_equal(err.hint, "device nodes can be made by root of the host only");
}

/* ---- implied directories ------------------------------------------------------------------------------ */

static void test_implied_directories(void **state)
{
	_cleanup_layer_report_ struct layer_report report = { 0 };
	_cleanup_close_ int top_fd = -EBADF, middle_fd = -EBADF, bottom_fd = -EBADF;
	struct error err = ERROR_INIT;
	static const char linked[] = "cannot unpack into 'l': it is a symbolic link in a layer below";

	(void)state;
	shell_need("python3");
	shell_need_root();
	shell_run(PYTHON("d('a', uid=7, gid=8, mode=0o2750, mtime=11, pax_headers={'SCHILY.xattr.trusted.x': 'y'}); d('a/b', uid=9, mode=0o700, mtime=12)\n"
		"d('o'); d('o/p', uid=5); d('w', uid=6); s('l', 'a'); d('hides', uid=3); s('hides/in', '/')"));
	apply("bottom", LAYER_FORM_OVERLAY);
	shell_run(PYTHON("d('a', uid=17, mtime=21); f('o/.wh..wh..opq'); f('.wh.w')"));
	apply("middle", LAYER_FORM_OVERLAY);
	shell_run(PYTHON("f('a/b/c'); f('o/p/q'); f('w/x'); f('none/x')"));
	assert_int_equal(apply_to("top", LAYER_FORM_OVERLAY, &LAYER_LIMITS, &report, &err), 0);
	top_fd = open_scratch("top", O_RDONLY | O_DIRECTORY);
	middle_fd = open_scratch("middle", O_RDONLY | O_DIRECTORY);
	bottom_fd = open_scratch("bottom", O_RDONLY | O_DIRECTORY);
	if (layer_parents_adopt(top_fd, report.implied, (int[]){ middle_fd, bottom_fd }, 2, &err) < 0)
		fail_msg("%s", err.message);
	_cleanup_free_ char *found = shell("cd top && stat -c '%n %u:%g %a %Y' a a/b && stat -c '%n %u:%g %a' o/p w none");

	assert_string_equal(found, "a 17:0 755 21\na/b 9:0 700 12\no/p 0:0 755\nw 0:0 755\nnone 0:0 755\n");
	if (layer_parents_adopt(top_fd, report.implied, &bottom_fd, 1, &err) < 0)
		fail_msg("%s", err.message);
	shell_run("cd top && [ \"$(stat -c '%u:%g %a' a)\" = '7:8 2750' ] && getfattr -n trusted.x a >/dev/null && [ $(stat -c %u w) = 6 ]");
	layer_report_done(&report);
	shell_run(PYTHON("f('l/x')"));
	assert_int_equal(apply_to("links", LAYER_FORM_OVERLAY, &LAYER_LIMITS, &report, &err), 0);
	close(top_fd);
	top_fd = open_scratch("links", O_RDONLY | O_DIRECTORY);
	assert_true(layer_parents_adopt(top_fd, report.implied, (int[]){ middle_fd, bottom_fd }, 2, &err) < 0);
	assert_string_equal(err.message, linked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_same_as_tar),
		shell_test(test_same_as_tar_unprivileged),
		shell_test(test_archives_of_bsdtar),
		shell_test(test_attributes),
		shell_test(test_whiteouts_for_overlay),
		shell_test(test_whiteouts_applied),
		shell_test(test_times_of_lower_directories),
		shell_test(test_overlay_agrees),
		shell_test(test_unusual_order),
		shell_test(test_sparse_files_keep_their_holes),
		shell_test(test_hostile_archives),
		shell_test(test_links_of_lower_layers),
		shell_test(test_limits),
		shell_test(test_devices_need_root),
		shell_test(test_implied_directories),
	};

	return cmocka_run_group_tests_name("layer_apply", tests, NULL, NULL);
}
