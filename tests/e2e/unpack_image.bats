# bivy-transfer unpack-image: an image's root file system as one tree of files.
load ../lib/skip
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8
umask 022

setup_file() {
	[ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy-transfer in this build"
	[ "$(id -u)" -eq 0 ] || skip "missing: root"
	is_first || return 0
	python3 "$BIVY_SOURCE/tests/lib/make_layout.py" "$BATS_FILE_TMPDIR/layout"
	"$BIVY_BUILD/bivy-transfer" --root "$BATS_FILE_TMPDIR/root" load --input "$BATS_FILE_TMPDIR/layout" >"$BATS_FILE_TMPDIR/loaded"
}

is_first() { grep -qx ' *0  *0  *4294967295' /proc/self/uid_map; }

setup() {
	skip_with_file
	is_first || skip "missing: what an ordinary user lacks: making device nodes"
	[ -e "$BATS_FILE_TMPDIR/loaded" ] || skip "missing: root, or bivy-transfer in this build"
	cd "$BATS_TEST_TMPDIR"
	image=$(id_of amd64)
}

transfer() { "$BIVY_BUILD/bivy-transfer" --root "$BATS_FILE_TMPDIR/root" "$@"; }

# id_of ARCHITECTURE: the id of the loaded image for it.
id_of() { jq -r --arg platform "linux/$1" '.images[] | select(.platform == $platform) | .id' "$BATS_FILE_TMPDIR/loaded"; }

# list DIRECTORY: all that can be said about the files in it.
list() {
	(
		cd "$1"
		find . -not -type d -printf '%p %y %m %U:%G %s %T@ %n %l\n' -o -printf '%p %y %m %U:%G %T@\n' | LC_ALL=C sort
		find . -type f -exec md5sum {} + | LC_ALL=C sort
		find . '(' -type c -o -type b ')' -exec stat -c '%n %t:%T' {} + | LC_ALL=C sort
		find . | LC_ALL=C sort | xargs -d '\n' getfattr -hd -m - --absolute-names
	)
}

@test "unpack-image: the same tree that umoci makes" {
	command -v umoci >/dev/null || skip "missing: program umoci"
	umoci unpack --image "$BATS_FILE_TMPDIR/layout:t" bundle
	run transfer unpack-image "$image" out
	[ "$status" -eq 0 ]
	[ "$(jq -r .layers <<<"$output")" = 3 ]
	[ "$(jq -r .id <<<"$output")" = "$image" ]
	# Those that no layer says a time for; and umoci lets that of the root be the last change's.
	touch -d @0 {out,bundle/rootfs}/{implied/by,implied,.}
	list out >ours
	list bundle/rootfs >theirs
	diff theirs ours
	[ "$(wc -l <ours)" -gt 55 ]
}

@test "unpack-image: layers change and hide what lies below them" {
	transfer unpack-image "$image" out
	[ "$(cd out && echo */)" = "bin/ deep/ etc/ file_then_dir/ implied/ link_then_dir/ $(printf 'n%.0s' {1..120})/ opaque/ sgid/ tmp/ usr/ var/" ]
	[ "$(ls out/opaque)" = c ]
	[ "$(ls out/etc)" = $'new\npasswd' ]
	[ "$(stat -c '%a %u:%g %Y' out/usr out/usr/bin out/opaque out/etc)" = $'751 1:2 1234567890\n755 0:0 1000000000\n700 0:0 1000000002\n755 0:0 1000000000' ]
	[ "$(stat -c %Y out)" = 1000000000 ]
	[ "$(cat out/usr/bin/su)" = other ]
	[ "$(stat -c '%s %h' out/usr/bin/hard)" = '6000 1' ]
}

@test "unpack-image: into an empty directory only, which stays empty after an error" {
	mkdir full empty
	touch full/x
	run transfer unpack-image "$image" full
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: cannot unpack into 'full': directory not empty" ]
	run transfer unpack-image "$image" absent/dir
	[ "$output" = "bivy-transfer: cannot make the directory 'absent/dir': no such file or directory" ]
	# A store that was damaged: the middle layer is an empty one, of the same size.
	cp -a "$BATS_FILE_TMPDIR/root" damaged
	mapfile -t layers < <(jq -r '.layers[].digest[7:]' "$BATS_FILE_TMPDIR/layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$BATS_FILE_TMPDIR/layout/index.json")")
	blobs=damaged/images/blobs/sha256
	tar c -T /dev/null | gzip -n >wrong
	truncate -s "$(stat -c %s "$blobs/${layers[1]}")" wrong
	cat wrong >"$blobs/${layers[1]}"
	for directory in empty new; do
		run "$BIVY_BUILD/bivy-transfer" --root damaged unpack-image "$image" $directory
		[ "$status" -eq 1 ]
		[[ ${lines[0]} == "bivy-transfer: the layer 'sha256:${layers[1]}' has the diff id '"*"', not '"*"'" ]]
	done
	[ -z "$(ls -A empty)" ]
	[ ! -e new ]
	rm "$blobs/${layers[2]}"
	run "$BIVY_BUILD/bivy-transfer" --root damaged unpack-image "$image" new
	[ "${lines[0]}" = "bivy-transfer: '$image' is not here in whole: 'sha256:${layers[2]}' is missing" ]
	[ ! -e new ]
}

@test "unpack-image: what is for another platform" {
	run transfer unpack-image --platform s390x "$image" out
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: '$image' is not for linux/s390x but for linux/amd64" ]
	transfer unpack-image --platform s390x "$(id_of s390x)" out
	[ -e out/etc/passwd ]
	run transfer unpack-image nothing out2
	[ "$output" = "bivy-transfer: no such image 'nothing'" ]
}
