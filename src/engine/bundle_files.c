/* SPDX-License-Identifier: Apache-2.0 */
/* hosts, hostname, resolv.conf and localtime of a container: files of its root user, who may change them. */
#include "base/file.h"
#include "engine/bundle_mounts.h"
#include "engine/bundle_namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#define FILE_LIMIT (256u << 10)

/* NAME in the volatile directory, bound on TARGET. */
static int add_file(struct bundle_plan *plan, const char *name, const char *target, const struct buf *text, struct error *err)
{
	_cleanup_close_ int fd = openat(plan->run_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	const struct bundle_ids *ids = &plan->ids;
	int r = fd < 0 ? -errno : fd_write_all(fd, text->data ? text->data : "", text->length);

	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (r == 0 && ids->has_namespace &&
	    fchown(fd, bundle_outside_id(ids->uids, ids->uid_count, 0), bundle_outside_id(ids->gids, ids->gid_count, 0)) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot write '%s/%s'", plan->record->run_path, name);
	bundle_add_mount(plan, target, "bind", arena_printf(plan->arena, "%s/%s", plan->record->run_path, name), "bind,rprivate");
	return 0;
}

/* The host's file; nothing if it has none that can be read. */
static void read_host_file(const char *path, struct buf *text)
{
	size_t length = text->length;

	if (file_read_regular_at(AT_FDCWD, path, FILE_LIMIT, text) < 0 && text->data)
		text->data[text->length = length] = '\0';
	if (text->length && text->data[text->length - 1] != '\n')
		buf_add_char(text, '\n');
}

static bool has_host_network(const struct bundle_plan *plan)
{
	return !spec_namespace_find(plan->spec, CLONE_NEWNET);
}

/* "NAME:ADDRESS" as a line. */
static void add_host(const char *text, struct buf *out)
{
	const char *colon = strchr(text, ':');

	if (colon)
		buf_printf(out, "%s\t%.*s\n", colon + 1, (int)(colon - text), text);
}

static int add_hosts(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (plan->host->no_hosts)
		return 0;
	if (has_host_network(plan)) {
		read_host_file("/etc/hosts", &text);
	} else {
		buf_add_text(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
		if (plan->hostname)
			buf_printf(&text, "127.0.0.1\t%s%s%s%s%s\n", plan->hostname, plan->config->domainname ? "." : "",
				   plan->config->domainname ? plan->config->domainname : "", plan->config->domainname ? " " : "",
				   plan->config->domainname ? plan->hostname : "");
	}
	for (size_t i = 0; plan->host->extra_hosts && plan->host->extra_hosts[i]; i++)
		add_host(plan->host->extra_hosts[i], &text);
	return add_file(plan, "hosts", "/etc/hosts", &text, err);
}

static int add_hostname(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (plan->hostname)
		buf_printf(&text, "%s\n", plan->hostname);
	else
		read_host_file("/etc/hostname", &text);
	return add_file(plan, "hostname", "/etc/hostname", &text, err);
}

static void add_words(struct buf *out, const char *keyword, char *const *words)
{
	if (!words || !words[0] || str_equal(words[0], "."))
		return;
	buf_add_text(out, keyword);
	for (size_t i = 0; words[i]; i++)
		buf_printf(out, " %s", words[i]);
	buf_add_char(out, '\n');
}

/* Lines of the host's file but those that are replaced. */
static void copy_lines(char *from, const struct spec_host_config *host, struct buf *out)
{
	char *line;

	while ((line = strsep(&from, "\n"))) {
		if (host->dns && host->dns[0] && str_starts_with(line, "nameserver"))
			continue;
		if (host->dns_search && host->dns_search[0] && (str_starts_with(line, "search") || str_starts_with(line, "domain")))
			continue;
		if (host->dns_options && host->dns_options[0] && str_starts_with(line, "options"))
			continue;
		if (*line)
			buf_printf(out, "%s\n", line);
	}
}

static int add_resolv_conf(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, theirs = BUF_INIT;
	const struct spec_host_config *host = plan->host;

	if (host->dns && str_equal(host->dns[0], "none"))
		return 0;
	read_host_file("/etc/resolv.conf", &theirs);
	add_words(&text, "search", host->dns_search);
	for (size_t i = 0; host->dns && host->dns[i]; i++)
		buf_printf(&text, "nameserver %s\n", host->dns[i]);
	add_words(&text, "options", host->dns_options);
	if (theirs.data)
		copy_lines(theirs.data, host, &text);
	return add_file(plan, "resolv.conf", "/etc/resolv.conf", &text, err);
}

/* The file that describes the zone; "local" is the host's own. */
static int read_timezone(const char *zone, struct buf *text, struct error *err)
{
	_cleanup_free_ char *path = str_equal(zone, "local") ? str_dup("/etc/localtime") : str_printf("/usr/share/zoneinfo/%s", zone);
	int r = zone[0] == '/' || strstr(zone, "..") ? -ENOENT : file_read_regular_at(AT_FDCWD, path, FILE_LIMIT, text);

	/* A directory of zones, or no zone at all. */
	if (r == -EISDIR || r == -ENXIO || (r == 0 && (text->length < 4 || memcmp(text->data, "TZif", 4) != 0)))
		r = -ENOENT;
	if (r < 0 && str_equal(zone, "local"))
		return error_errno(err, -r, "--tz: cannot read the host's zone from '%s'", path);
	return r < 0 ? error_set(err, ERROR_NOT_FOUND, 0, "--tz: the host knows no time zone '%.100s'", zone) : 0;
}

int bundle_check_timezone(const struct spec_container_config *config, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return str_is_empty(config->timezone) ? 0 : read_timezone(config->timezone, &text, err);
}

static int add_timezone(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = str_is_empty(plan->config->timezone) ? 0 : read_timezone(plan->config->timezone, &text, err);

	return r < 0 || !text.length ? r : add_file(plan, "localtime", "/etc/localtime", &text, err);
}

int bundle_add_files(struct bundle_plan *plan, struct error *err)
{
	int r = add_hosts(plan, err);

	if (r == 0)
		r = add_hostname(plan, err);
	if (r == 0)
		r = add_resolv_conf(plan, err);
	return r < 0 ? r : add_timezone(plan, err);
}
