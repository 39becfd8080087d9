#!/usr/bin/env bash
# Files that are broken, or made to break what reads them: one sentence, status 2, nothing written.
. "${0%/*}/lib.sh"
command -v python3 >/dev/null || { echo "SKIP: python3 makes the files, and is not there"; exit 77; }

# task_of FILE [MORE]: a task over the file
task_of() {
    cat >bad.yaml <<END
name: bad
citation: none
licence: none
kind: labelled
source:
  files: {all: "$1"}
${2:-}
template: "{text}"
label: {field: label, map: {"0": 0, "1": 1}}
END
}
# refused FILE TEXT [MORE]: w2s task on it
refused() {
    task_of "$1" "${3:-}"
    expect 2 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4
    one_sentence
    says err "$2"
}

python3 - <<'END'
import bz2, gzip, io, json, lzma, tarfile, zipfile
rows = "".join(json.dumps({"text": "row %d" % i, "label": i % 2}) + "\n" for i in range(60)).encode()
blank = (b" " * 1023 + b"\n") * 1024  # lines, so that no row is too long before the file is
with gzip.open("bomb.jsonl.gz", "wb", 9) as f:
    for _ in range(300): f.write(blank)
with lzma.open("bomb.jsonl.xz", "wb", preset=0) as f:
    for _ in range(300): f.write(blank)
with bz2.open("bomb.jsonl.bz2", "wb", 1) as f:
    for _ in range(300): f.write(blank)
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
    with z.open("a.jsonl", "w") as f:
        for _ in range(300): f.write(blank)
for name, pack in (("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)):
    packed = pack(rows)
    open("whole.jsonl." + name, "wb").write(packed)
    open("cut.jsonl." + name, "wb").write(packed[:len(packed) // 2])
plain = bytearray(gzip.compress(rows, 0))  # stored as it is: nothing but the sum can tell
plain[60] ^= 1
open("twisted.jsonl.gz", "wb").write(plain)
inner = io.BytesIO()
with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("../../climbs.jsonl", rows)
    z.writestr("/absolute.jsonl", rows)
open("climb.zip", "wb").write(inner.getvalue())
open("cut.zip", "wb").write(inner.getvalue()[:200])
with tarfile.open("nest.tar.xz", "w:xz") as t:
    for name in ("in.zip", "again.tar"):
        data = inner.getvalue()
        if name == "again.tar":
            b = io.BytesIO()
            with tarfile.open(fileobj=b, mode="w") as t2:
                i = tarfile.TarInfo("deep/in.zip"); i.size = len(data); t2.addfile(i, io.BytesIO(data))
                l = tarfile.TarInfo("deep/link.jsonl"); l.type = tarfile.SYMTYPE; l.linkname = "/etc/passwd"; t2.addfile(l)
            data = b.getvalue()
        i = tarfile.TarInfo(name); i.size = len(data); t.addfile(i, io.BytesIO(data))
open("utf16.jsonl", "wb").write(rows.decode().encode("utf-16"))
open("latin.csv", "wb").write("text,label\ncaf\xe9,0\n".encode("latin-1"))
open("nul.jsonl", "wb").write(rows[:40] + b"\0" + rows[40:])
open("twice.jsonl", "w").write('{"text": "a", "label": 0}\n{"text": "a", "text": "b", "label": 1}\n')
open("big.jsonl", "w").write('{"text": 99999999999999999999, "label": 0}\n')
open("kept.jsonl", "w").write("".join('{"text": %d, "label": %d}\n' % (2**53 + 1 + 2 * i, i % 2) for i in range(60)))
open("deep.jsonl", "w").write("[" * 100000 + "\n")
open("bad.parquet", "wb").write(b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1")
END

# What unpacks to far more than it is
refused bomb.jsonl.gz "bomb.jsonl.gz: it unpacks to more than 200 times its size, 25"
refused bomb.jsonl.xz "refused"
refused bomb.jsonl.bz2 "refused"
refused bomb.zip/a.jsonl "refused"
if command -v zstd >/dev/null; then
    head -c 300M /dev/zero | tr "\\0" "\\n" | zstd -q >bomb.jsonl.zst
    refused bomb.jsonl.zst "refused"
    zstd -q <toy.jsonl >toy.jsonl.zst
    task_of toy.jsonl.zst
    expect 0 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4
fi
# What ends too early; what is whole, in each packing
for x in gz xz bz2; do
    refused cut.jsonl.$x "cut.jsonl.$x: "
    task_of whole.jsonl.$x
    expect 0 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4
    says out "60  rows read"
done
refused cut.zip/a.jsonl "cut.zip: "
# One byte in the middle is another: every packing has a sum, and it is looked at
refused twisted.jsonl.gz "twisted.jsonl.gz: incorrect data check"
# Names that climb out of an archive are names: nothing is written anywhere
task_of climb.zip/../../climbs.jsonl
expect 0 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4
task_of nest.tar.xz/again.tar/deep/in.zip/../../climbs.jsonl
expect 0 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4
says out "60  rows read"
refused nest.tar.xz/again.tar/deep/link.jsonl "no \"deep/link.jsonl\" in it"
checks=$((checks + 1))
[ ! -e ../climbs.jsonl ] && [ ! -e ../../climbs.jsonl ] && [ ! -e /absolute.jsonl ] || fail "something climbed out"
# Encodings
refused utf16.jsonl "utf16.jsonl:1: the text is UTF-16; wanted UTF-8"
refused latin.csv "latin.csv:2: the byte 0xe9 is not UTF-8"
refused nul.jsonl "a NUL byte"
# Keys and numbers
refused twice.jsonl 'twice.jsonl:2: not JSON: duplicate object key'
refused big.jsonl 'big.jsonl:1: "text" is 1e+20: the digits of a number past 2^53 are not kept'
refused deep.jsonl "not JSON: maximum parsing depth reached"
task_of kept.jsonl
expect 0 "$W2S" task bad.yaml --model $model --test 4 --train 4 --supervise 4 --show 60
says out "    900719925474"
lacks out "e+15"
# A Parquet file that is none; DuckDB's program answers, where it is there
if [ -x "${W2S_DUCKDB:-$HOME/.cache/w2s/assets/duckdb/duckdb}" ]; then
    PATH=$(dirname "${W2S_DUCKDB:-$HOME/.cache/w2s/assets/duckdb/duckdb}"):$PATH
    refused bad.parquet "bad.parquet: DuckDB: "
    # Parquet that is packed is unpacked for it, and not without a bound
    cp bomb.jsonl.gz bomb.parquet.gz
    refused bomb.parquet.gz "bomb.parquet.gz: it unpacks to more than 200 times its size, 256 MiB so far: refused"
fi

finish
