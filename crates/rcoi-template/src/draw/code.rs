//! Modules of a QR code, and runs of black in a row of modules.

/// Quiet zone of a QR code on each side, in modules.
pub(super) const QR_QUIET: usize = 4;

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
