//! Layouts of other programs.
