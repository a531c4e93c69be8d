# bivy: a start told step by step, in the kernel's words.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# told PATTERN…: a line of the explanation matches each of them, in that order.
told() {
	local pattern line=0 found
	for pattern in "$@"; do
		found=$(awk -v from="$line" -v pattern="$pattern" 'NR > from && $0 ~ pattern { print NR; exit }' explanation)
		[ -n "$found" ] || { cat explanation; fail "not told after line $line: $pattern"; }
		line=$found
	done
}

@test "run --explain tells groups, namespaces, maps, links, mounts, pivot, capabilities and filter as they come" {
	run -3 --separate-stderr bivy run --rm --explain --hostname told -m 64m busybox sh -c 'echo out; exit 3'
	[ "$output" = out ]
	printf '%s\n' "$stderr" >explanation
	told '^bivy +fcntl.*ids [0-9]+ to [0-9]+ are the container' '^bivy +fsopen..overlay' '^bivy +vfork.*supervise' \
		'^supervisor +mkdir.*/sys/fs/cgroup' '^supervisor +write.*memory.*: 67108864$' \
		'^supervisor +clone3.CLONE_NEWUSER.CLONE_NEWNS.CLONE_NEWPID.CLONE_NEWNET.CLONE_NEWIPC.CLONE_NEWUTS' \
		'^supervisor +write.*/uid_map..: 0 [0-9]+ 65536$' '^supervisor +RTM_NEWLINK: veth'
	told '^init +setresgid' '^init +sethostname..told' '^init +mount.NULL, ./., NULL, MS_REC.MS_SLAVE' '^init +fsopen..proc' '^init +move_mount.*/proc' \
		'^init +fchdir.*pivot_root' "^init +make '/proc/sys' read-only" "^init +mask '/proc/kcore'" '^init +prctl.PR_CAPBSET_DROP. of all but CAP_CHOWN' \
		'^init +capset' '^init +seccomp.SECCOMP_SET_MODE_FILTER.: [0-9]+ instructions' '^init +execve..(/usr)?/s?bin/sh'
}

@test "what is told is what the kernel has" {
	bivy run -d --explain --name web -m 64m busybox sleep 1000 2>explanation >/dev/null
	local pid map group
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	map=$(awk '{ print $1, $2, $3 }' "/proc/$pid/uid_map")
	told "^supervisor +write.*/uid_map..: $map\$"
	group=$(sed -n 's/^supervisor *write("\(.*\)"): 67108864$/\1/p' explanation | head -n 1)
	[ "$(cat "$group")" = 67108864 ]
	grep -q "clone3(.*) = $pid\$" explanation
}

@test "an explanation ends with the start, through a pipe as well, and none is given unasked" {
	run -0 timeout 20 bash -c '"$@" 2>&1 >/dev/null | tail -n 1' - "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run -d --explain --name piped \
		busybox sleep 1000
	[[ $output == "init "*'execve("'*/sleep'")' ]]
	[ "$(bivy inspect -f '{{.State.Status}}' piped)" = running ]
	run -0 --separate-stderr bivy run --rm busybox true
	[ -z "$stderr" ]
	run -0 --separate-stderr bivy run --rm --explain=false busybox true
	[ -z "$stderr" ]
	run -125 bivy run --rm --explain=poem busybox true
	[[ $output == *"expected one of steps"* ]]
}

@test "a filter that is against writing is told of, and keeps nobody from starting" {
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["write", "writev"], action: "SCMP_ACT_KILL_PROCESS"}]}' >profile.json
	run -0 --separate-stderr bivy run --rm --explain --timing=json --security-opt seccomp=profile.json busybox true
	[[ $stderr == *"seccomp(SECCOMP_SET_MODE_FILTER)"*"execve("* ]]
}
