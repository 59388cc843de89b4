use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::super::testing::FakeProc;
use super::*;

fn open(proc: &FakeProc, root: u32) -> ProcessTree {
    ProcessTree::open(proc.root().to_owned(), root, 1, true).unwrap()
}

#[test]
fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
    let text = "7 (a) b (c)) S 3 1 1 0 -1 0 0 0 0 0 11 13 17 19 20 0 1 0 23 0 0";
    let stat = ProcessStat::parse(text).unwrap();
    let name = *b"a) b (c)\0\0\0\0\0\0\0\0";
    assert_eq!(stat, ProcessStat { parent: 3, start: 23, own: 24, waited: 36, ignores_ends: false, name });
    let ignoring = ProcessStat::parse(&format!("{text} 0 0 0 0 0 0 0 0 {} 0", 1 << (libc::SIGCHLD - 1))).unwrap();
    assert_eq!(ignoring, ProcessStat { ignores_ends: true, ..stat });
    assert_eq!(ProcessStat::parse("7 (a) S 3"), None);
    assert_eq!(ProcessStat::parse(""), None);
}

#[test]
fn a_child_that_was_seen_and_waited_for_counts_once() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0);
    let mut tree = open(&proc, 10);
    proc.process(11, 10, 40, 0);
    assert_eq!(tree.advance().unwrap(), 40);
    proc.end(11).process(10, 1, 0, 45);
    assert_eq!(tree.advance().unwrap(), 45);
}

#[test]
fn a_family_is_told_from_strangers_and_from_those_that_nobody_sees() {
    let proc = FakeProc::new();
    proc.process(1, 0, 0, 0).process(10, 1, 0, 0).process(11, 10, 0, 0).process(12, 11, 0, 0).process(20, 1, 0, 0);
    let descendants = Descendants::new(proc.root().to_owned(), 10);
    let known = [10, 11, 12, 20, 1, 99].map(|pid| descendants.has(pid));
    assert_eq!(known, [Some(true), Some(true), Some(true), Some(false), Some(false), None]);
}

#[test]
fn the_root_itself_may_be_left_out() {
    let proc = FakeProc::new();
    proc.process(10, 1, 7, 0);
    let mut tree = ProcessTree::open(proc.root().to_owned(), 10, 1, false).unwrap();
    proc.process(10, 1, 1000, 0).process(11, 10, 40, 0);
    assert_eq!(tree.advance().unwrap(), 40);
    proc.end(11).process(10, 1, 2000, 45);
    assert_eq!(tree.advance().unwrap(), 45);
}

#[test]
fn a_grandchild_that_ended_with_its_parent_counts_once() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 5, 0).process(12, 11, 5, 0);
    let mut tree = open(&proc, 10);
    proc.process(11, 10, 15, 0).process(12, 11, 25, 0);
    assert_eq!(tree.advance().unwrap(), 30);
    proc.end(11).end(12).process(10, 1, 0, 44);
    assert_eq!(tree.advance().unwrap(), 34, "44 ticks less the 10 from before the tree was opened");
}

#[test]
fn a_child_that_ends_between_two_looks_at_its_family_counts_once() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
    let mut tree = open(&proc, 10);
    proc.process(11, 10, 40, 0);
    assert_eq!(tree.advance().unwrap(), 40);
    // Its parent was looked at just before it was waited for.
    proc.end(11);
    assert_eq!(tree.advance().unwrap(), 40);
    proc.process(10, 1, 0, 45);
    assert_eq!(tree.advance().unwrap(), 45);
    proc.process(10, 1, 0, 60);
    assert_eq!(tree.advance().unwrap(), 60);
}

#[test]
fn a_child_that_nobody_waited_for_is_not_taken_back() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
    let mut tree = open(&proc, 10);
    proc.process(11, 10, 40, 0);
    assert_eq!(tree.advance().unwrap(), 40);
    proc.end(11).process(10, 1, 3, 0);
    assert_eq!(tree.advance().unwrap(), 43);
    // Nor is its time held against later children for long.
    tree.advance().unwrap();
    proc.process(10, 1, 3, 10);
    assert_eq!(tree.advance().unwrap(), 53);
}

#[test]
fn a_process_that_left_the_tree_is_followed_until_its_number_is_anothers() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 0, 0).process(12, 11, 0, 0);
    let mut tree = open(&proc, 10);
    proc.end(11).process(12, 1, 20, 0);
    assert_eq!(tree.advance().unwrap(), 20);
    let stat = proc.root().join("12/stat");
    let other = std::fs::read_to_string(&stat).unwrap().replace(" 84 ", " 9999 ").replace(" 20 0 0 0 ", " 70 0 0 0 ");
    std::fs::write(&stat, other).unwrap();
    assert_eq!(tree.advance().unwrap(), 20);
}

#[test]
fn the_kernels_lists_of_children_are_used_where_they_are_kept() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).children(10, "11 ").process(11, 10, 0, 0).children(11, "");
    let mut tree = open(&proc, 10);
    // 12 claims to be a child too, but who has the lists asks nobody.
    proc.process(11, 10, 6, 0).process(12, 10, 100, 0);
    assert_eq!(tree.advance().unwrap(), 6);
}

#[test]
fn a_root_that_ended_is_an_error_and_nothing_is_lost() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0);
    let mut tree = open(&proc, 10);
    proc.process(10, 1, 8, 0);
    assert_eq!(tree.advance().unwrap(), 8);
    proc.end(10);
    assert!(tree.advance().is_err());
    proc.process(10, 1, 9, 0);
    assert_eq!(tree.advance().unwrap(), 9);
}

#[test]
fn on_this_machine_the_time_of_children_that_ended_is_found() {
    let busy = "busy() { i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; }; read go; (busy); echo; read end";
    let mut shell = Command::new("sh").args(["-c", busy]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut tree = ProcessTree::open(PathBuf::from("/proc"), shell.id(), 10_000, true).unwrap();
    let mut input = shell.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"\n").unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let before = tree.advance().unwrap();
    assert!(before > 0, "400,000 rounds of a shell take more than a tick");
    assert!(tree.advance().unwrap() >= before);
    drop(input);
    shell.wait().unwrap();
    assert!(tree.advance().is_err());
}

#[test]
fn on_this_machine_much_less_than_a_tick_is_seen() {
    let mut tree = ProcessTree::open(PathBuf::from("/proc"), std::process::id(), 10_000, true).unwrap();
    let mut last = 0;
    let mut steps = Vec::new();
    for _ in 0..50 {
        let begin = std::hint::black_box((0..20_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
        std::hint::black_box(begin);
        let now = tree.advance().unwrap();
        steps.push(now - last);
        last = now;
    }
    assert!(steps.iter().any(|step| *step > 0 && *step % 10_000 != 0), "{steps:?}");
}

#[test]
fn on_this_machine_a_child_that_ended_is_not_counted_twice() {
    let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read end";
    let mut tree = ProcessTree::open(PathBuf::from("/proc"), std::process::id(), 10_000, true).unwrap();
    let mut shell = Command::new("sh").args(["-c", busy]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let alive = process_clock(shell.id()).unwrap();
    assert!(tree.advance().unwrap() >= alive);
    let before = waited_for().unwrap();
    let own = process_clock(std::process::id()).unwrap();
    let counted = tree.advance().unwrap();
    drop(shell.stdin.take());
    shell.wait().unwrap();
    let after = tree.advance().unwrap();
    // Other tests of this process may burn time and wait for children, but no more than the clocks tell.
    let possible = waited_for().unwrap() - before + process_clock(std::process::id()).unwrap() - own;
    assert!(after - counted <= possible, "{} of at most {possible}", after - counted);
    assert!(process_clock(shell.id()).is_none());
}

#[test]
fn the_ends_that_an_ignoring_parent_is_not_told_of_are_told() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).ignoring(11, 10, 5, 0).process(12, 11, 0, 0);
    let mut tree = open(&proc, 10);
    assert!(tree.loses());
    proc.process(12, 11, 40, 0);
    assert_eq!((tree.advance().unwrap(), tree.unwaited().ends), (40, 0));
    proc.end(12).ignoring(11, 10, 6, 0).process(13, 11, 30, 0);
    assert_eq!((tree.advance().unwrap(), tree.unwaited().ends), (71, 1), "what was seen stays");
    let told = tree.unwaited();
    assert_eq!((told.parent, told.ignores), (11, true));
    assert_eq!(told.to_string(), "process 11 (`a (tricky) name`) ignores SIGCHLD");
    assert!(tree.unseen() > 0);
    // Nor is it held against what the parent comes to.
    proc.end(13);
    assert_eq!(tree.advance().unwrap(), 71);
    proc.end(11).process(10, 1, 0, 8);
    assert_eq!(tree.advance().unwrap(), 73, "2 more of the parent, and what was seen of 13 is not taken off");
    assert!(tree.unwaited().ends == 2 && !tree.loses());
}

#[test]
fn a_parent_that_asked_not_to_be_told_is_found_out_by_what_it_does_not_come_to() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
    let mut tree = open(&proc, 10);
    // Each is within the rounding.
    for pid in 20..26 {
        proc.process(pid, 11, 2, 0);
        tree.advance().unwrap();
        proc.end(pid);
        tree.advance().unwrap();
    }
    assert_eq!((tree.unwaited().parent, tree.unwaited().ignores), (11, false));
    assert!(tree.unwaited().ends >= 2 && tree.loses());
}

#[test]
fn parents_that_wait_are_suspected_of_nothing() {
    let proc = FakeProc::new();
    proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
    let mut tree = open(&proc, 10);
    let mut waited = 0;
    for pid in 20..60 {
        proc.process(pid, 11, 5, 0);
        tree.advance().unwrap();
        proc.end(pid);
        // It may be looked at before it has waited.
        tree.advance().unwrap();
        waited += 5;
        proc.process(11, 10, 1, waited - 1);
        tree.advance().unwrap();
        proc.process(11, 10, 1, waited);
    }
    tree.advance().unwrap();
    // A zombie is there until somebody waits, and whoever ignores the ends of children that he has not got loses nothing.
    proc.process(61, 11, 90, 0).ignoring(62, 10, 9, 0);
    tree.advance().unwrap();
    proc.end(62).process(10, 1, 0, 9);
    tree.advance().unwrap();
    assert_eq!((tree.unwaited(), tree.unseen()), (Unwaited::default(), 0));
}

/// Processes as the kernel would keep them.
#[derive(Debug, Clone, Copy)]
struct Simulated {
    pid: u32,
    parent: u32,
    own: u64,
    waited: u64,
}

#[derive(Debug, Clone)]
enum Step {
    Burn(usize, u64),
    Fork(usize),
    /// Ends; the flag tells whether the parent waits for it.
    End(usize, bool),
    Look,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (any::<usize>(), 1_u64..50).prop_map(|(who, ticks)| Step::Burn(who, ticks)),
        2 => any::<usize>().prop_map(Step::Fork),
        2 => (any::<usize>(), prop::bool::weighted(0.7)).prop_map(|(who, waits)| Step::End(who, waits)),
        2 => Just(Step::Look),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_sum_never_falls_nor_exceeds_the_truth(steps in steps()) {
        let proc = FakeProc::new();
        let mut alive = vec![Simulated { pid: 2, parent: 1, own: 100, waited: 9 }];
        proc.process(2, 1, 100, 9);
        let mut tree = open(&proc, 2);
        let (mut truth, mut told, mut next, mut all_waited) = (0, 0, 3, true);
        for step in steps {
            match step {
                Step::Burn(who, ticks) => {
                    let index = who % alive.len();
                    alive[index].own += ticks;
                    truth += ticks;
                }
                Step::Fork(who) => {
                    let parent = alive[who % alive.len()].pid;
                    alive.push(Simulated { pid: next, parent, own: 0, waited: 0 });
                    next += 1;
                }
                Step::End(who, waits) if alive.len() > 1 => {
                    let ended = alive.remove(1 + who % (alive.len() - 1));
                    proc.root().join(ended.pid.to_string()).exists().then(|| proc.end(ended.pid));
                    let parent = alive.iter_mut().find(|p| p.pid == ended.parent);
                    match parent {
                        Some(parent) if waits => parent.waited += ended.own + ended.waited,
                        _ => all_waited = false,
                    }
                    for orphan in alive.iter_mut().filter(|p| p.parent == ended.pid) {
                        orphan.parent = 1;
                        all_waited = false;
                    }
                }
                Step::End(..) => {}
                Step::Look => {
                    for p in &alive {
                        proc.process(p.pid, p.parent, p.own, p.waited);
                    }
                    let now = tree.advance().unwrap();
                    prop_assert!(now >= told);
                    prop_assert!(now <= truth, "{now} of {truth}");
                    prop_assert!(!all_waited || now == truth, "{now} of {truth}");
                    told = now;
                }
            }
        }
    }
}
