//! A Butterworth band-pass, sample by sample.

use std::f64::consts::PI;

/// Poles of the low-pass it is made from; the band-pass has as many second-order sections.
const CORNERS: usize = 4;

/// One section: a fraction of two quadratics in z⁻¹, with its memory.
#[derive(Clone, Copy, Debug, Default)]
struct Section {
    denominator: [f64; 2],
    memory: [f64; 2],
}

/// A band-pass of four corners that remembers what went through it.
///
/// # Source
/// Butterworth 1930, by the bilinear transform; as `scipy.signal.iirfilter(4, …, btype="band", output="sos")`.
#[derive(Clone, Debug)]
pub struct BandPass {
    gain: f64,
    sections: [Section; CORNERS],
}

type Complex = (f64, f64);

fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

fn over(a: Complex, b: Complex) -> Complex {
    let size = b.0 * b.0 + b.1 * b.1;
    ((a.0 * b.0 + a.1 * b.1) / size, (a.1 * b.0 - a.0 * b.1) / size)
}

fn root(a: Complex) -> Complex {
    let size = a.0.hypot(a.1);
    (f64::midpoint(size, a.0).sqrt(), f64::midpoint(size, -a.0).sqrt().copysign(a.1))
}

impl BandPass {
    /// A filter for a band, at a sampling rate, all in Hz. `None` unless the band lies below half of the rate.
    pub fn new(low: f64, high: f64, rate: f64) -> Option<BandPass> {
        if !(low > 0.0 && low < high && high < rate / 2.0 && rate.is_finite()) {
            return None;
        }
        // Frequencies are bent so that the bilinear transform (of period 2) puts them where they belong.
        let warped = |hz: f64| 2.0 * (PI * hz / rate).tan();
        let (low, high) = (warped(low), warped(high));
        let (width, centre) = (high - low, low * high);
        let mut gain: Complex = (1.0, 0.0);
        let mut sections = [Section::default(); CORNERS];
        for (at, section) in (0_u8..).zip(&mut sections) {
            // A pole of the low-pass becomes two of the band-pass, p ± √(p² − centre); half of all are enough, the
            // other half mirrors them.
            let angle = PI * f64::from(2 * (at / 2) + 1) / 8.0 + PI / 2.0;
            let pole = (width / 2.0 * angle.cos(), width / 2.0 * angle.sin());
            let square = times(pole, pole);
            let aside = root((square.0 - centre, square.1));
            let sign = if at.is_multiple_of(2) { 1.0 } else { -1.0 };
            let pole = (pole.0 + sign * aside.0, pole.1 + sign * aside.1);
            let z = over((2.0 + pole.0, pole.1), (2.0 - pole.0, -pole.1));
            section.denominator = [-2.0 * z.0, z.0 * z.0 + z.1 * z.1];
            // width·s/(s² …) of each section: s → 2·(1 − z⁻¹)/(1 + z⁻¹).
            let away = (2.0 - pole.0).powi(2) + pole.1 * pole.1;
            gain = times(gain, (2.0 * width / away, 0.0));
        }
        Some(BandPass { gain: gain.0, sections })
    }

    /// What comes out for one sample.
    pub fn pass(&mut self, value: f64) -> f64 {
        // Each section: (1 − z⁻²) over its denominator, transposed direct form II.
        self.sections.iter_mut().fold(value * self.gain, |input, section| {
            let output = input + section.memory[0];
            section.memory[0] = section.memory[1] - section.denominator[0] * output;
            section.memory[1] = -input - section.denominator[1] * output;
            output
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_through_is_what_scipy_lets_through() {
        // scipy.signal.sosfilt(scipy.signal.iirfilter(4, [10, 20], btype="band", ftype="butter", fs=50, output="sos"),
        // [1] + 7 * [0])
        let expect = [
            0.046_582_906_636_443_64,
            -0.085_088_236_093_709_34,
            -0.128_687_597_519_486,
            0.327_236_548_312_503_1,
            0.037_263_977_745_224_75,
            -0.425_031_653_891_999_6,
        ];
        let mut filter = BandPass::new(10.0, 20.0, 50.0).expect("a band");
        for (at, expect) in expect.into_iter().enumerate() {
            let found = filter.pass(if at == 0 { 1.0 } else { 0.0 });
            assert!((found - expect).abs() < 1e-12, "{at}: {found}");
        }
        assert!(BandPass::new(10.0, 25.0, 50.0).is_none());
        assert!(BandPass::new(0.0, 20.0, 50.0).is_none());
    }
}
