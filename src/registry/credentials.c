/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/credentials.h"
#include "registry/credential_helper.h"
#include "registry/docker_config.h"

#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/file.h>

void credentials_done(struct credentials *credentials)
{
	free(credentials->username);
	free(credentials->password);
	free(credentials->identity_token);
	free(credentials->registry_token);
	*credentials = (struct credentials){ 0 };
}

bool credentials_are_empty(const struct credentials *credentials)
{
	return !credentials->username && !credentials->password && !credentials->identity_token && !credentials->registry_token;
}

/* ---- where -------------------------------------------------------------------- */

static void add_file(char **list, const char *directory, const char *name)
{
	if (!str_is_empty(directory))
		list[strv_length(list)] = str_printf("%s/%s", directory, name);
}

int credentials_files(const char *given, char ***ret, struct error *err)
{
	_cleanup_strv_ char **list = memory_new(5, sizeof *list);
	const char *home = getenv("HOME"), *docker = getenv("DOCKER_CONFIG");

	if (str_is_empty(given))
		given = getenv("REGISTRY_AUTH_FILE");
	if (!str_is_empty(given)) {
		list[0] = str_dup(given);
		*ret = TAKE_PTR(list);
		return 0;
	}
	if (!str_is_empty(docker))
		add_file(list, docker, "config.json");
	else
		add_file(list, home, ".docker/config.json");
	add_file(list, getenv("XDG_RUNTIME_DIR"), "containers/auth.json");
	add_file(list, home, ".config/containers/auth.json");
	if (!list[0]) {
		error_set(err, ERROR_NOT_FOUND, ENOENT, "cannot tell where logins are kept");
		error_hint(err, "set HOME or DOCKER_CONFIG, or name the file with --authfile");
		return -ENOENT;
	}
	*ret = TAKE_PTR(list);
	return 0;
}

/* ---- finding ------------------------------------------------------------------ */

static int ask_helper(const char *helper, const char *host, struct credentials *ret, struct error *err)
{
	struct credential_helper_login login = { 0 };
	int r = credential_helper_get(helper, docker_config_key(host), &login, err);

	if (r < 0 || !login.secret)
		return r;
	if (str_equal(login.username, CREDENTIAL_HELPER_TOKEN)) {
		ret->identity_token = TAKE_PTR(login.secret);
	} else {
		ret->username = TAKE_PTR(login.username);
		ret->password = TAKE_PTR(login.secret);
	}
	credential_helper_login_done(&login);
	return 0;
}

static int find_in_file(const char *file, const char *host, const char *repository, struct credentials *ret, struct error *err)
{
	_cleanup_docker_config_ struct docker_config *config = NULL;
	struct docker_config_auth auth = { 0 };
	const char *helper;
	int r = docker_config_read(file, &config, err);

	if (r < 0)
		return r;
	helper = docker_config_helper(config, host);
	if (helper) {
		r = ask_helper(helper, host, ret, err);
		if (r < 0 || !credentials_are_empty(ret))
			return r;
	}
	r = docker_config_find(config, host, repository, &auth, err);
	if (r < 0)
		return r;
	ret->username = str_dup(auth.username);
	ret->password = str_dup(auth.password);
	ret->identity_token = str_dup(auth.identity_token);
	ret->registry_token = str_dup(auth.registry_token);
	return 0;
}

int credentials_find(char *const *files, const char *host, const char *repository, struct credentials *ret, struct error *err)
{
	_cleanup_credentials_ struct credentials found = { 0 };

	for (size_t i = 0; files && files[i] && credentials_are_empty(&found); i++) {
		int r = find_in_file(files[i], host, repository, &found, err);

		if (r < 0)
			return r;
	}
	*ret = found;
	found = (struct credentials){ 0 };
	return 0;
}

/* ---- keeping ------------------------------------------------------------------ */

/* Locks the file's directory, which is made if need be; the lock ends with the descriptor. */
static int lock_directory(const char *file, int *ret_fd, struct error *err)
{
	_cleanup_free_ char *directory = str_dup(file);
	char *slash = strrchr(directory, '/');
	_cleanup_close_ int fd = -EBADF;
	const char *path = slash ? directory : ".";
	int r = 0;

	if (slash == directory)
		path = "/";
	else if (slash)
		*slash = '\0';
	r = file_make_directories(path, 0700);
	if (r == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && (fd < 0 || fd_lock_exclusive(fd) < 0))
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot lock the directory of the login file '%s'", file);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int store_in_helper(const char *helper, const char *host, const struct credentials *credentials, struct error *err)
{
	if (credentials->identity_token)
		return credential_helper_store(helper, docker_config_key(host), CREDENTIAL_HELPER_TOKEN, credentials->identity_token, err);
	return credential_helper_store(helper, docker_config_key(host), credentials->username ? credentials->username : "",
				       credentials->password ? credentials->password : "", err);
}

int credentials_store(const char *file, const char *host, const struct credentials *credentials, struct error *err)
{
	_cleanup_docker_config_ struct docker_config *config = NULL;
	struct docker_config_auth auth = { .key = docker_config_key(host),
					   .username = credentials->username,
					   .password = credentials->identity_token ? NULL : credentials->password,
					   .identity_token = credentials->identity_token,
					   .registry_token = credentials->registry_token };
	_cleanup_close_ int lock = -EBADF;
	const char *helper;
	int r = lock_directory(file, &lock, err);

	if (r == 0)
		r = docker_config_read(file, &config, err);
	if (r < 0)
		return r;
	helper = docker_config_helper(config, host);
	if (helper) {
		r = store_in_helper(helper, host, credentials, err);
		if (r < 0)
			return r;
		/* An empty entry is how Docker remembers that a helper has a login. */
		auth = (struct docker_config_auth){ .key = auth.key };
	}
	docker_config_erase(config, host);
	docker_config_set(config, &auth);
	return docker_config_write(config, file, err);
}

int credentials_erase(const char *file, const char *host, bool *ret_found, struct error *err)
{
	_cleanup_docker_config_ struct docker_config *config = NULL;
	_cleanup_credentials_ struct credentials kept = { 0 };
	_cleanup_close_ int lock = -EBADF;
	const char *helper;
	bool in_file;
	int r = docker_config_read(file, &config, err);

	if (r < 0)
		return r;
	helper = docker_config_helper(config, host);
	if (helper) {
		r = ask_helper(helper, host, &kept, err);
		if (r == 0 && !credentials_are_empty(&kept))
			r = credential_helper_erase(helper, docker_config_key(host), err);
		if (r < 0)
			return r;
	}
	if (!docker_config_erase(config, host)) {
		*ret_found = !credentials_are_empty(&kept);
		return 0;
	}
	/* There is something to write: now under the lock, and from what is there now. */
	docker_config_free(TAKE_PTR(config));
	r = lock_directory(file, &lock, err);
	if (r == 0)
		r = docker_config_read(file, &config, err);
	if (r < 0)
		return r;
	in_file = docker_config_erase(config, host);
	r = in_file ? docker_config_write(config, file, err) : 0;
	if (r == 0)
		*ret_found = in_file || !credentials_are_empty(&kept);
	return r;
}
