# Control groups, in all three worlds: every limit read back from the file that carries it (v1, v2, or some in each), the
# conversions between their units, what the kernel refuses, where the groups are, and that none is left.

load ../lib/common
load ../lib/cgroups

MB=$((1024 * 1024))

setup() {
	common_setup
	require_root
	NOBODYS=${CGROUP_TOP#/}-$BATS_TEST_NUMBER
}

teardown() {
	sweep_cgroups "/$NOBODYS"
	common_teardown
}

# refused_limit JSON FILE: a container with these limits is refused with the file's name.
refused_limit() {
	limits "$1"
	run_ct
	assert_fails
	is_reference || assert_refused "$2"
}

# ---------------------------------------------------------------- memory

@test "memory: limit" {
	require_controller memory
	limits '{"memory": {"limit": 67108864}}'
	sleeper
	expect_limit memory memory.limit_in_bytes $((64 * MB)) memory.max $((64 * MB))
}

@test "memory: limit with swap, which counts both in v1 and swap alone in v2" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 67108864, "swap": 100663296}}'
	sleeper
	expect_limit memory memory.limit_in_bytes $((64 * MB)) memory.max $((64 * MB))
	expect_limit memory memory.memsw.limit_in_bytes $((96 * MB)) memory.swap.max $((32 * MB))
}

@test "memory: a limit without swap of its own, and unlimited swap" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 67108864, "swap": 67108864}}'
	sleeper
	expect_limit memory memory.memsw.limit_in_bytes $((64 * MB)) memory.swap.max 0
	rt delete --force "$ID"
	limits '{"memory": {"limit": 67108864, "swap": -1}}'
	sleeper
	expect_limit memory memory.memsw.limit_in_bytes 9223372036854771712 memory.swap.max max
}

@test "memory: unlimited" {
	require_controller memory
	limits '{"memory": {"limit": -1}}'
	sleeper
	expect_limit memory memory.limit_in_bytes 9223372036854771712 memory.max max
}

@test "memory: reservation" {
	require_controller memory
	limits '{"memory": {"limit": 67108864, "reservation": 33554432}}'
	sleeper
	expect_limit memory memory.soft_limit_in_bytes $((32 * MB)) memory.low $((32 * MB))
}

@test "memory: swappiness" {
	require_cgroup1 memory
	limits '{"memory": {"swappiness": 17}}'
	sleeper
	expect_limit memory memory.swappiness 17 - -
}

@test "memory: the OOM killer disabled" {
	require_cgroup1 memory
	limits '{"memory": {"limit": 67108864, "disableOOMKiller": true}}'
	sleeper
	run cgroup_read memory memory.oom_control
	assert_has "oom_kill_disable 1"
	# Without a limit to be out of, nothing needs it off; off again as the file says.
	rt delete --force "$ID"
	limits '{"memory": {"limit": 67108864, "disableOOMKiller": false}}'
	sleeper
	run cgroup_read memory memory.oom_control
	assert_has "oom_kill_disable 0"
}

@test "memory: kernel memory, of TCP and all; refused where the kernel only seems to take it" {
	only_ours "limits that cannot be honoured"
	require_cgroup1 memory
	local name file
	for name in kernelTCP:memory.kmem.tcp.limit_in_bytes kernel:memory.kmem.limit_in_bytes; do
		file=${name#*:}
		name=${name%:*}
		if host_keeps memory "$file" $((16 * MB)); then
			limits "{\"memory\": {\"$name\": 16777216}}"
			sleeper
			expect_limit memory "$file" $((16 * MB)) - -
			rt delete --force "$ID"
		else
			refused_limit "{\"memory\": {\"$name\": 16777216}}" "$file"
		fi
	done
}

@test "memory: what cgroup2 cannot do is refused, not forgotten" {
	only_ours "limits that cannot be honoured"
	require_controller memory
	if cgroup_is_v1 memory; then skip "missing: cgroup2 controller memory"; fi
	refused_limit '{"memory": {"limit": 67108864, "disableOOMKiller": true}}' disableOOMKiller
	refused_limit '{"memory": {"swappiness": 17}}' swappiness
}

@test "memory: the limit is in force: 137" {
	require_limit memory memory.memsw.limit_in_bytes memory.swap.max
	limits '{"memory": {"limit": 16777216, "swap": 16777216}}'
	config_args tail /dev/zero
	run_ct
	assert_fails 137
	assert_nothing_left
}

@test "memory: swap below the limit is refused" {
	require_controller memory
	refused_limit '{"memory": {"limit": 67108864, "swap": 33554432}}' swap
}

# ---------------------------------------------------------------- cpu

@test "cpu: shares, a weight in v2" {
	require_controller cpu
	local shares weight
	# weight = 10 ^ ((l^2 + 125 l) / 612 - 7/34), l = log2 shares, rounded up: 1024 is 100, both ends meet.
	for shares in 2:1 512:59 1024:100 2048:174 262144:10000; do
		weight=${shares#*:}
		shares=${shares%:*}
		if is_reference && ! cgroup_is_v1 cpu; then weight=$((1 + (shares - 2) * 9999 / 262142)); fi
		limits "{\"cpu\": {\"shares\": $shares}}"
		sleeper
		expect_limit cpu cpu.shares "$shares" cpu.weight "$weight"
		rt delete --force "$ID"
	done
}

@test "cpu: quota and period" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	limits '{"cpu": {"quota": 25000, "period": 50000}}'
	sleeper
	expect_limit cpu cpu.cfs_quota_us 25000 cpu.max "25000 50000"
	expect_limit cpu cpu.cfs_period_us 50000 cpu.max "25000 50000"
}

@test "cpu: quota alone, period alone, no quota" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	limits '{"cpu": {"quota": 30000}}'
	sleeper
	expect_limit cpu cpu.cfs_quota_us 30000 cpu.max "30000 100000"
	rt delete --force "$ID"
	limits '{"cpu": {"period": 20000}}'
	sleeper
	expect_limit cpu cpu.cfs_period_us 20000 cpu.max "max 20000"
	rt delete --force "$ID"
	limits '{"cpu": {"quota": -1, "period": 100000}}'
	sleeper
	expect_limit cpu cpu.cfs_quota_us -1 cpu.max "max 100000"
}

@test "cpu: burst" {
	only_ours "cpu burst"
	require_limit cpu cpu.cfs_burst_us cpu.max.burst
	limits '{"cpu": {"quota": 50000, "period": 100000, "burst": 20000}}'
	sleeper
	expect_limit cpu cpu.cfs_burst_us 20000 cpu.max.burst 20000
}

@test "cpu: idle" {
	only_ours "cpu idle"
	require_limit cpu cpu.idle cpu.idle
	limits '{"cpu": {"idle": 1}}'
	sleeper
	expect_limit cpu cpu.idle 1 cpu.idle 1
}

@test "cpu: realtime runtime and period" {
	require_cgroup1 cpu
	require_limit cpu cpu.rt_runtime_us -
	local top
	top=$(cgroup_mount cpu)$CGROUP_TOP
	mkdir -p "$top"
	echo 20000 >"$top/cpu.rt_runtime_us" || skip "missing: realtime of the host to give away"
	limits '{"cpu": {"realtimeRuntime": 10000, "realtimePeriod": 500000}}'
	sleeper
	expect_limit cpu cpu.rt_runtime_us 10000 - -
	expect_limit cpu cpu.rt_period_us 500000 - -
}

@test "cpu: the quota is in force" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	limits '{"cpu": {"quota": 5000, "period": 100000}}'
	config_sh 'while :; do :; done'
	start_ct
	throttled() { [ "$(cgroup_read cpu cpu.stat | awk '$1 == "nr_throttled" { print $2 }')" -ge 2 ]; }
	wait_for throttled
}

@test "cpuset: processors and memory nodes" {
	require_controller cpuset
	limits '{"cpu": {"cpus": "0", "mems": "0"}}'
	sleeper
	expect_limit cpuset cpuset.cpus 0 cpuset.cpus 0
	expect_limit cpuset cpuset.mems 0 cpuset.mems 0
	run in_ct grep Cpus_allowed_list /proc/self/status
	assert_ok
	assert_output $'Cpus_allowed_list:\t0'
}

@test "cpuset: nothing configured is everything, in v1 too" {
	require_controller cpuset
	config_sh 'grep Cpus_allowed_list /proc/self/status'
	run_ct
	assert_ok
	assert_output "$(grep Cpus_allowed_list /proc/self/status)"
}

# ---------------------------------------------------------------- pids, block i/o, hugetlb, network classes

@test "pids: limit" {
	require_controller pids
	limits '{"pids": {"limit": 23}}'
	sleeper
	expect_limit pids pids.max 23 pids.max 23
}

@test "pids: unlimited" {
	require_controller pids
	limits '{"pids": {"limit": -1}}'
	sleeper
	expect_limit pids pids.max max pids.max max
}

@test "pids: the limit is in force" {
	require_controller pids
	limits '{"pids": {"limit": 8}}'
	config_sh 'i=0; while [ $i -lt 20 ]; do sleep 3 & i=$((i + 1)); done; echo all'
	run_ct
	assert_has "can't fork"
	assert_lacks all
	assert_nothing_left
}

@test "block i/o: weight" {
	require_controller blkio
	require_limit blkio blkio.bfq.weight io.bfq.weight
	limits '{"blockIO": {"weight": 321}}'
	sleeper
	expect_limit blkio blkio.bfq.weight 321 - -
}

@test "block i/o: weight in v2, as it is for BFQ or scaled to 1..10000" {
	require_cgroup2 io
	limits '{"blockIO": {"weight": 505}}'
	sleeper
	local dir
	dir=$(cgroup_dir io)
	if [ -e "$dir/io.bfq.weight" ]; then
		assert_equal "default 505" "$(head -n 1 "$dir/io.bfq.weight")" io.bfq.weight
	elif [ -e "$dir/io.weight" ]; then
		# 1 + (505 - 10) * 9999 / 990
		assert_equal "default 5000" "$(head -n 1 "$dir/io.weight")" io.weight
	else
		fail "neither io.bfq.weight nor io.weight, and no error"
	fi
}

@test "block i/o: weight of a disk, refused where its scheduler has none" {
	only_ours "limits that cannot be honoured"
	require_limit blkio blkio.bfq.weight_device -
	local disk
	disk=$(a_disk)
	if host_keeps blkio blkio.bfq.weight_device "$disk 200"; then
		limits "{\"blockIO\": {\"weightDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"weight\": 200}]}}"
		sleeper
		run cgroup_read blkio blkio.bfq.weight_device
		assert_has "$disk 200"
	else
		refused_limit "{\"blockIO\": {\"weightDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"weight\": 200}]}}" blkio.bfq.weight_device
	fi
}

@test "block i/o: bytes and operations per second of a disk" {
	local disk major minor world=io
	require_limit "$(cgroup_mount blkio >/dev/null && echo blkio || echo io)" blkio.throttle.read_bps_device io.max
	if cgroup_is_v1 blkio; then world=blkio; fi
	disk=$(a_disk)
	major=${disk%:*} minor=${disk#*:}
	limits "{\"blockIO\": {
		\"throttleReadBpsDevice\": [{\"major\": $major, \"minor\": $minor, \"rate\": 1048576}],
		\"throttleWriteBpsDevice\": [{\"major\": $major, \"minor\": $minor, \"rate\": 2097152}],
		\"throttleReadIOPSDevice\": [{\"major\": $major, \"minor\": $minor, \"rate\": 300}],
		\"throttleWriteIOPSDevice\": [{\"major\": $major, \"minor\": $minor, \"rate\": 400}]}}"
	sleeper
	local all="$disk rbps=1048576 wbps=2097152 riops=300 wiops=400"
	expect_limit $world blkio.throttle.read_bps_device "$disk 1048576" io.max "$all"
	expect_limit $world blkio.throttle.write_bps_device "$disk 2097152" io.max "$all"
	expect_limit $world blkio.throttle.read_iops_device "$disk 300" io.max "$all"
	expect_limit $world blkio.throttle.write_iops_device "$disk 400" io.max "$all"
}

@test "block i/o: a disk that does not exist is refused with the file" {
	require_limit "$(cgroup_mount blkio >/dev/null && echo blkio || echo io)" blkio.throttle.read_bps_device io.max
	local file=io.max
	if cgroup_is_v1 blkio; then file=blkio.throttle.read_bps_device; fi
	refused_limit '{"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 1, "rate": 1048576}]}}' $file
}

@test "hugetlb: limit of a page size" {
	only_ours "hugetlb of a hybrid host"
	require_controller hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "missing: huge pages of 2 MB"
	limits '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	sleeper
	expect_limit hugetlb hugetlb.2MB.limit_in_bytes 4194304 hugetlb.2MB.max 4194304
}

@test "hugetlb: a page size that the kernel does not have is refused" {
	require_controller hugetlb
	refused_limit '{"hugepageLimits": [{"pageSize": "3MB", "limit": 4194304}]}' 3MB
}

@test "network: class, refused where there is no such controller" {
	only_ours "limits that cannot be honoured"
	if cgroup_is_v1 net_cls; then
		limits '{"network": {"classID": 1048577}}'
		sleeper
		expect_limit net_cls net_cls.classid 1048577 - -
	else
		refused_limit '{"network": {"classID": 1048577}}' net_cls
	fi
}

@test "network: priorities, refused where there is no such controller" {
	only_ours "limits that cannot be honoured"
	if cgroup_is_v1 net_prio; then
		config '.linux.namespaces |= map(select(.type != "network"))'
		limits '{"network": {"priorities": [{"name": "lo", "priority": 5}]}}'
		sleeper
		run cgroup_read net_prio net_prio.ifpriomap
		assert_has "lo 5"
	else
		refused_limit '{"network": {"priorities": [{"name": "lo", "priority": 5}]}}' net_prio
	fi
}

@test "rdma: refused where there is no such controller" {
	only_ours "limits that cannot be honoured"
	! cgroup_mount rdma >/dev/null || skip "missing: a host without the controller rdma"
	refused_limit '{"rdma": {"mlx5_1": {"hcaHandles": 3}}}' rdma
}

# ---------------------------------------------------------------- unified

@test "unified: files of cgroup2 as they are" {
	require_cgroup2 pids
	limits '{"unified": {"pids.max": "31"}}'
	sleeper
	expect_limit pids - - pids.max 31
	if cgroup_mount memory >/dev/null && ! cgroup_is_v1 memory; then
		rt delete --force "$ID"
		limits '{"unified": {"memory.high": "67108864", "memory.oom.group": "1"}}'
		sleeper
		expect_limit memory - - memory.high 67108864
		expect_limit memory - - memory.oom.group 1
	fi
}

@test "unified: a controller that a hybrid host has in cgroup2" {
	only_ours "unified of a hybrid host"
	require_cgroup2 hugetlb
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "missing: huge pages of 2 MB"
	limits '{"unified": {"hugetlb.2MB.max": "6291456"}}'
	sleeper
	expect_limit hugetlb - - hugetlb.2MB.max 6291456
}

@test "unified: files of cgroup2's core" {
	only_ours "unified of a hybrid host"
	require_cgroup2
	limits '{"unified": {"cgroup.max.descendants": "5"}}'
	sleeper
	assert_equal 5 "$(cgroup_read unified cgroup.max.descendants)"
}

@test "cgroup2: a group that takes no process, as it is below a threaded one, is refused with its path" {
	local top
	only_ours "the text"
	require_cgroup2
	top=$(cgroup_mount unified)$CGROUP_TOP
	mkdir -p "$top/threads/one"
	echo threaded >"$top/threads/one/cgroup.type"
	config '.linux.cgroupsPath = $p' --arg p "$CGROUP_TOP/threads/$ID"
	run_ct
	rmdir "$top/threads/one" "$top/threads"
	assert_fails 1
	# EOPNOTSUPP in the words of musl, or of the sanitized build's glibc.
	local words="not supported"
	[ -z "${BIVY_SANITIZED:-}" ] || words="operation not supported"
	assert_has "cannot make the container's process in cgroup '$top/threads/$ID': $words" cgroup.type
	assert_nothing_left
}

@test "unified: a file that does not exist is refused with its name" {
	only_ours "limits that cannot be honoured"
	refused_limit '{"unified": {"nosuch.knob": "1"}}' nosuch.knob
}

@test "unified: a controller that v1 has is refused with the file" {
	only_ours "limits that cannot be honoured"
	require_cgroup1 pids
	refused_limit '{"unified": {"pids.max": "31"}}' pids.max
}

@test "unified: a name with a path in it is refused" {
	only_ours "names of files only"
	require_cgroup2
	refused_limit '{"unified": {"../cgroup.procs": "0"}}' ../cgroup.procs
}

# ---------------------------------------------------------------- refused by the kernel

@test "a processor that the machine does not have is refused with the file" {
	require_controller cpuset
	refused_limit '{"cpu": {"cpus": "4000"}}' cpuset.cpus
}

@test "a quota that the kernel finds too small is refused with the file" {
	require_limit cpu cpu.cfs_quota_us cpu.max
	local file=cpu.max
	if cgroup_is_v1 cpu; then file=cpu.cfs_quota_us; fi
	refused_limit '{"cpu": {"quota": 10, "period": 100000}}' $file
}

@test "limits out of range or of the wrong type are refused with their place" {
	refused_limit '{"cpu": {"shares": -5}}' linux.resources.cpu.shares
	refused_limit '{"memory": {"limit": "much"}}' linux.resources.memory.limit
	refused_limit '{"pids": {"limit": 1.5}}' linux.resources.pids.limit
	refused_limit '{"memory": {"limit": 99999999999999999999}}' linux.resources.memory.limit
}

@test "limits of a container that does not start leave no cgroup" {
	limits '{"pids": {"limit": 20}}'
	config_args /no/such/command
	run_ct
	assert_fails
	assert_nothing_left
}

# ---------------------------------------------------------------- where

# every_path PID: the distinct paths of a process in the mounted hierarchies that carry something.
every_path() { awk -F: '$2 != "" && $2 !~ /^name=/ { print $3 }' "/proc/$1/cgroup" | sort -u; }

@test "an absolute cgroupsPath is taken as it is, in every hierarchy" {
	sleeper
	if [ -n "$(awk '/ - cgroup /' /proc/self/mountinfo)" ]; then
		assert_equal "$CGROUP" "$(every_path "$(ct_pid)")"
	else
		run grep "^0::" "/proc/$(ct_pid)/cgroup"
		assert_output "0::$CGROUP"
	fi
}

@test "a relative cgroupsPath ends the path, and none is left after delete" {
	require_controller pids
	config '.linux.cgroupsPath = $p' --arg p "$NOBODYS/inner"
	sleeper
	local path
	path=$(grep -E ":(.*,)?pids(,.*)?:|^0::" "/proc/$(ct_pid)/cgroup" | head -n 1 | cut -d: -f3)
	[[ $path == */"$NOBODYS/inner" ]] || fail "$path"
	rt delete --force "$ID"
	[ ! -e "$(cgroup_mount pids)$path" ]
}

@test "without a cgroupsPath the container still gets a group of its own, named for it" {
	require_controller pids
	ID=$NOBODYS
	config 'del(.linux.cgroupsPath) | .linux.resources.pids.limit = 55'
	sleeper
	local path
	path=$(grep -E ":(.*,)?pids(,.*)?:|^0::" "/proc/$(ct_pid)/cgroup" | head -n 1 | cut -d: -f3)
	[[ $path == *"$NOBODYS"* ]] || fail "$path"
	assert_equal 55 "$(<"$(cgroup_mount pids)$path/pids.max")"
	rt delete --force "$ID"
	[ ! -e "$(cgroup_mount pids)$path" ]
}

@test "a cgroupsPath with dots does not leave the hierarchy" {
	config '.linux.cgroupsPath = $p' --arg p "/../../..$CGROUP"
	run_ct
	[ "$status" -eq 0 ] || { is_reference || assert_refused cgroupsPath; }
	[ ! -e "/sys/fs$CGROUP_TOP" ] && [ ! -e "/sys$CGROUP_TOP" ] && [ ! -e "$CGROUP_TOP" ]
	assert_nothing_left
}

@test "an empty group that exists already is used" {
	require_controller pids
	mkdir -p "$(cgroup_dir pids)"
	limits '{"pids": {"limit": 44}}'
	sleeper
	expect_limit pids pids.max 44 pids.max 44
	rt delete --force "$ID"
	assert_nothing_left
}

@test "groups that the container made inside go with it" {
	require_controller pids
	config '(.mounts[] | select(.type == "cgroup") | .options) = ["nosuid", "noexec", "nodev"]'
	local inside=/sys/fs/cgroup
	if cgroup_is_v1 pids; then inside=/sys/fs/cgroup/pids; fi
	config_sh 'mkdir -p $1/a/b && echo 0 >$1/a/b/cgroup.procs && sleep 1000' $inside
	start_ct
	wait_for grep -q . "$(cgroup_dir pids)/a/b/cgroup.procs"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "an exec joins the container's group" {
	require_controller pids
	sleeper
	detached exec --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	assert_equal "$(grep -E ":(.*,)?pids(,.*)?:|^0::" "/proc/$(ct_pid)/cgroup")" \
		"$(grep -E ":(.*,)?pids(,.*)?:|^0::" "/proc/$(<"$WORK/pid")/cgroup")"
	grep -qx "$(<"$WORK/pid")" "$(cgroup_dir pids)/cgroup.procs"
}

@test "exec --cgroup joins a group below the container's" {
	require_controller pids
	sleeper
	mkdir "$(cgroup_dir pids)/below"
	local where=below
	if cgroup_is_v1 pids; then where=pids:below; fi
	detached exec --cgroup "$where" --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	grep -qx "$(<"$WORK/pid")" "$(cgroup_dir pids)/below/cgroup.procs"
	if cgroup_is_v1 pids && cgroup_mount cpu >/dev/null; then
		# The others stay where the container is.
		grep -qx "$(<"$WORK/pid")" "$(cgroup_dir cpu)/cgroup.procs"
	fi
}

@test "exec --cgroup of a group that does not exist is refused" {
	require_controller pids
	sleeper
	local where=nowhere
	if cgroup_is_v1 pids; then where=pids:nowhere; fi
	run rt exec --cgroup "$where" "$ID" true </dev/null
	assert_fails
	assert_has nowhere
	run rt exec --cgroup nosuchcontroller:below "$ID" true </dev/null
	assert_fails
}

@test "exec --cgroup does not lead out of the container's group" {
	require_controller pids
	sleeper
	local where=..
	if cgroup_is_v1 pids; then where=pids:..; fi
	detached exec --cgroup "$where" --detach --pid-file "$WORK/pid" "$ID" sleep 1000
	# Refused, or the dots end at the container's own group.
	[ "$status" -ne 0 ] || grep -qx "$(<"$WORK/pid")" "$(cgroup_dir pids)/cgroup.procs"
}

@test "two hundred processes of a container without a pid namespace end with it" {
	require_controller pids
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config_sh 'i=0; while [ $i -lt 200 ]; do sleep 1000 & i=$((i + 1)); done; echo >/dev/shm/ready; wait'
	start_ct
	wait_for in_ct test -e /dev/shm/ready
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- classes of service

@test "linux.intelRdt without resctrl is refused before anything is made, by name" {
	only_ours "its words"
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "missing: a host without a mounted resctrl"
	config '.linux.intelRdt = {closID: "bivy-test", l3CacheSchema: "L3:0=f"}'
	detached create --bundle "$BUNDLE" "$ID"
	assert_refused linux.intelRdt resctrl
	config '.linux.intelRdt = {}'
	run_ct
	assert_refused linux.intelRdt resctrl
	run rt features
	assert_equal '{"enabled":true,"schemata":true,"monitoring":true}' "$(jq -c .linux.intelRdt <<<"$output")"
}
