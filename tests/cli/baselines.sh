#!/usr/bin/env bash
# baselines.sh - methods that are told labels: chosen ones, and the same number of drawn ones used otherwise, which run beside them unasked.
. "$(dirname "$0")/lib.sh"
sed -i 's/^methods: .*/methods: [naive, human_labels]/' micro.yaml
cat >read.py <<'END'
import json, struct, sys
def array(job, name, width, runs="a"):
    raw = open(f"{runs}/jobs/{job}/{name}.f64", "rb").read()
    x = struct.unpack(f"<{(len(raw) - 16) // 8}d", raw[16:])
    return [x[i:i + width] for i in range(0, len(x), width)] if width > 1 else list(x)
def spec(job, runs="a"):
    return json.load(open(f"{runs}/jobs/{job}/job.json"))["spec"]
def study(name):
    r = json.load(open(f"a/studies/{name}/results.json"))
    return r, {p["method"]: p for p in r["pairs"]}, {j["hash"]: j for j in r["jobs"]}
def student(p):
    return p["student_scores"]["jobs"][0]
all_three = ["human_labels", "human_labels_alone", "human_labels_supervisor"]
END
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1

# Unasked, behind what is named, with its share, its seed, and marks. Settings that are as they were are the jobs that they were.
expect 0 "$W2S" run micro.yaml human_labels.share=.25 name=quarter --runs a --dry-run
says err "run beside human_labels, with as many human labels: human_labels_alone, human_labels_supervisor"
says out "student 4 layers, human_labels_alone, from 1 of 4 layers"
says out "supervisor 1 of 4 layers, human labels too"
expect 0 "$W2S" run micro.yaml human_labels.share=.25 name=quarter --runs a
says err "7 computed"
says out "human_labels_alone (64 human labels, beside)"
says out "human_labels (64 human labels) "
tr -s ' \n' ' ' <out >flat
says flat "Run beside human_labels, unnamed: human_labels_alone and human_labels_supervisor: the same number of true labels, drawn, used otherwise."
says flat "Less as many true labels used otherwise, in accuracy: human_labels_alone"
says flat "The supervisor that learnt these labels too is right on"
says a/studies/quarter/report.html "The same labels, used otherwise"
says a/studies/quarter/results.csv "human_labels,minus_baselines human_labels_supervisor,"
says a/studies/quarter/results.csv "human_labels_supervisor,taught supervisor accuracy,"
python3 - <<'END' || fail "baselines beside human labels"
from read import *
r, pairs, jobs = study("quarter")
assert list(pairs) == ["naive"] + all_three and [p.get("beside") for p in r["pairs"]] == [None, None, True, True]
assert r["study"]["baselines"] == {"of": ["human_labels"], "beside": all_three[1:], "left_out": [], "left_out_why": None}
assert [p.get("human_labels") for p in r["pairs"]] == [None, 64, 64, 64]
# One supervisor, of which PGR is, whoever the student learnt from.
weak = {p["weak"]["jobs"][0] for p in r["pairs"]}
assert len(weak) == 1 and "taught" not in spec(*weak)
for m, alone in (("human_labels", False), ("human_labels_alone", True)):
    s = spec(student(pairs[m]))
    assert json.dumps(s["choice"]) == json.dumps({"share": .25, "alone": alone, "seed_label": 0}) and s["targets"] in weak
p = pairs["human_labels_supervisor"]
taught = p["taught_supervisor"]
job, s = taught["jobs"][0], spec(student(p))
assert job not in weak and s["targets"] == job and "choice" not in s
assert spec(job)["taught"] == {"share": .25, "seed_label": 0}
assert {k: v for k, v in spec(job).items() if k != "taught"} == spec(*weak)
result = jobs[job]["result"]
assert result["human_labels"] == 64 and result["steps"] == 12, result  # 32 and 64 examples, 8 at once
assert taught["accuracy"][0] == result["accuracy"] > p["weak"]["accuracy"][0]
assert abs(taught["gain"][0] - (p["student_scores"]["accuracy"][0] - taught["accuracy"][0])) < 1e-12
# Differences, of the method that is named alone.
assert "minus_baselines" not in pairs["human_labels_alone"]
minus = pairs["human_labels"]["minus_baselines"]
assert list(minus) == all_three[1:]
for m, d in minus.items():
    assert abs(d[0] - (pairs["human_labels"]["student_scores"]["accuracy"][0] - pairs[m]["student_scores"]["accuracy"][0])) < 1e-12
    assert d[1] <= d[0] <= d[2]
# What the taught supervisor cost is counted.
assert p["cost"]["jobs"] == 2 and p["cost"]["tokens"] > pairs["naive"]["cost"]["tokens"]
END
# The study that is written down is this one: what it names, and no more.
says a/studies/quarter/study.yaml "methods: [naive, human_labels]"
lacks a/studies/quarter/study.yaml "baselines"
expect 0 "$W2S" run a/studies/quarter/study.yaml --runs a
says err "0 computed, 7 found"
# Named or not, they are the same jobs, and nothing is marked.
expect 0 "$W2S" run micro.yaml methods='[human_labels_supervisor, human_labels, human_labels_alone]' human_labels{,_alone,_supervisor}.share=.25 name=named --runs a
says err "0 computed, 6 found"
lacks err "run beside"
lacks out "beside"

# Left out: said, and written down.
expect 0 "$W2S" run micro.yaml human_labels.share=.25 baselines=false name=none --runs a
says err "0 computed, 4 found"
tr -s ' \n' ' ' <out >flat
says flat "Not run beside human_labels: human_labels_alone and human_labels_supervisor (baselines: false), so that what is gained"
says a/studies/none/study.yaml "baselines: false"
expect 0 "$W2S" run a/studies/none/study.yaml --runs a
says err "0 computed, 4 found"

# Labels that are chosen, each way counted anew from the job's files.
for by in unsure disputed cover; do
    expect 0 "$W2S" run micro.yaml methods='[naive, active_labels]' active_labels="{share: 0.25, by: $by}" name=$by --runs a
    says out "active_labels (64 human labels)"
    says err "run beside active_labels, with as many human labels: human_labels, human_labels_alone, human_labels_supervisor"
done
says err "2 computed"
"$W2S" label micro.yaml --runs a --json >labels.jsonl 2>err || fail "labels"
python3 - <<'END' || fail "chosen labels"
from read import *
truth = [int(str(json.loads(line)["truth"]) in ("1", "positive")) for line in open("labels.jsonl")]
n, seen = len(truth), set()
assert n == 256 and 100 < sum(truth) < 156
for by in ("unsure", "disputed", "cover"):
    r, pairs, jobs = study(by)
    p = pairs["active_labels"]
    repair = spec(student(p))["targets"]
    weak, now, told = array(p["weak"]["jobs"][0], "train", 2), array(repair, "train", 2), array(repair, "told", 1)
    named = [int(x[1] > x[0]) for x in weak]
    assert sum(told) == 64 == p["human_labels"] == jobs[repair]["result"]["human_labels"]
    for i in range(n):
        assert now[i] == ((1 - truth[i], truth[i]) if told[i] else weak[i]), (by, i)
    if by != "cover":
        held = array(repair, "held-out", 2) if by == "disputed" else None
        want = sorted(range(n), key=lambda i: (-held[i][1 - named[i]] if held else max(weak[i]), i))[:64]
        assert sorted(want) == [i for i in range(n) if told[i]], by
    said = jobs[repair]["result"]["repair"]
    wrong = sum(1 for i in range(n) if told[i] and named[i] != truth[i])
    assert said["told"] == 64 and said["told_wrong"] == wrong == said["changed"] and said["kept"] == n, said
    assert abs(said["right_after"] - said["right_before"] - wrong / n) < 1e-12
    # Who reads no text costs no reading.
    assert (jobs[repair]["result"]["flops"] > 0) == (by != "unsure")
    assert list(p["minus_baselines"]) == all_three
    seen.add(tuple(told))
assert len(seen) == 3
END
# All of them: ground truth, the ceiling's bits, and the mixture is no better.
expect 0 "$W2S" run micro.yaml methods='[naive, active_labels]' active_labels.share=1 name=all --runs a
python3 - <<'END' || fail "all labels told"
from read import *
r, pairs, jobs = study("all")
bits = {open(f"a/jobs/{p[k]['jobs'][0]}/test.f64", "rb").read() for p in (pairs["active_labels"], pairs["human_labels"], pairs["human_labels_alone"]) for k in ("student_scores", "ceiling")}
assert len(bits) == 1 and pairs["active_labels"]["minus_baselines"]["human_labels"] == [0, 0, 0]
job = pairs["human_labels_supervisor"]["taught_supervisor"]["jobs"][0]
assert jobs[job]["result"]["steps"] == 36 and jobs[job]["result"]["human_labels"] == 256
END

# What is frozen below a supervisor is computed once, of both parts, and what it learns is what it read.
expect 0 "$W2S" run micro.yaml supervisor='{layers: 2, trainable: top 1, lr: 1e-2}' human_labels.share=1 seeds=2 name=top --runs a
python3 - <<'END' || fail "a supervisor with frozen blocks"
from read import *
r, pairs, jobs = study("top")
p = pairs["human_labels_supervisor"]
own, taught = p["weak"]["accuracy"][0], p["taught_supervisor"]["accuracy"][0]
assert len(p["taught_supervisor"]["jobs"]) == 2 and taught > own + .05 and taught > .8, (own, taught)
END
# A point of such a training is charged as it is.
expect 0 "$W2S" run micro.yaml methods='[naive, early_stop]' early_stop.of=human_labels human_labels.share=.25 name=point --runs a --dry-run
says err "run beside human_labels, with as many"

# Sentences.
expect 2 "$W2S" run micro.yaml methods='[human_labels, active_labels]' active_labels.share=.2 --runs a
one_sentence
says err "human_labels.share is 0.1 and active_labels.share is 0.2: methods that are told labels are compared at one share"
expect 2 "$W2S" run micro.yaml human_labels_alone.share=.3 --runs a
one_sentence
says err "human_labels.share is 0.1 and human_labels_alone.share is 0.3"
expect 2 "$W2S" run micro.yaml human_labels.alone=true --runs a
one_sentence
says err 'alone" is a method now and no setting: name human_labels_alone'
for m in human_labels human_labels_alone human_labels_supervisor active_labels; do
    expect 2 "$W2S" run micro.yaml methods="[naive, $m]" $m.share=0 --runs a
    one_sentence
    says err 'share" is 0, wanted more than 0'
done
expect 2 "$W2S" run micro.yaml methods='[active_labels]' active_labels.share=.001 name=few --runs a
says err "active_labels.share is 0.001, and of the 256 examples of data.train that is none: wanted at least 0.002"
expect 2 "$W2S" run micro.yaml methods=active_labels active_labels='{by: cover, folds: 3}' --runs a
one_sentence
says err 'folds" is of by: disputed, and "by" is cover'
expect 2 "$W2S" run micro.yaml methods=active_labels active_labels.by=chance --runs a
one_sentence
says err 'by" is "chance", wanted one of unsure, disputed, cover'

# Supervisors that learn nothing, or are several: named it is refused, unnamed it is left out, with the reason.
printf 'id,negative,positive\n' >none.csv
while read -r how what; do
    expect 2 "$W2S" run micro.yaml methods='[human_labels_supervisor]' supervisor="$what" --runs a
    one_sentence
    says err "method human_labels_supervisor has the supervisors learn human labels too, and these ${how//_/ }: wanted"
done <<'END'
are_simulated {simulated: [{errors: uniform, accuracy: 0.8}]}
are_votes {votes: sure}
are_labels_from_a_file {labels: none.csv}
are_asked_and_not_trained {layers: 1, learner: prompt, prompt: {shots: 1}}
are_probes {layers: 1, learner: probe}
are_several_models_each {layers: 1, bagging: 2}
END
expect 0 "$W2S" run micro.yaml supervisor='{simulated: [{errors: uniform, accuracy: 0.8}]}' methods='[naive, active_labels]' name=sim --runs a
tr -s ' \n' ' ' <out >flat
says flat "Run beside active_labels, unnamed: human_labels and human_labels_alone:"
says flat "Not run beside active_labels: human_labels_supervisor (the supervisors are simulated)"

# Examples of several texts: labels are told all the same; what compares texts cannot be had.
rated_task
expect 0 "$W2S" run micro.yaml task=rated.yaml data.train=100 data.test=60 data.valid=0 data.supervise=32 supervisor='{layers: 2, trainable: top 1}' methods='[active_labels]' name=rated --runs a
python3 - <<'END' || fail "labels of several texts"
from read import *
r, pairs, jobs = study("rated")
assert all(p["human_labels"] == 10 for p in pairs.values()) and len(pairs) == 4
END
expect 2 "$W2S" run micro.yaml task=rated.yaml data.train=100 data.test=60 data.supervise=32 methods=active_labels active_labels.by=cover --runs a
says err "method active_labels compares texts"
words_task words.yaml
expect 2 "$W2S" run micro.yaml task=words.yaml data.train=100 data.test=60 data.max_tokens=48 methods=active_labels --runs a
says err "method active_labels needs the probability of each class"
finish
