use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::data::testing::said;

/// What a server does with one connection.
enum Answer {
    /// Gives the rest that is asked for.
    Whole(Vec<u8>),
    /// Gives so many bytes of it, although it has announced more.
    Cut(Vec<u8>, usize),
    /// Gives all from the beginning, whatever is asked for.
    Deaf(Vec<u8>),
    Status(u16),
}

/// A server that gives these answers, one a connection, and tells what was asked for: path and range.
fn serve(answers: Vec<Answer>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let (told, asked) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let path = lines.next().unwrap().split(' ').nth(1).unwrap_or_default().to_owned();
            let mut from = 0;
            for line in lines.take_while(|line| !line.is_empty()) {
                if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse().unwrap();
                }
            }
            let _ = told.send(format!("{path} {from}"));
            let (from, bytes, give) = match &answer {
                Answer::Whole(bytes) => (from, bytes, usize::MAX),
                Answer::Cut(bytes, give) => (from, bytes, *give),
                Answer::Deaf(bytes) => (0, bytes, usize::MAX),
                Answer::Status(status) => {
                    let _ = write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    continue;
                }
            };
            let rest = bytes.get(from..).unwrap_or_default();
            let (status, range) = match from {
                0 => ("200 OK", String::new()),
                _ => {
                    let (last, all) = (bytes.len() - 1, bytes.len());
                    ("206 Partial Content", format!("Content-Range: bytes {from}-{last}/{all}\r\n"))
                }
            };
            let length = rest.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}Connection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&rest[..give.min(length)]);
        }
    });
    (address, asked)
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contents() -> Vec<u8> {
    (0..200_000_u32).map(|i| (i % 251) as u8).collect()
}

/// The folder, what came of it, and what was asked for.
fn fetch(answers: Vec<Answer>) -> (tempfile::TempDir, Result<PathBuf, String>, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let (result, asked) = fetch_into(&home, answers);
    (home, result, asked)
}

fn fetch_into(home: &tempfile::TempDir, answers: Vec<Answer>) -> (Result<PathBuf, String>, Vec<String>) {
    let (address, asked) = serve(answers);
    let sum = md5(&contents());
    let fetch = Fetch::new(DataFolder::new(home.path())).from(address);
    let mut last = 0;
    let cifar = PUBLISHED.iter().find(|p| p.name == "cifar10").unwrap();
    let path = fetch.files(cifar, &[("c.tar.gz", &sum)], &mut |progress| {
        assert_eq!((progress.file, progress.total), ("c.tar.gz", Some(200_000)));
        last = progress.done;
    });
    assert!(path.is_err() || last == 0 || last == 200_000);
    (path.map_err(|e| said(&e)), asked.try_iter().collect())
}

#[test]
fn an_archive_takes_its_name() {
    let (home, path, asked) = fetch(vec![Answer::Whole(contents())]);
    assert_eq!(path.unwrap(), home.path().join("cifar10.tar.gz"));
    assert_eq!(fs::read(home.path().join("cifar10.tar.gz")).unwrap(), contents());
    assert_eq!(
        (asked, DataFolder::new(home.path()).names()),
        (vec!["/c.tar.gz 0".to_owned()], vec!["cifar10".to_owned()])
    );
    // What is there is not fetched again: this server gives no answer.
    assert!(fetch_into(&home, vec![]).0.is_ok());
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let cuts = vec![Answer::Cut(contents(), 70_000), Answer::Cut(contents(), 50_000), Answer::Whole(contents())];
    let (home, path, asked) = fetch(cuts);
    assert_eq!(fs::read(path.unwrap()).unwrap(), contents());
    assert_eq!(asked, ["/c.tar.gz 0", "/c.tar.gz 70000", "/c.tar.gz 120000"]);
    assert!(!home.path().join(".fetch/cifar10").exists());
}

#[test]
fn what_an_earlier_run_fetched_is_not_fetched_again() {
    let none = || Answer::Cut(contents(), 0);
    let (home, path, _) = fetch(vec![Answer::Cut(contents(), 150_000), none(), none(), none()]);
    assert!(path.unwrap_err().contains("what is here stays"));
    let (path, asked) = fetch_into(&home, vec![Answer::Whole(contents())]);
    assert_eq!((fs::read(path.unwrap()).unwrap() == contents(), asked), (true, vec!["/c.tar.gz 150000".to_owned()]));
}

#[test]
fn a_server_that_ignores_ranges_starts_anew() {
    let (_home, path, asked) = fetch(vec![Answer::Cut(contents(), 70_000), Answer::Deaf(contents())]);
    assert_eq!(fs::read(path.unwrap()).unwrap(), contents());
    assert_eq!(asked, ["/c.tar.gz 0", "/c.tar.gz 70000"]);
}

#[test]
fn a_part_that_is_too_long_is_thrown_away() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".fetch/cifar10")).unwrap();
    fs::write(home.path().join(".fetch/cifar10/c.tar.gz.part"), vec![0; 300_000]).unwrap();
    let (path, asked) = fetch_into(&home, vec![Answer::Status(416), Answer::Whole(contents())]);
    assert_eq!(fs::read(path.unwrap()).unwrap(), contents());
    assert_eq!(asked, ["/c.tar.gz 300000", "/c.tar.gz 0"]);
}

#[test]
fn another_file_is_refused_and_removed() {
    let mut other = contents();
    other[5] ^= 1;
    let (home, path, _) = fetch(vec![Answer::Whole(other)]);
    let error = path.unwrap_err();
    assert!(error.contains("has the MD5 sum") && error.contains(&md5(&contents())), "{error}");
    assert!(!home.path().join("cifar10.tar.gz").exists());
    assert!(fetch_into(&home, vec![Answer::Whole(contents())]).0.is_ok());
}

#[test]
fn what_the_server_does_not_have_is_told_at_once() {
    let (_home, path, asked) = fetch(vec![Answer::Status(404)]);
    let error = path.unwrap_err();
    assert!(error.contains("/c.tar.gz: the server answers with status 404; the file has moved"), "{error}");
    assert_eq!(asked.len(), 1);
    let (_home, path, asked) = fetch(vec![Answer::Status(503), Answer::Whole(contents())]);
    assert!(path.is_ok() && asked.len() == 2);
    let (_home, path, asked) = fetch(vec![Answer::Status(503), Answer::Status(503), Answer::Status(503)]);
    assert!(path.unwrap_err().contains("status 503") && asked.len() == 3);
}

#[test]
fn several_files_become_a_folder() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (b"first".to_vec(), b"second".to_vec());
    let sums = (md5(&a), md5(&b));
    let mnist = PUBLISHED.iter().find(|p| p.name == "mnist").unwrap();
    let files = [("a.gz", sums.0.as_str()), ("b.gz", sums.1.as_str())];
    let try_with = |answers| {
        let (address, asked) = serve(answers);
        let fetch = Fetch::new(DataFolder::new(home.path())).from(address);
        (fetch.files(mnist, &files, &mut |_| {}).is_ok(), asked.try_iter().collect::<Vec<_>>())
    };
    assert!(!try_with(vec![Answer::Whole(a), Answer::Status(404)]).0);
    assert_eq!(DataFolder::new(home.path()).names(), [""; 0], "half a data set is none");
    assert_eq!(try_with(vec![Answer::Whole(b)]), (true, vec!["/b.gz 0".to_owned()]));
    assert_eq!(fs::read(home.path().join("mnist/a.gz")).unwrap(), b"first");
    assert_eq!(DataFolder::new(home.path()).names(), ["mnist"]);
}

#[test]
fn unknown_names_and_two_at_once_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let fetch = Fetch::new(DataFolder::new(home.path()));
    let error = said(&fetch.fetch("imagenet", &mut |_| {}).unwrap_err());
    assert!(error.contains("(there is: mnist, fashion-mnist, cifar10, cifar100)"), "{error}");
    fs::create_dir_all(home.path().join(".fetch")).unwrap();
    let lock = fs::File::create(home.path().join(".fetch/mnist.lock")).unwrap();
    lock.lock().unwrap();
    let error = said(&fetch.fetch("mnist", &mut |_| {}).unwrap_err());
    assert!(error.contains("another process is fetching"), "{error}");
}

#[test]
fn ranges_are_read() {
    assert_eq!(range("bytes 100-199/200"), Some((100, Some(200))));
    assert_eq!(range("bytes 0-9/*"), Some((0, None)));
    assert_eq!(range("items 0-9/10"), None);
}

/// Where the process that is started once more fetches to.
const PLACE: &str = "WATTFRONT_TEST_FETCH";

fn fetch_to(home: &Path) -> Result<PathBuf, DataError> {
    let (address, _asked) = serve(vec![Answer::Whole(contents())]);
    let cifar = PUBLISHED.iter().find(|p| p.name == "cifar10").unwrap();
    let fetch = Fetch::new(DataFolder::new(home)).from(address);
    fetch.files(cifar, &[("c.tar.gz", &md5(&contents()))], &mut |_| {})
}

/// The library of `tests/fakes/disk`.
fn faulty_disk(folder: &Path) -> PathBuf {
    let library = folder.join("libdisk_faults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/disk/lib.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let options = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"];
    assert!(Command::new(rustc).args(options).args([&library, &source]).status().unwrap().success());
    library
}

/// The whole data set lies in the folder, or none does.
fn is_whole(home: &Path) -> bool {
    let found = DataFolder::new(home).find("cifar10").unwrap();
    found.is_some_and(|path| {
        assert!(fs::read(&path).unwrap() == contents(), "{} is not whole", path.display());
        true
    })
}

#[test]
fn on_a_disk_that_fails_a_data_set_is_whole_or_not_there() {
    // What is checked below runs here, in a process of its own.
    if let Some(home) = std::env::var_os(PLACE) {
        println!("{}", fetch_to(Path::new(&home)).unwrap_or_else(|error| panic!("{error}")).display());
        return;
    }
    let beside = tempfile::tempdir().unwrap();
    let (library, log) = (faulty_disk(beside.path()), beside.path().join("log"));
    let own = std::env::current_exe().unwrap();
    let run = |home: &Path, at: usize, act: &str| {
        let _ = fs::remove_file(&log);
        let mut command = Command::new(&own);
        command.args(["--exact", "data::fetch::tests::on_a_disk_that_fails_a_data_set_is_whole_or_not_there"]);
        command.args(["--nocapture"]).env(PLACE, home).env("LD_PRELOAD", &library);
        command.env("DISK_FAULTS_PROGRAM", own.file_name().unwrap()).env("DISK_FAULTS_FOLDER", home);
        command.env("DISK_FAULTS_LOG", &log).env("DISK_FAULTS_AT", at.to_string()).env("DISK_FAULTS_DO", act);
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        (status.code(), text, fs::read_to_string(&log).unwrap().lines().count())
    };
    let home = || tempfile::tempdir().unwrap();
    let (code, text, calls) = run(home().path(), 0, "EIO");
    assert!(code == Some(0) && calls > 10, "{calls} calls: {text}");
    for at in 1..=calls {
        // Each position meets an error and an end.
        let error = if at % 2 == 0 { ("ENOSPC", "No space left") } else { ("EIO", "Input/output") };
        let end = if at % 4 < 2 { ("after", "") } else { ("cut", "") };
        for (act, reason) in [error, end] {
            let home = home();
            let (code, text, _) = run(home.path(), at, act);
            let is_there = is_whole(home.path());
            match code {
                Some(0) => assert!(is_there, "{act} at call {at}: {text}"),
                Some(_) => assert!(text.contains(reason) && !reason.is_empty(), "{act} at call {at}: {text}"),
                None => assert!(reason.is_empty(), "{act} at call {at}: {text}"),
            }
            fetch_to(home.path()).unwrap_or_else(|error| panic!("after {act} at call {at}: {error}"));
            assert!(is_whole(home.path()));
        }
    }
}
