# What the configuration says about the process: user, groups, limits, capabilities, scheduling, environment, host name,
# sysctl, keyring. Each case reads the result back from the kernel, inside the container or from the host.

load ../lib/common

# status_line NAME…: configures the command to print these lines of its own /proc/self/status.
status_line() { config_args grep -E "^($(
	IFS='|'
	echo "$*"
)):" /proc/self/status; }

# flat: the output on one line with single blanks.
flat() { echo $output; }

# ---------------------------------------------------------------- arguments and environment

@test "arguments arrive unchanged: blanks, quotes, nothing, new lines, UTF-8" {
	config_args sh -c 'for a; do printf "<%s>\n" "$a"; done' sh "two words" "" "it's \"quoted\"" $'new\nline' 'naïve €' '\n $x'
	run_ct
	assert_ok
	assert_output "$(printf '<two words>\n<>\n<it'\''s "quoted">\n<new\nline>\n<naïve €>\n<\\n $x>')"
}

@test "a thousand arguments and a long variable arrive" {
	local long
	long=$(printf 'x%.0s' {1..60000})
	config '.process.env += ["LONG=" + $l]' --arg l "$long"
	config_args sh -c 'echo $# ${#LONG}' sh $(seq 1000)
	run_ct
	assert_ok
	assert_output "1000 60000"
}

@test "the environment is the configuration's and HOME, nothing of the caller's" {
	config '.process.env = ["PATH=/bin", "A=1", "EMPTY=", "EQ=a=b"]'
	config_args env
	LEAK=1 run_ct
	assert_ok
	assert_equal "A=1 EMPTY= EQ=a=b HOME=/root PATH=/bin" "$(echo $(printf '%s\n' "$output" | sort))"
}

@test "HOME is the user's of /etc/passwd unless it is configured" {
	config '.process.user = {uid: 1000, gid: 1000}'
	config_sh 'echo $HOME'
	run_ct
	assert_output /home/user
	config '.process.env += ["HOME=/tmp"]'
	run_ct
	assert_output /tmp
	config '.process.user.uid = 4242 | .process.env |= map(select(startswith("HOME") | not))'
	run_ct
	assert_output /
}

@test "each variable is in the environment once, an empty HOME is replaced" {
	only_ours "runc 1.1 lists some twice"
	config '.process.env = ["PATH=/bin", "HOME=", "A=first", "A=", "AB=x", "A=last", "HOME=", "AB=y"]'
	config_args env
	run_ct
	assert_ok
	assert_equal "$(printf '%s\n' A=last AB=y HOME=/root PATH=/bin)" "$(sort <<<"$output")"

	config '.process.env = ["HOME=/first", "HOME="]'
	config_args /bin/env
	run_ct
	assert_output HOME=/root
}

@test "of a variable given twice the last counts" {
	config '.process.env += ["A=first", "B=x", "A=second"]'
	config_sh 'echo $A; env | grep -c ^A='
	run_ct
	assert_ok
	assert_equal second "$(head -n 1 <<<"$output")"
	is_reference || assert_equal 1 "${lines[1]}"
}

@test "the command is found in the container's PATH, not in the caller's" {
	own_rootfs
	mkdir "$ROOTFS/opt" "$ROOTFS/opt2"
	printf '#!/bin/sh\necho opt2\n' >"$ROOTFS/opt2/tool"
	chmod 755 "$ROOTFS/opt2/tool"
	echo "not executable" >"$ROOTFS/opt/tool"
	config '.process.env = ["PATH=/opt:/opt2:/bin"]'
	config_args tool
	run_ct
	assert_ok
	assert_output opt2
}

@test "a command with a slash is relative to the working directory" {
	own_rootfs
	mkdir "$ROOTFS/opt"
	printf '#!/bin/sh\necho from $0\n' >"$ROOTFS/opt/tool"
	chmod 755 "$ROOTFS/opt/tool"
	config '.process.cwd = "/opt"'
	config_args ./tool
	run_ct
	assert_ok
	assert_output "from ./tool"
}

@test "the command is process 1 of its namespace and leads a session" {
	config_sh 'echo $$; cut -d " " -f 5,6 /proc/1/stat'
	run_ct
	assert_output "$(printf '1\n1 1')"
}

@test "run works when the standard descriptors are closed" {
	config_sh 'ls /proc/self/fd >/dev/null; exit 11'
	status=0
	timeout 60 "$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" "$ID" <&- >&- 2>&- 3>&- 4>&- || status=$?
	assert_fails 11
}

@test "the container starts with default signal dispositions and nothing blocked" {
	status_line SigBlk SigIgn
	status=0
	(
		trap '' HUP INT QUIT PIPE USR1
		rt run -b "$BUNDLE" "$ID" </dev/null
	) >"$WORK/res" 2>&1 || status=$?
	output=$(<"$WORK/res")
	assert_ok
	is_reference && return
	assert_equal "SigBlk: 0000000000000000 SigIgn: 0000000000000000" "$(flat)"
}

# ---------------------------------------------------------------- working directory

@test "the working directory is entered" {
	config '.process.cwd = "/etc"'
	config_args pwd
	run_ct
	assert_output /etc
}

@test "a working directory that does not exist is made" {
	own_rootfs
	config '.process.cwd = "/srv/made/here"'
	config_args pwd
	run_ct
	assert_ok
	assert_output /srv/made/here
	[ -d "$ROOTFS/srv/made/here" ]
}

@test "a working directory that only root or only the user may enter is entered" {
	own_rootfs
	mkdir -m 700 "$ROOTFS/forroot" "$ROOTFS/foruser"
	chown 1000:1000 "$ROOTFS/foruser"
	config '.process.user = {uid: 1000, gid: 1000} | .process.cwd = "/foruser"'
	config_args pwd
	run_ct
	assert_ok
	assert_output /foruser
}

@test "a working directory that is a file is refused" {
	config '.process.cwd = "/etc/passwd"'
	run_ct
	assert_fails
	assert_has /etc/passwd
	assert_nothing_left
}

# ---------------------------------------------------------------- user

@test "user and group by number, no other group" {
	config '.process.user = {uid: 1000, gid: 29}'
	status_line Uid Gid Groups
	run_ct
	assert_ok
	assert_equal "Uid: 1000 1000 1000 1000 Gid: 29 29 29 29 Groups:" "$(flat)"
}

@test "additional groups" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [10, 29, 4000000]}'
	status_line Groups
	run_ct
	assert_ok
	assert_equal "Groups: 10 29 4000000" "$(flat)"
}

@test "umask: the configuration's, or 022" {
	config_sh umask
	(umask 077 && rt run -b "$BUNDLE" "$ID" </dev/null >"$WORK/res")
	assert_equal 0022 "$(cat "$WORK/res")"
	config '.process.user.umask = 23'
	run_ct
	assert_output 0027
}

# ---------------------------------------------------------------- limits

@test "rlimits of every kind are set" {
	config '.process.rlimits = [
		{type: "RLIMIT_AS", soft: 1000000000, hard: 2000000000}, {type: "RLIMIT_CORE", soft: 1000, hard: 2000},
		{type: "RLIMIT_CPU", soft: 50, hard: 60}, {type: "RLIMIT_DATA", soft: 900000000, hard: 900000000},
		{type: "RLIMIT_FSIZE", soft: 1234567, hard: 7654321}, {type: "RLIMIT_LOCKS", soft: 3, hard: 4},
		{type: "RLIMIT_MEMLOCK", soft: 4096, hard: 8192}, {type: "RLIMIT_MSGQUEUE", soft: 5, hard: 6},
		{type: "RLIMIT_NICE", soft: 0, hard: 0}, {type: "RLIMIT_NOFILE", soft: 100, hard: 100},
		{type: "RLIMIT_NPROC", soft: 500, hard: 600}, {type: "RLIMIT_RSS", soft: 7, hard: 8},
		{type: "RLIMIT_RTPRIO", soft: 0, hard: 0}, {type: "RLIMIT_RTTIME", soft: 9, hard: 10},
		{type: "RLIMIT_SIGPENDING", soft: 11, hard: 12}, {type: "RLIMIT_STACK", soft: 1000000, hard: 2000000}]'
	config_sh 'sed -e 1d -e "s/  */ /g" /proc/self/limits'
	run_ct
	assert_ok
	assert_has "address space 1000000000 2000000000" "core file size 1000 2000" "cpu time 50 60" "data size 900000000 900000000" \
		"file size 1234567 7654321" "file locks 3 4" "locked memory 4096 8192" "msgqueue size 5 6" "nice priority 0 0" \
		"open files 100 100" "processes 500 600" "resident set 7 8" "realtime priority 0 0" "realtime timeout 9 10" \
		"pending signals 11 12" "stack size 1000000 2000000"
}

@test "an unlimited rlimit is 2^64-1" {
	[ "$(ulimit -H -c)" = unlimited ] || skip "missing: an unlimited hard limit for core files to start from"
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: "MAX", hard: "MAX"}]'
	config_args grep core /proc/self/limits
	# By hand: jq rounds the number.
	sed -i 's/"MAX"/18446744073709551615/g' "$BUNDLE/config.json"
	run_ct
	assert_ok
	assert_equal "Max core file size unlimited unlimited bytes" "$(flat)"
}

@test "the oom score adjustment is set" {
	config '.process.oomScoreAdj = 500'
	config_args cat /proc/self/oom_score_adj
	run_ct
	assert_ok
	assert_output 500
}

@test "without an oom score adjustment the caller's stays" {
	config_args cat /proc/self/oom_score_adj
	run_ct
	assert_ok
	assert_output "$(cat /proc/self/oom_score_adj)"
}

@test "an oom score adjustment below the caller's works with the capability and fails clearly without" {
	require_power "putting processes first when memory ends"
	config '.process.oomScoreAdj = -900'
	config_args cat /proc/self/oom_score_adj
	run_ct
	if has_cap CAP_SYS_RESOURCE; then
		assert_ok
		assert_output -900
	else
		assert_fails 1
		is_reference || assert_one_line
		assert_has oom
		assert_nothing_left
	fi
}

# ---------------------------------------------------------------- capabilities

@test "each of the five capability sets is set as configured" {
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW", "CAP_SETPCAP"],
		permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"], effective: ["CAP_CHOWN", "CAP_KILL"],
		inheritable: ["CAP_CHOWN", "CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user = {uid: 1000, gid: 1000}'
	status_line CapInh CapPrm CapEff CapBnd CapAmb
	run_ct
	assert_ok
	# After execve of an ordinary file an ordinary user keeps the ambient set, and it is effective.
	assert_equal "CapInh: 0000000000000021 CapPrm: 0000000000000020 CapEff: 0000000000000020 CapBnd: 00000000000021a1 CapAmb: 0000000000000020" "$(flat)"
}

@test "root gets the bounding set and no inheritable or ambient one by default" {
	status_line CapInh CapPrm CapEff CapBnd CapAmb
	run_ct
	assert_equal "CapInh: 0000000000000000 CapPrm: 0000000020000420 CapEff: 0000000020000420 CapBnd: 0000000020000420 CapAmb: 0000000000000000" "$(flat)"
}

@test "a configuration without capabilities gives none" {
	config 'del(.process.capabilities)'
	status_line CapInh CapPrm CapEff CapBnd CapAmb
	run_ct
	assert_ok
	assert_equal "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000" "$(flat)"
}

@test "an unknown capability is warned about, the container starts without it" {
	config '.process.capabilities |= map_values(. + ["CAP_NOSUCH"])'
	status_line CapEff
	run_ct
	assert_ok
	assert_has CAP_NOSUCH
	[[ $(flat) == *"CapEff: 0000000020000420"* ]]
}

@test "an ordinary user has no capabilities and cannot get any" {
	config '.process.user = {uid: 1000, gid: 1000}'
	status_line CapPrm CapEff CapAmb
	run_ct
	assert_equal "CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000" "$(flat)"
}

@test "no new privileges is set as configured" {
	status_line NoNewPrivs
	run_ct
	assert_equal "NoNewPrivs: 1" "$(flat)"
	config '.process.noNewPrivileges = false'
	run_ct
	assert_equal "NoNewPrivs: 0" "$(flat)"
}

# ---------------------------------------------------------------- scheduling

# scheduled EXPR: runs a sleeper configured with EXPR and prints what chrt says of it.
scheduled() {
	config "$1"
	config_args sleep 1000
	start_ct
	chrt -p "$(ct_pid)"
}

@test "scheduler SCHED_BATCH with a nice value" {
	require_power "raising priorities"
	only_ours "runc 1.1 has no scheduler"
	run scheduled '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	assert_ok
	assert_has SCHED_BATCH
	run rt exec "$ID" cut -d " " -f 19 /proc/1/stat
	assert_output 7
}

@test "scheduler SCHED_FIFO with a priority and reset on fork" {
	only_ours "runc 1.1 has no scheduler"
	require_cap CAP_SYS_NICE
	chrt -f 10 true 2>/dev/null || skip "missing: realtime scheduling in this cgroup"
	# Where the v1 controller hands out realtime, a group has none until it is given some.
	local group realtime='.'
	group=$(cgroup_dir cpu "$CGROUP_TOP")
	if cgroup_is_v1 cpu && [ -e "$(cgroup_mount cpu)/cpu.rt_runtime_us" ]; then
		mkdir -p "$group"
		echo 50000 >"$group/cpu.rt_runtime_us" || skip "missing: realtime of the machine to give to a cgroup"
		realtime='.linux.resources.cpu = {realtimeRuntime: 20000}'
	fi
	run scheduled "$realtime"' | .process.scheduler = {policy: "SCHED_FIFO", priority: 42, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	assert_ok
	assert_has "SCHED_FIFO|SCHED_RESET_ON_FORK" "priority: 42"
}

@test "scheduler SCHED_DEADLINE with its three times" {
	only_ours "runc 1.1 has no scheduler"
	require_cap CAP_SYS_NICE
	chrt -d -T 1000000 -D 10000000 -P 10000000 0 true 2>/dev/null || skip "missing: deadline scheduling on this machine"
	run scheduled '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 20000000, period: 30000000}'
	assert_ok
	assert_has SCHED_DEADLINE 1000000/20000000/30000000
}

@test "I/O priority" {
	only_ours "runc 1.1 has no ioPriority"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 3}'
	config_args sleep 1000
	start_ct
	assert_equal "best-effort: prio 3" "$(ionice -p "$(ct_pid)")"
	run rt delete -f "$ID"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	start_ct
	assert_equal idle "$(ionice -p "$(ct_pid)")"
}

@test "exec CPU affinity binds processes that exec starts" {
	only_ours "runc 1.1 has no execCPUAffinity"
	[ "$(nproc)" -ge 2 ] || skip "missing: a second CPU"
	config '.process.execCPUAffinity = {initial: "0-1", final: "1"}'
	sleeper
	run rt exec "$ID" grep Cpus_allowed_list /proc/self/status
	assert_equal "Cpus_allowed_list: 1" "$(flat)"
	run rt exec "$ID" grep Cpus_allowed_list /proc/1/status
	[ "$(flat)" != "Cpus_allowed_list: 1" ]
}

@test "a CPU affinity of the caller does not reach the container" {
	only_ours "runc 1.1 hands it on"
	[ "$(nproc)" -ge 2 ] || skip "missing: a second CPU"
	require_program taskset util-linux
	local all
	config_args grep Cpus_allowed_list /proc/self/status
	run_ct
	assert_ok
	all=$output
	run taskset -c "$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')" bash -c 'exec "$@" </dev/null' sh "$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID"
	assert_ok
	assert_output "$all"
	sleeper
	run taskset -c "$(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')" bash -c 'exec "$@" </dev/null' sh "$BIVY_RUNTIME" --root "$STATE" exec "$ID" grep Cpus_allowed_list /proc/self/status
	assert_ok
	assert_output "$all"
}

@test "exec CPU affinity that names no CPU is refused" {
	only_ours "runc 1.1 has no execCPUAffinity"
	config '.process.execCPUAffinity = {final: "1-"}'
	run_ct
	assert_refused execCPUAffinity
}

@test "personality LINUX32" {
	only_ours "runc 1.1 has no personality"
	[ "$(uname -m)" = x86_64 ] || skip "missing: an x86-64 machine"
	config '.linux.personality = {domain: "LINUX32"}'
	config_args uname -m
	run_ct
	assert_ok
	assert_output i686
	config '.linux.personality = {domain: "LINUX"}'
	run_ct
	assert_output x86_64
}

@test "memory policy" {
	only_ours "runc 1.1 has no memoryPolicy"
	[ -e /proc/self/numa_maps ] || skip "missing: kernel NUMA support"
	config '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	config_sh 'cat /proc/self/numa_maps'
	run_ct
	assert_ok
	assert_has interleave
}

# ---------------------------------------------------------------- names, sysctl, keyring

@test "host name and domain name" {
	config '.hostname = "tent.example"'
	config_args hostname
	run_ct
	assert_output tent.example
	only_ours "runc 1.1 has no domainname"
	config '.domainname = "example.org"'
	config_sh 'hostname; cat /proc/sys/kernel/domainname'
	run_ct
	assert_output "$(printf 'tent.example\nexample.org')"
	[ "$(hostname)" != tent.example ]
}

@test "sysctl of the container's namespaces, written with dots or slashes" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net/ipv4/conf/lo/forwarding": "1", "kernel.msgmax": "4444",
		"kernel.shm_rmid_forced": "1", "fs.mqueue.msg_max": "8"}'
	is_reference && config 'del(.linux.sysctl["net/ipv4/conf/lo/forwarding"])'
	config_sh 'cd /proc/sys; cat net/ipv4/ip_forward net/ipv4/conf/lo/forwarding kernel/msgmax kernel/shm_rmid_forced fs/mqueue/msg_max'
	run_ct
	assert_ok
	assert_equal "1 1 4444 1 8" "$(flat)"
}

@test "sysctl outside the container's namespaces is refused by name" {
	local before name
	before=$(cat /proc/sys/vm/swappiness)
	for name in vm.swappiness kernel.panic net.nosuch.key ../../../etc/x kernel.core_pattern; do
		config '.linux.sysctl = {($n): "61"}' --arg n "$name"
		run_ct
		if is_reference; then assert_fails 1; else assert_refused "$name"; fi
	done
	assert_equal "$before" "$(cat /proc/sys/vm/swappiness)"
}

@test "sysctl of a namespace that the container shares is refused" {
	config '.linux.namespaces |= map(select(.type != "network" and .type != "ipc")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_ct
	assert_refused net.ipv4.ip_forward
	config '.linux.sysctl = {"kernel.msgmax": "4444"}'
	run_ct
	assert_refused kernel.msgmax
}

@test "the session keyring is the container's own, unless --no-new-keyring" {
	[ -r /proc/keys ] || skip "missing: kernel keyrings"
	config '.linux.maskedPaths = []'
	config_args cat /proc/keys
	run_ct
	assert_ok
	assert_has "_ses.$ID"
	# The kernel collects the first one in its own time.
	ID=$ID-none
	run_ct --no-new-keyring
	assert_ok
	assert_lacks "_ses.$ID"
}

@test "an AppArmor profile or SELinux label is an error where the kernel has none" {
	! has_apparmor || skip "missing: a kernel without AppArmor"
	config '.process.apparmorProfile = "bivy-nosuch"'
	run_ct
	assert_fails 1
	assert_one_line
	is_reference || assert_has process.apparmorProfile AppArmor
	assert_nothing_left
	config 'del(.process.apparmorProfile) | .process.selinuxLabel = "system_u:system_r:container_t:s0"'
	run_ct
	assert_fails 1
	assert_one_line
	assert_nothing_left
}

@test "an AppArmor profile is applied" {
	require_apparmor
	require_program apparmor_parser apparmor
	echo 'profile bivy-test-deny flags=(attach_disconnected) { file, capability, deny /etc/group r, }' >"$WORK/profile"
	apparmor_parser -r "$WORK/profile"
	config '.process.apparmorProfile = "bivy-test-deny"'
	config_sh 'cat /proc/self/attr/current; cat /etc/group >/dev/null 2>&1 || echo denied'
	run_ct
	apparmor_parser -R "$WORK/profile"
	assert_ok
	assert_output "$(printf 'bivy-test-deny (enforce)\ndenied')"
}

@test "signals that the caller ignores are not ignored by the command" {
	config '.process.args = ["grep", "SigIgn", "/proc/self/status"]' # no shell, which has some ignored itself
	run bash -c 'trap "" HUP USR2 PIPE RTMIN+7; exec "$@"' bash "$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID"
	assert_ok
	assert_has "0000000000000000"
}
