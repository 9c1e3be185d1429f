#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The n-th call of each kind fails, for gpfc and a trainer's commands, once or from then on: whatever
happens, the exit status is 0 with the same result, or 1 with the true reason; no file is half-written, none
is left over; and a training goes on to the same bits.

    failing_calls.py [MOST]      MOST: calls of a kind that fail, for each command (1); 0: all
"""
import errno
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

GPFC = os.path.abspath(os.environ.get("GPFC") or "gpfc")
PRELOAD = os.path.abspath("tests/faults/failing_calls.so")
# Kinds of calls, and the errors that they have.
KINDS = (("open", errno.EMFILE), ("read", errno.EIO), ("read", 0), ("write", errno.ENOSPC),
         ("write", errno.EIO), ("write", 0), ("close", errno.EIO), ("truncate", errno.EIO),
         ("sync", errno.EIO), ("rename", errno.EIO), ("unlink", errno.EACCES), ("mkdir", errno.ENOSPC),
         ("stat", errno.EIO), ("lock", errno.ENOLCK), ("mmap", errno.ENOMEM), ("spawn", errno.EAGAIN),
         ("thread", errno.EAGAIN), ("memory", errno.ENOMEM))
SECONDS = 60
SPEC = """name: toy
dimension: 2
data: {source: eight_gaussians, samples: 300}
base: {kind: bnaf, hidden: [4], epochs: 2, batch: 64}
flow: {hidden: [4], steps: 2}
train: {epochs: 2, batch: 64}
"""
PAIRS = SPEC.replace("name: toy", "name: mapped").replace(
    "data: {source: eight_gaussians, samples: 300}\nbase: {kind: bnaf, hidden: [4], epochs: 2, batch: 64}",
    "data: {pairs: pairs.npz, test: 0}")
# What only a whole compile comes to; memory ends in LLVM too, of which some 200,000 calls are sampled.
OF_A_COMPILE, MOST_OF_A_COMPILE = ("mkdir", "spawn", "thread", "memory"), 200
CALLS_OF_AN_ARCHIVE = 40  # for memory, of libzip among others, from when an archive is begun
faults, runs, reached = [], 0, set()


def run(words, fail=None):
    """Exit status ("hangs" where it does not end), standard output, standard error."""
    environment = dict(os.environ, TMPDIR="temporary", GPFC_WISDOM="/dev/null", OMP_NUM_THREADS="1")
    if fail:
        environment.update(LD_PRELOAD=PRELOAD, GPFC_FAIL=fail, GPFC_FAIL_COUNT="count", GPFC_FAIL_HIT="hit")
    global runs
    runs += 1
    try:
        done = subprocess.run(words, env=environment, capture_output=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "hangs", b"", b""
    return done.returncode, done.stdout, done.stderr


# ---- files ------------------------------------------------------------------------------------------------

def listing():
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names)


def digest(path):
    """Of an archive that of its members: how it was written shows in their attributes."""
    data = b""
    if path.endswith(".npz"):
        with zipfile.ZipFile(path) as archive:
            data = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    else:
        with open(path, "rb") as file:
            data = file.read()
    return hashlib.sha1(data).hexdigest()


def is_whole_safetensors(path):
    with open(path, "rb") as file:
        return is_whole(file.read())


def is_whole(data):
    """Of a .safetensors."""
    if len(data) < 8:
        return False
    size = struct.unpack("<Q", data[:8])[0]
    try:
        header = json.loads(data[8:8 + size])
    except ValueError:
        return False
    return len(data) == 8 + size + max([0] + [tensor["data_offsets"][1] for name, tensor in header.items()
                                              if name != "__metadata__"])


def remove(paths):
    for path in paths:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)


def names_reason(told, fail):
    """The system's words, and the call's name. Libraries have words of their own for memory, and OpenMP's
    names no call."""
    kind, _, error = fail.split(":")
    reason = os.strerror(int(error))
    if kind == "memory":
        return "memory" in told
    return reason + ("" if kind == "thread" else " (") in told


# ---- one command ------------------------------------------------------------------------------------------

class Command:
    """words; made: the files that it makes, which are the same each time; folder: of a training; kept:
    folders and what they are copied to before; varies: it prints seconds; only: kinds of calls that fail,
    if not all; most: so many calls of a kind at most, even where all are asked for; last: so many calls at
    the end, whatever is asked for."""

    def __init__(self, words, made=(), folder=None, kept=(), varies=False, only=(), most=0, last=0):
        self.words, self.made, self.folder, self.kept = words, made, folder, kept
        self.varies, self.only, self.most, self.last = varies or folder, only, most, last

    def clean(self):
        remove(list(self.made) + ([self.folder] if self.folder else []) + ["hit", "count"])
        shutil.rmtree("temporary", ignore_errors=True)
        os.mkdir("temporary")
        for source, target in self.kept:
            shutil.copytree(source, target)

    def learn(self):
        self.clean()
        status, self.printed, messages = run(self.words, "none:0:0")
        if status != 0:
            sys.exit("%s: fails by itself: %s" % (" ".join(self.words), messages.decode()))
        self.wanted = {path: digest(path) for path in self.made}
        self.files = set(listing())

    def fault(self, fail, what):
        faults.append("%s, %s: %s" % (" ".join(self.words), fail, what))
        print("fault:", faults[-1], flush=True)

    def try_call(self, fail):
        self.clean()
        status, printed, messages = run(self.words, fail)
        told = messages.decode(errors="replace").strip()
        if status not in (0, 1):
            self.fault(fail, "exit status %s: %s" % (status, told[:300]))
        elif status == 1 and not names_reason(told, fail):
            self.fault(fail, "no reason, or another: " + told[:300])
        elif status == 0 and printed != self.printed and not self.varies:
            self.fault(fail, "exit status 0, and other output")
        self.check_files(fail, status)
        if self.folder and status != 0:
            self.go_on(fail)

    def check_files(self, fail, status):
        for path, wanted in self.wanted.items():
            there = os.path.exists(path)
            if status == 0 and not (there and digest(path) == wanted):
                self.fault(fail, "exit status 0, and %s is %s" % (path, "another" if there else "not there"))
            elif there and digest(path) != wanted and not (self.folder and is_whole_safetensors(path)):
                self.fault(fail, "%s is not whole" % path)
        for path in listing():
            if path.endswith("checkpoint.safetensors") and not is_whole_safetensors(path):
                self.fault(fail, "%s is not whole" % path)
            elif path not in self.files and path not in ("./hit", "./count") and "checkpoint" not in path:
                self.fault(fail, "left behind: " + path)

    def go_on(self, fail):
        """resume, or a new training where there is nothing to resume, comes to the same bits."""
        resumable = any(os.path.exists(os.path.join(self.folder, name))
                        for name in ("checkpoint.safetensors", "base_checkpoint.safetensors"))
        words = self.words
        if resumable and not self.kept:
            words = [self.words[0], "resume", self.folder, "--quiet"]
        if not resumable:
            self.clean()
        status, _, messages = run(words)
        if status != 0 or any(not os.path.exists(path) or digest(path) != wanted
                              for path, wanted in self.wanted.items()):
            self.fault(fail, "afterwards %s: exit status %s, other bits: %s"
                       % (" ".join(words), status, messages.decode()[:300]))


def try_all(command, most, kinds=KINDS):
    command.learn()
    most = most or command.most
    for kind, error in kinds:
        if command.only and kind not in command.only:
            continue
        command.clean()
        run(command.words, "%s:0:0" % kind)
        with open("count", encoding="ascii") as file:
            calls = int(file.read())
        if calls > 0:
            reached.add(kind)
        stride = max(1, -(-calls // most)) if most and not command.last else 1
        for n in range(max(1, calls - command.last + 1) if command.last else 1, calls + 1, stride):
            command.try_call("%s:%d:%d" % (kind, n, error))
            if error and (n - 1) // stride % 2 == 0:
                command.try_call("%s:-%d:%d" % (kind, n, error))


# ---- all of them ------------------------------------------------------------------------------------------

def npy(rows):
    """Bytes of an .npy of two columns, in single precision."""
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 2), }" % len(rows)
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"".join(
        struct.pack("<2f", *row) for row in rows)


def write_pairs():
    """Not compressed and without a test set: they are mapped."""
    draw = random.Random(1)
    with zipfile.ZipFile("pairs.npz", "w", zipfile.ZIP_STORED) as archive:
        for name in ("x.npy", "y.npy"):
            archive.writestr(name, npy([(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(300)]))


def prepare():
    write_pairs()
    for name, text in (("toy", SPEC), ("mapped", PAIRS)):
        with open(name + ".yaml", "w", encoding="ascii") as file:
            file.write(text)
    os.mkdir("temporary")
    for words in ([GPFC, "--quiet", "toy.yaml"], [GPFC, "--quiet", "mapped.yaml"],
                  ["./toy", "train", "--quiet", "--out", "kept"], ["./toy", "sample", "kept", "200", "x.npz"],
                  ["./toy", "apply", "kept", "x.npz", "s_in.npz", "--part", "both"],
                  ["./toy", "train", "--quiet", "--out", "stopped", "--epochs", "1"]):
        status, _, messages = run(words)
        if status != 0:
            sys.exit("%s: %s" % (" ".join(words), messages.decode()))


def commands():
    both = ("--part", "both")
    yield Command(["./toy", "train", "--quiet", "--out", "run", "--threads", "2"],
                  ("run/model.safetensors", "run/base.safetensors"), "run")
    yield Command(["./mapped", "train", "--quiet", "--out", "run"], ("run/model.safetensors",), "run",
                  only=("mmap",))
    yield Command(["./toy", "resume", "run", "--epochs", "3", "--quiet"], ("run/model.safetensors",), "run",
                  (("stopped", "run"),))
    yield Command(["./toy", "apply", "kept", "x.npz", "s.npz", *both], ("s.npz",))
    yield Command(["./toy", "invert", "kept", "s_in.npz", "b.csv", *both, "--report", "r.csv"],
                  ("b.csv", "r.csv"))
    yield Command(["./toy", "density", "kept", "x.npz", "p.npy"], ("p.npy",))
    yield Command(["./toy", "sample", "kept", "50", "d.npy"], ("d.npy",))
    yield Command(["./toy", "sample", "kept", "50", "d.npz"], ("d.npz",), only=("memory",),
                  last=CALLS_OF_AN_ARCHIVE)
    yield Command(["./toy", "evaluate", "kept", "--json", "--rows", "rows.csv"], ("rows.csv",))
    yield Command(["./toy", "check", "x.npz", "--json"])
    yield Command([GPFC, "--quiet", "--emit=header", "toy.yaml", "-o", "toy.h"], ("toy.h",))
    yield Command([GPFC, "--json", "--emit=header", "toy.yaml", "-o", "other.h"], ("other.h",), varies=True)
    yield Command([GPFC, "--quiet", "mapped.yaml", "-o", "program"], ("program",), only=OF_A_COMPILE,
                  most=MOST_OF_A_COMPILE)


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    if os.environ.get("GPFC_SANITIZE_FLAGS"):
        print("a sanitizer's library comes before all others")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        prepare()
        for command in commands():
            before = runs
            try_all(command, most)
            print("%s: %d runs" % (" ".join(command.words), runs - before), flush=True)
        os.chdir("/")
    for kind in sorted({kind for kind, _ in KINDS} - reached):
        faults.append("no command has a call of kind %s" % kind)
        print("fault:", faults[-1])
    print("%d runs, %d faults" % (runs, len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
