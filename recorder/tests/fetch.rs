//! The download against a server on this machine: whole, resumed, broken off, wrong, absent, silent.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use layerscope_recorder::dataset::{
    DatasetError, Mirrors, Search,
    catalogue::{Entry, by_name},
    embedded::MNIST_5K,
    fetch::{Download, Monitor},
};

/// MNIST's first images as if they were published.
fn published() -> &'static Entry {
    let small = by_name("mnist-5k").unwrap();
    Box::leak(Box::new(Entry {
        name: "small",
        description: "",
        files: small.files,
        n_classes: 10,
        normalization: small.normalization,
        mirrors: &[],
        torchvision: None,
        embedded: None,
    }))
}

fn fetching(root: &Path, servers: &[&Server]) -> Search {
    Search {
        data_dir: None,
        environment: None,
        cache: Some(root.join("cache")),
        working: Some(root.into()),
        mirrors: Mirrors::Replaced(servers.iter().map(|server| server.address.clone()).collect()),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const FETCHED: [&str; 4] = [
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
];

/// What the server answers to `(offset asked for, whole content)`.
type Handler = dyn Fn(Option<usize>, &'static [u8]) -> Reply + Send + Sync;

enum Reply {
    Whole(Vec<u8>),
    /// From this offset, with status 206.
    Rest(usize),
    Status(u16),
}

struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(handler: Box<Handler>) -> Self {
        let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
        let address = format!("http://{}", server.server_addr());
        let (requests, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let Some(request) = server.recv_timeout(Duration::from_millis(20)).unwrap() else { continue };
                let range = request.headers().iter().find(|header| header.field.equiv("Range"));
                let offset = range.map(|header| {
                    header.value.as_str().trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap()
                });
                let url = request.url().to_owned();
                let index = published().files.iter().position(|file| url.contains(file.name)).unwrap();
                seen.lock().unwrap().push(match offset {
                    None => url,
                    Some(offset) => format!("{url} from {offset}"),
                });
                answer(request, handler(offset, MNIST_5K[index]), MNIST_5K[index]);
            }
        });
        Self { address, requests, stop, thread: Some(thread) }
    }

    /// A server that sends everything from where it is asked to.
    fn complete() -> Self {
        Self::start(Box::new(|offset, whole| match offset {
            None => Reply::Whole(whole.to_vec()),
            Some(offset) => Reply::Rest(offset),
        }))
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// With its length in the head, which tiny_http leaves out from 32 KiB on.
fn announced<R: Read>(response: tiny_http::Response<R>) -> tiny_http::Response<R> {
    response.with_chunked_threshold(usize::MAX)
}

fn answer(request: tiny_http::Request, reply: Reply, whole: &'static [u8]) {
    // A client that stops early closes its end: not the server's failure, so errors are dropped.
    match reply {
        Reply::Whole(bytes) => drop(request.respond(announced(tiny_http::Response::from_data(bytes)))),
        Reply::Status(status) => drop(request.respond(tiny_http::Response::empty(status))),
        Reply::Rest(offset) => {
            let range = format!("bytes {offset}-{}/{}", whole.len() - 1, whole.len());
            let header = tiny_http::Header::from_bytes("Content-Range", range).unwrap();
            let response = tiny_http::Response::from_data(&whole[offset..]).with_status_code(206).with_header(header);
            drop(request.respond(announced(response)));
        }
    }
}

/// Stops once that many bytes of a file have arrived; remembers what it saw.
struct Watch {
    stop_at: u64,
    seen: Vec<(String, u64, Option<u64>)>,
}

impl Monitor for Watch {
    fn downloading(&mut self, at: &Download<'_>) {
        self.seen.push((at.file.to_owned(), at.n_bytes, at.total));
    }
    fn cancelled(&self) -> bool {
        self.seen.last().is_some_and(|last| last.1 >= self.stop_at)
    }
}

#[test]
fn a_set_is_fetched_once_and_then_found() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::complete();
    let search = fetching(root.path(), &[&server]);
    let mut watch = Watch { stop_at: u64::MAX, seen: Vec::new() };
    let fetched = search.load_entry(published(), &mut watch).unwrap();
    assert_eq!(names(&root.path().join("cache/small")), FETCHED);
    assert_eq!(server.requests()[0], "/small/train-images-idx3-ubyte.gz");
    assert_eq!(fetched.train.labels()[..3], [5, 0, 4]);

    let size = MNIST_5K[0].len() as u64;
    let of_first: Vec<_> = watch.seen.iter().filter(|(file, ..)| file == "train-images-idx3-ubyte").collect();
    assert!(of_first.len() > 1 && of_first.iter().all(|(.., total)| *total == Some(size)));
    assert_eq!(of_first.last().unwrap().1, size);

    let found = search.load_entry(published(), &mut ()).unwrap();
    assert_eq!(server.requests().len(), 4);
    assert_eq!(found.train, fetched.train);
}

#[test]
fn a_given_folder_is_fetched_into() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::complete();
    let search = Search { data_dir: Some(root.path().join("given")), ..fetching(root.path(), &[&server]) };
    search.load_entry(published(), &mut ()).unwrap();
    assert_eq!(names(&root.path().join("given/small")), FETCHED);
    assert!(!root.path().join("cache").exists());
}

#[test]
fn an_interrupted_download_is_resumed() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::complete();
    let search = fetching(root.path(), &[&server]);
    let mut watch = Watch { stop_at: 200_000, seen: Vec::new() };
    let stopped = search.load_entry(published(), &mut watch).unwrap_err();
    assert!(matches!(stopped, DatasetError::Cancelled), "{stopped}");
    let folder = root.path().join("cache/small");
    assert_eq!(names(&folder), ["train-images-idx3-ubyte.gz.part"]);
    let length = fs::metadata(folder.join("train-images-idx3-ubyte.gz.part")).unwrap().len();
    assert!((200_000..MNIST_5K[0].len() as u64).contains(&length), "{length}");

    search.load_entry(published(), &mut ()).unwrap();
    assert_eq!(server.requests()[1], format!("/small/train-images-idx3-ubyte.gz from {length}"));
    assert_eq!(server.requests().len(), 5);
    assert_eq!(names(&folder), FETCHED);
}

#[test]
fn a_transfer_that_breaks_off_goes_on_where_it_was() {
    // By hand, for no server library sends less than it announces: half of the file, then the other half.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut ranges = Vec::new();
        for (whole, second) in MNIST_5K.iter().flat_map(|&whole| [(whole, false), (whole, true)]) {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0].to_ascii_lowercase());
            }
            let request = String::from_utf8(request).unwrap();
            ranges.push(request.lines().find_map(|line| line.strip_prefix("range: ").map(str::to_owned)));
            let (n, half) = (whole.len(), whole.len() / 2);
            let (head, body) = match second {
                false => (format!("200 OK\r\nContent-Length: {n}"), &whole[..half]),
                true => (
                    format!("206 Rest\r\nContent-Range: bytes {half}-{}/{n}\r\nContent-Length: {}", n - 1, n - half),
                    &whole[half..],
                ),
            };
            stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
            stream.write_all(body).unwrap();
        }
        ranges
    });
    let root = tempfile::tempdir().unwrap();
    let search = Search { mirrors: Mirrors::Replaced(vec![address]), ..fetching(root.path(), &[]) };
    search.load_entry(published(), &mut ()).unwrap();
    let expected = MNIST_5K.iter().flat_map(|whole| [None, Some(format!("bytes={}-", whole.len() / 2))]);
    assert_eq!(server.join().unwrap(), expected.collect::<Vec<_>>());
}

#[test]
fn a_part_of_another_packing_is_fetched_again_from_its_beginning() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache/small");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("train-images-idx3-ubyte.gz.part"), vec![7; 1000]).unwrap();
    let server = Server::complete();
    fetching(root.path(), &[&server]).load_entry(published(), &mut ()).unwrap();
    let requests = server.requests();
    assert_eq!(requests[0], "/small/train-images-idx3-ubyte.gz from 1000");
    assert_eq!(requests[1], "/small/train-images-idx3-ubyte.gz");
    assert_eq!(names(&folder), FETCHED);
}

#[test]
fn a_server_that_cannot_resume_sends_it_all() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache/small");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("train-images-idx3-ubyte.gz.part"), &MNIST_5K[0][..1000]).unwrap();
    let server = Server::start(Box::new(|_, whole| Reply::Whole(whole.to_vec())));
    fetching(root.path(), &[&server]).load_entry(published(), &mut ()).unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_part_that_is_already_whole_is_only_verified() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("cache/small");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("train-images-idx3-ubyte.gz.part"), MNIST_5K[0]).unwrap();
    let server = Server::start(Box::new(|offset, whole| match offset {
        None => Reply::Whole(whole.to_vec()),
        Some(_) => Reply::Status(416),
    }));
    fetching(root.path(), &[&server]).load_entry(published(), &mut ()).unwrap();
    assert_eq!(server.requests().len(), 4);
    assert_eq!(names(&folder), FETCHED);
}

#[test]
fn a_missing_file_comes_from_the_mirror() {
    let root = tempfile::tempdir().unwrap();
    let empty = Server::start(Box::new(|_, _| Reply::Status(404)));
    let mirror = Server::complete();
    fetching(root.path(), &[&empty, &mirror]).load_entry(published(), &mut ()).unwrap();
    // The mirror that worked is asked first from then on.
    assert_eq!((empty.requests().len(), mirror.requests().len()), (1, 4));
}

#[test]
fn wrong_and_truncated_content_never_gets_a_name() {
    for (case, expected) in [("other", "expected magic 2051"), ("short", "truncated"), ("page", "is this a web page?")]
    {
        let root = tempfile::tempdir().unwrap();
        let server = Server::start(Box::new(move |_, whole| match case {
            "other" => Reply::Whole(MNIST_5K[1].to_vec()),
            "short" => Reply::Whole(whole[..whole.len() / 2].to_vec()),
            _ => Reply::Whole(b"<html><body>please log in</body></html>".to_vec()),
        }));
        let error = fetching(root.path(), &[&server, &server]).load_entry(published(), &mut ()).unwrap_err();
        assert!(error.is_missing(), "{error}");
        let message = error.to_string();
        assert_eq!(message.matches(expected).count(), 2, "{message}");
        assert!(!root.path().join("cache/small").exists());
    }
}

#[test]
fn a_wrong_checksum_never_gets_a_name() {
    let root = tempfile::tempdir().unwrap();
    // The same images with one pixel changed, packed anew: everything but the digest is right.
    let server = Server::start(Box::new(|_, whole| {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(whole).read_to_end(&mut plain).unwrap();
        *plain.last_mut().unwrap() ^= 1;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        Reply::Whole(encoder.finish().unwrap())
    }));
    let error = fetching(root.path(), &[&server]).load_entry(published(), &mut ()).unwrap_err();
    assert!(error.to_string().contains("expected SHA-256 1e3ffdb2"), "{error}");
    assert!(!root.path().join("cache/small").exists());
}

#[test]
fn an_endless_body_is_cut_off() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(Box::new(|_, _| Reply::Whole(vec![0x1f; 5_000_000])));
    let error = fetching(root.path(), &[&server]).load_entry(published(), &mut ()).unwrap_err();
    assert!(error.to_string().contains("more than the 3928032 bytes such a file can have"), "{error}");
}

#[test]
fn a_machine_without_a_network_has_its_answer_soon() {
    let root = tempfile::tempdir().unwrap();
    // A name that cannot exist (RFC 2606), a port nobody listens on, and a server that accepts and stays silent.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_address = format!("http://{}", silent.local_addr().unwrap());
    let mut bases = vec!["http://layerscope.invalid".to_owned(), "http://127.0.0.1:1".to_owned()];
    bases.extend(std::iter::repeat_n(silent_address, 5));
    let search = Search { mirrors: Mirrors::Replaced(bases), ..fetching(root.path(), &[]) };
    let started = Instant::now();
    let error = search.load_entry(published(), &mut ()).unwrap_err();
    assert!(error.is_missing(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(!root.path().join("cache/small").exists());
}
