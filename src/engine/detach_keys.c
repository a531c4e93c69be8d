/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#define CONTROL_PREFIX "ctrl-"
#define CONTROL_MASK 0x1f

/* The byte that a terminal sends for the key of LENGTH characters; -1 for none. */
static int byte_of_key(const char *key, size_t length)
{
	static const char controls[] = "abcdefghijklmnopqrstuvwxyz@[\\]^_";
	const size_t prefix = sizeof CONTROL_PREFIX - 1;

	if (length == 1)
		return (unsigned char)key[0];
	if (length == prefix + 1 && strncmp(key, CONTROL_PREFIX, prefix) == 0 && strchr(controls, key[prefix]))
		return key[prefix] & CONTROL_MASK;
	return -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct error *err)
{
	struct detach_keys keys = { .length = 0 };
	const char *key = text ? text : DETACH_KEYS_DEFAULT;

	while (*key) {
		size_t length = strcspn(key, ",");
		int byte = byte_of_key(key, length);

		if (byte < 0 || (key[length] && !key[length + 1])) {
			error_set(err, ERROR_INVALID, 0, "cannot use the detach keys '%s': expected characters or ctrl-X, parted by commas", text);
			error_hint(err, "the default is " DETACH_KEYS_DEFAULT "; an empty text means none");
			return -EINVAL;
		}
		if (keys.length == DETACH_KEYS_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "cannot use the detach keys '%s': they are more than %d", text, DETACH_KEYS_LIMIT);
		keys.sequence[keys.length++] = (unsigned char)byte;
		key += length + (key[length] == ',');
	}
	*ret = keys;
	return 0;
}

/* The longest beginning of the sequence that the MATCHED keys end with, shorter than they are. */
static size_t shorter_match(const struct detach_keys *keys)
{
	size_t length = keys->matched - 1;

	while (length > 0 && memcmp(keys->sequence, keys->sequence + keys->matched - length, length) != 0)
		length--;
	return length;
}

bool detach_keys_filter(struct detach_keys *keys, const void *bytes, size_t length, struct buf *out)
{
	const unsigned char *byte = bytes;

	if (keys->length == 0)
		buf_add(out, bytes, length);
	for (size_t i = 0; i < length && keys->length > 0; i++) {
		while (keys->matched > 0 && keys->sequence[keys->matched] != byte[i]) {
			size_t rest = shorter_match(keys);

			buf_add(out, keys->sequence, keys->matched - rest);
			keys->matched = rest;
		}
		if (keys->sequence[keys->matched] != byte[i])
			buf_add_char(out, (char)byte[i]);
		else if (++keys->matched == keys->length)
			return true;
	}
	return false;
}

void detach_keys_flush(struct detach_keys *keys, struct buf *out)
{
	buf_add(out, keys->sequence, keys->matched);
	keys->matched = 0;
}
