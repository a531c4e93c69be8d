/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts, hostname, resolv.conf and localtime of a container: files of its root
 * user, who may change them, and make them as large as he likes. So they lie on
 * the disk, as all that he writes, not in the volatile directory: that is in
 * memory on most hosts, and the host's own services need the room there.
 */
#include "base/file.h"
#include "engine/bundle_mounts.h"
#include "engine/bundle_namespaces.h"
#include "engine/container_links.h"
#include "engine/network_resolver.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#define FILE_LIMIT (256u << 10)

/* NAME in the record's directory, empty, and its root user's: a descriptor or -errno. */
static int open_file(const struct bundle_plan *plan, const char *name)
{
	_cleanup_close_ int fd = openat(plan->record->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	const struct bundle_ids *ids = &plan->ids;
	struct stat status;
	uid_t uid;
	gid_t gid;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	uid = ids->has_namespace ? bundle_outside_id(ids->uids, ids->uid_count, 0) : status.st_uid;
	gid = ids->has_namespace ? bundle_outside_id(ids->gids, ids->gid_count, 0) : status.st_gid;
	if ((status.st_mode & 07777) != 0644 && fchmod(fd, 0644) < 0)
		return -errno;
	if ((status.st_uid != uid || status.st_gid != gid) && fchown(fd, uid, gid) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int bundle_prepare_files(const struct bundle_plan *plan, struct error *err)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open_file(plan, names[i]);

		if (fd < 0)
			return error_errno(err, -fd, "cannot make '%s/%s'", plan->record->path, names[i]);
		close(fd);
	}
	return 0;
}

/* NAME in the record's directory, bound on TARGET. */
static int add_file(struct bundle_plan *plan, const char *name, const char *target, const struct buf *text, struct error *err)
{
	_cleanup_close_ int fd = open_file(plan, name);
	int r = fd < 0 ? fd : fd_write_all(fd, text->data ? text->data : "", text->length);

	if (r < 0)
		return error_errno(err, -r, "cannot write '%s/%s'", plan->record->path, name);
	bundle_add_mount(plan, target, "bind", arena_printf(plan->arena, "%s/%s", plan->record->path, name), "bind,rprivate");
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

/* What "host-gateway" stands for: an address of the host's that the container reaches. */
static const char *host_gateway(const struct bundle_plan *plan)
{
	for (size_t i = 0; plan->network && i < plan->network->link_count; i++)
		if (plan->network->links[i].bridge4 || plan->network->links[i].bridge6)
			return plan->network->links[i].bridge4 ? plan->network->links[i].bridge4 : plan->network->links[i].bridge6;
	return has_host_network(plan) ? "127.0.0.1" : NULL;
}

/* "NAME:ADDRESS" as a line. */
static void add_host(const struct bundle_plan *plan, const char *text, struct buf *out)
{
	const char *colon = strchr(text, ':'), *address = colon ? colon + 1 : NULL;

	if (str_equal(address, "host-gateway"))
		address = host_gateway(plan);
	if (address)
		buf_printf(out, "%s\t%.*s\n", address, (int)(colon - text), text);
	else if (colon)
		bundle_warn(plan, "--add-host %s: the container has no network through which it reaches the host, ignoring", text);
}

/* "ADDRESS  HOST.DOMAIN HOST", whether the domain is part of the name or not */
static void add_own_name(const struct bundle_plan *plan, const char *address, struct buf *out)
{
	const char *domain = plan->config->domainname;

	buf_printf(out, "%.*s\t%s", (int)strcspn(address, "/"), address, plan->hostname);
	if (domain)
		buf_printf(out, ".%s %s", domain, plan->hostname);
	else if (strchr(plan->hostname, '.'))
		buf_printf(out, " %.*s", (int)strcspn(plan->hostname, "."), plan->hostname);
	buf_add_char(out, '\n');
}

/* Its own name is that of its addresses, of the loopback one if it has no other. */
static void add_own_names(const struct bundle_plan *plan, struct buf *out)
{
	bool has_any = false;

	for (size_t i = 0; plan->network && i < plan->network->link_count; i++) {
		for (char **address = plan->network->links[i].addresses; address && *address; address++) {
			add_own_name(plan, *address, out);
			has_any = true;
		}
	}
	if (!has_any)
		add_own_name(plan, "127.0.0.1", out);
}

/* Who is not there, as when the host starts all that should run, does not keep this one from running. */
static void add_links(const struct bundle_plan *plan, struct buf *out)
{
	struct container_link *links;
	size_t count = container_links_find(plan->arena, plan->record->directories, plan->host, &links);

	for (size_t i = 0; i < count; i++) {
		if (!links[i].addresses)
			bundle_warn(plan, "--link: what is called '%.*s' does not run in that network, ignoring", (int)strcspn(links[i].names, " "), links[i].names);
		for (char **address = links[i].addresses; address && *address; address++)
			buf_printf(out, "%.*s\t%s\n", (int)strcspn(*address, "/"), *address, links[i].names);
	}
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
			add_own_names(plan, &text);
	}
	for (size_t i = 0; plan->host->extra_hosts && plan->host->extra_hosts[i]; i++)
		add_host(plan, plan->host->extra_hosts[i], &text);
	add_links(plan, &text);
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

/* What takes the place of lines of the host's file. */
struct replaced {
	bool servers, loopback_servers, search, options;
};

static bool is_replaced(const struct replaced *replaced, const char *line)
{
	if (str_starts_with(line, "nameserver")) {
		const char *address = line + strlen("nameserver");

		address += strspn(address, " \t");
		return replaced->servers || (replaced->loopback_servers && (str_starts_with(address, "127.") || str_equal(address, "::1")));
	}
	if (str_starts_with(line, "search") || str_starts_with(line, "domain"))
		return replaced->search;
	return replaced->options && str_starts_with(line, "options");
}

static void copy_lines(char *from, const struct replaced *replaced, struct buf *out)
{
	char *line;

	while ((line = strsep(&from, "\n")))
		if (*line && !is_replaced(replaced, line))
			buf_printf(out, "%s\n", line);
}

char *const *bundle_dns(const struct spec_host_config *host)
{
	return host->dns && host->dns[0] ? host->dns : NULL;
}

/* The servers to ask: ours, or the user's, or NULL: the host's. */
static int find_servers(struct bundle_plan *plan, struct network_resolution *ret, struct error *err)
{
	char *const *dns = bundle_dns(plan->host);

	*ret = (struct network_resolution){ .servers = (char **)dns };
	if (!plan->network || plan->network->link_count == 0)
		return 0;
	return network_resolver_prepare(plan->arena, plan->record->directories, plan->network, dns, ret, err);
}

/* The name servers that it names run then. */
static int make_resolv_conf(struct bundle_plan *plan, struct buf *text, struct error *err)
{
	static char *const usual_options[] = { (char *)"ndots:0", NULL }; /* docker's: names of containers are looked for as they are */
	_cleanup_buf_ struct buf theirs = BUF_INIT;
	const struct spec_host_config *host = plan->host;
	struct network_resolution resolution;
	struct replaced replaced;
	int r = find_servers(plan, &resolution, err);

	if (r < 0)
		return r;
	for (size_t i = 0; resolution.stopped && resolution.stopped[i]; i++)
		bundle_warn(plan, "the network '%s': a firewall stops what containers ask their name server: %s", resolution.network, resolution.stopped[i]);
	read_host_file("/etc/resolv.conf", &theirs);
	add_words(text, "search", host->dns_search);
	for (size_t i = 0; resolution.servers && resolution.servers[i]; i++)
		buf_printf(text, "nameserver %s\n", resolution.servers[i]);
	add_words(text, "options", host->dns_options && host->dns_options[0] ? host->dns_options : resolution.has_names ? usual_options : NULL);
	replaced = (struct replaced){
		.servers = resolution.servers,
		.loopback_servers = plan->network || !has_host_network(plan),
		.search = host->dns_search && host->dns_search[0],
		.options = resolution.has_names || (host->dns_options && host->dns_options[0]),
	};
	if (theirs.data)
		copy_lines(theirs.data, &replaced, text);
	return 0;
}

/* Whether the image's own file stays. */
static bool has_no_resolv_conf(const struct spec_host_config *host)
{
	return host->dns && str_equal(host->dns[0], "none");
}

static int add_resolv_conf(struct bundle_plan *plan, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = has_no_resolv_conf(plan->host) ? 0 : make_resolv_conf(plan, &text, err);

	return r < 0 || has_no_resolv_conf(plan->host) ? r : add_file(plan, "resolv.conf", "/etc/resolv.conf", &text, err);
}

/* In place: the file is mounted in the container. Nobody but us makes names in its directory. */
int bundle_rewrite_file(int record_fd, const char *name, const struct buf *text)
{
	_cleanup_close_ int fd = openat(record_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	/* What is new first, then the end of what was. */
	r = fd_write_all(fd, text->data ? text->data : "", text->length);
	return r == 0 && ftruncate(fd, (off_t)text->length) < 0 ? -errno : r;
}

int bundle_renew_resolv_conf(const struct container_record *record, const struct spec_network_plan *network, struct error *err)
{
	struct bundle_plan plan = { .arena = record->arena, .record = record, .container = record->container, .config = &record->container->config,
		.host = &record->container->host, .network = network, .run_fd = -EBADF, .root_fd = -EBADF };
	_cleanup_close_ int record_fd = open(record->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	if (record_fd < 0 || has_no_resolv_conf(plan.host))
		return record_fd < 0 && errno != ENOENT ? error_errno(err, errno, "cannot open '%s'", record->path) : 0;
	if (faccessat(record_fd, "resolv.conf", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = make_resolv_conf(&plan, &text, err);
	if (r < 0)
		return r;
	r = bundle_rewrite_file(record_fd, "resolv.conf", &text);
	return r < 0 ? error_errno(err, -r, "cannot write '%s/resolv.conf'", record->path) : 0;
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
