"""PyTorch's side of `bench/run train`: one warm process a setting, timed in windows on request.

train.py MODEL float32|bf16 eager|compiled. Prints `ready torch VERSION`, then for each line `go SECONDS` on standard input
runs whole optimizer steps for about that long and prints `window TOKENS SECONDS`; at the end of input prints `peak BYTES`.
The step: forward, loss, backward, clip by global norm, fused AdamW, as a user would write it. An encoder-decoder's tokens are
those that its encoder reads.
"""
import resource
import sys
import time

import torch
import torch.nn.functional as F
from transformers import (BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, T5Config,
                          T5ForConditionalGeneration)

MASKED = 0.15  # of BERT's positions


def gpt2(layers, width, heads, vocabulary, context):
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=vocabulary, n_positions=context, n_embd=width, n_layer=layers, n_head=heads, resid_pdrop=0, embd_pdrop=0,
        attn_pdrop=0, use_cache=False, bos_token_id=0, eos_token_id=0))


def llama(layers, width, heads, groups, inner, vocabulary, context):
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, max_position_embeddings=context, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=groups, intermediate_size=inner, use_cache=False,
        tie_word_embeddings=False))


def bert(layers, width, heads, vocabulary):
    return BertForMaskedLM(BertConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * width, hidden_dropout_prob=0, attention_probs_dropout_prob=0))


def t5(layers, width, heads, inner, vocabulary):
    return T5ForConditionalGeneration(T5Config(
        vocab_size=vocabulary, d_model=width, num_layers=layers, num_decoder_layers=layers, num_heads=heads,
        d_kv=width // heads, d_ff=inner, dropout_rate=0, use_cache=False, decoder_start_token_id=0, pad_token_id=0))


def next_token(model, tokens):
    logits = model(input_ids=tokens[:, :-1]).logits
    return F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())


def masked(model, tokens):
    labels = tokens[:, 1:].masked_fill(torch.rand(tokens[:, 1:].shape) >= MASKED, -100)
    return model(input_ids=tokens[:, 1:], labels=labels).loss


def sequence(model, tokens):
    return model(input_ids=tokens[:, 1:], labels=tokens[:, :-1].contiguous()).loss


#         model, objective, batch, time, vocabulary
MODELS = {
    "demo": (lambda: gpt2(4, 256, 4, 2048, 128), next_token, 8, 128, 2048),
    "gpt2-124m": (lambda: gpt2(12, 768, 12, 50257, 1024), next_token, 4, 256, 50257),
    "llama-30m": (lambda: llama(8, 512, 8, 4, 1376, 8192, 512), next_token, 4, 512, 8192),
    "bert-base": (lambda: bert(12, 768, 12, 30522), masked, 8, 128, 30522),
    "t5-small": (lambda: t5(6, 512, 8, 2048, 32128), sequence, 8, 128, 32128),
}


def main(name, precision, mode):
    make, objective, batch, length, vocabulary = MODELS[name]
    torch.set_num_threads(2)
    torch.manual_seed(1)
    model = make().train()
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    loss_of = torch.compile(objective) if mode == "compiled" else objective

    def step():
        tokens = torch.randint(1, vocabulary, (batch, length + 1))
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of(model, tokens)
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
