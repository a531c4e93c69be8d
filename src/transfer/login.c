/* SPDX-License-Identifier: Apache-2.0 */
/* login and logout: a login is tried at its registry first, and kept where Docker keeps it. */
#include "base/file.h"
#include "base/json.h"
#include "registry/docker_config.h"
#include "transfer/remote.h"
#include "transfer/session.h"

#include <fcntl.h>
#include <termios.h>

#define PASSWORD_LIMIT (64u << 10)

struct login_request {
	struct remote_options remote;
	const char *username, *password;
	bool password_stdin, only_tries;
};

static const struct option_entry login_entries[] = {
	{ "username", 'u', OPTION_STRING, 0, offsetof(struct login_request, username), "USER", "who to be" },
	{ "password", 'p', OPTION_STRING, 0, offsetof(struct login_request, password), "PASSWORD", "seen by everybody on this host: better --password-stdin" },
	{ "password-stdin", 0, OPTION_FLAG, 0, offsetof(struct login_request, password_stdin), NULL, "read the password from the standard input" },
	{ "try", 0, OPTION_FLAG, 0, offsetof(struct login_request, only_tries), NULL, "try the login that is kept already, and nothing else" },
	{ "tls-verify", 0, OPTION_CALLBACK, 0, offsetof(struct login_request, remote.skips_verification), "true|false",
		"false: plain HTTP, and certificates that do not verify, will do", .parse = remote_parse_tls_verify },
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(struct login_request, remote.authfile), "FILE", "where the login is kept" },
	{ 0 },
};

/* What people call a registry, in an arena: also "https://index.docker.io/v1/"; docker.io without anything. */
static char *server_of(struct arena *arena, const char *operand)
{
	const char *host = operand ? operand : SPEC_DEFAULT_DOMAIN, *scheme = strstr(host, "://");

	host = scheme ? scheme + 3 : host;
	host = arena_strndup(arena, host, strcspn(host, "/"));
	if (str_equal(host, "index.docker.io") || str_equal(host, "registry-1.docker.io"))
		host = SPEC_DEFAULT_DOMAIN;
	return arena_strdup(arena, host);
}

/* ---- asking the user ------------------------------------------------------------------- */

/* One line from the terminal; ECHO: what is typed can be seen. Allocated. */
static int ask(int terminal_fd, const char *question, bool echo, char **ret, struct error *err)
{
	struct termios before, silent;
	_cleanup_buf_ struct buf line = BUF_INIT;
	char c;
	ssize_t n;
	bool changed = false;

	ignore_result(fd_write_all(terminal_fd, question, strlen(question))); /* then it is not seen */
	if (!echo && tcgetattr(terminal_fd, &before) == 0) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		changed = tcsetattr(terminal_fd, TCSAFLUSH, &silent) == 0;
	}
	while ((n = read(terminal_fd, &c, 1)) == 1 && c != '\n' && line.length < PASSWORD_LIMIT)
		buf_add_char(&line, c);
	if (changed) {
		tcsetattr(terminal_fd, TCSAFLUSH, &before);
		ignore_result(fd_write_all(terminal_fd, "\n", 1));
	}
	if (n < 0)
		return error_errno(err, errno, "cannot read from the terminal");
	*ret = buf_take(&line);
	return 0;
}

static int read_password(char **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fd_read_all(STDIN_FILENO, PASSWORD_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read the password from the standard input");
	if (text.length && text.data[text.length - 1] == '\n')
		text.data[--text.length] = '\0';
	if (text.length && text.data[text.length - 1] == '\r')
		text.data[--text.length] = '\0';
	if (text.length == 0)
		return error_set(err, ERROR_INVALID, 0, "there is no password on the standard input");
	*ret = buf_take(&text);
	return 0;
}

/* The terminal, for what the options leave open. */
static int ask_user(const struct login_request *request, struct credentials *login, struct error *err)
{
	_cleanup_close_ int fd = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -EBADF;
	int r = 0;

	if (fd < 0) {
		error_set(err, ERROR_INVALID, 0, "cannot perform an interactive login from a non-terminal");
		error_hint(err, "give --username and --password-stdin");
		return -ENOTTY;
	}
	if (!request->username)
		r = ask(fd, "Username: ", true, &login->username, err);
	if (r == 0 && str_is_empty(login->username))
		r = error_set(err, ERROR_INVALID, 0, "the user's name is empty");
	if (r == 0)
		r = ask(fd, "Password: ", false, &login->password, err);
	return r;
}

static int take_login(const struct login_request *request, struct credentials *login, struct error *err)
{
	if (request->password && request->password_stdin)
		return error_set(err, ERROR_INVALID, 0, "--password and --password-stdin exclude each other");
	if ((request->password || request->password_stdin) && !request->username)
		return error_set(err, ERROR_INVALID, 0, "--username is missing");
	login->username = str_dup(request->username);
	if (request->password_stdin)
		return read_password(&login->password, err);
	login->password = str_dup(request->password);
	return request->password ? 0 : ask_user(request, login, err);
}

/* ---- trying ------------------------------------------------------------------------------ */

/* Whether the registry lets WORLD's login in. */
static int try_login(struct remote_world *world, const char *server, char **ret_token, struct error *err)
{
	_cleanup_remote_ struct remote remote = { .host = NULL };
	struct remote_line *line = NULL;
	int r = remote_open(world, server, NULL, CLIENT_PULL, &remote, err);

	if (r == 0)
		r = remote_call(&remote, &line, err);
	if (r < 0)
		return r;
	r = client_ping(line->client, ret_token, err);
	remote_hang_up(&remote, line);
	if (r == -EACCES)
		error_set(err, ERROR_DENIED, 0, "the registry '%s' does not accept the login of '%s'", server,
			  world->login.username ? world->login.username : "the identity token");
	return r;
}

/* A login that is kept already, and still good: Docker does not ask for it again. */
static bool has_good_login(const struct login_request *request, struct remote_world *world, const char *server)
{
	_cleanup_free_ char *token = NULL;

	if (request->username || request->password || request->password_stdin)
		return false;
	if (credentials_find(world->login_files, server, NULL, &world->login, NULL) == 0 && !credentials_are_empty(&world->login) &&
	    try_login(world, server, &token, NULL) == 0)
		return true;
	credentials_done(&world->login);
	return false;
}

/* ---- keeping ----------------------------------------------------------------------------- */

/* The program that keeps the login, as the file says; allocated, NULL for none. */
static char *helper_of(const char *file, const char *server)
{
	_cleanup_docker_config_ struct docker_config *config = NULL;

	return docker_config_read(file, &config, NULL) < 0 ? NULL : str_dup(docker_config_helper(config, server));
}

static int keep_login(const struct transfer_globals *globals, struct remote_world *world, const char *server, struct error *err)
{
	const char *file = world->login_files ? world->login_files[0] : NULL;
	_cleanup_free_ char *helper = NULL;
	int r;

	if (!file)
		return error_set(err, ERROR_NOT_FOUND, 0, "cannot tell where logins are kept: neither $HOME nor $DOCKER_CONFIG is set");
	r = credentials_store(file, server, &world->login, err);
	if (r < 0)
		return r;
	helper = helper_of(file, server);
	if (!helper)
		session_tell_warning(globals, "WARNING! Your credentials are stored unencrypted in '%s'.", file);
	return 0;
}

static int try_kept(struct remote_world *world, const char *server, struct error *err)
{
	int r = credentials_find(world->login_files, server, NULL, &world->login, err);

	return r < 0 ? r : try_login(world, server, &world->login.identity_token, err);
}

static int login(const struct command_call *call, const char *server, struct remote_world *world, bool *ret_kept, struct error *err)
{
	const struct login_request *request = call->request;
	int r = remote_world_open(&request->remote, world, err);

	if (r < 0)
		return r;
	world->offline = true;
	*ret_kept = request->only_tries;
	if (request->only_tries)
		return try_kept(world, server, err);
	*ret_kept = has_good_login(request, world, server);
	if (*ret_kept) {
		session_tell_status(call->globals, "Authenticating with existing credentials...");
		return 0;
	}
	r = take_login(request, &world->login, err);
	if (r == 0)
		r = try_login(world, server, &world->login.identity_token, err);
	return r < 0 ? r : keep_login(call->globals, world, server, err);
}

static int run_login(const struct command_call *call, struct buf *out, struct error *err)
{
	_cleanup_remote_world_ struct remote_world world = { .config = NULL };
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *server = server_of(arena, call->operands[0]);
	struct json_writer w = { .out = out };
	bool kept = false;
	int r = login(call, server, &world, &kept, err);

	if (r < 0)
		return error_wrap(err, "cannot log in to '%s'", server);
	session_tell_status(call->globals, "Login Succeeded");
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "server", server);
	json_write_string(&w, "username", world.login.username);
	if (world.login.identity_token)
		json_write_string(&w, "identityToken", world.login.identity_token);
	json_write_bool(&w, "wasKept", kept);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_login = {
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
	.run = run_login,
};

/* ---- logout -------------------------------------------------------------------------------- */

struct logout_request {
	const char *authfile;
};

static const struct option_entry logout_entries[] = {
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(struct logout_request, authfile), "FILE", "where the login is kept" },
	{ 0 },
};

/* Everywhere that it would be found. */
static int erase_all(const char *authfile, const char *server, bool *ret_found, struct error *err)
{
	_cleanup_strv_ char **files = NULL;
	int r = credentials_files(authfile, &files, err);

	for (size_t i = 0; r == 0 && files[i]; i++) {
		bool found = false;

		r = credentials_erase(files[i], server, &found, err);
		*ret_found = *ret_found || found;
	}
	return r;
}

static int run_logout(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct logout_request *request = call->request;
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *server = server_of(arena, call->operands[0]);
	struct json_writer w = { .out = out };
	bool found = false;
	int r = erase_all(request->authfile, server, &found, err);

	if (r < 0)
		return error_wrap(err, "cannot log out of '%s'", server);
	if (found)
		session_tell_status(call->globals, "Removing login credentials for %s", server);
	else
		session_tell_status(call->globals, "Not logged in to %s", server);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "server", server);
	json_write_bool(&w, "wasLoggedIn", found);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_logout = {
	.command = {
		.name = "logout",
		.operands = "[SERVER]",
		.summary = "forget the login to a registry",
		.entries = logout_entries,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct logout_request),
	.run = run_logout,
};
