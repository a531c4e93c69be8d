/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-grpc: HTTP/2 and gRPC for one connection that bivy-server was handed. It has nothing else than its sockets. */
#include "base/commands.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/grpc_link.h"
#include "server/nobody.h"
#include "spec/http_call.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>

#define PROGRAM "bivy-grpc"

struct link_request {
	int64_t client, peer;
	bool debug;
};

static const struct option_entry link_entries[] = {
	{ "client", 0, OPTION_INT, 0, offsetof(struct link_request, client), "FD", "the connection; what it has said is the standard input", .minimum = STDERR_FILENO + 1, .maximum = INT_MAX },
	{ "debug", 0, OPTION_FLAG, 0, offsetof(struct link_request, debug), NULL, "say what goes on, on the standard error" },
	{ "peer", 0, OPTION_INT, 0, offsetof(struct link_request, peer), "FD", "the socket that calls go to, or come from", .minimum = STDERR_FILENO + 1, .maximum = INT_MAX },
	{ 0 },
};

static int run_link(const struct link_request *request, bool serves, struct error *err)
{
	_cleanup_buf_ struct buf said = BUF_INIT;
	struct grpc_link_request link = { .client = (int)request->client, .listening = serves ? -EBADF : (int)request->peer,
		.calls = serves ? (int)request->peer : -EBADF };
	int r;

	log_open(STDERR_FILENO, LOG_TEXT, request->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
	if (request->client == 0 || request->peer == 0)
		return error_set(err, ERROR_INVALID, 0, "it takes --client and --peer");
	r = fd_read_all(STDIN_FILENO, SPEC_HTTP_REQUEST_LIMIT, &said);
	if (r < 0)
		return error_errno(err, -r, "cannot read what the client has said");
	if (fcntl(link.client, F_SETFL, O_NONBLOCK) < 0 || (!serves && fcntl(link.listening, F_SETFL, O_NONBLOCK) < 0))
		return error_errno(err, errno, "cannot use the sockets");
	r = nobody_become(err);
	if (r < 0)
		return r;
	link.said = said.data;
	link.said_length = said.length;
	return grpc_link_run(&link, err);
}

static int run_serve(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	return run_link(call->request, true, err);
}

static int run_ask(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	return run_link(call->request, false, err);
}

static const struct command serve_command = {
	.command = { .name = "serve", .summary = "pass a client's calls on", .entries = link_entries },
	.request_size = sizeof(struct link_request),
	.run = run_serve,
};

static const struct command ask_command = {
	.command = { .name = "ask", .summary = "make the calls to a client that others ask for", .entries = link_entries },
	.request_size = sizeof(struct link_request),
	.run = run_ask,
};

static const struct command *const list[] = { &ask_command, &serve_command, &commands_version };

static const struct commands program = { .program = { .name = PROGRAM, .summary = "gRPC for bivy-server" }, .list = list, .count = ARRAY_SIZE(list) };

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return commands_main_plain(&program, argc, argv);
}
