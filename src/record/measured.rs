//! Metered energy as what the optimizer is told.

use crate::energy::units::{MissingEnergy, WindowEnergy};
use crate::optimizer::Measured;

/// The sum over all hardware of the window, in joules, gross, with its standard deviation against other windows on the same
/// hardware: an error of proportion is the same in all of them, and decides between none.
///
/// Without a standard deviation where nobody knows it, and where it is zero: windows are never exact.
///
/// ```
/// use wattfront::energy::units::{PowerDomain, DomainEnergy, DomainKind, Joules, Method, Uncertainty, WindowEnergy};
/// use wattfront::optimizer::Measured;
///
/// let gpu = PowerDomain { kind: DomainKind::Gpu, id: "a".to_owned() };
/// let mut energy = DomainEnergy::new(gpu, Method::Counter, Some(Joules(120.0)), None);
/// energy.uncertainty = Some(Uncertainty { edge: Joules(0.5), gain: Joules(6.0), ..Uncertainty::default() });
/// let window = WindowEnergy::new(2.0, vec![energy]);
/// assert_eq!(Measured::try_from(&window)?, Measured::new(120.0, 0.5));
/// # Ok::<(), wattfront::energy::units::MissingEnergy>(())
/// ```
impl TryFrom<&WindowEnergy> for Measured {
    type Error = MissingEnergy;

    /// # Errors
    /// [`MissingEnergy`] if there is no hardware, or one piece of it has no figure: missing is not zero.
    fn try_from(window: &WindowEnergy) -> Result<Self, MissingEnergy> {
        let joules = window.known_total()?.0;
        let sd = window.uncertainty(None).map(|known| known.relative().0);
        Ok(Self { sd: sd.filter(|sd| sd.is_finite() && *sd > 0.0), ..Self::from(joules) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::{DomainEnergy, DomainKind, Joules, Method, PowerDomain, Uncertainty};

    fn part(joules: Option<f64>, edge: Option<f64>) -> DomainEnergy {
        let domain = PowerDomain { kind: DomainKind::Cpu, id: "package-0".to_owned() };
        let uncertainty =
            edge.map(|edge| Uncertainty { edge: Joules(edge), gain: Joules(9.0), ..Uncertainty::default() });
        DomainEnergy { uncertainty, ..DomainEnergy::new(domain, Method::Counter, joules.map(Joules), None) }
    }

    #[test]
    fn a_window_is_told_with_its_uncertainty_or_not_at_all() {
        let measured = |domains: Vec<DomainEnergy>| {
            Measured::try_from(&WindowEnergy { seconds: 1.0, domains, ..WindowEnergy::default() })
        };
        let both = measured(vec![part(Some(5.0), Some(3.0)), part(Some(7.0), Some(4.0))]);
        assert_eq!(both, Ok(Measured::new(12.0, 5.0)));
        for edge in [None, Some(0.0), Some(f64::NAN)] {
            assert_eq!(measured(vec![part(Some(5.0), edge)]), Ok(Measured::from(5.0)));
        }
        assert!(measured(vec![part(Some(5.0), Some(3.0)), part(None, None)]).is_err());
        assert!(measured(Vec::new()).is_err());
    }
}
