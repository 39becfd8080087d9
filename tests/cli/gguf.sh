#!/usr/bin/env bash
# gguf.sh - a GGUF file is a study's model: of the same numbers the same results as the folder's, to the bit; of rounded ones nearly.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
for kind in f32 q8_0; do
    python3 "$W2S_SOURCE/tests/cli/make_gguf.py" "$model" micro-$kind.gguf $kind || fail "no file in $kind was made"
done
small="methods=naive data.train=96"
expect 0 "$W2S" run micro.yaml $small name=folder --runs r
for kind in f32 q8_0; do
    expect 0 "$W2S" run micro.yaml $small model=./micro-$kind.gguf name=$kind save=true --runs r
    says err "3 computed"
done
python3 - <<'END' || fail "a study of a GGUF file"
import json
read = lambda name: json.load(open(f"r/studies/{name}/results.json"))["pairs"][0]
probs = lambda job: open(f"r/jobs/{job}/test.f64", "rb").read()
folder, f32, q8 = map(read, ("folder", "f32", "q8_0"))
for role in ("weak", "student_scores", "ceiling"):
    a, b, c = (x[role] for x in (folder, f32, q8))
    assert a["jobs"] != b["jobs"] and probs(a["jobs"][0]) == probs(b["jobs"][0]), role
    assert probs(a["jobs"][0]) != probs(c["jobs"][0]) and abs(a["accuracy"][0] - c["accuracy"][0]) < .1, (role, a, c)
END

# What was trained from it is a folder of its own, tokenizer and all.
job=$(python3 -c 'import json; print(json.load(open("r/studies/f32/results.json"))["pairs"][0]["student_scores"]["jobs"][0])')
printf 'the film was good\n' >texts
expect 0 "$W2S" tokenize r/jobs/"$job"/model texts
cp out ids
expect 0 "$W2S" tokenize "$model" texts
cmp -s ids out || fail "the saved tokenizer is not the file's"
expect 0 "$W2S" run micro.yaml $small model=r/jobs/"$job"/model name=again --runs r
says err "0 failed"

# Adapters beside it name it as their base.
expect 0 "$W2S" run micro.yaml $small model=./micro-f32.gguf student.trainable='lora 4' name=adapted save=true --runs r
adapter=$(find r/jobs -name adapter -type d | head -n 1)
says "$adapter/adapter_config.json" "micro-f32.gguf"
expect 0 "$W2S" generate "$adapter" "the film was" --tokens 3
cp out whole
expect 0 "$W2S" generate "$(dirname "$adapter")" "the film was" --tokens 3
cmp -s out whole || fail "the merged model and the adapter beside its base do not answer alike"
expect 0 "$W2S" models ./micro-q8_0.gguf
says out "llama"

# A file that is cut short is a sentence.
head -c 5000 micro-f32.gguf >cut.gguf
expect 2 "$W2S" run micro.yaml $small model=./cut.gguf --runs r
one_sentence
says err "cut.gguf"
finish
