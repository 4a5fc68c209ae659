"""Run a command behind the walls that a unit of systemd puts around its system calls.

python walls.py '["read", "write", …]' command … : each other system call fails with EPERM, and no
memory becomes executable that was writable. It takes Linux 6.3 and libseccomp 2.
"""

import ctypes
import errno
import json
import os
import sys

ALLOW = 0x7FFF0000  # SCMP_ACT_ALLOW of seccomp.h, as those below.
FAIL = 0x00050000 | errno.EPERM
UNKNOWN = -1
SET_MDWE, REFUSE_EXEC_GAIN = 65, 1  # PR_SET_MDWE of linux/prctl.h.


def build(names):
    """Let this process, and all that it becomes, make the system calls of these names only."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(FAIL)))
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number != UNKNOWN:
            failed = seccomp.seccomp_rule_add(rules, ctypes.c_uint32(ALLOW), number, 0)
            assert not failed, (name, failed)
    assert not seccomp.seccomp_load(rules)


if __name__ == "__main__":
    # An older kernel than 6.3 refuses it; systemd 252 filters mmap and mprotect in its place.
    ctypes.CDLL(None).prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)
    build(json.loads(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
