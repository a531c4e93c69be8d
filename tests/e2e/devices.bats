# Devices: what /dev holds, the configuration's own devices, and the rules that say which may be opened and made.

load ../lib/common

setup() {
	common_setup
	require_root
}

# allow_caps CAP…: further capabilities for the command.
allow_caps() { config '.process.capabilities |= map_values(. + $ARGS.positional)' --args "$@"; }

# add_device PATH TYPE MAJOR MINOR [FIELDS]: appends to linux.devices; FIELDS is a JSON object with more.
add_device() {
	config '.linux.devices += [{path: $p, type: $t, major: $a, minor: $i} + $f]' \
		--arg p "$1" --arg t "$2" --argjson a "$3" --argjson i "$4" --argjson f "${5:-{\}}"
}

# add_rule ALLOW TYPE MAJOR MINOR ACCESS: appends to the device rules; MAJOR or MINOR `null` leaves it out.
add_rule() {
	config '.linux.resources.devices += [{allow: $w, type: $t, major: $a, minor: $i, access: $x} | with_entries(select(.value != null))]' \
		--argjson w "$1" --arg t "$2" --argjson a "$3" --argjson i "$4" --arg x "$5"
}

# kmsg: a device that no container gets by itself, that the host has, and that opens without hardware.
require_kmsg() {
	require_power "rules for devices"
	require_controller devices
	[ -c /dev/kmsg ] || skip "missing: /dev/kmsg"
	allow_caps CAP_SYSLOG
}

# show_access PATH: prints which of reading and writing the device opens for.
show_access='for d; do r=-; w=-; (: <$d) 2>/dev/null && r=r; (: >>$d) 2>/dev/null && w=w; echo $r$w; done'

# ---------------------------------------------------------------- /dev

@test "the usual devices are there, for everyone" {
	config_sh 'cd /dev && stat -c "%n %t:%T %a %u:%g" null zero full random urandom tty'
	run_ct
	assert_ok
	# Who cannot make any has the host's, whose owner is not there.
	local owner=0:0
	has_power || owner=65534:65534
	assert_output "null 1:3 666 $owner
zero 1:5 666 $owner
full 1:7 666 $owner
random 1:8 666 $owner
urandom 1:9 666 $owner
tty 5:0 666 $owner"
}

@test "the usual devices work although all devices are denied" {
	config_sh 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && head -c 5 /dev/urandom | wc -c && head -c 5 /dev/random | wc -c
		echo x >/dev/full || echo full'
	run_ct
	assert_ok
	assert_has $'3\n5\n5' "No space left" full
}

@test "the usual links are there" {
	config_sh 'cd /dev && for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done; echo through >/dev/stdout; echo in | cat /dev/stdin'
	run_ct
	assert_ok
	assert_output "fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx
through
in"
}

@test "/dev holds nothing else, and no console without a terminal" {
	config_sh 'cd /dev && ls | grep -vx "core"'
	run_ct
	assert_ok
	assert_output "fd
full
mqueue
null
ptmx
pts
random
shm
stderr
stdin
stdout
tty
urandom
zero"
}

@test "with a terminal /dev/console is that terminal, whatever mode it has" {
	require_python
	config '.process.terminal = true'
	config_sh 'test -c /dev/console && echo device; stat -c %t:%T /dev/console $(tty) | uniq | wc -l; echo shown >/dev/console
		grep -c " /dev/console .* - devpts " /proc/self/mountinfo'
	run "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 24x80 "$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	output=${output//$'\r'/}
	assert_output $'device\n1\nshown\n1'
}

@test "pseudo terminals of the container are its own" {
	config_sh 'ls /dev/pts; exec 3<>/dev/ptmx && ls /dev/pts'
	run_ct
	assert_ok
	assert_output $'ptmx\n0\nptmx'
}

@test "/dev of the root file system itself, without a mount on it" {
	require_power "making device nodes"
	own_rootfs
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	config_sh 'ls -l /dev/null | cut -c 1-10; readlink /dev/fd; echo x >/dev/null && echo works'
	run_ct
	assert_ok
	assert_output $'crw-rw-rw-\n/proc/self/fd\nworks'
	[ -c "$ROOTFS/dev/null" ]
	# A second start finds them made.
	run_ct
	assert_ok
}

# ---------------------------------------------------------------- linux.devices

@test "a character device with mode and owner" {
	require_power "making device nodes"
	add_device /dev/own-zero c 1 5 '{"fileMode": 416, "uid": 7, "gid": 8}'
	config_args stat -c '%F %t:%T %a %u:%g' /dev/own-zero
	run_ct
	assert_ok
	assert_output "character special file 1:5 640 7:8"
}

@test "u is an unbuffered character device" {
	require_power "making device nodes"
	add_device /dev/own-zero u 1 5 '{"fileMode": 438}'
	config_args stat -c '%F %t:%T %a' /dev/own-zero
	run_ct
	assert_ok
	assert_output "character special file 1:5 666"
}

@test "a block device" {
	require_power "making device nodes"
	add_device /dev/own-block b 7 0 '{"fileMode": 384}'
	config_args stat -c '%F %t:%T %a' /dev/own-block
	run_ct
	assert_ok
	assert_output "block special file 7:0 600"
}

@test "a fifo" {
	config '.linux.devices = [{path: "/dev/own-fifo", type: "p", fileMode: 438}]'
	config_args stat -c '%F %a' /dev/own-fifo
	run_ct
	assert_ok
	assert_output "fifo 666"
}

@test "the mode of a device does not depend on the caller's umask" {
	require_power "making device nodes"
	add_device /dev/own-zero c 1 5 '{"fileMode": 438}'
	config_args stat -c %a /dev/own-zero /dev/null
	umask 077
	run_ct
	assert_ok
	assert_output $'666\n666'
}

@test "a device below directories that do not exist, and outside of /dev" {
	require_power "making device nodes"
	own_rootfs
	add_device /dev/deep/er/zero c 1 5 '{"fileMode": 438}'
	add_device /opt/devices/null c 1 3 '{"fileMode": 438}'
	config_sh 'head -c 2 /dev/deep/er/zero | wc -c; echo x >/opt/devices/null && ls -l /opt/devices/null | cut -c 1'
	run_ct
	assert_ok
	assert_output $'2\nc'
}

@test "a device of the usual ones may be configured otherwise" {
	require_power "making device nodes"
	add_device /dev/zero c 1 5 '{"fileMode": 384, "uid": 5, "gid": 0}'
	config_args stat -c '%t:%T %a %u' /dev/zero
	run_ct
	assert_ok
	assert_output "1:5 600 5"
}

@test "a device of an unknown type is refused with its place" {
	add_device /dev/thing x 1 3
	run_ct
	assert_fails
	is_reference || assert_refused 'linux.devices[0].type' x
}

@test "a device without a path, and one without numbers, are refused with their place" {
	only_ours "strict devices"
	config '.linux.devices = [{type: "c", major: 1, minor: 3}]'
	run_ct
	assert_refused 'linux.devices[0].path'
	config '.linux.devices = [{type: "c", path: "/dev/thing"}]'
	run_ct
	assert_refused 'linux.devices[0]'
}

@test "a device that is bound in a user namespace works" {
	require_userns
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	add_device /dev/full c 1 7
	config_sh 'stat -c "%t:%T" /dev/full; echo x >/dev/full || echo full'
	run_ct
	assert_ok
	assert_has 1:7 full
}

# ---------------------------------------------------------------- rules

@test "a device without a rule may not be opened" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config_sh "$show_access" /dev/kmsg /dev/null
	run_ct
	assert_ok
	assert_output $'--\nrw'
}

@test "a rule for reading, for writing, for both" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config_sh "$show_access" /dev/kmsg
	local access expected
	for access in r:r- w:-w rw:rw rwm:rw; do
		expected=${access#*:}
		config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
		add_rule true c 1 11 "${access%:*}"
		run_ct
		assert_ok
		assert_output "$expected"
	done
}

@test "rules with wildcards: every minor, every device of a type, everything" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config_sh "$show_access" /dev/kmsg
	add_rule true c 1 null rw
	run_ct
	assert_output rw
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	add_rule true c null null rw
	run_ct
	assert_output rw
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	add_rule true b null null rw
	run_ct
	assert_output --
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	run_ct
	assert_output rw
	config '.linux.resources.devices = [{allow: true, type: "a", access: "rwm"}]'
	run_ct
	assert_output rw
}

@test "-1 is a wildcard too" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config_sh "$show_access" /dev/kmsg
	add_rule true c 1 -1 rw
	run_ct
	assert_ok
	assert_output rw
}

@test "of several rules the later one counts" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config_sh "$show_access" /dev/kmsg
	add_rule true c 1 11 rw
	add_rule false c 1 11 w
	run_ct
	assert_ok
	assert_output r-
	add_rule true c 1 11 w
	run_ct
	assert_output rw
}

@test "denying one device of all that are allowed" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config '.linux.resources.devices = [{allow: true, access: "rwm"}, {allow: false, type: "c", major: 1, minor: 11, access: "rwm"}]'
	config_sh "$show_access" /dev/kmsg /dev/zero
	run_ct
	assert_ok
	assert_output $'--\nrw'
}

@test "without any rule only the usual devices may be opened" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	config 'del(.linux.resources.devices)'
	config_sh "$show_access" /dev/kmsg /dev/null
	run_ct
	assert_ok
	assert_output $'--\nrw'
}

@test "making devices: allowed, but what was made does not open" {
	require_kmsg
	own_rootfs
	allow_caps CAP_MKNOD
	config_sh "mknod /kmsg c 1 11 && mknod /null c 1 3; $show_access" /kmsg /null
	run_ct
	assert_ok
	assert_output $'--\nrw'
}

@test "an exec is bound by the rules" {
	require_kmsg
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	add_rule true c 1 11 r
	sleeper
	run rt exec --cap CAP_SYSLOG "$ID" sh -c "$show_access" sh /dev/kmsg </dev/null
	assert_ok
	assert_output r-
}

@test "an update of something else leaves the rules as they are" {
	require_kmsg
	require_controller pids
	add_device /dev/kmsg c 1 11 '{"fileMode": 438}'
	add_rule true c 1 11 r
	sleeper
	run rt update --pids-limit 30 "$ID"
	assert_ok
	run rt exec --cap CAP_SYSLOG "$ID" sh -c "$show_access" sh /dev/kmsg /dev/null </dev/null
	assert_ok
	assert_output $'r-\nrw'
}

@test "v1: the kernel's list is the configuration's" {
	require_power "rules for devices"
	require_cgroup1 devices
	add_rule true c 1 11 r
	add_rule true b 7 null rwm
	sleeper
	run cgroup_read devices devices.list
	assert_ok
	assert_has "c 1:11 r" "b 7:* rwm" "c 1:3 rwm" "c 5:2 rwm" "c 136:* rwm" "c *:* m" "b *:* m"
	assert_lacks "a *:*"
}

@test "a rule of the wrong type, or with an unknown access, is refused with its place" {
	config '.linux.resources.devices += [{allow: "yes", access: "r"}]'
	run_ct
	assert_fails
	is_reference || assert_refused 'linux.resources.devices[1].allow'
	config '.linux.resources.devices[1] = {allow: true, type: "c", major: 1, minor: 3, access: "q"}'
	is_reference || { run_ct; assert_refused 'linux.resources.devices[1].access'; }
	config '.linux.resources.devices[1] = {allow: true, type: "z", access: "r"}'
	run_ct
	assert_fails
	is_reference || assert_refused 'linux.resources.devices[1].type'
}
