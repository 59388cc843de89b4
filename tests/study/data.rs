//! `optimize data`.

use crate::bench::Bench;

/// The bench, and its answer to `optimize data` with these arguments, its data folder within it.
fn data(bench: &Bench, arguments: &[&str]) -> crate::bench::Answer {
    let mut command = bench.command(&[&["data"], arguments].concat());
    command.env("WATTFRONT_DATA", bench.path().join("data"));
    crate::bench::Answer(command.output().unwrap())
}

#[test]
fn what_is_there_and_what_can_be_fetched_is_listed() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path().join("data")).unwrap();
    std::fs::write(bench.path().join("data/pets.csv"), "size,kind\n1,cat\n2,dog\n").unwrap();
    let list = data(&bench, &["list"]).code(0);
    for text in ["digits  built in", "pets    ", "data/pets.csv", "brings mnist, fashion-mnist, cifar10, cifar100"] {
        assert!(list.out().contains(text), "{text:?} is not in:\n{}", list.out());
    }
    let json = data(&bench, &["list", "--json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&json.out()).unwrap();
    assert_eq!(json["datasets"][1]["name"], "pets");
    assert_eq!(json["fetchable"].as_array().unwrap().len(), 4);
    let folder = data(&bench, &["path"]).code(0);
    assert_eq!(folder.out().trim(), bench.path().join("data").display().to_string());
}

#[test]
fn what_cannot_be_fetched_is_answered() {
    let bench = Bench::new();
    data(&bench, &["fetch", "imagenet"]).code(2).says("`imagenet` cannot be fetched; these can: mnist");
    data(&bench, &["fetch", "Fashion_MNIST"]).code(2).says("did you mean `fashion-mnist`? these can:");
    // A port that was free a moment ago, so that nobody answers.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}/");
    data(&bench, &["fetch", "mnist", "--from", &address]).code(1).says("train-images-idx3-ubyte.gz: ");
    let mut command = bench.command(&["data", "path"]);
    command.env_remove("WATTFRONT_DATA").env_remove("XDG_CACHE_HOME").env_remove("HOME");
    crate::bench::Answer(command.output().unwrap()).code(2).says("set WATTFRONT_DATA to a folder");
}
