//! Joules, and where they come from: plain data, without any metering.

mod baseline;
mod consumer;
mod device;
mod domain;
mod doubt;
mod method;
mod quantity;
mod uncertainty;
mod window;

pub use baseline::{Baseline, DomainBaseline};
pub use consumer::{Consumer, ConsumerName, ConsumerNameError, Standing};
pub use device::DeviceState;
pub use domain::{DomainKind, PowerDomain};
pub use doubt::Doubt;
pub use method::Method;
pub use quantity::{JouleUnit, Joules, Watts};
pub use uncertainty::Uncertainty;
pub use window::{DomainEnergy, MissingEnergy, WindowEnergy};
