# The specification's own samples of configurations, and what each wrong member of a configuration says: one line with the
# member's path, before anything is made.

load ../lib/common

setup() {
	common_setup
	only_ours "--explain"
	SAMPLES=$TESTS_DIR/data/oci-runtime/config
	mkdir -p "$BUNDLE/rootfs"
}

# explain: plans the bundle without touching the kernel; sets $status and $output.
explain() { run rt create --explain --bundle "$BUNDLE" "$ID"; }

@test "every good sample is accepted" {
	local sample
	for sample in "$SAMPLES"/good/*.json; do
		cp "$sample" "$BUNDLE/config.json"
		# A configuration needs no process until it is started; here it is asked for at once. And what the host may lack is no
		# fault of the sample: labels here, controllers below.
		config '.process //= {cwd: "/", args: ["true"], user: {uid: 0, gid: 0}}
			| del(.process.apparmorProfile, .process.selinuxLabel, .linux.intelRdt)
			| .linux.namespaces //= [{type: "mount"}, {type: "network"}]'
		explain
		[ "$status" -eq 0 ] || [[ $output == *"has the controller '"* ]] || fail "$sample:" "$output"
		assert_nothing_left
	done
}

@test "every bad sample is refused with the offending path" {
	local sample expected
	for sample in "$SAMPLES"/bad/*.json; do
		case ${sample##*/} in
		invalid-json.json) expected=config.json ;;
		linux-hugepage.json) expected='linux.resources.hugepageLimits[0].pageSize' ;;
		linux-netdevice.json) expected=linux.netDevices.eth0.name ;;
		linux-rdma.json) expected=linux.resources.rdma.mlx5_1.hcaHandles ;;
		*) fail "no expectation for $sample" ;;
		esac
		cp "$sample" "$BUNDLE/config.json"
		explain
		assert_refused "$expected" || fail "$sample"
		run_ct
		assert_refused "$expected" || fail "$sample"
	done
}

@test "a good sample that can be started is started" {
	require_root
	ROOTFS=$BUNDLE/rootfs
	rmdir "$ROOTFS"
	cp -a "$BASE_ROOTFS" "$ROOTFS"
	cp "$SAMPLES/good/minimal-for-start.json" "$BUNDLE/config.json"
	# It lists no namespace at all, so it is given the ones that keep the host apart.
	config '.linux.namespaces = [{type: "mount"}, {type: "pid"}] | .linux.cgroupsPath = $c' --arg c "$CGROUP"
	config_args echo started
	run_ct
	assert_ok
	assert_output started
}

# wrong: reads lines `EDIT <tab> PATH`; each edit of the base configuration must be refused with the path.
wrong() {
	local edit place failures="" base
	base=$(base_config)
	while IFS=$'\t' read -r edit place; do
		[ -n "$edit" ] || continue
		jq -c "$edit" <<<"$base" >"$BUNDLE/config.json" || fail "cannot edit: $edit" || return 1
		explain
		if [ "$status" -ne 1 ] || [ "${#lines[@]}" -ne 1 ] || [[ $output != *"$place"* ]]; then
			failures+="$edit: expected '$place', status $status, got '$output'"$'\n'
		fi
	done
	[ -z "$failures" ] || fail "$failures" || return 1
	assert_nothing_left
}

@test "wrong members of the top and of process are refused with their path" {
	wrong <<-'EOT'
		del(.ociVersion)	ociVersion
		.ociVersion = 1	ociVersion
		.ociVersion = "2.0.0"	ociVersion
		.ociVersion = "one"	ociVersion
		.hostname = 7	hostname
		.domainname = []	domainname
		.annotations = {"a": 1}	annotations
		.root = "rootfs"	root
		.root.path = 3	root.path
		.root.readonly = "yes"	root.readonly
		.process = []	process
		.process.terminal = 1	process.terminal
		.process.consoleSize = {"height": -1, "width": 3}	process.consoleSize.height
		.process.cwd = "relative"	process.cwd
		del(.process.cwd)	process.cwd
		.process.args = "true"	process.args
		.process.args = ["a", 5]	process.args[1]
		.process.args = []	process.args
		.process.env = ["A=1", null]	process.env[1]
		.process.user.uid = "root"	process.user.uid
		.process.user.uid = -1	process.user.uid
		.process.user.gid = 4294967296	process.user.gid
		.process.user.umask = 1.5	process.user.umask
		.process.user.additionalGids = [1, "x"]	process.user.additionalGids[1]
		.process.rlimits[0].type = "RLIMIT_LUCK"	process.rlimits[0].type
		.process.rlimits[0].soft = -1	process.rlimits[0].soft
		.process.rlimits[0] = {"type": "RLIMIT_NOFILE", "soft": 20, "hard": 10}	process.rlimits[0]
		.process.capabilities.bounding = "all"	process.capabilities.bounding
		.process.capabilities = []	process.capabilities
		.process.noNewPrivileges = "true"	process.noNewPrivileges
		.process.oomScoreAdj = 1001	process.oomScoreAdj
		.process.scheduler = {"policy": "SCHED_MAGIC"}	process.scheduler.policy
		.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 9}	process.ioPriority.priority
		.process.ioPriority = {"class": "BEST", "priority": 1}	process.ioPriority.class
	EOT
}

@test "wrong members of mounts and hooks are refused with their path" {
	wrong <<-'EOT'
		.mounts = {}	mounts
		.mounts[0] = "proc"	mounts[0]
		.mounts[1].destination = 5	mounts[1].destination
		.mounts[1].options = "ro"	mounts[1].options
		.mounts[1].options = ["ro", 1]	mounts[1].options[1]
		.mounts[1].uidMappings = [{"containerID": 0, "hostID": "x", "size": 1}]	mounts[1].uidMappings[0].hostID
		.hooks = []	hooks
		.hooks.prestart = {}	hooks.prestart
		.hooks.createRuntime = [{"args": ["x"]}]	hooks.createRuntime[0].path
		.hooks.poststop = [{"path": "relative"}]	hooks.poststop[0].path
		.hooks.poststart = [{"path": "/bin/true", "timeout": 0}]	hooks.poststart[0].timeout
		.hooks.poststart = [{"path": "/bin/true", "timeout": "1s"}]	hooks.poststart[0].timeout
		.hooks.startContainer = [{"path": "/bin/true", "env": [1]}]	hooks.startContainer[0].env[0]
	EOT
}

@test "wrong members of linux are refused with their path" {
	wrong <<-'EOT'
		.linux = []	linux
		.linux.namespaces = {}	linux.namespaces
		.linux.namespaces[0] = "pid"	linux.namespaces[0]
		.linux.namespaces[0].type = "process"	linux.namespaces[0].type
		.linux.namespaces[0].path = 1	linux.namespaces[0].path
		.linux.namespaces[0].path = "relative"	linux.namespaces[0].path
		.linux.uidMappings = [{"containerID": 0}]	linux.uidMappings[0]
		.linux.cgroupsPath = 5	linux.cgroupsPath
		.linux.devices = [{"path": "/dev/x", "type": "c", "major": "1", "minor": 3}]	linux.devices[0].major
		.linux.devices = [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": -1}]	linux.devices[0].fileMode
		.linux.sysctl = {"a": 1}	linux.sysctl
		.linux.maskedPaths = "x"	linux.maskedPaths
		.linux.rootfsPropagation = 5	linux.rootfsPropagation
		.linux.personality = {"domain": "PLAN9"}	linux.personality.domain
		.linux.memoryPolicy = {"mode": "MPOL_MAGIC"}	linux.memoryPolicy.mode
		.linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "zero"}	linux.memoryPolicy.nodes
		.linux.timeOffsets = {"boottime": 5}	linux.timeOffsets.boottime
		.linux.timeOffsets = {"boottime": {"secs": "1"}}	linux.timeOffsets.boottime.secs
		.linux.intelRdt = {"closID": 5}	linux.intelRdt.closID
		.linux.netDevices = []	linux.netDevices
		.linux.seccomp = []	linux.seccomp
		.linux.seccomp = {"syscalls": []}	linux.seccomp.defaultAction
	EOT
}

@test "wrong members of resources are refused with their path" {
	wrong <<-'EOT'
		.linux.resources = []	linux.resources
		.linux.resources.devices = {}	linux.resources.devices
		.linux.resources.devices[0].allow = 1	linux.resources.devices[0].allow
		.linux.resources.devices[0].major = "x"	linux.resources.devices[0].major
		.linux.resources.memory = 5	linux.resources.memory
		.linux.resources.memory = {"limit": "1g"}	linux.resources.memory.limit
		.linux.resources.memory = {"swappiness": -1}	linux.resources.memory.swappiness
		.linux.resources.memory = {"disableOOMKiller": 0}	linux.resources.memory.disableOOMKiller
		.linux.resources.cpu = {"shares": 1.5}	linux.resources.cpu.shares
		.linux.resources.cpu = {"quota": "x"}	linux.resources.cpu.quota
		.linux.resources.cpu = {"cpus": 0}	linux.resources.cpu.cpus
		.linux.resources.cpu = {"idle": true}	linux.resources.cpu.idle
		.linux.resources.pids = {"limit": "x"}	linux.resources.pids.limit
		.linux.resources.blockIO = {"weight": 70000}	linux.resources.blockIO.weight
		.linux.resources.blockIO = {"throttleReadBpsDevice": [{"major": 1}]}	linux.resources.blockIO.throttleReadBpsDevice[0]
		.linux.resources.hugepageLimits = [{"pageSize": "2MB"}]	linux.resources.hugepageLimits[0].limit
		.linux.resources.hugepageLimits = [{"pageSize": 2, "limit": 1}]	linux.resources.hugepageLimits[0].pageSize
		.linux.resources.network = {"classID": -1}	linux.resources.network.classID
		.linux.resources.network = {"priorities": [{"name": 1, "priority": 1}]}	linux.resources.network.priorities[0].name
		.linux.resources.unified = {"a.b": 1}	linux.resources.unified
		.linux.resources.rdma = {"mlx": 1}	linux.resources.rdma.mlx
	EOT
}

@test "unknown members are passed over" {
	config '.future = {"x": [1]} | .process.future = true | .linux.future = null | .mounts[0].future = 1 | .linux.resources.future = {}'
	explain
	assert_ok
}

@test "null stands for a member that is not given" {
	config '.hooks = null | .annotations = null | .linux.seccomp = null | .linux.resources.memory = null | .process.rlimits = null
		| .linux.devices = null | .mounts[0].options = null | .process.capabilities = null'
	explain
	assert_ok
}

@test "texts that are not JSON are refused with line and column, one line whatever they hold" {
	local text
	for text in '' '{' '{"ociVersion": "1.0.0",}' '{"a": 01}' '{"a": "\x"}' '[]' '{"a": tru}' $'{"a": "\x01"}' '{"a": 1} x' $'{"a": "\xff\xfe"}'; do
		printf '%s' "$text" >"$BUNDLE/config.json"
		explain
		assert_refused config.json || fail "text: $text"
	done
	printf '{\n  "ociVersion": "1.0.0",\n  "root": }\n' >"$BUNDLE/config.json"
	explain
	assert_refused config.json "line 3"
}

@test "deep nesting and great size are refused" {
	{ printf '{"a":'; head -c 100000 /dev/zero | tr '\0' '['; } >"$BUNDLE/config.json"
	explain
	assert_refused config.json
	{ printf '{"a":"'; head -c 20000000 /dev/zero | tr '\0' 'a'; printf '"}'; } >"$BUNDLE/config.json"
	explain
	assert_refused config.json
}

@test "a configuration that is no file is refused" {
	rm "$BUNDLE/config.json"
	explain
	assert_refused config.json "no such file or directory"
	mkdir "$BUNDLE/config.json"
	explain
	assert_refused config.json
	rmdir "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	explain
	assert_refused config.json
}

@test "--explain prints the plan and touches nothing" {
	require_root
	config '.mounts += [{destination: "/mnt-not-there", type: "tmpfs", source: "tmpfs"}]'
	explain
	assert_ok
	assert_has /proc /dev/shm /mnt-not-there true
	[ "${#lines[@]}" -gt 5 ] || fail "no plan: $output"
	assert_nothing_left
	[ ! -e "$BASE_ROOTFS/mnt-not-there" ]
	[ ! -e "$STATE/$ID" ]
}
