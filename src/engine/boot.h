/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What calls `bivy system start` when the host comes up, so that containers run
 * again that should: systemd, of the host or of the user (who need not log in for
 * that: loginctl(1), "enable-linger"), OpenRC, or cron. There is no daemon to do it.
 */
#ifndef BIVY_ENGINE_BOOT_H
#define BIVY_ENGINE_BOOT_H

#include "engine/directories.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct boot_host {
	int fd;                  /* of the host's root directory; a fixture's in tests */
	unsigned uid;
	const char *user;        /* its name, or NULL */
	const char *config_home; /* $XDG_CONFIG_HOME or what stands for it; or NULL */
	const char *program;     /* our own */
	bool is_live;            /* not a fixture: programs may be asked */
};

/* Either a file or a line. */
struct boot_step {
	const char *path, *text; /* TEXT NULL: the file is to go */
	mode_t mode;
	const char *line; /* for /bin/sh */
};

enum { BOOT_STEPS = 4 };

struct boot_plan {
	const char *way;   /* "systemd", "systemd of the user", "OpenRC", "cron"; NULL: there is none of them */
	const char *name;  /* of the unit, service or mark: the same for the same directories */
	bool is_installed;
	struct boot_step install[BOOT_STEPS], remove[BOOT_STEPS]; /* in their order, up to one that is empty */
};

/* Decides by looking. The plan lives in the arena. */
struct boot_plan boot_plan_make(struct arena *arena, const struct boot_host *host, const struct directories *directories);

/* Of the caller, on this host; close RET->fd. */
int boot_host_take(struct arena *arena, struct boot_host *ret, struct error *err) _must_check_;

/*
 * Does the steps, each told to TELL ("writes /etc/…", or the line) before.
 * Doing them again is harmless. The first that fails is the error.
 */
int boot_install(const struct boot_plan *plan, void (*tell)(void *context, const char *text), void *context, struct error *err) _must_check_;
int boot_remove(const struct boot_plan *plan, void (*tell)(void *context, const char *text), void *context, struct error *err) _must_check_;

#endif
