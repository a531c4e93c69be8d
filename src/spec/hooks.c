/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/hooks.h"

enum hook_field { HOOK_PATH, HOOK_TIMEOUT };

static int decode_hook_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_hook *hook = object;
	int64_t seconds = 0;
	int r;

	if (id == HOOK_PATH)
		return decode_absolute_path(d, value, &hook->path);
	r = decode_int(d, value, 1, INT32_MAX, &seconds);
	hook->timeout_s = (uint64_t)seconds;
	hook->has_timeout = true;
	return r;
}

static int decode_hook(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(HOOK_PATH, "path", FIELD_REQUIRED),
		FIELD(STRINGS, struct spec_hook, args, "args"),
		FIELD(STRINGS, struct spec_hook, env, "env"),
		FIELD_BY(HOOK_TIMEOUT, "timeout", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), element, decode_hook_field);
}

static int decode_hooks_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_hooks *hooks = object;

	return decode_list(d, value, JSON_ARRAY, sizeof **hooks->hooks, decode_hook, &hooks->hooks[id], &hooks->count[id]);
}

int decode_hooks(const struct decoder *d, const struct json *value, struct spec_hooks *hooks)
{
	static const struct field fields[] = {
		FIELD_BY(HOOK_PRESTART, "prestart", 0),
		FIELD_BY(HOOK_CREATE_RUNTIME, "createRuntime", 0),
		FIELD_BY(HOOK_CREATE_CONTAINER, "createContainer", 0),
		FIELD_BY(HOOK_START_CONTAINER, "startContainer", 0),
		FIELD_BY(HOOK_POSTSTART, "poststart", 0),
		FIELD_BY(HOOK_POSTSTOP, "poststop", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), hooks, decode_hooks_field);
}
