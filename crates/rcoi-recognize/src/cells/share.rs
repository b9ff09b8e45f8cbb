//! Strokes that stand between two cells: whose they are.
//!
//! A tall stroke beside a cell is a part of its character (the second one of a wide `Ы`), or of its neighbour's, or a character
//! that was written between two cells. No stroke may belong to nobody: that would be a character read wrong, or lost, in silence.

use super::strokes::Strokes;
use rcoi_model::Rect;

/// Cells so near to each other (shares of their height) have nothing between them but strokes of theirs.
const NEAR: f32 = 0.3;

/// Gives strokes between cells that no character claims to the cells whose character they may be a part of (`maybe`); tells the
/// cells that hold nothing but such a stroke.
pub(super) fn share(inks: &mut [Option<Strokes>], cells: &[Rect]) -> Vec<bool> {
    let mut between = vec![false; inks.len()];
    for at in 0..inks.len() {
        for (side, end) in [(0, at == 0), (1, at + 1 == inks.len())] {
            let index = if end { None } else { Some(if side == 0 { at - 1 } else { at + 1 }) };
            let index = index.filter(|n| gap(&cells[at], &cells[*n]) < NEAR * cells[at].h);
            let neighbour = index.and_then(|n| Some((n, inks[n].as_ref()?)));
            let Some(strokes) = &inks[at] else { continue };
            let other = &strokes.beside[side].other;
            if other.is_empty() {
                continue;
            }
            let ours = match (neighbour, &strokes.kept) {
                (None, Some(_)) => true,
                // At the ends of a row print may stand.
                (None, None) => false,
                (_, None) if strokes.beside[side].line => false,
                (Some((_, beyond)), Some(_)) => !beyond.beside[1 - side].own,
                // The neighbour has it, or may have it.
                (Some((n, beyond)), None) => {
                    let there = &beyond.beside[1 - side];
                    !there.own && (there.other.is_empty() || !(beyond.kept.is_some() || between[n]))
                }
            };
            let other = other.clone();
            let Some(strokes) = &mut inks[at] else { continue };
            if ours {
                between[at] |= strokes.kept.is_none();
                strokes.maybe.extend(other);
            }
        }
    }
    between
}

/// Distance between two cells of a row.
fn gap(a: &Rect, b: &Rect) -> f32 {
    (a.x - b.right()).max(b.x - a.right()).max(0.0)
}
