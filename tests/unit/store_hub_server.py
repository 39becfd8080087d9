"""store_hub_server.py FOLDER - a hub and its store of large files, as small as the tests need.

Two servers on 127.0.0.1: the hub, which answers listings and small files and redirects large ones,
and the "cdn" that holds those. FOLDER/ports gets their ports, FOLDER/requests a line for each
request: hub|cdn METHOD PATH token=... range=... Ends when standard input does. What a repository
does wrong is in its name."""
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
COMMIT = "c0ffee" * 6 + "c0ff"
OTHER = COMMIT[::-1]  # of tiny/adopt@v2, tiny/mirror@v2
BIG = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(100_000))  # 3.2 MB
SMALL = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b'{"version": "1.0"}',
    "README.md": b"read me",
    "tokenizer_config.json": b"",
    "sub/odd name.json": b"[1]",
}
SHARD = "model-0000%d-of-00002.safetensors"
SHARDS = {SHARD % 1: BIG[:1000], SHARD % 2: BIG[1000:2000]}
INDEX = json.dumps({"weight_map": {"a": SHARD % 1, "b": SHARD % 2}})
seen = {}
pair = threading.Barrier(2)  # of tiny/pair: two files are asked for at the same time
half = threading.Event()  # of tiny/half: the slow file is on its way
lock = threading.Lock()
ports = {}


def files_of(repo):
    if repo == "tiny/bin":
        return dict(SMALL, **{"pytorch_model.bin": BIG})
    if repo == "tiny/shards":
        return dict(SMALL, **SHARDS, **{"model.safetensors.index.json": INDEX.encode()})
    if repo in ("tiny/pair", "tiny/half"):
        shards = {SHARD % 1: BIG[:1000], SHARD % 2: BIG}
        return dict(SMALL, **shards, **{"model.safetensors.index.json": INDEX.encode()})
    if repo == "tiny/data":
        return {"train/rows.jsonl": b'{"x": 1}\n'}
    if repo == "tiny/gguf":
        return {"q4.gguf": BIG[:5000], "q8.gguf": BIG[:9000]}
    return dict(SMALL, **{"model.safetensors": BIG, "pytorch_model.bin": BIG})


def first(what):
    with lock:
        seen[what] = seen.get(what, 0) + 1
        return seen[what] == 1


def large(name):
    return name.endswith((".safetensors", ".bin", ".gguf"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    where = "?"

    def log_message(self, *args):
        pass

    def note(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        begin = self.headers.get("Range", "")
        line = f"{self.where} {self.command} {self.path} token={token} range={begin}\n"
        with lock, open(os.path.join(FOLDER, "requests"), "a") as f:
            f.write(line)
        return token

    def reply(self, status, body=b"", cut=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True

    def hang_up(self):
        self.close_connection = True

    def reset(self):
        """The connection is reset, not closed, when the client has read what came."""
        self.wfile.flush()
        time.sleep(0.5)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def do_HEAD(self):
        self.do_GET()


class Hub(Handler):
    where = "hub"

    def do_GET(self):
        token = self.note()
        path = self.path.replace("%20", " ").split("?")[0]
        parts = path.strip("/").split("/")
        api = parts[0] == "api"
        if api:
            parts = parts[1:]
        dataset = parts[0] == "datasets"
        if parts[0] in ("datasets", "models"):
            parts = parts[1:]
        repo, verb, revision, name = "/".join(parts[:2]), parts[2], parts[3], "/".join(parts[4:])
        if dataset != (repo == "tiny/data") or repo == "tiny/absent":
            return self.reply(401 if not token else 404, b"Repository not found")
        if repo == "tiny/gated" and token != "good":
            return self.reply(403 if token else 401, b"gated")
        if repo == "tiny/often":
            return self.reply(429)
        if repo == "tiny/later":
            return self.reply(429, Retry_After="3600")
        if repo == "tiny/ages":
            return self.reply(429, Retry_After="9" * 20)
        if repo == "tiny/halves":
            return self.reply(429, Retry_After="2.5")
        if repo == "tiny/busy" and first(self.command + name):
            # a number, a date, nothing
            if api:
                return self.reply(429, Retry_After="1")
            if name == "config.json":
                return self.reply(503, Retry_After=formatdate(time.time() + 2, usegmt=True))
            if name == "tokenizer.json":
                return self.reply(503)
        if repo == "tiny/dated":
            return self.reply(429, Retry_After=formatdate(time.time() + 3600, usegmt=True))
        if repo == "tiny/past":
            return self.reply(429, Retry_After=formatdate(time.time() - 3600, usegmt=True))
        if repo == "tiny/five":
            return self.reply(500)
        if repo == "tiny/fails":
            kind = self.command + name
            if (api or name == "config.json") and first(kind + "fails"):
                return self.reply(502 if api else 500)
        if repo == "tiny/reset" and api and first("reset"):
            return self.reset()
        if repo == "tiny/lost" and large(name):
            return self.reply(302, Location="http://no-such-host.invalid/x", X_Linked_Size=str(len(BIG)),
                              X_Linked_Etag=f'"{hashlib.sha256(BIG).hexdigest()}"')
        if repo == "tiny/away" and (api or name == "tokenizer.json") and first(self.command + name + "away"):
            return self.hang_up()
        if repo == "tiny/ill":
            return self.reply(503)
        if repo == "tiny/other":
            return self.reply(200, b'{"hello": "world"}')
        if repo == "tiny/html":
            return self.reply(200, b"<html>log in to the hotel's network</html>")
        if repo == "tiny/round":
            return self.reply(307, Location=self.path)
        if repo == "tiny/moved":
            return self.reply(307, Location=self.path.replace("tiny/moved", "tiny/model"))
        if revision not in ("main", "v2", "refs%2Fpr%2F1", COMMIT, OTHER):
            return self.reply(404, b"revision")
        if api:
            siblings = [{"rfilename": f} for f in files_of(repo)]
            if repo == "tiny/evil":
                siblings.append({"rfilename": "tokenizer/../../../../evil"})
            listing = json.dumps({"sha": OTHER if repo in ("tiny/adopt", "tiny/mirror") and revision == "v2" else COMMIT,
                                  "siblings": siblings}).encode()
            cut = repo == "tiny/tattered" or (repo == "tiny/torn" and (first("torn") or first("torn again")))
            return self.reply(200, listing, cut=len(listing) // 2 if cut else None)
        body = files_of(repo).get(name)
        if body is None:
            return self.reply(404, b"entry")
        if large(name):
            etag = hashlib.sha256(body).hexdigest()
            if repo == "tiny/mirror":
                etag = "mirror-" + etag[:16]  # the sum of nothing
            location = f"http://127.0.0.1:{ports['cdn']}/{repo}/{name}?signed=1"
            return self.reply(302, Location=location, X_Repo_Commit=COMMIT, X_Linked_Etag=f'"{etag}"',
                              X_Linked_Size=str(len(body) - (100 if repo == "tiny/more" else 0)), ETag='"of the redirect"')
        etag = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        if name == "config.json" and "cached" not in self.path:
            # within the hub, as it does with small files: an etag, but no length
            return self.reply(307, Location=self.path + "?cached", X_Repo_Commit=COMMIT, X_Linked_Etag=f'"{etag}"')
        if repo == "tiny/twisted" and name == "tokenizer.json":
            body = body.replace(b"1.0", b"1.1")  # as long, and another
        self.reply(200, body, X_Repo_Commit=COMMIT, ETag=f'W/"{etag}"')


class Cdn(Handler):
    where = "cdn"

    def half(self, name, body):
        """One file fails when the other is half there, which then comes slowly."""
        if name == SHARD % 1:
            half.wait(20)
            return self.reply(500)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1_500_000])
        self.wfile.flush()
        time.sleep(0.3)
        half.set()
        for i in range(1_500_000, 1_500_400):
            self.wfile.write(body[i:i + 1])
            self.wfile.flush()
            time.sleep(0.1)
        self.close_connection = True

    def do_GET(self):
        self.note()
        parts = self.path.split("?")[0].strip("/").split("/")
        repo, name = "/".join(parts[:2]), "/".join(parts[2:])
        body = files_of(repo)[name]
        with lock:
            seen[repo] = seen.get(repo, 0) + 1
            times = seen[repo]
        if repo == "tiny/corrupt":
            body = body[:-1] + b"\0"
        if repo == "tiny/pair":
            try:
                pair.wait(20)
            except threading.BrokenBarrierError:
                return self.reply(500)
        if repo == "tiny/half" and not os.path.exists(os.path.join(FOLDER, "go-half")):
            return self.half(name, body)
        if repo == "tiny/away" and times == 2:
            return self.hang_up()
        if repo == "tiny/fails" and times == 1:
            return self.reply(504)
        if repo == "tiny/reset" and times == 1:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:1_500_000])
            return self.reset()
        if repo == "tiny/dead":
            return self.reply(200, body, cut=0)
        begin = self.headers.get("Range")
        if begin is None or repo == "tiny/norange":
            cuts = {"tiny/cut": 1_500_000, "tiny/norange": 700_000, "tiny/stop": 2_000_000,
                    "tiny/away": 1_500_000, "tiny/offset": 1_500_000, "tiny/crumbs": 400_000}
            cut = cuts.get(repo)
            return self.reply(200, body, cut=cut if times <= 1 else None)
        first = int(begin.removeprefix("bytes=").rstrip("-")) + (repo == "tiny/offset")
        if repo == "tiny/stop" and not os.path.exists(os.path.join(FOLDER, "go")):
            return self.reply(503)
        cut = 600_000 if repo == "tiny/cut" and times == 2 else 400_000 if repo == "tiny/crumbs" else None
        self.reply(206, body[first:], cut=cut,
                   Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}")


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that hangs up is nothing to talk about


servers = {"hub": Server(("127.0.0.1", 0), Hub), "cdn": Server(("127.0.0.1", 0), Cdn)}
for key, server in servers.items():
    ports[key] = server.server_address[1]
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
with open(os.path.join(FOLDER, "ports.part"), "w") as out:
    out.write(f"{ports['hub']} {ports['cdn']}\n")
os.rename(os.path.join(FOLDER, "ports.part"), os.path.join(FOLDER, "ports"))
sys.stdin.read()
