//! The stores that there are, and what the one on a disk must do beside the contract.

use std::path::Path;

use super::contract::{events, keeps_events, refuses_what_json_lacks, survives};
use super::{MemoryStore, Repair, Salvage, SqliteStore, Store, StoreError};
use crate::optimizer::history::FailureKind;
use crate::record::{Event, SCHEMA_VERSION, StoredEvent, StudyRecord};

#[test]
fn memory() {
    keeps_events(|| Box::new(MemoryStore::default()));
    refuses_what_json_lacks(&mut MemoryStore::default());
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    survives(|| Box::new(SqliteStore::open(&folder.path().join("study.db")).unwrap()));
    refuses_what_json_lacks(&mut SqliteStore::open(&folder.path().join("other.db")).unwrap());
}

#[test]
fn sqlite_can_be_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut writer = SqliteStore::open(&path).unwrap();
    for (i, event) in events().into_iter().enumerate() {
        let waits = matches!(event, Event::StepReported { .. });
        writer.append(event).unwrap();
        let there = SqliteStore::open_to_read(&path).unwrap().load().unwrap().len();
        assert_eq!(there, i + usize::from(!waits), "steps wait for the next event");
        assert_eq!(writer.load().unwrap().len(), i + 1, "but not for who appended them");
    }
}

#[test]
fn sqlite_keeps_steps_that_nothing_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let until_step = events().into_iter().take(5).map(|event| store.append(event).unwrap()).collect::<Vec<_>>();
    assert!(matches!(until_step.last().unwrap().event, Event::StepReported { .. }));
    drop(store);
    assert_eq!(SqliteStore::open(&path).unwrap().load().unwrap(), until_step);
}

#[test]
fn the_file_alone_has_every_finished_trial() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut appended = Vec::new();
    for event in events() {
        let begins = matches!(event, Event::TrialStarted { .. } | Event::StepReported { .. });
        appended.push(store.append(event).unwrap());
        if !begins {
            // As a process that is killed now leaves it, and somebody copies it without its log.
            let copy = folder.path().join("copy.db");
            std::fs::copy(&path, &copy).unwrap();
            assert_eq!(SqliteStore::open_to_read(&copy).unwrap().load().unwrap(), appended);
        }
    }
}

fn open_error(path: &Path) -> StoreError {
    SqliteStore::open(path).expect_err("should not open")
}

#[test]
fn sqlite_refuses_what_is_not_its_own_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to have a header ".repeat(40)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(open_error(&text), StoreError::Foreign { .. }));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(open_error(&other), StoreError::Foreign { .. }));
}

#[test]
fn sqlite_refuses_a_newer_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = open_error(&path);
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("format 99"), "{error}");
}

/// A store as it was written before events had checksums.
fn old_store(path: &Path, version: u32) -> Vec<StoredEvent> {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA application_id = {}; PRAGMA user_version = {version};
             CREATE TABLE events (seq INTEGER PRIMARY KEY, time REAL NOT NULL, body TEXT NOT NULL) STRICT;",
            0x5761_7474
        ))
        .unwrap();
    let mut entries = Vec::new();
    for (seq, event) in (1..).zip(events()) {
        let body = serde_json::to_string(&event).unwrap();
        connection.execute("INSERT INTO events VALUES (?1, 1.5, ?2)", rusqlite::params![seq, body]).unwrap();
        entries.push(StoredEvent { seq: seq.try_into().unwrap(), time: 1.5, event });
    }
    entries
}

#[test]
fn sqlite_reads_older_formats_and_seals_what_they_hold_once_it_writes() {
    for version in 1..SCHEMA_VERSION {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.db");
        let entries = old_store(&path, version);
        assert_eq!(SqliteStore::open_to_read(&path).unwrap().load().unwrap(), entries);
        let connection = rusqlite::Connection::open(&path).unwrap();
        let marked = || connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap();
        let mut again = SqliteStore::open(&path).unwrap();
        assert_eq!(again.load().unwrap(), entries);
        assert_eq!(marked(), version, "reading changes nothing");
        again.append(Event::PreferencesChanged { preferences: Vec::new() }).unwrap();
        assert_eq!(marked(), SCHEMA_VERSION);
        assert_eq!(again.load().unwrap().len(), entries.len() + 1);
        assert_eq!(again.load().unwrap()[..entries.len()], entries);
        connection.execute("UPDATE events SET body = replace(body, 'too big', 'too bog') WHERE seq = 6", []).unwrap();
        assert!(matches!(again.load(), Err(StoreError::Damaged { seq: 6, .. })));
    }
}

#[test]
fn sqlite_believes_no_event_that_was_changed_or_taken_out() {
    // What somebody does to the database, and which event is the first that is not as it was.
    for (sql, damaged) in [
        ("UPDATE events SET body = '{' WHERE seq = 3", 3),
        ("UPDATE events SET body = replace(body, '3', '2') WHERE seq = 5", 5),
        ("UPDATE events SET time = time + 1 WHERE seq = 2", 2),
        ("UPDATE events SET sum = sum + 1 WHERE seq = 4", 4),
        ("UPDATE events SET sum = NULL WHERE seq = 4", 4),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 4", 4),
        ("DELETE FROM events WHERE seq = 6", 6),
        ("DELETE FROM events WHERE seq > 2", 3),
        ("DELETE FROM events", 1),
        ("UPDATE events SET seq = seq + 1 WHERE seq = 6", 6),
        ("UPDATE events SET seq = -seq", 1),
        ("INSERT INTO events SELECT 7, time, body, sum FROM events WHERE seq = 6", 7),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.db");
        let mut store = SqliteStore::open(&path).unwrap();
        for event in events() {
            store.append(event).unwrap();
        }
        rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap();
        let error = store.load().expect_err(sql);
        assert!(matches!(error, StoreError::Damaged { seq, .. } if seq == damaged), "{sql}: {error}");
        assert!(error.help().is_some_and(|help| help.contains("repair")), "{error}");
    }
}

#[test]
fn nothing_is_written_over_what_somebody_else_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut other = SqliteStore::open(&path).unwrap();
    let events = events();
    store.append(events[0].clone()).unwrap();
    let error = other.append(events[1].clone()).expect_err("it has not seen the first");
    assert!(matches!(error, StoreError::Changed { found: 1, expected: 0, .. }), "{error}");
    assert!(matches!(other.append(events[2].clone()), Err(StoreError::Broken { .. })));
    assert_eq!(SqliteStore::open(&path).unwrap().load().unwrap().len(), 1);
}

#[test]
fn a_log_without_its_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let (log, content) = (folder.path().join("study.db-wal"), b"what a killed process left");
    for prepare in [|_: &Path| {}, |path: &Path| std::fs::write(path, "").unwrap()] {
        prepare(&path);
        std::fs::write(&log, content).unwrap();
        for opened in [SqliteStore::open(&path), SqliteStore::open_to_read(&path)] {
            let error = opened.expect_err("its trials may be in the log");
            assert!(matches!(error, StoreError::Hollow { .. }), "{error}");
        }
        assert_eq!(std::fs::read(&log).unwrap(), content);
    }
}

#[test]
fn a_file_that_goes_while_it_is_used_is_missed() {
    type Harm = fn(&Path);
    let moved: Harm = |path| std::fs::rename(path, path.with_extension("elsewhere")).unwrap();
    let removed: Harm = |path| std::fs::remove_file(path).unwrap();
    let emptied: Harm = |path| std::fs::write(path, "").unwrap();
    let replaced: Harm = |path| {
        let other = path.with_extension("other");
        std::fs::copy(path, &other).unwrap();
        std::fs::rename(other, path).unwrap();
    };
    let cut: Harm = |path| std::fs::File::options().write(true).open(path).unwrap().set_len(8192).unwrap();
    for harm in [moved, removed, emptied, cut, replaced] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.db");
        let mut store = SqliteStore::open(&path).unwrap();
        let mut events = events().into_iter();
        let before: Vec<_> = events.by_ref().take(5).map(|event| store.append(event).unwrap()).collect();
        harm(&path);
        let error = store.append(events.next().unwrap()).expect_err("the file is not what it was");
        match &error {
            // What has just ended is in the file that was moved.
            StoreError::Moved { .. } if path.exists() => {}
            StoreError::Moved { .. } => {
                drop(store);
                let elsewhere = path.with_extension("elsewhere");
                for ending in ["-wal", "-shm"] {
                    let of = |path: &Path| format!("{}{ending}", path.display());
                    let _ = std::fs::rename(of(&path), of(&elsewhere));
                }
                assert_eq!(SqliteStore::open_to_read(&elsewhere).unwrap().load().unwrap().len(), 6);
            }
            StoreError::Removed { kept: Some(kept), .. } => {
                let rescued = SqliteStore::open_to_read(kept).unwrap().load().unwrap();
                assert_eq!(rescued[..5], before);
                assert_eq!(rescued.len(), 6, "what has just ended is among it");
            }
            StoreError::Emptied { .. } => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn on_read_only_media_all_is_seen_that_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let appended: Vec<_> = events().into_iter().map(|event| store.append(event).unwrap()).collect();
    // Killed, and copied to such media with its log but without the log's index.
    let media = folder.path().join("media");
    std::fs::create_dir(&media).unwrap();
    for ending in ["", "-wal"] {
        std::fs::copy(format!("{}{ending}", path.display()), media.join(format!("study.db{ending}"))).unwrap();
    }
    let mode = |mode| std::fs::set_permissions(&media, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    // To root nothing is read-only, so it sees the same by the other way.
    mode(0o555);
    let read = SqliteStore::open_to_read(&media.join("study.db")).and_then(|store| store.load());
    let copied = SqliteStore::open_a_copy(&media.join("study.db")).load();
    mode(0o755);
    assert_eq!((read.unwrap(), copied.unwrap()), (appended.clone(), appended));
}

impl SqliteStore {
    fn open_a_copy(path: &Path) -> Self {
        Self::open_copy(path, super::sqlite::copy(path).unwrap()).unwrap()
    }
}

/// A store with several pages, closed or as a killed process leaves it, and its events.
fn long_store(path: &Path) -> (SqliteStore, Vec<StoredEvent>) {
    let mut store = SqliteStore::open(path).unwrap();
    let mut entries: Vec<_> = events().into_iter().take(3).map(|event| store.append(event).unwrap()).collect();
    let point = events().into_iter().find_map(|event| match event {
        Event::TrialStarted { point, .. } => Some(point),
        _ => None,
    });
    for trial in 0..30 {
        let point = point.clone().unwrap();
        let begin = Event::TrialStarted { trial, attempt: 1, point, fit: None, propose_seconds: 0.5 };
        // Some that are longer than a page.
        let message = "too big ".repeat(if trial % 7 == 3 { 2000 } else { 20 });
        let end = Event::TrialFailed { trial, kind: FailureKind::OutOfMemory, message, retry: false, spent: None };
        entries.extend([begin, end].map(|event| store.append(event).unwrap()));
    }
    (store, entries)
}

#[test]
fn what_is_whole_is_found_whatever_has_become_of_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let (store, entries) = long_store(&path);
    drop(store);
    let found = Salvage::of(&path).unwrap();
    assert_eq!((found.entries, found.unchecked, found.damaged), (entries.clone(), 0, vec![]), "nothing is lost");
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() > 10 * 4096);
    let mut seen = [0; 3];
    for i in 0..400 {
        let random = crate::optimizer::Seed(3).of_trial(i);
        let mut bytes = whole.clone();
        let at = usize::try_from(random % whole.len() as u64).unwrap();
        match i % 4 {
            // A bit, a byte, a page, or the end.
            0 => bytes[at] ^= 1 << (random >> 40 & 7),
            1 => bytes[at] = !bytes[at],
            2 => bytes[at / 4096 * 4096..][..4096].fill(0),
            _ => bytes.truncate(at),
        }
        std::fs::write(&path, &bytes).unwrap();
        let found = Salvage::of(&path).unwrap();
        assert!(found.entries.iter().all(|entry| entries.contains(entry)), "what is kept is as it was");
        assert!(i % 4 == 3 || found.entries.len() + 30 >= entries.len(), "a page does not take much with it");
        if found.entries.is_empty() {
            continue;
        }
        // It is either all there, or said to be damaged; no change of what was stored is believed.
        let loaded = SqliteStore::open_to_read(&path).and_then(|store| store.load());
        match loaded {
            Ok(loaded) => {
                assert_eq!(loaded, entries, "at byte {at}");
                seen[0] += 1;
            }
            Err(_) => seen[1] += 1,
        }
        if let Some(repair) = Repair::of(found, None) {
            let new = folder.path().join(format!("new-{i}.db"));
            repair.write(&new).unwrap();
            let again = SqliteStore::open(&new).unwrap().load().unwrap();
            assert_eq!(again, repair.entries);
            assert_eq!(StudyRecord::from_entries(again).unwrap(), repair.record);
            assert!(again_is_part_of(&repair.entries, &entries));
            assert!(repair.write(&new).is_err(), "never over what is there");
            seen[2] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}: the test has seen all cases");
}

fn again_is_part_of(part: &[StoredEvent], whole: &[StoredEvent]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|entry| whole.any(|other| (other.time, &other.event) == (entry.time, &entry.event)))
}

#[test]
fn a_log_alone_is_enough_to_find_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    drop(connection);
    std::fs::remove_file(&path).unwrap();
    let entries = old_store(&path, 3);
    let copy = folder.path().join("copy.db");
    // As an early version left it when it was killed: nothing was copied out of the log.
    let keeper = rusqlite::Connection::open(&path).unwrap();
    keeper.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).unwrap();
    drop(keeper);
    std::fs::write(&copy, "").unwrap();
    let mut store = SqliteStore::open(&path).unwrap();
    let next = store.append(Event::PreferencesChanged { preferences: Vec::new() }).unwrap();
    std::fs::copy(format!("{}-wal", path.display()), format!("{}-wal", copy.display())).unwrap();
    assert!(matches!(SqliteStore::open(&copy), Err(StoreError::Hollow { .. })));
    let found = Salvage::of(&copy).unwrap();
    assert_eq!(found.entries.last(), Some(&next));
    assert_eq!(found.entries.len(), entries.len() + 1, "they were all sealed in it");
}

#[test]
fn what_speaks_of_what_is_lost_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, entries) = long_store(&folder.path().join("study.db"));
    let without = |seqs: &[u64]| Salvage {
        entries: entries.iter().filter(|entry| !seqs.contains(&entry.seq)).cloned().collect(),
        last: Some(entries.len() as u64),
        ..Salvage::default()
    };
    // Trial 0 begins at 4 and ends at 5; trial 1 at 6 and 7.
    let repair = Repair::of(without(&[4, 7, 63]), None).unwrap();
    assert_eq!((repair.lost, repair.orphans), (vec![4, 7, 63], vec![5]));
    assert_eq!((repair.open, repair.without_begin), (vec![1, 29], vec![0]));
    assert_eq!(repair.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=59).collect::<Vec<_>>());
    assert!(Repair::of(without(&[1]), None).is_none(), "without a begin there is no study");
    let begin = entries[0].event.clone();
    let repair = Repair::of(without(&[1]), Some(begin)).unwrap();
    assert!(repair.begun_anew && repair.lost == [1] && repair.entries.len() == entries.len());
}

#[test]
fn a_damaged_or_cut_log_hides_nothing_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let (store, entries) = long_store(&path);
    // As a killed process leaves them.
    let read = |ending: &str| std::fs::read(format!("{}{ending}", path.display())).unwrap();
    let (file, log) = (read(""), read("-wal"));
    drop(store);
    let hurt = folder.path().join("hurt.db");
    let hurt_log = folder.path().join("hurt.db-wal");
    let mut refused = 0;
    for i in 0..60 {
        let at = usize::try_from(crate::optimizer::Seed(9).of_trial(i) % log.len() as u64).unwrap();
        let mut bytes = log.clone();
        if i % 2 == 0 {
            bytes[at] ^= 16
        } else {
            bytes.truncate(at)
        }
        std::fs::write(&hurt, &file).unwrap();
        std::fs::write(&hurt_log, &bytes).unwrap();
        let _ = std::fs::remove_file(folder.path().join("hurt.db-shm"));
        let loaded = SqliteStore::open_to_read(&hurt).and_then(|store| store.load());
        assert!(SqliteStore::open(&hurt).is_ok() || loaded.is_err());
        match loaded {
            Ok(loaded) => assert_eq!(loaded, entries, "at {at} of {}", log.len()),
            Err(error) => {
                assert!(error.help().is_some_and(|help| help.contains("repair")), "{error}");
                assert_eq!(std::fs::read(&hurt).unwrap(), file, "the file alone is whole, and left so: {error}");
                refused += 1;
                let found = Salvage::of(&hurt).unwrap();
                assert_eq!(found.entries, entries);
            }
        }
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn a_store_that_can_be_read_and_not_written_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    drop(long_store(&path));
    SqliteStore::try_out(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    // The version that may write, the reserved space, the count of free pages, the format.
    for (byte, bit) in [(18, 0), (20, 4), (36, 0), (63, 2)] {
        let mut bytes = whole.clone();
        bytes[byte] ^= 1 << bit;
        std::fs::write(&path, bytes).unwrap();
        let readable = SqliteStore::open_to_read(&path).and_then(|store| store.load());
        assert!(readable.is_err() || SqliteStore::try_out(&path).is_err(), "byte {byte}");
    }
    std::fs::write(&path, &whole).unwrap();
    for sql in ["DELETE FROM head", "DROP TABLE head"] {
        rusqlite::Connection::open(&path).unwrap().execute(sql, []).unwrap();
        let error = SqliteStore::open(&path).and_then(|store| store.load()).expect_err(sql);
        assert!(error.help().is_some_and(|help| help.contains("repair")), "{error}");
    }
}
