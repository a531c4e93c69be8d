# bivy: what is prepared for the next container, and what becomes of it.
bats_require_minimum_version 1.5.0
export BIVY_POOL=1
load ../lib/common
load ../lib/engine

setup_file() {
	has_power || skip "missing: root, for whom alone it is prepared"
	engine_setup_file
}

# The process, the ids of its seats, and what `info` says of them.
pool_pid() { pgrep -f "^$BIVY --root $SCRATCH/root .*system pool " || true; }
seats() { find "$SCRATCH/root/containers" -maxdepth 1 -name '.new-*' -printf '%f\n' 2>/dev/null | sed 's/^\.new-//' | sort; }
told() { bivy info --format '{{.pool.seats}}'; }
has_seats() { [ "$(told)" -eq "$1" ] && [ "$(seats | wc -l)" -eq "$1" ]; }
no_bridge() { ! ip -o link show type bridge | grep -q .; }
is_told() { [ "$(told)" -eq "$1" ]; }
has_no_pool() { [ -z "$(pool_pid)" ] && [ "$(told)" -eq 0 ]; }
# is_there ID: no other seat than that; or none, where all took longer than the process waits for somebody to ask.
is_there() { [ "$(seats)" = "$1" ] || has_no_pool; }
# Also one that a supervisor which is just ending is about to become.
try_to_end_pool() {
	local pid
	pid=$(pool_pid)
	[ -z "$pid" ] || kill -"${1:-TERM}" $pid 2>/dev/null || true
	sleep 0.2
	[ -z "$pid" ] && has_no_pool
}
end_pool() { wait_for try_to_end_pool; }

# In how many hierarchies the control group of ID is, where those of most containers are; and in how many it can be.
groups_of() { find /sys/fs/cgroup -maxdepth 3 -type d -path "*/bivy/$1" | wc -l; }
hierarchies() { grep -c -E ' - cgroup2? ' /proc/self/mountinfo; }

# Nothing of it is left: no link, lease, directory.
is_clean() {
	[ -z "$(seats)" ] && [ -z "$(ls -A "$SCRATCH/run/groups")" ] && [ ! -S "$SCRATCH/run/pool.sock" ] && ! ip -o link | grep -q ': v[0-9a-f]\{12\}a@' && [ -z "$(find "$SCRATCH/run/networks" -path '*/leases/*' -type l 2>/dev/null)" ]
}

prepare() {
	end_pool
	BIVY_POOL=${1:-1} bivy run --rm busybox true
	wait_for is_told "${1:-1}"
}

# What ends with the test prepares for more of its kind.
teardown() {
	engine_teardown
	[ -z "${WORK:-}" ] || end_pool
}

@test "after a container there is a seat, which the next one of its kind takes, and another one" {
	local first second
	[ "$(told)" -eq 0 ]
	prepare
	first=$(seats)
	[[ $(bivy info) == *"prepared          1 seat for containers of 1 kind"* ]]
	run -0 bivy run --rm --name one busybox hostname
	[ "$output" = "${first:0:12}" ]
	wait_for has_seats 1
	second=$(seats)
	[ "$second" != "$first" ]
	# In the background, and to stay: the kind is another one, as is the next.
	run -0 bivy run -d --name two busybox sleep 1000
	[ "$output" != "$second" ]
	wait_for has_seats 2
	run -0 bivy run -d --name three -p 127.0.0.1::80 busybox sh -c 'nc -l -p 80 </etc/hostname; sleep 1000'
	wait_for has_seats 2
	[[ $(bivy exec three ip addr show eth0) == *" inet "* ]]
	[ "$(bivy inspect --format '{{.NetworkSettings.Networks.bridge.IPAddress}}' three)" = "$(bivy exec three ip -4 addr show eth0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')" ]
	# Started again it has what any other has.
	bivy restart -t 0 three
	[[ $(bivy exec three ip addr show eth0) == *" inet "* ]]
	run -0 bivy exec two nc -w 5 "$(bivy inspect --format '{{.NetworkSettings.Networks.bridge.IPAddress}}' three)" 80
	[[ $output =~ ^[0-9a-f]{12}$ ]]
}

@test "who asks for something else, or says off, gets none" {
	local id
	BIVY_POOL=off bivy run --rm busybox true
	has_no_pool
	BIVY_POOL=0 bivy run --rm busybox true
	bivy run --rm --network none busybox true
	has_no_pool
	prepare
	id=$(seats)
	for asked in "--network none" "--userns host" "--ip 10.66.0.77" "--mac-address 02:00:00:00:00:07" "--network host" "--privileged" "--net-limit 1mbit"; do
		run -0 bivy run --rm --cidfile "$WORK/id" $asked busybox true
		[ "$(cat "$WORK/id")" != "$id" ]
		rm "$WORK/id"
	done
	BIVY_POOL=off bivy run --rm --cidfile "$WORK/id" busybox true
	[ "$(cat "$WORK/id")" != "$id" ]
	is_there "$id"
	# The bridge of another network namespace is another one.
	prepare
	id=$(seats)
	unshare -n "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --cidfile "$WORK/id.2" busybox true
	[ "$(cat "$WORK/id.2")" != "$id" ]
	bivy create --name made busybox true >/dev/null
	is_there "$id"
}

@test "a seat has its control groups, which are its container's and go with it; elsewhere they are made" {
	local id all
	all=$(hierarchies)
	prepare
	id=$(seats)
	[ "$(groups_of "$id")" -eq "$all" ]
	bivy run -d --name filler busybox true >/dev/null # the kind of those that stay
	wait_for has_seats 2
	id=$(seats)
	bivy run -d --name two busybox sleep 1000 >/dev/null
	[[ $id == *"$(bivy inspect --format '{{.Id}}' two)"* ]]
	id=$(bivy inspect --format '{{.Id}}' two)
	[ ! -e "$SCRATCH/run/groups/$id" ]
	[ "$(groups_of "$id")" -eq "$all" ]
	[ "$(grep -c "/bivy/$id\$" "/proc/$(bivy inspect --format '{{.State.Pid}}' two)/cgroup")" -eq "$all" ]
	[ "$(cat "$(find /sys/fs/cgroup -maxdepth 4 -path "*/bivy/$id/pids.max")")" = 2048 ]
	# Started again it has new ones.
	bivy restart -t 0 two
	[ "$(groups_of "$id")" -eq "$all" ]
	bivy rm -f two >/dev/null
	[ "$(groups_of "$id")" -eq 0 ]
	# A parent of one's own is of another kind.
	bivy run -d --cgroup-parent /bivy-pool-test/x --name other busybox sleep 1000 >/dev/null
	wait_for has_seats 3
	[ "$(ls "$SCRATCH/run/groups" | wc -l)" -eq 2 ]
	bivy run -d --cgroup-parent /bivy-pool-test/x --name another busybox sleep 1000 >/dev/null
	id=$(bivy inspect --format '{{.Id}}' another)
	[ "$(groups_of "$id")" -eq 0 ]
	[ "$(grep -c "/bivy-pool-test/x/$id\$" "/proc/$(bivy inspect --format '{{.State.Pid}}' another)/cgroup")" -eq "$all" ]
	bivy rm -f other another >/dev/null
	find /sys/fs/cgroup -depth -type d -path '*/bivy-pool-test*' -exec rmdir {} +
	# What cannot be started leaves none.
	wait_for has_seats 3
	id=$(seats)
	run -127 bivy run --cidfile "$WORK/id" --name fails busybox nonexistent
	[[ $id == *"$(cat "$WORK/id")"* ]]
	[ "$(groups_of "$(cat "$WORK/id")")" -eq 0 ]
}

@test "a container that has its id takes ids, namespaces and a link of a seat" {
	local id
	end_pool
	bivy create --name one busybox true >/dev/null
	bivy start one >/dev/null
	wait_for is_told 1
	id=$(seats)
	[ -z "$(ls -A "$SCRATCH/root/containers/.new-$id")" ]
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
	bivy create --name two -p 127.0.0.1::80 busybox sh -c 'nc -l -p 80 </etc/hostname; sleep 1000' >/dev/null
	[ "$(seats)" = "$id" ]
	bivy start two >/dev/null
	[ ! -e "$SCRATCH/root/containers/.new-$id" ]
	[[ $(ip -o link show type veth) == *" v${id:0:12}a@"* ]]
	[ "$(bivy exec two cat /sys/class/net/eth0/address)" = "$(bivy inspect --format '{{.NetworkSettings.Networks.bridge.MacAddress}}' two)" ]
	wait_for is_told 1
	[ "$(seats)" != "$id" ]
	bivy run -d --name three busybox sleep 1000 >/dev/null
	run -0 bivy exec three nc -w 5 "$(bivy inspect --format '{{.NetworkSettings.Networks.bridge.IPAddress}}' two)" 80
	[ "$output" = "$(bivy exec two hostname)" ]
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
	bivy restart -t 0 two
	[[ $(bivy exec two ip addr show eth0) == *" inet "* ]]
	bivy stop -t 0 two
	wait_for is_told 2
	bivy start two >/dev/null
	[[ $(bivy exec two ip addr show eth0) == *" inet "* ]]
	bivy network create other >/dev/null
	bivy network connect other two
	[[ $(bivy exec two ip addr show eth1) == *" inet "* ]]
	bivy rm -f one two three >/dev/null
	bivy network rm other
	end_pool
	is_clean
	[ "$(bivy system check)" = "nothing is damaged, nothing is left over" ]
}

@test "one that nobody waits for, and is removed at its end, is followed by a seat, too" {
	end_pool
	bivy run -d --rm --name one busybox true >/dev/null
	wait_for is_told 1
	end_pool
	bivy create --rm --name two busybox true >/dev/null
	bivy start two >/dev/null
	wait_for is_told 1
	[ -z "$(bivy ps -aq)" ]
	end_pool
	BIVY_POOL=off bivy run -d --rm --name three busybox true >/dev/null
	no_container() { [ -z "$(bivy ps -aq)" ]; }
	wait_for no_container
	sleep 0.2
	has_no_pool
	is_clean
}

@test "there are no more than are wanted, and no more kinds than four" {
	prepare 3
	for name in n1 n2 n3 n4; do
		bivy network create "$name" >/dev/null
		bivy run --rm --network "$name" busybox true
	done
	wait_for has_seats 8
	[ "$(bivy info --format '{{.pool.kinds}}')" -eq 4 ]
	sleep 0.3
	[ "$(seats | wc -l)" -le 8 ]
	wait_for has_seats 8
	bivy network rm n1 n2 n3 n4
	# Whoever removes something waits for five seconds, which undoing eight may take longer than.
	wait_for has_no_pool
	is_clean
}

# What of a container others can see, and it itself: without what is another's each time, and the owner of /dev/mqueue, in which everybody may
# write: root of the container, or who cloned it.
facts() {
	bivy run -d --name "$1" busybox sleep 1000 >/dev/null
	bivy exec "$1" sh -c 'cat /proc/1/status /proc/1/limits /proc/1/setgroups /proc/1/mountinfo /proc/1/oom_score_adj /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range
		/bin/busybox ls -ln / /dev /etc /proc/1/fd; ip addr; ip route; ip -6 route; cat /proc/1/cgroup; stat -c "%u %g %a %n" /proc/1/ns/* /proc/sys/net/ipv4/ip_forward; id; umask; ulimit -a' >"$WORK/$1.raw" 2>&1
	tr -d '\r' <"$WORK/$1.raw" | sed -E -e '/^(VmPeak|VmSize|VmLck|VmPin|VmHWM|VmRSS|Rss|VmData|VmPTE|voluntary|nonvoluntary|NSpid|NStgid|NSsid|NSpgid|.*_ctxt|Cpus_|Mems_)/d' \
		-e 's/[0-9a-f]{64}/ID/g; s/[0-9a-f]{12}/SHORT/g; s/02(:[0-9a-f]{2}){5}/MAC/g; s/fe80[0-9a-f:]+/LOCAL/g; s/10\.66\.[0-9]+\.[0-9]+/IP4/g; s/fd[0-9a-f:]+/IP6/g' \
		-e 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+/MOUNT/; s/(master|shared):[0-9]+/PEER/; s/@if[0-9]+/@if/; s/(pipe|socket|mnt|net|user|pid|ipc|uts|cgroup|anon_inode):\[[^]]*\]/OBJECT/; s/[A-Z][a-z]{2} +[0-9]+ [0-9:]+/DATE/; s/ +[0-9]+ DATE/ DATE/' \
		-e 's/([ug]id)=[0-9]{6,}/\1=N/g; s/^(dr-xr-xr-x +)[0-9]+( .* proc)$/\1\2/; s/^(drwxrwxrwt +2) +[0-9]+ +[0-9]+ (.* mqueue)$/\1 \2/' -e "s#$SCRATCH#SCRATCH#g" -e 's/^[0-9]+: eth0/N: eth0/; s/link-netnsid [0-9]+//; s/total [0-9]+//; s/(upperdir|workdir|lowerdir\+?)=[^,]*/DIR/g'
	bivy inspect "$1" | jq -S '.[0] | del(.Id, .Name, .Created, .State, .ResolvConfPath, .HostnamePath, .HostsPath, .LogPath, .Config.Hostname, .GraphDriver, .NetworkSettings, .idRange, .IDMappings)'
}

@test "a container of a seat is isolated as one without is" {
	local id
	prepare
	bivy run -d --name filler busybox true >/dev/null # the kind of those that stay
	wait_for has_seats 2
	BIVY_POOL=off facts cold >cold
	id=$(seats)
	facts warm >warm
	[[ $id == *"$(bivy inspect --format '{{.Id}}' warm)"* ]]
	[[ $id != *"$(bivy inspect --format '{{.Id}}' cold)"* ]]
	diff cold warm
	# Namespaces of its own, each of them, and ids that nobody else has.
	for ns in user net mnt pid ipc uts cgroup; do
		[ "$(bivy exec warm readlink /proc/1/ns/$ns)" != "$(bivy exec cold readlink /proc/1/ns/$ns)" ]
		[ "$(bivy exec warm readlink /proc/1/ns/$ns)" != "$(readlink /proc/self/ns/$ns)" ]
	done
	[ "$(bivy exec warm cat /proc/self/uid_map)" != "$(bivy exec cold cat /proc/self/uid_map)" ]
	# The program of its supervisor is not to be written to by who reaches it there (CVE-2019-5736), nor can that be changed.
	id=$(pgrep -of "supervise --bundle $SCRATCH/run/containers/$(bivy inspect --format '{{.Id}}' warm) ")
	python3 - "$id" <<'PY'
import ctypes, os, sys
path = f'/proc/{sys.argv[1]}/exe'
writable = (ctypes.c_uint64 * 4)(0, 1, 0, 0)  # struct mount_attr: attr_clr is MOUNT_ATTR_RDONLY
mount_setattr, at_empty_path = 442, 0x1000
assert os.statvfs(path).f_flag & os.ST_RDONLY
assert ctypes.CDLL(None).syscall(mount_setattr, os.open(path, os.O_PATH), b'', at_empty_path, ctypes.byref(writable), 32) == -1
assert os.statvfs(path).f_flag & os.ST_RDONLY
PY
}

@test "images and networks that are removed take their seats along" {
	prepare
	bivy tag busybox again
	bivy rmi again >/dev/null
	wait_for has_no_pool
	is_clean
	bivy network create other >/dev/null
	bivy run --rm --network other busybox true
	wait_for has_seats 1
	bivy network rm other
	wait_for has_no_pool
	is_clean
	# Asked to end by a signal it leaves nothing, the bridge neither.
	prepare
	end_pool
	is_clean
	wait_for no_bridge
}

# What is left of removals.
remains() { find "$SCRATCH/root/containers" "$SCRATCH/run/containers" -mindepth 1 -maxdepth 1 ! -name '.new-*' 2>/dev/null; }
has_no_remains() { [ -z "$(remains)" ]; }

@test "what is left of a container that ended is removed while nobody waits, if need be by the next command" {
	local pid
	prepare
	wait_for has_no_remains
	pid=$(pool_pid)
	kill -STOP "$pid"
	bivy run --rm --name one busybox true
	[[ $(remains) == *".gone-"* ]]
	[ -z "$(bivy ps -aq)" ]
	run -0 bivy run --name one --rm busybox echo "the name is free"
	kill -CONT "$pid"
	wait_for has_no_remains
	# Its lock went with who had it.
	kill -STOP "$pid"
	bivy run --rm busybox true
	[[ $(remains) == *".gone-"* ]]
	kill -KILL "$pid"
	sleep 0.2
	wait_for try_to_end_pool KILL # which the supervisor may have become
	bivy create --name sweeper busybox true >/dev/null
	bivy rm sweeper >/dev/null
	has_no_remains
	# Whose volumes go with it waits for that.
	prepare
	kill -STOP "$(pool_pid)"
	bivy run --rm -v /data busybox true
	[ -z "$(bivy volume ls -q)" ]
	kill -CONT "$(pool_pid)"
}

@test "killed at any moment it, or who takes a seat, leaves what the next command clears away" {
	local pid id known=
	for delay in 0 0.004 0.009 0.016 0.03; do
		BIVY_POOL=2 bivy run --rm busybox true
		sleep "$delay"
		pid=$(pool_pid)
		[ -z "$pid" ] || kill -9 $pid
		known+=" $(seats)"
		[ "$(bivy run --rm busybox echo in)" = in ]
		end_pool
		prepare
		known+=" $(seats)"
		become_bivy run --rm --name killed busybox true &
		pid=$!
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" || true
		[ "$(bivy run --rm busybox echo in)" = in ]
		wait_for bivy rm -f killed 2>/dev/null
	done
	wait_for try_to_end_pool KILL
	bivy create --name sweeper busybox true >/dev/null
	bivy rm sweeper >/dev/null
	[ -z "$(seats)" ]
	wait_for has_no_remains
	[ -n "$known" ]
	for id in $known; do [ "$(groups_of "$id")" -eq 0 ]; done
	run -0 bivy system check --repair
	BIVY_POOL=off bivy run --rm busybox true
	run -0 bivy system check
	rm -f "$SCRATCH/run/pool.sock" # which nobody answers
	wait_for is_clean
}
