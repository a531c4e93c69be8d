/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction_run.h"
#include "build/dockerfile_heredoc.h"
#include "build/instruction_mount.h"

static char **one_word(struct arena *arena, char *word)
{
	char **ret = arena_alloc(arena, 2, sizeof(*ret));

	ret[0] = word;
	return ret;
}

void instruction_run_read_command(const struct instruction_context *c, struct instruction *ret)
{
	ret->is_shell_form = !c->source->json;
	ret->command = c->source->json ? c->source->json : one_word(c->arena, c->source->text);
}

/* A here-document that is all of the text is the shell's command itself, so that shells need not know them; or a script that names its interpreter. */
static int take_only_heredoc(const struct instruction_context *c, struct instruction *ret)
{
	const struct dockerfile_heredoc *heredoc = &c->source->heredocs[0];

	if (!str_starts_with(heredoc->content, "#!")) {
		ret->command = one_word(c->arena, heredoc->content);
		return 0;
	}
	if (!dockerfile_heredoc_is_file_name(heredoc->name))
		return instruction_fail(c, heredoc->name, "'%s' is no name of a file", heredoc->name);
	ret->files = arena_alloc(c->arena, 1, sizeof(*ret->files));
	ret->files[0] = (struct instruction_file){ .name = heredoc->name, .content = heredoc->content };
	ret->file_count = 1;
	ret->command = one_word(c->arena, arena_printf(c->arena, "%s/%s", INSTRUCTION_SCRIPT_DIRECTORY, heredoc->name));
	return 0;
}

/* Others are put back behind the text: the shell knows what they are for. */
static char *join_heredocs(const struct instruction_context *c)
{
	_cleanup_buf_ struct buf joined = BUF_INIT;

	buf_add_text(&joined, c->source->text);
	for (size_t i = 0; i < c->source->heredoc_count; i++)
		buf_printf(&joined, "\n%s%s", c->source->heredocs[i].written, c->source->heredocs[i].name);
	return arena_strndup(c->arena, joined.data, joined.length);
}

static int read_heredocs(const struct instruction_context *c, struct instruction *ret)
{
	struct dockerfile_heredoc only;

	if (!c->source->heredoc_count)
		return 0;
	if (dockerfile_heredoc_of_word(c->arena, c->source->text, &only))
		return take_only_heredoc(c, ret);
	ret->command = one_word(c->arena, join_heredocs(c));
	return 0;
}

int instruction_run_read_mounts(const struct instruction_context *c, char *const *values, struct instruction *ret)
{
	size_t count = 0;

	while (values && values[count])
		count++;
	ret->mount_count = count;
	if (!count)
		return 0;
	ret->mounts = arena_alloc(c->arena, count, sizeof(*ret->mounts));
	for (size_t i = 0; i < count; i++) {
		int r = instruction_mount_read(c, values[i], &ret->mounts[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* One of NAMES; 0, the first, if it is not given. */
static int read_name(const struct instruction_context *c, const char *flag, const char *value, const char *const *names, size_t count, unsigned *ret)
{
	int r;

	*ret = 0;
	if (!value)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (str_equal(value, names[i])) {
			*ret = (unsigned)i;
			return 0;
		}
	r = instruction_fail(c, value, "flag '%s' has no '%s'", flag, value);
	if (!instruction_hint_nearest(c, value, names, count))
		error_hint(c->err, count == 2 ? "there are %s and %s" : "there are %s, %s and %s", names[0], names[1], names[count - 1]);
	return r;
}

/* "vendor.com/class=name,required": nothing but names, and whether it must be there. */
static int check_device(const struct instruction_context *c, const char *device)
{
	static const char *const names[] = { "name", "required" };
	size_t length;

	for (bool named = false; *device; device += length + (device[length] == ',')) {
		size_t key;

		length = strcspn(device, ",");
		key = strcspn(device, ",=");
		if ((key == 8 && strncmp(device, "required", 8) == 0) || (key == 4 && strncmp(device, "name", 4) == 0))
			continue;
		if (named || !length) {
			const char *word = arena_strndup(c->arena, device, key);
			int r = instruction_fail(c, word, "a device has no '%s'", word);

			instruction_hint_nearest(c, word, names, ARRAY_SIZE(names));
			return r;
		}
		named = true;
	}
	return 0;
}

int instruction_run_read(const struct instruction_context *c, const struct instruction_flags *flags, struct instruction *ret)
{
	static const char *const networks[] = { "default", "none", "host" }, *const securities[] = { "sandbox", "insecure" };
	unsigned network, security;
	int r = read_name(c, "--network", flags->network, networks, ARRAY_SIZE(networks), &network);

	if (r == 0)
		r = read_name(c, "--security", flags->security, securities, ARRAY_SIZE(securities), &security);
	if (r < 0)
		return r;
	ret->network = (enum run_network)network;
	ret->security = (enum run_security)security;
	ret->devices = flags->devices;
	for (char **device = flags->devices; device && *device; device++)
		if ((r = check_device(c, *device)) < 0)
			return r;
	if (c->source->json && !c->source->json[0])
		return instruction_fail(c, NULL, "RUN has no command");
	instruction_run_read_command(c, ret);
	r = read_heredocs(c, ret);
	return r < 0 ? r : instruction_run_read_mounts(c, flags->mounts, ret);
}
