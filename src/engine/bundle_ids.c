/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of ids of its own is what a container gets; what shares a namespace
 * of processes with others shares their ids as well, for a procfs is mounted
 * only by who has power over both.
 */
#include "engine/bundle_ids.h"
#include "engine/home.h"
#include "engine/id_range.h"
#include "host/user_namespace.h"

#define MAPPING_LIMIT 340 /* lines that the kernel takes, user_namespaces(7) */

enum ids_mode { IDS_RANGE, IDS_OWN, IDS_KEEP, IDS_NOMAP, IDS_HOST, IDS_MAPPED, IDS_OTHER };

struct ids_request {
	enum ids_mode mode;
	uint32_t size;       /* of RANGE and OWN */
	uint32_t uid, gid;   /* of KEEP: who the caller is in the container */
	const char *option;  /* that says OTHER, for messages */
	const char *other;   /* "container:ID" */
};

static int refuse(const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "--userns: '%.100s': %s", text, why);
}

/* "auto" or "auto:size=N". */
static int parse_auto(const char *text, struct ids_request *request, struct error *err)
{
	uint64_t size = 0;

	request->size = ID_RANGE_SIZE;
	if (!text[4])
		return 0;
	if (!str_starts_with(text, "auto:size="))
		return refuse(text, "expected auto or auto:size=NUMBER", err);
	if (str_to_u64(text + strlen("auto:size="), 10, &size) < 0 || size == 0 || size > (uint64_t)ID_RANGE_COUNT * ID_RANGE_SIZE)
		return refuse(text, "the size is no number of ids that there are", err);
	request->size = (uint32_t)size;
	return 0;
}

/* "keep-id" or "keep-id:uid=N,gid=N": of root's files of mounts have the ids that they have on the host anyway. */
static int parse_keep(const char *text, struct ids_request *request, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	char *rest = copy + strlen("keep-id"), *word;

	*request = (struct ids_request){ .mode = IDS_KEEP };
	if (user_namespace_is_first()) {
		*request = (struct ids_request){ .mode = IDS_RANGE, .size = ID_RANGE_SIZE };
		return *rest ? refuse(text, "only for who is not root", err) : 0;
	}
	request->uid = user_namespace_root(false);
	request->gid = user_namespace_root(true);
	if (*rest)
		rest++;
	while ((word = strsep(&rest, ",")) && *word) {
		bool is_uid = str_starts_with(word, "uid="), is_gid = str_starts_with(word, "gid=");
		uint64_t id = 0;

		if ((!is_uid && !is_gid) || str_to_u64(word + 4, 10, &id) < 0 || id >= UINT32_MAX)
			return refuse(text, "expected keep-id:uid=NUMBER,gid=NUMBER", err);
		*(is_uid ? &request->uid : &request->gid) = (uint32_t)id;
	}
	return 0;
}

/* What is meant when --userns says nothing. Namespaces of another container belong to its user namespace: nobody else could mount their files. */
static void decide_default(const struct spec_host_config *host, struct ids_request *request)
{
	const struct {
		const char *option, *mode;
	} shared[] = { { "--pid", host->pid_mode }, { "--network", host->network_mode }, { "--ipc", host->ipc_mode } };

	*request = (struct ids_request){ .mode = IDS_RANGE, .size = ID_RANGE_SIZE };
	if (host->uid_map || host->gid_map)
		*request = (struct ids_request){ .mode = IDS_MAPPED };
	else if (host->privileged || str_equal(host->pid_mode, "host"))
		*request = (struct ids_request){ .mode = IDS_HOST };
	/* In a home the host's ids are nobody's; whoever is in another's network there has to be in the user namespace that it belongs to. */
	for (size_t i = 0; (request->mode == IDS_RANGE || (request->mode == IDS_HOST && !user_namespace_is_first())) && i < ARRAY_SIZE(shared); i++)
		if (shared[i].mode && str_starts_with(shared[i].mode, "container:"))
			*request = (struct ids_request){ .mode = IDS_OTHER, .option = shared[i].option, .other = shared[i].mode };
}

static int read_mode(const struct spec_host_config *host, struct ids_request *request, struct error *err)
{
	const char *text = host->user_namespace;

	*request = (struct ids_request){ .mode = IDS_RANGE };
	if (str_is_empty(text) || str_equal(text, "private")) {
		decide_default(host, request);
		return 0;
	}
	if (host->uid_map || host->gid_map)
		return refuse(text, "with --uidmap or --gidmap nothing else can be said", err);
	if (str_equal(text, "host")) {
		request->mode = IDS_HOST;
		return 0;
	}
	if (str_equal(text, "auto") || str_starts_with(text, "auto:"))
		return parse_auto(text, request, err);
	if (str_starts_with(text, "container:") && text[strlen("container:")]) {
		*request = (struct ids_request){ .mode = IDS_OTHER, .option = "--userns", .other = text };
		return 0;
	}
	if (str_equal(text, "keep-id") || str_starts_with(text, "keep-id:"))
		return parse_keep(text, request, err);
	if (str_equal(text, "nomap")) {
		*request = (struct ids_request){ .mode = IDS_NOMAP };
		return user_namespace_is_first() ? refuse(text, "only for who is not root", err) : 0;
	}
	if (str_starts_with(text, "ns:"))
		return refuse(text, "a user namespace is joined with container:NAME", err);
	return refuse(text, "expected auto, host or container:NAME", err);
}

/*
 * In a user namespace owners of files cannot be mapped, so there is one range,
 * the namespace's own, in which everybody is himself. Rights over that which
 * others have made, as of the host's ids, are what nobody in it can have.
 */
static int decide(const struct spec_host_config *host, struct ids_request *request, struct error *err)
{
	uint32_t size = user_namespace_size();
	int r = read_mode(host, request, err);

	if (r < 0 || user_namespace_is_first() || (request->mode != IDS_RANGE && request->mode != IDS_HOST))
		return r;
	if (request->mode == IDS_RANGE && host->user_namespace && str_starts_with(host->user_namespace, "auto:") && request->size > size) {
		error_set(err, ERROR_UNAVAILABLE, 0, "--userns: '%.100s': there are %u ids", host->user_namespace, size);
		error_hint(err, "ranges of ids are granted in /etc/subuid and /etc/subgid");
		return -EAGAIN;
	}
	*request = (struct ids_request){ .mode = IDS_OWN, .size = size };
	return 0;
}

/* ---- mappings by hand ---------------------------------------------------------------- */

/* "INSIDE:OUTSIDE[:SIZE]" */
static int parse_mapping(const char *option, const char *text, struct spec_id_mapping *ret, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	char *rest = copy;
	uint64_t numbers[3] = { 0, 0, 1 };
	size_t count = 0;

	for (char *part; (part = strsep(&rest, ":")); count++)
		if (count == 3 || str_to_u64(part, 10, &numbers[count]) < 0 || numbers[count] > UINT32_MAX - 1)
			return error_set(err, ERROR_INVALID, 0, "%s: '%.100s': expected INSIDE:OUTSIDE[:SIZE], all of them numbers", option, text);
	if (count < 2 || numbers[2] == 0 || numbers[0] + numbers[2] > UINT32_MAX || numbers[1] + numbers[2] > UINT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "%s: '%.100s': expected INSIDE:OUTSIDE[:SIZE], within what ids there are", option, text);
	*ret = (struct spec_id_mapping){ .container_id = (uint32_t)numbers[0], .host_id = (uint32_t)numbers[1], .size = (uint32_t)numbers[2] };
	return 0;
}

static bool overlaps(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

static int parse_mappings(struct arena *arena, const char *option, char *const *list, struct spec_id_mapping **ret, size_t *ret_count,
			  struct error *err)
{
	size_t count = strv_length(list);
	struct spec_id_mapping *mappings = arena_alloc(arena, count + 1, sizeof *mappings);

	if (count > MAPPING_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "%s: %zu ranges are more than the %d that the kernel takes", option, count, MAPPING_LIMIT);
	for (size_t i = 0; i < count; i++) {
		int r = parse_mapping(option, list[i], &mappings[i], err);

		for (size_t n = 0; r == 0 && n < i; n++)
			if (overlaps(mappings[n].container_id, mappings[n].size, mappings[i].container_id, mappings[i].size) ||
			    overlaps(mappings[n].host_id, mappings[n].size, mappings[i].host_id, mappings[i].size))
				r = error_set(err, ERROR_INVALID, 0, "%s: '%.60s' and '%.60s' overlap", option, list[n], list[i]);
		if (r < 0)
			return r;
	}
	*ret = mappings;
	*ret_count = count;
	return 0;
}

/* What is given for one kind alone holds for both. */
static int map_by_hand(struct arena *arena, const struct spec_host_config *host, struct bundle_ids *ids, struct error *err)
{
	char **uids = host->uid_map ? host->uid_map : host->gid_map, **gids = host->gid_map ? host->gid_map : host->uid_map;
	int r = parse_mappings(arena, "--uidmap", uids, &ids->uids, &ids->uid_count, err);

	if (r == 0)
		r = parse_mappings(arena, "--gidmap", gids, &ids->gids, &ids->gid_count, err);
	ids->has_namespace = true;
	return r;
}

/* ---- the whole ------------------------------------------------------------------------- */

int bundle_check_ids(const struct spec_host_config *host, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bundle_ids ids = { .range_fd = -EBADF };
	struct ids_request request;
	int r = decide(host, &request, err);

	return r == 0 && request.mode == IDS_MAPPED ? map_by_hand(arena, host, &ids, err) : r;
}

char *bundle_ids_user(struct arena *arena, const struct spec_host_config *host)
{
	struct ids_request request;

	if (decide(host, &request, NULL) < 0 || request.mode != IDS_KEEP)
		return NULL;
	return arena_printf(arena, "%u:%u", request.uid, request.gid);
}

static void map_range(struct arena *arena, struct bundle_ids *ids)
{
	ids->uids = arena_alloc(arena, 1, sizeof *ids->uids);
	ids->gids = arena_alloc(arena, 1, sizeof *ids->gids);
	ids->uids[0] = ids->gids[0] = (struct spec_id_mapping){ .container_id = 0, .host_id = ids->base, .size = ids->size };
	ids->uid_count = ids->gid_count = 1;
	ids->has_namespace = true;
}

bool bundle_ids_are_usual(const struct spec_host_config *host)
{
	struct ids_request request;

	return user_namespace_is_first() && decide(host, &request, NULL) == 0 && request.mode == IDS_RANGE && request.size == ID_RANGE_SIZE;
}

void bundle_ids_of_range(struct arena *arena, uint32_t base, struct bundle_ids *ids)
{
	*ids = (struct bundle_ids){ .base = base, .size = ID_RANGE_SIZE, .range_fd = -EBADF };
	map_range(arena, ids);
}

/* ID of the container is who bivy's caller is, and all others are in their order those whom he may have besides. */
static size_t keep(struct spec_id_mapping *mappings, uint32_t id, uint32_t size)
{
	uint32_t below = id < size - 1 ? id : size - 1;
	size_t count = 0;

	if (below)
		mappings[count++] = (struct spec_id_mapping){ .container_id = 0, .host_id = 1, .size = below };
	mappings[count++] = (struct spec_id_mapping){ .container_id = id, .host_id = 0, .size = 1 };
	if (below < size - 1)
		mappings[count++] = (struct spec_id_mapping){ .container_id = id + 1, .host_id = below + 1, .size = size - 1 - below };
	return count;
}

static int map_caller(struct arena *arena, const struct ids_request *request, struct bundle_ids *ids, struct error *err)
{
	uint32_t size = user_namespace_size();

	ids->uids = arena_alloc(arena, 3, sizeof *ids->uids);
	ids->gids = arena_alloc(arena, 3, sizeof *ids->gids);
	ids->has_namespace = true;
	if (request->mode == IDS_KEEP) {
		ids->uid_count = keep(ids->uids, request->uid, size);
		ids->gid_count = keep(ids->gids, request->gid, size);
		return 0;
	}
	if (size < 2) {
		error_set(err, ERROR_UNAVAILABLE, 0, "--userns: 'nomap': there is no other id than this user's");
		error_hint(err, "ranges of ids are granted in /etc/subuid and /etc/subgid");
		return -EAGAIN;
	}
	ids->uids[0] = ids->gids[0] = (struct spec_id_mapping){ .container_id = 0, .host_id = 1, .size = size - 1 };
	ids->uid_count = ids->gid_count = 1;
	return 0;
}

static const struct idmap_range *convert(struct arena *arena, const struct spec_id_mapping *mappings, size_t count)
{
	struct idmap_range *ranges = arena_alloc(arena, count + 1, sizeof *ranges);

	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct idmap_range){ mappings[i].container_id, mappings[i].host_id, mappings[i].size };
	return ranges;
}

const struct idmap *bundle_ids_map(struct arena *arena, const struct bundle_ids *ids)
{
	struct idmap *map = arena_alloc(arena, 1, sizeof *map);

	*map = (struct idmap){
		.uids = convert(arena, ids->uids, ids->uid_count),
		.uid_count = ids->uid_count,
		.gids = convert(arena, ids->gids, ids->gid_count),
		.gid_count = ids->gid_count,
	};
	return ids->has_namespace && !idmap_is_identity(map) ? map : NULL;
}

const struct idmap *bundle_ids_copied(struct arena *arena, const struct spec_host_config *host)
{
	struct bundle_ids ids = { .range_fd = -EBADF };
	struct ids_request request;
	int r = user_namespace_is_first() ? -EINVAL : decide(host, &request, NULL);

	if (r < 0)
		return NULL;
	if (request.mode == IDS_MAPPED)
		r = map_by_hand(arena, host, &ids, NULL);
	else if (request.mode == IDS_KEEP || request.mode == IDS_NOMAP)
		r = map_caller(arena, &request, &ids, NULL);
	return r < 0 ? NULL : bundle_ids_map(arena, &ids);
}

/* Those of another container, if it has its own; the range is both's, so that it outlives the other. */
static int share(struct bundle_plan *plan, const struct ids_request *request, struct error *err)
{
	const struct spec_container_state *before = NULL, *other = NULL;
	int r = bundle_find_other(plan, request->option, request->other, &before, err);

	if (r < 0 || before->id_size == 0)
		return r;
	r = user_namespace_is_first() ? id_range_share(plan->record->directories, before->id_base, before->id_size, &plan->ids.range_fd, err)
				      : home_hold(plan->record->directories, &plan->ids.range_fd, err);
	/* It may have ended in between; or been started again, with another range. */
	if (r == 0)
		r = bundle_find_other(plan, request->option, request->other, &other, err);
	if (r < 0)
		return r;
	if (other->id_base != before->id_base || other->supervisor_pid != before->supervisor_pid)
		return error_set(err, ERROR_CONFLICT, 0, "%s: '%.100s' has just been started again", request->option, request->other);
	plan->ids.base = other->id_base;
	plan->ids.size = other->id_size;
	plan->ids.join = arena_printf(plan->arena, "/proc/%lld/ns/user", (long long)other->pid);
	map_range(plan->arena, &plan->ids);
	return 0;
}

int bundle_take_ids(struct bundle_plan *plan, struct error *err)
{
	struct bundle_ids *ids = &plan->ids;
	struct ids_request request;
	int r = decide(plan->host, &request, err);

	if (r < 0)
		return r;
	switch (request.mode) {
	case IDS_HOST:
		return 0;
	case IDS_MAPPED:
		r = map_by_hand(plan->arena, plan->host, ids, err);
		return r < 0 ? r : home_hold(plan->record->directories, &ids->range_fd, err);
	case IDS_KEEP:
	case IDS_NOMAP:
		r = map_caller(plan->arena, &request, ids, err);
		return r < 0 ? r : home_hold(plan->record->directories, &ids->range_fd, err);
	case IDS_OTHER:
		return share(plan, &request, err);
	case IDS_OWN:
		ids->size = request.size;
		map_range(plan->arena, ids);
		return home_hold(plan->record->directories, &ids->range_fd, err);
	case IDS_RANGE:
		if (plan->seat && plan->seat->fds[SEAT_RANGE] >= 0) {
			ids->base = plan->seat->id_base;
			ids->range_fd = TAKE_FD(plan->seat->fds[SEAT_RANGE]);
			ids->size = request.size;
			map_range(plan->arena, ids);
			return 0;
		}
		r = id_range_take(plan->record->directories, request.size, &ids->base, &ids->range_fd, err);
		if (r < 0)
			return r;
		ids->size = request.size;
		map_range(plan->arena, ids);
	}
	return 0;
}
