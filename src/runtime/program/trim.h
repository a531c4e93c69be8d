/* SPDX-License-Identifier: Apache-2.0 */
/* Memory given back by a process that stays after it has done much. */
#ifndef BIVY_RUNTIME_PROGRAM_TRIM_H
#define BIVY_RUNTIME_PROGRAM_TRIM_H

/* The heap's unused pages, our code (it comes back from the page cache as it is used), and the stack below the caller. */
void trim_memory(void);

#endif
