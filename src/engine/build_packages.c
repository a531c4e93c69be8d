/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_packages.h"
#include "base/file.h"
#include "host/beneath.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DATABASE_LIMIT ((size_t)256 << 20) /* bytes of a database's file */

struct search {
	struct build *build;
	int root_fd;
	struct build_packages found;
	bool has_database;
};

/* ---- files ---------------------------------------------------------------------------- */

/* A file of the tree, wherever links in it lead within: 1, or 0 if there is none. */
static int read_file(struct search *search, const char *path, struct buf *ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r = beneath_open(search->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, &fd);

	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0;
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && !S_ISREG(st.st_mode))
		return 0;
	if (r == 0)
		r = fd_read_all(fd, DATABASE_LIMIT, ret);
	return r < 0 ? error_errno(err, -r, "cannot read '/%s' of the image", path) : 1;
}

static int read_text(struct search *search, const char *path, char **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_file(search, path, &text, err);

	*ret = r > 0 ? arena_strndup(search->build->arena, text.data ? text.data : "", text.length) : NULL;
	return r < 0 ? r : 0;
}

static bool has_bytes(const struct search *search, const char *path)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	return beneath_open(search->root_fd, path, O_PATH | O_CLOEXEC, 0, &fd) == 0 && fstat(fd, &st) == 0 && st.st_size > 0;
}

/* ---- what it is ----------------------------------------------------------------------------- */

static void take_release(struct search *search, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool is_id = str_starts_with(line, "ID="), is_version = str_starts_with(line, "VERSION_ID=");
		char *value = strchr(line, '=');

		if (!is_id && !is_version)
			continue;
		value += 1 + strspn(value + 1, "\"'");
		value[strcspn(value, "\"'")] = '\0';
		*(is_id ? &search->found.distribution : &search->found.version) = value;
	}
}

static int find_release(struct search *search, struct error *err)
{
	char *text = NULL;
	int r = read_text(search, "etc/os-release", &text, err);

	if (r == 0 && !text)
		r = read_text(search, "usr/lib/os-release", &text, err);
	if (r == 0 && text)
		take_release(search, text);
	return r;
}

/* ---- texts ------------------------------------------------------------------------------------- */

static int take(struct search *search, const char *path, void (*take_text)(struct package_list *list, char *text), struct error *err)
{
	char *text = NULL;
	int r = read_text(search, path, &text, err);

	if (r < 0 || !text)
		return r;
	search->has_database = true;
	take_text(&search->found.list, text);
	return 0;
}

struct directory {
	struct search *search;
	struct error *err;
};

/* Images without dpkg have a paragraph for each package there. */
static int take_status(void *context, const char *name)
{
	const struct directory *directory = context;

	if (name[0] == '.' || str_equal(strrchr(name, '.'), ".md5sums"))
		return 0;
	return take(directory->search, arena_printf(directory->search->build->arena, "var/lib/dpkg/status.d/%s", name), package_list_take_dpkg,
		directory->err);
}

static int take_directory(struct search *search, struct error *err)
{
	struct directory directory = { search, err };
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(search->root_fd, "var/lib/dpkg/status.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, &fd);

	return r < 0 ? 0 : file_each_name(fd, take_status, &directory);
}

static int find_texts(struct search *search, struct error *err)
{
	int r = take(search, "var/lib/dpkg/status", package_list_take_dpkg, err);

	if (r == 0)
		r = take_directory(search, err);
	if (r == 0)
		r = take(search, "lib/apk/db/installed", package_list_take_apk, err);
	if (r == 0 && !search->has_database)
		r = take(search, "usr/lib/apk/db/installed", package_list_take_apk, err);
	return r;
}

/* ---- rpm ------------------------------------------------------------------------------------------ */

/* The first that is there counts: the others may be the same by a link, or what an upgrade has left. */
static const struct {
	const char *path, *journal;
	int (*take)(struct package_list *list, const uint8_t *bytes, size_t length, struct error *err); /* NULL: nobody here can read it */
} databases[] = {
	{ "usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", package_list_take_rpm_sqlite },
	{ "var/lib/rpm/rpmdb.sqlite",          "var/lib/rpm/rpmdb.sqlite-wal",          package_list_take_rpm_sqlite },
	{ "usr/share/rpm/rpmdb.sqlite",        "usr/share/rpm/rpmdb.sqlite-wal",        package_list_take_rpm_sqlite },
	{ "usr/lib/sysimage/rpm/Packages.db",  NULL,                                    package_list_take_rpm_ndb },
	{ "var/lib/rpm/Packages.db",           NULL,                                    package_list_take_rpm_ndb },
	{ "var/lib/rpm/Packages",              NULL,                                    NULL },
};

static void comment(struct search *search, const char *text)
{
	search->found.comment = text;
	build_warn(search->build, "sbom: %s", text);
}

static int take_database(struct search *search, size_t i, struct error *err)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;
	struct error own = ERROR_INIT;
	int r = read_file(search, databases[i].path, &bytes, err);

	if (r < 0)
		return r;
	if (databases[i].take((struct package_list *)&search->found.list, (const uint8_t *)(bytes.data ? bytes.data : ""), bytes.length, &own) < 0)
		comment(search, arena_printf(search->build->arena, "not all packages of rpm are listed: '/%s': %s", databases[i].path, own.message));
	else if (databases[i].journal && has_bytes(search, databases[i].journal))
		comment(search, "packages of rpm may be missing: its database has a journal beside it, which is not read");
	return 0;
}

static int find_rpm(struct search *search, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
		if (!has_bytes(search, databases[i].path))
			continue;
		search->has_database = true;
		if (databases[i].take)
			return take_database(search, i, err);
		comment(search, "packages of rpm are not listed: its database is of a kind that cannot be read (Berkeley DB)");
		return 0;
	}
	return 0;
}

int build_packages_find(struct build *build, int root_fd, struct build_packages *ret, struct error *err)
{
	struct search search = { .build = build, .root_fd = root_fd, .found.list.arena = build->arena };
	int r = find_release(&search, err);

	if (r == 0)
		r = find_texts(&search, err);
	if (r == 0)
		r = find_rpm(&search, err);
	if (r < 0)
		return r;
	if (!search.has_database)
		comment(&search, "no packages are listed, there is no database of dpkg, apk or rpm in the image");
	package_list_sort(&search.found.list);
	*ret = search.found;
	return 0;
}
