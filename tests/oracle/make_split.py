#!/usr/bin/env python3
"""The sums that tests/unit/data_split.c wants of its two golden draws, by another road.

Everything between a row and a dataset's hash is done here once more, from docs/tasks.md: Philox4x32-10
streams, the order of questions, which answer is shown, the parts, their balance, the hash. Needs Python alone.
"""
import hashlib

M64, M32 = (1 << 64) - 1, (1 << 32) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & M64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


def block(seed, stream):
    """The first four words of a stream."""
    h = 0xCBF29CE484222325
    for b in stream.encode():
        h = ((h ^ b) * 0x100000001B3) & M64
    key = mix(seed ^ mix(h))
    c, k = [0, 0, 0, 0], [key & M32, key >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & M32, (a >> 32) ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def sha(s):
    return hashlib.sha256(s.encode()).hexdigest()


def draw(examples, seed, sizes):
    """examples: {question: (label, text)}; one example a question, two classes."""

    def place(question):
        w = block(seed, "split:" + sha(question))
        return w[0] << 32 | w[1]

    order = sorted(examples, key=place)
    m, taken, parts = len(order), set(), {}
    ones = sum(label for label, _ in examples.values())
    balanced = max(ones, m - ones) > 0.55 * m
    for part in ("test", "valid", "supervise", "train"):
        n = sizes[part]
        quota = [n // 2 + (c < n % 2) if balanced or part == "test" else n for c in range(2)]
        begin = m // 2 if part in ("test", "valid") else 0
        parts[part] = []
        for i in range(m):
            j = (begin + m - 1 - i if part in ("train", "valid") else begin + i) % m
            question = order[j]
            label, text = examples[question]
            if question not in taken and quota[label] and len(parts[part]) < n:
                quota[label] -= 1
                taken.add(question)
                parts[part].append((question, label, text))
            elif part == "test" and not balanced and len(parts[part]) < n:
                taken.add(question)  # passed over: it is in no part
    return parts


def part_hash(examples):
    h = hashlib.sha256()

    def count(x):
        h.update(x.to_bytes(8, "little"))

    count(2)
    count(len(examples))
    for question, label, text in examples:
        b = text.encode()
        h.update(sha(question + "\0" + text)[:16].encode())
        count(label)
        count(len(b))
        h.update(b)
        count(0)  # the long field: all of the text
        count(len(b))
    return h.hexdigest()


def dataset_hash(parts):
    """Of the parts' sums, each with the zero that ends it."""
    return sha("".join(part_hash(parts[p]) + "\0" for p in ("supervise", "train", "valid", "test")))


def labelled():
    return {f"text {i}": (int(i < 60), f"text {i}") for i in range(100)}


def choice(seed):
    out = {}
    for i in range(100):
        question = f"Question {i}?"
        w = block(seed, "label:" + sha(f"right {i}\0wrong {i}\0other {i}\0{question}"))
        right = w[0] >> 31
        wrong = ("wrong", "other")[(w[1] << 32 | w[2]) % 2]
        out[question] = (right, f"{question} {'right' if right else wrong} {i}.")
    return out


SIZES = {"supervise": 20, "train": 20, "valid": 10, "test": 20}
for name, examples in (("labelled", labelled()), ("choice", choice(12))):
    parts = draw(examples, 11, SIZES)
    question, _, text = parts["test"][0]
    print(name, dataset_hash(parts), "supervise begins", repr(parts["supervise"][0][2]),
          "test begins", repr(text), sha(question + "\0" + text)[:16])
