#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The compiler from the user's side: odd names and texts, paths that cannot be written, and a library used
# from C.
set -u
. "${srcdir:-.}/tests/system/common.sh"
write_spec toy ''

# ---- places
for kind in ir c header object executable; do
    expect 1 'No such file' "$gpfc" toy.yaml --emit="$kind" -o absent/toy
    expect 1 'Is a directory' "$gpfc" toy.yaml --emit="$kind" -o .
done
expect 1 'No such file' "$gpfc" toy.yaml --emit=library -o absent/toy
mkdir temporary
for kind in ir llvm asm object library executable; do
    expect 1 'cannot write: File too large' env TMPDIR="$scratch/temporary" \
        sh -c 'ulimit -f 1 && exec "$@"' sh "$gpfc" toy.yaml --emit="$kind" -o large
    nothing_left large* temporary/*
done
if test -w /dev/full; then
    expect 1 'No space left' "$gpfc" toy.yaml --emit=ir -o /dev/full
fi
expect 1 'cannot write to standard output' sh -c '"$@" >&-' sh "$gpfc" toy.yaml --emit=ir --json -o closed.ir
expect 0 '' sh -c '"$@" <&- >&- 2>&-' sh "$gpfc" -q toy.yaml --emit=ir -o quiet.ir
same closed.ir quiet.ir
expect 1 'cannot create' env TMPDIR="$scratch/absent" "$gpfc" toy.yaml -o absent.out
nothing_left absent.out*
expect 1 'absent/libgpfcrt.a: cannot be read: No such file' \
    env GPFC_RUNTIME_DIR=absent "$gpfc" toy.yaml -o absent.out
nothing_left absent.out*
for kind in ir c llvm asm object header; do
    expect 0 '' env GPFC_RUNTIME_DIR=absent "$gpfc" -q toy.yaml --emit="$kind" --dump=sched -o unlinked
    grep -q '^# sched' out || fault "--emit=$kind: no dump in: $(head -3 out)"
done
for stage in flow sched llvm; do
    expect 0 "# $stage" env GPFC_RUNTIME_DIR=absent "$gpfc" -q toy.yaml --dump=$stage
    nothing_left toy
done
expect 0 '' "$gpfc" -q toy.yaml --emit=ir -o toy.ir
expect 0 '# sched' env GPFC_RUNTIME_DIR=absent "$gpfc" -q --from=ir toy.ir --dump=sched
expect 1 'absent/libgpfcrt.a: cannot be read' \
    env GPFC_RUNTIME_DIR=absent "$gpfc" toy.yaml --dump=sched -o absent.out
test ! -f "$(dirname "$gpfc")/libgpfcrt.a" || \
    expect 0 '' env -u GPFC_RUNTIME_DIR "$gpfc" -q toy.yaml -o beside
mkdir -- -o
expect 0 '' env TMPDIR=-o "$gpfc" -q toy.yaml -o beside
nothing_left ./-o/*
cp toy.yaml kept
cp toy.yaml toy
ln toy hard
expect 2 'toy is both the input and the output' "$gpfc" toy
expect 2 'hard is both the input and the output' "$gpfc" toy --emit=ir -o hard
same toy kept
same hard kept
rm toy hard
mkdir elsewhere
: >elsewhere/trainer
ln -s elsewhere/trainer linked
expect 0 '' "$gpfc" -q toy.yaml -o linked
checks=$((checks + 1))
test -h linked && test -x elsewhere/trainer || fault 'a link was replaced, not what it leads to'
ln -s elsewhere/later dangling
expect 0 '' "$gpfc" -q toy.yaml --emit=ir -o dangling
checks=$((checks + 1))
test -h dangling && test -s elsewhere/later || fault 'a link was replaced that leads to no file yet'
expect 2 "unknown CPU 'abacus'" "$gpfc" toy.yaml --cpu abacus --emit=asm

# ---- the defences that configure found are in gpfc and in what it links
# $1: one of configure's flags; $2: what readelf then says; $3: its options; then the file
defended()
{
    case " ${HARDEN_FLAGS-} " in *" $1"*) ;; *) return ;; esac
    checks=$((checks + 1))
    readelf -W $3 "$4" 2>/dev/null | grep -qE -e "$2" || fault "$4 is made without $1"
}
expect 0 '' "$gpfc" -q toy.yaml -o toy
if command -v readelf >/dev/null; then
    for program in "$gpfc" ./toy; do
        defended -Wl,-z,relro GNU_RELRO -l "$program"
        defended -Wl,-z,relro 'BIND_NOW|FLAGS.*NOW' -d "$program"
        defended -Wl,-z,noexecstack 'GNU_STACK.* RW +0x' -l "$program"
        defended -fstack-protector-strong __stack_chk_fail --dyn-syms "$program"
        defended -D_FORTIFY_SOURCE '__[a-z]+_chk' --dyn-syms "$program"
    done
    defended -fcf-protection 'IBT, SHSTK' -n "${GPFC_RUNTIME_DIR:-.}/libgpfcrt.a"
fi

# ---- memory that ends anywhere: LLVM aborts, and says so
if test -z "${GPFC_SANITIZE_FLAGS-}"; then
    for room in 200 212 224 236 248 260; do
        checks=$((checks + 1))
        sh -c 'ulimit -v $1 && shift && exec "$@"' sh "${room}000" "$gpfc" -q toy.yaml -o small >out 2>err
        case $? in
        0 | 127) ;; # 127: not even its libraries
        1) test -s err || fault "no message with $room MB" ;;
        *) fault "with $room MB: $(head -3 err)" ;;
        esac
    done
fi

# ---- mixed precision: where the CPU is known to gain from it, and the products are large enough
mixed_spec() # $1: dimension; $2: widths; $3: of the products; $4: of the model
{
    printf '%s\n' 'name: mixed' "dimension: $1" 'data: {pairs: none.npz}' "flow: {steps: 3, hidden: [$2]}" \
        "target: {precision: $3}" "precision: $4" >mixed.yaml
}
mixed_spec 16 64,64 mixed single
expect 2 'has no instructions for products of bfloat16' "$gpfc" mixed.yaml --cpu haswell --emit=asm -o mixed.s
expect 2 'is no faster at products of bfloat16 numbers' \
    "$gpfc" mixed.yaml --cpu sapphirerapids --emit=asm -o mixed.s
expect 2 'multiplies bfloat16 numbers at an unknown speed' \
    "$gpfc" mixed.yaml --cpu cooperlake --emit=asm -o mixed.s
expect 0 '' "$gpfc" -q mixed.yaml --cpu znver4 --emit=asm -o mixed.s
grep -q vdpbf16ps mixed.s || fault 'no products of bfloat16 numbers for znver4'
mixed_spec 16 64,64 emulated single
expect 0 '' "$gpfc" -q mixed.yaml --cpu x86-64 --emit=asm -o mixed.s
mixed_spec 16 64,64 emulated double
expect 2 'need precision: single' "$gpfc" mixed.yaml --emit=asm -o mixed.s
mixed_spec 2 15,15 mixed single
expect 0 'products this small gain nothing' "$gpfc" mixed.yaml --cpu znver4 --emit=asm -o mixed.s
! grep -q vdpbf16ps mixed.s || fault 'products of bfloat16 numbers that do not pay'

# ---- the stages in their order: what --help names is what is printed, each after the one before it
mixed_spec 2 16,16 emulated single
expect 0 '# llvm' "$gpfc" -q mixed.yaml --cpu x86-64 --dump=all
sed -n 's/^# //p' out | awk '!seen[$0]++' >printed
"$gpfc" --help | sed -n '/--dump=/,/--emit=/{s/.*or all://; /--emit/d; p}' | tr -d ' \n' | tr ',' '\n' >named
echo >>named
same printed named

# ---- interrupted while a program runs for it: no folder is left, and that program can be stopped too
mkdir fake
cat >fake/ar <<'END'
#!/bin/sh
kill -s "$SENT" "$PPID"
kill -s "$SENT" $$
: >deaf
END
chmod +x fake/ar
for signal in HUP INT TERM; do
    case $signal in HUP) code=129 ;; INT) code=130 ;; TERM) code=143 ;; esac
    expect $code '' env --default-signal="$signal" SENT=$signal PATH="$scratch/fake:$PATH" \
        TMPDIR="$scratch/temporary" "$gpfc" toy.yaml --emit=library -o stopped
    nothing_left deaf stopped* temporary/*
done

# ---- operations of a training step: those that are executed, and of them all but what is computed again
# $1: what the backward pass finds; prints "executed useful", in whole numbers
operations()
{
    write_spec "$1" "target: {keep: $1}"
    expect 0 '' "$gpfc" --quiet "$1.yaml" --emit=c -o "$1.c"
    sed -n '/^    {"train",/{n;s/^.* \([0-9]*\), \([0-9]*\),$/\1 \2/p;q;}' "$1.c"
}
operations all >all.flop
operations state >state.flop
read -r all_executed all_useful <all.flop
read -r state_executed state_useful <state.flop
checks=$((checks + 1))
test "$all_executed" -gt 1000 && test "$all_useful" = "$all_executed" && \
    test "$state_useful" = "$all_useful" &&
    test "$state_executed" -gt "$state_useful" ||
    fault "operations, executed and useful: $(cat all.flop state.flop)"

# ---- what a trainer knows of its training beside the kernels
cat >facts.yaml <<'END'
name: facts
dimension: 2
data: {source: moons}
base: {kind: ffjord, integrator: euler, hidden: [4], blocks: 1}
flow: {hidden: [6], integrator: midpoint, steps: auto, most_steps: 4}
penalty: {kind: euler}
END
# $1: how often; $2: a line of the C text
has()
{
    checks=$((checks + 1))
    test "$(grep -cF -e "$2" facts.c)" = "$1" || fault "facts.c has not $1 times $2"
}
expect 0 '' "$gpfc" --quiet facts.yaml --emit=c -o facts.c
has 1 '.description = "gaussian, folded, 3 -> 6 -> 1, tanh, midpoint x 4 at most, Euler penalty",'
has 1 '.description = "ffjord, 1 x (2 -> 4 -> 2), tanh, euler x 8, divergence: exact",'
has 1 '.order = 2,'
has 1 '.order = 1,'
has 1 '.training_steps = 3000,'
has 1 '.training_steps = 1200,'
has 2 '{"dimension", "2", 2, 3},'
has 2 '{"flow.steps", "auto", 0, 5},'
has 2 '{"flow.field", "gaussian", 0, 1},'
has 2 '{"base.kind", "ffjord", 0, 2},'
has 2 '{"train.rate", "0.01", 0.01'

# ---- texts: a byte order mark and the line ends of other systems
printf '\357\273\277name: toy\r\ndimension: 2\r\nflow: {steps: 3}\r\n' >marked.yaml
expect 0 '' "$gpfc" --quiet marked.yaml --emit=ir
printf '\357\273\277nam: toy\r\ndimension: 2\r\n' >marked.yaml
expect 2 '' "$gpfc" marked.yaml
printf '%s\n' "marked.yaml:1:1: error: unknown key 'nam'" '    1 | nam: toy' '      | ^' >expected
head -3 err >first
same first expected
cp toy.yaml 'blank ünï.yaml'
expect 0 "next      './a blank' train" "$gpfc" 'blank ünï.yaml' -o 'a blank'
expect 0 'toy, compiled by gpfc' './a blank' info
cp toy.yaml -- '-toy.yaml'
expect 0 '' "$gpfc" --quiet --emit=header -- -toy.yaml

# ---- what is reported of the files
for kind in executable object c; do
    expect 0 '' "$gpfc" toy.yaml --json --emit="$kind" -o toy.out
    grep -q "\"output_bytes\":$(wc -c <toy.out)," out || \
        fault "$kind: $(wc -c <toy.out) bytes, not as in: $(cat out)"
done
expect 0 '' "$gpfc" toy.yaml --json --emit=library
total=$(cat toy.a toy.so toy.h | wc -c)
grep -q "\"output_bytes\":$total," out || fault "library: $total bytes, not as in: $(cat out)"

expect 0 'functions toy_apply, ' "$gpfc" toy.yaml --emit=library
checks=$((checks + 1))
sed -n '/^functions/,/^next/p' out | sed '$d; s/^functions//' | tr -s ', ' '\n' | grep . | sort >reported
nm -D --defined-only toy.so | sed -n 's/.* T //p' | sort >defined
cmp -s reported defined || fault "library: functions $(cat reported), but $(cat defined)"

# ---- a spec from a pipe
expect 0 '' sh -c 'cat toy.yaml | "$0" - --emit=ir -o piped.ir && "$0" --emit=ir toy.yaml -o named.ir' "$gpfc"
same piped.ir named.ir
expect 0 'written   program.o' sh -c '"$0" --from=ir --emit=object - <named.ir' "$gpfc"

# ---- the table fits 80 columns
printf '%s\n' 'name: wide' 'dimension: 10' 'data: {samples: s.npy}' \
    'base: {kind: ffjord, hidden: [20, 20, 20, 20], blocks: 3}' \
    'flow: {hidden: [20, 20, 20, 20, 20, 20, 20, 20, 20, 20], steps: auto, field: cube}' >wide.yaml
expect 0 'flow ' "$gpfc" wide.yaml --emit=object -o wide.o
checks=$((checks + 1))
test "$(wc -L <out)" -le 80 || fault "a line of $(wc -L <out) columns: $(cat out)"

# ---- two libraries in one program
write_spec second ''
expect 0 '' "$gpfc" second.yaml --quiet --emit=library
cat >both.c <<'END'
#include "second.h"
#include "toy.h"
int main(void)
{
    return toy_workspace_bytes() == 0 || second_workspace_bytes() == 0;
}
END
# shellcheck disable=SC2086  # flags are words
expect 0 '' ${CC:-cc} -std=c11 ${GPFC_SANITIZE_FLAGS-} -I. both.c toy.a second.a -lm -o both
expect 0 '' ./both

# ---- the library against the trainer, with weights from elsewhere
if ${PYTHON3:-python3} "$source/tests/system/bad_files.py" . >out 2>&1; then
    # shellcheck disable=SC2086  # flags are words
    expect 0 '' ${CC:-cc} -std=c11 -O1 -Wall -Wextra -Werror ${GPFC_SANITIZE_FLAGS-} \
        -I. "$source/tests/system/library.c" \
        toy.a -lm -o library
    expect 0 '' './a blank' apply plain.safetensors y.npy s.npy
    expect 0 '300 rows' ./library plain.safetensors y.npy s.npy
else
    echo "$(head -1 out): the rest is skipped"
fi
finish 43
