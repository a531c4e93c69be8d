/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-server: the Docker Engine API over the engine of bivy. `bivy serve` becomes it. */
#include "base/commands.h"
#include "base/log.h"
#include "engine/home.h"
#include "server/broker.h"

#include <limits.h>

#define PROGRAM "bivy-server"

struct serve_request {
	const char *root, *run_root, *group, *certificate, *key, *authority;
	char **listen, **metrics_listen;
	enum api_permission permission;
	int64_t idle_s;
	bool insecure, debug;
};

static int parse_permission(const char *value, void *target, struct error *err)
{
	return api_permission_parse(value, target) < 0 ? error_set(err, ERROR_INVALID, 0, "expected metrics, read-only, containers or all") : 0;
}

static const struct option_entry serve_entries[] = {
	{ "allow", 0, OPTION_CALLBACK, 0, offsetof(struct serve_request, permission), "metrics|read-only|containers|all", "what clients may do", .parse = parse_permission },
	{ "debug", 0, OPTION_FLAG, 0, offsetof(struct serve_request, debug), NULL, "say what goes on, on the standard error" },
	{ "group", 0, OPTION_STRING, 0, offsetof(struct serve_request, group), "GROUP", "that may use unix sockets" },
	{ "idle-timeout", 0, OPTION_INT, 0, offsetof(struct serve_request, idle_s), "SECONDS", "end after so long without a client; 0: never", .maximum = INT_MAX },
	{ "insecure", 0, OPTION_FLAG, 0, offsetof(struct serve_request, insecure), NULL, "TCP on loopback without TLS is meant" },
	{ "listen", 0, OPTION_LIST, 0, offsetof(struct serve_request, listen), "ADDRESS", "unix://PATH, tcp://HOST:PORT or fd://; may be repeated" },
	{ "metrics-listen", 0, OPTION_LIST, 0, offsetof(struct serve_request, metrics_listen), "ADDRESS", "where there is /metrics alone, without TLS; may be repeated" },
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct serve_request, root), "DIR", "lasting state" },
	{ "run-root", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(struct serve_request, run_root), "DIR", "volatile state" },
	{ "tlscacert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, authority), "FILE", "whose certificates clients must have" },
	{ "tlscert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, certificate), "FILE", "the server's certificate" },
	{ "tlskey", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, key), "FILE", "its key" },
	{ 0 },
};

static void warn(void *context _unused_, const char *text)
{
	log_warning("%s", text);
}

static int run_serve(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct serve_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct directories_caller caller = directories_caller();
	const struct listen_request listen = { .addresses = request->listen, .group = request->group, .insecure = request->insecure,
		.has_tls = request->certificate && request->authority };
	const struct listen_request listen_metrics = { .addresses = request->metrics_listen, .group = request->group, .only_numbers = true };
	struct broker_request broker = { .permission = request->permission, .idle_s = request->idle_s, .debug = request->debug,
		.tls_certificate = request->certificate, .tls_key = request->key, .tls_authority = request->authority };
	struct directories directories;
	struct listen_sockets sockets, metrics = { .count = 0 };
	int r = directories_decide(arena, &caller, request->root, request->run_root, &directories, err);

	log_open(STDERR_FILENO, LOG_TEXT, request->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	if (r == 0)
		r = home_enter(&directories, warn, NULL, err);
	if (r == 0 && !request->listen)
		r = error_set(err, ERROR_INVALID, 0, "nothing to listen on: --listen says where");
	if (r == 0)
		r = listen_open(arena, &listen, &sockets, err);
	if (r < 0)
		return r;
	broker.directories = &directories;
	broker.sockets = &sockets;
	broker.metrics = &metrics;
	r = listen_open(arena, &listen_metrics, &metrics, err);
	if (r == 0)
		r = broker_run(&broker, err);
	listen_close(&sockets);
	listen_close(&metrics);
	return r;
}

static const struct serve_request serve_defaults = { .permission = API_ALL };

static const struct command serve_command = {
	.command = { .name = "serve", .summary = "serve Docker's API", .entries = serve_entries },
	.request_size = sizeof(struct serve_request),
	.defaults = &serve_defaults,
	.run = run_serve,
};

static const struct command *const list[] = { &serve_command, &commands_version };

static const struct commands program = { .program = { .name = PROGRAM, .summary = "Docker's API for `bivy serve`" }, .list = list, .count = ARRAY_SIZE(list) };

int main(int argc, char **argv)
{
	return commands_main_plain(&program, argc, argv);
}
