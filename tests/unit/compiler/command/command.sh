#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command gpfc, as a person meets it: exit status 0 done, 1 the system failed, 2 wrong options or spec;
# help that fits a terminal of 80 x 24; one JSON object with --json. What it compiles is tested elsewhere.
set -u
. "${srcdir:-.}/tests/system/common.sh"

# $1: exit status; $2: what the messages (out and err) must hold; then the arguments.
gpfc()
{
    status=$1
    text=$2
    shift 2
    expect "$status" "$text" "$gpfc" "$@"
}

"$gpfc" --version >out 2>err || {
    echo "cannot be run: $gpfc: $(head -1 err)"
    exit 1
}

# ---- options
gpfc 0 'Usage: gpfc [OPTION...] SPEC.yaml' --help
lines=$(wc -l <out)
widest=$(wc -L <out)
test "$lines" -le 24 && test "$widest" -le 80 || fault "--help is $lines x $widest"
for option in --tune --tune-time --no-wisdom --emit --output --dump --from --cpu \
    --help-spec --quiet --json --version; do
    grep -q -e "$option" out || fault "--help does not name $option"
done
gpfc 0 'Usage: gpfc [OPTION...] SPEC.yaml' -h
gpfc 0 'gpfc ' --version
gpfc 0 'gpfc ' -v
gpfc 0 'dimension:' --help-spec
gpfc 2 'expected a spec'
gpfc 2 'unrecognized option' --nope
gpfc 2 'expected one input' a.yaml b.yaml
gpfc 2 "did you mean 'object'?" --emit=objekt a.yaml
gpfc 2 '--emit: expected ir, c, cuda, llvm' --emit= a.yaml
gpfc 2 '--from: expected ir' --from=yaml a.yaml
gpfc 2 '--dump: expected some of' --dump=flow,nope a.yaml
gpfc 2 '--dump: expected some of' --dump= a.yaml
gpfc 2 '--output: expected a name' -o '' a.yaml
gpfc 2 '--cpu: expected a name' --cpu= a.yaml
gpfc 2 "--tune: expected none, quick or full, found 'quik'; did you mean 'quick'?" --tune=quik a.yaml
gpfc 2 "--tune-time: expected seconds from 0.1 to 86400, found '0'" --tune=quick --tune-time=0 a.yaml
gpfc 2 "found '1s'" --tune=quick --tune-time=1s a.yaml
gpfc 2 "found 'nan'" --tune=quick --tune-time=nan a.yaml
gpfc 2 '--tune-time needs' --tune-time=1 a.yaml
gpfc 2 'only a spec can be tuned' --tune=quick --from=ir a.ir
gpfc 2 'requires an argument' a.yaml -o

# ---- files
gpfc 2 'No such file' missing.yaml
gpfc 2 'directory' .

# ---- standard input
printf 'dimension: 2\nfoo: 3\n' >piped.yaml
gpfc_from() # $1: standard input; then as gpfc
{
    input=$1
    status=$2
    text=$3
    shift 3
    expect "$status" "$text" sh -c 'input=$1; shift; exec "$0" "$@" <"$input"' "$gpfc" "$input" "$@"
}
gpfc_from piped.yaml 2 "<stdin>:2:1: error: unknown key 'foo'" -
gpfc_from /dev/null 2 '<stdin>:1:1: error: no spec here' -
expect 2 '<stdin>: cannot be read' sh -c 'exec "$0" - <&-' "$gpfc"

if test -w /dev/full; then
    checks=$((checks + 1))
    "$gpfc" --help-spec >/dev/full 2>err
    test $? = 1 || fault "a full disk went unnoticed"
fi

# ---- specs: every bad one of the golden tests, and some that are too large to be kept
for spec in "$source"/tests/golden/spec/*.yaml; do
    name=$(basename "$spec" .yaml)
    grep -q "error: " "$source/tests/golden/spec/$name.err" || continue # only warnings
    cp "$spec" "$name.yaml"
    gpfc 2 'error: ' "$name.yaml"
    cmp -s err "$source/tests/golden/spec/$name.err" || fault "$name.yaml: other messages than in $name.err"
    test -s out && fault "$name.yaml: something on the standard output"
done
head -c 1000000 /dev/zero | tr '\0' '[' >brackets.yaml
gpfc 2 'nested deeper than 16 levels' brackets.yaml
head -c 2000000 /dev/zero | tr '\0' '[' >large.yaml
gpfc 2 'larger than' large.yaml
head -c 100000 /dev/zero >zeros.yaml
gpfc 2 'not text' zeros.yaml

# ---- schedules: what the text does not say right, what the CPU cannot, what two keys say
schedule()
{
    text=$1
    shift
    printf 'dimension: 2\ndata: {pairs: p.npz}\ntarget: {cpu: haswell, %s}\n' "$*" >schedule.yaml
    gpfc 2 "$text" --emit=object schedule.yaml
    grep -q '^schedule.yaml:3:' err || fault "target: $*: no place: $(head -1 err)"
    grep -q '|  *^$' err || fault "target: $*: no caret"
    test -s out && fault "target: $*: something on the standard output"
}
schedule "target.schedule: unknown field 'lane'; did you mean 'lanes'?" 'schedule: lane=16'
schedule "unknown field 'pass'; did you mean 'window'?" 'schedule: pass=384'
schedule "expected field=value, found 'fast'" 'schedule: fast'
schedule 'lanes: expected a number from 2 to 256' 'schedule: lanes=1000'
schedule 'field keep is given twice' 'schedule: keep=all keep=all'
schedule 'expected powers of two' 'schedule: lanes=24'
schedule 'a register of haswell holds 8 elements' 'schedule: vector=16'
schedule 'a tile is at least one vector' 'schedule: lanes=4 vector=8'
schedule 'accumulators=20: there are registers=16' 'schedule: accumulators=20'
schedule 'target.lanes and target.schedule both set lanes' 'schedule: lanes=16, lanes: 32'
schedule 'target.unroll and target.schedule both set unroll' 'schedule: unroll=0, unroll: 9'
schedule 'target.keep and target.schedule both set keep' 'schedule: keep=all, keep: state'
checks=$((checks + 1))
printf '%s\n' 'dimension: 2' 'data: {pairs: p.npz}' \
    'target: {cpu: haswell, schedule: lanes=32 keep=state unroll=0}' >given.yaml
"$gpfc" --no-wisdom --json --emit=ir -o given.ir given.yaml >out 2>err || \
    fault "a schedule was refused: $(head -1 err)"
grep -q 'lanes=32 keep=state .*unroll=0' out || \
    fault "the schedule that was given is not the one reported: $(cat out)"
rm -f given.ir flow.o

# ---- JSON
printf 'dimension: 0\n' >bad.yaml
gpfc 2 '"status":"faulty"' --json bad.yaml
test "$(wc -l <out)" -eq 1 || fault "--json gives more than one line"
grep -q 'out of range' out || fault "--json leaves the messages out"

# ---- nothing is left behind by what failed
left=$(find . -type f ! -name '*.yaml' ! -name out ! -name err)
test -z "$left" || fault "left behind: $left"

finish 75
