//! Labels beside points, placed so that they overlap neither each other nor, if it can be helped, a point.

/// A box on the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Extent {
    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn is_inside(&self, outer: &Self) -> bool {
        self.left >= outer.left && self.right <= outer.right && self.top >= outer.top && self.bottom <= outer.bottom
    }

    fn around((x, y): (f64, f64), r: f64) -> Self {
        Self { left: x - r, top: y - r, right: x + r, bottom: y + r }
    }
}

/// Finds places for labels one after another, the most important first.
#[derive(Debug)]
pub(super) struct Placement {
    bounds: Extent,
    taken: Vec<Extent>,
    points: Vec<Extent>,
}

impl Placement {
    /// `points` are markers that labels should keep clear of.
    pub(super) fn new(bounds: Extent, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|p| Extent::around(p, 5.0)).collect();
        Self { bounds, taken: Vec::new(), points }
    }

    /// A place for a text of this size beside `point`, or `None` if every place is taken. With `insist` a place over
    /// other points, though not over another label, is better than none.
    pub(super) fn place(&mut self, point: (f64, f64), (width, height): (f64, f64), insist: bool) -> Option<Spot> {
        let free =
            |extent: &Extent| extent.is_inside(&self.bounds) && !self.taken.iter().any(|other| other.overlaps(extent));
        let own = Extent::around(point, 5.0);
        let hits = |extent: &Extent| self.points.iter().filter(|p| **p != own && p.overlaps(extent)).count();
        let cost = |(distance, extent): &(f64, Extent)| distance + 22.0 * hits(extent) as f64;
        let candidates = around(point, width, height, insist).into_iter().filter(|(_, extent)| free(extent));
        let (distance, extent) = candidates.min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
        if !insist && hits(&extent) > 0 {
            return None;
        }
        self.taken.push(extent);
        let (x, y) = (point.0.clamp(extent.left, extent.right), point.1.clamp(extent.top, extent.bottom));
        Some(Spot { baseline: (extent.left, extent.bottom - 0.25 * height), lead: (distance > FAR).then_some((x, y)) })
    }
}

/// Beyond this distance a line leads from the label to its point.
const FAR: f64 = 20.0;

/// Where a label goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    /// The left end of its baseline.
    pub(super) baseline: (f64, f64),
    /// The end of a line that leads to the point, if the label is far from it.
    pub(super) lead: Option<(f64, f64)>,
}

/// Places near a point with their distances, in order of preference: upper left and lower right first, then the sides.
fn around((x, y): (f64, f64), width: f64, height: f64, far: bool) -> Vec<(f64, Extent)> {
    let distances: &[f64] = if far { &[10.0, 17.0, 28.0, 42.0, 60.0, 80.0] } else { &[7.0] };
    let mut places = Vec::new();
    for &d in distances {
        let diagonal = 0.75 * d;
        let (before, after, middle) = (x - width - diagonal, x + diagonal, x - width / 2.0);
        let (above, below) = (y - height - diagonal, y + diagonal);
        let corners = [(before, above), (after, below), (after, above), (before, below)];
        let level = y - height / 2.0;
        let sides = [(x - width - d, level), (x + d, level), (middle, y - height - d), (middle, y + d)];
        let extent = |(left, top)| Extent { left, top, right: left + width, bottom: top + height };
        places.extend(corners.into_iter().chain(sides).map(|at| (d, extent(at))));
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUNDS: Extent = Extent { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };

    proptest! {
        #[test]
        fn labels_never_overlap_and_stay_inside(
            points in proptest::collection::vec((0.0..300.0f64, 0.0..200.0f64), 1..25),
            insist in any::<bool>(),
        ) {
            let mut placement = Placement::new(BOUNDS, points.clone());
            for point in &points {
                placement.place(*point, (40.0, 14.0), insist);
            }
            for (i, a) in placement.taken.iter().enumerate() {
                prop_assert!(a.is_inside(&BOUNDS));
                prop_assert!(placement.taken[..i].iter().all(|b| !a.overlaps(b)));
                prop_assert!(insist || placement.points.iter().filter(|p| p.overlaps(a)).count() == 0);
            }
        }
    }

    #[test]
    fn a_label_among_points_is_kept_only_if_it_matters() {
        let crowd: Vec<_> =
            (0..30).flat_map(|i| (0..20).map(move |j| (f64::from(i) * 10.0, f64::from(j) * 10.0))).collect();
        assert_eq!(Placement::new(BOUNDS, crowd.clone()).place((150.0, 100.0), (40.0, 14.0), false), None);
        assert!(Placement::new(BOUNDS, crowd).place((150.0, 100.0), (40.0, 14.0), true).is_some());
    }
}
