/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/transfer.h"
#include "base/clock.h"
#include "engine/assistant.h"
#include "engine/image_event.h"
#include "engine/tally.h"

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

static int run_for_report(struct arena *arena, const struct transfer_request *request, struct spec_transfer_report *ret, struct error *err)
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

static uint64_t fetched_bytes(const struct spec_transfer_report *report)
{
	uint64_t sum = report->image.fetched_bytes;

	for (size_t i = 0; i < report->image_count; i++)
		sum += report->images[i].fetched_bytes;
	return sum;
}

int transfer_run_for_report(struct arena *arena, const struct transfer_request *request, struct spec_transfer_report *ret, struct error *err)
{
	int64_t start_ns = clock_monotonic_ns();
	int r = run_for_report(arena, request, ret, err);

	if (str_equal(request->arguments[0], "pull"))
		tally_add_pull(request->directories, r < 0 ? SPEC_TALLY_FAILURE : SPEC_TALLY_SUCCESS, clock_monotonic_ns() - start_ns,
			       r < 0 ? 0 : fetched_bytes(ret));
	return r;
}
