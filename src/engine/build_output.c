/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_output.h"
#include "engine/image_content.h"
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

static int write_output(struct build *build, const struct build_output *output, struct error *err)
{
	switch (output->kind) {
	case BUILD_OUTPUT_IMAGE:
		return build_export_image(build, output, err);
	case BUILD_OUTPUT_NONE:
		return 0;
	case BUILD_OUTPUT_OCI:
	case BUILD_OUTPUT_DOCKER:
	case BUILD_OUTPUT_LOCAL:
	case BUILD_OUTPUT_TAR:
		break;
	}
	return error_set(err, ERROR_UNSUPPORTED, 0, "this output is not supported yet");
}

int build_write_outputs(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;
	int r = 0;

	if (request->output_count == 0)
		return build_export_image(build, NULL, err);
	for (size_t i = 0; r == 0 && i < request->output_count; i++)
		r = write_output(build, &request->outputs[i], err);
	return r;
}
