/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/run.h"
#include "base/log.h"
#include "host/syscalls.h"
#include "runtime/create.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/supervise.h"

#include <sys/prctl.h>

/* "If any poststart hook fails, the runtime MUST generate an error, stop the container" (runtime-spec 1.3, lifecycle 10). */
static int run_poststart(struct creation *creation, struct error *err)
{
	struct spec_oci_state state;
	int r;

	if (creation->plan->config->hooks.count[HOOK_POSTSTART] == 0)
		return 0;
	creation_describe(creation, "running", &state);
	r = hooks_run(creation->plan->config, HOOK_POSTSTART, &state, NULL, err);
	if (r < 0) {
		creation->hooks_ran = true;
		creation_undo(creation);
	}
	return r;
}

/* Executed, poststart hooks done; *ret_terminal is what has to be relayed. */
static int bring_up(struct creation *creation, int *ret_terminal, struct error *err)
{
	int r = console_take(&creation->console, ret_terminal, err);

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
		creation_unlock(creation);
	return r;
}

int run_start(const struct runtime *runtime, struct plan *plan, struct creation *ret, int *ret_terminal, struct error *err)
{
	int r = creation_make(runtime, plan, true, ret, err);

	if (r < 0)
		return r;
	r = bring_up(ret, ret_terminal, err);
	if (r < 0)
		creation_done(ret);
	return r;
}

static int stay(struct creation *creation, int terminal, int *ret_status, struct error *err)
{
	struct supervision supervision = {
		.pidfd = creation->init.pidfd,
		.terminal = terminal,
		.notify_socket = creation->notify_socket,
		.notify_host = creation->plan->notify_socket,
	};
	struct error later = ERROR_INIT;
	int r = supervise(&supervision, ret_status, err);

	if (r < 0 || (creation->plan->request->flags & CREATE_KEEP))
		return r;
	r = creation_remove(creation, &later);
	if (r < 0)
		log_warning("%s, ignoring", later.message);
	container_remove_retired(creation->runtime);
	return 0;
}

int runtime_run(const struct runtime *runtime, const struct create_request *request, int *ret_status, struct error *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	_cleanup_close_ int terminal = -EBADF;
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
	r = run_start(runtime, &plan, &creation, &terminal, err);
	if (r == 0) {
		if (!detach)
			r = stay(&creation, terminal, ret_status, err);
		else if (creation.notify_socket >= 0)
			r = notify_wait_until_ready(creation.notify_socket, plan.notify_socket, creation.init.pid, creation.init.pidfd, err);
		if (r == 0 && detach)
			*ret_status = 0;
		creation_done(&creation);
	}
	if (!detach)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
