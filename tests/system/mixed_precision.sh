#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A whole training with products of bfloat16 numbers, by the instructions that every processor has: it learns
# what a training in single precision learns, up to rounding, and gives the same bits for any number of
# threads.
set -u
. "${srcdir:-.}/tests/system/common.sh"

# $1: name; $2: target.precision; $3: target.cpu
compile()
{
    cat >"$1.yaml" <<END
name: $1
dimension: 2
data: {source: pinwheel, samples: 2000}
base: {kind: mixture, components: 10}
flow: {hidden: [16, 16], steps: 4}
penalty: {kind: euler}
train: {epochs: 20, batch: 100, seed: 3}
target: {precision: $2, cpu: $3}
END
    expect 0 '' "$gpfc" -q "$1.yaml" -o "$1"
}

# $1: trainer; $2: key of its evaluation
measured()
{
    "./$1" evaluate --json "$1.run/model.safetensors" 2>err | sed -n "s/^ *\"$2\": \([-+.0-9e]*\),*\$/\1/p"
}

# Without the instructions for such products, where there is a kind of processor that certainly lacks them
plain=native
test "$(uname -m)" = x86_64 && plain=x86-64
compile whole own native
compile rounded emulated native
compile by_hand emulated $plain
expect 0 '' ./whole train --threads 1
expect 0 '' ./rounded train --threads 1
mv rounded.run one.run
expect 0 '' ./rounded train --threads 2
expect 0 '' ./by_hand train
same one.run/model.safetensors rounded.run/model.safetensors

checks=$((checks + 1))
cmp -s whole.run/model.safetensors rounded.run/model.safetensors && fault 'nothing was rounded'

# What they win is the same within 2 %: in 400 steps, other roundings lead elsewhere.
before=$(measured whole cost_before)
whole=$(measured whole cost_after)
for trainer in rounded by_hand; do
    checks=$((checks + 1))
    rounded=$(measured $trainer cost_after)
    awk -v before="$before" -v whole="$whole" -v rounded="$rounded" 'BEGIN {
        won = before - whole
        off = (before - rounded) / won - 1
        printf "cost %s; %s in single precision, %s with products of bfloat16 numbers\n",
            before, whole, rounded
        exit !(won > 0.05 * before && off > -0.02 && off < 0.02 && off != 0)
    }' || fault "$trainer does not win the same"
done

finish 11
