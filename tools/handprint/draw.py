"""Compiled drawing: ink on a canvas, the pen, the scanner, and the cut that the cell reader makes. One glyph takes about a tenth of a millisecond."""
import numba as nb
import numpy as np

CANVAS = 64  # side of the drawing, pixels; the cell stands in its middle
CELL_H = 48  # height of the cell in it, pixels: `cell_pixels` of the reader
CELL_W = 34
TOP = (CANVAS - CELL_H) // 2
LEFT = (CANVAS - CELL_W) // 2
SIDE = 28

jit = nb.njit(cache=True, nogil=True, fastmath=True)


@jit
def seed(value):
    np.random.seed(value)


@jit
def between(low, high):
    return low + (high - low) * np.random.random()


@jit
def chance(share):
    return np.random.random() < share


@jit
def bell(sd):
    return np.random.normal() * sd


@jit
def segments(out, lines, a00, a01, a10, a11, ox, oy, width, ink):
    """Adds lines [n, 4] (letter heights) through a map to canvas pixels, with a round pen of `width` pixels."""
    swell, phase = between(0.0, 0.14), between(0.0, 6.3)
    for i in range(len(lines)):
        x0 = a00 * lines[i, 0] + a01 * lines[i, 1] + ox
        y0 = a10 * lines[i, 0] + a11 * lines[i, 1] + oy
        x1 = a00 * lines[i, 2] + a01 * lines[i, 3] + ox
        y1 = a10 * lines[i, 2] + a11 * lines[i, 3] + oy
        r = 0.5 * width * (1 + swell * np.sin(phase + 0.35 * i))
        dx, dy = x1 - x0, y1 - y0
        length = max(dx * dx + dy * dy, 1e-9)
        for y in range(max(int(min(y0, y1) - r - 1), 0), min(int(max(y0, y1) + r + 2), CANVAS)):
            for x in range(max(int(min(x0, x1) - r - 1), 0), min(int(max(x0, x1) + r + 2), CANVAS)):
                px, py = x + 0.5 - x0, y + 0.5 - y0
                t = min(max((px * dx + py * dy) / length, 0.0), 1.0)
                d = np.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
                v = min(max(r + 0.5 - d, 0.0), 1.0) * ink
                if v > out[y, x]:
                    out[y, x] = v


@jit
def box(ink, cut):
    """Rows and columns that hold ink of `cut` or more: x0, x1, y0, y1 (ends excluded); x1 = 0 when there is none."""
    h, w = ink.shape
    x0, x1, y0, y1 = w, 0, h, 0
    for y in range(h):
        for x in range(w):
            if ink[y, x] >= cut:
                x0, x1, y0, y1 = min(x0, x), max(x1, x + 1), min(y0, y), max(y1, y + 1)
    return x0, x1, y0, y1


@jit
def picture(out, img, a00, a01, a10, a11, cx, cy, wave):
    """Adds a 28x28 picture (0..255) through the inverse map a (canvas to picture), its box's middle at (cx, cy), bent by a wave of some pixels."""
    ink = img.astype(np.float32) / 255
    x0, x1, y0, y1 = box(ink, 0.25)
    mx, my = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    d = np.random.normal(0.0, 1.0, (5, 5, 2)) * wave
    for y in range(CANVAS):
        for x in range(CANVAS):
            gx, gy = x * 4.0 / CANVAS, y * 4.0 / CANVAS
            ix, iy = int(gx), int(gy)
            fx, fy = gx - ix, gy - iy
            wx = (d[iy, ix, 0] * (1 - fx) + d[iy, ix + 1, 0] * fx) * (1 - fy) + (d[iy + 1, ix, 0] * (1 - fx) + d[iy + 1, ix + 1, 0] * fx) * fy
            wy = (d[iy, ix, 1] * (1 - fx) + d[iy, ix + 1, 1] * fx) * (1 - fy) + (d[iy + 1, ix, 1] * (1 - fx) + d[iy + 1, ix + 1, 1] * fx) * fy
            px, py = x + 0.5 - cx, y + 0.5 - cy
            sx = a00 * px + a01 * py + mx - 0.5 + wx
            sy = a10 * px + a11 * py + my - 0.5 + wy
            jx, jy = int(np.floor(sx)), int(np.floor(sy))
            if jx < -1 or jy < -1 or jx > 27 or jy > 27:
                continue
            ax, ay = sx - jx, sy - jy
            v = 0.0
            for k in range(4):
                qx, qy = jx + (k & 1), jy + (k >> 1)
                if 0 <= qx < 28 and 0 <= qy < 28:
                    v += ink[qy, qx] * (ax if k & 1 else 1 - ax) * (ay if k >> 1 else 1 - ay)
            if v > out[y, x]:
                out[y, x] = v


@jit
def blur(a, sigma):
    """Gaussian, separable."""
    r = max(int(2.5 * sigma + 0.5), 1)
    k = np.empty(2 * r + 1, np.float32)
    for i in range(-r, r + 1):
        k[i + r] = np.exp(-0.5 * (i / sigma) ** 2)
    k /= k.sum()
    h, w = a.shape
    row = np.zeros_like(a)
    for y in range(h):
        for i in range(-r, r + 1):
            for x in range(max(0, -i), min(w, w - i)):
                row[y, x] += k[i + r] * a[y, x + i]
    out = np.zeros_like(a)
    for i in range(-r, r + 1):
        for y in range(max(0, -i), min(h, h - i)):
            for x in range(w):
                out[y, x] += k[i + r] * row[y + i, x]
    return out


@jit
def sharpen(a, cut, gain):
    out = np.empty_like(a)
    for y in range(a.shape[0]):
        for x in range(a.shape[1]):
            out[y, x] = min(max((a[y, x] - cut) * gain + 0.5, 0.0), 1.0)
    return out


@jit
def pen(ink):
    """Gives the strokes of a picture a new width by blurring and cutting, but never loses or floods them."""
    soft = blur(ink, between(0.6, 1.9))
    out = sharpen(soft, between(0.34, 0.7), between(3.0, 8.0))
    before = ink.sum()
    if out.sum() < 0.36 * before or out.sum() > 1.3 * before:
        out = sharpen(blur(ink, 0.7), 0.45, 5.0)
    return out


@jit
def resize(a, n):
    """Area average to n x n; linear when growing."""
    m = a.shape[0]
    step = m / n
    w = np.zeros((n, m), np.float32)
    for i in range(n):
        if step <= 1:
            c = (i + 0.5) * step - 0.5
            j = int(np.floor(c))
            f = c - j
            w[i, min(max(j, 0), m - 1)] += 1 - f
            w[i, min(max(j + 1, 0), m - 1)] += f
        else:
            a0, a1 = i * step, (i + 1) * step
            for j in range(int(a0), min(int(np.ceil(a1)), m)):
                w[i, j] = (min(a1, j + 1.0) - max(a0, float(j))) / step
    return np.dot(np.dot(w, a), w.T)


_k = np.arange(8)
DCT = (np.cos((2 * _k[None] + 1) * _k[:, None] * np.pi / 16) * np.where(_k == 0, np.sqrt(1 / 8), 0.5)[:, None]).astype(np.float32)


@jit
def jpeg(ink, quality):
    """Coefficients of 8x8 blocks rounded as JPEG rounds brightness, its table taken as a slope (steps 12 to 110 at quality 50)."""
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    n = ink.shape[0] // 8 * 8
    for by in range(0, n, 8):
        for bx in range(0, n, 8):
            c = np.dot(np.dot(DCT, np.ascontiguousarray(ink[by : by + 8, bx : bx + 8])), DCT.T)
            for i in range(8):
                for j in range(8):
                    q = max((12 + 7 * (i + j)) * scale, 1.0) / 230
                    c[i, j] = np.round(c[i, j] / q) * q
            ink[by : by + 8, bx : bx + 8] = np.dot(np.dot(DCT.T, c), DCT)


@jit
def levels(ink, top):
    """The reader's own: paper becomes 0, ink (nearly) 1."""
    out = np.empty_like(ink)
    low = between(0.0, 0.08) * top
    for y in range(ink.shape[0]):
        for x in range(ink.shape[1]):
            out[y, x] = min(max((ink[y, x] - low) / (top - low), 0.0), 1.0)
    return out


@jit
def look(ink, kind):
    """One scanner: 0 = 300 dpi grey or colour, 1 = one bit, 2 = a poor scan (150 to 200 dpi, grain, JPEG, pale ink)."""
    if kind == 0:
        if chance(0.3):  # the pen skips a little
            ink = ink * np.minimum(resize(np.random.uniform(0.7, 1.25, (6, 6)).astype(np.float32), CANVAS), np.float32(1.0))
        ink = blur(ink, between(0.25, 0.75)) * np.float32(between(0.7, 1.0))
        if chance(0.5):
            ink = ink + (np.random.standard_normal((CANVAS, CANVAS)) * between(0.005, 0.03)).astype(np.float32)
        if chance(0.5):
            jpeg(ink, between(60.0, 95.0))
        return levels(ink, between(0.75, 1.0) * max(0.3, np.percentile(ink, 99.0)))
    if kind == 1:
        n = CANVAS if chance(0.6) else int(between(36.0, CANVAS))
        if chance(0.35):  # thin strokes break
            ink = ink * np.minimum(resize(np.random.uniform(0.5, 1.25, (8, 8)).astype(np.float32), CANVAS), np.float32(1.0))
        ink = blur(ink, between(0.3, 0.9))
        if n != CANVAS:
            ink = resize(ink, n)
        ink = ink + (np.random.standard_normal((n, n)) * between(0.01, 0.09)).astype(np.float32)
        ink = sharpen(ink, between(0.3, 0.68), 1000.0 if n < CANVAS else between(4.0, 30.0))
        if n != CANVAS:
            ink = resize(ink, CANVAS)
        elif chance(0.5):
            ink = blur(ink, between(0.3, 0.6))
        return ink
    if chance(0.4):
        ink = ink * np.minimum(resize(np.random.uniform(0.5, 1.2, (7, 7)).astype(np.float32), CANVAS), np.float32(1.0))
    ink = ink * np.float32(between(0.45, 1.0))
    n = int(between(26.0, 56.0))
    ink = resize(blur(ink, between(0.3, 1.0)), n)
    if chance(0.6):
        ink = ink + (np.random.standard_normal((n, n)) * between(0.01, 0.06)).astype(np.float32)
    if chance(0.5):
        jpeg(ink, between(35.0, 90.0))
    ink = resize(ink, CANVAS)
    return levels(ink, between(0.7, 1.0) * max(0.3, np.percentile(ink, 99.0)))


@jit
def dots(out, full):
    """What a cell border may leave: dots, dashes or bits of a line along one or more sides, and over the whole frame when `full`."""
    ink, step, solid = between(0.35, 1.0), between(2.5, 6.0), chance(0.3)
    radius = between(0.4, 1.2)
    order = np.random.permutation(4)
    line = np.zeros((1, 4), np.float32)
    for s in range(np.random.randint(1, 5 if full else 3)):
        side = order[s]
        inset = between(-3.0, 4.0)
        a, b = np.random.random(), np.random.random()
        if full:
            a, b = 0.0, 1.0
        elif solid:
            b = a + between(0.08, 0.35)
        if side < 2:
            x = LEFT + inset if side == 0 else LEFT + CELL_W - inset
            p0, p1, q0, q1 = x, TOP + a * CELL_H, x + bell(0.8), TOP + b * CELL_H
        else:
            y = TOP + inset if side == 2 else TOP + CELL_H - inset
            p0, p1, q0, q1 = LEFT + a * CELL_W, y, LEFT + b * CELL_W, y + bell(0.8)
        if solid:
            line[0] = p0, p1, q0, q1
            segments(out, line, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, radius * 1.6, ink)
            continue
        n = max(int(np.hypot(q0 - p0, q1 - p1) / step), 1)
        for i in range(n):
            if chance(0.8):
                t = (i + 0.5) / n
                line[0] = p0 + (q0 - p0) * t, p1 + (q1 - p1) * t, p0 + (q0 - p0) * t + 0.01, p1 + (q1 - p1) * t
                segments(out, line, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, radius * 2, ink)


@jit
def wiped(ink):
    """The reader takes the frame away: a band along some sides of the cell is gone, with the strokes that crossed it."""
    band = between(1.0, 2.6)
    shift = bell(1.0)
    for side in range(4):
        if chance(0.6):
            at = (TOP, TOP + CELL_H, LEFT, LEFT + CELL_W)[side] + shift
            for k in range(max(int(at - band), 0), min(int(at + band + 1), CANVAS)):
                if side < 2:
                    ink[k, :] = 0
                else:
                    ink[:, k] = 0


@jit
def specks(out, n):
    line = np.zeros((1, 4), np.float32)
    for _ in range(n):
        x, y = between(LEFT, LEFT + CELL_W), between(TOP, TOP + CELL_H)
        line[0] = x, y, x + bell(0.7), y + bell(0.7)
        segments(out, line, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, between(0.9, 2.6), between(0.3, 1.0))


@jit
def normalise(ink, cut, cap, small, out, rel):
    """Fills `out` [28, 28] and `rel` (height, width, middle) as `src/cells` does; False when there is too little ink."""
    x0, x1, y0, y1 = box(ink, cut)
    count = 0
    for y in range(CANVAS):
        for x in range(CANVAS):
            if ink[y, x] >= cut:
                count += 1
    if count < CELL_H * CELL_H * 0.004:
        return False
    h, w = y1 - y0, x1 - x0
    longest = max(h, w)
    scale = 20.0 / cap if longest < small * cap else 20.0 / longest
    total, mx, my = 0.0, 0.0, 0.0
    for y in range(y0, y1):
        for x in range(x0, x1):
            v = ink[y, x]
            total += v
            mx += v * (x + 0.5)
            my += v * (y + 0.5)
    mx /= total
    my /= total
    half = max(0.5 / scale, 0.5)
    for gy in range(SIDE):
        cy = my + (gy + 0.5 - 14) / scale
        ya, yb = cy - half, cy + half
        for gx in range(SIDE):
            cx = mx + (gx + 0.5 - 14) / scale
            xa, xb = cx - half, cx + half
            v = 0.0
            for y in range(max(int(np.floor(ya)), 0), min(int(np.ceil(yb)), CANVAS)):
                wy = min(yb, y + 1.0) - max(ya, float(y))
                for x in range(max(int(np.floor(xa)), 0), min(int(np.ceil(xb)), CANVAS)):
                    v += wy * (min(xb, x + 1.0) - max(xa, float(x))) * ink[y, x]
            out[gy, gx] = int(min(v / ((yb - ya) * (xb - xa)), 1.0) * 255 + 0.5)
    rel[0] = h / CELL_H
    rel[1] = w / CELL_H
    rel[2] = ((y0 + y1) / 2 - TOP) / CELL_H
    return True
