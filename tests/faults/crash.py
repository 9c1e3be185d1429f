#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The machine goes down, after any call and whatever of it has reached the disk: models, checkpoints and
wisdom are the old ones or the new ones, whole, and a training goes on to the same bits.

The calls that change files are written down by failing_calls.so. Then each prefix of them is played again, as
a file system may have it on the disk: what was synced is there; of the rest the last changes of names may be
missing, and of the bytes of a file all, half, or none may be there.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import failing_calls as calls  # noqa: E402

BYTES = ("synced", "half", "all")


class File:
    def __init__(self):
        self.data, self.synced = bytearray(), b""

    def on_disk(self, which):
        if which == "all":
            return bytes(self.data)
        if which == "synced":
            return self.synced
        more = self.data[len(self.synced):]
        return self.synced + bytes(more[:len(more) // 2])

    def write(self, at, data):
        if len(self.data) < at:
            self.data.extend(bytes(at - len(self.data)))
        self.data[at:at + len(data)] = data


class Disk:
    """Files by name, and the changes of names since the folder was synced."""

    def __init__(self):
        self.durable, self.changes, self.open = {}, [], {}

    def names(self, n_changes):
        names = dict(self.durable)
        for kind, path, other in self.changes[:n_changes]:
            if kind == "make":
                names[path] = other
            elif kind == "rename":
                names[other] = names.pop(path)
            else:
                names.pop(path, None)
        return names

    def play(self, line):
        word, _, rest = line.partition(" ")
        if word == "open":
            descriptor, truncates, _, path = rest.split(" ", 3)
            file = self.names(len(self.changes)).get(path)
            if file is None or truncates == "1":
                file = File()
                self.changes.append(("make", path, file))
            self.open[descriptor] = file
        elif word == "write":
            descriptor, at, data = rest.split(" ")
            if descriptor in self.open:
                self.open[descriptor].write(int(at), bytes.fromhex(data))
        elif word == "truncate":
            descriptor, length = rest.split(" ")
            del self.open[descriptor].data[int(length):]
        elif word == "sync" and rest in self.open:
            self.open[rest].synced = bytes(self.open[rest].data)
        elif word == "sync":
            self.durable, self.changes = self.names(len(self.changes)), []
        elif word == "close":
            self.open.pop(rest, None)
        elif word == "rename":
            self.changes.append(("rename", *rest.split("\t")))
        elif word == "unlink":
            self.changes.append(("unlink", rest, None))

    def states(self):
        """Files by name as they may be found, each once."""
        for n in range(len(self.changes) + 1):
            for which in BYTES:
                yield {path: file.on_disk(which) for path, file in self.names(n).items()}


def all_states(trace, there=()):
    """there: names and bytes of files that are on the disk before."""
    disk, seen = Disk(), set()
    for path, data in there:
        disk.durable[path] = File()
        disk.durable[path].write(0, data)
        disk.durable[path].synced = data
    with open(trace, encoding="utf-8") as lines:
        for line in lines:
            disk.play(line.rstrip("\n"))
            for state in disk.states():
                key = hash(tuple(sorted(state.items())))
                if key not in seen:
                    seen.add(key)
                    yield state


def record(words, trace):
    environment = dict(os.environ, TMPDIR="temporary", OMP_NUM_THREADS="1", LD_PRELOAD=calls.PRELOAD,
                       GPFC_FAIL_TRACE=trace)
    subprocess.run(words, env=environment, check=True, stdin=subprocess.DEVNULL)


def lay_out(state, folder):
    for path, data in state.items():
        where = os.path.join(folder, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as file:
            file.write(data)


# ---- a training -------------------------------------------------------------------------------------------

def is_whole(state):
    return all(path.endswith(".part") or not path.endswith(".safetensors") or calls.is_whole(data)
               for path, data in state.items())


def goes_on(state, wanted):
    """From what is there, resumed or begun anew, the same model comes."""
    shutil.rmtree("run", ignore_errors=True)
    lay_out(state, ".")
    os.makedirs("run", exist_ok=True)
    resumable = any("run/" + name in state for name in ("checkpoint.safetensors",
                                                        "base_checkpoint.safetensors"))
    words = ["resume", "run"] if resumable else ["train", "--out", "run"]
    status, _, messages = calls.run(["./toy", *words, "--quiet"])
    if status == 0 and calls.digest("run/model.safetensors") == wanted:
        return True
    print("  %s: exit status %s: %s" % (" ".join(words), status, messages.decode()))
    return False


def try_training():
    record(["./toy", "train", "--quiet", "--out", "run"], "trace")
    wanted, n, faults = calls.digest("run/model.safetensors"), 0, 0
    for state in all_states("trace"):
        n += 1
        good = is_whole(state) and goes_on(state, wanted)
        if not good:
            faults += 1
            print("fault: %s" % sorted((path, len(data)) for path, data in state.items()))
    print("a training: %d states, %d faults" % (n, faults), flush=True)
    return faults + (n < 100)


# ---- wisdom -----------------------------------------------------------------------------------------------

def try_wisdom():
    os.environ["GPFC_WISDOM"] = os.path.abspath("wisdom")
    subprocess.run([calls.GPFC, "--quiet", "--emit=header", "--tune=quick", "--tune-time", "0.1", "toy.yaml",
                    "-o", "tuned.h"], check=True)
    with open("wisdom", "rb") as file:
        old = file.read()
    record([calls.GPFC, "--quiet", "--emit=header", "--tune=quick", "--tune-time", "0.1", "--cpu=x86-64",
            "toy.yaml", "-o", "tuned.h"], "wisdom.trace")
    with open("wisdom", "rb") as file:
        new, n, faults = file.read(), 0, 0
    for state in all_states("wisdom.trace", [(os.environ["GPFC_WISDOM"], old)]):
        n += 1
        if state.get(os.environ["GPFC_WISDOM"]) not in (old, new):
            faults += 1
            print("fault: %s" % sorted((path, len(data)) for path, data in state.items()))
    print("wisdom: %d states, %d faults" % (n, faults))
    return faults + (n < 3 or old == new)


def main():
    if os.environ.get("GPFC_SANITIZE_FLAGS"):
        print("a sanitizer's library comes before all others")
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        calls.prepare()
        faults = try_training() + try_wisdom()
        os.chdir("/")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
