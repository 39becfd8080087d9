"""compare.py - w2s beside PyTorch, transformers and tokenizers: every row of `rows` measured in turn with its peers, as
build/bench/compare.csv and build/bench/compare.md.

    compare.py [--python PYTHON] [--repeats N] [--only TEXT] [--write]

PYTHON: one with torch, transformers and tokenizers; without it peers are left out. TEXT: the rows whose name has this
(a regular expression). --write puts the table into docs/performance.md. To add a row: a line at the end of main.
"""
import argparse
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import time

import measure
from measure import OUT, Bounds, Program, median, ours, take_turns

W2S = "build/w2s"
DOC = "docs/performance.md"


class Table:
    def __init__(self, a):
        self.python, self.repeats, self.only, self.rows = a.python, a.repeats, a.only, []

    def wanted(self, work):
        return not self.only or re.search(self.only, work)

    def add(self, work, unit, own, peers, bound=None):
        """own, peers: programs with rates and peaks, peers by name; the best of the peers counts."""
        best = max(peers, key=lambda name: median(peers[name].rates), default=None)
        row = {"work": work, "unit": unit, **spread("w2s", own.rates), "w2s_peak_mib": own.peak and round(own.peak)}
        if best:
            peer = peers[best]
            row |= {"peer": best, **spread("peer", peer.rates), "peer_peak_mib": peer.peak and round(peer.peak)}
            ratios = [a / b for a, b in zip(own.rates, peer.rates)]
            row |= {"ratio": median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios)}
        if bound:
            row |= {"bound": bound, "share_of_bound": median(own.rates) / bound}
        self.rows.append(row)
        print(markdown_row(row), flush=True)
        measure.csv_write("compare", self.rows)

    def model(self, work, own, peer, precisions, bf16, units=None):
        """Fine-tuning or predicting: bounds, ours, peers in turn."""
        if not self.wanted(work):
            return
        programs = {p: Program([self.python, "bench/peer_torch.py", "--precision", p, *peer]) for p in precisions if self.python}
        bounds, mine = Bounds(bf16), ours("train_finetune", *own, *(["--bf16"] if bf16 else []))
        take_turns([bounds, mine, *programs.values()], self.repeats)
        _, tokens = map(float, mine.facts["took"].split())
        self.add(work, "tokens/s", mine, {f"PyTorch {p}": x for p, x in programs.items()},
                 bounds.tokens_per_second(mine.facts, units or tokens))

    def tokenizer(self, name, texts, path):
        work = f"tokenizing {os.path.basename(texts)[:-4]}, {name}"
        if not self.wanted(work):
            return
        mine = ours("tokenizer_encode", "--tokenizer", path, "--texts", texts)
        peers = {"tokenizers": Program([self.python, "bench/peer_tokenizers.py", path, texts])} if self.python else {}
        take_turns([mine, *peers.values()], self.repeats)
        for p in [mine, *peers.values()]:
            if p.facts["sha256"] != mine.facts["sha256"]:
                raise SystemExit(f"{work}: ids differ: {mine.facts['ids']} of ours, {p.facts['ids']} of tokenizers")
            p.rates = [r / 1e6 for r in p.rates]
        self.add(work, "MB/s", mine, peers)

    def command(self, work, own, peer=None):
        if not self.wanted(work):
            return
        mine, other = Command(own), Command(peer) if peer and self.python else None
        take_turns([mine, other] if other else [mine], self.repeats)
        self.add(work, "times/s", mine, {" ".join(peer[1:]): other} if other else {})


class Command:
    """A whole run of a program, start to end."""

    def __init__(self, command):
        self.command, self.rates, self.peak = command, [], 0
        self.measure()
        self.rates.clear()

    def measure(self):
        began = time.perf_counter()
        child = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        self.rates.append(1 / (time.perf_counter() - began))
        self.peak = max(self.peak, usage.ru_maxrss / 1024)
        if status:
            raise SystemExit(f"{' '.join(self.command)} failed")

    def close(self):
        pass


def spread(name, rates):
    return {f"{name}_median": median(rates), f"{name}_min": min(rates), f"{name}_max": max(rates)}


HEAD = "| work | w2s (min..max) | peer (min..max) | w2s / peer | of the bound | peak memory, w2s / peer |\n|---|---|---|---|---|---|"


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def cell(r, who):
    if f"{who}_median" not in r:
        return "-"
    if r["unit"] == "times/s":
        return f"{1e3 / r[f'{who}_median']:.4g} ms ({1e3 / r[f'{who}_max']:.4g}..{1e3 / r[f'{who}_min']:.4g})"
    return f"{number(r[f'{who}_median'])} {r['unit']} ({number(r[f'{who}_min'])}..{number(r[f'{who}_max'])})"


def markdown_row(r):
    peer = cell(r, "peer") + (f", {r['peer']}" if "peer" in r else "")
    ratio = f"**{r['ratio']:.2f}** ({r['ratio_min']:.2f}..{r['ratio_max']:.2f})" if "ratio" in r else "-"
    share = f"{100 * r['share_of_bound']:.0f} % of {number(r['bound'])}" if "bound" in r else "-"
    memory = f"{r['w2s_peak_mib']:,}" + (f" / {r['peer_peak_mib']:,}" if "peer" in r else "") + " MiB"
    return f"| {r['work']} | {cell(r, 'w2s')} | {peer} | {ratio} | {share} | {memory} |"


def machine():
    said = dict(line.split(":", 1) for line in subprocess.run(["lscpu"], capture_output=True, text=True).stdout.splitlines() if ":" in line)
    said = {k.strip(): v.strip() for k, v in said.items()}
    flags = said.get("Flags", "").split()
    has = [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags]
    return (f"{said.get('Model name', 'processor unknown')}, family {said.get('CPU family', '?')} model {said.get('Model', '?')}, "
            f"{len(os.sched_getaffinity(0))} threads, {' '.join(has)}, third-level cache {said.get('L3 cache', '?')}")


def versions(python):
    said = [subprocess.run([W2S, "--version"], capture_output=True, text=True).stdout.splitlines()[0]]
    if python:
        said.append(subprocess.run(
            [python, "-W", "ignore", "-c", "import torch, transformers, tokenizers as t, sys\n"
             "print(f'PyTorch {torch.__version__}, transformers {transformers.__version__}, tokenizers {t.__version__}, "
             "Python {sys.version.split()[0]}')"], capture_output=True, text=True, check=True).stdout.strip())
    return "; ".join(said)


def movie_ids():
    """The sentences of the default task, as ids, in an order of chance: build/bench/movie.ids, and a few hundred of them."""
    folder = subprocess.run([W2S, "fetch", "movie-sentiment"], capture_output=True, text=True, check=True).stdout.strip()
    member = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
    with tarfile.open(f"{folder}/hutto_ICWSM_2014.tar.gz") as tar:
        lines = tar.extractfile(member).read().decode("latin-1").splitlines()
    texts = [p[2].strip() for p in (line.split("\t") for line in lines) if abs(float(p[1])) >= 0.3]
    random.Random(1).shuffle(texts)
    said = subprocess.run([W2S, "tokenize", "smollm2-135m", "-"], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True).stdout
    rows = [" ".join(map(str, json.loads(line)["ids"])) + "\n" for line in said.splitlines()]
    for name, n in (("movie", len(rows)), ("movie-256", 256)):
        with open(f"{OUT}/{name}.ids", "w", encoding="ascii") as f:
            f.writelines(rows[:n])


def data_texts(data):
    """Texts of W2S_DATA, one a line."""
    def lines(path, read=open):
        with read(f"{data}/{path}", "rt", encoding="utf-8") as f:
            return f.read().splitlines()

    def fields(row, *names):
        return "\n".join(row[n] if isinstance(row[n], str) else "\n".join(row[n]) for n in names)

    sets = {
        "sst2": [line.split("\t")[0] for line in lines("sst2/train.tsv")[1:]],
        "boolq": [fields(json.loads(line), "passage", "question") for line in lines("boolq/val.jsonl")],
        "hellaswag": [fields(json.loads(line), "ctx", "endings") for line in lines("hellaswag/hellaswag_val.jsonl.gz", gzip.open)],
        "chess": [line for name in ("Carlsen", "Tal") for line in lines(f"chess/pgn/{name}.pgn.gz", gzip.open) if line],
    }
    for name, texts in sets.items():
        with open(f"{OUT}/{name}.txt", "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for t in texts for line in t.splitlines())
    return [f"{OUT}/{name}.txt" for name in sets]


def finished_study(jobs=1000):
    """A study of so many jobs on the tests' micro model, run once; its command."""
    runs = f"{OUT}/runs"
    shutil.rmtree(runs, ignore_errors=True)
    with open(f"{OUT}/toy.csv", "w", encoding="utf-8") as f:
        f.write("text,label\n")
        f.writelines(f"{'good' if i % 2 else 'bad'} film number {i},{i % 2}\n" for i in range(200))
    with open(f"{OUT}/toy.yaml", "w", encoding="utf-8") as f:
        f.write('name: toy\ntitle: Toy\ncitation: none\nlicence: CC0-1.0\nkind: labelled\nsource: {files: {all: toy.csv}}\n'
                'fields: {text: text, label: label}\ntemplate: "{text}"\nlong: text\n'
                'classes: [{name: negative, word: " bad"}, {name: positive, word: " good"}]\n'
                'label: {field: label, map: {"0": 0, "1": 1}}\n')
    with open(f"{OUT}/many.yaml", "w", encoding="utf-8") as f:
        f.write(f"name: many\ntitle: Many small jobs\ntask: {os.path.abspath(OUT)}/toy.yaml\nmodel: {os.path.abspath('tests/cli/model')}\n"
                "data: {supervise: 8, train: 8, test: 8, max_tokens: 32}\n"
                "supervisor: {layers: 1, trainable: all, lr: 1e-3, epochs: 1}\n"
                "student: {layers: 2, trainable: top 1, lr: 1e-3}\n"
                f"training: {{epochs: 1, batch: 8, warmup: 1, evals: 1}}\nmethods: [naive]\nseeds: {-(-jobs // 3)}\nbootstrap: 100\n")
    return [W2S, "run", f"{OUT}/many.yaml", "--runs", runs], ["ls", "--runs", runs]


def document_write(table, python):
    text = (f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}.\n{versions(python)}.\nMedians of {table.repeats} turns.\n\n"
            + "\n".join([HEAD, *map(markdown_row, table.rows)]) + "\n")
    with open(f"{OUT}/compare.md", "w", encoding="utf-8") as f:
        f.write(text)
    return text


def document_put(path, name, text):
    """Put text between <!-- name --> and <!-- /name --> of a document."""
    with open(path, encoding="utf-8") as f:
        before, _, rest = f.read().partition(f"<!-- {name} -->\n")
    _, _, after = rest.partition(f"<!-- /{name} -->")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{before}<!-- {name} -->\n{text}<!-- /{name} -->{after}")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--python")
    a.add_argument("--repeats", type=int, default=5)
    a.add_argument("--only")
    a.add_argument("--write", action="store_true")
    a = a.parse_args()
    if a.repeats < 1:
        sys.exit("compare.py: --repeats wants 1 or more")
    if a.python and not shutil.which(a.python):
        print(f"No program {a.python}: w2s is measured without its peers.")
        a.python = None
    os.makedirs(OUT, exist_ok=True)
    t = Table(a)
    low = ["autocast", "bf16"]
    print(HEAD, flush=True)
    for shape in ("32x24", "32x96"):
        dense = ["--shape", shape]
        t.model(f"fine-tuning SmolLM2-135M, {shape}, f32", dense, dense, ["f32"], False)
        t.model(f"fine-tuning SmolLM2-135M, {shape}, bf16", dense, dense, low, True)
    movie_ids()
    movie, some = ["--ids", f"{OUT}/movie.ids"], ["--ids", f"{OUT}/movie-256.ids", "--predict"]
    t.model("fine-tuning on movie sentences, bf16", movie, movie, ["autocast"], True)
    t.model("predicting movie sentences, bf16", some, some, ["autocast"], True)
    t.model("the same, by length in batches of 64 for the peer", some, [*some, "--sorted"], ["autocast"], True)
    gpt2 = ["--model", "gpt2-124m", "--shape", "4x256"]
    t.model("fine-tuning GPT-2 124M, 4x256, f32", gpt2, gpt2, ["f32"], False)
    t.model("fine-tuning GPT-2 124M, 4x256, bf16", gpt2, gpt2, low, True)
    imports = [t.python, "-c", "import torch, transformers"]
    t.command("w2s --version", [W2S, "--version"], imports)
    if t.wanted("w2s ls") or t.wanted("a finished study of 1,000 jobs"):
        again, ls = finished_study()
        subprocess.run(again, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        t.command("w2s ls", [W2S, *ls], imports)
        t.command("a finished study of 1,000 jobs, run again", again)
    data = os.environ.get("W2S_DATA")
    texts_wanted = t.wanted("tokenizing") or a.only.startswith("tokenizing")
    if data and texts_wanted:
        for texts in data_texts(data):
            t.tokenizer("GPT-2", texts, f"{data}/tokenizers/gpt2/tokenizer.json")
        for name in ("llama", "gpt-neox"):
            t.tokenizer(name, f"{OUT}/boolq.txt", f"{data}/tokenizers/{name}/tokenizer.json")
    elif texts_wanted:
        print("Tokenizing is left out: W2S_DATA names no folder of texts (docs/assets.md).")
    if not t.rows:
        sys.exit(f"compare.py: no measurement that can be made here has {a.only!r} in its name")
    text = document_write(t, t.python)
    if a.write:
        document_put(DOC, "table", text)


if __name__ == "__main__":
    main()
