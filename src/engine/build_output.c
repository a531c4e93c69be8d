/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_client.h"
#include "engine/build_output.h"
#include "engine/build_send.h"
#include "engine/image_content.h"
#include "engine/registry_logins.h"
#include "engine/transfer.h"
#include "store/blobs.h"
#include "store/layers.h"

bool build_output_is_whole(const struct build *build, const struct image *image)
{
	struct image_documents documents = { .manifest = NULL };

	if (!blob_exists(&build->store, image->target, image->target_size) ||
	    image_content_read(&build->store, build->arena, image, &documents, NULL) < 0)
		return false;
	for (size_t i = 0; i < documents.manifest->layer_count; i++)
		if (!blob_exists(&build->store, documents.manifest->layers[i].digest, documents.manifest->layers[i].size))
			return false;
	return true;
}

uint64_t build_output_size(const struct build *build, const struct build_files *files)
{
	uint64_t size = 0;

	for (size_t i = 0; i < files->count; i++) {
		struct spec_layer layer = { .size = 0 };

		if (layer_read(&build->store, build->arena, files->layers[i].chain_id, &layer, NULL) == 0)
			size += layer.size;
	}
	return size;
}

/* ---- registries -------------------------------------------------------------------------- */

static int push(struct build *build, const struct build_output *output, size_t vertex, const char *name, struct error *err)
{
	struct transfer_registry registry = build->request->registry ? *build->request->registry : (struct transfer_registry){ 0 };
	struct build_transfer transfer = { build, vertex };
	const char *arguments[TRANSFER_REGISTRY_ARGUMENTS + 4] = { "push" };
	struct transfer_request request = { .directories = build->directories, .arguments = arguments, .tell = build_tell_transfer, .context = &transfer };
	_cleanup_close_ int logins_fd = -EBADF;
	struct spec_transfer_report report;
	size_t count = 1;
	int r = build->request->session ? build_client_open_logins(build, name, &logins_fd, err) : 0;

	if (r < 0)
		return r;
	request.fds = &logins_fd;
	request.fd_count = build->request->session ? 1 : 0;
	if (build->request->session)
		registry.authfile = registry_logins_path(build->arena, logins_fd);
	registry.skips_verification |= output->skips_verification;
	count += transfer_registry_add(build->arena, &registry, arguments + count);
	arguments[count++] = "--";
	arguments[count] = name;
	build_tell_status(build, vertex, "pushing %s", name);
	return transfer_run_for_report(build->arena, &request, &report, err);
}

static int write_image(struct build *build, const struct build_output *output, size_t vertex, struct error *err)
{
	struct build_exported exported = { .names = NULL };
	int r = build_export_image(build, output, vertex, &exported, err);

	if (r == 0 && output->push && !exported.names[0]) {
		error_set(err, ERROR_INVALID, 0, "an image without a name cannot be pushed");
		error_hint(err, "-t REGISTRY/NAME:TAG");
		return -EINVAL;
	}
	for (char **name = exported.names; r == 0 && output->push && *name; name++)
		r = push(build, output, vertex, *name, err);
	return r;
}

/* ---- archives ------------------------------------------------------------------------------ */

static const char *format_of(const struct build_output *output)
{
	if (output->kind == BUILD_OUTPUT_DOCKER)
		return "docker-archive";
	return output->is_directory ? "oci-dir" : "oci-archive";
}

static int save(struct build *build, const struct build_output *output, const struct build_exported *exported, size_t vertex, struct error *err)
{
	struct build_transfer transfer = { build, vertex };
	size_t count = 0;
	const char **arguments = arena_alloc(build->arena, 2 * (strv_length(exported->names) + exported->annotations.count) + 10, sizeof *arguments), *text = NULL;
	struct transfer_request request = { .directories = build->directories, .arguments = arguments, .tell = build_tell_transfer, .context = &transfer,
		.gives_output = str_equal(output->destination, "-") };

	arguments[count++] = "save";
	arguments[count++] = "--content";
	arguments[count++] = "--format";
	arguments[count++] = format_of(output);
	if (!request.gives_output) {
		arguments[count++] = "--output";
		arguments[count++] = output->destination;
	}
	for (char **name = exported->names; *name; name++) {
		arguments[count++] = "--name";
		arguments[count++] = *name;
	}
	for (size_t i = 0; i < exported->annotations.count; i++) {
		const struct spec_pair *pair = &exported->annotations.pairs[i];

		arguments[count++] = "--annotation";
		arguments[count++] = arena_printf(build->arena, "%s=%s", pair->key, pair->value);
	}
	arguments[count++] = exported->image.target;
	build_tell_status(build, vertex, output->is_directory ? "copying files" : "sending tarball");
	return transfer_run(build->arena, &request, &text, err);
}

static int write_archive(struct build *build, const struct build_output *output, size_t vertex, struct error *err)
{
	struct build_exported exported;
	int r = build_export_image(build, output, vertex, &exported, err);

	return r < 0 ? r : save(build, output, &exported, vertex, err);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int write_nothing(struct build *build _unused_, const struct build_output *output _unused_, size_t vertex _unused_, struct error *err _unused_)
{
	return 0;
}

static const struct {
	const char *title;
	int (*write)(struct build *build, const struct build_output *output, size_t vertex, struct error *err);
} kinds[] = {
	[BUILD_OUTPUT_IMAGE] = { "exporting to image", write_image },
	[BUILD_OUTPUT_OCI] = { "exporting to oci image format", write_archive },
	[BUILD_OUTPUT_DOCKER] = { "exporting to docker image format", write_archive },
	[BUILD_OUTPUT_LOCAL] = { "exporting to client directory", build_output_files },
	[BUILD_OUTPUT_TAR] = { "exporting to client tarball", build_output_files },
	[BUILD_OUTPUT_NONE] = { NULL, write_nothing },
};

/* Here first, in a directory of the build's, and then there. */
static int write_for_client(struct build *build, size_t number, const struct build_output *output, size_t vertex, struct error *err)
{
	struct build_output here = *output;
	const char *directory = NULL;
	int r = build_work_make(build, &directory, err);

	if (r < 0)
		return r;
	here.destination = output->kind == BUILD_OUTPUT_LOCAL ? directory : arena_printf(build->arena, "%s/archive", directory);
	r = kinds[output->kind].write(build, &here, vertex, err);
	if (r < 0)
		return r;
	return output->kind == BUILD_OUTPUT_LOCAL ? build_send_directory(build, number, here.destination, err)
						   : build_send_file(build, number, here.destination, err);
}

static int write_output(struct build *build, size_t number, const struct build_output *output, struct error *err)
{
	size_t vertex;
	int r;

	if (!kinds[output->kind].title)
		return kinds[output->kind].write(build, output, (size_t)-1, err);
	vertex = build_add_vertex(build, kinds[output->kind].title, NULL, 0);
	build_tell(build, vertex, BUILD_STARTED);
	r = build->request->session && output->destination ? write_for_client(build, number, output, vertex, err)
							    : kinds[output->kind].write(build, output, vertex, err);
	if (r < 0)
		build_tell_failure(build, vertex, err);
	else
		build_tell(build, vertex, BUILD_DONE);
	return r;
}

int build_write_outputs(struct build *build, struct error *err)
{
	static const struct build_output usual = { .kind = BUILD_OUTPUT_IMAGE };
	const struct build_request *request = build->request;
	int r = 0;

	if (request->output_count == 0)
		return write_output(build, 0, &usual, err);
	for (size_t i = 0; r == 0 && i < request->output_count; i++)
		r = write_output(build, i, &request->outputs[i], err);
	return r;
}
