#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A whole training on the stand-in for a GPU: its text is compiled when it is asked for, its costs are those
# of the CPU to rounding, and a run moves between devices. By Adam: SOAP's eigenvectors make much of rounding.
set -u
case ${GPFC_SANITIZE_FLAGS-} in ?*) echo "not under sanitizers"; exit 77 ;; esac
case $(uname -m) in x86_64) ;; *) echo "the stand-in is for x86-64"; exit 77 ;; esac
c++ --version >/dev/null 2>&1 || { echo "needs a C++ compiler (g++)"; exit 77; }
build=$(cd "${top_builddir:-.}" && pwd)
. "${srcdir:-.}/tests/system/common.sh"

cat >moved.yaml <<'END'
name: moved
dimension: 2
precision: double
data: {source: eight_gaussians, samples: 1000}
base: {kind: bnaf, hidden: [6], epochs: 2, batch: 200, optimizer: adam}
flow: {field: gaussian, hidden: [6, 6], steps: 3}
train: {epochs: 3, batch: 200, optimizer: adam}
END
expect 0 "" "$gpfc" moved.yaml --quiet -o moved
expect 1 "NVIDIA's driver" env LD_LIBRARY_PATH=/none ./moved train --out none --device cuda

GPFC_STAND_IN=check=0
GPFC_STAND_IN_CXXFLAGS="-O0 -ffp-contract=off"
GPFC_STAND_IN_HEADERS=$source/tests/gpu
export GPFC_STAND_IN GPFC_STAND_IN_CXXFLAGS GPFC_STAND_IN_HEADERS
on_gpu() { env LD_LIBRARY_PATH="$build/tests/gpu" "$@" --device cuda; }

# Costs of all lines, seven digits each.
costs() { sed 's/.*"validation_cost":\([^,]*\).*/\1/' "$1/metrics.jsonl" | awk '{printf "%.6g\n", $1}'; }

expect 0 "" ./moved train --out cpu --quiet --threads 1
expect 0 "" on_gpu ./moved train --out gpu --quiet --threads 1
costs cpu >cpu.costs
costs gpu >gpu.costs
same cpu.costs gpu.costs
checks=$((checks + 1))
test "$(sort -u cpu.costs | wc -l)" -ge 4 || fault "no costs to compare: $(cat cpu.costs)"

# From the GPU to the CPU, as from the CPU to the CPU.
expect 0 "" ./moved resume cpu --epochs 4 --quiet --threads 1
expect 0 "" ./moved resume gpu --epochs 4 --quiet --threads 1
costs cpu >cpu.costs
costs gpu >gpu.costs
same cpu.costs gpu.costs

expect 1 "GPFC_NVRTC" env GPFC_NVRTC=/none.so LD_LIBRARY_PATH="$build/tests/gpu" ./moved train --out none \
    --device cuda
finish 10
