"""Disks that can be broken: ext4 file systems on loop devices, which only root may mount."""

import fcntl
import os
import re
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from faults.rig import CannotRun

_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, see linux/fs/ext4/ext4.h."""

_WITHOUT_THE_LOG = struct.pack("I", 2)
"""EXT4_GOING_FLAGS_NOLOGFLUSH: what was not synced is gone, as when the power fails."""

_MAY_MOUNT = 1 << 21
"""CAP_SYS_ADMIN among the capabilities of a process."""

_FREE_IN = 10


class Disk:
    """A small ext4 file system, mounted at `path`."""

    def __init__(self, folder, mebibytes):
        self.image = folder / "disk"
        self.path = folder / "mounted"
        self.path.mkdir()
        with self.image.open("wb") as image:
            image.truncate(mebibytes * 1024 * 1024)
        self._run("mkfs.ext4", "-q", "-m", "0", self.image)

    def mount(self):
        self._run("mount", "-o", "loop,errors=remount-ro", self.image, self.path)

    def unmount(self):
        """Unmount it, once the kernel has ended what was killed while it had files open."""
        until = time.monotonic() + _FREE_IN
        while True:
            try:
                return self._run("umount", self.path)
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def lose_power(self):
        """Let nothing reach the disk any more that was not synced before."""
        folder = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(folder, _SHUTDOWN, _WITHOUT_THE_LOG)
        os.close(folder)

    def fail(self):
        """Let the kernel find an error and make the file system read-only, open files included."""
        mounts = Path("/proc/self/mounts").read_text()
        (device,) = re.findall(rf"^/dev/(\S+) {re.escape(str(self.path))} ", mounts, re.MULTILINE)
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a drill")

    def fill(self):
        """Leave no byte free, and return the file that takes the place."""
        ballast = self.path / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (1024 * 1024, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
        return ballast

    @staticmethod
    def _run(*command):
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        subprocess.run(command, check=True, env={"PATH": path}, stderr=subprocess.PIPE)


@contextmanager
def mounted(folder, mebibytes=64):
    """Hand out a mounted disk whose image lies in `folder`; raise CannotRun where nobody may."""
    status = Path("/proc/self/status").read_text()
    capabilities = int(re.search(r"^CapEff:\s+(\w+)", status, re.MULTILINE)[1], 16)
    if not capabilities & _MAY_MOUNT:
        raise CannotRun("only root may mount a disk")
    if not shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
        raise CannotRun("there is no mkfs.ext4")
    disk = Disk(folder, mebibytes)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()
