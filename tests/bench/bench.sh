#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Times training steps of reference specs on this machine, one thread and all; one JSON object a line. Part of
# `make bench`, never of `make check`. SECONDS_EACH in the environment sets how long each is measured (default
# 5).
set -eu
root=${srcdir:-.}
gpfc=${GPFC:-gpfc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for spec in eight_gaussians table3_eight_gaussians_cube table4_dsprites_gaussian table4_dsprites_cube \
    table4_dsprites_gaussian_euler table4_dsprites_cube_euler; do
    "$gpfc" "$root/specs/$spec.yaml" -o "$scratch/$spec" --json
    for threads in 1 $(nproc); do
        printf '{"spec": "%s", "bench": ' "$spec"
        "$scratch/$spec" bench --json --seconds "${SECONDS_EACH:-5}" --threads "$threads" --batch 1024 | tr -d '\n'
        echo '}'
    done
done
