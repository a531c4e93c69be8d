/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/create_options.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char *environment[] = { (char *)"HOME=/root", (char *)"TERM=dumb", NULL };
static const struct create_place place = { "/home/me", environment };

static const struct options_command command = {
	.name = "run", .operands = "IMAGE [COMMAND…]", .summary = "runs", .entries = run_entries, .properties = OPTIONS_STOP_AT_OPERAND,
	.minimum_operands = 1, .maximum_operands = OPTIONS_ANY_NUMBER,
};

/* A command line and what came of it. */
struct line {
	struct arena *arena;
	char *args[128];
	struct create_request request;
	struct spec_container container;
	const char *warning;
	struct error err;
};

static void done(struct line *line)
{
	options_done(&command, &line->request);
	arena_free(line->arena);
	line->arena = NULL;
}

/* WORDS are parted by blanks; "_" stands for an empty one. */
static int decode(struct line *line, const char *words)
{
	struct options_result result;
	char *text, *save = NULL;
	size_t count = 0;
	int r;

	if (line->arena)
		done(line);
	*line = (struct line){ .arena = arena_new(), .request = create_defaults };
	text = arena_strdup(line->arena, words);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		line->args[count++] = str_equal(word, "_") ? arena_strdup(line->arena, "") : word;
	r = options_parse(&command, line->args, &line->request, &result, &line->err);
	return r < 0 ? r : create_decode(line->arena, &line->request, result.operands, &place, &line->container, &line->warning, &line->err);
}

static void assert_decodes(struct line *line, const char *words)
{
	if (decode(line, words) < 0)
		fail_msg("'%s': %s", words, line->err.message);
}

static void test_the_least(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_container *c = &line.container;

	assert_decodes(&line, "debian");
	assert_string_equal(c->config.image, "debian");
	assert_null(c->name);
	assert_null(c->config.command);
	assert_null(c->config.entrypoint);
	assert_null(c->config.env);
	assert_null(c->host.network_mode);
	assert_true(!c->config.attach_stdin && c->config.attach_stdout && c->config.attach_stderr);
	assert_true(!c->config.has_umask && !c->config.has_stop_timeout && !c->host.has_pids_limit && !c->host.has_oom_score && !c->host.has_init);
	assert_true(c->host.read_only_tmpfs);
	assert_int_equal(c->host.memory_swap, 0);
	done(&line);
}

static void test_process_and_streams(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_container_config *config = &line.container.config;

	assert_decodes(&line, "-it --rm --name web -w /srv -u 5:6 --umask 27 --stop-signal INT --stop-timeout -1 -e A=1 -e HOME -e NOT --init "
			      "--systemd debian sh -c -x");
	assert_string_equal(line.container.name, "web");
	assert_string_equal(config->command[0], "sh");
	assert_string_equal(config->command[2], "-x");
	assert_string_equal(config->env[0], "A=1");
	assert_string_equal(config->env[1], "HOME=/root");
	assert_null(config->env[2]);
	assert_true(config->tty && config->open_stdin && config->stdin_once && config->attach_stdin);
	assert_true(config->has_umask && config->umask == 027);
	assert_true(config->has_stop_timeout && config->stop_timeout_s == -1);
	assert_string_equal(config->systemd, "always");
	assert_true(line.container.host.auto_remove && line.container.host.has_init && line.container.host.init);

	assert_decodes(&line, "--init=false debian");
	assert_true(line.container.host.has_init && !line.container.host.init);
	assert_decodes(&line, "-di debian");
	assert_true(config->open_stdin && !config->stdin_once && !config->attach_stdin && !config->attach_stdout && config->has_attach_stdin);
	assert_decodes(&line, "-i -a STDOUT debian");
	assert_true(!config->attach_stdin && config->attach_stdout && !config->attach_stderr);
	assert_decodes(&line, "--env-host -e TERM=xterm debian");
	assert_string_equal(config->env[0], "HOME=/root");
	assert_string_equal(config->env[1], "TERM=xterm");
	done(&line);
}

static void test_entrypoint_and_root(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_container_config *config = &line.container.config;

	assert_decodes(&line, "--entrypoint /bin/sh debian");
	assert_string_equal(config->entrypoint[0], "/bin/sh");
	assert_null(config->entrypoint[1]);
	assert_decodes(&line, "--entrypoint _ debian");
	assert_non_null(config->entrypoint);
	assert_null(config->entrypoint[0]);
	assert_decodes(&line, "--entrypoint [\"a\",\"b\"] debian");
	assert_string_equal(config->entrypoint[0], "a");
	assert_string_equal(config->entrypoint[1], "b");
	assert_null(config->entrypoint[2]);

	assert_decodes(&line, "--rootfs ./root:O true");
	assert_null(config->image);
	assert_string_equal(line.container.host.rootfs_path, "/home/me/root");
	assert_true(line.container.host.rootfs_overlay);
	assert_string_equal(config->command[0], "true");
	done(&line);
}

static void test_networks(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_host_config *host = &line.container.host;

	assert_decodes(&line, "--network front:ip=10.0.0.2,alias=a --net name=back,gw-priority=2 --network-alias b --ip6 FD00:0::2 --link db debian");
	assert_string_equal(host->network_mode, "front");
	assert_int_equal(host->endpoint_count, 2);
	assert_string_equal(host->endpoints[0].ipv4, "10.0.0.2");
	assert_string_equal(host->endpoints[0].ipv6, "fd00::2");
	assert_string_equal(host->endpoints[0].aliases[1], "b");
	assert_string_equal(host->endpoints[0].links[0], "db:db");
	assert_string_equal(host->endpoints[1].network, "back");
	assert_int_equal(host->endpoints[1].gateway_priority, 2);
	/* The default network is the engine's to name. */
	assert_decodes(&line, "--ip 10.0.0.2 debian");
	assert_int_equal(host->endpoint_count, 1);
	assert_null(host->endpoints[0].network);
	assert_null(host->network_mode);
	assert_decodes(&line, "--network default debian");
	assert_int_equal(host->endpoint_count, 1);
	assert_null(host->network_mode);
	assert_decodes(&line, "--network container:db debian");
	assert_string_equal(host->network_mode, "container:db");
	assert_int_equal(host->endpoint_count, 0);
	done(&line);
}

static void test_the_hosts_side(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_host_config *host = &line.container.host;

	assert_decodes(&line, "-m 64m --memory-swap -1 --cpus 0.5 --pids-limit 0 --oom-score-adj -5 --device-read-bps /dev/a:1k --restart on-failure:3 "
			      "-v ./x:/x:ro -v data:/data --mount type=tmpfs,dst=/t --tmpfs /u -p 8080-8081:80-81 --expose 99 --device /dev/fuse "
			      "--ulimit nofile=5 --add-host a:1.2.3.4 --security-opt no-new-privileges --sysctl a.b=1 --log-opt max-size=5m "
			      "--cgroup-conf memory.high=5 --cap-add NET_ADMIN --network none --preserve-fd 5 --read-only-tmpfs=false debian");
	assert_int_equal(host->memory, 64 << 20);
	assert_int_equal(host->memory_swap, -1);
	assert_int_equal(host->nano_cpus, 500000000);
	assert_true(host->has_pids_limit && host->pids_limit == -1);
	assert_true(host->has_oom_score && host->oom_score == -5);
	assert_int_equal(host->blkio_rate_count[THROTTLE_READ_BPS], 1);
	assert_int_equal(host->blkio_rates[THROTTLE_READ_BPS][0].rate, 1024);
	assert_int_equal(host->blkio_rate_count[THROTTLE_WRITE_BPS], 0);
	assert_string_equal(host->restart_policy, "on-failure");
	assert_int_equal(host->restart_maximum, 3);
	assert_int_equal(host->mount_count, 4);
	assert_string_equal(host->mounts[0].source, "/home/me/x");
	assert_int_equal(host->port_count, 1);
	assert_string_equal(host->ports[0].port, "80-81");
	assert_string_equal(line.container.config.exposed_ports[0], "99/tcp");
	assert_int_equal(host->device_count, 1);
	assert_int_equal(host->ulimits[0].hard, 5);
	assert_string_equal(host->extra_hosts[0], "a:1.2.3.4");
	assert_string_equal(host->security_options[0], "no-new-privileges");
	assert_string_equal(host->sysctls[0].value, "1");
	assert_string_equal(host->log_options[0].key, "max-size");
	assert_string_equal(host->cgroup_conf[0].key, "memory.high");
	assert_string_equal(host->cap_add[0], "NET_ADMIN");
	assert_string_equal(host->network_mode, "none");
	assert_string_equal(host->preserve_fd[0], "5");
	assert_false(host->read_only_tmpfs);
	assert_null(line.warning);

	assert_decodes(&line, "--kernel-memory 5m debian");
	assert_string_equal(line.warning, "--kernel-memory is passed over: Linux counts it as memory");
	assert_decodes(&line, "--rmi debian");
	assert_true(host->auto_remove);
	done(&line);
}

static void test_health(void **state _unused_)
{
	struct line line = { .arena = NULL };
	const struct spec_container_config *config = &line.container.config;

	assert_decodes(&line, "--health-cmd x --health-interval 1s --health-timeout 2s --health-start-period 3s --health-start-interval 4s --health-retries 5 "
			      "--health-on-failure kill --health-startup-cmd y --health-startup-success 2 debian");
	assert_string_equal(config->health_check->test[1], "x");
	assert_int_equal(config->health_check->interval_ns, 1000000000);
	assert_int_equal(config->health_check->start_interval_ns, 4000000000);
	assert_int_equal(config->health_check->retries, 5);
	assert_int_equal(config->health_on_failure, SPEC_HEALTH_KILL);
	assert_string_equal(config->startup_check->test[1], "y");
	assert_int_equal(config->startup_successes, 2);
	assert_decodes(&line, "--no-healthcheck debian");
	assert_true(config->no_health_check && !config->health_check);
	done(&line);
}

static void test_what_is_refused(void **state _unused_)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
		{ "--name", "option '--name' of 'run' needs a value (NAME)" },
		{ "-it", "'run' needs IMAGE [COMMAND…]" },
		{ "_", "the name of the image is empty" },
		{ "--rootfs _", "the name of the directory is empty" },
		{ "--memroy 5m x", "unknown option '--memroy' of 'run'" },
		{ "-m lots x", "invalid value 'lots' for --memory: expected a size such as 512m" },
		{ "--cpus two x", "invalid value 'two' for --cpus: expected a number of CPUs such as 1.5" },
		{ "--pids-limit -2 x", "invalid value '-2' for --pids-limit: expected a number from -1 to 9223372036854775807" },
		{ "--oom-score-adj 1001 x", "invalid value '1001' for --oom-score-adj: expected a number from -1000 to 1000" },
		{ "--blkio-weight 5 x", "invalid value '5' for --blkio-weight: expected a number from 10 to 1000" },
		{ "--device-write-iops /dev/a:x x", "invalid value '/dev/a:x' for --device-write-iops: expected DEVICE:NUMBER" },
		{ "--restart sometimes x", "invalid value 'sometimes' for --restart: expected one of no, always, unless-stopped, on-failure" },
		{ "-v x x", "invalid value 'x' for --volume: expected an absolute path in the container, not 'x'" },
		{ "-v /a:/x --tmpfs /x/ x", "invalid value '/x/' for --tmpfs: there is another mount on '/x'" },
		{ "-p x x", "invalid value 'x' for --publish: expected a port from 1 to 65535, not 'x'" },
		{ "-a in x", "invalid value 'in' for --attach: expected one of stdin, stdout, stderr" },
		{ "-e =x x", "invalid value '=x' for --env: expected NAME=VALUE, or NAME alone" },
		{ "--env-file /nowhere/at/all x", "invalid value '/nowhere/at/all' for --env-file: cannot read it: no such file or directory" },
		{ "--pull often x", "invalid value 'often' for --pull: expected one of always, missing, never, newer" },
		{ "--userns mine x", "invalid value 'mine' for --userns: expected container:NAME, ns:PATH, or another: expected one of auto, host, keep-id, "
				     "nomap, private" },
		{ "--cap-drop FLY x", "invalid value 'FLY' for --cap-drop: expected a capability of capabilities(7), or ALL" },
		{ "--stop-signal HUH x", "invalid value 'HUH' for --stop-signal: expected a signal such as SIGTERM or 15" },
		{ "-h a_b! x", "invalid value 'a_b!' for --hostname: expected a host name of letters, digits, '-' and '.'" },
		{ "--network a --network host x", "invalid value 'host' for --network: 'host' excludes any other network" },
		{ "--network none --network a x", "invalid value 'a' for --network: 'none' excludes any other network" },
		{ "--network a --network name=a x", "invalid value 'name=a' for --network: it is given twice" },
		{ "--preserve-fd 2 x", "invalid value '2' for --preserve-fd: expected a descriptor's number, 3 or more" },
		{ "--systemd=perhaps x", "invalid value 'perhaps' for --systemd: expected one of always, true, false" },
		{ "--init=maybe x", "invalid value 'maybe' for --init: expected true or false" },
		{ "--log-driver syslog x", "invalid value 'syslog' for --log-driver: expected one of local, json-file, journald, none, passthrough" },
		{ "--runtime kata x", "invalid value 'kata' for --runtime: expected one of bivy-runtime" },
		{ "--volume-driver nfs x", "invalid value 'nfs' for --volume-driver: expected one of local" },
		{ "--entrypoint [\"a x", "invalid value '[\"a' for --entrypoint: an array of JSON: line 1, column 4: the string does not end" },
		{ "--network host --ip 1.2.3.4 x", "--ip is of no use with --network host" },
		{ "--network none --link a:b x", "--link is of no use with --network none" },
		{ "--ip6 1.2.3.4 x", "invalid value '1.2.3.4' for --ip6: expected an address of IP version 6, not '1.2.3.4'" },
		{ "--network a:ip=10.0.0.2 --ip 10.0.0.3 x", "invalid value '10.0.0.3' for --ip: there is the address '10.0.0.2' already" },
		{ "--net-limit 5q x", "invalid value '5q' for --net-limit: expected a rate such as 10mbit or 1.5mbps, not '5q'" },
		{ "--cpu-percent 5 x", "--cpu-count, --cpu-percent, --io-maxbandwidth and --io-maxiops are for Windows" },
		{ "--cpus 1 --cpu-quota 5000 x", "--cpus and --cpu-quota exclude each other" },
		{ "-m 64m --memory-swap 32m x", "--memory-swap, which is of memory and swap together, is below --memory" },
		{ "-m 64m --memory-reservation 65m x", "--memory-reservation is above --memory" },
		{ "-d -a stdout x", "--detach and --attach exclude each other" },
		{ "--rm --restart always x", "--rm and --restart exclude each other" },
		{ "--replace x", "--replace is of no use without --name" },
		{ "--replace --name _ x", "--replace is of no use without --name" },
		{ "--userns host --uidmap 0:1 x", "--userns excludes --uidmap and --gidmap" },
		{ "--uts host -h x x", "--hostname is of no use with a --uts that is shared" },
		{ "--no-healthcheck --health-retries 1 x", "--no-healthcheck excludes all of --health-…" },
		{ "--health-startup-interval 1s x", "--health-startup-… is of no use without --health-startup-cmd" },
		{ "-d --rmi x", "--rmi is of no use with --detach: nobody is there to remove the image at the end" },
	};
	struct line line = { .arena = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (decode(&line, cases[i].words) == 0)
			fail_msg("'%s' was taken", cases[i].words);
		assert_string_equal(line.err.message, cases[i].message);
	}
	done(&line);
}

/* Every option is in the table once, and those of one letter, too. */
static void test_the_table_has_no_duplicates(void **state _unused_)
{
	for (const struct option_entry *a = run_entries; a->name; a++) {
		for (const struct option_entry *b = a + 1; b->name; b++) {
			if (str_equal(a->name, b->name))
				fail_msg("--%s is there twice", a->name);
			if (a->letter && a->letter == b->letter)
				fail_msg("-%c is there twice", a->letter);
		}
		assert_true(a->kind == OPTION_FLAG || a->argument);
		assert_true(a->kind != OPTION_CALLBACK || a->parse);
	}
	assert_string_equal(create_entries->name, "name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least),
		cmocka_unit_test(test_process_and_streams), cmocka_unit_test(test_networks),
		cmocka_unit_test(test_entrypoint_and_root),
		cmocka_unit_test(test_the_hosts_side),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_the_table_has_no_duplicates),
	};

	return cmocka_run_group_tests_name("cli/create_decode", tests, NULL, NULL);
}
