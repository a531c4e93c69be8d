# bivy jail: a directory for a root, and the classic ways out of a chroot: each is open with chroot(8), as far as this host
# lets it be, and closed in a jail.
bats_require_minimum_version 1.5.0
load ../lib/common

setup() {
	[ -x "${BIVY:-}" ] || skip "missing: bivy in this build"
	require_root
	common_setup
	JAIL=$WORK/jail
	make_rootfs "$JAIL"
	install -m 755 "$BIVY_BUILD/tests/jailbreak" "$JAIL/bin/jailbreak"
	chmod 755 "$WORK"
	MARKER=$WORK/marker
	touch "$MARKER"
}

# tries WAY [ARGUMENT…]: open with chroot(8), closed in a jail, for nobody and for root of it, and in one made without mount namespaces.
tries() {
	run -0 chroot "$JAIL" /bin/jailbreak "$@"
	[[ $output == OUT:* ]]
	is_held "$@"
}

# is_held WAY [ARGUMENT…]: closed in every kind of jail.
is_held() {
	local flags
	for flags in "" "--user root" "--proc --dev" "--seccomp default" "--user root --proc --read-only"; do
		run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak "$@"
		[[ $output == held:* ]] || fail "$1 with '$flags': $output"
	done
	run -1 without_admin "$BIVY" jail "$JAIL" /bin/jailbreak "$@"
	[[ $output == held:* ]] || fail "$1 by chroot(2): $output"
}

# without_admin COMMAND…: there may be no mount namespace, so that a jail is chroot(2).
without_admin() { setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"; }

@test "second chroot" { tries second-chroot "$MARKER"; }

@test "chroot, and fchdir(2) to what was kept" { tries chroot-and-fchdir "$MARKER"; }

@test "a descriptor that was open before" {
	exec 9</
	run -0 chroot "$JAIL" /bin/jailbreak kept-descriptor "$MARKER"
	is_held kept-descriptor "$MARKER"
	exec 9<&-
}

@test "../.. up to the root" { is_held walk-up "$MARKER"; }

@test "a node of a disk, made inside" {
	require_program losetup
	local disk numbers
	truncate -s 1M "$WORK/disk"
	disk=$(losetup --find --show "$WORK/disk") || skip "missing: loop devices"
	numbers=$(cat "/sys/block/${disk##*/}/dev")
	is_held make-disk "${numbers%:*}" "${numbers#*:}" || { losetup -d "$disk"; return 1; }
	run chroot "$JAIL" /bin/jailbreak make-disk "${numbers%:*}" "${numbers#*:}"
	losetup -d "$disk"
	[ "$status" -eq 0 ]
}

@test "a node of a device, there before and open to all" {
	require_power "making device nodes"
	mknod -m 666 "$JAIL/zero" c 1 5
	run -0 chroot "$JAIL" /bin/jailbreak open-node /zero
	# Without a mount of its own nothing says that the node does not count.
	for flags in "" "--user root" "--proc --dev"; do
		run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak open-node /zero
		[[ $output == held:* ]]
	done
}

@test "processes outside: ptrace(2) and signals" {
	setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000 &
	own_pid $!
	wait_for grep -q '^Uid:.65534' "/proc/$!/status"
	run -0 chroot "$JAIL" /bin/jailbreak trace-outside $!
	run -0 chroot "$JAIL" /bin/jailbreak signal-outside $!
	for flags in "" "--user root" "--proc --dev"; do
		run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak trace-outside $!
		run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak signal-outside $!
	done
}

@test "mount(2)" { tries make-mount; }

@test "the roots of others in /proc" {
	mount --bind /proc "$JAIL/proc"
	run -0 chroot "$JAIL" /bin/jailbreak proc-root "$MARKER"
	umount "$JAIL/proc"
	is_held proc-root "$MARKER"
}

@test "a user namespace of one's own" { is_held user-namespace "$MARKER"; }

@test "a set-user-ID file of root's" {
	install -m 4755 "$BIVY_BUILD/tests/jailbreak" "$JAIL/bin/setuid"
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$JAIL/bin/setuid" am-i-root
	for flags in "" "--proc --dev" "--seccomp default"; do
		run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak set-user-id /bin/setuid
		[[ $output == held:* ]]
	done
	run -1 without_admin "$BIVY" jail "$JAIL" /bin/jailbreak set-user-id /bin/setuid
	[[ $output == held:* ]]
}

@test "capabilities, held or to be gained" { tries any-capability; }

@test "files by handle" {
	require_power "opening files by handle"
	tries by-handle
}

@test "System V shared memory" {
	local id
	id=$("$PYTHON" -c 'import ctypes; print(ctypes.CDLL(None).shmget(0, 4096, 0o1666))')
	run -0 chroot "$JAIL" /bin/jailbreak shared-memory "$id"
	for flags in "" "--user root"; do run -1 "$BIVY" jail $flags "$JAIL" /bin/jailbreak shared-memory "$id"; done
	ipcrm -m "$id" 2>/dev/null || "$PYTHON" -c "import ctypes; ctypes.CDLL(None).shmctl($id, 0, None)"
}

@test "the caller's keys" {
	"$PYTHON" - "$JAIL" "$BIVY" <<'END'
import ctypes, platform, subprocess, sys
libc = ctypes.CDLL(None)
add_key, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[platform.machine()]
if libc.syscall(keyctl, 1, None) < 0:
    sys.exit(0)  # a kernel without keyrings
assert libc.syscall(add_key, b"user", b"jailbreak", b"x", 1, -3) >= 0
way = ["/bin/jailbreak", "session-key", "jailbreak"]
assert subprocess.run(["chroot", sys.argv[1]] + way, stdout=subprocess.DEVNULL).returncode == 0
assert subprocess.run([sys.argv[2], "jail", sys.argv[1]] + way, stdout=subprocess.DEVNULL).returncode == 1
END
}

@test "what the caller's terminal would read as typed" {
	require_program script
	for flags in "" "--seccomp default" "--user root"; do
		run script -qec "'$BIVY' jail $flags '$JAIL' /bin/jailbreak terminal-input" /dev/null
		[[ $output == *"held: ioctl(TIOCSTI): Operation not permitted"* ]]
	done
}

@test "a jail has what was asked for and nothing else; its status is the command's" {
	echo hello >"$WORK/file"
	mkdir "$WORK/shared"
	chmod 777 "$WORK/shared"
	run -0 "$BIVY" jail --proc --dev --bind-ro "$WORK/file:/etc/file" --bind "$WORK/shared:/shared" "$JAIL" sh -c \
		'id -u; cat /etc/file; echo x 2>/dev/null >/etc/file || echo refused; echo there >/shared/x; echo $$; [ "$(ls /proc | grep -c "^[0-9]")" -lt 8 ] && echo alone; echo >/dev/null; head -c 3 /dev/zero | wc -c'
	[ "$(echo $output)" = "65534 hello refused 1 alone 3" ]
	[ "$(cat "$WORK/shared/x")" = there ]
	[ -z "$(ls -A "$JAIL/dev")" ]
	run -0 "$BIVY" jail --user user --workdir /bin "$JAIL" sh -c 'id -u; pwd; echo $HOME'
	[ "$(echo $output)" = "1000 /bin /home/user" ]
	run -1 "$BIVY" jail --read-only --user root "$JAIL" sh -c 'echo x >/x'
	[[ $output == *[Rr]ead-only* ]]
	run -0 "$BIVY" jail --no-network "$JAIL" sh -c 'busybox ip link | grep -c "^[0-9]"'
	[ "$output" = 1 ]
	run -9 "$BIVY" jail "$JAIL" sh -c 'exit 9'
	run -127 "$BIVY" jail "$JAIL" no-such-command
	run -125 "$BIVY" jail "$WORK/none" true
	[[ $output == *"cannot open '$WORK/none': no such file or directory"* ]]
	run -125 "$BIVY" jail --user nosuch "$JAIL" true
	run -125 "$BIVY" jail --seccomp strict "$JAIL" true
	[[ $output == *"cannot read the filter 'strict': no such file or directory"* ]]
	# What was traced is enough for the same again, and for nothing else.
	"$BIVY" seccomp trace --quiet --output filter.json "$JAIL/bin/busybox" echo hello
	run -0 "$BIVY" jail --seccomp filter.json "$JAIL" busybox echo hello
	run -1 "$BIVY" jail --user root --seccomp filter.json "$JAIL" busybox mkdir /new
	[[ $output == *"peration not permitted"* ]]
	# The host has no more mounts than before.
	run ! grep -q "$JAIL" /proc/self/mountinfo
}

@test "an ordinary user has a jail, too; where nothing can be mounted it says so" {
	require_program setpriv
	chmod 755 "$SCRATCH" "$WORK"
	as() { setpriv --reuid 12345 --regid 12345 --clear-groups "$@"; }
	run -0 as "$BIVY" jail --proc "$JAIL" sh -c 'id -u; ls -d /proc/[0-9]* | wc -l; grep CapBnd /proc/self/status'
	[ "${lines[0]}" = 12345 ]
	[ "${lines[2]}" = $'CapBnd:\t0000000000000000' ]
	for way in "second-chroot $MARKER" make-mount "user-namespace $MARKER" by-handle any-capability "proc-root $MARKER"; do
		run -1 as "$BIVY" jail "$JAIL" /bin/jailbreak $way
		[[ $output == held:* ]]
	done
	run -0 without_admin "$BIVY" jail "$JAIL" id -u
	[ "$output" = 65534 ]
	run -125 without_admin "$BIVY" jail --proc "$JAIL" true
	[[ $output == *"cannot mount anything in the jail: there may be no mount namespace here"* ]]
}
