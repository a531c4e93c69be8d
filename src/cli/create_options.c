/* SPDX-License-Identifier: Apache-2.0 */
/* The table. What comes of it: create_decode.c. */
#include "cli/create_options.h"
#include "cli/value_word.h"

const struct create_request create_defaults = {
	.resources = { .host.read_only_tmpfs = true, .memory_swap = RESOURCE_NOT_GIVEN, .memory_swappiness = RESOURCE_NOT_GIVEN,
		.pids_limit = RESOURCE_NOT_GIVEN },
	.umask = UINT32_MAX,
	.stop_timeout_s = RESOURCE_NOT_GIVEN,
	.oom_score = RESOURCE_NOT_GIVEN,
	.signal_proxy = true,
};

/* --systemd, alone or with a word. */
static int parse_systemd(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { "always", "true", "false", NULL };

	if (value && value_check_word(value, words, err) < 0)
		return -EINVAL;
	*(const char **)target = value ? value : words[0];
	return 0;
}

/* --explain, alone or with a word. */
static int parse_explain(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { "steps", "shell", "true", "false", NULL };

	if (value && value_check_word(value, words, err) < 0)
		return -EINVAL;
	*(const char **)target = !value || str_equal(value, "true") ? words[0] : str_equal(value, "false") ? NULL : value;
	return 0;
}

#define AT(member) offsetof(struct create_request, member)
#define HOST(member) offsetof(struct create_request, resources.host.member)

/* Grouped by what they are about. Those of `run` alone come first: the rest is the table of `create`. */
const struct option_entry run_entries[] = {
	{ "detach", 'd', OPTION_FLAG, 0, AT(detach), NULL, "leave it running in the background and print its id" },
	{ "detach-keys", 0, OPTION_STRING, 0, AT(detach_keys), "KEYS", "keys that leave it running; default: ctrl-p,ctrl-q" },
	{ "sig-proxy", 0, OPTION_FLAG, 0, AT(signal_proxy), NULL, "default: true; pass signals on to it" },
	{ "rmi", 0, OPTION_FLAG, 0, AT(remove_image), NULL, "as --rm, and remove the image if nothing else uses it" },
	{ "explain", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(explain), "FORM", "tell each step of the start, in the kernel's words: steps (alone) as they happen, shell: print a script in place of a start",
		.parse = parse_explain },
	TIMING_ENTRY(AT(timing)),
	/* its name, and what becomes of it */
	{ "name", 0, OPTION_STRING, 0, AT(name), "NAME", "what it is called; default: two words of our choice" },
	{ "replace", 0, OPTION_FLAG, 0, AT(replace), NULL, "remove a container of the same name first" },
	{ "rm", 0, OPTION_FLAG, 0, HOST(auto_remove), NULL, "remove it when it has ended" },
	{ "cidfile", 0, OPTION_STRING, OPTION_FILE, HOST(id_file), "FILE", "write its id there; the file must not exist" },
	{ "label", 'l', OPTION_LIST, 0, AT(labels), "NAME=VALUE", "give it a label" },
	{ "label-file", 0, OPTION_LIST, OPTION_FILE, AT(label_files), "FILE", "give it the labels in the lines of a file" },
	{ "annotation", 0, OPTION_LIST, 0, AT(annotations), "NAME=VALUE", "add an annotation to its OCI configuration" },
	{ "requires", 0, OPTION_LIST, 0, HOST(requires), "CONTAINER", "start that container first" },
	/* its image */
	{ "pull", 0, OPTION_STRING, 0, AT(pull), "always|missing|never|newer", "when the image is pulled before; default: missing" },
	{ "platform", 0, OPTION_STRING, 0, AT(platform), "OS/ARCH", "which of an image for several; default: this machine's" },
	{ "quiet", 'q', OPTION_FLAG, 0, AT(quiet), NULL, "do not show the progress of a pull" },
	{ "rootfs", 0, OPTION_FLAG, 0, AT(rootfs), NULL, "the operand is a directory in place of an image; behind DIR:O nothing is written to it" },
	/* its process */
	{ "entrypoint", 0, OPTION_STRING, 0, AT(entrypoint), "COMMAND", "run that in place of the image's; \"\" for none" },
	{ "env", 'e', OPTION_LIST, 0, AT(env), "NAME=VALUE", "set a variable; without a value to what it is here" },
	{ "env-file", 0, OPTION_LIST, OPTION_FILE, AT(env_files), "FILE", "set the variables in the lines of a file" },
	{ "env-host", 0, OPTION_FLAG, 0, HOST(env_host), NULL, "set all variables as they are here" },
	{ "unsetenv", 0, OPTION_LIST, 0, AT(config.unset_env), "NAME", "without this variable of the image" },
	{ "unsetenv-all", 0, OPTION_FLAG, 0, AT(config.unset_env_all), NULL, "without all variables of the image" },
	{ "workdir", 'w', OPTION_STRING, 0, AT(config.working_directory), "DIR", "the directory it starts in" },
	{ "user", 'u', OPTION_STRING, 0, AT(config.user), "USER[:GROUP]", "who it is, names or numbers" },
	{ "group-add", 0, OPTION_LIST, 0, HOST(group_add), "GROUP", "make it a member of another group" },
	{ "umask", 0, OPTION_CALLBACK, 0, AT(umask), "MASK", "its umask; default: 0022", .parse = value_umask_parse },
	{ "tz", 0, OPTION_STRING, 0, AT(config.timezone), "ZONE", "its time zone, or local" },
	{ "init", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(init), "CHOICE", "start it below a small init that passes signals on and reaps",
	  .parse = option_parse_choice },
	{ "systemd", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(config.systemd), "WHEN",
	  "prepare it for a whole system: always (without WHEN), true if the command is an init (default), false", .parse = parse_systemd },
	{ "preserve-fds", 0, OPTION_INT, 0, HOST(preserve_fds), "N", "hand on N descriptors from 3 on", 0, 1024 },
	{ "preserve-fd", 0, OPTION_LIST, 0, HOST(preserve_fd), "FD", "hand on this descriptor" },
	{ "personality", 0, OPTION_STRING, 0, HOST(personality), "NAME", "its execution domain, such as LINUX32" },
	/* its streams */
	{ "interactive", 'i', OPTION_FLAG, 0, AT(config.open_stdin), NULL, "keep its standard input open" },
	{ "tty", 't', OPTION_FLAG, 0, AT(config.tty), NULL, "give it a terminal" },
	{ "attach", 'a', OPTION_LIST, 0, AT(attach), "stdin|stdout|stderr", "connect this stream alone" },
	{ "log-driver", 0, OPTION_STRING, 0, HOST(log_driver), "local|json-file|journald|none|passthrough", "what keeps its output; default: local" },
	{ "log-opt", 0, OPTION_LIST, 0, AT(log_options), "NAME=VALUE", "an option of the log driver" },
	/* its end */
	{ "stop-signal", 0, OPTION_STRING, 0, AT(config.stop_signal), "SIGNAL", "what `stop` sends; default: SIGTERM" },
	{ "stop-timeout", 0, OPTION_INT, 0, AT(stop_timeout_s), "SECONDS", "how long `stop` waits before it kills; -1: for ever", -1, INT64_MAX },
	{ "timeout", 0, OPTION_INT, 0, AT(config.timeout_s), "SECONDS", "kill it after that time", 0, INT64_MAX },
	/* its health */
	{ "health-cmd", 0, OPTION_STRING, 0, AT(health.command), "COMMAND", "check its health with it" },
	{ "health-interval", 0, OPTION_CALLBACK, 0, AT(health.interval_ns), "TIME", "between two checks; default: 30s", .parse = value_duration_parse },
	{ "health-timeout", 0, OPTION_CALLBACK, 0, AT(health.timeout_ns), "TIME", "for one check; default: 30s", .parse = value_duration_parse },
	{ "health-retries", 0, OPTION_INT, 0, AT(health.retries), "N", "failures in a row that make it unhealthy; default: 3", 0, INT32_MAX },
	{ "health-start-period", 0, OPTION_CALLBACK, 0, AT(health.start_period_ns), "TIME", "at its start, while failures do not count",
	  .parse = value_duration_parse },
	{ "health-start-interval", 0, OPTION_CALLBACK, 0, AT(health.start_interval_ns), "TIME", "between two checks in that time; default: 5s",
	  .parse = value_duration_parse },
	{ "health-on-failure", 0, OPTION_CALLBACK, 0, AT(config.health_on_failure), "none|kill|restart|stop", "what is done when it is unhealthy",
	  .parse = value_health_action_parse },
	{ "health-startup-cmd", 0, OPTION_STRING, 0, AT(startup_health.command), "COMMAND", "until it succeeds no other check is made" },
	{ "health-startup-interval", 0, OPTION_CALLBACK, 0, AT(startup_health.interval_ns), "TIME", "between two of those", .parse = value_duration_parse },
	{ "health-startup-timeout", 0, OPTION_CALLBACK, 0, AT(startup_health.timeout_ns), "TIME", "for one of those", .parse = value_duration_parse },
	{ "health-startup-retries", 0, OPTION_INT, 0, AT(startup_health.retries), "N", "failures of those that end it", 0, INT32_MAX },
	{ "health-startup-success", 0, OPTION_INT, 0, AT(config.startup_successes), "N", "successes of those that it takes", 0, INT32_MAX },
	{ "no-healthcheck", 0, OPTION_FLAG, 0, AT(no_health_check), NULL, "without the image's check of health" },
	/* its files */
	{ "volume", 'v', OPTION_LIST, 0, AT(volumes), "[SOURCE:]DIR[:OPTIONS]", "mount a path of the host, or a volume by its name" },
	{ "mount", 0, OPTION_LIST, 0, AT(mounts), "KEY=VALUE,…", "mount a bind, volume or tmpfs: type, source, target, readonly, …" },
	{ "tmpfs", 0, OPTION_LIST, 0, AT(tmpfs), "DIR[:OPTIONS]", "mount a file system in memory" },
	{ "volumes-from", 0, OPTION_LIST, 0, HOST(volumes_from), "CONTAINER[:ro]", "mount what that container has mounted" },
	{ "volume-driver", 0, OPTION_STRING, OPTION_HIDDEN, AT(volume_driver), "NAME", "local is the only one" },
	{ "read-only", 0, OPTION_FLAG, 0, HOST(read_only_root), NULL, "make its root read-only" },
	{ "read-only-tmpfs", 0, OPTION_FLAG, 0, HOST(read_only_tmpfs), NULL, "default: true; with --read-only keep /run, /tmp and /var/tmp writable in memory" },
	{ "secret", 0, OPTION_LIST, 0, AT(config.secrets), "NAME[,OPTIONS]", "give it a secret" },
	{ "device", 0, OPTION_LIST, 0, AT(devices), "HOST[:DEVICE][:rwm]", "give it a device of the host" },
	{ "device-cgroup-rule", 0, OPTION_LIST, 0, HOST(device_cgroup_rules), "RULE", "let it use more devices, such as \"c 42:* rwm\"" },
	{ "gpus", 0, OPTION_LIST, OPTION_HIDDEN, HOST(device_requests), "GPUS", "give it GPUs" },
	{ "shm-size", 0, OPTION_CALLBACK, 0, HOST(shm_size), "SIZE", "size of /dev/shm; default: 64m", .parse = value_shm_size_parse },
	{ "storage-opt", 0, OPTION_LIST, 0, AT(storage_options), "NAME=VALUE", "an option of its root, such as size=10G" },
	/* its network */
	{ "network", 0, OPTION_LIST, 0, AT(networks), "NETWORK[:OPTIONS]",
	  "none, host, container:NAME, ns:PATH or a network (bridge), which may have ip=, ip6=, mac=, alias=, interface_name=; may be repeated" },
	{ "net", 0, OPTION_LIST, OPTION_HIDDEN, AT(networks), "NETWORK", "--network" },
	{ "network-alias", 0, OPTION_LIST, 0, AT(network_aliases), "NAME", "another name in its network" },
	{ "net-alias", 0, OPTION_LIST, OPTION_HIDDEN, AT(network_aliases), "NAME", "--network-alias" },
	{ "ip", 0, OPTION_STRING, 0, AT(address), "IP", "its address in its network" },
	{ "ip6", 0, OPTION_STRING, 0, AT(address6), "IP", "its address of IP version 6" },
	{ "link-local-ip", 0, OPTION_LIST, 0, AT(link_local_addresses), "IP", "a link-local address besides" },
	{ "mac-address", 0, OPTION_STRING, 0, AT(mac_address), "MAC", "its hardware address; default: one that it keeps until it is stopped" },
	{ "link", 0, OPTION_LIST, 0, AT(links), "CONTAINER[:ALIAS]", "reach another container of its network by this name" },
	{ "net-limit", 0, OPTION_STRING, 0, HOST(net_limit), "RATE|down=RATE,up=RATE,priority=N", "limit what it receives and sends, such as 10mbit" },
	{ "publish", 'p', OPTION_LIST, 0, AT(publish), "[[IP:]PORT:]PORT[/PROTOCOL]", "make a port of it one of the host" },
	{ "publish-all", 'P', OPTION_FLAG, 0, HOST(publish_all), NULL, "make all exposed ports some of the host" },
	{ "expose", 0, OPTION_LIST, 0, AT(expose), "PORT[/PROTOCOL]", "say that it listens there" },
	{ "hostname", 'h', OPTION_STRING, 0, AT(config.hostname), "NAME", "its host name; default: the beginning of its id" },
	{ "domainname", 0, OPTION_STRING, 0, AT(config.domainname), "NAME", "its NIS domain name" },
	{ "add-host", 0, OPTION_LIST, 0, AT(hosts), "NAME:IP", "add a line to its /etc/hosts" },
	{ "no-hosts", 0, OPTION_FLAG, 0, HOST(no_hosts), NULL, "leave the image's /etc/hosts" },
	{ "dns", 0, OPTION_LIST, 0, HOST(dns), "IP", "a server for its /etc/resolv.conf" },
	{ "dns-option", 0, OPTION_LIST, 0, HOST(dns_options), "OPTION", "an option there" },
	{ "dns-opt", 0, OPTION_LIST, OPTION_HIDDEN, HOST(dns_options), "OPTION", "--dns-option" },
	{ "dns-search", 0, OPTION_LIST, 0, HOST(dns_search), "DOMAIN", "a domain to search there" },
	/* what holds it */
	{ "userns", 0, OPTION_STRING, 0, HOST(user_namespace), "MODE", "auto (default, ids of its own), keep-id, nomap, host, container:NAME, ns:PATH" },
	{ "uidmap", 0, OPTION_LIST, 0, HOST(uid_map), "INSIDE:OUTSIDE[:SIZE]", "map user ids by hand" },
	{ "gidmap", 0, OPTION_LIST, 0, HOST(gid_map), "INSIDE:OUTSIDE[:SIZE]", "map group ids by hand" },
	{ "pid", 0, OPTION_STRING, 0, HOST(pid_mode), "MODE", "process ids: private (default), host, container:NAME, ns:PATH" },
	{ "ipc", 0, OPTION_STRING, 0, HOST(ipc_mode), "MODE", "shared memory: private (default), shareable, none, host, container:NAME, ns:PATH" },
	{ "uts", 0, OPTION_STRING, 0, HOST(uts_mode), "MODE", "host name: private (default), host, container:NAME, ns:PATH" },
	{ "cgroupns", 0, OPTION_STRING, 0, HOST(cgroup_namespace), "MODE", "view of cgroups: private (default), host, container:NAME, ns:PATH" },
	{ "time-offset", 0, OPTION_LIST, 0, HOST(time_offset), "CLOCK=SECONDS", "move its monotonic or boottime clock" },
	{ "privileged", 0, OPTION_FLAG, 0, HOST(privileged), NULL, "give it all devices and capabilities: hardly any isolation is left" },
	{ "cap-add", 0, OPTION_LIST, 0, HOST(cap_add), "CAPABILITY", "give it one more capability, or ALL" },
	{ "cap-drop", 0, OPTION_LIST, 0, HOST(cap_drop), "CAPABILITY", "take one from it, or ALL" },
	{ "security-opt", 0, OPTION_LIST, 0, AT(security_options), "NAME[=VALUE]",
	  "seccomp=FILE, no-new-privileges, systempaths=unconfined, mask=PATHS, unmask=PATHS, apparmor=, label=" },
	{ "learn", 0, OPTION_STRING, OPTION_FILE, HOST(learn), "FILE",
	  "add what it uses to a profile: system calls, capabilities, paths that it writes, ports; it is slower meanwhile" },
	{ "profile", 0, OPTION_STRING, OPTION_FILE, HOST(profile_file), "FILE", "let it use no more than a profile says, which --learn has written" },
	{ "sysctl", 0, OPTION_LIST, 0, AT(sysctls), "NAME=VALUE", "set a parameter of its namespaces" },
	{ "ulimit", 0, OPTION_LIST, 0, AT(ulimits), "NAME=SOFT[:HARD]", "limit what each of its processes may take" },
	{ "cgroup-parent", 0, OPTION_STRING, 0, HOST(cgroup_parent), "PATH", "the cgroup that its own is made in; default: /bivy" },
	{ "cgroups", 0, OPTION_STRING, 0, HOST(cgroups), "enabled|disabled|no-conmon|split", "whether and where it has a cgroup" },
	{ "cgroup-conf", 0, OPTION_LIST, 0, AT(cgroup_conf), "FILE=VALUE", "write to a file of its cgroup" },
	{ "rdt-class", 0, OPTION_STRING, 0, HOST(rdt_class), "NAME", "its class of caches and memory bandwidth" },
	{ "runtime", 0, OPTION_STRING, OPTION_HIDDEN, HOST(runtime), "NAME", "the OCI runtime" },
	{ "isolation", 0, OPTION_STRING, OPTION_HIDDEN, HOST(isolation), "NAME", "default" },
	{ "disable-content-trust", 0, OPTION_FLAG, OPTION_HIDDEN, AT(disable_content_trust), NULL, "passed over" },
	/* what it may take */
	RESOURCE_ENTRIES(struct create_request, resources),
	{ "oom-kill-disable", 0, OPTION_FLAG, 0, HOST(oom_kill_disable), NULL, "let it wait when its memory is out (cgroup version 1)" },
	{ "oom-score-adj", 0, OPTION_INT, 0, AT(oom_score), "N", "how likely it is killed when the host's memory is out, -1000 to 1000", -1000, 1000 },
	{ "cpu-count", 0, OPTION_STRING, OPTION_HIDDEN, AT(windows_text), "N", "of Windows" },
	{ "cpu-percent", 0, OPTION_STRING, OPTION_HIDDEN, AT(windows_text), "N", "of Windows" },
	{ "io-maxbandwidth", 0, OPTION_STRING, OPTION_HIDDEN, AT(windows_text), "SIZE", "of Windows" },
	{ "io-maxiops", 0, OPTION_STRING, OPTION_HIDDEN, AT(windows_text), "N", "of Windows" },
	{ 0 },
};
