#!/usr/bin/env bash
# simulated_model.sh - a simulated supervisor whose errors are another model's than the student's: that model reads as every model of the study
# does, is told from others by name, is what the errors go by; what is asked for wrongly, and a model that no side uses.
. "$(dirname "$0")/lib.sh"

# Two models of one name, neither the student's: the first has another tokenizer, the second other weights.
mkdir -p s/one/bytes s/two/bytes
cp "$model"/* s/one/bytes/
cp "$model"/* s/two/bytes/
python3 - "$model" <<'END' || fail "a tokenizer without merges, other weights"
import json, sys
t = json.load(open(sys.argv[1] + "/tokenizer.json"))
t["model"]["merges"] = []
json.dump(t, open("s/one/bytes/tokenizer.json", "w"))
raw = bytearray(open(sys.argv[1] + "/model.safetensors", "rb").read())
raw[-2:] = b"\0\0"
open("s/two/bytes/model.safetensors", "wb").write(raw)
END
cp toy.yaml toy.jsonl s/
cat >s/sim.yaml <<END
name: sim
task: toy.yaml
model: $model
data: {supervise: 32, train: 128, valid: 0, test: 200, max_tokens: 20}
supervisor:
  simulated:
    - {errors: model, accuracy: 0.8, layers: 1}
    - {errors: model, accuracy: 0.8, layers: 1, model: one/bytes}
    - {errors: model, accuracy: 0.8, model: one/bytes}
    - {errors: difficulty, accuracy: 0.8, model: one/bytes}
    - {errors: direction, accuracy: 0.8, layers: 2}
    - {errors: direction, accuracy: 0.8, model: one/bytes, layers: 2}
  lr: 2.5e-3
student: {layers: 4, trainable: head, lr: 1e-2}
training: {epochs: 1, batch: 8, warmup: 2, evals: 0}
bootstrap: 200
END
# The model is opened and planned for like any other, and what each supervisor takes is told.
expect 0 "$W2S" run s/sim.yaml --runs r --dry-run
says out "supervisor bytes 1 of 4 layers"
says out "supervisor bytes 4 layers"
says out "supervisor model 1 of 4 layers"
expect 0 "$W2S" run s/sim.yaml --runs r --dry-run --json
python3 - out <<'END' || fail "the estimate takes one model for another"
import json, sys
takes = {j["label"]: j["operations"] for j in json.load(open(sys.argv[1])) if "supervisor direction" in j["label"]}
assert len(takes) == 2 and all(x > 0 for x in takes.values()), takes
END
expect 0 "$W2S" run s/sim.yaml --runs r --json
says err "texts cut to 20 tokens, the same for every model"
says err "16 computed"
cat >check.py <<'END'
import glob, json, struct
r = json.load(open("out"))
def array(job, n):
    raw = open(f"r/jobs/{job}/test.f64", "rb").read()
    x = struct.unpack(f"<{2 * n}d", raw[-16 * n:])
    return [x[2 * i:2 * i + 2] for i in range(n)]
specs = {}
for f in glob.glob("r/jobs/*/job.json"):
    job = json.load(open(f))
    specs[job["hash"]] = job["spec"]
truth = [x["label"] for x in r["examples"]["items"]]
weak = {p["supervisor"]: p["weak"]["jobs"][0] for p in r["pairs"]}
assert set(weak) == {"simulated/" + x for x in ("model-1-0.8", "model-bytes-1-0.8", "model-bytes-all-0.8", "difficulty-bytes-all-0.8",
                                               "direction-bytes-2-0.8", "direction-2-0.8")}, set(weak)
student = specs[r["pairs"][0]["student_scores"]["jobs"][0]]["tokenizer"]
labels = {}
for name, job in weak.items():
    labels[name] = [int(x[1] > x[0]) for x in array(job, 200)]
    wrong = {i for i in range(200) if labels[name][i] != truth[i]}
    assert len(wrong) == 40, (name, len(wrong))
    spec = specs[job] if "direction" in name else specs[specs[job]["model"]]
    assert (spec["tokenizer"] != student) == ("bytes" in name), (name, spec)
    assert spec["layers"] == (4 if "-all-" in name else 2 if "-2-" in name else 1), (name, spec)
    if "direction" in name:
        continue
    x = array(specs[job]["model"], 200)
    errors = {i for i in range(200) if int(x[i][1] > x[i][0]) != truth[i]}
    margin = lambda i: x[i][truth[i]] - x[i][1 - truth[i]]
    if "difficulty" in name:
        assert max(map(margin, wrong)) <= min(margin(i) for i in range(200) if i not in wrong)
    else:
        assert errors <= wrong if len(errors) < 40 else wrong <= errors, (name, len(errors))
assert specs[weak["simulated/model-bytes-all-0.8"]]["model"] == specs[weak["simulated/difficulty-bytes-all-0.8"]]["model"]
assert labels["simulated/model-1-0.8"] != labels["simulated/model-bytes-1-0.8"]
assert labels["simulated/direction-2-0.8"] != labels["simulated/direction-bytes-2-0.8"]
# One cut for all, whatever a job's tokenizer.
assert len({s["data"]["test"] for s in specs.values() if "data" in s}) == 1
END
python3 check.py || fail "errors are not those of the model that is named"
# The settings as they are saved are the same study, from any folder.
mkdir elsewhere && cd elsewhere || exit 1
expect 0 "$W2S" run ../r/studies/sim/study.yaml --runs ../r
says err "0 computed, 16 found"
cd ..

# The student's own model by its name is what it is without: the same jobs, and one supervisor, not two.
expect 0 "$W2S" run s/sim.yaml --runs r name=own data.max_tokens=32 supervisor.simulated='{errors: model, accuracy: 0.8, layers: 1}'
expect 0 "$W2S" run s/sim.yaml --runs r name=own data.max_tokens=32 supervisor.simulated="{errors: model, accuracy: 0.8, layers: 1, model: $model}"
says err "0 computed, 4 found"
expect 2 "$W2S" run s/sim.yaml --runs r name=own supervisor.simulated="[{errors: model, accuracy: 0.8, layers: 1}, {errors: model, accuracy: 0.8, layers: 1, model: $model}]"
says err "the supervisor is the same twice: simulated model-model-1-0.8, and model-1-0.8"
# Two models of one name are told apart by all of it.
expect 0 "$W2S" run s/sim.yaml --runs r --dry-run supervisor.simulated='[{errors: model, accuracy: 0.8, model: s/one/bytes}, {errors: model, accuracy: 0.8, model: s/two/bytes}]'
says out "supervisor model-s/one/bytes-all-0.8"
says out "supervisor model-s/two/bytes-all-0.8"

# What is asked for wrongly.
wrong() { # SED SENTENCE
    sed "$1" s/sim.yaml >s/bad.yaml
    expect 2 "$W2S" run s/bad.yaml --runs r
    grep -v '^task toy\|^warning: task toy' err >rest # what is said of the data before
    mv rest err
    one_sentence
    says err "$2"
}
wrong 's/layers: 1, model: one.bytes/model: [one]/' 's/bad.yaml:8: "model" is a list, wanted a string'
wrong 's/errors: model, accuracy: 0.8, layers: 1, model/errors: length, accuracy: 0.8, model/' 's/bad.yaml:8: unknown key "model"'
wrong 's/errors: model, accuracy: 0.8, layers: 1}/errors: model, accuracy: 0.8}/' 's/bad.yaml:7: "layers" is missing'
wrong 's/errors: model, accuracy: 0.8, model: one/errors: model, accuracy: 0.8, layers: 1, model: one/' 's/bad.yaml:9: "simulated" has model-bytes-1-0.8 twice'
wrong 's/layers: 1, model: one/layers: 9, model: one/' 'bytes has 4 layers, model-bytes-9-0.8 asks for 9'
wrong 's/layers: 1, model: one/layers: 1, model: nowhere/' 'model nowhere/bytes: '
wrong 's#layers: 1, model: one/bytes#layers: 1, model: ladder:none/0.2M#' 'model ladder:none/0.2M: r/ladders/none/0.2M: no such file or folder'

# A model that no side uses: said twice in one file it is refused; where the student's takes the place of a default, or a command sets it, it is not.
wrong "s#^student: {#&model: $model, #" 's/bad.yaml:3: "model" is used by no side: the supervisors are simulated, and the student'"'"'s is student.model'
wrong "s#^student: {#&model: $model, #; /^  simulated/,/^  lr/d; s#^supervisor:#supervisor: {votes: x}#" 's/bad.yaml:3: "model" is used by no side: the supervisors are votes'
sed "/^model:/d; s#^student: {#&model: $model, #" s/sim.yaml >s/own.yaml
expect 0 "$W2S" run s/own.yaml --runs r
says err "0 computed, 16 found"
expect 0 "$W2S" run s/sim.yaml --runs r --dry-run student.model=s/two/bytes
lacks err "used by no side"
expect 0 "$W2S" run s/sim.yaml --runs r --dry-run model=s/one/bytes student.model=s/two/bytes
says err "model=s/one/bytes changes nothing in this study: what holds is student.model"

# A finding's settings are a file's too, and its claims speak of supervisors that are there.
cat >s/finding.yaml <<END
name: erring
title: Errors of another model
shape: All is as it is.
scales:
  laptop:
    studies:
      - as: one
        study: ./sim.yaml
        set:
          student: {model: $model, trainable: head}
          supervisor.simulated: [{errors: uniform, accuracy: 0.8}, {errors: model, accuracy: 0.8, model: s/two/bytes}]
claims:
  - {say: a model's errors cost less, value: student, where: {supervisor: "simulated/model-*-0.8"}, minus: {supervisor: "simulated/uniform-*"}, match: none, above: 0}
figure:
  - {title: Accuracy, label: accuracy, x: supervisor, series: [{y: student}]}
END
expect 0 "$W2S" reproduce s/finding.yaml --dry-run --runs r
expect 0 "$W2S" reproduce s/finding.yaml student.model=s/one/bytes --dry-run --runs r
sed "s#^        set:#&\n          model: [$model, s/one/bytes]#" s/finding.yaml >s/bad.yaml
expect 2 "$W2S" reproduce s/bad.yaml --dry-run --runs r
says err 's/bad.yaml:10: "model" is used by no side'
one_sentence
sed 's#simulated/model-\*-0.8#simulated/model-2-0.8#' s/finding.yaml >s/bad.yaml
expect 2 "$W2S" reproduce s/bad.yaml --dry-run --runs r
says err 's/bad.yaml:13: "supervisor" is "simulated/model-2-0.8", wanted what its studies have at scale laptop: "simulated/uniform-0.8", "simulated/model-bytes-all-0.8"'
one_sentence
finish
