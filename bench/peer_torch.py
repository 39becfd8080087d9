"""peer_torch.py - what PyTorch does with the work of bench_train_finetune: fine-tuning a model of
SmolLM2-135M's shape in f32, dense batches, random weights and tokens.

    pip install torch transformers
    python bench/peer_torch.py [--shape 32x24]... [--steps 5] [--threads N] [--csv FILE] [--top N]

Prints and writes the columns of bench_train_finetune. Without torch it says so and exits 77. One
process a shape, so that each peak of memory is its own.
"""
import argparse
import os
import resource
import subprocess
import sys
import time

HEAD = "program,what,sequences,tokens,threads,tokens_per_second,best,gflops,product_gflops,peak_mib"


def product_rate(torch, n=2048):
    a, b = torch.full((n, n), 0.5), torch.full((n, n), 0.25)
    best = 0.0
    for _ in range(8):
        start = time.perf_counter()
        a @ b.T
        best = max(best, 2.0 * n**3 / (time.perf_counter() - start))
    return best


def measure(shape, steps, threads, top):
    import torch
    from transformers import LlamaConfig, LlamaModel

    torch.set_num_threads(threads)
    product = product_rate(torch)
    S, T = map(int, shape.split("x"))
    config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=top or 30,
                         num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
                         rms_norm_eps=1e-5, rope_theta=1e5, tie_word_embeddings=True, attention_bias=False)
    model = LlamaModel(config)
    model.train()
    head = torch.nn.Linear(576, 2, bias=False)
    if top:
        model.embed_tokens.weight.requires_grad_(False)
    params = [p for p in list(model.parameters()) + list(head.parameters()) if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=1e-5, weight_decay=0.0, fused=True)
    took = []
    for _ in range(steps + 1):
        ids, labels = torch.randint(0, 49152, (S, T)), torch.randint(0, 2, (S,))
        rows = torch.rand(S, T, 576) - 0.5
        start = time.perf_counter()
        out = model(inputs_embeds=rows) if top else model(ids)
        loss = torch.nn.functional.cross_entropy(head(out.last_hidden_state[:, -1]), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        opt.zero_grad()
        took.append(time.perf_counter() - start)
    took = sorted(took[1:])
    middle, tokens = took[len(took) // 2], S * T
    layer = 2 * (576 * (9 + 2 * 3) * 64 + 576 * 576 + 3 * 576 * 1536)
    flops = 3.0 * layer * (top or 30) * tokens  # products of weights, forward and backward
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = "top on features" if top else "whole"
    print(f"PyTorch {torch.__version__} {what} {S} x {T}: {tokens / middle:.0f} tokens/s (best {tokens / took[0]:.0f}) "
          f"{flops / middle / 1e9:.1f} GF/s, product {product / 1e9:.0f} GF/s, peak {peak:.0f} MiB", file=sys.stderr)
    print(f"PyTorch {torch.__version__},{what},{S},{T},{threads},{tokens / middle:.1f},{tokens / took[0]:.1f},"
          f"{flops / middle / 1e9:.1f},{product / 1e9:.1f},{peak:.0f}")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--shape", action="append")
    a.add_argument("--steps", type=int, default=5)
    a.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a.add_argument("--top", type=int, default=0)
    a.add_argument("--csv")
    a.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    a = a.parse_args()
    shapes = a.shape or ["32x24", "32x96"]
    if a.one:
        return measure(shapes[0], a.steps, a.threads, a.top)
    try:
        import torch, transformers  # noqa: F401,E401
    except ImportError as missing:
        print(f"SKIP: {missing}")
        sys.exit(77)
    lines = [HEAD]
    for shape in shapes:
        lines.append(subprocess.run([sys.executable, __file__, "--one", "--shape", shape, "--steps", str(a.steps),
                                     "--threads", str(a.threads), "--top", str(a.top)],
                                    check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    print("\n".join(lines))
    if a.csv:
        with open(a.csv, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
