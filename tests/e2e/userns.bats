# User namespaces: mappings, what root of the container is on the host, joining, and starting as an ordinary user.

load ../lib/common

# An ordinary user whom no machine has, and the ids that the tests give away.
ORDINARY=54321
FIRST_ID=200000

setup_file() {
	common_setup_file
	# The program under test may live where an ordinary user cannot go.
	mkdir "$SCRATCH/runtime"
	cp "$BIVY_RUNTIME" "$SCRATCH/runtime/"
}

setup() {
	common_setup
	require_root
	require_userns
}

# map_users [CONTAINER HOST SIZE]…: a new user namespace with these ranges for users and groups (0 FIRST_ID 65536).
map_users() {
	[ $# -gt 0 ] || set -- 0 $FIRST_ID 65536
	local ranges
	ranges=$(printf '%s %s %s\n' "$@" | jq -Rcn '[inputs | split(" ") | map(tonumber) | {containerID: .[0], hostID: .[1], size: .[2]}]')
	config '.linux.namespaces |= (map(select(.type != "user")) + [{type: "user"}])
		| .linux.uidMappings = $r | .linux.gidMappings = $r' --argjson r "$ranges"
}

# ordinary_bundle: what an ordinary user can run: root of the container is that user, no cgroup of its own.
ordinary_bundle() {
	map_users 0 $ORDINARY 1
	config 'del(.linux.cgroupsPath, .linux.resources)
		| .mounts |= map(select(.type != "cgroup") | if .type == "devpts" then .options -= ["gid=5"] else . end)'
	mkdir -p "$STATE"
	chown $ORDINARY:$ORDINARY "$STATE"
}

# as_ordinary CMD…: CMD as the ordinary user, with the users and subordinate ids of $WORK when the test made them.
as_ordinary() {
	local tune='for f in passwd subuid subgid; do [ ! -e "$0/$f" ] || mount --bind "$0/$f" /etc/$f; done; exec "$@"'
	# A program of its own: the bounds of a test must reach what is below setpriv.
	timeout --foreground -k 5 "$(slow 60)" unshare --mount sh -c "$tune" "$WORK" \
		setpriv --reuid=$ORDINARY --regid=$ORDINARY --clear-groups --inh-caps=-all \
		env HOME=/ XDG_RUNTIME_DIR="$WORK/xdg" "$@" 3>&- 4>&-
}

# ordinary_rt ARGUMENT…: the runtime as the ordinary user.
ordinary_rt() { as_ordinary "$SCRATCH/runtime/${BIVY_RUNTIME##*/}" --root "$STATE" "$@"; }

run_ordinary() { run ordinary_rt run --bundle "$BUNDLE" "$ID" </dev/null; }

# user_of_pid PID / group_of_pid PID: the host's effective ids of a process.
user_of_pid() { awk '/^Uid/ { print $3 }' "/proc/$1/status"; }
group_of_pid() { awk '/^Gid/ { print $3 }' "/proc/$1/status"; }

# writable_rootfs: an own root file system that belongs to the container's root.
writable_rootfs() {
	own_rootfs
	chown -hR $FIRST_ID:$FIRST_ID "$ROOTFS"
}

# ---------------------------------------------------------------- mappings

@test "root of the container is another user on the host" {
	map_users
	sleeper
	local pid
	pid=$(ct_pid)
	assert_equal $FIRST_ID "$(user_of_pid "$pid")"
	assert_equal $FIRST_ID "$(group_of_pid "$pid")"
	run in_ct sh -c 'id -u; id -g'
	assert_ok
	assert_output $'0\n0'
}

@test "the maps of the container are those of the configuration" {
	map_users 0 $FIRST_ID 1000 1000 300000 5 2000 400000 10
	config_sh 'awk "{print \$1, \$2, \$3}" /proc/self/uid_map /proc/self/gid_map'
	run_ct
	assert_ok
	assert_output "0 $FIRST_ID 1000
1000 300000 5
2000 400000 10
0 $FIRST_ID 1000
1000 300000 5
2000 400000 10"
}

@test "different ranges for users and groups" {
	map_users
	config '.linux.gidMappings[0].hostID = 500000'
	sleeper
	assert_equal $FIRST_ID "$(user_of_pid "$(ct_pid)")"
	assert_equal 500000 "$(group_of_pid "$(ct_pid)")"
}

@test "a user of the container other than root, with further groups" {
	map_users
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [10, 29]}'
	config_sh 'id -u; id -g; id -G; cat /proc/self/setgroups'
	run_ct
	assert_ok
	assert_output $'1000\n1000\n1000 10 29\nallow'
	config_sh 'sleep 1000'
	start_ct
	assert_equal $((FIRST_ID + 1000)) "$(user_of_pid "$(ct_pid)")"
}

@test "files that the container makes belong to the mapped user on the host" {
	map_users
	writable_rootfs
	config_sh 'touch /made /made-by-user; chown 1000:1000 /made-by-user'
	config '.process.capabilities |= map_values(. + ["CAP_CHOWN"])'
	run_ct
	assert_ok
	assert_equal "$FIRST_ID:$FIRST_ID" "$(stat -c %u:%g "$ROOTFS/made")"
	assert_equal "$((FIRST_ID + 1000)):$((FIRST_ID + 1000))" "$(stat -c %u:%g "$ROOTFS/made-by-user")"
}

@test "root of the container may not read what only root of the host may" {
	map_users
	echo secret >"$WORK/secret"
	chmod 600 "$WORK/secret"
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"},
		{destination: "/tmp/secret", type: "bind", source: $s, options: ["bind"]}]
		| .process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_CHOWN"])' --arg s "$WORK/secret"
	config_sh 'stat -c %u:%g /tmp/secret; cat /tmp/secret; chown 0 /tmp/secret'
	run_ct
	assert_fails
	assert_equal 65534:65534 "${lines[0]}"
	assert_lacks $'\nsecret'
	assert_equal 0 "$(stat -c %u "$WORK/secret")"
}

@test "all capabilities in a user namespace are none on the host" {
	map_users
	local host
	host=$(hostname)
	config '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname)
		| .process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_SYS_TIME", "CAP_MKNOD"])'
	config_sh 'hostname stolen; date -s 2001-01-01; mknod /dev/sda b 8 0; mount -t tmpfs none /tmp && echo own-mount'
	run_ct
	assert_has own-mount
	assert_equal "$host" "$(hostname)"
	run bash -c 'printf "%s\n" "$1" | grep -ci "not permitted"' sh "$output"
	assert_output 3
}

@test "devices in a user namespace are the host's own, usable" {
	map_users
	config_sh 'for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done
		echo gone >/dev/null && head -c 4 /dev/zero | od -An -tx1; stat -c %u /dev/null'
	run_ct
	assert_ok
	assert_equal "00 00 00 00" "$(xargs <<<"${lines[0]}")"
	# Bound from the host, where they belong to a user that the container does not have.
	assert_equal 65534 "${lines[1]}"
}

@test "the container's processes can read their own /proc and reopen their streams" {
	map_users
	config '.process.user = {uid: 1000, gid: 1000}'
	config_sh 'stat -c %u /proc/self/status; ls /proc/self/fd >/dev/null && echo out >/dev/stdout && echo err >/dev/stderr'
	run_ct
	assert_ok
	assert_output $'1000\nout\nerr'
}

@test "an exec is mapped as the container is" {
	map_users
	sleeper
	detached exec --detach --pid-file "$WORK/pid" --user 1000:1000 "$ID" sleep 1000
	assert_ok
	assert_equal $((FIRST_ID + 1000)) "$(user_of_pid "$(<"$WORK/pid")")"
	assert_equal "$(readlink "/proc/$(ct_pid)/ns/user")" "$(readlink "/proc/$(<"$WORK/pid")/ns/user")"
}

@test "the other namespaces belong to the user namespace" {
	map_users
	# Only an owner may set the host name or bring a link up.
	config '.process.capabilities |= map_values(["CAP_SYS_ADMIN", "CAP_NET_ADMIN"])'
	config_sh 'hostname mine && hostname && ip link set lo down && ip link set lo up && echo network'
	run_ct
	assert_ok
	assert_output $'mine\nnetwork'
}

@test "a cgroup namespace and limits in a user namespace" {
	require_controller pids
	map_users
	config '.linux.resources.pids.limit = 42'
	sleeper
	run cgroup_read pids pids.max
	assert_output 42
	# The cgroup stays the host's: root of the container may not raise its limit.
	config '.process.capabilities |= map_values(["CAP_SYS_ADMIN"])'
	run in_ct sh -c 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ -e $f ] && echo max >$f; done'
	run cgroup_read pids pids.max
	assert_output 42
}

# ---------------------------------------------------------------- joined

@test "a user namespace joined by path, with the namespaces that belong to it" {
	only_ours "joined user namespaces"
	local holder name
	unshare --user --net --ipc sleep 1000 >/dev/null 2>&1 3>&- &
	holder=$!
	own_pid "$holder"
	wait_for sh -c "[ \"\$(readlink /proc/$holder/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	echo "0 $FIRST_ID 65536" >"/proc/$holder/uid_map"
	echo "0 $FIRST_ID 65536" >"/proc/$holder/gid_map"
	config '.linux.namespaces |= (map(select(.type != "network" and .type != "ipc"))
		+ [{type: "user", path: "/proc/\($h)/ns/user"}, {type: "network", path: "/proc/\($h)/ns/net"},
		   {type: "ipc", path: "/proc/\($h)/ns/ipc"}])' --arg h "$holder"
	config_sh 'for n in user net ipc; do readlink /proc/self/ns/$n; done; id -u; awk "{print \$2}" /proc/self/uid_map'
	run_ct
	assert_ok
	assert_output "$(for name in user net ipc; do readlink "/proc/$holder/ns/$name"; done)
0
$FIRST_ID"
}

@test "a new user namespace beside a namespace of the host's that is joined by path" {
	local holder
	unshare --uts sleep 1000 >/dev/null 2>&1 3>&- &
	holder=$!
	own_pid "$holder"
	wait_for sh -c "[ \"\$(readlink /proc/$holder/ns/uts)\" != \"\$(readlink /proc/self/ns/uts)\" ]"
	map_users
	config '.linux.namespaces |= (map(select(.type != "uts")) + [{type: "uts", path: "/proc/\($h)/ns/uts"}]) | del(.hostname)' --arg h "$holder"
	config_sh 'readlink /proc/self/ns/uts; id -u; awk "{print \$2, \$3}" /proc/self/uid_map /proc/self/gid_map'
	run_ct
	assert_ok
	assert_output "$(readlink "/proc/$holder/ns/uts")
0
$FIRST_ID 65536
$FIRST_ID 65536"
}

@test "a pod in one user namespace: the second container joins the first's" {
	only_ours "joined user namespaces"
	map_users
	sleeper
	local first name
	first=$(ct_pid)
	new_bundle "$WORK/second"
	BUNDLE=$WORK/second
	config '.linux.namespaces = ([("user", "ipc", "uts") | {type: ., path: "/proc/\($p)/ns/\(.)"}]
		+ [{type: "network", path: "/proc/\($p)/ns/net"}, {type: "mount"}, {type: "pid"}, {type: "cgroup"}])
		| del(.hostname) | .linux.cgroupsPath += "-second"' --arg p "$first"
	ID=$ID-second
	sleeper
	for name in user net ipc uts; do
		assert_equal "$(readlink "/proc/$first/ns/$name")" "$(readlink "/proc/$(ct_pid)/ns/$name")" "$name namespace"
	done
	assert_equal $FIRST_ID "$(user_of_pid "$(ct_pid)")"
}

# ---------------------------------------------------------------- refused

@test "a new user namespace without mappings is refused" {
	config '.linux.namespaces += [{type: "user"}]'
	run_ct
	assert_fails
	is_reference || assert_refused uidMappings
}

@test "mappings without a user namespace make none" {
	config '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]'
	config_args readlink /proc/self/ns/user
	run_ct
	# As runc: they are of no use, and no reason to fail.
	assert_ok
	assert_output "$(readlink /proc/self/ns/user)"
}

@test "a command's user that is not mapped is refused" {
	map_users 0 $FIRST_ID 10
	config '.process.user = {uid: 5000, gid: 0}'
	run_ct
	assert_fails
	is_reference || assert_refused 5000
}

@test "overlapping ranges are refused with the map" {
	map_users 0 $FIRST_ID 10 5 300000 10
	run_ct
	assert_fails
	is_reference || assert_refused uid
}

@test "ranges of the wrong type are refused with their place" {
	map_users
	config '.linux.uidMappings[0].size = "many"'
	run_ct
	assert_fails
	is_reference || assert_refused 'linux.uidMappings[0].size'
}

# ---------------------------------------------------------------- as an ordinary user

@test "an ordinary user runs a container in which it is root" {
	ordinary_bundle
	config_sh 'id -u; awk "{print \$1, \$2, \$3}" /proc/self/uid_map; cat /proc/self/setgroups; readlink /proc/self/ns/net'
	run_ordinary
	assert_ok
	assert_equal 0 "${lines[0]}"
	assert_equal "0 $ORDINARY 1" "${lines[1]}"
	assert_equal deny "${lines[2]}"
	[ "${lines[3]}" != "$(readlink /proc/self/ns/net)" ]
	assert_nothing_left
}

@test "an ordinary user's container goes through its whole life" {
	ordinary_bundle
	config_sh 'trap "exit 0" TERM; while :; do sleep 1000 & wait; done'
	ordinary_rt create --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 || fail "$(<"$WORK/out")"
	assert_equal created "$(ordinary_rt state "$ID" | jq -r .status)"
	run ordinary_rt start "$ID"
	assert_ok
	local pid
	pid=$(ordinary_rt state "$ID" | jq -r .pid)
	assert_equal $ORDINARY "$(user_of_pid "$pid")"
	run ordinary_rt exec "$ID" sh -c 'id -u; hostname'
	assert_ok
	assert_output $'0\nbivy'
	run ordinary_rt list -q
	assert_output "$ID"
	run ordinary_rt kill "$ID" KILL
	assert_ok
	wait_for gone "$pid"
	run ordinary_rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "an ordinary user's records live below XDG_RUNTIME_DIR" {
	only_ours "its own directory"
	ordinary_bundle
	mkdir "$WORK/xdg"
	chown $ORDINARY "$WORK/xdg"
	as_ordinary "$SCRATCH/runtime/${BIVY_RUNTIME##*/}" create --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 || fail "$(<"$WORK/out")"
	[ -d "$WORK/xdg/bivy-runtime/$ID" ] || fail "no record: $(find "$WORK/xdg")"
	run as_ordinary "$SCRATCH/runtime/${BIVY_RUNTIME##*/}" delete --force "$ID"
	assert_ok
	[ ! -e "$WORK/xdg/bivy-runtime/$ID" ]
}

@test "an ordinary user with subordinate ids gets whole ranges through newuidmap" {
	require_power "granting ids to others"
	require_newuidmap
	[ -u "$(command -v newuidmap)" ] || getcap "$(command -v newuidmap)" | grep -q setuid || skip "missing: setuid newuidmap"
	ordinary_bundle
	{ cat /etc/passwd; echo "bivytest:x:$ORDINARY:$ORDINARY::/:/bin/sh"; } >"$WORK/passwd"
	echo "bivytest:$FIRST_ID:65536" >"$WORK/subuid"
	cp "$WORK/subuid" "$WORK/subgid"
	map_users 0 $ORDINARY 1 1 $FIRST_ID 65535
	config_sh 'awk "{print \$1, \$2, \$3}" /proc/self/uid_map; cat /proc/self/setgroups'
	run_ordinary
	assert_ok
	assert_output "0 $ORDINARY 1
1 $FIRST_ID 65535
allow"
	if ! is_reference; then
		config '.process.user = {uid: 0, gid: 0, additionalGids: [10]}'
		config_sh 'id -G'
		run_ordinary
		assert_ok
		assert_output "0 10"
	fi

	config '.process.user = {uid: 1000, gid: 1000}'
	config_sh 'id -u; sleep 0.1'
	run_ordinary
	assert_ok
	assert_output 1000
}

@test "an ordinary user may not map what is not given to it" {
	ordinary_bundle
	map_users 0 $ORDINARY 1 1 $FIRST_ID 10
	run_ordinary
	assert_fails
	assert_nothing_left
	is_reference || assert_refused uid
	map_users 0 0 1
	run_ordinary
	assert_fails
	is_reference || assert_refused uid
}

@test "an ordinary user without a user namespace is told so" {
	ordinary_bundle
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	run_ordinary
	assert_fails
	is_reference || assert_refused
}

@test "further groups in a single mapping are refused" {
	ordinary_bundle
	config '.process.user.additionalGids = [10]'
	run_ordinary
	assert_fails
	is_reference || assert_refused additionalGids
}

@test "an ordinary user's limits without a cgroup to put them in are refused" {
	require_controller memory
	ordinary_bundle
	config '.linux.resources = {memory: {limit: 67108864}} | .linux.cgroupsPath = $c' --arg c "$CGROUP"
	run_ordinary
	assert_fails
	is_reference || assert_refused 'control group' memory
}
