/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/authorization.h"
#include "base/file.h"

#define LIMIT 65536 /* bytes */

int authorization_read(int64_t fd, struct buf *out, struct error *err)
{
	int r = fd ? fd_read_all((int)fd, LIMIT, out) : 0;

	if (r < 0)
		return error_errno(err, -r, "cannot read descriptor %d", (int)fd);
	buf_add_text(out, "");
	if (strlen(out->data) != out->length || strpbrk(out->data, "\r\n"))
		return error_set(err, ERROR_INVALID, 0, "what to show the server is more than one line");
	return 0;
}
