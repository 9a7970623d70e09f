"""What transformers computes with the models in cases/ where the numbers that dropout zeroes are Kindling's: dropout.json.

The masks are made here once more, from what the Javadoc of CounterRandom, KeepMask and AttentionDropout says; everything else is
transformers and PyTorch as they are. Which call of dropout gets which mask is their order alone, so a layer that drops at
another place, at another rate or in another order gives another loss.
"""
import json, pathlib
import numpy as np
import torch
import transformers
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
RATES = {"embd_pdrop": 0.1, "resid_pdrop": 0.2, "attn_pdrop": 0.3, "hidden_dropout_prob": 0.2,
         "attention_probs_dropout_prob": 0.3, "classifier_dropout": 0.4, "dropout": 0.2, "attention_dropout": 0.3,
         "seq_classif_dropout": 0.4, "dropout_rate": 0.2, "hidden_dropout": 0.2}
ALL = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & ALL
    z = (z ^ z >> 27) * 0x94D049BB133111EB & ALL
    return z ^ z >> 31


class CounterRandom:
    def __init__(self, key): self.key = key

    @staticmethod
    def of(seed, stream):
        key = mix(seed + GAMMA & ALL)
        for c in stream: key = mix(key + GAMMA * (ord(c) + 1) & ALL)
        return CounterRandom(key)

    def bits(self, index): return mix(mix(self.key + GAMMA * (index + 1) & ALL) ^ self.key)

    def child(self, index): return CounterRandom(self.bits(index))


def keeps(bits, count, threshold):
    """Of the first elements of one piece."""
    h = (np.arange(count, dtype=np.uint64) * 0x9E3779B9 + (bits & 0xFFFFFFFF)).astype(np.uint32)
    h = (h ^ h >> 16) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> 13) * np.uint32(0xC2B2AE35)
    h = h ^ h >> 16 ^ np.uint32(bits >> 32)
    return h >> 8 >= threshold


def mask(random, shape, rate):
    """Attention's weights [batch, heads, queries, keys] have a piece for each query; other tensors one each 1024 elements."""
    threshold = int(np.float32(rate) * np.float32(1 << 24) + 0.5)
    size, piece = int(np.prod(shape)), shape[-1] if len(shape) == 4 else 1024
    kept = [keeps(random.bits(at // piece), min(piece, size - at), threshold) for at in range(0, size, piece)]
    factor = np.float32(1 / (1 - threshold / (1 << 24)))
    return torch.from_numpy(np.concatenate(kept).reshape(shape).astype(np.float32) * factor)


class Dropping:
    def __init__(self): self.random, self.drawn = CounterRandom.of(5, "micro-batch"), 0

    def __call__(self, input, p=0.5, training=True, inplace=False):
        if not training or p == 0: return input
        self.drawn += 1
        return input * mask(self.random.child(self.drawn - 1), tuple(input.shape), p)


class OfCounted(torch.nn.Module):
    """Kindling takes the tokens whose labels count before it drops."""
    def __init__(self, rate, counted): super().__init__(); self.rate, self.counted = rate, counted

    def forward(self, x):
        dropped = torch.nn.functional.dropout(x[self.counted], self.rate, True)
        return x.clone().masked_scatter(self.counted[..., None], dropped)


def case(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    for key, rate in RATES.items():
        if hasattr(config, key): setattr(config, key, rate)
    cls = getattr(transformers, config.architectures[0])
    model = cls.from_pretrained(folder, config=config, attn_implementation="eager").train()
    golden = load_file(folder / "golden.safetensors")
    inputs = {k[6:]: v for k, v in golden.items() if k.startswith("input.")}
    if cls.__name__.endswith("ForTokenClassification"):
        counted = (inputs["labels"] >= 0) & (inputs["attention_mask"] > 0)
        model.dropout = OfCounted(RATES["classifier_dropout"], counted)
    torch.nn.functional.dropout = Dropping()
    loss = model(**inputs).loss
    loss.backward()
    squares = sum(float(p.grad.double().square().sum()) for p in model.parameters() if p.grad is not None)
    return {"loss": float(loss.detach()), "gradientNorm": squares ** 0.5, "drawn": torch.nn.functional.dropout.drawn}


if __name__ == "__main__":
    torch.set_num_threads(1)
    folders = sorted(f for f in (HERE / "cases").iterdir() if (f / "model.safetensors").exists())
    (HERE / "dropout.json").write_text(json.dumps({f.name: case(f) for f in folders}, indent=1) + "\n")
