//! Modules of the codes we print: EAN-13 (GS1 General Specifications, 5.2.1) and QR.

/// Quiet zones of an EAN-13, in modules.
pub(super) const QUIET_LEFT: usize = 11;
pub(super) const QUIET_RIGHT: usize = 7;
/// Bars and spaces of an EAN-13 without quiet zones.
pub(super) const EAN_MODULES: usize = 95;
/// Quiet zone of a QR code on each side, in modules.
pub(super) const QR_QUIET: usize = 4;

const LEFT_ODD: [u8; 10] = [0x0D, 0x19, 0x13, 0x3D, 0x23, 0x31, 0x2F, 0x3B, 0x37, 0x0B];
/// For each first digit: which of the six left digits have even parity (bit 5 = the first of them).
const PARITY: [u8; 10] = [0b00_0000, 0b00_1011, 0b00_1101, 0b00_1110, 0b01_0011, 0b01_1001, 0b01_1100, 0b01_0101, 0b01_0110, 0b01_1010];

/// 95 modules, true = bar. `None` when `text` is not 13 digits.
pub(super) fn ean13(text: &str) -> Option<Vec<bool>> {
    let digits: Vec<u8> = text.bytes().map(|b| b.wrapping_sub(b'0')).collect();
    if digits.len() != 13 || digits.iter().any(|&d| d > 9) {
        return None;
    }
    let mut modules = Vec::with_capacity(EAN_MODULES);
    let mut push = |bits: u8, count: u32| modules.extend((0..count).rev().map(|i| bits >> i & 1 == 1));
    push(0b101, 3);
    let parity = PARITY[usize::from(digits[0])];
    for (i, &digit) in digits[1..7].iter().enumerate() {
        let odd = LEFT_ODD[usize::from(digit)];
        // Even parity = the right-hand pattern (complement) read backwards.
        let even = (!odd & 0x7F).reverse_bits() >> 1;
        push(if parity >> (5 - i) & 1 == 1 { even } else { odd }, 7);
    }
    push(0b0_1010, 5);
    for &digit in &digits[7..] {
        push(!LEFT_ODD[usize::from(digit)] & 0x7F, 7);
    }
    push(0b101, 3);
    Some(modules)
}

/// Side length in modules and the modules row by row, true = black. `None` when the text is too long.
pub(super) fn qr(text: &str) -> Option<(usize, Vec<bool>)> {
    let code = qrcode::QrCode::new(text.as_bytes()).ok()?;
    Some((code.width(), code.to_colors().iter().map(|c| *c == qrcode::Color::Dark).collect()))
}

/// Runs of black in a row: (start, length).
pub(super) fn runs(modules: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, _) in modules.iter().enumerate().filter(|(_, black)| **black) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == i => *length += 1,
            _ => runs.push((i, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{EAN_MODULES, ean13, runs};

    #[test]
    fn an_ean13_has_the_bars_of_the_standard() {
        // First digit 4 = number sets A B A A B B; the sets are spelled out from the tables of the standard.
        let left = ["0001101", "0100111", "0111101", "0001011", "0010111", "0011101"];
        let right = ["1100110", "1001110", "1001110", "1011100", "1001000", "1010000"];
        let expected = format!("101{}01010{}101", left.concat(), right.concat());
        let got: String = ean13("4003994155486").unwrap_or_default().iter().map(|b| if *b { '1' } else { '0' }).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn every_ean13_has_thirty_bars() {
        for code in ["2310000000017", "0000000000000", "9999999999994"] {
            let modules = ean13(code).unwrap_or_default();
            assert_eq!((modules.len(), runs(&modules).len()), (EAN_MODULES, 30));
        }
        assert!(ean13("12345").is_none() && ean13("231000000001X").is_none());
    }
}
