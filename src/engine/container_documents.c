/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_documents.h"
#include "base/file.h"
#include "base/log.h"
#include "spec/config_encode.h"

#include <fcntl.h>

#define CONFIG "config.json"

void container_documents_done(struct container_documents *documents)
{
	buf_done(&documents->config_text);
	buf_done(&documents->supervision_text);
}

int container_documents_read(const struct container_record *record, struct container_documents *ret, struct error *err)
{
	_cleanup_close_ int fd = open(record->run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : file_read_regular_at(fd, CONFIG, SPEC_CONFIG_LIMIT, &ret->config_text);

	if (r == 0)
		r = file_read_regular_at(fd, SPEC_SUPERVISION_DOCUMENT, SPEC_SUPERVISION_LIMIT, &ret->supervision_text);
	if (r < 0)
		return error_errno(err, -r, "cannot read what is in '%s'", record->run_path);
	r = spec_config_decode(record->arena, ret->config_text.data, ret->config_text.length, &ret->config, err);
	if (r < 0)
		return r;
	return spec_supervision_decode(record->arena, ret->supervision_text.data, ret->supervision_text.length, &ret->supervision, err);
}

static int replace(const struct container_record *record, const char *name, const struct buf *text, struct error *err)
{
	const char *path = arena_printf(record->arena, "%s/%s", record->run_path, name);
	int r = file_replace_at(AT_FDCWD, path, text->data, text->length, 0600);

	return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}

static int replace_both(const struct container_record *record, const struct buf *config, const struct buf *supervision, bool is_longer, struct error *err)
{
	int r = is_longer ? replace(record, SPEC_SUPERVISION_DOCUMENT, supervision, err) : 0;

	if (r == 0)
		r = replace(record, CONFIG, config, err);
	if (r == 0 && !is_longer)
		r = replace(record, SPEC_SUPERVISION_DOCUMENT, supervision, err);
	return r;
}

int container_documents_write(const struct container_record *record, const struct container_documents *documents, bool is_longer, struct error *err)
{
	_cleanup_buf_ struct buf config = BUF_INIT, supervision = BUF_INIT;

	spec_config_encode(documents->config, &config);
	spec_supervision_encode(documents->supervision, &supervision);
	if (config.length > SPEC_CONFIG_LIMIT || supervision.length > SPEC_SUPERVISION_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "its documents would be too long");
	return replace_both(record, &config, &supervision, is_longer, err);
}

void container_documents_restore(const struct container_record *record, const struct container_documents *documents, bool was_longer)
{
	struct error told = ERROR_INIT;

	if (documents->supervision && replace_both(record, &documents->config_text, &documents->supervision_text, was_longer, &told) < 0)
		log_warning("%s", told.message);
}

struct runtime container_documents_runtime(const struct container_record *record)
{
	return (struct runtime){ .root = arena_printf(record->arena, "%s/runtime", record->directories->run_root) };
}
