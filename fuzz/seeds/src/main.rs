//! Draws the first files of each fuzz target: `cargo run -p rcoi-fuzz-seeds -- FOLDER` writes `FOLDER/<target>/<name>`.

// The drawing of small files is shared with the tests of the engine.
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../../crates/rcoi-recognize/src/source/tests/draw.rs"]
mod draw;
mod layouts;
mod pdfs;
mod pictures;

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    let folder = Path::new(&folder);
    write(&folder.join("image"), pictures::all())?;
    write(&folder.join("pdf"), pdfs::all())?;
    write(&folder.join("zip"), archives())?;
    write(&folder.join("layout"), layouts::all())?;
    let forms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates-omr");
    for entry in fs::read_dir(forms)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            write(&folder.join("template"), vec![(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(&path)?)])?;
        }
    }
    write(&folder.join("template"), layouts::templates())
}

/// A file of a corpus: its name and its bytes.
pub(crate) type Seed = (String, Vec<u8>);

pub(crate) fn seed(name: &str, bytes: impl Into<Vec<u8>>) -> Seed {
    (name.to_owned(), bytes.into())
}

fn write(folder: &Path, seeds: Vec<Seed>) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in seeds {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

fn archives() -> Vec<Seed> {
    let picture = draw::png(&draw::chessboard(24, 16));
    let inner = draw::zip(&[("a.png", &picture)]);
    let mut raw = draw::zip(&[("abcd.png", b"x")]);
    // A name of Russian Windows, without the UTF-8 flag.
    let places: Vec<usize> = raw.windows(4).enumerate().filter(|(_, w)| w == b"abcd").map(|(i, _)| i).collect();
    for at in places {
        raw[at..at + 4].copy_from_slice(&[0xab, 0xa8, 0xe1, 0xe2]);
    }
    vec![
        seed("one", inner.clone()),
        seed("two", draw::zip(&[("a/1.png", &picture), ("a/2.png", &picture)])),
        seed("nested", draw::zip(&[("in.zip", &inner), ("ok.png", b"fine")])),
        seed("names", draw::zip(&[("../x", b"x"), ("/y", b"y"), ("C:\\z", b"z"), ("__MACOSX/._x", b"x"), ("лист.png", b"x")])),
        seed("zeros", draw::zip(&[("zeros", &vec![0; 300_000])])),
        seed("raw-name", raw),
        seed("empty", draw::zip(&[])),
    ]
}
