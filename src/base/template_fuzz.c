/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a template, run on a document that has every type. */
#include "base/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"{\"Name\":\"web\",\"Id\":\"0123456789ab\",\"Count\":3,\"Cold\":-2,\"Ratio\":0.5,\"On\":true,\"Nothing\":null,"
	"\"List\":[\"one\",\"two\",\"three\"],\"Labels\":{\"b\":\"2\",\"a\":\"1\"},\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}]},\"Empty\":[]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const maps[] = { "Labels", NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = memory_new(size + 1, 1);
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct template *template = NULL;
	struct json *tree = NULL;

	memcpy(text, data, size);
	if (json_parse(arena, document, strlen(document), &tree, NULL) < 0)
		abort();
	if (template_parse(arena, text, &template, &err) == 0 && template_run(template, tree, maps, &out, &err) == 0)
		return 0;
	if (err.kind != ERROR_INVALID || !err.message[0])
		abort();
	return 0;
}
