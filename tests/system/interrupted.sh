#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Trainings that are killed, interrupted, or run out of space: what is resumed ends with the bits of a training that was
# left alone, with any number of threads.
set -u
. "${srcdir:-.}/tests/system/common.sh"

write_spec run 'train: {epochs: 100, batch: 50, checkpoint_steps: 7, evaluate_steps: 20}
penalty: {kind: euler, weight: 1.0e-3, decay: 0.5, decays: 2}'
"$gpfc" --quiet run.yaml || exit 1

# The measures without clock times.
measures()
{
    sed 's/"samples_per_s":[^,]*,//; s/,"seconds":[^}]*//' "$1/metrics.jsonl"
}

as_uninterrupted()
{
    same whole/model.safetensors "$1/model.safetensors"
    measures "$1" >"$1.measures"
    same whole.measures "$1.measures"
}

# Starts `train --out $1` with $2 threads and $3 epochs, then waits until there are two measures or more.
start()
{
    env --default-signal=INT ./run train --out "$1" --quiet --threads "$2" --epochs "$3" 2>"$1.err" &
    child=$!
    tries=0
    until [ "$(cat "$1/metrics.jsonl" 2>/dev/null | wc -l)" -ge 2 ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 3000 ]; then
            fault "$1 does not start"
            return
        fi
        sleep 0.02
    done
}

expect 0 '' ./run train --out whole --quiet --threads 1
measures whole >whole.measures
grep -q '"step":980' whole.measures || fault "no measure of step 980"
expect 0 '' ./run train --out three --quiet --threads 3
as_uninterrupted three

# ---- killed, or asked to stop; a training that was over by then is a matter of luck and no fault
for signal in KILL INT TERM; do
    case $signal in KILL) code=137 ;; INT) code=130 ;; TERM) code=143 ;; esac
    start "$signal" 2 100
    kill -s "$signal" "$child" 2>/dev/null
    wait "$child" 2>/dev/null
    got=$?
    checks=$((checks + 1))
    test "$got" = "$code" || test "$got" = 0 || fault "SIG$signal: exit status $got"
    test "$got" = "$code" && test "$signal" != KILL && ! grep -q "run resume $signal" "$signal.err" &&
        fault "SIG$signal: not told how to go on: $(cat "$signal.err")"
    for threads in 3 1; do
        rm -rf "$signal.$threads"
        cp -r "$signal" "$signal.$threads"
        expect 0 '' ./run resume "$signal.$threads" --quiet --threads "$threads"
        as_uninterrupted "$signal.$threads"
    done
done

# ---- two in one folder
start busy 1 100000000
cp busy/metrics.jsonl first
expect 1 'busy: another process is training there' ./run train --out busy --epochs 1
expect 1 'busy: another process is training there' ./run resume busy
kill -KILL "$child"
wait "$child" 2>/dev/null
head -n 1 first >line
head -n 1 busy/metrics.jsonl >first
same first line
nothing_left busy/metrics.jsonl.old
expect 0 '' ./run train --out busy --epochs 1 --quiet

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
