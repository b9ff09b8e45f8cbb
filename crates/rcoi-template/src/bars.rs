//! The bar codes we print and read: tables and modules of EAN-13 (ISO/IEC 15420), Code 128 (15417), Interleaved 2 of 5 (16390).

/// Modules of an EAN-13 without quiet zones, and of those left and right of it.
pub const EAN_MODULES: usize = 95;
pub const EAN_QUIET: (usize, usize) = (11, 7);
/// Quiet zone on each side of a Code 128 and of an Interleaved 2 of 5, modules.
pub const QUIET: usize = 10;

/// Widths of space, bar, space, bar of the left odd digits (set A), modules. Set B is A mirrored; set C has A's widths
/// with bars in place of spaces.
pub const EAN_ODD: [[u8; 4]; 10] = [
    [3, 2, 1, 1],
    [2, 2, 2, 1],
    [2, 1, 2, 2],
    [1, 4, 1, 1],
    [1, 1, 3, 2],
    [1, 2, 3, 1],
    [1, 1, 1, 4],
    [1, 3, 1, 2],
    [1, 2, 1, 3],
    [3, 1, 1, 2],
];
/// For each first digit: which of the six left digits are even (bit 5 = the first of them).
pub const EAN_PARITY: [u8; 10] =
    [0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101, 0b01_0110, 0b01_1010];

/// Values of Code 128 with a meaning of their own.
pub const START_A: u8 = 103;
pub const START_B: u8 = 104;
pub const START_C: u8 = 105;
const TO_B: u8 = 100;
const TO_C: u8 = 99;
/// Bars and spaces of each value 0..=105, modules: a bar first, 11 in all.
pub const CODE128: [&[u8; 6]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212", b"221213", b"221312", b"231212",
    b"112232", b"122132", b"122231", b"113222", b"123122", b"123221", b"223211", b"221132", b"221231", b"213212", b"223112", b"312131",
    b"311222", b"321122", b"321221", b"312212", b"322112", b"322211", b"212123", b"212321", b"232121", b"111323", b"131123", b"131321",
    b"112313", b"132113", b"132311", b"211313", b"231113", b"231311", b"112133", b"112331", b"132131", b"113123", b"113321", b"133121",
    b"313121", b"211331", b"231131", b"213113", b"213311", b"213131", b"311123", b"311321", b"331121", b"312113", b"312311", b"332111",
    b"314111", b"221411", b"431111", b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214", b"112412", b"122114",
    b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111", b"111242", b"121142", b"121241", b"114212",
    b"124112", b"124211", b"411212", b"421112", b"421211", b"212141", b"214121", b"412121", b"111143", b"111341", b"131141", b"114113",
    b"114311", b"411113", b"411311", b"113141", b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
/// The stop of Code 128: seven elements, 13 modules.
pub const CODE128_STOP: &[u8; 7] = b"2331112";

/// Which two of the five elements of a digit are wide, Interleaved 2 of 5 (bit 4 = the first).
pub const ITF_WIDE: [u8; 10] = [0b00110, 0b10001, 0b01001, 0b11000, 0b00101, 0b10100, 0b01100, 0b00011, 0b10010, 0b01010];
/// A wide element that we print, modules.
const ITF_RATIO: usize = 3;

/// Bars and spaces as they follow one another become modules, true = bar.
fn modules(widths: impl IntoIterator<Item = usize>) -> Vec<bool> {
    widths.into_iter().enumerate().flat_map(|(i, n)| std::iter::repeat_n(i % 2 == 0, n)).collect()
}

fn ascii(widths: &[u8]) -> impl Iterator<Item = usize> + '_ {
    widths.iter().map(|w| usize::from(w - b'0'))
}

fn digits(text: &str) -> Option<Vec<u8>> {
    text.bytes().map(|b| b.is_ascii_digit().then(|| b - b'0')).collect()
}

/// 95 modules, true = bar. `None` when `text` is not 13 digits.
#[must_use]
pub fn ean13(text: &str) -> Option<Vec<bool>> {
    let digits = digits(text).filter(|d| d.len() == 13)?;
    let parity = EAN_PARITY[usize::from(digits[0])];
    let mut widths = vec![1, 1, 1];
    for (i, digit) in digits[1..].iter().enumerate() {
        if i == 6 {
            widths.extend([1; 5]);
        }
        let mut four = EAN_ODD[usize::from(*digit)].map(usize::from);
        if i < 6 && parity >> (5 - i) & 1 == 1 {
            four.reverse();
        }
        widths.extend(four);
    }
    widths.extend([1, 1, 1]);
    Some(modules(widths))
}

/// Modules of a Code 128, true = bar: digits in pairs where four or more stand together, else set B. `None` when `text` is
/// empty, longer than 80 characters or holds anything but printable ASCII.
#[must_use]
pub fn code128(text: &str) -> Option<Vec<bool>> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 80 || !bytes.iter().all(|b| (b' '..=b'~').contains(b)) {
        return None;
    }
    let pairs = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count() / 2;
    let (mut values, mut in_c, mut at) = (Vec::new(), false, 0);
    while at < bytes.len() {
        // Pairs pay off from four digits on, or when they are all there is.
        let wanted = if in_c { pairs(at) > 0 } else { pairs(at) >= 2 || pairs(at) == 1 && bytes.len() == 2 };
        if values.is_empty() {
            values.push(if wanted { START_C } else { START_B });
        } else if wanted != in_c {
            values.push(if wanted { TO_C } else { TO_B });
        }
        in_c = wanted;
        if in_c {
            values.push((bytes[at] - b'0') * 10 + bytes[at + 1] - b'0');
            at += 2;
        } else {
            values.push(bytes[at] - b' ');
            at += 1;
        }
    }
    values.push(code128_check(&values));
    Some(modules(values.iter().flat_map(|v| ascii(CODE128[usize::from(*v)])).chain(ascii(CODE128_STOP))))
}

/// The check value of a Code 128: its start and values, without check and stop.
#[must_use]
pub fn code128_check(values: &[u8]) -> u8 {
    let sum: usize = values.iter().enumerate().map(|(i, v)| i.max(1) * usize::from(*v)).sum();
    (sum % 103) as u8
}

/// Modules of an Interleaved 2 of 5, true = bar. `None` when `text` is not an even number of digits, at least two.
#[must_use]
pub fn itf(text: &str) -> Option<Vec<bool>> {
    let digits = digits(text).filter(|d| !d.is_empty() && d.len() % 2 == 0 && d.len() <= 80)?;
    let wide = |digit: u8, i: usize| if ITF_WIDE[usize::from(digit)] >> (4 - i) & 1 == 1 { ITF_RATIO } else { 1 };
    let pairs = digits.chunks(2).flat_map(|pair| (0..5).flat_map(move |i| [wide(pair[0], i), wide(pair[1], i)]));
    Some(modules([1; 4].into_iter().chain(pairs).chain([ITF_RATIO, 1, 1])))
}

#[cfg(test)]
mod tests {
    use super::{CODE128, EAN_MODULES, code128, ean13, itf};

    fn text(modules: Option<Vec<bool>>) -> String {
        modules.unwrap_or_default().iter().map(|b| if *b { '1' } else { '0' }).collect()
    }

    fn bars(text: &str) -> usize {
        text.split('0').filter(|s| !s.is_empty()).count()
    }

    #[test]
    fn an_ean13_has_the_bars_of_the_standard() {
        // First digit 4 = number sets A B A A B B; the sets are spelled out from the tables of the standard.
        let left = ["0001101", "0100111", "0111101", "0001011", "0010111", "0011101"];
        let right = ["1100110", "1001110", "1001110", "1011100", "1001000", "1010000"];
        assert_eq!(text(ean13("4003994155486")), format!("101{}01010{}101", left.concat(), right.concat()));
    }

    #[test]
    fn every_ean13_has_thirty_bars() {
        for code in ["2310000000017", "0000000000000", "9999999999994"] {
            let modules = text(ean13(code));
            assert_eq!((modules.len(), bars(&modules)), (EAN_MODULES, 30));
        }
        assert!(ean13("12345").is_none() && ean13("231000000001X").is_none());
    }

    #[test]
    fn every_value_of_code_128_is_eleven_modules_and_none_stands_twice() {
        for (i, widths) in CODE128.iter().enumerate() {
            assert_eq!(widths.iter().map(|w| w - b'0').sum::<u8>(), 11, "{i}");
            // Bars are even in number of modules: the standard's own parity.
            assert_eq!(widths.iter().step_by(2).map(|w| w - b'0').sum::<u8>() % 2, 0, "{i}");
            assert!(!CODE128[..i].contains(widths), "{i}");
        }
    }

    #[test]
    fn code_128_packs_digits_in_pairs() {
        // Start, six pairs, check, stop.
        assert_eq!(text(code128("123456789012")).len(), 8 * 11 + 13);
        // Start B, A, to C, two pairs, to B, z, check, stop.
        assert_eq!(text(code128("A1234z")).len(), 8 * 11 + 13);
        assert!(code128("").is_none() && code128("Ж").is_none());
    }

    #[test]
    fn an_interleaved_code_has_the_bars_of_the_standard() {
        // 1 = wide narrow narrow narrow wide in bars, 2 = narrow wide narrow narrow wide in spaces.
        assert_eq!(text(itf("12")), "1010".to_owned() + "1110" + "1000" + "10" + "10" + "111000" + "11101");
        assert!(itf("123").is_none() && itf("").is_none());
    }
}
