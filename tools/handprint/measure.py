"""Measures trained nets on held-out writers, fits the temperatures and writes the model file that `rcoi-recognize` embeds."""
import argparse
import json
import struct

import numpy as np
import torch

import glyphs as G
import nets as N

# Kinds of alphabets, the narrowest first; a field takes the first that holds all of its characters.
ALPHABETS = {
    "digits": G.DIGITS,
    "numbers": G.DIGITS + G.MARKS,
    "cyrillic": G.CYRILLIC + "-",
    "latin": G.LATIN,
    "latin_digits": G.LATIN + G.DIGITS,
    "cyrillic_digits": G.CYRILLIC + G.DIGITS + G.MARKS,
    "all": G.CLASSES,
}
LOOKS = ["grey 300 dpi", "one bit", "poor", "all three"]
ERRORS = [0.01, 0.003, 0.001]
REJECTS = 0.02  # share of cells that hold no single character: few pupils correct themselves, but some do


def validation(folder, without=()):
    """Held-out glyphs per look, and all of them: (images, sides, labels, tag, calibration part?). Tags: the source; `cursive` for Russian capitals
    that are hardly block-like; `twin` for Latin letters that stand for Russian ones; `drawn` for rejects."""
    data = G.load(folder, without)
    images, labels, source, writer, block, held = data
    rows = np.flatnonzero(held)
    tag = np.where((source == "cmnist") & (block < 0.5), "cursive", source)
    back = {v: k for k, v in G.TWINS.items()}
    jobs = [(i, labels[i], tag[i]) for i in rows] + [(i, back[labels[i]], "twin") for i in rows if labels[i] in back]
    pictures = images[[j[0] for j in jobs]]
    y = np.array([G.CLASSES.index(j[1]) for j in jobs])
    # Half of the writers (UNIPEN) and the first half of each page (CMNIST) fit the temperatures, the others are reported.
    people = np.unique(writer[held & (source == "unipen")])
    fits = np.isin(writer, people[::2])
    for page in np.unique(writer[held & (source == "cmnist")]):
        mine = np.flatnonzero(held & (writer == page) & (source == "cmnist"))
        fits[mine[: len(mine) // 2]] = True
    part = fits[[j[0] for j in jobs]]
    tags = np.array([j[2] for j in jobs])
    # Things that are no character are drawn from letters of the same held-out people.
    mirrored = G.tables((*data[:5], ~held), seed=99, writings=20)
    no = np.repeat([G.CROSSED, G.TWO, G.DIRT], [700, 500, 300])
    out = []
    for kind in range(len(LOOKS) - 1):
        im, sides = G.empty(len(y))
        G.render(1000 + kind, pictures, y, kind, im, sides)
        more, more_sides = G.empty(len(no))
        G.fill(2000 + kind, no, more, more_sides, mirrored)
        half = np.arange(len(no)) % 2 == 0
        out.append((np.concatenate([im, more]), np.concatenate([sides, more_sides]), np.concatenate([y, no]),
                    np.concatenate([tags, np.full(len(no), "drawn")]), np.concatenate([part, half])))
    out.append(tuple(np.concatenate([one[k] for one in out]) for k in range(5)))
    return out


def indices(name):
    return [G.CLASSES.index(c) for c in ALPHABETS[name]]


def within(logits, name, fit):
    """Chances of the characters of an alphabet, and the rejects added up as the last column: float [n, characters + 1].
    `fit` = temperature, and what is added to the rejects after it."""
    n = len(ALPHABETS[name])
    z = logits[:, indices(name) + list(range(G.REJECT, logits.shape[1]))].astype(np.float64) / fit[0]
    z[:, n:] += fit[1]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return np.concatenate([p[:, :n], p[:, n:].sum(1, keepdims=True)], 1)


def truth(y, name):
    """The column of `within` for each label; the last one for rejects."""
    to = np.full(G.OUTPUTS, len(ALPHABETS[name]))
    for column, k in enumerate(indices(name)):
        to[k] = column
    return to[y]


def fold(p, columns, name):
    """Under an alphabet of both scripts, what only the field can tell apart counts as one."""
    if name not in ("all", "cyrillic_digits"):
        return p, columns
    chars = ALPHABETS[name]
    to = np.arange(len(chars) + 1)
    pairs = [(a, b) for a, b in G.TWINS.items()] + [("О", "0"), ("O", "0")] + ([("З", "3")] if name == "cyrillic_digits" else [])
    for a, b in pairs:
        if a in chars and b in chars:
            to[chars.index(a)] = chars.index(b)
    out = np.zeros_like(p)
    for i, j in enumerate(to):
        out[:, j] += p[:, i]
    return out, to[columns]


def calibrated(logits, y, name):
    """The temperature and the shift of the rejects of the least negative log likelihood, rejects weighing `REJECTS` of all."""
    columns = truth(y, name)
    no = columns == len(ALPHABETS[name])
    weight = np.where(no, REJECTS / max(no.sum(), 1), (1 - REJECTS) / (~no).sum())

    def cost(t, shift):
        p, c = fold(within(logits, name, (t, shift)), columns, name)
        return float(-(weight * np.log(p[np.arange(len(c)), c] + 1e-9)).sum())

    t, shift = 1.0, -1.5
    for wide in (0.4, 0.1, 0.03):  # by turns, each time nearer
        t = min((t * np.exp(d) for d in np.linspace(-wide, wide, 7)), key=lambda v: cost(v, shift))
        shift = min((shift + d for d in np.linspace(-5 * wide, 5 * wide, 7)), key=lambda v: cost(t, v))
    return round(float(t), 3), round(float(shift), 2)


def cascade(small, large, fits, name, limit):
    """The small net's chances where its best one reaches `limit`, else the large one's; and where the large one was asked."""
    a, b = within(small, name, fits["small"][name]), within(large, name, fits["large"][name])
    ask = a.max(1) < limit
    return np.where(ask[:, None], b, a), ask


def ece(p, hit, bins=15):
    which = np.clip((p * bins).astype(int), 0, bins - 1)
    return float(sum(abs(p[which == b].mean() - hit[which == b].mean()) * (which == b).mean() for b in range(bins) if (which == b).any()))


def to_people(p, hit, error):
    """Least share of the glyphs that must go to people so that at most `error` of the others are wrong."""
    order = np.argsort(-p, kind="stable")
    wrong = np.cumsum(~hit[order]) / np.arange(1, len(p) + 1)
    good = np.flatnonzero(wrong <= error)
    return float(1 - (good[-1] + 1) / len(p)) if len(good) else 1.0


def score(p, y, name):
    p, columns = fold(p, truth(y, name), name)
    top, hit = p.max(1), p.argmax(1) == columns
    sure = top >= 0.98
    out = {"right": hit.mean(), "sure": sure.mean(), "wrong_when_sure": (~hit[sure]).mean() if sure.any() else 0.0}
    out |= {f"to_people_{e:.1%}": to_people(top, hit, e) for e in ERRORS}
    return {k: round(float(v), 4) for k, v in out.items()}


def mine(y, tags, name, drawn=False):
    """Rows that belong to an alphabet: its characters (no cursive ones), and the drawn rejects if asked."""
    keep = np.isin(y, indices(name)) & (tags != "cursive")
    if name in ("latin", "all"):
        keep &= tags != "twin"
    return keep | (y >= G.REJECT) if drawn else keep


def fit(logits, val):
    """Calibration of one net: name -> (temperature, shift of the rejects), over all looks, on the calibration half."""
    (_, _, y, tags, part), z = val[-1], logits[-1]
    return {name: calibrated(z[rows], y[rows], name) for name in ALPHABETS for rows in [mine(y, tags, name, drawn=True) & part]}


def figures(val, answer):
    """All figures per look on the other half; `answer(look, name)` gives the chances within an alphabet."""
    out = {}
    for look, (_, _, y, tags, part) in enumerate(val):
        rows = {}
        for name in ALPHABETS:
            p = answer(look, name)
            yes, no = mine(y, tags, name) & ~part, (y >= G.REJECT) & ~part
            refused = p.argmax(1) == p.shape[1] - 1
            rows[name] = {"rows": int(yes.sum()), **score(p[yes], y[yes], name)}
            some = np.flatnonzero(no)
            some = some[:: max(int(len(some) / (yes.sum() * REJECTS)), 1)]
            both = np.concatenate([np.flatnonzero(yes), some])
            q, c = fold(p[both], truth(y[both], name), name)
            rows[name]["ece"] = round(ece(q.max(1), q.argmax(1) == c), 4)
            # A reject that passes for a sure character is the worst error.
            rows[name] |= {"characters_refused": round(float(refused[yes].mean()), 4), "rejects_found": round(float(refused[no].mean()), 4),
                           "rejects_sure": round(float((p[no, :-1].max(1) >= 0.98).mean()), 4)}
            if name == "cyrillic":
                keep = (tags == "cursive") & ~part
                rows["cyrillic, cursive"] = {"rows": int(keep.sum()), **score(p[keep], y[keep], name)}
        out[LOOKS[look]] = rows
    return out


def table(out):
    """The figures as the model card shows them."""
    for look, rows in out.items():
        print(f"\n| {look}: within | rows | right | sure | wrong among sure | people for 1 % | 0.3 % | 0.1 % | ECE | wrongly refused |\n|{'---|' * 10}")
        for name, r in rows.items():
            share = lambda key, digits=1: f"{100 * r[key]:.{digits}f} %" if key in r else ""
            people = " | ".join(share(f"to_people_{e:.1%}") for e in ERRORS)
            print(f"| {name} | {r['rows']} | {share('right')} | {share('sure', 0)} | {share('wrong_when_sure', 2)} | {people} | {r.get('ece', '')} | {share('characters_refused')} |")
        no = rows["all"], rows["digits"]
        print(f"\nDrawn rejects: {no[1]['rejects_found']:.1%} found within digits, {no[0]['rejects_found']:.1%} within all; {no[1]['rejects_sure']:.2%} and {no[0]['rejects_sure']:.2%} pass for a sure character.")


def layers(net):
    """Layers of a net with the batch norm folded in, kernels as [ky, kx, in, out]: (descriptions, arrays)."""
    net.eval()
    about, blob = [], []

    def put(kind, w, b, **extra):
        about.append({"kind": kind, "shape": list(w.shape), **extra})
        blob.extend([w.astype(np.float16).ravel(), b.astype(np.float16).ravel()])

    for conv, norm, _ in net.convs:
        k = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
        w = (conv.weight.detach() * k[:, None, None, None]).permute(2, 3, 1, 0).contiguous().numpy()
        put("conv", w, (norm.bias.detach() - norm.running_mean * k).numpy(), stride=conv.stride[0], pad=conv.padding[0])
    for fc in (net.fc1, net.fc2):
        put("dense", fc.weight.detach().T.contiguous().numpy(), fc.bias.detach().numpy())
    return about, blob


def proof(nets):
    """Logits of both nets for a picture that a formula gives: the Rust side must come to the same."""
    i = np.arange(G.SIDE**2, dtype=np.int64)
    picture = (i * i * 31 + i * 17) % 256
    picture = np.where(i % 3 == 0, picture, 0).astype(np.uint8).reshape(1, G.SIDE, G.SIDE)
    sides = np.float32([[0.7, 0.45, 0.5]])
    return [[round(float(v), 4) for v in N.logits_of(net, picture, sides)[0]] for net in nets]


def export(path, name, nets, fits, limit):
    """Magic, length of the header, header (JSON), float16 weights of the small and then of the large net."""
    proofs = proof(nets)
    small, large = (layers(net) for net in nets)
    told = lambda fit: {name: {"temperature": t, "reject": shift} for name, (t, shift) in fit.items()}
    head = {"name": name, "classes": G.CLASSES, "rejects": G.OUTPUTS - G.REJECT, "side_mean": N.SIDE_MEAN, "side_scale": N.SIDE_SCALE, "sure": limit,
            "small": {"layers": small[0], "calibration": told(fits["small"]), "proof": proofs[0]}, "large": {"layers": large[0], "calibration": told(fits["large"]), "proof": proofs[1]}}
    head = json.dumps(head, ensure_ascii=False).encode()
    with open(path, "wb") as f:
        f.write(b"HANDPRT2" + struct.pack("<I", len(head)) + head + np.concatenate(small[1] + large[1]).tobytes())


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--data", required=True, help="folder with train.npz and synth.npz")
    ap.add_argument("--state", required=True, help="the .pt of train.py")
    ap.add_argument("--out", help="the .bin to write")
    ap.add_argument("--name", default="handprint-3")
    ap.add_argument("--without", action="append", default=[])
    ap.add_argument("--sure", type=float, default=0.995, help="from this chance on the small net's answer stands")
    ap.add_argument("--figures", help="where to write the figures (JSON)")
    args = ap.parse_args()

    nets = [N.Net(N.SMALL), N.Net(N.LARGE)]
    for net, state in zip(nets, torch.load(args.state)):
        net.load_state_dict(state)
        net.eval()
    val = validation(args.data, args.without)
    small, large = ([N.logits_of(net, v[0], v[1]).numpy() for v in val] for net in nets)
    fits = {"small": fit(small, val), "large": fit(large, val)}
    parts = {
        "small alone": lambda look, name: within(small[look], name, fits["small"][name]),
        "large alone": lambda look, name: within(large[look], name, fits["large"][name]),
        "both": lambda look, name: cascade(small[look], large[look], fits, name, args.sure)[0],
    }
    out = {"calibration": fits, "sure": args.sure}
    for title, answer in parts.items():
        out[title] = figures(val, answer)
        print(f"===== {title}")
        table(out[title])
    out["asked the large net"] = {
        LOOKS[look]: {name: round(float(cascade(small[look], large[look], fits, name, args.sure)[1][mine(v[2], v[3], name)].mean()), 4) for name in ALPHABETS}
        for look, v in enumerate(val)
    }
    print(json.dumps({k: out[k] for k in ("calibration", "asked the large net")}, indent=1))
    if args.figures:
        with open(args.figures, "w") as f:
            json.dump(out, f, indent=1, ensure_ascii=False)
    if args.out:
        export(args.out, args.name, nets, fits, args.sure)


if __name__ == "__main__":
    main()
