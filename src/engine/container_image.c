/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_image.h"
#include "engine/registry_logins.h"
#include "engine/transfer.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/layers.h"

#include <sys/utsname.h>

#define TRIES 3

struct search {
	struct arena *arena;
	const struct container_create_request *request;
	const struct store *store;
	struct lease *lease;
	struct spec_platform host, wanted;
	bool has_wanted;
	struct error *err;
};

/* ---- platforms ------------------------------------------------------------------------- */

static int choose_platform(struct search *search)
{
	struct utsname names;

	if (uname(&names) < 0)
		return error_errno(search->err, errno, "cannot ask for the machine");
	search->host = spec_platform_of_machine(search->arena, names.machine);
	search->has_wanted = search->request->platform != NULL;
	if (!search->has_wanted)
		return 0;
	return spec_platform_parse(search->arena, search->request->platform, &search->host, &search->wanted, search->err);
}

/* Whether IMAGE is for the platform that was asked for; one that says nothing is for any. */
static bool is_wanted(const struct search *search, const struct image *image)
{
	struct spec_platform offered;

	if (!search->has_wanted || !image->platform || spec_platform_parse(search->arena, image->platform, &search->host, &offered, NULL) < 0)
		return true;
	return spec_platform_rank(&search->wanted, &offered) != SPEC_PLATFORM_NO_MATCH;
}

static void warn_of_platform(const struct search *search, const struct image *image)
{
	struct spec_platform offered;

	if (search->has_wanted || !search->request->warn || !image->platform ||
	    spec_platform_parse(search->arena, image->platform, &search->host, &offered, NULL) < 0 ||
	    spec_platform_rank(&search->host, &offered) != SPEC_PLATFORM_NO_MATCH)
		return;
	search->request->warn(search->request->context, arena_printf(search->arena, "the image's platform (%s) is not this host's (%s)", image->platform,
		spec_platform_text(search->arena, &search->host)));
}

/* ---- looking ------------------------------------------------------------------------------ */

/* The image's configuration, read under the lease; ERROR_NOT_FOUND if it was removed since it was found. */
static int hold(const struct search *search, const struct image *image, const struct spec_image_config **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_image_config *config = NULL;
	struct error err = ERROR_INIT;
	int r = lease_add(search->lease, image->manifest, &err);

	if (r == 0 && image->top_layer)
		r = lease_add(search->lease, image->top_layer, &err);
	if (r == 0 && image->top_layer && !layer_exists(search->store, image->top_layer))
		r = error_set(&err, ERROR_NOT_FOUND, 0, "the image '%.280s' lacks its layer %.80s", search->request->asked->config.image, image->top_layer);
	if (r == 0)
		r = blob_read(search->store, image->id, SPEC_IMAGE_CONFIG_LIMIT, &text, &err);
	if (r == 0)
		r = spec_image_config_decode(search->arena, text.data ? text.data : "", text.length, &config, &err);
	if (r < 0) {
		if (search->err)
			*search->err = err;
		return r;
	}
	*ret = config;
	return 0;
}

/* ERROR_NOT_FOUND, with *search->err filled, if it is not here. */
static int find(const struct search *search, struct container_image *ret)
{
	const char *name = search->request->asked->config.image;
	int r = image_find(search->store, search->arena, name, &ret->image, search->err);

	if (r < 0)
		return r;
	if (!is_wanted(search, &ret->image))
		return error_set(search->err, ERROR_NOT_FOUND, 0, "the image '%.280s' is here for %s, not for %s", name, ret->image.platform,
				 search->request->platform);
	return hold(search, &ret->image, &ret->config);
}

/* ---- pulling -------------------------------------------------------------------------------- */

static void tell(void *context, const struct spec_transfer_event *event)
{
	const struct container_create_request *request = context;

	if (request->tell_transfer && (!request->quiet_pull || event->kind == SPEC_TRANSFER_WARNING))
		request->tell_transfer(request->context, event);
}

/* The name with its tag, as people write it. */
static const char *familiar(const struct search *search, const char *name)
{
	struct spec_reference reference;

	if (spec_reference_parse(search->arena, name, &reference, NULL) < 0)
		return name;
	spec_reference_add_default_tag(&reference);
	return spec_reference_familiar(search->arena, &reference);
}

static int pull(const struct search *search)
{
	const char *name = search->request->asked->config.image;
	struct spec_transfer_report report;
	const char *arguments[6 + TRANSFER_REGISTRY_ARGUMENTS] = { "pull" };
	const int *fd = search->request->logins_fd;
	const struct transfer_request request = { .directories = search->request->directories, .arguments = arguments, .fds = fd,
						  .fd_count = fd ? 1 : 0, .tell = tell, .context = (void *)search->request };
	size_t count = 1;
	int r = lease_make_lasting(search->lease, search->err);

	if (r < 0)
		return r;
	count += transfer_registry_add(search->arena, search->request->registry, arguments + count);
	if (search->request->platform)
		arguments[count++] = arena_printf(search->arena, "--platform=%s", search->request->platform);
	if (fd)
		arguments[count++] = arena_printf(search->arena, "--authfile=%s", registry_logins_path(search->arena, *fd));
	arguments[count++] = "--";
	arguments[count] = name;
	return transfer_run_for_report(search->arena, &request, &report, search->err);
}

static void tell_missing(const struct search *search, const char *name)
{
	const struct spec_transfer_event event = {
		.kind = SPEC_TRANSFER_STATUS,
		.text = arena_printf(search->arena, "Unable to find image '%s' locally", familiar(search, name)),
	};

	tell((void *)search->request, &event);
}

/* Whether TEXT can be the name of something in a registry: what is an id cannot be pulled. */
static bool can_be_pulled(const struct search *search, const char *text)
{
	struct spec_reference reference;

	return spec_reference_parse(search->arena, text, &reference, NULL) == 0;
}

/* It could not be pulled, but is here for another platform: who asks should know that. */
static void tell_other_platform(const struct search *search, const char *name)
{
	struct image image;

	if (search->has_wanted && image_find(search->store, search->arena, name, &image, NULL) == 0 && !is_wanted(search, &image))
		error_hint(search->err, "the image '%.280s' is here for %s, not for %s", name, image.platform, search->request->platform);
}

static int refuse_pull(const struct search *search)
{
	if (search->err && search->err->kind == ERROR_NOT_FOUND)
		error_hint(search->err, "pull it first, or leave --pull=never out");
	return -ENOENT;
}

/* Not here, or gone while we looked: pulled, and looked for again. */
static int get(const struct search *search, struct container_image *ret)
{
	const char *policy = search->request->pull ? search->request->pull : "missing", *name = search->request->asked->config.image;
	struct error first = ERROR_INIT;
	int r;

	if (str_equal(policy, "always") || str_equal(policy, "newer")) {
		r = can_be_pulled(search, name) ? pull(search) : 0;
		/* "newer" is content with what is here. */
		if (r < 0 && !str_equal(policy, "newer"))
			return r;
	}
	for (int i = 0;; i++) {
		struct search quiet = *search;

		quiet.err = &first;
		first = ERROR_INIT;
		r = find(&quiet, ret);
		if (r == 0)
			return 0;
		if (search->err)
			*search->err = first;
		if (first.kind != ERROR_NOT_FOUND || i == TRIES || !can_be_pulled(search, name))
			return r;
		if (str_equal(policy, "never"))
			return refuse_pull(search);
		tell_missing(search, name);
		r = pull(search);
		if (r < 0) {
			tell_other_platform(search, name);
			return r;
		}
	}
}

int container_image_get(struct arena *arena, const struct container_create_request *request, const struct store *store, struct lease *lease,
	struct container_image *ret, struct error *err)
{
	struct search search = { .arena = arena, .request = request, .store = store, .lease = lease, .err = err };
	int r = choose_platform(&search);

	if (r == 0)
		r = get(&search, ret);
	if (r == 0)
		warn_of_platform(&search, &ret->image);
	return r;
}

/* ---- images that are mounted -------------------------------------------------------------- */

/* One that comes with its layers is its maker's to keep. */
static bool is_to_be_found(const struct spec_container_mount *mount)
{
	return mount->kind == SPEC_MOUNT_IMAGE && !mount->image_top_layer;
}

bool container_image_is_mounted(const struct spec_host_config *host)
{
	for (size_t i = 0; i < host->mount_count; i++)
		if (is_to_be_found(&host->mounts[i]))
			return true;
	return false;
}

static int find_mount(struct arena *arena, const struct container_create_request *request, const struct store *store, struct lease *lease,
	struct spec_container_mount *mount, struct error *err)
{
	const struct spec_container asked = { .config.image = mount->source };
	struct container_create_request own = *request;
	struct container_image image = { .config = NULL };
	int r;

	own.asked = &asked;
	r = container_image_get(arena, &own, store, lease, &image, err);
	if (r < 0)
		return error_wrap(err, "cannot mount an image on '%s'", mount->target);
	mount->image_id = image.image.id;
	mount->image_manifest = image.image.manifest;
	mount->image_top_layer = image.image.top_layer;
	return 0;
}

int container_image_find_mounts(struct arena *arena, const struct container_create_request *request, struct spec_host_config *host, struct store *store,
	struct lease *lease, struct error *err)
{
	int r;

	if (!container_image_is_mounted(host))
		return 0;
	r = store_open(request->directories->images, store, err);
	if (r == 0)
		r = lease_begin(store, lease, err);
	for (size_t i = 0; r == 0 && i < host->mount_count; i++)
		if (is_to_be_found(&host->mounts[i]))
			r = find_mount(arena, request, store, lease, &host->mounts[i], err);
	return r;
}
