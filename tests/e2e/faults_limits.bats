#!/usr/bin/env bats
# Limits that are reached outside of containers: no more processes for a command, or for a supervisor; no memory for either.
# One line says so, nothing is left, what runs goes on, or is told of as lost.
load ../lib/common
load ../lib/engine
load ../lib/faults

# A group of the test's in the controller's hierarchy (v1), or in cgroup2: a user's is beside that of the session, in what was delegated to him.
group_in() {
	local mount
	require_controller "$1"
	mount=$(cgroup_mount "$1")
	! is_user || mount+=$(awk -F : -v c="$1" '("," $2 ",") ~ ("," c ",") || $2 == "" { sub("/[^/]*$", "", $3); print $3; exit }' /proc/self/cgroup)
	cgroup_is_v1 "$1" || grep -qw "$1" "$mount/cgroup.subtree_control" || echo "+$1" >"$mount/cgroup.subtree_control" || skip "missing: groups with the controller $1"
	GROUP=$mount/bivy-faults-$$-$BATS_TEST_NUMBER
	mkdir "$GROUP"
}
teardown() {
	engine_teardown
	[ -z "${GROUP:-}" ] || for try in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "$GROUP" 2>/dev/null && break
		sleep 0.2
	done
}

# within ARGUMENT…: bivy in the group.
within() { (echo $BASHPID >"$GROUP/cgroup.procs" && exec timeout -k 1 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" "$@") 3>&-; }

@test "a full table of processes: fork fails at each place of each command" {
	group_in pids
	mkdir context
	printf 'FROM busybox\nCOPY Dockerfile /x\nRUN true\n' >context/Dockerfile
	bivy run -d --name live busybox sleep 1000 >/dev/null
	bivy create --name idle busybox true >/dev/null
	for max in 2 3 4 6 8; do
		echo $max >"$GROUP/pids.max"
		for line in "run --rm busybox true" "run -d --rm busybox true" "run --rm --init --health-cmd true busybox true" "start -a idle" "exec live true" \
			"build -q --no-cache context" "cp live:/etc/passwd passwd" "commit live committed" "save -o saved busybox"; do
			status=0
			within $line >out 2>&1 </dev/null || status=$?
			[ "$status" -lt 126 ] || { echo "$max: $line: status $status: $(<out)"; return 1; }
			[ "$status" -eq 0 ] || [ "$(grep -c '^bivy: ' out)" -eq 1 ] || { echo "$max: $line: $(<out)"; return 1; }
			[ "$status" -eq 0 ] || grep -Eq 'temporarily unavailable|the supervisor of the container has ended' out || { echo "$max: $line: $(<out)"; return 1; }
			rm -f saved passwd
		done
		[ "$(bivy ps --format '{{.Names}}' | sed '/^live$/d')" = "" ] || wait_for sh -c "! grep . '$GROUP/cgroup.procs'"
		whole || { echo "with $max"; return 1; }
	done
	[ "$(bivy ps -a --format '{{.Names}}' | sort | paste -sd' ')" = "idle live" ]
	bivy rmi -f committed >/dev/null 2>&1 || :
}

@test "a supervisor that may not fork: exec says so, the container goes on, and its end is told" {
	group_in pids
	bivy run -d --name live --health-cmd true --health-interval 50ms --restart on-failure:1 busybox sleep 1000 >/dev/null
	supervisor=$(bivy inspect -f '{{.State.SupervisorPid}}' live)
	echo $supervisor >"$GROUP/cgroup.procs"
	echo 1 >"$GROUP/pids.max"
	told 1 exec live true || [ "$status" -eq 125 ] || return 1
	[[ $output == *"resource temporarily unavailable"* ]]
	sleep 0.2
	[ "$(state_of live)" = running ]
	echo max >"$GROUP/pids.max"
	told 0 exec live true
	told 0 stop -t 0 live
	[[ $(bivy ps -a --format '{{.Status}}') == "Exited (137)"* ]]
	told 0 rm live
	whole
}

@test "a supervisor without memory: whoever waits is told, the record says so, and start works" {
	for name in attached detached; do
		bivy run --name $name busybox sleep 1000 >client.$name 2>&1 &
		clients+=($!)
		own_pid $!
	done
	wait_for sh -c "[ \$('$BIVY' --root '$SCRATCH/root' --run-root '$SCRATCH/run' ps -q | wc -l) -eq 2 ]"
	# One cannot have any more, the other is killed, as for want of memory.
	prlimit --pid "$(bivy inspect -f '{{.State.SupervisorPid}}' attached)" --as=$((1 << 20))
	kill -9 "$(bivy inspect -f '{{.State.SupervisorPid}}' detached)"
	# What it has is enough to say that a process has none, and the container goes on; for a long request it has none itself.
	told 125 exec attached true
	[ "$output" = "bivy: the process ended before it could execute its program" ]
	[ "$(state_of attached)" = running ]
	told 1 exec --env "A=$(printf %50000s)" --env "B=$(printf %50000s)" attached true
	[[ $output == "bivy: cannot execute in the container 'attached': the supervisor of the container has ended" ]]
	for client in "${clients[@]}"; do
		status=0
		timeout "$(slow 10)" tail --pid=$client -f /dev/null
		wait $client || status=$?
		[ "$status" -eq 125 ]
	done
	[ "$(cat client.*)" = $'bivy: the supervisor of the container has ended before it\nbivy: the supervisor of the container has ended before it' ]
	for name in attached detached; do
		[ "$(bivy inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' $name)" = "exited 255 it was lost together with its supervisor" ]
		told 0 start $name
		[ "$(state_of $name)" = running ]
	done
	bivy rm -f attached detached >/dev/null
	whole
}

@test "commands without memory end with one line, and leave nothing" {
	bivy run -d --name live busybox sleep 1000 >/dev/null
	for kib in 1500 1700 1900 2100 2300 2500; do
		for line in "ps -a" "create --rm busybox" "exec live true" "inspect live" "images" "volume create more"; do
			status=0
			(ulimit -v $kib && exec "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" $line) >out 2>&1 </dev/null 3>&- || status=$?
			[ "$status" -eq 0 ] || [ "$(grep -c . out)" -le 1 ] || { echo "$kib: $line: $status $(<out)"; return 1; }
		done
	done
	[ "$(state_of live)" = running ]
	bivy volume rm -f more >/dev/null
	bivy rm -f $(bivy ps -aq) >/dev/null
	bivy system check --repair >/dev/null
	whole
}
