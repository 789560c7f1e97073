//! Verified download of a data set's files: several mirrors, resumable, nothing unverified under a final name.
//!
//! Bytes go to `FILE.gz.part`, are verified there by the SHA-256 of their uncompressed content, and only then take their
//! name. A broken transfer keeps its part and goes on from there next time. A part that turns out wrong when it was
//! resumed is fetched once more from its beginning: mirrors may pack the same content differently.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{DatasetError, catalogue::FileEntry, idx::Idx, search::verified_file};

/// How long all mirrors together may take until one answers: an offline machine has its answer within 10 seconds, the
/// last attempt included.
const UNTIL_FIRST_ANSWER: Duration = Duration::from_millis(7_000);
/// Longest wait for each step (name, connection, request, first byte) of one attempt before any mirror has answered.
const STEP: Duration = Duration::from_millis(2_500);
/// Longest wait for a step, and between two pieces of a body, once a mirror has answered.
const STALL: Duration = Duration::from_secs(20);
/// How often one mirror is asked again after its transfer broke off on the way.
const RESUMPTIONS: u32 = 4;

/// Sees a download and may stop it.
pub trait Monitor {
    /// Called for every piece that arrives.
    fn downloading(&mut self, _progress: &Download<'_>) {}
    /// Whether to stop now; what has arrived is kept for the next time.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing.
impl Monitor for () {}

/// How far a download is.
#[derive(Clone, Copy, Debug)]
pub struct Download<'a> {
    /// Name of the file, without `.gz`.
    pub file: &'a str,
    /// Packed bytes on disk.
    pub n_bytes: u64,
    /// Packed bytes there will be, if the server says.
    pub total: Option<u64>,
}

/// Why a file could not be fetched: what happened at each mirror. `Display` puts it on one line.
#[derive(Debug)]
pub struct FetchFailure {
    /// One sentence per attempt, with its address.
    pub attempts: Vec<String>,
    /// Whether the monitor stopped it.
    pub cancelled: bool,
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attempts.join("; "))
    }
}

#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("status {0}")]
    Status(u16),
    #[error("{0}")]
    Http(#[from] ureq::Error),
    #[error("the connection broke off: {0}")]
    Broken(io::Error),
    #[error("expected {expected} packed bytes, found {found}")]
    Short { expected: u64, found: u64 },
    #[error("more than the {limit} bytes such a file can have")]
    TooLong { limit: u64 },
    #[error("{}: {source}", path.display())]
    Store { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Content(DatasetError),
    #[error("interrupted")]
    Cancelled,
}

/// Downloads the files of one data set from its mirrors.
pub struct Fetcher {
    agent: ureq::Agent,
    /// The one that worked last is first.
    mirrors: Vec<String>,
    started: Option<Instant>,
    answered: bool,
}

impl Fetcher {
    /// A fetcher from these folders, each address ending in a slash; without any, nothing is ever fetched.
    pub fn new(mirrors: Vec<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("layerscope/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), mirrors, started: None, answered: false }
    }

    /// Fetches `file` into `folder` as `FILE.gz`, verified; its path and content.
    ///
    /// # Errors
    /// What happened at each mirror. An empty part file and a folder made for nothing are removed again.
    pub fn fetch(
        &mut self,
        file: &FileEntry,
        folder: &Path,
        monitor: &mut dyn Monitor,
    ) -> Result<(PathBuf, Idx), FetchFailure> {
        let fails = |sentence: String| FetchFailure { attempts: vec![sentence], cancelled: false };
        if self.mirrors.is_empty() {
            return Err(fails("there is no address to fetch from".to_owned()));
        }
        let existed = folder.is_dir();
        let fetched = fs::create_dir_all(folder)
            .and_then(|()| Part::open(folder, file.name))
            .map_err(|error| fails(format!("{}: {error}", folder.display())))
            .and_then(|mut part| self.fetch_part(file, &mut part, monitor));
        if fetched.is_err() && !existed {
            // Only if it is empty: a part that was begun stays for the next time.
            let _ = fs::remove_dir(folder);
        }
        fetched
    }

    fn fetch_part(
        &mut self,
        file: &FileEntry,
        part: &mut Part,
        monitor: &mut dyn Monitor,
    ) -> Result<(PathBuf, Idx), FetchFailure> {
        let started = *self.started.get_or_insert_with(Instant::now);
        let mut failure = FetchFailure { attempts: Vec::new(), cancelled: false };
        for mirror in 0..self.mirrors.len() {
            let url = format!("{}{}.gz", self.mirrors[mirror], file.name);
            if !self.answered && started.elapsed() >= UNTIL_FIRST_ANSWER {
                failure.attempts.push(format!("{url}: not tried any more"));
                continue;
            }
            let fetched = self.fetch_from(&url, file, part, monitor);
            match fetched.and_then(|idx| Ok((part.finish()?, idx))) {
                Ok(found) => {
                    self.mirrors.swap(0, mirror);
                    return Ok(found);
                }
                Err(error) => {
                    failure.attempts.push(format!("{url}: {error}"));
                    if matches!(error, AttemptError::Cancelled) {
                        failure.cancelled = true;
                        break;
                    }
                }
            }
        }
        Err(failure)
    }

    /// The verified content of `url`, which then is in `part`.
    fn fetch_from(
        &mut self,
        url: &str,
        file: &FileEntry,
        part: &mut Part,
        monitor: &mut dyn Monitor,
    ) -> Result<Idx, AttemptError> {
        let mut resumptions = 0;
        loop {
            let offset = part.length;
            match self.download(url, file, part, monitor) {
                Ok(()) => match verified_file(&part.path, file) {
                    Ok(idx) => return Ok(idx),
                    Err(error) => {
                        part.clear()?;
                        if offset == 0 {
                            return Err(AttemptError::Content(error));
                        }
                    }
                },
                Err(AttemptError::Broken(_) | AttemptError::Short { .. })
                    if part.length > offset && resumptions < RESUMPTIONS =>
                {
                    resumptions += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One request: appends to `part` what it lacks, or all of it if the server does not resume.
    fn download(
        &mut self,
        url: &str,
        file: &FileEntry,
        part: &mut Part,
        monitor: &mut dyn Monitor,
    ) -> Result<(), AttemptError> {
        if monitor.cancelled() {
            return Err(AttemptError::Cancelled);
        }
        let offset = part.length;
        // The `.gz` itself is wanted: a server must not pack or unpack it on the way.
        let mut request = self.agent.get(url).header("Accept-Encoding", "identity");
        if offset > 0 {
            request = request.header("Range", format!("bytes={offset}-"));
        }
        let step = if self.answered { STALL } else { self.step() };
        let request = request.config().timeout_resolve(Some(step)).timeout_connect(Some(step));
        let request = request.timeout_send_request(Some(step)).timeout_recv_response(Some(step));
        let mut response = request.timeout_per_read(Some(STALL)).build().call()?;

        match response.status().as_u16() {
            206 if offset > 0 && starts_at(response.headers(), offset) => {}
            200 => part.clear()?,
            // Nothing lies beyond the part: it is whole, or it is wrong, which its verification will tell.
            416 if offset > 0 => return Ok(()),
            status => return Err(AttemptError::Status(status)),
        }
        self.answered = true;
        let total = response.body().content_length().map(|rest| part.length + rest);
        // Deflate's stored blocks add 5 bytes in 65,535: a longer file than this is not the one we want.
        let limit = file.n_bytes() + file.n_bytes() / 1000 + 4096;
        let mut body = response.body_mut().as_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n_read = body.read(&mut buffer).map_err(AttemptError::Broken)?;
            if n_read == 0 {
                break;
            }
            part.append(&buffer[..n_read])?;
            if part.length > limit {
                part.clear()?;
                return Err(AttemptError::TooLong { limit });
            }
            monitor.downloading(&Download { file: file.name, n_bytes: part.length, total });
            if monitor.cancelled() {
                return Err(AttemptError::Cancelled);
            }
        }
        match total {
            Some(expected) if expected != part.length => Err(AttemptError::Short { expected, found: part.length }),
            _ => Ok(()),
        }
    }

    /// Longest wait for a step while no mirror has answered yet.
    fn step(&self) -> Duration {
        let spent = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        STEP.min(UNTIL_FIRST_ANSWER.saturating_sub(spent)).max(Duration::from_millis(100))
    }
}

fn starts_at(headers: &ureq::http::HeaderMap, offset: u64) -> bool {
    let range = headers.get("Content-Range").and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {offset}-")))
}

/// The file that is being fetched, locked against another process that fetches the same.
struct Part {
    path: PathBuf,
    goal: PathBuf,
    file: File,
    length: u64,
    /// Made because another process holds the resumable part; of no use later.
    private: bool,
}

impl Part {
    fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let goal = folder.join(format!("{name}.gz"));
        let open = |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut path = folder.join(format!("{name}.gz.part"));
        let mut file = open(&path)?;
        let private = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if private {
            path = folder.join(format!("{name}.gz.{}.part", std::process::id()));
            file = open(&path)?;
        }
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { path, goal, file, length, private })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), AttemptError> {
        let stored = self.file.write_all(bytes);
        self.length += bytes.len() as u64;
        self.checked(stored)
    }

    fn clear(&mut self) -> Result<(), AttemptError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        self.length = 0;
        self.checked(cleared)
    }

    /// Gives the verified file its final name.
    fn finish(&mut self) -> Result<PathBuf, AttemptError> {
        let renamed = self.file.sync_all().and_then(|()| fs::rename(&self.path, &self.goal));
        self.checked(renamed)?;
        Ok(self.goal.clone())
    }

    fn checked(&self, result: io::Result<()>) -> Result<(), AttemptError> {
        result.map_err(|source| AttemptError::Store { path: self.path.clone(), source })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.length == 0 || self.private {
            let _ = fs::remove_file(&self.path);
        }
    }
}
