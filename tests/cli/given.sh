#!/usr/bin/env bash
# given.sh - a file of ids and probabilities supervises: a study's own labels come back as they were, examples are written for others to
# label, what is wrong in a file is told with its line.
. "$(dirname "$0")/lib.sh"

# Round trip: the labels of a supervisor that was trained are a supervisor that a student learns the same from.
expect 0 "$W2S" run micro.yaml methods=naive name=micro --runs a --json
cp out first.json
expect 0 "$W2S" label micro.yaml methods=naive name=micro --runs a
cp out weak.csv
expect 0 "$W2S" label micro.yaml methods=naive name=micro --runs a --json
python3 - weak.csv out <<'END' || fail "weak labels as JSON are not those of the CSV"
import csv, json, sys
table = list(csv.DictReader(open(sys.argv[1], newline="")))
lines = [json.loads(line) for line in open(sys.argv[2])]
assert len(table) == len(lines) > 0
for a, b in zip(table, lines):
    assert list(a) == list(b) and isinstance(b["truth"], int) and isinstance(b["seed"], int)
    assert {k: type(b[k])(v) for k, v in a.items()} == b, (a, b)
END
cat >given.yaml <<END
name: given
task: toy.yaml
model: $model
data: {supervise: 32, train: 256, valid: 20, test: 200, max_tokens: 32}
supervisor: {labels: weak.csv}
student: {layers: 4, trainable: top 3, lr: 1e-2}
training: {epochs: 3, batch: 8, warmup: 2, evals: 2}
bootstrap: 200
END
expect 0 "$W2S" run given.yaml --runs a --json
says err "2 computed, 1 found"
says err "weak.csv: 200 of 200 test examples have no row, so that its accuracy and PGR are undefined"
python3 - first.json out a <<'END' || fail "labels that came back"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:3])
p, q = a["pairs"][0], b["pairs"][0]
assert q["supervisor"] == "labels/weak.csv" and q["weak"]["accuracy"] == [None] * 3 and q["pgr"] == [None] * 3, q
assert q["pgr_undefined"] == "the supervisor's labels are not of every test example"
assert "PGR is undefined" in q["verdict"] and q["agreement"]["all"] == [None] * 3
for role in ("student_scores", "ceiling"):
    assert q[role]["accuracy"] == p[role]["accuracy"], role
read = lambda x: open(f"{sys.argv[3]}/jobs/{x['jobs'][0]}/test.f64", "rb").read()
assert read(p["student_scores"]) == read(q["student_scores"]), "not the same bits"
assert q["student_scores"]["jobs"] != p["student_scores"]["jobs"]
END
expect 0 "$W2S" run given.yaml --runs a
says out "weak.csv"
lacks out nan
says a/studies/given/report.html "labels from a file"
if grep -qw nan a/studies/given/{report.html,results.csv}; then fail "the report says nan"; fi
expect 0 "$W2S" ls --runs a
expect 0 "$W2S" show "$(python3 -c 'import json; print(json.load(open("a/studies/given/results.json"))["pairs"][0]["weak"]["jobs"][0])')" --runs a
lacks out nan

# Others label what --examples writes: by a rule here, as a probability, a class's name, one number a class; the test part too.
expect 0 "$W2S" label given.yaml --examples --runs nowhere
cp out examples.csv
expect 0 "$W2S" label given.yaml --examples --json --runs nowhere
cp out examples.jsonl
python3 - <<'END' || fail "--examples"
import csv, json
rows = list(csv.DictReader(open("examples.csv", newline="")))
lines = [json.loads(line) for line in open("examples.jsonl")]
assert len(rows) == len(lines) == 32 + 256 + 20 + 200
truth = {json.loads(line)["text"]: json.loads(line)["label"] for line in open("toy.jsonl")}
good = lambda x: x["text"].endswith(("good", "fine"))
for x, y in zip(rows, lines):
    assert x == {k: str(v) for k, v in y.items()} and int(x["truth"]) == truth[x["text"]]
with open("p.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "probability"])
    w.writerows([x["id"], "0.9" if good(x) else "0.1"] for x in rows if x["part"] in ("train", "test"))
with open("name.csv", "w", newline="") as f:
    w = csv.DictWriter(f, list(rows[0]) + ["label"])
    w.writeheader()
    w.writerows({**x, "label": "positive" if good(x) else "negative"} for x in rows)
with open("two.jsonl", "w") as f:
    for x in rows:
        f.write(json.dumps({"id": x["id"], "p_0": .1 if good(x) else .9, "p_1": .9 if good(x) else .1}) + "\n")
END
for file in p.csv name.csv two.jsonl; do
    expect 0 "$W2S" run given.yaml supervisor.labels=$file name=$file --runs a --json
    python3 - out $file <<'END' || fail "$file supervises"
import json, sys
r = json.load(open(sys.argv[1]))
pair, items = r["pairs"][0], r["examples"]["items"]
right = sum(x["text"].endswith(("good", "fine")) == x["label"] for x in items) / len(items)
assert abs(pair["weak"]["accuracy"][0] - right) < 1e-12 and pair["student_scores"]["accuracy"][0] > .8, pair
assert len(r["models"][0]["file"]) == 64
seen = {tuple(p) for x in items for p in [x["probs"][r["examples"]["jobs"].index(pair["weak"]["jobs"][0])]]}
assert seen == ({(0.0, 1.0), (1.0, 0.0)} if sys.argv[2] == "name.csv" else {(1 - .9, .9), (.9, .1)} if sys.argv[2] == "p.csv" else {(.1, .9), (.9, .1)}), seen
END
done
# Who is wrong more often than one answer to everything is remarked on.
sed 's/0\.9/0.x/; s/0\.1/0.9/; s/0\.x/0.1/' p.csv >inverted.csv
expect 0 "$W2S" run given.yaml supervisor.labels=inverted.csv name=inverted --runs a
says out "Worse than the best constant answer, interval and all: the supervisor of inverted.csv"
says a/studies/inverted/report.html "Worse than the best constant answer"
lacks a/studies/p.csv/report.html "Worse than the best constant answer"
# What was read before is found; a file of other bytes is another supervisor. Several files are several supervisors.
expect 0 "$W2S" run given.yaml supervisor.labels=p.csv name=p.csv --runs a
says err "0 computed, 3 found"
sed -i '2s/0\.[19]$/0.5/; 2s/0\.[19]\r$/0.5\r/' p.csv
expect 0 "$W2S" run given.yaml "supervisor.labels=[p.csv, name.csv]" name=both --runs a
says err "2 computed, 3 found"
expect 0 "$W2S" run a/studies/both/study.yaml --runs a
says err "0 computed, 5 found"
# A row may be of one repetition alone.
expect 0 "$W2S" label given.yaml --examples seeds=2 --runs nowhere
python3 - out <<'END'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
with open("seeds.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["seed", "id", "label"])
    w.writerows([x["seed"], x["id"], x["truth"]] for x in rows if x["part"] == "train")
END
expect 0 "$W2S" run given.yaml supervisor.labels=seeds.csv seeds=2 name=seeds --runs a --dry-run
expect 2 "$W2S" run given.yaml supervisor.labels=seeds.csv seeds=3 name=seeds --runs a --dry-run
says err "students learn from in seed 2 have no row"

# What is wrong with a file
wrong() { # SENTENCE, lines of a file
    local sentence=$1
    shift
    printf '%s\n' "$@" >wrong.csv
    expect 2 "$W2S" run given.yaml supervisor.labels=wrong.csv --runs a
    says err "$sentence"
}
wrong 'wrong.csv:2: "probability" is "1.5", wanted a probability, from 0 to 1' id,probability aa,1.5
wrong 'wrong.csv:3: "probability" is "nan", wanted a probability' id,probability aa,0.5 bb,nan
wrong 'wrong.csv:2: "probability" is "", wanted a probability' id,probability aa,
wrong 'wrong.csv:2: "p_0" is "0x1", wanted a probability' id,p_0,p_1 aa,0x1,0
wrong 'wrong.csv:2: the probabilities sum to 1.2, wanted 1' id,p_0,p_1 aa,0.6,0.6
wrong 'wrong.csv:3: the id "aa" is in line 2 already' id,probability aa,0.5 aa,0.5
wrong 'wrong.csv:2: unknown column "probabilty"; did you mean "probability"?' id,probabilty aa,0.5
wrong 'wrong.csv:2: "id" is missing' key,probability aa,0.5
wrong 'there is a "positive", and no probability of "negative"' id,positive aa,0.5
wrong 'wrong.csv:2: there is no probability: wanted "probability"' id,text aa,words
wrong 'wrong.csv:2: "label" is "maybe", wanted a class: its name, or 0 to 1' id,label aa,maybe
wrong 'wrong.csv:2: "label" is "2", wanted a class' id,label aa,2
wrong 'wrong.csv:3: a row of supervisor "b" after one of "a"' id,label,supervisor aa,1,a bb,1,b
wrong 'wrong.csv:2: "seed" is "-1", wanted' id,label,seed aa,1,-1
wrong 'wrong.csv: there is no row in it' id,label
wrong '256 of the 256 examples that students learn from have no row, the first is id' id,label aa,1
expect 2 "$W2S" run given.yaml supervisor.labels=nothing.csv --runs a
says err nothing.csv
# Beside the study and nowhere else
mkdir -p apart
sed "s|^task: .*|task: $PWD/$(sed -n 's/^task: //p' given.yaml)|" given.yaml >apart/given.yaml
expect 2 "$W2S" run apart/given.yaml --runs a
says err "apart/weak.csv"
expect 2 "$W2S" run given.yaml "supervisor.labels=[p.csv, p.csv]" --runs a
says err '"supervisor.labels" names "p.csv" twice'
expect 2 "$W2S" run given.yaml supervisor.layers=2 --runs a
says err 'unknown key "supervisor.layers"'
for twice in 'student.layers=[2, 2];student.layers" has 2 twice' "student.layers=[4, all];the student is the same twice: 4 layers of $model, and 4 of $model" "student.model=[$model, $model/];the student is the same twice" "student.model=[$model, $model];model\" has"; do
    expect 2 "$W2S" run given.yaml supervisor.labels=p.csv "${twice%%;*}" --runs a
    says err "${twice#*;}"
done

# Looks at the validation part cost alike, as many an epoch as `evals` says and one before the first.
operations() { expect 0 "$W2S" run micro.yaml "$@" --runs looks --dry-run --json && cp out "looks$((++looks)).json"; }
looks=0
operations training.evals=0
operations training.evals=1
operations training.evals=3
operations training.evals=3 training.epochs=0 supervisor.epochs=0
operations training.evals=3 training.epochs=0 supervisor.epochs=0 data.valid=0
python3 - <<'END' || fail "what looks at the validation part cost"
import json
runs = [json.load(open(f"looks{i}.json")) for i in range(1, 6)]
for none, one, three, before, nothing in zip(*([j["operations"] for j in jobs if not j["label"].startswith("ceiling")] for jobs in runs)):  # a ceiling works out what all students read
    epochs = 1 if none == runs[0][0]["operations"] else 3
    look = before - nothing
    assert look > 0 and abs((one - none) / epochs / look - 1) < .01 and abs((three - none) / 3 / epochs / look - 1) < .01, (none, one, three, look)
END
finish
