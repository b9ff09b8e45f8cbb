//! Repeats: one written entry becomes many, each moved and numbered.

use super::node::Node;
use rcoi_model::{Point, Rect};

/// One copy: how far it is moved and its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Copy {
    pub(crate) by: Point,
    /// `None`: the entry is written without `repeat`; `{n}` stays as it is.
    pub(crate) n: Option<u32>,
}

impl Copy {
    pub(crate) const ONCE: Self = Self { by: Point::new(0.0, 0.0), n: None };

    pub(crate) fn text(&self, text: &str) -> String {
        self.n.map_or_else(|| text.to_owned(), |n| text.replace("{n}", &n.to_string()))
    }

    pub(crate) fn point(&self, p: Point) -> Point {
        Point::new(p.x + self.by.x, p.y + self.by.y)
    }

    pub(crate) fn rect(&self, r: Rect) -> Rect {
        Rect::new(r.x + self.by.x, r.y + self.by.y, r.w, r.h)
    }
}

/// No form has more copies of one entry; a larger number is a slip of the hand.
const MOST_COPIES: u32 = 2000;

/// `repeat = { from = 1, count = 5, step = [0, 7.8], blocks = [[0, 0], [0, 41.4]] }`:
/// in each block `count` copies, each `step` after the one before; numbers run on through the blocks.
pub(crate) fn read(node: &Node<'_>) -> Vec<Copy> {
    let Some(repeat) = node.node("repeat") else { return vec![Copy::ONCE] };
    let from = repeat.count("from").unwrap_or(1);
    let count = repeat.count("count");
    let step = repeat.need_pair("step", "[dx, dy] from one copy to the next");
    let blocks = repeat.pairs("blocks").unwrap_or_else(|| vec![Point::new(0.0, 0.0)]);
    if count.is_none() && !repeat.has("count") {
        repeat.source.fault(repeat.line(), &repeat.who.borrow(), "`count` is missing: expected the number of copies in a block");
    }
    repeat.finish();
    let (Some(count), Some(step)) = (count, step) else { return Vec::new() };
    let total = u64::from(count) * blocks.len() as u64;
    if total == 0 || total > u64::from(MOST_COPIES) {
        repeat.fault_at("count", format!("expected 1 to {MOST_COPIES} copies in all blocks together, found {total}"));
        return Vec::new();
    }
    expand(from, count, step, &blocks)
}

pub(crate) fn expand(from: u32, count: u32, step: Point, blocks: &[Point]) -> Vec<Copy> {
    let mut copies = Vec::new();
    for (b, block) in blocks.iter().enumerate() {
        for i in 0..count {
            let by = Point::new(block.x + step.x * i as f32, block.y + step.y * i as f32);
            copies.push(Copy { by, n: Some(from.saturating_add(b as u32 * count + i)) });
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::expand;
    use proptest::prelude::*;
    use rcoi_model::Point;

    proptest! {
        #[test]
        fn numbers_run_on_through_blocks_and_places_follow_the_steps(
            from in 0u32..50, count in 1u32..12, dx in -9.0f32..9.0, dy in -9.0f32..9.0,
            blocks in prop::collection::vec((-90.0f32..90.0, -90.0f32..90.0), 1..9),
        ) {
            let blocks: Vec<Point> = blocks.into_iter().map(|(x, y)| Point::new(x, y)).collect();
            let copies = expand(from, count, Point::new(dx, dy), &blocks);
            prop_assert_eq!(copies.len(), count as usize * blocks.len());
            for (k, copy) in copies.iter().enumerate() {
                prop_assert_eq!(copy.n, Some(from + k as u32));
                let (b, i) = (k / count as usize, (k % count as usize) as f32);
                prop_assert!((copy.by.x - blocks[b].x - dx * i).abs() < 1e-3);
                prop_assert!((copy.by.y - blocks[b].y - dy * i).abs() < 1e-3);
            }
        }
    }
}
