#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A trainer and its input: files that are not what they should be, paths that cannot be written, options out
# of range. A message that names the file, exit status 2 (the input) or 1 (the system), and nothing
# half-written.
set -u
. "${srcdir:-.}/tests/system/common.sh"

write_spec toy 'train: {epochs: 2, batch: 64} # written for few'
"$gpfc" --quiet toy.yaml || exit 1
printf 'name: other\ndimension: 2\nflow: {hidden: [7], steps: 3}\n' >other.yaml
expect 0 '' ./toy train --quiet --out run
model=run/model.safetensors

# ---- options
expect 2 "no command 'frobnicate'" ./toy frobnicate
expect 2 'Usage:' ./toy
expect 2 'one argument too many' ./toy train extra
expect 2 'arguments are missing' ./toy apply
for wrong in 0 -1 1x '' 4097 99999999999999999999; do
    expect 2 '--threads: expected a whole number' ./toy train --threads="$wrong"
done
expect 2 '--epochs: expected a whole number' ./toy train --epochs 0
expect 2 '--batch: expected a whole number' ./toy bench --batch 0
expect 2 '--seconds: expected a number' ./toy bench --seconds nan
expect 2 '--out: expected a name' ./toy train --out ''
for command in train resume apply invert evaluate bench strip info ''; do
    # shellcheck disable=SC2086  # no command: the program's own help
    expect 0 'Usage:' ./toy $command --help
    test "$(wc -l <out)" -le 24 && test "$(wc -L <out)" -le 80 || fault "$command --help does not fit 80 x 24"
done

# ---- output
if test -w /dev/full; then
    for command in --help --version info 'info --json' "evaluate $model" \
        "evaluate $model --json" 'train --help' \
        'train --out full' 'bench --seconds 0.02'; do
        # shellcheck disable=SC2086
        expect 1 'cannot write' sh -c '"$@" >/dev/full' sh ./toy $command
    done
fi
# Closed streams: a file that is opened does not take their place.
expect 1 'cannot write' sh -c '"$@" >&-' sh ./toy info --json
expect 1 'cannot write' sh -c '"$@" <&- >&-' sh ./toy train --out closed.run
checks=$((checks + 1))
test "$(grep -c '^{' closed.run/metrics.jsonl)" = "$(wc -l <closed.run/metrics.jsonl)" ||
    fault 'metrics.jsonl contains what was printed'
expect 0 '' sh -c '"$@" <&- 2>&-' sh ./toy resume closed.run --epochs 3
expect 1 'cannot write' sh -c '"$@" <&- >&-' sh ./toy train --json --out closed.run
expect 1 'Bad file descriptor' sh -c '"$@" <&-' sh ./toy apply "$model" - s.npy
expect 1 'cannot make the folder' ./toy train --out toy.yaml/run
expect 1 'cannot make the folder' ./toy train --out toy.yaml
if test "$(id -u)" -ne 0; then
    mkdir closed && chmod 500 closed
    expect 1 'Permission denied' ./toy train --out closed/run
fi

# ---- models
expect 2 'absent.safetensors' ./toy evaluate absent.safetensors
expect 2 'cannot read ./model.safetensors' ./toy evaluate .
expect 2 'not a valid safetensors' ./toy evaluate toy.yaml
expect 2 'absent/checkpoint.safetensors' ./toy resume absent
"$gpfc" --quiet other.yaml || exit 1
expect 2 'flow.hidden is [6] there and [7] here' ./other evaluate "$model"
expect 2 'flow.hidden is [6] there and [7] here' ./other resume run
expect 2 'flow.hidden is [6] there and [7] here' ./other train --init "$model" --out other.run
expect 2 'names no data' ./other train
nothing_left other.run

# ---- a trainer of the same spec for another CPU
"$gpfc" --quiet toy.yaml --cpu x86-64 -o generic || exit 1
cp -r run rebuilt
expect 2 'another build of the trainer wrote it (cpu was ' ./generic resume rebuilt --epochs 3
same run/checkpoint.safetensors rebuilt/checkpoint.safetensors
expect 0 'cpu was ' ./generic resume rebuilt --epochs 3 --anyway
expect 0 '' ./generic evaluate run

# ---- a copy for others, which is as good
cp -r run public
for file in model checkpoint; do
    rm public/$file.safetensors
    expect 0 '' ./toy strip run/$file.safetensors public/$file.safetensors
    checks=$((checks + 2))
    grep -qF 'written for few' run/$file.safetensors || fault "$file: nothing to strip"
    ! grep -qF -e 'written for few' -e "$PWD" public/$file.safetensors || fault "$file: not stripped"
done
expect 2 'is both MODEL and OUT' ./toy strip run run/model.safetensors
for folder in run public; do
    expect 0 '' ./toy sample $folder 20 $folder.csv
    cp -r $folder $folder.more
    expect 0 '' ./toy resume $folder.more --epochs 3 --quiet
done
same run.csv public.csv
same run.more/model.safetensors public.more/model.safetensors

# ---- a bit of a model or a checkpoint that flips
for file in model checkpoint; do
    mkdir -p flipped
    cp run/$file.safetensors flipped
    bytes=$(wc -c <flipped/$file.safetensors)
    # the last byte is one of a number's sign and exponent
    last=$(tail -c 1 flipped/$file.safetensors | od -An -tu1)
    printf "\\$(printf %o $((last ^ 128)))" |
        dd of=flipped/$file.safetensors bs=1 seek=$((bytes - 1)) conv=notrunc 2>dd
done
expect 2 'model.safetensors: damaged' ./toy evaluate flipped
expect 2 'checkpoint.safetensors: damaged' ./toy resume flipped

# ---- files that numpy makes
${PYTHON3:-python3} "$source/tests/system/bad_files.py" . >out 2>&1 || {
    echo "$(head -1 out): the rest is skipped"
    finish 30
    exit
}
expect 2 "tensor flow.layer0.weight has shape [6, 4]; [6, 3] is needed" ./toy evaluate shape.safetensors
expect 2 "no tensor flow.layer1.bias" ./toy evaluate missing.safetensors
expect 2 "'flow.layer2.weight' does not belong to this flow" ./toy evaluate more.safetensors
expect 2 "'flow.layer0.bias' is nan" ./toy evaluate nan.safetensors
expect 2 'truncated.safetensors' ./toy evaluate truncated.safetensors
expect 2 'no_bytes.safetensors' ./toy evaluate no_bytes.safetensors

# $1: what is said of the file, then --data
bad_pairs()
{
    expect 2 "$1" ./toy train --out bad --data "$2"
    grep -qF -e "$2" err || fault "$2 is not named: $(head -1 err)"
    nothing_left bad
}
bad_pairs 'its end is missing' truncated.npz
bad_pairs 'not a zip file' no_bytes.npz
bad_pairs 'CRC' spoilt.npz
bad_pairs 'it contains nothing' no_arrays.npz
bad_pairs 'its header announces 16000000000 bytes, 160 are there' promises.npz
bad_pairs 'broken .npy header' negative.npz
bad_pairs 'more elements than can be counted' uncountable.npz
bad_pairs "dtype '<c8' (complex numbers)" complex.npz
bad_pairs "dtype '<f16' (floating point of an unsupported size)" long_double.npz
bad_pairs 'shape (9, 3); the dimension is 2' wide.npz
bad_pairs 'shape (300,)' flat.npz
bad_pairs 'y has 10 rows, its x 300' uneven.npz
bad_pairs 'no array x; it contains a, b' other_names.npz
bad_pairs 'does not fit into float32' too_large.npz
bad_pairs 'row 7, column 1 is not a number' nan.npz
bad_pairs 'row 7, column 1 is infinite' infinite.npz
bad_pairs 'has no rows' none.npz
bad_pairs 'too few rows' one.npz
bad_pairs 'No such file' absent.npz
bad_pairs 'Is a directory' .

# ---- training that ends in numbers that are not finite: step and tensor, and the last good checkpoint
expect 1 'step 1: ' ./toy train --out far --data far.npz
grep -q 'checkpoint, of step 0, is kept as far/checkpoint.safetensors' err || \
    fault "no checkpoint told: $(cat err)"
expect 0 '"samples"' ./toy evaluate far/model.safetensors --json

# ---- few samples, and pairs without y after the base flow
expect 0 '' ./toy train --quiet --out deflated --data compressed.npz
expect 0 '' ./toy train --quiet --out based --data without_y.npz
test -s out && fault "--quiet prints: $(head -1 out)"

# ---- rows
bad_rows()
{
    for command in apply invert; do
        expect 2 "$1" ./toy "$command" "$model" "$2" bad.npy
        nothing_left bad.npy .bad.npy.*
    done
}
bad_rows 'truncated: its header announces' truncated.npy
bad_rows 'empty' no_bytes.npy
bad_rows 'shape (5, 3)' wide.npy
bad_rows "dtype '<c16' (complex numbers)" complex.npy
bad_rows 'is not a number' nan.npy
bad_rows 'No such file' absent.npy
bad_rows 'Is a directory' .
expect 1 'No such file' ./toy apply "$model" y.npy absent/s.npy
expect 1 'Is a directory' ./toy apply "$model" y.npy .
expect 1 'File too large' sh -c 'ulimit -f 1 && exec "$@"' sh ./toy apply "$model" y.npy bad.npy
nothing_left bad.npy .bad.npy.*
for rows in y y32 one none; do
    for weights in "$model" plain.safetensors; do
        expect 0 '' ./toy apply "$weights" "$rows.npy" s.npy
        expect 0 '' ./toy invert "$weights" s.npy back.npy
    done
done

# ---- what is read and what is written
cp "$model" model.kept
ln -f "$model" hard.safetensors
for out in "$model" run/../run/model.safetensors hard.safetensors; do
    expect 2 "$out is both MODEL and OUT" ./toy apply "$model" y.npy "$out"
    expect 2 "$out is both MODEL and OUT" ./toy apply run y.npy "$out"
done
expect 2 'y.npy is both IN and OUT' ./toy invert "$model" y.npy y.npy
expect 2 'y.npy is both X and --report' ./toy density "$model" y.npy d.npy --report y.npy
expect 2 'new.npy is both OUT and --logdet' ./toy apply "$model" y.npy new.npy --logdet=./new.npy
expect 2 '- is both OUT and --report' ./toy sample "$model" 3 - --report -
expect 2 'good.npz is both --data and --rows' ./toy evaluate "$model" --data good.npz --rows good.npz
same "$model" model.kept
nothing_left new.npy d.npy
rm hard.safetensors
expect 0 '' sh -c '"$@" <y.npy' sh ./toy apply "$model" - - --format npy --logdet=/dev/null --report /dev/null

# ---- JSON
${PYTHON3:-python3} - "$model" <<'END' || fault "JSON"
import json, subprocess, sys
def run(*words):
    return json.loads(subprocess.run(["./toy", *words, "--json"], check=True, capture_output=True).stdout)
evaluate = ("cost_before cost_after energy penalty density_error_mean density_error_max roundtrip_max "
            "mean_max "
            "covariance_error_max time_steps samples").split()
bench = "step_s samples_per_s flop_per_step peak_flops peak_share rss_mb threads batch".split()
assert list(run("evaluate", sys.argv[1]))[:11] == evaluate
assert list(run("bench", "--seconds", "0.02"))[:8] == bench
assert list(run("train", "--out", "json")["evaluation"])[:11] == evaluate
info = run("info")
assert info["name"] == "toy"
for kernel in info["kernels"].values():
    assert 0 < kernel["useful_flop_per_sample"] <= kernel["flop_per_sample"]
large = run("train", "--out", "large", "--data", "large.npz", "--epochs", "1")
assert large["rss_files_mb"] > 16 and large["rss_anonymous_mb"] < large["rss_mb"] - 16
lines = [json.loads(line) for line in open("json/metrics.jsonl")]
assert [line["epoch"] for line in lines] == [0, 1, 2]
END
finish 120
