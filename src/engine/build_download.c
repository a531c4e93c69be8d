/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_download.h"
#include "base/file.h"
#include "engine/build_cache.h"
#include "engine/build_secrets.h"
#include "engine/transfer.h"
#include "spec/download.h"
#include "spec/image_digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#define SUFFIX ".json"
#define PARTIAL ".bivy-download"
#define UNUSED_S (30 * 24 * 3600)

struct job {
	struct build *build;
	const struct build_download *request;
	char id[BUILD_CACHE_ID_LENGTH + 1];
	int kept_fd;  /* of ROOT/build/downloads */
	int here_fd;  /* of the directory that it is for */
	struct spec_download known;   /* .digest NULL: nothing is */
};

/* ---- what is kept ------------------------------------------------------------------------- */

static const char *name_of_record(const struct job *job)
{
	return arena_printf(job->build->arena, "%s" SUFFIX, job->id);
}

static const char *name_of_bytes(const struct job *job, const char *digest)
{
	return arena_printf(job->build->arena, "%s-%s", job->id, strchr(digest, ':') + 1);
}

static int open_directories(struct job *job, struct error *err)
{
	const char *path = arena_printf(job->build->arena, "%s/build/downloads", job->build->directories->root);
	int r = file_make_directories(path, 0700);

	if (r < 0)
		return error_errno(err, -r, "cannot make the directory '%s'", path);
	job->kept_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->kept_fd < 0)
		return error_errno(err, errno, "cannot open the directory '%s'", path);
	job->here_fd = open(job->request->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return job->here_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", job->request->directory) : 0;
}

/* Makes the bytes that are known the file; whatever of it is missing, nothing is known then. */
static void take_known(struct job *job)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_download known;
	const char *record = name_of_record(job);

	if (file_read_whole_at(job->kept_fd, record, SPEC_DOWNLOAD_LIMIT, &text) < 0 ||
	    spec_download_decode(job->build->arena, text.data ? text.data : "", text.length, &known, NULL) < 0)
		return;
	if (!known.url || !str_equal(known.url, job->request->url) || !known.digest || !spec_digest_is_valid(known.digest))
		return;
	if (linkat(job->kept_fd, name_of_bytes(job, known.digest), job->here_fd, job->request->name, 0) < 0)
		return;
	ignore_result(utimensat(job->kept_fd, record, NULL, AT_SYMLINK_NOFOLLOW)); /* it only tells when it was last of use */
	job->known = known;
}

/* Removes what nobody has asked for in a long time. The bytes have the server's time, but are linked and unlinked when they are of use. */
static int remove_unused(void *context, const char *name)
{
	const struct job *job = context;
	struct stat status;

	if (name[0] == '.' || fstatat(job->kept_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (time(NULL) - status.st_ctim.tv_sec > UNUSED_S)
		ignore_result(unlinkat(job->kept_fd, name, 0)); /* the next download tries again */
	return 0;
}

/* Later builds do without, if it cannot be kept: a full disk, a file system without links. */
static void keep(const struct job *job, struct spec_download *download)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *name = name_of_bytes(job, download->digest);

	ignore_result(file_each_name(job->kept_fd, remove_unused, (void *)job));
	if (unlinkat(job->kept_fd, name, 0) < 0 && errno != ENOENT)
		return;
	if (linkat(job->here_fd, job->request->name, job->kept_fd, name, 0) < 0)
		return;
	spec_download_encode(download, &text);
	ignore_result(file_replace_at(job->kept_fd, name_of_record(job), text.data, text.length, 0600));
	if (job->known.digest && !str_equal(job->known.digest, download->digest))
		ignore_result(unlinkat(job->kept_fd, name_of_bytes(job, job->known.digest), 0));
}

/* ---- asking ------------------------------------------------------------------------------------ */

static void tell(void *context, const struct spec_transfer_event *transfer)
{
	const struct job *job = context;
	const struct build_event event = { .kind = BUILD_STATUS, .vertex = job->request->vertex, .text = "downloading", .current = transfer->current,
		.total = transfer->total };

	if (event.vertex != (size_t)-1 && transfer->kind == SPEC_TRANSFER_ITEM)
		build_tell_event(job->build, &event);
}

/* *RET tells what the file is, also if it is unchanged. */
static int ask(const struct job *job, int fd, struct spec_download *ret, struct error *err)
{
	const struct build_download *request = job->request;
	const struct spec_download *known = &job->known;
	const struct remote remote = { .kind = REMOTE_FILE, .url = request->url };
	const bool may_be_unchanged = known->digest && known->etag;
	_cleanup_close_ int authorization_fd = -EBADF;
	int r = build_secret_authorize(job->build, &remote, &authorization_fd, err), fds[] = { fd, authorization_fd };
	const char *text = NULL, *arguments[11];
	struct transfer_request transfer = { .directories = job->build->directories, .arguments = arguments, .fds = fds,
		.fd_count = authorization_fd >= 0 ? 2 : 1, .tell = tell, .context = (void *)job };
	size_t n = 0;

	if (r < 0)
		return r;
	arguments[n++] = "download";
	arguments[n++] = "--output-fd";
	arguments[n++] = arena_printf(job->build->arena, "%d", fd);
	if (authorization_fd >= 0) {
		arguments[n++] = "--authorization-fd";
		arguments[n++] = arena_printf(job->build->arena, "%d", authorization_fd);
	}
	/* A date would not do: files are put back to what they were before. */
	if (may_be_unchanged) {
		arguments[n++] = "--etag";
		arguments[n++] = known->etag;
	}
	arguments[n++] = "--";
	arguments[n++] = request->url;
	arguments[n] = NULL;
	r = transfer_run(job->build->arena, &transfer, &text, err);
	if (r == 0)
		r = spec_download_decode(job->build->arena, text, strlen(text), ret, err);
	if (r < 0)
		return r;
	/* It is what has met the server, and may say that nothing has changed of what it was not told of. */
	if (ret->unchanged ? !may_be_unchanged : !ret->digest || !spec_digest_is_valid(ret->digest))
		return error_set(err, ERROR_INTERNAL, 0, "bivy-transfer does not say what came");
	if (ret->unchanged)
		ret->digest = known->digest;
	return 0;
}

static int check(const struct job *job, const char *digest, struct error *err)
{
	if (!job->request->checksum || strcmp(job->request->checksum, digest) == 0)
		return 0;
	error_set(err, ERROR_INVALID, 0, "'%s' has the digest %s, not %s", job->request->url, digest, job->request->checksum);
	error_hint(err, "the file was changed, or the checksum is that of another");
	return -EINVAL;
}

/* In place of what is known, if that is not it any more. */
static int get(struct job *job, const char **ret_digest, bool *ret_known, struct error *err)
{
	_cleanup_close_ int fd = openat(job->here_fd, PARTIAL, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct spec_download download = { .url = NULL };
	int r = fd < 0 ? error_errno(err, errno, "cannot make a file in '%s'", job->request->directory) : ask(job, fd, &download, err);

	if (r < 0)
		return r;
	*ret_known = download.unchanged;
	*ret_digest = download.digest;
	r = check(job, *ret_digest, err);
	if (r < 0)
		return r;
	if (download.unchanged)
		return unlinkat(job->here_fd, PARTIAL, 0) < 0 ? error_errno(err, errno, "cannot remove a file in '%s'", job->request->directory) : 0;
	if (renameat(job->here_fd, PARTIAL, job->here_fd, job->request->name) < 0)
		return error_errno(err, errno, "cannot make the file '%s/%s'", job->request->directory, job->request->name);
	keep(job, &download);
	return 0;
}

static void job_done(struct job *job)
{
	close_and_forget(&job->kept_fd);
	close_and_forget(&job->here_fd);
}

int build_download(struct build *build, const struct build_download *request, const char **ret_digest, bool *ret_known, struct error *err)
{
	_cleanup_(job_done) struct job job = { .build = build, .request = request, .kept_fd = -EBADF, .here_fd = -EBADF };
	int r;

	build_cache_id(request->url, job.id);
	r = open_directories(&job, err);
	if (r < 0)
		return r;
	take_known(&job);
	if (!job.known.digest || !request->checksum || !str_equal(job.known.digest, request->checksum))
		return get(&job, ret_digest, ret_known, err);
	*ret_digest = job.known.digest;
	*ret_known = true;
	return 0;
}
