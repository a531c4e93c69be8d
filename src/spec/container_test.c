/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HEX32 "0123456789abcdef0123456789abcdef"
#define ID HEX32 HEX32
#define DIGEST "sha256:" ID

static struct spec_container *decode(struct arena *arena, const char *text)
{
	struct spec_container *container = NULL;
	struct error err = ERROR_INIT;

	if (spec_container_decode(arena, text, strlen(text), &container, &err) < 0)
		fail_msg("%s", err.message);
	return container;
}

static void assert_written(const struct spec_container *container, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	spec_container_encode(container, &out);
	assert_string_equal(out.data, text);
}

static const char identity[] = "{\"Id\":\"" ID "\",\"Name\":\"web\",\"Created\":\"2026-01-02T03:04:05.000000006Z\",\"ImagePlatform\":\"linux/amd64\","
			       "\"ImageName\":\"docker.io/library/debian:12\",\"Image\":\"" DIGEST "\",\"ImageManifest\":\"" DIGEST
			       "\",\"ImageTopLayer\":\"" DIGEST "\",\"Config\":{},\"HostConfig\":{}}";

static const char config[] =
	"{\"Config\":{\"Hostname\":\"h\",\"Domainname\":\"d\",\"User\":\"u:g\",\"AttachStdin\":false,\"AttachStdout\":true,\"AttachStderr\":true,"
	"\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true,\"Image\":\"debian\",\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,"
	"\"Shell\":[\"/bin/sh\",\"-c\"],\"StartupSuccesses\":2,\"NoHealthcheck\":true,\"Timezone\":\"local\",\"UnsetEnv\":[\"A\"],"
	"\"UnsetEnvAll\":true,\"Timeout\":5,\"SystemdMode\":\"always\",\"Secrets\":[\"s,type=env\"],\"ExposedPorts\":{\"80/tcp\":{}},"
	"\"Env\":[\"A=1\",\"B=\"],\"Entrypoint\":[],\"Cmd\":[\"sh\",\"\"],\"Volumes\":{\"/v\":{}},\"Labels\":{\"l\":\"m\"},"
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":1,\"Timeout\":2,\"StartPeriod\":3,\"StartInterval\":4,\"Retries\":5},"
	"\"StartupHealthCheck\":{\"Test\":[\"CMD-SHELL\",\"y\"]},\"HealthcheckOnFailure\":\"restart\",\"Umask\":\"0027\"},\"HostConfig\":{}}";

static const char host[] =
	"{\"Config\":{},\"HostConfig\":{\"VolumesFrom\":[\"c:ro\"],\"NetworkMode\":\"host\",\"PublishAllPorts\":true,\"AutoRemove\":true,"
	"\"Privileged\":true,\"ReadonlyRootfs\":true,\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"CHOWN\"],\"SecurityOpt\":[\"a=b\"],"
	"\"UsernsMode\":\"host\",\"PidMode\":\"host\",\"IpcMode\":\"shareable\",\"UTSMode\":\"host\",\"CgroupnsMode\":\"host\",\"GroupAdd\":[\"audio\"],"
	"\"Dns\":[\"1.1.1.1\"],\"DnsOptions\":[\"ndots:1\"],\"DnsSearch\":[\"x.y\"],\"ExtraHosts\":[\"a:1.2.3.4\"],\"Sysctls\":{\"net.a\":\"1\"},"
	"\"Annotations\":{\"k\":\"v\"},\"StorageOpt\":{\"size\":\"1G\"},\"Runtime\":\"bivy\",\"Isolation\":\"default\",\"ShmSize\":65536,"
	"\"OomScoreAdj\":0,\"Init\":false,\"ContainerIDFile\":\"/i\",\"ReadOnlyTmpfs\":true,\"Requires\":[\"db\"],\"PreserveFDs\":1,\"PreserveFD\":[\"5\"],\"NoHosts\":true,"
	"\"Rootfs\":\"/r\",\"RootfsOverlay\":true,\"TimeOffsets\":[\"boottime=5\"],\"Personality\":\"LINUX32\",\"EnvHost\":true,\"Cgroups\":\"split\",\"CgroupConf\":{\"memory.high\":\"1\"},\"IntelRdtClosID\":\"c\",\"NetLimit\":\"1mbit\",\"Memory\":1048576,"
	"\"MemoryReservation\":2,\"MemorySwap\":-1,\"MemorySwappiness\":0,\"OomKillDisable\":true,\"NanoCpus\":1500000000,\"CpuShares\":3,"
	"\"CpuPeriod\":4,\"CpuQuota\":-5,\"CpuRealtimePeriod\":6,\"CpuRealtimeRuntime\":7,\"CpusetCpus\":\"0-1\",\"CpusetMems\":\"0\",\"PidsLimit\":-1,"
	"\"BlkioWeight\":500,\"DeviceCgroupRules\":[\"c 1:3 rwm\"],\"DeviceRequests\":[\"all\"],\"CgroupParent\":\"/p\","
	"\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},"
	"\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},\"IDMappings\":{\"UidMap\":[\"0:1:2\"],\"GidMap\":[\"0:3:4\"]},"
	"\"Mounts\":[{\"Type\":\"bind\",\"Target\":\"/b\",\"Source\":\"/s\",\"ReadOnly\":true,\"NoIdmap\":true,\"BindOptions\":{\"Propagation\":"
	"\"rshared\",\"NonRecursive\":true,\"CreateMountpoint\":true,\"ReadOnlyForceRecursive\":true}},{\"Type\":\"volume\",\"Target\":\"/v\","
	"\"Source\":\"n\",\"Anonymous\":true,\"VolumeOptions\":{\"NoCopy\":true,\"Subpath\":\"p\"}},{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":"
	"{\"SizeBytes\":0,\"Mode\":511,\"Options\":[[\"noexec\"],[\"uid\",\"5\"]]}}],\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\","
	"\"HostPort\":\"8080\"},{\"HostIp\":\"\",\"HostPort\":\"\"}],\"53/udp\":[{\"HostIp\":\"\",\"HostPort\":\"53\"}]},\"Devices\":[{\"PathOnHost\":"
	"\"/dev/a\",\"PathInContainer\":\"/dev/b\",\"CgroupPermissions\":\"r\"}],\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":-1}],"
	"\"BlkioWeightDevice\":[{\"Path\":\"/dev/a\",\"Weight\":10}],\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/a\",\"Rate\":1}],"
	"\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/a\",\"Rate\":2}],\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/a\",\"Rate\":3}],"
	"\"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/a\",\"Rate\":18446744073709551615}]}}";

static const char networking[] =
	"{\"Config\":{},\"HostConfig\":{\"NetworkMode\":\"front\"},\"NetworkingConfig\":{\"EndpointsConfig\":{\"front\":{\"Links\":[\"db:d\"],\"Aliases\":[\"a\",\"b\"],"
	"\"MacAddress\":\"02:00:00:00:00:01\",\"DriverOpts\":{\"o\":\"p\"},\"GwPriority\":-1,\"NetworkID\":\"" ID "\",\"InterfaceName\":\"lan0\","
	"\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.2\",\"IPv6Address\":\"fd00::2\",\"LinkLocalIPs\":[\"169.254.1.1\"]}},\"back\":{}}}}";

/* In the order that we write, so that it must come back byte by byte. */
static void test_round_trip(void **state _unused_)
{
	static const char *const texts[] = { identity, config, host, networking, "{\"Config\":{},\"HostConfig\":{}}" };
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_written(decode(arena, texts[i]), texts[i]);
}

static void test_config(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_container_config *c = &decode(arena, config)->config;

	assert_true(c->has_attach_stdin);
	assert_false(c->attach_stdin);
	assert_true(c->has_stop_timeout);
	assert_int_equal(c->stop_timeout_s, 0);
	assert_non_null(c->entrypoint);
	assert_null(c->entrypoint[0]);
	assert_string_equal(c->command[1], "");
	assert_int_equal(c->umask, 027);
	assert_int_equal(c->health_on_failure, SPEC_HEALTH_RESTART);
	assert_int_equal(c->health_check->retries, 5);
	assert_string_equal(c->startup_check->test[1], "y");
	c = &decode(arena, "{}")->config;
	assert_false(c->has_attach_stdin || c->has_umask || c->has_stop_timeout);
	assert_null(c->entrypoint);
	assert_null(c->env);
}

static void test_host(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_host_config *h = &decode(arena, host)->host;

	assert_int_equal(h->mount_count, 3);
	assert_int_equal(h->mounts[2].kind, SPEC_MOUNT_TMPFS);
	assert_true(h->mounts[2].has_tmpfs_size);
	assert_int_equal(h->mounts[2].tmpfs_size, 0);
	assert_string_equal(h->mounts[2].options[1], "uid=5");
	assert_int_equal(h->port_count, 3);
	assert_string_equal(h->ports[1].port, "80");
	assert_null(h->ports[1].host_ip);
	assert_string_equal(h->ports[2].protocol, "udp");
	assert_true(h->has_init);
	assert_false(h->init);
	assert_true(h->has_pids_limit);
	assert_int_equal(h->ulimits[0].hard, -1);
	assert_true(h->blkio_rates[THROTTLE_WRITE_IOPS][0].rate == UINT64_MAX);
	assert_int_equal(h->blkio_weight_devices[0].rate, 10);
	assert_string_equal(h->gid_map[0], "0:3:4");
}

static void test_networking(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_host_config *h = &decode(arena, networking)->host;

	assert_int_equal(h->endpoint_count, 2);
	assert_string_equal(h->endpoints[0].network, "front");
	assert_string_equal(h->endpoints[0].ipv6, "fd00::2");
	assert_string_equal(h->endpoints[0].link_local[0], "169.254.1.1");
	assert_int_equal(h->endpoints[0].gateway_priority, -1);
	assert_string_equal(h->endpoints[1].network, "back");
	assert_null(h->endpoints[1].aliases);
	assert_int_equal(decode(arena, "{\"NetworkingConfig\":{\"EndpointsConfig\":{\"x\":null}}}")->host.endpoint_count, 1);
}

/* As docker's clients say it: a port without protocol, a device under its own name, members that are null. */
static void test_shorter(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_container *c = decode(arena, "{\"Image\":null,\"Config\":{\"Env\":null},\"HostConfig\":{\"PortBindings\":{\"80\":[{\"HostPort\":\"1\"}],"
						       "\"81/tcp\":null},\"Devices\":[{\"PathOnHost\":\"/dev/a\"}],\"Unknown\":1}}");

	assert_int_equal(c->host.port_count, 1);
	assert_string_equal(c->host.ports[0].protocol, "tcp");
	assert_string_equal(c->host.devices[0].container, "/dev/a");
}

static void test_refused(void **state _unused_)
{
	static const char *const cases[][2] = {
		{ "{\"Id\":\"../x\"}", "Id: '../x' is no id of 64 hexadecimal digits" },
		{ "{\"Name\":\"a/b\"}", "Name: 'a/b' is no name of a container" },
		{ "{\"Name\":\"..\"}", "Name: '..' is no name of a container" },
		{ "{\"ImageManifest\":\"x\"}", "ImageManifest: 'x' is no digest" },
		{ "{\"Config\":{\"Umask\":\"0x9\"}}", "Config.Umask: '0x9' is no octal number up to 0777" },
		{ "{\"Config\":{\"Umask\":\"1000\"}}", "Config.Umask: '1000' is no octal number up to 0777" },
		{ "{\"Config\":{\"HealthcheckOnFailure\":\"x\"}}",
		  "Config.HealthcheckOnFailure: 'x' is none of \"none\", \"kill\", \"restart\", \"stop\"" },
		{ "{\"HostConfig\":{\"Memory\":\"1\"}}", "HostConfig.Memory: expected integer, found string" },
		{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"npipe\"}]}}",
		  "HostConfig.Mounts[0].Type: 'npipe' is none of \"bind\", \"volume\", \"tmpfs\", \"image\"" },
		{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Target\":\"/x\"}]}}", "HostConfig.Mounts[0].Source: missing" },
		{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"x\"}]}}",
		  "HostConfig.Mounts[0].Target: 'x' is not an absolute path" },
		{ "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"tmpfs\",\"Target\":\"/x\",\"TmpfsOptions\":{\"Options\":[[]]}}]}}",
		  "HostConfig.Mounts[0].TmpfsOptions.Options[0]: expected a name and perhaps a value" },
		{ "{\"HostConfig\":{\"PortBindings\":{\"/tcp\":[]}}}", "HostConfig.PortBindings[\"/tcp\"]: the name is no port" },
		{ "{\"HostConfig\":{\"Devices\":[{\"PathOnHost\":\"\"}]}}", "HostConfig.Devices[0].PathOnHost: empty" },
		{ "{\"HostConfig\":{\"Ulimits\":[{}]}}", "HostConfig.Ulimits[0].Name: missing" },
		{ "", "container: line 1, column 1: expected a value, found the end" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_container *container = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(spec_container_decode(arena, cases[i][0], strlen(cases[i][0]), &container, &err), -EINVAL);
		assert_string_equal(err.message, cases[i][1]);
		assert_null(container);
	}
}

/* Docker's members are all there, whatever was given. */
static void test_inspect(void **state _unused_)
{
	static const char *const members[] = {
		"\"Hostname\":\"\"", "\"AttachStdin\":false", "\"Env\":[]", "\"Cmd\":null", "\"Entrypoint\":null", "\"Volumes\":null",
		"\"OnBuild\":null", "\"Labels\":{}", "\"Binds\":[\"/s:/t:ro\",\"v:/v\"]",
		"\"Mounts\":[{\"Type\":\"bind\",\"Target\":\"/b\",\"Source\":\"/s\"},{\"Type\":\"volume\",\"Target\":\"/a\"}]",
		"\"Tmpfs\":{\"/m\":\"size=1m\"}",
		"\"LogConfig\":{\"Type\":\"local\",\"Config\":{}}", "\"NetworkMode\":\"none\"", "\"PortBindings\":{}",
		"\"RestartPolicy\":{\"Name\":\"no\",\"MaximumRetryCount\":0}", "\"CapAdd\":null", "\"Dns\":[]", "\"IpcMode\":\"private\"",
		"\"OomScoreAdj\":0", "\"PidMode\":\"\"", "\"Privileged\":false", "\"ShmSize\":67108864", "\"Runtime\":\"bivy\"", "\"Memory\":0",
		"\"NanoCpus\":0", "\"Devices\":[]", "\"Ulimits\":[]", "\"PidsLimit\":null", "\"BlkioDeviceReadBps\":[]", "\"MemorySwappiness\":null",
		"\"MaskedPaths\":[\"/proc/kcore\"]", "\"ReadonlyPaths\":null",
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct json_writer w = { .out = &out };
	struct json *root = NULL;

	json_write_open(&w, NULL, '{');
	spec_container_write_inspect(&w, decode(arena, "{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/t\","
						       "\"ReadOnly\":true,\"Short\":true,\"ShortOptions\":\"ro\"},{\"Type\":\"volume\",\"Source\":\"v\","
						       "\"Target\":\"/v\",\"Short\":true},{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/b\"},"
						       "{\"Type\":\"tmpfs\",\"Target\":\"/m\",\"Short\":true,\"ShortOptions\":\"size=1m\"},"
						       "{\"Type\":\"volume\",\"Source\":\"5f\",\"Target\":\"/i\",\"Anonymous\":true,\"Implied\":true},"
						       "{\"Type\":\"volume\",\"Source\":\"6f\",\"Target\":\"/a\",\"Anonymous\":true}]}}"),
		&(struct spec_container_paths){ .masked = (char *[]){ (char *)"/proc/kcore", NULL } });
	json_write_close(&w, '}');
	assert_int_equal(json_parse(arena, out.data, out.length, &root, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (!strstr(out.data, members[i]))
			fail_msg("%s is not in %s", members[i], out.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networking), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_config),  cmocka_unit_test(test_host),
		cmocka_unit_test(test_shorter),	   cmocka_unit_test(test_refused), cmocka_unit_test(test_inspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
