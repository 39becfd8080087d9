#!/usr/bin/env bash
# again.sh - a study that is run again: from its saved settings, from another folder, with nothing left to compute.
. "$(dirname "$0")/lib.sh"

cp -R "$model" local
small="data.train=32 data.test=40 training.epochs=1 student.epochs=1 methods=naive model=./local"

# The settings saved with an overridden study are that study, not the one it came from.
expect 0 "$W2S" run micro.yaml $small name=micro --runs a
expect 0 "$W2S" run micro.yaml $small data.valid=0 --runs a
base=$(sha256sum <a/studies/micro/results.json)
own=$(cd a/studies && echo micro-*)
[ -f "a/studies/$own/study.yaml" ] || fail "no one folder of the overridden study: $own"
cp "a/studies/$own/study.yaml" before.yaml
# Another folder is no hindrance: what is local has its whole path.
mkdir elsewhere
expect 0 env -C elsewhere "$W2S" run "../a/studies/$own/study.yaml" --runs ../a
says err "0 computed, 3 found"
[ "$base" = "$(sha256sum <a/studies/micro/results.json)" ] || fail "the saved study wrote over its base's results"
[ "$(cd a/studies && echo *)" = "micro $own" ] || fail "folders of studies: $(ls a/studies)"
cmp -s before.yaml "a/studies/$own/study.yaml" || fail "the saved study saves another one"
says "a/studies/$own/study.yaml" "task: $PWD/toy.yaml"
says "a/studies/$own/study.yaml" "[$PWD/local]"

# The saved settings and the numbers are written as a person would write them, and read back the same.
says "a/studies/$own/study.yaml" "checkpoint_every: 60.0"
says "a/studies/$own/study.yaml" "eps: 1e-8"
python3 - a/studies/micro <<'E' || fail "numbers of the CSV files are longer than need be"
import csv, sys
for name in ("results", "curves", "predictions"):
    for row in csv.reader(open(f"{sys.argv[1]}/{name}.csv", newline="")):
        for x in row:
            if "." in x and x.replace(".", "").replace("e-", "").isdigit():
                digits = lambda s: len(s.split("e")[0].replace(".", "").strip("0"))
                assert digits(x) == digits(repr(float(x))), (name, x)
E

# An edited study that is stopped leaves the old settings beside the old numbers; no settings stand beside other settings' numbers,
# wherever the disk is full.
sed 's/^student: {/&batch: 16, /; s/^name: .*/name: edited/' micro.yaml >edited.yaml
expect 0 "$W2S" run micro.yaml $small name=edited --runs e
cp -R e/studies/edited old
W2S_FAULT_WRITE=3 expect 1 "$W2S" run edited.yaml $small name=edited --runs e --jobs 1
for f in study.yaml results.json; do cmp old/$f e/studies/edited/$f || fail "a study that was stopped changed $f"; done
expect 0 "$W2S" run edited.yaml $small name=jobs --runs e
stopped=0
for n in {1..20}; do
    rm -rf e/studies/edited && cp -R old e/studies/edited
    W2S_FAULT_WRITE=$n "$W2S" run edited.yaml $small name=edited --runs e >out 2>err
    new=$(grep -c 'batch: 16' e/studies/edited/study.yaml)
    if cmp -s old/results.json e/studies/edited/results.json; then
        [ "$new" = 0 ] || fail "write $n: new settings beside old numbers"
    elif [ -e e/studies/edited/results.json ]; then
        [ "$new" = 1 ] || fail "write $n: old settings beside new numbers"
        break
    fi
    stopped=$((stopped + 1))
done
checks=$((checks + stopped))
[ $stopped -ge 3 ] && [ $stopped -lt 20 ] || fail "$stopped runs were stopped"
says e/studies/edited/study.yaml "batch: 16"
cmp -s old/results.json e/studies/edited/results.json && fail "the edited study has the old numbers"

# What was made from earlier results goes before others come: wherever a run ends, no report, table or figure stands beside numbers
# that it is not of. What is missing then is made by the next run, or by w2s report.
rm -rf e/studies/edited
expect 0 "$W2S" run edited.yaml $small name=edited --runs e
(cd e/studies/edited && find . -type f ! -name .lock | sort) >files
rm -rf old && cp -R e/studies/edited old
sed -i 's/"seconds":/"seconds": 1000000,"before":/' old/results.json # of other numbers
for f in old/*.csv old/report.html old/figures/*; do echo earlier >>$f; done
for n in {1..40}; do
    rm -rf e/studies/edited && cp -R old e/studies/edited
    W2S_FAULT_WRITE=$n "$W2S" run edited.yaml $small name=edited --runs e >out 2>err && break
    checks=$((checks + 1))
    [ -e e/studies/edited/results.json ] || fail "write $n: the results are gone"
    cmp -s old/results.json e/studies/edited/results.json && continue
    left=$(grep -rl '^earlier' e/studies/edited)
    [ -z "$left" ] || fail "write $n: beside new results there is $left of earlier ones"
done
[ $n -ge 6 ] && [ $n -lt 40 ] || fail "$n runs were stopped"
(cd e/studies/edited && find . -type f ! -name .lock | sort) | cmp - files || fail "the last run left other files"
grep -rl '^earlier' e/studies/edited && fail "files of earlier results"
(cd e/studies/edited && rm -r figures report.html ./*s.csv)
expect 0 "$W2S" report edited --runs e
expect 0 "$W2S" run edited.yaml $small name=edited --runs e
(cd e/studies/edited && find . -type f ! -name .lock | sort) | cmp - files || fail "what was missing is not made again"
rm e/studies/edited/results.json
expect 2 "$W2S" report edited --runs e
one_sentence
says err "e/studies/edited: no results yet; w2s run e/studies/edited/study.yaml goes on with it"

# Nine test questions do not say how far they can be trusted.
expect 0 "$W2S" run micro.yaml data.train=32 data.test=9 training.epochs=1 student.epochs=1 model=./local --runs few --json
python3 - out <<'E' || fail "intervals of nine questions"
import json, sys
for p in json.load(open(sys.argv[1]))["pairs"]:
    assert all(x[0] is not None and x[1:] == [None, None] for x in (p["gain"], p["gap"], p["weak"]["accuracy"])), p
    assert p["pgr"] == [None] * 3 and p["pgr_undefined"] and "minus_naive" not in p, p
E
lacks few/studies/*/report.html "nan"
# What there is not is not spoken of.
expect 0 "$W2S" report "$(ls few/studies)" --runs few
for f in out few/studies/*/report.html; do
    lacks $f "bootstrap over"
    lacks $f "bootstrap samples"
    lacks $f "another training run would"
    says $f "here are no intervals."
done

# A name has to be a folder's, with room for what overrides add to it.
long=$(printf 'n%.0s' $(seq 201))
expect 2 "$W2S" run micro.yaml name="$long" --runs b
one_sentence
says err '"name" has 201 letters'
expect 0 "$W2S" run micro.yaml $small name="${long:1}" --runs a
expect 0 "$W2S" run "a/studies/${long:1}/study.yaml" data.valid=0 --runs a
expect 0 "$W2S" run "$(echo a/studies/nnnn*-????????)/study.yaml" --runs a
# A damaged result is named, with the way out, which works.
cp -R a damaged
job=$(ls -d damaged/jobs/"$("$W2S" run micro.yaml $small --runs damaged -n | awk 'NR == 2 { print $4 }')"*/)
printf aaaaaaaa | dd of="${job}test.f64" bs=1 seek=40 conv=notrunc 2>err
expect 2 "$W2S" run micro.yaml $small --runs damaged
says err "${job}test.f64"
says err "wanted a probability; delete that folder and run the study again"
echo '{' >"${job}result.json"
expect 2 "$W2S" run micro.yaml $small --runs damaged
says err "; delete that folder and run the study again"
# The listing names it too, and what is wrong with it.
expect 0 "$W2S" ls --runs damaged
[ "$(grep -c ' damaged ' out)" = 1 ] || fail "no one job is damaged"
says out "${job}result.json:2: not JSON"
expect 0 "$W2S" ls --runs damaged --json
python3 - "$(basename "$job")" <<'E' || fail "a damaged job's JSON"
import json, sys
r = [x for x in json.load(open("out")) if x["state"] == "damaged"]
assert [x["hash"] for x in r] == [sys.argv[1]] and "delete that folder" in r[0]["error"], r
E
expect 0 "$W2S" show "$(basename "$job")" --runs damaged
says out ", damaged "
says out "delete that folder"
rm -r "$job"
expect 0 "$W2S" run micro.yaml $small --runs damaged
# Paths in a study's file count from where it lies, those of the command line from here.
mkdir away
cp toy.yaml toy.jsonl away
sed -e 's/^name: toy/name: away/' -i away/toy.yaml
sed -e 's/^task: .*/task: toy.yaml/' -e 's/^name: .*/name: away/' micro.yaml >away/study.yaml
expect 0 "$W2S" run away/study.yaml $small --runs away/runs --json
says out '"name": "away"'
expect 0 "$W2S" run away/study.yaml $small task=toy.yaml --runs away/runs --json
says out '"name": "toy"'
[ "$(ls a/studies | wc -l)" = 4 ] || fail "folders of studies: $(ls a/studies)"
# What it took and what computed it stays, when there is nothing left to compute; so it does for one who copies the folder.
made() {
    python3 - "$1" "$2" <<'E'
import json, sys
r = json.load(open(f"{sys.argv[1]}/studies/{sys.argv[2]}/results.json"))
s, jobs = r["study"], [j["result"] for j in r["jobs"]]
assert abs(s["seconds"] - sum(j["seconds"] for j in jobs)) < 1e-9, s
assert s["memory_peak"] == max(j["memory_peak"] for j in jobs), s
print({k: s[k] for k in ("seconds", "memory_peak", "when", "command", "device", "threads")}, [j["finished"] for j in jobs])
E
}
made a micro >first || fail "seconds are not the jobs' own, or memory"
says first "micro.yaml"
"$W2S" ls --runs a >first.ls 2>err
sleep 1.1
cp -R a copy
touch -d 2001-01-01 copy/jobs/*/*
expect 0 "$W2S" run copy/studies/micro/study.yaml --runs copy
made copy micro >second
cmp first second || fail "a run that computed nothing took the place of the one that did: $(cat second)"
expect 0 "$W2S" index --runs copy
"$W2S" ls --runs copy >second.ls 2>err
cmp first.ls second.ls || fail "the copied jobs are of another day: $(cat second.ls)"
# A job's memory is its own, not that of the large one before it in the same process; of jobs at once it is one process's, and that is said.
grow="name=grow supervisor.layers=4 supervisor.batch=256 data.supervise=256 student.trainable=head student.batch=1 data.test=40 data.valid=0 methods=naive"
expect 0 "$W2S" run micro.yaml $grow training.micro_tokens=65536 student.epochs=1 --jobs 1 --runs m
lacks m/studies/grow/report.html "of one process"
expect 0 "$W2S" run micro.yaml $small seeds=2 name=crew --jobs 2 --runs m
says m/studies/crew/report.html "(of one process: several jobs ran at once)"
python3 - m/studies <<'E' || fail "memory of jobs"
import json, sys
grow, crew = (json.load(open(f"{sys.argv[1]}/{n}/results.json")) for n in ("grow", "crew"))
assert not grow["study"]["workers"] and crew["study"]["workers"]
made = [(j["role"], j["result"]["memory_peak"], j["result"]["memory_of"]) for j in grow["jobs"]]
assert made[0][0] == "supervisor" and (made[0][2] == "process" or all(made[0][1] > m[1] + (2 << 20) for m in made[1:])), made
E
# Other settings under the same name, of jobs that are all there: named after the run that compared them.
expect 0 "$W2S" run micro.yaml $small name=micro bootstrap=300 --runs copy
made copy micro >third
says third "bootstrap=300"
finish
