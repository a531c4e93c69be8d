/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_client.h"
#include "base/file.h"
#include "engine/build_archive.h"
#include "engine/build_receive.h"
#include "engine/client_session.h"
#include "engine/registry_logins.h"
#include "host/beneath.h"
#include "spec/protobuf.h"
#include "spec/reference.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FILE_SYNC "/moby.filesync.v1.FileSync/DiffCopy"
#define UPLOAD "/moby.upload.v1.Upload/Pull"
#define CREDENTIALS "/moby.filesync.v1.Auth/Credentials"
#define GET_SECRET "/moby.buildkit.secrets.v1.Secrets/GetSecret"
#define CHECK_AGENT "/moby.sshforward.v1.SSH/CheckAgent"
#define FORWARD_AGENT "/moby.sshforward.v1.SSH/ForwardAgent"
#define DOCKER_REGISTRY "registry-1.docker.io" /* what clients know docker.io's by */
#define METADATA_LIMIT 1024                    /* patterns for one call */

bool build_client_has(const struct build *build, const char *text)
{
	return build->request->session && (str_starts_with(text, BUILD_SESSION_DIRECTORY) || str_starts_with(text, BUILD_SESSION_FILE));
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Metadata is text of ASCII; what is none is encoded as in an address, and said to be. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			return false;
	return true;
}

static char *encode(struct arena *arena, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z'))
			buf_add_char(&out, (char)*c);
		else
			buf_printf(&out, "%%%02X", *c);
	}
	return arena_strdup(arena, out.data ? out.data : "");
}

/* Adds all of LIST as KEY. */
static void add_metadata(struct arena *arena, struct spec_grpc_head *head, const char *key, char *const *list)
{
	bool plain = true;

	for (char *const *text = list; *text; text++)
		plain = plain && is_plain(*text);
	for (; *list && head->count < METADATA_LIMIT; list++)
		head->metadata[head->count++] = (struct spec_pair){ .key = (char *)key, .value = plain ? *list : encode(arena, *list) };
	if (!plain)
		head->metadata[head->count++] = (struct spec_pair){ .key = arena_printf(arena, "%s-encoded", key), .value = (char *)"1" };
}

struct sync {
	const char *name;
	char **includes, **excludes; /* patterns, or NULL */
	size_t vertex;               /* that is told how far it is; (size_t)-1: none */
	struct build *build;
};

static void tell_bytes(void *context, uint64_t bytes)
{
	const struct sync *sync = context;
	const struct build_event event = { .kind = BUILD_STATUS, .vertex = sync->vertex, .text = "transferring context:", .current = bytes };

	if (sync->vertex != (size_t)-1)
		build_tell_event(sync->build, &event);
}

static int sync_directory(struct sync *sync, const char *directory, struct error *err)
{
	struct build *build = sync->build;
	char *names[] = { (char *)sync->name, NULL };
	struct spec_grpc_head head = { .method = (char *)FILE_SYNC, .metadata = arena_alloc(build->arena, METADATA_LIMIT + 3, sizeof *head.metadata) };
	struct build_receive receive = { .call = -EBADF, .directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .tell = tell_bytes, .context = sync };
	int r = receive.directory_fd < 0 ? error_errno(err, errno, "cannot open the directory '%s'", directory) : 0;

	add_metadata(build->arena, &head, "dir-name", names);
	if (sync->includes)
		add_metadata(build->arena, &head, "include-patterns", sync->includes);
	if (sync->excludes)
		add_metadata(build->arena, &head, "exclude-patterns", sync->excludes);
	if (r == 0)
		r = client_session_call(build->directories, build->request->session, &head, &receive.call, err);
	if (r == 0)
		r = build_receive(&receive, err);
	close_and_forget(&receive.call);
	close_and_forget(&receive.directory_fd);
	return r;
}

/* ---- files -------------------------------------------------------------------------------------- */

static int keep_messages(int call, int fd, struct error *err)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	int r;

	while ((r = client_call_receive(call, &message, err)) > 0) {
		struct protobuf rest = PROTOBUF(message.data, message.length);
		struct protobuf_field field;

		while (protobuf_next(&rest, &field) > 0)
			if (field.number == 1 && field.type == PROTOBUF_BYTES && (r = fd_write_all(fd, field.bytes, field.length)) < 0)
				return error_errno(err, -r, "cannot keep what the client sends");
	}
	return r;
}

static int take_upload(struct build *build, const char *text, struct build_context *context, struct error *err)
{
	char *path = arena_printf(build->arena, "/%s", text + strlen(BUILD_SESSION_FILE));
	struct spec_pair metadata[] = { { "urlpath", path }, { "urlhost", "buildkit-session" } };
	const struct spec_grpc_head head = { .method = (char *)UPLOAD, .metadata = metadata, .count = ARRAY_SIZE(metadata) };
	_cleanup_close_ int call = -EBADF, fd = -EBADF;
	const char *directory = NULL;
	int r = build_work_make(build, &directory, err);

	if (r < 0)
		return r;
	fd = open(arena_printf(build->arena, "%s/%s", directory, BUILD_ARCHIVE_NAME), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a file in '%s'", directory);
	r = client_session_call(build->directories, build->request->session, &head, &call, err);
	if (r == 0)
		r = keep_messages(call, fd, err);
	return r < 0 ? r : build_archive_take(build, directory, context, err);
}

/* ---- contexts -------------------------------------------------------------------------------------- */

/* Lines of an ignore file, for the client, which knows the same language; those that only say something to us are left out. */
static char **split_lines(struct arena *arena, const char *text)
{
	char **lines = NULL;
	size_t count = 0;

	for (const char *c = text; c && *c; c++)
		count += *c == '\n';
	lines = arena_alloc(arena, count + 2, sizeof *lines);
	count = 0;
	while (text && *text) {
		size_t length = strcspn(text, "\n"), end = length;
		size_t start = strspn(text, " \t\r");

		while (end > start && strchr(" \t\r", text[end - 1]))
			end--;
		if (end > start && text[start] != '#')
			lines[count++] = arena_strndup(arena, text + start, end - start);
		text += length + (text[length] == '\n');
	}
	return count ? lines : NULL;
}

int build_client_fetch(struct build *build, const char *text, struct build_context *context, struct error *err)
{
	struct sync sync = { .build = build, .name = text + strlen(BUILD_SESSION_DIRECTORY), .excludes = split_lines(build->arena, context->ignore) };
	int r = 0;

	sync.vertex = build_add_vertex(build, context->name ? arena_printf(build->arena, "[context %s] load from client", context->name) :
		"[internal] load build context", NULL, 0);
	build_tell(build, sync.vertex, BUILD_STARTED);
	if (str_starts_with(text, BUILD_SESSION_FILE))
		r = take_upload(build, text, context, err);
	else
		r = build_work_make(build, &context->temporary, err);
	if (r == 0 && str_starts_with(text, BUILD_SESSION_DIRECTORY))
		r = sync_directory(&sync, context->temporary, err);
	if (r < 0)
		build_tell_failure(build, sync.vertex, err);
	else
		build_tell(build, sync.vertex, BUILD_DONE);
	return r;
}

/* -ENOENT. */
static int read_file(struct build *build, const char *directory, const char *name, char **ret, size_t *ret_length)
{
	_cleanup_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;
	int r = directory_fd < 0 ? -errno : beneath_open(directory_fd, name, O_RDONLY | O_NONBLOCK, 0, &fd);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0)
		r = S_ISREG(st.st_mode) ? fd_read_all(fd, DOCKERFILE_LIMIT, &text) : -ENOENT;
	if (r == 0) {
		*ret = arena_strndup(build->arena, text.data ? text.data : "", text.length);
		*ret_length = text.length;
	}
	return r;
}

/* What is not to be sent: of the Dockerfile's own list, else of the context's. */
static int read_ignore(struct build *build, const char *directory, const char *own, struct build_context *context, struct error *err)
{
	char *includes[] = { (char *)".dockerignore", NULL };
	struct sync sync = { .build = build, .name = build->request->context + strlen(BUILD_SESSION_DIRECTORY), .vertex = (size_t)-1, .includes = includes };
	const char *name = own, *made = NULL;
	size_t length;
	int r = read_file(build, directory, own, &context->ignore, &length);

	if (r == -ENOENT) {
		name = ".dockerignore";
		r = build_work_make(build, &made, err);
		if (r == 0)
			r = sync_directory(&sync, made, err);
		if (r < 0)
			return r;
		r = read_file(build, made, name, &context->ignore, &length);
	}
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", name);
	if (length > IGNORE_FILE_LIMIT)
		return error_errno(err, EFBIG, "cannot read '%s'", name);
	context->ignore_name = arena_strdup(build->arena, name);
	return ignore_parse(build->arena, name, context->ignore, length, &context->patterns, err);
}

int build_client_read_dockerfile(struct build *build, struct build_context *context, struct error *err)
{
	const char *file = build->request->file, *directory = NULL, *ignore = arena_printf(build->arena, "%s.dockerignore", file);
	char *includes[] = { (char *)file, (char *)ignore, NULL };
	struct sync sync = { .build = build, .name = build->request->dockerfile_directory, .includes = includes };
	char *text = NULL;
	int r = build_work_make(build, &directory, err);

	sync.vertex = build_add_vertex(build, arena_printf(build->arena, "[internal] load build definition from %s", file), NULL, 0);
	build_tell(build, sync.vertex, BUILD_STARTED);
	if (r == 0)
		r = sync_directory(&sync, directory, err);
	if (r == 0) {
		r = read_file(build, directory, file, &text, &context->dockerfile_length);
		if (r < 0)
			error_set(err, ERROR_NOT_FOUND, -r, "failed to read dockerfile: open %s", file);
	}
	if (r < 0) {
		build_tell_failure(build, sync.vertex, err);
		return r;
	}
	context->dockerfile = text;
	build_tell(build, sync.vertex, BUILD_DONE);
	return str_starts_with(build->request->context, BUILD_SESSION_DIRECTORY) ? read_ignore(build, directory, ignore, context, err) : 0;
}

/* ---- secrets, logins ----------------------------------------------------------------------------------- */

/* The first and second field of an answer, of bytes. */
static void take_fields(const struct buf *answer, struct protobuf ret[static 2])
{
	struct protobuf message = PROTOBUF(answer->data, answer->length);
	struct protobuf_field field;

	while (protobuf_next(&message, &field) > 0)
		if (field.type == PROTOBUF_BYTES && (field.number == 1 || field.number == 2))
			ret[field.number - 1] = protobuf_message(&field);
}

int build_client_read_secret(const struct build *build, const char *id, struct buf *ret, struct error *err)
{
	_cleanup_buf_ struct buf question = BUF_INIT, answer = BUF_INIT;
	struct protobuf fields[2] = { { NULL }, { NULL } };
	int r;

	protobuf_write_text(&question, 1, id);
	r = client_session_ask(build->directories, build->request->session, GET_SECRET, &question, &answer, err);
	if (r < 0)
		return r;
	take_fields(&answer, fields);
	if (fields[0].length)
		buf_add(ret, fields[0].at, fields[0].length);
	return 0;
}

int build_client_open_logins(const struct build *build, const char *name, int *ret, struct error *err)
{
	_cleanup_buf_ struct buf question = BUF_INIT, answer = BUF_INIT;
	struct protobuf fields[2] = { { NULL }, { NULL } };
	struct spec_registry_login login = { .host = NULL };
	struct spec_reference reference;
	char *user, *secret;

	/* A client who does not know, or an id of an image: nobody. */
	if (spec_reference_parse(build->arena, name, &reference, NULL) < 0)
		return registry_logins_open(&login, 0, ret, err);
	protobuf_write_text(&question, 1, str_equal(reference.domain, SPEC_DEFAULT_DOMAIN) ? DOCKER_REGISTRY : reference.domain);
	if (client_session_ask(build->directories, build->request->session, CREDENTIALS, &question, &answer, NULL) == 0)
		take_fields(&answer, fields);
	user = arena_strndup(build->arena, fields[0].length ? (const char *)fields[0].at : "", fields[0].length);
	secret = arena_strndup(build->arena, fields[1].length ? (const char *)fields[1].at : "", fields[1].length);
	login.host = reference.domain;
	if (*user)
		login.auth = (struct spec_registry_auth){ .username = user, .password = secret };
	else
		login.auth.identity_token = secret;
	return registry_logins_open(&login, *secret ? 1 : 0, ret, err);
}

/* ---- agents ---------------------------------------------------------------------------------------------- */

int build_client_check_agent(const struct build_request *request, const char *id, struct error *err)
{
	_cleanup_buf_ struct buf question = BUF_INIT, answer = BUF_INIT;

	protobuf_write_text(&question, 1, id);
	return client_session_ask(request->directories, request->session, CHECK_AGENT, &question, &answer, err);
}

/* From the step to the client: -EPIPE at its end. */
static int pass_bytes(int from, int call)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	char block[16384];
	ssize_t n = read(from, block, sizeof block);

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : -EPIPE;
	protobuf_write_bytes(&message, 1, block, (size_t)n);
	return client_call_send(call, message.data, message.length, NULL);
}

static int pass_message(int call, int to)
{
	_cleanup_buf_ struct buf message = BUF_INIT;
	struct protobuf rest;
	struct protobuf_field field;
	int r = client_call_receive(call, &message, NULL);

	if (r <= 0)
		return -EPIPE;
	rest = PROTOBUF(message.data, message.length);
	while (protobuf_next(&rest, &field) > 0)
		if (field.number == 1 && field.type == PROTOBUF_BYTES && fd_write_all(to, field.bytes, field.length) < 0)
			return -EPIPE;
	return 0;
}

/* One question and its answer at a time: what an agent speaks never fills both directions. */
_noreturn_ static void relay(int fd, int call)
{
	struct pollfd polls[] = { { .fd = fd, .events = POLLIN }, { .fd = call, .events = POLLIN } };
	int r = 0;

	signal(SIGPIPE, SIG_IGN);
	while (r == 0) {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		if (polls[1].revents)
			r = pass_message(call, fd);
		if (r == 0 && polls[0].revents && pass_bytes(fd, call) < 0) {
			polls[0].fd = -1;
			r = client_call_end(call, NULL);
		}
	}
	_exit(0);
}

int build_client_connect_agent(const struct build_request *request, const char *id, int *ret, struct error *err)
{
	struct spec_pair metadata[] = { { "buildkit.ssh.id", (char *)id } };
	const struct spec_grpc_head head = { .method = (char *)FORWARD_AGENT, .metadata = metadata, .count = 1 };
	_cleanup_close_ int call = -EBADF, theirs = -EBADF, ours = -EBADF;
	int pair[2], r = client_session_call(request->directories, request->session, &head, &call, err);
	pid_t pid;

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "cannot make a socket");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot make a process");
	if (pid == 0) { /* its child is nobody's to wait for */
		close(ours);
		pid = fork();
		if (pid != 0)
			_exit(0);
		relay(theirs, call);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	*ret = TAKE_FD(ours);
	return 0;
}
