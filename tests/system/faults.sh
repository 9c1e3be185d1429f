#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The n-th allocation or write fails, for every n until there is none: the compiler and a trainer say so in
# one message, with exit status 1, leave nothing half-written and nothing allocated, and the next call works.
# A failure may also be one that does not matter; then all is as without it. Only in a build with
# --enable-faults.
set -u
test "${GPFC_FAULTS-no}" = yes || exit 77
. "${srcdir:-.}/tests/system/common.sh"
# A sanitizer's report must not look like a failure that was told.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:exitcode=99" LSAN_OPTIONS="${LSAN_OPTIONS-}:exitcode=99"
export OMP_NUM_THREADS=1

# What is there after a failure is whole: the same as without one; of a model, which may be an earlier one,
# that it works.
whole()
{
    case $1 in
    run/*) ./toy evaluate "$1" >/dev/null ;;
    *) cmp "$1" "$1.good" ;;
    esac
}

# $1: every so many calls; $2: the file made ("" for none); then the command.
walk()
{
    stride=$1
    made=$2
    shift 2
    n=1
    told=0
    while :; do
        rm -rf hit run "$made"
        checks=$((checks + 1))
        GPFC_FAULT=$n GPFC_FAULT_HIT=$PWD/hit "$@" >out 2>err </dev/null
        got=$?
        test -e hit || break
        case $got in
        0) test -z "$made" || test -e "$made" || fault "$*: call $n failed, no $made, exit status 0" ;;
        1)
            told=$((told + 1))
            test -s err || fault "$*: call $n failed, no message"
            ;;
        *) fault "$*: call $n failed, exit status $got: $(head -20 err)" ;;
        esac
        test ! -e "$made" || whole "$made" || fault "$*: call $n failed, what is there is not whole"
        n=$((n + stride))
    done
    test "$got" = 0 || fault "$*: exit status $got without a failing call: $(head -3 err)"
    test "$told" -gt 0 || fault "$*: no failure was told"
    rm -rf hit
    echo "$*: $((n / stride)) calls, $told told"
}

# The file $1, as it should be, made by the command.
good()
{
    made=$1
    shift
    "$@" && mv "$made" "$made.good"
}

write_spec toy 'train: {epochs: 2, batch: 64}'
good toy.h "$gpfc" --quiet --emit=header toy.yaml || exit 1
walk 1 toy.h "$gpfc" --quiet --emit=header toy.yaml
good toy.ir "$gpfc" --quiet --emit=ir toy.yaml -o toy.ir || exit 1
walk 7 toy.ir "$gpfc" --quiet --emit=ir toy.yaml -o toy.ir
good toy.o "$gpfc" --quiet --emit=object toy.yaml -o toy.o || exit 1
walk 17 toy.o "$gpfc" --quiet --emit=object toy.yaml -o toy.o

"$gpfc" --quiet toy.yaml || exit 1
walk 3 run/model.safetensors ./toy train --quiet --out run
./toy train --quiet --out kept || exit 1
model=kept/model.safetensors
walk 2 '' ./toy evaluate "$model"
walk 2 '' ./toy bench --seconds 0.01
# 64 rows of zeros
printf "\\223NUMPY\\001\\000\\166\\000%-117s\\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 2), }" >y.npy
head -c 512 /dev/zero >>y.npy
good s.npy ./toy apply "$model" y.npy s.npy || exit 1
walk 1 s.npy ./toy apply "$model" y.npy s.npy
good x.npy ./toy invert --to=data "$model" y.npy x.npy || exit 1
walk 1 x.npy ./toy invert --to=data "$model" y.npy x.npy
finish 200
