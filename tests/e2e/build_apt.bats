# build: Dockerfiles that install packages. The base image has the machine's own apt and dpkg and a repository of two packages, so that
# what is tested is the real thing, without a network; bench/build-real does the same with images of Debian's own.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	[ -x /usr/lib/apt/methods/copy ] && [ -x /usr/bin/dpkg-deb ] || skip "missing: apt and dpkg"
	engine_setup_file
	make_root "$SCRATCH/debian"
	tar c -C "$SCRATCH/debian" . | bivy import --change 'CMD ["/bin/sh"]' - debian >/dev/null
}

# make_package DIRECTORY NAME [DEPENDS]: a package with a program of that name.
make_package() {
	local tree=$SCRATCH/package-$2
	mkdir -p "$tree/DEBIAN" "$tree/usr/games"
	printf '#!/bin/sh\necho "%s: $*"\n' "$2" >"$tree/usr/games/$2"
	chmod 755 "$tree/usr/games/$2"
	printf 'Package: %s\nVersion: 1.0-1\nArchitecture: all\nMaintainer: T <t@example.org>\n%sDescription: a test\n' "$2" "${3:+Depends: $3$'\n'}" \
		>"$tree/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$tree" "$1/$2_1.0-1_all.deb"
	dpkg-deb -f "$1/$2_1.0-1_all.deb" >>"$1/Packages"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$2_1.0-1_all.deb" "$(stat -c %s "$1/$2_1.0-1_all.deb")" \
		"$(sha256sum <"$1/$2_1.0-1_all.deb" | cut -d ' ' -f 1)" >>"$1/Packages"
}

# make_root DIRECTORY: files of a Debian that is small.
make_root() {
	local root=$1 programs libraries
	umask 022
	mkdir -p "$root"/{dev,etc/apt/apt.conf.d,etc/apt/preferences.d,proc,repo,root,run,tmp,usr/bin,usr/sbin,usr/lib/apt/methods,usr/lib64,usr/share/dpkg} \
		"$root"/var/{lib/dpkg/info,lib/dpkg/updates,lib/dpkg/triggers,lib/apt/lists/partial,cache/apt/archives/partial,log/apt}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
	cp /bin/busybox "$root/usr/bin"
	busybox --install -s "$root/usr/bin"
	# ldconfig is asked for by name; there is nothing for it to do.
	ln -s ../bin/true "$root/usr/sbin/ldconfig"
	programs=(/usr/bin/{apt-get,dpkg,dpkg-deb,dpkg-split,tar} /usr/lib/apt/methods/{copy,store})
	mapfile -t libraries < <(ldd "${programs[@]}" | grep -o '\(=> \|^	\)/[^ ]*' | sed 's/^[^/]*//' | sort -u)
	cp -L --parents --remove-destination "${programs[@]}" "${libraries[@]}" "$root"
	touch "$root"/var/lib/dpkg/{status,available}
	cp /usr/share/dpkg/*table "$root/usr/share/dpkg"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh _apt:x:42:65534::/nonexistent:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: >"$root/etc/group"
	printf 'deb [trusted=yes] copy:/repo ./\n' >"$root/etc/apt/sources.list"
	make_package "$root/repo" moo
	make_package "$root/repo" cowsay moo
}

@test "the lecture's Dockerfile: FROM, MAINTAINER, RUN apt-get, COPY, WORKDIR, CMD" {
	cat >Dockerfile <<-'END'
		FROM debian:latest
		MAINTAINER A. Teacher <teacher@example.org>
		RUN apt-get update && apt-get install -y cowsay
		COPY . /app
		WORKDIR /app
		CMD ["/bin/sh", "hello.sh"]
	END
	printf '%s\n' 'pwd; /usr/games/cowsay "$(/usr/games/moo 1)"; dpkg -l | grep ^ii | cut -c 5-11' >hello.sh
	run -0 bivy build --network none --progress plain -t lecture .
	assert_has "Setting up cowsay (1.0-1)"
	assert_equal $'/app\ncowsay: moo: 1\ncowsay \nmoo    ' "$(bivy run --rm --network none lecture)"
	assert_equal 'A. Teacher <teacher@example.org>' "$(bivy image inspect --format '{{.Author}}' lecture)"
	# Users that packages give files to are other users of the host, but for root of the image.
	assert_equal "0 1" "$(bivy run --rm --network none --user 42 lecture sh -c 'echo "$(stat -c %u /usr/games/moo) $(grep -c " 0 " /proc/self/uid_map)"')"
	run -0 bivy build --network none --progress plain -t lecture .
	[ "$(grep -c CACHED <<<"$output")" = 3 ]
}

@test "cache mounts: what was downloaded once is not downloaded again" {
	cat >Dockerfile <<-'END'
		FROM debian
		RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \
		    apt-get update && apt-get install -y cowsay
		RUN [ -x /usr/games/cowsay ] && [ -z "$(ls /var/cache/apt/archives/*.deb 2>/dev/null)" ]
	END
	run -0 bivy build --network none --progress plain .
	[[ $output == *"Need to get "[1-9]*" B of archives"*"./ cowsay 1.0-1 ["* ]]
	run -0 bivy build --network none --no-cache --progress plain .
	[[ $output == *"Need to get 0 B/"* && $output != *"./ cowsay 1.0-1 ["* ]]
	sed -i 's/ cowsay$/ moo/; $d' Dockerfile
	run -0 bivy build --network none --progress plain .
	[[ $output == *"Need to get 0 B/"*"Setting up moo"* ]]
}
