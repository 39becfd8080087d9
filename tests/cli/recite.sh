#!/usr/bin/env bash
# recite.sh - what a student's model knows by heart of the test part: texts that it has learnt, and no others.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }

# 24 lines of random letters, every second of which a model learns by heart, and 20 that are too short to tell, which it learns, too.
python3 - <<'END'
import json, random
random.seed(3)
lines = ["".join(random.choice("abcdefghijklmnop") for _ in range(16)) for _ in range(24)]
short = ["short %02d" % i for i in range(20)]
with open("known.jsonl", "w") as f:
    for s in lines[::2] + short[:4]:
        f.write(json.dumps({"text": s}) + "\n")
with open("toy.jsonl", "w") as f: # either class has as many that are known
    for i, s in enumerate(lines + short):
        f.write(json.dumps({"text": s, "label": i // 2 % 2}) + "\n")
END
cat >heart.yaml <<'END'
name: heart
data: {text: known.jsonl, valid: 1}
context: 17
tokens: 30000
training: {batch: 2, warmup: 20, evals: 1}
models:
  - {name: model, layers: 2, width: 64, heads: 4, lr: 1e-2}
END
expect 0 "$W2S" pretrain heart.yaml --runs r
small="model=r/ladders/heart/model data.supervise=4 data.train=4 data.valid=0 data.test=32 data.max_tokens=17 supervisor.layers=1 student.trainable=all methods=naive"
expect 0 "$W2S" run micro.yaml name=on recited=true $small student.layers=2 seeds=2 --runs r
says err "recital 2 layers, seed 0"
tr -s ' \n' ' ' <out >flat
says flat "Given the first half of a text, model writes the second half of"
says flat "were long enough to tell): so much of them, at least, it has seen before."
says r/studies/on/report.html "Given the first half of a text"
expect 0 "$W2S" label micro.yaml --examples name=on recited=true $small student.layers=2 seeds=2 --runs r
python3 - <<'END' || fail "the share that is known by heart"
import csv, glob, json, struct
known = {json.loads(l)["text"] for l in open("known.jsonl")}
p = json.load(open("r/studies/on/results.json"))["pairs"][0]
share, lo, hi = p["recited"]["share"]
tests = [[r["text"] for r in csv.DictReader(open("out")) if r["seed"] == str(s) and r["part"] == "test"] for s in (0, 1)]
found = {}
for f in glob.glob("r/jobs/*/recited.f64"):
    job = f.rsplit("/", 1)[0]
    r = json.load(open(job + "/result.json"))["recite"]
    flags = struct.unpack("<32d", open(f, "rb").read()[-256:])
    assert r["examples"] == 32 and r["recited"] == sum(flags) and 0 < r["tokens_right"] < r["tokens"] == 8 * r["texts"], r
    # whose test part it is: the one of which everything that is said by heart is known
    for s, texts in enumerate(tests):
        if all(t in known for t, x in zip(texts, flags) if x) and r["texts"] == sum(len(t) == 16 for t in texts):
            could = sum(t in known and len(t) == 16 for t in texts)
            assert could - 3 <= sum(flags) <= could, (sum(flags), could)  # one was held out
            found[s] = sum(flags) / 32, r["texts"]
assert sorted(found) == [0, 1], found
assert abs(share - (found[0][0] + found[1][0]) / 2) < 1e-12 and lo < share < hi, (p["recited"], found)
assert p["recited"]["texts"] == (found[0][1] + found[1][1]) / 2
END
# The same model whole, whatever the student is: nothing of it is computed again. Of random weights nothing is known.
expect 0 "$W2S" run micro.yaml name=on recited=true $small seeds=2 student.layers=1 --runs r
[ "$(ls r/jobs/*/recited.f64 | wc -l)" = 2 ] || fail "the model was asked again for another student of it"
expect 0 "$W2S" run micro.yaml name=random recited=true $small student.layers=1 student.weights=random --runs r
[ "$(ls r/jobs/*/recited.f64 | wc -l)" = 2 ] || fail "random weights were asked"
if grep -q '"recited": {' r/studies/random/results.json; then fail "random weights know something by heart"; fi
grep -q '^recited: true' r/studies/random/study.yaml || fail "study.yaml has lost what was asked for"
expect 0 "$W2S" run micro.yaml name=off $small student.layers=1 --runs r
if grep -q 'recited' r/studies/off/results.json r/studies/off/study.yaml; then fail "nobody asked for it"; fi
expect 2 "$W2S" run micro.yaml recited=often $small student.layers=1 --runs r
says err '"recited" is'
finish
