# SPDX-License-Identifier: MIT
"""A trainer with weights from here: what its commands make of files, by docs/trainer.md."""
import json
import os
import struct
import subprocess

import numpy as np


def write_safetensors(path, tensors):
    """tensors: arrays of float32 or float64, by name."""
    header, data = {}, b""
    for name, array in tensors.items():
        here = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F32" if array.dtype == np.float32 else "F64", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(here)]}
        data += here
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Trainer:
    def __init__(self, gpfc, folder, spec_path, real):
        self.folder, self.real = folder, np.float64 if real == 8 else np.float32
        self.run_program(gpfc, "--quiet", "--no-wisdom", spec_path, "-o", os.path.join(folder, "trainer"))

    def run_program(self, *words):
        return subprocess.run(words, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def give(self, weights, always_double, **arrays):
        """Writes the model, and data.npz with the arrays."""
        tensors = {name: np.asarray(array, self.real) for name, array in weights.items()}
        tensors.update({name: np.asarray(array, np.float64) for name, array in always_double.items()})
        write_safetensors(os.path.join(self.folder, "model.safetensors"), tensors)
        np.savez(os.path.join(self.folder, "data.npz"), **arrays)

    def evaluate(self):
        return json.loads(self.run_program("./trainer", "evaluate", "model.safetensors", "--data", "data.npz",
                                           "--json"))

    def map(self, command, part, rows):
        np.save(os.path.join(self.folder, "in.npy"), rows)
        self.run_program("./trainer", command, "model.safetensors", "in.npy", "out.npy", "--part=" + part)
        return np.load(os.path.join(self.folder, "out.npy"))
