#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every reference spec is compiled into a trainer, which then takes some training steps.
set -eu
root=${srcdir:-.}
gpfc=${GPFC:-gpfc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

count=0
for spec in "$root"/specs/*.yaml; do
    name=$(basename "$spec" .yaml)
    "$gpfc" "$spec" -o "$scratch/$name"
    "$scratch/$name" info >"$scratch/info"
    grep -q gpfc "$scratch/info"
    "$scratch/$name" bench --seconds 0.05 --batch 64 --json >"$scratch/bench"
    grep -q step_s "$scratch/bench"
    count=$((count + 1))
done
[ "$count" -ge 20 ] || { echo "only $count specs"; exit 1; }
