/* SPDX-License-Identifier: Apache-2.0 */
/* serve: Docker's API. system dial-stdio: a connection to it through ssh. */
#include "cli/command.h"
#include "engine/server.h"

#include <limits.h>

struct serve_request {
	char **listen, **metrics_listen;
	const char *group, *allow, *certificate, *key, *authority;
	int64_t idle_s;
	bool insecure, debug;
};

static const struct option_entry serve_entries[] = {
	{ "allow", 0, OPTION_STRING, 0, offsetof(struct serve_request, allow), "metrics|read-only|containers|all",
		"what clients may do: see numbers at /metrics; look; start, stop and remove what there is; or all, which is as root on this host; default: all" },
	{ "debug", 0, OPTION_FLAG, 0, offsetof(struct serve_request, debug), NULL, "say what goes on, on the standard error" },
	{ "group", 0, OPTION_STRING, 0, offsetof(struct serve_request, group), "GROUP",
		"whose members may use unix sockets; default: bivy if there is such a group, else the socket's owner alone" },
	{ "idle-timeout", 0, OPTION_INT, 0, offsetof(struct serve_request, idle_s), "SECONDS", "end after so long without a client; 0: never",
		.minimum = 0, .maximum = INT_MAX },
	{ "insecure", 0, OPTION_FLAG, 0, offsetof(struct serve_request, insecure), NULL, "TCP on loopback without TLS is meant" },
	{ "listen", 'H', OPTION_LIST, 0, offsetof(struct serve_request, listen), "ADDRESS",
		"unix://PATH, tcp://HOST:PORT, or fd:// for sockets of systemd; may be repeated; default: bivy.sock in the volatile state" },
	{ "metrics-listen", 0, OPTION_LIST, 0, offsetof(struct serve_request, metrics_listen), "ADDRESS",
		"tcp://HOST:PORT on loopback, or unix://PATH, where there is /metrics and nothing else, without TLS; may be repeated" },
	{ "tlscacert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, authority), "FILE", "whose certificates clients must have, for TCP" },
	{ "tlscert", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, certificate), "FILE", "the server's certificate" },
	{ "tlskey", 0, OPTION_STRING, OPTION_FILE, offsetof(struct serve_request, key), "FILE", "its key" },
	{ 0 },
};

static int run_serve(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct serve_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	struct server_request server = {
		.directories = &directories,
		.addresses = request->listen,
		.metrics_addresses = request->metrics_listen,
		.group = request->group,
		.allow = request->allow,
		.tls_certificate = request->certificate,
		.tls_key = request->key,
		.tls_authority = request->authority,
		.idle_s = request->idle_s,
		.insecure = request->insecure,
		.debug = request->debug,
	};
	int r = cli_directories(call, arena, &directories, err);

	return r < 0 ? r : server_become(&server, err);
}

const struct command cli_serve = {
	.command = {
		.name = "serve",
		.summary = "serve Docker's API, for what was written for docker",
		.description = "Answers the Docker Engine API (1.24 and later) on a socket, so that the docker command line, compose, libraries and tools work with "
			"bivy: DOCKER_HOST=unix:///run/bivy/bivy.sock docker ps. Nothing depends on it: it may be started when it is needed, killed at any "
			"time, and run several times at once; containers, and what other commands do, are not its own.\n\n"
			"Each request is answered by a process of its own; what reads the bytes of clients is another one, as nobody, without files. "
			"A client that does not read holds up nobody else: what one that is attached to a container has not taken is kept, up to 8 MiB; with "
			"a terminal the oldest goes then, and who attached while the container ran is told so, and has to look into its log. Who attached "
			"before its start is waited for, as the reader of a pipe is, for five minutes.\n\n"
			"Whoever may use the socket with --allow all is as root on this host, as with docker. TCP is for clients with a certificate "
			"(--tlscacert, --tlscert, --tlskey); without TLS it has to be asked for (--insecure), and is refused but on loopback. Requests "
			"that a page of somebody else's makes in a browser are refused, whichever way they come.\n\n"
			"/metrics has numbers about containers and the engine for Prometheus, as bivy-metrics(1) prints them (?size=true: with --size). Where "
			"--metrics-listen says there is that alone, for every program of this host: --metrics-listen tcp://127.0.0.1:9417, and in "
			"prometheus.yml, below scrape_configs: {job_name: bivy, static_configs: [{targets: ['127.0.0.1:9417']}]}.",
		.entries = serve_entries,
	},
	.request_size = sizeof(struct serve_request),
	.run = run_serve,
	.exit_status = CLI_EXIT_FAILURE,
};

struct dial_request {
	const char *socket;
};

static const struct option_entry dial_entries[] = {
	{ "socket", 0, OPTION_STRING, OPTION_FILE, offsetof(struct dial_request, socket), "PATH", "where the server listens; default: as serve's" },
	{ 0 },
};

static int run_dial(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct dial_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct directories directories;
	const char *path = request->socket;
	int r = cli_directories(call, arena, &directories, err);

	if (r == 0 && !path)
		path = server_default_address(arena, &directories) + strlen("unix://");
	return r < 0 ? r : server_dial_stdio(path, err);
}

const struct command cli_system_dial_stdio = {
	.command = {
		.name = "system dial-stdio",
		.summary = "connect the standard streams to the server's socket",
		.description = "What comes on the standard input goes to the socket that 'bivy serve' listens on, and what that says to the standard output, until "
			"both have ended: a way to it through ssh.",
		.entries = dial_entries,
	},
	.request_size = sizeof(struct dial_request),
	.run = run_dial,
	.exit_status = CLI_EXIT_FAILURE,
};
