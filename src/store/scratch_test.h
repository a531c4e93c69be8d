/* SPDX-License-Identifier: Apache-2.0 */
/* For unit tests of the store: one in the scratch directory. */
#ifndef BIVY_STORE_SCRATCH_TEST_H
#define BIVY_STORE_SCRATCH_TEST_H

#include "store/shell_test.h"
#include "store/store.h"

/* Fails the test if there is no opening it. */
static inline struct store scratch_store(void)
{
	struct store store = STORE_INIT;
	struct error err = ERROR_INIT;

	if (store_open(shell_scratch, &store, &err) < 0)
		fail_msg("%s", err.message);
	return store;
}

#endif
