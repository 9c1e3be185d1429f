# SPDX-License-Identifier: MIT
"""The kernels of a compiled spec, called as gpfc/kernel_abi.h describes them."""
import ctypes
import os
import shlex
import subprocess

import numpy as np

IN_PARAMETER, IN_SETTING, IN_SAMPLE, IN_NOISE, IN_NOISE_STEP, OUT_SAMPLE, OUT_TOTAL = range(7)
ALIGNMENT = 64
I64, TEXT, POINTER = ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p


class Port(ctypes.Structure):
    _fields_ = [("name", TEXT), ("role", I64), ("elements", I64), ("rank", I64), ("shape", I64 * 6)]


class Kernel(ctypes.Structure):
    _fields_ = [("name", TEXT), ("n_in", I64), ("n_out", I64), ("inputs", ctypes.POINTER(Port)),
                ("outputs", ctypes.POINTER(Port)), ("uniform_bytes", I64), ("scratch_bytes", I64),
                ("sum_elements", I64), ("flop", ctypes.c_double), ("useful_flop", ctypes.c_double),
                ("before", ctypes.CFUNCTYPE(None, POINTER, POINTER)),
                ("tile", ctypes.CFUNCTYPE(None, *[POINTER] * 5)),
                ("after", ctypes.CFUNCTYPE(None, *[POINTER] * 4))]


class Parameter(ctypes.Structure):
    _fields_ = [("name", TEXT), ("offset", I64), ("rank", I64), ("shape", I64 * 2), ("fan_in", I64),
                ("init", I64), ("spread", ctypes.c_double)]


class BundleFields(ctypes.Structure):
    pass


BundleFields._fields_ = (
    [("abi_version", I64)] +
    [(name, TEXT) for name in ("name", "version", "description", "cpu", "features", "cpu_name",
                               "schedule")] +
    [("tuned", I64), ("compiler", TEXT), ("spec_text", TEXT)] +
    [(name, I64) for name in ("spec_hash", "dimension", "precision", "lanes", "steps", "order",
                              "training_steps", "theta_elements", "n_parameters", "n_kernels",
                              "n_settings")] +
    [("parameters", ctypes.POINTER(Parameter)), ("kernels", ctypes.POINTER(Kernel)), ("settings", POINTER),
     ("base", ctypes.POINTER(BundleFields))])


def load(object_file):
    """The flow's bundle and the base flow's, which may be None."""
    library = os.path.abspath(object_file) + ".so"
    subprocess.run(shlex.split(os.environ.get("CC") or "cc") + ["-shared", "-o", library, object_file, "-lm"],
                   check=True)
    flow = Bundle(BundleFields.in_dll(ctypes.CDLL(library), "gpfc_bundle"))
    return flow, Bundle(flow.fields.base.contents) if flow.fields.base else None


def memory(elements, real, fill):
    """Aligned as kernels want it."""
    room = np.full(elements * real + ALIGNMENT, fill, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    return room[first:first + elements * real].view(np.float64 if real == 8 else np.float32)


def pointers(arrays):
    return (POINTER * len(arrays))(*[array.ctypes.data for array in arrays])


class Bundle:
    def __init__(self, fields):
        self.fields, self.real, self.lanes = fields, fields.precision, fields.lanes
        self.kernels = {fields.kernels[k].name.decode(): fields.kernels[k] for k in range(fields.n_kernels)}
        self.shapes = {}
        for k in range(fields.n_parameters):
            parameter = fields.parameters[k]
            self.shapes[parameter.name.decode()] = tuple(parameter.shape[:parameter.rank])

    def noise_shape(self, kernel):
        """Of the port "noise": (shape, is it of each sample); None where there is none."""
        for port in self.kernels[kernel].inputs[:self.kernels[kernel].n_in]:
            if port.name == b"noise":
                return tuple(port.shape[:port.rank]), port.role == IN_NOISE
        return None

    def run(self, name, given):
        """given: arrays by the names of inputs; of samples [n, ...]. Gives the outputs likewise."""
        kernel = self.kernels[name]
        n = next(len(given[port.name.decode()]) for port in kernel.inputs[:kernel.n_in]
                 if port.role == IN_SAMPLE and port.name != b"weight")
        call = Call(self, kernel, given, n)
        for first in range(0, n, self.lanes):
            call.run_tile(first)
        return call.finish()


class Call:
    def __init__(self, bundle, kernel, given, n):
        self.bundle, self.kernel, self.given, self.n = bundle, kernel, given, n
        self.inputs = list(kernel.inputs[:kernel.n_in])
        self.outputs = list(kernel.outputs[:kernel.n_out])
        lanes, real = bundle.lanes, bundle.real
        varying = (IN_SAMPLE, IN_NOISE, OUT_SAMPLE)
        room = lambda port, fill: memory(port.elements * (lanes if port.role in varying else 1), real, fill)
        self.into = [room(port, 0) for port in self.inputs]
        self.out = [room(port, 0xff) for port in self.outputs]
        self.uniform = memory(kernel.uniform_bytes // real + 1, real, 0xff)
        self.scratch = memory(kernel.scratch_bytes // real + 1, real, 0xff)
        self.sums = memory(kernel.sum_elements + 1, real, 0)
        self.rows = {port.name.decode(): np.zeros((n, port.elements)) for port in self.outputs
                     if port.role == OUT_SAMPLE}
        for port, array in zip(self.inputs, self.into):
            if port.role not in varying:
                array[:] = np.ravel(given[port.name.decode()])
        kernel.before(pointers(self.into), self.uniform.ctypes.data)

    def fill(self, port, array, first):
        """Empty lanes repeat the last sample, with weight 0."""
        lanes, name = self.bundle.lanes, port.name.decode()
        here = min(lanes, self.n - first)
        if name == "weight":
            array[:] = np.where(np.arange(lanes) < here, 1 / self.n, 0)
            return
        rows = np.asarray(self.given[name]).reshape(self.n, port.elements)[first:first + here]
        array[:] = np.concatenate([rows] + [rows[-1:]] * (lanes - here)).T.ravel()

    def run_tile(self, first):
        for port, array in zip(self.inputs, self.into):
            if port.role in (IN_SAMPLE, IN_NOISE):
                self.fill(port, array, first)
        self.kernel.tile(pointers(self.into), pointers(self.out), self.uniform.ctypes.data,
                         self.scratch.ctypes.data, self.sums.ctypes.data)
        for port, array in zip(self.outputs, self.out):
            if port.role == OUT_SAMPLE:
                here = min(self.bundle.lanes, self.n - first)
                self.rows[port.name.decode()][first:first + here] = array.reshape(port.elements, -1).T[:here]

    def finish(self):
        self.kernel.after(pointers(self.into), pointers(self.out), self.uniform.ctypes.data,
                          self.sums.ctypes.data)
        results = {}
        for port, array in zip(self.outputs, self.out):
            name, shape = port.name.decode(), tuple(port.shape[:port.rank])
            rows = self.rows.get(name)
            results[name] = (array.astype(np.float64).reshape(shape) if rows is None
                             else rows.reshape((self.n,) + shape))
        return results
