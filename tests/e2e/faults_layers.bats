#!/usr/bin/env bats
# A store that is damaged: the list of images, layers, blobs, archives that end too early. No half image ever has a name, the
# message says what it is, and `load`, or `system check --repair`, mends it.
load ../lib/common
load ../lib/engine
load ../lib/faults

ROOT=
setup() {
	engine_setup
	ROOT=$WORK/root
	mkdir -p "$ROOT"
	cp -a "$SCRATCH/root/images" "$ROOT/"
	cp -a "$SCRATCH/root/images" good
	RUN=$WORK/run
	STORE=$ROOT/images
	[ -e "$SCRATCH/saved.tar" ] || bivy save -o "$SCRATCH/saved.tar" busybox >/dev/null 2>&1
	limited load -i "$SCRATCH/saved.tar" >/dev/null 2>&1
	manifest=$(jq -r '.manifests[] | .digest' "$STORE/index.json" | head -1)
	manifest=$STORE/blobs/sha256/${manifest#*:}
	config=$STORE/blobs/sha256/$(jq -r .config.digest "$manifest" | cut -d: -f2)
	layer=$STORE/blobs/sha256/$(jq -r '.layers[0].digest' "$manifest" | cut -d: -f2)
}

# afresh: the store as it was.
afresh() {
	rm -rf "$STORE"
	cp -a good "$STORE"
}

@test "the list of images: nothing goes on without it, and its copy is put in its place" {
	limited tag busybox second
	for kind in empty flipped dir fifo device; do
		damage $kind "$STORE/index.json"
		told 1 images
		[[ $output == "bivy: cannot read '$STORE/index.json': "* ]]
		told 125 run --rm busybox true
		told 1 load -i "$SCRATCH/saved.tar" || [ "$(grep -c '^bivy: ' <<<"$output")" -eq 1 ]
		told 1 system check
		run limited system check --repair
		[ "$status" -eq 0 ] || { echo "$kind: $output"; return 1; }
		[[ $output == *"index.json: the list of images is damaged"*"1 of 1 faults mended" ]]
		[ "$(limited images --format '{{.Repository}}' | sort | paste -sd' ')" = "busybox second" ]
	done
	told 0 run --rm second true
	whole
}

@test "manifests, configurations, layers: told of, and mended by the archive" {
	for file in manifest config layer; do
		for kind in half gone dir; do
			afresh
			chmod u+w "${!file}"
			damage $kind "${!file}"
			told 0 images
			told 1 save -o saved busybox
			[ ! -e saved ]
			run limited system check
			[ "$status" -eq 1 ]
			[[ $output == *"sha256:${!file##*/}: the blob is "*"bivy: the store '$STORE' is damaged: "* ]] || { echo "$file $kind: $output"; return 1; }
			limited system check --repair >out 2>&1 || grep -q '^bivy: the store .* is damaged: . faults* left' out || { cat out; return 1; }
			told 0 load -i "$SCRATCH/saved.tar" || [ "$status" -eq 0 ] || return 1
			told 0 run --rm busybox true
			told 0 save -o saved busybox
			rm saved
			whole
		done
	done
}

@test "a layer that was extracted: what is gone or damaged of it is told of, and extracted again" {
	for kind in half gone fifo; do
		afresh
		chmod u+w "$STORE"/layers/*/layer.json
		damage $kind "$(echo "$STORE"/layers/*/layer.json)"
		told 125 run --rm busybox true
		[[ $output == *"the layer 'sha256:"* ]]
		run limited system check --repair
		[ "$status" -eq 0 ]
		[[ $output == *"the layer is damaged"* && $output =~ ([0-9]+)" of "([0-9]+)" faults mended"$ && ${BASH_REMATCH[1]} = "${BASH_REMATCH[2]}" ]]
		told 0 run --rm busybox true
		whole
	done
	# Without its files it is none.
	afresh
	rm -r "$STORE"/layers/*/diff
	told 125 run --rm busybox true
	run limited system check --repair
	[ "$status" -eq 0 ]
	told 0 run --rm busybox true
	whole
}

@test "an archive that ends too early, anywhere, is no image" {
	afresh
	size=$(stat -c %s "$SCRATCH/saved.tar")
	limited rmi -f busybox >/dev/null
	for ((length = 100; length < size - 10240; length += size / 12)); do
		head -c $length "$SCRATCH/saved.tar" >cut.tar
		limited load -i cut.tar >out 2>&1 && { echo "loaded from $length bytes"; return 1; }
		[ "$(grep -c '^bivy: ' out)" -eq 1 ]
		[ -z "$(limited images -q)" ]
	done
	told 0 load -i "$SCRATCH/saved.tar" || [ "$status" -eq 0 ] || return 1
	told 0 run --rm busybox true
	whole
}

@test "a killed load, at any time: the next one mends all" {
	afresh
	limited rmi -f busybox >/dev/null
	for pause in 0.001 0.004 0.008 0.015 0.03 0.06; do
		("$BIVY" --root "$ROOT" --run-root "$RUN" load -i "$SCRATCH/saved.tar" >/dev/null 2>&1 3>&-) &
		loader=$!
		sleep $pause
		# bivy-transfer, then bivy.
		for pid in $(cat /proc/$loader/task/*/children 2>/dev/null); do kill -9 $(cat /proc/$pid/task/*/children 2>/dev/null) $pid 2>/dev/null || :; done
		kill -9 $loader 2>/dev/null || :
		wait $loader || :
		images=$(limited images -q)
		[ -z "$images" ] || told 0 run --rm busybox true
	done
	limited load -i "$SCRATCH/saved.tar" >/dev/null 2>&1
	told 0 run --rm busybox true
	run limited system check --repair
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	whole
}
