/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions of the Docker Engine API are spoken here; they are 1.N. */
#ifndef BIVY_SPEC_API_VERSION_H
#define BIVY_SPEC_API_VERSION_H

#define API_VERSION_LEAST 24
#define API_VERSION_MOST 50  /* what is told to who asks, and what a path without a version means */
#define API_VERSION_KNOWN 56 /* accepted from who insists */
#define API_VERSION_TEXT "1.50"

/* What every reply says besides, as dockerd's do: name and value of each. */
#define API_COMMON_HEADERS                                                                                                        \
	{ "Api-Version", API_VERSION_TEXT }, { "Docker-Experimental", "false" }, { "Ostype", "linux" }, { "Server", "bivy/" BIVY_VERSION }

#endif
