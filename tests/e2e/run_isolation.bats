# What a container of `run` is kept from, given and limited to, seen from inside and from the host.

bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# assert_line TEXT: one of the lines of the output is TEXT.
assert_line() { grep -qxF -e "$1" <<<"$output" || fail "no line '$1':" "$output"; }

@test "by default: ids of its own, few capabilities, a filter, nothing of the host to write to" {
	run bivy run --rm busybox sh -c '
		while read inside outside size; do echo "map $inside $size $((outside >= 536870912))"; done </proc/self/uid_map
		grep -E "CapEff|CapBnd|^Seccomp:" /proc/self/status
		echo 1 >/proc/sys/kernel/hostname; mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x; cat /proc/kcore | head -c 1 | wc -c
		unshare -r true; echo "unshare $?"' 2>/dev/null
	assert_ok
	if has_power; then
		assert_line "map 0 65536 1"
	elif is_user; then
		assert_line "map 1 65536 0"
	fi
	assert_line $'CapEff:\t00000000800405fb'
	assert_line $'CapBnd:\t00000000800405fb'
	assert_line $'Seccomp:\t2'
	assert_line "unshare 1"
	assert_line 0
	run bivy run --rm busybox sh -c 'touch /proc/sys/vm/swappiness /sys/x /sys/fs/cgroup/x; echo $?'
	assert_has "Read-only file system"
}

@test "loosened one by one: --userns=host, --privileged, --cap-add, --security-opt" {
	# Of an ordinary user all that there is are the ids that he has.
	all=4294967295
	has_power || all=$(awk 'END { print $3 }' /proc/self/uid_map)
	! is_user || all=65536
	run bivy run --rm --userns host busybox cat /proc/self/uid_map
	[[ $output == *" $all" ]]
	run bivy run --rm --privileged busybox sh -c 'cat /proc/self/uid_map; grep ^Seccomp: /proc/self/status; touch /sys/fs/cgroup && echo writable'
	assert_has " $all"
	assert_line $'Seccomp:\t0'
	run bivy run --rm --cap-drop all --cap-add net_raw --security-opt seccomp=unconfined --security-opt no-new-privileges busybox \
		grep -E 'CapEff|NoNew|^Seccomp:' /proc/self/status
	assert_equal $'CapEff:\t0000000000002000\nNoNewPrivs:\t1\nSeccomp:\t0' "$output"
	# Others than root keep what was named, and nothing else.
	run bivy run --rm -u user --cap-add chown busybox grep -E 'CapEff|CapAmb' /proc/self/status
	assert_equal $'CapEff:\t0000000000000001\nCapAmb:\t0000000000000001' "$output"
}

@test "users and groups are the container's" {
	run bivy run --rm -u user:0 --group-add 55 busybox sh -c 'id -u; id -g; id -G; echo $HOME'
	assert_equal $'1000\n0\n0 55\n/home/user' "$output"
	run bivy run --rm -u nobody2 busybox true
	[ "$status" -eq 125 ]
	assert_has "no such user 'nobody2' in /etc/passwd of the container"
	has_power || is_user || return 0 # who may have more of them
	run bivy run --rm -u 70000 busybox true
	[ "$status" -eq 125 ]
	assert_has "the user id 70000 is not in the container's range"
	! is_user || return 0
	run bivy run --rm --userns auto:size=70001 -u 70000 busybox id -u
	assert_equal 70000 "$output"
}

@test "binds: files of the host appear as they are owned, and become so" {
	user_lacks "giving files to others"
	mkdir shared && echo text >shared/root && cp shared/root shared/user && chown 1000:1000 shared/user
	run bivy run --rm -v "$PWD/shared:/mnt" busybox sh -c 'stat -c "%n %u" /mnt/root /mnt/user; touch /mnt/new; chown 1000 /mnt/new'
	assert_equal $'/mnt/root 0\n/mnt/user 1000' "$output"
	assert_equal 1000 "$(stat -c %u shared/new)"
	run bivy run --rm -v "$PWD/shared:/mnt:ro" busybox touch /mnt/x
	assert_has "Read-only file system"
	run bivy run --rm -u user -v "$PWD/shared/user:/file" busybox sh -c 'echo more >>/file'
	assert_ok
	assert_equal $'text\nmore' "$(cat shared/user)"
	run bivy run --rm -v "$PWD/made:/mnt" busybox true
	assert_ok
	[ -d made ]
	run bivy run --rm --mount "type=bind,src=$PWD/missing,dst=/mnt" busybox true
	[ "$status" -eq 125 ]
	assert_has "cannot bind '$PWD/missing' on '/mnt': no such file or directory"
	[ ! -e missing ]
}

@test "volumes: filled from the image, kept, shared, and removed with who they were made for" {
	run bivy run --rm -v data:/etc busybox sh -c 'stat -c %u /etc/passwd; echo mine >/etc/mine'
	assert_equal 0 "$output"
	run bivy run --rm -v data:/x:ro busybox sh -c 'cat /x/mine; cmp /x/passwd /etc/passwd && touch /x/y'
	assert_has mine
	assert_has "Read-only file system"
	run bivy run --rm -v empty:/etc:nocopy busybox ls /etc
	assert_equal $'hostname\nhosts\nresolv.conf' "$output"
	assert_equal 2 "$(ls "$SCRATCH/root/volumes" | wc -l)"
	bivy run --rm -v /anonymous busybox touch /anonymous/x
	assert_equal 2 "$(ls "$SCRATCH/root/volumes" | wc -l)"
	# A copy that was killed begins again.
	touch "$SCRATCH/root/volumes/data/copying"
	run bivy run --rm -v data:/etc busybox ls /etc/mine
	assert_has "No such file"
}

@test "tmpfs, a read-only root, shared memory, and mounts within mounts" {
	run bivy run --rm --read-only --tmpfs /scratch:size=64k busybox sh -c 'touch /x; touch /tmp/x /scratch/x && df -k /scratch | tail -1'
	assert_has "Read-only file system"
	assert_has " 64 "
	run bivy run --rm --shm-size 1m busybox sh -c 'df -k /dev/shm | tail -1'
	assert_has " 1024 "
	mkdir -p outer inner && touch outer/o inner/i
	run bivy run --rm -v "$PWD/inner:/a/b" -v "$PWD/outer:/a" busybox sh -c 'ls /a/o /a/b/i'
	assert_equal $'/a/b/i\n/a/o' "$output"
	run bivy run --rm -v "$PWD/outer:/a" --tmpfs /a busybox true
	[ "$status" -eq 125 ]
	assert_one_line
}

@test "devices: there for who owns them inside, as far as was said" {
	require_power "making device nodes"
	mknod node c 1 5 && chmod 600 node
	run bivy run --rm --device "$PWD/node:/dev/mine:r" busybox sh -c 'stat -c "%u %a" /dev/mine; head -c 3 /dev/mine | wc -c'
	assert_equal $'0 600\n3' "$output"
	run bivy run --rm --device /dev/missing busybox true
	[ "$status" -eq 125 ]
	assert_has "--device: cannot use the device '/dev/missing': no such file or directory"
	run bivy run --rm --device "$PWD:/dev/x" busybox true
	assert_has "is no device"
}

@test "devices come and go while a container runs, and are there when it is started again" {
	require_power "making device nodes"
	# /dev/kmsg opens for writing without any capability, and is none of the usual devices
	mknod zeros c 1 5 && mknod kmsg c 1 11 && chmod 666 zeros kmsg
	bivy run -d --name web --device "$WORK/zeros" busybox sleep 1000
	opens() { bivy exec web sh -c ": >$1"; }
	has() { bivy exec web test -c "$1"; }
	bivy update --device-add "$WORK/kmsg:/dev/new:w" web
	opens /dev/new
	run bivy exec web sh -c ': </dev/new'
	[ "$status" -ne 0 ]
	run bivy update --device-add "$WORK/zeros:/dev/new" web
	assert_has "cannot give the container 'web' the device '/dev/new': it has a device there already"
	run bivy update --device-add "$WORK:/dev/other" web
	assert_has "--device: '$WORK' is no device"
	bivy restart -t 0 web
	opens /dev/new
	bivy stop -t 0 web
	bivy start web
	opens /dev/new
	bivy update --device-rm /dev/new --device-rm "$WORK/zeros" --device-add "$WORK/kmsg:/dev/messages:w" web
	run has /dev/new
	[ "$status" -ne 0 ]
	opens /dev/messages
	bivy restart -t 0 web
	run has /dev/new
	[ "$status" -ne 0 ]
	opens /dev/messages
	[ "$(ls "$SCRATCH"/run/containers/*/ | grep -c device-)" -eq 1 ]
	run bivy update --device-rm /dev/new web
	assert_has "cannot take the device '/dev/new' from the container 'web': it has no device there"
	[ "$(bivy inspect -f '{{range .HostConfig.Devices}}{{.PathInContainer}} {{end}}' web)" = "/dev/messages " ]
	bivy rm -f web
	# without ids of its own a container can make nodes; they open while it has the device, no longer
	bivy run -d --name web --userns host --cap-add MKNOD busybox sh -c 'mknod /messages c 1 11; sleep 1000'
	wait_for has /messages
	run opens /messages
	[ "$status" -ne 0 ]
	bivy update --device-add "$WORK/kmsg:/dev/messages" web
	opens /messages
	bivy update --device-rm /dev/messages web
	run opens /messages
	[ "$status" -ne 0 ]
}

@test "hosts, host name, name servers, zone, clock, personality" {
	run bivy run --rm --network none -h web --domainname example.org --add-host db:10.0.0.5 --dns 10.0.0.1 --dns-search example.org busybox \
		sh -c 'hostname; cat /etc/hostname; grep -E "web|db" /etc/hosts; cat /etc/resolv.conf | head -2; echo more >>/etc/hosts'
	assert_ok
	assert_equal $'web\nweb\n127.0.0.1\tweb.example.org web\n10.0.0.5\tdb\nsearch example.org\nnameserver 10.0.0.1' "$output"
	run bivy run --rm --network host busybox hostname
	assert_equal "$(hostname)" "$output"
	run bivy run --rm --tz Nowhere busybox true
	[ "$status" -eq 125 ]
	assert_has "--tz: the host knows no time zone 'Nowhere'"
	if [ -e /usr/share/zoneinfo/Asia/Tokyo ]; then
		run bivy run --rm --tz Asia/Tokyo busybox date +%z
		assert_equal +0900 "$output"
	fi
	run bivy run --rm --time-offset boottime=100000000.5 busybox sh -c 'read up rest </proc/uptime; [ "${up%.*}" -gt 100000000 ]'
	assert_ok
	run bivy run --rm --umask 027 busybox sh -c umask
	assert_equal 0027 "$output"
}

@test "secrets: a file, a variable, and never one that is not there" {
	echo word >secret
	run bivy run --rm --secret "id=pw,src=$PWD/secret,uid=1000,mode=0400" --secret "id=pe,src=$PWD/secret,type=env,target=PW" busybox \
		sh -c 'stat -c "%u %a" /run/secrets/pw; cat /run/secrets/pw; echo $PW; touch /run/secrets/pw'
	assert_line "1000 400"
	assert_equal 2 "$(grep -c word <<<"$output")"
	assert_has "Read-only file system"
	run bivy run --rm --secret pw busybox true
	[ "$status" -eq 125 ]
	assert_has "--secret: there is no secret 'pw'"
}

@test "limits: as they are in the control groups" {
	run bivy run --rm -m 64m --cpus 0.5 --pids-limit 50 --ulimit nofile=100:200 busybox sh -c '
		cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null
		cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null
		cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null; ulimit -n; ulimit -Hn'
	assert_line 67108864
	assert_line 50
	[[ $output == *50000* ]]
	assert_line 100
	assert_line 200
}

@test "namespaces of another container, and its ids" {
	bivy run -d --name first busybox sleep 100 >/dev/null
	run bivy run --rm --pid container:first --network container:first --ipc container:first busybox sh -c 'ps; cat /proc/self/uid_map'
	assert_ok
	assert_has "sleep 100"
	assert_has "$(bivy exec first cat /proc/self/uid_map)"
	bivy stop -t 0 first >/dev/null
	run bivy run --rm --pid container:first busybox true
	[ "$status" -eq 125 ]
	assert_has "--pid: cannot join the container 'first': it is not running"
	run bivy run --rm --network nowhere busybox true
	[ "$status" -eq 125 ]
	assert_has "--network: no such network 'nowhere'"
	run bivy run --rm --network none -p 80:80 busybox true
	[ "$status" -eq 125 ]
	assert_has "cannot publish ports"
}

@test "--rootfs: a directory, as it is or with what is written dropped" {
	cp -a "$BASE_ROOTFS" root
	run bivy run --rm --rootfs "$PWD/root" sh -c 'stat -c %u /; touch /new'
	assert_equal 0 "$output"
	assert_equal "$EUID" "$(stat -c %u root/new)"
	run bivy run --rm --rootfs "$PWD/root:O" sh -c 'rm /new && touch /newer'
	assert_ok
	[ -e root/new ] && [ ! -e root/newer ]
	run bivy run --rm --userns host --rootfs "$PWD/root" stat -c %u /new
	assert_equal 0 "$output"
	# Owners are mapped again when it is started again.
	bivy run -d --name again --restart on-failure:1 --rootfs "$PWD/root" sh -c 'stat -c %u /new >>/owners; exit 1' >/dev/null
	wait_for grep -q -z '0.0' root/owners
	assert_equal $'0\n0' "$(cat root/owners)"
}

@test "--systemd: places in memory, control groups of its own to divide, and its signal to stop" {
	run bivy run --rm --systemd=always busybox sh -c 'touch /run/x /run/lock/x /tmp/x; echo $container
		for d in /sys/fs/cgroup/unified /sys/fs/cgroup; do [ -e $d/cgroup.procs ] && mkdir $d/own && rmdir $d/own && echo divided; done; true'
	assert_ok
	assert_line bivy
	[ ! -e /sys/fs/cgroup/cgroup.procs ] && [ ! -e /sys/fs/cgroup/unified/cgroup.procs ] || assert_line divided
	bivy run -d --name system --systemd=always busybox sh -c 'trap "exit 3" 37; touch /ready; while :; do sleep 0.05; done' >/dev/null
	wait_for bivy exec system test -e /ready
	bivy stop system >/dev/null
	assert_equal 3 "$(bivy wait system)"
}
