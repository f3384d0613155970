//! Tests of the whole: the real program from outside, golden files, and the tidy test.
//!
//! The tests stand in `tests/`; this library holds only what several of them need.
