//! GPUs that others use too.

use super::*;

#[test]
fn sharing_makes_a_study_and_leaves_no_net_energy() {
    let read = |energy: &str| parse(&format!("{energy}\n{BUDGET}{OBJECTIVE}{SPACE}")).unwrap();
    let (bare, alone, shared) = (read(""), read("energy.share = false"), read("energy.share = true"));
    assert_eq!(bare.identity(), alone.identity());
    let told: Vec<String> = differences(&bare.identity(), &shared.identity()).iter().map(|d| d.path.clone()).collect();
    assert_eq!(told, ["energy.share"]);
    assert!(shared.summary().contains("this study's part") && !alone.summary().contains("this study's part"));
    let objective = OBJECTIVE.replace("accuracy", "energy.gpu.net");
    let errors = parse(&format!("energy.share = true\n{BUDGET}{objective}{SPACE}")).unwrap_err();
    assert!(errors.to_string().contains("share = true"), "{errors}");
}

#[test]
fn refused_sharing() {
    let with = |energy: &str| format!("energy = {{ {energy} }}\n{BUDGET}{OBJECTIVE}{SPACE}");
    let told = refusals(&[
        ("in words", with("share = \"yes\"")),
        ("of processors", with("meters = [\"nvml\", \"rapl\"], share = true")),
        ("of instances, or nothing", with("meters = [\"estimate\"], mig = \"whole-board\", share = true")),
        ("with limits for everybody", with("share = true, power_limit = 300, sm_clock = 1200")),
    ]);
    insta::assert_snapshot!(told);
}
