"""PyTorch's side of `bench/run scaling`: one of the processes of a DistributedDataParallel training over gloo.

ddp.py MODEL float32|bf16 RANK RANKS ACCUMULATE MASTER HOST. The first rank speaks as train.py does, after one step that warms up;
between two windows all ranks stand still. The step: ACCUMULATE micro-batches, all but the last under no_sync, compiled; clip by
global norm; fused AdamW.
"""
import os
import sys
import time
from contextlib import nullcontext

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from train import MODELS

PORT = "29477"


def interface(host):
    """The network interface that has an address: gloo wants its name."""
    if host.startswith("127."):
        return "lo"
    return next(line.split()[1] for line in os.popen("ip -o -4 addr") if f" {host}/" in line)


def main(name, precision, rank, ranks, accumulate, master, host):
    os.environ.update(MASTER_ADDR=master, MASTER_PORT=PORT, GLOO_SOCKET_IFNAME=interface(host))
    make, objective, batch, length, vocabulary = MODELS[name]
    torch.set_num_threads(1)
    torch.manual_seed(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    model = make().train()
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    parallel = DistributedDataParallel(model, gradient_as_bucket_view=True)
    loss_of = torch.compile(lambda tokens: objective(parallel, tokens) / accumulate)
    torch.manual_seed(rank + 1)

    def step():
        optimizer.zero_grad(set_to_none=False)
        for i in range(accumulate):
            tokens = torch.randint(1, vocabulary, (batch, length + 1))
            with parallel.no_sync() if i < accumulate - 1 else nullcontext():
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                    loss = loss_of(tokens)
                loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def go(seconds):
        """All ranks learn for how long the first one works; 0 ends."""
        told = torch.tensor([seconds])
        dist.broadcast(told, 0)
        return told.item()

    def more(wanted):
        told = torch.tensor([1.0 if wanted else 0.0])
        dist.broadcast(told, 0)
        return told.item() > 0

    step()
    if rank == 0:
        print("ready torch", torch.__version__, flush=True)
    while True:
        line = sys.stdin.readline() if rank == 0 else ""
        seconds = go(float(line.split()[1]) if line else 0.0)
        if seconds == 0:
            break
        tokens, start = 0, time.perf_counter()
        while more(tokens == 0 or time.perf_counter() - start < seconds):
            step()
            tokens += ranks * accumulate * batch * length
        if rank == 0:
            print("window", tokens, time.perf_counter() - start, flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6], sys.argv[7])
