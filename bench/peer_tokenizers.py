"""peer_tokenizers.py TOKENIZER.json TEXTS - Hugging Face tokenizers at the work of bench_tokenizer_encode, measured in
turn with it (measure.py). One thread by its environment. encode_batch_fast, which leaves offsets out, where there is
one. Special tokens in a text are text."""
import array
import hashlib
import sys
import time

import tokenizers

t = tokenizers.Tokenizer.from_file(sys.argv[1])
t.encode_special_tokens = True
with open(sys.argv[2], "rb") as f:
    data = f.read()
texts = data.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
encode = getattr(t, "encode_batch_fast", t.encode_batch)
ids = array.array("i")
for x in encode(texts, add_special_tokens=False):
    ids.extend(x.ids)
print(f"device tokenizers {tokenizers.__version__}\nids {len(ids)}\nsha256 {hashlib.sha256(ids.tobytes()).hexdigest()}")
print("ready", flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    encode(texts, add_special_tokens=False)
    print(f"took {time.perf_counter() - began:.9f} {len(data)}\nready", flush=True)
