//! Rows as columns of Apache Arrow: one batch a page, as a stream that pandas, Polars, DuckDB or R read without knowing us.
//!
//! Times are milliseconds of UTC and say so; what is the same in every row, or one of a few words, is a dictionary; what is
//! not there is null. What stands beside the rows is in the schema's metadata.

use arrow_array::builder::{MapBuilder, StringBuilder, UInt8Builder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_array::{TimestampMillisecondArray, UInt8Array, UInt64Array};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Field, Schema};
use bongsu_sensors::Time;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The columns of a page.
#[derive(Debug)]
pub struct Columns {
    rows: usize,
    columns: Vec<(&'static str, ArrayRef)>,
}

impl Columns {
    /// Of rows that begin with these times.
    pub fn of(times: impl Iterator<Item = Time>) -> Columns {
        let times: TimestampMillisecondArray = times.map(|time| Some(time.millis())).collect();
        Columns { rows: times.values().len(), columns: vec![("time", Arc::new(times.with_timezone("UTC")))] }
    }

    fn with(mut self, name: &'static str, column: ArrayRef) -> Columns {
        self.columns.push((name, column));
        self
    }

    /// A word that is the same in every row.
    pub fn same(self, name: &'static str, word: &str) -> Result<Columns, ArrowError> {
        let keys = vec![0; self.rows];
        self.words(name, &[word], keys)
    }

    /// In each row one of a few words, by its place among them.
    pub fn words(self, name: &'static str, words: &[&str], keys: Vec<i32>) -> Result<Columns, ArrowError> {
        let words = Arc::new(StringArray::from_iter_values(words));
        let column = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), words)?;
        Ok(self.with(name, Arc::new(column)))
    }

    /// Values, where there are some.
    pub fn values(self, name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Columns {
        self.with(name, Arc::new(values.collect::<Float64Array>()))
    }

    /// Counts.
    pub fn counts(self, name: &'static str, counts: impl Iterator<Item = u64>) -> Columns {
        self.with(name, Arc::new(UInt64Array::from_iter_values(counts)))
    }

    /// Small numbers.
    pub fn numbers(self, name: &'static str, numbers: impl Iterator<Item = u8>) -> Columns {
        self.with(name, Arc::new(UInt8Array::from_iter_values(numbers)))
    }

    /// In each row some small numbers by name.
    pub fn named<'a>(
        self,
        name: &'static str,
        rows: impl Iterator<Item = &'a BTreeMap<&'static str, u8>>,
    ) -> Result<Columns, ArrowError> {
        let mut column = MapBuilder::new(None, StringBuilder::new(), UInt8Builder::new());
        for row in rows {
            for (name, number) in row {
                column.keys().append_value(name);
                column.values().append_value(*number);
            }
            column.append(true)?;
        }
        Ok(self.with(name, Arc::new(column.finish())))
    }

    /// The stream, with what stands beside the rows.
    pub fn stream(self, beside: &[(&str, Option<String>)]) -> Result<Vec<u8>, ArrowError> {
        let of = |(name, column): &(&'static str, ArrayRef)| {
            // What may be missing is a value, whether or not this page misses one: the next page has the same schema.
            Field::new(*name, column.data_type().clone(), column.data_type().is_floating())
        };
        let fields: Vec<Field> = self.columns.iter().map(of).collect();
        let beside = beside.iter().filter_map(|(name, text)| Some(((*name).to_owned(), text.clone()?)));
        let schema = Arc::new(Schema::new_with_metadata(fields, beside.collect::<HashMap<_, _>>()));
        let columns = self.columns.into_iter().map(|(_, column)| column).collect();
        let page = RecordBatch::try_new(schema.clone(), columns)?;
        let mut stream = StreamWriter::try_new(Vec::new(), &schema)?;
        stream.write(&page)?;
        stream.into_inner()
    }
}
