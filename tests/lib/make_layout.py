#!/usr/bin/env python3
"""make_layout.py DIRECTORY: an OCI image layout with one image, `t`, of three layers that hold every kind of file, and change and
remove each other's; `other` is the same for another architecture. Prints nothing."""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

DIR, LINK, SYMLINK, FIFO, CHAR, BLOCK = tarfile.DIRTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE
# cap_net_raw=ep
CAPABILITY = b"\x01\0\0\x02\0\x20" + 14 * b"\0"


def base(m):
    m("./", DIR, mode=0o755)
    for name in "etc usr usr/bin var var/log opaque opaque/sub gone tmp sgid deep deep/er deep/er/still".split():
        m(name + "/", DIR, mode={"tmp": 0o1777, "sgid": 0o2750, "gone": 0o700}.get(name, 0o755), uid=5 if name == "sgid" else 0)
    m("etc/passwd", data=b"root:x:0:0\n")
    m("etc/shadow", data=b"s", mode=0o640, gid=42)
    m("usr/bin/su", data=b"#!" * 3000, mode=0o4755)
    m("usr/bin/ping", data=b"p", mode=0o755, pax_headers={"SCHILY.xattr.security.capability": CAPABILITY.decode()})
    m("usr/bin/hard", LINK, "usr/bin/su")
    m("bin", SYMLINK, "usr/bin", mode=0o777)
    m("usr/dangling", SYMLINK, "/nowhere", mode=0o777, uid=7, gid=8)
    m("opaque/a", data=b"a")
    m("opaque/sub/b", data=b"b")
    m("gone/x", data=b"x")
    m("var/log/big", data=bytes(range(256)) * 800, uid=4000000, gid=3000000)
    m("fifo", FIFO, mode=0o600)
    m("null", CHAR, devmajor=1, devminor=3, mode=0o666)
    m("disk", BLOCK, devmajor=259, devminor=300, mode=0o660, gid=6)
    m("user", data=b"u", pax_headers={"SCHILY.xattr.user.note": "text", "mtime": "1000000001.123456789"})
    m("deep/er/still/f", data=b"f")
    m("n" * 120 + "/", DIR, mode=0o755)
    m("n" * 120 + "/" + "m" * 120, data=b"long")
    m("file_then_dir", data=b"1")
    m("dir_then_file/", DIR, mode=0o755)
    m("dir_then_file/x", data=b"x")
    m("link_then_dir", SYMLINK, "etc", mode=0o777)


def middle(m):
    m("etc/new", data=b"new")
    m("opaque/.wh..wh..opq")
    m("opaque/c", data=b"c")
    m(".wh.gone")
    m("deep/er/still/.wh.f")
    m("var/log/.wh.big")
    m("usr/bin/su", data=b"other", mode=0o755)
    m("file_then_dir/", DIR, mode=0o711)
    m("file_then_dir/in", data=b"i")
    m("dir_then_file", data=b"f")
    m("link_then_dir/", DIR, mode=0o755)
    m("link_then_dir/x", data=b"x")
    m("implied/by/f", data=b"i")


def top(m):
    m("usr/", DIR, mode=0o751, uid=1, gid=2, mtime=1234567890)
    m("usr/bin/more", data=b"m")
    m("etc/.wh.shadow")
    m("sgid/in", data=b"in", uid=9, gid=9)
    m("opaque/", DIR, mode=0o700)
    m("fifo", data=b"now a file")
    m("null", SYMLINK, "disk", mode=0o777)


def layer(number, fill):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def member(name, kind=tarfile.REGTYPE, link="", data=b"", **fields):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size, info.mode, info.mtime = kind, link, len(data), 0o644, 1000000000 + number
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))

        fill(member)
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    def __init__(self, path):
        self.path = path
        os.makedirs(path + "/blobs/sha256", exist_ok=True)
        self.put("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def put(self, name, data):
        with open(f"{self.path}/{name}", "wb") as file:
            file.write(data)

    def blob(self, kind, data):
        self.put("blobs/sha256/" + digest(data)[7:], data)
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": digest(data), "size": len(data)}

    def document(self, kind, value):
        return self.blob(kind, json.dumps(value).encode())

    def image(self, name, architecture, archives, layers):
        config = self.document("config.v1+json", {"architecture": architecture, "os": "linux",
                                                  "rootfs": {"type": "layers", "diff_ids": [digest(a) for a in archives]}})
        manifest = self.document("manifest.v1+json", {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                                      "config": config, "layers": layers})
        return {**manifest, "annotations": {"org.opencontainers.image.ref.name": name}}


def main():
    layout = Layout(sys.argv[1])
    archives = [layer(number, fill) for number, fill in enumerate((base, middle, top))]
    layers = [layout.blob("layer.v1.tar+gzip", gzip.compress(a, mtime=0)) for a in archives]
    images = [layout.image("t", "amd64", archives, layers), layout.image("other", "s390x", archives, layers)]
    layout.put("index.json", json.dumps({"schemaVersion": 2, "manifests": images}).encode())


main()
