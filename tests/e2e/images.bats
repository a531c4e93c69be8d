# bivy: images in the store, as its commands show, name and remove them.
load ../lib/skip
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8 TZ=UTC

# blob FILE: puts it among the blobs of the layout; sets `digest` and `size`.
blob() {
	digest=$(sha256sum <"$1")
	digest=${digest%% *}
	size=$(stat -c %s "$1")
	cp "$1" "layout/blobs/sha256/$digest"
}

# layer NAME SIZE: a layer with one file of so many bytes; adds to `layers`, `diff_ids` and `history`.
layer() {
	mkdir "d$1"
	head -c "$2" /dev/zero | tr '\0' "$1" >"d$1/file-$1"
	tar c --format=posix --sort=name --owner=0 --group=0 --mtime=@0 -C "d$1" . >"$1.tar"
	blob "$1.tar"
	layers+="${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$digest\",\"size\":$size}"
	diff_ids+="${diff_ids:+,}\"sha256:$digest\""
	history+="${history:+,}{\"created\":\"2024-01-01T00:00:00Z\",\"created_by\":\"COPY file-$1 with\\ta name that is too long for the column\"}"
}

# image NAME CREATED LABELS: an image of all layers so far.
image() {
	local config
	cat >document <<-END
	{"created":"$2","architecture":"amd64","os":"linux","config":{"Env":["A=b c","PATH=/bin"],"Cmd":["sh","-c","x"],"Labels":$3},
	"rootfs":{"type":"layers","diff_ids":[$diff_ids]},
	"history":[{"created_by":"ENV A=b","empty_layer":true,"comment":"first"},$history]}
	END
	blob document
	config="{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$digest\",\"size\":$size}"
	echo "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":$config,\"layers\":[$layers]}" >document
	blob document
	manifests+="${manifests:+,}{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:$digest\",\"size\":$size,
		\"annotations\":{\"org.opencontainers.image.ref.name\":\"$1\"}}"
}

# Two images in an image layout, and a store with them, for all tests.
setup_file() {
	[ -x "${BIVY:-}" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy and bivy-transfer in this build"
	export BIVY_TRANSFER=$BIVY_BUILD/bivy-transfer
	cd "$BATS_FILE_TMPDIR"
	mkdir -p layout/blobs/sha256
	echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
	layers='' diff_ids='' history='' manifests=''
	layer a 300000
	image localhost:5000/base:1 2024-01-01T00:00:00Z '{"role":"base"}'
	layer b 20000
	image docker.io/library/app:latest 2024-03-01T00:00:00Z '{"role":"app","a-label":"its value"}'
	echo "{\"schemaVersion\":2,\"manifests\":[$manifests]}" >layout/index.json
	"$BIVY" --root "$PWD/root" --run-root "$PWD/run" load --quiet --input layout
}

setup() {
	skip_with_file
	cd "$BATS_TEST_TMPDIR"
	cp -a "$BATS_FILE_TMPDIR/root" root
	layout=$BATS_FILE_TMPDIR/layout
}

bivy() { timeout 60 "$BIVY" --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }

# lines LINE…: the output is exactly these.
lines() {
	local expected
	expected=$(printf '%s\n' "$@")
	[ "$output" = "$expected" ] || { diff <(echo "$expected") <(echo "$output"); return 1; }
}

@test "load tells what it loads" {
	run "$BIVY" --root new --run-root new-run load -q -i "$layout"
	[ "$status" -eq 0 ]
	lines "Loaded image: localhost:5000/base:1" "Loaded image: app:latest"
}

@test "images: docker's columns, the youngest first" {
	run bivy images
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ ${lines[1]} =~ ^app\ +latest\ +[0-9a-f]{12}\ +[0-9]+\ (months|years)\ ago\ +320kB$ ]]
	[[ ${lines[2]} =~ ^localhost:5000/base\ +1\ +[0-9a-f]{12}\ +[0-9]+\ (months|years)\ ago\ +300kB$ ]]
	[ ${#lines[@]} -eq 3 ]
	# Each column begins where its header does.
	for line in "${lines[@]}"; do
		[[ ${line:22:9} =~ ^(TAG|latest|1)\ +$ ]] || { echo "$line"; false; }
	done
	run bivy images --digests --no-trunc
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +DIGEST\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ ${lines[1]} =~ ^app\ +latest\ +sha256:[0-9a-f]{64}\ +sha256:[0-9a-f]{64}\  ]]
	run bivy image ls -q localhost:5000/base
	[[ $output =~ ^[0-9a-f]{12}$ ]]
}

@test "images: filters and formats" {
	names=(images --format '{{.Repository}}:{{.Tag}}')
	run bivy "${names[@]}" -f label=role=app
	lines app:latest
	run bivy "${names[@]}" --filter before=app --filter reference='local*/*'
	lines localhost:5000/base:1
	run bivy "${names[@]}" app:la*
	lines app:latest
	run bivy "${names[@]}" --filter dangling=true
	[ "$status" -eq 0 ] && [ -z "$output" ]
	run bivy images --format 'table {{.Tag}}\t{{.Size}}'
	lines "TAG       SIZE" "latest    320kB" "1         300kB"
	run bivy images --format json
	[ "$(jq -sr 'map(.Repository + " " + .Size + " " + .CreatedAt) | join(";")' <<<"$output")" = \
		"app 320kB 2024-03-01 00:00:00 +0000 UTC;localhost:5000/base 300kB 2024-01-01 00:00:00 +0000 UTC" ]
	run --separate-stderr bivy images --format '{{.Tga}}'
	[ "$status" -eq 1 ] && [ -z "$output" ]
	[ "$stderr" = "bivy: there is no field 'Tga'
hint: did you mean 'Tag'?" ]
	run bivy images --filter lable=x
	[ "$status" -eq 1 ]
	lines "bivy: invalid filter 'lable=x'" "hint: did you mean 'label=…'?"
}

@test "inspect: docker's shape" {
	run bivy inspect app localhost:5000/base:1
	[ "$status" -eq 0 ]
	[ "$(jq -c '.[0] | [.RepoTags, .Architecture, .Os, .Size, .Created, .Config.Env, .Config.Cmd, .Config.Labels.role]' <<<"$output")" = \
		'[["app:latest"],"amd64","linux",320000,"2024-03-01T00:00:00Z",["A=b c","PATH=/bin"],["sh","-c","x"],"app"]' ]
	[ "$(jq -r '.[0].RepoDigests[0]' <<<"$output")" = "app@$(jq -r '.manifests[1].digest' "$layout/index.json")" ]
	[ "$(jq -r '.[1].RootFS.Layers[0]' <<<"$output")" = "$(jq -r '.[0].RootFS.Layers[0]' <<<"$output")" ]
	upper=$(jq -r '.[0].GraphDriver.Data.UpperDir' <<<"$output")
	[ "$(stat -c %s "$upper/file-b")" -eq 20000 ]
	run bivy image inspect -f '{{range .Config.Env}}<{{.}}>{{end}} {{index .Config.Labels "a-label"}} {{.Config.Labels.none}}' app
	lines "<A=b c><PATH=/bin> its value <no value>"
	run bivy inspect -f json app
	[ "$(jq -r '.[0].Id' <<<"$output")" = "$(bivy images -q --no-trunc app)" ]
	[ ${#lines[@]} -eq 1 ]
}

@test "inspect: what is found is shown, the rest is an error" {
	run --separate-stderr bivy inspect -f '{{.RepoTags}}' nothing app nowhere
	[ "$status" -eq 1 ]
	[ "$output" = "[app:latest]" ]
	[ "$stderr" = "bivy: no such object 'nothing'
bivy: no such object 'nowhere'" ]
	run bivy inspect --type image nothing
	[ "${lines[-1]}" = "bivy: no such image 'nothing'" ]
	run bivy inspect --type container app
	[ "${lines[-1]}" = "bivy: no such container 'app'" ]
}

@test "history: the last step first, each with what its layer has" {
	run bivy history app
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ ${lines[1]} =~ ^[0-9a-f]{12}\ +[0-9]+\ (months|years)\ ago\ +COPY\ file-b\ with\ a\ name\ that\ is\ too\ long\ for…\ +20kB ]]
	[[ ${lines[2]} =~ ^\<missing\>\ +.*COPY\ file-a.*300kB ]]
	[[ ${lines[3]} =~ ^\<missing\>\ +N/A\ +ENV\ A=b\ +0B\ +first$ ]]
	run bivy history --no-trunc --human=false --format '{{.CreatedAt}}|{{.CreatedBy}}|{{.Size}}' app
	[ "${lines[0]}" = "2024-01-01T00:00:00Z|COPY file-b with a name that is too long for the column|20000" ]
}

@test "tag and rmi: an image goes with its last name, shared layers stay" {
	id=$(bivy images -q --no-trunc app)
	bivy tag app other/name:x
	run bivy images -q --no-trunc
	lines "$id" "$id" "$(bivy images -q --no-trunc localhost:5000/base)"
	run bivy rmi "${id:7:12}"
	[ "$status" -eq 1 ]
	lines "bivy: cannot remove the image '${id:7:12}': it has several names: app:latest, other/name:x" "hint: --force removes it with all of them"
	run bivy rmi app
	[ "$status" -eq 0 ]
	lines "Untagged: app:latest"
	run --separate-stderr bivy rmi app other/name:x nothing
	[ "$status" -eq 1 ]
	[ "${lines[0]} ${lines[1]} ${#lines[@]}" = "Untagged: other/name:x Deleted: $id 3" ]
	[ "$stderr" = "bivy: no such image 'app'
bivy: no such image 'nothing'" ]
	[ "$(ls root/images/layers | wc -l)" -eq 1 ]
	run bivy rmi -f nothing
	[ "$status" -eq 0 ] && [ -z "$output" ]
	run bivy image rm localhost:5000/base:1
	[ "$status" -eq 0 ]
	[ -z "$(ls root/images/layers root/images/blobs/sha256 | grep -v :)" ]
}

@test "image prune: nameless images, or all; asked first" {
	id=$(bivy images -q --no-trunc app)
	bivy tag localhost:5000/base:1 app
	run bivy images --filter dangling=true --format '{{.Repository}} {{.Tag}} {{.ID}}' --no-trunc
	lines "<none> <none> $id"
	run bivy image prune <<<n
	[ "$status" -eq 1 ]
	[[ $output == "WARNING! This will remove all dangling images."*"Are you sure you want to continue? [y/N] "*"was not confirmed"* ]]
	run bivy image prune <<<y
	[ "$status" -eq 0 ]
	[[ $output == *"Deleted Images:
deleted: $id
deleted: sha256:"*"

Total reclaimed space: "*kB ]]
	run bivy image prune -f
	lines "Total reclaimed space: 0B"
	run bivy system prune --all --force
	[[ $output == "Deleted Images:
untagged: localhost:5000/base:1
untagged: app:latest
deleted: sha256:"* ]]
	run bivy images -q
	[ -z "$output" ]
}

@test "system df adds up" {
	echo half >root/images/partial/sha256-0000000000000000000000000000000000000000000000000000000000000000
	run bivy system df --format '{{.Type}} {{.TotalCount}}'
	lines "Images 2" "Containers 0" "Local Volumes 0" "Build Cache 0" "Unfinished 0" "Bookkeeping 0"
	run bivy system df -v
	[ "$status" -eq 0 ]
	total=$(du -s --block-size=1 root/images | cut -f1)
	# As sizes are written: four digits.
	[ "${lines[-1]}" = "Total on disk: $(awk -v n="$total" 'BEGIN { printf "%.4gkB", n / 1000 }')" ]
	[[ $output == *"Unfinished downloads and layers: 4.096kB"* ]]
	bivy system prune --force
	[ -z "$(ls root/images/partial)" ]
}

@test "system check says that all is well, or what is not" {
	run bivy system check
	[ "$status" -eq 0 ]
	orphan=$(sha256sum <<<orphan)
	echo orphan >"root/images/blobs/sha256/${orphan%% *}"
	run bivy system check
	[ "$status" -eq 0 ]
	lines "sha256:${orphan%% *}: nothing needs the blob" "nothing is damaged; --repair removes what nothing needs (1)"
	run bivy system check --repair
	lines "sha256:${orphan%% *}: nothing needs the blob" "1 of 1 faults mended"
	[ ! -e "root/images/blobs/sha256/${orphan%% *}" ]
	blob=$(ls root/images/blobs/sha256/* | head -n1)
	chmod u+w "$blob"
	printf x | dd of="$blob" bs=1 seek=3 conv=notrunc status=none
	run bivy system check
	[ "$status" -eq 1 ]
	[[ $output == *"${blob##*/}: the blob is damaged"*"bivy: the store "*" is damaged: "* ]]
}

@test "save, load and export through pipes" {
	bivy save app | bivy --root other load -q >out
	[ "$(cat out)" = "Loaded image: app:latest" ]
	[ "$(bivy --root other images -q --no-trunc)" = "$(bivy images -q --no-trunc app)" ]
	[ "$(bivy export app | tar t | sort | tr '\n' ' ')" = "file-a file-b " ]
	run --separate-stderr bivy save nothing
	[ "$status" -eq 1 ]
	[[ $stderr == "bivy: "*"no such image 'nothing'" ]]
	[ -z "$output" ]
}

@test "without bivy-transfer what needs it is an error" {
	BIVY_TRANSFER=/nowhere/x run bivy pull debian
	[ "$status" -eq 1 ]
	lines "Using default tag: latest" "bivy: cannot execute '/nowhere/x': no such file or directory"
}
