# bivy: volumes, what they are made of, and what is mounted in containers.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# Volumes outlive containers: each test begins without.
remove_volumes() {
	local names
	names=$(bivy volume ls -q) && [ -z "$names" ] || bivy volume rm $names >/dev/null
	[ -z "$(ls -A "$SCRATCH/root/volumes" 2>/dev/null | grep -v '^\.lock$')" ]
}
teardown() {
	engine_teardown
	[ -z "${WORK:-}" ] || remove_volumes
}

@test "volume create, ls, inspect, rm: in docker's words, with labels, filters and events" {
	run -0 bivy volume create --label kind=db data
	[ "$output" = data ]
	run -0 bivy volume create data
	run -0 bivy volume create
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	local nameless=$output
	bivy create -v data:/d --name user busybox >/dev/null
	run -0 bivy volume ls --filter dangling=true -q
	[ "$output" = "$nameless" ]
	run -0 bivy volume ls --filter label=kind=db --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}}'
	[ "$output" = "data local local kind=db" ]
	[ "$(bivy volume ls --filter name=dat | head -1)" = "DRIVER    VOLUME NAME" ]
	run -0 bivy volume inspect --format '{{.Name}} {{.Mountpoint}} {{.Labels.kind}} {{.Anonymous}}' data
	[ "$output" = "data $SCRATCH/root/volumes/data/_data db false" ]
	[ "$(bivy inspect --type volume -f '{{.Name}}' data)$(bivy inspect -f '{{.Driver}}' data)" = datalocal ]
	run -1 bivy inspect --type container data
	run -125 bivy inspect --type pod data
	[ "$output" = "bivy: invalid value 'pod' for --type: expected container, image, network or volume" ]
	run -1 bivy volume rm data
	[ "$output" = "bivy: cannot remove the volume 'data': the container 'user' has it" ]
	bivy rm user
	run -0 bivy volume rm data "$nameless"
	run -1 bivy volume rm dat
	[ "$output" = "bivy: no such volume 'dat'" ]
	bivy volume rm -f dat
	run -1 bivy volume inspect data
	[ "${lines[-1]}" = "bivy: no such volume 'data'" ]
	run -0 bivy events --since 1h --until 0s --filter volume=data --format '{{.Action}}'
	[ "$output" = $'create\ndestroy' ]
}

@test "a volume is there once a container is created, and what happens to it is told" {
	bivy create -v told:/d -v /nameless --name user busybox true >/dev/null
	[ "$(bivy volume ls -q | wc -l)" -eq 2 ]
	run -125 bivy create --mount type=volume,src=bad,dst=/b,volume-opt=type=nothing,volume-opt=device=x,volume-opt=size=x -v /other --name not busybox
	[ "$(bivy ps -aq | wc -l)$(bivy volume ls -q | wc -l)" = 12 ]
	bivy run -d --name web -v told:/d:ro --restart always busybox sleep 1000 >/dev/null
	bivy update --mount-add told:/e web
	bivy restart -t 0 web
	bivy update --mount-rm /e web
	bivy rm -f web >/dev/null
	bivy rm -v user
	# what was counted twice is there in two places
	run -0 bivy events --since 1h --until 0s --filter volume=told --format '{{.Action}} {{index .Actor.Attributes "destination"}} {{index .Actor.Attributes "read/write"}}'
	[ "$output" = $'create  \nmount /d false\nmount /e true\nunmount  \nunmount  \nmount /d false\nmount /e true\nunmount  \nunmount  ' ]
	[ "$(bivy volume ls -q)" = told ]
}

@test "volume prune: nameless ones, with --all others too, and none that a container has" {
	bivy volume create kept >/dev/null && bivy volume create --label a=b other >/dev/null && bivy volume create >/dev/null
	bivy create -v kept:/d --name user busybox >/dev/null
	run -0 bivy volume prune -f
	[ "${#lines[@]}" -eq 3 ] && [ "${lines[0]}" = "Deleted Volumes:" ] && [[ ${lines[2]} == "Total reclaimed space: "* ]]
	[ "$(bivy volume ls -q)" = $'kept\nother' ]
	run -0 bivy volume prune -af --filter label!=a
	[ "$(bivy volume ls -q)" = $'kept\nother' ]
	run -0 bivy volume prune -af
	[ "$(bivy volume ls -q)" = kept ]
	run -1 bivy volume prune -f --filter name=x
	[ "${lines[0]}" = "bivy: invalid filter 'name=x'" ]
}

@test "bad input: names, options, drivers, one line each" {
	run -1 bivy volume create x
	[ "${lines[0]}" = "bivy: 'x' is no name of a volume: expected [a-zA-Z0-9][a-zA-Z0-9_.-]+" ]
	run -1 bivy volume create -o sise=1g data
	[ "${lines[0]}" = "bivy: cannot make the volume 'data': there is no option 'sise' of a volume: expected type, device, o or size" ]
	run -1 bivy volume create -o size=some data
	[ "$output" = "bivy: cannot make the volume 'data': 'some' is no size of a volume: expected one such as 10g" ]
	run -1 bivy volume create -d nfs data
	[ "$output" = "bivy: there is no volume driver 'nfs', only 'local'" ]
	bivy volume create -o o=uid=5 data >/dev/null
	run -1 bivy volume create -o o=uid=6 data
	[ "$output" = "bivy: cannot make the volume 'data': there is one of that name, with other options" ]
}

@test "a size is kept, by a file system of its own where the host's keeps none; a snapshot and a clone of it" {
	command -v mkfs.ext4 >/dev/null || skip "missing: mkfs.ext4"
	[ -e /dev/loop-control ] || skip "missing: /dev/loop-control"
	require_power "mounting file systems of disks"
	bivy volume create -o size=4m -o o=uid=5,gid=6 data >/dev/null
	run -0 bivy run --rm -v data:/d busybox sh -c 'ls /d; stat -c %u:%g /d; echo small >/d/a; dd if=/dev/zero of=/d/b bs=1M count=6 2>&1; rm /d/b'
	assert_has "No space left"
	[ "${lines[0]}" = 5:6 ]
	[ "$(cat "$SCRATCH/root/volumes/data/_data/a" 2>/dev/null)" = "" ] # nobody has it: it is not mounted
	run -0 bivy volume snapshot data before
	bivy run --rm -v data:/d busybox sh -c 'echo changed >/d/a'
	run bivy run --rm -v before:/d busybox sh -c 'cat /d/a; echo x >/d/a'
	assert_has small
	assert_has "Read-only file system"
	bivy volume clone before again >/dev/null
	run -0 bivy run --rm -v again:/d busybox sh -c 'cat /d/a; echo x >/d/a'
	[ "$output" = small ]
	run -0 bivy volume inspect -f '{{.Origin}} {{.ReadOnly}} {{.Size}}' before again
	[ "$output" = $'data true 4194304\nbefore false 4194304' ]
	! grep -q "$SCRATCH/root/volumes" /proc/self/mountinfo
}

@test "--storage-opt size= limits what a container writes, where the file system keeps such limits" {
	run -125 bivy create --storage-opt size=lots busybox
	[ "$output" = "bivy: --storage-opt: expected a size such as 10g, not 'lots'" ]
	run -125 bivy create --storage-opt colour=red busybox
	[ "$output" = "bivy: --storage-opt: there is no option 'colour', only size" ]
	mkdir disk
	truncate -s 64M image
	mkfs.ext4 -q image || skip "missing: e2fsprogs"
	mount -o loop image disk || skip "missing: ext4 on a loop device"
	small() { BIVY_IMAGES="$SCRATCH/root/images" "$BIVY" --root "$WORK/disk/root" --run-root "$WORK/run" "$@"; }
	fs() { mkdir -p disk/fs/bin disk/fs/tmp disk/fs/proc disk/fs/sys disk/fs/dev disk/fs/etc; cp "$(command -v busybox)" disk/fs/bin/; tar c -C disk/fs . | small import - small >/dev/null; rm -r disk/fs; }
	fs
	run -125 small create --storage-opt size=4m small /bin/busybox true
	[[ $output == "bivy: --storage-opt: the file system of '$WORK/disk/root' keeps no limits of directories"* ]]
	[ -z "$(small ps -aq)" ]
	umount disk
	tune2fs -O project,quota -Q prjquota image >/dev/null 2>&1 && mount -o loop,prjquota image disk || skip "missing: project quotas in this kernel"
	write() { small exec "$1" /bin/busybox dd if=/dev/zero of=/file bs=1M count="$2"; }
	for name in one two; do small run -d --name $name --network none --storage-opt size=4m small /bin/busybox sleep 1000; done
	write one 3
	write two 3
	run write one 5
	[ "$status" -ne 0 ]
	small rm -f one two
	# the number is free again, and so is the space
	small run -d --name three --network none --storage-opt size=8m small /bin/busybox sleep 1000
	write three 7
	small rm -f three
	umount disk
}

@test "what docker's local driver mounts: a directory of the host, memory; nothing stays mounted" {
	mkdir host && echo text >host/file
	bivy volume create -o type=none -o o=bind -o device="$PWD/host" bound >/dev/null
	run -0 bivy run --rm -v bound:/d busybox cat /d/file
	[ "$output" = text ]
	bivy volume create -o type=tmpfs -o device=tmpfs -o o=size=64k,mode=1770 memory >/dev/null
	bivy run -d --name one -v memory:/d busybox sh -c 'echo text >/d/file; while sleep 0.1; do :; done' >/dev/null
	run -0 bivy run --rm -v memory:/d busybox sh -c 'until [ -s /d/file ]; do :; done; cat /d/file; df -k /d | tail -1; stat -c %a /d'
	[ "${lines[0]}" = text ] && [[ ${lines[1]} == *" 64 "* ]] && [ "${lines[2]}" = 1770 ]
	mounts() { if is_user; then bivy system enter cat /proc/self/mountinfo; else cat /proc/self/mountinfo; fi; }
	mounts | grep -q "volumes/memory/_data"
	bivy rm -f one >/dev/null
	! mounts | grep -q "$SCRATCH/root/volumes"
	[ "$(cat host/file)" = text ]
	bivy volume rm bound >/dev/null && [ -e host/file ]
}

@test "volume export and import: owners, links, and what is there" {
	bivy run --rm -v data:/d busybox sh -c 'echo one >/d/a; ln -s a /d/l; chown 7:8 /d/a; mkdir /d/s'
	bivy volume export data -o data.tar
	[ "$(tar tf data.tar | sort | tr '\n' ' ')" = "a l s/ " ] || [ "$(tar tf data.tar | sed 's|^\./||' | sort | tr '\n' ' ')" = " a l s/ " ]
	bivy volume create copy >/dev/null
	gzip -c data.tar | bivy volume import copy -
	run -0 bivy run --rm -v copy:/d busybox sh -c 'cat /d/l; stat -c %u:%g /d/a'
	[ "$output" = $'one\n7:8' ]
	bivy volume create second >/dev/null && bivy volume import second data.tar
	[ "$(cat "$SCRATCH/root/volumes/second/_data/a")" = one ]
	run -1 bivy volume import none data.tar
	[ "${lines[0]}" = "bivy: no such volume 'none'" ]
}

@test "--mount and -v: subpaths, images, owners, what is dropped, and volumes made with options" {
	mkdir -p host/sub && echo text >host/sub/file && ln -s / host/out && ln -s sub host/in
	bivy run --rm -v data:/d busybox sh -c 'mkdir -p /d/sub && echo inner >/d/sub/file && ln -s /etc /d/out && ln -s sub /d/in'
	run -0 bivy run --rm --mount type=volume,src=data,dst=/s,volume-subpath=in busybox cat /s/file
	[ "$output" = inner ]
	# A link of a stranger's leads nowhere outside of the volume.
	run -125 bivy run --rm --mount type=volume,src=data,dst=/s,volume-subpath=out busybox ls /s
	assert_has "cannot mount 'out' of 'data' on '/s': no such file or directory"
	run bivy run --rm --mount type=image,src=busybox,dst=/i busybox sh -c 'cmp /i/bin/busybox /bin/busybox && stat -c %u /i/bin && touch /i/x'
	[ "${lines[0]}" = 0 ]
	assert_has "Read-only file system"
	run -0 bivy run --rm --mount type=image,src=busybox,dst=/i,rw busybox sh -c 'touch /i/x && ls /i/x'
	run -0 bivy run --rm --mount type=image,src=busybox,dst=/i,subpath=etc busybox cat /i/passwd
	# O: what is written is dropped.
	run -0 bivy run --rm -v "$PWD/host:/o:O" busybox sh -c 'cat /o/sub/file; echo x >/o/sub/file; rm -r /o/sub; touch /o/new; ls /o'
	[ "${lines[0]}" = text ] && [ "$(cat host/sub/file)" = text ] && [ ! -e host/new ]
	# U: all of it becomes the user's.
	run -0 bivy run --rm -u 1000:1000 -v "$PWD/host:/u:U" busybox sh -c 'echo mine >/u/sub/file; stat -c %u:%g /u /u/sub/file'
	[ "$output" = $'1000:1000\n1000:1000' ]
	is_user || [ "$(stat -c %u:%g host/sub/file host/out)" = $'1000:1000\n1000:1000' ] && [ "$(stat -c %u /)" != 1000 ]
	run -0 bivy run --rm --mount type=volume,src=made,dst=/m,volume-label=a=b,volume-opt=o=uid=9 busybox stat -c %u /m
	[ "$output" = 9 ] && [ "$(bivy volume ls -q --filter label=a=b)" = made ]
	! is_user || return 0 # who cannot mount
	# Propagation, and what is read-only below.
	mkdir host/below && mount -t tmpfs tmpfs host/below
	run bivy run --rm -v "$PWD/host:/r:ro" busybox touch /r/below/x
	assert_has "Read-only file system"
	run -0 bivy run --rm --mount "type=bind,src=$PWD/host,dst=/r,ro,bind-recursive=writable" busybox touch /r/below/x
	run -0 bivy run --rm --mount "type=bind,src=$PWD/host,dst=/r,bind-recursive=disabled" busybox ls /r/below
	[ -z "$output" ]
	umount host/below
	run -0 bivy run --rm -v "$PWD/host:/r:rslave" --mount "type=bind,src=$PWD/host,dst=/s,bind-propagation=runbindable" busybox \
		sed -n 's/.* \/[rs] .* \(master\|unbindable\).*/\1/p' /proc/self/mountinfo
	assert_has unbindable
}

@test "mounts made anew for each start: a restarted container has them, too" {
	bivy run --rm -v data:/d busybox mkdir /d/sub
	bivy run -d --name again --restart on-failure:1 -v "$PWD:/out" --mount type=volume,src=data,dst=/s,volume-subpath=sub \
		--mount type=image,src=busybox,dst=/i busybox sh -c 'ls /i/bin/busybox /s >>/out/seen; exit 1' >/dev/null
	bivy wait again >/dev/null
	until [ "$(state_of again)" = exited ]; do sleep 0.1; done
	[ "$(grep -c busybox seen)" = 2 ]
}

@test "mounts added to and taken from a container that runs, one that restarts, and one that does not run" {
	user_lacks "giving files to others"
	mkdir host && echo text >host/file && chown 1000:1000 host/file
	bivy run -d --name live --restart on-failure busybox sh -c 'while [ ! -e /end ]; do sleep 0.05; done; rm /end; exit 1' >/dev/null
	run -0 bivy update --mount-add "type=bind,src=$PWD/host,dst=/new/place,ro" --mount-add data:/etc/filled --mount-add type=tmpfs,dst=/mem,tmpfs-size=64k \
		--mount-add "$PWD/host/file:/new-file" live
	[ "$output" = live ]
	run bivy exec live sh -c 'stat -c %u:%g /new/place/file; cat /new-file; touch /new/place/x; mkdir /etc/filled/s; touch /etc/filled/s/x /mem/x; ls /etc/filled'
	assert_has "1000:1000"$'\n'text
	assert_has "Read-only file system"
	assert_has s
	run -1 bivy update --mount-add "$PWD/host:/mem" live
	[ "$output" = "bivy: cannot mount on '/mem' of the container 'live': duplicate mount point: /mem" ]
	run -1 bivy update --mount-add "$PWD/host:/dev" live
	[ "$output" = "bivy: cannot mount on '/dev' of the container 'live': something is mounted on '/dev' already" ]
	run -0 bivy update --mount-add type=image,src=busybox,dst=/image --mount-add type=volume,src=data,dst=/sub,volume-subpath=s --mount-rm /mem live
	run -0 bivy exec live sh -c 'ls /image/bin/busybox; ls /sub; ls /mem | wc -l'
	assert_equal $'/image/bin/busybox\nx\n0' "$output"
	# The record has them, and so has the next start, by the supervisor or by a command.
	[ "$(bivy inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' live)" = "/new/place /etc/filled /new-file /image /sub " ]
	bivy exec live touch /end
	until [ "$(bivy inspect -f '{{.RestartCount}}' live)" = 1 ] && bivy exec live test -e /sub/x 2>/dev/null; do sleep 0.05; done
	run -0 bivy exec live sh -c 'cat /new/place/file; ls /image/bin/busybox; grep -c " /mem " /proc/self/mountinfo || :'
	assert_equal $'text\n/image/bin/busybox\n0' "$output"
	run -1 bivy update --mount-rm /nothing live
	[ "$output" = "bivy: the container 'live' has no mount on '/nothing'" ]
	run -0 bivy update --mount-rm /new/place --mount-rm /new-file live
	run bivy exec live sh -c 'ls /new/place; cat /new-file'
	[ -z "$output" ]
	bivy create --name idle busybox cat /d/file >/dev/null
	bivy update --mount-add "$PWD/host:/d" idle
	run -0 bivy start -a idle
	[ "$output" = text ]
	[ -e host/file ]
}
