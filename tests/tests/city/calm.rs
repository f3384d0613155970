//! Quiet days: showers, tides, lorries, people, warm afternoons. Nobody may be warned of anything.

use bongsu_tests::rehearsal::{Rehearsal, is_soak};

#[test]
fn quiet_days_warn_nobody() {
    let (seeds, days) = if is_soak() { (1..=5, 30) } else { (1..=1, 1) };
    for seed in seeds {
        let outcome = Rehearsal::of("calm", seed).lasting(24 * days).run();
        println!("calm, seed {seed}, {days} days: {}", outcome.summary());
        let public: Vec<String> = outcome.public().map(|transition| format!("{transition:?}")).collect();
        assert!(public.is_empty(), "seed {seed}: {public:#?}");
        assert_eq!(outcome.counts.dead_letters, 0, "seed {seed}: honest stations are not refused");
    }
}
