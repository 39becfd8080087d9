#!/usr/bin/env bash
# pretrain.sh - a ladder whose n-th write fails, for every n: one sentence, status 1, no half model; the same command ends with the bits of a
# ladder that never failed. Killed between the end of a model and its folder: the same.
. "$(dirname "$0")/../cli/lib.sh"

awk 'BEGIN { for (i = 0; i < 60; i++) printf "document %d says that %d comes after %d\n\n", i, i + 1, i }' >texts.txt
cat >bytes.yaml <<'END'
name: bytes
data: {text: texts.txt, valid: 5}
context: 64
tokens: 700
training: {batch: 8, warmup: 5, lr: 1e-2, evals: 1, checkpoint_every: 0}
models: [{name: small, layers: 1, width: 8, heads: 2}]
END
bits() { (cd "$1/ladders/bytes" && sha256sum small/*.safetensors small/*.json); }
expect 0 "$W2S" pretrain bytes.yaml --runs whole
want=$(bits whole)
[ "$(wc -l <<<"$want")" = 4 ] || fail "a model has other files: $want"

n=0 hits=0
while :; do
    n=$((n + 1))
    W2S_FAULT_WRITE=$n "$W2S" pretrain bytes.yaml --runs full >out 2>err
    got=$?
    [ $got = 0 ] && { rm -rf full; break; }
    hits=$((hits + 1)) checks=$((checks + 1))
    [ $got = 1 ] || fail "write $n: ended with $got, wanted 1"
    grep '^w2s: ' err | grep -q 'No space left on device' || { fail "write $n: no such sentence"; cat err; }
    [ ! -e full/ladders/bytes/small ] || [ -s full/ladders/bytes/small/model.safetensors ] || fail "write $n: half a folder"
    expect 0 "$W2S" pretrain bytes.yaml --runs full
    [ "$(bits full)" = "$want" ] || fail "write $n failed and was made good: other bits"
    rm -rf full
    [ $n -lt 400 ] || { fail "400 writes, and no end"; break; }
done
[ $hits -ge 20 ] || fail "only $hits writes failed"

# One failure on top of the other.
for n in 3 9 15 21 27; do
    W2S_FAULT_WRITE=$n "$W2S" pretrain bytes.yaml --runs full >out 2>err
done
expect 0 "$W2S" pretrain bytes.yaml --runs full
[ "$(bits full)" = "$want" ] || fail "five failures, and other bits"

# Killed between: the job is done and its folder is half made, or the old one is moved away.
cp -r whole between
mkdir between/ladders/bytes/.small.new
: >between/ladders/bytes/.small.new/model.safetensors
mv between/ladders/bytes/small between/ladders/bytes/.small.old
rm between/ladders/bytes/ladder.csv
expect 0 "$W2S" pretrain bytes.yaml --runs between
[ "$(bits between)" = "$want" ] || fail "killed between, and other bits"
[ -z "$(find between/ladders -name '.*.new' -o -name '.*.old')" ] || fail "leftovers stay: $(ls -A between/ladders/bytes)"
[ -s between/ladders/bytes/ladder.csv ] || fail "no ladder.csv"
finish
