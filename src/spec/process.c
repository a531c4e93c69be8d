/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/process.h"

/* ---- user and terminal ---------------------------------------------------------- */

/* The kernel keeps (uid_t)-1 to itself: setresuid(2) takes it for "leave as it is". */
static int check_id(const struct decoder *d, const struct json *value, uint32_t id)
{
	if (id == UINT32_MAX)
		return decode_fail(d, value, "%u is no valid id", id);
	return 0;
}

enum user_field { USER_UID, USER_GID, USER_UMASK, USER_GROUPS };

static int decode_group(const struct decoder *d, const struct json *value, void *element)
{
	uint64_t id = 0;
	int r = decode_uint(d, value, UINT32_MAX, &id);

	if (r < 0)
		return r;
	*(uint32_t *)element = (uint32_t)id;
	return check_id(d, value, (uint32_t)id);
}

static int decode_user_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_user *user = object;
	uint64_t number = 0;
	int r;

	if (id == USER_GROUPS)
		return decode_list(d, value, JSON_ARRAY, sizeof *user->additional_gids, decode_group, &user->additional_gids,
				   &user->additional_gid_count);
	if (id == USER_UID)
		return decode_group(d, value, &user->uid);
	if (id == USER_GID)
		return decode_group(d, value, &user->gid);
	r = decode_uint(d, value, 0777, &number);
	user->umask = (uint32_t)number;
	user->has_umask = true;
	return r;
}

static int decode_user(const struct decoder *d, const struct json *value, struct spec_user *user)
{
	static const struct field fields[] = {
		FIELD_BY(USER_UID, "uid", 0),
		FIELD_BY(USER_GID, "gid", 0),
		FIELD_BY(USER_UMASK, "umask", 0),
		FIELD_BY(USER_GROUPS, "additionalGids", 0),
		FIELD(STRING, struct spec_user, username, "username"),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), user, decode_user_field);
}

/* struct winsize of ioctl_tty(2) has 16 bits for each. */
static int decode_console_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_process *process = object;
	uint64_t number = 0;
	int r = decode_uint(d, value, UINT16_MAX, &number);

	if (id == 0)
		process->console_height = (uint32_t)number;
	else
		process->console_width = (uint32_t)number;
	return r;
}

static int decode_console_size(const struct decoder *d, const struct json *value, struct spec_process *process)
{
	static const struct field fields[] = {
		FIELD_BY(0, "height", FIELD_REQUIRED),
		FIELD_BY(1, "width", FIELD_REQUIRED),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), process, decode_console_field);
}

/* ---- arguments and environment ------------------------------------------------------ */

static int decode_args(const struct decoder *d, const struct json *value, char ***ret)
{
	int r = decode_strings(d, value, SPEC_ARGUMENT_LIMIT, ret);

	if (r < 0)
		return r;
	if (value->length == 0)
		return decode_fail(d, value, "must not be empty");
	return 0;
}

static int decode_env(const struct decoder *d, const struct json *value, char ***ret)
{
	int r = decode_strings(d, value, SPEC_ARGUMENT_LIMIT, ret);

	if (r < 0)
		return r;
	for (const struct json *variable = value->first; variable; variable = variable->next)
		if (*variable->text == '=' || !strchr(variable->text, '='))
			return decode_fail(d, variable, "\"%.100s\" is not of the form NAME=VALUE", variable->text);
	return 0;
}

/* ---- capabilities --------------------------------------------------------------------- */

/* runtime-spec, process.capabilities: what cannot be mapped to the kernel's MUST be logged, and SHOULD NOT fail. */
static int decode_capability_set(const struct decoder *d, const struct json *value, uint64_t *ret)
{
	int r = decode_expect(d, value, JSON_ARRAY);
	uint32_t number = 0;

	if (r < 0)
		return r;
	for (const struct json *name = value->first; name; name = name->next) {
		r = decode_expect(d, name, JSON_STRING);
		if (r < 0)
			return r;
		if (spec_name_value(SPEC_CAPABILITIES, name->text, name->length, &number))
			*ret |= UINT64_C(1) << number;
		else
			decode_warn(d, name, "unknown capability \"%.100s\", ignoring it", name->text);
	}
	return 0;
}

enum capability_field { BOUNDING, EFFECTIVE, INHERITABLE, PERMITTED, AMBIENT };

static int decode_capability_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_capabilities *sets = object;

	switch ((enum capability_field)id) {
	case BOUNDING:
		return decode_capability_set(d, value, &sets->bounding);
	case EFFECTIVE:
		return decode_capability_set(d, value, &sets->effective);
	case INHERITABLE:
		return decode_capability_set(d, value, &sets->inheritable);
	case PERMITTED:
		return decode_capability_set(d, value, &sets->permitted);
	case AMBIENT:
		return decode_capability_set(d, value, &sets->ambient);
	}
	return -EINVAL;
}

static int decode_capabilities(const struct decoder *d, const struct json *value, struct spec_capabilities **ret)
{
	static const struct field fields[] = {
		FIELD_BY(BOUNDING, "bounding", 0),
		FIELD_BY(EFFECTIVE, "effective", 0),
		FIELD_BY(PERMITTED, "permitted", 0),
		FIELD_BY(INHERITABLE, "inheritable", 0),
		FIELD_BY(AMBIENT, "ambient", 0),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_capability_field);
}

/* ---- limits ------------------------------------------------------------------------------ */

static int decode_rlimit_type(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_rlimit *rlimit = object;
	uint32_t resource = 0;
	int r = decode_name(d, value, SPEC_RLIMITS, &resource);

	ignore_result(id); /* the only such field */
	if (r < 0)
		return r;
	rlimit->resource = (int)resource;
	rlimit->name = value->text;
	return 0;
}

static int decode_rlimit(const struct decoder *d, const struct json *value, void *element)
{
	static const struct field fields[] = {
		FIELD_BY(0, "type", FIELD_REQUIRED),
		FIELD_MUST(U64, struct spec_rlimit, hard, "hard"),
		FIELD_MUST(U64, struct spec_rlimit, soft, "soft"),
	};
	struct spec_rlimit *rlimit = element;
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), rlimit, decode_rlimit_type);

	if (r < 0)
		return r;
	if (rlimit->soft > rlimit->hard)
		return decode_fail_member(d, value, "soft", "%llu is above the hard limit of %llu", (unsigned long long)rlimit->soft,
					  (unsigned long long)rlimit->hard);
	return 0;
}

static int decode_rlimits(const struct decoder *d, const struct json *value, struct spec_process *process)
{
	int r = decode_list(d, value, JSON_ARRAY, sizeof *process->rlimits, decode_rlimit, &process->rlimits, &process->rlimit_count);
	const struct spec_rlimit *rlimit = process->rlimits;
	uint64_t seen = 0;

	if (r < 0)
		return r;
	for (const struct json *v = value->first; v; v = v->next, rlimit++) {
		if (seen >> rlimit->resource & 1)
			return decode_fail_member(d, v, "type", "%s is given twice", rlimit->name);
		seen |= UINT64_C(1) << rlimit->resource;
	}
	return 0;
}

/* ---- scheduling ----------------------------------------------------------------------------- */

enum scheduler_field { SCHEDULER_POLICY, SCHEDULER_FLAGS, SCHEDULER_NICE };

static int decode_scheduler_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_scheduler *scheduler = object;
	uint32_t bits = 0;
	int64_t nice = 0;
	int r;

	switch ((enum scheduler_field)id) {
	case SCHEDULER_POLICY:
		return decode_name(d, value, SPEC_SCHEDULER_POLICIES, &scheduler->policy);
	case SCHEDULER_FLAGS:
		r = decode_name_bits(d, value, SPEC_SCHEDULER_FLAGS, &bits);
		scheduler->flags = bits;
		return r;
	case SCHEDULER_NICE:
		r = decode_int(d, value, -20, 19, &nice);
		scheduler->nice = (int32_t)nice;
		return r;
	}
	return -EINVAL;
}

/* What sched_setattr(2) would answer with a bare EINVAL. */
static int check_scheduler(const struct decoder *d, const struct json *value, const struct spec_scheduler *s)
{
	bool realtime = s->policy == SPEC_SCHED_FIFO || s->policy == SPEC_SCHED_RR;
	const char *policy = spec_name_of(SPEC_SCHEDULER_POLICIES, s->policy);

	if (realtime && (s->priority < 1 || s->priority > 99))
		return decode_fail_member(d, value, "priority", "%d is out of range (1 to 99 for %s)", s->priority, policy);
	if (!realtime && s->priority != 0)
		return decode_fail_member(d, value, "priority", "only SCHED_FIFO and SCHED_RR have one");
	if (s->policy != SPEC_SCHED_DEADLINE) {
		if (s->runtime || s->deadline || s->period)
			return decode_fail(d, value, "only SCHED_DEADLINE has runtime, deadline and period");
		return 0;
	}
	if (s->runtime == 0)
		return decode_fail_missing(d, value, "runtime");
	if (s->deadline < s->runtime)
		return decode_fail_member(d, value, "deadline", "%llu is less than the runtime of %llu", (unsigned long long)s->deadline,
					  (unsigned long long)s->runtime);
	if (s->period && s->period < s->deadline)
		return decode_fail_member(d, value, "period", "%llu is less than the deadline of %llu", (unsigned long long)s->period,
					  (unsigned long long)s->deadline);
	return 0;
}

static int decode_scheduler(const struct decoder *d, const struct json *value, struct spec_scheduler **ret)
{
	static const struct field fields[] = {
		FIELD_BY(SCHEDULER_POLICY, "policy", FIELD_REQUIRED),
		FIELD_BY(SCHEDULER_NICE, "nice", 0),
		FIELD(I32, struct spec_scheduler, priority, "priority"),
		FIELD_BY(SCHEDULER_FLAGS, "flags", 0),
		FIELD(U64, struct spec_scheduler, runtime, "runtime"),
		FIELD(U64, struct spec_scheduler, deadline, "deadline"),
		FIELD(U64, struct spec_scheduler, period, "period"),
	};
	int r;

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	r = decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_scheduler_field);
	if (r < 0)
		return r;
	return check_scheduler(d, value, *ret);
}

static int decode_io_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_io_priority *io = object;
	uint32_t class = 0;
	int64_t priority = 0;
	int r;

	if (id == 0) {
		r = decode_name(d, value, SPEC_IO_CLASSES, &class);
		io->class = (int)class;
	} else {
		r = decode_int(d, value, 0, 7, &priority);
		io->priority = (int)priority;
	}
	return r;
}

static int decode_io_priority(const struct decoder *d, const struct json *value, struct spec_io_priority **ret)
{
	static const struct field fields[] = {
		FIELD_BY(0, "class", FIELD_REQUIRED),
		FIELD_BY(1, "priority", 0),
	};

	*ret = arena_alloc(d->arena, 1, sizeof **ret);
	return decode_fields(d, value, fields, ARRAY_SIZE(fields), *ret, decode_io_field);
}

static int decode_affinity_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_process *process = object;

	return decode_number_list(d, value, id == 0 ? &process->cpu_affinity_initial : &process->cpu_affinity_final);
}

static int decode_affinity(const struct decoder *d, const struct json *value, struct spec_process *process)
{
	static const struct field fields[] = {
		FIELD_BY(0, "initial", 0),
		FIELD_BY(1, "final", 0),
	};

	return decode_fields(d, value, fields, ARRAY_SIZE(fields), process, decode_affinity_field);
}

/* ---- the whole -------------------------------------------------------------------------------- */

enum process_field {
	PROCESS_USER,
	PROCESS_CONSOLE_SIZE,
	PROCESS_ARGS,
	PROCESS_ENV,
	PROCESS_CWD,
	PROCESS_CAPABILITIES,
	PROCESS_RLIMITS,
	PROCESS_OOM_SCORE_ADJ,
	PROCESS_SCHEDULER,
	PROCESS_IO_PRIORITY,
	PROCESS_AFFINITY,
};

static int decode_oom_score_adj(const struct decoder *d, const struct json *value, struct spec_process *process)
{
	int64_t number = 0;
	int r = decode_int(d, value, -1000, 1000, &number); /* proc_pid_oom_score_adj(5) */

	process->oom_score_adj = (int32_t)number;
	process->has_oom_score_adj = true;
	return r;
}

static int decode_process_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_process *process = object;

	switch ((enum process_field)id) {
	case PROCESS_USER:
		return decode_user(d, value, &process->user);
	case PROCESS_CONSOLE_SIZE:
		return decode_console_size(d, value, process);
	case PROCESS_ARGS:
		return decode_args(d, value, &process->args);
	case PROCESS_ENV:
		return decode_env(d, value, &process->env);
	case PROCESS_CWD:
		return decode_absolute_path(d, value, &process->cwd);
	case PROCESS_CAPABILITIES:
		return decode_capabilities(d, value, &process->capabilities);
	case PROCESS_RLIMITS:
		return decode_rlimits(d, value, process);
	case PROCESS_OOM_SCORE_ADJ:
		return decode_oom_score_adj(d, value, process);
	case PROCESS_SCHEDULER:
		return decode_scheduler(d, value, &process->scheduler);
	case PROCESS_IO_PRIORITY:
		return decode_io_priority(d, value, &process->io_priority);
	case PROCESS_AFFINITY:
		return decode_affinity(d, value, process);
	}
	return -EINVAL;
}

int decode_process(const struct decoder *d, const struct json *value, struct spec_process **ret)
{
	static const struct field fields[] = {
		FIELD(BOOL, struct spec_process, terminal, "terminal"),
		FIELD_BY(PROCESS_CONSOLE_SIZE, "consoleSize", 0),
		FIELD_BY(PROCESS_USER, "user", 0),
		FIELD_BY(PROCESS_ARGS, "args", FIELD_REQUIRED),
		FIELD_BY(PROCESS_ENV, "env", 0),
		FIELD_BY(PROCESS_CWD, "cwd", FIELD_REQUIRED),
		FIELD_BY(PROCESS_CAPABILITIES, "capabilities", 0),
		FIELD_BY(PROCESS_RLIMITS, "rlimits", 0),
		FIELD(BOOL, struct spec_process, no_new_privileges, "noNewPrivileges"),
		FIELD(STRING, struct spec_process, apparmor_profile, "apparmorProfile"),
		FIELD_BY(PROCESS_OOM_SCORE_ADJ, "oomScoreAdj", 0),
		FIELD_BY(PROCESS_SCHEDULER, "scheduler", 0),
		FIELD(STRING, struct spec_process, selinux_label, "selinuxLabel"),
		FIELD_BY(PROCESS_IO_PRIORITY, "ioPriority", 0),
		FIELD_BY(PROCESS_AFFINITY, "execCPUAffinity", 0),
	};
	struct spec_process *process = arena_alloc(d->arena, 1, sizeof *process);
	int r = decode_fields(d, value, fields, ARRAY_SIZE(fields), process, decode_process_field);

	if (r < 0)
		return r;
	if (!process->env)
		process->env = arena_alloc(d->arena, 1, sizeof *process->env);
	*ret = process;
	return 0;
}

int spec_process_decode(struct arena *arena, const char *text, size_t length, struct spec_process **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "process", .prefix = "process", .err = err };
	int r = decode_open(&d, text, length);

	if (r < 0)
		return r;
	return decode_process(&d, d.root, ret);
}
