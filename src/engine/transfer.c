/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transfer.h"
#include "engine/assistant.h"
#include "engine/image_event.h"

int transfer_run(struct arena *arena, const struct transfer_request *request, const char **ret_text, struct error *err)
{
	const struct assistant_request assistant = { .program = &program_transfer, .directories = request->directories, .arguments = request->arguments,
		.gives_output = request->gives_output, .fds = request->fds, .fd_count = request->fd_count, .tell = request->tell,
		.context = request->context };

	return assistant_run(arena, &assistant, ret_text, err);
}

size_t transfer_registry_add(struct arena *arena, const struct transfer_registry *registry, const char **arguments)
{
	size_t count = 0;

	if (!registry)
		return 0;
	if (registry->skips_verification)
		arguments[count++] = "--tls-verify=false";
	if (registry->authfile)
		arguments[count++] = arena_printf(arena, "--authfile=%s", registry->authfile);
	if (registry->creds)
		arguments[count++] = arena_printf(arena, "--creds=%s", registry->creds);
	return count;
}

int transfer_run_for_report(struct arena *arena, const struct transfer_request *request, struct spec_transfer_report *ret, struct error *err)
{
	const char *text = NULL;
	int r = transfer_run(arena, request, &text, err);

	if (r < 0)
		return r;
	r = spec_transfer_report_decode(arena, text, strlen(text), ret, err);
	if (r < 0)
		return error_wrap(err, "cannot understand what bivy-transfer prints");
	image_event_add_report(request->directories, request->arguments[0], ret);
	return 0;
}
