#!/usr/bin/env python3
"""make_tokenizer.py - what Hugging Face tokenizers says, for tests/oracle/tokenizer_*.c.

    W2S_DATA=... [GGUF=SmolLM2-135M-Instruct.Q4_1.gguf] tests/oracle/make_tokenizer.py

needs the PyPI packages tokenizers, transformers (its classes for bare vocabularies), sentencepiece and gguf. Writes
into tests/oracle/tokenizer:

    synthetic/   a vocabulary of random words, in every form and with every component
    cases.txt    texts (hex) for the synthetic tokenizers; with some odd strings their whole test
    cases.jsonl  for each of them and each mode the SHA-256 over all ids, and ids of short texts
    odd.txt      the pieces that odd strings are made of; the test makes the same strings from it
    unicode.txt  what each class of a regular expression matches, NFC: sums over all code points
    sums.txt     versions; SHA-256 over the ids of real tokenizers, of odd strings and of W2S_DATA

With `compare PROGRAM [NAME...]` nothing is written: PROGRAM (the test oracle_tokenizer_ids, which takes
texts when it is called with arguments) is asked for the ids of everything, and the shortest text that
differs is shown.
"""
import gzip
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import zipfile

import tokenizers
import transformers
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers,
                        pre_tokenizers, processors, trainers)

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizer")
DATA = os.environ.get("W2S_DATA", "")
MASK = (1 << 64) - 1
N_ODD = 10000
N_CASES_ODD = 150  # of them, for the synthetic tokenizers
EVERY = 16  # of the data's texts, the one that the quick test reads


# ---------------------------------------------------------------- odd strings

def hexes(*texts):
    return ["x" + (t if isinstance(t, bytes) else t.encode()).hex() for t in texts]


ODD = {
    "planes": ["0-7f", "80-7ff", "800-ffff", "10000-10ffff", "0-10ffff"],
    "unassigned": ["378-38f", "2fe0-2fef", "e0080-e00ff", "1fffe-1ffff", "fdd0-fdef", "e000-f8ff",
                   "d800-dfff", "61-7a"],
    "newer": ["897-898", "1c89-1c8a", "a7cb-a7dc", "105c0-105f3", "10d40-10d8f", "11380-113e2",
              "11de0-11de9", "16ff0-16ff9", "1cc00-1ceb3", "1e030-1e08f", "1e4d0-1e4f9",
              "31350-323af", "2ebf0-2ee5d", "16100-16139", "1171e-1171e", "20-20", "61-66", "30-39"],
    "bytes": ["b00-ff", "b80-bf", "bc0-ff", "bf0-f7", "be0-ef", "61-7a", "20-20"] + hexes(
        b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80",
        b"\xe2\x82", b"\xf0\x9f\x98", b"\xff\xfe", b"\xef\xbf\xbd"),
    "digits": ["30-39", "30-39", "30-39", "660-669", "966-96f", "ff10-ff19", "2460-2473",
               "2150-218b", "1d7ce-1d7ff", "20-20", "2c-2e", "61-63"],
    "spaces": ["20-20", "20-20", "9-d", "a-a", "85-85", "a0-a0", "1680-1680", "180e-180e",
               "2000-200f", "2028-202f", "205f-2060", "3000-3000", "feff-feff", "1c-1f", "61-63",
               "21-2f"] + hexes("\r\n", "\n\n", "    ", "\t\t", " " * 24, " " * 31),
    "contractions": hexes("'s", "'S", "'t", "'re", "'VE", "'ll", "'lL", "'m", "'d", "'\u017f", "\u2019s",
                          "I", "don", "it", " we", " they", "'", " '", "''", "'\u212a") + ["20-20"],
    "scripts": ["41-5a", "61-7a", "c0-24f", "370-3ff", "400-4ff", "5d0-5ea", "620-64a", "900-97f",
                "e00-e7f", "1100-11ff", "3040-30ff", "4e00-9fff", "ac00-d7a3", "10000-100ff",
                "1f100-1f1ff", "20-20", "2e-2e"],
    "emoji": ["1f300-1f6ff", "1f900-1f9ff", "1f1e6-1f1ff", "1f3fb-1f3ff", "2600-27bf", "20-20",
              "fe0f-fe0f", "200d-200d", "20e3-20e3", "e0061-e007f", "61-7a"] + hexes(
        "\U0001F468\u200d\U0001F469\u200d\U0001F467", "\u2764\ufe0f", "1\ufe0f\u20e3"),
    "marks": ["61-7a", "41-5a", "300-36f", "300-36f", "591-5bd", "64b-65f", "93c-94d", "1ab0-1ace",
              "1dc0-1dff", "20d0-20f0", "302a-302f", "3099-309a", "fe20-fe2f", "3b1-3c9", "1f00-1fff",
              "ac00-d7a3", "1100-1112", "1161-1175", "11a8-11c2", "9be-9be", "9d7-9d7", "1025-102e",
              "1d157-1d172", "2000-2001", "2126-212b", "f900-fa0d", "11131-11132", "11127-11127",
              "11935-11935", "11930-11930", "20-20"],
    "specials": hexes("<|endoftext|>", "<s>", "</s>", "<unk>", " <s>", "\u2581<s>", "<0x0A>", "\u2581",
                      "<|start_story|>", "<|end_story|>", "<|im_start|>", "<|im_end|>", "<|padding|>",
                      "<|endof", "text|>", "  ", "   ", "\u0120", "<pair>") + ["61-7a", "20-20", "a-a"],
    "plain": ["20-7e", "61-7a", "20-20"] + hexes(" the", " and", "ing", ".\n", "://", "_", "()", "```"),
}


class Mix:
    """splitmix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed):
        self.s = seed

    def next(self, n):
        self.s = (self.s + 0x9E3779B97F4A7C15) & MASK
        z = self.s
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return (z ^ z >> 31) % n


def put(cp):
    return chr(cp).encode("utf-8", "surrogatepass")


def odd_string(i, rows):
    """The same as odd_string in tokenizer_ids.c."""
    m = Mix(i)
    items = rows[m.next(len(rows))]
    out = b""
    for _ in range(1 + m.next(24)):
        item = items[m.next(len(items))]
        times = 1 + (m.next(300) if m.next(32) == 0 else m.next(2))
        for _ in range(times):
            if item[0] == "x":
                out += bytes.fromhex(item[1:])
            else:
                raw = item[0] == "b"
                lo, hi = (int(v, 16) for v in item[raw:].split("-"))
                v = lo + m.next(hi - lo + 1)
                out += bytes([v]) if raw else put(v)
    return out


def odd_strings():
    rows = [ODD[k] for k in ODD]
    return [odd_string(i, rows) for i in range(N_ODD)]


# ---------------------------------------------------------------- the data's texts

def json_strings(v):
    if isinstance(v, str):
        yield v.encode("utf-8", "surrogatepass")
    elif isinstance(v, list):
        for x in v:
            yield from json_strings(x)
    elif isinstance(v, dict):
        for x in v.values():
            yield from json_strings(x)


def file_texts(name, content):
    """Every line; of JSON every string as well."""
    lines = content.split(b"\n")
    for line in lines:
        yield line
    if name.endswith(".jsonl"):
        for line in lines:
            if line.strip():
                yield from json_strings(json.loads(line))
    elif name.endswith(".json"):
        yield from json_strings(json.loads(content))


def data_files():
    """(name, content) of every text under W2S_DATA, in order of names."""
    for folder, dirs, files in sorted(os.walk(DATA)):
        rel = os.path.relpath(folder, DATA)
        if rel.split(os.sep)[0] in ("models", "tokenizers"):
            continue
        for f in sorted(files):
            name = os.path.normpath(os.path.join(rel, f))
            path = os.path.join(folder, f)
            if f.endswith(".gz"):
                yield name[:-3], gzip.open(path).read()
            elif f.endswith(".zip"):
                with zipfile.ZipFile(path) as z:
                    for m in sorted(z.namelist()):
                        if "__MACOSX" not in m and m.rsplit(".", 1)[-1] in ("json", "jsonl", "tsv", "txt"):
                            yield name + ":" + m, z.read(m)
            else:
                yield name, open(path, "rb").read()


# ---------------------------------------------------------------- real tokenizers

def gguf_tokenizer(path):
    import gguf
    f = gguf.GGUFReader(path).fields
    tokens, merges, types = (f["tokenizer.ggml." + k].contents()
                             for k in ("tokens", "merges", "token_type"))
    t = Tokenizer(models.BPE(vocab={s: i for i, s in enumerate(tokens)},
                             merges=[tuple(m.split(" ")) for m in merges]))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.add_special_tokens([AddedToken(s, normalized=False, special=True)
                          for s, k in zip(tokens, types) if k == 3])
    return t


def real_tokenizers():
    """(name, path under W2S_DATA or asset, tokenizer)."""
    tk = os.path.join(DATA, "tokenizers")
    for name in ("gpt2", "gpt-neox", "llama"):
        path = os.path.join("tokenizers", name, "tokenizer.json")
        yield name, path, Tokenizer.from_file(os.path.join(DATA, path))
    path = "models/tinystories-656k/tokenizer.json"
    yield "tinystories", path, Tokenizer.from_file(os.path.join(DATA, path))
    for name, cls in (("gpt2", transformers.GPT2Tokenizer), ("qwen2", transformers.Qwen2Tokenizer)):
        t = cls(vocab=os.path.join(tk, name, "vocab.json"), merges=os.path.join(tk, name, "merges.txt"))
        yield name + "-files", os.path.join("tokenizers", name, "vocab.json"), t._tokenizer
    if os.environ.get("GGUF"):
        yield "smollm2", "gguf", gguf_tokenizer(os.environ["GGUF"])


def encode_all(t, texts, mode):
    """ids of each text; mode as tokenizer_ids.c: p plain, s specials parsed, m the model's call."""
    t.no_truncation()
    t.no_padding()
    t.encode_special_tokens = mode == "p"
    texts = [x.decode("utf-8", "replace") for x in texts]
    out = [e.ids for e in t.encode_batch_fast(texts, add_special_tokens=mode == "m")]
    t.encode_special_tokens = False
    return out


def sum_of(ids):
    h = hashlib.sha256()
    for x in ids:
        h.update(struct.pack("<I%di" % len(x), len(x), *x))
    return h.hexdigest()[:32]


def chunks(texts, n=20000):
    for i in range(0, len(texts), n):
        yield texts[i:i + n]


def encode_long(t, texts, mode):
    out = []
    for c in chunks(texts):
        out += encode_all(t, c, mode)
    return out


# ---------------------------------------------------------------- the synthetic vocabulary

def words(rng, n):
    letters = "etaoinshrdlucmfwyp"
    extra = ["\u00e9", "\u00fc", "\u4e2d", "\u6587", "\u03b1", "\u0436", "'s", "'t", "2", "17", "2024",
             "!", "...", "\n\n", "\t", "  "]
    lexicon = ["".join(rng.choice(letters) for _ in range(rng.randint(1, 7))) for _ in range(80)]
    out = []
    for _ in range(n):
        out.append(rng.choice(lexicon) if rng.random() < 0.85 else rng.choice(extra))
        if rng.random() < 0.8:
            out.append(" ")
    return "".join(out)


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")


def synthetic_tokenizers():
    """(name, tokenizer): one vocabulary, every component."""
    rng = random.Random(656)
    corpus = [words(rng, 40) for _ in range(300)]
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    base.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=420, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=["<|endoftext|>"], show_progress=False))
    model = json.loads(base.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    byte_level = pre_tokenizers.ByteLevel

    def make(pre, normalizer=None, post=None, **kw):
        t = Tokenizer(models.BPE(vocab=vocab, merges=merges, **kw))
        t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
        if normalizer:
            t.normalizer = normalizer
        if post:
            t.post_processor = post
        t.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
        return t

    yield "plain", make(byte_level(add_prefix_space=False))
    yield "prefix", make(byte_level(add_prefix_space=True))
    split = pre_tokenizers.Split
    llama = make(pre_tokenizers.Sequence([split(Regex(LLAMA3), "isolated"),
                                          byte_level(add_prefix_space=False, use_regex=False)]),
                 ignore_merges=True)
    llama.add_special_tokens([AddedToken("<|begin|>", special=True, normalized=False)])
    llama.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|begin|> $A <|endoftext|>", pair="$A $B",
                                      special_tokens=[("<|begin|>", 420), ("<|endoftext|>", 0)])])
    yield "llama3", llama
    yield "qwen2", make(pre_tokenizers.Sequence([split(Regex(QWEN2), "isolated"),
                                                 byte_level(add_prefix_space=False, use_regex=False)]),
                        normalizers.NFC())
    yield "smollm", make(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                  byte_level(add_prefix_space=False)]))
    yield "runs", make(pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=False), split("st", "merged_with_previous"),
        split(Regex(r"[\p{Lu}e]"), "merged_with_next"), split(Regex(r"\S{5}"), "contiguous", invert=True),
        split(Regex(r"a+?"), "removed"), byte_level(add_prefix_space=True, use_regex=False)]))
    added = make(byte_level(add_prefix_space=False), normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace("q", "\u00fc"), normalizers.Replace(Regex(r"\s{3,}"), " ")]))
    added.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False),
                              AddedToken("<sep>", rstrip=True, special=True, normalized=False),
                              AddedToken("<both>", rstrip=True, lstrip=True, special=True)])
    added.add_tokens([AddedToken("word", single_word=True, normalized=False), AddedToken("  "),
                      AddedToken("    "), AddedToken("e\u0301q"), AddedToken("<mask", normalized=False),
                      AddedToken("no\u00e9", single_word=True)])
    yield "added", added
    pieces = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for b in range(256):
        if b != 0xE4:
            pieces["<0x%02X>" % b] = len(pieces)
    rng = random.Random(7)
    pair_list = []
    for c in "\u2581" + "etaoinshrdlu":
        pieces[c] = len(pieces)
    letters = [p for p in pieces if len(p) == 1]
    while len(pieces) < 420:
        a, b = rng.choice(letters), rng.choice(letters)
        if len(a + b) <= 5 and (a, b) not in pair_list:
            pair_list.append((a, b))
            if a + b not in pieces:
                pieces[a + b] = len(pieces)
                letters.append(a + b)
    for fuse in (True, False):
        t = Tokenizer(models.BPE(vocab=pieces, merges=pair_list, unk_token="<unk>", fuse_unk=fuse,
                                 byte_fallback=fuse))
        t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"),
                                             normalizers.Replace(" ", "\u2581")])
        t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(),
                                       decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B",
                                                         special_tokens=[("<s>", 1)])
        t.add_special_tokens([AddedToken(s, special=True, normalized=True) for s in list(pieces)[:3]])
        yield "metaspace" if fuse else "unknown", t
    yield from signs(pieces, pair_list)
    yield "spm", sentencepiece_tokenizer()


def signs(pieces, pair_list):
    """The Metaspace of newer files, in its three schemes; what stands between added tokens is not first."""
    for scheme, split in (("always", True), ("first", False), ("never", True)):
        t = Tokenizer(models.BPE(vocab=pieces, merges=pair_list, unk_token="<unk>", fuse_unk=True,
                                 byte_fallback=True))
        t.pre_tokenizer = pre_tokenizers.Metaspace("\u2581", prepend_scheme=scheme, split=split)
        t.decoder = decoders.Metaspace("\u2581", prepend_scheme=scheme, split=split)
        t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in list(pieces)[:3]])
        t.add_tokens([AddedToken("th", normalized=False)])
        yield "sign-" + scheme, t


def scored_merges(vocab, scores):
    """in the order of the tokenizer.json that were published of SentencePiece models: by score, then by id"""
    out = []
    for piece, score in sorted(scores.items(), key=lambda x: vocab[x[0]]):
        cuts = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        out += sorted(((a, b, score) for a, b in cuts if a in scores and b in scores),
                      key=lambda x: (vocab[x[0]], vocab[x[1]]))
    return [(a, b) for a, b, _ in sorted(out, key=lambda x: -x[2])]


def sentencepiece_tokenizer():
    """A SentencePiece BPE model, as Hugging Face's converter makes a tokenizer of it; its scores and
    types are what a GGUF file of it holds: written to spm.scores, one token a line."""
    import io
    import sentencepiece
    rng = random.Random(657)
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([words(rng, 40) for _ in range(300)]), model_writer=out, model_type="bpe",
        vocab_size=460, byte_fallback=True, character_coverage=0.99, split_digits=True,
        user_defined_symbols=["<mark>"], normalization_rule_name="identity", num_threads=1,
        remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, minloglevel=2)
    sp = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    types = [2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else
             4 if sp.id_to_piece(i) == "<mark>" else 1 for i in range(sp.vocab_size())]
    vocab = {sp.id_to_piece(i): i for i in range(sp.vocab_size())}
    scores = {p: sp.get_score(i) for p, i in vocab.items() if types[i] in (1, 4)}
    t = Tokenizer(models.BPE(vocab=vocab, merges=scored_merges(vocab, scores), unk_token="<unk>",
                             fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(),
                                   decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A $B",
                                                     special_tokens=[("<s>", 1)])
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in ("<unk>", "<s>", "</s>")])
    t.add_tokens([AddedToken("<mark>", normalized=False)])
    for _ in range(300):
        text = words(rng, 12)
        assert t.encode(text, add_special_tokens=False).ids == sp.encode(text), text
    with open(os.path.join(HERE, "synthetic", "spm.scores"), "w") as f:
        for i in range(len(types)):
            f.write("%d %.9g\n" % (types[i], sp.get_score(i)))
    return t


def synthetic_cases(rng):
    texts = ["", " ", "a", "the end", " the end", "they're we'll I'S it'\u017f don't", "2024 in 17 days",
             "caf\u00e9 cafe\u0301 e\u0301q q", "\u4e2d\u6587 \u03b1\u0436", "  two   three    four\n\n\n x \t",
             "<|endoftext|>", "a <|endoftext|> b<|endoftext|>", "x <mask> y<sep>  z <both>  <mask>  <mask",
             "word words word, sword (word) \u00e9word", "noe\u0301 no\u00e9t", "<s>a</s>", " <s> a \u2581<s>",
             "<0x41>\u00e4\u4e2d\U0001F600", "ABCde stST estAr aaa", "\u0000\u0001\u007f\u0085\u00a0\u00ad",
             "\ufffd", "a" * 700, "\u2581\u2581", "12345678901234567890"]
    out = [t.encode() for t in texts]
    out += [b"\xff", b"ab\xe2\x82", b"\xf0\x9f\x98\x80\xf0\x9f", b"\xed\xa0\x80x"]
    out += [words(rng, rng.randint(1, 25)).encode() for _ in range(40)]
    return out


def write_synthetic():
    folder = os.path.join(HERE, "synthetic")
    os.makedirs(folder, exist_ok=True)
    own = synthetic_cases(random.Random(11))
    cases = own + odd_strings()[:N_CASES_ODD]
    with open(os.path.join(HERE, "cases.txt"), "w") as f:
        f.write("".join(c.hex() + "\n" for c in own))
    with open(os.path.join(HERE, "cases.jsonl"), "w") as f:
        for name, t in synthetic_tokenizers():
            with open(os.path.join(folder, name + ".json"), "w") as g:
                json.dump(json.loads(t.to_str()), g, ensure_ascii=True, separators=(",", ":"))
                g.write("\n")
            if name == "plain":
                write_files(json.loads(t.to_str())["model"], folder)
            for mode in "psm":
                ids = encode_all(t, cases, mode)
                f.write(json.dumps({"tokenizer": name, "mode": mode, "sum": sum_of(ids)},
                                   separators=(",", ":")) + "\n")
                if mode == "m":
                    for c, x in zip(own, ids):
                        if len(c) < 24:
                            f.write(json.dumps({"text": c.hex(), "ids": x}, separators=(",", ":")) + "\n")


def write_files(model, folder):
    """The same vocabulary as vocab.json and merges.txt."""
    folder = os.path.join(folder, "files")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.json"), "w") as f:
        json.dump(model["vocab"], f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n")
        for m in model["merges"]:
            f.write(" ".join(m) + "\n")


# ---------------------------------------------------------------- all of Unicode

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CLASSES = [r"\p{%s}" % g for g in "L Lu Ll Lt Lm Lo M Mn Mc N Nd Nl No P S Z C".split()] + [
    r"\s", r"\S", r"[^\s\p{L}\p{N}]", r"[^\S\p{N}]", r"\d", "(?i:'s|s|t|re|m|d)"]


def nfc_text():
    """The same as nfc_text in tokenizer_unicode.c."""
    out = []
    for c in POINTS:
        if c < 0x1F000 or 0x2F800 <= c < 0x2FA20:
            c = chr(c)
            out.append(c + "q" + c + "\u0301\u0334q\u0323" + c + "\u0345\n")
    return "".join(out)


def write_unicode():
    text = "".join(map(chr, POINTS))
    pack = lambda cs: hashlib.sha256(struct.pack("<%dI" % len(cs), *cs)).hexdigest()[:32]
    with open(os.path.join(HERE, "unicode.txt"), "w") as f:
        f.write("# tokenizers %s\n# class COUNT SUM PATTERN, over every code point\n" % tokenizers.__version__)
        for p in CLASSES:
            left = set(normalizers.Replace(Regex(p), "").normalize_str(text))
            found = [c for c in POINTS if chr(c) not in left]
            f.write("class %d %s %s\n" % (len(found), pack(found), p))
        digits = pre_tokenizers.Digits(individual_digits=True)
        found = [c for c in POINTS if len(digits.pre_tokenize_str("a" + chr(c) + "a")) == 3]
        f.write("numeric %d %s\n" % (len(found), pack(found)))
        text = normalizers.NFC().normalize_str(nfc_text()).encode()
        f.write("nfc %d %s\n" % (len(text), hashlib.sha256(text).hexdigest()[:32]))


# ---------------------------------------------------------------- sums, comparison

def write_odd():
    with open(os.path.join(HERE, "odd.txt"), "w") as f:
        for k in ODD:
            f.write(" ".join(ODD[k]) + "\n")


def write_sums():
    odd = odd_strings()
    with open(os.path.join(HERE, "sums.txt"), "w") as f:
        f.write("# tokenizers %s transformers %s\n" % (tokenizers.__version__, transformers.__version__))
        f.write("# tokenizer NAME PATH, then: odd MODE SUM; file SUM-OF-EVERY-%dTH SUM-OF-ALL NAME\n" % EVERY)
        for name, path, t in real_tokenizers():
            f.write("tokenizer %s %s\n" % (name, path))
            for mode in "psm":
                f.write("odd %s %s\n" % (mode, sum_of(encode_all(t, odd, mode))))
            for file, content in data_files():
                ids = encode_long(t, list(file_texts(file, content)), "s")
                f.write("file %s %s %s\n" % (sum_of(ids[::EVERY]), sum_of(ids), file))
            print(name, flush=True)


def ask(program, path, mode, texts):
    data = b"".join(struct.pack("<I", len(x)) + x for x in texts)
    p = subprocess.run([program, path, mode], input=data, stdout=subprocess.PIPE, check=True)
    out, at = [], 0
    while at < len(p.stdout):
        n = struct.unpack_from("<I", p.stdout, at)[0]
        out.append(list(struct.unpack_from("<%di" % n, p.stdout, at + 4)))
        at += 4 + 4 * n
    return out


def show_difference(where, texts, theirs, ours):
    bad = [i for i in range(len(texts)) if i >= len(ours) or ours[i] != theirs[i]]
    if bad:
        i = min(bad, key=lambda k: len(texts[k]))
        print("%s: %d of %d differ; %r\n  theirs %s\n  ours   %s"
              % (where, len(bad), len(texts), texts[i][:200], theirs[i][:60], ours[i:i + 1] and ours[i][:60]),
              flush=True)
    return bool(bad)


def compare(program, which):
    odd = odd_strings()
    bad = False
    for name, path, t in real_tokenizers():
        if which and name not in which:
            continue
        full = os.path.join(DATA, path) if path != "gguf" else "gguf:" + os.environ["GGUF"]
        for mode in "psm":
            bad |= show_difference(name + " odd " + mode, odd, encode_all(t, odd, mode),
                                   ask(program, full, mode, odd))
        n = 0
        for file, content in data_files():
            texts = list(file_texts(file, content))
            n += sum(map(len, texts))
            bad |= show_difference(name + " " + file, texts, encode_long(t, texts, "s"),
                                   ask(program, full, "s", texts))
        print(name, "compared over %.1f MB" % (n / 1e6), flush=True)
    if not which:
        texts = synthetic_cases(random.Random(11)) + odd
        for name, t in synthetic_tokenizers():
            for mode in "psm":
                bad |= show_difference("synthetic " + name + " " + mode, texts, encode_all(t, texts, mode),
                                       ask(program, os.path.join(HERE, "synthetic", name + ".json"), mode,
                                           texts))
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["compare"]:
        sys.exit(compare(sys.argv[2], sys.argv[3:]))
    os.makedirs(HERE, exist_ok=True)
    write_odd()
    write_synthetic()
    write_unicode()
    if DATA:
        write_sums()
