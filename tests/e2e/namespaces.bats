# Namespaces: each one new, absent (the host's own) and joined by path, time offsets, and what a wrong list says.

load ../lib/common

setup() {
	common_setup
	require_root
}

# new_namespace TYPE [FLAG…]: an own process that holds a new namespace; sets $HOLDER (its pid).
new_namespace() {
	local ready=$WORK/ready.$1
	mkfifo "$ready"
	# shellcheck disable=SC2016
	unshare "${@:2}" sh -c 'echo $$ >"$1"; exec sleep 1000' sh "$ready" >/dev/null 2>&1 3>&- &
	own_pid $!
	read -r HOLDER <"$ready"
	# A pid namespace is only the child's, which says the number it has inside.
	[ "$1" != pid ] || HOLDER=$(cat "/proc/$!/task/$!/children")
	HOLDER=${HOLDER// /}
	own_pid "$HOLDER"
}

# drop_namespace TYPE…: the container keeps the host's.
drop_namespace() {
	local type
	for type; do config '.linux.namespaces |= map(select(.type != $t))' --arg t "$type"; done
}

# join_namespace TYPE PATH.
join_namespace() {
	drop_namespace "$1"
	config '.linux.namespaces += [{type: $t, path: $p}]' --arg t "$1" --arg p "$2"
}

# assert_new TYPE LINK: the container's namespace is not the host's.
assert_new() {
	config_args readlink "/proc/self/ns/$2"
	run_ct
	assert_ok
	assert_has "$2:["
	[ "$output" != "$(readlink "/proc/self/ns/$2")" ] || fail "the container is in the host's $1 namespace"
}

# assert_host TYPE LINK: it is.
assert_host() {
	config_args readlink "/proc/self/ns/$2"
	run_ct
	assert_ok
	assert_output "$(readlink "/proc/self/ns/$2")"
}

# assert_joined TYPE LINK FLAG…: a container that names the holder's namespace is in it.
assert_joined() {
	new_namespace "$1" "${@:3}"
	join_namespace "$1" "/proc/$HOLDER/ns/$2"
	config_args readlink "/proc/self/ns/$2"
	run_ct
	assert_ok
	assert_output "$(readlink "/proc/$HOLDER/ns/$2")"
	assert_nothing_left_but_holder
}

assert_nothing_left_but_holder() {
	local end=$((SECONDS + $(slow 2)))
	while [ -n "$(what_is_left)" ]; do
		[ $SECONDS -lt $end ] || fail "left behind:" "$(what_is_left)" || return 1
		sleep 0.05
	done
	[ -d "/proc/$HOLDER" ] || fail "the namespace's own process was ended"
}

# ---------------------------------------------------------------- new

@test "a new pid namespace: the command is process 1" {
	config_sh 'echo $$; readlink /proc/self/ns/pid'
	run_ct
	assert_ok
	assert_equal 1 "${lines[0]}"
	[ "${lines[1]}" != "$(readlink /proc/self/ns/pid)" ]
}

@test "a new network namespace: only a loopback, and it is up" {
	config_sh 'readlink /proc/self/ns/net; ip -o link'
	run_ct
	assert_ok
	[ "${lines[0]}" != "$(readlink /proc/self/ns/net)" ]
	[[ ${lines[1]} == *": lo: <LOOPBACK,UP"* ]] || fail "loopback is not up: $output"
	run bash -c 'printf "%s\n" "$1" | grep -cv "^net:\|: lo:\|tunl0\|sit0\|gre\|ip6\|erspan\|ip_vti\|teql0"' sh "$output"
	assert_output 0
}

@test "a new ipc namespace" {
	assert_new ipc ipc
}

@test "a new uts namespace: hostname and domain name are the container's, the host keeps its own" {
	local host
	host=$(hostname)
	config '.hostname = "inside"'
	config_sh 'readlink /proc/self/ns/uts; hostname; cat /proc/sys/kernel/domainname'
	if ! is_reference; then config '.domainname = "example.test"'; fi
	run_ct
	assert_ok
	[ "${lines[0]}" != "$(readlink /proc/self/ns/uts)" ]
	assert_equal inside "${lines[1]}"
	is_reference || assert_equal example.test "${lines[2]}"
	assert_equal "$host" "$(hostname)"
}

@test "a new mount namespace: the host sees none of the container's mounts" {
	sleeper
	run grep -cF "$WORK" /proc/self/mountinfo
	assert_output 0
	[ "$(readlink "/proc/$(ct_pid)/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

@test "a new cgroup namespace: the container's own cgroup is the root it sees" {
	config_sh 'readlink /proc/self/ns/cgroup; cut -d: -f3 /proc/self/cgroup | sort -u'
	run_ct
	assert_ok
	[ "${lines[0]}" != "$(readlink /proc/self/ns/cgroup)" ]
	# Hierarchies without a controller of ours may leave the process where the caller was.
	if cgroup_mount pids >/dev/null; then
		config_sh 'grep -E ":(.*,)?pids(,.*)?:|^0::" /proc/self/cgroup | head -n 1 | cut -d: -f3'
		run_ct
		assert_ok
		assert_output /
	fi
}

@test "a new user namespace" {
	require_userns
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	assert_new user user
}

@test "a new time namespace with offsets: the container's clocks are shifted, the host's are not" {
	only_ours "time namespaces"
	require_timens
	local before
	config '.linux.namespaces += [{type: "time"}]
		| .linux.timeOffsets = {monotonic: {secs: 86400, nanosecs: 500000000}, boottime: {secs: 604800, nanosecs: 0}}'
	config_sh 'readlink /proc/self/ns/time; cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
	before=$(cut -d. -f1 /proc/uptime)
	run_ct
	assert_ok
	[ "${lines[0]}" != "$(readlink /proc/self/ns/time)" ]
	[[ ${lines[1]} =~ ^monotonic\ +86400\ +500000000$ ]] || fail "$output"
	[[ ${lines[2]} =~ ^boottime\ +604800\ +0$ ]] || fail "$output"
	((lines[3] >= before + 604800)) || fail "uptime ${lines[3]}, host's $before"
	(($(cut -d. -f1 /proc/uptime) < before + 604800))
}

@test "a new time namespace without offsets, and negative offsets" {
	only_ours "time namespaces"
	require_timens
	config '.linux.namespaces += [{type: "time"}]'
	config_sh 'readlink /proc/self/ns/time; cat /proc/self/timens_offsets'
	run_ct
	assert_ok
	[ "${lines[0]}" != "$(readlink /proc/self/ns/time)" ]
	[[ ${lines[2]} =~ ^boottime\ +0\ +0$ ]] || fail "$output"

	config '.linux.timeOffsets = {boottime: {secs: -5, nanosecs: 0}}'
	run_ct
	assert_ok
	[[ ${lines[2]} =~ ^boottime\ +-5\ +0$ ]] || fail "$output"
}

@test "time offsets in a new user namespace" {
	only_ours "time namespaces"
	require_timens
	require_userns
	config '.linux.namespaces += [{type: "time"}, {type: "user"}] | .linux.timeOffsets = {boottime: {secs: 777, nanosecs: 0}}
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	config_sh 'cat /proc/self/timens_offsets; id -u; cat /proc/self/uid_map'
	run_ct
	assert_ok
	[[ ${lines[1]} =~ ^boottime\ +777\ +0$ ]] || fail "$output"
	assert_equal "0 0 200000 65536" "$(echo ${lines[2]} ${lines[3]})"
}

@test "an exec enters the time namespace too" {
	only_ours "time namespaces"
	require_timens
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 777, nanosecs: 0}}'
	sleeper
	run in_ct sh -c 'readlink /proc/self/ns/time; cat /proc/self/timens_offsets'
	assert_ok
	assert_equal "$(readlink "/proc/$(ct_pid)/ns/time")" "${lines[0]}"
	[[ ${lines[2]} =~ ^boottime\ +777\ +0$ ]] || fail "$output"
}

@test "an exec enters every namespace of the container" {
	sleeper
	local name pid
	pid=$(ct_pid)
	for name in mnt uts ipc net pid cgroup user; do
		run in_ct readlink "/proc/self/ns/$name"
		assert_ok
		assert_output "$(readlink "/proc/$pid/ns/$name")"
	done
}

# ---------------------------------------------------------------- absent: the host's

@test "without a pid namespace the host's processes are seen" {
	drop_namespace pid
	config_sh 'readlink /proc/self/ns/pid; [ -d /proc/$1 ] && echo sees' $$
	run_ct
	assert_ok
	assert_equal "$(readlink /proc/self/ns/pid)" "${lines[0]}"
	assert_equal sees "${lines[1]}"
}

@test "without a pid namespace, what the command left running is ended with the container" {
	drop_namespace pid
	config_sh 'sleep 1000 & sleep 1000 & echo started'
	detached run --detach --bundle "$BUNDLE" "$ID"
	assert_ok
	wait_for status_is stopped
	run rt delete "$ID"
	if [ "$status" -ne 0 ]; then run rt delete --force "$ID"; fi
	assert_ok
	assert_nothing_left
}

@test "without a network namespace the container has the host's network" {
	drop_namespace network
	assert_host network net
}

@test "without an ipc namespace the container shares the host's" {
	drop_namespace ipc
	assert_host ipc ipc
}

@test "without a uts namespace the host name is the host's, and one of its own is refused" {
	drop_namespace uts
	config 'del(.hostname)'
	assert_host uts uts
	config '.hostname = "thief"'
	local host
	host=$(hostname)
	run_ct
	assert_fails
	assert_equal "$host" "$(hostname)"
	is_reference || assert_refused hostname uts
}

@test "without a cgroup namespace the container sees the host's paths" {
	require_controller pids
	drop_namespace cgroup
	config_sh 'readlink /proc/self/ns/cgroup; grep -E ":(.*,)?pids(,.*)?:|^0::" /proc/self/cgroup | head -n 1'
	run_ct
	assert_ok
	assert_equal "$(readlink /proc/self/ns/cgroup)" "${lines[0]}"
	[[ ${lines[1]} == *"$CGROUP" ]] || fail "$output"
}

@test "without a user and a time namespace the container is in the host's" {
	assert_host user user
	[ ! -e /proc/self/ns/time ] || assert_host time time
}

@test "without a mount namespace nothing of the host's mounts changes" {
	only_ours "no mount is left on the host"
	drop_namespace mount
	config 'del(.linux.maskedPaths, .linux.readonlyPaths) | .mounts = [] | .root.readonly = false'
	run_ct
	[ "$status" -eq 0 ] || assert_refused "$(has_power && echo mount || echo 'make the device')"
	run grep -F "$SCRATCH" /proc/self/mountinfo
	assert_output ""
}

# ---------------------------------------------------------------- joined by path

@test "a network namespace joined by path" {
	assert_joined network net --net
}

@test "a network namespace joined by a file that it is bound to" {
	new_namespace network --net
	touch "$WORK/netns"
	mount --bind "/proc/$HOLDER/ns/net" "$WORK/netns"
	join_namespace network "$WORK/netns"
	config_args readlink /proc/self/ns/net
	run_ct
	assert_ok
	assert_output "$(readlink "/proc/$HOLDER/ns/net")"
}

@test "a joined network namespace is left as it is: the loopback stays down" {
	only_ours "a joined network is not configured"
	new_namespace network --net
	join_namespace network "/proc/$HOLDER/ns/net"
	config_sh 'ip -o link show lo'
	run_ct
	assert_ok
	assert_has "<LOOPBACK>"
}

@test "an ipc namespace joined by path" {
	assert_joined ipc ipc --ipc
}

@test "a uts namespace joined by path shows its host name" {
	new_namespace uts --uts
	nsenter --uts="/proc/$HOLDER/ns/uts" hostname pod
	join_namespace uts "/proc/$HOLDER/ns/uts"
	config 'del(.hostname)'
	config_sh 'readlink /proc/self/ns/uts; hostname'
	run_ct
	assert_ok
	assert_equal "$(readlink "/proc/$HOLDER/ns/uts")" "${lines[0]}"
	assert_equal pod "${lines[1]}"
}

@test "a pid namespace joined by path: its processes are seen, the command is not process 1" {
	new_namespace pid --pid --fork
	join_namespace pid "/proc/$HOLDER/ns/pid"
	config_sh 'readlink /proc/self/ns/pid; [ $$ -ne 1 ] && tr "\0" " " </proc/1/cmdline'
	run_ct
	assert_ok
	assert_equal "$(readlink "/proc/$HOLDER/ns/pid")" "${lines[0]}"
	assert_equal "sleep 1000 " "${lines[1]}"
}

@test "a cgroup namespace joined by path" {
	assert_joined cgroup cgroup --cgroup
}

@test "a mount namespace joined by path: sources of mounts are looked up in it" {
	only_ours "joined mount namespaces"
	mkdir "$WORK/seen"
	new_namespace mount --mount --propagation private
	nsenter --mount="/proc/$HOLDER/ns/mnt" sh -c 'mount -t tmpfs none "$1" && echo theirs >"$1/file"' sh "$WORK/seen"
	join_namespace mount "/proc/$HOLDER/ns/mnt"
	config '.mounts += [{destination: "/tmp", type: "bind", source: $s, options: ["bind"]}]' --arg s "$WORK/seen"
	config_args cat /tmp/file
	run_ct
	assert_ok
	assert_output theirs
	# The holder itself still has its own root.
	assert_equal theirs "$(nsenter --mount="/proc/$HOLDER/ns/mnt" cat "$WORK/seen/file")"
}

@test "a time namespace joined by path" {
	only_ours "time namespaces"
	require_timens
	new_namespace time --time --boottime 4242
	join_namespace time "/proc/$HOLDER/ns/time_for_children"
	config_sh 'readlink /proc/self/ns/time; cat /proc/self/timens_offsets'
	run_ct
	assert_ok
	assert_equal "$(readlink "/proc/$HOLDER/ns/time_for_children" | sed 's/time_for_children/time/')" "${lines[0]}"
	[[ ${lines[2]} =~ ^boottime\ +4242\ +0$ ]] || fail "$output"
}

@test "a pod: a second container shares network, ipc, uts and pid of the first" {
	sleeper
	local first name
	first=$(ct_pid)
	new_bundle "$WORK/second"
	BUNDLE=$WORK/second
	for name in network:net ipc:ipc uts:uts pid:pid; do
		join_namespace "${name%:*}" "/proc/$first/ns/${name#*:}"
	done
	config 'del(.hostname) | .linux.cgroupsPath += "-second"'
	config_sh 'for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done; hostname'
	ID=$ID-second
	run_ct
	assert_ok
	assert_equal "$(readlink "/proc/$first/ns/net")" "${lines[0]}"
	assert_equal "$(readlink "/proc/$first/ns/ipc")" "${lines[1]}"
	assert_equal "$(readlink "/proc/$first/ns/uts")" "${lines[2]}"
	assert_equal "$(readlink "/proc/$first/ns/pid")" "${lines[3]}"
	[ "$(readlink "/proc/$first/ns/mnt")" != "${lines[4]}" ]
	assert_equal bivy "${lines[5]}"
	# The first lives on.
	kill -0 "$first"
}

@test "a joined pid namespace: killing the second container leaves the first alone" {
	sleeper
	local first second
	first=$(ct_pid)
	new_bundle "$WORK/second"
	BUNDLE=$WORK/second
	join_namespace pid "/proc/$first/ns/pid"
	config '.linux.cgroupsPath += "-second"'
	ID=$ID-second
	sleeper
	second=$(ct_pid)
	run rt delete --force "$ID"
	assert_ok
	wait_for gone "$second"
	kill -0 "$first"
}

@test "a container in a container" {
	only_ours "a static program"
	# A sanitized program needs shared objects, which the outer container's root does not have.
	require_unsanitized
	local inner=$WORK/inner
	mkdir -p "$inner" "$WORK/program"
	new_bundle "$inner"
	jq '.root = {path: "/home", readonly: true} | del(.linux.cgroupsPath, .linux.resources) | .hostname = "innermost"
		| .mounts |= map(select(.type != "cgroup")) | .process.args = ["sh", "-c", "echo $$; hostname; ls -d /proc/[0-9]*"]' \
		"$inner/config.json" >"$WORK/config.json" && mv "$WORK/config.json" "$inner/config.json"
	cp "$BIVY_RUNTIME" "$WORK/program/bivy-runtime"
	config '.process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_NET_ADMIN", "CAP_SYS_CHROOT",
			"CAP_MKNOD", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE", "CAP_SYS_PTRACE"])
		| .process.noNewPrivileges = false | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| (.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]
		| .mounts += [{destination: "/tmp", type: "bind", source: $i, options: ["bind"]},
			{destination: "/usr/bin", type: "bind", source: $p, options: ["bind"]},
			{destination: "/home", type: "bind", source: $r, options: ["bind"]},
			{destination: "/run", type: "tmpfs", source: "tmpfs"}]' --arg i "$inner" --arg p "$WORK/program" --arg r "$BASE_ROOTFS"
	config_args bivy-runtime --root /run/state run --bundle /tmp inner
	run_ct
	assert_ok
	assert_has $'1\ninnermost\n/proc/1'
	assert_nothing_left
}

# ---------------------------------------------------------------- wrong lists

@test "a path of another type of namespace is refused with the path" {
	new_namespace ipc --ipc
	join_namespace network "/proc/$HOLDER/ns/ipc"
	run_ct
	assert_fails
	is_reference || assert_refused "/proc/$HOLDER/ns/ipc" network
}

@test "a path that is no namespace is refused with the path" {
	echo text >"$WORK/file"
	join_namespace network "$WORK/file"
	run_ct
	assert_fails
	is_reference || assert_refused "$WORK/file"
}

@test "a path that does not exist is refused with the path" {
	join_namespace uts "$WORK/nothing"
	config 'del(.hostname)'
	run_ct
	assert_fails
	is_reference || assert_refused "$WORK/nothing" "no such file or directory"
}

@test "an unknown type of namespace is refused with its place" {
	config '.linux.namespaces += [{type: "weather"}]'
	run_ct
	assert_fails
	is_reference || assert_refused namespaces weather
}

@test "a namespace listed twice is refused" {
	config '.linux.namespaces += [{type: "network"}]'
	run_ct
	assert_fails
	is_reference || assert_refused namespaces network
}

@test "time offsets without a new time namespace are refused" {
	only_ours "time namespaces"
	config '.linux.timeOffsets = {boottime: {secs: 1, nanosecs: 0}}'
	run_ct
	assert_refused timeOffsets
}

@test "time offsets with an unknown clock are refused" {
	only_ours "time namespaces"
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {secs: 1, nanosecs: 0}}'
	run_ct
	assert_refused timeOffsets realtime
}
