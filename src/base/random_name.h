/* SPDX-License-Identifier: Apache-2.0 */
/* Names that nobody has and nobody can foretell. */
#ifndef BIVY_BASE_RANDOM_NAME_H
#define BIVY_BASE_RANDOM_NAME_H

/* Sixteen hexadecimal digits, to be freed; NULL with errno without random numbers. */
char *random_name(void);

#endif
