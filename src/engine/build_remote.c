/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_remote.h"
#include "engine/build_download.h"
#include "engine/build_git.h"

#include <fcntl.h>

/* One that was asked for, whatever has asked. */
struct build_remote {
	struct build_remote *next;
	const char *text, *checksum;
	bool keeps_git;
	struct remote remote;
	const char *content;   /* a digest or a commit; or NULL: it is not known yet */
	const char *reference; /* that the commit was found by, or NULL */
	const char *directory; /* that has it, or NULL */
	size_t vertex;         /* (size_t)-1: it has none */
};

bool build_remote_is(const struct plan_step *step, size_t source)
{
	return step->instruction->kind == INSTRUCTION_ADD && remote_is(step->instruction->sources[source]);
}

size_t build_remote_count(const struct plan_step *step)
{
	size_t count = 0;

	for (size_t i = 0; step->instruction->sources[i]; i++)
		count += build_remote_is(step, i);
	return count;
}

/* ---- the list ----------------------------------------------------------------------------- */

static int find(const struct build_step *step, size_t source, struct build_remote **ret, struct error *err)
{
	const struct instruction *instruction = step->plan->instruction;
	struct build *build = step->build;
	struct build_remote *remote;
	int r;

	for (remote = build->remotes; remote; remote = remote->next)
		if (str_equal(remote->text, instruction->sources[source]) && remote->keeps_git == instruction->keep_git_dir &&
		    str_equal(remote->checksum ? remote->checksum : "", instruction->checksum ? instruction->checksum : "")) {
			*ret = remote;
			return 0;
		}
	remote = arena_alloc(build->arena, 1, sizeof *remote);
	*remote = (struct build_remote){ .text = instruction->sources[source], .checksum = instruction->checksum, .keeps_git = instruction->keep_git_dir,
		.vertex = (size_t)-1 };
	r = remote_parse(build->arena, remote->text, &remote->remote, err);
	if (r < 0)
		return r;
	remote->next = build->remotes;
	*ret = build->remotes = remote;
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* "sha256:" may be left out. */
static const char *digest_of_checksum(struct arena *arena, const char *checksum)
{
	return !checksum || strchr(checksum, ':') ? checksum : arena_printf(arena, "sha256:%s", checksum);
}

static int download(struct build *build, struct build_remote *remote, bool *ret_known, struct error *err)
{
	struct build_download request = { .url = remote->remote.url, .name = remote->remote.name,
		.checksum = digest_of_checksum(build->arena, remote->checksum), .vertex = remote->vertex };
	int r = build_work_make(build, &request.directory, err);

	if (r == 0)
		r = build_download(build, &request, &remote->content, ret_known, err);
	if (r == 0)
		remote->directory = request.directory;
	return r;
}

/* ---- all ------------------------------------------------------------------------------------------ */

/* What it is; a file comes along, as that cannot be known otherwise. */
static int identify(struct build *build, struct build_remote *remote, bool *ret_known, struct error *err)
{
	if (remote->remote.kind == REMOTE_FILE)
		return download(build, remote, ret_known, err);
	return build_git_resolve(build, &remote->remote, remote->checksum, &remote->content, &remote->reference, err);
}

static int get(struct build *build, struct build_remote *remote, struct error *err)
{
	const struct build_git_checkout checkout = { .remote = &remote->remote, .commit = remote->content, .name = remote->reference,
		.keeps_git = remote->keeps_git };
	bool is_known = false;

	if (remote->remote.kind == REMOTE_FILE)
		return download(build, remote, &is_known, err);
	return build_git_check_out(build, &checkout, &remote->directory, err);
}

static int fail(const struct build_step *step, struct error *err)
{
	const struct dockerfile_instruction *source = step->plan->instruction->source;

	step->build->report->mark = source->mark;
	return error_wrap(err, "%s:%u", step->build->dockerfile->name, source->first_line);
}

int build_remote_identify(const struct build_step *step, size_t source, const char **ret, struct error *err)
{
	struct build *build = step->build;
	struct build_remote *remote = NULL;
	bool is_known = false;
	int r = find(step, source, &remote, err);

	if (r < 0)
		return fail(step, err);
	if (!remote->content && remote->remote.kind == REMOTE_FILE && remote->checksum)
		remote->content = digest_of_checksum(build->arena, remote->checksum);
	if (!remote->content) {
		remote->vertex = build_add_vertex(build, remote_shown(build->arena, remote->text), NULL, 0);
		build_tell(build, remote->vertex, BUILD_STARTED);
		r = identify(build, remote, &is_known, err);
		if (r < 0) {
			build_tell_failure(build, remote->vertex, err);
			return fail(step, err);
		}
		build_tell(build, remote->vertex, is_known ? BUILD_CACHED : BUILD_DONE);
	}
	*ret = remote->content;
	return 0;
}

int build_remote_open(const struct build_step *step, size_t source, int *ret_fd, const char **ret_name, struct error *err)
{
	struct build_remote *remote = NULL;
	int r = find(step, source, &remote, err);

	if (r == 0 && !remote->directory) {
		remote->vertex = step->vertex; /* it is the step itself that takes so long */
		r = get(step->build, remote, err);
	}
	if (r < 0)
		return r;
	*ret_fd = open(remote->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret_name = remote->remote.kind == REMOTE_FILE ? remote->remote.name : ".";
	return *ret_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", remote->directory) : 0;
}

void build_remote_each(const struct build *build, void (*each)(void *context, const char *address, const char *digest), void *context)
{
	for (const struct build_remote *remote = build->remotes; remote; remote = remote->next)
		if (remote->content)
			each(context, remote_address(build->arena, &remote->remote, remote->reference), remote_digest(build->arena, &remote->remote, remote->content));
}
