#!/usr/bin/env bash
# prompt.sh - models that are asked and not trained: a study end to end, what moves a job's name, every refusal, killed and run again.
. "$(dirname "$0")/lib.sh"
# Small enough for the micro model's 128 positions: three texts of at most 20 tokens and what is asked of them.
cat >asked.yaml <<END
name: asked
title: Asked
task: toy.yaml
model: $model
data: {supervise: 32, train: 60, valid: 20, test: 100, max_tokens: 24}
supervisor: {layers: 1, epochs: 1, lr: 2.5e-3}
student: {learner: prompt, prompt: {shots: 2, ask: "so:"}}
training: {batch: 8, warmup: 2}
untrained: true
controls: true
bootstrap: 200
END

expect 0 "$W2S" run asked.yaml --runs r
says err "4 computed"
says r/studies/asked/study.yaml 'learner: prompt'
says r/studies/asked/study.yaml 'shots: 2'
tr -s ' \n' ' ' <out >flat
says flat "it is asked without shots (zero-shot)"
says flat "students and ceilings are asked with 2 shots"
says r/studies/asked/results.json '"student": "'"$model"'/4/2-shot"'
checks=$((checks + 1))
python3 - <<'END' || fail "the results are not what they should be"
import glob, json
r = json.load(open("r/studies/asked/results.json"))
naive, control = r["pairs"]
assert control["control"] and control["student_scores"]["accuracy"] == control["ceiling"]["accuracy"], control
assert naive["untrained"]["start"] == "zero-shot"
kinds = {}
for f in glob.glob("r/jobs/*/job.json"):
    j = json.load(open(f))
    kinds.setdefault(j["kind"], []).append((j, json.load(open(f.replace("job.json", "result.json")))))
assert len(kinds["train"]) == 1 and len(kinds["prompt"]) == 3, {k: len(v) for k, v in kinds.items()}
for j, x in kinds["prompt"]:
    assert x["steps"] == 0 and x["tokens"] == 0 and x["predicted_tokens"] > 100 * 10 and x["flops"] > 0, x
shots = sorted(j["spec"]["shots"] for j, _ in kinds["prompt"])
assert shots == [0, 2, 2], shots
for j, _ in kinds["prompt"]:
    s = j["spec"]
    # what cannot change a zero-shot answer is not in its name
    assert ("targets" in s) == ("seed_order" in s) == (s["shots"] > 0), s
    assert s["words"] == [" negative", " positive"] and s["ask"] == "so:", s
    assert s["shots"] == 0 or set(s["data"]) == {"train", "valid", "test"}, s
    assert s["shots"] or set(s["data"]) == {"test"}, s
END
# What stands before every text: a shot of each class, with the words, then what is asked.
for p in r/jobs/*/prompt.txt; do
    lines=$(grep -cE '^so: (negative|positive)$' "$p")
    case $lines in
        0) ;;
        2) grep -q '^so: negative$' "$p" && grep -q '^so: positive$' "$p" || fail "the shots are not balanced: $(cat "$p")" ;;
        *) fail "$lines shots in $p" ;;
    esac
    says "$p" "so: negative | positive"
done
expect 0 "$W2S" run asked.yaml --runs r
says err "0 computed, 4 found"
# The saved study is the same one.
expect 0 "$W2S" run r/studies/asked/study.yaml --runs r
says err "0 computed, 4 found"
# Each setting moves the jobs that it can change, and no others: the supervisor stays.
moved() {
    expect 0 "$W2S" run asked.yaml name=x --runs r "${@:2}"
    says err "$1"
}
moved "2 computed, 2 found" student.prompt.shots=1
moved "3 computed, 1 found" "student.prompt.ask=then"
moved "3 computed, 1 found" "student.prompt.words=[\" bad\", \" good\"]"
moved "3 computed, 1 found" "student.prompt.instruction=Is the film good?"
moved "3 computed, 1 found" student.prompt.calibrate=true
# Calibrated, every answer's odds are those of before by one factor, which is not 1.
checks=$((checks + 1))
python3 - <<'END' || fail "calibration is not applied"
import array, json, math
def logits(study):
    job = json.load(open(f"r/studies/{study}/results.json"))["pairs"][0]["student_scores"]["jobs"][0]
    p = array.array("d", open(f"r/jobs/{job}/test.f64", "rb").read()[-100 * 2 * 8:])
    return [math.log(p[2 * i + 1] / p[2 * i]) for i in range(100)]
by = [a - b for a, b in zip(logits("x"), logits("asked"))]
assert max(by) - min(by) < 1e-9 and abs(by[0]) > 1e-3, (min(by), max(by))
END
# That factor is the odds of what the prompt says of nothing, a mean of three texts (Zhao et al. 2021), as w2s score says each.
for calibrate in false true; do
    expect 0 "$W2S" run asked.yaml name=of-$calibrate student.prompt.shots=0 student.prompt.calibrate=$calibrate untrained=false controls=false --runs r
done
python3 -c '
import json
for text in "N/A\n", "[MASK]\n", "":
    for word in " negative", " positive":
        print(json.dumps({"text": f"{text}so:{word}"}))' >nothing.jsonl
expect 0 "$W2S" score "$model" nothing.jsonl
checks=$((checks + 1))
python3 - out <<'END' || fail "calibration is not by the mean of three texts without content"
import array, json, math, sys
sums = [json.loads(line)["sum"] for line in open(sys.argv[1])]
each = [1 / (1 + math.exp(sums[2 * i] - sums[2 * i + 1])) for i in range(3)]
prior = sum(each) / 3
def logits(study):
    job = json.load(open(f"r/studies/{study}/results.json"))["pairs"][0]["student_scores"]["jobs"][0]
    p = array.array("d", open(f"r/jobs/{job}/test.f64", "rb").read()[-100 * 2 * 8:])
    return [math.log(p[2 * i + 1] / p[2 * i]) for i in range(100)]
by = [a - b for a, b in zip(logits("of-true"), logits("of-false"))]
want = -math.log(prior / (1 - prior))
assert max(each) - min(each) > 1e-3 and all(abs(x - want) < 1e-5 for x in by), (each, want, min(by), max(by))
END
# A student's shots have its supervisor's labels, the ceiling's the truth: of a supervisor who is always wrong the contrary of it.
expect 0 "$W2S" label asked.yaml --examples --runs r
python3 - <<'END'
import csv
with open("contrary.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["id", "probability"])
    w.writerows([x["id"], "0" if x["truth"] == "1" else "1"] for x in csv.DictReader(open("out", newline="")) if x["part"] == "train")
END
expect 0 "$W2S" run asked.yaml name=contrary supervisor='{labels: contrary.csv}' untrained=false controls=false --runs r
checks=$((checks + 1))
python3 - <<'END' || fail "whose labels the shots have"
import json
truth = {x["text"]: ("negative", "positive")[x["label"]] for x in map(json.loads, open("toy.jsonl"))}
(pair,) = json.load(open("r/studies/contrary/results.json"))["pairs"]
for role, right in ("student_scores", False), ("ceiling", True):
    lines = open(f"r/jobs/{pair[role]['jobs'][0]}/prompt.txt").read().splitlines()
    shots = [(a, b[len("so: "):]) for a, b in zip(lines, lines[1:]) if a in truth]
    assert len(shots) == 2 and all((truth[text] == label) == right for text, label in shots), (role, shots)
END
# Both sides asked, without shots: student and ceiling are one job.
expect 0 "$W2S" run asked.yaml name=zero learner=prompt prompt.shots=0 "supervisor={layers: all}" "student={layers: all}" untrained=false --runs r
says err "students without shots learn nothing of their supervisors"
says err "2 computed"
# Layers that are cut off are no language model.
expect 0 "$W2S" run asked.yaml name=cut "supervisor={layers: 2, learner: prompt, prompt: {shots: 1}}" untrained=false --runs r
says err "the first 2 of 4 layers of model are no language model"
expect 0 "$W2S" run asked.yaml --dry-run --runs fresh
says out "student 4 layers, 2 shots, naive, from 1 of 4 layers"

# Refusals.
no() {
    expect 2 "$W2S" run asked.yaml --runs r "${@:2}"
    says err "w2s: "
    says err "$1"
}
no 'method confidence trains, and the students are asked' "methods=[naive, confidence]"
no 'lr" is of a side that trains, and the learner of the student is prompt' student.lr=1e-3
no 'combine" is of a side that trains' "supervisor={layers: [1, 2], learner: prompt, combine: mean}"
no 'trainable" is of a side that trains' student.trainable=head
no 'prompt" says how a model is asked, and the learner of the supervisor is finetune' supervisor.prompt.shots=1
no '"prompt" says how models are asked, and no side is' "student={layers: all}" prompt.shots=1
no 'wanted at most 2 shots, or shorter texts' student.prompt.shots=9
no 'prompt.words has 3 words, task toy has 2 classes' "student.prompt.words=[a, b, c]"
no '"student.prompt.words" has 1 entry, wanted a word for each class: from 2 to 16' "student.prompt.words=[a]"
no '"student.prompt.words" is "a", wanted a list, a word for each class' "student.prompt.words=a"
no '"words" has "a" twice' "student.prompt.words=[a, a]"
no 'did you mean "student.prompt.shots"' student.prompt.shot=1
no '"student.learner" is "asked", wanted one of finetune, ' student.learner=asked
words_task write.yaml
no 'the examples of task words are answered by writing' task=write.yaml untrained=false
sed 's/^classes:/prompt: {words: [x]}\nclasses:/' toy.yaml >one.yaml
no 'one.yaml' task=one.yaml
sed 's/^classes:/prompt: {word: x}\nclasses:/' toy.yaml >bad.yaml
no 'unknown key "word"' task=bad.yaml
# A task's own words.
sed 's/^classes:/prompt: {ask: "it is", words: [" bad", " good"]}\nclasses:/' toy.yaml >own.yaml
expect 0 "$W2S" run asked.yaml name=own task=own.yaml "student={learner: prompt, prompt: {shots: 2}}" --runs own
says "$(ls own/jobs/*/prompt.txt | head -1)" "it is bad | good"

# Killed at random moments and run again: the same bits.
bits() { (cd "$1" && find jobs -name '*.f64' | LC_ALL=C sort | xargs sha256sum); }
RANDOM=5
for i in 1 2 3 4 5 6; do
    "$W2S" run asked.yaml --runs cut >out 2>err &
    pid=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN {printf "%.3f", 0.02 + .5 * r / 32768}')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run asked.yaml --runs cut
expect 0 "$W2S" run asked.yaml --runs whole
[ "$(bits cut)" = "$(bits whole)" ] || fail "killed and continued, other bits"
finish
