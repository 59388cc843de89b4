//! The work of `work.py` as a command, so small that its start and its end take no energy to speak of.
//!
//! usage: workload SECONDS TEMPLATE SCRIPT CALLS
//! Prints when it began, how long the file CALLS was then, when it ended, and how long it was then.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

fn monotonic() -> f64 {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    }
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a struct of the layout that 64-bit Linux uses; 1 is CLOCK_MONOTONIC.
    unsafe { clock_gettime(1, &raw mut time) };
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

/// `@2.5` stands for the time 2.5 s after the work began.
fn armed(template: &str, begin: f64) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let words = line.split(' ').map(|word| match word.strip_prefix('@').and_then(|n| n.parse::<f64>().ok()) {
            Some(seconds) => format!("{:.6}", begin + seconds),
            None => word.to_owned(),
        });
        text.push_str(&words.collect::<Vec<_>>().join(" "));
        text.push('\n');
    }
    text
}

fn main() {
    let begin = monotonic();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, template, script, calls] = arguments.as_slice() else {
        eprintln!("usage: workload SECONDS TEMPLATE SCRIPT CALLS");
        std::process::exit(2);
    };
    let seconds: f64 = seconds.parse().expect("SECONDS is a number");
    if let Ok(text) = fs::read_to_string(template) {
        let fresh = format!("{script}.new");
        fs::write(&fresh, armed(&text, begin))
            .and_then(|()| fs::rename(&fresh, script))
            .expect("SCRIPT can be written");
    }
    let length = || fs::metadata(calls).map_or(0, |file| file.len());
    let first = length();
    sleep(Duration::from_secs_f64((begin + seconds - monotonic()).max(0.0)));
    let last = length();
    println!("{begin:.6} {first} {:.6} {last}", monotonic());
}
