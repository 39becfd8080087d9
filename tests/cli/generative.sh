#!/usr/bin/env bash
# generative.sh - generative fine-tuning: every model learns the task's texts first, and supervisor, student and ceiling start from there.
. "$(dirname "$0")/lib.sh"

bits() { (cd "$1" && find jobs -name '*.f64' -o -name '*.jsonl' -o -name model.safetensors | LC_ALL=C sort | xargs sha256sum); }
run() { expect 0 "$W2S" run micro.yaml "$@" --json; }

# In no epochs nothing changes, to the bit.
run methods=naive untrained=true name=plain --runs r
cp out plain.json
run methods=naive untrained=true generative.epochs=0 name=none --runs r
cp out none.json
python3 - plain.json none.json <<'END2' || fail "texts that were not learnt changed something"
import json, sys
plain, none = (json.load(open(f)) for f in sys.argv[1:3])
read = lambda job: open(f"r/jobs/{job}/test.f64", "rb").read()
for role in ("weak", "student_scores", "ceiling", "untrained"):
    a, b = (x["pairs"][0][role]["jobs"][0] for x in (plain, none))
    assert a != b and read(a) == read(b), role
assert len(plain["jobs"]) == 4 and sorted(j["role"] for j in none["jobs"])[1:3] == ["language model"] * 2
assert none["pairs"][0]["cost"]["jobs"] == 4 and none["study"]["generative"]["epochs"] == 0
END2

# Learnt, the texts are better predicted; who starts from there is another, the untrained student too.
texts="methods=naive untrained=true generative.epochs=6 generative.lr=1e-2"
run $texts name=texts --runs r
cp out texts.json
tr -s ' \n' ' ' <r/studies/texts/report.html >flat
says flat "Before that all models learn the task's texts without labels: they train all but the embeddings (learning rate 0.01, 6 epochs)."
says err "language model 4 layers ("
python3 - plain.json texts.json "$W2S" "$model" <<'END2' || fail "the texts were not learnt"
import csv, io, json, shutil, subprocess, sys
plain, texts = (json.load(open(f)) for f in sys.argv[1:3])
read = lambda job: open(f"r/jobs/{job}/test.f64", "rb").read()
for role in ("weak", "student_scores", "ceiling", "untrained"):
    assert read(plain["pairs"][0][role]["jobs"][0]) != read(texts["pairs"][0][role]["jobs"][0]), role
lm = {j["model"][-1]: j for j in texts["jobs"] if j["role"] == "language model"}
assert lm.keys() == {"1", "4"}
for j in lm.values():
    assert j["method"] == "texts" and j["result"]["accuracy"] is None and j["result"]["flops"] > 0
    curve = [x["loss"] for x in j["result"]["curve"][1:]]
    assert len(curve) == 12 and curve[-1] < .7 * curve[0], curve
# 32 and 256 texts, 6 epochs: as many tokens as supervisor (1 epoch) and student (3) see of theirs.
tokens = {j["role"]: j["result"]["tokens"] for j in texts["jobs"]}
assert tokens["language model"] == 6 * (tokens["supervisor"] + tokens["student"] // 3)
c = texts["pairs"][0]["cost"]
assert c["jobs"] == 4 and c["tokens"] == 2 * tokens["language model"] + tokens["supervisor"] + tokens["student"]
shutil.copytree(f"r/jobs/{lm['4']['hash']}/model", "lm4")
shutil.copytree(f"r/jobs/{lm['1']['hash']}/model", "lm1")
END2

# The folder is a model as any other: a study that starts from it, and learns no texts, has the same ceiling.
expect 0 "$W2S" label micro.yaml --examples --runs r
python3 -c '
import csv
for x in csv.DictReader(open("out", newline="")):
    if x["part"] == "train": print(x["text"])' >train.txt
expect 0 "$W2S" score "$model" train.txt
cp out before
expect 0 "$W2S" score lm4 train.txt
python3 - before out <<'END2' || fail "the saved model predicts the texts no better"
import json, sys
def mean(f):
    rows = [json.loads(x) for x in open(f)]
    return sum(sum(x for x in r["logprobs"] if x is not None) for r in rows) / len(rows)
assert mean(sys.argv[2]) > mean(sys.argv[1]) + 1, (mean(sys.argv[1]), mean(sys.argv[2]))
END2
run methods=naive untrained=true student.model=lm4 name=from --runs r
python3 - texts.json out <<'END2' || fail "not the weights that were left"
import json, sys
a, b = (json.load(open(f))["pairs"][0] for f in sys.argv[1:3])
for role in ("ceiling", "untrained"):
    x, y = (open(f"r/jobs/{p[role]['jobs'][0]}/test.f64", "rb").read() for p in (a, b))
    assert x == y, role
END2

# What is learnt is named by its texts, not by their labels, nor by how others go on.
lms() { python3 -c 'import json, sys; print(sorted(j["hash"] for j in json.load(open("out"))["jobs"] if j["role"] == "language model"))'; }
cp texts.json out
want=$(lms)
run $texts student.lr=5e-3 supervisor.epochs=2 seeds=1 name=other --runs r
[ "$(lms)" = "$want" ] || fail "how students learn is in the name of what is learnt"
sed 's/{"0": 0, "1": 1}/{"0": 1, "1": 0}/' toy.yaml >flipped.yaml
run $texts task=flipped.yaml name=flipped --runs r
[ "$(lms)" = "$want" ] || fail "labels are in the name of what is learnt"
run $texts data.train=200 name=train --runs r
[ "$(lms)" != "$want" ] || fail "other texts, and the same name"
expect 0 "$W2S" run r/studies/texts/study.yaml --runs r
says err "0 computed"

# With all else: chains, points, a frozen prefix, rewards, written answers.
run 'methods=[naive,bootstrapping,early_stop]' 'bootstrapping.through=[2]' 'generative={epochs: 1, trainable: top 1}' seeds=2 name=all --runs r
python3 - out <<'END2' || fail "a chain's links do not learn the texts"
import json, sys
r = json.load(open(sys.argv[1]))
assert sorted(j["model"][-1] for j in r["jobs"] if j["role"] == "language model") == ["1", "1", "2", "2", "4", "4"]
assert next(p for p in r["pairs"] if p["method"] == "bootstrapping")["cost"]["jobs"] == 6
END2
rated_task
run methods=naive generative.epochs=1 task=rated.yaml data.supervise=32 data.train=100 data.test=60 name=rewards --runs r
words_task words.yaml
run methods=naive untrained=true generative.epochs=1 task=words.yaml data.supervise=20 data.train=60 data.test=30 name=words --runs r
# Probes read what the model that learnt the texts makes of them; of one that learnt nothing the same as without.
sed '/^supervisor:/d; /^student:/d; /^training:/d; /^methods:/d' micro.yaml >probe.yaml
printf 'learner: probe\nsupervisor: {layers: 1}\nstudent: {layers: 4}\n' >>probe.yaml
for how in "" generative.epochs=0 generative.epochs=2; do
    expect 0 "$W2S" run probe.yaml $how name="probe${how//=/-}" --runs r --json
    cp out "probe$how.json"
done
python3 - <<'END2' || fail "probes do not start from the texts"
import json
def bits(name):
    p = json.load(open(f"probe{name}.json"))["pairs"][0]
    return [open(f"r/jobs/{p[role]['jobs'][0]}/test.f64", "rb").read() for role in ("weak", "student_scores", "ceiling")]
assert bits("") == bits("generative.epochs=0") != bits("generative.epochs=2")
END2
# A text of one token has nothing to predict.
sed '1,40s/"text": "[^"]*"/"text": " good"/' toy.jsonl | awk '/: " good"/ { if (n++) next } 1' >one.jsonl
sed 's/toy.jsonl/one.jsonl/' toy.yaml >one.yaml
run methods=naive generative.epochs=1 task=one.yaml data.train=500 data.test=100 name=one --runs r

# Killed and continued: the same bits, of the weights too.
sed 's/evals: 2/evals: 4, checkpoint_every: 0/' micro.yaml >slow.yaml
slow="methods=naive generative.epochs=4"
expect 0 "$W2S" run slow.yaml $slow --runs whole
for i in 1 2 3 4 5 6; do
    "$W2S" run slow.yaml $slow --runs cut >out 2>err &
    pid=$!
    sleep .$((1 + i))
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run slow.yaml $slow --runs cut
[ "$(bits whole)" = "$(bits cut)" ] || fail "killed and continued, other bits"

wrong() { expect 2 "$W2S" run micro.yaml "$@" --runs n; }
wrong generative=3
says err '"generative" is a whole number, wanted settings, such as {epochs: 1}'
wrong generative.epoch=1
says err 'unknown key "generative.epoch"; did you mean "generative.epochs"?'
wrong generative.trainable=head
says err '"generative.trainable" is head, wanted all or top N'
wrong 'generative.trainable=lora 4'
says err '"generative.trainable" is lora 4, wanted all or top N'
wrong generative.epochs=1 student.weights=random
says err '"generative" goes on from what a model knows, and the student has weights: random'
finish
