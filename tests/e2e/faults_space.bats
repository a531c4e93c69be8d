#!/usr/bin/env bats
# File systems that are full, of bytes or of inodes, and read-only ones, below what lasts and what does not: commands say in one
# line what is full and leave nothing, what runs goes on and ends as it does, and with space again all is whole.
load ../lib/common
load ../lib/engine
load ../lib/faults

bivy() { "$BIVY" --root "${ROOT:-$SCRATCH/root}" --run-root "${RUN:-$SCRATCH/run}" "$@" 3>&-; }

teardown() {
	local ids
	[ -n "${WORK:-}" ] || return 0
	cd /
	if [ -n "${ROOT:-}" ]; then
		[ -z "${COVERED:-}" ] || umount "$SMALL"
		give_space
		ids=$(bivy ps -aq) && [ -z "$ids" ] || bivy rm -f $ids >/dev/null
		sweep_mounts "$WORK"
	fi
	rm -rf --one-file-system "$WORK"
}

# small tmpfs|ext4 root|run: an engine of the test's own, ROOT and RUN, the one of which is a small file system, SMALL; a container
# `live` runs, `idle` has ended.
small() {
	user_lacks "mounting where his files are"
	[ "$1 $2" != "tmpfs root" ] || require_kernel 6.3 "images on tmpfs: its owners mapped by mounts"
	ROOT=$WORK/root RUN=$WORK/run SMALL=$WORK/$2
	mkdir -p "$ROOT" "$RUN"
	if [ "$1" = tmpfs ]; then
		mount -t tmpfs -o size=16m,nr_inodes=2500 small "$SMALL"
	else
		command -v mkfs.ext4 >/dev/null && [ -e /dev/loop-control ] || skip "missing: mkfs.ext4 and loop devices"
		truncate -s 24m image
		mkfs.ext4 -q -N 2500 image
		mount -o loop image "$SMALL" || skip "missing: loop devices"
	fi
	cp -a "$SCRATCH/root/images" "$ROOT"
	bivy tag busybox spare
	bivy volume create kept >/dev/null
	bivy network create net >/dev/null
	bivy run --name idle busybox true
	bivy run -d --name live busybox sh -c 'while [ ! -e /stop ]; do echo line; sleep 0.02; done; exit 7' >/dev/null
	wait_for has_said live
	mkdir -p context
	printf 'FROM busybox\nCOPY Dockerfile /x\nRUN true\n' >context/Dockerfile
}
has_said() { [ "$(bivy logs -n 1 "$1")" = line ]; }

# fill bytes|inodes: to the last.
fill() {
	local i=0
	if [ "$1" = bytes ]; then
		dd if=/dev/zero of="$SMALL/.filler" bs=64k status=none 2>/dev/null || :
		dd if=/dev/zero of="$SMALL/.filler2" bs=1 count=5000 status=none 2>/dev/null || :
	else
		mkdir "$SMALL/.fillers"
		while : >"$SMALL/.fillers/$i"; do i=$((i + 1)); done 2>/dev/null
	fi
}
give_space() { rm -rf "$SMALL/.filler" "$SMALL/.filler2" "$SMALL/.fillers"; }

# full STATUS ARGUMENT…: it succeeds, as what it needs happened to be there, or fails so with the reason.
full() {
	told "$@" 2>/dev/null && [[ $output == *"no space left on device"* ]] && return
	[ "$status" -eq 0 ] || { echo "status $status of: $*: $output"; return 1; }
}

# Commands that write, and those that only look or take away.
write_all() {
	full 1 tag busybox other
	full 125 create --name made busybox
	full 125 run --rm --network net busybox true
	full 125 start idle || full 1 start idle
	full 1 volume create more
	full 1 network create more
	full 1 commit live committed
	full 1 rename live other || return
	[ "$status" -ne 0 ] || bivy rename other live
	full 1 update -m 200m live
	limited cp context live:/x >out 2>&1 || grep -q 'no space left on device' out
	limited load -i "$WORK/saved.tar" >out 2>&1 || grep -q 'no space left on device' out
	limited build -q -t built context >out 2>&1 || grep -q 'no space left on device' out
	tar c context | limited import - imported >out 2>&1 || grep -q 'no space left on device' out
}
look_all() {
	told 0 ps -a
	told 0 images
	told 0 volume ls
	told 0 network ls
	told 0 inspect live
	told 0 logs -n 1 live
	[ "$(<stdout)" = line ]
	told 0 exec live true
	told 0 top live
	told 0 cp live:/etc/passwd "$WORK/passwd"
	told 0 diff live
	told 0 system df
}

# with_space: what was acknowledged is there, what ran has gone on, and everything works.
with_space() {
	give_space
	[ "$(bivy ps --filter name=live --format '{{.State}}')" = running ]
	[ "$(bivy volume ls -q --filter name=kept)" = kept ]
	[ -n "$(bivy images -q spare)" ]
	bivy system check --repair
	whole
	told 0 run --rm --network net -v kept:/v busybox touch /v/x
	told 0 build -q context
	told 0 start idle
	told 0 rm -f live
	whole
}

one_full() {
	bivy save -o "$WORK/saved.tar" busybox >/dev/null 2>&1
	small "$1" "$3"
	fill "$2"
	look_all
	write_all
	look_all
	with_space
}

@test "what lasts: no bytes left on tmpfs" { one_full tmpfs bytes root; }
@test "what lasts: no inodes left on tmpfs" { one_full tmpfs inodes root; }
@test "what lasts: no bytes left on ext4" { one_full ext4 bytes root; }
@test "what lasts: no inodes left on ext4" { one_full ext4 inodes root; }
@test "what is volatile: no bytes left" { one_full tmpfs bytes run; }
@test "what is volatile: no inodes left" { one_full tmpfs inodes run; }

@test "the image store alone, full: containers start and end, images wait" {
	user_lacks "mounting where his files are"
	require_kernel 6.3 "images on tmpfs: its owners mapped by mounts"
	bivy save -o "$WORK/saved.tar" busybox >/dev/null 2>&1
	ROOT=$WORK/root RUN=$WORK/run SMALL=$WORK/root/images
	mkdir -p "$SMALL"
	mount -t tmpfs -o size=16m small "$SMALL"
	cp -a "$SCRATCH/root/images/." "$SMALL"
	bivy run --name idle busybox true
	fill bytes
	told 0 start idle
	full 125 create busybox
	full 1 load -i "$WORK/saved.tar"
	told 0 rm idle
	give_space
	told 0 tag busybox other
	told 0 run --rm other true
	whole
}

@test "an end on a full disk is told, and is recorded once there is space" {
	small tmpfs root
	id=$(bivy inspect -f '{{.Id}}' live)
	fill bytes
	# Into the root file system nothing can be written, but a file without bytes.
	bivy exec live touch /stop
	[ "$(bivy wait live)" = 7 ]
	[[ $(bivy ps -a --filter name=live --format '{{.Status}}') == "Exited (7)"* ]]
	# What its supervisor has to write last, it tries before there is space.
	flock -s "$RUN/containers/$id/lock" true
	give_space
	run bivy system check --repair
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "not written to its record: how the container 'live' ended" ] || fail "$output"
	rm -r "$RUN/containers/$id"
	[ "$(bivy inspect -f '{{.State.ExitCode}} {{.State.Error}}' live)" = "7 " ]
	whole
}

@test "read-only: what only looks works, the others say so" {
	for place in root run; do
		small tmpfs $place
		mount --bind "$SMALL" "$SMALL"
		mount -o remount,bind,ro "$SMALL"
		COVERED=yes
		look_all
		for line in "125 create busybox" "125 run --rm busybox true" "125 start idle" "1 rename live other" "1 update -m 200m live" "1 volume create more" \
			"1 network create more" "1 tag busybox other" "1 rm idle" "1 volume rm kept" "1 network rm net" "1 rmi spare" "1 commit live x" "1 build -q context"; do
			told $line >said || { [ $place = run ] && [[ $status =~ ^(0|1)$ ]]; } || { echo "$place: $line: $output"; return 1; }
			[[ $status != 0 || $line != *rename* ]] || bivy rename other live
			[ "$status" -eq 0 ] || [[ $output == *"read-only file system"* ]] || { echo "$place: $line: $output"; return 1; }
		done
		umount "$SMALL"
		COVERED=
		[ "$(bivy ps --filter name=live --format '{{.State}}')" = running ] || [ $place = run ]
		bivy system check --repair >/dev/null
		whole
		ids=$(bivy ps -aq) && bivy rm -f $ids >/dev/null
		umount -l "$SMALL"
		rm -rf "$ROOT" "$RUN"
		SMALL=
	done
	ROOT=
}
