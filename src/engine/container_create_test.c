/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/containers.h"
#include "engine/container_removal.h"
#include "engine/container_scratch_test.h"
#include "engine/image_scratch_test.h"

#include <sys/stat.h>

#define LIST(...) ((char **)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

/* One image, "debian:latest", in the scratch directory's store. */
static void put_image(void)
{
	static const struct sample sample = { "docker.io/library/debian:latest", 'a', "12", "2024-05-01T00:00:00Z", "{\"role\":\"base\"}" };
	const struct directories directories = scratch_directories();
	_cleanup_store_ struct store store = STORE_INIT;

	assert_int_equal(store_open(directories.images, &store, NULL), 0);
	sample_put(&store, &sample);
}

static struct spec_container ask(const char *name)
{
	return (struct spec_container){ .name = (char *)name, .config = { .image = (char *)"debian" } };
}

/* The record of what was made; fails the test if nothing was. */
static const struct spec_container *make(struct arena *arena, const struct spec_container *asked, bool replace)
{
	const struct directories directories = scratch_directories();
	const struct container_create_request request = { .directories = &directories, .asked = asked, .replace = replace, .pull = "never" };
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct error err = ERROR_INIT;
	const char *id = NULL;

	if (container_create(arena, &request, &id, &err) < 0 || container_record_open(arena, &directories, id, &record, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(record.state->status, SPEC_CONTAINER_CREATED);
	return record.container;
}

static void assert_refused(const struct spec_container *asked, const char *message)
{
	const struct directories directories = scratch_directories();
	const struct container_create_request request = { .directories = &directories, .asked = asked, .pull = "never" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *id = NULL;

	assert_true(container_create(arena, &request, &id, &err) < 0);
	assert_string_equal(err.message, message);
	assert_int_equal(err.exit_status, 125);
	shell_run("test \"$(ls -A containers 2>/dev/null | grep -v '^\\.' | wc -l)\" = \"$(ls -A names 2>/dev/null | wc -l)\"");
	shell_expect("ls -A containers 2>/dev/null | grep '^\\.' || true", "");
}

static void test_a_record_is_whole(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container asked = ask("web");
	const struct spec_container *container;

	put_image();
	asked.config.volumes = LIST("/data");
	container = make(arena, &asked, false);
	assert_string_equal(container->name, "web");
	assert_string_equal(container->image_name, "docker.io/library/debian:latest");
	assert_string_equal(container->image_id, sample_digest(arena, 'a', '2'));
	assert_string_equal(container->image_manifest, sample_digest(arena, 'a', '1'));
	assert_string_equal(container->image_top_layer, sample_digest(arena, '2', 'c'));
	assert_string_equal(container->config.command[0], "sh");
	assert_string_equal(container->config.hostname, arena_strndup(arena, container->id, 12));
	assert_string_equal(container->config.labels[0].value, "base");
	assert_int_equal(container->host.mount_count, 1);
	assert_true(container->host.mounts[0].anonymous);
	assert_true(container_id_is_valid(container->host.mounts[0].source));
	shell_expect("ls containers/*", "container.json\nlog\nroot\n");
	shell_expect("stat -c %a containers/*", "700\n");
	shell_expect("readlink names/web | cut -c1-14", "../containers/\n");
	shell_expect("ls images/leases", "");
	shell_expect("grep '\"Action\":\"create\"' run/events | grep -o '\"Type\":\"[a-z]*\"'", "\"Type\":\"container\"\n\"Type\":\"volume\"\n");
	shell_expect("ls volumes", arena_printf(arena, "%s\n", container->host.mounts[0].source));
}

static void test_names(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container web = ask("web"), nameless = ask(NULL);
	const struct spec_container *first, *second;

	put_image();
	first = make(arena, &nameless, false);
	assert_non_null(strchr(first->name, '_'));
	first = make(arena, &web, false);
	assert_refused(&web, arena_printf(arena, "the name 'web' is already in use by the container '%.12s'", first->id));
	second = make(arena, &web, true);
	assert_string_not_equal(first->id, second->id);
	shell_expect("ls -A containers | wc -l", "2\n");
}

static void test_refusals_leave_nothing(void **state _unused_)
{
	struct spec_container missing = { .config = { .image = (char *)"nothing" } }, bad_name = ask("a"), bad_mode = ask(NULL), bad_requires = ask(NULL);
	struct spec_container bad_from = ask(NULL), nothing = { .name = NULL }, bad_text = ask(NULL), bad_label = ask(NULL);
	struct spec_pair label = { (char *)"caf\xe9", (char *)"" };

	put_image();
	bad_mode.host.network_mode = (char *)"container:nobody";
	bad_requires.host.requires = LIST("nobody");
	bad_from.host.volumes_from = LIST("x:rx");
	assert_refused(&missing, "no such image 'nothing'");
	assert_refused(&bad_name, "invalid container name 'a'");
	assert_refused(&bad_mode, "no such container 'nobody'");
	assert_refused(&bad_requires, "no such container 'nobody'");
	assert_refused(&bad_from, "invalid --volumes-from 'x:rx': expected CONTAINER, with :ro or :rw behind it");
	/* What JSON cannot hold would be something else in the container. */
	bad_text.config.command = LIST("cat", "caf\xe9");
	assert_refused(&bad_text, "'caf?' is no UTF-8, which is all that the description of a container can hold");
	bad_label.config.labels = &label;
	bad_label.config.label_count = 1;
	assert_refused(&bad_label, "'caf?' is no UTF-8, which is all that the description of a container can hold");
	assert_refused(&nothing, "neither an image nor a root file system was named");
}

static void test_platforms(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	struct spec_container asked = ask("web");
	const struct container_create_request request = { .directories = &directories, .asked = &asked, .pull = "never", .platform = "linux/s390x" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct error err = ERROR_INIT;
	const char *id = NULL;

	put_image();
	assert_true(container_create(arena, &request, &id, &err) < 0);
	assert_string_equal(err.message, "the image 'debian' is here for linux/amd64, not for linux/s390x");
}

static void test_others_are_named_by_id(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container first = ask("first"), second = ask("second");
	struct spec_container_mount mounts[] = {
		{ .kind = SPEC_MOUNT_VOLUME, .source = (char *)"data", .target = (char *)"/data" },
		{ .kind = SPEC_MOUNT_TMPFS, .target = (char *)"/tmp" },
	};
	const struct spec_container *one, *other;

	put_image();
	first.host.mounts = mounts;
	first.host.mount_count = 2;
	one = make(arena, &first, false);
	second.host.network_mode = (char *)"container:first";
	second.host.requires = LIST("first");
	second.host.volumes_from = LIST("first:ro");
	other = make(arena, &second, false);
	assert_string_equal(other->host.network_mode, arena_printf(arena, "container:%s", one->id));
	assert_string_equal(other->host.requires[0], one->id);
	assert_int_equal(other->host.mount_count, 1);
	assert_string_equal(other->host.mounts[0].source, "data");
	assert_true(other->host.mounts[0].read_only);
	assert_null(other->config.hostname);
}

/* ---- removing ------------------------------------------------------------------------------- */

/* Shell: a whole volume of that name. */
#define MAKE_VOLUME "make_volume() { mkdir -p volumes/$1/_data && echo \"{\\\"Name\\\":\\\"$1\\\"}\" >volumes/$1/volume.json; }; "

static char *remove_it(struct arena *arena, const char *name, unsigned flags)
{
	const struct directories directories = scratch_directories();
	struct error err = ERROR_INIT;

	if (container_remove(&directories, name, flags, &err) == 0)
		return arena_strdup(arena, "");
	return arena_printf(arena, "%s%s%s", err.message, err.hint[0] ? "; " : "", err.hint);
}

static void test_removal_leaves_nothing(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container asked = ask("web");

	put_image();
	asked.config.volumes = LIST("/data");
	make(arena, &asked, false);
	scratch_put("kept", 'c', NULL);
	shell_run(MAKE_VOLUME "make_volume $(grep -o '\"Source\":\"[0-9a-f]*' containers/*/container.json | cut -d'\"' -f4); mkdir volumes/other; "
		  "mkdir -p containers/$(basename $(readlink names/web))/root/upper/a/b");
	assert_string_equal(remove_it(arena, "web", CONTAINER_REMOVE_VOLUMES), "");
	shell_expect("ls -A containers names volumes", arena_printf(arena, "containers:\n%s\n\nnames:\nkept\n\nvolumes:\nother\n", scratch_id(arena, 'c')));
	shell_expect("grep '\"Action\":\"destroy\"' run/events | grep -o '\"Type\":\"[a-z]*\"'", "\"Type\":\"container\"\n\"Type\":\"volume\"\n");
	assert_string_equal(remove_it(arena, "web", 0), "no such container 'web'");
	assert_string_equal(remove_it(arena, "web", CONTAINER_REMOVE_FORCE), "");
}

/* An anonymous volume that another container took by --volumes-from stays. */
static void test_a_volume_in_use_stays(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container first = ask("first"), second = ask("second");

	put_image();
	first.config.volumes = LIST("/data");
	make(arena, &first, false);
	second.host.volumes_from = LIST("first");
	make(arena, &second, false);
	shell_run(MAKE_VOLUME "make_volume $(grep -ho '\"Source\":\"[0-9a-f]*' containers/*/container.json | head -n 1 | cut -d'\"' -f4)");
	assert_string_equal(remove_it(arena, "first", CONTAINER_REMOVE_VOLUMES), "");
	shell_expect("ls volumes | wc -l", "1\n");
	assert_string_equal(remove_it(arena, "second", CONTAINER_REMOVE_VOLUMES), "");
	shell_expect("ls volumes | wc -l", "0\n");
}

static void test_what_cannot_be_removed(void **state _unused_)
{
	const struct spec_container_state running = { .status = SPEC_CONTAINER_RUNNING, .started = (char *)"2024-01-01T00:00:00Z" };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container needs = { .host = { .requires = LIST(scratch_id(arena, 'a')) } };
	int lock;

	scratch_put("web", 'a', NULL);
	scratch_put("app", 'b', &needs);
	assert_string_equal(remove_it(arena, "web", 0), "cannot remove the container 'web': 'app' depends on it; remove that first, or use --force");
	assert_string_equal(remove_it(arena, "web", CONTAINER_REMOVE_AUTO), "the container 'web' is not to be removed at its end");
	assert_string_equal(remove_it(arena, "app", 0), "");
	scratch_put_state('a', &running, true);
	lock = scratch_supervise('a');
	assert_string_equal(remove_it(arena, "web", 0), "cannot remove the container 'web': it is running; stop it first, or use --force");
	assert_string_equal(remove_it(arena, "web", CONTAINER_REMOVE_AUTO), "the container 'web' has been started again");
	close(lock);
	/* Lost with its supervisor: nothing holds it, and what is volatile goes, too. */
	assert_string_equal(remove_it(arena, "web", 0), "");
	shell_expect("ls -A containers run/containers", "containers:\n\nrun/containers:\n");
}

/* A command killed at any step leaves what the next one removes. */
static void test_half_done_work_is_finished(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_container_mount mount = { .kind = SPEC_MOUNT_VOLUME, .source = (char *)"v1", .target = (char *)"/v", .anonymous = true };
	struct spec_container with_volume = { .host = { .mounts = &mount, .mount_count = 1 } };

	scratch_put("one", 'a', &with_volume);
	scratch_put("two", 'b', &with_volume);
	scratch_put("three", 'c', NULL);
	shell_run(MAKE_VOLUME "make_volume v1; mkdir -p containers/.new-x/root; for x in a b; do mv containers/$x* containers/.gone-$(basename containers/$x*); done; "
		  "mv containers/.gone-b* $(echo containers/.gone-b*)-volumes; mkdir containers/.other");
	container_removal_sweep(&directories);
	shell_expect("ls -A containers names volumes", arena_printf(arena, "containers:\n.other\n%s\n\nnames:\nthree\n\nvolumes:\n", scratch_id(arena, 'c')));
}

static void test_what_somebody_is_at_is_left(void **state _unused_)
{
	const struct directories directories = scratch_directories();
	int maker;

	shell_run("mkdir -p containers/.new-x");
	maker = open(shell_scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(maker >= 0);
	assert_int_equal(fchdir(maker), 0);
	close(maker);
	maker = open("containers/.new-x", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(maker, LOCK_EX), 0);
	container_removal_sweep(&directories);
	shell_expect("ls -A containers", ".new-x\n");
	close(maker);
	container_removal_sweep(&directories);
	shell_expect("ls -A containers", "");
	assert_int_equal(chdir("/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_a_record_is_whole),
		SCRATCH_TEST(test_names),
		SCRATCH_TEST(test_refusals_leave_nothing),
		SCRATCH_TEST(test_platforms),
		SCRATCH_TEST(test_others_are_named_by_id),
		SCRATCH_TEST(test_removal_leaves_nothing),
		SCRATCH_TEST(test_a_volume_in_use_stays),
		SCRATCH_TEST(test_what_cannot_be_removed),
		SCRATCH_TEST(test_half_done_work_is_finished),
		SCRATCH_TEST(test_what_somebody_is_at_is_left),
	};

	return cmocka_run_group_tests_name("container_create", tests, NULL, NULL);
}
