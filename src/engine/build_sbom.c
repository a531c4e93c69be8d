/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_sbom.h"

#include "base/json.h"
#include "engine/build_cache.h"
#include "engine/build_copy.h"
#include "engine/build_packages.h"
#include "spec/image_purl.h"

#define NOTHING "NOASSERTION"

struct sbom {
	struct build *build;
	struct build_packages packages;
};

/* ---- the document ------------------------------------------------------------------------------------ */

/* Whose it is, if os-release does not say. */
static const char *usual_distribution(const char *kind)
{
	return str_equal(kind, "apk") ? "alpine" : str_equal(kind, "deb") ? "debian" : NULL;
}

static void add_qualifiers(const struct build_packages *packages, const struct package *package, struct buf *out)
{
	char mark = '?';

	if (package->architecture) {
		buf_printf(out, "%carch=", mark);
		spec_purl_escape(package->architecture, "-._~", out);
		mark = '&';
	}
	if (packages->distribution && packages->version) {
		buf_printf(out, "%cdistro=", mark);
		spec_purl_escape(packages->distribution, "-._~", out);
		buf_add_char(out, '-');
		spec_purl_escape(packages->version, "-._~", out);
		mark = '&';
	}
	if (package->epoch)
		buf_printf(out, "%cepoch=%s", mark, package->epoch);
}

static void write_reference(struct json_writer *w, const struct sbom *sbom, const struct package *package)
{
	_cleanup_buf_ struct buf purl = BUF_INIT;
	const char *distribution = sbom->packages.distribution ? sbom->packages.distribution : usual_distribution(package->kind);

	buf_printf(&purl, "pkg:%s/", package->kind);
	if (distribution) {
		spec_purl_escape(distribution, "-._~", &purl);
		buf_add_char(&purl, '/');
	}
	spec_purl_escape(package->name, "-._~", &purl);
	buf_add_char(&purl, '@');
	spec_purl_escape(package->version, "-._~:", &purl);
	add_qualifiers(&sbom->packages, package, &purl);
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
	char *text = arena_printf(sbom->build->arena, "SPDXRef-Package-%s-%s-%zu", sbom->packages.list.list[i].kind, sbom->packages.list.list[i].name, i);

	for (char *c = text; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c))
			*c = '-';
	return text;
}

static void write_package(struct json_writer *w, const struct sbom *sbom, size_t i)
{
	const struct package *package = &sbom->packages.list.list[i];

	json_write_open(w, NULL, '{');
	json_write_string(w, "name", package->name);
	json_write_string(w, "SPDXID", identifier(sbom, i));
	json_write_string(w, "versionInfo", package->epoch ? arena_printf(sbom->build->arena, "%s:%s", package->epoch, package->version) : package->version);
	if (package->supplier)
		json_write_string(w, "supplier", arena_printf(sbom->build->arena, "%s: %s", package->is_organization ? "Organization" : "Person", package->supplier));
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
	for (size_t i = 0; i < sbom->packages.list.count; i++) {
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
	if (sbom->packages.comment)
		json_write_string(&w, "comment", sbom->packages.comment);
	write_creation(&w, sbom->build);
	json_write_open(&w, "packages", '[');
	for (size_t i = 0; i < sbom->packages.list.count; i++)
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
	struct sbom sbom = { .build = build };

	if (r == 0)
		r = build_packages_find(build, fd, &sbom.packages, err);
	if (r < 0)
		return r;
	*ret = write_document(&sbom, files, platform);
	return 0;
}
