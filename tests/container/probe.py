# Run under the service's hardening by tests/container/cases/30-hardening.sh: tries what the program
# has no need of, and says of each "NAME denied" or "NAME ALLOWED".
import ctypes
import mmap
import os
import resource
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "system call")


def write(path):
    with open(path, "w"):
        pass


def write_and_run(directory):
    path = directory + "/program"
    with open(path, "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(path, 0o700)
    try:
        if os.spawnl(os.P_WAIT, path, path) == 127:
            raise OSError("not run")
    finally:
        os.unlink(path)


def core():
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def raise_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (32768, 32768))


def privileged_file():
    write("/var/lib/certinstalld/x")
    try:
        os.chmod("/var/lib/certinstalld/x", 0o4755)
    finally:
        os.unlink("/var/lib/certinstalld/x")


ATTEMPTS = {
    "read a home directory": lambda: os.listdir("/home"),
    "read root's": lambda: os.listdir("/root"),
    "write /etc": lambda: write("/etc/certinstalld/x"),
    "write /usr": lambda: write("/usr/x"),
    "write /var": lambda: write("/var/tmp/../x"),
    "write /run": lambda: write("/run/x"),
    "run what it wrote into its state": lambda: write_and_run("/var/lib/certinstalld"),
    "run what it wrote into the spool": lambda: write_and_run("/var/spool/certinstalld"),
    "run what it wrote into its /tmp": lambda: write_and_run("/tmp"),
    "run what it wrote into /dev/shm": lambda: write_and_run("/dev/shm"),
    "see other processes": lambda: os.stat("/proc/1"),
    "see the kernel's own files": lambda: os.stat("/proc/kallsyms"),
    "set a kernel parameter": lambda: write("/proc/sys/kernel/hostname"),
    "reach a device": lambda: os.stat("/dev/kmsg"),
    "a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "memory to write and run": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "another user": lambda: call(105, 0),
    "another owner": lambda: os.chown("/var/lib/certinstalld", 1, 1),
    "a namespace": lambda: call(272, 0x10000000),
    "a mount": lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, 0),
    "a device node": lambda: os.mknod("/tmp/n", 0o20600, os.makedev(1, 3)),
    "a real-time schedule": lambda: os.sched_setscheduler(
        0, os.SCHED_FIFO, os.sched_param(1)
    ),
    "a file that runs as its owner": privileged_file,
    "trace": lambda: call(101, 0, 0, 0, 0),
    "a keyring": lambda: call(250, 0, -3, 1, 0, 0),
    "a personality": lambda: call(135, 0x0400000),
    "the clock": lambda: call(227, 0, ctypes.byref((ctypes.c_long * 2)(0, 0))),
    "a kernel module": lambda: call(175, 0, 0, b""),
    "a core": core,
    "more open files": raise_files,
}

for name, attempt in ATTEMPTS.items():
    try:
        attempt()
        print(name, "ALLOWED")
    except (OSError, ValueError):
        print(name, "denied")

# What it needs: else all the rest would be denied for another reason.
for path in "/var/lib/certinstalld/x", "/var/spool/certinstalld/.x", "/tmp/x":
    write(path)
    os.unlink(path)
socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
open("/etc/certinstalld/certinstalld.conf").close()
print("what it needs is there")
with open("/tmp/seen-outside", "w"):
    pass
print("capabilities", open("/proc/self/status").read().split("CapBnd:\t")[1].split()[0])
sys.exit(0)
