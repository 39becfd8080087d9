#!/usr/bin/env bash
# untrained.sh - students as they start: what a training of no epochs leaves, a column of its own, nothing of the training in their names.
. "$(dirname "$0")/lib.sh"

# same A B: the untrained student of A is the trained one of B, whose training has no epochs.
same() {
    checks=$((checks + 1))
    python3 - "$@" <<'END' || fail "the untrained student of $1 is not what no training leaves in $2"
import json, sys
a, b = (json.load(open(f"r/studies/{name}/results.json"))["pairs"][0] for name in sys.argv[1:3])
x, y = a["untrained"], b["student_scores"]
assert x["accuracy"] == y["accuracy"] and x.get("legal") == y.get("legal"), (x, y)
# The trained one has its frozen blocks from other pieces: on some processors a product's last bits go by how many rows it has.
assert x["ece"] == y["ece"] or abs(x["ece"] - y["ece"]) < 1e-6, (x, y)
assert x["accuracy"][1] < x["accuracy"][0] < x["accuracy"][2] or x["accuracy"][0] == 0, x
assert abs(x["gain"][0] - (a["student_scores"]["accuracy"][0] - x["accuracy"][0])) < 1e-12, x
assert len(x["jobs"]) == a["seeds"] == len(a["per_seed"]) and all("untrained" in s for s in a["per_seed"])
assert "untrained" not in b and "untrained" not in b["per_seed"][0]
END
}
short="methods=naive data.train=64 --runs r"
expect 0 "$W2S" run micro.yaml name=on untrained=true seeds=2 $short
says err "8 computed"
grep -qE '^supervisor +student +method +weak +untrained +student +ceiling +PGR$' out || fail "the table has no column of untrained students"
tr -s ' \n' ' ' <out >flat
says flat "Untrained is the student before it learns: its head is made of the label words' rows of the unembedding"
says r/studies/on/report.html "untrained student's"
says r/studies/on/report.html "untrained, 4 layers"
says r/studies/on/results.csv "model/1,"
grep -q ',naive,untrained accuracy,,' r/studies/on/results.csv || fail "results.csv has no untrained accuracy"
grep -q ',naive,untrained gain,,' r/studies/on/results.csv || fail "results.csv has no untrained gain"
says r/studies/on/predictions.csv "untrained "
expect 0 "$W2S" run micro.yaml name=off student.epochs=0 seeds=2 $short
grep -qE '^supervisor +student +method +weak +student +ceiling +PGR$' out || fail "a column of untrained students that nobody asked for"
same on off
# Its name has nothing of how the student learns, and what it is changes it.
expect 0 "$W2S" run micro.yaml name=on untrained=true seeds=2 $short student.lr=2e-2 student.trainable=all seed.order=4 data.supervise=40 training.beta1=0.8
says err "6 computed, 2 found"
expect 0 "$W2S" run micro.yaml name=on untrained=true seeds=2 $short student.layers=3
says err "6 computed, 2 found"
expect 0 "$W2S" ls untrained --runs r
[ "$(grep -c ' untrained ' out)" = 4 ] || fail "ls has not the four untrained jobs"
expect 0 "$W2S" show "$(sed -n '2s/ .*//p' out)" --runs r
grep -qE '^  final loss +-$' out || fail "what was not trained has a loss"
if grep -qE '^  curve *$' out; then fail "show has a line for a curve without points"; fi
expect 0 "$W2S" ls unheard-of --runs r
says err 'no job has "unheard-of" in its name'
# Random weights, and a word that is no token.
expect 0 "$W2S" run micro.yaml name=random untrained=true student.weights=random $short
tr -s ' \n' ' ' <out >flat
says flat "Untrained is the student before it learns: its weights are random."
sed 's/word: " good"/word: " not one token"/' toy.yaml >words.yaml
expect 0 "$W2S" run micro.yaml name=words untrained=true task=words.yaml $short
expect 0 "$W2S" run micro.yaml name=words0 student.epochs=0 task=words.yaml $short
same words words0
says r/studies/words/results.json '"start": "random head"'
# A saved model is a trained one.
expect 0 "$W2S" run micro.yaml name=saved untrained=true save=true $short
[ "$(ls -d r/jobs/*/model | wc -l)" = 3 ] || fail "an untrained model was saved"

# Of written answers: what the language model writes.
words_task write.yaml
write="micro.yaml task=write.yaml data.supervise=40 data.train=60 data.valid=0 data.test=80 data.max_tokens=48 methods=naive --runs r"
expect 0 "$W2S" run $write name=write untrained=true
tr -s ' \n' ' ' <out >flat
says flat "it writes on as a language model (zero-shot)"
expect 0 "$W2S" run $write name=write0 student.epochs=0
same write write0
finish
