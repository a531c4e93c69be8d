/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a container: changes, export, archive. */
#include "api/routes.h"
#include "base/base64.h"
#include "base/moment.h"
#include "engine/container_files.h"

#include <sys/stat.h>

/* ---- changes and export ---------------------------------------------------------------------- */

int api_container_changes(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct container_change *changes;
	size_t count = 0;
	int r = container_diff(call->arena, call->directories, call->names[0], &changes, &count, err);

	if (r < 0)
		return r;
	if (count == 0) {
		buf_add_text(&document, "null");
		return api_reply_json(call, 200, &document, err);
	}
	json_write_open(&w, NULL, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_string(&w, "Path", changes[i].path);
		json_write_uint(&w, "Kind", changes[i].kind == 'A' ? 1 : changes[i].kind == 'D' ? 2 : 0);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	return api_reply_json(call, 200, &document, err);
}

int api_container_export(struct api_call *call, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(call->arena, call->directories, call->names[0], &record, err);

	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0)
		r = api_call_output_is_reply(call, err);
	if (r == 0)
		r = api_reply_open(call, 200, "application/octet-stream", err);
	return r < 0 ? r : container_export(call->directories, call->names[0], NULL, err);
}

/* ---- archive ------------------------------------------------------------------------------------- */

/* A mode as Go's io/fs has it. */
static uint32_t go_mode(uint32_t mode)
{
	static const struct {
		uint32_t type, bits;
	} types[] = {
		{ S_IFDIR, 1u << 31 },
		{ S_IFLNK, 1u << 27 },
		{ S_IFBLK, 1u << 26 },
		{ S_IFIFO, 1u << 25 },
		{ S_IFSOCK, 1u << 24 },
		{ S_IFCHR, 1u << 26 | 1u << 21 },
	};
	uint32_t ret = mode & 0777;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if ((mode & S_IFMT) == types[i].type)
			ret |= types[i].bits;
	return ret | (mode & S_ISUID ? 1u << 23 : 0) | (mode & S_ISGID ? 1u << 22 : 0) | (mode & S_ISVTX ? 1u << 20 : 0);
}

/* The header's value: JSON in base64. */
static char *encode_stat(struct arena *arena, const struct container_path_stat *stat)
{
	const struct timespec mtime = { .tv_sec = stat->mtime_s, .tv_nsec = stat->mtime_ns };
	_cleanup_buf_ struct buf document = BUF_INIT, text = BUF_INIT, time = BUF_INIT;
	struct json_writer w = { .out = &document };

	moment_add(&mtime, &time);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "name", stat->name);
	json_write_uint(&w, "size", stat->size);
	json_write_uint(&w, "mode", go_mode(stat->mode));
	json_write_string(&w, "mtime", time.data);
	json_write_string(&w, "linkTarget", stat->link_target);
	json_write_close(&w, '}');
	base64_encode(document.data, document.length, &text);
	return arena_strdup(arena, text.data);
}

static int look(struct api_call *call, const char **ret_path, struct container_path_stat *ret, struct error *err)
{
	*ret_path = api_target_value(&call->target, "path");
	if (str_is_empty(*ret_path))
		return error_set(err, ERROR_INVALID, 0, "bad parameter: path cannot be empty");
	return container_stat(call->arena, call->directories, call->names[0], *ret_path, ret, err);
}

int api_container_archive_stat(struct api_call *call, struct error *err)
{
	struct container_path_stat stat;
	const char *path;
	int r = look(call, &path, &stat, err);
	const struct spec_pair headers[] = {
		{ .key = (char *)"X-Docker-Container-Path-Stat", .value = r < 0 ? NULL : encode_stat(call->arena, &stat) },
		{ NULL },
	};

	return r < 0 ? r : api_reply_with(call, 200, headers, "", 0, err);
}

int api_container_archive_get(struct api_call *call, struct error *err)
{
	struct container_path_stat stat;
	const char *path;
	int r = look(call, &path, &stat, err);
	const struct spec_pair headers[] = {
		{ .key = (char *)"Content-Type", .value = (char *)"application/x-tar" },
		{ .key = (char *)"X-Docker-Container-Path-Stat", .value = r < 0 ? NULL : encode_stat(call->arena, &stat) },
		{ NULL },
	};
	const struct container_copy_request request = { .directories = call->directories, .container = call->names[0], .path = path, .local = "-" };

	if (r == 0)
		r = api_call_ends_with_client(call, err);
	if (r == 0)
		r = api_call_output_is_reply(call, err);
	if (r == 0)
		r = api_reply_open_with(call, 200, headers, err);
	return r < 0 ? r : container_copy(&request, err);
}

int api_container_archive_put(struct api_call *call, struct error *err)
{
	const char *path;
	struct container_path_stat stat;
	struct container_copy_request request = { .directories = call->directories, .container = call->names[0], .local = "-", .to_container = true,
		.overwrite_other_kind = !api_target_flag(&call->target, "noOverwriteDirNonDir", false) };
	int r = look(call, &path, &stat, err);

	if (r < 0)
		return r;
	if (!S_ISDIR(stat.mode) && !S_ISLNK(stat.mode))
		return error_set(err, ERROR_INVALID, 0, "extraction point is not a directory");
	request.path = path;
	r = api_call_body_is_input(call, err);
	if (r == 0)
		r = container_copy(&request, err);
	return r < 0 ? r : api_reply_empty(call, 200, err);
}
