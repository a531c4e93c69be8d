/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a container with libbivy-runtime and tells how it ended.
 *
 *   cc -o run run.c $(pkg-config --cflags --libs bivy-runtime)
 *   ./run STATE-DIRECTORY BUNDLE ID
 *
 * A bundle is a directory with a config.json and a root file system;
 * `bivy-runtime spec` writes a config.json to start from.
 */
#include <bivy-runtime.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const struct bivy_runtime_error *err)
{
	fprintf(stderr, "run: %s\n", err->message);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return err->exit_status ? err->exit_status : 1;
}

/* Lists what is in the state directory: the container is gone when it has ended. */
static int count_containers(const struct bivy_runtime *runtime, size_t *ret, struct bivy_runtime_error *err)
{
	struct bivy_runtime_state *states;
	int r = bivy_runtime_list(runtime, &states, ret, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < *ret; i++)
		printf("%s is %s, its first process is %d\n", states[i].id, states[i].status, (int)states[i].pid);
	bivy_runtime_list_free(states, *ret);
	return 0;
}

int main(int argc, char **argv)
{
	struct bivy_runtime_error err;
	struct bivy_runtime *runtime;
	size_t count;
	int status;

	if (argc != 4) {
		fprintf(stderr, "usage: %s STATE-DIRECTORY BUNDLE ID\n", argv[0]);
		return 2;
	}
	/* From here on the container cannot write to our executable. */
	if (bivy_runtime_seal(argv, &err) < 0 || bivy_runtime_open(argv[1], 0, &runtime, &err) < 0)
		return fail(&err);

	struct bivy_runtime_create_request request = { .id = argv[3], .bundle = argv[2] };

	if (bivy_runtime_run(runtime, &request, &status, &err) < 0 || count_containers(runtime, &count, &err) < 0) {
		bivy_runtime_close(runtime);
		return fail(&err);
	}
	printf("%s ended with status %d, %zu other containers\n", argv[3], status, count);
	bivy_runtime_close(runtime);
	return status;
}
