# bivy unshare and bivy enter: namespaces without containers, and those of others.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

engine_needed() { [ -e "${SCRATCH:-}/imported" ] || skip "missing: bivy and bivy-transfer in this build, or root"; }

@test "each kind of namespace is new, and no other" {
	require_root
	local kind file
	for kind in mount uts ipc pid net user cgroup time; do
		file=$kind
		[ $kind != mount ] || file=mnt
		run -0 bivy unshare --$kind readlink /proc/self/ns/{mnt,uts,ipc,net,user,cgroup,time,pid}
		# /proc is still the host's, which shows the process's own: of a pid namespace that is new, of others not.
		for other in mnt uts ipc net user cgroup time pid; do
			if [ $other = $file ]; then
				[[ $output != *"$(readlink /proc/self/ns/$other)"* ]] || fail "$kind: $other is not new"
			else
				[[ $output == *"$(readlink /proc/self/ns/$other)"* ]] || fail "$kind: $other is new"
			fi
		done
	done
	run -125 bivy unshare true
	[[ $output == *"no namespace is asked for"*--all* ]]
}

@test "--all is a world of its own: first process, /proc, loopback, root; and the status comes back" {
	require_root
	run -7 bivy unshare --all sh -c 'echo "$$ $(ls -d /proc/[0-9]* | wc -l) $(cat /proc/1/comm) $(id -u)"; exit 7'
	[[ ${lines[0]} =~ ^1\ [2-5]\ sh\ 0$ ]]
	run -0 bivy unshare --net sh -c 'ping -c 1 -W 2 127.0.0.1 || busybox ping -c 1 -W 2 127.0.0.1'
	run -0 bivy unshare --all --hostname lab hostname
	[ "$output" = lab ]
	[ "$(hostname)" != lab ]
	run -0 bivy unshare --boottime 1000000 cat /proc/uptime
	[ "${output%%.*}" -gt 1000000 ]
	run -143 bivy unshare --uts sh -c 'kill -TERM $$'
	run -127 bivy unshare --pid no-such-command
	run -126 bivy unshare --uts /etc/passwd
}

@test "mounts stay inside unless propagation is asked for" {
	require_root
	mkdir here
	mount -t tmpfs none here
	mount --make-shared here
	mkdir here/m
	bivy unshare --mount mount -t tmpfs none here/m
	run ! mountpoint -q here/m
	bivy unshare --mount --propagation unchanged mount -t tmpfs none here/m
	mountpoint -q here/m
	umount here/m
	bivy unshare --mount --propagation slave mount -t tmpfs none here/m
	run ! mountpoint -q here/m
	umount here
	run -125 bivy unshare --mount --propagation both true
	[[ $output == *"expected private, slave, shared or unchanged"* ]]
}

@test "who is who in a user namespace is what was asked for" {
	require_root
	run -0 bivy unshare --map-users 0:100000:10 --map-groups 0:200000:5 sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map'
	[ "$(tr -s ' ' <<<"$output")" = $'0\n 0 100000 10\n 0 200000 5' ]
	run -0 bivy unshare --user sh -c 'cat /proc/self/uid_map'
	[ "$(tr -s ' ' <<<"$output")" = " 0 0 4294967295" ]
	run -0 bivy unshare --map-none id -u
	[ "$output" = 65534 ]
	run -125 bivy unshare --map-users 0:1 true
	[[ $output == *"invalid value '0:1' for --map-users: expected INSIDE:OUTSIDE:COUNT"* ]]
	run -125 bivy unshare --map-root --map-none true
}

@test "an ordinary user has what a user namespace gives, and a clear word without" {
	require_root
	require_program setpriv
	as() { setpriv --reuid 12345 --regid 12345 --clear-groups "$BIVY" "$@"; }
	run -125 as unshare --net true
	[[ $output == *"cannot make namespaces: unshare(CLONE_NEWNET): operation not permitted"*"--user"* ]]
	run -0 as unshare --all sh -c 'id -u; ls -d /proc/[0-9]* | wc -l; mount -t tmpfs none /mnt; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[ "$(tr -s ' ' <<<"${lines[2]}")" = " 0 12345 1" ]
	run -0 as unshare --map-current id -u
	[ "$output" = 12345 ]
	run -125 as unshare --map-auto true
	[[ $output == *"no subordinate ids are granted to this user in /etc/subuid"* ]]
}

@test "the first process of a namespace ends by what is sent to bivy, and with bivy" {
	require_root
	for signal in TERM INT; do
		"$BIVY" unshare --pid --uts sleep 1000 &
		local pid=$!
		own_pid $pid
		wait_for pgrep -P $pid -x sleep
		env kill -s $signal $pid
		local status=0
		wait $pid || status=$?
		[ $status -eq 137 ]
	done
	"$BIVY" unshare --pid sleep 1001 &
	local pid=$! child
	wait_for pgrep -P $pid -x sleep
	child=$(pgrep -P $pid -x sleep)
	kill -9 $pid
	wait_for gone "$child"
}

@test "--explain tells each step in the kernel's words" {
	require_root
	run -0 bivy unshare --explain --hostname lab --mount-proc true
	[[ $output == *"unshare(CLONE_NEWUTS|CLONE_NEWPID|CLONE_NEWNS)"*'MS_REC|MS_PRIVATE'*'mount("proc", "/proc"'*'sethostname("lab")'*'execve("true")'* ]]
}
