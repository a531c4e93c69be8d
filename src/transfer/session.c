/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/session.h"

#include "base/file.h"
#include "base/role.h"
#include "base/timing.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>

#define DEFAULT_ROOT "/var/lib/bivy"

/* Where bivy keeps what lasts: the system's place for root, the user's own else. NULL without a home. */
static char *default_root(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return str_dup(DEFAULT_ROOT);
	if (!str_is_empty(data))
		return str_printf("%s/bivy", data);
	return str_is_empty(home) ? NULL : str_printf("%s/.local/share/bivy", home);
}

int session_open_store(const struct transfer_globals *globals, struct store *ret, struct error *err)
{
	_cleanup_free_ char *root = globals->root ? str_dup(globals->root) : default_root(), *path = NULL;

	if (!root)
		return error_set(err, ERROR_INVALID, 0, "neither --root nor $XDG_DATA_HOME nor $HOME is given");
	path = str_printf("%s/images", root);
	return store_open(path, ret, err);
}

int session_tell(const struct transfer_globals *globals, const struct spec_transfer_event *event, struct error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r;

	if (!globals->events)
		return 0;
	spec_transfer_event_encode(event, &line);
	pthread_mutex_lock(&lock);
	r = fd_write_all((int)globals->events, line.data, line.length);
	pthread_mutex_unlock(&lock);
	return r < 0 ? error_errno(err, -r, "cannot write to descriptor %d", (int)globals->events) : 0;
}

static int tell(void *context, const struct spec_transfer_event *event, struct error *err)
{
	return session_tell(context, event, err);
}

struct ingest_progress session_progress(const struct transfer_globals *globals)
{
	return (struct ingest_progress){ .tell = globals->events ? tell : NULL, .context = (void *)globals };
}

static void tell_text(const struct transfer_globals *globals, enum spec_transfer_event_kind kind, const char *format, va_list args)
{
	struct spec_transfer_event event = { .kind = kind };
	char text[1024];

	vsnprintf(text, sizeof text, format, args);
	event.text = text;
	ignore_result(session_tell(globals, &event, NULL)); /* see the header */
}

void session_tell_status(const struct transfer_globals *globals, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_text(globals, SPEC_TRANSFER_STATUS, format, args);
	va_end(args);
}

void session_tell_warning(const struct transfer_globals *globals, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_text(globals, SPEC_TRANSFER_WARNING, format, args);
	va_end(args);
}

void session_hint_full(struct error *err)
{
	if (err->code == ENOSPC || err->code == EDQUOT)
		error_hint(err, "`bivy image prune` and `bivy rmi` make room");
}

bool session_tell_error(const struct transfer_globals *globals, const struct error *error)
{
	struct spec_transfer_event event = { .kind = SPEC_TRANSFER_ERROR, .error = *error };

	return globals->events && session_tell(globals, &event, NULL) == 0;
}

static bool tell_error(const void *globals, const struct error *err)
{
	return session_tell_error(globals, err);
}

/* Joins at once: there is nothing to be kept. */
static int join_timing(const char *value, void *target _unused_, struct error *err)
{
	int64_t fd;

	if (str_to_i64(value, 10, &fd) < 0 || fd < 0 || fd > INT_MAX || timing_join((int)fd) < 0)
		return error_set(err, ERROR_INVALID, 0, "expected the descriptor of a table of timings");
	return 0;
}

static const struct option_entry entries[] = {
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct transfer_globals, root), "DIR", "bivy's lasting state; the images are in DIR/images" },
	{ "events", 0, OPTION_INT, 0, offsetof(struct transfer_globals, events), "FD", "tell descriptor FD what happens, a JSON document per line",
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	{ "timing-fd", 0, OPTION_CALLBACK, 0, 0, "FD", "add where the time went to the table behind descriptor FD", .parse = join_timing },
	COMMANDS_VERSION_ENTRY,
	{ 0 },
};

/* Deep trees take a descriptor a level, and chains one for each layer: as many as may be. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		ignore_result(setrlimit(RLIMIT_NOFILE, &limit)); /* most do without */
	}
}

int session_main(const char *name, const char *summary, const struct command *const *list, size_t count, int argc, char **argv)
{
	const struct commands own = {
		.program = { .name = name, .summary = summary, .entries = entries },
		.globals_size = sizeof(struct transfer_globals),
		.list = list,
		.count = count,
		.tell = tell_error,
	};

	raise_descriptor_limit();
	/* A peer that goes away is an error of what is written to it. */
	signal(SIGPIPE, SIG_IGN);
	role_set(name + strlen("bivy-"));
	return commands_main_plain(&own, argc, argv);
}
