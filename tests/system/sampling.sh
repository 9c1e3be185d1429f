#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Samples of every kind of base flow, trained on normal data of deviation 25: as wide as the data, none where
# the data have none, and points ten deviations out there and back, or marked.
set -u
. "${srcdir:-.}/tests/system/common.sh"

# 6,000 rows, evenly spread over the shares of a normal distribution
awk 'BEGIN {
    print "a,b"
    for (i = 0; i < 6000; i++) {
        u = (i + 0.5) / 6000; v = i * 0.6180339887498949; v -= int(v)
        r = 25 * sqrt(-2 * log(u))
        printf "%.6f,%.6f\n", r * cos(6.28318530717959 * v), r * sin(6.28318530717959 * v)
    }
}' >data.csv
awk 'BEGIN {
    for (i = 0; i < 360; i++)
        printf "%.7f,%.7f\n", 10 * cos(i / 57.29577951), 10 * sin(i / 57.29577951)
}' >far.csv

# $1: samples; $2: rows that failed. Deviations within 1 of 25, no other row beyond 7 of them.
samples_are_normal()
{
    checks=$((checks + 1))
    awk -F, 'NR == FNR { if (FNR > 1) failed[$1] = 1; next }
        FNR > 1 {
            n++
            for (i = 1; i <= 2; i++) { sum[i] += $i; square[i] += $i * $i }
            if (!((n - 1) in failed) && ($1 * $1 > 30625 || $2 * $2 > 30625)) beyond++
        }
        END {
            for (i = 1; i <= 2; i++) {
                mean = sum[i] / n; deviation = sqrt(square[i] / n - mean * mean)
                printf "mean %g, deviation %g\n", mean, deviation
                if (mean * mean > 1 || deviation < 24 || deviation > 26) bad = 1
            }
            printf "%d of %d rows beyond\n", beyond, n
            exit bad || beyond > 0 || n != 100000
        }' "$2" "$1" >found || fault "$1: $(cat found)"
}

# $1: what was asked for; $2: what came back; $3: rows that failed; $4: the tolerance
rows_return()
{
    checks=$((checks + 1))
    awk -F, -v limit="$4" 'FILENAME == ARGV[1] { if (FNR > 1) failed[$1] = 1; next }
        FILENAME == ARGV[2] { a[FNR] = $1; b[FNR] = $2; next }
        FNR > 1 && !((FNR - 2) in failed) {
            n++
            if (($1 - a[FNR - 1]) ^ 2 > limit ^ 2 || ($2 - b[FNR - 1]) ^ 2 > limit ^ 2) bad++
        }
        END { printf "%d of %d rows did not return\n", bad, n; exit bad > 0 || n < 300 }' "$3" "$1" "$2" \
        >found || fault "$2: $(cat found)"
}

# $1: kind; $2: the base's other keys; $3: its tolerance at 10
check_kind()
{
    cat >"$1.yaml" <<END
name: $1
dimension: 2
data: {samples: data.csv}
base: {kind: $1, $2}
flow: {hidden: [4], steps: 2}
train: {epochs: 1}
END
    "$gpfc" --quiet "$1.yaml" || exit 1
    expect 0 '' "./$1" train --out "$1.run" --quiet
    expect 0 '' "./$1" sample "$1.run" 100000 "$1.csv" --part base --report "$1.failed.csv"
    samples_are_normal "$1.csv" "$1.failed.csv"
    expect 0 '' "./$1" invert --part base "$1.run" far.csv "$1.x.csv" --report "$1.failed.csv"
    expect 0 '' "./$1" apply --part base "$1.run" "$1.x.csv" "$1.back.csv"
    rows_return far.csv "$1.back.csv" "$1.failed.csv" "$3"
}

check_kind bnaf 'hidden: [8, 8], batch: 256, epochs: 150' 1e-4
check_kind ffjord 'hidden: [8], blocks: 1, steps: 4, batch: 256, epochs: 15' 1e-4
check_kind cp_flow 'hidden: [8, 8], blocks: 2, batch: 256, epochs: 30' 1e-4
check_kind mixture 'components: 8' 1e-4
finish 24
