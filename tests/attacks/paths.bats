# Hostile containers: files of the kernel, in /proc, /sys and control groups, and devices.

bats_require_minimum_version 1.5.0
load lib/rows

# require_file FILE: of the kernel's; not every one has all.
require_file() { [ -e "$1" ] || skip "missing: $1"; }

@test "sysrq-trigger" {
	require_file /proc/sysrq-trigger
	attack "writing /proc/sysrq-trigger" paths userns -- hostile open /proc/sysrq-trigger w
}

@test "core_pattern: a program that the kernel runs as root" {
	attack "writing /proc/sys/kernel/core_pattern" paths userns -- hostile open /proc/sys/kernel/core_pattern w
}

@test "modprobe: another program that the kernel runs" {
	require_file /proc/sys/kernel/modprobe
	attack "writing /proc/sys/kernel/modprobe" paths userns -- hostile open /proc/sys/kernel/modprobe w
}

@test "uevent_helper: another program that the kernel runs" {
	require_file /sys/kernel/uevent_helper
	WITH=(-v /sys:/host-sys)
	attack "writing /sys/kernel/uevent_helper through a mount of /sys" userns -- hostile open /host-sys/kernel/uevent_helper w
}

@test "binfmt_misc: interpreters for all programs of the host" {
	local name=bivy-attack-$$
	mkdir instance
	# The host's: what is registered goes with the last mount of it.
	mount -t binfmt_misc none instance 2>/dev/null || skip "missing: file system binfmt_misc"
	SUCCEEDED=host_has_it
	host_has_it() { [ -e "instance/$name" ] && echo -1 >"instance/$name"; }
	attack "an interpreter for programs of the host, by binfmt_misc" cap:SYS_ADMIN userns -- sh -c '
		mkdir /tmp/b && mount -t binfmt_misc none /tmp/b && echo ":$1:M::bivy-attack-magic::/bin/false:" >/tmp/b/register; true' sh "$name"
}

@test "settings of memory and files of the whole host" {
	attack "writing /proc/sys/vm and /proc/sys/fs" paths userns -- sh -c 'hostile open /proc/sys/vm/drop_caches w || hostile open /proc/sys/fs/file-max w'
}

@test "memory of the kernel" {
	require_file /proc/kcore
	attack "reading /proc/kcore" paths userns cap:SYS_RAWIO -- sh -c '[ "$(head -c 4 /proc/kcore | wc -c)" = 4 ] && echo HIT: read'
}

@test "lists of keys and timers of the whole host" {
	attack "reading /proc/timer_list" paths userns -- sh -c '[ "$(head -c 100 /proc/timer_list | wc -c)" = 100 ] && echo HIT: read'
}

@test "settings of devices and drivers in /sys" {
	attack "writing below /sys" "read-only mount=-v /sys:/sys" userns -- hostile open /sys/kernel/mm/transparent_hugepage/enabled w
}

@test "/sys made writable by who may mount" {
	attack "remounting /sys to write to it" cap:SYS_ADMIN userns -- sh -c 'mount -o remount,rw,bind /sys; hostile open /sys/kernel/mm/transparent_hugepage/enabled w'
}

@test "its own limits raised" {
	WITH=(--pids-limit 50)
	in_container -- sh -c 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ ! -e $f ] || hostile open $f w; done'
	assert_stopped
	# all that --privileged takes away, and each half of it
	in_container --privileged -- sh -c 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ ! -e $f ] || hostile open $f w; done'
	assert_hit
	in_container --systemd=always -- sh -c 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ ! -e $f ] || hostile open $f w; done'
	assert_stopped "with control groups of its own to divide"
	in_container --userns host -- sh -c 'for f in /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; do [ ! -e $f ] || hostile open $f w; done'
	assert_stopped "without a user namespace"
	row "writing limits in /sys/fs/cgroup" "read-only mount; user namespace" "each of them alone stops it; with --privileged it succeeds"
}

# ---------------------------------------------------------------- devices

# a_node: sets NODE to major, minor, kind and access of a disk of the host, or if the host's root may not read one, of its kernel's
# messages for writing.
a_node() {
	local dev
	for dev in /sys/block/[a-z]*; do
		case ${dev##*/} in loop* | zram* | ram*) continue ;; esac
		NODE=($(tr : ' ' <"$dev/dev") b r)
		! "$HOSTILE" mknod "${NODE[@]}" >/dev/null || break
		NODE=
	done
	rm -f /tmp/hostile-node
	[ -n "${NODE:-}" ] || NODE=(1 11 c w)
}

@test "a node of a disk is made" {
	a_node
	attack "mknod(2) of a disk or the kernel's messages, and opening it" cap:MKNOD userns devices -- hostile mknod "${NODE[@]}"
}

@test "a node of a disk that is in a directory of the host's" {
	a_node
	mkdir given
	mknod -m 666 given/node "${NODE[2]}" "${NODE[0]}" "${NODE[1]}"
	WITH=(-v "$PWD/given:/given")
	attack "a node of such a device in a mounted directory" devices -- hostile open /given/node "${NODE[3]}"
}

@test "a node of a disk that is in the image" {
	a_node
	cp -a "$BASE_ROOTFS" root
	mknod -m 666 root/node "${NODE[2]}" "${NODE[0]}" "${NODE[1]}"
	in_root() { run bivy run --rm --network none "$@" --rootfs "$PWD/root" hostile open /node "${NODE[3]}"; }
	in_root
	assert_stopped
	in_root --userns host
	assert_stopped "without a user namespace"
	in_root --device-cgroup-rule "${NODE[2]} ${NODE[0]}:${NODE[1]} rw"
	assert_hit
	row "a node of such a device in the image" "device rules of the cgroup" "succeeds"
}

@test "the host's own nodes are changed" {
	# /dev/null is the host's file; its mode and times are everybody's
	local before
	before=$(stat -c '%a %Y %u' /dev/null)
	in_container --userns host --cap-add FOWNER -- sh -c 'touch -d 2001-01-01 /dev/null; touch -d 2001-01-01 /proc/keys; touch -d 2001-01-01 /proc/timer_list'
	[ "$(stat -c '%a %Y %u' /dev/null)" = "$before" ] || { touch /dev/null; fail "HIT: the host's /dev/null was changed"; }
	in_container -- touch -d 2001-01-01 /dev/null
	[ "$(stat -c '%a %Y %u' /dev/null)" = "$before" ] || { touch /dev/null; fail "HIT: the host's /dev/null was changed"; }
	in_container --userns host -v /dev/null:/given -- touch -d 2001-01-01 /given
	[ "$(stat -c '%a %Y %u' /dev/null)" != "$before" ] || fail "no attack"
	touch /dev/null
	row "changing times and modes of the host's /dev/null" "user namespace; nodes of its own" "each of them alone stops it; with the host's node it succeeds"
}
