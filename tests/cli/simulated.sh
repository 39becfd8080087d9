#!/usr/bin/env bash
# simulated.sh - supervisors made of ground truth: each structure's errors are where it says, counted anew from the files of its job.
. "$(dirname "$0")/lib.sh"

# Sentences of different lengths, some with a word of negation, of two files.
python3 - <<'END'
import json, random
r = random.Random(5)
def row(i):
    y = r.random() < .5
    w = r.choice(["good", "fine"] if y != (r.random() < .1) else ["bad", "dull"])
    return json.dumps({"text": f"{i} the {r.choice(['film', 'plot'])} {r.choice(['is not', 'was', 'is', 'was', 'is'])} {'very ' * r.randrange(4)}{w}", "label": int(y)}) + "\n"
with open("one.jsonl", "w") as one, open("two.jsonl", "w") as two:
    for i in range(900):
        (one if i % 3 else two).write(row(i))
END
sed 's/^  files: .*/  files: {all: [one.jsonl, two.jsonl]}/; s/^name: toy/name: mixed/' toy.yaml >mixed.yaml
cat >sim.yaml <<END
name: sim
task: mixed.yaml
model: $model
data: {supervise: 100, train: 256, valid: 21, test: 200, max_tokens: 48}
supervisor:
  simulated:
    - {errors: uniform, accuracy: 0.8}
    - {errors: length, accuracy: 0.8}
    - {errors: negation, accuracy: 0.8}
    - {errors: direction, accuracy: 0.8, layers: 2}
    - {errors: difficulty, accuracy: 0.8}
    - {errors: model, accuracy: 0.8, layers: 1}
    - {errors: subclass, accuracy: 0.8, class: positive}
    - {errors: subclass, accuracy: 0.9, source: two.jsonl}
    - {errors: length, accuracy: 0.8, imitable: 0.5}
    - {errors: length, accuracy: 0.8, imitable: 0}
  lr: 2.5e-3
student: {layers: 4, trainable: top 3, lr: 1e-2}
training: {epochs: 3, batch: 8, warmup: 2, evals: 2}
methods: [naive]
bootstrap: 200
END
expect 0 "$W2S" run sim.yaml --runs a --json
says err "23 computed"
cat >check.py <<'END'
import glob, json, re, struct, sys
r = json.load(open(sys.argv[1]))
runs = sys.argv[2]
rows = {}  # of the test part, as results.json has them
for x in r["examples"]["items"]:
    rows[x["id"]] = x
items = r["examples"]["items"]
def array(job, part, n):
    raw = open(f"{runs}/jobs/{job}/{part}.f64", "rb").read()
    x = struct.unpack(f"<{2 * n}d", raw[-16 * n:])
    return [x[2 * i:2 * i + 2] for i in range(n)]
said, own = {}, {}
specs = {}
for f in glob.glob(runs + "/jobs/*/job.json"):
    job = json.load(open(f))
    specs[job["hash"]] = job["spec"]
models = {h: s for h, s in specs.items() if s["kind"] == "train" and s["part"] == "supervise"}
assert sorted(s["layers"] for s in models.values()) == [1, 4], models
for p in r["pairs"]:
    name, job = p["supervisor"].split("/")[1], p["weak"]["jobs"][0]
    assert p["supervisor"].startswith("simulated/")
    accuracy = .9 if "two.jsonl" in name else .8
    result = next(j["result"] for j in r["jobs"] if j["hash"] == job)["simulated"]
    for part, n in (("train", 256), ("valid", 21), ("test", 200)):
        assert result[part]["examples"] == n and result[part]["wrong"] == n - int(accuracy * n + .5), (name, part, result[part])
        assert all(sorted(x) == [0, 1] for x in array(job, part, n))
    assert abs(p["weak"]["accuracy"][0] - int(accuracy * 200 + .5) / 200) < 1e-12
    labels = [int(x[1]) for x in array(job, "test", 200)]
    wrong = {i for i in range(200) if labels[i] != items[i]["label"]}
    said[name] = wrong
    text = [x["text"] for x in items]
    truth = [x["label"] for x in items]
    if name == "length-0.8":
        # The longest and the shortest, from the median of the train part on, that contradict the truth.
        inside = [abs(len(text[i])) for i in range(200) if i not in wrong]
        assert all((len(text[i]) > 26) != (truth[i] == 1) or abs(len(text[i]) - 26) < 4 for i in wrong)
        assert result["test"]["structured"] == len(wrong)
    if name == "negation-0.8":
        deny = [i for i in range(200) if truth[i] == 1 and " not " in text[i]]
        assert len(deny) < 40 and set(deny) <= wrong and all(" not " not in text[i] for i in wrong if truth[i] == 0)
        assert result["test"]["structured"] == len(wrong)
    if name == "subclass-positive-0.8":
        assert all(truth[i] == 1 for i in wrong)
    if name == "subclass-two.jsonl-0.9":
        assert all(items[i]["source"].startswith("two.jsonl:") for i in wrong)
    if name == "length-0.8-imitable-0.5":
        assert result["test"]["structured"] == 20 and len(wrong & said["length-0.8"]) >= 20
    if name == "length-0.8-imitable-0":
        assert wrong == said["uniform-0.8"]
    if name == "difficulty-0.8":
        hard = array(specs[job]["model"], "test", 200)
        assert models[specs[job]["model"]]["layers"] == 4
        margin = lambda i: hard[i][truth[i]] - hard[i][1 - truth[i]]
        assert max(margin(i) for i in wrong) <= min(margin(i) for i in range(200) if i not in wrong)
    if name == "model-1-0.8":
        model = array(specs[job]["model"], "test", 200)
        assert models[specs[job]["model"]]["layers"] == 1
        errors = {i for i in range(200) if (model[i][1] > model[i][0]) != (truth[i] == 1)}
        assert errors <= wrong if len(errors) < 40 else wrong <= errors, (len(errors), len(wrong))
# A direction: errors above it are called 1, below it 0, whatever else there is: both occur, and they are not the uniform ones.
d = said["direction-2-0.8"]
assert len(d) == 40 and {items[i]["label"] for i in d} == {0, 1} and d != said["uniform-0.8"]
END
python3 check.py out a || fail "errors are not where they should be"

# The same settings saved are the same study; another seed of labels is another draw.
expect 0 "$W2S" run a/studies/sim/study.yaml --runs a
says err "0 computed, 23 found"
expect 0 "$W2S" run sim.yaml --runs a seed.label=5 supervisor.simulated='[{errors: uniform, accuracy: 0.8}]' name=other
says err "2 computed, 1 found"
expect 0 "$W2S" run sim.yaml --runs a supervisor.simulated='{errors: uniform, accuracy: 1}' controls=true name=truth --json
python3 - out a <<'END' || fail "a supervisor that is always right"
import json, sys
r = json.load(open(sys.argv[1]))
bits = {open(f"{sys.argv[2]}/jobs/{p[k]['jobs'][0]}/test.f64", "rb").read() for p in r["pairs"] for k in ("student_scores", "ceiling")}
assert len(bits) == 1 and r["pairs"][0]["weak"]["accuracy"][0] == 1
END
expect 0 "$W2S" label sim.yaml --runs a
says out "simulated/model-1-0.8,0,"

# Killed while its models learn, and run again: the same labels.
"$W2S" run sim.yaml training.checkpoint_every=0 --runs cut --jobs 1 >out 2>err &
pid=$!
for i in $(seq 1 2000); do
    [ "$(ls cut/jobs 2>/dev/null | wc -l)" -ge 5 ] && break
    sleep .005
done
kill -9 $pid
wait $pid 2>/dev/null
expect 0 "$W2S" run sim.yaml training.checkpoint_every=0 --runs cut
for j in cut/jobs/*/; do
    cmp -s "$j/test.f64" "a/jobs/$(basename "$j")/test.f64" || fail "killed and continued, other bits: $j"
done

# What is asked for wrongly.
wrong() { # LIST SENTENCE [OVERRIDE...]
    local list=$1 sentence=$2
    shift 2
    expect 2 "$W2S" run sim.yaml --runs a supervisor.simulated="$list" "$@"
    says err "$sentence"
}
wrong '[{errors: unifrm, accuracy: 0.8}]' 'did you mean "uniform"'
wrong '[{errors: uniform}]' '"accuracy" is missing'
wrong '[{accuracy: 0.8}]' '"errors" is missing'
wrong '[{errors: uniform, accuracy: 1.2}]' 'accuracy" is 1.2'
wrong '[{errors: uniform, accuracy: 0.8, imitable: 1}]' 'simulated.0.imitable"'
wrong '[{errors: model, accuracy: 0.8}]' '"layers" is missing: of how many layers the model is'
wrong '[{errors: model, accuracy: 0.8, layers: 9}]' 'has 4 layers, model-9-0.8 asks for 9'
wrong '[{errors: subclass, accuracy: 0.8}]' 'wanted "class" or "source"'
wrong '[{errors: subclass, accuracy: 0.8, class: good}]' 'task mixed has no class "good"'
wrong '[{errors: subclass, accuracy: 0.8, source: three}]' 'no example is of "three"'
wrong '[{errors: uniform, accuracy: 0.8}, {errors: uniform, accuracy: 0.8}]' '"simulated" has uniform-0.8 twice'
wrong '[uniform]' 'a simulated supervisor is a map'
wrong '[{errors: difficulty, accuracy: 0.8}]' "which learns from data.supervise, and that is missing" data.supervise=0
sed 's/^name: .*/name: bad/; s/accuracy: 0.8, class: positive/accuracy: 0.8, clas: positive/' sim.yaml >bad.yaml
expect 2 "$W2S" run bad.yaml --runs a
says err 'bad.yaml:13: unknown key "clas"'
one_sentence
expect 1 "$W2S" run sim.yaml --runs a supervisor.simulated='[{errors: subclass, accuracy: 0.2, class: positive}]' name=short
says err "errors in part train are to be of positive, which has"

# Three classes: uniform, a model's, by difficulty and in a class; no two are told apart.
three_task
expect 0 "$W2S" run sim.yaml task=three.yaml --runs a name=three \
    supervisor.simulated='[{errors: uniform, accuracy: 0.7}, {errors: model, accuracy: 0.7, layers: 1}, {errors: difficulty, accuracy: 0.7}, {errors: subclass, accuracy: 0.8, class: other}]' --json
python3 - out <<'END' || fail "three classes"
import json, sys
r = json.load(open(sys.argv[1]))
assert [p["weak"]["accuracy"][0] for p in r["pairs"]] == [.7] * 3 + [.8]
END
wrong '[{errors: length, accuracy: 0.8}]' 'errors length tell two classes apart, and task three has 3' task=three.yaml

# Rewards: places of the better text have no length, and no class.
rated_task
expect 0 "$W2S" run sim.yaml task=rated.yaml data.train=100 data.test=60 data.supervise=32 --runs a name=reward \
    supervisor.simulated='[{errors: uniform, accuracy: 0.8}, {errors: model, accuracy: 0.8, layers: 1}, {errors: difficulty, accuracy: 0.8}]'
wrong '[{errors: length, accuracy: 0.8}]' 'errors length are of one text, and an example of task rated is 2 of them' task=rated.yaml data.train=100 data.test=60 data.supervise=32
words_task words.yaml
wrong '[{errors: uniform, accuracy: 0.8}]' 'the answers of task words are written: a supervisor is a model there' task=words.yaml data.train=100 data.test=60 data.supervise=60
finish
