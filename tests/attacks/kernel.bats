# Hostile containers: what is asked of the kernel by system calls. `hostile` is tests/attacks/programs/hostile.c.

bats_require_minimum_version 1.5.0
load lib/rows

@test "userfaultfd: page faults of the kernel held up at will" {
	require_way userfaultfd
	attack "userfaultfd(2): faults in the kernel held up at will" seccomp -- hostile userfaultfd
}

@test "io_uring: calls that no filter sees" {
	require_way io-uring
	attack "io_uring_setup(2): calls that no filter sees" seccomp -- hostile io-uring
}

@test "bpf: programs in the kernel" {
	require_way bpf
	attack "bpf(2): maps and programs in the kernel" cap:BPF userns -- hostile bpf
}

@test "perf_event_open: all processes of the host watched" {
	require_way perf
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ] || skip "missing: perf_event_open(2) for CAP_PERFMON: this kernel keeps it for CAP_SYS_ADMIN"
	attack "perf_event_open(2) of all processes" cap:PERFMON userns -- hostile perf
}

@test "kexec_load: another kernel" {
	require_way kexec
	attack "kexec_load(2)" seccomp cap:SYS_BOOT userns -- hostile kexec
}

@test "finit_module: code in the kernel" {
	require_way module
	attack "finit_module(2)" cap:SYS_MODULE userns -- hostile module
}

@test "reboot" {
	require_way reboot
	attack "reboot(2)" cap:SYS_BOOT pidns userns -- hostile reboot
}

@test "the clock is set" {
	require_way settime
	attack "settimeofday(2)" cap:SYS_TIME userns -- hostile settime
}

@test "the kernel's messages are read" {
	require_way syslog
	attack "syslog(2): messages of the kernel, with addresses" cap:SYSLOG userns -- hostile syslog
}

@test "ports of the hardware" {
	require_way ioperm
	attack "ioperm(2)" cap:SYS_RAWIO userns -- hostile ioperm
}

@test "a swap area on a file of the container" {
	require_way swap /dev/null
	attack "swapon(2)" seccomp cap:SYS_ADMIN userns -- hostile swap /dev/null
}

@test "sockets of the hypervisor" {
	require_way socket 40
	attack "AF_VSOCK: sockets of the hypervisor" seccomp -- hostile socket 40
}

@test "a user namespace with all capabilities" {
	attack "unshare(2) of a user namespace: all capabilities in it" seccomp -- hostile user-namespace
}

@test "overlayfs in a nested user namespace" {
	WITH=(--tmpfs /tmp:exec)
	attack "overlayfs, mounted in a nested user namespace" seccomp -- hostile nested-mount overlay lowerdir=/bin,upperdir=/tmp/up,workdir=/tmp/work
}

@test "a fresh procfs in a nested user namespace" {
	attack "a procfs without masks, mounted in a nested user namespace" seccomp paths -- hostile nested-mount proc ""
}

@test "masks are taken away in a nested user namespace" {
	# what is mounted below another user namespace is locked to what it covers (mount_namespaces(7))
	in_container -- hostile uncover /proc/keys nested
	assert_stopped
	in_container --security-opt seccomp=unconfined -- hostile uncover /proc/keys nested
	assert_stopped "without a filter"
	in_container --cap-add SYS_ADMIN -- hostile uncover /proc/keys
	assert_hit "who owns the mounts cannot take them away"
	row "umount(2) of masks in a nested user namespace" "seccomp; mounts locked by the kernel" "seccomp taken away: still stopped; with CAP_SYS_ADMIN over the mounts it succeeds"
}

@test "masks are taken away" {
	attack "umount(2) of masks" cap:SYS_ADMIN -- hostile uncover /proc/keys
}

@test "a file of the host by its handle (shocker)" {
	echo "of the host" >secret
	local handle
	handle=$("$HOSTILE" handle-of "$PWD/secret")
	require_way handle "$PWD/secret" "$handle"
	touch given
	WITH=(-v "$PWD/given:/given")
	attack "open_by_handle_at(2): a file of the host by its handle (shocker)" cap:DAC_READ_SEARCH userns -- hostile handle /given "$handle"
}

# ---------------------------------------------------------------- keys

@test "keys of the host's root" {
	local name=bivy-attack-$$-$RANDOM
	"$HOSTILE" key-add user "$name" "of the host" >/dev/null || skip "missing: key rings"
	attack "keyctl(2): keys of the host's root" seccomp userns -- hostile key user "$name"
	"$HOSTILE" key-remove user "$name"
}

@test "keys of another container" {
	local name=bivy-attack-$$-$RANDOM
	bivy run -d --name owner --network none --security-opt seccomp=unconfined --userns auto busybox sh -c "hostile key-add user $name other && exec sleep 100" >/dev/null
	wait_for bivy exec owner hostile key user "$name"
	in_container -- hostile key user "$name"
	assert_stopped
	in_container --security-opt seccomp=unconfined -- hostile key user "$name"
	assert_stopped "with ids of its own"
	in_container --userns container:owner -- hostile key user "$name"
	assert_stopped "with a filter"
	in_container --security-opt seccomp=unconfined --userns container:owner -- hostile key user "$name"
	assert_hit
	row "keyctl(2): keys of another container" "seccomp; user namespace" "each of them alone stops it; without both of them it succeeds"
}

@test "the key ring of the session that started the container" {
	local name=bivy-attack-$$-$RANDOM OUT
	session() { run "$HOSTILE" with-session-key "$name" "of the session" "$@" </dev/null; }
	session "$HOSTILE" key session "$name"
	assert_hit
	session "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none busybox hostile key session "$name"
	assert_stopped
	session "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none --userns host --security-opt seccomp=unconfined \
		busybox hostile key session "$name"
	assert_stopped "with a session key ring of its own"
	row "keyctl(2): keys of the session that ran bivy" "seccomp; a session key ring of its own" "seccomp and user namespace taken away: still stopped; a child of that session reads it"
}
