#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds and runs the C examples as their headers say, with the compiler and the runtime of this build.
set -eu
root=$(cd "${srcdir:-.}" && pwd)
gpfc=${GPFC:-gpfc}
runtime=${GPFC_RUNTIME_DIR:?folder of libgpfcrt.a}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

ln -s "$root/examples" "$root/specs" .
PKG_CONFIG_PATH=$runtime
export PKG_CONFIG_PATH

# shellcheck disable=SC2086  # flags are words
cc()
{
    ${CC:-cc} -std=c11 -O1 -Wall -Wextra ${GPFC_SANITIZE_FLAGS-} "$@"
}

# Builds example $1 by the very line in its header.
build()
{
    line=$(sed -n 's/^ \*  *\(cc .*\)/\1/p' "examples/$1.c")
    [ -n "$line" ] || { echo "$1.c does not say how to build it"; exit 1; }
    echo "$line"
    eval "$line"
}

echo "the flow as a library"
"$gpfc" specs/eight_gaussians.yaml --emit=library
build keeps_the_gaussian
./keeps_the_gaussian
cc -I. examples/keeps_the_gaussian.c ./eight_gaussians.so -lm -o shared
./shared >/dev/null

echo "a trained model through the runtime"
"$gpfc" specs/eight_gaussians.yaml -o trainer
./trainer train --epochs 2 --out run --quiet
"$gpfc" specs/eight_gaussians.yaml --emit=object -o kernels.o
build apply_model
printf '0.5 -1\n0 0\n-2 2\n' | ./apply_model run/model.safetensors | tee points
[ "$(wc -l <points)" -eq 3 ]
awk '{ if (($1 - $7) ^ 2 + ($2 - $8) ^ 2 > 1e-6) { print "the inverse does not lead back"; exit 1 } }' points
if ./apply_model absent.safetensors 2>message </dev/null; then
    echo "a missing model was taken"
    exit 1
fi
grep -q absent.safetensors message

echo "a training in a program, with the same result as the trainer's"
build train_a_model
./train_a_model called 2 | tee lines
[ "$(grep -c epoch lines)" -eq 4 ] && grep -q '^done after step' lines
./trainer train --epochs 2 --base-epochs 2 --out printed --quiet
cmp called/model.safetensors printed/model.safetensors

echo "a picture of the map"
status=0
python3 "$root/examples/picture_of_a_map.py" ./trainer run/model.safetensors map.svg || status=$?
[ "$status" -eq 77 ] || { [ "$status" -eq 0 ] && [ "$(grep -c '<path' map.svg)" -eq 24 ]; }
