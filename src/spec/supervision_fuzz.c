/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a message and as supervise.json. What is accepted must come back
 * the same once it was written.
 */
#include "spec/supervision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(const void *result, const struct error *err)
{
	if (result || err->kind == ERROR_NONE || !err->message[0])
		abort();
}

static void check_message(struct arena *arena, const struct spec_message *message)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_message *again = NULL;

	if (message->type == SPEC_MESSAGE_REQUEST && message->request == SPEC_REQUEST_EXEC && !message->process->args[0])
		abort();
	spec_message_encode(message, &first);
	if (first.length > SPEC_SUPERVISION_PACKET)
		return; /* control characters take more room when they are written */
	if (spec_message_decode(arena, first.data, first.length, &again, NULL) < 0)
		abort();
	spec_message_encode(again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
}

static void check_supervision(struct arena *arena, const struct spec_supervision *supervision)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_supervision *again = NULL;

	spec_supervision_encode(supervision, &first);
	if (first.length > SPEC_SUPERVISION_LIMIT)
		return;
	if (spec_supervision_decode(arena, first.data, first.length, &again, NULL) < 0)
		abort();
	spec_supervision_encode(again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = (const char *)data;
	struct error err = ERROR_INIT;
	struct spec_message *message = NULL;
	struct spec_supervision *supervision = NULL;

	if (spec_message_decode(arena, text, size, &message, &err) == 0)
		check_message(arena, message);
	else
		check_refusal(message, &err);
	if (spec_supervision_decode(arena, text, size, &supervision, &err) == 0)
		check_supervision(arena, supervision);
	else
		check_refusal(supervision, &err);
	return 0;
}
