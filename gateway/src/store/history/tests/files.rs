//! Files alone.

use super::super::file::{Rows, Sealed, publish, write};
use super::super::{Damage, Gathered, Row, block, records};
use super::{BEGINS, Dice, FLAGS, city, gathered, observation};
use crate::store::Stored;
use bongsu_rules::flag::Tests;
use bongsu_sensors::Time;
use bongsu_sensors::reading::DatastreamId;
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

fn written(folder: &Path, gathered: &Gathered) -> (PathBuf, Vec<u8>) {
    let path = folder.join("history").join("000000000000-000000000001.sealed");
    let index = write(&path, gathered).expect("written").index;
    publish(&path).expect("published");
    (path, index)
}

/// All rows, and what is damaged.
fn read(file: &Sealed) -> (Vec<Row>, Vec<Damage>) {
    let mut damages = Vec::new();
    let rows = file.rows(&Rows::ALL, &mut |damage| damages.push(damage));
    (rows, damages)
}

fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        8 => (-5_000_000_i32..5_000_000).prop_map(|thousandths| Some(f64::from(thousandths) / 1_000.0)),
        1 => any::<f64>().prop_map(Some),
        1 => Just(None),
    ]
}

fn stored() -> impl Strategy<Value = Stored> {
    let times = prop_oneof![9 => BEGINS - 100_000..BEGINS + 100_000, 1 => any::<i64>()];
    let datastreams = prop_oneof![9 => 0_u32..5, 1 => any::<u32>()];
    (datastreams, times, value(), 0..FLAGS.len(), any::<u32>(), 0..8).prop_map(
        |(datastream, time, value, flag, tests, kind)| match kind {
            0 => {
                let (id, time) = (DatastreamId(datastream), Time::from_millis(time));
                Stored::Flag(id, time, FLAGS[flag], Tests::from_number(tests))
            }
            _ => observation(datastream, time, value, FLAGS[flag], tests),
        },
    )
}

/// Values by their bits: a value that is no number is not equal to itself.
fn exactly(rows: &[Row]) -> Vec<String> {
    let bits = |row: &Row| match row.stored {
        Stored::Observation(seen) => seen.value.map(f64::to_bits),
        Stored::Flag(..) => None,
    };
    rows.iter().map(|row| format!("{row:?} {:?}", bits(row))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_gives_back_what_was_written_and_a_question_what_it_asks_for(
        parts in prop::collection::vec((0_i64..5_000, prop::collection::vec(stored(), 0..20)), 1..60),
        wanted in prop::collection::btree_set(0_u32..6, 0..4),
        (from, length) in (BEGINS - 120_000..BEGINS + 120_000, 0_i64..200_000),
        (first, count) in (0_u32..600, 0_u32..600),
    ) {
        let mut now = BEGINS;
        let parts = parts.into_iter().map(|(gap, rows)| { now += gap; (now, rows) });
        let gathered = gathered(parts.collect());
        prop_assume!(!gathered.rows.is_empty());
        let folder = tempfile::tempdir().expect("a folder");
        let (path, _) = written(folder.path(), &gathered);
        let file = Sealed::open(&path, None).expect("opened");
        let (rows, damages) = read(&file);
        prop_assert_eq!(exactly(&rows), exactly(&gathered.rows));
        prop_assert_eq!(damages, vec![]);
        prop_assert_eq!(file.records(&mut |damage| panic!("{damage}")), gathered.records);
        let wanted: Vec<u32> = wanted.into_iter().collect();
        let asked = Rows { datastreams: Some(&wanted), times: from..from + length, ordinals: first..first + count };
        let expected: Vec<Row> = gathered.rows.iter().copied().filter(|row| {
            wanted.contains(&row.datastream().0)
                && asked.times.contains(&row.time().millis())
                && asked.ordinals.contains(&row.ordinal)
        }).collect();
        prop_assert_eq!(exactly(&file.rows(&asked, &mut |damage| panic!("{damage}"))), exactly(&expected));
    }

    /// Without its checksum: what is left when somebody makes a file on purpose.
    #[test]
    fn a_block_made_by_somebody_neither_panics_nor_grows(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        count in 0_usize..70_000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let _ = block::unpack(&bytes, count);
        let _ = records::unpack(&bytes, count, 7);
        let gathered = city(4, 40);
        let mut ordered = gathered.rows;
        ordered.sort_unstable_by_key(|row| (row.datastream().0, row.ordinal));
        let packed = block::pack(&ordered).expect("packed");
        let mut broken = packed.clone();
        for (place, byte) in &changes {
            let place = place.index(broken.len());
            broken[place] = *byte;
        }
        if let Ok(columns) = block::unpack(&broken, ordered.len()) {
            let mut rows = 0;
            let _ = columns.rows(|_| { rows += 1; ControlFlow::Continue(()) });
            prop_assert_eq!(rows, ordered.len());
        }
        let _ = block::unpack(&broken[..changes[0].0.index(broken.len())], ordered.len());
        let packed = records::pack(&gathered.records).expect("packed");
        let _ = records::unpack(&packed, gathered.records.len() + 1, 0);
    }
}

#[test]
fn a_flipped_byte_is_found_and_costs_its_block_only() {
    let folder = tempfile::tempdir().expect("a folder");
    // Two datastreams with blocks of their own, and many that share one.
    let mut records: Vec<(i64, Vec<Stored>)> = Vec::new();
    let mut dice = Dice(3);
    for minute in 0..700_i64 {
        let seen = |datastream, dice: &mut Dice| {
            let value = f64::from(u32::try_from(dice.below(9_000)).expect("few")) / 1_000.0;
            observation(datastream, BEGINS + minute * 60_000, Some(value), FLAGS[0], 0x15)
        };
        let mut rows = vec![seen(1, &mut dice), seen(50, &mut dice)];
        if minute % 10 == 0 {
            rows.extend((2..40).map(|datastream| seen(datastream, &mut dice)));
        }
        records.push((BEGINS + minute * 60_000 + 40, rows));
    }
    let gathered = gathered(records);
    let (path, index) = written(folder.path(), &gathered);
    let whole = std::fs::read(&path).expect("read");
    let (mut blocks, mut elsewhere) = (0, 0);
    for place in (0..whole.len()).step_by(13) {
        let mut broken = whole.clone();
        broken[place] ^= 1 << (place % 8);
        std::fs::write(&path, &broken).expect("written");
        let file = Sealed::open(&path, Some(&index)).expect("its index is in the database, too");
        let (rows, damages) = read(&file);
        let mut found = Vec::new();
        file.check(&mut |damage| found.push(damage));
        assert_eq!(found.len(), 1, "byte {place}: {found:?}");
        assert!(found[0].to_string().contains("000000000000-000000000001.sealed"), "{found:?}");
        assert!(rows.iter().all(|row| gathered.rows[row.ordinal as usize] == *row), "byte {place}");
        let lost = gathered.rows.len() - rows.len();
        match damages.len() {
            0 => {
                elsewhere += 1;
                assert_eq!(lost, 0, "byte {place}");
            }
            _ => {
                blocks += 1;
                assert!([700, 38 * 70].contains(&lost), "byte {place} costs {lost} rows");
            }
        }
    }
    assert!(blocks > 100 && elsewhere > 10, "{blocks} in blocks, {elsewhere} elsewhere");
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..length]).expect("written");
        assert!(Sealed::open(&path, None).is_err(), "cut at {length}");
        // What is left of it can be read with the index of the database.
        let (rows, damages) = read(&Sealed::open(&path, Some(&index)).expect("opened"));
        assert!(rows.iter().all(|row| gathered.rows[row.ordinal as usize] == *row), "cut at {length}");
        assert_eq!(rows.len() < gathered.rows.len(), !damages.is_empty(), "cut at {length}");
    }
}

#[test]
fn a_file_of_tomorrow_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, _) = written(folder.path(), &city(2, 3));
    let mut bytes = std::fs::read(&path).expect("read");
    let last = bytes.len() - 1;
    (bytes[7], bytes[last]) = (b'2', b'2');
    std::fs::write(&path, &bytes).expect("written");
    let refused = Sealed::open(&path, None).expect_err("it has another form").to_string();
    assert!(refused.contains("this program's form"), "{refused}");
}

#[test]
fn a_sealed_observation_costs_at_most_four_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let gathered = city(1_000, 200);
    let (path, _) = written(folder.path(), &gathered);
    let bytes = std::fs::metadata(&path).expect("there").len();
    let rows = gathered.rows.len() as u64;
    println!("{rows} observations of 1,000 datastreams: {bytes} bytes");
    assert!(bytes <= 4 * rows, "{bytes} bytes for {rows} observations");
}
