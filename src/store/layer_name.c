/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_name.h"

#include <limits.h>

/* AUFS's files begin with the prefix twice; of them only the opaque mark means something in a layer. */
#define AUFS_PREFIX LAYER_WHITEOUT_PREFIX LAYER_WHITEOUT_PREFIX

static bool begins(const char *text, size_t length, const char *prefix)
{
	return length >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

static const char *add_component(struct layer_name *name, const char *component, size_t length)
{
	if (length == 2 && memcmp(component, "..", 2) == 0)
		return "'..' in a name";
	/* What came before is a directory, so it cannot be a whiteout. */
	if (begins(name->path.data + name->name_offset, name->path.length - name->name_offset, LAYER_WHITEOUT_PREFIX)) {
		if (!begins(name->path.data + name->name_offset, name->path.length - name->name_offset, AUFS_PREFIX))
			return "something inside a whiteout";
		name->kind = LAYER_NAME_IGNORED;
	}
	name->parent_length = name->path.length;
	if (name->path.length)
		buf_add_char(&name->path, '/');
	name->name_offset = name->path.length;
	buf_add(&name->path, component, length);
	return name->path.length < PATH_MAX ? NULL : "a name of more than 4095 bytes";
}

static void drop_last(struct layer_name *name)
{
	const char *slash;

	name->path.length = name->parent_length;
	name->path.data[name->path.length] = '\0';
	slash = strrchr(name->path.data, '/');
	name->parent_length = slash ? (size_t)(slash - name->path.data) : 0;
	name->name_offset = slash ? name->parent_length + 1 : 0;
}

static const char *classify(struct layer_name *name)
{
	char *last = name->path.data + name->name_offset, *hidden = last + strlen(LAYER_WHITEOUT_PREFIX);

	if (name->kind == LAYER_NAME_IGNORED || !str_starts_with(last, LAYER_WHITEOUT_PREFIX))
		return NULL;
	if (strcmp(last, LAYER_OPAQUE_NAME) == 0) {
		drop_last(name);
		name->kind = LAYER_NAME_OPAQUE;
		return NULL;
	}
	if (str_starts_with(last, AUFS_PREFIX)) {
		name->kind = LAYER_NAME_IGNORED;
		return NULL;
	}
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return "a whiteout of nothing";
	memmove(last, hidden, strlen(hidden) + 1);
	name->path.length -= strlen(LAYER_WHITEOUT_PREFIX);
	name->kind = LAYER_NAME_WHITEOUT;
	return NULL;
}

const char *layer_name_parse(struct layer_name *name, const char *member)
{
	name->kind = LAYER_NAME_PLAIN;
	name->path.length = name->parent_length = name->name_offset = 0;
	buf_add_text(&name->path, "");
	if (*member == '/')
		return "an absolute name";
	while (*member) {
		size_t length = strcspn(member, "/");
		const char *words = length == 0 || (length == 1 && *member == '.') ? NULL : add_component(name, member, length);

		if (words)
			return words;
		member += length + (member[length] == '/');
	}
	return classify(name);
}
