# Bad input: one line that names the field or the path and the reason, status 1, and nothing left behind.

load ../lib/common

# refused_each: reads lines `JQ-EXPRESSION @ WORD…` and tries the base configuration changed by each: `create` must refuse
# it in one line that contains every WORD, and leave nothing. All bad lines are reported, not the first alone. A line
# that begins with `+` is tried on ours only: the reference runtime accepts it.
refused_each() {
	local line expr words word bad=0 ours=true
	! is_reference || ours=false
	cp "$BUNDLE/config.json" "$WORK/base.json"
	while IFS= read -r line; do
		line=${line#"${line%%[![:space:]]*}"}
		[ -n "$line" ] || continue
		if [ "${line:0:1}" = + ]; then
			$ours || continue
			line=${line:1}
		fi
		expr=${line% @ *}
		words=${line##* @ }
		cp "$WORK/base.json" "$BUNDLE/config.json"
		config "$expr" || fail "bad expression: $expr" || return 1
		detached create --bundle "$BUNDLE" "$ID"
		if [ "$status" -ne 1 ]; then
			bad=1
			echo "status $status: $expr: $output"
			[ "$status" -ne 0 ] || rt delete --force "$ID"
		elif $ours; then
			assert_one_line || { bad=1; echo "in: $expr"; }
			for word in $words; do
				[[ $output == *"$word"* ]] || { bad=1; echo "'$word' is not named for: $expr: $output"; }
			done
		fi
		assert_nothing_left || { bad=1; echo "in: $expr"; }
	done
	[ $bad -eq 0 ]
}

# ---------------------------------------------------------------- the bundle and the file

@test "a bundle that is missing, a file or without config.json" {
	detached create --bundle "$WORK/nosuch" "$ID"
	assert_refused nosuch
	echo >"$WORK/file"
	detached create --bundle "$WORK/file" "$ID"
	assert_refused file
	rm "$BUNDLE/config.json"
	detached create --bundle "$BUNDLE" "$ID"
	assert_refused config.json
	mkdir "$BUNDLE/config.json"
	detached create --bundle "$BUNDLE" "$ID"
	assert_refused config.json
}

@test "a configuration that is not JSON is refused with its line" {
	local text
	for text in '' '{' '[]' 'null' '{"ociVersion": "1.0.2",}' '{"a" 1}' '{"ociVersion": "1.0.2"} trailing' '{"a": 01}' \
		'{"a": "\ud800"}' '{"a": tru}' '// comment' "{'a': 1}" '{"a": 1e999}' $'{"a": "\xff\xfe"}' $'{"a": "tab\there"}'; do
		is_reference && case $text in *ud800* | *xff* | *$'\xff'* | null | '{"a": 1e999}') continue ;; esac
		printf '%s' "$text" >"$BUNDLE/config.json"
		detached create --bundle "$BUNDLE" "$ID"
		assert_fails 1 || fail "accepted: $text"
		assert_one_line
		is_reference || assert_has config.json
		assert_nothing_left
	done
	printf '{\n "process": {\n  "args": [1,, 2]\n }\n}\n' >"$BUNDLE/config.json"
	detached create --bundle "$BUNDLE" "$ID"
	is_reference || assert_refused config.json 3
}

@test "a configuration without end is refused without reading it all" {
	only_ours "runc 1.1 has no bound"
	rm "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	timeout 20 "$BIVY_RUNTIME" --root "$STATE" create -b "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
	local pid=$!
	own_pid "$pid"
	timeout 20 cat /dev/zero >"$BUNDLE/config.json" 2>/dev/null 3>&- &
	own_pid $!
	status=0
	wait "$pid" || status=$?
	output=$(<"$WORK/out")
	assert_fails 1
	assert_one_line
}

# ---------------------------------------------------------------- fields

@test "the top level: version, root, process" {
	refused_each <<-'LIST'
		+del(.ociVersion) @ ociVersion
		+.ociVersion = "2.0.0" @ ociVersion 2.0.0
		+.ociVersion = "one" @ ociVersion
		del(.root) @ root
		+del(.root.path) @ root.path
		.root.path = "" @ root.path
		.root.path = "/no/such/rootfs" @ /no/such/rootfs
		.root.path = "nosuch" @ nosuch
		.root.path = "/etc/passwd" @ /etc/passwd
		del(.process) @ process
		.process.args = [] @ process.args
		del(.process.args) @ process.args
		.process.args = ["a", 1] @ process.args[1]
		del(.process.cwd) @ process.cwd
		.process.cwd = "tmp" @ process.cwd
		+.process.args = ["/bin/true\u0000x"] @ config.json NUL
		+.process.env = ["NOEQUALS"] @ process.env[0]
		+.process.env = ["=x"] @ process.env[0]
		.process.user.uid = -1 @ process.user.uid
		.process.user.uid = 4294967296 @ process.user.uid
		+.process.user.additionalGids = [1, "x"] @ process.user.additionalGids[1]
		+.process.user.umask = 512 @ process.user.umask
	LIST
}

@test "process: limits, priorities, policies out of range" {
	refused_each <<-'LIST'
		.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}] @ process.rlimits[0] RLIMIT_NOSUCH
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 10}] @ process.rlimits[0]
		+.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 9, hard: 9}, {type: "RLIMIT_NOFILE", soft: 9, hard: 9}] @ process.rlimits[1] RLIMIT_NOFILE
		+.process.rlimits = [{soft: 20, hard: 20}] @ process.rlimits[0].type
		.process.rlimits = [{type: "RLIMIT_CORE", soft: -1, hard: 10}] @ process.rlimits[0].soft
		.process.oomScoreAdj = 1001 @ oomScoreAdj
		.process.oomScoreAdj = -1001 @ oomScoreAdj
		.process.oomScoreAdj = 1.5 @ oomScoreAdj
		+.process.scheduler = {policy: "SCHED_NOSUCH"} @ process.scheduler.policy SCHED_NOSUCH
		+.process.scheduler = {policy: "SCHED_OTHER", nice: 20} @ process.scheduler.nice
		+.process.scheduler = {policy: "SCHED_FIFO", priority: 100} @ process.scheduler
		+.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NOSUCH"]} @ process.scheduler.flags SCHED_FLAG_NOSUCH
		+.process.ioPriority = {class: "IOPRIO_CLASS_NOSUCH", priority: 1} @ process.ioPriority.class
		+.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8} @ process.ioPriority.priority
		+.process.consoleSize = {height: 1} | .process.terminal = true @ consoleSize
		+.linux.personality = {domain: "LINUX64"} @ linux.personality.domain
		+.linux.memoryPolicy = {mode: "MPOL_NOSUCH", nodes: "0"} @ linux.memoryPolicy.mode
	LIST
}

@test "namespaces: unknown, twice, wrong paths, needed and absent" {
	refused_each <<-'LIST'
		.linux.namespaces += [{type: "nosuch"}] @ linux.namespaces[6] nosuch
		+.linux.namespaces += [{}] @ linux.namespaces[6]
		.linux.namespaces += [{type: "pid"}] @ linux.namespaces pid
		.linux.namespaces |= map(if .type == "network" then .path = "/no/such/ns" else . end) @ /no/such/ns
		.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end) @ /proc/self/ns/uts
		.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end) @ /etc/passwd
		+.linux.namespaces |= map(if .type == "network" then .path = "relative" else . end) @ linux.namespaces[1].path relative
		.linux.namespaces |= map(select(.type != "uts")) @ hostname uts
		+.hostname = ("x" * 65) @ hostname
		.linux.namespaces += [{type: "user"}] @ uidMappings
		.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1000, size: 0}] | .linux.gidMappings = .linux.uidMappings @ uidMappings[0]
	LIST
}

@test "mounts: what is missing or does not work is named" {
	refused_each <<-'LIST'
		.mounts += [{type: "tmpfs", source: "x"}] @ mounts[7].destination
		.mounts += [{destination: "/mnt", type: "nosuchfs", source: "x"}] @ /mnt nosuchfs
		.mounts += [{destination: "/tmp", type: "bind", source: "/no/such/source", options: ["bind"]}] @ /no/such/source
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "x", options: ["size=nonsense"]}] @ /tmp size
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "x", options: ["nosuchoption=1"]}] @ /tmp nosuchoption
		.mounts += [{destination: "/etc/passwd", type: "tmpfs", source: "x"}] @ /etc/passwd
		.linux.rootfsPropagation = "nosuch" @ rootfsPropagation nosuch
		+.linux.maskedPaths = ["relative"] @ linux.maskedPaths[0] relative
		+.linux.readonlyPaths = ["relative"] @ linux.readonlyPaths[0] relative
	LIST
}

@test "devices, hooks, seccomp" {
	refused_each <<-'LIST'
		+.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 3}] @ linux.devices[0].type
		+.linux.devices = [{type: "c", major: 1, minor: 3}] @ linux.devices[0].path
		+.linux.devices = [{path: "/dev/x", type: "c", minor: 3}] @ linux.devices[0].major
		+.linux.resources.devices += [{allow: true, access: "rwq"}] @ linux.resources.devices[1].access
		+.linux.resources.devices += [{allow: true, access: "r", type: "x"}] @ linux.resources.devices[1].type
		+.hooks.createRuntime = [{path: "relative"}] @ hooks.createRuntime[0].path
		+.hooks.createRuntime = [{args: ["x"]}] @ hooks.createRuntime[0].path
		+.hooks.poststop = [{path: "/bin/true", timeout: 0}] @ hooks.poststop[0].timeout
		.linux.seccomp = {defaultAction: "SCMP_ACT_NOSUCH"} @ linux.seccomp.defaultAction SCMP_ACT_NOSUCH
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_NOSUCH"]} @ linux.seccomp.architectures[0] SCMP_ARCH_NOSUCH
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, op: "SCMP_CMP_NOSUCH"}]}]} @ linux.seccomp.syscalls[0].args[0].op
		+.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]} @ linux.seccomp.syscalls[0].args[0].index
		+.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_ERRNO"}]} @ linux.seccomp.syscalls[0].names
	LIST
}

@test "limits that are out of range, before the kernel and by the kernel" {
	refused_each <<-'LIST'
		.linux.resources.pids = {limit: "many"} @ linux.resources.pids.limit
		.linux.resources.memory = {limit: 1.5} @ linux.resources.memory.limit
		.linux.resources.memory = {limit: 9223372036854775808} @ linux.resources.memory.limit
		+.linux.resources.memory = {limit: -2} @ linux.resources.memory.limit
		.linux.resources.cpu = {shares: -5} @ linux.resources.cpu.shares
		+.linux.resources.cpu = {quota: 5, period: 100000} @ cpu quota
		+.linux.resources.cpu = {quota: 10000, period: 10} @ cpu period
		.linux.resources.cpu = {cpus: "4000"} @ cpus
		.linux.resources.cpu = {cpus: "x"} @ cpus
		+.linux.resources.memory = {swappiness: 101} @ linux.resources.memory.swappiness
		+.linux.resources.blockIO = {weight: 5} @ linux.resources.blockIO.weight
	LIST
}

# ---------------------------------------------------------------- the command

@test "run of a command that does not exist is 127, of one that cannot be executed 126; nothing is left" {
	only_ours "runc 1.1 gives 1"
	config_args nosuch
	run_ct
	assert_fails 127
	assert_one_line
	assert_has '"nosuch"'
	assert_nothing_left
	config_args /no/such/path
	run_ct
	assert_fails 127
	assert_one_line
	assert_has /no/such/path
	assert_nothing_left
	local file
	for file in /etc/passwd /etc; do
		config_args $file
		run_ct
		assert_fails 126
		assert_one_line
		assert_has $file
		assert_nothing_left
	done
}

@test "create of a command that does not exist is refused" {
	config_args nosuch
	detached create --bundle "$BUNDLE" "$ID"
	if is_reference; then assert_refused nosuch; else assert_refused '"nosuch"'; fi
	config_args /no/such/path
	detached create --bundle "$BUNDLE" "$ID"
	assert_refused /no/such/path
}

@test "a file that is no program fails the start and leaves what delete removes" {
	own_rootfs
	printf '\177ELFnonsense' >"$ROOTFS/bin/broken"
	printf '#!/no/such/interpreter\n' >"$ROOTFS/bin/script"
	chmod 755 "$ROOTFS/bin/broken" "$ROOTFS/bin/script"
	local name
	for name in broken script; do
		config_args $name
		run_ct
		assert_fails
		assert_one_line
		is_reference || assert_has $name
		assert_nothing_left
	done
}

# ---------------------------------------------------------------- the command line

@test "unknown verbs and flags, missing and surplus arguments are refused" {
	local words
	while IFS= read -r words; do
		# shellcheck disable=SC2086
		run rt $words </dev/null
		assert_fails || fail "accepted: $words"
		is_reference || [ "${#lines[@]}" -le 2 ] || fail "more than two lines for: $words" "$output"
	done <<-'LIST'
		nosuchverb
		create --nosuchflag x
		--nosuchglobal list
		create
		create a b
		start
		start a b
		state
		kill
		delete
		pause
		resume
		update
		exec
		run
		run --bundle
		run --preserve-fds x y
		list surplus
		list --format xml
		ps
		--log-format xml list
		--rootless maybe list
	LIST
}

@test "a misspelt verb is answered with the nearest one" {
	only_ours "a kindness of ours"
	run rt strat "$ID"
	assert_fails 1
	assert_has strat start
}

@test "checkpoint, restore and --systemd-cgroup say that they are not supported yet" {
	only_ours "runc has them"
	run rt checkpoint "$ID"
	assert_fails 1
	assert_one_line
	assert_has "not supported yet"
	run rt restore "$ID"
	assert_fails 1
	assert_one_line
	assert_has "not supported yet"
	run rt --systemd-cgroup run -b "$BUNDLE" "$ID" </dev/null
	assert_refused "not supported yet" systemd
}

@test "a state directory or log file that cannot be used is named" {
	echo >"$WORK/file"
	STATE=$WORK/file/x
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_has "$WORK/file"
	STATE=$WORK/state
	run rt --log "$WORK/no/such/log" create -b "$BUNDLE" "$ID" </dev/null
	assert_fails 1
	assert_has "$WORK/no/such/log"
	assert_nothing_left
}

@test "a record that is damaged is named, and delete --force removes it" {
	config_args sleep 1000
	start_ct
	local pid
	pid=$(ct_pid)
	own_pid "$pid"
	cp "$STATE/$ID/state.json" "$WORK/saved"
	local text
	for text in '' '{' '{"id": 5}' 'null'; do
		is_reference && [ "$text" = null ] && continue
		printf '%s' "$text" >"$STATE/$ID/state.json"
		run rt state "$ID"
		assert_fails 1 || fail "accepted: $text"
		assert_one_line
		run rt list
		# One bad record does not hide the others.
		[ "$status" -eq 0 ] || is_reference
	done
	cp "$WORK/saved" "$STATE/$ID/state.json"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
	mkdir -p "$STATE/$ID"
	printf '{' >"$STATE/$ID/state.json"
	is_reference && return
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}
