/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is the container's to write: what it says is read with a bound and
 * put into it again, and nothing of it is believed.
 */
#include "engine/container_network_hosts.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/bundle_mounts.h"
#include "engine/container_links.h"

#include <fcntl.h>

#define FILE_LIMIT (256u << 10)

/* ---- texts --------------------------------------------------------------------------- */

/* Whether the first name in a line of hosts(5) is the first of NAMES, or begins with it and a dot: that with the domain. */
static bool is_line_of(const char *line, const char *names)
{
	const char *word = line + strcspn(line, " \t");
	size_t length = strcspn(names, " ");

	word += strspn(word, " \t");
	return strncmp(word, names, length) == 0 && strchr(" \t.", word[length]);
}

void container_network_change_hosts(char *text, const char *names, char *const *addresses, struct buf *out)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line && !is_line_of(line, names))
			buf_printf(out, "%s\n", line);
	for (; addresses && *addresses; addresses++)
		buf_printf(out, "%.*s\t%s\n", (int)strcspn(*addresses, "/"), *addresses, names);
}

/* ---- files ---------------------------------------------------------------------------- */

/* Their lines in TEXT, which is replaced. */
static void refresh_links(const struct container_record *record, struct buf *text)
{
	struct container_link *links;
	size_t count = container_links_find(record->arena, record->directories, &record->container->host, &links);

	for (size_t i = 0; i < count; i++) {
		struct buf changed = BUF_INIT;

		container_network_change_hosts(text->data ? text->data : (char[]){ "" }, links[i].names, links[i].addresses, &changed);
		buf_done(text);
		*text = changed;
	}
}

static int refresh_hosts(const struct container_record *record, int record_fd, const struct spec_network_plan *plan)
{
	const char *hostname = record->container->config.hostname;
	char **addresses = NULL, *short_id = arena_strndup(record->arena, record->container->id, 12);
	_cleanup_buf_ struct buf text = BUF_INIT, changed = BUF_INIT;
	size_t count = 0, all = 0;
	int r = file_read_regular_at(record_fd, "hosts", FILE_LIMIT, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->link_count; i++)
		all += strv_length(plan->links[i].addresses);
	addresses = arena_alloc(record->arena, all + 1, sizeof *addresses);
	for (size_t i = 0; i < plan->link_count; i++)
		for (char **address = plan->links[i].addresses; address && *address; address++)
			addresses[count++] = *address;
	container_network_change_hosts(text.data ? text.data : (char[]){ "" }, str_is_empty(hostname) ? short_id : hostname, addresses, &changed);
	refresh_links(record, &changed);
	return bundle_rewrite_file(record_fd, "hosts", &changed);
}

void container_network_refresh_hosts(const struct container_record *record, const struct spec_network_plan *plan)
{
	_cleanup_close_ int record_fd = open(record->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = record_fd < 0 ? -errno : refresh_hosts(record, record_fd, plan);

	if (r < 0 && r != -ENOENT) /* --no-hosts */
		log_warning("cannot change the hosts of the container '%s': %s, ignoring", record->container->name, error_words(-r));
}
