/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_statements.h"
#include "engine/build_provenance.h"
#include "engine/build_sbom.h"

static int add(struct build *build, size_t number, const struct build_files *files, const struct build_attestation *attestation,
	enum build_statements_for purpose, struct build_statements *statements, struct error *err)
{
	const struct build_platform *platform = &build->platforms[number];
	bool is_key = purpose == BUILD_STATEMENTS_KEY;
	const char *text = "{}", *type = BUILD_SBOM_TYPE;
	int r = 0;

	if (str_equal(attestation->type, "provenance")) {
		type = build_provenance_type(attestation);
		text = build_provenance(build, platform, attestation, !is_key);
	} else if (!is_key) {
		r = build_sbom(build, files, platform->text, &text, err);
	}
	statements->list[statements->count++] = (struct spec_pair){ (char *)type, (char *)text };
	return r;
}

static bool is_wanted(const struct build_request *request, size_t n, enum build_statements_for purpose)
{
	for (size_t i = n + 1; i < request->attestation_count; i++)
		if (str_equal(request->attestations[i].type, request->attestations[n].type))
			return false;
	return purpose != BUILD_STATEMENTS_FILES || !request->attestations[n].is_inline_only;
}

int build_statements_make(struct build *build, size_t number, const struct build_files *files, enum build_statements_for purpose,
	struct build_statements *ret, struct error *err)
{
	const struct build_request *request = build->request;
	int r = 0;

	*ret = (struct build_statements){ arena_alloc(build->arena, request->attestation_count + 1, sizeof *ret->list), 0 };
	for (size_t n = 0; r == 0 && n < request->attestation_count; n++)
		if (is_wanted(request, n, purpose))
			r = add(build, number, files, &request->attestations[n], purpose, ret, err);
	return r;
}

void build_statements_report(struct build *build, size_t number, const struct build_statements *statements)
{
	struct build_report *report = build->report;

	if (!report->provenance)
		report->provenance = arena_alloc(build->arena, build->platform_count + 1, sizeof *report->provenance);
	for (size_t i = 0; i < statements->count; i++)
		if (str_starts_with(statements->list[i].key, BUILD_PROVENANCE_TYPES) && report->provenance_count < build->platform_count)
			report->provenance[report->provenance_count++] = (struct spec_pair){ (char *)build->platforms[number].text, statements->list[i].value };
}
