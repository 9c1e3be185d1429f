#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random command lines of gpfc, in a folder of their own: each ends by itself, with 0, or with 1 or 2 and a
message.

    RUNS=2000 SEED=7 make check TESTS=tests/fuzz/options_of_gpfc.py
"""
import os
import random
import subprocess
import sys
import tempfile

OPTIONS = {
    "--emit": ["ir", "c", "llvm", "asm", "object", "header", "", "executables"],
    "--cpu": ["native", "haswell", "neoverse-v1", "pentium", "", "x" * 5000],
    "--dump": ["flow", "all", "flow,sched", ",", "", "flow,,llvm", "none"],
    "--from": ["ir", "c", ""],
    "--data-folder": [".", "", "nowhere"],
    "--tune": ["none", "quickly", ""],
    "--tune-time": ["1", "0", "-1", "nan", "1e400", "1,5", ""],
    "--output": ["out", "", "folder", "missing/out"],
    "-o": ["out", "folder"],
}
FLAGS = ["--no-wisdom", "-q", "--quiet", "--json", "--help-spec", "--version", "-v", "--help", "-?", "-h",
         "--usage", "--", "-", "--unknown", "-qv", "--emi", "--em=c", "--js"]
GOOD = "dimension: 2\ndata: {pairs: p.npz}\nflow: {hidden: [1], steps: 1}\n"
INPUTS = ["good.yaml", "bad.yaml", "program.ir", "missing.yaml", "folder", "", "\u00e4\x01\x1b[31m"]


def word(draw):
    kind = draw.random()
    if kind < 0.5:
        name = draw.choice(list(OPTIONS))
        value = draw.choice(OPTIONS[name])
        return [name + "=" + value] if name.startswith("--") and draw.random() < 0.7 else [name, value]
    if kind < 0.75:
        return [draw.choice(FLAGS)]
    return [draw.choice(INPUTS)]


def changed(draw, text):
    """Now and then, with a character that is another one, missing, or there twice."""
    if not text or draw.random() > 0.1:
        return text
    at = draw.randrange(len(text))
    return text[:at] + draw.choice(["", text[at] * 2, chr(draw.randrange(1, 256))]) + text[at + 1:]


def command_line(draw):
    words = ["good.yaml"] if draw.random() < 0.6 else []
    for _ in range(draw.randrange(6)):
        words += word(draw)
    if not any(text.startswith(("--emit", "--dump", "--from")) for text in words):
        words.append("--emit=ir")  # a trainer would be linked, which takes longer than all else
    return [changed(draw, text.replace("/", "_")) for text in words]


def run(gpfc, words, folder):
    done = subprocess.run([gpfc] + words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60)
    if done.returncode == 0 or (done.returncode in (1, 2) and done.stderr):
        return True
    print(f"status {done.returncode}, of: gpfc {words!r}", file=sys.stderr)
    sys.stderr.buffer.write(done.stderr)
    return False


def main():
    runs, seed = int(os.environ.get("RUNS", "60")), int(os.environ.get("SEED", "1"))
    draw = random.Random(seed)
    root, gpfc = os.environ.get("srcdir", "."), os.path.abspath(os.environ["GPFC"])
    with open(os.path.join(root, "tests/fuzz/corpus/compile_ir/plain.ir"), encoding="utf-8") as file:
        program = file.read()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "folder"))
        for name, text in (("good.yaml", GOOD), ("bad.yaml", "dimension: many\n"), ("program.ir", program)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        wrong = sum(not run(gpfc, command_line(draw), folder) for _ in range(runs))
    print(f"{runs} command lines of seed {seed}, {wrong} of them with a wrong end")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
