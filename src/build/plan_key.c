/* SPDX-License-Identifier: Apache-2.0 */
#include "build/plan_key.h"
#include "build/go_text.h"

#include "base/str.h"

static void add_text(struct buf *out, const char *word, const char *text)
{
	if (!text)
		return;
	buf_printf(out, "%s ", word);
	go_text_quote(out, text);
	buf_add_char(out, '\n');
}

static void add_list(struct buf *out, const char *word, char *const *list)
{
	if (!list || !*list)
		return;
	buf_printf(out, "%s ", word);
	go_text_quote_list(out, list);
	buf_add_char(out, '\n');
}

static void add_flag(struct buf *out, const char *word, bool is_set)
{
	if (is_set)
		buf_printf(out, "%s\n", word);
}

static void add_named(struct buf *out, const char *word, const char *text)
{
	if (!text)
		return;
	buf_printf(out, " %s=", word);
	go_text_quote(out, text);
}

/* What a mount is of is told by digests; here is what it is besides. */
static void add_mount(struct buf *out, const struct plan_mount *plan)
{
	static const char *const kinds[] = {
		[RUN_MOUNT_BIND] = "bind", [RUN_MOUNT_CACHE] = "cache", [RUN_MOUNT_TMPFS] = "tmpfs", [RUN_MOUNT_SECRET] = "secret", [RUN_MOUNT_SSH] = "ssh",
	};
	const struct run_mount *mount = plan->mount;

	buf_printf(out, "mount %s", kinds[mount->kind]);
	add_named(out, "target", mount->target);
	add_named(out, "source", mount->source);
	add_named(out, "id", mount->id);
	add_named(out, "env", mount->env);
	if (mount->read_only)
		buf_add_text(out, " ro");
	if (mount->required)
		buf_add_text(out, " required");
	if (mount->size > 0)
		buf_printf(out, " size=%llu", (unsigned long long)mount->size);
	if (mount->has_uid)
		buf_printf(out, " uid=%u", mount->uid);
	if (mount->has_gid)
		buf_printf(out, " gid=%u", mount->gid);
	if (mount->has_mode)
		buf_printf(out, " mode=%o", mount->mode);
	buf_add_char(out, '\n');
}

static void add_run(struct buf *out, const struct plan_step *step, char *const *environment)
{
	buf_add_text(out, "RUN\n");
	add_list(out, "command", step->command);
	add_text(out, "script", step->script);
	add_text(out, "user", step->user);
	add_text(out, "directory", step->working_directory);
	add_list(out, "environment", environment);
	for (size_t i = 0; i < step->mount_count; i++)
		add_mount(out, &step->mounts[i]);
	add_flag(out, "network none", step->instruction->network == RUN_NETWORK_NONE);
	add_flag(out, "network host", step->instruction->network == RUN_NETWORK_HOST);
	add_flag(out, "security insecure", step->instruction->security == RUN_SECURITY_INSECURE);
	add_list(out, "devices", step->instruction->devices);
}

static void add_copy(struct buf *out, const struct plan_step *step)
{
	const struct instruction *instruction = step->instruction;

	buf_printf(out, "%s\n", instruction->kind == INSTRUCTION_ADD ? "ADD" : "COPY");
	add_list(out, "sources", instruction->sources);
	for (size_t i = 0; i < instruction->file_count; i++) {
		add_text(out, "file", instruction->files[i].name);
		add_text(out, "content", instruction->files[i].content);
	}
	add_text(out, "destination", step->destination);
	add_text(out, "chown", instruction->chown);
	add_text(out, "chmod", instruction->chmod);
	add_list(out, "excludes", instruction->excludes);
	add_text(out, "checksum", instruction->checksum);
	add_flag(out, "link", instruction->link);
	add_flag(out, "parents", instruction->parents);
	add_flag(out, "keep-git-dir", instruction->keep_git_dir);
	add_flag(out, instruction->unpack ? "unpack" : "no unpack", instruction->has_unpack);
}

char *plan_key(struct arena *arena, const struct plan_step *step, const char *user, char *const *environment)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	switch (step->kind) {
	case PLAN_CONFIGURE:
		return NULL;
	case PLAN_RUN:
		add_run(&out, step, environment);
		break;
	case PLAN_COPY:
		add_copy(&out, step);
		break;
	case PLAN_DIRECTORY:
		buf_add_text(&out, "WORKDIR\n");
		add_text(&out, "directory", step->directory);
		add_text(&out, "user", user);
		break;
	}
	return arena_strndup(arena, out.data, out.length);
}
