# bivy seccomp trace: which system calls a command makes.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

@test "calls of all processes are counted, the output is the command's, the status too" {
	[ -x "${BIVY:-}" ] || skip "missing: bivy in this build"
	run -7 --separate-stderr bivy seccomp trace --format json sh -c 'echo out; (kill -CONT $$); (kill -CONT $$); exit 7'
	[ "$output" = out ]
	jq -e '.total > 20 and (.calls | any(.name == "kill" and .count == 2) and any(.name == "execve" and .count == 1)) and
		.total == (.calls | map(.count) | add)' <<<"$stderr"
	run -0 --separate-stderr bivy seccomp trace true
	[[ ${stderr_lines[0]} == *CALLS*SHARE*NAME ]] && [[ ${stderr_lines[-1]} == *"100.0%"*"different ones" ]]
	run -143 bivy seccomp trace --quiet sh -c 'kill -TERM $$'
	[ -z "$output" ]
	run -127 bivy seccomp trace no-such-command
	run -126 bivy seccomp trace /etc/passwd
	run -125 bivy seccomp trace --format xml true
	[[ $output == *"expected table or json"* ]]
}

@test "an ordinary user traces, too, and what is sent to bivy reaches the command" {
	require_root
	require_program setpriv
	run -0 --separate-stderr setpriv --reuid 12345 --regid 12345 --clear-groups --bounding-set -all --inh-caps -all "$BIVY" seccomp trace id -u
	[ "$output" = 12345 ]
	[[ $stderr == *execve* ]]
	"$BIVY" seccomp trace --quiet sleep 1000 &
	local pid=$! status=0
	own_pid $pid
	wait_for pgrep -P $pid -x sleep
	kill -TERM $pid
	wait $pid || status=$?
	[ $status -eq 143 ]
}

@test "the filter that is written lets these calls through and no others" {
	[ -e "${SCRATCH:-}/imported" ] || skip "missing: bivy and bivy-transfer in this build, or root"
	run -0 bivy seccomp trace --quiet --output filter.json "$BASE_ROOTFS/bin/busybox" echo hello
	[ "$output" = hello ]
	jq -e '.defaultAction == "SCMP_ACT_ERRNO" and (.syscalls[0].names | index("write") and (index("mkdir") | not))' filter.json
	run -0 bivy run --rm --security-opt seccomp=filter.json busybox busybox echo hello
	[ "$output" = hello ]
	run ! bivy run --rm --security-opt seccomp=filter.json busybox busybox mkdir /new
	[[ $output == *"peration not permitted"* ]]
	run -125 bivy seccomp trace -o /no/such/file true
}
