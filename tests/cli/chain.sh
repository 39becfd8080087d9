#!/usr/bin/env bash
# chain.sh - bootstrapping: a chain of models, each trained on what the one before says of examples of its own; through nothing it is naive.
. "$(dirname "$0")/lib.sh"

bits() { (cd "$1" && find jobs -name '*.f64' -o -name '*.jsonl' | LC_ALL=C sort | xargs sha256sum); }
expect 0 "$W2S" run micro.yaml 'methods=[naive,bootstrapping]' 'bootstrapping.through=[]' --runs none --json
python3 - out "$model" <<'END2' || fail "through nothing is not naive"
import json, sys
r = json.load(open(sys.argv[1]))
naive, chain = r["pairs"]
assert naive["student_scores"]["jobs"] == chain["student_scores"]["jobs"] and len(r["jobs"]) == 3
assert naive["cost"] == chain["cost"] and chain["chain"] == [f"{sys.argv[2]}/1", f"{sys.argv[2]}/4"], chain["chain"]
END2

through="methods=[naive,bootstrapping] bootstrapping.through=[2,3]"
expect 0 "$W2S" run micro.yaml $through seeds=2 name=chain --runs r --json
cp out chain.json
expect 0 "$W2S" label micro.yaml $through seeds=2 name=chain --examples --runs r
cp out examples.csv
cat >chain.py <<'END2'
import csv, json, struct, sys
text = open("chain.json").read()
r = json.loads(text.replace(json.loads(text)["models"][0]["name"], "model"))
pairs = {p["method"]: p for p in r["pairs"]}
p = pairs["bootstrapping"]
assert p["chain"] == ["model/1", "model/2", "model/3", "model/4"], p["chain"]
jobs = {j["hash"]: j for j in r["jobs"]}
links = {}
for j in r["jobs"]:
    if j["method"] == "bootstrapping":
        links[j["seed"], j["model"]] = j
        assert j["supervisor"] == "model/1"
assert len(links) == 6
assert links[0, "model/4"]["label"] == "student 4 layers, bootstrapping, from 1 of 4 layers through 2 of 4 layers, 3 of 4 layers, seed 0", links[0, "model/4"]["label"]
# Each has a third of the examples, and all of its settings are the student's.
n = {}
for x in csv.DictReader(open("examples.csv", newline="")):
    if x["part"] == "train":
        n.setdefault(int(x["seed"]), []).append(x["question"])
for (seed, _), j in links.items():
    assert j["result"]["steps"] == 3 * 11, j["result"]["steps"] # 85 or 86 of 256 in batches of 8, 3 epochs
    naive = jobs[pairs["naive"]["student_scores"]["jobs"][seed]]["result"]
assert sum(links[0, f"model/{k}"]["result"]["tokens"] for k in (2, 3, 4)) == jobs[pairs["naive"]["student_scores"]["jobs"][0]]["result"]["tokens"]
assert p["cost"]["jobs"] == 4 and pairs["naive"]["cost"]["jobs"] == 2
END2
python3 chain.py || fail "the chain is not what the study says"
says r/studies/chain/predictions.csv "student $model/4 bootstrapping from $model/1: positive"

# What the last link says is learnt where it is the student's slice, and nowhere else.
cat >touch.py <<'END2'
import csv, json, shutil, struct, sys
text = open("chain.json").read()
r = json.loads(text.replace(json.loads(text)["models"][0]["name"], "model"))
inside = sys.argv[1] == "inside"
link = next(j["hash"] for j in r["jobs"] if j["method"] == "bootstrapping" and j["seed"] == 0 and j["model"] == "model/3")
student = next(j["hash"] for j in r["jobs"] if j["method"] == "bootstrapping" and j["seed"] == 0 and j["model"] == "model/4")
questions = [x["question"] for x in csv.DictReader(open("examples.csv", newline="")) if x["part"] == "train" and x["seed"] == "0"]
order = list(dict.fromkeys(questions))
third = {q for i, q in enumerate(order) if 3 * i // len(order) == 2}
path = f"t/jobs/{link}/train.f64"
data = open(path, "rb").read()
x = list(struct.unpack(f"<{2 * len(questions)}d", data[16:]))
for i, q in enumerate(questions):
    if (q in third) == inside:
        x[2 * i], x[2 * i + 1] = x[2 * i + 1], x[2 * i]
open(path, "wb").write(data[:16] + struct.pack(f"<{len(x)}d", *x))
shutil.rmtree(f"t/jobs/{student}")
print(student)
END2
for where in outside inside; do
    rm -rf t
    cp -r r t
    student=$(python3 touch.py $where)
    expect 0 "$W2S" run micro.yaml $through seeds=2 name=chain --runs t
    says err "1 computed"
    if cmp -s {r,t}/jobs/"$student"/test.f64; then got=outside; else got=inside; fi
    [ $got = $where ] || fail "labels that were changed $where its slice: the student says otherwise"
done

# Killed and continued: the same bits.
sed -i 's/evals: 2/evals: 2, checkpoint_every: 0/' micro.yaml
expect 0 "$W2S" run micro.yaml $through --runs whole
for i in 1 2 3 4 5; do
    "$W2S" run micro.yaml $through --runs cut >out 2>err &
    pid=$!
    sleep .$((2 * i))
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 "$W2S" run micro.yaml $through --runs cut
[ "$(bits whole)" = "$(bits cut)" ] || fail "killed and continued, other bits"

# Of several students each has its own chain; a model by its name; another trainable.
expect 0 "$W2S" run micro.yaml $through student.layers='[3,4]' name=two --runs r --json
python3 - out <<'END2' || fail "a chain goes through what is not between"
import json, sys
last = lambda ids: [x.split("/")[-1] for x in ids]
chains = {p["student"][-1]: last(p["chain"]) for p in json.load(open(sys.argv[1]))["pairs"] if p["method"] == "bootstrapping"}
assert chains == {"3": ["1", "2", "3"], "4": ["1", "2", "3", "4"]}, chains
END2
expect 0 "$W2S" run micro.yaml methods=naive student.layers=2 save=true student.trainable=all name=small --runs s --json
cp -r "s/jobs/$(python3 -c 'import json; print(json.load(open("out"))["pairs"][0]["ceiling"]["jobs"][0])')/model" small
mkdir away
sed "s#bootstrap: 200#bootstrap: 200\nbootstrapping: {through: [../small]}#; s#task: toy.yaml#task: $PWD/toy.yaml#; s#methods: .*#methods: [bootstrapping]#" micro.yaml >away/named.yaml
expect 0 "$W2S" run away/named.yaml name=named --runs r --json
python3 - out <<'END2' || fail "a model by its name"
import json, sys
chain = json.load(open(sys.argv[1]))["pairs"][0]["chain"]
assert [x.split("/")[-2:] for x in chain] == [["model", "1"], ["small", "2"], ["model", "4"]], chain
END2
expect 0 "$W2S" run r/studies/named/study.yaml --runs r
says err "0 computed"

# Rewards and written answers; through nothing the latter are naive too.
rated_task
expect 0 "$W2S" run micro.yaml $through task=rated.yaml data.supervise=32 data.train=100 data.test=60 name=rewards --runs r
words_task words.yaml
small="task=words.yaml data.supervise=20 data.train=60 data.test=30 name=words"
expect 0 "$W2S" run micro.yaml 'methods=[naive,bootstrapping]' 'bootstrapping.through=[2]' $small --runs w --json
python3 - out <<'END2' || fail "a chain that writes"
import json, sys
r = json.load(open(sys.argv[1]))
link = next(j for j in r["jobs"] if j["method"] == "bootstrapping" and j["model"].endswith("/2"))
said = [json.loads(x) for x in open(f"w/jobs/{link['hash']}/train.jsonl")]
assert len(said) == 60 and link["result"]["truncated"].keys() == {"train", "valid", "test"}
END2
expect 0 "$W2S" run micro.yaml 'methods=[naive,bootstrapping]' 'bootstrapping.through=[]' $small --runs w
says err "0 computed"

# What it cannot do is said before anything is computed.
chain() { expect 2 "$W2S" run micro.yaml methods=bootstrapping "$@" --runs n; }
chain
says err "method bootstrapping wants the models between supervisor and student: bootstrapping: {through: [6, 12]}"
chain 'bootstrapping.through=[3,2]'
says err "bootstrapping.through: a chain grows, and 2 layers of $model are not larger than the model before"
chain 'bootstrapping.through=[9]'
says err "bootstrapping.through: model $model has 4 layers, the study asks for 9"
chain bootstrapping.through=6
says err '"bootstrapping.through" is a whole number, wanted a list of numbers of layers or of models'
chain 'bootstrapping.through=[0]'
says err '"through" holds 0, wanted whole numbers of layers from 1'
chain 'bootstrapping.through=[2]' bootstrapping.alpha=1
says err 'unknown key "bootstrapping.alpha"; known are through'
expect 2 "$W2S" run micro.yaml 'methods=[bootstrapping]' 'bootstrapping.through=[2,3]' data.train=2 --runs n
says err "bootstrapping.through: each of a chain's 3 models learns from a part of data.train, whose examples are of 2 questions"
finish
