#!/bin/sh
# SPDX-License-Identifier: MIT
#
# From samples to a map with one spec, for every kind of base flow: a text file of samples, both stages, each
# part of the map there and back, and what is said of models that do not fit.
set -u
. "${srcdir:-.}/tests/system/common.sh"

# 400 samples of two clusters far from the origin, with a label that is no coordinate.
awk 'BEGIN {
    print "a,b,label"
    for (i = 0; i < 400; i++) {
        u = (i * 7919) % 1000 / 1000 + 0.0005; v = (i * 104729) % 997 / 997
        r = sqrt(-2 * log(u)); k = i % 2
        printf "%.6f,%.6f,%d\n", 100 + 10 * (4 * k + r * cos(6.2831853 * v)),
            -3 + 0.1 * r * sin(6.2831853 * v), k
    }
}' >samples.csv

# $1: kind; $2: the base's other keys; $3: precision; $4: name
write_kind()
{
    cat >"$4.yaml" <<END
name: $4
dimension: 2
precision: $3
data: {samples: samples.csv, test: 0.2}
base: {kind: $1, epochs: 8, batch: 64, $2}
flow: {hidden: [6], steps: 3}
train: {epochs: 2, batch: 64}
END
    "$gpfc" --quiet "$4.yaml" || exit 1
}

write_kind bnaf 'hidden: [8, 8], blocks: 2' double bnaf
write_kind ffjord 'hidden: [8], blocks: 1, steps: 4' double ffjord
write_kind cp_flow 'hidden: [8, 8], blocks: 2' single cp_flow
{ # 64 rows of zeros, float64
    printf "\\223NUMPY\\001\\000\\166\\000%-117s\\n" \
        "{'descr': '<f8', 'fortran_order': False, 'shape': (64, 2), }"
    head -c 1024 /dev/zero
} >zero.npy

# One step of Euler's method can be profited from.
write_kind ffjord 'hidden: [16], blocks: 1, steps: 1, integrator: euler, rate: 5.0e-2' double coarse
expect 0 'increase base.steps' ./coarse train --out coarse.run

for kind in bnaf ffjord cp_flow; do
    expect 0 "base flow $kind" "./$kind" train --out "$kind.run"
    model=$kind.run/model.safetensors
    expect 0 '' "./$kind" apply "$model" zero.npy f.npy --part base
    expect 0 '' "./$kind" apply "$model" f.npy s.npy
    expect 0 '' "./$kind" apply "$model" zero.npy whole.npy --part both
    same s.npy whole.npy
    expect 0 '' "./$kind" apply "$model" zero.npy whole.npy --from data
    same s.npy whole.npy
    expect 0 '' "./$kind" apply "$kind.run/base.safetensors" zero.npy again.npy --part base
    same f.npy again.npy
    expect 0 '' "./$kind" invert "$model" zero.npy y.npy
    expect 0 '' "./$kind" invert "$model" y.npy x.npy --part base
    expect 0 '' "./$kind" invert "$model" zero.npy back.npy --to data
    same x.npy back.npy
    expect 0 '"integral_after"' "./$kind" evaluate "$model" --json
    expect 0 'share of peak' "./$kind" bench --stage base --seconds 0.02
    expect 0 "base flow $kind" "./$kind" info
    expect 0 '' "./$kind" resume "$kind.run" --quiet
    expect 0 '' "./$kind" train --init "$model" --out again.run --quiet --epochs 1
    rm -rf again.run
done

# ---- what does not fit
expect 2 'made for another base flow (ffjord): base.kind is ffjord there and bnaf here' \
    ./bnaf train --base ffjord.run/base.safetensors --out bad
expect 2 'absent.safetensors' ./bnaf train --base absent.safetensors --out bad
expect 2 'no tensor flow.layer0.weight' ./bnaf evaluate bnaf.run/base.safetensors
nothing_left bad
expect 2 "found 'bottom'" ./bnaf apply bnaf.run/model.safetensors zero.npy bad.npy --part bottom
expect 2 'contradict' ./bnaf apply bnaf.run/model.safetensors zero.npy bad.npy --part base --from data
expect 2 "found 'top'" ./bnaf bench --stage top
nothing_left bad.npy

# ---- pairs from noise
sed 's/flow: {/flow: {train_on: noise, /; s/name: bnaf/name: noise/' bnaf.yaml >noise.yaml
"$gpfc" --quiet noise.yaml || exit 1
expect 0 '' ./noise train --quiet --base bnaf.run/base.safetensors --out noise.run
expect 0 '' ./noise resume noise.run --quiet
expect 0 '"nll_after"' ./noise evaluate noise.run/model.safetensors --json

# ---- files that are not there, or may not grow
expect 2 'absent.csv' ./bnaf train --data absent.csv --out bad
expect 1 'File too large' sh -c 'ulimit -f 1 && exec "$@"' sh ./bnaf train --out bad
nothing_left bad/base.safetensors bad/base_checkpoint.safetensors bad/base.safetensors.part
finish 60
