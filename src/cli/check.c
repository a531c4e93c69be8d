/* SPDX-License-Identifier: Apache-2.0 */
/* system check: whether all that should be here is, and is whole. */
#include "cli/transfer.h"

struct check_request {
	bool repair;
};

static const struct option_entry entries[] = {
	{ "repair", 0, OPTION_FLAG, 0, offsetof(struct check_request, repair), NULL, "mend what can be mended, remove what nothing needs" },
	{ 0 },
};

/* What is found is told while it is looked for, and what cannot be mended is an error. */
static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct check_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "check", PROGRESS_PULL);
	struct spec_transfer_report report;
	size_t mended = 0;
	int r;

	cli_transfer_add_flag(&transfer, "--repair", request->repair);
	r = cli_transfer_report(call, &transfer, &report, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < report.fault_count; i++)
		mended += report.faults[i].mended;
	if (report.fault_count == 0)
		buf_add_text(out, "nothing is damaged, nothing is left over\n");
	else if (request->repair)
		buf_printf(out, "%zu of %zu faults mended\n", mended, report.fault_count);
	else
		buf_printf(out, "nothing is damaged; --repair removes what nothing needs (%zu)\n", report.fault_count);
	return 0;
}

const struct command cli_system_check = {
	.command = {
		.name = "system check",
		.summary = "check what is stored, and mend it",
		.description = "Compares all blobs with their digests, and what each image needs with what is there. With --repair, what is damaged is removed, "
			"layers are extracted again from their blobs, and what nothing needs is removed, too. It fails if damage is there, or left.",
		.entries = entries,
	},
	.request_size = sizeof(struct check_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
