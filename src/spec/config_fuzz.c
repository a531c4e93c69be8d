/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes through every decoder of this room. A refusal must carry a
 * message and leave the result alone; what is accepted is walked, so that a
 * sanitizer sees a pointer or a count that is wrong.
 */
#include "spec/config.h"
#include "spec/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte of what the volatile sink cannot be optimised out of. */
static volatile size_t sink;

static void walk_text(const char *text)
{
	if (text)
		sink += strlen(text);
}

static void walk_list(char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		walk_text(list[i]);
}

static void walk_pairs(const struct spec_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		walk_text(pairs[i].key);
		walk_text(pairs[i].value);
	}
}

static void walk_process(const struct spec_process *process)
{
	if (!process->args || !process->args[0] || !process->env || process->cwd[0] != '/')
		abort();
	walk_list(process->args);
	walk_list(process->env);
	for (size_t i = 0; i < process->user.additional_gid_count; i++)
		sink += process->user.additional_gids[i];
	for (size_t i = 0; i < process->rlimit_count; i++)
		if (process->rlimits[i].soft > process->rlimits[i].hard)
			abort();
}

static void walk_resources(const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->device_count; i++)
		if (!strchr("abc", resources->devices[i].type) || resources->devices[i].access > 7)
			abort();
	for (size_t i = 0; i < resources->hugepage_limit_count; i++)
		walk_text(resources->hugepage_limits[i].page_size);
	for (size_t i = 0; i < resources->rdma_count; i++)
		walk_text(resources->rdma[i].device);
	for (size_t i = 0; i < resources->unified_count; i++)
		if (strchr(resources->unified[i].key, '/'))
			abort();
	walk_pairs(resources->unified, resources->unified_count);
}

static void walk_seccomp(const struct spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->rule_count; i++) {
		walk_list(seccomp->rules[i].names);
		for (size_t j = 0; j < seccomp->rules[i].arg_count; j++)
			if (seccomp->rules[i].args[j].index > 5 || seccomp->rules[i].args[j].op > SECCOMP_OP_MASKED_EQ)
				abort();
	}
	for (size_t i = 0; i < seccomp->architecture_count; i++)
		sink += seccomp->architectures[i];
}

static void walk_mount(const struct spec_mount *mount)
{
	if (mount->destination[0] != '/')
		abort();
	walk_text(mount->type);
	walk_text(mount->source);
	walk_text(mount->data);
	walk_list(mount->options);
	for (size_t i = 0; i < mount->propagation_count; i++)
		sink += mount->propagation[i];
}

static void walk_config(const struct spec_config *config)
{
	const struct spec_linux *l = &config->linux_;

	for (size_t i = 0; i < config->mount_count; i++)
		walk_mount(&config->mounts[i]);
	for (size_t kind = 0; kind < HOOK_KIND_COUNT; kind++) {
		for (size_t i = 0; i < config->hooks.count[kind]; i++) {
			walk_text(config->hooks.hooks[kind][i].path);
			walk_list(config->hooks.hooks[kind][i].args);
		}
	}
	walk_pairs(config->annotations, config->annotation_count);
	walk_pairs(l->sysctl, l->sysctl_count);
	walk_list(l->masked_paths);
	walk_list(l->readonly_paths);
	if (l->landlock && l->landlock->writable)
		walk_list(l->landlock->writable);
	walk_resources(l->resources);
	for (size_t i = 0; i < l->net_device_count; i++)
		walk_text(l->net_devices[i].name);
	for (size_t i = 0; i < l->device_count; i++)
		walk_text(l->devices[i].path);
	if (config->process)
		walk_process(config->process);
	if (l->seccomp)
		walk_seccomp(l->seccomp);
}

static void check_refusal(const void *result, const struct error *err)
{
	if (result || err->kind == ERROR_NONE || !err->message[0])
		abort();
}

/* A record that is accepted must come back the same once it was written. */
static void round_trip(struct arena *arena, const struct spec_state *record)
{
	_cleanup_buf_ struct buf first = BUF_INIT, second = BUF_INIT;
	struct spec_state *again = NULL;

	spec_state_encode(record, &first);
	if (spec_state_decode(arena, first.data, first.length, &again, NULL) < 0)
		abort();
	spec_state_encode(again, &second);
	if (strcmp(first.data, second.data) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *text = (const char *)data;
	struct error err = ERROR_INIT;
	struct spec_config *config = NULL;
	struct spec_process *process = NULL;
	struct spec_resources *resources = NULL;
	struct spec_state *record = NULL;

	if (spec_config_decode(arena, text, size, &config, &err) == 0)
		walk_config(config);
	else
		check_refusal(config, &err);
	if (spec_process_decode(arena, text, size, &process, &err) == 0)
		walk_process(process);
	else
		check_refusal(process, &err);
	if (spec_resources_decode(arena, text, size, &resources, &err) == 0)
		walk_resources(resources);
	else
		check_refusal(resources, &err);
	if (spec_state_decode(arena, text, size, &record, &err) == 0)
		round_trip(arena, record);
	else
		check_refusal(record, &err);
	return 0;
}
