#!/usr/bin/env python3
"""make_gguf.py - a Llama's Hugging Face folder in BF16 as a GGUF file, by ggml's docs/gguf.md; standard library only.

    make_gguf.py FOLDER FILE f32|q8_0

q8_0: every matrix whose rows are of whole blocks of 32 numbers; the others, and vectors, stay F32."""
import array
import json
import struct
import sys

folder, file, kind = sys.argv[1:]
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
config = json.load(open(f"{folder}/config.json"))
tokenizer = json.load(open(f"{folder}/tokenizer.json"))["model"]
raw = open(f"{folder}/model.safetensors", "rb").read()
head = struct.unpack("<Q", raw[:8])[0]
table = json.loads(raw[8:8 + head])
H, KV = config["num_attention_heads"], config["num_key_value_heads"]


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def field(key, kind, value):
    if kind == STRING:
        return text(key) + struct.pack("<I", kind) + text(value)
    return text(key) + struct.pack({U32: "<II", F32: "<If", BOOL: "<I?"}[kind], kind, value)


def array_field(key, of, values):
    body = b"".join(text(v) if of == STRING else struct.pack("<i", v) for v in values)
    return text(key) + struct.pack("<IIQ", ARRAY, of, len(values)) + body


def pairs(rows, heads):
    """rotary pairs side by side, as the file keeps query and key"""
    half = len(rows) // heads // 2
    return [rows[h * 2 * half + part * half + i] for h in range(heads) for i in range(half) for part in range(2)]


def q8_0(row):
    out = b""
    for at in range(0, len(row), 32):
        block = row[at:at + 32]
        scale = max(map(abs, block)) / 127
        out += struct.pack("<e", scale) + struct.pack("<32b", *(round(x / scale) if scale else 0 for x in block))
    return out


def gguf_name(name):
    for a, b in {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "model.layers": "blk", "self_attn.": "attn_",
                 "q_proj": "q", "k_proj": "k", "v_proj": "v", "o_proj": "output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
                 "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}.items():
        name = name.replace(a, b)
    return name


vocab = sorted(tokenizer["vocab"], key=tokenizer["vocab"].get)
merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["merges"]]
fields = [
    field("general.architecture", STRING, "llama"), field("llama.block_count", U32, config["num_hidden_layers"]),
    field("llama.context_length", U32, config["max_position_embeddings"]), field("llama.embedding_length", U32, config["hidden_size"]),
    field("llama.feed_forward_length", U32, config["intermediate_size"]), field("llama.attention.head_count", U32, H),
    field("llama.attention.head_count_kv", U32, KV), field("llama.attention.layer_norm_rms_epsilon", F32, config["rms_norm_eps"]),
    field("llama.rope.freq_base", F32, config["rope_theta"]), field("tokenizer.ggml.model", STRING, "gpt2"),
    field("tokenizer.ggml.pre", STRING, "gpt-2"), array_field("tokenizer.ggml.tokens", STRING, vocab),
    array_field("tokenizer.ggml.token_type", I32, [3 if t == "<|endoftext|>" else 1 for t in vocab]),
    array_field("tokenizer.ggml.merges", STRING, merges), field("tokenizer.ggml.bos_token_id", U32, config["bos_token_id"]),
    field("tokenizer.ggml.eos_token_id", U32, config["eos_token_id"]), field("tokenizer.ggml.add_bos_token", BOOL, False)]
entries, data = b"", b""
for name, t in sorted((k, v) for k, v in table.items() if k != "__metadata__"):
    begin, end = t["data_offsets"]
    bf16 = struct.unpack(f"<{(end - begin) // 2}H", raw[8 + head + begin:8 + head + end])
    x = array.array("f", struct.pack(f"<{len(bf16)}I", *(v << 16 for v in bf16)))
    cols = t["shape"][-1]
    rows = [x[i:i + cols] for i in range(0, len(x), cols)]
    heads = {"q_proj": H, "k_proj": KV}.get(name.split(".")[-2])
    rows = pairs(rows, heads) if heads else rows
    packed = kind == "q8_0" and len(t["shape"]) == 2 and cols % 32 == 0
    data += b"\0" * (-len(data) % 32)
    entries += text(gguf_name(name)) + struct.pack("<I", len(t["shape"])) + b"".join(struct.pack("<Q", n) for n in reversed(t["shape"]))
    entries += struct.pack("<IQ", 8 if packed else 0, len(data))
    data += b"".join(q8_0(r) if packed else r.tobytes() for r in rows)
count = len(table) - ("__metadata__" in table)
begin = b"GGUF" + struct.pack("<IQQ", 3, count, len(fields)) + b"".join(fields) + entries
open(file, "wb").write(begin + b"\0" * (-len(begin) % 32) + data)
