"""Draws training glyphs: sources in, the look of a scanned form cell out."""
import os

import cv2
import numpy as np

cv2.setNumThreads(0)

DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CYRILLIC = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
MARKS = "-,"
CLASSES = DIGITS + LATIN + CYRILLIC + MARKS
REJECT = len(CLASSES)
# Latin letters whose block shape is also a Russian letter.
TWINS = dict(zip("АВСЕНКМОРТХУ", "ABCEHKMOPTXY"))

CANVAS = 64  # side of the drawing, pixels; the cell stands in its middle
CELL_H = 48  # height of the cell in it, pixels
CELL_W = 34
TOP = (CANVAS - CELL_H) // 2
LEFT = (CANVAS - CELL_W) // 2
GRID = np.stack(np.meshgrid(np.arange(CANVAS), np.arange(CANVAS)), -1).astype(np.float32)


def load(folder, without=()):
    """Rows of the sources, each image with its box, and True where a row is held out for validation."""
    images, labels, source, writer, block = [], [], [], [], []
    for name in ("train.npz", "synth.npz"):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            continue
        d = np.load(path)
        src = d["source_names"][d["source"]]
        keep = ~np.isin(src, list(without))
        images.append(d["images"][keep])
        labels.append(d["labels"][keep])
        source.append(src[keep].astype("U16"))
        writer.append(d["writer_names"][d["writer"]][keep].astype("U32"))
        b = d["block_p"][keep].astype(np.float32) if "block_p" in d else np.ones(keep.sum(), np.float32)
        block.append(np.nan_to_num(b, nan=1.0))
    images, labels, source, writer, block = map(np.concatenate, (images, labels, source, writer, block))
    return images, labels, source, writer, block, held_out(labels, source, writer)


def held_out(labels, source, writer):
    """UNIPEN: every eighth writer. CMNIST: per letter with two pages or more its smallest page of 60 rows or more."""
    held = np.zeros(len(labels), bool)
    people = np.unique(writer[source == "unipen"])
    held |= np.isin(writer, people[3::8]) & (source == "unipen")
    for letter in CYRILLIC:
        rows = (source == "cmnist") & (labels == letter)
        pages, count = np.unique(writer[rows], return_counts=True)
        big = [(c, p) for c, p in zip(count, pages) if c >= 60]
        if len(pages) >= 2 and len(big) and rows.sum() - min(big)[0] >= 150:
            held |= rows & (writer == min(big)[1])
    return held


class Sampler:
    """Picks source rows evenly over the classes."""

    def __init__(self, images, labels, source, block):
        self.images = images
        self.pool = []
        index = {}
        for src in np.unique(source):
            for c in np.unique(labels[source == src]):
                index[src, c] = np.flatnonzero((source == src) & (labels == c))
        for c in CLASSES:
            parts = []  # (rows, share, chances inside)
            if c in CYRILLIC:
                if ("cmnist", c) in index:
                    rows = index["cmnist", c]
                    p = 0.1 + block[rows]
                    parts.append((rows, 0.45, np.cumsum(p / p.sum())))
                if ("synth", c) in index:
                    parts.append((index["synth", c], 0.50, None))
                if c in TWINS and ("unipen", TWINS[c]) in index:
                    parts.append((index["unipen", TWINS[c]], 0.30, None))
            else:
                if ("unipen", c) in index:
                    parts.append((index["unipen", c], 0.65, None))
                if ("mnist-train", c) in index:
                    parts.append((index["mnist-train", c], 0.35, None))
            if not parts:
                raise SystemExit(f"no rows for class {c!r}: too many sources left out")
            total = sum(s for _, s, _ in parts)
            self.pool.append([(r, s / total, p) for r, s, p in parts])

    def pick(self, rng, k):
        if CLASSES[k] == "1" and rng.random() < 0.35:
            return flagged_one(rng)
        parts = self.pool[k]
        u = rng.random()
        for rows, share, p in parts:
            u -= share
            if u <= 0:
                break
        if p is None:
            i = rows[rng.integers(len(rows))]
        else:
            i = rows[min(np.searchsorted(p, rng.random(), side="right"), len(rows) - 1)]
        return self.images[i]


def flagged_one(rng):
    """A 1 with its upstroke, as Russian schools teach it; the sources mostly have plain bars. Drawn, no source."""
    f = rng.uniform(0.12, 0.42)
    drop = f * rng.uniform(0.7, 1.7)
    slant = rng.uniform(-0.12, 0.05)
    pts = [(-f + rng.normal(0, 0.02), drop), (0.0, 0.0), (slant, 1.0)]
    big = np.zeros((140, 140), np.uint8)
    at = lambda p: (int(70 + 100 * p[0]), int(20 + 100 * p[1]))
    width = int(rng.uniform(8, 15))
    cv2.polylines(big, [np.array([at(p) for p in pts])], False, 255, width, cv2.LINE_AA)
    if rng.random() < 0.12:
        b = rng.uniform(0.1, 0.25)
        cv2.line(big, at((slant - b, 1.0)), at((slant + b, 1.0)), 255, width, cv2.LINE_AA)
    return cv2.resize(big, (28, 28), interpolation=cv2.INTER_AREA)


def unit(a):
    return np.minimum(np.maximum(a, np.float32(0)), np.float32(1))


def place(rng, img, mark, cap, cx=None, cy=None, hard=1.0, comma=False):
    """Warps a 28x28 source into the canvas: ink 0..1. `cap` is the letter height in canvas pixels."""
    ys, xs = np.nonzero(img > 60)
    if len(ys) == 0:
        return np.zeros((CANVAS, CANVAS), np.float32)
    x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    h, w = y1 - y0, x1 - x0
    if mark:
        s = cap / 20.0 * rng.uniform(0.75, 1.5 if comma else 1.25)
    else:
        s = cap * rng.uniform(0.88, 1.12) / max(h, 6)
    sx = s * rng.uniform(0.8, 1.22)
    sx = min(sx, (CANVAS - 10) / max(w, 1))
    a = np.deg2rad(np.clip(rng.normal(0, 5) * hard, -12, 12))
    sh = np.clip(rng.normal(0, 0.1) * hard, -0.3, 0.3)
    m = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ np.array([[1, sh], [0, 1]]) @ np.diag([sx, s])
    det = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    inv = np.array([[m[1, 1], -m[0, 1]], [-m[1, 0], m[0, 0]]], np.float32) / np.float32(det)
    if cx is None:
        cx = CANVAS / 2 + rng.normal(0, 2.5)
    if cy is None:
        if comma:
            cy = TOP + CELL_H * rng.uniform(0.55, 1.0)
        else:
            cy = TOP + CELL_H / 2 + rng.normal(0, 3.5 if mark else 2.8)
    mid = np.float32([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2])
    off = mid - inv @ np.float32([cx, cy])
    if rng.random() < 0.5:
        d = rng.normal(0, min(abs(rng.normal(0, 0.6)) * hard, 1.3), (5, 5, 2)).astype(np.float32)
        grid = cv2.transform(GRID, np.column_stack([inv, off]))
        grid += cv2.resize(d, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
        out = cv2.remap(img, grid, None, cv2.INTER_LINEAR)
    else:
        out = cv2.warpAffine(img, np.column_stack([inv, off]), (CANVAS, CANVAS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    out = out.astype(np.float32) * np.float32(1 / 255)
    return pen(rng, out)


def pen(rng, ink):
    """Gives the stroke a new width: soften, cut, then grow or shrink, but never lose the stroke."""
    soft = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.6, 1.3))
    cut = rng.uniform(0.28, 0.5)
    out = unit((soft - np.float32(cut)) * np.float32(rng.uniform(3, 8)) + np.float32(0.5))
    u = rng.random()
    if u < 0.25:
        k = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        thin = cv2.erode(out, k)
        if thin.sum() > 0.45 * out.sum():
            out = thin
    elif u < 0.5:
        n = 3 if u < 0.44 else 4
        thick = cv2.dilate(out, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n)))
        if thick.sum() < 1.7 * out.sum():
            out = thick
    return out


def frame(rng, full=False):
    """What a cell border may leave: dots or short dashes along one or more sides."""
    out = np.zeros((CANVAS, CANVAS), np.float32)
    sides = rng.permutation(4)[: rng.integers(1, 5 if full else 3)]
    ink = rng.uniform(0.35, 1.0)
    step = rng.uniform(2.5, 6)
    solid = rng.random() < 0.25
    for side in sides:
        inset = rng.uniform(-3, 4)
        a, b = sorted(rng.uniform(0, 1, 2)) if not full else (0.0, 1.0)
        if side < 2:
            x = LEFT + inset if side == 0 else LEFT + CELL_W - inset
            ends = (x, TOP + a * CELL_H), (x + rng.normal(0, 1), TOP + b * CELL_H)
        else:
            y = TOP + inset if side == 2 else TOP + CELL_H - inset
            ends = (LEFT + a * CELL_W, y), (LEFT + b * CELL_W, y + rng.normal(0, 1))
        p, q = np.array(ends[0]), np.array(ends[1])
        if solid and not full:
            q = p + (q - p) * rng.uniform(0.1, 0.35)
            cv2.line(out, tuple(p.astype(int).tolist()), tuple(q.astype(int).tolist()), float(ink), 1, cv2.LINE_AA)
            continue
        n = max(int(np.hypot(*(q - p)) / step), 1)
        for t in (np.arange(n) + 0.5) / n:
            if rng.random() < 0.8:
                c = p + (q - p) * t
                cv2.circle(out, (int(c[0] * 16), int(c[1] * 16)), int(rng.uniform(8, 18)), float(ink), -1, cv2.LINE_AA, 4)
    return out


def specks(rng, n):
    out = np.zeros((CANVAS, CANVAS), np.float32)
    for _ in range(n):
        c = rng.uniform([LEFT, TOP], [LEFT + CELL_W, TOP + CELL_H])
        cv2.circle(out, (int(c[0] * 16), int(c[1] * 16)), int(rng.uniform(8, 22)), float(rng.uniform(0.3, 1)), -1, cv2.LINE_AA, 4)
    return out


def look(rng, ink):
    """One of many scanners: faded ink, blur, grain, JPEG, low resolution, hard threshold. A good one in two of five cases."""
    if rng.random() < 0.4:
        return clean(rng, cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.2, 0.7)))
    ink = ink * np.float32(rng.uniform(0.55, 1.0))
    if rng.random() < 0.25:  # the pen skips
        f = cv2.resize(rng.uniform(0.55, 1.15, (7, 7)).astype(np.float32), (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
        ink = ink * np.clip(f, 0.2, 1)
    if rng.random() < 0.6:  # resolution of the scan: cap height of 12 to 40 pixels
        n = int(rng.uniform(24, CANVAS))
        ink = cv2.resize(ink, (n, n), interpolation=cv2.INTER_AREA)
    else:
        n = CANVAS
    if rng.random() < 0.4:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 1.0) * n / CANVAS + 0.15)
    if rng.random() < 0.5:
        ink = ink + rng.standard_normal(ink.shape, np.float32) * np.float32(rng.uniform(0.01, 0.07))
    if rng.random() < 0.3:
        page = np.clip((1 - 0.9 * ink) * 255, 0, 255).astype(np.uint8)
        ok, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(35, 92))])
        ink = 1 - cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    if n != CANVAS:
        ink = cv2.resize(ink, (CANVAS, CANVAS), interpolation=cv2.INTER_LINEAR)
    return clean(rng, ink)


def clean(rng, ink):
    """The reader's own levels: paper becomes 0, ink (nearly) 1; sometimes a hard cut."""
    top = max(float(cv2.blur(ink, (2, 2)).max()), 0.25)
    low = rng.uniform(0.12, 0.3) * top
    ink = unit((ink - np.float32(low)) * np.float32(1 / (top - low)))
    if rng.random() < 0.25:
        ink = (ink > rng.uniform(0.3, 0.5)).astype(np.float32)
        if rng.random() < 0.5:
            ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 0.9))
    return ink


def normalise(rng, ink, cap_share=None, small=None, cut=None):
    """28x28 uint8 and (rel_height, rel_width, centre_y), as the cell reader cuts them; None when nothing is left."""
    cut = rng.uniform(0.25, 0.5) if cut is None else cut
    ys, xs = np.nonzero(ink > cut)
    if len(ys) < 3:
        return None
    x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
    h, w = int(y1 - y0), int(x1 - x0)
    cap = CELL_H * (rng.uniform(0.58, 0.8) if cap_share is None else cap_share)
    small = (rng.uniform(0.35, 0.75) if small is None else small) * cap
    s = 20 / cap if max(h, w) < small else 20 / max(h, w)
    nh, nw = max(round(h * s), 1), max(round(w * s), 1)
    crop = ink[y0:y1, x0:x1]
    crop = cv2.resize(crop, (nw, nh), interpolation=cv2.INTER_AREA if s < 1 else cv2.INTER_LINEAR)
    mass = crop.sum() + 1e-6
    my = crop.sum(1) @ (np.arange(nh) + 0.5) / mass
    mx = crop.sum(0) @ (np.arange(nw) + 0.5) / mass
    out = np.zeros((28, 28), np.float32)
    if rng.random() < 0.5:
        oy, ox = int(np.clip(round(14 - my), 0, 28 - nh)), int(np.clip(round(14 - mx), 0, 28 - nw))
        out[oy : oy + nh, ox : ox + nw] = crop
    else:
        m = np.float32([[1, 0, 13.5 - mx + 0.5], [0, 1, 13.5 - my + 0.5]])
        out = cv2.warpAffine(crop, m, (28, 28), flags=cv2.INTER_LINEAR)
    rel = (h / CELL_H, w / CELL_H, ((y0 + y1) / 2 - TOP) / CELL_H)
    return (unit(out) * 255).astype(np.uint8), rel


def scribble(rng, n, wide=1.0):
    out = np.zeros((CANVAS, CANVAS), np.float32)
    c = np.array([CANVAS / 2, CANVAS / 2]) + rng.normal(0, 3, 2)
    size = np.array([CELL_W * wide, CELL_H * 0.8]) * rng.uniform(0.5, 1.0)
    p = c + (rng.random((n, 2)) - 0.5) * size
    t = np.linspace(0, 1, 12)[:, None]
    pts = []
    for i in range(1, n - 1):
        a, b, d = (p[i - 1] + p[i]) / 2, p[i], (p[i] + p[i + 1]) / 2
        pts.append((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * d)
    line = (np.concatenate(pts) * 16).astype(np.int32)
    cv2.polylines(out, [line], False, 1.0, int(rng.integers(2, 5)), cv2.LINE_AA, 4)
    return out


def strike(rng, out):
    """A letter crossed out the way people do it."""
    ys, xs = np.nonzero(out > 0.4)
    if len(ys) == 0:
        return out
    x0, x1, y0, y1 = xs.min() - 2, xs.max() + 3, ys.min() - 2, ys.max() + 3
    t = int(rng.integers(2, 5))
    kind = rng.integers(4)
    j = lambda: rng.normal(0, 2.5)
    line = lambda a, b: cv2.line(out, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 1.0, t, cv2.LINE_AA)
    if kind == 0:  # two or more strokes across
        for _ in range(rng.integers(2, 5)):
            y = rng.uniform(y0 + 4, y1 - 4)
            line((x0 - 3 + j(), y + j()), (x1 + 3 + j(), y + j()))
    elif kind == 1:  # a cross over everything
        line((x0 + j(), y0 + j()), (x1 + j(), y1 + j()))
        line((x1 + j(), y0 + j()), (x0 + j(), y1 + j()))
    elif kind == 2:  # zigzag
        n = int(rng.integers(6, 13))
        pts = np.stack([np.linspace(x0, x1, n) + rng.normal(0, 1.5, n), np.where(np.arange(n) % 2, y0, y1) + rng.normal(0, 3, n)], 1)
        cv2.polylines(out, [pts.astype(np.int32)], False, 1.0, t, cv2.LINE_AA)
    else:  # blackened
        for _ in range(rng.integers(8, 18)):
            line(rng.uniform([x0, y0], [x1, y1]), rng.uniform([x0, y0], [x1, y1]))
    return out


def reject(rng, sampler):
    """A canvas that is no single character."""
    kind = rng.integers(7)
    cap = rng.uniform(0.55, 0.85) * CELL_H
    any_char = lambda: sampler.pick(rng, rng.integers(REJECT - 2))
    if kind == 0:  # two characters in one cell
        gap = rng.uniform(9, 14)
        c = cap * rng.uniform(0.6, 0.95)
        a = place(rng, any_char(), False, c, CANVAS / 2 - gap, hard=0.7)
        b = place(rng, any_char(), False, c, CANVAS / 2 + gap, hard=0.7)
        return np.maximum(a, b)
    if kind in (1, 2):
        return strike(rng, place(rng, any_char(), False, cap))
    if kind == 3:
        return frame(rng, full=True)
    if kind == 4:
        return specks(rng, int(rng.integers(2, 14)))
    if kind == 5:
        return scribble(rng, int(rng.integers(7, 16)))
    if rng.random() < 0.5:  # grain, as of a dirty copy
        g = rng.normal(0, 1, (CANVAS, CANVAS)).astype(np.float32)
        g = cv2.GaussianBlur(g, (0, 0), rng.uniform(0.3, 3))
        return np.clip((g / (g.std() + 1e-6) - rng.uniform(0.0, 1.5)) * rng.uniform(0.5, 3), 0, 1)
    # pieces of neighbours at both edges, the middle empty
    out = np.maximum(place(rng, any_char(), False, cap, LEFT - rng.uniform(2, 8)), place(rng, any_char(), False, cap, LEFT + CELL_W + rng.uniform(2, 8)))
    out[:, : LEFT - 2] = 0
    out[:, LEFT + CELL_W + 2 :] = 0
    return out


def sample(rng, sampler, k):
    """One training glyph of class k: (28x28 uint8, three side numbers)."""
    while True:
        if k == REJECT:
            ink = reject(rng, sampler)
        else:
            c = CLASSES[k]
            cap = rng.uniform(0.5, 0.9) * CELL_H
            ink = place(rng, sampler.pick(rng, k), c in MARKS, cap, hard=rng.choice([0.5, 1.0]), comma=c == ",")
            if rng.random() < 0.12:
                ink = np.maximum(ink, frame(rng))
            if rng.random() < 0.06:
                ink = np.maximum(ink, specks(rng, int(rng.integers(1, 4))))
        got = normalise(rng, look(rng, ink))
        if got is not None:
            return got


def shard(seed, number, size, sampler):
    """A reproducible batch of glyphs: images [n,784] uint8, side [n,3] float32, labels [n] int64."""
    rng = np.random.default_rng([seed, number])
    x = np.zeros((size, 784), np.uint8)
    side = np.zeros((size, 3), np.float32)
    y = rng.integers(0, REJECT, size)
    y[rng.random(size) < 0.09] = REJECT
    for i in range(size):
        img, rel = sample(rng, sampler, int(y[i]))
        x[i] = img.ravel()
        side[i] = rel
    return x, side, y
