"""PyTorch's side of `bench/run train`: one warm process a setting, timed in windows on request.

train.py MODEL float32|bf16 eager|compiled. Prints `ready torch VERSION`, then for each line `go SECONDS` on standard input
runs whole optimizer steps for about that long and prints `window TOKENS SECONDS`; at the end of input prints `peak BYTES`.
The step: forward, loss, backward, clip by global norm, fused AdamW, as a user would write it.
"""
import resource
import sys
import time

import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

#         layers width heads time batch vocabulary context
MODELS = {
    "demo": (4, 256, 4, 128, 8, 2048, 128),
    "gpt2-124m": (12, 768, 12, 256, 4, 50257, 1024),
}


def main(name, precision, mode):
    layers, width, heads, length, batch, vocabulary, context = MODELS[name]
    torch.set_num_threads(2)
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=vocabulary, n_positions=context, n_embd=width, n_layer=layers, n_head=heads, resid_pdrop=0, embd_pdrop=0,
        attn_pdrop=0, use_cache=False, bos_token_id=0, eos_token_id=0)).train()
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)

    def loss_of(tokens):
        logits = model(input_ids=tokens[:, :-1]).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())

    if mode == "compiled":
        loss_of = torch.compile(loss_of)

    def step():
        tokens = torch.randint(0, vocabulary, (batch, length + 1))
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of(tokens)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    print("ready torch", torch.__version__, flush=True)
    for line in sys.stdin:
        seconds, tokens, start = float(line.split()[1]), 0, time.perf_counter()
        while tokens == 0 or time.perf_counter() - start < seconds:
            step()
            tokens += batch * length
        print("window", tokens, time.perf_counter() - start, flush=True)
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
