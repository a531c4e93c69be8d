# Network devices of the host that a container gets (linux.netDevices). Each test has a network namespace of its own in
# the place of the host's; the runtime runs in it.

load ../lib/common

setup() {
	common_setup
	require_root
	require_program ip iproute2
	only_ours "network devices"
	config '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
	unshare --net sleep 1000 >/dev/null 2>&1 3>&- &
	HOST=$!
	own_pid $HOST
	wait_for sh -c "[ \"\$(readlink /proc/$HOST/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
}

# host CMD…: in the network that stands for the host's.
host() { nsenter --net="/proc/$HOST/ns/net" "$@"; }

# add_link NAME: a link on the host, dummy where the kernel has it, else one end of a pair (whose other end is NAMEx).
add_link() {
	host ip link add "$1" type dummy 2>/dev/null || host ip link add "$1" type veth peer name "${1}x" 2>/dev/null ||
		skip "missing: dummy or veth links"
}

# give NAME [NEW-NAME]: lists the device in the configuration.
give() {
	config '.linux.netDevices[$n] = (if $r == "" then {} else {name: $r} end)' --arg n "$1" --arg r "${2:-}"
}

# run_in_host: run_ct in the host's network.
run_in_host() {
	run host timeout --foreground -k 5 "$(slow 60)" "$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID" </dev/null
}

@test "a device is moved under a new name, up, with its addresses" {
	add_link out0
	host ip address add 192.0.2.5/24 dev out0
	host ip -6 address add 2001:db8::5/64 dev out0 nodad
	give out0 inner7
	config_sh 'ip -o link show inner7; ip -o address show dev inner7; ip link show out0 2>/dev/null && echo both; true'
	run_in_host
	assert_ok
	assert_has "inner7" "192.0.2.5/24" "2001:db8::5/64"
	[[ ${lines[0]} == *[\<,]UP[,\>]* ]] || fail "not up: ${lines[0]}"
	assert_lacks both
	run host ip link show out0
	assert_fails
}

@test "without a new name the device keeps its own" {
	add_link out0
	give out0
	config_sh 'ip -o link show out0'
	run_in_host
	assert_ok
	assert_has out0
}

@test "hardware address and MTU are kept" {
	add_link out0
	host ip link set out0 address 02:00:5e:10:20:30 mtu 1234
	give out0 eth0
	config_sh 'cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu'
	run_in_host
	assert_ok
	assert_output $'02:00:5e:10:20:30\n1234'
}

@test "several devices" {
	add_link outa
	add_link outb
	give outa eth0
	give outb
	config_sh 'ls /sys/class/net'
	run_in_host
	assert_ok
	assert_has eth0 outb
	assert_lacks outa$'\n'
}

@test "two devices change places" {
	add_link one
	add_link two
	host ip link set one address 02:00:00:00:00:01
	host ip link set two address 02:00:00:00:00:02
	give one two
	give two one
	config_sh 'cat /sys/class/net/two/address /sys/class/net/one/address'
	run_in_host
	assert_ok
	assert_output $'02:00:00:00:00:01\n02:00:00:00:00:02'
}

@test "addresses of the link alone are not carried over" {
	add_link out0
	host ip address add 192.0.2.5/24 dev out0
	host ip address add 169.254.7.7/16 dev out0 scope link
	give out0
	config_sh 'ip -o -4 address show dev out0'
	run_in_host
	assert_ok
	assert_has 192.0.2.5/24
	assert_lacks 169.254.7.7
}

@test "an exec sees the device" {
	add_link out0
	give out0 eth5
	config_sh 'sleep 1000'
	host "$BIVY_RUNTIME" --root "$STATE" run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- || fail "$(<"$WORK/out")"
	run in_ct ls /sys/class/net
	assert_ok
	assert_has eth5
}

@test "into a network namespace joined by path" {
	add_link out0
	unshare --net sleep 1000 >/dev/null 2>&1 3>&- &
	local holder=$!
	own_pid $holder
	wait_for sh -c "[ \"\$(readlink /proc/$holder/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	give out0 eth0
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/proc/$holder/ns/net"
	run_in_host
	assert_ok
	nsenter --net="/proc/$holder/ns/net" ip link show eth0
}

@test "into the network of a user namespace" {
	require_userns
	add_link out0
	give out0 eth0
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	config_sh 'ip link set eth0 mtu 1300 && cat /sys/class/net/eth0/mtu'
	run_in_host
	assert_ok
	assert_output 1300
}

@test "a device that does not exist is refused with its name" {
	give nosuch0 eth0
	run_in_host
	assert_refused nosuch0
}

@test "a name that is taken inside is refused with it" {
	add_link out0
	give out0 lo
	run_in_host
	assert_refused lo
}

@test "two devices with one name are refused" {
	add_link outa
	add_link outb
	give outa eth0
	give outb eth0
	run_in_host
	assert_refused eth0
	# Nothing was taken from the host.
	host ip link show outa
	host ip link show outb
}

@test "without a network namespace of its own a container gets no devices" {
	add_link out0
	give out0 eth0
	config '.linux.namespaces |= map(select(.type != "network"))'
	run_in_host
	assert_refused netDevices
	host ip link show out0
}

@test "names that no device can have are refused with their place" {
	local name
	for name in a/b . .. 'a b' 'a:b' abcdefghijklmnop; do
		config '.linux.netDevices = {out0: {name: $n}}' --arg n "$name"
		run_in_host
		assert_refused 'linux.netDevices.out0.name'
	done
	config '.linux.netDevices = {"a/b": {}}'
	run_in_host
	assert_refused linux.netDevices
}
