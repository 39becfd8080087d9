#!/usr/bin/env bash
# reproduce_ladder.sh - a finding whose studies stand on a ladder: what is not there is made, in the runs folder that was asked for.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }

mkdir f
awk 'BEGIN { for (i = 0; i < 60; i++) printf "document %d says that %d comes after %d\n\n", i, i + 1, i }' >f/texts.txt
cat >f/steps.yaml <<'END'
name: steps
data: {text: texts.txt, valid: 5}
context: 64
tokens: 6000
training: {batch: 8, warmup: 5, lr: 1e-2, evals: 1, checkpoint_every: 0}
models:
  - {name: small, layers: 1, width: 16, heads: 2}
  - {name: large, layers: 2, width: 16, heads: 2}
END
sed -e 's/^name: .*/name: pairs/' -e 's#^model: .*#model: [ladder:steps/small, ladder:steps/large]#' -e 's#^task: .*#task: ../toy.yaml#' \
    -e 's#{layers: 1,#{model: ladder:steps/small, layers: all,#' -e 's#{layers: 4, trainable: top 3#{model: ladder:steps/large, layers: all, trainable: all#' \
    -e 's/^methods: .*/methods: [naive]/' -e 's/epochs: 3/epochs: 1/' micro.yaml >f/pairs.yaml
cat >f/finding.yaml <<'END'
name: stands
title: What stands on a ladder
shape: It stands.
scales:
  laptop:
    ladders: [steps.yaml]
    studies:
      - {as: one, study: pairs.yaml}
claims:
  - {say: students are there, value: student, where: {study: one}, above: -1}
figure:
  - {title: Accuracy, label: accuracy, x: student_size, series: [{y: student, lines: [study, supervisor]}]}
END

# What it would take: the rungs now, the study's jobs when they are there.
expect 0 "$W2S" reproduce f/finding.yaml --runs r --dry-run
says out "steps/small: 0.0"
says out "steps/large: 0.0"
says out "2 models, 2 to do, about "
says err "stands: study one: its jobs can be listed once ladder steps is there"
[ ! -e r/ladders/steps/small ] || fail "a dry run left a model"

# One rung is done: it is found, and the other made.
expect 0 "$W2S" pretrain f/steps.yaml "models=[{name: small, layers: 1, width: 16, heads: 2}]" --runs r
first=$(ls r/jobs)
before=$(stat -c %Y.%s "r/jobs/$first/result.json")
expect 0 "$W2S" reproduce f/finding.yaml --runs r --markdown page.md
[ "$(stat -c %Y.%s "r/jobs/$first/result.json")" = "$before" ] || fail "the rung that was there was made again"
for m in small large; do [ -s r/ladders/steps/$m/model.safetensors ] || fail "no model $m"; done
[ ! -e runs ] || fail "another runs folder than the one that was asked for"
says out "large"
says out "In this one run the paper's shape holds: its claim does."
says r/findings/stands/finding.json '"ladders": ["f/steps.yaml"]'
says page.md 'Made by `w2s pretrain f/steps.yaml`, `w2s run f/pairs.yaml` (toy, 200 test examples, 1 seed)'
says page.md 'Computed on cpu: '
says page.md "of computing once the ladder is there"
says page.md " after the ladder | "
says page.md "| one | small | large | naive |"
says r/findings/stands/finding.csv "from small"
lacks r/findings/stands/finding.csv "one, from" # the one study there is

# Another ladder under that name is one of its files.
lacks page.md "This is of earlier"
mkdir -p share/findings && cp "$W2S_SOURCE/assets.yaml" share
sed "s#\\[steps.yaml\\]#[$PWD/f/steps.yaml]#; s#study: pairs.yaml#study: $PWD/f/pairs.yaml#" f/finding.yaml >share/findings/stands.yaml
W2S_SHARE=share expect 0 "$W2S" reproduce stands --runs r --markdown stands.md
lacks stands.md "This is of earlier"
cp f/steps.yaml kept
echo "# another word" >>f/steps.yaml
W2S_SHARE=share expect 0 "$W2S" reproduce --runs none --markdown stands.md
says stands.md "**This is of earlier files**: "
mv kept f/steps.yaml

# Again: all is there, and what the ladder was made of is not looked for.
mv f/texts.txt gone
jobs=$(ls r/jobs | wc -l)
expect 0 "$W2S" reproduce f/finding.yaml --runs r
[ "$(ls r/jobs | wc -l)" = "$jobs" ] || fail "jobs were computed again"
lacks err "ladder"
expect 0 "$W2S" reproduce f/finding.yaml --runs r --dry-run
lacks err "once ladder"
says out "done"
# A model is known by what is in it, not by its name: the same jobs by path.
expect 0 "$W2S" run f/pairs.yaml model="[r/ladders/steps/small, $PWD/r/ladders/steps/large]" supervisor.model=r/ladders/steps/small student.model="$PWD/r/ladders/steps/large" --runs r
says err " 0 computed"
# The resolved study keeps the name.
says r/studies/pairs/study.yaml "ladder:steps/small"

# Neither models nor what they are made of: the sentence names what is not there.
expect 2 "$W2S" reproduce f/finding.yaml --runs other
says err "stands: ladder steps cannot be made"
says err "model ladder:steps/small: other/ladders/steps/small: no such file or folder"
[ ! -e other/findings ] || fail "a finding without studies has a verdict"
mv gone f/texts.txt

# Stopped while it makes the ladder: it goes on.
sed 's/name: steps/name: long/; s/name: large,/name: large, tokens: 30000000,/' f/steps.yaml >f/long.yaml
sed 's/steps.yaml/long.yaml/' f/finding.yaml >f/stopped.yaml
"$W2S" reproduce f/stopped.yaml --runs s >out 2>err &
pid=$!
for i in $(seq 1 300); do
    ls s/jobs/*/result.json s/work/*/checkpoint.bin >/dev/null 2>&1 && break
    sleep .1
done
kill -INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C ended with another status than 130"
says err "the same command goes on from here"
[ -s s/ladders/long/small/model.safetensors ] || fail "a stopped ladder has no folder of what is done"

# Adapters of a model of a ladder name where that lies.
expect 0 "$W2S" run f/pairs.yaml save=true student.trainable="lora 2" --runs r
grep -rqF "\"$PWD/r/ladders/steps/large\"" r/jobs --include adapter_config.json || fail "adapters name another base"

# Wrong ones.
sed 's/\[steps.yaml\]/[nosuch]/' f/finding.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml --runs r
one_sentence
says err 'stands: ladder nosuch: no ladder named "nosuch"'
sed 's/\[steps.yaml\]/steps.yaml/' f/finding.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml --runs r
says err 'wrong.yaml:6: "ladders" is string, wanted a list with something in it'
sed 's/\[steps.yaml\]/[{name: steps}]/' f/finding.yaml >f/wrong.yaml
expect 2 "$W2S" reproduce f/wrong.yaml --runs r
says err 'wrong.yaml:6: "ladders" holds a map, wanted names of ladders, or files'
finish
