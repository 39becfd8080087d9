"""measure.py - programs that take turns, and what their times say.

A measured program prints facts ("name value") and "ready"; given a line it measures once and prints
"took SECONDS UNITS", then "ready" again; at the end of its input it ends (bench.h). Programs that are
compared run at the same time and wait for each other, so what disturbs the machine disturbs all.
"""
import csv
import os
import subprocess
import sys

BUILD = os.environ.get("W2S_BENCH_BUILD", "build/release/bench")
OUT = os.environ.get("W2S_BENCH_OUT", "build/bench")


class Program:
    """One measured program. facts: what it printed last under each name; peak: MiB, after close()."""

    def __init__(self, command, threads=None):
        env = dict(os.environ, TOKENIZERS_PARALLELISM="0", RAYON_NUM_THREADS="1", PYTHONWARNINGS="ignore")
        if threads:
            env.update(OMP_NUM_THREADS=str(threads), W2S_THREADS=str(threads))
        self.command, self.facts, self.rates, self.peak = command, {}, [], None
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self._listen()

    def _listen(self):
        for line in self.child.stdout:
            name, _, value = line.strip().partition(" ")
            if name == "ready":
                return
            self.facts[name] = value
        self.close()
        sys.exit(f"{' '.join(self.command)} ended before it was ready")

    def measure(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        self._listen()
        seconds, units = map(float, self.facts["took"].split())
        self.rates.append(units / seconds)
        return seconds, units

    def close(self):
        if self.peak is None:
            self.child.stdin.close()
            self.child.stdout.read()
            _, _, usage = os.wait4(self.child.pid, 0)
            self.child.returncode = 0
            self.peak = usage.ru_maxrss / 1024


def take_turns(programs, repeats):
    """Every program measures `repeats` times, one after the other."""
    for _ in range(repeats):
        for p in programs:
            p.measure()
    for p in programs:
        p.close()


def ours(name, *options, threads=None):
    return Program([f"{BUILD}/bench_{name}", *map(str, options)], threads)


class Bounds:
    """What the machine gives, measured in turn with the rest: bench_tensor_bounds."""

    def __init__(self, bf16, threads=None):
        self.program = ours("tensor_bounds", *(["--bf16"] if bf16 else []), threads=threads)
        self.product, self.memory, self.rates = [], [], []

    def measure(self):
        self.program.measure()
        self.product.append(float(self.program.facts["product"]))
        self.memory.append(float(self.program.facts["memory"]))

    def close(self):
        self.program.close()

    def tokens_per_second(self, facts, tokens):
        """The composite bound of a step of so many tokens: its products at the rate of a large one, the optimizer's
        seven numbers (weight, gradient and two moments read; all but the gradient written) at memory's."""
        products = float(facts["flops"]) * tokens / median(self.product)
        optimizer = 7 * 4 * float(facts["learning"]) / median(self.memory)
        return tokens / (products + optimizer)


def median(values):
    v = sorted(values)
    return (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2


def rank_sum_p(slow, fast):
    """The chance that values as low as `slow` come from where `fast` comes from: Mann and Whitney's test, exact, one
    side. No ties are expected of clocks; a tie counts one half."""
    n, m = len(slow), len(fast)
    u = sum((a > b) + (a == b) / 2 for a in slow for b in fast)
    ways = [[0] * (n * m + 1) for _ in range(n + 1)]  # [k][u]: of k of the values so far being slow
    ways[0][0] = 1
    for value in range(n + m):
        for k in range(min(n, value + 1), 0, -1):
            below = value + 1 - k  # fast values under this one, where it is the k-th slow
            if below <= m:
                for s in range(n * m, below - 1, -1):
                    ways[k][s] += ways[k - 1][s - below]
    return sum(ways[n][: int(u + 0.5) + 1]) / sum(ways[n])


def csv_write(name, rows):
    os.makedirs(OUT, exist_ok=True)
    with open(f"{OUT}/{name}.csv", "w", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, list(dict.fromkeys(k for r in rows for k in r)))
        w.writeheader()
        w.writerows(rows)
