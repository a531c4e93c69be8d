/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory becomes an archive: the upper directory of an overlay mount a
 * layer with whiteouts (OCI image-spec, layer.md), or any tree as it is. The
 * same files make the same bytes: names in the order of their bytes, every
 * directory before what is in it.
 */
#ifndef BIVY_STORE_LAYER_DIFF_H
#define BIVY_STORE_LAYER_DIFF_H

#include "base/error.h"
#include "store/stream.h"

#include <stdbool.h>
#include <sys/stat.h>

enum layer_diff_form {
	LAYER_DIFF_UPPER, /* devices 0:0 and opaque directories become whiteouts */
	LAYER_DIFF_WHOLE, /* they are what they are */
	LAYER_DIFF_MOUNT, /* the same, of an overlay mount that nobody else uses: where only one layer has a directory, it lists what that hides */
	/*
	 * The same of files that somebody uses meanwhile: what goes while it is read
	 * is left out, what becomes shorter ends in zeros, and directories that are
	 * other mounts' are empty.
	 */
	LAYER_DIFF_LIVE,
	/* The same, and other mounts are entered, but the kernel's own (proc, sysfs …). */
	LAYER_DIFF_COPY,
};

struct layer_diff_report {
	uint64_t members;
	uint64_t bytes;   /* of all files' data */
	uint64_t sockets; /* that no archive can hold, and that mean nothing without who made them */
};

/*
 * Writes the uncompressed archive of what is in the directory (opened for
 * reading; it is itself no member) to SINK. Nothing is followed, no other
 * mount is entered. Files that change meanwhile are an error (but in a LIVE tree); so is what only
 * the overlay mount itself understands (redirected directories, files without
 * their data), and a name that would be a whiteout. Needs /proc.
 */
int layer_diff(int directory_fd, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret, struct error *err) _must_check_;

/* The same of files that have the ids of outside of OWNERS: the archive has those of inside (owner_view.h). */
struct idmap;
int layer_diff_of_outsiders(int directory_fd, const struct idmap *owners, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret,
	struct error *err) _must_check_;

/*
 * Who knows the bytes of files without reading them: FIND tells them of the
 * regular file PATH, which has one name, no extended attributes, and looks like
 * *ST; false if it is to be opened as all others.
 */
struct layer_diff_content {
	bool (*find)(void *context, const char *path, const struct stat *st, const void **ret);
	void *context;
};

/* The same of an upper directory, with content from elsewhere. */
int layer_diff_upper(int directory_fd, const struct layer_diff_content *content, struct sink sink, struct layer_diff_report *ret, struct error *err) _must_check_;

/*
 * The same of one entry of the directory PARENT_FD, of any kind and with all
 * that is in it; the archive calls it TITLE. An empty TITLE, of a directory
 * only: its own entry is left out. Symbolic links are archived as such.
 */
int layer_diff_entry(int parent_fd, const char *name, const char *title, struct sink sink, enum layer_diff_form form, struct layer_diff_report *ret,
	struct error *err) _must_check_;

#endif
