/* SPDX-License-Identifier: Apache-2.0 */
#include "api/routes.h"
#include "api/looking.h"

enum route_flag {
	ROUTE_LOOKS = 1 << 0,    /* it reads files and asks the kernel, no more: looking.h */
	ROUTE_SHORT = 1 << 1,    /* and waits for nothing */
	ROUTE_MEASURES = 1 << 2, /* it does that, and looks at processes */
};

struct route {
	const char *method;
	/* Segments of the path: a word, "{}" for any one, "{…}" for one or more, as names of images have slashes. */
	const char *path;
	enum api_permission permission;
	api_answer *answer;
	unsigned flags; /* enum route_flag */
};

static const struct route routes[] = {
	{ "GET", "/info", API_READ_ONLY, api_info, ROUTE_LOOKS | ROUTE_SHORT },
	{ "GET", "/version", API_READ_ONLY, api_version, ROUTE_LOOKS | ROUTE_SHORT },
	{ "GET", "/metrics", API_METRICS, api_metrics, ROUTE_MEASURES },

	{ "GET", "/containers/json", API_READ_ONLY, api_containers_list, ROUTE_LOOKS | ROUTE_SHORT },
	{ "POST", "/containers/create", API_ALL, api_container_create },
	{ "GET", "/containers/{}/json", API_READ_ONLY, api_container_inspect },
	{ "POST", "/containers/{}/attach", API_ALL, api_container_attach },
	{ "GET", "/containers/{}/attach/ws", API_ALL, api_container_attach_web },
	{ "HEAD", "/containers/{}/archive", API_READ_ONLY, api_container_archive_stat },
	{ "GET", "/containers/{}/archive", API_ALL, api_container_archive_get },
	{ "PUT", "/containers/{}/archive", API_ALL, api_container_archive_put },
	{ "GET", "/containers/{}/changes", API_READ_ONLY, api_container_changes },
	{ "GET", "/containers/{}/export", API_ALL, api_container_export },
	{ "GET", "/containers/{}/stats", API_READ_ONLY, api_container_stats, ROUTE_MEASURES },
	{ "GET", "/containers/{}/top", API_READ_ONLY, api_container_top },
	{ "POST", "/containers/{}/update", API_ALL, api_container_update },
	{ "POST", "/containers/prune", API_ALL, api_containers_prune },
	{ "POST", "/containers/{}/exec", API_ALL, api_exec_create },
	{ "POST", "/containers/{}/kill", API_CONTAINERS, api_container_kill },
	{ "GET", "/containers/{}/logs", API_READ_ONLY, api_container_logs },
	{ "POST", "/containers/{}/pause", API_CONTAINERS, api_container_pause },
	{ "POST", "/containers/{}/rename", API_CONTAINERS, api_container_rename },
	{ "POST", "/containers/{}/resize", API_CONTAINERS, api_container_resize },
	{ "POST", "/containers/{}/restart", API_CONTAINERS, api_container_restart },
	{ "POST", "/containers/{}/start", API_CONTAINERS, api_container_start },
	{ "POST", "/containers/{}/stop", API_CONTAINERS, api_container_stop },
	{ "POST", "/containers/{}/unpause", API_CONTAINERS, api_container_unpause },
	{ "POST", "/containers/{}/wait", API_READ_ONLY, api_container_wait },
	{ "GET", "/exec/{}/json", API_READ_ONLY, api_exec_inspect },
	{ "POST", "/exec/{}/resize", API_ALL, api_exec_resize },
	{ "POST", "/exec/{}/start", API_ALL, api_exec_start },
	{ "DELETE", "/containers/{}", API_CONTAINERS, api_container_remove },

	{ "GET", "/images/json", API_READ_ONLY, api_images_list, ROUTE_LOOKS | ROUTE_SHORT },
	{ "POST", "/images/create", API_ALL, api_image_create },
	{ "GET", "/images/get", API_ALL, api_images_save },
	{ "POST", "/images/load", API_ALL, api_images_load },
	{ "POST", "/images/prune", API_ALL, api_images_prune },
	{ "GET", "/images/search", API_READ_ONLY, api_search },
	{ "GET", "/images/{…}/get", API_ALL, api_image_save },
	{ "GET", "/images/{…}/history", API_READ_ONLY, api_image_history, ROUTE_LOOKS },
	{ "GET", "/images/{…}/json", API_READ_ONLY, api_image_inspect, ROUTE_LOOKS },
	{ "POST", "/images/{…}/push", API_ALL, api_image_push },
	{ "POST", "/images/{…}/tag", API_ALL, api_image_tag },
	{ "DELETE", "/images/{…}", API_ALL, api_image_remove },

	{ "GET", "/networks", API_READ_ONLY, api_networks_list },
	{ "GET", "/networks/", API_READ_ONLY, api_networks_list },
	{ "POST", "/networks/create", API_ALL, api_network_create },
	{ "POST", "/networks/prune", API_ALL, api_networks_prune },
	{ "GET", "/networks/{}", API_READ_ONLY, api_network_inspect },
	{ "POST", "/networks/{}/connect", API_ALL, api_network_connect },
	{ "POST", "/networks/{}/disconnect", API_ALL, api_network_disconnect },
	{ "DELETE", "/networks/{}", API_ALL, api_network_remove },

	{ "GET", "/volumes", API_READ_ONLY, api_volumes_list, ROUTE_LOOKS },
	{ "POST", "/volumes/create", API_ALL, api_volume_create },
	{ "POST", "/volumes/prune", API_ALL, api_volumes_prune },
	{ "GET", "/volumes/{}", API_READ_ONLY, api_volume_inspect, ROUTE_LOOKS },
	{ "PUT", "/volumes/{}", API_READ_ONLY, api_swarm_none },
	{ "DELETE", "/volumes/{}", API_ALL, api_volume_remove },

	{ "POST", "/build", API_ALL, api_build },
	{ "POST", "/build/cancel", API_ALL, api_build_cancel },
	{ "POST", "/build/prune", API_ALL, api_build_prune },
	{ "POST", "/commit", API_ALL, api_commit },

	{ "GET", "/events", API_READ_ONLY, api_events, ROUTE_LOOKS },
	{ "GET", "/system/df", API_READ_ONLY, api_system_df },

	{ "GET", "/swarm", API_READ_ONLY, api_swarm_none },
	{ "POST", "/swarm/init", API_READ_ONLY, api_swarm_unsupported },
	{ "POST", "/swarm/join", API_READ_ONLY, api_swarm_unsupported },
	{ "POST", "/swarm/leave", API_READ_ONLY, api_swarm_leave },
	{ "POST", "/swarm/unlock", API_READ_ONLY, api_swarm_none },
	{ "GET", "/swarm/unlockkey", API_READ_ONLY, api_swarm_none },
	{ "POST", "/swarm/update", API_READ_ONLY, api_swarm_none },
	{ "GET", "/nodes", API_READ_ONLY, api_swarm_none },
	{ "GET", "/nodes/{}", API_READ_ONLY, api_swarm_none },
	{ "DELETE", "/nodes/{}", API_READ_ONLY, api_swarm_none },
	{ "POST", "/nodes/{}/update", API_READ_ONLY, api_swarm_none },
	{ "GET", "/services", API_READ_ONLY, api_swarm_none },
	{ "POST", "/services/create", API_READ_ONLY, api_swarm_none },
	{ "GET", "/services/{}", API_READ_ONLY, api_swarm_none },
	{ "GET", "/services/{}/logs", API_READ_ONLY, api_swarm_none },
	{ "POST", "/services/{}/update", API_READ_ONLY, api_swarm_none },
	{ "DELETE", "/services/{}", API_READ_ONLY, api_swarm_none },
	{ "GET", "/tasks", API_READ_ONLY, api_swarm_none },
	{ "GET", "/tasks/{}", API_READ_ONLY, api_swarm_none },
	{ "GET", "/tasks/{}/logs", API_READ_ONLY, api_swarm_none },
	{ "GET", "/secrets", API_READ_ONLY, api_swarm_none },
	{ "POST", "/secrets/create", API_READ_ONLY, api_swarm_none },
	{ "GET", "/secrets/{}", API_READ_ONLY, api_swarm_none },
	{ "POST", "/secrets/{}/update", API_READ_ONLY, api_swarm_none },
	{ "DELETE", "/secrets/{}", API_READ_ONLY, api_swarm_none },
	{ "GET", "/configs", API_READ_ONLY, api_swarm_none },
	{ "POST", "/configs/create", API_READ_ONLY, api_swarm_none },
	{ "GET", "/configs/{}", API_READ_ONLY, api_swarm_none },
	{ "POST", "/configs/{}/update", API_READ_ONLY, api_swarm_none },
	{ "DELETE", "/configs/{}", API_READ_ONLY, api_swarm_none },

	{ "GET", "/plugins", API_READ_ONLY, api_empty_list },
	{ "GET", "/plugins/privileges", API_READ_ONLY, api_plugins_unsupported },
	{ "POST", "/plugins/create", API_READ_ONLY, api_plugins_unsupported },
	{ "POST", "/plugins/pull", API_READ_ONLY, api_plugins_unsupported },
	{ "GET", "/plugins/{…}/json", API_READ_ONLY, api_plugin_none },
	{ "POST", "/plugins/{…}/{}", API_READ_ONLY, api_plugin_none },
	{ "DELETE", "/plugins/{…}", API_READ_ONLY, api_plugin_none },

	{ "GET", "/containers/{}/checkpoints", API_READ_ONLY, api_empty_list },
	{ "POST", "/containers/{}/checkpoints", API_ALL, api_checkpoints_unsupported },
	{ "DELETE", "/containers/{}/checkpoints/{}", API_ALL, api_checkpoints_unsupported },

	{ "POST", "/grpc", API_ALL, api_grpc },
	{ "POST", "/session", API_ALL, api_session },

	{ "POST", "/auth", API_ALL, api_auth },
	{ "GET", "/distribution/{…}/json", API_ALL, api_distribution },
};

/* ---- matching ------------------------------------------------------------------------------- */

/* Segments FROM to TO with slashes between them. */
static const char *join(struct arena *arena, char *const *segments, size_t from, size_t to)
{
	const char *text = segments[from];

	while (++from < to)
		text = arena_printf(arena, "%s/%s", text, segments[from]);
	return text;
}

static size_t count_words(const char *path)
{
	size_t count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* Whether the path is PATTERN's; what stands for its braces goes to NAMES. */
static bool match(struct api_call *call, const char *pattern, const char **names)
{
	const struct api_target *target = &call->target;
	size_t words = count_words(pattern), at = 0, name = 0;

	if (target->segment_count < words)
		return false;
	while (*pattern) {
		size_t length = strcspn(++pattern, "/"), take = 1;
		bool is_any = length > 0 && pattern[0] == '{';

		if (is_any && length > 2)
			take = target->segment_count - words + 1;
		if (is_any)
			names[name++] = join(call->arena, target->segments, at, at + take);
		else if (strncmp(target->segments[at], pattern, length) != 0 || target->segments[at][length])
			return false;
		at += take;
		pattern += length;
	}
	return at == target->segment_count;
}

static const struct route *find(struct api_call *call)
{
	const char **names = arena_alloc(call->arena, API_TARGET_SEGMENTS, sizeof *names);

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (str_equal(routes[i].method, call->request.method) && match(call, routes[i].path, names)) {
			call->names = names;
			return &routes[i];
		}
	}
	return NULL;
}

/* What images share is found out under the lock of their content, which is made where there is none. */
static bool takes_lock(const struct api_call *call)
{
	return api_target_flag(&call->target, "shared-size", false);
}

int api_route(struct api_call *call, enum api_permission permission, struct error *err)
{
	const struct route *route = find(call);

	if (!route)
		return error_set(err, ERROR_NOT_FOUND, 0, "page not found");
	if (route->permission > permission)
		return error_set(err, ERROR_DENIED, 0, "this socket does not allow %s %s", route->method, route->path);
	/* Who answers several has done so before the first. */
	if (route->flags & (ROUTE_LOOKS | ROUTE_MEASURES) && !call->containers && !takes_lock(call))
		looking_begin(call->directories, route->flags & ROUTE_MEASURES ? LOOKING_AT_PROCESSES : 0);
	return route->answer(call, err);
}

bool api_route_is_short(struct api_call *call)
{
	const struct route *route = find(call);

	/* Sizes are found by walking through all there is. */
	return route && route->flags & ROUTE_SHORT && !api_target_flag(&call->target, "size", false) && !takes_lock(call);
}
