#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A training is killed (SIGKILL) at random moments and resumed, again and again; each that comes to its end
has the bits of one that was left alone.

    kills.py [N]     N: kills (1000)
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import failing_calls as calls  # noqa: E402

SPEC = calls.SPEC.replace("train: {epochs: 2,", "train: {epochs: 100, checkpoint_steps: 7,")
CHECKPOINTS = ("checkpoint.safetensors", "base_checkpoint.safetensors")


def start():
    resumable = any(os.path.exists(os.path.join("run", name)) for name in CHECKPOINTS)
    words = ["resume", "run"] if resumable else ["train", "--out", "run"]
    return subprocess.Popen(["./toy", *words, "--quiet", "--threads", "2"], stderr=subprocess.PIPE)


def main():
    wanted_kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    draw, kills, ended, faults = random.Random(1), 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        with open("toy.yaml", "w", encoding="ascii") as file:
            file.write(SPEC)
        subprocess.run([calls.GPFC, "--quiet", "toy.yaml"], check=True)
        began = time.monotonic()
        subprocess.run(["./toy", "train", "--quiet", "--out", "run"], check=True)
        seconds, wanted = time.monotonic() - began, calls.digest("run/model.safetensors")
        shutil.rmtree("run")
        while kills < wanted_kills:
            program = start()
            try:
                messages = program.communicate(timeout=draw.uniform(0, seconds / 2))[1]
            except subprocess.TimeoutExpired:
                program.kill()
                program.communicate()
                kills += 1
                continue
            ended += 1
            if program.returncode != 0 or calls.digest("run/model.safetensors") != wanted:
                faults += 1
                print("fault: exit status %d, other bits: %s" % (program.returncode, messages.decode()))
            shutil.rmtree("run", ignore_errors=True)
        os.chdir("/")
    print("%d kills, %d trainings came to their end, %d of them wrong" % (kills, ended, faults))
    return 1 if faults or ended == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
