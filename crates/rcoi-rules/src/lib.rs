//! Pure exam rules: limits, what needs a person, final values, binding, reconciliation, the closing gate. No I/O, no clock.

pub mod answers;
pub mod bind;
pub mod effective;
pub mod expect;
pub mod gate;
pub mod limits;
pub mod needs;
pub mod persons;
pub mod policy;
pub mod profile;
pub mod reconcile;
mod room_checks;
pub mod sampling;
mod symbols;
pub mod value_check;

pub use answers::{FinalAnswer, final_answers, replacements};
pub use bind::{Binding, Bindings, bind};
pub use effective::{FieldValue, ValueSource, effective_field};
pub use expect::{Expectations, PlanIndex, same_value};
pub use gate::{Block, BlockKind, GateFacts, gate};
pub use limits::{Clock, ClockState, Limits, clock};
pub use needs::{KnownSheet, needs};
pub use persons::Alike;
pub use policy::{Need, Pace, Policy, PolicyError, PolicyTable, See};
pub use profile::Profile;
pub use reconcile::{PacketFacts, SheetFacts, Trouble, is_compared, reconcile};
pub use sampling::{Rate, Sample, Sampled, lot, sum_up};
pub use value_check::{ValueError, check_sheet_code, check_value};
