"""peer_torch.py - PyTorch and transformers at the work of bench_train_finetune, measured in turn with it
(measure.py): the same shapes, random weights, AdamW, clipping, a classifier on the last token.

    peer_torch.py [--model smollm2-135m|gpt2-124m] [--layers N] [--precision f32|autocast|bf16]
                  [--shape SxT | --ids FILE] [--batch N] [--predict [--sorted]]

FILE: token ids, one text a line; batches are padded to their longest. --sorted: predicting goes by length, in batches
of 64, instead of as the texts come. The units are real tokens.
"""
import argparse
import random
import sys
import time

import torch
import transformers

transformers.logging.set_verbosity_error()


class Classifier(torch.nn.Module):
    def __init__(self, name, layers):
        super().__init__()
        if name == "gpt2-124m":
            c = transformers.GPT2Config(n_layer=layers or 12, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
            self.base, width = transformers.GPT2Model(c), c.n_embd
        else:
            c = transformers.LlamaConfig(
                vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=layers or 30,
                num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192, rms_norm_eps=1e-5,
                rope_theta=1e5, tie_word_embeddings=True)
            self.base, width = transformers.LlamaModel(c), c.hidden_size
        self.vocab = c.vocab_size
        self.head = torch.nn.Linear(width, 2, bias=False)

    def forward(self, ids, mask, autocast):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            h = self.base(ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = mask.sum(1) - 1 if mask is not None else torch.full((len(ids),), ids.shape[1] - 1)
        return self.head(h[torch.arange(len(ids)), last].to(self.head.weight.dtype)).float()


def padded(texts):
    longest = max(map(len, texts))
    ids, mask = torch.zeros(len(texts), longest, dtype=torch.long), torch.zeros(len(texts), longest, dtype=torch.long)
    for i, t in enumerate(texts):
        ids[i, : len(t)], mask[i, : len(t)] = torch.tensor(t), 1
    return ids, mask


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--model", default="smollm2-135m")
    a.add_argument("--layers", type=int)
    a.add_argument("--precision", default="f32", choices=["f32", "autocast", "bf16"])
    a.add_argument("--shape", default="32x24")
    a.add_argument("--ids")
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--predict", action="store_true")
    a.add_argument("--sorted", action="store_true")
    a = a.parse_args()
    autocast = a.precision == "autocast"
    model = Classifier(a.model, a.layers)
    if a.precision == "bf16":
        model = model.to(torch.bfloat16)
    sequences, length = map(int, a.shape.split("x"))
    if a.ids:
        with open(a.ids, encoding="ascii") as f:
            texts = [list(map(int, line.split())) for line in f]
    print(f"device PyTorch {torch.__version__}, {a.precision}, {torch.get_num_threads()} threads")

    def batches():
        while True:
            if not a.ids:
                yield torch.randint(0, model.vocab, (sequences, length)), None, sequences * length
                continue
            random.shuffle(texts)
            for i in range(0, len(texts), a.batch):
                piece = texts[i : i + a.batch]
                yield *padded(piece), sum(map(len, piece))

    def predict():
        if a.ids:
            order, n = (sorted(texts, key=len), 64) if a.sorted else (texts, a.batch)
            for i in range(0, len(order), n):
                model(*padded(order[i : i + n]), autocast).softmax(1)
            return sum(map(len, order))
        model(torch.randint(0, model.vocab, (sequences, length)), None, autocast).softmax(1)
        return sequences * length

    supply, opt = batches(), torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0, fused=True)

    def step():
        ids, mask, tokens = next(supply)
        labels = torch.randint(0, 2, (len(ids),))
        torch.nn.functional.cross_entropy(model(ids, mask, autocast), labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        return tokens

    model.train(not a.predict)
    torch.set_grad_enabled(not a.predict)
    measured = predict if a.predict else step
    for _ in range(1 if a.predict else 2):
        measured()
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        tokens = measured()
        print(f"took {time.perf_counter() - began:.9f} {tokens}\nready", flush=True)


if __name__ == "__main__":
    main()
