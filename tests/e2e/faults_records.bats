#!/usr/bin/env bats
# Records that are damaged, each in all ways: nothing hangs or crashes, lists have the rest and name the bad one, it can be
# removed, `system check` tells and mends what can be mended, and what nobody can tell is needed is not removed.
load ../lib/common
load ../lib/engine
load ../lib/faults

# Damaged ones are in no list.
teardown() {
	local ids
	ids=$(ls "$SCRATCH/root/containers" 2>/dev/null) && [ -z "$ids" ] || bivy rm -f $ids >/dev/null
	engine_teardown
}

@test "container.json: the others are listed, the bad one is named, rm --force removes it with its name" {
	bivy create --name good busybox >/dev/null
	for kind in $DAMAGES; do
		id=$(bivy create --name bad busybox)
		damage $kind "$SCRATCH/root/containers/$id/container.json"
		told 0 ps -a --format '{{.Names}}'
		[ "$(<stdout)" = good ]
		[[ $output == "bivy: "*"${id:0:12}"*", left out" && $output != *$'\n'* ]]
		told 1 start bad
		[[ $output == *"${id:0:12}"* && $output == *"hint: 'bivy rm --force' removes it"* ]]
		told 1 rm bad
		told 1 inspect bad
		run bivy system check --repair
		[ "$status" -eq 1 ]
		[[ $output == "damaged: "*"${id:0:12}"*"bivy: 1 record is damaged"* ]]
		told 0 rm -f bad
		[ -z "$output" ]
		[ "$(ls "$SCRATCH/root/containers" "$SCRATCH/root/names" | grep -c .)" -eq 4 ] || { echo "$kind"; ls "$SCRATCH/root/containers" "$SCRATCH/root/names"; return 1; }
	done
	whole
}

@test "container.json, cut at any length, is told of or is whole" {
	id=$(bivy create --name bad -l a=b -e X=y -v /etc:/e:ro busybox sleep 7)
	file=$SCRATCH/root/containers/$id/container.json
	cp "$file" whole.json
	size=$(stat -c %s "$file")
	for ((length = 1; length < size; length += 1 + size / 40)); do
		head -c $length whole.json >"$file"
		told 1 inspect --type container bad
		[[ $output == *"container.json': container: line 1, column "* ]]
	done
	# Another's: of two records one cannot be named, and the other's name is not taken away with it.
	other=$(bivy create --name other busybox)
	cp "$SCRATCH/root/containers/$other/container.json" "$file"
	told 1 start "$id"
	[[ $output == *"container.json' is another container's"* ]]
	told 0 rm -f "$id"
	[ "$(bivy ps -a --format '{{.Names}}')" = other ]
	told 0 start other
}

@test "--replace takes the place of a damaged container" {
	id=$(bivy create --name web busybox)
	damage half "$SCRATCH/root/containers/$id/container.json"
	told 125 create --name web busybox
	[[ $output == *"the name 'web' is already in use by the container '${id:0:12}'"* ]]
	told 0 create --name web --replace busybox
	[ "$(bivy ps -a --format '{{.Names}}')" = web ]
	whole
}

@test "records of what runs: its end comes with rm --force, and takes all with it" {
	bivy network create faults >/dev/null
	for file in root/container.json run/state.json run/supervise.json run/config.json run/network.json runtime/state.json runtime/config.json; do
		for kind in half dir fifo device; do
			id=$(bivy run -d --name bad --network faults -p 18080:80 busybox sleep 1000)
			pid=$(bivy inspect -f '{{.State.Pid}}' bad)
			case $file in
			root/*) path=$SCRATCH/root/containers/$id/${file##*/} ;;
			run/*) path=$SCRATCH/run/containers/$id/${file##*/} ;;
			*) path=$SCRATCH/run/runtime/$id/${file##*/} ;;
			esac
			damage $kind "$path"
			told 0 ps -a
			limited exec bad true >out 2>&1 </dev/null || [ $? -eq 1 -o $? -eq 125 ]
			limited restart -t 0 bad >out 2>&1 </dev/null || [ $? -eq 1 ]
			[ "$(grep -vc '^hint: ' out)" -eq 1 ]
			told 0 rm -f bad
			gone "$pid" || { echo "$file $kind: it still runs"; return 1; }
			whole || { echo "after $file $kind"; return 1; }
		done
	done
	# The port is free again, and so are its addresses.
	[ -z "$(nft list table inet bivy 2>/dev/null | grep 18080)" ]
	bivy network rm faults >/dev/null
}

@test "the last state of a container: system check --repair makes it one that was lost" {
	for kind in empty half other gone dir fifo device; do
		bivy run --name bad busybox true
		id=$(bivy inspect -f '{{.Id}}' bad) code=0
		file=$SCRATCH/root/containers/$id/state.json
		wait_for flock -s -n "$SCRATCH/run/containers/$id/lock" true
		# What is volatile tells the same until a reboot.
		case $kind in half | dir | device) rm -r "$SCRATCH/run/containers/$id" && code=255 ;; esac
		damage $kind "$file"
		if [ $kind != gone ]; then
			told 0 ps -a
			[[ $output == *"state.json': "*", left out" ]]
			told 1 start bad
			run bivy system check
			[ "$status" -eq 1 ]
			run bivy system check --repair
			[ "$status" -eq 0 ]
			[[ $output == "damaged: cannot read '$file': "*"1 of 1 faults mended" ]]
			[[ $(bivy ps -a --format '{{.Status}}') == "Exited ($code)"* ]]
		fi
		told 0 start bad
		[ "$(bivy wait bad)" = 0 ]
		bivy rm bad >/dev/null
		whole
	done
}

@test "volume.json: files stay, and system check --repair gives them back" {
	for kind in empty flipped huge gone dir fifo device; do
		bivy volume create good >/dev/null
		bivy run --rm -v bad:/v busybox sh -c 'echo kept >/v/file'
		damage $kind "$SCRATCH/root/volumes/bad/volume.json"
		told 0 volume ls -q
		[ "$(<stdout)" = good ]
		[[ $output == "bivy: the volume 'bad' is damaged: "*", left out" && $output != *$'\n'* ]]
		told 125 run --rm -v bad:/v busybox true
		[[ $output == *"the volume 'bad' is damaged: "*"hint: 'bivy system check --repair' keeps its files"* ]]
		told 1 volume rm bad
		told 0 volume prune -af
		[ "$(<"$SCRATCH/root/volumes/bad/_data/file")" = kept ]
		run bivy system check --repair
		[ "$status" -eq 0 ]
		[[ $output == "damaged: the volume 'bad' is damaged: "*"1 of 1 faults mended" ]]
		[ "$(bivy run --rm -v bad:/v busybox cat /v/file)" = kept ]
		damage $kind "$SCRATCH/root/volumes/bad/volume.json"
		told 0 volume rm -f bad
		bivy volume prune -af >/dev/null
		[ -z "$(ls "$SCRATCH/root/volumes")" ]
	done
}

@test "volumes of a damaged container are not removed: nobody can tell which those are" {
	id=$(bivy create --name bad -v precious:/v -v /anonymous busybox)
	damage half "$SCRATCH/root/containers/$id/container.json"
	told 1 volume prune -af
	[[ $output == "bivy: cannot tell what the container '${id:0:12}' needs: "*"hint: 'bivy rm --force' removes it"* ]]
	told 1 volume rm precious
	# Others can be removed, with what is theirs; of anonymous volumes it is told later.
	told 0 run --rm -v /tmp/x busybox true
	[ "$(bivy ps -a --format '{{.Names}}' 2>/dev/null)" = "" ]
	told 1 image prune -af
	[ -n "$(bivy images -q busybox)" ]
	told 0 rm -f bad
	told 0 volume prune -af
	[ -z "$(ls "$SCRATCH/root/volumes")" ]
	whole
}

@test "network.json: one that is up is mended from what is up, the default one is made anew, others can be removed" {
	for kind in half gone fifo dir; do
		bivy network create bad >/dev/null
		subnet=$(bivy network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' bad)
		bivy run -d --name web --network bad busybox sleep 1000 >/dev/null
		damage $kind "$SCRATCH/root/networks/bad/network.json"
		told 0 network ls --format '{{.Name}}'
		[ "$(tr '\n' ' ' <stdout)" = "bridge host none " ]
		[[ $output == "bivy: the network 'bad' is damaged: "*", left out" && $output != *$'\n'* ]]
		told 125 run --rm --network bad busybox true
		[[ $output == *"the network 'bad' is damaged: "*"hint: 'bivy system check --repair' mends it"* ]]
		told 1 network rm bad
		run bivy system check --repair
		[ "$status" -eq 0 ] && [[ $output == *"1 of 1 faults mended" ]] || { echo "$kind: $output"; return 1; }
		[ "$(bivy network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}' bad)" = "$subnet" ]
		bivy run --rm --network bad --cap-add NET_RAW busybox ping -c 1 web >/dev/null
		damage $kind "$SCRATCH/root/networks/bad/network.json"
		bivy rm -f web >/dev/null
		told 0 network rm -f bad
		[ ! -e "$SCRATCH/root/networks/bad" ]
	done
	for kind in half gone fifo; do
		bivy run --rm busybox true
		damage $kind "$SCRATCH/root/networks/bridge/network.json"
		told 125 run --rm busybox true
		bivy system check --repair
		told 0 run --rm busybox true
	done
	whole
}

@test "what the engine counts and remembers begins anew when it is damaged" {
	bivy run --rm busybox true
	for kind in $DAMAGES; do
		for file in events tally.json; do
			path=$(find "$SCRATCH/root" "$SCRATCH/run" -maxdepth 1 -name "$file")
			[ -n "$path" ] || continue
			damage $kind "$path"
			told 0 run --rm --network none busybox true || { echo "$file $kind"; return 1; }
			limited events --since 1h --until 0s >/dev/null 2>events.out </dev/null ||
				{ [ $? -eq 1 ] && [ "$(wc -l <events.out)" -eq 1 ]; } || { echo "$file $kind: $(<events.out)"; return 1; }
			rm -rf "$path"
		done
	done
	whole
}
