//! Values that are the same ones as in a stored identity, and were spelt in another way there.
//!
//! Earlier versions gave a value of steps as floats compute it, such as 0.30000000000000004 for 0.3. They made 16.0 of
//! the 16 in `[16, 32, 1e2]`. Studies that were begun so go on, and their points stay as they are stored.

use serde_json::Value as Json;

use crate::optimizer::space::{Domain, Space, Value};

/// Takes over the stored spelling wherever the value is the same.
pub(super) fn adopt(own: &mut Json, stored: &Json, space: &Space) {
    for parameter in space.parameters() {
        let name = parameter.name.as_str();
        let (own_space, stored_space) = (&mut own["space"], &stored["space"]);
        if !own_space[name]["choice"].is_null() {
            adopt_values(&mut own_space[name]["choice"], &stored_space[name]["choice"], &parameter.domain);
        }
        for dependent in space.parameters().iter().filter(|p| p.condition.iter().any(|c| c.parameter == name)) {
            let stored = &stored_space[&dependent.name]["when"][name];
            adopt_values(&mut own_space[&dependent.name]["when"][name], stored, &parameter.domain);
        }
        for part in ["start", "forbid"] {
            let lists = own.get_mut(part).and_then(Json::as_array_mut).zip(stored[part].as_array());
            for (own, stored) in lists.into_iter().flat_map(|(own, stored)| own.iter_mut().zip(stored)) {
                if let (Some(own), Some(stored)) = (own.get_mut(name), stored.get(name)) {
                    adopt_values(own, stored, &parameter.domain);
                }
            }
        }
    }
}

/// A value, a list of some, or a table with bounds.
fn adopt_values(own: &mut Json, stored: &Json, domain: &Domain) {
    match (own, stored) {
        (Json::Array(own), Json::Array(stored)) if own.len() == stored.len() => {
            own.iter_mut().zip(stored).for_each(|(own, stored)| adopt_values(own, stored, domain));
        }
        (Json::Object(own), Json::Object(stored)) => {
            for (key, own) in own {
                adopt_values(own, stored.get(key).unwrap_or(&Json::Null), domain);
            }
        }
        (own @ Json::Number(_), Json::Number(_)) => {
            let typed = |json: &Json| serde_json::from_value::<Value>(json.clone()).ok().map(|v| domain.typed(v));
            if let (Some(a), Some(b)) = (typed(own), typed(stored))
                && (a == b || a.is_same_number(&b))
            {
                *own = stored.clone();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::study_file::{StudySpec, differences};

    const FILE: &str = r#"
budget = { trials = 4 }
objective = [{ metric = "a", goal = "maximize" }]
start = [{ kind = 16 }]
forbid = [{ kind = [32, 100.0], rate = { at_most = 0.3 } }]
[space]
rate = { float = [0.1, 0.5], step = 0.1 }
kind = { choice = [16, 32, 1e2] }
more = { float = [0.0, 1.0], when = { rate = 0.3, kind = [16, 1e2] } }
"#;

    #[test]
    fn a_study_that_was_begun_with_other_spellings_is_the_same_study() {
        let study = StudySpec::parse(FILE, "s.toml").unwrap();
        let mut begun = study.identity();
        begun["start"][0]["rate"] = 0.300_000_000_000_000_04.into();
        begun["start"][0]["kind"] = 16.0.into();
        begun["forbid"][0]["kind"] = serde_json::json!([32.0, 100.0]);
        begun["forbid"][0]["rate"]["at_most"] = 0.300_000_000_000_000_04.into();
        begun["space"]["kind"]["choice"] = serde_json::json!([16.0, 32.0, 100.0]);
        begun["space"]["more"]["when"] = serde_json::json!({"rate": [0.300_000_000_000_000_04], "kind": [16.0, 100.0]});
        assert_ne!(begun, study.identity());
        assert_eq!(differences(&begun, &study.identity_beside(&begun)), []);
        for (from, to) in
            [("16, 32, 1e2] }", "16, 33, 1e2] }"), ("rate = 0.3", "rate = 0.4"), ("at_most = 0.3", "at_most = 0.2")]
        {
            let other = StudySpec::parse(&FILE.replace(from, to).replace("[32, 100.0]", "[100.0]"), "s.toml").unwrap();
            assert!(differences(&begun, &other.identity_beside(&begun)).len() >= 2, "{to}");
        }
    }
}
