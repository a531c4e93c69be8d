# A running container's limits changed, its usage and events read, and the container paused and resumed.

load ../lib/common
load ../lib/cgroups

MB=$((1024 * 1024))

setup() {
	common_setup
	require_root
}

# update FLAG…: changes the container and fails the test when that fails.
update() {
	run rt update "$@" "$ID"
	assert_ok
	assert_output ""
}

# ---------------------------------------------------------------- update

@test "update --memory, up and down" {
	require_controller memory
	limits '{"memory": {"limit": 67108864}}'
	sleeper
	update --memory $((128 * MB))
	expect_limit memory memory.limit_in_bytes $((128 * MB)) memory.max $((128 * MB))
	update --memory 32M
	expect_limit memory memory.limit_in_bytes $((32 * MB)) memory.max $((32 * MB))
}

@test "update --memory -1 takes the limit away" {
	require_controller memory
	limits '{"memory": {"limit": 67108864}}'
	sleeper
	update --memory -1
	expect_limit memory memory.limit_in_bytes 9223372036854771712 memory.max max
}

@test "update --memory with --memory-swap, both up and both down" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 67108864, "swap": 67108864}}'
	sleeper
	# Up and down need the two files in different order in v1.
	update --memory $((128 * MB)) --memory-swap $((256 * MB))
	expect_limit memory memory.limit_in_bytes $((128 * MB)) memory.max $((128 * MB))
	expect_limit memory memory.memsw.limit_in_bytes $((256 * MB)) memory.swap.max $((128 * MB))
	update --memory $((32 * MB)) --memory-swap $((48 * MB))
	expect_limit memory memory.limit_in_bytes $((32 * MB)) memory.max $((32 * MB))
	expect_limit memory memory.memsw.limit_in_bytes $((48 * MB)) memory.swap.max $((16 * MB))
}

@test "update --memory-reservation" {
	require_controller memory
	limits '{"memory": {"limit": 67108864}}'
	sleeper
	update --memory-reservation $((16 * MB))
	expect_limit memory memory.soft_limit_in_bytes $((16 * MB)) memory.low $((16 * MB))
	expect_limit memory memory.limit_in_bytes $((64 * MB)) memory.max $((64 * MB))
}

@test "update --cpu-share" {
	require_controller cpu
	sleeper
	update --cpu-share 512
	local weight=59
	if is_reference; then weight=20; fi
	expect_limit cpu cpu.shares 512 cpu.weight $weight
}

@test "update --cpu-quota and --cpu-period, together and one after the other" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	sleeper
	update --cpu-quota 40000 --cpu-period 80000
	expect_limit cpu cpu.cfs_quota_us 40000 cpu.max "40000 80000"
	expect_limit cpu cpu.cfs_period_us 80000 cpu.max "40000 80000"
	update --cpu-quota 20000
	expect_limit cpu cpu.cfs_quota_us 20000 cpu.max "20000 80000"
	expect_limit cpu cpu.cfs_period_us 80000 cpu.max "20000 80000"
	update --cpu-period 50000
	expect_limit cpu cpu.cfs_quota_us 20000 cpu.max "20000 50000"
	expect_limit cpu cpu.cfs_period_us 50000 cpu.max "20000 50000"
	update --cpu-quota -1
	expect_limit cpu cpu.cfs_quota_us -1 cpu.max "max 50000"
}

@test "update --cpu-burst and --cpu-idle" {
	only_ours "newer flags"
	require_limit cpu cpu.cfs_burst_us cpu.max.burst
	limits '{"cpu": {"quota": 50000, "period": 100000}}'
	sleeper
	update --cpu-burst 10000
	expect_limit cpu cpu.cfs_burst_us 10000 cpu.max.burst 10000
	update --cpu-idle 1
	expect_limit cpu cpu.idle 1 cpu.idle 1
}

@test "update --cpu-rt-runtime and --cpu-rt-period" {
	require_cgroup1 cpu
	require_limit cpu cpu.rt_runtime_us -
	local top
	top=$(cgroup_mount cpu)$CGROUP_TOP
	mkdir -p "$top"
	echo 20000 >"$top/cpu.rt_runtime_us" || skip "missing: realtime of the host to give away"
	sleeper
	update --cpu-rt-period 500000 --cpu-rt-runtime 5000
	expect_limit cpu cpu.rt_runtime_us 5000 - -
	expect_limit cpu cpu.rt_period_us 500000 - -
}

@test "update --cpuset-cpus and --cpuset-mems" {
	require_controller cpuset
	sleeper
	update --cpuset-cpus 0 --cpuset-mems 0
	expect_limit cpuset cpuset.cpus 0 cpuset.cpus 0
	expect_limit cpuset cpuset.mems 0 cpuset.mems 0
}

@test "update --pids-limit" {
	require_controller pids
	sleeper
	update --pids-limit 33
	expect_limit pids pids.max 33 pids.max 33
	update --pids-limit -1
	expect_limit pids pids.max max pids.max max
}

@test "update --blkio-weight" {
	require_limit blkio blkio.bfq.weight io.bfq.weight
	sleeper
	update --blkio-weight 444
	expect_limit blkio blkio.bfq.weight 444 - -
}

@test "update -r FILE and -r -: a whole document of resources" {
	require_controller memory
	require_controller pids
	sleeper
	echo '{"memory": {"limit": 50331648}, "pids": {"limit": 21}, "cpu": {"shares": 1024}}' >"$WORK/resources"
	update -r "$WORK/resources"
	expect_limit memory memory.limit_in_bytes $((48 * MB)) memory.max $((48 * MB))
	expect_limit pids pids.max 21 pids.max 21
	echo '{"pids": {"limit": 22}}' >"$WORK/resources"
	run rt update --resources - "$ID" <"$WORK/resources"
	assert_ok
	expect_limit pids pids.max 22 pids.max 22
	# What the document does not name stays.
	expect_limit memory memory.limit_in_bytes $((48 * MB)) memory.max $((48 * MB))
}

@test "update -r with block devices and with unified files" {
	only_ours "unified of a hybrid host"
	local disk
	require_limit "$(cgroup_mount blkio >/dev/null && echo blkio || echo io)" blkio.throttle.read_bps_device io.max
	disk=$(a_disk)
	sleeper
	jq -n '{blockIO: {throttleReadBpsDevice: [{major: $a, minor: $i, rate: 3145728}]}}' \
		--argjson a "${disk%:*}" --argjson i "${disk#*:}" >"$WORK/resources"
	update -r "$WORK/resources"
	if cgroup_is_v1 blkio; then
		assert_equal "$disk 3145728" "$(cgroup_read blkio blkio.throttle.read_bps_device)"
	else
		assert_equal "$disk rbps=3145728 wbps=max riops=max wiops=max" "$(cgroup_read io io.max)"
	fi
	require_cgroup2
	echo '{"unified": {"cgroup.max.descendants": "3"}}' >"$WORK/resources"
	update -r "$WORK/resources"
	assert_equal 3 "$(cgroup_read unified cgroup.max.descendants)"
}

@test "one update leaves what another one set" {
	require_controller memory
	require_controller pids
	sleeper
	update --memory $((48 * MB))
	update --pids-limit 9
	update --cpu-share 700
	expect_limit pids pids.max 9 pids.max 9
	expect_limit memory memory.limit_in_bytes $((48 * MB)) memory.max $((48 * MB))
}

@test "update of a container that was only created, and of a paused one" {
	require_controller pids
	config_args sleep 1000
	create_ct
	update --pids-limit 12
	expect_limit pids pids.max 12 pids.max 12
	rt start "$ID"
	rt pause "$ID"
	update --pids-limit 13
	expect_limit pids pids.max 13 pids.max 13
	assert_equal paused "$(ct_status)"
}

@test "update with nothing to change" {
	require_controller pids
	limits '{"pids": {"limit": 17}}'
	sleeper
	update
	expect_limit pids pids.max 17 pids.max 17
}

@test "update to a value that the kernel refuses names the file and changes nothing" {
	require_controller cpuset
	limits '{"cpu": {"cpus": "0"}}'
	sleeper
	run rt update --cpuset-cpus 4000 "$ID"
	assert_fails
	assert_has cpuset.cpus
	expect_limit cpuset cpuset.cpus 0 cpuset.cpus 0
	assert_equal running "$(ct_status)"
	is_reference || assert_one_line
}

@test "update of the memory limit below what is in use, checked before" {
	require_controller memory
	limits '{"memory": {"limit": 67108864}}'
	config_sh 'head -c 20000000 /dev/zero >/dev/shm/file; echo >/dev/shm/ready; sleep 1000'
	start_ct
	wait_for in_ct test -e /dev/shm/ready
	echo '{"memory": {"limit": 4194304, "checkBeforeUpdate": true}}' >"$WORK/resources"
	run rt update -r "$WORK/resources" "$ID"
	if is_reference && cgroup_is_v1 memory; then
		# Before 1.2 runc leaves this to the kernel, which refuses it as well.
		assert_fails
	else
		assert_fails
		assert_one_line
		assert_has memory
	fi
	expect_limit memory memory.limit_in_bytes $((64 * MB)) memory.max $((64 * MB))
}

@test "update with wrong values is refused with the flag or the place" {
	sleeper
	run rt update --memory much "$ID"
	assert_fails
	assert_has memory
	run rt update --cpu-quota 1x "$ID"
	assert_fails
	run rt update --no-such-flag 1 "$ID"
	assert_fails
	assert_has no-such-flag
	echo '{"memory": {"limit": "much"}}' >"$WORK/resources"
	run rt update -r "$WORK/resources" "$ID"
	assert_fails
	is_reference || { assert_one_line; assert_has memory.limit; }
	echo 'no json' >"$WORK/resources"
	run rt update -r "$WORK/resources" "$ID"
	assert_fails
	run rt update -r "$WORK/nowhere" "$ID"
	assert_fails
	assert_has "$WORK/nowhere"
}

@test "update of a container that does not exist, or has ended, is refused" {
	run rt update --pids-limit 3 nobody
	assert_fails
	is_reference || assert_has nobody
	config_args true
	start_ct
	wait_for status_is stopped
	run rt update --pids-limit 3 "$ID"
	assert_fails
}

# ---------------------------------------------------------------- events

# is_shape FILTER: the statistics in $output hold true in this jq filter.
is_shape() { jq -e "$1" <<<"$output" >/dev/null || fail "not so: $1" "$output"; }

@test "events --stats: one line of JSON in runc's shape" {
	sleeper
	run rt events --stats "$ID"
	assert_ok
	assert_one_line
	is_shape ".type == \"stats\" and .id == \"$ID\" and (.data | type) == \"object\""
	is_shape '[.data | .cpu, .cpuset, .memory, .pids, .blkio, .hugetlb, .intel_rdt | type] | all(. == "object")'
	is_shape '.data | has("network_interfaces")'
	is_shape '.data.cpu | (.usage | type) == "object" and (.throttling | type) == "object"'
	is_shape '[.data.cpu.usage | .total, .kernel, .user | type] | all(. == "number")'
	is_shape '.data.cpu.usage.total > 0'
	is_shape '.data.memory | (.raw | type) == "object" and (.raw | [.[] | type] | all(. == "number"))'
	is_shape '[.data.memory | .usage, .swap, .kernel, .kernelTCP | type] | all(. == "object")'
	is_shape '[.data.memory.usage | .limit, .failcnt | type] | all(. == "number")'
}

@test "events --stats: numbers are the kernel's" {
	require_controller memory
	require_controller pids
	limits '{"memory": {"limit": 67108864}, "pids": {"limit": 50}}'
	config_sh 'head -c 8000000 /dev/zero >/dev/shm/file; sleep 1000 & sleep 1000 & echo >/dev/shm/ready; wait'
	start_ct
	wait_for in_ct test -e /dev/shm/ready
	run rt events --stats "$ID"
	assert_ok
	is_shape '.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 8000000 and .data.memory.usage.usage < 67108864'
	is_shape '.data.pids.limit == 50 and .data.pids.current == 3'
	if cgroup_is_v1 memory; then
		is_shape '.data.memory.usage.max >= .data.memory.usage.usage and .data.memory.raw.total_cache >= 8000000'
	else
		is_shape '.data.memory.raw.shmem >= 8000000'
	fi
}

@test "events --stats: processor time and throttling" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	limits '{"cpu": {"quota": 5000, "period": 50000}}'
	config_sh 'while :; do :; done'
	start_ct
	throttled() { rt events --stats "$ID" | jq -e '.data.cpu.throttling | .periods > 1 and .throttledPeriods > 1 and .throttledTime > 0'; }
	wait_for throttled
	run rt events --stats "$ID"
	is_shape '.data.cpu.usage.total > 1000000'
	! cgroup_is_v1 cpuacct || is_shape '.data.cpu.usage.percpu | type == "array" and add > 0'
}

@test "events --stats: processors of the set" {
	require_cgroup1 cpuset
	limits '{"cpu": {"cpus": "0", "mems": "0"}}'
	sleeper
	run rt events --stats "$ID"
	assert_ok
	is_shape '.data.cpuset.cpus == [0] and .data.cpuset.mems == [0]'
	is_shape '[.data.cpuset | .cpu_exclusive, .memory_migrate, .sched_load_balance | type] | all(. == "number")'
}

@test "events --stats: pressure" {
	only_ours "pressure"
	require_cgroup2 memory
	[ -e /proc/pressure/cpu ] || skip "missing: pressure stall information"
	sleeper
	run rt events --stats "$ID"
	assert_ok
	is_shape '.data.memory.psi.some.avg10 | type == "number"'
	is_shape '.data.cpu.psi.some.total | type == "number"'
}

@test "events --stats after an OOM kill says so" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 16777216, "swap": 16777216}}'
	config_sh 'tail /dev/zero; echo >/dev/shm/ready; sleep 1000'
	start_ct
	wait_for in_ct test -e /dev/shm/ready
	run rt events --stats "$ID"
	assert_ok
	if cgroup_is_v1 memory; then
		is_shape '.data.memory.usage.max >= 16000000'
		run cgroup_read memory memory.oom_control
		[[ $output =~ oom_kill\ [1-9] ]] # a thread more may meet the limit before the first has died
	else
		run cgroup_read memory memory.events
		[[ $output =~ oom_kill\ [1-9] ]]
	fi
}

@test "events: a line at each interval until the container ends" {
	sleeper
	rt events --interval 100ms "$ID" >"$WORK/events" 2>&1 &
	local pid=$!
	own_pid $pid
	wait_for sh -c '[ "$(wc -l <"$1")" -ge 3 ]' sh "$WORK/events"
	rt kill "$ID" KILL
	# runc goes on for as long as the control group is there.
	! is_reference || rt delete --force "$ID"
	wait_for gone "$pid"
	wait "$pid"
	run jq -r .type "$WORK/events"
	assert_ok
	assert_has stats
	run jq -e -s 'all(.type == "stats" and (.data.cpu.usage.total | type) == "number")' "$WORK/events"
	assert_ok
}

@test "events: an OOM kill is an event" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 16777216, "swap": 16777216}}'
	config_sh 'while [ ! -e /dev/shm/go ]; do sleep 0.05; done; tail /dev/zero; sleep 1000'
	start_ct
	rt events --interval 300ms "$ID" >"$WORK/events" 2>&1 &
	own_pid $!
	wait_for grep -q stats "$WORK/events"
	in_ct touch /dev/shm/go
	wait_for grep -q '"type":"oom"' "$WORK/events"
	run jq -c 'select(.type == "oom") | .id' "$WORK/events"
	assert_equal "\"$ID\"" "${lines[0]}"
}

@test "events: wrong intervals and unknown containers are refused" {
	sleeper
	run rt events --interval 0 "$ID"
	assert_fails
	run rt events --interval never "$ID"
	assert_fails
	run rt events --stats nobody
	assert_fails
	is_reference || assert_has nobody
	rt kill "$ID" KILL
	wait_for status_is stopped
	run rt events --stats "$ID"
	assert_fails
}

# ---------------------------------------------------------------- pause and resume

# counts: whether the container's counter goes on; prints two readings.
count_twice() {
	local first second
	first=$(wc -c <"$WORK/shared/count")
	sleep 0.3
	second=$(wc -c <"$WORK/shared/count")
	echo "$first $second"
}

# counter: starts a container that makes a file grow all the time.
counter() {
	mkdir "$WORK/shared"
	config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["bind"]}]' --arg s "$WORK/shared"
	[ -d "$BASE_ROOTFS/mnt" ] || mkdir "$BASE_ROOTFS/mnt"
	config_sh 'while :; do printf x >>/mnt/count; sleep 0.02; done'
	start_ct
	wait_for test -s "$WORK/shared/count"
}

@test "pause stops every process, resume lets them go on" {
	require_controller freezer
	counter
	run rt pause "$ID"
	assert_ok
	assert_output ""
	assert_equal paused "$(ct_status)"
	read -r first second <<<"$(count_twice)"
	assert_equal "$first" "$second" "count while paused"
	run rt resume "$ID"
	assert_ok
	assert_equal running "$(ct_status)"
	read -r first second <<<"$(count_twice)"
	[ "$first" -lt "$second" ] || fail "it does not go on"
}

@test "pause and resume in the wrong state are refused" {
	require_controller freezer
	sleeper
	run rt resume "$ID"
	assert_fails
	rt pause "$ID"
	run rt pause "$ID"
	assert_fails
	is_reference || { assert_one_line; assert_has paused; }
	rt resume "$ID"
	rt kill "$ID" KILL
	wait_for status_is stopped
	run rt pause "$ID"
	assert_fails
	run rt pause nobody
	assert_fails
	is_reference || assert_has nobody
}

@test "a paused container: list says so, exec is refused, its usage can be read" {
	require_controller freezer
	sleeper
	rt pause "$ID"
	run rt list
	assert_has paused
	run rt exec "$ID" true </dev/null
	assert_fails
	assert_has paused
	run rt events --stats "$ID"
	assert_ok
}

@test "killing a paused container ends it" {
	require_controller freezer
	sleeper
	local pid
	pid=$(ct_pid)
	rt pause "$ID"
	run rt kill "$ID" KILL
	assert_ok
	wait_for gone "$pid"
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "a signal to a paused container waits until it is resumed" {
	require_controller freezer
	sleeper
	local pid
	pid=$(ct_pid)
	rt pause "$ID"
	run rt kill "$ID" TERM
	assert_ok
	sleep 0.2
	kill -0 "$pid"
	assert_equal paused "$(ct_status)"
	rt resume "$ID"
	wait_for gone "$pid"
}

@test "delete --force of a paused container" {
	require_controller freezer
	sleeper
	rt pause "$ID"
	run rt delete "$ID"
	assert_fails
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}
