//! A reach of river as water sees it: what enters leaves later, flattened; and how high it stands while it passes.

/// Flood routing through one reach.
///
/// # Source
/// Two equal linear reservoirs in a row, the discrete form of the Kalinin–Milyukov method: the mean delay is the travel
/// time, volume is kept exactly, and unlike Muskingum it can never answer a negative flow.
#[derive(Clone, Debug)]
pub struct Channel {
    stored_m3: [f64; 2],
    share: f64,
    /// Flow at the upper end, m³/s.
    pub inflow: f64,
    /// Flow at the lower end, m³/s.
    pub outflow: f64,
}

impl Channel {
    /// A channel through which a wave takes `travel_min`, flowing steadily with `flow` m³/s.
    pub fn new(travel_min: f64, flow: f64) -> Channel {
        let share = 1.0 - (-2.0 / travel_min).exp();
        // What leaves in a minute of steady flow is share · (stored + what arrives in that minute).
        let stored = flow * 60.0 * (1.0 - share) / share;
        Channel { stored_m3: [stored; 2], share, inflow: flow, outflow: flow }
    }

    /// Passes one minute with this inflow, m³/s.
    pub fn step(&mut self, inflow: f64) {
        let mut volume = inflow * 60.0;
        for stored in &mut self.stored_m3 {
            *stored += volume;
            volume = *stored * self.share;
            *stored -= volume;
        }
        self.inflow = inflow;
        self.outflow = volume / 60.0;
    }

    /// Flow a share of the way down, m³/s.
    pub fn flow_at(&self, share: f64) -> f64 {
        self.inflow + (self.outflow - self.inflow) * share
    }

    /// Water in the reach, m³.
    pub fn stored_m3(&self) -> f64 {
        self.stored_m3.iter().sum()
    }
}

/// How high a flow stands at a gauge.
///
/// # Source
/// The power law `Q = a·(h − h₀)^(5/3)` of a wide channel (Manning), turned round and scaled by the bankfull flow.
#[derive(Clone, Copy, Debug)]
pub struct Rating {
    /// Reading of the gauge when the bed is dry, m.
    pub zero_m: f64,
    /// Depth of the bankfull flow, m.
    pub depth_m: f64,
    /// The bankfull flow, m³/s.
    pub bankfull_m3s: f64,
}

impl Rating {
    /// The stage of a flow, m.
    pub fn stage_m(&self, flow: f64) -> f64 {
        self.zero_m + self.depth_m * (flow.max(0.0) / self.bankfull_m3s).powf(0.6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_arrives_later_lower_and_whole() {
        let mut channel = Channel::new(45.0, 0.0);
        let (mut entered, mut left, mut peak, mut moment, mut peak_at) = (0.0, 0.0, 0.0_f64, 0.0, 0);
        for minute in 0..2000 {
            let inflow = if (60..120).contains(&minute) { 100.0 } else { 0.0 };
            channel.step(inflow);
            entered += inflow;
            left += channel.outflow;
            moment += channel.outflow * f64::from(minute);
            if channel.outflow > peak {
                (peak, peak_at) = (channel.outflow, minute);
            }
        }
        assert!((entered - left).abs() < 1e-6);
        assert!((moment / left - (89.5 + 45.0)).abs() < 1.5, "mean delay {}", moment / left - 89.5);
        assert!(peak < 95.0 && peak_at >= 119, "{peak} at {peak_at}");
    }

    #[test]
    fn a_steady_river_stays_steady() {
        let mut channel = Channel::new(30.0, 42.0);
        channel.step(42.0);
        assert!((channel.outflow - 42.0).abs() < 1e-9);
    }
}
