/* SPDX-License-Identifier: Apache-2.0 */
/* What this process is called where several tell what they do: base/timing.h, base/narration.h. */
#ifndef BIVY_BASE_ROLE_H
#define BIVY_BASE_ROLE_H

/* "supervisor"; for the child of a fork, too. The text must stay. */
void role_set(const char *name);

/* "" before role_set(). */
const char *role_name(void);

#endif
