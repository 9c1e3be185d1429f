#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Kernels for NEON, run by an emulator, give what the kernels for this machine give. Skipped where there is no
# emulator or no C compiler for AArch64 (Debian: qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross).
set -eu

qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || :)
cross=$(command -v aarch64-linux-gnu-gcc || :)
if [ -z "$qemu" ] || [ -z "$cross" ]; then
    echo "no qemu-aarch64 or no aarch64-linux-gnu-gcc here"
    exit 77
fi
here=${srcdir:-.}/tests/cross
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Tiles of the same size on both, so that the same numbers go in.
spec()
{
    cat <<END
name: small
dimension: $1
precision: $2
data: {pairs: none.npz}
flow: {field: $3, hidden: [$4], activation: $5, steps: 3}
penalty: {kind: euler, weight: 1.0e-3, derivative: exact}
train: {epochs: 1}
target: {lanes: 16}
END
}

compare()
{
    limit=$1
    shift
    spec "$@" >"$folder/small.yaml"
    # shellcheck disable=SC2086  # CC and its flags are several words
    "$GPFC" -q "$folder/small.yaml" --cpu=native --emit=object -o "$folder/host.o"
    "$GPFC" -q "$folder/small.yaml" --cpu=neoverse-n1 --emit=object -o "$folder/neon.o"
    ${CC:-cc} ${GPFC_SANITIZE_FLAGS-} -I"${srcdir:-.}/runtime/include" \
        "$here/run_bundle.c" "$folder/host.o" -o "$folder/host"
    "$cross" -static -I"${srcdir:-.}/runtime/include" "$here/run_bundle.c" "$folder/neon.o" -o "$folder/neon"
    "$folder/host" >"$folder/host.out"
    "$qemu" "$folder/neon" >"$folder/neon.out"
    paste -d ' ' "$folder/host.out" "$folder/neon.out" | awk -v limit="$limit" -v what="$*" '
        function abs(x) { return x < 0 ? -x : x }
        $1 != $4 || $2 != $5 || $3 !~ /^-?[0-9]/ || $6 !~ /^-?[0-9]/ { print what ": " $0; bad = 1; exit }
        { name = $1 " " $2; n++ }
        abs($3) > size[name] { size[name] = abs($3) }
        abs($3 - $6) > gap[name] { gap[name] = abs($3 - $6) }
        END {
            for (name in gap)
                if (gap[name] > limit * (size[name] + 0.01)) {
                    print what ": " name " is off by " gap[name] " of " size[name]
                    bad = 1
                }
            print what ": " n " numbers"
            exit bad || n < 500
        }'
}

compare 1e-4 3 single gaussian "16, 9" tanh
compare 1e-7 2 double cube "5, 5" softplus
