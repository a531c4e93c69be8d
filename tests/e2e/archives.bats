# bivy-transfer and archives: load, save, import, export, bootstrap, check.
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8

# Once: a docker archive and a store that has it; tests begin with copies.
setup_file() {
	[ -x "$BIVY_BUILD/bivy-transfer" ] && command -v jq >/dev/null || return 0
	cd "$BATS_FILE_TMPDIR"
	mkdir once
	cd once
	make_old
	transfer --root s load -i old.tar >loaded
}

setup() {
	[ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy-transfer in this build"
	command -v jq >/dev/null || skip "missing: program jq"
	cp -a "$BATS_FILE_TMPDIR/once" "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR/once"
}

transfer() { "$BIVY_BUILD/bivy-transfer" "$@"; }
hex() {
	local sum
	sum=$(sha256sum "$@")
	echo "${sum%% *}"
}

# config LAYER… : the configuration of an image of these layers.
config() {
	local list=
	for layer; do list+=,\"sha256:$(hex "$layer")\"; done
	printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/x"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' "${list#,}"
}

# make_old: a docker archive as docker before 25 and Podman write it, in old/ and old.tar: the images one:1 (two layers), two:latest.
make_old() {
	mkdir -p base/etc base/bin top/etc old/{1,2,3}
	echo base >base/etc/kept
	echo base >base/etc/removed
	echo x >base/bin/x
	ln -s x base/bin/y
	echo top >top/etc/added
	: >top/etc/.wh.removed
	tar c --owner=0 --group=0 --mtime=@1000000000 --sort=name -C base . >old/1/layer.tar
	tar c --owner=0 --group=0 --mtime=@1000000000 --sort=name -C top . >old/2/layer.tar
	ln -s ../1/layer.tar old/3/layer.tar
	config old/1/layer.tar old/2/layer.tar >old/x.json
	config old/1/layer.tar >old/y.json
	echo '[{"Config":"x.json","RepoTags":["one:1"],"Layers":["1/layer.tar","2/layer.tar"]},' \
		'{"Config":"y.json","RepoTags":["two"],"Layers":["3/layer.tar"]}]' >old/manifest.json
	tar cf old.tar -C old .
}

names() { jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' "$1/images/index.json" | sort | paste -sd' '; }

# visible STORE: what images there are, their layers, and what is half made.
visible() { (cd "$1/images" && cat index.json && find layers partial staging leases -maxdepth 1 | sort); }
# content STORE: what is left when what nothing needs has gone.
content() { transfer --root "$1" check --repair >/dev/null && visible "$1" && find "$1/images/blobs" | sort; }

@test "load: an old docker archive, from a file, a pipe, compressed or unpacked" {
	rm -r s
	run -0 transfer --root s load -i old.tar
	[ "$(jq -c '[.images[] | [.names, .platform, .isNew]]' <<<"$output")" = \
		'[[["docker.io/library/one:1"],"linux/amd64",true],[["docker.io/library/two:latest"],"linux/amd64",true]]' ]
	[ "$(jq -r '.images[0].id' <<<"$output")" = "sha256:$(hex old/x.json)" ]
	first=$output
	[ "$(ls s/images/layers | wc -l)" -eq 2 ]
	[ "$(names s)" = "docker.io/library/one:1 docker.io/library/two:latest" ]
	gzip -k old.tar
	xz -k old.tar
	cat old.tar.xz | transfer --root s load >out
	[ "$(<out)" = "${first//true/false}" ]
	transfer --root gz load <old.tar.gz >out
	[ "$(<out)" = "$first" ]
	transfer --root dir load -i old/ >out
	[ "$(<out)" = "$first" ]
	run -0 transfer --root s check
	[ "$output" = '{"faults":[],"left":0}' ]
}

@test "load: what is hostile or damaged is refused by name, and the store stays as it was" {
	cp loaded out
	content s >before
	visible s >seen
	mkdir bad
	# refused PATTERN: the only image in bad/, with the layer bad/l.
	refused() {
		[ -e bad/c ] || config bad/l >bad/c
		tar cf bad.tar -C bad .
		run --separate-stderr -1 transfer --root s load -i bad.tar
		[ -z "$output" ]
		[[ ${stderr_lines[0]} == "bivy-transfer: cannot load 'docker.io/library/bad:latest' from 'bad.tar': "$1 ]] || { echo "$stderr"; false; }
		visible s | diff seen -
		rm bad/c
	}
	echo '[{"Config":"c","RepoTags":["bad"],"Layers":["l"]}]' >bad/manifest.json
	touch f
	tar cPf bad/l --transform 's|f|../../evil|' f
	refused "cannot unpack '../../evil': '..' in a name"
	tar cPf bad/l --transform 's|f|/etc/evil|' f
	refused "cannot unpack '/etc/evil': an absolute name"
	ln -s /etc link
	tar cf bad/l link
	tar rf bad/l --transform 's|f|link/evil|' f
	refused "cannot unpack 'link/evil': *"
	tar cf bad/l f
	config f >bad/c
	refused "*$(hex f)*"
	head -c 700 bad/l >cut
	mv cut bad/l
	refused "the archive is damaged at byte 700: it ends too early"
	content s | diff before -
}

@test "load: an archive without images, and none at all" {
	tar cf empty.tar -T /dev/null
	run --separate-stderr -1 transfer --root s load -i empty.tar
	[ "$stderr" = $'bivy-transfer: cannot load \'empty.tar\': there are no images in it\nhint: for the archive of a root file system there is \'bivy import\'' ]
	run -1 transfer --root s load -i missing.tar
	[ "$output" = "bivy-transfer: cannot read the archive 'missing.tar': cannot open it: no such file or directory" ]
	run -1 transfer --root s load <<<"nothing of the kind"
	[ "$output" = "bivy-transfer: cannot read the archive 'standard input': the archive is damaged at byte 20: it ends too early" ]
}

@test "save: what is loaded again is the same, and saved again the same bytes" {
	cp loaded out
	for format in docker-archive oci-archive; do
		run -0 transfer --root s save --format $format -o $format.tar one:1 two
		[ "$(jq -c '[.images[].name]' <<<"$output")" = '["docker.io/library/one:1","docker.io/library/two:latest"]' ]
		transfer --root $format load -i $format.tar | jq -c '.images[] | .names, .digest' >new
		jq -c '.images[] | .names, .digest' out | diff - new
		transfer --root $format save --format $format one:1 two >again.tar
		cmp $format.tar again.tar
	done
	# Beside the layout there is what others look for.
	tar xOf docker-archive.tar manifest.json >m
	! tar tf oci-archive.tar manifest.json 2>/dev/null
	[ "$(jq -c '[.[].RepoTags]' m)" = '[["docker.io/library/one:1"],["docker.io/library/two:latest"]]' ]
	for path in $(jq -r '.[] | .Config, .Layers[]' m); do
		[ "$(tar xOf docker-archive.tar "$path" | hex)" = "${path##*/}" ]
	done
	transfer --root s save --format oci-dir -o dir one:1 >out
	transfer --root dir2 load -i dir >out
	[ "$(names dir2)" = docker.io/library/one:1 ]
	[ "$(ls dir/blobs/sha256 | wc -l)" -eq 4 ]
}

@test "save: layers compressed otherwise make another manifest of the same layers" {
	cp loaded out
	id=$(jq -r '.images[0].id' out)
	for how in gzip zstd none; do
		transfer --root s save --compress $how -o $how.tar one:1 >out
		transfer --root $how load -i $how.tar >out
		[ "$(jq -r '.images[0].id' out)" = "$id" ]
		transfer --root $how save --compress $how one:1 >same.tar
		cmp $how.tar same.tar
	done
	digest=$(jq -r '.manifests[0].digest' gzip/images/index.json)
	[ "$(jq -r '.layers[].mediaType' "gzip/images/blobs/${digest/://}" | uniq)" = application/vnd.oci.image.layer.v1.tar+gzip ]
	transfer --root gzip save --compress none one:1 >back.tar
	cmp none.tar back.tar
}

@test "save: by repository, by id, and what cannot be saved" {
	cp loaded out
	sed 's/one:1/one:2/; s/"two"/"one:3"/' old/manifest.json >m
	mv m old/manifest.json
	transfer --root s load -i old >out
	# Without a tag: all that there are.
	[ "$(transfer --root s save -o x one | jq -r '.images[].name' | sort | paste -sd' ')" = \
		"docker.io/library/one:1 docker.io/library/one:2 docker.io/library/one:3" ]
	id=$(jq -r '.images[0].id' out)
	[ "$(transfer --root s save -o x "${id:7:12}" | jq -c '[.images[].name]')" = "[null]" ]
	run -1 transfer --root s save -o y nothing
	[ "$output" = "bivy-transfer: no such image 'nothing'" ]
	mkdir full
	touch full/x
	run -1 transfer --root s save --format oci-dir -o full one
	[ "$output" = "bivy-transfer: cannot write 'full': directory not empty" ]
	run -1 transfer --root s save --format oci-dir one
	[ "$output" = "bivy-transfer: a directory needs a name: --output is missing" ]
	blob=s/images/blobs/sha256/$(hex old/1/layer.tar)
	chmod +w "$blob"
	printf x | dd of="$blob" bs=1 seek=600 conv=notrunc status=none
	run --separate-stderr -1 transfer --root s save -o y one:1
	[ "${stderr_lines[0]}" = "bivy-transfer: cannot save to 'y': the blob 'sha256:${blob##*/}' is damaged" ]
	[ "${stderr_lines[1]}" = "hint: 'bivy system check --repair', and pull or load it again" ]
	[ ! -w /dev/full ] || {
		run -1 transfer --root s save -o /dev/full two
		[ "$output" = "bivy-transfer: cannot save to '/dev/full': cannot write: no space left on device" ]
		run -1 transfer --root s export -o /dev/full two
		[ "$output" = "bivy-transfer: cannot export to '/dev/full': cannot archive 'bin': cannot write: no space left on device" ]
	}
	# Nothing half-made stays.
	[ "$(ls -d y* full* | paste -sd' ')" = full ]
}

@test "import: the archive of a root file system, and how it is run" {
	tar c -C base . | SOURCE_DATE_EPOCH=1700000000 transfer --root s import -c 'CMD ["/bin/x"]' -c 'ENV A=b' -c 'EXPOSE 80' -m hello - made/it:1 >out
	[ "$(jq -r .name out)" = docker.io/made/it:1 ]
	id=$(jq -r .id out)
	jq -e '.config == {"Cmd":["/bin/x"],"Env":["A=b"],"ExposedPorts":{"80/tcp":{}}} and .created == "2023-11-14T22:13:20Z" and
		.history == [{"created":"2023-11-14T22:13:20Z","comment":"hello"}] and .os == "linux"' "s/images/blobs/${id/://}"
	xz -k <old/1/layer.tar >l.xz
	transfer --root s import --platform arm64 l.xz x >out
	[ "$(jq -r .platform out)" = linux/arm64 ]
	transfer --root s export x | tar x --to-stdout ./etc/kept etc/kept 2>/dev/null | grep -qx base
	content s >before
	run -1 transfer --root s import -c 'RUN make' l.xz x
	[[ $output == "bivy-transfer: invalid change 'RUN make': expected CMD, "* ]]
	run -1 transfer --root s import nothing x
	[ "$output" = "bivy-transfer: cannot import 'nothing': cannot open it: no such file or directory" ]
	run -1 transfer --root s import l.xz x@sha256:$(hex l.xz)
	[ "$status" -eq 1 ]
	head -c 100 l.xz >cut.xz
	run -1 transfer --root s import cut.xz x
	[ "$output" = "bivy-transfer: cannot import 'cut.xz': cannot decompress xz: it ends too early" ]
	content s | diff before -
}

@test "export: one tree of all layers" {
	[ "$EUID" -eq 0 ] || skip "missing: root"
	cp loaded out
	transfer --root s export one:1 >x.tar
	[ "$(tar tf x.tar | paste -sd' ')" = "bin/ bin/x bin/y etc/ etc/added etc/kept" ]
	[ "$(tar xOf x.tar etc/added)" = top ]
	[ "$(tar tvf x.tar --utc bin/y | tr -s ' ')" = "lrwxrwxrwx 0/0 0 2001-09-09 01:46 bin/y -> x" ]
	run -0 transfer --root s export -o y.tar one:1
	cmp x.tar y.tar
	[ "$(jq .members <<<"$output")" -eq 6 ]
	# A layer alone whose marks hide nothing.
	tar c -C top . | transfer --root s import - top >out
	[ "$(transfer --root s export top | tar t | paste -sd' ')" = "etc/ etc/added" ]
	[ -z "$(ls s/images/staging)" ]
}

@test "bootstrap: busybox from the machine's own package, the same each time" {
	[ "$EUID" -eq 0 ] || skip "missing: root"
	file=$(readlink -f /bin/busybox) || skip "missing: program busybox"
	rm -r s
	mkdir bin # without apt, and without anything else
	run -0 env PATH="$PWD/bin" "$BIVY_BUILD/bivy-transfer" --root s bootstrap busybox
	first=$output
	[ "$(jq -r .name <<<"$output")" = docker.io/library/busybox:latest ]
	run -0 transfer --root t bootstrap busybox
	[ "$output" = "$first" ]
	transfer --root s export busybox >x.tar
	mkdir x
	tar xpf x.tar -C x
	cmp x/bin/busybox "$file"
	[ "$(chroot x /bin/sh -c 'cd /tmp && id -un && seq 3 | /usr/bin/tail -n 1 && whoami')" = $'root\n3\nroot' ]
	id=$(jq -r .id <<<"$first")
	jq -e '.config.Cmd == ["sh"] and (.config.Env[0] | startswith("PATH=/usr/local/sbin:"))' "s/images/blobs/${id/://}"
}

@test "bootstrap: what is missing is named" {
	mkdir bin
	run -1 env PATH="$PWD/bin" "$BIVY_BUILD/bivy-transfer" --root s bootstrap debian:bookworm
	[ "$output" = $'bivy-transfer: cannot bootstrap \'debian:bookworm\': cannot run \'mmdebstrap\': no such file or directory\nhint: install the package mmdebstrap' ]
	run -1 env PATH="$PWD/bin" "$BIVY_BUILD/bivy-transfer" --root s bootstrap --arch s390x busybox
	[ "$output" = "bivy-transfer: cannot bootstrap 'busybox': cannot get the package 'busybox-static:s390x': cannot run 'apt-get': no such file or directory" ]
	run -1 transfer --root s bootstrap fedora
	[ "$output" = "bivy-transfer: cannot bootstrap 'fedora': expected busybox, debian or debian:SUITE" ]
	run -1 transfer --root s bootstrap --arch vax busybox
	[ "$output" = "bivy-transfer: there is no Debian for linux/vax" ]
	[ -z "$(ls s/images/staging)" ]
}

@test "check: a flipped byte, a missing layer, an orphan are found, named and mended" {
	cp loaded out
	base=sha256:$(hex old/1/layer.tar)
	faults() { jq -c '[.faults[] | [.kind, .digest, .mended]] | unique' <<<"$1"; }
	# A layer is extracted again, with all that it had.
	(cd "s/images/layers/${base#*:}/diff" && find . -printf '%p %y %m %U %T@ %l\n' | sort) >before
	rm -r "s/images/layers/${base#*:}"
	run --separate-stderr -1 transfer --root s check
	[ "$(faults "$output")" = "[[\"layer-missing\",\"$base\",false]]" ]
	[ "${stderr_lines[1]}" = "hint: --repair mends what can be mended" ]
	run --separate-stderr -0 transfer --root s check --repair
	[ "$(faults "$output")" = "[[\"layer-missing\",\"$base\",true]]" ]
	(cd "s/images/layers/${base#*:}/diff" && find . -printf '%p %y %m %U %T@ %l\n' | sort) | diff before -
	# An orphan is no damage, and goes.
	orphan=$(hex <<<orphan)
	echo orphan >"s/images/blobs/sha256/$orphan"
	run -0 transfer --root s check
	[ "$(faults "$output")" = "[[\"blob-orphan\",\"sha256:$orphan\",false]]" ]
	run -0 transfer --root s check --no-sweep
	[ "$(faults "$output")" = "[]" ]
	run -0 transfer --root s check --repair
	[ ! -e "s/images/blobs/sha256/$orphan" ]
	# A damaged blob has to come from elsewhere.
	blob=s/images/blobs/sha256/${base#*:}
	chmod +w "$blob"
	printf x | dd of="$blob" bs=1 seek=600 conv=notrunc status=none
	run --separate-stderr -1 transfer --root s check
	[ "$(faults "$output")" = "[[\"blob-damaged\",\"$base\",false]]" ]
	run --separate-stderr -1 transfer --root s check --repair
	[ "$(faults "$output")" = "[[\"blob-damaged\",\"$base\",true],[\"blob-missing\",\"$base\",false]]" ]
	[ "$stderr" = $'bivy-transfer: the store \'s/images\' is damaged: 2 faults left\nhint: pull or load the images again that miss something' ]
	transfer --root s load -i old.tar >out
	run -0 transfer --root s check
	[ "$output" = '{"faults":[],"left":0}' ]
}
