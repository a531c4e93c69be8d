/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-http: HTTP for bivy-server, which starts it. It has nothing else than its sockets. */
#include "base/commands.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/http_front.h"
#include "server/http_tls.h"
#include "server/nobody.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PROGRAM "bivy-http"

struct serve_request {
	int64_t broker, counts, idle_s;
	const char *certificate, *key, *authority;
	struct http_limits limits;
	bool debug;
};

static const struct option_entry serve_entries[] = {
	{ "broker", 0, OPTION_INT, 0, offsetof(struct serve_request, broker), "FD", "the socket that requests go to", .minimum = STDERR_FILENO + 1, .maximum = INT_MAX },
	{ "connection-limit", 0, OPTION_INT, 0, offsetof(struct serve_request, limits.connections), "NUMBER", "connections at once", .minimum = 1, .maximum = 65536 },
	{ "counts", 0, OPTION_INT, 0, offsetof(struct serve_request, counts), "FD", "memory that replies are counted in", .minimum = STDERR_FILENO + 1, .maximum = INT_MAX },
	{ "debug", 0, OPTION_FLAG, 0, offsetof(struct serve_request, debug), NULL, "say what goes on, on the standard error" },
	{ "head-timeout", 0, OPTION_INT, 0, offsetof(struct serve_request, limits.head_s), "SECONDS", "until a request's head, or TLS, has to be there", .minimum = 1, .maximum = 86400 },
	{ "idle-timeout", 0, OPTION_INT, 0, offsetof(struct serve_request, idle_s), "SECONDS", "end after so long without a connection; 0: never", .maximum = INT_MAX },
	{ "quiet-timeout", 0, OPTION_INT, 0, offsetof(struct serve_request, limits.quiet_s), "SECONDS", "that a client may take for the next byte of what it sends or is sent", .minimum = 1, .maximum = 86400 },
	{ "tlscacert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, authority), "FILE", "whose certificates clients must have" },
	{ "tlscert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, certificate), "FILE", "the server's certificate" },
	{ "tlskey", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, key), "FILE", "its key" },
	{ 0 },
};

#define PEM_LIMIT (1u << 20)

static int read_pem(struct arena *arena, const char *path, const char **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = path ? file_read_regular_at(AT_FDCWD, path, PEM_LIMIT, &text) : 0;

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	*ret = path ? arena_strdup(arena, text.data ? text.data : "") : NULL;
	return 0;
}

static int read_tls(struct arena *arena, const struct serve_request *request, struct http_tls_request *ret, struct error *err)
{
	int r;

	if (!request->certificate != !request->key || !request->certificate != !request->authority)
		return error_set(err, ERROR_INVALID, 0, "TLS takes --tlscert, --tlskey and --tlscacert");
	r = read_pem(arena, request->certificate, &ret->certificate, err);
	if (r == 0)
		r = read_pem(arena, request->key, &ret->key, err);
	return r < 0 ? r : read_pem(arena, request->authority, &ret->authority, err);
}

#define FDS_OF_CONNECTION 3 /* its own, the call's; with TLS one more pair, but they are fewer */
#define FDS_OF_OURS 64

/* Each connection takes some descriptors, of which processes have few (getrlimit(2)); fewer connections, if there are no more to be had. */
static void find_descriptors(struct http_limits *limits)
{
	rlim_t wanted = (rlim_t)limits->connections * FDS_OF_CONNECTION + FDS_OF_OURS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < wanted)
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted && limit.rlim_cur > FDS_OF_OURS + FDS_OF_CONNECTION)
		limits->connections = (int64_t)((limit.rlim_cur - FDS_OF_OURS) / FDS_OF_CONNECTION);
}

static int decode_listeners(char *const *operands, int *ret, size_t *ret_count, struct error *err)
{
	for (size_t i = 0; operands[i]; i++) {
		int64_t fd;
		struct stat st;

		if (str_to_i64(operands[i], 10, &fd) < 0 || fd < 0 || fd > INT_MAX || fstat((int)fd, &st) < 0 || !S_ISSOCK(st.st_mode))
			return error_set(err, ERROR_INVALID, 0, "'%s' is no socket of ours", operands[i]);
		if (fcntl((int)fd, F_SETFL, O_NONBLOCK) < 0)
			return error_errno(err, errno, "cannot use socket %s", operands[i]);
		ret[(*ret_count)++] = (int)fd;
	}
	return 0;
}

static int map_counts(int fd, struct spec_http_counts **ret, struct error *err)
{
	void *memory = mmap(NULL, sizeof **ret, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return error_errno(err, errno, "cannot use the memory %d", fd);
	close(fd);
	*ret = memory;
	return 0;
}

static int run_serve(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct serve_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	int *listeners = arena_alloc(arena, strv_length(call->operands) + 1, sizeof *listeners);
	struct http_tls_request tls = { .certificate = NULL };
	struct http_front_request front = { .broker = (int)request->broker, .listeners = listeners, .idle_s = request->idle_s, .limits = request->limits };
	int r;

	log_open(STDERR_FILENO, LOG_TEXT, request->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	find_descriptors(&front.limits);
	r = decode_listeners(call->operands, listeners, &front.listener_count, err);
	if (r == 0)
		r = read_tls(arena, request, &tls, err);
	front.tls = tls.certificate ? &tls : NULL;
	if (r == 0 && request->counts)
		r = map_counts((int)request->counts, &front.counts, err);
	if (r == 0)
		r = nobody_become(err);
	return r < 0 ? r : http_front_run(&front, err);
}

static const struct serve_request serve_defaults = { .limits = HTTP_LIMITS_DEFAULT };

static const struct command serve_command = {
	.command = {
		.name = "serve",
		.operands = "SOCKET…",
		.summary = "serve clients that connect to these descriptors, which listen",
		.entries = serve_entries,
		.minimum_operands = 1,
		.maximum_operands = OPTIONS_ANY_NUMBER,
	},
	.request_size = sizeof(struct serve_request),
	.defaults = &serve_defaults,
	.run = run_serve,
};

static const struct command *const list[] = { &serve_command, &commands_version };

static const struct commands program = { .program = { .name = PROGRAM, .summary = "HTTP for bivy-server" }, .list = list, .count = ARRAY_SIZE(list) };

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return commands_main_plain(&program, argc, argv);
}
