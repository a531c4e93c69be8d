/* SPDX-License-Identifier: Apache-2.0 */
/* features: what this runtime can do, as runtime-spec's features.md wants it told; from the tables that the decoder reads. */
#include "base/json.h"
#include "host/seccomp.h"
#include "host/seccomp_arch.h"
#include "runtime/program/program.h"
#include "spec/mount_options.h"
#include "spec/names.h"
#include "spec/state.h"

static void write_names(struct json_writer *w, const char *key, enum spec_names set)
{
	const char *name;

	json_write_open(w, key, '[');
	for (size_t i = 0; (name = spec_name_at(set, i, NULL)); i++)
		json_write_string(w, NULL, name);
	json_write_close(w, ']');
}

static void write_mount_options(struct json_writer *w)
{
	const char *name;

	json_write_open(w, "mountOptions", '[');
	for (size_t i = 0; (name = spec_mount_option_name(i)); i++)
		json_write_string(w, NULL, name);
	json_write_close(w, ']');
}

static void write_enabled(struct json_writer *w, const char *key)
{
	json_write_open(w, key, '{');
	json_write_bool(w, "enabled", true);
	json_write_close(w, '}');
}

static void write_seccomp(struct json_writer *w)
{
	const char *name;
	uint32_t value;

	json_write_open(w, "seccomp", '{');
	json_write_bool(w, "enabled", true);
	write_names(w, "actions", SPEC_SECCOMP_ACTIONS);
	write_names(w, "operators", SPEC_SECCOMP_OPERATORS);
	json_write_open(w, "archs", '[');
	for (size_t i = 0; (name = spec_name_at(SPEC_SECCOMP_ARCHITECTURES, i, &value)); i++)
		if (seccomp_arch_find(value))
			json_write_string(w, NULL, name);
	json_write_close(w, ']');
	write_names(w, "knownFlags", SPEC_SECCOMP_FLAGS);
	json_write_open(w, "supportedFlags", '[');
	for (size_t i = 0; (name = spec_name_at(SPEC_SECCOMP_FLAGS, i, &value)); i++)
		if (seccomp_has_flag(value))
			json_write_string(w, NULL, name);
	json_write_close(w, ']');
	json_write_close(w, '}');
}

static void write_cgroup(struct json_writer *w)
{
	json_write_open(w, "cgroup", '{');
	json_write_bool(w, "v1", true);
	json_write_bool(w, "v2", true);
	json_write_bool(w, "systemd", false);
	json_write_bool(w, "systemdUser", false);
	json_write_bool(w, "rdma", true);
	json_write_close(w, '}');
}

static void write_linux(struct json_writer *w)
{
	json_write_open(w, "linux", '{');
	write_names(w, "namespaces", SPEC_NAMESPACES);
	write_names(w, "capabilities", SPEC_CAPABILITIES);
	write_cgroup(w);
	write_seccomp(w);
	write_enabled(w, "apparmor");
	write_enabled(w, "selinux");
	json_write_open(w, "intelRdt", '{');
	json_write_bool(w, "enabled", true);
	json_write_bool(w, "schemata", true);
	json_write_bool(w, "monitoring", true);
	json_write_close(w, '}');
	json_write_open(w, "memoryPolicy", '{');
	write_names(w, "modes", SPEC_MEMORY_MODES);
	write_names(w, "flags", SPEC_MEMORY_FLAGS);
	json_write_close(w, '}');
	json_write_open(w, "mountExtensions", '{');
	write_enabled(w, "idmap");
	json_write_close(w, '}');
	write_enabled(w, "netDevices");
	json_write_close(w, '}');
}

static int run_features(struct call *call _unused_, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text, .indent = 4 };

	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ociVersionMin", "1.0.0");
	json_write_string(&w, "ociVersionMax", SPEC_OCI_VERSION);
	write_names(&w, "hooks", SPEC_HOOKS);
	write_mount_options(&w);
	write_linux(&w);
	json_write_open(&w, "annotations", '{');
	json_write_string(&w, "bivy.runtime.version", BIVY_VERSION);
	json_write_string(&w, "bivy.runtime.checkpoint.enabled", "false");
	json_write_close(&w, '}');
	json_write_open(&w, "potentiallyUnsafeConfigAnnotations", '[');
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	buf_add_char(&text, '\n');
	return program_print(&text, err);
}

const struct verb verb_features = {
	.command = {
		.name = "features",
		.summary = "print what this runtime supports, as JSON",
		.description = "The document follows features.md of the OCI runtime specification. Of seccomp flags, those under supportedFlags are known to "
			"the running kernel.",
	},
	.properties = VERB_ABOUT_PROGRAM,
	.run = run_features,
};
