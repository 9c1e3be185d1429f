#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Trainings that are killed or interrupted while the base flow is trained: a resumed training ends with the
# same bits as an uninterrupted one, base flow and flow. And the files of the two stages are complete or
# absent.
set -u
. "${srcdir:-.}/tests/system/common.sh"
trainer=two
. "$source/tests/system/interruption.sh"

cat >two.yaml <<'END'
name: two
dimension: 2
data: {source: moons, samples: 600}
base: {kind: bnaf, hidden: [8, 8], blocks: 2, epochs: 60, batch: 50}
flow: {hidden: [6], steps: 3}
train: {epochs: 10, batch: 50, checkpoint_steps: 7, evaluate_steps: 20}
END
"$gpfc" --quiet two.yaml || exit 1

as_uninterrupted()
{
    same whole/base.safetensors "$1/base.safetensors"
    same whole/model.safetensors "$1/model.safetensors"
    measures "$1" >"$1.measures"
    same whole.measures "$1.measures"
    nothing_left "$1/base_checkpoint.safetensors" "$1"/.*.part
}

expect 0 '' ./two train --out whole --quiet --threads 1
measures whole >whole.measures
grep -q '"stage":"base","step":540' whole.measures || fault "no measure of the base flow's step 540"
grep -q '"stage":"flow","step":90' whole.measures || fault "no measure of the flow's step 90"
test -s whole/base.safetensors || fault "no base flow was written"
expect 0 '' ./two train --out three --quiet --threads 3
as_uninterrupted three

# ---- killed, or asked to stop
stop_and_resume

# ---- stopped between the two: the base flow is ready, and the flow has no checkpoint yet
if test -w /dev/full; then
    mkdir between
    ln -s /dev/full between/checkpoint.safetensors
    expect 1 'No space left on device' ./two train --out between --quiet
    rm between/checkpoint.safetensors
    same whole/base.safetensors between/base.safetensors
    test -e between/base_checkpoint.safetensors || fault "the base flow's checkpoint is gone"
    expect 0 '' ./two resume between --quiet
    as_uninterrupted between
fi

# ---- interrupted with epochs of its own for each stage: a resumed training keeps to them
expect 0 '' ./two train --out short --quiet --base-epochs 30 --epochs 2
start again --threads 1 --base-epochs 30 --epochs 2
kill -s KILL "$child" 2>/dev/null
wait "$child" 2>/dev/null
expect 0 '' ./two resume again --quiet
same short/base.safetensors again/base.safetensors
same short/model.safetensors again/model.safetensors

# ---- the base flow's file is used again
expect 0 '' ./two train --out reused --quiet --base whole/base.safetensors
same whole/model.safetensors reused/model.safetensors
nothing_left reused/base.safetensors
grep -q '"stage":"base"' reused/metrics.jsonl && fault "--base trains a base flow"

# ---- a checkpoint cut short is no checkpoint
mkdir cut
head -c 2000 whole/checkpoint.safetensors >cut/base_checkpoint.safetensors
expect 2 'cut/base_checkpoint.safetensors' ./two resume cut

# ---- files that may not grow
expect 1 'File too large' sh -c 'ulimit -f 2 && exec "$@"' sh ./two train --out full
nothing_left full/base.safetensors full/base_checkpoint.safetensors full/base.safetensors.part \
    full/base_checkpoint.safetensors.part full/model.safetensors

# ---- another spec's settings
sed 's/train: {epochs: 10/train: {rate: 0.1, epochs: 10/' two.yaml >changed.yaml
sed 's/blocks: 2/blocks: 1/' two.yaml >other.yaml
"$gpfc" --quiet changed.yaml -o changed && "$gpfc" --quiet other.yaml -o other || exit 1
expect 0 'train.rate was 0.01 and is 0.1' ./changed resume three
expect 2 'base.blocks is 2 there and 1 here' ./other resume three
expect 2 'base.blocks is 2 there and 1 here' ./other train --base whole/base.safetensors --out bad
nothing_left bad
finish 50
