#!/usr/bin/env bash
# help.sh - what the program says of itself.
. "$(dirname "$0")/lib.sh"
expect 0 "$W2S"
says out "performance gap recovered"
[ "$(wc -l <out)" -le 14 ] || fail "w2s alone says more than a dozen lines"
expect 0 "$W2S" help
says out "Exit status: 0 done, 1 a job or a fetch failed, 2 wrong usage or input, 130 stopped by you."
commands=$(awk '/^  [a-z]/ {print $1}' out)
[ "$(echo "$commands" | wc -l)" -ge 10 ] || fail "help lists too few commands"
for c in $commands; do
    expect 0 "$W2S" help "$c"
    says out "w2s $c"
    says out "--help"
    expect 0 "$W2S" "$c" --help
done
for flag in -h --help; do
    expect 0 "$W2S" $flag
    says out "completion"
done
expect 2 "$W2S" run micro.yaml --runs ""
one_sentence
says err "--runs is empty"
expect 2 "$W2S" run micro.yaml --runs a --runs b
one_sentence
says err "run: option --runs is given twice: a and b"
expect 0 "$W2S" --version
says out "w2s 0."
for word in device: threads: oneDNN jansson PCRE2 SQLite libcurl libarchive zlib; do says out "$word"; done
expect 0 "$W2S" completion bash
bash -n out || fail "the completion is not bash"
lacks out "--worker"
bash -c 'source ./out; COMP_WORDS=(w2s ge); COMP_CWORD=1; _w2s; [ "${COMPREPLY[*]}" = generate ]' || fail "ge does not complete to generate"
bash -c 'source ./out; COMP_WORDS=(w2s run --dr); COMP_CWORD=2; _w2s; [ "${COMPREPLY[*]}" = --dry-run ]' || fail "--dr does not complete"

# Names are completed as the program knows them now.
mkdir -p bin share/studies runs/studies/mine
ln -s "$W2S" bin/w2s
cp -r "$W2S_SOURCE/tasks" "$W2S_SOURCE/assets.yaml" share
cp micro.yaml share/studies/mystudy.yaml
completes() { # completes WANT WORD...
    local want=$1
    shift
    checks=$((checks + 1))
    got=$(PATH=$scratch/bin:$PATH W2S_SHARE=$scratch/share bash -c 'source <(w2s completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _w2s; echo "${COMPREPLY[*]}"' _ "$@")
    [ "$got" = "$want" ] || fail "$* completes to $got, wanted $want"
}
completes mystudy w2s run my
completes movie-preference w2s task movie-p
completes "smollm2-135m smollm2-135m-hf" w2s fetch smo
completes smollm2-135m-hf w2s generate smollm2-135m-
completes mine w2s report min
completes tokenize w2s help tok
completes toy.yaml w2s task toy.y
rm -rf bin share runs
expect 2 "$W2S" completion zsh
one_sentence

# What make quick says last names the runs folder that it used.
expect 0 "$W2S_SOURCE/scripts/next-steps" "my runs"
[ "$(grep -c "w2s run .*--runs my.* runs " out)" = 3 ] || { fail "next-steps leaves out --runs"; cat out; }
says out "my runs/studies/quick/report.html"
expect 0 "$W2S_SOURCE/scripts/next-steps" runs
lacks out "--runs"

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

# Of two tied matrices a file may hold the unembedding alone.
cp -r "$model" tied && chmod -R u+w tied
python3 - tied/model.safetensors <<'END' || fail "the copy was not made"
import json, struct, sys
b = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", b[:8])[0]
h = json.loads(b[8 : 8 + n])
h["lm_head.weight"] = h.pop("model.embed_tokens.weight")
j = json.dumps(h).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(j)) + j + b[8 + n :])
END
expect 0 "$W2S" score "$model" t.txt
cp out a
expect 0 "$W2S" score tied t.txt
cmp -s out a || fail "a tied model whose matrix has the other name scores otherwise"
if [ -n "${W2S_DATA:-}" ]; then
    expect 0 "$W2S" generate "$W2S_DATA/models/tinystories-656k" "Once upon a time" --tokens 5
fi

# Texts that are no UTF-8 text, or begin with a mark.
printf 'a\0b\0' >wide.txt
expect 2 "$W2S" tokenize "$model" wide.txt
one_sentence
says err "wide.txt holds NUL bytes"
printf '\xef\xbb\xbfthe film\n' >mark.txt
printf 'the film\n' >plain.txt
expect 0 "$W2S" tokenize "$model" plain.txt
cp out a
expect 0 "$W2S" tokenize "$model" mark.txt
cmp -s out a || fail "a byte order mark became part of the text"
printf '\xef\xbb\xbf{"text": "the film"}\n' >mark.jsonl
expect 0 bash -c "'$W2S' tokenize '$model' - <mark.jsonl"
cmp -s out a || fail "JSONL after a byte order mark was not taken for JSONL"
: >empty.txt
expect 0 "$W2S" tokenize "$model" empty.txt
[ ! -s out ] || fail "an empty file has a text"

# fetch: a path a line, or JSON.
mkdir -p given
expect 0 "$W2S" fetch ./given toy.yaml
[ "$(cat out)" = "./given
toy.yaml" ] || fail "fetch printed $(cat out)"
expect 0 "$W2S" fetch --json ./given toy.yaml
[ "$(cat out)" = '[{"name": "./given", "path": "./given"}, {"name": "toy.yaml", "path": "toy.yaml"}]' ] || fail "fetch --json printed $(cat out)"
expect 0 "$W2S" fetch --json
python3 -c 'import json; assert any(x["name"] == "smollm2-135m" for x in json.load(open("out")))' || fail "fetch --json lists no JSON"

# A task of few rows is shown without being told its sizes.
expect 0 "$W2S" task toy.yaml --model "$model"
expect 2 "$W2S" task toy.yaml --model "$model" --train 5000
one_sentence
finish
