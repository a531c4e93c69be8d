/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages as the databases of package managers list them, from bytes of an
 * image, which may be anything: dpkg's status, apk's installed, rpm's in SQLite
 * or in its own format (ndb).
 */
#ifndef BIVY_BUILD_PACKAGE_LIST_H
#define BIVY_BUILD_PACKAGE_LIST_H

#include "base/error.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

#define PACKAGE_LIMIT 100000

struct package {
	const char *kind;    /* of the package URL: "deb", "apk", "rpm" */
	const char *name, *version;
	const char *epoch;   /* rpm: "1"; or NULL */
	const char *architecture, *supplier, *license; /* or NULL */
	bool is_organization; /* .supplier is one, else a person */
	bool is_removed;     /* dpkg: only its configuration is left */
};

struct package_list {
	struct arena *arena; /* that copies of strings live in */
	struct package *list;
	size_t count, capacity;
};

/* What has no name or version, or is no longer there, is none; beyond PACKAGE_LIMIT there is none more. */
void package_list_add(struct package_list *list, const struct package *package);

/* TEXT, ended by a NUL, is changed, and outlives the list. What cannot be understood is passed over. */
void package_list_take_dpkg(struct package_list *list, char *text);
void package_list_take_apk(struct package_list *list, char *text);

/* ERROR_INVALID, ERROR_NOT_FOUND: it is no such database, or damaged; what was read until then is in the list. */
int package_list_take_rpm_sqlite(struct package_list *list, const uint8_t *bytes, size_t length, struct error *err) _must_check_;
int package_list_take_rpm_ndb(struct package_list *list, const uint8_t *bytes, size_t length, struct error *err) _must_check_;

/* By name, then version: databases have an order of their own. */
void package_list_sort(struct package_list *list);

#endif
