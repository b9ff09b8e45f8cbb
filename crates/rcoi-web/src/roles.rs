//! Who may do what: the one table of posts and actions. Everything the web offers asks here.

use rcoi_model::Role;

/// What a person is to the stations: a working role, or an auditor who looks and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Post {
    Works(Role),
    Auditor,
}

impl Post {
    /// The role of a person who works; an auditor has none.
    #[must_use]
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Works(role) => Some(role),
            Self::Auditor => None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works(role) => role.as_str(),
            Self::Auditor => "auditor",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        POSTS.into_iter().find(|post| post.as_str() == text)
    }
}

impl From<Role> for Post {
    fn from(role: Role) -> Self {
        Self::Works(role)
    }
}

/// Something a person may do through the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Claim doubtful fields, answer them, take the last answer back.
    VerifyFields,
    /// Hold registration forms against the register: accept the form, keep the register, ask the senior.
    SettlePersons,
    /// Settle sheets and rooms: type a code, exclude, bind, explain.
    SettleTroubles,
    /// See the picture of any open task of the centre, not only of those held.
    SeeAnyPicture,
    /// Packets with their counts, the pages set aside, the requests for a rescan.
    SeePackets,
    /// Bring files of scans into packets.
    Ingest,
    /// Small pictures of pages: how a sheet lies, what is wrong with it; too small to read.
    SeeThumbnails,
    /// Exams, the clock, the list that blocks closing.
    SeeExams,
    /// Run the reconciliation again.
    Reconcile,
    /// Have a packet read before all others.
    RaisePacket,
    /// Say which readings of an exam people must see.
    SetPolicy,
    /// Close an exam.
    CloseExam,
    /// Build the package of a closed exam.
    BuildPackage,
    /// Take the package file away.
    DownloadPackage,
    /// Create and disable users.
    ManageUsers,
}

impl Action {
    pub const ALL: [Self; 15] = [
        Self::VerifyFields,
        Self::SettlePersons,
        Self::SettleTroubles,
        Self::SeeAnyPicture,
        Self::SeePackets,
        Self::Ingest,
        Self::SeeThumbnails,
        Self::SeeExams,
        Self::Reconcile,
        Self::RaisePacket,
        Self::SetPolicy,
        Self::CloseExam,
        Self::BuildPackage,
        Self::DownloadPackage,
        Self::ManageUsers,
    ];
}

/// Every post.
pub const POSTS: [Post; 6] = [
    Post::Works(Role::Operator),
    Post::Works(Role::Verifier),
    Post::Works(Role::Senior),
    Post::Works(Role::Head),
    Post::Works(Role::Admin),
    Post::Auditor,
];

/// The matrix. An administrator manages users and sees no exam work; the head sees and closes, but does not
/// answer tasks or bring sheets in, so nobody settles what he himself then declares settled; an auditor sees figures, no pictures.
#[must_use]
pub fn may(post: Post, action: Action) -> bool {
    use Action as A;
    match post {
        Post::Works(Role::Operator) => matches!(action, A::SeePackets | A::Ingest | A::SeeThumbnails),
        Post::Works(Role::Verifier) => matches!(action, A::VerifyFields | A::SettlePersons),
        Post::Works(Role::Senior) => {
            matches!(
                action,
                A::VerifyFields
                    | A::SettlePersons
                    | A::SettleTroubles
                    | A::SeeAnyPicture
                    | A::SeePackets
                    | A::Ingest
                    | A::SeeThumbnails
                    | A::SeeExams
                    | A::Reconcile
            )
        }
        Post::Works(Role::Head) => matches!(
            action,
            A::SeeAnyPicture
                | A::SeePackets
                | A::SeeThumbnails
                | A::SeeExams
                | A::Reconcile
                | A::RaisePacket
                | A::SetPolicy
                | A::CloseExam
                | A::BuildPackage
                | A::DownloadPackage
        ),
        Post::Works(Role::Admin) => matches!(action, A::ManageUsers),
        Post::Auditor => matches!(action, A::SeePackets | A::SeeExams),
    }
}

/// The page a post starts on.
#[must_use]
pub fn home(post: Post) -> &'static str {
    match post {
        Post::Works(Role::Operator) => "/operator",
        Post::Works(Role::Verifier) => "/verify",
        Post::Works(Role::Senior) => "/senior",
        Post::Works(Role::Head) | Post::Auditor => "/exams",
        Post::Works(Role::Admin) => "/admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_matrix_is_as_written_here() {
        // Columns: operator verifier senior head admin auditor.
        let table = [
            (Action::VerifyFields, [0, 1, 1, 0, 0, 0]),
            (Action::SettlePersons, [0, 1, 1, 0, 0, 0]),
            (Action::SettleTroubles, [0, 0, 1, 0, 0, 0]),
            (Action::SeeAnyPicture, [0, 0, 1, 1, 0, 0]),
            (Action::SeePackets, [1, 0, 1, 1, 0, 1]),
            (Action::Ingest, [1, 0, 1, 0, 0, 0]),
            (Action::SeeThumbnails, [1, 0, 1, 1, 0, 0]),
            (Action::SeeExams, [0, 0, 1, 1, 0, 1]),
            (Action::Reconcile, [0, 0, 1, 1, 0, 0]),
            (Action::RaisePacket, [0, 0, 0, 1, 0, 0]),
            (Action::SetPolicy, [0, 0, 0, 1, 0, 0]),
            (Action::CloseExam, [0, 0, 0, 1, 0, 0]),
            (Action::BuildPackage, [0, 0, 0, 1, 0, 0]),
            (Action::DownloadPackage, [0, 0, 0, 1, 0, 0]),
            (Action::ManageUsers, [0, 0, 0, 0, 1, 0]),
        ];
        assert_eq!(table.map(|row| row.0), Action::ALL);
        for (action, cells) in table {
            for (post, cell) in POSTS.into_iter().zip(cells) {
                assert_eq!(may(post, action), cell == 1, "{post:?} {action:?}");
            }
        }
    }

    #[test]
    fn every_post_is_found_by_its_name() {
        for post in POSTS {
            assert_eq!(Post::parse(post.as_str()), Some(post));
        }
        assert_eq!(Post::parse("owner"), None);
    }
}
