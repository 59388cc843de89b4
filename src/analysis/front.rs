//! Bridges records to the functions on losses.

pub(super) fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x <= y) && a != b
}

/// Rows that no other row dominates; of equal rows all.
pub(super) fn front_of(losses: &[Vec<f64>]) -> Vec<usize> {
    (0..losses.len()).filter(|&i| !losses.iter().any(|other| dominates(other, &losses[i]))).collect()
}

pub(super) fn knee_of(front: &[Vec<f64>]) -> Option<usize> {
    let m = front.first()?.len();
    let bounds: Vec<(f64, f64)> = (0..m)
        .map(|k| front.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), r| (a.min(r[k]), b.max(r[k]))))
        .collect();
    let score = |r: &[f64]| -> f64 {
        r.iter().zip(&bounds).map(|(v, (a, b))| if b > a { (v - a) / (b - a) } else { 0.0 }).sum()
    };
    (0..front.len()).min_by(|&a, &b| score(&front[a]).total_cmp(&score(&front[b])))
}

pub(super) fn infer_reference_of(losses: &[Vec<f64>]) -> Option<Vec<f64>> {
    let front: Vec<_> = front_of(losses).into_iter().map(|i| &losses[i]).collect();
    let m = losses.first()?.len();
    Some(
        (0..m)
            .map(|k| {
                let (a, b) =
                    losses.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), r| (a.min(r[k]), b.max(r[k])));
                let _ = &front;
                b + 0.1 * (b - a).max(1e-9)
            })
            .collect(),
    )
}

pub(super) fn hypervolume_of(losses: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside: Vec<&[f64]> =
        losses.iter().map(Vec::as_slice).filter(|r| r.iter().zip(reference).all(|(v, b)| v < b)).collect();
    slice(&inside, reference)
}

fn slice(rows: &[&[f64]], reference: &[f64]) -> f64 {
    let Some((&last, rest)) = reference.split_last() else { return 1.0 };
    let m = rest.len();
    let mut order: Vec<&[f64]> = rows.to_vec();
    order.sort_by(|a, b| a[m].total_cmp(&b[m]));
    let mut volume = 0.0;
    for i in 0..order.len() {
        let high = order.get(i + 1).map_or(last, |r| r[m]);
        if high > order[i][m] {
            volume += (high - order[i][m]) * slice(&order[..=i], rest);
        }
    }
    volume
}
