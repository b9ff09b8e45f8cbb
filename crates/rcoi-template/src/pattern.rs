//! Patterns of cell values: a small regular language, matched in polynomial time.

/// A parsed pattern of a whole value.
///
/// Literal characters; `\d` = a digit; `[А-Я0-9]` = one of a set, `[^…]` = none of a set; `.` = any character;
/// `(…)` groups, `|` separates alternatives; `?`, `*`, `+`, `{m}`, `{m,n}` repeat the item before them;
/// `\` before a character takes it literally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    root: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Any,
    Set { ranges: Vec<(char, char)>, inverted: bool },
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat { node: Box<Node>, least: usize, most: usize },
}

/// Why a pattern is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {at} of the pattern: {expected}")]
pub struct PatternError {
    /// 1-based.
    pub at: usize,
    pub expected: String,
}

/// No value is longer than a row of cells; larger counts are mistakes.
const MOST_REPEATS: usize = 100;

impl Pattern {
    /// Parses `text`; an empty text accepts the empty value only.
    ///
    /// # Errors
    /// Names the character at fault and what was expected there.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0 };
        let root = parser.either()?;
        if parser.at < parser.chars.len() {
            return Err(parser.wrong("`)` closes no group"));
        }
        Ok(Self { root })
    }

    /// True when the whole of `value` fits.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        let chars: Vec<char> = value.chars().collect();
        let mut start = vec![false; chars.len() + 1];
        start[0] = true;
        run(&self.root, &chars, &start)[chars.len()]
    }
}

/// Ends that `node` can reach from any of the starts `from` (both are sets of positions).
fn run(node: &Node, chars: &[char], from: &[bool]) -> Vec<bool> {
    let none = || vec![false; from.len()];
    match node {
        Node::Any | Node::Set { .. } => {
            let mut ends = none();
            for (i, &c) in chars.iter().enumerate() {
                ends[i + 1] = from[i] && fits(node, c);
            }
            ends
        }
        Node::Sequence(items) => items.iter().fold(from.to_vec(), |at, item| run(item, chars, &at)),
        Node::Either(items) => items.iter().fold(none(), |sum, item| merge(sum, &run(item, chars, from))),
        Node::Repeat { node, least, most } => {
            let mut at = from.to_vec();
            let mut ends = if *least == 0 { at.clone() } else { none() };
            for turn in 1..=*most {
                at = run(node, chars, &at);
                if !at.contains(&true) {
                    break;
                }
                if turn >= *least {
                    ends = merge(ends, &at);
                }
            }
            ends
        }
    }
}

fn merge(mut sum: Vec<bool>, other: &[bool]) -> Vec<bool> {
    sum.iter_mut().zip(other).for_each(|(a, b)| *a |= b);
    sum
}

fn fits(node: &Node, c: char) -> bool {
    match node {
        Node::Any => true,
        Node::Set { ranges, inverted } => ranges.iter().any(|&(a, b)| (a..=b).contains(&c)) != *inverted,
        _ => false,
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn wrong(&self, expected: &str) -> PatternError {
        PatternError { at: self.at + 1, expected: expected.to_owned() }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    fn either(&mut self) -> Result<Node, PatternError> {
        let mut items = vec![self.sequence()?];
        while self.peek() == Some('|') {
            self.at += 1;
            items.push(self.sequence()?);
        }
        Ok(Node::Either(items))
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut items = Vec::new();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let item = self.item()?;
            items.push(self.repeated(item)?);
        }
        Ok(Node::Sequence(items))
    }

    fn item(&mut self) -> Result<Node, PatternError> {
        let one = |c: char| Node::Set { ranges: vec![(c, c)], inverted: false };
        match self.next() {
            Some('.') => Ok(Node::Any),
            Some('(') => {
                self.depth += 1;
                if self.depth > 20 {
                    return Err(self.wrong("groups are nested deeper than 20"));
                }
                let inner = self.either()?;
                if self.next() != Some(')') {
                    return Err(self.wrong("`)` was expected"));
                }
                self.depth -= 1;
                Ok(inner)
            }
            Some('[') => self.set(),
            Some('\\') => match self.next() {
                Some('d') => Ok(Node::Set { ranges: vec![('0', '9')], inverted: false }),
                Some(c) if !c.is_alphanumeric() => Ok(one(c)),
                _ => Err(self.wrong("`\\` wants `d` or a sign after it")),
            },
            Some(c @ ('?' | '*' | '+' | '{' | '}' | ']')) => {
                self.at -= 1;
                Err(self.wrong(&format!("`{c}` follows nothing that it could repeat; write `\\{c}` for the sign itself")))
            }
            Some(c) => Ok(one(c)),
            None => Err(self.wrong("an item was expected")),
        }
    }

    fn set(&mut self) -> Result<Node, PatternError> {
        let inverted = self.peek() == Some('^');
        self.at += usize::from(inverted);
        let mut ranges = Vec::new();
        loop {
            let from = match self.next() {
                Some(']') if !ranges.is_empty() => return Ok(Node::Set { ranges, inverted }),
                Some(']') => return Err(self.wrong("a set `[…]` names at least one character")),
                Some('\\') => self.next(),
                other => other,
            };
            let Some(from) = from else { return Err(self.wrong("`]` was expected")) };
            let dash = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|&c| c != ']');
            let to = if dash {
                self.at += 1;
                self.next().unwrap_or(from)
            } else {
                from
            };
            if to < from {
                return Err(self.wrong(&format!("range `{from}-{to}` runs backwards")));
            }
            ranges.push((from, to));
        }
    }

    fn repeated(&mut self, node: Node) -> Result<Node, PatternError> {
        let (least, most) = match self.peek() {
            Some('?') => (0, 1),
            Some('*') => (0, MOST_REPEATS),
            Some('+') => (1, MOST_REPEATS),
            Some('{') => {
                self.at += 1;
                return self.counted(node);
            }
            _ => return Ok(node),
        };
        self.at += 1;
        Ok(Node::Repeat { node: Box::new(node), least, most })
    }

    fn counted(&mut self, node: Node) -> Result<Node, PatternError> {
        let least = self.number()?;
        let most = if self.peek() == Some(',') {
            self.at += 1;
            if self.peek() == Some('}') { MOST_REPEATS } else { self.number()? }
        } else {
            least
        };
        if self.next() != Some('}') {
            return Err(self.wrong("`}` was expected"));
        }
        if most < least || most > MOST_REPEATS {
            return Err(self.wrong(&format!("repeat counts must rise and stay within {MOST_REPEATS}")));
        }
        Ok(Node::Repeat { node: Box::new(node), least, most })
    }

    fn number(&mut self) -> Result<usize, PatternError> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        digits.parse().map_err(|_| self.wrong("a count was expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn accepts(pattern: &str, value: &str) -> bool {
        Pattern::parse(pattern).is_ok_and(|p| p.accepts(value))
    }

    #[test]
    fn a_pattern_speaks_about_the_whole_value() {
        assert!(accepts("[1-9]|[1-3][0-9]|40", "40"));
        assert!(accepts("[1-9]|[1-3][0-9]|40", "7"));
        assert!(!accepts("[1-9]|[1-3][0-9]|40", "41"));
        assert!(!accepts("\\d{2}", "123"));
    }

    #[test]
    fn repeats_groups_and_sets_combine() {
        let number = "-?\\d+(,\\d+)?";
        assert!(accepts(number, "-0,96"));
        assert!(!accepts(number, "0,"));
        assert!(accepts("[А-ЯЁ]+", "ЁЖ"));
        assert!(!accepts("[^0-9]", "5"));
        assert!(accepts("a{2,3}", "aaa") && !accepts("a{2,3}", "a"));
    }

    #[test]
    fn a_pattern_that_would_explode_elsewhere_is_quick() {
        assert!(!accepts("((a*)*)*b", &"a".repeat(40)));
    }

    #[test]
    fn faults_name_their_place() {
        for (pattern, at, word) in
            [("(a", 3, "`)`"), ("*a", 1, "repeat"), ("a{3,1}", 7, "counts"), ("[z-a]", 5, "backwards"), ("a)", 2, "group")]
        {
            let error = Pattern::parse(pattern).err();
            assert!(error.as_ref().is_some_and(|e| e.at == at && e.expected.contains(word)), "{pattern}: {error:?}");
        }
    }
}
