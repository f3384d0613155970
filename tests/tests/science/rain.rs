//! Return periods of a storm in Texas beside the published table of its place.

use crate::data;
use crate::table::Table;
use bongsu_rules::stats::extreme::Gumbel;

#[test]
fn data_return_periods_of_a_storm() {
    let Some(folder) = data("sanjac_rain_2024") else { return };
    let table = Table::read(&folder.join("hcfws790_hourly.csv"));
    let hourly: Vec<f64> = table.numbers("rain_1h_mm").into_iter().map(Option::unwrap_or_default).collect();
    // NOAA Atlas 14 at the place: inches in 10 and in 25 years.
    for (hours, ten, twenty_five) in [(1, 3.26, 3.91), (24, 8.78, 11.7), (48, 10.3, 13.8)] {
        let greatest = hourly.windows(hours).map(|window| window.iter().sum::<f64>()).fold(0.0, f64::max);
        let gumbel = Gumbel::through((ten * 25.4, 10.0), (twenty_five * 25.4, 25.0)).expect("a table");
        let years = gumbel.years(greatest);
        println!("{hours} h: {greatest:.1} mm, once in {years:.1} years");
        assert!((10.0..25.0).contains(&years), "{hours} h: {years}");
    }
}
