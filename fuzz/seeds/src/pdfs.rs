//! PDF files that use what scanners, printers and enemies use: pictures, forms in forms, packed objects, text.

use crate::draw::{chessboard, group4, jpeg, pdf, pdf_page, pdf_part};
use crate::{Seed, seed};

pub(crate) fn all() -> Vec<Seed> {
    let gray = chessboard(48, 32);
    let picture = |filter: &str, bits: u32, data: &[u8], more: &str| {
        let dict =
            format!("/Type /XObject /Subtype /Image /Width 48 /Height 32 /BitsPerComponent {bits} /ColorSpace /DeviceGray {filter} {more}");
        page("q 60 0 0 40 10 10 cm /X Do Q", "/XObject << /X 5 0 R >>", &[pdf_part(&dict, data)])
    };
    let parms = "/DecodeParms << /K -1 /Columns 48 /Rows 32 >>";
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 90 90] /Resources << /XObject << /X 6 0 R >> >>";
    let inner = "/Type /XObject /Subtype /Form /BBox [0 0 90 90] /Resources << >>";
    let drawing = "q 1 0 0 1 5 5 cm 0.5 g 10 10 m 60 10 60 60 10 60 c h f* 2 w [3 1] 0 d 5 5 m 80 80 l S W n Q";
    vec![
        seed("two-pages", pdf(2, 60, 90)),
        seed("jpeg", picture("/Filter /DCTDecode", 8, &jpeg(&gray), "")),
        seed("fax", picture("/Filter /CCITTFaxDecode", 1, &group4(&gray), parms)),
        seed("raw", picture("", 8, gray.as_raw(), "")),
        seed(
            "hex",
            picture("/Filter /ASCIIHexDecode", 8, gray.as_raw().iter().map(|b| format!("{b:02x}")).collect::<String>().as_bytes(), ""),
        ),
        seed("run-length", picture("/Filter /RunLengthDecode", 8, &[&[129u8, 255].repeat(12)[..], &[128]].concat(), "/Interpolate true")),
        seed(
            "forms",
            page("/X Do /X Do", "/XObject << /X 5 0 R >>", &[pdf_part(form, b"/X Do /X Do"), pdf_part(inner, drawing.as_bytes())]),
        ),
        seed(
            "text",
            page(
                "BT /F 12 Tf 5 20 Td (Text 12) Tj 0 -14 TD [(a) 20 (b)] TJ ET",
                "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>",
                &[],
            ),
        ),
        seed("paths", page(drawing, "/ExtGState << /G << /ca 0.5 /BM /Multiply >> >>", &[])),
        seed("inline", page("q 40 0 0 40 5 5 cm BI /W 4 /H 4 /BPC 8 /CS /G ID 0123456789abcdef EI Q", "", &[])),
        seed(
            "shading",
            page(
                "/S sh",
                "/Shading << /S << /ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 90 90] /Function << /FunctionType 2 /Domain [0 1] /C0 [0] /C1 [1] /N 1 >> >> >>",
                &[],
            ),
        ),
    ]
}

/// One page with this description; `parts` get the numbers from 5 on.
fn page(content: &str, resources: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.push(pdf_part("", content.as_bytes()));
    pdf_page(&format!("/Contents {} 0 R", 4 + parts.len()), resources, &parts)
}
