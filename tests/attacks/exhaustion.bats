# Hostile containers: using up what the host and all containers share. What is tried is bounded by the test itself, too.

bats_require_minimum_version 1.5.0
load lib/rows

@test "a fork bomb" {
	attack "a fork bomb" "pids limit of the cgroup, 2048 by default=--pids-limit -1" -- hostile processes 2100
}

@test "a fork bomb in a container that is executed in" {
	bivy run -d --name victim --network none --pids-limit 60 busybox sleep 100 >/dev/null
	run bivy exec victim hostile processes 100
	assert_stopped
	bivy update --pids-limit -1 victim >/dev/null
	run bivy exec victim hostile processes 100
	assert_hit
	row "a fork bomb by way of exec" "pids limit of the cgroup" "succeeds"
}

@test "memory" {
	WITH=(-m 32m --memory-swap 32m)
	attack "more memory than is given" "memory limit of the cgroup, where it is asked for=-m 200m --memory-swap 200m" -- hostile memory-use 64
}

@test "memory by way of /dev/shm" {
	attack "memory by way of /dev/shm" "size of the mount, 64 MiB by default=--shm-size 128m" -- hostile fill /dev/shm/file 80
}

@test "memory by way of /dev" {
	attack "memory by way of /dev" "size of the mount, 64 MiB=--tmpfs /dev" -- hostile fill /dev/file 80
}

@test "memory by way of empty files in /dev/shm" {
	WITH=(-m 24m --memory-swap 24m)
	attack "memory by way of empty files in /dev/shm" "memory limit of the cgroup, where it is asked for=-m 300m --memory-swap 300m" -- hostile files /dev/shm 40000
}

@test "memory by way of a mount of its own" {
	WITH=(-m 32m --memory-swap 32m --cap-add SYS_ADMIN)
	attack "memory by way of a tmpfs without a size" "memory limit of the cgroup, where it is asked for=-m 200m --memory-swap 200m" -- \
		sh -c 'mount -t tmpfs none /mnt 2>/dev/null || { mkdir -p /m && mount -t tmpfs none /m; }; hostile fill /m/file 64'
}

@test "the disk, by way of a volume" {
	WITH=(--rm)
	[ -e /dev/loop-control ] || skip "missing: /dev/loop-control"
	bivy volume create --opt size=8m small >/dev/null || skip "missing: volumes with a size"
	in_container -v small:/data -- hostile fill /data/file 16
	assert_stopped
	in_container -v large:/data -- hostile fill /data/file 16
	assert_hit
	in_container -v small:/data -- hostile files /data 100000
	assert_stopped "with empty files"
	bivy volume rm small large >/dev/null
	row "bytes and inodes of the disk, by way of a volume" "size of the volume, where it is asked for" "succeeds"
}

@test "the disk, by way of the log" {
	logged() { du -ck "$SCRATCH"/root/containers/*/*log* "$SCRATCH"/root/containers/*/logs 2>/dev/null | awk 'END { print $1 + 0 }'; }
	talk() {
		bivy run -d --name talks --network none "$@" busybox sh -c 'yes 0123456789012345678901234567890123456789 | head -c 3000000; sleep 100' >/dev/null
		wait_for said_all
		size=$(logged)
		bivy rm -f talks >/dev/null
	}
	said_all() { [ "$(bivy exec talks sh -c 'ps | grep -c "[h]ead -c"')" = 0 ]; }
	local size
	talk --log-opt max-size=100k --log-opt max-file=2 --log-opt compress=false
	[ "$size" -lt 700 ] || fail "HIT: the log has $size KiB"
	talk --log-opt max-size=-1 --log-opt compress=false
	[ "$size" -gt 2500 ] || fail "no attack: the log has $size KiB"
	row "the disk, by way of the log" "files of bounded size and number, 20 MiB each by default" "succeeds"
}

@test "terminals" {
	[ "$(cat /proc/sys/kernel/pty/max)" -gt 2500 ] || skip "missing: enough terminals"
	WITH=(--ulimit nofile=4096:4096)
	attack "all terminals" "a bound of its devpts, 1024=--cap-add SYS_ADMIN" -- sh -c 'mount -t devpts -o newinstance,ptmxmode=666 none /home 2>/dev/null
		[ -e /home/ptmx ] && hostile terminals 1100 /home/ptmx || hostile terminals 1100 /dev/ptmx'
}

@test "directories deeper than any path" {
	require_python
	# who walks through them must neither recurse nor hold a descriptor for each
	bivy run -d --name victim --network none busybox sh -c 'hostile deep /home 2500 && touch /made; sleep 100' >/dev/null
	wait_for bivy exec victim test -e /made
	# As most have it, whatever those who may have more have.
	ulimit -S -n 1024
	run bivy diff victim
	[ "$status" -eq 0 ] || assert_has "too many levels of directories"
	run bivy cp victim:/home out
	[ "$status" -eq 0 ] || assert_has "too many levels of directories"
	run bivy commit victim deep
	[ "$status" -eq 0 ] || assert_has "too many levels of directories"
	run -0 bivy ps -as
	run -0 bivy system df
	run -0 bivy rm -f victim
	[ -z "$(ls -A "$SCRATCH/root/containers")" ] || fail "HIT: it cannot be removed"
	# one that recurses
	mkdir deep && "$HOSTILE" deep "$PWD/deep" 2000
	run -1 "$PYTHON" -c 'import shutil; shutil.rmtree("deep")'
	row "directories deeper than any path and than descriptors go" "walks of bounded depth" "a walk that recurses fails, and so nothing is removed"
}

@test "memory of the host's /run, by way of /etc/hosts" {
	# what is bound there for a container to write to must not lie in memory
	mkdir host-run && mount -t tmpfs -o size=16m none host-run
	SUCCEEDED=run_is_full
	run_is_full() { [ "$(df --output=avail "$PWD/host-run" | tail -n 1)" -lt 1000 ]; }
	fills() {
		"$BIVY" --root "$SCRATCH/root" --run-root "$PWD/host-run" run -d --name fills --network none "$@" busybox \
			sh -c 'for f in /etc/hosts /etc/hostname /etc/resolv.conf /file; do cat /dev/zero 2>/dev/null | head -c 20000000 >>$f; done; touch /done; sleep 100' >/dev/null
		wait_for "$BIVY" --root "$SCRATCH/root" --run-root "$PWD/host-run" exec fills test -e /done
	}
	fills
	assert_stopped
	"$BIVY" --root "$SCRATCH/root" --run-root "$PWD/host-run" rm -f fills >/dev/null
	touch host-run/given
	fills --userns host -v "$PWD/host-run/given:/file" # before 6.3 owners cannot be mapped on tmpfs
	assert_hit
	"$BIVY" --root "$SCRATCH/root" --run-root "$PWD/host-run" rm -f fills >/dev/null
	row "the host's /run in memory, by way of /etc/hosts, hostname, resolv.conf" "those lie on the disk" "with a file of /run: succeeds"
}
