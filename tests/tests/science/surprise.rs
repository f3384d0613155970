//! A general measure of surprise on the Numenta Anomaly Benchmark: no look-ahead, the same for all series.

use crate::data;
use crate::table::Table;
use bongsu_rules::stats::novelty::surprise_of;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Scores are wanted between 0 and 1: six decades of rarity are never seen.
const DECADES: f64 = 6.0;

/// Every series of the benchmark: category and file.
fn series(data: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(data).expect("the data").filter_map(|entry| Some(entry.ok()?.path()));
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| {
        let files = std::fs::read_dir(folder).expect("a category");
        files.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>()
    });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "csv")).collect()
}

/// The score of each row, from the rows before it and itself.
fn score(file: &Path, to: &Path) {
    let table = Table::read(file);
    let times = table.column("timestamp").expect("times");
    let values: Vec<f64> = table.numbers("value").into_iter().map(|value| value.expect("a number")).collect();
    let mut text = String::from("timestamp,anomaly_score\n");
    for (at, time) in times.iter().enumerate() {
        let surprise = surprise_of(&values[..=at]).unwrap_or(0.0);
        text.push_str(&format!("{time},{}\n", (surprise / DECADES).clamp(0.0, 1.0)));
    }
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder can be made");
    std::fs::write(to, text).expect("scores can be written");
}

#[test]
fn data_surprise_on_the_anomaly_benchmark() {
    let Some(folder) = data("nab") else { return };
    let results = tempfile::tempdir().expect("a folder for scores");
    let files = series(&folder.join("data"));
    assert_eq!(files.len(), 58);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let inner = file.strip_prefix(folder.join("data")).expect("a file of the data");
                    score(file, &results.path().join(inner));
                }
            });
        }
    });
    let scorer = folder.join("nab_score.py");
    let told = Command::new("python3").arg(scorer).arg(results.path()).output().expect("python3 runs");
    let told = String::from_utf8_lossy(&told.stdout);
    println!("{told}");
    let scores: serde_json::Value = serde_json::from_str(&told).expect("the scorer answers JSON");
    let standard = scores["standard"]["score"].as_f64().expect("a score");
    assert!(standard > 58.0, "{standard}");
}
