#!/bin/sh
# SPDX-License-Identifier: MIT
#
# flow.steps: auto. The number of time steps changes during a training, which still ends with the same bits
# for any number of threads and after interruptions; the model says how many it needs, and trainers with other
# numbers open it.
set -u
. "${srcdir:-.}/tests/system/common.sh"
trainer=run
. "$source/tests/system/interruption.sh"

# $1: name; $2: of flow; $3: lines to add
write_flow()
{
    cat >"$1.yaml" <<END
name: $1
dimension: 2
data: {source: eight_gaussians, samples: 600}
base: {kind: mixture, components: 4, iterations: 10}
flow: {hidden: [6], $2}
$3
END
    "$gpfc" --quiet "$1.yaml" || exit 1
}

train='train: {epochs: 60, batch: 50, rate: 2.0e-3, checkpoint_steps: 7, evaluate_steps: 20}'
write_flow run 'steps: auto, density_error: 2.0e-6' "$train
penalty: {kind: euler, weight: 1.0e-3}"
write_flow fixed 'steps: 9' "$train"
write_flow few 'steps: auto, most_steps: 2, density_error: 1.0e-6' "$train"

as_uninterrupted()
{
    same whole/model.safetensors "$1/model.safetensors"
    measures "$1" >"$1.measures"
    same whole.measures "$1.measures"
}

# ---- the number changes, and late
expect 0 '% of the training'"'"'s evaluations saved' ./run train --out whole --threads 1
measures whole >whole.measures
checks=$((checks + 1))
sed 's/.*"time_steps":\([0-9]*\).*/\1/' whole.measures >numbers
test "$(tail -n 25 numbers | sort -u | wc -l)" -ge 2 || \
    fault "the number of time steps does not change late: $(cat numbers)"
test "$(sort -u numbers | wc -l)" -ge 3 || fault "the number of time steps seldom changes: $(cat numbers)"
steps=$(grep -ao '"gpfc.time_steps":"[0-9]*"' whole/model.safetensors | tr -dc '0-9')
test "$steps" -ge 2 && test "$steps" -lt 15 || fault "the model needs '$steps' time steps"

# ---- the same bits
expect 0 '' ./run train --out three --quiet --threads 3
as_uninterrupted three
stop_and_resume

# ---- the model's number is used, and reported
expect 0 "\"time_steps\": $steps" ./run evaluate whole/model.safetensors --json
expect 0 'rk4 x 15 at most' ./run info
expect 0 "was trained for $steps time steps; this trainer runs 9" ./fixed evaluate whole/model.safetensors
expect 0 '"time_steps": 9' ./fixed evaluate whole/model.safetensors --json
expect 0 "was trained for $steps time steps; this trainer runs 2" ./few evaluate whole/model.safetensors
expect 0 '' ./fixed train --quiet --out nine --epochs 2
expect 0 '"time_steps": 9' ./run evaluate nine/model.safetensors --json
expect 0 '' ./run train --quiet --out goes_on --epochs 2 --init nine/model.safetensors
# without that word, and without a checksum that would miss it: the most
for folder in whole nine; do
    sed -e 's/"gpfc\.time_steps"/"gpfc.time_words"/' -e 's/"gpfc\.checksum"/"gpfc.nothing0"/' \
        -e 's/"gpfc\.format"/"gpfc.nothin"/' \
        "$folder/model.safetensors" >"$folder.unknown"
    expect 0 '"time_steps": 15' ./run evaluate "$folder.unknown" --json
done

# ---- a training continues only in a trainer of its own kind
expect 2 'flow.steps is auto there and 9 here' ./fixed resume whole
expect 2 'flow.steps is 9 there and auto here' ./run resume nine
expect 2 'time steps, which this trainer does not accept' ./few resume whole --anyway

# ---- bounds that cannot be kept
expect 0 'too few for the bounds' ./few train --out few.run
expect 0 '"within_bounds": false' ./few train --out few.run --json

# ---- a library has the most
expect 0 '' "$gpfc" --quiet run.yaml --emit=library
expect 0 '15' grep STEPS run.h
finish 40
