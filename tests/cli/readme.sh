#!/usr/bin/env bash
# readme.sh - the commands in README.md that need no network do what it says, with the micro model, task and study in the place of its names.
. "$(dirname "$0")/lib.sh"
cp -r "$model" my-model
# as many rows as w2s task looks at
for i in 1 2 3 4 5; do sed "s/\"text\": \"/&$i/" toy.jsonl; done >many.jsonl
sed 's/toy.jsonl/many.jsonl/' toy.yaml >my-task.yaml
cp micro.yaml my-study.yaml
awk 'BEGIN { print "words,kind"; for (i = 0; i < 80; i++) printf "the letter of number %d,%d\n", i, i % 2 }' >my-data.csv
cp my-data.csv letters.csv
cut -d'"' -f4 toy.jsonl | head -n 5 >texts.txt
cat >my-ladder.yaml <<'END'
name: my-ladder
data: {text: toy.jsonl, valid: 5}
tokens: 2000
models: [{name: one, layers: 1, width: 8, heads: 1}]
END

cat >my-finding.yaml <<'END'
name: my-finding
title: A finding
shape: Students are better than their supervisors.
scales: {laptop: {studies: [{study: micro.yaml}]}}
claims: [{say: students are better, value: gain, above: 0}]
figure: [{title: Accuracy, label: accuracy, x: student_size, series: [{y: student, lines: [method]}]}]
END

# Indented lines that begin with the program, and `w2s ...` in the text; build/w2s is the program, a study of the share folder the micro study.
{ sed -n 's/^    \(build\/w2s .*\)$/\1/p' "$W2S_SOURCE/README.md"; grep -oE '`w2s (run|help)[^`]*`' "$W2S_SOURCE/README.md" | tr -d '`' | sed 's/ COMMAND/ run/'; } |
    sed -E 's/ +#.*//; s/^(build\/)?w2s //; s/^run (quick|ladder|probe)/run micro.yaml/; s/^reproduce (fig[0-9a-z-]+|all)/reproduce my-finding.yaml/; s/student.layers=12 supervisor.layers=4/student.layers=4 supervisor.layers=1/' >commands
[ "$(wc -l <commands)" -ge 7 ] || fail "README.md shows too few commands: $(cat commands)"
while read -r line; do
    echo "w2s $line"
    checks=$((checks + 1))
    # the README's own quotes are the shell's
    eval "\"\$W2S\" $line" >out 2>err </dev/null || { fail "w2s $line ended with $?"; head -n 5 err; }
done <commands

# The examples of every help, but for those that fetch or want an engine's games, or all data at once; what of the data is not there is counted.
for c in $("$W2S" help | awk '/^  [a-z]/ { print $1 }'); do "$W2S" help "$c" | sed -n 's/^    w2s //p'; done | grep -vE '^(fetch|chess|task --all)' |
    sed -E 's/smollm2-135m/my-model/; s/^reproduce (fig[0-9a-z-]+|all)/reproduce my-finding.yaml/; s/^(run|report) quick/\1 micro/; s/^run micro/run micro.yaml/; s/^label quick/label micro.yaml/; s/student.layers=12/student.layers=4/; s/^task new .*/& --out other.yaml/; s/^pretrain chess .*/pretrain my-ladder.yaml/; s/tokens=1000000/tokens=3000/' >examples
[ "$(wc -l <examples)" -ge 14 ] || fail "help has too few examples: $(cat examples)"
expect 0 "$W2S" run micro.yaml
cp my-data.csv letters.csv
awk 'BEGIN { print "id,label,model,probability"; for (i = 0; i < 60; i++) for (k = 0; k < 3; k++) printf "%d,%d,%s,%s\n", i, i % 2, substr("abc", k + 1, 1), i % (k + 2) ? i % 2 : .4 }' >predictions.csv
printf '%s\n' "name: elsewhere" "predictions: predictions.csv" "pairs: [{supervisor: a, student: b, ceiling: c}]" >elsewhere.yaml
job=$(ls runs/jobs | head -n 1)
expect 0 "$W2S" run micro.yaml seeds=1 data.test=20
other=$(ls runs/studies | grep '^micro-' | head -n 1)
while read -r line; do
    set -- $line
    if [ "$1" = task ] && [ "$2" != new ] && ! "$W2S" task "$2" --show 1 --test 10 --train 10 --supervise 10 --offline >out 2>err; then
        echo "w2s $line: SKIP, $(cat err)"
        continue
    fi
    checks=$((checks + 1))
    line=${line/quick-1a2b3c4d/$other}
    eval "\"\$W2S\" ${line/3fa2/${job:0:4}}" >out 2>err </dev/null || { fail "w2s $line, as its help says, ended with $?"; head -n 5 err; }
done <examples
expect 0 bash -c "source <('$W2S' completion bash)"
finish
