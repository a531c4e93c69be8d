/* SPDX-License-Identifier: Apache-2.0 */
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "runtime/container.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/sync.h"

#include <sys/file.h>
#include <sys/socket.h>

static int wrong_status(const struct container *container, enum container_status status, struct error *err)
{
	const char *id = container->state->id;

	if (status == CONTAINER_RUNNING || status == CONTAINER_PAUSED)
		return error_set(err, ERROR_CONFLICT, 0, "cannot start container '%s': it is running already", id);
	return error_set(err, ERROR_CONFLICT, 0, "cannot start container '%s': it is %s, not created", id, container_status_name(status));
}

/* Tells init to go on. The socket closes by the exec; what comes before is the reason why there was none. */
static int tell_init(struct container *container, struct error *err)
{
	_cleanup_close_ int connection = -EBADF;
	struct sync_message answer;
	int r = fdpass_connect_at(container->dir_fd, "start", SOCK_SEQPACKET, &connection);

	if (r == 0)
		r = sync_send(connection, SYNC_GO, 0, -1);
	if (r < 0)
		return error_errno(err, -r, "cannot reach the first process of container '%s'", container->state->id);
	if (sync_receive(connection, &answer, NULL) < 0)
		return 0;
	if (answer.type != SYNC_ERROR)
		return error_set(err, ERROR_INTERNAL, 0, "unexpected message %u from the first process of container '%s'", answer.type, container->state->id);
	*err = answer.error;
	return answer.error.code ? -answer.error.code : -EINVAL;
}

static int run_poststart(struct container *container, struct error *err)
{
	struct spec_oci_state state;
	int r;

	if (container->config->hooks.count[HOOK_POSTSTART] == 0)
		return 0;
	container_describe(container, CONTAINER_RUNNING, &state);
	r = hooks_run(container->config, HOOK_POSTSTART, &state, NULL, err);
	/* "the runtime MUST generate an error, stop the container" (runtime-spec 1.3, lifecycle 10). */
	if (r < 0 && container->pidfd >= 0)
		ignore_result(sys_pidfd_send_signal(container->pidfd, SIGKILL)); /* ended already: just as well */
	return r;
}

int runtime_start(const struct runtime *runtime, const char *id, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_close_ int notify = -EBADF;
	const char *host = getenv("NOTIFY_SOCKET");
	enum container_status status;
	struct error local = ERROR_INIT;
	int r;

	if (!err)
		err = &local;
	r = container_load(runtime, id, &container, err);
	if (r == 0)
		r = container_lock(&container, err);
	if (r < 0)
		return r;
	status = container_status(&container);
	if (status != CONTAINER_CREATED)
		return wrong_status(&container, status, err);
	if (!str_is_empty(host)) {
		r = notify_open(container.dir_fd, &notify, err);
		if (r < 0)
			return r;
	}
	r = tell_init(&container, err);
	if (r == 0)
		r = run_poststart(&container, err);
	if (r == 0 && notify >= 0) {
		/* It may take its time, and may be killed or deleted meanwhile. */
		flock(container.dir_fd, LOCK_UN);
		r = notify_wait_until_ready(notify, host, (pid_t)container.state->init_pid, container.pidfd, err);
	}
	return r;
}
