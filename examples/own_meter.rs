//! A meter of one's own beside those of the crate: energy that a formula knows. `cargo run --example own_meter`

use std::time::Duration;

use wattfront::energy::units::{DomainKind, Method, PowerDomain};
use wattfront::energy::{Clock, EnergyError, EnergySource, Meter, Meters, Reading, Session};

/// A board that draws 20 W, and up to 10 W more or less of a wave: 20 t - 10 cos t joules until the time t.
struct WaveMeter([EnergySource; 1]);

impl Meter for WaveMeter {
    fn name(&self) -> &'static str {
        "wave"
    }

    fn sources(&self) -> &[EnergySource] {
        &self.0
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let at = clock.now();
        let time = at.monotonic_seconds();
        vec![Ok(Reading::new(at, ((20.0 * time - 10.0 * time.cos() + 10.0) * 1e6) as u64, 0))]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let board = PowerDomain::new(DomainKind::Accelerator, "wave-0");
    let source = EnergySource::new(board, Method::Counter, "20 W and a wave of 10 W", Duration::from_millis(1));
    let session = Session::builder().meters(Meters::List(vec![])).meter(WaveMeter([source])).open()?;
    let ((), energy) = session.measure(|| std::thread::sleep(Duration::from_millis(300)));
    let joules = energy.known_total()?;
    let off = energy.uncertainty(None).map_or(f64::NAN, |uncertainty| 1.96 * uncertainty.absolute().0);
    println!("{:.2} J +- {off:.2} J (95 %) in {:.3} s, {}", joules.0, energy.seconds, energy.provenance());
    println!("for tell: {:?} J with a standard deviation of {:?} J", energy.value(), energy.sd());
    Ok(())
}
