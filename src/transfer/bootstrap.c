/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap: a base image from Debian's packages, for machines that reach no registry. */
#include "base/file.h"
#include "base/moment.h"
#include "store/layers.h"
#include "store/tar_index.h"
#include "transfer/busybox_root.h"
#include "transfer/confine.h"
#include "transfer/new_image.h"
#include "transfer/platform.h"
#include "transfer/program.h"
#include "transfer/spool.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define BUSYBOX "/bin/busybox"
#define BUSYBOX_PACKAGE "busybox-static"

struct bootstrap_request {
	const char *architecture;
};

static const struct option_entry bootstrap_entries[] = {
	{ "arch", 0, OPTION_STRING, 0, offsetof(struct bootstrap_request, architecture), "ARCH", "for machines of that architecture; default: this one's" },
	{ 0 },
};

struct bootstrap {
	const struct transfer_globals *globals;
	const struct store *store;
	struct arena *arena;
	struct spec_platform platform;
	const char *debian_architecture;
	bool is_foreign;
	int layer_fd;  /* a spool: the archive of the root file system */
	char *created;
	char *created_by;
	const char *other_name; /* that it gets, too; or NULL */
};

/* What Debian calls them. */
static const struct {
	const char *architecture, *variant, *debian;
} architectures[] = {
	{ "386", NULL, "i386" },
	{ "amd64", NULL, "amd64" },
	{ "arm", "v5", "armel" },
	{ "arm", "v7", "armhf" },
	{ "arm64", NULL, "arm64" },
	{ "loong64", NULL, "loong64" },
	{ "mips64le", NULL, "mips64el" },
	{ "mipsle", NULL, "mipsel" },
	{ "ppc64le", NULL, "ppc64el" },
	{ "riscv64", NULL, "riscv64" },
	{ "s390x", NULL, "s390x" },
};

/* TEXT as Debian has it, as Go has it, or as uname(1) says it; NULL: this machine's. */
static int choose_architecture(struct bootstrap *bootstrap, const char *text, struct error *err)
{
	struct spec_platform host;
	int r = platform_choose(bootstrap->arena, NULL, &host, err);

	for (size_t i = 0; text && i < ARRAY_SIZE(architectures); i++)
		if (str_equal(text, architectures[i].debian))
			text = arena_printf(bootstrap->arena, "%s%s%s", architectures[i].architecture, architectures[i].variant ? "/" : "",
				architectures[i].variant ? architectures[i].variant : "");
	if (r == 0)
		r = platform_choose(bootstrap->arena, text ? arena_printf(bootstrap->arena, "linux/%s", text) : NULL, &bootstrap->platform, err);
	if (r < 0)
		return r;
	bootstrap->is_foreign = spec_platform_rank(&host, &bootstrap->platform) == SPEC_PLATFORM_NO_MATCH;
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
		if (str_equal(architectures[i].architecture, bootstrap->platform.architecture) &&
		    (!architectures[i].variant || !bootstrap->platform.variant || str_equal(architectures[i].variant, bootstrap->platform.variant)))
			bootstrap->debian_architecture = architectures[i].debian;
	if (bootstrap->debian_architecture)
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, 0, "there is no Debian for %s", spec_platform_text(bootstrap->arena, &bootstrap->platform));
}

static void tell_line(void *context, const char *line)
{
	const struct bootstrap *bootstrap = context;

	session_tell_status(bootstrap->globals, "%s", str_starts_with(line, "I: ") ? line + strlen("I: ") : line);
}

/* ---- busybox ---------------------------------------------------------------------- */

/* The program's bytes, and since when they are so. */
struct busybox {
	struct buf bytes;
	time_t mtime;
};

static int run_quietly(const struct bootstrap *bootstrap, const char *const *arguments, const char *directory, int output_fd, struct error *err)
{
	const struct program program = { .arguments = arguments, .directory = directory, .output_fd = output_fd };

	session_tell_status(bootstrap->globals, "%s %s", arguments[0], arguments[1]);
	return program_run(&program, err);
}

/*
 * With lists of packages of our own, in DIRECTORY, so that neither those of the
 * machine nor its choice of architectures matter or change.
 */
static int apt_get(const struct bootstrap *bootstrap, const char *directory, const char *verb, const char *package, struct error *err)
{
	struct arena *arena = bootstrap->arena;
	const char *const arguments[] = {
		"apt-get", verb, "--quiet",
		"--option", arena_printf(arena, "APT::Architecture=%s", bootstrap->debian_architecture),
		"--option", arena_printf(arena, "APT::Architectures=%s", bootstrap->debian_architecture),
		"--option", arena_printf(arena, "Dir::State=%s", directory),
		"--option", arena_printf(arena, "Dir::State::status=%s/status", directory),
		"--option", arena_printf(arena, "Dir::Cache=%s", directory),
		"--option", "APT::Sandbox::User=",
		"--option", "Acquire::Languages=none",
		"--option", "Debug::NoLocking=1",
		package, NULL,
	};

	return run_quietly(bootstrap, arguments, directory, -1, err);
}

static int find_package(void *context, const char *name)
{
	char **ret = context;
	size_t length = strlen(name);

	if (length < 4 || !str_equal(name + length - 4, ".deb"))
		return 0;
	*ret = str_dup(name);
	return 1;
}

/* Busybox out of the package's archive in the file FD. */
static int read_member(int fd, struct buf *ret, struct error *err)
{
	static const char *const names[] = { "bin/busybox", "usr/bin/busybox" };
	_cleanup_tar_index_ struct tar_index *index = NULL;
	_cleanup_spool_part_ struct spool_part part = { .fd = fd };
	struct tar_span span = { .size = 0 };
	int r = tar_index_read(fd, &index, err);

	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(names); i++)
		r = tar_index_find(index, names[i], &span, NULL);
	if (r < 0 || span.size > BUSYBOX_LIMIT)
		return error_set(err, ERROR_NOT_FOUND, 0, "the package '" BUSYBOX_PACKAGE "' has no busybox");
	part.offset = span.offset;
	part.left = span.size;
	return stream_copy(spool_stream(&part), sink_to_buf(ret), UINT64_MAX, NULL, err);
}

static int unpack_package(const struct bootstrap *bootstrap, const char *directory, struct busybox *ret, struct error *err)
{
	_cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	_cleanup_free_ char *name = NULL;
	struct stat status;
	int r;

	if (directory_fd < 0 || file_each_name(directory_fd, find_package, &name) <= 0 || fstatat(directory_fd, name, &status, 0) < 0)
		return error_set(err, ERROR_NOT_FOUND, 0, "apt-get has downloaded no package");
	r = spool_open(bootstrap->store, &fd, err);
	if (r == 0)
		r = run_quietly(bootstrap, (const char *const[]){ "dpkg-deb", "--fsys-tarfile", name, NULL }, directory, fd, err);
	ret->mtime = status.st_mtime; /* as the archive says; the same for the same package */
	return r < 0 ? r : read_member(fd, &ret->bytes, err);
}

/* The package of another architecture, or one that is not installed here. */
static int download_busybox(const struct bootstrap *bootstrap, struct busybox *ret, struct error *err)
{
	_cleanup_layer_stage_ struct layer_stage stage = LAYER_STAGE_INIT; /* a directory that goes with us */
	_cleanup_free_ char *directory = NULL, *absolute = NULL;
	int r = layer_begin(bootstrap->store, &stage, err);

	if (r < 0)
		return r;
	directory = str_printf("%s/staging/%s/diff", bootstrap->store->path, stage.name);
	absolute = realpath(directory, NULL);
	if (!absolute || file_replace_at(stage.diff_fd, "status", "", 0, 0644) < 0 || mkdirat(stage.diff_fd, "lists", 0755) < 0)
		return error_errno(err, errno, "cannot use the directory '%s'", directory);
	r = apt_get(bootstrap, absolute, "update", NULL, err);
	if (r == 0)
		r = apt_get(bootstrap, absolute, "download", BUSYBOX_PACKAGE, err);
	return r < 0 ? error_wrap(err, "cannot get the package '" BUSYBOX_PACKAGE ":%s'", bootstrap->debian_architecture) :
		       unpack_package(bootstrap, absolute, ret, err);
}

/* The installed one, if it is what is wanted. */
static const char *read_installed(const struct bootstrap *bootstrap, struct busybox *ret)
{
	struct stat status;
	const char *words;

	if (stat(BUSYBOX, &status) < 0 || file_read_regular_at(AT_FDCWD, BUSYBOX, BUSYBOX_LIMIT, &ret->bytes) < 0)
		return "not installed";
	words = busybox_root_refuse(ret->bytes.data, ret->bytes.length, &bootstrap->platform);
	ret->mtime = status.st_mtime;
	if (words)
		ret->bytes.length = 0;
	return words;
}

static int find_busybox(const struct bootstrap *bootstrap, struct busybox *ret, struct error *err)
{
	const char *words = read_installed(bootstrap, ret);
	int r;

	if (!words)
		return 0;
	session_tell_status(bootstrap->globals, "'" BUSYBOX "' is %s: getting '" BUSYBOX_PACKAGE ":%s'", words, bootstrap->debian_architecture);
	r = download_busybox(bootstrap, ret, err);
	if (r < 0) {
		if (!bootstrap->is_foreign)
			error_hint(err, "install the package " BUSYBOX_PACKAGE);
		return r;
	}
	words = busybox_root_refuse(ret->bytes.data, ret->bytes.length, &bootstrap->platform);
	return words ? error_set(err, ERROR_INVALID, 0, "busybox of the package '" BUSYBOX_PACKAGE ":%s' is %s", bootstrap->debian_architecture, words) : 0;
}

static int make_busybox(struct bootstrap *bootstrap, const char *suite _unused_, struct error *err)
{
	_cleanup_(buf_done) struct buf created = BUF_INIT;
	struct busybox busybox = { .bytes = BUF_INIT };
	int r = find_busybox(bootstrap, &busybox, err);

	if (r == 0)
		r = busybox_root_write(busybox.bytes.data, busybox.bytes.length, busybox.mtime, sink_to_file(&bootstrap->layer_fd), err);
	buf_done(&busybox.bytes);
	if (r < 0)
		return r;
	/* So the same package makes the same image, whenever. */
	moment_add(&(struct timespec){ .tv_sec = busybox.mtime }, &created);
	bootstrap->created = arena_strndup(bootstrap->arena, created.data, created.length);
	return 0;
}

/* ---- debian ------------------------------------------------------------------------- */

static const struct {
	const char *version, *suite;
} releases[] = {
	{ "10", "buster" }, { "11", "bullseye" }, { "12", "bookworm" }, { "13", "trixie" }, { "14", "forky" }, { "latest", NULL },
};

/* A value of os-release(5), without quotes; NULL if it does not say it. */
static char *os_release(struct arena *arena, const char *key)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *line, *place = NULL;
	size_t length = strlen(key);

	if (file_read_regular_at(AT_FDCWD, "/etc/os-release", 1 << 16, &text) < 0 || !text.data)
		return NULL;
	for (line = strtok_r(text.data, "\n", &place); line; line = strtok_r(NULL, "\n", &place)) {
		char *value = line + length + 1;

		if (strncmp(line, key, length) != 0 || line[length] != '=')
			continue;
		value += strspn(value, "\"'");
		return arena_strndup(arena, value, strcspn(value, "\"'"));
	}
	return NULL;
}

/* The machine's own, if it is a Debian. */
static const char *own_suite(struct arena *arena)
{
	const char *suite = str_equal(os_release(arena, "ID"), "debian") ? os_release(arena, "VERSION_CODENAME") : NULL;

	return str_is_empty(suite) ? NULL : suite;
}

/* The suite that the tag TEXT (NULL: none) means. */
static const char *suite_of_tag(struct arena *arena, const char *text)
{
	const char *suite = text;

	for (size_t i = 0; text && i < ARRAY_SIZE(releases); i++)
		if (str_equal(text, releases[i].version))
			suite = releases[i].suite;
	if (!suite)
		suite = own_suite(arena);
	return suite ? suite : "stable";
}

/* The machine knows its own suite's packages from its own place, be it a mirror without a way outside. */
static void add_sources(struct arena *arena, const char **arguments, const char *suite)
{
	static const char *const files[] = { "/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources" };

	for (size_t i = 0; str_equal(suite, own_suite(arena)) && i < ARRAY_SIZE(files); i++) {
		struct stat status;

		if (stat(files[i], &status) == 0 && status.st_size > 0)
			*arguments++ = files[i];
	}
}

static int make_debian(struct bootstrap *bootstrap, const char *tag, struct error *err)
{
	const char *suite = suite_of_tag(bootstrap->arena, tag);
	const char *arguments[10] = { "mmdebstrap", "--variant=minbase", "--format=tar",
		arena_printf(bootstrap->arena, "--architectures=%s", bootstrap->debian_architecture), suite, "-" };
	const struct program program = { .arguments = arguments, .output_fd = bootstrap->layer_fd, .told = tell_line, .context = bootstrap };
	int r;

	if (!tag)
		bootstrap->other_name = arena_printf(bootstrap->arena, "debian:%s", suite);
	add_sources(bootstrap->arena, &arguments[6], suite);
	r = program_run(&program, err);
	if (r == -ENOENT)
		error_hint(err, "install the package mmdebstrap");
	else if (r < 0 && bootstrap->is_foreign)
		error_hint(err, "programs of %s must be able to run here: install the package qemu-user-static", bootstrap->debian_architecture);
	bootstrap->created = new_image_time(bootstrap->arena);
	return r;
}

/* ---- the command --------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*make)(struct bootstrap *bootstrap, const char *tag, struct error *err);
	const char *command;
	bool has_suites;
} systems[] = {
	{ "busybox", make_busybox, "sh", false },
	{ "debian", make_debian, "bash", true },
};

static bool is_tag(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-")] && *text != '-' && *text != '.';
}

/* "debian:bookworm" into *RET_TAG, NULL without one, and the number of the system. */
static int parse_name(struct arena *arena, const char *text, size_t *ret, char **ret_tag, struct error *err)
{
	const char *tag = strchr(text, ':');
	size_t length = tag ? (size_t)(tag - text) : strlen(text);

	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		if (strlen(systems[i].name) != length || strncmp(text, systems[i].name, length) != 0)
			continue;
		if (tag && !systems[i].has_suites && !str_equal(tag, ":latest"))
			return error_set(err, ERROR_INVALID, 0, "'%.100s': there is only '%s'", text, systems[i].name);
		if (tag && !is_tag(tag + 1))
			return error_set(err, ERROR_INVALID, 0, "'%.100s': expected a suite such as debian:bookworm", text);
		*ret = i;
		*ret_tag = tag ? arena_strdup(arena, tag + 1) : NULL;
		return 0;
	}
	return error_set(err, ERROR_INVALID, 0, "cannot bootstrap '%.100s': expected busybox, debian or debian:SUITE", text);
}

/* Brings what was made into the store. */
static int put(struct bootstrap *bootstrap, size_t system, const char *name, struct buf *out, struct error *err)
{
	char *env[] = { arena_strdup(bootstrap->arena, PATH_VARIABLE), NULL };
	char *command[] = { arena_strdup(bootstrap->arena, systems[system].command), NULL };
	const struct spec_execution execution = { .env = env, .command = command };
	struct new_image image = { .layer_fd = bootstrap->layer_fd, .platform = &bootstrap->platform, .execution = &execution,
		.created = bootstrap->created, .created_by = bootstrap->created_by, .title = name };
	struct ingest_report report;
	char *names[3] = { NULL }, **list = NULL;
	int r = new_image_names(bootstrap->arena, name, &list, err);

	names[0] = r == 0 ? list[0] : NULL;
	if (r == 0 && bootstrap->other_name)
		r = new_image_names(bootstrap->arena, bootstrap->other_name, &list, err);
	names[1] = r == 0 && bootstrap->other_name ? list[0] : NULL;
	image.names = names;
	if (r == 0)
		r = new_image_put(bootstrap->globals, bootstrap->store, &image, bootstrap->arena, &report, err);
	if (r == 0)
		new_image_report(&image, &report, out);
	return r;
}

static int run_bootstrap(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct bootstrap_request *request = call->request;
	const char *name = call->operands[0];
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_store_ struct store store = STORE_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct bootstrap bootstrap = { .globals = call->globals, .store = &store, .arena = arena };
	size_t system = 0;
	char *tag = NULL;
	int r = parse_name(arena, name, &system, &tag, err);

	if (r == 0)
		r = choose_architecture(&bootstrap, request->architecture, err);
	if (r == 0)
		r = session_open_store(call->globals, &store, err);
	if (r == 0)
		r = spool_open(&store, &fd, err);
	if (r < 0)
		return r;
	bootstrap.layer_fd = fd;
	bootstrap.created_by = arena_printf(arena, "bivy image bootstrap %s", name);
	r = systems[system].make(&bootstrap, tag, err);
	/* All programs have run. */
	confine(&(struct confinement){ .writable = &store.fd, .writable_count = 1 });
	if (r == 0)
		r = put(&bootstrap, system, name, out, err);
	if (r < 0)
		session_hint_full(err);
	return r < 0 ? error_wrap(err, "cannot bootstrap '%s'", name) : 0;
}

const struct command transfer_bootstrap = {
	.command = {
		.name = "bootstrap",
		.operands = "busybox|debian[:SUITE]",
		.summary = "make a base image from Debian's packages",
		.description = "Makes the image busybox:latest of the machine's own package busybox-static, or debian:SUITE with mmdebstrap; debian without "
			"a suite is the machine's own. For another architecture busybox-static is downloaded with apt-get, from where the machine "
			"gets its packages. Prints what the image is as JSON.",
		.entries = bootstrap_entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct bootstrap_request),
	.run = run_bootstrap,
};
