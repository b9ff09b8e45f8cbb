"""Trains the handprint net and writes crates/rcoi-recognize/model/handprint-N.bin."""
import argparse
import json
import multiprocessing as mp
import struct
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import glyphs as G

SIDE_MEAN = [0.65, 0.5, 0.5]
SIDE_SCALE = 4.0
ALPHABETS = {
    "all": G.CLASSES,
    "digits": G.DIGITS + G.MARKS,
    "cyrillic": G.CYRILLIC,
    "latin": G.LATIN,
}


class Net(nn.Module):
    """28x28 -> 14x14x24 -> 7x7x32 -> 7x7x64 -> 4x4x96 -> 128 -> classes + reject."""

    def __init__(self):
        super().__init__()
        c = lambda i, o, k, s, p: nn.Sequential(nn.Conv2d(i, o, k, s, p, bias=False), nn.BatchNorm2d(o), nn.ReLU())
        self.convs = nn.ModuleList([c(1, 24, 5, 2, 2), c(24, 32, 3, 1, 1), c(32, 64, 3, 1, 1), c(64, 96, 3, 2, 1)])
        self.fc1 = nn.Linear(4 * 4 * 96 + 3, 128)
        self.fc2 = nn.Linear(128, G.REJECT + 1)

    def forward(self, x, side):
        x = self.convs[1](self.convs[0](x))
        x = F.max_pool2d(x, 2)
        x = self.convs[3](self.convs[2](x))
        x = x.permute(0, 2, 3, 1).reshape(len(x), -1)  # the Rust side keeps channels last
        x = torch.cat([x, side], 1)
        x = F.dropout(x, 0.15, self.training)
        return self.fc2(F.relu(self.fc1(x)))


def masks():
    """Alphabets a field may have; each keeps the reject class."""
    sets = [G.CLASSES, G.DIGITS + G.MARKS, G.CYRILLIC, G.LATIN, G.CYRILLIC + G.DIGITS + G.MARKS, G.CYRILLIC + "-", G.LATIN + G.DIGITS]
    return torch.tensor([[c in s for c in G.CLASSES] + [True] for s in sets])


def to_side(side):
    return ((side - torch.tensor(SIDE_MEAN)) * SIDE_SCALE).clamp(-3, 3)


def jitter(x, side, gen):
    """Cheap extra variety for a glyph seen again: a small turn, stretch and shift; other cell sizes."""
    n = len(x)
    r = lambda s: torch.randn(n, generator=gen) * s
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = 1 + r(0.05), 1 + r(0.05)
    theta[:, 0, 1], theta[:, 1, 0] = r(0.05), r(0.05)
    theta[:, 0, 2], theta[:, 1, 2] = r(0.04), r(0.04)
    x = F.grid_sample(x, F.affine_grid(theta, (n, 1, 28, 28), align_corners=False), align_corners=False)
    scale = 1 + r(0.08)
    side = torch.stack([side[:, 0] * scale, side[:, 1] * scale, side[:, 2] + r(0.03)], 1)
    return x, side


_sampler = None


def _start(data, without):
    global _sampler
    im, lab, src, _, block, held = G.load(data, without)
    _sampler = G.Sampler(im[~held], lab[~held], src[~held], block[~held])


def _shard(job):
    return G.shard(*job, _sampler)


def batch(images, side, rows):
    return torch.from_numpy(images[rows]).float().div_(255).view(-1, 1, 28, 28), torch.from_numpy(side[rows])


def validation(data, without, looks):
    """Held-out rows: once as cut cleanly, once with the look of a scanned cell."""
    im, lab, src, _, block, held = G.load(data, without)
    rows = np.flatnonzero(held)
    kind = np.where((src == "cmnist") & (block < 0.2), "cmnist-cursive", src)
    back = {v: k for k, v in G.TWINS.items()}
    jobs = [(i, lab[i], kind[i]) for i in rows] + [(i, back[lab[i]], "twins") for i in rows if lab[i] in back]
    rng = np.random.default_rng(7)
    out = {"clean": [], "cell": []}
    for i, c, tag in jobs:
        k = G.CLASSES.index(c)
        cap = rng.uniform(0.6, 0.8) * G.CELL_H
        h = (np.nonzero(im[i].max(1) > 60)[0][[0, -1]] @ [-1, 1]) + 1
        w = (np.nonzero(im[i].max(0) > 60)[0][[0, -1]] @ [-1, 1]) + 1
        s = cap / 20 if c in G.MARKS else cap / h
        cy = 0.5 + cap / 2 / G.CELL_H if c == "," else 0.5
        out["clean"].append((im[i].ravel(), (h * s / G.CELL_H, w * s / G.CELL_H, cy), k, tag))
        for _ in range(looks):
            got = None
            while got is None:
                ink = G.place(rng, im[i], c in G.MARKS, rng.uniform(0.55, 0.85) * G.CELL_H, comma=c == ",")
                if rng.random() < 0.08:
                    ink = np.maximum(ink, G.frame(rng))
                got = G.normalise(rng, G.look(rng, ink))
            out["cell"].append((got[0].ravel(), got[1], k, tag))
    sampler = G.Sampler(*(a[~held] for a in (im, lab, src)), np.ones((~held).sum(), np.float32))
    for _ in range(1500):
        got = G.sample(rng, sampler, G.REJECT)
        out["cell"].append((got[0].ravel(), got[1], G.REJECT, "drawn"))
    return {k: (np.stack([r[0] for r in v]), np.float32([r[1] for r in v]), np.array([r[2] for r in v]), np.array([r[3] for r in v])) for k, v in out.items()}


@torch.no_grad()
def logits_of(net, images, side):
    net.eval()
    out = []
    for i in range(0, len(images), 512):
        x, s = batch(images, side, np.arange(i, min(i + 512, len(images))))
        out.append(net(x, to_side(s)))
    net.train()
    return torch.cat(out)


def restricted(logits, name):
    keep = torch.tensor([c in ALPHABETS[name] for c in G.CLASSES] + [True])
    return logits.masked_fill(~keep, -1e9)


def ece(p, hit, bins=15):
    edges = np.linspace(0, 1, bins + 1)
    which = np.clip(np.digitize(p, edges) - 1, 0, bins - 1)
    return float(sum(abs(p[which == b].mean() - hit[which == b].mean()) * (which == b).mean() for b in range(bins) if (which == b).any()))


def fold(values):
    """Under the whole alphabet the twins of the scripts, and О, O and 0, are one character."""
    to = np.arange(G.REJECT + 1)
    for a, b in G.TWINS.items():
        to[G.CLASSES.index(a)] = G.CLASSES.index(b)
    to[G.CLASSES.index("О")] = to[G.CLASSES.index("O")] = G.CLASSES.index("0")
    return to[values]


def fold_columns(p):
    out = np.zeros_like(p)
    for k, to in enumerate(fold(np.arange(G.REJECT + 1))):
        out[:, to] += p[:, k]
    return out


def score(logits, y, temps=None):
    """Top-1, calibration and what a 0.99 threshold would let through, per alphabet."""
    out = {}
    for name, chars in ALPHABETS.items():
        mine = np.isin(y, [G.CLASSES.index(c) for c in chars])
        if name == "all":
            mine = np.ones(len(y), bool)
        if not mine.any():
            continue
        z = restricted(logits[mine], name)
        p = torch.softmax(z / (temps or {}).get(name, 1.0), 1).numpy()
        if name == "all":
            p = fold_columns(p)
        hit = p.argmax(1) == (fold(y[mine]) if name == "all" else y[mine])
        sure = p.max(1) >= 0.99
        out[name] = {
            "rows": int(mine.sum()), "top1": round(float(hit.mean()), 4), "ece": round(ece(p.max(1), hit), 4),
            "sure": round(float(sure.mean()), 4), "wrong_when_sure": round(float(1 - hit[sure].mean()) if sure.any() else 0.0, 5),
        }
    r = y == G.REJECT
    if r.any():
        z = restricted(logits, "digits")
        out["reject"] = {"found": round(float((logits[r].argmax(1) == G.REJECT).float().mean()), 4),
                         "found_in_digits": round(float((z[r].argmax(1) == G.REJECT).float().mean()), 4),
                         "characters_rejected": round(float((logits[~r].argmax(1) == G.REJECT).float().mean()), 4)}
    return out


def temperatures(logits, y):
    """One temperature per alphabet: the one with the least negative log likelihood on the held-out rows."""
    out = {}
    for name, chars in ALPHABETS.items():
        idx = [G.CLASSES.index(c) for c in chars] + [G.REJECT]
        mine = torch.from_numpy(np.isin(y, idx))
        z, t = restricted(logits[mine], name), torch.from_numpy(y)[mine]
        grid = np.exp(np.linspace(np.log(0.4), np.log(3), 80))
        if name == "all":
            t = fold(t.numpy())
            nll = [-np.log(fold_columns(torch.softmax(z / g, 1).numpy())[np.arange(len(t)), t] + 1e-9).mean() for g in grid]
        else:
            nll = [float(F.cross_entropy(z / g, t)) for g in grid]
        out[name] = round(float(grid[int(np.argmin(nll))]), 4)
    return out


def export(net, path, temps, name):
    """Header (JSON) and float16 weights, batch norm folded in, kernels as [ky, kx, in, out]."""
    net.eval()
    layers, blob = [], []

    def put(kind, w, b, **extra):
        layers.append({"kind": kind, "shape": list(w.shape), **extra})
        blob.extend([w.astype(np.float16).ravel(), b.astype(np.float16).ravel()])

    for i, seq in enumerate(net.convs):
        conv, bn = seq[0], seq[1]
        k = bn.weight.detach() / torch.sqrt(bn.running_var + bn.eps)
        w = (conv.weight.detach() * k[:, None, None, None]).permute(2, 3, 1, 0).contiguous().numpy()
        b = (bn.bias.detach() - bn.running_mean * k).numpy()
        put("conv", w, b, stride=conv.stride[0], pad=conv.padding[0], pool=i == 1)
    for fc in (net.fc1, net.fc2):
        put("dense", fc.weight.detach().T.contiguous().numpy(), fc.bias.detach().numpy())
    head = {"name": name, "classes": G.CLASSES, "temperatures": temps, "side_mean": SIDE_MEAN, "side_scale": SIDE_SCALE, "layers": layers}
    head = json.dumps(head, ensure_ascii=False).encode()
    with open(path, "wb") as f:
        f.write(b"HANDPRT1" + struct.pack("<I", len(head)) + head + np.concatenate(blob).tobytes())


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--data", required=True, help="folder with train.npz and synth.npz")
    ap.add_argument("--out", required=True, help="the .bin to write; a .json with the figures comes beside it when --figures is given")
    ap.add_argument("--name", default="handprint-1")
    ap.add_argument("--without", action="append", default=[], help="leave a source out: cmnist, unipen, mnist-train, synth")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--shards", type=int, default=16, help="different parts of training glyphs, 16384 each")
    ap.add_argument("--passes", type=int, default=4, help="how often each shard is seen")
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--workers", type=int, default=2)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--start", help="a .pt to go on from")
    ap.add_argument("--measure", action="store_true", help="no training: only measure and write what --start holds")
    ap.add_argument("--figures", help="where to write the figures (JSON)")
    ap.add_argument("--keep", help="where to keep the .pt and the validation rows for later runs")
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    net = Net()
    if args.start:
        net.load_state_dict(torch.load(args.start))
    net = net.to(memory_format=torch.channels_last)
    mask = masks()
    opt = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.02)
    size, bs = 16384, 256
    total = args.shards * args.passes * (size // bs)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, total_steps=total, pct_start=0.1)
    gen = torch.Generator().manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    pool = mp.get_context("fork").Pool(args.workers, _start, (args.data, tuple(args.without)))
    jobs = pool.imap(_shard, [(args.seed, i, size) for i in range(args.shards)])
    # Shards are drawn more slowly than they are used: a new one comes after every `passes` - 1 uses.
    have, seen = [], []
    left = 0 if args.measure else args.shards * args.passes
    began, done, trace = time.time(), 0, 0.0
    ema = {k: v.clone() for k, v in net.state_dict().items()}
    while left:
        used = args.shards * args.passes - left
        if len(have) < args.shards and used >= len(have) * max(args.passes - 1, 1):
            have.append(next(jobs))
            seen.append(0)
        low = min(seen)
        pick = int(rng.choice([i for i, s in enumerate(seen) if s == low]))
        seen[pick] += 1
        left -= 1
        images, sides, y = have[pick]
        perm = rng.permutation(size)
        for i in range(0, size, bs):
            rows = perm[i : i + bs]
            x, s = batch(images, sides, rows)
            x, s = jitter(x, s, gen)
            t = torch.from_numpy(y[rows])
            # Which alphabet the field has: half the time all classes, else one that holds the label.
            fits = mask[:, t].T.float()
            fits[:, 0] = fits[:, 1:].sum(1).clamp(min=1)
            field = torch.multinomial(fits, 1, generator=gen).squeeze(1)
            z = net(x.to(memory_format=torch.channels_last), to_side(s)).masked_fill(~mask[field], -1e4)
            loss = F.cross_entropy(z, t, label_smoothing=0.0)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            done += 1
            trace = 0.98 * trace + 0.02 * loss.item()
            if done % 8 == 0:
                d = min(0.98, done / (done + 200))
                for k, v in net.state_dict().items():
                    ema[k] = v.clone() if v.dtype == torch.long else ema[k].lerp(v, 1 - d)
        print(f"{done}/{total} steps, {len(have)} shards, loss {trace:.4f}, {time.time() - began:.0f} s", flush=True)
    pool.terminate()
    net.load_state_dict(ema)
    val = validation(args.data, args.without, 1)
    images, sides, y, src = val["cell"]
    logits = logits_of(net, images, sides)
    plain = src != "cmnist-cursive"  # the forms ask for block capitals: calibrate on those
    temps = temperatures(logits[torch.from_numpy(plain)], y[plain])
    figures = {"temperatures": temps, "cell": score(logits[torch.from_numpy(plain)], y[plain], temps), "cell_uncalibrated": score(logits[torch.from_numpy(plain)], y[plain])}
    for name in np.unique(src):
        if name != "drawn":
            m = src == name
            figures[f"cell:{name}"] = score(logits[torch.from_numpy(m)], y[m], temps)
    images, sides, y, src = val["clean"]
    logits = logits_of(net, images, sides)
    plain = src != "cmnist-cursive"
    figures["clean"] = score(logits[torch.from_numpy(plain)], y[plain], temps)
    figures["clean_with_cursive"] = score(logits, y, temps)
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    export(net, args.out, temps, args.name)
    if args.figures:
        with open(args.figures, "w") as f:
            json.dump(figures, f, indent=1, ensure_ascii=False)
    if args.keep:
        torch.save(net.state_dict(), args.keep)


if __name__ == "__main__":
    main()
