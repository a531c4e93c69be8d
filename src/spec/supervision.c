/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/supervision.h"
#include "spec/decode.h"
#include "spec/health_check.h"
#include "spec/id_mappings.h"

/* ---- words -------------------------------------------------------------------------- */

static const char *const request_words[] = {
	[SPEC_REQUEST_START] = "start",
	[SPEC_REQUEST_ATTACH] = "attach",
	[SPEC_REQUEST_RESIZE] = "resize",
	[SPEC_REQUEST_EXEC] = "exec",
	[SPEC_REQUEST_WAIT] = "wait",
	[SPEC_REQUEST_WAIT_GONE] = "waitGone",
	[SPEC_REQUEST_STOP] = "stop",
	[SPEC_REQUEST_RESTART] = "restart",
	[SPEC_REQUEST_KILL] = "kill",
	[SPEC_REQUEST_PAUSE] = "pause",
	[SPEC_REQUEST_UNPAUSE] = "unpause",
	[SPEC_REQUEST_CHECK_HEALTH] = "checkHealth",
	[SPEC_REQUEST_UPDATE] = "update",
	[SPEC_REQUEST_RENAME] = "rename",
	[SPEC_REQUEST_CLIENT_CLEANS] = "clientCleans",
	[SPEC_REQUEST_SESSIONS] = "sessions",
};

static const char *const type_words[] = {
	[SPEC_MESSAGE_REQUEST] = "request",
	[SPEC_MESSAGE_REPLY] = "reply",
	[SPEC_MESSAGE_ERROR] = "error",
	[SPEC_MESSAGE_EVENT_EXIT] = "exit",
	[SPEC_MESSAGE_EVENT_SESSION_EXIT] = "sessionExit",
};

static const char *const action_words[] = {
	[SPEC_HEALTH_NONE] = "none",
	[SPEC_HEALTH_KILL] = "kill",
	[SPEC_HEALTH_RESTART] = "restart",
	[SPEC_HEALTH_STOP] = "stop",
};

/* Which of COUNT words VALUE is. */
static int decode_word(const struct decoder *d, const struct json *value, const char *const *words, size_t count, size_t *ret)
{
	char *text = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (str_equal(words[i], text)) {
			*ret = i;
			return 0;
		}
	}
	return decode_fail(d, value, "unknown word '%.100s'", text);
}

/* ---- what a supervisor is started with -------------------------------------------------- */

enum supervision_field { SUPERVISION_UIDS, SUPERVISION_GIDS, SUPERVISION_MOUNTS, SUPERVISION_VOLUMES, SUPERVISION_HEALTH, SUPERVISION_STARTUP, SUPERVISION_ACTION };

static const struct field mount_fields[] = {
	FIELD_MUST(STRING, struct spec_supervision_mount, target, "target"),
	FIELD(STRINGS, struct spec_supervision_mount, lowers, "lowers"),
	FIELD(STRING, struct spec_supervision_mount, writable, "writable"),
	FIELD(STRING, struct spec_supervision_mount, source, "source"),
	FIELD(STRING, struct spec_supervision_mount, subpath, "subpath"),
	FIELD(BOOL, struct spec_supervision_mount, recursive, "recursive"),
};

static const struct field volume_fields[] = {
	FIELD_MUST(STRING, struct spec_supervision_volume, name, "name"),
	FIELD_MUST(STRING, struct spec_supervision_volume, target, "target"),
	FIELD(STRING, struct spec_supervision_volume, propagation, "propagation"),
	FIELD(BOOL, struct spec_supervision_volume, read_only, "readOnly"),
};

static const struct field supervision_fields[] = {
	FIELD(STRING, struct spec_supervision, id, "id"),
	FIELD(STRING, struct spec_supervision, name, "name"),
	FIELD(STRING, struct spec_supervision, runtime_root, "runtimeRoot"),
	FIELD(STRING, struct spec_supervision, record, "record"),
	FIELD(STRINGS, struct spec_supervision, lowers, "lowers"),
	FIELD(STRING, struct spec_supervision, writable, "writable"),
	FIELD(BOOL, struct spec_supervision, user_marks, "userMarks"),
	FIELD(STRING, struct spec_supervision, directory, "directory"),
	FIELD_BY(SUPERVISION_UIDS, "uidMappings", 0),
	FIELD_BY(SUPERVISION_GIDS, "gidMappings", 0),
	FIELD_BY(SUPERVISION_MOUNTS, "mounts", 0),
	FIELD_BY(SUPERVISION_VOLUMES, "volumes", 0),
	FIELD(BOOL, struct spec_supervision, terminal, "terminal"),
	FIELD(BOOL, struct spec_supervision, open_stdin, "openStdin"),
	FIELD(BOOL, struct spec_supervision, stdin_once, "stdinOnce"),
	FIELD(I64, struct spec_supervision, stop_signal, "stopSignal"),
	FIELD(I64, struct spec_supervision, stop_timeout_s, "stopTimeout"),
	FIELD(I64, struct spec_supervision, timeout_s, "timeout"),
	FIELD(STRING, struct spec_supervision, restart_policy, "restartPolicy"),
	FIELD(I64, struct spec_supervision, restart_maximum, "restartMaximum"),
	FIELD(I64, struct spec_supervision, restart_count, "restartCount"),
	FIELD(BOOL, struct spec_supervision, init, "init"),
	FIELD_BY(SUPERVISION_HEALTH, "healthCheck", 0),
	FIELD_BY(SUPERVISION_STARTUP, "startupCheck", 0),
	FIELD(STRINGS, struct spec_supervision, shell, "shell"),
	FIELD(I64, struct spec_supervision, startup_successes, "startupSuccesses"),
	FIELD_BY(SUPERVISION_ACTION, "healthOnFailure", 0),
	FIELD(STRING, struct spec_supervision, log_driver, "logDriver"),
	FIELD(STRING, struct spec_supervision, log_path, "logPath"),
	FIELD_LIST(PAIRS, struct spec_supervision, log_options, log_option_count, "logOptions"),
	FIELD_LIST(PAIRS, struct spec_supervision, labels, label_count, "labels"),
	FIELD(STRING, struct spec_supervision, image_name, "imageName"),
	FIELD(STRINGS, struct spec_supervision, exit_command, "exitCommand"),
	FIELD(STRINGS, struct spec_supervision, pool_command, "poolCommand"),
	FIELD(STRING, struct spec_supervision, transfer, "transfer"),
	FIELD(STRING, struct spec_supervision, events_path, "eventsPath"),
	FIELD(STRING, struct spec_supervision, learn, "learn"),
	FIELD(U32, struct spec_supervision, id_base, "idBase"),
	FIELD(U32, struct spec_supervision, id_size, "idSize"),
};

static int decode_action(const struct decoder *d, const struct json *value, enum spec_health_action *ret)
{
	size_t action = SPEC_HEALTH_NONE;
	int r = decode_word(d, value, action_words, ARRAY_SIZE(action_words), &action);

	*ret = (enum spec_health_action)action;
	return r;
}

/* One of the two, or the supervisor would have nothing to mount. */
static int decode_mount(const struct decoder *d, const struct json *value, void *element)
{
	struct spec_supervision_mount *mount = element;
	int r = decode_fields(d, value, mount_fields, ARRAY_SIZE(mount_fields), mount, NULL);

	if (r == 0 && !mount->source && !(mount->lowers && mount->lowers[0]))
		return decode_fail_missing(d, value, "source");
	return r;
}

static int decode_volume(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, volume_fields, ARRAY_SIZE(volume_fields), element, NULL);
}

static int decode_supervision_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_supervision *supervision = object;

	switch ((enum supervision_field)id) {
	case SUPERVISION_UIDS:
		return decode_id_mappings(d, value, &supervision->uid_mappings, &supervision->uid_mapping_count);
	case SUPERVISION_GIDS:
		return decode_id_mappings(d, value, &supervision->gid_mappings, &supervision->gid_mapping_count);
	case SUPERVISION_MOUNTS:
		return decode_list(d, value, JSON_ARRAY, sizeof *supervision->mounts, decode_mount, &supervision->mounts, &supervision->mount_count);
	case SUPERVISION_VOLUMES:
		return decode_list(d, value, JSON_ARRAY, sizeof *supervision->volumes, decode_volume, &supervision->volumes, &supervision->volume_count);
	case SUPERVISION_HEALTH:
		return decode_health_check(d, value, &supervision->health_check);
	case SUPERVISION_STARTUP:
		return decode_health_check(d, value, &supervision->startup_check);
	case SUPERVISION_ACTION:
		return decode_action(d, value, &supervision->health_on_failure);
	}
	return -EINVAL;
}

static int decode_supervision(const struct decoder *d, const struct json *value, struct spec_supervision **ret)
{
	struct spec_supervision *supervision = arena_alloc(d->arena, 1, sizeof *supervision);
	int r = decode_fields(d, value, supervision_fields, ARRAY_SIZE(supervision_fields), supervision, decode_supervision_field);

	if (r < 0)
		return r;
	if (supervision->stop_signal < 0 || supervision->stop_signal > 64) /* _NSIG */
		return decode_fail_member(d, value, "stopSignal", "no signal has the number %lld", (long long)supervision->stop_signal);
	/* Execution takes a name. */
	if (supervision->exit_command && !supervision->exit_command[0])
		supervision->exit_command = NULL;
	if (supervision->pool_command && !supervision->pool_command[0])
		supervision->pool_command = NULL;
	*ret = supervision;
	return 0;
}

int spec_supervision_decode(struct arena *arena, const char *text, size_t length, struct spec_supervision **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = SPEC_SUPERVISION_DOCUMENT, .prefix = "", .err = err };
	struct spec_supervision *supervision = NULL;
	int r;

	if (length > SPEC_SUPERVISION_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, SPEC_SUPERVISION_DOCUMENT);
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_supervision(&d, d.root, &supervision);
	if (r < 0)
		return r;
	if (!supervision->id)
		return decode_fail_missing(&d, d.root, "id");
	if (!supervision->runtime_root)
		return decode_fail_missing(&d, d.root, "runtimeRoot");
	if (!supervision->record)
		return decode_fail_missing(&d, d.root, "record");
	*ret = supervision;
	return 0;
}

static void encode_mappings(struct json_writer *w, const char *key, const struct spec_id_mapping *mappings, size_t count)
{
	if (count == 0)
		return;
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		json_write_uint(w, "containerID", mappings[i].container_id);
		json_write_uint(w, "hostID", mappings[i].host_id);
		json_write_uint(w, "size", mappings[i].size);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_mounts(struct json_writer *w, const struct spec_supervision_mount *mounts, size_t count)
{
	if (count == 0)
		return;
	json_write_open(w, "mounts", '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		encode_given_fields(w, mount_fields, ARRAY_SIZE(mount_fields), &mounts[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_volumes(struct json_writer *w, const struct spec_supervision_volume *volumes, size_t count)
{
	if (count == 0)
		return;
	json_write_open(w, "volumes", '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		encode_given_fields(w, volume_fields, ARRAY_SIZE(volume_fields), &volumes[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void encode_supervision(struct json_writer *w, const char *key, const struct spec_supervision *supervision)
{
	json_write_open(w, key, '{');
	encode_given_fields(w, supervision_fields, ARRAY_SIZE(supervision_fields), supervision);
	encode_mappings(w, "uidMappings", supervision->uid_mappings, supervision->uid_mapping_count);
	encode_mappings(w, "gidMappings", supervision->gid_mappings, supervision->gid_mapping_count);
	encode_mounts(w, supervision->mounts, supervision->mount_count);
	encode_volumes(w, supervision->volumes, supervision->volume_count);
	encode_health_check(w, "healthCheck", supervision->health_check, NULL);
	encode_health_check(w, "startupCheck", supervision->startup_check, NULL);
	if (supervision->health_on_failure != SPEC_HEALTH_NONE)
		json_write_string(w, "healthOnFailure", action_words[supervision->health_on_failure]);
	json_write_close(w, '}');
}

void spec_supervision_encode(const struct spec_supervision *supervision, struct buf *out)
{
	struct json_writer w = { .out = out };

	encode_supervision(&w, NULL, supervision);
}

/* ---- the process of an exec --------------------------------------------------------------- */

static const struct field process_fields[] = {
	FIELD_MUST(STRINGS, struct spec_exec_process, args, "args"),
	FIELD(STRINGS, struct spec_exec_process, env, "env"),
	FIELD(STRING, struct spec_exec_process, cwd, "cwd"),
	FIELD(STRING, struct spec_exec_process, user, "user"),
	FIELD_BY(0, "additionalGids", 0),
	FIELD(BOOL, struct spec_exec_process, terminal, "terminal"),
	FIELD(BOOL, struct spec_exec_process, privileged, "privileged"),
	FIELD(BOOL, struct spec_exec_process, detach_keys_unused, "detachKeysUnused"),
	FIELD(I64, struct spec_exec_process, preserve_fds, "preserveFds"),
	FIELD(BOOL, struct spec_exec_process, timing, "timing"),
};

static int decode_gid(const struct decoder *d, const struct json *value, void *element)
{
	uint64_t gid = 0;
	int r = decode_uint(d, value, UINT32_MAX - 1, &gid);

	*(uint32_t *)element = (uint32_t)gid;
	return r;
}

static int decode_process_field(const struct decoder *d, const struct json *value, void *object, unsigned id _unused_)
{
	struct spec_exec_process *process = object;

	return decode_list(d, value, JSON_ARRAY, sizeof *process->additional_gids, decode_gid, &process->additional_gids,
			   &process->additional_gid_count);
}

static int decode_process(const struct decoder *d, const struct json *value, struct spec_exec_process **ret)
{
	struct spec_exec_process *process = arena_alloc(d->arena, 1, sizeof *process);
	int r = decode_fields(d, value, process_fields, ARRAY_SIZE(process_fields), process, decode_process_field);

	if (r < 0)
		return r;
	if (!process->args[0])
		return decode_fail_member(d, value, "args", "there must be at least one");
	if (process->preserve_fds < 0 || process->preserve_fds > SPEC_SUPERVISION_FDS)
		return decode_fail_member(d, value, "preserveFds", "expected 0 to %d", SPEC_SUPERVISION_FDS);
	*ret = process;
	return 0;
}

static void encode_process(struct json_writer *w, const struct spec_exec_process *process)
{
	json_write_open(w, "process", '{');
	encode_given_fields(w, process_fields, ARRAY_SIZE(process_fields), process);
	if (process->additional_gid_count) {
		json_write_open(w, "additionalGids", '[');
		for (size_t i = 0; i < process->additional_gid_count; i++)
			json_write_uint(w, NULL, process->additional_gids[i]);
		json_write_close(w, ']');
	}
	json_write_close(w, '}');
}

/* ---- sessions ------------------------------------------------------------------------------- */

static const struct field session_fields[] = {
	FIELD(I64, struct spec_session, number, "number"),
	FIELD(I64, struct spec_session, pid, "pid"),
	FIELD(I64, struct spec_session, exit_code, "exitCode"),
	FIELD(BOOL, struct spec_session, running, "running"),
	FIELD(STRINGS, struct spec_session, args, "args"),
	FIELD(STRING, struct spec_session, name, "name"),
};

static int decode_session(const struct decoder *d, const struct json *value, void *element)
{
	return decode_fields(d, value, session_fields, ARRAY_SIZE(session_fields), element, NULL);
}

static void encode_sessions(struct json_writer *w, const struct spec_message *message)
{
	json_write_open(w, "sessions", '[');
	for (size_t i = 0; i < message->session_count; i++) {
		json_write_open(w, NULL, '{');
		encode_given_fields(w, session_fields, ARRAY_SIZE(session_fields), &message->sessions[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

/* ---- errors ----------------------------------------------------------------------------------- */

struct error_document {
	char *kind, *message, *hint;
	int32_t code, exit_status;
};

static const struct field error_fields[] = {
	FIELD(STRING, struct error_document, kind, "kind"),
	FIELD(STRING, struct error_document, message, "message"),
	FIELD(STRING, struct error_document, hint, "hint"),
	FIELD(I32, struct error_document, code, "errno"),
	FIELD(I32, struct error_document, exit_status, "exitStatus"),
};

static int decode_error(const struct decoder *d, const struct json *value, struct error *ret)
{
	struct error_document document = { 0 };
	int r = decode_fields(d, value, error_fields, ARRAY_SIZE(error_fields), &document, NULL);

	if (r < 0)
		return r;
	if (!document.message)
		return decode_fail_missing(d, value, "message");
	error_restore(ret, document.kind, document.code, document.message, document.hint);
	ret->exit_status = document.exit_status > 0 && document.exit_status < 256 ? document.exit_status : 0;
	return 0;
}

static void encode_error(struct json_writer *w, const struct error *error)
{
	struct error_document document = {
		.kind = (char *)error_kind_word(error->kind),
		.message = (char *)error->message,
		.hint = error->hint[0] ? (char *)error->hint : NULL,
		.code = error->code,
		.exit_status = error->exit_status,
	};

	json_write_open(w, "error", '{');
	encode_given_fields(w, error_fields, ARRAY_SIZE(error_fields), &document);
	json_write_close(w, '}');
}

/* ---- messages ------------------------------------------------------------------------------------ */

enum message_field { MESSAGE_TYPE, MESSAGE_REQUEST, MESSAGE_PROCESS, MESSAGE_SUPERVISION, MESSAGE_SESSIONS, MESSAGE_ERROR };

static const struct field message_fields[] = {
	FIELD_BY(MESSAGE_TYPE, "type", FIELD_REQUIRED),
	FIELD_BY(MESSAGE_REQUEST, "request", 0),
	FIELD(BOOL, struct spec_message, in, "in"),
	FIELD(BOOL, struct spec_message, out, "out"),
	FIELD(BOOL, struct spec_message, err, "err"),
	FIELD(U32, struct spec_message, width, "width"),
	FIELD(U32, struct spec_message, height, "height"),
	FIELD(I64, struct spec_message, session, "session"),
	FIELD(I64, struct spec_message, pid, "pid"),
	FIELD(I64, struct spec_message, signal, "signal"),
	FIELD(I64, struct spec_message, timeout_s, "timeout"),
	FIELD(I64, struct spec_message, exit_code, "exitCode"),
	FIELD(BOOL, struct spec_message, manually, "manually"),
	FIELD(BOOL, struct spec_message, oom_killed, "oomKilled"),
	FIELD(BOOL, struct spec_message, will_restart, "willRestart"),
	FIELD(STRING, struct spec_message, name, "name"),
	FIELD_BY(MESSAGE_PROCESS, "process", 0),
	FIELD_BY(MESSAGE_SUPERVISION, "supervision", 0),
	FIELD_BY(MESSAGE_SESSIONS, "sessions", 0),
	FIELD_BY(MESSAGE_ERROR, "error", 0),
};

static int decode_message_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_message *message = object;
	size_t word = 0;
	int r;

	switch ((enum message_field)id) {
	case MESSAGE_TYPE:
		r = decode_word(d, value, type_words, ARRAY_SIZE(type_words), &word);
		message->type = (enum spec_message_type)word;
		return r;
	case MESSAGE_REQUEST:
		r = decode_word(d, value, request_words, ARRAY_SIZE(request_words), &word);
		message->request = (enum spec_request)word;
		return r;
	case MESSAGE_PROCESS:
		return decode_process(d, value, &message->process);
	case MESSAGE_SUPERVISION:
		return decode_supervision(d, value, &message->supervision);
	case MESSAGE_SESSIONS:
		return decode_list(d, value, JSON_ARRAY, sizeof *message->sessions, decode_session, &message->sessions,
				   &message->session_count);
	case MESSAGE_ERROR:
		return decode_error(d, value, &message->error);
	}
	return -EINVAL;
}

/* What a request cannot do without. */
static int check_request(const struct decoder *d, const struct spec_message *message)
{
	if (!json_member(d->root, "request"))
		return decode_fail_missing(d, d->root, "request");
	if (message->request == SPEC_REQUEST_EXEC && !message->process)
		return decode_fail_missing(d, d->root, "process");
	if (message->request == SPEC_REQUEST_UPDATE && !message->supervision)
		return decode_fail_missing(d, d->root, "supervision");
	if (message->request == SPEC_REQUEST_RENAME && !message->name)
		return decode_fail_missing(d, d->root, "name");
	return 0;
}

int spec_message_decode(struct arena *arena, const char *text, size_t length, struct spec_message **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = "message", .prefix = "", .err = err };
	struct spec_message *message = arena_alloc(arena, 1, sizeof *message);
	int r;

	if (length > SPEC_SUPERVISION_PACKET)
		return error_set(err, ERROR_INVALID, EMSGSIZE, "message");
	r = decode_open(&d, text, length);
	if (r == 0)
		r = decode_fields(&d, d.root, message_fields, ARRAY_SIZE(message_fields), message, decode_message_field);
	if (r == 0 && (message->signal < 0 || message->signal > 64)) /* _NSIG */
		r = decode_fail_member(&d, d.root, "signal", "no signal has the number %lld", (long long)message->signal);
	if (r == 0 && message->type == SPEC_MESSAGE_REQUEST)
		r = check_request(&d, message);
	if (r == 0 && message->type == SPEC_MESSAGE_ERROR && message->error.kind == ERROR_NONE)
		r = decode_fail_missing(&d, d.root, "error");
	if (r == 0)
		*ret = message;
	return r;
}

const char *spec_message_encode(const struct spec_message *message, struct buf *out)
{
	struct json_writer w = { .out = out };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "type", type_words[message->type]);
	if (message->type == SPEC_MESSAGE_REQUEST)
		json_write_string(&w, "request", request_words[message->request]);
	encode_given_fields(&w, message_fields, ARRAY_SIZE(message_fields), message);
	if (message->process)
		encode_process(&w, message->process);
	if (message->supervision)
		encode_supervision(&w, "supervision", message->supervision);
	if (message->session_count)
		encode_sessions(&w, message);
	if (message->error.kind != ERROR_NONE)
		encode_error(&w, &message->error);
	json_write_close(&w, '}');
	return w.invalid;
}
