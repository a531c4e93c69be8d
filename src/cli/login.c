/* SPDX-License-Identifier: Apache-2.0 */
/* login, logout: who to be at a registry. What is asked on the terminal, and told, is bivy-transfer's. */
#include "cli/transfer.h"

struct login_request {
	bool password_stdin, verifies;
	const char *username, *password, *authfile;
};

static const struct login_request defaults = { .verifies = true };

static const struct option_entry login_entries[] = {
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(struct login_request, authfile), "FILE", "where the login is kept" },
	{ "password", 'p', OPTION_STRING, 0, offsetof(struct login_request, password), "PASSWORD", "seen by everybody on this host: better --password-stdin" },
	{ "password-stdin", 0, OPTION_FLAG, 0, offsetof(struct login_request, password_stdin), NULL, "read the password from the standard input" },
	{ "tls-verify", 0, OPTION_FLAG, 0, offsetof(struct login_request, verifies), NULL,
		"default: true; false: plain HTTP, and certificates that do not verify, will do" },
	{ "username", 'u', OPTION_STRING, 0, offsetof(struct login_request, username), "USER", "who to be" },
	{ 0 },
};

static int run_login(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct login_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "login", PROGRESS_PULL);
	struct spec_transfer_report report;

	cli_transfer_add_option(&transfer, "--username", request->username);
	cli_transfer_add_option(&transfer, "--password", request->password);
	cli_transfer_add_flag(&transfer, "--password-stdin", request->password_stdin);
	cli_transfer_add_option(&transfer, "--authfile", request->authfile);
	cli_transfer_add_flag(&transfer, "--tls-verify=false", !request->verifies);
	cli_transfer_add_operands(&transfer, call);
	return cli_transfer_report(call, &transfer, &report, err);
}

const struct command cli_login = {
	.command = {
		.name = "login",
		.operands = "[SERVER]",
		.summary = "log in to a registry",
		.description = "Tries the login at the registry, docker.io without a SERVER, and keeps it in Docker's config.json or in the program that it "
			"names for logins. What is not given is asked for on the terminal.",
		.entries = login_entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct login_request),
	.defaults = &defaults,
	.run = run_login,
	.exit_status = CLI_EXIT_FAILURE,
};

struct logout_request {
	const char *authfile;
};

static const struct option_entry logout_entries[] = {
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(struct logout_request, authfile), "FILE", "where the login is kept" },
	{ 0 },
};

static int run_logout(const struct command_call *call, struct buf *out _unused_, struct error *err)
{
	const struct logout_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cli_transfer transfer = cli_transfer_begin(arena, "logout", PROGRESS_PULL);
	struct spec_transfer_report report;

	cli_transfer_add_option(&transfer, "--authfile", request->authfile);
	cli_transfer_add_operands(&transfer, call);
	return cli_transfer_report(call, &transfer, &report, err);
}

const struct command cli_logout = {
	.command = {
		.name = "logout",
		.operands = "[SERVER]",
		.summary = "log out from a registry",
		.description = "Forgets the login at the registry, docker.io without a SERVER.",
		.entries = logout_entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct logout_request),
	.run = run_logout,
	.exit_status = CLI_EXIT_FAILURE,
};
