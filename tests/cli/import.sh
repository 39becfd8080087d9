#!/usr/bin/env bash
# import.sh - predictions made elsewhere: a study's own, exported and imported, are the same numbers; other tools' tables in the forms that
# docs/import.md has; what is wrong is told with its line.
. "$(dirname "$0")/lib.sh"

expect 0 "$W2S" run micro.yaml seeds=2 name=micro --runs a --json
cp out study.json
cp a/studies/micro/predictions.csv wide.csv
cat >wide.yaml <<'END'
name: wide
title: The same, by another program
classes: [negative, positive]
predictions: wide.csv
pairs:
  - supervisor: supervisor MODEL/1
    student: student MODEL/4 naive from MODEL/1
    ceiling: ceiling MODEL/4
  - supervisor: supervisor MODEL/1
    student: student MODEL/4 confidence from MODEL/1
    ceiling: ceiling MODEL/4
    method: confidence
bootstrap: 200
END
sed -i "s#MODEL#$model#g" wide.yaml
expect 0 "$W2S" import wide.yaml --runs a --json
cp out wide.json
python3 - study.json wide.json <<'END' || fail "a study that is exported and imported has other numbers"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:3])
assert len(a["pairs"]) == len(b["pairs"]) == 2 and b["study"]["imported"] is True
for p, q in zip(a["pairs"], b["pairs"]):
    for key in ("pgr", "gap", "gain", "agreement", "error_inheritance", "pgr_undefined", "verdict", "method", "minus_naive", "seeds"):
        assert p.get(key) == q.get(key), (key, p.get(key), q.get(key))
    for role in ("weak", "student_scores", "ceiling"):
        assert {k: v for k, v in p[role].items() if k != "jobs"} == {k: v for k, v in q[role].items() if k != "jobs"}, role
    assert [dict(x, seed=0) for x in p["per_seed"]] == [dict(x, seed=0) for x in q["per_seed"]]
assert a["task"]["constant_accuracy"] == b["task"]["constant_accuracy"]
assert [x["id"] for x in a["examples"]["items"]] == [x["id"] for x in b["examples"]["items"]]
END
# It is a study like others for report, ls, show; again nothing is done.
expect 0 "$W2S" import wide.yaml --runs a
says out "The same, by another program"
says err "0 computed, 8 found"
lacks out nan
expect 0 "$W2S" report wide --runs a
says out "student $model/4 naive"
says a/studies/wide/report.html "made by other programs and imported: 200 test examples"
if grep -qw nan a/studies/wide/{report.html,results.csv}; then fail "the report says nan"; fi
# How many examples others trained on is not known: no column of it, or a dash in it.
sed 's/^name: wide/name: again/' wide.yaml >again.yaml
expect 0 "$W2S" import again.yaml --runs a
expect 0 "$W2S" report wide again --runs a
says out "constant"
lacks out train
expect 0 "$W2S" report wide micro --runs a
grep -qE "^wide +- +200 " out || fail "a dash is not in the imported study's column of train"
grep -qE "^micro +[1-9][0-9]+ +200 " out || fail "the other study has no number"
expect 0 "$W2S" ls wide --runs a
expect 0 "$W2S" show "$(python3 -c 'import json; print(json.load(open("wide.json"))["pairs"][0]["weak"]["jobs"][0][:12])')" --runs a
says out "test accuracy"
# Its settings can be imported from any folder.
(mkdir -p sub && cd sub && "$W2S" import ../a/studies/wide/study.yaml --runs ../a >out 2>err) || fail "study.yaml of an import"
says sub/err "0 computed, 8 found"

# The same as long tables: a row a model, the truth in a file of its own (what --examples writes), ids that are not ours, sizes.
expect 0 "$W2S" label micro.yaml seeds=2 --examples --runs nowhere
cp out examples.csv
python3 - "$model" <<'END'
import csv, json, sys
rows = list(csv.DictReader(open("wide.csv", newline="")))
names = {"small": f"supervisor {sys.argv[1]}/1", "big": f"student {sys.argv[1]}/4 naive from {sys.argv[1]}/1", "best": f"ceiling {sys.argv[1]}/4"}
with open("long.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "seed", "model", "probability"])
    w.writerows([x["id"], x["seed"], name, x[column + ": positive"]] for x in rows for name, column in names.items())
for name, column in names.items():
    with open(name + ".jsonl", "w") as f:
        for i, x in enumerate(x for x in rows if x["seed"] == "0"):
            f.write(json.dumps({"id": 7 * i, "label": int(x["label"]), "negative": float(x[column + ": negative"]), "positive": float(x[column + ": positive"])}) + "\n")
END
cat >long.yaml <<'END'
name: long
classes: [negative, positive]
truth: examples.csv
predictions: long.csv
pairs: [{supervisor: small, student: big, ceiling: best}]
params: {small: 1e6, big: 2e6, best: 2e6}
bootstrap: 200
END
expect 0 "$W2S" import long.yaml --runs a --json
python3 - wide.json out <<'END' || fail "long tables have other numbers than wide ones"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:3])
p, q = a["pairs"][0], b["pairs"][0]
for key in ("pgr", "gap", "gain", "agreement", "verdict"):
    assert p[key] == q[key], key
assert (q["supervisor"], q["student"]) == ("small", "big")
assert b["examples"]["items"][0]["text"]
END
[ -s a/studies/long/figures/accuracy.svg ] || ! command -v gnuplot >/dev/null || fail "sizes were told, and the figure is not drawn"
expect 0 "$W2S" import long.yaml name=own "predictions={small: small.jsonl, big: big.jsonl, best: best.jsonl}" truth=small.jsonl --runs a --json
python3 - study.json out <<'END' || fail "own ids"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:3])
assert b["pairs"][0]["seeds"] == 1
for mine, theirs in (("weak", "weak"), ("student", "student_scores"), ("ceiling", "ceiling")):
    assert a["pairs"][0]["per_seed"][0][mine] == b["pairs"][0][theirs]["accuracy"][0]
END

# The same questions, as texts of a CSV and as whole numbers of JSON lines: the same groups, the same intervals. A question may stand in one row
# of an example alone, the first or a later one.
python3 - <<'END'
import csv, json
rows = list(csv.DictReader(open("long.csv", newline="")))
truth = {(x["seed"], x["id"]): x["truth"] for x in csv.DictReader(open("examples.csv", newline="")) if x["part"] == "test"}
number = {}
for x in rows:
    number.setdefault(x["id"], len(number) // 20)
rows = [{"id": x["id"], "model": x["model"], "probability": float(x["probability"]), "label": int(truth["0", x["id"]]), "question": number[x["id"]]} for x in rows if x["seed"] == "0"]
def write(name, rows):
    with open(name + ".csv", "w", newline="") as f:
        w = csv.DictWriter(f, rows[0])
        w.writeheader()
        w.writerows(rows)
    with open(name + ".jsonl", "w") as f:
        f.writelines(json.dumps(x) + "\n" for x in rows)
write("asked", rows)
write("later", [dict(x, question=x["question"] if x["model"] == "best" else None) for x in rows])
write("alone", [{k: v for k, v in x.items() if k != "question"} for x in rows])
END
for file in asked.csv asked.jsonl later.csv later.jsonl alone.csv; do
    expect 0 "$W2S" import long.yaml name=asked predictions=$file truth=$file --runs q --json
    cp out "$file.json"
done
python3 - <<'END' || fail "questions are other groups in another format"
import json
pair = {f: json.load(open(f + ".json"))["pairs"][0]["pgr"] for f in ("asked.csv", "asked.jsonl", "later.csv", "later.jsonl", "alone.csv")}
assert all(pair[f] == pair["asked.csv"] for f in pair if f != "alone.csv"), pair
assert pair["alone.csv"] != pair["asked.csv"], pair
END
echo '{"id": "aa", "model": "small", "probability": 0.5, "label": 1, "question": 1.5}' >real.jsonl
expect 2 "$W2S" import long.yaml predictions=real.jsonl truth=real.jsonl params={} --runs a
one_sentence
says err 'real.jsonl:1: "question" is a number, wanted a text or a whole number'

# What is wrong
wrong() { # SENTENCE, overrides, lines of a table
    local sentence=$1
    shift
    printf '%s\n' "$@" >wrong.csv
    expect 2 "$W2S" import long.yaml predictions=wrong.csv truth=truth.csv params={} --runs a
    one_sentence
    says err "$sentence"
}
printf '%s\n' id,truth aa,0 bb,1 >truth.csv
wrong 'wrong.csv:2: "probability" is "2", wanted a probability' id,model,probability aa,small,2
wrong 'wrong.csv:3: the id "aa" is in line 2 already' id,model,probability aa,small,0.5 aa,small,0.5
wrong 'wrong.csv:2: unknown column "modle"; did you mean "model"?' id,modle,probability aa,small,0.5
wrong 'whose predictions are these?' id,probability aa,0.5
wrong 'there is no probability: wanted "probability"' id,model,label aa,small,1
wrong 'wrong.csv:3: the truth of id "aa" is "positive", and in' id,model,probability,label bb,small,0.5,1 aa,small,0.5,1
wrong '"m: negative" is "missing", wanted a probability' 'id,m: positive' aa,0.5
wrong 'there are no predictions of a model "big"; there are of "small"' id,model,probability aa,small,0.5 bb,small,0.5
wrong 'of model "small" 1 of the 2 test examples of seed 0 have no prediction, the first is id bb (truth.csv:3)' id,model,probability aa,small,0.5 aa,big,0.5
# Where classes are named as others are numbered, what could be either is refused until the file says which it is.
printf '%s\n' id,model,p_0,p_1,label aa,small,1,0,1 aa,big,1,0,1 aa,best,1,0,1 bb,small,0,1,0 bb,big,0,1,0 bb,best,0,1,0 >digits.csv
cat >digits.yaml <<'END'
name: digits
classes: ["1", "0"]
predictions: digits.csv
pairs: [{supervisor: small, student: big, ceiling: best}]
bootstrap: 200
END
expect 2 "$W2S" import digits.yaml --runs d
one_sentence
says err 'digits.csv:2: "label" is "1", the name of class 0 and the number of class "0": "labels" of the import file, names or numbers, says'
for labels in names:1 numbers:0; do
    expect 0 "$W2S" import digits.yaml labels=${labels%:*} --runs d --json
    python3 -c 'import json, sys; assert json.load(open("out"))["pairs"][0]["weak"]["accuracy"][0] == float(sys.argv[1])' ${labels#*:} ||
        fail "labels: ${labels%:*}"
done
sed 's/p_0,p_1/probability/; s/,1,0,/,0,/; s/,0,1,/,1,/' digits.csv >one.csv
expect 2 "$W2S" import digits.yaml labels=numbers predictions=one.csv --runs d
one_sentence
says err 'one.csv:2: "probability" is of class number 1, which is named "0" here'
for change in 's/^pairs.*/pairs: []/;"pairs" is empty, wanted a list' 's/ceiling: best/top: best/;unknown key "top"' 's/^predictions/prediction/;did you mean "predictions"?' \
    's/big: 2e6/bag: 2e6/;no predictions of a model "bag"' 's/long.csv/none.csv/;none.csv' 's/\[negative, positive\]/[a]/;wanted a list of 2 to 16 names' 's/^truth.*//;nothing says what is right'; do
    sed "${change%%;*}" long.yaml >changed.yaml
    expect 2 "$W2S" import changed.yaml --runs a
    one_sentence
    says err "${change#*;}"
done
expect 2 "$W2S" import --runs a
one_sentence
finish
