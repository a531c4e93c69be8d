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
	# All that there are here, as they are.
	[ "$(awk '{ print $1, $1, $3 }' <<<"$output")" = "$(awk '{ print $1, $1, $3 }' /proc/self/uid_map)" ]
	[ "$(awk '$1 != $2' <<<"$output")" = "" ]
	run -0 bivy unshare --map-none id -u
	[ "$output" = 65534 ]
	run -125 bivy unshare --map-users 0:1 true
	[[ $output == *"invalid value '0:1' for --map-users: expected INSIDE:OUTSIDE:COUNT"* ]]
	run -125 bivy unshare --map-root --map-none true
}

@test "an ordinary user has what a user namespace gives, and a clear word without" {
	require_root
	require_power "making another user"
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
	# With some: root is the user, others are those ids.
	chmod 755 "$SCRATCH" "$WORK"
	run -0 "$TESTS_DIR/lib/as-user" "$BIVY" unshare --map-auto --mount sh -c 'tr -s " " </proc/self/uid_map; mount -t tmpfs none /mnt; touch /mnt/x; chown 5:6 /mnt/x; stat -c %u:%g /mnt/x'
	[ "${lines[0]}" = " 0 12021 1" ]
	[ "${lines[1]}" = " 1 1879048192 65536" ]
	[ "${lines[2]}" = 5:6 ]
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

# ---- what is kept

# Nothing of it: neither files nor mounts.
nothing_is_kept() { [ ! -e "$SCRATCH/run/pins" ] && ! grep -q "$SCRATCH/run/pins" /proc/self/mountinfo; }

@test "what --keep keeps lasts until it is released, with all that was made in it" {
	require_root
	local pins=$SCRATCH/run/pins
	run -0 bivy unshare --keep lab --net --uts --mount --pid sh -c 'hostname kept; ip link set lo mtu 1400; mount -t tmpfs none /mnt; touch /mnt/file'
	[ "$(ls "$pins/lab" | xargs)" = "mnt net uts" ]
	[ "$(stat -L -f -c %T "$pins"/lab/{mnt,net,uts} | uniq)" = nsfs ]
	run -0 bivy enter ns:lab sh -c 'hostname; cat /sys/class/net/lo/mtu; ls /mnt; pwd'
	[ "$output" = $'kept\n1400\nfile\n/' ] || [ "${lines[0]} ${lines[2]}" = "kept file" ] # /sys may be another namespace's
	run -0 bivy enter --net ns:lab sh -c 'hostname; ip -o link show lo; ls /mnt'
	[ "${lines[0]}" = "$(hostname)" ]
	[[ ${lines[1]} == *"mtu 1400"* && $output != *file* ]]
	run -0 bivy ns --type net --format '{{.Number}} {{.Processes}} {{.Pins}}'
	[[ $output == *"$(stat -Lc %i "$pins/lab/net") 0 $pins/lab/net"* ]]
	run -0 bivy enter "ns:$pins/lab/uts" hostname
	[ "$output" = kept ]
	run -125 bivy unshare --keep lab --net true
	[[ $output == *"namespaces are kept as 'lab' already"*"bivy ns --release lab"* ]]
	run -125 bivy enter --user ns:lab true
	[[ $output == *"'lab' has no user namespace" ]]
	# Another one beside it.
	bivy unshare --keep other --ipc true
	run -0 bivy ns --release lab
	[ "$output" = lab ]
	[ "$(ls "$pins")" = other ]
	bivy ns --release other
	nothing_is_kept
	run -1 bivy ns --release lab
	[[ $output == *"no namespaces are kept as 'lab'"* ]]
	run -125 bivy enter ns:lab true
	[[ $output == *"no namespaces are kept as 'lab'"* ]]
}

@test "what is released is kept neither by mount namespaces that have seen it, nor by another one that is kept" {
	require_root
	bivy unshare --keep lab --net --mount true
	local number
	number=$(stat -Lc %i "$SCRATCH/run/pins/lab/net")
	unshare --mount --propagation slave sleep 1000 3>&- &
	own_pid $!
	wait_for grep -q pins/lab/net "/proc/$!/mountinfo"
	bivy unshare --keep other --mount true
	bivy ns --release lab
	run -0 bivy ns --type net --format '{{.Number}} {{.Pins}}'
	[[ $output != *"$number "* ]]
	bivy ns --release other
	nothing_is_kept
}

@test "root of a user namespace that is kept is who enters it" {
	require_root
	bivy unshare --keep lab --user --map-users 0:100000:10 --net true
	run -0 bivy enter ns:lab sh -c 'id -u; id -g; cat /proc/self/uid_map; ip link set lo mtu 1300'
	[ "$(tr -s ' ' <<<"$output")" = $'0\n0\n 0 100000 10' ]
	run -0 bivy enter --as 5:5 ns:lab id -u
	[ "$output" = 5 ]
	bivy ns --release lab
	bivy unshare --keep lab --map-none true
	run -0 bivy enter ns:lab id -u
	[ "$output" = 65534 ]
	bivy ns --release lab
}

@test "a container shares a network namespace that is kept" {
	engine_needed
	require_power mount
	bivy unshare --keep lab --net ip link set lo mtu 1400
	run -0 bivy run --rm --network "ns:$SCRATCH/run/pins/lab/net" busybox sh -c 'ip link show lo; cat /proc/self/uid_map'
	[[ ${lines[0]} == *"mtu 1400"* ]]
	[[ ${lines[-1]} != *4294967295 ]] # in a user namespace of its own
	bivy ns --release lab
}

@test "what cannot be kept or entered is told, and leaves nothing" {
	require_root
	run -127 bivy unshare --keep lab --net no-such-command
	nothing_is_kept
	run -125 bivy unshare --keep lab --pid true
	[[ $output == *"a pid namespace alone cannot be kept: it ends with its first process" ]]
	run -125 bivy unshare --keep ../lab --net true
	[[ $output == *"'../lab' is no name to keep namespaces by"* ]]
	nothing_is_kept
	touch file
	mkdir directory
	run -125 bivy enter "ns:$PWD/file" true
	[[ $output == *"/file' is no namespace" ]]
	run -125 bivy enter "ns:$PWD/directory" true
	[[ $output == *"no namespace is kept in "* ]]
	run -125 bivy enter ns:/no/such true
	[[ $output == *"cannot open '/no/such'"* ]]
}

# At each call by which something is made or taken away.
@test "--keep and --release killed at any step leave nothing that the next one does not remove" {
	require_root
	local inject=$BIVY_BUILD/tests/inject words hit=0 case
	[ -x "$inject" ] || skip "missing: tests/inject in this build"
	for words in "unshare --keep lab --net --mount true" "ns --release lab"; do
		[[ $words == unshare* ]] || bivy unshare --keep lab --net --mount true
		"$inject" -l calls -- "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" $words
		! [ -e "$SCRATCH/run/pins/lab" ] || bivy ns --release lab
		for case in $(awk '$1 == "0" && $3 ~ /^(mkdirat|mkdir|openat|symlinkat|open_tree|move_mount|mount_setattr|renameat2|umount2|unlinkat|flock|clone3|sendto|recvfrom)$/ { print "0:" $3 ":" $4 ":KILL" }' calls); do
			[[ $words == unshare* ]] || bivy unshare --keep lab --net --mount true
			"$inject" -l calls -c "$case" -- "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" $words || true
			! grep -q '^hit' calls || hit=$((hit + 1))
			bivy unshare --keep next --ipc true
			[ "$(ls -A "$SCRATCH/run/pins" | grep -v '^lab$')" = next ] || fail "$words, $case: $(ls -A "$SCRATCH/run/pins")"
			# Whole, if it is there.
			if [ -e "$SCRATCH/run/pins/lab" ]; then
				[ "$(stat -L -f -c %T "$SCRATCH"/run/pins/lab/{net,mnt} | uniq)" = nsfs ] || fail "$words, $case: half of it is kept"
				bivy ns --release lab
			fi
			bivy ns --release next
			nothing_is_kept || fail "$words, $case: something is left"
		done
	done
	[ $hit -gt 20 ] || fail "only $hit cases"
}

# ---- enter

@test "enter is in the container: its namespaces, root, directory, user and groups" {
	engine_needed
	require_root
	bivy run -d --name web --hostname inside --user 1000:1000 --workdir /usr --pids-limit 40 busybox sleep 1000
	local pid
	pid=$(bivy inspect --format '{{.State.Pid}}' web)
	run -0 bivy enter web sh -c 'hostname; pwd; id -u; id -g; ls /proc/1/exe >/dev/null 2>&1; cat /proc/1/comm; cat /proc/self/cgroup'
	[ "${lines[0]}" = inside ]
	[ "${lines[1]}" = /usr ]
	[ "${lines[2]} ${lines[3]}" = "1000 1000" ]
	[ "${lines[4]}" = sleep ]
	run -0 bivy enter web sh -c 'for n in mnt uts ipc pid net user cgroup; do readlink /proc/self/ns/$n; done'
	for kind in mnt uts ipc pid net user cgroup; do [[ $output == *"$(readlink /proc/$pid/ns/$kind)"* ]] || fail "not in its $kind"; done
	run -0 bivy enter --as root web id -u
	[ "$output" = 0 ]
	run -0 bivy enter --as user web id -u
	[ "$output" = 1000 ]
	# The same process by its number.
	run -0 bivy enter "$pid" hostname
	[ "$output" = inside ]
	run -5 bivy enter web sh -c 'exit 5'
	run -127 bivy enter web no-such-command
}

@test "enter joins the kinds that are named alone, and gives no descriptor of the host away" {
	engine_needed
	require_root
	bivy run -d --name web --hostname inside busybox sleep 1000
	local pid
	pid=$(bivy inspect --format '{{.State.Pid}}' web)
	run -0 bivy enter --uts web sh -c 'hostname; id -u; readlink /proc/self/ns/mnt'
	[ "${lines[0]}" = inside ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = "$(readlink /proc/self/ns/mnt)" ]
	exec 9</
	run -0 bivy enter web sh -c 'ls /proc/self/fd'
	exec 9<&-
	[ "$(echo $output)" = "0 1 2 3" ]
	# It runs in the container's groups: what limits that limits it.
	"$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" enter web sleep 1000 &
	local entered=$!
	own_pid $entered
	wait_for pgrep -P $entered -x sleep
	[ "$(cat "/proc/$(pgrep -P $entered -x sleep)/cgroup")" = "$(cat "/proc/$pid/cgroup")" ]
}

@test "enter tells what is not there, and its executable cannot be written to from inside" {
	engine_needed
	require_root
	run -125 bivy enter nobody true
	[[ $output == *"no such container 'nobody'"* ]]
	run -125 bivy enter 4194303 true
	[[ $output == *"no process 4194303"* ]]
	bivy create --name rest busybox true
	run -125 bivy enter rest true
	[[ $output == *"container 'rest' does not run"* ]]
	# CVE-2019-5736: whoever reaches /proc/PID/exe of what enters finds a mount of that file alone, read-only, or a sealed copy.
	bivy run -d --name web busybox sleep 1000
	"$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" enter web sleep 1000 &
	local entered=$!
	own_pid $entered
	wait_for pgrep -P $entered -x sleep
	"$PYTHON" - "$entered" <<'END'
import fcntl, os, sys
fd = os.open(f"/proc/{sys.argv[1]}/exe", os.O_RDONLY)
try:
    sealed = fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
except OSError:
    sealed = False
assert sealed or os.fstatvfs(fd).f_flag & os.ST_RDONLY
END
}
