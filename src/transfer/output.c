/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/output.h"

#include "base/random_name.h"
#include "store/tree.h"
#include "transfer/confine.h"

#include <fcntl.h>
#include <sys/stat.h>

static int open_standard_output(struct output *ret, struct error *err)
{
	if (isatty(STDOUT_FILENO)) {
		error_set(err, ERROR_INVALID, 0, "the archive would be written to a terminal");
		error_hint(err, "name a file with --output, or redirect the output");
		return -EINVAL;
	}
	ret->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return ret->fd < 0 ? error_errno(err, errno, "cannot write to the standard output") : 0;
}

/* The name that PATH has until it is complete; NULL without random numbers. */
static char *temporary_name(const char *path)
{
	_cleanup_free_ char *name = random_name();

	return name ? str_printf("%s.tmp-%s", path, name) : NULL;
}

static int open_file(struct output *output)
{
	struct stat status;

	if (stat(output->path, &status) == 0 && !S_ISREG(status.st_mode)) {
		output->fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	} else {
		output->temporary = temporary_name(output->path);
		output->fd = output->temporary ? open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
	}
	return output->fd < 0 ? -errno : 0;
}

/* Whether there is nothing at PATH, or an empty directory: rename(2) would refuse others, but only after all the work. */
static int check_free(const char *path)
{
	_cleanup_closedir_ DIR *directory = opendir(path);
	const struct dirent *entry;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(directory)))
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			return -ENOTEMPTY;
	return 0;
}

static int open_directory(struct output *output)
{
	int r = check_free(output->path);

	if (r < 0)
		return r;
	output->temporary = temporary_name(output->path);
	if (!output->temporary || mkdir(output->temporary, 0777) < 0)
		return -errno;
	output->fd = open(output->temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return output->fd < 0 ? -errno : 0;
}

static int open_parent(struct output *output)
{
	_cleanup_free_ char *directory = str_dup(output->path);
	char *slash = strrchr(directory, '/');

	if (slash)
		slash[slash == directory] = '\0';
	output->parent_fd = open(slash ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return output->parent_fd < 0 ? -errno : 0;
}

int output_open(const char *path, enum output_kind kind, struct output *ret, struct error *err)
{
	struct output output = OUTPUT_INIT;
	int r;

	if (!path && kind == OUTPUT_DIRECTORY)
		return error_set(err, ERROR_INVALID, 0, "a directory needs a name: --output is missing");
	if (!path)
		return open_standard_output(ret, err);
	output.path = str_dup(path);
	/* "dir/" is "dir" here: the name beside it is to be no name in it. */
	for (size_t end = strlen(path); end > 1 && output.path[end - 1] == '/'; end--)
		output.path[end - 1] = '\0';
	r = kind == OUTPUT_DIRECTORY ? open_directory(&output) : open_file(&output);
	if (r == 0 && output.temporary)
		r = open_parent(&output);
	if (r < 0) {
		output_end(&output);
		return error_errno(err, -r, "cannot write '%.400s'", path);
	}
	*ret = output;
	return 0;
}

const char *output_name(const struct output *output)
{
	return output->path ? output->path : "standard output";
}

void output_confine(const struct output *output, const struct store *store)
{
	const int writable[] = { store->fd, output->parent_fd };

	confine(&(struct confinement){ .writable = writable, .writable_count = output->parent_fd >= 0 ? 2 : 1 });
}

int output_commit(struct output *output, struct error *err)
{
	if (output->temporary && rename(output->temporary, output->path) < 0)
		return error_errno(err, errno, "cannot write '%.400s'", output->path);
	free(output->temporary);
	output->temporary = NULL;
	return 0;
}

void output_end(struct output *output)
{
	if (output->temporary)
		ignore_result(tree_remove_at(AT_FDCWD, output->temporary)); /* nothing more can be done */
	close_and_forget(&output->fd);
	close_and_forget(&output->parent_fd);
	free(output->temporary);
	free(output->path);
	*output = OUTPUT_INIT;
}

int output_report(const struct output *output, const struct transfer_globals *globals, const struct buf *report, struct buf *out, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_REPORT };
	struct json *tree = NULL;
	int r;

	if (output->path) {
		buf_add(out, report->data, report->length);
		return 0;
	}
	r = json_parse(arena, report->data, report->length, &tree, err);
	event.report = tree;
	return r < 0 ? r : session_tell(globals, &event, err);
}
