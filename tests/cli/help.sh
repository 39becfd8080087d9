#!/usr/bin/env bash
# help.sh - what the program says of itself.
. "$(dirname "$0")/lib.sh"
expect 0 "$W2S"
says out "performance gap recovered"
[ "$(wc -l <out)" -le 14 ] || fail "w2s alone says more than a dozen lines"
expect 0 "$W2S" help
commands=$(awk '/^  [a-z]/ {print $1}' out)
[ "$(echo "$commands" | wc -l)" -ge 10 ] || fail "help lists too few commands"
for c in $commands; do
    expect 0 "$W2S" help "$c"
    says out "w2s $c"
    says out "--help"
    expect 0 "$W2S" "$c" --help
done
expect 0 "$W2S" --version
says out "w2s 0."
for word in device: threads: oneDNN jansson PCRE2 SQLite libcurl libarchive; do says out "$word"; done
expect 0 "$W2S" completion bash
bash -n out || fail "the completion is not bash"
bash -c 'source ./out; COMP_WORDS=(w2s ge); COMP_CWORD=1; _w2s; [ "${COMPREPLY[*]}" = generate ]' || fail "ge does not complete to generate"
bash -c 'source ./out; COMP_WORDS=(w2s run --dr); COMP_CWORD=2; _w2s; [ "${COMPREPLY[*]}" = --dry-run ]' || fail "--dr does not complete"

# tokenize, score, generate on the micro model.
printf 'the film is good\nnaïve 日本\n' >t.txt
expect 0 "$W2S" tokenize "$model" t.txt
[ "$(wc -l <out)" = 2 ] || fail "tokenize printed other than two lines"
says out '{"text": "the film is good", "ids": ['
expect 0 "$W2S" score "$model" t.txt
python3 - out <<'END' || fail "score"
import json, math, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    assert len(r["logprobs"]) == len(r["ids"]) - 1
    assert all(p < 0 for p in r["logprobs"]) and abs(sum(r["logprobs"]) - r["sum"]) < 1e-9
END
cp out a
expect 0 bash -c "'$W2S' score '$model' - <t.txt"
cmp -s out a || fail "standard input scores otherwise"
expect 0 "$W2S" generate "$model" "the film" --tokens 8 --json
cp out a
expect 0 "$W2S" generate "$model" "the film" --tokens 8 --json
cmp -s out a || fail "greedy generation is not the same twice"
expect 0 "$W2S" generate "$model" "the film" --tokens 8 -t 1 --top-p .9 --seed 3 --json
cp out b
expect 0 "$W2S" generate "$model" "the film" --tokens 8 -t 1 --top-p .9 --seed 3 --json
cmp -s out b || fail "the same seed samples another text"
finish
