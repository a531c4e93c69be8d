/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/target.h"

int target_open(struct target *target, const struct remote_options *options, const char *text, enum client_access access, struct error *err)
{
	int r;

	target->arena = arena_new();
	r = spec_reference_parse(target->arena, text, &target->reference, err);
	if (r == 0)
		r = remote_world_open(options, &target->world, err);
	if (r == 0)
		r = remote_open(&target->world, target->reference.domain, target->reference.path, access, &target->remote, err);
	if (r < 0)
		return r;
	remote_world_confine(&target->world, -1);
	return remote_call(&target->remote, &target->line, err);
}

void target_close(struct target *target)
{
	remote_hang_up(&target->remote, target->line);
	remote_close(&target->remote);
	remote_world_done(&target->world);
	if (target->arena)
		arena_free(target->arena);
}

const char *target_name(struct target *target)
{
	if (target->reference.digest)
		return target->reference.digest;
	spec_reference_add_default_tag(&target->reference);
	return target->reference.tag;
}

int target_resolve(struct target *target, const char **ret, struct error *err)
{
	_cleanup_client_manifest_ struct client_manifest head = { 0 }, whole = { 0 };
	const char *name = target_name(target);
	int r = 0;

	if (target->reference.digest) {
		*ret = name;
		return 0;
	}
	/* Not every registry says it to a question without content. */
	if (client_head_manifest(target->line->client, name, &head, NULL) < 0 || !head.digest)
		r = client_get_manifest(target->line->client, name, &whole, err);
	if (r == 0)
		*ret = arena_strdup(target->arena, whole.digest ? whole.digest : head.digest);
	return r;
}
