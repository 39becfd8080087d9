#!/usr/bin/env bash
# probe.sh - linear probes end to end: every depth from one forward, supervisors, students and ceilings; fine-tuned students that are probed.
. "$(dirname "$0")/lib.sh"

cat >probe.yaml <<END
name: probe
title: Probes
task: toy.yaml
model: $model
learner: probe
data: {supervise: 60, train: 256, valid: 20, test: 200, max_tokens: 32}
supervisor: {layers: [1, 2]}
student: {layers: [1, 2, 4]}
controls: true
bootstrap: 200
END
numbers() {
    (cd "$1" && find jobs -name '*.f64' -o -name features.f32 | LC_ALL=C sort | xargs sha256sum)
}

expect 0 "$W2S" run probe.yaml --dry-run --runs a
says out "features of 1, 2, 4 layers, test"
says out "features of 1, 2 layers, supervise"
expect 0 "$W2S" run probe.yaml --runs a --json
says err "14 computed, 0 found, 0 failed"
cp out a.json
python3 - out <<'END' || fail "shape of the results, or what probes learn"
import json, sys
r = json.load(open(sys.argv[1]))
assert r["study"]["student"] == {"learner": "probe", "weights": "pretrained", "micro_tokens": 1024}, r["study"]["student"]
assert len(r["pairs"]) == 10 and len(r["jobs"]) == 14
features = [j for j in r["jobs"] if j["role"] == "features"]
assert len(features) == 4 and all(j["result"]["accuracy"] is None and j["method"] == "" for j in features)
assert all(m["how"] == "probe" for m in r["models"]) and len(r["models"]) == 3
for p in r["pairs"]:
    assert p["control"] == (p["method"] == "ground truth") and not p["ground_truth"]
    if p["control"] and p["pgr_undefined"] is None:
        assert p["pgr"] == [1, 1, 1]
    assert p["ceiling"]["accuracy"][0] > .7, p["ceiling"]
    # who stands on features counts what a forward of its own depth takes
    assert p["cost"]["flops"] > 0 and p["cost"]["jobs"] <= 2
two = {p["student"]: p["ceiling"]["accuracy"][0] for p in r["pairs"]}
assert max(two.values()) > .85, two  # the task's labels are right nine times in ten
by = {j["label"]: j["result"]["flops"] for j in r["jobs"] if j["role"] == "ceiling"}
assert 0 < by["ceiling 1 of 4 layers, probe"] < by["ceiling 2 of 4 layers, probe"] < by["ceiling 4 layers, probe"], by
assert all(j["result"]["probe"]["c"] in (1e-4, 1e-3, 1e-2, .1, 1) for j in r["jobs"] if j["role"] != "features")
END
expect 0 "$W2S" run probe.yaml --runs b --jobs 1
[ "$(numbers a)" = "$(numbers b)" ] || fail "one after the other, other bits"
expect 0 "$W2S" run probe.yaml --runs a
says err "0 computed, 14 found"
# What it wrote down is the same study.
expect 0 "$W2S" run a/studies/probe/study.yaml --runs a
says err "0 computed, 14 found"
# Nothing of fine-tuning is in a probe's name, nor are the seeds that it draws nothing of.
expect 0 "$W2S" run probe.yaml training.epochs=7 training.lr=1e-3 seed.order=3 seed.init=3 --runs a
says err "0 computed, 14 found"
expect 0 "$W2S" run probe.yaml seed.split=3 --runs b
says err "14 computed, 0 found"
rm -rf b/jobs
expect 0 "$W2S" run probe.yaml --runs b
# Other depths beside it change no probe; where all are there, their features are not made again.
expect 0 "$W2S" run probe.yaml student.layers='[2, 4]' supervisor.layers=2 controls=false --runs a
says err "0 computed, 9 found"
expect 0 "$W2S" run probe.yaml student.layers='[1, 2, 3, 4]' name=more --runs a --json
says err "6 computed, 11 found"
python3 - a.json out <<'END' || fail "a probe is another beside other depths"
import json, sys
a, b = ({j["label"]: j["hash"] for j in json.load(open(f))["jobs"] if j["role"] != "features"} for f in sys.argv[1:])
assert all(b[k] == v for k, v in a.items()) and len(b) > len(a)
END
! command -v gnuplot >/dev/null || says a/studies/more/report.html "figures/layers.svg"
says a/studies/more/figures/layers.gp '$w using 1:2'
# One c, and what it does: much decay makes a probe say what is most common.
expect 0 "$W2S" run probe.yaml probe.c=1e-9 name=flat supervisor.layers=1 student.layers=4 --runs a --json
python3 - out <<'END' || fail "c is not used"
import json, sys
r = json.load(open(sys.argv[1]))
first = r["examples"]["items"][0]["probs"]
assert all(abs(p[0] - q[0]) < 1e-5 for x in r["examples"]["items"] for p, q in zip(x["probs"], first)), first
END

# Killed at any moment and run again: the same bits.
want=$(numbers a | grep -F -f <(cd b && ls jobs)) kills=0
for done in 1 3 6 9; do # jobs
    "$W2S" run probe.yaml --runs cut >out 2>err &
    pid=$!
    while kill -0 $pid 2>/dev/null && [ "$(ls cut/jobs 2>/dev/null | wc -l)" -lt $done ]; do sleep .005; done
    kill -9 $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run probe.yaml --runs cut
[ "$(numbers cut)" = "$want" ] || fail "killed and continued, other bits"
[ "$kills" -ge 1 ] || fail "no kill hit a running program"

# A fine-tuned student that is probed, on ground truth and marked so. One that has not learnt is the model as it is, and its probe the ceiling.
sed '/learner/d; s/controls: true/methods: [naive, finetune_probe]/' probe.yaml >tuned.yaml
expect 0 "$W2S" run tuned.yaml student.layers=4 student.lr=1e-2 training.epochs=3 training.batch=8 training.warmup=2 name=tuned --runs a --json
python3 - out <<'END' || fail "ft(weak) + lp(gt) is not what it says"
import json, sys
for p in json.load(open(sys.argv[1]))["pairs"]:
    assert p["ground_truth"] == (p["method"] == "finetune_probe")
    assert not p["ground_truth"] or p["student_scores"]["accuracy"][0] > .7, p["student_scores"]
END
says a/studies/tuned/report.html "finetune_probe (on ground truth)"
# It is naive's training, once: that leaves its end beside its predictions, by the name that it always has. Alone, or beside a naive of which
# nothing is left but predictions, it trains for itself, to the same bits.
tuned=(tuned.yaml student.layers=4 student.lr=1e-2 training.epochs=3 training.batch=8 training.warmup=2)
cp out tuned.json
expect 0 "$W2S" run "${tuned[@]}" methods=finetune_probe name=alone --runs e --json
cp out alone.json
expect 0 "$W2S" run "${tuned[@]}" methods=naive name=naive --runs d --json
cp out naive.json
expect 0 "$W2S" run "${tuned[@]}" name=later --runs d --json
cp out later.json
python3 - <<'END' || fail "finetune_probe is not naive's student"
import glob, json
def probed(name, runs):
    r = json.load(open(name + ".json"))
    p = {q["method"]: q for q in r["pairs"] if q["supervisor"] == r["pairs"][0]["supervisor"]}
    job = p["finetune_probe"]["student_scores"]["jobs"][0]
    return p, job, open(f"{runs}/jobs/{job}/test.f64", "rb").read(), next(j["result"] for j in r["jobs"] if j["hash"] == job)
(a, job, bits, result), (b, *alone), (c, *later) = probed("tuned", "a"), probed("alone", "e"), probed("later", "d")
assert job == alone[0] == later[0] and bits == alone[1] == later[1]
naive = a["naive"]["student_scores"]["jobs"][0]
assert naive == json.load(open("naive.json"))["pairs"][0]["student_scores"]["jobs"][0]
assert sorted(glob.glob(f"a/jobs/{naive}/end-*")) == [f"a/jobs/{naive}/end-{part}.f32" for part in ("test", "train", "valid")]
assert not glob.glob(f"d/jobs/{naive}/end-*")
assert result["tokens"] == result["steps"] == 0 and alone[2]["tokens"] == later[2]["tokens"] > 0
# A pair costs one training, whoever trained.
for key in ("tokens", "predicted_tokens", "flops"):
    cost = [x["finetune_probe"]["cost"][key] for x in (a, b, c)]
    assert max(cost) - min(cost) <= 1e-9 * max(cost) and cost[0] >= a["naive"]["cost"][key], (key, cost)
assert a["finetune_probe"]["cost"]["tokens"] == a["naive"]["cost"]["tokens"]
END
for f in a/jobs/*/end-train.f32; do printf x >>"$f"; done
rm -rf $(grep -l '"kind": *"finetune_probe"' a/jobs/*/job.json | xargs -n 1 dirname)
expect 1 "$W2S" run "${tuned[@]}" name=tuned --runs a
says err "end-train.f32: "
threads=$W2S_THREADS
export W2S_THREADS=1
expect 0 "$W2S" run tuned.yaml student.layers=4 student.epochs=0 name=still --runs c --json
cp out still.json
expect 0 "$W2S" run probe.yaml --runs c --json
python3 - still.json out c <<'END' || fail "a probe of what has not learnt is not the ceiling's"
import json, sys
still, probe = (json.load(open(f)) for f in sys.argv[1:3])
a = next(p for p in still["pairs"] if p["method"] == "finetune_probe")["student_scores"]["jobs"][0]
b = next(p for p in probe["pairs"] if p["student"].endswith("/4/probe"))["ceiling"]["jobs"][0]
read = lambda job: open(f"{sys.argv[3]}/jobs/{job}/test.f64", "rb").read()
assert a != b and read(a) == read(b)
END
export W2S_THREADS=$threads
# A side of each kind; random weights, each depth a model of its own.
expect 0 "$W2S" run tuned.yaml supervisor.learner=probe student.layers=4 student.epochs=1 methods=naive name=mixed --runs a
says out "1 of 4 layers, probe"
expect 0 "$W2S" run probe.yaml student.weights=random name=random --runs a
says err "features of 1 layer, random weights, test"
says err "features of 4 layers, random weights, test"

# Of models that learnt the task's texts first, each depth of its own; with 0 epochs they are as they were.
expect 0 "$W2S" run probe.yaml generative.epochs=0 name=texts --runs a --json
says err "features of 4 layers, test"
python3 - a.json out a <<'END' || fail "probes of models that learnt nothing more are others"
import json, sys
a, b = ({j["label"]: j for j in json.load(open(f))["jobs"] if "probe" in j["label"]} for f in sys.argv[1:3])
read = lambda job: open(f"{sys.argv[3]}/jobs/{job['hash']}/test.f64", "rb").read()
assert set(a) == set(b) and all(a[k]["hash"] != b[k]["hash"] and read(a[k]) == read(b[k]) for k in a)
END

# Texts to choose among, rewarded by w x.
awk 'BEGIN { srand(3); split("good bad dull", w, " ")
    for (i = 0; i < 500; i++) { k = int(3 * rand())
        printf "{\"q\": \"%d which\", \"a\": [\"%s film\", \"%s film\", \"%s film\"], \"right\": %d}\n", i, k ? "dull" : "good", k == 1 ? "good" : "dull", k == 2 ? "good" : "bad", k } }' >choice.jsonl
cat >choice.yaml <<'END'
name: choice
citation: none
licence: CC0
kind: choice
source: {files: {all: choice.jsonl}}
choice: {question: q, options: a, answer: right, alternatives: 3}
template: "{q} {candidate}"
END
expect 0 "$W2S" run probe.yaml task=choice.yaml name=choice data.test=100 --runs a
says err "0 failed"

# What makes no sense is a sentence.
expect 2 "$W2S" run probe.yaml methods=confidence --runs c
says err "method confidence is a way of fine-tuning, and the student's learner is a probe: it learns by naive"
expect 2 "$W2S" run probe.yaml methods=finetune_probe --runs c
says err "method finetune_probe fine-tunes a student before it fits a probe"
expect 2 "$W2S" run probe.yaml student.trainable=head --runs c
says err '"student.trainable" is of fine-tuning, and the learner is a probe'
expect 2 "$W2S" run probe.yaml untrained=true --runs c
says err '"untrained" is a student as it starts, and a probe starts as nothing'
expect 2 "$W2S" run probe.yaml save=true --runs c
says err '"save" keeps models that were trained, and the learner is a probe'
expect 2 "$W2S" run probe.yaml probe.c='[1, 0.1]' --runs c
says err '"probe.c" has 0.1 behind 1, wanted numbers that rise'
expect 2 "$W2S" run probe.yaml probe.c=0 --runs c
says err '"probe.c" is 0, wanted 1e-9 to 1e9'
expect 2 "$W2S" run probe.yaml learner=prober --runs c
says err 'did you mean "probe"?'
expect 2 "$W2S" run probe.yaml student.layers=5 --runs c
says err "has 4 layers, the study asks for 5"
words_task words.yaml
expect 2 "$W2S" run probe.yaml task=words.yaml data="{supervise: 60, train: 60, test: 60}" --runs c
says err "a probe tells classes or texts apart, and the answers of task words are written"
# A probe's features that are not whole are said, with what to do.
for f in b/jobs/*/features.f32; do printf x >>"$f"; done
rm -rf $(grep -l '"role": *"none"\|"kind": *"probe"' b/jobs/*/job.json | xargs -n 1 dirname)
expect 1 "$W2S" run probe.yaml --runs b
says err "features.f32: "
# A student learns what its supervisor says and nothing else: of labels that are all wrong it learns the contrary.
expect 0 "$W2S" label probe.yaml --examples
python3 - <<'END'
import csv
with open("contrary.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "negative", "positive"])
    w.writerows([x["id"], *((1, 0) if x["truth"] == "1" else (0, 1))] for x in csv.DictReader(open("out", newline="")) if x["part"] in ("train", "valid"))
END
expect 0 "$W2S" run probe.yaml supervisor='{labels: contrary.csv}' student.layers=4 name=contrary --runs b --json
python3 - <<'END' || fail "a student that learns the contrary"
import json
(p,) = (p for p in json.load(open("out"))["pairs"] if not p["control"])
assert p["student_scores"]["accuracy"][0] < .4 and p["ceiling"]["accuracy"][0] > .6, p
END
finish
