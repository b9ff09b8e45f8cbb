//! Words shared by every crate: ids, geometry, readings, doubts, exams, tasks. No I/O.

pub mod check_digit;
pub mod exam;
pub mod geometry;
pub mod ids;
pub mod reading;
pub mod task;
pub mod truth;

pub use check_digit::{CheckDigit, ean13_check_digit};
pub use exam::*;
pub use geometry::{Homography, Point, Quad, Rect};
pub use ids::*;
pub use reading::*;
pub use task::*;
pub use truth::*;
