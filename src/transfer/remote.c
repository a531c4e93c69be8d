/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/remote.h"

#include "base/memory.h"
#include "registry/docker_config.h"
#include "transfer/confine.h"

int remote_parse_tls_verify(const char *value, void *target, struct error *err)
{
	bool *skips = target;

	if (!str_equal(value, "true") && !str_equal(value, "false"))
		return error_set(err, ERROR_INVALID, 0, "expected true or false");
	*skips = str_equal(value, "false");
	return 0;
}

/* ---- the world ---------------------------------------------------------------------- */

/* "<the user's configuration>/NAME"; NULL without a home. */
static char *user_path(const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!str_is_empty(config))
		return str_printf("%s/%s", config, name);
	return str_is_empty(home) ? NULL : str_printf("%s/.config/%s", home, name);
}

static int read_config(struct remote_world *world, struct error *err)
{
	_cleanup_free_ char *own = user_path("bivy/registries.json");

	return registries_config_read(own && access(own, F_OK) == 0 ? own : REGISTRIES_CONFIG_PATH, &world->config, err);
}

/* The user's first. */
static char **list_certificate_directories(void)
{
	static const char *const own[] = { "bivy/certs.d", "containers/certs.d", "docker/certs.d" };
	char **list = memory_new(16, sizeof *list), *path;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if ((path = user_path(own[i])))
			list[count++] = path;
	for (size_t i = 0; certificates_directories[i]; i++)
		list[count++] = str_dup(certificates_directories[i]);
	return list;
}

static void take_creds(const char *text, struct credentials *login)
{
	const char *colon = strchr(text, ':');

	login->username = colon ? str_printf("%.*s", (int)(colon - text), text) : str_dup(text);
	login->password = str_dup(colon ? colon + 1 : "");
}

int remote_world_open(const struct remote_options *options, struct remote_world *ret, struct error *err)
{
	_cleanup_remote_world_ struct remote_world world = { .properties = options->skips_verification ? CLIENT_INSECURE : 0 };
	int r = read_config(&world, err);

	if (r < 0)
		return r;
	/* Who has no home has no logins. */
	r = credentials_files(options->authfile, &world.login_files, err);
	if (r < 0 && r != -ENOENT)
		return r;
	world.certificate_directories = list_certificate_directories();
	if (options->creds)
		take_creds(options->creds, &world.login);
	*ret = world;
	world = (struct remote_world){ .config = NULL };
	return 0;
}

/* Whether logins may be asked of programs. */
static bool may_execute(const struct remote_world *world)
{
	for (char **file = world->login_files; file && *file; file++) {
		_cleanup_docker_config_ struct docker_config *config = NULL;

		/* One that cannot be read has its error told when the login is needed. */
		if (docker_config_read(*file, &config, NULL) == 0 && docker_config_has_helpers(config))
			return true;
	}
	return false;
}

unsigned remote_world_needs(const struct remote_world *world)
{
	return CONFINE_NETWORK | (may_execute(world) ? CONFINE_PROGRAMS : 0);
}

void remote_world_confine(const struct remote_world *world, int store_fd)
{
	confine(&(struct confinement){ .writable = &store_fd, .writable_count = store_fd >= 0, .properties = remote_world_needs(world) });
}

void remote_world_done(struct remote_world *world)
{
	registries_config_free(world->config);
	strv_free(world->login_files);
	strv_free(world->certificate_directories);
	credentials_done(&world->login);
}

/* ---- lines ------------------------------------------------------------------------------ */

static void free_line(struct remote_line *line)
{
	client_free(line->client);
	http_free(line->http);
	free(line);
}

static int open_line(struct remote *remote, struct remote_line **ret, struct error *err)
{
	const struct remote_world *world = remote->world;
	struct remote_line *line = memory_new(1, sizeof *line);
	int r = http_new(NULL, &line->http, err);

	line->options = (struct client_options){
		.endpoint = { .http = line->http, .login_files = world->login_files, .offline = world->offline,
			      .certificate_directories = (const char *const *)world->certificate_directories,
			      .login = credentials_are_empty(&world->login) ? NULL : &world->login },
		.config = world->config,
		.properties = world->properties,
	};
	if (r == 0)
		r = client_open(&line->options, remote->host, remote->repository, remote->access, &line->client, err);
	if (r == 0)
		*ret = line;
	else
		free_line(line);
	return r;
}

int remote_open(const struct remote_world *world, const char *host, const char *repository, enum client_access access, struct remote *ret,
		struct error *err)
{
	struct remote remote = { .world = world, .host = str_dup(host), .repository = str_dup(repository), .access = access,
				 .lock = PTHREAD_MUTEX_INITIALIZER };
	/* The first line is opened before there are threads. */
	int r = open_line(&remote, &remote.idle, err);

	if (r < 0)
		remote_close(&remote);
	else
		*ret = remote;
	return r;
}

void remote_close(struct remote *remote)
{
	while (remote->idle) {
		struct remote_line *line = remote->idle;

		remote->idle = line->next;
		free_line(line);
	}
	free(remote->host);
	free(remote->repository);
	remote->host = remote->repository = NULL;
}

int remote_call(struct remote *remote, struct remote_line **ret, struct error *err)
{
	struct remote_line *line;

	pthread_mutex_lock(&remote->lock);
	line = remote->idle;
	if (line)
		remote->idle = line->next;
	pthread_mutex_unlock(&remote->lock);
	if (!line)
		return open_line(remote, ret, err);
	line->next = NULL;
	*ret = line;
	return 0;
}

void remote_hang_up(struct remote *remote, struct remote_line *line)
{
	if (!line)
		return;
	pthread_mutex_lock(&remote->lock);
	line->next = remote->idle;
	remote->idle = line;
	pthread_mutex_unlock(&remote->lock);
}
