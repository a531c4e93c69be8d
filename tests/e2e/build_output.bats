# build: what comes out, besides an image in the store: archives, files, pushes, annotations, the same bytes once more.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	engine_setup_file
}

setup() {
	engine_setup
	mkdir context
	cat >Dockerfile <<-'END'
		FROM busybox AS made
		RUN mkdir /d && echo one >/d/one && ln /d/one /d/other && ln -s one /d/soft && chown 5:6 /d/one && touch /d/gone
		RUN rm /d/gone && chmod 600 /d/one
		FROM scratch AS files
		COPY --from=made /d /d/
		FROM made
		ENV A=b
	END
}

built() { bivy build --progress quiet -f Dockerfile "$@" context; }
refused() { run -1 bivy build --progress quiet -f Dockerfile "$@" context; }

# blob DIRECTORY DIGEST: prints it.
blob() { cat "$1/blobs/${2/://}"; }

@test "archives and directories of an image: oci, docker, to a file, a directory, the standard output" {
	built -o type=oci,dest=a.tar,name=more:2 -t x/y:1 --metadata-file metadata --iidfile id
	mkdir a && tar xf a.tar -C a
	assert_equal '["docker.io/x/y:1","docker.io/library/more:2"]' \
		"$(jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"]]' a/index.json)"
	digest=$(jq -r '.manifests[0].digest' a/index.json)
	assert_equal "$digest $(<id)" "$(jq -r '.["containerimage.digest"] + " " + .["containerimage.config.digest"]' metadata)"
	assert_equal "$(<id)" "$(blob a "$digest" | jq -r .config.digest)"
	for file in a/blobs/sha256/*; do assert_equal "${file##*/}" "$(sha256sum <"$file" | cut -d' ' -f1)"; done
	run bivy images -q x/y
	assert_equal "" "$output" "it is not in the store"
	bivy system check
	built -o type=oci,dest=b,tar=false -t x/y:1 -t more:2
	diff -r a b
	# What is read is an archive alone, whatever else would be printed.
	built -q -o type=docker,dest=- -t z:1 >docker.tar
	assert_equal '["docker.io/library/z:1"]' "$(tar xOf docker.tar manifest.json | jq -c '.[0].RepoTags')"
	bivy load -q -i docker.tar
	bivy image inspect z:1 | jq -e '.[0].Config.Env | index("A=b")' >/dev/null
	built -o type=image,name=zstd:1,compression=zstd,force-compression=true,oci-mediatypes=true
	assert_equal application/vnd.oci.image.layer.v1.tar+zstd "$(bivy image inspect zstd:1 | jq -r '[.[0].Manifest.Layers[].mediaType] | unique[]')"
	refused -o type=oci
	[[ $output == *'dest= is missing'* ]]
	refused -o type=oci,tar=false,dest=-
}

@test "files: into a directory, as an archive, of several platforms" {
	mkdir out && echo old >out/old
	built --target files -o out
	assert_equal "d d/one d/other d/soft old" "$(cd out && echo $(find * | LC_ALL=C sort))"
	assert_equal "one 600 $EUID:$EUID" "$(readlink out/d/soft) $(stat -c '%a %u:%g' out/d/one)"
	built --target files -o - | tar t --numeric-owner -v >list
	[ "$(grep -c -e ' 5/6 ' list)" -eq 2 ]
	built -o type=tar,dest=all.tar
	tar tf all.tar | grep -qx bin/sh
	printf '%s\n' 'FROM scratch' 'ARG TARGETARCH' 'COPY f-$TARGETARCH /f' >Dockerfile
	echo amd >context/f-amd64; echo arm >context/f-arm64
	built --platform linux/amd64,linux/arm64 -o out2
	assert_equal "amd arm" "$(echo $(<out2/linux_amd64/f) $(<out2/linux_arm64/f))"
	built --platform linux/amd64,linux/arm64 -o - | tar x
	assert_equal arm "$(<linux_arm64/f)"
	built --platform linux/arm64,linux/amd64 -t many --annotation index:i=1 --annotation index-descriptor:d=3 --metadata-file metadata --annotation 'manifest[linux/arm64]:m=2' -o type=oci,tar=false,dest=many
	digest=$(jq -r '.manifests[0].digest' many/index.json)
	blob many "$digest" >index
	assert_equal '["linux/arm64","linux/amd64"] 1' "$(jq -rc '([.manifests[].platform | .os + "/" + .architecture] | tostring) + " " + .annotations.i' index)"
	assert_equal '{"m":"2"}null' "$(for n in 0 1; do blob many "$(jq -r ".manifests[$n].digest" index)" | jq -c .annotations; done | tr -d '\n')"
	assert_equal '3 3' "$(jq -r '.manifests[0].annotations.d' many/index.json) $(jq -r '.["containerimage.descriptor"].annotations.d' metadata)"
	refused --annotation 'manifest[linux/arm64]:m=2' -t many
	[[ $output == *"of the platform 'linux/arm64', which is not built"* ]]
	refused --annotation 'manifes:m=2' -t many
	[[ $output == *"unknown type 'manifes'"*"did you mean 'manifest'"* ]]
}

@test "--squash: the same files in one layer" {
	cat >Dockerfile <<-'END'
		FROM busybox AS base
		RUN mkdir -p /d/in /e && echo one >/d/one && ln /d/one /d/two && touch /gone /d/in/old && rm /bin/cat && mkdir /bin/cat && touch /bin/cat/x
		FROM base
		RUN rm /gone /d/one && rm -r /e && echo f >/e && rm -r /bin/cat /etc/passwd && rm -r /d/in && mkdir /d/in && touch /d/in/new
		RUN rm /e && mkdir /e && touch /e/x && chmod 700 /d
	END
	built -t plain
	built --squash -t squashed
	assert_equal "$(bivy image export plain | sha256sum)" "$(bivy image export squashed | sha256sum)"
	assert_equal "2 1" "$(bivy image inspect squashed | jq -r '.[0].RootFS.Layers | length') $(bivy history squashed | grep -c 'squashed onto sha256:')"
	mkdir saved && bivy save squashed | tar x -C saved
	layer=saved/$(jq -r '.[0].Layers[1]' saved/manifest.json)
	assert_equal "bin/ bin/.wh.cat d/ d/in/ d/in/new d/two e/ e/x etc/ etc/.wh.passwd" "$(echo $(tar tf "$layer"))"
	bivy system check
}

@test "SOURCE_DATE_EPOCH: the same bytes once more" {
	export SOURCE_DATE_EPOCH=1700000000
	built --no-cache --rewrite-timestamp -o type=oci,dest=1.tar -t r:1
	touch context
	sleep 1.1 # a second later
	built --no-cache --rewrite-timestamp -o type=oci,dest=2.tar -t r:1
	cmp 1.tar 2.tar
	tar xf 1.tar
	assert_equal 2023-11-14T22:13:20Z "$(cat blobs/sha256/* | grep -a -o '"created":"2023[^"]*"' | sort -u | cut -d'"' -f4)"
	built --target files --rewrite-timestamp -o files
	assert_equal 1700000000 "$(stat -c %Y files/d/one)"
}

@test "an image is pushed under all of its names" {
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
	built --push -t "localhost:$port/a:1" -t "localhost:$port/b:2" --metadata-file metadata
	bivy rmi "localhost:$port/b:2" >/dev/null
	run -0 --separate-stderr bivy pull -q --timing=json "localhost:$port/b:2"
	jq -e ".phases | any(.process == \"transfer\" and .name == \"all layers\") and any(.name | test(\"^(layer|blob) 1 of \"))" <<<"$stderr" >/dev/null
	assert_equal "$(jq -r '.["containerimage.digest"]' metadata)" "$(bivy image inspect "localhost:$port/b:2" | jq -r '.[0].Descriptor.digest')"
	refused --push
	[[ $output == *'an image without a name cannot be pushed'* ]]
	refused --push -t localhost:1/a:1
	echo no JSON >auth.json
	refused --push --authfile auth.json -t "localhost:$port/a:1"
	[[ $output == *auth.json* ]]
}

# make_rpm_database FILE: one of rpm's, of 300 packages; one of them is curl.
make_rpm_database() {
	/usr/bin/python3 - "$1" <<-'END'
		import sqlite3, struct, sys
		def header(**texts):
		    tags = dict(name=1000, version=1001, release=1002, license=1014, arch=1022, padding=1099)
		    entries, data = b"", b""
		    for key, text in texts.items():
		        entries += struct.pack(">IIII", tags[key], 6, len(data), 1)
		        data += text.encode() + b"\0"
		    return struct.pack(">II", len(texts), len(data)) + entries + data
		database = sqlite3.connect(sys.argv[1])
		database.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
		database.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL)")
		for i in range(300):
		    name = "curl" if i == 123 else "p%d" % i
		    database.execute("INSERT INTO Packages (blob) VALUES (?)", (header(name=name, version="7", release="1", arch="i386", padding="x" * (50 * i)),))
		database.commit()
	END
}

# predicate DIRECTORY TYPE: prints what the statement of that type says of the image in the layout.
predicate() {
	local manifest
	manifest=$(blob "$1" "$(jq -r '.manifests[0].digest' "$1/index.json")" | jq -r '.manifests[] | select(.annotations["vnd.docker.reference.type"]) | .digest')
	blob "$1" "$(blob "$1" "$manifest" | jq -r ".layers[] | select(.annotations[\"in-toto.io/predicate-type\"] == \"$2\") | .digest")" | jq -c .predicate
}

@test "attestations: how it was built, and which packages are in it" {
	mkdir -p context/dpkg context/apk context/rpm
	make_rpm_database context/rpm/rpmdb.sqlite
	printf 'ID="small"\nVERSION_ID=3\n' >context/os-release
	printf 'Package: b\nStatus: install ok installed\nMaintainer: A \351 B\nArchitecture: amd64\nDescription: x\n Version: no\nVersion: 1:2+3\n\nPackage: gone\n%s\n' \
		$'Status: deinstall ok config-files\nVersion: 1' >context/dpkg/status
	printf 'C:Q1\nP:a\nV:1.0-r0\nA:x86_64\nL:MIT AND X\n\n' >context/apk/installed
	printf '%s\n' 'FROM busybox' 'COPY os-release /etc/' 'COPY dpkg /var/lib/dpkg/' 'COPY apk /lib/apk/db/' 'ARG X' >Dockerfile
	built --sbom --attest type=provenance,mode=min --attest type=provenance,mode=max --build-arg X=secret --label l=m -o type=oci,tar=false,dest=full
	predicate full https://spdx.dev/Document >sbom
	assert_equal '["pkg:apk/small/a@1.0-r0?arch=x86_64&distro=small-3","pkg:deb/small/b@1:2%2B3?arch=amd64&distro=small-3"]' \
		"$(jq -c '[.packages[].externalRefs[].referenceLocator]' sbom)"
	assert_equal 2 "$(jq '[.packages[].SPDXID] - [.relationships[].relatedSpdxElement] | length + 2' sbom)"
	predicate full https://slsa.dev/provenance/v0.2 >provenance
	assert_equal "secret m true $(base64 -w 0 Dockerfile)" "$(jq -r '.invocation.parameters.args["build-arg:X"] + " " + .invocation.parameters.args["label:l"] + " " +
		(.metadata.completeness.parameters | tostring) + " " + .metadata["https://mobyproject.org/buildkit@v1#metadata"].source.infos[0].data' provenance)"
	assert_equal "pkg:docker/busybox@latest?platform=linux%2Famd64 sha256:" "$(jq -r '.materials[0] | .uri + " " + (.digest | keys[0]) + ":"' provenance)"
	assert_equal 'docker-image://docker.io/library/busybox 3 step3:0' "$(jq -r '.buildConfig.llbDefinition | (.[0].op.Op.source.identifier | split(":latest")[0]) + " " +
		(map(select(.op.Op.file)) | length | tostring) + " " + (last | .inputs[0])' provenance)"
	built --provenance=mode=max,version=v1,builder-id=https://ci/7 --build-arg X=secret -o type=oci,tar=false,dest=newer
	assert_equal 'secret https://ci/7 linux/amd64 true' "$(predicate newer https://slsa.dev/provenance/v1 | jq -r '.buildDefinition.externalParameters.request.args["build-arg:X"] + " " +
		.runDetails.builder.id + " " + .buildDefinition.internalParameters.builderPlatform + " " + (.runDetails.metadata.buildkit_completeness.request | tostring)')"
	built --provenance=true --build-arg X=secret -t few -o type=oci,tar=false,dest=few
	assert_equal '{} false' "$(predicate few https://slsa.dev/provenance/v0.2 | jq -rc '(.invocation.parameters.args | tostring) + " " + (.metadata.completeness.parameters | tostring)')"
	built --provenance=true -t it --metadata-file metadata
	assert_equal https://mobyproject.org/buildkit@v1 "$(jq -r '.["buildx.build.provenance"].buildType' metadata)"
	bivy run --rm --network none --pull never it true
	printf '%s\n' 'FROM scratch' 'COPY os-release /etc/' 'COPY rpm /usr/lib/sysimage/rpm/' >Dockerfile
	built --sbom -o rpm
	assert_equal "300 pkg:rpm/small/curl@7-1?arch=i386&distro=small-3 null" \
		"$(jq -r '.predicate | (.packages | length | tostring) + " " + (.packages[] | select(.name == "curl") | .externalRefs[0].referenceLocator) + " " + (.comment | tostring)' rpm/sbom.spdx.json)"
	truncate -s 100000 context/rpm/rpmdb.sqlite
	run bivy build --progress plain --sbom -o damaged context -f Dockerfile
	[[ $output == *"not all packages of rpm are listed: '/usr/lib/sysimage/rpm/rpmdb.sqlite': the SQLite database is damaged"* ]]
	jq -e '.predicate.comment | startswith("not all packages of rpm are listed")' damaged/sbom.spdx.json
	printf '%s\n' 'FROM scratch' 'COPY os-release /' >Dockerfile
	for _ in 1 2; do built --sbom --provenance=true -o out; done
	assert_equal "os-release provenance.json sbom.spdx.json" "$(ls out | xargs)"
	assert_equal "os-release $(sha256sum context/os-release | cut -d' ' -f1) https://slsa.dev/provenance/v0.2" "$(jq -r '(.subject[] | .name + " " + .digest.sha256) + " " + .predicateType' out/provenance.json)"
	assert_equal SPDX-2.3 "$(jq -r .predicate.spdxVersion out/sbom.spdx.json)"
	built --sbom --attest type=provenance,inline-only=true -o type=tar,dest=files.tar,attestation-prefix=a.
	assert_equal "a.sbom.spdx.json os-release" "$(tar tf files.tar | sed 's,^\./,,; /^$/d' | LC_ALL=C sort | xargs)"
	run bivy build --progress plain --sbom=true -t none context -f Dockerfile
	[[ $output == *"no packages are listed"* ]]
}
