/* SPDX-License-Identifier: Apache-2.0 */
#include "net/journal.h"

#include "base/file.h"

#include <errno.h>
#include <unistd.h>

static char *document_of(const char *path)
{
	return str_equal(path, ".") ? str_dup(SPEC_NETWORK_PLAN_DOCUMENT) : str_printf("%s/" SPEC_NETWORK_PLAN_DOCUMENT, path);
}

int net_journal_read(struct arena *arena, int fd, const char *path, const struct spec_network_plan **ret, struct error *err)
{
	_cleanup_free_ char *document = document_of(path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_network_plan *plan = NULL;
	int r = file_read_regular_at(fd, document, SPEC_NETWORK_PLAN_LIMIT, &text);

	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = NULL;
		return 0;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", document);
	r = spec_network_plan_decode(arena, text.data ? text.data : "", text.length, &plan, err);
	if (r < 0)
		return error_wrap(err, "cannot read '%s'", document);
	*ret = plan;
	return 0;
}

int net_journal_write(int fd, const char *path, const struct spec_network_plan *plan, struct error *err)
{
	_cleanup_free_ char *document = document_of(path);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	spec_network_plan_encode(plan, &text);
	r = text.length > SPEC_NETWORK_PLAN_LIMIT ? -EFBIG : file_replace_at(fd, document, text.data, text.length, 0600);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", document) : 0;
}

int net_journal_remove(int fd, const char *path, struct error *err)
{
	_cleanup_free_ char *document = document_of(path);

	return unlinkat(fd, document, 0) < 0 && errno != ENOENT ? error_errno(err, errno, "cannot remove '%s'", document) : 0;
}
