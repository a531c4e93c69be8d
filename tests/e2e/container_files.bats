# bivy: files of containers, looked at, copied, exported and made into images.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# A container that runs until it is removed, once it has made its files.
running() {
	bivy run -d --name "$1" "${@:2}" busybox sh -c 'mkdir -p /made && echo one >/made/file && rm /etc/passwd; while sleep 0.1; do :; done' >/dev/null
	until bivy exec "$1" test ! -e /etc/passwd; do :; done
}

@test "diff lists what a container has added, changed and deleted, and nothing that was mounted" {
	mkdir volume
	running web -v "$PWD/volume:/data/deep"
	run -0 bivy diff web
	[ "$output" = $'C /etc\nD /etc/passwd\nA /made\nA /made/file' ]
	bivy create --name idle busybox >/dev/null
	run -0 bivy diff idle
	[ -z "$output" ]
	run -1 bivy diff none
	[ "$output" = "bivy: no such container 'none'" ]
}

@test "cp into and out of a running container: owners are its own, volumes are reached, docker's rules for names" {
	user_lacks "giving files to others"
	mkdir -p volume tree/sub
	echo hello >tree/file
	ln tree/file tree/sub/hard
	chown 7:8 tree/file
	running web -v "$PWD/volume:/data"
	run -0 bivy cp tree/file web:/new
	[[ $output == "Successfully copied 6B to web:/new" ]]
	bivy cp -q tree web:/made
	bivy cp -q tree/. web:/made/content
	bivy cp -qa tree/file web:/made/owned
	bivy cp -q tree/file web:/data
	run -0 bivy exec web stat -c '%u:%g %n' /new /made/tree/sub/hard /made/content/sub /made/owned /data/file
	[ "$output" = $'0:0 /new\n0:0 /made/tree/sub/hard\n0:0 /made/content/sub\n7:8 /made/owned\n0:0 /data/file' ]
	[ "$(cat volume/file)" = hello ] && [ "$(stat -c %u volume/file)" = 0 ]
	bivy cp -q web:/made/tree out && bivy cp -q web:/new .
	[ "$(cat out/file new)" = $'hello\nhello' ] && [ "$(stat -c %h out/file)" = 2 ] && [ "$(stat -c %u:%g new out/sub)" = $'0:0\n0:0' ]
	bivy cp web:/made - | tar t >list
	grep -qx made/owned list
	tar c -C tree . | bivy cp - web:/data
	[ "$(cat volume/sub/hard)" = hello ]
	# To another container, and within one; each has ids of its own.
	bivy create --name idle busybox true >/dev/null
	run -0 bivy cp -a web:/made/owned idle:/etc
	[[ $output == "Successfully copied 6B to idle:/etc" ]]
	bivy cp -q web:/made/tree idle:/made && bivy cp -qa idle:/etc/owned web:/back && bivy cp -q web:/new web:/newer
	run -0 bivy exec web stat -c '%u:%g %n' /back /newer
	[ "$output" = $'7:8 /back\n0:0 /newer' ]
	bivy cp -q idle:/made/sub/hard again
	[ "$(cat again)" = hello ]
}

@test "cp with a container that does not run" {
	mkdir volume
	echo hello >file
	bivy create --name idle -v "$PWD/volume:/data" --tmpfs /mem busybox true >/dev/null
	bivy cp -q file idle:/etc/file && bivy cp -q file idle:/data && bivy cp -q idle:/etc/file back
	[ "$(cat back volume/file)" = $'hello\nhello' ]
	run -0 bivy diff idle
	[ "$output" = $'C /etc\nA /etc/file' ]
	run -1 bivy cp file idle:/mem/x
	[ "$output" = "bivy: container 'idle' is not running: what is in '/mem' is in memory only while it runs" ]
}

@test "cp leads out of no container, and takes no privileges out of one" {
	echo hello >file
	running web
	bivy exec web sh -c 'ln -s ../../../../../../../../../../etc /made/up && ln -s /proc/1/root /made/root && cp /bin/busybox /made/su && chmod 4755 /made/su'
	bivy cp -q file web:/made/up/planted
	bivy exec web test -f /etc/planted && [ ! -e /etc/planted ]
	bivy cp -q web:/made out
	[ -L out/up ] && [ "$(stat -c %a out/su)" = 755 ]
	tar c --transform 's|file|../file|' file 2>/dev/null | run -1 bivy cp - web:/made
	run -1 bivy cp out/. web:/etc/planted
	[[ $output == *"cannot copy a directory to '/etc/planted'"* ]]
}

@test "cp: bad input" {
	bivy create --name idle busybox true >/dev/null
	run -1 bivy cp idle:/none .
	[ "$output" = "bivy: cannot read '/none': no such file or directory" ]
	run -1 bivy cp none idle:/
	[ "$output" = "bivy: cannot read 'none': no such file or directory" ]
	run -1 bivy cp /dev/null idle:/none/there
	[ "$output" = "bivy: cannot write to '/none/there': no such file or directory" ]
	run -1 bivy cp a b
	[ "${lines[0]}" = "bivy: neither 'a' nor 'b' is in a container" ]
	run -1 bivy cp idle:/a idle:/b
	[ "${lines[0]}" = "bivy: cannot copy within the container 'idle': it is not running" ]
}

@test "export writes all files of a container, owners as it has them" {
	running web -v "$PWD:/data"
	bivy exec web sh -c 'echo x >/made/theirs && chown 1000 /made/theirs'
	bivy export web | tar tv --numeric-owner >list
	grep -q ' 1000/0 .* made/theirs$' list || grep -q '1000/0 .*made/theirs$' list
	grep -q 'bin/busybox$' list && grep -q ' data/$' list
	run grep -c -e 'etc/passwd$' -e 'data/.' -e 'proc/.' list
	[ "$output" = 0 ]
	bivy export -o file.tar web && tar tf file.tar made/file
	bivy export busybox | tar t >list && grep -q etc/passwd list
	run -1 bivy export -o x none
	[ "$output" = "bivy: no such container or image 'none'" ] && [ ! -e x ]
}

@test "commit makes an image of what a container changed, to be run as it was" {
	running web -e A=b -w /made
	run -0 bivy commit -a me -m why -c 'ENV C=d' -c 'CMD ["cat","file"]' web mine:1
	[[ $output == sha256:* ]]
	run -0 bivy run --rm mine:1
	[ "$output" = one ]
	run -0 bivy run --rm mine:1 sh -c 'echo $A $C; test ! -e /etc/passwd'
	[ "$output" = "b d" ]
	run -0 bivy history --format '{{.Comment}}' mine:1
	[ "${lines[0]}" = why ]
	[ "$(state_of web)" = running ]
	bivy commit --squash web flat >/dev/null
	[ "$(bivy run --rm flat cat /made/file)" = one ]
	[ "$(bivy history -q flat | wc -l)" = 1 ]
	run -1 bivy commit web 'Bad Name'
	[[ $output == *"cannot commit the container 'web'"* ]]
	bivy rmi -f mine:1 flat >/dev/null
}
