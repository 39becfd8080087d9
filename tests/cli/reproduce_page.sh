#!/usr/bin/env bash
# reproduce_page.sh - one page of findings that grows over runs folders and scales; findings that cannot be put to the test are passed over.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }

# A share of its own, so that "all" is what is asked for here.
mkdir -p share/findings share/studies share/tasks
cp "$W2S_SOURCE/assets.yaml" share
export W2S_SHARE=$scratch/share
sed 's/^methods: .*/methods: [naive]/; s/epochs: 3/epochs: 1/' micro.yaml >micro2.yaml && mv micro2.yaml micro.yaml
finding() { # finding NAME SET...: one study of that name, and one claim that holds
    cat <<END
name: $1
title: What $1 shows
source: nobody
shape: All is well.
scales:
  laptop: {studies: [{as: one, study: $scratch/micro.yaml, set: {$2}}]}
  gpu: {studies: [{as: one, study: $scratch/micro.yaml, set: {seeds: 2}}]}
claims:
  - {say: it is there, value: student, above: -1}
figure:
  - {title: Accuracy, label: accuracy, x: student_size, series: [{y: student}]}
END
}
finding beta "" >share/findings/beta.yaml
finding alpha "seeds: 2" >share/findings/alpha.yaml
finding gamma "" >share/findings/gamma.yaml

# Two runs folders, one page: what the second has not stays, byte by byte.
expect 0 "$W2S" reproduce beta --runs first --markdown page.md
cp page.md before.md
sed -i 's/^\*\*Here\*\*: /&Kept. /' page.md
expect 0 "$W2S" reproduce alpha gamma --runs second --markdown page.md
python3 - <<'END' || fail "the page did not grow"
import re
old, page = open("before.md").read(), open("page.md").read()
assert re.findall(r"^## (.*)$", page, re.M) == ["alpha", "beta", "gamma"]
rows = re.findall(r"^\| \[.*$", page, re.M)
assert [r.split("]")[0] for r in rows] == ["| [alpha", "| [beta", "| [gamma"], rows
assert rows[1] in old and rows[0].endswith(" | 2 |") and rows[1].endswith(" | 1 |"), rows
part = lambda text: re.search(r"^## beta$.*?(?=^## |\Z)", text, re.M | re.S).group().rstrip("\n")
assert part(page) == part(old).replace("**Here**: ", "**Here**: Kept. ") and "Kept." not in page.replace(part(page), "")
assert page.count("| finding |") == 1 and page.endswith("</details>\n")
END
if command -v gnuplot >/dev/null; then
    for x in alpha beta gamma; do
        [ -s page/$x.svg ] || fail "no figure of $x"
        says page.md "](page/$x.svg)"
    done
fi
# Written again from either folder it stays as it is, but for what this folder has: that is written anew.
cp page.md grown.md
expect 0 "$W2S" reproduce gamma --runs second --markdown page.md
diff <(sed 's/[0-9.]*[hms]* of computing//' grown.md) <(sed 's/[0-9.]*[hms]* of computing//' page.md) >/dev/null || fail "the page is another"
expect 0 "$W2S" reproduce beta --runs first --markdown page.md
lacks page.md "Kept."
# Another scale is another section, with a figure of its own.
expect 0 "$W2S" reproduce beta --runs first --scale gpu --markdown page.md
says page.md "| [beta-gpu](#beta-gpu) | holds | 1 of 1 | gpu |"
says page.md "## beta-gpu"
says page.md "w2s reproduce beta --scale gpu"
says page.md "## beta"
says first/findings/findings.html 'id="beta-gpu"'
command -v gnuplot >/dev/null && says page.md "](page/beta-gpu.svg)"
# A finding without a figure has no link to one.
rm second/findings/gamma/figure.svg
sed -i 's/{y: student}/{y: student, where: {supervisor: "*\/9"}}/; s/^name: .*/name: bare/' share/findings/gamma.yaml && mv share/findings/gamma.yaml share/findings/bare.yaml
expect 0 "$W2S" reproduce bare --runs bare --markdown bare.md
lacks bare.md ".svg"
rm share/findings/bare.yaml

# What is said of a finding whose file is another now is marked, in the table too, as long as that is so; nothing is computed for that.
expect 0 "$W2S" reproduce --markdown page.md --runs second
cp page.md whole.md
cp share/findings/beta.yaml beta.yaml
# an apostrophe, too
mkdir "it's"
cp share/findings/beta.yaml "it's/mine.yaml"
expect 0 "$W2S" reproduce "it's/mine.yaml" --scale gpu --runs typed --markdown own.md
# shellcheck disable=SC2046
[ "$(eval printf '%s.' $(sed -n 's/^    w2s \(reproduce .*mine.yaml[^ ]*\) .*/\1/p' own.md))" = "reproduce.it's/mine.yaml." ] || fail "a path with an apostrophe cannot be typed again: $(grep '^    w2s' own.md)"
echo "# another word" >>share/findings/beta.yaml
expect 0 "$W2S" reproduce --markdown page.md --runs third
[ ! -s out ] && [ ! -e third ] || fail "without a finding, something was run"
says page.md "| [beta](#beta) | holds; of earlier files | 1 of 1 |"
says page.md "| [beta-gpu](#beta-gpu) | holds; of earlier files | 1 of 1 |"
says page.md "| [alpha](#alpha) | holds | 1 of 1 |"
[ "$(grep -c '^\*\*This is of earlier files\*\*: ' page.md)" = 2 ] || fail "not the two sections of beta are marked"
expect 0 "$W2S" reproduce alpha --runs second --markdown page.md
[ "$(grep -c 'of earlier files\*\*: ' page.md)" = 2 ] || fail "marks are gone, or twice there"
# its own runs folder says it on its page, until the finding is put to the test anew
expect 0 "$W2S" reproduce --markdown page.md --runs first
[ "$(grep -c 'of earlier files' first/findings/findings.html)" = 4 ] || fail "findings.html has other marks"
expect 0 "$W2S" reproduce beta --runs first --markdown page.md
says page.md "| [beta](#beta) | holds | 1 of 1 |"
says page.md "| [beta-gpu](#beta-gpu) | holds; of earlier files"
cp beta.yaml share/findings/beta.yaml
expect 0 "$W2S" reproduce beta --runs first --markdown page.md
diff <(sed 's/[0-9.]*[hms]* of computing//' whole.md) <(sed 's/[0-9.]*[hms]* of computing//' page.md) >/dev/null || fail "marks stay"
# so is what stands on a study or a task whose file is another now (alpha, beta at both scales), of that scale alone; data is not looked at
mv toy.jsonl toy.gone
for file in micro.yaml toy.yaml; do
    cp $file kept
    echo "# another word" >>$file
    expect 0 "$W2S" reproduce --markdown page.md --runs third
    [ "$(grep -c '^\*\*This is of earlier files\*\*: ' page.md)" = 3 ] || fail "not all sections that stand on $file are marked"
    cp kept $file
    expect 0 "$W2S" reproduce --markdown page.md --runs third
    diff <(sed 's/[0-9.]*[hms]* of computing//' whole.md) <(sed 's/[0-9.]*[hms]* of computing//' page.md) >/dev/null || fail "marks of $file stay"
done
cp micro.yaml other.yaml
sed "s#$scratch/micro.yaml, set: {}#$scratch/other.yaml, set: {}#" beta.yaml >share/findings/beta.yaml
mv toy.gone toy.jsonl
expect 0 "$W2S" reproduce beta --runs apart --markdown apart.md
expect 0 "$W2S" reproduce beta --runs apart --scale gpu --markdown apart.md
lacks apart.md "This is of earlier"
echo "# another word" >>other.yaml
expect 0 "$W2S" reproduce --markdown apart.md --runs third
says apart.md "| [beta](#beta) | holds; of earlier files |"
says apart.md "| [beta-gpu](#beta-gpu) | holds | "
cp beta.yaml share/findings/beta.yaml
expect 0 "$W2S" reproduce --markdown page.md --runs third
# a finding by its file goes by that file, whatever the share has under its name
sed 's/What beta/What my beta/' beta.yaml >my.yaml
expect 0 "$W2S" reproduce ./my.yaml --runs mine --markdown mine.md
says mine.md "What my beta shows"
says err "./my.yaml has the name of another finding, beta: in this runs folder it takes its place"
lacks mine.md "| holds; of earlier files"
says mine.md "w2s reproduce ./my.yaml --scale laptop"
# and the page says how it was asked for, so that this can be typed again; marks go by its name still
expect 0 "$W2S" reproduce share/findings/beta.yaml --scale gpu --runs typed --markdown typed.md
asked=$(sed -n 's/^    w2s \(reproduce .*\)/\1/p' typed.md)
[ "$asked" = "reproduce share/findings/beta.yaml --scale gpu" ] || fail "the page says w2s $asked"
# shellcheck disable=SC2086
expect 0 "$W2S" $asked --runs typed
echo "# another word" >>share/findings/beta.yaml
expect 0 "$W2S" reproduce --markdown typed.md --runs third
says typed.md "| [beta-gpu](#beta-gpu) | holds; of earlier files |"
[ "$(grep -c '^\*\*This is of earlier files' typed.md)" = 1 ] || fail "a section by its file is not marked"
cp beta.yaml share/findings/beta.yaml
# a section that does not say which file it is of is one of earlier files
sed -i '/^<!-- the finding.s files: /d' page.md
expect 0 "$W2S" reproduce --markdown page.md --runs third
[ "$(grep -c 'of earlier files' page.md)" = 7 ] || fail "not all sections and rows whose file is known are marked"
expect 2 "$W2S" reproduce --markdown page.md --dry-run
says err "reproduce wants a finding, or all"
expect 2 "$W2S" reproduce seeds=1 --markdown page.md
says err "reproduce wants a finding, or all"

# A finding.json that is none, of another finding: what was asked for is said and on the page, the other section stays, and the status says so.
cp whole.md page.md
for broken in '{"format": 1, "name": "gamma"}' '{"format": 1' 'null'; do
    echo "$broken" >second/findings/gamma/finding.json
    expect 2 "$W2S" reproduce alpha --runs second --markdown page.md
    says out "In 2 runs the paper's shape holds: its claim does."
    says out "all findings: second/findings/findings.html"
    says err "left off the pages: second/findings/gamma/finding.json"
    says err "w2s: 1 finding.json of the runs folder is left off the pages"
    diff <(sed 's/[0-9.]*[hms]* of computing//' whole.md) <(sed 's/[0-9.]*[hms]* of computing//' page.md) >/dev/null || fail "the page is another"
    lacks second/findings/findings.html "What gamma shows"
done
echo '{"format": 1, "name": "gamma"}' >second/findings/gamma/finding.json
expect 2 "$W2S" reproduce --markdown page.md --runs second
says err 'gamma/finding.json: "scale" is missing, wanted a name'

# A file that is no such page stays as it is, and that is said before anything is computed.
echo "# My notes" >notes.md
expect 2 "$W2S" reproduce beta --runs third --markdown notes.md
one_sentence
says err "notes.md: not a page of findings: its first line is not \"# Findings of the study, put to the test\""
[ "$(cat notes.md)" = "# My notes" ] && [ ! -e third/findings ] || fail "notes were written over, or studies were run"

# All: what cannot be run for want of data, or fails, is passed over, the rest is there, and the status says so.
sed 's/files: {all: toy.jsonl}/files: {all: nosuch.jsonl}/; s/^name: .*/name: gone/' toy.yaml >gone.yaml
finding absent "task: $scratch/gone.yaml" >share/findings/absent.yaml
finding broken "student.lr: 9, student.weight_decay: 1" >share/findings/broken.yaml
expect 2 "$W2S" reproduce all --runs all --markdown all.md
says err "passed over: absent: study one: "
says err "nosuch.jsonl"
says err "broken: 2 jobs failed; what they would have shown is missing"
says err "w2s: 1 of 4 findings could not be put to the test; 2 jobs failed, run again to try them once more"
says all.md "| [alpha](#alpha) | holds |"
says all.md "| [beta](#beta) | holds |"
says all.md "| [broken](#broken) | cannot tell (2 jobs failed) |"
says all.md "**Here**: As far as it could be run (2 jobs of study one failed), in this one run it cannot be told at this size whether its claim holds."
says all.md "(toy, 200 test examples, 1 seed); 2 jobs of study one failed; laptop scale, 1 study, "
lacks all.md "## absent"
# Failed jobs alone are an error, too.
rm share/findings/absent.yaml
expect 1 "$W2S" reproduce all --runs all
says err "w2s: 2 jobs failed, run again to try them once more"
# One whose file is wrong is said before the first is run.
sed 's/value: student/value: students/' share/findings/beta.yaml >share/findings/zeta.yaml
expect 2 "$W2S" reproduce all --runs none
one_sentence
says err 'zeta.yaml:9: "value" is "students"'
[ ! -e none/findings ] || fail "findings were run before all files were read"
finish
