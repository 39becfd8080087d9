#!/usr/bin/env bash
# votes.sh - what others say of each row supervises: a person's votes in the place of a model.
. "$(dirname "$0")/lib.sh"

# Of the toy's rows two people's marks: "sure" is right but for one in five and has no opinion of one in ten, "word" goes by the text.
python3 - <<'END'
import json, random
r = random.Random(3)
rows = [json.loads(line) for line in open("toy.jsonl")]
with open("voted.jsonl", "w") as f:
    for x in rows:
        x["marks"] = "[%d; %s]" % (0 if r.random() < .1 else 1 if (x["label"] == 1) == (r.random() < .8) else -1, "yes" if x["text"].endswith(("good", "fine")) else "no")
        f.write(json.dumps(x) + "\n")
END
sed 's/toy.jsonl/voted.jsonl/; s/^name: toy/name: voted/' toy.yaml >voted.yaml
sed -i 's/^fields: .*/fields: {text: text, label: label, mark: {path: marks, number: 0}, word: {path: marks, after: "; ", before: "]"}}/' voted.yaml
cat >>voted.yaml <<'END'
votes:
  sure: {field: mark, ranges: {negative: "< 0", positive: "> 0"}}
  word: {field: word, map: {"no": negative, "yes": positive}}
END
cat >human.yaml <<END
name: human
task: voted.yaml
model: $model
data: {train: 256, valid: 20, test: 200, max_tokens: 32}
supervisor: {votes: [sure, word]}
student: {layers: 4, trainable: top 3, lr: 1e-2}
training: {epochs: 3, batch: 8, warmup: 2, evals: 2}
methods: [naive]
bootstrap: 200
END

expect 0 "$W2S" run human.yaml --runs a
says out "sure"
says err "5 computed"
says a/studies/human/report.html "sure, votes"
expect 0 "$W2S" run human.yaml --runs a --json
says err "0 computed, 5 found"
python3 - out a <<'END' || fail "votes as weak labels"
import csv, glob, json, math, sys
r = json.load(open(sys.argv[1]))
pairs = {p["supervisor"]: p for p in r["pairs"]}
assert set(pairs) == {"votes/sure", "votes/word"}, list(pairs)
# Accuracy of the votes themselves, by the rows: no opinion is the lower class.
truth = {}
for line in open("voted.jsonl"):
    x = json.loads(line)
    mark = int(x["marks"][1:].split(";")[0])
    truth[x["text"]] = (x["label"], mark > 0, "yes" in x["marks"])
rows = r["examples"]["items"]
for i, name in enumerate(("votes/sure", "votes/word")):
    right = sum(truth[x["text"]][0] == truth[x["text"]][1 + i] for x in rows) / len(rows)
    assert abs(pairs[name]["weak"]["accuracy"][0] - right) < 1e-12, (name, right, pairs[name]["weak"])
    assert pairs[name]["student_scores"]["jobs"] != pairs[name]["ceiling"]["jobs"]
# The toy's noise is in the labels, not in the words: who learns from the words is as good as who learns from the labels.
assert pairs["votes/word"]["student_scores"]["accuracy"][0] > .8
END
# Its weak labels are 1, 0, or one half.
python3 - a <<'END' || fail "probabilities of votes"
import glob, json, struct, sys
seen = set()
for f in glob.glob(sys.argv[1] + "/jobs/*/job.json"):
    job = json.load(open(f))
    if job["spec"]["kind"] != "votes":
        continue
    assert "device" not in job["spec"]
    raw = open(f.replace("job.json", "train.f64"), "rb").read()[-256 * 16:]
    seen |= set(struct.unpack("<512d", raw))
assert seen == {0.0, 0.5, 1.0}, seen
END
# The same as CSV, with the texts.
expect 0 "$W2S" label human.yaml --runs a
python3 - out <<'END' || fail "weak labels as CSV"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(rows) == 2 * 256, len(rows)
for x in rows:
    if x["supervisor"] == "votes/word":
        assert float(x["positive"]) == x["text"].endswith(("good", "fine")) and float(x["positive"]) + float(x["negative"]) == 1
assert {x["truth"] for x in rows} == {"0", "1"}
END
expect 2 "$W2S" label human.yaml supervisor.votes=word data.train=200 --runs a
says err "supervisor word is not computed yet, w2s run does it"
expect 2 "$W2S" label human.yaml --runs ""
one_sentence
says err "--runs is empty"
expect 2 "$W2S" label --runs a
one_sentence
# Another vote is another job; the same settings saved are the same study.
expect 0 "$W2S" run a/studies/human/study.yaml --runs a
says err "0 computed, 5 found"
expect 0 "$W2S" run human.yaml supervisor.votes=word --runs a --dry-run
says out "0 to do"

expect 2 "$W2S" run human.yaml supervisor.votes=sre --runs a
says err 'task voted has no votes "sre"; it has sure, word'
expect 2 "$W2S" run human.yaml task=toy.yaml --runs a
says err 'task toy has no votes'
expect 2 "$W2S" run human.yaml supervisor.layers=2 --runs a
says err 'unknown key "supervisor.layers"'
sed 's/word: {field: word/word: {field: nothing/' voted.yaml >wrong.yaml
expect 2 "$W2S" run human.yaml task=wrong.yaml --runs a
says err 'no field is named "nothing"'
sed 's/number: 0/number: 7/' voted.yaml >wrong.yaml
expect 2 "$W2S" run human.yaml task=wrong.yaml --runs a
says err 'which has 1 numbers, wanted number 7 (from 0)'
finish
