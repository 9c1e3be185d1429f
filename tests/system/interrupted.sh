#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Trainings that are killed, interrupted, or run out of space: a resumed training ends with the same bits as
# an uninterrupted one, with any number of threads.
set -u
. "${srcdir:-.}/tests/system/common.sh"
trainer=run
. "$source/tests/system/interruption.sh"

write_spec run 'train:
  {epochs: 100, batch: 50, checkpoint_steps: 7, evaluate_steps: 20, schedule: plateau, fall: 0.5, patience: 0}
penalty: {kind: euler, weight: 1.0e-3, decay: 0.5, decays: 2}'
"$gpfc" --quiet run.yaml || exit 1

as_uninterrupted()
{
    same whole/model.safetensors "$1/model.safetensors"
    measures "$1" >"$1.measures"
    same whole.measures "$1.measures"
}

expect 0 '' ./run train --out whole --quiet --threads 1
measures whole >whole.measures
grep -q '"step":880' whole.measures || fault "no measure of step 880"
expect 0 '' ./run train --out three --quiet --threads 3
as_uninterrupted three

# ---- killed, or asked to stop
stop_and_resume

# ---- two in one folder
start busy --threads 1 --epochs 100000000
cp busy/metrics.jsonl first
expect 1 'busy: another process is training there' ./run train --out busy --epochs 1
expect 1 'busy: another process is training there' ./run resume busy
kill -s HUP "$child" # a terminal that is closed
wait "$child" 2>/dev/null
got=$?
test "$got" = 129 || fault "SIGHUP: exit status $got"
grep -q 'everything is saved; continue with: ./run resume busy' busy.err || fault "SIGHUP: $(cat busy.err)"
head -n 1 first >line
head -n 1 busy/metrics.jsonl >first
same first line
nothing_left busy/metrics.jsonl.old
expect 0 '' ./run train --out busy --epochs 1 --quiet

# ---- whoever read what is printed is gone: the training goes on
{
    ./run train --out piped --threads 2 2>piped.err
    echo $? >piped.code
} | true
checks=$((checks + 1))
grep -qxF -e 1 -e 141 piped.code || fault "SIGPIPE: exit status $(cat piped.code)"
same whole/model.safetensors piped/model.safetensors

# ---- killed after the last checkpoint, before the model beside it was written
cp -r whole late
rm late/model.safetensors
expect 0 '' ./run resume late --quiet
as_uninterrupted late

# ---- a checkpoint cut short is no checkpoint
cp -r whole cut
head -c 2000 whole/checkpoint.safetensors >cut/checkpoint.safetensors
expect 2 'cut/checkpoint.safetensors' ./run resume cut
same whole/model.safetensors cut/model.safetensors

# ---- twice into a folder: the earlier files are kept
cp -r whole twice
expect 0 '*.old' ./run train --out twice --epochs 1
for file in model.safetensors checkpoint.safetensors metrics.jsonl; do
    same "whole/$file" "twice/$file.old"
done

# ---- files that may not grow: the last checkpoint that was whole is kept
cp -r three full
# $1: largest file, in blocks of 512 bytes; $2: exit status; then the command
with_limit()
{
    limit=$1
    status=$2
    shift 2
    expect "$status" 'File too large' sh -c 'ulimit -f "$0" && exec "$@"' "$limit" "$@"
}
with_limit 2 1 ./run train --out full --epochs 2
same full/checkpoint.safetensors.old three/checkpoint.safetensors
nothing_left full/checkpoint.safetensors full/checkpoint.safetensors.part full/model.safetensors.part
finish 40
