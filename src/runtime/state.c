/* SPDX-License-Identifier: Apache-2.0 */
/* What `state`, `list` and `ps` tell. */
#include "base/log.h"
#include "runtime/container.h"
#include "runtime/passwd.h"

#include <fcntl.h>
#include <stdlib.h>

static char *owner_name(uint32_t uid)
{
	char *name = NULL;

	if (passwd_find_at(AT_FDCWD, "/etc/passwd", uid, &name, NULL) < 0 || !name)
		return str_printf("#%u", uid);
	return name;
}

static void fill_report(struct container *container, struct container_report *ret)
{
	const struct spec_state *state = container->state;
	enum container_status status = container_status(container);
	size_t n = state->annotation_count;

	*ret = (struct container_report){
		.id = str_dup(state->id),
		.status = str_dup(container_status_name(status)),
		.bundle = str_dup(state->bundle),
		.rootfs = str_dup(state->rootfs),
		.created = str_dup(state->created),
		.owner = owner_name(state->owner),
		.pid = status == CONTAINER_STOPPED || status == CONTAINER_CREATING ? 0 : (pid_t)state->init_pid,
		.annotations = memory_new(n + 1, sizeof *ret->annotations),
		.annotation_count = n,
	};
	for (size_t i = 0; i < n; i++) {
		ret->annotations[i].key = str_dup(state->annotations[i].key);
		ret->annotations[i].value = str_dup(state->annotations[i].value);
	}
}

void container_report_done(struct container_report *report)
{
	for (size_t i = 0; i < report->annotation_count; i++) {
		free(report->annotations[i].key);
		free(report->annotations[i].value);
	}
	free(report->annotations);
	free(report->id);
	free(report->status);
	free(report->bundle);
	free(report->rootfs);
	free(report->created);
	free(report->owner);
	*report = (struct container_report){ 0 };
}

int runtime_state(const struct runtime *runtime, const char *id, struct container_report *ret, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int r = container_load(runtime, id, &container, err);

	if (r == 0)
		fill_report(&container, ret);
	return r;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct container_report *)a)->id, ((const struct container_report *)b)->id);
}

int runtime_list(const struct runtime *runtime, struct container_report **ret, size_t *ret_count, struct error *err)
{
	_cleanup_closedir_ DIR *dir = opendir(runtime->root);
	struct container_report *reports = memory_new(1, sizeof *reports);
	struct dirent *entry;
	size_t n = 0;

	if (!dir && errno != ENOENT) {
		int r = error_errno(err, errno, "cannot open '%s'", runtime->root);

		free(reports);
		return r;
	}
	while (dir && (entry = readdir(dir))) {
		struct error one = ERROR_INIT;

		if (entry->d_name[0] == '.' && container_check_id(entry->d_name, NULL) < 0)
			continue;
		reports = memory_resize(reports, n + 1, sizeof *reports);
		if (runtime_state(runtime, entry->d_name, &reports[n], &one) == 0)
			n++;
		else if (one.kind != ERROR_NOT_FOUND) /* deleted meanwhile */
			log_warning("%s, leaving it out", one.message);
	}
	qsort(reports, n, sizeof *reports, by_id);
	*ret = reports;
	*ret_count = n;
	return 0;
}

int runtime_ps(const struct runtime *runtime, const char *id, pid_t **ret, size_t *ret_count, struct error *err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int r = container_load(runtime, id, &container, err);

	if (r == 0)
		r = container_open_groups(&container, err);
	if (r < 0)
		return r;
	r = cgroup_set_pids(&container.groups, ret, ret_count);
	if (r == -ENOENT && container_status(&container) != CONTAINER_STOPPED && container.state->init_pid) {
		/* Rootless without groups: the first process is all that is known. */
		*ret = memory_new(1, sizeof **ret);
		**ret = (pid_t)container.state->init_pid;
		*ret_count = 1;
		return 0;
	}
	if (r == -ENOENT) {
		*ret = NULL;
		*ret_count = 0;
		return 0;
	}
	return r < 0 ? error_errno(err, -r, "cannot list the processes of container '%s'", id) : 0;
}
