#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Completion in bash and zsh: every option of --help, for gpfc, its wisdom and each command of a trainer; the
# words of options, which are in the files, are those that the programs accept; and both are installed.
set -u
. "${srcdir:-.}/tests/system/common.sh"
write_spec toy ''
expect 0 '' "$gpfc" toy.yaml --quiet -o toy
command -v bash >/dev/null || { echo "no bash: skipped"; exit 77; }

# Completions of the last of the words, one a line. $1: function; then the words.
cat >ask.bash <<'END'
compopt() { :; }
. "$FILE"
function=$1
shift
words=()
for word; do # as bash cuts them
    case $word in
    --*=*) words+=("${word%%=*}" '=' "${word#*=}") ;;
    *) words+=("$word") ;;
    esac
done
[[ ${words[-1]} != '' || ${words[-2]} != '=' ]] || unset 'words[-1]'
COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMPREPLY=()
"$function" "$1"
printf '%s\n' "${COMPREPLY[@]}"
END
in_bash()
{
    FILE=$source/completion/bash/gpfc bash ask.bash "$@" | sort
}

cat >ask.zsh <<'END'
compset() { words[CURRENT]=${words[CURRENT]#*=}; }
_files() { print -l -- ${words[CURRENT]}*(N) }
compadd()
{
    while [[ $1 == -S ]]; do shift 2; done
    if [[ $1 == -a ]]; then set -- ${(P)2}; fi
    if [[ $1 == -- ]]; then shift; fi
    local word
    for word; do [[ $word != ${words[CURRENT]}* ]] || print -r -- $word; done
}
shift
words=("$@") CURRENT=$#
fpath=($FOLDER $fpath)
autoload -Uz _gpfc
_gpfc
END
in_zsh()
{
    FOLDER=$source/completion/zsh zsh -f ask.zsh "$@" | sort
}

# The answer of the shell is the file `wanted`. $1: what is asked; then the function and the words.
answers()
{
    what=$1
    shift
    checks=$((checks + 1))
    for shell in $shells; do
        "in_$shell" "$@" >found
        cmp -s wanted found || fault "$shell, $what: $(diff wanted found | tr '\n' ' ')"
    done
}

# $1: function; then the program and its command: their completions of "--" are the options of --help.
options()
{
    function=$1
    shift
    "$@" --help | grep -o -e '--[a-z][a-z-]*=\{0,1\}' | sort -u >named
    # Those at the beginning of a line; the text names others, too.
    "$@" --help | sed -n 's/^ .*\(--[a-z-]*=\{0,1\}\).*  .*/\1/p; s/^ .*\(--[a-z-]*=\{0,1\}\)[^ ]*$/\1/p' |
        sort -u | comm -12 - named >wanted
    test "$(wc -l <wanted)" -ge 1 || fault "$*: no options in --help"
    answers "$*" "$function" "$@" --
}

# $1: function; $2: words of the option; then the program with its command, and the option.
values()
{
    function=$1
    words=$2
    shift 2
    printf '%s\n' $words | sort >wanted
    answers "$*" "$function" "$@"
}

shells=bash
if command -v zsh >/dev/null; then shells="bash zsh"; else echo "no zsh: its part is skipped"; fi
mkdir bin
ln -s "$gpfc" bin/gpfc
PATH=$scratch/bin:$PATH
export PATH

options _gpfc gpfc
options _gpfc gpfc wisdom
./toy --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >commands
test "$(wc -l <commands)" -ge 8 || fault "too few commands: $(cat commands)"
for command in $(cat commands); do options _gpfc_trainer ./toy "$command"; done
{ cat commands; printf '%s\n' --help --version; } | sort >wanted
answers 'commands' _gpfc_trainer ./toy ''
echo train >wanted
answers 'a command' _gpfc_trainer ./toy tr
printf '%s\n' --tune= --tune-time= | sort >wanted
answers 'a beginning' _gpfc gpfc --tu
printf 'export\nforget\nimport\nshow\n' >wanted
answers 'wisdom' _gpfc gpfc wisdom ''

# What the program says that it expects is what is offered.
emits=$("$gpfc" --emit=? x.yaml 2>&1 | sed -n "s/.*expected \(.*\), found.*/\1/p" | sed 's/,//g; s/ or / /')
values _gpfc "$emits" gpfc --emit=
stages=$("$gpfc" --dump=? x.yaml 2>&1 | sed -n "s/.*expected some of \(.*\) or all.*/\1/p" | tr , ' ')
values _gpfc "$stages all" gpfc --dump=
values _gpfc 'quick full' gpfc --tune=
values _gpfc 'ir' gpfc --from=
values _gpfc 'library llvm' gpfc --emit=l
values _gpfc_trainer 'base both flow' ./toy apply --part=
values _gpfc_trainer 'flow base' ./toy bench --stage=
values _gpfc_trainer 'latent data' ./toy invert --to=
values _gpfc_trainer 'latent data' ./toy apply --from=
values _gpfc_trainer 'quick full' ./toy tune --tune=
values _gpfc_trainer 'refuse drop' ./toy train --missing=
values _gpfc_trainer 'csv tsv txt parquet npy' ./toy apply --format=
values _gpfc_trainer 'base both' ./toy apply run in out --part b
values _gpfc 'library llvm' gpfc toy.yaml --emit l
for option in emit tune cpu; do
    for word in $(in_bash _gpfc gpfc "--$option="); do
        expect 2 'No such file' "$gpfc" "--$option=$word" absent.yaml
    done
done

# ---- files
printf 'toy.yaml\n' >wanted
answers 'a file' _gpfc gpfc toy.y
answers 'a file of an option' _gpfc_trainer ./toy train --data=toy.y

# ---- installed
checks=$((checks + 1))
make -s -C "$top_builddir" datadir="$scratch/share" install-dist_bashcompletionDATA \
    install-dist_zshcompletionDATA >log 2>&1 || fault "cannot be installed: $(cat log)"
same "$source/completion/bash/gpfc" share/bash-completion/completions/gpfc
same "$source/completion/zsh/_gpfc" share/zsh/site-functions/_gpfc
finish 39
