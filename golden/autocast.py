"""How far PyTorch's own bf16 is from float32 in the cases: autocast.json.

For each case the error of the whole gradient under torch.autocast, as a vector of all parameters: |g_bf16 - g| / |g|, with g
the float32 gradient in golden.safetensors.
"""
import json, pathlib
import torch
import transformers
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent


def case(folder):
    config = transformers.AutoConfig.from_pretrained(folder)
    cls = getattr(transformers, config.architectures[0])
    model = cls.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    golden = load_file(folder / "golden.safetensors")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(**{k[6:]: v for k, v in golden.items() if k.startswith("input.")}).loss
    loss.backward()
    pairs = [(p.grad.double(), golden["grad." + n].double()) for n, p in model.named_parameters() if p.grad is not None]
    error = sum(float((a - b).square().sum()) for a, b in pairs) ** 0.5
    return round(error / sum(float(b.square().sum()) for a, b in pairs) ** 0.5, 5)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folders = sorted(f for f in (HERE / "cases").iterdir() if (f / "model.safetensors").exists())
    (HERE / "autocast.json").write_text(json.dumps({f.name: case(f) for f in folders}, indent=1) + "\n")
