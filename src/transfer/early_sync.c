/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/early_sync.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/timing.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>

struct early_sync {
	/* Of an open file description of its own: each hears of an error once (syncfs(2), since 5.8). */
	int fd;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool has_thread; /* made when there is something to do */
	bool stopped;
	uint64_t waiting_bytes;
};

/* Until there is enough to be synced. False: the end. */
static bool wait_for_bytes(struct early_sync *early)
{
	bool stopped;

	pthread_mutex_lock(&early->lock);
	while (!early->stopped && early->waiting_bytes < EARLY_SYNC_STEP_BYTES)
		pthread_cond_wait(&early->changed, &early->lock);
	early->waiting_bytes = 0;
	stopped = early->stopped;
	pthread_mutex_unlock(&early->lock);
	return !stopped;
}

static void *run(void *context)
{
	struct early_sync *early = context;

	while (wait_for_bytes(early)) {
		int64_t since = timing_now();

		ignore_result(syncfs(early->fd)); /* store_sync() hears of it */
		timing_phase("sync meanwhile", since);
	}
	return NULL;
}

struct early_sync *early_sync_new(int directory_fd)
{
	struct early_sync *early = memory_new(1, sizeof *early);

	early->fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_mutex_init(&early->lock, NULL);
	pthread_cond_init(&early->changed, NULL);
	return early;
}

void early_sync_add(struct early_sync *early, uint64_t bytes)
{
	if (!early || early->fd < 0)
		return;
	pthread_mutex_lock(&early->lock);
	early->waiting_bytes += bytes;
	if (early->waiting_bytes >= EARLY_SYNC_STEP_BYTES) {
		if (!early->has_thread)
			early->has_thread = pthread_create(&early->thread, NULL, run, early) == 0;
		pthread_cond_signal(&early->changed);
	}
	pthread_mutex_unlock(&early->lock);
}

void early_sync_free(struct early_sync *early)
{
	if (!early)
		return;
	pthread_mutex_lock(&early->lock);
	early->stopped = true;
	pthread_cond_signal(&early->changed);
	pthread_mutex_unlock(&early->lock);
	if (early->has_thread)
		pthread_join(early->thread, NULL);
	cleanup_close(&early->fd);
	pthread_cond_destroy(&early->changed);
	pthread_mutex_destroy(&early->lock);
	free(early);
}
