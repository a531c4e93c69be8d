/* SPDX-License-Identifier: Apache-2.0 */
/* unshare: a command in new namespaces. */
#include "primitive/unshare.h"

#include "base/narration.h"
#include "cli/command.h"
#include "cli/namespace_options.h"

#include <sys/mount.h>

struct unshare_cli_request {
	struct namespace_choice namespaces;
	bool map_root, map_auto, map_current, map_none, mount_proc, explain;
	char **map_users, **map_groups;
	const char *propagation, *hostname, *directory, *keep;
	struct unshare_offset monotonic, boottime;
};

#define AT(member) offsetof(struct unshare_cli_request, member)

static int parse_offset(const char *text, void *target, struct error *err)
{
	struct unshare_offset *offset = target;

	if (str_to_i64(text, 10, &offset->seconds) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected a number of seconds");
	offset->is_given = true;
	return 0;
}

static const struct option_entry entries[] = {
	NAMESPACE_ENTRIES(struct unshare_cli_request, namespaces),
	{ "boottime", 0, OPTION_CALLBACK, 0, AT(boottime), "SECONDS", "add to the clock that counts from the boot on; makes a time namespace", .parse = parse_offset },
	{ "explain", 0, OPTION_FLAG, 0, AT(explain), NULL, "print each step as it happens, in the kernel's words, on the standard error" },
	{ "hostname", 0, OPTION_STRING, 0, AT(hostname), "NAME", "set the host name in a new UTS namespace" },
	{ "keep", 0, OPTION_STRING, 0, AT(keep), "NAME", "keep the namespaces, but a pid namespace, when the command has ended: until `" CLI_NAME " ns --release NAME`" },
	{ "map-auto", 0, OPTION_FLAG, 0, AT(map_auto), NULL, "be root in a new user namespace, with subordinate ids as others" },
	{ "map-current", 'c', OPTION_FLAG, 0, AT(map_current), NULL, "stay who you are in a new user namespace" },
	{ "map-groups", 0, OPTION_LIST, 0, AT(map_groups), "INSIDE:OUTSIDE:COUNT", "groups of a new user namespace; may be repeated; default: as --map-users" },
	{ "map-none", 0, OPTION_FLAG, 0, AT(map_none), NULL, "be nobody in a new user namespace" },
	{ "map-root", 'r', OPTION_FLAG, 0, AT(map_root), NULL, "be root in a new user namespace, and nobody else; what --user does for others than root" },
	{ "map-users", 0, OPTION_LIST, 0, AT(map_users), "INSIDE:OUTSIDE:COUNT", "users of a new user namespace; may be repeated" },
	{ "monotonic", 0, OPTION_CALLBACK, 0, AT(monotonic), "SECONDS", "add to the clock that only goes forward; makes a time namespace", .parse = parse_offset },
	{ "mount-proc", 0, OPTION_FLAG, 0, AT(mount_proc), NULL, "mount /proc anew, of a new pid namespace; --all does" },
	{ "propagation", 0, OPTION_STRING, 0, AT(propagation), "private|slave|shared|unchanged", "of the mounts in a new mount namespace; default: private" },
	{ "workdir", 'w', OPTION_STRING, OPTION_DIRECTORY, AT(directory), "DIR", "where the command begins" },
	{ 0 },
};

static int decode_ranges(struct arena *arena, const char *option, char *const *texts, const struct idmap_range **ret, size_t *ret_count, struct error *err)
{
	size_t count = texts ? strv_length(texts) : 0;
	struct idmap_range *ranges = arena_alloc(arena, count + 1, sizeof *ranges);

	for (size_t i = 0; i < count; i++)
		if (unshare_parse_range(texts[i], &ranges[i], err) < 0)
			return error_wrap(err, "invalid value '%s' for --%s", texts[i], option);
	*ret = ranges;
	*ret_count = count;
	return 0;
}

static int decode_mapping(struct arena *arena, const struct unshare_cli_request *asked, struct unshare_request *request, struct error *err)
{
	const struct {
		bool is_given;
		enum unshare_mapping mapping;
	} choices[] = {
		{ asked->map_root, UNSHARE_MAP_ROOT }, { asked->map_auto, UNSHARE_MAP_AUTO }, { asked->map_current, UNSHARE_MAP_SELF },
		{ asked->map_none, UNSHARE_MAP_NONE }, { asked->map_users || asked->map_groups, UNSHARE_MAP_GIVEN },
	};
	size_t given = 0;
	int r = decode_ranges(arena, "map-users", asked->map_users, &request->map.uids, &request->map.uid_count, err);

	if (r == 0)
		r = decode_ranges(arena, "map-groups", asked->map_groups, &request->map.gids, &request->map.gid_count, err);
	if (r < 0)
		return r;
	if (asked->map_groups && !asked->map_users)
		return error_set(err, ERROR_INVALID, 0, "--map-groups needs --map-users");
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		if (choices[i].is_given) {
			request->mapping = choices[i].mapping;
			request->namespaces |= namespace_flag("user");
			given++;
		}
	return given > 1 ? error_set(err, ERROR_INVALID, 0, "of --map-root, --map-auto, --map-current, --map-none and --map-users one counts") : 0;
}

static int decode_propagation(const char *text, unsigned long *ret, struct error *err)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} words[] = { { "private", MS_PRIVATE }, { "slave", MS_SLAVE }, { "shared", MS_SHARED }, { "unchanged", 0 } };

	*ret = MS_PRIVATE;
	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++)
		if (str_equal(text, words[i].word)) {
			*ret = words[i].flag;
			return 0;
		}
	return text ? error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --propagation: expected private, slave, shared or unchanged", text) : 0;
}

static int run(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct unshare_cli_request *asked = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories = { .root = NULL };
	struct unshare_request request = {
		.namespaces = namespace_choice_flags(&asked->namespaces),
		.mounts_proc = asked->mount_proc || asked->namespaces.all,
		.hostname = asked->hostname,
		.monotonic = asked->monotonic,
		.boottime = asked->boottime,
		.directory = asked->directory,
		.keep = asked->keep,
		.directories = &directories,
		.args = *call->operands ? call->operands : cli_shell(arena),
	};
	int r = decode_mapping(arena, asked, &request, err);

	if (r == 0)
		r = decode_propagation(asked->propagation, &request.propagation, err);
	if (r == 0 && !unshare_namespaces(&request)) {
		r = error_set(err, ERROR_INVALID, 0, "no namespace is asked for");
		error_hint(err, "--all makes all of them");
	}
	if (r == 0 && asked->keep)
		r = cli_directories_outside(call, arena, &directories, err);
	if (asked->explain)
		narration_open(STDERR_FILENO);
	return r < 0 ? r : unshare_run(&request, call->status, err);
}

const struct command cli_unshare = {
	.command = {
		.name = "unshare",
		.operands = "[COMMAND [ARGUMENT…]]",
		.summary = "run a command in new namespaces, without a container",
		.description = "Makes namespaces and runs a command in them, a shell if none is given, as unshare(1) does. Of a new pid namespace the command is the "
			"first process, and what is sent to `" CLI_NAME " unshare` ends it; a new network namespace has its loopback link up; of a new mount namespace the "
			"mounts are private; --all mounts /proc, so that ps(1) sees the processes of the namespace.\n\n"
			"Namespaces end with the last process in them. With --keep they are mounted on files in a directory NAME, of which `" CLI_NAME " ns` tells the "
			"path, before the command begins, and last: `" CLI_NAME " enter ns:NAME` enters them, `" CLI_NAME " run --network ns:PATH/net` shares one. A pid "
			"namespace cannot be kept: it ends with its first process.\n\n"
			"An ordinary user needs --user, or one of --map-…, with the rest: in a user namespace of one's own everybody may make the others.",
		.entries = entries,
		.properties = OPTIONS_STOP_AT_OPERAND,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct unshare_cli_request),
	.run = run,
	.exit_status = CLI_EXIT_ERROR,
};
