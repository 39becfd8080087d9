#!/usr/bin/env bash
# results.sh - docs/results.md tells the truth of its findings: each section is of the files that its finding has in the tree, or it and its row are marked.
# Where this fails, a file of a finding, a study, a task or a ladder has changed: w2s reproduce --markdown docs/results.md sets the marks.
. "$(dirname "$0")/lib.sh"
page=$W2S_SOURCE/docs/results.md
sections=$(sed -n 's/^## //p' "$page")
[ "$(wc -w <<<"$sections")" -ge 10 ] || fail "the page has too few findings"
for id in $sections; do
    checks=$((checks + 1))
    sed -n "/^## $id\$/,/^## /p" "$page" >section
    name=$(sed -n 's/^    w2s reproduce \([^ ]*\) .*/\1/p' section)
    [ -f "$W2S_SOURCE/findings/$name.yaml" ] || { fail "$id: there is no finding $name"; continue; }
    marked=$(grep -c '^\*\*This is of earlier files\*\*: ' section)
    row=$(grep -cF "| [$id](#$id) | " "$page")
    marked_row=$(grep -F "| [$id](#$id) | " "$page" | grep -c '; of earlier files |')
    [ "$row $marked $marked_row" = "1 0 0" ] || [ "$row $marked $marked_row" = "1 1 1" ] ||
        fail "$id: rows, marks of the section and of the row: $row $marked $marked_row, wanted 1, and of both one or none"
done
# It is what the program would write again: marked is what is of earlier files and nothing else, nothing twice; the head is this program's.
cp "$page" results.md
expect 0 "$W2S" reproduce --markdown results.md
cmp -s results.md "$page" || { fail "the page is not as the program writes it"; diff "$page" results.md | cut -c 1-200; }
finish
