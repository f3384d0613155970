//! What an encoder writes, the decoder reads back: any values, any times, any order of keys.

use crate::codec::{Decoded, sample};
use crate::name::DatastreamName;
use crate::reading::{DatastreamId, Reading};
use crate::time::Time;
use proptest::prelude::*;

/// One object of a message, before it is written.
#[derive(Clone, Debug)]
struct Item {
    time: Option<i64>,
    time_as_text: bool,
    time_last: bool,
    /// For each datastream: not named, missing, or a value.
    values: Vec<Option<Option<f64>>>,
    /// Samples of the last datastream, and their spacing, ms.
    block: Option<(u32, Vec<Option<f64>>)>,
}

fn value() -> impl Strategy<Value = Option<f64>> {
    let finite = any::<f64>().prop_filter("JSON has finite numbers only", |value| value.is_finite());
    prop_oneof![4 => finite.prop_map(Some), 1 => (-1000..1000_i32).prop_map(|n| Some(f64::from(n))), 1 => Just(None)]
}

fn item(streams: usize) -> impl Strategy<Value = Item> {
    let time = prop::option::of(prop_oneof![
        100_000_000_000..250_000_000_000_000_i64,
        1_400_000_000_000..2_000_000_000_000_i64
    ]);
    let values = prop::collection::vec(prop::option::of(value()), streams - 1);
    let block = prop::option::of((1..100_000_u32, prop::collection::vec(value(), 0..20)));
    (time, any::<bool>(), any::<bool>(), values, block).prop_map(|(time, time_as_text, time_last, values, block)| {
        let block = block.filter(|_| time.is_some());
        Item { time, time_as_text, time_last, values, block }
    })
}

fn number(value: Option<f64>) -> String {
    serde_json::to_string(&value).expect("a number")
}

fn encode(item: &Item, names: &[DatastreamName]) -> String {
    let mut members: Vec<String> = Vec::new();
    for (value, name) in item.values.iter().zip(names) {
        members.extend(value.map(|value| format!("\"{name}\":{}", number(value))));
    }
    if let Some((step, samples)) = &item.block {
        let samples: Vec<String> = samples.iter().map(|sample| number(*sample)).collect();
        members.push(format!("\"{}\":[{}],\"dt_ms\":{step}", names[names.len() - 1], samples.join(",")));
    }
    if let Some(millis) = item.time {
        let time = if item.time_as_text { format!("\"{}\"", Time::from_millis(millis)) } else { millis.to_string() };
        members.insert(if item.time_last { members.len() } else { 0 }, format!("\"t\":{time}"));
    }
    format!("{{{}}}", members.join(" , "))
}

fn meaning(item: &Item, ids: &[DatastreamId]) -> Vec<Reading> {
    let time = item.time.map(Time::from_millis);
    let single = |(value, id): (&Option<Option<f64>>, &DatastreamId)| {
        value.map(|value| Reading { datastream: *id, time, value })
    };
    let mut readings: Vec<Reading> = item.values.iter().zip(ids).filter_map(single).collect();
    if let Some((step, samples)) = &item.block {
        for (value, at) in samples.iter().zip(0_i64..) {
            let time = item.time.map(|start| Time::from_millis(start + at * i64::from(*step)));
            readings.push(Reading { datastream: ids[ids.len() - 1], time, value: *value });
        }
    }
    readings
}

#[test]
fn what_is_written_is_read_back() {
    let catalog = sample::catalog();
    let context = sample::context(&catalog, "jamsu");
    let streams = catalog.datastreams_of(context.station);
    let names: Vec<DatastreamName> = streams.iter().map(|stream| stream.name).collect();
    let ids: Vec<DatastreamId> = streams.iter().map(|stream| stream.id).collect();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..<_>::default() };
    let mut runner = prop::test_runner::TestRunner::new(config);
    let messages = prop::collection::vec(item(streams.len()), 1..6);
    let outcome = runner.run(&messages, |items| {
        let objects: Vec<String> = items.iter().map(|item| encode(item, &names)).collect();
        let payload = if objects.len() == 1 { objects[0].clone() } else { format!("[{}]", objects.join(",\n")) };
        let expect: Vec<Reading> = items.iter().flat_map(|item| meaning(item, &ids)).collect();
        let mut out = Decoded::new();
        super::decode(&context, payload.as_bytes(), &mut out);
        prop_assert_eq!(&out.refused, &[], "{}", payload);
        prop_assert_eq!(&out.readings, &expect, "{}", payload);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
