//! Statistics and quality control against recorded observations and what others made of the same ones.
//!
//! The observations are not part of the repository: `make eval DATA=DIR` names a folder of them, `docs/skill.md` says
//! where each is from and what came out.

mod bridge;
mod flood;
mod kiosk;
mod landslide;
mod played;
mod quality;
mod rain;
mod seismic;
mod surprise;
mod table;

use std::path::PathBuf;

/// A folder of the observations; says so where there is none.
fn data(folder: &str) -> Option<PathBuf> {
    let found = std::env::var_os("EVAL_DATA").map(|data| PathBuf::from(data).join(folder)).filter(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: EVAL_DATA names no folder with {folder} in it (make eval DATA=DIR)");
    }
    found
}
