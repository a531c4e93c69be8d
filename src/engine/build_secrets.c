/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_secrets.h"
#include "base/base64.h"
#include "base/file.h"
#include "engine/build_client.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SECRET_LIMIT 512000 /* bytes */
#define TOKEN_LIMIT 16384   /* bytes of what goes into a header */

const struct build_secret *build_secret_find(const struct build_secret *list, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i].id, id))
			return &list[i];
	return NULL;
}

int build_secrets_check(const struct build_request *request, struct error *err)
{
	for (size_t i = 0; i < request->secret_count; i++) {
		const struct build_secret *secret = &request->secrets[i];

		if (!secret->variable && access(secret->path, R_OK) < 0)
			return error_errno(err, errno, "secret '%s': cannot read '%s'", secret->id, secret->path);
	}
	return 0;
}

static int read_secret(const struct build_secret *secret, size_t limit, struct buf *ret, struct error *err)
{
	const char *value = secret->variable ? getenv(secret->variable) : NULL;
	int r = 0;

	if (secret->variable && !value)
		return error_set(err, ERROR_NOT_FOUND, 0, "secret '%s': there is no variable '%s' in the environment", secret->id, secret->variable);
	if (value)
		buf_add_text(ret, value);
	else
		r = file_read_regular_at(AT_FDCWD, secret->path, limit, ret);
	return r < 0 ? error_errno(err, -r, "secret '%s': cannot read '%s'", secret->id, secret->path) : 0;
}

/* In memory only, so that no name of a file and no separator in it matters. */
static int keep(const char *bytes, size_t length, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("secret", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, bytes, length);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot keep a secret in memory");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int build_secret_open(const struct build_secret *secret, int *ret_fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_secret(secret, SECRET_LIMIT, &text, err);

	return r < 0 ? r : keep(text.data ? text.data : "", text.length, ret_fd, err);
}

int build_secret_ask(const struct build *build, const char *id, int *ret_fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = build_client_read_secret(build, id, &text, err);

	if (r == 0 && text.length > SECRET_LIMIT)
		r = error_errno(err, EFBIG, "secret '%s'", id);
	return r < 0 ? r : keep(text.data ? text.data : "", text.length, ret_fd, err);
}

/* ---- for servers --------------------------------------------------------------------------- */

enum form { FORM_HEADER, FORM_TOKEN_BEARER, FORM_TOKEN_BASIC };

/* FORMAT of its id: "%s" is the host. */
static const struct {
	enum remote_kind kind;
	const char *format;
	enum form form;
} names[] = {
	{ REMOTE_GIT,  "GIT_AUTH_HEADER.%s",   FORM_HEADER },
	{ REMOTE_GIT,  "GIT_AUTH_TOKEN.%s",    FORM_TOKEN_BASIC },
	{ REMOTE_GIT,  "GIT_AUTH_HEADER",      FORM_HEADER },
	{ REMOTE_GIT,  "GIT_AUTH_TOKEN",       FORM_TOKEN_BASIC },
	{ REMOTE_FILE, "HTTP_AUTH_HEADER_%s",  FORM_HEADER },
	{ REMOTE_FILE, "HTTP_AUTH_TOKEN_%s",   FORM_TOKEN_BEARER },
};

/* Beyond "http://", "USER@"; with the port, or without. */
static char *host_of(struct arena *arena, const char *url, bool has_port)
{
	const char *host = strstr(url, "://") + 3;
	size_t length = strcspn(host, "/?#");
	const char *at = memchr(host, '@', length);

	if (at) {
		length -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return arena_strndup(arena, host, has_port ? length : host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#"));
}

/* Of the first of the names that there is a secret of, in which form its text is: *RET_FORM. 0: there is none. */
static int read_for(const struct build *build, const struct remote *remote, enum form *ret_form, const char **ret_id, struct buf *ret, struct error *err)
{
	const struct build_request *request = build->request;
	struct error own = ERROR_INIT;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (int has_port = 1; names[i].kind == remote->kind && has_port >= 0; has_port--) {
			const char *host = host_of(build->arena, remote->url, has_port), *percent = strchr(names[i].format, '%');
			const char *id = percent ? arena_printf(build->arena, "%.*s%s", (int)(percent - names[i].format), names[i].format, host) : names[i].format;
			const struct build_secret *secret = build_secret_find(request->secrets, request->secret_count, id);

			*ret_form = names[i].form;
			*ret_id = id;
			if (!secret && !request->session)
				continue;
			r = secret ? read_secret(secret, TOKEN_LIMIT, ret, &own) : build_client_read_secret(build, id, ret, &own);
			if (r == 0)
				return 1;
			if (!secret && own.kind == ERROR_NOT_FOUND)
				continue;
			if (err)
				*err = own;
			return r;
		}
	return 0;
}

/* TEXT without what an editor leaves at its end; what is more than a line would become headers of its own. */
static int check_line(const char *id, struct buf *text, struct error *err)
{
	while (text->length && strchr("\r\n", text->data[text->length - 1]))
		text->data[--text->length] = '\0';
	if (text->length == 0 || text->length > TOKEN_LIMIT || memchr(text->data, '\0', text->length) || strpbrk(text->data, "\r\n"))
		return error_set(err, ERROR_INVALID, 0, "secret '%s': expected one line", id);
	return 0;
}

static void write_value(enum form form, const struct buf *text, struct buf *out)
{
	_cleanup_buf_ struct buf pair = BUF_INIT;

	if (form == FORM_TOKEN_BASIC) {
		buf_printf(&pair, "x-access-token:%s", text->data);
		buf_add_text(out, "Basic ");
		base64_encode(pair.data, pair.length, out);
	} else {
		buf_printf(out, "%s%s", form == FORM_TOKEN_BEARER ? "Bearer " : "", text->data);
	}
}

int build_secret_authorize(const struct build *build, const struct remote *remote, int *ret_fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, value = BUF_INIT;
	const char *id;
	enum form form;
	int r;

	*ret_fd = -EBADF;
	if (!str_starts_with(remote->url, "http://") && !str_starts_with(remote->url, "https://"))
		return 0;
	r = read_for(build, remote, &form, &id, &text, err);
	if (r > 0)
		r = check_line(id, &text, err);
	if (r < 0 || !text.data)
		return r;
	write_value(form, &text, &value);
	return keep(value.data, value.length, ret_fd, err);
}
