# bivy serve: builds, as clients without BuildKit ask for them; and commit.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() {
	serve_setup
	mkdir context
	cat >context/Dockerfile <<-END
		FROM busybox AS base
		ARG X=1
		RUN echo hello \$X; echo oops >&2
		COPY f /f
		FROM base
		LABEL own=1
		COPY --from=base /f /g
	END
	echo content >context/f
	tar c -C context . >context.tar
}

# build QUERY [OPTION…]: of context.tar.
build() { ask POST "/build?$1" -H 'Content-Type: application/x-tar' --data-binary @context.tar "${@:2}"; }
# What people see of it.
said() { jq -j '.stream // empty'; }

@test "steps in their order, output, the image and its names" {
	serve
	build 't=made:1&t=made:2&buildargs=%7B%22X%22:%222%22,%22Y%22:null%7D&labels=%7B%22l%22:%22m%22%7D&cachefrom=%5B%5D&ulimits=null&nocache=1' >answer
	[ "$(tail -1 answer)" = 200 ]
	[ "$(head -n -1 answer | said | sed 's/\x1b\[[0-9]*m//g; s/built .*/built ID/')" = "Step 1/7 : FROM busybox AS base
Step 2/7 : ARG X=1
Step 3/7 : RUN echo hello \$X; echo oops >&2
hello 2
oops
Step 4/7 : COPY f /f
Step 5/7 : FROM base
Step 6/7 : LABEL own=1
Step 7/7 : COPY --from=base /f /g
Successfully built ID
Successfully tagged made:1
Successfully tagged made:2" ]
	[ "$(grep '"aux"' answer | jq -r .aux.ID)" = "$(body /images/made:2/json | jq -r .Id)" ]
	[ "$(body /images/made:1/json | jq -c .Config.Labels)" = '{"own":"1","l":"m"}' ]
	[ "$(bivy run --rm made:1 cat /g)" = content ]
	build 't=made:1&buildargs=%7B%22X%22:%222%22%7D' >answer
	[ "$(head -n -1 answer | said | grep -c ' ---> Using cache')" = 3 ]
	[[ "$(build 'q=1&target=base')" == '{"stream":"sha256:'*'\n"}'*200 ]]
	gzip -k context.tar
	[ "$(status POST '/build?buildargs=&labels=null&cachefrom=null&q=1' --data-binary @context.tar.gz)" = 200 ]
	bivy rmi made:1 made:2
}

@test "failures: before anything is done, and in the stream" {
	serve
	[[ "$(build dockerfile=nothing)" == '{"message":"'*nothing*404 ]]
	[ "$(build t=XX | tail -1)" = 400 ]
	[ "$(build labels=1 | tail -1)" = 400 ]
	[ "$(build target=nothing | tail -1)" != 200 ]
	[[ "$(ask POST '/build?remote=/etc')" == *"not a URL"*400 ]]
	printf 'FROM busybox\nRUN echo one; exit 3\nRUN echo two\n' >context/Dockerfile
	tar c -C context . >context.tar
	build '' >answer
	[ "$(tail -1 answer)" = 200 ]
	[ "$(head -n -1 answer | said)" = "Step 1/3 : FROM busybox
Step 2/3 : RUN echo one; exit 3
one" ]
	[ "$(grep errorDetail answer | jq -c .)" = \
		"{\"errorDetail\":{\"code\":3,\"message\":\"The command '/bin/sh -c echo one; exit 3' returned a non-zero code: 3\"},\"error\":\"The command '/bin/sh -c echo one; exit 3' returned a non-zero code: 3\"}" ]
	[ "$(status POST /build --data-binary 'no archive, no Dockerfile')" = 400 ]
}

@test "a client that goes ends its build" {
	serve
	printf 'FROM busybox\nRUN sleep 100\n' >context/Dockerfile
	tar c -C context . >context.tar
	build '' >answer &
	local client=$!
	for _ in {1..200}; do [ -z "$(bivy ps -q)" ] || break; sleep 0.02; done
	[ -n "$(bivy ps -q)" ]
	pkill -P "$client" curl
	for _ in {1..300}; do [ -n "$(bivy ps -q)" ] || break; sleep 0.02; done
	[ -z "$(bivy ps -q)" ]
}

@test "prune" {
	serve
	build q=1 >/dev/null
	[ "$(body '/system/df?type=build-cache' | jq '.BuildCache | length > 0')" = true ]
	[ "$(ask POST '/build/prune?all=1' | head -1 | jq '.CachesDeleted | length > 0')" = true ]
	[ "$(ask POST '/build/prune?all=1' | head -1)" = '{"CachesDeleted":null,"SpaceReclaimed":0}' ]
	bivy image prune -f >/dev/null
}

@test "commit" {
	serve
	bivy run --name cc busybox sh -c 'echo x >/new' >/dev/null
	ask POST '/commit?container=cc&repo=made&tag=c&comment=why&author=me&changes=CMD%20%5B%22cat%22,%22/new%22%5D%0AENV%20a=b' >answer
	[ "$(tail -1 answer)" = 201 ]
	[ "$(body /images/made:c/json | jq -c '[.Id, .Author, .Comment, .Config.Cmd]')" = "[\"$(head -1 answer | jq -r .Id)\",\"me\",\"why\",[\"cat\",\"/new\"]]" ]
	[ "$(status POST '/commit?container=cc&repo=made&tag=d&changes=USER%205' -d '{"Cmd":["a b","\"$x"],"Env":["q=\"$1\\\\"],"Labels":{"l":"m n"},"User":"7"}')" = 201 ]
	[ "$(body /images/made:d/json | jq -c '.Config | [.Cmd, .Env[-1], .Labels, .User]')" = '[["a b","\"$x"],"q=\"$1\\\\",{"l":"m n"},"5"]' ]
	[ "$(ask POST '/commit?container=nobody')" = '{"message":"No such container: nobody"}
404' ]
	bivy rmi made:c made:d
}

@test "docker's command line" {
	[ -n "$HAS_DOCKER" ] || skip "missing: docker"
	serve
	docker build -t made context 2>/dev/null | grep -q '^Successfully tagged made:latest'
	[ "$(docker run --rm made cat /g)" = content ]
	printf 'FROM busybox\nRUN exit 4\n' >context/Dockerfile
	run -4 docker build context
	[[ "$output" == *"The command '/bin/sh -c exit 4' returned a non-zero code: 4" ]]
	docker rmi made >/dev/null
	docker builder prune -f | grep -q '^Total'
}
