#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Parquet files by DuckDB's own library, where the machine has it: what is written as text and as Parquet is
# the same when it is read again. Without the library only what is said of that.
set -u
. "${srcdir:-.}/tests/system/common.sh"

awk 'BEGIN {
    print "a,b,label"
    for (i = 0; i < 300; i++)
        printf "%.6f,%.6f,%s\n", (i * 7919) % 1000 / 1000, (i * 104729) % 997 / 997,
            i % 3 ? "no" : "a longer word"
}' >samples.csv
cat >m.yaml <<'END'
name: m
dimension: 2
precision: double
data: {samples: samples.csv}
base: {kind: mixture}
flow: {hidden: [6], steps: 3}
train: {epochs: 1, batch: 64}
END
"$gpfc" --quiet m.yaml || exit 1
expect 0 '' ./m train --out run --quiet

# $1: what is written, without its suffix; $2 ...: the command, with OUT for the file
twice()
{
    name=$1
    shift
    for suffix in csv parquet; do
        expect 0 '' env OUT="$name.$suffix" sh -c "$*"
    done
}
twice s './m apply --part both run samples.csv $OUT'
twice n './m sample run 5000 $OUT'
expect 0 '' ./m apply --part both run samples.csv s --format parquet
same s s.parquet
nothing_left s.parquet.part

if ! ./m check n.parquet >out 2>err && grep -q 'which was not found' err; then
    expect 1 "libduckdb.so, which was not found; install it" ./m check n.parquet
    finish 9 || exit 1
    echo "DuckDB's library is not there"
    exit 77
fi

# $1: command and what comes before IN; $2: IN, without its suffix
alike()
{
    for suffix in csv parquet; do
        # shellcheck disable=SC2086
        expect 0 '' ./m $1 "$2.$suffix" "$suffix.csv"
    done
    same csv.csv parquet.csv
}
alike 'apply run' s
alike 'invert run' s
alike 'density run' n
expect 0 '' ./m apply run s.csv text.csv
grep -q 'a longer word' text.csv || fault "labels are lost"
expect 0 '' sh -c './m apply run - pipe.csv <s.parquet'
same text.csv pipe.csv
expect 0 '' sh -c 'cat s.parquet | ./m apply run - pipe.csv'
same text.csv pipe.csv

for suffix in csv parquet; do
    expect 0 '' sh -c "./m check n.$suffix --json | sed 's/n[.]$suffix/FILE/' >$suffix.json"
    expect 0 '' ./m train --data "n.$suffix" --out "$suffix.run" --quiet
    expect 0 '' sh -c "./m evaluate $suffix.run/model.safetensors --data n.csv --json >$suffix.result"
done
same csv.json parquet.json
same csv.result parquet.result

# A column of weights
sed '1s/label/count/; s/,no$/,2/; s/,a longer word$/,0/' samples.csv >counted.csv
twice w './m apply --part both --label count run counted.csv $OUT'
for suffix in csv parquet; do
    expect 0 '' sh -c "./m check w.$suffix --weights count --json | sed 's/w[.]$suffix/FILE/' >$suffix.json"
done
same csv.json parquet.json
grep -q '"rows_weightless": 100' parquet.json || fault "weights are not read: $(head -5 parquet.json)"

expect 2 'column 3 (label) holds words; choose other columns' \
    ./m check s.parquet --columns s1,label --label s2
expect 2 'no column "none"; it has s1, s2, label' ./m apply --columns s1,none run s.parquet x.csv
head -c 1000 n.parquet >half.parquet
expect 2 "half.parquet: DuckDB: " ./m check half.parquet
expect 2 "'half.parquet'" ./m check half.parquet
expect 1 'GPFC_DUCKDB: /no/such: cannot open' env GPFC_DUCKDB=/no/such ./m check n.parquet
finish 40
