#!/usr/bin/env bash
# w2s task: which of several sources is taken, and what is said where none is there.
. "${0%/*}/lib.sh"

cat >two.yaml <<END
name: two
citation: none
licence: CC0
kind: labelled
sources:
  - name: release
    files: {all: release.jsonl}
  - name: other
    files: {all: toy.jsonl}
template: "{text}"
label: {field: label, map: {"0": 0, "1": 1}}
END
small="--model $model --test 20 --train 20 --supervise 20"

# Only the second is there
expect 0 "$W2S" task two.yaml $small
says out "source: other"
# Both are
head -n 300 toy.jsonl >release.jsonl
expect 0 "$W2S" task two.yaml $small
says out "source: release"
says out "300  rows read"
# The one that is asked for; a study's results say which it was
expect 0 "$W2S" task two.yaml@other $small --json
says out '"source": "other"'
says out '"rows": 800'
expect 2 "$W2S" task two.yaml@othr $small
one_sentence
says err 'task two: it has no source named "othr"; there are release, other'
expect 2 "$W2S" task toy.yaml@other $small
one_sentence
sed 's/task: toy.yaml/task: two.yaml@other/' micro.yaml >study.yaml
expect 0 "$W2S" run study.yaml --runs runs data.supervise=32 data.train=64 seeds=1
says "$(echo runs/studies/*/results.json)" '"source": "other"'
says "$(echo runs/studies/*/report.html)" "(CC0; source other)"
# The name that a study with overrides has fits its column of the list
expect 0 "$W2S" ls --runs runs
[ "$(awk 'NR == 1 { print index($0, "what") }' out)" = "$(awk '/ micro-.* supervisor/ { print index($0, "supervisor"); exit }' out)" ] || fail "the list is out of line: $(cat out)"
# Of two that it may read, a study says which it read and which was not there; its settings ask for that one
mv release.jsonl gone.jsonl
sed 's/task: toy.yaml/task: two.yaml/' micro.yaml >study.yaml
expect 0 "$W2S" run study.yaml --runs silent data.train=64 methods=naive name=silent
said='Task two is read from its source "other" (looked for before it and not there: release).'
says err 'task two: from its source "other"; looked for and not there: release'
tr -s ' \n' ' ' <out >flat
says flat "$said"
says silent/studies/silent/report.html 'looked for before it and not there: release'
says silent/studies/silent/study.yaml "task: \"$PWD/two.yaml@other\""
mv gone.jsonl release.jsonl
expect 0 "$W2S" run silent/studies/silent/study.yaml --runs silent
says err "0 computed, 3 found"
mv toy.jsonl gone.jsonl
expect 2 "$W2S" run silent/studies/silent/study.yaml --runs silent
one_sentence
mv gone.jsonl toy.jsonl
# More than there is: what to type, and it does
expect 2 "$W2S" run micro.yaml --runs silent data.train=700 name=short
one_sentence
says err "these would do: data.supervise="
fits=$(sed 's/.*these would do: //' err)
expect 0 "$W2S" run micro.yaml --runs silent $fits name=short --dry-run
# None is
rm release.jsonl
mv toy.jsonl gone.jsonl
expect 2 "$W2S" task two.yaml $small
one_sentence
says err 'task two: none of its sources is there: release: .: no "release.jsonl" in it; other: .: no "toy.jsonl" in it'
# Data that is a folder of the user's: the sentence names it
expect 2 env -u W2S_DATA "$W2S" task dream --offline
one_sentence
says err 'W2S_DATA'
expect 2 env W2S_DATA="$scratch" "$W2S" task boolq --offline
one_sentence
expect 2 env W2S_DATA=/nonexist "$W2S" task dream --offline
says err "/nonexist/"

# A table of all: what is there, and why the rest is not
mv gone.jsonl toy.jsonl
mkdir -p share/tasks && cp "$W2S_SOURCE/assets.yaml" share/ && cp two.yaml toy.yaml "$W2S_SOURCE/tasks/dream.yaml" share/tasks/ && cp toy.jsonl share/tasks/
expect 0 env W2S_SHARE="$scratch/share" W2S_DATA="$scratch" "$W2S" task --all
says out "words of a rendered example"
says out "dream: "
says out "-hub is not fetched yet and a table of what is there fetches nothing; w2s fetch "
lacks out "--offline was given"
checks=$((checks + 1)); grep -q '^two  *other  *800 ' out || { fail "no row of two"; cat out; }
expect 0 env W2S_SHARE="$scratch/share" W2S_DATA="$scratch" "$W2S" task --all --model $model
says out "tokens of a rendered example"
expect 0 env W2S_SHARE="$scratch/share" W2S_DATA="$scratch" "$W2S" task --all --json
says out '"name": "toy"'
says out '"why": "'
expect 2 "$W2S" task --all toy
one_sentence

# A study warns of test texts that are nearly in what is learnt from
awk 'BEGIN { for (i = 0; i < 300; i++) for (k = 0; k < 2; k++)
    printf "{\"text\": \"%d a %d b %d c %d d %d e %d %s\", \"label\": %d}\n", i, i * 7 % 97, i * 3 % 89, i * 11 % 83, i * 5 % 79, i * 13 % 73, k ? "so" : "thus", i % 2 }' >toy.jsonl
expect 0 "$W2S" run micro.yaml --runs runs --dry-run
says err "are nearly one of another part"
expect 0 "$W2S" task toy.yaml $small
says err "are nearly one of another part"

# A task for a file that nobody has described
mkdir own && awk 'BEGIN { print "words,kind"; for (i = 0; i < 80; i++) printf "the letter of number %d,%s\n", i, i % 2 ? "praise" : "complaint" }' >own/letters.csv
expect 0 "$W2S" task new own/letters.csv --show 5
says out "own/letters.yaml:"
says out "80  rows read"
checks=$((checks + 1)); [ "$(grep -c '^    the letter of number' out)" = 5 ] || { fail "five rows are not shown"; cat out; }
says own/letters.yaml 'map: {"complaint": 0, "praise": 1}'
expect 0 "$W2S" task own/letters.yaml --model $model
expect 2 "$W2S" task new own/letters.csv
one_sentence
says err "own/letters.yaml is there already; --out names another file"
expect 0 "$W2S" task new own/letters.csv --out mine.yaml --json
says out '"name": "mine"'
gzip own/letters.csv
expect 0 "$W2S" task new own/letters.csv.gz --out packed.yaml
says packed.yaml 'files: {all: "own/letters.csv.gz"}'
expect 0 "$W2S" task new own/letters.csv.gz --out own/beside.yaml
says own/beside.yaml 'files: {all: "letters.csv.gz"}'
mkdir else
expect 0 "$W2S" task new own/letters.csv.gz --out else/far.yaml
says else/far.yaml "files: {all: \"$PWD/own/letters.csv.gz\"}"
expect 2 "$W2S" task new
one_sentence
says err "task new wants a file of data as well"
# Of a few rows, such as the two of docs/own-data.md, what there is
for n in 2 3 5 8 20; do
    { echo words,kind; for i in $(seq $n); do [ $((i % 2)) = 1 ] && echo "\"The parcel of $i came late, and it was open.\",complaint" || echo "\"Thank you, the chair $i is just right.\",praise"; done; } >few$n.csv
    expect 0 "$W2S" task new few$n.csv
    says few$n.yaml 'map: {"complaint": 0, "praise": 1}'
done
expect 0 "$W2S" task few2.yaml --model $model
says err "task few2: 2 examples, which are too few to learn from and to test on"
expect 2 "$W2S" task new none.csv
one_sentence
# What no row of the sample says is the user's to mend
{ echo "text,kind"; for i in $(seq 1001); do echo "the letter of number $i,$((i % 2))"; done; echo "a last one,2"; } >odd.csv
expect 2 "$W2S" task new odd.csv
one_sentence
says err "odd.yaml was written and does not work yet (mend it, and see w2s task ./odd.yaml)"
sed -i 's/"1": 1/"1": 1, "2": ~/' odd.yaml
expect 0 "$W2S" task ./odd.yaml
printf 'a,b\nx y,z\nx z,y\n' >no.csv
expect 2 "$W2S" task new no.csv
one_sentence
checks=$((checks + 1)); [ ! -e no.yaml ] || fail "no.yaml was written"
# A file that cannot be read to its end leaves no task file
if command -v bzip2 >/dev/null; then
    for i in $(seq 3000); do [ $i = 1 ] && echo "text,kind"; echo "the letter of number $i,$((i % 2))"; done | bzip2 >whole.csv.bz2
    { cat whole.csv.bz2; echo garbage; } >more.csv.bz2
    expect 2 "$W2S" task new more.csv.bz2
    one_sentence
    says err "more.csv.bz2: other bytes after the end of the bzip2 data"
    checks=$((checks + 1)); [ ! -e more.yaml ] || fail "more.yaml was written"
    expect 0 "$W2S" task new whole.csv.bz2
fi

# The golden draws of unit/data_split have the sums that another program comes to by docs/tasks.md alone.
checks=$((checks + 1))
python3 "$W2S_SOURCE/tests/oracle/make_split.py" >golden || fail "make_split.py"
[ "$(wc -l <golden)" = 2 ] || fail "make_split.py makes other draws"
for sum in $(cut -d " " -f 2 golden); do
    says "$W2S_SOURCE/tests/unit/data_split.c" "$sum"
done
finish
