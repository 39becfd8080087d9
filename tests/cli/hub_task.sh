#!/usr/bin/env bash
# hub_task.sh - a task whose release is not there comes from the hub, as its Parquet files: from a hub on this machine that has one set.
. "$(dirname "$0")/lib.sh"
duckdb=${W2S_DUCKDB:-$HOME/.cache/w2s/assets/duckdb/duckdb}
[ -x "$duckdb" ] || { echo "SKIP: DuckDB's program is not there (w2s fetch duckdb)"; exit 77; }
command -v python3 >/dev/null || { echo "SKIP: python3 is the hub, and is not there"; exit 77; }
PATH=$(cd "$(dirname "$duckdb")" && pwd):$PATH
export PATH

mkdir -p set/default/train set/default/validation
for part in train validation; do
    "$duckdb" -init /dev/null -batch -c "COPY (SELECT 'is it ' || i || ' in $part' AS question, i % 3 > 0 AS answer, 'Passage ' || i || ' of $part' AS passage
        FROM range(200) r(i)) TO 'set/default/$part/0000.parquet' (FORMAT parquet)" || fail "no Parquet file"
done
cat >hub.py <<'END'
import hashlib, json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
COMMIT = "abcdef01" * 5
FILES = [os.path.relpath(os.path.join(d, f), "set") for d, _, fs in os.walk("set") for f in fs]
class Hub(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def reply(self, status, body, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for k, v in headers.items(): self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    def do_HEAD(self): self.do_GET()
    def do_GET(self):
        path, base = self.path.split("?")[0], "/datasets/google/boolq/resolve/"
        if path == "/api/datasets/google/boolq/revision/refs%2Fconvert%2Fparquet":
            return self.reply(200, json.dumps({"sha": COMMIT, "siblings": [{"rfilename": f} for f in FILES]}).encode())
        name = path[len(base):].split("/", 1)[1] if path.startswith(base) else ""
        if name not in FILES: return self.reply(404, b"not found")
        body = open("set/" + name, "rb").read()
        self.reply(200, body, X_Repo_Commit=COMMIT, ETag='"' + hashlib.sha256(body).hexdigest() + '"')
server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
open("port.part", "w").write(str(server.server_port)); os.rename("port.part", "port")
server.serve_forever()
END
python3 hub.py &
hub=$!
trap 'kill $hub 2>/dev/null; rm -rf "$scratch"' EXIT
for _ in $(seq 1 100); do [ -e port ] && break; sleep .1; done
[ -e port ] || { echo "SKIP: the hub does not start"; exit 77; }
export HF_ENDPOINT=http://127.0.0.1:$(cat port) HF_HOME=$scratch/hf W2S_DATA=$scratch/none
unset HF_HUB_CACHE HF_HUB_OFFLINE HF_TOKEN

small="--model $model --supervise 40 --train 40 --test 60"
expect 2 "$W2S" task boolq --offline $small
one_sentence
says err "w2s fetch boolq-hub"
expect 0 "$W2S" task boolq $small
says out "source: hub"
says out "400  rows read"
says out "Question: is it "
says out " in validation?"
lacks err "trying the next"
# Fetched once: the network is not asked again
kill $hub
expect 0 "$W2S" task boolq --offline $small --json
says out '"source": "hub"'
expect 0 "$W2S" run micro.yaml task=boolq@hub data.test=100 data.train=64 --runs runs
says "$(echo runs/studies/*/results.json)" '"source": "hub"'
says "$(echo runs/studies/*/results.json)" '"origin": "hub:google/boolq@abcdef01abcdef01abcdef01abcdef01abcdef01"'
says "$(echo runs/studies/*/report.html)" 'hub:google/boolq@abcdef01abcdef01abcdef01abcdef01abcdef01'
# A release that is there comes first
mkdir -p none/boolq
awk 'BEGIN { for (i = 0; i < 300; i++) printf "{\"question\": \"so %d\", \"passage\": \"text %d\", \"label\": %s}\n", i, i, i % 2 ? "true" : "false" }' >none/boolq/val.jsonl
expect 0 "$W2S" task boolq --offline $small
says out "source: validation"

finish
