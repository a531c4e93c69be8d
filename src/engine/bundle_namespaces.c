/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_namespaces.h"

#include <sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define SHORT_ID 12 /* digits that a host name has */
#define NAME_LIMIT 65 /* bytes of one, its end included: __NEW_UTS_LEN */

/* A kind of namespace that a flag decides about. */
static const struct {
	int flag;
	const char *option, *file; /* in /proc/PID/ns */
	size_t offset;             /* of the mode in struct spec_host_config */
	const char *words;         /* that mean its own */
} kinds[] = {
	{ CLONE_NEWPID, "--pid", "pid", offsetof(struct spec_host_config, pid_mode), "private" },
	{ CLONE_NEWIPC, "--ipc", "ipc", offsetof(struct spec_host_config, ipc_mode), "private shareable none" },
	{ CLONE_NEWUTS, "--uts", "uts", offsetof(struct spec_host_config, uts_mode), "private" },
	{ CLONE_NEWCGROUP, "--cgroupns", "cgroup", offsetof(struct spec_host_config, cgroup_namespace), "private" },
	{ CLONE_NEWNET, "--network", "net", offsetof(struct spec_host_config, network_mode), "none" },
};

static const char *mode_of(const struct spec_host_config *host, size_t kind)
{
	return *(char *const *)(const void *)((const char *)host + kinds[kind].offset);
}

static bool is_word(const char *words, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = words; (at = strstr(at, text)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static bool is_own(const struct spec_host_config *host, size_t kind)
{
	const char *mode = mode_of(host, kind);

	if (kinds[kind].flag == CLONE_NEWNET && host->endpoint_count)
		return true;
	return str_is_empty(mode) || is_word(kinds[kind].words, mode);
}

/* ---- checks --------------------------------------------------------------------------- */

static int check_mode(const struct spec_host_config *host, size_t kind, struct error *err)
{
	const char *mode = mode_of(host, kind);
	bool names_other = mode && str_starts_with(mode, "container:") && mode[strlen("container:")];
	bool names_path = mode && str_starts_with(mode, "ns:/");

	if (is_own(host, kind) || str_equal(mode, "host") || names_other || names_path)
		return 0;
	if (kinds[kind].flag == CLONE_NEWNET) {
		error_set(err, ERROR_UNSUPPORTED, 0, "--network: there is no network '%.100s'", mode);
		error_hint(err, "there are none, host, container:NAME and ns:PATH");
		return -EOPNOTSUPP;
	}
	return error_set(err, ERROR_INVALID, 0, "%s: '%.100s': expected private, host, container:NAME or ns:PATH", kinds[kind].option, mode);
}

/* "monotonic=SECONDS" or "boottime=SECONDS", with a fraction or without, perhaps negative. */
static int parse_offset(const char *text, struct spec_linux *l, struct error *err)
{
	const char *equals = strchr(text, '='), *point;
	bool is_boottime = str_starts_with(text, "boottime="), is_negative = equals && equals[1] == '-';
	struct spec_time_offset offset = { .given = true };
	_cleanup_free_ char *whole = NULL;

	if (!is_boottime && !str_starts_with(text, "monotonic="))
		return error_set(err, ERROR_INVALID, 0, "--time-offset: '%.100s': expected monotonic=SECONDS or boottime=SECONDS", text);
	point = strchr(equals, '.');
	whole = str_printf("%.*s", point ? (int)(point - equals - 1) : (int)strlen(equals + 1), equals + 1);
	if (str_to_i64(whole, 10, &offset.secs) < 0 || (point && (!point[1] || strspn(point + 1, "0123456789") != strlen(point + 1))))
		return error_set(err, ERROR_INVALID, 0, "--time-offset: '%.100s': '%.60s' is no number of seconds", text, equals + 1);
	for (uint32_t unit = 100000000; point && unit > 0 && *++point; unit /= 10)
		offset.nanosecs += (uint32_t)(*point - '0') * unit;
	if (is_negative && offset.nanosecs) { /* -1.5 s is 0.5 s after -2 s */
		offset.secs--;
		offset.nanosecs = 1000000000 - offset.nanosecs;
	}
	*(is_boottime ? &l->boottime : &l->monotonic) = offset;
	return 0;
}

static int parse_offsets(char *const *list, struct spec_linux *l, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && list && list[i]; i++)
		r = parse_offset(list[i], l, err);
	return r;
}

int bundle_check_namespaces(const struct spec_host_config *host, struct error *err)
{
	struct spec_linux scratch = { .namespaces = NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		r = check_mode(host, i, err);
	return r < 0 ? r : parse_offsets(host->time_offset, &scratch, err);
}

/* ---- the plan ---------------------------------------------------------------------------- */

bool bundle_has_own_namespace(const struct bundle_plan *plan, int flag)
{
	const struct spec_namespace *ns = spec_namespace_find(plan->spec, flag);

	return ns && !ns->path;
}

static int add(struct bundle_plan *plan, int flag, const char *path)
{
	struct spec_linux *l = &plan->spec->linux_;

	l->namespaces[l->namespace_count++] = (struct spec_namespace){ .flag = flag, .path = (char *)path };
	return 0;
}

static int add_kind(struct bundle_plan *plan, size_t kind, struct error *err)
{
	const char *mode = mode_of(plan->host, kind);
	const struct spec_container_state *other = NULL;
	int r;

	if (is_own(plan->host, kind))
		return add(plan, kinds[kind].flag, NULL);
	if (str_equal(mode, "host"))
		return 0;
	if (str_starts_with(mode, "ns:"))
		return add(plan, kinds[kind].flag, mode + strlen("ns:"));
	r = bundle_find_other(plan, kinds[kind].option, mode, &other, err);
	return r < 0 ? r : add(plan, kinds[kind].flag, arena_printf(plan->arena, "/proc/%lld/ns/%s", (long long)other->pid, kinds[kind].file));
}

static void add_names(struct bundle_plan *plan)
{
	const struct spec_container_config *config = plan->config;

	char host[NAME_LIMIT] = "";

	if (!bundle_has_own_namespace(plan, CLONE_NEWUTS))
		return;
	/* What is in the host's network is called like it. */
	if (!spec_namespace_find(plan->spec, CLONE_NEWNET) && gethostname(host, sizeof host - 1) < 0)
		host[0] = '\0';
	plan->hostname = config->hostname ? config->hostname : *host ? arena_strdup(plan->arena, host) :
		arena_strndup(plan->arena, plan->container->id, SHORT_ID);
	plan->spec->hostname = (char *)plan->hostname;
	plan->spec->domainname = config->domainname;
}

/* ---- sysctls ------------------------------------------------------------------------------- */

static bool has_sysctl(const struct spec_host_config *host, const char *key)
{
	for (size_t i = 0; i < host->sysctl_count; i++)
		if (str_equal(host->sysctls[i].key, key))
			return true;
	return false;
}

/* All groups that there are, as far as one range of ids goes; NULL if group 0 is none of them. See icmp(7), ping_group_range. */
static char *all_groups(const struct bundle_plan *plan)
{
	const struct bundle_ids *ids = &plan->ids;
	uint32_t last = INT32_MAX;

	if (ids->has_namespace) {
		const struct spec_id_mapping *found = NULL;

		for (size_t i = 0; i < ids->gid_count && !found; i++)
			if (ids->gids[i].container_id == 0 && ids->gids[i].size > 0)
				found = &ids->gids[i];
		if (!found)
			return NULL;
		last = found->size - 1 < last ? found->size - 1 : last;
	}
	return arena_printf(plan->arena, "0 %u", last);
}

static void add_sysctl(const struct bundle_plan *plan, const char *key, char *value)
{
	struct spec_linux *l = &plan->spec->linux_;

	if (value && !has_sysctl(plan->host, key))
		l->sysctl[l->sysctl_count++] = (struct spec_pair){ arena_strdup(plan->arena, key), value };
}

/* As docker's: in a network of its own every user may ping and take ports below 1024, for which root's capabilities are asked elsewhere. */
static void add_sysctls(struct bundle_plan *plan)
{
	struct spec_linux *l = &plan->spec->linux_;

	l->sysctl = arena_alloc(plan->arena, plan->host->sysctl_count + 2, sizeof *l->sysctl);
	if (bundle_has_own_namespace(plan, CLONE_NEWNET)) {
		add_sysctl(plan, "net.ipv4.ip_unprivileged_port_start", arena_strdup(plan->arena, "0"));
		add_sysctl(plan, "net.ipv4.ping_group_range", all_groups(plan));
	}
	for (size_t i = 0; i < plan->host->sysctl_count; i++)
		l->sysctl[l->sysctl_count++] = plan->host->sysctls[i];
}

int bundle_add_namespaces(struct bundle_plan *plan, struct error *err)
{
	struct spec_linux *l = &plan->spec->linux_;
	int r = 0;

	l->namespaces = arena_alloc(plan->arena, ARRAY_SIZE(kinds) + 3, sizeof *l->namespaces);
	if (plan->ids.has_namespace) {
		add(plan, CLONE_NEWUSER, plan->ids.join);
		l->uid_mappings = plan->ids.uids;
		l->uid_mapping_count = plan->ids.uid_count;
		l->gid_mappings = plan->ids.gids;
		l->gid_mapping_count = plan->ids.gid_count;
	}
	add(plan, CLONE_NEWNS, NULL);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		r = add_kind(plan, i, err);
	if (r < 0)
		return r;
	if (plan->host->time_offset && plan->host->time_offset[0])
		add(plan, CLONE_NEWTIME, NULL);
	add_names(plan);
	add_sysctls(plan);
	return parse_offsets(plan->host->time_offset, l, err);
}
