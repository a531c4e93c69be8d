/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_process.h"
#include "base/quantity.h"
#include "engine/capabilities.h"
#include "engine/container_profile.h"
#include "host/caps.h"
#include "host/user_namespace.h"
#include "spec/names.h"

#include <ctype.h>
#include <signal.h>

#define NAME_LIMIT 64
#define HEALTH_MINIMUM_NS 1000000 /* docker's */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- variables ------------------------------------------------------------------------- */

/* Whether LIST has the variable of ENTRY, "NAME=VALUE" or "NAME". */
static bool has_variable(char *const *list, const char *entry)
{
	size_t length = strcspn(entry, "=");

	for (size_t i = 0; list && list[i]; i++)
		if (strncmp(list[i], entry, length) == 0 && (list[i][length] == '=' || !list[i][length]))
			return true;
	return false;
}

/* The defaults that nobody has given or taken away, then what was given. */
static char **make_env(struct bundle_plan *plan)
{
	const struct spec_container_config *config = plan->config;
	char **env = arena_alloc(plan->arena, strv_length(config->env) + 8, sizeof *env);
	const char *defaults[] = {
		DEFAULT_PATH,
		plan->hostname ? arena_printf(plan->arena, "HOSTNAME=%s", plan->hostname) : NULL,
		config->tty ? "TERM=xterm" : NULL,
		"container=bivy",
	};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (defaults[i] && !has_variable(config->env, defaults[i]) && !has_variable(config->unset_env, defaults[i]))
			env[count++] = (char *)defaults[i];
	for (size_t i = 0; config->env && config->env[i]; i++)
		if (strchr(config->env[i], '=') && config->env[i][0] != '=')
			env[count++] = config->env[i];
	return env;
}

static char **make_args(struct bundle_plan *plan)
{
	char **entrypoint = plan->config->entrypoint, **command = plan->config->command;
	char **args = arena_alloc(plan->arena, strv_length(entrypoint) + strv_length(command) + 1, sizeof *args);
	size_t count = 0;

	if (entrypoint && entrypoint[0] && *entrypoint[0])
		for (; *entrypoint; entrypoint++)
			args[count++] = *entrypoint;
	for (; command && *command; command++)
		args[count++] = *command;
	return args;
}

/* ---- rights -------------------------------------------------------------------------------- */

/* What this container can be given: in a user namespace of its own all there is, else what we have. */
static int known_capabilities(bool has_namespace, uint64_t *ret, struct error *err)
{
	int r;

	*ret = caps_all();
	if (has_namespace)
		return 0;
	r = caps_get_permitted(ret);
	return r < 0 ? error_errno(err, -r, "cannot tell which capabilities bivy has") : 0;
}

static int decide_capabilities(struct bundle_plan *plan, struct error *err)
{
	static char *all[] = { (char *)"ALL", NULL };
	char **add = plan->host->privileged ? all : plan->host->cap_add;
	uint64_t known = UINT64_MAX;
	int r = 0;

	/* Where nothing is added nothing can be missing. */
	if (!plan->ids.has_namespace || (add && add[0]))
		r = known_capabilities(plan->ids.has_namespace, &known, err);
	if (r == 0)
		r = capabilities_decide(add, plan->host->cap_drop, known, &plan->capabilities, &plan->added_capabilities, err);
	plan->capabilities = container_profile_capabilities(plan->host->profile, plan->capabilities);
	return r;
}

/* Others than root have what was added by name, as ambient ones: execve(2) takes the rest away from them, and leaves it to setuid programs. */
static struct spec_capabilities *make_capabilities(struct bundle_plan *plan)
{
	struct spec_capabilities *sets = arena_alloc(plan->arena, 1, sizeof *sets);

	sets->bounding = plan->capabilities;
	if (plan->identity.uid == 0) {
		sets->effective = sets->permitted = plan->capabilities;
	} else if (!plan->host->privileged) {
		sets->effective = sets->permitted = sets->inheritable = sets->ambient = plan->added_capabilities & plan->capabilities;
	}
	return sets;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static int find_limit(const char *name, uint32_t *ret, struct error *err)
{
	char word[NAME_LIMIT];
	const char *nearest;

	snprintf(word, sizeof word, "%s%s", strncasecmp(name, "RLIMIT_", 7) == 0 ? "" : "RLIMIT_", name);
	for (char *c = word; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (spec_name_value(SPEC_RLIMITS, word, strlen(word), ret))
		return 0;
	error_set(err, ERROR_INVALID, 0, "--ulimit: there is no limit '%.50s'", name);
	nearest = spec_name_nearest(SPEC_RLIMITS, word);
	if (nearest)
		error_hint(err, "did you mean %s?", nearest + strlen("RLIMIT_"));
	return -EINVAL;
}

static uint64_t limit_value(int64_t value)
{
	return value < 0 ? UINT64_MAX : (uint64_t)value;
}

static int check_ulimits(const struct spec_host_config *host, struct error *err)
{
	for (size_t i = 0; i < host->ulimit_count; i++) {
		const struct spec_container_ulimit *ulimit = &host->ulimits[i];
		uint32_t resource = 0;
		int r = find_limit(ulimit->name, &resource, err);

		if (r == 0 && limit_value(ulimit->soft) > limit_value(ulimit->hard))
			r = error_set(err, ERROR_INVALID, 0, "--ulimit: %.50s: the soft limit of %lld is above the hard one of %lld", ulimit->name,
				      (long long)ulimit->soft, (long long)ulimit->hard);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_ulimits(struct bundle_plan *plan, struct spec_process *process, struct error *err)
{
	const struct spec_host_config *host = plan->host;

	process->rlimits = arena_alloc(plan->arena, host->ulimit_count + 1, sizeof *process->rlimits);
	for (size_t i = 0; i < host->ulimit_count; i++) {
		const struct spec_container_ulimit *ulimit = &host->ulimits[i];
		uint32_t resource = 0;
		int r = find_limit(ulimit->name, &resource, err);

		if (r < 0)
			return r;
		process->rlimits[process->rlimit_count++] = (struct spec_rlimit){
			.resource = (int)resource, .soft = limit_value(ulimit->soft), .hard = limit_value(ulimit->hard) };
	}
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */

/* "no-new-privileges", "no-new-privileges:true" or "=true". */
static bool forbids_new_privileges(char *const *options)
{
	bool forbids = false;

	for (size_t i = 0; options && options[i]; i++)
		if (str_starts_with(options[i], "no-new-privileges"))
			forbids = !str_equal(options[i] + strlen("no-new-privileges"), ":false") &&
				  !str_equal(options[i] + strlen("no-new-privileges"), "=false");
	return forbids;
}

static int check_mapped(const struct bundle_plan *plan, const char *kind, uint32_t id, const struct spec_id_mapping *mappings, size_t count,
			struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].container_id && id - mappings[i].container_id < mappings[i].size)
			return 0;
	error_set(err, ERROR_INVALID, 0, "user '%.100s': the %s id %u is not in the container's range", plan->config->user ? plan->config->user : "root",
		  kind, id);
	if (user_namespace_is_first() && plan->ids.range_fd >= 0 && !plan->ids.join)
		error_hint(err, "--userns=auto:size=%llu has it", (unsigned long long)id + 1);
	return -EINVAL;
}

static int check_identity(const struct bundle_plan *plan, struct error *err)
{
	const struct bundle_ids *ids = &plan->ids;
	int r;

	if (!ids->has_namespace)
		return 0;
	r = check_mapped(plan, "user", plan->identity.uid, ids->uids, ids->uid_count, err);
	return r < 0 ? r : check_mapped(plan, "group", plan->identity.gid, ids->gids, ids->gid_count, err);
}

static int check_health(const struct spec_health_check *check, struct error *err)
{
	const struct {
		const char *what;
		int64_t ns;
	} times[] = { { "Interval", check->interval_ns }, { "Timeout", check->timeout_ns }, { "StartPeriod", check->start_period_ns },
		      { "StartInterval", check->start_interval_ns } };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i].ns && times[i].ns < HEALTH_MINIMUM_NS)
			return error_set(err, ERROR_INVALID, 0, "%s in Healthcheck cannot be less than 1ms", times[i].what);
	return 0;
}

static int check_options(const struct spec_container *container, struct error *err)
{
	const struct spec_container_config *config = &container->config;
	const char *isolation = container->host.isolation;
	int number = SIGTERM;

	if (config->working_directory && config->working_directory[0] != '/')
		return error_set(err, ERROR_INVALID, 0, "the working directory '%.200s' is not an absolute path", config->working_directory);
	if (!str_is_empty(config->stop_signal) && (quantity_parse_signal(config->stop_signal, &number) < 0 || number == 0))
		return error_set(err, ERROR_INVALID, 0, "there is no signal '%.50s' to stop the container with", config->stop_signal);
	if (!str_is_empty(isolation) && !str_equal(isolation, "default"))
		return error_set(err, ERROR_INVALID, 0, "there is no isolation '%.50s': only 'default'", isolation);
	if (container->host.nano_cpus < 0)
		return error_set(err, ERROR_INVALID, 0, "a container cannot have less than no CPU");
	return config->health_check ? check_health(config->health_check, err) : 0;
}

int bundle_check_process(const struct spec_container *container, struct error *err)
{
	uint64_t set = 0;
	int r = capabilities_decide(container->host.cap_add, container->host.cap_drop, UINT64_MAX, &set, NULL, err);

	if (r == 0)
		r = check_ulimits(&container->host, err);
	return r < 0 ? r : check_options(container, err);
}

/* The only id that there is becomes the user that the container has, whoever that is, and has no other groups. */
static void be_only_one(struct bundle_plan *plan)
{
	struct spec_linux *l = &plan->spec->linux_;
	struct bundle_ids *ids = &plan->ids;

	if (ids->join || ids->uid_count != 1 || ids->gid_count != 1)
		return;
	ids->uids[0].container_id = plan->identity.uid;
	ids->gids[0].container_id = plan->identity.gid;
	plan->identity.group_count = 0;
	/* It was planned for group 0 (bundle_namespaces.c). */
	for (size_t i = 0; i < l->sysctl_count; i++)
		if (str_equal(l->sysctl[i].key, "net.ipv4.ping_group_range") && str_equal(l->sysctl[i].value, "0 0"))
			l->sysctl[i].value = arena_printf(plan->arena, "%u %u", plan->identity.gid, plan->identity.gid);
}

int bundle_add_process(struct bundle_plan *plan, struct error *err)
{
	const struct spec_container_config *config = plan->config;
	struct spec_process *process = plan->spec->process = arena_alloc(plan->arena, 1, sizeof *process);
	int r = identity_find(plan->arena, plan->root_fd, config->user, plan->host->group_add, &plan->identity, err);

	if (r == 0 && user_namespace_size() == 1)
		be_only_one(plan);
	if (r == 0)
		r = check_identity(plan, err);
	if (r == 0)
		r = decide_capabilities(plan, err);
	if (r == 0)
		r = add_ulimits(plan, process, err);
	if (r < 0)
		return r;
	process->terminal = config->tty;
	process->user = (struct spec_user){
		.uid = plan->identity.uid,
		.gid = plan->identity.gid,
		.has_umask = config->has_umask,
		.umask = config->umask,
		.additional_gids = plan->identity.groups,
		.additional_gid_count = plan->identity.group_count,
	};
	process->args = make_args(plan);
	process->env = make_env(plan);
	process->cwd = config->working_directory ? config->working_directory : (char *)"/";
	process->capabilities = make_capabilities(plan);
	process->no_new_privileges = forbids_new_privileges(plan->host->security_options);
	process->has_oom_score_adj = plan->host->has_oom_score;
	process->oom_score_adj = (int32_t)plan->host->oom_score;
	return 0;
}
