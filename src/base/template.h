/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: text with actions between "{{" and "}}", filled from a JSON
 * document. The language is the part of Go's text/template that people write
 * behind --format, with the functions that docker adds:
 *
 *   {{.Field.Field}}  {{$}}  {{$x := PIPELINE}}  {{PIPELINE | PIPELINE}}  {{- trimmed -}}  {{/ * comment * /}}
 *   {{if PIPELINE}} … {{else if PIPELINE}} … {{else}} … {{end}}   {{with PIPELINE}} … {{else}} … {{end}}
 *   {{range PIPELINE}} … {{else}} … {{end}}, {{range $i, $e := PIPELINE}}, {{break}}, {{continue}}
 *   and or not eq ne lt le gt ge len index slice print printf println
 *   json join split lower upper title pad truncate
 *
 * Not there are define, template and block.
 */
#ifndef BIVY_BASE_TEMPLATE_H
#define BIVY_BASE_TEMPLATE_H

#include "base/error.h"
#include "base/json.h"

struct template;

/* Into *RET in the arena. ERROR_INVALID says what is wrong, and at which character. */
int template_parse(struct arena *arena, const char *text, struct template **ret, struct error *err) _must_check_;

/*
 * Adds what the template makes of DATA. A field that an object does not have is
 * an error, unless the object is the member of another that is named in MAPS
 * (NULL-terminated, or NULL): there any name may be asked for, and is empty.
 * What was added before an error stays. ERROR_INVALID too for a run beyond all
 * measure.
 */
int template_run(const struct template *template, const struct json *data, const char *const *maps, struct buf *out, struct error *err)
	_must_check_;

#endif
