#!/usr/bin/env bash
# debate.sh - judges that read what is argued: every form end to end, what stands in a job's name, refusals, killed and run again.
. "$(dirname "$0")/lib.sh"
cat >argued.yaml <<END
name: argued
title: Argued
task: toy.yaml
model: $model
data: {supervise: 32, train: 40, valid: 0, test: 60, max_tokens: 24}
supervisor: {layers: 2, epochs: 1, lr: 2.5e-3, debate: {form: [alone, adviser, debate, consultancy], tokens: 4}}
student: {layers: 4, trainable: head, lr: 1e-2, epochs: 1}
training: {batch: 8, warmup: 2, evals: 0}
bootstrap: 200
END

expect 0 "$W2S" run argued.yaml --runs r
# two models argue; four judges, four students, a ceiling
says err "11 computed"
tr -s ' \n' ' ' <out >flat
says flat "2 of 4 layers, two debaters"
says flat "2 of 4 layers, its own arguments"
says flat "Judges, less the same judge alone: one adviser"
says r/studies/argued/report.html "less the same judge alone"
says r/studies/argued/study.yaml "consultancy"
checks=$((checks + 1))
python3 - <<'END' || fail "the jobs are not what they should be"
import glob, json
r = json.load(open("r/studies/argued/results.json"))
pairs = {p["supervisor"].split("/")[-1]: p for p in r["pairs"]}
assert set(pairs) == {"2", "adviser", "debate", "consultancy"}, pairs.keys()
assert "judge" not in pairs["2"]
for form in ("adviser", "debate", "consultancy"):
    judge = pairs[form]["judge"]
    assert judge["form"] == form
    want = pairs[form]["weak"]["accuracy"][0] - pairs["2"]["weak"]["accuracy"][0]
    d, lo, hi = judge["minus_alone"]
    assert abs(d - want) < 1e-12 and lo <= d <= hi, (judge, want)
jobs = [json.load(open(f)) for f in glob.glob("r/jobs/*/job.json")]
argue = {j["hash"]: j for j in jobs if j["kind"] == "argue"}
assert len(argue) == 2 and sorted(j["spec"]["layers"] for j in argue.values()) == [2, 4]
# each judge reads its own transcript: two arguments are longer than one, which is longer than none
tokens = {form: json.load(open(f"r/jobs/{p['weak']['jobs'][0]}/result.json"))["tokens"] for form, p in pairs.items()}
assert tokens["2"] < tokens["adviser"] < tokens["debate"], tokens
reads = [j["spec"]["reads"] for j in jobs if "reads" in j["spec"]]
assert sorted(x["form"] for x in reads) == ["adviser", "debate", "debate"]
assert all(x["arguments"] in argue for x in reads)
for h in argue:
    x = json.load(open(f"r/jobs/{h}/result.json"))
    assert x["accuracy"] is None and x["predicted_tokens"] > 0 and x["flops"] > 0 and x["tokens"] == 0, x
    for part, n in (("supervise", 32), ("train", 40), ("test", 60)):
        rows = [json.loads(l) for l in open(f"r/jobs/{h}/{part}.jsonl", encoding="utf-8")]
        assert len(rows) == n and all(len(row["arguments"]) == 2 for row in rows)
        assert not any("\n" in a for row in rows for a in row["arguments"])
END
expect 0 "$W2S" run r/studies/argued/study.yaml --runs r
says err "0 computed, 11 found"
# A judge alone is the supervisor that there always was.
expect 0 "$W2S" run argued.yaml name=plain "supervisor={layers: 2, epochs: 1, lr: 2.5e-3}" --runs r
says err "0 computed, 3 found"
# What moves whom: another length moves the arguments, the judges and their students, not who is alone; a right adviser one judge.
expect 0 "$W2S" run argued.yaml name=x supervisor.debate.tokens=5 --runs r
says err "8 computed, 3 found"
expect 0 "$W2S" run argued.yaml name=x supervisor.debate.adviser=right --runs r
says err "2 computed, 9 found"
expect 0 "$W2S" run argued.yaml name=x supervisor.debate.temperature=0.5 --runs r
says err "0 computed, 11 found"
expect 0 "$W2S" run argued.yaml name=x supervisor.debate.form=debate supervisor.debate.samples=3 supervisor.debate.turns=2 supervisor.debate.tokens=2 data.max_tokens=20 --runs turns
says err "4 computed"
checks=$((checks + 1))
python3 - <<'END' || fail "a debate of two turns is not whole"
import glob, json
for f in glob.glob("turns/jobs/*/test.jsonl"):
    rows = [json.loads(l) for l in open(f, encoding="utf-8")]
    assert len(rows) == 60 and all(len(row["arguments"]) == 4 for row in rows)
END
# The first turn is as without a second one; in the second each side has heard it, and seldom writes the same once more.
for turns in 1 2; do
    expect 0 "$W2S" run argued.yaml supervisor.debate.form=debate supervisor.debate.turns=$turns supervisor.debate.tokens=2 data.max_tokens=20 --runs heard$turns
done
checks=$((checks + 1))
python3 - <<'END' || fail "nobody hears what was said in the first turn"
import glob, json
def rows(turns):
    return [json.loads(l)["arguments"] for part in ("supervise", "train", "test") for f in glob.glob(f"heard{turns}/jobs/*/{part}.jsonl") for l in open(f, encoding="utf-8")]
one, two = rows(1), rows(2)
assert len(one) == len(two) == 132 and all(len(x) == 2 and y[:2] == x for x, y in zip(one, two))
assert sum(y[:2] != y[2:] for y in two) > 66, two
END
# Arguments that are about other examples, or fewer, are none.
hurt() {
    rm -rf hurt && cp -r heard1 hurt && sed -i "$1" hurt/jobs/*/supervise.jsonl
    expect 1 "$W2S" run argued.yaml supervisor.debate.form=debate supervisor.debate.tokens=2 data.max_tokens=20 supervisor.lr=3e-3 --runs hurt
    says err "$2"
    says err "delete that folder and run the study again"
}
hurt '1{h;d};2G' "supervise.jsonl:1: it is about "
hurt '$d' "supervise.jsonl: rows of 31 examples, wanted 32"
hurt '$p' "which is not example 33 of the part"
hurt '5s/"arguments": *\[/&"more", /' "supervise.jsonl:5: no list of 2 arguments"
# Of sixteen drafts the one is taken that its author believes most: who is asked with it holds the class that is argued for more probable than
# with the best of two, in 7 of 8 examples where drafts are drawn independently, in half of them where the choice is none.
for samples in 2 16; do
    expect 0 "$W2S" run argued.yaml name=drafts "data={supervise: 4, train: 8, valid: 0, test: 80, max_tokens: 20}" \
        "supervisor={learner: prompt, layers: all, prompt: {shots: 0}, debate: {form: adviser, adviser: right, tokens: 4, samples: $samples, temperature: 2}}" --runs drafts$samples
done
checks=$((checks + 1))
python3 - <<'END' || fail "it is not its author's choice that is argued with"
import csv
def held(samples):
    with open(f"drafts{samples}/studies/drafts/predictions.csv", encoding="utf-8") as f:
        (classes, *rows) = list(csv.reader(f))
    of = [next(i for i, c in enumerate(classes) if "supervisor" in c and c.endswith(": " + k)) for k in ("negative", "positive")]
    return [float(x[of[int(x[classes.index("label")])]]) for x in rows]
two, many = held(2), held(16)
more = sum(b > a for a, b in zip(two, many))
assert len(two) == len(many) == 80 and more > 54, more
END
# A judge that is asked, in whose prompt the shots have their arguments too.
expect 0 "$W2S" run argued.yaml name=asked "supervisor={learner: prompt, layers: all, prompt: {shots: 0}, debate: {form: [alone, debate], tokens: 3}}" --runs asked
says err "6 computed"
expect 0 "$W2S" run argued.yaml --dry-run --runs fresh
says out "debater 4 layers"

# Who argues, by a path that counts from the study's file, from any folder; the study that is saved is the same one from any folder too.
mkdir -p far/studies && cp -r "$model" far/loud && sed "s#task: toy.yaml#task: $PWD/toy.yaml#; s#tokens: 4#tokens: 4, model: ../loud#" argued.yaml >far/studies/argued.yaml
expect 0 "$W2S" run far/studies/argued.yaml name=far --runs r
says err "0 computed, 11 found"
grep -q "model: $PWD/far/.*loud" r/studies/far/study.yaml || fail "the saved study does not say where the debaters lie"
expect 0 env -C far "$W2S" run ../r/studies/far/study.yaml --runs ../r
says err "0 computed, 11 found"

no() {
    expect 2 "$W2S" run argued.yaml --runs r "${@:2}"
    says err "$1"
}
no 'wanted one of alone, adviser, debate, consultancy' supervisor.debate.form=talk
no 'form" has debate twice' "supervisor.debate.form=[debate, debate]"
no 'did you mean "supervisor.debate.tokens"' supervisor.debate.token=3
no 'the student has none' "student.debate={form: debate}"
no 'its consultancy is the debate' supervisor.layers=all
no 'wanted fewer turns, tokens or shots' supervisor.debate.turns=8
no 'an ensemble reads the examples alone' "supervisor={layers: [1, 2], combine: mean, debate: {form: debate, tokens: 4}}"
no '"weights" is random' supervisor.weights=random
words_task write.yaml
no 'the examples of task words are answered by writing' task=write.yaml student.trainable=all

bits() { (cd "$1" && find jobs -name '*.f64' -o -name '*.jsonl' | LC_ALL=C sort | xargs sha256sum); }
RANDOM=6
for i in 1 2 3 4 5 6; do
    "$W2S" run argued.yaml --runs cut >out 2>err &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", 0.02 + r / 32768}')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run argued.yaml --runs cut
expect 0 "$W2S" run argued.yaml --runs whole
[ "$(bits cut)" = "$(bits whole)" ] || fail "killed and continued, other bits"
# An adviser who is always right tells the truth: an upper bound, and called so everywhere.
expect 0 "$W2S" run argued.yaml name=told supervisor.debate.adviser=right --runs r
says out "naive (upper bound)"
python3 - <<'END' || fail "an adviser who is always right"
import json
pairs = json.load(open("r/studies/told/results.json"))["pairs"]
told = [p for p in pairs if p["supervisor"].endswith("/adviser-right")]
assert told and all(p["upper_bound"] and p["judge"]["form"] == "adviser-right" for p in told), pairs
assert not any(p["upper_bound"] for p in pairs if p not in told)
END
finish
