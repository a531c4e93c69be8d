# build: --cache-to and --cache-from: what builds elsewhere have done.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	engine_setup_file
	bivy save -o "$SCRATCH/busybox.tar" busybox 2>"$SCRATCH/saved"
}

setup() {
	engine_setup
	mkdir context
	echo one >context/source
	cat >Dockerfile <<-'END'
		FROM busybox AS made
		RUN --mount=type=cache,id=kept,target=/kept mkdir /out && date +%N >>/kept/dates && cp /kept/dates /out/dates
		COPY source /out/
		RUN cat /out/source >/out/result
		FROM busybox
		COPY --from=made /out/result /result
		COPY --link source /linked/
		RUN echo done >/done
	END
}

# elsewhere ARGUMENT…: an engine that has the image `busybox` and has built nothing; afresh: from now on another one.
elsewhere() { "$BIVY" --root "$WORK/root" --run-root "$WORK/run" "$@"; }
afresh() {
	rm -rf --one-file-system root run
	elsewhere load -q -i "$SCRATCH/busybox.tar" >loaded
}

# built ENGINE OPTION…: the steps that had to be done, without their numbers, a line each; all that was told is in the file told.
built() {
	"$1" build --progress plain --network none -f Dockerfile "${@:2}" context >told 2>&1 || { cat told; return 1; }
	awk '/^#[0-9]+ \[/ { name[$1] = $0 } /^#[0-9]+ (DONE|CACHED)/ { last[$1] = $2 }
		END { for (n in name) if (last[n] == "DONE" && name[n] !~ /internal|context/) print name[n] }' told | sed 's/^#[0-9]* \[[^]]*\] //' | cut -d' ' -f1-3 | LC_ALL=C sort
}
blob() { cat "$1/blobs/${2/://}"; }
id_of() { "$1" image inspect "$2" | jq -r '.[0].Id'; }

@test "a directory: nothing is done again elsewhere, and only what is needed comes, cache mounts, too" {
	built bivy -t i --cache-to type=local,dest=cache,mode=max,mounts=true >/dev/null
	dates=$(<"$SCRATCH/root/build/mounts/kept/dates")
	afresh
	assert_equal "" "$(built elsewhere -t i --cache-from type=local,src=cache --cache-to type=local,dest=cache --cache-to type=local,dest=second,tag=x,mode=max,mounts=true)"
	assert_equal "$(id_of bivy i)" "$(id_of elsewhere i)"
	# Those of busybox and of the last three steps.
	assert_equal 4 "$(ls root/images/layers | wc -l)"
	# What no tag reaches any more is gone; what is not here came along from there.
	assert_equal "5 9" "$(echo $(ls cache/blobs/sha256 | wc -l; ls second/blobs/sha256 | wc -l))"
	for blob in second/blobs/sha256/*; do assert_equal "${blob##*/}" "$(sha256sum <"$blob" | cut -d' ' -f1)"; done
	assert_equal '["kept"]' "$(blob second "$(blob second "$(jq -r '.manifests[0].digest' second/index.json)" | jq -r .config.digest)" | jq -c '[.mounts[].id]')"
	# Other work: the layers that it is done on come, and what the cache mount had.
	afresh
	echo two >context/source
	sed -i 's/&& cp/\&\& : \&\& cp/' Dockerfile
	built elsewhere -t i --cache-from type=local,src=second,tag=x >/dev/null
	assert_equal "two done" "$(echo $(elsewhere run --rm --network none i cat /result /done))"
	assert_equal "$dates" "$(head -n 1 root/build/mounts/kept/dates)"
	elsewhere system check
}

@test "a directory: what is damaged was never there" {
	built bivy -t i --cache-to type=local,dest=cache >/dev/null
	for blob in cache/blobs/sha256/*; do ! tar tzf "$blob" 2>/dev/null | grep -qx done || printf x | dd of="$blob" bs=1 seek=20 conv=notrunc status=none; done
	afresh
	[[ $(built elsewhere -t i --cache-from type=local,src=cache) == *"RUN echo done"* ]]
	grep -q "cannot use the cache '.*/cache': what came as the blob 'sha256:" told
	assert_equal "one done" "$(echo $(elsewhere run --rm --network none i cat /result /done))"
	elsewhere system check
}

@test "a registry: the image's layers alone, in the image itself, and what is not there" {
	command -v docker-registry >/dev/null || skip "missing: program docker-registry"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '%s\n' 'version: 0.1' 'log: { level: error, accesslog: { disabled: true } }' "storage: { filesystem: { rootdirectory: $PWD/registry } }" \
		"http: { addr: '127.0.0.1:$port' }" >registry.yml
	docker-registry serve registry.yml >registry.log 2>&1 3>&- &
	TEST_PIDS+=($!)
	for _ in $(seq 200); do
		! (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
		sleep 0.05
	done
	cache=type=registry,ref=localhost:$port/cache
	built bivy -t "localhost:$port/i" --push --cache-from $cache --cache-to $cache --cache-to type=inline >/dev/null
	grep -q "cannot use the cache 'localhost:$port/cache': the registry 'localhost:$port' does not have the manifest 'latest'" told
	afresh
	assert_equal "" "$(built elsewhere -t i --cache-from "localhost:$port/i" --cache-to type=inline)"
	assert_equal "$(id_of bivy "localhost:$port/i")" "$(id_of elsewhere i)"
	# No layer of the other stage is anywhere: it is done anew, from its beginning, with what of this one can be found.
	echo two >context/source
	afresh
	assert_equal "COPY --from=made /out/result COPY --link source COPY source /out/ RUN --mount=type=cache,id=kept,target=/kept mkdir RUN cat /out/source RUN echo done" \
		"$(echo $(built elsewhere -t "localhost:$port/none" --push --cache-from $cache --cache-to type=registry,ref=localhost:1/c,ignore-error=true))"
	grep -q "cannot write the cache 'localhost:1/c': " told
	assert_equal "two done" "$(echo $(elsewhere run --rm --network none "localhost:$port/none" cat /result /done))"
	run -1 elsewhere build --progress plain -f Dockerfile --cache-from "localhost:$port/none" --cache-to type=registry,ref=localhost:1/c context
	[[ $output == *"cannot use the cache 'localhost:$port/none': there is no build cache of bivy's in it"* ]]
	[[ $output == *"cannot write the cache 'localhost:1/c': "* ]]
}
