//! In which order files are written, synced and given their names, told by the calls of a run without faults.

/// The words of a call: its kind, its path, and the path after it where there are two.
fn parts(call: &str) -> Option<(&str, &str, Option<&str>)> {
    let mut words = call.split(' ').skip(1);
    let (kind, _, path) = (words.next()?, words.next()?, words.next()?);
    let second = (words.next() == Some("->")).then(|| words.next()).flatten();
    Some((kind, path, second))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// What would not survive a failure of the power: files that take their names before their contents are on the disk, and
/// names whose folders are never synced.
pub fn faults_of(calls: &[String]) -> Vec<String> {
    let mut wrongs = Vec::new();
    let calls: Vec<_> = calls.iter().map(|call| (call, parts(call))).collect();
    for (at, (call, words)) in calls.iter().enumerate() {
        let Some(("rename", from, Some(to))) = *words else { continue };
        let earlier = || calls[..at].iter().filter_map(|(_, words)| *words).filter(|(_, path, _)| *path == from);
        let changes = |kind: &str| matches!(kind, "write" | "truncate" | "create");
        // After the last change there must be a sync.
        let is_synced = earlier().fold(true, |synced, (kind, _, _)| match kind {
            "sync" => true,
            kind => synced && !changes(kind),
        });
        if !is_synced {
            wrongs.push(format!("{call}: what it holds was not synced before"));
        }
        let folder = folder_of(to);
        let later = calls[at..].iter().filter_map(|(_, words)| *words);
        if !later.into_iter().any(|(kind, path, _)| kind == "sync" && path == folder) {
            wrongs.push(format!("{call}: its folder is not synced after"));
        }
    }
    wrongs
}

#[test]
fn it_sees_what_is_not_synced() {
    let calls = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let good = calls(&[
        "1 create open64 a/.x.part",
        "2 write write a/.x.part 5 bytes",
        "3 sync fsync a/.x.part",
        "4 rename rename a/.x.part -> a/x",
        "5 look open64 a",
        "6 sync fsync a",
    ]);
    assert_eq!(faults_of(&good), [""; 0]);
    assert!(faults_of(&good[..4])[0].contains("its folder is not synced"));
    let bad = calls(&[
        "1 create open64 .x.part",
        "2 sync fsync .x.part",
        "3 write write .x.part 5 bytes",
        "4 rename rename .x.part -> x",
        "5 sync fsync .",
    ]);
    assert!(faults_of(&bad)[0].contains("was not synced before"));
}
