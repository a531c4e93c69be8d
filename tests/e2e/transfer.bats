# bivy-transfer: layers between streams of bytes and directories.
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8

setup() {
	transfer=$BIVY_BUILD/bivy-transfer
	[ -x "$transfer" ] || skip "missing: bivy-transfer in this build"
	cd "$BATS_TEST_TMPDIR"
	mkdir tree out
	echo hello >tree/file
	ln tree/file tree/hard
	ln -s file tree/soft
	mkdir tree/d
	seq 1000 >tree/d/numbers
	tar c --format=posix -C tree . >layer.tar
}

@test "unpack: what comes in is told by its digests" {
	gzip -nc layer.tar >layer.tar.gz
	run "$transfer" unpack out <layer.tar.gz
	[ "$status" -eq 0 ]
	[ "$(jq -r .digest <<<"$output")" = "sha256:$(sha256sum <layer.tar.gz | cut -d' ' -f1)" ]
	[ "$(jq -r .diffID <<<"$output")" = "sha256:$(sha256sum <layer.tar | cut -d' ' -f1)" ]
	[ "$(jq -r .compression <<<"$output")" = gzip ]
	[ "$(jq -r .size <<<"$output")" = "$(stat -c %s layer.tar.gz)" ]
	diff -r tree out
	[ out/file -ef out/hard ]
}

@test "unpack: a wrong digest is an error that names both" {
	wrong=sha256:$(sha256sum </dev/null | cut -d' ' -f1)
	run --separate-stderr "$transfer" unpack --digest "$wrong" out <layer.tar
	[ "$status" -eq 1 ]
	[ "$stderr" = "bivy-transfer: the digest is not '$wrong' but 'sha256:$(sha256sum <layer.tar | cut -d' ' -f1)'" ]
	[ -z "$output" ]
	run --separate-stderr "$transfer" unpack --diff-id md5:0 out <layer.tar
	[ "$status" -eq 1 ]
	[ "$stderr" = "bivy-transfer: unknown algorithm of the digest 'md5:0'" ]
}

@test "unpack: a layer that breaks off, or is none" {
	gzip -nc layer.tar | head -c 300 >half
	run "$transfer" unpack out <half
	[ "$status" -eq 1 ]
	[[ $output == *"cannot decompress gzip: it ends too early" ]]
	run "$transfer" unpack out <<<"no archive at all, but longer than nothing"
	[ "$status" -eq 1 ]
	[[ $output == "bivy-transfer: the archive is damaged at byte "* ]]
}

@test "pack: the same directory makes the same layer, which unpacks to the same" {
	for how in none gzip zstd; do
		run "$transfer" pack --compress $how -o $how tree
		[ "$status" -eq 0 ]
		[ "$(jq -r .digest <<<"$output")" = "sha256:$(sha256sum <$how | cut -d' ' -f1)" ]
		[ "$(jq -r .diffID <<<"$output")" = "sha256:$(sha256sum <none | cut -d' ' -f1)" ]
		mkdir from-$how
		run "$transfer" unpack --digest "$(jq -r .digest <<<"$output")" --diff-id "$(jq -r .diffID <<<"$output")" from-$how <$how
		[ "$status" -eq 0 ]
		[ "$(jq -r .compression <<<"$output")" = $how ]
		diff -r tree from-$how
	done
}

@test "pack: nothing half-made stays, nothing is overwritten" {
	touch tree/.wh.x
	run "$transfer" pack -o new tree
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: cannot archive '.wh.x': in a layer the name would stand for a removed file" ]
	[ ! -e new ]
	run "$transfer" pack -o layer.tar tree
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: cannot make 'layer.tar': file exists" ]
}

@test "compress: a file is replaced, with its times, and comes back the same" {
	seq 100000 >log
	cp log reference
	touch -d 2020-01-02T03:04:05 log reference
	run "$transfer" compress log
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ ! -e log ]
	[ "$(stat -c %Y log.zst)" = "$(stat -c %Y reference)" ]
	[ "$(stat -c %s log.zst)" -lt 300000 ]
	"$transfer" decompress <log.zst | cmp - reference
	cp reference log
	run "$transfer" compress --format gzip "$PWD/log"
	[ "$status" -eq 0 ]
	gzip -dc log.gz | cmp - reference
	"$transfer" decompress <reference | cmp - reference
}

@test "compress: what is no file, and a name that is taken" {
	run "$transfer" compress none
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: cannot open 'none': no such file or directory" ]
	run "$transfer" compress tree
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: 'tree' is no file" ]
	run "$transfer" compress --format xz layer.tar
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: invalid value 'xz' for --format: expected gzip or zstd" ]
	# An earlier attempt was killed between its two steps.
	cp layer.tar log
	"$transfer" compress log
	cp layer.tar log
	run "$transfer" compress log
	[ "$status" -eq 0 ]
	[ ! -e log ]
	"$transfer" decompress <log.zst | cmp - layer.tar
}

@test "compress: several, one of which has gone" {
	cp layer.tar one
	cp layer.tar two
	run "$transfer" compress one gone two
	[ "$status" -eq 1 ]
	[ "$output" = "bivy-transfer: cannot open 'gone': no such file or directory" ]
	[ -e one.zst ] && [ -e two.zst ] && [ ! -e one ] && [ ! -e two ]
	run "$transfer" compress one.zst tree/x
	[ "$output" = "bivy-transfer: 'tree/x' is not in the directory '.'" ]
}

@test "decompress: what breaks off is an error" {
	cp layer.tar log
	"$transfer" compress log
	head -c 200 log.zst >half
	run "$transfer" decompress <half
	[ "$status" -eq 1 ]
	[[ $output == *"cannot decompress zstd: it ends too early" ]]
}
