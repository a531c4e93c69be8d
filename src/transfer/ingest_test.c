/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/ingest.h"

#include "base/file.h"
#include "spec/image_digest.h"
#include "store/blobs.h"
#include "store/digest.h"
#include "store/images.h"
#include "store/layers.h"
#include "store/scratch_test.h"
#include "store/verify.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- an image made by tar(1), for two platforms ---------------------------------------------- */

/*
 * Blobs come to lie in blobs/HEX, documents also under the names index, amd64
 * and arm64; FIRST_LAYER makes the base's archive "1.tar" of the directory 1.
 */
static void build_image(const char *first_layer)
{
	_cleanup_free_ char *script = str_printf(
		"mkdir -p blobs; cd blobs\n"
		"digest() { sha256sum \"$1\" | cut -d' ' -f1; }\n"
		"keep() { h=$(digest $1); cp $1 $h; size=$(stat -c %%s $1); echo $h; }\n"
		"mkdir -p 1/etc 2/etc/deep 3\n"
		"echo one >1/etc/one; echo two >2/etc/deep/two; head -c 1500000 /dev/urandom >3/noise; chmod 750 1/etc\n"
		"%s\n"
		"tar -C 2 -cf 2.tar etc/deep/two; tar -C 3 -cf 3.tar noise\n"
		"for i in 1 2 3; do gzip -nk1 $i.tar; gzip -n2 <$i.tar >other$i; done\n"
		"for p in amd64 arm64; do\n"
		"  diffs=; layers=\n"
		"  for i in 1 2 3; do\n"
		"    f=$i.tar.gz; [ $p = amd64 ] || f=other$i\n"
		"    diffs=$diffs,\\\"sha256:$(digest $i.tar)\\\"; h=$(keep $f)\n"
		"    layers=\"$layers,{\\\"mediaType\\\":\\\"application/vnd.oci.image.layer.v1.tar+gzip\\\",\\\"digest\\\":\\\"sha256:$h\\\",\\\"size\\\":$(stat -c %%s $f)}\"\n"
		"  done\n"
		"  echo \"{\\\"os\\\":\\\"linux\\\",\\\"architecture\\\":\\\"$p\\\",\\\"created\\\":\\\"2024-01-02T03:04:05Z\\\",\\\"rootfs\\\":{\\\"type\\\":\\\"layers\\\","
		"\\\"diff_ids\\\":[${diffs#,}]}}\" >config\n"
		"  echo \"{\\\"schemaVersion\\\":2,\\\"mediaType\\\":\\\"application/vnd.oci.image.manifest.v1+json\\\",\\\"config\\\":"
		"{\\\"mediaType\\\":\\\"application/vnd.oci.image.config.v1+json\\\",\\\"digest\\\":\\\"sha256:$(keep config)\\\",\\\"size\\\":$(stat -c %%s config)},"
		"\\\"layers\\\":[${layers#,}]}\" >$p; keep $p >/dev/null\n"
		"  manifests=\"$manifests,{\\\"mediaType\\\":\\\"application/vnd.oci.image.manifest.v1+json\\\",\\\"digest\\\":\\\"sha256:$(digest $p)\\\","
		"\\\"size\\\":$(stat -c %%s $p),\\\"platform\\\":{\\\"os\\\":\\\"linux\\\",\\\"architecture\\\":\\\"$p\\\"}}\"\n"
		"done\n"
		"echo \"{\\\"schemaVersion\\\":2,\\\"mediaType\\\":\\\"application/vnd.oci.image.index.v1+json\\\",\\\"manifests\\\":[${manifests#,}]}\" >index\n"
		"keep index >/dev/null; rm -rf 1 2 3",
		first_layer);

	shell_run(script);
}

static char master[sizeof shell_scratch];

/* Most tests have the same one, made once. */
static int build_master(void **state)
{
	if (shell_begin(state) < 0)
		return -1;
	build_image("tar -C 1 -cf 1.tar etc");
	memcpy(master, shell_scratch, sizeof master);
	return 0;
}

static int remove_master(void **state)
{
	memcpy(shell_scratch, master, sizeof master);
	return shell_end(state);
}

static void make_image(void)
{
	_cleanup_free_ char *script = str_printf("cp -a '%s/blobs' .", master);

	shell_run(script);
}

/* ---- a source that gives its files, and misbehaves ------------------------------------------------ */

struct folder {
	uint64_t break_at;      /* byte of a blob larger than that at which the source breaks off; 0: never */
	atomic_bool lies;       /* the last byte of such a blob is another */
	atomic_uint distrusted; /* how often it was; the first time it becomes honest */
	bool becomes_honest;
	bool knows_no_offsets;
	_Atomic uint64_t first_offset; /* that the last blob was opened at */
};

struct open_file {
	struct stream_file file;
	struct folder *folder;
	uint64_t position, size;
};

static char *path_of(const char *reference)
{
	return str_printf("%s/blobs/%s", shell_scratch, spec_digest_is_valid(reference) ? spec_digest_encoded(reference) : reference);
}

static int get_document(void *context _unused_, const char *reference, struct source_document *ret, struct error *err)
{
	_cleanup_free_ char *path = path_of(reference);
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	char text[DIGEST_TEXT_SIZE];
	int r = file_read_at(AT_FDCWD, path, 1 << 20, &ret->body);

	if (r < 0)
		return error_errno(err, -r, "cannot get '%s'", reference);
	digest_add(digest, ret->body.data, ret->body.length);
	digest_finish(digest, text);
	ret->digest = str_dup(text);
	return 0;
}

static int next_of_open(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct open_file *open_file = context;
	struct folder *folder = open_file->folder;
	int r = stream_next(stream_of_file(&open_file->file), ret_bytes, ret_length, err);

	if (r < 0 || *ret_length == 0)
		return r;
	if (folder->break_at && open_file->size > folder->break_at && open_file->position + *ret_length > folder->break_at) {
		*ret_length = open_file->position < folder->break_at ? (size_t)(folder->break_at - open_file->position) : 0;
		if (*ret_length == 0)
			return error_set(err, ERROR_UNAVAILABLE, ECONNRESET, "the source breaks off");
	}
	open_file->position += *ret_length;
	if (folder->lies && open_file->size > 1000000 && open_file->position == open_file->size)
		((uint8_t *)*ret_bytes)[*ret_length - 1] ^= 1;
	return 0;
}

/* One line for each blob that is opened: the processes of a test share it. */
static void note_opening(const char *digest)
{
	_cleanup_free_ char *path = str_printf("%s/opened", shell_scratch), *line = str_printf("%s\n", digest);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ignore_result(write(fd, line, strlen(line)));
}

static int open_blob(void *context, const struct spec_descriptor *blob, uint64_t offset, struct source_blob *ret, struct error *err)
{
	struct folder *folder = context;
	_cleanup_free_ char *path = path_of(blob->digest);
	struct open_file *open_file;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_errno(err, errno, "cannot get '%s'", blob->digest);
	note_opening(blob->digest);
	if (folder->knows_no_offsets)
		offset = 0;
	open_file = calloc(1, sizeof *open_file);
	*open_file = (struct open_file){ .file = { .fd = fd }, .folder = folder, .position = offset, .size = (uint64_t)status.st_size };
	lseek(fd, (off_t)offset, SEEK_SET);
	if (open_file->size > 1000000)
		folder->first_offset = offset;
	*ret = (struct source_blob){ { next_of_open, open_file }, offset, open_file };
	return 0;
}

static void close_blob(void *context _unused_, struct source_blob *blob)
{
	struct open_file *open_file = blob->state;

	close(open_file->file.fd);
	stream_file_done(&open_file->file);
	free(open_file);
}

static bool distrust(void *context, const char *digest _unused_)
{
	struct folder *folder = context;

	folder->lies = folder->lies && !folder->becomes_honest;
	return folder->distrusted++ == 0 && folder->becomes_honest;
}

static const struct source_ops folder_ops = { SPEC_TRANSFER_DOWNLOADING, get_document, open_blob, close_blob, distrust, NULL };

/* ---- ingesting --------------------------------------------------------------------------------------- */

static char host_os[] = "linux", host_architecture[] = "arm64";
static const struct spec_platform host = { .os = host_os, .architecture = host_architecture };

static int ingest_with(const struct store *store, struct folder *folder, const char *reference, unsigned properties, struct arena *arena,
		       struct ingest_report *ret, struct error *err)
{
	static char name[] = "docker.io/library/a:latest";
	char *const names[] = { name, NULL };
	const struct image_source source = { &folder_ops, folder };
	const struct ingest_request request = { .reference = reference, .title = "a", .names = names, .platform = &host, .properties = properties };

	return ingest_image(store, &source, &request, arena, ret, err);
}

static void ingest(const struct store *store, struct folder *folder, unsigned properties, struct arena *arena, struct ingest_report *ret)
{
	struct error err = ERROR_INIT;

	if (ingest_with(store, folder, "index", properties, arena, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void expect_failure(const struct store *store, struct folder *folder, const char *reference, int code, const char *words)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct ingest_report report;
	struct error err = ERROR_INIT;
	struct image image;

	assert_int_equal(ingest_with(store, folder, reference, INGEST_STRICT_PLATFORM, arena, &report, &err), code);
	if (!strstr(err.message, words))
		fail_msg("'%s' is not in: %s", words, err.message);
	assert_int_equal(image_find(store, arena, "a", &image, NULL), -EINVAL);
}

static void expect_sound(const struct store *store)
{
	const struct verify verify = { .found = NULL };
	size_t faults = 1;

	assert_int_equal(store_verify(store, &verify, &faults, NULL), 0);
	assert_int_equal(faults, 0);
}

static struct store open_store(void)
{
	_cleanup_free_ char *path = str_printf("%s/store", shell_scratch);
	struct store store = STORE_INIT;
	struct error err = ERROR_INIT;

	if (store_open(path, &store, &err) < 0)
		fail_msg("%s", err.message);
	return store;
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static void test_comes_in_once(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { 0 };
	struct ingest_report report;
	struct image image;

	make_image();
	_cleanup_store_ struct store store = open_store();
	ingest(&store, &folder, 0, arena, &report);
	assert_true(report.is_new);
	assert_in_range(report.fetched_bytes, 1500000, 1600000);
	assert_string_equal(report.platform, "linux/arm64");
	assert_int_equal(image_find(&store, arena, "a", &image, NULL), 0);
	assert_string_equal(image.target, report.target);
	assert_string_equal(image.created, "2024-01-02T03:04:05Z");
	assert_int_equal(image.size, 1500008);
	expect_sound(&store);
	shell_expect("cat store/layers/*/diff/etc/one store/layers/*/diff/etc/deep/two", "one\ntwo\n");
	/* The second layer has no member for etc: it is as in the first. */
	shell_expect("stat -c %a store/layers/*/diff/etc", "750\n750\n");
	shell_expect("ls store/partial store/staging store/leases", "store/leases:\n\nstore/partial:\n\nstore/staging:\n");
	ingest(&store, &folder, 0, arena, &report);
	assert_false(report.is_new);
	assert_int_equal(report.fetched_bytes, 0);
	shell_expect("wc -l <opened", "4\n");
}

static void test_all_platforms(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { 0 };
	struct ingest_report report;

	make_image();
	_cleanup_store_ struct store store = open_store();
	ingest(&store, &folder, INGEST_ALL_PLATFORMS, arena, &report);
	/* index, two manifests, two configurations, six layers */
	shell_expect("ls store/blobs/sha256 | wc -l; ls store/layers | wc -l", "11\n3\n");
	assert_string_equal(report.platform, "linux/arm64");
	expect_sound(&store);
}

static void test_breaks_off_and_goes_on(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { .break_at = 1200000 };
	struct ingest_report report;

	make_image();
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "index", -ECONNRESET, "the source breaks off");
	shell_expect("find store/partial -size +1000k -printf '%s\\n'", "1200000\n");
	folder.break_at = 0;
	ingest(&store, &folder, 0, arena, &report);
	assert_int_equal(folder.first_offset, 1200000);
	assert_in_range(report.fetched_bytes, 300000, 400000);
	expect_sound(&store);
}

/* What is there is of no use to a source that cannot begin behind it. */
static void test_source_without_offsets(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { .break_at = 1200000, .knows_no_offsets = true };
	struct ingest_report report;

	make_image();
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "index", -ECONNRESET, "the source breaks off");
	folder.break_at = 0;
	ingest(&store, &folder, 0, arena, &report);
	assert_in_range(report.fetched_bytes, 1500000, 1600000);
	expect_sound(&store);
}

/* A download that was damaged on the disk meanwhile does not stand in the way. */
static void test_damaged_beginning(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { .break_at = 1200000 };
	struct ingest_report report;

	make_image();
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "index", -ECONNRESET, "the source breaks off");
	shell_run("printf x | dd of=$(find store/partial -size +1000k) bs=1 seek=1000000 conv=notrunc 2>/dev/null");
	folder.break_at = 0;
	ingest(&store, &folder, 0, arena, &report);
	assert_int_equal(folder.first_offset, 0);
	expect_sound(&store);
}

static void test_lies_about_a_digest(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { .lies = true };
	struct ingest_report report;

	make_image();
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "index", -EBADMSG, "what came as the blob 'sha256:");
	/* Other layers may have been on their way. */
	shell_expect("ls store/staging; find store -type f -size +1000k", "");
	/* Another place has it. */
	folder.becomes_honest = true;
	folder.distrusted = 0;
	ingest(&store, &folder, 0, arena, &report);
	assert_int_equal(folder.distrusted, 1);
	expect_sound(&store);
}

static void test_hostile_layer(void **state _unused_)
{
	struct folder folder = { 0 };

	build_image("tar -C 1 --transform 's,^,../,' -Pcf 1.tar etc/one");
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "index", -EINVAL, "'../etc/one'");
	shell_expect("ls -A store/layers store/staging; find store -name \"*$(sha256sum <blobs/other1 | cut -c 1-64)\"", "store/layers:\n\nstore/staging:\n");
}

static void test_documents_that_do_not_fit(void **state _unused_)
{
	struct folder folder = { 0 };

	make_image();
	_cleanup_store_ struct store store = open_store();
	expect_failure(&store, &folder, "nothing", -ENOENT, "cannot get 'nothing'");
	expect_failure(&store, &folder, "amd64", -EINVAL, "there is none for the platform 'linux/arm64', but for: linux/amd64");
	shell_run("cd blobs; sed -i s/arm64/riscv64/ index");
	expect_failure(&store, &folder, "index", -EINVAL, "there is none for the platform 'linux/arm64', but for: linux/amd64, linux/riscv64");
	shell_run("cd blobs; sed 's/,{[^]]*]}/]}/' arm64 >short");
	expect_failure(&store, &folder, "short", -EINVAL, "has 1 layers, its configuration 3");
}

/* Several processes at once: all succeed, and nothing is fetched twice. */
static void test_concurrent(void **state _unused_)
{
	pid_t pids[3];

	make_image();
	_cleanup_store_ struct store store = open_store();
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct arena *arena = arena_new();
			struct folder folder = { 0 };
			struct ingest_report report;
			struct error err = ERROR_INIT;
			int r = ingest_with(&store, &folder, "index", 0, arena, &report, &err);

			if (r < 0)
				fprintf(stderr, "# %s\n", err.message);
			_exit(r < 0);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	shell_expect("sort opened | uniq -d; wc -l <opened", "4\n");
	expect_sound(&store);
}

/* ---- what is told ---------------------------------------------------------------------------------------- */

struct told {
	unsigned phases[SPEC_TRANSFER_PHASES];
	unsigned calls, give_up_after;
};

static int note_event(void *context, const struct spec_transfer_event *event, struct error *err)
{
	struct told *told = context;

	if (event->kind == SPEC_TRANSFER_ITEM)
		told->phases[event->phase]++;
	if (++told->calls == told->give_up_after)
		return error_errno(err, EPIPE, "nobody listens");
	return 0;
}

static void test_progress(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folder folder = { 0 };
	struct told told = { .give_up_after = 5 };
	const struct image_source source = { &folder_ops, &folder };
	struct ingest_request request = { .reference = "index", .title = "a", .platform = &host, .progress = { note_event, &told } };
	struct ingest_report report;
	struct error err = ERROR_INIT;

	make_image();
	_cleanup_store_ struct store store = open_store();
	assert_int_equal(ingest_image(&store, &source, &request, arena, &report, &err), -EPIPE);
	assert_string_equal(err.message, "nobody listens: broken pipe");
	told = (struct told){ 0 };
	assert_int_equal(ingest_image(&store, &source, &request, arena, &report, &err), 0);
	assert_int_equal(told.phases[SPEC_TRANSFER_WAITING], 3);
	assert_int_equal(told.phases[SPEC_TRANSFER_COMPLETE] + told.phases[SPEC_TRANSFER_EXISTS], 3);
	told = (struct told){ 0 };
	assert_int_equal(ingest_image(&store, &source, &request, arena, &report, &err), 0);
	assert_int_equal(told.phases[SPEC_TRANSFER_EXISTS], 3);
	assert_int_equal(told.phases[SPEC_TRANSFER_COMPLETE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		shell_test(test_comes_in_once),
		shell_test(test_all_platforms),
		shell_test(test_breaks_off_and_goes_on),
		shell_test(test_source_without_offsets),
		shell_test(test_damaged_beginning),
		shell_test(test_lies_about_a_digest),
		shell_test(test_hostile_layer),
		shell_test(test_documents_that_do_not_fit),
		shell_test(test_concurrent),
		shell_test(test_progress),
	};

	return cmocka_run_group_tests(tests, build_master, remove_master);
}
