/* SPDX-License-Identifier: Apache-2.0 */
/* A host, and who asks about it, as the checks of `bivy doctor` see them; and what checks are made of. */
#ifndef BIVY_ENGINE_DOCTOR_SUBJECT_H
#define BIVY_ENGINE_DOCTOR_SUBJECT_H

#include "base/str.h"
#include "engine/doctor.h"
#include "engine/info.h"
#include "host/cgroup_world.h"
#include "host/feature_probe.h"

#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

struct doctor_subject {
	struct arena *arena;
	int host_fd; /* of the host's root directory; a fixture's in tests */
	const struct directories *directories;

	/* Who asks. */
	unsigned uid, gid;
	const char *user;              /* name, or NULL: the user has none */
	const char *runtime_directory; /* $XDG_RUNTIME_DIR, or NULL */
	const char *config_home;       /* $XDG_CONFIG_HOME or what stands for it; or NULL */
	const char *program;           /* our own, as it can be called: "/usr/bin/bivy" */
	bool has_no_new_privileges;    /* prctl(2): setuid programs give none */
	unsigned long open_files, open_files_hard, processes; /* limits, getrlimit(2) */

	/* The kernel, by trying. */
	const char *kernel; /* its release */
	struct features features;
	int idmapped; /* feature_probe_idmapped() of the root directory; FEATURE_NOT_TRIED for users */
	struct cgroup_world cgroups;
	struct info_report info;
	time_t now;

	/* What cannot be in a fixture, and so is not asked of one. */
	bool is_live;
};

/* All of it as it is here; doctor_subject_done() releases what is not in the arena. */
int doctor_subject_take(struct arena *arena, const struct directories *directories, struct doctor_subject *ret, struct error *err) _must_check_;
void doctor_subject_done(struct doctor_subject *subject);
#define _cleanup_doctor_subject_ _cleanup_(doctor_subject_done)

/* ---- looking; PATH is absolute, and looked up in the subject's host ------------------------ */

/* The text of a small file without its last line break, or NULL. */
const char *doctor_read(const struct doctor_subject *subject, const char *path);
/* The number that it says (in decimal), or -1. */
int64_t doctor_read_number(const struct doctor_subject *subject, const char *path);
bool doctor_exists(const struct doctor_subject *subject, const char *path);
bool doctor_stat(const struct doctor_subject *subject, const char *path, struct stat *ret);
/* Where the program NAME is among the directories that have programs, in the arena; or NULL. */
const char *doctor_find_program(const struct doctor_subject *subject, const char *name);
bool doctor_has_systemd(const struct doctor_subject *subject); /* it runs the host: sd_booted(3) */

/* ---- lines ------------------------------------------------------------------------------------ */

/* COMMAND for a shell, as root: as it is for root, by sudo, doas or su for others. It must have no "'". */
const char *doctor_as_root(const struct doctor_subject *subject, const char *command);
/* Sets a sysctl ("net.ipv4.ip_forward") now and at each boot. VALUE has no "'" and no blank that matters. */
const char *doctor_set_sysctl(const struct doctor_subject *subject, const char *name, const char *value);
/* Loads a module of the kernel now and at each boot. */
const char *doctor_load_module(const struct doctor_subject *subject, const char *module);
/* COMMAND of our own program, with the options that name the directories where that is needed. */
const char *doctor_own_line(const struct doctor_subject *subject, const char *command);
/* The user's name, or number. */
const char *doctor_user(const struct doctor_subject *subject);
/* TEXT for a shell: as it is, or quoted. */
const char *doctor_quote(const struct doctor_subject *subject, const char *text);

/* ---- checks ------------------------------------------------------------------------------------- */

enum doctor_audience { DOCTOR_ROOT = 1 << 0, DOCTOR_USER = 1 << 1, DOCTOR_ALL = DOCTOR_ROOT | DOCTOR_USER };

struct doctor_outcome;

struct doctor_check {
	const char *name, *purpose;
	unsigned audience; /* enum doctor_audience: for others there is nothing to say */
	/* Says one thing at least, unless it does not concern this host. */
	void (*run)(const struct doctor_subject *subject, struct doctor_outcome *out);
};

struct doctor_group {
	const char *name;
	const struct doctor_check *checks;
	size_t count;
};

/* Adds what is found. FIX may be NULL. */
void doctor_say(struct doctor_outcome *out, enum doctor_verdict verdict, const char *fix, const char *format, ...) _printf_(4, 5);
/* The same; the line is for a person to type. */
void doctor_say_by_hand(struct doctor_outcome *out, enum doctor_verdict verdict, const char *fix, const char *format, ...) _printf_(4, 5);

extern const struct doctor_group doctor_kernel, doctor_cgroups, doctor_ids, doctor_packages, doctor_places, doctor_settings, doctor_network,
	doctor_state;

/* All groups in their order: runs the checks called ONLY, or all, on SUBJECT; how many there were. */
size_t doctor_run(const struct doctor_subject *subject, const char *only, struct doctor_report *ret);

#endif
