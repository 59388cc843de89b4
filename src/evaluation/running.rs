//! The programs that run now, for whoever handles signals: to end, stop and continue them from another thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::family::ProcessFamily;
use super::procfs;

static RUNNING: Mutex<Vec<Arc<Running>>> = Mutex::new(Vec::new());

/// A program under way.
#[derive(Debug)]
pub(super) struct Running {
    leader: Pid,
    mark: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Its number may be another's from here on.
    reaped: bool,
    /// By the last that the kernel told of it.
    stopped: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// Notes a program that was started.
    pub(super) fn enter(leader: Pid, mark: &str) -> Arc<Self> {
        let running = Arc::new(Self { leader, mark: mark.to_owned(), state: Mutex::default() });
        lock(&RUNNING).push(Arc::clone(&running));
        running
    }

    /// Reaps it, after which it gets no more signals.
    pub(super) fn leave<T>(&self, reap: impl FnOnce() -> T) -> T {
        let result = {
            let mut state = lock(&self.state);
            state.reaped = true;
            reap()
        };
        lock(&RUNNING).retain(|other| !std::ptr::eq(&raw const **other, self));
        result
    }

    /// Whether it has ended; all its business is done then, but for the waiting.
    fn has_ended(&self) -> bool {
        procfs::read(self.leader).is_none_or(|stat| stat.has_ended())
    }

    fn signal(&self, signal: Signal) {
        let state = lock(&self.state);
        if !state.reaped {
            let mut family = ProcessFamily::new(self.leader, &self.mark);
            // Once the leader is gone, those who hide their origin would not be found any more.
            family.remember();
            // The group at once, so that none of it can run on to start others.
            let _ = rustix::process::kill_process_group(self.leader, signal);
            family.signal(signal);
        }
    }

    /// What the kernel tells of its stops since it was last asked: whether it is stopped now, and whether it was meanwhile.
    fn ask(&self) -> (bool, bool) {
        let mut state = lock(&self.state);
        let mut was = state.stopped;
        let look = WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED | WaitIdOptions::NOHANG;
        // Neither kind of news reaps it. There are two at most: stopped, and since then continued, or the other way round.
        for _ in 0..2 {
            let Some(news) = (!state.reaped).then(|| waitid(WaitId::Pid(self.leader), look).ok()).flatten().flatten()
            else {
                break;
            };
            was = true;
            state.stopped = news.stopped();
        }
        (state.stopped, was)
    }
}

fn all() -> Vec<Arc<Running>> {
    lock(&RUNNING).clone()
}

/// Ends all programs that run now, with all that they have started: asks them to (`SIGTERM`), and kills them after `grace`. Whoever
/// listens to one finds it ended. Meant for a thread that handles signals.
pub fn end_programs(grace: Duration) {
    let programs = all();
    if grace > Duration::ZERO {
        for program in &programs {
            program.signal(Signal::TERM);
            program.signal(Signal::CONT);
        }
        let begun = Instant::now();
        while begun.elapsed() < grace && !programs.iter().all(|program| program.has_ended()) {
            thread::sleep(Duration::from_millis(5));
        }
    }
    programs.iter().for_each(|program| program.signal(Signal::KILL));
}

/// Stops all programs that run now (`SIGSTOP`), with all that they have started.
pub fn stop_programs() {
    all().iter().for_each(|program| program.signal(Signal::STOP));
}

/// Lets them go on. Whether all that are there had been stopped until now: somebody may have continued one before.
pub fn continue_programs() -> bool {
    let programs = all();
    let stopped = |program: &Arc<Running>| procfs::read(program.leader).is_none_or(|stat| !stat.runs());
    let all_were = programs.iter().all(stopped);
    for program in &programs {
        program.signal(Signal::CONT);
        program.ask();
    }
    all_were
}

/// Whether all programs that run now are stopped, or were since this was last asked; `false` if there are none.
#[must_use]
pub fn programs_were_stopped() -> bool {
    let programs = all();
    // Each is asked, so that no old news is left.
    let stopped: Vec<bool> = programs.iter().map(|program| program.ask().1).collect();
    !stopped.is_empty() && stopped.into_iter().all(|was| was)
}

/// Tests that start, stop or continue programs of this process take turns.
#[cfg(test)]
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    lock(&TURN)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn the_kernel_tells_of_stops_once() {
        let _turn = turn();
        let mut child = std::process::Command::new("sleep").arg("100").process_group(0).spawn().unwrap();
        let running = Running::enter(Pid::from_child(&child), "mark");
        let wait = |told: (bool, bool)| {
            let begin = Instant::now();
            while running.ask() != told {
                assert!(begin.elapsed() < Duration::from_secs(60), "the kernel never told {told:?}");
                thread::sleep(Duration::from_millis(1));
            }
        };
        assert_eq!(running.ask(), (false, false));
        running.signal(Signal::STOP);
        wait((true, true));
        assert_eq!(running.ask(), (true, true), "it is still stopped");
        running.signal(Signal::CONT);
        wait((false, true));
        assert_eq!(running.ask(), (false, false), "and that is over");
        running.signal(Signal::KILL);
        running.leave(|| child.wait().unwrap());
        assert_eq!(running.ask(), (false, false));
        assert!(!all().iter().any(|other| Arc::ptr_eq(other, &running)));
    }
}
