/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_layout.h"
#include "engine/transfer.h"

#include <sys/stat.h>

static const char scheme[] = "oci-layout://";

/* A directory with a ':' in its name is one as long as nothing is asked for in it. */
static void split(struct arena *arena, const char *text, const char **ret_path, const char **ret_only)
{
	const char *mark = strrchr(text, '@');
	struct stat status;

	*ret_path = text;
	*ret_only = NULL;
	if (!mark && stat(text, &status) < 0) {
		const char *slash = strrchr(text, '/');

		mark = strrchr(slash ? slash : text, ':');
	}
	if (!mark)
		return;
	*ret_path = arena_strndup(arena, text, (size_t)(mark - text));
	*ret_only = mark + 1;
}

static int load(struct build *build, const char *path, const char *only, const char **ret_id, struct error *err)
{
	const char *arguments[] = { "load", "--nameless", "--input", path, only ? "--only" : NULL, only, NULL };
	struct transfer_request transfer = { .directories = build->directories, .arguments = arguments };
	struct spec_transfer_report report = { .images = NULL };
	int r = transfer_run_for_report(build->arena, &transfer, &report, err);

	if (r < 0)
		return r;
	if (report.image_count != 1) {
		error_set(err, report.image_count ? ERROR_INVALID : ERROR_NOT_FOUND, 0, "there %s in it", report.image_count ? "are several images" :
			only ? "is no such image" : "is no image");
		error_hint(err, "oci-layout://DIR:TAG or oci-layout://DIR@DIGEST names one");
		return -EINVAL;
	}
	*ret_id = report.images[0].id;
	return 0;
}

int build_layouts_load(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;

	build->named = arena_alloc(build->arena, request->context_count + 1, sizeof *build->named);
	for (size_t i = 0; i < request->context_count; i++) {
		const char *value = request->contexts[i].value, *path, *only, *id = "layout";
		int r = 0;

		build->named[i] = request->contexts[i];
		if (!str_starts_with(value, scheme))
			continue;
		split(build->arena, value + strlen(scheme), &path, &only);
		if (build->store.fd >= 0)
			r = load(build, path, only, &id, err);
		if (r < 0)
			return error_wrap(err, "cannot use the context '%s'", value);
		build->named[i].value = arena_printf(build->arena, "docker-image://%s", id);
	}
	return 0;
}
