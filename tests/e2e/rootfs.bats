# The root file system: where it comes from, read-only, its propagation, with and without pivot_root, masked and read-only
# paths, and that nothing of the host's stays reachable.

load ../lib/common

setup_file() {
	common_setup_file
	mkdir -p "$BASE_ROOTFS"/mnt/{dir,sub}
	echo secret >"$BASE_ROOTFS/mnt/dir/file"
	echo secret >"$BASE_ROOTFS/mnt/file"
}

setup() {
	common_setup
	require_root
}

# propagation_of PATH: in the mount table in $output.
propagation_of() {
	awk -v path="$1" '$5 == path { p = ""; for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); p = p $i } } END { print p }' <<<"$output"
}

# root_options: of "/" in $output.
root_options() { awk '$5 == "/" { o = $6 } END { print o }' <<<"$output"; }

# ---------------------------------------------------------------- where it comes from

@test "a relative path is taken from the bundle" {
	own_rootfs
	echo own >"$ROOTFS/mark"
	config_args cat /mark
	run_ct
	assert_ok
	assert_output own
}

@test "a root file system that holds nothing but a program gets its mount points" {
	ROOTFS=$BUNDLE/bare
	mkdir -p "$ROOTFS"
	cp "$BASE_ROOTFS/bin/busybox" "$ROOTFS/busybox"
	config '.root = {path: "bare", readonly: false}'
	config_args /busybox sh -c '/busybox ls /; /busybox ls /proc/self/status /dev/null /sys/kernel'
	config '.hooks = {}'
	run_ct
	assert_ok
	assert_has /proc/self/status /dev/null
	assert_equal "busybox dev proc sys" "$(cd "$ROOTFS" && echo *)"
}

@test "a root file system that is a mount with further mounts below it" {
	mkdir "$WORK/root"
	mount -t tmpfs bivy-root "$WORK/root"
	mount --make-private "$WORK/root"
	cp -a "$BASE_ROOTFS/." "$WORK/root/"
	mount -t tmpfs bivy-sub "$WORK/root/mnt/sub"
	echo below >"$WORK/root/mnt/sub/file"
	config '.root.path = $r' --arg r "$WORK/root"
	config_args cat /mnt/sub/file
	run_ct
	assert_ok
	assert_output below
}

@test "a root file system below a shared mount: the host sees nothing of the container's mounts" {
	local before
	mkdir "$WORK/shared"
	mount -t tmpfs bivy-shared "$WORK/shared"
	mount --make-shared "$WORK/shared"
	cp -a "$BASE_ROOTFS" "$WORK/shared/rootfs"
	before=$(grep -F "$WORK/" /proc/self/mountinfo)
	config '.root.path = $r' --arg r "$WORK/shared/rootfs"
	sleeper
	assert_equal "$before" "$(grep -F "$WORK/" /proc/self/mountinfo)"
	rt delete --force "$ID"
	assert_equal "$before" "$(grep -F "$WORK/" /proc/self/mountinfo)"
	create_ct --no-pivot
	assert_equal "$before" "$(grep -F "$WORK/" /proc/self/mountinfo)"
}

@test "a missing root file system is refused with its path" {
	config '.root.path = "nowhere"'
	run_ct
	assert_fails
	assert_nothing_left
	is_reference || assert_refused nowhere "no such file or directory"
}

@test "a root file system that is a file is refused with its path" {
	touch "$BUNDLE/file"
	config '.root.path = "file"'
	run_ct
	assert_fails
	assert_nothing_left
	is_reference || assert_refused file "not a directory"
}

@test "no root at all is refused" {
	config 'del(.root)'
	run_ct
	assert_fails
	is_reference || assert_refused root
}

@test "a fifo in the place of /etc/passwd does not keep the runtime waiting" {
	only_ours "hostile root file systems"
	own_rootfs
	rm "$ROOTFS/etc/passwd"
	mkfifo "$ROOTFS/etc/passwd"
	config_sh 'echo "$HOME"'
	# Into a file: an init that waits would keep a pipe open.
	timeout "$(slow 10)" "$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- ||
		fail "status $?" "$(<"$WORK/out")"
	assert_equal / "$(<"$WORK/out")"
}

# ---------------------------------------------------------------- read-only and writable

@test "a writable root keeps what the container writes" {
	own_rootfs
	config_sh 'echo kept >/kept; grep " / " /proc/self/mountinfo'
	run_ct
	assert_ok
	[[ ,$(root_options), == *,rw,* ]] || fail "$output"
	assert_equal kept "$(<"$ROOTFS/kept")"
}

@test "a read-only root refuses writes, what is mounted on it takes them" {
	own_rootfs
	config '.root.readonly = true | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	config_sh 'touch /tmp/x /dev/shm/y && echo mounts; touch /new || touch /etc/passwd || mkdir /d || echo refused; grep " / " /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_has mounts refused "Read-only file system"
	[[ ,$(root_options), == *,ro,* ]] || fail "$output"
	# The host may still write.
	touch "$ROOTFS/host"
}

@test "the container cannot make its read-only root writable again" {
	own_rootfs
	config '.root.readonly = true'
	config_sh 'mount -o remount,rw / || mount -o remount,bind,rw / || touch /new || echo refused'
	run_ct
	assert_ok
	assert_has refused
	[ ! -e "$ROOTFS/new" ]
}

@test "flags of the root's own mount stay when it becomes read-only" {
	mkdir "$WORK/root"
	mount --bind "$BASE_ROOTFS" "$WORK/root"
	mount -o remount,bind,nosuid,nodev "$WORK/root"
	config '.root.path = $r' --arg r "$WORK/root"
	config_sh 'grep " / " /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_has "ro,nosuid,nodev"
}

@test "a read-only root in a user namespace" {
	require_userns
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	config_sh 'touch /tmp/x 2>/dev/null; grep " / " /proc/self/mountinfo; id -u'
	run_ct
	assert_ok
	[[ ,$(root_options), == *,ro,* ]] || fail "$output"
}

# ---------------------------------------------------------------- what remains of the host

@test "the mount table holds the container's mounts and no other" {
	config '.mounts |= map(select(.type != "cgroup")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	# Devices of who cannot make any are mounts, too.
	config_sh "awk '{ print \$5 }' /proc/self/mountinfo | grep -vxE '/dev/(null|zero|full|u?random|tty)' | sort"
	run_ct
	assert_ok
	assert_output "/
/dev
/dev/mqueue
/dev/pts
/dev/shm
/proc
/sys"
}

@test "the root directory has no way up, in pivot_root and without it" {
	local flag
	config_sh 'cd ../../../..; pwd; ls -d mnt/dir; ls -id / /.. | while read i p; do echo $i; done | uniq | wc -l'
	for flag in "" --no-pivot; do
		# shellcheck disable=SC2086
		run_ct $flag
		assert_ok
		assert_output $'/\nmnt/dir\n1'
	done
}

@test "--no-pivot: the same container otherwise" {
	own_rootfs
	config '.root.readonly = true | .linux.maskedPaths += ["/mnt/file"]'
	config_sh 'cat /mnt/file; touch /x 2>/dev/null || echo ro; readlink /proc/self/root; ls /proc/self/status; hostname'
	run_ct --no-pivot
	assert_ok
	assert_output $'ro\n/\n/proc/self/status\nbivy'
	start_ct --no-pivot
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- propagation of the root

# assert_root_propagation VALUE ROOT SUB OWN: what "/" shows, a mount that the root file system has below it, and a tmpfs that the
# configuration mounts, when the root file system and what is below it are shared mounts of the host.
assert_root_propagation() {
	mkdir "$WORK/shared"
	mount -t tmpfs bivy-shared "$WORK/shared"
	mount --make-shared "$WORK/shared"
	cp -a "$BASE_ROOTFS" "$WORK/shared/rootfs"
	mount -t tmpfs bivy-sub "$WORK/shared/rootfs/mnt/sub"
	mount --make-shared "$WORK/shared/rootfs/mnt/sub"
	config '.root.path = $r' --arg r "$WORK/shared/rootfs"
	[ "$1" = default ] || config '.linux.rootfsPropagation = $p' --arg p "$1"
	config_args cat /proc/self/mountinfo
	run_ct
	assert_ok
	# runc before 1.2 forgets most kinds when the root's parent mount has to become private.
	is_reference && return
	assert_equal "$2" "$(propagation_of /)" "the root"
	assert_equal "$3" "$(propagation_of /mnt/sub)" "below the root"
	assert_equal "$4" "$(propagation_of /dev/shm)" "the container's own"
	# Recursive: every mount, whoever made it.
	case $1 in
	rshared | runbindable) assert_equal "$2" "$(awk '{ print $5 }' <<<"$output" | while read -r path; do propagation_of "$path"; done | sort -u)" ;;
	esac
}

@test "rootfsPropagation: what is left out means slave" {
	assert_root_propagation default master master ""
}

@test "rootfsPropagation: private" {
	assert_root_propagation private "" "" ""
}

@test "rootfsPropagation: rprivate" {
	assert_root_propagation rprivate "" "" ""
}

@test "rootfsPropagation: slave" {
	assert_root_propagation slave master master ""
}

@test "rootfsPropagation: rslave" {
	assert_root_propagation rslave master master ""
}

@test "rootfsPropagation: shared" {
	assert_root_propagation shared shared shared ""
}

@test "rootfsPropagation: rshared reaches every mount" {
	assert_root_propagation rshared shared shared shared
}

@test "rootfsPropagation: unbindable" {
	assert_root_propagation unbindable unbindable "" ""
}

@test "rootfsPropagation: runbindable reaches every mount" {
	only_ours "runbindable of the root"
	assert_root_propagation runbindable unbindable unbindable unbindable
}

@test "rootfsPropagation: runbindable in a container that can be entered, its masks hold" {
	only_ours "runbindable of the root"
	config '.linux.rootfsPropagation = "runbindable" | .linux.maskedPaths += ["/mnt/file"]'
	sleeper
	run in_ct cat /mnt/file
	assert_ok
	assert_output ""
}

@test "rootfsPropagation: an unknown word is refused with its place" {
	config '.linux.rootfsPropagation = "sideways"'
	run_ct
	assert_fails
	is_reference || assert_refused rootfsPropagation sideways
}

@test "by default a mount of the container never reaches the host" {
	own_rootfs
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	sleeper
	run in_ct mount -t tmpfs none /mnt/dir
	assert_ok
	run grep -cF "$ROOTFS/mnt" /proc/self/mountinfo
	assert_output 0
}

# ---------------------------------------------------------------- masked and read-only paths

@test "masked files read as empty, masked directories are empty, missing ones are passed over" {
	config '.linux.maskedPaths = ["/mnt/file", "/mnt/dir", "/nowhere/at/all", "/proc/nothing"]'
	config_sh 'cat /mnt/file; ls /mnt/dir; echo end'
	run_ct
	assert_ok
	assert_output end
	assert_equal secret "$(<"$BASE_ROOTFS/mnt/file")"
}

@test "masked directories are read-only, what is written to masked files is gone" {
	config '.linux.maskedPaths = ["/mnt/file", "/mnt/dir"]'
	config_sh 'echo new >/mnt/file && cat /mnt/file; touch /mnt/dir/new 2>/dev/null || echo refused'
	run_ct
	assert_ok
	assert_output refused
}

@test "masks cover mounts that the configuration makes" {
	mkdir "$WORK/source"
	echo secret >"$WORK/source/file"
	config '.mounts += [{destination: "/mnt/dir", type: "bind", source: $s, options: ["bind"]}]
		| .linux.maskedPaths = ["/mnt/dir/file"]' --arg s "$WORK/source"
	config_args cat /mnt/dir/file
	run_ct
	assert_ok
	assert_output ""
}

@test "the usual masks of /proc and /sys hide what the host has there" {
	config_sh 'for f in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do [ ! -e $f ] || head -c 10 $f; done; ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v ":$"'
	run_ct
	assert_equal "" "$(tr -d '\n' <<<"$output")"
}

@test "no masks, no read-only paths" {
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	config_sh 'grep -c " /proc/" /proc/self/mountinfo'
	run_ct
	assert_output 0
}

@test "masks stay in an exec" {
	config '.linux.maskedPaths = ["/mnt/file"]'
	sleeper
	run in_ct cat /mnt/file
	assert_ok
	assert_output ""
}

@test "masked paths in a user namespace" {
	require_userns
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
		| .linux.maskedPaths = ["/mnt/file", "/mnt/dir"]'
	config_sh 'cat /mnt/file; ls /mnt/dir; umount /mnt/file 2>/dev/null || echo stays'
	run_ct
	assert_ok
	assert_output stays
}

@test "read-only paths: files, directories, and missing ones passed over" {
	own_rootfs
	config '.linux.readonlyPaths = ["/mnt/file", "/mnt/dir", "/nowhere"]'
	config_sh 'cat /mnt/file /mnt/dir/file; for f in /mnt/file /mnt/dir/file /mnt/dir/new; do (echo x >$f) 2>/dev/null || echo refused; done; touch /mnt/new'
	run_ct
	assert_ok
	assert_output $'secret\nsecret\nrefused\nrefused\nrefused'
	[ -e "$ROOTFS/mnt/new" ]
	[ ! -e "$ROOTFS/nowhere" ]
}

@test "read-only paths keep the flags of the mount that they lie on" {
	config '.mounts[0].options = ["nosuid", "noexec", "nodev"]'
	config_sh 'grep " /proc/sys " /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_has "ro,nosuid,nodev,noexec"
}

@test "/proc/sys and /proc/sysrq-trigger refuse writes" {
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]) | .linux.namespaces |= map(select(.type != "uts")) | del(.hostname)'
	config_sh 'for f in /proc/sys/kernel/hostname /proc/sysrq-trigger; do [ ! -e $f ] || (echo x >$f) 2>&1 | grep -o "Read-only file system"; done; true'
	run_ct
	assert_ok
	assert_has "Read-only file system"
	[ ! -e /proc/sysrq-trigger ] || assert_output $'Read-only file system\nRead-only file system'
}

@test "masked and read-only paths of the wrong type are refused with their place" {
	config '.linux.maskedPaths = ["/mnt/file", 7]'
	run_ct
	assert_fails
	is_reference || assert_refused 'linux.maskedPaths[1]'
}
