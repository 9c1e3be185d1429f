#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make fuzz: builds the fuzz targets with clang's libFuzzer and sanitizers in ./fuzz-build, and runs each from
# the corpus in the source tree and what earlier runs found (fuzz-build/found/NAME). Prints a line for each:
# inputs run, lines reached as libFuzzer counts them, crashes. What crashes is kept in fuzz-build/crashes, and
# the status is 1.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${FUZZ_CC-}" ]; then
    echo "make fuzz needs clang with libFuzzer and OpenMP: install clang, libclang-rt-dev and libomp-dev of" \
        "one version, and configure again" >&2
    exit 77
fi
mkdir -p fuzz-build/crashes fuzz-build/logs
cd fuzz-build

# ---- build -------------------------------------------------------------------------------------------------

if [ ! -f config.status ]; then
    # Warnings are for the compiler that everything else is built with.
    "$root/configure" --enable-fuzz CC="$FUZZ_CC" CFLAGS="-O1 -g -w" >logs/configure 2>&1 ||
        { tail -n 5 logs/configure >&2; exit 1; }
fi
targets=${FUZZ_TARGET:-$(printf '%s\n' $FUZZ_PROGRAMS | sed 's,.*/fuzz_,,')}
programs=$(printf ' tests/fuzz/fuzz_%s' $targets)
# shellcheck disable=SC2086  # one word a file
{ "${MAKE:-make}" -s $BUILT_SOURCES && "${MAKE:-make}" -s $programs; } >logs/build 2>&1 ||
    { tail -n 20 logs/build >&2; exit 1; }

# ---- run ---------------------------------------------------------------------------------------------------

# Inputs are small; a single one takes far less than this on any machine, or hangs.
limits="-close_fd_mask=3 -max_len=16384 -timeout=10 -rss_limit_mb=4096 -malloc_limit_mb=2048"
how="-max_total_time=${FUZZ_SECONDS:-60}"
[ -z "${FUZZ_RUNS-}" ] || how="-runs=$FUZZ_RUNS -max_total_time=${FUZZ_SECONDS:-0}"
export srcdir="$root" OMP_NUM_THREADS=1
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm # some inputs are files
faults=0

run()
{
    mkdir -p "found/$1"
    # shellcheck disable=SC2086  # lists of options
    "tests/fuzz/fuzz_$1" $limits $how -artifact_prefix="crashes/$1-" -print_final_stats=1 \
        "found/$1" "$root/tests/fuzz/corpus/$1" >"logs/$1" 2>&1 && state=sound || state=faulty
    awk -v name="$1" -v state="$state" '
        / cov: / { sub(/.* cov: /, ""); edges = $1 }
        /^stat::number_of_executed_units/ { runs = $2 }
        END { printf "%-16s %10d inputs %6d edges  %s\n", name, runs, edges, state }' "logs/$1"
    [ $state = sound ] && return
    faults=$((faults + 1))
    grep -m 3 -e 'ERROR:' -e 'runtime error:' -e 'Test unit' "logs/$1" || true
}

for target in $targets; do
    run "$target"
done
[ $faults = 0 ] ||
    { echo "$faults targets found faults: inputs in $PWD/crashes, reports in $PWD/logs"; exit 1; }
