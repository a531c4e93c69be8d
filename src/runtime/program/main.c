/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

int main(void)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_UNSUPPORTED, 0, "no verb yet");
	fprintf(stderr, "bivy-runtime: %s\n", err.message);
	return 1;
}
