/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/transfer.h"
#include "base/memory.h"

void cli_transfer_add(struct cli_transfer *transfer, const char *argument)
{
	if (transfer->count + 2 > transfer->capacity) {
		const char **larger;

		transfer->capacity = transfer->capacity * 2 + 16;
		larger = arena_alloc(transfer->arena, transfer->capacity, sizeof *larger);
		if (transfer->count)
			memcpy(larger, transfer->arguments, transfer->count * sizeof *larger);
		transfer->arguments = larger;
	}
	transfer->arguments[transfer->count++] = argument;
	transfer->arguments[transfer->count] = NULL;
}

struct cli_transfer cli_transfer_begin(struct arena *arena, const char *command, enum progress_verb verb)
{
	struct cli_transfer transfer = { .arena = arena, .verb = verb };

	cli_transfer_add(&transfer, command);
	return transfer;
}

void cli_transfer_add_option(struct cli_transfer *transfer, const char *name, const char *value)
{
	if (value)
		cli_transfer_add(transfer, arena_printf(transfer->arena, "%s=%s", name, value));
}

void cli_transfer_add_flag(struct cli_transfer *transfer, const char *name, bool is)
{
	if (is)
		cli_transfer_add(transfer, name);
}

void cli_transfer_add_operands(struct cli_transfer *transfer, const struct command_call *call)
{
	cli_transfer_add(transfer, "--");
	for (char **operand = call->operands; *operand; operand++)
		cli_transfer_add(transfer, *operand);
}

void cli_transfer_add_registry(struct cli_transfer *transfer, const struct registry_request *request)
{
	cli_transfer_add_option(transfer, "--authfile", request->authfile);
	cli_transfer_add_option(transfer, "--creds", request->creds);
	cli_transfer_add_flag(transfer, "--tls-verify=false", !request->verifies);
}

/* ---- running ------------------------------------------------------------------------- */

/* Where progress is shown; -1 for nowhere. */
static int choose_fd(const struct cli_transfer *transfer)
{
	unsigned columns, rows;

	if (transfer->quiet)
		return -1;
	if (!transfer->gives_output)
		return STDOUT_FILENO;
	return terminal_size(STDERR_FILENO, &columns, &rows) ? STDERR_FILENO : -1;
}

/* A warning is told even if progress is not. */
static void tell(void *context, const struct spec_transfer_event *event)
{
	struct progress *progress = context;

	if (progress->fd < 0 && event->kind == SPEC_TRANSFER_WARNING)
		fprintf(stderr, "%s: %s\n", CLI_NAME, event->text);
	else
		progress_tell(progress, event);
}

/* With one of the two results. */
static int run(const struct command_call *call, const struct cli_transfer *transfer, const char **ret_text, struct spec_transfer_report *ret_report,
	       struct error *err)
{
	struct directories directories;
	struct transfer_request request = { .directories = &directories, .arguments = transfer->arguments,
					    .gives_output = transfer->gives_output, .tell = tell };
	_cleanup_progress_ struct progress progress;
	int r;

	progress_begin(&progress, choose_fd(transfer), transfer->verb);
	request.context = &progress;
	r = cli_directories(call, transfer->arena, &directories, err);
	if (r < 0)
		return r;
	return ret_text ? transfer_run(transfer->arena, &request, ret_text, err)
			: transfer_run_for_report(transfer->arena, &request, ret_report, err);
}

int cli_transfer_run(const struct command_call *call, const struct cli_transfer *transfer, const char **ret_text, struct error *err)
{
	return run(call, transfer, ret_text, NULL, err);
}

int cli_transfer_report(const struct command_call *call, const struct cli_transfer *transfer, struct spec_transfer_report *ret, struct error *err)
{
	return run(call, transfer, NULL, ret, err);
}
