#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The n-th allocation or write fails, for n up to the last: the compiler and a trainer say so in one message,
# with exit status 1, leave nothing half-written and nothing allocated, and the next call works. Not every n
# is tried: under the address sanitizer each piece of an arena is a call, and the compiler makes some 40000.
# A failure may also be one that does not matter; then all is as without it. Only in a build with
# --enable-faults.
set -u
test "${GPFC_FAULTS-no}" = yes || exit 77
. "${srcdir:-.}/tests/system/common.sh"
# A sanitizer's report must not look like a failure that was reported.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:exitcode=99" LSAN_OPTIONS="${LSAN_OPTIONS-}:exitcode=99"
export OMP_NUM_THREADS=1

# What is there after a failure is whole: the same as without one; of a model, which may be an earlier one,
# that it works.
whole()
{
    case $1 in
    run/base.safetensors) ./two apply "$1" y.npy f.npy --part base ;;
    run/*) "$2" evaluate "$1" >/dev/null ;;
    *) cmp "$1" "$1.good" ;;
    esac
}

# $1: so many calls at most are made to fail, spread over all from number $2 on; $3: the file made ("" for
# none); then the command.
walk()
{
    most=$1
    n=$2
    made=$3
    shift 3
    GPFC_FAULT_CALLS=$PWD/calls "$@" >out || { fault "$*: fails by itself"; return; }
    case $made in '' | run/*) ;; *) mv "$made" "$made.good" ;; esac
    calls=$(cat calls)
    stride=$(((calls - n) / most + 1))
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
        test ! -e "$made" || whole "$made" "$1" || fault "$*: call $n failed, what is there is not whole"
        nothing_left "$TMPDIR"/* "$made".[0-9]* .[!.]*.part run/.[!.]*.part
        n=$((n + stride))
    done
    test "$got" = 0 || fault "$*: exit status $got without a failing call: $(head -3 err)"
    test "$told" -gt 0 || fault "$*: no failure was told"
    rm -rf hit
    echo "$*: each $stride of $calls calls, $told told"
}

mkdir temporary
export TMPDIR="$PWD/temporary"
write_spec toy 'train: {epochs: 2, batch: 64}'
walk 80 1 toy.h "$gpfc" --quiet --emit=header toy.yaml
before_code=$calls # programs and plans are made by then
walk 40 1 toy.ir "$gpfc" --quiet --emit=ir toy.yaml -o toy.ir
walk 25 "$before_code" toy.o "$gpfc" --quiet --emit=object toy.yaml -o toy.o
walk 10 "$before_code" toy.so "$gpfc" --quiet --emit=library toy.yaml
walk 12 "$before_code" toy "$gpfc" --quiet toy.yaml

# Tuning measures, so it does not end alike; what it leaves is whole each time.
export GPFC_WISDOM="$PWD/wisdom"
walk 8 1 '' "$gpfc" --quiet --emit=header --tune=quick --tune-time 0.1 toy.yaml -o tuned.h
"$gpfc" wisdom export records >out || exit 1
test "$(wc -l <records)" = 1 || fault "wisdom: $(cat records)"
walk 20 1 '' "$gpfc" wisdom import records
walk 20 1 '' "$gpfc" --quiet --emit=header toy.yaml -o tuned.h
walk 20 1 copied "$gpfc" wisdom export copied
GPFC_WISDOM=/dev/null

"$gpfc" --quiet toy.yaml || exit 1
walk 60 1 run/model.safetensors ./toy train --quiet --out run
./toy train --quiet --out kept || exit 1
model=kept/model.safetensors
walk 60 1 '' ./toy evaluate "$model"
walk 60 1 '' ./toy bench --seconds 0.01
# 64 rows of zeros
printf "\\223NUMPY\\001\\000\\166\\000%-117s\\n" \
    "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 2), }" >y.npy
head -c 512 /dev/zero >>y.npy
walk 60 1 s.npy ./toy apply "$model" y.npy s.npy
walk 60 1 x.npy ./toy invert --to=data "$model" y.npy x.npy

# Base flow and flow, one after another.
cat >two.yaml <<'END'
name: two
dimension: 2
data: {source: moons, samples: 300, standardise: yes}
base: {kind: bnaf, hidden: [4, 4], blocks: 2, epochs: 2, batch: 64}
flow: {hidden: [6], steps: 3, train_on: noise}
train: {epochs: 2, batch: 64}
END
"$gpfc" --quiet two.yaml || exit 1
walk 60 1 run/base.safetensors ./two train --quiet --out run
walk 60 2 run/model.safetensors ./two train --quiet --out run
./two train --quiet --out two.kept || exit 1
model=two.kept/model.safetensors
walk 60 1 run/model.safetensors ./two train --quiet --base "$model" --init "$model" --out run
walk 60 1 '' ./two evaluate "$model"
walk 60 1 s.npy ./two apply --part both "$model" y.npy s.npy
walk 60 1 x.npy ./two invert --part base "$model" y.npy x.npy
finish 200
