/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/certificates.h"

#include "base/file.h"
#include "base/memory.h"

#include <fcntl.h>

const char *const certificates_directories[] = { "/etc/bivy/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d", NULL };

void certificates_done(struct certificates *certificates)
{
	free(certificates->authorities);
	free(certificates->client_certificate);
	free(certificates->client_key);
	*certificates = (struct certificates){ 0 };
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

static int add_authority(const char *path, struct buf *authorities, struct error *err)
{
	int r;

	if (authorities->length > CERTIFICATES_BYTES_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "cannot read the certificate '%s': there are too many", path);
	r = file_read_regular_at(AT_FDCWD, path, CERTIFICATES_BYTES_LIMIT, authorities);
	if (r < 0)
		return error_errno(err, -r, "cannot read the certificate '%s'", path);
	buf_add_char(authorities, '\n');
	return 0;
}

static int set_client(const char *path, struct certificates *certificates, struct error *err)
{
	_cleanup_free_ char *key = str_printf("%.*s.key", (int)(strlen(path) - strlen(".cert")), path);

	if (access(key, R_OK) < 0)
		return error_errno(err, errno, "the client certificate '%s' cannot be used: cannot read its key '%s'", path, key);
	certificates->client_certificate = str_dup(path);
	certificates->client_key = TAKE_PTR(key);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in the directory in one order everywhere; -ENOENT if it is not there. */
static int list_names(const char *directory, char ***ret)
{
	_cleanup_closedir_ DIR *stream = opendir(directory);
	_cleanup_strv_ char **names = memory_new(1, sizeof *names);
	struct dirent *entry;
	size_t count = 0;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream)) && count < 256) {
		names = memory_resize(names, count + 2, sizeof *names);
		names[count++] = str_dup(entry->d_name);
		names[count] = NULL;
	}
	qsort(names, count, sizeof *names, compare);
	*ret = TAKE_PTR(names);
	return 0;
}

static int read_directory(const char *directory, char *const *names, struct certificates *found, struct error *err)
{
	_cleanup_buf_ struct buf authorities = BUF_INIT;
	int r = 0;

	for (size_t i = 0; names[i] && r == 0; i++) {
		_cleanup_free_ char *path = str_printf("%s/%s", directory, names[i]);

		if (ends_with(names[i], ".crt"))
			r = add_authority(path, &authorities, err);
		else if (ends_with(names[i], ".cert") && !found->client_certificate)
			r = set_client(path, found, err);
	}
	if (r == 0 && authorities.length)
		found->authorities = buf_take(&authorities);
	return r;
}

int certificates_read(const char *const *directories, const char *host, struct certificates *ret, struct error *err)
{
	_cleanup_certificates_ struct certificates found = { 0 };
	int r;

	if (!*host || strchr(host, '/') || *host == '.')
		return error_set(err, ERROR_INVALID, 0, "'%s' is not the name of a host", host);
	for (size_t i = 0; directories[i]; i++) {
		_cleanup_free_ char *directory = str_printf("%s/%s", directories[i], host);
		_cleanup_strv_ char **names = NULL;

		r = list_names(directory, &names);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return error_errno(err, -r, "cannot read the certificates in '%s'", directory);
		r = read_directory(directory, names, &found, err);
		if (r < 0)
			return r;
		if (found.authorities || found.client_certificate)
			break;
	}
	*ret = found;
	found = (struct certificates){ 0 };
	return 0;
}
