//! What is left out of the figures by its name.

use super::*;

fn with(energy: &str) -> String {
    format!("energy = {{ {energy} }}\n{BUDGET}{OBJECTIVE}{SPACE}")
}

#[test]
fn what_is_left_out_makes_a_study() {
    let read = |energy: &str| parse(&with(energy)).unwrap();
    let (bare, one) = (read(""), read("without = [\"GPU:1\", \"dram\"]"));
    assert!(bare.identity()["energy"].get("without").is_none(), "what was begun before goes on");
    assert_eq!(one.identity()["energy"]["without"], serde_json::json!(["gpu:1", "dram"]));
    assert_eq!(one.identity(), read("without = [\"dram\", \"gpu:1\"]").identity(), "in whatever order");
    let told: Vec<String> = differences(&bare.identity(), &one.identity()).iter().map(|d| d.path.clone()).collect();
    assert_eq!(told, ["energy.without"]);
    assert!(one.summary().contains("; without gpu:1 and dram"), "{}", one.summary());
    assert!(read("without = [\"gpu:1\"], power_limit = 300").doubts()[0].kind().to_string().contains("not for gpu:1"));
    read("without = [\"gpu:0\", \"gpu:GPU-1234\", \"cpu:package-1\"]");
    read("meters = [\"nvml\", \"rapl\"], without = [\"gpu:1\", \"dram\"]");
}

#[test]
fn names_that_were_likely_meant() {
    for (written, meant) in [
        ("gpus", "gpu"),
        ("gpu1", "gpu:1"),
        ("gpu-1", "gpu:1"),
        ("gpus:1", "gpu:1"),
        ("gpu 1", "gpu:1"),
        ("gpu.1", "gpu:1"),
        ("1", "gpu:1"),
        ("gpu:", "gpu"),
        ("GPU-8932f937-d72c", "gpu:GPU-8932f937-d72c"),
        ("package-0", "cpu:package-0"),
        ("dram-1", "dram:dram-1"),
        ("drams", "dram"),
    ] {
        let error = parse(&with(&format!("without = [\"{written}\"]"))).unwrap_err().to_string();
        assert!(error.contains(&format!("did you mean \"{meant}\"?")), "{error}");
        assert!(meant.parse::<crate::energy::units::ConsumerName>().is_ok());
    }
}

#[test]
fn refused_names() {
    let objective = OBJECTIVE.replace("accuracy", "energy.gpu");
    let told = refusals(&[
        ("a text", with("without = \"gpu:1\"")),
        ("nothing", with("without = []")),
        ("a number", with("without = [1]")),
        ("a truth value", with("without = true")),
        ("of nothing", with("without = [\"fridge\", \"\"]")),
        ("twice", with("without = [\"gpu:1\", \"dram\", \"gpu:1\"]")),
        ("a part of another", with("without = [\"gpu:1\", \"gpu\"]")),
        ("everything", with("without = [\"gpu\", \"cpu\", \"dram\"]")),
        ("all that is metered", with("meters = [\"nvml\"], without = [\"gpu\"]")),
        ("what no meter reads", with("meters = [\"estimate\"], without = [\"gpu:1\"]")),
        ("what is limited", with("without = [\"gpu\"], power_limit = 300")),
        ("what is searched for", format!("energy.without = [\"gpu\"]\n{BUDGET}{objective}{SPACE}")),
    ]);
    insta::assert_snapshot!(told);
}
