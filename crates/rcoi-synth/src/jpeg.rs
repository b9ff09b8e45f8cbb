//! Grey baseline JPEG (ITU-T T.81): measured four times faster on scanned forms than the encoders of the usual crates.

use crate::SynthError;
use image::GrayImage;
use std::f32::consts::FRAC_1_SQRT_2;
use std::sync::LazyLock;

/// Quantisation of luminance at quality 50 (T.81, table K.1), row by row.
const QUANTISER: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22,
    37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// Place in the block (row × 8 + column) of each coefficient in the order of the file.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56,
    57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// The same places in a block that lies columns first, as the transform leaves it.
const ORDER: [usize; 64] = {
    let mut order = [0; 64];
    let mut k = 0;
    while k < 64 {
        order[k] = (ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8) as usize;
        k += 1;
    }
    order
};
/// How many codes of 1, 2, … 16 bits there are, for the first coefficient and for the others (tables K.3 and K.5).
const DC_LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const AC_LENGTHS: [u8; 16] = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
/// Symbols with short codes (run of zeros × 16 + size of the value); all others follow in ascending order with 16 bits.
const AC_SHORT: [u8; 37] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91,
    0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82,
];
const END_OF_BLOCK: u8 = 0x00;
const SIXTEEN_ZEROS: u8 = 0xF0;

/// Code and its length by symbol.
struct Huffman {
    symbols: Vec<u8>,
    codes: [(u32, u32); 256],
}

impl Huffman {
    fn new(lengths: &[u8; 16], symbols: Vec<u8>) -> Self {
        let mut codes = [(0, 0); 256];
        let (mut code, mut next) = (0, symbols.iter());
        for (length, count) in (1..).zip(lengths) {
            for symbol in next.by_ref().take(usize::from(*count)) {
                codes[usize::from(*symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        Self { symbols, codes }
    }
}

static DC: LazyLock<Huffman> = LazyLock::new(|| Huffman::new(&DC_LENGTHS, (0..12).collect()));
static AC: LazyLock<Huffman> = LazyLock::new(|| {
    let all = (0..16u8).flat_map(|run| (1..=10u8).map(move |size| run << 4 | size));
    let long = all.filter(|symbol| !AC_SHORT.contains(symbol));
    Huffman::new(&AC_LENGTHS, AC_SHORT.into_iter().chain(long).collect())
});

/// A grey JPEG of `quality` 1..=100 that states `dpi`.
///
/// # Errors
/// A picture without area, or with a side that the format cannot state (above 65,535).
pub fn jpeg(page: &GrayImage, quality: u8, dpi: u16) -> Result<Vec<u8>, SynthError> {
    let size = |side: u32| u16::try_from(side).ok().filter(|s| *s > 0);
    let (width, height) = page.dimensions();
    let (Some(w), Some(h)) = (size(width), size(height)) else { return Err(SynthError::PictureSize { width, height }) };
    let table = quantiser(quality);
    let mut out = Vec::with_capacity(page.len() / 6 + 1024);
    head(&mut out, [w, h], dpi, &table);
    let mut bits = Bits { out, kept: 0, count: 0, dc: &DC, ac: &AC };
    scan(&mut bits, page, &table);
    let mut out = bits.end();
    out.extend([0xFF, 0xD9]);
    Ok(out)
}

/// The table scaled as libjpeg does, row by row.
fn quantiser(quality: u8) -> [u8; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    QUANTISER.map(|q| ((u32::from(q) * scale + 50) / 100).clamp(1, 255) as u8)
}

fn head(out: &mut Vec<u8>, [width, height]: [u16; 2], dpi: u16, table: &[u8; 64]) {
    out.extend([0xFF, 0xD8]);
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend([0xFF, marker]);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    };
    let [d1, d0] = dpi.to_be_bytes();
    segment(0xE0, &[b'J', b'F', b'I', b'F', 0, 1, 2, 1, d1, d0, d1, d0, 0, 0]);
    let zigzag: Vec<u8> = ZIGZAG.iter().map(|at| table[usize::from(*at)]).collect();
    segment(0xDB, &[&[0][..], &zigzag].concat());
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    segment(0xC0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]);
    segment(0xC4, &[&[0x00][..], &DC_LENGTHS, &DC.symbols].concat());
    segment(0xC4, &[&[0x10][..], &AC_LENGTHS, &AC.symbols].concat());
    segment(0xDA, &[1, 1, 0x00, 0, 63, 0]);
}

/// Eight values that are worked on at once.
type Lanes = [f32; 8];

fn scan(bits: &mut Bits, page: &GrayImage, table: &[u8; 64]) {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let pixels: &[u8] = page;
    let factors = factors(table);
    // Noise that spreads no wider than the finest step of the table leaves next to nothing but the first coefficient.
    let plain = table[1..].iter().copied().min().unwrap_or(1);
    let mut before = 0;
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            let mut block = [[0u8; 8]; 8];
            for (y, part) in block.iter_mut().enumerate() {
                // Beyond the rim the last row and column go on.
                let row = &pixels[(top + y).min(height - 1) * width..][..width];
                match row.get(left..left + 8) {
                    Some(inside) => part.copy_from_slice(inside),
                    None => part.iter_mut().enumerate().for_each(|(x, p)| *p = row[(left + x).min(width - 1)]),
                }
            }
            // `wrapping` spares the checks of the development profile; 64 values fit.
            let all = block.as_flattened().iter();
            let (low, high) = (all.clone().fold(255, |low, p| low.min(*p)), all.clone().fold(0, |high, p| high.max(*p)));
            let sum = all.fold(0u16, |sum, p| sum.wrapping_add(u16::from(*p)));
            before = if high - low <= plain {
                flat(bits, ((f32::from(sum) - 128.0 * 64.0) * factors[0][0]).round() as i32, before)
            } else {
                encode(bits, &quantised(&block, &factors), before)
            };
        }
    }
}

/// Writes a block of paper.
fn flat(bits: &mut Bits, first: i32, before: i32) -> i32 {
    value(bits, bits.dc, 0, first - before);
    symbol(bits, bits.ac, END_OF_BLOCK);
    first
}

/// Cosine transform of the columns of a block, eight at once (Arai, Agui and Nakajima; outputs scaled, see [`factors`]).
fn transform(d: &[Lanes; 8]) -> [Lanes; 8] {
    let mut out = [[0.0; 8]; 8];
    for i in 0..8 {
        let (s0, s1, s2, s3) = (d[0][i] + d[7][i], d[1][i] + d[6][i], d[2][i] + d[5][i], d[3][i] + d[4][i]);
        let (t0, t1, t2, t3) = (d[0][i] - d[7][i], d[1][i] - d[6][i], d[2][i] - d[5][i], d[3][i] - d[4][i]);
        let (e0, e1, e2, e3) = (s0 + s3, s1 + s2, s1 - s2, s0 - s3);
        let z1 = (e2 + e3) * FRAC_1_SQRT_2;
        let (o0, o1, o2) = (t3 + t2, t2 + t1, t1 + t0);
        let z5 = (o0 - o2) * 0.382_683_43;
        let (z2, z4, z3) = (o0 * 0.541_196_1 + z5, o2 * 1.306_563 + z5, o1 * FRAC_1_SQRT_2);
        let (z11, z13) = (t0 + z3, t0 - z3);
        let column = [e0 + e1, z11 + z4, e3 + z1, z13 - z2, e0 - e1, z13 + z2, e3 - z1, z11 - z4];
        for (row, value) in out.iter_mut().zip(column) {
            row[i] = value;
        }
    }
    out
}

fn transposed(block: &[Lanes; 8]) -> [Lanes; 8] {
    let mut out = [[0.0; 8]; 8];
    for (y, row) in out.iter_mut().enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            *value = block[x][y];
        }
    }
    out
}

/// What turns a transformed value into its quantised one: the scales of the transform and the table, columns first.
fn factors(table: &[u8; 64]) -> [Lanes; 8] {
    let scale: Lanes = std::array::from_fn(|k| match k {
        0 => 1.0,
        k => (k as f32 * std::f32::consts::PI / 16.0).cos() * std::f32::consts::SQRT_2,
    });
    std::array::from_fn(|x| std::array::from_fn(|y| 1.0 / (8.0 * scale[x] * scale[y] * f32::from(table[y * 8 + x]))))
}

/// Quantised coefficients, columns first. Grey values count from 0 instead of −128: only the first coefficient knows.
fn quantised(pixels: &[[u8; 8]; 8], factors: &[Lanes; 8]) -> [[i32; 8]; 8] {
    /// Adding it leaves the rounded number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let mut block = [[0.0; 8]; 8];
    for (lanes, row) in block.iter_mut().zip(pixels) {
        lanes.iter_mut().zip(row).for_each(|(v, p)| *v = f32::from(*p));
    }
    let columns = transform(&transposed(&transform(&block)));
    let mut out = [[0; 8]; 8];
    for ((out, lanes), factors) in out.iter_mut().zip(&columns).zip(factors) {
        for ((out, value), factor) in out.iter_mut().zip(lanes).zip(factors) {
            *out = (value * factor + ROUND).to_bits() as i32 - ROUND.to_bits() as i32;
        }
    }
    out[0][0] = ((columns[0][0] - 128.0 * 64.0) * factors[0][0]).round() as i32;
    out
}

/// Writes a block; its first coefficient, for the next one.
fn encode(bits: &mut Bits, block: &[[i32; 8]; 8], before: i32) -> i32 {
    let flat = block.as_flattened();
    let first = flat[0];
    value(bits, bits.dc, 0, first - before);
    // Which of the others are not zero, in the order of the file.
    let mut left = (1..64).fold(0u64, |set, k| set | u64::from(flat[ORDER[k]] != 0) << k);
    let mut last = 0;
    while left != 0 {
        let next = left.trailing_zeros();
        left &= left - 1;
        let run = next - last - 1;
        for _ in 0..run / 16 {
            symbol(bits, bits.ac, SIXTEEN_ZEROS);
        }
        value(bits, bits.ac, (run % 16) as u8, flat[ORDER[next as usize]]);
        last = next;
    }
    if last < 63 {
        symbol(bits, bits.ac, END_OF_BLOCK);
    }
    first
}

fn symbol(bits: &mut Bits, huffman: &'static Huffman, symbol: u8) {
    let (code, length) = huffman.codes[usize::from(symbol)];
    bits.put(code, length);
}

/// A value after `run` zeros: the code of its size, then its bits, in one go (27 bits at most).
fn value(bits: &mut Bits, huffman: &'static Huffman, run: u8, value: i32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let (code, length) = huffman.codes[usize::from(run << 4 | size as u8)];
    // Negative values are written as their ones' complement.
    let low = (value - i32::from(value < 0)) as u32;
    bits.put(code << size | low & ((1 << size) - 1), length + size);
}

/// Bits into bytes, most significant first; a byte of ones is followed by a zero byte.
struct Bits {
    out: Vec<u8>,
    kept: u64,
    count: u32,
    dc: &'static Huffman,
    ac: &'static Huffman,
}

impl Bits {
    fn put(&mut self, code: u32, length: u32) {
        self.kept = self.kept << length | u64::from(code);
        self.count += length;
        if self.count >= 32 {
            self.count -= 32;
            let bytes = ((self.kept >> self.count) as u32).to_be_bytes();
            if bytes.contains(&0xFF) {
                bytes.into_iter().for_each(|byte| self.byte(byte));
            } else {
                self.out.extend_from_slice(&bytes);
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }

    fn end(mut self) -> Vec<u8> {
        // The last byte is filled with ones.
        self.put(0x7F, 7);
        while self.count >= 8 {
            self.count -= 8;
            self.byte((self.kept >> self.count) as u8);
        }
        self.out
    }
}
