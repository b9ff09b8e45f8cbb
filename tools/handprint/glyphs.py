"""Draws training glyphs: sources in, the look of a scanned form cell out."""
import os

import numpy as np

import draw as D
import strokes
from draw import CANVAS, CELL_H, CELL_W, LEFT, SIDE, TOP, bell, between, chance, jit

DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CYRILLIC = "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
MARKS = "-,"
CLASSES = DIGITS + LATIN + CYRILLIC + MARKS
# What is no single character: crossed out or written over, two characters in one cell, dirt and remnants. The reader adds the three up.
REJECT = len(CLASSES)
CROSSED, TWO, DIRT = REJECT, REJECT + 1, REJECT + 2
OUTPUTS = REJECT + 3
# Latin letters whose block shape is also a Russian letter.
TWINS = dict(zip("АВСЕНКМОРТХУ", "ABCEHKMOPTXY"))
DASH, COMMA = CLASSES.index("-"), CLASSES.index(",")
# Single strokes: beside or over another letter they make a third one.
BARS = np.array([CLASSES.index(c) for c in "1I-,"])
CROSSES = np.array([CLASSES.index(c) for c in "XХЖК"])

# Shares of the sources of a class, by its kind; what is missing is shared out among the rest.
SHARES = {
    DIGITS: {"unipen": 0.40, "mnist-train": 0.22, "drawn": 0.38},
    LATIN: {"unipen": 0.60, "drawn": 0.40, "twin": 0.08},
    CYRILLIC: {"cmnist": 0.34, "synth": 0.14, "twin": 0.22, "drawn": 0.42},
    MARKS: {"unipen": 0.60, "drawn": 0.40},
}


def load(folder, without=()):
    """Rows of the sources: images, labels, source, writer, how block-like, and True where a row is held out."""
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


def tables(data, seed=0, writings=500):
    """Everything that `put` picks from, as arrays: the training rows per class and source, and a bank of drawn letters."""
    images, labels, source, _, block, held = data
    free = ~held
    rng = np.random.default_rng(seed)
    rows, weights, parts, spans = [], [], [], []
    lines, starts = [], [0]
    back = {v: k for k, v in TWINS.items()}
    filled = 0
    for c in CLASSES:
        shares = next(s for chars, s in SHARES.items() if c in chars)
        first = len(parts)
        for name, share in shares.items():
            if name == "drawn":
                begin = len(starts) - 1
                for _ in range(writings):
                    lines.append(strokes.write(rng, c))
                    starts.append(starts[-1] + len(lines[-1]))
                parts.append((share, begin, len(starts) - 1, 1))
                continue
            if name == "twin":
                twin = TWINS.get(c) or back.get(c)
                other = "unipen" if c in CYRILLIC else "cmnist"
                mine = np.flatnonzero(free & (source == other) & (labels == twin) & (block > 0.6)) if twin else np.zeros(0, int)
            else:
                mine = np.flatnonzero(free & (source == name) & (labels == c))
            if len(mine) == 0:
                continue
            p = 0.1 + block[mine] if name == "cmnist" else np.ones(len(mine))
            rows.append(mine)
            weights.append(np.cumsum(p / p.sum()))
            parts.append((share, filled, filled + len(mine), 0))
            filled += len(mine)
        total = sum(p[0] for p in parts[first:])
        parts[first:] = [(s / total, a, b, k) for s, a, b, k in parts[first:]]
        spans.append((first, len(parts)))
    return (images, np.concatenate(rows), np.concatenate(weights), np.array(spans), np.array([p[0] for p in parts]),
            np.array([p[1:] for p in parts]), np.concatenate(lines), np.array(starts))


@jit
def shape(hard):
    """A map of a letter to the page by slant, turn and stretch: a00, a01, a10, a11 of unit scale."""
    a = min(max(bell(4.0 * hard), -12.0), 12.0) * np.pi / 180
    sh = min(max(-0.06 + bell(0.14 * hard), -0.5), 0.35)
    sx = np.exp(bell(0.11 * hard))
    c, s = np.cos(a), np.sin(a)
    return c * sx, c * sh - s, s * sx, s * sh + c


@jit
def put(out, k, cap, cx, cy, hard, pen_width, t):
    """Writes a character of class k, `cap` pixels high, with its middle at (cx, cy)."""
    images, rows, weights, spans, shares, parts, lines, starts = t
    u = np.random.random()
    part = spans[k, 0]
    while part < spans[k, 1] - 1 and u >= shares[part]:
        u -= shares[part]
        part += 1
    a00, a01, a10, a11 = shape(hard)
    first, end, drawn = parts[part]
    if drawn == 1:
        i = np.random.randint(first, end)
        mine = lines[starts[i] : starts[i + 1]]
        if k == DASH:
            s = cap * between(0.3, 0.75)
        elif k == COMMA:
            s = cap * between(0.16, 0.42)
        else:
            s = cap * between(0.88, 1.1)
        # The middle of its box on the page.
        x0, x1, y0, y1 = 1e9, -1e9, 1e9, -1e9
        for j in range(len(mine)):
            for e in range(0, 4, 2):
                x, y = a00 * mine[j, e] + a01 * mine[j, e + 1], a10 * mine[j, e] + a11 * mine[j, e + 1]
                x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
        squeeze = min(1.0, (CANVAS - 12) / (s * (x1 - x0) + 1.0))
        ox, oy = cx - s * squeeze * (x0 + x1) / 2, cy - s * (y0 + y1) / 2
        D.segments(out, mine, s * squeeze * a00, s * squeeze * a01, s * a10, s * a11, ox, oy, pen_width, 1.0)
        return
    at = first + np.searchsorted(weights[first:end], np.random.random())
    warped(out, images[rows[min(at, end - 1)]], k, cap, cx, cy, hard, a00, a01, a10, a11)


@jit
def warped(out, img, k, cap, cx, cy, hard, a00, a01, a10, a11):
    """The same for a picture of a letter."""
    x0, x1, y0, y1 = D.box(img, 64)
    if x1 == 0:
        return
    if k == DASH or k == COMMA:
        s = cap / 20.0 * between(0.75, 1.35)
    else:
        s = cap * between(0.88, 1.1) / max(y1 - y0, 6)
    squeeze = min(1.0, (CANVAS - 12) / (s * (x1 - x0)))
    a00, a01, a10, a11 = s * squeeze * a00, s * squeeze * a01, s * a10, s * a11
    det = a00 * a11 - a01 * a10
    wave = min(abs(bell(0.5)) * hard, 1.2) if chance(0.6) else 0.0
    mine = np.zeros((CANVAS, CANVAS), np.float32)
    D.picture(mine, img, a11 / det, -a01 / det, -a10 / det, a00 / det, cx, cy, wave)
    mine = D.pen(mine)
    for y in range(CANVAS):
        for x in range(CANVAS):
            out[y, x] = max(out[y, x], mine[y, x])


@jit
def pen_width():
    return min(max(CELL_H * 0.07 * np.exp(bell(0.36)), 1.4), 8.0)


@jit
def letter(avoid_bars):
    """Any class but the marks; perhaps without bars."""
    while True:
        k = np.random.randint(REJECT - 2)
        if not avoid_bars or not np.any(BARS == k):
            return k


@jit
def strike(out, k):
    """Crosses the ink out the way people do it."""
    x0, x1, y0, y1 = D.box(out, 0.4)
    if x1 == 0:
        return
    x0, x1, y0, y1 = x0 - 2, x1 + 2, y0 - 2, y1 + 2
    width = pen_width()
    kind = np.random.randint(5)
    if kind == 1 and np.any(CROSSES == k):
        kind = 3
    one = np.zeros((1, 4), np.float32)
    if kind == 0:  # two or more strokes across, level or slanting
        lean = bell(9.0)
        for _ in range(np.random.randint(2, 5)):
            y = between(y0 + 4.0, y1 - 4.0)
            one[0] = x0 - 2 + bell(2.0), y + lean / 2 + bell(1.5), x1 + 2 + bell(2.0), y - lean / 2 + bell(1.5)
            D.segments(out, one, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width, 1.0)
    elif kind == 1:  # a cross over everything
        one[0] = x0 + bell(2.0), y0 + bell(2.0), x1 + bell(2.0), y1 + bell(2.0)
        D.segments(out, one, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width, 1.0)
        one[0] = x1 + bell(2.0), y0 + bell(2.0), x0 + bell(2.0), y1 + bell(2.0)
        D.segments(out, one, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width, 1.0)
    elif kind == 2:  # zigzag, upright or lying
        n = np.random.randint(6, 14)
        lying = chance(0.5)
        many = np.zeros((n, 4), np.float32)
        px, py = float(x0), float(y0)
        for i in range(n):
            along = (i + 1) / n
            if lying:
                x, y = (x1 if i % 2 == 0 else x0) + bell(2.0), y0 + (y1 - y0) * along + bell(1.5)
            else:
                x, y = x0 + (x1 - x0) * along + bell(1.5), (y1 if i % 2 == 0 else y0) + bell(2.5)
            many[i] = px, py, x, y
            px, py = x, y
        D.segments(out, many, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width, 1.0)
    elif kind == 3:  # blackened
        n = np.random.randint(8, 22)
        many = np.zeros((n, 4), np.float32)
        for i in range(n):
            many[i] = between(x0, x1), between(y0, y1), between(x0, x1), between(y0, y1)
        D.segments(out, many, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width * 1.2, 1.0)
    else:
        scribble(out, np.random.randint(6, 12), width)


@jit
def scribble(out, n, width):
    """A line that turns about at random."""
    cx, cy = CANVAS / 2 + bell(3.0), CANVAS / 2 + bell(3.0)
    w, h = CELL_W * between(0.5, 1.1), CELL_H * between(0.4, 0.85)
    px, py = cx + (np.random.random() - 0.5) * w, cy + (np.random.random() - 0.5) * h
    qx, qy = px, py
    many = np.zeros((n * 6, 4), np.float32)
    x, y = px, py
    for i in range(n):
        rx, ry = cx + (np.random.random() - 0.5) * w, cy + (np.random.random() - 0.5) * h
        for j in range(6):
            s = (j + 1) / 6
            bx = (1 - s) ** 2 * (px + qx) / 2 + 2 * s * (1 - s) * qx + s * s * (qx + rx) / 2
            by = (1 - s) ** 2 * (py + qy) / 2 + 2 * s * (1 - s) * qy + s * s * (qy + ry) / 2
            many[i * 6 + j] = x, y, bx, by
            x, y = bx, by
        px, py, qx, qy = qx, qy, rx, ry
    D.segments(out, many, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, width, 1.0)


@jit
def reject(out, kind, t):
    """A canvas that is no single character, of kind CROSSED, TWO or DIRT."""
    cap = between(0.5, 0.88) * CELL_H
    width = pen_width()
    mid = CANVAS / 2
    if kind == CROSSED:
        u = np.random.random()
        k = letter(True)
        if u < 0.62:
            put(out, k, cap, mid + bell(2.0), mid + bell(2.5), 1.0, width, t)
            strike(out, k)
        elif u < 0.82:  # another character written over it
            other = letter(True)
            while other == k:
                other = letter(True)
            x, y = mid + bell(2.0), mid + bell(2.0)
            put(out, k, cap, x, y, 1.0, width, t)
            put(out, other, cap * between(0.85, 1.1), x + bell(1.5), y + bell(1.5), 1.0, width * between(1.0, 1.5), t)
        else:
            scribble(out, np.random.randint(7, 16), width)
    elif kind == TWO:
        c = cap * between(0.6, 0.95)
        gap = between(8.5, 13.0) * (0.7 + 0.3 * c / 30)
        a, b = np.zeros((CANVAS, CANVAS), np.float32), np.zeros((CANVAS, CANVAS), np.float32)
        k1, k2 = letter(True), letter(chance(0.8))
        # A comma or a dash behind a digit in the same cell is the commonest case of all.
        if chance(0.25):
            k1, k2 = np.random.randint(10), COMMA if chance(0.7) else DASH
            if k1 == 1:
                k1 = 7
        put(a, k1, c, mid - gap, mid + bell(2.0), 0.7, width, t)
        put(b, k2, c, mid + gap, mid + (c * between(0.3, 0.5) if k2 == COMMA else bell(2.0)), 0.7, width, t)
        for y in range(CANVAS):
            for x in range(CANVAS):
                out[y, x] = max(a[y, x], b[y, x])
        if chance(0.1):
            D.dots(out, False)
    else:
        u = np.random.random()
        if u < 0.3:
            D.dots(out, True)
        elif u < 0.55:
            D.specks(out, np.random.randint(2, 14))
        elif u < 0.7:  # grain, as of a dirty copy
            g = np.random.standard_normal((CANVAS, CANVAS)).astype(np.float32)
            g = D.blur(g, between(0.4, 3.0))
            out[:] = D.sharpen(g / (g.std() + 1e-6), between(0.0, 1.5) + 0.5, between(0.5, 3.0))
        else:  # pieces of the neighbours at the edges, the middle empty
            put(out, letter(False), cap, LEFT - between(3.0, 9.0), mid + bell(2.0), 1.0, width, t)
            put(out, letter(False), cap, LEFT + CELL_W + between(3.0, 9.0), mid + bell(2.0), 1.0, width, t)
            for x in range(CANVAS):
                if x < LEFT - 2 or x > LEFT + CELL_W + 2 or LEFT + 7 < x < LEFT + CELL_W - 7:
                    out[:, x] = 0


@jit
def finish(ink, kind, img, rel, frames):
    """Border remnants, the scanner, the cut; False when nothing is left."""
    if chance(0.09 * frames):
        D.wiped(ink)
    if chance(0.10 * frames):
        D.dots(ink, False)
    if chance(0.04 * frames):
        D.specks(ink, np.random.randint(1, 4))
    ink = D.look(ink, kind)
    return D.normalise(ink, between(0.3, 0.46), CELL_H * between(0.62, 0.74), between(0.48, 0.62), img, rel)


@jit
def place(k, cap):
    """Where the middle of a character comes to lie: x, y."""
    x, y = CANVAS / 2 + bell(2.5), CANVAS / 2 + bell(2.8)
    if k == DASH:
        y = CANVAS / 2 + bell(3.5)
    elif k == COMMA:
        y = TOP + CELL_H * between(0.55, 1.0)
    return x, y


@jit
def scanner():
    """Three of five scans are good, the rest one bit or poor."""
    u = np.random.random()
    return 0 if u < 0.58 else 1 if u < 0.83 else 2


@jit
def fill(number, labels, images, sides, t):
    """One training glyph per label."""
    D.seed(number)
    for i in range(len(labels)):
        k = labels[i]
        while True:
            ink = np.zeros((CANVAS, CANVAS), np.float32)
            if k >= REJECT:
                reject(ink, k, t)
            else:
                cap = between(0.48, 0.92) * CELL_H
                x, y = place(k, cap)
                hard = (0.5, 1.0, 1.5)[np.random.randint(3)]
                put(ink, k, cap, x, y, hard, pen_width(), t)
            if finish(ink, scanner(), images[i], sides[i], 1.0):
                break


@jit
def render(number, pictures, labels, kind, images, sides):
    """Held-out pictures with the look of scanner `kind`, one each; frame remnants in the usual share."""
    D.seed(number)
    for i in range(len(labels)):
        while True:
            ink = np.zeros((CANVAS, CANVAS), np.float32)
            cap = between(0.55, 0.85) * CELL_H
            x, y = place(labels[i], cap)
            a00, a01, a10, a11 = shape(0.6)
            warped(ink, pictures[i], labels[i], cap, x, y, 0.6, a00, a01, a10, a11)
            if finish(ink, kind, images[i], sides[i], 0.6):
                break


def empty(n):
    return np.zeros((n, SIDE, SIDE), np.uint8), np.zeros((n, 3), np.float32)


def shard(number, size, t):
    """A reproducible part of the training: images uint8 [n, 28, 28], sides float32 [n, 3], labels int64 [n]; 9 % are rejects."""
    rng = np.random.default_rng(number)
    labels = rng.integers(0, REJECT, size)
    other = rng.random(size) < 0.09
    labels[other] = rng.choice([CROSSED, TWO, DIRT], other.sum(), p=[0.45, 0.35, 0.2])
    images, sides = empty(size)
    fill(number, labels, images, sides, t)
    return images, sides, labels
