/* SPDX-License-Identifier: Apache-2.0 */
/* system check: whether all that should be here is, and is whole. */
#include "cli/transfer.h"
#include "engine/build_debris.h"
#include "engine/containers.h"
#include "engine/damage_check.h"
#include "engine/image_removal.h"

struct check_request {
	bool repair;
};

static const struct option_entry entries[] = {
	{ "repair", 0, OPTION_FLAG, 0, offsetof(struct check_request, repair), NULL, "mend what can be mended, remove what nothing needs" },
	{ 0 },
};

static void tell_left(void *context, const char *text)
{
	printf("%s\n", text);
	++*(size_t *)context;
}

/* What killed commands left of containers. */
static int check_containers(const struct directories *directories, const struct check_request *request, size_t *found, struct error *err)
{
	int r = container_check(directories, request->repair, tell_left, found, err);

	fflush(stdout);
	return r;
}

static void tell_damaged(void *context _unused_, const char *text)
{
	printf("%s\n", text);
}

/* Records that cannot be read, of anything. */
static int check_records(const struct directories *directories, const struct check_request *request, struct damage_check_report *ret, struct error *err)
{
	int r = damage_check(directories, request->repair, tell_damaged, NULL, ret, err);

	fflush(stdout);
	return r;
}

/* And of builds. */
static int check_builds(const struct directories *directories, const struct check_request *request, size_t *found, struct error *err)
{
	int r = build_debris_sweep(&(struct build_debris){ .directories = directories, .dry_run = !request->repair, .found = tell_left, .context = found }, err);

	fflush(stdout);
	return r;
}

static int check_store(const struct command_call *call, struct arena *arena, struct spec_transfer_report *ret, struct error *err)
{
	const struct check_request *request = call->request;
	struct cli_transfer transfer = cli_transfer_begin(arena, "check", PROGRESS_PULL);

	cli_transfer_add_flag(&transfer, "--repair", request->repair);
	cli_transfer_add(&transfer, "--no-sweep");
	return cli_transfer_report(call, &transfer, ret, err);
}

static void tell_unneeded(void *context, const char *digest, bool is_layer)
{
	printf("%s: nothing needs the %s\n", digest, is_layer ? "layer" : "blob");
	++*(size_t *)context;
}

/* The store as it is told of, then what nothing needs. If that cannot be told as something is damaged, the damage is the error. */
static int check_images(const struct command_call *call, const struct directories *directories, struct arena *arena, struct spec_transfer_report *ret,
	size_t *found, struct error *err)
{
	const struct check_request *request = call->request;
	int r = check_store(call, arena, ret, err), swept;

	swept = image_removal_sweep(directories, !request->repair, tell_unneeded, found, r < 0 ? NULL : err);
	fflush(stdout);
	return r < 0 || (swept < 0 && ret->fault_count) ? r : swept;
}

static int refuse_damage(const struct damage_check_report *records, struct error *err)
{
	size_t left = records->found - records->mended;

	error_set(err, ERROR_CONFLICT, 0, "%zu record%s damaged", left, left == 1 ? " is" : "s are");
	error_hint(err, "--repair mends what it can; 'bivy rm', 'bivy volume rm' and 'bivy network rm' remove the others, with --force");
	return -EBADMSG;
}

/* What is found is told while it is looked for, and what cannot be mended is an error. */
static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct check_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_transfer_report report = { .fault_count = 0 };
	struct damage_check_report records = { 0 };
	struct directories directories;
	size_t mended = 0, left = 0, faults;
	struct error told = ERROR_INIT;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0)
		r = check_records(&directories, request, &records, err);
	if (r == 0)
		r = check_containers(&directories, request, &left, err);
	if (r == 0)
		r = check_builds(&directories, request, &left, err);
	if (r < 0)
		return r;
	r = check_images(call, &directories, arena, &report, &left, &told);
	/* Without them nobody can tell which images are needed: that is the better reason. */
	if (records.found > records.mended && report.fault_count == 0)
		return refuse_damage(&records, err);
	if (r < 0) {
		*err = told;
		return r;
	}
	for (size_t i = 0; i < report.fault_count; i++)
		mended += report.faults[i].mended;
	faults = report.fault_count + left + records.found;
	if (faults == 0)
		buf_add_text(out, "nothing is damaged, nothing is left over\n");
	else if (request->repair)
		buf_printf(out, "%zu of %zu faults mended\n", mended + left + records.mended, faults);
	else
		buf_printf(out, "nothing is damaged; --repair removes what nothing needs (%zu)\n", faults);
	return 0;
}

const struct command cli_system_check = {
	.command = {
		.name = "system check",
		.summary = "check what is stored, and mend it",
		.description = "Looks for what killed commands have left of containers and builds, and for records that cannot be read, compares all blobs with their digests, and what each image needs with what is there. "
			"With --repair, what is left is removed or brought to its end, what is damaged is removed, layers are extracted again from their blobs, "
			"and what nothing needs is removed, too. It fails if damage is there, or left.",
		.entries = entries,
	},
	.request_size = sizeof(struct check_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
