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
	local range=('^bivy +fcntl.*ids [0-9]+ to [0-9]+ are the container') map='0 [0-9]+ 65536'
	# All containers of an ordinary user have his ids, of which his own is by itself.
	has_power || { range=() map='0 0 1'; }
	run -3 --separate-stderr bivy run --rm --explain --hostname told -m 64m busybox sh -c 'echo out; exit 3'
	[ "$output" = out ]
	printf '%s\n' "$stderr" >explanation
	told '^bivy +vfork.*supervise' "${range[@]}" '^bivy +fsopen..overlay' \
		'^supervisor +mkdir.*/sys/fs/cgroup' '^supervisor +write.*memory.*: 67108864$' \
		'^supervisor +clone3.CLONE_NEWUSER.CLONE_NEWNS.CLONE_NEWPID.CLONE_NEWNET.CLONE_NEWIPC.CLONE_NEWUTS' \
		"^supervisor +write.*/uid_map..: $map\$" '^supervisor +RTM_NEWLINK: veth'
	told '^init +setresgid' '^init +sethostname..told' '^init +mount.NULL, ./., NULL, MS_REC.MS_SLAVE' '^init +fsopen..proc' '^init +move_mount.*/proc' \
		'^init +fchdir.*pivot_root' "^init +make '/proc/sys' read-only" "^init +mask '/proc/kcore'" '^init +prctl.PR_CAPBSET_DROP. of all but CAP_CHOWN' \
		'^init +capset' '^init +seccomp.SECCOMP_SET_MODE_FILTER.: [0-9]+ instructions' '^init +execve..(/usr)?/s?bin/sh'
}

@test "what is told is what the kernel has" {
	bivy run -d --explain --name web -m 64m busybox sleep 1000 2>explanation >/dev/null
	local pid map group
	pid=$(bivy inspect -f '{{.State.Pid}}' web)
	map=$(bivy system enter awk '{ print $1, $2, $3; exit }' "/proc/$pid/uid_map")
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

# What a process of a container can tell of it, but for what no two starts have alike.
observe() {
	cat >observe.sh <<'OBSERVE'
id; hostname; pwd; umask
grep -E '^(Cap|Seccomp:|NoNewPrivs|Groups)' /proc/self/status
awk '{ print $1, $3 }' /proc/self/uid_map /proc/self/gid_map
awk '{ for (i = 7; i <= NF; i++) if ($i == "-") print $5, $6, $(i + 1) }' /proc/self/mountinfo | sort
cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range /etc/hostname
for file in memory/memory.limit_in_bytes memory.max pids/pids.max pids.max cpu/cpu.cfs_quota_us cpu.max; do cat "/sys/fs/cgroup/$file" 2>/dev/null; done
cat /proc/self/cgroup
for try in 'echo >/proc/sys/kernel/hostname' 'head -c 1 /proc/kcore' 'mknod /tmp/sda b 8 0' 'mount -t tmpfs x /mnt' 'ls /proc/acpi' 'touch /there'; do
	echo "$try: $(sh -c "$try" 2>&1)"
done
ls -ln / | awk '{ print $1, $3, $4, $9 }'
ls -l /dev | awk '{ print $1, $NF }'
env | sort
ulimit -a
ip -o addr | wc -l
[ "$(ls /proc 2>/dev/null | grep -c '^[0-9]')" -gt 20 ] && echo "sees the host's processes"
ls -ln /data /vol 2>&1
true
OBSERVE
	chmod 755 observe.sh
}

# both OPTION…: the container with these options, and the one that its script makes, are alike.
both() {
	bivy run --rm --hostname alike --name alike -v "$PWD:/data:ro" "$@" busybox sh /data/observe.sh >by-bivy 2>&1 </dev/null
	bivy run --rm --hostname alike --name alike -v "$PWD:/data:ro" --explain=shell "$@" busybox sh /data/observe.sh >by-hand.sh
	run -1 bivy container inspect alike
	timeout 60 bash by-hand.sh >by-hand 2>&1 </dev/null
	# The directory of these files itself has more in it by then.
	diff <(grep -v -e 'by-' -e '^total' by-bivy) <(grep -v -e 'by-' -e '^total' by-hand)
}

# needs: what the script calls.
needs() {
	local command
	require_power mount
	for command in perl nft ip unshare nsenter; do command -v "$command" >/dev/null || skip "missing: $command"; done
}

@test "run --explain=shell prints a script that makes the same container by hand" {
	needs
	observe
	both -m 64m --cpus 0.5 --pids-limit 50 -v made:/vol --tmpfs /x --ulimit nofile=512:1024 -w /tmp -e "TEXT=it's
two" -p 127.0.0.1:18080:80
	grep -q '^0' by-hand
	ls /run/by-hand.* 2>/dev/null && fail "something is left"
	[ -z "$(nft list tables | grep by_hand)" ]
}

@test "a script makes containers of other users, without privileges, read-only, and of the host's ids" {
	needs
	observe
	both --user 1000:1000 --cap-drop all --security-opt no-new-privileges --network none --read-only
	both --userns host --cap-add NET_ADMIN --network none
	both --security-opt seccomp=unconfined --network host --pid host --ipc host
}

@test "a script has the exit status of its command, and its standard input" {
	needs
	bivy run -i --rm --explain=shell --network none busybox sh -c 'read -r line; echo "$line"; exit 7' >by-hand.sh
	run -7 bash -c 'echo given | timeout 60 bash by-hand.sh'
	[ "$output" = given ]
	run -0 bash -n by-hand.sh
}

@test "what a script cannot do is told, and nothing is left of the container" {
	run -125 bivy run --rm --explain=shell --name none -v busybox:/image --mount type=image,source=busybox,target=/img busybox true
	[[ $output == *"cannot"*"by a script"* ]]
	[ -z "$(bivy ps -aq)" ]
}
