//! Studies on a GPU that others use too.

use wattfront::energy::units::Method;

use crate::bench::Bench;
use crate::gpu::{bench, optimize};

const GPU: &str = "gpu GPU-1234 FAKE\npower 100\nprocess 1 100 30\n";

/// Trials that use the GPU as much as process 1 does, for four seconds.
fn shared() -> Bench {
    let bench = bench(GPU, "share = true\nidle = false");
    let program = "import os, time\npath = os.environ['LD_LIBRARY_PATH'] + '/libnvidia-ml.so.1.script'\n\
                   def write(text):\n    open(path + '.new', 'w').write(text)\n    os.rename(path + '.new', path)\n\
                   before = open(path).read()\nwrite(before + 'process %d 100 30\\n' % os.getpid())\ntime.sleep(4)\n\
                   write(before)\nprint('{\"accuracy\": 0.5}')";
    bench.write("program.py", program);
    bench
}

#[test]
fn a_study_that_shares_has_its_part_of_the_gpu_and_a_lock_that_others_may_share() {
    let bench = shared();
    optimize(&bench, &["study.toml"]).code(0);
    for trial in bench.record().trials() {
        let result = trial.result().unwrap();
        let energy = &result.energy["trial"];
        let part = &energy.domains[0];
        assert_eq!((part.method, part.domain.id.as_str()), (Method::Attributed, "GPU-1234"));
        let (joules, uncertainty) = (part.joules.unwrap().0, part.uncertainty.unwrap());
        assert!((0.2..0.7).contains(&(joules / (100.0 * energy.seconds))), "about a half: {energy:?}");
        assert!(uncertainty.attribution.0 > 0.1 * joules, "{uncertainty:?}");
        assert_eq!(result.sd["energy.gpu"], uncertainty.relative().0, "what the surrogate is told");
    }
    let locks = std::fs::read_dir(bench.path()).unwrap().filter_map(Result::ok);
    let locks: Vec<_> =
        locks.map(|file| file.file_name()).filter(|name| name.to_string_lossy().contains("lock")).collect();
    assert_eq!(locks, ["wattfront-gpu-GPU-1234.lock"]);
    let lock = std::fs::File::open(bench.path().join("wattfront-gpu-GPU-1234.lock")).unwrap();
    lock.lock_shared().unwrap();
    optimize(&bench, &["study.toml", "--trials", "3"]).code(0);
    lock.unlock().unwrap();
    lock.lock().unwrap();
    optimize(&bench, &["study.toml", "--trials", "9"]).code(1).says("is metered by a session that shares it");
}

#[test]
fn what_does_not_tell_its_users_is_not_shared_out() {
    let bench = shared();
    bench.write("libnvidia-ml.so.1.script", &format!("{GPU}fault process-utilization 3\n"));
    optimize(&bench, &["study.toml"]).code(1).says("gpu:GPU-1234 cannot be shared").says("without `share`");
}
