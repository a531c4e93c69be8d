/* SPDX-License-Identifier: Apache-2.0 */
/* -o type=local and type=tar: the files of the target stages; those of several platforms in a directory each. */
#include "base/file.h"
#include "engine/build_copy.h"
#include "engine/build_output.h"
#include "engine/build_provenance.h"
#include "engine/build_statements.h"
#include "engine/transfer.h"

#include <fcntl.h>

/* "linux_arm_v7"; "" if there is but one platform. */
static const char *directory_of(const struct build *build, size_t number)
{
	char *name = arena_strdup(build->arena, build->platforms[number].text);

	if (build->platform_count == 1)
		return "";
	for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/'))
		*slash = '_';
	return name;
}

static const struct build_files *files_of(const struct build *build, size_t number)
{
	const struct build_platform *platform = &build->platforms[number];

	return &platform->stages[platform->outline->target].files;
}

/* Named as BuildKit has them; one without attestations makes none. */
static int add_statements(struct build *build, const struct build_output *output, size_t number, struct spec_build_copy *work, struct error *err)
{
	const char *prefix = output->attestation_prefix ? output->attestation_prefix : "";
	struct build_statements statements;
	int r = build_statements_make(build, number, files_of(build, number), BUILD_STATEMENTS_FILES, &statements, err);

	if (r < 0)
		return r;
	work->statements = arena_alloc(build->arena, statements.count + 1, sizeof *work->statements);
	work->statement_count = statements.count;
	for (size_t i = 0; i < statements.count; i++) {
		bool is_provenance = str_starts_with(statements.list[i].key, BUILD_PROVENANCE_TYPES);

		work->statements[i] = (struct spec_build_statement){ .type = statements.list[i].key, .predicate = statements.list[i].value,
			.name = arena_printf(build->arena, "%s%s", prefix, is_provenance ? "provenance.json" : "sbom.spdx.json") };
	}
	build_statements_report(build, number, &statements);
	return 0;
}

/* OWNER: "uid:gid", or NULL: as they are. */
static int copy_files(struct build *build, const struct build_output *output, size_t vertex, size_t number, int to_fd, const char *owner, struct error *err)
{
	char *sources[] = { (char *)".", NULL };
	_cleanup_close_ int from_fd = -EBADF;
	int r = build_open_files(build, files_of(build, number), &from_fd, err);
	struct spec_build_take take = { .root_fd = from_fd, .sources = sources };
	struct spec_build_copy work = { .takes = &take, .take_count = 1, .root_fd = to_fd, .chown = (char *)owner,
		.destination = arena_printf(build->arena, "/%s/", directory_of(build, number)), .has_epoch = build->request->has_epoch,
		.epoch = build->request->epoch };

	if (r == 0)
		r = add_statements(build, output, number, &work, err);
	return r < 0 ? r : build_copy_run(build, vertex, &work, err);
}

static int copy_all(struct build *build, const struct build_output *output, size_t vertex, const char *to, const char *owner, struct error *err)
{
	_cleanup_close_ int to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = to_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", to) : 0;

	for (size_t i = 0; r == 0 && i < build->platform_count; i++)
		r = copy_files(build, output, vertex, i, to_fd, owner, err);
	return r;
}

/* All is the caller's, as docker has it. */
static int write_directory(struct build *build, const struct build_output *output, size_t vertex, struct error *err)
{
	int r = file_make_directories(output->destination, 0755);

	if (r < 0)
		return error_errno(err, -r, "cannot make the directory '%s'", output->destination);
	return copy_all(build, output, vertex, output->destination, arena_printf(build->arena, "%u:%u", getuid(), getgid()), err);
}

/* A tree that has it all as it will be: of one platform the stage's own, if nothing comes to it. */
static int open_tree(struct build *build, const struct build_output *output, size_t vertex, int *ret_fd, struct error *err)
{
	const char *path = NULL;
	int r;

	if (build->platform_count == 1 && !build->request->has_epoch && !build->request->attestation_count)
		return build_open_files(build, files_of(build, 0), ret_fd, err);
	r = build_work_make(build, &path, err);
	if (r == 0)
		r = copy_all(build, output, vertex, path, NULL, err);
	if (r < 0)
		return r;
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", path) : 0;
}

static int write_tar(struct build *build, const struct build_output *output, struct build_transfer *transfer, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	bool is_standard = str_equal(output->destination, "-");
	int r = open_tree(build, output, transfer->vertex, &fd, err);
	const char *number = arena_printf(build->arena, "%d", fd), *text = NULL;
	const struct transfer_request request = { .directories = build->directories, .fds = &fd, .fd_count = 1, .gives_output = is_standard,
		.arguments = (const char *const[]){ "export-root", "--root-fd", number, is_standard ? NULL : "--output", output->destination, NULL },
		.tell = build_tell_transfer, .context = transfer };

	return r < 0 ? r : transfer_run(build->arena, &request, &text, err);
}

int build_output_files(struct build *build, const struct build_output *output, size_t vertex, struct error *err)
{
	struct build_transfer transfer = { build, vertex };

	if (output->kind == BUILD_OUTPUT_TAR) {
		build_tell_status(build, vertex, "sending tarball");
		return write_tar(build, output, &transfer, err);
	}
	build_tell_status(build, vertex, "copying files");
	return write_directory(build, output, vertex, err);
}
