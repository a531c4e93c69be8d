/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/server.h"
#include "base/str.h"
#include "engine/conduit.h"
#include "engine/program.h"
#include "host/fdpass.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

static const struct program program_server = {
	.name = "bivy-server",
	.variable = "BIVY_SERVER",
	.places = (const char *const[]){ "", "/../libexec/bivy", "/../lib/bivy", NULL },
	.purpose = "is what `bivy serve` becomes",
};

char *server_default_address(struct arena *arena, const struct directories *directories)
{
	return arena_printf(arena, "unix://%s/bivy.sock", directories->run_root);
}

/* ---- the server ---------------------------------------------------------------------------------- */

/* An argument list that grows. */
struct arguments {
	struct arena *arena;
	const char **list;
	size_t count;
};

static void add_option(struct arguments *arguments, const char *name, const char *value)
{
	if (!value)
		return;
	arguments->list[arguments->count++] = name;
	arguments->list[arguments->count++] = value;
}

#define FIXED_ARGUMENTS 32 /* more than there are besides addresses */

static const char **make_arguments(struct arena *arena, const struct server_request *request)
{
	char *const fallback[] = { server_default_address(arena, request->directories), NULL };
	char *const *addresses = request->addresses ? request->addresses : fallback;
	char *const *metrics = request->metrics_addresses ? request->metrics_addresses : fallback + 1;
	struct arguments arguments = { .arena = arena };

	arguments.list = arena_alloc(arena, FIXED_ARGUMENTS + 2 * (strv_length(addresses) + strv_length(metrics)), sizeof *arguments.list);
	arguments.list[arguments.count++] = program_server.name;
	arguments.list[arguments.count++] = "serve";
	add_option(&arguments, "--root", request->directories->root);
	add_option(&arguments, "--run-root", request->directories->run_root);
	for (; *addresses; addresses++)
		add_option(&arguments, "--listen", *addresses);
	for (; *metrics; metrics++)
		add_option(&arguments, "--metrics-listen", *metrics);
	add_option(&arguments, "--group", request->group);
	add_option(&arguments, "--allow", request->allow);
	add_option(&arguments, "--tlscert", request->tls_certificate);
	add_option(&arguments, "--tlskey", request->tls_key);
	add_option(&arguments, "--tlscacert", request->tls_authority);
	if (request->idle_s > 0)
		add_option(&arguments, "--idle-timeout", arena_printf(arena, "%lld", (long long)request->idle_s));
	if (request->insecure)
		arguments.list[arguments.count++] = "--insecure";
	if (request->debug)
		arguments.list[arguments.count++] = "--debug";
	return arguments.list;
}

int server_become(const struct server_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char path[PATH_MAX];
	int r = program_find(&program_server, path, err);

	if (r < 0)
		return r;
	execv(path, (char *const *)make_arguments(arena, request));
	return error_errno(err, errno, "cannot execute '%s'", path);
}

/* ---- a client's bytes ---------------------------------------------------------------------------------- */

static int connect_to(const char *path, int *ret, struct error *err)
{
	int r = fdpass_connect(path, ret);

	if (r == 0)
		return 0;
	error_errno(err, -r, "cannot connect to '%s'", path);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		if (err)
			err->kind = ERROR_UNAVAILABLE;
		error_hint(err, "'bivy serve' listens there when it runs");
	}
	return r;
}

/* One direction that has ended: whom it went to is told so. */
static void finish(struct conduit *conduit, int to)
{
	conduit_close(conduit);
	if (shutdown(to, SHUT_WR) < 0)
		close(to);
}

static int move(struct conduit conduits[static 2], struct error *err)
{
	while (conduits[0].is_open || conduits[1].is_open) {
		struct pollfd polls[4];

		for (int i = 0; i < 2; i++)
			conduit_poll(&conduits[i], &polls[2 * i]);
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0) {
			if (errno != EINTR)
				return error_errno(err, errno, "cannot wait for the server");
			continue;
		}
		for (int i = 0; i < 2; i++)
			if (conduit_is_ready(&conduits[i], &polls[2 * i]) && conduit_move(&conduits[i], &polls[2 * i]) != CONDUIT_GOES_ON)
				finish(&conduits[i], conduits[i].to);
	}
	return 0;
}

int server_dial_stdio(const char *path, struct error *err)
{
	struct conduit conduits[2];
	_cleanup_close_ int fd = -EBADF;
	int r = connect_to(path, &fd, err);

	if (r < 0)
		return r;
	signal(SIGPIPE, SIG_IGN);
	conduit_open(&conduits[0], STDIN_FILENO, fd, NULL);
	conduit_open(&conduits[1], fd, STDOUT_FILENO, NULL);
	r = move(conduits, err);
	for (int i = 0; i < 2; i++)
		conduit_close(&conduits[i]);
	return r;
}
