//! Archives as they come from strangers: never more bytes than allowed, never a name that leads out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rcoi_fuzz::{foreign_panics_are_errors, limits};
use rcoi_recognize::source::{Kind, kind, unpack_each};

fuzz_target!(|bytes: &[u8]| {
    if kind(bytes) != Some(Kind::Zip) {
        return;
    }
    foreign_panics_are_errors();
    let limits = limits();
    let (mut members, mut unpacked) = (0, 0);
    let _ = unpack_each(bytes, &limits, |member| {
        members += 1;
        if let Ok(bytes) = &member.bytes {
            unpacked += bytes.len() as u64;
            assert_ne!(kind(bytes), Some(Kind::Zip), "an archive came through");
            assert!(!member.name.starts_with('/') && !member.name.contains('\\'), "{:?}", member.name);
            assert!(member.name.split('/').all(|part| !part.is_empty() && part != ".." && part != "."), "{:?}", member.name);
        }
        assert!(!member.name.chars().any(char::is_control), "{:?}", member.name);
    });
    assert!(members <= limits.max_archive_members && unpacked <= limits.max_unpacked_bytes, "{members} members, {unpacked} bytes");
});
