/* SPDX-License-Identifier: Apache-2.0 */
/* version, info: what clients ask first; _ping is answered by bivy-http. */
#include "api/routes.h"
#include "engine/counts.h"
#include "engine/info.h"
#include "host/user_namespace.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

/* ---- version ----------------------------------------------------------------------- */

/* As Go calls it. */
static const char *architecture(const char *machine)
{
	if (str_equal(machine, "x86_64"))
		return "amd64";
	return str_equal(machine, "aarch64") ? "arm64" : machine;
}

static void write_api_version(struct json_writer *w, const char *key, int minor)
{
	_cleanup_free_ char *text = str_printf("1.%d", minor);

	json_write_string(w, key, text);
}

static void write_platform(struct json_writer *w)
{
	json_write_open(w, "Platform", '{');
	json_write_string(w, "Name", "bivy");
	json_write_close(w, '}');
}

static void write_details(struct json_writer *w, const struct utsname *system)
{
	write_api_version(w, "ApiVersion", API_VERSION_MOST);
	json_write_string(w, "Arch", architecture(system->machine));
	json_write_string(w, "GitCommit", "");
	json_write_string(w, "GoVersion", "");
	json_write_string(w, "KernelVersion", system->release);
	write_api_version(w, "MinAPIVersion", API_VERSION_LEAST);
	json_write_string(w, "Os", "linux");
}

int api_version(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct utsname system;

	uname(&system);
	json_write_open(&w, NULL, '{');
	write_platform(&w);
	json_write_string(&w, "Version", BIVY_VERSION);
	write_details(&w, &system);
	json_write_open(&w, "Components", '[');
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "Name", "Engine");
	json_write_string(&w, "Version", BIVY_VERSION);
	json_write_open(&w, "Details", '{');
	write_details(&w, &system);
	json_write_string(&w, "Experimental", "false");
	json_write_close(&w, '}');
	json_write_close(&w, '}');
	json_write_close(&w, ']');
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}

/* ---- info ---------------------------------------------------------------------------------------- */

static bool has_controller(const struct info_report *report, const char *name)
{
	for (size_t i = 0; i < report->controller_count; i++)
		if (str_equal(report->controllers[i].name, name))
			return true;
	return false;
}

static void write_counts(struct json_writer *w, const struct directories *directories)
{
	const struct counts counts = counts_take(directories);

	json_write_uint(w, "Containers", counts.containers);
	json_write_uint(w, "ContainersRunning", counts.running);
	json_write_uint(w, "ContainersPaused", counts.paused);
	json_write_uint(w, "ContainersStopped", counts.stopped);
	json_write_uint(w, "Images", counts.images);
}

static void write_list(struct json_writer *w, const char *key, const char *const *words)
{
	json_write_open(w, key, '[');
	for (; *words; words++)
		json_write_string(w, NULL, *words);
	json_write_close(w, ']');
}

static void write_plugins(struct json_writer *w)
{
	json_write_open(w, "Plugins", '{');
	write_list(w, "Volume", (const char *const[]){ "local", NULL });
	write_list(w, "Network", (const char *const[]){ "bridge", "host", "ipvlan", "macvlan", "null", NULL });
	json_write_null(w, "Authorization");
	write_list(w, "Log", (const char *const[]){ "journald", "json-file", "local", "none", "passthrough", NULL });
	json_write_close(w, '}');
}

/* What limits the kernel of this host can hold a container to. */
static void write_limits(struct json_writer *w, const struct info_report *report)
{
	bool memory = has_controller(report, "memory"), cpu = has_controller(report, "cpu");

	json_write_bool(w, "MemoryLimit", memory);
	json_write_bool(w, "SwapLimit", memory && get_nprocs() > 0 && access("/proc/swaps", R_OK) == 0);
	json_write_bool(w, "CpuCfsPeriod", cpu);
	json_write_bool(w, "CpuCfsQuota", cpu);
	json_write_bool(w, "CPUShares", cpu);
	json_write_bool(w, "CPUSet", has_controller(report, "cpuset"));
	json_write_bool(w, "PidsLimit", has_controller(report, "pids"));
	json_write_bool(w, "OomKillDisable", memory && report->cgroup_mode != INFO_CGROUPS_V2);
	json_write_bool(w, "IPv4Forwarding", true);
}

static void write_host(struct json_writer *w, const struct info_report *report)
{
	struct sysinfo memory = { 0 };
	struct utsname system;
	char now[64];
	time_t seconds = time(NULL);
	struct tm tm;

	uname(&system);
	sysinfo(&memory);
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	json_write_string(w, "SystemTime", now);
	json_write_string(w, "LoggingDriver", API_LOG_DRIVER);
	json_write_string(w, "CgroupDriver", "cgroupfs");
	json_write_string(w, "CgroupVersion", report->cgroup_mode == INFO_CGROUPS_V2 ? "2" : "1");
	json_write_string(w, "KernelVersion", report->kernel);
	json_write_string(w, "OperatingSystem", report->distribution ? report->distribution : "Linux");
	json_write_string(w, "OSVersion", report->distribution_version ? report->distribution_version : "");
	json_write_string(w, "OSType", "linux");
	json_write_string(w, "Architecture", report->machine);
	json_write_int(w, "NCPU", get_nprocs());
	json_write_uint(w, "MemTotal", (uint64_t)memory.totalram * memory.mem_unit);
	json_write_string(w, "Name", system.nodename);
}

static void write_registries(struct json_writer *w)
{
	json_write_string(w, "IndexServerAddress", "https://index.docker.io/v1/");
	json_write_open(w, "RegistryConfig", '{');
	write_list(w, "InsecureRegistryCIDRs", (const char *const[]){ "::1/128", "127.0.0.0/8", NULL });
	json_write_open(w, "IndexConfigs", '{');
	json_write_open(w, "docker.io", '{');
	json_write_string(w, "Name", "docker.io");
	write_list(w, "Mirrors", (const char *const[]){ NULL });
	json_write_bool(w, "Secure", true);
	json_write_bool(w, "Official", true);
	json_write_close(w, '}');
	json_write_close(w, '}');
	write_list(w, "Mirrors", (const char *const[]){ NULL });
	json_write_close(w, '}');
}

static void write_runtimes(struct json_writer *w)
{
	json_write_open(w, "Runtimes", '{');
	json_write_open(w, "bivy-runtime", '{');
	json_write_string(w, "path", "bivy-runtime");
	json_write_close(w, '}');
	json_write_close(w, '}');
	json_write_string(w, "DefaultRuntime", "bivy-runtime");
	json_write_string(w, "InitBinary", "bivy-init");
}

static void write_swarm(struct json_writer *w)
{
	json_write_open(w, "Swarm", '{');
	json_write_string(w, "NodeID", "");
	json_write_string(w, "NodeAddr", "");
	json_write_string(w, "LocalNodeState", "inactive");
	json_write_bool(w, "ControlAvailable", false);
	json_write_string(w, "Error", "");
	json_write_null(w, "RemoteManagers");
	json_write_close(w, '}');
}

static void write_security(struct json_writer *w, const struct info_report *report)
{
	json_write_open(w, "SecurityOptions", '[');
	if (report->has_apparmor)
		json_write_string(w, NULL, "name=apparmor");
	if (report->has_seccomp)
		json_write_string(w, NULL, "name=seccomp,profile=builtin");
	if (!user_namespace_is_first())
		json_write_string(w, NULL, "name=rootless");
	json_write_string(w, NULL, "name=userns");
	json_write_string(w, NULL, "name=cgroupns");
	json_write_close(w, ']');
}

static void write_driver(struct json_writer *w, const struct info_report *report)
{
	json_write_string(w, "Driver", "overlay");
	json_write_open(w, "DriverStatus", '[');
	json_write_open(w, NULL, '[');
	json_write_string(w, NULL, "idmapped mounts");
	json_write_string(w, NULL, report->has_idmapped_mounts ? "true" : "false");
	json_write_close(w, ']');
	json_write_close(w, ']');
}

int api_info(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf document = BUF_INIT;
	struct json_writer w = { .out = &document };
	struct info_report report;
	int r = info_gather(call->arena, &report, err);

	if (r < 0)
		return r;
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "ID", call->directories->root);
	write_counts(&w, call->directories);
	write_driver(&w, &report);
	json_write_string(&w, "DockerRootDir", call->directories->root);
	write_plugins(&w);
	write_limits(&w, &report);
	json_write_bool(&w, "Debug", false);
	write_host(&w, &report);
	write_registries(&w);
	json_write_null(&w, "GenericResources");
	write_list(&w, "Labels", (const char *const[]){ NULL });
	json_write_bool(&w, "ExperimentalBuild", false);
	json_write_string(&w, "ServerVersion", BIVY_VERSION);
	write_runtimes(&w);
	write_swarm(&w);
	json_write_bool(&w, "LiveRestoreEnabled", true);
	json_write_string(&w, "Isolation", "");
	write_security(&w, &report);
	write_list(&w, "Warnings", (const char *const[]){ NULL });
	json_write_close(&w, '}');
	return api_reply_json(call, 200, &document, err);
}
