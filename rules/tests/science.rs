//! Statistics against numpy and scipy, and against run lengths that are solved for.
//!
//! `science/values.json` was written by `science/values.py`, which says with which versions; the samples stand in it.

use bongsu_rules::Flag;
use bongsu_rules::series::Sample;
use bongsu_rules::stats::extreme::Gumbel;
use bongsu_rules::stats::{BandPass, change, chart, count, joint, median, scaled_mad, spread, trend, wave};
use bongsu_sensors::Time;
use serde_json::Value;

fn values() -> Value {
    serde_json::from_str(include_str!("science/values.json")).expect("values.py writes JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

#[track_caller]
fn close(what: &str, found: Option<f64>, expect: &Value) {
    let expect = expect.as_f64().expect("a number");
    let near = found.is_some_and(|found| (found - expect).abs() <= 1e-9 * expect.abs().max(1.0));
    assert!(near, "{what}: {found:?}, not {expect}");
}

#[test]
fn one_sample_agrees_with_numpy_and_scipy() {
    let values = values();
    let mut checked = 0;
    for (name, sample) in values["samples"].as_object().expect("samples") {
        let sample = numbers(sample);
        let minutes = sample.iter().zip(0_i64..);
        let series: Vec<Sample> = minutes
            .map(|(value, at)| Sample { time: Time::from_millis(at * 60_000), value: *value, flag: Flag::Pass })
            .collect();
        let spread = scaled_mad(&mut sample.clone()).expect("values");
        for (what, expect) in values["single"][name].as_object().expect("values") {
            let found = match what.as_str() {
                "mean" => spread::mean(&sample),
                "median" => median(&mut sample.clone()),
                "stddev" => spread::standard_deviation(&sample),
                "mad" => Some(spread.1),
                "outliers" => chart::outliers(&sample, 3.0, 0.0).map(|count| count as f64),
                "kurtosis" => wave::excess_kurtosis(&sample),
                // A longer sample would be thinned.
                "theil_sen" if sample.len() > 96 => continue,
                "theil_sen" => trend::theil_sen(series.iter()),
                "least_squares" => trend::least_squares(series.iter()),
                "mann_kendall" => change::mann_kendall_z(&sample),
                other => panic!("{other} is not known here"),
            };
            close(&format!("{name} {what}"), found, expect);
            checked += 1;
        }
    }
    assert!(checked >= 40, "{checked}");
}

#[test]
fn two_samples_agree_with_scipy() {
    let values = values();
    let sample = |name: &Value| numbers(&values["samples"][name.as_str().expect("a name")]);
    for pair in values["pairs"].as_array().expect("pairs") {
        let (mut a, mut b) = (sample(&pair["a"]), sample(&pair["b"]));
        let distance = change::kolmogorov_smirnov(&mut a, &mut b);
        close("ks", distance, &pair["ks"]);
        close("chance", distance.map(|d| change::kolmogorov_chance(d, a.len(), b.len())), &pair["chance"]);
    }
    let tied = numbers(&values["samples"]["tied"]);
    let pairs: Vec<(f64, f64)> = tied.into_iter().zip(numbers(&values["samples"]["normal"])).collect();
    let expect = &values["mahalanobis"]["distance"];
    close("mahalanobis", joint::mahalanobis_distance(&pairs, (7.0, 5.0), (0.0, 0.0)), expect);
    close("correlation", joint::correlation(&pairs), &values["correlation"]);
}

#[test]
fn chances_and_return_periods_agree_with_scipy() {
    let values = values();
    let part = |of: &Value, name: &str| of[name].as_f64().expect("a number");
    for row in values["skellam"].as_array().expect("rows") {
        let found = count::used_up(part(row, "stock"), part(row, "out"), part(row, "back"));
        close("skellam", found, &row["chance"]);
    }
    for row in values["gumbel"].as_array().expect("rows") {
        let gumbel = Gumbel { location: part(row, "location"), scale: part(row, "scale") };
        close("gumbel", Some(gumbel.years(part(row, "value"))), &row["years"]);
    }
}

#[test]
fn waves_agree_with_scipy() {
    let values = values();
    let wave = numbers(&values["wave"]);
    let mut filter = BandPass::new(1.0, 10.0, 100.0).expect("a band");
    for (value, expect) in wave.iter().zip(values["bandpassed"].as_array().expect("values")) {
        close("band", Some(filter.pass(*value)), expect);
    }
    let cycles = wave::dominant_cycles(&wave).expect("a frequency");
    assert!((cycles - 0.07).abs() < 2e-4, "{cycles}");
}

#[test]
fn counts_stand_out_as_published() {
    let check = |counts: &[f64], expect: [Option<f64>; 3]| {
        for (found, expect) in count::ears(counts).into_iter().zip(expect) {
            match (found, expect) {
                (Some(found), Some(expect)) => assert!((found - expect).abs() < 5e-5, "{counts:?}: {found}"),
                (found, expect) => assert_eq!(found, expect, "{counts:?}"),
            }
        }
    };
    check(&[3.0, 5.0, 4.0, 6.0, 5.0, 4.0, 8.0, 12.0], [Some(4.2866), None, None]);
    check(&[3.0, 5.0, 4.0, 6.0, 5.0, 4.0, 8.0, 9.0, 9.0, 12.0], [Some(2.5036), Some(4.2866), None]);
    check(&[4.0, 4.0, 3.0, 5.0, 4.0, 6.0, 5.0, 4.0, 8.0, 9.0, 9.0, 12.0], [Some(2.5036), Some(4.2866), Some(10.6552)]);
}

/// Solves `matrix · x = right` by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for at in 0..n {
        let best = (at..n).max_by(|a, b| matrix[*a][at].abs().total_cmp(&matrix[*b][at].abs())).expect("rows");
        matrix.swap(at, best);
        right.swap(at, best);
        let pivot = matrix[at].clone();
        for row in at + 1..n {
            let factor = matrix[row][at] / pivot[at];
            for column in at..n {
                matrix[row][column] -= factor * pivot[column];
            }
            right[row] -= factor * right[at];
        }
    }
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|column| matrix[at][column] * right[column]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}

/// Nodes and weights of Gauss and Legendre between two limits.
fn gauss(n: u32, low: f64, high: f64) -> Vec<(f64, f64)> {
    let node = |i: u32| {
        let mut x = (std::f64::consts::PI * (f64::from(i) + 0.75) / (f64::from(n) + 0.5)).cos();
        let mut slope = 0.0;
        for _ in 0..50 {
            let (mut p, mut before) = (1.0, 0.0);
            for k in 0..n {
                let k = f64::from(k);
                (p, before) = (((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0), p);
            }
            slope = f64::from(n) * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        let half = (high - low) / 2.0;
        (low + half * (1.0 + x), half * 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(node).collect()
}

fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The average run length of one arm of a CUSUM chart, of noise around a mean: the integral equation of Page 1954.
fn cusum_run(allowance: f64, limit: f64, mean: f64) -> f64 {
    let nodes = gauss(40, 0.0, limit);
    // At 0 the chart waits: that state has a weight of its own.
    let states: Vec<f64> = std::iter::once(0.0).chain(nodes.iter().map(|(y, _)| *y)).collect();
    let matrix = states.iter().enumerate().map(|(row, from)| {
        let to_zero: f64 = gauss(60, -9.0, allowance - from - mean).iter().map(|(z, w)| w * density(*z)).sum();
        let to_node = nodes.iter().map(|(to, weight)| {
            let z = to - from + allowance;
            assert!((chart::cusum_step(*from, z, allowance) - to).abs() < 1e-12, "the step is the chart's own");
            weight * density(z - mean)
        });
        let moves = std::iter::once(to_zero).chain(to_node).enumerate();
        moves.map(|(column, chance)| f64::from(u8::from(row == column)) - chance).collect()
    });
    solve(matrix.collect(), vec![1.0; states.len()])[0]
}

/// The average run length of an EWMA chart with its asymptotic limits: the integral equation of Crowder 1987.
fn ewma_run(lambda: f64, limit: f64, mean: f64) -> f64 {
    let limit = limit * (lambda / (2.0 - lambda)).sqrt();
    let mut states = gauss(61, -limit, limit);
    states.sort_by(|a, b| a.0.total_cmp(&b.0));
    let matrix = states.iter().enumerate().map(|(row, (from, _))| {
        let moves = states.iter().map(|(to, weight)| {
            let z = (to - (1.0 - lambda) * from) / lambda;
            assert!((chart::ewma_step(*from, z, lambda) - to).abs() < 1e-12, "the step is the chart's own");
            weight * density(z - mean) / lambda
        });
        moves.enumerate().map(|(column, chance)| f64::from(u8::from(row == column)) - chance).collect()
    });
    // Sixty-one nodes have one in the middle, where the chart starts.
    solve(matrix.collect(), vec![1.0; states.len()])[30]
}

#[test]
fn charts_run_as_long_as_published() {
    let both = |k: f64, h: f64, mean: f64| 1.0 / (1.0 / cusum_run(k, h, mean) + 1.0 / cusum_run(k, h, -mean));
    let check = |what: &str, found: f64, expect: f64, digits: f64| {
        assert!((found - expect).abs() <= digits, "{what}: {found}, not {expect}");
    };
    check("cusum 4", both(0.5, 4.0, 0.0), 167.7, 0.05);
    check("cusum 4, shifted", both(0.5, 4.0, 1.0), 8.38, 0.005);
    check("cusum 5", both(0.5, 5.0, 0.0), 465.4, 0.05);
    check("cusum 5, shifted", both(0.5, 5.0, 1.0), 10.38, 0.005);
    check("ewma", ewma_run(0.2, 2.962, 0.0), 499.7, 0.05);
    check("ewma, shifted", ewma_run(0.2, 2.962, 1.0), 10.54, 0.005);
    // A chart just begun is as wide as its few values allow: one value of weight λ stands at its own z.
    assert!((chart::ewma_chart(&[1.7], 0.2).expect("a value") - 1.7).abs() < 1e-12);
    assert_eq!(chart::ewma_chart(&[], 0.2), None);
    assert!((chart::page_hinkley_rise(&[0.0, 0.0, 0.0, 1.0, 1.0], 0.0).expect("values") - 1.35).abs() < 1e-12);
}
