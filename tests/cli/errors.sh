#!/usr/bin/env bash
# errors.sh - what a user can get wrong ends in one sentence and status 2, with file, line or field.
. "$(dirname "$0")/lib.sh"
run() { "$W2S" run "$@" --runs r; }

expect 2 "$W2S" runn quick
one_sentence
says err 'unknown command "runn"; did you mean "run"?'
expect 2 "$W2S" run
one_sentence
expect 2 "$W2S" run micro.yaml --dry-rum
one_sentence
says err "unknown option --dry-rum; did you mean --dry-run?"
# The beginning of an option's name is none of its names.
expect 2 "$W2S" run micro.yaml --run elsewhere
one_sentence
says err "run: unknown option --run; did you mean --runs?"
[ ! -e elsewhere ] && [ ! -e runs ] || fail "an abbreviated option started work"
for c in report ls show task tokenize score generate fetch index; do
    expect 2 "$W2S" $c --jso x y
    one_sentence
    says err "$c: unknown option --jso; did you mean --json?"
done
expect 2 "$W2S" run micro.yaml --dry-run=yes
says err "option --dry-run takes no value"
expect 2 "$W2S" run micro.yaml --runs
says err "option --runs wants a value"
expect 2 "$W2S" ls --runs=--jso
says err "--jso: no such runs folder"
expect 2 "$W2S" ls --runs --jso
says err "--jso: no such runs folder"

# Names that are nearly right.
expect 2 "$W2S" help reprot
says err 'unknown command "reprot"; did you mean "report"?'
expect 2 "$W2S" fetch smolm2-135m --offline
says err 'did you mean "smollm2-135m"?'
expect 2 "$W2S" fetch smollm2 --offline
says err 'did you mean "smollm2-135m"?'
expect 2 "$W2S" task movie-sentimnt
says err 'no task named "movie-sentimnt"; did you mean "movie-sentiment"?'
expect 2 run micro.yaml model=smolm2-135m
one_sentence
says err 'did you mean "smollm2-135m"?'
mkdir -p other/jobs other/studies/micro
expect 2 "$W2S" report mirco --runs other
one_sentence
says err 'other: no study "mirco" has been run; did you mean "micro"?'
expect 2 "$W2S" report something --runs other
says err "there are micro"
expect 2 run quik
says err 'no study named "quik"; did you mean "quick"?'
W2S_SHARE=$scratch/nowhere expect 2 "$W2S" reproduce fig8-agreement
says err "no finding named \"fig8-agreement\": there is none in $scratch/nowhere/findings (W2S_SHARE)"
expect 2 run absent.yaml
one_sentence
says err "absent.yaml"

# The study file: unknown keys, values, methods, with their lines.
expect 2 run micro.yaml metods=naive
one_sentence
says err 'command line: metods=naive: unknown key "metods"; did you mean "methods"?'
sed 's/^data:.*/data: {supervise: 64, train: 64, tset: 100}/' micro.yaml >wrong.yaml
expect 2 run wrong.yaml
one_sentence
says err 'wrong.yaml:5: unknown key "tset"; did you mean "test"?'
expect 2 run micro.yaml methods=confidenc
says err 'unknown method "confidenc"; did you mean "confidence"?'
expect 2 run micro.yaml student.trainable=some
says err '"student.trainable" is some, wanted all, head, top N (N blocks, 1 or more), or lora R'
expect 2 run micro.yaml data.train=-3
one_sentence
says err 'command line: data.train=-3: "data.train" is -3, wanted a whole number from 1'
expect 2 run micro.yaml data.trin=3
says err 'command line: data.trin=3: unknown key "data.trin"; did you mean "data.train"?'
expect 2 run micro.yaml 'student={layers: 4, lr: -3}'
says err '"student.lr" is -3, wanted a number'
expect 2 run micro.yaml training.beta1=1
says err '"training.beta1" is 1, wanted less than 1'
# What is set twice is not clear.
expect 2 run micro.yaml data.train=64 seeds=2 data.train=32
one_sentence
says err 'command line: "data.train" is set twice: data.train=64 and data.train=32'
expect 2 run micro.yaml data.train=64 'data={supervise: 32, train: 32, test: 100}'
says err 'command line: "data" is set twice: data.train=64 and data={'
# A path is said once.
expect 2 run micro.yaml model=./nowhere
one_sentence
says err 'model ./nowhere: no such file or folder'
lacks err './nowhere: ./nowhere'
expect 2 run micro.yaml trian=4
says err 'command line: trian=4: unknown key "trian"; did you mean "data.train"?'
expect 2 run micro.yaml lr=4
says err 'did you mean "training.lr"?'
expect 2 run micro.yaml data=3
says err '"data" is 3, wanted a map of supervise, train'
expect 2 run micro.yaml name=
says err 'command line: name=: "name" is empty'
expect 2 run micro.yaml data.test=
says err 'command line: data.test=: "data.test" is empty'
expect 2 run micro.yaml seeds=1e3
says err '"seeds" is 1e3, wanted a whole number from 1 to 1000, in plain digits'
expect 2 run micro.yaml 'methods=[naive'
one_sentence
says err 'command line: methods=[naive: not YAML'
expect 2 run micro.yaml student.layers=9
says err "has 4 layers, the study asks for 9"
expect 2 run micro.yaml data.max_tokens=100000
one_sentence
expect 2 run micro.yaml data.train=5000
one_sentence
says err "5,000 examples asked for train"
expect 2 run micro.yaml task=nothing
says err 'no task named "nothing"'
expect 2 run micro.yaml model=nowhere/model
one_sentence
says err "nowhere/model"
printf 'name: x\n  task: [\n' >broken.yaml
expect 2 run broken.yaml
one_sentence
says err "broken.yaml:"

# The task file and its data.
sed 's/fields: .*/fields: {text: sentence, label: label}/' toy.yaml >field.yaml
expect 2 run micro.yaml task=field.yaml
one_sentence
says err "toy.jsonl:1:"
says err '"sentence" is missing (field.yaml:8 asks for it); the row has text, label'
sed 's/template: .*/template: "{tex}"/' toy.yaml >field.yaml
expect 2 run micro.yaml task=field.yaml
one_sentence
says err 'field.yaml:9: no field is named "tex"; did you mean "text"?'
sed 's/template: .*/template: "{other}"/' toy.yaml >field.yaml
expect 2 run micro.yaml task=field.yaml
says err 'field.yaml:9: no field is named "other"; "fields" has text, label'
{ head -n 3 toy.jsonl; echo '["a", 1]'; } >list.jsonl
sed 's/toy.jsonl/list.jsonl/' toy.yaml >list.yaml
expect 2 run micro.yaml task=list.yaml
one_sentence
says err 'list.jsonl:4: the row is a list, wanted an object with "label" (list.yaml:8 asks for it)'
{ head -n 11 toy.jsonl; echo '{"text": "odd", "label": 7}'; } >odd.jsonl
sed 's/toy.jsonl/odd.jsonl/' toy.yaml >odd.yaml
expect 2 run micro.yaml task=odd.yaml
one_sentence
says err "odd.jsonl:12:"
says err "7"
{ head -n 3 toy.jsonl; echo '{"text": "cut'; } >cut.jsonl
sed 's/toy.jsonl/cut.jsonl/' toy.yaml >cut.yaml
expect 2 run micro.yaml task=cut.yaml
one_sentence
says err "cut.jsonl:4:"
sed 's/toy.jsonl/gone.jsonl/' toy.yaml >gone.yaml
expect 2 run micro.yaml task=gone.yaml
says err "gone.jsonl"

# A part without a row.
head -n 300 toy.jsonl >some.jsonl
: >none.jsonl
sed 's/files: .*/files: {train: some.jsonl, test: none.jsonl}/' toy.yaml >none.yaml
expect 2 run micro.yaml task=none.yaml
one_sentence
says err "none.jsonl"

for n in x -1 0 2.5 99999; do
    W2S_THREADS=$n expect 2 "$W2S" ls
    one_sentence
    says err "W2S_THREADS is \"$n\", wanted a whole number from 1 to 4096"
done

# What cannot be fetched is 1, whatever the reason; what is not to be fetched, or is no name, is 2. Port 9 of this machine refuses.
expect 1 env W2S_HUB_WAIT=0 HF_ENDPOINT=http://127.0.0.1:9 "$W2S" fetch hub:owner/name
one_sentence
says err "cannot reach 127.0.0.1:9"
expect 1 env W2S_HUB_WAIT=0 HF_ENDPOINT=http://127.0.0.1:9 "$W2S" run micro.yaml model=hub:owner/name --runs r
one_sentence
says err "model hub:owner/name: cannot reach 127.0.0.1:9"
if python3 -c 'import pip' 2>/dev/null; then
    for c in "fetch movie-sentiment" "run quick --runs r" "task movie-sentiment"; do
        # shellcheck disable=SC2086
        expect 1 env PIP_INDEX_URL=http://127.0.0.1:9 PIP_RETRIES=1 PIP_CONFIG_FILE=/dev/null "$W2S" $c
        says err "pip cannot reach its package index"
        lacks err "100%"
    done
fi
expect 2 "$W2S" fetch hub:owner/name --offline
expect 2 env HF_HUB_OFFLINE=1 "$W2S" fetch hub:owner/name
expect 2 "$W2S" fetch movie-sentiment --offline
expect 2 "$W2S" fetch "hub:a b"
one_sentence

# The model's files.
copy() { rm -rf m && cp -r "$model" m && chmod -R u+w m; }
copy && rm m/model.safetensors
expect 2 run micro.yaml model=m
one_sentence
says err "model.safetensors"
copy && head -c 50000 "$model/model.safetensors" >m/model.safetensors
expect 2 run micro.yaml model=m
one_sentence
says err "m/model.safetensors"
copy && sed -i 's/"intermediate_size": 48/"intermediate_size": 64/' m/config.json
expect 2 run micro.yaml model=m
one_sentence
says err "mlp"
says err "64"
copy && sed -i 's/"num_hidden_layers": 4/"num_hidden_layers": 6/' m/config.json
expect 2 run micro.yaml model=m
one_sentence
says err "the config says 6 layers, the weights hold 4"
copy && sed -i 's/"BF16"/"I64" /' m/model.safetensors
expect 2 run micro.yaml model=m
one_sentence
says err "tensor model.embed_tokens.weight is of type I64, wanted F32, F16 or BF16"
copy && sed -i 's/"model_type": "llama"/"model_type": "mamba"/' m/config.json
expect 2 run micro.yaml model=m
one_sentence
says err "mamba"
says err "llama"
copy && python3 - <<'END'
import json
t = json.load(open("m/tokenizer.json"))
t["model"]["vocab"]["zzzz"] = 5000
json.dump(t, open("m/tokenizer.json", "w"))
END
expect 2 run micro.yaml model=m
one_sentence
says err "5001"

# A results file that was edited: a sentence, not a crash.
mkdir -p edited/studies/x
results='{"format":1,"study":{},"task":{"classes":[]},"models":[],"pairs":[],"left_out":[],"jobs":[],"examples":{"jobs":[],"items":[]}}'
for edit in 's/"pairs":\[\]/"pairs":5/' 's/"task":{[^}]*}/"task":{}/' 's/"examples":.*/"examples":{}}/' 's/"models":\[\]/"models":[1]/' \
    's/"pairs":\[\]/"pairs":[{"weak":{},"student_scores":{"jobs":["a"]},"ceiling":{"jobs":["a"]}}]/' 's/"pairs":\[\]/"pairs":[{"weak":{"jobs":["a"]}}]/' \
    's/"pairs":\[\]/"pairs":[{"weak":{"jobs":[1]},"student_scores":{"jobs":["a"]},"ceiling":{"jobs":["a"]}}]/' \
    's/"jobs":\[\],"items":\[\]/"jobs":["a"],"items":[{"probs":[]}]/' 's/"format":1/"format":2/' 's/^{.*/[]/'; do
    sed "$edit" <<<"$results" >edited/studies/x/results.json
    expect 2 "$W2S" report x --runs edited
    one_sentence
    says err "edited/studies/x/results.json: "
done

# Places that cannot be written, a disk that is full: nothing written before is lost.
touch file
expect 2 "$W2S" run micro.yaml --runs file/runs
one_sentence
says err "file is a file, wanted a folder"
mkdir ro
expect 0 "$W2S" run micro.yaml --runs ro/done
chmod 555 ro ro/done/studies/micro
if [ "$(id -u)" != 0 ] || { mount --bind ro ro && mount -o remount,bind,ro ro; } 2>/dev/null || chattr +i ro 2>/dev/null; then
    expect 2 "$W2S" run micro.yaml --runs ro/runs
    one_sentence
    says err "ro/runs: the folder cannot be made"
    expect 0 "$W2S" report micro --runs ro/done
    says err "ro/done/studies/micro: cannot be written to, so the report is left as it is"
    says out "PGR"
    says out "report: ro/done/studies/micro/report.html"
    umount ro 2>/dev/null
    chattr -i ro 2>/dev/null
else
    echo "SKIP: no folder that root may not write to can be made here"
fi
expect 0 run micro.yaml methods=naive
before=$(find r/jobs -type f | LC_ALL=C sort | xargs sha256sum)
W2S_FAULT_WRITE=6 "$W2S" run micro.yaml student.layers=2 --runs r --jobs 1 >out 2>err
[ $? = 1 ] || fail "a full disk ended otherwise than with 1"
says err "No space left on device"
grep -v '^task toy' err >rest && mv rest err
one_sentence
says err "1 of 4 jobs are done, and with room made the same command goes on from here"
after=$(cd . && find r/jobs -type f | LC_ALL=C sort | xargs sha256sum)
[ "$(comm -23 <(echo "$before" | sort) <(echo "$after" | sort))" = "" ] || fail "a full disk changed finished jobs"
expect 0 run micro.yaml student.layers=2
# A pipe whose reader has seen enough is no failure.
for i in {1..20000}; do echo "line $i"; done >many.txt
for c in "ls --runs r" "tokenize $model many.txt" "score $model many.txt"; do
    checks=$((checks + 1))
    # shellcheck disable=SC2086
    "$W2S" $c 2>err | head -n 1 >out
    [ "${PIPESTATUS[0]}" = 0 ] && [ ! -s err ] && [ -s out ] || { fail "$c into head"; cat err; }
done
[ -c /dev/full ] && { "$W2S" help >/dev/full 2>err && fail "a full standard output was not noticed"; }

# A loss that is not finite fails its job by name; the others go on; status 1.
expect 1 run micro.yaml student.lr=9 student.weight_decay=1
says err "failed: step"
expect 0 "$W2S" show "$("$W2S" ls --runs r | awk '$2 == "failed" { print $1; exit }')" --runs r
says out ", failed 20"
says out "a smaller learning rate may help"
expect 2 "$W2S" show zz --runs r
one_sentence
expect 2 "$W2S" generate "$model" "" --tokens 5
one_sentence
expect 2 "$W2S" generate "$model" hello --tokens x
says err '--tokens is "x", wanted a whole number'
expect 2 "$W2S" run micro.yaml --device cuda:0 --runs r
one_sentence
says err "cuda:0"
printf '{"text": "ok"}\n{"txt": "no"}\n' >t.jsonl
expect 2 "$W2S" tokenize "$model" t.jsonl
one_sentence
says err 't.jsonl:2: "text" is missing'
printf '{"text": "ok"}\n["no"]\n' >t.jsonl
expect 2 "$W2S" tokenize "$model" t.jsonl
one_sentence
says err 't.jsonl:2: "text" is wanted in a map, this is a list'

# What could only end in numbers that are not finite, or in every job, is said before the first of them.
for c in training.beta1=1 student.beta2=1 supervisor.eps=0 data.max_tokens=1; do
    expect 2 "$W2S" run micro.yaml $c --runs refused
    one_sentence
    says err "\"${c%=*}\" is ${c#*=}"
done
[ -e refused/jobs ] && [ -n "$(ls -A refused/jobs)" ] && fail "jobs were run with settings that are refused"
# A supervisor that fails: its students are not run, and each has its line, on the terminal and in the report.
expect 1 "$W2S" run micro.yaml supervisor.layers=3 supervisor.trainable='top 3' data.supervise=256 supervisor.lr=9 supervisor.weight_decay=1 name=lost --runs lost
says err "student 4 layers, naive, from 3 of 4 layers not run: its supervisor failed"
says err "student 4 layers, confidence, from 3 of 4 layers not run: its supervisor failed"
says out "student 4 layers, confidence, from 3 of 4 layers: not run: its supervisor failed"
says lost/studies/lost/report.html "not run: its supervisor failed"

# Weights that are no numbers are the file's fault, named before anything is made of them.
for number in 7fc00000 ff800000; do
    rm -rf broken
    cp -R "$model" broken
    python3 - $number <<'END'
import json, struct, sys
data = bytearray(open("broken/model.safetensors", "rb").read())
n = struct.unpack("<Q", data[:8])[0]
t = json.loads(data[8:8 + n])["model.layers.2.mlp.up_proj.weight"]
at = 8 + n + t["data_offsets"][1] - 40
size = {"F32": 4, "F16": 2, "BF16": 2}[t["dtype"]]
value = bytes.fromhex(sys.argv[1]) if t["dtype"] != "F16" else b"\x7e\x00"
data[at:at + size] = value[:size][::-1]
open("broken/model.safetensors", "wb").write(data)
END
    for c in "score broken many.txt" "generate broken the --tokens 2"; do
        expect 2 "$W2S" $c
        one_sentence
        says err "broken: tensor model.layers.2.mlp.up_proj.weight holds a number that is not finite"
    done
done
# A study says it once, though each of its jobs would find it; what does not read that far goes on.
for jobs in 1 2; do
    rm -rf r
    expect 1 "$W2S" run micro.yaml model=./broken seeds=2 --runs r --jobs $jobs
    [ "$(grep -c 'broken: tensor model.layers.2.mlp.up_proj.weight' err)" = 1 ] || fail "--jobs $jobs: not said once: $(cat err)"
    [ "$(grep -c 'not run: its model cannot be read, as said before' err)" = 5 ] || fail "--jobs $jobs: $(cat err)"
    says err "2 computed, 0 found, 6 failed"
done
# Output that has no room, and a file where a folder is wanted.
if [ -e /dev/full ]; then
    "$W2S" --version >/dev/full 2>err && fail "--version on a full disk ended well"
    one_sentence
    "$W2S" >/dev/full 2>err && fail "the greeting on a full disk ended well"
fi
expect 2 "$W2S" run micro.yaml --runs micro.yaml
says err "micro.yaml is a file, wanted a folder"
# What trains nothing, or next to nothing.
expect 0 "$W2S" run micro.yaml training.warmup=96 -n
says err 'the supervisor trains 4 steps, and its learning rate rises for 96'
says err 'the student trains 96 steps, and its learning rate rises for 96'
expect 0 "$W2S" run micro.yaml student.warmup=95 -n
lacks err "learning rate"
expect 2 "$W2S" run micro.yaml student.lr=0 -n
one_sentence
says err '"student.lr" is 0, wanted more than 0'
# A model of a ladder that is not made yet
expect 2 "$W2S" generate runs/ladders/chess/0.2M text
one_sentence
says err "model runs/ladders/chess/0.2M: no such file or folder; w2s pretrain chess makes it"
expect 2 "$W2S" generate runs/ladders/none/0.2M text
lacks err "makes it"
expect 2 "$W2S" generate ladder:chess/0.2M text
one_sentence
says err "model ladder:chess/0.2M: runs/ladders/chess/0.2M: no such file or folder; w2s pretrain chess makes it"
expect 2 "$W2S" run micro.yaml model=ladder:chess/0.2M --runs elsewhere
one_sentence
says err "model ladder:chess/0.2M: elsewhere/ladders/chess/0.2M: no such file or folder; w2s pretrain chess --runs elsewhere makes it"
expect 2 "$W2S" generate ladder:none/0.2M text
says err "model ladder:none/0.2M: runs/ladders/none/0.2M: no such file or folder"
lacks err "makes it"
for name in ladder: ladder:chess ladder:chess/ ladder:/0.2M ladder:chess/../../x; do
    expect 2 "$W2S" generate "$name" text
    one_sentence
    says err "$name: wanted ladder:LADDER/MODEL"
done

finish
