//! Small CSV files, by column.

use std::path::Path;

/// A file with a header line; lines that begin with `#` are none.
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads one.
    #[track_caller]
    pub fn read(path: &Path) -> Table {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let split = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let header = lines.next().map(split).unwrap_or_default();
        Table { header, rows: lines.map(split).collect() }
    }

    /// The column of a name, where there is one.
    pub fn column(&self, name: &str) -> Option<Vec<&str>> {
        let at = self.header.iter().position(|known| known == name)?;
        Some(self.rows.iter().map(|row| row.get(at).map_or("", String::as_str)).collect())
    }

    /// A column of numbers; an empty cell is none.
    #[track_caller]
    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        let column = self.column(name).unwrap_or_else(|| panic!("no column {name}"));
        column.into_iter().map(|cell| cell.parse().ok()).collect()
    }
}
