"""Trains the handprint nets and keeps their state; `measure.py` measures, calibrates and writes the model file."""
import argparse
import multiprocessing as mp
import time

import numpy as np
import torch
import torch.nn.functional as F

import glyphs as G
import nets as N

SIZE = 16384  # glyphs of one drawn part
BATCH = 256


def fields():
    """Alphabets a field may have, each with the rejects: bool [fields, outputs]; the first is everything."""
    sets = [G.CLASSES, G.DIGITS, G.DIGITS + G.MARKS, G.CYRILLIC, G.CYRILLIC + "-", G.LATIN, G.CYRILLIC + G.DIGITS + G.MARKS, G.LATIN + G.DIGITS]
    return torch.tensor([[c in s for c in G.CLASSES] + [True] * 3 for s in sets])


def alike():
    """Classes that only the field tells apart (A and А; O, О and 0) count as one under the whole alphabet: [outputs, outputs]."""
    m = np.eye(G.OUTPUTS, dtype=np.float32)
    groups = [(a, b) for a, b in G.TWINS.items() if a != "О"] + [("О", "O", "0")]
    for group in groups:
        for a in group:
            for b in group:
                m[G.CLASSES.index(a), G.CLASSES.index(b)] = 1
    return torch.from_numpy(m)


def jitter(x, sides, gen):
    """Cheap extra variety for a glyph seen again: a small turn, stretch and shift; other cell sizes."""
    n = len(x)
    r = lambda s: torch.randn(n, generator=gen) * s
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = 1 + r(0.05), 1 + r(0.05)
    theta[:, 0, 1], theta[:, 1, 0] = r(0.05), r(0.05)
    theta[:, 0, 2], theta[:, 1, 2] = r(0.03), r(0.03)
    x = F.grid_sample(x, F.affine_grid(theta, (n, 1, G.SIDE, G.SIDE), align_corners=False), align_corners=False)
    scale = (r(0.07) * N.SIDE_SCALE)[:, None] * torch.tensor([0.65, 0.5, 0.0])
    return x.to(memory_format=torch.channels_last), sides + scale + r(0.03 * N.SIDE_SCALE)[:, None] * torch.tensor([0.0, 0.0, 1.0])


_tables = None


def _start(data, without, seed):
    global _tables
    _tables = G.tables(G.load(data, without), seed)


def _shard(number):
    return G.shard(number, SIZE, _tables)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--data", required=True, help="folder with train.npz and synth.npz")
    ap.add_argument("--keep", required=True, help="the .pt to write")
    ap.add_argument("--without", action="append", default=[], help="leave a source out: cmnist, unipen, mnist-train, synth")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--shards", type=int, default=40, help=f"different parts of training glyphs, {SIZE} each")
    ap.add_argument("--passes", type=int, default=2, help="how often each is seen")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--workers", type=int, default=1)
    ap.add_argument("--lr", type=float, default=2e-3)
    ap.add_argument("--level", action="store_true", help="keep the rate level; a later run with --start lets it fall")
    ap.add_argument("--start", help="a .pt to go on from")
    args = ap.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    nets = [N.Net(N.SMALL), N.Net(N.LARGE)]
    if args.start:
        for net, state in zip(nets, torch.load(args.start)):
            net.load_state_dict(state)
    small, large = (net.to(memory_format=torch.channels_last) for net in nets)
    ema = [{k: v.clone() for k, v in net.state_dict().items()} for net in nets]
    allowed, same = fields(), alike()
    opt = torch.optim.AdamW([p for net in nets for p in net.parameters()], lr=args.lr, weight_decay=0.02)
    total = args.shards * args.passes * (SIZE // BATCH)
    # Up within 200 steps, then down to nothing at the end, or level.
    pace = lambda step: min((step + 1) / 200, 1.0) * (1.0 if args.level else 1 - step / total)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, pace)
    gen = torch.Generator().manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    pool = mp.get_context("fork").Pool(args.workers, _start, (args.data, tuple(args.without), args.seed))
    jobs = pool.imap(_shard, [args.seed * 100_000 + i for i in range(args.shards)])
    began, done, trace = time.time(), 0, np.zeros(2)
    have, uses = [], []
    for turn in range(args.shards * args.passes):
        # A part comes again `passes` - 1 times, mixed among the newer ones.
        if len(have) < args.shards and turn >= len(have) * max(args.passes - 0.5, 1):
            have.append(next(jobs))
            uses.append(0)
        least = min(uses)
        pick = int(rng.choice([i for i, u in enumerate(uses) if u == least]))
        uses[pick] += 1
        images, sides, y = have[pick]
        if uses[pick] == args.passes:
            have[pick] = None
            uses[pick] = 10**6
        perm = rng.permutation(SIZE)
        for i in range(0, SIZE, BATCH):
            rows = perm[i : i + BATCH]
            x, s = N.tensors(images[rows], sides[rows])
            if uses[pick] > 1:
                x, s = jitter(x, s, gen)
            t = torch.from_numpy(y[rows])
            # Which alphabet the field has: everything in one case of four, else one that holds the label.
            fits = allowed[:, t].T.float()
            fits[:, 0] = fits[:, 1:].sum(1).clamp(min=1) / 3
            field = torch.multinomial(fits, 1, generator=gen).squeeze(1)
            mask, whole = allowed[field], field == 0
            with torch.autocast("cpu", torch.bfloat16):
                zs, zl = small(x, s), large(x, s, 0.15)
            ps, pl = (F.log_softmax(z.masked_fill(~mask, -1e4), 1) for z in (zs, zl))

            def told(p):
                """Negative log likelihood; under the whole alphabet of the group of alike classes (and a little of the class itself)."""
                own = -p.gather(1, t[:, None]).squeeze(1)
                group = -torch.logsumexp(p.masked_fill(same[t] == 0, -1e4), 1)
                return torch.where(whole, 0.9 * group + 0.1 * own, own).mean()

            taught = -(pl.detach().exp() * ps).sum(1).mean()
            loss_s, loss_l = told(ps), told(pl)
            # The small net learns from the labels and from what the large one says.
            warm = 1.0 if args.start else min(done / 1000, 1.0)
            loss = loss_l + (1 - 0.6 * warm) * loss_s + 0.6 * warm * taught
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            done += 1
            trace = 0.98 * trace + 0.02 * np.array([loss_s.item(), loss_l.item()])
            if done % 8 == 0:
                d = min(0.985, done / (done + 200))
                for kept, net in zip(ema, nets):
                    for k, v in net.state_dict().items():
                        kept[k] = v.clone() if v.dtype == torch.long else kept[k].lerp(v, 1 - d)
        if turn % 2 == 1:
            print(f"{done}/{total} steps, loss small {trace[0]:.4f} large {trace[1]:.4f}, {time.time() - began:.0f} s", flush=True)
            torch.save(ema, args.keep)
    pool.terminate()
    torch.save(ema, args.keep)


if __name__ == "__main__":
    main()
