/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a volume lie on: a directory, with or without a limit of
 * the file system's; a file with a file system of its own, for a limit where
 * the file system keeps none; or what docker's local driver mounts (--opt
 * type=, device=, o=).
 *
 * What has to be mounted is mounted on _data, in the host's mount namespace,
 * from the first start of a container that has the volume until the last such
 * container is removed; whoever removes one sees to that.
 */
#ifndef BIVY_ENGINE_VOLUME_BACKING_H
#define BIVY_ENGINE_VOLUME_BACKING_H

#include "base/error.h"
#include "base/memory.h"
#include "spec/volume.h"

#define VOLUME_DATA "_data"
#define VOLUME_IMAGE "image"

/* Reads the options of VOLUME, which says what its size is then. ERROR_INVALID. */
int volume_backing_check(struct spec_volume *volume, struct error *err) _must_check_;

/*
 * Makes, in the directory FD of a volume that is being made, _data and what it
 * lies on; PROJECT is a number that no other volume has. VOLUME then says
 * how its limit is kept.
 */
int volume_backing_make(int fd, struct spec_volume *volume, uint32_t project, struct error *err) _must_check_;

/* Whether _data is anything but a directory of the volume's own. */
bool volume_backing_is_mounted(const struct spec_volume *volume);

/* What is to be mounted is mounted; under the volume's lock. FD: of its directory. */
int volume_backing_open(int fd, const struct spec_volume *volume, struct error *err) _must_check_;

/* Nothing is mounted any more; 0 or -errno. */
int volume_backing_close(int fd) _must_check_;

/* Where the files are: PATH/_data, PATH being the volume's directory, or what is bound. In the arena. */
const char *volume_backing_path(struct arena *arena, const char *path, const struct spec_volume *volume);

/* Whether it is said in the options that nothing is to be written to it. */
bool volume_backing_is_read_only(const struct spec_volume *volume);

#endif
