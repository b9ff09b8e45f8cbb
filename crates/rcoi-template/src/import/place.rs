//! Finds the line of a place such as `pages[0].boxes[3].box` in a JSON text, for messages.

/// The line, counted from 1, of the value at `place`; of the innermost value above it that is there, when it is missing.
/// `None` when not even the first step is there. `text` must be valid JSON.
pub(super) fn line(text: &str, place: &str) -> Option<usize> {
    offset(text, place).map(|at| text.bytes().take(at).filter(|b| *b == b'\n').count() + 1)
}

/// Where that value begins, in bytes.
pub(super) fn offset(text: &str, place: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = skip_blanks(bytes, 0);
    let mut rest = place;
    let mut found = None;
    while !rest.is_empty() {
        let step = match bytes.get(at) {
            Some(b'{') => member(text, at, rest),
            Some(b'[') => element(bytes, at, rest),
            _ => None,
        };
        let Some((value, left)) = step else { break };
        at = value;
        rest = left.strip_prefix('.').unwrap_or(left);
        found = Some(at);
    }
    found
}

/// The member of the object at `at` whose key begins `place`: where its value stands and what is left of the place.
/// Keys may hold full stops, so the longest that fits is meant; of equal ones the last, as the parser takes it.
fn member<'p>(text: &str, at: usize, place: &'p str) -> Option<(usize, &'p str)> {
    let bytes = text.as_bytes();
    let mut best: Option<(usize, usize)> = None;
    let mut here = skip_blanks(bytes, at + 1);
    while bytes.get(here) == Some(&b'"') {
        let end = skip_value(bytes, here);
        let key: String = serde_json::from_str(text.get(here..end)?).ok()?;
        let value = skip_blanks(bytes, skip_blanks(bytes, end) + 1);
        let fits = place.strip_prefix(key.as_str()).is_some_and(|left| left.is_empty() || left.starts_with(['.', '[']));
        if fits && best.is_none_or(|(_, len)| key.len() >= len) {
            best = Some((value, key.len()));
        }
        let Some(next) = behind_comma(bytes, skip_value(bytes, value)) else { break };
        here = next;
    }
    best.map(|(value, len)| (value, &place[len..]))
}

/// The element of the list at `at` that `place` names first, `[3]…`.
fn element<'p>(bytes: &[u8], at: usize, place: &'p str) -> Option<(usize, &'p str)> {
    let (index, left) = place.strip_prefix('[')?.split_once(']')?;
    let mut here = skip_blanks(bytes, at + 1);
    for _ in 0..index.parse::<usize>().ok()? {
        here = behind_comma(bytes, skip_value(bytes, here))?;
    }
    (bytes.get(here) != Some(&b']')).then_some((here, left))
}

/// Where the next value or key begins; `None` when the list or object ends.
fn behind_comma(bytes: &[u8], at: usize) -> Option<usize> {
    let at = skip_blanks(bytes, at);
    (bytes.get(at) == Some(&b',')).then(|| skip_blanks(bytes, at + 1))
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    bytes.iter().skip(at).position(|b| !b.is_ascii_whitespace()).map_or(bytes.len(), |n| at + n)
}

/// Where the value at `at` ends.
fn skip_value(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (i, byte) in bytes.iter().enumerate().skip(at) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return i + 1;
                }
            }
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            // The end of what holds a bare number or word.
            b'}' | b']' | b',' if depth == 0 => return i,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::line;

    const TEXT: &str = r#"{
 "a": {"x": 1, "b.c": [
   [1, "}],"],
   {"d\"": true,
    "e": -2.5}
 ]},
 "z": null, "a.n": [],
 "z": 3
}"#;

    #[test]
    fn a_place_has_its_line_and_a_missing_one_that_of_what_holds_it() {
        for (place, expected) in [
            ("a.x", Some(2)),
            ("a.b.c[0]", Some(3)),
            ("a.b.c[1].e", Some(5)),
            ("a.b.c[1].d\"", Some(4)),
            ("a.b.c[1].missing", Some(4)),
            ("a.b.c[7]", Some(2)),
            ("a.n", Some(7)),
            ("z", Some(8)),
            ("nowhere.at.all", None),
            ("", None),
        ] {
            assert_eq!(line(TEXT, place), expected, "{place}");
        }
    }
}
