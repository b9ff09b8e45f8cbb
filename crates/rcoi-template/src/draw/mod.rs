//! Draws the blank.
