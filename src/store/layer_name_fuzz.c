/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a member is called, what comes of it stays beneath the root; whatever an access control list says, its value has whole entries. */
#include "store/acl.h"
#include "store/layer_name.h"

#include <limits.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_path(const struct layer_name *name)
{
	const char *path = name->path.data;

	require(strlen(path) == name->path.length && name->path.length < PATH_MAX && path[0] != '/');
	require(name->name_offset == (name->parent_length ? name->parent_length + 1 : 0));
	while (*path) {
		size_t length = strcspn(path, "/");

		require(length > 0 && !(length == 1 && *path == '.') && !(length == 2 && path[0] == '.' && path[1] == '.'));
		path += length + (path[length] == '/');
	}
	require(name->path.length == 0 || path[-1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf text = BUF_INIT, value = BUF_INIT;
	struct layer_name name = { 0 };

	buf_add(&text, data, size);
	buf_add_char(&text, '\0');
	for (int i = 0; i < 2; i++)
		if (!layer_name_parse(&name, text.data))
			check_path(&name);
	buf_done(&name.path);
	if (acl_from_text(text.data, &value) == 0)
		require(value.length >= 12 && value.length % 8 == 4);
	else
		require(value.length == 0);
	return 0;
}
