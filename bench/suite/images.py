"""The images that all engines get, made of what the machine has: nothing is fetched."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import shutil
import subprocess
import tarfile

from .measure import Failure

APPLETS = ("sh", "true", "sleep", "cat", "echo", "ls", "mkdir", "rm", "httpd")
FOLDERS = (("/usr/bin", 0.3), ("/usr/lib", 0.5), ("/usr/share", 0.2))  # and what share each has of a big image
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def make_root(root):
    """busybox, a page for its httpd, and iperf3 with its libraries where that is installed."""
    busybox = shutil.which("busybox")
    if not busybox:
        raise Failure("busybox is not installed (busybox-static)")
    for folder in "bin", "sbin", "etc", "tmp", "www", "proc", "sys", "dev", "run":
        (root / folder).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "www/index.html").write_text("hello\n")
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    iperf3 = shutil.which("iperf3")
    if iperf3:
        listed = subprocess.run(["ldd", iperf3], capture_output=True, text=True).stdout
        for file in [iperf3, *(word for word in listed.split() if word.startswith("/"))]:
            to = root / file.lstrip("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(file), to)


def of_root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def pack(root, archive):
    with tarfile.open(archive, "w") as file:
        file.add(root, arcname=".", filter=of_root)


def make_big(archive, megabytes, folders=FOLDERS):
    """A layer of that size out of the machine's /usr, as mixed as an image's: programs, libraries, many small files. The same on each run."""
    total, count = 0, 0
    with tarfile.open(archive, "w") as file:
        for folder, share in folders:
            left = int(megabytes * share * 1_000_000)
            paths = [pathlib.Path(where) / name for where, folders, names in os.walk(folder) for name in names]
            for path in sorted(paths, key=lambda p: hashlib.sha256(os.fsencode(p)).digest()):
                if path.is_symlink() or not path.is_file() or path.stat().st_size > min(left, 8_000_000):
                    continue
                member = tarfile.TarInfo(str(path).lstrip("/"))
                member.size, member.mode = path.stat().st_size, path.stat().st_mode & 0o7777
                with open(path, "rb") as content:
                    file.addfile(member, content)
                left, total, count = left - member.size, total + member.size, count + 1
                if left < 1000:
                    break
    return total, count


def make_archive(layer, archive, name):
    """A docker archive and OCI layout at once, as `docker save` makes them, of one layer in gzip; and that layer beside it, ARCHIVE.gz."""
    blobs = {}

    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return digest

    def document(value):
        return blob(json.dumps(value, separators=(",", ":")).encode())

    plain = layer.read_bytes()
    packed = gzip.compress(plain, 6, mtime=0)
    packed_id = blob(packed)
    pathlib.Path(f"{archive}.gz").write_bytes(packed)
    config_id = document({"architecture": ARCHITECTURE, "os": "linux", "config": {"Cmd": ["sh"]},
                          "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]}})
    kind = "application/vnd.oci.image."
    manifest_id = document({"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                            "config": {"mediaType": kind + "config.v1+json", "digest": f"sha256:{config_id}", "size": len(blobs[config_id])},
                            "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "digest": f"sha256:{packed_id}", "size": len(packed)}]})
    files = {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [
        {"mediaType": kind + "manifest.v1+json", "digest": f"sha256:{manifest_id}", "size": len(blobs[manifest_id]),
         "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}}]}).encode()
    files["manifest.json"] = json.dumps([{"Config": f"blobs/sha256/{config_id}", "RepoTags": [name],
                                          "Layers": [f"blobs/sha256/{packed_id}"]}]).encode()
    with tarfile.open(archive, "w") as file:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o644
            file.addfile(member, io.BytesIO(data))
    return len(packed)
