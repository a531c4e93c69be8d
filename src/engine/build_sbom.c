/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_sbom.h"

#include "base/file.h"
#include "base/json.h"
#include "engine/build_cache.h"
#include "engine/build_copy.h"
#include "host/beneath.h"
#include "spec/image_purl.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DATABASE_LIMIT (64u << 20) /* bytes of a database's file */
#define PACKAGE_LIMIT 100000
#define NOTHING "NOASSERTION"

struct package {
	const char *kind; /* of the package URL: "deb", "apk" */
	const char *name, *version, *architecture, *supplier, *license;
	bool is_removed; /* dpkg: only its configuration is left */
};

struct sbom {
	struct build *build;
	int root_fd;
	const char *distribution, *distribution_version; /* of os-release: "debian", "12" */
	struct package *packages;
	size_t count, capacity;
	bool has_database;
};

/* ---- files ---------------------------------------------------------------------------- */

/* A file of the tree, wherever links in it lead within: its text in the arena, or NULL if there is none. */
static int read_file(struct sbom *sbom, const char *path, char **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r = beneath_open(sbom->root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, &fd);

	*ret = NULL;
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return 0;
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && !S_ISREG(st.st_mode))
		return 0;
	if (r == 0)
		r = fd_read_all(fd, DATABASE_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read '/%s' of the image", path);
	*ret = arena_strndup(sbom->build->arena, text.data ? text.data : "", text.length);
	return 0;
}

/* The next line, ended; NULL: there is none. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

/* ---- packages -------------------------------------------------------------------------------- */

/* What has no name or version, or is no longer there, is none. */
static void add_package(struct sbom *sbom, const struct package *package)
{
	struct package *larger;

	if (!package->name || !package->version || package->is_removed || sbom->count >= PACKAGE_LIMIT)
		return;
	if (sbom->count == sbom->capacity) {
		sbom->capacity = sbom->capacity * 2 + 64;
		larger = arena_alloc(sbom->build->arena, sbom->capacity, sizeof *larger);
		if (sbom->count)
			memcpy(larger, sbom->packages, sbom->count * sizeof *larger);
		sbom->packages = larger;
	}
	sbom->packages[sbom->count++] = *package;
}

static const char *after(const char *line, const char *prefix)
{
	const char *value = str_starts_with(line, prefix) ? line + strlen(prefix) : NULL;

	return value ? value + strspn(value, " ") : NULL;
}

/* deb-control(5): paragraphs of "Field: value"; lines that go on begin with a space. */
static void parse_dpkg(struct sbom *sbom, char *text)
{
	struct package package = { .kind = "deb" };
	char *line;

	while ((line = next_line(&text))) {
		const char *value;

		if (!*line) {
			add_package(sbom, &package);
			package = (struct package){ .kind = "deb" };
		} else if ((value = after(line, "Package:"))) {
			package.name = value;
		} else if ((value = after(line, "Version:"))) {
			package.version = value;
		} else if ((value = after(line, "Architecture:"))) {
			package.architecture = value;
		} else if ((value = after(line, "Maintainer:"))) {
			package.supplier = value;
		} else if ((value = after(line, "Status:"))) {
			package.is_removed = !strstr(value, " installed");
		}
	}
	add_package(sbom, &package);
}

/* apk's: paragraphs of "X:value". */
static void parse_apk(struct sbom *sbom, char *text)
{
	struct package package = { .kind = "apk" };
	char *line;

	while ((line = next_line(&text))) {
		if (!*line) {
			add_package(sbom, &package);
			package = (struct package){ .kind = "apk" };
		} else if (line[1] == ':') {
			switch (line[0]) {
			case 'P': package.name = line + 2; break;
			case 'V': package.version = line + 2; break;
			case 'A': package.architecture = line + 2; break;
			case 'm': package.supplier = line + 2; break;
			case 'L': package.license = line + 2; break;
			}
		}
	}
	add_package(sbom, &package);
}

static void parse_release(struct sbom *sbom, char *text)
{
	char *line;

	while ((line = next_line(&text))) {
		bool is_id = str_starts_with(line, "ID="), is_version = str_starts_with(line, "VERSION_ID=");
		char *value = strchr(line, '=');

		if (!is_id && !is_version)
			continue;
		value += 1 + strspn(value + 1, "\"'");
		value[strcspn(value, "\"'")] = '\0';
		*(is_id ? &sbom->distribution : &sbom->distribution_version) = value;
	}
}

/* ---- databases ----------------------------------------------------------------------------------- */

static int take(struct sbom *sbom, const char *path, void (*parse)(struct sbom *sbom, char *text), struct error *err)
{
	char *text = NULL;
	int r = read_file(sbom, path, &text, err);

	if (r < 0 || !text)
		return r;
	sbom->has_database = true;
	parse(sbom, text);
	return 0;
}

struct directory {
	struct sbom *sbom;
	struct error *err;
};

/* Images without dpkg have a paragraph for each package there. */
static int take_status(void *context, const char *name)
{
	const struct directory *directory = context;
	const char *end = strrchr(name, '.');

	if (name[0] == '.' || str_equal(end, ".md5sums"))
		return 0;
	return take(directory->sbom, arena_printf(directory->sbom->build->arena, "var/lib/dpkg/status.d/%s", name), parse_dpkg, directory->err);
}

static int take_directory(struct sbom *sbom, struct error *err)
{
	struct directory directory = { sbom, err };
	_cleanup_close_ int fd = -EBADF;
	int r = beneath_open(sbom->root_fd, "var/lib/dpkg/status.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, &fd);

	return r < 0 ? 0 : file_each_name(fd, take_status, &directory);
}

static bool has_rpm(const struct sbom *sbom)
{
	static const char *const paths[] = { "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages", "var/lib/rpm/Packages.db", "usr/lib/sysimage/rpm/rpmdb.sqlite" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int fd = -EBADF;

		if (beneath_open(sbom->root_fd, paths[i], O_PATH | O_CLOEXEC, 0, &fd) == 0)
			return true;
	}
	return false;
}

/* Directories have no order. */
static int compare(const void *a, const void *b)
{
	const struct package *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : strcmp(one->version, other->version);
}

static int find_packages(struct sbom *sbom, struct error *err)
{
	char *release = NULL;
	int r = read_file(sbom, "etc/os-release", &release, err);

	if (r == 0 && !release)
		r = read_file(sbom, "usr/lib/os-release", &release, err);
	if (r == 0 && release)
		parse_release(sbom, release);
	if (r == 0)
		r = take(sbom, "var/lib/dpkg/status", parse_dpkg, err);
	if (r == 0)
		r = take_directory(sbom, err);
	if (r == 0)
		r = take(sbom, "lib/apk/db/installed", parse_apk, err);
	if (r == 0 && !sbom->has_database)
		r = take(sbom, "usr/lib/apk/db/installed", parse_apk, err);
	if (r < 0)
		return r;
	if (sbom->count)
		qsort(sbom->packages, sbom->count, sizeof *sbom->packages, compare);
	if (has_rpm(sbom))
		build_warn(sbom->build, "sbom: packages of rpm are not listed, its database cannot be read");
	else if (!sbom->has_database)
		build_warn(sbom->build, "sbom: no packages are listed, there is no database of dpkg or apk in the image");
	return 0;
}

/* ---- the document ------------------------------------------------------------------------------------ */

static void write_reference(struct json_writer *w, const struct sbom *sbom, const struct package *package)
{
	_cleanup_buf_ struct buf purl = BUF_INIT;

	buf_printf(&purl, "pkg:%s/", package->kind);
	spec_purl_escape(sbom->distribution ? sbom->distribution : str_equal(package->kind, "apk") ? "alpine" : "debian", "-._~", &purl);
	buf_add_char(&purl, '/');
	spec_purl_escape(package->name, "-._~", &purl);
	buf_add_char(&purl, '@');
	spec_purl_escape(package->version, "-._~:", &purl);
	if (package->architecture)
		buf_printf(&purl, "?arch=%s", package->architecture);
	if (sbom->distribution && sbom->distribution_version)
		buf_printf(&purl, "%cdistro=%s-%s", package->architecture ? '&' : '?', sbom->distribution, sbom->distribution_version);
	json_write_open(w, "externalRefs", '[');
	json_write_open(w, NULL, '{');
	json_write_string(w, "referenceCategory", "PACKAGE-MANAGER");
	json_write_string(w, "referenceType", "purl");
	json_write_string(w, "referenceLocator", purl.data);
	json_write_close(w, '}');
	json_write_close(w, ']');
}

static const char *identifier(const struct sbom *sbom, size_t i)
{
	char *text = arena_printf(sbom->build->arena, "SPDXRef-Package-%s-%s-%zu", sbom->packages[i].kind, sbom->packages[i].name, i);

	for (char *c = text; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c))
			*c = '-';
	return text;
}

static void write_package(struct json_writer *w, const struct sbom *sbom, size_t i)
{
	const struct package *package = &sbom->packages[i];

	json_write_open(w, NULL, '{');
	json_write_string(w, "name", package->name);
	json_write_string(w, "SPDXID", identifier(sbom, i));
	json_write_string(w, "versionInfo", package->version);
	if (package->supplier)
		json_write_string(w, "supplier", arena_printf(sbom->build->arena, "Person: %s", package->supplier));
	json_write_string(w, "downloadLocation", NOTHING);
	json_write_bool(w, "filesAnalyzed", false);
	json_write_string(w, "licenseConcluded", NOTHING);
	/* What apk has may be no expression of SPDX. */
	json_write_string(w, "licenseDeclared", NOTHING);
	if (package->license)
		json_write_string(w, "licenseComments", package->license);
	json_write_string(w, "copyrightText", NOTHING);
	write_reference(w, sbom, package);
	json_write_close(w, '}');
}

static void write_relationships(struct json_writer *w, const struct sbom *sbom)
{
	json_write_open(w, "relationships", '[');
	for (size_t i = 0; i < sbom->count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "spdxElementId", "SPDXRef-DOCUMENT");
		json_write_string(w, "relationshipType", "DESCRIBES");
		json_write_string(w, "relatedSpdxElement", identifier(sbom, i));
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_creation(struct json_writer *w, const struct build *build)
{
	const char *now = build_now(build);
	/* Without the parts of a second: so the format has it. */
	size_t length = strcspn(now, ".Z");

	json_write_open(w, "creationInfo", '{');
	json_write_string(w, "created", arena_printf(build->arena, "%.*sZ", (int)length, now));
	json_write_open(w, "creators", '[');
	json_write_string(w, NULL, "Tool: bivy-" BIVY_VERSION);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

static const char *write_document(const struct sbom *sbom, const struct build_files *files, const char *platform)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text };
	struct arena *arena = sbom->build->arena;
	const char *top = build_files_top(files);
	char id[BUILD_CACHE_ID_LENGTH + 1];

	build_cache_id(arena_printf(arena, "%s %s", top ? top : "", build_now(sbom->build)), id);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "spdxVersion", "SPDX-2.3");
	json_write_string(&w, "dataLicense", "CC0-1.0");
	json_write_string(&w, "SPDXID", "SPDXRef-DOCUMENT");
	json_write_string(&w, "name", arena_printf(arena, "sbom %s", platform));
	json_write_string(&w, "documentNamespace", arena_printf(arena, "urn:bivy:sbom:%s", id));
	write_creation(&w, sbom->build);
	json_write_open(&w, "packages", '[');
	for (size_t i = 0; i < sbom->count; i++)
		write_package(&w, sbom, i);
	json_write_close(&w, ']');
	write_relationships(&w, sbom);
	json_write_close(&w, '}');
	return arena_strndup(arena, text.data, text.length);
}

int build_sbom(struct build *build, const struct build_files *files, const char *platform, const char **ret, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	int r = build_open_files(build, files, &fd, err);
	struct sbom sbom = { .build = build, .root_fd = fd };

	if (r == 0)
		r = find_packages(&sbom, err);
	if (r < 0)
		return r;
	*ret = write_document(&sbom, files, platform);
	return 0;
}
