/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of limits while it is made (runtime/resources.h): steps, and how both versions of control groups are told rates of devices. */
#ifndef BIVY_RUNTIME_RESOURCE_STEPS_H
#define BIVY_RUNTIME_RESOURCE_STEPS_H

#include "runtime/resources.h"


struct resource_steps {
	const struct cgroup_set *set; /* groups of steps are its own */
	struct resource_plan plan;    /* .arena is the caller's to make */
	size_t capacity;
};

/* One more, which does nothing yet. A step is where it is until the next is added; FIELD and files are not copied. */
struct resource_step *resource_steps_add(struct resource_steps *steps, const struct cgroup_group *group, const char *field);

/* RESOURCE_WRITE of TEXT, which is copied. */
struct resource_step *resource_steps_write_text(struct resource_steps *steps, const struct cgroup_group *group, const char *field, const char *file,
						const char *text);

/* The same of what printf(3) makes, less than 256 bytes. */
struct resource_step *resource_steps_write(struct resource_steps *steps, const struct cgroup_group *group, const char *field, const char *file,
					   const char *format, ...) _printf_(5, 6);

/* The most that a device may be read or written, in bytes or operations a second; 0 takes the limit away (blkio-controller.rst, "io.max" in cgroup-v2.rst). */
struct resource_step *resource_steps_throttle(struct resource_steps *steps, const struct cgroup_group *group, const char *field, enum spec_throttle_kind kind,
					      int64_t major, int64_t minor, uint64_t rate);

#endif
