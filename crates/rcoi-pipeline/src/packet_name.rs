//! Names of packet folders: `PPPP-RRRR`, the code of the point and of the room.

use std::fmt;

/// Point and room of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketName {
    /// ППЭ code, four digits.
    pub ppe: String,
    /// Room, one to four letters or digits; leading zeros count.
    pub room: String,
}

impl PacketName {
    /// `None` when the text is not a packet name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ppe, room) = text.split_once('-')?;
        let ppe_fits = ppe.len() == 4 && ppe.bytes().all(|b| b.is_ascii_digit());
        let room_fits = (1..=4).contains(&room.chars().count()) && room.chars().all(char::is_alphanumeric);
        (ppe_fits && room_fits).then(|| Self { ppe: ppe.to_owned(), room: room.to_owned() })
    }

    /// The packet of a path with `/`: its first folder (or archive without its ending) that is a packet name.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let stem = |part: &str| part.rsplit_once('.').map_or(part.to_owned(), |(stem, _)| stem.to_owned());
        path.split('/').find_map(|part| Self::parse(part).or_else(|| Self::parse(&stem(part))))
    }
}

impl fmt::Display for PacketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ppe, self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_is_the_first_part_of_the_path_that_names_one() {
        let name = |path| PacketName::of_path(path).map(|p| p.to_string());
        assert_eq!(name("0001-0101/a.png").as_deref(), Some("0001-0101"));
        assert_eq!(name("scans/0001-12А/a.png").as_deref(), Some("0001-12А"));
        assert_eq!(name("0001-0101.zip/a.png").as_deref(), Some("0001-0101"));
        assert_eq!(name("all.zip/0002-0101/a.png").as_deref(), Some("0002-0101"));
        assert_eq!(name("misc/a.png"), None);
        assert_eq!(name("1-0101/a.png"), None);
    }
}
