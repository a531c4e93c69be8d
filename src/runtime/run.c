/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "host/fdpass.h"
#include "host/syscalls.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/supervise.h"

#include <sys/prctl.h>

static void describe(const struct creation *creation, const char *status, struct spec_oci_state *ret)
{
	*ret = (struct spec_oci_state){
		.id = creation->state.id,
		.status = status,
		.bundle = creation->state.bundle,
		.pid = creation->init.pid,
		.annotations = creation->state.annotations,
		.annotation_count = creation->state.annotation_count,
	};
}

/* "If any poststart hook fails, the runtime MUST generate an error, stop the container" (runtime-spec 1.3, lifecycle 10). */
static int run_poststart(struct creation *creation, struct error *err)
{
	struct spec_oci_state state;
	int r;

	if (creation->plan->config->hooks.count[HOOK_POSTSTART] == 0)
		return 0;
	describe(creation, "running", &state);
	r = hooks_run(creation->plan->config, HOOK_POSTSTART, &state, NULL, err);
	if (r < 0) {
		creation->hooks_ran = true;
		creation_undo(creation);
	}
	return r;
}

static int take_terminal(struct creation *creation, int *ret_master, struct error *err)
{
	int r;

	if (creation->terminal_master < 0)
		return 0;
	r = fdpass_receive(creation->terminal_master, ret_master);
	return r < 0 ? error_errno(err, -r, "cannot take over the container's terminal") : 0;
}

/* Made, executed, poststart hooks done; *ret_notify and *ret_terminal are what has to be served. */
static int bring_up(struct creation *creation, int *ret_notify, int *ret_terminal, struct error *err)
{
	int r = 0;

	if (creation->plan->notify_socket)
		r = notify_open(creation->dir_fd, ret_notify, err);
	if (r == 0)
		r = take_terminal(creation, ret_terminal, err);
	if (r < 0) {
		creation_undo(creation);
		return r;
	}
	r = creation_wait_for_exec(creation, err);
	if (r < 0)
		return r;
	/* From here on others see that it runs (container.h, invariant 4), and after the hooks they may change it (3). */
	close_and_forget(&creation->lock_fd);
	r = run_poststart(creation, err);
	if (r == 0)
		close_and_forget(&creation->dir_fd);
	return r;
}

static int stay(struct creation *creation, int terminal, int notify, int *ret_status, struct error *err)
{
	struct supervision supervision = {
		.pidfd = creation->init.pidfd,
		.terminal = terminal,
		.notify_socket = notify,
		.notify_host = creation->plan->notify_socket,
	};
	struct error later = ERROR_INIT;
	int r = supervise(&supervision, ret_status, err);

	if (r < 0 || (creation->plan->request->flags & CREATE_KEEP))
		return r;
	r = runtime_delete(creation->runtime, creation->state.id, DELETE_FORCE, &later);
	if (r < 0)
		log_warning("%s, ignoring", later.message);
	return 0;
}

int runtime_run(const struct runtime *runtime, const struct create_request *request, int *ret_status, struct error *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	_cleanup_close_ int notify = -EBADF, terminal = -EBADF;
	bool detach = request->flags & CREATE_DETACH;
	struct creation creation;
	sigset_t old;
	int r = plan_make(runtime, request, &plan, err);

	if (r < 0)
		return r;
	if (!detach) {
		supervise_block_signals(&old);
		if (!(request->flags & CREATE_NO_SUBREAPER) && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
			return error_errno(err, errno, "cannot become the subreaper");
	}
	r = creation_make(runtime, &plan, true, &creation, err);
	if (r == 0) {
		r = bring_up(&creation, &notify, &terminal, err);
		if (r == 0 && !detach)
			r = stay(&creation, terminal, notify, ret_status, err);
		else if (r == 0 && notify >= 0)
			r = notify_wait_until_ready(notify, plan.notify_socket, creation.init.pid, creation.init.pidfd, err);
		if (r == 0 && detach)
			*ret_status = 0;
		creation_done(&creation);
	}
	if (!detach)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
