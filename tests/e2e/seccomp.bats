# Seccomp: every action, operator, architecture and flag, system calls newer than the profile, the listener, Docker's
# default profile, and that the filter holds for an exec too.

load ../lib/common
load ../lib/programs

setup_file() {
	common_setup_file
	install_program probe
}

setup() {
	common_setup
	require_root
	grep -q ^Seccomp: /proc/self/status || skip "missing: seccomp"
}

# profile DEFAULT-ACTION [RULE…]: sets linux.seccomp; each RULE is a JSON object of `syscalls`.
profile() {
	config '.linux.seccomp = {defaultAction: $d, syscalls: [$ARGS.positional[] | fromjson]}' --arg d "$1" --args "${@:2}"
}

# on NAME ACTION [MEMBERS]: prints a rule: on getppid SCMP_ACT_ERRNO '"errnoRet": 13'
on() { printf '{"names": ["%s"], "action": "%s"%s}' "$1" "$2" "${3:+, $3}"; }

# argument INDEX OPERATOR VALUE [VALUE-TWO]: prints the member `args` of a rule.
argument() {
	printf '"args": [{"index": %s, "op": "SCMP_CMP_%s", "value": %s%s}]' "$1" "$2" "$3" "${4:+, \"valueTwo\": $4}"
}

# probe VERB ARGUMENT…: runs the container with the test program.
probe() {
	config_args probe "$@"
	run_ct
}

# probes SCRIPT: several calls in one container; each line of SCRIPT is the arguments of one.
probes() {
	config_sh 'echo "$1" | while read -r line; do probe $line; done' "$1"
	run_ct
}

denied="errno=1 EPERM"

# ---------------------------------------------------------------- actions

@test "no profile, no filter" {
	config '.process.noNewPrivileges = false'
	probe mode
	assert_ok
	assert_output "seccomp=0 filters=0 nnp=0"
}

@test "allow: the filter is there and in no way" {
	profile SCMP_ACT_ALLOW
	probes $'mode\ncall getppid'
	assert_ok
	assert_has seccomp=2 filters=1 ret=
}

@test "errno: EPERM when nothing else is said, errnoRet otherwise" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)" "$(on getsid SCMP_ACT_ERRNO '"errnoRet": 13')" \
		"$(on setpriority SCMP_ACT_ERRNO '"errnoRet": 95')"
	probes $'call getppid\ncall getsid\ncall setpriority\ncall getpid'
	assert_ok
	assert_equal "$denied" "${lines[0]}"
	assert_equal "errno=13 EACCES" "${lines[1]}"
	assert_equal errno=95 "${lines[2]}"
	[[ ${lines[3]} == ret=* ]]
}

@test "kill and kill thread: the calling thread ends, the others live on" {
	local action
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_THREAD; do
		profile SCMP_ACT_ALLOW "$(on getppid $action)"
		probe thread getppid
		assert_ok
		assert_output "main survives, thread gone"
		probe call getppid
		assert_fails 159
	done
}

@test "kill process: all threads end" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_KILL_PROCESS)"
	probe thread getppid
	assert_fails 159
	assert_lacks survives
}

@test "trap: SIGSYS with the number of the call, deadly without a handler" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_TRAP)"
	probe trap getppid
	assert_ok
	assert_has "sigsys nr="
	probe call getppid
	assert_fails 159
}

@test "log: the call goes on" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_LOG)"
	probe call getppid
	assert_ok
	assert_has ret=
}

@test "trace: a tracer is told, without one the call does not exist" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_TRACE '"errnoRet": 77')"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
	probe traced getppid
	assert_ok
	assert_equal "event data=77" "${lines[0]}"
	[[ ${lines[1]} == ret=* ]]
	probe call getppid
	assert_ok
	assert_output "errno=38 ENOSYS"
}

@test "default actions: log lets everything through, errno nothing but the listed" {
	profile SCMP_ACT_LOG
	probe call getppid
	assert_ok
	assert_has ret=

	docker_profile
	config '.linux.seccomp.defaultErrnoRet = 13'
	probe call kcmp
	assert_ok
	assert_output "errno=13 EACCES"
}

@test "default action kill: what is not listed is deadly" {
	docker_profile
	config '.linux.seccomp |= (del(.defaultErrnoRet) | .defaultAction = "SCMP_ACT_KILL_PROCESS")'
	probe call kcmp
	assert_fails 159
	probe call getppid
	assert_ok
}

# ---------------------------------------------------------------- arguments

# pattern OPERATOR VALUE [VALUE-TWO] -- ARGUMENT…: prints for each first argument whether the rule met it (x) or not (.).
pattern() {
	local rule=()
	while [ "$1" != -- ]; do rule+=("$1"); shift; done
	shift
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "$(argument 0 "${rule[@]}")")"
	probes "$(printf 'call getppid %s\n' "$@")"
	assert_ok
	output=$(sed 's/^errno.*/x/; s/^ret.*/./' <<<"$output" | tr -d '\n')
}

@test "operator NE" {
	pattern NE 100 -- 99 100 101 0x100000064
	assert_output x.xx
}

@test "operator LT" {
	pattern LT 100 -- 0 99 100 101 0x100000000 0xffffffffffffffff
	assert_output xx....
}

@test "operator LE" {
	pattern LE 100 -- 0 99 100 101 0x100000000
	assert_output xxx..
}

@test "operator EQ" {
	pattern EQ 100 -- 99 100 101 0x100000064
	assert_output .x..
}

@test "operator GE" {
	pattern GE 100 -- 99 100 101 0x100000000 0xffffffffffffffff
	assert_output .xxxx
}

@test "operator GT" {
	pattern GT 100 -- 99 100 101 0x100000000
	assert_output ..xx
}

@test "operator MASKED_EQ" {
	pattern MASKED_EQ 240 80 -- 0x50 0x5f 0x150 0x40 0x51 0xf0
	assert_output xxx.x.
}

@test "operators compare all 64 bits, unsigned" {
	pattern EQ 4294967301 -- 5 0x100000005 0x200000005
	assert_output .x.
	pattern LT 8589934592 -- 0x1ffffffff 0x200000000 0x200000001 0x100000000 1
	assert_output x..xx
	pattern LE 8589934597 -- 0x200000005 0x200000006 0x1ffffffff 0x300000000
	assert_output x.x.
	pattern GT 8589934592 -- 0x1ffffffff 0x200000000 0x200000001 0x300000000
	assert_output ..xx
	pattern MASKED_EQ 1095216660480 4294967296 -- 0x100000000 0x1000000ff 0x200000000 0x1
	assert_output xx..
}

@test "the largest values of 64 bits" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "$(argument 0 EQ 7000000001)")"
	# jq cannot hold such a number.
	sed -i 's/7000000001/18446744073709551615/' "$BUNDLE/config.json"
	config_args_by_hand=$(sed 's/"args":\["true"\]/"args":["sh","-c","probe call getppid 0xffffffffffffffff; probe call getppid 0xfffffffffffffffe"]/' \
		"$BUNDLE/config.json")
	printf '%s\n' "$config_args_by_hand" >"$BUNDLE/config.json"
	run_ct
	assert_ok
	assert_equal "$denied" "${lines[0]}"
	[[ ${lines[1]} == ret=* ]] || fail "$output"
}

@test "each of the six arguments" {
	local index words
	for index in 0 1 2 3 4 5; do
		profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "$(argument $index EQ 9)")"
		words=$(for i in 0 1 2 3 4 5; do [ $i -eq $index ] && echo 9 || echo 0; done | tr '\n' ' ')
		probes "$(printf 'call getppid %s\ncall getppid 0 0 0 0 0 0' "$words")"
		assert_ok
		assert_equal "$denied" "${lines[0]}" "argument $index"
		[[ ${lines[1]} == ret=* ]] || fail "argument $index: $output"
	done
}

@test "several arguments of a rule must all hold, one of several rules is enough" {
	profile SCMP_ACT_ALLOW \
		"$(on getppid SCMP_ACT_ERRNO '"args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1}, {"index": 1, "op": "SCMP_CMP_GT", "value": 5}]')" \
		"$(on getsid SCMP_ACT_ERRNO "$(argument 1 EQ 1)")" "$(on getsid SCMP_ACT_ERRNO "$(argument 1 EQ 3)")"
	probes $'call getppid 1 6\ncall getppid 1 5\ncall getppid 2 6\ncall getsid 0 1\ncall getsid 0 2\ncall getsid 0 3'
	assert_ok
	assert_equal x..x.x "$(sed 's/^errno.*/x/; s/^ret.*/./' <<<"$output" | tr -d '\n')"
}

@test "different actions for different arguments of one call" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "\"errnoRet\": 13, $(argument 0 EQ 1)")" \
		"$(on getppid SCMP_ACT_ERRNO "\"errnoRet\": 38, $(argument 0 EQ 2)")"
	probes $'call getppid 1\ncall getppid 2\ncall getppid 3'
	assert_ok
	assert_equal "errno=13 EACCES" "${lines[0]}"
	assert_equal "errno=38 ENOSYS" "${lines[1]}"
	[[ ${lines[2]} == ret=* ]]
}

@test "a rule for many calls" {
	profile SCMP_ACT_ALLOW '{"names": ["getppid", "getsid", "sync", "kcmp"], "action": "SCMP_ACT_ERRNO"}'
	probes $'call getppid\ncall getsid\ncall sync\ncall kcmp\ncall getpid'
	assert_ok
	assert_equal 4 "$(grep -c "^$denied" <<<"$output")"
}

# ---------------------------------------------------------------- what the profile does not know

@test "names that no architecture has are passed over" {
	profile SCMP_ACT_ALLOW '{"names": ["no_such_call", "getppid"], "action": "SCMP_ACT_ERRNO"}'
	probe call getppid
	assert_ok
	assert_has "$denied"
}

@test "a call newer than the profile does not exist; an older one that is not listed is denied" {
	docker_profile
	# Without what came with Linux 5.1 and later, which has the numbers from 424 on.
	config '.linux.seccomp.syscalls |= map(.names -= ["pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "pidfd_open", "clone3", "close_range", "openat2",
		"pidfd_getfd", "faccessat2", "process_madvise", "epoll_pwait2", "mount_setattr", "quotactl_fd", "landlock_create_ruleset",
		"landlock_add_rule", "landlock_restrict_self", "memfd_secret", "process_mrelease", "futex_waitv",
		"set_mempolicy_home_node", "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue",
		"statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat",
		"getxattrat", "listxattrat", "removexattrat", "open_tree_attr", "file_getattr", "file_setattr", "listns", "rseq_slice_yield",
		"uretprobe", "uprobe"])
		| .linux.seccomp.syscalls |= map(select(.names != []))'
	probes $'call 1000\ncall 435\ncall 424\ncall kcmp\ncall getpid'
	assert_ok
	assert_equal "errno=38 ENOSYS" "${lines[0]}"
	assert_equal "errno=38 ENOSYS" "${lines[1]}"
	assert_equal "errno=38 ENOSYS" "${lines[2]}"
	assert_equal "$denied" "${lines[3]}"
	[[ ${lines[4]} == ret=* ]]
}

@test "without a profile that denies by default nothing is answered in its place" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	probe call 1000
	assert_ok
	assert_output "errno=38 ENOSYS"
}

# ---------------------------------------------------------------- architectures and flags

@test "every architecture of the specification is accepted" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	config '.linux.seccomp.architectures = (["X86_64", "X86", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL",
		"MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64"] | map("SCMP_ARCH_" + .))'
	# The reference cannot mix the two byte orders.
	! is_reference || config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]'
	probe call getppid
	assert_ok
	assert_output "$denied"
}

@test "the architecture of the machine is filtered even when it is not listed" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	config 'del(.linux.seccomp.architectures)'
	probe call getppid
	assert_ok
	assert_output "$denied"
}

# require_int80: the machine runs i386's system calls.
require_int80() {
	[ "$(uname -m)" = x86_64 ] || skip "missing: x86-64"
	("$(test_program probe)" int80 20) >/dev/null 2>&1 || skip "missing: i386 system calls"
}

@test "i386's calls, listed: filtered by name as the others" {
	require_int80
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)" "$(on getpid SCMP_ACT_ERRNO '"errnoRet": 13')"
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]'
	probes $'int80 64\nint80 20\nint80 199'
	assert_ok
	assert_equal "$denied" "${lines[0]}"
	assert_equal "errno=13 EACCES" "${lines[1]}"
	[[ ${lines[2]} == ret=* ]]
}

@test "i386's calls, not listed: no way around the filter" {
	require_int80
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64"]'
	probe int80 64
	assert_fails
	assert_lacks ret=
}

@test "every flag of the specification" {
	only_ours "flags"
	local flags='["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]'
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	config '.linux.seccomp.flags = $f' --argjson f "$flags"
	probe call getppid
	assert_ok
	assert_output "$denied"
	config '.linux.seccomp.flags = []'
	probe call getppid
	assert_ok
	assert_output "$denied"
}

# ---------------------------------------------------------------- with other parts of a container

@test "without no_new_privs, and as a user without capabilities" {
	profile SCMP_ACT_ALLOW "$(on getsid SCMP_ACT_ERRNO)"
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}
		| .process.capabilities |= map_values([])'
	probes $'mode\ncall getsid'
	assert_ok
	assert_output "seccomp=2 filters=1 nnp=0
$denied"
}

@test "with no_new_privs the filter may deny what only the set-up needs" {
	profile SCMP_ACT_ALLOW '{"names": ["setgroups", "setgid", "setuid", "setresuid", "setresgid", "capset", "chdir", "mount",
		"pivot_root", "umount2", "sethostname", "unshare", "setns", "prctl"], "action": "SCMP_ACT_ERRNO"}'
	# prctl is what the reference calls after its filter is loaded.
	! is_reference || config '.linux.seccomp.syscalls[0].names -= ["prctl", "capset", "setgroups", "setgid", "setuid", "chdir"]'
	config '.process.user = {uid: 1000, gid: 1000}'
	probes $'mode\ncall mount'
	assert_ok
	assert_output "seccomp=2 filters=1 nnp=1
$denied"
}

@test "an exec is filtered, as root and as a user" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	sleeper
	run in_ct probe call getppid
	assert_ok
	assert_output "$denied"
	run rt exec --user 1000:1000 "$ID" sh -c 'probe mode; probe call getppid' </dev/null
	assert_ok
	assert_has "seccomp=2 filters=1" "$denied"
}

@test "the filter in a user namespace" {
	require_userns
	config '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO)"
	probe call getppid
	assert_ok
	assert_output "$denied"
}

# ---------------------------------------------------------------- the listener

# listen ANSWER N: starts the program that a listener's descriptor is sent to.
listen() {
	local agent
	agent=$(test_program notify-agent) || skip "missing: a C compiler"
	"$agent" "$WORK/listener" "$WORK/state.json" "$1" "$2" >"$WORK/agent" 2>&1 3>&- &
	AGENT=$!
	own_pid $AGENT
	wait_for grep -q ready "$WORK/agent"
	config '.linux.seccomp.listenerPath = $p' --arg p "$WORK/listener"
}

@test "notify: the listener answers with an error" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_NOTIFY)"
	listen errno 13
	probes $'call getppid\ncall getpid'
	assert_ok
	assert_equal "errno=13 EACCES" "${lines[0]}"
	[[ ${lines[1]} == ret=* ]]
	wait_for gone "$AGENT"
	grep -q ^nr= "$WORK/agent"
}

@test "notify: the listener answers with a value, or lets the call go on" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_NOTIFY)"
	listen value 4711
	probe call getppid
	assert_ok
	assert_output ret=4711
	wait_for gone "$AGENT"
	rm "$WORK/listener"
	listen continue 0
	probe call getppid
	assert_ok
	assert_has ret=
	assert_lacks 4711
}

@test "notify: the listener is told whose filter it is" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_NOTIFY)"
	config '.annotations = {"a.key": "value"}'
	listen value 1
	config '.linux.seccomp.listenerMetadata = "for the listener"'
	sleeper
	wait_for test -s "$WORK/state.json"
	run jq -r '.ociVersion, .fds[0], (.fds | length), .metadata, .state.id, .state.bundle, .state.annotations["a.key"]' "$WORK/state.json"
	assert_ok
	[[ ${lines[0]} =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || fail "$output"
	assert_equal seccompFd "${lines[1]}"
	assert_equal 1 "${lines[2]}"
	assert_equal "for the listener" "${lines[3]}"
	assert_equal "$ID" "${lines[4]}"
	assert_equal "$BUNDLE" "${lines[5]}"
	assert_equal value "${lines[6]}"
	assert_equal "$(ct_pid)" "$(jq .pid "$WORK/state.json")"
	assert_equal "$(ct_pid)" "$(jq .state.pid "$WORK/state.json")"
}

@test "notify: an exec sends a descriptor of its own" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_NOTIFY)"
	listen value 1
	sleeper
	# The first listener took one connection; the exec's goes to the second.
	rm "$WORK/listener"
	listen value 4712
	run in_ct probe call getppid
	assert_ok
	assert_output ret=4712
	assert_equal "$ID" "$(jq -r .state.id "$WORK/state.json")"
	[ "$(jq .pid "$WORK/state.json")" != "$(ct_pid)" ]
}

@test "notify without a listener, and a listener that is not there, are refused" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_NOTIFY)"
	run_ct
	assert_fails
	is_reference || assert_refused listenerPath
	config '.linux.seccomp.listenerPath = $p' --arg p "$WORK/nowhere"
	run_ct
	assert_fails
	is_reference || assert_refused "$WORK/nowhere"
	assert_nothing_left
}

@test "notify as the default action is refused" {
	profile SCMP_ACT_NOTIFY
	config '.linux.seccomp.listenerPath = $p' --arg p "$WORK/nowhere"
	run_ct
	assert_fails
	is_reference || assert_refused SCMP_ACT_NOTIFY
}

# ---------------------------------------------------------------- Docker's profile

# docker_profile: Docker's default profile, resolved for this machine and Docker's capabilities.
docker_profile() {
	local arch
	case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) skip "missing: Docker's profile for $(uname -m)" ;; esac
	config '.linux.seccomp = $p[0]' --slurpfile p "$TESTS_DIR/data/seccomp/docker-default-$arch.json"
}

@test "Docker's default profile: everyday programs run" {
	docker_profile
	config_sh 'echo one | tr a-z A-Z | sort; mkdir /dev/shm/d && ls -d /dev/shm/d; sleep 0.01; date >/dev/null; ps >/dev/null; sh -c "exit 3" & wait $!; echo $?'
	run_ct
	assert_ok
	assert_output $'ONE\n/dev/shm/d\n3'
}

@test "Docker's default profile: what it denies" {
	docker_profile
	probes $'call mount\ncall unshare 0x10000000\ncall keyctl 0\ncall kcmp\ncall userfaultfd 0\ncall sethostname 0 0'
	assert_ok
	assert_equal 6 "$(grep -c "^$denied" <<<"$output")" "denied calls"
}

@test "Docker's default profile: what it decides by arguments" {
	docker_profile
	[ "$(uname -m)" = x86_64 ] || skip "missing: x86-64"
	# personality: reading it and four values; socket: AF_ALG and AF_VSOCK are denied; clone: no new namespaces.
	probes $'call personality 0xffffffff\ncall personality 0x400000\ncall personality 0\ncall personality 0x20008
		call socket 38 5 0\ncall socket 40 1 0\ncall socket 1 1 0\ncall 56 0x10000000 0 0 0 0'
	assert_ok
	assert_equal .x..xx.x "$(sed "s/^$denied/x/; s/^ret.*/./" <<<"$output" | tr -d '\n')"
}

@test "Docker's default profile: clone3 and what is newer than the profile do not exist" {
	docker_profile
	[ "$(uname -m)" = x86_64 ] || skip "missing: x86-64"
	probes $'call 435 0 0\ncall 1000\ncall 0x7fffffff'
	assert_ok
	assert_output $'errno=38 ENOSYS\nerrno=38 ENOSYS\nerrno=38 ENOSYS'
}

# ---------------------------------------------------------------- refused

# refused_profile PLACE…: the container is refused with these words.
refused_profile() {
	run_ct
	assert_fails
	is_reference || assert_refused "$@"
}

@test "unknown actions, operators, architectures and flags are refused with their place" {
	profile SCMP_ACT_SMILE
	refused_profile linux.seccomp.defaultAction SCMP_ACT_SMILE
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_SMILE)"
	refused_profile 'linux.seccomp.syscalls[0].action' SCMP_ACT_SMILE
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "$(argument 0 ABOUT 5)")"
	refused_profile 'linux.seccomp.syscalls[0].args[0].op' SCMP_CMP_ABOUT
	profile SCMP_ACT_ALLOW
	config '.linux.seccomp.architectures = ["SCMP_ARCH_PDP11"]'
	refused_profile 'linux.seccomp.architectures[0]' SCMP_ARCH_PDP11
	profile SCMP_ACT_ALLOW
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_SMILE"]'
	refused_profile 'linux.seccomp.flags[0]' SECCOMP_FILTER_FLAG_SMILE
}

@test "an argument beyond the sixth is refused" {
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ERRNO "$(argument 6 EQ 5)")"
	refused_profile 'linux.seccomp.syscalls[0].args[0].index'
}

@test "errnoRet for an action that has none is refused" {
	only_ours "errnoRet checked"
	profile SCMP_ACT_ALLOW "$(on getppid SCMP_ACT_ALLOW '"errnoRet": 5')"
	refused_profile errnoRet
}

@test "a rule without names or without an action is refused with its place" {
	only_ours "rules checked"
	profile SCMP_ACT_ALLOW '{"action": "SCMP_ACT_ERRNO"}'
	refused_profile 'linux.seccomp.syscalls[0].names'
	profile SCMP_ACT_ALLOW '{"names": ["getppid"]}'
	refused_profile 'linux.seccomp.syscalls[0].action'
}
