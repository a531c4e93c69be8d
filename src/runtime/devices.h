/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: those of linux.resources.devices with the usual devices behind
 * them, as v2's filter takes them, and brought into the form that v1's
 * devices.allow and devices.deny can hold: everything denied (or allowed) but a
 * list of exceptions.
 */
#ifndef BIVY_RUNTIME_DEVICES_H
#define BIVY_RUNTIME_DEVICES_H

#include "base/error.h"
#include "base/memory.h"
#include "host/cgroup.h"
#include "host/device_filter.h"
#include "spec/config.h"

struct device_list {
	bool default_allow;
	struct device_rule *exceptions; /* of type 'b' or 'c'; .allow is !default_allow */
	size_t count;
};

/*
 * The configured rules, then those that every container has: making any node,
 * and null, zero, full, random, urandom, tty, ptmx, pts/ and net/tun. Since the last rule
 * counts, these cannot be taken away; runc does the same and its callers rely on it.
 */
void devices_collect(struct arena *arena, const struct spec_device_rule *rules, size_t count, struct device_rule **ret, size_t *ret_count);

/*
 * v1's form. ERROR_UNSUPPORTED if a rule takes a part out of a wider one that
 * goes the other way: the kernel's list has no place for that.
 */
int devices_normalise(struct arena *arena, const struct device_rule *rules, size_t count, struct device_list *ret, struct error *err) _must_check_;

/* The list that a group has now, from the text of devices.list. */
void devices_parse_list(struct arena *arena, const char *text, struct device_list *ret);

/* One write to devices.allow or devices.deny. */
struct device_change {
	bool allow;
	char text[64]; /* "c 1:3 rwm", or "a" */
};

/*
 * What turns CURRENT (NULL: unknown) into WANTED. With the same default only
 * the differences, so that a running process is never cut off from what it may keep.
 */
void devices_compare(struct arena *arena, const struct device_list *current, const struct device_list *wanted, struct device_change **ret, size_t *ret_count);

/* "c 1:* rw" into at least 64 bytes. */
void devices_format(const struct device_rule *rule, char *text, size_t size);

#endif
