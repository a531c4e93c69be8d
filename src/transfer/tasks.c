/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/tasks.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdbool.h>

struct crew {
	const struct tasks *tasks;
	pthread_mutex_t lock;
	size_t next;
	int result;
	struct error err; /* of the first that failed */
};

/* The next task to begin; false when there is none, or no use. */
static bool take_task(struct crew *crew, size_t *ret)
{
	bool taken;

	pthread_mutex_lock(&crew->lock);
	taken = crew->result == 0 && crew->next < crew->tasks->count;
	if (taken)
		*ret = crew->next++;
	pthread_mutex_unlock(&crew->lock);
	return taken;
}

static void note_failure(struct crew *crew, int result, const struct error *err)
{
	bool is_first;

	pthread_mutex_lock(&crew->lock);
	is_first = crew->result == 0;
	if (is_first) {
		crew->result = result;
		crew->err = *err;
	}
	pthread_mutex_unlock(&crew->lock);
	if (is_first && crew->tasks->cancel)
		crew->tasks->cancel(crew->tasks->context);
}

static void *work(void *context)
{
	struct crew *crew = context;
	size_t index;

	while (take_task(crew, &index)) {
		struct error err = ERROR_INIT;
		int r = crew->tasks->run(crew->tasks->context, index, &err);

		if (r < 0)
			note_failure(crew, r, &err);
	}
	return NULL;
}

int tasks_run(const struct tasks *tasks, struct error *err)
{
	struct crew crew = { .tasks = tasks, .lock = PTHREAD_MUTEX_INITIALIZER };
	size_t wanted = tasks->count < tasks->at_once ? tasks->count : tasks->at_once, helpers = 0;
	_cleanup_free_ pthread_t *threads = memory_new(wanted + 1, sizeof *threads);

	/* Fewer do as well, if there are no more to be had. */
	while (helpers + 1 < wanted && pthread_create(&threads[helpers], NULL, work, &crew) == 0)
		helpers++;
	work(&crew);
	while (helpers > 0)
		pthread_join(threads[--helpers], NULL);
	pthread_mutex_destroy(&crew.lock);
	if (crew.result < 0 && err)
		*err = crew.err;
	return crew.result;
}
