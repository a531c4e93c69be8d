/* SPDX-License-Identifier: Apache-2.0 */
/* mounts: the mount tree of a process or container, with its propagation. */
#include "primitive/mounts.h"

#include "base/json.h"
#include "base/printable.h"
#include "cli/command.h"
#include "engine/terminal.h"
#include "primitive/subject.h"

#include <inttypes.h>

#define COLUMNS 5
#define GAP 2
#define WIDTH_LIMIT 60u /* of a column: what is longer pushes its own line */
#define DEPTH_LIMIT 64u /* deeper ones are drawn there */

struct mounts_request {
	const char *format;
};

static const struct option_entry entries[] = {
	{ "format", 0, OPTION_STRING, 0, offsetof(struct mounts_request, format), "tree|json", "how it is shown; default: tree" },
	{ 0 },
};

/* ---- the tree ------------------------------------------------------------------------ */

/* The lines that lead to NODE: of each mount above it, whether more is to come on that. */
static const char *branch(struct arena *arena, const struct mount_tree *tree, const struct mount_node *node, bool utf8)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool goes_on[DEPTH_LIMIT] = { false };
	unsigned depth = node->depth < DEPTH_LIMIT ? node->depth : DEPTH_LIMIT;
	const struct mount_node *at = node;

	for (unsigned i = depth; i-- > 0; at = &tree->nodes[at->parent])
		goes_on[i] = !at->is_last;
	buf_add_text(&text, "");
	for (unsigned i = 0; i < depth; i++) {
		bool is_own = i + 1 == depth;

		if (is_own)
			buf_add_text(&text, utf8 ? (goes_on[i] ? "├─" : "└─") : goes_on[i] ? "|-" : "`-");
		else
			buf_add_text(&text, goes_on[i] ? (utf8 ? "│ " : "| ") : "  ");
	}
	return arena_strdup(arena, text.data);
}

static const char *clean(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_add_text(&out, "");
	printable_add(&out, text, strlen(text));
	return arena_strdup(arena, out.data);
}

static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void fill_row(struct arena *arena, const struct mount_tree *tree, const struct mount_node *node, bool utf8, const char **cells)
{
	const struct mountinfo_entry *entry = node->entry;
	bool is_part = !str_equal(entry->root, "/");

	cells[0] = arena_printf(arena, "%s%s", branch(arena, tree, node, utf8), clean(arena, entry->mount_point));
	cells[1] = clean(arena, is_part ? arena_printf(arena, "%s[%s]", entry->source, entry->root) : entry->source);
	cells[2] = clean(arena, entry->type);
	cells[3] = mount_tree_propagation(arena, entry);
	cells[4] = clean(arena, node->is_covered ? arena_printf(arena, "%s (covered)", entry->options) : entry->options);
}

static void add_rows(struct arena *arena, const struct mount_tree *tree, bool utf8, struct buf *out)
{
	static const char *const titles[COLUMNS] = { "TARGET", "SOURCE", "TYPE", "PROPAGATION", "OPTIONS" };
	const char *(*rows)[COLUMNS] = arena_alloc(arena, tree->count + 1, sizeof *rows);
	size_t widths[COLUMNS] = { 0 };

	memcpy(rows[0], titles, sizeof titles);
	for (size_t i = 0; i < tree->count; i++)
		fill_row(arena, tree, &tree->nodes[i], utf8, rows[i + 1]);
	for (size_t i = 0; i <= tree->count; i++)
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width = width_of(rows[i][j]);

			if (width > widths[j] && width <= WIDTH_LIMIT)
				widths[j] = width;
		}
	for (size_t i = 0; i <= tree->count; i++)
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width = width_of(rows[i][j]), wanted = j + 1 < COLUMNS ? widths[j] + GAP : 0;

			buf_printf(out, "%s%*s", rows[i][j], (int)(wanted > width ? wanted - width : j + 1 < COLUMNS), "");
			if (j + 1 == COLUMNS)
				buf_add_char(out, '\n');
		}
}

static void add_paths(struct arena *arena, const struct mount_tree *tree, const size_t *nodes, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? " = " : "", clean(arena, tree->nodes[nodes[i]].entry->mount_point));
}

/* Mounts that are peers, and below them those that only receive. */
static void add_groups(struct arena *arena, const struct mount_tree *tree, bool utf8, struct buf *out)
{
	for (size_t i = 0; i < tree->group_count; i++) {
		const struct mount_group *group = &tree->groups[i];

		buf_printf(out, "%speer group %" PRIu64 ": ", i ? "" : "\n", group->number);
		add_paths(arena, tree, group->members, group->member_count, out);
		buf_add_text(out, group->member_count == 0 ? "of others\n" : group->member_count == 1 && !group->slave_count ? " (its peers are others')\n" : "\n");
		for (size_t j = 0; j < group->slave_count; j++)
			buf_printf(out, "  %s slave %s\n", utf8 ? "└▶" : "`->", clean(arena, tree->nodes[group->slaves[j]].entry->mount_point));
	}
}

/* ---- JSON ------------------------------------------------------------------------------ */

static void write_number(struct json_writer *w, const char *key, uint64_t number)
{
	if (number)
		json_write_uint(w, key, number);
}

static void write_mount(struct json_writer *w, const struct mount_tree *tree, const struct mount_node *node)
{
	const struct mountinfo_entry *entry = node->entry;

	json_write_open(w, NULL, '{');
	json_write_uint(w, "id", entry->id);
	if (node->parent != MOUNT_TREE_NONE)
		json_write_uint(w, "parent", tree->nodes[node->parent].entry->id);
	json_write_string(w, "target", entry->mount_point);
	json_write_string(w, "source", entry->source);
	json_write_string(w, "root", entry->root);
	json_write_string(w, "type", entry->type);
	json_write_string(w, "options", entry->options);
	write_number(w, "shared", entry->shared);
	write_number(w, "master", entry->master);
	write_number(w, "propagateFrom", entry->propagate_from);
	json_write_bool(w, "unbindable", entry->is_unbindable);
	json_write_bool(w, "covered", node->is_covered);
	json_write_close(w, '}');
}

static void write_ids(struct json_writer *w, const char *key, const struct mount_tree *tree, const size_t *nodes, size_t count)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		json_write_uint(w, NULL, tree->nodes[nodes[i]].entry->id);
	json_write_close(w, ']');
}

static void add_json(const struct mount_tree *tree, struct buf *out)
{
	struct json_writer w = { .out = out, .indent = 2 };

	json_write_open(&w, NULL, '{');
	json_write_open(&w, "mounts", '[');
	for (size_t i = 0; i < tree->count; i++)
		write_mount(&w, tree, &tree->nodes[i]);
	json_write_close(&w, ']');
	json_write_open(&w, "peerGroups", '[');
	for (size_t i = 0; i < tree->group_count; i++) {
		json_write_open(&w, NULL, '{');
		json_write_uint(&w, "group", tree->groups[i].number);
		write_ids(&w, "members", tree, tree->groups[i].members, tree->groups[i].member_count);
		write_ids(&w, "slaves", tree, tree->groups[i].slaves, tree->groups[i].slave_count);
		json_write_close(&w, '}');
	}
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
}

/* ---- the command ------------------------------------------------------------------------- */

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct mounts_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories = { .root = NULL };
	const char *subject = call->operands[0];
	struct mount_tree tree;
	int r = 0;

	if (request->format && !str_equal(request->format, "tree") && !str_equal(request->format, "json"))
		return error_set(err, ERROR_INVALID, 0, "invalid value '%s' for --format: expected tree or json", request->format);
	/* An ordinary user's containers are in his home, other processes need not be. */
	if (subject && !subject_is_process(subject))
		r = cli_directories(call, arena, &directories, err);
	if (r == 0)
		r = mounts_read(arena, &directories, subject, &tree, err);
	if (r < 0)
		return r;
	if (str_equal(request->format, "json")) {
		add_json(&tree, out);
	} else {
		add_rows(arena, &tree, terminal_is_utf8(), out);
		add_groups(arena, &tree, terminal_is_utf8(), out);
	}
	return 0;
}

const struct command cli_mounts = {
	.command = {
		.name = "mounts",
		.operands = "[CONTAINER|PID]",
		.summary = "show the mounts of a container or process, and how they propagate",
		.description = "Draws the mounts that a process sees, or the first process of a container, or this one, as a tree: each on the one that it is mounted on. "
			"PROPAGATION is what happens to a mount that is made below one of them: \"shared:N\" gives it to all of peer group N, and takes from them; \"slave of N\" "
			"only takes; \"private\" does neither, and \"unbindable\" can not even be bound elsewhere. The peer groups follow, with who takes from each. "
			"A number is a process.",
		.entries = entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct mounts_request),
	.run = run,
	.exit_status = CLI_EXIT_FAILURE,
};
