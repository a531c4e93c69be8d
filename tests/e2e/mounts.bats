# Mounts: binds and their propagation, flags and recursive attributes, idmapped mounts, every file system that bundles
# name, how destinations are found and made, and what is refused.

load ../lib/common
load ../lib/programs

setup_file() {
	common_setup_file
	mkdir -p "$BASE_ROOTFS"/mnt/{a,b,c}
	echo below >"$BASE_ROOTFS/mnt/file"
	echo below >"$BASE_ROOTFS/mnt/a/below"
}

setup() {
	common_setup
	require_root
	SOURCE=$WORK/source
	mkdir -p "$SOURCE"
	echo content >"$SOURCE/file"
}

# mounted_source [PROPAGATION]: makes SOURCE a tmpfs with another one in SOURCE/sub, of that propagation on the host.
mounted_source() {
	mount -t tmpfs -o "mode=755" bivy-test "$SOURCE"
	mount --make-private "$SOURCE"
	mkdir "$SOURCE/sub"
	mount -t tmpfs bivy-test-sub "$SOURCE/sub"
	mount --make-rprivate "$SOURCE"
	[ "${1:-private}" = private ] || mount "--make-r$1" "$SOURCE"
	echo content >"$SOURCE/file"
	echo deep >"$SOURCE/sub/file"
}

# show_mounts: runs the container with its mount table as output.
show_mounts() {
	config_args cat /proc/self/mountinfo
	run_ct
	assert_ok
}

# From $output, for the topmost mount on a destination: its own options, its propagation, its file system's options, its type.
mount_options() { awk -v d="$1" '$5 == d { o = $6 } END { print o }' <<<"$output"; }
mount_propagation() {
	awk -v d="$1" '$5 == d { p = ""; for (i = 7; $i != "-"; i++) { sub(/:.*/, "", $i); p = p (p == "" ? "" : " ") $i } }
		END { print p }' <<<"$output"
}
mount_super() { awk -v d="$1" '$5 == d { o = $NF } END { print o }' <<<"$output"; }
mount_type() { awk -v d="$1" '$5 == d { for (i = 7; $i != "-"; i++); t = $(i + 1) } END { print t }' <<<"$output"; }

# assert_mount_option DESTINATION OPTION / refute_mount_option.
assert_mount_option() { [[ ,$(mount_options "$1"), == *,$2,* ]] || fail "$1 is not $2: $(mount_options "$1")"; }
refute_mount_option() { [[ ,$(mount_options "$1"), != *,$2,* ]] || fail "$1 is $2: $(mount_options "$1")"; }

# ---------------------------------------------------------------- binds

@test "a source below the root is what earlier mounts have put there, links inside it stay inside" {
	own_rootfs
	mkdir "$ROOTFS"/{over,shown,linked}
	ln -s /etc "$ROOTFS/to-etc"
	mkdir -p "$ROOTFS/etc"
	echo inside >"$ROOTFS/etc/only-inside"
	mkdir "$SOURCE/sub"
	echo deep >"$SOURCE/sub/file"
	add_mount /over none "$SOURCE" rbind
	add_mount /shown none "$ROOTFS/over/sub" rbind ro
	is_reference || add_mount /linked none "$ROOTFS/to-etc" bind
	config_sh 'cat /shown/file; cat /linked/only-inside; echo x >/shown/file'
	run_ct
	assert_equal deep "${lines[0]}"
	is_reference || assert_equal inside "${lines[1]}"
	assert_has "Read-only file system"
}

@test "a directory bound into the container" {
	add_mount /mnt/a bind "$SOURCE" bind
	config_sh 'cat /mnt/a/file; ls /mnt/a; echo new >/mnt/a/new'
	run_ct
	assert_ok
	assert_output $'content\nfile'
	assert_equal new "$(<"$SOURCE/new")"
}

@test "a file bound onto a file" {
	add_mount /mnt/file bind "$SOURCE/file" bind
	config_sh 'cat /mnt/file; echo changed >/mnt/file'
	run_ct
	assert_ok
	assert_output content
	assert_equal changed "$(<"$SOURCE/file")"
	assert_equal below "$(<"$BASE_ROOTFS/mnt/file")"
}

@test "the option alone, any type: a bind" {
	add_mount /mnt/a none "$SOURCE" rbind
	config '.mounts += [{destination: "/mnt/file", source: $s, options: ["bind", "ro"]}]' --arg s "$SOURCE/file"
	config_sh 'cat /mnt/a/file /mnt/file; echo no >/mnt/file'
	run_ct
	assert_fails
	assert_has "Read-only"
	assert_equal 2 "$(grep -c content <<<"$output")"
}

@test "a source that is a relative path is taken from the bundle" {
	mkdir "$BUNDLE/inside"
	echo bundle >"$BUNDLE/inside/file"
	add_mount /mnt/a bind inside bind
	config_args cat /mnt/a/file
	run_ct
	assert_ok
	assert_output bundle
}

@test "a source that is a symbolic link on the host is followed" {
	ln -s source "$WORK/link"
	add_mount /mnt/a bind "$WORK/link" bind
	config_args cat /mnt/a/file
	run_ct
	assert_ok
	assert_output content
}

@test "bind leaves mounts below the source behind, rbind brings them" {
	mounted_source
	add_mount /mnt/a bind "$SOURCE" bind
	add_mount /mnt/b bind "$SOURCE" rbind
	config_sh 'ls /mnt/a/sub; cat /mnt/b/sub/file'
	run_ct
	assert_ok
	assert_output deep
}

@test "a fifo, a device and a socket are bound as they are" {
	require_power "making device nodes"
	local agent
	agent=$(test_program notify-agent) || skip "missing: a C compiler"
	mkfifo "$SOURCE/fifo"
	mknod "$SOURCE/zero" c 1 5
	"$agent" "$SOURCE/socket" /dev/null value 0 >"$WORK/agent.out" 2>&1 3>&- &
	own_pid $!
	wait_for grep -q ready "$WORK/agent.out"
	install -m 755 "$(test_program probe)" "$SOURCE/probe"
	own_rootfs
	mkdir -p "$ROOTFS/run"
	touch "$ROOTFS"/run/{fifo,zero,socket,probe}
	local name
	for name in fifo zero socket probe; do add_mount /run/$name bind "$SOURCE/$name" bind; done
	config '.linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 5, access: "rw"}]'
	config_sh 'test -p /run/fifo && echo fifo; head -c 2 /run/zero | od -An -tx1; /run/probe unix /run/socket'
	run_ct
	assert_ok
	assert_output $'fifo\n 00 00\nconnected'
}

@test "a hundred binds" {
	config '.mounts += [range(100) | {destination: "/mnt/c", type: "bind", source: $s, options: ["bind", "ro"]}]' --arg s "$SOURCE"
	config_sh 'grep -c " /mnt/c " /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_output 100
}

# ---------------------------------------------------------------- flags

@test "each flag of a mount is set" {
	require_power "taking back what the host mounted with"
	local option
	for option in ro nosuid nodev noexec noatime nodiratime; do
		new_bundle "$BUNDLE"
		add_mount /mnt/a bind "$SOURCE" bind "$option"
		add_mount /mnt/b tmpfs tmpfs "$option"
		show_mounts
		assert_mount_option /mnt/a "$option"
		assert_mount_option /mnt/b "$option"
	done
}

@test "flags that take back: rw, suid, dev, exec, atime" {
	add_mount /mnt/a bind "$SOURCE" bind ro rw nosuid suid nodev dev noexec exec nodiratime diratime
	add_mount /mnt/b tmpfs tmpfs ro nosuid rw suid noexec exec
	show_mounts
	assert_mount_option /mnt/a rw
	assert_mount_option /mnt/b rw
	local option
	for option in nosuid nodev noexec nodiratime; do refute_mount_option /mnt/a $option; done
	refute_mount_option /mnt/b noexec
}

@test "access times: relatime, strictatime, noatime" {
	add_mount /mnt/a tmpfs tmpfs strictatime
	add_mount /mnt/b tmpfs tmpfs relatime
	add_mount /mnt/c tmpfs tmpfs noatime
	show_mounts
	refute_mount_option /mnt/a relatime
	refute_mount_option /mnt/a noatime
	assert_mount_option /mnt/b relatime
	assert_mount_option /mnt/c noatime
}

@test "nosymfollow" {
	only_ours "nosymfollow"
	require_kernel 5.10 nosymfollow
	ln -s file "$SOURCE/link"
	add_mount /mnt/a bind "$SOURCE" bind nosymfollow
	config_sh 'cat /mnt/a/file; cat /mnt/a/link'
	run_ct
	assert_fails
	assert_has content "ymbolic link"
}

@test "a flag is in force, not only shown" {
	require_power "making device nodes"
	own_rootfs
	cp "$BASE_ROOTFS/bin/busybox" "$SOURCE/program"
	mknod "$SOURCE/null" c 1 3
	add_mount /mnt/a bind "$SOURCE" bind noexec nodev ro
	config_sh '/mnt/a/program true 2>/dev/null || echo noexec; cat /mnt/a/null 2>/dev/null || echo nodev
		touch /mnt/a/x 2>/dev/null || echo ro'
	run_ct
	assert_ok
	assert_output $'noexec\nnodev\nro'
}

@test "a bind with flags does not change the source" {
	mounted_source
	add_mount /mnt/a bind "$SOURCE" rbind ro nosuid noexec
	show_mounts
	assert_mount_option /mnt/a ro
	touch "$SOURCE/still-writable"
	run awk -v d="$SOURCE" '$5 == d { print $6 }' /proc/self/mountinfo
	assert_lacks ro, nosuid noexec
}

@test "ro on rbind makes only the top read-only, rro all of it" {
	mounted_source
	add_mount /mnt/a bind "$SOURCE" rbind ro
	add_mount /mnt/b bind "$SOURCE" rbind rro
	show_mounts
	assert_mount_option /mnt/a ro
	assert_mount_option /mnt/a/sub rw
	assert_mount_option /mnt/b ro
	assert_mount_option /mnt/b/sub ro
	config_sh 'touch /mnt/a/sub/x && echo sub; touch /mnt/b/sub/y'
	run_ct
	assert_fails
	assert_has sub Read-only
}

@test "each recursive attribute reaches the mounts below" {
	mounted_source
	local option
	for option in nosuid nodev noexec noatime nodiratime; do
		new_bundle "$BUNDLE"
		add_mount /mnt/a bind "$SOURCE" rbind "r$option"
		show_mounts
		assert_mount_option /mnt/a "$option"
		assert_mount_option /mnt/a/sub "$option"
	done
}

@test "recursive attributes that take back" {
	mounted_source
	mount -o remount,bind,ro,nosuid,nodev,noexec,noatime "$SOURCE/sub"
	add_mount /mnt/a bind "$SOURCE" rbind rrw rsuid rdev rexec rrelatime
	show_mounts
	local option
	for option in ro nosuid nodev noexec noatime; do
		refute_mount_option /mnt/a $option
		refute_mount_option /mnt/a/sub $option
	done
	assert_mount_option /mnt/a/sub relatime
	# and not on the host
	run awk -v d="$SOURCE/sub" '$5 == d { print $6 }' /proc/self/mountinfo
	assert_has ro nosuid
}

@test "rstrictatime and rnosymfollow" {
	mounted_source
	add_mount /mnt/a bind "$SOURCE" rbind rstrictatime
	if ! is_reference; then add_mount /mnt/b bind "$SOURCE" rbind rnosymfollow; fi
	show_mounts
	refute_mount_option /mnt/a/sub relatime
	refute_mount_option /mnt/a/sub noatime
	is_reference || assert_mount_option /mnt/b/sub nosymfollow
}

@test "recursive attributes on a file system that is not bound" {
	only_ours "recursive attributes of a new file system"
	add_mount /mnt/a tmpfs tmpfs rro rnosuid
	show_mounts
	assert_mount_option /mnt/a ro
	assert_mount_option /mnt/a nosuid
}

# ---------------------------------------------------------------- propagation

# assert_propagation KIND-OF-HOST OPTION TOP SUB: what a bind with this option shows for itself and for what is below.
assert_propagation() {
	mounted_source "$1"
	add_mount /mnt/a bind "$SOURCE" rbind "$2"
	show_mounts
	assert_equal "$3" "$(mount_propagation /mnt/a)" "propagation of the top"
	assert_equal "$4" "$(mount_propagation /mnt/a/sub)" "propagation of what is below"
}

@test "propagation: private" {
	assert_propagation shared private "" master
}

@test "propagation: rprivate" {
	assert_propagation shared rprivate "" ""
}

@test "propagation: shared" {
	assert_propagation private shared shared ""
}

@test "propagation: rshared" {
	assert_propagation private rshared shared shared
}

@test "propagation: slave" {
	assert_propagation shared slave master master
}

@test "propagation: rslave" {
	assert_propagation shared rslave master master
}

@test "propagation: unbindable" {
	assert_propagation private unbindable unbindable ""
}

@test "propagation: runbindable" {
	assert_propagation private runbindable unbindable unbindable
}

@test "a tmpfs takes a propagation too" {
	add_mount /mnt/a tmpfs tmpfs shared
	add_mount /mnt/b tmpfs tmpfs unbindable
	show_mounts
	assert_equal shared "$(mount_propagation /mnt/a)"
	assert_equal unbindable "$(mount_propagation /mnt/b)"
}

@test "rslave: a later mount on the host arrives in the container, not the other way" {
	mounted_source shared
	add_mount /mnt/a bind "$SOURCE" rbind rslave
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	sleeper
	mkdir "$SOURCE/later" "$SOURCE/theirs"
	mount -t tmpfs bivy-later "$SOURCE/later"
	echo arrived >"$SOURCE/later/file"
	run in_ct cat /mnt/a/later/file
	assert_ok
	assert_output arrived
	run in_ct mount -t tmpfs none /mnt/a/theirs
	assert_ok
	run grep -cF "$SOURCE/theirs" /proc/self/mountinfo
	assert_output 0
}

@test "rprivate: nothing goes either way" {
	mounted_source shared
	add_mount /mnt/a bind "$SOURCE" rbind rprivate
	sleeper
	mkdir "$SOURCE/later"
	mount -t tmpfs bivy-later "$SOURCE/later"
	touch "$SOURCE/later/file"
	run in_ct ls /mnt/a/later
	assert_ok
	assert_output ""
}

@test "rshared below a shared root: a mount of the container arrives on the host" {
	mounted_source shared
	config '.linux.rootfsPropagation = "shared" | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	add_mount /mnt/a bind "$SOURCE" rbind rshared
	sleeper
	mkdir "$SOURCE/theirs"
	run in_ct mount -t tmpfs bivy-theirs /mnt/a/theirs
	assert_ok
	grep -qF "$SOURCE/theirs" /proc/self/mountinfo || fail "it did not arrive"
	umount "$SOURCE/theirs"
}

# ---------------------------------------------------------------- idmapped mounts

# require_idmap: a file system below SOURCE that can be mounted with mappings.
require_idmap() {
	only_ours "idmapped mounts"
	require_kernel 5.12 "idmapped mounts"
	case $(stat -f -c %T "$SOURCE") in
	ext2/ext3 | xfs | btrfs) ;;
	overlayfs) require_kernel 5.19 "idmapped overlay" ;;
	tmpfs) require_kernel 6.3 "idmapped tmpfs" ;;
	*) skip "missing: a file system that can be idmapped" ;;
	esac
}

# add_idmap_mount DESTINATION FIRST OPTION…: a bind of SOURCE whose user 0 is FIRST and whose group 0 is FIRST + 1.
add_idmap_mount() {
	config '.mounts += [{destination: $d, type: "bind", source: $s, options: $ARGS.positional,
		uidMappings: [{containerID: 0, hostID: $h, size: 65536}], gidMappings: [{containerID: 0, hostID: ($h + 1), size: 65536}]}]' \
		--arg d "$1" --arg s "$SOURCE" --argjson h "$2" --args "${@:3}"
}

# in_userns: the container gets a user namespace.
in_userns() {
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
}

@test "an idmapped source below the root" {
	require_power "mapping owners by mounts"
	own_rootfs
	mkdir -p "$ROOTFS"/{own,shown}
	echo content >"$ROOTFS/own/file"
	SOURCE=$ROOTFS/own
	require_idmap
	add_idmap_mount /shown 100000 bind
	config_sh 'stat -c %u:%g /shown/file'
	run_ct
	assert_ok
	assert_output 100000:100001
}

@test "idmap: a mount with mappings of its own shows other owners" {
	require_power "mapping owners by mounts"
	require_idmap
	touch "$SOURCE/user"
	chown 1000:1000 "$SOURCE/user"
	add_idmap_mount /mnt/a 5000 bind idmap
	config_sh 'stat -c %u:%g /mnt/a/file /mnt/a/user; touch /mnt/a/new && stat -c %u:%g /mnt/a/new'
	config '.process.user = {uid: 5007, gid: 5008}'
	chmod 777 "$SOURCE"
	run_ct
	assert_ok
	assert_output $'5000:5001\n6000:6001\n5007:5008'
	# What user 5007 makes through the mount belongs to 7 on the disk.
	assert_equal 7:7 "$(stat -c %u:%g "$SOURCE/new")"
	assert_equal 0:0 "$(stat -c %u:%g "$SOURCE/file")"
}

@test "idmap: in a user namespace root's files are root's, on both sides" {
	require_power "mapping owners by mounts"
	require_idmap
	require_userns
	in_userns
	add_mount /mnt/a bind "$SOURCE" bind idmap
	config_sh 'stat -c %u:%g /mnt/a/file; touch /mnt/a/new; stat -c %u:%g /mnt/a/new'
	run_ct
	assert_ok
	assert_output $'0:0\n0:0'
	assert_equal 0:0 "$(stat -c %u:%g "$SOURCE/new")"
}

@test "idmap: own mappings in a user namespace, other than the container's" {
	require_power "mapping owners by mounts"
	require_idmap
	require_userns
	in_userns
	config '.mounts += [{destination: "/mnt/a", type: "bind", source: $s, options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 201000, size: 10}], gidMappings: [{containerID: 0, hostID: 202000, size: 10}]}]' \
		--arg s "$SOURCE"
	config_args stat -c %u:%g /mnt/a/file
	run_ct
	assert_ok
	assert_output 1000:2000
}

@test "idmap reaches the top only, ridmap also what is below" {
	require_power "mapping owners by mounts"
	require_idmap
	require_kernel 6.3 "idmapped tmpfs"
	mounted_source
	add_idmap_mount /mnt/a 5000 rbind idmap
	add_idmap_mount /mnt/b 5000 rbind ridmap
	config_sh 'stat -c %u /mnt/a/file /mnt/a/sub/file /mnt/b/file /mnt/b/sub/file'
	run_ct
	assert_ok
	assert_output $'5000\n0\n5000\n5000'
}

@test "mappings alone make a mount idmapped" {
	require_power "mapping owners by mounts"
	require_idmap
	add_idmap_mount /mnt/a 5000 bind
	config_args stat -c %u:%g /mnt/a/file
	run_ct
	assert_ok
	assert_output 5000:5001
}

@test "idmap without any mappings is refused" {
	only_ours "idmapped mounts"
	add_mount /mnt/a bind "$SOURCE" bind idmap
	run_ct
	assert_refused /mnt/a
}

@test "a mapping of only one kind is refused" {
	only_ours "idmapped mounts"
	config '.mounts += [{destination: "/mnt/a", type: "bind", source: $s, options: ["bind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 1, size: 10}]}]' --arg s "$SOURCE"
	run_ct
	assert_refused gidMappings
}

@test "a file system that cannot be idmapped is refused with the destination" {
	only_ours "idmapped mounts"
	require_kernel 5.12 "idmapped mounts"
	SOURCE=/proc/sys
	add_idmap_mount /mnt/a 5000 bind idmap
	run_ct
	assert_refused /mnt/a
}

# ---------------------------------------------------------------- file systems

@test "tmpfs: size, mode, owner and number of files" {
	add_mount /mnt/a tmpfs tmpfs size=1m mode=0750 uid=7 gid=8 nr_inodes=16
	config '.process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE"])'
	config_sh 'stat -c "%a %u:%g" /mnt/a; cat /proc/self/mountinfo; dd if=/dev/zero of=/mnt/a/f bs=1k count=2000 2>&1; ls -s /mnt/a/f'
	run_ct
	is_reference || assert_equal "750 7:8" "${lines[0]}"
	[[ ,$(mount_super /mnt/a), == *,size=1024k,* ]] || fail "$(mount_super /mnt/a)"
	[[ ,$(mount_super /mnt/a), == *,nr_inodes=16,* ]] || fail "$(mount_super /mnt/a)"
	assert_has "No space left on device"
}

@test "tmpfs takes the mode of what it covers when none is given" {
	own_rootfs
	mkdir -m 1770 "$ROOTFS/mnt/sticky"
	add_mount /mnt/sticky tmpfs tmpfs
	config_args stat -c %a /mnt/sticky
	run_ct
	assert_ok
	assert_output 1770
}

@test "tmpcopyup: a tmpfs begins with what it covers, and what is written stays in it" {
	own_rootfs
	mkdir -p "$ROOTFS/data/dir"
	echo one >"$ROOTFS/data/file"
	echo two >"$ROOTFS/data/dir/file"
	ln -s file "$ROOTFS/data/link"
	chmod 604 "$ROOTFS/data/file"
	chown 7:8 "$ROOTFS/data/file"
	chmod 711 "$ROOTFS/data/dir"
	add_mount /data tmpfs tmpfs tmpcopyup
	config_sh 'cat /data/file /data/dir/file /data/link; readlink /data/link; stat -c "%a %u:%g" /data/file; stat -c %a /data/dir
		echo changed >/data/file; touch /data/new; grep -c " /data .* - tmpfs " /proc/self/mountinfo'
	config '.process.capabilities |= map_values(. + ["CAP_DAC_OVERRIDE"])'
	run_ct
	assert_ok
	assert_output $'one\ntwo\none\nfile\n604 7:8\n711\n1'
	assert_equal one "$(<"$ROOTFS/data/file")"
	[ ! -e "$ROOTFS/data/new" ]
}

@test "tmpcopyup keeps capabilities, hard links, and what the directory itself is" {
	own_rootfs
	require_program setcap libcap2-bin
	mkdir "$ROOTFS/data"
	cp "$BASE_ROOTFS/bin/busybox" "$ROOTFS/data/busybox"
	ln "$ROOTFS/data/busybox" "$ROOTFS/data/again"
	chown 7:8 "$ROOTFS/data"
	chmod 2750 "$ROOTFS/data"
	setcap cap_kill+ep "$ROOTFS/data/busybox" || skip "missing: capabilities of files"
	add_mount /data tmpfs tmpfs tmpcopyup
	config_sh 'stat -c "%a %u:%g" /data; stat -c %h /data/busybox /data/again; cd /data; ./busybox id -u; ./busybox grep CapEff /proc/self/status'
	config '.process.user = {uid: 1000, gid: 8} | .process.noNewPrivileges = false'
	config '.process.capabilities = {bounding: ["CAP_KILL"]}'
	run_ct
	assert_ok
	assert_output $'2750 7:8\n2\n2\n1000\nCapEff:\t0000000000000020'
}

@test "tmpcopyup below a read-only root, of a big file" {
	own_rootfs
	mkdir "$ROOTFS/data"
	head -c 3000000 /dev/urandom >"$ROOTFS/data/big"
	config '.root.readonly = true'
	add_mount /data tmpfs tmpfs tmpcopyup size=8m
	config_sh 'sha256sum </data/big; touch /data/writable /not-writable'
	run_ct
	assert_fails
	assert_has "$(sha256sum <"$ROOTFS/data/big")" "/not-writable: Read-only"
}

@test "proc shows the container's processes, with its options" {
	config '.mounts[0].options = ["nosuid", "noexec", "nodev", "hidepid=2"]'
	config_sh 'ls -d /proc/[0-9]* | head -n 1; cat /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_equal /proc/1 "${lines[0]}"
	assert_equal proc "$(mount_type /proc)"
	assert_mount_option /proc nosuid
	assert_mount_option /proc noexec
	[[ $(mount_super /proc) == *hidepid=* ]] || fail "$(mount_super /proc)"
}

@test "sysfs is read-only and shows the container's network" {
	config_sh 'cat /proc/self/mountinfo; ls /sys/class/net | grep -v "^[a-km-z]" | tail -n 1; echo x >/sys/kernel/notes'
	run_ct
	assert_fails
	assert_equal sysfs "$(mount_type /sys)"
	assert_mount_option /sys ro
	assert_has $'\nlo'
}

@test "mqueue and devpts are the container's own" {
	config_sh 'cat /proc/self/mountinfo; ls /dev/pts; stat -c "%a" /dev/pts/ptmx; touch /dev/mqueue/queue && ls /dev/mqueue'
	run_ct
	assert_ok
	assert_equal mqueue "$(mount_type /dev/mqueue)"
	assert_equal devpts "$(mount_type /dev/pts)"
	assert_has $'\nptmx\n666\nqueue'
	[[ $(mount_super /dev/pts) =~ gid=$(has_power && echo 5 || awk '$1 <= 5 && 5 < $1 + $3 { print $2 + 5 - $1 }' /proc/self/gid_map) ]] || fail "$(mount_super /dev/pts)"
	[[ $(mount_super /dev/pts) == *mode=620* ]] || fail "$(mount_super /dev/pts)"
}

@test "overlay is a file system like another" {
	require_fs overlay
	mkdir "$WORK"/{lower,upper,work}
	echo lower >"$WORK/lower/file"
	add_mount /mnt/a overlay overlay "lowerdir=$WORK/lower" "upperdir=$WORK/upper" "workdir=$WORK/work"
	config_sh 'cat /mnt/a/file; echo upper >/mnt/a/file; cat /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_equal lower "${lines[0]}"
	assert_equal overlay "$(mount_type /mnt/a)"
	assert_equal lower "$(<"$WORK/lower/file")"
	assert_equal upper "$(<"$WORK/upper/file")"
}

@test "the order of mounts is the order of the list" {
	mkdir "$SOURCE/b"
	add_mount /mnt/a tmpfs tmpfs
	add_mount /mnt/a/sub bind "$SOURCE" bind
	add_mount /mnt/b bind "$SOURCE" bind
	add_mount /mnt/b tmpfs tmpfs
	config_sh 'cat /mnt/a/sub/file; ls /mnt/b'
	run_ct
	assert_ok
	assert_output content
}

@test "remount changes a mount made before" {
	add_mount /mnt/a tmpfs tmpfs
	add_mount /mnt/a tmpfs tmpfs remount ro
	config_sh 'touch /mnt/a/x'
	run_ct
	assert_fails
	assert_has Read-only
}

@test "/dev bound from the host stays as the host's is" {
	local before after
	before=$(cd /dev && find . -maxdepth 1 -printf '%p %y %l\n' | sort)
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	add_mount /dev bind /dev rbind rslave
	config_sh '[ -c /dev/null ] && echo null'
	run_ct
	assert_ok
	assert_output null
	after=$(cd /dev && find . -maxdepth 1 -printf '%p %y %l\n' | sort)
	assert_equal "$before" "$after" "/dev of the host"
}

# ---------------------------------------------------------------- cgroup mounts

# cgroup1_mounts: the directory names of the host's v1 hierarchies.
cgroup1_mounts() { awk '/ - cgroup / { print $5 }' /proc/self/mountinfo | sed 's,.*/,,' | sort -u; }

@test "cgroup mount: each v1 hierarchy in a directory of its own, read-only" {
	[ -n "$(cgroup1_mounts)" ] || skip "missing: cgroup v1"
	config_sh 'cat /proc/self/mountinfo; ls /sys/fs/cgroup'
	run_ct
	assert_ok
	local name
	for name in $(cgroup1_mounts); do
		[[ $'\n'$output$'\n' == *$'\n'$name$'\n'* ]] || fail "no $name in /sys/fs/cgroup" "$output"
		assert_equal cgroup "$(mount_type "/sys/fs/cgroup/$name")" "$name"
		assert_mount_option "/sys/fs/cgroup/$name" ro
		assert_mount_option "/sys/fs/cgroup/$name" nosuid
	done
	is_reference || assert_mount_option /sys/fs/cgroup ro
}

@test "cgroup mount: in a cgroup namespace the container's own group is the root" {
	require_controller pids
	config '.linux.resources.pids.limit = 77'
	local dir=/sys/fs/cgroup
	if cgroup_is_v1 pids; then dir=/sys/fs/cgroup/pids; fi
	config_sh 'cat $1/cgroup.procs; cat $1/pids.max' $dir
	run_ct
	assert_ok
	assert_equal 1 "${lines[0]}"
	assert_has $'\n77'
}

@test "cgroup mount: without a cgroup namespace the container still sees only its own group" {
	require_controller pids
	config '.linux.resources.pids.limit = 78 | .linux.namespaces |= map(select(.type != "cgroup"))'
	if cgroup_is_v1 pids; then
		config_sh 'cat /sys/fs/cgroup/pids/pids.max'
	else
		config_sh 'cat /sys/fs/cgroup/pids.max 2>/dev/null || cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/pids.max'
	fi
	run_ct
	assert_ok
	assert_output 78
}

@test "cgroup mount: pure v2 is one file system, read-only" {
	[ -z "$(cgroup1_mounts)" ] || skip "missing: a host of cgroup2 only"
	require_cgroup2
	config_sh 'cat /proc/self/mountinfo; cat /sys/fs/cgroup/cgroup.procs'
	run_ct
	assert_ok
	assert_equal cgroup2 "$(mount_type /sys/fs/cgroup)"
	assert_mount_option /sys/fs/cgroup ro
	assert_has $'\n1'
}

@test "cgroup mount: a hybrid host's cgroup2 is there too" {
	only_ours "hybrid hosts"
	[ -n "$(cgroup1_mounts)" ] || skip "missing: cgroup v1"
	require_cgroup2
	config_sh 'cat /proc/self/mountinfo; ls /sys/fs/cgroup/unified/cgroup.procs'
	run_ct
	assert_ok
	assert_equal cgroup2 "$(mount_type /sys/fs/cgroup/unified)"
	assert_mount_option /sys/fs/cgroup/unified ro
}

@test "cgroup mount: writable when it is not asked to be read-only" {
	require_controller pids
	config '(.mounts[] | select(.type == "cgroup") | .options) = ["nosuid", "noexec", "nodev"]'
	local dir=/sys/fs/cgroup
	if cgroup_is_v1 pids; then dir=/sys/fs/cgroup/pids; fi
	config_sh 'mkdir $1/below && rmdir $1/below && echo made' $dir
	run_ct
	assert_ok
	assert_output made
	config '(.mounts[] | select(.type == "cgroup") | .options) += ["ro"]'
	run_ct
	assert_fails
	assert_has Read-only
}

# ---------------------------------------------------------------- destinations

@test "missing destinations are made, directories and files" {
	own_rootfs
	add_mount /new/deep/directory bind "$SOURCE" bind
	add_mount /new/deep/file bind "$SOURCE/file" bind
	add_mount /new/tmpfs tmpfs tmpfs
	config_sh 'cat /new/deep/directory/file /new/deep/file; stat -c %a:%u /new /new/deep; grep -c " /new/" /proc/self/mountinfo'
	run_ct
	assert_ok
	assert_output $'content\ncontent\n755:0\n755:0\n3'
}

@test "a missing destination in a read-only root file system is refused with the destination" {
	mkdir "$WORK/ro"
	mount --bind "$BASE_ROOTFS" "$WORK/ro"
	mount -o remount,bind,ro "$WORK/ro"
	config '.root.path = $r' --arg r "$WORK/ro"
	add_mount /mnt/nowhere bind "$SOURCE" bind
	run_ct
	assert_fails
	is_reference || assert_fails 1
	assert_has /mnt/nowhere
}

@test "a destination through links of the root file system stays in it" {
	own_rootfs
	mkdir -p "$ROOTFS/target" "$WORK/escape"
	ln -s /target "$ROOTFS/absolute"
	ln -s "$WORK/escape" "$ROOTFS/out"
	ln -s ../../../../../../../../target "$ROOTFS/up"
	add_mount /absolute/a bind "$SOURCE" bind
	add_mount /up/b bind "$SOURCE" bind
	add_mount /out/c bind "$SOURCE" bind
	config_sh 'cat /target/a/file /target/b/file /out/c/file'
	run_ct
	# A link to a place that is not there may be refused or made inside; it never leads outside.
	assert_equal "" "$(ls "$WORK/escape")" "what is outside"
	[ "$status" -ne 0 ] || assert_output $'content\ncontent\ncontent'
	config '.mounts |= map(select(.destination != "/out/c"))'
	config_sh 'cat /target/a/file /target/b/file'
	run_ct
	assert_ok
	assert_output $'content\ncontent'
}

@test "a destination with dots stays inside" {
	own_rootfs
	add_mount /mnt/../../../mnt/a bind "$SOURCE" bind
	config_args cat /mnt/a/file
	run_ct
	assert_ok
	assert_output content
}

@test "a relative destination is taken from the root" {
	add_mount mnt/a bind "$SOURCE" bind
	config_args cat /mnt/a/file
	run_ct
	assert_ok
	assert_has content
}

@test "a directory onto a file and a file onto a directory are refused with the destination" {
	add_mount /mnt/file bind "$SOURCE" bind
	run_ct
	assert_fails
	assert_has /mnt/file
	is_reference || assert_refused /mnt/file
	new_bundle "$BUNDLE"
	add_mount /mnt/a bind "$SOURCE/file" bind
	run_ct
	assert_fails
	assert_has /mnt/a
	is_reference || assert_refused /mnt/a
}

# ---------------------------------------------------------------- refused

@test "a missing source is refused with its path" {
	add_mount /mnt/a bind "$WORK/nothing" bind
	run_ct
	assert_fails
	assert_has "$WORK/nothing"
	assert_nothing_left
	is_reference || assert_refused "$WORK/nothing" "no such file or directory"
}

@test "an unknown file system is refused with its name" {
	add_mount /mnt/a nosuchfs none
	run_ct
	assert_fails
	is_reference || assert_refused nosuchfs /mnt/a
}

@test "an option that the file system does not know is refused" {
	add_mount /mnt/a tmpfs tmpfs nosuchoption=1
	run_ct
	assert_fails
	assert_has /mnt/a
	is_reference || assert_refused /mnt/a
}

@test "a mount without a destination is refused with its place" {
	config '.mounts += [{type: "tmpfs", source: "tmpfs"}]'
	run_ct
	assert_fails
	is_reference || assert_refused 'mounts[7].destination'
}

@test "a mount that fails late takes the earlier ones with it" {
	own_rootfs
	add_mount /mnt/a bind "$SOURCE" bind
	add_mount /mnt/b tmpfs tmpfs
	add_mount /mnt/c nosuchfs none
	run_ct
	assert_fails
	assert_nothing_left
}
