#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes the corpora of models anew, once the form of models or checkpoints has changed: of each spec in
# tests/fuzz/models a model and the checkpoints of a training that was stopped. Run from the build folder:
#   sh ../tests/fuzz/seeds.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
"${PYTHON3:-python3}" -c '
import numpy as np
x = np.random.default_rng(1).standard_normal((60, 2))
np.savez("pairs.npz", x=x + 1, y=x)'

# Trains as told by the options, until it is stopped, and keeps files NAME.safetensors as good_NAME.
train() # names, options
{
    names=$1
    shift
    timeout --signal=INT 2 "./$name" train --out run --threads 1 --quiet "$@" || [ $? -eq 124 ]
    for file in $names; do
        cp "run/$file.safetensors" "$corpus/good_$file.safetensors"
    done
    rm -r run
}

long=100000000
for spec in "$root"/tests/fuzz/models/*.yaml; do
    name=$(basename "$spec" .yaml)
    corpus=$root/tests/fuzz/corpus/model_$name
    mkdir -p "$corpus"
    cp "$spec" .
    GPFC_RUNTIME_DIR=$build "$build/gpfc" --quiet "$name.yaml"
    case $name in
        pairs | mixture) train "checkpoint model" --epochs $long ;;
        *)
            train base_checkpoint --base-epochs $long
            train "checkpoint model base" --base-epochs 2 --epochs $long
            ;;
    esac
done
cp "$root/tests/fuzz/corpus/model_mixture/good_checkpoint.safetensors" "$root/tests/fuzz/corpus/resume"
