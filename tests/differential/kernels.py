# SPDX-License-Identifier: MIT
"""The kernels of a compiled spec, called as gpfc/kernel_abi.h describes them."""
import ctypes
import os
import re
import shlex
import subprocess

import numpy as np

IN_PARAMETER, IN_SETTING, IN_SAMPLE, IN_NOISE, IN_NOISE_STEP, OUT_SAMPLE, OUT_TOTAL = range(7)
ALIGNMENT = 64
I64, TEXT, POINTER = ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p


HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../runtime/include/gpfc/kernel_abi.h")


def fields_of(name, text):
    """Of a structure of kernel_abi.h: every field is eight bytes wide, or an array of such."""
    body = re.search(r"struct %s \{(.*?)\n\};" % name, text, re.S)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    fields = []
    for declaration in body.split(";"):
        words = " ".join(declaration.split())
        if "(*" in words:
            fields.append((re.search(r"\(\*(\w+)\)", words)[1], POINTER))
            continue
        for field in words.split(","):
            found = re.search(r"(\*?)\s*(\w+)(?:\[(\w+)\])?$", field.strip())
            if found:
                kind = TEXT if "char *" in words else POINTER if found[1] else NUMBERS.get(words.split()[0])
                n = found[3] and int(re.search(r"#define %s (\d+)" % found[3], text)[1]
                                     if found[3].startswith("GPFC") else found[3])
                fields.append((found[2], kind * n if n else kind))
    return fields


NUMBERS = {"int64_t": I64, "double": ctypes.c_double}
with open(HEADER, encoding="utf-8") as _header:
    _text = _header.read()


class Port(ctypes.Structure):
    _fields_ = fields_of("gpfc_port", _text)


class Kernel(ctypes.Structure):
    _fields_ = fields_of("gpfc_kernel", _text)


class Parameter(ctypes.Structure):
    _fields_ = fields_of("gpfc_parameter", _text)


class BundleFields(ctypes.Structure):
    _fields_ = fields_of("gpfc_bundle", _text)


def array_at(address, kind, n):
    return (kind * n).from_address(address) if n else []


def load(object_file):
    """The flow's bundle and the base flow's, which may be None."""
    library = os.path.abspath(object_file) + ".so"
    subprocess.run(shlex.split(os.environ.get("CC") or "cc") + ["-shared", "-o", library, object_file, "-lm"],
                   check=True)
    flow = Bundle(BundleFields.in_dll(ctypes.CDLL(library), "gpfc_bundle"))
    return flow, Bundle(BundleFields.from_address(flow.fields.base)) if flow.fields.base else None


def memory(elements, real, fill):
    """Aligned as kernels want it."""
    room = np.full(elements * real + ALIGNMENT, fill, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    return room[first:first + elements * real].view(np.float64 if real == 8 else np.float32)


def inputs_of(kernel):
    return array_at(getattr(kernel, "in"), Port, kernel.n_in)


def call(function, *arguments):
    ctypes.CFUNCTYPE(None, *[POINTER] * len(arguments))(function)(*arguments)


def pointers(arrays):
    return ctypes.cast((POINTER * len(arrays))(*[array.ctypes.data for array in arrays]), POINTER)


class Bundle:
    def __init__(self, fields):
        self.fields, self.real, self.lanes = fields, fields.precision, fields.lanes
        self.kernels = {kernel.name.decode(): kernel
                        for kernel in array_at(fields.kernels, Kernel, fields.n_kernels)}
        self.shapes = {parameter.name.decode(): tuple(parameter.shape[:parameter.rank])
                       for parameter in array_at(fields.parameters, Parameter, fields.n_parameters)}

    def noise_shape(self, kernel):
        """Of the port "noise": (shape, is it of each sample); None where there is none."""
        for port in inputs_of(self.kernels[kernel]):
            if port.name == b"noise":
                return tuple(port.shape[:port.rank]), port.role == IN_NOISE
        return None

    def run(self, name, given):
        """given: arrays by the names of inputs; of samples [n, ...]. Gives the outputs likewise."""
        kernel = self.kernels[name]
        n = next(len(given[port.name.decode()]) for port in inputs_of(kernel)
                 if port.role == IN_SAMPLE and port.name != b"weight")
        call = Call(self, kernel, given, n)
        for first in range(0, n, self.lanes):
            call.run_tile(first)
        return call.finish()


class Call:
    def __init__(self, bundle, kernel, given, n):
        self.bundle, self.kernel, self.given, self.n = bundle, kernel, given, n
        self.inputs, self.outputs = inputs_of(kernel), array_at(kernel.out, Port, kernel.n_out)
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
        call(kernel.before, pointers(self.into), self.uniform.ctypes.data)

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
        call(self.kernel.tile, pointers(self.into), pointers(self.out), self.uniform.ctypes.data,
             self.scratch.ctypes.data, self.sums.ctypes.data)
        for port, array in zip(self.outputs, self.out):
            if port.role == OUT_SAMPLE:
                here = min(self.bundle.lanes, self.n - first)
                self.rows[port.name.decode()][first:first + here] = array.reshape(port.elements, -1).T[:here]

    def finish(self):
        call(self.kernel.after, pointers(self.into), pointers(self.out), self.uniform.ctypes.data,
             self.sums.ctypes.data)
        results = {}
        for port, array in zip(self.outputs, self.out):
            name, shape = port.name.decode(), tuple(port.shape[:port.rank])
            rows = self.rows.get(name)
            results[name] = (array.astype(np.float64).reshape(shape) if rows is None
                             else rows.reshape((self.n,) + shape))
        return results
