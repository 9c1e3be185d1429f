#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Dimension 1: the base flow is trained and its density reported, by every kind of base flow; s is exactly the
# identity, so that both parts of the map together are the base flow.
set -u
. "${srcdir:-.}/tests/system/common.sh"

# 400 rows of two normal distributions, by quantiles: their order does not matter.
awk 'BEGIN { for (i = 0; i < 400; i++) {
    t = (i % 200 + 0.5) / 200; a = t < 0.5 ? t : 1 - t; r = sqrt(-2 * log(a));
    below = 1 + 1.432788 * r + 0.189269 * r * r + 0.001308 * r * r * r;
    z = r - (2.515517 + 0.802853 * r + 0.010328 * r * r) / below;
    z = t < 0.5 ? -z : z; print i < 200 ? -2 + 0.5 * z : 2 + z } }' >x.csv

# The value of a key in the last output.
value()
{
    sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p" out
}

# $1: kind; $2: more of the base
try()
{
    printf 'name: %s\ndimension: 1\ndata: {samples: x.csv}\nbase: {kind: %s, %s}\nflow: {steps: 4}\n' \
        "$1" "$1" "$2" >"$1.yaml"
    expect 0 'flow      the identity' "$gpfc" "$1.yaml" -o "$1"
    expect 0 '' "./$1" train --out "$1.run" --quiet
    model=$1.run/model.safetensors
    expect 0 '"nll_before"' "./$1" evaluate "$model" --json
    checks=$((checks + 1))
    # The entropy of the mixture is 1.70 nats.
    awk "BEGIN { exit !($(value nll_before) < 1.9 && $(value nll_before) == $(value nll_after)) }" ||
        fault "$1: the likelihoods are $(value nll_before) and $(value nll_after)"
    awk "BEGIN { exit !($(value cost_before) == $(value cost_after) && $(value energy) == 0 && \
        $(value density_error_max) == 0 && $(value roundtrip_max) == 0) }" ||
        fault "$1: s is not the identity: $(cat out)"
    expect 0 '' "./$1" apply "$model" x.npy y.npy --part base
    expect 0 '' "./$1" apply "$model" x.npy both.npy --part both
    expect 0 '' "./$1" apply "$model" y.npy s.npy
    expect 0 '' "./$1" invert "$model" s.npy back.npy
    same y.npy both.npy
    same y.npy s.npy
    same y.npy back.npy
    expect 0 '' "./$1" resume "$1.run" --quiet
}

# x as an .npy: what the identity of a first trainer makes of the text is not read; so by hand.
{
    printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 1), }"
    printf '\000\000\000\000\000\000\200\077\000\000\200\277\000\000\000\100' # 0, 1, -1, 2
} >x.npy
try mixture 'components: 2'
try bnaf 'hidden: [16, 16], epochs: 300, batch: 80'

# ---- without anything to train
printf 'dimension: 1\n' >none.yaml
expect 2 "the only map that preserves N(0, 1) and can be trained is s(y) = y" "$gpfc" none.yaml

# ---- as C, and as a library
expect 0 '' "$gpfc" bnaf.yaml --emit=c -o kernels.c
# shellcheck disable=SC2086  # flags are words
expect 0 '' ${CC:-cc} -std=c11 -Werror -c -I"$source/runtime/include" kernels.c -o kernels.o
expect 0 'functions bnaf_apply' "$gpfc" bnaf.yaml --emit=library
finish 28
