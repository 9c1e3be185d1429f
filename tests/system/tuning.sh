#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tuning from the user's side: what is found is used by later compiles, shown, exported and forgotten; what is
# broken or belongs to others is skipped; a trainer is recompiled in place.
set -u
. "${srcdir:-.}/tests/system/common.sh"
export GPFC_WISDOM="$PWD/cache/wisdom"
write_spec toy ''

# ---- found once, used from then on, with the same bytes
expect 0 'tuned: ' "$gpfc" toy.yaml --tune=quick --tune-time 1
grep -q 'WRONG' out && fault "wrong candidates: $(cat out err)"
grep -q 'tuning the flow: ' err || fault "no progress in: $(cat err)"
test "$(stat -c '%a %a' cache/wisdom)" = '600 600' || fault "cache/wisdom is $(stat -c %a cache/wisdom)"
test "$(stat -c %a cache)" = 700 || fault "cache is $(stat -c %a cache)"
mv toy tuned
expect 0 'from wisdom: ' "$gpfc" toy.yaml
same toy tuned
expect 0 '"from":"wisdom"' "$gpfc" toy.yaml --json --emit=header
expect 0 'measured, lanes=' ./toy info
expect 0 '' "$gpfc" --quiet toy.yaml --no-wisdom -o plain
expect 0 'chosen, lanes=' ./plain info
expect 0 '' "$gpfc" toy.yaml --tune=quick --tune-time 0.1 --quiet --no-wisdom --emit=header
test -s err && fault "--quiet says: $(cat err)"
sed 's/hidden: \[6\]/hidden: [7]/' toy.yaml >other.yaml
expect 0 '' "$gpfc" other.yaml --emit=header
grep -q wisdom out && fault "wisdom of another program: $(cat out)"

# ---- shown, exported, forgotten, imported
expect 0 '1 record in' "$gpfc" wisdom show
expect 0 '"schedule": "lanes=' "$gpfc" wisdom show --json
key=$(sed -n 's/.*"key": "\([0-9a-f]*\)".*/\1/p' out)
expect 0 '1 record written to mine' "$gpfc" wisdom export mine
expect 2 'is the key of no record; nothing was forgotten' "$gpfc" wisdom forget "$key" 0000000000000000
expect 0 '1 record forgotten' "$gpfc" wisdom forget "$(printf %.6s "$key")"
expect 0 'no wisdom in' "$gpfc" wisdom show
expect 0 '[]' "$gpfc" wisdom show --json
sed 's/lanes=/lames=/' mine >changed
expect 2 'no valid record' "$gpfc" wisdom import changed
cat changed mine >both
expect 0 'its checksum is wrong' "$gpfc" wisdom import both
expect 0 'from wisdom: ' "$gpfc" toy.yaml
same toy tuned
for words in '' nope 'show more' export 'export a b' import forget \
    'forget --all abcd' 'show --all' 'forget xyz' \
    'forget abc' 'export mine --json'; do
    # shellcheck disable=SC2086  # words
    expect 2 '' "$gpfc" wisdom $words
done
expect 1 'No such file' "$gpfc" wisdom export absent/mine
expect 1 'No such file' "$gpfc" wisdom import absent
expect 0 'show' "$gpfc" wisdom --help
cp toy.yaml wisdom
expect 0 'from wisdom: ' "$gpfc" --emit=header ./wisdom

# ---- broken, or accessible to others
echo 'half a rec' >>cache/wisdom
expect 0 'wisdom skipped, not a JSON object (1 record in all)' "$gpfc" toy.yaml --emit=header
grep -q 'from wisdom' out || fault "the sound record is not used: $(cat out)"
chmod 622 cache/wisdom
expect 0 'because others could have written to it' "$gpfc" toy.yaml --emit=header
grep -q 'from wisdom' out && fault "used all the same: $(cat out)"
expect 1 'because others could have written to it' "$gpfc" wisdom show
chmod 600 cache/wisdom
expect 0 '1 record forgotten' "$gpfc" wisdom forget --all
expect 0 'are not recorded: ' env GPFC_WISDOM=toy.yaml/wisdom "$gpfc" toy.yaml --emit=header \
    --tune=quick --tune-time 0.1
expect 0 'are not recorded: ' env -u GPFC_WISDOM -u XDG_CACHE_HOME -u HOME "$gpfc" toy.yaml --emit=header \
    --tune=quick --tune-time 0.1
expect 0 '' env -u GPFC_WISDOM XDG_CACHE_HOME="$PWD/mine.cache" "$gpfc" toy.yaml --emit=header \
    --tune=quick --tune-time 0.1
test -s mine.cache/gpfc/wisdom || fault 'nothing in mine.cache'

# ---- two at once
cat >both.sh <<'END'
"$1" -q toy.yaml --emit=header --tune=quick --tune-time 0.1 &
"$1" -q other.yaml --emit=header --tune=quick --tune-time 0.1 && wait $!
END
expect 0 '' sh both.sh "$gpfc"
expect 0 '2 records in' "$gpfc" wisdom show

# ---- interrupted: at once, and nothing is half-written
cp cache/wisdom before
env --default-signal=INT "$gpfc" toy.yaml --tune=full --tune-time 600 --emit=header -o stopped >out 2>err &
while ! grep -q tuning err && kill -0 $! 2>/dev/null; do sleep 0.1; done
kill -s INT $!
wait $!
code=$?
test $code = 130 || fault "interrupted while tuning: exit status $code"
same cache/wisdom before
nothing_left stopped*

# ---- processors
case $(uname -m) in x86_64) foreign=generic-aarch64 ;; *) foreign=x86-64 ;; esac
expect 2 'cannot be tuned here' "$gpfc" toy.yaml --tune=quick --cpu $foreign --emit=asm
expect 0 'written ' ./plain tune --tune-time 0.1
expect 0 'measured, lanes=' ./plain info
nothing_left plain.*
expect 2 'to 86400' ./plain tune --tune-time 1e9
cp "$gpfc" moved
expect 0 '' ./moved --quiet toy.yaml
rm moved
expect 1 'which was not found: neither as ' env -u GPFC PATH=/absent ./toy tune
# what is asked of gpfc, and what is made of its answer
mkdir asked
cat >asked/gpfc <<'END'
#!/bin/sh
printf '%s\n' "$@" >words
test -z "${KILLED-}" || kill -s KILL $$
exit "$ANSWER"
END
chmod +x asked/gpfc
expect 2 'gpfc failed; the trainer is unchanged' env PATH="$PWD/asked:$PATH" ANSWER=2 ./toy tune --tune full
printf '%s\n' --cpu=native --tune=full -o "$PWD/toy" -- >expected
sed '$d' words >asked.words
same asked.words expected
expect 1 'gpfc failed; the trainer is unchanged' env PATH="$PWD/asked:$PATH" ANSWER=1 ./toy tune
expect 1 'gpfc was killed by signal 9' env PATH="$PWD/asked:$PATH" KILLED=yes ./toy tune
expect 0 '' env PATH="$PWD/asked:$PATH" ANSWER=0 ./toy tune --tune-time 0.5 --quiet --json
printf '%s\n' --cpu=native --tune=quick -o "$PWD/toy" --tune-time=0.5 --quiet --json -- >expected
sed '$d' words >asked.words
same asked.words expected
expect 0 'written ' env -u GPFC PATH="$(dirname "$gpfc"):$PATH" ./toy tune --tune-time 0.1
expect 0 '' "$gpfc" --quiet toy.yaml --cpu skylake-avx512 -o sky
if ! ./sky info >out 2>err; then
    expect 1 'this processor lacks' ./sky info
    expect 0 '' ./sky tune --tune-time 0.1 --quiet
    expect 0 'measured, lanes=' ./sky info
fi
finish 58
