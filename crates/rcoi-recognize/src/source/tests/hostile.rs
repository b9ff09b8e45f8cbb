//! Files made to hurt: each gets one clear error, and what is whole goes through.

use super::draw::{TiffPage, chessboard, jpeg, pdf, pdf_page, pdf_part, png, tiff, zip};
use crate::source::{Limits, SourceError, decode, page_count, unpack};
use proptest::prelude::*;
use std::io::Write;

fn refused(bytes: &[u8]) -> SourceError {
    let limits = Limits::default();
    decode(bytes, 0, &limits).expect_err("must be refused")
}

#[test]
fn an_empty_file_is_named_empty() {
    assert_eq!(refused(b""), SourceError::Empty);
    assert_eq!(unpack(b"", &Limits::default()), Err(SourceError::Empty));
}

#[test]
fn a_text_called_tif_is_named_text() {
    assert_eq!(refused(b"this is not a tiff at all\n"), SourceError::UnknownKind { looks: "text" });
}

#[test]
fn half_a_png_and_half_a_jpeg_are_errors_not_half_grey_pages() {
    let gray = chessboard(400, 300);
    for whole in [png(&gray), jpeg(&gray)] {
        let error = refused(&whole[..whole.len() / 2]);
        assert!(matches!(error, SourceError::CutShort { .. }), "{error}");
    }
    let short = refused(&pdf(3, 300, 300)[..400]);
    assert!(matches!(short, SourceError::CutShort { .. }), "{short}");
}

#[test]
fn a_picture_of_20000_by_20000_is_refused_by_its_header() {
    let mut head = png(&chessboard(8, 8));
    head[16..20].copy_from_slice(&20_000u32.to_be_bytes());
    head[20..24].copy_from_slice(&20_000u32.to_be_bytes());
    let too_many = SourceError::TooManyPixels { width: 20_000, height: 20_000, limit: Limits::default().max_pixels };
    assert_eq!(refused(&head), too_many);
    assert_eq!(page_count(&head, &Limits::default()), Err(too_many.clone()));

    let page = TiffPage::new(20_000, 20_000, 1, 4, 0, vec![vec![0; 8]]);
    assert_eq!(refused(&tiff(&[page], true)), too_many);

    let mut photo = jpeg(&chessboard(16, 16));
    let frame = photo.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    photo[frame + 5..frame + 9].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    assert_eq!(refused(&photo), too_many);

    assert!(matches!(refused(&pdf(1, 20_000, 20_000)), SourceError::TooManyPixels { .. }));
}

#[test]
fn a3_at_600_dpi_is_let_through() {
    let limits = Limits::default();
    assert_eq!(limits.check_size(7016, 9921), Ok(()));
    assert!(limits.check_size(20_000, 20_000).is_err());
    assert!(limits.check_size(u64::MAX, u64::MAX).is_err());
    assert!(limits.check_size(0, 10).is_err());
}

#[test]
fn a_pdf_that_states_more_pages_than_it_has_is_an_error() {
    let text = String::from_utf8(pdf(2, 300, 300)).unwrap().replace("/Count 2", "/Count 3");
    let error = page_count(text.as_bytes(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("states 3 pages, 2 can be found"), "{error}");
}

/// `megabytes` of zeros, packed.
fn zeros(megabytes: u32) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let some = vec![0; 1 << 20];
    (0..megabytes).for_each(|_| packer.write_all(&some).unwrap());
    packer.finish().unwrap()
}

#[test]
fn a_part_of_a_pdf_that_unpacks_without_end_is_refused_before_it_is_unpacked() {
    let bomb = zeros(100);
    assert!(bomb.len() < 200_000);
    let content = pdf_page("/Contents 5 0 R", "", &[pdf_part("/Filter /FlateDecode", &bomb)]);
    let form = pdf_page("", "/XObject << /X 5 0 R >>", &[pdf_part("/Subtype /Form /BBox [0 0 9 9] /Filter [/FlateDecode]", &bomb)]);
    let index = pdf_page("", "", &[pdf_part("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &bomb)]);
    let picture = "/Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    let pixels = pdf_page("", "/XObject << /X 5 0 R >>", &[pdf_part(&format!("{picture} /Filter /FlateDecode"), &zeros(400))]);
    let runs = [129_u8, 0].repeat(1 << 20);
    let runs = pdf_page("", "/XObject << /X 5 0 R >>", &[pdf_part("/Subtype /Form /BBox [0 0 9 9] /Filter /RunLengthDecode", &runs)]);
    for file in [&content, &form, &index, &pixels, &runs] {
        let error = refused(file);
        assert!(error.to_string().contains("unpacks to more than"), "{error}");
        assert_eq!(page_count(file, &Limits::default()).err().as_ref(), Some(&error));
    }
    let twice = pdf_page("", "", &[pdf_part("/Filter [/FlateDecode /FlateDecode]", &zeros(1))]);
    assert!(refused(&twice).to_string().contains("packed twice"));
    let honest = pdf_page("/Contents 5 0 R", "", &[pdf_part("/Filter /FlateDecode", &zeros(1))]);
    assert!(decode(&honest, 0, &Limits::default()).is_ok());
}

#[test]
fn forms_of_a_pdf_that_draw_each_other_a_million_times_are_refused() {
    let form = |inner: u32| {
        let dict = format!("/Subtype /Form /BBox [0 0 90 90] /Resources << /XObject << /X {inner} 0 R >> >>");
        pdf_part(&dict, "/X Do ".repeat(100).as_bytes())
    };
    let last = pdf_part("/Subtype /Form /BBox [0 0 90 90] /Resources << >>", b"0 0 9 9 re f");
    let page = pdf_page("/Contents 9 0 R", "/XObject << /X 5 0 R >>", &[form(6), form(7), form(8), last, pdf_part("", b"/X Do")]);
    let error = refused(&page);
    assert!(error.to_string().contains("nested without end"), "{error}");
}

#[test]
fn a_form_of_a_pdf_that_draws_itself_twice_is_refused() {
    // Found by the fuzzer: without resources of its own the form knows those of the page, where it stands itself.
    let form = pdf_part("/Subtype /Form /BBox [0 0 90 90]", b"/X Do /X Do");
    let page = pdf_page("/Contents 6 0 R", "/XObject << /X 5 0 R >>", &[form, pdf_part("", b"/X Do")]);
    let error = refused(&page);
    assert!(error.to_string().contains("nested without end"), "{error}");
}

#[test]
fn a_picture_of_a_pdf_is_refused_by_the_size_that_its_data_state() {
    let picture = |filter: &str, data: &[u8]| {
        let dict = format!("/Subtype /Image /Width 9 /Height 9 /BitsPerComponent 1 /ColorSpace /DeviceGray {filter}");
        pdf_page("", "/XObject << /X 5 0 R >>", &[pdf_part(&dict, data)])
    };
    let size = |channels: u16| {
        let longs = [60_000_u32, 60_000, 0, 0, 60_000, 60_000, 0, 0].into_iter().flat_map(u32::to_be_bytes);
        [0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0].into_iter().chain(longs).chain(channels.to_be_bytes()).collect::<Vec<u8>>()
    };
    // One segment: number 0, page information, of page 1, nineteen bytes.
    let page = [0, 0, 0, 0, 48, 0, 1, 0, 0, 0, 19, 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for file in [
        picture("/Filter /JPXDecode", &size(1)),
        picture("/Filter /JBIG2Decode", &page),
        picture("/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 900000000 >>", b"x"),
        picture("/Filter [/CCITTFaxDecode] /DecodeParms [<< /K -1 /Columns 900000000 >>]", b"x"),
    ] {
        let error = refused(&file);
        assert!(matches!(error, SourceError::TooManyPixels { .. }), "{error}");
    }
}

#[test]
fn pages_of_a_tiff_that_lie_over_each_other_are_an_error() {
    // A thousand directories of a thousand entries, each twelve bytes behind the one before: the same entries again.
    const MANY: u32 = 1000;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for _ in 0..MANY {
        file.extend((MANY as u16).to_le_bytes());
        file.extend([0; 10]);
    }
    file.extend([0, 0]);
    for next in 1..=MANY {
        file.extend(if next == MANY { 0 } else { 8 + 12 * next }.to_le_bytes());
        file.extend([0; 8]);
    }
    let error = page_count(&file, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("lie over each other"), "{error}");
}

#[test]
fn a_jpeg_with_a_second_frame_header_is_an_error() {
    let photo = jpeg(&chessboard(64, 48));
    let at = photo.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    let len = usize::from(u16::from_be_bytes([photo[at + 2], photo[at + 3]])) + 2;
    let mut huge = photo[at..at + len].to_vec();
    huge[5..9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    for second in [at, at + len] {
        let mut file = photo.clone();
        file.splice(second..second, huge.clone());
        let _one_clear_error = refused(&file);
    }
}

#[test]
fn bad_names_in_an_archive_stop_only_their_members() {
    let gray = png(&chessboard(8, 8));
    let file = zip(&[
        ("a/good.png", &gray),
        ("../evil.png", &gray),
        ("b/../../evil2.png", &gray),
        ("/etc/evil3.png", &gray),
        ("C:\\evil4.png", &gray),
        ("ev\u{1}il5.png", &gray),
        ("__MACOSX/a/._good.png", b"x"),
        ("лист 2.png", &gray),
    ]);
    let members = unpack(&file, &Limits::default()).unwrap();
    assert_eq!(members.len(), 7);
    let good: Vec<&str> = members.iter().filter(|m| m.bytes.is_ok()).map(|m| m.name.as_str()).collect();
    assert_eq!(good, ["a/good.png", "лист 2.png"]);
    for member in members.iter().filter(|m| m.bytes.is_err()) {
        assert!(matches!(member.bytes, Err(SourceError::BadName { .. })), "{member:?}");
        assert!(!member.name.chars().any(char::is_control));
    }
}

#[test]
fn names_from_russian_windows_are_understood() {
    // "лист" in code page 866, without the UTF-8 flag: the writer only makes ASCII or UTF-8, so the bytes are patched.
    let mut file = zip(&[("abcd.png", b"x")]);
    let raw = [0xab, 0xa8, 0xe1, 0xe2];
    let places: Vec<usize> = file.windows(4).enumerate().filter(|(_, w)| w == b"abcd").map(|(i, _)| i).collect();
    for at in places {
        file[at..at + 4].copy_from_slice(&raw);
    }
    assert_eq!(unpack(&file, &Limits::default()).unwrap()[0].name, "лист.png");
}

#[test]
fn archives_in_archives_are_refused_and_the_rest_goes_through() {
    let inner = zip(&[("x.png", b"data")]);
    let members = unpack(&zip(&[("in.zip", &inner), ("ok.png", b"fine")]), &Limits::default()).unwrap();
    assert_eq!(members[0].bytes, Err(SourceError::NestedArchive));
    assert_eq!(members[1].bytes.as_deref(), Ok(b"fine".as_slice()));
}

#[test]
fn a_bomb_is_stopped_by_its_ratio_and_by_the_total() {
    let zeros = vec![0u8; 4 << 20];
    let bomb = zip(&[("zeros.tif", &zeros), ("ok.png", b"fine")]);
    let by_ratio = Limits { ratio_matters_from: 1 << 20, ..Limits::default() };
    let members = unpack(&bomb, &by_ratio).unwrap();
    assert!(matches!(members[0].bytes, Err(SourceError::RatioTooHigh { .. })), "{:?}", members[0].bytes);
    assert!(members[1].bytes.is_ok());

    let by_total = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(unpack(&bomb, &by_total), Err(SourceError::UnpacksTooBig { limit: 1 << 20 }));

    let by_count = Limits { max_archive_members: 1, ..Limits::default() };
    assert_eq!(unpack(&bomb, &by_count), Err(SourceError::TooManyMembers { members: 2, limit: 1 }));

    let by_size = Limits { max_file_bytes: 10, ..Limits::default() };
    assert!(matches!(unpack(&bomb, &by_size), Err(SourceError::FileTooBig { .. })));
}

#[test]
fn half_an_archive_is_an_error() {
    let file = zip(&[("a.png", &[7; 5000]), ("b.png", &[8; 5000])]);
    assert!(unpack(&file[..file.len() / 2], &Limits::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is changed in a file, the answer is a page or an error, and never more pixels than allowed.
    #[test]
    fn changed_bytes_never_bring_the_reader_down(which in 0usize..4, edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let gray = chessboard(48, 40);
        let mut file = match which {
            0 => png(&gray),
            1 => jpeg(&gray),
            2 => tiff(&[TiffPage::new(48, 40, 1, 4, 0, vec![super::draw::group4(&gray)])], true),
            _ => pdf(1, 100, 100),
        };
        for (at, byte) in edits {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
        let _ = page_count(&file, &limits);
        if let Ok(page) = decode(&file, 0, &limits) {
            prop_assert!(u64::from(page.gray.width()) * u64::from(page.gray.height()) <= limits.max_pixels);
        }
    }
}
