//! Published data sets, fetched when somebody asks for it and never otherwise.
//!
//! Files are fetched into `.fetch/` within the data folder and take their place once all are whole. What was fetched before
//! a connection broke, or the program was stopped, is kept, and fetched on from there. Each file is held against its
//! published MD5 sum. That protects against damage; it is no proof of origin, for MD5 sums can be forged.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::{Digest, Md5};
use ureq::Agent;

use super::loader::unreadable;
use super::published::{PUBLISHED, Published};
use super::{DataError, DataFolder};
use crate::disk::{create_folders, put_in_place};
use crate::guard::{file, secret};

/// The names of the data sets that can be fetched.
pub const FETCHABLE: [&str; PUBLISHED.len()] = {
    let mut names = [""; PUBLISHED.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = PUBLISHED[i].name;
        i += 1;
    }
    names
};

/// No file has more bytes; the largest has a sixth of it.
const MOST: u64 = 1 << 30;

/// So many connections in a row may break without a byte before the fetch is given up.
const TRIES: u32 = 3;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file.
    pub file: &'a str,
    /// The bytes that are here, those of earlier attempts included.
    pub done: u64,
    /// All of its bytes, if the server says.
    pub total: Option<u64>,
}

/// Fetches into a data folder.
#[derive(Debug, Clone)]
pub struct Fetch {
    folder: DataFolder,
    base: Option<String>,
}

impl Fetch {
    /// From the publishers' servers.
    #[must_use]
    pub fn new(folder: DataFolder) -> Self {
        Self { folder, base: None }
    }

    /// From another server that has the files of the same names: the address before their names, such as
    /// `http://localhost:8000/`.
    #[must_use]
    pub fn from(mut self, base: impl Into<String>) -> Self {
        self.base = Some(base.into());
        self
    }

    /// Fetches the data set of this name, unless it is there, and says where it lies.
    ///
    /// # Errors
    /// [`DataError::Unknown`] for a name that is not among [`FETCHABLE`]. [`DataError::Fetch`] if the server does not
    /// give the files that were published, [`DataError::File`] if the data folder cannot be written.
    pub fn fetch(&self, name: &str, progress: &mut dyn FnMut(Progress<'_>)) -> Result<PathBuf, DataError> {
        let Some(published) = PUBLISHED.iter().find(|p| p.name == name) else {
            let known = FETCHABLE.map(str::to_owned).into();
            return Err(DataError::Unknown { name: name.to_owned(), known, fetchable: Vec::new() });
        };
        self.files(published, published.files, progress)
    }

    fn files(
        &self,
        published: &Published,
        files: &[(&str, &str)],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PathBuf, DataError> {
        if let Some(path) = self.folder.find(published.name)? {
            return Ok(path);
        }
        let work = self.folder.path().join(".fetch").join(published.name);
        create_folders(&work).map_err(|e| unwritable(&work, &e))?;
        let lock_path = work.with_extension("lock");
        let lock = file::open_lock(&lock_path, true).map_err(|e| unwritable(&lock_path, &e))?;
        let base = self.base.as_deref().unwrap_or(published.base);
        if lock.try_lock().is_err() {
            return Err(failed(base, "another process is fetching this data set", "wait until it is done"));
        }
        for (file, md5) in files {
            let path = work.join(file);
            if !path.is_file() {
                let part = work.join(format!("{file}.part"));
                let address = format!("{base}{file}");
                Download { address: &address, file, part: &part }.run(progress)?;
                check(&part, &address, md5)?;
                put_in_place(&part, &path).map_err(|e| unwritable(&path, &e))?;
            }
        }
        let (from, to) = match files {
            [(file, _)] => (work.join(file), self.folder.path().join(format!("{}.tar.gz", published.name))),
            _ => (work.clone(), self.folder.path().join(published.name)),
        };
        put_in_place(&from, &to).map_err(|e| unwritable(&to, &e))?;
        // An empty folder that stays behind is found again, or never missed.
        let _ = fs::remove_dir(&work);
        Ok(to)
    }
}

fn failed(address: &str, problem: impl Into<String>, help: impl Into<String>) -> DataError {
    let (shown, _) = secret::masked(&[address.to_owned()]);
    DataError::Fetch { address: shown.concat(), problem: problem.into(), help: help.into() }
}

fn unwritable(path: &Path, error: &io::Error) -> DataError {
    let advice = "make room or take another folder: WATTFRONT_DATA names it";
    super::loader::fault(path, super::DataPlace::Whole, format!("cannot be written: {error}"), advice)
}

/// Holds a file against its sum, and removes it if it is another.
fn check(part: &Path, address: &str, md5: &str) -> Result<(), DataError> {
    let mut hash = Md5::new();
    let mut file = file::open(part).map_err(|e| unreadable(part, &e))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(|e| unreadable(part, &e))? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    let sum: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if sum != md5 {
        fs::remove_file(part).map_err(|e| unwritable(part, &e))?;
        let problem = format!("what came has the MD5 sum {sum}, but the published file has {md5}");
        return Err(failed(address, problem, "it was removed; fetch it again, or bring it from elsewhere"));
    }
    Ok(())
}

/// One file on its way.
struct Download<'a> {
    address: &'a str,
    file: &'a str,
    part: &'a Path,
}

/// How one connection ended.
enum End {
    Complete,
    /// What was here did not fit, and was thrown away.
    Restart,
    Broken(String),
}

impl Download<'_> {
    /// Connects until all is here.
    fn run(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), DataError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("wattfront/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::new_with_config(config);
        let mut in_vain = 0;
        loop {
            let before = self.here();
            match self.connect(&agent, before, progress)? {
                End::Complete => return Ok(()),
                End::Restart => in_vain += 1,
                End::Broken(_) if self.here() > before => in_vain = 0,
                End::Broken(problem) => {
                    in_vain += 1;
                    if in_vain >= TRIES {
                        let advice = "see that the network works and try again: what is here stays";
                        return Err(failed(self.address, problem, advice));
                    }
                }
            }
            if in_vain >= TRIES {
                return Err(failed(self.address, "the server gives another file each time", "try again later"));
            }
        }
    }

    fn here(&self) -> u64 {
        fs::metadata(self.part).map_or(0, |meta| meta.len())
    }

    fn connect(&self, agent: &Agent, here: u64, progress: &mut dyn FnMut(Progress<'_>)) -> Result<End, DataError> {
        let mut request = agent.get(self.address);
        if here > 0 {
            request = request.header("Range", format!("bytes={here}-"));
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                return Err(failed(self.address, error.to_string(), "say an address such as http://localhost:8000/"));
            }
            Err(error) => return Ok(End::Broken(error.to_string())),
        };
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let (mut done, total) = match response.status().as_u16() {
            200 => (0, header("content-length").and_then(|text| text.parse().ok())),
            206 => match header("content-range").and_then(range) {
                Some((start, total)) if start == here => (here, total),
                _ => return self.restart(),
            },
            // There is nothing after what is here, so what is here is something else.
            416 => return self.restart(),
            // A busy or broken server may work at the next attempt.
            status @ 500.. => return Ok(End::Broken(format!("the server answers with status {status}"))),
            status => {
                let advice = "the file has moved: bring it from elsewhere, or say another server";
                return Err(failed(self.address, format!("the server answers with status {status}"), advice));
            }
        };
        let part = if done > 0 { OpenOptions::new().append(true).open(self.part) } else { file::create(self.part) };
        let mut part = part.map_err(|e| unwritable(self.part, &e))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            progress(Progress { file: self.file, done, total });
            let count = match body.read(&mut buffer) {
                Ok(0) if total.is_some_and(|total| done < total) => {
                    return Ok(End::Broken("the connection ended early".to_owned()));
                }
                Ok(0) => {
                    part.sync_all().map_err(|e| unwritable(self.part, &e))?;
                    return Ok(End::Complete);
                }
                Ok(count) => count,
                Err(error) => return Ok(End::Broken(error.to_string())),
            };
            part.write_all(&buffer[..count]).map_err(|e| unwritable(self.part, &e))?;
            done += count as u64;
            if done > MOST {
                drop(part);
                fs::remove_file(self.part).map_err(|e| unwritable(self.part, &e))?;
                let problem = format!("more than {} GiB came, which is not the file", MOST >> 30);
                return Err(failed(self.address, problem, "bring it from elsewhere, or say another server"));
            }
        }
    }

    fn restart(&self) -> Result<End, DataError> {
        match fs::remove_file(self.part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(self.part, &error)),
            _ => Ok(End::Restart),
        }
    }
}

/// The first byte and the size of the whole in `bytes 100-199/200`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (bytes, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((bytes.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests;
