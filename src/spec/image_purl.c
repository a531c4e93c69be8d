/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_purl.h"

#include "base/memory.h"
#include "spec/reference.h"

#include <ctype.h>

void spec_purl_escape(const char *text, const char *plain, struct buf *out)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr(plain, *text))
			buf_add_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void spec_image_purl(const char *name, const char *platform, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_reference reference;

	if (!name || spec_reference_parse(arena, name, &reference, NULL) < 0) {
		buf_add_text(out, "_");
		return;
	}
	buf_add_text(out, "pkg:docker/");
	spec_purl_escape(spec_reference_familiar_repository(arena, &reference), "-._~/:", out);
	if (reference.tag)
		buf_printf(out, "@%s", reference.tag);
	buf_add_text(out, "?platform=");
	spec_purl_escape(platform, "-._~", out);
}
