# bivy-builder: what `bivy build` has done with files, by itself.
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8

setup() {
	[ -x "$BIVY_BUILD/bivy-builder" ] || skip "missing: bivy-builder in this build"
	[ "$(id -u)" -eq 0 ] || skip "missing: root"
	umask 022
	cd "$BATS_TEST_TMPDIR"
	mkdir context root
	exec 7<context 8<root
}

teardown() {
	umount "$BATS_TEST_TMPDIR"/*/merged 2>/dev/null || true
}

# builder COMMAND WORK: the document is read from a descriptor; 7 is the context, 8 the tree that is written to.
builder() { "$BIVY_BUILD/bivy-builder" --root "$BATS_TEST_TMPDIR/store" "$1" --work-fd 9 9<<<"$2"; }

# digest [MEMBERS]: of the context.
digest() { builder digest '{"takes":[{"root":7,"sources":["."],'"${1-\"isContext\":true}"'}]}' | jq -r '.takes[].digest'; }

# copy SOURCES DESTINATION [MEMBERS [MEMBERS OF THE TAKE]]: from the context.
copy() { builder copy '{"root":8,"destination":"'"$2"'","takes":[{"root":7,"isContext":true,"sources":['"$1"']'"${4+,$4}"'}]'"${3+,$3}"'}'; }

# What is in a directory, without itself.
list() { (cd "${1-root}" && find . -mindepth 1 -printf '%P %y %m %U:%G %n %l\n' | sed 's/ $//' | sort); }

@test "digest: of names, modes, bytes, links and attributes, not of times and a context's owners" {
	local last=() now
	mkdir context/dir
	echo a >context/dir/a
	now=$(digest)
	touch -d @5 context/dir/a context/dir context
	chown 1:2 context/dir/a
	[ "$(digest)" = "$now" ]
	for change in 'chmod 600 context/dir/a' 'echo b >context/dir/a' 'mv context/dir/a context/dir/b' 'ln -s b context/l' 'ln -sfn c context/l' \
		'setfattr -n user.x -v y context/dir/b' 'setfattr -n user.x -v z context/dir' 'cp -p context/dir/b context/dir/c' 'ln -f context/dir/b context/dir/c' \
		'chmod 700 context/dir' 'mkfifo context/f' 'mkdir context/empty'; do
		last+=("$now")
		eval "$change"
		now=$(digest)
		[[ $now =~ ^sha256:[0-9a-f]{64}$ ]]
		[[ " ${last[*]} " != *" $now "* ]] || { echo "nothing changes with: $change"; false; }
	done
	# Another tree's owners count.
	now=$(digest '"isContext":false')
	chown 3 context/dir/b
	[ "$(digest '"isContext":false')" != "$now" ]
}

@test "digest: a file that was changed behind its time of modification is read again" {
	local first second
	echo one >context/a
	touch -d @1000 context/a
	first=$(digest '"index":"'"$PWD"'/index"')
	sleep 0.15
	[ "$(digest '"index":"'"$PWD"'/index"')" = "$first" ]
	[ -s index ]
	# From now on it is known without being read: even what is wrong.
	printf two_ >context/a
	touch -d @1000 context/a
	second=$(digest '"index":"'"$PWD"'/index"')
	[ "$second" != "$first" ]
	[ "$second" = "$(digest)" ]
	# Whatever else is in that file.
	for damage in 'truncate -s 20 index' 'echo hello >index' ': >index' 'rm index; mkdir index'; do
		eval "$damage"
		[ "$(digest '"index":"'"$PWD"'/index"')" = "$second" ]
	done
}

@test "digest: several takes, sources by wildcards, what is left out" {
	mkdir -p context/{src,doc}
	touch context/{src/{a.c,b.c,b.h},doc/a.md,README.md}
	run builder digest '{"takes":[{"root":7,"sources":["src/*.c","*.md"]},{"root":7,"sources":["*/a.*"],"excludes":["*.md"]},
		{"root":7,"sources":["."],"ignore":"*\n!src\nsrc/b.*\n"},{"root":7,"sources":["doc/./../src/b.*","READ*"],"parents":true}]}'
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.takes[].entries]' <<<"$output")" = '[3,1,2,1]' ]
}

@test "digest: what is not there, or left out, is said with the nearest name" {
	mkdir -p context/source
	touch context/source/main.c
	ln -s nowhere context/dangling
	run builder digest '{"takes":[{"root":7,"sources":["source/mian.c"]}]}'
	[ "$status" -eq 1 ]
	[ "$output" = $'bivy-builder: there is no \'source/mian.c\'\nhint: did you mean \'source/main.c\'?' ]
	run builder digest '{"takes":[{"root":7,"sources":["sorce/main.c"]}]}'
	[ "$output" = $'bivy-builder: there is no \'sorce/main.c\'\nhint: did you mean \'source\'?' ]
	run builder digest '{"takes":[{"root":7,"sources":["source/main.c"],"ignore":"source","ignoreName":"x.dockerignore"}]}'
	[ "$output" = "bivy-builder: 'source/main.c' is left out by 'x.dockerignore'" ]
	run builder digest '{"takes":[{"root":7,"sources":["dangling"]}]}'
	[ "$output" = "bivy-builder: there is no 'dangling'" ]
	run builder digest '{"takes":[{"root":7,"sources":["../../etc/passwd"]}]}'
	[ "$output" = "bivy-builder: there is no '../../etc/passwd'" ]
	"$BIVY_BUILD/bivy-builder" --events 12 digest --work-fd 9 9<<<'{"takes":[{"root":7,"sources":["*.x","y*"]}]}' 12>events
	[ "$(jq -r .text events)" = $'nothing fits \'*.x\'\nnothing fits \'y*\'' ]
	run builder digest '{"takes":[{"root":7,"sources":["so*","dang*"]}]}'
	[ "$output" = "bivy-builder: 'dangling', which fits 'dang*', leads to what is not there" ]
	builder digest '{"takes":[{"root":7,"sources":["so*","dang*"],"ignore":"dang*"}]}'
}

@test "copy: files into directories, or as what the destination says" {
	mkdir -p context/dir/sub root/there
	echo a >context/a
	echo b >context/dir/b
	chmod 640 context/a
	chmod 750 context/dir context/dir/sub
	chown -R 5:6 context
	ln -s dir context/link
	ln -s a context/la
	copy '"a"' /new/name
	copy '"a","la"' /new/dir/
	copy '"a"' /there
	copy '"link"' /content
	run copy '"dir"' /there
	[ "$output" = '{"entries":2,"bytes":2}' ]
	diff - <(list) <<-END
		content d 755 0:0 3
		content/b f 644 0:0 1
		content/sub d 750 0:0 2
		new d 755 0:0 3
		new/dir d 755 0:0 2
		new/dir/a f 640 0:0 1
		new/dir/la f 640 0:0 1
		new/name f 640 0:0 1
		there d 755 0:0 3
		there/a f 640 0:0 1
		there/b f 644 0:0 1
		there/sub d 750 0:0 2
	END
	[ "$(cat root/new/dir/la)" = a ]
	[ "$(stat -c %Y root/there/a)" = "$(stat -c %Y context/a)" ]
}

@test "copy: owners by name, modes by words, times not later than asked for" {
	mkdir -p context/dir root/etc
	printf 'root:x:0:0::/:\nweb:x:33:34::/:\n' >root/etc/passwd
	printf 'staff:x:50:\n' >root/etc/group
	touch context/dir/{plain,tool}
	chmod 4711 context/dir/tool
	chmod 600 context/dir/plain
	ln -s plain context/dir/link
	copy '"dir"' /a/b '"chown":"web","chmod":"u=rwX,go=rX","epoch":1000'
	copy '"dir/tool"' /c '"chown":"web:staff","chmod":"0754"'
	copy '"dir/tool"' /d '"chown":"7"'
	builder copy '{"root":8,"destination":"/w/d","directoryOnly":true,"chown":":staff"}'
	builder copy '{"root":8,"destination":"/f","files":[{"name":"here","content":"x\n"}],"chmod":"755"}'
	rm -r root/etc
	diff - <(list) <<-END
		a d 755 33:34 3
		a/b d 755 33:34 2
		a/b/link l 777 33:34 1 plain
		a/b/plain f 644 33:34 1
		a/b/tool f 755 33:34 1
		c f 754 33:50 1
		d f 4711 7:7 1
		f f 755 0:0 1
		w d 755 0:50 3
		w/d d 755 0:50 2
	END
	[ "$(cat root/f)" = x ]
	[ "$(stat -c %Y root/a root/a/b/plain | sort -u)" = 1000 ]
	run copy '"dir"' / '"chown":"wbe"'
	[ "$output" = "bivy-builder: no user 'wbe' in '/etc/passwd'" ]
	run copy '"dir"' / '"chmod":"u=q"'
	[ "$output" = $'bivy-builder: \'u=q\' is no mode\nhint: 0755, or words of chmod: u=rwX,go=rX' ]
}

@test "copy: hard links, holes, attributes, fifos and devices come along; sockets do not" {
	grep -qx ' *0  *0  *4294967295' /proc/self/uid_map || skip "missing: what an ordinary user lacks: making device nodes"
	mkdir -p context/d
	echo x >context/d/one
	ln context/d/one context/d/two
	ln context/d/one context/outside
	truncate -s 20M context/d/sparse
	printf data | dd of=context/d/sparse bs=1 seek=10M conv=notrunc status=none
	mkfifo context/d/fifo
	mknod context/d/null c 1 3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("context/d/sock")'
	setfattr -n user.a -v b context/d/one
	setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 context/d/one
	ln -s one context/d/zlink
	setfattr -h -n trusted.a -v c context/d/zlink
	copy '"d"' /
	diff - <(list) <<-END
		fifo p 644 0:0 1
		null c 644 0:0 1
		one f 644 0:0 2
		sparse f 644 0:0 1
		two f 644 0:0 2
		zlink l 777 0:0 1 one
	END
	[ "$(stat -c %t:%T root/null)" = 1:3 ]
	[ "$(stat -c %s root/sparse)" -eq $((20 << 20)) ]
	[ "$(du -k root/sparse | cut -f1)" -lt 1000 ]
	cmp context/d/sparse root/sparse
	[ "$(getfattr --only-values -n user.a root/two)" = b ]
	[ "$(getfattr -h --only-values -n trusted.a root/zlink)" = c ]
	[ "$(getfattr -e hex --only-values -n security.capability root/one | wc -c)" -gt 10 ]
}

@test "copy: links in the destination lead within its root, those in the way are no directories" {
	mkdir -p context/d/sub root/real outside
	echo a >context/a
	touch context/d/sub/x
	ln -s /real root/link
	ln -s ../../../../../real root/up
	ln -s /real/made root/dangling
	copy '"a"' /link/in
	copy '"a"' /up
	copy '"a"' /dangling
	copy '"d"' /link
	diff - <(list root/real) <<-END
		a f 644 0:0 1
		in f 644 0:0 1
		made f 644 0:0 1
		sub d 755 0:0 2
		sub/x f 644 0:0 1
	END
	ln -s "$PWD/outside" root/escape
	copy '"a"' /escape/
	[ -z "$(ls outside)" ]
	[ -f "root$PWD/outside/a" ]
	mkdir root/t
	ln -s /real root/t/sub
	run copy '"d"' /t
	[ "$output" = "bivy-builder: cannot replace the file 'sub' by a directory" ]
	mkdir root/t/a
	run copy '"a"' /t
	[ "$output" = "bivy-builder: cannot replace the directory 'a' by a file" ]
	run copy '"a"' /real/in/
	[ "$output" = "bivy-builder: there is a file in the way of the directory '/real/in'" ]
}

@test "copy: with directories, without what is excluded or ignored" {
	mkdir -p context/a/b/c context/z
	touch context/a/b/{x.go,y.md} context/a/b/c/{v.go,w.md} context/z/q
	chmod 700 context/a/b
	copy '"a/./b/c","z"' /p '"epoch":9' '"parents":true'
	copy '"**/*.go"' /g/ '"epoch":9' '"parents":true'
	copy '"a"' /e '"epoch":9' '"excludes":["**/*.go"]'
	copy '"."' /i '"epoch":9' '"ignore":"# all\n**\n!a/b/c/*.md\n"'
	diff - <(list | cut -d' ' -f1-3) <<-END
		e d 755
		e/b d 700
		e/b/c d 755
		e/b/c/w.md f 644
		e/b/y.md f 644
		g d 755
		g/a d 755
		g/a/b d 700
		g/a/b/c d 755
		g/a/b/c/v.go f 644
		g/a/b/x.go f 644
		i d 755
		i/a d 755
		i/a/b d 700
		i/a/b/c d 755
		i/a/b/c/w.md f 644
		p d 755
		p/b d 700
		p/b/c d 755
		p/b/c/v.go f 644
		p/b/c/w.md f 644
		p/z d 755
		p/z/q f 644
	END
}

@test "copy: ADD unpacks archives, whichever way they are compressed, over what is there" {
	mkdir -p in/sub in/deep root/t/was_dir
	echo f >in/sub/f
	echo g >in/was_dir
	chmod 2750 in/sub
	ln in/sub/f in/deep/hard
	chown -R 3:4 in
	for way in 'gz -z' 'bz2 -j' 'xz -J' 'zst --zstd' 'tar '; do tar -C in -c ${way#* } -f "context/x.${way% *}" .; done
	mkdir root/t/sub
	touch root/t/sub/old root/t/was_dir/gone
	copy '"x.gz"' /t '"epoch":1000' '"unpack":true'
	diff - <(list root/t) <<-END
		deep d 755 3:4 2
		deep/hard f 644 3:4 2
		sub d 2750 3:4 2
		sub/f f 644 3:4 2
		sub/old f 644 0:0 1
		was_dir f 644 3:4 1
	END
	[ "$(stat -c %Y root/t/sub/f root/t/deep | sort -u)" = 1000 ]
	for way in bz2 xz zst tar; do
		copy "\"x.$way\"" "/$way/" '"chown":"8:9"' '"unpack":true'
		[ "$(list "root/$way" | cut -d' ' -f1,4 | tr '\n' ' ')" = 'deep 3:4 deep/hard 3:4 sub 3:4 sub/f 3:4 was_dir 3:4 ' ]
	done
	# What is none, and what is not asked for, is a file.
	head -c 5000 /dev/zero >context/zeros
	copy '"x.gz"' /kept/
	copy '"zeros"' /kept/ '"epoch":1' '"unpack":true'
	[ "$(ls root/kept)" = $'x.gz\nzeros' ]
	python3 - <<-'END'
		import tarfile, io
		for name, kind, link in ("../out", tarfile.REGTYPE, ""), ("a/../../out", tarfile.REGTYPE, ""), ("h", tarfile.LNKTYPE, "../../etc/passwd"):
		    with tarfile.open("context/bad%d" % len(name), "w") as t:
		        m = tarfile.TarInfo(name); m.type = kind; m.linkname = link; t.addfile(m)
	END
	for bad in bad6 bad11 bad1; do
		run copy "\"$bad\"" /bad/ '"epoch":1' '"unpack":true'
		[ "$status" -eq 1 ]
		[[ $output == *"leads out of where it is unpacked" ]]
	done
	[ "$(ls root/bad)" = '' ]
}

# step NUMBER COMMAND [CHAIN ID…]: what COMMAND changes in a mount of the layers, the uppermost first, is in step/upper.
step() {
	local lower= id marks=redirect_dir=off,metacopy=off
	grep -qx ' *0  *0  *4294967295' /proc/self/uid_map || marks=userxattr
	mkdir -p "$1"/{upper,work,merged,none}
	for id in "${@:3}"; do lower+=:$PWD/store/images/layers/${id#sha256:}/diff; done
	lower=${lower:1}
	mount -t overlay overlay -o "lowerdir=${lower:-$PWD/$1/none},upperdir=$PWD/$1/upper,workdir=$PWD/$1/work,$marks" "$1/merged"
	(cd "$1/merged" && eval "$2")
	umount "$1/merged"
}

# layer NUMBER [MEMBERS]: of that step; prints the document.
layer() { builder layer '{"upper":"'"$PWD/$1/upper"'"'"${2+,$2}"'}'; }

# listing of the archive that a layer is in an image.
members() { zcat "store/images/blobs/sha256/${1#sha256:}" | tar tf - ; }

@test "layer and image: what steps have changed, and nothing else" {
	local a b c image blobs
	step 1 'mkdir -p etc old/x keep run; echo one >etc/one; ln etc/one etc/two; echo y >old/x/y'
	a=$(layer 1)
	A=$(jq -r .chainId <<<"$a")
	[ "$(jq -c '[.size,.members]' <<<"$a")" = '[6,8]' ]
	step 2 'rm -r old; mkdir old; echo z >old/z; rm etc/two; mkdir -p new/dir run/secrets dev keep/m; touch run/secrets/s etc/resolv.conf' "$A"
	b=$(layer 2 '"parent":"'"$A"'","mountpoints":["/run/secrets/s","/etc/resolv.conf","/dev","/keep/m","/nowhere/x"]')
	B=$(jq -r .chainId <<<"$b")
	# A step that only had mounts has changed nothing.
	step 3 'mkdir keep/m; rmdir keep/m; touch etc/hosts' "$B" "$A"
	c=$(layer 3 '"parent":"'"$B"'","mountpoints":["/keep/m","/etc/hosts"]')
	[ "$(jq '.members // 0' <<<"$c")" = 0 ]
	image='{"parts":[{"config":"{\"os\":\"linux\",\"rootfs\":0,\"config\":{}}","platform":"linux/amd64","layers":['"$(jq -c '{chainId,diffId}' <<<"$a$b" | paste -sd,)"']}]'
	run builder image "$image"',"names":["docker.io/library/x:1","docker.io/library/x:2"],"created":"2020-01-01T00:00:00Z"}'
	[ "$status" -eq 0 ]
	mapfile -t blobs < <(jq -r '.parts[0].layers[].digest' <<<"$output")
	[ "$(members "${blobs[0]}" | tr '\n' ' ')" = 'etc/ etc/one etc/two keep/ old/ old/x/ old/x/y run/ ' ]
	[ "$(members "${blobs[1]}" | tr '\n' ' ')" = 'etc/ etc/.wh.two new/ new/dir/ old/ old/.wh..wh..opq old/z ' ]
	[ "$(jq -c .rootfs "store/images/blobs/sha256/$(jq -r '.id[7:]' <<<"$output")")" = "$(jq -cs '{type:"layers",diff_ids:[.[].diffId]}' <<<"$a$b")" ]
	[ "$("$BIVY" --root store --run-root run images --format '{{.Tag}} {{.Size}}')" = $'1 8B\n2 8B' ]
	"$BIVY" --root store --run-root run system check
	# The same once more, elsewhere, is the same to the byte.
	first=$output
	rm -r store 1 2
	step 1 'mkdir -p etc old/x keep run; echo one >etc/one; ln etc/one etc/two; echo y >old/x/y; find . -exec touch -h -d @5 {} +'
	mv 1 4
	step 1 'mkdir -p etc old/x keep run; echo one >etc/one; ln etc/one etc/two; echo y >old/x/y; find . -exec touch -h -d @7 {} +'
	a=$(layer 1 '"rewritesTimes":true,"epoch":5')
	[ "$(layer 4)" = "$a" ]
}

@test "copy: with its layer, the blob of that and a digest, all as the commands by themselves make them" {
	local one two blob way
	mkdir -p context/d/e context/empty
	seq 9 >context/d/a
	: >context/d/nothing
	head -c 300000 /dev/urandom >context/d/big
	cp -p context/d/a context/d/e/b
	ln context/d/a context/d/e/hard
	ln -s ../a context/d/e/soft
	setfattr -n user.x -v y context/d/e/b
	chmod 4755 context/d/nothing
	cp -r context/d context/f
	find context -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +
	for way in '"chmod":"u=rwX,go=rX"' '"chown":"5:6","epoch":100' '"epoch":1'; do
		[ -d root ] || { mkdir root; exec 8<root; }
		one=$(copy '"."' /x "$way"',"wantsDigest":true,"layer":{"upper":"'"$PWD"'/root","wantsBlob":true}')
		[ ! -e root ]
		mkdir root
		exec 8<root
		copy '"."' /x "$way"
		two=$(builder layer '{"upper":"'"$PWD"'/root"}')
		[ "$(jq -r .layer.diffId <<<"$one")" = "$(jq -r .diffId <<<"$two")" ]
		[ "$(jq -c '[.layer.chainId, .layer.size, .layer.members]' <<<"$one")" = "$(jq -c '[.chainId, .size, .members]' <<<"$two")" ]
		[ "$(jq -r .digest <<<"$one")" = "$(digest)" ]
		blob=$(jq -r .layer.blob <<<"$one")
		[ "sha256:$(gunzip -c "store/images/blobs/sha256/${blob#*:}" | sha256sum | cut -d ' ' -f 1)" = "$(jq -r .layer.diffId <<<"$one")" ]
		[ "$(stat -c %s "store/images/blobs/sha256/${blob#*:}")" = "$(jq -r .layer.blobSize <<<"$one")" ]
	done
	# A file that is read already is known to the index.
	mkdir root
	exec 8<root
	one=$(builder copy '{"root":8,"destination":"/","wantsDigest":true,"takes":[{"root":7,"isContext":true,"sources":["."],"index":"'"$PWD"'/index"}]}' | jq -r .digest)
	[ "$one" = "$(digest)" ]
	[ -s index ]
	[ "$(digest '"isContext":true,"index":"'"$PWD"'/index"')" = "$one" ]
}

@test "layer: once more on another parent, without a copy" {
	local a b l c
	step 1 'mkdir base; echo b >base/b'
	a=$(layer 1 | jq -r .chainId)
	step 2 'mkdir -m 750 app; chown 5:6 app; setfattr -n user.a -v b app; echo x >app/x; ln app/x app/y'
	l=$(layer 2)
	c=$(builder layer '{"clone":"'"$(jq -r .chainId <<<"$l")"'","parent":"'"$a"'"}')
	[ "$(jq -r .diffId <<<"$c")" = "$(jq -r .diffId <<<"$l")" ]
	[ "$(jq -r .chainId <<<"$c")" = "sha256:$(printf '%s %s' "$a" "$(jq -r .diffId <<<"$l")" | sha256sum | cut -d' ' -f1)" ]
	cd "store/images/layers/$(jq -r '.chainId[7:]' <<<"$c")/diff"
	[ "$(find . -mindepth 1 -printf '%P %m %U:%G %n\n' | sort | tr '\n' ' ')" = 'app 750 5:6 2 app/x 644 0:0 4 app/y 644 0:0 4 ' ]
	[ "$(getfattr --only-values -n user.a app)" = b ]
	run builder layer '{"clone":"'"$a"'","parent":"sha256:'"$(printf %064d 0)"'"}'
	[ "$status" -eq 1 ]
	[[ $output == "bivy-builder: cannot open the layer 'sha256:000"* ]]
}

@test "image: compressions, several platforms, and what is said of them" {
	local part
	step 1 'seq 10000 >numbers'
	part='"platform":"linux/amd64","layers":['"$(layer 1 | jq -c '{chainId,diffId}')"']'
	for way in 'gzip tar+gzip' 'zstd tar+zstd' 'uncompressed tar'; do
		run builder image '{"parts":[{"config":"{}",'"$part"'}],"compression":"'"${way% *}"'","names":[]}'
		[ "$(jq -r '.parts[0].layers[0].mediaType' <<<"$output")" = "application/vnd.oci.image.layer.v1.${way#* }" ]
	done
	# A blob that is there stays, unless it must be otherwise.
	part='"platform":"linux/amd64","layers":'"$(jq -c '.parts[0].layers' <<<"$output")"
	run builder image '{"parts":[{"config":"{}",'"$part"'}],"compression":"zstd","dockerTypes":true}'
	[ "$(jq -r '.parts[0].layers[0].mediaType' <<<"$output")" = application/vnd.oci.image.layer.v1.tar ]
	[ "$(jq -r .mediaType <<<"$output")" = application/vnd.docker.distribution.manifest.v2+json ]
	run builder image '{"parts":[{"config":"{}",'"$part"'}],"compression":"zstd","forceCompression":true,"compressionLevel":19}'
	[ "$(jq -r '.parts[0].layers[0].mediaType' <<<"$output")" = application/vnd.oci.image.layer.v1.tar+zstd ]
	run builder image '{"parts":[{"config":"{}",'"$part"',"statements":{"https://example.org/p":"{\"a\":1}"}},{"config":"{}",'"${part/amd64/arm64}"'}],
		"names":["docker.io/library/n:t"],"annotations":{"k":"v"}}'
	cd store/images/blobs/sha256
	[ "$(jq -c '[.manifests[] | .platform.architecture], .annotations' "$(jq -r '.digest[7:]' <<<"$output")")" = $'["amd64","arm64","unknown"]\n{"k":"v"}' ]
	attestation=$(jq -r '.manifests[2].digest[7:]' "$(jq -r '.digest[7:]' <<<"$output")")
	[ "$(jq -c '.layers[0].annotations' "$attestation")" = '{"in-toto.io/predicate-type":"https://example.org/p"}' ]
	[ "$(jq -c '.subject, .predicate' "$(jq -r '.layers[0].digest[7:]' "$attestation")")" = \
		'[{"name":"pkg:docker/n@t?platform=linux%2Famd64","digest":{"sha256":"'"$(jq -r '.parts[0].digest[7:]' <<<"$output")"$'"}}]\n{"a":1}' ]
	run builder image '{"parts":[{"config":"[]",'"$part"'}]}'
	[ "$output" = 'bivy-builder: configuration: expected object, found array' ]
	run builder image '{"parts":[{"config":"{}",'"$part"'}],"compression":"lz4"}'
	[ "${lines[0]}" = "bivy-builder: unknown compression 'lz4'" ]
}

@test "work that cannot be understood is refused" {
	run "$BIVY_BUILD/bivy-builder" digest
	[ "$output" = 'bivy-builder: --work-fd is missing' ]
	run builder copy '{"root":8}'
	[ "$output" = 'bivy-builder: destination: missing' ]
	run builder layer '{"upper":"/nowhere/at/all"}'
	[ "$output" = "bivy-builder: cannot take '/nowhere/at/all' into the store: no such file or directory" ]
	[ -z "$(ls store/images/staging store/images/leases | grep -v :)" ]
}
