/* SPDX-License-Identifier: Apache-2.0 */
/* container prune, image prune and system prune: what nobody needs goes. */
#include "engine/build.h"
#include "engine/containers.h"
#include "engine/image_removal.h"
#include "engine/volumes.h"
#include "cli/command.h"
#include "base/human.h"

struct prune_request {
	bool all, force, volumes;
	char **filters;
};

static const struct option_entry entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct prune_request, all), NULL, "also images that have names" },
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only images that are so: until, label, label!; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ 0 },
};

static void print_freed(uint64_t bytes, struct buf *out)
{
	_cleanup_free_ char *freed = human_size(bytes, 4);

	buf_printf(out, "Total reclaimed space: %s\n", freed);
}

static void print_containers(const struct container_prune_report *report, struct buf *out)
{
	if (report->ids[0])
		buf_add_text(out, "Deleted Containers:\n");
	for (char **id = report->ids; *id; id++)
		buf_printf(out, "%s\n", *id);
	if (report->ids[0])
		buf_add_char(out, '\n');
}

static void print_images(const struct image_removal_report *report, struct buf *out)
{
	if (report->untagged[0] || report->deleted[0])
		buf_add_text(out, "Deleted Images:\n");
	for (const char **name = report->untagged; *name; name++)
		buf_printf(out, "untagged: %s\n", *name);
	for (const char **digest = report->deleted; *digest; digest++)
		buf_printf(out, "deleted: %s\n", *digest);
	if (report->untagged[0] || report->deleted[0])
		buf_add_char(out, '\n');
}

enum prune_part { PRUNE_CONTAINERS = 1 << 0, PRUNE_IMAGES = 1 << 1, PRUNE_DEBRIS = 1 << 2, PRUNE_VOLUMES = 1 << 3, PRUNE_BUILDS = 1 << 4 };

static void print_volumes(const struct volume_prune_report *report, struct buf *out)
{
	if (report->names[0])
		buf_add_text(out, "Deleted Volumes:\n");
	for (char **name = report->names; *name; name++)
		buf_printf(out, "%s\n", *name);
	if (report->names[0])
		buf_add_char(out, '\n');
}

static void print_builds(const struct build_cache_prune_report *report, struct buf *out)
{
	if (report->ids[0])
		buf_add_text(out, "Deleted build cache objects:\n");
	for (char **id = report->ids; *id; id++)
		buf_printf(out, "%s\n", *id);
	if (report->ids[0])
		buf_add_char(out, '\n');
}

/* Those of FILTERS that are about time; *RET_OTHERS: there are others, which nothing in the build cache is true of. */
static char **choose_times(struct arena *arena, char *const *filters, bool *ret_others)
{
	char **chosen = arena_alloc(arena, (filters ? strv_length((char **)filters) : 0) + 1, sizeof *chosen);
	size_t count = 0;

	*ret_others = false;
	for (; filters && *filters; filters++)
		if (str_starts_with(*filters, "until="))
			chosen[count++] = *filters;
		else
			*ret_others = true;
	return chosen;
}

static int prune_builds(struct arena *arena, const struct directories *directories, const struct prune_request *request, uint64_t *freed_bytes,
	struct buf *out, struct error *err)
{
	struct build_cache_prune_report report = { .ids = NULL };
	struct build_cache_prune_request builds = { .directories = directories, .all = request->all };
	bool has_others;
	int r;

	builds.filters = choose_times(arena, request->filters, &has_others);
	if (has_others)
		return 0;
	r = build_cache_prune(arena, &builds, &report, err);
	if (r < 0)
		return r;
	print_builds(&report, out);
	*freed_bytes += report.freed_bytes;
	return 0;
}

/* Containers first: they keep images and volumes; what builds keep is last: it may be images' no more. */
static int prune(const struct command_call *call, unsigned parts, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct container_prune_report containers = { .freed_bytes = 0 };
	struct image_removal_report images = { .freed_bytes = 0 };
	struct volume_prune_report volumes = { .freed_bytes = 0 };
	struct directories directories;
	uint64_t built = 0;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && (parts & PRUNE_CONTAINERS)) {
		r = container_prune(arena, &directories, request->filters, &containers, err);
		if (r == 0)
			print_containers(&containers, out);
	}
	if (r == 0 && (parts & PRUNE_IMAGES)) {
		r = image_removal_prune(arena, &(struct image_prune_request){ &directories, request->filters, request->all, parts & PRUNE_DEBRIS }, &images, err);
		if (r == 0)
			print_images(&images, out);
	}
	if (r == 0 && (parts & PRUNE_VOLUMES)) {
		r = volume_prune(arena, &directories, NULL, false, &volumes, err);
		if (r == 0)
			print_volumes(&volumes, out);
	}
	if (r == 0 && (parts & PRUNE_BUILDS))
		r = prune_builds(arena, &directories, request, &built, out, err);
	if (r == 0)
		print_freed(containers.freed_bytes + images.freed_bytes + volumes.freed_bytes + built, out);
	return r;
}

static const struct option_entry container_entries[] = {
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only containers that are so: until, label, label!; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ 0 },
};

static int run_container_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	int r = 0;

	if (!request->force)
		r = cli_confirm("WARNING! This will remove all stopped containers.", "the removal of containers", err);
	return r < 0 ? r : prune(call, PRUNE_CONTAINERS, out, err);
}

const struct command cli_container_prune = {
	.command = {
		.name = "container prune",
		.summary = "remove all containers that do not run",
		.description = "Removes all containers that have ended or were never started, with all that they wrote. Volumes stay. Asks first.",
		.entries = container_entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_container_prune,
	.exit_status = CLI_EXIT_FAILURE,
};

static int run_image_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	int r = 0;

	if (!request->force)
		r = cli_confirm(request->all ? "WARNING! This will remove all images without at least one container associated to them."
					     : "WARNING! This will remove all dangling images.",
				"the removal of images", err);
	return r < 0 ? r : prune(call, PRUNE_IMAGES, out, err);
}

const struct command cli_image_prune = {
	.command = {
		.name = "image prune",
		.summary = "remove images that have no name",
		.description = "Removes images that have lost their name to another, or all. Those that containers were made of stay. Asks first.",
		.entries = entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_image_prune,
	.exit_status = CLI_EXIT_FAILURE,
};

static const struct option_entry system_entries[] = {
	{ "all", 'a', OPTION_FLAG, 0, offsetof(struct prune_request, all), NULL, "also images that have names, and all that builds keep" },
	{ "filter", 0, OPTION_LIST, 0, offsetof(struct prune_request, filters), "NAME=VALUE",
		"only what is so: until, label, label!; may be repeated" },
	{ "force", 'f', OPTION_FLAG, 0, offsetof(struct prune_request, force), NULL, "do not ask" },
	{ "volumes", 0, OPTION_FLAG, 0, offsetof(struct prune_request, volumes), NULL, "also volumes without a name that no container has" },
	{ 0 },
};

static int run_system_prune(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct prune_request *request = call->request;
	const unsigned parts = PRUNE_CONTAINERS | PRUNE_IMAGES | PRUNE_DEBRIS | PRUNE_BUILDS | (request->volumes ? PRUNE_VOLUMES : 0);
	_cleanup_free_ char *question = str_printf("WARNING! This will remove:\n  - all stopped containers\n%s  - %s\n  - all unfinished downloads\n"
		"  - %s build cache\n", request->volumes ? "  - all nameless volumes not used by at least one container\n" : "",
		request->all ? "all images without a container" : "all dangling images", request->all ? "all" : "unused");
	int r = request->force ? 0 : cli_confirm(question, "the removal of unused data", err);

	return r < 0 ? r : prune(call, parts, out, err);
}

const struct command cli_system_prune = {
	.command = {
		.name = "system prune",
		.summary = "remove all that nobody needs",
		.description = "Removes containers that do not run, images that have lost their name to another, or all that no container was made of, "
			"downloads that broke off, and what builds keep, with --all also what images share. Asks first.",
		.entries = system_entries,
	},
	.request_size = sizeof(struct prune_request),
	.run = run_system_prune,
	.exit_status = CLI_EXIT_FAILURE,
};
