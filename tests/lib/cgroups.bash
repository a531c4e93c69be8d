# Limits, read back from whichever hierarchy carries them.

# limits JSON: sets linux.resources, device rules aside.
limits() { config '.linux.resources = {devices: .linux.resources.devices} + $r' --argjson r "$1"; }

# expect_limit CONTROLLER V1-FILE V1-VALUE V2-FILE V2-VALUE: what the container's cgroup holds, by the world of the
# controller on this host. A VALUE of `-` means that this world has no such limit: the test is skipped there.
expect_limit() {
	local file=$4 expected=$5 actual
	if cgroup_is_v1 "$1"; then file=$2 expected=$3; fi
	[ "$file" != - ] || skip "missing: this limit of the controller $1"
	actual=$(cgroup_read "$1" "$file") || fail "no $file" || return 1
	assert_equal "$expected" "$actual" "$file"
}

# require_limit CONTROLLER V1-FILE V2-FILE: the kernel has this file in a new cgroup of the controller.
require_limit() {
	local mount file=$3 probe missing=
	require_controller "$1"
	if cgroup_is_v1 "$1"; then file=$2; fi
	mount=$(cgroup_mount "$1")
	probe=$mount$CGROUP_TOP-probe
	mkdir -p "$probe"
	[ -e "$probe/$file" ] || missing=yes
	rmdir "$probe"
	# A cgroup2 whose top does not hand the controller down hides the file; the runtime hands it down.
	if [ -n "$missing" ] && ! cgroup_is_v1 "$1" && ! grep -qw "$1" "$mount/cgroup.subtree_control"; then return 0; fi
	[ -z "$missing" ] || skip "missing: $file of the controller $1"
}

# a_disk: prints major:minor of a block device whose queue can be limited; skips without one.
a_disk() {
	local dir
	for dir in /sys/block/*; do
		case ${dir##*/} in zram* | ram* | dm-* | md*) continue ;; esac
		[ "$(cat "$dir/size")" -gt 0 ] || continue
		cat "$dir/dev"
		return 0
	done
	skip "missing: a block device"
}

# host_keeps CONTROLLER FILE VALUE: whether the host's kernel takes the value in a new cgroup and has it afterwards, to tell
# its limits from a fault of the runtime.
host_keeps() {
	local probe mount result=0
	mount=$(cgroup_mount "$1") || return 1
	probe=$mount$CGROUP_TOP-probe
	mkdir -p "$probe"
	(echo "$3" >"$probe/$2") 2>/dev/null && grep -qxF "$3" "$probe/$2" || result=1
	rmdir "$probe"
	return $result
}
